// The vessel graph: nodes joined by cylindrical segments. Small against the lattice and kept on the host.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace metavox {

struct VesselNode {
  std::array<double, 3> position;  // um
};

struct VesselSegment {
  std::int32_t from, to;  // nodes
  double radius;          // um
  bool perfused;
};

struct VesselNetwork {
  std::vector<VesselNode> nodes;
  std::vector<VesselSegment> segments;
};

}  // namespace metavox
