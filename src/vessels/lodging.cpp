#include "vessels/lodging.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/constants.hpp"
#include "core/exact.hpp"
#include "vessels/index.hpp"
#include "vessels/streams.hpp"

namespace metavox {
namespace {

// Free cells on their way: what has come to nodes, and how far from the inlet.
class FreeCells {
public:
  FreeCells(const VesselGraph& graph, const LodgingParameters& settings, const Streams& streams,
            const std::vector<std::int32_t>& inlets, std::vector<Lodging::Stretch>& stretches)
      : graph_(graph), settings_(settings), streams_(streams), stretches_(stretches),
        gain_(at(graph.node_count()), 0.0), come_(gain_), depth_(gain_),
        closed_(at(graph.node_count()), inlets.empty() ? 0 : 1) {
    for (const std::int32_t n : inlets)
      if (n >= 0 && n < graph.node_count()) closed_[at(n)] = 0;
    for (const Streams::Way& w : streams.ways()) {
      const double q = flow_of(w);
      gain_[at(w.from)] += q;
      gain_[at(w.to)] -= q;
    }
    for (std::int32_t n = 0; n < graph.node_count(); ++n)
      if (is_end(n) && closed_[at(n)] == 0 && gain_[at(n)] > 0) entering_ += gain_[at(n)];
  }
  double entering() const { return entering_; }

  // Nodes come in an order in which all that flows to them has arrived. Where rounding makes blood
  // flow in a circle, what comes late passes.
  void flow_through() {
    if (!(entering_ > 0)) return;
    for (const std::int32_t n : streams_.order()) divide(n);
  }

private:
  double flow_of(const Streams::Way& w) const {
    return std::abs(graph_.segments().flow[at(w.first)]);
  }
  bool is_end(std::int32_t n) const {
    return graph_.nodes().end[at(n)] != static_cast<std::uint8_t>(VesselEnd::none);
  }

  void divide(std::int32_t n) {
    double cells = come_[at(n)];
    const double depth = cells > 0 ? depth_[at(n)] / cells : 0;
    double begins = depth; // of what leaves, cells that enter here among it
    double leaving = 0;
    const Streams::ByNode::Range out = streams_.out()[n];
    for (const std::int32_t w : out) leaving += flow_of(streams_.ways()[at(w)]);
    if (is_end(n)) {
      const double enters = closed_[at(n)] != 0 ? 0 : std::max(gain_[at(n)], 0.0) / entering_;
      begins = cells + enters > 0 ? depth * cells / (cells + enters) : 0;
      cells += enters;
      leaving += std::max(-gain_[at(n)], 0.0);
    }
    const bool fork = out.size() > 1;
    for (const std::int32_t w : out) {
      const Streams::Way& way = streams_.ways()[at(w)];
      go(way, cells * (flow_of(way) / leaving), begins, fork);
    }
  }

  void go(const Streams::Way& way, double cells, double depth, bool fork) {
    double behind = 0; // um, since the fork
    streams_.for_each_segment(way, [&](std::int32_t k) {
      const double radius = graph_.segments().radius[at(k)], length = graph_.length(k);
      const double hazard =
          lodging_hazard(settings_, radius, blood_speed(graph_.segments().flow[at(k)], radius));
      const double near = fork ? std::clamp(settings_.fork_length - behind, 0.0, length) : 0.0;
      const auto pass = [&](double begin, double part, double kappa) {
        if (!(part > 0)) return;
        const double lost = cells * exact::chance(kappa, part);
        stretches_.push_back({k, begin, part, kappa, depth, cells, lost});
        cells -= lost;
        depth += part;
      };
      pass(0, near, hazard * settings_.fork);
      pass(near, length - near, hazard);
      behind += length;
    });
    come_[at(way.to)] += cells;
    depth_[at(way.to)] += cells * depth;
  }

