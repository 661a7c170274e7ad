#include "cells/cell_settings.hpp"

#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {
namespace {

void pace(Section<CycleParameters>& s) {
  using P = CycleParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("true")
      .means("Cells grow and divide.")
      .from("assumed: off only in closed forms and to tell growth from movement")
      .preset(Preset::analytic, "false", switched_off);
  s.choice(&P::law, "law", {"owen", "physicell"})
      .normally("owen")
      .means(
          "How oxygen sets the pace of the cycle: owen, p/(p + half_pressure); physicell, a ramp.")
      .from(sources::owen, "; the ramp is that of PhysiCell, ", sources::physicell)
      .preset(Preset::physicell, "physicell", "its ramp of proliferation");
  s.number(&P::epithelial, "epithelial", "min")
      .above(0, 1e7)
      .normally("1334 min")
      .means("Cycle time of E-like tumour cells with ample oxygen.")
      .from(sources::franssen, " (8e4 s)")
      .preset(Preset::fast, "1334 min", transplanted)
      .preset(Preset::clinical, "7130 min",
              "0.14 births per day, assumed: about the potential doubling time of human tumours, "
              "some 5 days");
  s.number(&P::mesenchymal, "mesenchymal", "min")
      .above(0, 1e7)
      .normally("2000 min")
      .means("Cycle time of M-like tumour cells with ample oxygen.")
      .from(sources::franssen, " (1.2e5 s)")
      .preset(Preset::fast, "2000 min", transplanted)
      .preset(Preset::clinical, "10695 min",
              "as many times cycle.epithelial as by default, or M-like cells would take over");
  s.number(&P::normal, "normal", "min")
      .above(0, 1e7)
      .normally("3000 min")
      .means("Cycle time of normal cells with ample oxygen.")
      .from(sources::owen);
  s.number(&P::variation, "variation")
      .a_share()
      .normally("0.1")
      .means("Coefficient of variation of the cycle time from one division to the next.")
      .from("assumed: enough to lose synchrony within ten divisions");
}

void oxygen_and_room(Section<CycleParameters>& s) {
  using P = CycleParameters;
  s.number(&P::half_pressure, "half_pressure", "mmHg")
      .between(0, 760)
      .normally("1.4 mmHg")
      .means("Pressure at which tumour cells cycle at half speed; 0: oxygen does not matter.")
      .from(sources::owen);
  s.number(&P::half_pressure_normal, "half_pressure_normal", "mmHg")
      .between(0, 760)
      .normally("3 mmHg")
      .means("The same for normal cells.")
      .from(sources::owen);
  s.number(&P::ramp_low, "ramp_low", "mmHg")
      .between(0, 760)
      .normally("5 mmHg")
      .means("Law physicell: no progress at or below this pressure.")
      .from(sources::gell, "; ", sources::physicell);
  s.number(&P::ramp_high, "ramp_high", "mmHg")
      .between(0, 760)
      .normally("10 mmHg")
      .means("Law physicell: full speed from this pressure on.")
      .from(sources::gell);
  s.gone("push_length", "tissue grows by pressure, as far as that reaches: remove it, or type "
                        "growth.mobility: 0 um^2/kPa/day for cells that push nobody");
  s.gone("into_dead", "bodies give way once they are due to be cleared: remove it");
}

constexpr std::string_view anoxia =
    "assumed: cells of human tumours grow at 4 mmHg and die of anoxia alone, Papandreou et al. "
    "2005, Cancer Res 65:3171 (quoted from memory)";

void starvation(Section<DeathParameters>& s) {
  using P = DeathParameters;
  s.boolean(&P::necrosis, "necrosis")
      .normally("true")
      .means("Cells die of lack of oxygen.")
      .from(sources::physicell)
      .preset(Preset::analytic, "false", switched_off);
  s.number(&P::necrosis_high, "necrosis_high", "mmHg")
      .between(0, 760)
      .normally("5 mmHg")
      .means("Pressure below which necrosis begins.")
      .from(sources::physicell)
      .preset(Preset::clinical, "1 mmHg", anoxia);
  s.number(&P::necrosis_low, "necrosis_low", "mmHg")
      .between(0, 760)
      .normally("2.5 mmHg")
      .means("Pressure below which necrosis has its full rate; below necrosis_high.")
      .from(sources::physicell)
      .preset(Preset::clinical, "0.1 mmHg", anoxia);
  s.number(&P::necrosis_rate, "necrosis_rate", "1/min")
      .between(0, 1e6)
      .normally("4 1/day")
      .means("Full rate of necrosis: 1 in 360 min.")
      .from(sources::physicell, " (1 per 6 h in its hanging-drop example)");
}

void programmed(Section<DeathParameters>& s) {
  using P = DeathParameters;
  s.number(&P::apoptosis, "apoptosis", "1/min")
      .between(0, 1e6)
      .normally("5.3e-5 1/min")
      .means("Programmed death of tumour cells.")
      .from(sources::physicell)
      .preset(Preset::analytic, "0 1/min", switched_off)
      .preset(Preset::fast, "5.3e-5 1/min", transplanted)
      .preset(Preset::clinical, "0 1/min", "loss is a share of births: death.apoptosis_share");
  s.number(&P::apoptosis_share, "apoptosis_share")
      .between(0, 0.99)
      .normally("0")
      .example("0.9")
      .means("Programmed death of tumour cells as a share of the divisions that oxygen and rest "
             "allow, in place of death.apoptosis.")
      .from("assumed off; cell loss in human tumours is told as a share of births: Steel 1977, "
            "Growth Kinetics of Tumours")
      .preset(Preset::fast, "0", transplanted)
      .preset(Preset::clinical, "0.92",
              "fitted, 0.923 for 3 mm that double in 160 days (`metavox calibrate growth "
              "--doubling`); explore 0.88 to 0.95. Measured in breast: median 164, 66 to 521 days, "
              "69 patients, PMC5498121 (abstract); 157 days at age 50 "
              "to 70, Peer et al. 1993, Cancer 71:3547 (abstract)");
  s.number(&P::apoptosis_normal, "apoptosis_normal", "1/min")
      .between(0, 1e6)
      .normally("0 1/min")
      .example("1e-5 1/min")
      .means("Programmed death of normal cells.")
      .from("assumed: turnover of healthy tissue is in balance and left out")
      .preset(Preset::analytic, "0 1/min", switched_off);
  s.number(&P::apoptotic_body, "apoptotic_body", "min")
      .above(0, 1e9)
      .normally("516 min")
      .means("Time for which an apoptotic body fills its voxel.")
      .from(sources::physicell);
  s.number(&P::debris_clearance, "debris_clearance", "1/min")
      .between(0, 1e6)
      .normally("0.1 1/day")
      .means("Rate at which necrotic debris disappears.")
      .from(sources::spqsp, " (k_cell_clear); PhysiCell lets it last up to 60 days")
      .preset(Preset::clinical, "0.1 1/day", "fitted together with the loss of cells");
}

void loss_of_hold(Section<DeathParameters>& s) {
  using P = DeathParameters;
  s.number(&P::anoikis, "anoikis", "1/min")
      .between(0, 1e6)
      .normally("1 1/day")
      .means("Death of tumour cells with neither matrix nor neighbour, before resistance.")
      .from("assumed: a day without hold")
      .preset(Preset::physicell, "0 1/min", "no such process there")
      .preset(Preset::analytic, "0 1/min", switched_off);
  s.number(&P::anoikis_matrix, "anoikis_matrix")
      .between(0, 10)
      .normally("0.05")
      .means("Matrix density below which a cell has no hold.")
      .from("assumed: close to none");
  s.number(&P::resistance_epithelial, "resistance_epithelial")
      .a_share()
      .normally("0.3")
      .means("Share of anoikis that E-like cells escape.")
      .from("assumed: little");
  s.number(&P::resistance_mesenchymal, "resistance_mesenchymal")
      .a_share()
      .normally("0.9")
      .means("Share of anoikis that M-like and stem cells escape.")
      .from("assumed: most");
}

void attack(Section<DeathParameters>& s) {
  using P = DeathParameters;
  s.number(&P::crushing, "crushing", "1/min")
      .between(0, 1e6)
      .normally("1 1/day")
      .means("Death of normal cells under full pressure; cells at a basement membrane are spared.")
      .from("assumed: mechanical competition as seen between cell populations; no rate was found")
      .preset(Preset::physicell, "0 1/min", "no such process there")
      .preset(Preset::analytic, "0 1/min", switched_off);
  s.number(&P::bearable_pressure, "bearable_pressure", "kPa")
      .between(0, 1e4)
      .normally("0.1 kPa")
      .means("Pressure of growth that normal cells bear for ever.")
      .from("assumed: without it dense tissue dies across the whole box");
  s.number(&P::crushing_pressure, "crushing_pressure", "kPa")
      .above(0, 1e4)
      .normally("1.5 kPa")
      .means("How far above death.bearable_pressure crushing reaches its full rate.")
      .from("assumed: 0.3 of the pressure that halves the pace of the cycle");
  s.number(&P::t_cell_kill, "t_cell_kill", "1/min")
      .between(0, 1e6)
      .normally("5 1/day")
      .means("Rate at which a T cell kills a tumour cell beside it.")
      .from("Halle et al. 2016, Immunity 44:233, doi:10.1016/j.immuni.2016.01.010; within the 0.9 "
            "to 16 per day of the literature")
      .preset(Preset::analytic, "0 1/min", switched_off);
}

// A rate and a share of the divisions are two laws for one process.
void one_kind_of_loss(const DeathParameters& p, Judge& judge) {
  if (p.apoptosis > 0 && p.apoptosis_share > 0)
    judge.complain({"apoptosis_share", "apoptosis"},
                   judge.key("apoptosis") + " and " + judge.key("apoptosis_share") +
                       " are both above 0; type " + judge.key("apoptosis") +
                       ": 0 1/min for a loss that goes with the divisions");
}

} // namespace

