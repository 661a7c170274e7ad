// All that a population is made from: the sections of cells, and what they need to know of the run,
// of oxygen, glucose and matrix.
#pragma once

#include <array>
#include <optional>

#include "cells/arrest_settings.hpp"
#include "cells/cell_settings.hpp"
#include "cells/intravasation_settings.hpp"
#include "cells/migration_settings.hpp"
#include "voxel/pace.hpp"

namespace metavox {

// What a cell makes ATP from. Uptake of either saturates at its half value.
struct EnergyLaw {
  double oxygen_consumption;  // mol/s/cell
  double oxygen_half;         // mmHg
  bool glucose;               // modelled; where it is not, ATP is always full
  double glucose_consumption; // mol/s/cell
  double glucose_half;        // mM
  double glucose_plasma;      // mM
  double rest, death; // shares of the ATP yield in normoxia below which a cell rests, and dies
};

// How tissue grows: what pressure does to cells, and what moves them.
struct GrowthLaw {
  bool on; // there is a pressure
  Pace pace;
  double mobility;          // um^2/kPa/min
  std::array<bool, 6> open; // faces that cells may leave by
  bool matrix_yield;
  double spread; // um, over which room is felt
};

struct PopulationSettings {
  CycleParameters cycle;
  QuiescenceParameters quiescence;
  DeathParameters death;
  NormalParameters normal;
  StemParameters stem;
  MutationParameters mutation;
  TransitionParameters transition;
  MigrationParameters migration;
  TracerParameters tracers;
  DepartureRates departures;
  ArrestParameters arrest;
  LandingParameters landing;
  EnergyLaw energy;
  GrowthLaw growth;
  std::optional<double> densest_matrix; // E nowhere exceeds it; none where nobody can tell
  double spacing;                       // um
  double step;                          // min
  int motility_substeps;                // rounds of movement in a step
};

} // namespace metavox
