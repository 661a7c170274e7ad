// Division: a cell whose clock is full leaves a daughter in its own voxel, as the second cell
// there.
#pragma once

#include <cstdint>

#include "core/exact.hpp"
#include "core/lattice.hpp"
#include "core/random.hpp"
#include "voxel/excess.hpp"
#include "voxel/ledger.hpp"
#include "voxel/pressure_view.hpp"
#include "voxel/views.hpp"

namespace metavox {

// Marks the voxels that take a daughter: where there is a second cell already, a mother waits.
struct MarkBirths {
  static constexpr const char* name = "cell.mark_births";
  static constexpr double bytes = 2; // the clock
  CellView cell;
  std::uint8_t* held;
  PressureView pressure;
  bool normal_divides;
  Lattice lattice;

  // Normal cells fill gaps and push nobody.
  MV_HD bool has_gap(const Voxel& s) const {
    if (pressure.at(s) > 0.0f) return false;
    const std::int64_t stride[3] = {1, lattice.pitch(), lattice.plane()};
    for (int a = 0; a < 3; ++a)
      if (cell.kind(s.i - stride[a]) == Kind::none || cell.kind(s.i + stride[a]) == Kind::none)
        return true;
    return false;
  }
  MV_HD void operator()(const Voxel& s) const {
    if (cell.clock[s.i] < clock_divide || held[s.i] != 0) return;
    const Kind kind = cell.kind(s.i);
    if (!is_tumour(kind) && !(normal_divides && is_normal(kind))) return;
    if ((cell.flags[s.i] & flags_of_no_cycle) != 0) return;
    if (is_tumour(kind) || has_gap(s)) held[s.i] = 1;
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
};

struct DivisionParameters {
  bool stem;
  std::uint32_t symmetric; // threshold
  std::uint8_t capacity;
  std::uint32_t mutates; // threshold per trait
  float deviation;       // of the log factor, in trait steps
  float variation;       // coefficient of variation of the cycle time
};

struct Division {
  CellView cell;
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
  // The mother in voxel s starts anew; returned is her daughter.
  MV_HD Cell divide(const Voxel& s) const {
    const std::uint64_t voxel = lattice.global(s);
    const Draw d = draw(seed, Purpose::division, voxel, step);
    Cell mother = cell.load(s.i);
    Cell daughter = mother;
    if (is_tumour(mother.kind) && (mother.flags & flag_limited) != 0) {
      mother.capacity = daughter.capacity = static_cast<std::uint8_t>(mother.capacity - 1);
    } else if (p.stem && is_tumour(mother.kind)) {
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
    ledger.arrival(Reservoir::born, daughter.kind);
    return daughter;
  }
};

} // namespace metavox
