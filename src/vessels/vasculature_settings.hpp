// All that vessels are made from: their sections, and what they need to know of the run, of oxygen
// and matrix.
#pragma once

#include "vessels/blood_paths.hpp"
#include "vessels/flow_settings.hpp"
#include "vessels/growth_settings.hpp"
#include "vessels/vessel_settings.hpp"
#include "vessels/walls.hpp"

namespace metavox {

// What tips meet in the matrix and do to it.
struct TipMatrix {
  bool frozen;                // never changes
  double contact_degradation; // 1/min, of MT1-MMP where it touches
  double contact_weight;      // of a face neighbour's MT1-MMP
  bool hinders;               // dense matrix stops tips ...
  double threshold;           // ... beyond this E ...
  double width;               // ... the share that passes falling to 1/e within this
};

struct VasculatureSettings {
  VesselParameters vessels;
  SproutingParameters sprouting;
  FlowParameters flow;
  RegressionParameters regression;
  BloodSupply supply;
  TipMatrix matrix;
  WallSettings walls;
  double step;        // min: of the run
  double vessel_step; // min: a multiple of step
};

} // namespace metavox
