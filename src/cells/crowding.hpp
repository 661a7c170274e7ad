// Where there is room, and where cells wait for it, as growth by pressure reads it: shares of free
// voxels and of second cells, each spread over `growth.spread`.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/exact.hpp"
#include "core/lattice.hpp"
#include "voxel/kind.hpp"
#include "voxel/matrix_room.hpp"

namespace metavox {

// A share of one.
inline constexpr int whole_share = 32768;

// Passes of (1/4, 1/2, 1/4) along each axis that spread with this standard deviation, um: a width
// in voxels would make growth depend on their size.
inline int crowding_passes(double width, double spacing) {
  const double passes = std::floor(2 * (width / spacing) * (width / spacing) + 0.5);
  return passes < 1 ? 1 : static_cast<int>(passes);
}

struct StartCrowding {
  static constexpr const char* name = "cell.start_crowding";
  static constexpr double bytes = 6;
  const std::uint8_t* kind;
  const std::uint8_t* held;
  MatrixRoom matrix; // dense matrix that holds newcomers back is so much less room
  std::uint16_t* free;
  std::uint16_t* excess;
  MV_HD std::uint16_t room(std::int64_t i) const {
    return static_cast<std::uint16_t>(matrix.share(i) * static_cast<float>(whole_share));
  }
  MV_HD void operator()(const Voxel& s) const {
    free[s.i] = kind[s.i] == static_cast<std::uint8_t>(Kind::none) ? room(s.i) : 0;
    excess[s.i] = held[s.i] != 0 ? whole_share : 0;
  }
  void row(const Row& r) const {
    const std::uint8_t* MV_RESTRICT k = kind + r.i;
    const std::uint8_t* MV_RESTRICT h = held + r.i;
    std::uint16_t* MV_RESTRICT f = free + r.i;
    std::uint16_t* MV_RESTRICT e = excess + r.i;
#pragma omp simd
    for (int x = 0; x < r.n; ++x) {
      f[x] = k[x] == static_cast<std::uint8_t>(Kind::none) ? whole_share : 0;
      e[x] = h[x] != 0 ? whole_share : 0;
    }
    if (matrix.yields)
      for (int x = 0; x < r.n; ++x)
        if (f[x] != 0) f[x] = room(r.i + x);
  }
};

// One pass along all three axes; at a face of the box a voxel stands for its missing neighbour.
struct SpreadCrowding {
  static constexpr const char* name = "cell.spread_crowding";
  static constexpr double bytes = 4;
  const std::uint16_t* in;
  std::uint16_t* out;
  Lattice lattice;
  MV_HD static std::uint32_t line(std::uint32_t low, std::uint32_t own, std::uint32_t high) {
    return low + 2 * own + high;
  }
  // Padded index of the first voxel of the nine lines around, and how much each counts.
  struct Lines {
    std::int64_t start[9];
    std::uint32_t weight[9];
  };
  MV_HD Lines lines(int y, int z) const {
    Lines l;
    for (int dz = -1; dz <= 1; ++dz)
      for (int dy = -1; dy <= 1; ++dy) {
        const int n = (dz + 1) * 3 + dy + 1;
        l.start[n] = lattice.index(0, exact::clamp(y + dy, 0, lattice.ny - 1),
                                   exact::clamp(z + dz, 0, lattice.nz - 1));
        l.weight[n] = (dy == 0 ? 2u : 1u) * (dz == 0 ? 2u : 1u);
      }
    return l;
  }
  MV_HD static std::uint16_t rounded(std::uint32_t sum) {
    return static_cast<std::uint16_t>((sum + 32) >> 6);
  }
  MV_HD void operator()(const Voxel& s) const {
    const Lines l = lines(s.y, s.z);
    const int low = exact::max_of(s.x - 1, 0), high = exact::min_of(s.x + 1, lattice.nx - 1);
    std::uint32_t sum = 0;
    for (int n = 0; n < 9; ++n) {
      const std::uint16_t* a = in + l.start[n];
      sum += l.weight[n] * line(a[low], a[s.x], a[high]);
    }
    out[s.i] = rounded(sum);
  }
  void row(const Row& r) const {
    constexpr int piece = 512;
    const Lines l = lines(r.y, r.z);
    const int last = lattice.nx - 1;
    for (int begin = r.x; begin < r.x + r.n; begin += piece) {
      const int n = exact::min_of(piece, r.x + r.n - begin);
      std::uint32_t sum[piece + 2]; // of the nine lines, from the voxel before the first on
      for (int x = 0; x < n + 2; ++x) sum[x] = 0;
      const int first = begin == 0 ? 1 : 0, end = begin + n > last ? n + 1 : n + 2;
      for (int k = 0; k < 9; ++k) {
        const std::uint16_t* MV_RESTRICT a = in + l.start[k] + begin;
        const std::uint32_t w = l.weight[k];
#pragma omp simd
        for (int x = first; x < end; ++x) sum[x] += w * a[x - 1];
      }
      if (first == 1) sum[0] = sum[1];
      if (end == n + 1) sum[n + 1] = sum[n];
      std::uint16_t* MV_RESTRICT to = out + r.i + (begin - r.x);
#pragma omp simd
      for (int x = 0; x < n; ++x) to[x] = rounded(line(sum[x], sum[x + 1], sum[x + 2]));
    }
  }
};

// The arrays that lent their memory, as contests want to find them.
struct EndCrowding {
  static constexpr const char* name = "cell.end_crowding";
  static constexpr double bytes = 6;
  std::uint32_t* claim;
  std::uint16_t* plan;
  std::uint32_t unclaimed;
  MV_HD void operator()(std::int64_t n) const {
    claim[n] = unclaimed;
    plan[n] = 0;
  }
};

} // namespace metavox
