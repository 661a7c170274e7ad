#include "vessels/graph.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "core/constants.hpp"
#include "core/errors.hpp"
#include "vessels/index.hpp"
#include "voxel/kind.hpp"

namespace metavox {
namespace {

constexpr double fill_unit = 4294967296.0; // of a voxel

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

double distance2(const Point& a, const Point& b) {
  double d2 = 0;
  for (std::size_t c = 0; c < 3; ++c) d2 += (a[c] - b[c]) * (a[c] - b[c]);
  return d2;
}

Point nearest_on(const Point& a, const Point& b, const Point& p) {
  double along = 0, length2 = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    along += (p[c] - a[c]) * (b[c] - a[c]);
    length2 += (b[c] - a[c]) * (b[c] - a[c]);
  }
  const double t = length2 > 0 ? std::clamp(along / length2, 0.0, 1.0) : 0.0;
  Point foot{};
  for (std::size_t c = 0; c < 3; ++c) foot[c] = a[c] + t * (b[c] - a[c]);
  return foot;
}

std::vector<VoxelPiece> pieces_of(const Point& from, const Point& to, const Lattice& l) {
  // The line is cut where it crosses planes between voxels; each piece lies in the voxel of its
  // middle.
  std::vector<double> cuts{0.0, 1.0};
  for (std::size_t a = 0; a < 3; ++a) {
    const double u = from[a] / l.spacing, v = to[a] / l.spacing;
    if (u == v) continue;
    const double low = std::min(u, v), high = std::max(u, v);
    const int n = a == 0 ? l.nx : (a == 1 ? l.ny : l.nz);
    if (!(high >= 0 && low <= n)) continue;
    const int first = static_cast<int>(std::ceil(std::max(low, 0.0)));
    const int last = static_cast<int>(std::floor(std::min(high, static_cast<double>(n))));
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

void VesselGraph::lay(const VesselNetwork& parents) {
  std::vector<std::int32_t> number(parents.nodes.size());
  std::vector<std::uint8_t> used(parents.nodes.size(), 0);
  for (const VesselSegment& s : parents.segments)
    for (const std::int32_t end : {s.from, s.to}) {
      if (end < 0 || at(end) >= parents.nodes.size())
        throw std::invalid_argument("a vessel ends at node " + std::to_string(end) +
                                    ", which does not exist");
      used[at(end)] = 1;
    }
  for (std::size_t n = 0; n < parents.nodes.size(); ++n) {
    const VesselNode& node = parents.nodes[n];
    if (used[n] == 0) continue; // no vessel there
    number[n] = add_node(node.position, 0);
    nodes_.end[at(number[n])] = static_cast<std::uint8_t>(node.end);
    nodes_.end_pressure[at(number[n])] = node.end_pressure;
    nodes_.end_oxygen[at(number[n])] = node.end_oxygen;
    nodes_.end_flow[at(number[n])] = node.end_flow;
    nodes_.end_haematocrit[at(number[n])] = node.end_haematocrit;
  }
  for (const VesselSegment& s : parents.segments) {
    const Point& a = parents.nodes[at(s.from)].position;
    const Point& b = parents.nodes[at(s.to)].position;
    if (s.from == s.to || a == b)
      throw std::invalid_argument("a vessel from node " + std::to_string(s.from) + " to node " +
                                  std::to_string(s.to) + " has no length");
    const std::uint8_t flags = static_cast<std::uint8_t>(s.mature ? mature : 0);
    const double length = std::sqrt(distance2(a, b));
    // A hair less, so that a length of whole parts is not cut once more by rounding.
    const auto parts =
        std::max<std::int64_t>(1, std::llround(std::ceil(length / longest_part - 1e-9)));
    std::int32_t last = number[at(s.from)];
    for (std::int64_t k = 1; k < parts; ++k) {
      const double t = static_cast<double>(k) / static_cast<double>(parts);
      Point middle{};
      for (std::size_t c = 0; c < 3; ++c) middle[c] = a[c] + t * (b[c] - a[c]);
      const std::int32_t next = add_node(middle, 0);
      add_segment(last, next, s.radius, 0, 0, 0, flags);
      last = next;
    }
    add_segment(last, number[at(s.to)], s.radius, 0, 0, 0, flags);
  }
}

std::int32_t VesselGraph::add_node(const Point& p, std::int32_t sprout) {
  std::int32_t n;
  if (free_nodes_.empty()) {
    n = node_count();
    for (std::vector<double>* v :
         {&nodes_.x, &nodes_.y, &nodes_.z, &nodes_.end_pressure, &nodes_.end_oxygen,
          &nodes_.end_flow, &nodes_.end_haematocrit, &nodes_.pressure})
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
  nodes_.sprout[at(n)] = sprout;
  nodes_.end[at(n)] = 0;
  nodes_.end_pressure[at(n)] = nodes_.end_oxygen[at(n)] = nodes_.pressure[at(n)] = 0;
  nodes_.end_flow[at(n)] = 0, nodes_.end_haematocrit[at(n)] = -1;
  first_[at(n)] = none;
  degree_[at(n)] = 0;
  return n;
}

std::int32_t VesselGraph::add_segment(std::int32_t from, std::int32_t to, double radius,
                                      std::int32_t generation, std::int32_t sprout,
                                      std::int64_t step, std::uint8_t flags) {
  std::int32_t s;
  if (free_segments_.empty()) {
    s = segment_count();
    for (std::vector<double>* v :
         {&segments_.radius, &segments_.flow, &segments_.haematocrit, &segments_.membrane})
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
  segments_.membrane[at(s)] = 1;
  link(2 * s, from);
  link(2 * s + 1, to);
  living_segments_ += 1;
  place(s);
  return s;
}

void VesselGraph::move_node(std::int32_t n, const Point& to) {
  for_each_segment(n, [&](std::int32_t s, std::int32_t) { displace(s); });
  nodes_.x[at(n)] = to[0];
  nodes_.y[at(n)] = to[1];
  nodes_.z[at(n)] = to[2];
  for_each_segment(n, [&](std::int32_t s, std::int32_t) { place(s); });
}

std::int32_t VesselGraph::split(std::int32_t s, const Point& p) {
  const std::int32_t from = segments_.from[at(s)], to = segments_.to[at(s)];
  const double whole = length(s);
  const std::int32_t n = add_node(p, segments_.sprout[at(s)]);
  const double share = whole > 0 ? std::sqrt(distance2(position(from), p)) / whole : 0;
  nodes_.pressure[at(n)] =
      nodes_.pressure[at(from)] + share * (nodes_.pressure[at(to)] - nodes_.pressure[at(from)]);
  displace(s);
  unlink(2 * s + 1, to);
  segments_.to[at(s)] = n;
  link(2 * s + 1, n);
  place(s);
  const std::int32_t rest =
      add_segment(n, to, segments_.radius[at(s)], segments_.generation[at(s)],
                  segments_.sprout[at(s)], segments_.born[at(s)], segments_.flags[at(s)]);
  segments_.idle[at(rest)] = segments_.idle[at(s)];
  segments_.flow[at(rest)] = segments_.flow[at(s)];
  segments_.haematocrit[at(rest)] = segments_.haematocrit[at(s)];
  segments_.membrane[at(rest)] = segments_.membrane[at(s)];
  return n;
}

void VesselGraph::set_radius(std::int32_t s, double radius) {
  displace(s);
  segments_.radius[at(s)] = radius;
  place(s);
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
  displace(s);
  unlink(2 * s, from);
  unlink(2 * s + 1, to);
  segments_.flags[at(s)] = 0;
  segments_.from[at(s)] = segments_.to[at(s)] = none;
  segments_.radius[at(s)] = segments_.flow[at(s)] = segments_.haematocrit[at(s)] = 0;
  segments_.membrane[at(s)] = 0;
  segments_.born[at(s)] = segments_.idle[at(s)] = 0;
  segments_.generation[at(s)] = segments_.sprout[at(s)] = 0;
  free_segments_.push(s);
  living_segments_ -= 1;
  if (degree_[at(from)] == 0) remove_node(from);
  if (to != from && degree_[at(to)] == 0) remove_node(to);
}

void VesselGraph::remove_node(std::int32_t n) {
  nodes_.x[at(n)] = nodes_.y[at(n)] = nodes_.z[at(n)] = 0;
  nodes_.end[at(n)] = 0;
  nodes_.end_pressure[at(n)] = nodes_.end_oxygen[at(n)] = nodes_.pressure[at(n)] = 0;
  nodes_.end_flow[at(n)] = 0, nodes_.end_haematocrit[at(n)] = -1;
  nodes_.sprout[at(n)] = -1;
  free_nodes_.push(n);
}

// f(voxel, Mark) for what the segment adds; a voxel may come twice.
template <class F>
void VesselGraph::for_each_taken(std::int32_t s, const F& f) const {
  const Point a = position(segments_.from[at(s)]), b = position(segments_.to[at(s)]);
  const double h = lattice_.spacing, radius = segments_.radius[at(s)];
  const double volume = pi * radius * radius * length(s); // um^3
  for (const VoxelPiece& piece : pieces_of(a, b, lattice_)) {
    const double share = std::min(1.0, volume * (piece.end - piece.begin) / (h * h * h));
    f(lattice_.number(piece.voxel[0], piece.voxel[1], piece.voxel[2]),
      Mark{1, 0, std::llround(share * fill_unit)});
  }
  if (radius <= 0.5 * h) return;
  int low[3], high[3];
  const int n[3] = {lattice_.nx, lattice_.ny, lattice_.nz};
  for (std::size_t c = 0; c < 3; ++c) {
    const double first = std::floor((std::min(a[c], b[c]) - radius) / h),
                 last = std::floor((std::max(a[c], b[c]) + radius) / h);
    if (last < 0 || first >= n[c]) return;
    low[c] = static_cast<int>(std::max(first, 0.0));
    high[c] = static_cast<int>(std::min(last, n[c] - 1.0));
  }
  for (int z = low[2]; z <= high[2]; ++z)
    for (int y = low[1]; y <= high[1]; ++y)
      for (int x = low[0]; x <= high[0]; ++x) {
        const Point centre{(x + 0.5) * h, (y + 0.5) * h, (z + 0.5) * h};
        if (distance2(centre, nearest_on(a, b, centre)) <= radius * radius)
          f(lattice_.number(x, y, z), Mark{0, 1, std::llround(fill_unit)});
      }
}

void VesselGraph::place(std::int32_t s) {
  revision_ += 1;
  for_each_taken(s, [&](std::int64_t v, const Mark& m) {
    Mark& mark = marks_[v];
    mark.passing += m.passing;
    mark.lumens += m.lumens;
    mark.fill += m.fill;
    touched_.push_back(v);
  });
  if (!binned_) return;
  const auto [low, high] = bounds(s);
  bins_.add(s, low, high);
}

void VesselGraph::displace(std::int32_t s) {
  revision_ += 1;
  for_each_taken(s, [&](std::int64_t v, const Mark& m) {
    const auto found = marks_.find(v);
    Mark& mark = found->second;
    mark.passing -= m.passing;
    mark.lumens -= m.lumens;
    mark.fill -= m.fill;
    touched_.push_back(v);
    if (mark.passing == 0 && mark.lumens == 0) marks_.erase(found);
  });
  if (!binned_) return;
  const auto [low, high] = bounds(s);
  bins_.remove(s, low, high);
}

// The box around a segment and its wall.
std::pair<Point, Point> VesselGraph::bounds(std::int32_t s) const {
  const Point a = position(segments_.from[at(s)]), b = position(segments_.to[at(s)]);
  const double radius = segments_.radius[at(s)];
  Point low{}, high{};
  for (std::size_t c = 0; c < 3; ++c) {
    low[c] = std::min(a[c], b[c]) - radius;
    high[c] = std::max(a[c], b[c]) + radius;
  }
  return {low, high};
}

void VesselGraph::bin_all() {
  binned_ = true;
  bins_.clear();
  for (std::int32_t s = 0; s < segment_count(); ++s) {
    if (!is_alive(s)) continue;
    const auto [low, high] = bounds(s);
    bins_.add(s, low, high);
  }
}

std::vector<std::int64_t> VesselGraph::marked_voxels() const {
  std::vector<std::int64_t> voxels;
  voxels.reserve(marks_.size());
  for (const auto& [v, mark] : marks_) voxels.push_back(v);
  std::sort(voxels.begin(), voxels.end());
  return voxels;
}

std::vector<std::int64_t> VesselGraph::taken_voxels(std::int32_t s) const {
  std::vector<std::int64_t> voxels;
  for_each_taken(s, [&](std::int64_t v, const Mark&) { voxels.push_back(v); });
  return voxels;
}

bool VesselGraph::touches(std::int64_t voxel) const {
  const auto found = marks_.find(voxel);
  return found != marks_.end() && found->second.passing > 0;
}

double VesselGraph::fraction(std::int64_t voxel) const {
  const auto found = marks_.find(voxel);
  if (found == marks_.end()) return 0;
  return std::min(1.0, static_cast<double>(found->second.fill) / fill_unit);
}

std::vector<std::int64_t> VesselGraph::full_voxels() const {
  std::vector<std::int64_t> voxels(full_.begin(), full_.end());
  std::sort(voxels.begin(), voxels.end());
  return voxels;
}

VesselGraph::Changes VesselGraph::take_changes() {
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  Changes net;
  for (const std::int64_t voxel : touched_) {
    const bool was = fills(voxel);
    const bool is = fraction(voxel) >= (was ? empty_below : full_from);
    if (is == was) continue;
    (is ? net.entered : net.left).push_back(voxel);
    if (is)
      full_.insert(voxel);
    else
      full_.erase(voxel);
  }
  touched_.clear();
  return net;
}

Point VesselGraph::position(std::int32_t n) const {
  return {nodes_.x[at(n)], nodes_.y[at(n)], nodes_.z[at(n)]};
}

std::int64_t VesselGraph::voxel_at(const Point& place) const {
  std::array<int, 3> v{};
  if (!voxel_of(place, lattice_, v)) return -1;
  return lattice_.number(v[0], v[1], v[2]);
}

double VesselGraph::length(std::int32_t s) const {
  const std::int32_t a = segments_.from[at(s)], b = segments_.to[at(s)];
  const double dx = nodes_.x[at(b)] - nodes_.x[at(a)], dy = nodes_.y[at(b)] - nodes_.y[at(a)],
               dz = nodes_.z[at(b)] - nodes_.z[at(a)];
  return std::sqrt(dx * dx + dy * dy + dz * dz);
}

void VesselGraph::rebuild(const std::vector<std::int64_t>& full) {
  const std::string torn = shape_flaw();
  if (!torn.empty()) throw NumericalError("the vessel graph cannot be rebuilt: " + torn);
  first_.assign(nodes_.x.size(), none);
  degree_.assign(nodes_.x.size(), 0);
  next_.assign(2 * segments_.from.size(), none);
  marks_.clear();
  full_.clear();
  bins_.clear();
  binned_ = false;
  free_nodes_ = free_segments_ = {};
  living_segments_ = 0;
  for (std::int32_t n = 0; n < node_count(); ++n)
    if (!node_alive(n)) free_nodes_.push(n);
  // From the last to the first: each half segment then goes to the front of its list.
  for (std::int32_t s = segment_count() - 1; s >= 0; --s) {
    if (!is_alive(s)) {
      free_segments_.push(s);
      continue;
    }
    link(2 * s + 1, segments_.to[at(s)]);
    link(2 * s, segments_.from[at(s)]);
    living_segments_ += 1;
    place(s);
  }
  for (const std::int64_t v : full)
    if (fraction(v) >= empty_below) full_.insert(v);
  for (const auto& [v, mark] : marks_)
    if (fraction(v) >= full_from) full_.insert(v);
  touched_.clear();
}

// Which arrays differ in length, or which entry points out of them; empty: neither.
std::string VesselGraph::shape_flaw() const {
  const auto nodes = nodes_.x.size();
  for (const std::size_t size :
       {nodes_.y.size(), nodes_.z.size(), nodes_.sprout.size(), nodes_.end.size(),
        nodes_.end_pressure.size(), nodes_.end_oxygen.size(), nodes_.end_flow.size(),
        nodes_.end_haematocrit.size(), nodes_.pressure.size()})
    if (size != nodes) return "arrays of nodes differ in length";
  const auto segments = segments_.from.size();
  for (const std::size_t size :
       {segments_.to.size(), segments_.radius.size(), segments_.born.size(), segments_.idle.size(),
        segments_.generation.size(), segments_.sprout.size(), segments_.flags.size(),
        segments_.flow.size(), segments_.haematocrit.size(), segments_.membrane.size()})
    if (size != segments) return "arrays of segments differ in length";
  constexpr double farthest = 1e9; // um: no box is as wide
  for (std::int32_t n = 0; n < node_count(); ++n)
    for (const double v : position(n))
      if (!(std::abs(v) <= farthest)) return "node " + std::to_string(n) + " lies nowhere";
  for (std::int32_t s = 0; s < segment_count(); ++s) {
    if (!is_alive(s)) continue;
    for (const std::int32_t n : {segments_.from[at(s)], segments_.to[at(s)]})
      if (n < 0 || n >= node_count() || !node_alive(n))
        return "segment " + std::to_string(s) + " ends at node " + std::to_string(n) +
               ", which is not alive";
    if (!(segments_.radius[at(s)] > 0 && segments_.radius[at(s)] <= farthest))
      return "segment " + std::to_string(s) + " has no radius";
  }
  return {};
}

std::string VesselGraph::flaw() const {
  const std::string torn = shape_flaw();
  if (!torn.empty()) return torn;
  const auto segment = [](std::int32_t s) { return "segment " + std::to_string(s); };
  const auto node = [](std::int32_t n) { return "node " + std::to_string(n); };
  std::vector<int> count(nodes_.x.size(), 0);
  std::int64_t living = 0;
  for (std::int32_t s = 0; s < segment_count(); ++s) {
    if (!is_alive(s)) continue;
    living += 1;
    for (const std::int32_t n : {segments_.from[at(s)], segments_.to[at(s)]}) count[at(n)] += 1;
    if (segments_.from[at(s)] == segments_.to[at(s)]) return segment(s) + " is a loop on one node";
  }
  if (living != living_segments_) return "the count of living segments is off";
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
  }
  std::unordered_map<std::int64_t, Mark> taken;
  for (std::int32_t s = 0; s < segment_count(); ++s)
    if (is_alive(s))
      for_each_taken(s, [&](std::int64_t v, const Mark& m) {
        Mark& sum = taken[v];
        sum.passing += m.passing;
        sum.lumens += m.lumens;
        sum.fill += m.fill;
      });
  if (taken.size() != marks_.size()) return "marks of voxels and segments disagree";
  for (const auto& [v, wanted] : taken) {
    const auto found = marks_.find(v);
    if (found == marks_.end() || !(found->second == wanted))
      return voxel_name(v, lattice_) + " is not marked as the segments in it want";
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
    if (!fills(static_cast<std::int64_t>(v)))
      return voxel_name(static_cast<std::int64_t>(v), lattice_) +
             " is vessel on the lattice and not full in the graph";
  }
  if (vessels != full_.size())
    return std::to_string(full_.size()) + " voxels are full in the graph, " +
           std::to_string(vessels) + " vessel on the lattice";
  return {};
}

} // namespace metavox
