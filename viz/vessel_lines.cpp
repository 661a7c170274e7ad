#include "viz/vessel_lines.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace metavox {

std::vector<Chain> chains_of(const VesselNetwork& network) {
  const std::size_t nodes = network.nodes.size(), segments = network.segments.size();
  const auto index = [](std::int32_t i) { return static_cast<std::size_t>(i); };
  const auto segment = [&](std::int32_t i) -> const VesselSegment& {
    return network.segments[static_cast<std::size_t>(i)];
  };
  std::vector<std::size_t> first(nodes + 1, 0); // into `at`: the segments of a node
  for (std::size_t i = 0; i < segments; ++i) {
    const VesselSegment& s = network.segments[i];
    if (s.from < 0 || s.to < 0 || index(s.from) >= nodes || index(s.to) >= nodes)
      throw std::runtime_error("vessel segment " + std::to_string(i) +
                               " refers to a node that does not exist");
    ++first[index(s.from) + 1];
    ++first[index(s.to) + 1];
  }
  for (std::size_t n = 0; n < nodes; ++n) first[n + 1] += first[n];
  std::vector<std::int32_t> at(2 * segments);
  std::vector<std::size_t> next_free(first.begin(), first.end() - 1);
  for (std::size_t i = 0; i < segments; ++i)
    for (const std::int32_t n : {network.segments[i].from, network.segments[i].to})
      at[next_free[index(n)]++] = static_cast<std::int32_t>(i);

  const auto alike = [](const VesselSegment& a, const VesselSegment& b) {
    return a.perfused == b.perfused && a.carries == b.carries && a.generation == b.generation &&
           a.sprout == b.sprout && a.mature == b.mature && a.collapsed == b.collapsed;
  };
  const auto passes = [&](std::size_t n) {
    return first[n + 1] - first[n] == 2 && network.nodes[n].end == VesselEnd::none &&
           !network.nodes[n].tip && alike(segment(at[first[n]]), segment(at[first[n] + 1]));
  };
  std::vector<char> used(segments, 0);
  std::vector<Chain> chains;
  const auto follow = [&](std::int32_t node, std::int32_t next) {
    Chain chain;
    chain.nodes.push_back(node);
    double blood = 0; // along the chain
    while (next >= 0 && !used[index(next)]) {
      used[index(next)] = 1;
      const VesselSegment& s = segment(next);
      blood += s.from == node ? s.flow : -s.flow;
      node = s.from == node ? s.to : s.from;
      chain.nodes.push_back(node);
      chain.segments.push_back(next);
      const std::size_t n = index(node);
      next = !passes(n) ? -1 : at[first[n]] == next ? at[first[n] + 1] : at[first[n]];
    }
    const auto tip = [&](std::int32_t n) { return network.nodes[index(n)].tip; };
    if (blood < 0 || (!(blood > 0) && tip(chain.nodes.front()) && !tip(chain.nodes.back()))) {
      std::reverse(chain.nodes.begin(), chain.nodes.end());
      std::reverse(chain.segments.begin(), chain.segments.end());
    }
    chains.push_back(std::move(chain));
  };
  for (std::size_t n = 0; n < nodes; ++n)
    if (!passes(n))
      for (std::size_t k = first[n]; k < first[n + 1]; ++k)
        if (!used[index(at[k])]) follow(static_cast<std::int32_t>(n), at[k]);
  for (std::size_t s = 0; s < segments; ++s)
    if (!used[s]) follow(network.segments[s].from, static_cast<std::int32_t>(s));
  return chains;
}

} // namespace metavox
