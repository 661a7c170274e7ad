// A body followed hour by hour in whole cells: against the exact chain, against what is expected of
// it, its ledger, forced founders, splitting, windows, and what must never happen.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "body/body.hpp"
#include "body/cohort.hpp"
#include "body/lesion.hpp"
#include "body/lesion_growth.hpp"
#include "body/rare_founders.hpp"
#include "body/settling.hpp"
#include "body/splitting.hpp"
#include "body_support.hpp"
#include "core/counts.hpp"
#include "core/errors.hpp"
#include "core/exact.hpp"

namespace metavox {
namespace {

using support::Dice;
using support::Moments;
using support::settings_of;
using support::toy_body;

Body followed(const BodyPlan& plan, std::uint64_t seed, double days) {
  Body body(plan, seed);
  const auto steps = static_cast<std::int64_t>(std::llround(days * 1440 / plan.body.step));
  for (std::int64_t k = 0; k < steps; ++k) body.step();
  return body;
}

// ---- the law

// The exact chain of cohorts with the same shedding: what is expected beside the whole cells is off
// by what came within a step and left in another order, at most.
TEST(WholeBody, ExpectsWhatTheExactChainDoes) {
  for (const auto& [step, most] : {std::pair{"10 min", 0.003}, {"1 h", 0.01}, {"2 h", 0.03}}) {
    const BodySettings s = settings_of(toy_body, {std::string("body.step=") + step});
    const BodyPlan plan(s);
    const Body body = followed(plan, 3, 40);
    const Settling settling(s.body, s.body.primaries[0], 0.1);
    Settling::State state = settling.nothing(), scratch = state;
    const double first = static_cast<double>(plan.first_cells);
    const auto shed = [&](double t) {
      return shed_by(s.body.shedding, s.body.lesions, first * std::exp2(t / 100));
    };
    for (int k = 0; k < 400; ++k)
      settling.advance(state, scratch, shed(0.1 * k), shed(0.1 * k + 0.05), shed(0.1 * k + 0.1));
    for (std::size_t o = 0; o < 3; ++o) {
      const OrganStages<double>& e = body.expected().organs[o];
      EXPECT_NEAR(e.landed / settling.landed(state, o), 1, most) << step << " " << o;
      EXPECT_NEAR(e.adherent[1] / settling.adherent(state, o), 1, most) << step << " " << o;
      EXPECT_NEAR(e.lodged[1] / settling.single(state, o), 1, most) << step << " " << o;
      EXPECT_NEAR(e.lodged[5] / settling.clusters(state, o), 1, most) << step << " " << o;
    }
    EXPECT_NEAR(body.blood_level() * s.body.blood.volume / settling.flowing(state, shed(40)), 1,
                most + 0.001)
        << step;
  }
}

// An organ's factor of adhesion and what cells have of proteinases: of lodged single cells that
// stay, a k_adh/(a k_adh + the others) adhere, and of these k_out/(k_out + k_death) come out; in
// the whole cells, the expected ones and the chain of cohorts.
TEST(WholeBody, AdheresByTheOrganAndComesOutByProteinases) {
  const std::vector<std::string> set{"body.organs[0].adhesion=3",     "body.organs[2].adhesion=0.5",
                                     "body.crossing.proteinase=0.02", "body.lodged.release=0 1/h",
                                     "body.shedding.clusters=0",      "body.pass=0.2",
                                     "body.shedding.fraction=0.1"};
  const BodySettings s = settings_of(toy_body, set);
  const BodyPlan plan(s);
  const Body body = followed(plan, 4, 40);
  const Settling settling(s.body, s.body.primaries[0], 0.1);
  const std::vector<double> landed = settling.landed_in_the_end();
  const Passage passage = follow(circulation_of(s.body), ways_of(s.body, s.body.primaries[0]));
  const double k = 0.05, other = 0.37 + 0.036;
  const double factors[] = {3, 1, 0.5}, barriers[] = {1, 0.5, 5};
  for (std::size_t o = 0; o < 3; ++o) {
    const double adhere = factors[o] * k / (factors[o] * k + other);
    const double out = 1.6 * 1.1 * 0.02 / 0.12 / barriers[o], comes_out = out / (out + 0.4);
    EXPECT_NEAR(landed[o] / (passage.lodged[o] * adhere * comes_out), 1, 1e-6) << o;
    const auto& n = body.natural().organs[o];
    const auto& e = body.expected().organs[o];
    EXPECT_NEAR(e.adhered / (e.arrived - e.lodged_cells()) / adhere, 1, 1e-9) << o;
    EXPECT_NEAR(e.landed / (e.adhered - e.adherent_cells()) / comes_out, 1, 1e-9) << o;
    const auto left = static_cast<double>(n.arrived - n.lodged_cells());
    EXPECT_NEAR(static_cast<double>(n.adhered) / left, adhere,
                4 * std::sqrt(adhere * (1 - adhere) / left))
        << o;
    const auto crossed = static_cast<double>(n.adhered - n.adherent_cells());
    EXPECT_NEAR(static_cast<double>(n.landed) / crossed, comes_out,
                4 * std::sqrt(comes_out * (1 - comes_out) / crossed))
        << o;
  }
  EXPECT_EQ(settings_of(toy_body).body.crossing.rate_out(),
            settings_of(toy_body).body.crossing.out);
}

TEST(WholeBody, HasTheMeansThatItExpects) {
  const BodySettings s = settings_of(toy_body, {"body.fate.human=0.001"});
  const BodyPlan plan(s);
  const int bodies = 200;
  std::vector<Moments> landed(3), lodged(3), difference(3), dormant(3);
  Moments none, none_expected;
  for (int k = 0; k < bodies; ++k) {
    const Body body = followed(plan, mix64(100 + static_cast<std::uint64_t>(k)), 40);
    std::int64_t founders = 0;
    for (std::size_t o = 0; o < 3; ++o) {
      const auto& n = body.natural().organs[o];
      const auto& e = body.expected().organs[o];
      landed[o].add(static_cast<double>(n.landed) - e.landed);
      lodged[o].add(static_cast<double>(n.lodged_cells()) - e.lodged_cells());
      dormant[o].add(static_cast<double>(n.fate[2]) - e.fate[2]);
      difference[o].add(static_cast<double>(n.competent()) - e.competent());
      EXPECT_GT(e.landed, 5);
      founders += n.competent();
    }
    none.add(founders == 0 ? 1 : 0);
    none_expected.add(std::exp(-body.expected_founders()));
  }
  for (std::size_t o = 0; o < 3; ++o) {
    EXPECT_NEAR(landed[o].mean(), 0, 3 * landed[o].error()) << o;
    EXPECT_NEAR(lodged[o].mean(), 0, 3 * lodged[o].error()) << o;
    EXPECT_NEAR(dormant[o].mean(), 0, 3 * dormant[o].error()) << o;
    EXPECT_NEAR(difference[o].mean(), 0, 3 * difference[o].error()) << o;
  }
  EXPECT_GT(none.mean(), 0.05);
  EXPECT_LT(none.mean(), 0.9);
  // Cells of a cluster may found together: a little more often none than Poisson says.
  EXPECT_NEAR(none.mean(), none_expected.mean(), 3 * none.error() + 0.02);
}

// A patient of a cohort, hour by hour until removal: what was shed, what flows, what sleeps in the
// marrow, and founders that are Poisson about the cohort's thinned law.
TEST(WholeBody, IsThePatientOfACohort) {
  support::for_early_patients("body: {lymph: {enabled: false}}\n", 3,
                              [](const PatientRow& row, const BodySettings& own) {
                                const BodyPlan plan(own);
                                const Body body = followed(plan, 5, row.removal);
                                const auto& bone = body.expected().organs[2];
                                EXPECT_EQ(own.body.organs[2].name, "bone");
                                EXPECT_NEAR(body.expected().departed / row.shed, 1, 0.02);
                                EXPECT_NEAR(body.blood_level() / row.level, 1, 0.03);
                                EXPECT_NEAR(bone.fate[2] / row.sleepers, 1, 0.02);
                                // What is on its way at removal will land: some days of shedding.
                                EXPECT_LT(body.expected_founders(), row.expected);
                                EXPECT_GT(body.expected_founders(), 0.9 * row.expected);
                                const double drawn = static_cast<double>(body.natural().departed);
                                EXPECT_NEAR(drawn, body.expected().departed, 4 * std::sqrt(drawn));
                              });
}

// ---- lesions

// The clock of cohorts, and counters that step: within 1 % at steps of an hour, 3 % at six,
// from where chance matters no more to above the diameter that grows at a constant rate.
TEST(Counters, GrowByTheClockOfCohorts) {
  for (const char* law : {"exponential", "radial"})
    for (const double step : {60.0, 360.0}) {
      const BodySettings s = settings_of("body: {lesions: {vessels: 0 day, linear_above: 5 mm}}\n",
                                         {std::string("body.lesions.growth=") + law});
      const LesionLaw growth(s.body.lesions, 160, step);
      LesionPace pace;
      pace.doubling = 160 / s.body.lesions.ratio;
      pace.early = s.body.lesions.early;
      const LesionClock clock(s.body.lesions, pace);
      Lesion l;
      l.cells = l.founded_with = 2000;
      const double begin = clock.day_of(2000);
      std::uint64_t k = 0;
      for (const double cells : {3e4, 1e5, 1e6, 3e7}) {
        const double day = clock.day_of(cells) - begin;
        for (; static_cast<double>(k) * step / 1440 < day; ++k)
          growth.advance(l, growth.exponent(l, 1), 0, std::int64_t{1} << 60, 7, k);
        const double late = static_cast<double>(k) * step / 1440 - day;
        EXPECT_NEAR(static_cast<double>(l.cells) / clock.cells_on(begin + day + late), 1,
                    step < 100 ? 0.01 : 0.03)
            << law << " " << step << " " << cells;
        EXPECT_EQ(l.cells, l.founded_with + l.births - l.deaths);
      }
      EXPECT_TRUE(l.vascular);
    }
}

// Metastases of an organ by its own r and N_s, the primary by the law's wherever it stands; the
// same bits where the organ has none of its own.
TEST(Counters, GrowRadiallyByTheirOrgansPair) {
  const std::string radial = "body: {lesions: {growth: radial, avascular: 1e9}}\n";
  const BodySettings s = settings_of(
      radial, {"body.organs[1].radial_rate=0.5 1/day", "body.organs[1].radial_cells=100"});
  const LesionLaw law(s.body.lesions, 160, 60), growth(s.body.lesions, 160, 60, s.body.organs);
  Lesion l;
  l.cells = 8000;
  for (const std::int32_t organ : {0, 1, 2}) {
    l.organ = organ;
    l.origin = Origin::natural;
    if (organ == 1) {
      const auto rate = [](double n) { return 0.5 / 24 / (1 + std::cbrt(n / 100)); };
      EXPECT_NEAR(growth.exponent(l, 1) / rate(8000 * std::exp(0.5 * rate(8000))), 1, 1e-12);
    } else {
      EXPECT_EQ(growth.exponent(l, 1), law.exponent(l, 1));
    }
    l.origin = Origin::primary;
    EXPECT_EQ(growth.exponent(l, 1), law.exponent(l, 1));
  }
  const LesionParameters liver = lesions_in(s.body, 1);
  EXPECT_NEAR(liver.radial_rate * 1440, 0.5, 1e-12);
  EXPECT_EQ(liver.radial_cells, 100);
  EXPECT_EQ(lesions_in(s.body, 0).radial_cells, s.body.lesions.radial_cells);
  // In patients as well: where lesions of the liver hardly grow none of them is seen first.
  std::vector<std::string> set{"body.lesions.growth=radial", "body.fate.human=0.3",
                               "body.primary=colon", "body.lymph.enabled=false"};
  for (const bool still : {false, true}) {
    if (still) set.emplace_back("body.organs[1].radial_rate=1e-5 1/day");
    int liver_first = 0, others = 0;
    for (const PatientRow& r : follow_patients(settings_of("body: {}\n", set), 0, 40, 1))
      if (r.seen >= 0) ++(r.seen_in == 1 ? liver_first : others);
    EXPECT_GT(others, 5) << still;
    EXPECT_TRUE(still ? liver_first == 0 : liver_first > 5) << still << " " << liver_first;
  }
}

// From one cell by chance: e^(rt) times an exponential number of mean 1, as cohorts have it. With
// deaths that births make up for the mean is the same and some die out: d (e^(rt) - 1)/(b e^(rt) -
// d) of them.
TEST(Counters, BeginByChance) {
  const BodySettings s = settings_of("body: {lesions: {doubling: 100 day, ratio: 40, early: 1}}\n");
  const double r = std::log(2.0) / 2.5, days = 10; // 16 cells
  for (const double death : {0.0, 0.2}) {
    LesionParameters law = s.body.lesions;
    law.death = death / 1440;
    const LesionLaw growth(law, 100, 60);
    Moments cells, gone;
    for (std::int64_t k = 0; k < 4000; ++k) {
      Lesion l;
      l.number = k;
      l.cells = 1;
      for (std::uint64_t step = 0; step < 240 && l.cells > 0; ++step)
        growth.advance(l, growth.exponent(l, 1), 0, 1000000, 11, step);
      cells.add(static_cast<double>(l.cells));
      gone.add(l.cells == 0 ? 1 : 0);
    }
    const double times = std::exp(r * days), b = r + death;
    EXPECT_NEAR(cells.mean(), times, 3 * cells.error() + 0.01 * times) << death;
    const double variance = (b + death) / r * times * (times - 1);
    EXPECT_NEAR(cells.variance() / variance, 1, 0.15) << death;
    EXPECT_NEAR(gone.mean(), death * (times - 1) / (b * times - death),
                3 * gone.error() + 0.01 * (death > 0 ? 1 : 0))
        << death;
  }
}

// Without vessels a metastasis stands at so many cells, for an exponential time.
TEST(Counters, WaitForVessels) {
  const BodySettings s =
      settings_of("body: {lesions: {doubling: 100 day, ratio: 40, avascular: 2000}}\n");
  const LesionLaw growth(s.body.lesions, 100, 60);
  Moments waited;
  for (std::int64_t k = 0; k < 400; ++k) {
    Lesion l;
    l.number = k;
    l.cells = 1990;
    std::uint64_t step = 0;
    for (; l.cells < 2000; ++step) growth.advance(l, growth.exponent(l, 1), 0, 1 << 30, 3, step);
    EXPECT_EQ(l.cells, 2000);
    const std::uint64_t stood = step;
    while (l.cells == 2000) {
      growth.advance(l, growth.exponent(l, 1), 0, 1 << 30, 3, step);
      ++step;
    }
    waited.add(static_cast<double>(step - stood) / 24);
  }
  EXPECT_NEAR(waited.mean(), 180, 3 * waited.error() + 0.1);
}

// ---- the ledger

BodySettings random_settings(Dice& dice) {
  BodySettings s = settings_of(toy_body);
  BodyParameters& b = s.body;
  b.step = 10 + 240 * dice.unit();
  b.diameter = 500 + 9000 * dice.unit();
  b.reseeding = dice.below(2) == 0;
  b.established = 5 + dice.below(100);
  b.blood.death = dice.below(2) * 0.1 * dice.unit();
  for (OrganParameters& o : b.organs) {
    o.pass = 0.9 * dice.unit();
    o.barrier = 0.2 + 5 * dice.unit();
    o.soil = 2 * dice.unit();
    o.volume = dice.below(2) == 0 ? 1e15 : 1e7; // the smaller one: 1250 cells
  }
  b.organs[1].volume = 1e15; // the primary's
  if (dice.below(2) == 0) b.routes[1] = {"right", "", "out", 1};
  b.shedding.clusters = dice.unit();
  b.shedding.cluster_size = 2 + dice.below(14);
  b.lodged.adhesion *= 10 * dice.unit();
  b.lodged.break_up *= 10 * dice.unit();
  b.lodged.release *= 3 * dice.unit();
  b.fate = {0.5 * dice.unit(), dice.unit(), dice.unit(), 0.5 * dice.unit(), dice.unit(), 14400, 10};
  b.lesions.growth = dice.below(2) == 0 ? LesionGrowth::radial : LesionGrowth::exponential;
  b.lesions.ratio = 1 + 99 * dice.unit();
  b.lesions.early = dice.below(2) == 0 ? 0.15 : 0.01; // a step may be several doublings
  b.lesions.death = dice.below(2) * 1e-4 * dice.unit();
  b.lesions.avascular = 100 + 5000 * dice.unit();
  b.lesions.vessels = 14400 * dice.unit();
  return s;
}

// Beside what the body checks itself, all identities anew and what must never happen.
void expect_sound(const Body& body, const BodyPlan& plan) {
  const Stages<std::int64_t>& n = body.natural();
  std::int64_t there = n.dead_in_flow + n.passed_out, lodged = 0, natural = 0, departed = 0;
  for (std::size_t o = 0; o < n.organs.size(); ++o) {
    const auto& x = n.organs[o];
    std::int64_t in_clusters = 0;
    for (std::size_t c = 0; c < cell_classes; ++c) {
      EXPECT_GE(x.lodged[c], 0);
      in_clusters += x.lodged[c] * static_cast<std::int64_t>(size_of_class(c));
    }
    for (const std::int64_t k : {x.adherent[0], x.adherent[1], x.asleep[0], x.asleep[1], x.killed,
                                 x.died, x.died_adherent, x.landed, x.released, x.woken})
      EXPECT_GE(k, 0);
    EXPECT_EQ(x.landed, x.fate[0] + x.fate[1] + x.fate[2] + x.fate[3] + x.fate[4]);
    EXPECT_EQ(x.fate[3], x.asleep[0] + x.asleep[1] + x.woken);
    lodged += in_clusters;
    there += in_clusters + x.adherent[0] + x.adherent[1] + x.killed + x.died + x.died_adherent +
             x.landed;
    std::int64_t founded = 0;
    for (const Lesion& l : body.lesions())
      if (l.origin == Origin::natural && l.organ == static_cast<std::int32_t>(o)) ++founded;
    EXPECT_EQ(founded, x.fate[4] + x.woken);
    natural += founded;
  }
  EXPECT_EQ(n.departed, there);
  EXPECT_LE(lodged, n.departed);
  EXPECT_EQ(static_cast<std::int64_t>(body.lesions().size()), 1 + natural);
  for (const Lesion& l : body.lesions()) {
    EXPECT_GE(l.cells, 0);
    EXPECT_LE(static_cast<double>(l.cells), plan.capacity[static_cast<std::size_t>(l.organ)]);
    EXPECT_EQ(l.cells, l.founded_with + l.births - l.deaths - l.departed);
    EXPECT_NE(l.origin, Origin::forced);
    EXPECT_TRUE(plan.body.reseeding || l.number == 0 || l.departed == 0);
    departed += l.departed;
  }
  for (const Lesion& l : body.forced()) {
    EXPECT_EQ(l.origin, Origin::forced);
    departed += l.departed;
  }
  EXPECT_EQ(departed, n.departed);
}

TEST(WholeBody, KeepsItsLedgerWhateverTheBody) {
  Dice dice(44);
  std::int64_t founded = 0, full = 0, dead = 0, reseeded = 0;
  for (int k = 0; k < 40; ++k) {
    const BodySettings s = random_settings(dice);
    const BodyPlan plan(s);
    Body body(plan, mix64(static_cast<std::uint64_t>(k)));
    for (int step = 0; step < 150; ++step) {
      body.step();
      if (step % 10 == 9) expect_sound(body, plan);
      if (::testing::Test::HasFailure()) return;
    }
    founded += static_cast<std::int64_t>(body.lesions().size()) - 1;
    for (const Lesion& l : body.lesions()) {
      full += static_cast<double>(l.cells) > 0.5 * plan.capacity[static_cast<std::size_t>(l.organ)];
      dead += l.cells == 0 ? 1 : 0;
      reseeded += l.number > 0 && l.departed > 0 ? 1 : 0;
    }
  }
  // The bodies did what could break it.
  EXPECT_GT(founded, 1000);
  EXPECT_GT(full, 3);
  EXPECT_GT(dead, 3);
  EXPECT_GT(reseeded, 3);
}

TEST(WholeBody, SaysWhenNumbersAreTooLarge) {
  const BodySettings s = settings_of(
      toy_body, {"body.shedding.rate=1e9 1/min", "body.shedding.fraction=100", "body.step=1 day"});
  const BodyPlan plan(s);
  Body body(plan, 1);
  EXPECT_THROW(body.step(), NumericalError);
  // However fast they grow, lesions fit into their organs.
  const BodySettings fast = settings_of(
      toy_body, {"body.lesions.doubling=1 min", "body.step=1 day", "body.shedding.fraction=1e-6"});
  const BodyPlan fast_plan(fast);
  Body other(fast_plan, 1);
  for (int k = 0; k < 3; ++k) other.step();
  EXPECT_EQ(static_cast<double>(other.lesions()[0].cells), fast_plan.capacity[1]);
}

// ---- state

TEST(WholeBody, GoesOnWithTheSameBits) {
  const BodySettings s = settings_of(toy_body, {"body.reseeding=true", "body.fate.human=1"});
  const BodyPlan plan(s);
  Body whole(plan, 7), first(plan, 7);
  for (int k = 0; k < 400; ++k) whole.step();
  for (int k = 0; k < 150; ++k) first.step();
  std::vector<std::int64_t> numbers{99};
  std::vector<double> reals;
  first.save(numbers, reals);
  Body second(plan, 7);
  std::size_t number_at = 1, real_at = 0;
  second.load(numbers, reals, number_at, real_at);
  EXPECT_EQ(number_at, numbers.size());
  EXPECT_EQ(real_at, reals.size());
  EXPECT_EQ(second.hash(), first.hash());
  for (int k = 150; k < 400; ++k) second.step();
  EXPECT_EQ(second.hash(), whole.hash());
  EXPECT_NE(second.hash(), first.hash());
  EXPECT_NE(Body(plan, 8).hash(), Body(plan, 7).hash());
  // What every compiler and instruction set must give.
  EXPECT_EQ(whole.hash(), 3991672263874081250u);
  // Torn or altered states are refused.
  number_at = 1, real_at = 0;
  numbers.pop_back();
  EXPECT_THROW(second.load(numbers, reals, number_at, real_at), NumericalError);
  first.save(numbers = {}, reals = {});
  numbers[1] += 1; // departed
  number_at = real_at = 0;
  EXPECT_THROW(second.load(numbers, reals, number_at, real_at), NumericalError);
}

// ---- windows

TEST(WholeBody, HandsLesionsOverExactInNumber) {
  const BodySettings s = settings_of(toy_body, {"body.fate.human=1"});
  const BodyPlan plan(s);
  Body body(plan, 9);
  while (body.lesions().size() < 3) body.step();
  const std::int64_t cells = body.give_to_window(2);
  EXPECT_EQ(cells, body.lesions()[2].cells);
  EXPECT_THROW(body.give_to_window(2), NumericalError);
  EXPECT_THROW(body.step(), NumericalError); // the window must tell of its hour
  WindowHour hour;
  hour.lesion = 2;
  hour.cells = cells + 40;
  hour.births = 60;
  hour.deaths = 9;
  hour.departures = {{1, Phenotype::epithelial, 2}, {3, Phenotype::mesenchymal, 3}};
  hour.expected[static_cast<std::size_t>(Route::blood)] = 10.5;
  const std::int64_t before = body.natural().departed;
  const std::int64_t primary_before = body.lesions()[0].departed;
  body.step({hour});
  EXPECT_EQ(body.lesions()[2].cells, cells + 40);
  EXPECT_EQ(body.natural().departed - before, 11 + body.lesions()[0].departed - primary_before);
  EXPECT_THROW(body.take_from_window(2, cells), NumericalError);
  body.take_from_window(2, cells + 40);
  body.step();
  EXPECT_GE(body.lesions()[2].cells, cells + 40);
  // Numbers that do not add up are no hour.
  body.give_to_window(2);
  hour.cells = body.lesions()[2].cells;
  EXPECT_THROW(body.step({hour}), NumericalError);
}

// Landings as they are told are all that landed.
TEST(WholeBody, TellsEveryLanding) {
  const BodySettings s = settings_of(toy_body, {"body.fate.human=0.2"});
  const BodyPlan plan(s);
  Body body(plan, 10);
  std::int64_t told = 0, landed = 0, founders = 0;
  std::vector<std::uint64_t> keys;
  for (int k = 0; k < 300; ++k)
    for (const Landing& l : body.step().landings) {
      told += l.cells;
      keys.push_back(l.key);
      EXPECT_EQ(l.lesion >= 0, l.fate == Fate::awake);
      for (std::int64_t i = 0; l.lesion >= 0 && i < l.cells; ++i, ++founders) {
        const Lesion& lesion = body.lesions()[static_cast<std::size_t>(l.lesion + i)];
        EXPECT_EQ(lesion.organ, l.organ);
        EXPECT_EQ(lesion.founded, body.steps() - 1);
        EXPECT_FALSE(lesion.slept);
      }
    }
  for (const auto& o : body.natural().organs) landed += o.landed;
  EXPECT_GT(landed, 50);
  EXPECT_EQ(told, landed);
  EXPECT_GT(founders, 3);
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end());
}

// ---- forced founders

// Three founders come into a nest that has room for two lesions: who comes late finds none.
const char* const nest = R"(
simulation: {duration: 40 day}
body:
  primary: toy
  diameter: 10 mm
  established: 1000
  chambers: [{name: right, dwell: 0.25}]
  organs:
    - {name: nest, drains: right, volume: 2.4e7 um^3}
    - {name: home, drains: right, volume: 1 L, soil: 0}
  routes: [{from: right, through: nest, share: 1}]
  primaries: [{name: toy, organ: home, ways: [{to: right, share: 1}]}]
  shedding: {fraction: 5e-4, clusters: 0}
  fate: {begin: 0.5, go_on: 1, human: 0.025, asleep: 0.3, waking: 10 day, dormant: 0.2}
  lesions: {doubling: 100 day, ratio: 90, early: 1, avascular: 1e4}
  force: [{organ: nest, per: 10 day, founders: 2}]
)";

