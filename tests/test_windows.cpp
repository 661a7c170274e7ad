// Windows of a body: lattices around its primary, around founders, and around cells that are shown.
// Hand-over is exact, nothing depends on the order in which windows advance, on threads or on
// restarts, and a window whose cells are gone closes.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "body/body_config.hpp"
#include "body/window_lattice.hpp"
#include "body_support.hpp"
#include "core/random.hpp"
#include "support.hpp"
#include "windows_support.hpp"

namespace metavox {
namespace {

using namespace support;

// A small primary among capillaries that sheds thousands of cells a day, nearly all of which land
// in one of three organs; half of them competent.
const char* const toy = R"(
simulation: {duration: 3 day, seed: 3}
domain: {voxels: [24, 24, 24], spacing: 20 um}
tissue:
  parenchyma: 0.45
  stroma: 0.1
  cells: [{shape: sphere, kind: epithelial, radius: 100 um, mesenchymal_fraction: 0.4}]
vessels: {pattern: grid, spacing: 80 um}
intravasation: {enabled: true, rate: 0.04 1/h, clustering: 0.3}
body:
  primary: toy
  chambers: [{name: right, dwell: 0.25}, {name: left, dwell: 0.75}]
  organs:
    - {name: lung, drains: left, volume: 1 L, oxygen: 43 mmHg, matrix: 0.4, growth: 1.2}
    - {name: bone, drains: right, volume: 1 L, barrier: 0.5}
    - {name: brain, drains: right, volume: 1 L, barrier: 5}
  routes:
    - {from: right, through: lung, share: 1}
    - {from: left, through: bone, share: 0.7}
    - {from: left, through: brain, share: 0.3}
  primaries: [{name: toy, organ: bone, ways: [{to: right, share: 1}]}]
  lodged: {adhesion: 1 1/h}
  crossing: {out: 20 1/day}
  fate: {begin: 0.5, go_on: 1, human: 1, dormant: 0.3, asleep: 0.3, waking: 20 day}
  lesions: {growth: radial}
  coupling: linear
  windows: {max: 4, shown: 2, size: 400 um, full: 0.5}
)";

BodyConfig config_of(const std::vector<std::string>& set = {}) {
  return read_body_text(toy, "test.yaml", set);
}

struct Followed : FollowedWindows {
  explicit Followed(const std::vector<std::string>& set = {}, int threads = 1, bool fresh = true)
      : FollowedWindows(config_of(set), threads, fresh) {}
};

// Windows around founders close soon, the primary's does not: its faces are shut.
std::vector<std::string> restless(std::vector<std::string> set) {
  for (const char* s :
       {"oxygen.faces=no_flux", "body.windows.size=360 um", "body.windows.margin=140 um"})
    set.emplace_back(s);
  return set;
}

const Lesion& lesion_of(const Body& body, const WindowRecord& r) {
  return *body.lesion(r.lesion, r.origin);
}

TEST(Windows, ThePrimaryAloneHasTheBitsOfItsSite) {
  Followed f({"body.windows.max=0", "body.windows.shown=0"});
  Site alone(*f.config.lattice, Executor::on_cpu(1));
  for (std::int64_t hour = 1; hour <= 24; ++hour) {
    f.advance(hour);
    for (int k = 0; k < 10; ++k) alone.step();
    ASSERT_EQ(f.windows().open().size(), 1u);
    ASSERT_EQ(f.windows().open()[0]->site.hash(), alone.hash()) << hour;
    alone.take_departures();
  }
  EXPECT_GT(f.body().natural().departed, 20);
}

// Cell by cell: what left the site is what flows, dies, lodges or lands.
TEST(Windows, WhatDepartsFromAWindowArrivesInTheBody) {
  Followed f({"body.windows.max=0", "body.windows.shown=0"});
  Site alone(*f.config.lattice, Executor::on_cpu(1));
  std::map<std::pair<std::int64_t, std::int64_t>, int> clusters;
  std::int64_t cells = 0;
  for (int k = 0; k < 240; ++k) {
    alone.step();
    for (const Departure& d : alone.take_departures()) {
      ++clusters[{d.step, d.number}];
      ++cells;
    }
  }
  f.advance(24);
  EXPECT_EQ(f.body().natural().departed, cells);
  EXPECT_EQ(f.body().lesions()[0].departed, cells);
  EXPECT_GT(cells, static_cast<std::int64_t>(clusters.size())); // some went together
  const TumourBalance b = alone.tumour();
  const Lesion& primary = f.body().lesions()[0];
  EXPECT_EQ(primary.cells, b.cells);
  EXPECT_EQ(primary.births, b.births);
  EXPECT_EQ(primary.deaths, b.deaths);
  // Expected: the chances of all who might have left.
  EXPECT_NEAR(f.body().expected().departed, static_cast<double>(cells),
              4 * std::sqrt(static_cast<double>(cells)));
}

TEST(Windows, AgreeWithTheirLesionsInEveryHour) {
  Followed f(restless({"body.windows.max=2", "body.windows.shown=1"}));
  std::size_t most = 0;
  for (std::int64_t hour = 1; hour <= 60; ++hour) {
    f.advance(hour);
    std::size_t others = 0;
    for (const auto& w : f.windows().open()) {
      const WindowRecord& r = f.windows().record(w->number);
      others += r.origin == Origin::primary ? 0 : 1;
      if (r.lesion < 0) continue;
      const Lesion& l = lesion_of(f.body(), r);
      ASSERT_EQ(l.counted_by, CountedBy::window);
      ASSERT_EQ(l.cells, cells_of(*w)) << "window " << w->number << " hour " << hour;
      ASSERT_EQ(l.organ, r.organ);
    }
    most = std::max(most, others);
    ASSERT_LE(others, 2u);
  }
  EXPECT_EQ(most, 2u);
  EXPECT_GT(f.count(BodyEvent::What::opened), 0);
  EXPECT_GT(f.count(BodyEvent::What::uncovered), 0);
  EXPECT_EQ(f.count(BodyEvent::What::shown), 1);
  // Closed windows gave back what they had, and are counters that go on.
  std::int64_t closed = 0;
  for (const WindowRecord& r : f.windows().all())
    if (r.closed >= 0 && r.lesion >= 0) {
      EXPECT_EQ(lesion_of(f.body(), r).counted_by, CountedBy::body);
      ++closed;
    }
  EXPECT_EQ(f.count(BodyEvent::What::closed), closed);
  EXPECT_GT(closed, 0);
}

TEST(Windows, TooLargeAPrimaryGoesOnAsACounter) {
  Followed f({"body.windows.full=0.05", "body.windows.max=0", "body.windows.shown=0"});
  Site alone(*f.config.lattice, Executor::on_cpu(1));
  std::int64_t hour = 0;
  while (f.windows().open().size() == 1 && hour < 72) {
    f.advance(++hour);
    for (int k = 0; k < 10; ++k) alone.step();
  }
  ASSERT_LT(hour, 72);
  ASSERT_EQ(f.count(BodyEvent::What::closed), 1);
  const Lesion before = f.body().lesions()[0];
  EXPECT_EQ(before.cells, alone.tumour().cells); // handed over to the last cell
  EXPECT_GT(before.cells, static_cast<std::int64_t>(0.05 * 24 * 24 * 24));
  EXPECT_EQ(f.events.back().lesion.cells, before.cells);
  f.advance(hour + 24);
  EXPECT_EQ(f.body().lesions()[0].counted_by, CountedBy::body);
  EXPECT_GT(f.body().lesions()[0].cells, before.cells);
}

// Its window is closed and what it held is gone, to the last cell; nothing departs any more.
TEST(Windows, OfAPrimaryCloseWhenItIsRemoved) {
  Followed f({"body.removal.time=12 h", "body.windows.shown=0", "body.windows.max=2",
              "body.reseeding=false"});
  Site alone(*f.config.lattice, Executor::on_cpu(1));
  for (int k = 0; k < 120; ++k) alone.step();
  f.advance(11);
  EXPECT_EQ(f.windows().record(0).closed, -1);
  f.advance(12);
  EXPECT_EQ(f.windows().record(0).closed, 12);
  const Lesion& primary = f.body().lesions()[0];
  EXPECT_EQ(primary.resected, alone.tumour().cells + alone.tumour().waiting);
  EXPECT_EQ(primary.cells, 0);
  EXPECT_EQ(f.count(BodyEvent::What::removed), 1);
  const std::int64_t departed = f.body().natural().departed;
  EXPECT_GT(departed, 10);
  f.advance(30);
  EXPECT_EQ(f.body().natural().departed, departed);
  EXPECT_EQ(f.count(BodyEvent::What::removed), 1);
  Followed again({"body.removal.time=12 h", "body.windows.shown=0", "body.windows.max=2",
                  "body.reseeding=false"},
                 1, false);
  Followed half({"body.removal.time=12 h", "body.windows.shown=0", "body.windows.max=2",
                 "body.reseeding=false"},
                2);
  half.advance(14);
  move_state(half, again);
  again.advance(30);
  EXPECT_EQ(again.bodies.hash(), f.bodies.hash());
}

// What a window held is spilled as what a counter had: it flows in the hour after.
TEST(Windows, OfAPrimarySpillWhenItIsRemoved) {
  Followed f({"body.removal.time=12 h", "body.windows.shown=0", "body.windows.max=2",
              "body.reseeding=false", "body.removal.spill_blood=0.3"});
  f.advance(12);
  const Lesion& primary = f.body().lesions()[0];
  const std::int64_t departed = f.body().natural().departed,
                     spilled = f.body().spilled_into_blood();
  const auto held = static_cast<double>(primary.resected + spilled);
  EXPECT_EQ(primary.cells, 0);
  EXPECT_EQ(primary.spilled, spilled);
  EXPECT_NEAR(static_cast<double>(spilled), 0.3 * held, 4 * std::sqrt(0.21 * held));
  f.advance(13);
  EXPECT_EQ(f.body().natural().departed, departed + spilled);
  f.advance(20);
  EXPECT_EQ(f.body().natural().departed, departed + spilled);
}

// All windows close when the patient dies, each into a counter with its cells; then nothing moves.
TEST(Windows, CloseWhenThePatientDies) {
  const std::vector<std::string> set{"body.death.others=true", "body.host.mortality=2 1/day",
                                     "body.windows.shown=1", "body.windows.max=3"};
  Followed f(set);
  std::int64_t hour = 0;
  std::map<std::int64_t, std::int64_t> before; // cells by window
  while (f.body().died() < 0 && hour < 72) {
    before.clear();
    for (const auto& w : f.windows().open()) before[w->number] = cells_of(*w);
    f.advance(++hour);
  }
  ASSERT_EQ(f.body().died(), hour);
  ASSERT_GT(hour, 3);
  EXPECT_FALSE(before.empty());
  EXPECT_TRUE(f.windows().open().empty());
  EXPECT_EQ(f.count(BodyEvent::What::died_otherwise), 1);
  for (const WindowRecord& r : f.windows().all()) {
    EXPECT_GE(r.closed, 0);
    if (r.lesion >= 0) {
      EXPECT_EQ(lesion_of(f.body(), r).counted_by, CountedBy::body);
    }
  }
  const Lesion primary = f.body().lesions()[0];
  const std::int64_t landed = f.body().natural().organs[0].landed;
  f.advance(hour + 20);
  EXPECT_EQ(f.body().steps(), hour + 20);
  EXPECT_EQ(f.body().lesions()[0].cells, primary.cells);
  EXPECT_EQ(f.body().lesions()[0].births, primary.births);
  EXPECT_EQ(f.body().natural().organs[0].landed, landed);
  EXPECT_TRUE(f.windows().open().empty());
}

TEST(Windows, GoOnWithTheSameBitsOnAnyThreadsAndAfterARestart) {
  // Lesions reseed, windows close and are opened for others.
  const std::vector<std::string> set =
      restless({"body.windows.max=3", "body.windows.shown=1", "body.reseeding=true"});
  constexpr std::int64_t early = 8, end = 24;
  Followed first(set);
  first.advance(early);
  const std::uint64_t hash_early = first.bodies.hash();
  for (const int threads : {2, 3}) {
    Followed f(set, threads);
    f.advance(early);
    EXPECT_EQ(f.bodies.hash(), hash_early) << threads;
  }
  std::deque<Followed> restarted;
  for (const std::int64_t hour : {early, std::int64_t{16}}) {
    first.advance(hour);
    Followed& second = restarted.emplace_back(set, 1, false);
    move_state(first, second);
    ASSERT_EQ(first.bodies.hash(), second.bodies.hash()) << hour;
    second.advance(end);
  }
  EXPECT_GE(first.windows().open().size(), 3u);
  EXPECT_GE(first.count(BodyEvent::What::closed), 1);
  first.advance(end);
  for (const Followed& f : restarted) EXPECT_EQ(f.bodies.hash(), first.bodies.hash());
}

// With reseeding a metastasis' window lets cells go, into the blood behind its organ; without it
// none leaves.
TEST(Windows, ShedWhereMetastasesReseed) {
  for (const bool reseeding : {true, false}) {
    Followed f({"intravasation.rate=60 1/h", "body.windows.shown=0",
                "body.windows.capillaries=40 um", "body.windows.margin=0 um",
                std::string("body.reseeding=") + (reseeding ? "true" : "false")});
    f.advance(30);
    std::int64_t departed = 0;
    for (const Lesion& l : f.body().lesions())
      departed += l.origin == Origin::natural ? l.departed : 0;
    EXPECT_EQ(departed > 0, reseeding);
    EXPECT_EQ(f.body().natural().departed, f.body().lesions()[0].departed + departed);
    EXPECT_GT(f.count(BodyEvent::What::opened), 0);
  }
}

TEST(Windows, AdvanceInAnyOrder) {
  const BodyConfig c = config_of();
  std::vector<std::uint64_t> hashes;
  for (const bool backwards : {false, true}) {
    BodyPlan plan(c.settings);
    Windows windows(*c.lattice, plan, Executor::on_cpu(1));
    plan.first_cells = windows.open_primary({});
    Body body(plan, c.settings.simulation.seed);
    body.give_to_window(0, Origin::primary);
    for (int hour = 0; hour < 30; ++hour) windows.step(body, backwards);
    EXPECT_GE(windows.open().size(), 3u);
    hashes.push_back(mix64(windows.hash()) ^ body.hash());
  }
  EXPECT_EQ(hashes[0], hashes[1]);
}

// Nothing forced is natural: the natural numbers are those of a run in which nothing is forced, as
// forced lesions stand aside and shed nothing.
TEST(Windows, ForcedOnesAreNeverCountedNatural) {
  const std::vector<std::string> set{"body.fate.asleep=0", "body.fate.human=0.02",
                                     "body.windows.shown=0"};
  const std::string force = "  force: [{organ: brain, per: 12 h, founders: 1}]\n  windows:";
  std::string yaml = toy;
  yaml.replace(yaml.find("  windows:"), 10, force);
  const BodyConfig c = read_body_text(yaml, "test.yaml", set);
  const BodyConfig bare_config = config_of(set);
  std::vector<Stages<std::int64_t>> natural;
  std::vector<double> expected;
  std::vector<std::int64_t> lesions;
  for (const BodyConfig* config : {&c, &bare_config}) {
    Replicates bodies(config->settings, 48);
    const ExternalArrays external;
    bodies.open_windows(*config->lattice, Executor::on_cpu(1), &external);
    std::vector<ReplicateEvent> events = bodies.advance(40, 1);
    const Body& body = bodies.natural(0);
    std::int64_t windows_of_forced = 0;
    for (const WindowRecord& r : bodies.windows()->all())
      windows_of_forced += r.origin == Origin::forced ? 1 : 0;
    for (const auto& w : bodies.windows()->open()) {
      const WindowRecord& r = bodies.windows()->record(w->number);
      if (r.origin != Origin::forced) continue;
      EXPECT_FALSE(w->site.parameters().intravasation.enabled);
      EXPECT_EQ(lesion_of(body, r).cells, cells_of(*w));
      EXPECT_EQ(lesion_of(body, r).departed, 0);
      EXPECT_EQ(lesion_of(body, r).origin, Origin::forced);
    }
    if (config == &c) {
      EXPECT_GE(windows_of_forced, 2);
    } else {
      EXPECT_EQ(windows_of_forced, 0);
    }
    natural.push_back(body.natural());
    expected.push_back(body.expected_founders());
    lesions.push_back(static_cast<std::int64_t>(body.lesions().size()));
    for (const ReplicateEvent& e : events)
      if (e.event.what == BodyEvent::What::forced) {
        EXPECT_EQ(e.lesion.origin, Origin::forced);
      }
  }
  EXPECT_EQ(expected[0], expected[1]);
  EXPECT_EQ(lesions[0], lesions[1]);
  for (std::size_t o = 0; o < 3; ++o) {
    EXPECT_EQ(natural[0].organs[o].landed, natural[1].organs[o].landed);
    EXPECT_EQ(natural[0].organs[o].fate, natural[1].organs[o].fate);
  }
}

// Cells that die in a week are gone: their window closes with none, and its lesion's ledger says
// so.
TEST(Windows, CloseWhenTheirCellsAreGone) {
  Followed f({"cycle.enabled=false", "death.apoptosis=0.05 1/h", "intravasation.rate=0.2 1/h",
              "body.windows.shown=1"});
  f.advance(72);
  std::int64_t gone = 0, died = f.count(BodyEvent::What::died_out);
  for (const WindowRecord& r : f.windows().all()) {
    if (r.lesion <= 0) continue;
    const Lesion& l = lesion_of(f.body(), r);
    if (r.closed < 0) continue;
    ++gone;
    EXPECT_EQ(l.cells, 0);
    EXPECT_EQ(l.founded_with + l.births, l.deaths + l.departed);
    EXPECT_EQ(l.counted_by, CountedBy::body);
  }
  EXPECT_GE(gone, 1);
  EXPECT_GE(died, gone);
  EXPECT_EQ(f.count(BodyEvent::What::closed), gone + (f.windows().record(0).closed >= 0 ? 1 : 0));
}

TEST(Windows, StandInTheTissueOfTheirOrgan) {
  const BodyConfig c = config_of();
  const Parameters lung = lattice_of_window(*c.lattice, c.settings.body, 0, true);
  EXPECT_EQ(lung.domain.voxels, (std::array<int, 3>{20, 20, 20}));
  EXPECT_EQ(lung.oxygen.tissue_pressure, 43);
  EXPECT_EQ(lung.oxygen.inlet_oxygen, 51);
  for (const Face& face : lung.oxygen.faces) EXPECT_EQ(face.value, 43);
  EXPECT_EQ(lung.matrix.density, 0.4);
  EXPECT_EQ(lung.vessels.spacing, 100);
  EXPECT_EQ(lung.cycle.epithelial, c.lattice->cycle.epithelial / 1.2);
  EXPECT_TRUE(lung.tissue.cells.empty());
  EXPECT_TRUE(lung.intravasation.enabled);
  EXPECT_FALSE(lattice_of_window(*c.lattice, c.settings.body, 0, false).intravasation.enabled);
}

// Counted before anything is allocated, for as many as may be open.
TEST(Windows, TakeTheMemoryThatIsCounted) {
  Followed f({"body.windows.max=3", "body.windows.shown=3", "oxygen.faces=no_flux"});
  std::int64_t hour = 0;
  while (f.windows().open().size() < 4 && hour < 40) f.advance(++hour);
  ASSERT_EQ(f.windows().open().size(), 4u);
  const std::size_t taken = f.windows().open()[0]->site.executor().memory_allocated();
  const std::uint64_t counted = Windows::device_bytes(*f.config.lattice, f.config.settings.body);
  EXPECT_LE(taken, counted);
  EXPECT_GT(static_cast<double>(taken), 0.7 * static_cast<double>(counted));
}

// What is read again is the same body and the same lattice.
TEST(Windows, ResolvedConfigurationsRepeatTheRun) {
  const BodyConfig c = config_of();
  const BodyConfig again = read_body_text(c.resolved, "resolved.yaml");
  EXPECT_EQ(c.resolved, again.resolved);
  ASSERT_TRUE(again.lattice);
  EXPECT_EQ(again.settings.body.step, 60);
  EXPECT_EQ(again.settings.simulation.duration, 3 * 1440);
  EXPECT_EQ(again.lattice->simulation.duration, 3 * 1440);
}

TEST(Windows, SayWhatTheyCannotDo) {
  expect_told(toy, "whole number of time.vessel_step", {"body.step=45 min"});
  expect_told(toy, "body.lymph.share: 0.02", {"lymphatics.enabled=true"});
  expect_told(toy, "body.cavity.enabled: true", {"serosa.faces=[x_low]"});
  expect_told(toy, "replicates must be 1", {"body.replicates=2"});
  expect_told(toy, "whole multiple", {"body.windows.size=410 um"});
  expect_told(toy, "does not divide", {"fields.coarsen=4", "body.windows.size=440 um"});
  expect_told(toy, "max", {"body.windows.max=-1"});
  expect_told(toy, "winodws", {"body.winodws.max=1"});
  expect_told(toy, "body.patients", {"body.patients=4"});
}

} // namespace
} // namespace metavox
