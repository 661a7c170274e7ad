// Settings of growth by pressure.
#pragma once

#include <cstdint>

namespace metavox {

// Whether tissue can give way at an outer face.
enum class GrowthFaces : std::uint8_t { by_oxygen, open, closed };

struct GrowthParameters {
  double mobility;      // um^2/kPa/min, K; 0: no pressure
  double half_pressure; // kPa at which clocks run at half their pace, P_half
  bool inhibition;      // pressure slows clocks
  double refresh;       // min between solves
  GrowthFaces faces;
  double depth;             // um to which free space absorbs
  double spread;            // um, standard deviation over which room is felt
  double external_pressure; // kPa on the tissue as a whole
  bool matrix_yield;        // dense matrix is room to the extent that cells enter it
  double tolerance;         // share of half_pressure
};

template <class T>
class Section;

void describe(Section<GrowthParameters>& section);

} // namespace metavox
