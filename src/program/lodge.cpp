#include "program/lodge.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "core/errors.hpp"
#include "core/exact.hpp"
#include "core/file.hpp"
#include "core/random.hpp"
#include "input/inputs.hpp"
#include "program/exit_code.hpp"
#include "program/standard_output.hpp"
#include "record/csv.hpp"
#include "settings/text.hpp"
#include "site/config.hpp"
#include "site/take_apart.hpp"
#include "vessels/index.hpp"
#include "vessels/lodging.hpp"
#include "vessels/parents.hpp"
#include "vessels/vasculature.hpp"

namespace metavox {
namespace {

namespace fs = std::filesystem;

void require_bed(const Parameters& p, const std::string& name) {
  if (p.vessels.pattern == VesselPattern::none)
    throw ConfigError(name + ": vessels.pattern is none, and cells lodge in vessels; type for "
                             "example: vessels: {pattern: grid}");
  if (!p.flow.enabled)
    throw ConfigError(name + ": flow.enabled is false, and cells go where blood flows; type "
                             "flow.enabled: true");
}

// The vessels of a configuration with the flow through them, without the tissue around.
Vasculature bed_of(const Parameters& p) {
  const Inputs inputs = read_inputs(p);
  const Lattice lattice{p.domain.voxels[0], p.domain.voxels[1], p.domain.voxels[2],
                        p.domain.spacing, 1};
  const std::uint64_t seed = site_seed(p.simulation.seed, 0);
  Vasculature vessels(Executor::on_cpu(1), lattice, lattice, vasculature_settings(p), seed);
  vessels.start(build_parent_vessels(p.vessels, p.flow, lattice, seed, inputs.vessel_file,
                                     inputs.vessel_names));
  return vessels;
}

// Shares of the cells that lodge and numbers of those drawn, by ranges of a length.
class Histogram {
public:
  explicit Histogram(std::vector<double> edges) // um, ascending; the last range is open
      : edges_(std::move(edges)), share_(edges_.size(), 0.0), count_(edges_.size(), 0) {}

  void add(double where, double share) { share_[range(where)] += share; }
  // What is lost along a stretch, which may lie in several ranges.
  void add(const Lodging::Stretch& s) {
    double from = 0, left = s.arriving;
    for (std::size_t k = range(s.depth); from < s.length; ++k) {
      const double to =
          k + 1 < edges_.size() ? std::min(edges_[k + 1] - s.depth, s.length) : s.length;
      const double lost = left * exact::chance(s.hazard, to - from);
      share_[k] += lost;
      left -= lost;
      from = to;
    }
  }
  void count(double where) { ++count_[range(where)]; }
  void print(double lodged) const {
    for (std::size_t k = 0; k < edges_.size(); ++k) {
      if (!(share_[k] > 0) && count_[k] == 0) continue;
      const std::string to =
          k + 1 < edges_.size() ? text_of("to %.4g um", edges_[k + 1]) : std::string("um and more");
      say(text_of("  %8.4g ", edges_[k]) + to + std::string(std::max(0, 14 - int(to.size())), ' ') +
          text_of("%9.5f", share_[k] / lodged) + text_of("%12.0f", static_cast<double>(count_[k])));
    }
  }

private:
  std::size_t range(double where) const {
    const auto above = std::upper_bound(edges_.begin(), edges_.end(), where);
    return above == edges_.begin() ? 0 : static_cast<std::size_t>(above - edges_.begin()) - 1;
  }
  std::vector<double> edges_;
  std::vector<double> share_;
  std::vector<std::int64_t> count_;
};

// The voxel behind the inlet alone, then steps of 100 um.
std::vector<double> depths(double voxel) {
  std::vector<double> edges{0, voxel};
  for (int n = 1; n <= 20; ++n)
    if (100.0 * n > voxel) edges.push_back(100.0 * n);
  return edges;
}
std::vector<double> radii(double widest) {
  std::vector<double> edges;
  edges.reserve(static_cast<std::size_t>(widest) + 1);
  for (int r = 0; r < widest; ++r) edges.push_back(r);
  return edges;
}

class Report {
public:
  Report(const Parameters& p, const VesselGraph& graph, const Lodging& lodging)
      : graph_(graph), lodging_(lodging), by_depth_(depths(p.domain.spacing)),
        by_radius_(radii(p.lodging.widest_radius)), lost_(graph.segments().from.size(), 0.0),
        count_(lost_.size(), 0) {
    for (const Lodging::Stretch& s : lodging.stretches()) {
      lost_[at(s.segment)] += s.lost;
      by_depth_.add(s);
      by_radius_.add(radius(s.segment), s.lost);
    }
  }

