// The vessels of a site at work: sprouts start, their tips walk, branch, fuse and starve; closed
// loops fill with blood, mature and carry flow; segments that carry none regress.
//
// Rules after M. Owen et al. 2011 (Cancer Res. 71:2826) and A. Anderson and M. Chaplain 1998 (Bull.
// Math. Biol. 60:857). The graph is small against the lattice and lives on the host. It reads the
// lattice only in the voxels where vessels are, and hands its changes there back as a list.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/executor.hpp"
#include "vessels/blood_paths.hpp"
#include "vessels/flow/blood_flow.hpp"
#include "vessels/graph.hpp"
#include "vessels/sense_tips.hpp"
#include "vessels/sprout.hpp"
#include "vessels/vasculature_settings.hpp"
#include "vessels/walls.hpp"
#include "voxel/pressure_view.hpp"
#include "voxel/report.hpp"
#include "voxel/views.hpp"

namespace metavox {

// Views of the lattice that vessels read, and of the matrix, which their tips also open.
struct VesselSurroundings {
  FieldView vegf;
  PressureView pressure;
  CellView cells;
  float* matrix;
  const std::uint16_t* membrane;
};

// The surroundings of a vessel where a node of it is.
struct VesselReading {
  float vegf;           // nM
  float pressure;       // kPa, of growth
  std::uint32_t tumour; // voxels with living tumour cells, of its own and the six beside it
};

struct SenseVessels {
  static constexpr const char* name = "vessel.sense";
  static constexpr double bytes = 36;
  const std::int64_t* voxel; // x fastest, no ghosts
  VesselReading* reading;
  FieldView vegf;
  PressureView pressure;
  const std::uint8_t* kind;
  Lattice lattice;
  MV_HD void operator()(std::int64_t n) const {
    const std::int64_t v = voxel[n];
    if (v < 0) { // outside the box
      reading[n] = VesselReading{0.0f, 0.0f, 0};
      return;
    }
    const Voxel s = lattice.voxel_at(v);
    const std::int64_t stride[3] = {1, lattice.pitch(), lattice.plane()};
    VesselReading r{vegf.at(s), pressure.at(s), 0};
    if (is_tumour(static_cast<Kind>(kind[s.i]))) r.tumour += 1;
    for (int a = 0; a < 3; ++a)
      for (const std::int64_t i : {s.i - stride[a], s.i + stride[a]})
        if (is_tumour(static_cast<Kind>(kind[i]))) r.tumour += 1;
    reading[n] = r;
  }
};

class Vasculature {
public:
  // What happened so far, counted; part of the state.
  enum Counter : std::uint8_t {
    sprouts,
    branches,
    tip_fusions,
    vessel_fusions,
    starved_tips,
    perfused_sprouts,
    regressed,
    collapsed,
    first_contact,
    first_flow,
    next_sprout,
    counter_count
  };

  Vasculature(const Executor& executor, const Lattice& tissue, const Lattice& fields,
              const VasculatureSettings& settings, std::uint64_t seed);

  // Parent vessels; perfusion and flow in them.
  void start(const VesselNetwork& parents);
  // One vessel step of every rule that is on. `step` counts steps of the run.
  void advance(const VesselSurroundings& tissue, std::int64_t step);
  bool due(std::int64_t step) const { return step % steps_between_ == 0; }
  // Voxels that became vessel, or are free again, since the last call.
  VesselGraph::Changes take_changes() { return graph_.take_changes(); }

  // After a vessel step and once cells have made way: the walls that cells may leave through, whose
  // membranes those at them wear.
  WallView advance_walls(const CellView& cells, TraitFactors factors);

  const BloodPaths& blood() const { return paths_; }
  VesselLengths lengths() const { return {lengths_.data(), length_count_}; }
  const VesselGraph& graph() const { return graph_; }
  VesselGraph& graph() { return graph_; }
  std::vector<Event> take_events();

  std::shared_ptr<const VesselNetwork> network(std::int64_t step, const BloodReport& oxygen) const;
  // Columns of metrics.csv. places(): numbers of the voxels whose distance to blood is measured,
  // asked for only where there are vessels.
  void measure(MetricSheet& sheet, const std::function<std::vector<std::int64_t>()>& places) const;

  // Calls f(name, unit, meaning, std::vector<T>&) for every array of the state.
  template <class F>
  void for_each_array(const F& f);
  // After the arrays were replaced.
  void rebuild(const std::vector<std::int64_t>& full = {});

