// Shape of the tumour, from runs of its voxels along x: a tumour of millions of voxels has few of
// them, so little comes to the host.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/executor.hpp"
#include "voxel/kind.hpp"

namespace metavox {

// Tumour voxels of one line, living cells and dead bodies, x in [begin, end).
struct TumourRun {
  std::int32_t begin, end;
  std::int32_t first, last; // x of the living ones; first > last: none
  std::int64_t living;
  std::int64_t sum, sum2; // of x and x^2 over the living ones
};

struct TumourRuns {
  std::vector<std::int64_t> line_begin; // first run of line y + ny z; one entry more than lines
  std::vector<TumourRun> runs;
};

// `kind`: codes on the executor's back end, padded as the lattice has it.
TumourRuns read_tumour_runs(const Executor& executor, const Lattice& lattice,
                            const std::uint8_t* kind);

struct TumourShape {
  std::int64_t living = 0, dead = 0;
  std::array<double, 3> centre{};     // um
  std::array<double, 3> extent{};     // um, bounding box of living tumour cells
  double farthest = 0;                // um, from the centre to the farthest living tumour cell
  double gyration = 0;                // um, radius of gyration
  std::int64_t components = 0;        // face-connected groups of living cells and dead bodies
  std::int64_t largest = 0;           // voxels of the largest
  std::int64_t detached_clusters = 0; // groups other than the largest
  std::int64_t detached_cells = 0;    // living cells in them
  bool touches_face = false;
};
TumourShape measure_shape(const TumourRuns& runs, const Lattice& lattice);

// An even sample of the voxels whose kind is in `mask` (bit = code): every n-th of them, so that
// there are `most` or a few more. Numbers without ghosts, ascending.
std::vector<std::int64_t> sample_voxels(const Executor& executor, const Lattice& lattice,
                                        const std::uint8_t* kind, KindMask mask, std::int64_t most);

} // namespace metavox
