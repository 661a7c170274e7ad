#include "vessels/blood_paths.hpp"

#include <algorithm>
#include <cmath>

#include "core/constants.hpp"
#include "core/exact.hpp"
#include "vessels/index.hpp"

namespace metavox {
namespace {

// Pieces are short against the way over which blood changes; halved, the oxygen that a bed releases
// changes by less than 1 %.
constexpr double longest_piece = 20; // um
// A disc is looked at in two planes along the piece or in one per field voxel, on three rings of
// equal area, at twelve places of each.
constexpr int least_planes = 2, rings = 3, places = 12;

double disc_radius(double radius, double spacing) { return std::max(1.3 * radius, 1.5 * spacing); }

} // namespace

double inlet_oxygen(const BloodSupply& supply, double radius) {
  if (supply.inlet_oxygen > 0) return supply.inlet_oxygen;
  return std::max(std::min(95.0, 55 + radius), supply.tissue_pressure + 8);
}

// The disc lies across the segment. Where it leaves the box, the rest counts for the whole.
const BloodPaths::Discs& BloodPaths::discs_of(const VesselGraph& graph, std::int32_t s) {
  if (discs_.size() <= at(s)) discs_.resize(static_cast<std::size_t>(graph.segment_count()));
  Discs& d = discs_[at(s)];
  const Point from = graph.position(graph.segments().from[at(s)]),
              to = graph.position(graph.segments().to[at(s)]);
  const double radius = graph.segments().radius[at(s)], length = graph.length(s);
  if (!d.first.empty() && d.from == from && d.to == to && d.radius == radius) return d;
  d = {from, to, radius, {0}, {}};
  const int pieces = std::max(1, static_cast<int>(std::ceil(length / longest_piece - 1e-9)));
  const int planes =
      std::max(least_planes, static_cast<int>(std::ceil(length / pieces / fields_.spacing - 1e-9)));
  // Two directions across.
  Point along{};
  std::size_t least = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    along[a] = length > 0 ? (to[a] - from[a]) / length : 0.0;
    if (std::abs(along[a]) < std::abs(along[least])) least = a;
  }
  Point across{}, beside{};
  double norm = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    across[a] = (a == least ? 1.0 : 0.0) - along[least] * along[a];
    norm += across[a] * across[a];
  }
  norm = std::sqrt(norm);
  for (double& c : across) c /= norm;
  for (std::size_t a = 0; a < 3; ++a)
    beside[a] = along[(a + 1) % 3] * across[(a + 2) % 3] - along[(a + 2) % 3] * across[(a + 1) % 3];

  const double h = fields_.spacing, wide = disc_radius(radius, h);
  std::vector<std::int64_t> met;
  for (int piece = 0; piece < pieces; ++piece) {
    met.clear();
    for (int plane = 0; plane < planes; ++plane) {
      const double share = (piece + (plane + 0.5) / planes) / pieces;
      for (int ring = 0; ring < rings; ++ring) {
        const double r = wide * std::sqrt((ring + 0.5) / rings);
        for (int place = 0; place < places; ++place) {
          // Rings and planes are turned against each other.
          const double angle =
              2 * pi * (place + static_cast<double>(ring) / rings + 0.5 * plane) / places;
          const double u = r * exact::cos(angle), v = r * exact::sin(angle);
          int c[3];
          bool inside = true;
          const int n[3] = {fields_.nx, fields_.ny, fields_.nz};
          for (std::size_t a = 0; a < 3; ++a) {
            const double x = from[a] + share * (to[a] - from[a]) + u * across[a] + v * beside[a];
            c[a] = static_cast<int>(std::floor(x / h));
            inside = inside && c[a] >= 0 && c[a] < n[a];
          }
          if (inside) met.push_back(fields_.number(c[0], c[1], c[2]));
        }
      }
    }
    std::sort(met.begin(), met.end());
    // Whole multiples of 2^-24, which floats hold and which sum to one exactly.
    constexpr std::int64_t one = std::int64_t{1} << 24;
    std::int64_t rest = one;
    std::size_t largest = d.weight.size();
    for (std::size_t k = 0; k < met.size();) {
      std::size_t end = k;
      while (end < met.size() && met[end] == met[k]) ++end;
      const auto parts =
          one * static_cast<std::int64_t>(end - k) / static_cast<std::int64_t>(met.size());
      rest -= parts;
      d.weight.push_back({met[k], static_cast<float>(parts) / static_cast<float>(one)});
      if (d.weight.back().weight > d.weight[largest].weight) largest = d.weight.size() - 1;
      k = end;
    }
    if (!met.empty())
      d.weight[largest].weight += static_cast<float>(rest) / static_cast<float>(one);
    d.first.push_back(static_cast<std::int32_t>(d.weight.size()));
  }
  return d;
}

