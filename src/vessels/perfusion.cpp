#include "vessels/perfusion.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace metavox {
namespace {

using Edge = std::pair<std::int32_t, std::int32_t>;

void check_range(std::int32_t nodes, const std::vector<std::int32_t>& list, const char* what) {
  for (const std::int32_t v : list)
    if (v < 0 || v >= nodes)
      throw std::invalid_argument(std::string("perfusion: ") + what + " " + std::to_string(v) +
                                  " is not one of " + std::to_string(nodes) + " nodes");
}

void check_edges(std::int32_t node_count, const std::vector<Edge>& edges) {
  for (const Edge& e : edges)
    if (e.first < 0 || e.first >= node_count || e.second < 0 || e.second >= node_count)
      throw std::invalid_argument("perfusion: the edge " + std::to_string(e.first) + " - " +
                                  std::to_string(e.second) + " leaves the " +
                                  std::to_string(node_count) + " nodes");
  if (edges.size() > std::numeric_limits<std::uint32_t>::max() / 4)
    throw std::invalid_argument("perfusion: too many edges");
}

// The neighbours of each node, in the order of edges: those of v from first[v] to first[v + 1].
struct Neighbours {
  std::vector<std::uint32_t> first;
  std::vector<std::int32_t> beside;
};
Neighbours neighbours_of(std::size_t nodes, const std::vector<Edge>& edges) {
  std::vector<std::uint32_t> first(nodes + 1, 0);
  for (const Edge& e : edges)
    if (e.first != e.second) {
      ++first[static_cast<std::size_t>(e.first) + 1];
      ++first[static_cast<std::size_t>(e.second) + 1];
    }
  for (std::size_t v = 0; v < nodes; ++v) first[v + 1] += first[v];
  std::vector<std::int32_t> beside(first[nodes]);
  std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
  for (const auto& [a, b] : edges) {
    if (a == b) continue;
    beside[next[static_cast<std::size_t>(a)]++] = b;
    beside[next[static_cast<std::size_t>(b)]++] = a;
  }
  return {std::move(first), std::move(beside)};
}

// Ranks: 0 the node above, 1 the root, then nodes in the order of discovery; unseen nodes have
// none.
constexpr std::uint32_t unseen = std::numeric_limits<std::uint32_t>::max();
struct Node {
  std::uint32_t rank = unseen, low = unseen;
  std::int32_t parent = -1; // -1: the root
};

// Ranks nodes and finds what they reach, from the nodes `below` on. `low` is set where a node is
// joined to a virtual one. Returns the order of discovery.
std::vector<std::int32_t> search(const std::vector<std::int32_t>& below,
                                 const Neighbours& neighbours, std::vector<Node>& node) {
  const std::vector<std::uint32_t>& first = neighbours.first;
  const std::vector<std::int32_t>& beside = neighbours.beside;
  std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
  std::vector<std::int32_t> order;
  order.reserve(node.size());
  std::vector<std::int32_t> stack;
  const auto enter = [&](std::int32_t v, std::int32_t parent) {
    Node& n = node[static_cast<std::size_t>(v)];
    n.rank = static_cast<std::uint32_t>(order.size()) + 2;
    n.low = std::min(n.low, n.rank);
    n.parent = parent;
    order.push_back(v);
    stack.push_back(v);
  };
  for (const std::int32_t start : below) {
    if (node[static_cast<std::size_t>(start)].rank != unseen) continue;
    enter(start, -1);
    while (!stack.empty()) {
      const std::int32_t top = stack.back();
      const auto v = static_cast<std::size_t>(top);
      if (next[v] == first[v + 1]) {
        stack.pop_back();
        if (node[v].parent >= 0) {
          Node& p = node[static_cast<std::size_t>(node[v].parent)];
          p.low = std::min(p.low, node[v].low);
        }
        continue;
      }
      const std::int32_t to = beside[next[v]++];
      const Node& other = node[static_cast<std::size_t>(to)];
      if (other.rank == unseen)
        enter(to, top);
      else // the way back to the parent does no harm: its rank is not below itself
        node[v].low = std::min(node[v].low, other.rank);
    }
  }
  return order;
}

// Depth-first search from a virtual root that is joined to every node of `below`, and that hangs
// below a virtual node joined to every node of `above`. Marks the edges whose biconnected component
// holds
//   the edge between both virtual nodes, where `above` is given,
//   else the root.
// low(v) is the smallest rank that v reaches, itself or through nodes found from it. A node belongs
// to the marked component together with the edge that it was found through as long as no node on
// the way cuts it off, that is as long as low(v) < rank(parent). Every other edge leads from a node
// back to one found earlier, and shares the component of the edge that its later node was found
// through.
std::vector<std::uint8_t> mark(std::int32_t node_count, const std::vector<Edge>& edges,
                               const std::vector<std::int32_t>& below,
                               const std::vector<std::int32_t>* above) {
  check_edges(node_count, edges);
  const auto nodes = static_cast<std::size_t>(std::max(node_count, 0));
  std::vector<Node> node(nodes);
  for (const std::int32_t v : below) node[static_cast<std::size_t>(v)].low = 1;
  if (above)
    for (const std::int32_t v : *above) node[static_cast<std::size_t>(v)].low = 0;

  const std::vector<std::int32_t> order = search(below, neighbours_of(nodes, edges), node);

  std::vector<std::uint8_t> marked(edges.size(), 0);
  std::vector<std::uint8_t> inside(nodes, 0);
  for (const std::int32_t v : order) {
    const Node& n = node[static_cast<std::size_t>(v)];
    if (n.parent < 0)
      inside[static_cast<std::size_t>(v)] = !above || n.low == 0;
    else
      inside[static_cast<std::size_t>(v)] = inside[static_cast<std::size_t>(n.parent)] &&
                                            n.low < node[static_cast<std::size_t>(n.parent)].rank;
  }
  for (std::size_t e = 0; e < edges.size(); ++e) {
    const auto a = static_cast<std::size_t>(edges[e].first),
               b = static_cast<std::size_t>(edges[e].second);
    if (a == b || node[a].rank == unseen) continue;
    marked[e] = inside[node[a].rank > node[b].rank ? a : b];
  }
  return marked;
}

} // namespace

