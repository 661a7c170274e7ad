// Virtual patients: what is expected of shed cells against closed forms and against a body of
// integers, lesions as counters, draws that belong to patients, and the numbers of clinics.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body/cohort.hpp"
#include "body/lesion_growth.hpp"
#include "body/settling.hpp"
#include "body_support.hpp"
#include "core/counts.hpp"
#include "core/errors.hpp"
#include "core/exact.hpp"
#include "core/file.hpp"
#include "folder.hpp"
#include "program/cohort.hpp"
#include "record/verify.hpp"

namespace metavox {
namespace {

using support::Moments;
using support::settings_of;

BodySettings standard(const std::vector<std::string>& set = {}) {
  return settings_of("body: {}\n", set);
}

// More cells survive than in a patient, so that integers show it.
const std::string toy = std::string("body:") + support::toy_circulation + R"(
  shedding: {clusters: 0.2, cluster_size: 3}
  lodged: {adhesion: 0.05 1/h}
)";

// ---- the expected chain

TEST(MatrixExponential, IsThatOfADecayChainAndOfARotation) {
  // a -> b at 50, b decays at 0.2
  const std::vector<double> e = matrix_exponential({-50, 0, 50, -0.2}, 2, 3.0);
  EXPECT_NEAR(e[0], std::exp(-150.0), 1e-60);
  EXPECT_NEAR(e[2], 50 / 49.8 * (std::exp(-0.6) - std::exp(-150.0)), 1e-13);
  EXPECT_NEAR(e[3], std::exp(-0.6), 1e-13);
  const std::vector<double> r = matrix_exponential({0, -1, 1, 0}, 2, 20.0);
  EXPECT_NEAR(r[0], std::cos(20.0), 1e-12);
  EXPECT_NEAR(r[2], std::sin(20.0), 1e-12);
}

double sum_of(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += x;
  return sum;
}

// Of cells that lodge, those that land; organs whose walls let them out four times as fast as they
// die, so that a share of 0.8 of the adherent come out.
double landed_share(const std::vector<std::string>& more) {
  std::vector<std::string> set{"body.organs[1].barrier=1", "body.organs[2].barrier=1",
                               "body.lodged.adhesion=0.0041 1/h"};
  set.insert(set.end(), more.begin(), more.end());
  const BodySettings s = settings_of(toy, set);
  return sum_of(Settling(s.body, s.body.primaries[0], 1).landed_in_the_end());
}

// Rates of Meng, Fidler and Gorelik: 1 % adhere, 10.2 times as many without NK cells, and clusters
// leave 19 to 48 times the adherent cells of a single.
TEST(Settling, MeetsItsThreeExperiments) {
  const std::string alone = "body.shedding.clusters=0";
  const double single = landed_share({alone});
  EXPECT_NEAR(single, 0.8 * 0.0041 / 0.4101, 1e-12);
  EXPECT_NEAR(landed_share({alone, "body.host.nk=0"}) / single, 0.4101 / 0.0401, 1e-9);
  for (const int n : {2, 3, 5}) {
    const double together = landed_share(
        {"body.shedding.clusters=1", "body.shedding.cluster_size=" + std::to_string(n)});
    const double k = 0.0041 + 0.406 / 20 + 0.02; // what a cluster can meet
    EXPECT_NEAR(n * together / 0.8, n * (0.0041 / k + 0.02 / k * 0.0041 / 0.4101), 1e-9);
    EXPECT_GT(n * together / single, 19) << n;
    EXPECT_LT(n * together / single, 48.5) << n;
  }
  // Of 10^4 adherent, 0.8 are outside on day 3, at a barrier of 1.
  BodySettings s = settings_of(toy, {"body.organs[0].barrier=1"});
  Settling day(s.body, s.body.primaries[0], 1);
  Settling::State state = day.nothing(), scratch = state;
  state[2 * day.organs()] = 1e4;
  for (int k = 0; k < 3; ++k) day.advance(state, scratch, 0, 0, 0);
  EXPECT_NEAR(day.landed(state, 0) / 1e4, 0.8 * (1 - std::exp(-6.0)), 1e-12);
}

// Times the chances of fate: metastases per cell that leaves, 1.4e-8 with clusters.
TEST(Settling, LeavesOneMetastasisPerSeventyMillionCells) {
  const BodySettings s = standard();
  const Settling settling(s.body, primary_named(s.body, "breast"), 1);
  const double p = 1 / 40.0 / 100 * 0.005 * sum_of(settling.landed_in_the_end());
  EXPECT_GT(p, 1.3e-8);
  EXPECT_LT(p, 1.6e-8);
}

TEST(Settling, IsTheSameAtAnyStep) {
  const BodySettings s = settings_of(toy);
  std::vector<std::vector<double>> landed, level;
  for (const double step : {1.0 / 24, 1.0, 10.0}) {
    const Settling settling(s.body, s.body.primaries[0], step);
    Settling::State state = settling.nothing(), scratch = state;
    const auto shed = [](double t) { return 1e3 * std::exp(0.01 * t); };
    for (double t = 0; t < 60 - step / 2; t += step)
      settling.advance(state, scratch, shed(t), shed(t + step / 2), shed(t + step));
    landed.emplace_back();
    for (std::size_t i = 0; i < settling.organs(); ++i)
      landed.back().push_back(settling.landed(state, i));
    level.push_back({settling.flowing(state, shed(60))});
  }
  for (std::size_t k = 1; k < landed.size(); ++k)
    for (std::size_t i = 0; i < landed[0].size(); ++i) {
      EXPECT_NEAR(landed[k][i] / landed[0][i], 1, 2e-6) << k << " " << i;
      EXPECT_NEAR(level[k][0] / level[0][0], 1, 2e-5) << k;
    }
}

// In one solve what comes of steps without end: organs of a human, clusters, walls, what is let go.
TEST(Settling, LandsInTheEndWhatItsStepsComeTo) {
  for (const char* primary : {"breast", "lung", "stomach", "prostate"}) {
    const BodySettings s = standard({"body.shedding.clusters=0.3"});
    const Settling settling(s.body, primary_named(s.body, primary), 1);
    Settling::State state = settling.nothing(), scratch = state;
    settling.advance(state, scratch, 1, 1, 1); // one cell in a day
    for (int day = 0; day < 400; ++day) settling.advance(state, scratch, 0, 0, 0);
    const std::vector<double> landed = settling.landed_in_the_end(),
                              shares = landed_shares(s.body, primary_named(s.body, primary));
    double all = 0;
    for (std::size_t i = 0; i < settling.organs(); ++i) {
      EXPECT_NEAR(settling.landed(state, i) / landed[i], 1, 1e-9) << primary << " " << i;
      EXPECT_EQ(landed[i], shares[settling.organ(i)]);
      all += landed[i];
    }
    EXPECT_GT(all, 0.005) << primary;
    EXPECT_EQ(sum_of(shares), all); // none where no blood flows
  }
}

// Where cells never leave a stage, or are let go for ever, none land.
TEST(Settling, LandsNothingOfWhatStaysForEver) {
  const std::vector<std::string> still{"body.lodged.adhesion=0 1/h", "body.lodged.nk=0 1/h",
                                       "body.lodged.other=0 1/h", "body.lodged.break_up=0 1/h"};
  for (const char* last : {"body.lodged.release=0 1/h", "body.lodged.release=1 1/h"}) {
    std::vector<std::string> set = still;
    set.emplace_back(last);
    const BodySettings s = settings_of(toy, set);
    for (const double share : landed_shares(s.body, s.body.primaries[0]))
      EXPECT_EQ(share, 0.0) << last;
  }
}

// The soil that frequencies ask for is that of the cohort: lesions that a patient expects in an
// organ stand to one another as -ln(1 - frequency), through flow, walls, clusters and what is let
// go, with lymph and without, in every primary; so they do not where soil is that of flow alone.
TEST(Soil, GivesPatientsTheFrequenciesInTheirProportions) {
  for (const char* name : {"breast", "lung", "prostate", "colon", "stomach"}) {
    BodySettings s =
        standard({"body.fate.human=1e-5", std::string("body.primary=") + name,
                  "body.lymph.enabled=" + std::string(*name == 'l' ? "false" : "true")});
    const std::vector<SoilParameters> soils = primary_named(s.body, name).soils;
    const PrimaryParameters& primary = primary_named(s.body, name);
    const std::vector<double> lodged =
                                  follow(circulation_of(s.body), ways_of(s.body, primary)).lodged,
                              landed = landed_shares(s.body, primary);
    const auto place = [&](const SoilParameters& there) {
      return static_cast<std::size_t>(organ_index(s.body, there.organ));
    };
    for (OrganParameters& o : s.body.organs) o.soil = 0;
    double one = 0, least = 1, most = 0; // the last two: of what lodges, the share that lands
    for (const SoilParameters& there : soils) {
      for (PrimaryParameters& p : s.body.primaries)
        if (p.name == name) p.soils = {there};
      double expected = 0;
      for (const PatientRow& r : follow_patients(s, 0, 3, 1)) expected += r.expected;
      if (there.organ == "peritoneum") {
        EXPECT_EQ(expected, 0) << name;
        continue;
      }
      ASSERT_GT(expected, 0) << name << " " << there.organ;
      const double lambda = expected / -std::log(1 - there.frequency);
      if (one == 0) one = lambda;
      EXPECT_NEAR(lambda / one, 1, 1e-6) << name << " " << there.organ;
      const double lands = landed[place(there)] / lodged[place(there)];
      least = std::min(least, lands), most = std::max(most, lands);
    }
    EXPECT_GT(most / least, 1.5) << name;
  }
}

// ---- the same law as a body of integers

struct IntegerBody {
  const BodySettings& settings;
  std::vector<double> first;
  std::vector<std::vector<double>> again;
  std::vector<std::int64_t> clusters, single, adherent, landed;
  std::uint64_t seed = 0, step = 0;

