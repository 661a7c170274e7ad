// The vessel graph, and vessels at work on the lattice. Tips: test_tips.cpp.

#include <numeric>
#include <random>
#include <set>

#include "core/random.hpp"
#include "site/take_apart.hpp"
#include "support.hpp"
#include "vessels/geometry.hpp"
#include "vessels/vasculature.hpp"
#include "vessels/vessel_length.hpp"

namespace metavox {
namespace {

using namespace support;

const Lattice box{24, 20, 18, 20};

VesselNetwork line(const Point& from, const Point& to, double radius = 5) {
  VesselNetwork n;
  n.nodes = {{from, VesselEnd::inlet, 25}, {to, VesselEnd::outlet, 15}};
  n.segments = {{0, 1, radius, true}};
  return n;
}

double total_length(const VesselGraph& g) {
  double sum = 0;
  for (std::int32_t s = 0; s < g.segment_count(); ++s)
    if (g.is_alive(s)) sum += g.length(s);
  return sum;
}

// ---- geometry

TEST(VesselGeometry, PiecesCoverALineOnceAndLieInTheirVoxels) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> u(0, 1);
  for (int n = 0; n < 2000; ++n) {
    Point a{u(random) * 480, u(random) * 400, u(random) * 360},
        b{u(random) * 480, u(random) * 400, u(random) * 360};
    if (n % 3 == 0) b = {a[0], a[1], b[2]};                       // along an axis
    if (n % 7 == 0) a = {std::floor(a[0] / 20) * 20, a[1], a[2]}; // in a plane between voxels
    const std::vector<VoxelPiece> pieces = pieces_of(a, b, box);
    ASSERT_FALSE(pieces.empty());
    EXPECT_EQ(pieces.front().begin, 0);
    EXPECT_EQ(pieces.back().end, 1);
    for (std::size_t k = 0; k < pieces.size(); ++k) {
      if (k > 0) {
        EXPECT_NEAR(pieces[k].begin, pieces[k - 1].end, 1e-11);
      }
      const double t = 0.5 * (pieces[k].begin + pieces[k].end);
      for (std::size_t c = 0; c < 3; ++c) {
        const double x = (a[c] + t * (b[c] - a[c])) / 20;
        EXPECT_GE(x, pieces[k].voxel[c] - 1e-9);
        EXPECT_LE(x, pieces[k].voxel[c] + 1 + 1e-9);
      }
    }
  }
}

TEST(VesselGeometry, ALineOutsideTheBoxHasNoPieces) {
  EXPECT_TRUE(pieces_of({-50, 10, 10}, {-10, 10, 10}, box).empty());
  const std::vector<VoxelPiece> half = pieces_of({-40, 10, 10}, {40, 10, 10}, box);
  double inside = 0;
  for (const VoxelPiece& p : half) inside += p.end - p.begin;
  EXPECT_NEAR(inside, 0.5, 1e-12);
}

TEST(VesselGeometry, FarFacesBelongToTheLastVoxels) {
  const std::vector<VoxelPiece> pieces = pieces_of({480, 400, 0}, {480, 400, 360}, box);
  ASSERT_EQ(pieces.size(), 18u);
  EXPECT_EQ(pieces.front().voxel, (std::array<int, 3>{23, 19, 0}));
}

// ---- the graph

// Where nodes lie is the vessel's; the voxels it passes are the lattice's.
TEST(VesselGraph, ALineIsCutIntoPartsWhateverTheVoxels) {
  for (const int fine : {1, 2}) {
    VesselGraph g(Lattice(24 * fine, 20 * fine, 18 * fine, 20.0 / fine));
    g.lay(line({0, 51, 73}, {480, 51, 73}));
    EXPECT_EQ(g.living_segments(), 24);
    EXPECT_EQ(g.marked_count(), 24u * static_cast<unsigned>(fine));
    EXPECT_NEAR(total_length(g), 480, 1e-9);
    EXPECT_EQ(g.flaw(), "");
    const VesselGraph::Changes c = g.take_changes();
    // 5 um leave room for a cell in a voxel of 20 um, and none in one of 10.
    EXPECT_EQ(c.entered.size(), fine == 1 ? 0u : 48u);
    EXPECT_TRUE(c.left.empty());
  }
  VesselGraph g(box);
  g.lay(line({0, 51, 73}, {485 * 0.6, 51, 73 + 485 * 0.8}));
  EXPECT_EQ(g.living_segments(), 25);
  for (std::int32_t s = 0; s < g.segment_count(); ++s) EXPECT_NEAR(g.length(s), 19.4, 1e-9);
}

// Lumens sum up to what they hold, in whatever voxels it lies.
TEST(VesselGraph, LumensFillTheirShareOfTheVoxels) {
  for (const int fine : {1, 2}) {
    const double h = 20.0 / fine;
    VesselGraph g(Lattice(24 * fine, 20 * fine, 18 * fine, h));
    VesselNetwork net = line({30, 51, 73}, {430, 251, 273}, 4);
    net.segments[0].radius = 4;
    g.lay(net);
    double sum = 0;
    for (const std::int64_t v : g.marked_voxels()) {
      EXPECT_TRUE(g.touches(v));
      sum += g.fraction(v) * h * h * h;
    }
    const double expected = 3.14159265358979 * 16 * total_length(g);
    EXPECT_NEAR(sum, expected, 1e-6 * expected);
    EXPECT_EQ(g.fraction(0), 0);
  }
  // 5 um take 0.785 of a voxel of 10 um, and leave room in one of 20.
  VesselGraph fine(Lattice(48, 40, 36, 10)), coarse(box);
  fine.lay(line({0, 51, 73}, {480, 51, 73}));
  coarse.lay(line({0, 51, 73}, {480, 51, 73}));
  fine.take_changes();
  coarse.take_changes();
  EXPECT_TRUE(fine.fills(static_cast<std::int64_t>(fine.lattice().global(7, 5, 7))));
  const auto v = static_cast<std::int64_t>(box.global(7, 2, 3));
  EXPECT_FALSE(coarse.fills(v));
  EXPECT_TRUE(coarse.touches(v));
  EXPECT_NEAR(coarse.fraction(v), 3.14159265358979 * 25 / 400, 1e-6);
}

TEST(VesselGraph, AWideVesselTakesTheVoxelsOfItsLumen) {
  VesselGraph g(box);
  g.lay(line({0, 190, 190}, {480, 190, 190}, 45));
  EXPECT_EQ(g.flaw(), "");
  // Per cross-section the voxels whose centre lies within 45 um of the axis: 0, +-20, +-40 on each
  // side.
  EXPECT_GT(g.marked_count(), 24u * 13u);
  const auto beside = static_cast<std::int64_t>(box.global(12, 10, 9));
  EXPECT_TRUE(g.marked(beside));
  EXPECT_FALSE(g.touches(beside));
  EXPECT_EQ(g.fraction(beside), 1);
}

TEST(VesselGraph, RefusesAVesselOfNoLength) {
  VesselGraph g(box);
  EXPECT_THROW(g.lay(line({10, 10, 10}, {10, 10, 10})), std::invalid_argument);
  VesselNetwork loop = line({10, 10, 10}, {50, 10, 10});
  loop.segments.push_back({1, 1, 5, true});
  VesselGraph h(box);
  EXPECT_THROW(h.lay(loop), std::invalid_argument);
  VesselNetwork dangling = line({10, 10, 10}, {50, 10, 10});
  dangling.segments.push_back({1, 7, 5, true});
  VesselGraph i(box);
  EXPECT_THROW(i.lay(dangling), std::invalid_argument);
}

// What a graph looks like from outside: lists and marks in the order that rules meet them.
std::vector<std::int64_t> image(const VesselGraph& g) {
  std::vector<std::int64_t> all;
  for (std::int32_t n = 0; n < g.node_count(); ++n) {
    if (!g.node_alive(n)) continue;
    all.push_back(n);
    g.for_each_segment(n, [&](std::int32_t s, std::int32_t other) {
      all.push_back(s);
      all.push_back(other);
    });
  }
  for (const std::int64_t v : g.marked_voxels()) {
    all.push_back(v);
    all.push_back(std::llround(g.fraction(v) * 4294967296.0));
    all.push_back(g.touches(v) ? 1 : 0);
  }
  return all;
}

// Whoever asks what is near a place is told of every segment whose wall reaches it.
void nearby(VesselGraph& g, std::mt19937_64& random) {
  std::uniform_real_distribution<double> u(0, 1);
  const Point low{480 * u(random), 400 * u(random), 360 * u(random)};
  const Point high{low[0] + 30, low[1] + 20, low[2] + 25};
  std::set<std::int32_t> told;
  g.for_each_near(low, high, [&](std::int32_t s) { told.insert(s); });
  const Point middle{low[0] + 15, low[1] + 10, low[2] + 12.5};
  for (std::int32_t s = 0; s < g.segment_count(); ++s) {
    if (!g.is_alive(s)) {
      EXPECT_EQ(told.count(s), 0u);
      continue;
    }
    const auto i = static_cast<std::size_t>(s);
    const Point foot =
        nearest_on(g.position(g.segments().from[i]), g.position(g.segments().to[i]), middle);
    if (distance2(foot, middle) <= std::pow(10 + g.segments().radius[i], 2)) {
      EXPECT_EQ(told.count(s), 1u);
    }
  }
}

TEST(VesselGraph, StaysConsistentUnderRandomGrowthAndRemoval) {
  std::mt19937_64 random(7);
  const auto shifted = [&](Point at) {
    std::uniform_real_distribution<double> u(-12, 12);
    for (std::size_t a = 0; a < 3; ++a)
      at[a] = std::clamp(at[a] + u(random), 1.0, (a == 0 ? 479.0 : a == 1 ? 399.0 : 359.0));
    return at;
  };
  VesselGraph g(box);
  g.lay(line({0, 50, 70}, {480, 50, 70}));
  g.lay(line({210, 0, 190}, {210, 400, 190}, 25));
  std::set<std::int64_t> vessel;
  const auto follow = [&] {
    const VesselGraph::Changes c = g.take_changes();
    for (const std::int64_t v : c.entered) EXPECT_TRUE(vessel.insert(v).second);
    for (const std::int64_t v : c.left) EXPECT_EQ(vessel.erase(v), 1u);
  };
  follow();
  for (int round = 0; round < 1500; ++round) {
    std::vector<std::int32_t> nodes, segments;
    for (std::int32_t n = 0; n < g.node_count(); ++n)
      if (g.node_alive(n)) nodes.push_back(n);
    for (std::int32_t s = 0; s < g.segment_count(); ++s)
      if (g.is_alive(s)) segments.push_back(s);
    const auto pick = [&](const std::vector<std::int32_t>& v) { return v[random() % v.size()]; };
    const auto what = segments.size() < 20 ? 0 : static_cast<int>(random() % 7);
    if (what <= 1) { // a new node beside an old one
      const std::int32_t from = pick(nodes);
      const std::int32_t to = g.add_node(shifted(g.position(from)), round);
      g.add_segment(from, to, 4, 1, round, round);
    } else if (what == 2) { // a fusion
      const std::int32_t a = pick(nodes), b = pick(nodes);
      if (a != b) g.add_segment(a, b, 4, 1, round, round);
    } else if (what == 3) { // a tip goes on
      const std::int32_t n = pick(nodes);
      g.move_node(n, shifted(g.position(n)));
    } else if (what == 4) { // somebody joins in the middle
      const std::int32_t k = pick(segments);
      const double length = g.length(k), all = total_length(g);
      const Point a = g.position(g.segments().from[static_cast<std::size_t>(k)]),
                  b = g.position(g.segments().to[static_cast<std::size_t>(k)]);
      const std::int32_t n =
          g.split(k, {0.7 * a[0] + 0.3 * b[0], 0.7 * a[1] + 0.3 * b[1], 0.7 * a[2] + 0.3 * b[2]});
      EXPECT_EQ(g.degree(n), 2);
      EXPECT_NEAR(g.length(k), 0.3 * length, 1e-9 * length + 1e-12);
      EXPECT_NEAR(total_length(g), all, 1e-9 * all);
    } else if (what == 5) { // blood widens it
      g.set_radius(pick(segments), 2 + static_cast<double>(random() % 30));
    } else {
      g.remove_segment(pick(segments));
    }
    follow();
    nearby(g, random);
    if (round % 10 == 0) {
      std::vector<std::uint8_t> kinds(static_cast<std::size_t>(box.voxels()), 0);
      for (const std::int64_t v : vessel)
        kinds[static_cast<std::size_t>(v)] = static_cast<std::uint8_t>(Kind::vessel);
      ASSERT_EQ(g.flaw(kinds), "") << "round " << round;
      // A restarted run sees the same graph, and gives the same numbers to what grows next.
      VesselGraph copy(box);
      copy.nodes() = g.nodes();
      copy.segments() = g.segments();
      copy.rebuild(g.full_voxels());
      ASSERT_EQ(image(copy), image(g)) << "round " << round;
      ASSERT_EQ(copy.flaw(kinds), "");
      VesselGraph other = g;
      const std::int32_t n = copy.add_node({10, 10, 10}, 1), m = other.add_node({10, 10, 10}, 1);
      ASSERT_EQ(n, m);
    }
  }
}

TEST(VesselGraph, FlawFindsWhatIsWrong) {
  VesselGraph g(box);
  g.lay(line({0, 50, 70}, {480, 50, 70}));
  std::vector<std::uint8_t> kinds(static_cast<std::size_t>(box.voxels()), 0);
  for (const std::int64_t v : g.take_changes().entered)
    kinds[static_cast<std::size_t>(v)] = static_cast<std::uint8_t>(Kind::vessel);
  EXPECT_EQ(g.flaw(kinds), "");
  kinds[0] = static_cast<std::uint8_t>(Kind::vessel);
  EXPECT_NE(g.flaw(kinds), "");
  g.segments().radius[3] = 0;
  EXPECT_NE(g.flaw(), "");
}

// ---- lengths

TEST(VesselLengths, AreThoseOfTheVesselsOnAnyLattice) {
  VesselGraph g(box);
  g.lay(line({0, 51, 73}, {480, 351, 273}));
  g.lay(line({-40, 211, 100}, {200, 211, 100})); // 40 um of it lie outside
  for (const Lattice& fields : {box, Lattice{12, 10, 9, 40}, Lattice{48, 40, 36, 10}}) {
    double sum = 0;
    std::int64_t last = -1;
    for (const VesselLength& v : vessel_lengths(g, fields)) {
      EXPECT_GT(v.voxel, last);
      last = v.voxel;
      sum += static_cast<double>(v.length);
    }
    EXPECT_NEAR(sum, total_length(g) - 40, 1e-3);
  }
}

// Endothelium takes up VEGF by its length: what it takes away is the same in voxels of half the
// size.
TEST(VesselLengths, TakeUpVegfWhateverTheVoxels) {
  const std::string yaml = R"(
domain: {size: [400 um, 400 um, 240 um], spacing: 20 um}
oxygen: {enabled: false}
vegf:
  enabled: true
  normal_factor: 0
  tolerance: 1e-5 nM
  sources:
    - {shape: box, from: [40 um, 40 um, 80 um], to: [120 um, 120 um, 160 um], rate: 0.05 nM/min}
vessels: {pattern: lines, lines: [{from: [0 um, 250 um, 130 um], to: [400 um, 250 um, 130 um]}]}
tissue: {parenchyma: 0, stroma: 0}
)";
  const auto mean = [&](const std::string& spacing, const std::string& uptake) {
    Site s =
        simulation_of(yaml, {"domain.spacing=" + spacing, "vegf.endothelial_uptake=" + uptake});
    s.step();
    return metrics_of(s).at("vegf_mean");
  };
  double taken[2] = {};
  for (const int fine : {0, 1}) {
    const std::string h = fine == 1 ? "10 um" : "20 um";
    taken[fine] = mean(h, "0 mol/h/cell") - mean(h, "2e-20 mol/h/cell");
  }
  EXPECT_GT(taken[0], 0.001);
  EXPECT_NEAR(taken[1] / taken[0], 1, 0.05);
}

