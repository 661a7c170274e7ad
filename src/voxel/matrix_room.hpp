// How much room a free voxel of matrix is to cells that are pushed into it.
#pragma once

#include <cstdint>

#include "core/exact.hpp"
#include "core/lattice.hpp"

namespace metavox {

struct MatrixRoom {
  const float* matrix;    // density, by voxel, padded
  bool yields;            // dense matrix holds newcomers back; otherwise all is room
  float threshold, width; // densities: all enter up to the first, 1/e at as much more as the second

  MV_HD float share(std::int64_t i) const {
    if (!yields || !(matrix[i] > threshold)) return 1.0f;
    return exact::expf(-(matrix[i] - threshold) / width);
  }
};

} // namespace metavox
