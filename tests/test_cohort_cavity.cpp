// The cavity of cohorts: what floats and attaches against closed forms and against a body followed
// hour by hour; implants against what is expected of them; what must never happen; columns, bits,
// time.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body/body.hpp"
#include "body/cohort.hpp"
#include "body/cohort_cavity.hpp"
#include "body_support.hpp"
#include "program/cohort.hpp"

namespace metavox {
namespace {

using support::complaint;
using support::Moments;
using support::settings_of;

// Primaries that are found at 6 mm, after a year, with a tenth of their surface at broken serosa;
// by blood they shed hardly any.
const std::string toy = R"(
body:
  primary: toy
  chambers: [{name: right, dwell: 0.25}, {name: left, dwell: 0.75}]
  organs:
    - {name: lung, drains: left, volume: 1 L}
    - {name: colon, drains: right, volume: 1 L}
    - {name: peritoneum, drains: right, volume: 100 mL, soil: 3}
    - {name: ovary, drains: right, volume: 11 mL}
    - {name: nodes, drains: right, volume: 30 mL}
  routes:
    - {from: right, through: lung, share: 1}
    - {from: left, through: colon, share: 0.9}
    - {from: left, through: ovary, share: 0.1}
  primaries: [{name: toy, organ: colon, ways: [{to: right, share: 1}]}]
  shedding: {fraction: 1e-5}
  fate: {begin: 0.2, go_on: 0.1, human: 0.02, asleep: 0.4, waking: 20 day}
  lesions: {doubling: 40 day, ratio: 10}
  lymph: {enabled: false}
  observer: {diameter: 6 mm, diameter_spread: 0.2}
  cavity:
    enabled: true
    rate: 1e-3 1/day
    exposed: 0.1
    surfaces: [{organ: peritoneum, share: 0.75}, {organ: ovary, share: 0.25}]
)";
constexpr std::size_t peritoneum = 2, ovary = 3;
const std::string off = "body.cavity.enabled=false";

std::vector<PatientRow> patients(std::int64_t n, const std::vector<std::string>& set = {},
                                 const std::string& yaml = toy, int threads = 2) {
  return follow_patients(settings_of(yaml, set), 0, n, threads);
}

// ---- the chain

// At a constant flow q into it q/K float, K = 0.1/h + (1 - 0.9)/day, and of all that came a share
// 0.1/h / K attaches in the end, whatever the step.
TEST(CavityOfCohorts, HoldsCellsForTheirTimeAndLetsAShareAttach) {
  const double k = 0.1 * 24 + 0.1, attaches = 2.4 / k;
  for (const double step : {0.01, 1.0 / 24, 1.0, 10.0}) {
    SCOPED_TRACE(step);
    const CohortCavity cavity(settings_of(toy).body, step);
    CohortCavity::State s;
    const int steps = static_cast<int>(std::ceil(40 / step));
    for (int n = 0; n < steps; ++n) cavity.advance(s, 7, 7, 7);
    EXPECT_NEAR(s.floating / (7 / k), 1, 1e-12);
    const double came = 7 * steps * step;
    EXPECT_NEAR(s.attached / (attaches * (came - s.floating)), 1, 1e-12);
    EXPECT_NEAR(cavity.attached_in_the_end(s) / (attaches * came), 1, 1e-12);
    // Half of what is yet to attach does so within ln2/K.
    const double yet = cavity.attached_in_the_end(s) - s.attached;
    EXPECT_NEAR(cavity.days_until(s, 0.5 * yet) / (std::log(2.0) / k), 1, 1e-9);
    // A parabola is followed exactly: dF/dt = t^2 - K F.
    CohortCavity::State p;
    for (int n = 0; n < 5; ++n) {
      const double t = n * step, m = t + 0.5 * step, e = t + step;
      cavity.advance(p, t * t, m * m, e * e);
    }
    const double t = 5 * step, e = std::exp(-k * t);
    const double floating = t * t / k - 2 * t / (k * k) + 2 * (1 - e) / (k * k * k);
    // The closed form is a difference: of short times it has few digits.
    EXPECT_NEAR(p.floating / floating, 1, step < 1 ? 1e-6 : 1e-12);
  }
}

// So many cells at the surface of a sphere, as far as it is exposed, by their rate.
TEST(CavityOfCohorts, IsShedIntoByTheSurface) {
  const CohortCavity cavity(settings_of(toy).body, 1);
  for (const double cells : {4e4, 1e6, 1e9})
    EXPECT_NEAR(cavity.shed(cells) /
                    (1e-3 * 0.1 * std::cbrt(36 * 3.141592653589793) * std::pow(cells, 2.0 / 3)),
                1, 1e-12);
  double shares = 0;
  for (const auto& surface : cavity.surfaces()) shares += surface.share;
  ASSERT_EQ(cavity.surfaces().size(), 2u);
  EXPECT_EQ(cavity.surfaces()[0].organ, peritoneum);
  EXPECT_EQ(cavity.surfaces()[1].organ, ovary);
  EXPECT_NEAR(shares, 1, 1e-12);
}

TEST(CavityOfCohorts, IsTheSameAtStepsOfADayAndOfTen) {
  const std::vector<PatientRow> ten = patients(100), one = patients(100, {"body.step=1 day"});
  for (std::size_t k = 0; k < ten.size(); ++k) {
    EXPECT_NEAR(ten[k].into_cavity / one[k].into_cavity, 1, 1e-3) << k;
    EXPECT_NEAR(ten[k].attached / one[k].attached, 1, 1e-3) << k;
    EXPECT_NEAR(ten[k].expected_implants / one[k].expected_implants, 1, 1e-3) << k;
    EXPECT_NEAR(ten[k].attached / ten[k].into_cavity, 2.4 / 2.5, 1e-9) << k;
  }
}

// ---- against a body hour by hour

// Patients of a cohort, each many times over in whole cells, until all that floated has attached or
// died: what came, attached and can found are in numbers of the same law, surface by surface.
TEST(CavityOfCohorts, HasTheLawOfTheBodyHourByHour) {
  constexpr int bodies = 120;
  int looked_at = 0;
  support::for_early_patients(toy, 2, [&](const PatientRow& row, BodySettings own) {
    own.body.removal.found = true;
    const BodyPlan plan(own);
    Moments shed, attached, implants, on_ovary, none;
    for (int k = 0; k < bodies; ++k) {
      Body body(plan, mix64(500 + static_cast<std::uint64_t>(k)));
      while (static_cast<double>(body.steps()) < (row.removal + 20) * 24) body.step();
      const CavityStages<std::int64_t>& n = body.cavity();
      EXPECT_NEAR(static_cast<double>(body.removed()) / 24 / row.removal, 1, 0.005);
      EXPECT_EQ(n.in_cavity(), 0);
      shed.add(static_cast<double>(n.shed()));
      attached.add(static_cast<double>(n.attached_to_all()));
      implants.add(static_cast<double>(n.implants_on_all()));
      on_ovary.add(static_cast<double>(n.attached[ovary]));
      none.add(n.implants_on_all() == 0 ? 1 : 0);
      const CavityStages<double>& e = body.expected_cavity();
      EXPECT_NEAR(e.shed() / row.into_cavity, 1, 0.01);
      EXPECT_NEAR(e.attached_to_all() / row.attached, 1, 0.01);
      EXPECT_NEAR(e.implants_on_all() / row.expected_implants, 1, 0.01);
    }
    EXPECT_NEAR(shed.mean(), row.into_cavity, 3 * shed.error());
    EXPECT_NEAR(attached.mean(), row.attached, 3 * attached.error());
    EXPECT_NEAR(implants.mean(), row.expected_implants, 3 * implants.error());
    EXPECT_NEAR(on_ovary.mean(), 0.25 * row.attached, 3 * on_ovary.error());
    // Poisson, as in a cohort.
    const double p = std::exp(-row.expected_implants);
    EXPECT_NEAR(none.mean(), p, 3 * std::sqrt(p * (1 - p) / bodies));
    EXPECT_NEAR(attached.variance() / row.attached, 1, 3 * std::sqrt(2.0 / bodies));
    EXPECT_GT(row.attached, 100);
    EXPECT_GT(row.expected_implants, 0.01);
    ++looked_at;
  });
  EXPECT_EQ(looked_at, 2);
}

// ---- what is drawn

// Poisson about what is expected, patient by patient; implants are among the lesions.
TEST(CavityOfCohorts, DrawsWhatItExpects) {
  Moments difference, all;
  double expected = 0, none = 0, expected_none = 0, variance_none = 0;
  for (const PatientRow& r : patients(4000, {"body.fate.human=0.01"})) {
    difference.add((static_cast<double>(r.implants) - r.expected_implants) /
                   std::sqrt(r.expected_implants + 1));
    all.add((static_cast<double>(r.founded) - r.expected) / std::sqrt(r.expected + 1));
    expected += r.expected_implants;
    none += r.implants == 0 ? 1 : 0;
    const double p = std::exp(-r.expected_implants);
    expected_none += p;
    variance_none += p * (1 - p);
    ASSERT_LE(r.implants, r.founded);
    ASSERT_LE(r.expected_implants, r.expected);
    ASSERT_LE(r.attached, r.landed);
  }
  EXPECT_GT(expected, 1000);
  EXPECT_NEAR(difference.mean(), 0, 3 * difference.error());
  EXPECT_NEAR(all.mean(), 0, 3 * all.error());
  EXPECT_NEAR(none, expected_none, 3 * std::sqrt(variance_none));
}

// How many attach in an organ that the blood reaches too tells nothing of how many come by blood.
TEST(CavityOfCohorts, DrawsImplantsApartFromLesionsByBlood) {
  Moments together;
  for (const PatientRow& r :
       patients(40000, {"body.shedding.fraction=1e-3", "body.fate.human=0.01",
                        "body.cavity.surfaces[0].organ=lung", "body.cavity.surfaces[0].share=1",
                        "body.cavity.surfaces[1].share=0"})) {
    const double by_blood = r.expected - r.expected_implants;
    const double a = static_cast<double>(r.implants) - r.expected_implants;
    const double b = static_cast<double>(r.founded - r.implants) - by_blood;
    together.add(a * b / std::sqrt((r.expected_implants + 0.1) * (by_blood + 0.1)));
  }
  EXPECT_GT(together.variance(), 0.05);
  EXPECT_NEAR(together.mean(), 0, 3 * together.error());
}

// Implants attach when cells do: of the only lesion of a patient the share of cells that had
// attached by then is as likely one as the other.
TEST(CavityOfCohorts, FoundsWhenCellsAttach) {
  const BodySettings s = settings_of(toy, {"body.shedding.fraction=1e-12", "body.fate.asleep=0",
                                           "body.step=1 day", "body.observer.symptom=1 um"});
  Moments share, squares;
  int after_removal = 0;
  for (const PatientRow& r : follow_patients(s, 0, 4000, 2)) {
    if (r.founded != 1 || r.seen < 0) continue;
    EXPECT_EQ(r.implants, 1);
    const double landed = r.removal + r.seen - r.founded_before_seen;
    after_removal += landed > r.removal ? 1 : 0;
    // By surface: with N^(2/3), doubling in 3/2 DT, and ten hours afloat.
    const double rate = std::log(2.0) * 2 / 3 / r.doubling, afloat = 1 / 2.5;
    const auto attached = [&](double day) {
      return (std::exp(rate * day) - 1) / (std::exp(rate * r.removal) - 1);
    };
    const double u = std::clamp(attached(std::min(landed - afloat, r.removal)), 0.0, 1.0);
    share.add(u);
    squares.add(u * u);
  }
  EXPECT_GT(share.n, 300);
  EXPECT_LT(after_removal, share.n / 20);
  EXPECT_NEAR(share.mean(), 1.0 / 2, 3 * share.error());
  EXPECT_NEAR(squares.mean(), 1.0 / 3, 3 * squares.error());
}

// They sleep, grow and are seen as lesions of their organ, and by its soil.
TEST(CavityOfCohorts, FoundsOnSurfacesByTheirSoil) {
  const std::vector<std::string> alone{"body.shedding.fraction=1e-12", "body.fate.human=0.02"};
  std::int64_t slept = 0, founded = 0;
  double on_peritoneum = 0, seen = 0;
  for (const PatientRow& r : patients(1500, alone)) {
    founded += r.founded;
    slept += r.slept;
    if (r.founded != 1 || r.seen < 0) continue;
    const auto organ = static_cast<std::size_t>(r.seen_in);
    EXPECT_TRUE(organ == peritoneum || organ == ovary) << organ;
    on_peritoneum += organ == peritoneum ? 1 : 0;
    seen += 1;
  }
  const auto n = static_cast<double>(founded);
  EXPECT_GT(seen, 200);
  EXPECT_NEAR(static_cast<double>(slept) / n, 0.4, 4 * std::sqrt(0.24 / n));
  // Share 3 to 1, soil 3 to 1.
  EXPECT_NEAR(on_peritoneum / seen, 0.9, 3 * std::sqrt(0.09 / seen));
  // A surface with nothing for them to live on has none.
  for (const PatientRow& r : patients(200, {alone[0], "body.fate.human=1", "body.organs[2].soil=0",
                                            "body.organs[3].soil=0"})) {
    ASSERT_GT(r.attached, 0);
    ASSERT_EQ(r.expected_implants, 0);
    ASSERT_EQ(r.implants, 0);
  }
}

// A primary that is left goes on to shed.
TEST(CavityOfCohorts, GoesOnWhereNothingIsRemoved) {
  const std::vector<PatientRow> removed = patients(30),
                                left = patients(30, {"body.observer.removes=false",
                                                     "body.observer.horizon=1 year"});
  for (std::size_t k = 0; k < left.size(); ++k) {
    EXPECT_EQ(left[k].into_cavity, removed[k].into_cavity) << k; // until it is found
    EXPECT_GT(left[k].attached, 2 * removed[k].attached) << k;
  }
}

// ---- what must never happen

TEST(CavityOfCohorts, ImplantsNothingWithTheSerosaIntact) {
  for (const char* intact : {"body.cavity.exposed=0", "body.cavity.rate=0 1/day"})
    for (const PatientRow& r :
         patients(300, {intact, "body.fate.human=1", "body.fate.begin=0.5"})) {
      ASSERT_EQ(r.into_cavity, 0);
      ASSERT_EQ(r.attached, 0);
      ASSERT_EQ(r.expected_implants, 0);
      ASSERT_EQ(r.implants, 0);
    }
}

TEST(CavityOfCohorts, ImplantsNothingWhereNothingAttaches) {
  // Also where it floats for ever.
  for (const char* death : {"1 1/day", "0 1/day"})
    for (const PatientRow& r :
         patients(300, {"body.cavity.attachment=0 1/h", std::string("body.cavity.death=") + death,
                        "body.fate.human=1"})) {
      ASSERT_GT(r.into_cavity, 0);
      ASSERT_EQ(r.attached, 0);
      ASSERT_EQ(r.implants, 0);
    }
  // All do where none dies; the rate at which they do may be slow.
  for (const char* slow : {"0.1 1/h", "1e-6 1/h"})
    for (const PatientRow& r :
         patients(30, {"body.cavity.death=0 1/h", std::string("body.cavity.attachment=") + slow}))
      EXPECT_NEAR(r.attached / r.into_cavity, 1, 1e-3);
}

std::string table(const std::vector<std::string>& set, const std::string& yaml = toy,
                  std::int64_t n = 60) {
  const BodySettings s = settings_of(yaml, set);
  return cohort_csv(s, follow_patients(s, 0, n, 2));
}
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// Off, it is as if it had never been written; with the serosa intact its own columns are all there
// is of it.
TEST(CavityOfCohorts, LeavesACohortAloneWhereItIsOff) {
  std::string bare = toy;
  bare.erase(bare.find("  cavity:"));
  const std::string without = table({}, bare);
  EXPECT_EQ(table({off}), without);
  EXPECT_EQ(without.find("implants"), std::string::npos);
  const std::vector<std::string> plain = lines_of(without),
                                 intact = lines_of(table({"body.cavity.exposed=0"}));
  ASSERT_EQ(plain.size(), intact.size());
  EXPECT_EQ(intact[0], plain[0] + ",into_cavity_cells,attached_cells,expected_implants,implants");
  for (std::size_t k = 1; k < plain.size(); ++k) EXPECT_EQ(intact[k], plain[k] + ",0,0,0,0");
}

// On, it adds implants and changes nothing of what comes by blood.
TEST(CavityOfCohorts, LeavesBloodAlone) {
  const std::vector<std::string> more{"body.shedding.fraction=0.02", "body.lymph.enabled=true",
                                      "body.fate.human=0.005"};
  std::vector<std::string> without = more;
  without.push_back(off);
  const std::vector<PatientRow> a = patients(200, more), b = patients(200, without);
  std::int64_t implants = 0, by_blood = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(a[k].shed, b[k].shed);
    EXPECT_EQ(a[k].level, b[k].level);
    EXPECT_EQ(a[k].in_blood, b[k].in_blood);
    EXPECT_EQ(a[k].nodes, b[k].nodes);
    EXPECT_EQ(a[k].founded - a[k].implants, b[k].founded);
    EXPECT_NEAR(a[k].landed - a[k].attached, b[k].landed, 1e-9 * a[k].landed);
    EXPECT_NEAR(a[k].expected - a[k].expected_implants, b[k].expected, 1e-9 * a[k].expected);
    if (b[k].seen >= 0) {
      EXPECT_TRUE(a[k].seen >= 0 && a[k].seen <= b[k].seen) << k;
    }
    implants += a[k].implants;
    by_blood += b[k].founded;
  }
  EXPECT_GT(implants, 100);
  EXPECT_GT(by_blood, 100);
}

