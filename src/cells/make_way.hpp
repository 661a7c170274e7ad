// Cells make way for vessels that grow into their voxels.
#pragma once

#include <cstdint>

#include "core/lattice.hpp"
#include "voxel/excess.hpp"
#include "voxel/ledger.hpp"
#include "voxel/views.hpp"

namespace metavox {

// The cell that a lumen meets becomes the second one of its voxel and goes on from there. Where
// there is a second one already, it is lost. Voxels that vessels have left are free.
struct MakeWay {
  static constexpr const char* name = "cell.make_way";
  static constexpr double bytes = 64;
  CellView cell;
  ExcessView excess;
  std::int64_t first; // entry of the list for the first voxel; one for each
  LedgerView ledger;
  Lattice lattice;
  const std::int64_t* way; // voxels entered, then voxels left: x fastest, no ghosts
  std::int64_t entered;    // how many of them are
  MV_HD void operator()(std::int64_t n) const {
    const Voxel s = lattice.voxel_at(way[n]);
    if (n >= entered) {
      cell.erase(s.i);
      return ledger.departure(Kind::vessel, Reservoir::cleared);
    }
    const std::int64_t entry = first + n;
    excess.voxel[entry] = way[n];
    excess.waited[entry] = 0;
    excess.cell.erase(entry);
    const Cell stood = cell.load(s.i);
    if (stood.kind == Kind::vessel) return;
    Cell lumen;
    lumen.kind = Kind::vessel;
    cell.store(s.i, lumen);
    ledger.arrival(Reservoir::born, Kind::vessel);
    if (stood.kind == Kind::none) return;
    if (excess.held[s.i] != 0) return ledger.departure(stood.kind, Reservoir::pressed_out);
    excess.cell.store(entry, stood);
    excess.held[s.i] = 1;
  }
};

} // namespace metavox
