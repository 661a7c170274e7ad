#include "vessels/blood_paths.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

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
constexpr int least_planes = 2, rings = 3, angles = 12;

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

  const double h = fields_.spacing, wide = disc_radius(radius, h, bare_);
  std::vector<std::int64_t> met;
  for (int piece = 0; piece < pieces; ++piece) {
    met.clear();
    for (int plane = 0; plane < planes; ++plane) {
      const double share = (piece + (plane + 0.5) / planes) / pieces;
      for (int ring = 0; ring < rings; ++ring) {
        const double r = wide * std::sqrt((ring + 0.5) / rings);
        for (int place = 0; place < angles; ++place) {
          // Rings and planes are turned against each other.
          const double angle =
              2 * pi * (place + static_cast<double>(ring) / rings + 0.5 * plane) / angles;
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
  if (weight_.size() > std::numeric_limits<std::int32_t>::max())
    throw std::length_error("vessels reach more voxels than their lists can number");
  first_weight_.push_back(static_cast<std::int32_t>(weight_.size()));
}

void BloodPaths::add_segment(const VesselGraph& graph, std::int32_t s, bool backwards) {
  const Discs& d = discs_of(graph, s);
  const std::size_t pieces = d.first.size() - 1;
  for (std::size_t k = 0; k < pieces; ++k) add_piece(d, s, backwards ? pieces - 1 - k : k);
}

// Branches get their numbers, and pieces theirs, in the order of vertices.
void BloodPaths::add_branches(const VesselGraph& graph, const Streams& streams,
                              std::vector<std::int32_t>& number) {
  const VesselGraph::Segments& s = graph.segments();
  for (const std::int32_t n : streams.order())
    for (const std::int32_t w : streams.out()[n]) {
      const Streams::Way& way = streams.ways()[at(w)];
      number[at(w)] = static_cast<std::int32_t>(branch_.size());
      BloodBranch b;
      b.first_piece = static_cast<std::int32_t>(length_.size());
      b.flow = std::abs(s.flow[at(way.first)]);
      b.haematocrit = s.haematocrit[at(way.first)];
      streams.for_each_segment(way,
                               [&](std::int32_t k) { add_segment(graph, k, s.flow[at(k)] < 0); });
      b.last_piece = static_cast<std::int32_t>(length_.size());
      branch_.push_back(b);
    }
}

// An end cuts through a larger vessel: what leaves it beyond what arrives comes from outside, and
// what arrives beyond that leaves the box, whatever the end is called.
void BloodPaths::add_vertex(const VesselGraph& graph, const BloodSupply& supply,
                            const Streams& streams, const std::vector<std::int32_t>& number,
                            std::int32_t n) {
  BloodVertex v;
  double in_flow = 0, out_flow = 0, widest = 0, largest = 0;
  v.first_in = static_cast<std::int32_t>(arc_.size());
  for (const std::int32_t w : streams.in()[n]) {
    arc_.push_back(number[at(w)]);
    in_flow += branch_[at(number[at(w)])].flow;
  }
  v.first_out = static_cast<std::int32_t>(arc_.size());
  for (const std::int32_t w : streams.out()[n]) {
    const BloodBranch& b = branch_[at(number[at(w)])];
    arc_.push_back(number[at(w)]);
    out_flow += b.flow;
    widest = std::max(widest, graph.segments().radius[at(streams.ways()[at(w)].first)]);
    if (b.flow > largest) {
      largest = b.flow;
      v.main = number[at(w)];
    }
  }
  v.last_out = static_cast<std::int32_t>(arc_.size());
  if (graph.nodes().end[at(n)] != static_cast<std::uint8_t>(VesselEnd::none)) {
    const double gain = out_flow - in_flow, own = graph.nodes().end_oxygen[at(n)];
    v.haematocrit = graph.haematocrit_at_end(n, supply.haematocrit);
    v.oxygen = own > 0 ? own : inlet_oxygen(supply, widest);
    if (gain > 0) v.entering = gain;
    if (gain < 0) v.leaving = -gain / in_flow;
  }
  vertex_.push_back(v);
}

// Weights by voxel, those of a voxel in the order of pieces: sorted by the digits of the voxel,
// each pass keeping the order of the one before.
void BloodPaths::index_voxels() {
  struct Entry {
    std::int64_t voxel;
    std::int32_t weight, piece;
  };
  std::vector<Entry> entries(place_.size()), sorted(place_.size());
  std::int64_t all = 0;
  for (std::size_t p = 0; p + 1 < first_weight_.size(); ++p)
    for (std::int32_t w = first_weight_[p]; w < first_weight_[p + 1]; ++w) {
      const std::size_t k = at(w);
      entries[k] = {place_[k], w, static_cast<std::int32_t>(p)};
      all |= place_[k];
    }
  constexpr int bits = 11;
  for (int shift = 0; all >> shift != 0; shift += bits) {
    const auto digit = [shift](const Entry& e) {
      return static_cast<std::size_t>(e.voxel >> shift) & ((std::size_t{1} << bits) - 1);
    };
    std::vector<std::size_t> begin((std::size_t{1} << bits) + 1, 0);
    for (const Entry& e : entries) ++begin[digit(e) + 1];
    for (std::size_t d = 0; d + 1 < begin.size(); ++d) begin[d + 1] += begin[d];
    for (const Entry& e : entries) sorted[begin[digit(e)]++] = e;
    entries.swap(sorted);
  }
  voxel_.clear();
  first_piece_at_.assign(1, 0);
  piece_at_.resize(entries.size());
  for (std::size_t k = 0; k < entries.size(); ++k) {
    if (k == 0 || entries[k - 1].voxel != entries[k].voxel) {
      const Voxel v = fields_.voxel_at(entries[k].voxel);
      voxel_.push_back(PackedVoxel::at(v.x, v.y, v.z));
      first_piece_at_.push_back(first_piece_at_.back());
    }
    DiscWeight& one = weight_[at(entries[k].weight)];
    one.at = static_cast<std::int32_t>(voxel_.size()) - 1;
    piece_at_[k] = {entries[k].piece, one.weight};
    ++first_piece_at_.back();
  }
}

void BloodPaths::index_coarse() {
  coarse_.clear();
  first_coarse_.assign(1, 0);
  int nx = fields_.nx, ny = fields_.ny, nz = fields_.nz;
  std::vector<PackedVoxel> parents = voxel_;
  while (nx > 1 || ny > 1 || nz > 1) {
    for (PackedVoxel& v : parents) v = v.parent();
    std::sort(parents.begin(), parents.end());
    parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
    coarse_.insert(coarse_.end(), parents.begin(), parents.end());
    first_coarse_.push_back(static_cast<std::int64_t>(coarse_.size()));
    nx = (nx + 1) / 2, ny = (ny + 1) / 2, nz = (nz + 1) / 2;
  }
}

void BloodPaths::upload() {
  const auto copy = [&](auto& buffer, const auto& values) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    const auto n = static_cast<std::int64_t>(values.size());
    if (buffer.size() < n)
      buffer = Buffer<T>(executor_, (view_.edition == 0 ? n : n + n / 2) + 1024);
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
  bare_ = supply.fixed;
  length_.clear(), radius_.clear(), segment_.clear(), place_.clear(), weight_.clear();
  branch_.clear(), vertex_.clear(), arc_.clear();
  first_weight_.assign(1, 0);
  level_.assign(1, 0);
  view_.circles = false;
  if (supply.fixed) {
    for (std::int32_t k = 0; k < graph.segment_count(); ++k)
      if (graph.is_alive(k) && graph.has(k, VesselGraph::perfused)) add_segment(graph, k, false);
  } else {
    const Streams streams(graph);
    std::vector<std::int32_t> number(streams.ways().size(), -1);
    add_branches(graph, streams, number);
    for (const std::int32_t n : streams.order()) add_vertex(graph, supply, streams, number, n);
    level_ = streams.levels();
    view_.circles = streams.circles();
  }
  index_voxels();
  index_coarse();
  upload();
}

} // namespace metavox
