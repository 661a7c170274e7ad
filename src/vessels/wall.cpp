#include "vessels/wall.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "core/exact.hpp"

namespace metavox {
namespace {

constexpr double reference_haematocrit = 0.45;

struct Share {
  std::int64_t voxel;
  double wall, conductance, supply;
};

// Conductance per um of vessel, um^2/min: in the vessel's own voxel, and in each of the four beside
// it.
struct PerLength {
  double direct, beside;
};
PerLength wall_conductance(double radius, double h, const BloodSupply& o, bool well_index) {
  const double wall = 2 * pi * radius * o.wall_permeability;
  if (!well_index || o.diffusivity <= 0) return {wall, 0};
  // Conductances between the blood and tissue a voxel away: the wanted one, and the lattice's own
  // when the wall alone is put into the vessel's voxel, four faces of which carry the flux.
  const double wanted = 1 / (exact::log(h / radius) / (2 * pi * o.diffusivity) + 1 / wall);
  const double faces = 4 * o.diffusivity;
  const double given = 1 / (1 / wall + 1 / faces);
  if (wanted < given) return {1 / (1 / wanted - 1 / faces), 0};
  return {wall, (wanted - given) / 4};
}

} // namespace

double blood_oxygen(const BloodSupply& o, double haematocrit) {
  return o.vessel_pressure * haematocrit / reference_haematocrit;
}

std::vector<VesselWall> vessel_walls(const VesselGraph& graph, const Lattice& fields,
                                     const BloodSupply& supply, bool well_index) {
  const double h = fields.spacing;
  std::vector<Share> shares;
  // `wall`: of the bare wall; `conductance`: corrected for how oxygen spreads around it.
  const auto add = [&](std::int64_t voxel, double wall, double conductance, double pressure) {
    shares.push_back({voxel, wall, conductance, conductance * pressure});
  };
  const int n[3] = {fields.nx, fields.ny, fields.nz};
  double last_radius = -1;
  PerLength per{};
  for (std::int32_t s = 0; s < graph.segment_count(); ++s) {
    if (!graph.is_alive(s) || !graph.has(s, VesselGraph::perfused)) continue;
    const auto i = static_cast<std::size_t>(s);
    const double haematocrit = graph.segments().haematocrit[i];
    const double carried = std::min(1.0, haematocrit / reference_haematocrit);
    const double pressure = blood_oxygen(supply, haematocrit);
    const double radius = graph.segments().radius[i];
    const std::int32_t from = graph.segments().from[i], to = graph.segments().to[i];
    const Point a = graph.position(from), b = graph.position(to);
    const double length = graph.length(s);
    if (radius >= h) {
      // Wide vessels fill voxels, which share the conductance of the wall.
      std::vector<std::int64_t> filled = voxels_around(a, radius, fields);
      const std::vector<std::int64_t> more = voxels_around(b, radius, fields);
      filled.insert(filled.end(), more.begin(), more.end());
      std::sort(filled.begin(), filled.end());
      filled.erase(std::unique(filled.begin(), filled.end()), filled.end());
      const double each = 2 * pi * radius * supply.wall_permeability * length /
                          (static_cast<double>(filled.size()) * h * h * h);
      for (const std::int64_t v : filled) add(v, each, each * carried, pressure);
      continue;
    }
    if (radius != last_radius) {
      per = wall_conductance(radius, h, supply, well_index);
      last_radius = radius;
    }
    // Its four side neighbours lie along the two axes it follows least.
    const double along[3] = {std::abs(b[0] - a[0]), std::abs(b[1] - a[1]), std::abs(b[2] - a[2])};
    const std::size_t main = along[0] >= along[1] && along[0] >= along[2] ? 0
                             : along[1] >= along[2]                       ? 1
                                                                          : 2;
    const double bare = 2 * pi * radius * supply.wall_permeability;
    for (const VoxelPiece& piece : pieces_of(a, b, fields)) {
      const double volume_share = (piece.end - piece.begin) * length / (h * h * h);
      add(fields.number(piece.voxel[0], piece.voxel[1], piece.voxel[2]), bare * volume_share,
          per.direct * carried * volume_share, pressure);
      if (per.beside <= 0) continue;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        if (axis == main) continue;
        for (const int side : {-1, 1}) {
          std::array<int, 3> v = piece.voxel;
          v[axis] += side;
          if (v[axis] >= 0 && v[axis] < n[axis])
            add(fields.number(v[0], v[1], v[2]), 0, per.beside * carried * volume_share, pressure);
        }
      }
    }
  }
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& x, const Share& y) { return x.voxel < y.voxel; });
  std::vector<VesselWall> walls;
  for (std::size_t k = 0; k < shares.size();) {
    Share sum{shares[k].voxel, 0, 0, 0};
    for (; k < shares.size() && shares[k].voxel == sum.voxel; ++k) {
      sum.wall += shares[k].wall;
      sum.conductance += shares[k].conductance;
      sum.supply += shares[k].supply;
    }
    walls.push_back({sum.voxel, static_cast<float>(sum.wall), static_cast<float>(sum.conductance),
                     static_cast<float>(sum.supply), 0.0f});
  }
  return walls;
}

} // namespace metavox
