// One solver for every diffusing field: geometric multigrid for
//
//   k(x) c + q(x) c / (c + K) - D lap c = f(x)
//
// on a box of cells with a fixed value or no flux on each face. A time step of an implicit Euler
// scheme is the same problem with k + 1/dt and f + c_old/dt. Units: c in the field's unit, k in
// 1/min, q and f in that unit per minute.
//
// Cell-centred finite volumes on 7 points; V(3,2) cycles of red-black Gauss-Seidel; the full
// approximation scheme (A. Brandt 1977, Math. Comput. 31:333) with the exact root of each voxel's
// quadratic as smoother, so that Michaelis-Menten uptake needs no outer iteration and
// concentrations cannot become negative. Extents need not be powers of two: a coarse cell covers
// two fine ones, the last one of an odd line covers one, and distances between centres follow.
#pragma once

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/errors.hpp"
#include "core/exact.hpp"
#include "core/executor.hpp"
#include "settings/types.hpp"

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
  MV_HD std::int64_t colour_stride() const { return pitch() * (ny + 2) * (nz + 2); }
  MV_HD std::int64_t padded() const { return 2 * colour_stride(); }
  // Element 0 of the half line of one parity of x.
  MV_HD std::int64_t start(int parity, int y, int z) const {
    return colour(parity, y, z) * colour_stride() +
           pitch() * ((y + 1) + static_cast<std::int64_t>(ny + 2) * (z + 1)) + parity;
  }
  MV_HD std::int64_t index(int x, int y, int z) const { return start(x & 1, y, z) + (x >> 1); }
  // Tables along x: even voxels, then odd ones.
  MV_HD int entry(int x) const { return (x >> 1) + ((x & 1) != 0 ? half() : 0); }
  MV_HD int colour(int x, int y, int z) const { return (x + y + z + shift) & 1; }
  Lattice box() const {
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
  MV_HD HalfLine(const SplitLattice& l, int parity, int y, int z) {
    count = parity == 0 ? l.half() : l.nx / 2;
    table = parity == 0 ? 0 : l.half();
    own = l.start(parity, y, z);
    x_low = parity == 0 ? l.start(1, y, z) - 1 : l.start(0, y, z);
    x_high = x_low + 1;
    y_low = l.start(parity, y - 1, z);
    y_high = l.start(parity, y + 1, z);
    z_low = l.start(parity, y, z - 1);
    z_high = l.start(parity, y, z + 1);
  }
};

// The positive c with a c + q c / (c + K) = s. Written without cancellation for either sign of b.
MV_HD inline float uptake_root(float s, float a, float q, float half_saturation) {
  const float supply = s < 0.0f ? 0.0f : s; // a NaN must show
  const float b = (supply - a * half_saturation) - q;
  const float product = (supply * half_saturation) * 4.0f;
  const float root = ::sqrtf(b * b + a * product);
  const bool upper = b >= 0.0f;
  const float numerator = upper ? b + root : 0.5f * product;
  const float denominator = upper ? 2.0f * a : root - b;
  return numerator / denominator;
}

// v, but not below `floor`; a NaN must show.
MV_HD inline float at_least(float floor, float v) { return v < floor ? floor : v; }

// Red-black Gauss-Seidel, red voxels over-relaxed: 1.35 makes a cycle reduce errors 0.06 instead of
// 0.1 times on a linear problem (found by trial; I. Yavneh 1996, SIAM J. Sci. Comput. 17:180
// explains why it helps). Black voxels come last and are solved exactly. Reads 4 arrays, writes 1:
// 20 bytes per voxel for both colours.
inline constexpr float over_relaxation = 1.35f;

