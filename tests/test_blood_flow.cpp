// Blood: which vessels are perfused, and pressures, flows and red cells in a network of them.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/errors.hpp"
#include "vessels/flow/blood_flow.hpp"
#include "vessels/perfusion.hpp"

namespace metavox {
namespace {

using Edges = std::vector<std::pair<std::int32_t, std::int32_t>>;
using Nodes = std::vector<std::int32_t>;
using Marks = std::vector<std::uint8_t>;

// The engine's own bits, so that every standard library draws the same networks.
struct Chance {
  std::mt19937_64 engine;
  explicit Chance(std::uint64_t seed) : engine(seed) {}
  double between(double a, double b) {
    return a + (b - a) * static_cast<double>(engine() >> 11) * 0x1p-53;
  }
  std::int32_t below(std::int32_t n) {
    return static_cast<std::int32_t>(engine() % static_cast<std::uint64_t>(n));
  }
};

FlowParameters settings_for(PhaseSeparation rule) {
  FlowParameters p{};
  p.plasma_viscosity = 1.2;
  p.phase_separation = rule;
  p.tolerance = 1e-8;
  p.max_iterations = 1000;
  return p;
}

constexpr PhaseSeparation rules[] = {PhaseSeparation::none, PhaseSeparation::velocity,
                                     PhaseSeparation::pries};

std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

// ---- perfusion

// Every simple path, one by one.
Marks by_enumeration(std::int32_t nodes, const Edges& edges, const Nodes& starts,
                     const Nodes& goals, bool between_ends) {
  Marks marks(edges.size(), 0), visited(at(nodes), 0);
  std::vector<std::size_t> path;
  const std::function<void(std::int32_t, std::int32_t)> walk = [&](std::int32_t start,
                                                                   std::int32_t v) {
    visited[at(v)] = 1;
    if (std::count(goals.begin(), goals.end(), v) != 0 && (!between_ends || v != start))
      for (const std::size_t e : path) marks[e] = 1;
    for (std::size_t e = 0; e < edges.size(); ++e) {
      const auto [a, b] = edges[e];
      if (a != v && b != v) continue;
      const std::int32_t other = a == v ? b : a;
      if (visited[at(other)]) continue;
      path.push_back(e);
      walk(start, other);
      path.pop_back();
    }
    visited[at(v)] = 0;
  };
  for (const std::int32_t s : starts) walk(s, s);
  return marks;
}

TEST(Perfusion, AgreesWithEveryPathOfSmallGraphs) {
  Chance chance(1);
  int perfused = 0, unperfused = 0;
  for (int trial = 0; trial < 6000; ++trial) {
    const std::int32_t nodes = 5 + chance.below(5);
    Edges edges;
    const std::int32_t count = 3 + chance.below(10);
    for (std::int32_t e = 0; e < count; ++e)
      edges.push_back({chance.below(nodes), chance.below(nodes)});
    if (chance.below(2) == 0) edges.push_back(edges.front());
    Nodes inlets, outlets, ends;
    for (std::int32_t v = 0; v < nodes; ++v) {
      const std::int32_t kind = chance.below(6);
      if (kind == 0) inlets.push_back(v);
      if (kind == 1) outlets.push_back(v);
      if (kind < 2) ends.push_back(v);
    }
    const Marks found = perfused_edges(nodes, edges, inlets, outlets);
    ASSERT_EQ(found, by_enumeration(nodes, edges, inlets, outlets, false)) << "trial " << trial;
    ASSERT_EQ(edges_between(nodes, edges, ends), by_enumeration(nodes, edges, ends, ends, true))
        << "trial " << trial;
    for (const std::uint8_t m : found) ++(m ? perfused : unperfused);
  }
  EXPECT_GT(perfused, 5000); // both outcomes were met
  EXPECT_GT(unperfused, 5000);
}

TEST(Perfusion, NeedsInletsAndOutlets) {
  const Edges edges{{0, 1}, {1, 2}};
  EXPECT_EQ(perfused_edges(3, edges, {0}, {2}), (Marks{1, 1}));
  EXPECT_EQ(perfused_edges(3, edges, {0}, {}), (Marks{0, 0}));
  EXPECT_EQ(perfused_edges(3, edges, {}, {2}), (Marks{0, 0}));
  EXPECT_EQ(perfused_edges(3, edges, {0, 0}, {2, 2}), (Marks{1, 1}));
  EXPECT_EQ(perfused_edges(3, {}, {0}, {2}), Marks{});
  EXPECT_EQ(perfused_edges(0, {}, {}, {}), Marks{});
}

TEST(Perfusion, ReachFollowsMarkedEdges) {
  const Edges edges{{0, 1}, {1, 2}, {3, 4}, {4, 5}, {2, 3}, {6, 6}};
  EXPECT_EQ(edges_in_reach(7, edges, {1, 1, 1, 1, 0, 0}, {2}), (Marks{1, 1, 0, 0, 0, 0}));
  EXPECT_EQ(edges_in_reach(7, edges, {1, 1, 1, 1, 1, 0}, {5}), (Marks{1, 1, 1, 1, 1, 0}));
  EXPECT_EQ(edges_in_reach(7, edges, {1, 0, 1, 1, 1, 0}, {0, 4}), (Marks{1, 0, 1, 1, 1, 0}));
  EXPECT_EQ(edges_in_reach(7, edges, {1, 1, 1, 1, 1, 0}, {}), Marks(6, 0));
  EXPECT_THROW(edges_in_reach(3, {{0, 1}}, {1}, {3}), std::invalid_argument);
}

TEST(Perfusion, RefusesNodesThatDoNotFit) {
  EXPECT_THROW(perfused_edges(2, {{0, 2}}, {0}, {1}), std::invalid_argument);
  EXPECT_THROW(perfused_edges(2, {{-1, 1}}, {0}, {1}), std::invalid_argument);
  EXPECT_THROW(perfused_edges(2, {{0, 1}}, {2}, {1}), std::invalid_argument);
  EXPECT_THROW(perfused_edges(2, {{0, 1}}, {0}, {-1}), std::invalid_argument);
  EXPECT_THROW(perfused_edges(2, {{0, 1}}, {0, 1}, {1}), std::invalid_argument);
}

// A chain that recursion would not survive.
TEST(Perfusion, FollowsLongChains) {
  const std::int32_t n = 1000000;
  Edges edges;
  for (std::int32_t v = 0; v + 1 < n; ++v) edges.push_back({v, v + 1});
  edges.push_back({n / 2, n / 2});
  Marks expected(edges.size(), 1);
  expected.back() = 0;
  EXPECT_EQ(perfused_edges(n, edges, {0}, {n - 1}), expected);
}

// ---- viscosity and single vessels

TEST(BloodFlow, ViscosityInVivo) {
  const double expected[][3] = {
      {10, 0.45, 5.872}, {8, 0.45, 7.307}, {20, 0.45, 3.231}, {40, 0.45, 2.314}, {10, 0.2, 2.651}};
  for (const auto& e : expected)
    EXPECT_NEAR(relative_viscosity(e[0], e[1]), e[2], 1e-3 * e[2]) << e[0];
  for (const double d : {2.0, 5.0, 12.3, 100.0}) {
    const double wall = d / (d - 1.1);
    EXPECT_NEAR(relative_viscosity(d, 0), wall * wall, 1e-13 * wall * wall);
    double last = 0;
    for (double h = 0; h < 0.96; h += 0.01) {
      const double v = relative_viscosity(d, h);
      EXPECT_GT(v, last) << d << " " << h;
      last = v;
    }
  }
  // The exponent of the law changes sign between 11 and 35 um; the law itself has no seam there.
  for (double d = 11; d < 35; d += 0.001)
    EXPECT_NEAR(relative_viscosity(d, 0.6) / relative_viscosity(d + 0.001, 0.6), 1.0, 1e-3) << d;
  // Below what was measured it is held.
  EXPECT_EQ(relative_viscosity(1.0, 0.4), relative_viscosity(2.0, 0.4));
  EXPECT_THROW(relative_viscosity(0, 0.4), std::invalid_argument);
  EXPECT_THROW(relative_viscosity(5, 1), std::invalid_argument);
}

FlowNetwork line(std::vector<double> radii, std::vector<double> lengths, double in, double out,
                 double haematocrit) {
  FlowNetwork n;
  n.nodes = static_cast<std::int32_t>(radii.size()) + 1;
  for (std::size_t i = 0; i < radii.size(); ++i) {
    const auto k = static_cast<std::int32_t>(i);
    n.segments.push_back({k, k + 1, radii[i], lengths[i]});
  }
  n.ends = {{0, in, haematocrit}, {n.nodes - 1, out, haematocrit}};
  return n;
}

TEST(BloodFlow, OneVessel) {
  for (const PhaseSeparation rule : rules) {
    FlowSolution s;
    solve_flow(line({5}, {1000}, 25, 15, 0.45), settings_for(rule), s);
    EXPECT_NEAR(s.viscosity[0] / 1.2, 5.872, 1e-3 * 5.872);
    EXPECT_NEAR(s.flow[0] * 1e-6, 2.786, 1e-3 * 2.786);               // nL/min
    EXPECT_NEAR(s.flow[0] / (M_PI * 25) / 60e3, 0.591, 1e-3 * 0.591); // mm/s
    EXPECT_NEAR(wall_shear_stress(s.pressure[0] - s.pressure[1], 5, 1000), 33.3,
                1e-3 * 33.3 + 0.05);
    EXPECT_DOUBLE_EQ(s.haematocrit[0], 0.45);
  }
}

// 8 mu L / (pi R^4), written out.
double resistance(double radius, double length, double haematocrit) {
  const double viscosity = 1.2e-3 * relative_viscosity(2 * radius, haematocrit); // Pa s
  const double si = 8 * viscosity * length * 1e-6 / (M_PI * std::pow(radius * 1e-6, 4));
  return si / 133.322 * 1e-18 / 60; // mmHg min/um^3
}

TEST(BloodFlow, VesselsInSeries) {
  const FlowNetwork n = line({5, 5, 3, 8}, {100, 50, 40, 300}, 40, 10, 0.3);
  FlowSolution s;
  solve_flow(n, settings_for(PhaseSeparation::pries), s);
  const double r[] = {resistance(5, 100, 0.3), resistance(5, 50, 0.3), resistance(3, 40, 0.3),
                      resistance(8, 300, 0.3)};
  const double q = 30 / (r[0] + r[1] + r[2] + r[3]);
  double p = 40;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(s.pressure[i], p, 1e-11);
    EXPECT_NEAR(s.flow[i], q, 1e-12 * q);
    EXPECT_DOUBLE_EQ(s.haematocrit[i], 0.3);
    p -= q * r[i];
  }
}

// Vessel, three parallel ones without separation of red cells, vessel; one segment drawn against
// the flow.
TEST(BloodFlow, VesselsInParallel) {
  FlowNetwork n;
  n.nodes = 4;
  n.segments = {{0, 1, 8, 100}, {1, 2, 4, 100}, {2, 1, 5, 200}, {1, 2, 6, 400}, {2, 3, 8, 50}};
  n.ends = {{0, 30, 0.45}, {3, 10, 0.45}};
  FlowSolution s;
  solve_flow(n, settings_for(PhaseSeparation::none), s);
  const double g[] = {1 / resistance(4, 100, 0.45), 1 / resistance(5, 200, 0.45),
                      1 / resistance(6, 400, 0.45)};
  const double middle = 1 / (g[0] + g[1] + g[2]);
  const double q = 20 / (resistance(8, 100, 0.45) + middle + resistance(8, 50, 0.45));
  EXPECT_NEAR(s.flow[0], q, 1e-11 * q);
  EXPECT_NEAR(s.flow[1], q * middle * g[0], 1e-11 * q);
  EXPECT_NEAR(s.flow[2], -q * middle * g[1], 1e-11 * q);
  EXPECT_NEAR(s.flow[3], q * middle * g[2], 1e-11 * q);
  EXPECT_NEAR(s.flow[4], q, 1e-11 * q);
}

TEST(BloodFlow, InletsAtDifferentPressures) {
  FlowNetwork n;
  n.nodes = 4;
  n.segments = {{0, 3, 5, 100}, {1, 3, 6, 200}, {3, 2, 7, 150}};
  n.ends = {{0, 40, 0.5}, {1, 30, 0.2}, {2, 10, 0.45}};
  FlowSolution s;
  solve_flow(n, settings_for(PhaseSeparation::pries), s);
  EXPECT_GT(s.flow[0], 0);
  EXPECT_GT(s.flow[1], 0);
  EXPECT_DOUBLE_EQ(s.haematocrit[0], 0.5);
  EXPECT_DOUBLE_EQ(s.haematocrit[1], 0.2);
  EXPECT_NEAR(s.haematocrit[2] * s.flow[2], 0.5 * s.flow[0] + 0.2 * s.flow[1], 1e-10 * s.flow[2]);
  const double g[] = {1 / resistance(5, 100, 0.5), 1 / resistance(6, 200, 0.2),
                      1 / resistance(7, 150, s.haematocrit[2])};
  EXPECT_NEAR(s.pressure[3], (g[0] * 40 + g[1] * 30 + g[2] * 10) / (g[0] + g[1] + g[2]), 1e-6);
  // The lower inlet becomes an outlet where the other one presses harder.
  n.ends[0].pressure = 200;
  solve_flow(n, settings_for(PhaseSeparation::pries), s);
  EXPECT_LT(s.flow[1], 0);
  EXPECT_NEAR(s.flow[2] * s.haematocrit[2] - s.flow[1] * s.haematocrit[1], 0.5 * s.flow[0],
              1e-10 * s.flow[0]);
  EXPECT_GT(std::fabs(s.haematocrit[1] - 0.2), 0.01); // what it carries is no longer its own
}

// ---- networks

// Connected random network on `nodes` nodes with `extra` links besides a random tree.
FlowNetwork random_network(Chance& chance, std::int32_t nodes, std::int32_t extra,
                           double haematocrit) {
  FlowNetwork n;
  n.nodes = nodes;
  const auto add = [&](std::int32_t a, std::int32_t b) {
    n.segments.push_back({a, b, chance.between(3, 12), chance.between(20, 200)});
  };
  for (std::int32_t v = 1; v < nodes; ++v) add(v, chance.below(v));
  for (std::int32_t e = 0; e < extra; ++e) {
    const std::int32_t a = chance.below(nodes), b = chance.below(nodes);
    if (a != b) add(a, b);
  }
  n.ends = {{0, 30, haematocrit}, {nodes - 1, 10, haematocrit}};
  return n;
}

// Largest net flow of blood, and of red cells, at nodes that are no ends; relative to what enters.
std::pair<double, double> imbalances(const FlowNetwork& n, const FlowSolution& s) {
  std::vector<double> blood(at(n.nodes), 0), cells(at(n.nodes), 0);
  for (std::size_t i = 0; i < n.segments.size(); ++i) {
    const FlowNetwork::Segment& g = n.segments[i];
    blood[at(g.from)] -= s.flow[i];
    blood[at(g.to)] += s.flow[i];
    cells[at(g.from)] -= s.flow[i] * s.haematocrit[i];
    cells[at(g.to)] += s.flow[i] * s.haematocrit[i];
  }
  double inflow = 0;
  for (const FlowNetwork::End& e : n.ends) {
    inflow += std::max(-blood[at(e.node)], 0.0);
    blood[at(e.node)] = cells[at(e.node)] = 0;
  }
  double worst_blood = 0, worst_cells = 0;
  for (std::size_t v = 0; v < blood.size(); ++v) {
    worst_blood = std::max(worst_blood, std::fabs(blood[v]));
    worst_cells = std::max(worst_cells, std::fabs(cells[v]));
  }
  return {worst_blood / inflow, worst_cells / inflow};
}

// Pressures from the viscosities given: Gauss elimination with pivots on the full matrix.
std::vector<double> dense_pressures(const FlowNetwork& n, const std::vector<double>& viscosity) {
  const std::size_t m = at(n.nodes);
  std::vector<std::vector<double>> a(m, std::vector<double>(m + 1, 0));
  for (std::size_t i = 0; i < n.segments.size(); ++i) {
    const FlowNetwork::Segment& s = n.segments[i];
    const double g = conductance(s.radius, s.length, viscosity[i]);
    a[at(s.from)][at(s.from)] += g;
    a[at(s.to)][at(s.to)] += g;
    a[at(s.from)][at(s.to)] -= g;
    a[at(s.to)][at(s.from)] -= g;
  }
  for (const FlowNetwork::End& e : n.ends) {
    std::fill(a[at(e.node)].begin(), a[at(e.node)].end(), 0.0);
    a[at(e.node)][at(e.node)] = 1;
    a[at(e.node)][m] = e.pressure;
  }
  for (std::size_t k = 0; k < m; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < m; ++i)
      if (std::fabs(a[i][k]) > std::fabs(a[pivot][k])) pivot = i;
    std::swap(a[k], a[pivot]);
    for (std::size_t i = k + 1; i < m; ++i)
      if (const double f = a[i][k] / a[k][k]; f != 0)
        for (std::size_t j = k; j <= m; ++j) a[i][j] -= f * a[k][j];
  }
  std::vector<double> x(m);
  for (std::size_t k = m; k-- > 0;) {
    x[k] = a[k][m];
    for (std::size_t j = k + 1; j < m; ++j) x[k] -= a[k][j] * x[j];
    x[k] /= a[k][k];
  }
  return x;
}

