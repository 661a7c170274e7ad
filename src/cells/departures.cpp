#include "cells/departures.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <unordered_set>
#include <utility>

#include "core/launch.hpp"

namespace metavox {
namespace {

// Lists that ascend by voxel, put together.
std::vector<Exit> joined(const WaysOut& ways) {
  constexpr std::int64_t end = std::numeric_limits<std::int64_t>::max();
  const std::size_t walls = ways.walls.share == nullptr ? 0 : ways.walls.share->size(),
                    lymph = ways.lymph == nullptr ? 0 : ways.lymph->size(),
                    surface = ways.surface == nullptr ? 0 : ways.surface->size();
  std::vector<Exit> exits;
  exits.reserve(std::max({walls, lymph, surface}));
  for (std::size_t w = 0, l = 0, s = 0;;) {
    const std::int64_t wall = w < walls ? (*ways.walls.share)[w].voxel : end,
                       vessel = l < lymph ? (*ways.lymph)[l].voxel : end,
                       open = s < surface ? (*ways.surface)[s] : end;
    Exit e{std::min({wall, vessel, open}), 0, 0, 0, 0};
    if (e.voxel == end) return exits;
    if (wall == e.voxel) {
      e.leaky = (*ways.walls.share)[w].leaky;
      e.tight = (*ways.walls.share)[w++].tight;
    }
    if (vessel == e.voxel) e.lymph = (*ways.lymph)[l++].area;
    if (open == e.voxel) e.surface = 1, ++s;
    exits.push_back(e);
  }
}

// Of a voxel in that list.
std::int64_t entry_of(const std::vector<WallShare>& shares, std::int64_t voxel) {
  return std::lower_bound(shares.begin(), shares.end(), voxel,
                          [](const WallShare& s, std::int64_t v) { return s.voxel < v; }) -
         shares.begin();
}

} // namespace

std::int64_t Departures::counted_by_all(Counter c) const {
  std::int64_t n = 0;
  for (int r = 0; r < route_count; ++r) n += counted(c, static_cast<Route>(r));
  return n;
}

void Departures::choose(const WaysOut& ways, const CellView& standing, const ExcessView& excess,
                        TraitFactors factor, double time, std::uint64_t seed, std::uint64_t step,
                        std::uint32_t nothing) {
  leaving_.clear();
  departing_.clear();
  for (int r = 0; r < route_count; ++r) counters_[entry(expected_now, static_cast<Route>(r))] = 0;
  drawn_ = 0;
  exits_ = joined(ways);
  if (exits_.empty()) return;
  fit(exits_here_, static_cast<std::int64_t>(exits_.size()));
  executor_.copy_in(exits_here_.data(), exits_.data(), exits_.size() * sizeof(Exit));
  const DepartureRule rule{
      standing, excess, exits_here_.data(), factor, lattice_, rates_, time, seed, step, nothing};
  draw_leavers(rule);
  if (drawn_ == 0) return;
  fit(clusters_here_, drawn_);
  executor_.for_each_index(drawn_,
                           GatherCluster{rule, leavers_here_.data(), clusters_here_.data(),
                                         static_cast<float>(bond_ee_), static_cast<float>(bond_em_),
                                         static_cast<float>(bond_mm_)});
  const auto n = static_cast<std::size_t>(drawn_);
  std::vector<std::uint32_t> leaver(n);
  std::vector<Cluster> cluster(n);
  executor_.copy_out(leaver.data(), leavers_here_.data(), n * sizeof(std::uint32_t));
  executor_.copy_out(cluster.data(), clusters_here_.data(), n * sizeof(Cluster));
  part(leaver, cluster, rule, ways.walls);
}

void Departures::draw_leavers(const DepartureRule& rule) {
  const auto n = 2 * static_cast<std::int64_t>(exits_.size());
  fit(leaves_here_, n);
  fit(leavers_here_, n);
  std::array<std::int64_t, std::size_t{2} * route_count> sums{};
  if (expected_here_.size() == 0)
    expected_here_ = Buffer<std::int64_t>(executor_, static_cast<std::int64_t>(sums.size()));
  expected_here_.clear();
  executor_.for_each_index(n, DrawDepartures{rule, leaves_here_.data(), expected_here_.data()});
  expected_here_.download(sums.data());
  for (std::size_t r = 0; r < route_count; ++r) {
    counters_[entry(expected, static_cast<Route>(r))] += sums[2 * r];
    counters_[entry(expected_now, static_cast<Route>(r))] = sums[2 * r + 1];
  }
  drawn_ = executor_.compact(leaves_here_.data(), n, leavers_here_.data());
}

// Whom two want to take along goes with the first, in the order of voxels; those it would have held
// stay, unless others hold them.
void Departures::part(const std::vector<std::uint32_t>& leaver, const std::vector<Cluster>& cluster,
                      const DepartureRule& rule, const WallView& walls) {
  std::unordered_set<std::int64_t> gone; // 2 voxel + slot
  for (std::size_t n = 0; n < leaver.size(); ++n) {
    const Cluster& c = cluster[n];
    const int slot = c.entry < 0 ? 0 : 1;
    if (gone.count(2 * c.voxel[0] + slot) != 0) continue;
    const Draw drawn = rule.drawn(lattice_.voxel_of(c.voxel[0]), slot);
    Departure d;
    d.number = numbers();
    d.route = static_cast<Route>(c.route);
    if (d.route == Route::blood)
      d.segment =
          walls.segment(entry_of(*walls.share, exits_[leaver[n] / 2].voxel),
                        static_cast<Kind>(c.kind) != Kind::mesenchymal, to_unit(drawn.word[1]));
    std::array<bool, largest_cluster> goes{};
    std::int64_t cells = 0;
    for (std::size_t k = 0; k < static_cast<std::size_t>(c.size); ++k) {
      d.slot = k == 0 ? slot : 0;
      const std::int64_t i = c.voxel[k];
      goes[k] = (k == 0 || goes[c.parent[k]]) && gone.insert(2 * i + d.slot).second;
      if (!goes[k]) continue;
      const Voxel s = lattice_.voxel_of(i);
      d.voxel = lattice_.number(s.x, s.y, s.z);
      d.x = (s.x + 0.5) * lattice_.spacing;
      d.y = (s.y + 0.5) * lattice_.spacing;
      d.z = (s.z + 0.5) * lattice_.spacing;
      leaving_.push_back({i, k == 0 ? c.entry : -1, d.route, {}});
      departing_.push_back(d);
      ++cells;
    }
    counters_[entry(cells > 1 ? clusters : singles, d.route)] += 1;
    counters_[entry(left_cells, d.route)] += cells;
  }
}

std::vector<Departure> Departures::remove(const CellView& standing, const ExcessView& excess,
                                          LedgerView ledger) {
  const auto n = static_cast<std::int64_t>(leaving_.size());
  if (n == 0) return {};
  fit(leaving_here_, n);
  fit(records_here_, n);
  executor_.copy_in(leaving_here_.data(), leaving_.data(), leaving_.size() * sizeof(Leaver));
  executor_.for_each_index(
      n, RemoveDeparted{leaving_here_.data(), records_here_.data(), standing, excess, ledger});
  std::vector<CellRecord> record(leaving_.size());
  executor_.copy_out(record.data(), records_here_.data(), record.size() * sizeof(CellRecord));
  for (std::size_t k = 0; k < record.size(); ++k) departing_[k].cell = cell_of(record[k]);
  return std::exchange(departing_, {});
}

} // namespace metavox
