// Oxygen that blood carries and can run out of: the march along vessels, alone and with the tissue.

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "fields/blood_exchange.hpp"
#include "fields/saturation.hpp"
#include "solver/extrapolation.hpp"
#include "support.hpp"
#include "vessels/blood_paths.hpp"
#include "vessels/graph.hpp"

namespace metavox {
namespace {

std::string number(double v) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", v);
  return text;
}

BloodContent whole_blood(const std::vector<double>& table) {
  BloodContent content;
  content.curve.table = table.data();
  content.haemoglobin = 0.0203;
  content.solubility = 1.38e-6;
  return content;
}

TEST(Saturation, CurveFollowsHillsAndSoDoesItsSlope) {
  const std::vector<double> table = SaturationCurve::make_table(27, 2.7);
  SaturationCurve curve{table.data(), 27, 2.7};
  double slope;
  for (double p = 0.01; p < 400; p *= 1.013) {
    const double x = std::pow(p / 27, 2.7), s = x / (1 + x);
    EXPECT_NEAR(curve.at(p, slope), s, 1e-8) << p;
    EXPECT_NEAR(slope, 2.7 * s * (1 - s) / p, 3e-5) << p;
  }
  EXPECT_EQ(curve.at(0, slope), 0);
  EXPECT_EQ(curve.at(-1, slope), 0);
}

TEST(Saturation, LevelIsFoundAgainFromTheContent) {
  const std::vector<double> table = SaturationCurve::make_table(27, 2.7);
  const BloodContent content = whole_blood(table);
  for (const double haematocrit : {0.0, 1e-6, 0.1, 0.45, 0.95})
    for (double p = 1e-3; p < 500; p *= 1.3)
      for (const double start : {0.0, 5.0, 95.0, 600.0}) {
        double slope;
        const double found = content.level(haematocrit * content.haemoglobin, content.solubility,
                                           content.of(p, haematocrit), 0, 600, start, slope);
        EXPECT_NEAR(found, p, 1e-9 * (1 + p)) << haematocrit << " " << start;
      }
}

TEST(Wall, LetsOxygenThroughAsTheTableOfResistancesSays) {
  EXPECT_NEAR(oxygen_permeability(4, 1.31e-6), 5.6e4, 0.1e4);
  EXPECT_NEAR(oxygen_permeability(5, 1.31e-6), 5.1e4, 0.1e4);
  EXPECT_NEAR(oxygen_permeability(10, 1.31e-6), 3.5e4, 0.1e4);
  EXPECT_NEAR(oxygen_permeability(20, 1.31e-6), 2.2e4, 0.1e4);
  EXPECT_GT(oxygen_permeability(1, 1.31e-6), oxygen_permeability(2, 1.31e-6));
}

// A graph of straight vessels whose flow and red cells the test sets.
struct Network {
  Lattice fields{24, 24, 24, 20};
  VesselNetwork parents;
  VesselGraph graph{fields};