TEST(BloodFlow, AgreesWithDenseElimination) {
  Chance chance(2);
  for (int trial = 0; trial < 60; ++trial) {
    // From trees with a few loops to dense graphs, which the preconditioner has to thin out.
    const std::int32_t nodes = 10 + chance.below(90);
    const double haematocrit = trial % 2 == 0 ? 0.0 : 0.45;
    FlowNetwork n =
        random_network(chance, nodes, chance.below(nodes * (trial % 3 == 0 ? 8 : 1)), haematocrit);
    if (trial % 4 == 0) n.ends.push_back({nodes / 2, 20, haematocrit});
    FlowParameters p = settings_for(rules[trial % 2 == 0 ? trial % 3 : (trial % 4 == 1 ? 0 : 2)]);
    FlowSolution s;
    const FlowReport report = solve_flow(n, p, s);
    for (std::size_t i = 0; i < n.segments.size(); ++i) {
      // The viscosity is that of the haematocrit an iteration earlier.
      const double expected = 1.2 * relative_viscosity(2 * n.segments[i].radius, s.haematocrit[i]);
      if (haematocrit == 0)
        ASSERT_EQ(s.viscosity[i], expected);
      else
        ASSERT_NEAR(s.viscosity[i], expected, 1e-5) << trial << " " << i;
    }
    const std::vector<double> exact = dense_pressures(n, s.viscosity);
    for (std::size_t v = 0; v < exact.size(); ++v)
      ASSERT_NEAR(s.pressure[v], exact[v], 1e-8) << trial << " " << v;
    for (std::size_t i = 0; i < n.segments.size(); ++i) {
      const FlowNetwork::Segment& g = n.segments[i];
      const double c = conductance(g.radius, g.length, s.viscosity[i]);
      ASSERT_NEAR(s.flow[i], c * (exact[at(g.from)] - exact[at(g.to)]), c * 1e-8);
    }
    const auto [blood, cells] = imbalances(n, s);
    ASSERT_LT(blood, 1e-9);
    ASSERT_LT(cells, 1e-9);
    ASSERT_LT(report.imbalance, 1e-9);
  }
}

