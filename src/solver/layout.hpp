// How the arrays of the solver lie in memory, and the grids they form.
#pragma once

#include <cstdint>

#include "core/exact.hpp"
#include "core/lattice.hpp"

namespace metavox {

// Arrays of the solver hold all red voxels (x + y + z even in the whole) and then all black ones,
// each line along x being half of a line of voxels: element m is the voxel x = 2m or x = 2m + 1, by
// the line's parity. So a sweep over one colour reads and writes contiguous memory, which suits CPU
// prefetchers and vectors as well as GPU warps.
// Every half line has a place for the ghost at one of its ends.
struct SplitLattice {
  int nx = 1, ny = 1, nz = 1;
  int shift = 0; // colour of voxel (0, 0, 0); see Lattice::shift
  MV_HD int half() const { return (nx + 1) / 2; }
  MV_HD std::int64_t pitch() const { return half() + 1; }
  MV_HD std::int64_t plane() const { return pitch() * (ny + 2); }
  MV_HD std::int64_t colour_stride() const { return plane() * (nz + 2); }
  MV_HD std::int64_t padded() const { return 2 * colour_stride(); }
  // Element 0 of the half line of one parity of x.
  MV_HD std::int64_t start(int parity, int y, int z) const {
    return colour(parity, y, z) * colour_stride() +
           pitch() * ((y + 1) + static_cast<std::int64_t>(ny + 2) * (z + 1)) + parity;
  }
  MV_HD std::int64_t index(int x, int y, int z) const { return start(x & 1, y, z) + (x >> 1); }
  MV_HD std::int64_t index(PackedVoxel v) const { return index(v.x(), v.y(), v.z()); }
  // Tables along x: even voxels, then odd ones.
  MV_HD int entry(int x) const { return (x >> 1) + ((x & 1) != 0 ? half() : 0); }
  MV_HD int colour(int x, int y, int z) const { return (x + y + z + shift) & 1; }
  MV_HD Lattice box() const {
    Lattice l{nx, ny, nz, 1};
    l.x0 = shift;
    return l;
  }
};

// One grid of the hierarchy. Couplings are to the lower and higher neighbour along each axis,
// 1/min.
struct DiffusionLevel {
  SplitLattice lattice;
  const float *x_low, *x_high, *y_low, *y_high, *z_low, *z_high;
  float* c;
  float* f;
  float* k;
  float* q;
  float half_saturation;

