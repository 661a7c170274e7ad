// Settings of lymphatics.
#pragma once

namespace metavox {

struct LymphaticParameters {
  bool enabled;
  double share;     // f_L, of voxels with stroma at the start
  int tumour_faces; // a lymphatic voxel works while no more of its faces are tumour
  double rate;      // 1/min per wall_unit of wall that a cell shares, k_lv
};

template <class T>
class Section;

void describe(Section<LymphaticParameters>& section);

} // namespace metavox
