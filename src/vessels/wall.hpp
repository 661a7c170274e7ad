// What perfused vessels exchange with the tissue around them.
//
// A vessel of radius R passes 2 pi R psi (p_v - p) per length through its wall (M. Owen et al.
// 2011, Cancer Res. 71:2826). A line of voxels exchanges like a cylinder of radius 0.2 h (D.
// Peaceman 1978, SPE J. 18:183); the well index makes the conductance between blood and the tissue
// a voxel away that of the true radius.
#pragma once

#include <vector>

#include "vessels/graph.hpp"
#include "voxel/views.hpp"

namespace metavox {

// How oxygen gets from blood into tissue.
struct BloodSupply {
  double vessel_pressure;   // mmHg, of blood at the reference haematocrit
  double wall_permeability; // um/min
  double diffusivity;       // um^2/min, in tissue
};

// Blood of this discharge haematocrit, mmHg; reference: `vessel_pressure` at haematocrit 0.45.
double blood_oxygen(const BloodSupply& supply, double haematocrit);

// Walls of all perfused segments, ascending by voxel. Red cells bring the oxygen, so conductance
// falls with haematocrit below the reference and a vessel of plasma alone exchanges nothing.
std::vector<VesselWall> vessel_walls(const VesselGraph& graph, const Lattice& fields,
                                     const BloodSupply& supply, bool well_index);

} // namespace metavox
