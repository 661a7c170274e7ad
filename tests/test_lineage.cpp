// Which lesion a founder came from: shares of parents against flows that are followed apart, what
// can be no parent, the same over restarts, and trees that can be read.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "body/body.hpp"
#include "body/lineage.hpp"
#include "body/replicates.hpp"
#include "body_support.hpp"
#include "core/counts.hpp"
#include "core/errors.hpp"
#include "newick.hpp"
#include "program/body_tables.hpp"
#include "record/csv.hpp"

namespace metavox {
namespace {

using support::Moments;
using support::settings_of;
using support::toy_body;

constexpr auto m_like = static_cast<std::size_t>(Phenotype::mesenchymal);
constexpr auto awake = static_cast<std::size_t>(Fate::awake);

Parent parent(std::int64_t lesion, std::int64_t left = 0, Route route = Route::blood) {
  return {lesion, false, route, left};
}

// ---- the cells of a place

TEST(Parentage, MixesByTheCellsOfBoth) {
  Parentage p;
  EXPECT_TRUE(p.empty());
  EXPECT_FALSE(p.pick(0.5).known());
  p.join(0, parent(1), 30, {});
  p.join(30, parent(2), 10, {});
  EXPECT_NEAR(p.share_of(1), 0.75, 1e-15);
  EXPECT_NEAR(p.share_of(2), 0.25, 1e-15);
  EXPECT_EQ(p.share_of(3), 0);
  EXPECT_EQ(p.pick(0.74).lesion, 1);
  EXPECT_EQ(p.pick(0.76).lesion, 2);
  EXPECT_EQ(p.pick(0.999999999).lesion, 2);
  Parentage q;
  q.join(0, parent(2), 5, {});
  q.join(5, p, 20, {}); // 5 + 5 of 2, 15 of 1
  EXPECT_NEAR(q.share_of(2), 0.4, 1e-15);
  // By another way it is another parent of the same lesion.
  q.join(25, parent(1, 0, Route::lymph), 25, {});
  EXPECT_NEAR(q.share_of(1), 0.3 + 0.5, 1e-15);
  EXPECT_EQ(q.size(), 3u);
  // Where none is left, whose it was is forgotten; where none comes nothing changes.
  q.join(50, parent(7), 0, {});
  EXPECT_EQ(q.share_of(7), 0);
  q.join(0, parent(7), 1, {});
  EXPECT_EQ(q.share_of(7), 1);
  q.join(0, parent(7), 0, {});
  EXPECT_TRUE(q.empty());
}

// The time that is kept is that of any of the cells with the same chance.
TEST(Parentage, KeepsTheTimeOfAnyOfItsCells) {
  Moments left;
  std::set<std::int64_t> seen;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    Parentage p;
    for (std::int64_t t = 0; t < 50; ++t)
      p.join(static_cast<double>(t), parent(0, t), 1, {seed, static_cast<std::uint64_t>(t), 3, 0});
    ASSERT_EQ(p.size(), 1u);
    left.add(static_cast<double>(p.pick(0).left));
    seen.insert(p.pick(0).left);
  }
  EXPECT_LT(std::abs(left.mean() - 24.5), 3 * left.error());
  EXPECT_NEAR(left.variance(), (50 * 50 - 1) / 12.0, 15);
  EXPECT_EQ(seen.size(), 50u);
  EXPECT_EQ(*seen.begin(), 0);
  EXPECT_EQ(*seen.rbegin(), 49);
}

// However many lesions shed, memory is bounded, and no lesion's chance moves.
TEST(Parentage, ForgetsNoneOnAverageWhereItCannotKeepAll) {
  constexpr int lesions = 120, repeats = 6000;
  std::vector<int> picked(lesions);
  for (std::uint64_t seed = 0; seed < repeats; ++seed) {
    Parentage p;
    double n = 0;
    for (int l = 0; l < lesions; ++l) {
      const double m = l % 3 == 0 ? 4 : 1;
      p.join(n, parent(l), m, {seed, static_cast<std::uint64_t>(l), 5, 0});
      n += m;
      ASSERT_LE(p.size(), most_parents);
    }
    const double u = counts::pair_of({seed, Purpose::test, 0, 0, 0}, 0).u;
    ++picked[static_cast<std::size_t>(p.pick(u).lesion)];
  }
  double all = 0, chi = 0;
  for (int l = 0; l < lesions; ++l) all += l % 3 == 0 ? 4 : 1;
  for (int l = 0; l < lesions; ++l) {
    const double expected = repeats * (l % 3 == 0 ? 4 : 1) / all;
    chi += (picked[static_cast<std::size_t>(l)] - expected) *
           (picked[static_cast<std::size_t>(l)] - expected) / expected;
  }
  EXPECT_LT(std::abs(chi - (lesions - 1)), 4 * std::sqrt(2.0 * (lesions - 1)));
}

// ---- on the way

// Two lesions that shed by turns and by different numbers, singles and clusters, from before the
// lung and from behind it: expected cells of each alone, beside both together whose parents are
// followed.
struct TwoLesions {
  explicit TwoLesions(const StageLaw& l)
      : law(l), both(l.nothing_expected()), first(both), second(both), parents(l.organs()),
        landed(l.organs()), of_first(landed), of_second(landed) {}

