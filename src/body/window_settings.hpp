// Windows of a body: lattices around lesions, as settings.
#pragma once

#include <string>
#include <vector>

namespace metavox {

template <class T>
class Section;

// A time at which lesions that are counted are looked at on lattices.
struct ScanParameters {
  double time;       // min
  std::string organ; // every_organ: of each
  double least;      // cells
};
inline constexpr const char* every_organ = "all";

struct WindowParameters {
  int max;              // open at a time, besides the primary's
  int shown;            // natural landings without a lesion
  bool founders;        // around lesions when they begin
  double size, spacing; // um
  double parenchyma, stroma;
  double capillaries, radius; // um
  double above;               // mmHg, of their blood over the tissue
  double full;                // share of the voxels
  double margin;              // um
  double reach;               // um, from the middle along each axis
  std::vector<ScanParameters> scan;
};

void describe(Section<WindowParameters>& s);

} // namespace metavox
