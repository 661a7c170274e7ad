// Where the first cell of a body's window lands: beside a vessel with blood in it, near the middle,
// by the free cells that the flow loses there, and never so near to a face that its window closes
// at once.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "body/body_config.hpp"
#include "body/window_lattice.hpp"
#include "body_support.hpp"
#include "support.hpp"
#include "windows_support.hpp"

namespace metavox {
namespace {

using namespace support;

// A primary that sheds many cells, of which many found lesions.
const char* const toy = R"(
simulation: {duration: 3 day, seed: 3}
domain: {voxels: [16, 16, 16], spacing: 20 um}
tissue:
  parenchyma: 0.45
  stroma: 0.1
  cells: [{shape: sphere, kind: epithelial, radius: 90 um, mesenchymal_fraction: 0.4}]
vessels: {pattern: grid, spacing: 60 um}
oxygen: {faces: no_flux}
intravasation: {enabled: true, rate: 0.3 1/h}
body:
  lodged: {adhesion: 1 1/h}
  crossing: {out: 20 1/day}
  fate: {begin: 0.9, go_on: 1, human: 1, dormant: 0.05, asleep: 0}
  coupling: linear
  windows: {max: 12, shown: 1, size: 400 um, margin: 40 um}
)";

BodyConfig config_of(const std::vector<std::string>& set = {}) {
  return read_body_text(toy, "test.yaml", set);
}

Parameters lattice_in_the_lung(const std::vector<std::string>& set = {}) {
  const BodyConfig c = config_of(set);
  return lattice_of_window(*c.lattice, c.settings.body, 0, true);
}

using Place = std::array<int, 3>;
Place place_of(std::int64_t voxel, int edge) {
  return {static_cast<int>(voxel % edge), static_cast<int>(voxel / edge % edge),
          static_cast<int>(voxel / edge / edge)};
}
int apart(const Place& a, const Place& b) { // voxels, along the axes
  return std::abs(a[0] - b[0]) + std::abs(a[1] - b[1]) + std::abs(a[2] - b[2]);
}

// Voxels with a piece of a vessel that blood flows through.
std::set<Place> with_blood(const Site& site) {
  const auto x = array_of<double>(site, "vessel_node_x"),
             y = array_of<double>(site, "vessel_node_y"),
             z = array_of<double>(site, "vessel_node_z"),
             flow = array_of<double>(site, "vessel_flow");
  const auto from = array_of<std::int32_t>(site, "vessel_from"),
             to = array_of<std::int32_t>(site, "vessel_to");
  const double h = site.parameters().domain.spacing;
  std::set<Place> places;
  for (std::size_t k = 0; k < flow.size(); ++k) {
    if (flow[k] == 0) continue;
    const auto a = static_cast<std::size_t>(from[k]), b = static_cast<std::size_t>(to[k]);
    for (const double share : {0.01, 0.25, 0.5, 0.75, 0.99}) {
      const auto voxel = [&](const std::vector<double>& at) {
        return static_cast<int>(std::floor((at[a] + share * (at[b] - at[a])) / h));
      };
      places.insert({voxel(x), voxel(y), voxel(z)});
    }
  }
  return places;
}

Arrival founder_near(double reach) {
  Arrival a;
  a.berth = Berth::outside;
  a.reach = reach;
  a.fate_is_drawn = false;
  Cell c;
  c.kind = Kind::mesenchymal;
  c.clock = clock_zero;
  c.flags = flag_competent;
  a.cells = {c};
  return a;
}

// Where its only tumour cell is, which may be the second in its voxel.
Place tumour_of(const Site& site) {
  const int edge = site.parameters().domain.voxels[0];
  const auto second = array_of<std::int64_t>(site, "excess_voxel");
  if (!second.empty()) return place_of(second[0], edge);
  const auto kind = array_of<std::uint8_t>(site, "kind");
  const auto found = std::find_if(kind.begin(), kind.end(),
                                  [](std::uint8_t k) { return is_tumour(static_cast<Kind>(k)); });
  EXPECT_NE(found, kind.end());
  return place_of(found - kind.begin(), edge);
}

// Of windows as a body opens them: beside a vessel, and a voxel farther from `margin` than would
// close it, whatever the sizes.
TEST(WindowLanding, IsBesideABloodVesselAndOffTheFaces) {
  for (const std::vector<std::string>& set :
       {std::vector<std::string>{},
        {"body.windows.size=360 um", "body.windows.margin=140 um"},
        {"body.windows.size=420 um", "body.windows.capillaries=60 um", "body.windows.reach=120 um"},
        {"vessels.axis=x", "body.windows.radius=6 um", "body.windows.parenchyma=0.9"}}) {
    const BodyConfig c = config_of(set);
    const Parameters p = lattice_of_window(*c.lattice, c.settings.body, 0, true);
    const WindowParameters& w = c.settings.body.windows;
    const int n = p.domain.voxels[0];
    const auto margin = static_cast<int>(std::lround(w.margin / w.spacing));
    std::set<Place> places;
    for (std::uint64_t number = 1; number <= 30; ++number) {
      Site site(p, Executor::on_cpu(1), {}, {number});
      const std::set<Place> blood = with_blood(site);
      site.arrive({founder_near(w.reach)});
      const auto voxel = array_of<std::int64_t>(site, "held_voxel");
      ASSERT_EQ(voxel.size(), 1u);
      EXPECT_EQ(blood.count(place_of(voxel[0], n)), 1u) << number;
      site.step();
      const TumourBalance b = site.tumour();
      ASSERT_EQ(b.cells + b.waiting, 1);
      EXPECT_FALSE(site.tumour_near_open_face(w.margin));
      if (b.cells == 0) continue; // it waits for room
      const Place at = tumour_of(site);
      EXPECT_TRUE(std::any_of(blood.begin(), blood.end(), [&](const Place& v) {
        return apart(v, at) <= 1;
      })) << number;
      for (const int x : at) EXPECT_TRUE(x >= margin && x < n - margin) << number << " " << x;
      places.insert(at);
    }
    EXPECT_GE(places.size(), 3u); // not one place for all
  }
}

// The share of the free cells that is lost between two depths, of that lost within reach; the four
// capillaries carry the same.
TEST(WindowLanding, IsDrawnByTheFluxThatIsLost) {
  // One in a hundred passes 600 um, however fast, so that depth tells.
  const Parameters p = lattice_in_the_lung({"body.pass=0.01", "lodging.slow_speed=1e5 um/s"});
  EXPECT_EQ(p.lodging.pass, 0.01);
  const int edge = p.domain.voxels[0];
  const double h = p.domain.spacing, k = -std::log(0.01) / 600, reach = 90;
  Site site(p, Executor::on_cpu(1), {}, {5});
  constexpr int n = 8000;
  site.arrive(std::vector<Arrival>(n, founder_near(reach)));
  const auto voxel = array_of<std::int64_t>(site, "held_voxel");
  ASSERT_EQ(voxel.size(), static_cast<std::size_t>(n));
  std::map<int, double> by_depth;
  std::map<std::pair<int, int>, double> by_capillary;
  for (const std::int64_t v : voxel) {
    const Place at = place_of(v, edge);
    by_depth[at[2]] += 1;
    by_capillary[{at[0], at[1]}] += 1;
  }
  ASSERT_EQ(by_capillary.size(), 4u); // those 50 um off the middle
  for (const auto& [at, found] : by_capillary)
    EXPECT_NEAR(found, 0.25 * n, 3 * std::sqrt(0.1875 * n));
  const double middle = edge * h / 2, low = middle - reach, high = middle + reach;
  const auto lost = [&](double from, double to) { return std::exp(-k * from) - std::exp(-k * to); };
  for (int z = 0; z < edge; ++z) {
    const double from = std::max(low, z * h), to = std::min(high, (z + 1) * h);
    const double share = from < to ? lost(from, to) / lost(low, high) : 0;
    EXPECT_NEAR(by_depth[z], share * n, 3 * std::sqrt(share * (1 - share) * n)) << z;
  }
  EXPECT_GT(by_depth[6], 2 * by_depth[13]);
}

// Natural founders, and a cell that is shown, in a body: each is in the tissue an hour after, where
// a capillary passes, and its window is open still.
TEST(WindowLanding, IsThatOfNaturalFoundersAndOfThoseShown) {
  FollowedWindows f(config_of());
  std::set<std::int64_t> seen;
  std::int64_t shown = 0;
  for (std::int64_t hour = 1; hour <= 40 && seen.size() < 8; ++hour) {
    f.advance(hour);
    for (const auto& w : f.windows().open()) {
      const WindowRecord& r = f.windows().record(w->number);
      if (r.origin == Origin::primary || r.opened != hour) continue;
      const auto voxel = array_of<std::int64_t>(w->site, "held_voxel");
      ASSERT_EQ(voxel.size(), 1u);
      EXPECT_EQ(with_blood(w->site).count(place_of(voxel[0], 20)), 1u) << r.number;
      seen.insert(r.number);
      shown += r.lesion < 0 ? 1 : 0;
    }
    for (const WindowRecord& r : f.windows().all()) {
      EXPECT_FALSE(r.closed >= 0 && r.closed <= r.opened + 1) << r.number;
    }
  }
  EXPECT_GE(seen.size(), 4u);
  EXPECT_EQ(shown, 1);
}

// Held places and what becomes of them are state: the same on any threads and from a checkpoint
// that is written while founders have not landed.
TEST(WindowLanding, HasTheSameBitsOnAnyThreadsAndAfterARestart) {
  const std::vector<std::string> set{"body.windows.size=300 um"};
  FollowedWindows first(config_of(set));
  std::int64_t hour = 0;
  const auto waiting = [&] {
    const auto& open = first.windows().open();
    return std::any_of(open.begin(), open.end(),
                       [](const auto& w) { return w->site.tumour().waiting > 0; });
  };
  while (!waiting() && hour < 40) first.advance(++hour);
  ASSERT_LT(hour, 40);
  FollowedWindows second(config_of(set), 3, false);
  move_state(first, second);
  EXPECT_EQ(first.bodies.hash(), second.bodies.hash());
  FollowedWindows third(config_of(set), 2);
  for (FollowedWindows* f : {&first, &second, &third}) f->advance(hour + 2);
  EXPECT_EQ(second.bodies.hash(), first.bodies.hash());
  EXPECT_EQ(third.bodies.hash(), first.bodies.hash());
}

TEST(WindowLanding, HasAReachThatFits) {
  EXPECT_EQ(config_of().settings.body.windows.reach, 100);
  EXPECT_EQ(config_of({"body.windows.size=360 um", "body.windows.margin=140 um"})
                .settings.body.windows.reach,
            10);
  const auto refuses = [](const char* what, const std::vector<std::string>& set) {
    expect_told(toy, what, set);
  };
  refuses("closes at once", {"body.windows.reach=140 um"});
  refuses("it may be 130 um at most", {"body.windows.reach=140 um"});
  refuses("the nearest is 50 um away", {"body.windows.reach=40 um"});
  refuses("the nearest is 50 um away", {"body.windows.margin=130 um"});
  refuses("closes at once", {"body.windows.margin=180 um"});
  refuses("lodging.widest_radius", {"body.windows.radius=7 um"});
  refuses("unit", {"body.windows.reach=90"});
  // Where no cell lands in a window, none is too near.
  EXPECT_EQ(complaint(toy, {"body.windows.margin=180 um", "body.windows.founders=false",
                            "body.windows.shown=0"}),
            "");
  Site site(lattice_in_the_lung(), Executor::on_cpu(1), {}, {5});
  EXPECT_THROW(site.arrive({founder_near(30)}), std::invalid_argument);
}

} // namespace
} // namespace metavox
