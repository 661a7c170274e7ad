#include "body/forced.hpp"

#include <algorithm>
#include <cmath>

#include "core/counts.hpp"

namespace metavox {

std::vector<Stratum> strata_of(const BodyParameters& body, std::int64_t last) {
  std::vector<Stratum> strata;
  for (const ForceParameters& f : body.force) {
    const auto steps = static_cast<std::int64_t>(std::llround(f.per / body.step));
    for (std::int64_t first = 0; first < last; first += steps)
      strata.push_back({organ_index(body, f.organ), first, steps, f.founders});
  }
  // Those of a longer run come after these.
  std::stable_sort(strata.begin(), strata.end(),
                   [](const Stratum& a, const Stratum& b) { return a.first < b.first; });
  return strata;
}

Forced forced_founder(const std::vector<Stratum>& strata, std::size_t stratum, int i,
                      std::uint64_t seed) {
  const Stratum& s = strata[stratum];
  const auto number = static_cast<std::uint64_t>(stratum) * 10000 + static_cast<std::uint64_t>(i);
  const double u = counts::pair_of({seed, Purpose::forcing, number, 0, 0}, 0).u;
  Forced f;
  f.stratum = static_cast<std::int32_t>(stratum);
  f.organ = s.organ;
  f.step = s.first + static_cast<std::int64_t>(u * static_cast<double>(s.steps));
  f.steps = s.steps;
  f.number = static_cast<std::int64_t>(number);
  return f;
}

Estimate mean_of(const std::vector<double>& values) {
  Estimate e;
  const auto n = static_cast<double>(values.size());
  if (values.empty()) return e;
  for (const double x : values) e.value += x / n;
  if (values.size() < 2) return e;
  double squares = 0;
  for (const double x : values) squares += (x - e.value) * (x - e.value);
  e.error = std::sqrt(squares / (n - 1) / n);
  return e;
}

Estimate estimate_from(const std::vector<Stratum>& strata, const std::vector<Outcome>& outcomes,
                       std::int32_t organ) {
  std::vector<std::vector<double>> values(strata.size());
  for (const Outcome& o : outcomes)
    values[static_cast<std::size_t>(o.stratum)].push_back(o.weight * o.outcome);
  Estimate sum{0, 0};
  double variance = 0;
  bool known = true;
  for (std::size_t s = 0; s < strata.size(); ++s) {
    if (strata[s].organ != organ || values[s].empty()) continue;
    const Estimate one = mean_of(values[s]);
    sum.value += one.value;
    known = known && one.error >= 0;
    variance += one.error * one.error;
  }
  sum.error = known ? std::sqrt(variance) : -1;
  return sum;
}

} // namespace metavox