  void step(std::uint64_t t) {
    const std::size_t single = class_of(1, Phenotype::mesenchymal),
                      triple = class_of(3, Phenotype::mesenchymal), rows = 1 + law.organs();
    Shed<double> a(rows), b(rows), all(rows);
    a[0][single] = t < 60 ? 300 : 0;
    a[0][triple] = t % 7 == 0 ? 20 : 0;
    b[0][single] = t > 20 ? 100 : 0;
    b[1][single] = t % 5 == 0 ? 40 : 0;
    b[1][triple] = t > 90 ? 9 : 0;
    for (std::size_t row = 0; row < rows; ++row)
      for (std::size_t c = 0; c < cell_classes; ++c) {
        parents.shed[row][c].clear();
        parents.shed[row][c].join(0, parent(0, static_cast<std::int64_t>(t)), a[row][c], {});
        parents.shed[row][c].join(a[row][c], parent(1, static_cast<std::int64_t>(t)), b[row][c],
                                  {});
        all[row][c] = a[row][c] + b[row][c];
      }
    law.advance(both, all, landed, law.waking(), {1, t, 0, 1}, &parents);
    law.advance(first, a, of_first, law.waking());
    law.advance(second, b, of_second, law.waking());
  }

  const StageLaw& law;
  Stages<double> both, first, second;
  StageParents parents;
  std::vector<LandedCells<double>> landed, of_first, of_second;
};

TEST(Lineage, SharesAreThoseOfFlowsFollowedApart) {
  const BodySettings settings = settings_of(toy_body);
  const BodyPlan plan(settings);
  TwoLesions two(plan.stages);
  int compared = 0;
  const auto expect_share = [&](const Parentage& p, double a, double b, const char* where) {
    if (a + b < 1e-6) return;
    ++compared;
    EXPECT_NEAR(p.share_of(0), a / (a + b), 1e-9) << where;
    EXPECT_NEAR(p.share_of(1), b / (a + b), 1e-9) << where;
  };
  for (std::uint64_t t = 0; t < 150; ++t) {
    two.step(t);
    for (std::size_t o = 0; o < plan.stages.organs(); ++o) {
      const OrganParents& p = two.parents.organs[o];
      const auto &a = two.first.organs[o], &b = two.second.organs[o];
      for (std::size_t c = 0; c < cell_classes; ++c)
        expect_share(p.lodged[c], a.lodged[c], b.lodged[c], "lodged");
      expect_share(p.adherent[m_like], a.adherent[m_like], b.adherent[m_like], "adherent");
      expect_share(p.asleep[m_like], a.asleep[m_like], b.asleep[m_like], "asleep");
      expect_share(two.parents.landed[o].cells[m_like][awake], two.of_first[o].cells[m_like][awake],
                   two.of_second[o].cells[m_like][awake], "founders");
      expect_share(two.parents.landed[o].woken[m_like], two.of_first[o].woken[m_like],
                   two.of_second[o].woken[m_like], "woken");
    }
  }
  EXPECT_GT(compared, 1000);
}

// Whole cells: of the founders as many come from each as are expected of it; fluxes 3 to 1 found 3
// to 1.
TEST(Lineage, FoundersComeFromEachAsItsFluxSays) {
  const BodySettings settings = settings_of(
      toy_body, {"body.fate.human=0.5", "body.fate.asleep=0.3", "body.fate.waking=2 day"});
  const BodyPlan plan(settings);
  const StageLaw& law = plan.stages;
  const std::size_t single = class_of(1, Phenotype::mesenchymal);
  double of_first = 0, all = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Stages<std::int64_t> s = law.no_cells();
    std::vector<LandedCells<std::int64_t>> landed(law.organs());
    StageParents parents(law.organs());
    std::uint64_t drawn = 0;
    for (std::uint64_t t = 0; t < 200; ++t) {
      Shed<std::int64_t> shed(1 + law.organs());
      const CountKey key{seed, Purpose::test, 0, t, 0}, other{seed, Purpose::test, 1, t, 0};
      const std::int64_t a = poisson(key, 300), b = poisson(other, 100);
      shed[0][single] = a + b;
      parents.shed[0][single].join(0, parent(0, static_cast<std::int64_t>(t)),
                                   static_cast<double>(a), {});
      parents.shed[0][single].join(static_cast<double>(a), parent(1, static_cast<std::int64_t>(t)),
                                   static_cast<double>(b), {});
      law.advance(s, shed, landed, law.waking(), seed, t, &parents);
      const auto draw_all = [&](const Parentage& p, std::int64_t n) {
        for (std::int64_t k = 0; k < n; ++k) {
          const Parent who = p.pick(counts::pair_of({seed, Purpose::test, 2, drawn++, 0}, 0).u);
          ASSERT_TRUE(who.known());
          ASSERT_LE(who.left, static_cast<std::int64_t>(t));
          of_first += who.lesion == 0 ? 1 : 0;
          all += 1;
        }
      };
      for (std::size_t o = 0; o < law.organs(); ++o) {
        draw_all(parents.landed[o].cells[m_like][awake], landed[o].cells[m_like][awake]);
        draw_all(parents.landed[o].woken[m_like], landed[o].woken[m_like]);
      }
    }
  }
  EXPECT_GT(all, 1000);
  EXPECT_LT(std::abs(of_first / all - 0.75), 3 * std::sqrt(0.75 * 0.25 / all)) << of_first / all;
}

