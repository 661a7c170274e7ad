// Founders that are put into a body to see what becomes of lesions that hardly ever come, and what
// they tell of natural ones.
//
// Strata are organs times periods. In each so many founders come, each at a uniform time of the
// period, into a body with its natural founders. One that comes in step t stands for |s| f(t)
// natural ones, |s| the steps of the period and f(t) the founders expected in that step given the
// body before it; with y what became of it, sum over strata of the mean of |s| f y is an unbiased
// estimate of the sum of y over natural founders (Mecke's formula), whatever lesions do to one
// another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "body/body_settings.hpp"

namespace metavox {

struct Stratum {
  std::int32_t organ = 0;
  std::int64_t first = 0, steps = 0; // the period
  int founders = 0;
};

// Of periods that begin before step `last`, in the order of their beginnings.
std::vector<Stratum> strata_of(const BodyParameters& body, std::int64_t last);

// A founder to come.
struct Forced {
  std::int32_t stratum = 0, organ = 0;
  std::int64_t step = 0;   // in which it comes
  std::int64_t steps = 0;  // |s|
  std::int64_t number = 0; // of it, among the forced founders of its body
};

// The i-th founder of a stratum in the body with this seed.
Forced forced_founder(const std::vector<Stratum>& strata, std::size_t stratum, int i,
                      std::uint64_t seed);

// A mean with its standard error; error < 0: there is no telling.
struct Estimate {
  double value = 0, error = -1;
};

// Sum over strata of the mean over founders of weight times outcome; the error from the spread
// within strata.
struct Outcome {
  std::int32_t stratum = 0;
  double weight = 0, outcome = 0;
};
Estimate estimate_from(const std::vector<Stratum>& strata, const std::vector<Outcome>& outcomes,
                       std::int32_t organ);

// Of numbers that are independent.
Estimate mean_of(const std::vector<double>& values);

} // namespace metavox
