// The ground that every rule stands on: random numbers, elementary functions, the lattice, and the
// loops of Executor.
//
// Launches functors: compiled as CUDA where CUDA is on.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cells/activity.hpp"
#include "cells/contest.hpp"
#include "cells/fate.hpp"
#include "core/exact.hpp"
#include "core/launch.hpp"
#include "core/random.hpp"

namespace metavox {

// Functors of these tests; kernels want types with a name.
namespace core_test {

struct MarkSite {
  static constexpr const char* name = "test.mark";
  std::int32_t* visits;
  std::int32_t* wrong;
  Lattice lattice;
  MV_HD void operator()(const Voxel& s) const {
    visits[s.i] += 1;
    if (lattice.index(s.x, s.y, s.z) != s.i || !lattice.holds(s.x, s.y, s.z)) *wrong = 1;
  }
};

struct MarkRow {
  static constexpr const char* name = "test.mark_row";
  std::int32_t* visits;
  Lattice lattice;
  MV_HD void operator()(const Voxel& s) const { visits[s.i] += 1; }
  void row(const Row& r) const {
    for (int x = 0; x < r.n; ++x) visits[lattice.index(r.x + x, r.y, r.z)] += 1;
  }
};

struct MarkColour {
  static constexpr const char* name = "test.mark_colour";
  int* turn;
  MV_HD void operator()(int colour, const Voxel& s) const {
    turn[s.i] = turn[s.i] == -1 ? colour & 1 : 7;
  }
};

struct DoesNothing {
  static constexpr const char* name = "test.nothing";
  MV_HD void operator()(int, const Voxel&) const {}
};

struct GivesBack {
  static constexpr const char* name = "test.gives_back";
  float value;
  MV_HD float operator()(const Voxel& s) const { return s.x == 1 ? value : 0.0f; }
};

struct LinearIndex {
  static constexpr const char* name = "test.index";
  std::int64_t* out;
  MV_HD void operator()(std::int64_t k) const { out[k] = 3 * k + 1; }
};

// Gauss-Seidel in integers: any wrong order of updates changes the result for good.
struct Relax {
  static constexpr const char* name = "test.relax";
  std::uint32_t* v;
  std::int64_t pitch, plane;
  MV_HD void operator()(int colour, const Voxel& s) const {
    const std::uint32_t sum = v[s.i - 1] + 3 * v[s.i + 1] + 5 * v[s.i - pitch] +
                              7 * v[s.i + pitch] + 11 * v[s.i - plane] + 13 * v[s.i + plane];
    v[s.i] = (v[s.i] ^ sum) * 2654435761u + static_cast<std::uint32_t>(colour);
  }
};

struct RelaxRows : Relax {
  void row(int colour, const Row& r) const {
    for (int x = (r.x + r.y + r.z + colour) & 1; x < r.n; x += 2)
      (*this)(colour, Voxel{r.x + x, r.y, r.z, r.i + x});
  }
};

struct ValueAt {
  static constexpr const char* name = "test.value";
  const float* v;
  MV_HD float operator()(const Voxel& s) const { return v[s.i]; }
};

struct TallyCodes {
  static constexpr const char* name = "test.tally";
  static constexpr int bins = 9;
  const std::uint8_t* code;
  MV_HD void operator()(const Voxel& s, std::int64_t* bin) const { bin[code[s.i]] += 1 + s.x; }
};

struct Elementary {
  static constexpr const char* name = "test.elementary";
  const double* x;
  double* out; // exp, log, sin, cos, quantile, expf
  std::int64_t n;
  MV_HD void operator()(std::int64_t k) const {
    out[k] = exact::exp(x[k]);
    out[n + k] = exact::log(x[k] < 0 ? -x[k] : x[k]);
    out[2 * n + k] = exact::sin(x[k]);
    out[3 * n + k] = exact::cos(x[k]);
    out[4 * n + k] = exact::normal_quantile(1 / (1 + exact::exp(-x[k] * 0.01)));
    out[5 * n + k] = static_cast<double>(exact::expf(static_cast<float>(x[k])));
  }
};

} // namespace core_test

namespace {

using namespace core_test;

std::vector<Executor> executors() {
  std::vector<Executor> all;
  for (const int threads : {1, 2, 3, 7}) all.push_back(Executor::on_cpu(threads));
  if (Executor::cuda_obstacle().empty()) all.push_back(Executor::on_cuda());
  return all;
}

// Thin boxes, odd sizes, sizes above the limit under which one thread does it all.
const std::vector<Lattice>& boxes() {
  static const std::vector<Lattice> all{
      {1, 1, 1, 20},    {2, 1, 1, 20},    {1, 7, 1, 20},   {1, 1, 9, 20},   {33, 31, 1, 20},
      {5, 1, 6, 20},    {8, 8, 8, 20},    {9, 7, 5, 20},   {17, 3, 40, 20}, {21, 20, 22, 20},
      {23, 400, 1, 20}, {31, 29, 10, 20}, {16, 8, 64, 20}, {11, 13, 61, 20}};
  return all;
}

std::string size_text(const Lattice& l) {
  return std::to_string(l.nx) + " x " + std::to_string(l.ny) + " x " + std::to_string(l.nz);
}

template <class T>
Buffer<T> uploaded(const Executor& e, const std::vector<T>& v) {
  Buffer<T> b(e, static_cast<std::int64_t>(v.size()));
  b.upload(v.data());
  return b;
}

// ---- random numbers

// Known answers of Random123 1.14 (kat_vectors, philox4x32 with 10 rounds).
TEST(Philox, GivesTheKnownAnswers) {
  struct Answer {
    std::uint32_t counter[4], key[2], word[4];
  };
  for (const Answer& a :
       {Answer{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        Answer{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
               {0xffffffff, 0xffffffff},
               {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        Answer{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
               {0xa4093822, 0x299f31d0},
               {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}}) {
    const Draw d = philox4x32(a.counter, a.key);
    for (int k = 0; k < 4; ++k) EXPECT_EQ(d.word[k], a.word[k]) << k;
  }
}

TEST(Draws, DifferWithEveryPartOfTheirName) {
  std::set<std::array<std::uint32_t, 4>> seen;
  std::size_t names = 0;
  const auto add = [&](std::uint64_t seed, Purpose purpose, std::uint64_t identity,
                       std::uint64_t step, std::uint32_t substep) {
    const Draw d = draw(seed, purpose, identity, step, substep);
    seen.insert({d.word[0], d.word[1], d.word[2], d.word[3]});
    ++names;
  };
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32})
    for (const Purpose p :
         {Purpose::fate, Purpose::division, Purpose::motility, Purpose::tracer, Purpose::test})
      for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32,
                                     (std::uint64_t{1} << 48) - 1})
        for (const std::uint64_t step : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32,
                                         (std::uint64_t{1} << 40) - 1})
          for (const std::uint32_t substep : {0u, 1u, 255u}) add(seed, p, id, step, substep);
  EXPECT_EQ(seen.size(), names);
}

// time.motility_substeps goes up to 10000: rounds must stay apart from each other and from later
// steps.
TEST(Draws, StayApartForAsManyRoundsAsSettingsAllow) {
  std::set<std::array<std::uint32_t, 4>> seen;
  for (std::uint32_t substep = 0; substep < 10000; ++substep) {
    const Draw d = draw(1, Purpose::motility, 5, 17, substep);
    seen.insert({d.word[0], d.word[1], d.word[2], d.word[3]});
  }
  EXPECT_EQ(seen.size(), 10000u);
}

TEST(Draws, AreUniformToTheEye) {
  std::array<std::array<int, 64>, 4> histogram{};
  const int n = 64000;
  double product = 0;
  for (int k = 0; k < n; ++k) {
    const Draw a = draw(9, Purpose::test, static_cast<std::uint64_t>(k), 3);
    const Draw b = draw(9, Purpose::test, static_cast<std::uint64_t>(k) + 1, 3);
    for (std::size_t w = 0; w < 4; ++w) histogram[w][below(a.word[w], 64)] += 1;
    product += (to_unit(a.word[0]) - 0.5) * (to_unit(b.word[0]) - 0.5);
  }
  for (const auto& h : histogram) {
    double chi2 = 0;
    for (const int count : h) chi2 += (count - 1000.0) * (count - 1000.0) / 1000;
    EXPECT_LT(chi2, 110); // 63 degrees of freedom, p = 2e-4
  }
  EXPECT_NEAR(product / n, 0, 4 * (1.0 / 12) / std::sqrt(n)); // neighbours are independent
}

TEST(Words, TurnIntoNumbersInsideTheirRange) {
  EXPECT_GT(to_unit(0), 0.0);
  EXPECT_LT(to_unit(0xffffffffu), 1.0);
  EXPECT_EQ(below(0, 7), 0u);
  EXPECT_EQ(below(0xffffffffu, 7), 6u);
  EXPECT_EQ(below(0xffffffffu, 1), 0u);
  EXPECT_EQ(threshold(0), 0u);
  EXPECT_EQ(threshold(-1), 0u);
  EXPECT_EQ(threshold(std::nan("")), 0u);
  EXPECT_EQ(threshold(0.5), 0x80000000u);
  EXPECT_EQ(threshold(1), 0xffffffffu);
  EXPECT_EQ(threshold(7), 0xffffffffu);
}

TEST(EventThreshold, IsTheChanceOfAnEventInAStep) {
  EXPECT_EQ(event_threshold(0, 6), 0u);
  EXPECT_EQ(event_threshold(1e30f, 6), 0xffffffffu);
  for (double x = 1e-7; x < 20; x *= 1.07) {
    const double p = event_threshold(static_cast<float>(x / 6), 6.0f) / 4294967296.0;
    const double expected = -std::expm1(-x);
    // The series below 0.05 ends at x^3/6; single precision does the rest, and thresholds are whole
    // numbers.
    EXPECT_NEAR(p, expected, 1e-5 * expected + 1 / 4294967296.0) << "rate times step " << x;
  }
  double last = 0;
  for (double x = 0; x < 3; x += 1e-4) { // no step back where the series hands over
    const double p = event_threshold(static_cast<float>(x), 1.0f);
    EXPECT_GE(p, last * (1 - 1e-6));
    last = p;
  }
}

TEST(ContestRank, IsABijection) {
  // On windows of the voxel numbers, exhaustively: no two ranks are equal.
  std::mt19937 random(2);
  for (int trial = 0; trial < 12; ++trial) {
    const std::uint32_t key0 = trial == 0 ? 0 : static_cast<std::uint32_t>(random()),
                        key1 = trial == 0 ? 0 : static_cast<std::uint32_t>(random()),
                        from = trial < 2 ? 0 : static_cast<std::uint32_t>(random());
    std::vector<std::uint32_t> ranks;
    for (std::uint32_t v = 0; v < 65536; ++v) ranks.push_back(contest_rank(from + v, key0, key1));
    std::sort(ranks.begin(), ranks.end());
    EXPECT_EQ(std::adjacent_find(ranks.begin(), ranks.end()), ranks.end());
  }
  // And everywhere, by undoing it: each round can be taken back.
  const auto inverse_of = [](std::uint32_t odd) {
    std::uint32_t inverse = odd;
    for (int n = 0; n < 5; ++n) inverse *= 2 - odd * inverse; // Newton in the integers modulo 2^32
    return inverse;
  };
  const auto unshifted = [](std::uint32_t v, int shift) {
    std::uint32_t r = v;
    for (int n = shift; n < 32; n += shift) r = v ^ (r >> shift);
    return r;
  };
  for (int trial = 0; trial < 200000; ++trial) {
    const auto voxel = static_cast<std::uint32_t>(random()),
               key0 = static_cast<std::uint32_t>(random()),
               key1 = static_cast<std::uint32_t>(random());
    std::uint32_t v = contest_rank(voxel, key0, key1);
    v = unshifted(v, 15) * inverse_of(0x9e3779b1u);
    v = unshifted(v, 16) * inverse_of(0x846ca68bu);
    v -= key1;
    v = unshifted(v, 15) * inverse_of(0x7feb352du);
    v = unshifted(v, 16) ^ key0;
    ASSERT_EQ(v, voxel);
  }
}

TEST(ContestRank, FavoursNobody) {
  // A voxel beside another wins half of their contests.
  for (const std::uint32_t voxel : {0u, 1u, 255u, 1u << 20}) {
    int wins = 0;
    const int n = 20000;
    for (int step = 0; step < n; ++step) {
      const ContestKeys c = contest_keys(1, static_cast<std::uint64_t>(step), 0);
      wins += contest_rank(voxel, c.key0, c.key1) < contest_rank(voxel + 1, c.key0, c.key1) ? 1 : 0;
    }
    EXPECT_NEAR(wins, n / 2, 4 * std::sqrt(n) / 2) << voxel;
  }
}

// ---- elementary functions

// Distance in units of the last place of the reference, which has 64 bits of mantissa.
double ulps(double value, long double reference) {
  const double rounded = std::abs(static_cast<double>(reference));
  const double place = std::nextafter(rounded, std::numeric_limits<double>::infinity()) - rounded;
  return static_cast<double>(std::abs(static_cast<long double>(value) - reference) /
                             static_cast<long double>(place));
}

TEST(Exact, ExpIsWithinElevenTenthsUlp) {
  double worst = 0;
  for (double x = -700; x < 709; x += 0.0137) worst = std::max(worst, ulps(exact::exp(x), expl(x)));
  for (double x = 1e-12; x < 1; x *= 1.01)
    worst = std::max({worst, ulps(exact::exp(x), expl(x)), ulps(exact::exp(-x), expl(-x))});
  EXPECT_LE(worst, 1.1);
  EXPECT_EQ(exact::exp(0), 1.0);
  EXPECT_EQ(exact::exp(-0.0), 1.0);
  EXPECT_EQ(exact::exp(-1e9), 0.0);
  EXPECT_EQ(exact::exp(1e9), exact::exp(709.0));
}

TEST(Exact, LogIsWithinTwoUlp) {
  double worst = 0;
  for (double x = 1e-300; x < 1e300; x *= 1.0173)
    worst = std::max(worst, ulps(exact::log(x), logl(x)));
  for (double x = 0.5; x < 2; x += 1.37e-5) {
    if (std::abs(x - 1) < 1e-9) continue;
    worst = std::max(worst, ulps(exact::log(x), logl(x)));
  }
  EXPECT_LE(worst, 2.0);
  EXPECT_EQ(exact::log(1), 0.0);
  EXPECT_EQ(exact::log(0), -745.0);
  EXPECT_EQ(exact::log(-3), -745.0);
}

TEST(Exact, SineAndCosineAreWithin1e15) {
  double worst = 0;
  for (double x = -1e5; x < 1e5; x += 1.2345) {
    worst = std::max(worst, static_cast<double>(std::abs(exact::sin(x) - sinl(x))));
    worst = std::max(worst, static_cast<double>(std::abs(exact::cos(x) - cosl(x))));
  }
  for (double x = -7; x < 7; x += 1.1e-4) {
    worst = std::max(worst, static_cast<double>(std::abs(exact::sin(x) - sinl(x))));
    worst = std::max(worst, static_cast<double>(std::abs(exact::cos(x) - cosl(x))));
  }
  EXPECT_LE(worst, 1e-15);
  EXPECT_EQ(exact::sin(0), 0.0);
  EXPECT_EQ(exact::cos(0), 1.0);
}

TEST(Exact, SinglePrecisionExpIsWithinTwoUlp) {
  double worst = 0;
  const auto look = [&](float x) {
    const double reference = std::exp(static_cast<double>(x));
    const auto rounded = static_cast<float>(reference);
    const double place =
        static_cast<double>(std::nextafter(rounded, 1e38f)) - static_cast<double>(rounded);
    worst = std::max(worst, std::abs(static_cast<double>(exact::expf(x)) - reference) / place);
  };
  for (float x = -86.9f; x < 87.0f; x += 0.00173f) look(x);
  for (float x = 1e-8f; x < 1.0f; x *= 1.003f) look(x), look(-x);
  EXPECT_LE(worst, 2.0);
  EXPECT_EQ(exact::expf(0), 1.0f);
  EXPECT_EQ(exact::expf(-0.0f), 1.0f);
  EXPECT_EQ(exact::expf(-100), 0.0f);
  EXPECT_EQ(exact::expf(1000), exact::expf(87));
}

TEST(Exact, PowFollowsFromExpAndLog) {
  for (const double x : {0.1, 1.0, 2.0, 37.5})
    for (const double y : {-3.0, 0.0, 0.45, 2.0})
      EXPECT_NEAR(exact::pow(x, y) / std::pow(x, y), 1, 1e-14) << x << '^' << y;
  EXPECT_EQ(exact::pow(0, 2), 0.0);
}

TEST(NormalQuantile, UndoesTheDistributionFunction) {
  double worst = 0;
  for (double z = -6.2; z < 6.2; z += 0.0031) {
    if (std::abs(z) < 1e-3) continue;
    // u near 1 carries its own rounding: look at the smaller tail and mirror.
    const double u = 0.5 * std::erfc(std::abs(z) / std::sqrt(2.0));
    worst = std::max(worst, std::abs(exact::normal_quantile(u) / -std::abs(z) - 1));
  }
  EXPECT_LT(worst, 1.2e-9);
  EXPECT_EQ(exact::normal_quantile(0.5), 0.0);
  for (const double u : {0.001, 0.02, 0.3})
    EXPECT_NEAR(exact::normal_quantile(1 - u), -exact::normal_quantile(u), 1e-12);
  EXPECT_TRUE(std::isfinite(exact::normal_quantile(to_unit(0))));
  EXPECT_TRUE(std::isfinite(exact::normal_quantile(to_unit(0xffffffffu))));
}

TEST(Exact, GivesTheSameBitsOnEveryBackEnd) {
  std::vector<double> x;
  for (double v = -80; v < 80; v += 0.0371) x.push_back(v);
  const auto n = static_cast<std::int64_t>(x.size());
  std::vector<double> first;
  for (const Executor& e : executors()) {
    Buffer<double> in = uploaded(e, x), out(e, 6 * n);
    e.for_each_index(n, Elementary{in.data(), out.data(), n});
    const std::vector<double> now = out.host_copy();
    if (first.empty()) first = now;
    ASSERT_EQ(0, std::memcmp(now.data(), first.data(), now.size() * sizeof(double)))
        << e.description();
  }
}

TEST(Small, MinimumMaximumAndClamp) {
  EXPECT_EQ(exact::min_of(2, 3), 2);
  EXPECT_EQ(exact::max_of(2, 3), 3);
  EXPECT_EQ(exact::clamp(5, 0, 3), 3);
  EXPECT_EQ(exact::clamp(-5, 0, 3), 0);
  EXPECT_EQ(exact::clamp(2, 0, 3), 2);
}

// ---- lattice

TEST(Lattice, NumbersVoxelsAndGhostsWithoutGaps) {
  for (const Lattice& box : boxes())
    for (int g = 1; g <= 3; ++g) {
      const Lattice l{box.nx, box.ny, box.nz, box.spacing, g};
      std::set<std::int64_t> padded;
      std::uint64_t expected = 0;
      for (int z = -g; z < l.nz + g; ++z)
        for (int y = -g; y < l.ny + g; ++y)
          for (int x = -g; x < l.nx + g; ++x) {
            padded.insert(l.index(x, y, z));
            const bool inside = x >= 0 && x < l.nx && y >= 0 && y < l.ny && z >= 0 && z < l.nz;
            ASSERT_EQ(l.holds(x, y, z), inside);
            if (!inside) continue;
            ASSERT_EQ(l.global(x, y, z), expected++);
            ASSERT_EQ(l.index(x + 1, y, z) - l.index(x, y, z), 1);
            ASSERT_EQ(l.index(x, y + 1, z) - l.index(x, y, z), l.pitch());
            ASSERT_EQ(l.index(x, y, z + 1) - l.index(x, y, z), l.plane());
          }
      EXPECT_EQ(static_cast<std::int64_t>(padded.size()), l.padded());
      EXPECT_EQ(*padded.begin(), 0);
      EXPECT_EQ(*padded.rbegin(), l.padded() - 1);
      EXPECT_EQ(expected, static_cast<std::uint64_t>(l.voxels()));
    }
  const Lattice large{1625, 1625, 1625, 20}; // beyond 2^32 voxels
  EXPECT_EQ(large.global(1624, 1624, 1624), static_cast<std::uint64_t>(large.voxels()) - 1);
  EXPECT_EQ(large.index(1625, 1625, 1625), large.padded() - 1);
}

// What decides results goes by the whole: numbers, colours and contests of a piece are those that
// its voxels have in the whole, whatever the piece's ghosts.
TEST(Lattice, PiecesNameTheirVoxelsAsTheWholeDoes) {
  for (int ghosts = 1; ghosts <= 3; ++ghosts) {
    const Lattice whole{21, 17, 13, 20, ghosts};
    const Lattice piece = whole.piece({5, 2, 4}, {9, 11, 6});
    EXPECT_EQ(piece.voxels(), 9 * 11 * 6);
    EXPECT_EQ(piece.padded(), (9 + 2 * ghosts) * (11 + 2 * ghosts) * (6 + 2 * ghosts));
    const Lattice part = piece.piece({1, 3, 2}, {4, 4, 4}); // pieces of pieces
    for (int z = 0; z < piece.nz; ++z)
      for (int y = 0; y < piece.ny; ++y)
        for (int x = 0; x < piece.nx; ++x) {
          ASSERT_EQ(piece.global(x, y, z), whole.global(x + 5, y + 2, z + 4));
          ASSERT_EQ(piece.colour(x, y, z), whole.colour(x + 5, y + 2, z + 4));
          const Voxel s = piece.voxel_at(piece.number(x, y, z));
          ASSERT_EQ(s.i, piece.index(x, y, z));
          if (part.holds(x - 1, y - 3, z - 2)) {
            ASSERT_EQ(part.global(x - 1, y - 3, z - 2), piece.global(x, y, z));
          }
        }
  }
  // Beyond 2^32 voxels, in a piece that fits into memory.
  const Lattice piece = Lattice{4096, 4096, 1024, 10}.piece({4000, 4000, 1000}, {8, 8, 8});
  EXPECT_EQ(piece.global(7, 7, 7), 4007u + 4096u * (4007u + 4096ull * 1007u));
}

// Every voxel is visited once, in the turn of its colour in the whole.
TEST(Executor, ColoursOfAPieceAreThoseOfTheWhole) {
  const Lattice whole{12, 10, 9, 20};
  for (const Lattice& piece :
       {whole, whole.piece({1, 0, 0}, {7, 6, 5}), whole.piece({3, 2, 4}, {5, 5, 4}),
        whole.piece({2, 2, 2}, {6, 6, 6})}) {
    std::vector<int> turn(static_cast<std::size_t>(piece.padded()), -1);
    Executor::on_cpu(1).for_each_colour(piece, 1, MarkColour{turn.data()});
    for (int z = 0; z < piece.nz; ++z)
      for (int y = 0; y < piece.ny; ++y)
        for (int x = 0; x < piece.nx; ++x)
          ASSERT_EQ(turn[static_cast<std::size_t>(piece.index(x, y, z))], piece.colour(x, y, z));
  }
}

// The largest value of either stage, whichever of them it comes from.
TEST(Executor, ChainReturnsTheLargerOfItsStages) {
  const Lattice l{9, 8, 7, 20};
  for (const Executor& executor : executors())
    for (const auto& [first, last] : {std::pair{3.0f, 2.0f}, std::pair{2.0f, 3.0f}}) {
      EXPECT_EQ(executor.chain(l, 1, GivesBack{first}, DoesNothing{}, l, GivesBack{last}), 3.0f);
      EXPECT_EQ(executor.chain(l, 1, GivesBack{3.0f}, DoesNothing{}, l, NoStage{}), 3.0f);
      EXPECT_EQ(executor.chain(l, 1, NoStage{}, DoesNothing{}, l, GivesBack{3.0f}), 3.0f);
    }
}

TEST(Random, SitesHaveSeedsOfTheirOwn) {
  EXPECT_EQ(site_seed(42, 0), 42u); // today's runs keep their bits
  std::set<std::uint64_t> seeds;
  for (std::uint64_t run = 0; run < 50; ++run)
    for (std::uint64_t site = 0; site < 50; ++site) seeds.insert(site_seed(run, site));
  EXPECT_EQ(seeds.size(), 2500u);
  EXPECT_EQ(site_seed(42, 3), mix64(42 + 3 * 0x9e3779b97f4a7c15ULL));
}

TEST(Bricks, CoverTheBox) {
  for (const Lattice& l : boxes()) {
    const Bricks b(l);
    std::vector<int> size(static_cast<std::size_t>(b.count()), 0);
    for (int z = 0; z < l.nz; ++z)
      for (int y = 0; y < l.ny; ++y)
        for (int x = 0; x < l.nx; ++x) size.at(static_cast<std::size_t>(b.of(x, y, z))) += 1;
    for (const int n : size) {
      EXPECT_GT(n, 0);
      EXPECT_LE(n, 512);
    }
  }
}

// ---- loops

template <class F>
void expect_each_voxel_once(const Executor& e, const Lattice& l, const Buffer<std::int32_t>& visits,
                            const F& wanted) {
  const std::vector<std::int32_t> seen = visits.host_copy();
  std::int64_t inside = 0;
  for (int z = 0; z < l.nz; ++z)
    for (int y = 0; y < l.ny; ++y)
      for (int x = 0; x < l.nx; ++x) {
        const int n = wanted(x, y, z) ? 1 : 0;
        inside += n;
        ASSERT_EQ(seen[static_cast<std::size_t>(l.index(x, y, z))], n)
            << e.description() << ", " << size_text(l) << " at " << x << ' ' << y << ' ' << z;
      }
  std::int64_t all = 0;
  for (const std::int32_t n : seen) all += n;
  ASSERT_EQ(all, inside) << "ghosts were visited";
}

TEST(Loop, VisitsEveryVoxelOnce) {
  for (Executor& e : std::vector<Executor>(executors()))
    for (const Lattice& l : boxes())
      for (const bool sites : {false, true}) {
        e.prefer_voxels(sites);
        Buffer<std::int32_t> visits(e, l.padded()), wrong(e, 1), by_row(e, l.padded());
        e.for_each_voxel(l, MarkSite{visits.data(), wrong.data(), l});
        e.for_each_voxel(l, MarkRow{by_row.data(), l});
        const auto always = [](int, int, int) { return true; };
        expect_each_voxel_once(e, l, visits, always);
        expect_each_voxel_once(e, l, by_row, always);
        EXPECT_EQ(wrong.host_copy()[0], 0) << "a site's index is not its place";
      }
}

TEST(Loop, VisitsActiveBricksOnly) {
  std::mt19937 random(8);
  for (const Executor& e : executors())
    for (const Lattice& l : boxes()) {
      const Bricks bricks(l);
      std::vector<std::uint8_t> flag(static_cast<std::size_t>(bricks.count()));
      for (auto& f : flag) f = random() % 3 == 0 ? static_cast<std::uint8_t>(1 + random() % 2) : 0;
      Buffer<std::uint8_t> flags = uploaded(e, flag);
      Buffer<std::uint32_t> ids(e, bricks.count());
      const std::int64_t count = e.compact(flags.data(), bricks.count(), ids.data());
      const std::vector<std::uint32_t> list = ids.host_copy();
      std::vector<std::uint32_t> expected;
      for (std::size_t b = 0; b < flag.size(); ++b)
        if (flag[b] != 0) expected.push_back(static_cast<std::uint32_t>(b));
      ASSERT_EQ(count, static_cast<std::int64_t>(expected.size()));
      ASSERT_TRUE(std::equal(expected.begin(), expected.end(), list.begin())) << "ascending ids";
      Buffer<std::int32_t> visits(e, l.padded()), by_row(e, l.padded());
      Buffer<std::int32_t> wrong(e, 1);
      e.for_each_voxel(l, ActiveBricks{ids.data(), count},
                       MarkSite{visits.data(), wrong.data(), l});
      e.for_each_voxel(l, ActiveBricks{ids.data(), count}, MarkRow{by_row.data(), l});
      const auto active = [&](int x, int y, int z) {
        return flag[static_cast<std::size_t>(bricks.of(x, y, z))] != 0;
      };
      expect_each_voxel_once(e, l, visits, active);
      expect_each_voxel_once(e, l, by_row, active);
    }
}

TEST(Compact, KeepsOrderAtEverySize) {
  std::mt19937 random(12);
  for (const Executor& e : executors())
    for (const int n : {0, 1, 2, 31, 32, 33, 1000, 4097, 100001}) {
      std::vector<std::uint8_t> flag(static_cast<std::size_t>(n) + 1);
      std::vector<std::uint32_t> expected;
      for (int k = 0; k < n; ++k) {
        flag[static_cast<std::size_t>(k)] = random() % 5 == 0 ? 1 : 0;
        if (flag[static_cast<std::size_t>(k)] != 0)
          expected.push_back(static_cast<std::uint32_t>(k));
      }
      Buffer<std::uint8_t> flags = uploaded(e, flag);
      Buffer<std::uint32_t> ids(e, n + 1);
      ASSERT_EQ(e.compact(flags.data(), n, ids.data()), static_cast<std::int64_t>(expected.size()));
      const std::vector<std::uint32_t> got = ids.host_copy();
      EXPECT_TRUE(std::equal(expected.begin(), expected.end(), got.begin())) << n;
    }
}

TEST(IndexLoop, VisitsEveryIndexOnce) {
  for (const Executor& e : executors())
    for (const std::int64_t n : {0, 1, 255, 256, 257, 70000}) {
      Buffer<std::int64_t> out(e, n + 1);
      e.for_each_index(n, LinearIndex{out.data()});
      const std::vector<std::int64_t> got = out.host_copy();
      for (std::int64_t k = 0; k < n; ++k) ASSERT_EQ(got[static_cast<std::size_t>(k)], 3 * k + 1);
      EXPECT_EQ(got.back(), 0);
    }
}

// The order that every back end must reproduce, written down plainly.
std::vector<std::uint32_t> plain_red_black(std::vector<std::uint32_t> v, const Lattice& l,
                                           int sweeps) {
  const Relax f{v.data(), l.pitch(), l.plane()};
  for (int half = 0; half < 2 * sweeps; ++half)
    for (int z = 0; z < l.nz; ++z)
      for (int y = 0; y < l.ny; ++y)
        for (int x = 0; x < l.nx; ++x)
          if (((x + y + z) & 1) == (half & 1)) f(half & 1, l.voxel(x, y, z));
  return v;
}

TEST(ColourLoop, IsPlainRedBlackForAnyTeamAndAnyBox) {
  std::mt19937 random(21);
  std::vector<Executor> all = executors();
  all.push_back(Executor::on_cpu(4));
  all.push_back(Executor::on_cpu(13)); // more threads than planes
  for (const Lattice& l : boxes()) {
    std::vector<std::uint32_t> start(static_cast<std::size_t>(l.padded()));
    for (auto& v : start) v = static_cast<std::uint32_t>(random());
    for (const int sweeps : {1, 2, 3}) {
      const std::vector<std::uint32_t> expected = plain_red_black(start, l, sweeps);
      for (Executor& e : all)
        for (const bool sites : {false, true}) {
          e.prefer_voxels(sites);
          Buffer<std::uint32_t> v = uploaded(e, start), w = uploaded(e, start);
          e.for_each_colour(l, sweeps, Relax{v.data(), l.pitch(), l.plane()});
          ASSERT_EQ(v.host_copy(), expected)
              << e.description() << ", " << size_text(l) << ", " << sweeps << " sweeps";
          e.for_each_colour(l, sweeps, RelaxRows{{w.data(), l.pitch(), l.plane()}});
          ASSERT_EQ(w.host_copy(), expected)
              << e.description() << " by rows, " << size_text(l) << ", " << sweeps << " sweeps";
        }
    }
  }
}

TEST(Maximum, IsFoundWhereverItIsAndNaNWins) {
  std::mt19937 random(31);
  for (const Executor& e : executors())
    for (const Lattice& l : boxes()) {
      // Ghosts hold what must not be seen.
      std::vector<float> v(static_cast<std::size_t>(l.padded()), 1e30f);
      float largest = 0;
      for (int z = 0; z < l.nz; ++z)
        for (int y = 0; y < l.ny; ++y)
          for (int x = 0; x < l.nx; ++x) {
            const float here = std::uniform_real_distribution<float>(0, 5)(random);
            v[static_cast<std::size_t>(l.index(x, y, z))] = here;
            largest = std::max(largest, here);
          }
      Buffer<float> b = uploaded(e, v);
      EXPECT_EQ(e.max_over(l, ValueAt{b.data()}), largest)
          << e.description() << ", " << size_text(l);
      const auto at = static_cast<std::size_t>(
          l.index(static_cast<int>(random() % static_cast<unsigned>(l.nx)),
                  static_cast<int>(random() % static_cast<unsigned>(l.ny)),
                  static_cast<int>(random() % static_cast<unsigned>(l.nz))));
      for (const float odd :
           {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::quiet_NaN()}) {
        v[at] = odd;
        b.upload(v.data());
        EXPECT_TRUE(std::isnan(e.max_over(l, ValueAt{b.data()}))) << e.description();
      }
      v[at] = std::numeric_limits<float>::infinity();
      b.upload(v.data());
      EXPECT_TRUE(std::isinf(e.max_over(l, ValueAt{b.data()})));
    }
}

TEST(Tally, CountsEveryVoxelOnce) {
  std::mt19937 random(41);
  for (const Executor& e : executors())
    for (const Lattice& l : boxes()) {
      std::vector<std::uint8_t> code(static_cast<std::size_t>(l.padded()), 15);
      std::array<std::int64_t, 9> plain{}, weighted{};
      for (int z = 0; z < l.nz; ++z)
        for (int y = 0; y < l.ny; ++y)
          for (int x = 0; x < l.nx; ++x) {
            const std::size_t k = random() % 9;
            code[static_cast<std::size_t>(l.index(x, y, z))] = static_cast<std::uint8_t>(k);
            plain[k] += 1;
            weighted[k] += 1 + x;
          }
      Buffer<std::uint8_t> b = uploaded(e, code);
      const auto count = e.tally_over(l, CountKinds{b.data()});
      const auto sums = e.tally_over(l, TallyCodes{b.data()});
      for (std::size_t k = 0; k < 9; ++k) {
        EXPECT_EQ(count[k], plain[k]) << e.description() << ", " << size_text(l);
        EXPECT_EQ(sums[k], weighted[k]) << e.description() << ", " << size_text(l);
      }
    }
  // Lines longer than a byte can count.
  const Executor e = Executor::on_cpu(2);
  const Lattice l{1000, 3, 1, 20};
  Buffer<std::uint8_t> same(e, l.padded());
  EXPECT_EQ(e.tally_over(l, CountKinds{same.data()})[0], 3000);
}

// ---- memory

TEST(Memory, IsZeroAtFirstAndCounted) {
  for (const Executor& e : executors()) {
    const std::size_t before = e.memory_allocated(), allocations = e.allocations();
    {
      Buffer<std::uint64_t> b(e, 100003);
      EXPECT_EQ(e.memory_allocated(), before + 100003 * 8);
      EXPECT_EQ(e.allocations(), allocations + 1);
      for (const std::uint64_t v : b.host_copy()) ASSERT_EQ(v, 0u);
      std::vector<std::uint64_t> values(100003);
      for (std::size_t k = 0; k < values.size(); ++k) values[k] = mix64(k);
      b.upload(values.data());
      Buffer<std::uint64_t> moved = std::move(b);
      EXPECT_EQ(moved.host_copy(), values);
      moved.clear();
      EXPECT_EQ(moved.host_copy()[777], 0u);
    }
    EXPECT_EQ(e.memory_allocated(), before);
    Buffer<float> nothing(e, 0);
    EXPECT_TRUE(nothing.host_copy().empty());
  }
}

TEST(Memory, ThatIsNotThereIsAResourceError) {
  const Executor e = Executor::on_cpu(1);
  EXPECT_THROW(e.allocate(std::size_t{1} << 60), ResourceError);
  if (!Executor::cuda_obstacle().empty()) {
    EXPECT_THROW(Executor::on_cuda(), ResourceError);
  }
}

} // namespace
} // namespace metavox
