// The cells of a lesion that was counted elsewhere come to stand in the tissue.
#pragma once

#include <cstdint>

#include "cells/landing.hpp"
#include "core/lattice.hpp"
#include "voxel/ledger.hpp"
#include "voxel/views.hpp"

namespace metavox {

// What stood there is handed over the other way: it is neither dead nor pushed aside.
struct TakeOver {
  static constexpr const char* name = "cell.take_over";
  static constexpr double bytes = 72;
  const Landed* come; // no two in one voxel
  CellView cell;
  LedgerView ledger;
  Lattice lattice;
  MV_HD void operator()(std::int64_t n) const {
    const Cell c = cell_of(come[n].cell);
    const std::int64_t i = lattice.voxel_at(come[n].voxel).i;
    const Kind stood = cell.kind(i);
    if (stood != Kind::none) ledger.departure(stood, Reservoir::handed_over);
    cell.store(i, c);
    ledger.arrival(Reservoir::handed_over, c.kind);
  }
};

} // namespace metavox
