// One solver for every diffusing field: geometric multigrid for
//
//   k(x) c + q(x) c / (c + K) - D lap c = f(x)
//
// on a box of cells with a fixed value or no flux on each face. A time step of an implicit Euler scheme is the same
// problem with k + 1/dt and f + c_old/dt. Units: c in the field's unit, k in 1/min, q and f in that unit per minute.
//
// Cell-centred finite volumes on 7 points; V(2,1) cycles of red-black Gauss-Seidel; the full approximation scheme
// (A. Brandt 1977, Math. Comput. 31:333) with the exact root of each voxel's quadratic as smoother, so that
// Michaelis-Menten uptake needs no outer iteration and concentrations cannot become negative. Extents need not be
// powers of two: a coarse cell covers two fine ones, the last one of an odd line covers one, and distances between
// centres follow.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "metavox/core/exact.hpp"
#include "metavox/core/executor.hpp"
#include "metavox/parameters.hpp"

namespace metavox {

// One grid of the hierarchy. Couplings are to the lower and higher neighbour along each axis, 1/min.
struct DiffusionLevel {
  Lattice lattice;
  const float *x_low, *x_high, *y_low, *y_high, *z_low, *z_high;
  float* c; // padded
  float* f;
  float* k;
  float* q;
  float half_saturation;

  MV_HD float diagonal(const Site& s) const {
    return k[s.i] + (((x_low[s.x] + x_high[s.x]) + (y_low[s.y] + y_high[s.y])) +
                     (z_low[s.z] + z_high[s.z]));
  }
};

// The positive c with a c + q c / (c + K) = s. Written without cancellation for either sign of b.
MV_HD inline float uptake_root(float s, float a, float q, float half_saturation) {
  const float supply = s > 0.0f ? s : 0.0f;
  const float b = (supply - a * half_saturation) - q;
  const float product = (supply * half_saturation) * 4.0f;
  const float root = ::sqrtf(b * b + a * product);
  const bool upper = b >= 0.0f;
  const float numerator = upper ? b + root : 0.5f * product;
  const float denominator = upper ? 2.0f * a : root - b;
  return numerator / denominator;
}

// Red-black Gauss-Seidel. Reads 4 arrays, writes 1: 20 bytes per voxel for both colours.
template <bool saturating>
struct SmoothField {
  static constexpr const char* name = saturating ? "diffusion.smooth_uptake" : "diffusion.smooth";
  static constexpr double bytes = saturating ? 20 : 16;
  DiffusionLevel level;