  std::int32_t node(double x, double y, double z, VesselEnd end = VesselEnd::none,
                    double oxygen = 0) {
    VesselNode n{};
    n.position = {x, y, z};
    n.end = end;
    n.end_oxygen = oxygen;
    parents.nodes.push_back(n);
    return static_cast<std::int32_t>(parents.nodes.size() - 1);
  }
  void vessel(std::int32_t from, std::int32_t to, double flow, double haematocrit,
              double radius = 4) {
    VesselSegment s{from, to, radius, true};
    s.flow = flow;
    s.haematocrit = haematocrit;
    parents.segments.push_back(s);
  }
  // Lays all and gives every piece of a vessel its flow.
  void lay() {
    graph.lay(parents);
    VesselGraph::Segments& s = graph.segments();
    for (std::int32_t k = 0; k < graph.segment_count(); ++k) {
      const auto i = static_cast<std::size_t>(k);
      s.flags[i] = static_cast<std::uint8_t>(s.flags[i] | VesselGraph::perfused);
      const Point a = graph.position(s.from[i]), b = graph.position(s.to[i]);
      for (const VesselSegment& v : parents.segments) {
        const Point &p = parents.nodes[static_cast<std::size_t>(v.from)].position,
                    &q = parents.nodes[static_cast<std::size_t>(v.to)].position;
        const auto along = [&](const Point& x) {
          double whole = 0, part = 0, off = 0;
          for (std::size_t c = 0; c < 3; ++c) {
            whole += (q[c] - p[c]) * (q[c] - p[c]);
            part += (x[c] - p[c]) * (q[c] - p[c]);
          }
          for (std::size_t c = 0; c < 3; ++c)
            off += std::abs(x[c] - p[c] - part / whole * (q[c] - p[c]));
          return off < 1e-6 && part > -1e-6 && part < whole + 1e-6 ? part / whole : -1.0;
        };
        const double ta = along(a), tb = along(b);
        if (ta < 0 || tb < 0) continue;
        s.flow[i] = tb > ta ? v.flow : -v.flow;
        s.haematocrit[i] = v.haematocrit;
      }
    }
  }
};

BloodSubstance oxygen() {
  BloodSubstance s;
  s.diffusivity = 1.2e5;
  s.dissolved = 1.31e-6;
  s.plasma = 1.38e-6;
  s.haemoglobin = 0.0203;
  s.spacing = 20;
  return s;
}

// Marches once through tissue that has one level everywhere.
struct Marched {
  BloodReport report;
  std::vector<double> conductance;
  std::vector<std::int32_t> segment;
  std::vector<double> length;
};
Marched march(const Network& n, const BloodSubstance& substance, float tissue,
              const BloodSupply& supply = {}) {
  const Executor cpu = Executor::on_cpu(1);
  BloodPaths paths(cpu, n.fields);
  paths.renew(n.graph, supply);
  BloodExchange exchange(cpu, substance);
  Loan nothing;
  exchange.look_at(paths.view(), nothing);
  const std::vector<float> field(static_cast<std::size_t>(n.fields.padded()), tissue);
  Marched m;
  m.report = exchange.report(field.data(), n.fields);
  m.conductance = exchange.conductances();
  m.segment = paths.segments();
  m.length = paths.lengths();
  return m;
}

double sum(const std::vector<double>& v) {
  double total = 0;
  for (const double x : v) total += x;
  return total;
}

// T3. Plasma between pieces of equal conductance falls by the same factor in each.
TEST(March, PlasmaFollowsItsClosedForm) {
  Network n;
  const double q = 2e4;
  n.vessel(n.node(250, 250, 0, VesselEnd::inlet, 95), n.node(250, 250, 480, VesselEnd::outlet), q,
           0.0);
  n.lay();
  const BloodSubstance s = oxygen();
  const Marched m = march(n, s, 20);
  const double x = s.dissolved * m.conductance[3] / (q * s.plasma);
  double expected = 75;
  for (std::size_t k = 0; k < m.report.level.size(); ++k) {
    expected /= 1 + s.dissolved * m.conductance[k] / (q * s.plasma);
    EXPECT_NEAR(m.report.level[k] - 20, expected, 1e-10 * 75) << k;
    const double steps = static_cast<double>(k + 1);
    EXPECT_NEAR(m.report.level[k] - 20, 75 * std::exp(-steps * x), 75 * steps * x * x / 2 + 0.5);
  }
  EXPECT_NEAR(m.report.in, q * s.plasma * 95, 1e-12 * m.report.in);
  EXPECT_NEAR(m.report.in - m.report.out, sum(m.report.given), 1e-12 * m.report.in);
}

// T4. All that leaves a junction has one pressure, whatever its haematocrit.
TEST(March, JunctionsMixAndLoseNothing) {
  for (const auto& [ins, outs] : {std::pair{1, 2}, {2, 1}, {2, 2}, {1, 3}, {3, 1}}) {
    Network n;
    const std::int32_t middle = n.node(250, 250, 250);
    const double in_oxygen[3] = {95, 20, 60}, in_flow[3] = {2e5, 1e5, 5e4};
    double flow = 0, red = 0;
    for (int k = 0; k < ins && k < 3; ++k) {
      n.vessel(n.node(250, 50 + 150 * k, 0, VesselEnd::inlet, in_oxygen[k]), middle, in_flow[k],
               0.45);
      flow += in_flow[k];
      red += in_flow[k] * 0.45;
    }
    double rest = flow, red_rest = red;
    for (int k = 0; k < outs; ++k) {
      const bool last = k + 1 == outs;
      const double q = last ? rest : 0.3 * flow, h = last ? red_rest / rest : 0.2 * red / q;
      n.vessel(middle, n.node(250, 50 + 150 * k, 470, VesselEnd::outlet), q, h);
      rest -= q;
      red_rest -= q * h;
    }
    n.lay();
    const BloodSubstance s = oxygen();
    BloodSupply supply;
    supply.haematocrit = 0.45;
    const Marched m = march(n, s, 30, supply);
    EXPECT_GT(m.report.in, 0);
    EXPECT_NEAR(m.report.in - m.report.out, sum(m.report.given), 1e-13 * m.report.in);
    // The pieces next to the junction: one level left, however red.
    const std::vector<double> table = SaturationCurve::make_table(27, 2.7);
    const BloodContent content = whole_blood(table);
    double first = -1;
    for (std::size_t k = 0; k < m.report.level.size(); ++k) {
      const std::int32_t seg = m.segment[k];
      const auto i = static_cast<std::size_t>(seg);
      if (n.graph.position(n.graph.segments().from[i])[2] != 250 ||
          (k > 0 && m.segment[k - 1] == seg))
        continue;
      const double q = n.graph.segments().flow[i], h = n.graph.segments().haematocrit[i];
      const double brought = q * content.of(m.report.level[k], h) + m.report.given[k];
      double slope;
      const double left = content.level(q * h * content.haemoglobin, q * content.solubility,
                                        brought, 0, 95, 50, slope);
      if (first < 0) first = left;
      EXPECT_NEAR(left, first, 1e-9) << ins << ":" << outs;
    }
    EXPECT_GT(first, 30);
  }
}

TEST(March, NeverGivesMoreThanArrives) {
  for (const double flow : {1e-6, 1e-2, 1.0, 1e3, 1e6}) {
    Network n;
    n.vessel(n.node(250, 250, 0, VesselEnd::inlet, 95), n.node(250, 250, 480, VesselEnd::outlet),
             flow, 0.45);
    n.lay();
    BloodSupply supply;
    supply.haematocrit = 0.45;
    const Marched m = march(n, oxygen(), 0, supply);
    EXPECT_LE(sum(m.report.given), m.report.in * (1 + 1e-12));
    EXPECT_GE(m.report.out, 0);
    EXPECT_NEAR(m.report.in - m.report.out, sum(m.report.given), 1e-12 * m.report.in);
    // From tissue that holds more than the blood it takes up, up to the tissue's level.
    const Marched back = march(n, oxygen(), 120, supply);
    for (const double p : back.report.level) EXPECT_LE(p, 120 * (1 + 1e-12));
    EXPECT_LT(sum(back.report.given), 0);
  }
}

// A box of tissue around one straight vessel along x, closed on all sides.
std::string krogh_box(double h, int length, int width, double radius, double offset = 0) {
  const double middle = (width / 2 + 0.5 * (width % 2)) * h + offset;
  // Voxels that the vessel fills take up nothing: the others take up their share.
  const double cells = static_cast<double>(width) * width;
  const double lost = std::acos(-1.0) * radius * radius < VesselGraph::full_from * h * h ? 0 : 1;
  const double uptake = 7e-17 * 0.5 * 0.55 * std::pow(h / 20, 3) * cells / (cells - lost) / 0.5;
  return "domain: {voxels: [" + std::to_string(length) + ", " + std::to_string(width) + ", " +
         std::to_string(width) + "], spacing: " + number(h) +
         " um}\ntissue: {parenchyma: 1, stroma: 0}\n"
         "oxygen: {faces: no_flux, tissue_supply: false, inlet_oxygen: 95 mmHg, tolerance: 1e-4 "
         "mmHg, consumption: " +
         number(uptake) +
         " mol/s/cell}\n"
         "fields: {max_cycles: 200}\n"
         "vessels: {pattern: lines, lines: [{from: [0 um, " +
         number(middle) + " um, " + number(middle) + " um], to: [" + number(length * h) + " um, " +
         number(middle) + " um, " + number(middle) + " um], radius: " + number(radius) + " um}]}\n";
}

// T2. After Krogh, with Hill's curve: 1.74 nL/min through 1.6 mm of tissue 150 um wide.
TEST(KroghHill, BloodLeavesAsTheBalanceSaysAtEveryVoxelSize) {
  const std::vector<double> table = SaturationCurve::make_table(27, 2.7);
  const BloodContent content = whole_blood(table);
  for (const double h : {25.0, 12.5, 10.0}) {
    const int length = static_cast<int>(1600 / h), width = static_cast<int>(150 / h);
    Site site(support::parameters_of(krogh_box(h, length, width, 5)), support::fastest());
    site.step();
    const MetricRow row = site.measure();
    const double in = value_of(row, "oxygen_in"), out = value_of(row, "oxygen_out"),
                 flow = value_of(row, "blood_flow") * 1e6;
    EXPECT_NEAR(flow, 1.741e6, 0.002e6);
    double slope;
    const double p_out = content.level(flow * 0.45 * content.haemoglobin, flow * content.solubility,
                                       out, 0, 95, 40, slope);
    EXPECT_NEAR(p_out, 35.08, 0.25) << "h " << h;
    EXPECT_NEAR(in - out, value_of(row, "oxygen_released"), 1e-12 * in);
    // Closed tissue takes up what the blood gives.
    const std::vector<float> p = support::array_of<float>(site, "oxygen");
    const std::vector<std::uint8_t> kind = support::array_of<std::uint8_t>(site, "kind");
    const Parameters& q = site.parameters();
    double uptake = 0;
    for (std::size_t i = 0; i < p.size(); ++i)
      if (kind[i] == static_cast<std::uint8_t>(Kind::parenchyma))
        uptake += q.oxygen.consumption * 6e16 * q.oxygen.normal_factor * static_cast<double>(p[i]) /
                  (static_cast<double>(p[i]) + q.oxygen.half_saturation);
    EXPECT_NEAR(uptake / value_of(row, "oxygen_released"), 1, h < 12 ? 1e-4 : 2e-5) << "h " << h;
  }
}

// What one vessel along a line gives to tissue that eats, in fmol/min per um, far from everything:
// first-order uptake, so that K0 tells what it must be. Along x it crosses a thin box from face to
// face.
struct Line {
  double given = 0, length = 0;
  double per_um() const { return given / length; }
};
// `walled`: through its wall from a strong flow of blood, else from blood that is fixed at 40 mmHg.
Line lone_vessel(double h, const Point& direction, double radius, const Point& aside = {},
                 bool walled = false) {
  const double lambda = 60; // um, over which oxygen falls
  const bool along_x = direction[1] == 0 && direction[2] == 0;
  const int n = static_cast<int>(std::lround((along_x ? 640 : 960) / h)), nx = along_x ? 4 : n;
  const double d = 1.2e5, k = d / (lambda * lambda);
  const Point middle{0.5 * nx * h + aside[0], 0.5 * n * h + aside[1], 0.5 * n * h + aside[2]};
  double norm = 0, reach = 1e9;
  for (const double c : direction) norm += c * c;
  norm = std::sqrt(norm);
  for (std::size_t a = 0; a < 3; ++a)
    if (direction[a] != 0) reach = std::min(reach, middle[a] * norm / std::abs(direction[a]));
  const double half = along_x ? reach : 0.95 * reach, measured = std::min(half, 120.0);
  Point from{}, to{};
  for (std::size_t a = 0; a < 3; ++a) {
    from[a] = middle[a] - half * direction[a] / norm;
    to[a] = middle[a] + half * direction[a] / norm;
  }
  Lattice box{nx, n, n, h};
  VesselGraph graph(box);
  VesselNetwork network;
  network.nodes.push_back({from, VesselEnd::inlet});
  network.nodes.push_back({to, VesselEnd::outlet});
  network.nodes[0].end_oxygen = 40;
  network.segments.push_back({0, 1, radius, true});
  graph.lay(network);
  for (std::uint8_t& f : graph.segments().flags)
    f = static_cast<std::uint8_t>(f | VesselGraph::perfused);
  std::fill(graph.segments().flow.begin(), graph.segments().flow.end(), 1e12);
  const Executor cpu = Executor::on_cpu(2);
  BloodPaths paths(cpu, box);
  BloodSupply supply;
  supply.fixed = !walled;
  paths.renew(graph, supply);
  BloodSubstance substance = oxygen();
  substance.fixed = !walled;
  substance.level = 40;
  substance.spacing = h;
  BloodExchange exchange(cpu, substance);
  Loan nothing;
  exchange.look_at(paths.view(), nothing);
  DiffusionSettings settings{};
  settings.name = "oxygen";
  settings.diffusivity = d;
  settings.tolerance = 1e-4;
  settings.max_cycles = 200;
  settings.faces = support::all_faces(FaceKind::no_flux);
  const auto scratch = std::make_shared<DiffusionScratch>(cpu, box);
  Diffusion solver(cpu, box, settings, scratch);
  std::fill(scratch->loss(), scratch->loss() + scratch->split().padded(), static_cast<float>(k));
  std::fill(scratch->source(), scratch->source() + scratch->split().padded(), 0.0f);
  std::vector<float> field(static_cast<std::size_t>(box.padded()), 0.0f);
  EXPECT_TRUE(solver.solve(field.data(), Diffusion::Start::cold, &exchange).converged);
  const BloodReport report = exchange.report(field.data(), box);
  Line line;
  for (std::size_t piece = 0; piece < report.given.size(); ++piece) {
    const auto segment = static_cast<std::size_t>(paths.segments()[piece]);
    const Point a = graph.position(graph.segments().from[segment]);
    double off = 0;
    for (std::size_t c = 0; c < 3; ++c) off += (a[c] - middle[c]) * direction[c] / norm;
    if (std::abs(off) > measured) continue; // the ends of the vessel are not looked at
    line.given += report.given[piece];
    line.length += paths.lengths()[piece];
  }
  return line;
}

// 2 pi D alpha p / (K0(R/L) L / (R K1(R/L))) with the modified Bessel functions: flux through the
// wall of a cylinder that holds p.
double cylinder_flux(double radius) {
  const double x = radius / 60;
  return 2 * 3.14159265358979 * 1.2e5 * 1.31e-6 * 40 * x * std::cyl_bessel_k(1, x) /
         std::cyl_bessel_k(0, x);
}

// T7. In a plane alone: 0.97 to 0.99 of the cylinder at 20 um, 0.99 to 1.02 at 10 um, 1.00 to 1.02
// at 5 um.
TEST(Disc, GivesWhatACylinderGivesInEveryDirection) {
  for (const double h : {20.0, 10.0}) {
    double low = 1e9, high = 0;
    for (const Point& direction :
         {Point{1, 0, 0}, Point{1, 1, 0}, Point{2, 1, 0}, Point{1, 1, 1}, Point{1, 0.618, 0.382}}) {
      const Line line = lone_vessel(h, direction, 4);
      const double ratio = line.per_um() / cylinder_flux(4);
      EXPECT_GT(ratio, 0.97) << "h " << h;
      EXPECT_LT(ratio, 1.02) << "h " << h;
      low = std::min(low, ratio);
      high = std::max(high, ratio);
    }
    EXPECT_LT(high / low - 1, 0.015) << "h " << h;
  }
}

// T8.
TEST(Disc, GivesTheSameWhereverTheVesselLiesInItsVoxel) {
  double low = 1e9, high = 0;
  for (const double u : {0.0, 0.25, 0.5})
    for (const double v : {0.0, 0.25, 0.5}) {
      const Line line = lone_vessel(20, {1, 0, 0}, 4, {0, u * 20, v * 20}, true);
      low = std::min(low, line.per_um());
      high = std::max(high, line.per_um());
    }
  EXPECT_LT(high / low - 1, 0.025);
  const double coarse = lone_vessel(20, {1, 0, 0}, 4, {}, true).per_um();
  for (const double h : {10.0, 5.0})
    EXPECT_NEAR(lone_vessel(h, {1, 0, 0}, 4, {}, true).per_um() / coarse, 1, 0.03) << "h " << h;
}

// T6. Capillaries in healthy tissue never drain it, however little red blood they carry.
TEST(HealthyTissue, KeepsItsOxygenBesideCapillaries) {
  for (const double haematocrit : {0.45, 0.2, 0.1}) {
    Site site(support::parameters_of(
                  "domain: {voxels: [80, 80, 80], spacing: 20 um}\n"
                  "vessels: {pattern: grid, spacing: 300 um, jitter: 0}\nflow: {haematocrit: " +
                  number(haematocrit) + "}\n"),
              support::fastest());
    site.step();
    const std::vector<float> p = support::array_of<float>(site, "oxygen");
    const MetricRow row = site.measure();
    EXPECT_GE(*std::min_element(p.begin(), p.end()), 51.5f) << haematocrit;
    EXPECT_GT(value_of(row, "oxygen_released"), 0) << haematocrit;
    EXPECT_LT(value_of(row, "oxygen_extraction"), 0.3) << haematocrit;
    EXPECT_LE(value_of(row, "oxygen_released"), value_of(row, "oxygen_in"));
  }
}

// What cells take up less what fine capillaries, faces and vessels bring, as a share of the uptake.
double gap_in_balance(const std::string& yaml) {
  Site site(support::parameters_of(yaml), support::fastest());
  const auto kind = support::array_of<std::uint8_t>(site, "kind");
  const auto flags = support::array_of<std::uint16_t>(site, "flags");
  site.step(); // the field belongs to the cells before
  const auto p = support::array_of<float>(site, "oxygen");
  const Parameters& q = site.parameters();
  const OxygenParameters& o = q.oxygen;
  const double full = o.consumption * 6e16, half = o.half_saturation;
  const double normal = full * o.normal_factor;
  const double kappa = normal * o.tissue_pressure / (o.tissue_pressure + half) /
                       (o.arterial_pressure - o.tissue_pressure);
  const auto& n = q.domain.voxels;
  const double h = q.domain.spacing;
  double uptake = 0, supply = 0, faces = 0;
  std::size_t i = 0;
  for (int z = 0; z < n[2]; ++z)
    for (int y = 0; y < n[1]; ++y)
      for (int x = 0; x < n[0]; ++x, ++i) {
        const double c = static_cast<double>(p[i]), taken = c / (c + half);
        const auto k = static_cast<Kind>(kind[i]);
        if (is_tumour(k)) uptake += full * taken * (flags[i] != 0 ? o.quiescent_factor : 1.0);
        if (k == Kind::parenchyma || k == Kind::stroma) {
          uptake += normal * taken;
          supply += kappa * (o.arterial_pressure - c);
        }
        const int at[3] = {x, y, z};
        for (std::size_t a = 0; a < 3; ++a)
          for (const int side : {0, n[a] - 1})
            if (at[a] == side)
              faces += 2 * o.diffusivity * h * o.solubility * (o.tissue_pressure - c);
      }
  const double released = value_of(site.measure(), "oxygen_released");
  EXPECT_GT(released, 0.02 * uptake);
  return (uptake - supply - faces - released) / uptake;
}

TEST(Balance, ClosesAroundATumourWithVessels) {
  const std::string yaml = "domain: {voxels: [48, 48, 48], spacing: 20 um}\n"
                           "tissue: {cells: [{shape: sphere, radius: 300 um, kind: epithelial}]}\n"
                           "vessels: {pattern: grid, spacing: 150 um}\n";
  EXPECT_LT(std::abs(gap_in_balance(yaml)), 5e-4);
  EXPECT_LT(std::abs(gap_in_balance(yaml + "oxygen: {tolerance: 1e-4 mmHg}\n")), 1e-5);
}

// T5. A loop through which next to nothing flows gives up what little it brings, and no more.
TEST(Loops, GiveUpAllTheyBring) {
  for (const double slow : {1e-2, 1e-5, 1e-8}) {
    Network n;
    const std::int32_t in = n.node(250, 50, 0, VesselEnd::inlet, 60),
                       out = n.node(250, 50, 480, VesselEnd::outlet), a = n.node(250, 50, 100),
                       b = n.node(250, 50, 380), c = n.node(250, 300, 100),
                       d = n.node(250, 300, 380);
    const double q = 1e6;
    n.vessel(in, a, q, 0.45);
    n.vessel(a, b, q * (1 - slow), 0.45);
    n.vessel(b, out, q, 0.45);
    n.vessel(a, c, q * slow, 0.45);
    n.vessel(c, d, q * slow, 0.45);
    n.vessel(d, b, q * slow, 0.45);
    n.lay();
    BloodSupply supply;
    supply.haematocrit = 0.45;
    const Marched m = march(n, oxygen(), 20, supply);
    EXPECT_NEAR(m.report.in - m.report.out, sum(m.report.given), 1e-12 * m.report.in);
    for (std::size_t k = 0; k < m.report.level.size(); ++k) {
      const auto s = static_cast<std::size_t>(m.segment[k]);
      const Point p = n.graph.position(n.graph.segments().from[s]),
                  r = n.graph.position(n.graph.segments().to[s]);
      if (p[1] == 300 && r[1] == 300 && p[2] > 200 && slow < 1e-3) {
        EXPECT_NEAR(m.report.level[k], 20, 0.05);
      }
    }
  }
}

// A map that turns x into slow * (x - end) + end, slow being another number for each entry.
struct SlowMap {
  std::vector<double> slow, end;
  std::vector<double> operator()(const std::vector<double>& x) const {
    std::vector<double> y(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) y[i] = end[i] + slow[i] * (x[i] - end[i]);
    return y;
  }
};
SlowMap slow_map(std::size_t n) {
  SlowMap map{std::vector<double>(n), std::vector<double>(n)};
  const double kinds[4] = {0.97, 0.9, 0.6, -0.5};
  for (std::size_t i = 0; i < n; ++i) {
    map.slow[i] = kinds[i % 4];
    map.end[i] = 20 + 10 * std::sin(static_cast<double>(i));
  }
  return map;
}
// How far from the end the last of `turns` is.
std::vector<double> extrapolated(const Executor& executor, const SlowMap& map, int turns) {
  const std::size_t n = map.end.size();
  Extrapolation extrapolation(executor);
  Loan nothing;
  extrapolation.begin(static_cast<std::int64_t>(n), nothing);
  std::vector<double> used(n, 0.0), met;
  std::vector<float> size(n);
  for (int turn = 0; turn < turns; ++turn) {
    met = map(used);
    extrapolation.take(used.data(), met.data(), size.data());
    extrapolation.go_on(used.data(), met.data());
  }
  return used;
}

// A linear map of four factors ends after as many turns, up to the damping, which takes some more;
// plain turns leave 0.97^12 = 0.7 of the first difference.
TEST(Extrapolation, FindsTheEndOfSlowTurns) {
  const SlowMap map = slow_map(1000);
  const std::vector<double> found = extrapolated(Executor::on_cpu(1), map, 12);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], map.end[i], 1e-3) << i;
  for (const int threads : {2, 3})
    EXPECT_EQ(extrapolated(Executor::on_cpu(threads), map, 12), found) << threads << " threads";
}

