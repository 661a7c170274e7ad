#include "viz/frame_axes.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "settings/units.hpp"

namespace metavox {

std::array<FrameAxis, 3> frame_axes(std::array<int, 3> voxels, double spacing,
                                    const OutputParameters& output) {
  const bool cut = output.region_from != output.region_to;
  const int stride = std::max(1, output.stride);
  std::array<FrameAxis, 3> axes{};
  for (std::size_t a = 0; a < 3; ++a) {
    int begin = 0, end = voxels[a];
    if (cut) {
      // Every voxel that the region touches; a border on a voxel face, up to rounding, touches one
      // side only.
      constexpr double slack = 1e-6;
      const double top = voxels[a];
      begin = static_cast<int>(
          std::clamp(std::floor(output.region_from[a] / spacing + slack), 0.0, top));
      end =
          static_cast<int>(std::clamp(std::ceil(output.region_to[a] / spacing - slack), 0.0, top));
    }
    if (begin >= end)
      throw std::runtime_error("output.region contains no voxel along " + std::string(1, "xyz"[a]) +
                               ": it spans " + format_number(output.region_from[a]) + " to " +
                               format_number(output.region_to[a]) + " um of a box of " +
                               format_number(voxels[a] * spacing) + " um");
    const int offset = std::min((stride - 1) / 2, end - begin - 1);
    FrameAxis& axis = axes[a];
    axis.stride = stride;
    axis.first = begin + offset;
    axis.count = (end - axis.first + stride - 1) / stride;
    axis.origin = axis.first + 0.5 - 0.5 * stride;
  }
  return axes;
}

} // namespace metavox
