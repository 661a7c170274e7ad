// Parent vessels: where they run, which voxels they fill, and how much oxygen their walls let through.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "metavox/core/lattice.hpp"
#include "metavox/parameters.hpp"
#include "metavox/vessel_network.hpp"

namespace metavox {

// The vessels of the start, at their true places; segments may be long. Inlets and outlets are those of the pattern
// and of vessels.ends, with their pressures. `file` and the names of its nodes ("": none) belong to pattern file.
// Throws std::invalid_argument where an entry of vessels.ends meets nothing, or blood could not enter or leave.
VesselNetwork build_parent_vessels(const Parameters& parameters, const Lattice& lattice,
                                   const VesselNetwork& file = {},
                                   const std::vector<std::string>& names = {});

struct VesselVoxels {
  std::vector<std::int64_t> lumen;                          // padded indices, ascending
  std::vector<std::pair<std::int64_t, float>> supply;       // 1/min at a voxel, ascending and unique
};

// A line of voxels exchanges like a cylinder of radius 0.2 h (D. Peaceman 1978). With `well_index` the conductance
// between a vessel's blood and the tissue a voxel away is made that of its true radius: walls in series with the
// logarithmic profile around a cylinder. `field_spacing` is the edge of the voxels that oxygen is solved on, um;
// diffusivity in um^2/min, wall permeability in um/min.
VesselVoxels voxelise_vessels(const VesselNetwork& network, const Lattice& lattice, double diffusivity,
                              double wall_permeability, bool well_index, int coarsen);

} // namespace metavox