// Parallel capillaries through closed tissue that takes up so little that turns which look at each
// piece's own tissue overlook nearly all of its rise.
struct SlowBed {
  Lattice box{20, 20, 20, 20};
  VesselGraph graph{box};
  Executor executor;
  std::unique_ptr<BloodPaths> paths;
  std::unique_ptr<BloodExchange> exchange;
  std::shared_ptr<DiffusionScratch> scratch;
  std::vector<float> field;
  Loan loan;

  explicit SlowBed(const Executor& on, double flow = 2e4, const Loan& lent = {})
      : executor(on), loan(lent) {
    VesselNetwork network;
    for (int x = 0; x < 5; ++x)
      for (int y = 0; y < 5; ++y) {
        const auto first = static_cast<std::int32_t>(network.nodes.size());
        const double u = 40 + 80 * x, v = 40 + 80 * y;
        network.nodes.push_back({{u, v, 0}, VesselEnd::inlet});
        network.nodes.back().end_oxygen = 60;
        network.nodes.push_back({{u, v, 400}, VesselEnd::outlet});
        network.segments.push_back({first, first + 1, 4, true});
      }
    graph.lay(network);
    VesselGraph::Segments& s = graph.segments();
    for (std::uint8_t& f : s.flags) f = static_cast<std::uint8_t>(f | VesselGraph::perfused);
    std::fill(s.flow.begin(), s.flow.end(), flow);
    std::fill(s.haematocrit.begin(), s.haematocrit.end(), 0.3);
    paths = std::make_unique<BloodPaths>(executor, box);
    BloodSupply supply;
    supply.haematocrit = 0.3;
    paths->renew(graph, supply);
    exchange = std::make_unique<BloodExchange>(executor, oxygen());
    exchange->look_at(paths->view(), loan);
    scratch = std::make_shared<DiffusionScratch>(executor, box);
    field.assign(static_cast<std::size_t>(box.padded()), 10.0f);
  }