  MV_HD static float root(float s, float a, float q, float half_saturation) {
    if constexpr (saturating) return uptake_root(s, a, q, half_saturation);
    return s / a;
  }
  MV_HD void operator()(int, const Site& s) const {
    const float* c = level.c + s.i;
    const std::int64_t p = level.lattice.pitch(), pp = level.lattice.plane();
    const float xl = level.x_low[s.x], xh = level.x_high[s.x];
    const float yl = level.y_low[s.y], yh = level.y_high[s.y];
    const float zl = level.z_low[s.z], zh = level.z_high[s.z];
    const float n = ((xl * c[-1] + xh * c[1]) + (yl * c[-p] + yh * c[p])) + (zl * c[-pp] + zh * c[pp]);
    const float coupling = ((xl + xh) + (yl + yh)) + (zl + zh);
    level.c[s.i] = root(level.f[s.i] + n, level.k[s.i] + coupling,
                        saturating ? level.q[s.i] : 0.0f, level.half_saturation);
  }
  // Three plain loops over a piece of the line, each of which compilers vectorise: sums for all voxels, roots for those
  // of the colour packed together, and a merge that writes the piece back whole.
  void row(int colour, const Row& r) const {
    constexpr int chunk = 256; // even
    alignas(64) float supply[chunk + 2], diagonal[chunk + 2], fresh[chunk / 2 + 1];
    const std::int64_t p = level.lattice.pitch(), pp = level.lattice.plane();
    const float yl = level.y_low[r.y], yh = level.y_high[r.y];
    const float zl = level.z_low[r.z], zh = level.z_high[r.z];
    const int parity = (r.y + r.z + colour) & 1;
    for (int begin = 0; begin < r.n; begin += chunk) {
      const int n = exact::min_of(chunk, r.n - begin);
      const std::int64_t i = r.i + begin;
      const float* MV_RESTRICT c = level.c + i;
      const float* MV_RESTRICT f = level.f + i;
      const float* MV_RESTRICT k = level.k + i;
      const float* MV_RESTRICT xl = level.x_low + begin;
      const float* MV_RESTRICT xh = level.x_high + begin;
#pragma omp simd
      for (int x = 0; x < n; ++x) {
        supply[x] = f[x] + (((xl[x] * c[x - 1] + xh[x] * c[x + 1]) + (yl * c[x - p] + yh * c[x + p])) +
                            (zl * c[x - pp] + zh * c[x + pp]));
        diagonal[x] = k[x] + (((xl[x] + xh[x]) + (yl + yh)) + (zl + zh));
      }
      const int count = (n - parity + 1) / 2;
      const float* MV_RESTRICT s = supply + parity;
      const float* MV_RESTRICT d = diagonal + parity;
      const float* MV_RESTRICT q = saturating ? level.q + i + parity : nullptr;
#pragma omp simd
      for (int m = 0; m < count; ++m)
        fresh[m] = root(s[2 * m], d[2 * m], saturating ? q[2 * m] : 0.0f, level.half_saturation);
      float* MV_RESTRICT out = level.c + i;
      const int pairs = n / 2;
      if (parity == 0) {
#pragma omp simd
        for (int m = 0; m < pairs; ++m) {
          const float kept = out[2 * m + 1];
          out[2 * m] = fresh[m];
          out[2 * m + 1] = kept;
        }
        if (n % 2 != 0) out[n - 1] = fresh[pairs];
      } else {
#pragma omp simd
        for (int m = 0; m < pairs; ++m) {
          const float kept = out[2 * m];
          out[2 * m] = kept;
          out[2 * m + 1] = fresh[m];
        }
      }
    }
  }
};

// How a fine line maps to a coarse one: the share of each fine cell in its parent, and the weight of the parent in
// linear interpolation (the rest belongs to the parent's neighbour on the fine cell's side).
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

// Coarse right side and first guess: the averages of residual and solution over the children. Returns the largest
// residual, each divided by its voxel's diagonal so that it reads in the field's unit.
template <bool saturating>
struct RestrictResidual {
  static constexpr const char* name =
      saturating ? "diffusion.restrict_uptake" : "diffusion.restrict";
  static constexpr double bytes = (saturating ? 16 : 12) * 8 + 12; // per coarse voxel
  DiffusionLevel fine;
  DiffusionLevel coarse;
  float* guess; // copy of coarse.c, kept to tell what the coarse grid changed
  TransferWeights w;

