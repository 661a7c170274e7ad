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

VesselVoxels voxelise_vessels(const VesselNetwork& network, const Lattice& l, double diffusivity,
                              double wall_permeability, bool well_index, int coarsen) {
  constexpr double pi = 3.14159265358979323846;
  const double h = l.spacing;
  std::map<std::int64_t, double> supply;
  std::map<std::int64_t, bool> lumen;
  const auto voxel_of = [&](const Vector& at, int (&v)[3]) {
    const int n[3] = {l.nx, l.ny, l.nz};
    for (std::size_t a = 0; a < 3; ++a) {
      v[a] = static_cast<int>(std::floor(at[a] / h));
      // The far face belongs to the last voxel.
      if (v[a] == n[a] && at[a] <= n[a] * h * (1 + 1e-12)) v[a] = n[a] - 1;
      if (v[a] < 0 || v[a] >= n[a]) return false;
    }
    return true;
  };
  for (const VesselSegment& segment : network.segments) {
    const Vector& a = network.nodes[static_cast<std::size_t>(segment.from)].position;
    const Vector& b = network.nodes[static_cast<std::size_t>(segment.to)].position;
    const Vector d{b[0] - a[0], b[1] - a[1], b[2] - a[2]};
    const double length = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    if (length <= 0) continue;
    const double radius = segment.radius;
    const int samples = std::max(1, static_cast<int>(std::ceil(length / h * 16)));
    if (radius >= h) {
      // Wide vessels fill voxels, which share the conductance of the wall.
      std::vector<std::int64_t> filled;
      const int reach = static_cast<int>(std::ceil(radius / h)) + 1;
      for (int n = 0; n <= samples; ++n) {
        const double t = static_cast<double>(n) / samples;
        const Vector at{a[0] + t * d[0], a[1] + t * d[1], a[2] + t * d[2]};
        const int c[3] = {static_cast<int>(std::floor(at[0] / h)),
                          static_cast<int>(std::floor(at[1] / h)),
                          static_cast<int>(std::floor(at[2] / h))};
        for (int z = c[2] - reach; z <= c[2] + reach; ++z)
          for (int y = c[1] - reach; y <= c[1] + reach; ++y)
            for (int x = c[0] - reach; x <= c[0] + reach; ++x) {
              if (!l.holds(x, y, z)) continue;
              const double ex = (x + 0.5) * h - at[0], ey = (y + 0.5) * h - at[1],
                           ez = (z + 0.5) * h - at[2];
              if (ex * ex + ey * ey + ez * ez > radius * radius) continue;
              filled.push_back(l.index(x, y, z));
            }
      }
      std::sort(filled.begin(), filled.end());
      filled.erase(std::unique(filled.begin(), filled.end()), filled.end());
      for (const std::int64_t i : filled) {
        lumen[i] = true;
        if (segment.perfused)
          supply[i] += 2 * pi * radius * wall_permeability * length /
                       (static_cast<double>(filled.size()) * h * h * h);
      }
      continue;
    }
    const double field_h = h * coarsen;
    const double wall = 2 * pi * radius * wall_permeability; // um^2/min per um of vessel
    double direct = wall, beside = 0;
    if (well_index && diffusivity > 0) {
      // Between the blood and tissue a field voxel away, per um of vessel: wanted, and what the lattice gives when the
      // wall alone is put into the vessel's voxel (four faces of it carry the flux).
      const double wanted =
          1 / (exact::log(field_h / radius) / (2 * pi * diffusivity) + 1 / wall);
      const double faces = 4 * diffusivity;
      const double given = 1 / (1 / wall + 1 / faces);
      if (wanted < given)
        direct = 1 / (1 / wanted - 1 / faces);
      else
        beside = (wanted - given) / 4;
    }
    // Lateral axes: the two the vessel runs least along.
    std::array<int, 3> order{0, 1, 2};
    std::sort(order.begin(), order.end(), [&](int i, int j) {
      return std::abs(d[static_cast<std::size_t>(i)]) < std::abs(d[static_cast<std::size_t>(j)]);
    });
    const double per_sample = length / samples / (h * h * h);
    for (int n = 0; n < samples; ++n) {
      const double t = (n + 0.5) / samples;
      int v[3];
      if (!voxel_of({a[0] + t * d[0], a[1] + t * d[1], a[2] + t * d[2]}, v)) continue;
      lumen[l.index(v[0], v[1], v[2])] = true;
      if (!segment.perfused) continue;
      supply[l.index(v[0], v[1], v[2])] += direct * per_sample;
      if (beside > 0)
        for (int side = 0; side < 4; ++side) {
          int w[3] = {v[0], v[1], v[2]};
          w[order[static_cast<std::size_t>(side / 2)]] += (side & 1) != 0 ? coarsen : -coarsen;
          if (l.holds(w[0], w[1], w[2])) supply[l.index(w[0], w[1], w[2])] += beside * per_sample;
        }
    }
  }
  VesselVoxels voxels;
  for (const auto& [i, unused] : lumen) voxels.lumen.push_back(i);
  for (const auto& [i, kappa] : supply) voxels.supply.emplace_back(i, static_cast<float>(kappa));
  return voxels;
}

} // namespace metavox
