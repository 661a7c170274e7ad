#include "vessels/memory.hpp"

#include <algorithm>
#include <cmath>

#include "core/loan.hpp"
#include "vessels/parents.hpp"
#include "vessels/vasculature.hpp"
#include "voxel/blood.hpp"
#include "voxel/views.hpp"

namespace metavox {
namespace {

// Field voxels that the disc of a piece reaches and those of pieces beside it do not.
double reached_voxels(const BloodExtent& e) { return 12 * std::min(1.0, 20 / e.field_spacing); }

// Bytes on the back end for a piece of vessel, of which there is about one for every node: its own
// lists; some 14 weights, listed by piece and by voxel; the field voxels that its disc reaches,
// with their parents, and those it passes. Counted on beds and sprouts at 10 and 20 um.
double piece_bytes(const BloodExtent& e) {
  return 20 + 14 * 2 * sizeof(DiscWeight) + 17 * reached_voxels(e) + 1.5 * sizeof(VesselLength);
}

// Voxels that share the walls of a piece, each in some lists: with its share and what stands there,
// with what is drawn for its two cells, and those who leave.
double wall_bytes(const VasculatureSettings& p, double spacing) {
  return p.walls.on ? 5 * std::max(1.0, 20 / spacing) * (16 + 4 + 2 * (1 + 4)) : 0.0;
}

// Lists that may grow have room for half more.
double room(const VasculatureSettings& p) { return p.sprouting.enabled ? 1.5 : 1.0; }

double device_bytes(double nodes, const VasculatureSettings& p, const BloodExtent& e) {
  const double read = p.sprouting.enabled ? sizeof(std::int64_t) + sizeof(VesselReading) : 0.0;
  // Lists at walls are made anew where they are too short, with room for half more.
  return room(p) * (nodes * (piece_bytes(e) + read) + e.carried(nodes, nodes * reached_voxels(e))) +
         1.5 * nodes * wall_bytes(p, e.spacing);
}

// Nodes along parents. `share`: of the vessels of the start that the network is.
double nodes_of(const VesselNetwork& network, double share) {
  double nodes = 0;
  for (const VesselSegment& s : network.segments) {
    const Point& a = network.nodes[static_cast<std::size_t>(s.from)].position;
    const Point& b = network.nodes[static_cast<std::size_t>(s.to)].position;
    double length2 = 0;
    for (std::size_t k = 0; k < 3; ++k) length2 += (a[k] - b[k]) * (a[k] - b[k]);
    nodes += share * (std::sqrt(length2) / VesselGraph::longest_part + 1);
  }
  return nodes;
}

} // namespace

std::size_t estimate_vessel_bytes(const VasculatureSettings& p, const Lattice& tissue,
                                  std::uint64_t seed, const BloodExtent& e) {
  // Every list has room for some entries more than it needs.
  const double spare = entries_to_spare * (150.0 + (p.walls.on ? 250 : 0));
  return static_cast<std::size_t>(device_bytes(estimate_vessel_nodes(p, tissue, seed), p, e) +
                                  spare);
}

// A network read from a file is counted when it is laid. A dense tumour network has a voxel's edge
// of sprout in one voxel of a hundred, in parts of 10 um.
double estimate_vessel_nodes(const VasculatureSettings& p, const Lattice& tissue,
                             std::uint64_t seed) {
  double nodes = 0;
  if (p.vessels.pattern != VesselPattern::none && p.vessels.pattern != VesselPattern::file) {
    // Of a grid that fills a wide box a part will do: laying the whole of it takes memory that may
    // not be there.
    Lattice sample{tissue.nx, tissue.ny, tissue.nz, tissue.spacing};
    double share = 1;
    if (p.vessels.pattern == VesselPattern::grid)
      for (int* extent : {&sample.nx, &sample.ny, &sample.nz})
        if (*extent > 1024) {
          share *= *extent / 1024.0;
          *extent = 1024;
        }
    nodes += nodes_of(build_parent_vessels(p.vessels, p.flow, sample, seed), share);
  }
  if (p.sprouting.enabled)
    nodes += 0.01 * static_cast<double>(tissue.voxels()) * tissue.spacing / 10;
  return nodes;
}

NetworkNeeds needs_of_network(const VesselNetwork& network, double settled,
                              const VasculatureSettings& p, const BloodExtent& e) {
  return needs_of_nodes(nodes_of(network, 1) + static_cast<double>(network.nodes.size()), settled,
                        p, e);
}

NetworkNeeds needs_of_nodes(double nodes, double settled, const VasculatureSettings& p,
                            const BloodExtent& e) {
  return {device_bytes(settled + nodes, p, e) - device_bytes(settled, p, e), nodes};
}

} // namespace metavox
