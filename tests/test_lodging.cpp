// Where cells that flow with the blood lodge, against the solution of dPhi/ds = -kappa Phi. A bed
// of its own solved with numpy is in tests/test_lodge.py.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "site/take_apart.hpp"
#include "support.hpp"
#include "vessels/lodging.hpp"
#include "vessels/vasculature.hpp"

namespace metavox {
namespace {

using namespace support;

constexpr double box = 600; // um

Parameters parameters(const std::vector<std::string>& overrides = {}) {
  return parameters_of("domain: {voxels: [30, 30, 30], spacing: 20 um}\n"
                       "vessels: {pattern: grid}\nflow: {phase_separation: none}\n",
                       overrides);
}

// A bed with the flow through it.
Vasculature bed_of(const VesselNetwork& network, const Parameters& p) {
  Lattice l;
  l.nx = l.ny = l.nz = p.domain.voxels[0];
  l.spacing = p.domain.spacing;
  Vasculature vessels(Executor::on_cpu(1), l, l, vasculature_settings(p), 1);
  vessels.start(network);
  return vessels;
}

VesselNode node(double x, double y, double z) { return VesselNode{{x, y, z}}; }
VesselNode end(VesselEnd role, double x, double y, double z) {
  VesselNode n = node(x, y, z);
  n.end = role;
  n.end_pressure = role == VesselEnd::inlet ? 16 : 15; // blood that flows slowly
  return n;
}
VesselSegment vessel(std::int32_t from, std::int32_t to, double radius) {
  return VesselSegment{from, to, radius, true};
}

VesselNetwork straight(double radius, double length = box) {
  VesselNetwork n;
  n.nodes = {end(VesselEnd::inlet, 0, 300, 300), end(VesselEnd::outlet, length, 300, 300)};
  n.segments = {vessel(0, 1, radius)};
  return n;
}

// A mesh that blood crosses along x, with radii between 3 and 8.5 um.
VesselNetwork mesh() {
  std::mt19937 random(5);
  const auto uniform = [&](double low, double high) {
    return low + (high - low) * static_cast<double>(random()) / 4294967296.0;
  };
  constexpr int n = 4;
  VesselNetwork made;
  const auto number = [](int x, int y, int z) { return (z * n + y) * n + x; };
  for (int z = 0; z < n; ++z)
    for (int y = 0; y < n; ++y)
      for (int x = 0; x < n; ++x) {
        const auto place = [&](int i) { return 75 + 150 * i + uniform(-30, 30); };
        VesselNode one = node(x == 0 ? 5 : x == n - 1 ? box - 5 : place(x), place(y), place(z));
        if (x == 0) one = end(VesselEnd::inlet, 5, one.position[1], one.position[2]);
        if (x == n - 1) one = end(VesselEnd::outlet, box - 5, one.position[1], one.position[2]);
        if (x == 0) one.end_pressure = uniform(15.8, 16.5);
        if (x == n - 1) one.end_pressure = uniform(14.5, 15);
        made.nodes.push_back(one);
      }
  for (int z = 0; z < n; ++z)
    for (int y = 0; y < n; ++y)
      for (int x = 0; x < n; ++x) {
        const int to[3] = {x + 1 < n ? number(x + 1, y, z) : -1,
                           y + 1 < n && x % 3 != 0 ? number(x, y + 1, z) : -1,
                           z + 1 < n && x % 3 != 0 ? number(x, y, z + 1) : -1};
        for (const int other : to)
          if (other >= 0 && uniform(0, 1) < 0.85)
            made.segments.push_back(vessel(number(x, y, z), other, uniform(3, 8.5)));
      }
  return made;
}

Point between(const VesselNetwork& n, const VesselSegment& s, double share) {
  Point p{};
  for (std::size_t a = 0; a < 3; ++a)
    p[a] = n.nodes[static_cast<std::size_t>(s.from)].position[a] * (1 - share) +
           n.nodes[static_cast<std::size_t>(s.to)].position[a] * share;
  return p;
}

// Every vessel of a network in so many parts.
VesselNetwork cut(const VesselNetwork& whole, int parts) {
  VesselNetwork made;
  made.nodes = whole.nodes;
  for (const VesselSegment& s : whole.segments) {
    std::int32_t last = s.from;
    for (int k = 1; k <= parts; ++k) {
      std::int32_t next = s.to;
      if (k < parts) {
        next = static_cast<std::int32_t>(made.nodes.size());
        made.nodes.push_back(VesselNode{between(whole, s, static_cast<double>(k) / parts)});
      }
      made.segments.push_back(vessel(last, next, s.radius));
      last = next;
    }
  }
  return made;
}

// What is lost in each vessel of `network`, of which the graph may hold parts.
std::vector<double> lost_by_vessel(const VesselNetwork& network, const VesselGraph& graph,
                                   const Lodging& lodging) {
  std::vector<double> lost(network.segments.size(), 0.0);
  for (const Lodging::Stretch& s : lodging.stretches()) {
    const Point a = graph.position(graph.segments().from[static_cast<std::size_t>(s.segment)]),
                b = graph.position(graph.segments().to[static_cast<std::size_t>(s.segment)]);
    const Point middle{(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2};
    std::size_t nearest = 0;
    double best = 1e30;
    for (std::size_t k = 0; k < network.segments.size(); ++k) {
      const Point from = between(network, network.segments[k], 0),
                  to = between(network, network.segments[k], 1);
      const double d = distance2(nearest_on(from, to, middle), middle);
      if (d < best) best = d, nearest = k;
    }
    EXPECT_LT(best, 1e-6);
    lost[nearest] += s.lost;
  }
  return lost;
}

void expect_alike(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t k = 0; k < a.size(); ++k) EXPECT_NEAR(a[k], b[k], 1e-7) << k;
}

TEST(Lodging, HalfPassesATypicalPath) {
  const Parameters p = parameters();
  const Vasculature v = bed_of(straight(5), p);
  const Lodging lodging(v.graph(), p.lodging);
  EXPECT_NEAR(lodging.lodged(), 0.5, 1e-12);
  double first = 0;
  for (const Lodging::Stretch& s : lodging.stretches())
    if (s.depth < 20 - 1e-9) first += s.lost;
  // 1 - 2^(-20/600), of the half that lodges.
  EXPECT_NEAR(first / lodging.lodged(), 2 * (1 - std::exp2(-20.0 / 600)), 1e-12);
  EXPECT_LT(first / lodging.lodged(), 0.1);
}

TEST(Lodging, FollowsRadiusSpeedAndPass) {
  const Parameters p = parameters();
  const LodgingParameters& l = p.lodging;
  EXPECT_NEAR(lodging_hazard(l, 5, 100), std::log(2.0) / 600, 1e-15);
  EXPECT_NEAR(lodging_hazard(l, 3, 100), std::log(2.0) / 600 * 2, 1e-15);
  EXPECT_NEAR(lodging_hazard(l, 3, 36001), std::log(2.0) / 600 * 0.2, 1e-15); // 600.02 um/s
  EXPECT_NEAR(lodging_hazard(l, 3, 35999), std::log(2.0) / 600 * 2, 1e-15);
  EXPECT_EQ(lodging_hazard(l, 7, 0), 0);
  EXPECT_EQ(lodging_hazard(l, 20, 0), 0);
  EXPECT_GT(lodging_hazard(l, 6.99, 0), 0);
  const Parameters rat = parameters({"lodging.pass=0.95"});
  const Vasculature v = bed_of(straight(5), rat);
  EXPECT_NEAR(Lodging(v.graph(), rat.lodging).lodged(), 0.05, 1e-12);
}

// A wide vessel with two arms, of which one is blind.
TEST(Lodging, NoneWhereNothingFlowsOrVesselsAreWide) {
  const Parameters p = parameters();
  VesselNetwork n;
  n.nodes = {end(VesselEnd::inlet, 0, 300, 300), node(200, 300, 300),
             end(VesselEnd::outlet, 600, 300, 300), node(200, 500, 300)};
  n.segments = {vessel(0, 1, 7), vessel(1, 2, 5), vessel(1, 3, 4)};
  const Vasculature v = bed_of(n, p);
  const Lodging lodging(v.graph(), p.lodging);
  const std::vector<double> lost = lost_by_vessel(n, v.graph(), lodging);
  EXPECT_EQ(lost[0], 0);
  EXPECT_EQ(lost[2], 0);
  // No fork: no blood goes the other way.
  EXPECT_NEAR(lodging.lodged(), 1 - std::exp2(-400.0 / 600), 1e-12);
  for (int k = 0; k < 1000; ++k) {
    const auto place = lodging.place((k + 0.5) / 1000);
    ASSERT_EQ(place.has_value(), (k + 0.5) / 1000 < lodging.lodged());
    if (!place) continue;
    EXPECT_LT(v.graph().segments().radius[static_cast<std::size_t>(place->segment)], 7);
    EXPECT_NE(v.graph().segments().flow[static_cast<std::size_t>(place->segment)], 0);
  }
}

// Two arms of one length and of radii 5 and 4 um; no red cells, so that flow goes as R^4 over the
// viscosity of plasma in tubes of their width.
TEST(Lodging, CellsDivideAsBloodDoesAndLodgeBehindForks) {
  const Parameters p = parameters(
      {"flow.haematocrit=0", "lodging.fork_length=50 um", "lodging.slow_speed=1e5 um/s"});
  VesselNetwork n;
  n.nodes = {end(VesselEnd::inlet, 100, 300, 300), node(200, 300, 300),
             end(VesselEnd::outlet, 500, 400, 300), end(VesselEnd::outlet, 500, 200, 300)};
  n.segments = {vessel(0, 1, 8), vessel(1, 2, 5), vessel(1, 3, 4)};
  const Vasculature v = bed_of(n, p);
  const Lodging lodging(v.graph(), p.lodging);
  const std::vector<double> lost = lost_by_vessel(n, v.graph(), lodging);
  const auto carried = [](double r) {
    return std::pow(r, 4) * std::pow((2 * r - 1.1) / (2 * r), 2);
  };
  const double share = carried(5) / (carried(5) + carried(4));
  const double length = std::sqrt(300.0 * 300 + 100.0 * 100);
  const double passed = std::exp2(-(length + 2 * 50) / 600);
  EXPECT_EQ(lost[0], 0);
  EXPECT_NEAR(lost[1], share * (1 - passed), 1e-9);
  EXPECT_NEAR(lost[2], (1 - share) * (1 - std::pow(passed, 1.5)), 1e-9); // 1 - 4/7 over 1 - 5/7
}

TEST(Lodging, CuttingVesselsChangesNothing) {
  const Parameters p = parameters();
  const VesselNetwork whole = mesh();
  const Vasculature v = bed_of(whole, p);
  const Lodging lodging(v.graph(), p.lodging);
  const std::vector<double> lost = lost_by_vessel(whole, v.graph(), lodging);
  EXPECT_GT(lodging.lodged(), 0.05);
  EXPECT_LT(lodging.lodged(), 0.8);
  for (const int parts : {16, 32}) { // of 10 and 5 um; without, vessels have parts of 20 um
    const Vasculature finer = bed_of(cut(whole, parts), p);
    EXPECT_GT(finer.graph().living_segments(), parts * v.graph().living_segments() / 10);
    const Lodging refined(finer.graph(), p.lodging);
    EXPECT_NEAR(refined.lodged(), lodging.lodged(), 1e-7);
    expect_alike(lost, lost_by_vessel(whole, finer.graph(), refined));
  }
}

TEST(Lodging, SpacingOfTheLatticeChangesNothing) {
  const VesselNetwork n = mesh();
  const Parameters p = parameters(),
                   fine = parameters({"domain={voxels: [60, 60, 60], spacing: 10 um}"});
  const Vasculature a = bed_of(n, p), b = bed_of(n, fine);
  const Lodging here(a.graph(), p.lodging), there(b.graph(), fine.lodging);
  ASSERT_EQ(here.stretches().size(), there.stretches().size());
  for (std::size_t k = 0; k < here.stretches().size(); ++k)
    EXPECT_EQ(here.stretches()[k].lost, there.stretches()[k].lost);
}

TEST(Lodging, OrderOfVesselsChangesNothing) {
  const Parameters p = parameters();
  const VesselNetwork n = mesh();
  VesselNetwork shuffled;
  std::vector<std::size_t> nodes(n.nodes.size()), segments(n.segments.size());
  std::iota(nodes.begin(), nodes.end(), std::size_t{0});
  std::iota(segments.begin(), segments.end(), std::size_t{0});
  std::mt19937 random(9);
  std::shuffle(nodes.begin(), nodes.end(), random);
  std::shuffle(segments.begin(), segments.end(), random);
  std::vector<std::int32_t> number(nodes.size());
  for (const std::size_t k : nodes) {
    number[k] = static_cast<std::int32_t>(shuffled.nodes.size());
    shuffled.nodes.push_back(n.nodes[k]);
  }
  for (const std::size_t k : segments) { // every other one the other way round
    const VesselSegment& s = n.segments[k];
    const std::int32_t from = number[static_cast<std::size_t>(s.from)],
                       to = number[static_cast<std::size_t>(s.to)];
    shuffled.segments.push_back(k % 2 == 0 ? vessel(from, to, s.radius)
                                           : vessel(to, from, s.radius));
  }
  const Vasculature a = bed_of(n, p), b = bed_of(shuffled, p);
  const Lodging here(a.graph(), p.lodging), there(b.graph(), p.lodging);
  expect_alike(lost_by_vessel(n, a.graph(), here), lost_by_vessel(n, b.graph(), there));
}

// Where a cell lodges within a segment, by the chance of coming as far.
TEST(Lodging, PlacesFollowTheLoss) {
  const Parameters p = parameters({"lodging.pass=0.001"}); // hazard ln 1000 / 600 um
  VesselNetwork backwards = straight(5);
  std::swap(backwards.segments[0].from, backwards.segments[0].to);
  for (const VesselNetwork& n : {straight(5), backwards}) {
    const Vasculature v = bed_of(n, p);
    const Lodging lodging(v.graph(), p.lodging);
    for (const double u : {0.0001, 0.1, 0.3, 0.5, 0.9, 0.99, 0.998}) {
      const auto place = lodging.place(u);
      ASSERT_TRUE(place);
      const Point from = v.graph().position(
                      v.graph().segments().from[static_cast<std::size_t>(place->segment)]),
                  to = v.graph().position(
                      v.graph().segments().to[static_cast<std::size_t>(place->segment)]);
      const double x = from[0] + (to[0] - from[0]) * place->along / std::abs(to[0] - from[0]);
      EXPECT_NEAR(x, -std::log(1 - u) / std::log(1000.0) * 600, 1e-6) << u;
    }
    EXPECT_FALSE(lodging.place(0.9991));
  }
}

TEST(Lodging, DepthIsHowFarBloodHasCome) {
  const Parameters p = parameters();
  const Vasculature v = bed_of(straight(5), p);
  const Lodging lodging(v.graph(), p.lodging);
  for (const Lodging::Stretch& s : lodging.stretches()) {
    const Point from =
        v.graph().position(v.graph().segments().from[static_cast<std::size_t>(s.segment)]);
    EXPECT_NEAR(s.depth, from[0] + s.begin, 1e-9);
  }
}

// Boxes that fill space share out what is lost; places of a box are in it, and in a straight vessel
// where the closed form says.
TEST(Lodging, WithinABoxIsAPartOfTheWhole) {
  const Parameters p = parameters();
  const Vasculature v = bed_of(mesh(), p);
  const Lodging whole(v.graph(), p.lodging);
  const double cuts[] = {0, 110, 307, 401, box};
  double sum = 0, first = 0;
  for (int part = 0; part < 64; ++part) {
    const int cell[3] = {part % 4, part / 4 % 4, part / 16};
    Point low{}, high{};
    for (std::size_t c = 0; c < 3; ++c) low[c] = cuts[cell[c]], high[c] = cuts[cell[c] + 1];
    const Lodging inside = whole.within(low, high);
    sum += inside.lodged();
    first = std::max(first, inside.lodged());
    for (int k = 0; k < 50 && inside.lodged() > 0; ++k) {
      const auto place = inside.place((k + 0.5) / 50 * inside.lodged());
      ASSERT_TRUE(place);
      const auto& s = v.graph().segments();
      const Point a = v.graph().position(s.from[static_cast<std::size_t>(place->segment)]),
                  b = v.graph().position(s.to[static_cast<std::size_t>(place->segment)]);
      for (std::size_t c = 0; c < 3; ++c) {
        const double at = a[c] + place->along / v.graph().length(place->segment) * (b[c] - a[c]);
        EXPECT_GE(at, low[c] - 1e-6);
        EXPECT_LE(at, high[c] + 1e-6);
      }
    }
  }
  EXPECT_NEAR(sum, whole.lodged(), 1e-12);
  EXPECT_LT(first, 0.2 * whole.lodged());
  const Parameters tight = parameters({"lodging.pass=0.001"});
  const double k = std::log(1000.0) / 600;
  VesselNetwork backwards = straight(5);
  std::swap(backwards.segments[0].from, backwards.segments[0].to);
  for (const VesselNetwork& n : {straight(5), backwards}) {
    const Vasculature one = bed_of(n, tight);
    const Lodging inside =
        Lodging(one.graph(), tight.lodging).within({215, 290, 290}, {305, 310, 310});
    EXPECT_NEAR(inside.lodged(), std::exp(-k * 215) - std::exp(-k * 305), 1e-12);
    for (const double u : {0.001, 0.3, 0.7, 0.999}) {
      const auto place = inside.place(u * inside.lodged());
      ASSERT_TRUE(place);
      EXPECT_NEAR(place->depth, 215 - std::log(1 - u * (1 - std::exp(-k * 90))) / k, 1e-6);
    }
    EXPECT_EQ(Lodging(one.graph(), tight.lodging).within({215, 310, 290}, {305, 320, 310}).lodged(),
              0);
  }
}

TEST(Lodging, NobodyArrivesWhereNothingFlows) {
  const Parameters p = parameters({"flow.enabled=false", "oxygen.blood=fixed"});
  const Vasculature v = bed_of(straight(5), p);
  const Lodging lodging(v.graph(), p.lodging);
  EXPECT_EQ(lodging.lodged(), 0);
  EXPECT_FALSE(lodging.place(1e-9));
}

} // namespace
} // namespace metavox
