// The vessels of a site as they grow and go: a graph of nodes and segments, and the voxels it
// passes and fills.
//
// Where nodes lie follows from vessels alone, never from the lattice: every voxel that a segment
// passes, and each whose centre lies in the lumen of a wide one, is marked. A thin vessel shares
// its voxel with a cell; one that lumens fill holds none. Sums over the segments
// of a voxel are integers, so that the order in which segments came and went leaves no trace.
// Numbers of nodes and segments are stable; freed ones are given again, lowest first, and lists
// hang in ascending order, so that the arrays alone decide everything that follows and a restarted
// run cannot differ. Adding, moving or removing a segment costs what it touches.
#pragma once

#include <array>
#include <cstdint>
#include <queue>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/lattice.hpp"
#include "vessels/segment_bins.hpp"
#include "voxel/vessel_network.hpp"

namespace metavox {

double distance2(const Point& a, const Point& b); // um^2
// The point of a line from a to b nearest to p.
Point nearest_on(const Point& a, const Point& b, const Point& p);

// A piece of a line within one voxel: the fractions of the line's length where it enters and
// leaves.
struct VoxelPiece {
  std::array<int, 3> voxel;
  double begin, end;
};
// Voxels a straight line passes, in order; the part outside the lattice is left out. The box's far
// faces belong to its last voxels.
std::vector<VoxelPiece> pieces_of(const Point& from, const Point& to, const Lattice& lattice);

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
    std::vector<std::int32_t>
        sprout;                    // that made the node; 0: parent vessel; -1: the number is free
    std::vector<std::uint8_t> end; // VesselEnd
    std::vector<double> end_pressure;    // mmHg
    std::vector<double> end_oxygen;      // mmHg; 0: by the radius
    std::vector<double> end_flow;        // um^3/min that enter, negative: leave; 0: by the pressure
    std::vector<double> end_haematocrit; // of what enters; negative: that of `flow`
    std::vector<double> pressure;        // mmHg
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
    std::vector<double> membrane; // basement membrane of a mature vessel: 1 whole, 0 worn through
  };

  explicit VesselGraph(const Lattice& lattice) : lattice_(lattice) {}

  // Parent vessels, cut into equal parts of at most `longest_part`. Throws std::invalid_argument
  // for a segment of no length.
  static constexpr double longest_part = 20; // um
  void lay(const VesselNetwork& parents);

  std::int32_t add_node(const Point& at, std::int32_t sprout);
  // flags: `alive` is understood.
  std::int32_t add_segment(std::int32_t from, std::int32_t to, double radius,
                           std::int32_t generation, std::int32_t sprout, std::int64_t step,
                           std::uint8_t flags = 0);
  // Takes the ends of its segments along.
  void move_node(std::int32_t node, const Point& to);
  // Puts a node into a segment. The part from `from` keeps the number, and the new part to `to` is
  // like it in all else.
  std::int32_t split(std::int32_t segment, const Point& at);
  void set_radius(std::int32_t segment, double radius);
  // Nodes that lose their last segment go too.
  void remove_segment(std::int32_t segment);

  // Whether a centreline passes a voxel, or its centre lies in a lumen wider than it.
  bool marked(std::int64_t voxel) const { return marks_.count(voxel) != 0; }
  std::size_t marked_count() const { return marks_.size(); }
  std::vector<std::int64_t> marked_voxels() const; // ascending
  // What the segment takes of the lattice: voxels it passes, then those whose centre lies in the
  // lumen of a wide one; some may come twice.
  std::vector<std::int64_t> taken_voxels(std::int32_t segment) const;
  // Whether a centreline passes the voxel.
  bool touches(std::int64_t voxel) const;
  // The share of a voxel that lumens take, 0 to 1. From full_from on they leave no room for a cell,
  // and there is room again below empty_below. Assumed: a half would flip a sprout of 4 um at a
  // spacing of 10 um.
  static constexpr double full_from = 0.6, empty_below = 0.5;
  double fraction(std::int64_t voxel) const;
  // Whether that was so when changes were last taken.
  bool fills(std::int64_t voxel) const { return full_.count(voxel) != 0; }
  std::vector<std::int64_t> full_voxels() const; // ascending
  // f(segment) for every segment whose wall may reach into the box, in no order, perhaps twice.
  template <class F>
  void for_each_near(const Point& low, const Point& high, const F& f) {
    if (!binned_) bin_all();
    bins_.for_each(low, high, f);
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

  // Voxels that vessels have filled, or left, since the last call; ascending.
  struct Changes {
    std::vector<std::int64_t> entered, left;
  };
  Changes take_changes();

  Point position(std::int32_t node) const;
  std::int64_t voxel_at(const Point& place) const; // x fastest, no ghosts; -1: outside
  std::int64_t voxel(std::int32_t node) const { return voxel_at(position(node)); }
  double length(std::int32_t segment) const; // um
  // Of blood that enters at an end which gives none of its own.
  double haematocrit_at_end(std::int32_t node, double otherwise) const {
    const double own = nodes_.end_haematocrit[static_cast<std::size_t>(node)];
    return own >= 0 ? own : otherwise;
  }
  // Counts every change of where segments lie.
  std::int64_t revision() const { return revision_; }
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

  // Everything that follows from the arrays, after they were replaced. `full`: voxels that vessels
  // filled then, which decides where they nearly do.
  void rebuild(const std::vector<std::int64_t>& full = {});
  // Empty if arrays, lists and marks agree with each other, else what is wrong.
  std::string flaw() const;
  // The same, and that exactly the full voxels are `vessel` in kinds (x fastest, no ghosts).
  std::string flaw(const std::vector<std::uint8_t>& kinds) const;

private:
  std::string shape_flaw() const;
  // What a segment does to a voxel. `fill` in units of a voxel / 2^32.
  struct Mark {
    std::int32_t passing = 0, lumens = 0;
    std::int64_t fill = 0;
    bool operator==(const Mark& o) const {
      return passing == o.passing && lumens == o.lumens && fill == o.fill;
    }
  };
  template <class F>
  void for_each_taken(std::int32_t segment, const F& f) const;
  void place(std::int32_t segment);
  void displace(std::int32_t segment);
  void bin_all();
  std::pair<Point, Point> bounds(std::int32_t segment) const;
  void link(std::int32_t half, std::int32_t node);
  void unlink(std::int32_t half, std::int32_t node);
  void remove_node(std::int32_t node);

  using LowestFirst = std::priority_queue<std::int32_t, std::vector<std::int32_t>, std::greater<>>;

  Lattice lattice_;
  Nodes nodes_;
  Segments segments_;
  // Derived: lists of half segments at nodes (2 s leaves `from`, 2 s + 1 leaves `to`), marks of
  // voxels, free numbers, and, once somebody asked what is near, where segments lie.
  std::vector<std::int32_t> first_, next_, degree_;
  std::unordered_map<std::int64_t, Mark> marks_;
  std::unordered_set<std::int64_t> full_;
  LowestFirst free_nodes_, free_segments_;
  std::vector<std::int64_t> touched_; // voxels whose marks have changed since changes were taken
  std::int64_t living_segments_ = 0, revision_ = 0;
  SegmentBins bins_;
  bool binned_ = false;
};

} // namespace metavox
