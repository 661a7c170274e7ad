#include "cells/departures.hpp"

#include <array>
#include <unordered_set>
#include <utility>

#include "core/launch.hpp"

namespace metavox {

void Departures::choose(const WallView& walls, const CellView& standing, const ExcessView& excess,
                        TraitFactors factor, double time, std::uint64_t seed, std::uint64_t step,
                        std::uint32_t nothing) {
  leaving_.clear();
  departing_.clear();
  counters_[expected_now] = 0;
  drawn_ = 0;
  if (walls.count == 0 || settings_.rate <= 0) return;
  const DepartureRule rule{
      standing, excess, walls.share, factor, lattice_, settings_.rate, settings_.epithelial,
      time,     seed,   step,        nothing};
  draw_leavers(rule, walls);
  if (drawn_ == 0) return;
  fit(clusters_here_, drawn_);
  executor_.for_each_index(drawn_,
                           GatherCluster{rule, leavers_here_.data(), clusters_here_.data(),
                                         static_cast<float>(bond_ee_), static_cast<float>(bond_em_),
                                         static_cast<float>(bond_mm_), settings_.clustering});
  const auto n = static_cast<std::size_t>(drawn_);
  std::vector<std::uint32_t> leaver(n);
  std::vector<Cluster> cluster(n);
  executor_.copy_out(leaver.data(), leavers_here_.data(), n * sizeof(std::uint32_t));
  executor_.copy_out(cluster.data(), clusters_here_.data(), n * sizeof(Cluster));
  part(leaver, cluster, rule, walls);
}

void Departures::draw_leavers(const DepartureRule& rule, const WallView& walls) {
  fit(leaves_here_, 2 * walls.count);
  fit(leavers_here_, 2 * walls.count);
  if (expected_here_.size() == 0) expected_here_ = Buffer<std::int64_t>(executor_, 2);
  expected_here_.clear();
  executor_.for_each_index(2 * walls.count,
                           DrawDepartures{rule, leaves_here_.data(), expected_here_.data()});
  std::array<std::int64_t, 2> sums{};
  expected_here_.download(sums.data());
  counters_[expected] += sums[0];
  counters_[expected_now] = sums[1];
  drawn_ = executor_.compact(leaves_here_.data(), 2 * walls.count, leavers_here_.data());
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
    d.number = counters_[singles] + counters_[clusters];
    d.segment = walls.segment(leaver[n] / 2, static_cast<Kind>(c.kind) != Kind::mesenchymal,
                              to_unit(drawn.word[1]));
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
      leaving_.push_back({i, k == 0 ? std::int64_t{c.entry} : -1});
      departing_.push_back(d);
      ++cells;
    }
    counters_[cells > 1 ? clusters : singles] += 1;
    counters_[left_cells] += cells;
  }
}

std::vector<Departure> Departures::remove(const CellView& standing, const ExcessView& excess,
                                          LedgerView ledger) {
  const auto n = static_cast<std::int64_t>(leaving_.size());
  if (n == 0) return {};
  fit(leaving_here_, n);
  fit(records_here_, n);
  executor_.copy_in(leaving_here_.data(), leaving_.data(), leaving_.size() * sizeof(Leaver));
  executor_.for_each_index(n, RemoveDeparted{leaving_here_.data(), records_here_.data(), standing,
                                             excess, ledger, Reservoir::blood});
  std::vector<CellRecord> record(leaving_.size());
  executor_.copy_out(record.data(), records_here_.data(), record.size() * sizeof(CellRecord));
  for (std::size_t k = 0; k < record.size(); ++k) {
    const CellRecord& r = record[k];
    departing_[k].cell = {
        static_cast<Kind>(r.kind), r.flags, r.clock, r.timer, r.capacity, r.clone, r.traits};
  }
  return std::exchange(departing_, {});
}

} // namespace metavox
