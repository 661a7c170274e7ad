#include "vessels/flow/blood_flow.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "core/constants.hpp"
#include "core/errors.hpp"
#include "core/team.hpp"
#include "vessels/flow/bed.hpp"
#include "vessels/flow/mixing.hpp"
#include "vessels/flow/pressure_solver.hpp"
#include "vessels/flow/red_cells.hpp"
#include "vessels/flow/rheology.hpp"

namespace metavox {
namespace {

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

namespace {

// The fixed point of flows and haematocrits in one network, at which all that meets a vertex
// balances.
class FixedPoint {
public:
  FixedPoint(const FlowNetwork& network, const FlowParameters& settings, int threads)
      : network_(network), settings_(settings), bed_(network, settings),
        branches_(bed_.branches.size()), vertices_(bed_.node.size()),
        team_(team_for(static_cast<std::int64_t>(branches_), threads)), solver_(bed_, threads),
        cells_(bed_, network, settings.phase_separation), pressure_(vertices_), used_(branches_),
        found_(branches_), flow_(branches_), excess_(bed_.unknowns) {}

  // From the last solution, where it is one of this network.
  void start_from(const FlowSolution& solution) {
    const bool warm = solution.pressure.size() == at(network_.nodes) &&
                      solution.haematocrit.size() == network_.segments.size();
    double entering = 0, top = -std::numeric_limits<double>::infinity(), bottom = -top;
    for (const FlowNetwork::End& e : network_.ends) {
      if (e.inflow != 0) continue;
      if (e.pressure > top) entering = e.haematocrit;
      top = std::max(top, e.pressure);
      bottom = std::min(bottom, e.pressure);
    }
    if (!bed_.driven.empty()) top = std::numeric_limits<double>::max(), bottom = -top;
    for (std::size_t v = 0; v < vertices_; ++v) {
      const double guess = warm ? solution.pressure[at(bed_.node[v])] : 0.0;
      if (v >= bed_.unknowns && bed_.end[v] != none)
        pressure_[v] = network_.ends[at(bed_.end[v])].pressure;
      else
        pressure_[v] = guess >= bottom && guess <= top ? guess : 0.5 * (bottom + top);
    }
    for (std::size_t b = 0; b < branches_; ++b) {
      const double guess =
          warm ? solution.haematocrit[at(bed_.steps[bed_.branches[b].first_step].segment)]
               : entering;
      used_[b] = guess >= 0 && guess <= largest_haematocrit ? guess : entering;
    }
  }

  const FlowReport& iterate() {
    // Of a pressure solve's residual, which starts from the last one's result.
    constexpr double reduction = 1e-3;
    Mixing mixing(branches_, settings_.phase_separation == PhaseSeparation::velocity, team_);
    for (;;) {
      ++report_.iterations;
      set_conductances();
      set_flows();
      set_excess();
      solver_.correct(excess_, reduction, pressure_);
      set_flows();
      double change = compare(inflow_at_ends());
      if (change <= settings_.tolerance) {
        change = compare(solve_tightly());
        if (change <= settings_.tolerance) break;
      }
      if (report_.iterations >= settings_.max_iterations) {
        report_.settled = false;
        compare(solve_tightly());
        break;
      }
      mixing.advance(report_.iterations, change, found_, used_);
    }
    report_.solver_steps = solver_.steps();
    return report_;
  }

  // Back to nodes and segments.
  void write(FlowSolution& solution);

private:
  void set_conductances() {
    constexpr std::size_t share = 512; // branches worked on together
#pragma omp parallel for schedule(static) num_threads(team_)
    for (std::size_t begin = 0; begin < branches_; begin += share)
      conductances_of(bed_, begin, std::min(begin + share, branches_), used_.data(),
                      solver_.conductances.data());
    solver_.update();
  }
  double drop(const std::vector<double>& p, std::size_t b) const {
    return p[at(bed_.joins[b][0])] - p[at(bed_.joins[b][1])];
  }
  void set_flows() {
#pragma omp parallel for schedule(static) num_threads(team_)
    for (std::size_t b = 0; b < branches_; ++b)
      flow_[b] = solver_.conductances[b] * drop(pressure_, b);
  }
  double net_flow(std::size_t v) const { // into a vertex
    double sum = 0;
    for (std::size_t a = bed_.first_arc[v]; a < bed_.first_arc[v + 1]; ++a)
      sum -= bed_.arcs[a].outward * flow_[at(bed_.arcs[a].branch)];
    return sum;
  }
  double inflow_at_ends() const {
    double inflow = 0;
    for (std::size_t v = bed_.unknowns; v < vertices_; ++v) inflow += std::max(-net_flow(v), 0.0);
    for (const double given : bed_.driven) inflow += std::max(given, 0.0);
    return inflow;
  }
  // Sets the net flow into unknown vertices, given ones included, and returns the largest.
  double set_excess() {
    double largest = 0;
#pragma omp parallel for schedule(static) num_threads(team_) reduction(max : largest)
    for (std::size_t v = 0; v < bed_.unknowns; ++v) {
      excess_[v] = net_flow(v);
      if (bed_.end[v] != none) excess_[v] += network_.ends[at(bed_.end[v])].inflow;
      largest = std::max(largest, std::fabs(excess_[v]));
    }
    return largest;
  }
  // Corrections go to flows as well as to pressures: a flow along a wide short vessel is then not
  // left to the last digits of the pressures at its ends.
  double solve_tightly() {
    double inflow = 0, best = std::numeric_limits<double>::infinity();
    for (int round = 0; round < 12; ++round) {
      const double imbalance = set_excess();
      inflow = inflow_at_ends();
      report_.imbalance = inflow > 0 ? imbalance / inflow : 0.0;
      if (report_.imbalance == 0 || report_.imbalance > 0.5 * best) break;
      best = report_.imbalance;
      solver_.correct(excess_, 1e-5, pressure_);
      for (std::size_t b = 0; b < branches_; ++b)
        flow_[b] += solver_.conductances[b] * drop(solver_.change(), b);
    }
    if (!(report_.imbalance <= 1e-9)) throw NumericalError("blood flow: flows do not balance");
    return inflow;
  }
  // How much the haematocrits would change now that blood flows like this.
  double compare(double inflow) {
    found_ = used_;
    cells_.distribute(pressure_, flow_, found_);
    double change = 0;
    for (std::size_t b = 0; b < branches_; ++b)
      if (std::fabs(flow_[b]) > 1e-9 * inflow)
        change = std::max(change, std::fabs(found_[b] - used_[b]));
    return report_.haematocrit_change = change;
  }

