// Cells make way for vessels that grow into their voxels.
#pragma once

#include <cstdint>

#include "cells/room.hpp"
#include "core/lattice.hpp"
#include "core/random.hpp"
#include "voxel/ledger.hpp"
#include "voxel/views.hpp"

namespace metavox {

// Sprouts push in where cells stand: the cells between them and the nearest free voxel move up by
// one. A cell that nobody can make room for is lost. One voxel after the other, because two pushes
// may need the same room.
struct MakeWay {
  static constexpr const char* name = "cell.make_way";
  static constexpr double bytes = 64;
  CellView cell;
  const std::uint16_t* membrane;
  PushTable table;
  LedgerView ledger;
  Lattice lattice;
  int push_distance2;
  const std::int64_t* entered; // x fastest, no ghosts
  std::int64_t entered_count;
  const std::int64_t* left;
  std::int64_t left_count;
  std::uint64_t seed, step;

  MV_HD bool free_path(const Voxel& s, const Offset& o) const {
    if (!lattice.holds(s.x + o.dx, s.y + o.dy, s.z + o.dz)) return false;
    const PushPath path(o);
    if (cell.kind(path.index(lattice, s, path.length)) != Kind::none) return false;
    for (int m = 1; m <= path.length; ++m) {
      const std::int64_t i = path.index(lattice, s, m);
      if (cell.kind(i) == Kind::vessel || membrane[i] != 0) return false;
    }
    return true;
  }
  MV_HD bool push_aside(const Voxel& s) const {
    const std::uint32_t word = draw(seed, Purpose::make_way, lattice.global(s), step).word[0];
    for (int d2 = 1; d2 <= push_distance2; ++d2) {
      const int begin = table.first[d2], count = table.first[d2 + 1] - begin;
      const int start =
          count > 0 ? static_cast<int>(below(word, static_cast<std::uint32_t>(count))) : 0;
      for (int k = 0; k < count; ++k) {
        const Offset o = table.offset[begin + (start + k < count ? start + k : start + k - count)];
        if (!free_path(s, o)) continue;
        const PushPath path(o);
        for (int m = path.length; m > 0; --m)
          cell.store(path.index(lattice, s, m), cell.load(path.index(lattice, s, m - 1)));
        return true;
      }
    }
    return false;
  }
  MV_HD void operator()(std::int64_t) const {
    for (std::int64_t n = 0; n < left_count; ++n) {
      cell.erase(lattice.voxel_at(left[n]).i);
      ledger.departure(Kind::vessel, Reservoir::cleared);
    }
    for (std::int64_t n = 0; n < entered_count; ++n) {
      const Voxel s = lattice.voxel_at(entered[n]);
      const Kind kind = cell.kind(s.i);
      if (kind == Kind::vessel) continue;
      const bool lost = kind != Kind::none && !push_aside(s);
      Cell lumen;
      lumen.kind = Kind::vessel;
      cell.store(s.i, lumen);
      if (lost) ledger.departure(kind, Reservoir::pressed_out);
      ledger.arrival(Reservoir::born, Kind::vessel);
    }
  }
};

} // namespace metavox
