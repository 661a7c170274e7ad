// Something that stands in the field, gives to it and takes from it, and changes with it: blood in
// vessels. The solver asks it after every cycle, so that both come to rest together.
#pragma once

#include <cstdint>
#include <vector>

#include "solver/layout.hpp"

namespace metavox {

class Exchange {
public:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  // Before a solve: the finest grid, with f and k of all else, and c as answer(0) is to find it.
  virtual void begin(const DiffusionLevel& fine) = 0;
  // The largest change since the last call, field unit, in the first of a solve 0; and how much of
  // changes is still to come, as a multiple, where that is known better than by how they shrink.
  struct Answer {
    float moved = 0;
    float left = 0; // 0: not known
  };
  // Reads c there. `cycles`: so far.
  virtual Answer answer(int cycles) = 0;
  // Writes f and k there, so that a voxel's equation holds what it gives and how that falls as c
  // rises. q stays as it is.
  virtual void impose() = 0;

  // The voxels of coarser grids whose coefficients follow from those it changes: grid g from 1 on
  // has voxels[first[g - 1]] to voxels[first[g] - 1], ascending.
  struct Coarse {
    const PackedVoxel* voxels;
    const std::vector<std::int64_t>* first;
  };
  virtual Coarse coarse() const = 0;
};

} // namespace metavox