// A28: 200 nodes with dead ends and a detached loop; nodes 190 to 193 are the loop, a bridge joins
// two halves.
TEST(BloodFlow, DeadEndsAndDetachedLoops) {
  Chance chance(28);
  FlowNetwork n;
  n.nodes = 200;
  Edges edges;
  const auto add = [&](std::int32_t a, std::int32_t b) {
    edges.push_back({a, b});
    n.segments.push_back({a, b, chance.between(3, 10), chance.between(20, 100)});
  };
  // Two rings with chords, 0 to 79 and 80 to 159.
  for (const std::int32_t base : {0, 80}) {
    for (std::int32_t v = 0; v < 80; ++v) add(base + v, base + (v + 1) % 80);
    for (int k = 0; k < 60; ++k) {
      const std::int32_t a = chance.below(80), b = chance.below(80);
      if (a != b) add(base + a, base + b);
    }
  }
  const std::size_t carrying = edges.size(); // all of them, see below
  const std::size_t bridge = carrying;
  add(40, 120);
  for (std::int32_t v = 160; v < 190; ++v)
    add(v, v < 175 ? chance.below(160) : v - 15); // dead ends of one and two
  for (std::int32_t v = 190; v < 194; ++v) add(v, v == 193 ? 190 : v + 1);
  for (std::int32_t v = 194; v < 199; ++v)
    add(v, v + 1); // a loop that hangs on node 199, which is a dead end of 7
  add(199, 196);
  add(199, 7);

  // With outlets in both halves, the second half lives on the bridge alone.
  const Marks whole = perfused_edges(n.nodes, edges, {0}, {60, 150});
  for (std::size_t e = 0; e < edges.size(); ++e) EXPECT_EQ(whole[e], e <= bridge) << e;
  Edges cut = edges;
  cut.erase(cut.begin() + static_cast<std::ptrdiff_t>(bridge));
  const Marks left = perfused_edges(n.nodes, cut, {0}, {60, 150});
  for (std::size_t e = 0; e < cut.size(); ++e)
    EXPECT_EQ(left[e], e < bridge && edges[e].first < 80) << e;

  // Flow sees the same, although the dead ends were left in.
  n.ends = {{0, 30, 0.45}, {60, 12, 0.45}, {150, 10, 0.45}};
  std::vector<FlowNetwork::Segment> kept;
  std::vector<std::size_t> kept_edge;
  for (std::size_t e = 0; e < edges.size(); ++e)
    if (edges[e].first < 190 || edges[e].first >= 194) {
      kept.push_back(n.segments[e]);
      kept_edge.push_back(e);
    }
  const std::vector<FlowNetwork::Segment> all = n.segments;
  n.segments = kept;
  for (const PhaseSeparation rule : {PhaseSeparation::none, PhaseSeparation::pries}) {
    FlowSolution s;
    const FlowReport report = solve_flow(n, settings_for(rule), s);
    EXPECT_LT(report.imbalance, 1e-9);
    const auto [blood, cells] = imbalances(n, s);
    EXPECT_LT(blood, 1e-9);
    EXPECT_LT(cells, 1e-9);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (whole[kept_edge[i]]) {
        EXPECT_NE(s.flow[i], 0) << i;
      } else {
        EXPECT_EQ(s.flow[i], 0) << i;
        EXPECT_EQ(s.haematocrit[i], 0) << i;
        EXPECT_EQ(s.pressure[at(kept[i].from)], s.pressure[at(kept[i].to)]) << i;
      }
    }
    EXPECT_EQ(s.pressure[199], s.pressure[7]);
    EXPECT_EQ(s.pressure[191], 0); // no segments
  }
  n.segments = all; // the detached loop has no pressure
  FlowSolution s;
  EXPECT_THROW(solve_flow(n, settings_for(PhaseSeparation::none), s), std::invalid_argument);
}