// A sink much stronger than diffusion (a vessel wall) draws no more than diffusion brings to it;
// its full strength in an average would make the coarse problem far stiffer than the fine one. The
// fixed point is not affected. The two constants were found by trial: lines of vessels 240 um apart
// then converge by 0.2 a cycle instead of 0.4.
inline constexpr float sink_knee = 0.33f, sink_room = 0.5f;
MV_HD inline float damped_sink(float k, float coupling) {
  const float knee = sink_knee * coupling, room = sink_room * coupling + 1e-30f;
  const float excess = k - knee;
  const float positive = excess > 0.0f ? excess : 0.0f;
  return (k - positive) + (positive * room) / (room + positive);
}
// The residual of such a voxel is scaled like its diagonal, or the weaker coarse sink would answer
// it with a correction as many times too large.
MV_HD inline float damped_residual(float r, float k, float coupling) {
  const float knee = sink_knee * coupling, room = sink_room * coupling + 1e-30f;
  const float excess = k - knee;
  const float positive = excess > 0.0f ? excess : 0.0f;
  const float kept = (coupling + (k - positive)) * (room + positive) + positive * room;
  return r * (kept / ((room + positive) * (coupling + k)));
}

template <bool saturating>
struct SmoothField {
  static constexpr const char* name = saturating ? "diffusion.smooth_uptake" : "diffusion.smooth";
  static constexpr double bytes = saturating ? 20 : 16;
  DiffusionLevel level;
  float red_weight = over_relaxation;
  float floor = 0.0f; // no value goes below

  // The value that solves the voxel's equation, given its neighbours. The linear case is written as
  // a change, whose rounding does not drift: a field that is solved stays as it is.
  MV_HD static float solved(float c, float xm, float xp, float ym, float yp, float zm, float zp,
                            float xl, float xh, float yl, float yh, float zl, float zh, float f,
                            float k, float q, float half_saturation) {
    const float a = k + (((xl + xh) + (yl + yh)) + (zl + zh));
    if constexpr (saturating) {
      const float n = ((xl * xm + xh * xp) + (yl * ym + yh * yp)) + (zl * zm + zh * zp);
      return uptake_root(f + n, a, q, half_saturation);
    } else {
      const float flux = ((xl * (xm - c) + xh * (xp - c)) + (yl * (ym - c) + yh * (yp - c))) +
                         (zl * (zm - c) + zh * (zp - c));
      return c + ((f - k * c) + flux) / a;
    }
  }
  // Sinks are not over-relaxed: their overshoot, times their strength, would drown every other
  // residual.
  MV_HD static float relaxed(float c, float fresh, float k, float coupling, float weight,
                             float floor) {
    const float w = k < coupling ? weight : 1.0f;
    return at_least(floor, c + w * (fresh - c));
  }
  MV_HD void operator()(int colour, const Voxel& s) const {
    const SplitLattice& l = level.lattice;
    const float* c = level.c;
    const HalfLine h(l, s.x & 1, s.y, s.z);
    const std::int64_t m = s.x >> 1, i = h.own + m;
    const float xl = level.x_low[h.table + m], xh = level.x_high[h.table + m];
    const float yl = level.y_low[s.y], yh = level.y_high[s.y];
    const float zl = level.z_low[s.z], zh = level.z_high[s.z];
    const float fresh =
        solved(c[i], c[h.x_low + m], c[h.x_high + m], c[h.y_low + m], c[h.y_high + m],
               c[h.z_low + m], c[h.z_high + m], xl, xh, yl, yh, zl, zh, level.f[i], level.k[i],
               saturating ? level.q[i] : 0.0f, level.half_saturation);
    const float coupling = ((xl + xh) + (yl + yh)) + (zl + zh);
    const float weight = (colour & 1) == 0 ? red_weight : 1.0f;
    level.c[i] = relaxed(c[i], fresh, level.k[i], coupling, weight, floor);
  }
  void row(int colour, const Row& r) const {
    const SplitLattice& l = level.lattice;
    const HalfLine h(l, (r.y + r.z + colour + l.shift) & 1, r.y, r.z);
    const float yl = level.y_low[r.y], yh = level.y_high[r.y];
    const float zl = level.z_low[r.z], zh = level.z_high[r.z];
    float* MV_RESTRICT own = level.c + h.own; // one colour; the six others are all of the other
    const float* c_xl = level.c + h.x_low;
    const float* c_xh = level.c + h.x_high;
    const float* c_yl = level.c + h.y_low;
    const float* c_yh = level.c + h.y_high;
    const float* c_zl = level.c + h.z_low;
    const float* c_zh = level.c + h.z_high;
    const float* f = level.f + h.own;
    const float* k = level.k + h.own;
    const float* q = saturating ? level.q + h.own : nullptr;
    const float* xl = level.x_low + h.table;
    const float* xh = level.x_high + h.table;
    const float weight = (colour & 1) == 0 ? red_weight : 1.0f, lowest = floor;
#pragma omp simd
    for (int m = 0; m < h.count; ++m) {
      const float fresh =
          solved(own[m], c_xl[m], c_xh[m], c_yl[m], c_yh[m], c_zl[m], c_zh[m], xl[m], xh[m], yl, yh,
                 zl, zh, f[m], k[m], saturating ? q[m] : 0.0f, level.half_saturation);
      const float coupling = ((xl[m] + xh[m]) + (yl + yh)) + (zl + zh);
      own[m] = relaxed(own[m], fresh, k[m], coupling, weight, lowest);
    }
  }
};

