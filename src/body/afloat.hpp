// A cell afloat in a cavity of the body: how many come to float of a lesion at a broken serosa,
// what a floating one meets. Shared by bodies followed hour by hour and by cohorts.
#pragma once

#include "body/cavity_settings.hpp"
#include "body/stages.hpp"

namespace metavox {

// Rates of one floating cell, 1/min, each whatever the others do.
struct Afloat {
  double death, attachment;
  double leaving() const { return death + attachment; }
  // Share of those that float no more that attached. 0 where none leaves.
  double attaches() const { return leaving() > 0 ? attachment / leaving() : 0; }
};
Afloat afloat(const CavityParameters& cavity, Phenotype phenotype);

// Cells at the surface of a sphere of so many: (36 pi)^(1/3) N^(2/3).
double cells_at_surface(double cells);

// What a primary of one cell would shed into the cavity in so many minutes: the cells at its
// surface, as far as it is exposed, by their rate. One of N sheds N^(2/3) times that.
double shed_through_serosa(const CavityParameters& cavity, double minutes);

} // namespace metavox