  // A tip stands where its node does.
  struct Tips {
    std::vector<std::int32_t> node, sprout, generation,
        exempt;                                    // sprout it must not fuse with near its root
    std::vector<double> root_x, root_y, root_z;    // um, where it parted from that sprout or met it
    std::vector<double> noise_x, noise_y, noise_z; // um/min, w of its motion
    std::vector<std::int64_t> born, branched, starving; // steps; starving: -1 if fed
    std::size_t size() const { return node.size(); }
    Point root(std::size_t t) const { return {root_x[t], root_y[t], root_z[t]}; }
    void part_from(std::size_t t, std::int32_t other, const Point& where) {
      exempt[t] = other;
      root_x[t] = where[0];
      root_y[t] = where[1];
      root_z[t] = where[2];
    }
    template <class F>
    void for_each(const F& f) {
      f(node), f(sprout), f(generation), f(exempt), f(root_x), f(root_y), f(root_z), f(noise_x),
          f(noise_y), f(noise_z), f(born), f(branched), f(starving);
    }
  };
  const Tips& tips() const { return tips_; }
  std::int64_t counted(Counter c) const { return counters_[c]; }

private:
  void sense(const VesselSurroundings& tissue);
  // Of tips; in tips.cpp.
  struct Encounter {
    std::int64_t distance2; // between it and the way of the tip, in grains
    std::int32_t segment;
    Point foot; // where on the segment
    bool operator<(const Encounter& o) const {
      return distance2 != o.distance2 ? distance2 < o.distance2 : segment < o.segment;
    }
    bool operator==(const Encounter& o) const { return segment == o.segment; }
  };
  struct Encounters {
    std::vector<Encounter> vessels; // that a tip may join, nearest first
    bool in_own_lumen = false;
  };
  std::vector<TipReading> read_around(const VesselSurroundings& tissue,
                                      const std::vector<Point>& places);
  bool walled(const VesselSurroundings& tissue, const Point& from, const Point& to);
  bool in_box(const Point& place) const;
  bool in_lumen(const Point& place);
  void walk_tips(const VesselSurroundings& tissue);
  void move_tip(const VesselSurroundings& tissue, std::size_t tip, const TipReading& around,
                int substep);
  void lay(std::size_t tip, const Point& to, bool by_steps);
  Encounters encounters(std::size_t tip, const Point& from, const Point& to);
  std::vector<std::pair<std::int32_t, double>> along_vessels(std::int32_t node,
                                                             double farthest) const;
  void meet(std::size_t tip, const Encounter& encounter);
  void join(std::size_t tip, std::int32_t node);
  bool may_sprout(std::int32_t node) const;
  void erode(const VesselSurroundings& tissue);
  void branch_and_starve(const VesselSurroundings& tissue);
  void start_sprouts(const VesselSurroundings& tissue);
  void mature_and_collapse();
  void regress();
  void perfuse();
  void solve_flow_now();
  void renew_carrying();
  void adapt_radii();
  void renew_lengths();
  double shear(std::int32_t segment) const;
  std::int32_t sprout_of(std::int32_t segment) const {
    return graph_.segments().sprout[static_cast<std::size_t>(segment)];
  }
  std::int32_t new_tip(std::int32_t from, const Point& place, std::int32_t generation,
                       std::int32_t parent_sprout);
  void remove_tips(const std::vector<std::uint8_t>& gone);
  bool tip_within(const Point& at, double distance, std::size_t except) const;
  void report(const char* what, std::int32_t node, const std::string& detail);
  Point centre(std::int64_t voxel) const;

  // A buffer that is too short is made anew, longer than asked for.
  template <class T>
  static void fit(const Executor& executor, Buffer<T>& buffer, std::size_t n) {
    const auto wanted = static_cast<std::int64_t>(n);
    if (buffer.size() < wanted) buffer = Buffer<T>(executor, wanted + wanted / 2 + 1024);
  }

  Executor executor_;
  Lattice tissue_, fields_;
  const VesselParameters vessels_;
  const SproutingParameters sprouting_;
  const FlowParameters flow_;
  const RegressionParameters regression_;
  const BloodSupply supply_;
  const TipMatrix matrix_;
  std::uint64_t seed_;
  const bool ends_give_; // a flow, or red cells of their own: then both are part of the state
  double step_length_;   // min
  int steps_between_;
  int substeps_;
  TipRule rule_{};

  VesselGraph graph_;
  Tips tips_;
  std::vector<std::int64_t> counters_;

