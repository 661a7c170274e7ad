// Cohorts whose primaries stay: lesions drawn until all is told of a patient against all of them
// drawn at once, what must never happen, time.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body/cohort.hpp"
#include "body/patient.hpp"
#include "body_support.hpp"

namespace metavox {
namespace {

using support::Moments;
using support::settings_of;

// Primaries of the lung that stay, in lives short enough to draw all lesions of them.
BodySettings left(const std::vector<std::string>& set = {}) {
  return settings_of(
      "body: {primary: lung, death: {lesions: true}, observer: {removes: false, horizon: 7 years}, "
      "fate: {human: 0.05}}\n",
      set);
}

// The reference: one stretch, so that every lesion of the horizon is drawn and followed.
std::vector<PatientRow> patients(const BodySettings& settings, std::uint64_t n,
                                 double first_stretch) {
  CohortPlan plan(settings);
  plan.first_stretch = first_stretch;
  PatientCourse course(plan);
  std::vector<PatientRow> rows;
  for (std::uint64_t k = 0; k < n; ++k) rows.push_back(course.follow(k));
  return rows;
}
constexpr double all_at_once = 1e18;

// Numbers of a patient of which a table or a summary tells.
constexpr std::size_t of_the_primary = 2;
using Numbers = std::array<double, 9>;
const std::array<const char*, 9> names{
    "death",         "of metastases",   "of the primary",
    "seen",          "seen at removal", "seen in lung",
    "seen diameter", "landed to seen",  "lesions to what is expected"};
bool by_lesions(const PatientRow& r) {
  return r.cause == DeathOf::organ || r.cause == DeathOf::burden;
}
Numbers numbers_of(const PatientRow& r, double horizon, int lung) {
  return {r.death,
          by_lesions(r) && r.of_metastases ? 1.0 : 0.0,
          by_lesions(r) && !r.of_metastases ? 1.0 : 0.0,
          r.seen >= 0 ? r.seen : horizon,
          r.seen_at_removal ? 1.0 : 0.0,
          r.seen_in == lung ? 1.0 : 0.0,
          r.seen_diameter,
          r.founded_before_seen,
          (static_cast<double>(r.founded) - r.expected) / std::sqrt(r.expected + 1)};
}

void expect_one_law(const BodySettings& s, std::uint64_t n) {
  const double horizon = s.body.observer.horizon / (24 * 60);
  const int lung = organ_index(s.body, "lung");
  const std::vector<PatientRow> a = patients(s, n, 4), b = patients(s, n, all_at_once);
  std::array<Moments, 9> apart;
  std::array<double, 9> moved{};
  for (std::size_t k = 0; k < a.size(); ++k) {
    // The same patient, but for the lesions.
    ASSERT_EQ(a[k].doubling, b[k].doubling);
    ASSERT_EQ(a[k].expected, b[k].expected);
    ASSERT_EQ(a[k].landed, b[k].landed);
    const Numbers x = numbers_of(a[k], horizon, lung), y = numbers_of(b[k], horizon, lung);
    for (std::size_t i = 0; i < x.size(); ++i) {
      apart[i].add(x[i] - y[i]);
      moved[i] += x[i] != y[i] ? 1 : 0;
    }
  }
  for (std::size_t i = 0; i < apart.size(); ++i) {
    EXPECT_NEAR(apart[i].mean(), 0, 3 * apart[i].error()) << names[i];
    if (i == of_the_primary) continue; // few may die of it
    EXPECT_GT(moved[i], 5) << names[i];
  }
}

TEST(CohortLeft, HasTheLawOfAllLesionsDrawnAtOnce) { expect_one_law(left(), 800); }

// Implants too; where the peritoneum is what they are seen in.
TEST(CohortLeft, HasThatLawWithACavity) {
  expect_one_law(
      left({"body.primary=stomach", "body.cavity.enabled=true", "body.cavity.exposed=0.1"}), 400);
}

// Of metastases seen on one day any may be the first, not the oldest: where primaries are found
// late, removal shows many at once.
TEST(CohortLeft, SeesAnyOfThoseOfADay) {
  const BodySettings s =
      left({"body.observer.diameter=60 mm", "body.observer.horizon=1 year", "body.fate.human=0.1"});
  Moments diameter, age;
  int at_removal = 0;
  const std::vector<PatientRow> a = patients(s, 400, 4), b = patients(s, 400, all_at_once);
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (!a[k].seen_at_removal || !b[k].seen_at_removal) continue;
    ++at_removal;
    diameter.add(a[k].seen_diameter - b[k].seen_diameter);
    age.add(a[k].founded_before_seen - b[k].founded_before_seen);
  }
  EXPECT_GT(at_removal, 200);
  EXPECT_NEAR(diameter.mean(), 0, 3 * diameter.error());
  EXPECT_NEAR(age.mean(), 0, 3 * age.error());
}

// What is counted only is as many as what is followed, and sleeps as often.
TEST(CohortLeft, CountsLesionsThatComeTooLate) {
  const BodySettings s = left();
  Moments founded;
  double lesions = 0, slept = 0;
  for (const PatientRow& r : patients(s, 600, 4)) {
    founded.add((static_cast<double>(r.founded) - r.expected) / std::sqrt(r.expected + 1));
    lesions += static_cast<double>(r.founded);
    slept += static_cast<double>(r.slept);
    ASSERT_LE(r.slept, r.founded);
  }
  const double share = s.body.fate.asleep;
  EXPECT_GT(lesions, 1e5);
  EXPECT_NEAR(founded.mean(), 0, 3 * founded.error());
  EXPECT_NEAR(founded.variance(), 1, 0.2);
  EXPECT_NEAR(slept / lesions, share, 3 * std::sqrt(share * (1 - share) / lesions));
}

// Where lesions do not kill, nobody's death ends what is seen.
TEST(CohortLeft, GoesOnUntilAMetastasisIsSeen) {
  const BodySettings kills = left(), spares = left({"body.death.lesions=false"});
  const std::vector<PatientRow> a = patients(kills, 300, 4), b = patients(spares, 300, 4);
  int seen_dead = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(a[k].seen, b[k].seen) << k;
    EXPECT_EQ(a[k].founded, b[k].founded) << k;
    EXPECT_EQ(b[k].cause, DeathOf::none) << k;
    seen_dead += by_lesions(a[k]) && a[k].seen > a[k].death ? 1 : 0;
  }
  EXPECT_GT(seen_dead, 3);
}

