// Where vessels are, and how much of them: their endothelium binds what it meets, with blood inside
// or without.
#pragma once

#include <vector>

#include "vessels/graph.hpp"
#include "voxel/views.hpp"

namespace metavox {

// The length of vessel in every voxel of `lattice` that a centreline passes; ascending by voxel.
std::vector<VesselLength> vessel_lengths(const VesselGraph& graph, const Lattice& lattice);

} // namespace metavox