struct NestEstimates {
  Moments founded, expected, natural, forced, weight;
};

NestEstimates nest_estimates(const std::vector<std::string>& set, int runs) {
  const BodySettings s = settings_of(nest, set);
  const BodyPlan plan(s);
  const std::int64_t last = 40 * 24;
  const std::vector<Stratum> strata = strata_of(s.body, last);
  EXPECT_EQ(strata.size(), 4u);
  NestEstimates e;
  for (int run = 0; run < runs; ++run) {
    const std::uint64_t seed = mix64(1000 + static_cast<std::uint64_t>(run));
    std::vector<std::vector<Forced>> plans;
    if (s.body.coupling == Coupling::linear) plans.emplace_back();
    std::vector<Outcome> outcomes;
    double weight = 0;
    const auto note = [&](const Body& body) {
      for (const Lesion& l : body.forced()) {
        outcomes.push_back({l.stratum, l.weight, l.established >= 0 ? 1.0 : 0.0});
        weight += l.weight / 2;
      }
    };
    std::vector<Forced> aside;
    for (std::size_t k = 0; k < strata.size(); ++k)
      for (int i = 0; i < 2; ++i) {
        if (s.body.coupling == Coupling::linear) {
          aside.push_back(forced_founder(strata, k, i, seed));
          continue;
        }
        const std::uint64_t own = site_seed(seed, 1 + 2 * k + static_cast<std::uint64_t>(i));
        Body body(plan, own, {forced_founder(strata, k, i, own)});
        for (std::int64_t t = 0; t < last; ++t) body.step();
        note(body);
      }
    Body body(plan, seed, aside);
    for (std::int64_t t = 0; t < last; ++t) body.step();
    note(body);
    double established = 0, founded = 0;
    for (const Lesion& l : body.lesions()) {
      founded += l.origin == Origin::natural ? 1 : 0;
      established += l.origin == Origin::natural && l.established >= 0 ? 1 : 0;
    }
    founded += static_cast<double>(body.natural().organs[0].asleep_cells());
    e.founded.add(founded);
    e.expected.add(body.expected_founders());
    e.natural.add(established);
    e.forced.add(estimate_from(strata, outcomes, 0).value);
    e.weight.add(weight);
  }
  return e;
}

