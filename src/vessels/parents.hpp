// Parent vessels: where they run before the first sprout.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/lattice.hpp"
#include "vessels/flow_settings.hpp"
#include "vessels/vessel_settings.hpp"
#include "voxel/vessel_network.hpp"

namespace metavox {

// The vessels of the start, at their true places; segments may be long. Inlets and outlets are
// those of the pattern and of vessels.ends, with their pressures or flows. `file` and the names of
// its nodes ("": none) belong to pattern file. Throws std::invalid_argument where an entry of
// vessels.ends meets nothing, blood could not enter or leave, or flows are given to all ends of
// some vessels.
VesselNetwork build_parent_vessels(const VesselParameters& settings, const FlowParameters& flow,
                                   const Lattice& lattice, std::uint64_t seed,
                                   const VesselNetwork& file = {},
                                   const std::vector<std::string>& names = {});

// What vessels.exclusion leaves of a grid of capillaries.
struct GridCount {
  std::int64_t all = 0, left_out = 0;
  double farthest = 0; // um, of a capillary from the middle of the box
};
GridCount count_grid(const VesselParameters& settings, const Lattice& lattice, std::uint64_t seed);

} // namespace metavox
