// Lesions as counters: how many cells at which time. Units: days and cells.
#pragma once

#include "body/cohort_settings.hpp"

namespace metavox {

// From one cell on; what each lesion and patient has of its own comes with it.
struct LesionPace {
  double doubling = 0; // days, above `avascular` cells
  double early = 1;    // doubling time below, over that
  double wait = 0;     // days at `avascular` cells
  double luck = 1;     // cells that a chance beginning is worth: births are no clockwork
  double fastness = 1; // radial: factor on the rates
};

class LesionClock {
public:
  LesionClock(const LesionParameters& law, const LesionPace& pace);

  // Days after the first cell.
  double day_of(double cells) const;
  double cells_on(double day) const;
  double day_of_vessels() const { return vessels_; } // when it goes on from `avascular`

private:
  double radial_day(double cells) const; // without the wait
  double radial_cells(double day) const;

  LesionGrowth law_;
  double avascular_, luck_, early_rate_, rate_, reached_, vessels_;
  double linear_cells_, linear_day_; // from where the diameter grows at a constant rate
  double fastest_, radial_rate_, scale_, bend_, bend_day_; // radial
};

// Cells of a sphere, and the other way round; um.
double cells_of_diameter(const LesionParameters& law, double diameter);
double diameter_of_cells(const LesionParameters& law, double cells);

// Cells shed a day.
double shed_by(const SheddingParameters& s, const LesionParameters& law, double cells);

} // namespace metavox
