// All cells of a site: their arrays, the order in which rules act on them, and the ledger that
// checks the count.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "cells/arrested.hpp"
#include "cells/contest.hpp"
#include "cells/departures.hpp"
#include "cells/division.hpp"
#include "cells/excess_cells.hpp"
#include "cells/fate.hpp"
#include "cells/migration.hpp"
#include "cells/population_settings.hpp"
#include "cells/relay.hpp"
#include "core/executor.hpp"
#include "core/loan.hpp"
#include "voxel/ledger.hpp"
#include "voxel/views.hpp"

namespace metavox {

using KindCounts = std::array<std::int64_t, kind_count>;

// Rounds in which second cells move in a step: enough that the flow of the fastest tumour is
// carried by moves whose chances stay below one.
int relay_substeps(const PopulationSettings& settings);

class Population {
public:
  Population(const Executor& executor, const Lattice& lattice, const PopulationSettings& settings,
             std::uint64_t seed);

  // What cells see of the tissue. `matrix` is E, `membrane` what is left of basement membranes.
  struct Surroundings {
    FieldView oxygen, glucose;
    PressureView pressure;
    const float* matrix;
    const std::uint16_t* membrane;
  };
  // One step of every cell rule: rest, death, phenotype, division, growth, movement.
  void advance(const Executor& executor, const Surroundings& tissue, std::int64_t step);

  // Where there is room and where cells wait for it. `matrix` is E. What is returned lasts until
  // end_crowding().
  RoomView show_crowding(const Executor& executor, const float* matrix);
  void end_crowding(const Executor& executor);

  // Memory that cells do without between advance(), show_crowding() and mapped second cells. What
  // was taken of it is to be put right before any of these.
  Loan lend() { return {work_.claim.data(), work_.claim.bytes()}; }
  void take_back(const Executor& executor, const Loan& loan);
  // Bytes that lend() has on such a lattice.
  static std::size_t bytes_to_lend(const Lattice& lattice) {
    return static_cast<std::size_t>(lattice.padded()) * sizeof(*Work().claim.data());
  }

  // 1 for free voxels that medium outside the box reaches; until the next call of advance().
  const std::uint8_t* reached_by_medium(const Executor& executor);

  // The second cells of voxels. Mapped: the entry of a voxel can be asked for, until hidden again.
  ExcessView excess() { return excess_.view(work_.held.data()); }
  ExcessView map_excess();
  void unmap_excess();

  // Voxels (x fastest, no ghosts) that vessels take, and that they leave.
  void make_way(const Executor& executor, const std::vector<std::int64_t>& entered,
                const std::vector<std::int64_t>& left);

  // Tumour cells leave by the ways that they share, in `time` (min) up to the end of `step`. The
  // second cell of a place that became free takes it.
  std::vector<Departure> depart(const Executor& executor, const WaysOut& ways, double time,
                                std::int64_t step);
  Departures& departures() { return departures_; }
  const Departures& departures() const { return departures_; }

  // Who has crossed a vessel's wall lands where there is room: places(voxel) are the voxels beside
  // the vessel there, in an order of their own. Who finds none waits. Returned is who has landed,
  // and where.
  std::vector<Held> land(const Executor& executor,
                         const std::function<std::vector<std::int64_t>(std::int64_t)>& places,
                         std::int64_t step);
  // Cells that were counted elsewhere stand at these voxels (x fastest, no ghosts; no two in one)
  // from now on, in place of what stood there. Between steps; throws as check_ledger() does.
  void take_over(const Executor& executor, const std::vector<std::pair<std::int64_t, Cell>>& cells,
                 std::int64_t step);
  // From now on sleepers wake so many times faster than the settings say.
  void set_waking_pace(double times);
  Arrested& arrested() { return arrested_; }
  const Arrested& arrested() const { return arrested_; }

  // What the ledger says of every kind's arrivals and departures is the change of its count, and
  // its deaths are those by cause; throws NumericalError otherwise.
  void check_ledger(const Executor& executor, std::int64_t step);

  CellView view();
  TraitFactors factors() const { return {factor_table_.data()}; }
  const KindCounts& counts() const { return counts_; }
  const Ledger& ledger() const { return ledger_; }
  void count_now(const Executor& executor); // after the arrays were written from outside

