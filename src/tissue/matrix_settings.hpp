// Settings of the extracellular matrix.
#pragma once

#include <cstdint>
#include <string>

#include "settings/types.hpp"

namespace metavox {

enum class MatrixPattern : std::uint8_t { uniform, layers, fibres };

struct MatrixParameters {
  double contact_degradation; // 1/min, gamma_1
  double soluble_degradation; // 1/min, gamma_2
  double contact_weight;      // weight of a face neighbour's MT1-MMP, w_1
  double deposition;          // 1/min, r_E
  double maximum;             // E_max
  double debris_clearance;    // 1/min: matrix loss in necrotic voxels
  double membrane_resistance; // cumulative exposure that breaks basement membrane, B_bm
  MatrixPattern pattern;
  double density;         // uniform, and the mean of the others
  std::string layer_axis; // "x", "y" or "z"
  double layer_thickness; // um
  double layer_density;   // of every second layer
  double fibre_length;    // um
  double fibre_radius;    // um
  double fibre_fraction;  // volume fraction aimed at
  double fibre_density;   // E in a fibre
  double fibre_alignment; // 0 random directions ... 1 all along layer_axis
  Frozen initial;         // expression or file for E at the start (array or formula)
  bool frozen;            // never changes
};

template <class T>
class Section;

void describe(Section<MatrixParameters>& section);

} // namespace metavox