void describe(Section<CycleParameters>& s) {
  pace(s);
  oxygen_and_room(s);
  s.ordered("ramp_low", "ramp_high");
}

void describe(Section<QuiescenceParameters>& s) {
  using P = QuiescenceParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("true")
      .means("Cells short of oxygen leave the cycle.")
      .from(sources::owen)
      .preset(Preset::physicell, "false", "the ramp alone stops the cycle there")
      .preset(Preset::analytic, "false", switched_off);
  s.number(&P::enter, "enter", "mmHg")
      .between(0, 760)
      .normally("8.9 mmHg")
      .means("Cells rest below this pressure.")
      .from(sources::owen);
  s.number(&P::leave, "leave", "mmHg")
      .between(0, 760)
      .normally("9.8 mmHg")
      .means("Resting cells return above this pressure; not below quiescence.enter.")
      .from(sources::owen);
  s.number(&P::delay, "delay", "min")
      .between(0, 1e4)
      .normally("2 h")
      .means("Mean time a cell takes to enter or leave hypoxic rest; 0: one step.")
      .from("assumed: changes of transcription; at once, cells that share a scarce supply would "
            "rest and wake in step");
  s.number(&P::survival, "survival", "min")
      .above(0, 1e9)
      .normally("4000 min")
      .means("Continuous hypoxic rest that a cell survives.")
      .from(sources::owen)
      .preset(Preset::clinical, "10 day",
              "assumed: hypoxic cells of human tumours live for days, the longest for some ten: "
              "Durand & Sham 1998, Int J Radiat Oncol Biol Phys 42:711 (quoted from memory)");
  s.gone("crowding", "pressure slows the cycle: remove it, or type growth.inhibition: false for "
                     "cells that do not feel it");
  s.ordered("enter", "leave", Judge::Equal::allowed);
}

