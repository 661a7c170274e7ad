#include "fields/signal_settings.hpp"

#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {

void describe(Section<ProteinaseParameters>& s) {
  using P = ProteinaseParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("true")
      .means("M-like cells secrete MMP-2, which diffuses and dissolves matrix.")
      .from("two-enzyme picture of ", sources::franssen)
      .preset(Preset::physicell, "false", "no such process there")
      .preset(Preset::analytic, "false", switched_off);
  s.number(&P::diffusivity, "diffusivity", "um^2/min")
      .between(0, 1e9)
      .normally("6 um^2/min")
      .means("Diffusion coefficient of MMP-2.")
      .from(sources::franssen, " (1e-9 cm^2/s); slow because MMP-2 binds collagen, Collier 2011, "
                               "PLoS One 6:e24029, doi:10.1371/journal.pone.0024029");
  s.number(&P::secretion, "secretion", "1/min")
      .between(0, 1e6)
      .normally("2.9e-4 1/min")
      .means("MMP-2 that an M-like cell releases into its voxel, in scaled amounts.")
      .from(sources::franssen, " (0.195 in 4e4 s)");
  s.number(&P::decay, "decay", "1/min")
      .between(0, 1e6)
      .normally("1.5e-4 1/min")
      .means("Loss of MMP-2.")
      .from(sources::franssen, " (0.1 in 4e4 s)");
  s.number(&P::uniform_source, "uniform_source", "1/min")
      .between(0, 1e6)
      .normally("0 1/min")
      .example("1e-4 1/min")
      .means("Source of MMP-2 everywhere, to compare with closed forms.")
      .from("assumed: off in any biological run");
  s.number(&P::tolerance, "tolerance")
      .above(0, 1)
      .normally("1e-5")
      .means("Error allowed in a solve; about two thousandths of what a step changes are the other "
             "limit.")
      .from("assumed: small against the scaled amounts that occur");
  s.faces(&P::faces, "faces")
      .between(0, 1e9)
      .normally("no_flux")
      .means("Outer faces: no_flux, a number for all, or a map of x_low ... z_high.")
      .from("assumed: nothing leaves the tissue");
  s.number(&P::initial, "initial")
      .between(0, 1e9)
      .normally("0")
      .means("Amount everywhere at the start.")
      .from("assumed: healthy tissue holds none that is active");
  s.frozen(&P::frozen, "frozen")
      .between(0, 1e9)
      .normally("none")
      .example("\"0.2*exp(-x/200)\"")
      .means("Prescribes MMP-2 instead of solving it: a formula in x, y, z (um), or {file, array}.")
      .from("assumed: off; it serves closed-form checks");
}

void describe(Section<InhibitorParameters>& s) {
  using P = InhibitorParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("false")
      .switches()
      .means("Stroma secretes TIMP, which divides the action of MMP-2 by 1 + TIMP.")
      .from("assumed: off, as no rates were found")
      .preset(Preset::analytic, "false", switched_off);
  s.number(&P::diffusivity, "diffusivity", "um^2/min")
      .between(0, 1e9)
      .normally("6 um^2/min")
      .means("Diffusion coefficient of TIMP.")
      .from("assumed: that of MMP-2");
  s.number(&P::secretion, "secretion", "1/min")
      .between(0, 1e6)
      .normally("0 1/min")
      .example("1e-4 1/min")
      .means("TIMP that a stromal cell releases, in units of its inhibition constant.")
      .from("assumed: none until a source gives a rate");
  s.number(&P::decay, "decay", "1/min")
      .between(0, 1e6)
      .normally("1.5e-4 1/min")
      .means("Loss of TIMP.")
      .from("assumed: that of MMP-2");
  s.number(&P::tolerance, "tolerance")
      .above(0, 1)
      .normally("1e-5")
      .means("Error allowed in a solve; about two thousandths of what a step changes are the other "
             "limit.")
      .from("assumed: as for MMP-2");
  s.faces(&P::faces, "faces")
      .between(0, 1e9)
      .normally("no_flux")
      .means("Outer faces: no_flux, a number for all, or a map of x_low ... z_high.")
      .from("assumed: nothing leaves the tissue");
  s.number(&P::initial, "initial")
      .between(0, 1e9)
      .normally("0")
      .means("Amount everywhere at the start.")
      .from("assumed: none");
  s.frozen(&P::frozen, "frozen")
      .between(0, 1e9)
      .normally("none")
      .example("\"0.1*z/1000\"")
      .means("Prescribes TIMP instead of solving it: a formula in x, y, z (um), or {file, array}.")
      .from("assumed: off; it serves closed-form checks");
}

} // namespace metavox
