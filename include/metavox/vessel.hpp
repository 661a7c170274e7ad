// Parent vessels: where they run before the first sprout.
#pragma once

#include <vector>

#include "metavox/core/lattice.hpp"
#include "metavox/parameters.hpp"
#include "metavox/vessel_network.hpp"

namespace metavox {

// Lines as written in the config, or a jittered grid of parallel capillaries.
VesselNetwork build_parent_vessels(const VesselParameters& parameters, const Lattice& lattice,
                                   std::uint64_t seed);

} // namespace metavox
