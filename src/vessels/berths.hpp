// Where vessels meet tissue: segments and voxels beside them, as the vessels change.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vessels/graph.hpp"

namespace metavox {

// Whether the segment is alive and its centreline passes the voxel; or ends on its face at least.
bool runs_through(const VesselGraph& graph, std::int32_t segment, std::int64_t voxel);
bool ends_at(const VesselGraph& graph, std::int32_t segment, std::int64_t voxel);
// The first living segment whose centreline passes the voxel; -1: none does.
std::int32_t segment_through(VesselGraph& graph, std::int64_t voxel);

// The voxels that no lumen fills and that are nearest to those given, through filled ones,
// ascending.
std::vector<std::int64_t> nearest_open(const VesselGraph& graph, std::vector<std::int64_t> front);

// Voxels of tissue at a vessel that passes `voxel`: it and the six beside it, less what lumens
// fill; where a lumen fills it, the nearest around, ascending.
std::vector<std::int64_t> tissue_at(const VesselGraph& graph, std::int64_t voxel);

// Nodes of the laid graph where blood may enter that a word means: a face ("-x") or the name of a
// node of the parents, given by the node's number there. Throws std::invalid_argument where there
// is none.
std::vector<std::int32_t> inlets_called(const std::string& word, const VesselGraph& graph,
                                        const VesselNetwork& parents,
                                        const std::vector<std::string>& names);

} // namespace metavox
