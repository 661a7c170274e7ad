#include "metavox/diffusion.hpp"

#include "metavox/core/launch.hpp"

namespace metavox {
namespace {

// A sink much stronger than diffusion (a vessel wall) draws no more than diffusion brings to it; its full strength in
// an average would make the coarse problem far stiffer than the fine one. The fixed point is not affected. The two
// constants were found by trial: lines of vessels 240 um apart then converge by 0.22 a cycle instead of 0.4.
MV_HD inline float damped_sink(float k, float coupling) {
  const float knee = 0.33f * coupling, room = 0.5f * coupling + 1e-30f;
  const float excess = k - knee;
  const float positive = excess > 0.0f ? excess : 0.0f;
  return (k - positive) + positive / (1.0f + positive / room);
}

// Reaction terms of a coarse cell: volume averages of its children's, strong sinks damped.
struct RestrictCoefficients {
  static constexpr const char* name = "diffusion.restrict_coefficients";
  static constexpr double bytes = 8 * 8 + 8;
  DiffusionLevel fine;
  DiffusionLevel coarse;
  TransferWeights w;

  MV_HD void operator()(const Site& s) const {
    float k = 0.0f, q = 0.0f;
    for (int dz = 0; dz < 2; ++dz)
      for (int dy = 0; dy < 2; ++dy)
        for (int dx = 0; dx < 2; ++dx) {
          const int x = 2 * s.x + dx, y = 2 * s.y + dy, z = 2 * s.z + dz;
          if (x >= fine.lattice.nx || y >= fine.lattice.ny || z >= fine.lattice.nz) continue;
          const Site child = fine.lattice.site(x, y, z);
          const float share = (w.x_share[x] * w.y_share[y]) * w.z_share[z];
          const float coupling = fine.diagonal(child) - fine.k[child.i];
          k = k + share * damped_sink(fine.k[child.i], coupling);
          q = q + share * fine.q[child.i];
        }
    coarse.k[s.i] = k;
    coarse.q[s.i] = q;
  }
  void row(const Row& row) const {
    constexpr int chunk = 128; // fine cells; even
    float k_child[chunk], q_child[chunk];
    for (int begin = 0; begin < fine.lattice.nx; begin += chunk) {
      const int n = exact::min_of(chunk, fine.lattice.nx - begin);
      const int pairs = (n + 1) / 2;
      float* k_out = coarse.k + row.i + begin / 2;
      float* q_out = coarse.q + row.i + begin / 2;
      for (int m = 0; m < pairs; ++m) k_out[m] = q_out[m] = 0.0f;
      const float* xl = fine.x_low + begin;
      const float* xh = fine.x_high + begin;
      const float* xs = w.x_share + begin;
      for (int z = 2 * row.z; z < exact::min_of(2 * row.z + 2, fine.lattice.nz); ++z)
        for (int y = 2 * row.y; y < exact::min_of(2 * row.y + 2, fine.lattice.ny); ++y) {
          const std::int64_t i = fine.lattice.index(begin, y, z);
          const float yl = fine.y_low[y], yh = fine.y_high[y], ys = w.y_share[y];
          const float zl = fine.z_low[z], zh = fine.z_high[z], zs = w.z_share[z];
          const float* k = fine.k + i;
          const float* q = fine.q + i;
#pragma omp simd
          for (int x = 0; x < n; ++x) {
            const float diagonal = k[x] + (((xl[x] + xh[x]) + (yl + yh)) + (zl + zh));
            const float share = (xs[x] * ys) * zs;
            k_child[x] = share * damped_sink(k[x], diagonal - k[x]);
            q_child[x] = share * q[x];
          }
#pragma omp simd
          for (int m = 0; m < n / 2; ++m) {
            k_out[m] = (k_out[m] + k_child[2 * m]) + k_child[2 * m + 1];
            q_out[m] = (q_out[m] + q_child[2 * m]) + q_child[2 * m + 1];
          }
          if (n % 2 != 0) {
            k_out[pairs - 1] = k_out[pairs - 1] + k_child[n - 1];
            q_out[pairs - 1] = q_out[pairs - 1] + q_child[n - 1];
          }
        }
    }
  }
};

// Averages the right side and the field for a start from coarse grids.
struct RestrictProblem {
  static constexpr const char* name = "diffusion.restrict_problem";
  static constexpr double bytes = 8 * 8 + 8;
  DiffusionLevel fine;
  DiffusionLevel coarse;
  TransferWeights w;

