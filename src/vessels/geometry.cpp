// What metrics.csv tells of vessels.
#include "vessels/geometry.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "vessels/vasculature.hpp"

namespace metavox {

double fractal_dimension(const std::vector<std::int64_t>& voxels, const Lattice& l) {
  const int largest = std::max(l.nx, l.ny);
  std::vector<std::uint8_t> shadow(static_cast<std::size_t>(l.nx) * static_cast<std::size_t>(l.ny),
                                   0);
  for (const std::int64_t v : voxels)
    shadow[static_cast<std::size_t>(v % (static_cast<std::int64_t>(l.nx) * l.ny))] = 1;
  std::vector<double> x, y;
  for (int box = 1; box <= largest / 4; box *= 2) {
    const int columns = (l.nx + box - 1) / box, rows = (l.ny + box - 1) / box;
    std::vector<std::uint8_t> held(
        static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows), 0);
    for (int j = 0; j < l.ny; ++j)
      for (int i = 0; i < l.nx; ++i)
        if (shadow[static_cast<std::size_t>(j) * static_cast<std::size_t>(l.nx) +
                   static_cast<std::size_t>(i)] != 0)
          held[static_cast<std::size_t>(j / box) * static_cast<std::size_t>(columns) +
               static_cast<std::size_t>(i / box)] = 1;
    const auto count = std::count(held.begin(), held.end(), 1);
    if (count == 0) return 0;
    x.push_back(-std::log(static_cast<double>(box)));
    y.push_back(std::log(static_cast<double>(count)));
  }
  if (x.size() < 2) return 0;
  double mx = 0, my = 0, xx = 0, xy = 0;
  const auto n = static_cast<double>(x.size());
  for (std::size_t k = 0; k < x.size(); ++k) {
    mx += x[k] / n;
    my += y[k] / n;
  }
  for (std::size_t k = 0; k < x.size(); ++k) {
    xx += (x[k] - mx) * (x[k] - mx);
    xy += (x[k] - mx) * (y[k] - my);
  }
  return std::max(0.0, xy / xx);
}