// Short wide vessels before and after a narrow one: their pressure drops are lost in the digits of
// the pressures.
TEST(BloodFlow, BalancesWhereConductancesDiffer) {
  FlowNetwork n;
  n.nodes = 6;
  n.segments = {{0, 1, 50, 5},  {1, 2, 50, 5}, {1, 2, 45, 5}, {2, 3, 3, 900},
                {2, 3, 2, 900}, {3, 4, 50, 5}, {3, 4, 40, 5}, {4, 5, 50, 5}};
  n.ends = {{0, 60, 0.45}, {5, 10, 0.45}};
  FlowSolution s;
  const FlowReport report = solve_flow(n, settings_for(PhaseSeparation::pries), s);
  EXPECT_LT(report.imbalance, 1e-13);
  EXPECT_LT(imbalances(n, s).first, 1e-13);
}

// ---- red cells

// A vessel of 20 um that divides; every branch has an outlet of its own, at a pressure of its own.
struct Fork {
  FlowNetwork network;
  Fork(std::vector<double> radii, std::vector<double> outlet_pressures, double haematocrit = 0.4) {
    network.nodes = 2 + static_cast<std::int32_t>(radii.size());
    network.segments.push_back({0, 1, 10, 200});
    network.ends.push_back({0, 30, haematocrit});
    for (std::size_t i = 0; i < radii.size(); ++i) {
      const auto v = static_cast<std::int32_t>(i) + 2;
      network.segments.push_back({1, v, radii[i], 300});
      network.ends.push_back({v, outlet_pressures[i], haematocrit});
    }
  }
  FlowSolution solve(PhaseSeparation rule) const {
    FlowSolution s;
    solve_flow(network, settings_for(rule), s);
    return s;
  }
};

TEST(BloodFlow, EqualDaughtersShareEvenly) {
  for (const PhaseSeparation rule : rules)
    for (const std::size_t n : {2u, 3u, 5u}) {
      const FlowSolution s =
          Fork(std::vector<double>(n, 6), std::vector<double>(n, 10)).solve(rule);
      for (std::size_t i = 1; i <= n; ++i) {
        EXPECT_NEAR(s.flow[i], s.flow[0] / static_cast<double>(n), 1e-12 * s.flow[0]);
        EXPECT_NEAR(s.haematocrit[i], 0.4, 1e-9);
      }
    }
}

