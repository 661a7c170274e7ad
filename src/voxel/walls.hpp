// The walls of vessels that carry blood, as the cells beside them see them: how much of a wall each
// voxel shares, and whose it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/constants.hpp"

namespace metavox {

// Areas of walls count in that of 20 um of a capillary of radius 4 um.
inline constexpr double wall_unit = 2 * pi * 4 * 20; // um^2

// A voxel that shares walls; areas weighed by how much cells the wall lets through.
struct WallShare {
  std::int64_t voxel; // x fastest, no ghosts
  float leaky;        // of walls that let every tumour cell through
  float tight;        // of walls that are whole
};

// A part of a voxel's share: that of one segment.
struct WallContact {
  std::int64_t voxel;
  std::int32_t segment;
  double area; // plain, then weighed
  bool leaky;
};

// On the host; entries ascend by voxel.
struct WallView {
  std::int64_t count = 0;
  const std::vector<WallShare>* share = nullptr;
  const std::vector<WallContact>* contact = nullptr;
  const std::vector<std::size_t>* first = nullptr; // contacts of entry n: first[n] to first[n + 1]

  // The segment whose wall a cell crosses that leaves at entry n, in proportion to the walls that
  // are open to it. `place`: in (0, 1).
  std::int32_t segment(std::int64_t n, bool leaky_only, double place) const {
    const std::size_t begin = (*first)[static_cast<std::size_t>(n)],
                      end = (*first)[static_cast<std::size_t>(n) + 1];
    double sum = 0;
    const auto open = [&](std::size_t k) { return !leaky_only || (*contact)[k].leaky; };
    for (std::size_t k = begin; k < end; ++k)
      if (open(k)) sum += (*contact)[k].area;
    double passed = 0;
    std::int32_t last = -1;
    for (std::size_t k = begin; k < end; ++k) {
      if (!open(k)) continue;
      last = (*contact)[k].segment;
      passed += (*contact)[k].area;
      if (place * sum < passed) return last;
    }
    return last;
  }
};

} // namespace metavox
