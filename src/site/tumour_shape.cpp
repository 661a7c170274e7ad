#include "site/tumour_shape.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/exact.hpp"
#include "core/launch.hpp"
#include "voxel/kind.hpp"

namespace metavox {
namespace {

// Runs that come to the host at a time.
constexpr std::int64_t most_runs_at_once = std::int64_t{1} << 16;

// A line of kinds; `line` is y + ny z.
struct KindLine {
  const std::uint8_t* kind;
  int n;
  MV_HD KindLine(const std::uint8_t* kinds, const Lattice& l, std::int64_t line)
      : kind(kinds + l.index(0, static_cast<int>(line % l.ny), static_cast<int>(line / l.ny))),
        n(l.nx) {}
  MV_HD Kind at(int x) const { return static_cast<Kind>(kind[x]); }
  MV_HD bool counts(int x) const {
    return one_of<static_cast<KindMask>(tumour_kinds | dead_kinds)>(at(x));
  }
};

struct CountRuns {
  static constexpr const char* name = "shape.count_runs";
  static constexpr double bytes = 1;
  const std::uint8_t* kind;
  Lattice lattice;
  std::uint32_t* count; // per line
  MV_HD void operator()(std::int64_t line) const {
    const KindLine l(kind, lattice, line);
    std::uint32_t runs = l.counts(0) ? 1 : 0;
    for (int x = 1; x < l.n; ++x) // free of branches: compilers make vector code of it
      runs +=
          static_cast<std::uint32_t>(l.counts(x)) & static_cast<std::uint32_t>(!l.counts(x - 1));
    count[line] = runs;
  }
};

struct ListRuns {
  static constexpr const char* name = "shape.list_runs";
  static constexpr double bytes = 1;
  const std::uint8_t* kind;
  Lattice lattice;
  std::int64_t first_line;
  const std::uint32_t* place; // of the first run of each line from first_line on; one entry more
  TumourRun* run;
  MV_HD void operator()(std::int64_t k) const {
    const KindLine l(kind, lattice, first_line + k);
    int x = 0;
    for (std::uint32_t r = place[k]; r < place[k + 1]; ++r) {
      while (!l.counts(x)) ++x;
      TumourRun found{x, x, l.n, -1, 0, 0, 0};
      for (; x < l.n && l.counts(x); ++x) {
        if (!is_tumour(l.at(x))) continue;
        found.first = exact::min_of(found.first, x);
        found.last = x;
        found.living += 1;
        found.sum += x;
        found.sum2 += std::int64_t{x} * x;
      }
      found.end = x;
      run[r] = found;
    }
  }
};

MV_HD inline bool in_mask(KindMask mask, std::uint8_t code) { return (mask >> code & 1) != 0; }

struct CountInLines {
  static constexpr const char* name = "sample.count";
  static constexpr double bytes = 1;
  const std::uint8_t* kind;
  Lattice lattice;
  KindMask mask;
  std::uint32_t* count; // per line
  MV_HD void operator()(std::int64_t line) const {
    const KindLine l(kind, lattice, line);
    std::uint32_t found = 0;
    for (int x = 0; x < l.n; ++x) found += in_mask(mask, l.kind[x]) ? 1 : 0;
    count[line] = found;
  }
};

// Voxels of the mask to pick in one line: `skip` are passed over first.
struct Picks {
  std::int64_t line, skip, place; // place: of the first in the list of all
};

struct PickInLines {
  static constexpr const char* name = "sample.pick";
  static constexpr double bytes = 100;
  const std::uint8_t* kind;
  Lattice lattice;
  KindMask mask;
  const Picks* picks; // a line each
  std::int64_t every;
  std::int64_t* voxel;
  MV_HD void operator()(std::int64_t k) const {
    const std::int64_t line = picks[k].line;
    const KindLine l(kind, lattice, line);
    std::int64_t left = picks[k].skip, place = picks[k].place;
    for (int x = 0; x < l.n; ++x) {
      if (!in_mask(mask, l.kind[x]) || left-- > 0) continue;
      voxel[place++] = line * l.n + x;
      left = every - 1;
    }
  }
};

std::int64_t lines_of(const Lattice& l) { return std::int64_t{l.ny} * l.nz; }

// Components: runs of neighbouring lines that overlap belong together.
class Groups {
public:
  explicit Groups(const TumourRuns& tumour) : tumour_(tumour), parent_(tumour.runs.size()) {
    for (std::size_t r = 0; r < parent_.size(); ++r) parent_[r] = static_cast<std::int64_t>(r);
  }
  std::int64_t root(std::int64_t r) {
    while (parent_[static_cast<std::size_t>(r)] != r) {
      auto& up = parent_[static_cast<std::size_t>(r)];
      up = parent_[static_cast<std::size_t>(up)];
      r = up;
    }
    return r;
  }
  void join_lines(std::size_t one, std::size_t other) {
    std::int64_t a = tumour_.line_begin[one], b = tumour_.line_begin[other];
    const std::int64_t a_end = tumour_.line_begin[one + 1], b_end = tumour_.line_begin[other + 1];
    while (a < a_end && b < b_end) {
      const TumourRun &ra = tumour_.runs[static_cast<std::size_t>(a)],
                      &rb = tumour_.runs[static_cast<std::size_t>(b)];
      if (ra.begin < rb.end && rb.begin < ra.end) {
        const std::int64_t pa = root(a), pb = root(b);
        parent_[static_cast<std::size_t>(std::max(pa, pb))] = std::min(pa, pb);
      }
      if (ra.end < rb.end)
        ++a;
      else
        ++b;
    }
  }

private:
  const TumourRuns& tumour_;
  std::vector<std::int64_t> parent_;
};

void count_groups(const TumourRuns& tumour, const Lattice& l, TumourShape& shape) {
  Groups groups(tumour);
  const auto ny = static_cast<std::size_t>(l.ny);
  for (std::size_t line = 0; line + 1 < tumour.line_begin.size(); ++line) {
    if (line % ny != 0) groups.join_lines(line, line - 1);
    if (line >= ny) groups.join_lines(line, line - ny);
  }
  const std::vector<TumourRun>& runs = tumour.runs;
  std::vector<std::int64_t> size(runs.size(), 0), living(runs.size(), 0);
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const auto top = static_cast<std::size_t>(groups.root(static_cast<std::int64_t>(r)));
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
}

} // namespace

TumourRuns read_tumour_runs(const Executor& executor, const Lattice& lattice,
                            const std::uint8_t* kind) {
  const std::int64_t lines = lines_of(lattice);
  Buffer<std::uint32_t> count(executor, lines + 1);
  executor.for_each_index(lines, CountRuns{kind, lattice, count.data()});
  const std::vector<std::uint32_t> runs_of = count.host_copy();
  TumourRuns tumour;
  tumour.line_begin.resize(static_cast<std::size_t>(lines) + 1, 0);
  for (std::size_t line = 0; line + 1 < runs_of.size(); ++line)
    tumour.line_begin[line + 1] = tumour.line_begin[line] + runs_of[line];
  const std::int64_t total = tumour.line_begin.back();
  tumour.runs.resize(static_cast<std::size_t>(total));
  if (total == 0) return tumour;

  const std::int64_t capacity =
      std::min(total, std::max<std::int64_t>(most_runs_at_once, (lattice.nx + 1) / 2));
  Buffer<TumourRun> batch(executor, capacity);
  std::vector<std::uint32_t> place;
  for (std::int64_t first = 0; first < lines;) {
    const std::int64_t before = tumour.line_begin[static_cast<std::size_t>(first)];
    std::int64_t end = first;
    place.clear();
    while (end < lines &&
           tumour.line_begin[static_cast<std::size_t>(end) + 1] - before <= capacity) {
      place.push_back(
          static_cast<std::uint32_t>(tumour.line_begin[static_cast<std::size_t>(end)] - before));
      ++end;
    }
    const std::int64_t found = tumour.line_begin[static_cast<std::size_t>(end)] - before;
    place.push_back(static_cast<std::uint32_t>(found));
    if (found > 0) {
      executor.copy_in(count.data(), place.data(), place.size() * sizeof place[0]);
      executor.for_each_index(end - first,
                              ListRuns{kind, lattice, first, count.data(), batch.data()});
      executor.copy_out(tumour.runs.data() + before, batch.data(),
                        static_cast<std::size_t>(found) * sizeof(TumourRun));
    }
    first = end;
  }
  return tumour;
}

TumourShape measure_shape(const TumourRuns& tumour, const Lattice& l) {
  TumourShape shape;
  count_groups(tumour, l, shape);
  std::array<int, 3> low{l.nx, l.ny, l.nz}, high{-1, -1, -1};
  std::array<std::int64_t, 3> sum{}, sum2{};
  // f(run, y, z) for every run with living cells
  const auto for_each_run = [&](const auto& f) {
    for (int z = 0; z < l.nz; ++z)
      for (int y = 0; y < l.ny; ++y) {
        const std::size_t line = static_cast<std::size_t>(z) * static_cast<std::size_t>(l.ny) +
                                 static_cast<std::size_t>(y);
        for (std::int64_t r = tumour.line_begin[line]; r < tumour.line_begin[line + 1]; ++r)
          f(tumour.runs[static_cast<std::size_t>(r)], y, z);
      }
  };
  for_each_run([&](const TumourRun& run, int y, int z) {
    shape.living += run.living;
    shape.dead += run.end - run.begin - run.living;
    if (run.living == 0) return;
    const std::array<int, 3> from{run.first, y, z}, to{run.last, y, z};
    const std::array<std::int64_t, 3> s1{run.sum, y * run.living, z * run.living};
    const std::array<std::int64_t, 3> s2{run.sum2, y * s1[1], z * s1[2]};
    for (std::size_t a = 0; a < 3; ++a) {
      low[a] = std::min(low[a], from[a]);
      high[a] = std::max(high[a], to[a]);
      sum[a] += s1[a];
      sum2[a] += s2[a];
    }
  });
  if (shape.living == 0) return shape;

  const double h = l.spacing;
  double spread = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    const double mean = static_cast<double>(sum[a]) / static_cast<double>(shape.living);
    shape.centre[a] = (mean + 0.5) * h;
    shape.extent[a] = (high[a] - low[a] + 1) * h;
    spread += static_cast<double>(sum2[a]) / static_cast<double>(shape.living) - mean * mean;
  }
  shape.gyration = std::sqrt(std::max(0.0, spread)) * h;
  const int n[3] = {l.nx, l.ny, l.nz};
  for (std::size_t a = 0; a < 3; ++a)
    if (n[a] > 1 && (low[a] == 0 || high[a] == n[a] - 1)) shape.touches_face = true;
  double farthest2 = 0;
  for_each_run([&](const TumourRun& run, int y, int z) {
    if (run.living == 0) return;
    const double dy = (y + 0.5) * h - shape.centre[1], dz = (z + 0.5) * h - shape.centre[2];
    for (const int x : {run.first, run.last}) {
      const double dx = (x + 0.5) * h - shape.centre[0];
      farthest2 = std::max(farthest2, dx * dx + dy * dy + dz * dz);
    }
  });
  shape.farthest = std::sqrt(farthest2);
  return shape;
}

