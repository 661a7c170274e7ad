// Vessels as a file draws them: points and the stretches between them, not yet scaled, checked or
// joined where points coincide.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "voxel/vessel_network.hpp"

namespace metavox {

struct VesselFile {
  struct Point {
    std::array<double, 3> position{};
    double radius = 0; // of stretches that have none of their own
    VesselEnd end = VesselEnd::none;
    double end_pressure = 0; // mmHg; 0: that of `flow`
    std::string name;
    std::int64_t number = 0; // line of a text file, else number of the point
  };
  struct Stretch {
    std::int32_t from = 0, to = 0;
    double radius = 0;       // 0: the mean of its points'
    std::int64_t number = 0; // line of a text file, else number of the poly-line
  };
  std::vector<Point> points;
  std::vector<Stretch> stretches;
  bool is_text = false;
  std::string radius_array;        // of a .vtp
  std::vector<std::string> faults; // of points, for whoever joins them to tell with his own
};

} // namespace metavox