// ---- measures

TEST(VesselMeasure, FractalDimensionOfALineAndOfASheet) {
  const Lattice l{64, 64, 4, 20};
  std::vector<std::int64_t> line_voxels, sheet;
  for (int x = 0; x < 64; ++x) {
    line_voxels.push_back(static_cast<std::int64_t>(l.global(x, 31, 2)));
    for (int y = 0; y < 64; ++y) sheet.push_back(static_cast<std::int64_t>(l.global(x, y, 1)));
  }
  EXPECT_NEAR(fractal_dimension(line_voxels, l), 1, 1e-9);
  EXPECT_NEAR(fractal_dimension(sheet, l), 2, 1e-9);
  EXPECT_EQ(fractal_dimension({}, l), 0);
}

TEST(VesselMeasure, DistancesAreThoseOfTheNearest) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> u(0, 1500);
  std::vector<Point> vessels, places;
  for (int n = 0; n < 5000; ++n)
    vessels.push_back({u(random) * 0.3, u(random) * 0.4, u(random) * 0.2});
  for (int n = 0; n < 300; ++n) places.push_back({u(random), u(random), u(random)});
  const std::vector<double> found = distances_to(vessels, places);
  ASSERT_EQ(found.size(), places.size());
  for (std::size_t k = 0; k < places.size(); ++k) {
    double best = 1e300;
    for (const Point& v : vessels)
      best =
          std::min(best, std::hypot(v[0] - places[k][0], v[1] - places[k][1], v[2] - places[k][2]));
    EXPECT_NEAR(found[k], best, 1e-9);
  }
  // Few vessels are searched in another way.
  vessels.resize(60);
  const std::vector<double> few = distances_to(vessels, {places[0]});
  double best = 1e300;
  for (const Point& v : vessels)
    best =
        std::min(best, std::hypot(v[0] - places[0][0], v[1] - places[0][1], v[2] - places[0][2]));
  EXPECT_NEAR(few.at(0), best, 1e-9);
  EXPECT_TRUE(distances_to({}, places).empty());
}