// A patient's row is no one else's, whoever was worked out before.
TEST(CohortLeft, IsTheSameOnAnyThreadsAndInAnyPieces) {
  const BodySettings s = left();
  const std::vector<PatientRow> all = follow_patients(s, 0, 40, 1),
                                some = follow_patients(s, 20, 20, 2);
  for (std::size_t k = 0; k < some.size(); ++k) {
    EXPECT_EQ(some[k].death, all[20 + k].death) << k;
    EXPECT_EQ(some[k].seen, all[20 + k].seen) << k;
    EXPECT_EQ(some[k].founded, all[20 + k].founded) << k;
    EXPECT_EQ(some[k].slept, all[20 + k].slept) << k;
  }
}

// Ten thousand in ten seconds of two cores, as a tenth of them: where the lesions of whole horizons
// were drawn they took 180 seconds of one.
TEST(CohortLeft, TakesSeconds) {
#if !defined(__OPTIMIZE__) || defined(METAVOX_SANITIZED)
  GTEST_SKIP() << "time is that of a build as it is shipped";
#endif
  for (const char* primary : {"lung", "pancreas"}) {
    SCOPED_TRACE(primary);
    const BodySettings s =
        settings_of("body: {death: {lesions: true}, observer: {removes: false}}\n",
                    {std::string("body.primary=") + primary});
    const std::clock_t begin = std::clock(); // of all threads, whatever else the machine does
    EXPECT_EQ(follow_patients(s, 0, 1000, 2).size(), 1000u);
    EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 2.0);
  }
}

} // namespace
} // namespace metavox