  MV_HD float residual(const Site& s) const {
    const float* c = fine.c + s.i;
    const std::int64_t p = fine.lattice.pitch(), pp = fine.lattice.plane();
    return defect<saturating>(c[0], c[-1], c[1], c[-p], c[p], c[-pp], c[pp], fine.x_low[s.x],
                              fine.x_high[s.x], fine.y_low[s.y], fine.y_high[s.y], fine.z_low[s.z],
                              fine.z_high[s.z], fine.f[s.i], fine.k[s.i],
                              saturating ? fine.q[s.i] : 0.0f, fine.half_saturation);
  }
  MV_HD float operator()(const Site& s) const {
    float largest = 0.0f, r = 0.0f, c = 0.0f;
    for (int dx = 0; dx < 2; ++dx) {
      const int x = 2 * s.x + dx;
      if (x >= fine.lattice.nx) continue;
      float r_column = 0.0f, c_column = 0.0f;
      for (int dz = 0; dz < 2; ++dz)
        for (int dy = 0; dy < 2; ++dy) {
          const int y = 2 * s.y + dy, z = 2 * s.z + dz;
          if (y >= fine.lattice.ny || z >= fine.lattice.nz) continue;
          const Site child = fine.lattice.site(x, y, z);
          const float value = residual(child);
          const float scaled = value / fine.diagonal(child);
          largest = exact::max_of(largest, scaled < 0.0f ? -scaled : scaled);
          if (!(value == value)) largest = value;
          const float share = w.y_share[y] * w.z_share[z];
          r_column = r_column + share * value;
          c_column = c_column + share * fine.c[child.i];
        }
      r = r + w.x_share[x] * r_column;
      c = c + w.x_share[x] * c_column;
    }
    coarse.c[s.i] = c;
    guess[s.i] = c;
    coarse.f[s.i] = r;
    return largest;
  }
  float row(const Row& row) const {
    constexpr int chunk = 128; // fine cells; even
    float r_column[chunk], c_column[chunk];
    const std::int64_t p = fine.lattice.pitch(), pp = fine.lattice.plane();
    std::uint32_t key = 0;
    for (int begin = 0; begin < fine.lattice.nx; begin += chunk) {
      const int n = exact::min_of(chunk, fine.lattice.nx - begin);
#pragma omp simd
      for (int x = 0; x < n; ++x) {
        r_column[x] = 0.0f;
        c_column[x] = 0.0f;
      }
      for (int z = 2 * row.z; z < exact::min_of(2 * row.z + 2, fine.lattice.nz); ++z)
        for (int y = 2 * row.y; y < exact::min_of(2 * row.y + 2, fine.lattice.ny); ++y) {
          const std::int64_t i = fine.lattice.index(begin, y, z);
          const float share = w.y_share[y] * w.z_share[z];
          const float* c = fine.c + i;
          const float* f = fine.f + i;
          const float* k = fine.k + i;
          const float* q = saturating ? fine.q + i : nullptr;
          const float* xl = fine.x_low + begin;
          const float* xh = fine.x_high + begin;
          const float yl = fine.y_low[y], yh = fine.y_high[y];
          const float zl = fine.z_low[z], zh = fine.z_high[z];
#pragma omp simd reduction(max : key)
          for (int x = 0; x < n; ++x) {
            const float value = defect<saturating>(
                c[x], c[x - 1], c[x + 1], c[x - p], c[x + p], c[x - pp], c[x + pp], xl[x], xh[x], yl,
                yh, zl, zh, f[x], k[x], saturating ? q[x] : 0.0f, fine.half_saturation);
            const float diagonal = k[x] + (((xl[x] + xh[x]) + (yl + yh)) + (zl + zh));
            const std::uint32_t bits =
                exact::bit_cast<std::uint32_t>(value / diagonal) & 0x7fffffffu;
            key = key < bits ? bits : key;
            r_column[x] = r_column[x] + share * value;
            c_column[x] = c_column[x] + share * c[x];
          }
        }
      const float* xs = w.x_share + begin;
      float* c_out = coarse.c + row.i + begin / 2;
      float* g_out = guess + row.i + begin / 2;
      float* f_out = coarse.f + row.i + begin / 2;
      const int pairs = n / 2;
#pragma omp simd
      for (int m = 0; m < pairs; ++m) {
        const float c = (0.0f + xs[2 * m] * c_column[2 * m]) + xs[2 * m + 1] * c_column[2 * m + 1];
        c_out[m] = c;
        g_out[m] = c;
        f_out[m] = (0.0f + xs[2 * m] * r_column[2 * m]) + xs[2 * m + 1] * r_column[2 * m + 1];
      }
      if (n % 2 != 0) {
        const float c = 0.0f + xs[n - 1] * c_column[n - 1];
        c_out[pairs] = c;
        g_out[pairs] = c;
        f_out[pairs] = 0.0f + xs[n - 1] * r_column[n - 1];
      }
    }
    return exact::bit_cast<float>(key);
  }
};

// f <- f + N(c): completes the right side of the full approximation scheme. Ghosts of coarse arrays are zero, which is
// as good as any value: their share appears on both sides of the coarse equation.
template <bool saturating>
struct AddOperator {
  static constexpr const char* name = "diffusion.add_operator";
  static constexpr double bytes = saturating ? 20 : 16;
  DiffusionLevel level;
  MV_HD void operator()(const Site& s) const {
    const float* c = level.c + s.i;
    const std::int64_t p = level.lattice.pitch(), pp = level.lattice.plane();
    const float negative = defect<saturating>(
        c[0], c[-1], c[1], c[-p], c[p], c[-pp], c[pp], level.x_low[s.x], level.x_high[s.x],
        level.y_low[s.y], level.y_high[s.y], level.z_low[s.z], level.z_high[s.z], 0.0f,
        level.k[s.i], saturating ? level.q[s.i] : 0.0f, level.half_saturation);
    level.f[s.i] = level.f[s.i] - negative;
  }
};

// c <- max(0, c + interpolated change of the coarse grid). Returns the largest change.
struct CorrectField {
  static constexpr const char* name = "diffusion.correct";
  static constexpr double bytes = 9;
  Lattice lattice;
  Lattice coarse_lattice;
  float* c;
  const float* coarse;
  const float* guess;
  TransferWeights w;

