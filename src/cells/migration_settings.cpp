#include "cells/migration_settings.hpp"

#include <cmath>

#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {
namespace {

void motility(Section<MigrationParameters>& s) {
  using P = MigrationParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("true")
      .means("Cells move on their own.")
      .from(sources::franssen)
      .preset(Preset::physicell, "false", "cells of the example do not crawl")
      .preset(Preset::analytic, "false", switched_off);
  s.number(&P::epithelial, "epithelial", "um^2/min")
      .between(0, 1e6)
      .normally("0.3 um^2/min")
      .means("Random motility of E-like cells.")
      .from(sources::franssen, " (5e-11 cm^2/s)");
  s.number(&P::mesenchymal, "mesenchymal", "um^2/min")
      .between(0, 1e6)
      .normally("0.6 um^2/min")
      .means("Random motility of M-like cells.")
      .from(sources::franssen, " (1e-10 cm^2/s); ", sources::owen, " has 0.5");
  s.number(&P::stroma, "stroma", "um^2/min")
      .between(0, 1e6)
      .normally("0.1 um^2/min")
      .means("Random motility of stromal cells.")
      .from("assumed: slower than any tumour cell");
  s.number(&P::haptotaxis, "haptotaxis", "um^2/min")
      .between(0, 1e6)
      .normally("3 um^2/min")
      .means("Drift of tumour cells up the matrix gradient, per unit of density.")
      .from(sources::franssen);
  s.number(&P::chemotaxis, "chemotaxis", "um^2/min/mmHg")
      .between(-1e4, 1e4)
      .normally("0 um^2/min/mmHg")
      .example("0.05 um^2/min/mmHg")
      .means("Drift of tumour cells towards oxygen; negative: away from it.")
      .from("assumed: off; 0.05 is a moderate value");
}

void adhesion(Section<MigrationParameters>& s) {
  using P = MigrationParameters;
  s.choice(&P::adhesion, "adhesion", {"bonds", "neighbour_count"})
      .normally("bonds")
      .means("bonds: each tumour neighbour holds a cell back; neighbour_count: a cell moves only "
             "with enough neighbours.")
      .from(
          sources::adhesion_papers,
          "; the count is that of Anderson 2005, Math Med Biol 22:163, doi:10.1093/imammb/dqi005");
  s.number(&P::bond_ee, "bond_ee")
      .a_share()
      .normally("0.7")
      .means("Chance that a bond between two E-like cells prevents a move.")
      .from("assumed; ", sources::adhesion_papers);
  s.number(&P::bond_em, "bond_em")
      .a_share()
      .normally("0.3")
      .means("The same between an E-like and an M-like cell.")
      .from("assumed; ", sources::adhesion_papers);
  s.number(&P::bond_mm, "bond_mm")
      .a_share()
      .normally("0.1")
      .means("The same between two M-like cells.")
      .from("assumed; ", sources::adhesion_papers);
  s.integer(&P::internal_epithelial, "internal_epithelial")
      .between(0, 6)
      .normally("2")
      .means("Rule neighbour_count: neighbours that an E-like cell needs in order to move.")
      .from("assumed within the 0 to 3 of Anderson 2005, Math Med Biol 22:163, "
            "doi:10.1093/imammb/dqi005");
  s.integer(&P::internal_mesenchymal, "internal_mesenchymal")
      .between(0, 6)
      .normally("0")
      .means("Rule neighbour_count: neighbours that an M-like cell needs in order to move.")
      .from("assumed within the 0 to 3 of Anderson 2005, Math Med Biol 22:163, "
            "doi:10.1093/imammb/dqi005");
}

void squeezing(Section<MigrationParameters>& s) {
  using P = MigrationParameters;
  s.boolean(&P::squeeze, "squeeze")
      .normally("true")
      .means("Dense matrix slows and blocks movement.")
      .from("Sabeh, Shimizu-Hirota & Weiss 2009, J Cell Biol (PMC2700505)");
  s.number(&P::squeeze_threshold, "squeeze_threshold")
      .between(0, 10)
      .normally("0.6")
      .means("Matrix density up to which movement is free.")
      .from("assumed; that cross-linked matrix must be cut first: Sabeh, Shimizu-Hirota & Weiss "
            "2009, J Cell Biol (PMC2700505)");
  s.number(&P::squeeze_width, "squeeze_width")
      .above(0, 10)
      .normally("0.1")
      .means("Density beyond the threshold over which movement falls e-fold.")
      .from("assumed");
  s.number(&P::squeeze_epithelial, "squeeze_epithelial")
      .a_share()
      .normally("0.2")
      .means("Further factor for E-like cells in matrix beyond the threshold.")
      .from("assumed");
}

} // namespace

void describe(Section<MigrationParameters>& s) {
  motility(s);
  adhesion(s);
  squeezing(s);
}

double steepest_drift(const MigrationParameters& p, double densest, double richest) {
  return p.haptotaxis * densest + std::abs(p.chemotaxis) * richest;
}

void describe(Section<TracerParameters>& s) {
  using P = TracerParameters;
  s.integer(&P::count, "count")
      .between(0, 1e8)
      .normally("0")
      .means("Walkers that obey the movement rule, occupy nothing and meet nobody.")
      .from("assumed: none; they measure diffusion");
  s.boolean(&P::mesenchymal, "mesenchymal")
      .normally("true")
      .means("Walkers move like M-like cells; off: like E-like.")
      .from("assumed: arbitrary");
  s.point(&P::start, "start")
      .derived("the middle of the box")
      .means("Where all walkers start.")
      .from("assumed: far from the faces");
}

} // namespace metavox
