#include "body/cohort_cavity.hpp"

#include <algorithm>

#include "body/afloat.hpp"
#include "body/settling.hpp"
#include "core/exact.hpp"
#include "settings/days.hpp"

namespace metavox {

CohortCavity::CohortCavity(const BodyParameters& body, double step)
    : shed_(body.cavity.enabled ? shed_through_serosa(body.cavity, minutes_per_day) : 0) {
  const Afloat one = afloat(body.cavity, Phenotype::mesenchymal);
  leaving_ = one.leaving() * minutes_per_day;
  attaches_ = one.attaches();
  // Rates from (column) floating and attached, then what shedding adds.
  const DrivenStep chain =
      driven_step({-leaving_, 0, 1, leaving_ * attaches_, 0, 0}, 2, step); // to (row) both
  stays_ = chain.exponential[0];
  attaches_in_step_ = chain.exponential[2];
  begin_ = {chain.begin[0], chain.begin[1]};
  middle_ = {chain.middle[0], chain.middle[1]};
  end_ = {chain.end[0], chain.end[1]};
  const std::vector<double> shares = surfaces_of(body);
  for (std::size_t o = 0; o < shares.size(); ++o)
    if (shares[o] > 0) surfaces_.push_back({o, shares[o]});
}

double CohortCavity::shed(double cells) const { return shed_ * exact::pow(cells, 2.0 / 3); }

void CohortCavity::advance(State& s, double begin, double middle, double end) const {
  s.attached += s.floating * attaches_in_step_ + begin * begin_.attached +
                middle * middle_.attached + end * end_.attached;
  s.floating = s.floating * stays_ + begin * begin_.floating + middle * middle_.floating +
               end * end_.floating;
}

double CohortCavity::attached_in_the_end(const State& s) const {
  return s.attached + s.floating * attaches_;
}

// F a/K (1 - e^-Kt) of F attach within t.
double CohortCavity::days_until(const State& s, double more) const {
  const double share = std::min(more / (s.floating * attaches_), 1 - 1e-15);
  return -exact::log(1 - share) / leaving_;
}

} // namespace metavox