// ---- tables, bits, time

TEST(CavityOfCohorts, IsTheSameOnAnyThreadsAndInAnyPieces) {
  const BodySettings s = settings_of(toy, {"body.fate.human=0.05"});
  const auto text = [&](std::int64_t first, std::int64_t n, int threads) {
    return cohort_csv(s, follow_patients(s, first, n, threads));
  };
  const std::string one = text(0, 80, 1);
  EXPECT_EQ(text(0, 80, 2), one);
  EXPECT_EQ(text(0, 80, 3), one);
  // A row begins with its place in the table.
  const auto tail = [](const std::string& line) { return line.substr(line.find(',')); };
  const std::vector<std::string> all = lines_of(one), some = lines_of(text(50, 10, 2));
  for (std::size_t k = 1; k < some.size(); ++k) EXPECT_EQ(tail(some[k]), tail(all[50 + k]));
}

TEST(CavityOfCohorts, IsInTheSummary) {
  const BodySettings s = settings_of(toy, {"body.fate.human=0.01"});
  const std::vector<PatientRow> rows = follow_patients(s, 0, 1000, 2);
  double implanted = 0, expected = 0;
  for (const PatientRow& r : rows) {
    implanted += r.implants > 0 ? 1e-3 : 0;
    expected += 1e-3 * (1 - std::exp(-r.expected_implants));
  }
  int found = 0;
  for (const CohortNumber& n : summary_of(s, rows)) {
    if (n.name == "implanted") {
      EXPECT_NEAR(n.value, implanted, 1e-9);
      EXPECT_NEAR(n.value, expected, 3 * n.error);
      ++found;
    }
    if (n.name == "implanted_expected") {
      EXPECT_NEAR(n.value, expected, 1e-9);
      ++found;
    }
  }
  EXPECT_EQ(found, 2);
  EXPECT_GT(implanted, 0.05);
  const BodySettings without = settings_of(toy, {off});
  for (const CohortNumber& n : summary_of(without, follow_patients(without, 0, 10, 1)))
    EXPECT_EQ(n.name.find("implanted"), std::string::npos) << n.name;
}

TEST(CavityOfCohorts, SaysWhereNothingComesIntoIt) {
  const std::string cohort = toy + "  patients: 10\n";
  EXPECT_EQ(complaint(cohort), "");
  EXPECT_EQ(read_body_text(cohort, "test.yaml", {}).notes.size(), 0u);
  const std::vector<std::string> notes =
      read_body_text(cohort, "test.yaml", {"body.cavity.exposed=0"}).notes;
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("no lattice tells of body.patients whether a serosa is broken"),
            std::string::npos);
}

// Ten thousand take three seconds of one core; ten of two are allowed.
TEST(CavityOfCohorts, TakesSeconds) {
#if !defined(__OPTIMIZE__) || defined(METAVOX_SANITIZED)
  GTEST_SKIP() << "time is that of a build as it is shipped";
#endif
  const BodySettings s =
      settings_of("body: {primary: stomach, cavity: {enabled: true, exposed: 0.1}}\n");
  const std::clock_t begin = std::clock(); // of all threads, whatever else the machine does
  EXPECT_EQ(follow_patients(s, 0, 10000, 2).size(), 10000u);
  EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 2 * 10);
}

} // namespace
} // namespace metavox
