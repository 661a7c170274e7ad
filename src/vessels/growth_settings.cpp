#include "vessels/growth_settings.hpp"

#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {
namespace {

void sprouts(Section<SproutingParameters>& s) {
  using P = SproutingParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("false")
      .switches({"starvation", "half_response"})
      .means("VEGF makes vessels sprout; needs vegf.enabled.")
      .from("assumed: off; vessels of the start stay as they are");
  s.number(&P::rate, "rate", "1/min")
      .between(0, 1e3)
      .normally("2.5e-4 1/min")
      .means("Rate at which an endothelial cell, 20 um of mature vessel, sprouts where VEGF is "
             "plenty.")
      .from(sources::owen);
  s.number(&P::half_response, "half_response", "nM")
      .above(0, 1e6)
      .normally("0.024 nM")
      .means("VEGF at which it sprouts at half that rate.")
      .from(sources::qspio, " (1.07e3 pg/mL of 45 kDa); belongs with secretion in molecules, where "
                            "Owen et al. 2011 have 0.5 nM with a secretion of its own");
  s.number(&P::exclusion, "exclusion", "um")
      .between(0, 1e4)
      .normally("80 um")
      .means("No new sprout so close to a tip.")
      .from(sources::owen);
}

void motion(Section<SproutingParameters>& s) {
  using P = SproutingParameters;
  s.number(&P::diffusivity, "diffusivity", "um^2/min")
      .between(0, 1e6)
      .normally("0.6 um^2/min")
      .means("Random motility of tips over times beyond sprouting.persistence.")
      .from(sources::anderson_chaplain,
            " (1e-10 cm^2/s); Owen et al. 2011: 1; isolated endothelial cells have 16 to 40, but a "
            "tip drags its stalk: explore 0.6 to 16");
  s.number(&P::persistence, "persistence", "min")
      .between(1, 1e5)
      .normally("180 min")
      .means("Time for which the random motion of a tip keeps its direction.")
      .from("1 to 3 h in codes that follow Stokes & Lauffenburger 1991, J Theor Biol 152:377");
  s.number(&P::chemotaxis, "chemotaxis", "um^2/min/nM")
      .between(0, 1e9)
      .normally("1.56e4 um^2/min/nM")
      .means("Drift of tips up the gradient of VEGF, where there is little of it.")
      .from(sources::anderson_chaplain, " (2600 cm^2/s/M); Owen et al. 2011: 2e4");
  s.number(&P::saturation, "saturation", "nM")
      .above(0, 1e6)
      .normally("0.071 nM")
      .means("VEGF at which that drift has fallen to half.")
      .from("derived from the dimensionless 0.6 of ", sources::anderson_chaplain);
  s.number(&P::haptotaxis, "haptotaxis", "um^2/min")
      .between(0, 1e6)
      .normally("0 um^2/min")
      .example("592 um^2/min")
      .means("Drift of tips up the matrix gradient, per unit of density.")
      .from("assumed: off; 592 um^2/min corresponds to fibronectin in ",
            sources::anderson_chaplain);
  s.number(&P::speed_limit, "speed_limit", "um/min")
      .above(0, 1e3)
      .normally("0.2 um/min")
      .means("Fastest drift of a tip.")
      .from("derived: sprouts cross the 1.2 mm of a corneal pocket in 5 to 7 days, 0.12 to 0.17 "
            "um/min; neovessels in gel 0.08 um/min (Utzinger et al. 2015, Angiogenesis 18:219)");
}

void branching(Section<SproutingParameters>& s) {
  using P = SproutingParameters;
  s.boolean(&P::branching, "branching")
      .normally("true")
      .means("Tips branch.")
      .from(sources::anderson_chaplain);
  s.number(&P::branching_age, "branching_age", "min")
      .between(0, 1e7)
      .normally("18 h")
      .means("Age from which a tip may branch.")
      .from(sources::anderson_chaplain, " (half of 1.5 day)");
  s.number(&P::branching_reference, "branching_reference", "nM")
      .above(0, 1e6)
      .normally("0.042 nM")
      .means("VEGF by which the steps of the branching probability are scaled.")
      .from("derived from the dimensionless chemotaxis of ", sources::anderson_chaplain);
  s.number(&P::branching_time, "branching_time", "min")
      .above(0, 1e7)
      .normally("1.5 day")
      .means("Time to which the branching probabilities refer.")
      .from(sources::anderson_chaplain);
  s.number(&P::branching_exclusion, "branching_exclusion", "um")
      .between(0, 1e4)
      .normally("80 um")
      .means("No branch so close to another tip.")
      .from("assumed: that of new sprouts");
}

void survival(Section<SproutingParameters>& s) {
  using P = SproutingParameters;
  s.number(&P::starvation, "starvation")
      .a_share()
      .normally("0.1")
      .means("Share of half_response below which a tip starves.")
      .from("assumed");
  s.number(&P::survival, "survival", "min")
      .above(0, 1e7)
      .normally("48 h")
      .means("How long a starving tip lives.")
      .from("assumed: two days");
  s.number(&P::proteinase, "proteinase")
      .between(0, 100)
      .normally("1")
      .means("MT1-MMP of a tip, relative to an M-like cell.")
      .from("assumed: tips open matrix as invading cells do");
  s.number(&P::radius, "radius", "um")
      .between(1, 50)
      .normally("5 um")
      .means("Radius of a new sprout.")
      .from("assumed: that of a capillary; narrower ones, off parents of 5 um, would skim plasma");
  s.number(&P::maturation_age, "maturation_age", "min")
      .between(0, 1e7)
      .normally("5 day")
      .means("Age from which a perfused stalk may mature.")
      .from("assumed: arrival of pericytes");
  s.number(&P::maturation_rate, "maturation_rate", "1/min")
      .between(0, 1e3)
      .normally("0.2 1/day")
      .means("Rate at which it then matures.")
      .from("assumed: within a week as a rule");
}

} // namespace