// How a fine line maps to a coarse one: the share of each fine cell in its parent, and the weight
// of the parent in linear interpolation (the rest belongs to the parent's neighbour on the fine
// cell's side). Along x as in SplitLattice.
struct TransferWeights {
  const float *x_share, *y_share, *z_share;
  const float *x_own, *y_own, *z_own;
  const float *x_other, *y_other, *z_other;
};

template <bool saturating>
MV_HD inline float defect(float c, float xm, float xp, float ym, float yp, float zm, float zp,
                          float xl, float xh, float yl, float yh, float zl, float zh, float f,
                          float k, float q, float half_saturation) {
  const float flux = ((xl * (xm - c) + xh * (xp - c)) + (yl * (ym - c) + yh * (yp - c))) +
                     (zl * (zm - c) + zh * (zp - c));
  float loss = k * c;
  if constexpr (saturating) loss = loss + q * (c / (c + half_saturation));
  return (f - loss) + flux;
}

// f - N(c) at one voxel.
template <bool saturating>
MV_HD inline float residual_at(const DiffusionLevel& level, int x, int y, int z, float f) {
  const SplitLattice& l = level.lattice;
  const HalfLine h(l, x & 1, y, z);
  const std::int64_t m = x >> 1, i = h.own + m;
  const float* c = level.c + m;
  return defect<saturating>(c[h.own], c[h.x_low], c[h.x_high], c[h.y_low], c[h.y_high], c[h.z_low],
                            c[h.z_high], level.x_low[h.table + m], level.x_high[h.table + m],
                            level.y_low[y], level.y_high[y], level.z_low[z], level.z_high[z], f,
                            level.k[i], saturating ? level.q[i] : 0.0f, level.half_saturation);
}

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

// Coarse right side and first guess: the averages of residual and solution over the children. A
// sweep has just solved the black voxels, so only red ones have a residual. Returns the largest,
// divided by the coupling to the neighbours so that it reads in the field's unit.
template <bool saturating>
struct RestrictResidual {
  static constexpr const char* name =
      saturating ? "diffusion.restrict_uptake" : "diffusion.restrict";
  static constexpr double bytes = (saturating ? 10 : 8) * 8 + 12; // per coarse voxel
  static constexpr double fused_bytes = 12; // c, guess and f of the coarse voxel
  DiffusionLevel fine;
  DiffusionLevel coarse;
  float* guess; // copy of coarse.c, kept to tell what the coarse grid changed
  TransferWeights w;
  float inverse_coupling; // min, of an inner voxel

