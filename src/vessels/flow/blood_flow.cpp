#include "vessels/flow/blood_flow.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "core/errors.hpp"
#include "core/team.hpp"
#include "vessels/flow/bed.hpp"
#include "vessels/flow/mixing.hpp"
#include "vessels/flow/pressure_solver.hpp"
#include "vessels/flow/red_cells.hpp"
#include "vessels/flow/rheology.hpp"

namespace metavox {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double pascal_per_mmhg = 133.322;

} // namespace

using namespace flow;

double relative_viscosity(double diameter, double haematocrit) {
  if (!(diameter > 0)) refuse("a diameter must be positive");
  if (!(haematocrit >= 0 && haematocrit < 1)) refuse("a haematocrit must lie in [0, 1)");
  return relative(rheology(diameter), log_plasma(haematocrit));
}

double conductance(double radius, double length, double viscosity) {
  constexpr double per_minute = pascal_per_mmhg * 60.0 / 1e-3; // 1 cP = 1e-3 Pa s
  const double r2 = radius * radius;
  return pi * (r2 * r2) / (8.0 * viscosity * length) * per_minute;
}

double wall_shear_stress(double pressure_drop, double radius, double length) {
  return std::fabs(pressure_drop) * (10.0 * pascal_per_mmhg) * radius / (2.0 * length);
}

