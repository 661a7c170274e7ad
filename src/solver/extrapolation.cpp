#include "solver/extrapolation.hpp"

#include <algorithm>
#include <utility>

#include "core/exact.hpp"
#include "core/launch.hpp"
#include "core/normal_equations.hpp"

namespace metavox {
namespace {

struct TakeTurn {
  static constexpr const char* name = "extrapolation.take";
  static constexpr double bytes = 52;
  const double *used, *met;
  double* last;
  float* lack;
  float *difference, *step;
  float* size;
  bool first; // there is nothing to compare with
  MV_HD void operator()(std::int64_t n) const {
    const double now = met[n] - used[n];
    if (!first) {
      difference[n] = static_cast<float>(now - static_cast<double>(lack[n]));
      step[n] = static_cast<float>(met[n] - last[n]);
    }
    lack[n] = static_cast<float>(now);
    last[n] = met[n];
    size[n] = static_cast<float>(now < 0.0 ? -now : now);
  }
};

struct LargestLack {
  static constexpr const char* name = "extrapolation.largest";
  static constexpr double bytes = 4;
  const float* size;
  MV_HD float operator()(const Voxel& s) const { return size[s.x]; }
};

// Scalar products of all differences and the lack with each difference, as whole numbers: entry
// (i, j) of a triangle, row by row, the last row being the lack's.
struct MultiplyTurns {
  static constexpr const char* name = "extrapolation.multiply";
  static constexpr double bytes = 4 + 4 * Extrapolation::depth;
  static constexpr int depth = Extrapolation::depth;
  static constexpr int bins = depth * (depth + 1) / 2 + depth;
  const float* lack;
  const float* difference[depth];
  double scale[depth + 1]; // that bring entries below 1; the last for the lack
  double whole;            // how many units 1 is
  int columns;
  MV_HD void operator()(const Voxel& s, std::int64_t* sums) const {
    double d[depth];
    for (int i = 0; i < columns; ++i) d[i] = static_cast<double>(difference[i][s.x]) * scale[i];
    const double rest = static_cast<double>(lack[s.x]) * scale[depth];
    int bin = 0;
    for (int i = 0; i < columns; ++i)
      for (int j = 0; j <= i; ++j) sums[bin++] += static_cast<std::int64_t>(d[i] * d[j] * whole);
    for (int j = 0; j < columns; ++j) sums[bin++] += static_cast<std::int64_t>(rest * d[j] * whole);
  }
};

struct GoOn {
  static constexpr const char* name = "extrapolation.go_on";
  static constexpr double bytes = 16 + 4 * Extrapolation::depth;
  static constexpr int depth = Extrapolation::depth;
  const double* met;
  const float* step[depth];
  double weight[depth];
  int columns;
  double* used;
  MV_HD void operator()(std::int64_t n) const {
    double next = met[n];
    for (int i = 0; i < columns; ++i) next -= weight[i] * static_cast<double>(step[i][n]);
    used[n] = exact::max_of(next, 0.0);
  }
};

// Differences that nearly repeat each other are not told apart beyond this.
constexpr double damping = 1e-2;

} // namespace

void Extrapolation::begin(std::int64_t n, Loan& loan) {
  met_.place(executor_, doubles_for(n), loan);
  n_ = n;
  begin();
}

void Extrapolation::begin() {
  turns_ = 0;
  largest_.clear();
}

float Extrapolation::take(const double* used, const double* met, float* size) {
  turns_ += 1;
  executor_.for_each_index(n_, TakeTurn{used, met, met_.data(), lack(), difference(turns_),
                                        step(turns_), size, turns_ == 1});
  const Lattice row{static_cast<int>(n_), 1, 1, 1};
  largest_.push_back(executor_.max_over(row, LargestLack{size}));
  return largest_.back();
}

// Of the steps of the last turns, newest first, as solve_normal_equations() has them.
std::vector<double> Extrapolation::weights() {
  MultiplyTurns multiply{lack(), {}, {}, 1.0, columns()};
  const auto m = static_cast<std::size_t>(columns());
  // A little above what floats round down.
  const auto bound = [&](std::size_t back) {
    return 1.0001 * static_cast<double>(largest_[largest_.size() - 1 - back]);
  };
  const auto scale = [](double most) { return most > 0.0 ? 1.0 / most : 0.0; };
  for (std::size_t i = 0; i < m; ++i) multiply.scale[i] = scale(bound(i) + bound(i + 1));
  multiply.scale[depth] = scale(bound(0));
  for (int i = 0; i < depth; ++i) multiply.difference[i] = difference(turns_ + depth - i);
  // Sums stay below 2^62.
  multiply.whole = 0x1p62;
  for (std::int64_t entries = 1; entries < n_; entries *= 2) multiply.whole *= 0.5;
  const Lattice row{static_cast<int>(n_), 1, 1, 1};
  const auto sums = executor_.tally_over(row, multiply);
  std::vector<double> g(m * m), y(m);
  std::size_t bin = 0;
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j <= i; ++j) g[i * m + j] = static_cast<double>(sums[bin++]);
  for (std::size_t i = 0; i < m; ++i) {
    y[i] = static_cast<double>(sums[bin++]);
    g[i * m + i] *= 1.0 + damping;
  }
  std::vector<double> weight = solve_normal_equations(std::move(g), std::move(y));
  // Back from scaled differences.
  for (std::size_t i = 0; i < m; ++i) weight[i] *= multiply.scale[i] * bound(0);
  return weight;
}

void Extrapolation::go_on(double* used, const double* met) {
  GoOn next{met, {}, {}, columns(), used};
  for (int i = 0; i < depth; ++i) next.step[i] = step(turns_ + depth - i);
  if (next.columns > 0) {
    const std::vector<double> weight = weights();
    std::copy(weight.begin(), weight.end(), next.weight);
  }
  executor_.for_each_index(n_, next);
}

} // namespace metavox
