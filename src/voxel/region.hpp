// Regions that configs name: a ball, a box, a layer.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace metavox {

enum class Shape : std::uint8_t { sphere, box, layer };
inline constexpr std::array<std::string_view, 3> shape_names{"sphere", "box", "layer"};

inline std::size_t axis_index(const std::string& axis) {
  return axis == "x" ? 0 : (axis == "y" ? 1 : 2);
}

struct Region {
  Shape shape;
  std::array<double, 3> centre; // um, sphere
  double radius;
  std::array<double, 3> from, to; // box; its far faces are not part of it
  std::string axis;               // layer
  double begin, end;

  bool holds(const std::array<double, 3>& p) const {
    switch (shape) {
    case Shape::sphere: {
      double d2 = 0;
      for (std::size_t a = 0; a < 3; ++a) d2 += (p[a] - centre[a]) * (p[a] - centre[a]);
      return d2 <= radius * radius;
    }
    case Shape::box:
      for (std::size_t a = 0; a < 3; ++a)
        if (p[a] < from[a] || p[a] >= to[a]) return false;
      return true;
    case Shape::layer: return p[axis_index(axis)] >= begin && p[axis_index(axis)] < end;
    }
    return false;
  }
};

} // namespace metavox