  MV_HD float operator()(const Voxel& s) const {
    const SplitLattice& l = fine.lattice;
    std::uint32_t key = 0;
    float r = 0.0f, c = 0.0f;
    for (int dx = 0; dx < 2; ++dx) {
      const int x = 2 * s.x + dx;
      if (x >= l.nx) continue;
      float r_column = 0.0f, c_column = 0.0f;
      for (int dz = 0; dz < 2; ++dz)
        for (int dy = 0; dy < 2; ++dy) {
          const int y = 2 * s.y + dy, z = 2 * s.z + dz;
          if (y >= l.ny || z >= l.nz) continue;
          const std::int64_t i = l.index(x, y, z);
          const float share = w.y_share[y] * w.z_share[z];
          c_column = c_column + share * fine.c[i];
          if (l.colour(x, y, z) != 0) continue;
          const int e = l.entry(x);
          const float coupling =
              ((fine.x_low[e] + fine.x_high[e]) + (fine.y_low[y] + fine.y_high[y])) +
              (fine.z_low[z] + fine.z_high[z]);
          const float value = damped_residual(residual_at<saturating>(fine, x, y, z, fine.f[i]),
                                              fine.k[i], coupling);
          const std::uint32_t bits =
              exact::bit_cast<std::uint32_t>(value * inverse_coupling) & 0x7fffffffu;
          key = key < bits ? bits : key;
          r_column = r_column + share * value;
        }
      const float share = w.x_share[l.entry(x)];
      r = r + share * r_column;
      c = c + share * c_column;
    }
    const std::int64_t j = coarse.lattice.index(s.x, s.y, s.z);
    coarse.c[j] = c;
    guess[j] = c;
    coarse.f[j] = r;
    return exact::bit_cast<float>(key);
  }
  float row(const Row& row) const {
    const SplitLattice& l = fine.lattice;
    alignas(64) float r_column[2][line_piece], c_column[2][line_piece], r_out[line_piece],
        c_out[line_piece];
    std::uint32_t key = 0;
    for (int begin = 0; begin < coarse.lattice.nx; begin += line_piece) {
      const int n = exact::min_of(line_piece, coarse.lattice.nx - begin);
      for (int parity = 0; parity < 2; ++parity) {
        float* MV_RESTRICT r_sum = r_column[parity];
        float* MV_RESTRICT c_sum = c_column[parity];
        for (int m = 0; m < n; ++m) r_sum[m] = c_sum[m] = 0.0f;
        for (int z = 2 * row.z; z < exact::min_of(2 * row.z + 2, l.nz); ++z)
          for (int y = 2 * row.y; y < exact::min_of(2 * row.y + 2, l.ny); ++y) {
            const HalfLine h(l, parity, y, z);
            const int count = exact::min_of(n, h.count - begin);
            const float share = w.y_share[y] * w.z_share[z];
            const float* c = fine.c + h.own + begin;
            if (l.colour(parity, y, z) != 0) {
#pragma omp simd
              for (int m = 0; m < count; ++m) c_sum[m] = c_sum[m] + share * c[m];
              continue;
            }
            const float* c_xl = fine.c + h.x_low + begin;
            const float* c_xh = fine.c + h.x_high + begin;
            const float* c_yl = fine.c + h.y_low + begin;
            const float* c_yh = fine.c + h.y_high + begin;
            const float* c_zl = fine.c + h.z_low + begin;
            const float* c_zh = fine.c + h.z_high + begin;
            const float* f = fine.f + h.own + begin;
            const float* k = fine.k + h.own + begin;
            const float* q = saturating ? fine.q + h.own + begin : nullptr;
            const float* xl = fine.x_low + h.table + begin;
            const float* xh = fine.x_high + h.table + begin;
            const float yl = fine.y_low[y], yh = fine.y_high[y];
            const float zl = fine.z_low[z], zh = fine.z_high[z];
#pragma omp simd reduction(max : key)
            for (int m = 0; m < count; ++m) {
              const float raw = defect<saturating>(
                  c[m], c_xl[m], c_xh[m], c_yl[m], c_yh[m], c_zl[m], c_zh[m], xl[m], xh[m], yl, yh,
                  zl, zh, f[m], k[m], saturating ? q[m] : 0.0f, fine.half_saturation);
              const float coupling = ((xl[m] + xh[m]) + (yl + yh)) + (zl + zh);
              const float value = damped_residual(raw, k[m], coupling);
              const std::uint32_t bits =
                  exact::bit_cast<std::uint32_t>(value * inverse_coupling) & 0x7fffffffu;
              key = key < bits ? bits : key;
              r_sum[m] = r_sum[m] + share * value;
              c_sum[m] = c_sum[m] + share * c[m];
            }
          }
      }
      const float* even = w.x_share + begin;
      const float* odd = w.x_share + l.half() + begin;
      // The last coarse voxel of an odd line has one child; its missing share is zero.
#pragma omp simd
      for (int m = 0; m < n; ++m) {
        r_out[m] = (0.0f + even[m] * r_column[0][m]) + odd[m] * r_column[1][m];
        c_out[m] = (0.0f + even[m] * c_column[0][m]) + odd[m] * c_column[1][m];
      }
      scatter_line(coarse.f, coarse.lattice, row.y, row.z, begin, n, r_out);
      scatter_line(coarse.c, coarse.lattice, row.y, row.z, begin, n, c_out);
      scatter_line(guess, coarse.lattice, row.y, row.z, begin, n, c_out);
    }
    return exact::bit_cast<float>(key);
  }
};