// What has shed nothing, or all of whose cells are gone, is nobody's parent.
TEST(Lineage, NobodyComesFromWhereNoCellIsLeft) {
  const BodySettings settings = settings_of(toy_body, {"body.fate.asleep=0"});
  const BodyPlan plan(settings);
  const StageLaw& law = plan.stages;
  const std::size_t single = class_of(1, Phenotype::mesenchymal);
  Stages<std::int64_t> s = law.no_cells();
  std::vector<LandedCells<std::int64_t>> landed(law.organs());
  StageParents parents(law.organs());
  const auto on_their_way = [&] {
    std::int64_t n = 0;
    for (const auto& o : s.organs) n += o.lodged_cells() + o.adherent_cells() + o.asleep_cells();
    return n;
  };
  std::uint64_t t = 0;
  const auto step = [&](std::int64_t lesion, std::int64_t n) {
    Shed<std::int64_t> shed(1 + law.organs());
    shed[0][single] = n;
    parents.shed[0][single].join(0, parent(lesion, static_cast<std::int64_t>(t)),
                                 static_cast<double>(n), {});
    law.advance(s, shed, landed, law.waking(), 3, t++, &parents);
  };
  for (int k = 0; k < 30; ++k) step(0, 50);
  while (on_their_way() > 0) step(0, 0);
  ASSERT_GT(t, 40u);
  for (int k = 0; k < 60; ++k) {
    step(1, 50);
    for (std::size_t o = 0; o < law.organs(); ++o) {
      for (const Parentage& p : parents.organs[o].lodged) EXPECT_EQ(p.share_of(0), 0);
      for (std::size_t f = 0; f < fates; ++f)
        if (landed[o].cells[m_like][f] > 0) {
          EXPECT_EQ(parents.landed[o].cells[m_like][f].share_of(1), 1);
        }
    }
  }
}

