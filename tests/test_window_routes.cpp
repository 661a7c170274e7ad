// What leaves the windows of a body otherwise than by blood: cell by cell it is in the body, as the
// site alone would have let it go; with its kind and its record; the same bits over order, threads
// and restarts; and what is refused.

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body/body_config.hpp"
#include "body/replicates.hpp"
#include "body/window_lattice.hpp"
#include "body_support.hpp"
#include "core/constants.hpp"
#include "core/random.hpp"
#include "windows_support.hpp"

namespace metavox {
namespace {

using namespace support;

// A small primary that sheds more cells by lymph than by blood; nearly all that come into the veins
// land, half of them competent.
const char* const toy = R"(
simulation: {duration: 3 day, seed: 3}
domain: {voxels: [24, 24, 24], spacing: 20 um}
tissue:
  parenchyma: 0.3
  stroma: 0.3
  cells: [{shape: sphere, kind: epithelial, radius: 100 um, mesenchymal_fraction: 0.4}]
vessels: {pattern: grid, spacing: 80 um}
oxygen: {faces: no_flux}
intravasation: {enabled: true, rate: 0.04 1/h, clustering: 0.3, epithelial: 0.5}
lymphatics: {enabled: true, share: 0.5, tumour_faces: 6, rate: 0.2 1/h}
body:
  primary: toy
  chambers: [{name: right, dwell: 0.25}, {name: left, dwell: 0.75}]
  organs:
    - {name: lung, drains: left, volume: 1 L, oxygen: 43 mmHg, matrix: 0.4}
    - {name: bone, drains: right, volume: 1 L, barrier: 0.5}
    - {name: nodes, drains: right, volume: 1 L}
  routes:
    - {from: right, through: lung, share: 1}
    - {from: left, through: bone, share: 0.7}
    - {from: left, through: nodes, share: 0.3}
  primaries: [{name: toy, organ: bone, ways: [{to: right, share: 1}]}]
  lodged: {adhesion: 1 1/h}
  crossing: {out: 20 1/day}
  fate: {begin: 0.5, go_on: 1, human: 1, dormant: 0.3, asleep: 0, waking: 20 day}
  lesions: {growth: radial}
  lymph: {share: 0.02, dwell: 2 h, pass: 0.5, competence: 0.001}
  cavity: {surfaces: [{organ: lung, share: 1}]}
  coupling: linear
  windows: {max: 3, shown: 0, size: 400 um, full: 0.5}
)";

BodyConfig config_of(const std::vector<std::string>& set = {}) {
  return read_body_text(toy, "test.yaml", set);
}
struct Followed : FollowedWindows {
  explicit Followed(const std::vector<std::string>& set = {}, int threads = 1, bool fresh = true)
      : FollowedWindows(config_of(set), threads, fresh) {}
};

constexpr auto e_like = static_cast<std::size_t>(Phenotype::epithelial),
               m_like = static_cast<std::size_t>(Phenotype::mesenchymal);

// Cells that left the primary's site on its own, by route and phenotype.
using ByRoute = std::array<ByPhenotype<std::int64_t>, route_count>;
ByRoute left_alone(const Parameters& lattice, int steps) {
  Site alone(lattice, Executor::on_cpu(1));
  ByRoute cells{};
  for (int k = 0; k < steps; ++k) {
    alone.step();
    for (const Departure& d : alone.take_departures())
      cells[static_cast<std::size_t>(d.route)][d.cell.kind == Kind::epithelial ? e_like : m_like] +=
          1;
  }
  return cells;
}
std::int64_t sum_of(const ByPhenotype<std::int64_t>& n) { return n[0] + n[1]; }

// ---- lymph

// In nodes that hardly let a cell go all of them are found again, each as E-like or M-like.
TEST(WindowLymph, EntersTheFirstNodeCellByCell) {
  Followed f({"body.windows.max=0", "body.lymph.dwell=1e6 min", "body.lymph.competence=0"});
  const ByRoute alone = left_alone(*f.config.lattice, 240);
  const auto& by_lymph = alone[static_cast<std::size_t>(Route::lymph)];
  const std::int64_t by_blood = sum_of(alone[static_cast<std::size_t>(Route::blood)]);
  f.advance(24);
  const LymphStages<std::int64_t>& n = f.body().lymph();
  ASSERT_GT(by_lymph[e_like], 20);
  ASSERT_GT(by_lymph[m_like], 20);
  EXPECT_EQ(n.departed, sum_of(by_lymph));
  EXPECT_EQ(f.body().natural().departed, by_blood + n.passed);
  EXPECT_EQ(f.body().lesions()[0].departed, by_blood + n.departed);
  const std::int64_t gone = n.departed - n.in_node[0];
  EXPECT_LE(gone, 3);
  EXPECT_NEAR(static_cast<double>(n.epithelial[0]), static_cast<double>(by_lymph[e_like]), 3);
  // Expected: the chances of all who might have left, times the cells that go together.
  const auto expect_near = [](double expected, std::int64_t drawn) {
    EXPECT_NEAR(expected, static_cast<double>(drawn), 5 * std::sqrt(static_cast<double>(drawn)));
  };
  expect_near(f.body().expected_lymph().departed, n.departed);
  expect_near(f.body().expected().departed, by_blood + n.passed);
}

// Of what a node keeps the share founds that `competence` and `share` give, whatever leaves; what
// the last one lets through lodges as the kind it is.
TEST(WindowLymph, GoesThroughTheNodesIntoTheVeins) {
  Followed f({"body.windows.max=0", "intravasation.enabled=false", "body.lymph.dwell=10 min",
              "body.crossing.out=1e-9 1/day", "body.crossing.death=0 1/day", "body.lodged.nk=0 1/h",
              "body.lodged.other=0 1/h"});
  f.advance(30);
  const LymphStages<std::int64_t>& n = f.body().lymph();
  const LymphStages<double>& e = f.body().expected_lymph();
  EXPECT_EQ(n.departed, f.body().lesions()[0].departed);
  EXPECT_EQ(f.body().natural().departed, n.passed);
  EXPECT_GT(n.passed, 20);
  EXPECT_NEAR(e.founded / (e.died + e.founded), 0.001 / (0.02 * 0.75), 1e-9);
  EXPECT_NEAR(e.passed / e.departed, 0.25, 0.01);
  std::array<std::int64_t, phenotypes> nodal{};
  for (const Lesion& l : f.body().lesions())
    if (l.origin == Origin::nodal) ++nodal[static_cast<std::size_t>(l.phenotype)];
  EXPECT_EQ(nodal[0] + nodal[1], 2);
  std::int64_t e_lodged = 0, m_lodged = 0;
  for (const auto& o : f.body().natural().organs) {
    e_lodged += o.lodged[class_of(1, Phenotype::epithelial)] + o.adherent[e_like];
    m_lodged += o.lodged[class_of(1, Phenotype::mesenchymal)] + o.adherent[m_like];
  }
  EXPECT_GT(e_lodged, 0);
  EXPECT_GT(m_lodged, 0);
  EXPECT_EQ(e_lodged + m_lodged, n.passed);
}

// A founder that came by lymph alone has the record of a cell that left by lymph; lesions of nodes
// are counters, as others join them.
TEST(WindowLymph, BringsItsCellsWithTheirRecords) {
  Followed f({"intravasation.enabled=false", "body.lymph.dwell=10 min", "body.lymph.pass=0.9",
              "body.lymph.competence=0.005"});
  std::int64_t natural = 0;
  for (std::int64_t hour = 1; hour <= 30; ++hour) {
    f.advance(hour);
    for (const WindowFounder& w : f.windows().founders()) {
      EXPECT_TRUE(w.travelled);
      EXPECT_NE(w.cell.clone, 0);
      ++natural;
    }
  }
  EXPECT_GT(natural, 0);
  std::int64_t nodal = 0;
  for (const Lesion& l : f.body().lesions())
    if (l.origin == Origin::nodal) {
      ++nodal;
      EXPECT_EQ(l.counted_by, CountedBy::body);
      EXPECT_GT(l.founded_with, 0);
    }
  EXPECT_EQ(nodal, 2);
  for (const WindowRecord& r : f.windows().all()) EXPECT_NE(r.origin, Origin::nodal);
}

// Windows of metastases let cells go by lymph where they reseed, and by no way where not.
TEST(WindowLymph, LeavesOtherWindowsWhereMetastasesReseed) {
  for (const bool reseeding : {true, false}) {
    Followed f({"lymphatics.rate=60 1/h", "intravasation.rate=0 1/h", "body.lymph.pass=0.9",
                "body.windows.stroma=0.5", "body.windows.parenchyma=0", "body.windows.margin=0 um",
                std::string("body.reseeding=") + (reseeding ? "true" : "false")});
    f.advance(40);
    std::int64_t departed = 0;
    for (const Lesion& l : f.body().lesions())
      departed += l.origin == Origin::natural ? l.departed : 0;
    EXPECT_EQ(departed > 0, reseeding);
    EXPECT_EQ(f.body().lymph().departed, f.body().lesions()[0].departed + departed);
    EXPECT_GT(f.count(BodyEvent::What::opened), 0);
  }
  const BodyConfig c = config_of();
  EXPECT_TRUE(lattice_of_window(*c.lattice, c.settings.body, 0, true).lymphatics.enabled);
  EXPECT_FALSE(lattice_of_window(*c.lattice, c.settings.body, 0, false).lymphatics.enabled);
}

// The primary goes on by lymph as a counter once its window has closed.
TEST(WindowLymph, IsGoneOnWithByTheCounter) {
  Followed f({"body.windows.full=0.05", "body.windows.max=0", "body.lymph.share=5",
              "body.shedding.fraction=1", "body.lesions.avascular=100"});
  std::int64_t hour = 0;
  while (f.windows().open().size() == 1 && hour < 72) f.advance(++hour);
  ASSERT_LT(hour, 72);
  const std::int64_t before = f.body().lymph().departed;
  f.advance(hour + 48);
  EXPECT_GT(f.body().lymph().departed, before + 10);
}

// ---- the cavity

// The tumour lies at a serosal face whose membrane breaks within hours.
std::vector<std::string> at_a_serosa(const std::vector<std::string>& set = {}) {
  std::vector<std::string> all{"serosa.faces=[x_low]",
                               "serosa.rate=0.05 1/h",
                               "matrix.membrane_resistance=0.01",
                               "tissue.cells[0].centre=[90 um, 240 um, 240 um]",
                               "body.cavity.enabled=true",
                               "body.windows.max=0"};
  all.insert(all.end(), set.begin(), set.end());
  return all;
}

// Where hardly any dies or attaches all are found again afloat, each as E-like or M-like.
TEST(WindowCavity, HoldsWhatASerosaSheds) {
  Followed f(at_a_serosa({"body.cavity.death=0 1/h", "body.cavity.attachment=0 1/h"}));
  const ByRoute alone = left_alone(*f.config.lattice, 240);
  const auto& shed = alone[static_cast<std::size_t>(Route::cavity)];
  f.advance(24);
  ASSERT_GT(shed[e_like], 20);
  ASSERT_GT(shed[m_like], 5);
  EXPECT_EQ(f.body().cavity().floating, shed);
  EXPECT_EQ(f.body().cavity().departed, shed);
  EXPECT_EQ(f.body().lesions()[0].departed, sum_of(alone[0]) + sum_of(alone[1]) + sum_of(shed));
  const double drawn = static_cast<double>(sum_of(shed));
  EXPECT_NEAR(f.body().expected_cavity().shed(), drawn, 5 * std::sqrt(drawn));
  EXPECT_NEAR(f.body().expected_cavity().departed[e_like], static_cast<double>(shed[e_like]),
              0.1 * drawn + 5 * std::sqrt(drawn));
}

// By the cavity alone: implants are founders, have windows, and records of cells that were shed.
TEST(WindowCavity, FoundsImplantsWithTheRecordsOfWhatWasShed) {
  Followed f(
      at_a_serosa({"intravasation.enabled=false", "lymphatics.enabled=false", "body.lymph.share=0",
                   "body.cavity.attachment=1 1/h", "body.windows.max=2"}));
  std::int64_t implants = 0;
  for (std::int64_t hour = 1; hour <= 24; ++hour) {
    f.advance(hour);
    for (const WindowFounder& w : f.windows().founders()) {
      EXPECT_TRUE(w.travelled);
      EXPECT_EQ(f.windows().record(w.window).organ, 0);
      ++implants;
    }
  }
  EXPECT_EQ(implants, 2);
  EXPECT_EQ(f.body().natural().departed, 0);
  EXPECT_EQ(f.body().natural().organs[0].landed, f.body().cavity().attached[0]);
  EXPECT_EQ(f.body().natural().organs[0].competent(), f.body().cavity().implants[0]);
  EXPECT_GT(f.body().cavity().implants[0], 5);
}

// While the membrane is whole, or where nothing is shed through it, nothing comes into the cavity;
// other windows have no serosa.
TEST(WindowCavity, IsEmptyWhereTheSerosaIsIntact) {
  for (const char* intact :
       {"matrix.membrane_resistance=1e6", "serosa.rate=0 1/h", "serosa.faces=[]"}) {
    Followed f(at_a_serosa({intact}));
    f.advance(20);
    EXPECT_EQ(f.body().cavity().shed(), 0) << intact;
    EXPECT_EQ(f.body().expected_cavity().shed(), 0) << intact;
    EXPECT_GT(f.body().natural().departed, 0);
  }
  const BodyConfig c = config_of(at_a_serosa());
  EXPECT_TRUE(lattice_of_window(*c.lattice, c.settings.body, 0, true).serosa.faces.empty());
}

// A primary whose window has closed goes on shedding into the cavity as it did, per cell at the
// surface of a sphere, unless the settings say how far it is exposed.
TEST(WindowCavity, GoesOnOnceTheWindowHasClosed) {
  for (const char* said : {"body.cavity.exposed=0", "body.cavity.exposed=0.25"}) {
    SCOPED_TRACE(said);
    Followed f(at_a_serosa({said, "body.cavity.rate=0.02 1/h", "body.windows.full=0.05",
                            "body.lesions.avascular=100", "intravasation.enabled=false",
                            "lymphatics.enabled=false", "body.lymph.share=0",
                            "body.shedding.fraction=0"}));
    const auto shed = [&] { return f.body().expected_cavity().shed(); };
    std::int64_t hour = 0;
    double last = 0, cells = 0;
    while (f.count(BodyEvent::What::closed) == 0 && hour < 60) {
      last = -shed();
      f.advance(++hour);
      last += shed();
      cells = static_cast<double>(f.body().lesions()[0].cells);
    }
    ASSERT_EQ(f.count(BodyEvent::What::closed), 1);
    ASSERT_GT(last, 1);
    EXPECT_GT(cells, 500);
    const ByPhenotype<std::int64_t> kinds = f.body().cavity().departed;
    const ByPhenotype<double> by_kind = f.body().expected_cavity().departed;
    const double before = shed(), drawn_before = static_cast<double>(f.body().cavity().shed());
    // From its cells then to those three hours on, by each one's two thirds.
    f.advance(hour + 3);
    const double grown = static_cast<double>(f.body().lesions()[0].cells) / cells;
    const double an_hour = said == std::string("body.cavity.exposed=0")
                               ? last
                               : 0.25 * 0.02 * std::cbrt(36 * pi) * std::pow(cells, 2.0 / 3);
    const double expected = shed() - before;
    // E-like and M-like ones as the window let them go; where the settings say how many, M-like.
    const double m_share =
        (f.body().expected_cavity().departed[m_like] - by_kind[m_like]) / expected;
    const double m_before = static_cast<double>(kinds[m_like]) / static_cast<double>(sum_of(kinds));
    EXPECT_LT(m_before, 0.9);
    EXPECT_NEAR(m_share, an_hour == last ? m_before : 1, 0.02);
    EXPECT_NEAR(expected / (3 * an_hour * std::pow(grown, 1.0 / 3)), 1, 0.005);
    EXPECT_NEAR(static_cast<double>(f.body().cavity().shed()) - drawn_before, expected,
                5 * std::sqrt(expected) + 1);
  }
  // Said to shed none, it sheds none.
  Followed none(at_a_serosa({"body.cavity.exposed=1", "body.cavity.rate=0 1/h",
                             "body.windows.full=0.05", "body.lesions.avascular=100"}));
  while (none.count(BodyEvent::What::closed) == 0) none.advance(none.body().steps() + 1);
  const double shed = none.body().expected_cavity().shed();
  none.advance(none.body().steps() + 2);
  EXPECT_EQ(none.body().expected_cavity().shed(), shed);
}

// ---- all ways

TEST(WindowRoutes, HaveTheSameBitsInAnyOrderOnAnyThreadsAndAfterARestart) {
  const std::vector<std::string> set =
      at_a_serosa({"body.reseeding=true", "body.windows.max=2", "body.lymph.dwell=12 h"});
  constexpr std::int64_t early = 5, end = 11;
  Followed first(set), threads(set, 3), second(set, 1, false);
  first.advance(early);
  threads.advance(end);
  move_state(first, second);
  ASSERT_EQ(first.bodies.hash(), second.bodies.hash());
  second.advance(end);
  first.advance(end);
  EXPECT_GT(first.body().lymph().epithelial[0], 0);
  EXPECT_GT(first.body().cavity().in_cavity(), 0);
  EXPECT_EQ(second.bodies.hash(), first.bodies.hash());
  EXPECT_EQ(threads.bodies.hash(), first.bodies.hash());
  std::vector<std::uint64_t> hashes;
  for (const bool backwards : {false, true}) {
    BodyPlan plan(first.config.settings);
    Windows windows(*first.config.lattice, plan, Executor::on_cpu(1));
    plan.first_cells = windows.open_primary({});
    Body body(plan, first.config.settings.simulation.seed);
    body.give_to_window(0, Origin::primary);
    for (std::int64_t hour = 0; hour < end; ++hour) windows.step(body, backwards);
    EXPECT_GE(windows.open().size(), 3u);
    hashes.push_back(mix64(windows.hash()) ^ body.hash());
  }
  EXPECT_EQ(hashes[0], hashes[1]);
}

TEST(WindowRoutes, SayWhatTheyCannotDo) {
  EXPECT_EQ(complaint(toy), "");
  expect_told(toy, "type body.lymph.share: 0.02", {"body.lymph.share=0"});
  expect_told(toy, "type lymphatics.enabled: true", {"lymphatics.enabled=false"});
  EXPECT_EQ(complaint(toy, {"lymphatics.enabled=false", "body.lymph.share=0"}), "");
  expect_told(toy, "type body.cavity.enabled: true", {"serosa.faces=[x_low]"});
  EXPECT_TRUE(config_of(at_a_serosa()).notes.empty());
}

} // namespace
} // namespace metavox
