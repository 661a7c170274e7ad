#include "input/given_flows.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "core/errors.hpp"
#include "settings/text.hpp"
#include "vessels/flow/blood_flow.hpp"
#include "vessels/perfusion.hpp"

namespace metavox {
namespace {

constexpr double highest_pressure = 300; // mmHg, as of every pressure that can be typed

FlowNetwork perfused_part(const VesselNetwork& vessels, double haematocrit) {
  FlowNetwork network;
  network.nodes = static_cast<std::int32_t>(vessels.nodes.size());
  for (std::int32_t n = 0; n < network.nodes; ++n) {
    const VesselNode& node = vessels.nodes[static_cast<std::size_t>(n)];
    if (node.end == VesselEnd::none) continue;
    network.ends.push_back({n, node.end_pressure,
                            node.end_haematocrit >= 0 ? node.end_haematocrit : haematocrit,
                            node.end_flow});
  }
  const std::vector<std::uint8_t> perfused = perfused_segments(vessels);
  for (std::size_t i = 0; i < perfused.size(); ++i) {
    if (perfused[i] == 0) continue;
    const VesselSegment& s = vessels.segments[i];
    const auto& a = vessels.nodes[static_cast<std::size_t>(s.from)].position;
    const auto& b = vessels.nodes[static_cast<std::size_t>(s.to)].position;
    network.segments.push_back(
        {s.from, s.to, s.radius, std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])});
  }
  return network;
}

} // namespace

void tell_given_flows(const VesselNetwork& vessels, const FlowParameters& flow,
                      std::vector<std::string>& told) {
  if (!flow.enabled || std::none_of(vessels.nodes.begin(), vessels.nodes.end(),
                                    [](const VesselNode& node) { return node.end_flow != 0; }))
    return;
  FlowSolution solution;
  solve_flow(perfused_part(vessels, flow.haematocrit), flow, solution);
  std::int64_t given = 0;
  double lowest = 1e300, highest = -1e300;
  for (std::size_t n = 0; n < vessels.nodes.size(); ++n) {
    const VesselNode& node = vessels.nodes[n];
    if (node.end_flow == 0) continue;
    ++given;
    const double needs = solution.pressure[n];
    lowest = std::min(lowest, needs), highest = std::max(highest, needs);
    if (needs >= 0 && needs <= highest_pressure) continue;
    throw ConfigError("vessels.ends: " + text_of("%.4g", std::abs(node.end_flow) * 1e-6) +
                      " nL/min, given to the " +
                      (node.end == VesselEnd::inlet ? "inlet" : "outlet") + " at (" +
                      text_of("%.6g", node.position[0]) + ", " + text_of("%.6g", node.position[1]) +
                      ", " + text_of("%.6g", node.position[2]) + ") um, would need " +
                      text_of("%.4g", needs) + " mmHg there; blood has between 0 and " +
                      text_of("%.3g", highest_pressure) + " mmHg: type a lower flow, or " +
                      (needs < 0 ? "higher" : "lower") + " pressures at the other ends");
  }
  const std::string one = text_of("%.4g", lowest), other = text_of("%.4g", highest);
  told.push_back("vessels.ends: " + counted(given, "given flow needs ", "given flows need ") + one +
                 (one == other ? "" : " to " + other) + " mmHg where " +
                 (given == 1 ? "it enters or leaves" : "they enter or leave"));
}

} // namespace metavox
