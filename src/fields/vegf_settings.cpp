#include "fields/vegf_settings.hpp"

#include "settings/region_rows.hpp"
#include "settings/section.hpp"
#include "settings/sources.hpp"
#include "settings/units.hpp"

namespace metavox {
namespace {

void secretion(Section<VegfParameters>& s) {
  using P = VegfParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("false")
      .switches()
      .means("VEGF is solved: cells short of oxygen secrete it, vessels take it up.")
      .from("assumed: off until vessels are to grow");
  s.choice(&P::relaxation, "relaxation", {"steady", "transient"})
      .normally("steady")
      .means("steady: in balance with the cells whenever vessels are due; transient: one implicit "
             "step each time.step.")
      .from("assumed: it settles within some 1.5 h, and vessels take days");
  s.number(&P::diffusivity, "diffusivity", "um^2/min")
      .above(0, 1e9)
      .normally("4200 um^2/min")
      .means("Diffusion coefficient of VEGF in tissue.")
      .from(sources::connor,
            " (70 um^2/s); 1000 in Owen et al. 2011, 1740 in Anderson & Chaplain 1998");
  s.number(&P::decay, "decay", "1/min")
      .between(0, 1e6)
      .normally("0.0115 1/min")
      .means("Loss of VEGF everywhere.")
      .from(sources::qspio, " (16.6 per day); Owen et al. 2011 have 0.01 per min");
  s.number(&P::basal_secretion, "basal_secretion", "molecules/s/cell")
      .between(0, 1e6)
      .normally("0.025 molecules/s/cell")
      .means("VEGF that a tumour cell releases where there is oxygen.")
      .from("Stefanini et al. 2008, BMC Syst Biol 2:77 (figure captions; 0.025 to 0.076 fitted for "
            "tumours)");
  s.number(&P::hypoxic_secretion, "hypoxic_secretion", "molecules/s/cell")
      .between(0, 1e6)
      .normally("0.25 molecules/s/cell")
      .means("VEGF that a hypoxic tumour cell releases; not below basal_secretion.")
      .from("assumed: ten times the basal rate; explore 0.05 to 1");
  s.number(&P::hypoxia_high, "hypoxia_high", "mmHg")
      .between(0, 760)
      .normally("15 mmHg")
      .means("Pressure below which secretion begins to rise.")
      .from("HIF response in PhysiCell, ", sources::physicell);
  s.number(&P::hypoxia_low, "hypoxia_low", "mmHg")
      .between(0, 760)
      .normally("4 mmHg")
      .means("Pressure at which it has reached hypoxic_secretion; below hypoxia_high.")
      .from("HIF response in PhysiCell, ", sources::physicell);
  s.number(&P::normal_factor, "normal_factor")
      .between(0, 100)
      .normally("0.02")
      .means("Secretion of normal cells (parenchyma and stroma) relative to tumour cells.")
      .from("assumed: healthy tissue releases little for its volume; the model has no receptors "
            "there that would bind it");
}

void uptake_and_solution(Section<VegfParameters>& s) {
  using P = VegfParameters;
  s.number(&P::endothelial_uptake, "endothelial_uptake", "mol/s/cell")
      .between(0, 1e-12)
      .normally("4e-19 mol/h/cell")
      .means("VEGF that an endothelial cell, 20 um of vessel, takes up at saturation.")
      .from(sources::connor);
  s.number(&P::half_saturation, "half_saturation", "nM")
      .above(0, 1e6)
      .normally("0.65 nM")
      .means("Concentration at which that uptake is half of its maximum.")
      .from(sources::connor);
  s.number(&P::tolerance, "tolerance", "nM")
      .above(0, 100)
      .normally("1e-4 nM")
      .means("Error allowed in a solve.")
      .from("assumed: 1/240 of the concentration at which vessels respond by half");
  s.faces(&P::faces, "faces", "nM")
      .between(0, 1e6)
      .normally("no_flux")
      .example("0 nM")
      .means("Outer faces: no_flux, a concentration for all, or a map of x_low ... z_high.")
      .from("assumed: the tissue beyond is in the same state");
  s.number(&P::initial, "initial", "nM")
      .between(0, 1e6)
      .normally("0 nM")
      .example("0.01 nM")
      .means("Concentration everywhere at the start.")
      .from("assumed: none; a steady field forgets it at once");
  s.frozen(&P::frozen, "frozen", "nM")
      .between(0, 1e6)
      .normally("none")
      .example("\"(0.1*z/2000) nM\"")
      .means("Prescribes VEGF instead of solving it: a formula in x, y, z (um) with a unit, or "
             "{file, array}.")
      .from("assumed: off; it serves closed-form checks");
}

void source(Section<VegfParameters::Source>& s) {
  using P = VegfParameters::Source;
  s.choice(&P::shape, "shape", shape_names)
      .normally("sphere")
      .means("Shape that releases VEGF.")
      .from(choice_of_experiment);
  region_rows(s);
  s.number(&P::rate, "rate", "nM/min")
      .above(0, 1e6)
      .example("0.01 nM/min")
      .means("Release in every voxel whose centre lies inside.")
      .from(choice_of_experiment);
  s.number(&P::duration, "duration", "min")
      .between(0, 1e9)
      .normally("0 min")
      .example("2 day")
      .means("How long from the start of the run; 0: for ever.")
      .from(choice_of_experiment);
}

void secretion_rises_without_oxygen(const VegfParameters& p, Judge& judge) {
  if (p.basal_secretion > p.hypoxic_secretion)
    judge.complain({"hypoxic_secretion", "basal_secretion"},
                   judge.key("hypoxic_secretion") + " (" + format_number(p.hypoxic_secretion) +
                       " molecules/s/cell) must not be below " + judge.key("basal_secretion") +
                       " (" + format_number(p.basal_secretion) + " molecules/s/cell)");
}

void sources_act(const VegfParameters& p, Judge& judge) {
  if (!p.sources.empty() && !p.enabled)
    judge.complain({"sources[0]"}, judge.key("sources") + " is given, but " + judge.key("enabled") +
                                       " is false; type " + judge.key("enabled") +
                                       ": true or remove the sources");
  else if (!p.sources.empty() && p.frozen.active())
    judge.complain({"sources[0]"}, judge.key("sources") + " has no effect, as " +
                                       judge.key("frozen") +
                                       " prescribes the field; remove one of them");
}

} // namespace

void describe(Section<VegfParameters>& s) {
  secretion(s);
  uptake_and_solution(s);
  s.list(&VegfParameters::sources, "sources", source)
      .means("Shapes that release VEGF, such as pellets.")
      .example("{shape: sphere, radius: 100 um, rate: 0.01 nM/min}");
  s.ordered("hypoxia_low", "hypoxia_high");
  s.rule(secretion_rises_without_oxygen);
  s.rule(sources_act);
}

} // namespace metavox
