// What chance a forced founder has to be established, by splitting: where hardly any is, one course
// tells nothing. For founders that stand aside, as lesions that act on one another cannot be copied
// one by one.
#pragma once

#include <cstdint>

#include "body/body.hpp"
#include "body/splitting.hpp"

namespace metavox {

// A founder that comes in step `founded`, asleep or not as drawn, into an organ that it has for
// itself, and is followed until step `last`.
struct ForcedCourse {
  std::int32_t organ = 0;
  std::int64_t founded = 0, last = 0;
  double removed = -1; // min, when the primary of its body is; -1: it is not
};

// The chance that it has body.established cells by then. `courses` to each level; the number of
// repeats gives the error. Draws follow from `seed`.
SplittingResult chance_of_establishment(const BodyPlan& plan, const ForcedCourse& forced,
                                        int courses, int repeats, std::uint64_t seed);

// Steps that a founder sleeps through whom each step wakes with this chance, 0 < chance <= 1, by a
// number u between 0 and 1: the whole ones among them have the geometric law.
double steps_asleep(double chance, double u);

} // namespace metavox
