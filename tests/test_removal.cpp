// The primary of a body is removed: what is left of it, what its cells on their way still found,
// and that a cohort's patient, whose primary is removed as well, expects the same.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body/body.hpp"
#include "body/cohort.hpp"
#include "body/lesion_growth.hpp"
#include "body_support.hpp"
#include "core/errors.hpp"
#include "core/exact.hpp"

namespace metavox {
namespace {

using support::Moments;
using support::settings_of;
using support::toy_body;

std::int64_t competent_of(const Body& body) {
  std::int64_t sum = 0;
  for (const auto& o : body.natural().organs) sum += o.competent();
  return sum;
}

// What lodged before the end of shedding still lands, and Lambda is the compensator all the while:
// founders less Lambda are nothing on average, half way, in the end, and of those that landed after
// the removal alone.
TEST(Removal, EndsSheddingAndWhatLodgedBeforeStillFounds) {
  const BodySettings s =
      settings_of(toy_body, {"body.removal.time=20 day", "body.fate.human=0.005"});
  const BodyPlan plan(s);
  Moments at_removal, at_end, later;
  double found_later = 0, woken_later = 0;
  for (int k = 0; k < 200; ++k) {
    Body body(plan, mix64(500 + static_cast<std::uint64_t>(k)));
    std::int64_t departed = 0, competent = 0, woken = 0;
    double lambda = 0;
    for (int hour = 1; hour <= 40 * 24; ++hour) {
      const StepReport report = body.step();
      int removed = 0;
      for (const BodyEvent& e : report.events) {
        EXPECT_NE(e.what, BodyEvent::What::died_out);
        removed += e.what == BodyEvent::What::removed ? 1 : 0;
      }
      ASSERT_EQ(removed, hour == 480 ? 1 : 0) << hour;
      const Lesion& primary = body.lesions()[0];
      if (hour == 480) {
        departed = body.natural().departed;
        competent = competent_of(body);
        lambda = body.expected_founders();
        for (const auto& o : body.natural().organs) woken += o.woken;
        EXPECT_EQ(primary.cells, 0);
        EXPECT_EQ(primary.resected,
                  primary.founded_with + primary.births - primary.deaths - primary.departed);
        EXPECT_GT(primary.resected, 1000000);
        EXPECT_EQ(body.removed(), 480);
      } else if (hour > 480) {
        ASSERT_EQ(body.natural().departed, departed) << hour;
        ASSERT_EQ(primary.cells, 0);
      }
    }
    EXPECT_GT(departed, 100);
    at_removal.add(static_cast<double>(competent) - lambda);
    at_end.add(static_cast<double>(competent_of(body)) - body.expected_founders());
    later.add(static_cast<double>(competent_of(body) - competent) -
              (body.expected_founders() - lambda));
    found_later += static_cast<double>(competent_of(body) - competent);
    for (const auto& o : body.natural().organs) woken_later += static_cast<double>(o.woken);
    woken_later -= static_cast<double>(woken);
  }
  for (const Moments* m : {&at_removal, &at_end, &later}) EXPECT_NEAR(m->mean(), 0, 3 * m->error());
  EXPECT_GT(found_later, 5); // they were lodged or adherent
  EXPECT_GT(woken_later, 20);
}

// Each cell stays with the same chance.
TEST(Removal, LeavesABinomialShare) {
  for (const double share : {0.3, 1e-6}) {
    const BodySettings s = settings_of(
        toy_body, {"body.removal.time=1 h", "body.removal.residual=" + std::to_string(share)});
    const BodyPlan plan(s);
    Moments left;
    double cells = 0;
    for (int k = 0; k < 400; ++k) {
      Body body(plan, mix64(900 + static_cast<std::uint64_t>(k)));
      body.step();
      const Lesion& l = body.lesions()[0];
      cells = static_cast<double>(l.cells + l.resected);
      left.add(static_cast<double>(l.cells));
    }
    EXPECT_NEAR(left.mean(), share * cells, 3 * left.error()) << share;
    EXPECT_NEAR(left.variance() / (share * (1 - share) * cells), 1, 3 * std::sqrt(2.0 / 400));
  }
}

// The tail beyond the edge: so many cells with no margin, 1/e of them with one of its length.
TEST(Removal, LeavesATailThatAMarginCutsOff) {
  const auto residual = [](double margin) { // mm
    const BodySettings s =
        settings_of(toy_body, {"body.removal.time=1 h", "body.removal.tail=0.7",
                               "body.removal.margin=" + std::to_string(margin) + " mm"});
    const BodyPlan plan(s);
    Moments any;
    for (int k = 0; k < 1000; ++k) {
      Body body(plan, mix64(2000 + static_cast<std::uint64_t>(k)));
      body.step();
      any.add(body.lesions()[0].cells > 0 ? 1 : 0);
    }
    return any;
  };
  for (const double margin : {0.0, 3.0, 12.0}) {
    const Moments any = residual(margin);
    const double mean = 0.7 * std::exp(-margin / 3);
    EXPECT_NEAR(any.mean(), 1 - std::exp(-mean), 3 * any.error() + 1e-3) << margin;
  }
}

// What is left grows again at the primary's rate, and is removed only once.
TEST(Removal, HappensOnceAndWhatIsLeftGrowsOn) {
  const BodySettings s =
      settings_of(toy_body, {"body.removal.diameter=5 mm", "body.removal.time=3 day",
                             "body.removal.residual=0.5", "body.lesions.doubling=1 day"});
  const BodyPlan plan(s);
  Body body(plan, 4);
  int removed = 0;
  double after = 0;
  for (int hour = 1; hour <= 96; ++hour) {
    for (const BodyEvent& e : body.step().events)
      if (e.what == BodyEvent::What::removed) {
        ++removed;
        after = static_cast<double>(body.lesions()[0].cells);
        EXPECT_EQ(hour, 1); // it begins as large
      }
  }
  EXPECT_EQ(removed, 1);
  EXPECT_NEAR(static_cast<double>(body.lesions()[0].cells) / after / std::exp2(95.0 / 24), 1, 0.02);
}

// By size: it goes in the step after the one in which it had become as large.
TEST(Removal, ComesWhenThePrimaryIsLargeEnough) {
  const BodySettings s =
      settings_of(toy_body, {"body.removal.diameter=6 mm", "body.removal.found=true",
                             "body.lesions.doubling=10 day"});
  const BodyPlan plan(s);
  EXPECT_GT(plan.host.diameter, 6e3); // that comes later
  const double wanted = cells_of_diameter(s.body.lesions, 6e3);
  Body body(plan, 5);
  std::int64_t before = 0, last = 0;
  while (body.removed() < 0) {
    before = last;
    last = body.lesions()[0].cells;
    body.step();
  }
  EXPECT_LT(static_cast<double>(before), wanted);
  EXPECT_GE(static_cast<double>(last), std::floor(wanted));
  EXPECT_EQ(body.lesions()[0].cells, 0);
}

// A patient of a cohort hour by hour, removed at his diameter, and followed until nothing is on its
// way: the lesions expected to be founded ever are the cohort's, and nothing had been shed besides.
TEST(Removal, LeavesThePatientOfACohortWithHisExpectation) {
  support::for_early_patients(
      "body: {lymph: {enabled: false}}\n", 3, [](const PatientRow& row, BodySettings own) {
        own.body.removal.found = true;
        const BodyPlan plan(own);
        Body body(plan, 6);
        while (static_cast<double>(body.steps()) < (row.removal + 20) * 24) body.step();
        EXPECT_NEAR(static_cast<double>(body.removed()) / 24 / row.removal, 1, 0.005);
        EXPECT_NEAR(body.expected().departed / row.shed, 1, 0.02);
        EXPECT_NEAR(body.expected_founders() / row.expected, 1, 0.02);
        EXPECT_LT(body.blood_level(), 1e-6 * row.level);
      });
}

TEST(Removal, IsOfABodyHourByHour) {
  EXPECT_THROW(settings_of("body: {patients: 9, removal: {found: true}}\n"), ConfigError);
  EXPECT_EQ(read_body_text(toy_body, "test.yaml", {"body.removal.time=30 day"}).notes.size(), 0u);
  EXPECT_EQ(read_body_text(toy_body, "test.yaml", {"body.removal.time=50 day"}).notes.size(), 1u);
}

// ---- state

TEST(Removal, GoesOnWithTheSameBitsBeforeAndAfter) {
  const BodySettings s = settings_of(
      toy_body, {"body.removal.time=100 h", "body.removal.residual=0.1", "body.reseeding=true"});
  const BodyPlan plan(s);
  Body whole(plan, 7);
  for (int k = 0; k < 200; ++k) whole.step();
  for (const int cut : {60, 99, 100, 101, 150}) {
    Body first(plan, 7), second(plan, 8);
    for (int k = 0; k < cut; ++k) first.step();
    std::vector<std::int64_t> numbers;
    std::vector<double> reals;
    first.save(numbers, reals);
    second = Body(plan, 7);
    std::size_t number_at = 0, real_at = 0;
    second.load(numbers, reals, number_at, real_at);
    EXPECT_EQ(number_at, numbers.size());
    for (int k = cut; k < 200; ++k) second.step();
    EXPECT_EQ(second.hash(), whole.hash()) << cut;
  }
  // Until it happens the body is that of a run without one.
  const BodySettings bare = settings_of(toy_body, {"body.reseeding=true"});
  const BodyPlan without(bare);
  Body a(plan, 7), b(without, 7);
  for (int k = 0; k < 99; ++k) a.step(), b.step();
  EXPECT_EQ(a.lesions()[0].cells, b.lesions()[0].cells);
  EXPECT_EQ(a.natural().departed, b.natural().departed);
  EXPECT_EQ(a.lesions().size(), b.lesions().size());
}

// A window around the primary is closed first; until then nothing is removed.
TEST(Removal, WaitsForTheWindow) {
  const BodySettings s = settings_of(toy_body, {"body.removal.time=2 h"});
  const BodyPlan plan(s);
  Body body(plan, 9);
  const std::int64_t cells = body.give_to_window(0, Origin::primary);
  WindowHour hour;
  hour.origin = Origin::primary;
  hour.cells = cells;
  body.step({hour});
  EXPECT_FALSE(body.removal_is_due());
  body.step({hour});
  EXPECT_TRUE(body.removal_is_due());
  StepReport report;
  EXPECT_THROW(body.remove_primary(report), NumericalError);
  body.take_from_window(0, cells, Origin::primary);
  body.remove_primary(report);
  EXPECT_EQ(body.lesions()[0].resected, cells);
  EXPECT_FALSE(body.removal_is_due());
  body.step();
}

} // namespace
} // namespace metavox
