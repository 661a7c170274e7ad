// Sleepers wake faster in inflammation and in the wound that a removal leaves: whole cells,
// expected ones, forced founders, windows and patients of a cohort alike, at that time and at no
// other.

#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body/body.hpp"
#include "body/cohort.hpp"
#include "body/patient.hpp"
#include "body/rare_founders.hpp"
#include "body_support.hpp"
#include "support.hpp"
#include "windows_support.hpp"

namespace metavox {
namespace {

using namespace support;

constexpr double day = 1440;

// ---- the clock of sleepers

// Periods of days in which sleepers wake ten times as fast; the wound is of two days.
Inflammation inflamed(const std::string& periods, const std::string& factor = "10") {
  const BodySettings s = settings_of(toy_body + "  host: {inflammation: [" + periods + "]}\n",
                                     {"body.removal.wound=2 day", "body.removal.time=1 day",
                                      "body.fate.inflamed_factor=" + factor});
  return Inflammation(s.body);
}

TEST(Inflammation, CountsWoundAndPeriodsOnce) {
  const Inflammation i = inflamed("{from: 10 day, until: 20 day}, {from: 12 day, until: 13 day}, "
                                  "{from: 15 day, until: 26 day}, "
                                  "{from: 2 day, until: 3 day, every: 100 day}");
  const auto pace = [&](double from, double until, double removed = -1) {
    return i.pace(from * day, until * day, removed < 0 ? -1 : removed * day);
  };
  EXPECT_EQ(pace(0, 2), 1);
  EXPECT_EQ(pace(3, 10), 1);
  EXPECT_EQ(pace(26, 102), 1);
  EXPECT_DOUBLE_EQ(pace(2, 3), 10);
  EXPECT_DOUBLE_EQ(pace(1, 3), 5.5);
  EXPECT_DOUBLE_EQ(pace(14, 16), 10);
  EXPECT_DOUBLE_EQ(pace(9, 27), 1 + 9 * 16 / 18.);
  EXPECT_DOUBLE_EQ(pace(25, 29), 1 + 9 / 4.);
  EXPECT_DOUBLE_EQ(pace(25, 29, 25), 1 + 9 * 2 / 4.); // the wound ends on day 27
  EXPECT_DOUBLE_EQ(pace(25, 29, 12), 1 + 9 / 4.);
  EXPECT_DOUBLE_EQ(pace(0, 16, 9), 1 + 9 * 8 / 16.);
  EXPECT_EQ(pace(27, 40, 25), 1);
  EXPECT_EQ(pace(40, 50, 38), 1);
  for (const double again : {102., 50002.}) {
    EXPECT_DOUBLE_EQ(pace(again, again + 1), 10);
    EXPECT_EQ(pace(again + 1, again + 100), 1);
  }
  EXPECT_TRUE(i.ever());
  EXPECT_FALSE(Inflammation(settings_of(toy_body).body).ever());
}

// The sleep that is left, at the pace of its time, is the whole sleep.
TEST(Inflammation, ShortensASleepByWhatRunsFaster) {
  const std::string periods = "{from: 10 day, until: 20 day}, {from: 12 day, until: 13 day}, "
                              "{from: 15 day, until: 26 day}, "
                              "{from: 2 day, until: 3 day, every: 7 day}";
  const Inflammation i = inflamed(periods), same = inflamed(periods, "1");
  Dice dice(5);
  int shorter = 0;
  for (int k = 0; k < 3000; ++k) {
    const double from = 40 * day * dice.unit(), sleep = 60 * day * dice.unit() * dice.unit();
    const double removed = k % 3 == 0 ? -1 : 60 * day * dice.unit();
    const double less = i.shortened(from, sleep, removed);
    ASSERT_GE(less, 0);
    ASSERT_LE(less, 0.9 * sleep * (1 + 1e-12));
    const double left = sleep - less;
    ASSERT_NEAR(left * i.pace(from, from + left, removed), sleep, 1e-8 * sleep);
    ASSERT_EQ(same.shortened(from, sleep, removed), 0);
    ASSERT_EQ(same.pace(from, from + sleep, removed), 1);
    shorter += less > 0 ? 1 : 0;
  }
  EXPECT_GT(shorter, 1000);
  EXPECT_LT(shorter, 3000);
}

// ---- a body

const std::vector<std::string> removal{"body.removal.time=20 day", "body.fate.human=0.05",
                                       "body.fate.waking=60 day"};
constexpr int cut = 20 * 24;
std::vector<std::string> with(std::vector<std::string> set, const std::vector<std::string>& more) {
  set.insert(set.end(), more.begin(), more.end());
  return set;
}
const std::vector<std::string> wounded = with(removal, {"body.removal.wound=5 day"});

template <class Number>
Number asleep(const Stages<Number>& s) {
  Number sum{};
  for (const auto& o : s.organs) sum += o.asleep_cells();
  return sum;
}
template <class Number>
Number woken(const Stages<Number>& s) {
  Number sum{};
  for (const auto& o : s.organs) sum += o.woken;
  return sum;
}

// Woken less expected are nothing on average, before the removal, within the wound, at its end and
// after it; and what is expected follows the closed form, as nothing lands any more.
TEST(Wound, WakesAsManyAsExpected) {
  const BodySettings s = settings_of(toy_body, wounded), plain = settings_of(toy_body, removal);
  const BodyPlan plan(s), without(plain);
  const std::vector<int> hours{cut, cut + 48, cut + 120, cut + 320};
  std::vector<Moments> less(hours.size()), sleeping(hours.size());
  double in_wound = 0, in_none = 0;
  for (int k = 0; k < 200; ++k) {
    const std::uint64_t seed = mix64(40 + static_cast<std::uint64_t>(k));
    Body body(plan, seed), other(without, seed);
    for (std::size_t h = 0; h < hours.size(); ++h) {
      while (body.steps() < hours[h]) body.step(), other.step();
      less[h].add(static_cast<double>(woken(body.natural())) - woken(body.expected()));
      sleeping[h].add(static_cast<double>(asleep(body.natural())) - asleep(body.expected()));
      if (h == 0) {
        ASSERT_EQ(body.hash(), other.hash());
      }
      if (h != 0 && h != 2) continue;
      const double sign = h == 0 ? -1 : 1;
      in_wound += sign * static_cast<double>(woken(body.natural()));
      in_none += sign * static_cast<double>(woken(other.natural()));
    }
  }
  for (std::size_t h = 0; h < hours.size(); ++h) {
    EXPECT_NEAR(less[h].mean(), 0, 3 * less[h].error()) << hours[h];
    EXPECT_NEAR(sleeping[h].mean(), 0, 3 * sleeping[h].error()) << hours[h];
  }
  // Of sleepers 1 - 2^(-50/60) and 1 - 2^(-5/60) wake: 7.8 times as many.
  EXPECT_GT(in_none, 50);
  EXPECT_NEAR(in_wound / in_none, 7.83, 3 * 7.83 * std::sqrt(1 / in_none + 1 / in_wound));
}

// To the last digit but what still lands: ten times the rate in the wound, the rate after it.
TEST(Wound, EndsWhenItIsToEnd) {
  const BodySettings s = settings_of(
      toy_body, with(removal, {"body.removal.wound=12.51 day", "body.lodged.release=0 1/h",
                               "body.crossing.out=20 1/day", "body.organs[2].barrier=1"}));
  const BodyPlan plan(s);
  Body body(plan, 3);
  const auto at = [&](int hour) {
    while (body.steps() < hour) body.step();
    return asleep(body.expected());
  };
  const auto half = [](double days) { return std::exp2(-days / 60); };
  const double begin = at(cut + 240), in_it = at(cut + 300), end = at(cut + 301),
               after = at(cut + 302), late = at(cut + 440);
  EXPECT_GT(begin, 0.5);
  EXPECT_NEAR(in_it / begin, half(10 * 60 / 24.), 1e-9);
  EXPECT_NEAR(end / in_it, half(0.1 + (1 / 24. - 0.01)), 1e-9); // it ends within this hour
  EXPECT_NEAR(after / end, half(1 / 24.), 1e-9);
  EXPECT_NEAR(late / after, half(138 / 24.), 1e-9);
}

TEST(Wound, WithoutSleepersOrByAFactorOfOneChangesNothing) {
  // With an organ of nodes, in which lesions never sleep.
  std::string plain = toy_body;
  for (std::size_t at = 0; (at = plain.find("brain", at)) != std::string::npos;)
    plain.replace(at, 5, "nodes");
  const std::string periods =
      plain + "  host: {inflammation: [{from: 3 day, until: 4.3 day, every: 9 day}]}\n";
  const std::vector<std::string> lymph{"body.lymph.share=0.5", "body.lymph.competence=1e-3"};
  const auto hash = [&](const std::string& yaml, const std::vector<std::string>& set) {
    const BodySettings s = settings_of(yaml, with(lymph, set));
    const BodyPlan plan(s);
    Body body(plan, 8);
    while (body.steps() < cut + 200) body.step();
    EXPECT_GT(body.lymph().founded, 0);
    return body.hash();
  };
  const std::uint64_t alone = hash(plain, removal);
  EXPECT_NE(hash(plain, wounded), alone);
  EXPECT_NE(hash(periods, removal), alone);
  EXPECT_EQ(hash(periods, with(wounded, {"body.fate.inflamed_factor=1"})), alone);
  const std::string awake = "body.fate.asleep=0";
  EXPECT_EQ(hash(periods, with(wounded, {awake})), hash(plain, with(removal, {awake})));
}

TEST(Wound, GoesOnWithTheSameBits) {
  const BodySettings s = settings_of(toy_body, wounded);
  const BodyPlan plan(s);
  Body whole(plan, 7);
  while (whole.steps() < cut + 150) whole.step();
  for (const int at : {cut - 1, cut, cut + 60, cut + 119, cut + 120}) {
    Body first(plan, 7), second(plan, 7);
    while (first.steps() < at) first.step();
    std::vector<std::int64_t> numbers;
    std::vector<double> reals;
    first.save(numbers, reals);
    std::size_t number_at = 0, real_at = 0;
    second.load(numbers, reals, number_at, real_at);
    while (second.steps() < cut + 150) second.step();
    EXPECT_EQ(second.hash(), whole.hash()) << at;
  }
}

// ---- forced founders

// They wake as others do: in the wound, where their half-life is a tenth of a day, and at no other
// time.
TEST(Wound, WakesForcedFoundersToo) {
  const BodySettings s = settings_of(
      toy_body + "  coupling: linear\n  force: [{organ: lung, per: 5 day, founders: 20}]\n",
      {"body.removal.time=20 day", "body.removal.wound=1 day", "body.fate.waking=1e5 day",
       "body.fate.inflamed_factor=1e6"});
  Replicates bodies(s, cut + 48);
  int before = 0, within = 0, after = 0;
  for (const ReplicateEvent& e : bodies.advance(cut + 48, 1)) {
    if (e.event.what != BodyEvent::What::woken) continue;
    before += e.step <= cut ? 1 : 0;
    within += e.step > cut && e.step <= cut + 24 ? 1 : 0;
    after += e.step > cut + 24 ? 1 : 0;
  }
  EXPECT_EQ(before, 0);
  EXPECT_GT(within, 25);
  EXPECT_EQ(after, 0);
}

// Splitting tells what steps one after the other tell, in a wound as well.
TEST(Wound, IsKnownToSplitting) {
  const BodySettings s = settings_of(
      toy_body, {"body.lesions.ratio=40", "body.lesions.early=1", "body.established=100",
                 "body.removal.time=5 day", "body.removal.wound=3.3 day", "body.fate.asleep=1"});
  const BodyPlan plan(s);
  const auto split = [&](double removed) {
    return chance_of_establishment(plan, {0, 0, 600, removed}, 400, 16, 5).chance;
  };
  constexpr double removed = 120 * 60.;
  Moments seen;
  for (std::uint64_t k = 0; k < 3000; ++k) {
    Lesion l;
    l.cells = 1;
    l.asleep = true;
    for (std::uint64_t step = 1; step < 600 && l.cells > 0 && l.cells < 100; ++step) {
      const double now = static_cast<double>(step) * 60;
      if (!l.asleep)
        plan.growth.advance(l, plan.growth.exponent(l, 1), 0, 1000, mix64(k), step);
      else if (to_unit(draw(mix64(k), Purpose::test, 2, step).word[0]) <
               plan.stages.waking(plan.inflammation.pace(now, now + 60, removed)))
        l.asleep = false;
    }
    seen.add(l.cells >= 100 ? 1 : 0);
  }
  const Estimate in_wound = split(removed), without = split(-1);
  const double error = std::hypot(in_wound.error, seen.error());
  EXPECT_NEAR(in_wound.value, seen.mean(), 3 * error);
  EXPECT_GT(in_wound.value, without.value + 5 * std::hypot(in_wound.error, without.error));
}

// ---- cohorts

const std::string patients = std::string("body:") + toy_circulation + R"(
  shedding: {fraction: 0.1, clusters: 0}
  lodged: {adhesion: 0.05 1/h}
  fate: {begin: 0.2, go_on: 0.1, human: 0.02, asleep: 0.8, waking: 100 day}
  lesions: {doubling: 5 day, doubling_spread: 0}
  lymph: {enabled: false}
  host: {spread: 0, inflammation: [{from: 10 day, until: 13 day}, {from: 70 day, until: 75 day}]}
  observer: {diameter: 5 mm, diameter_spread: 0}
  removal: {wound: 14 day}
)";

// Patients who are all alike, and bodies followed by the hour: as many lesions have begun to grow
// when the primary is removed, when the wound has healed, and before and after an inflammation.
TEST(Wound, IsThatOfACohort) {
  const BodySettings cohort =
      settings_of(patients, {"body.step=1 day", "body.death.lesions=false"});
  const CohortPlan patient(cohort);
  PatientCourse course(patient);
  const double removed = course.follow(0).removal;
  ASSERT_NEAR(removed, 40, 5);
  const std::array<double, 6> days{9, 14, removed, removed + 14, 69, 76};
  std::array<Moments, 6> of_patients, of_bodies, unhurt;
  for (std::uint64_t k = 0; k < 400; ++k) {
    course.follow(k);
    for (std::size_t d = 0; d < days.size(); ++d) {
      double begun = 0;
      for (const PatientCourse::Metastasis& m : course.metastases())
        begun += m.start < days[d] ? 1 : 0;
      of_patients[d].add(begun);
    }
  }
  const auto follow = [&](const std::vector<std::string>& set, std::array<Moments, 6>& moments) {
    const BodySettings hours = settings_of("simulation: {duration: 1 day}\n" + patients,
                                           with({"body.removal.found=true"}, set));
    const BodyPlan plan(hours);
    for (std::uint64_t k = 0; k < 100; ++k) {
      Body body(plan, mix64(700 + k));
      for (std::size_t d = 0; d < days.size(); ++d) {
        while (static_cast<double>(body.steps()) < 24 * days[d]) body.step();
        moments[d].add(static_cast<double>(body.lesions().size() - 1));
      }
    }
  };
  follow({}, of_bodies);
  follow({"body.fate.inflamed_factor=1"}, unhurt);
  for (std::size_t d = 0; d < days.size(); ++d) {
    std::printf("day %.1f: %.2f +- %.2f of patients, %.2f +- %.2f of bodies, %.2f without\n",
                days[d], of_patients[d].mean(), of_patients[d].error(), of_bodies[d].mean(),
                of_bodies[d].error(), unhurt[d].mean());
    const double error = std::hypot(of_patients[d].error(), of_bodies[d].error());
    EXPECT_NEAR(of_patients[d].mean(), of_bodies[d].mean(), 3 * error + 0.02 * of_bodies[d].mean())
        << days[d];
  }
  EXPECT_GT(of_patients[3].mean(), 1.2 * unhurt[3].mean());
}

bool same(const PatientRow& a, const PatientRow& b) {
  return a.expected == b.expected && a.founded == b.founded && a.slept == b.slept &&
         a.seen == b.seen && a.seen_in == b.seen_in && a.seen_diameter == b.seen_diameter &&
         a.founded_before_seen == b.founded_before_seen && a.death == b.death &&
         a.cause == b.cause && a.in_marrow == b.in_marrow && a.sleepers == b.sleepers;
}

// Patients without sleepers, with a factor of one, or whose primary stays: to the last digit. With
// a wound as many found a lesion and sleep, and some are seen earlier, none later.
TEST(Wound, MovesOnlyWhenSleepersOfACohortWake) {
  const auto rows = [](const std::vector<std::string>& set) {
    return follow_patients(settings_of("body: {}\n", with({"body.fate.human=0.02"}, set)), 0, 300,
                           2);
  };
  const auto differ = [](const std::vector<PatientRow>& a, const std::vector<PatientRow>& b) {
    int n = 0;
    for (std::size_t k = 0; k < a.size(); ++k) n += same(a[k], b[k]) ? 0 : 1;
    return n;
  };
  const std::string wound = "body.removal.wound=14 day", one = "body.fate.inflamed_factor=1",
                    stays = "body.observer.removes=false", awake = "body.fate.asleep=0";
  const std::vector<PatientRow> plain = rows({}), hurt = rows({wound});
  EXPECT_EQ(differ(plain, rows({wound, one})), 0);
  EXPECT_EQ(differ(rows({awake}), rows({awake, wound})), 0);
  EXPECT_EQ(differ(rows({stays}), rows({stays, wound})), 0);
  EXPECT_GT(differ(plain, hurt), 5);
  for (std::size_t k = 0; k < plain.size(); ++k) {
    EXPECT_EQ(hurt[k].founded, plain[k].founded);
    EXPECT_EQ(hurt[k].slept, plain[k].slept);
    if (plain[k].seen >= 0) {
      EXPECT_GE(hurt[k].seen, 0);
      EXPECT_LE(hurt[k].seen, plain[k].seen);
    }
  }
  const BodySettings s = settings_of("body: {}\n", {wound, "body.fate.human=0.02"});
  const std::vector<PatientRow> threads = follow_patients(s, 0, 300, 1);
  EXPECT_EQ(differ(hurt, threads), 0);
}

// ---- windows

// Cells that lie asleep for good in windows that show them.
const char* const lattice = R"(
simulation: {duration: 3 day, seed: 3}
domain: {voxels: [16, 16, 16], spacing: 20 um}
tissue:
  parenchyma: 0.45
  cells: [{shape: sphere, kind: epithelial, radius: 80 um, mesenchymal_fraction: 0.5}]
vessels: {pattern: grid, spacing: 60 um}
intravasation: {enabled: true, rate: 0.5 1/h}
oxygen: {faces: no_flux}
body:
  lodged: {adhesion: 1 1/h}
  crossing: {out: 20 1/day}
  fate: {begin: 0.001, dormant: 0.999, waking: 1e6 min, inflamed_factor: 1e6}
  coupling: linear
  windows: {max: 6, shown: 6, size: 240 um, capillaries: 80 um, margin: 60 um}
  removal: {time: 20 h, wound: 2 h}
  host: {inflammation: [)";

struct Followed : FollowedWindows {
  explicit Followed(const std::string& periods, const std::vector<std::string>& set = {},
                    int threads = 1, bool fresh = true)
      : FollowedWindows(read_body_text(lattice + periods + "]}\n", "test.yaml", set), threads,
                        fresh) {}
  double sleepers_by(std::int64_t hour) {
    advance(hour);
    double sum = 0;
    for (const auto& w : windows().open())
      if (windows().record(w->number).lesion < 0) sum += metrics_of(w->site)["asleep"];
    return sum;
  }
};

TEST(Wound, WakesWhoSleepsInAWindow) {
  Followed early("{from: 0 h, until: 1 h}"); // none had landed
  const double there = early.sleepers_by(20);
  EXPECT_GE(there, 4);
  EXPECT_EQ(early.sleepers_by(21), 0);
  Followed later("{from: 11 h, until: 12 h}", {"body.removal.time=0 h"});
  EXPECT_EQ(later.sleepers_by(11), there);
  EXPECT_EQ(later.sleepers_by(12), 0);
  Followed never("", {"body.removal.wound=0 h"});
  EXPECT_EQ(never.sleepers_by(24), there);
  Followed same("{from: 11 h, until: 12 h}", {"body.fate.inflamed_factor=1"});
  never.advance(24), same.advance(24);
  EXPECT_EQ(same.bodies.hash(), never.bodies.hash());
}

// Restarted in a period, before the wound and in it, in which some wake before and some after that.
TEST(Wound, HasTheSameBitsOnAnyThreadsAndAfterARestart) {
  const std::vector<std::string> set{"body.fate.inflamed_factor=3000", "body.removal.wound=6 h"};
  const std::string periods = "{from: 10 h, until: 11.7 h}";
  Followed first(periods, set);
  std::deque<Followed> others;
  std::vector<double> sleepers{first.sleepers_by(10)};
  for (const std::int64_t hour : {11, 20, 22}) {
    sleepers.push_back(first.sleepers_by(hour));
    Followed& second = others.emplace_back(periods, set, hour == 20 ? 3 : 1, false);
    move_state(first, second);
    ASSERT_EQ(first.bodies.hash(), second.bodies.hash()) << hour;
    second.advance(26);
  }
  sleepers.push_back(first.sleepers_by(26));
  EXPECT_GT(sleepers[0], sleepers[2]);
  EXPECT_GT(sleepers[3], sleepers[4]);
  for (const Followed& f : others) EXPECT_EQ(f.bodies.hash(), first.bodies.hash());
}

// ---- settings

TEST(Wound, SaysWhatToType) {
  const auto listed = [](const std::string& entry) {
    return toy_body + "  host: {inflammation: [" + entry + "]}\n";
  };
  EXPECT_EQ(complaint(listed("{from: 1 day, until: 2 day, every: 1 year}"), wounded), "");
  expect_told(listed("{from: 3 day, until: 2 day}"), "until");
  expect_told(listed("{from: 1, until: 2 day}"), "unit");
  expect_told(listed("{from: 1 day}"), "until");
  expect_told(listed("{from: 1 day, untill: 2 day}"), "did you mean");
  expect_told(listed("{from: 1 day, until: 9 day, every: 3 day}"), "every: 1 year");
  expect_told(listed("{from: 1 min, until: 9 min, every: 30 min}"), "1 day at least");
  expect_told(toy_body, "wound", {"body.removal.wuond=3 day"});
  expect_told(toy_body, "inflamed_factor", {"body.fate.inflamed_factor=0.5"});
  const auto note = [](const std::string& yaml) {
    const std::vector<std::string> notes =
        read_body_text(yaml, "test.yaml", {"body.removal.wound=14 day"}).notes;
    return notes.empty() ? std::string() : notes[0];
  };
  EXPECT_NE(note(toy_body).find("the primary is not removed"), std::string::npos);
  EXPECT_NE(note("body: {patients: 9, observer: {removes: false}}\n").find("observer.removes"),
            std::string::npos);
  EXPECT_EQ(note("body: {patients: 9}\n"), "");
  expect_told(std::string(lattice) + "]}\n", "body.host.inflammation: [{from",
              {"landing.inflamed=true"});
}

} // namespace
} // namespace metavox
