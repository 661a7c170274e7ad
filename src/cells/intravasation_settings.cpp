#include "cells/intravasation_settings.hpp"

#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {

void describe(Section<IntravasationParameters>& s) {
  using P = IntravasationParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("false")
      .switches({"rate", "epithelial", "clustering"})
      .means("Tumour cells leave through the walls of vessels that carry red cells.")
      .from("assumed: off; a run of growth alone loses no cells");
  s.number(&P::rate, "rate", "1/min")
      .between(0, 10)
      .normally("2e-2 1/h")
      .means("Rate at which M-like cells of normal MT1-MMP leave that share a wall of 503 um^2, 20 "
             "um of a capillary of radius 4 um; times the weight of the wall.")
      .from(
          "fitted, and only roughly, to the 3.2e6 cells that 1 g of a rat's tumour sheds in a day "
          "(Butler & Gullino 1975, Cancer Res 35:512): configs/intravasation.yaml wants 0.0145 "
          "1/h; "
          "`metavox calibrate shedding` finds it for a run");
  s.number(&P::leakiness, "leakiness")
      .between(0, 1e3)
      .normally("4")
      .means("Walls without pericytes, and those whose membrane is worn through, weigh 1 + this.")
      .from("assumed: gaps between the cells of young vessels; explore 0 to 10");
  s.number(&P::tight, "tight")
      .between(0, 1e3)
      .normally("0.1")
      .means("Weight of mature walls whose membrane is whole.")
      .from("assumed; explore 0 to 1");
  s.number(&P::epithelial, "epithelial")
      .between(0, 1e3)
      .normally("0.05")
      .means("Rate of E-like cells, as a share of that of M-like ones, at leaky walls; they do not "
             "pass others.")
      .from("assumed: they fall in where the wall has gaps; explore 0 to 0.2");
  s.number(&P::clustering, "clustering")
      .a_share()
      .normally("0.03")
      .means("Chance that a bond between tumour cells (migration.bond_ee, ...) holds when one of "
             "them leaves, so that the other goes with it.")
      .from("derived: some 3 % of departures are then clusters, as of circulating tumour cells in "
            "Aceto et al. 2014, Cell 158:1110 (quoted from memory)");
  s.number(&P::healing, "healing", "min")
      .above(0, 1e9)
      .normally("1 day")
      .means("Time in which a worn membrane heals e-fold. M-like cells wear it at "
             "matrix.contact_degradation over matrix.membrane_resistance times the share of the "
             "wall that they hold.")
      .from("assumed: a day; explore 0.3 to 3 days");
}

} // namespace metavox