  const FlowNetwork& network_;
  const FlowParameters& settings_;
  const Bed bed_;
  const std::size_t branches_, vertices_;
  const int team_;
  PressureSolver solver_;
  RedCells cells_;
  std::vector<double> pressure_;      // of vertices
  std::vector<double> used_, found_;  // haematocrits of branches: flows rest on, and lead to
  std::vector<double> flow_, excess_; // of branches; into vertices whose pressure is unknown
  FlowReport report_;
};

// The viscosity of blood in a segment; the last one's, where it is as wide and as red.
class Viscosity {
public:
  explicit Viscosity(double plasma) : plasma_(plasma) {}
  double of(const FlowNetwork::Segment& s, double haematocrit) {
    if (s.radius != radius_ || haematocrit != cells_at_) {
      if (s.radius != radius_) law_ = rheology(2 * s.radius);
      radius_ = s.radius;
      cells_at_ = haematocrit;
      viscosity_ = plasma_ * relative(law_, log_plasma(haematocrit));
    }
    return viscosity_;
  }

private:
  const double plasma_;
  Rheology law_{};
  double radius_ = -1, cells_at_ = -1, viscosity_ = 0;
};

void FixedPoint::write(FlowSolution& solution) {
  const std::size_t nodes = at(network_.nodes), segments = network_.segments.size();
  for (const auto& [v, known] : bed_.hangers) pressure_[at(v)] = pressure_[at(known)];
  solution.pressure.assign(nodes, 0.0);
  solution.flow.assign(segments, 0.0);
  solution.haematocrit.assign(segments, 0.0);
  solution.viscosity.assign(segments, 0.0);
  for (const FlowNetwork::End& e : network_.ends)
    if (e.inflow == 0) solution.pressure[at(e.node)] = e.pressure;
  for (std::size_t v = 0; v < vertices_; ++v) solution.pressure[at(bed_.node[v])] = pressure_[v];
  Viscosity viscosity(settings_.plasma_viscosity);
  for (std::size_t b = 0; b < branches_; ++b) {
    const Branch& branch = bed_.branches[b];
    const double from = pressure_[at(branch.from)], to = pressure_[at(branch.to)];
    double passed = 0;
    for (std::size_t k = branch.first_step; k < branch.last_step; ++k) {
      const std::size_t i = at(bed_.steps[k].segment);
      const FlowNetwork::Segment& s = network_.segments[i];
      solution.flow[i] = bed_.steps[k].forward ? flow_[b] : -flow_[b];
      solution.haematocrit[i] = found_[b];
      solution.viscosity[i] = viscosity.of(s, used_[b]);
      passed += 1.0 / conductance(s.radius, s.length, solution.viscosity[i]);
      if (k + 1 < branch.last_step)
        solution.pressure[at(bed_.steps[k].forward ? s.to : s.from)] =
            from + (to - from) * (passed * solver_.conductances[b]);
    }
  }
  for (const Branch& branch : bed_.still)
    for (std::size_t k = branch.first_step; k < branch.last_step; ++k) {
      const std::size_t i = at(bed_.steps[k].segment);
      const FlowNetwork::Segment& s = network_.segments[i];
      solution.viscosity[i] = viscosity.of(s, 0.0);
      solution.pressure[at(s.from)] = solution.pressure[at(s.to)] = pressure_[at(branch.from)];
    }
  for (std::size_t i = 0; i < segments; ++i)
    if (const FlowNetwork::Segment& s = network_.segments[i]; s.from == s.to)
      solution.viscosity[i] = viscosity.of(s, 0.0);
}

} // namespace

FlowReport solve_flow(const FlowNetwork& network, const FlowParameters& settings,
                      FlowSolution& solution, int threads) {
  FixedPoint point(network, settings, threads);
  point.start_from(solution);
  const FlowReport report = point.iterate();
  point.write(solution);
  return report;
}

} // namespace metavox
