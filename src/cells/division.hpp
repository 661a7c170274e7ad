// Division: a mother proposes a line of voxels to push along, the winners commit.
#pragma once

#include <cstdint>

#include "cells/contest.hpp"
#include "cells/room.hpp"
#include "core/exact.hpp"
#include "core/lattice.hpp"
#include "core/random.hpp"
#include "voxel/ledger.hpp"
#include "voxel/views.hpp"

namespace metavox {

struct ProposeDivision {
  static constexpr const char* name = "cell.propose_division";
  static constexpr double bytes = 2; // the clock
  CellView cell;
  const std::uint8_t* room;
  const std::uint16_t* membrane;
  ContestView contest;
  PushTable table;
  Lattice lattice;
  int push_distance2;
  bool into_dead;
  bool normal_divides;
  std::uint64_t seed, step;

  MV_HD bool is_free(Kind k) const { return k == Kind::none || (into_dead && is_dead(k)); }
  MV_HD bool wants(const Voxel& s, Kind k) const {
    if (!is_tumour(k) && !(normal_divides && is_normal(k))) return false;
    if (cell.clock[s.i] < clock_divide) return false;
    return (cell.flags[s.i] & flags_of_rest) == 0;
  }
  MV_HD bool passable(const Voxel& s, const PushPath& path) const {
    for (int m = 1; m <= path.length; ++m) {
      const std::int64_t i = path.index(lattice, s, m);
      if (cell.kind(i) == Kind::vessel || membrane[i] != 0) return false;
    }
    return true;
  }
  void row(const Row& r) const {
    constexpr int piece = 64;
    for (int begin = 0; begin < r.n; begin += piece) {
      const int n = exact::min_of(piece, r.n - begin);
      const std::uint16_t* MV_RESTRICT clock = cell.clock + r.i + begin;
      std::uint16_t latest = 0;
#pragma omp simd reduction(max : latest)
      for (int x = 0; x < n; ++x) latest = latest < clock[x] ? clock[x] : latest;
      if (latest < clock_divide) continue;
      for (int x = begin; x < begin + n; ++x)
        if (cell.clock[r.i + x] >= clock_divide) (*this)(Voxel{r.x + x, r.y, r.z, r.i + x});
    }
  }
  MV_HD void operator()(const Voxel& s) const {
    const Kind kind = cell.kind(s.i);
    if (!wants(s, kind)) return;
    // Normal cells push nobody: only a free face neighbour will do.
    const int limit = is_tumour(kind) ? exact::max_of(push_distance2, 1) : 1;
    const int nearest = room[s.i];
    if (nearest > limit) return;
    const std::uint32_t word = draw(seed, Purpose::division, lattice.global(s), step).word[0];
    for (int d2 = exact::max_of(nearest, 1); d2 <= limit; ++d2) {
      const int begin = table.first[d2], end = table.first[d2 + 1];
      const int count = end - begin;
      if (count == 0) continue;
      const int start = static_cast<int>(below(word, static_cast<std::uint32_t>(count)));
      for (int k = 0; k < count; ++k) {
        const int entry = begin + (start + k < count ? start + k : start + k - count);
        const Offset o = table.offset[entry];
        if (!lattice.holds(s.x + o.dx, s.y + o.dy, s.z + o.dz)) continue;
        if (!is_free(cell.kind(lattice.index(s.x + o.dx, s.y + o.dy, s.z + o.dz)))) continue;
        const PushPath path(o);
        if (!passable(s, path)) continue;
        contest.propose(s, static_cast<std::uint16_t>(entry + 1));
        const std::uint32_t rank = contest.rank(lattice, s);
        for (int m = 0; m <= path.length; ++m)
          atomic_min(contest.claim + path.index(lattice, s, m), rank);
        return;
      }
    }
  }
};

struct DivisionParameters {
  bool stem;
  std::uint32_t symmetric; // threshold
  std::uint8_t capacity;
  std::uint32_t mutates; // threshold per trait
  float deviation;       // of the log factor, in trait steps
  float variation;       // coefficient of variation of the cycle time
};

struct CommitDivision {
  static constexpr const char* name = "cell.commit_division";
  static constexpr double bytes = 2;
  CellView cell;
  ContestView contest;
  PushTable table;
  LedgerView ledger;
  Lattice lattice;
  DivisionParameters p;
  std::uint64_t seed, step;

