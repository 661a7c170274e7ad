// How many of n do it, how many come: binomial and Poisson draws that belong to a name, as all
// draws here do, and not to a generator. The law is exact up to the rounding of doubles, the cost
// the same for ten cells and for 10^12, and the bits the same everywhere: only + - * /, sqrt,
// core/exact.hpp and integers.
//
// Means below 16 by inversion. Above by transformed rejection with squeeze, W. Hoermann: "The
// generation of binomial random variates", J Stat Comput Simul 46:101 (1993), and "The transformed
// rejection method for generating Poisson random variables", Insurance Math Econ 12:39 (1993). What
// a candidate is accepted by is written with Loader's deviances (C. Loader 2000, "Fast and accurate
// computation of binomial probabilities"): factorials of 10^12 as such leave no digits of a ratio.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/exact.hpp"
#include "core/host_device.hpp"
#include "core/random.hpp"

namespace metavox {

// What a count belongs to. `kind` tells draws of one identity and step apart, 0 to 31.
struct CountKey {
  std::uint64_t seed;
  Purpose purpose;
  std::uint64_t identity; // below 2^48
  std::uint64_t step;     // below 2^40
  std::uint32_t kind = 0;
};

namespace counts {

// Two numbers strictly inside (0, 1), multiples of 2^-53.
struct Pair {
  double u, v;
};
MV_HD inline double fine_unit(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = (static_cast<std::uint64_t>(high) << 32 | low) >> 12;
  return (static_cast<double>(bits) + 0.5) * (1.0 / 4503599627370496.0); // 2^-52
}
MV_HD inline Pair pair_of(const CountKey& key, std::uint32_t round) {
  const Draw d = draw(key.seed, key.purpose, key.identity, key.step, 32 * round + key.kind);
  return {fine_unit(d.word[0], d.word[1]), fine_unit(d.word[2], d.word[3])};
}

// ln(n!) less Stirling's formula for it.
MV_HD inline double stirling_error(double n) {
  constexpr double small[16] = {0.0,
                                0.08106146679532726,
                                0.0413406959554093,
                                0.02767792568499834,
                                0.020790672103765093,
                                0.016644691189821193,
                                0.013876128823070748,
                                0.01189670994589177,
                                0.010411265261972096,
                                0.009255462182712733,
                                0.00833056343336287,
                                0.007573675487951841,
                                0.00694284010720953,
                                0.006408994188004207,
                                0.0059513701127588475,
                                0.005554733551962801};
  if (n < 16.0) return small[static_cast<int>(n)];
  const double z = 1.0 / (n * n);
  return (1.0 / 12 + z * (-1.0 / 360 + z * (1.0 / 1260 + z * (-1.0 / 1680 + z / 1188)))) / n;
}

// x ln(x/mean) + mean - x, without loss where both are alike. x > 0.
MV_HD inline double deviance(double x, double mean) {
  const double apart = x - mean, sum = x + mean;
  if (apart < 0.1 * sum && apart > -0.1 * sum) {
    const double v = apart / sum, z = v * v; // z below 0.01: eight terms do
    double p = 0.0;
    for (int odd = 17; odd >= 3; odd -= 2) p = (p + 1.0 / odd) * z;
    return apart * v + 2.0 * x * v * p;
  }
  return x * exact::log(x / mean) + mean - x;
}

constexpr double ln_two_pi = 1.8378770664093454836;

// ln of the chance that k of n do it, 0 < p <= 1/2.
MV_HD inline double log_binomial(double k, double n, double p) {
  if (k == 0.0) return n * exact::log1m(p);
  if (k == n) return n * exact::log(p);
  const double rest = n - k, q = 1.0 - p;
  return stirling_error(n) - stirling_error(k) - stirling_error(rest) - deviance(k, n * p) -
         deviance(rest, n * q) - 0.5 * (ln_two_pi + exact::log(k) + exact::log(rest / n));
}

MV_HD inline double log_poisson(double k, double mean) {
  if (k == 0.0) return -mean;
  return -stirling_error(k) - deviance(k, mean) - 0.5 * (ln_two_pi + exact::log(k));
}

// Means below 16 do not come this far: the chance is below 1e-100. Rounding could.
constexpr int inversion_limit = 200;

MV_HD inline double binomial_by_inversion(const CountKey& key, double n, double p) {
  const double odds = p / (1.0 - p), none = exact::exp(n * exact::log1m(p));
  for (std::uint32_t round = 0;; ++round) {
    double u = pair_of(key, round).u, chance = none;
    for (int i = 0; i < inversion_limit; ++i) {
      const double k = i;
      if (u <= chance || k == n) return k;
      u -= chance;
      chance = chance * odds * ((n - k) / (k + 1.0));
    }
  }
}

MV_HD inline double poisson_by_inversion(const CountKey& key, double mean) {
  const double none = exact::exp(-mean);
  for (std::uint32_t round = 0;; ++round) {
    double u = pair_of(key, round).u, chance = none;
    for (int k = 0; k < inversion_limit; ++k) {
      if (u <= chance) return k;
      u -= chance;
      chance = chance * mean / (k + 1.0);
    }
  }
}

MV_HD inline double whole_below(double x) {
  if (x > 1e18 || x < -1e18) return x; // a candidate far outside
  const auto whole = static_cast<double>(static_cast<std::int64_t>(x));
  return whole > x ? whole - 1.0 : whole;
}

// Hoermann's BTRS; n p >= 10, p <= 1/2.
MV_HD inline double binomial_by_rejection(const CountKey& key, double n, double p) {
  const double spread = ::sqrt(n * p * (1.0 - p));
  const double b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double centre = n * p + 0.5, alpha = (2.83 + 5.1 / b) * spread, v_r = 0.92 - 4.2 / b;
  const double at_mode = log_binomial(whole_below((n + 1.0) * p), n, p);
  for (std::uint32_t round = 0;; ++round) {
    const Pair drawn = pair_of(key, round);
    const double u = drawn.u - 0.5, us = 0.5 - (u < 0.0 ? -u : u);
    const double k = whole_below((2.0 * a / us + b) * u + centre);
    if (k < 0.0 || k > n) continue;
    if (us >= 0.07 && drawn.v <= v_r) return k;
    const double v = exact::log(drawn.v * alpha / (a / (us * us) + b));
    if (v <= log_binomial(k, n, p) - at_mode) return k;
  }
}

// Hoermann's PTRS; mean >= 10.
MV_HD inline double poisson_by_rejection(const CountKey& key, double mean) {
  const double b = 0.931 + 2.53 * ::sqrt(mean), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2.0);
  for (std::uint32_t round = 0;; ++round) {
    const Pair drawn = pair_of(key, round);
    const double u = drawn.u - 0.5, us = 0.5 - (u < 0.0 ? -u : u);
    const double k = whole_below((2.0 * a / us + b) * u + mean + 0.43);
    if (k < 0.0) continue;
    if (us >= 0.07 && drawn.v <= v_r) return k;
    if (us < 0.013 && drawn.v > us) continue;
    const double v = exact::log(drawn.v * inverse_alpha / (a / (us * us) + b));
    if (v <= log_poisson(k, mean)) return k;
  }
}

} // namespace counts