void BloodPaths::add_piece(const Discs& d, std::int32_t segment, std::size_t piece) {
  const std::size_t pieces = d.first.size() - 1;
  double length2 = 0;
  for (std::size_t a = 0; a < 3; ++a) length2 += (d.to[a] - d.from[a]) * (d.to[a] - d.from[a]);
  length_.push_back(std::sqrt(length2) / static_cast<double>(pieces));
  radius_.push_back(d.radius);
  segment_.push_back(segment);
  for (std::int32_t w = d.first[piece]; w < d.first[piece + 1]; ++w) {
    place_.push_back(d.weight[at(w)].voxel);
    weight_.push_back({0, d.weight[at(w)].weight});
  }
  first_weight_.push_back(static_cast<std::int64_t>(weight_.size()));
}

void BloodPaths::add_segment(const VesselGraph& graph, std::int32_t s, bool backwards) {
  const Discs& d = discs_of(graph, s);
  const std::size_t pieces = d.first.size() - 1;
  for (std::size_t k = 0; k < pieces; ++k) add_piece(d, s, backwards ? pieces - 1 - k : k);
}

// Branches and vertices in levels, each of which needs only the blood of earlier ones.
void BloodPaths::follow_flow(const VesselGraph& graph, const BloodSupply& supply) {
  const auto nodes = static_cast<std::size_t>(graph.node_count());
  const VesselGraph::Segments& s = graph.segments();
  const auto flows = [&](std::int32_t k) {
    return graph.is_alive(k) && graph.has(k, VesselGraph::perfused) && s.flow[at(k)] != 0;
  };
  const auto upstream = [&](std::int32_t k) {
    return s.flow[at(k)] > 0 ? s.from[at(k)] : s.to[at(k)];
  };
  const auto downstream = [&](std::int32_t k) {
    return s.flow[at(k)] > 0 ? s.to[at(k)] : s.from[at(k)];
  };
  std::vector<std::int32_t> arriving(nodes, 0), leaving(nodes, 0), onward(nodes, -1);
  for (std::int32_t k = 0; k < graph.segment_count(); ++k) {
    if (!flows(k)) continue;
    ++arriving[at(downstream(k))];
    ++leaving[at(upstream(k))];
    onward[at(upstream(k))] = k;
  }
  const auto end = [&](std::size_t n) {
    return graph.nodes().end[n] != static_cast<std::uint8_t>(VesselEnd::none);
  };
  const auto passes = [&](std::size_t n) { // blood comes one way and goes one way
    return arriving[n] == 1 && leaving[n] == 1 && !end(n);
  };

  // Branches by the node they leave, then by segment.
  struct Way {
    std::int32_t first; // segment
    std::int32_t from, to;
  };
  std::vector<Way> ways;
  std::vector<std::vector<std::int32_t>> out(nodes), in(nodes);
  for (std::int32_t k = 0; k < graph.segment_count(); ++k) {
    if (!flows(k) || passes(at(upstream(k)))) continue;
    std::int32_t last = k;
    while (passes(at(downstream(last)))) last = onward[at(downstream(last))];
    const auto number = static_cast<std::int32_t>(ways.size());
    ways.push_back({k, upstream(k), downstream(last)});
    out[at(upstream(k))].push_back(number);
    in[at(downstream(last))].push_back(number);
  }

  // Nodes that are vertices, in levels.
  std::vector<std::int32_t> order, waiting(nodes, 0);
  std::size_t vertices = 0;
  for (std::size_t n = 0; n < nodes; ++n) {
    if (in[n].empty() && out[n].empty()) continue;
    ++vertices;
    waiting[n] = static_cast<std::int32_t>(in[n].size());
    if (waiting[n] == 0) order.push_back(static_cast<std::int32_t>(n));
  }
  level_.assign(1, 0);
  for (std::size_t begin = 0; begin < order.size();) {
    for (const std::size_t last = order.size(); begin < last; ++begin)
      for (const std::int32_t w : out[at(order[begin])])
        if (--waiting[at(ways[at(w)].to)] == 0) order.push_back(ways[at(w)].to);
    level_.push_back(static_cast<std::int64_t>(begin));
  }
  view_.circles = order.size() < vertices;
  if (view_.circles) {
    const std::size_t ordered = order.size();
    for (std::size_t n = 0; n < nodes; ++n)
      if (waiting[n] > 0) order.push_back(static_cast<std::int32_t>(n));
    const std::vector<double>& pressure = graph.nodes().pressure;
    std::sort(order.begin() + static_cast<std::ptrdiff_t>(ordered), order.end(),
              [&](std::int32_t p, std::int32_t q) {
                return pressure[at(p)] != pressure[at(q)] ? pressure[at(p)] > pressure[at(q)]
                                                          : p < q;
              });
    for (std::size_t k = ordered; k < order.size(); ++k)
      level_.push_back(static_cast<std::int64_t>(k + 1));
  }

  // Branches get their numbers, and pieces theirs, in the order of vertices.
  std::vector<std::int32_t> number(ways.size(), -1);
  for (const std::int32_t n : order)
    for (const std::int32_t w : out[at(n)]) {
      number[at(w)] = static_cast<std::int32_t>(branch_.size());
      BloodBranch b;
      b.first_piece = static_cast<std::int32_t>(length_.size());
      b.flow = std::abs(s.flow[at(ways[at(w)].first)]);
      b.haematocrit = s.haematocrit[at(ways[at(w)].first)];
      for (std::int32_t k = ways[at(w)].first;; k = onward[at(downstream(k))]) {
        add_segment(graph, k, s.flow[at(k)] < 0);
        if (downstream(k) == ways[at(w)].to) break;
      }
      b.last_piece = static_cast<std::int32_t>(length_.size());
      branch_.push_back(b);
    }
  for (const std::int32_t n : order) {
    BloodVertex v;
    double in_flow = 0, out_flow = 0, widest = 0, largest = 0;
    v.first_in = static_cast<std::int32_t>(arc_.size());
    for (const std::int32_t w : in[at(n)]) {
      arc_.push_back(number[at(w)]);
      in_flow += branch_[at(number[at(w)])].flow;
    }
    v.first_out = static_cast<std::int32_t>(arc_.size());
    for (const std::int32_t w : out[at(n)]) {
      const BloodBranch& b = branch_[at(number[at(w)])];
      arc_.push_back(number[at(w)]);
      out_flow += b.flow;
      widest = std::max(widest, s.radius[at(ways[at(w)].first)]);
      if (b.flow > largest) {
        largest = b.flow;
        v.main = number[at(w)];
      }
    }
    v.last_out = static_cast<std::int32_t>(arc_.size());
    if (end(at(n))) {
      const double gain = out_flow - in_flow, own = graph.nodes().end_oxygen[at(n)];
      v.haematocrit = supply.haematocrit;
      v.oxygen = own > 0 ? own : inlet_oxygen(supply, widest);
      if (gain > 0) v.entering = gain;
      if (gain < 0) v.leaving = -gain / in_flow;
    }
    vertex_.push_back(v);
  }
}