  // A newborn's clock: cycle times are log-normal with mean one and the given variation.
  MV_HD std::uint16_t newborn_clock(std::uint32_t word) const {
    if (p.variation <= 0.0f) return clock_zero;
    const double v = p.variation;
    const double sigma2 = exact::log(1.0 + v * v);
    const double length =
        exact::exp(::sqrt(sigma2) * exact::normal_quantile(to_unit(word)) - 0.5 * sigma2);
    const double start = clock_zero + clock_unit * (1.0 - length);
    constexpr double latest =
        clock_zero + clock_unit / 2; // NOLINT(bugprone-integer-division): a tick
    return static_cast<std::uint16_t>(exact::clamp(start, 0.0, latest));
  }
  MV_HD std::uint64_t inherited(std::uint64_t traits, Purpose purpose, std::uint64_t voxel) const {
    if (p.mutates == 0) return traits;
    for (int half = 0; half < 2; ++half) {
      const Draw d = draw(seed, purpose, voxel, step, static_cast<std::uint32_t>(half));
      for (int n = 0; n < 4; ++n) {
        if (d.word[n] >= p.mutates) continue;
        // The part of the word below the threshold is uniform again.
        const double u = (d.word[n] + 0.5) / p.mutates;
        const int t = 4 * half + n;
        const auto old = static_cast<std::int8_t>(static_cast<std::uint8_t>(traits >> (8 * t)));
        const double moved = old + exact::normal_quantile(u) * p.deviation;
        const int rounded = static_cast<int>(moved < 0 ? moved - 0.5 : moved + 0.5);
        const auto fresh =
            static_cast<std::uint8_t>(static_cast<std::int8_t>(exact::clamp(rounded, -128, 127)));
        traits = (traits & ~(std::uint64_t{255} << (8 * t))) | (std::uint64_t{fresh} << (8 * t));
      }
    }
    return traits;
  }
  MV_HD void operator()(const Voxel& s) const {
    const std::uint16_t plan = contest.plan[s.i];
    if (plan == 0) return;
    const PushPath path(table.offset[plan - 1]);
    const std::uint32_t rank = contest.rank(lattice, s);
    for (int m = 0; m <= path.length; ++m)
      if (contest.claim[path.index(lattice, s, m)] != rank) return;

    const Kind displaced = cell.kind(path.index(lattice, s, path.length));
    if (displaced != Kind::none) ledger.departure(displaced, Reservoir::cleared);
    for (int m = path.length; m > 1; --m)
      cell.store(path.index(lattice, s, m), cell.load(path.index(lattice, s, m - 1)));

    const std::uint64_t voxel = lattice.global(s);
    const Draw d = draw(seed, Purpose::division, voxel, step);
    Cell mother = cell.load(s.i);
    Cell daughter = mother;
    if (p.stem && is_tumour(mother.kind)) {
      if ((mother.flags & flag_stem) != 0) {
        if (d.word[1] >= p.symmetric) {
          daughter.flags = static_cast<std::uint16_t>(daughter.flags & ~flag_stem);
          daughter.capacity = p.capacity;
        }
      } else {
        mother.capacity = daughter.capacity = static_cast<std::uint8_t>(mother.capacity - 1);
      }
    }
    mother.clock = newborn_clock(d.word[2]);
    daughter.clock = newborn_clock(d.word[3]);
    mother.timer = daughter.timer = 0;
    if (is_tumour(mother.kind)) {
      mother.traits = inherited(mother.traits, Purpose::inheritance, voxel);
      daughter.traits = inherited(daughter.traits, Purpose::inheritance_daughter, voxel);
    }
    cell.store(s.i, mother);
    cell.store(path.index(lattice, s, 1), daughter);
    ledger.arrival(Reservoir::born, daughter.kind);
  }
};

struct WithdrawDivision {
  static constexpr const char* name = "cell.withdraw_division";
  static constexpr double bytes = 2;
  ContestView contest;
  PushTable table;
  Lattice lattice;
  MV_HD void operator()(const Voxel& s) const {
    const std::uint16_t plan = contest.plan[s.i];
    if (plan == 0) return;
    const PushPath path(table.offset[plan - 1]);
    for (int m = 0; m <= path.length; ++m)
      store_same(contest.claim + path.index(lattice, s, m), unclaimed);
    contest.plan[s.i] = 0;
  }
};

} // namespace metavox
