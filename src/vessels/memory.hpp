// How large vessels may become, estimated before a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "core/lattice.hpp"
#include "vessels/vasculature_settings.hpp"
#include "voxel/vessel_network.hpp"

namespace metavox {

// What of the lattices matters to the memory of vessels.
struct BloodExtent {
  double field_spacing; // um
  double spacing;       // um, of the tissue
  // Bytes for what blood carries, by pieces of vessel and field voxels that they reach.
  std::function<double(double, double)> carried;
};

// Bytes of their lists on the device.
std::size_t estimate_vessel_bytes(const VasculatureSettings& settings, const Lattice& tissue,
                                  std::uint64_t seed, const BloodExtent& extent);
// Nodes the vessel graph will have at most.
double estimate_vessel_nodes(const VasculatureSettings& settings, const Lattice& tissue,
                             std::uint64_t seed);

// Both for vessels of a file, which the settings do not tell.
struct NetworkNeeds {
  double device = 0; // bytes
  double nodes = 0;
};
// `settled`: nodes that are counted already.
NetworkNeeds needs_of_network(const VesselNetwork& network, double settled,
                              const VasculatureSettings& settings, const BloodExtent& extent);
NetworkNeeds needs_of_nodes(double nodes, double settled, const VasculatureSettings& settings,
                            const BloodExtent& extent);

} // namespace metavox
