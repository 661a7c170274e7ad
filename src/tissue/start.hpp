// The state at time zero: matrix, vessels, normal tissue, tumour seeds, membranes. Built on the
// host.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/lattice.hpp"
#include "tissue/matrix_settings.hpp"
#include "tissue/tissue_settings.hpp"
#include "voxel/external.hpp"

namespace metavox {

// Host arrays with the same padding as the device's.
struct InitialTissue {
  static constexpr std::size_t bytes_per_voxel = 2 * 1 + 4 * 2 + 4;
  std::vector<std::uint8_t> kind, capacity;
  std::vector<std::uint16_t> flags, clock, clone, membrane;
  std::vector<float> matrix;
  // Tumour cells whose clone no table named, and how many of them, one after the other as they are
  // laid, share a number: there are 65,535.
  std::int64_t founders = 0, founders_per_clone = 1;
};

// Clock of a cell in a population that grows exponentially, by a random word: young cells are twice
// as common as old ones, density 2 ln2 2^-phi. A uniform start would make the count rise in steps.
std::uint16_t stable_age(std::uint32_t word);

// Stem cells among the tumour cells of the start.
struct StemStart {
  double fraction; // of the cells
  int capacity;    // divisions left to each tumour cell
};

// Arrays on the host, padded. `vessels`: the voxels that they take, x fastest without ghosts.
// `serosal`: faces of the box with a membrane, -x ... +z.
// Throws std::invalid_argument for a kind of cell that does not exist.
InitialTissue build_tissue(const TissueParameters& settings, const MatrixParameters& matrix,
                           const StemStart& stem, const Lattice& lattice,
                           const ExternalArrays& external, const std::vector<std::int64_t>& vessels,
                           const std::array<bool, 6>& serosal, std::uint64_t seed, int threads);

// Values of a prescribed field at the centres of a lattice's voxels, padded, on the host; ghosts
// are 0. A field of a file is on `tissue` and is averaged over the coarsen^3 voxels of each of
// `lattice`'s. Throws std::invalid_argument where a formula gives less than 0 or no number, or
// where the file's array was not read; where `external` is absent the field is 0.
std::vector<float> prescribed_field(const Frozen& frozen, const std::string& name,
                                    const Lattice& lattice, const Lattice& tissue, int coarsen,
                                    const ExternalArrays& external);

} // namespace metavox