// Numbers do not know whether parents are followed.
TEST(Lineage, ChangesNoNumber) {
  const BodySettings settings = settings_of(toy_body);
  const BodyPlan plan(settings);
  Stages<std::int64_t> with = plan.stages.no_cells(), without = with;
  Stages<double> e_with = plan.stages.nothing_expected(), e_without = e_with;
  std::vector<LandedCells<std::int64_t>> landed(3);
  std::vector<LandedCells<double>> e_landed(3);
  StageParents parents(3), e_parents(3);
  for (std::uint64_t t = 0; t < 100; ++t) {
    Shed<std::int64_t> shed(4);
    Shed<double> e_shed(4);
    shed[0][class_of(4, Phenotype::mesenchymal)] = 30;
    e_shed[0][class_of(4, Phenotype::mesenchymal)] = 30.5;
    plan.stages.advance(with, shed, landed, plan.stages.waking(), 9, t, &parents);
    plan.stages.advance(without, shed, landed, plan.stages.waking(), 9, t);
    plan.stages.advance(e_with, e_shed, e_landed, plan.stages.waking(), {9, t, 0, 1}, &e_parents);
    plan.stages.advance(e_without, e_shed, e_landed, plan.stages.waking());
  }
  for (std::size_t o = 0; o < 3; ++o) {
    EXPECT_EQ(with.organs[o].lodged, without.organs[o].lodged);
    EXPECT_EQ(with.organs[o].fate, without.organs[o].fate);
    EXPECT_EQ(e_with.organs[o].lodged, e_without.organs[o].lodged);
    EXPECT_EQ(e_with.organs[o].fate, e_without.organs[o].fate);
  }
}

// ---- bodies

// Metastases that shed soon, each as much as the primary.
const std::vector<std::string> reseeding{
    "body.reseeding=true",        "body.fate.human=0.3",        "body.fate.waking=3 day",
    "body.lesions.avascular=30",  "body.lesions.vessels=0 day", "body.lesions.ratio=60",
    "body.lesions.early=1",       "body.shedding.exponent=1",   "body.diameter=0.6 mm",
    "body.shedding.fraction=3e-4"};

// What no founder's parent may be.
void expect_possible(const Body& body, const Lesion& l) {
  const Parent& p = l.parent;
  SCOPED_TRACE(std::string(name_of(l.origin)) + " lesion " + std::to_string(l.number));
  ASSERT_TRUE(p.known());
  const Lesion* from = body.lesion(p.lesion, p.forced ? Origin::forced : Origin::natural);
  ASSERT_NE(from, nullptr);
  if (l.origin != Origin::forced) {
    EXPECT_LT(p.lesion, l.number);
  }
  EXPECT_GE(p.left, from->origin == Origin::primary ? 0 : from->founded + 1);
  EXPECT_LE(p.left, l.founded);
  EXPECT_GT(from->departed, 0);
  EXPECT_TRUE(body.sheds(*from));
}

TEST(Lineage, OneLesionThatShedsIsTheParentOfAll) {
  const BodySettings settings = settings_of(toy_body, {"body.fate.human=0.2"});
  const BodyPlan plan(settings);
  Body body(plan, 3);
  while (body.steps() < 40 * 24) body.step();
  ASSERT_GT(body.lesions().size(), 20u);
  std::set<std::int64_t> left;
  for (std::size_t k = 1; k < body.lesions().size(); ++k) {
    const Lesion& l = body.lesions()[k];
    expect_possible(body, l);
    EXPECT_EQ(l.parent.lesion, 0);
    EXPECT_EQ(l.parent.route, Route::blood);
    left.insert(l.parent.left);
  }
  EXPECT_GT(left.size(), 10u);
  EXPECT_FALSE(body.lesions()[0].parent.known());
}

TEST(Lineage, MetastasesThatReseedAreParents) {
  const BodySettings settings = settings_of(toy_body, reseeding);
  const BodyPlan plan(settings);
  int of_primary = 0, of_others = 0, same_organ = 0;
  std::size_t deepest = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Body body(plan, seed);
    while (body.steps() < 40 * 24 && body.lesions().size() < 400) body.step();
    for (std::size_t k = 1; k < body.lesions().size(); ++k) {
      const Lesion& l = body.lesions()[k];
      expect_possible(body, l);
      (l.parent.lesion == 0 ? of_primary : of_others) += 1;
      same_organ += l.parent.lesion > 0 && body.lesion(l.parent.lesion, l.origin)->organ == l.organ;
      std::size_t depth = 0;
      for (std::int64_t up = l.number; up > 0; ++depth)
        up = body.lesions()[static_cast<std::size_t>(up)].parent.lesion;
      deepest = std::max(deepest, depth);
    }
  }
  EXPECT_GT(of_primary, 20);
  EXPECT_GT(of_others, 20);
  EXPECT_GT(same_organ, 0);
  EXPECT_GE(deepest, 3u);
}

