// Between a grid and the next coarser one: averages on the way down, interpolation on the way up.
#pragma once

#include <cstdint>

#include "core/exact.hpp"
#include "core/lattice.hpp"
#include "solver/layout.hpp"
#include "solver/smooth.hpp"

namespace metavox {

// How a fine line maps to a coarse one: the share of each fine cell in its parent, and the weight
// of the parent in linear interpolation (the rest belongs to the parent's neighbour on the fine
// cell's side). Along x as in SplitLattice.
struct TransferWeights {
  const float *x_share, *y_share, *z_share;
  const float *x_own, *y_own, *z_own;
  const float *x_other, *y_other, *z_other;
};

// Reaction terms of a coarse cell: volume averages of its children's, strong sinks damped. Without
// uptake, that of the coarse cell stays as it is.
template <bool with_uptake>
struct RestrictCoefficients {
  static constexpr const char* name =
      with_uptake ? "diffusion.restrict_coefficients" : "diffusion.restrict_loss";
  static constexpr double bytes = with_uptake ? 8 * 8 + 8 : 8 * 4 + 4;
  DiffusionLevel fine;
  DiffusionLevel coarse;
  TransferWeights w;

  MV_HD void operator()(const Voxel& s) const {
    const SplitLattice& l = fine.lattice;
    float k = 0.0f, q = 0.0f;
    for (int dx = 0; dx < 2; ++dx) {
      const int x = 2 * s.x + dx;
      if (x >= l.nx) continue;
      float k_column = 0.0f, q_column = 0.0f;
      for (int dz = 0; dz < 2; ++dz)
        for (int dy = 0; dy < 2; ++dy) {
          const int y = 2 * s.y + dy, z = 2 * s.z + dz;
          if (y >= l.ny || z >= l.nz) continue;
          const std::int64_t i = l.index(x, y, z);
          const int e = l.entry(x);
          const float coupling =
              ((fine.x_low[e] + fine.x_high[e]) + (fine.y_low[y] + fine.y_high[y])) +
              (fine.z_low[z] + fine.z_high[z]);
          const float share = w.y_share[y] * w.z_share[z];
          k_column = k_column + share * damped_sink(fine.k[i], coupling);
          if constexpr (with_uptake) q_column = q_column + share * fine.q[i];
        }
      k = k + w.x_share[l.entry(x)] * k_column;
      q = q + w.x_share[l.entry(x)] * q_column;
    }
    const std::int64_t j = coarse.lattice.index(s.x, s.y, s.z);
    coarse.k[j] = k;
    if constexpr (with_uptake) coarse.q[j] = q;
  }
  void row(const Row& row) const {
    const SplitLattice& l = fine.lattice;
    alignas(64) float k_column[2][line_piece], q_column[2][line_piece], k_out[line_piece],
        q_out[line_piece];
    for (int begin = 0; begin < coarse.lattice.nx; begin += line_piece) {
      const int n = exact::min_of(line_piece, coarse.lattice.nx - begin);
      for (int parity = 0; parity < 2; ++parity) {
        float* MV_RESTRICT k_sum = k_column[parity];
        float* MV_RESTRICT q_sum = q_column[parity];
        for (int m = 0; m < n; ++m) k_sum[m] = q_sum[m] = 0.0f;
        for (int z = 2 * row.z; z < exact::min_of(2 * row.z + 2, l.nz); ++z)
          for (int y = 2 * row.y; y < exact::min_of(2 * row.y + 2, l.ny); ++y) {
            const HalfLine h(l, parity, y, z);
            const int count = exact::min_of(n, h.count - begin);
            const float share = w.y_share[y] * w.z_share[z];
            const float yl = fine.y_low[y], yh = fine.y_high[y];
            const float zl = fine.z_low[z], zh = fine.z_high[z];
            const float* k = fine.k + h.own + begin;
            const float* q = fine.q + h.own + begin;
            const float* xl = fine.x_low + h.table + begin;
            const float* xh = fine.x_high + h.table + begin;
#pragma omp simd
            for (int m = 0; m < count; ++m) {
              const float coupling = ((xl[m] + xh[m]) + (yl + yh)) + (zl + zh);
              // Zeroed above, which the analyzer cannot follow.
              // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult)
              k_sum[m] = k_sum[m] + share * damped_sink(k[m], coupling);
              if constexpr (with_uptake) q_sum[m] = q_sum[m] + share * q[m];
            }
          }
      }
      const float* even = w.x_share + begin;
      const float* odd = w.x_share + l.half() + begin;
#pragma omp simd
      for (int m = 0; m < n; ++m) {
        k_out[m] = (0.0f + even[m] * k_column[0][m]) + odd[m] * k_column[1][m];
        if constexpr (with_uptake)
          q_out[m] = (0.0f + even[m] * q_column[0][m]) + odd[m] * q_column[1][m];
      }
      scatter_line(coarse.k, coarse.lattice, row.y, row.z, begin, n, k_out);
      if constexpr (with_uptake)
        scatter_line(coarse.q, coarse.lattice, row.y, row.z, begin, n, q_out);
    }
  }
};

// The same for a list of coarse voxels, their losses alone.
struct RestrictLossAt {
  static constexpr const char* name = "diffusion.restrict_loss_at";
  static constexpr double bytes = RestrictCoefficients<false>::bytes + 8;
  RestrictCoefficients<false> all;
  const PackedVoxel* voxel;
  MV_HD void operator()(std::int64_t n) const {
    const PackedVoxel v = voxel[n];
    all(Voxel{v.x(), v.y(), v.z(), 0});
  }
};

// Averages the right side for a start from coarse grids.
struct RestrictProblem {
  static constexpr const char* name = "diffusion.restrict_problem";
  static constexpr double bytes = 4 * 8 + 4;
  DiffusionLevel fine;
  DiffusionLevel coarse;
  TransferWeights w;

