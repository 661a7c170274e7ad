#include "vessels/lodging_settings.hpp"

#include "settings/section.hpp"

namespace metavox {
namespace {

void typical_path(Section<LodgingParameters>& s) {
  using P = LodgingParameters;
  s.number(&P::pass, "pass")
      .above(0, 1)
      .normally("0.5")
      .means("Share of free cells that pass a capillary path of length `path` and radius "
             "`capillary_radius` without lodging.")
      .from("fitted to tumour cells in portal against peripheral blood: Catenacci 2015 0.32, "
            "Chapman 2020 0.30, Liu 2018 0.64, Tien 2016 0.86; explore 0.3 to 0.95, which is the "
            "rat's");
  s.number(&P::path, "path", "um")
      .above(0, 1e5)
      .normally("600 um")
      .means("Length of that path.")
      .from("assumed: from arteriole to venule");
  s.number(&P::capillary_radius, "capillary_radius", "um")
      .above(0, 100)
      .normally("5 um")
      .means("Radius of that path; below widest_radius.")
      .from("assumed: that of vessels.radius");
}

void hazard(Section<LodgingParameters>& s) {
  using P = LodgingParameters;
  s.number(&P::widest_radius, "widest_radius", "um")
      .above(0, 100)
      .normally("7 um")
      .means("Radius from which on no cell lodges; the hazard falls linearly to 0 there.")
      .from("assumed: a tumour cell is some 14 um wide");
  s.number(&P::slow_speed, "slow_speed", "um/min")
      .between(0, 1e7)
      .normally("600 um/s")
      .means("Mean speed of the blood below which it flows slowly enough for cells to hold on.")
      .from("Follain et al. 2018, Dev Cell 45:33 (quoted from memory: 400 to 600 um/s)");
  s.number(&P::fast_share, "fast_share")
      .a_share()
      .normally("0.1")
      .means("Share of the hazard that is left where blood flows faster.")
      .from("assumed: few hold on there");
  s.number(&P::fork, "fork")
      .between(0, 1000)
      .normally("3")
      .means("Factor of the hazard behind a fork, over fork_length.")
      .from("assumed; that cells lodge at branch points: Kienast et al. 2010, Nat Med 16:116");
  s.number(&P::fork_length, "fork_length", "um")
      .between(0, 1e5)
      .normally("20 um")
      .means("How far behind a fork the factor holds, at most to the next fork or confluence.")
      .from("assumed: the length of a tumour cell that is squeezed into a capillary");
}

} // namespace

void describe(Section<LodgingParameters>& s) {
  typical_path(s);
  hazard(s);
  s.ordered("capillary_radius", "widest_radius");
}

} // namespace metavox
