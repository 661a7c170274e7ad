#include "vessels/vasculature.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <stdexcept>

#include "core/launch.hpp"
#include "core/random.hpp"
#include "vessels/carrying.hpp"
#include "vessels/events.hpp"
#include "vessels/index.hpp"
#include "vessels/perfusion.hpp"
#include "vessels/vessel_length.hpp"

namespace metavox {
namespace {

// Arterioles and venules have muscle in their walls and do not give way to pressure. Assumed:
// wider than any capillary.
constexpr double collapsible_radius = 10; // um

bool any_end_gives(const VasculatureSettings& p) {
  return std::any_of(p.vessels.ends.begin(), p.vessels.ends.end(), [&](const auto& end) {
    return end.flow > 0 || end.haematocrit != p.flow.haematocrit;
  });
}

} // namespace

Vasculature::Vasculature(const Executor& executor, const Lattice& tissue, const Lattice& fields,
                         const VasculatureSettings& p, std::uint64_t seed)
    : executor_(executor), tissue_(tissue), fields_(fields), vessels_(p.vessels),
      sprouting_(p.sprouting), flow_(p.flow), regression_(p.regression), supply_(p.supply),
      matrix_(p.matrix), seed_(seed), ends_give_(any_end_gives(p)), step_length_(p.step),
      steps_between_(std::max(1, static_cast<int>(std::floor(p.vessel_step / p.step + 0.5)))),
      graph_(tissue), counters_(counter_count, 0), paths_(executor, fields),
      walls_(executor, tissue, p.walls) {
  const double vessel_step = steps_between_ * step_length_;
  const TipDrive drive{sprouting_.diffusivity, sprouting_.persistence, sprouting_.chemotaxis,
                       sprouting_.saturation,  sprouting_.haptotaxis,  sprouting_.speed_limit};
  substeps_ = static_cast<int>(tip_moves(vessel_step, tissue.spacing, drive));
  rule_ = tip_rule(drive, vessel_step / substeps_);
  counters_[first_contact] = counters_[first_flow] = -1;
  counters_[next_sprout] = 1;
}

void Vasculature::start(const VesselNetwork& parents) {
  graph_.lay(parents);
  perfuse();
  if (flow_.enabled) solve_flow_now();
  renew_carrying();
  paths_.renew(graph_, supply_);
  renew_lengths();
  // No perfusion events for the vessels of the start, but unsettled flow is reported.
  events_.erase(std::remove_if(events_.begin(), events_.end(),
                               [](const Event& e) { return e.what != "flow_unsettled"; }),
                events_.end());
}

void Vasculature::rebuild(const std::vector<std::int64_t>& full) {
  if (!ends_give_) { // what the arrays that are no part of the state would hold
    VesselGraph::Nodes& n = graph_.nodes();
    n.end_flow.assign(n.x.size(), 0);
    n.end_haematocrit.assign(n.x.size(), -1);
  }
  VesselGraph::Segments& segments = graph_.segments();
  if (!walls_.on()) segments.membrane.assign(segments.flags.size(), 1);
  graph_.rebuild(full);
  topology_changed_ = blood_changed_ = false;
  paths_.renew(graph_, supply_);
  length_revision_ = -1;
  renew_lengths();
}

// ---- one vessel step

void Vasculature::advance(const VesselSurroundings& tissue, std::int64_t step) {
  step_ = step;
  const bool adapts = flow_.enabled && flow_.adaptation;
  if (graph_.living_segments() == 0 || !(sprouting_.enabled || regression_.enabled || adapts))
    return;
  sense(tissue);
  if (sprouting_.enabled) {
    gone_.assign(tips_.size(), 0);
    walk_tips(tissue);
    erode(tissue);
    branch_and_starve(tissue);
    remove_tips(gone_);
    start_sprouts(tissue);
  }
  mature_and_collapse();
  if (regression_.enabled) regress();
  if (topology_changed_) perfuse();
  if (adapts) adapt_radii();
  if (flow_.enabled && blood_changed_) solve_flow_now();
  if (blood_changed_) renew_carrying();
  if (blood_changed_) paths_.renew(graph_, supply_);
  renew_lengths();
  blood_changed_ = false;
}

void Vasculature::sense(const VesselSurroundings& tissue) {
  const auto n = static_cast<std::size_t>(graph_.node_count());
  std::vector<std::int64_t> voxel(n, -1);
  for (std::int32_t k = 0; k < graph_.node_count(); ++k)
    if (graph_.node_alive(k)) voxel[at(k)] = graph_.voxel(k);
  fit(executor_, voxel_stage_, n);
  fit(executor_, reading_stage_, n);
  executor_.copy_in(voxel_stage_.data(), voxel.data(), n * sizeof(std::int64_t));
  executor_.for_each_index(static_cast<std::int64_t>(n),
                           SenseVessels{voxel_stage_.data(), reading_stage_.data(), tissue.vegf,
                                        tissue.pressure, tissue.cells.kind_code, tissue_});
  reading_.resize(n);
  executor_.copy_out(reading_.data(), reading_stage_.data(), n * sizeof(VesselReading));
}

// ---- maturation, collapse, regression

void Vasculature::mature_and_collapse() {
  const double dt = steps_between_ * step_length_;
  const double matures = exact::chance(sprouting_.maturation_rate, dt);
  const double reopens = exact::chance(regression_.reopening_rate, dt);
  std::vector<std::uint8_t>& flags = graph_.segments().flags;
  const auto at_tumour = [&](std::int32_t n) {
    return at(n) < reading_.size() && reading_[at(n)].tumour > 0;
  };
  for (std::int32_t s = 0; s < graph_.segment_count(); ++s) {
    if (!graph_.is_alive(s)) continue;
    const auto i = at(s);
    if (counters_[first_flow] < 0 && graph_.segments().generation[i] > 0 &&
        (flags[i] & VesselGraph::carries) != 0 &&
        (at_tumour(graph_.segments().from[i]) || at_tumour(graph_.segments().to[i]))) {
      counters_[first_flow] = step_;
      report("first_flow", graph_.segments().from[i], "red cells pass a new vessel at the tumour");
    }
    if ((flags[i] & VesselGraph::mature) == 0 && (flags[i] & VesselGraph::carries) != 0 &&
        static_cast<double>(step_ - graph_.segments().born[i]) * step_length_ >=
            sprouting_.maturation_age) {
      const Draw d = draw(seed_, Purpose::maturation, static_cast<std::uint64_t>(s),
                          static_cast<std::uint64_t>(step_));
      if (to_unit(d.word[0]) < matures)
        flags[i] = static_cast<std::uint8_t>(flags[i] | VesselGraph::mature);
    }
    // Muscle and pericytes hold a vessel open.
    if (!regression_.enabled || (flags[i] & VesselGraph::mature) != 0 ||
        graph_.segments().radius[i] >= collapsible_radius)
      continue;
    const auto pressure = [&](std::int32_t n) { // none where it was laid in this step
      return at(n) < reading_.size() ? static_cast<double>(reading_[at(n)].pressure) : 0.0;
    };
    const bool shut = (flags[i] & VesselGraph::collapsed) != 0;
    const double over = (pressure(graph_.segments().from[i]) + pressure(graph_.segments().to[i])) /
                            (2 * regression_.occlusion_pressure) -
                        1;
    if (shut == (over > 0)) continue;
    const double collapses =
        exact::chance(regression_.occlusion_rate * std::clamp(over, 0.0, 1.0), dt);
    const Draw d = draw(seed_, Purpose::occlusion, static_cast<std::uint64_t>(s),
                        static_cast<std::uint64_t>(step_));
    if (to_unit(d.word[0]) >= (shut ? reopens : collapses)) continue;
    flags[i] = static_cast<std::uint8_t>(flags[i] ^ VesselGraph::collapsed);
    if (shut) {
      topology_changed_ = true;
    } else {
      counters_[collapsed] += 1;
      if ((flags[i] & VesselGraph::perfused) != 0) topology_changed_ = true;
    }
    report(shut ? "reopening" : "collapse", graph_.segments().from[i],
           shut ? "a vessel is no longer pressed" : "growing tissue presses a vessel shut");
  }
}

double Vasculature::shear(std::int32_t s) const {
  const auto i = at(s);
  const double drop = graph_.nodes().pressure[at(graph_.segments().from[i])] -
                      graph_.nodes().pressure[at(graph_.segments().to[i])];
  return wall_shear_stress(std::abs(drop), graph_.segments().radius[i], graph_.length(s));
}

void Vasculature::regress() {
  VesselGraph::Segments& segments = graph_.segments();
  // A system of sprouts without red cells lives as long as one of its tips grows.
  std::vector<std::uint8_t> guarded(static_cast<std::size_t>(graph_.segment_count()), 0);
  std::vector<std::int32_t> open = tips_.node;
  while (!open.empty()) {
    const std::int32_t n = open.back();
    open.pop_back();
    graph_.for_each_segment(n, [&](std::int32_t s, std::int32_t other) {
      if (guarded[at(s)] != 0 || graph_.has(s, VesselGraph::carries)) return;
      guarded[at(s)] = 1;
      open.push_back(other);
    });
  }
  struct Loss {
    std::int32_t node;
    int segments;
  };
  std::map<std::int32_t, Loss> lost; // by sprout
  std::vector<std::int32_t> going;
  for (std::int32_t s = 0; s < graph_.segment_count(); ++s) {
    if (!graph_.is_alive(s)) continue;
    const auto i = at(s);
    bool needed = guarded[i] != 0;
    if (graph_.has(s, VesselGraph::carries)) {
      const std::int32_t n = segments.from[i];
      const bool fed = regression_.vegf_protects && at(n) < reading_.size() &&
                       static_cast<double>(reading_[at(n)].vegf) >
                           sprouting_.starvation * sprouting_.half_response;
      needed =
          !flow_.enabled || segments.generation[i] == 0 || fed || shear(s) >= regression_.shear;
    }
    if (needed) {
      segments.idle[i] = -1;
      continue;
    }
    if (segments.idle[i] < 0) segments.idle[i] = step_;
    if (static_cast<double>(step_ - segments.idle[i]) * step_length_ >= regression_.patience)
      going.push_back(s);
  }
  for (const std::int32_t s : going)
    lost.try_emplace(segments.sprout[at(s)], Loss{segments.from[at(s)], 0})
        .first->second.segments += 1;
  for (const auto& [sprout, loss] : lost)
    report("regression", loss.node,
           (sprout == 0 ? "parent vessel" : "sprout " + std::to_string(sprout)) + " loses " +
               std::to_string(loss.segments) + (loss.segments == 1 ? " segment" : " segments"));
  std::vector<std::int32_t> freed; // nodes that lose their last segment
  for (const std::int32_t s : going) {
    if (graph_.has(s, VesselGraph::perfused)) topology_changed_ = blood_changed_ = true;
    const std::int32_t ends[2] = {segments.from[at(s)], segments.to[at(s)]};
    graph_.remove_segment(s);
    for (const std::int32_t n : ends)
      if (!graph_.node_alive(n)) freed.push_back(n);
    counters_[regressed] += 1;
  }
  std::sort(freed.begin(), freed.end());
  // A tip that had gone on from a loop goes with it.
  gone_.assign(tips_.size(), 0);
  for (std::size_t t = 0; t < tips_.size(); ++t)
    gone_[t] = std::binary_search(freed.begin(), freed.end(), tips_.node[t]) ? 1 : 0;
  remove_tips(gone_);
}

// ---- blood

void Vasculature::perfuse() {
  topology_changed_ = false;
  VesselGraph::Segments& segments = graph_.segments();
  std::vector<std::pair<std::int32_t, std::int32_t>> edges;
  std::vector<std::int32_t> owner, inlets, outlets, holding;
  for (std::int32_t s = 0; s < graph_.segment_count(); ++s) {
    if (!graph_.is_alive(s) || graph_.has(s, VesselGraph::collapsed)) continue;
    edges.emplace_back(segments.from[at(s)], segments.to[at(s)]);
    owner.push_back(s);
  }
  for (std::int32_t n = 0; n < graph_.node_count(); ++n) {
    if (!graph_.node_alive(n)) continue;
    const auto end = static_cast<VesselEnd>(graph_.nodes().end[at(n)]);
    if (end == VesselEnd::inlet) inlets.push_back(n);
    if (end == VesselEnd::outlet) outlets.push_back(n);
    if (end != VesselEnd::none && graph_.nodes().end_flow[at(n)] == 0) holding.push_back(n);
  }
  std::vector<std::uint8_t> now;
  executor_.timed("vessel.perfusion", 0, 0,
                  [&] { now = perfused_edges(graph_.node_count(), edges, inlets, outlets); });
  // Given flows that vessels which closed have cut off from every pressure stand still.
  if (ends_give_ && flow_.enabled) now = edges_in_reach(graph_.node_count(), edges, now, holding);
  std::vector<std::uint8_t> connected(segments.flags.size(), 0);
  for (std::size_t k = 0; k < owner.size(); ++k) connected[at(owner[k])] = now[k];
  for (std::int32_t s = 0; s < graph_.segment_count(); ++s) {
    if (!graph_.is_alive(s)) continue;
    const auto i = at(s);
    const bool before = graph_.has(s, VesselGraph::perfused), after = connected[i] != 0;
    if (before == after) continue;
    blood_changed_ = true;
    segments.flags[i] =
        static_cast<std::uint8_t>(after ? segments.flags[i] | VesselGraph::perfused
                                        : segments.flags[i] & ~VesselGraph::perfused);
    segments.flow[i] = 0;
    segments.haematocrit[i] = after ? flow_.haematocrit : 0;
  }
}

// Where flow is not solved, all that is perfused carries.
void Vasculature::renew_carrying() {
  VesselGraph::Segments& segments = graph_.segments();
  std::map<std::int32_t, std::int32_t> filled; // sprout: first node
  for (std::int32_t s = 0; s < graph_.segment_count(); ++s) {
    if (!graph_.is_alive(s)) continue;
    const auto i = at(s);
    const bool before = graph_.has(s, VesselGraph::carries);
    const double flux = red_cell_flux(segments.flow[i], segments.haematocrit[i]);
    const bool after =
        graph_.has(s, VesselGraph::perfused) && (!flow_.enabled || carries_red_cells(flux, before));
    if (before == after) continue;
    segments.flags[i] = static_cast<std::uint8_t>(segments.flags[i] ^ VesselGraph::carries);
    if (after && segments.sprout[i] != 0) filled.try_emplace(segments.sprout[i], segments.from[i]);
  }
  for (const auto& [sprout, node] : filled) {
    counters_[perfused_sprouts] += 1;
    report("perfusion", node, "red cells begin to pass sprout " + std::to_string(sprout));
  }
}

void Vasculature::solve_flow_now() {
  VesselGraph::Segments& segments = graph_.segments();
  FlowNetwork network;
  FlowSolution solution;
  std::vector<std::int32_t> number(static_cast<std::size_t>(graph_.node_count()), -1), node_of,
      owner;
  const auto numbered = [&](std::int32_t n) {
    if (number[at(n)] < 0) {
      number[at(n)] = network.nodes++;
      node_of.push_back(n);
      solution.pressure.push_back(graph_.nodes().pressure[at(n)]);
    }
    return number[at(n)];
  };
  for (std::int32_t s = 0; s < graph_.segment_count(); ++s) {
    if (!graph_.is_alive(s) || !graph_.has(s, VesselGraph::perfused)) continue;
    const auto i = at(s);
    const std::int32_t from = numbered(segments.from[i]), to = numbered(segments.to[i]);
    network.segments.push_back({from, to, segments.radius[i], graph_.length(s)});
    owner.push_back(s);
    solution.flow.push_back(segments.flow[i]);
    solution.haematocrit.push_back(segments.haematocrit[i]);
  }
  for (std::size_t k = 0; k < node_of.size(); ++k) {
    const auto n = at(node_of[k]);
    if (graph_.nodes().end[n] != static_cast<std::uint8_t>(VesselEnd::none))
      network.ends.push_back({static_cast<std::int32_t>(k), graph_.nodes().end_pressure[n],
                              graph_.haematocrit_at_end(node_of[k], flow_.haematocrit),
                              graph_.nodes().end_flow[n]});
  }
  std::fill(graph_.nodes().pressure.begin(), graph_.nodes().pressure.end(), 0.0);
  if (owner.empty()) return;
  executor_.timed("vessel.flow", 0, 0, [&] {
    flow_report_ = solve_flow(network, flow_, solution, executor_.threads());
  });
  if (!flow_report_.settled) {
    const std::string change = std::to_string(flow_report_.haematocrit_change);
    if (flow_report_.haematocrit_change > 0.1)
      throw NumericalError("blood flow: haematocrit still changes by " + change + " after " +
                           std::to_string(flow_report_.iterations) +
                           " iterations; raise flow.max_iterations or flow.tolerance");
    report("flow_unsettled", node_of[0], "haematocrit still changes by " + change + " somewhere");
  }
  for (std::size_t k = 0; k < node_of.size(); ++k)
    graph_.nodes().pressure[at(node_of[k])] = solution.pressure[k];
  for (std::size_t k = 0; k < owner.size(); ++k) {
    segments.flow[at(owner[k])] = solution.flow[k];
    segments.haematocrit[at(owner[k])] = solution.haematocrit[k];
  }
}

// Radii follow the shear of the blood, ever more slowly as it nears the set point (after A. Pries,
// T. Secomb and P. Gaehtgens 1998, Am. J. Physiol. 275:H349, the shear term alone).
void Vasculature::adapt_radii() {
  const double dt = steps_between_ * step_length_;
  for (std::int32_t s = 0; s < graph_.segment_count(); ++s) {
    if (!graph_.is_alive(s) || !graph_.has(s, VesselGraph::perfused) ||
        graph_.segments().generation[at(s)] == 0)
      continue;
    const double relative = std::max(shear(s), 1e-3) / flow_.adaptation_shear;
    const double growth = std::clamp(
        flow_.adaptation_rate * dt * exact::log(relative) / 2.302585092994046, -0.1, 0.1);
    const double radius = graph_.segments().radius[at(s)];
    graph_.set_radius(
        s, std::clamp(radius * exact::exp(growth), flow_.smallest_radius, flow_.largest_radius));
    blood_changed_ = true;
  }
}

WallView Vasculature::advance_walls(const CellView& cells, TraitFactors factors) {
  walls_.advance(graph_, cells, factors, steps_between_ * step_length_);
  return walls_.view();
}

void Vasculature::renew_lengths() {
  if (length_revision_ == graph_.revision()) return;
  length_revision_ = graph_.revision();
  const std::vector<VesselLength> lengths = vessel_lengths(graph_, fields_);
  fit(executor_, lengths_, lengths.size());
  length_count_ = static_cast<std::int64_t>(lengths.size());
  if (length_count_ > 0)
    executor_.copy_in(lengths_.data(), lengths.data(), lengths.size() * sizeof(VesselLength));
}

// ---- reports

void Vasculature::report(const char* what, std::int32_t node, const std::string& detail) {
  if (std::none_of(std::begin(vessel_events), std::end(vessel_events),
                   [what](const EventRow& row) { return row.name == what; }))
    throw std::logic_error(std::string("the event ") + what + " has no row in vessel_events");
  const Point p = graph_.position(node);
  events_.push_back(
      {static_cast<double>(step_ + 1) * step_length_, what, p[0], p[1], p[2], detail});
}

std::vector<Event> Vasculature::take_events() { return std::exchange(events_, {}); }

Point Vasculature::centre(std::int64_t v) const {
  const Voxel s = tissue_.voxel_at(v);
  return {(s.x + 0.5) * tissue_.spacing, (s.y + 0.5) * tissue_.spacing,
          (s.z + 0.5) * tissue_.spacing};
}

std::shared_ptr<const VesselNetwork> Vasculature::network(std::int64_t step,
                                                          const BloodReport& oxygen) const {
  auto network = std::make_shared<VesselNetwork>();
  const VesselGraph::Segments& segments = graph_.segments();
  std::vector<std::int32_t> number(static_cast<std::size_t>(graph_.node_count()), -1);
  for (std::int32_t n = 0; n < graph_.node_count(); ++n) {
    if (!graph_.node_alive(n)) continue;
    number[at(n)] = static_cast<std::int32_t>(network->nodes.size());
    VesselNode node{graph_.position(n)};
    node.end = static_cast<VesselEnd>(graph_.nodes().end[at(n)]);
    node.end_pressure = graph_.nodes().end_pressure[at(n)];
    node.pressure = graph_.nodes().pressure[at(n)];
    network->nodes.push_back(node);
  }
  for (const std::int32_t n : tips_.node) network->nodes[at(number[at(n)])].tip = true;
  std::vector<std::int32_t> place(static_cast<std::size_t>(graph_.segment_count()), -1);
  for (std::int32_t s = 0; s < graph_.segment_count(); ++s) {
    if (!graph_.is_alive(s)) continue;
    const auto i = at(s);
    VesselSegment one{number[at(segments.from[i])], number[at(segments.to[i])], segments.radius[i],
                      graph_.has(s, VesselGraph::perfused)};
    one.flow = segments.flow[i];
    one.haematocrit = segments.haematocrit[i];
    one.shear = one.perfused ? shear(s) : 0;
    place[i] = static_cast<std::int32_t>(network->segments.size());
    one.age = static_cast<double>(step - segments.born[i]) * step_length_;
    one.generation = segments.generation[i];
    one.sprout = segments.sprout[i];
    one.carries = graph_.has(s, VesselGraph::carries);
    one.mature = graph_.has(s, VesselGraph::mature);
    one.collapsed = graph_.has(s, VesselGraph::collapsed);
    network->segments.push_back(one);
  }
  // Pieces of a segment are equally long.
  for (std::size_t k = 0; k < oxygen.level.size(); ++k) {
    const std::int32_t s = paths_.segments()[k];
    if (place[at(s)] < 0) continue; // a graph gone wrong is drawn as it is
    VesselSegment& one = network->segments[at(place[at(s)])];
    const double share = paths_.lengths()[k] / graph_.length(s);
    one.oxygen += share * oxygen.level[k];
    one.saturation += share * oxygen.saturation[k];
    one.released += oxygen.given[k];
  }
  return network;
}

} // namespace metavox
