// Room for a newborn: how far the nearest free voxel is, and the line of cells that a push moves.
#pragma once

#include <cstdint>
#include <vector>

#include "core/exact.hpp"
#include "core/lattice.hpp"
#include "voxel/kind.hpp"

namespace metavox {

// Squared distance, in voxels, from every voxel to the nearest one a cell could be pushed into;
// 255: none within reach. Separable: the minimum over x of d^2, then over y, then over z. Exact up
// to `reach`.
inline constexpr int longest_push = 15; // 15^2 still fits the byte

struct MeasureRoomX {
  static constexpr const char* name = "cell.room_x";
  static constexpr double bytes = 2;
  const std::uint8_t* kind;
  std::uint8_t* out;
  Lattice lattice;
  int reach;
  bool into_dead;
  MV_HD bool is_free(std::uint8_t code) const {
    const auto k = static_cast<Kind>(code);
    return k == Kind::none || (into_dead && is_dead(k));
  }
  MV_HD void operator()(const Voxel& s) const {
    int best = 255;
    for (int d = -reach; d <= reach; ++d) {
      const int x = s.x + d;
      if (x < 0 || x >= lattice.nx) continue;
      if (is_free(kind[s.i + d])) best = exact::min_of(best, d * d);
    }
    out[s.i] = static_cast<std::uint8_t>(best);
  }
  void row(const Row& r) const {
    constexpr int chunk = 512;
    std::uint8_t taken[chunk + 2 * longest_push];
    std::uint8_t best[chunk];
    for (int begin = 0; begin < r.n; begin += chunk) {
      const int n = exact::min_of(chunk, r.n - begin);
      for (int k = 0; k < n + 2 * reach; ++k) taken[k] = 255;
      const int first = exact::max_of(begin - reach, 0);
      const int last = exact::min_of(begin + n + reach, r.n);
      const std::uint8_t* in = kind + r.i;
      std::uint8_t* MV_RESTRICT mark = taken - (begin - reach);
      const auto none = static_cast<std::uint8_t>(Kind::none);
      const auto bodies = static_cast<std::uint8_t>(into_dead ? 1 : 0);
#pragma omp simd
      for (int x = first; x < last; ++x)
        mark[x] = ((in[x] == none) | (one_of<dead_kinds>(in[x]) & bodies)) != 0 ? 0 : 255;
#pragma omp simd
      for (int x = 0; x < n; ++x) best[x] = 255;
      for (int d = -reach; d <= reach; ++d) {
        const std::uint8_t* from = taken + reach + d;
        const auto d2 = static_cast<std::uint8_t>(d * d);
#pragma omp simd
        for (int x = 0; x < n; ++x) {
          const std::uint8_t v = from[x] < d2 ? d2 : from[x];
          best[x] = best[x] < v ? best[x] : v;
        }
      }
      std::uint8_t* MV_RESTRICT to = out + r.i + begin;
#pragma omp simd
      for (int x = 0; x < n; ++x) to[x] = best[x];
    }
  }
};

template <bool along_z>
struct MeasureRoomYZ {
  static constexpr const char* name = along_z ? "cell.room_z" : "cell.room_y";
  static constexpr double bytes = 2;
  const std::uint8_t* in;
  std::uint8_t* out;
  Lattice lattice;
  int reach;
  MV_HD void operator()(const Voxel& s) const {
    const int here = along_z ? s.z : s.y, n = along_z ? lattice.nz : lattice.ny;
    const std::int64_t stride = along_z ? lattice.plane() : lattice.pitch();
    int best = 255;
    for (int d = -reach; d <= reach; ++d)
      if (here + d >= 0 && here + d < n)
        best = exact::min_of(best, static_cast<int>(in[s.i + d * stride]) + d * d);
    out[s.i] = static_cast<std::uint8_t>(best);
  }
  void row(const Row& r) const {
    const int here = along_z ? r.z : r.y, n = along_z ? lattice.nz : lattice.ny;
    const std::int64_t stride = along_z ? lattice.plane() : lattice.pitch();
    std::uint8_t* MV_RESTRICT to = out + r.i;
    const std::uint8_t* MV_RESTRICT own = in + r.i;
#pragma omp simd
    for (int x = 0; x < r.n; ++x) to[x] = own[x];
    for (int d = -reach; d <= reach; ++d) {
      if (d == 0 || here + d < 0 || here + d >= n) continue;
      const std::uint8_t* MV_RESTRICT from = in + r.i + d * stride;
      // A sum that does not fit the byte is out of reach and must not wrap.
      const auto d2 = static_cast<std::uint8_t>(d * d);
      const auto most = static_cast<std::uint8_t>(255 - d * d);
#pragma omp simd
      for (int x = 0; x < r.n; ++x) {
        const std::uint8_t capped = from[x] < most ? from[x] : most;
        const auto v = static_cast<std::uint8_t>(capped + d2);
        to[x] = to[x] < v ? to[x] : v;
      }
    }
  }
};

// Offsets within the longest push, sorted by length; first[d2] is the first one with squared length
// >= d2.
struct Offset {
  std::int8_t dx, dy, dz;
};
struct PushTable {
  const Offset* offset;
  const std::uint16_t* first; // longest_push^2 + 2 entries
};

// The arrays of a PushTable on the host, with offsets up to a squared length.
struct PushOffsets {
  std::vector<Offset> offset;
  std::vector<std::uint16_t> first;
};
PushOffsets push_offsets(int longest2);

// Voxel m of the digital line from a mother to a push's end, m = 0 ... length; an offset is never
// zero.
struct PushPath {
  int dx, dy, dz, length;
  MV_HD explicit PushPath(Offset o) : dx(o.dx), dy(o.dy), dz(o.dz) {
    const int ax = dx < 0 ? -dx : dx, ay = dy < 0 ? -dy : dy, az = dz < 0 ? -dz : dz;
    length = exact::max_of(ax, exact::max_of(ay, az));
  }
  MV_HD int along(int d, int m) const {
    const int a = d < 0 ? -d : d;
    const int rounded =
        (2 * m * a + length) / (2 * length); // NOLINT(clang-analyzer-core.DivideZero)
    return d < 0 ? -rounded : rounded;
  }
  MV_HD std::int64_t index(const Lattice& l, const Voxel& s, int m) const {
    return l.index(s.x + along(dx, m), s.y + along(dy, m), s.z + along(dz, m));
  }
};

} // namespace metavox
