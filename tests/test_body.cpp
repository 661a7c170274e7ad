// Organs, the ways of the blood between them, and where cells lodge: the chain against an
// independent solution, hand-computed cases, numbers of the literature, and what a file is told
// that describes no body.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body/body_config.hpp"
#include "body/circulation.hpp"
#include "body/settling.hpp"
#include "body_support.hpp"
#include "core/errors.hpp"
#include "core/random.hpp"
#include "settings/explain.hpp"
#include "settings/resolve.hpp"

namespace metavox {
namespace {

// ---- the chain

using support::complaint;
using support::Dice;
using support::expect_told;

Circulation random_blood(Dice& dice) {
  Circulation blood;
  const int chambers = 1 + dice.below(8), beds = 1 + dice.below(12);
  for (int c = 0; c < chambers; ++c) blood.dwell.push_back(0.05 + dice.unit());
  for (int b = 0; b < beds; ++b) blood.pass.push_back(b == 0 ? 1.0 : 0.98 * dice.unit());
  blood.death = dice.below(2) * 0.3 * dice.unit();
  for (int c = 0; c < chambers; ++c) {
    double sum = 0;
    const std::size_t first = blood.routes.size();
    for (int k = 0; k <= dice.below(6); ++k) {
      BloodRoute r;
      r.from = c;
      r.way = {dice.below(beds + 1) - 1, dice.below(chambers + 1) - 1, 0.01 + dice.unit()};
      sum += r.way.share;
      blood.routes.push_back(r);
    }
    for (std::size_t k = first; k < blood.routes.size(); ++k) blood.routes[k].way.share /= sum;
  }
  return blood;
}

// The same chain with a state for every end that a cell can come to, x (I - Q) = start, by
// elimination with full pivoting in long double.
std::vector<long double> ends_by_elimination(const Circulation& blood,
                                             const std::vector<BloodWay>& ways) {
  const std::size_t chambers = blood.dwell.size(), beds = blood.pass.size();
  const std::size_t dead = chambers + beds, out = dead + 1, n = out + 1;
  std::vector<std::vector<long double>> a(n, std::vector<long double>(n + 1, 0.0L));
  for (std::size_t i = 0; i < n; ++i) a[i][i] = 1;
  const auto go = [&](const BloodWay& way, long double cells, std::size_t column, int sign) {
    const long double pass =
        way.bed == no_bed ? 1.0L : blood.pass[static_cast<std::size_t>(way.bed)];
    if (way.bed != no_bed)
      a[chambers + static_cast<std::size_t>(way.bed)][column] += sign * cells * (1 - pass);
    a[way.to == out_of_body ? out : static_cast<std::size_t>(way.to)][column] +=
        sign * cells * pass;
  };
  for (const BloodWay& way : ways) go(way, way.share, n, 1);
  for (const BloodRoute& r : blood.routes) {
    const auto c = static_cast<std::size_t>(r.from);
    go(r.way, std::exp(-static_cast<long double>(blood.death) * blood.dwell[c]) * r.way.share, c,
       -1);
  }
  for (std::size_t c = 0; c < chambers; ++c)
    a[dead][c] -= 1 - std::exp(-static_cast<long double>(blood.death) * blood.dwell[c]);
  std::vector<std::size_t> place(n);
  for (std::size_t i = 0; i < n; ++i) place[i] = i;
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t row = k, column = k;
    for (std::size_t i = k; i < n; ++i)
      for (std::size_t j = k; j < n; ++j)
        if (std::abs(a[i][j]) > std::abs(a[row][column])) row = i, column = j;
    std::swap(a[k], a[row]);
    for (auto& line : a) std::swap(line[k], line[column]);
    std::swap(place[k], place[column]);
    for (std::size_t i = 0; i < n; ++i)
      if (i != k) {
        const long double factor = a[i][k] / a[k][k];
        for (std::size_t j = k; j <= n; ++j) a[i][j] -= factor * a[k][j];
      }
  }
  std::vector<long double> x(n);
  for (std::size_t k = 0; k < n; ++k) x[place[k]] = a[k][n] / a[k][k];
  return x;
}

double sum_of(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += x;
  return sum;
}

TEST(Chain, IsThatOfADenseSolveOn200RandomGraphs) {
  Dice dice(17);
  int looked_at = 0, refused = 0;
  while (looked_at < 200) {
    const Circulation blood = random_blood(dice);
    const int chambers = static_cast<int>(blood.dwell.size());
    const int beds = static_cast<int>(blood.pass.size());
    std::vector<BloodWay> ways{{dice.below(beds + 1) - 1, dice.below(chambers), 0.3},
                               {no_bed, dice.below(chambers), 0.6},
                               {no_bed, out_of_body, 0.1}};
    if (!cycle_without_filter(blood).empty()) {
      ++refused;
      continue;
    }
    ++looked_at;
    const Passage p = follow(blood, ways);
    const std::vector<long double> ends = ends_by_elimination(blood, ways);
    const auto near = [&](double found, long double right, const char* what) {
      EXPECT_LE(std::abs(found - static_cast<double>(right)), 1e-12 * (1 + std::abs(found)))
          << what << " of graph " << looked_at;
    };
    std::size_t k = 0;
    for (const double v : p.visits) near(v, ends[k++], "visits");
    for (const double v : p.lodged) near(v, ends[k++], "lodged");
    near(p.dead, ends[k], "dead");
    near(p.passed, ends[k + 1], "passed");
    EXPECT_NEAR(sum_of(p.lodged) + p.dead + p.passed, 1.0, 1e-12);
  }
  EXPECT_GT(refused, 20); // the search has something to find
}

// lung and body in one loop: with pass e a cell enters the lung 1/(1 - e^2) times.
TEST(Chain, IsAGeometricSeriesInOneLoop) {
  for (const double e : {0.0, 0.3, 0.5, 0.95}) {
    Circulation blood;
    blood.dwell = {0.25, 0.75};
    blood.pass = {e, e};
    blood.routes = {{0, {0, 1, 1.0}}, {1, {1, 0, 1.0}}};
    const Passage p = follow(blood, {{no_bed, 0, 1.0}});
    EXPECT_NEAR(p.visits[0], 1 / (1 - e * e), 1e-12 / (1 - e * e));
    EXPECT_NEAR(p.visits[1], e / (1 - e * e), 1e-12 / (1 - e * e));
    EXPECT_NEAR(p.lodged[0], 1 / (1 + e), 1e-12);
    EXPECT_NEAR(p.lodged[1], e / (1 + e), 1e-12);
    EXPECT_NEAR(p.flowing, (0.25 + 0.75 * e) / (1 - e * e), 1e-11);
  }
}

// Three quarters bypass: 1/4 lodges in the first bed it meets, the rest leaves.
TEST(Chain, CountsShuntsDeathAndWhatLeaves) {
  Circulation blood;
  blood.dwell = {2.0};
  blood.pass = {0.0};
  blood.routes = {{0, {0, out_of_body, 0.25}}, {0, {no_bed, out_of_body, 0.75}}};
  blood.death = std::log(2.0) / 2; // half die in a stay
  const Passage p = follow(blood, {{no_bed, 0, 1.0}});
  EXPECT_NEAR(p.dead, 0.5, 1e-12);
  EXPECT_NEAR(p.lodged[0], 0.125, 1e-12);
  EXPECT_NEAR(p.passed, 0.375, 1e-12);
  EXPECT_NEAR(p.flowing, 0.5 / blood.death, 1e-12);
}

TEST(Chain, FindsTheWayOnWhichNothingIsKept) {
  Circulation blood;
  blood.dwell = {1, 1, 1};
  blood.pass = {1.0, 0.5};
  blood.routes = {{0, {no_bed, 1, 1.0}}, {1, {0, 2, 0.5}}, {1, {1, 0, 0.5}}, {2, {1, 0, 1.0}}};
  EXPECT_TRUE(cycle_without_filter(blood).empty());
  blood.routes[3].way.bed = 0;
  EXPECT_EQ(cycle_without_filter(blood), (std::vector<int>{0, 1, 2}));
  blood.routes[0].way.bed = 1;
  EXPECT_TRUE(cycle_without_filter(blood).empty());
}

// ---- the standard body

BodyConfig body_of(const std::string& more = "", const std::vector<std::string>& set = {}) {
  return read_body_text("body:\n  preset: human\n" + more, "test.yaml", set);
}
BodyConfig body_with(const std::vector<std::string>& set) { return body_of("", set); }

struct Lodging {
  BodyParameters body;
  Passage p;
  double in(const std::string& organ) const {
    return p.lodged[static_cast<std::size_t>(organ_index(body, organ))];
  }
  double at(const std::string& chamber) const {
    return p.visits[static_cast<std::size_t>(chamber_index(body, chamber))];
  }
};
Lodging lodging_of(const std::string& primary, const std::vector<std::string>& set = {}) {
  const BodyParameters body = body_of("", set).settings.body;
  return {body, follow(circulation_of(body), ways_of(body, primary_named(body, primary)))};
}

TEST(StandardBody, IsTheFileInConfigs) {
  std::ifstream file(METAVOX_SOURCE_DIR "/configs/organs.yaml");
  std::stringstream text;
  text << file.rdbuf();
  const BodyConfig written = read_body_text(text.str(), "test.yaml");
  EXPECT_EQ(written.resolved, body_of().resolved);
  EXPECT_EQ(written.settings.body.organs.size(), 19u);
  // ... and what was resolved is read back to the same.
  EXPECT_EQ(read_body_text(written.resolved, "again.yaml").resolved, written.resolved);
}

TEST(StandardBody, FillsWhatAFileLeavesOutListByList) {
  const BodyConfig one = read_body_text(R"(
body:
  primary: toy
  primaries:
    - {name: toy, organ: skin, ways: [{to: right_heart, share: 1}], soils: [{organ: skin, soil: 3}]}
)",
                                        "test.yaml", {"body.organs[0].pass=0.25"});
  EXPECT_EQ(one.settings.body.primaries.size(), 1u);
  EXPECT_EQ(one.settings.body.organs.size(), 19u);
  EXPECT_EQ(one.settings.body.organs[0].pass, 0.25);
  EXPECT_EQ(one.settings.body.organs[1].pass, 0.5);
  EXPECT_EQ(soils_for(one.settings.body, one.settings.body.primaries[0])[9], 3.0);
}

