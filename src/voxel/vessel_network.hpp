// A vessel graph as configs, frames and the flow solver see it: nodes joined by cylindrical
// segments.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace metavox {

enum class VesselEnd : std::uint8_t { none = 0, inlet = 1, outlet = 2 };

struct VesselNode {
  std::array<double, 3> position;  // um
  VesselEnd end = VesselEnd::none; // where blood enters or leaves the box
  double end_pressure = 0;         // mmHg, of an inlet or outlet; not held where a flow is given
  double end_oxygen = 0;           // mmHg, of blood that enters there; 0: by the vessel's radius
  double end_flow = 0;         // um^3/min that enter there, negative: leave; 0: the pressure rules
  double end_haematocrit = -1; // of blood that enters there; negative: that of `flow`
  double pressure = 0;         // mmHg, solved
  bool tip = false;            // a growing sprout ends here
};

struct VesselSegment {
  std::int32_t from, to;       // nodes
  double radius;               // um
  bool perfused;               // on a simple path from an inlet to an outlet
  double flow = 0;             // um^3/min, positive from `from` to `to`
  double haematocrit = 0;      // discharge
  double shear = 0;            // dyn/cm^2, of the wall
  double oxygen = 0;           // mmHg, mean of its blood; 0 where there is no flow
  double saturation = 0;       // share of its haemoglobin that holds oxygen
  double released = 0;         // fmol/min of oxygen; negative where it takes some up
  double age = 0;              // min
  std::int32_t generation = 0; // 0: parent vessel, 1: its sprouts, 2: their branches ...
  std::int32_t sprout = 0;     // 0: parent vessel, else the number of the sprout that laid it
  bool carries = false;        // red cells, 1/s and more
  bool mature = true;          // covered by pericytes; immature vessels leak
  bool collapsed = false;      // pressed shut by growing tissue
};

struct VesselNetwork {
  std::vector<VesselNode> nodes;
  std::vector<VesselSegment> segments;
};

} // namespace metavox