void BloodPaths::index_voxels() {
  voxel_ = place_;
  std::sort(voxel_.begin(), voxel_.end());
  voxel_.erase(std::unique(voxel_.begin(), voxel_.end()), voxel_.end());
  first_piece_at_.assign(voxel_.size() + 1, 0);
  for (std::size_t w = 0; w < place_.size(); ++w) {
    const auto found = std::lower_bound(voxel_.begin(), voxel_.end(), place_[w]);
    weight_[w].at = static_cast<std::int32_t>(found - voxel_.begin());
    ++first_piece_at_[at(weight_[w].at) + 1];
  }
  for (std::size_t t = 0; t < voxel_.size(); ++t) first_piece_at_[t + 1] += first_piece_at_[t];
  piece_at_.resize(weight_.size());
  std::vector<std::int64_t> next(first_piece_at_.begin(), first_piece_at_.end() - 1);
  for (std::size_t p = 0; p + 1 < first_weight_.size(); ++p)
    for (std::int64_t w = first_weight_[p]; w < first_weight_[p + 1]; ++w) {
      const DiscWeight& one = weight_[static_cast<std::size_t>(w)];
      piece_at_[static_cast<std::size_t>(next[at(one.at)]++)] = {static_cast<std::int32_t>(p),
                                                                 one.weight};
    }
}