  MV_HD float diagonal(int x, int y, int z) const {
    const int e = lattice.entry(x);
    return k[lattice.index(x, y, z)] +
           (((x_low[e] + x_high[e]) + (y_low[y] + y_high[y])) + (z_low[z] + z_high[z]));
  }
};

// Where one half of a line lies, and its six neighbours: offsets of element 0.
struct HalfLine {
  int count;
  int table; // of the tables along x
  std::int64_t own, x_low, x_high, y_low, y_high, z_low, z_high;
  // From few products: lines of coarse grids are so short that asking for seven starts costs as
  // much as working on them.
  MV_HD HalfLine(const SplitLattice& l, int parity, int y, int z) {
    const int half = l.half();
    count = parity == 0 ? half : l.nx / 2;
    table = parity == 0 ? 0 : half;
    const std::int64_t pitch = l.pitch(), plane = l.plane(), stride = l.colour_stride();
    const std::int64_t line = pitch * (y + 1) + plane * (z + 1) + parity;
    const bool black = l.colour(parity, y, z) != 0;
    own = black ? stride + line : line;
    const std::int64_t other = black ? line : stride + line; // the same place in the other colour
    x_low = other - parity;
    x_high = x_low + 1;
    y_low = other - pitch;
    y_high = other + pitch;
    z_low = other - plane;
    z_high = other + plane;
  }
};

// Lines are worked through in pieces, so that intermediate values stay in the first-level cache.
inline constexpr int line_piece = 512;

// Writes voxels begin ... begin + n - 1 of a line, given in natural order, into its two halves.
// `begin` is even.
inline void scatter_line(float* array, const SplitLattice& l, int y, int z, int begin, int n,
                         const float* values) {
  float* MV_RESTRICT even = array + l.start(0, y, z) + begin / 2;
  float* MV_RESTRICT odd = array + l.start(1, y, z) + begin / 2;
  const int pairs = n / 2;
#pragma omp simd
  for (int m = 0; m < pairs; ++m) {
    even[m] = values[2 * m];
    odd[m] = values[2 * m + 1];
  }
  if (n % 2 != 0) even[pairs] = values[n - 1];
}

// The inverse: n values of a line, from voxel `begin` on, which is even.
inline void gather_line(const float* array, const SplitLattice& l, int y, int z, int begin, int n,
                        float* values) {
  const float* MV_RESTRICT even = array + l.start(0, y, z) + begin / 2;
  const float* MV_RESTRICT odd = array + l.start(1, y, z) + begin / 2;
  const int pairs = n / 2;
#pragma omp simd
  for (int m = 0; m < pairs; ++m) {
    values[2 * m] = even[m];
    values[2 * m + 1] = odd[m];
  }
  if (n % 2 != 0) values[n - 1] = even[pairs];
}

// v, but not below `floor`; a NaN must show.
MV_HD inline float at_least(float floor, float v) { return v < floor ? floor : v; }

// Ghost voxels of one face.
struct FillFace {
  static constexpr const char* name = "diffusion.fill_face";
  static constexpr double bytes = 4;
  SplitLattice lattice;
  float* c;
  int axis;
  int coordinate; // -1 or n
  float value;
  MV_HD void operator()(std::int64_t k) const {
    const int n0 = axis == 0 ? lattice.ny : lattice.nx;
    const int a = static_cast<int>(k % n0), b = static_cast<int>(k / n0);
    const std::int64_t i = axis == 0   ? lattice.index(coordinate, a, b)
                           : axis == 1 ? lattice.index(a, coordinate, b)
                                       : lattice.index(a, b, coordinate);
    c[i] = value;
  }
};

// Between the layout of cells and that of the solver.
struct LoadField {
  static constexpr const char* name = "diffusion.load";
  static constexpr double bytes = 8;
  Lattice lattice;
  SplitLattice split;
  const float* from;
  float* to;
  MV_HD void operator()(const Voxel& s) const { to[split.index(s.x, s.y, s.z)] = from[s.i]; }
  void row(const Row& r) const {
    for (int begin = 0; begin < r.n; begin += line_piece)
      scatter_line(to, split, r.y, r.z, begin, exact::min_of(line_piece, r.n - begin),
                   from + r.i + begin);
  }
};

struct StoreField {
  static constexpr const char* name = "diffusion.store";
  static constexpr double bytes = 8;
  Lattice lattice;
  SplitLattice split;
  const float* from;
  float* to;
  bool add; // to what is there, not below the floor
  float floor;
  MV_HD float sum(float before, float change) const { return at_least(floor, before + change); }
  MV_HD void operator()(const Voxel& s) const {
    const float v = from[split.index(s.x, s.y, s.z)];
    to[s.i] = add ? sum(to[s.i], v) : v;
  }
  void row(const Row& r) const {
    const float* MV_RESTRICT even = from + split.start(0, r.y, r.z);
    const float* MV_RESTRICT odd = from + split.start(1, r.y, r.z);
    float* MV_RESTRICT out = to + r.i;
    const int pairs = r.n / 2;
    if (add) {
#pragma omp simd
      for (int m = 0; m < pairs; ++m) {
        out[2 * m] = sum(out[2 * m], even[m]);
        out[2 * m + 1] = sum(out[2 * m + 1], odd[m]);
      }
      if (r.n % 2 != 0) out[r.n - 1] = sum(out[r.n - 1], even[pairs]);
      return;
    }
#pragma omp simd
    for (int m = 0; m < pairs; ++m) {
      out[2 * m] = even[m];
      out[2 * m + 1] = odd[m];
    }
    if (r.n % 2 != 0) out[r.n - 1] = even[pairs];
  }
};

} // namespace metavox
