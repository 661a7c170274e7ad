#include "fields/glucose_settings.hpp"

#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {
namespace {

void uptake_and_supply(Section<GlucoseParameters>& s) {
  using P = GlucoseParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("false")
      .switches()
      .means("Glucose is solved and limits cells through ATP.")
      .from("assumed: oxygen alone is the default limit")
      .preset(Preset::analytic, "false", switched_off);
  s.number(&P::diffusivity, "diffusivity", "um^2/min")
      .above(0, 1e9)
      .normally("2.3e3 um^2/min")
      .means("Diffusion coefficient of glucose in tissue.")
      .from(sources::arcade, " (39 um^2/s); 110 um^2/s is in use as well");
  s.number(&P::consumption, "consumption", "mol/s/cell")
      .between(0, 1e-11)
      .normally("3.5e-16 mol/s/cell")
      .means("Glucose that a proliferating tumour cell takes up where there is plenty.")
      .from("assumed: five times its molar oxygen uptake, as under hypoxia");
  s.number(&P::half_saturation, "half_saturation", "mM")
      .between(0, 1000)
      .normally("0.04 mM")
      .means("Concentration at which uptake is half of its maximum.")
      .from("assumed: small against plasma, so that uptake saturates");
  s.number(&P::plasma, "plasma", "mM")
      .between(0, 1000)
      .normally("5 mM")
      .means("Glucose in blood plasma.")
      .from(sources::arcade);
  s.number(&P::wall_permeability, "wall_permeability", "um/min")
      .between(0, 1e9)
      .normally("180 um/min")
      .means("Permeability of the capillary wall to glucose.")
      .from("assumed: that of small drug molecules in this model");
}

void energy_and_solution(Section<GlucoseParameters>& s) {
  using P = GlucoseParameters;
  s.number(&P::quiescence_atp, "quiescence_atp")
      .a_share()
      .normally("0.25")
      .means("Share of the ATP made in normal oxygen and plasma glucose below which cells rest.")
      .from("assumed: rest begins well before starvation");
  s.number(&P::necrosis_atp, "necrosis_atp")
      .a_share()
      .normally("0.1")
      .means("Share of that ATP below which cells die at death.necrosis_rate.")
      .from("assumed: under half of what makes them rest");
  s.number(&P::tolerance, "tolerance", "mM")
      .above(0, 100)
      .normally("1e-4 mM")
      .means("Error allowed in a solve.")
      .from("assumed: small against half_saturation");
  s.faces(&P::faces, "faces", "mM")
      .between(0, 1000)
      .normally("no_flux")
      .example("5 mM")
      .means("Outer faces: no_flux, a concentration for all, or a map of x_low ... z_high.")
      .from("assumed: glucose comes from vessels");
  s.number(&P::initial, "initial", "mM")
      .between(0, 1000)
      .derived("glucose.plasma", [](const P& p) { return p.plasma; })
      .example("5 mM")
      .means("Concentration everywhere at the start.")
      .from("assumed: tissue in balance with plasma");
  s.frozen(&P::frozen, "frozen", "mM")
      .between(0, 1000)
      .normally("none")
      .example("\"(5 - 0.001*z) mM\"")
      .means("Prescribes glucose instead of solving it: a formula in x, y, z (um) with a unit, or "
             "{file, array}.")
      .from("assumed: off; it serves closed-form checks");
}

} // namespace

void describe(Section<GlucoseParameters>& s) {
  uptake_and_supply(s);
  energy_and_solution(s);
  s.rule([](const GlucoseParameters& p, Judge& judge) {
    if (p.enabled) judge.ordered("necrosis_atp", "quiescence_atp", Judge::Equal::allowed);
  });
}

} // namespace metavox
