// A time step as BioFVM takes it, written from the paper (Ghaffarizadeh et al. 2016, Bioinformatics
// 32:1256): cells' uptake implicitly, then diffusion and decay direction by direction, each an
// implicit step with a third of the decay, solved along every line by forward elimination and back
// substitution with factors computed beforehand. Double precision. Face values enter through half a
// voxel as for the other solvers.
#pragma once

#include "problem.hpp"

namespace compare {

class LodStep {
public:
  LodStep(const Problem& p, double dt) : p_(p), c_(p.voxels(), p.face) {
    const int n = p.n;
    const double r = dt * p.coupling(), decay = 1 + dt * p.outside / 3;
    r_ = r;
    source_ = 2 * r * p.face;
    inverse_.resize(static_cast<std::size_t>(n));
    upper_.resize(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) {
      const double diagonal = decay + r * ((i == 0 || i == n - 1) ? 3 : 2);
      const double below = i > 0 ? r * upper_[static_cast<std::size_t>(i - 1)] : 0;
      inverse_[static_cast<std::size_t>(i)] = 1 / (diagonal - below);
      upper_[static_cast<std::size_t>(i)] = r * inverse_[static_cast<std::size_t>(i)];
    }
    // Cells are listed, as they are there: voxels of the sphere.
    for (int z = 0; z < n; ++z)
      for (int y = 0; y < n; ++y)
        for (int x = 0; x < n; ++x)
          if (p.in_sphere(x, y, z)) cells_.push_back(p.index(x, y, z));
    uptake_ = 1 / (1 + dt * (p.inside - p.outside));
  }

  // Line after line, as published.
  void step_by_line() {
    take_up();
    const int n = p_.n;
    const auto sy = static_cast<std::size_t>(n), sz = sy * sy;
    for (int axis = 0; axis < 3; ++axis) {
      const std::size_t stride = axis == 0 ? 1 : axis == 1 ? sy : sz;
      const std::size_t inner = axis == 0 ? sy : 1, outer = axis == 2 ? sy : sz;
#pragma omp parallel for schedule(static)
      for (int a = 0; a < n; ++a)
        for (int b = 0; b < n; ++b)
          solve_line(c_.data() + static_cast<std::size_t>(a) * outer +
                         static_cast<std::size_t>(b) * inner,
                     stride);
    }
  }

  // The same arithmetic, ordered for caches and vectors: x and y plane by plane, z in sheets, lines
  // side by side.
  void step_in_blocks() {
    take_up();
    const int n = p_.n;
    const auto sy = static_cast<std::size_t>(n), sz = sy * sy;
#pragma omp parallel for schedule(static)
    for (int z = 0; z < n; ++z) {
      double* plane = c_.data() + static_cast<std::size_t>(z) * sz;
      int y = 0;
      for (; y + lanes <= n; y += lanes) solve_lanes(plane + static_cast<std::size_t>(y) * sy, sy);
      for (; y < n; ++y) solve_line(plane + static_cast<std::size_t>(y) * sy, 1);
      solve_sheet(plane, sy);
    }
#pragma omp parallel for schedule(static)
    for (int y = 0; y < n; ++y) solve_sheet(c_.data() + static_cast<std::size_t>(y) * sy, sz);
  }

  const std::vector<double>& field() const { return c_; }

private:
  static constexpr int lanes = 8;

  void take_up() {
    const auto count = static_cast<std::ptrdiff_t>(cells_.size());
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) c_[cells_[static_cast<std::size_t>(i)]] *= uptake_;
  }
  void solve_line(double* c, std::size_t stride) const {
    const int n = p_.n;
    double before = 0;
    for (int i = 0; i < n; ++i) {
      double& v = c[static_cast<std::size_t>(i) * stride];
      v = (v + (i == 0 || i == n - 1 ? source_ : 0) + r_ * before) *
          inverse_[static_cast<std::size_t>(i)];
      before = v;
    }
    for (int i = n - 2; i >= 0; --i) {
      double& v = c[static_cast<std::size_t>(i) * stride];
      v += upper_[static_cast<std::size_t>(i)] * before;
      before = v;
    }
  }
  // Lines along x that lie side by side.
  void solve_lanes(double* c, std::size_t next) const {
    const int n = p_.n;
    double before[lanes] = {};
    for (int i = 0; i < n; ++i) {
      const double add = i == 0 || i == n - 1 ? source_ : 0,
                   inverse = inverse_[static_cast<std::size_t>(i)];
      for (int lane = 0; lane < lanes; ++lane) {
        double& v = c[static_cast<std::size_t>(lane) * next + static_cast<std::size_t>(i)];
        before[lane] = v = (v + add + r_ * before[lane]) * inverse;
      }
    }
    for (int i = n - 2; i >= 0; --i) {
      const double upper = upper_[static_cast<std::size_t>(i)];
      for (int lane = 0; lane < lanes; ++lane) {
        double& v = c[static_cast<std::size_t>(lane) * next + static_cast<std::size_t>(i)];
        before[lane] = v = v + upper * before[lane];
      }
    }
  }
  // All lines across the rows of a sheet at once; rows are contiguous, `next` apart.
  void solve_sheet(double* c, std::size_t next) const {
    const int n = p_.n;
    for (int i = 0; i < n; ++i) {
      double* row = c + static_cast<std::size_t>(i) * next;
      const double* before = i > 0 ? row - next : row;
      const double add = i == 0 || i == n - 1 ? source_ : 0,
                   inverse = inverse_[static_cast<std::size_t>(i)];
      const double r = i > 0 ? r_ : 0;
#pragma omp simd
      for (int x = 0; x < n; ++x) row[x] = (row[x] + add + r * before[x]) * inverse;
    }
    for (int i = n - 2; i >= 0; --i) {
      double* row = c + static_cast<std::size_t>(i) * next;
      const double* after = row + next;
      const double upper = upper_[static_cast<std::size_t>(i)];
#pragma omp simd
      for (int x = 0; x < n; ++x) row[x] += upper * after[x];
    }
  }

  Problem p_;
  std::vector<double> c_;
  double r_ = 0, source_ = 0, uptake_ = 0;
  std::vector<double> inverse_, upper_;
  std::vector<std::size_t> cells_;
};

} // namespace compare