  MV_HD void operator()(const Voxel& s) const {
    const SplitLattice& l = fine.lattice;
    float f = 0.0f, c = 0.0f;
    for (int dz = 0; dz < 2; ++dz)
      for (int dy = 0; dy < 2; ++dy)
        for (int dx = 0; dx < 2; ++dx) {
          const int x = 2 * s.x + dx, y = 2 * s.y + dy, z = 2 * s.z + dz;
          if (x >= l.nx || y >= l.ny || z >= l.nz) continue;
          const float share = (w.x_share[l.entry(x)] * w.y_share[y]) * w.z_share[z];
          f = f + share * fine.f[l.index(x, y, z)];
          c = c + share * fine.c[l.index(x, y, z)];
        }
    coarse.f[coarse.lattice.index(s.x, s.y, s.z)] = f;
    coarse.c[coarse.lattice.index(s.x, s.y, s.z)] = c;
  }
  void row(const Row& row) const {
    const SplitLattice& l = fine.lattice;
    alignas(64) float f_sum[line_piece], c_sum[line_piece];
    for (int begin = 0; begin < coarse.lattice.nx; begin += line_piece) {
      const int n = exact::min_of(line_piece, coarse.lattice.nx - begin);
      for (int m = 0; m < n; ++m) f_sum[m] = c_sum[m] = 0.0f;
      for (int z = 2 * row.z; z < exact::min_of(2 * row.z + 2, l.nz); ++z)
        for (int y = 2 * row.y; y < exact::min_of(2 * row.y + 2, l.ny); ++y)
          for (int parity = 0; parity < 2; ++parity) {
            const HalfLine h(l, parity, y, z);
            const int count = exact::min_of(n, h.count - begin);
            const float y_share = w.y_share[y], z_share = w.z_share[z];
            const float* x_share = w.x_share + h.table + begin;
            const float* f = fine.f + h.own + begin;
            const float* c = fine.c + h.own + begin;
#pragma omp simd
            for (int m = 0; m < count; ++m) {
              const float share = (x_share[m] * y_share) * z_share;
              f_sum[m] = f_sum[m] + share * f[m];
              c_sum[m] = c_sum[m] + share * c[m];
            }
          }
      scatter_line(coarse.f, coarse.lattice, row.y, row.z, begin, n, f_sum);
      scatter_line(coarse.c, coarse.lattice, row.y, row.z, begin, n, c_sum);
    }
  }
};

// Adds the share of a fixed face value to the right side of coarse cells, whose ghosts stay zero.
struct AddFaces {
  static constexpr const char* name = "diffusion.add_faces";
  static constexpr double bytes = 8;
  DiffusionLevel level;
  float value[6];
  MV_HD void operator()(const Voxel& s) const {
    const SplitLattice& l = level.lattice;
    float f = level.f[l.index(s.x, s.y, s.z)];
    if (s.x == 0) f = f + level.x_low[l.entry(0)] * value[0];
    if (s.x == l.nx - 1) f = f + level.x_high[l.entry(s.x)] * value[1];
    if (s.y == 0) f = f + level.y_low[0] * value[2];
    if (s.y == l.ny - 1) f = f + level.y_high[s.y] * value[3];
    if (s.z == 0) f = f + level.z_low[0] * value[4];
    if (s.z == l.nz - 1) f = f + level.z_high[s.z] * value[5];
    level.f[l.index(s.x, s.y, s.z)] = f;
  }
  void row(const Row& row) const {
    const SplitLattice& l = level.lattice;
    if (row.y == 0 || row.y == l.ny - 1 || row.z == 0 || row.z == l.nz - 1) {
      for (int x = 0; x < l.nx; ++x) (*this)(l.box().voxel(x, row.y, row.z));
      return;
    }
    (*this)(l.box().voxel(0, row.y, row.z));
    if (l.nx > 1) (*this)(l.box().voxel(l.nx - 1, row.y, row.z));
  }
};

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
      const HalfLine h(lattice, parity, y, z);
      const std::int64_t m0 = first >> 1, at = h.own + m0,
                         at10 = (dy < 0 ? h.y_low : h.y_high) + m0,
                         at01 = (dz < 0 ? h.z_low : h.z_high) + m0,
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

// Interpolates a coarse solution as the start of a finer one.
struct InterpolateField {
  static constexpr const char* name = "diffusion.interpolate";
  static constexpr double bytes = 5;
  SplitLattice lattice;
  SplitLattice coarse_lattice;
  float* c;
  const float* coarse;
  TransferWeights w;
  float floor;

