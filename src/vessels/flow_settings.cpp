#include "vessels/flow_settings.hpp"

#include "settings/section.hpp"
#include "settings/sources.hpp"
#include "settings/units.hpp"

namespace metavox {
namespace {

void blood(Section<FlowParameters>& s) {
  using P = FlowParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("true")
      .means("Blood flow through the vessels is solved; off: a vessel is perfused where it lies on "
             "a way from inlet to outlet.")
      .from("assumed on; without vessels there is nothing to solve");
  s.number(&P::inlet_pressure, "inlet_pressure", "mmHg")
      .between(0, 300)
      .normally("25 mmHg")
      .means("Pressure where blood enters the box, unless the vessel says otherwise.")
      .from(sources::owen);
  s.number(&P::outlet_pressure, "outlet_pressure", "mmHg")
      .between(0, 300)
      .normally("15 mmHg")
      .means("Pressure where it leaves; below inlet_pressure.")
      .from(sources::owen);
  s.number(&P::plasma_viscosity, "plasma_viscosity", "cP")
      .above(0, 1e3)
      .normally("1.2 cP")
      .means("Viscosity of plasma.")
      .from(sources::owen, " (0.72 g/cm/min)");
  s.number(&P::haematocrit, "haematocrit")
      .between(0, 0.9)
      .normally("0.45")
      .means("Volume share of red cells in blood that enters.")
      .from(sources::owen);
  s.choice(&P::phase_separation, "phase_separation", {"none", "velocity", "pries"})
      .normally("pries")
      .means("How red cells divide at a fork: like the blood (none), by the ratio of velocities, "
             "or by the measured law of Pries.")
      .from("Pries & Secomb 2005, Am J Physiol 289:H2657; velocity: Alarcon, Byrne & Maini 2003, J "
            "Theor Biol 225:257, as coded in MicrovesselChaste");
  s.number(&P::tolerance, "tolerance")
      .above(0, 0.1)
      .normally("1e-4")
      .means("Largest change of haematocrit in the last iteration.")
      .from("assumed: far below what oxygen supply notices");
  s.integer(&P::max_iterations, "max_iterations")
      .between(1, 1e6)
      .normally("200")
      .means("Iterations of flow and haematocrit; what then still changes is told in events.csv, "
             "more than 0.1 is an error.")
      .from("assumed: many times the usual number");
}

void adaptation(Section<FlowParameters>& s) {
  using P = FlowParameters;
  s.boolean(&P::adaptation, "adaptation")
      .normally("false")
      .means("Radii follow the shear stress of the wall.")
      .from("assumed: off; that vessels do so: Pries, Secomb & Gaehtgens 1998, Am J Physiol "
            "275:H349 (quoted from memory)");
  s.number(&P::adaptation_rate, "adaptation_rate", "1/min")
      .between(0, 1e3)
      .normally("0.1 1/day")
      .means("Rate at which a radius follows.")
      .from("assumed: ten days");
  s.number(&P::adaptation_shear, "adaptation_shear", "dyn/cm^2")
      .above(0, 1e4)
      .normally("20 dyn/cm^2")
      .means("Shear stress that leaves the radius alone.")
      .from("assumed: between the 10 of arteries and the 40 of capillaries");
  s.number(&P::smallest_radius, "smallest_radius", "um")
      .between(1, 50)
      .normally("1 um")
      .means("Least radius that adaptation leads to.")
      .from(sources::owen);
  s.number(&P::largest_radius, "largest_radius", "um")
      .between(1, 50)
      .normally("50 um")
      .means("Largest radius that it leads to; above smallest_radius.")
      .from(sources::owen);
}

void blood_runs_down(const FlowParameters& p, Judge& judge) {
  if (p.enabled && p.inlet_pressure <= p.outlet_pressure)
    judge.complain({"inlet_pressure", "outlet_pressure"},
                   judge.key("inlet_pressure") + " (" + format_number(p.inlet_pressure) +
                       " mmHg) must be above " + judge.key("outlet_pressure") + " (" +
                       format_number(p.outlet_pressure) + " mmHg)");
}

void adaptation_has_shear(const FlowParameters& p, Judge& judge) {
  const std::string enabled = judge.key("enabled"), adaptation = judge.key("adaptation");
  if (p.adaptation && !p.enabled)
    judge.complain({"adaptation", "enabled"},
                   adaptation + " follows the shear stress of blood flow, but " + enabled +
                       " is false; type " + enabled + ": true or " + adaptation + ": false");
}

} // namespace

void describe(Section<FlowParameters>& s) {
  blood(s);
  adaptation(s);
  s.rule(blood_runs_down);
  s.ordered("smallest_radius", "largest_radius");
  s.rule(adaptation_has_shear);
}

} // namespace metavox