  MV_HD void operator()(const Site& s) const {
    float f = 0.0f, c = 0.0f;
    for (int dz = 0; dz < 2; ++dz)
      for (int dy = 0; dy < 2; ++dy)
        for (int dx = 0; dx < 2; ++dx) {
          const int x = 2 * s.x + dx, y = 2 * s.y + dy, z = 2 * s.z + dz;
          if (x >= fine.lattice.nx || y >= fine.lattice.ny || z >= fine.lattice.nz) continue;
          const Site child = fine.lattice.site(x, y, z);
          const float share = (w.x_share[x] * w.y_share[y]) * w.z_share[z];
          f = f + share * fine.f[child.i];
          c = c + share * fine.c[child.i];
        }
    coarse.f[s.i] = f;
    coarse.c[s.i] = c;
  }
};

// What a fixed face value adds to the right side of coarse cells, whose ghosts stay zero.
struct AddFaces {
  static constexpr const char* name = "diffusion.add_faces";
  DiffusionLevel level;
  float value[6];
  float sign;
  MV_HD void operator()(const Site& s) const {
    const Lattice& l = level.lattice;
    float f = level.f[s.i];
    if (s.x == 0) f += sign * (level.x_low[0] * value[0]);
    if (s.x == l.nx - 1) f += sign * (level.x_high[s.x] * value[1]);
    if (s.y == 0) f += sign * (level.y_low[0] * value[2]);
    if (s.y == l.ny - 1) f += sign * (level.y_high[s.y] * value[3]);
    if (s.z == 0) f += sign * (level.z_low[0] * value[4]);
    if (s.z == l.nz - 1) f += sign * (level.z_high[s.z] * value[5]);
    level.f[s.i] = f;
  }
};

// Interpolates a coarse solution as the start of a finer one.
struct InterpolateField {
  static constexpr const char* name = "diffusion.interpolate";
  static constexpr double bytes = 5;
  Lattice lattice;
  Lattice coarse_lattice;
  float* c;
  const float* coarse;
  TransferWeights w;

