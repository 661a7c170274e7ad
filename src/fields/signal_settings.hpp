// Settings of the enzyme that dissolves matrix, MMP-2, and of its inhibitor, TIMP.
#pragma once

#include "settings/types.hpp"

namespace metavox {

struct ProteinaseParameters { // MMP-2
  bool enabled;
  double diffusivity;    // um^2/min
  double secretion;      // 1/min by an M-like cell, theta
  double decay;          // 1/min, delta_m
  double uniform_source; // 1/min everywhere (closed-form checks)
  double tolerance;
  Faces faces;
  double initial;
  Frozen frozen;
};

struct InhibitorParameters { // TIMP, scaled by its K_i
  bool enabled;
  double diffusivity; // um^2/min
  double secretion;   // 1/min by a stromal cell, sigma_T
  double decay;       // 1/min
  double tolerance;
  Faces faces;
  double initial;
  Frozen frozen;
};

template <class T>
class Section;

void describe(Section<ProteinaseParameters>& section);
void describe(Section<InhibitorParameters>& section);

} // namespace metavox