// ---- at work

// A pellet of VEGF between two capillaries in loose matrix; the graph is checked after every vessel
// step.
const std::string pocket = R"(
simulation: {seed: 5}
domain: {voxels: [30, 26, 24], spacing: 20 um}
matrix: {density: 0.3}
vegf:
  enabled: true
  sources:
    - {shape: sphere, centre: [300 um, 260 um, 240 um], radius: 40 um, rate: 0.2 nM/min}
sprouting: {enabled: true}
regression: {enabled: true}
vessels:
  pattern: lines
  check: true
  lines:
    - {from: [0 um, 50 um, 240 um], to: [600 um, 50 um, 240 um]}
    - {from: [600 um, 470 um, 240 um], to: [0 um, 470 um, 240 um]}
tissue:
  parenchyma: 0.3
  stroma: 0.1
oxygen: {enabled: true}
)";

// One thread: boxes this small would mostly wait for a second.
Site small(const std::vector<std::string>& overrides = {}) {
  return simulation_of(pocket, overrides, {}, Executor::on_cpu(1));
}

TEST(Vasculature, SproutsReachThePelletFuseAndFill) {
  Site s = small();
  advance(s, 4 * 240);
  const Metrics m = metrics_of(s);
  EXPECT_GT(m.at("sprouts"), 3);
  EXPECT_GT(m.at("anastomoses"), 0);
  EXPECT_GT(m.at("perfused_sprouts"), 0);
  EXPECT_GT(m.at("branch_points"), 0);
  EXPECT_GT(m.at("vessel_length"), 1.5);
  std::set<std::string> seen;
  for (const Event& e : s.take_events()) seen.insert(e.what);
  for (const char* what : {"sprout", "fusion", "perfusion"})
    EXPECT_EQ(seen.count(what), 1u) << what;
}

