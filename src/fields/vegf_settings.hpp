// Settings of VEGF.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "fields/relaxation.hpp"
#include "settings/types.hpp"
#include "voxel/region.hpp"

namespace metavox {

struct VegfParameters {
  bool enabled;
  Relaxation
      relaxation; // steady: solved when vessels are due; transient: an implicit step of time.step
  double diffusivity;        // um^2/min, D_V
  double decay;              // 1/min, delta_V
  double basal_secretion;    // molecules/s/cell of a tumour cell with oxygen, s_0
  double hypoxic_secretion;  // molecules/s/cell of a hypoxic one, s_1
  double hypoxia_high;       // mmHg: the ramp from s_0 ...
  double hypoxia_low;        // mmHg: ... to s_1
  double normal_factor;      // secretion of parenchyma and stroma relative to tumour cells
  double endothelial_uptake; // mol/s/cell, u_EC; an endothelial cell is 20 um of vessel
  double half_saturation;    // nM, K_EC
  double tolerance;          // nM
  Faces faces;               // nM
  double initial;            // nM
  Frozen frozen;
  struct Source { // a pellet that releases VEGF: one entry of vegf.sources
    Shape shape;  // sphere, box or layer
    std::array<double, 3> centre;
    double radius;
    std::array<double, 3> from, to;
    std::string axis;
    double begin, end;
    double rate;     // nM/min
    double duration; // min from the start; 0: for ever
  };
  std::vector<Source> sources;
};

template <class T>
class Section;

void describe(Section<VegfParameters>& section);

} // namespace metavox
