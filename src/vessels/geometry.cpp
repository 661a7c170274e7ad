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

} // namespace metavox