double z_of(const Moments& a, const Moments& b) {
  return (a.mean() - b.mean()) / std::sqrt(a.error() * a.error() + b.error() * b.error());
}

// Natural, expected and forced agree where lesions take one another's room; without the natural
// neighbours beside the forced one the answer is another.
TEST(WholeBody, ForcedFoundersTellWhatNaturalOnesDo) {
  const NestEstimates full = nest_estimates({"body.coupling=full"}, 200);
  const NestEstimates alone = nest_estimates({"body.coupling=linear"}, 200);
  std::printf(
      "founded %.3f expected %.3f weight %.3f | established %.4f +- %.4f forced %.4f +- %.4f "
      "alone %.4f +- %.4f (natural %.4f)\n",
      full.founded.mean(), full.expected.mean(), full.weight.mean(), full.natural.mean(),
      full.natural.error(), full.forced.mean(), full.forced.error(), alone.forced.mean(),
      alone.forced.error(), alone.natural.mean());
  EXPECT_NEAR(full.expected.mean(), 3, 1);
  EXPECT_LT(std::abs(z_of(full.founded, full.expected)), 3);
  EXPECT_LT(std::abs(z_of(full.weight, full.expected)), 3);
  EXPECT_LT(std::abs(z_of(full.natural, full.forced)), 3);
  EXPECT_GT(z_of(alone.forced, alone.natural), 5);
  EXPECT_LT(std::abs(z_of(alone.natural, full.natural)), 3);
}