TEST(BloodFlow, PriesSeparation) {
  const auto logit = [](double v) { return std::log(v / (1 - v)); };
  for (const double radius : {4.0, 5.0, 6.0, 8.0})
    for (const double pressure : {10.0, 14.0, 18.0}) {
      const FlowSolution s = Fork({radius, 6}, {pressure, 10}).solve(PhaseSeparation::pries);
      ASSERT_GT(s.flow[1], 0);
      const double fb = s.flow[1] / s.flow[0],
                   fe = s.flow[1] * s.haematocrit[1] / (s.flow[0] * 0.4);
      const double x0 = 0.964 * 0.6 / 20, ratio = radius * radius / 36;
      const double a = -13.29 * (ratio - 1) / (ratio + 1) * 0.6 / 20, b = 1 + 6.98 * 0.6 / 20;
      ASSERT_GT(fb, x0);
      EXPECT_NEAR(logit(fe), a + b * logit((fb - x0) / (1 - 2 * x0)), 1e-8)
          << radius << " " << pressure;
      EXPECT_NEAR(s.flow[2] * s.haematocrit[2], s.flow[0] * 0.4 * (1 - fe), 1e-11 * s.flow[0]);
    }
  // Less than the threshold: plasma only.
  const FlowSolution s = Fork({3, 10}, {10, 10}).solve(PhaseSeparation::pries);
  ASSERT_LT(s.flow[1] / s.flow[0], 0.964 * 0.6 / 20);
  EXPECT_GT(s.flow[1], 0);
  EXPECT_EQ(s.haematocrit[1], 0);
  EXPECT_NEAR(s.haematocrit[2] * s.flow[2], 0.4 * s.flow[0], 1e-11 * s.flow[0]);
}

TEST(BloodFlow, VelocitySeparation) {
  const auto velocity = [](const FlowSolution& s, std::size_t i, double r) {
    return s.flow[i] / (M_PI * r * r);
  };
  FlowSolution s = Fork({5, 6}, {10, 10}).solve(PhaseSeparation::velocity);
  const double ratio = velocity(s, 2, 6) / velocity(s, 1, 5);
  ASSERT_GT(ratio, 1.1);
  ASSERT_LT(ratio, 2.2);
  EXPECT_NEAR(s.haematocrit[2] / s.haematocrit[1], 1 + 0.5 * (ratio - 1), 1e-7);
  EXPECT_NEAR(s.flow[1] * s.haematocrit[1] + s.flow[2] * s.haematocrit[2], s.flow[0] * 0.4,
              1e-11 * s.flow[0]);
  s = Fork({3, 9}, {10, 10}).solve(PhaseSeparation::velocity);
  ASSERT_GT(velocity(s, 2, 9) / velocity(s, 1, 3), 2.8);
  EXPECT_EQ(s.haematocrit[1], 0);
  EXPECT_NEAR(s.flow[2] * s.haematocrit[2], s.flow[0] * 0.4, 1e-11 * s.flow[0]);
}

TEST(BloodFlow, HaematocritStaysBelowPacking) {
  // All cells would go one way, where they do not fit.
  for (const double length : {4000.0, 6000.0, 9000.0}) {
    Fork fork({9, 6}, {10, 10}, 0.94);
    fork.network.segments[1].length = length;
    fork.network.segments[2].length = 50;
    const FlowSolution s = fork.solve(PhaseSeparation::velocity);
    EXPECT_NEAR(s.haematocrit[2], 0.95, 1e-12);
    EXPECT_GT(s.haematocrit[1], 0.01);
    EXPECT_NEAR(s.flow[1] * s.haematocrit[1] + s.flow[2] * s.haematocrit[2], s.flow[0] * 0.94,
                1e-11 * s.flow[0]);
  }
  const FlowSolution s = Fork({3.5, 7}, {10, 10}, 0.9495).solve(PhaseSeparation::pries);
  EXPECT_NEAR(s.haematocrit[2], 0.95, 1e-12);
  EXPECT_LT(s.haematocrit[1], 0.9495);
  EXPECT_NEAR(s.flow[1] * s.haematocrit[1] + s.flow[2] * s.haematocrit[2], s.flow[0] * 0.9495,
              1e-11 * s.flow[0]);
}

// ---- the solve

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

TEST(BloodFlow, SameBitsWhenCalledTwice) {
  Chance chance(5);
  const FlowNetwork n = random_network(chance, 300, 900, 0.45);
  FlowSolution a, b;
  solve_flow(n, settings_for(PhaseSeparation::pries), a);
  solve_flow(n, settings_for(PhaseSeparation::pries), b);
  EXPECT_TRUE(same_bits(a.pressure, b.pressure));
  EXPECT_TRUE(same_bits(a.flow, b.flow));
  EXPECT_TRUE(same_bits(a.haematocrit, b.haematocrit));
  EXPECT_TRUE(same_bits(a.viscosity, b.viscosity));
}

TEST(BloodFlow, WarmStartConvergesToTheSame) {
  Chance chance(6);
  int cold_iterations = 0, warm_iterations = 0;
  for (int trial = 0; trial < 10; ++trial) {
    FlowNetwork n = random_network(chance, 120, 240, 0.45);
    const FlowParameters p = settings_for(PhaseSeparation::pries);
    FlowSolution warm, cold;
    solve_flow(n, p, warm);
    const FlowSolution before = warm;
    EXPECT_LE(solve_flow(n, p, warm).iterations, 2);
    std::size_t busiest = 0;
    for (std::size_t i = 0; i < warm.flow.size(); ++i)
      if (std::fabs(warm.flow[i]) > std::fabs(warm.flow[busiest])) busiest = i;
    n.segments[busiest].radius *= 0.9;
    warm_iterations += solve_flow(n, p, warm).iterations;
    cold_iterations += solve_flow(n, p, cold).iterations;
    double moved = 0;
    for (std::size_t v = 0; v < warm.pressure.size(); ++v) {
      EXPECT_NEAR(warm.pressure[v], cold.pressure[v], 1e-5);
      moved = std::max(moved, std::fabs(cold.pressure[v] - before.pressure[v]));
    }
    EXPECT_GT(moved, 1e-3);
    const double largest = *std::max_element(cold.flow.begin(), cold.flow.end());
    for (std::size_t i = 0; i < warm.flow.size(); ++i)
      EXPECT_NEAR(warm.flow[i], cold.flow[i], 1e-5 * largest);
  }
  EXPECT_LT(warm_iterations, cold_iterations);
  // What a guess holds does no harm.
  FlowNetwork n = random_network(chance, 50, 30, 0.45);
  FlowSolution nonsense, cold;
  nonsense.pressure.assign(50, NAN);
  nonsense.haematocrit.assign(n.segments.size(), 1e300);
  solve_flow(n, settings_for(PhaseSeparation::pries), nonsense);
  solve_flow(n, settings_for(PhaseSeparation::pries), cold);
  for (std::size_t v = 0; v < 50; ++v) EXPECT_NEAR(nonsense.pressure[v], cold.pressure[v], 1e-5);
}