// With half of the cells kept by each bed: from the veins two thirds lodge in the lung, as in one
// loop, but for the gut's blood, which meets two beds before the lung again.
TEST(StandardBody, KeepsCellsOfTheBreastInTheLungAndOfTheColonInTheLiver) {
  const double e = 0.5, bronchial = 2.5 / 102.55, gut = 19 / 102.55;
  // visits of the right heart, by hand: one round multiplies by `round`.
  const double left = e / (1 - bronchial * e);
  const double round = left * (e * (1 - bronchial - gut) + gut * e * e);
  const Lodging breast = lodging_of("breast");
  EXPECT_NEAR(breast.at("right_heart"), 1 / (1 - round), 2e-6);
  EXPECT_NEAR(breast.at("left_heart"), left / (1 - round), 2e-6);
  EXPECT_NEAR(breast.in("lung"), (0.5 + 0.5 * bronchial * left) / (1 - round), 2e-6);
  EXPECT_NEAR(breast.in("bone"), 0.5 * 7.5 / 102.55 * left / (1 - round), 2e-6);
  EXPECT_NEAR(breast.in("liver"), 0.5 * (6.5 / 102.55 + gut * e) * left / (1 - round), 2e-6);
  EXPECT_NEAR(breast.p.flowing, 0.83, 0.005);
  EXPECT_NEAR(lodging_of("breast", {"body.pass=0.3"}).p.flowing, 0.52, 0.005);
  const Lodging colon = lodging_of("colon");
  EXPECT_NEAR(colon.in("liver"), 0.5 + 0.5 * breast.in("liver"), 1e-9);
  EXPECT_NEAR(colon.in("lung"), 0.5 * breast.in("lung"), 1e-9);
  const Lodging lung = lodging_of("lung");
  EXPECT_NEAR(breast.in("bone"), 0.5 * lung.in("bone"), 1e-9); // the lung's filter comes later
  const Lodging prostate = lodging_of("prostate");
  EXPECT_NEAR(prostate.in("bone"), 0.2 * 0.5 + 0.9 * breast.in("bone"), 1e-9);
}