void BloodPaths::index_coarse() {
  coarse_.clear();
  first_coarse_.assign(1, 0);
  int nx = fields_.nx, ny = fields_.ny, nz = fields_.nz;
  std::vector<std::int64_t> parents = voxel_;
  while (nx > 1 || ny > 1 || nz > 1) {
    const int half_x = (nx + 1) / 2, half_y = (ny + 1) / 2, half_z = (nz + 1) / 2;
    for (std::int64_t& v : parents) {
      const std::int64_t x = v % nx, y = v / nx % ny, z = v / nx / ny;
      v = x / 2 + half_x * (y / 2 + half_y * (z / 2));
    }
    std::sort(parents.begin(), parents.end());
    parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
    coarse_.insert(coarse_.end(), parents.begin(), parents.end());
    first_coarse_.push_back(static_cast<std::int64_t>(coarse_.size()));
    nx = half_x, ny = half_y, nz = half_z;
  }
}

void BloodPaths::upload() {
  const auto copy = [&](auto& buffer, const auto& values) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    const auto n = static_cast<std::int64_t>(values.size());
    if (buffer.size() < n) buffer = Buffer<T>(executor_, n + n / 2 + 1024);
    if (n > 0) executor_.copy_in(buffer.data(), values.data(), values.size() * sizeof(T));
    return buffer.data();
  };
  view_.pieces = static_cast<std::int64_t>(length_.size());
  view_.touched = static_cast<std::int64_t>(voxel_.size());
  view_.branches = static_cast<std::int64_t>(branch_.size());
  view_.length = copy(lengths_here_, length_);
  view_.radius = copy(radii_here_, radius_);
  view_.branch = copy(branches_here_, branch_);
  view_.vertex = copy(vertices_here_, vertex_);
  view_.arc = copy(arcs_here_, arc_);
  view_.levels = &level_;
  view_.level = copy(levels_here_, level_);
  view_.first_weight = copy(first_weights_here_, first_weight_);
  view_.weight = copy(weights_here_, weight_);
  view_.first_piece_at = copy(first_pieces_here_, first_piece_at_);
  view_.piece_at = copy(pieces_here_, piece_at_);
  view_.voxel = copy(voxels_here_, voxel_);
  view_.coarse = copy(coarse_here_, coarse_);
  view_.first_coarse = &first_coarse_;
  ++view_.edition;
}

void BloodPaths::renew(const VesselGraph& graph, const BloodSupply& supply) {
  length_.clear(), radius_.clear(), segment_.clear(), place_.clear(), weight_.clear();
  branch_.clear(), vertex_.clear(), arc_.clear();
  level_.assign(1, 0);
  first_weight_.assign(1, 0);
  view_.circles = false;
  if (supply.fixed) {
    for (std::int32_t k = 0; k < graph.segment_count(); ++k)
      if (graph.is_alive(k) && graph.has(k, VesselGraph::perfused)) add_segment(graph, k, false);
  } else {
    follow_flow(graph, supply);
  }
  index_voxels();
  index_coarse();
  upload();
}

} // namespace metavox