  MV_HD void operator()(const Voxel& s) const {
    const int x = s.x / 2, y = s.y / 2, z = s.z / 2;
    const int dx = (s.x & 1) != 0 ? 1 : -1, dy = (s.y & 1) != 0 ? 1 : -1,
              dz = (s.z & 1) != 0 ? 1 : -1;
    // Coarse voxels beyond the box hold no value: the weights of those inside are scaled to one.
    const int e = lattice.entry(s.x);
    const float xo = w.x_own[e], xn = w.x_other[e], yo = w.y_own[s.y], yn = w.y_other[s.y];
    const float zo = w.z_own[s.z], zn = w.z_other[s.z];
    const auto value = [&](int xx, int yy, int zz) {
      return coarse[coarse_lattice.index(xx, yy, zz)];
    };
    const auto line = [&](int xx) {
      return ((yo * zo) * value(xx, y, z) + (yn * zo) * value(xx, y + dy, z)) +
             ((yo * zn) * value(xx, y, z + dz) + (yn * zn) * value(xx, y + dy, z + dz));
    };
    const float total = ((xo + xn) * (yo + yn)) * (zo + zn);
    const float v = (xo * line(x) + xn * line(x + dx)) / total;
    c[lattice.index(s.x, s.y, s.z)] = at_least(floor, v);
  }
  void row(const Row& row) const {
    const float y_total = w.y_own[row.y] + w.y_other[row.y];
    const float z_total = w.z_own[row.z] + w.z_other[row.z];
    CoarseLine(coarse_lattice, w, row.y, row.z)
        .interpolate(
            lattice, w, row.y, row.z, [this](std::int64_t i) { return coarse[i]; },
            [&](std::int64_t i, int count, const float* MV_RESTRICT own,
                const float* MV_RESTRICT other, const float* near, const float* far) {
              float* MV_RESTRICT out = c + i;
#pragma omp simd
              for (int m = 0; m < count; ++m) {
                const float total = ((own[m] + other[m]) * y_total) * z_total;
                out[m] = at_least(floor, (own[m] * near[m] + other[m] * far[m]) / total);
              }
            });
  }
};

} // namespace metavox