void describe(Section<SproutingParameters>& s) {
  sprouts(s);
  motion(s);
  branching(s);
  survival(s);
}

void describe(Section<RegressionParameters>& s) {
  using P = RegressionParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("false")
      .switches({"occlusion_pressure"})
      .means("Vessels that carry too little blood disappear.")
      .from("assumed: off, as sprouting is");
  s.number(&P::shear, "shear", "dyn/cm^2")
      .between(0, 1e4)
      .normally("8 dyn/cm^2")
      .means("Shear stress of the wall below which a vessel is not needed.")
      .from(sources::owen);
  s.number(&P::patience, "patience", "min")
      .above(0, 1e9)
      .normally("4000 min")
      .means("How long a vessel bears less than that, or no flow at all.")
      .from(sources::owen, "; that it holds for vessels without flow is assumed");
  s.boolean(&P::vegf_protects, "vegf_protects")
      .normally("true")
      .means("Where VEGF suffices for tips (sprouting.starvation), vessels that low shear would "
             "prune stay.")
      .from(sources::protection);
  s.number(&P::occlusion_rate, "occlusion_rate", "1/min")
      .between(0, 1e3)
      .normally("1 1/day")
      .means("Rate at which an immature vessel collapses under twice regression.occlusion_pressure "
             "or more; none below it.")
      .from("assumed: a vessel without pericytes gives way within hours to days");
  s.number(&P::occlusion_pressure, "occlusion_pressure", "kPa")
      .above(0, 1e4)
      .normally("3 kPa")
      .means(
          "Pressure of growth from which immature vessels collapse, and at which the capillaries "
          "that normal cells bring along carry half of their blood.")
      .from("assumed, within the 1.3 to 13 kPa of solid stress that compress vessels of tumours: "
            "Stylianopoulos et al. 2013, Cancer Res 73:3833 (abstract)");
  s.number(&P::reopening_rate, "reopening_rate", "1/min")
      .between(0, 1e3)
      .normally("0.5 1/day")
      .means("Rate at which it opens again below regression.occlusion_pressure.")
      .from("assumed; that it does: Padera et al. 2004, Nature 427:695 (quoted from memory)");
  s.gone("occlusion_share", "pressure shuts vessels: type regression.occlusion_pressure");
}

} // namespace metavox
