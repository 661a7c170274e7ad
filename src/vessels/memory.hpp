// How large vessels may become, estimated before a run.
#pragma once

#include <cstddef>

#include "core/lattice.hpp"
#include "settings/parameters.hpp"

namespace metavox {

// Bytes of their lists on the device: walls, and readings on their way to the host.
std::size_t estimate_vessel_bytes(const Parameters& parameters, const Lattice& tissue,
                                  const Lattice& fields);
// Nodes the vessel graph will have at most.
double estimate_vessel_nodes(const Parameters& parameters, const Lattice& tissue,
                             const Lattice& fields);

} // namespace metavox
