// Which vessels carry red cells. Blood that only seeps, or plasma alone, leaves a vessel perfused,
// yet it feeds nothing: what asks for a working vessel asks for red cells.
#pragma once

#include <cmath>

namespace metavox {

// Of one human red cell, a textbook figure.
inline constexpr double red_cell_volume = 90; // um^3
// A vessel counts as carrying from the first on and until it falls below the second, so that one
// near the threshold does not flicker. Assumed: 1/s is 0.006 mm/s in a capillary of radius 4 um at
// a haematocrit of 0.3; the default capillary has 145/s.
inline constexpr double carries_from = 1.0, carries_until = 0.5; // red cells/s

// Red cells that pass a cross-section in a second, whichever way. flow: um^3/min; haematocrit:
// discharge.
inline double red_cell_flux(double flow, double haematocrit) {
  return std::abs(flow) * haematocrit / (red_cell_volume * 60);
}

// `before`: whether it carried until now.
inline bool carries_red_cells(double flux, bool before) {
  return flux >= (before ? carries_until : carries_from);
}

} // namespace metavox