TEST(Vasculature, FramesTellWhatVesselsTake) {
  Site s = small();
  advance(s, 240);
  const std::vector<float> share = array_of<float>(s, "vessel_fraction");
  const std::vector<std::uint8_t> kind = array_of<std::uint8_t>(s, "kind");
  double sum = 0;
  for (std::size_t v = 0; v < share.size(); ++v) {
    EXPECT_NE(kind[v], static_cast<std::uint8_t>(Kind::vessel)) << v << ": 5 um leave room";
    sum += static_cast<double>(share[v]) * 8e-6;
  }
  const Metrics m = metrics_of(s);
  EXPECT_NEAR(sum, m.at("vessel_volume"), 0.01 * m.at("vessel_volume")); // mm^3
  EXPECT_GT(m.at("vessel_volume"), 2 * 0.6 * 78.5e-6);
  Site none = simulation_of("domain: {voxels: [8, 8, 8]}\n");
  for (const ArrayInfo& info : none.derived_arrays()) EXPECT_NE(info.name, "vessel_fraction");
}

TEST(Vasculature, NothingGrowsWithoutVegf) {
  Site s = small({"vegf.sources=[]"});
  advance(s, 240);
  EXPECT_EQ(metrics_of(s).at("sprouts"), 0);
}

TEST(Vasculature, SameBitsWithAnyThreadsAndInEveryForm) {
  std::uint64_t first = 0;
  for (const Executor& e : executors()) {
    Site s = simulation_of(pocket, {}, {}, e);
    advance(s, 400);
    if (first == 0) first = s.hash();
    EXPECT_EQ(s.hash(), first) << e.description();
  }
  Executor plain = Executor::on_cpu(2);
  plain.prefer_voxels(true);
  Site s = simulation_of(pocket, {}, {}, plain);
  advance(s, 400);
  EXPECT_EQ(s.hash(), first);
}

