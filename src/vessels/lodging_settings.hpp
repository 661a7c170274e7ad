// Settings of where cells that flow with the blood lodge.
#pragma once

namespace metavox {

struct LodgingParameters {
  double pass;             // share of free cells that a typical capillary path lets pass, eps
  double path;             // um, its length
  double capillary_radius; // um, its radius
  double widest_radius;    // um, R_c: no cell lodges where a vessel is as wide
  double slow_speed;       // um/min, v_c: below it blood flows slowly
  double fast_share;       // of the hazard, where it flows faster
  double fork;             // factor of the hazard behind a fork
  double fork_length;      // um, how far behind it
};

template <class T>
class Section;

void describe(Section<LodgingParameters>& section);

} // namespace metavox