  double uptake = 10; // mmHg/min, half of it at half
  static constexpr double half = 1.4, tolerance = 0.01;
  SolveReport solve(int max_cycles, double to = tolerance) {
    DiffusionSettings settings{};
    settings.name = "oxygen";
    settings.diffusivity = 1.2e5;
    settings.half_saturation = half;
    settings.tolerance = to;
    settings.max_cycles = max_cycles;
    settings.faces = support::all_faces(FaceKind::no_flux);
    Diffusion solver(executor, box, settings, scratch);
    const auto n = scratch->split().padded();
    std::fill(scratch->loss(), scratch->loss() + n, 0.0f);
    std::fill(scratch->source(), scratch->source() + n, 0.0f);
    std::fill(scratch->uptake(), scratch->uptake() + n, static_cast<float>(uptake));
    return solver.solve(field.data(), Diffusion::Start::warm, exchange.get());
  }
};

TEST(SlowBed, ComesToRestInFewCyclesWherePlainTurnsWouldLead) {
  SlowBed bed(Executor::on_cpu(1)), plain(Executor::on_cpu(1));
  bed.uptake = plain.uptake = 5;
  constexpr double tolerance = 1e-3;
  const SolveReport report = bed.solve(60, tolerance);
  EXPECT_TRUE(report.converged) << report.error;
  EXPECT_LE(report.cycles, 40);
  // Solves of five cycles are plain turns.
  int cycles = 0;
  for (bool rests = false; !rests && cycles < 5000; cycles += 5)
    rests = plain.solve(5, 1e-4).converged;
  EXPECT_LT(cycles, 5000);
  EXPECT_GT(cycles, 60); // which is the limit
  for (int z = 0; z < 20; ++z)
    for (int y = 0; y < 20; ++y)
      for (int x = 0; x < 20; ++x) {
        const auto i = static_cast<std::size_t>(bed.box.index(x, y, z));
        ASSERT_NEAR(bed.field[i], plain.field[i], 3 * tolerance) << x << " " << y << " " << z;
      }
}