  // What tests and the bench look at.
  std::int64_t active_bricks() const { return active_.count; }

  // The state of the cells, a value for each voxel, padded. A new array is a member and a line:
  // memory, hash, checkpoints and frames follow from the list.
  struct Arrays {
    Buffer<std::uint8_t> kind, capacity;
    Buffer<std::uint16_t> flags, clock, timer, clone;
    Buffer<std::uint64_t> traits;
    // f(name, meaning, buffer); the order is part of the state's hash.
    template <class F>
    void for_each(const F& f) {
      f("kind", "kind of what stands in the voxel", kind);
      f("flags",
        "bits of kind.hpp: 1 stem, 2 hypoxic, 4 crowded, 8 senescent, 16 detached, 32 dormant, 64 "
        "doomed, 128 limited, 256 competent, 4096 replaceable",
        flags);
      f("clock", "cycle clock: birth at 16384, division at 49152", clock);
      f("timer", "steps of hypoxic rest, or since death", timer);
      f("capacity", "divisions left to a progenitor", capacity);
      f("clone", "label of the founder cell", clone);
      f("traits", "eight heritable traits, one signed byte each, factor exp(0.02 v)", traits);
    }
  };
  ExcessCells& excess_cells() { return excess_; }
  // After the state was written from outside.
  void rebuild();
  Arrays& arrays() { return arrays_; }
  const Arrays& arrays() const { return arrays_; }
  Buffer<std::int32_t>& tracers() { return work_.tracers; }
  const Buffer<std::int32_t>& tracers() const { return work_.tracers; }
  Buffer<std::int64_t>& ledger_buffer() { return work_.ledger; }

  // What rules write down for each other within a step.
  struct Work {
    Buffer<std::uint8_t> sensed, held;
    Buffer<std::uint32_t> claim;
    Buffer<std::uint16_t> plan;
    Buffer<std::uint8_t> brick_flag, brick_wide, brick_mark;
    Buffer<std::uint32_t> brick_ids, contested_ids;
    Buffer<std::int64_t> ledger; // see ledger.hpp
    Buffer<std::int64_t> grown;  // marks that reached_by_medium() has made
    Buffer<std::int32_t> tracers;
    // f(buffer, entries)
    template <class F>
    void for_each(const Lattice& lattice, int tracer_count, const F& f) {
      const std::int64_t n = lattice.padded(), bricks = Bricks(lattice).count();
      f(sensed, n);
      f(held, n);
      f(claim, n);
      f(plan, n);
      f(brick_flag, bricks);
      f(brick_wide, bricks);
      f(brick_mark, bricks);
      f(brick_ids, bricks);
      f(contested_ids, bricks);
      f(ledger, ledger_entries);
      f(grown, 1);
      f(tracers, 3 * std::int64_t{tracer_count});
    }
  };

private:
  void find_activity(const Executor& executor, const Surroundings& tissue);
  void settle_fate(const Executor& executor, const Surroundings& tissue);
  void settle_excess(const Executor& executor);
  void divide(const Executor& executor, const Surroundings& tissue);
  void relay(const Executor& executor, const Surroundings& tissue);
  void migrate(const Executor& executor, const Surroundings& tissue);

  Lattice lattice_;
  std::uint64_t seed_;
  std::uint64_t step_ = 0;
  FateParameters fate_{};
  double waking_; // 1/min, as the settings say
  DivisionParameters division_{};
  MigrationParameters32 walk_{};
  RelayParameters relay_{};
  bool migration_on_, tracers_on_, normal_always_, yields_;
  float tracer_diffusivity_, yield_threshold_, yield_width_;
  int substeps_, relays_, passes_;

  Arrays arrays_;
  Work work_;
  Buffer<float> factor_table_;
  ExcessCells excess_;
  Departures departures_;
  Arrested arrested_;
  LandingRule landing_{};
  MatrixRoom matrix_room(const float* matrix) const;
  ContestView contest(int round);
  ActiveBricks contested(const Executor& executor); // bricks with proposals
  Buffer<std::int64_t> way_;                        // lists of voxels on their way to the back end
  ActiveBricks active_;
  KindCounts counts_{};
  Ledger ledger_;
};

} // namespace metavox
