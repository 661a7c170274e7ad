// The vessels of a site as they grow and go: a graph of nodes and segments, and the voxels it
// takes.
//
// Every voxel that a centreline passes holds at least one node, so sprouting, fusing and pruning
// are local. Numbers of nodes and segments are stable; freed ones are given again, lowest first,
// and lists hang in ascending order, so that the arrays alone decide everything that follows and a
// restarted run cannot differ. Adding or removing a segment costs what it touches.
#pragma once

#include <array>
#include <cstdint>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/lattice.hpp"
#include "voxel/vessel_network.hpp"

namespace metavox {

using Point = std::array<double, 3>; // um

// A piece of a line within one voxel: the fractions of the line's length where it enters and
// leaves.
struct VoxelPiece {
  std::array<int, 3> voxel;
  double begin, end;
};
// Voxels a straight line passes, in order; the part outside the lattice is left out. The box's far
// faces belong to its last voxels.
std::vector<VoxelPiece> pieces_of(const Point& from, const Point& to, const Lattice& lattice);

// Numbers of the voxels whose centre lies within `radius` of `at`, and of the one that holds it: x
// fastest, no ghosts.
std::vector<std::int64_t> voxels_around(const Point& at, double radius, const Lattice& lattice);

class VesselGraph {
public:
  static constexpr std::int32_t none = -1;
  enum SegmentFlag : std::uint8_t {
    alive = 1,
    perfused = 2, // connected: on a simple path from an inlet to an outlet
    mature = 4,
    collapsed = 8,
    carries = 16 // red cells; see carrying.hpp
  };

  // Arrays of the state; index: node, or segment.
  struct Nodes {
    std::vector<double> x, y, z; // um
    std::vector<double>
        cover; // um, lumen radius; voxels within it are taken where it exceeds a voxel
    std::vector<std::int32_t>
        sprout;                    // that made the node; 0: parent vessel; -1: the number is free
    std::vector<std::uint8_t> end; // VesselEnd
    std::vector<double> end_pressure; // mmHg
    std::vector<double> end_oxygen;   // mmHg; 0: by the radius
    std::vector<double> pressure;     // mmHg
  };
  struct Segments {
    std::vector<std::int32_t> from, to;
    std::vector<double> radius;     // um
    std::vector<std::int64_t> born; // step
    std::vector<std::int64_t>
        idle; // step since which it carries no blood, or too little; -1: it does
    std::vector<std::int32_t> generation, sprout;
    std::vector<std::uint8_t> flags; // SegmentFlag
    std::vector<double> flow;        // um^3/min
    std::vector<double> haematocrit;
  };

  explicit VesselGraph(const Lattice& lattice) : lattice_(lattice) {}

  // Parent vessels, cut into pieces about a voxel long. Throws std::invalid_argument for a segment
  // of no length.
  void lay(const VesselNetwork& parents);

  std::int32_t add_node(const Point& at, double cover, std::int32_t sprout);
  // flags: `alive` is understood.
  std::int32_t add_segment(std::int32_t from, std::int32_t to, double radius,
                           std::int32_t generation, std::int32_t sprout, std::int64_t step,
                           std::uint8_t flags = 0);
  // Nodes that lose their last segment go too.
  void remove_segment(std::int32_t segment);

  // The lowest node in a voxel, or whose lumen takes it; none.
  std::int32_t anchor(std::int64_t voxel) const;
  bool marked(std::int64_t voxel) const { return at_voxel_.count(voxel) != 0; }
  std::size_t marked_count() const { return at_voxel_.size(); }
  // f(node) for every node in or over the voxel, ascending.
  template <class F>
  void for_each_at(std::int64_t voxel, const F& f) const {
    const auto found = at_voxel_.find(voxel);
    if (found == at_voxel_.end()) return;
    for (std::int32_t e = found->second; e >= 0; e = entries_[static_cast<std::size_t>(e)].next)
      f(entries_[static_cast<std::size_t>(e)].node);
  }
  // f(segment, the node at its other end), ascending by segment.
  template <class F>
  void for_each_segment(std::int32_t node, const F& f) const {
    for (std::int32_t h = first_[static_cast<std::size_t>(node)]; h >= 0;
         h = next_[static_cast<std::size_t>(h)])
      f(h / 2, (h & 1) != 0 ? segments_.from[static_cast<std::size_t>(h / 2)]
                            : segments_.to[static_cast<std::size_t>(h / 2)]);
  }
  int degree(std::int32_t node) const { return degree_[static_cast<std::size_t>(node)]; }

  // Voxels that became vessel, or ceased to be, since the last call; ascending.
  struct Changes {
    std::vector<std::int64_t> entered, left;
  };
  Changes take_changes();

  Point position(std::int32_t node) const;
  std::int64_t voxel(std::int32_t node) const; // x fastest, no ghosts
  double length(std::int32_t segment) const;   // um
  bool is_alive(std::int32_t segment) const {
    return (segments_.flags[static_cast<std::size_t>(segment)] & alive) != 0;
  }
  bool has(std::int32_t segment, SegmentFlag f) const {
    return (segments_.flags[static_cast<std::size_t>(segment)] & f) != 0;
  }
  bool node_alive(std::int32_t node) const {
    return nodes_.sprout[static_cast<std::size_t>(node)] >= 0;
  }
  std::int32_t node_count() const {
    return static_cast<std::int32_t>(nodes_.x.size());
  } // with free numbers
  std::int32_t segment_count() const {
    return static_cast<std::int32_t>(segments_.from.size());
  } // likewise
  std::int64_t living_segments() const { return living_segments_; }

  Nodes& nodes() { return nodes_; }
  const Nodes& nodes() const { return nodes_; }
  Segments& segments() { return segments_; }
  const Segments& segments() const { return segments_; }
  const Lattice& lattice() const { return lattice_; }

  // Everything that follows from the arrays, after they were replaced.
  void rebuild();
  // Empty if arrays, lists and marks agree with each other, else what is wrong.
  std::string flaw() const;
  // The same, and that exactly the marked voxels are `vessel` in kinds (x fastest, no ghosts).
  std::string flaw(const std::vector<std::uint8_t>& kinds) const;

private:
  std::string shape_flaw() const;
  void mark(std::int32_t node);
  void unmark(std::int32_t node);
  void link(std::int32_t half, std::int32_t node);
  void unlink(std::int32_t half, std::int32_t node);
  void remove_node(std::int32_t node);
  std::vector<std::int64_t> taken_by(std::int32_t node) const;

  struct Entry {
    std::int32_t node, next;
  };
  using LowestFirst = std::priority_queue<std::int32_t, std::vector<std::int32_t>, std::greater<>>;

  Lattice lattice_;
  Nodes nodes_;
  Segments segments_;
  // Derived: lists of half segments at nodes (2 s leaves `from`, 2 s + 1 leaves `to`), nodes at
  // voxels, free numbers.
  std::vector<std::int32_t> first_, next_, degree_;
  std::unordered_map<std::int64_t, std::int32_t> at_voxel_;
  std::vector<Entry> entries_;
  std::vector<std::int32_t> free_entries_;
  LowestFirst free_nodes_, free_segments_;
  std::vector<std::pair<std::int64_t, int>> changes_; // voxel, +1 or -1
  std::int64_t living_segments_ = 0;
};

} // namespace metavox
