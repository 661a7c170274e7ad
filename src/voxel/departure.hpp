// Cells that leave a site for another, each with all that it is.
#pragma once

#include <cstdint>

#include "voxel/views.hpp"

namespace metavox {

// How a cell leaves. Stored in departures.csv by name.
enum class Route : std::uint8_t { blood, lymph, cavity };
inline constexpr int route_count = 3;
constexpr const char* name_of(Route r) {
  return r == Route::blood ? "blood" : (r == Route::lymph ? "lymph" : "cavity");
}

// It had come with the blood, had lodged in a vessel, and flows on; or it found none to lodge in,
// and its place is nowhere: voxel and segment -1.
inline constexpr int slot_of_released = 2;

struct Departure {
  std::int64_t step = 0;      // of the run, done when it had left
  std::int64_t voxel = 0;     // where it was: x fastest, no ghosts
  double x = 0, y = 0, z = 0; // um, the middle of that voxel
  int slot = 0;               // 0: it stood there, 1: it was the second cell; or slot_of_released
  Route route = Route::blood;
  std::int32_t segment = -1; // of the vessel it entered; -1: none
  std::int64_t number = 0;   // of the departure; the cells of a cluster share it
  Cell cell;
};

} // namespace metavox
