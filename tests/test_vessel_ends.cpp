// Ends of vessels that say what enters there: a flow instead of a pressure, red cells of their own.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "core/errors.hpp"
#include "folder.hpp"
#include "input/inputs.hpp"
#include "site/take_apart.hpp"
#include "support.hpp"
#include "vessels/vasculature.hpp"

namespace metavox {
namespace {

using namespace support;

// Two inlets, 1 and 4, that meet at (200, 200, 200), and an outlet, 3.
const std::string confluence = "1 2 100 200 0 6 -1\n2 2 200 200 200 6 1\n3 2 200 200 400 6 2\n"
                               "4 2 300 200 0 5 -1\n5 2 200 200 200 5 4\n";

class GivenEnds : public testing::Test {
protected:
  void SetUp() override { own_folder.write("y.swc", confluence); }

  // The box of the vessels, in which sprouts grow and vessels are pressed.
  Parameters parameters(const std::string& ends, const std::vector<std::string>& overrides = {}) {
    return read_config_text("domain: {voxels: [20, 20, 20], spacing: 20 um}\n"
                            "tissue: {cells: [{shape: sphere, centre: [300 um, 200 um, 250 um], "
                            "radius: 80 um, kind: epithelial}]}\n"
                            "vegf: {enabled: true}\nsprouting: {enabled: true}\n"
                            "regression: {enabled: true}\nflow: {haematocrit: 0.35}\n"
                            "vessels: {pattern: file, check: true, file: y.swc, ends: [" +
                                ends + "]}\n",
                            own_folder.path() / "case.yaml", overrides)
        .parameters;
  }
  static Site site(const Parameters& p, int threads = 2) {
    return Site(p, Executor::on_cpu(threads), read_inputs(p));
  }
  Site site(const std::string& ends, int threads = 2) { return site(parameters(ends), threads); }