  MV_HD float change(std::int64_t i) const { return coarse[i] - guess[i]; }
  MV_HD float operator()(const Site& s) const {
    const std::int64_t i = coarse_lattice.index(s.x / 2, s.y / 2, s.z / 2);
    const std::int64_t dx = (s.x & 1) != 0 ? 1 : -1;
    const std::int64_t dy = (s.y & 1) != 0 ? coarse_lattice.pitch() : -coarse_lattice.pitch();
    const std::int64_t dz = (s.z & 1) != 0 ? coarse_lattice.plane() : -coarse_lattice.plane();
    const float w00 = w.y_own[s.y] * w.z_own[s.z], w10 = w.y_other[s.y] * w.z_own[s.z];
    const float w01 = w.y_own[s.y] * w.z_other[s.z], w11 = w.y_other[s.y] * w.z_other[s.z];
    const auto line = [&](std::int64_t j) {
      return (w00 * change(j) + w10 * change(j + dy)) + (w01 * change(j + dz) + w11 * change(j + dy + dz));
    };
    const float d = w.x_own[s.x] * line(i) + w.x_other[s.x] * line(i + dx);
    const float fresh = c[s.i] + d;
    c[s.i] = fresh > 0.0f ? fresh : (fresh == fresh ? 0.0f : fresh);
    return d < 0.0f ? -d : d;
  }
  float row(const Row& row) const {
    constexpr int chunk = 64; // coarse cells
    float line[chunk + 2];
    const int y = row.y, z = row.z;
    const std::int64_t dy = (y & 1) != 0 ? coarse_lattice.pitch() : -coarse_lattice.pitch();
    const std::int64_t dz = (z & 1) != 0 ? coarse_lattice.plane() : -coarse_lattice.plane();
    const float w00 = w.y_own[y] * w.z_own[z], w10 = w.y_other[y] * w.z_own[z];
    const float w01 = w.y_own[y] * w.z_other[z], w11 = w.y_other[y] * w.z_other[z];
    std::uint32_t key = 0;
    const auto apply = [&](float* MV_RESTRICT out, float d) {
      const float fresh = *out + d;
      *out = fresh > 0.0f ? fresh : (fresh == fresh ? 0.0f : fresh);
      const std::uint32_t bits = exact::bit_cast<std::uint32_t>(d) & 0x7fffffffu;
      key = key < bits ? bits : key;
    };
    for (int begin = 0; begin < coarse_lattice.nx; begin += chunk) {
      const int n = exact::min_of(chunk, coarse_lattice.nx - begin);
      const std::int64_t i = coarse_lattice.index(begin, y / 2, z / 2) - 1;
      const float* a = coarse + i;
      const float* b = guess + i;
#pragma omp simd
      for (int m = 0; m < n + 2; ++m)
        line[m] = (w00 * (a[m] - b[m]) + w10 * (a[m + dy] - b[m + dy])) +
                  (w01 * (a[m + dz] - b[m + dz]) + w11 * (a[m + dy + dz] - b[m + dy + dz]));
      float* MV_RESTRICT out = c + row.i + 2 * begin;
      const float* MV_RESTRICT own = w.x_own + 2 * begin;
      const float* MV_RESTRICT other = w.x_other + 2 * begin;
      const int fine_n = exact::min_of(2 * n, lattice.nx - 2 * begin);
      const int pairs = fine_n / 2;
#pragma omp simd reduction(max : key)
      for (int m = 0; m < pairs; ++m) {
        const float d0 = own[2 * m] * line[m + 1] + other[2 * m] * line[m];
        const float d1 = own[2 * m + 1] * line[m + 1] + other[2 * m + 1] * line[m + 2];
        const float c0 = out[2 * m] + d0, c1 = out[2 * m + 1] + d1;
        out[2 * m] = c0 > 0.0f ? c0 : (c0 == c0 ? 0.0f : c0);
        out[2 * m + 1] = c1 > 0.0f ? c1 : (c1 == c1 ? 0.0f : c1);
        const std::uint32_t b0 = exact::bit_cast<std::uint32_t>(d0) & 0x7fffffffu;
        const std::uint32_t b1 = exact::bit_cast<std::uint32_t>(d1) & 0x7fffffffu;
        const std::uint32_t larger = b0 < b1 ? b1 : b0;
        key = key < larger ? larger : key;
      }
      if (fine_n % 2 != 0) {
        const int x = fine_n - 1;
        apply(out + x, own[x] * line[pairs + 1] + other[x] * line[pairs]);
      }
    }
    return exact::bit_cast<float>(key);
  }
};

struct SolveReport {
  int cycles = 0;
  float residual = 0; // largest scaled residual seen in the last cycle, field unit
  float error = 0;    // estimated remaining error, field unit
  bool converged = false;
};

// Thrown with exit code 5 in mind: a number of the run went wrong, and nothing after it can be trusted.
class NumericalError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

struct DiffusionSettings {
  std::string name;
  double diffusivity;          // um^2/min
  double half_saturation = 0;  // field unit; 0: no saturating uptake
  double tolerance;            // field unit
  int max_cycles = 60;
  Faces faces{};
};

// Arrays that a solve needs besides the field itself; fields that are solved one after another share them.
// 12 bytes per field voxel on the finest level and 20/7 on the coarser ones.
class DiffusionScratch {
public:
  DiffusionScratch(const Executor& executor, const Lattice& lattice);
  static std::size_t bytes(const Lattice& lattice);
  float* source() { return levels_.front().f.data(); } // f, padded; fill before a solve
  float* loss() { return levels_.front().k.data(); }   // k
  float* uptake() { return levels_.front().q.data(); } // q
  const Lattice& lattice() const { return levels_.front().lattice; }

private:
  friend class Diffusion;
  struct Level {
    Lattice lattice;
    Buffer<float> c, guess, f, k, q; // c and guess are empty on the finest level
  };
  std::vector<Level> levels_;
};

class Diffusion {
public:
  Diffusion(const Executor& executor, const Lattice& lattice, const DiffusionSettings& settings,
            std::shared_ptr<DiffusionScratch> scratch);

