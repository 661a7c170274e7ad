// Cells that come to a site from another, each with all that it is.
#pragma once

#include <cstdint>
#include <vector>

#include "voxel/views.hpp"

namespace metavox {

// How far a cell that came has got. Part of the state: append, never renumber.
enum class Berth : std::uint8_t {
  lodged,   // stuck in a vessel
  adherent, // holds on to its wall
  outside   // has crossed it and lands as soon as there is room
};

// What it will be once it has landed, as flags that the living carry.
inline constexpr std::uint16_t fate_flags =
    flag_dormant | flag_doomed | flag_limited | flag_competent;

// Cells that come together. They act one by one unless they are lodged.
struct Arrival {
  Berth berth = Berth::lodged;
  std::vector<Cell> cells;
  std::int32_t inlet = -1; // node of the vessel graph through which they came; -1: any
  std::int64_t voxel = -1; // where they are, x fastest, no ghosts; -1: where the flow takes them
  // um: of the places where the flow takes them, only those within this of the box's middle along
  // each axis; 0: all.
  double reach = 0;
  // Their fate is drawn when they land; else it is in their flags, one of fate_flags at least.
  bool fate_is_drawn = true;
};

// A lesion that was a number so far. Cells of it stand around a voxel from now on, the nearest
// places first, outside vessels.
struct CountedLesion {
  std::int64_t cells = 0;
  std::int64_t voxel = 0; // its middle, x fastest, no ghosts
  Cell founder;           // traits, clone and flags are those of all; not kind, clock and timer
  double mesenchymal = 0; // chance of each to be M-like; the others are E-like
};

} // namespace metavox
