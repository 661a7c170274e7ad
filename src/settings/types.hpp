// Values of settings that are more than a number: the outer faces of a field, a field prescribed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace metavox {

enum class FaceKind : std::uint8_t { no_flux, fixed };

// One outer face of the box. `value` is in the field's own unit and only read where kind is fixed.
struct Face {
  FaceKind kind;
  double value;
};
using Faces = std::array<Face, 6>; // -x +x -y +y -z +z
inline constexpr std::string_view face_names[6] = {"x_low",  "x_high", "y_low",
                                                   "y_high", "z_low",  "z_high"};

// A field prescribed instead of solved: an expression in x, y, z (um from the box's corner) or an
// array of a .vti file.
struct Frozen {
  std::string
      expression;    // without unit, already checked to parse; its value is in the field's unit
  std::string file;  // path of a .vti file, resolved against the config's folder; empty: none
  std::string array; // its point or cell array
  bool active() const { return !expression.empty() || !file.empty(); }
};

} // namespace metavox
