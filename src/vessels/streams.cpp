#include "vessels/streams.hpp"

#include <algorithm>

namespace metavox {

Streams::ByNode::ByNode(std::size_t nodes, const std::vector<Way>& ways, std::int32_t Way::*node)
    : first_(nodes + 1, 0), way_(ways.size()) {
  for (const Way& w : ways) ++first_[at(w.*node) + 1];
  for (std::size_t n = 0; n < nodes; ++n) first_[n + 1] += first_[n];
  std::vector<std::size_t> next(first_.begin(), first_.end() - 1);
  for (std::size_t w = 0; w < ways.size(); ++w)
    way_[next[at(ways[w].*node)]++] = static_cast<std::int32_t>(w);
}

Streams::Streams(const VesselGraph& graph)
    : segments_(graph.segments()), onward_(static_cast<std::size_t>(graph.node_count()), -1),
      ways_(find_ways(graph)), out_(onward_.size(), ways_, &Way::from),
      in_(onward_.size(), ways_, &Way::to) {
  put_in_order(graph);
}

// By the segment with which they begin.
std::vector<Streams::Way> Streams::find_ways(const VesselGraph& graph) {
  const auto flows = [&](std::int32_t k) {
    return graph.is_alive(k) && graph.has(k, VesselGraph::perfused) && segments_.flow[at(k)] != 0;
  };
  std::vector<std::int32_t> arriving(onward_.size(), 0), leaving(onward_.size(), 0);
  for (std::int32_t k = 0; k < graph.segment_count(); ++k) {
    if (!flows(k)) continue;
    ++arriving[at(downstream(k))];
    ++leaving[at(upstream(k))];
    onward_[at(upstream(k))] = k;
  }
  const auto passes = [&](std::int32_t n) { // blood comes one way and goes one way
    return arriving[at(n)] == 1 && leaving[at(n)] == 1 &&
           graph.nodes().end[at(n)] == static_cast<std::uint8_t>(VesselEnd::none);
  };
  std::vector<Way> ways;
  for (std::int32_t k = 0; k < graph.segment_count(); ++k) {
    if (!flows(k) || passes(upstream(k))) continue;
    std::int32_t last = k;
    while (passes(downstream(last))) last = onward_[at(downstream(last))];
    ways.push_back({k, upstream(k), downstream(last)});
  }
  return ways;
}

void Streams::put_in_order(const VesselGraph& graph) {
  std::vector<std::int32_t> waiting(onward_.size(), 0); // ways whose blood has not come yet
  std::size_t vertices = 0;
  for (std::int32_t n = 0; n < graph.node_count(); ++n) {
    waiting[at(n)] = static_cast<std::int32_t>(in_[n].size());
    if (in_[n].size() + out_[n].size() == 0) continue;
    ++vertices;
    if (waiting[at(n)] == 0) order_.push_back(n);
  }
  levels_.assign(1, 0);
  for (std::size_t begin = 0; begin < order_.size();) {
    for (const std::size_t last = order_.size(); begin < last; ++begin)
      for (const std::int32_t w : out_[order_[begin]])
        if (--waiting[at(ways_[at(w)].to)] == 0) order_.push_back(ways_[at(w)].to);
    levels_.push_back(static_cast<std::int64_t>(begin));
  }
  const std::size_t ordered = order_.size();
  circles_ = ordered < vertices;
  if (!circles_) return;
  for (std::int32_t n = 0; n < graph.node_count(); ++n)
    if (waiting[at(n)] > 0) order_.push_back(n);
  const std::vector<double>& pressure = graph.nodes().pressure;
  std::sort(order_.begin() + static_cast<std::ptrdiff_t>(ordered), order_.end(),
            [&](std::int32_t p, std::int32_t q) {
              return pressure[at(p)] != pressure[at(q)] ? pressure[at(p)] > pressure[at(q)] : p < q;
            });
  for (std::size_t k = ordered; k < order_.size(); ++k)
    levels_.push_back(static_cast<std::int64_t>(k + 1));
}

} // namespace metavox
