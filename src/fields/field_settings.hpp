// All that fields are made from: their sections, and what they need to know of the run.
#pragma once

#include <array>

#include "fields/glucose_settings.hpp"
#include "fields/growth_settings.hpp"
#include "fields/oxygen_settings.hpp"
#include "fields/signal_settings.hpp"
#include "fields/vegf_settings.hpp"
#include "voxel/pace.hpp"

namespace metavox {

struct FieldSettings {
  OxygenParameters oxygen;
  GlucoseParameters glucose;
  ProteinaseParameters proteinase;
  InhibitorParameters inhibitor;
  VegfParameters vegf;
  double step;            // min: of the run
  double spacing;         // um: of the tissue, not of the coarser lattice of fields
  int max_cycles;         // V-cycles allowed in one solve
  bool traits_mutate;     // cells differ in what they take up and secrete
  double vessel_pressure; // kPa that half shuts a vessel without pericytes
  GrowthParameters growth;
  std::array<bool, 6> open; // faces that tissue can leave by, as growth.faces has it
  double apoptotic_body;    // min until cleared
  double debris_clearance;  // 1/min
  Pace pace;
};

} // namespace metavox
