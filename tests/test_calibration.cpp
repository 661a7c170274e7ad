// `metavox calibrate growth`: the search against closed forms, what it says where it cannot find a
// value, and settings found again from what they make a tumour do.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "core/random.hpp"
#include "program/calibrate.hpp"
#include "program/calibration_configs.hpp"
#include "program/log_search.hpp"
#include "settings/units.hpp"
#include "site/config.hpp"

namespace metavox {
namespace {

// A law of one setting, and how often it was asked.
struct Law {
  std::function<double(double)> f;
  int calls = 0;
  std::function<double(double)> counted() {
    return [this](double x) {
      ++calls;
      return f(x);
    };
  }
};

// ---- the search

// y = 3 sqrt(x) is a straight line on logarithms: the guess of the power does it in two.
TEST(LogSearch, FollowsAPowerLawAtOnce) {
  Law law{[](double x) { return 3 * std::sqrt(x); }};
  const Answer a = find_value(law.counted(), {40, 1e-6, 1, 1e6, 540, 0.5});
  EXPECT_NEAR(a.best.value, 1600.0 / 9, 1e-3);
  EXPECT_LE(law.calls, 2);
  EXPECT_NEAR(a.power, 0.5, 1e-6);
  EXPECT_EQ(a.tried.size(), static_cast<std::size_t>(law.calls));
}

// Hill's curve falls; a poor guess of its slope, and a start on either side.
TEST(LogSearch, BracketsWhatBendsFromEitherSide) {
  for (const double first : {0.02, 0.3, 40.0, 900.0}) {
    Law law{[](double x) { return 1 / (1 + x * x); }};
    const Answer a = find_value(law.counted(), {0.25, 1e-4, 0.01, 1000, first, -0.7});
    EXPECT_NEAR(a.best.value, std::sqrt(3.0), 3e-4) << first;
    EXPECT_LE(law.calls, 16) << first;
    // d ln y / d ln x = -2 (1 - y)
    EXPECT_NEAR(a.power, -1.5, 0.2) << first;
  }
}

// What shrinks says nothing of how far it is from growing.
TEST(LogSearch, GetsAcrossValuesWithWhichNothingGrows) {
  Law law{[](double x) { return x - 0.3; }};
  const Answer a = find_value(law.counted(), {0.01, 0.02, 1e-3, 1, 2e-3, 1});
  EXPECT_NEAR(a.best.value, 0.31, 0.0003);
  EXPECT_LE(law.calls, 20);
}

TEST(LogSearch, SettlesWithinItsToleranceThoughMeasurementsScatter) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Law law{};
    law.f = [&](double x) {
      const std::uint64_t bits = mix64(seed * 1000 + static_cast<std::uint64_t>(law.calls));
      const double noise = 0.02 * (static_cast<double>(bits >> 11) * 0x1p-53 - 0.5);
      return std::pow(x, 0.8) * (1 + noise);
    };
    const Answer a = find_value(law.counted(), {2, 0.03, 0.01, 100, 30, 0.5});
    EXPECT_NEAR(a.best.measured, 2, 0.0600001) << seed;
    EXPECT_NEAR(a.best.value, std::pow(2, 1.25), 0.06 * std::pow(2, 1.25)) << seed;
    EXPECT_LE(law.calls, 8) << seed;
  }
}

TEST(LogSearch, NamesTheEndOfTheRangeWhereNothingWillDo) {
  for (const bool too_much : {false, true}) {
    Law law{[](double x) { return 10 * x / (x + 1); }};
    try {
      find_value(law.counted(), {too_much ? 0.001 : 12.0, 0.01, 0.01, 100, 1, 0.5});
      FAIL() << "found a value";
    } catch (const OutOfReach& e) {
      EXPECT_DOUBLE_EQ(e.nearest.value, too_much ? 0.01 : 100);
      EXPECT_DOUBLE_EQ(e.nearest.measured, law.f(e.nearest.value));
    }
    EXPECT_LE(law.calls, 8);
  }
}

TEST(LogSearch, GivesUpOnWhatDependsOnChanceAlone) {
  Law law{};
  law.f = [&](double) { return law.calls % 2 == 0 ? 1.0 : 3.0; };
  EXPECT_THROW(find_value(law.counted(), {2, 0.01, 0.01, 100, 1, 1}), NumericalError);
  EXPECT_LE(law.calls, 25);
}

TEST(LogSearch, CorrectsWhatIsNearByTheSlope) {
  EXPECT_DOUBLE_EQ(corrected({4, 20}, 40, 0.5), 16);
  EXPECT_DOUBLE_EQ(corrected({4, 20}, 40, -1), 2);
  EXPECT_THROW(corrected({4, 0}, 40, 0.5), NumericalError);
}

// ---- the command