// Blood that leaves a tumour against blood of an artery, both of the same rat: 12 (Butler &
// Gullino), with 0.6 to 1.2 % of the output through the tumour; the pass of a human would make it
// 130 to 250.
TEST(StandardBody, HasTwelveTimesTheCellsInARatsTumourBlood) {
  const auto ratio = [](const Lodging& body, double share) {
    return 1 + 1 / (share * body.at("left_heart"));
  };
  const Lodging rat = lodging_of("breast", {"body.preset=rat"});
  EXPECT_LT(ratio(rat, 0.012), 12);
  EXPECT_GT(ratio(rat, 0.006), 12);
  EXPECT_NEAR(ratio(rat, 0.009), 12, 2.5);
  const Lodging human = lodging_of("breast");
  EXPECT_NEAR(ratio(human, 0.012), 130, 5);
  EXPECT_NEAR(ratio(human, 0.006), 255, 10);
  // Ten circuits of 8 s, within what was measured in mice, 40 to 260 s.
  EXPECT_NEAR(rat.p.flowing * 60, 75, 15);
}

// The presets differ in named constants only.
TEST(StandardBody, OfARatMovesNamedConstants) {
  std::set<std::string> moved;
  const BodyConfig human = body_of(), rat = body_with({"body.preset=rat"});
  for (const std::string& line : setting_differences(body_table(), human.resolved, rat.resolved)) {
    std::string key = general_key(line.substr(0, line.find(": ")));
    if (key != "body.primaries[].soils[].soil") moved.insert(key); // follow from pass
  }
  std::set<std::string> named;
  for (const Setting& s : body_table().settings())
    if (!s.presets.empty()) named.insert(s.key);
  named.insert("body.preset");
  named.insert("body.organs[].pass"); // body.pass
  EXPECT_EQ(moved, named);
}