void describe(Section<DeathParameters>& s) {
  starvation(s);
  programmed(s);
  loss_of_hold(s);
  attack(s);
  s.ordered("necrosis_low", "necrosis_high");
  s.rule(one_kind_of_loss);
}

void describe(Section<NormalParameters>& s) {
  using P = NormalParameters;
  s.boolean(&P::regeneration, "regeneration")
      .normally("false")
      .means("Normal cells cycle again where neighbours are missing.")
      .from("assumed: off, as tumours outgrow repair")
      .preset(Preset::analytic, "false", switched_off);
  s.integer(&P::regeneration_neighbours, "regeneration_neighbours")
      .between(0, 6)
      .normally("2")
      .means("Most occupied faces at which a normal cell does so.")
      .from("assumed: an open wound rather than a lone gap");
}

void describe(Section<StemParameters>& s) {
  using P = StemParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("false")
      .switches({"capacity"}) // which every cell carries
      .means("Only stem cells renew themselves without limit; off: all tumour cells do.")
      .from(sources::enderling, "; off by default to compare with codes without hierarchy")
      .preset(Preset::analytic, "false", switched_off);
  s.number(&P::fraction, "fraction")
      .a_share()
      .normally("0.05")
      .means("Share of stem cells among the first cells.")
      .from("assumed: as small as the share of symmetric divisions");
  s.number(&P::symmetric, "symmetric")
      .a_share()
      .normally("0.05")
      .means("Share of stem divisions that make two stem cells.")
      .from(sources::spqsp, " (asymmetric 0.95); the same in ", sources::arcade);
  s.integer(&P::capacity, "capacity")
      .between(0, 15)
      .normally("9")
      .means("Divisions left to a progenitor fresh from a stem cell.")
      .from(sources::spqsp, "; ", sources::enderling);
  s.number(&P::senescent_removal, "senescent_removal", "1/min")
      .between(0, 1e6)
      .normally("1e-4 1/day")
      .means("Rate at which spent progenitors disappear.")
      .from(sources::spqsp);
}