TEST(BloodFlow, NothingFlowsWithoutADifference) {
  Chance chance(7);
  FlowNetwork n = random_network(chance, 40, 40, 0.45);
  n.ends[1].pressure = 30;
  FlowSolution s;
  FlowReport report = solve_flow(n, settings_for(PhaseSeparation::pries), s);
  EXPECT_EQ(report.imbalance, 0);
  for (const double q : s.flow) EXPECT_EQ(q, 0);
  for (const double p : s.pressure) EXPECT_EQ(p, 30);
  // Beside a vessel that carries blood.
  FlowNetwork beside = n;
  beside.nodes += 2;
  beside.segments.push_back({40, 41, 5, 100});
  beside.ends.push_back({40, 97.3, 0.45});
  beside.ends.push_back({41, 3.1, 0.45});
  solve_flow(beside, settings_for(PhaseSeparation::pries), s);
  for (std::size_t i = 0; i < n.segments.size(); ++i) EXPECT_EQ(s.flow[i], 0);
  for (std::size_t v = 0; v < 40; ++v) EXPECT_EQ(s.pressure[v], 30);
  EXPECT_GT(s.flow.back(), 0);
  n.ends.pop_back(); // a single end
  solve_flow(n, settings_for(PhaseSeparation::pries), s);
  for (const double q : s.flow) EXPECT_EQ(q, 0);
  for (const double p : s.pressure) EXPECT_EQ(p, 30);
  EXPECT_NO_THROW(solve_flow({}, settings_for(PhaseSeparation::pries), s)); // no network at all
  EXPECT_TRUE(s.flow.empty());
  n.ends.clear();
  EXPECT_THROW(solve_flow(n, settings_for(PhaseSeparation::pries), s), std::invalid_argument);
}

TEST(BloodFlow, LoopsOnOneNodeAndPartsOfTheirOwn) {
  FlowNetwork n;
  n.nodes = 13;
  n.segments = {{0, 1, 5, 100},  {1, 2, 5, 100},  {1, 1, 5, 50},  {1, 6, 5, 50},
                {6, 7, 5, 50},   {7, 1, 5, 50},   {3, 4, 4, 80},  {9, 10, 4, 80},
                {10, 11, 5, 80}, {10, 12, 4, 80}, {12, 11, 4, 80}};
  n.ends = {{0, 30, 0.45}, {2, 10, 0.45},  {3, 50, 0.3},
            {4, 40, 0.3},  {9, 33.3, 0.3}, {11, 33.3, 0.3}};
  FlowSolution s;
  solve_flow(n, settings_for(PhaseSeparation::pries), s);
  EXPECT_NEAR(s.pressure[1], 20, 1e-11);
  for (const std::size_t i : {2u, 3u, 4u, 5u, 7u, 8u, 9u, 10u}) EXPECT_EQ(s.flow[i], 0);
  EXPECT_EQ(s.pressure[10], 33.3); // both ends of that part are at one pressure
  EXPECT_EQ(s.pressure[12], 33.3);
  EXPECT_EQ(s.pressure[6], s.pressure[1]);
  EXPECT_NEAR(s.flow[6], 10 / resistance(4, 80, 0.3), 1e-11 * s.flow[6]);
  EXPECT_DOUBLE_EQ(s.haematocrit[6], 0.3);
  EXPECT_EQ(s.pressure[8], 0);
}

// ---- given flows

TEST(BloodFlow, AGivenFlowIsWhatFlows) {
  const double r[] = {resistance(5, 100, 0.3), resistance(3, 50, 0.3)};
  for (const double q : {1e5, 3e6}) {
    FlowNetwork n = line({5, 3}, {100, 50}, 0, 12, 0.3);
    n.ends[0].inflow = q;
    FlowSolution s;
    solve_flow(n, settings_for(PhaseSeparation::pries), s);
    for (const double flow : s.flow) EXPECT_NEAR(flow, q, 1e-9 * q);
    EXPECT_EQ(s.pressure[2], 12);
    EXPECT_NEAR(s.pressure[1] - 12, q * r[1], 1e-9 * q * r[1]);
    EXPECT_NEAR(s.pressure[0] - 12, q * (r[0] + r[1]), 1e-9 * q * (r[0] + r[1]));
    for (const double h : s.haematocrit) EXPECT_DOUBLE_EQ(h, 0.3);
    // Taken out at the far end, with the pressure held where it enters.
    n.ends = {{0, 40, 0.3}, {2, 0, 0.6, -q}};
    solve_flow(n, settings_for(PhaseSeparation::pries), s);
    for (const double flow : s.flow) EXPECT_NEAR(flow, q, 1e-9 * q);
    EXPECT_NEAR(40 - s.pressure[2], q * (r[0] + r[1]), 1e-9 * q * (r[0] + r[1]));
    for (const double h : s.haematocrit) EXPECT_DOUBLE_EQ(h, 0.3);
  }
  // One that enters in the middle of a vessel joins what comes along it.
  FlowNetwork n = line({5, 5}, {100, 100}, 30, 10, 0.4);
  n.ends.push_back({1, 0, 0.1, 2e5});
  FlowSolution s;
  solve_flow(n, settings_for(PhaseSeparation::pries), s);
  EXPECT_NEAR(s.flow[1] - s.flow[0], 2e5, 1e-9 * 2e5);
  EXPECT_NEAR(s.flow[1] * s.haematocrit[1], s.flow[0] * 0.4 + 2e5 * 0.1, 1e-9 * s.flow[1]);
  EXPECT_NEAR(s.pressure[0] - s.pressure[1], s.flow[0] * resistance(5, 100, 0.4), 1e-6);
}