// f <- f + N(c) completes the right side of the full approximation scheme. Coarse ghosts are zero;
// any value would do, as it cancels on both sides of the coarse equation.
template <bool saturating>
struct AddOperator {
  static constexpr const char* name = "diffusion.add_operator";
  static constexpr double bytes = saturating ? 20 : 16;
  static constexpr double fused_bytes = 8; // the guess, and f back
  DiffusionLevel level;
  MV_HD void operator()(const Voxel& s) const {
    float& f = level.f[level.lattice.index(s.x, s.y, s.z)];
    f = f - residual_at<saturating>(level, s.x, s.y, s.z, 0.0f);
  }
  void row(const Row& r) const {
    const SplitLattice& l = level.lattice;
    const float yl = level.y_low[r.y], yh = level.y_high[r.y];
    const float zl = level.z_low[r.z], zh = level.z_high[r.z];
    for (int parity = 0; parity < 2; ++parity) {
      const HalfLine h(l, parity, r.y, r.z);
      const float* c = level.c + h.own;
      const float* c_xl = level.c + h.x_low;
      const float* c_xh = level.c + h.x_high;
      const float* c_yl = level.c + h.y_low;
      const float* c_yh = level.c + h.y_high;
      const float* c_zl = level.c + h.z_low;
      const float* c_zh = level.c + h.z_high;
      const float* k = level.k + h.own;
      const float* q = saturating ? level.q + h.own : nullptr;
      const float* xl = level.x_low + h.table;
      const float* xh = level.x_high + h.table;
      float* MV_RESTRICT f = level.f + h.own;
#pragma omp simd
      for (int m = 0; m < h.count; ++m)
        f[m] = f[m] - defect<saturating>(c[m], c_xl[m], c_xh[m], c_yl[m], c_yh[m], c_zl[m], c_zh[m],
                                         xl[m], xh[m], yl, yh, zl, zh, 0.0f, k[m],
                                         saturating ? q[m] : 0.0f, level.half_saturation);
    }
  }
};

