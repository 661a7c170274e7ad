#include "site/measure.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace metavox {
namespace {

struct Run { // tumour voxels of one line, x in [begin, end)
  int begin, end;
  std::int64_t living;
};

} // namespace

// Components are found on runs along x: a tumour of millions of voxels has few of them.
TumourShape measure_shape(const std::vector<std::uint8_t>& kind, const Lattice& l) {
  TumourShape shape;
  std::vector<Run> runs;
  std::vector<std::int64_t> parent;
  const auto root = [&](std::int64_t r) {
    while (parent[static_cast<std::size_t>(r)] != r) {
      auto& up = parent[static_cast<std::size_t>(r)];
      up = parent[static_cast<std::size_t>(up)];
      r = up;
    }
    return r;
  };
  std::vector<std::int64_t> line_begin(
      static_cast<std::size_t>(l.ny) * static_cast<std::size_t>(l.nz) + 1, 0);
  std::array<int, 3> low{l.nx, l.ny, l.nz}, high{-1, -1, -1};
  std::array<std::int64_t, 3> sum{};
  std::array<double, 3> sum2{};
  for (int z = 0; z < l.nz; ++z)
    for (int y = 0; y < l.ny; ++y) {
      const std::size_t line = static_cast<std::size_t>(z) * static_cast<std::size_t>(l.ny) +
                               static_cast<std::size_t>(y);
      line_begin[line] = static_cast<std::int64_t>(runs.size());
      const std::uint8_t* k = kind.data() + line * static_cast<std::size_t>(l.nx);
      for (int x = 0; x < l.nx; ++x) {
        const auto here = static_cast<Kind>(k[x]);
        const bool living = is_tumour(here);
        if (!living && !is_dead(here)) continue;
        if (runs.size() == static_cast<std::size_t>(line_begin[line]) || runs.back().end != x) {
          parent.push_back(static_cast<std::int64_t>(runs.size()));
          runs.push_back({x, x, 0});
        }
        runs.back().end = x + 1;
        if (!living) {
          shape.dead += 1;
          continue;
        }
        shape.living += 1;
        runs.back().living += 1;
        const std::array<int, 3> at{x, y, z};
        for (std::size_t a = 0; a < 3; ++a) {
          low[a] = std::min(low[a], at[a]);
          high[a] = std::max(high[a], at[a]);
          sum[a] += at[a];
          sum2[a] += static_cast<double>(at[a]) * at[a];
        }
      }
      const auto join = [&](std::size_t other) {
        std::int64_t a = line_begin[line], b = line_begin[other];
        const auto a_end = static_cast<std::int64_t>(runs.size());
        const std::int64_t b_end = line_begin[other + 1];
        while (a < a_end && b < b_end) {
          const Run &ra = runs[static_cast<std::size_t>(a)],
                    &rb = runs[static_cast<std::size_t>(b)];
          if (ra.begin < rb.end && rb.begin < ra.end) {
            const std::int64_t pa = root(a), pb = root(b);
            parent[static_cast<std::size_t>(std::max(pa, pb))] = std::min(pa, pb);
          }
          if (ra.end < rb.end)
            ++a;
          else
            ++b;
        }
      };
      line_begin[line + 1] = static_cast<std::int64_t>(runs.size());
      if (y > 0) join(line - 1);
      if (z > 0) join(line - static_cast<std::size_t>(l.ny));
    }
  std::vector<std::int64_t> size(runs.size(), 0), living(runs.size(), 0);
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const auto top = static_cast<std::size_t>(root(static_cast<std::int64_t>(r)));
    size[top] += runs[r].end - runs[r].begin;
    living[top] += runs[r].living;
  }
  std::size_t main = 0;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    if (size[r] == 0) continue;
    shape.components += 1;
    if (size[r] > shape.largest) {
      shape.largest = size[r];
      main = r;
    }
  }
  for (std::size_t r = 0; r < runs.size(); ++r)
    if (r != main && living[r] > 0) {
      shape.detached_clusters += 1;
      shape.detached_cells += living[r];
    }
  if (shape.living == 0) return shape;

  const double h = l.spacing;
  double spread = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    const double mean = static_cast<double>(sum[a]) / static_cast<double>(shape.living);
    shape.centre[a] = (mean + 0.5) * h;
    shape.extent[a] = (high[a] - low[a] + 1) * h;
    spread += sum2[a] / static_cast<double>(shape.living) - mean * mean;
  }
  shape.gyration = std::sqrt(std::max(0.0, spread)) * h;
  const int n[3] = {l.nx, l.ny, l.nz};
  for (std::size_t a = 0; a < 3; ++a)
    if (n[a] > 1 && (low[a] == 0 || high[a] == n[a] - 1)) shape.touches_face = true;
  // The farthest cell of a line is at one of its runs' ends.
  double farthest2 = 0;
  for (int z = 0; z < l.nz; ++z)
    for (int y = 0; y < l.ny; ++y) {
      const std::size_t line = static_cast<std::size_t>(z) * static_cast<std::size_t>(l.ny) +
                               static_cast<std::size_t>(y);
      const double dy = (y + 0.5) * h - shape.centre[1], dz = (z + 0.5) * h - shape.centre[2];
      for (std::int64_t r = line_begin[line]; r < line_begin[line + 1]; ++r)
        for (const int x :
             {runs[static_cast<std::size_t>(r)].begin, runs[static_cast<std::size_t>(r)].end - 1}) {
          if (runs[static_cast<std::size_t>(r)].living == 0) continue;
          const double dx = (x + 0.5) * h - shape.centre[0];
          farthest2 = std::max(farthest2, dx * dx + dy * dy + dz * dz);
        }
    }
  shape.farthest = std::sqrt(farthest2);
  return shape;
}

} // namespace metavox
