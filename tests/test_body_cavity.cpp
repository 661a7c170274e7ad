// The cavity of a body followed hour by hour: what floats, dies and attaches against closed forms,
// implants against what is expected of them, whatever the step; what must never happen; the ledger,
// removal and restarts.

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body/body.hpp"
#include "body/replicates.hpp"
#include "body_support.hpp"
#include "core/errors.hpp"
#include "program/body_tables.hpp"

namespace metavox {
namespace {

using support::complaint;
using support::Dice;
using support::expect_told;
using support::Moments;
using support::settings_of;

// A primary of 5 mm that hardly grows, whose serosa is broken at a tenth of its surface; it sheds
// hardly any by blood.
const char* const toy = R"(
simulation: {duration: 40 day}
body:
  primary: toy
  chambers: [{name: right, dwell: 0.25}, {name: left, dwell: 0.75}]
  organs:
    - {name: lung, drains: left, volume: 1 L}
    - {name: colon, drains: right, volume: 1 L}
    - {name: peritoneum, drains: right, volume: 100 mL, soil: 3}
    - {name: ovary, drains: right, volume: 11 mL}
  routes:
    - {from: right, through: lung, share: 1}
    - {from: left, through: colon, share: 0.9}
    - {from: left, through: ovary, share: 0.1}
  primaries: [{name: toy, organ: colon, ways: [{to: right, share: 1}]}]
  diameter: 5 mm
  shedding: {fraction: 1e-5}
  fate: {begin: 0.2, go_on: 0.1, human: 0.01, asleep: 0.4, waking: 20 day}
  lesions: {doubling: 1000 day, ratio: 100, vessels: 0 day}
  cavity:
    enabled: true
    rate: 0.01 1/day
    exposed: 0.1
    surfaces: [{organ: peritoneum, share: 0.75}, {organ: ovary, share: 0.25}]
)";
constexpr std::size_t colon = 1, peritoneum = 2, ovary = 3;
constexpr auto e_like = static_cast<std::size_t>(Phenotype::epithelial),
               m_like = static_cast<std::size_t>(Phenotype::mesenchymal);

// A plan refers to its settings.
struct Planned {
  BodySettings settings;
  BodyPlan plan;
  explicit Planned(const std::vector<std::string>& set = {}, const std::string& yaml = toy)
      : settings(settings_of(yaml, set)), plan(settings) {}
  operator const BodyPlan&() const { return plan; }
};

Body followed(const BodyPlan& plan, std::uint64_t seed, double days = 40) {
  Body body(plan, seed);
  const auto steps = static_cast<std::int64_t>(std::llround(days * 1440 / plan.body.step));
  while (body.steps() < steps) body.step();
  return body;
}

// ---- the law

// At a constant rate q into it, q/K float, K = 0.1/h + (1 - r)/day, and of all that left attach
// 0.1/h / K, whatever the step. A sphere of N cells has (36 pi)^(1/3) N^(2/3) at its surface.
TEST(Cavity, HoldsCellsForTheirTimeAndLetsAShareAttach) {
  const double per_hour = 0.1 + 0.1 / 24, attaches = 0.1 / per_hour;
  std::vector<double> implants;
  for (const char* step : {"10 min", "1 h", "2 h", "6 h"}) {
    SCOPED_TRACE(step);
    const Planned plan({"body.lesions.doubling=1e5 day", std::string("body.step=") + step});
    const Body body = followed(plan, 1);
    const CavityStages<double>& e = body.expected_cavity();
    const CavityStages<std::int64_t>& n = body.cavity();
    const auto cells = static_cast<double>(plan.plan.first_cells);
    const double a_day = 0.01 * 0.1 * std::cbrt(36 * 3.141592653589793) * std::pow(cells, 2.0 / 3);
    EXPECT_NEAR(e.shed() / (40 * a_day), 1, 1e-3);
    EXPECT_NEAR(e.in_cavity() / (e.shed() / 960 / per_hour), 1, 1e-3);
    const double left = e.shed() - e.in_cavity();
    EXPECT_NEAR(e.attached_to_all() / left, attaches, 1e-12);
    EXPECT_NEAR(e.died / left, 1 - attaches, 1e-12);
    EXPECT_NEAR(e.attached[peritoneum] / e.attached_to_all(), 0.75, 1e-12);
    EXPECT_NEAR(e.attached[ovary] / e.attached_to_all(), 0.25, 1e-12);
    implants.push_back(e.implants_on_all());
    // As drawn.
    const auto near = [](std::int64_t drawn, double mean) {
      EXPECT_NEAR(static_cast<double>(drawn), mean, 4 * std::sqrt(mean));
    };
    near(n.shed(), e.shed());
    near(n.in_cavity(), e.in_cavity());
    near(n.died, e.died);
    near(n.attached[peritoneum], e.attached[peritoneum]);
    near(n.attached[ovary], e.attached[ovary]);
    EXPECT_EQ(n.attached[0] + n.attached[colon], 0);
    EXPECT_EQ(body.lesions()[0].departed, n.shed() + body.natural().departed);
    // Who attaches has landed, with the fates of all who land.
    const OrganStages<std::int64_t>& o = body.natural().organs[peritoneum];
    EXPECT_EQ(o.arrived, 0);
    EXPECT_EQ(o.landed, n.attached[peritoneum]);
    near(o.fate[static_cast<std::size_t>(Fate::dormant)],
         plan.settings.body.fate.dormant * e.attached[peritoneum]);
  }
  for (const double x : implants) EXPECT_NEAR(x / implants[0], 1, 2e-4);
}

// With resistance to the want of hold more attach; E-like cells have less of it.
TEST(Cavity, LetsTheResistantLive) {
  const BodySettings s = settings_of(toy);
  const CavityLaw law(s.body);
  for (const auto& [p, resistance] : {std::pair{e_like, 0.3}, {m_like, 0.9}}) {
    CavityStages<double> one = law.none<double>();
    ByPhenotype<double> some{};
    some[p] = 1000;
    law.advance(one, some);
    for (int hour = 0; hour < 600; ++hour) law.advance(one, {});
    EXPECT_NEAR(one.attached_to_all(), 1000 * 0.1 / (0.1 + (1 - resistance) / 24), 1e-6) << p;
    EXPECT_NEAR(one.in_cavity(), 0, 1e-9);
  }
}

// Implants less those expected are nothing on average; they found lesions in the surfaces' organs,
// at once or after a sleep, by the organ's soil, and grow there.
TEST(Cavity, FoundsImplantsAsExpected) {
  const Planned plan({"body.cavity.rate=4e-3 1/day"});
  Moments on_peritoneum, on_ovary, founders, none, none_expected;
  std::int64_t slept = 0, lesions = 0, grown = 0;
  for (int k = 0; k < 300; ++k) {
    const Body body = followed(plan, mix64(70 + static_cast<std::uint64_t>(k)));
    const CavityStages<double>& e = body.expected_cavity();
    const CavityStages<std::int64_t>& n = body.cavity();
    on_peritoneum.add(static_cast<double>(n.implants[peritoneum]) - e.implants[peritoneum]);
    on_ovary.add(static_cast<double>(n.implants[ovary]) - e.implants[ovary]);
    EXPECT_NEAR(e.implants[peritoneum] / e.implants[ovary], 3 * 3, 1e-6); // share times soil
    std::int64_t competent = 0;
    for (const auto& o : body.natural().organs) competent += o.competent();
    founders.add(static_cast<double>(competent) - body.expected_founders());
    none.add(competent == 0 ? 1 : 0);
    none_expected.add(std::exp(-body.expected_founders()));
    for (const Lesion& l : body.lesions()) {
      if (l.origin == Origin::primary) continue;
      ++lesions;
      slept += l.slept ? 1 : 0;
      grown += l.cells > 1000 ? 1 : 0;
      EXPECT_EQ(l.origin, Origin::natural);
    }
  }
  EXPECT_GT(lesions, 100);
  EXPECT_GT(slept, 20);
  EXPECT_GT(grown, 20);
  EXPECT_NEAR(on_peritoneum.mean(), 0, 3 * on_peritoneum.error());
  EXPECT_NEAR(on_ovary.mean(), 0, 3 * on_ovary.error());
  EXPECT_NEAR(founders.mean(), 0, 3 * founders.error());
  EXPECT_GT(none.mean(), 0.1);
  EXPECT_LT(none.mean(), 0.9);
  EXPECT_NEAR(none.mean(), none_expected.mean(), 3 * none.error());
}

// A cell that attaches and one that comes out of the blood in the same organ and step have each its
// own fate: they are alike as often as two of the same law are.
TEST(Cavity, DrawsFatesApartFromThoseOfTheBlood) {
  const Planned planned({"body.crossing.out=1000 1/min", "body.crossing.death=0 1/day"});
  const StageLaw& law = planned.plan.stages;
  constexpr int steps = 2000;
  int alike = 0;
  std::array<double, fates> drawn{};
  for (int step = 0; step < steps; ++step) {
    Stages<std::int64_t> s = law.no_cells();
    s.organs[ovary].adherent[m_like] = s.organs[ovary].adhered = 1;
    std::vector<LandedCells<std::int64_t>> by_blood(law.organs());
    const Shed<std::int64_t> nothing(1 + law.organs());
    law.advance(s, nothing, by_blood, law.waking(), 1, static_cast<std::uint64_t>(step));
    ASSERT_EQ(s.organs[ovary].landed, 1);
    LandedCells<std::int64_t> attached;
    law.land(s, ovary, {0, 1}, attached, 1, static_cast<std::uint64_t>(step));
    alike += attached.cells == by_blood[ovary].cells ? 1 : 0;
    for (std::size_t f = 0; f < fates; ++f)
      drawn[f] += static_cast<double>(attached.cells[m_like][f]) / steps;
  }
  double expected = 0;
  for (const double share : drawn) expected += share * share;
  EXPECT_NEAR(alike / static_cast<double>(steps), expected, 4 * 0.5 / std::sqrt(steps));
}

// Founders that are forced into a surface's organ stand for implants, as they do for those by
// blood.
TEST(Cavity, IsStoodForByForcedFounders) {
  std::string yaml = toy;
  yaml += "  coupling: linear\n  force: [{organ: peritoneum, per: 10 day, founders: 3}]\n";
  BodySettings s = settings_of(yaml, {"body.fate.asleep=0", "body.replicates=8"});
  Replicates bodies(s, 960);
  bodies.advance(960, 1);
  const Estimate expected =
      bodies.mean([](const Body& b) { return b.expected_cavity().implants[peritoneum]; });
  const Estimate forced = bodies.forced_estimate(peritoneum, [](const Lesion&) { return 1.0; });
  EXPECT_GT(expected.value, 0.5);
  EXPECT_NEAR(forced.value, expected.value, 0.02 * expected.value + 3 * forced.error);
  // The tables hold the cavity and the organs that it reaches though no blood does.
  const BodyTable cascade = cascade_rows(bodies), body = body_rows(bodies);
  for (const char* row : {",cavity,shed,", ",cavity,floating_now,", ",peritoneum,attached,",
                          ",peritoneum,implants,", ",peritoneum,founders,", ",ovary,attached,"})
    EXPECT_NE(cascade.rows.find(row), std::string::npos) << row;
  EXPECT_EQ(cascade.rows.find(",lung,attached,"), std::string::npos);
  EXPECT_NE(body.header.find(",departed_into_cavity,in_cavity,"), std::string::npos);
}

// ---- what must never happen

TEST(Cavity, IsEmptyWhereTheSerosaIsIntact) {
  for (const char* intact : {"body.cavity.exposed=0", "body.cavity.rate=0 1/day"}) {
    const Planned plan({intact, "body.fate.human=1", "body.fate.begin=1", "body.fate.dormant=0"});
    const Body body = followed(plan, 2);
    EXPECT_EQ(body.cavity().shed(), 0);
    EXPECT_EQ(body.expected_cavity().shed(), 0);
    EXPECT_EQ(body.natural().organs[peritoneum].landed, 0);
    EXPECT_EQ(body.expected().organs[peritoneum].landed, 0);
    EXPECT_EQ(natural_lesions(body, peritoneum), 0);
  }
}

TEST(Cavity, ImplantsNoneWhereNoneAttaches) {
  const Planned plan({"body.cavity.attachment=0 1/h", "body.fate.human=1"});
  const Body body = followed(plan, 2);
  EXPECT_GT(body.cavity().died, 1000);
  EXPECT_EQ(body.cavity().attached_to_all(), 0);
  EXPECT_EQ(body.expected_cavity().attached_to_all(), 0);
  EXPECT_EQ(natural_lesions(body, peritoneum), 0);
  // And all do where none dies.
  const Planned kind({"body.cavity.death=0 1/h"});
  const Body other = followed(kind, 2);
  EXPECT_EQ(other.cavity().died, 0);
  EXPECT_EQ(other.cavity().shed(), other.cavity().in_cavity() + other.cavity().attached_to_all());
}

// Off, it is as if it had never been written.
TEST(Cavity, LeavesABodyAloneWhereItIsOff) {
  std::string bare = toy;
  bare.erase(bare.find("  cavity:"));
  const Planned off({"body.cavity.enabled=false"}), without({}, bare);
  EXPECT_EQ(followed(off, 3).hash(), followed(without, 3).hash());
  // On, it changes nothing of what travels by blood but through the cells that it lets go.
  const Planned on({"body.cavity.exposed=0"});
  EXPECT_EQ(followed(on, 3).natural().departed, followed(without, 3).natural().departed);
  EXPECT_NE(followed(on, 3).hash(), followed(without, 3).hash());
}

// ---- ledger, removal, restarts

TEST(Cavity, IsInTheLedgerWhateverTheBody) {
  Dice dice(9);
  std::int64_t attached = 0;
  for (int k = 0; k < 30; ++k) {
    BodySettings s = settings_of(toy);
    BodyParameters& b = s.body;
    b.step = 10 + 240 * dice.unit();
    b.diameter = 500 + 9000 * dice.unit();
    b.reseeding = dice.below(2) == 0;
    b.lesions.doubling = 1440 * (1 + 100 * dice.unit());
    b.shedding.fraction = 0.01 * dice.unit();
    b.cavity.rate *= 100 * dice.unit();
    b.cavity.death *= 10 * dice.unit();
    b.cavity.attachment *= 10 * dice.unit();
    b.cavity.surfaces = {{"ovary", 0.5}, {"colon", 0.25}, {"lung", 0.25}};
    b.fate.human = dice.unit();
    if (dice.below(2) == 0) b.cavity.surfaces.clear();
    const BodyPlan plan(s);
    Body body(plan, mix64(static_cast<std::uint64_t>(k)));
    for (int step = 0; step < 150; ++step) {
      body.step(); // looks at every identity
      const CavityStages<std::int64_t>& n = body.cavity();
      std::int64_t landed = 0, crossed = 0, competent = 0;
      for (const auto& o : body.natural().organs) {
        landed += o.landed;
        crossed += o.adhered - o.died_adherent - o.adherent_cells();
        competent += o.competent();
      }
      ASSERT_EQ(landed, crossed + n.attached_to_all());
      ASSERT_EQ(n.shed(), n.in_cavity() + n.died + n.attached_to_all());
      ASSERT_LE(n.implants_on_all(), competent);
    }
    attached += body.cavity().attached_to_all();
  }
  EXPECT_GT(attached, 10000);
}

// What floats when the primary is removed dies or attaches; nothing comes after it.
TEST(Cavity, EmptiesOnceThePrimaryIsRemoved) {
  const Planned plan({"body.removal.time=20 day"});
  Body body = followed(plan, 4, 20);
  const std::int64_t shed = body.cavity().shed(), floating = body.cavity().in_cavity(),
                     attached = body.cavity().attached_to_all();
  ASSERT_EQ(body.removed(), body.steps());
  ASSERT_GT(floating, 50);
  while (body.steps() < 24 * 40) body.step();
  EXPECT_EQ(body.cavity().shed(), shed);
  EXPECT_EQ(body.cavity().in_cavity(), 0);
  const auto left = static_cast<double>(floating);
  EXPECT_NEAR(static_cast<double>(body.cavity().attached_to_all() - attached), 0.96 * left,
              4 * std::sqrt(0.04 * left) + 1);
}

TEST(Cavity, GoesOnWithTheSameBits) {
  const Planned plan({"body.removal.time=200 h", "body.lymph.share=0"});
  const Body whole = followed(plan, 7, 12.5);
  EXPECT_EQ(whole.hash(), followed(plan, 7, 12.5).hash());
  for (const double cut : {100 / 24.0, 199 / 24.0, 201 / 24.0}) {
    const Body first = followed(plan, 7, cut);
    std::vector<std::int64_t> numbers;
    std::vector<double> reals;
    first.save(numbers, reals);
    Body second(plan, 7);
    std::size_t number_at = 0, real_at = 0;
    second.load(numbers, reals, number_at, real_at);
    EXPECT_EQ(number_at, numbers.size());
    EXPECT_EQ(real_at, reals.size());
    EXPECT_EQ(second.hash(), first.hash());
    while (second.steps() < 300) second.step();
    EXPECT_EQ(second.hash(), whole.hash()) << cut;
    // Cells that were added to those that float are not accounted for.
    numbers[support::behind_the_lesions(first)] += 1;
    number_at = real_at = 0;
    EXPECT_THROW(second.load(numbers, reals, number_at, real_at), NumericalError);
  }
}

// ---- settings

TEST(Cavity, SaysWhatToType) {
  EXPECT_EQ(complaint(toy), "");
  expect_told(toy, "add up to 1.25", {"body.cavity.surfaces[1].share=0.5"});
  expect_told(toy, "surfaces[1].organ `overy` is no organ; did you mean ovary?",
              {"body.cavity.surfaces[1].organ=overy"});
  expect_told(toy, "`bladder` is no organ; there are lung, colon, peritoneum, ovary",
              {"body.cavity.surfaces[1].organ=bladder"});
  expect_told(toy, "cavity.exposed", {"body.cavity.exposed=1.5"});
  EXPECT_EQ(complaint(toy, {"body.patients=10", "simulation.duration=0 day"}), "");
  // Without surfaces: the pleura of a primary of lung or breast, else the peritoneum.
  std::string bare = toy;
  const std::size_t from = bare.find("    surfaces:");
  bare.erase(from, bare.find('\n', from) + 1 - from);
  EXPECT_EQ(surfaces_of(settings_of(bare).body)[peritoneum], 1);
  expect_told(bare, "no organ pleura", {"body.primaries[0].organ=lung"});
  const std::string standard = "body: {primary: lung, cavity: {enabled: true}}";
  const BodySettings lung = settings_of(standard);
  EXPECT_EQ(surfaces_of(lung.body)[static_cast<std::size_t>(organ_index(lung.body, "pleura"))], 1);
}

} // namespace
} // namespace metavox
