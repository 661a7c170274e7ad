#include "vessels/flow/bed.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "vessels/perfusion.hpp"

namespace metavox::flow {

void refuse(const std::string& what) { throw std::invalid_argument("blood flow: " + what); }

void Bed::check(const FlowNetwork& network, const FlowParameters& settings) const {
  const auto known = [&](std::int32_t v) { return v >= 0 && v < network.nodes; };
  if (network.nodes < 0) refuse("a negative number of nodes");
  if (network.segments.size() > std::numeric_limits<std::int32_t>::max() / 2)
    refuse("too many segments");
  if (!(settings.plasma_viscosity > 0) || !std::isfinite(settings.plasma_viscosity))
    refuse("plasma viscosity must be positive");
  for (std::size_t i = 0; i < network.segments.size(); ++i) {
    const FlowNetwork::Segment& s = network.segments[i];
    const auto name = [&] { return "segment " + std::to_string(i); };
    if (!known(s.from) || !known(s.to)) refuse(name() + " joins a node out of range");
    if (!(s.radius > 0) || !std::isfinite(s.radius)) refuse(name() + " has no radius");
    if (!(s.length > 0) || !std::isfinite(s.length)) refuse(name() + " has no length");
    const double g = conductance(s.radius, s.length, settings.plasma_viscosity);
    if (!(g > 1e-100) || !(g < 1e100))
      refuse(name() + " has a radius or length beyond all vessels");
  }
  for (std::size_t i = 0; i < network.ends.size(); ++i) {
    const FlowNetwork::End& e = network.ends[i];
    const std::string name = "end " + std::to_string(i);
    if (!known(e.node)) refuse(name + " is at a node out of range");
    if (!std::isfinite(e.pressure) || !std::isfinite(e.inflow))
      refuse(name + " has no pressure or flow");
    if (!(e.haematocrit >= 0 && e.haematocrit <= largest_haematocrit))
      refuse(name + " has a haematocrit outside 0 to 0.95");
  }
}

bool Bed::holds(const FlowNetwork& network, std::int32_t v) const {
  return end[at(v)] != none && network.ends[at(end[at(v)])].inflow == 0;
}

// Follows unbranched runs from junction to junction; numbers vertices in the order of nodes.
std::vector<Branch> Bed::contract(const FlowNetwork& network) {
  const std::size_t nodes = at(network.nodes);
  std::vector<std::int32_t> end_of(nodes, none);
  for (std::size_t i = 0; i < network.ends.size(); ++i) {
    std::int32_t& e = end_of[at(network.ends[i].node)];
    if (e != none) refuse("node " + std::to_string(network.ends[i].node) + " is two ends");
    e = static_cast<std::int32_t>(i);
  }

  std::vector<std::size_t> first(nodes + 1, 0);
  for (const FlowNetwork::Segment& s : network.segments)
    if (s.from != s.to) {
      ++first[at(s.from) + 1];
      ++first[at(s.to) + 1];
    }
  for (std::size_t v = 0; v < nodes; ++v) first[v + 1] += first[v];
  std::vector<std::int32_t> beside(first[nodes]);
  std::vector<std::size_t> next(first.begin(), first.end() - 1);
  for (std::size_t i = 0; i < network.segments.size(); ++i) {
    const FlowNetwork::Segment& s = network.segments[i];
    if (s.from == s.to) {
      if (first[at(s.from)] == first[at(s.from) + 1] && end_of[at(s.from)] == none)
        refuse("no end holds node " + std::to_string(s.from) + " at a pressure");
      continue;
    }
    beside[next[at(s.from)]++] = static_cast<std::int32_t>(i);
    beside[next[at(s.to)]++] = static_cast<std::int32_t>(i);
  }

  vertex.assign(nodes, none);
  for (std::size_t v = 0; v < nodes; ++v) {
    const std::size_t degree = first[v + 1] - first[v];
    if (degree == 0 && end_of[v] != none && network.ends[at(end_of[v])].inflow != 0)
      refuse("the flow given at node " + std::to_string(v) + " has no way to go");
    if (degree == 0 || (degree == 2 && end_of[v] == none)) continue;
    vertex[v] = static_cast<std::int32_t>(node.size());
    node.push_back(static_cast<std::int32_t>(v));
    end.push_back(end_of[v]);
  }

  std::vector<Branch> all;
  std::vector<std::uint8_t> seen(network.segments.size(), 0);
  steps.reserve(network.segments.size());
  for (const std::int32_t start : node)
    for (std::size_t k = first[at(start)]; k < first[at(start) + 1]; ++k) {
      if (seen[at(beside[k])]) continue;
      Branch branch;
      branch.from = vertex[at(start)];
      branch.first_step = steps.size();
      std::int32_t here = start, through = beside[k];
      for (;;) {
        const FlowNetwork::Segment& s = network.segments[at(through)];
        seen[at(through)] = 1;
        steps.push_back({through, s.from == here});
        here = s.from == here ? s.to : s.from;
        if (vertex[at(here)] != none) break;
        const std::size_t f = first[at(here)];
        through = beside[f] == through ? beside[f + 1] : beside[f];
      }
      branch.to = vertex[at(here)];
      branch.last_step = steps.size();
      all.push_back(branch);
    }
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (!seen[i] && network.segments[i].from != network.segments[i].to)
      refuse("no end holds segment " + std::to_string(i) + " at a pressure");
  return all;
}

void Bed::add_stretches(const FlowNetwork& network, double plasma_viscosity, std::int32_t number,
                        Branch& branch) {
  branch.first_stretch = stretches.size();
  double radius = -1;
  for (std::size_t k = branch.first_step; k < branch.last_step; ++k) {
    const FlowNetwork::Segment& s = network.segments[at(steps[k].segment)];
    if (s.radius != radius) {
      radius = s.radius;
      if (radius != rheology_radius_) {
        rheology_radius_ = radius;
        rheology_ = rheology(2 * radius);
      }
      stretches.plasma.push_back(0);
      stretches.slope.push_back(rheology_.slope);
      stretches.exponent.push_back(rheology_.exponent);
      stretches.branch.push_back(number);
    }
    stretches.plasma.back() += rheology_.wall / conductance(s.radius, s.length, plasma_viscosity);
  }
  branch.last_stretch = stretches.size();
  branch.diameter_from = 2 * network.segments[at(steps[branch.first_step].segment)].radius;
  branch.diameter_to = 2 * network.segments[at(steps[branch.last_step - 1].segment)].radius;
}

void Bed::make_arcs(const std::vector<Branch>& list) {
  const std::size_t vertices = node.size();
  first_arc.assign(vertices + 1, 0);
  for (const Branch& b : list) {
    ++first_arc[at(b.from) + 1];
    ++first_arc[at(b.to) + 1];
  }
  for (std::size_t v = 0; v < vertices; ++v) first_arc[v + 1] += first_arc[v];
  arcs.resize(first_arc[vertices]);
  std::vector<std::size_t> next(first_arc.begin(), first_arc.end() - 1);
  for (std::size_t b = 0; b < list.size(); ++b) {
    arcs[next[at(list[b].from)]++] = {static_cast<std::int32_t>(b), list[b].to, 1.0,
                                      list[b].diameter_from};
    arcs[next[at(list[b].to)]++] = {static_cast<std::int32_t>(b), list[b].from, -1.0,
                                    list[b].diameter_to};
  }
}

Bed::Reach Bed::reach_of_ends(const FlowNetwork& network) const {
  const std::size_t vertices = node.size();
  Reach reach;
  reach.from.assign(vertices, none);
  std::vector<std::uint8_t> seen(vertices, 0);
  for (std::size_t v = 0; v < vertices; ++v)
    if (end[v] != none) {
      reach.ends.push_back(static_cast<std::int32_t>(v));
      if (!holds(network, reach.ends.back())) continue;
      reach.order.push_back(reach.ends.back());
      seen[v] = 1;
    }
  for (std::size_t k = 0; k < reach.order.size(); ++k)
    for (std::size_t a = first_arc[at(reach.order[k])]; a < first_arc[at(reach.order[k]) + 1]; ++a)
      if (const std::int32_t v = arcs[a].other; !seen[at(v)]) {
        seen[at(v)] = 1;
        reach.from[at(v)] = reach.order[k];
        reach.order.push_back(v);
      }
  for (std::size_t v = 0; v < vertices; ++v)
    if (!seen[v]) refuse("no end holds node " + std::to_string(node[v]) + " at a pressure");
  return reach;
}

// Nothing flows off the simple paths from end to end, nor in a part whose ends are all held at one
// pressure.
std::vector<std::uint8_t> Bed::flowing(const FlowNetwork& network, const std::vector<Branch>& all,
                                       const std::vector<std::int32_t>& ends) const {
  std::vector<std::pair<std::int32_t, std::int32_t>> edges(all.size());
  for (std::size_t b = 0; b < all.size(); ++b) edges[b] = {all[b].from, all[b].to};
  std::vector<std::uint8_t> flows =
      edges_between(static_cast<std::int32_t>(node.size()), edges, ends);
  const auto pressure = [&](std::int32_t v) { return network.ends[at(end[at(v)])].pressure; };
  for (std::size_t b = 0; b < all.size(); ++b)
    if (holds(network, all[b].from) && holds(network, all[b].to) &&
        pressure(all[b].from) == pressure(all[b].to))
      flows[b] = 0;
  still_parts(network, flows);
  return flows;
}

// Takes the flow from branches of parts whose ends are all held at one pressure. The arcs are those
// of all branches.
void Bed::still_parts(const FlowNetwork& network, std::vector<std::uint8_t>& flows) const {
  const std::size_t vertices = node.size();
  const auto pressure = [&](std::int32_t v) { return network.ends[at(end[at(v)])].pressure; };
  std::vector<std::int32_t> part;
  std::vector<std::uint8_t> seen(vertices, 0);
  for (std::size_t start = 0; start < vertices; ++start) {
    if (seen[start] || holds(network, static_cast<std::int32_t>(start))) continue;
    part.assign(1, static_cast<std::int32_t>(start));
    seen[start] = 1;
    double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
    bool given = false;
    for (std::size_t k = 0; k < part.size(); ++k) {
      given = given || end[at(part[k])] != none;
      for (std::size_t a = first_arc[at(part[k])]; a < first_arc[at(part[k]) + 1]; ++a) {
        const std::int32_t v = arcs[a].other;
        if (!flows[at(arcs[a].branch)]) continue;
        if (holds(network, v)) {
          lowest = std::min(lowest, pressure(v));
          highest = std::max(highest, pressure(v));
        } else if (!seen[at(v)]) {
          seen[at(v)] = 1;
          part.push_back(v);
        }
      }
    }
    if (lowest == highest && !given)
      for (const std::int32_t v : part)
        for (std::size_t a = first_arc[at(v)]; a < first_arc[at(v) + 1]; ++a)
          flows[at(arcs[a].branch)] = 0;
  }
}

// Unknown vertices first, in the order of nodes. Returns the new number of each vertex.
std::vector<std::int32_t> Bed::renumber(const FlowNetwork& network, const std::vector<Branch>& all,
                                        const std::vector<std::uint8_t>& flows,
                                        const Reach& reach) {
  const std::size_t vertices = node.size();
  std::vector<std::uint8_t> unknown(vertices, 0);
  for (std::size_t b = 0; b < all.size(); ++b)
    if (flows[b])
      for (const std::int32_t v : {all[b].from, all[b].to})
        if (!holds(network, v)) unknown[at(v)] = 1;
  std::vector<std::int32_t> number(vertices);
  std::int32_t count = 0;
  for (const bool now : {true, false}) {
    for (std::size_t v = 0; v < vertices; ++v)
      if ((unknown[v] != 0) == now) number[v] = count++;
    if (now) unknowns = at(count);
  }
  for (const std::int32_t v : reach.order)
    if (!unknown[at(v)] && !holds(network, v))
      hangers.push_back({number[at(v)], number[at(reach.from[at(v)])]});
  const std::vector<std::int32_t> old_node = node, old_end = end;
  for (std::size_t v = 0; v < vertices; ++v) {
    node[at(number[v])] = old_node[v];
    end[at(number[v])] = old_end[v];
    vertex[at(old_node[v])] = number[v];
  }
  for (std::size_t v = 0; v < unknowns; ++v)
    if (end[v] != none) driven.push_back(network.ends[at(end[v])].inflow);
  return number;
}

Bed::Bed(const FlowNetwork& network, const FlowParameters& settings) {
  check(network, settings);
  std::vector<Branch> all = contract(network);
  make_arcs(all);
  const Reach reach = reach_of_ends(network);
  const std::vector<std::uint8_t> flows = flowing(network, all, reach.ends);
  const std::vector<std::int32_t> number = renumber(network, all, flows, reach);
  for (std::size_t b = 0; b < all.size(); ++b) {
    all[b].from = number[at(all[b].from)];
    all[b].to = number[at(all[b].to)];
    if (flows[b]) {
      add_stretches(network, settings.plasma_viscosity, static_cast<std::int32_t>(branches.size()),
                    all[b]);
      joins.push_back({all[b].from, all[b].to});
    }
    (flows[b] ? branches : still).push_back(all[b]);
  }
  make_arcs(branches);
}

void conductances_of(const Bed& bed, std::size_t begin, std::size_t end, const double* haematocrit,
                     double* conductance) {
  if (begin == end) return;
  constexpr std::size_t most = 1024; // stretches at a time
  std::array<double, most> resistance;
  const Stretches& parts = bed.stretches;
  const std::size_t last = bed.branches[end - 1].last_stretch;
  std::size_t b = begin;
  double sum = 0;
  for (std::size_t first = bed.branches[begin].first_stretch; first < last; first += most) {
    const std::size_t count = std::min(most, last - first);
    const double *plasma = parts.plasma.data() + first, *slope = parts.slope.data() + first,
                 *exponent = parts.exponent.data() + first;
    const std::int32_t* branch = parts.branch.data() + first;
    for (std::size_t k = 0; k < count; ++k) resistance[k] = log_plasma(haematocrit[branch[k]]);
    for (std::size_t k = 0; k < count; ++k) {
      const double l = resistance[k];
      resistance[k] = plasma[k] * (1.0 + slope[k] * l * growth(exponent[k] * l));
    }
    for (std::size_t k = 0; k < count; ++k) {
      sum += resistance[k];
      if (first + k + 1 < bed.branches[b].last_stretch) continue;
      conductance[b++] = 1.0 / sum;
      sum = 0;
    }
  }
}

} // namespace metavox::flow