// f <- f - N(c), the residual, is the right side of an equation for the change of c, which starts
// from zero.
struct StartChange {
  static constexpr const char* name = "diffusion.start_change";
  static constexpr double bytes = 20;
  static constexpr double fused_bytes = 4; // the field, and f back; sweeps need not read c
  DiffusionLevel level;                    // c is the field
  float* change;
  MV_HD void operator()(const Voxel& s) const {
    const std::int64_t i = level.lattice.index(s.x, s.y, s.z);
    level.f[i] = residual_at<false>(level, s.x, s.y, s.z, level.f[i]);
    change[i] = 0.0f;
  }
  void row(const Row& r) const {
    const SplitLattice& l = level.lattice;
    const float yl = level.y_low[r.y], yh = level.y_high[r.y];
    const float zl = level.z_low[r.z], zh = level.z_high[r.z];
    for (int parity = 0; parity < 2; ++parity) {
      const HalfLine h(l, parity, r.y, r.z);
      const float* c = level.c + h.own;
      const float* c_xl = level.c + h.x_low;
      const float* c_xh = level.c + h.x_high;
      const float* c_yl = level.c + h.y_low;
      const float* c_yh = level.c + h.y_high;
      const float* c_zl = level.c + h.z_low;
      const float* c_zh = level.c + h.z_high;
      const float* k = level.k + h.own;
      const float* xl = level.x_low + h.table;
      const float* xh = level.x_high + h.table;
      float* MV_RESTRICT f = level.f + h.own;
      float* MV_RESTRICT d = change + h.own;
#pragma omp simd
      for (int m = 0; m < h.count; ++m) {
        f[m] = defect<false>(c[m], c_xl[m], c_xh[m], c_yl[m], c_yh[m], c_zl[m], c_zh[m], xl[m],
                             xh[m], yl, yh, zl, zh, f[m], k[m], 0.0f, 0.0f);
        d[m] = 0.0f;
      }
    }
  }
};

// A line of the coarse grid, interpolated in y and z to where fine row (y, z) lies.
constexpr int coarse_line_length = line_piece + 4;
struct CoarseLine {
  const SplitLattice& lattice; // coarse
  int y, z, dy, dz;
  float w00, w10, w01, w11;

  CoarseLine(const SplitLattice& coarse, const TransferWeights& w, int fine_y, int fine_z)
      : lattice(coarse), y(fine_y / 2), z(fine_z / 2), dy((fine_y & 1) != 0 ? 1 : -1),
        dz((fine_z & 1) != 0 ? 1 : -1), w00(w.y_own[fine_y] * w.z_own[fine_z]),
        w10(w.y_other[fine_y] * w.z_own[fine_z]), w01(w.y_own[fine_y] * w.z_other[fine_z]),
        w11(w.y_other[fine_y] * w.z_other[fine_z]) {}

  // line <- value(coarse index) from begin - 1 to begin + n in natural order; n <= line_piece,
  // begin is even.
  template <typename Value>
  void fill(float* MV_RESTRICT line, int begin, int n, const Value& value) const {
    alignas(64) float
        part[2][coarse_line_length / 2]; // even voxels from begin on, odd ones from begin - 1
    for (int parity = 0; parity < 2; ++parity) {
      const int first = parity == 0 ? begin : begin - 1;
      const int count =
          (n + (parity == 0 ? 0 : 1)) / 2 + 1; // up to begin + n, which may be a ghost
      const std::int64_t at = lattice.index(first, y, z), at10 = lattice.index(first, y + dy, z),
                         at01 = lattice.index(first, y, z + dz),
                         at11 = lattice.index(first, y + dy, z + dz);
      float* MV_RESTRICT out = part[parity];
#pragma omp simd
      for (int m = 0; m < count; ++m)
        out[m] = (w00 * value(at + m) + w10 * value(at10 + m)) +
                 (w01 * value(at01 + m) + w11 * value(at11 + m));
    }
    const float* MV_RESTRICT even = part[0];
    const float* MV_RESTRICT odd = part[1];
    const int pairs = n / 2 + 1;
#pragma omp simd
    for (int m = 0; m < pairs; ++m) {
      line[2 * m] = odd[m];
      line[2 * m + 1] = even[m];
    }
    if (n % 2 != 0) line[n + 1] = odd[pairs];
  }