TEST(BloodFlow, GivenInflowsMixByTheirFlow) {
  FlowNetwork n;
  n.nodes = 4;
  n.segments = {{0, 3, 5, 100}, {1, 3, 6, 200}, {3, 2, 7, 150}};
  n.ends = {{0, 0, 0.5, 3e5}, {1, 0, 0.2, 1e5}, {2, 10, 0.45}};
  FlowSolution s;
  solve_flow(n, settings_for(PhaseSeparation::pries), s);
  EXPECT_DOUBLE_EQ(s.haematocrit[0], 0.5);
  EXPECT_DOUBLE_EQ(s.haematocrit[1], 0.2);
  EXPECT_NEAR(s.haematocrit[2], (3 * 0.5 + 0.2) / 4, 1e-9);
}

// Pressures and the flows that they make belong together: with all ends but one given the flow that
// their pressure made, everything is as it was.
TEST(BloodFlow, GivenFlowsComeBackToThePressuresThatMadeThem) {
  Chance chance(11);
  for (const std::int32_t nodes : {12, 60, 400, 30000}) {
    FlowNetwork n = random_network(chance, nodes, nodes / 3, 0.45);
    for (const std::int32_t v : {2, 5, 9})
      n.ends.push_back({v, chance.between(12, 28), chance.between(0.2, 0.5)});
    FlowParameters settings = settings_for(PhaseSeparation::none);
    FlowSolution held;
    ASSERT_TRUE(solve_flow(n, settings, held, 2).settled);
    std::vector<double> out(at(n.nodes), 0);
    for (std::size_t i = 0; i < n.segments.size(); ++i) {
      out[at(n.segments[i].from)] += held.flow[i];
      out[at(n.segments[i].to)] -= held.flow[i];
    }
    FlowNetwork given = n;
    double inflow = 0;
    for (std::size_t e = 0; e < n.ends.size(); ++e) {
      inflow += std::max(out[at(n.ends[e].node)], 0.0);
      if (e == 1) continue;
      given.ends[e].inflow = out[at(n.ends[e].node)];
      given.ends[e].pressure = 1e9; // of no meaning
    }
    FlowSolution one, four, warm = held;
    solve_flow(given, settings, one, 1);
    solve_flow(given, settings, four, 4);
    solve_flow(given, settings, warm, 2);
    EXPECT_EQ(one.flow, four.flow);
    EXPECT_EQ(one.pressure, four.pressure);
    for (const FlowSolution* s : {&one, &warm}) {
      for (std::size_t v = 0; v < at(n.nodes); ++v)
        ASSERT_NEAR(s->pressure[v], held.pressure[v], 1e-5) << nodes << " node " << v;
      for (std::size_t i = 0; i < n.segments.size(); ++i) {
        ASSERT_NEAR(s->flow[i], held.flow[i], 1e-6 * inflow) << nodes << " segment " << i;
        ASSERT_NEAR(s->haematocrit[i], held.haematocrit[i], 1e-4) << nodes << " segment " << i;
      }
    }
  }
}

// A part between equal pressures stands still, but not where a flow is given; blind vessels do.
TEST(BloodFlow, AGivenFlowStirsWhatEqualPressuresLeaveStill) {
  FlowNetwork n;
  n.nodes = 6;
  n.segments = {{0, 1, 5, 100}, {1, 2, 5, 100}, {1, 3, 5, 100}, {3, 4, 5, 100}, {3, 5, 4, 50}};
  n.ends = {{0, 20, 0.4}, {2, 20, 0.4}};
  FlowSolution s;
  solve_flow(n, settings_for(PhaseSeparation::pries), s);
  for (const double q : s.flow) EXPECT_EQ(q, 0);
  n.ends.push_back({4, 0, 0.2, 1e5});
  solve_flow(n, settings_for(PhaseSeparation::pries), s);
  EXPECT_NEAR(s.flow[3], -1e5, 1e-4);
  EXPECT_NEAR(s.flow[0], -5e4, 1e-4);
  EXPECT_NEAR(s.flow[1], 5e4, 1e-4);
  EXPECT_EQ(s.flow[4], 0);
  EXPECT_EQ(s.pressure[5], s.pressure[3]);
  EXPECT_GT(s.pressure[4], s.pressure[3]);
}

TEST(BloodFlow, RefusesFlowsThatCannotBe) {
  const auto refused = [](const std::vector<FlowNetwork::End>& ends, std::int32_t nodes = 3) {
    FlowNetwork n = line({5, 5}, {100, 100}, 30, 10, 0.45);
    n.nodes = nodes;
    n.ends = ends;
    FlowSolution s;
    EXPECT_THROW(solve_flow(n, settings_for(PhaseSeparation::pries), s), std::invalid_argument);
  };
  refused({{0, 0, 0.45, 1e5}, {2, 0, 0.45, -1e5}});           // no pressure anywhere
  refused({{0, 0, 0.45, NAN}, {2, 10, 0.45}});                // no number
  refused({{0, 30, 0.45}, {2, 10, 0.45}, {3, 0, 0.4, 1}}, 4); // no vessel there
}

TEST(BloodFlow, RefusesWhatIsNoNetwork) {
  const FlowNetwork good = line({5, 5}, {100, 100}, 30, 10, 0.45);
  const auto refused = [&](const std::function<void(FlowNetwork&)>& spoil) {
    FlowNetwork n = good;
    spoil(n);
    FlowSolution s;
    EXPECT_THROW(solve_flow(n, settings_for(PhaseSeparation::pries), s), std::invalid_argument);
  };
  refused([](FlowNetwork& n) { n.segments[0].radius = 0; });
  refused([](FlowNetwork& n) { n.segments[1].radius = -5; });
  refused([](FlowNetwork& n) { n.segments[1].radius = NAN; });
  refused([](FlowNetwork& n) { n.segments[1].length = 0; });
  refused([](FlowNetwork& n) { n.segments[1].length = INFINITY; });
  refused([](FlowNetwork& n) { n.segments[0].from = 3; });
  refused([](FlowNetwork& n) { n.segments[0].to = -1; });
  refused([](FlowNetwork& n) { n.ends[0].node = 3; });
  refused([](FlowNetwork& n) { n.ends[1].node = 0; }); // one node at two pressures
  refused([](FlowNetwork& n) { n.ends[0].pressure = NAN; });
  refused([](FlowNetwork& n) { n.ends[0].haematocrit = 1; });
  refused([](FlowNetwork& n) { n.ends.clear(); });
  refused([](FlowNetwork& n) {
    n.nodes = 5;
    n.segments.push_back({3, 4, 5, 10});
  });
  refused([](FlowNetwork& n) {
    n.nodes = 5; // a ring without junctions
    n.segments.push_back({3, 4, 5, 10});
    n.segments.push_back({4, 3, 5, 10});
  });
  refused([](FlowNetwork& n) {
    n.nodes = 4;
    n.segments.push_back({3, 3, 5, 10});
  });
}