// The same where every lesion sheds as much as the primary, so that founders make founders.
TEST(WholeBody, ForcedFoundersTellOfReseedingToo) {
  const NestEstimates e = nest_estimates(
      {"body.reseeding=true", "body.shedding.exponent=1", "body.shedding.fraction=3e-4",
       "body.lesions.avascular=200", "body.lesions.vessels=0 day", "body.organs[0].volume=1 L"},
      150);
  const NestEstimates off = nest_estimates(
      {"body.shedding.exponent=1", "body.shedding.fraction=3e-4", "body.lesions.avascular=200",
       "body.lesions.vessels=0 day", "body.organs[0].volume=1 L"},
      20);
  EXPECT_GT(e.founded.mean(), 1.3 * off.founded.mean()); // it matters
  EXPECT_LT(std::abs(z_of(e.founded, e.expected)), 3);
  EXPECT_LT(std::abs(z_of(e.founded, e.weight)), 3);
  EXPECT_LT(std::abs(z_of(e.natural, e.forced)), 3);
  std::printf(
      "founded %.3f +- %.3f (off %.3f) expected %.3f weight %.3f +- %.3f | established %.3f "
      "+- %.3f forced %.3f +- %.3f\n",
      e.founded.mean(), e.founded.error(), off.founded.mean(), e.expected.mean(), e.weight.mean(),
      e.weight.error(), e.natural.mean(), e.natural.error(), e.forced.mean(), e.forced.error());
}

