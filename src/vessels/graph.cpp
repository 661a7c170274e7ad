#include "vessels/graph.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/errors.hpp"
#include "vessels/index.hpp"
#include "voxel/kind.hpp"

namespace metavox {
namespace {

// The voxel of a point, or false. A point on a far face belongs to the last voxel.
bool voxel_of(const Point& p, const Lattice& l, std::array<int, 3>& v) {
  const int n[3] = {l.nx, l.ny, l.nz};
  for (std::size_t a = 0; a < 3; ++a) {
    const double u = p[a] / l.spacing;
    if (!(u >= 0) || u > n[a] * (1 + 1e-12)) return false;
    v[a] = std::min(static_cast<int>(std::floor(u)), n[a] - 1);
  }
  return true;
}

std::string voxel_name(std::int64_t v, const Lattice& l) {
  const Voxel s = l.voxel_at(v);
  return "voxel (" + std::to_string(s.x) + ", " + std::to_string(s.y) + ", " + std::to_string(s.z) +
         ")";
}

} // namespace

std::vector<VoxelPiece> pieces_of(const Point& from, const Point& to, const Lattice& l) {
  // The line is cut where it crosses planes between voxels; each piece lies in the voxel of its
  // middle.
  std::vector<double> cuts{0.0, 1.0};
  for (std::size_t a = 0; a < 3; ++a) {
    const double u = from[a] / l.spacing, v = to[a] / l.spacing;
    if (u == v) continue;
    const double low = std::min(u, v), high = std::max(u, v);
    const int n = a == 0 ? l.nx : (a == 1 ? l.ny : l.nz);
    const int first = std::max(0, static_cast<int>(std::ceil(low)));
    const int last = std::min(n, static_cast<int>(std::floor(high)));
    for (int plane = first; plane <= last; ++plane) {
      const double t = (plane - u) / (v - u);
      if (t > 0 && t < 1) cuts.push_back(t);
    }
  }
  std::sort(cuts.begin(), cuts.end());
  std::vector<VoxelPiece> pieces;
  for (std::size_t c = 0; c + 1 < cuts.size(); ++c) {
    if (cuts[c + 1] - cuts[c] < 1e-12) continue;
    const double t = 0.5 * (cuts[c] + cuts[c + 1]);
    Point middle{};
    for (std::size_t a = 0; a < 3; ++a) middle[a] = from[a] + t * (to[a] - from[a]);
    VoxelPiece piece{{}, cuts[c], cuts[c + 1]};
    if (!voxel_of(middle, l, piece.voxel)) continue;
    if (!pieces.empty() && pieces.back().voxel == piece.voxel && pieces.back().end == piece.begin)
      pieces.back().end = piece.end;
    else
      pieces.push_back(piece);
  }
  return pieces;
}

std::vector<std::int64_t> voxels_around(const Point& p, double radius, const Lattice& l) {
  std::vector<std::int64_t> voxels;
  std::array<int, 3> own{};
  const bool inside = voxel_of(p, l, own);
  if (inside) voxels.push_back(l.number(own[0], own[1], own[2]));
  if (radius < l.spacing) return voxels;
  int low[3], high[3];
  const int n[3] = {l.nx, l.ny, l.nz};
  for (std::size_t a = 0; a < 3; ++a) {
    low[a] = std::max(0, static_cast<int>(std::floor((p[a] - radius) / l.spacing)));
    high[a] = std::min(n[a] - 1, static_cast<int>(std::floor((p[a] + radius) / l.spacing)));
  }
  for (int z = low[2]; z <= high[2]; ++z)
    for (int y = low[1]; y <= high[1]; ++y)
      for (int x = low[0]; x <= high[0]; ++x) {
        const double ex = (x + 0.5) * l.spacing - p[0], ey = (y + 0.5) * l.spacing - p[1],
                     ez = (z + 0.5) * l.spacing - p[2];
        if (ex * ex + ey * ey + ez * ez > radius * radius) continue;
        if (inside && own == std::array<int, 3>{x, y, z}) continue;
        voxels.push_back(l.number(x, y, z));
      }
  return voxels;
}

void VesselGraph::lay(const VesselNetwork& parents) {
  std::vector<std::int32_t> number(parents.nodes.size());
  std::vector<double> widest(parents.nodes.size(), 0.0);
  for (const VesselSegment& s : parents.segments)
    for (const std::int32_t end : {s.from, s.to}) {
      if (end < 0 || at(end) >= parents.nodes.size())
        throw std::invalid_argument("a vessel ends at node " + std::to_string(end) +
                                    ", which does not exist");
      widest[at(end)] = std::max(widest[at(end)], s.radius);
    }
  for (std::size_t n = 0; n < parents.nodes.size(); ++n) {
    const VesselNode& node = parents.nodes[n];
    if (widest[n] == 0) continue; // no vessel there
    number[n] = add_node(node.position, widest[n], 0);
    nodes_.end[at(number[n])] = static_cast<std::uint8_t>(node.end);
    nodes_.end_pressure[at(number[n])] = node.end_pressure;
    nodes_.end_oxygen[at(number[n])] = node.end_oxygen;
  }
  for (const VesselSegment& s : parents.segments) {
    const Point& a = parents.nodes[at(s.from)].position;
    const Point& b = parents.nodes[at(s.to)].position;
    if (s.from == s.to || a == b)
      throw std::invalid_argument("a vessel from node " + std::to_string(s.from) + " to node " +
                                  std::to_string(s.to) + " has no length");
    const std::uint8_t flags = static_cast<std::uint8_t>(s.mature ? mature : 0);
    const std::vector<VoxelPiece> pieces = pieces_of(a, b, lattice_);
    std::int32_t last = number[at(s.from)];
    for (std::size_t k = 1; k + 1 < pieces.size(); ++k) {
      const double t = 0.5 * (pieces[k].begin + pieces[k].end);
      Point middle{};
      for (std::size_t c = 0; c < 3; ++c) middle[c] = a[c] + t * (b[c] - a[c]);
      const std::int32_t next = add_node(middle, s.radius, 0);
      add_segment(last, next, s.radius, 0, 0, 0, flags);
      last = next;
    }
    add_segment(last, number[at(s.to)], s.radius, 0, 0, 0, flags);
  }
}

std::int32_t VesselGraph::add_node(const Point& p, double cover, std::int32_t sprout) {
  std::int32_t n;
  if (free_nodes_.empty()) {
    n = node_count();
    for (std::vector<double>* v : {&nodes_.x, &nodes_.y, &nodes_.z, &nodes_.cover,
                                   &nodes_.end_pressure, &nodes_.end_oxygen, &nodes_.pressure})
      v->push_back(0);
    nodes_.sprout.push_back(0);
    nodes_.end.push_back(0);
    first_.push_back(none);
    degree_.push_back(0);
  } else {
    n = free_nodes_.top();
    free_nodes_.pop();
  }
  nodes_.x[at(n)] = p[0];
  nodes_.y[at(n)] = p[1];
  nodes_.z[at(n)] = p[2];
  nodes_.cover[at(n)] = cover;
  nodes_.sprout[at(n)] = sprout;
  nodes_.end[at(n)] = 0;
  nodes_.end_pressure[at(n)] = nodes_.end_oxygen[at(n)] = nodes_.pressure[at(n)] = 0;
  first_[at(n)] = none;
  degree_[at(n)] = 0;
  mark(n);
  return n;
}

std::int32_t VesselGraph::add_segment(std::int32_t from, std::int32_t to, double radius,
                                      std::int32_t generation, std::int32_t sprout,
                                      std::int64_t step, std::uint8_t flags) {
  std::int32_t s;
  if (free_segments_.empty()) {
    s = segment_count();
    for (std::vector<double>* v : {&segments_.radius, &segments_.flow, &segments_.haematocrit})
      v->push_back(0);
    for (std::vector<std::int64_t>* v : {&segments_.born, &segments_.idle}) v->push_back(0);
    for (std::vector<std::int32_t>* v :
         {&segments_.from, &segments_.to, &segments_.generation, &segments_.sprout})
      v->push_back(0);
    segments_.flags.push_back(0);
    next_.push_back(none);
    next_.push_back(none);
  } else {
    s = free_segments_.top();
    free_segments_.pop();
  }
  segments_.from[at(s)] = from;
  segments_.to[at(s)] = to;
  segments_.radius[at(s)] = radius;
  segments_.born[at(s)] = step;
  segments_.idle[at(s)] = step;
  segments_.generation[at(s)] = generation;
  segments_.sprout[at(s)] = sprout;
  segments_.flags[at(s)] = static_cast<std::uint8_t>(flags | alive);
  segments_.flow[at(s)] = segments_.haematocrit[at(s)] = 0;
  link(2 * s, from);
  link(2 * s + 1, to);
  living_segments_ += 1;
  return s;
}

void VesselGraph::link(std::int32_t half, std::int32_t node) {
  std::int32_t* place = &first_[at(node)];
  while (*place >= 0 && *place < half) place = &next_[at(*place)];
  next_[at(half)] = *place;
  *place = half;
  degree_[at(node)] += 1;
}

void VesselGraph::unlink(std::int32_t half, std::int32_t node) {
  std::int32_t* place = &first_[at(node)];
  while (*place != half) place = &next_[at(*place)];
  *place = next_[at(half)];
  degree_[at(node)] -= 1;
}

void VesselGraph::remove_segment(std::int32_t s) {
  const std::int32_t from = segments_.from[at(s)], to = segments_.to[at(s)];
  unlink(2 * s, from);
  unlink(2 * s + 1, to);
  segments_.flags[at(s)] = 0;
  segments_.from[at(s)] = segments_.to[at(s)] = none;
  segments_.radius[at(s)] = segments_.flow[at(s)] = segments_.haematocrit[at(s)] = 0;
  segments_.born[at(s)] = segments_.idle[at(s)] = 0;
  segments_.generation[at(s)] = segments_.sprout[at(s)] = 0;
  free_segments_.push(s);
  living_segments_ -= 1;
  if (degree_[at(from)] == 0) remove_node(from);
  if (to != from && degree_[at(to)] == 0) remove_node(to);
}

void VesselGraph::remove_node(std::int32_t n) {
  unmark(n);
  nodes_.x[at(n)] = nodes_.y[at(n)] = nodes_.z[at(n)] = nodes_.cover[at(n)] = 0;
  nodes_.end[at(n)] = 0;
  nodes_.end_pressure[at(n)] = nodes_.end_oxygen[at(n)] = nodes_.pressure[at(n)] = 0;
  nodes_.sprout[at(n)] = -1;
  free_nodes_.push(n);
}

std::vector<std::int64_t> VesselGraph::taken_by(std::int32_t n) const {
  return voxels_around(position(n), nodes_.cover[at(n)], lattice_);
}

void VesselGraph::mark(std::int32_t n) {
  for (const std::int64_t v : taken_by(n)) {
    std::int32_t e;
    if (free_entries_.empty()) {
      e = static_cast<std::int32_t>(entries_.size());
      entries_.push_back({});
    } else {
      e = free_entries_.back();
      free_entries_.pop_back();
    }
    const auto [found, fresh] = at_voxel_.try_emplace(v, none);
    if (fresh) changes_.emplace_back(v, 1);
    std::int32_t* place = &found->second;
    while (*place >= 0 && entries_[at(*place)].node < n) place = &entries_[at(*place)].next;
    entries_[at(e)] = {n, *place};
    *place = e;
  }
}

void VesselGraph::unmark(std::int32_t n) {
  for (const std::int64_t v : taken_by(n)) {
    const auto found = at_voxel_.find(v);
    std::int32_t* place = &found->second;
    while (entries_[at(*place)].node != n) place = &entries_[at(*place)].next;
    const std::int32_t e = *place;
    *place = entries_[at(e)].next;
    free_entries_.push_back(e);
    if (found->second < 0) {
      at_voxel_.erase(found);
      changes_.emplace_back(v, -1);
    }
  }
}

std::int32_t VesselGraph::anchor(std::int64_t voxel) const {
  const auto found = at_voxel_.find(voxel);
  return found == at_voxel_.end() ? none : entries_[at(found->second)].node;
}

VesselGraph::Changes VesselGraph::take_changes() {
  std::sort(changes_.begin(), changes_.end());
  Changes net;
  for (std::size_t k = 0; k < changes_.size();) {
    const std::int64_t voxel = changes_[k].first;
    int sum = 0;
    for (; k < changes_.size() && changes_[k].first == voxel; ++k) sum += changes_[k].second;
    if (sum > 0) net.entered.push_back(voxel);
    if (sum < 0) net.left.push_back(voxel);
  }
  changes_.clear();
  return net;
}

Point VesselGraph::position(std::int32_t n) const {
  return {nodes_.x[at(n)], nodes_.y[at(n)], nodes_.z[at(n)]};
}

std::int64_t VesselGraph::voxel(std::int32_t n) const {
  std::array<int, 3> v{};
  if (!voxel_of(position(n), lattice_, v)) return -1;
  return lattice_.number(v[0], v[1], v[2]);
}

double VesselGraph::length(std::int32_t s) const {
  const std::int32_t a = segments_.from[at(s)], b = segments_.to[at(s)];
  const double dx = nodes_.x[at(b)] - nodes_.x[at(a)], dy = nodes_.y[at(b)] - nodes_.y[at(a)],
               dz = nodes_.z[at(b)] - nodes_.z[at(a)];
  return std::sqrt(dx * dx + dy * dy + dz * dz);
}

void VesselGraph::rebuild() {
  const std::string torn = shape_flaw();
  if (!torn.empty()) throw NumericalError("the vessel graph cannot be rebuilt: " + torn);
  first_.assign(nodes_.x.size(), none);
  degree_.assign(nodes_.x.size(), 0);
  next_.assign(2 * segments_.from.size(), none);
  at_voxel_.clear();
  entries_.clear();
  free_entries_.clear();
  free_nodes_ = free_segments_ = {};
  living_segments_ = 0;
  for (std::int32_t n = 0; n < node_count(); ++n) {
    if (node_alive(n))
      mark(n);
    else
      free_nodes_.push(n);
  }
  // From the last to the first: each half segment then goes to the front of its list.
  for (std::int32_t s = segment_count() - 1; s >= 0; --s) {
    if (!is_alive(s)) {
      free_segments_.push(s);
      continue;
    }
    link(2 * s + 1, segments_.to[at(s)]);
    link(2 * s, segments_.from[at(s)]);
    living_segments_ += 1;
  }
  changes_.clear();
}

// Which arrays differ in length, or which entry points out of them; empty: neither.
std::string VesselGraph::shape_flaw() const {
  const auto nodes = nodes_.x.size();
  for (const std::size_t size :
       {nodes_.y.size(), nodes_.z.size(), nodes_.cover.size(), nodes_.sprout.size(),
        nodes_.end.size(), nodes_.end_pressure.size(), nodes_.end_oxygen.size(),
        nodes_.pressure.size()})
    if (size != nodes) return "arrays of nodes differ in length";
  const auto segments = segments_.from.size();
  for (const std::size_t size :
       {segments_.to.size(), segments_.radius.size(), segments_.born.size(), segments_.idle.size(),
        segments_.generation.size(), segments_.sprout.size(), segments_.flags.size(),
        segments_.flow.size(), segments_.haematocrit.size()})
    if (size != segments) return "arrays of segments differ in length";
  for (std::int32_t s = 0; s < segment_count(); ++s)
    if (is_alive(s))
      for (const std::int32_t n : {segments_.from[at(s)], segments_.to[at(s)]})
        if (n < 0 || n >= node_count() || !node_alive(n))
          return "segment " + std::to_string(s) + " ends at node " + std::to_string(n) +
                 ", which is not alive";
  return {};
}

std::string VesselGraph::flaw() const {
  const std::string torn = shape_flaw();
  if (!torn.empty()) return torn;
  const auto segment = [](std::int32_t s) { return "segment " + std::to_string(s); };
  const auto node = [](std::int32_t n) { return "node " + std::to_string(n); };
  const auto voxel = [&](std::int64_t v) { return voxel_name(v, lattice_); };
  std::vector<int> count(nodes_.x.size(), 0);
  std::int64_t living = 0;
  for (std::int32_t s = 0; s < segment_count(); ++s) {
    if (!is_alive(s)) continue;
    living += 1;
    for (const std::int32_t n : {segments_.from[at(s)], segments_.to[at(s)]}) count[at(n)] += 1;
    if (segments_.from[at(s)] == segments_.to[at(s)]) return segment(s) + " is a loop on one node";
    if (!(segments_.radius[at(s)] > 0)) return segment(s) + " has no radius";
  }
  if (living != living_segments_) return "the count of living segments is off";
  std::unordered_map<std::int64_t, std::int64_t> taken;
  for (std::int32_t n = 0; n < node_count(); ++n) {
    int seen = 0;
    std::int32_t last = -1;
    bool ordered = true, own = true;
    if (node_alive(n))
      for_each_segment(n, [&](std::int32_t s, std::int32_t other) {
        seen += 1;
        ordered = ordered && s > last;
        own = own && is_alive(s) && other != n;
        last = s;
      });
    if (!ordered || !own) return "the list of segments at " + node(n) + " is wrong";
    if (seen != count[at(n)] || degree_[at(n)] != count[at(n)])
      return "the list of segments at " + node(n) + " is incomplete";
    if (node_alive(n) && count[at(n)] == 0) return node(n) + " has no segment";
    if (node_alive(n))
      for (const std::int64_t v : taken_by(n)) taken[v] += 1;
  }
  if (taken.size() != at_voxel_.size()) return "marks of voxels and nodes disagree";
  for (const auto& [v, wanted] : taken) {
    std::int64_t found = 0;
    for_each_at(v, [&](std::int32_t) { found += 1; });
    if (found != wanted)
      return voxel(v) + " is marked for " + std::to_string(found) + " nodes and holds " +
             std::to_string(wanted);
  }
  return {};
}

std::string VesselGraph::flaw(const std::vector<std::uint8_t>& kinds) const {
  std::string found = flaw();
  if (!found.empty()) return found;
  std::size_t vessels = 0;
  for (std::size_t v = 0; v < kinds.size(); ++v) {
    if (kinds[v] != static_cast<std::uint8_t>(Kind::vessel)) continue;
    vessels += 1;
    if (!marked(static_cast<std::int64_t>(v)))
      return voxel_name(static_cast<std::int64_t>(v), lattice_) +
             " is vessel on the lattice and not in the graph";
  }
  if (vessels != at_voxel_.size())
    return std::to_string(at_voxel_.size()) + " voxels are marked in the graph, " +
           std::to_string(vessels) + " on the lattice";
  return {};
}

} // namespace metavox
