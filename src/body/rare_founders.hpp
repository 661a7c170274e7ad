// What chance a forced founder has to be established, by splitting: where hardly any is, one course
// tells nothing. For founders that stand aside, as lesions that act on one another cannot be copied
// one by one.
#pragma once

#include <cstdint>

#include "body/body.hpp"
#include "body/splitting.hpp"

namespace metavox {

// Of a founder that comes in step `founded`, asleep or not as drawn, into an organ that it has for
// itself, the chance to have body.established cells by step `last`. `courses` to each level; the
// number of repeats gives the error. Draws follow from `seed`.
SplittingResult chance_of_establishment(const BodyPlan& plan, std::int32_t organ,
                                        std::int64_t founded, std::int64_t last, int courses,
                                        int repeats, std::uint64_t seed);

} // namespace metavox
