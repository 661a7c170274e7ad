#include "body/inflammation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "body/body_settings.hpp"
#include "settings/days.hpp"
#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {
namespace {

constexpr double no_time = std::numeric_limits<double>::infinity();
constexpr double longest_series = 300 * days_per_year * minutes_per_day; // that periods come again

void judge_period(const InflammationParameters& p, Judge& judge) {
  if (p.every > 0 && p.every < std::max(minutes_per_day, p.until - p.from))
    judge.complain({"every", "from", "until"},
                   judge.key("every") + " (" + judge.spelt("every") +
                       ") must be 1 day at least, and as long as one period lasts; type " +
                       judge.key("every") + ": 1 year, or leave it out");
}

} // namespace

void describe(Section<InflammationParameters>& s) {
  using P = InflammationParameters;
  s.number(&P::from, "from", "min")
      .between(0, 1e9)
      .example("1 year")
      .means("When it begins: from the beginning of the run on; of body.patients, from when the "
             "primary begins to shed.")
      .from(sources::run_choice);
  s.number(&P::until, "until", "min")
      .between(0, 1e9)
      .example("1.02 years")
      .means("When it ends, on the same clock.")
      .from(sources::run_choice);
  s.number(&P::every, "every", "min")
      .between(0, 1e9)
      .normally("0 day")
      .example("0.5 years")
      .means("It comes again after so long, for 300 years; 0: it comes once.")
      .from(sources::run_choice);
  s.ordered("from", "until");
  s.rule(judge_period);
}

void judge_wound(const BodyParameters& p, Judge& judge) {
  const std::string key = "removal.wound";
  if (!(p.removal.wound > 0)) return;
  if (p.patients > 0 && !p.observer.removes)
    judge.note({key}, judge.key(key) + " has no effect: " + judge.key("observer.removes") +
                          " is false, and no primary is removed");
  else if (p.patients == 0 && !is_planned(p.removal))
    judge.note({key}, judge.key(key) + " has no effect: the primary is not removed; type for "
                                       "example\n  removal: {time: 1 year}");
}

Inflammation::Inflammation(const BodyParameters& body)
    : wound_(body.removal.wound), factor_(body.fate.inflamed_factor) {
  std::vector<Period> all;
  for (const InflammationParameters& p : body.host.inflammation) {
    const int times = p.every > 0 ? static_cast<int>(std::ceil(longest_series / p.every)) : 1;
    for (int k = 0; k < times; ++k) all.push_back({p.from + k * p.every, p.until + k * p.every});
  }
  std::sort(all.begin(), all.end(),
            [](const Period& a, const Period& b) { return a.from < b.from; });
  for (const Period& p : all) {
    if (periods_.empty() || p.from > periods_.back().until)
      periods_.push_back(p);
    else
      periods_.back().until = std::max(periods_.back().until, p.until);
  }
}

// What comes first of what is not over by then, from then on. What else there is in that time adds
// nothing to it, and is found where it lasts longer.
Inflammation::Period Inflammation::next(double time, double removed) const {
  const auto ends_after = [](double t, const Period& p) { return t < p.until; };
  const auto at = std::upper_bound(periods_.begin(), periods_.end(), time, ends_after);
  Period first{no_time, no_time};
  if (at != periods_.end()) first = {std::max(time, at->from), at->until};
  if (removed >= 0 && removed + wound_ > time && std::max(time, removed) < first.from)
    first = {std::max(time, removed), removed + wound_};
  return first;
}

double Inflammation::pace(double from, double until, double removed) const {
  double inflamed = 0;
  for (Period p = next(from, removed); p.from < until; p = next(p.until, removed))
    inflamed += std::min(p.until, until) - p.from;
  return 1 + (factor_ - 1) * (inflamed / (until - from));
}

double Inflammation::shortened(double from, double sleep, double removed) const {
  double less = 0;
  for (Period p = next(from, removed); p.from < from + sleep - less; p = next(p.until, removed)) {
    const double left = from + sleep - less - p.from, lasts = p.until - p.from;
    if (left <= factor_ * lasts) return less + left * (1 - 1 / factor_);
    less += (factor_ - 1) * lasts;
  }
  return less;
}

} // namespace metavox