// How many of n do what each does with chance p. n up to 10^12; p is taken as within [0, 1].
MV_HD inline std::int64_t binomial(const CountKey& key, std::int64_t n, double p) {
  if (n <= 0 || !(p > 0.0)) return 0;
  if (p >= 1.0) return n;
  const bool mirrored = p > 0.5;
  const double q = mirrored ? 1.0 - p : p, of = static_cast<double>(n);
  const double k = of * q < 16.0 ? counts::binomial_by_inversion(key, of, q)
                                 : counts::binomial_by_rejection(key, of, q);
  const auto whole = static_cast<std::int64_t>(k);
  return mirrored ? n - whole : whole;
}

// How many come where `mean` are expected. Means up to 10^12; below 0 is none.
MV_HD inline std::int64_t poisson(const CountKey& key, double mean) {
  if (!(mean > 0.0)) return 0;
  const double k = mean < 16.0 ? counts::poisson_by_inversion(key, mean)
                               : counts::poisson_by_rejection(key, mean);
  return static_cast<std::int64_t>(k);
}

// Each of n goes to one of `places` by weights, by one binomial after the other; what one place
// gets has its own identity, key.identity + place. `weights` >= 0, of any sum above 0.
MV_HD inline void multinomial(const CountKey& key, std::int64_t n, const double* weights,
                              int places, std::int64_t* counts_of_places) {
  CountKey one = key;
  for (int i = 0; i < places; ++i) {
    double after = 0.0; // summed anew: the last that has a weight gets what is left for certain
    for (int j = places - 1; j > i; --j) after += weights[j];
    const double here = after > 0.0 ? weights[i] / (after + weights[i]) : 1.0;
    one.identity = key.identity + static_cast<std::uint64_t>(i);
    counts_of_places[i] = weights[i] > 0.0 ? binomial(one, n, here) : 0;
    n -= counts_of_places[i];
  }
}

} // namespace metavox
