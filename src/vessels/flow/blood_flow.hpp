// Blood flow in a network of vessels: Poiseuille's law with the apparent viscosity and the uneven
// split of red cells at bifurcations that A. Pries and T. Secomb measured.
//
// Units: um, um^3/min, mmHg, dyn/cm^2, cP. Everything runs on the host in double precision, and
// every sum in a fixed order, so the result does not depend on threads or on the back end.
#pragma once

#include <cstdint>
#include <vector>

#include "vessels/flow_settings.hpp"

namespace metavox {

// Apparent viscosity relative to plasma, in vivo (A. Pries et al. 1994, Circ. Res. 75:904);
// diameter in um, discharge haematocrit in [0, 1). Diameters below 2 um count as 2 um: the law was
// not measured there and diverges at 1.1 um.
double relative_viscosity(double diameter, double haematocrit);

// Conductance pi R^4 / (8 mu L) in um^3/min/mmHg; radius and length in um, viscosity in cP.
double conductance(double radius, double length, double viscosity);

// dyn/cm^2 from the pressure drop (mmHg) along a vessel.
double wall_shear_stress(double pressure_drop, double radius, double length);

struct FlowNetwork {
  struct Segment {
    std::int32_t from, to;
    double radius, length; // um, > 0
  };
  struct End { // a node held at a pressure, or where a flow is given
    std::int32_t node;
    double pressure;    // mmHg; of no meaning where a flow is given
    double haematocrit; // of blood that enters here
    double inflow = 0;  // um^3/min from outside, negative: to there; 0: the pressure is held
  };
  std::int32_t nodes = 0;
  std::vector<Segment>
      segments; // leave out those not perfused; dead ends and hanging loops get no flow at all
  std::vector<End> ends;
};

struct FlowSolution {
  std::vector<double> pressure;    // mmHg per node; 0 at nodes without segments that are no ends
  std::vector<double> flow;        // um^3/min per segment, positive from `from` to `to`
  std::vector<double> haematocrit; // per segment; 0 where nothing flows
  std::vector<double> viscosity;   // cP per segment
};

struct FlowReport {
  int iterations = 0;            // of viscosity and haematocrit
  bool settled = true;           // haematocrit changes by less than the tolerance
  int solver_steps = 0;          // conjugate-gradient steps, all iterations together
  double haematocrit_change = 0; // largest, in the last iteration
  double imbalance = 0;          // largest net flow at an inner node, relative to the total inflow
};

// Solves for pressures, flows and haematocrits. Red cells divide among the daughters of a node by
// settings.phase_separation, where the mother's diameter is the mean over the flow of all inflows
// (as that of the widest inflow would jump where two change places); at an end all blood mixes.
// Viscosities are those that pressures and flows were solved with, haematocrits those that these
// flows carry; they agree to the tolerance. Vessels that carry less than 1e-9 of the inflow do not
// count for it. `threads` share the work on beds of thousands of branches.
//
// With uneven separation a bed can have several states, or go round between some; where haematocrit
// has not settled after settings.max_iterations the report says so and by how much it still
// changes, while pressures and flows balance for the viscosities reached. Beds of 10^5 branches
// take 50 to 200 iterations. The rule `velocity` settles on trees; on meshes it may not.
//
// Where `solution` has the network's sizes it is the first guess, so that a network that changed a
// little costs little. Where the bed has several states the guess can decide which; else it changes
// nothing beyond the tolerance. Throws NumericalError when flows do not balance,
// std::invalid_argument for a segment of no length or radius, a node out of range or two ends at
// one, a haematocrit outside 0 to 0.95, a flow given where there is no segment, or a part of the
// network that no end holds at a pressure.
FlowReport solve_flow(const FlowNetwork& network, const FlowParameters& settings,
                      FlowSolution& solution, int threads = 1);

} // namespace metavox