FlowReport solve_flow(const FlowNetwork& network, const FlowParameters& settings,
                      FlowSolution& solution, int threads) {
  const Bed bed(network, settings);
  const std::size_t nodes = at(network.nodes), segments = network.segments.size();
  const std::size_t branches = bed.branches.size(), vertices = bed.node.size();
  const bool warm = solution.pressure.size() == nodes && solution.haematocrit.size() == segments;

  // First guess.
  std::vector<double> pressure(vertices), used(branches), found(branches), flow(branches);
  double entering = 0, top = -std::numeric_limits<double>::infinity(), bottom = -top;
  for (const FlowNetwork::End& e : network.ends) {
    if (e.pressure > top) entering = e.haematocrit;
    top = std::max(top, e.pressure);
    bottom = std::min(bottom, e.pressure);
  }
  for (std::size_t v = 0; v < vertices; ++v) {
    const double guess = warm ? solution.pressure[at(bed.node[v])] : 0.0;
    if (bed.end[v] != none)
      pressure[v] = network.ends[at(bed.end[v])].pressure;
    else
      pressure[v] = guess >= bottom && guess <= top ? guess : 0.5 * (bottom + top);
  }
  for (std::size_t b = 0; b < branches; ++b) {
    const double guess =
        warm ? solution.haematocrit[at(bed.steps[bed.branches[b].first_step].segment)] : entering;
    used[b] = guess >= 0 && guess <= largest_haematocrit ? guess : entering;
  }

  FlowReport report;
  const int team = team_for(static_cast<std::int64_t>(branches), threads);
  PressureSolver solver(bed, threads);
  RedCells cells(bed, network, settings.phase_separation);
  std::vector<double> excess(bed.unknowns);
  const auto set_conductances = [&] {
    constexpr std::size_t share = 512; // branches worked on together
#pragma omp parallel for schedule(static) num_threads(team)
    for (std::size_t begin = 0; begin < branches; begin += share)
      conductances_of(bed, begin, std::min(begin + share, branches), used.data(),
                      solver.conductances.data());
    solver.update();
  };
  const auto drop = [&](const std::vector<double>& p, std::size_t b) {
    return p[at(bed.joins[b][0])] - p[at(bed.joins[b][1])];
  };
  const auto set_flows = [&] {
#pragma omp parallel for schedule(static) num_threads(team)
    for (std::size_t b = 0; b < branches; ++b) flow[b] = solver.conductances[b] * drop(pressure, b);
  };
  const auto net_flow = [&](std::size_t v) { // into a vertex
    double sum = 0;
    for (std::size_t a = bed.first_arc[v]; a < bed.first_arc[v + 1]; ++a)
      sum -= bed.arcs[a].outward * flow[at(bed.arcs[a].branch)];
    return sum;
  };
  const auto inflow_at_ends = [&] {
    double inflow = 0;
    for (std::size_t v = bed.unknowns; v < vertices; ++v) inflow += std::max(-net_flow(v), 0.0);
    return inflow;
  };
  // Sets the net flow into unknown vertices and returns the largest.
  const auto set_excess = [&] {
    double largest = 0;
#pragma omp parallel for schedule(static) num_threads(team) reduction(max : largest)
    for (std::size_t v = 0; v < bed.unknowns; ++v) {
      excess[v] = net_flow(v);
      largest = std::max(largest, std::fabs(excess[v]));
    }
    return largest;
  };
  // Corrections go to flows as well as to pressures: a flow along a wide short vessel is then not
  // left to the last digits of the pressures at its ends.
  const auto solve_tightly = [&] {
    double inflow = 0, best = std::numeric_limits<double>::infinity();
    for (int round = 0; round < 12; ++round) {
      const double imbalance = set_excess();
      inflow = inflow_at_ends();
      report.imbalance = inflow > 0 ? imbalance / inflow : 0.0;
      if (report.imbalance == 0 || report.imbalance > 0.5 * best) break;
      best = report.imbalance;
      solver.correct(excess, 1e-5, pressure);
      for (std::size_t b = 0; b < branches; ++b)
        flow[b] += solver.conductances[b] * drop(solver.change(), b);
    }
    if (!(report.imbalance <= 1e-9)) throw NumericalError("blood flow: flows do not balance");
    return inflow;
  };
  const auto compare = [&](double inflow) {
    found = used;
    cells.distribute(pressure, flow, found);
    double change = 0;
    for (std::size_t b = 0; b < branches; ++b)
      if (std::fabs(flow[b]) > 1e-9 * inflow)
        change = std::max(change, std::fabs(found[b] - used[b]));
    return report.haematocrit_change = change;
  };

  constexpr double reduction =
      1e-3; // of a pressure solve's residual, which starts from the last one's result
  Mixing mixing(branches, settings.phase_separation == PhaseSeparation::velocity, team);
  for (;;) {
    ++report.iterations;
    set_conductances();
    set_flows();
    set_excess();
    solver.correct(excess, reduction, pressure);
    set_flows();
    double change = compare(inflow_at_ends());
    if (change <= settings.tolerance) {
      change = compare(solve_tightly());
      if (change <= settings.tolerance) break;
    }
    if (report.iterations >= settings.max_iterations) {
      report.settled = false;
      compare(solve_tightly());
      break;
    }
    mixing.advance(report.iterations, change, found, used);
  }
  report.solver_steps = solver.steps();

  // Back to nodes and segments.
  for (const auto& [v, known] : bed.hangers) pressure[at(v)] = pressure[at(known)];
  solution.pressure.assign(nodes, 0.0);
  solution.flow.assign(segments, 0.0);
  solution.haematocrit.assign(segments, 0.0);
  solution.viscosity.assign(segments, 0.0);
  for (const FlowNetwork::End& e : network.ends) solution.pressure[at(e.node)] = e.pressure;
  for (std::size_t v = 0; v < vertices; ++v) solution.pressure[at(bed.node[v])] = pressure[v];
  Rheology law{};
  double radius = -1, cells_at = -1, viscosity = 0;
  const auto viscosity_of = [&](const FlowNetwork::Segment& s, double haematocrit) {
    if (s.radius != radius || haematocrit != cells_at) {
      if (s.radius != radius) law = rheology(2 * s.radius);
      radius = s.radius;
      cells_at = haematocrit;
      viscosity = settings.plasma_viscosity * relative(law, log_plasma(haematocrit));
    }
    return viscosity;
  };
  for (std::size_t b = 0; b < branches; ++b) {
    const Branch& branch = bed.branches[b];
    const double from = pressure[at(branch.from)], to = pressure[at(branch.to)];
    double passed = 0;
    for (std::size_t k = branch.first_step; k < branch.last_step; ++k) {
      const std::size_t i = at(bed.steps[k].segment);
      const FlowNetwork::Segment& s = network.segments[i];
      solution.flow[i] = bed.steps[k].forward ? flow[b] : -flow[b];
      solution.haematocrit[i] = found[b];
      solution.viscosity[i] = viscosity_of(s, used[b]);
      passed += 1.0 / conductance(s.radius, s.length, solution.viscosity[i]);
      if (k + 1 < branch.last_step)
        solution.pressure[at(bed.steps[k].forward ? s.to : s.from)] =
            from + (to - from) * (passed * solver.conductances[b]);
    }
  }
  for (const Branch& branch : bed.still)
    for (std::size_t k = branch.first_step; k < branch.last_step; ++k) {
      const std::size_t i = at(bed.steps[k].segment);
      const FlowNetwork::Segment& s = network.segments[i];
      solution.viscosity[i] = viscosity_of(s, 0.0);
      solution.pressure[at(s.from)] = solution.pressure[at(s.to)] = pressure[at(branch.from)];
    }
  for (std::size_t i = 0; i < segments; ++i)
    if (const FlowNetwork::Segment& s = network.segments[i]; s.from == s.to)
      solution.viscosity[i] = viscosity_of(s, 0.0);
  return report;
}

} // namespace metavox