// What lands times soil gives frequencies in their proportions, and the mean over what lodges is
// one.
TEST(Soil, IsInvertedFromFrequencies) {
  const BodyParameters body = body_of().settings.body;
  for (const PrimaryParameters& primary : body.primaries) {
    const Passage p = follow(circulation_of(body), ways_of(body, primary));
    const std::vector<double> landed = landed_shares(body, primary);
    double arrivals = 0, weighed = 0, one = 0;
    for (const SoilParameters& s : primary.soils) {
      const double a = p.lodged[static_cast<std::size_t>(organ_index(body, s.organ))];
      if (a == 0) {
        EXPECT_EQ(s.organ, "peritoneum");
        EXPECT_EQ(s.soil, 1.0);
        continue;
      }
      arrivals += a;
      weighed += a * s.soil;
      const double lambda = landed[static_cast<std::size_t>(organ_index(body, s.organ))] * s.soil /
                            -std::log(1 - s.frequency);
      if (one == 0) one = lambda;
      EXPECT_NEAR(lambda / one, 1.0, 1e-12) << primary.name << " " << s.organ;
    }
    if (arrivals > 0) {
      EXPECT_NEAR(weighed / arrivals, 1.0, 1e-12) << primary.name;
    }
    const std::vector<double> soils = soils_for(body, primary);
    for (const char* organ : {"kidney", "pleura", "skin", "spleen"})
      EXPECT_EQ(soils[static_cast<std::size_t>(organ_index(body, organ))], 1.0);
  }
  // Who asks for soil alone is told of all three, and of which organs nothing is known.
  const std::string told = explain("soil", all_settings());
  for (const char* words :
       {"\nbody.organs[].soil  ", "\nbody.primaries[].soils[].soil  ", "landing.soil  ",
        "1 for want of data, where no frequency is known (kidney, ovary, pleura, skin, spleen"})
    EXPECT_NE(told.find(words), std::string::npos) << words;
  EXPECT_EQ(told.find("frequency  "), std::string::npos);
  EXPECT_THROW(explain("oil", all_settings()), ConfigError); // a part of a word is none
}

