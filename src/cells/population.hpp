// All cells of a site: their arrays, the order in which rules act on them, and the ledger that
// checks the count.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "cells/contest.hpp"
#include "cells/division.hpp"
#include "cells/fate.hpp"
#include "cells/migration.hpp"
#include "cells/room.hpp"
#include "core/executor.hpp"
#include "site/parameters.hpp"
#include "voxel/ledger.hpp"
#include "voxel/views.hpp"

namespace metavox {

using KindCounts = std::array<std::int64_t, kind_count>;

// Changes of kind since the start of the run, [from][to]; `none` as source is a birth, as target a
// removal.
using Flows = std::array<std::array<std::int64_t, flow_width>, flow_width>;

class Population {
public:
  Population(const Executor& executor, const Lattice& lattice, const Parameters& parameters);

  // One step of every cell rule: rest, death, phenotype, division, movement. `matrix` is E,
  // `membrane` what is left of basement membranes; fields as cells see them.
  void advance(const Executor& executor, const FieldView& oxygen, const FieldView& glucose,
               const float* matrix, const std::uint16_t* membrane, std::int64_t step);

  // Voxels (x fastest, no ghosts) that vessels take, and that they leave.
  void make_way(const Executor& executor, const std::vector<std::int64_t>& entered,
                const std::vector<std::int64_t>& left, const std::uint16_t* membrane);

  // births - deaths - left = change of the count, for every kind; throws NumericalError otherwise.
  void check_ledger(const Executor& executor, std::int64_t step);

  CellView view();
  TraitFactors factors() const { return {factor_table_.data()}; }
  const KindCounts& counts() const { return counts_; }
  const Flows& flows() const { return flows_; }
  void count_now(const Executor& executor); // after the arrays were written from outside

  // What tests and the bench look at.
  std::int64_t active_bricks() const { return active_.count; }
  const std::uint8_t* room() const { return room_.data(); }

  struct Arrays {
    Buffer<std::uint8_t> kind, flags, capacity;
    Buffer<std::uint16_t> clock, timer, clone;
    Buffer<std::uint64_t> traits;
  };
  Arrays& arrays() { return arrays_; }
  const Arrays& arrays() const { return arrays_; }
  Buffer<std::int32_t>& tracers() { return tracers_; }
  const Buffer<std::int32_t>& tracers() const { return tracers_; }
  Buffer<std::int64_t>& flow_buffer() { return flow_; }
  const Buffer<std::int64_t>& flow_buffer() const { return flow_; }
  static std::size_t bytes(const Lattice& lattice);

private:
  void find_activity(const Executor& executor, const FieldView& oxygen);
  void measure_room(const Executor& executor);
  void settle_fate(const Executor& executor, const FieldView& oxygen, const FieldView& glucose,
                   const float* matrix);
  void divide(const Executor& executor, const std::uint16_t* membrane);
  void migrate(const Executor& executor, const FieldView& oxygen, const float* matrix,
               const std::uint16_t* membrane);

  Lattice lattice_;
  std::uint64_t seed_;
  std::uint64_t step_ = 0;
  FateParameters fate_{};
  DivisionParameters division_{};
  MigrationParameters32 walk_{};
  bool migration_on_, tracers_on_, into_dead_, normal_always_;
  float tracer_diffusivity_;
  int substeps_, reach_;

  Arrays arrays_;
  Buffer<std::uint8_t> sensed_, room_, room_other_;
  Buffer<std::uint32_t> claim_;
  Buffer<std::uint16_t> plan_;
  Buffer<float> factor_table_;
  Buffer<Offset> push_offset_;
  Buffer<std::uint16_t> push_first_;
  ContestView open_contest(int round);
  ActiveBricks contested(const Executor& executor); // bricks with proposals
  Buffer<std::uint8_t> brick_flag_, brick_wide_, brick_mark_;
  Buffer<std::uint32_t> brick_ids_, contested_ids_;
  Buffer<std::int64_t> flow_; // flow_width^2 entries, then the count of overfull jump probabilities
  Buffer<std::int32_t> tracers_;
  Buffer<std::int64_t> way_; // lists of voxels on their way to the back end
  ActiveBricks active_;
  KindCounts counts_{};
  Flows flows_{};
};

} // namespace metavox