  const VesselGraph& graph_;
  const LodgingParameters& settings_;
  const Streams& streams_;
  std::vector<Lodging::Stretch>& stretches_;
  std::vector<double> gain_;         // of nodes: um^3/min that leave less those that come
  std::vector<double> come_, depth_; // cells that have come, and the sum of how far
  std::vector<std::uint8_t> closed_; // nodes through which no cell enters
  double entering_ = 0;
};

// What of a straight way from a to b lies between two corners, as parts of its length; none:
// nothing.
std::optional<std::pair<double, double>> part_within(const Point& a, const Point& b,
                                                     const Point& low, const Point& high) {
  double first = 0, last = 1;
  for (std::size_t c = 0; c < 3; ++c) {
    const double way = b[c] - a[c];
    if (way == 0) {
      if (a[c] < low[c] || a[c] > high[c]) return {};
      continue;
    }
    const double in = (low[c] - a[c]) / way, out = (high[c] - a[c]) / way;
    first = std::max(first, std::min(in, out));
    last = std::min(last, std::max(in, out));
  }
  if (!(first < last)) return {};
  return std::pair{first, last};
}

} // namespace

double blood_speed(double flow, double radius) { return std::abs(flow) / (pi * radius * radius); }

double lodging_hazard(const LodgingParameters& p, double radius, double speed) {
  const double narrow = 1 - radius / p.widest_radius;
  if (!(narrow > 0)) return 0;
  const double full = -exact::log(p.pass) / (p.path * (1 - p.capillary_radius / p.widest_radius));
  return full * narrow * (speed < p.slow_speed ? 1.0 : p.fast_share);
}

Lodging::Lodging(const VesselGraph& graph, const LodgingParameters& settings,
                 const std::vector<std::int32_t>& inlets)
    : graph_(graph) {
  const Streams streams(graph);
  FreeCells cells(graph, settings, streams, inlets, stretches_);
  cells.flow_through();
  entering_ = cells.entering();
  add_up();
}

void Lodging::add_up() {
  double sum = 0;
  cumulative_.reserve(stretches_.size());
  for (const Stretch& s : stretches_) cumulative_.push_back(sum += s.lost);
}

Lodging Lodging::within(const Point& low, const Point& high) const {
  Lodging part(graph_);
  part.entering_ = entering_;
  for (const Stretch& s : stretches_) {
    const VesselGraph::Segments& all = graph_.segments();
    const bool forward = all.flow[at(s.segment)] > 0;
    const Point up = graph_.position((forward ? all.from : all.to)[at(s.segment)]),
                down = graph_.position((forward ? all.to : all.from)[at(s.segment)]);
    const auto inside = part_within(up, down, low, high);
    if (!inside) continue;
    const double length = graph_.length(s.segment);
    const double begin = std::max(s.begin, inside->first * length),
                 end = std::min(s.begin + s.length, inside->second * length);
    if (!(begin < end)) continue;
    const double on = begin - s.begin, arriving = s.arriving * exact::exp(-s.hazard * on);
    part.stretches_.push_back({s.segment, begin, end - begin, s.hazard, s.depth + on, arriving,
                               arriving * exact::chance(s.hazard, end - begin)});
  }
  part.add_up();
  return part;
}

std::optional<Lodging::Place> Lodging::place(double uniform) const {
  const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), uniform);
  if (found == cumulative_.end()) return {};
  const auto n = static_cast<std::size_t>(found - cumulative_.begin());
  const Stretch& s = stretches_[n];
  const double before = n > 0 ? cumulative_[n - 1] : 0;
  const double lost = std::clamp((uniform - before) / s.arriving, 0.0, 1.0);
  const double on = s.begin + std::clamp(-exact::log(1 - lost) / s.hazard, 0.0, s.length);
  const bool forward = graph_.segments().flow[at(s.segment)] > 0;
  return Place{s.segment, forward ? on : std::max(graph_.length(s.segment) - on, 0.0),
               s.depth + (on - s.begin)};
}

} // namespace metavox
