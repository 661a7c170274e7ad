// Where medium around the tissue reaches: free voxels joined to a face of the box through others.
#pragma once

#include <cstdint>

#include "core/lattice.hpp"
#include "voxel/kind.hpp"

namespace metavox {

// Marks spread along the lines of one axis, both ways; `grown` becomes above 0 where any did.
// Repeated along all axes until none does.
struct ReachMedium {
  static constexpr const char* name = "cell.reach_medium";
  static constexpr double bytes = 1;
  const std::uint8_t* kind;
  std::uint8_t* reached; // padded, 0 at the start
  std::int64_t* grown;
  Lattice lattice;
  int axis;

  MV_HD bool spread(std::int64_t i, bool wet, std::int64_t& marks) const {
    if (static_cast<Kind>(kind[i]) != Kind::none) return false;
    if (wet && reached[i] == 0) {
      reached[i] = 1;
      ++marks;
    }
    return reached[i] != 0;
  }
  // Line k of the axis.
  MV_HD void operator()(std::int64_t k) const {
    const std::int64_t stride[3] = {1, lattice.pitch(), lattice.plane()};
    const int n[3] = {lattice.nx, lattice.ny, lattice.nz};
    const int across = axis == 0 ? lattice.ny : lattice.nx;
    const int a = static_cast<int>(k % across), b = static_cast<int>(k / across);
    const std::int64_t first = axis == 0   ? lattice.index(0, a, b)
                               : axis == 1 ? lattice.index(a, 0, b)
                                           : lattice.index(a, b, 0);
    std::int64_t marks = 0;
    // Beyond the faces there is medium, unless the box has no depth there.
    const bool outside = n[axis] > 1;
    bool wet = outside;
    for (int m = 0; m < n[axis]; ++m) wet = spread(first + m * stride[axis], wet, marks);
    wet = outside;
    for (int m = n[axis] - 1; m >= 0; --m) wet = spread(first + m * stride[axis], wet, marks);
    if (marks > 0) atomic_add(grown, marks);
  }
};

} // namespace metavox