std::string refusal(const CalibrateOptions& options) {
  try {
    experiment_of(options);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "accepted";
}

void expect_part(const std::string& text, const char* part) {
  EXPECT_NE(text.find(part), std::string::npos) << text << "\nlacks: " << part;
}

TEST(Calibration, OptionsThatMakeNoExperimentAreRefusedWithAdvice) {
  CalibrateOptions o;
  expect_part(refusal(o), "--speed '40 um/day'");
  o.speed = "40 um/day";
  o.stress = "5 kPa";
  expect_part(refusal(o), "name one thing");
  o.stress.clear();
  EXPECT_EQ(refusal(o), "accepted");
  o.speed = "40 um";
  expect_part(refusal(o), "type for example: --speed '40 um/day'");
  o.speed = "-1 um/day";
  expect_part(refusal(o), "must be above 0");
  o.speed = "40 um/day";
  o.set = {"domain.size=[400 um, 400 um, 400 um]"};
  expect_part(refusal(o), "the spheroid grows to 440 um, and a face is 400 um from its centre");
  o.set = {"tissue.cells=[]"};
  expect_part(refusal(o), "tissue.cells[0] must be the sphere");
  o.set = {"growth.mobilty=3"};
  expect_part(refusal(o), "did you mean mobility?");
  o = {};
  o.doubling = "160 day";
  EXPECT_EQ(refusal(o), "accepted");
  o.diameter = "3 h";
  expect_part(refusal(o), "type for example: --diameter '3 mm'");
  o.diameter = "3 mm";
  o.set = {"tissue.cells[0].centre=[40 um, 40 um, 40 um]"};
  expect_part(refusal(o), "must lie in a corner");
}

// The settings are found in what a file says, and what is told is in the units of the question.
TEST(Calibration, SpeaksOfItsSettingsAndMeasurementsInTheirUnits) {
  CalibrateOptions o;
  o.speed = "1.6 um/h";
  const auto speed = experiment_of(o);
  EXPECT_NEAR(speed->aim().wanted, 38.4, 1e-9);
  EXPECT_EQ(speed->setting(540), "growth.mobility 540 um^2/kPa/day");
  EXPECT_EQ(speed->yaml(533.3), "growth:\n  mobility: 533 um^2/kPa/day\n");
  o = {};
  o.stress = "5 kPa";
  o.share = 0.2;
  const auto stress = experiment_of(o);
  EXPECT_NEAR(stress->aim().first, 2.5, 1e-12); // 1 / (1 + q^2) = 0.2 at q = 2
  // The product of the two stays: 540 um^2/kPa/day times 5 kPa.
  EXPECT_NE(stress->yaml(2.5).find("mobility: 1080 um^2/kPa/day"), std::string::npos);
  o = {};
  o.doubling = "160 day";
  const auto doubling = experiment_of(o);
  EXPECT_NEAR(doubling->aim().wanted, std::log(2) / 160, 1e-12);
  EXPECT_EQ(doubling->setting(0.1), "death.apoptosis_share 0.9");
  EXPECT_EQ(doubling->told(-0.001), "does not grow");
  for (const auto* e : {&speed, &stress, &doubling}) {
    const Config pasted = read_config_text((*e)->yaml(0.5), "pasted.yaml");
    EXPECT_TRUE(pasted.parameters.growth.mobility > 0);
  }
}

// Without a pressure of their own, births go as 1 / (1 + q^2); the clones have some, so that they
// feel it a little less: 5 % for that and for chance.
TEST(Calibration, BirthsUnderStressFollowHillsCurve) {
  CalibrateOptions o;
  o.stress = "5 kPa";
  o.threads = 1;
  const auto experiment = experiment_of(o);
  double half = 0, fifth = 0;
  for (int seed = 1; seed <= 3; ++seed) {
    half += experiment->measure(5, seed) / 3;
    fifth += experiment->measure(2.5, seed) / 3;
  }
  EXPECT_NEAR(half, 0.5, 0.025);
  EXPECT_NEAR(fifth, 0.2, 0.02);
}

// Where nothing holds clocks back, volume grows by the births that are not lost: with cycles of
// 7130 min at 12 mmHg, (1 - phi) ln2 / 7130 min * 12 / 13.4. Chance moves some 500 cells by 5 %.
TEST(Calibration, VolumeDoublesAsBirthsLessLossesSay) {
  CalibrateOptions o;
  o.doubling = "10 day";
  o.diameter = "0.4 mm";
  o.threads = 1;
  o.set = {"growth.inhibition=false", "tissue.parenchyma=0", "tissue.stroma=0",
           "domain.size=[480 um, 480 um, 480 um]"};
  const auto experiment = experiment_of(o);
  double growth = 0;
  for (int seed = 1; seed <= 3; ++seed) growth += experiment->measure(0.5, seed) / 3;
  EXPECT_NEAR(growth, 0.5 * std::log(2) / 7130 * 1440 * 12 / 13.4, 0.007);
}

// A setting put into a run comes back from what the run did.
TEST(LongCalibration, FindsTheMobilityThatAnotherSpheroidGrewWith) {
  CalibrateOptions o;
  o.speed = "30 um/day"; // to be replaced
  o.threads = 2;
  o.set = {"tissue.cells[0].radius=120 um", "domain.size=[400 um, 400 um, 400 um]"};
  const double grown = experiment_of(o)->measure(700, 7);
  o.speed = format_number(grown) + " um/day";
  const auto experiment = experiment_of(o);
  const Answer a =
      find_value([&](double value) { return experiment->measure(value, 1); }, experiment->aim());
  EXPECT_NEAR(a.best.value, 700, 150) << "speed " << grown; // 3 % of speed are 8 % of mobility
  EXPECT_GT(grown, 28); // half of it if the eighth of a spheroid were taken for a whole one
  EXPECT_LT(grown, 50);
  // Too fast for any tissue whose cells take a day.
  o.speed = "400 um/day";
  o.set.push_back("simulation.duration=12 h");
  const auto fast = experiment_of(o);
  EXPECT_THROW(find_value([&](double value) { return fast->measure(value, 1); }, fast->aim()),
               OutOfReach);
}

} // namespace
} // namespace metavox
