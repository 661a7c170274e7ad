// Columns of metrics.csv about vessels.

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/constants.hpp"
#include "vessels/carrying.hpp"
#include "vessels/geometry.hpp"
#include "vessels/vasculature.hpp"

namespace metavox {
namespace {

// Blood that takes minutes to cross the box brings its surroundings nothing. For reports only: no
// rule reads it.
constexpr double slow_blood = 600; // um/min, 0.01 mm/s

double cross_section(double radius) { return pi * radius * radius; }

// The least value that this share of the length does not exceed. values: sorted, each with its
// length.
double quantile_by_length(const std::vector<std::pair<double, double>>& values, double quantile) {
  double whole = 0, so_far = 0;
  for (const auto& [value, length] : values) whole += length;
  for (const auto& [value, length] : values) {
    so_far += length;
    if (so_far >= quantile * whole) return value;
  }
  return 0;
}

double share(double part, double whole) { return whole > 0 ? part / whole : 0.0; }

void add_distances(MetricSheet& sheet, std::vector<double> distance) {
  std::sort(distance.begin(), distance.end());
  double mean = 0;
  for (const double d : distance) mean += d / static_cast<double>(distance.size());
  const auto quantile = [&](double q) {
    return distance.empty()
               ? 0.0
               : distance[static_cast<std::size_t>(q * static_cast<double>(distance.size() - 1))];
  };
  const char* const to_blood =
      "from living tumour cells, or where there are none from all voxels without vessel, to the "
      "nearest node of a vessel that red cells pass; of an even sample of 8192 to 16384; 0 where "
      "there is none";
  sheet.real("vessel_distance_mean", "um", mean, to_blood);
  sheet.real("vessel_distance_median", "um", quantile(0.5), to_blood);
  sheet.real("vessel_distance_p90", "um", quantile(0.9), to_blood);
  sheet.real("vessel_distance_max", "um", quantile(1), to_blood);
}

} // namespace

void Vasculature::measure(MetricSheet& sheet,
                          const std::function<std::vector<std::int64_t>()>& places) const {
  const VesselGraph::Segments& s = graph_.segments();
  const VesselGraph::Nodes& n = graph_.nodes();
  double length = 0, volume = 0, connected = 0, carrying = 0, slow = 0, immature = 0, cells = 0,
         flow_in = 0;
  std::vector<std::pair<double, double>> fluxes; // 1/s, um
  std::vector<std::uint8_t> fed(static_cast<std::size_t>(graph_.node_count()), 0);
  for (std::int32_t k = 0; k < graph_.segment_count(); ++k) {
    if (!graph_.is_alive(k)) continue;
    const auto i = static_cast<std::size_t>(k);
    const double l = graph_.length(k);
    length += l;
    volume += pi * s.radius[i] * s.radius[i] * l;
    if (!graph_.has(k, VesselGraph::mature)) immature += l;
    if (!graph_.has(k, VesselGraph::perfused)) continue;
    connected += l;
    cells += l * s.haematocrit[i];
    fluxes.emplace_back(red_cell_flux(s.flow[i], s.haematocrit[i]), l);
    if (std::abs(s.flow[i]) < slow_blood * cross_section(s.radius[i])) slow += l;
    if (graph_.has(k, VesselGraph::carries)) {
      carrying += l;
      fed[static_cast<std::size_t>(s.from[i])] = fed[static_cast<std::size_t>(s.to[i])] = 1;
    }
    if (n.end[static_cast<std::size_t>(s.from[i])] != 0) flow_in += std::max(0.0, s.flow[i]);
    if (n.end[static_cast<std::size_t>(s.to[i])] != 0) flow_in += std::max(0.0, -s.flow[i]);
  }
  sheet.real("vessel_length", "mm", length * 1e-3, "of all segments");
  sheet.real("perfused_fraction", "1", share(carrying, length),
             "share of that length that red cells pass, 1/s and more");
  if (vessels_.pattern == VesselPattern::none) return;

  const double h = tissue_.spacing;
  sheet.real(
      "vessel_length_density", "mm/mm^3",
      length * 1e-3 / (static_cast<double>(tissue_.voxels()) * h * h * h * 1e-9),
      "length over the volume of the box; this and the next where there is a `vessels.pattern`");
  sheet.real("length_connected", "mm", connected * 1e-3, "on a way from an inlet to an outlet");
  sheet.real("length_carrying", "mm", carrying * 1e-3, "of these, that red cells pass");
  const char* const of_connected =
      "over the length of connected vessels; 0 where `flow.enabled` is off";
  std::sort(fluxes.begin(), fluxes.end());
  sheet.real("red_cell_flux_median", "1/s", quantile_by_length(fluxes, 0.5), of_connected);
  sheet.real("red_cell_flux_p10", "1/s", quantile_by_length(fluxes, 0.1), of_connected);
  sheet.real("slow_fraction", "1", flow_.enabled ? share(slow, connected) : 0.0,
             "share of that length in which blood goes slower than 0.01 mm/s");
  sheet.real("vessel_volume", "mm^3", volume * 1e-9, "of all segments, as cylinders");
  std::int64_t branch_points = 0;
  std::vector<Point> vessels;
  for (std::int32_t k = 0; k < graph_.node_count(); ++k) {
    if (!graph_.node_alive(k)) continue;
    if (graph_.degree(k) >= 3) branch_points += 1;
    if (fed[static_cast<std::size_t>(k)] != 0) vessels.push_back(graph_.position(k));
  }
  sheet.count("vessel_segments", graph_.living_segments(), "now");
  sheet.count("tips", static_cast<std::int64_t>(tips_.size()), "now");
  sheet.count("branch_points", branch_points, "nodes of three segments and more, now");
  sheet.count("sprouts", counters_[sprouts], "since the start");
  sheet.count("branches", counters_[branches], "since the start");
  sheet.count("anastomoses", counters_[tip_fusions] + counters_[vessel_fusions],
              "since the start; fusions with vessels and with tips together");
  sheet.count("perfused_sprouts", counters_[perfused_sprouts],
              "since the start: events `perfusion`; a sprout that fills in parts counts each time");
  sheet.count("regressed_segments", counters_[regressed], "since the start");
  sheet.count("collapsed_segments", counters_[collapsed], "since the start");
  sheet.real("immature_fraction", "1", share(immature, length),
             "share of the length without pericytes");
  sheet.real("blood_flow", "nL/min", flow_in * 1e-6, "what enters at all ends");
  sheet.real("haematocrit_mean", "1", share(cells, connected),
             "over the length of connected vessels");

  std::vector<Point> at;
  for (const std::int64_t place : places()) at.push_back(centre(place));
  add_distances(sheet, distances_to(vessels, at));
  sheet.real(
      "fractal_dimension", "1", fractal_dimension(graph_.marked_voxels(), tissue_),
      "box counting on the projection of all vessels along z, boxes from a voxel to a quarter "
      "of the wider side");
}

} // namespace metavox