  // body(i, count, own, other, near, far) for each run of fine voxels of one parity from index i
  // on: the weights of their parents and of the next coarse voxels, and value at both.
  template <typename Value, typename Body>
  void interpolate(const SplitLattice& fine, const TransferWeights& w, int fine_y, int fine_z,
                   const Value& value, const Body& body) const {
    alignas(64) float line[coarse_line_length];
    for (int begin = 0; begin < lattice.nx; begin += line_piece) {
      const int n = exact::min_of(line_piece, lattice.nx - begin);
      fill(line, begin, n, value);
      for (int parity = 0; parity < 2; ++parity) {
        const HalfLine h(fine, parity, fine_y, fine_z);
        body(h.own + begin, exact::min_of(n, h.count - begin), w.x_own + h.table + begin,
             w.x_other + h.table + begin, line + 1, parity == 0 ? line : line + 2);
      }
    }
  }
};

// c <- max(floor, c + interpolated change of the coarse grid). Returns the largest change.
struct CorrectField {
  static constexpr const char* name = "diffusion.correct";
  static constexpr double bytes = 9;
  static constexpr double fused_bytes = 1; // an eighth of the coarse voxel's c and guess
  SplitLattice lattice;
  SplitLattice coarse_lattice;
  float* c;
  const float* coarse;
  const float* guess;
  TransferWeights w;
  float floor;

  MV_HD float operator()(const Voxel& s) const {
    const int x = s.x / 2, y = s.y / 2, z = s.z / 2;
    const int dx = (s.x & 1) != 0 ? 1 : -1, dy = (s.y & 1) != 0 ? 1 : -1,
              dz = (s.z & 1) != 0 ? 1 : -1;
    const float w00 = w.y_own[s.y] * w.z_own[s.z], w10 = w.y_other[s.y] * w.z_own[s.z];
    const float w01 = w.y_own[s.y] * w.z_other[s.z], w11 = w.y_other[s.y] * w.z_other[s.z];
    const auto change = [&](int xx, int yy, int zz) {
      const std::int64_t i = coarse_lattice.index(xx, yy, zz);
      return coarse[i] - guess[i];
    };
    const auto line = [&](int xx) {
      return (w00 * change(xx, y, z) + w10 * change(xx, y + dy, z)) +
             (w01 * change(xx, y, z + dz) + w11 * change(xx, y + dy, z + dz));
    };
    const int e = lattice.entry(s.x);
    const float d = w.x_own[e] * line(x) + w.x_other[e] * line(x + dx);
    const std::int64_t i = lattice.index(s.x, s.y, s.z);
    c[i] = at_least(floor, c[i] + d);
    return d < 0.0f ? -d : d;
  }
  float row(const Row& row) const {
    std::uint32_t key = 0;
    CoarseLine(coarse_lattice, w, row.y, row.z)
        .interpolate(
            lattice, w, row.y, row.z, [this](std::int64_t i) { return coarse[i] - guess[i]; },
            [&](std::int64_t i, int count, const float* MV_RESTRICT own,
                const float* MV_RESTRICT other, const float* near, const float* far) {
              float* MV_RESTRICT out = c + i;
              std::uint32_t largest = 0;
#pragma omp simd reduction(max : largest)
              for (int m = 0; m < count; ++m) {
                const float d = own[m] * near[m] + other[m] * far[m];
                out[m] = at_least(floor, out[m] + d);
                const std::uint32_t bits = exact::bit_cast<std::uint32_t>(d) & 0x7fffffffu;
                largest = largest < bits ? bits : largest;
              }
              key = exact::max_of(key, largest);
            });
    return exact::bit_cast<float>(key);
  }
};

