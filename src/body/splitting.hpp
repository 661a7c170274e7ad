// The chance of what hardly ever happens, in steps of chances that are not small: courses that
// reach a level are continued from there, others are replaced by copies of those. With n courses to
// each level and k_j of them reaching the j-th, the product of k_j/n is an unbiased estimate of the
// chance to reach the last, and a few repeats tell its error (multilevel splitting with fixed
// effort; Garvels 2000, thesis, Twente).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "body/forced.hpp"

namespace metavox {

struct SplittingResult {
  Estimate chance;
  std::int64_t work = 0; // as the courses count it
};

// A course from `state` until it reaches `level`, or never will: then nothing is returned. Adds
// what it took to `work`. Its draws must follow from `seed`.
template <class State>
using Course = std::function<std::optional<State>(std::uint64_t seed, const State& state,
                                                  std::int64_t level, std::int64_t& work)>;

// Levels in between, such that each is reached from the one before with a chance of 0.2 to 0.4: the
// median of what courses from a level reach, found by trying. `reached` is the largest value that a
// course from a state came to before it ended; courses end at `last`.
struct SplittingPlan {
  std::vector<std::int64_t> levels; // the last one is what is asked for
  int courses = 1000;               // to each level
  int repeats = 8;
};

// Levels from pilot courses: from the level before, that which a share of about 0.3 reaches.
// `highest` tells how high a course from `state` came, up to `last`.
template <class State>
using Highest =
    std::function<std::int64_t(std::uint64_t seed, const State& state, std::int64_t last)>;

std::uint64_t course_seed(std::uint64_t seed, std::uint64_t repeat, std::uint64_t level,
                          std::uint64_t course);

// From highest values of pilots: the level that a share of about 0.3 reaches, above `from`.
std::int64_t level_for(std::vector<std::int64_t> highest, std::int64_t from, std::int64_t last);

template <class State>
SplittingPlan plan_splitting(std::uint64_t seed, const State& start, std::int64_t from,
                             std::int64_t last, int courses, const Course<State>& course,
                             const Highest<State>& highest, std::int64_t& work) {
  SplittingPlan plan;
  plan.courses = courses;
  std::vector<State> states{start};
  while (from < last) {
    const auto n = static_cast<std::uint64_t>(plan.levels.size());
    std::vector<std::int64_t> seen;
    for (std::uint64_t k = 0; k < static_cast<std::uint64_t>(courses); ++k)
      seen.push_back(highest(course_seed(seed, 0xffff, n, k), states[k % states.size()], last));
    const std::int64_t level = level_for(std::move(seen), from, last);
    std::vector<State> reached;
    for (std::uint64_t k = 0; k < static_cast<std::uint64_t>(courses); ++k)
      if (const auto state =
              course(course_seed(seed, 0xfffe, n, k), states[k % states.size()], level, work))
        reached.push_back(*state);
    plan.levels.push_back(level);
    from = level;
    if (reached.empty()) break; // no pilot came as far: the estimate will say so
    states = std::move(reached);
  }
  if (plan.levels.empty() || plan.levels.back() != last) plan.levels.push_back(last);
  return plan;
}

template <class State>
SplittingResult split_courses(std::uint64_t seed, const State& start, const SplittingPlan& plan,
                              const Course<State>& course) {
  SplittingResult result;
  std::vector<double> chances;
  for (int repeat = 0; repeat < plan.repeats; ++repeat) {
    std::vector<State> states{start};
    double chance = 1;
    for (std::size_t level = 0; level < plan.levels.size() && !states.empty(); ++level) {
      std::vector<State> reached;
      for (std::uint64_t k = 0; k < static_cast<std::uint64_t>(plan.courses); ++k)
        if (const auto state =
                course(course_seed(seed, static_cast<std::uint64_t>(repeat), level, k),
                       states[k % states.size()], plan.levels[level], result.work))
          reached.push_back(*state);
      chance *= static_cast<double>(reached.size()) / plan.courses;
      states = std::move(reached);
    }
    chances.push_back(chance);
  }
  result.chance = mean_of(chances);
  return result;
}

} // namespace metavox