TEST(Vasculature, ARestartGoesOnAsIfNothingHappened) {
  for (const std::int64_t when : {7, 301, 640}) {
    Site whole = small();
    advance(whole, when);
    Site resumed = small();
    for (const ArrayInfo& info : whole.state_arrays()) {
      std::vector<std::byte> bytes(info.bytes());
      whole.read(info.name, bytes.data());
      resumed.write(info.name, bytes.data(), info.extents[0]);
    }
    resumed.set_clock(whole.steps());
    ASSERT_EQ(resumed.hash(), whole.hash()) << when;
    whole.take_events();
    advance(whole, 300);
    advance(resumed, 300);
    EXPECT_EQ(resumed.hash(), whole.hash()) << when;
    const std::vector<Event> a = whole.take_events(), b = resumed.take_events();
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t k = 0; k < a.size(); ++k) EXPECT_EQ(a[k].detail, b[k].detail);
  }
}

TEST(Vasculature, DeadEndsAreUnperfusedAndGoWhenTheirTimeIsUp) {
  // Without VEGF from day one on: tips starve after 48 h, their stalks follow 4000 min later.
  Site s = small({"vegf.sources[0].duration=1 day", "vegf.normal_factor=0",
                  "vessels.lines[1].from=[600 um, 510 um, 470 um]",
                  "vessels.lines[1].to=[0 um, 510 um, 470 um]"});
  advance(s, 240);
  EXPECT_GT(metrics_of(s).at("tips"), 0);
  advance(s, 12 * 240);
  const Metrics m = metrics_of(s);
  EXPECT_EQ(m.at("tips"), 0);
  EXPECT_GT(m.at("regressed_segments"), 0);
  EXPECT_NEAR(m.at("perfused_fraction"), 1, 1e-12);
}

