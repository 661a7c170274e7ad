// Draws of whole numbers against their laws: chi-square over a grid of n and p, moments where n is
// too large for a table, the edges, and the bits themselves.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/counts.hpp"

namespace metavox {
namespace {

CountKey key_of(std::uint64_t i, std::uint64_t step = 0) {
  return {20261129, Purpose::test, i, step, 5};
}

// The chance of k by the C library, which shares no line with what is tested.
double chance_binomial(double k, double n, double p) {
  return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                  k * std::log(p) + (n - k) * std::log1p(-p));
}
double chance_poisson(double k, double mean) {
  return std::exp(k * std::log(mean) - mean - std::lgamma(k + 1));
}

struct Fit {
  double chi2 = 0;
  int freedom = -1;
  // Standard normal where the law is right (Wilson & Hilferty).
  double z() const {
    const double f = freedom;
    return (std::cbrt(chi2 / f) - (1 - 2 / (9 * f))) / std::sqrt(2 / (9 * f));
  }
};

// Values in cells of at least ten expected draws each.
Fit fit(const std::vector<std::int64_t>& drawn, const std::function<double(double)>& chance,
        std::int64_t highest) {
  std::vector<double> seen(static_cast<std::size_t>(highest) + 1, 0.0);
  for (const std::int64_t k : drawn) {
    EXPECT_GE(k, 0);
    EXPECT_LE(k, highest);
    seen[static_cast<std::size_t>(std::clamp<std::int64_t>(k, 0, highest))] += 1;
  }
  const auto m = static_cast<double>(drawn.size());
  Fit result;
  double expected = 0, found = 0, left = m, left_found = m;
  for (std::size_t k = 0; k < seen.size(); ++k) {
    expected += m * chance(static_cast<double>(k));
    found += seen[k];
    if (expected < 10 || left - expected < 10) continue;
    result.chi2 += (found - expected) * (found - expected) / expected;
    left -= expected;
    left_found -= found;
    expected = found = 0;
    ++result.freedom;
  }
  result.chi2 += (left_found - left) * (left_found - left) / left;
  ++result.freedom;
  return result;
}

struct Case {
  std::int64_t n;
  double p;
};

TEST(Binomial, FollowsItsLaw) {
  const std::vector<Case> cases{{1, 0.3},      {2, 0.5},       {7, 0.9},       {40, 0.02},
                                {40, 0.39},    {40, 0.41},     {100, 0.5},     {100, 0.84},
                                {1000, 0.001}, {1000, 0.02},   {1000, 0.3},    {1000, 0.985},
                                {5000, 0.5},   {100000, 1e-4}, {100000, 3e-4}, {1000000, 1e-3}};
  constexpr int m = 200000;
  for (std::size_t c = 0; c < cases.size(); ++c) {
    const double n = static_cast<double>(cases[c].n), p = cases[c].p;
    std::vector<std::int64_t> drawn(m);
    for (std::uint64_t i = 0; i < m; ++i) drawn[i] = binomial(key_of(i, c), cases[c].n, p);
    const double at_most = std::min(n, n * p + 12 * std::sqrt(n * p * (1 - p)) + 30);
    const Fit f = fit(
        drawn, [&](double k) { return chance_binomial(k, n, p); },
        static_cast<std::int64_t>(at_most));
    EXPECT_LT(std::abs(f.z()), 3.5)
        << "n " << n << " p " << p << ": " << f.chi2 << "/" << f.freedom;
  }
}

TEST(Poisson, FollowsItsLaw) {
  constexpr int m = 200000;
  std::uint64_t c = 0;
  for (const double mean : {0.01, 0.7, 4.0, 15.9, 16.1, 50.0, 400.0, 12345.0}) {
    std::vector<std::int64_t> drawn(m);
    for (std::uint64_t i = 0; i < m; ++i) drawn[i] = poisson(key_of(i, 100 + c), mean);
    ++c;
    const Fit f = fit(
        drawn, [&](double k) { return chance_poisson(k, mean); },
        static_cast<std::int64_t>(mean + 12 * std::sqrt(mean) + 30));
    EXPECT_LT(std::abs(f.z()), 3.5) << mean << ": " << f.chi2 << "/" << f.freedom;
  }
}

// Mean, variance and skewness of numbers that no table holds, within 4 sd of what m draws give.
void expect_moments(const std::vector<double>& drawn, double mean, double variance, double skewness,
                    const std::string& what) {
  const auto m = static_cast<double>(drawn.size());
  double first = 0, second = 0, third = 0;
  for (const double k : drawn) {
    const double z = (k - mean) / std::sqrt(variance);
    first += z;
    second += z * z;
    third += z * z * z;
  }
  EXPECT_LT(std::abs(first / m), 4 / std::sqrt(m)) << what;
  EXPECT_LT(std::abs(second / m - 1), 4 * std::sqrt(2 / m)) << what;
  EXPECT_LT(std::abs(third / m - skewness), 4 * std::sqrt(15 / m)) << what;
}

TEST(Binomial, HasItsMomentsUpToATrillion) {
  constexpr int m = 100000;
  std::uint64_t c = 300;
  for (const double n : {1e9, 1e12})
    for (const double p : {1e-10, 3e-8, 1e-3, 0.41, 0.5, 0.9999}) {
      std::vector<double> drawn(m);
      for (std::uint64_t i = 0; i < m; ++i)
        drawn[i] = static_cast<double>(binomial(key_of(i, c), static_cast<std::int64_t>(n), p));
      ++c;
      const double variance = n * p * (1 - p);
      if (variance > 5)
        expect_moments(drawn, n * p, variance, (1 - 2 * p) / std::sqrt(variance),
                       std::to_string(n) + " " + std::to_string(p));
      else // rare: how many were none
        EXPECT_NEAR(static_cast<double>(std::count(drawn.begin(), drawn.end(), 0.0)) / m,
                    std::exp(n * std::log1p(-p)), 0.01)
            << n << " " << p;
    }
}

TEST(Poisson, HasItsMomentsUpToATrillion) {
  constexpr int m = 100000;
  std::uint64_t c = 400;
  for (const double mean : {40.0, 1e6, 1e9, 1e12}) {
    std::vector<double> drawn(m);
    for (std::uint64_t i = 0; i < m; ++i)
      drawn[i] = static_cast<double>(poisson(key_of(i, c), mean));
    ++c;
    expect_moments(drawn, mean, mean, 1 / std::sqrt(mean), std::to_string(mean));
  }
}

TEST(Binomial, KeepsItsEdges) {
  for (std::uint64_t i = 0; i < 200; ++i) {
    const CountKey key = key_of(i, 500);
    EXPECT_EQ(binomial(key, 0, 0.5), 0);
    EXPECT_EQ(binomial(key, -4, 0.5), 0);
    EXPECT_EQ(binomial(key, 1000, 0.0), 0);
    EXPECT_EQ(binomial(key, 1000, -1.0), 0);
    EXPECT_EQ(binomial(key, 1000, std::nan("")), 0);
    EXPECT_EQ(binomial(key, 1000, 1.0), 1000);
    EXPECT_EQ(binomial(key, 1000, 7.0), 1000);
    EXPECT_EQ(binomial(key, 1000000000000, 1e-30), 0);
    const std::int64_t one = binomial(key, 1, 0.5);
    EXPECT_TRUE(one == 0 || one == 1);
    EXPECT_EQ(poisson(key, 0.0), 0);
    EXPECT_EQ(poisson(key, -1.0), 0);
    EXPECT_EQ(poisson(key, 1e-30), 0);
    // p above a half is what the others do not do.
    for (const std::int64_t n : {5, 300, 100000})
      EXPECT_EQ(binomial(key, n, 0.75), n - binomial(key, n, 0.25)) << n;
  }
}

TEST(Binomial, BelongsToItsWholeName) {
  const auto at = [](const CountKey& key) { return binomial(key, 1000000000, 0.3); };
  const CountKey key = key_of(7, 9);
  std::vector<std::int64_t> different{at(key)};
  CountKey other = key;
  other.seed += 1;
  different.push_back(at(other));
  other = key, other.purpose = Purpose::transit;
  different.push_back(at(other));
  other = key, other.identity += 1;
  different.push_back(at(other));
  other = key, other.step += 1;
  different.push_back(at(other));
  other = key, other.kind += 1;
  different.push_back(at(other));
  std::sort(different.begin(), different.end());
  EXPECT_EQ(std::unique(different.begin(), different.end()), different.end());
  EXPECT_EQ(at(key), at(key));
}

TEST(Multinomial, LosesNobodyAndGivesEachItsShare) {
  const std::vector<double> weights{0.1, 0.0, 3.0, 0.4, 1.5, 0.0};
  constexpr std::int64_t n = 5000;
  constexpr int m = 4000;
  std::vector<double> mean(6, 0.0), square(6, 0.0);
  double together = 0; // of places 2 and 4
  for (std::uint64_t i = 0; i < m; ++i) {
    std::int64_t counts[6];
    CountKey key = key_of(64 * i, 600);
    multinomial(key, n, weights.data(), 6, counts);
    std::int64_t sum = 0;
    for (int k = 0; k < 6; ++k) {
      sum += counts[k];
      const double z = static_cast<double>(counts[k]) - n * weights[k] / 5.0;
      mean[k] += z / m;
      square[k] += z * z / m;
    }
    together +=
        (static_cast<double>(counts[2]) - n * 0.6) * (static_cast<double>(counts[4]) - n * 0.3) / m;
    ASSERT_EQ(sum, n);
  }
  for (int k = 0; k < 6; ++k) {
    const double p = weights[k] / 5.0, variance = n * p * (1 - p);
    EXPECT_LE(std::abs(mean[k]), 4 * std::sqrt(variance / m)) << k;
    EXPECT_LE(std::abs(square[k] - variance), 4 * variance * std::sqrt(2.0 / m)) << k;
  }
  EXPECT_NEAR(together, -n * 0.6 * 0.3, 4 * n * std::sqrt(0.6 * 0.4 * 0.3 * 0.7 / m));
}

// What every compiler, instruction set and back end must give.
TEST(Counts, HaveTheseBits) {
  std::uint64_t hash = 0;
  const auto fold = [&](std::int64_t k) {
    hash = mix64(hash ^ static_cast<std::uint64_t>(k)) + 0x9e3779b97f4a7c15ULL;
  };
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const CountKey key = key_of(i, 700);
    for (const double p : {1e-9, 0.003, 0.37, 0.81})
      for (const std::int64_t n : {3LL, 2000LL, 1000000007LL, 1000000000000LL})
        fold(binomial(key, n, p));
    for (const double mean : {0.3, 12.0, 77.7, 1e6, 1e12}) fold(poisson(key, mean));
  }
  EXPECT_EQ(hash, 6184676635906470154u);
  EXPECT_EQ(binomial(key_of(1), 1000000000000, 0.37), 370000042198);
  EXPECT_EQ(poisson(key_of(1), 1e12), 1000000087412);
}

TEST(Exact, LogarithmOfWhatIsLeftIsWithinTwoUlp) {
  for (double x = 1e-300; x <= 0.5; x = x < 1e-3 ? x * 1.7 : x + 1.37e-4) {
    const long double right = std::log1p(-static_cast<long double>(x));
    EXPECT_NEAR(static_cast<double>(exact::log1m(x) / right), 1.0, 4.5e-16) << x;
  }
}

} // namespace
} // namespace metavox