struct SolveReport {
  int cycles = 0;
  float residual = 0; // largest scaled residual seen in the last cycle, field unit
  float error = 0;    // estimated remaining error, field unit
  bool converged = false;
};

struct DiffusionSettings {
  std::string name;
  double diffusivity;         // um^2/min
  double half_saturation = 0; // field unit; 0: no saturating uptake
  double tolerance;           // field unit
  int max_cycles = 60;
  int sweeps_before = 3; // of a cycle, on the way down
  int sweeps_after = 2;  // and up: V(3,2)
  double least_loss =
      0; // 1/min, no voxel's k is below; where it exceeds the coupling coarse grids are not needed
  Faces faces{};
  float floor = 0; // field unit, no value goes below; 0 where uptake saturates
};

// Arrays of a solve; fields that are solved one after another share them. 16 bytes per field voxel
// on the finest level and 20/7 on the coarser ones.
class DiffusionScratch {
public:
  DiffusionScratch(const Executor& executor, const Lattice& lattice);
  // Bytes of each of its buffers.
  static std::vector<std::size_t> buffers(const Lattice& lattice);
  float* source() {
    return levels_.front().f.data();
  } // f; fill before a solve, at indices of split()
  float* loss() { return levels_.front().k.data(); }   // k
  float* uptake() { return levels_.front().q.data(); } // q
  const SplitLattice& split() const { return levels_.front().lattice; }
  const Lattice& lattice() const { return lattice_; }

private:
  friend class Diffusion;
  struct Level {
    SplitLattice lattice;
    Buffer<float> c, guess, f, k, q; // guess is empty on the finest level
  };
  Lattice lattice_;
  std::vector<Level> levels_;
};

class Diffusion {
public:
  Diffusion(const Executor& executor, const Lattice& lattice, const DiffusionSettings& settings,
            std::shared_ptr<DiffusionScratch> scratch);

  enum class Start { warm, cold };
  // Solves for `field`, padded as Lattice has it. cold: starts from coarse grids (full multigrid)
  // instead of the values in `field`. The scratch's source, loss and uptake must be filled before
  // every solve.
  SolveReport solve(float* field, Start start = Start::warm);
  // The same; throws NumericalError naming the field, and the voxel where a value is not a number,
  // on failure.
  SolveReport solve_or_throw(float* field, Start start = Start::warm);
  // Largest residual of `field`, each divided by its voxel's diagonal: field unit.
  float residual(float* field);
  DiffusionScratch& scratch() { return *scratch_; }
  const DiffusionSettings& settings() const { return settings_; }
  // Runs n cycles without looking at the result, for benchmarks. `prepare` loads the field and
  // restricts coefficients.
  void cycles(float* field, int n, bool prepare = true);

private:
  struct Axis { // offsets into tables_, per level
    std::size_t low, high, share, own, other;
  };
  DiffusionLevel view(std::size_t level) const;
  TransferWeights transfer(std::size_t level) const;
  void load(const float* field, float* c);
  void fill_faces(float* c, const std::array<float, 6>& value); // ghosts of the finest level
  void store(float* field, bool add = false) const;
  void restrict_coefficients();
  template <bool saturating>
  void cycle(std::size_t level, float& residual, float& correction, bool add_operator = false);
  SolveReport sweep_until_done(float* field);
  template <bool saturating>
  SolveReport solve_as(Start start);
  template <bool saturating>
  void guess_from_coarse();

  Executor executor_;
  DiffusionSettings settings_;
  std::shared_ptr<DiffusionScratch> scratch_;
  std::vector<std::array<Axis, 3>> axes_;
  std::vector<float> inverse_coupling_;
  bool closed_; // no face lets anything through
  bool sweeps_only_ = false;
  Buffer<float> tables_;
};

} // namespace metavox
