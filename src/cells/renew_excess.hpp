// The list of second cells made anew from the marks on the lattice, in the order of voxels: what
// was in it, less what has gone, and the newborn.
#pragma once

#include <cstdint>

#include "cells/division.hpp"
#include "core/lattice.hpp"
#include "voxel/excess.hpp"

namespace metavox {

// Writes down in each voxel which entry is there.
struct MapExcess {
  static constexpr const char* name = "excess.map";
  static constexpr double bytes = 12;
  ExcessView excess;
  std::uint32_t* slot;
  MV_HD void operator()(std::int64_t n) const {
    if (!excess.gone(n)) slot[excess.place(n).i] = static_cast<std::uint32_t>(n);
  }
};

struct UnmapExcess {
  static constexpr const char* name = "excess.unmap";
  static constexpr double bytes = 12;
  ExcessView excess;
  std::uint32_t* slot;
  std::uint32_t nothing;
  MV_HD void operator()(std::int64_t n) const {
    if (!excess.gone(n)) slot[excess.place(n).i] = nothing;
  }
};

// Entry n of the new list is the second cell of the n-th marked voxel: an old one, or a daughter of
// the cell that stands there.
struct RenewExcess {
  static constexpr const char* name = "excess.renew";
  static constexpr double bytes = 64;
  const std::uint32_t* marked; // padded indices, ascending
  ExcessView from, to;
  std::uint32_t* slot;
  std::uint32_t nothing;
  Division division;
  MV_HD void operator()(std::int64_t n) const {
    const Voxel s = to.lattice.voxel_of(marked[n]);
    to.voxel[n] = to.lattice.number(s.x, s.y, s.z);
    const std::uint32_t old = slot[s.i];
    slot[s.i] = nothing;
    to.cell.store(n, old != nothing ? from.cell.load(old) : division.divide(s));
    to.waited[n] = old != nothing ? from.waited[old] : std::uint16_t{0};
  }
};

// Where nothing stands any more, or a body that gives way, the second cell takes the place.
struct SettleExcess {
  static constexpr const char* name = "excess.settle";
  static constexpr double bytes = 16;
  ExcessView excess;
  CellView standing;
  LedgerView ledger;
  MV_HD void operator()(std::int64_t n) const {
    if (excess.gone(n)) return;
    const std::int64_t i = excess.place(n).i;
    const Kind kind = standing.kind(i);
    if (kind != Kind::none) {
      if (!is_dead(kind) || (standing.flags[i] & flag_replaceable) == 0) return;
      ledger.departure(kind, Reservoir::cleared);
    }
    standing.store(i, excess.cell.load(n));
    excess.drop(n, i);
  }
};

} // namespace metavox
