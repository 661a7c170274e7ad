#include "metavox/vessel.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "metavox/core/exact.hpp"
#include "metavox/core/random.hpp"

namespace metavox {
namespace {

using Vector = std::array<double, 3>;

int axis_index(const std::string& axis) { return axis == "x" ? 0 : (axis == "y" ? 1 : 2); }

void add_line(VesselNetwork& network, const Vector& from, const Vector& to, double radius) {
  const auto first = static_cast<std::int32_t>(network.nodes.size());
  network.nodes.push_back({from});
  network.nodes.push_back({to});
  network.segments.push_back({first, first + 1, radius, true});
}

VesselNetwork jittered_grid(const VesselParameters& p, const Lattice& l, std::uint64_t seed) {
  VesselNetwork network;
  const int along = axis_index(p.axis), u = (along + 1) % 3, v = (along + 2) % 3;
  const double size[3] = {l.nx * l.spacing, l.ny * l.spacing, l.nz * l.spacing};
  const auto lines = [&](int a) { return std::max(1, static_cast<int>(std::floor(size[a] / p.spacing))); };
  for (int j = 0; j < lines(v); ++j)
    for (int i = 0; i < lines(u); ++i) {
      const Draw d = draw(seed, Purpose::vessel_seeding,
                          static_cast<std::uint64_t>(j) * 1000003 + static_cast<std::uint64_t>(i), 0);
      const double margin_u = (size[u] - (lines(u) - 1) * p.spacing) / 2;
      const double margin_v = (size[v] - (lines(v) - 1) * p.spacing) / 2;
      const double pu = margin_u + (i + p.jitter * (to_unit(d.word[0]) - 0.5)) * p.spacing;
      const double pv = margin_v + (j + p.jitter * (to_unit(d.word[1]) - 0.5)) * p.spacing;
      const double du = pu - size[u] / 2, dv = pv - size[v] / 2;
      if (du * du + dv * dv < p.exclusion * p.exclusion) continue;
      Vector from{}, to{};
      from[static_cast<std::size_t>(along)] = 0;
      to[static_cast<std::size_t>(along)] = size[along];
      from[static_cast<std::size_t>(u)] = to[static_cast<std::size_t>(u)] = pu;
      from[static_cast<std::size_t>(v)] = to[static_cast<std::size_t>(v)] = pv;
      add_line(network, from, to, p.radius);
    }
  return network;
}

} // namespace

VesselNetwork build_parent_vessels(const VesselParameters& p, const Lattice& lattice,
                                   std::uint64_t seed) {
  VesselNetwork network;
  if (p.pattern == VesselPattern::grid) return jittered_grid(p, lattice, seed);
  if (p.pattern == VesselPattern::lines)
    for (const VesselLine& line : p.lines) add_line(network, line.from, line.to, line.radius);
  return network;
}

} // namespace metavox
