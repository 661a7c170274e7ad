// The second cell that a voxel may hold for a while: a newborn, or one that newcomers or a vessel
// have pushed out of its place, on its way to where there is room.
#pragma once

#include <cstdint>

#include "voxel/views.hpp"

namespace metavox {

// A list of such cells, at most one for each voxel, in no order that matters. The number of entries
// goes with it; those whose kind is none are no more.
struct ExcessView {
  std::int64_t* voxel;       // x fastest, no ghosts
  CellView cell;             // by entry, not by voxel
  std::uint16_t* waited;     // steps that it has been in a voxel a vessel fills
  std::uint8_t* held;        // by voxel, padded: 1 where it holds a second cell
  const std::uint32_t* slot; // by voxel, padded: the entry, while the list is mapped
  std::int64_t count;        // entries
  Lattice lattice;

  MV_HD bool gone(std::int64_t n) const { return cell.kind(n) == Kind::none; }
  MV_HD Voxel place(std::int64_t n) const { return lattice.voxel_at(voxel[n]); }
  // The entries as a lattice of one line, for tallies.
  Lattice line() const { return {static_cast<int>(count), 1, 1, 1, 0}; }
  // The entry's cell has left voxel i.
  MV_HD void drop(std::int64_t n, std::int64_t i) const {
    cell.erase(n);
    waited[n] = 0;
    held[i] = 0;
  }
};

} // namespace metavox
