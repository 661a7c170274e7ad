#include "vessels/memory.hpp"

#include <algorithm>
#include <cmath>

#include "vessels/parents.hpp"
#include "vessels/vasculature.hpp"
#include "voxel/blood.hpp"
#include "voxel/views.hpp"

namespace metavox {
namespace {

// What vessels take: nodes along parents and along sprouts, of which a dense tumour network has a
// voxel's edge in one voxel of a hundred. There is about a piece for every node. A network read
// from a file is counted when it is laid.
struct VesselExtent {
  double nodes = 0;
};

// Bytes on the back end for a piece of vessel: its lists; some 13 weights, listed by piece and by
// voxel; the 9 field voxels that it adds to those that discs reach; what two substances carry; and
// the field voxels that it passes. Counted on beds at 10 and 20 um.
constexpr double piece_bytes =
    24 + 13 * 2 * sizeof(DiscWeight) + 9 * 36 + 2 * 44 + 2 * sizeof(VesselLength);

// `share`: of the vessels of the start that the network is.
void add_network(VesselExtent& e, const VesselNetwork& network, double share) {
  for (const VesselSegment& s : network.segments) {
    const Point& a = network.nodes[static_cast<std::size_t>(s.from)].position;
    const Point& b = network.nodes[static_cast<std::size_t>(s.to)].position;
    double length2 = 0;
    for (std::size_t k = 0; k < 3; ++k) length2 += (a[k] - b[k]) * (a[k] - b[k]);
    e.nodes += share * (std::sqrt(length2) / VesselGraph::longest_part + 1);
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
    add_network(e, parents, share);
  }
  if (p.sprouting.enabled) {
    const double grown = 0.01 * static_cast<double>(tissue.voxels()) * tissue.spacing; // um
    e.nodes += grown / 10; // parts of sprouts, as tips lay them
  }
  return e;
}

} // namespace

// Lists of vessels on the device: walls, lengths, and readings on their way to the host. They grow
// by half more than they need.
std::size_t estimate_vessel_bytes(const VasculatureSettings& p, const Lattice& tissue,
                                  std::uint64_t seed) {
  const VesselExtent e = vessel_extent(p, tissue, seed);
  const double listed = p.sprouting.enabled ? 1.5 * e.nodes : 0;
  return static_cast<std::size_t>((1.5 * e.nodes + 1024) * piece_bytes +
                                  listed * (sizeof(std::int64_t) + sizeof(VesselReading)));
}

double estimate_vessel_nodes(const VasculatureSettings& p, const Lattice& tissue,
                             std::uint64_t seed) {
  return vessel_extent(p, tissue, seed).nodes;
}

NetworkNeeds needs_of_network(const VesselNetwork& network, const VasculatureSettings& p) {
  VesselExtent e;
  add_network(e, network, 1);
  const double nodes = e.nodes + static_cast<double>(network.nodes.size());
  const double listed = p.sprouting.enabled ? 1.5 * nodes : 0;
  return {1.5 * e.nodes * piece_bytes + listed * (sizeof(std::int64_t) + sizeof(VesselReading)),
          nodes};
}

} // namespace metavox
