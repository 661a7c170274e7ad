// Apparent viscosity of blood.
#pragma once

#include <cmath>

#include "core/exact.hpp"

namespace metavox::flow {

inline constexpr double smallest_diameter = 2.0;    // um: the measured laws are not used below it
inline constexpr double largest_haematocrit = 0.95; // what packed red cells reach

// Apparent viscosity relative to plasma as a function of haematocrit: wall (1 + slope l f(exponent
// l)), where l = ln(1 - H) and f(y) = (e^y - 1) / y, which also holds where the exponent C of the
// law passes through 0.
struct Rheology {
  double wall, slope, exponent;
};

inline double growth(double y) { // (e^y - 1) / y, without a branch: rows of it become vector code
  double sum = 1.0 / 362880;     // Taylor series: the rest is below 1e-15
  sum = sum * y + 1.0 / 40320;
  sum = sum * y + 1.0 / 5040;
  sum = sum * y + 1.0 / 720;
  sum = sum * y + 1.0 / 120;
  sum = sum * y + 1.0 / 24;
  sum = sum * y + 1.0 / 6;
  sum = sum * y + 0.5;
  sum = sum * y + 1.0;
  const double quotient = (exact::exp(y) - 1.0) / y;
  return std::fabs(y) > 0.1 ? quotient : sum;
}

// In vivo law of A. Pries et al. 1994, Circ. Res. 75:904; diameter in um.
inline Rheology rheology(double diameter) {
  const double d = exact::max_of(diameter, smallest_diameter);
  const double at_45 =
      6.0 * exact::exp(-0.085 * d) + 3.2 - 2.44 * exact::exp(-0.06 * exact::pow(d, 0.645));
  const double d2 = d * d, d4 = d2 * d2;
  const double share = 1.0 / (1.0 + 1e-11 * (d4 * d4 * d4));
  const double exponent = (0.8 + exact::exp(-0.075 * d)) * (share - 1.0) + share;
  const double ratio = d / (d - 1.1);
  const double wall = ratio * ratio;
  const double log_55 = exact::log(0.55);
  return {wall, (at_45 - 1.0) * wall / (log_55 * growth(exponent * log_55)), exponent};
}

inline double log_plasma(double haematocrit) { return exact::log(1.0 - haematocrit); }

inline double relative(const Rheology& r, double log_plasma_share) {
  return r.wall * (1.0 + r.slope * log_plasma_share * growth(r.exponent * log_plasma_share));
}

} // namespace metavox::flow
