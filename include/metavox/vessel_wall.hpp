// What perfused vessels exchange with the tissue around them.
//
// A vessel of radius R passes 2 pi R psi (p_v - p) per length through its wall (M. Owen et al.
// 2011, Cancer Res. 71:2826). A line of voxels exchanges like a cylinder of radius 0.2 h (D.
// Peaceman 1978, SPE J. 18:183); the well index makes the conductance between blood and the tissue
// a voxel away that of the true radius.
#pragma once

#include <vector>

#include "metavox/core/executor.hpp"
#include "metavox/diffusion.hpp"
#include "metavox/parameters.hpp"
#include "metavox/vessel_graph.hpp"

namespace metavox {

// One entry per field voxel that vessels touch.
struct VesselWall {
  std::int64_t voxel; // of the field, x fastest, no ghosts
  float wall;         // 1/min, conductance of the bare walls
  float conductance;  // 1/min, for the oxygen that red cells bring
  float supply;       // mmHg/min: that conductance times the oxygen pressure of the blood
  float spare;
};

// The walls as functors see them.
struct VesselWalls {
  const VesselWall* wall = nullptr;
  std::int64_t count = 0;
};

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
    const Site s = lattice.site_of(w.voxel);
    const std::int64_t j = split.index(s.x, s.y, s.z);
    const float conductance = own_supply ? w.conductance : w.wall * scale;
    f[j] = f[j] + (own_supply ? w.supply : conductance * value);
    k[j] = k[j] + conductance;
  }
};

// Blood of this discharge haematocrit, mmHg; reference: `vessel_pressure` at haematocrit 0.45.
double blood_oxygen(const OxygenParameters& oxygen, double haematocrit);

// Walls of all perfused segments, ascending by voxel. Red cells bring the oxygen, so conductance
// falls with haematocrit below the reference and a vessel of plasma alone exchanges nothing.
std::vector<VesselWall> vessel_walls(const VesselGraph& graph, const Lattice& fields,
                                     const OxygenParameters& oxygen, bool well_index);

} // namespace metavox
