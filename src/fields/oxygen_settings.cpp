#include "fields/oxygen_settings.hpp"

#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {
namespace {

void transport(Section<OxygenParameters>& s) {
  using P = OxygenParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("true")
      .means("Oxygen is solved and cells respond to it.")
      .from("assumed: off is for closed-form checks")
      .preset(Preset::analytic, "false", switched_off);
  s.choice(&P::relaxation, "relaxation", {"steady", "transient"})
      .normally("steady")
      .means("steady: in balance with the cells at every step; transient: followed in time.")
      .from("diffusion over 110 um takes about 0.1 min, far less than a step");
  s.number(&P::substep, "substep", "min")
      .above(0, 1440)
      .normally("0.1 min")
      .means("Time step of a transient oxygen field; at most time.step.")
      .from("assumed: the time in which oxygen diffuses over its own length");
  s.number(&P::diffusivity, "diffusivity", "um^2/min")
      .above(0, 1e9)
      .normally("1.2e5 um^2/min")
      .means("Diffusion coefficient of oxygen in tissue.")
      .from("Grimes et al. 2014, J R Soc Interface 11:20131124 (quoted from memory); between the "
            "1e5 of PhysiCell, ",
            sources::physicell, ", and the 1.45e5 of ", sources::owen)
      .preset(Preset::physicell, "1e5 um^2/min", "value of PhysiCell");
  s.number(&P::decay, "decay", "1/min")
      .between(0, 1e6)
      .normally("0 1/min")
      .example("0.1 1/min")
      .means("First-order loss of oxygen everywhere, with or without cells.")
      .from("assumed: tissue consumes oxygen through its cells alone")
      .preset(Preset::physicell, "0.1 1/min", "value of PhysiCell");
}

void uptake(Section<OxygenParameters>& s) {
  using P = OxygenParameters;
  s.choice(&P::uptake, "uptake", {"michaelis_menten", "first_order", "constant"})
      .normally("michaelis_menten")
      .means("Law of uptake: saturating, proportional to the pressure, or constant while oxygen "
             "lasts.")
      .from("Grimes, Fletcher & Partridge 2014, R Soc Open Sci 1:140080 (PMC4448765), who compare "
            "saturating with constant uptake")
      .preset(Preset::physicell, "first_order", "law of BioFVM");
  s.number(&P::consumption, "consumption", "mol/s/cell")
      .between(0, 1e-12)
      .normally("7.0e-17 mol/s/cell")
      .means("Oxygen that a proliferating tumour cell takes up where there is plenty.")
      .from("derived from the spheroids of Grimes et al. 2014, J R Soc Interface 11:20131124: 22.1 "
            "mmHg/s times the solubility times the 2494 um^3 of a cell");
  s.number(&P::solubility, "solubility", "fmol/um^3/mmHg")
      .above(0, 1)
      .normally("1.31e-6 fmol/um^3/mmHg")
      .means("Oxygen dissolved per volume and pressure.")
      .from(sources::arcade,
            "; Secomb et al. 2004, Ann Biomed Eng 32:1519, use 3.1e-5 mL/mL/mmHg (1.38e-6)");
  s.number(&P::first_order_rate, "first_order_rate", "1/min")
      .between(0, 1e9)
      .derived("10/min times 2494 um^3 over the voxel's volume: 3.1175 1/min at 20 um")
      .example("3.1175 1/min")
      .means(
          "Uptake rate in a voxel that one proliferating cell fills; only for uptake first_order.")
      .from("10/min in a cell of 2494 um^3, both from ", sources::physicell);
  s.number(&P::half_saturation, "half_saturation", "mmHg")
      .between(0, 1000)
      .normally("2.5 mmHg")
      .means("Pressure at which uptake is half of its maximum; 0 makes it constant.")
      .from("from memory of the literature, which spans 0.5 to 4 mmHg; to be verified");
  s.number(&P::quiescent_factor, "quiescent_factor")
      .between(0, 100)
      .normally("0.5")
      .means("Uptake of tumour cells in hypoxic or senescent rest relative to the others; want of "
             "room "
             "does not lower it.")
      .from("assumed: resting cells respire less; explore 0.1 to 1")
      .preset(Preset::physicell, "1", "uptake does not depend on the phase there");
  s.number(&P::normal_factor, "normal_factor")
      .between(0, 100)
      .normally("0.5")
      .means(
          "Uptake of normal cells (parenchyma and stroma) relative to proliferating tumour cells.")
      .from("assumed: explore 0.1 to 1");
  s.number(&P::immune_factor, "immune_factor")
      .between(0, 100)
      .normally("0.1")
      .means("Uptake of T cells relative to proliferating tumour cells.")
      .from("immune cells of the cancer_immune sample of PhysiCell, ", sources::physicell);
}

void blood(Section<OxygenParameters>& s) {
  using P = OxygenParameters;
  s.choice(&P::blood, "blood", {"march", "fixed"})
      .normally("march")
      .means("march: blood brings what its flow carries and runs out of it; fixed: walls hold "
             "fixed_pressure, not bounded by flow, for closed forms.")
      .from("mass balance along the vessels, as in Secomb et al. 2004, Ann Biomed Eng 32:1519")
      .preset(Preset::physicell, "fixed", "PhysiCell's vessels hold a value")
      .preset(Preset::analytic, "fixed", "closed forms have no flow");
  s.number(&P::inlet_oxygen, "inlet_oxygen", "mmHg")
      .between(0, 760)
      .normally("0 mmHg")
      .example("75 mmHg")
      .means("Oxygen of blood where it enters the box; 0: 55 mmHg and 1 mmHg for each um of the "
             "vessel's radius, at most 95, at least 8 above tissue_pressure.")
      .from("the rule by radius is that of tumorcode (Welter et al. 2016, PLoS ONE 11:e0161267); "
            "the floor is assumed");
  s.gone("vessel_pressure", "blood brings what its flow carries: type oxygen.inlet_oxygen for what "
                            "enters, or oxygen.blood: fixed and oxygen.fixed_pressure");
  s.number(&P::fixed_pressure, "fixed_pressure", "mmHg")
      .between(0, 760)
      .normally("40 mmHg")
      .means("Oxygen pressure at the wall of every perfused vessel; only with blood: fixed.")
      .from("assumed: a capillary half way along");
  s.number(&P::haemoglobin, "haemoglobin", "fmol/um^3")
      .between(0, 1)
      .normally("0.0203 fmol/um^3")
      .means("Oxygen that a volume of red cells binds when saturated.")
      .from("from memory: 5.1 mM of haemoglobin with four places each, 0.455 mL/mL; tumorcode and "
            "Secomb et al. 2004 have 0.5 mL/mL (0.0223)");
  s.number(&P::p50, "p50", "mmHg")
      .above(0, 760)
      .normally("27 mmHg")
      .means("Pressure at which half of the haemoglobin holds oxygen.")
      .from("tumorcode (Welter et al. 2016); Secomb's group has 38 mmHg for rats");
  s.number(&P::hill, "hill")
      .between(1, 10)
      .normally("2.7")
      .means("Exponent of Hill's saturation curve.")
      .from("tumorcode (Welter et al. 2016); Secomb's group has 3 for rats");
  s.number(&P::blood_solubility, "blood_solubility", "fmol/um^3/mmHg")
      .above(0, 1)
      .normally("1.38e-6 fmol/um^3/mmHg")
      .means("Oxygen dissolved in blood per volume and pressure.")
      .from("3.1e-5 mL/mL/mmHg in tumorcode and in Secomb et al. 2004");
  s.number(&P::wall_permeability, "wall_permeability", "um/min")
      .between(0, 1e9)
      .normally("0 um/min")
      .example("6e4 um/min")
      .means("Permeability to oxygen of a vessel's wall and the blood within; 0: by the vessel's "
             "diameter, some 5.6e4 um/min at 8 um and 2.2e4 at 40 um.")
      .from("table of intravascular resistances of Secomb's programs (Secomb et al. 2004, Ann "
            "Biomed Eng 32:1519); 6e4 um/min for all is ",
            sources::owen);
}

void supply(Section<OxygenParameters>& s) {
  using P = OxygenParameters;
  s.boolean(&P::tissue_supply, "tissue_supply")
      .normally("true")
      .means("Normal tissue is supplied by capillaries too fine to draw, so that it keeps "
             "tissue_pressure on its own.")
      .from("assumed: the tissue around a tumour lives without the vessels of the lattice")
      .preset(Preset::physicell, "false", "PhysiCell supplies through the faces alone")
      .preset(Preset::analytic, "false", switched_off);
  s.number(&P::tissue_pressure, "tissue_pressure", "mmHg")
      .between(0, 760)
      .normally("52 mmHg")
      .means("Pressure in the healthy organ; 52 mmHg is breast.")
      .from(sources::carreau, " (organ table; breast value from memory)")
      .preset(Preset::physicell, "38 mmHg", "its faces; oxygen.faces and initial follow");
  s.number(&P::arterial_pressure, "arterial_pressure", "mmHg")
      .between(0, 760)
      .normally("95 mmHg")
      .means("Pressure of the blood that feeds the homogenised supply.")
      .from("assumed: textbook arterial blood at rest");
  s.number(&P::medium_pressure, "medium_pressure", "mmHg")
      .between(0, 760)
      .normally("140 mmHg")
      .means("Pressure of the culture medium in voxels without cells; only with medium_exchange.")
      .from("assumed: medium in balance with humid air that holds 5 % carbon dioxide");
  s.number(&P::medium_exchange, "medium_exchange", "1/min")
      .between(0, 1e9)
      .normally("0 1/min")
      .example("1e5 1/min")
      .means("Rate at which stirred medium brings empty voxels to medium_pressure; 0: no medium. "
             "Unstirred beside the tissue is about sqrt(diffusivity/medium_exchange).")
      .from("assumed: tissue, not culture, is the default");
}

void solution(Section<OxygenParameters>& s) {
  using P = OxygenParameters;
  s.number(&P::tolerance, "tolerance", "mmHg")
      .above(0, 100)
      .derived("0.01 mmHg where blood marches through vessels, else 1e-3 mmHg")
      .example("1e-3 mmHg")
      .means("Error allowed in a solve, of tissue and of blood.")
      .from("assumed: a hundredth, or a thousandth, of the narrowest threshold that cells respond "
            "to");
  s.faces(&P::faces, "faces", "mmHg")
      .between(0, 760)
      .derived("oxygen.tissue_pressure on all six",
               [](const P& p) {
                 Faces faces;
                 faces.fill({FaceKind::fixed, p.tissue_pressure});
                 return faces;
               })
      .example("38 mmHg")
      .means("Outer faces: no_flux, a pressure for all, or a map of x_low ... z_high; faces left "
             "out of the map keep the default.")
      .from("assumed: the box lies inside a healthy organ");
  s.number(&P::initial, "initial", "mmHg")
      .between(0, 760)
      .derived("oxygen.tissue_pressure", [](const P& p) { return p.tissue_pressure; })
      .example("38 mmHg")
      .means("Pressure everywhere at the start.")
      .from("assumed: healthy tissue; a steady field forgets it at once");
  s.frozen(&P::frozen, "frozen", "mmHg")
      .between(0, 760)
      .normally("none")
      .example("\"(40 + 0.01*x) mmHg\"")
      .means("Prescribes oxygen instead of solving it: a formula in x, y, z (um) with a unit, or "
             "{file, array} of a .vti file.")
      .from("assumed: off; it serves closed-form checks");
}

} // namespace

void describe(Section<OxygenParameters>& s) {
  transport(s);
  uptake(s);
  blood(s);
  supply(s);
  solution(s);
  s.rule([](const OxygenParameters& p, Judge& judge) {
    if (!p.enabled || !p.tissue_supply) return;
    judge.ordered("tissue_pressure", "arterial_pressure");
    if (p.inlet_oxygen > 0 && p.blood == BloodOxygen::march)
      judge.ordered("tissue_pressure", "inlet_oxygen", Judge::Equal::allowed);
  });
}

} // namespace metavox
