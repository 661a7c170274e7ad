// Blood flow in a network of vessels: Poiseuille's law with the apparent viscosity and the uneven split of red cells
// at bifurcations that A. Pries and T. Secomb measured.
//
// Units: um, um^3/min, mmHg, dyn/cm^2, cP. Everything runs on the host in double precision in a fixed order, so the
// result does not depend on threads or on the back end.
#pragma once

#include <cstdint>
#include <vector>

#include "metavox/parameters.hpp"

namespace metavox {

// Apparent viscosity relative to plasma, in vivo; diameter in um, discharge haematocrit in [0, 1).
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
  struct End { // a node held at a pressure
    std::int32_t node;
    double pressure;    // mmHg
    double haematocrit; // of blood that enters here
  };
  std::int32_t nodes = 0;
  std::vector<Segment> segments; // all of them carry flow: leave out what is not perfused
  std::vector<End> ends;
};

struct FlowSolution {
  std::vector<double> pressure;    // mmHg per node; 0 at nodes without segments
  std::vector<double> flow;        // um^3/min per segment, positive from `from` to `to`
  std::vector<double> haematocrit; // per segment
  std::vector<double> viscosity;   // cP per segment
};

struct FlowReport {
  int iterations = 0;        // of viscosity and haematocrit
  int solver_steps = 0;      // conjugate-gradient steps, all iterations together
  double haematocrit_change = 0; // largest, in the last iteration
  double imbalance = 0;      // largest net flow at an inner node, relative to the total inflow
};

// Solves for pressures, flows and haematocrits. Where `solution` has the network's sizes it is the first guess, so that
// a network that changed a little costs little; its contents never change what is converged to beyond the tolerance.
// Throws NumericalError when haematocrit does not settle within settings.max_iterations, std::invalid_argument for a
// segment of no length or radius, a node out of range, or a part of the network that no end holds at a pressure.
FlowReport solve_flow(const FlowNetwork& network, const FlowParameters& settings, FlowSolution& solution);

} // namespace metavox