// No lung, no pass: what comes to bone came from the lung, whatever the primary sheds.
TEST(Lineage, NoFounderComesFromWhereNoBloodLeads) {
  std::vector<std::string> set = reseeding;
  set.insert(set.end(),
             {"body.pass=0", "body.lodged.release=0 1/h", "body.primaries[0].organ=brain"});
  const BodySettings settings = settings_of(toy_body, set);
  const BodyPlan plan(settings);
  int lung = 0, bone = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Body body(plan, seed);
    while (body.steps() < 40 * 24 && body.lesions().size() < 300) body.step();
    for (std::size_t k = 1; k < body.lesions().size(); ++k) {
      const Lesion& l = body.lesions()[k];
      expect_possible(body, l);
      const Lesion& from = body.lesions()[static_cast<std::size_t>(l.parent.lesion)];
      if (l.organ == 0) {
        EXPECT_NE(from.organ, 0); // what leaves the lung comes round by bone or brain, and stays
        ++lung;
      } else {
        EXPECT_EQ(from.organ, 0);
        ++bone;
      }
    }
  }
  EXPECT_GT(lung, 10);
  EXPECT_GT(bone, 10);
}

// A primary that was removed founds as long as a cell of it is on its way, of those that left
// before.
TEST(Lineage, NobodyLeavesAPrimaryThatWasRemoved) {
  std::vector<std::string> set = reseeding;
  set.emplace_back("body.removal.time=10 day");
  const BodySettings settings = settings_of(toy_body, set);
  const BodyPlan plan(settings);
  Body body(plan, 2);
  while (body.steps() < 40 * 24 && body.lesions().size() < 600) body.step();
  int after = 0, of_primary_after = 0;
  for (std::size_t k = 1; k < body.lesions().size(); ++k) {
    const Lesion& l = body.lesions()[k];
    expect_possible(body, l);
    if (l.parent.lesion == 0) {
      EXPECT_LT(l.parent.left, body.removed());
    }
    if (l.founded >= body.removed()) ++after, of_primary_after += l.parent.lesion == 0;
  }
  EXPECT_GT(after, 20);
  EXPECT_LT(of_primary_after, after);
}

const char* const ways = R"(
simulation: {duration: 40 day}
body:
  primary: toy
  chambers: [{name: right, dwell: 0.25}, {name: left, dwell: 0.75}]
  organs:
    - {name: lung, drains: left, volume: 1 L}
    - {name: bone, drains: right, volume: 1 L}
    - {name: peritoneum, drains: right, volume: 1 L}
    - {name: nodes, drains: right, volume: 1 L}
  routes:
    - {from: right, through: lung, share: 1}
    - {from: left, through: bone, share: 0.9}
    - {from: left, through: nodes, share: 0.1}
  primaries: [{name: toy, organ: bone, ways: [{to: right, share: 1}]}]
  diameter: 5 mm
  shedding: {fraction: 0.001, exponent: 1}
  lodged: {adhesion: 0.05 1/h}
  fate: {begin: 0.2, go_on: 0.1, human: 0.01, asleep: 0.5, waking: 5 day}
  lesions: {doubling: 100 day, ratio: 60, avascular: 100, vessels: 0 day}
  lymph: {share: 0.5, competence: 2e-4, pass: 0.9, blood: 1}
  cavity: {enabled: true, rate: 0.001 1/day, exposed: 0.1, surfaces: [{organ: peritoneum, share: 1}]}
)";

// By which way a founder came: a node's by lymph, the peritoneum's by the cavity alone, others by
// blood or by lymph through the nodes; nodes themselves are parents.
TEST(Lineage, KnowsTheWay) {
  const BodySettings settings =
      settings_of(ways, {"body.fate.human=0.3", "body.cavity.rate=0.1 1/day"});
  const BodyPlan plan(settings);
  std::map<std::pair<std::string, Route>, int> came;
  int from_nodes = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Body body(plan, seed);
    while (body.steps() < 30 * 24 && body.lesions().size() < 3000) body.step();
    for (std::size_t k = 1; k < body.lesions().size(); ++k) {
      const Lesion& l = body.lesions()[k];
      expect_possible(body, l);
      const bool nodal = l.origin == Origin::nodal;
      ++came[{nodal ? "nodal" : plan.body.organs[static_cast<std::size_t>(l.organ)].name,
              l.parent.route}];
      from_nodes +=
          body.lesions()[static_cast<std::size_t>(l.parent.lesion)].origin == Origin::nodal;
    }
  }
  const auto at = [&](const char* where, Route r) { return came[{where, r}]; };
  EXPECT_GT(at("nodal", Route::lymph), 0);
  EXPECT_EQ(at("nodal", Route::blood) + at("nodal", Route::cavity), 0);
  EXPECT_GT(at("peritoneum", Route::cavity), 0);
  EXPECT_EQ(at("peritoneum", Route::blood) + at("peritoneum", Route::lymph), 0);
  EXPECT_GT(at("lung", Route::blood), at("lung", Route::lymph));
  EXPECT_GT(at("lung", Route::lymph), 0);
  EXPECT_EQ(at("lung", Route::cavity), 0);
  EXPECT_GT(from_nodes, 0);
}

