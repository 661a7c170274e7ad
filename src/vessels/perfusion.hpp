// Which vessels carry blood: those that lie on a simple path from an inlet to an outlet, and no
// others.
//
// Exact and in time linear in the graph. All inlets are joined to a source, all outlets to a sink,
// and the source to the sink: a vessel lies on such a path if and only if it shares a biconnected
// component with that last edge (J. Hopcroft and R. Tarjan 1973, Commun. ACM 16:372).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "voxel/vessel_network.hpp"

namespace metavox {

// Edges may be parallel; an edge from a node to itself is never perfused. A node that is both inlet
// and outlet throws std::invalid_argument, as does a node number out of range. Returned is 1 or 0
// per edge; without inlets or without outlets all are 0.
std::vector<std::uint8_t>
perfused_edges(std::int32_t nodes, const std::vector<std::pair<std::int32_t, std::int32_t>>& edges,
               const std::vector<std::int32_t>& inlets, const std::vector<std::int32_t>& outlets);

// The segments of a network as edges, and which of them are perfused by its inlets and outlets.
std::vector<std::pair<std::int32_t, std::int32_t>> edges_of(const VesselNetwork& network);
std::vector<std::uint8_t> perfused_segments(const VesselNetwork& network);

// The same where each end may let blood in or out: edges on a simple path between two different
// ends. Everything else is stagnant whatever the pressures at the ends.
std::vector<std::uint8_t>
edges_between(std::int32_t nodes, const std::vector<std::pair<std::int32_t, std::int32_t>>& edges,
              const std::vector<std::int32_t>& ends);

// Of the edges marked with 1, those that marked edges join to one of `nodes_held`.
std::vector<std::uint8_t>
edges_in_reach(std::int32_t nodes, const std::vector<std::pair<std::int32_t, std::int32_t>>& edges,
               const std::vector<std::uint8_t>& marked,
               const std::vector<std::int32_t>& nodes_held);

} // namespace metavox