  enum class Start { warm, cold };
  // Solves for `field` (padded; its ghosts are set here). cold: starts from coarse grids (full multigrid) instead of
  // the values in `field`. The scratch's source, loss and uptake must be filled; they are left as they were.
  SolveReport solve(float* field, Start start = Start::warm);
  // The same; throws NumericalError naming the field, and the voxel where a value is not a number, on failure.
  SolveReport solve_or_throw(float* field, Start start = Start::warm);
  // Largest scaled residual of `field`, field unit.
  float residual(float* field);
  void fill_ghosts(float* field) const;
  DiffusionScratch& scratch() { return *scratch_; }
  const DiffusionSettings& settings() const { return settings_; }
  // Runs n cycles without looking at the result, for benchmarks.
  void cycles(float* field, int n);

private:
  struct Axis { // offsets into tables_, per level
    std::size_t low, high, share, own, other;
  };
  DiffusionLevel view(std::size_t level, float* field) const;
  TransferWeights transfer(std::size_t level) const;
  void restrict_coefficients();
  template <bool saturating>
  void cycle(std::size_t level, float* field, float& residual, float& correction);
  template <bool saturating>
  SolveReport solve_as(float* field, Start start);
  template <bool saturating>
  void guess_from_coarse(float* field);

  Executor executor_;
  DiffusionSettings settings_;
  std::shared_ptr<DiffusionScratch> scratch_;
  std::vector<std::array<Axis, 3>> axes_;
  std::size_t depth_ = 1; // levels in use: fewer when diffusion over a coarse cell is slower than decay
  Buffer<float> tables_;
};

} // namespace metavox
