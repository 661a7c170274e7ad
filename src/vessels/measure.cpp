// Columns of metrics.csv about vessels.

#include <algorithm>

#include "vessels/geometry.hpp"
#include "vessels/vasculature.hpp"

namespace metavox {

void Vasculature::measure(MetricSheet& sheet,
                          const std::function<std::vector<std::int64_t>()>& places) const {
  const auto share = [](double part, double whole) { return whole > 0 ? part / whole : 0.0; };

  const VesselGraph::Segments& s = graph_.segments();
  const VesselGraph::Nodes& n = graph_.nodes();
  double length = 0, perfused = 0, immature = 0, cells = 0, flow_in = 0;
  std::vector<std::uint8_t> fed(static_cast<std::size_t>(graph_.node_count()), 0);
  for (std::int32_t k = 0; k < graph_.segment_count(); ++k) {
    if (!graph_.is_alive(k)) continue;
    const auto i = static_cast<std::size_t>(k);
    const double l = graph_.length(k);
    length += l;
    if (!graph_.has(k, VesselGraph::mature)) immature += l;
    if (!graph_.has(k, VesselGraph::perfused)) continue;
    perfused += l;
    cells += l * s.haematocrit[i];
    fed[static_cast<std::size_t>(s.from[i])] = fed[static_cast<std::size_t>(s.to[i])] = 1;
    if (n.end[static_cast<std::size_t>(s.from[i])] != 0) flow_in += std::max(0.0, s.flow[i]);
    if (n.end[static_cast<std::size_t>(s.to[i])] != 0) flow_in += std::max(0.0, -s.flow[i]);
  }
  sheet.real("vessel_length", "mm", length * 1e-3, "of all segments");
  sheet.real("perfused_fraction", "1", share(perfused, length), "share of that length");
  if (vessels_.pattern == VesselPattern::none) return;

  const double h = tissue_.spacing;
  sheet.real(
      "vessel_length_density", "mm/mm^3",
      length * 1e-3 / (static_cast<double>(tissue_.voxels()) * h * h * h * 1e-9),
      "length over the volume of the box; this and the next where there is a `vessels.pattern`");
  std::int64_t branch_points = 0;
  std::vector<Point> vessels;
  std::vector<std::int64_t> voxels;
  for (std::int32_t k = 0; k < graph_.node_count(); ++k) {
    if (!graph_.node_alive(k)) continue;
    if (graph_.degree(k) >= 3) branch_points += 1;
    if (fed[static_cast<std::size_t>(k)] != 0) vessels.push_back(graph_.position(k));
    if (graph_.voxel(k) >= 0) voxels.push_back(graph_.voxel(k));
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
  sheet.real("haematocrit_mean", "1", share(cells, perfused),
             "over the length of perfused vessels");

  std::vector<Point> at;
  for (const std::int64_t place : places()) at.push_back(centre(place));
  std::vector<double> distance = distances_to(vessels, at);
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
      "nearest perfused node; of an even sample of 8192 to 16384; 0 where nothing is perfused";
  sheet.real("vessel_distance_mean", "um", mean, to_blood);
  sheet.real("vessel_distance_median", "um", quantile(0.5), to_blood);
  sheet.real("vessel_distance_p90", "um", quantile(0.9), to_blood);
  sheet.real("vessel_distance_max", "um", quantile(1), to_blood);
  sheet.real(
      "fractal_dimension", "1", fractal_dimension(voxels, tissue_),
      "box counting on the projection of all vessels along z, boxes from a voxel to a quarter "
      "of the wider side");
}

} // namespace metavox