  MV_HD void operator()(const Site& s) const {
    const std::int64_t i = coarse_lattice.index(s.x / 2, s.y / 2, s.z / 2);
    const std::int64_t dx = (s.x & 1) != 0 ? 1 : -1;
    const std::int64_t dy = (s.y & 1) != 0 ? coarse_lattice.pitch() : -coarse_lattice.pitch();
    const std::int64_t dz = (s.z & 1) != 0 ? coarse_lattice.plane() : -coarse_lattice.plane();
    // Beyond the box nothing is known here: the weights of what lies inside are scaled to one.
    const float xo = w.x_own[s.x], xn = w.x_other[s.x], yo = w.y_own[s.y], yn = w.y_other[s.y];
    const float zo = w.z_own[s.z], zn = w.z_other[s.z];
    const auto line = [&](std::int64_t j) {
      return (yo * zo * coarse[j] + yn * zo * coarse[j + dy]) +
             (yo * zn * coarse[j + dz] + yn * zn * coarse[j + dy + dz]);
    };
    const float total = ((xo + xn) * (yo + yn)) * (zo + zn);
    const float v = (xo * line(i) + xn * line(i + dx)) / total;
    c[s.i] = v > 0.0f ? v : 0.0f;
  }
};

// Ghost voxels of one face.
struct FillFace {
  static constexpr const char* name = "diffusion.fill_face";
  Lattice lattice;
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

template <bool saturating>
struct ResidualNorm {
  static constexpr const char* name = "diffusion.residual";
  static constexpr double bytes = saturating ? 16 : 12;
  RestrictResidual<saturating> parts;
  MV_HD float operator()(const Site& s) const {
    const float r = parts.residual(s) / parts.fine.diagonal(s);
    return r < 0.0f ? -r : r;
  }
};

int halved(int n) { return (n + 1) / 2; }

bool smallest(const Lattice& l) { return l.nx <= 1 && l.ny <= 1 && l.nz <= 1; }

} // namespace

DiffusionScratch::DiffusionScratch(const Executor& executor, const Lattice& lattice) {
  Lattice l = lattice;
  while (true) {
    Level level;
    level.lattice = l;
    const std::int64_t n = l.padded();
    if (!levels_.empty()) {
      level.c = Buffer<float>(executor, n);
      level.guess = Buffer<float>(executor, n);
    }
    level.f = Buffer<float>(executor, n);
    level.k = Buffer<float>(executor, n);
    level.q = Buffer<float>(executor, n);
    levels_.push_back(std::move(level));
    if (smallest(l)) break;
    l.nx = halved(l.nx);
    l.ny = halved(l.ny);
    l.nz = halved(l.nz);
  }
}

std::size_t DiffusionScratch::bytes(const Lattice& lattice) {
  Lattice l = lattice;
  auto total = static_cast<std::size_t>(l.padded()) * 12;
  while (!smallest(l)) {
    l.nx = halved(l.nx);
    l.ny = halved(l.ny);
    l.nz = halved(l.nz);
    total += static_cast<std::size_t>(l.padded()) * 20;
  }
  return total;
}

Diffusion::Diffusion(const Executor& executor, const Lattice& lattice,
                     const DiffusionSettings& settings, std::shared_ptr<DiffusionScratch> scratch)
    : executor_(executor), settings_(settings), scratch_(std::move(scratch)) {
  std::vector<float> tables;
  std::array<std::vector<double>, 3> width;
  const int extents[3] = {lattice.nx, lattice.ny, lattice.nz};
  for (int a = 0; a < 3; ++a)
    width[static_cast<std::size_t>(a)].assign(static_cast<std::size_t>(extents[a]),
                                              lattice.spacing);
  const auto append = [&tables](const std::vector<double>& v) {
    const std::size_t offset = tables.size();
    for (const double x : v) tables.push_back(static_cast<float>(x));
    return offset;
  };
  for (std::size_t level = 0; level < scratch_->levels_.size(); ++level) {
    std::array<Axis, 3> axes{};
    for (std::size_t a = 0; a < 3; ++a) {
      const std::vector<double>& w = width[a];
      const std::size_t n = w.size();
      const bool fixed_low = settings.faces[2 * a].kind == FaceKind::fixed;
      const bool fixed_high = settings.faces[2 * a + 1].kind == FaceKind::fixed;
      std::vector<double> low(n), high(n), share(n + 1, 0), own(n + 1, 0), other(n + 1, 0);
      const double d = settings.diffusivity;
      for (std::size_t i = 0; i < n; ++i) {
        low[i] = i > 0 ? d * 2 / ((w[i - 1] + w[i]) * w[i]) : (fixed_low ? 2 * d / (w[i] * w[i]) : 0);
        high[i] = i + 1 < n ? d * 2 / ((w[i] + w[i + 1]) * w[i])
                            : (fixed_high ? 2 * d / (w[i] * w[i]) : 0);
      }
      std::vector<double> coarse((n + 1) / 2);
      for (std::size_t i = 0; i < coarse.size(); ++i)
        coarse[i] = w[2 * i] + (2 * i + 1 < n ? w[2 * i + 1] : 0);
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t parent = i / 2;
        share[i] = w[i] / coarse[parent];
        const bool single = 2 * parent + 1 >= n;
        // Distance between the child's centre and its parent's, towards the neighbour on the child's side.
        const double offset = single ? 0 : (coarse[parent] - w[i]) / 2;
        const bool upper = (i & 1) != 0;
        const bool edge = upper ? parent + 1 >= coarse.size() : parent == 0;
        if (edge) {
          const bool fixed = upper ? fixed_high : fixed_low;
          own[i] = fixed ? 1 - offset / (coarse[parent] / 2) : 1;
        } else {
          const double gap = (coarse[parent] + coarse[upper ? parent + 1 : parent - 1]) / 2;
          other[i] = offset / gap;
          own[i] = 1 - other[i];
        }
      }
      axes[a] = {append(low), append(high), append(share), append(own), append(other)};
      width[a] = coarse;
    }
    axes_.push_back(axes);
  }
  // Where a coarse cell decays faster than it exchanges, coarse grids have nothing to say; the largest k a caller could
  // mean is not known here, so cycle() decides from min_loss.
  depth_ = scratch_->levels_.size();
  tables_ = Buffer<float>(executor_, static_cast<std::int64_t>(tables.size()));
  tables_.upload(tables.data());
}

DiffusionLevel Diffusion::view(std::size_t level, float* field) const {
  DiffusionScratch::Level& l = scratch_->levels_[level];
  const auto table = [&](std::size_t offset) { return tables_.data() + offset; };
  const std::array<Axis, 3>& a = axes_[level];
  return {l.lattice,
          table(a[0].low),
          table(a[0].high),
          table(a[1].low),
          table(a[1].high),
          table(a[2].low),
          table(a[2].high),
          level == 0 ? field : l.c.data(),
          l.f.data(),
          l.k.data(),
          l.q.data(),
          static_cast<float>(settings_.half_saturation)};
}

TransferWeights Diffusion::transfer(std::size_t level) const {
  const auto table = [&](std::size_t offset) { return tables_.data() + offset; };
  const std::array<Axis, 3>& a = axes_[level];
  return {table(a[0].share), table(a[1].share), table(a[2].share), table(a[0].own),
          table(a[1].own),   table(a[2].own),   table(a[0].other), table(a[1].other),
          table(a[2].other)};
}

void Diffusion::fill_ghosts(float* field) const {
  const Lattice& l = scratch_->lattice();
  const int n[3] = {l.nx, l.ny, l.nz};
  for (int axis = 0; axis < 3; ++axis)
    for (int side = 0; side < 2; ++side) {
      const Face& face = settings_.faces[static_cast<std::size_t>(2 * axis + side)];
      const float value = face.kind == FaceKind::fixed ? static_cast<float>(face.value) : 0.0f;
      executor_.for_each_index(l.voxels() / n[axis],
                               FillFace{l, field, axis, side == 0 ? -1 : n[axis], value});
    }
}

void Diffusion::restrict_coefficients() {
  for (std::size_t level = 0; level + 1 < depth_; ++level)
    executor_.for_each_site(
        scratch_->levels_[level + 1].lattice,
        RestrictCoefficients{view(level, nullptr), view(level + 1, nullptr), transfer(level)});
}

template <bool saturating>
void Diffusion::cycle(std::size_t level, float* field, float& residual, float& correction) {
  const DiffusionLevel here = view(level, field);
  const SmoothField<saturating> smooth{here};
  if (level + 1 == depth_) {
    const int sweeps = smallest(here.lattice) ? 1 : 8;
    for (int n = 0; n < sweeps; ++n) executor_.for_each_colour(here.lattice, smooth);
    residual = correction = 0.0f;
    return;
  }
  executor_.for_each_colour(here.lattice, smooth);
  executor_.for_each_colour(here.lattice, smooth);
  const DiffusionLevel coarse = view(level + 1, nullptr);
  float* guess = scratch_->levels_[level + 1].guess.data();
  residual = executor_.max_over(
      coarse.lattice, RestrictResidual<saturating>{here, coarse, guess, transfer(level)});
  executor_.for_each_site(coarse.lattice, AddOperator<saturating>{coarse});
  float coarse_residual, coarse_correction;
  cycle<saturating>(level + 1, nullptr, coarse_residual, coarse_correction);
  correction = executor_.max_over(here.lattice, CorrectField{here.lattice, coarse.lattice, here.c,
                                                             coarse.c, guess, transfer(level)});
  executor_.for_each_colour(here.lattice, smooth);
}

template <bool saturating>
void Diffusion::guess_from_coarse(float* field) {
  AddFaces faces{};
  for (std::size_t a = 0; a < 6; ++a)
    faces.value[a] = settings_.faces[a].kind == FaceKind::fixed
                         ? static_cast<float>(settings_.faces[a].value)
                         : 0.0f;
  for (std::size_t level = 0; level + 1 < depth_; ++level) {
    const DiffusionLevel fine = view(level, field), coarse = view(level + 1, nullptr);
    executor_.for_each_site(coarse.lattice, RestrictProblem{fine, coarse, transfer(level)});
  }
  // Fixed faces enter every coarse right side once; the averages above carry those of f only.
  for (std::size_t level = 1; level < depth_; ++level) {
    faces.level = view(level, nullptr);
    faces.sign = 1.0f;
    executor_.for_each_site(faces.level.lattice, faces);
  }
  for (std::size_t level = depth_ - 1; level > 0; --level) {
    float residual, correction;
    cycle<saturating>(level, nullptr, residual, correction);
    const DiffusionLevel fine = view(level - 1, field), coarse = view(level, nullptr);
    executor_.for_each_site(fine.lattice, InterpolateField{fine.lattice, coarse.lattice, fine.c,
                                                           coarse.c, transfer(level - 1)});
  }
}

template <bool saturating>
SolveReport Diffusion::solve_as(float* field, Start start) {
  fill_ghosts(field);
  restrict_coefficients();
  if (start == Start::cold) guess_from_coarse<saturating>(field);
  SolveReport report;
  float before = -1.0f;
  while (report.cycles < settings_.max_cycles) {
    float residual = 0, correction = 0;
    cycle<saturating>(0, field, residual, correction);
    report.cycles += 1;
    report.residual = residual;
    if (!(correction < 1e30f) || !(residual < 1e30f)) break;
    // What a cycle changed tells the error it found; the ratio of two changes tells how much of it stays.
    const float change = correction + residual;
    const float ratio = before > 0.0f ? exact::clamp(change / before, 0.25f, 0.9f) : 0.25f;
    report.error = change * ratio / (1.0f - ratio);
    before = change;
    if (report.error <= static_cast<float>(settings_.tolerance)) {
      report.converged = true;
      break;
    }
  }
  return report;
}

SolveReport Diffusion::solve(float* field, Start start) {
  return settings_.half_saturation > 0 ? solve_as<true>(field, start)
                                       : solve_as<false>(field, start);
}

SolveReport Diffusion::solve_or_throw(float* field, Start start) {
  const SolveReport report = solve(field, start);
  if (report.converged) return report;
  const Lattice& l = scratch_->lattice();
  std::vector<float> host(static_cast<std::size_t>(l.padded()));
  executor_.copy_out(host.data(), field, host.size() * sizeof(float));
  for (int z = 0; z < l.nz; ++z)
    for (int y = 0; y < l.ny; ++y)
      for (int x = 0; x < l.nx; ++x)
        if (!(std::abs(host[static_cast<std::size_t>(l.index(x, y, z))]) < 1e30f))
          throw NumericalError(settings_.name + " is not a number at voxel (" + std::to_string(x) +
                               ", " + std::to_string(y) + ", " + std::to_string(z) + ")");
  throw NumericalError(settings_.name + " did not converge: after " +
                       std::to_string(report.cycles) + " cycles the error is about " +
                       std::to_string(report.error) + ", the tolerance " +
                       std::to_string(settings_.tolerance) +
                       "; raise fields.max_cycles or " + settings_.name + ".tolerance");
}

void Diffusion::cycles(float* field, int n) {
  fill_ghosts(field);
  restrict_coefficients();
  float residual, correction;
  for (int k = 0; k < n; ++k)
    if (settings_.half_saturation > 0)
      cycle<true>(0, field, residual, correction);
    else
      cycle<false>(0, field, residual, correction);
}

float Diffusion::residual(float* field) {
  fill_ghosts(field);
  const DiffusionLevel fine = view(0, field);
  const Lattice& l = fine.lattice;
  if (settings_.half_saturation > 0)
    return executor_.max_over(l, ResidualNorm<true>{{fine, fine, nullptr, transfer(0)}});
  return executor_.max_over(l, ResidualNorm<false>{{fine, fine, nullptr, transfer(0)}});
}

} // namespace metavox