std::vector<std::uint8_t> perfused_edges(std::int32_t nodes, const std::vector<Edge>& edges,
                                         const std::vector<std::int32_t>& inlets,
                                         const std::vector<std::int32_t>& outlets) {
  check_range(nodes, inlets, "inlet");
  check_range(nodes, outlets, "outlet");
  std::vector<std::uint8_t> is_inlet(static_cast<std::size_t>(std::max(nodes, 0)), 0);
  for (const std::int32_t v : inlets) is_inlet[static_cast<std::size_t>(v)] = 1;
  for (const std::int32_t v : outlets)
    if (is_inlet[static_cast<std::size_t>(v)])
      throw std::invalid_argument("perfusion: node " + std::to_string(v) +
                                  " is both inlet and outlet");
  return mark(nodes, edges, outlets, &inlets);
}

std::vector<std::uint8_t> edges_between(std::int32_t nodes, const std::vector<Edge>& edges,
                                        const std::vector<std::int32_t>& ends) {
  check_range(nodes, ends, "end");
  return mark(nodes, edges, ends, nullptr);
}

std::vector<Edge> edges_of(const VesselNetwork& network) {
  std::vector<Edge> edges;
  for (const VesselSegment& s : network.segments) edges.emplace_back(s.from, s.to);
  return edges;
}

std::vector<std::uint8_t> perfused_segments(const VesselNetwork& network) {
  std::vector<std::int32_t> inlets, outlets;
  const auto nodes = static_cast<std::int32_t>(network.nodes.size());
  for (std::int32_t n = 0; n < nodes; ++n) {
    const VesselEnd end = network.nodes[static_cast<std::size_t>(n)].end;
    if (end == VesselEnd::inlet) inlets.push_back(n);
    if (end == VesselEnd::outlet) outlets.push_back(n);
  }
  return perfused_edges(nodes, edges_of(network), inlets, outlets);
}

std::vector<std::uint8_t> edges_in_reach(std::int32_t nodes, const std::vector<Edge>& edges,
                                         const std::vector<std::uint8_t>& marked,
                                         const std::vector<std::int32_t>& nodes_held) {
  check_range(nodes, nodes_held, "node");
  check_edges(nodes, edges);
  std::vector<Edge> open;
  for (std::size_t e = 0; e < edges.size(); ++e)
    if (marked[e] != 0) open.push_back(edges[e]);
  const auto count = static_cast<std::size_t>(std::max(nodes, 0));
  const Neighbours neighbours = neighbours_of(count, open);
  std::vector<std::uint8_t> seen(count, 0);
  std::vector<std::int32_t> waiting;
  const auto reach = [&](std::int32_t v) {
    if (std::exchange(seen[static_cast<std::size_t>(v)], std::uint8_t{1}) == 0)
      waiting.push_back(v);
  };
  for (const std::int32_t v : nodes_held) reach(v);
  while (!waiting.empty()) {
    const auto v = static_cast<std::size_t>(waiting.back());
    waiting.pop_back();
    for (std::uint32_t k = neighbours.first[v]; k < neighbours.first[v + 1]; ++k)
      reach(neighbours.beside[k]);
  }
  std::vector<std::uint8_t> reached(marked);
  for (std::size_t e = 0; e < edges.size(); ++e)
    if (seen[static_cast<std::size_t>(edges[e].first)] == 0) reached[e] = 0;
  return reached;
}

} // namespace metavox