void describe(Section<MutationParameters>& s) {
  using P = MutationParameters;
  s.number(&P::probability, "probability")
      .a_share()
      .normally("1e-3")
      .means("Chance per trait and division that a heritable trait changes.")
      .from("assumed: explore 1e-6 to 1e-2")
      .preset(Preset::physicell, "0", "one clone")
      .preset(Preset::analytic, "0", switched_off);
  s.number(&P::deviation, "deviation")
      .between(0, 2)
      .normally("0.1")
      .means("Standard deviation of the logarithm of such a change.")
      .from("assumed: steps of some 10 %");
}

void describe(Section<TransitionParameters>& s) {
  using P = TransitionParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("true")
      .means("Tumour cells turn M-like (EMT) and E-like again (MET).")
      .from("assumed on; that reversibility matters: Tsai et al. 2012, Cancer Cell (PMID 23201165)")
      .preset(Preset::physicell, "false", "no such process there")
      .preset(Preset::analytic, "false", switched_off);
  s.number(&P::emt, "emt", "1/min")
      .between(0, 1e6)
      .normally("1e-5 1/min")
      .means("Basic rate of EMT.")
      .from("assumed: 0.014 per day; explore 1e-6 to 1e-4");
  s.number(&P::met, "met", "1/min")
      .between(0, 1e6)
      .normally("1e-5 1/min")
      .means("Rate of MET.")
      .from("assumed: equal to EMT; explore 1e-6 to 1e-4");
  s.number(&P::hypoxia_gain, "hypoxia_gain")
      .between(0, 1e4)
      .normally("5")
      .means("How much full hypoxia adds to EMT, in units of the basic rate.")
      .from("assumed");
  s.number(&P::matrix_gain, "matrix_gain")
      .between(0, 1e4)
      .normally("2")
      .means("How much a matrix-poor edge adds to EMT, in units of the basic rate.")
      .from("assumed");
  s.number(&P::matrix_edge, "matrix_edge")
      .between(0, 10)
      .normally("0.3")
      .means("Matrix density below which an edge counts as poor.")
      .from("assumed: half of the density that stops movement");
  s.number(&P::hypoxia_high, "hypoxia_high", "mmHg")
      .between(0, 760)
      .normally("15 mmHg")
      .means("Pressure at which the response to hypoxia begins.")
      .from("HIF response in PhysiCell, ", sources::physicell);
  s.number(&P::hypoxia_low, "hypoxia_low", "mmHg")
      .between(0, 760)
      .normally("4 mmHg")
      .means("Pressure at which it is full; below hypoxia_high.")
      .from("HIF response in PhysiCell, ", sources::physicell);
  s.ordered("hypoxia_low", "hypoxia_high");
}

} // namespace metavox
