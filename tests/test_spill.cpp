// What the removal of a primary spills into blood and cavity, and what is washed out of the cavity:
// how many, that they travel as others do, as expected; what must never happen; ledger and state.

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body/body.hpp"
#include "body_support.hpp"
#include "core/errors.hpp"

namespace metavox {
namespace {

using support::complaint;
using support::Dice;
using support::expect_told;
using support::Moments;
using support::settings_of;

// A primary of 5 mm, 8 million cells, that hardly grows, sheds a few cells an hour by blood and
// none through its serosa, and is removed after ten days.
const std::string toy =
    std::string("simulation: {duration: 40 day}\nbody:") + support::toy_circulation + R"(
  diameter: 5 mm
  shedding: {fraction: 1e-3, clusters: 0.2, cluster_size: 3}
  lodged: {adhesion: 0.05 1/h}
  fate: {begin: 0.2, go_on: 0.1, human: 0.02, asleep: 0.4, waking: 20 day}
  lesions: {doubling: 1000 day, ratio: 100, vessels: 0 day}
  removal: {time: 10 day}
  cavity:
    enabled: true
    surfaces: [{organ: brain, share: 1}]
)";
constexpr int cut = 240; // steps
constexpr std::size_t brain = 2;
const std::string into_blood = "body.removal.spill_blood=1e-3",
                  into_cavity = "body.removal.spill_cavity=1e-3";

struct Planned {
  BodySettings settings;
  BodyPlan plan;
  explicit Planned(const std::vector<std::string>& set = {})
      : settings(settings_of(toy, set)), plan(settings) {}
  operator const BodyPlan&() const { return plan; }
};

Body followed(const BodyPlan& plan, std::uint64_t seed, int steps) {
  Body body(plan, seed);
  while (body.steps() < steps) body.step();
  return body;
}
std::int64_t competent_of(const Body& body) {
  std::int64_t sum = 0;
  for (const auto& o : body.natural().organs) sum += o.competent();
  return sum;
}
void expect_near(std::int64_t drawn, double mean) {
  EXPECT_NEAR(static_cast<double>(drawn), mean, 4 * std::sqrt(mean));
}

// Each of the cells that are cut out by its chance; what comes into the blood flows in the step
// after and in no other, single and M-like, what comes into the cavity floats at once.
TEST(Spill, IsAShareOfWhatIsCutOut) {
  const Planned plan(
      {into_blood, into_cavity, "body.removal.residual=0.25", "body.shedding.fraction=1e-9"});
  Body body = followed(plan, 1, cut - 1);
  const auto whole = static_cast<double>(body.lesions()[0].cells);
  const double flowed = body.expected().departed;
  body.step();
  const Lesion& primary = body.lesions()[0];
  EXPECT_EQ(body.removed(), cut);
  expect_near(body.spilled_into_blood(), 0.75e-3 * whole);
  expect_near(body.spilled_into_cavity(), 0.75e-3 * (1 - 1e-3) * whole);
  EXPECT_EQ(primary.spilled, body.spilled_into_blood() + body.spilled_into_cavity());
  EXPECT_EQ(body.cavity().in_cavity(), body.spilled_into_cavity());
  EXPECT_EQ(body.cavity().shed(), body.spilled_into_cavity());
  EXPECT_NEAR(body.expected_cavity().in_cavity() / (0.75e-3 * (1 - 1e-3) * whole), 1, 1e-3);
  EXPECT_EQ(body.cavity().floating[0], 0); // E-like
  const std::int64_t before = body.natural().departed;
  EXPECT_LT(body.expected().departed - flowed, 1); // not yet
  body.step();
  EXPECT_EQ(body.natural().departed - before, body.spilled_into_blood());
  EXPECT_NEAR((body.expected().departed - flowed) / (0.75e-3 * whole), 1, 1e-3);
  const std::int64_t after = body.natural().departed;
  while (body.steps() < cut + 24) body.step();
  EXPECT_LE(body.natural().departed - after, 2); // what the rest sheds
}

// They lodge, adhere, land and found as others do: founders less Lambda are nothing on average, and
// most founders are theirs.
TEST(Spill, FoundsAsExpected) {
  const Planned planned({"body.removal.spill_blood=8e-3", "body.removal.spill_cavity=2e-5",
                         "body.removal.washed=0.5", "body.shedding.fraction=1e-5"});
  Moments all, by_cavity, attached, washed;
  double founders = 0, implants = 0;
  for (int k = 0; k < 200; ++k) {
    const Body body = followed(planned, mix64(900 + static_cast<std::uint64_t>(k)), cut + 400);
    all.add(static_cast<double>(competent_of(body)) - body.expected_founders());
    founders += static_cast<double>(competent_of(body));
    const CavityStages<std::int64_t>& n = body.cavity();
    const CavityStages<double>& e = body.expected_cavity();
    by_cavity.add(static_cast<double>(n.implants[brain]) - e.implants[brain]);
    attached.add(static_cast<double>(n.attached[brain]) - e.attached[brain]);
    washed.add(static_cast<double>(n.washed) - e.washed);
    implants += static_cast<double>(n.implants[brain]);
    // Half is washed out; of the others attach 0.1/h of 0.1/h + 0.1/day.
    EXPECT_NEAR(e.washed / e.shed(), 0.5, 1e-12);
    EXPECT_NEAR(e.attached[brain] / e.shed(), 0.5 * 2.4 / 2.5, 1e-9);
  }
  EXPECT_GT(founders, 300);
  EXPECT_GT(implants, 3);
  EXPECT_NEAR(all.mean(), 0, 3 * all.error());
  EXPECT_NEAR(by_cavity.mean(), 0, 3 * by_cavity.error());
  EXPECT_NEAR(attached.mean(), 0, 3 * attached.error());
  EXPECT_NEAR(washed.mean(), 0, 3 * washed.error());
}

// ---- what must never happen

TEST(Spill, IsNothingUnlessAsked) {
  const Planned with({into_blood, into_cavity, "body.removal.washed=0.5"}), without;
  const Body one = followed(without, 2, cut + 100);
  EXPECT_EQ(one.lesions()[0].spilled, 0);
  EXPECT_EQ(one.cavity().shed(), 0);
  EXPECT_EQ(one.expected_cavity().shed(), 0);
  EXPECT_EQ(one.hash(), followed(Planned({"body.removal.spill_blood=0"}), 2, cut + 100).hash());
  // Until the cut a body is that of one in which nothing will be spilled.
  const Body a = followed(with, 2, cut - 1), b = followed(without, 2, cut - 1);
  EXPECT_EQ(a.natural().departed, b.natural().departed);
  EXPECT_EQ(a.lesions()[0].cells, b.lesions()[0].cells);
  EXPECT_EQ(a.spilled_into_blood(), 0);
}

TEST(Spill, IsNothingWhereNothingIsCutOut) {
  const Body kept =
      followed(Planned({into_blood, into_cavity, "body.removal.residual=1"}), 3, cut + 50);
  EXPECT_EQ(kept.removed(), cut);
  EXPECT_EQ(kept.lesions()[0].spilled, 0);
  EXPECT_EQ(kept.cavity().shed(), 0);
  EXPECT_EQ(kept.expected_cavity().shed(), 0);
  const Body never =
      followed(Planned({into_blood, into_cavity, "body.removal.time=39 day"}), 3, cut + 50);
  EXPECT_EQ(never.lesions()[0].spilled, 0);
  EXPECT_EQ(never.spilled_into_blood(), 0);
}

TEST(Spill, ImplantsNothingWhereAllIsWashedOut) {
  const Body body = followed(
      Planned({"body.removal.spill_cavity=0.01", "body.removal.washed=1", "body.fate.human=1"}), 4,
      cut + 200);
  EXPECT_GT(body.cavity().washed, 10000);
  EXPECT_EQ(body.cavity().attached_to_all(), 0);
  EXPECT_EQ(body.expected_cavity().attached_to_all(), 0);
  // Blood keeps what it has.
  const Body blood = followed(Planned({into_blood, "body.removal.washed=1"}), 4, cut + 200);
  EXPECT_GT(blood.natural().departed, blood.spilled_into_blood());
  EXPECT_GT(blood.spilled_into_blood(), 1000);
}

// ---- ledger, state

TEST(Spill, IsInTheLedgerWhateverTheBody) {
  Dice dice(12);
  std::int64_t blood = 0, cavity = 0, washed = 0;
  for (int k = 0; k < 30; ++k) {
    BodySettings s = settings_of(toy);
    BodyParameters& b = s.body;
    b.step = 10 + 240 * dice.unit();
    b.diameter = 500 + 6000 * dice.unit();
    b.reseeding = dice.below(2) == 0;
    b.lesions.doubling = 1440 * (1 + 100 * dice.unit());
    b.shedding.fraction = 0.01 * dice.unit();
    b.cavity.enabled = dice.below(4) > 0;
    b.cavity.exposed = 0.5 * dice.unit();
    b.cavity.rate *= 100 * dice.unit();
    b.removal.time = b.step * (1 + dice.below(100));
    b.removal.residual = dice.below(2) == 0 ? 0 : dice.unit();
    b.removal.spill_blood = dice.below(3) == 0 ? 0 : dice.unit() * dice.unit();
    b.removal.spill_cavity = dice.below(3) == 0 || !b.cavity.enabled ? 0 : dice.unit();
    b.removal.washed = dice.below(3) == 0 || !b.cavity.enabled ? 0 : dice.unit();
    const BodyPlan plan(s);
    Body body(plan, mix64(static_cast<std::uint64_t>(k)));
    for (int step = 0; step < 120; ++step) {
      body.step(); // looks at every identity
      const Lesion& p = body.lesions()[0];
      ASSERT_EQ(p.cells,
                p.founded_with + p.births - p.deaths - p.departed - p.resected - p.spilled);
      std::int64_t departed = 0;
      for (const Lesion& l : body.lesions()) departed += l.departed;
      const bool waits = body.removed() == body.steps();
      ASSERT_EQ(departed + p.spilled, body.natural().departed + body.cavity().shed() +
                                          (waits ? body.spilled_into_blood() : 0));
      const CavityStages<std::int64_t>& n = body.cavity();
      ASSERT_EQ(n.shed(), n.in_cavity() + n.died + n.attached_to_all() + n.washed);
      ASSERT_GE(p.resected, 0);
    }
    blood += body.spilled_into_blood();
    cavity += body.spilled_into_cavity();
    washed += body.cavity().washed;
  }
  EXPECT_GT(blood, 10000);
  EXPECT_GT(cavity, 10000);
  EXPECT_GT(washed, 10000);
}

// Cells that a dead body was about to let flow are accounted for, in all that it counts afterwards.
TEST(Spill, WaitsForEverInWhoDiesOfThatStep) {
  const std::vector<std::string> mortal{"body.death.others=true", "body.host.mortality=300 1/year",
                                        into_blood, into_cavity};
  const std::int64_t dies = followed(Planned(mortal), 5, 960).died();
  ASSERT_GT(dies, 1);
  ASSERT_LT(dies, 960);
  std::vector<std::string> then = mortal;
  then.push_back("body.removal.time=" + std::to_string(dies) + " h");
  const Planned plan(then);
  const Body body = followed(plan, 5, 960);
  ASSERT_EQ(body.removed(), dies);
  ASSERT_EQ(body.died(), dies);
  EXPECT_GT(body.spilled_into_blood(), 1000);
  EXPECT_NO_THROW(body.check_ledger());
}

TEST(Spill, GoesOnWithTheSameBits) {
  const Planned plan({into_blood, into_cavity, "body.removal.washed=0.3"});
  const Body whole = followed(plan, 7, cut + 60);
  for (const int at : {cut - 1, cut, cut + 1, cut + 30}) {
    const Body first = followed(plan, 7, at);
    std::vector<std::int64_t> numbers;
    std::vector<double> reals;
    first.save(numbers, reals);
    Body second(plan, 7);
    std::size_t number_at = 0, real_at = 0;
    second.load(numbers, reals, number_at, real_at);
    EXPECT_EQ(number_at, numbers.size());
    EXPECT_EQ(real_at, reals.size());
    EXPECT_EQ(second.hash(), first.hash());
    while (second.steps() < cut + 60) second.step();
    EXPECT_EQ(second.hash(), whole.hash()) << at;
  }
}

// ---- settings

TEST(Spill, SaysWhatToType) {
  EXPECT_EQ(complaint(toy, {into_blood, into_cavity, "body.removal.washed=0.9"}), "");
  for (const std::string& key : {std::string("spill_cavity"), std::string("washed")})
    expect_told(toy,
                "body.removal." + key + " is of a cavity, and the body has none; type body.cavity",
                {"body.removal." + key + "=0.1", "body.cavity.enabled=false"});
  EXPECT_EQ(complaint(toy, {into_blood, "body.cavity.enabled=false"}), "");
  expect_told(toy, "spill_blood", {"body.removal.spill_blood=1.5"});
  expect_told(toy, "did you mean", {"body.removal.spil_blood=0.5"});
  const std::vector<std::string> notes =
      read_body_text(toy, "test.yaml", {into_blood, "body.removal.time=0 day"}).notes;
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("spill_blood has no effect: the primary is not removed"),
            std::string::npos);
  expect_told("body: {patients: 9, removal: {spill_blood: 0.1}}\n", "hour by hour");
}

} // namespace
} // namespace metavox
