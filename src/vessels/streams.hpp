// The ways of flowing blood through a graph: unbranched stretches between vertices, in levels each
// of which needs only the blood of earlier ones.
#pragma once

#include <cstdint>
#include <vector>

#include "vessels/graph.hpp"
#include "vessels/index.hpp"

namespace metavox {

class Streams {
public:
  struct Way {
    std::int32_t first;    // segment that leaves `from`
    std::int32_t from, to; // nodes
  };
  // The numbers of ways that begin, or end, at each node; ascending.
  class ByNode {
  public:
    struct Range {
      const std::int32_t *first, *last;
      const std::int32_t* begin() const { return first; }
      const std::int32_t* end() const { return last; }
      std::size_t size() const { return static_cast<std::size_t>(last - first); }
    };
    ByNode(std::size_t nodes, const std::vector<Way>& ways, std::int32_t Way::*node);
    Range operator[](std::int32_t node) const {
      return {way_.data() + first_[at(node)], way_.data() + first_[at(node) + 1]};
    }

  private:
    std::vector<std::size_t> first_;
    std::vector<std::int32_t> way_;
  };

  // Of segments that are perfused and in which something flows.
  explicit Streams(const VesselGraph& graph);

  const std::vector<Way>& ways() const { return ways_; }
  const ByNode& out() const { return out_; }
  const ByNode& in() const { return in_; }
  // Nodes at which ways meet or end, level by level; level l has order()[levels()[l]] to
  // order()[levels()[l + 1] - 1].
  const std::vector<std::int32_t>& order() const { return order_; }
  const std::vector<std::int64_t>& levels() const { return levels_; }
  // Rounding lets some flow run in a circle, whose nodes come last, by falling pressure.
  bool circles() const { return circles_; }
  // f(segment) for those of a way, downstream.
  template <class F>
  void for_each_segment(const Way& way, const F& f) const {
    for (std::int32_t k = way.first;; k = onward_[at(downstream(k))]) {
      f(k);
      if (downstream(k) == way.to) return;
    }
  }

private:
  std::int32_t upstream(std::int32_t k) const {
    return segments_.flow[at(k)] > 0 ? segments_.from[at(k)] : segments_.to[at(k)];
  }
  std::int32_t downstream(std::int32_t k) const {
    return segments_.flow[at(k)] > 0 ? segments_.to[at(k)] : segments_.from[at(k)];
  }
  std::vector<Way> find_ways(const VesselGraph& graph);
  void put_in_order(const VesselGraph& graph);

  const VesselGraph::Segments& segments_;
  std::vector<std::int32_t> onward_; // of each node: a segment by which blood leaves
  std::vector<Way> ways_;
  ByNode out_, in_;
  std::vector<std::int32_t> order_;
  std::vector<std::int64_t> levels_;
  bool circles_ = false;
};

} // namespace metavox