  const Folder own_folder;
};

const std::string both_given = "{role: inlet, name: 1, flow: 1.5 nL/min, haematocrit: 0.5, oxygen: "
                               "90 mmHg}, {role: inlet, name: 4, flow: 0.5 nL/min, haematocrit: "
                               "0.2, oxygen: 60 mmHg}, {role: outlet, name: 3, pressure: 12 mmHg}";

// Flow into the box at each end of the graph, with the haematocrit beside it and the pressure.
struct AtEnd {
  Point place;
  double flow, haematocrit, pressure;
};
std::vector<AtEnd> at_ends(const Site& s) {
  const auto end = array_of<std::uint8_t>(s, "vessel_node_end");
  const auto from = array_of<std::int32_t>(s, "vessel_from"),
             to = array_of<std::int32_t>(s, "vessel_to");
  const auto flow = array_of<double>(s, "vessel_flow"),
             haematocrit = array_of<double>(s, "vessel_haematocrit"),
             pressure = array_of<double>(s, "vessel_node_pressure"),
             x = array_of<double>(s, "vessel_node_x"), y = array_of<double>(s, "vessel_node_y"),
             z = array_of<double>(s, "vessel_node_z");
  std::vector<AtEnd> all;
  for (std::size_t n = 0; n < end.size(); ++n) {
    if (end[n] == 0) continue;
    AtEnd one{{x[n], y[n], z[n]}, 0, 0, pressure[n]};
    for (std::size_t k = 0; k < from.size(); ++k)
      if (from[k] == static_cast<std::int32_t>(n) || to[k] == static_cast<std::int32_t>(n)) {
        one.flow += from[k] == static_cast<std::int32_t>(n) ? flow[k] : -flow[k];
        one.haematocrit = haematocrit[k];
      }
    all.push_back(one);
  }
  return all;
}

TEST_F(GivenEnds, FlowsAndRedCellsEnterAsGiven) {
  const Site s = site(both_given);
  int seen = 0;
  for (const AtEnd& e : at_ends(s)) {
    ++seen;
    const bool first = e.place[0] == 100, out = e.place[2] == 400;
    EXPECT_NEAR(e.flow, out ? -2e6 : (first ? 1.5e6 : 0.5e6), 1e-3);
    EXPECT_NEAR(e.haematocrit, out ? (1.5 * 0.5 + 0.5 * 0.2) / 2 : (first ? 0.5 : 0.2), 1e-9);
    if (out) {
      EXPECT_EQ(e.pressure, 12);
      continue;
    }
    // Poiseuille's law along both branches, with the viscosity of what flows there.
    const auto drop = [](double radius, double length, double flow, double h) {
      return flow / conductance(radius, length, 1.2 * relative_viscosity(2 * radius, h));
    };
    const double trunk = drop(6, 200, 2e6, (1.5 * 0.5 + 0.5 * 0.2) / 2), way = std::hypot(100, 200);
    EXPECT_NEAR(e.pressure - 12,
                trunk + (first ? drop(6, way, 1.5e6, 0.5) : drop(5, way, 0.5e6, 0.2)), 1e-6);
  }
  EXPECT_EQ(seen, 3);
}

// Before the run: the pressures that it will have, or a refusal of what no blood has.
TEST_F(GivenEnds, ValidateSaysWhichPressureTheyNeed) {
  const auto said = [&](const std::string& ends) {
    std::string all;
    try {
      for (const std::string& line : read_inputs(parameters(ends)).told) all += line + "\n";
    } catch (const ConfigError& e) {
      return std::string(e.what());
    }
    return all;
  };
  const auto expect = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  std::vector<double> needed;
  for (const AtEnd& e : at_ends(site(both_given)))
    if (e.flow > 0) needed.push_back(e.pressure);
  std::sort(needed.begin(), needed.end());
  char text[80];
  std::snprintf(text, sizeof text, "%.4g to %.4g mmHg where they enter or leave", needed.at(0),
                needed.at(1));
  expect(said(both_given), "vessels.ends: 2 given flows need " + std::string(text));
  expect(said("{role: inlet, name: 1, flow: 2000 nL/min}, {role: outlet, name: 3}"),
         "vessels.ends: 2000 nL/min, given to the inlet at (100, 200, 0) um, would need ");
  expect(said("{role: outlet, name: 3, flow: 500 nL/min}"),
         "given to the outlet at (200, 200, 400) um, would need -");
  EXPECT_EQ(said("{role: outlet, name: 3}").find("given flow"), std::string::npos);
}

// Q C(p, H) with each end's own red cells.
TEST_F(GivenEnds, OxygenEntersWithTheRedCellsOfTheEnd) {
  Site s = site(both_given);
  s.step();
  const OxygenParameters& o = s.parameters().oxygen;
  const auto content = [&](double p, double haematocrit) { // fmol/um^3
    const double x = std::pow(p / o.p50, o.hill);
    return haematocrit * o.haemoglobin * x / (1 + x) + o.blood_solubility * p;
  };
  const double in = 1.5e6 * content(90, 0.5) + 0.5e6 * content(60, 0.2);
  EXPECT_NEAR(metrics_of(s).at("oxygen_in"), in, 1e-6 * in);
  EXPECT_NEAR(metrics_of(s).at("blood_flow"), 2, 1e-8);
}

TEST_F(GivenEnds, AreKeptInARestartAndInAnyNumberOfThreads) {
  for (const std::string& ends :
       {both_given,
        std::string("{role: inlet, name: 4, haematocrit: 0.1}, {role: outlet, name: 3}")}) {
    Site whole = site(ends, 1), beside = site(ends, 2);
    const std::uint64_t before = whole.hash();
    const std::int64_t half = steps_in(whole, 720);
    advance(whole, half);
    EXPECT_NE(whole.hash(), before);
    const Parameters p = parameters(ends);
    ExternalArrays absent;
    absent.absent = true;
    Site resumed(p, Executor::on_cpu(2), absent);
    for (const ArrayInfo& info : whole.state_arrays()) {
      std::vector<std::byte> bytes(info.bytes());
      whole.read(info.name, bytes.data());
      resumed.write(info.name, bytes.data(), info.extents[0]);
    }
    resumed.set_clock(whole.steps());
    advance(whole, half);
    advance(resumed, half);
    advance(beside, 2 * half);
    EXPECT_EQ(resumed.hash(), whole.hash());
    EXPECT_EQ(beside.hash(), whole.hash());
    EXPECT_GT(metrics_of(whole).at("sprouts"), 0); // flow was solved again
  }
}

// Nothing of it is part of the state of a run whose ends all hold a pressure.
TEST_F(GivenEnds, AreNoPartOfOtherRuns) {
  const auto has = [](const Site& s) {
    for (const ArrayInfo& info : s.state_arrays())
      if (info.name == "vessel_node_end_flow") return true;
    return false;
  };
  EXPECT_TRUE(has(site(both_given)));
  EXPECT_FALSE(has(site("{role: outlet, name: 3}")));
  EXPECT_FALSE(has(site("{role: outlet, name: 3}, {role: inlet, name: 1, haematocrit: 0.35}")));
  EXPECT_EQ(site("{role: outlet, name: 3}").hash(),
            site("{role: outlet, name: 3, haematocrit: 0.35}").hash());
}

// Where vessels that closed part a given flow from every pressure, it stands still.
TEST_F(GivenEnds, WithoutAPressureInReachNothingFlows) {
  const Parameters p = parameters(both_given);
  VesselNetwork n;
  n.nodes = {{{0, 50, 70}, VesselEnd::inlet},
             {{400, 50, 70}, VesselEnd::outlet},
             {{0, 150, 70}, VesselEnd::inlet},
             {{400, 150, 70}, VesselEnd::outlet, 15}};
  n.nodes[0].end_flow = 1e6;
  n.nodes[1].end_flow = -1e6;
  n.nodes[2].end_flow = 2e6;
  n.segments = {{0, 1, 5, true}, {2, 3, 5, true}};
  const Lattice box{20, 20, 20, 20};
  Vasculature v(Executor::on_cpu(1), box, box, vasculature_settings(p), 1);
  v.start(n);
  for (const VesselSegment& s : v.network(0, BloodReport{})->segments) {
    const bool apart =
        v.network(0, BloodReport{})->nodes[static_cast<std::size_t>(s.from)].position[1] == 50;
    EXPECT_EQ(s.perfused, !apart);
    EXPECT_NEAR(s.flow, apart ? 0 : 2e6, 1e-3);
  }
}

} // namespace
} // namespace metavox
