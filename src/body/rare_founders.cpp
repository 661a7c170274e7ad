#include "body/rare_founders.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/counts.hpp"
#include "core/exact.hpp"

namespace metavox {
namespace {

constexpr std::int64_t really = std::int64_t{1} << 60; // a level: as many cells as are wanted

struct State {
  Lesion lesion;
  std::int64_t step = 0;
  bool drawn = false; // whether it sleeps
};

class Founder {
public:
  Founder(const BodyPlan& plan, const ForcedCourse& course)
      : plan_(plan), capacity_(plan.capacity[static_cast<std::size_t>(course.organ)]),
        last_(course.last), removed_(course.removed) {}

  // How many cells it would come to by the end without further luck: what levels are of. Cells
  // alone would favour those that had much time and have none left.
  std::int64_t height(const State& s) const {
    if (s.lesion.cells <= 0 || s.step > last_) return s.lesion.cells;
    const double times =
        plan_.growth.exponent(s.lesion, room(s)) * static_cast<double>(last_ - s.step);
    const double cells = static_cast<double>(s.lesion.cells) * exact::exp(std::min(times, 40.0));
    return static_cast<std::int64_t>(std::min(cells, 1e15));
  }

  // Until it is as high as `level`, or has `wanted` cells where that is asked for, or died out, or
  // the run is over. `highest` on the way.
  State go(std::uint64_t seed, State s, std::int64_t level, std::int64_t wanted,
           std::int64_t& highest, std::int64_t& work) const {
    if (!s.drawn) {
      s.drawn = true;
      const counts::Pair u = counts::pair_of({seed, Purpose::forcing, 0, 0, 3}, 0);
      const double chance = plan_.stages.waking();
      if (u.u < plan_.body.fate.asleep) {
        const double wait = chance > 0 ? steps_asleep(chance, u.v) : 1e15;
        s.step += static_cast<std::int64_t>(std::min(1 + shorter(s.step, wait), 1e15));
      }
    }
    for (;; ++s.step, ++work) {
      const std::int64_t now = level == really ? s.lesion.cells : height(s);
      highest = std::max(highest, now);
      if (now >= (level == really ? wanted : level) || s.step >= last_ || s.lesion.cells <= 0)
        return s;
      plan_.growth.advance(s.lesion, plan_.growth.exponent(s.lesion, room(s)), 0,
                           static_cast<std::int64_t>(capacity_) - s.lesion.cells, seed,
                           static_cast<std::uint64_t>(s.step));
    }
  }

private:
  // A wait that begins with a step, by inflammation and wound; all in steps.
  double shorter(std::int64_t step, double wait) const {
    if (!plan_.inflammation.ever()) return wait;
    const double dt = plan_.body.step;
    return wait -
           plan_.inflammation.shortened(static_cast<double>(step) * dt, wait * dt, removed_) / dt;
  }
  double room(const State& s) const {
    return std::max(0.0, 1 - static_cast<double>(s.lesion.cells) / capacity_);
  }
  const BodyPlan& plan_;
  double capacity_;
  std::int64_t last_;
  double removed_;
};

} // namespace

// From a half on 1 - chance is exact, and the series of log1m() would end too soon.
double steps_asleep(double chance, double u) {
  return exact::log(u) / (chance <= 0.5 ? exact::log1m(chance) : exact::log(1 - chance));
}

SplittingResult chance_of_establishment(const BodyPlan& plan, const ForcedCourse& forced,
                                        int courses, int repeats, std::uint64_t seed) {
  const Founder founder(plan, forced);
  const auto wanted = static_cast<std::int64_t>(std::ceil(plan.body.established));
  State start;
  start.lesion.organ = forced.organ;
  start.lesion.origin = Origin::forced;
  start.lesion.cells = 1;
  start.step = forced.founded + 1; // it grows from the next step on
  if (wanted <= 1) return {{1, 0}, 0};
  const Course<State> course = [&](std::uint64_t s, const State& state, std::int64_t level,
                                   std::int64_t& work) -> std::optional<State> {
    std::int64_t highest = 0;
    const State end = founder.go(s, state, level, wanted, highest, work);
    const bool there = highest >= (level == really ? wanted : level);
    return there ? std::optional(end) : std::nullopt;
  };
  std::int64_t pilots = 0;
  const Highest<State> highest = [&](std::uint64_t s, const State& state, std::int64_t level) {
    std::int64_t top = 0;
    founder.go(s, state, level, wanted, top, pilots);
    return top;
  };
  SplittingPlan split;
  const std::int64_t begin = founder.height(start);
  if (begin < wanted)
    split = plan_splitting<State>(seed, start, begin, wanted, std::max(50, courses / 4), course,
                                  highest, pilots);
  split.levels.push_back(really);
  split.courses = courses;
  split.repeats = repeats;
  SplittingResult result = split_courses<State>(seed, start, split, course);
  result.work += pilots;
  return result;
}

} // namespace metavox
