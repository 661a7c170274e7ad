// Elementary functions that give the same bits on every compiler, instruction set and device.
//
// They use only + - * /, sqrt and integer operations, which IEEE 754 rounds in one way, and are
// compiled without contraction. Libraries' exp, log and sin differ from each other in the last bit.
// Accuracy: exp 1.1 ulp, log 2 ulp (double); expf 2 ulp; sin and cos (double) 1e-15 for |x| < 1e5.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "core/host_device.hpp"

namespace metavox::exact {

template <class To, class From>
MV_HD inline To bit_cast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

template <class T>
MV_HD constexpr T min_of(T a, T b) {
  return b < a ? b : a;
}
template <class T>
MV_HD constexpr T max_of(T a, T b) {
  return a < b ? b : a;
}
template <class T>
MV_HD constexpr T clamp(T v, T low, T high) {
  return v < low ? low : (high < v ? high : v);
}

// e^x. Reduction x = k ln2 + r, |r| <= ln2/2, then a Taylor polynomial: at degree 13 its remainder
// is below 1 ulp.
MV_HD inline double exp(double x) {
  const bool vanishes = x < -708.0;
  if (x > 709.0) x = 709.0;
  // Near 1.5 * 2^52 doubles are the integers, and the last bits of such a double are those of its
  // integer: no branch and no conversion, so that rows of this become vector code.
  const double k_rounded = x * 1.4426950408889634 + 6755399441055744.0;
  const double k = k_rounded - 6755399441055744.0;
  const double r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
  double p = 1.6059043836821613e-10;
  p = p * r + 2.0876756987868099e-09;
  p = p * r + 2.5052108385441720e-08;
  p = p * r + 2.7557319223985893e-07;
  p = p * r + 2.7557319223985888e-06;
  p = p * r + 2.4801587301587302e-05;
  p = p * r + 1.9841269841269841e-04;
  p = p * r + 1.3888888888888889e-03;
  p = p * r + 8.3333333333333332e-03;
  p = p * r + 4.1666666666666664e-02;
  p = p * r + 1.6666666666666666e-01;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const double power = bit_cast<double>((bit_cast<std::uint64_t>(k_rounded) + 1023) << 52);
  return vanishes ? 0.0 : p * power;
}

// ln x for normal positive x; x <= 0 gives -745 so that exp(log(x)) vanishes.
MV_HD inline double log(double x) {
  const auto bits = bit_cast<std::uint64_t>(x);
  double m = bit_cast<double>((bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL);
  double k = bit_cast<double>((bits >> 52) | 0x4330000000000000ULL) - (4503599627370496.0 + 1023.0);
  const bool upper = m > 1.4142135623730951;
  m = upper ? m * 0.5 : m;
  k = upper ? k + 1.0 : k;
  // ln m = 2 atanh(s), s = (m-1)/(m+1), |s| < 0.172: the odd series to s^21 ends below 1 ulp.
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  double p = 1.0 / 21.0;
  p = p * z + 1.0 / 19.0;
  p = p * z + 1.0 / 17.0;
  p = p * z + 1.0 / 15.0;
  p = p * z + 1.0 / 13.0;
  p = p * z + 1.0 / 11.0;
  p = p * z + 1.0 / 9.0;
  p = p * z + 1.0 / 7.0;
  p = p * z + 1.0 / 5.0;
  p = p * z + 1.0 / 3.0;
  const double tail = 2.0 * s * z * p;
  const double v =
      k * 6.93147180369123816490e-01 + (2.0 * s + (tail + k * 1.90821492927058770002e-10));
  return x > 0.0 ? v : -745.0;
}

// ln(1 - x) for 0 <= x <= 1/2, to the last bits of x: 2 atanh(x / (x - 2)).
MV_HD inline double log1m(double x) {
  const double s = x / (2.0 - x);
  const double z = s * s; // at most 1/9: the series to s^39 ends below 1 ulp
  double p = 1.0 / 39.0;
  for (int odd = 37; odd >= 3; odd -= 2) p = p * z + 1.0 / odd;
  return -2.0 * (s + s * z * p);
}

MV_HD inline double pow(double x, double y) {
  return x > 0.0 ? exact::exp(y * exact::log(x)) : 0.0;
}

// sin(r + quarter * pi/2) for |r| <= pi/4.
MV_HD inline double sin_quarter(double r, std::int64_t quarter) {
  const double z = r * r;
  double v;
  if ((quarter & 1) == 0) {
    double p = -7.6471637318198165e-13;
    p = p * z + 1.6059043836821613e-10;
    p = p * z - 2.5052108385441720e-08;
    p = p * z + 2.7557319223985893e-06;
    p = p * z - 1.9841269841269841e-04;
    p = p * z + 8.3333333333333332e-03;
    p = p * z - 1.6666666666666666e-01;
    v = r + r * z * p;
  } else {
    double p = 4.7794773323873853e-14;
    p = p * z - 1.1470745597729725e-11;
    p = p * z + 2.0876756987868099e-09;
    p = p * z - 2.7557319223985888e-07;
    p = p * z + 2.4801587301587302e-05;
    p = p * z - 1.3888888888888889e-03;
    p = p * z + 4.1666666666666664e-02;
    v = 1.0 - 0.5 * z + z * z * p;
  }
  return (quarter & 2) == 0 ? v : -v;
}

MV_HD inline double reduce_quarter(double x, std::int64_t& quarter) {
  const double k_rounded = x * 0.63661977236758134 + 6755399441055744.0;
  const double k = k_rounded - 6755399441055744.0;
  quarter = static_cast<std::int64_t>(k);
  return ((x - k * 1.57079632673412561417e+00) - k * 6.07710050630396597660e-11) -
         k * 2.02226624879595063154e-21;
}

MV_HD inline double sin(double x) {
  std::int64_t quarter;
  const double r = reduce_quarter(x, quarter);
  return sin_quarter(r, quarter);
}
MV_HD inline double cos(double x) {
  std::int64_t quarter;
  const double r = reduce_quarter(x, quarter);
  return sin_quarter(r, quarter + 1);
}

// e^x in single precision for x in [-87, 87]; below it is 0. Branch-free, so that rows of it become
// vector code.
MV_HD inline float expf(float x) {
  const bool vanishes = x < -87.0f;
  x = x < -87.0f ? -87.0f : x;
  x = x > 87.0f ? 87.0f : x;
  const float k_rounded = x * 1.44269504f + 12582912.0f;
  const float k = k_rounded - 12582912.0f;
  const float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
  float p = 1.9875691e-4f; // Cephes' minimax coefficients
  p = p * r + 1.3981999e-3f;
  p = p * r + 8.3334519e-3f;
  p = p * r + 4.1665796e-2f;
  p = p * r + 1.6666665e-1f;
  p = p * r + 0.5f;
  p = p * r * r + r + 1.0f;
  const auto bits = static_cast<std::uint32_t>(static_cast<std::int32_t>(k) + 127) << 23;
  const float v = p * bit_cast<float>(bits);
  return vanishes ? 0.0f : v;
}

// Chance that what happens at a constant rate does so within a time, one in units of the other.
MV_HD inline double chance(double rate, double time) { return 1 - exact::exp(-rate * time); }

// Quantile of the standard normal distribution for 0 < u < 1; relative error below 1.2e-9 before
// rounding (P. J. Acklam's rational approximation, 2003).
MV_HD inline double normal_quantile(double u) {
  constexpr double a0 = -3.969683028665376e+01, a1 = 2.209460984245205e+02,
                   a2 = -2.759285104469687e+02, a3 = 1.383577518672690e+02,
                   a4 = -3.066479806614716e+01, a5 = 2.506628277459239e+00;
  constexpr double b0 = -5.447609879822406e+01, b1 = 1.615858368580409e+02,
                   b2 = -1.556989798598866e+02, b3 = 6.680131188771972e+01,
                   b4 = -1.328068155288572e+01;
  constexpr double c0 = -7.784894002430293e-03, c1 = -3.223964580411365e-01,
                   c2 = -2.400758277161838e+00, c3 = -2.549732539343734e+00,
                   c4 = 4.374664141464968e+00, c5 = 2.938163982698783e+00;
  constexpr double d0 = 7.784695709041462e-03, d1 = 3.224671290700398e-01,
                   d2 = 2.445134137142996e+00, d3 = 3.754408661907416e+00;
  constexpr double tail = 0.02425;
  if (u > tail && u < 1.0 - tail) {
    const double q = u - 0.5;
    const double r = q * q;
    return (((((a0 * r + a1) * r + a2) * r + a3) * r + a4) * r + a5) * q /
           (((((b0 * r + b1) * r + b2) * r + b3) * r + b4) * r + 1.0);
  }
  const double v = u < 0.5 ? u : 1.0 - u;
  const double q = ::sqrt(-2.0 * exact::log(v));
  const double z = (((((c0 * q + c1) * q + c2) * q + c3) * q + c4) * q + c5) /
                   ((((d0 * q + d1) * q + d2) * q + d3) * q + 1.0);
  return u < 0.5 ? z : -z;
}

} // namespace metavox::exact
