// Vessels as poly-lines.
#pragma once

#include <cstdint>
#include <vector>

#include "voxel/vessel_network.hpp"

namespace metavox {

struct Chain {
  std::vector<std::int32_t> nodes;
  std::vector<std::int32_t> segments; // one less than nodes
};

// Joins segments through nodes of degree two into poly-lines, so that tubes have no seams. A chain
// ends at junctions, dead ends, tips, ends of the network and where a segment's class changes:
// perfused, carries, generation, sprout, mature or collapsed. Starts are taken in node order, then
// closed loops in segment order; then a chain is turned so that its points follow the blood, or
// where none flows lead to the tip. The result depends on nothing else. Throws std::runtime_error
// where a segment refers to a node that does not exist.
std::vector<Chain> chains_of(const VesselNetwork& network);

} // namespace metavox