// What is extrapolated on the way breaks no rule of the march.
TEST(SlowBed, GivesWhatItsTissueTakesUpAndNoMoreThanArrives) {
  for (const double flow : {1e2, 5e3, 2e4, 3e5}) {
    SlowBed bed(Executor::on_cpu(1), flow);
    const SolveReport solved = bed.solve(60, 1e-3);
    EXPECT_TRUE(solved.converged) << flow << ": " << solved.error;
    double uptake = 0;
    for (int z = 0; z < 20; ++z)
      for (int y = 0; y < 20; ++y)
        for (int x = 0; x < 20; ++x) {
          const double c = bed.field[static_cast<std::size_t>(bed.box.index(x, y, z))];
          EXPECT_GE(c, 0);
          uptake += bed.uptake * c / (c + SlowBed::half);
        }
    const BloodReport report = bed.exchange->report(bed.field.data(), bed.box);
    const double released = sum(report.given);
    EXPECT_NEAR(report.in - report.out, released, 1e-12 * report.in);
    EXPECT_LE(released, report.in);
    EXPECT_NEAR(uptake * 8000 * 1.31e-6 / released, 1, flow < 1e3 ? 2e-3 : 2e-4) << flow;
    for (std::size_t k = 0; k < report.level.size(); ++k) {
      EXPECT_GE(report.level[k], 0);
      EXPECT_LE(report.level[k], 60 * (1 + 1e-12));
      EXPECT_GE(report.saturation[k], 0);
    }
  }
}

