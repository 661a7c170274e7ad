// What the walls of vessels add to the problem of a field.
#pragma once

#include <cstdint>

#include "core/lattice.hpp"
#include "solver/diffusion.hpp"
#include "voxel/views.hpp"

namespace metavox {

struct AddVesselWalls {
  static constexpr const char* name = "vessel.walls";
  static constexpr double bytes = 40;
  const VesselWall* wall;
  bool own_supply; // oxygen brings its own pressure; anything else has `value` in all blood
  float value;
  float scale; // its wall conductance relative to oxygen's
  Lattice lattice;
  SplitLattice split;
  float *f, *k;
  MV_HD void operator()(std::int64_t n) const {
    const VesselWall w = wall[n];
    const Voxel s = lattice.voxel_at(w.voxel);
    const std::int64_t j = split.index(s.x, s.y, s.z);
    const float conductance = own_supply ? w.conductance : w.wall * scale;
    f[j] = f[j] + (own_supply ? w.supply : conductance * value);
    k[j] = k[j] + conductance;
  }
};

} // namespace metavox