// Forced founders have parents by what is expected; where nothing is they have none, and stand for
// none.
TEST(Lineage, OfForcedFoundersFollowsTheExpected) {
  std::vector<std::string> set = reseeding;
  set.insert(set.end(),
             {"body.coupling=full", "body.force=[{organ: lung, per: 3 day, founders: 8}]"});
  const BodySettings settings = settings_of(toy_body, set);
  const BodyPlan plan(settings);
  const std::vector<Stratum> strata = strata_of(plan.body, 36 * 24);
  int known = 0, others = 0, none = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    std::vector<Forced> forced;
    for (std::size_t k = 0; k < strata.size(); ++k)
      for (int i = 0; i < strata[k].founders; ++i)
        forced.push_back(forced_founder(strata, k, i, seed));
    Body body(plan, seed, forced);
    while (body.steps() < 36 * 24) body.step();
    for (const Lesion& l : body.forced()) {
      EXPECT_EQ(l.parent.known(), l.weight > 0);
      if (!l.parent.known()) {
        ++none;
        continue;
      }
      expect_possible(body, l);
      ++known, others += l.parent.lesion > 0 || l.parent.forced;
    }
  }
  EXPECT_GT(known, 200);
  EXPECT_GT(others, 10);
  EXPECT_LT(others, known);
  std::printf("%d forced, %d of metastases, %d of none\n", known + none, others, none);
}

// A state that was stored and read again goes on with the same parents; a torn one is refused.
TEST(Lineage, IsTheSameAfterARestart) {
  std::vector<std::string> set = reseeding;
  set.insert(set.end(),
             {"body.coupling=full", "body.force=[{organ: lung, per: 5 day, founders: 4}]"});
  const BodySettings settings = settings_of(toy_body, set);
  const BodyPlan plan(settings);
  const std::vector<Stratum> strata = strata_of(plan.body, 36 * 24);
  std::vector<Forced> forced;
  for (std::size_t k = 0; k < strata.size(); ++k)
    for (int i = 0; i < 4; ++i) forced.push_back(forced_founder(strata, k, i, 5));
  Body whole(plan, 5, forced), second(plan, 5, forced);
  while (whole.steps() < 24 * 24) whole.step();
  std::vector<std::int64_t> numbers;
  std::vector<double> reals;
  whole.save(numbers, reals);
  std::size_t number_at = 0, real_at = 0;
  second.load(numbers, reals, number_at, real_at);
  EXPECT_EQ(number_at, numbers.size());
  while (whole.steps() < 36 * 24) whole.step(), second.step();
  ASSERT_EQ(whole.lesions().size(), second.lesions().size());
  ASSERT_GT(whole.lesions().size(), 30u);
  const auto expect_same = [](const std::vector<Lesion>& a, const std::vector<Lesion>& b) {
    for (std::size_t k = 0; k < a.size(); ++k) {
      EXPECT_EQ(a[k].parent.lesion, b[k].parent.lesion);
      EXPECT_EQ(a[k].parent.left, b[k].parent.left);
      EXPECT_EQ(a[k].parent.route, b[k].parent.route);
    }
  };
  expect_same(whole.lesions(), second.lesions());
  expect_same(whole.forced(), second.forced());
  std::vector<std::int64_t> again;
  std::vector<double> reals_again;
  second.save(again, reals_again);
  numbers.clear(), reals.clear();
  whole.save(numbers, reals);
  EXPECT_EQ(numbers, again);
  EXPECT_EQ(reals, reals_again);
  // Cells of no parent, a lesion of a later one.
  Body third(plan, 5, forced);
  numbers.pop_back();
  number_at = real_at = 0;
  EXPECT_THROW(third.load(numbers, reals, number_at, real_at), NumericalError);
}

// ---- trees

