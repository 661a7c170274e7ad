// The state at time zero: matrix, vessels, normal tissue, tumour seeds, membranes. Built on the
// host.
#pragma once

#include <cstdint>
#include <vector>

#include "metavox/core/lattice.hpp"
#include "metavox/parameters.hpp"
#include "metavox/vessel.hpp"

namespace metavox {

struct ExternalArrays;

// Host arrays with the same padding as the device's.
struct InitialTissue {
  std::vector<std::uint8_t> kind, flags, capacity;
  std::vector<std::uint16_t> clock, clone, membrane;
  std::vector<float> matrix;
  VesselNetwork vessels;
};

InitialTissue build_tissue(const Parameters& parameters, const Lattice& lattice,
                           const ExternalArrays& external);

// Values of a prescribed field at the centres of a lattice's voxels, padded; ghosts are left at
// `ghost`.
std::vector<float> prescribed_field(const Frozen& frozen, const std::string& name,
                                    const Lattice& lattice, const Lattice& tissue, int coarsen,
                                    const ExternalArrays& external);

} // namespace metavox