// What natural lesions do does not know of founders that stand aside.
TEST(WholeBody, ForcedFoundersThatStandAsideChangeNothingNatural) {
  const BodySettings s = settings_of(nest, {"body.coupling=linear"});
  const BodyPlan plan(s);
  const std::vector<Stratum> strata = strata_of(s.body, 40 * 24);
  std::vector<Forced> forced;
  for (std::size_t k = 0; k < strata.size(); ++k) forced.push_back(forced_founder(strata, k, 0, 5));
  Body with(plan, 5, forced), without(plan, 5);
  for (int t = 0; t < 40 * 24; ++t) with.step(), without.step();
  EXPECT_EQ(with.forced().size(), 4u);
  EXPECT_EQ(with.lesions().size(), without.lesions().size());
  for (std::size_t k = 0; k < with.lesions().size(); ++k)
    EXPECT_EQ(with.lesions()[k].cells, without.lesions()[k].cells);
  EXPECT_EQ(with.natural().departed, without.natural().departed);
  EXPECT_EQ(with.natural().organs[0].competent(), without.natural().organs[0].competent());
}

// ---- splitting

// A birth and death process from one cell: the chance to come to L is (1 - x)/(1 - x^L), x deaths
// over births.
struct BirthsAndDeaths {
  double x;
  std::int64_t go(std::uint64_t seed, std::int64_t n, std::int64_t level, std::int64_t& work,
                  std::int64_t& highest) const {
    highest = n;
    for (std::uint64_t k = 0; n > 0 && n < level; ++k, ++work) {
      n += to_unit(draw(seed, Purpose::test, 0, k).word[0]) < 1 / (1 + x) ? 1 : -1;
      highest = std::max(highest, n);
    }
    return n;
  }
  double chance(std::int64_t level) const {
    return (1 - x) / (1 - std::pow(x, static_cast<double>(level)));
  }
};