TEST(BloodFlow, SaysWhenHaematocritDoesNotSettle) {
  Chance chance(8);
  const FlowNetwork n = random_network(chance, 100, 60, 0.45);
  FlowParameters p = settings_for(PhaseSeparation::pries);
  p.max_iterations = 2;
  FlowSolution s;
  const FlowReport report = solve_flow(n, p, s);
  EXPECT_FALSE(report.settled);
  EXPECT_EQ(report.iterations, 2);
  EXPECT_GT(report.haematocrit_change, p.tolerance);
  EXPECT_LE(report.imbalance, 1e-9);
  p.max_iterations = 1000;
  EXPECT_TRUE(solve_flow(n, p, s).settled);
}

// A mesh in space, which the preconditioner cannot factorise exactly.
TEST(BloodFlow, LargeBedsSettle) {
  const std::int32_t side = 21;
  Chance chance(9);
  FlowNetwork n;
  n.nodes = side * side * side;
  const auto id = [&](std::int32_t x, std::int32_t y, std::int32_t z) {
    return (z * side + y) * side + x;
  };
  Edges edges;
  for (std::int32_t z = 0; z < side; ++z)
    for (std::int32_t y = 0; y < side; ++y)
      for (std::int32_t x = 0; x < side; ++x)
        for (int axis = 0; axis < 3; ++axis) {
          const std::int32_t to[3] = {x + (axis == 0), y + (axis == 1), z + (axis == 2)};
          if (to[0] < side && to[1] < side && to[2] < side && chance.between(0, 1) < 0.55)
            edges.push_back({id(x, y, z), id(to[0], to[1], to[2])});
        }
  Nodes inlets, outlets;
  for (std::int32_t z = 0; z < side; z += 4)
    for (std::int32_t y = 0; y < side; y += 4) {
      inlets.push_back(id(0, y, z));
      outlets.push_back(id(side - 1, y, z));
    }
  const Marks carries = perfused_edges(n.nodes, edges, inlets, outlets);
  for (std::size_t e = 0; e < edges.size(); ++e)
    if (carries[e])
      n.segments.push_back(
          {edges[e].first, edges[e].second, chance.between(4, 10), chance.between(30, 80)});
  for (const std::int32_t v : inlets) n.ends.push_back({v, 25, 0.45});
  for (const std::int32_t v : outlets) n.ends.push_back({v, 15, 0.45});
  for (const PhaseSeparation rule : {PhaseSeparation::none, PhaseSeparation::pries}) {
    FlowParameters p = settings_for(rule);
    p.tolerance = 1e-5;
    FlowSolution s;
    const FlowReport report = solve_flow(n, p, s);
    EXPECT_LE(report.haematocrit_change, 1e-5);
    EXPECT_LT(report.imbalance, 1e-9);
    const auto [blood, cells] = imbalances(n, s);
    EXPECT_LT(blood, 1e-9);
    EXPECT_LT(cells, 1e-9);
  }
}

// Beds with more junctions than one part of the preconditioner holds.
FlowNetwork sheet(Chance& chance, std::int32_t columns, std::int32_t rows) {
  FlowNetwork n;
  n.nodes = columns * rows;
  const auto join = [&](std::int32_t a, std::int32_t b) {
    n.segments.push_back({a, b, chance.between(4, 7), 20});
  };
  for (std::int32_t y = 0; y < rows; ++y)
    for (std::int32_t x = 0; x < columns; ++x) {
      const std::int32_t v = y * columns + x;
      if (x + 1 < columns) join(v, v + 1);
      if (y + 1 < rows && (x + y) % 2 == 0) join(v, v + columns);
      if (x == 0) n.ends.push_back({v, 25, 0.45});
      if (x + 1 == columns) n.ends.push_back({v, 15, 0.45});
    }
  return n;
}

FlowNetwork beside(const FlowNetwork& a, const FlowNetwork& b) {
  FlowNetwork n = a;
  n.nodes += b.nodes;
  for (const FlowNetwork::Segment& s : b.segments)
    n.segments.push_back({s.from + a.nodes, s.to + a.nodes, s.radius, s.length});
  for (const FlowNetwork::End& e : b.ends)
    n.ends.push_back({e.node + a.nodes, e.pressure, e.haematocrit});
  return n;
}

// Every junction next to every hub: there is no cut.
FlowNetwork hubs(Chance& chance, std::int32_t junctions) {
  FlowNetwork n;
  n.nodes = junctions + 4;
  for (std::int32_t v = 0; v < junctions; ++v)
    for (std::int32_t hub = 0; hub < 4; ++hub)
      n.segments.push_back({v, junctions + hub, chance.between(3, 9), chance.between(50, 90)});
  n.ends = {{junctions, 30, 0.4}, {junctions + 1, 10, 0.4}};
  return n;
}

TEST(BloodFlow, LargeBedsAreSolvedByPartsWithTheSameBitsOnAnyNumberOfThreads) {
  Chance chance(11);
  const std::pair<const char*, FlowNetwork> beds[] = {
      {"sheet", sheet(chance, 240, 130)},
      {"two sheets", beside(sheet(chance, 150, 70), sheet(chance, 110, 120))},
      {"hubs", hubs(chance, 20000)}};
  for (const auto& [name, n] : beds) {
    FlowParameters p = settings_for(PhaseSeparation::pries);
    p.tolerance = 1e-3;
    FlowSolution one;
    const FlowReport report = solve_flow(n, p, one, 1);
    EXPECT_TRUE(report.settled) << name;
    EXPECT_LT(report.solver_steps, 20 * report.iterations + 40) << name;
    const auto [blood, cells] = imbalances(n, one);
    EXPECT_LT(blood, 1e-9) << name;
    EXPECT_LT(cells, 1e-9) << name;
    for (const int threads : {2, 3}) {
      FlowSolution more;
      EXPECT_EQ(solve_flow(n, p, more, threads).iterations, report.iterations) << name;
      EXPECT_TRUE(same_bits(one.pressure, more.pressure)) << name;
      EXPECT_TRUE(same_bits(one.flow, more.flow)) << name;
      EXPECT_TRUE(same_bits(one.haematocrit, more.haematocrit)) << name;
    }
  }
}

} // namespace
} // namespace metavox
