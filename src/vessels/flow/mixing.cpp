#include "vessels/flow/mixing.hpp"

#include <algorithm>
#include <utility>

#include "core/exact.hpp"
#include "core/normal_equations.hpp"
#include "vessels/flow/pressure_solver.hpp"
#include "vessels/flow/rheology.hpp"

namespace metavox::flow {

void Mixing::remember(const std::vector<double>& used) {
  if (steps_.size() < depth) {
    steps_.emplace_back(used.size());
    differences_.emplace_back(used.size());
  } else {
    std::rotate(steps_.begin(), steps_.begin() + 1, steps_.end());
    std::rotate(differences_.begin(), differences_.begin() + 1, differences_.end());
  }
  for (std::size_t b = 0; b < used.size(); ++b) {
    steps_.back()[b] = used[b] - before_[b];
    differences_.back()[b] = now_[b] - last_[b];
  }
}

// Weights of the earlier differences whose sum comes closest to the present one.
std::vector<double> Mixing::combine() const {
  const std::size_t m = differences_.size(), n = now_.size();
  std::vector<double> g(m * m), y(m);
  for (std::size_t i = 0; i < m; ++i) {
    y[i] = dot(differences_[i], now_, n);
    for (std::size_t j = 0; j <= i; ++j) g[i * m + j] = dot(differences_[i], differences_[j], n);
  }
  return solve_normal_equations(std::move(g), std::move(y));
}

void Mixing::advance(int iteration, double change, const std::vector<double>& found,
                     std::vector<double>& used) {
  const std::size_t n = used.size();
  for (std::size_t b = 0; b < n; ++b) now_[b] = found[b] - used[b];

  if (together_ && (change > 1.5 * last_change_ || iteration - since_ >= longest_try)) {
    together_ = false;
    pause_ *= 2;
    resume_ = iteration + pause_;
    steps_.clear();
    differences_.clear();
  } else if (together_) {
    remember(used);
  } else if (change < small_change && iteration >= resume_) {
    together_ = true;
    since_ = iteration;
  }
  last_change_ = change;

  if (!together_) {
    const double highest = most_ * exact::min_of(1.0, long_run / iteration);
#pragma omp parallel for schedule(static) num_threads(team_)
    for (std::size_t b = 0; b < n; ++b) {
      const double ratio = now_[b] / last_[b];
      const double secant = ratio < 1.0 ? 1.0 / (1.0 - ratio) : rise_;
      const double relaxed =
          exact::clamp(relaxation_[b] * exact::clamp(secant, fall, rise_), least_, highest);
      relaxation_[b] = last_[b] != 0 ? relaxed : relaxation_[b];
    }
  }
  last_ = now_;
  before_ = used;
  const std::vector<double> weights = combine();
#pragma omp parallel for schedule(static) num_threads(team_)
  for (std::size_t b = 0; b < n; ++b) {
    double h = used[b], lacking = now_[b];
    for (std::size_t i = 0; i < weights.size(); ++i) {
      h -= weights[i] * steps_[i][b];
      lacking -= weights[i] * differences_[i][b];
    }
    used[b] = exact::clamp(h + relaxation_[b] * lacking, 0.0, largest_haematocrit);
  }
}

} // namespace metavox::flow
