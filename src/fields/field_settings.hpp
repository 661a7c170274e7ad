// All that fields are made from: their sections, and what they need to know of the run.
#pragma once

#include "fields/glucose_settings.hpp"
#include "fields/oxygen_settings.hpp"
#include "fields/signal_settings.hpp"
#include "fields/vegf_settings.hpp"

namespace metavox {

struct FieldSettings {
  OxygenParameters oxygen;
  GlucoseParameters glucose;
  ProteinaseParameters proteinase;
  InhibitorParameters inhibitor;
  VegfParameters vegf;
  double step;        // min: of the run
  double spacing;     // um: of the tissue, not of the coarser lattice of fields
  int max_cycles;     // V-cycles allowed in one solve
  bool traits_mutate; // cells differ in what they take up and secrete
};

} // namespace metavox
