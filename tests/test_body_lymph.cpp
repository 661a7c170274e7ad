// The way through lymph of a body followed hour by hour: how long cells stay in nodes, how many
// found lesions there or come into the veins, against closed forms and the patient of a cohort; the
// ledger, removal and restarts.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body/body.hpp"
#include "body/cohort.hpp"
#include "body/replicates.hpp"
#include "body_support.hpp"
#include "core/errors.hpp"
#include "core/exact.hpp"
#include "program/body_tables.hpp"
#include "record/csv.hpp"

namespace metavox {
namespace {

using support::Moments;
using support::settings_of;

// A primary that sheds as many in every hour, half as many of them by lymph as by blood.
const char* const toy = R"(
simulation: {duration: 40 day}
body:
  primary: toy
  chambers: [{name: right, dwell: 0.25}, {name: left, dwell: 0.75}]
  organs:
    - {name: lung, drains: left, volume: 1 L}
    - {name: bone, drains: right, volume: 1 L}
    - {name: nodes, drains: right, volume: 1 L}
  routes:
    - {from: right, through: lung, share: 1}
    - {from: left, through: bone, share: 0.9}
    - {from: left, through: nodes, share: 0.1}
  primaries: [{name: toy, organ: bone, ways: [{to: right, share: 1}]}]
  diameter: 5 mm
  shedding: {fraction: 0.001, exponent: 1}
  lodged: {adhesion: 0.05 1/h}
  fate: {begin: 0.2, go_on: 0.1, human: 0.01, asleep: 0.5, waking: 20 day}
  lesions: {doubling: 100 day, ratio: 60, vessels: 0 day}
  lymph: {share: 0.5, competence: 2e-4}
)";

Body followed(const BodyPlan& plan, std::uint64_t seed, std::int64_t steps) {
  Body body(plan, seed);
  while (body.steps() < steps) body.step();
  return body;
}

// At a constant rate q into the first node, with a dwell of tau and a share e let through, there
// are q tau, q e tau in the nodes, q e^2 come into the veins, and of the others the share founds
// with which founders are `competence` per cell that leaves by blood.
TEST(Lymph, KeepsCellsForTheirDwellAndLetsAShareThrough) {
  const BodySettings s = settings_of(toy, {"body.lymph.blood=0"});
  const BodyPlan plan(s);
  const Body body = followed(plan, 1, 960);
  const LymphStages<std::int64_t>& n = body.lymph();
  const LymphStages<double>& e = body.expected_lymph();
  const double an_hour = e.departed / 960, tau = 12;
  const double by_blood = body.expected().departed - e.passed;
  EXPECT_NEAR(e.departed / by_blood, 0.5, 1e-9);
  EXPECT_NEAR(e.in_node[0] / (an_hour * tau), 1, 1e-6);
  EXPECT_NEAR(e.in_node[1] / (0.1 * an_hour * tau), 1, 1e-6);
  const double kept = e.died + e.founded, all = e.departed;
  EXPECT_NEAR(kept + e.passed + e.in_nodes(), all, 1e-9 * all);
  EXPECT_NEAR(e.passed / all, 0.01, 0.01 * 3 * tau / 960);
  EXPECT_NEAR(e.founded / (2e-4 * by_blood), 1, 2 * tau / 960);
  EXPECT_NEAR(e.founded / kept, 2e-4 / (0.5 * 0.99), 1e-9);
  // As drawn.
  const auto near = [](std::int64_t drawn, double mean) {
    EXPECT_NEAR(static_cast<double>(drawn), mean, 4 * std::sqrt(mean) + 1);
  };
  near(n.departed, e.departed);
  near(n.in_node[0], e.in_node[0]);
  near(n.passed, e.passed);
  near(n.died, e.died);
  EXPECT_EQ(n.departed, n.died + n.founded + n.passed + n.in_nodes());
}

TEST(Lymph, FoundsInNodesAsExpectedAndLeavesTheBloodsCompensator) {
  const BodySettings s = settings_of(toy, {"body.lymph.competence=4e-4", "body.lymph.blood=5"});
  const BodyPlan plan(s);
  Moments nodes, blood, passed;
  std::int64_t most = 0, joined = 0, shed = 0;
  for (int k = 0; k < 150; ++k) {
    const Body body = followed(plan, mix64(40 + static_cast<std::uint64_t>(k)), 960);
    nodes.add(static_cast<double>(body.lymph().founded) - body.expected_lymph().founded);
    passed.add(static_cast<double>(body.lymph().passed) - body.expected_lymph().passed);
    double competent = 0;
    for (const auto& o : body.natural().organs) competent += static_cast<double>(o.competent());
    blood.add(competent - body.expected_founders());
    std::int64_t there = 0;
    for (const Lesion& l : body.lesions()) {
      if (l.origin != Origin::nodal) continue;
      ++there;
      shed += l.departed;
      joined += l.founded_with - 1;
      EXPECT_EQ(l.organ, 2);
      EXPECT_FALSE(l.slept);
    }
    most = std::max(most, there);
    EXPECT_LE(there, 2);
  }
  EXPECT_NEAR(nodes.mean(), 0, 3 * nodes.error());
  EXPECT_NEAR(passed.mean(), 0, 3 * passed.error());
  EXPECT_NEAR(blood.mean(), 0, 3 * blood.error());
  EXPECT_EQ(most, 2);
  EXPECT_GT(joined, 10); // founders where two nodes have a lesion each
  EXPECT_GT(shed, 10);
}

// Nodes that are full take no more: the ledger holds, which every step looks at.
TEST(Lymph, DoesNotOverfillANode) {
  const BodySettings s =
      settings_of(toy, {"body.organs[2].volume=1e5 um^3", "body.lymph.competence=0.3"});
  const BodyPlan plan(s);
  const Body body = followed(plan, 2, 480);
  EXPECT_GT(body.lymph().founded, 500);
  std::int64_t cells = 0, deaths = 0;
  for (const Lesion& l : body.lesions())
    if (l.origin == Origin::nodal) cells += l.cells, deaths += l.deaths;
  EXPECT_LE(static_cast<double>(cells), plan.capacity[2] + 2);
  EXPECT_GT(deaths, 100);
}

// With the primary nodes are removed, and what is in them: nothing comes out of them any more.
TEST(Lymph, IsClearedWithThePrimary) {
  const BodySettings s =
      settings_of(toy, {"body.removal.time=20 day", "body.lymph.competence=4e-4"});
  const BodyPlan plan(s);
  Body body = followed(plan, 3, 479);
  EXPECT_GT(body.lymph().in_nodes(), 0);
  body.step();
  EXPECT_EQ(body.lymph().in_nodes(), 0);
  EXPECT_EQ(body.expected_lymph().in_nodes(), 0);
  EXPECT_GT(body.lymph().resected, 0);
  const std::int64_t passed = body.lymph().passed;
  std::int64_t nodal = 0;
  while (body.steps() < 960) body.step();
  EXPECT_EQ(body.lymph().passed, passed);
  for (const Lesion& l : body.lesions())
    if (l.origin == Origin::nodal) {
      ++nodal;
      EXPECT_EQ(l.cells, 0);
    }
  EXPECT_GT(nodal, 0);
}

// cascade.csv accounts for every cell that entered the nodes, natural ones and expected ones alike.
TEST(Lymph, IsInTheTables) {
  for (const char* removed : {"body.lymph.pass=0.3", "body.removal.time=20 day"}) {
    const BodySettings s = settings_of(toy, {removed, "body.lymph.competence=4e-3"});
    Replicates bodies(s, 960);
    bodies.advance(960, 1);
    std::map<std::string, std::array<double, 2>> lymph; // natural, expected
    const std::string rows = cascade_rows(bodies).rows;
    for (std::size_t at = 0; at < rows.size(); at = rows.find('\n', at) + 1) {
      const auto row = split_csv(rows.substr(at, rows.find('\n', at) - at));
      if (row[1] == "lymph")
        lymph[row[2]] = {as_number(row[3]).value_or(-1), as_number(row[5]).value_or(-1)};
    }
    const LymphStages<std::int64_t>& n = bodies.natural(0).lymph();
    EXPECT_EQ(lymph.at("entered_nodes")[0], static_cast<double>(n.departed));
    EXPECT_EQ(lymph.at("into_veins")[0], static_cast<double>(n.passed));
    EXPECT_EQ(lymph.at("founders_in_nodes")[0], static_cast<double>(n.founded));
    EXPECT_EQ(lymph.count("resected"), std::string(removed).find("removal") != std::string::npos);
    for (const std::size_t kind : {0u, 1u}) {
      double whereabouts = 0;
      for (const auto& [stage, cells] : lymph)
        if (stage != "entered_nodes") whereabouts += cells[kind];
      EXPECT_NEAR(whereabouts / lymph.at("entered_nodes")[kind], 1, 1e-9) << removed << kind;
    }
  }
}

// Whatever sheds into blood sheds `share` times that by lymph, metastases where they reseed; but
// lesions of nodes, which drain into the veins.
TEST(Lymph, IsAWayOutOfEveryLesionButThoseOfNodes) {
  const auto shed = [](const std::vector<std::string>& set) {
    const BodySettings s = settings_of(toy, set);
    const BodyPlan plan(s);
    const Body body = followed(plan, 4, 960);
    const double by_blood = body.expected().departed - body.expected_lymph().passed;
    std::int64_t of_metastases = 0;
    for (const Lesion& l : body.lesions())
      if (l.origin == Origin::natural) of_metastases += l.departed;
    return std::array<double, 3>{by_blood, body.expected_lymph().departed,
                                 static_cast<double>(of_metastases)};
  };
  const std::string none = "body.lymph.competence=0";
  const auto alone = shed({none});
  EXPECT_NEAR(alone[1] / alone[0], 0.5, 1e-9);
  const auto reseeding = shed({none, "body.reseeding=true", "body.fate.asleep=0"});
  EXPECT_GT(reseeding[2], 0.2 * reseeding[0]);
  EXPECT_NEAR(reseeding[1] / reseeding[0], 0.5, 1e-9);
  const auto nodal = shed({"body.lymph.competence=4e-3", "body.lymph.blood=5"});
  EXPECT_GT(nodal[0], 1.2 * alone[0]);
  EXPECT_EQ(nodal[1], alone[1]);
}

// A patient of a cohort: as many lesions in nodes are expected by the time his primary is found.
TEST(Lymph, FoundsAsInThePatientOfACohort) {
  support::for_early_patients(
      "body: {lymph: {blood: 0}}\n", 2, [](const PatientRow& row, BodySettings own) {
        own.body.lymph.share = 0.02;
        const BodyPlan plan(own);
        const Body body = followed(plan, 6, std::llround(row.removal * 24));
        const double expected = own.body.lymph.competence * row.node_theta * row.shed;
        EXPECT_NEAR(body.expected_lymph().founded / expected, 1, 0.02);
      });
}

TEST(Lymph, GoesOnWithTheSameBits) {
  const BodySettings s = settings_of(toy, {"body.removal.time=200 h", "body.death.lesions=true"});
  const BodyPlan plan(s);
  const Body whole = followed(plan, 7, 300);
  for (const std::int64_t cut : {100, 199, 201}) {
    const Body first = followed(plan, 7, cut);
    std::vector<std::int64_t> numbers;
    std::vector<double> reals;
    first.save(numbers, reals);
    Body second(plan, 7);
    std::size_t number_at = 0, real_at = 0;
    second.load(numbers, reals, number_at, real_at);
    EXPECT_EQ(second.hash(), first.hash());
    while (second.steps() < 300) second.step();
    EXPECT_EQ(second.hash(), whole.hash()) << cut;
    // Cells that were added to a node are not accounted for.
    numbers[support::behind_the_lesions(first)] += 1;
    number_at = real_at = 0;
    EXPECT_THROW(second.load(numbers, reals, number_at, real_at), NumericalError);
  }
  EXPECT_THROW(settings_of(toy, {"body.organs[2].name=knots", "body.routes[2].through=knots"}),
               ConfigError);
}

} // namespace
} // namespace metavox