std::vector<std::int64_t> sample_voxels(const Executor& executor, const Lattice& lattice,
                                        const std::uint8_t* kind, KindMask mask,
                                        std::int64_t most) {
  const std::int64_t lines = lines_of(lattice);
  Buffer<std::uint32_t> count(executor, lines);
  executor.for_each_index(lines, CountInLines{kind, lattice, mask, count.data()});
  const std::vector<std::uint32_t> found = count.host_copy();
  std::int64_t total = 0;
  for (const std::uint32_t n : found) total += n;
  const std::int64_t every = std::max<std::int64_t>(1, total / most);
  std::vector<Picks> picks;
  std::int64_t before = 0, place = 0; // of members and of picks in former lines
  for (std::int64_t line = 0; line < lines; ++line) {
    before += found[static_cast<std::size_t>(line)];
    const std::int64_t first = before - found[static_cast<std::size_t>(line)];
    if (place * every >= before) continue;
    picks.push_back({line, place * every - first, place});
    place = (before + every - 1) / every;
  }
  if (picks.empty()) return {};
  const auto n = static_cast<std::int64_t>(picks.size());
  Buffer<Picks> wanted(executor, n);
  wanted.upload(picks.data());
  Buffer<std::int64_t> voxels(executor, place);
  executor.for_each_index(n, PickInLines{kind, lattice, mask, wanted.data(), every, voxels.data()});
  return voxels.host_copy();
}

} // namespace metavox