  // Of the step at hand.
  std::int64_t step_ = 0;
  std::vector<VesselReading> reading_; // by node
  std::vector<std::uint8_t> gone_;     // tips that ended
  bool topology_changed_ = false, blood_changed_ = false;
  std::vector<Event> events_;
  FlowReport flow_report_;

  BloodPaths paths_;
  VesselWalls walls_;
  Buffer<VesselLength> lengths_;
  std::int64_t length_count_ = 0, length_revision_ = -1;
  Buffer<std::int64_t> voxel_stage_;
  Buffer<VesselReading> reading_stage_;
  Buffer<TipPlace> place_stage_;
  Buffer<TipReading> tip_stage_;
  Buffer<std::uint16_t> membrane_stage_;
};

template <class F>
void Vasculature::for_each_array(const F& f) {
  VesselGraph::Nodes& n = graph_.nodes();
  f("vessel_node_x", "um", "position of a node of the vessel graph", n.x);
  f("vessel_node_y", "um", "position of a node of the vessel graph", n.y);
  f("vessel_node_z", "um", "position of a node of the vessel graph", n.z);
  f("vessel_node_sprout", "1", "sprout that made the node; 0 parent vessel, -1 number not in use",
    n.sprout);
  f("vessel_node_end", "1", "0 inner node, 1 inlet, 2 outlet", n.end);
  f("vessel_node_end_pressure", "mmHg", "pressure held at an inlet or outlet", n.end_pressure);
  f("vessel_node_end_oxygen", "mmHg",
    "oxygen of blood that enters there; 0: by the vessel's radius", n.end_oxygen);
  f("vessel_node_pressure", "mmHg", "blood pressure", n.pressure);
  VesselGraph::Segments& s = graph_.segments();
  f("vessel_from", "1", "first node of a segment; -1 number not in use", s.from);
  f("vessel_to", "1", "second node of a segment", s.to);
  f("vessel_radius", "um", "radius of a segment", s.radius);
  f("vessel_born", "1", "step in which a segment was laid", s.born);
  f("vessel_idle", "1", "step since which a segment is not needed; -1 it is", s.idle);
  f("vessel_generation", "1", "0 parent vessel, 1 its sprouts, 2 their branches", s.generation);
  f("vessel_sprout", "1", "number of the sprout that laid a segment; 0 parent vessel", s.sprout);
  f("vessel_flags", "1", "bits: 1 in use, 2 perfused, 4 mature, 8 collapsed, 16 carries red cells",
    s.flags);
  f("vessel_flow", "um^3/min", "blood flow from the first node to the second", s.flow);
  f("vessel_haematocrit", "1", "discharge haematocrit", s.haematocrit);
  f("tip_node", "1", "node at which a sprout grows", tips_.node);
  f("tip_sprout", "1", "number of the sprout", tips_.sprout);
  f("tip_generation", "1", "1 sprout of a parent vessel, 2 its branch", tips_.generation);
  f("tip_exempt", "1", "sprout that the tip must first leave behind", tips_.exempt);
  f("tip_root_x", "um", "where it touched that sprout", tips_.root_x);
  f("tip_root_y", "um", "where it touched that sprout", tips_.root_y);
  f("tip_root_z", "um", "where it touched that sprout", tips_.root_z);
  f("tip_noise_x", "um/min", "velocity of the tip's own, without drift", tips_.noise_x);
  f("tip_noise_y", "um/min", "velocity of the tip's own, without drift", tips_.noise_y);
  f("tip_noise_z", "um/min", "velocity of the tip's own, without drift", tips_.noise_z);
  f("tip_born", "1", "step in which the tip began", tips_.born);
  f("tip_branched", "1", "step of its last branching", tips_.branched);
  f("tip_starving", "1", "step since which it finds too little VEGF; -1 it does not",
    tips_.starving);
  if (ends_give_) {
    f("vessel_node_end_flow", "um^3/min",
      "blood that enters there, negative: leaves; 0: as the pressure held there wants", n.end_flow);
    f("vessel_node_end_haematocrit", "1",
      "of blood that enters there; negative: `flow.haematocrit`", n.end_haematocrit);
  }
  if (walls_.on())
    f("vessel_membrane", "1", "basement membrane of a mature segment: 1 whole, 0 worn through",
      s.membrane);
  f("vessel_counters", "1",
    "sprouts, branches, fusions with tips, with vessels, starved tips, perfused sprouts, regressed "
    "and collapsed "
    "segments, step of first contact, step of first flow, number of the next sprout",
    counters_);
}

} // namespace metavox