  void draw(std::uint64_t seed, int arrivals) {
    arrivals_ = arrivals;
    for (int n = 0; n < arrivals; ++n) {
      const Draw d = metavox::draw(seed, Purpose::lodging, static_cast<std::uint64_t>(n), 0);
      const std::optional<Lodging::Place> place = lodging_.place(to_unit(d.word[0]));
      if (!place) {
        ++passed_;
        continue;
      }
      ++count_[at(place->segment)];
      by_depth_.count(place->depth);
      by_radius_.count(radius(place->segment));
    }
  }

  void print() const {
    double length = 0;
    std::int64_t segments = 0, last = -1;
    for (const Lodging::Stretch& s : lodging_.stretches()) {
      length += s.length;
      segments += s.segment != last ? 1 : 0;
      last = s.segment;
    }
    say("bed          " + std::to_string(segments) + " segments with blood in them, " +
        text_of("%.4g mm", length / 1000) + ", " +
        text_of("%.4g nL/min enters", lodging_.entering() / 1e6));
    say("pass         share " + text_of("%.5f", 1 - lodging_.lodged()) + ", " +
        std::to_string(passed_) + " of " + std::to_string(arrivals_));
    say("lodge        share " + text_of("%.5f", lodging_.lodged()) + ", " +
        std::to_string(arrivals_ - passed_) + " of " + std::to_string(arrivals_));
    if (!(lodging_.lodged() > 0)) return;
    say("By the way from an inlet         share      number of those that lodge");
    by_depth_.print(lodging_.lodged());
    say("By the radius of the vessel      share      number");
    by_radius_.print(lodging_.lodged());
  }

  std::string table() const {
    std::string text = "segment,x [um],y [um],z [um],radius [um],speed [um/s],lodged share,count\n";
    for (std::int32_t k = 0; k < graph_.segment_count(); ++k) {
      if (!graph_.is_alive(k)) continue;
      const Point a = graph_.position(graph_.segments().from[at(k)]),
                  b = graph_.position(graph_.segments().to[at(k)]);
      text += std::to_string(k);
      for (std::size_t x = 0; x < 3; ++x) text += "," + csv_number((a[x] + b[x]) / 2);
      text += "," + csv_number(radius(k)) + "," +
              csv_number(blood_speed(graph_.segments().flow[at(k)], radius(k)) / 60) + "," +
              csv_number(lost_[at(k)]) + "," + std::to_string(count_[at(k)]) + "\n";
    }
    return text;
  }

private:
  double radius(std::int32_t segment) const { return graph_.segments().radius[at(segment)]; }

  const VesselGraph& graph_;
  const Lodging& lodging_;
  Histogram by_depth_, by_radius_;
  std::vector<double> lost_;        // of segments
  std::vector<std::int64_t> count_; // of those drawn
  std::int64_t passed_ = 0, arrivals_ = 0;
};

} // namespace

int lodge(const LodgeOptions& options) {
  const Config config = read_config(options.config, options.set, options.seed);
  const Parameters& p = config.parameters;
  require_bed(p, options.config.string());
  Vasculature vessels = bed_of(p);
  for (const Event& e : vessels.take_events())
    std::fprintf(stderr, "metavox: warning: %s\n", e.detail.c_str());
  const Lodging lodging(vessels.graph(), p.lodging);
  if (!(lodging.entering() > 0))
    throw ConfigError(options.config.string() + ": no blood flows through the vessels; do they "
                                                "lead from an inlet to an outlet?");
  Report report(p, vessels.graph(), lodging);
  report.draw(site_seed(p.simulation.seed, 0), options.arrivals);
  report.print();
  const fs::path table = options.output.empty()
                             ? fs::path(options.config.stem().string() + "_lodged.csv")
                             : fs::path(options.output);
  write_file_atomically(table, report.table());
  say("table        " + table.string());
  return exit_done;
}

} // namespace metavox