// Walls and what is let go belong to organs, whose frequencies are given back whatever they are.
// NK cells belong to the host: soil is that of hosts who have theirs.
TEST(Soil, GoesWithWallsAndNotWithTheHost) {
  const auto soils = [](const std::vector<std::string>& set) {
    return primary_named(body_with(set).settings.body, "breast").soils;
  };
  const std::vector<SoilParameters> usual = soils({}), bare = soils({"body.host.nk=0"}),
                                    walled = soils({"body.organs[2].barrier=1"}),
                                    kept = soils({"body.lodged.release=0 1/h"});
  const auto soil = [](const std::vector<SoilParameters>& of, const char* organ) {
    for (const SoilParameters& s : of)
      if (s.organ == organ) return s.soil;
    return 0.0;
  };
  for (std::size_t k = 0; k < usual.size(); ++k) EXPECT_EQ(usual[k].soil, bare[k].soil);
  // Of adherent cells in bone 0.8 come out and not 3.2/3.6.
  const auto bone = [&](const std::vector<SoilParameters>& of) {
    return soil(of, "bone") / soil(of, "lung");
  };
  EXPECT_NEAR(bone(walled) / bone(usual), 3.2 / 3.6 / 0.8, 1e-12);
  // Nothing let go lodges again: flow and walls alone, by hand.
  const BodyParameters body = body_of().settings.body;
  const Passage p = follow(circulation_of(body), ways_of(body, primary_named(body, "breast")));
  EXPECT_NEAR(
      bone(kept),
      std::log(1 - 0.65) / std::log(1 - 0.3) * p.lodged[0] * 0.8 / (p.lodged[2] * 3.2 / 3.6), 1e-9);
}

// What is left in a patient of the chance to go on is the primary's, unless the file says.
TEST(Primaries, HaveAChanceOfTheirOwn) {
  const BodyParameters breast = body_of().settings.body;
  EXPECT_EQ(breast.fate.human, 0.005);
  for (const PrimaryParameters& p : breast.primaries) {
    const BodyParameters own = body_with({"body.primary=" + p.name}).settings.body;
    EXPECT_EQ(own.fate.human, p.human) << p.name;
    EXPECT_GT(p.human, 0) << p.name;
  }
  EXPECT_EQ(body_with({"body.primary=lung", "body.fate.human=0.3"}).settings.body.fate.human, 0.3);
  const BodyConfig lung = body_with({"body.primary=lung"});
  EXPECT_EQ(read_body_text(lung.resolved, "again.yaml").resolved, lung.resolved);
  EXPECT_GT(lung.settings.body.fate.human, breast.fate.human);
}

// ---- what a file is told

TEST(BodyFile, IsToldWhatHasNoEffect) {
  using Notes = std::vector<std::string>;
  const auto notes = [](const std::string& yaml, const std::vector<std::string>& set = {}) {
    return read_body_text(yaml, "test.yaml", set).notes;
  };
  EXPECT_EQ(
      notes("body: {}\noutput:\n  report: 2 day\n  frames: 1 day\n"),
      (Notes{"test.yaml:4: output.frames has no effect: it is of a lattice, and this body has "
             "none"}));
  EXPECT_EQ(notes("body: {}\n", {"output.compression=lz4"}).size(), 1u);
  EXPECT_EQ(notes("body: {}\noutput: {report: 2 day, keep: 2}\n"), Notes{});
  EXPECT_EQ(notes("body: {}\noutput: {frames: 1 day}\ntissue: {parenchyma: 0.3}\n"
                  "simulation: {duration: 1 day}\n"),
            Notes{}); // it has a lattice
  // What is misspelt, or would change what a lattice does, is no such thing.
  expect_told("body: {}\noutput: {frame: 1 day}\n", "output.frame is not a setting");
  expect_told("body: {}\nsimulation: {preset: fast}\n", "simulation.preset is not a setting");
  EXPECT_EQ(notes("body:\n  cavity:\n    rate: 1e-2 1/day\n    exposed: 0.1\n"),
            (Notes{"test.yaml:3: body.cavity.rate and body.cavity.exposed have no effect: "
                   "body.cavity.enabled is false"}));
  EXPECT_EQ(notes("body: {cavity: {enabled: true, exposed: 0.1}}\n"), Notes{});
}