TEST(Splitting, FindsWhatHardlyEverHappensWithLittleWork) {
  const BirthsAndDeaths process{1.5};
  const std::int64_t last = 31;
  const double exact = process.chance(last);
  EXPECT_NEAR(exact, 1.7e-6, 0.1e-6);
  const Course<std::int64_t> course = [&](std::uint64_t seed, const std::int64_t& n,
                                          std::int64_t level,
                                          std::int64_t& work) -> std::optional<std::int64_t> {
    std::int64_t highest = 0;
    const std::int64_t end = process.go(seed, n, level, work, highest);
    return end >= level ? std::optional(end) : std::nullopt;
  };
  std::int64_t pilot_work = 0;
  const Highest<std::int64_t> highest = [&](std::uint64_t seed, const std::int64_t& n,
                                            std::int64_t level) {
    std::int64_t top = 0;
    process.go(seed, n, level, pilot_work, top);
    return top;
  };
  SplittingPlan plan =
      plan_splitting<std::int64_t>(5, 1, 1, last, 200, course, highest, pilot_work);
  ASSERT_GT(plan.levels.size(), 5u);
  EXPECT_EQ(plan.levels.back(), last);
  plan.courses = 1000;
  plan.repeats = 16;
  const SplittingResult r = split_courses<std::int64_t>(6, 1, plan, course);
  EXPECT_NEAR(r.chance.value, exact, 3 * r.chance.error);
  EXPECT_LT(r.chance.error, 0.1 * exact);
  // By waiting for it: variance p per course, so p / error^2 courses give the same error.
  std::int64_t steps = 0, top = 0;
  for (std::uint64_t k = 0; k < 20000; ++k) process.go(mix64(k), 1, last, steps, top);
  const double waiting =
      exact / (r.chance.error * r.chance.error) * static_cast<double>(steps) / 2e4;
  const double work = static_cast<double>(r.work + pilot_work);
  std::printf("splitting %.3g +- %.2g of %.3g, levels %zu, %.3g jumps, %.3g by waiting: %.3g\n",
              r.chance.value, r.chance.error, exact, plan.levels.size(), work, waiting,
              waiting / work);
  EXPECT_GT(waiting / work, 50);
}