TEST(Vasculature, CellsMakeWayAndTheLedgerKnows) {
  // Tissue without a gap that cannot leave: the cells that wide sprouts meet are lost, and counted
  // (check_ledger runs in every step).
  const std::string wide = "sprouting.radius=9 um", shut = "growth.faces=closed";
  Site s = small({"tissue.parenchyma=0.9", "tissue.stroma=0.1", wide, shut});
  const Count before = count_kinds(s);
  advance(s, 400);
  const Count after = count_kinds(s);
  EXPECT_GT(of(after, Kind::vessel), of(before, Kind::vessel));
  EXPECT_LT(of(after, Kind::parenchyma), of(before, Kind::parenchyma));
  // With gaps they move up. Thin sprouts are in nobody's way.
  for (const bool fills : {true, false}) {
    Site loose = fills ? small({wide, shut}) : small();
    const Count first = count_kinds(loose);
    advance(loose, 400);
    const Count then = count_kinds(loose);
    EXPECT_EQ(of(then, Kind::parenchyma), of(first, Kind::parenchyma)) << fills;
    EXPECT_EQ(of(then, Kind::vessel) > 0, fills);
    EXPECT_GT(metrics_of(loose).at("sprouts"), 0);
  }
}

// Low shear prunes a perfused cross-link; the walls then are those of what is left, before and
// after a restart.
TEST(Vasculature, PrunedVesselsFeedNobody) {
  Parameters p = parameters_of(pocket);
  p.sprouting.enabled = false;
  p.regression.vegf_protects = false;
  p.regression.patience = 120;
  // A thin link between the two capillaries, at almost the same pressure.
  VesselNetwork ladder;
  ladder.nodes = {{{0, 50, 240}, VesselEnd::inlet, 25},
                  {{300, 50, 240}},
                  {{600, 50, 240}, VesselEnd::outlet, 15},
                  {{0, 470, 240}, VesselEnd::inlet, 25},
                  {{310, 470, 240}},
                  {{600, 470, 240}, VesselEnd::outlet, 15}};
  ladder.segments = {
      {0, 1, 5, true}, {1, 2, 5, true}, {3, 4, 5, true}, {4, 5, 5, true}, {1, 4, 4, true}};
  ladder.segments[4].generation = 1;
  const Lattice l{30, 26, 24, 20};
  Vasculature v(Executor::on_cpu(1), l, l, vasculature_settings(p), p.simulation.seed);
  v.start(ladder);
  VesselGraph::Segments& segments = v.graph().segments();
  std::int64_t link = 0;
  for (std::int32_t n = 0; n < v.graph().segment_count(); ++n) {
    const Point a = v.graph().position(segments.from[static_cast<std::size_t>(n)]);
    if (a[1] > 60 && a[1] < 460) segments.generation[static_cast<std::size_t>(n)] = 1, ++link;
  }
  ASSERT_GT(link, 10);
  const std::int64_t before = v.blood().view().pieces;
  Buffer<float> field(Executor::on_cpu(1), l.padded()), matrix(Executor::on_cpu(1), l.padded());
  Buffer<std::uint8_t> kind(Executor::on_cpu(1), l.padded());
  Buffer<std::uint16_t> membrane(Executor::on_cpu(1), l.padded()),
      flags(Executor::on_cpu(1), l.padded());
  CellView cells{};
  cells.kind_code = kind.data();
  cells.flags = flags.data();
  const VesselSurroundings around{{field.data(), l, 1}, {}, cells, matrix.data(), membrane.data()};
  for (std::int64_t step = 0; step <= 60; step += 5) v.advance(around, step);
  EXPECT_GE(v.counted(Vasculature::regressed), link);
  EXPECT_LT(v.blood().view().pieces, before);
  const std::vector<std::int32_t> now = v.blood().segments();
  const std::vector<double> lengths = v.blood().lengths();
  v.rebuild(); // what a restart does
  EXPECT_EQ(v.blood().segments(), now);
  EXPECT_EQ(v.blood().lengths(), lengths);
}

TEST(Vasculature, TipsOpenTheMatrixTheyCross) {
  Site s = small({"tissue.stroma=0", "tissue.parenchyma=0"});
  advance(s, 400);
  const std::vector<float> share = array_of<float>(s, "vessel_fraction");
  const std::vector<float> e = array_of<float>(s, "matrix");
  const std::vector<std::int32_t> sprout = array_of<std::int32_t>(s, "vessel_node_sprout");
  double least = 1;
  for (std::size_t i = 0; i < share.size(); ++i)
    if (share[i] > 0) least = std::min(least, static_cast<double>(e[i]));
  EXPECT_LT(least, 0.2);
  EXPECT_GT(*std::max_element(sprout.begin(), sprout.end()), 0);
}

} // namespace
} // namespace metavox