TEST(BodyFile, IsToldWhatIsWrong) {
  expect_told("tissue: {parenchyma: 0.3}\n", "the file has no section body");
  expect_told("body: {patients: 9}\ntissue: {parenchyma: 0.3}\n",
              "test.yaml:2: tissue is of a lattice, and body.patients have none");
  expect_told("body: {prmary: colon}\n", "body.prmary is not a setting; did you mean primary?");
  expect_told("body: {reseed: true}\n", "body.reseed is not a setting; did you mean reseeding?");
  expect_told("body: {}\n", "lymph is not a setting; did you mean body.lymph?",
              {"lymph.share=0.1"});
  // Not another setting of the same section, however long its name.
  expect_told("body: {removal: {at: 1 day}}\n",
              "body.removal.at is not a setting; body.removal has time diameter");
  expect_told("body: {primary: brest}\n",
              "test.yaml:1: body.primary `brest` is no primary of body.primaries; did you mean "
              "breast?");
  expect_told("body: {}\n", "the shares of what leaves portal add up to 0.9, not to 1",
              {"body.routes[1].share=0.9"});
  expect_told("body: {}\n", "body.routes[3].through `kidny` is no organ; did you mean kidney?",
              {"body.routes[3].through=kidny"});
  expect_told("body: {force: [{organ: livr, per: 9 day, founders: 1}]}\n",
              "test.yaml:1: body.force[0].organ `livr` is no organ; did you mean liver?");
  expect_told("body: {force: [{organ: heart, per: 9 day, founders: 1}]}\n",
              "body.force[0].organ `heart` is no organ; there are lung, liver, bone, brain, ");
  expect_told("body: {}\n", "needs `through`, an organ, or `to`, a chamber, and not both",
              {"body.routes[3].to=portal"});
  expect_told("body: {}\n",
              "body.organs[1].drains `left_hart` is no chamber; did you mean left_heart?",
              {"body.organs[1].drains=left_hart"});
  expect_told("body: {}\n", "body.organs[1].name lung is taken", {"body.organs[1].name=lung"});
  expect_told("body: {}\n", "must be of small letters", {"body.organs[1].name=My Liver"});
  expect_told("body: {pass: 1}\n",
              "cells could go round for ever: no organ on the way right_heart -> left_heart -> "
              "right_heart keeps any");
  expect_told("body: {pass: 1.2}\n", "it must be between 0 and 1");
  expect_told("body: {blood: {circuit: 60}}\n", "needs a unit");
  expect_told("body: {organs: [{name: x, drains: right_heart}]}\n",
              "body.organs[0].volume is missing");
  expect_told(
      R"(body: {primaries: [{name: a, organ: skin, ways: [{to: portal, share: 0.5}]}], primary: a})",
      "of a add up to 0.5, not to 1");
  expect_told(
      "body: {fate: {dormant: 0.99}}\n",
      "body.fate.begin and body.fate.dormant are shares of the same cells and add up to 1.015");
  expect_told(
      "body: {lesions: {linear_above: 0.5 mm}}\n",
      "body.lesions.linear_above must be above the diameter of body.lesions.avascular, 0.819 mm");
  expect_told("body: {lesions: {doubling: 100 years}, step: 1 day}\n",
              "steps until they are found; raise body.step (1440 min)");
  EXPECT_EQ(complaint("body: {}\n"), "");
}

} // namespace
} // namespace metavox
