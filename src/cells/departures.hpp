// Who leaves a site in a vessel step, and how many have.
#pragma once

#include <cstdint>
#include <vector>

#include "cells/intravasation.hpp"
#include "cells/migration_settings.hpp"
#include "core/executor.hpp"
#include "voxel/departure.hpp"

namespace metavox {

class Departures {
public:
  // What happened so far by each Route, counted; part of checkpoints. `expected` in expected_unit:
  // departures that the hazards let expect since the start, and those an hour at the last vessel
  // step.
  enum Counter : std::uint8_t {
    singles,
    clusters,
    left_cells,
    expected,
    expected_now,
    counter_count
  };
  static constexpr std::size_t entry_count = std::size_t{counter_count} * route_count;

  Departures(const Executor& executor, const Lattice& lattice, const DepartureRates& rates,
             const MigrationParameters& bonds)
      : executor_(executor), lattice_(lattice), rates_(rates), bond_ee_(bonds.bond_ee),
        bond_em_(bonds.bond_em), bond_mm_(bonds.bond_mm), counters_(entry_count, 0) {}

  // Those who leave in `time` (min), each with those that it takes along, in the order of voxels.
  // `excess` is mapped. Nothing is changed but counters.
  void choose(const WaysOut& ways, const CellView& standing, const ExcessView& excess,
              TraitFactors factor, double time, std::uint64_t seed, std::uint64_t step,
              std::uint32_t nothing);
  // Takes them out, in one list whatever their ways. The map of second cells must be gone, and a
  // place that became free is not taken yet.
  std::vector<Departure> remove(const CellView& standing, const ExcessView& excess,
                                LedgerView ledger);

  std::vector<std::int64_t>& counters() { return counters_; } // one route after the other
  std::int64_t counted(Counter c, Route r = Route::blood) const { return counters_[entry(c, r)]; }
  std::int64_t counted_by_all(Counter c) const;
  // Singles and clusters, by all routes: the numbers that departures have had.
  std::int64_t numbers() const { return counted_by_all(singles) + counted_by_all(clusters); }

private:
  static constexpr std::size_t entry(Counter c, Route r) {
    return static_cast<std::size_t>(r) * counter_count + c;
  }
  void draw_leavers(const DepartureRule& rule);
  void part(const std::vector<std::uint32_t>& leaver, const std::vector<Cluster>& cluster,
            const DepartureRule& rule, const WallView& walls);
  template <class T>
  void fit(Buffer<T>& buffer, std::int64_t n) const {
    if (buffer.size() < n) buffer = Buffer<T>(executor_, n + n / 2 + 1024);
  }

  Executor executor_;
  Lattice lattice_;
  DepartureRates rates_;
  double bond_ee_, bond_em_, bond_mm_;
  std::vector<std::int64_t> counters_;

  // Of the step at hand.
  std::int64_t drawn_ = 0;
  std::vector<Exit> exits_;
  std::vector<Leaver> leaving_;
  std::vector<Departure> departing_; // without their cells

  Buffer<Exit> exits_here_;
  Buffer<std::uint8_t> leaves_here_;
  Buffer<std::uint32_t> leavers_here_;
  Buffer<std::int64_t> expected_here_;
  Buffer<Cluster> clusters_here_;
  Buffer<Leaver> leaving_here_;
  Buffer<CellRecord> records_here_;
};

} // namespace metavox
