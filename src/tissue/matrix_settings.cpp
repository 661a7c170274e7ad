#include "tissue/matrix_settings.hpp"

#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {
namespace {

void turnover(Section<MatrixParameters>& s) {
  using P = MatrixParameters;
  s.number(&P::contact_degradation, "contact_degradation", "1/min")
      .between(0, 1e6)
      .normally("6e-3 1/min")
      .means("Matrix loss under full MT1-MMP in the same voxel.")
      .from(sources::franssen, " (1e-4 per s)");
  s.number(&P::soluble_degradation, "soluble_degradation", "1/min")
      .between(0, 1e6)
      .normally("1.5e-3 1/min")
      .means("Matrix loss per unit of active MMP-2.")
      .from(sources::franssen, " (1 in 4e4 s)");
  s.number(&P::contact_weight, "contact_weight")
      .a_share()
      .normally("0.16666666666666666")
      .means("Weight of the MT1-MMP of each of the six face neighbours.")
      .from("assumed: a cell reaches its neighbours' voxels with one sixth of its enzyme each");
  s.number(&P::deposition, "deposition", "1/min")
      .between(0, 1e6)
      .normally("1e-4 1/min")
      .means("Rate at which a stromal cell rebuilds matrix towards matrix.maximum.")
      .from("assumed: about a week; explore 1e-5 to 1e-3");
  s.number(&P::maximum, "maximum")
      .above(0, 10)
      .normally("1")
      .means("Density at which deposition stops.")
      .from("assumed: the reference stroma; up to 1.5 for desmoplasia");
  s.number(&P::debris_clearance, "debris_clearance", "1/min")
      .between(0, 1e6)
      .normally("0.1 1/day")
      .means("Matrix loss in necrotic voxels.")
      .from("clearance of dead cells (k_cell_clear) in ", sources::spqsp,
            "; that it holds for matrix is assumed");
  s.number(&P::membrane_resistance, "membrane_resistance")
      .above(0, 1e6)
      .normally("1")
      .means("Cumulative exposure to MT1-MMP that breaks basement membrane.")
      .from("assumed: the exposure that thins matrix e-fold; that MT1-MMP is what opens it: Sabeh, "
            "Shimizu-Hirota & Weiss 2009, J Cell Biol (PMC2700505)");
}

void layers(Section<MatrixParameters>& s) {
  using P = MatrixParameters;
  s.choice(&P::pattern, "pattern", {"uniform", "layers", "fibres"})
      .normally("uniform")
      .means("How matrix lies at the start.")
      .from("assumed: the simplest; layers and fibres guide migration");
  s.number(&P::density, "density")
      .between(0, 10)
      .normally("0.8")
      .means("Density at the start; of layers and fibres, that between them.")
      .from("assumed for breast, as fraction of reference stroma");
  s.axis(&P::layer_axis, "layer_axis")
      .normally("z")
      .means("Normal of the layers and preferred direction of the fibres.")
      .from("assumed: arbitrary");
  s.number(&P::layer_thickness, "layer_thickness", "um")
      .above(0, 1e6)
      .normally("100 um")
      .means("Thickness of a layer.")
      .from("assumed: some five cells");
  s.number(&P::layer_density, "layer_density")
      .between(0, 10)
      .normally("0.4")
      .means("Density of every second layer.")
      .from("assumed: half of the dense layers");
}

void fibres(Section<MatrixParameters>& s) {
  using P = MatrixParameters;
  s.number(&P::fibre_length, "fibre_length", "um")
      .above(0, 1e6)
      .normally("200 um")
      .means("Length of a fibre bundle.")
      .from("assumed: collagen bundles of some hundred um");
  s.number(&P::fibre_radius, "fibre_radius", "um")
      .above(0, 1e5)
      .normally("15 um")
      .means("Radius of a fibre bundle.")
      .from("assumed: above half a voxel, so that bundles stay connected on the lattice");
  s.number(&P::fibre_fraction, "fibre_fraction")
      .between(0, 0.9)
      .normally("0.2")
      .means("Share of the volume that bundles are to fill.")
      .from("assumed");
  s.number(&P::fibre_density, "fibre_density")
      .between(0, 10)
      .normally("1")
      .means("Density inside a bundle.")
      .from("assumed: the reference stroma");
  s.number(&P::fibre_alignment, "fibre_alignment")
      .a_share()
      .normally("0.5")
      .means("Order of the bundles: 0 any direction, 1 all along layer_axis.")
      .from("assumed: midway; tumour borders show both extremes");
}

void start(Section<MatrixParameters>& s) {
  using P = MatrixParameters;
  s.frozen(&P::initial, "initial")
      .between(0, 10)
      .normally("none")
      .example("\"0.2 + 0.6*x/2000\"")
      .means("Matrix at the start in place of the pattern: a formula in x, y, z (um), or {file, "
             "array}.")
      .from("assumed: the pattern is the default");
  s.boolean(&P::frozen, "frozen")
      .normally("false")
      .means("Matrix never changes.")
      .from("assumed: off; it serves closed-form checks");
}

} // namespace

void describe(Section<MatrixParameters>& s) {
  turnover(s);
  layers(s);
  fibres(s);
  start(s);
}

} // namespace metavox