// A founder sleeps through k steps and more with (1 - chance)^k, also where hardly any sleeps on.
TEST(Splitting, LetsFoundersSleepAsLongAsEachStepWouldLetThem) {
  for (const double chance : {1e-3, 0.3, 0.5, 0.6, 0.97, 0.9999})
    for (const int k : {1, 2, 3}) {
      const double longer = std::pow(1 - chance, k);
      EXPECT_EQ(std::floor(steps_asleep(chance, longer * (1 - 1e-9))), k) << chance;
      EXPECT_EQ(std::floor(steps_asleep(chance, longer * (1 + 1e-9))), k - 1) << chance;
    }
  EXPECT_EQ(std::floor(steps_asleep(1, 1e-9)), 0);
}

// A body's own founder: born cells are geometric, so that of founders with a mean of 75 cells after
// 20 days (1 - 1/75)^999 = 1.5e-6 have a thousand.
TEST(Splitting, FindsTheChanceOfAFounder) {
  const double mean = 75, rate = std::log(mean) / 20;
  const BodySettings s = settings_of(
      toy_body,
      {"body.step=20 min", "body.fate.asleep=0", "body.lesions.early=1", "body.lesions.ratio=1",
       "body.lesions.doubling=" + std::to_string(std::log(2) / rate) + " day"});
  const BodyPlan plan(s);
  const std::int64_t last = 20 * 72 + 1;
  const SplittingResult r = chance_of_establishment(plan, {0, 0, last}, 400, 8, 21);
  const double exact = std::pow(1 - 1 / mean, 999);
  EXPECT_NEAR(exact, 1.5e-6, 0.1e-6);
  // A step's births are binomial: a tail as far out as this is a little thinner.
  EXPECT_NEAR(r.chance.value, exact, 3 * r.chance.error + 0.1 * exact);
  EXPECT_LT(r.chance.error, 0.25 * exact);
  const double waiting = exact / (r.chance.error * r.chance.error) * static_cast<double>(last - 1);
  EXPECT_GT(waiting / static_cast<double>(r.work), 50);
  std::printf("founder %.3g +- %.2g of %.3g, %.0f times less work\n", r.chance.value,
              r.chance.error, exact, waiting / static_cast<double>(r.work));
  // Where it is not rare: as often as founders are established, sleep and deaths included.
  const BodySettings often =
      settings_of(toy_body, {"body.lesions.ratio=40", "body.lesions.early=1",
                             "body.lesions.death=0.2 1/day", "body.established=100"});
  const BodyPlan often_plan(often);
  const SplittingResult some = chance_of_establishment(often_plan, {0, 0, 600}, 400, 16, 5);
  Moments seen;
  for (std::uint64_t k = 0; k < 3000; ++k) {
    Lesion l;
    l.cells = 1;
    l.asleep = to_unit(draw(mix64(k), Purpose::test, 1, 0).word[0]) < often.body.fate.asleep;
    for (std::uint64_t step = 1; step < 600 && l.cells > 0 && l.cells < 100; ++step) {
      if (!l.asleep)
        often_plan.growth.advance(l, often_plan.growth.exponent(l, 1), 0, 1000, mix64(k), step);
      else if (to_unit(draw(mix64(k), Purpose::test, 2, step).word[0]) < often_plan.stages.waking())
        l.asleep = false;
    }
    seen.add(l.cells >= 100 ? 1 : 0);
  }
  EXPECT_GT(seen.mean(), 0.02);
  const double error =
      std::sqrt(seen.error() * seen.error() + some.chance.error * some.chance.error);
  EXPECT_NEAR(some.chance.value, seen.mean(), 3 * error);
}

} // namespace
} // namespace metavox
