// Settings of serosal faces.
#pragma once

#include <array>
#include <string>
#include <vector>

namespace metavox {

struct SerosaParameters {
  std::vector<std::string> faces; // x_low ... z_high
  double rate;                    // 1/min, of a cell at a broken membrane, k_per
};

// In the order of face_names.
std::array<bool, 6> serosal_faces(const SerosaParameters& settings);

template <class T>
class Section;

void describe(Section<SerosaParameters>& section);

} // namespace metavox
