// Relaxation on one grid: the exact root of a voxel's equation, its residual, and the sweeps.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/exact.hpp"
#include "core/lattice.hpp"
#include "solver/layout.hpp"

namespace metavox {

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
  static constexpr double device_bytes = bytes + 4; // the other colour's c, in both half sweeps
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

// The largest loss rate, or source, of a voxel.
struct LargestSink {
  static constexpr const char* name = "diffusion.sinks";
  static constexpr double bytes = 8;
  DiffusionLevel level;
  bool saturating;
  bool source;
  MV_HD float operator()(const Voxel& s) const {
    const std::int64_t i = level.lattice.index(s.x, s.y, s.z);
    if (source) return level.f[i] < 0.0f ? -level.f[i] : level.f[i];
    return level.k[i] + (saturating ? level.q[i] : 0.0f);
  }
};

template <bool saturating>
struct ResidualNorm {
  static constexpr const char* name = "diffusion.residual";
  static constexpr double bytes = saturating ? 16 : 12;
  static constexpr double fused_bytes = 0; // the sweeps have read it all
  static_assert(fused_bytes < bytes);
  DiffusionLevel level;
  MV_HD float operator()(const Voxel& s) const {
    const float f = level.f[level.lattice.index(s.x, s.y, s.z)];
    const float r =
        residual_at<saturating>(level, s.x, s.y, s.z, f) / level.diagonal(s.x, s.y, s.z);
    return r < 0.0f ? -r : r;
  }
  float row(const Row& r) const {
    std::uint32_t key = 0;
    const float yl = level.y_low[r.y], yh = level.y_high[r.y];
    const float zl = level.z_low[r.z], zh = level.z_high[r.z];
    for (int parity = 0; parity < 2; ++parity) {
      const HalfLine h(level.lattice, parity, r.y, r.z);
      const float* c = level.c;
      const float* f = level.f + h.own;
      const float* k = level.k + h.own;
      const float* q = saturating ? level.q + h.own : nullptr;
      const float* xl = level.x_low + h.table;
      const float* xh = level.x_high + h.table;
#pragma omp simd reduction(max : key)
      for (int m = 0; m < h.count; ++m) {
        const float value = defect<saturating>(
            c[h.own + m], c[h.x_low + m], c[h.x_high + m], c[h.y_low + m], c[h.y_high + m],
            c[h.z_low + m], c[h.z_high + m], xl[m], xh[m], yl, yh, zl, zh, f[m], k[m],
            saturating ? q[m] : 0.0f, level.half_saturation);
        const float diagonal = k[m] + (((xl[m] + xh[m]) + (yl + yh)) + (zl + zh));
        const std::uint32_t bits = exact::bit_cast<std::uint32_t>(value / diagonal) & 0x7fffffffu;
        key = key < bits ? bits : key;
      }
    }
    return exact::bit_cast<float>(key);
  }
};

} // namespace metavox
