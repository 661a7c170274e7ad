// Which vessels carry red cells, what asks for it, and what metrics.csv says of it.

#include <algorithm>
#include <cmath>
#include <set>

#include "site/take_apart.hpp"
#include "support.hpp"
#include "vessels/carrying.hpp"
#include "vessels/vasculature.hpp"

namespace metavox {
namespace {

using namespace support;

const Lattice box{24, 20, 18, 20};
constexpr double pi = 3.14159265358979324;

// One vessel along x, laid by the first sprout, between ends held `drop` mmHg apart.
VesselNetwork sprout_with(double drop) {
  VesselNetwork n;
  n.nodes = {{{0, 50, 70}, VesselEnd::inlet, 15 + drop}, {{480, 50, 70}, VesselEnd::outlet, 15}};
  n.segments = {{0, 1, 5, true}};
  n.segments[0].mature = false;
  return n;
}

// Flow is solved anew in every vessel step, as radii adapt, at a rate of nothing.
Parameters always_solved() {
  Parameters p = parameters_of("domain: {voxels: [24, 20, 18]}\nvessels: {pattern: lines, lines: "
                               "[{from: [0 um, 50 um, 70 um], to: [480 um, 50 um, 70 um]}]}\n");
  p.flow.adaptation = true;
  p.flow.adaptation_rate = 0;
  return p;
}

// Vessels in an empty box.
struct Bench {
  Executor executor = Executor::on_cpu(1);
  Buffer<float> field{executor, box.padded()}, matrix{executor, box.padded()};
  Buffer<std::uint8_t> kind{executor, box.padded()};
  Buffer<std::uint16_t> membrane{executor, box.padded()}, flags{executor, box.padded()};
  Vasculature v;
  std::int64_t step = 0;

