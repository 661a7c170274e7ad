// Windows of a body: lattices around lesions, as settings.
#pragma once

namespace metavox {

template <class T>
class Section;

struct WindowParameters {
  int max;              // open at a time, besides the primary's
  int shown;            // natural landings without a lesion
  double size, spacing; // um
  double parenchyma, stroma;
  double capillaries, radius; // um
  double above;               // mmHg, of their blood over the tissue
  double full;                // share of the voxels
  double margin;              // um
};

void describe(Section<WindowParameters>& s);

} // namespace metavox