std::vector<double> distances_to(const std::vector<Point>& vessels,
                                 const std::vector<Point>& places) {
  // Vessels in bins; shells of bins around a place are searched until none farther out can be
  // nearer.
  constexpr double edge = 100; // um
  struct Hash {
    std::size_t operator()(const std::array<int, 3>& b) const {
      return static_cast<std::size_t>(b[0]) * 73856093u ^
             static_cast<std::size_t>(b[1]) * 19349663u ^
             static_cast<std::size_t>(b[2]) * 83492791u;
    }
  };
  const auto bin_of = [](const Point& p) {
    return std::array<int, 3>{static_cast<int>(std::floor(p[0] / edge)),
                              static_cast<int>(std::floor(p[1] / edge)),
                              static_cast<int>(std::floor(p[2] / edge))};
  };
  std::unordered_map<std::array<int, 3>, std::vector<std::size_t>, Hash> bins;
  std::array<int, 3> low{}, high{};
  for (std::size_t n = 0; n < vessels.size(); ++n) {
    const std::array<int, 3> b = bin_of(vessels[n]);
    for (std::size_t a = 0; a < 3; ++a) {
      low[a] = n == 0 ? b[a] : std::min(low[a], b[a]);
      high[a] = n == 0 ? b[a] : std::max(high[a], b[a]);
    }
    bins[b].push_back(n);
  }
  std::vector<double> distance;
  if (vessels.empty()) return distance;
  const auto squared = [](const Point& a, const Point& b) {
    return (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
           (a[2] - b[2]) * (a[2] - b[2]);
  };
  // Where vessels are few, empty bins cost more than vessels do.
  if (vessels.size() < 4096) {
    for (const Point& p : places) {
      double best2 = squared(vessels[0], p);
      for (const Point& v : vessels) best2 = std::min(best2, squared(v, p));
      distance.push_back(std::sqrt(best2));
    }
    return distance;
  }
  for (const Point& p : places) {
    const std::array<int, 3> b = bin_of(p);
    double best2 = std::numeric_limits<double>::infinity();
    int farthest = 0;
    for (std::size_t a = 0; a < 3; ++a)
      farthest = std::max({farthest, std::abs(b[a] - low[a]), std::abs(high[a] - b[a])});
    for (int shell = 0; shell <= farthest; ++shell) {
      const double reached = (shell - 1) * edge;
      if (reached > 0 && best2 <= reached * reached) break;
      for (int dz = -shell; dz <= shell; ++dz)
        for (int dy = -shell; dy <= shell; ++dy)
          for (int dx = -shell; dx <= shell; ++dx) {
            if (std::max({std::abs(dx), std::abs(dy), std::abs(dz)}) != shell) continue;
            const auto found = bins.find({b[0] + dx, b[1] + dy, b[2] + dz});
            if (found == bins.end()) continue;
            for (const std::size_t n : found->second)
              best2 = std::min(best2, squared(vessels[n], p));
          }
    }
    distance.push_back(std::sqrt(best2));
  }
  return distance;
}

void Vasculature::measure(MetricRow& row, const std::vector<std::uint8_t>& kinds) const {
  const auto count = [&](const char* name, std::int64_t n) {
    row.push_back({name, "1", static_cast<double>(n), true});
  };
  const auto real = [&](const char* name, const char* unit, double v) {
    row.push_back({name, unit, v, false});
  };
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
  real("vessel_length", "mm", length * 1e-3);
  real("perfused_fraction", "1", share(perfused, length));
  if (vessels_.pattern == VesselPattern::none) return;

  const double h = tissue_.spacing;
  real("vessel_length_density", "mm/mm^3",
       length * 1e-3 / (static_cast<double>(tissue_.voxels()) * h * h * h * 1e-9));
  std::int64_t branch_points = 0;
  std::vector<Point> vessels;
  std::vector<std::int64_t> voxels;
  for (std::int32_t k = 0; k < graph_.node_count(); ++k) {
    if (!graph_.node_alive(k)) continue;
    if (graph_.degree(k) >= 3) branch_points += 1;
    if (fed[static_cast<std::size_t>(k)] != 0) vessels.push_back(graph_.position(k));
    if (graph_.voxel(k) >= 0) voxels.push_back(graph_.voxel(k));
  }
  count("vessel_segments", graph_.living_segments());
  count("tips", static_cast<std::int64_t>(tips_.size()));
  count("branch_points", branch_points);
  count("sprouts", counters_[sprouts]);
  count("branches", counters_[branches]);
  count("anastomoses", counters_[tip_fusions] + counters_[vessel_fusions]);
  count("perfused_sprouts", counters_[perfused_sprouts]);
  count("regressed_segments", counters_[regressed]);
  count("collapsed_segments", counters_[collapsed]);
  real("immature_fraction", "1", share(immature, length));
  real("blood_flow", "nL/min", flow_in * 1e-6);
  real("haematocrit_mean", "1", share(cells, perfused));

  // Distances of living tumour cells, or of all tissue where there is no tumour, from an even
  // sample.
  std::vector<std::int64_t> places;
  for (std::size_t v = 0; v < kinds.size(); ++v)
    if (is_tumour(static_cast<Kind>(kinds[v]))) places.push_back(static_cast<std::int64_t>(v));
  if (places.empty())
    for (std::size_t v = 0; v < kinds.size(); ++v)
      if (static_cast<Kind>(kinds[v]) != Kind::vessel)
        places.push_back(static_cast<std::int64_t>(v));
  constexpr std::size_t sample = 8192;
  const std::size_t every = std::max<std::size_t>(1, places.size() / sample);
  std::vector<Point> at;
  for (std::size_t k = 0; k < places.size(); k += every) at.push_back(centre(places[k]));
  std::vector<double> distance = distances_to(vessels, at);
  std::sort(distance.begin(), distance.end());
  double mean = 0;
  for (const double d : distance) mean += d / static_cast<double>(distance.size());
  const auto quantile = [&](double q) {
    return distance.empty()
               ? 0.0
               : distance[static_cast<std::size_t>(q * static_cast<double>(distance.size() - 1))];
  };
  real("vessel_distance_mean", "um", mean);
  real("vessel_distance_median", "um", quantile(0.5));
  real("vessel_distance_p90", "um", quantile(0.9));
  real("vessel_distance_max", "um", quantile(1));
  real("fractal_dimension", "1", fractal_dimension(voxels, tissue_));
}

} // namespace metavox