  explicit IntegerBody(const BodySettings& s) : settings(s) {
    const Circulation blood = circulation_of(s.body);
    first = follow(blood, ways_of(s.body, s.body.primaries[0])).lodged;
    for (const OrganParameters& o : s.body.organs)
      again.push_back(follow(blood, {{no_bed, chamber_index(s.body, o.drains), 1.0}}).lodged);
    clusters.assign(first.size(), 0);
    single = adherent = landed = clusters;
  }
  CountKey key(Purpose purpose, std::size_t organ, std::uint32_t kind) const {
    return {seed, purpose, organ, step, kind};
  }
  void spread(Purpose purpose, std::size_t from, std::uint32_t kind, std::int64_t n,
              const std::vector<double>& shares, std::vector<std::int64_t>& to) const {
    std::vector<std::int64_t> more(shares.size());
    multinomial(key(purpose, 64 * (from + 1), kind), n, shares.data(),
                static_cast<int>(shares.size()), more.data());
    for (std::size_t i = 0; i < shares.size(); ++i) to[i] += more[i];
  }
  // Of n, what each of several rates takes within a time; `taken` by rate.
  template <std::size_t N>
  std::array<std::int64_t, N> take(Purpose purpose, std::size_t organ, std::uint32_t kind,
                                   std::int64_t n, const std::array<double, N>& rates,
                                   double days) {
    double sum = 0;
    for (const double r : rates) sum += r;
    std::array<std::int64_t, N> taken{};
    const std::int64_t all = binomial(key(purpose, organ, kind), n, 1 - std::exp(-sum * days));
    multinomial(key(purpose, 64 * (organ + 1), kind + 1), all, rates.data(), static_cast<int>(N),
                taken.data());
    return taken;
  }
  // One step, `shed` cells expected within it.
  void advance(double shed, double days) {
    const BodyParameters& b = settings.body;
    const int size = b.shedding.cluster_size;
    const double groups = shed * b.shedding.clusters / (1 + b.shedding.clusters * (size - 1));
    spread(Purpose::transit, 0, 0, poisson(key(Purpose::shedding, 0, 0), groups), first, clusters);
    spread(Purpose::transit, 0, 1, poisson(key(Purpose::shedding, 0, 1), shed - size * groups),
           first, single);
    const double day = 1440, adhesion = b.lodged.adhesion * day, release = b.lodged.release * day;
    const double killed = (b.lodged.nk + b.lodged.other) * day, break_up = b.lodged.break_up * day;
    auto released_clusters = std::vector<std::int64_t>(first.size(), 0);
    auto released = released_clusters;
    for (std::size_t o = 0; o < first.size(); ++o) {
      const auto c = take<4>(Purpose::settling, o, 2, clusters[o],
                             {adhesion, killed / b.lodged.shield, break_up, release}, days);
      const auto s = take<3>(Purpose::settling, o, 4, single[o], {adhesion, killed, release}, days);
      const double out = b.crossing.out * day / b.organs[o].barrier;
      const auto a =
          take<2>(Purpose::crossing, o, 6, adherent[o], {out, b.crossing.death * day}, days);
      clusters[o] -= c[0] + c[1] + c[2] + c[3];
      single[o] += size * c[2] - s[0] - s[1] - s[2];
      adherent[o] += size * c[0] + s[0] - a[0] - a[1];
      landed[o] += a[0];
      spread(Purpose::transit, o + 1, 8, c[3], again[o], released_clusters);
      spread(Purpose::transit, o + 1, 9, s[2], again[o], released);
    }
    for (std::size_t o = 0; o < first.size(); ++o) {
      clusters[o] += released_clusters[o];
      single[o] += released[o];
    }
    ++step;
  }
};

void expect_the_same_law(const std::string& yaml, double step, int bodies,
                         const std::vector<std::string>& set, bool poisson_law) {
  const BodySettings s = settings_of(yaml, set);
  const double days = 40, growth = 0.02;
  const auto shed = [&](double t) { return 30 * std::exp(growth * t); };
  const Settling settling(s.body, s.body.primaries[0], step);
  Settling::State state = settling.nothing(), scratch = state;
  for (double t = 0; t < days - step / 2; t += step)
    settling.advance(state, scratch, shed(t), shed(t + step / 2), shed(t + step));
  const double lodged_then = settling.single(state, 0) + 3 * settling.clusters(state, 0);
  while (settling.on_their_way(state) > 1e-9) settling.advance(state, scratch, 0, 0, 0);

  const double chance = 0.004; // of a landed cell to found a lesion
  std::vector<Moments> landed(3), founders(3);
  Moments none, lodged;
  double expected_founders = 0;
  for (std::size_t o = 0; o < 3; ++o) expected_founders += chance * settling.landed(state, o);
  for (int k = 0; k < bodies; ++k) {
    IntegerBody body(s);
    body.seed = mix64(77 + static_cast<std::uint64_t>(k));
    for (double t = 0; t < days - step / 2; t += step)
      body.advance((shed(t + step) - shed(t)) / growth, step);
    lodged.add(static_cast<double>(body.single[0] + 3 * body.clusters[0]));
    const auto waiting = [&] {
      std::int64_t sum = 0;
      for (std::size_t o = 0; o < 3; ++o)
        sum += body.clusters[o] + body.single[o] + body.adherent[o];
      return sum;
    };
    while (waiting() > 0) body.advance(0, step);
    std::int64_t all = 0;
    for (std::size_t o = 0; o < 3; ++o) {
      landed[o].add(static_cast<double>(body.landed[o]));
      const std::int64_t founded =
          binomial(body.key(Purpose::landing, o, 0), body.landed[o], chance);
      founders[o].add(static_cast<double>(founded));
      all += founded;
    }
    none.add(all == 0 ? 1 : 0);
  }
  for (std::size_t o = 0; o < 3; ++o) {
    const double mean = settling.landed(state, o);
    EXPECT_GT(mean, 4);
    EXPECT_NEAR(landed[o].mean(), mean, 3 * landed[o].error()) << o;
    EXPECT_NEAR(founders[o].mean(), chance * mean, 3 * founders[o].error()) << o;
    if (poisson_law) { // variance of a Poisson number
      EXPECT_NEAR(landed[o].variance() / mean, 1, 3 * std::sqrt(2.0 / bodies)) << o;
    }
  }
  EXPECT_NEAR(none.mean(), std::exp(-expected_founders), 3 * none.error() + 0.002);
  // At steps of an hour also what is on its way.
  if (step < 0.1) {
    EXPECT_NEAR(lodged.mean(), lodged_then, 3 * lodged.error() + 0.03 * lodged_then);
  }
}

TEST(IntegerBody, HasTheLawOfTheExpectedChainAtStepsOfAnHour) {
  expect_the_same_law(toy, 1.0 / 24, 300, {}, false);
}
TEST(IntegerBody, HasTheLawOfTheExpectedChainAtStepsOfADay) {
  expect_the_same_law(toy, 1.0, 2000, {}, false);
  expect_the_same_law(toy, 1.0, 2000, {"body.shedding.clusters=0"}, true);
}

TEST(Fate, SleepsByThePrimaryUnlessAsked) {
  EXPECT_EQ(standard().body.fate.asleep, 0.9);
  EXPECT_EQ(standard({"body.primary=colon"}).body.fate.asleep, 0.4);
  EXPECT_EQ(standard({"body.primary=colon", "body.fate.asleep=0.2"}).body.fate.asleep, 0.2);
}

// ---- counters

TEST(LesionClock, DoublesAsItIsToldWaitsForVesselsAndGrowsByItsDiameterAtTheEnd) {
  const BodyParameters b = standard().body;
  LesionPace pace;
  pace.doubling = 70;
  pace.early = 0.15;
  pace.wait = 100;
  const LesionClock clock(b.lesions, pace);
  const double early = 70 * 0.15 * std::log2(3.6e4);
  EXPECT_NEAR(clock.day_of(3.6e4), early, 1e-9);
  EXPECT_NEAR(clock.cells_on(early + 50), 3.6e4, 1e-6);
  EXPECT_NEAR(clock.cells_on(early + 100 + 70), 7.2e4, 1e-6 * 7.2e4);
  EXPECT_NEAR(clock.day_of(1.44e5), early + 100 + 140, 1e-9);
  // 50 mm: from there the diameter grows by D ln2 / (3 DT) a day.
  const double n50 = cells_of_diameter(b.lesions, 5e4), day = clock.day_of(n50);
  EXPECT_NEAR(diameter_of_cells(b.lesions, clock.cells_on(day + 100)),
              5e4 * (1 + 100 * std::log(2.0) / 210), 1);
  for (const double n : {2.0, 1e3, 3e4, 5e4, 1e7, 1e9, 1e11})
    EXPECT_NEAR(clock.cells_on(clock.day_of(n)) / n, 1, 1e-9) << n;
  // A lucky beginning is a day earlier by its logarithm.
  pace.luck = 2;
  EXPECT_NEAR(clock.day_of(1e6) - LesionClock(b.lesions, pace).day_of(1e6), 70 * 0.15, 1e-9);
}

// Of lattices before growth by pressure.
const std::vector<std::string> radial_as_published = {"body.lesions.growth=radial",
                                                      "body.lesions.radial_rate=1.38 1/day",
                                                      "body.lesions.radial_cells=316"};

// dN/dt = N min(r_0, r / (1 + (N/N_s)^(1/3))), and 1.1e4 cells in 16 days.
TEST(LesionClock, GrowsByItsRadiusWhereAsked) {
  std::vector<std::string> settings = radial_as_published;
  settings.push_back("body.lesions.avascular=1e8");
  const BodyParameters b = standard(settings).body;
  LesionPace pace;
  pace.doubling = 160;
  const LesionClock clock(b.lesions, pace);
  EXPECT_NEAR(clock.cells_on(16), 1.1e4, 600);
  for (const double n : {3.0, 200.0, 400.0, 1e4, 5e6}) {
    EXPECT_NEAR(clock.cells_on(clock.day_of(n)) / n, 1, 1e-9) << n;
    const double rate = std::min(0.67, 1.38 / (1 + std::cbrt(n / 316))), day = clock.day_of(n);
    const double h = 1e-4;
    EXPECT_NEAR((clock.cells_on(day + h) - clock.cells_on(day - h)) / (2 * h * n), rate, 1e-3) << n;
  }
  // It continues a lattice: 11,175 cells on day 6 are 53,162 on day 12.
  const double day = clock.day_of(11175);
  EXPECT_NEAR(clock.cells_on(day + 6), 53162, 300);
}

TEST(Shedding, GoesWithTheSurface) {
  const BodyParameters b = standard().body;
  const auto shed = [&](double mm) {
    return shed_by(b.shedding, b.lesions, cells_of_diameter(b.lesions, 1e3 * mm));
  };
  EXPECT_NEAR(shed(10), 3.35e4, 50);
  EXPECT_NEAR(shed(20) / shed(10), 4, 1e-9);
  EXPECT_EQ(shed(0.7), 0);
  const BodyParameters rat = standard({"body.preset=rat"}).body;
  const double n = cells_of_diameter(rat.lesions, 5e3);
  EXPECT_NEAR(shed_by(rat.shedding, rat.lesions, n) / n, 0.0256, 1e-4); // of all cells a day
}

// ---- cohorts

bool same(const PatientRow& a, const PatientRow& b) {
  return a.theta == b.theta && a.doubling == b.doubling && a.removal == b.removal &&
         a.expected == b.expected && a.level == b.level && a.sleepers == b.sleepers &&
         a.in_blood == b.in_blood && a.in_marrow == b.in_marrow && a.founded == b.founded &&
         a.nodes == b.nodes && a.largest_node == b.largest_node && a.seen == b.seen &&
         a.seen_in == b.seen_in && a.other_death == b.other_death;
}

TEST(Cohort, IsTheSameOnAnyThreadsAndInAnyPieces) {
  const BodySettings s = standard();
  const std::vector<PatientRow> rows = follow_patients(s, 0, 60, 1);
  for (const int threads : {2, 3}) {
    const std::vector<PatientRow> again = follow_patients(s, 0, 60, threads);
    for (std::size_t k = 0; k < rows.size(); ++k) EXPECT_TRUE(same(rows[k], again[k])) << k;
  }
  const std::vector<PatientRow> some = follow_patients(s, 40, 10, 2);
  for (std::size_t k = 0; k < some.size(); ++k) EXPECT_TRUE(same(rows[40 + k], some[k])) << k;
  EXPECT_FALSE(same(rows[0], rows[1]));
  BodySettings other = s;
  other.simulation.seed += 1;
  EXPECT_FALSE(same(rows[0], follow_patients(other, 0, 1, 1)[0]));
}

std::uint64_t bits_of(const std::vector<PatientRow>& rows) {
  std::uint64_t hash = 0;
  const auto fold = [&](double x) { hash = mix64(hash ^ exact::bit_cast<std::uint64_t>(x)) + 1; };
  for (const PatientRow& r : rows) {
    for (const double x : {r.theta, r.node_theta, r.doubling, r.diameter, r.age, r.removal, r.shed,
                           r.landed, r.expected, r.level, r.sleepers, r.largest_node, r.seen,
                           r.seen_diameter, r.founded_before_seen, r.other_death})
      fold(x);
    for (const std::int64_t n : {r.in_blood, r.in_marrow, r.founded, r.slept, r.nodes})
      fold(static_cast<double>(n));
  }
  return hash;
}

// What every compiler and instruction set must give: with the soil that was of flow alone, and with
// today's.
TEST(Cohort, HasTheseBits) {
  const std::string soils = "body.primaries[0].soils=";
  const BodySettings by_flow =
      standard({soils + "[{organ: bone, soil: 18.946362864203873}, {organ: lung, soil: "
                        "0.2353845759284126}, {organ: liver, soil: 2.4336893239453836}, {organ: "
                        "brain, soil: 0.9405035042929288}]"});
  EXPECT_EQ(bits_of(follow_patients(by_flow, 0, 30, 2)), 2711807975041764585u);
  std::vector<std::string> of_rats = radial_as_published;
  of_rats.push_back("body.preset=rat");
  of_rats.push_back(soils + "[{organ: bone, soil: 11.969225179343205}, {organ: lung, soil: "
                            "0.28253469677144577}, {organ: liver, soil: 1.0020158130217744}, "
                            "{organ: brain, soil: 0.5941561610282445}]");
  const BodySettings radial = standard(of_rats);
  EXPECT_EQ(bits_of(follow_patients(radial, 0, 30, 2)), 18302429627167559776u);
  EXPECT_EQ(bits_of(follow_patients(standard(), 0, 30, 2)), 3453814906236047229u);
}

// What is drawn is Poisson about what is expected, patient by patient: their difference is on
// average nothing, and its square is the expectation.
TEST(Cohort, DrawsWhatItExpects) {
  const BodySettings s = standard({"body.fate.human=0.02"});
  Moments difference;
  double expected = 0, none = 0, expected_none = 0, variance_none = 0;
  const std::vector<PatientRow> rows = follow_patients(s, 0, 3000, 2);
  for (const PatientRow& r : rows) {
    difference.add((static_cast<double>(r.founded) - r.expected) / std::sqrt(r.expected + 1));
    expected += r.expected;
    none += r.founded == 0 ? 1 : 0;
    const double p = std::exp(-r.expected);
    expected_none += p;
    variance_none += p * (1 - p);
  }
  EXPECT_GT(expected, 3000);
  EXPECT_NEAR(difference.mean(), 0, 3 * difference.error());
  EXPECT_NEAR(none, expected_none, 3 * std::sqrt(variance_none));
}

TEST(Cohort, IsTheSameAtStepsOfADayAndOfTen) {
  const std::vector<PatientRow> ten = follow_patients(standard(), 0, 200, 2),
                                one = follow_patients(standard({"body.step=1 day"}), 0, 200, 2);
  double a = 0, b = 0;
  for (std::size_t k = 0; k < ten.size(); ++k) {
    a += ten[k].expected, b += one[k].expected;
    EXPECT_NEAR(ten[k].expected / one[k].expected, 1, 2e-3) << k; // a node that begins in a step
    EXPECT_NEAR(ten[k].level / one[k].level, 1, 1e-3) << k;
  }
  EXPECT_NEAR(a / b, 1, 1e-4);
}

using Numbers = std::map<std::string, CohortNumber>;
Numbers numbers_of(std::int64_t patients, const std::vector<std::string>& set = {}) {
  const BodySettings s = standard(set);
  Numbers numbers;
  for (const CohortNumber& n : summary_of(s, follow_patients(s, 0, patients, 2)))
    numbers[n.name] = n;
  return numbers;
}
void expect_between(const Numbers& numbers, const char* name, double low, double high) {
  const CohortNumber& n = numbers.at(name);
  EXPECT_GT(n.value + 2 * n.error, low) << name << " " << n.value << " +- " << n.error;
  EXPECT_LT(n.value - 2 * n.error, high) << name << " " << n.value << " +- " << n.error;
}

// Fitted: size, cells in blood, marrow, late share with hazard, nodes at 15 mm. Not fitted: the
// patients free of relapse, the ratio of marrow, the slope of nodes, what lymph adds.
TEST(Cohort, MeetsTheRowsOfClinics) {
  const Numbers n = numbers_of(4000);
  expect_between(n, "blood_positive", 0.12, 0.30);
  expect_between(n, "blood_rate_ratio", 1.3, 2.6);
  EXPECT_GT(n.at("blood_positive_free").value, 0.6);
  expect_between(n, "marrow_positive", 0.2, 0.4);
  expect_between(n, "marrow_rate_ratio", 1.5, 3.2);
  expect_between(n, "late_share", 0.35, 0.65);
  expect_between(n, "hazard_5_10_over_10_20", 0.7, 2);
  expect_between(n, "nodes_positive_at_15_mm", 0.30, 0.37);
  expect_between(n, "nodes_slope_per_cm", 0.08, 0.13);
  // Soil is imposed: bone comes first, as among its targets.
  EXPECT_GT(n.at("first_in_bone").value, n.at("first_in_lung").value);
  EXPECT_GT(n.at("first_in_lung").value, n.at("first_in_brain").value);
  const Numbers without = numbers_of(4000, {"body.lymph.enabled=false"});
  for (const char* row : {"seen", "relapsed_5y"}) {
    const double ratio = without.at(row).value / n.at(row).value;
    EXPECT_GT(ratio, 0.8) << row;
    EXPECT_LT(ratio, 1.2) << row;
  }
}

TEST(Cohort, SeesMetastasesBySizeAtRemovalAsKoscielnyDid) {
  const std::map<int, double> by_size{{10, 0.10}, {30, 0.44}, {50, 0.67}};
  for (const auto& [mm, share] : by_size) {
    const Numbers n = numbers_of(2000, {"body.observer.diameter_spread=0",
                                        "body.observer.diameter=" + std::to_string(mm) + " mm"});
    EXPECT_NEAR(n.at("seen").value, share, 0.06 + 2 * n.at("seen").error) << mm;
    // A founder landed in more than are seen within twenty years.
    EXPECT_GT(n.at("founded_expected").value, n.at("seen").value + 0.02) << mm;
  }
}

// ---- as a run

RunOptions options_of(const Folder& folder, const std::string& yaml) {
  RunOptions o;
  o.config = folder.write("c.yaml", yaml);
  o.output = folder.path() / "run";
  o.quiet = true;
  return o;
}

TEST(CohortRun, WritesTheSameBytesOnAnyThreads) {
  const Folder folder;
  RunOptions o = options_of(folder, "body: {patients: 70}\n");
  o.threads = 1;
  ASSERT_EQ(run_cohort(o), exit_done);
  EXPECT_TRUE(verify_run(o.output).ok);
  const std::string table = read_text(o.output / "cohort.csv");
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 71);
  const std::string header = table.substr(0, table.find('\n'));
  const auto commas = std::count(header.begin(), header.end(), ',');
  for (std::size_t at = 0; at < table.size();) {
    const std::size_t end = table.find('\n', at);
    EXPECT_EQ(std::count(table.begin() + static_cast<std::ptrdiff_t>(at),
                         table.begin() + static_cast<std::ptrdiff_t>(end), ','),
              commas);
    at = end + 1;
  }
  EXPECT_NE(read_text(o.output / "provenance.json").find(hex16(cohort_hash(table))),
            std::string::npos);
  EXPECT_EQ(hash_command(o.output), exit_done);
  // ... and again from what was resolved.
  RunOptions again = o;
  again.config = o.output / "resolved.yaml";
  again.output = folder.path() / "again";
  again.threads = 2;
  ASSERT_EQ(run_cohort(again), exit_done);
  EXPECT_EQ(read_text(again.output / "cohort.csv"), table);
  EXPECT_EQ(read_text(again.output / "summary.csv"), read_text(o.output / "summary.csv"));
  EXPECT_THROW(run_cohort(o), std::exception); // the folder is taken
  o.force = true;
  EXPECT_EQ(run_cohort(o), exit_done);
}

TEST(CohortRun, SaysWhatItCannotDo) {
  const Folder folder;
  const auto told = [&](const RunOptions& o) -> std::string {
    try {
      run_cohort(o);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return {};
  };
  RunOptions o = options_of(folder, "body: {}\n");
  EXPECT_NE(told(o).find("body.patients is 0, so there is nobody to follow"), std::string::npos);
  o = options_of(folder, "body: {patients: 3}\n");
  o.resume = true;
  EXPECT_NE(told(o).find("--resume is for runs of a lattice"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(o.output));
  EXPECT_TRUE(has_body(o.config));
  EXPECT_FALSE(has_body(METAVOX_SOURCE_DIR "/configs/smoke.yaml"));
}

} // namespace
} // namespace metavox
