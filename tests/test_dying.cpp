// Death of the patient: organs that fail, the burden of all lesions, other deaths; in a body hour
// by hour and in a cohort, against closed forms and against one another.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body/body.hpp"
#include "body/cohort.hpp"
#include "body/dying.hpp"
#include "body/host.hpp"
#include "body/lesion_growth.hpp"
#include "body/replicates.hpp"
#include "body_support.hpp"
#include "core/errors.hpp"
#include "core/exact.hpp"

namespace metavox {
namespace {

using support::Moments;
using support::settings_of;

constexpr double litre = 1e15, days_per_year = 365.25;

// ---- the verdict

TEST(LethalLoad, NamesTheOrganThatFailedElseTheLargest) {
  const BodySettings s = settings_of("body: {}\n");
  const LethalLoad load(s.body);
  const auto organ = [&](const char* name) {
    return static_cast<std::size_t>(organ_index(s.body, name));
  };
  std::vector<double> volumes(s.body.organs.size());
  EXPECT_EQ(load.judge(volumes, 0.4 * litre).load, 0); // of the breast: it does not count
  const auto with = [&](const char* name, double litres, double primary = 0) {
    std::vector<double> v = volumes;
    v[organ(name)] = litres * litre;
    return load.judge(v, primary * litre);
  };
  // Thresholds as in configs/organs.yaml: lung 0.5 of 1 L, liver 0.6 of 1.8 L, brain 0.1 of 1.4 L.
  const struct {
    const char* name;
    double lethal;
  } organs[] = {{"lung", 0.5}, {"bone", 0.6}, {"brain", 0.14}, {"kidney", 0.217}};
  for (const auto& o : organs) {
    EXPECT_EQ(with(o.name, 0.999 * o.lethal).cause, DeathOf::none) << o.name;
    const Verdict v = with(o.name, 1.001 * o.lethal);
    EXPECT_EQ(v.cause, DeathOf::organ) << o.name;
    EXPECT_EQ(v.organ, static_cast<std::int32_t>(organ(o.name)));
    EXPECT_TRUE(v.of_metastases);
    EXPECT_NEAR(v.load, 1.001, 1e-9);
  }
  // The liver has 1.08 L to lose: a litre of tumour kills before, wherever it is.
  EXPECT_EQ(with("liver", 1.01).cause, DeathOf::burden);
  for (const char* name : {"adrenal", "ovary", "nodes", "spleen", "skin"}) {
    EXPECT_EQ(with(name, 0.9).cause, DeathOf::none) << name;
    EXPECT_EQ(with(name, 1.01).cause, DeathOf::burden) << name;
    EXPECT_EQ(with(name, 1.01).organ, static_cast<std::int32_t>(organ(name)));
  }
  EXPECT_EQ(with("skin", 0.6, 0.5).cause, DeathOf::none); // of which 0.5 in the breast
  const BodySettings colon = settings_of("body: {primary: colon}\n");
  const LethalLoad of_colon(colon.body);
  volumes[organ("skin")] = 0.7 * litre;
  EXPECT_EQ(of_colon.judge(volumes, 0.31 * litre).cause, DeathOf::burden);
  EXPECT_TRUE(of_colon.judge(volumes, 0.31 * litre).of_metastases);
  volumes[organ("skin")] = 0.1 * litre;
  EXPECT_FALSE(of_colon.judge(volumes, 0.95 * litre).of_metastases);
  EXPECT_EQ(of_colon.judge(volumes, 0.95 * litre).organ, static_cast<std::int32_t>(organ("colon")));
  EXPECT_EQ(load.function(organ("lung"), 0.25 * litre), 0.75);
  EXPECT_EQ(load.function(organ("lung"), 2 * litre), 0.0);
}

// ---- hour by hour

// Three organs, all of which fail at a half.
const std::string toy = support::toy_body + "  death: {lesions: true}\n";
const std::vector<std::string> thresholds{
    "body.organs[0].threshold=0.5", "body.organs[1].threshold=0.5", "body.organs[2].threshold=0.5"};
BodySettings mortal(std::vector<std::string> set) {
  set.insert(set.end(), thresholds.begin(), thresholds.end());
  return settings_of(toy, set);
}

// A primary alone in its organ grows as a logistic function: it is lethal at t = ln((1 - x)/x)/r,
// x the share that it begins with.
TEST(Dying, ComesWhenAPrimaryHasTakenItsOrgan) {
  const BodySettings s = mortal({"body.shedding.fraction=1e-9", "body.diameter=50 mm",
                                 "body.lesions.doubling=10 day", "body.lesions.linear_above=1 m"});
  const BodyPlan plan(s);
  Body body(plan, 1);
  const double x = static_cast<double>(plan.first_cells) / plan.capacity[1];
  const double days = std::log((1 - x) / x) / (std::log(2.0) / 10);
  std::int64_t events = 0;
  for (int hour = 0; hour < 24 * 60; ++hour)
    for (const BodyEvent& e : body.step().events) {
      EXPECT_EQ(e.what, BodyEvent::What::died);
      EXPECT_EQ(e.origin, Origin::primary);
      ++events;
    }
  EXPECT_EQ(events, 1);
  EXPECT_NEAR(static_cast<double>(body.died()) / 24 / days, 1, 0.005);
  EXPECT_EQ(body.death().cause, DeathOf::organ);
  EXPECT_EQ(body.death().organ, 1);
  EXPECT_FALSE(body.death().of_metastases);
  EXPECT_NEAR(body.function(1), 0.5, 0.002);
  EXPECT_EQ(body.function(0), 1.0);
}

// After it nothing is born, sheds, adheres, lands or wakes; only steps are counted.
TEST(Dying, EndsEverything) {
  const BodySettings s = mortal({"body.lesions.ratio=60", "body.lesions.vessels=0 day",
                                 "body.organs[0].volume=1e8 um^3", "body.reseeding=true"});
  const BodyPlan plan(s);
  Body body(plan, 2);
  while (body.died() < 0 && body.steps() < 24 * 200) body.step();
  ASSERT_GT(body.died(), 24);
  EXPECT_EQ(body.death().organ, 0);
  EXPECT_TRUE(body.death().of_metastases);
  EXPECT_LE(body.function(0), 0.5);
  EXPECT_GT(body.lesions().size(), 5u);
  const auto state = [&] {
    std::vector<std::int64_t> whole;
    std::vector<double> real;
    body.save(whole, real);
    whole.erase(whole.begin()); // steps
    return std::make_pair(whole, real);
  };
  const auto then = state();
  EXPECT_FALSE(body.natural().organs[0].lodged_cells() == 0);
  for (int k = 0; k < 100; ++k) {
    const StepReport r = body.step();
    ASSERT_TRUE(r.events.empty() && r.landings.empty());
  }
  EXPECT_EQ(state(), then);
  EXPECT_EQ(body.steps(), body.died() + 100);
  // A restart of the dead, and of the living shortly before.
  for (const std::int64_t cut : {body.died() - 3, body.died() + 5}) {
    Body first(plan, 2), second(plan, 2);
    while (first.steps() < cut) first.step();
    std::vector<std::int64_t> whole;
    std::vector<double> real;
    first.save(whole, real);
    std::size_t whole_at = 0, real_at = 0;
    second.load(whole, real, whole_at, real_at);
    while (second.steps() < body.steps()) second.step();
    EXPECT_EQ(second.hash(), body.hash());
  }
}

// Lesions that kill end shedding, so that founders act on their number: still natural less expected
// is nothing on average, but e^-Lambda is no chance of none, and is not told as one.
TEST(Dying, LeavesTheCompensatorAMartingale) {
  const BodySettings s =
      mortal({"body.lesions.ratio=60", "body.lesions.vessels=0 day", "body.fate.human=0.005",
              "body.organs[0].volume=1e8 um^3", "body.step=2 h"});
  const BodyPlan plan(s);
  Moments difference, dead;
  for (int k = 0; k < 150; ++k) {
    Body body(plan, mix64(70 + static_cast<std::uint64_t>(k)));
    while (body.steps() < 12 * 80) body.step();
    double competent = 0;
    for (const auto& o : body.natural().organs) competent += static_cast<double>(o.competent());
    difference.add(competent - body.expected_founders());
    dead.add(body.died() >= 0 ? 1 : 0);
  }
  EXPECT_NEAR(difference.mean(), 0, 3 * difference.error());
  EXPECT_GT(dead.mean(), 0.2);
  EXPECT_LT(dead.mean(), 1);
  EXPECT_TRUE(founders_act(s.body));
  EXPECT_FALSE(founders_act(settings_of("body: {}\n").body));
  // Forced founders that stand aside do not know of a death.
  EXPECT_THROW(mortal({"body.coupling=linear", "body.force=[{organ: lung, per: 10 day}]"}),
               ConfigError);
}

// Of the host in the middle every body dies its own death: Gompertz from its age on.
TEST(Dying, ComesOtherwiseByGompertz) {
  const BodySettings s =
      settings_of("simulation: {duration: 1 day}\nbody: {death: {others: true}, diameter: 22 mm, "
                  "shedding: {fraction: 1e-9}, step: 7 day, lesions: {doubling: 100 years}}\n");
  const BodyPlan plan(s);
  const double slope = 0.095, hazard = 0.006;
  const auto alive = [&](double years) {
    return std::exp(-hazard / slope * (std::exp(slope * years) - 1));
  };
  const int bodies = 400;
  std::vector<double> year;
  for (int k = 0; k < bodies; ++k) {
    Body body(plan, mix64(30 + static_cast<std::uint64_t>(k)));
    while (body.died() < 0 && body.steps() < 52 * 60) body.step();
    EXPECT_EQ(body.death().cause, DeathOf::other);
    year.push_back(static_cast<double>(body.died()) * 7 / days_per_year);
  }
  for (const double when : {5.0, 15.0, 25.0}) {
    const double share = static_cast<double>(std::count_if(year.begin(), year.end(),
                                                           [&](double y) { return y > when; })) /
                         bodies;
    EXPECT_NEAR(share, alive(when), 3 * std::sqrt(alive(when) * (1 - alive(when)) / bodies))
        << when;
  }
  // A cohort's patient dies when the cohort says, counted from when his primary is found.
  BodySettings own = s;
  own.body.patient = 3;
  const BodyPlan his(own);
  const Host host = draw_host(own.body, patient_seed(own.simulation.seed, 3));
  LesionPace pace;
  pace.doubling = host.doubling;
  pace.luck = own.body.lesions.avascular;
  const LesionClock clock(own.body.lesions, pace);
  const double found = clock.day_of(cells_of_diameter(own.body.lesions, host.diameter)) -
                       clock.day_of(static_cast<double>(his.first_cells));
  const double day = std::max(0.0, found + host.other_death);
  Body body(his, 1);
  while (body.died() < 0 && body.steps() < 52 * 200) body.step();
  if (day < 52 * 200 * 7) {
    EXPECT_NEAR(static_cast<double>(body.died()) * 7, day, 7);
  }
}

// ---- a cohort has the same law

// Many patients alike, a hundred founders each, metastases that crowd two organs: the mean time of
// death, its spread and the organ are those of bodies followed hour by hour.
TEST(Dying, IsThatOfACohort) {
  const std::string common = std::string("body:") + support::toy_circulation + R"(
  shedding: {fraction: 0.1, clusters: 0}
  lodged: {adhesion: 0.05 1/h}
  fate: {begin: 0.2, go_on: 0.1, human: 0.002, asleep: 0.3, waking: 20 day}
  lesions: {doubling: 44 day, doubling_spread: 0, vessels: 10 day}
  lymph: {enabled: false}
  host: {spread: 0, age: 20 years, age_spread: 0 day, mortality: 0 1/year}
  observer: {diameter: 8 mm, diameter_spread: 0}
  death: {lesions: true}
)";
  // Nine tenths: being in one another's way costs three doublings.
  std::vector<std::string> set{"body.organs[0].threshold=0.9", "body.organs[1].threshold=0.9",
                               "body.organs[2].threshold=0.9"};
  set.emplace_back("body.organs[0].volume=20 mL");
  set.emplace_back("body.organs[2].volume=20 mL");
  const BodySettings cohort = settings_of(common, set);
  Moments of_patients, in_lung;
  for (const PatientRow& r : follow_patients(cohort, 0, 300, 2)) {
    ASSERT_EQ(r.cause, DeathOf::organ);
    of_patients.add(r.removal + r.death);
    in_lung.add(r.death_in == 0 ? 1 : 0);
    EXPECT_TRUE(r.of_metastases);
  }
  set.emplace_back("body.step=2 h");
  set.emplace_back("body.removal.found=true");
  const BodySettings hours = settings_of("simulation: {duration: 1 day}\n" + common, set);
  const BodyPlan plan(hours);
  Moments of_bodies, in_lung_too;
  for (int k = 0; k < 30; ++k) {
    Body body(plan, mix64(50 + static_cast<std::uint64_t>(k)));
    while (body.died() < 0 && body.steps() < 12 * 4000) body.step();
    of_bodies.add(static_cast<double>(body.died()) / 12);
    in_lung_too.add(body.death().organ == 0 ? 1 : 0);
  }
  std::printf("death on day %.1f +- %.1f of patients, %.1f +- %.1f of bodies; lung %.2f %.2f\n",
              of_patients.mean(), of_patients.error(), of_bodies.mean(), of_bodies.error(),
              in_lung.mean(), in_lung_too.mean());
  const double error =
      std::sqrt(of_patients.error() * of_patients.error() + of_bodies.error() * of_bodies.error());
  EXPECT_NEAR(of_patients.mean(), of_bodies.mean(), 3 * error + 0.005 * of_bodies.mean());
  EXPECT_NEAR(of_patients.variance() / of_bodies.variance(), 1, 3 * std::sqrt(2.0 / 30));
  EXPECT_NEAR(in_lung.mean(), in_lung_too.mean(),
              3 * std::sqrt(in_lung_too.mean() * (1 - in_lung_too.mean()) / 30) + 0.1);
}

// Death is beside what was there before: all other numbers of a patient are those without it.
TEST(Dying, LeavesTheRestOfACohortAlone) {
  const BodySettings off = settings_of("body: {}\n"),
                     on = settings_of("body: {death: {lesions: true}}\n");
  EXPECT_FALSE(off.body.death.lesions);
  EXPECT_TRUE(settings_of("body: {patients: 5}\n").body.death.lesions);
  const auto a = follow_patients(off, 0, 200, 2), b = follow_patients(on, 0, 200, 1);
  int by_lesions = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(a[k].expected, b[k].expected);
    EXPECT_EQ(a[k].founded, b[k].founded);
    EXPECT_EQ(a[k].seen, b[k].seen);
    EXPECT_EQ(a[k].other_death, b[k].other_death);
    EXPECT_EQ(a[k].cause, DeathOf::none);
    EXPECT_LE(b[k].death, b[k].other_death);
    if (b[k].cause == DeathOf::other) {
      EXPECT_EQ(b[k].death, b[k].other_death);
      continue;
    }
    ++by_lesions;
    EXPECT_TRUE(b[k].seen < 0 || b[k].seen <= b[k].death) << k; // it is noticed before it kills
  }
  EXPECT_GT(by_lesions, 10);
  // A primary that stays goes on to shed: no fewer lesions, no longer lives.
  const BodySettings stays =
      settings_of("body: {death: {lesions: true}, observer: {removes: false}}\n");
  const auto c = follow_patients(stays, 0, 60, 2);
  double lives = 0, lives_with = 0;
  for (std::size_t k = 0; k < c.size(); ++k) {
    EXPECT_GE(c[k].expected, b[k].expected * (1 - 1e-9)) << k;
    // But for nodes whose lesions wait for vessels when the primary is found.
    EXPECT_NEAR(c[k].level / b[k].level, 1, 1e-3);
    EXPECT_NEAR(c[k].shed / b[k].shed, 1, 1e-3);
    lives += b[k].death, lives_with += c[k].death;
  }
  EXPECT_LT(lives_with, 0.8 * lives);
}

} // namespace
} // namespace metavox
