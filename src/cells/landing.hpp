// Cells that came with the blood land in the tissue: what room there is, what each will be, and how
// it is put down.
#pragma once

#include <cstdint>

#include "cells/intravasation.hpp"
#include "core/lattice.hpp"
#include "core/random.hpp"
#include "voxel/excess.hpp"
#include "voxel/ledger.hpp"
#include "voxel/views.hpp"

namespace metavox {

// What a voxel has room for.
enum class Room : std::uint8_t {
  none,     // a lumen fills it, or it holds two cells
  a_second, // beside the one that stands there
  standing  // nothing stands there
};

struct ReadRoom {
  static constexpr const char* name = "landing.room";
  static constexpr double bytes = 11;
  const std::int64_t* voxel; // x fastest, no ghosts
  std::uint8_t* room;
  const std::uint8_t* kind;
  const std::uint8_t* held;
  Lattice lattice;
  MV_HD void operator()(std::int64_t n) const {
    const std::int64_t i = lattice.voxel_at(voxel[n]).i;
    const auto k = static_cast<Kind>(kind[i]);
    const Room r = k == Kind::none                     ? Room::standing
                   : k == Kind::vessel || held[i] != 0 ? Room::none
                                                       : Room::a_second;
    room[n] = static_cast<std::uint8_t>(r);
  }
};

struct Landed {
  CellRecord cell;
  std::int64_t voxel; // x fastest, no ghosts
  std::int64_t entry; // of the list of second cells; -1: it stands
};

struct PutDown {
  static constexpr const char* name = "landing.put_down";
  static constexpr double bytes = 72;
  const Landed* landed; // no two in one place
  CellView standing;
  ExcessView excess;
  LedgerView ledger;
  Lattice lattice;
  MV_HD void operator()(std::int64_t n) const {
    const Landed& l = landed[n];
    const Cell c = cell_of(l.cell);
    const std::int64_t i = lattice.voxel_at(l.voxel).i;
    if (l.entry < 0) {
      standing.store(i, c);
    } else {
      excess.voxel[l.entry] = l.voxel;
      excess.waited[l.entry] = 0;
      excess.cell.store(l.entry, c);
      excess.held[i] = 1;
    }
    ledger.arrival(Reservoir::arrived, c.kind);
  }
};

} // namespace metavox
