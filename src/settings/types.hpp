// Values of settings that are more than a number: the outer faces of a field, a field prescribed,
// what labels mean, and how a file's places become places in the box.
#pragma once

#include <array>
#include <cstdint>
#include <map>
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

// How an image comes onto the lattice: as it must lie there already, value by value whatever it
// says of its places, or by its own places.
enum class ImageGeometry : std::uint8_t { match, ignore, resample };
inline constexpr std::array<std::string_view, 3> image_geometry_names{"match", "ignore",
                                                                      "resample"};

// Units of a file's places.
enum class LengthUnit : std::uint8_t { nm, um, mm, cm, m };
inline constexpr std::array<std::string_view, 5> length_unit_names{"nm", "um", "mm", "cm", "m"};
inline constexpr double in_um(LengthUnit unit) {
  constexpr double um[5] = {1e-3, 1, 1e3, 1e4, 1e6};
  return um[static_cast<std::size_t>(unit)];
}

// What the labels of an image stand for.
using Labels = std::map<int, std::string>;

// A field prescribed instead of solved: an expression in x, y, z (um from the box's corner) or an
// array of a .vti file.
struct Frozen {
  std::string
      expression;    // without unit, already checked to parse; its value is in the field's unit
  std::string file;  // path of a .vti file, resolved against the config's folder; empty: none
  std::string array; // its point or cell array
  ImageGeometry geometry = ImageGeometry::match;
  LengthUnit unit = LengthUnit::um; // of the places in the file
  bool active() const { return !expression.empty() || !file.empty(); }
};

} // namespace metavox
