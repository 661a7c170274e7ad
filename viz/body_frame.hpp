// A frame of a body: all windows that are open, side by side, by the body's clock.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "body/windows.hpp"
#include "site/parameters.hpp"
#include "site/snapshot.hpp"

namespace metavox {

struct WindowPicture {
  WindowRecord record;
  std::string name;             // of its folder
  std::array<double, 3> corner; // um, where its box stands in the frame
  Snapshot snapshot;            // of cell_state, oxygen, clone and second cells
};

struct BodyPicture {
  double time = 0; // min, of the body
  std::int64_t step = 0;
  std::uint64_t hash = 0;
  std::vector<std::string> organs;
  std::vector<WindowPicture> windows;
};

// Where a window's box stands, um: the primary's, `primary` wide along x, at the origin, the
// others, of this size, to its right in rows of six. A window has its place for good, whichever
// others are open.
inline std::array<double, 3> window_corner(std::int64_t number, double primary, double size) {
  if (number == 0) return {0, 0, 0};
  constexpr std::int64_t in_row = 6;
  const double gap = 0.125 * size;
  const std::int64_t column = (number - 1) % in_row, row = (number - 1) / in_row;
  return {primary + gap + static_cast<double>(column) * (size + gap),
          static_cast<double>(row) * (size + gap), 0};
}

// The content of a .vtp file: tumour cells, their dead and their killers as points, vessels and the
// edges of the boxes as lines. One data set, whatever is open, so that viewers need not follow
// parts that come and go; the array `window` tells which is whose. Throws where a snapshot lacks
// cell_state.
std::string body_frame(const BodyPicture& body, const OutputParameters& output);

} // namespace metavox