// Nothing of a solve outlasts it, and no thread's share matters.
TEST(SlowBed, HasTheSameBitsOnAnyThreadsAndAfterOtherSolves) {
  SlowBed one(Executor::on_cpu(1));
  one.solve(60);
  for (const int threads : {2, 3}) {
    SlowBed other(Executor::on_cpu(threads));
    other.solve(60);
    EXPECT_EQ(other.field, one.field) << threads << " threads";
    std::fill(other.field.begin(), other.field.end(), 10.0f);
    other.solve(60);
    EXPECT_EQ(other.field, one.field) << "again";
  }
}

// Memory for turns is there before they are extrapolated: none is taken inside a solve.
TEST(SlowBed, TakesNoMemoryInASolve) {
  SlowBed bed(Executor::on_cpu(1));
  const std::size_t before = bed.executor.allocations();
  const SolveReport report = bed.solve(60);
  EXPECT_TRUE(report.converged);
  EXPECT_GT(report.cycles, 6);                       // it was extrapolated
  EXPECT_EQ(bed.executor.allocations(), before + 1); // the solver's tables
}

// Whatever was in lent memory, and however much of it there is. Beyond what is told as touched it
// stays as it was.
TEST(SlowBed, HasTheSameBitsInLentMemory) {
  SlowBed own(Executor::on_cpu(1));
  const std::size_t allocations = own.executor.allocations();
  own.solve(60);
  const BloodReport report = own.exchange->report(own.field.data(), own.box);
  for (const std::size_t bytes : {300u, 20000u, 65000u, 1u << 20}) {
    std::vector<std::uint64_t> memory(bytes / 8, 0xfff7ffffffffff7full); // no number
    SlowBed bed(Executor::on_cpu(1), 2e4, Loan(memory.data(), bytes));
    EXPECT_EQ(bed.executor.allocations() < allocations, bytes > 300) << bytes;
    bed.solve(60);
    EXPECT_EQ(bed.field, own.field) << bytes;
    const BloodReport found = bed.exchange->report(bed.field.data(), bed.box);
    EXPECT_EQ(found.given, report.given) << bytes;
    EXPECT_EQ(found.level, report.level) << bytes;
    const std::size_t touched = bed.loan.touched() / 8;
    ASSERT_LE(touched, memory.size());
    for (std::size_t k = touched; k < memory.size(); ++k)
      ASSERT_EQ(memory[k], 0xfff7ffffffffff7full) << bytes << " " << k;
  }
}