  Bench(const Parameters& p, const VesselNetwork& network)
      : v(executor, box, box, vasculature_settings(p), 1) {
    v.start(network);
    // What a start lays are parents; the rules here are those of sprouts.
    for (std::int32_t& g : segments().generation) g = 1;
    for (std::int32_t& s : segments().sprout) s = 1;
  }
  VesselGraph::Segments& segments() { return v.graph().segments(); }
  void advance(int vessel_steps = 1) {
    CellView cells{};
    cells.kind_code = kind.data();
    cells.flags = flags.data();
    const VesselSurroundings around{
        {field.data(), box, 1}, {}, cells, matrix.data(), membrane.data()};
    for (int n = 0; n < vessel_steps; ++n) {
      while (!v.due(step)) ++step;
      v.advance(around, step++);
    }
  }
  void hold(double drop) {
    VesselGraph::Nodes& n = v.graph().nodes();
    for (std::size_t k = 0; k < n.end.size(); ++k)
      if (n.end[k] == static_cast<std::uint8_t>(VesselEnd::inlet)) n.end_pressure[k] = 15 + drop;
  }
  double flux() { return red_cell_flux(segments().flow[0], segments().haematocrit[0]); }
  // Of all segments; they must agree.
  bool all(VesselGraph::SegmentFlag f) {
    std::set<bool> seen;
    for (std::int32_t s = 0; s < v.graph().segment_count(); ++s)
      if (v.graph().is_alive(s)) seen.insert(v.graph().has(s, f));
    EXPECT_EQ(seen.size(), 1u);
    return *seen.begin();
  }
};

// 90 um^3 of red cells a second are one: 12 000 um^3 of blood a minute at a haematocrit of 0.45.
// The default capillary, 1.74 nL/min, has 145.
TEST(Carrying, CountsRedCells) {
  EXPECT_NEAR(red_cell_flux(12000, 0.45), 1, 1e-12);
  EXPECT_NEAR(red_cell_flux(-12000, 0.45), 1, 1e-12);
  EXPECT_NEAR(red_cell_flux(1.74e6, 0.45), 145, 1e-9);
  EXPECT_EQ(red_cell_flux(1e9, 0), 0);
  EXPECT_TRUE(carries_red_cells(1, false));
  EXPECT_FALSE(carries_red_cells(0.999, false));
  EXPECT_TRUE(carries_red_cells(0.5, true));
  EXPECT_FALSE(carries_red_cells(0.499, true));
}

// Flow is proportional to the difference of pressures, so any number of red cells can be asked for.
TEST(Carrying, BeginsAtOneASecondAndEndsAtHalfOfIt) {
  Bench bench(always_solved(), sprout_with(1));
  const double for_one = 1 / bench.flux();
  for (const auto& [flux, carries] : {std::pair{0.45, false},
                                      {0.99, false},
                                      {1.01, true},
                                      {0.51, true},
                                      {0.49, false},
                                      {0.51, false},
                                      {0.99, false},
                                      {1.01, true}}) {
    bench.hold(for_one * flux);
    bench.advance();
    EXPECT_NEAR(bench.flux(), flux, 1e-6);
    EXPECT_EQ(bench.all(VesselGraph::carries), carries) << flux;
    EXPECT_TRUE(bench.all(VesselGraph::perfused));
    for (const VesselSegment& s : bench.v.network(0, BloodReport{})->segments)
      EXPECT_EQ(s.carries, carries);
  }
  EXPECT_EQ(bench.v.counted(Vasculature::perfused_sprouts), 2);
  int told = 0;
  for (const Event& e : bench.v.take_events()) told += e.what == "perfusion" ? 1 : 0;
  EXPECT_EQ(told, 2);
}

// Between the two thresholds the past decides, so it is part of the state.
TEST(Carrying, IsKeptInARestart) {
  Bench whole(always_solved(), sprout_with(1));
  ASSERT_TRUE(whole.all(VesselGraph::carries));
  const double drop = 0.7 / whole.flux();
  whole.hold(drop);
  whole.advance(2);
  EXPECT_TRUE(whole.all(VesselGraph::carries));
  Bench resumed(always_solved(), sprout_with(drop));
  EXPECT_FALSE(resumed.all(VesselGraph::carries));
  resumed.segments().flags = whole.segments().flags;
  resumed.v.rebuild();
  for (Bench* b : {&whole, &resumed}) b->advance(2);
  EXPECT_TRUE(resumed.all(VesselGraph::carries));
  EXPECT_EQ(resumed.segments().flags, whole.segments().flags);
}

// Plasma fills a vessel and flows through it, and yet the vessel neither matures nor lasts.
TEST(Carrying, PlasmaAloneIsNotEnough) {
  for (const double haematocrit : {0.45, 0.0}) {
    SCOPED_TRACE(haematocrit);
    Parameters p = always_solved();
    p.flow.haematocrit = haematocrit;
    p.sprouting.maturation_age = 0;
    p.sprouting.maturation_rate = 10;
    p.regression.enabled = true;
    p.regression.vegf_protects = false;
    p.regression.patience = 600;
    Bench bench(p, sprout_with(10));
    const bool cells = haematocrit > 0;
    EXPECT_TRUE(bench.all(VesselGraph::perfused));
    EXPECT_GT(bench.segments().flow[0], 1e4);
    EXPECT_EQ(bench.all(VesselGraph::carries), cells);
    bench.advance();
    EXPECT_EQ(bench.all(VesselGraph::mature), cells);
    bench.advance(30);
    EXPECT_EQ(bench.v.graph().living_segments(), cells ? 24 : 0);
  }
}

// A system of sprouts that plasma flows through lives as long as one of its tips does.
TEST(Carrying, ATipSparesVesselsOfPlasma) {
  Parameters p = always_solved();
  p.flow.haematocrit = 0;
  p.regression.enabled = true;
  p.regression.vegf_protects = false;
  p.regression.patience = 600;
  for (const bool tip : {true, false}) {
    Bench bench(p, sprout_with(10));
    if (tip)
      bench.v.for_each_array([](const std::string& name, const char*, const char*, auto& values) {
        if (name.rfind("tip_", 0) == 0) values.push_back(name == "tip_node" ? 7 : 1);
      });
    bench.advance(30);
    EXPECT_EQ(bench.v.graph().living_segments(), tip ? 24 : 0);
  }
}

// A tip that joins a vessel between two nodes cuts it there. Where no loop closes, its flow stays,
// and the ways of its blood are still those that a restart would find.
TEST(Blood, GoesOnWhereASproutWithoutBloodCutsItsVessel) {
  const Parameters p = parameters_of(
      "domain: {voxels: [24, 20, 18]}\nvegf: {enabled: true}\n"
      "sprouting: {enabled: true, diffusivity: 0 um^2/min}\n"
      "vessels: {pattern: lines, lines: [{from: [0 um, 50 um, 70 um], to: [480 um, 50 "
      "um, 70 um]}]}\n");
  VesselNetwork network = sprout_with(10);
  network.nodes.push_back({{230, 64, 170}});
  network.nodes.push_back({{230, 64, 70}});
  network.segments.push_back({2, 3, 5, true});
  Bench bench(p, network);
  const std::int32_t line = 24; // parts of 20 um, before those of the stalk
  for (std::size_t k = line; k < bench.segments().sprout.size(); ++k)
    bench.segments().sprout[k] = 2;
  bench.v.for_each_array([](const std::string& name, const char*, const char*, auto& values) {
    if (name.rfind("tip_", 0) != 0) return;
    values.push_back(name == "tip_node" ? 3 : name == "tip_sprout" ? 2 : 0);
  });
  bench.v.rebuild();
  bench.advance();
  ASSERT_EQ(bench.v.counted(Vasculature::vessel_fusions), 1);
  ASSERT_FALSE(bench.v.graph().has(line, VesselGraph::perfused));
  const std::vector<std::int32_t> segments = bench.v.blood().segments();
  const std::vector<double> lengths = bench.v.blood().lengths();
  bench.v.rebuild(); // what a restart does
  EXPECT_EQ(segments, bench.v.blood().segments());
  EXPECT_EQ(lengths, bench.v.blood().lengths());
}

// First flow waits for red cells.
TEST(Carrying, FirstFlowIsThatOfRedCells) {
  Bench bench(always_solved(), sprout_with(1));
  std::vector<std::uint8_t> tumour(static_cast<std::size_t>(box.padded()),
                                   static_cast<std::uint8_t>(Kind::epithelial));
  bench.kind.upload(tumour.data());
  const double for_one = 1 / bench.flux();
  bench.hold(0.4 * for_one);
  // A step for the flow, another for those that ask.
  for (std::uint8_t& f : bench.segments().flags)
    f = static_cast<std::uint8_t>(f & ~VesselGraph::carries);
  bench.advance(3);
  EXPECT_EQ(bench.v.counted(Vasculature::first_flow), -1);
  bench.hold(2 * for_one);
  bench.advance(2);
  EXPECT_GE(bench.v.counted(Vasculature::first_flow), 0);
}

// Where flow is not solved, perfusion is all there is.
TEST(Carrying, IsPerfusionWhereFlowIsOff) {
  Parameters p = always_solved();
  p.flow.enabled = false;
  p.flow.haematocrit = 0;
  Bench bench(p, sprout_with(1));
  EXPECT_TRUE(bench.all(VesselGraph::perfused));
  EXPECT_TRUE(bench.all(VesselGraph::carries));
}

// Three vessels of 480, 400 and 360 um apart from one another, and a blind one of 100: the first
// with ample flow, the second so slow that red cells come one by one, the third slower still.
TEST(Carrying, MetricsOfThreeVesselsAndABlindOne) {
  const auto network = [](double second, double third) {
    VesselNetwork n;
    n.nodes = {{{0, 50, 50}, VesselEnd::inlet, 25},
               {{480, 50, 50}, VesselEnd::outlet, 15},
               {{430, 0, 250}, VesselEnd::inlet, 15 + second},
               {{430, 400, 250}, VesselEnd::outlet, 15},
               {{110, 310, 0}, VesselEnd::inlet, 15 + third},
               {{110, 310, 360}, VesselEnd::outlet, 15},
               {{190, 210, 150}, VesselEnd::none, 0},
               {{290, 210, 150}, VesselEnd::none, 0}};
    n.segments = {{0, 1, 6, true}, {2, 3, 5, true}, {4, 5, 4, true}, {6, 7, 5, false}};
    return n;
  };
  const Parameters p = always_solved();
  // By position: which of the vessels a segment belongs to.
  const auto flux_of = [](Bench& b, double x, double y, double z, double* velocity = nullptr) {
    for (std::int32_t s = 0; s < b.v.graph().segment_count(); ++s) {
      const auto i = static_cast<std::size_t>(s);
      const Point a = b.v.graph().position(b.segments().from[i]);
      const auto on = [](double wanted, double is) { return wanted < 0 || wanted == is; };
      if (!on(x, a[0]) || !on(y, a[1]) || !on(z, a[2])) continue;
      if (velocity != nullptr)
        *velocity = std::abs(b.segments().flow[i]) / (pi * 25) / 60000; // mm/s, at 5 um
      return red_cell_flux(b.segments().flow[i], b.segments().haematocrit[i]);
    }
    ADD_FAILURE() << "no such vessel";
    return 0.0;
  };
  Bench trial(p, network(1, 1));
  const double second = 2.0 / flux_of(trial, 430, -1, 250),
               third = 0.6 / flux_of(trial, 110, 310, -1);
  Bench bench(p, network(second, third));
  double velocity = 0;
  EXPECT_NEAR(flux_of(bench, 430, -1, 250, &velocity), 2, 1e-6);
  EXPECT_LT(velocity, 0.01);
  MetricSheet sheet;
  const auto beside_third =
      static_cast<std::int64_t>(box.global(5, 15, 9)); // its centre is (110, 310, 190)
  bench.v.measure(sheet, [&] { return std::vector<std::int64_t>{beside_third}; });
  const MetricRow row = sheet.take();
  EXPECT_NEAR(value_of(row, "vessel_length"), 1.34, 1e-9);
  EXPECT_NEAR(value_of(row, "length_connected"), 1.24, 1e-9);
  EXPECT_NEAR(value_of(row, "length_carrying"), 0.88, 1e-9);
  EXPECT_NEAR(value_of(row, "perfused_fraction"), 0.88 / 1.34, 1e-9);
  EXPECT_NEAR(value_of(row, "slow_fraction"), 0.76 / 1.24, 1e-9);
  EXPECT_NEAR(value_of(row, "red_cell_flux_median"), 2, 1e-6);
  EXPECT_NEAR(value_of(row, "red_cell_flux_p10"), 0.6, 1e-6);
  // To the nearest node of the first, 260 and 140 um away across it.
  EXPECT_GT(value_of(row, "vessel_distance_mean"), 295);
  EXPECT_LT(value_of(row, "vessel_distance_mean"), 296);
}

} // namespace
} // namespace metavox
