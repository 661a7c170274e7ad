// The value of a setting with which something measured comes out as wanted. Measuring takes a run
// and scatters, so as few are made as will do.
#pragma once

#include <functional>
#include <stdexcept>
#include <vector>

namespace metavox {

struct Tried {
  double value, measured;
};

// All above 0: values are compared by their ratios.
struct Aim {
  double wanted;    // above 0
  double tolerance; // 0.02: within 2 % of it
  double low, high; // the range of values
  double first;     // to begin with
  // What is measured goes about as value^power, hereabouts; its sign must be right.
  double power;
  int most = 25; // measurements
};

struct Answer {
  Tried best;
  double power; // as it was measured around there
  std::vector<Tried> tried;
};

// No value in the range will do; `nearest` is the end of the range on the side of what is wanted.
struct OutOfReach : std::runtime_error {
  explicit OutOfReach(Tried end) : std::runtime_error("out of reach"), nearest(end) {}
  Tried nearest;
};

// By secants on the logarithms, inside a bracket as soon as there is one; a measurement of 0 or
// less (what shrinks instead of growing) counts as too little by any factor. Throws OutOfReach, and
// NumericalError where measurements scatter too much to settle on a value.
Answer find_value(const std::function<double(double)>& measure, const Aim& aim);

// The value with which `measured`, got with `value`, would have been what was wanted. Throws
// NumericalError where it is 0 or less.
double corrected(const Tried& tried, double wanted, double power);

} // namespace metavox
