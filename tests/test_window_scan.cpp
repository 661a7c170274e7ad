// Lesions that are counted become windows and counters again: exact in number both ways, placed
// ball-like around the middle, booked in the ledger; the same bits over threads and restarts; what
// does not fit stays a counter and is said.

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
#include "support.hpp"
#include "voxel/ledger.hpp"
#include "windows_support.hpp"

namespace metavox {
namespace {

using namespace support;

// A primary that sheds many cells which found lesions; these are counted and grow tenfold in half a
// day.
const char* const toy = R"(
simulation: {duration: 4 day, seed: 3}
domain: {voxels: [24, 24, 24], spacing: 20 um}
tissue:
  parenchyma: 0.45
  stroma: 0.1
  cells: [{shape: sphere, kind: epithelial, radius: 100 um, mesenchymal_fraction: 0.4}]
vessels: {pattern: grid, spacing: 80 um}
oxygen: {faces: no_flux}
intravasation: {enabled: true, rate: 0.04 1/h, clustering: 0.3}
transition: {enabled: true}
body:
  primary: toy
  chambers: [{name: right, dwell: 0.25}, {name: left, dwell: 0.75}]
  organs:
    - {name: lung, drains: left, volume: 1 L, oxygen: 43 mmHg, matrix: 0.4}
    - {name: bone, drains: right, volume: 1 L, barrier: 0.5}
    - {name: brain, drains: right, volume: 1 L, barrier: 5}
  routes:
    - {from: right, through: lung, share: 1}
    - {from: left, through: bone, share: 0.7}
    - {from: left, through: brain, share: 0.3}
  primaries: [{name: toy, organ: bone, ways: [{to: right, share: 1}]}]
  lodged: {adhesion: 1 1/h}
  crossing: {out: 20 1/day}
  fate: {begin: 0.5, go_on: 1, human: 1, dormant: 0.3, asleep: 0, waking: 20 day}
  lesions: {growth: radial, radial_fastest: 0.25 1/h, radial_rate: 1 1/h, radial_cells: 1e9}
  coupling: linear
  windows: {max: 4, shown: 0, size: 400 um, full: 0.5, founders: false}
)";

std::string with_scan(const std::string& scan) {
  std::string yaml = toy;
  yaml.replace(yaml.find("founders: false}"), 16, "founders: false, scan: [" + scan + "]}");
  return yaml;
}

struct Followed : FollowedWindows {
  explicit Followed(const std::string& scan, const std::vector<std::string>& set = {},
                    int threads = 1, bool fresh = true)
      : FollowedWindows(read_body_text(with_scan(scan), "test.yaml", set), threads, fresh) {}
};

const Lesion& lesion_of(const Body& body, const WindowRecord& r) {
  return *body.lesion(r.lesion, r.origin);
}

std::vector<std::uint8_t> kinds_of(const Site& site) {
  const auto& n = site.parameters().domain.voxels;
  std::vector<std::uint8_t> kinds(static_cast<std::size_t>(n[0]) * n[1] * n[2]);
  site.read("kind", kinds.data());
  return kinds;
}
std::int64_t flow_of(const Site& site, int from, int to) {
  std::vector<std::int64_t> ledger(ledger_entries);
  site.read("ledger", ledger.data());
  return ledger[static_cast<std::size_t>(from * flow_width + to)];
}
std::int64_t count_of(const std::vector<std::uint8_t>& kinds, Kind k) {
  return std::count(kinds.begin(), kinds.end(), static_cast<std::uint8_t>(k));
}

Parameters lattice_in_the_lung(const std::vector<std::string>& set = {}) {
  const BodyConfig c = read_body_text(toy, "test.yaml", set);
  return lattice_of_window(*c.lattice, c.settings.body, 0, true);
}
constexpr int edge = 20; // voxels of a window
constexpr std::int64_t middle = (std::int64_t{edge / 2} * edge + edge / 2) * edge + edge / 2;

CountedLesion lesion_with(std::int64_t cells, double mesenchymal = 0.3) {
  Cell founder;
  founder.kind = Kind::mesenchymal;
  founder.flags = flag_competent;
  founder.clone = 7;
  founder.traits = 0x0102030405060708ULL;
  return {cells, middle, founder, mesenchymal};
}

// Any number, to the last cell; what stood there is handed over and nothing else has changed.
TEST(HandOver, IsExactForAnyNumber) {
  const Parameters p = lattice_in_the_lung();
  Dice dice(11);
  std::vector<std::int64_t> numbers{1, 2, 7, 4000};
  for (int k = 0; k < 12; ++k) numbers.push_back(1 + dice.below(4000));
  for (const std::int64_t n : numbers) {
    SCOPED_TRACE(n);
    Site site(p, Executor::on_cpu(1), {}, {static_cast<std::uint64_t>(n)});
    const std::vector<std::uint8_t> before = kinds_of(site);
    ASSERT_EQ(site.tumour().cells, 0);
    site.hand_over(lesion_with(n));
    const std::vector<std::uint8_t> after = kinds_of(site);
    const TumourBalance b = site.tumour();
    EXPECT_EQ(b.cells, n);
    EXPECT_EQ(b.came, n);
    EXPECT_EQ(b.births + b.deaths + b.departed + b.waiting, 0);
    EXPECT_EQ(count_of(after, Kind::epithelial) + count_of(after, Kind::mesenchymal), n);
    EXPECT_EQ(count_of(after, Kind::vessel), count_of(before, Kind::vessel));
    constexpr int handed = static_cast<int>(Reservoir::handed_over);
    std::int64_t came = 0, free = count_of(before, Kind::none) - count_of(after, Kind::none);
    for (const Kind k : {Kind::parenchyma, Kind::stroma, Kind::epithelial, Kind::mesenchymal}) {
      const std::int64_t to = flow_of(site, handed, static_cast<int>(k)),
                         from = flow_of(site, static_cast<int>(k), handed);
      EXPECT_EQ(count_of(after, k) - count_of(before, k), to - from) << static_cast<int>(k);
      came += to;
      free += from;
    }
    EXPECT_EQ(came, n);
    EXPECT_EQ(free, n);
    for (int k = 0; k < 20; ++k) site.step(); // which checks its ledger
    const TumourBalance now = site.tumour();
    EXPECT_EQ(now.cells + now.waiting, n + now.births - now.deaths - now.departed);
  }
}

// No free place is nearer than one that is taken, and ties go by rank: not the first in the row.
TEST(HandOver, FillsTheNearestPlaces) {
  const Parameters p = lattice_in_the_lung();
  std::vector<std::vector<std::uint8_t>> shapes;
  for (const std::uint64_t number : {5u, 6u}) {
    Site site(p, Executor::on_cpu(1), {}, {number});
    site.hand_over(lesion_with(350));
    std::int64_t farthest = 0, nearest_left = 1 << 30;
    std::vector<std::uint8_t> kinds = kinds_of(site), taken;
    for (std::int64_t v = 0; v < edge * edge * edge; ++v) {
      const std::int64_t x = v % edge - edge / 2, y = v / edge % edge - edge / 2,
                         z = v / edge / edge - edge / 2;
      const std::int64_t far = x * x + y * y + z * z;
      const auto kind = static_cast<Kind>(kinds[static_cast<std::size_t>(v)]);
      taken.push_back(is_tumour(kind) ? 1 : 0);
      if (is_tumour(kind))
        farthest = std::max(farthest, far);
      else if (kind != Kind::vessel)
        nearest_left = std::min(nearest_left, far);
    }
    EXPECT_LE(farthest, nearest_left);
    shapes.push_back(taken);
  }
  EXPECT_NE(shapes[0], shapes[1]);
}

// Founder's traits and clone; phenotypes by their share; ages of a population that grows
// exponentially, whose mean is 1/ln2 - 1 of a cycle; stem cells as at a start.
TEST(HandOver, GivesCellsWhatTheirLesionIsKnownToBe) {
  const Parameters p = lattice_in_the_lung({"stem.enabled=true", "stem.fraction=0.2"});
  Site site(p, Executor::on_cpu(1), {}, {9});
  constexpr std::int64_t n = 3000;
  site.hand_over(lesion_with(n, 0.3));
  const std::vector<std::uint8_t> kinds = kinds_of(site);
  std::vector<std::uint16_t> clock(kinds.size()), clone(kinds.size()), flags(kinds.size());
  std::vector<std::uint64_t> traits(kinds.size());
  site.read("clock", clock.data());
  site.read("clone", clone.data());
  site.read("flags", flags.data());
  site.read("traits", traits.data());
  Moments age;
  std::int64_t stem = 0;
  for (std::size_t v = 0; v < kinds.size(); ++v) {
    if (!is_tumour(static_cast<Kind>(kinds[v]))) continue;
    age.add(static_cast<double>(clock[v] - clock_zero) / clock_unit);
    stem += (flags[v] & flag_stem) != 0 ? 1 : 0;
    ASSERT_EQ(clone[v], 7);
    ASSERT_EQ(traits[v], 0x0102030405060708ULL);
    ASSERT_EQ(flags[v] & ~flag_stem, flag_competent);
  }
  EXPECT_NEAR(age.mean(), 1 / std::log(2.0) - 1, 4 * age.error());
  EXPECT_NEAR(static_cast<double>(count_of(kinds, Kind::mesenchymal)), 0.3 * n,
              4 * std::sqrt(0.21 * n));
  EXPECT_NEAR(static_cast<double>(stem), 0.2 * n, 4 * std::sqrt(0.16 * n));
}

TEST(HandOver, IsTheSameOnEveryBackEnd) {
  const Parameters p = lattice_in_the_lung();
  std::vector<std::uint64_t> hashes;
  for (const Executor& e : executors()) {
    Site site(p, e, {}, {4});
    site.hand_over(lesion_with(900));
    for (int k = 0; k < 10; ++k) site.step();
    hashes.push_back(site.hash());
  }
  for (const std::uint64_t hash : hashes) EXPECT_EQ(hash, hashes[0]);
}

// More than there is room for, none, a place outside: refused, and the tissue is as it was.
TEST(HandOver, RefusesWhatItCannotPlace) {
  Site site(lattice_in_the_lung(), Executor::on_cpu(1));
  const std::uint64_t before = site.hash();
  const std::int64_t places = edge * edge * edge - count_of(kinds_of(site), Kind::vessel);
  CountedLesion outside = lesion_with(5);
  outside.voxel = edge * edge * edge;
  for (const CountedLesion& l : {lesion_with(places + 1), lesion_with(0), outside})
    EXPECT_THROW(site.hand_over(l), std::invalid_argument);
  EXPECT_EQ(site.hash(), before);
  site.hand_over(lesion_with(places));
  EXPECT_EQ(site.tumour().cells, places);
  EXPECT_THROW(site.hand_over(lesion_with(1)), std::invalid_argument); // none is lost for another
}

// A run with scans and one without have the same lesions, cell by cell, when the scan has just
// been; from then on windows and lesions agree by the hour, until each is a counter again.
TEST(WindowScan, NeitherLosesNorGainsACell) {
  std::int64_t opened = 0, closed = 0, unfit = 0;
  std::vector<std::int64_t> sizes;
  for (const int seed : {3, 4, 5}) {
    const std::vector<std::string> set{"body.windows.max=6", "body.windows.margin=140 um",
                                       "simulation.seed=" + std::to_string(seed)};
    Followed bare("", set);
    Followed f("{time: 22 h}, {time: 30 h}", set);
    std::map<std::int64_t, std::int64_t> in_window; // of lesions, an hour ago
    for (std::int64_t hour = 1; hour <= 44; ++hour) {
      bare.advance(hour);
      f.advance(hour);
      if (hour <= 22) {
        ASSERT_EQ(f.body().lesions().size(), bare.body().lesions().size());
        for (std::size_t k = 0; k < f.body().lesions().size(); ++k) {
          ASSERT_EQ(f.body().lesions()[k].cells, bare.body().lesions()[k].cells) << hour;
          ASSERT_EQ(f.body().lesions()[k].births, bare.body().lesions()[k].births) << hour;
        }
      }
      std::int64_t others = 0;
      for (const auto& w : f.windows().open()) {
        const WindowRecord& r = f.windows().record(w->number);
        const Lesion& l = lesion_of(f.body(), r);
        ASSERT_EQ(l.cells, cells_of(*w)) << hour;
        ASSERT_EQ(l.counted_by, CountedBy::window);
        others += r.origin == Origin::primary ? 0 : 1;
        if (r.origin == Origin::natural && r.opened == hour) sizes.push_back(l.cells);
      }
      ASSERT_LE(others, 6);
      ASSERT_TRUE(hour >= 22 || others == 0) << hour;
    }
    opened += f.count(BodyEvent::What::opened);
    closed += f.count(BodyEvent::What::closed);
    unfit += f.count(BodyEvent::What::unfit);
    for (const ReplicateEvent& e : f.events)
      if (e.event.what == BodyEvent::What::unfit) {
        EXPECT_EQ(e.lesion.counted_by, CountedBy::body);
        EXPECT_EQ(e.event.window, -1);
        EXPECT_GT(e.lesion.cells, 80); // a ball within 3 voxels of the middle has 93 places
      }
  }
  EXPECT_GE(opened, 18);
  EXPECT_GE(closed, 6);
  EXPECT_GE(unfit, 3);
  std::sort(sizes.begin(), sizes.end());
  EXPECT_GT(sizes.back(), 40);
  EXPECT_GE(std::unique(sizes.begin(), sizes.end()) - sizes.begin(), 10);
}

// The largest that have room come first; of smaller ones than asked for, and of other organs, none.
TEST(WindowScan, LooksAtTheLargestLesionsThatWereAskedFor) {
  Followed f("{time: 25 h, organ: lung, least: 10}", {"body.windows.max=3"});
  f.advance(25);
  std::vector<std::int64_t> counted;
  std::int64_t smallest = 1 << 30, windows = 0;
  for (const Lesion& l : f.body().lesions()) {
    if (l.origin != Origin::natural) continue;
    if (l.counted_by == CountedBy::window) {
      EXPECT_EQ(l.organ, 0);
      EXPECT_GE(l.cells, 10);
      smallest = std::min(smallest, l.cells);
      ++windows;
    } else if (l.organ == 0) {
      counted.push_back(l.cells);
    }
  }
  EXPECT_EQ(windows, 3);
  for (const std::int64_t n : counted) EXPECT_LE(n, smallest);
  std::int64_t left = 0;
  for (const ReplicateEvent& e : f.events)
    if (e.event.what == BodyEvent::What::uncovered) {
      EXPECT_EQ(e.lesion.organ, 0);
      EXPECT_GE(e.lesion.cells, 10);
      ++left;
    }
  EXPECT_GT(left, 0);
  EXPECT_EQ(f.count(BodyEvent::What::opened), 3);
  // Those that were there when lesions stayed counters and nobody looked: none.
  Followed early("{time: 25 h}");
  early.advance(24);
  EXPECT_EQ(early.count(BodyEvent::What::opened) + early.count(BodyEvent::What::uncovered), 0);
}

TEST(WindowScan, HasTheSameBitsOnAnyThreadsAndAfterARestart) {
  const std::string scan = "{time: 20 h}, {time: 26 h, least: 4}";
  const std::vector<std::string> set{"body.windows.margin=140 um", "body.reseeding=true"};
  constexpr std::int64_t end = 28;
  Followed first(scan, set);
  std::deque<Followed> others;
  for (const std::int64_t hour : {19, 20}) { // before the first scan, and after it
    first.advance(hour);
    Followed& second = others.emplace_back(scan, set, hour == 20 ? 3 : 1, false);
    move_state(first, second);
    ASSERT_EQ(first.bodies.hash(), second.bodies.hash()) << hour;
    second.advance(end);
  }
  first.advance(end);
  EXPECT_GT(first.count(BodyEvent::What::opened), 4);
  for (const Followed& f : others) EXPECT_EQ(f.bodies.hash(), first.bodies.hash());
}

// A lesion that was a window once keeps its founder, over a restart as well.
TEST(WindowScan, KnowsTheFounderOfALesionAgain) {
  const std::string scan = "{time: 20 h}, {time: 34 h}";
  const std::vector<std::string> set{"body.windows.margin=160 um", "body.windows.max=40",
                                     "body.lesions.radial_fastest=0.1 1/h"};
  Followed f(scan, set), restarted(scan, set, 1, false);
  std::map<std::int64_t, WindowFounder> founders; // by lesion
  int again = 0;
  for (std::int64_t hour = 1; hour <= 34; ++hour) {
    f.advance(hour);
    if (hour == 33) move_state(f, restarted);
    for (const WindowFounder& w : f.windows().founders()) {
      const std::int64_t lesion = f.windows().record(w.window).lesion;
      const auto [known, fresh] = founders.try_emplace(lesion, w);
      if (fresh) continue;
      ++again;
      EXPECT_EQ(w.cell.traits, known->second.cell.traits);
      EXPECT_EQ(w.cell.clone, known->second.cell.clone);
      EXPECT_EQ(w.cell.kind, known->second.cell.kind);
    }
  }
  EXPECT_GT(again, 0);
  restarted.advance(34);
  EXPECT_EQ(restarted.bodies.hash(), f.bodies.hash());
}

// Counted before anything is allocated, for as many as may be open.
TEST(WindowScan, TakesTheMemoryThatIsCounted) {
  Followed f("{time: 24 h}", {"body.windows.max=3"});
  f.advance(24);
  ASSERT_EQ(f.windows().open().size(), 4u);
  EXPECT_LE(f.windows().open()[0]->site.executor().memory_allocated(),
            Windows::device_bytes(*f.config.lattice, f.config.settings.body));
}

TEST(WindowScan, SaysWhatItCannotDo) {
  expect_told(with_scan("{time: 3 day, organ: lungs}"), "lungs");
  expect_told(with_scan("{organ: lung}"), "time");
  expect_told(with_scan("{time: 3}"), "unit");
  expect_told(with_scan("{time: 3 day, leest: 4}"), "leest");
  expect_told(with_scan("{time: 3 day}"), "type body.windows.max: 8", {"body.windows.max=0"});
  expect_told(toy_body + "  windows: {scan: [{time: 3 day}]}\n", "add the sections");
  EXPECT_EQ(complaint(with_scan("{time: 3 day}")), "");
}

} // namespace
} // namespace metavox
