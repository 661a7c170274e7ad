// Settings of glucose.
#pragma once

#include "settings/types.hpp"

namespace metavox {

struct GlucoseParameters {
  bool enabled;
  double diffusivity;       // um^2/min
  double consumption;       // mol/s/cell
  double half_saturation;   // mM
  double plasma;            // mM
  double wall_permeability; // um/min
  double quiescence_atp; // fraction of the ATP yield in normoxia and plasma glucose below which a
                         // cell rests
  double necrosis_atp;   // ... below which it dies at death.necrosis_rate
  double tolerance;      // mM
  Faces faces;
  double initial; // mM
  Frozen frozen;
};

template <class T>
class Section;

void describe(Section<GlucoseParameters>& section);

} // namespace metavox