// Tissue that moves on evenly whatever blood does: six plain turns follow extrapolations that lead
// away, and are extrapolated from once more.
TEST(SlowBed, GoesBackToPlainTurnsWhereExtrapolationLeadsAway) {
  SlowBed bed(Executor::on_cpu(1));
  const auto n = static_cast<std::size_t>(bed.scratch->split().padded());
  std::vector<float> c(n, 10.0f), f(n, 0.0f), k(n, 0.0f);
  DiffusionLevel level{};
  level.lattice = bed.scratch->split();
  level.c = c.data();
  level.f = f.data();
  level.k = k.data();
  BloodExchange& exchange = *bed.exchange;
  exchange.begin(level);
  exchange.answer(0);
  exchange.impose();
  float step = 4.0f;
  std::vector<bool> hastened{false};
  for (int cycle = 1; cycle <= 16; ++cycle) {
    step *= 0.9f;
    for (float& value : c) value = exact::max_of(value + step, 0.0f);
    hastened.push_back(exchange.answer(cycle).left > 0);
    exchange.impose();
  }
  const std::vector<bool> expected{false, false, false, false, false, false, false, true, true,
                                   false, false, false, false, false, false, true,  true};
  EXPECT_EQ(hastened, expected);
}

} // namespace
} // namespace metavox