TEST(LineageTree, NestsWhatCameFromWhat) {
  const std::string csv =
      "time [day],replicate,origin,lesion,name,organ,parent,parent_name,parent_organ,route,left "
      "[day],window,fate,kind,clone\n"
      "1.5,0,natural,1,lung-1,lung,0,breast-primary,breast,blood,1,1,awake,M,7\n"
      "1.75,0,natural,,,lung,0,breast-primary,breast,blood,1,2,doomed,M,7\n"
      "2,0,natural,2,lymph_node-2,lymph_node,0,breast-primary,breast,lymph,1,,awake,M,7\n"
      "2,0,forced,10000,lung-10000-forced,lung,1,lung-1,lung,blood,1.8,,awake,M,9\n"
      "3,0,natural,3,bone-3,bone,1,lung-1,lung,blood,2.5,,awake,M,7\n"
      "4,0,natural,4,bone-4,bone,3,bone-3,bone,blood,3.5,,awake,M,\n"
      "4,0,forced,20000,lung-20000-forced,lung,,,,,,,awake,M,1\n";
  EXPECT_EQ(lineage_trees(csv, "breast-primary", 1, false),
            "((((bone-4:1)bone-3:1.5,(lung-10000-forced:0.5)clone-9:0)lung-1:1.5,"
            "'lymph_node-2':2)clone-7:0,(lung-20000-forced:4)clone-1:0)breast-primary;\n");
  EXPECT_EQ(lineage_trees(csv.substr(0, csv.find('\n') + 1), "breast-primary", 2, true),
            "breast-primary;\nbreast-primary;\n");
}

// Every lesion of a run stands in its tree once, below its parent, as far from the root as it was
// founded late; forced ones say so.
void expect_trees(const std::vector<std::string>& set, std::int64_t steps, bool apart,
                  std::size_t forced_of_each, std::size_t least_nested) {
  constexpr int replicates = 2;
  const BodySettings s = settings_of(toy_body, set);
  Replicates bodies(s, steps);
  const std::vector<ReplicateEvent> events = bodies.advance(steps, 1);
  const BodyTable table = lineage_rows(bodies, events);
  const std::string csv = table.header + table.rows;
  const auto trees = support::parse_newick(lineage_trees(csv, "bone-primary", replicates, apart));
  const std::size_t each = 1 + (apart ? forced_of_each : 0);
  ASSERT_EQ(trees.size(), replicates * each);
  std::map<std::pair<std::size_t, std::string>, support::NewickPlace> places;
  for (std::size_t t = 0; t < trees.size(); ++t)
    for (const auto& place : support::places_of(trees[t])) {
      // Of a tree of its own the founder, not those above it.
      if (t % each > 0 && place.below > 0) continue;
      EXPECT_TRUE(places.emplace(std::pair(t / each, place.name), place).second) << place.name;
    }
  const auto rows = split_rows(csv);
  std::size_t forced = 0, nested = 0;
  for (std::size_t k = 1; k < rows.size(); ++k) {
    const auto& row = rows[k];
    ASSERT_EQ(row.size(), rows[0].size());
    const auto found = places.find({static_cast<std::size_t>(*as_integer(row[1])), row[4]});
    ASSERT_NE(found, places.end()) << row[4];
    EXPECT_EQ(found->second.parent, row[7].empty() ? "bone-primary" : row[7]);
    EXPECT_NEAR(found->second.depth, *as_number(row[0]), 1e-6);
    const bool marked = row[4].find("-forced") != std::string::npos;
    EXPECT_EQ(marked, row[2] == "forced");
    forced += marked ? 1 : 0;
    nested += row[6] != "0" ? 1 : 0;
  }
  EXPECT_EQ(places.size(), rows.size() - 1 + replicates);
  EXPECT_EQ(forced, replicates * forced_of_each);
  EXPECT_GE(nested, least_nested);
}

TEST(LineageTree, HasEveryLesionOnceBelowItsParent) {
  std::vector<std::string> set = reseeding;
  set.insert(set.end(), {"body.coupling=full", "body.replicates=2", "simulation.duration=32 day",
                         "body.force=[{organ: lung, per: 16 day, founders: 2}]"});
  expect_trees(set, 32 * 24, true, 4, 20);
  expect_trees({"body.coupling=linear", "body.replicates=2", "body.fate.human=0.1",
                "body.force=[{organ: lung, per: 10 day, founders: 2}]"},
               20 * 24, false, 4, 0);
}

} // namespace
} // namespace metavox
