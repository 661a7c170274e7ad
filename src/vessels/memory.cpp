#include "vessels/memory.hpp"

#include <algorithm>
#include <cmath>

#include "vessels/parents.hpp"
#include "vessels/vasculature.hpp"
#include "voxel/blood.hpp"

namespace metavox {
namespace {

// What vessels take on the lattice: voxels along parents, field voxels their walls reach, and
// voxels that sprouts may take, in which a dense tumour network has one in a hundred. A network
// read from a file is counted when it is laid.
struct VesselExtent {
  double voxels = 0, pieces = 0, grown = 0;
};

// Bytes on the back end for a piece of vessel: its lists; some 13 weights, listed by piece and by
// voxel; the 9 field voxels that it adds to those that discs reach; and what two substances carry.
// Counted on beds at 10 and 20 um.
constexpr double piece_bytes = 24 + 13 * 2 * sizeof(DiscWeight) + 9 * 36 + 2 * 44;

// Pieces are as long as the way between two nodes, at most 20 um.
double pieces_per_um(const Lattice& tissue) { return 1 / std::min(tissue.spacing, 20.0); }

// `share`: of the vessels of the start that the network is.
void add_network(VesselExtent& e, const VesselNetwork& network, double share,
                 const Lattice& tissue) {
  for (const VesselSegment& s : network.segments) {
    const Point& a = network.nodes[static_cast<std::size_t>(s.from)].position;
    const Point& b = network.nodes[static_cast<std::size_t>(s.to)].position;
    double length2 = 0;
    for (std::size_t k = 0; k < 3; ++k) length2 += (a[k] - b[k]) * (a[k] - b[k]);
    e.voxels += share * std::sqrt(length2) / tissue.spacing;
    e.pieces += share * std::sqrt(length2) * pieces_per_um(tissue);
  }
}

VesselExtent vessel_extent(const VasculatureSettings& p, const Lattice& tissue,
                           std::uint64_t seed) {
  VesselExtent e;
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
    const VesselNetwork parents = build_parent_vessels(p.vessels, p.flow, sample, seed);
    add_network(e, parents, share, tissue);
  }
  if (p.sprouting.enabled) {
    e.grown = 0.01 * static_cast<double>(tissue.voxels());
    e.pieces += e.grown * tissue.spacing * pieces_per_um(tissue);
  }
  return e;
}

} // namespace

// Lists of vessels on the device: walls, and readings on their way to the host. They grow by half
// more than they need.
std::size_t estimate_vessel_bytes(const VasculatureSettings& p, const Lattice& tissue,
                                  std::uint64_t seed) {
  const VesselExtent e = vessel_extent(p, tissue, seed);
  const double listed = p.sprouting.enabled ? 1.5 * (e.voxels + e.grown) : 0;
  return static_cast<std::size_t>((1.5 * e.pieces + 1024) * piece_bytes +
                                  listed * (sizeof(std::int64_t) + sizeof(VesselReading)));
}

double estimate_vessel_nodes(const VasculatureSettings& p, const Lattice& tissue,
                             std::uint64_t seed) {
  const VesselExtent e = vessel_extent(p, tissue, seed);
  return e.voxels + e.grown;
}

NetworkNeeds needs_of_network(const VesselNetwork& network, const VasculatureSettings& p,
                              const Lattice& tissue) {
  VesselExtent e;
  add_network(e, network, 1, tissue);
  // Short pieces have a node each, long ones a node per voxel; a wall per voxel that each meets.
  const auto pieces = static_cast<double>(network.segments.size());
  const double nodes = e.voxels + pieces + static_cast<double>(network.nodes.size());
  const double listed = p.sprouting.enabled ? 1.5 * nodes : 0;
  return {1.5 * (e.pieces + pieces) * piece_bytes +
              listed * (sizeof(std::int64_t) + sizeof(VesselReading)),
          nodes};
}

} // namespace metavox
