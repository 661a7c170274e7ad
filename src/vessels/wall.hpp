// What perfused vessels exchange with the tissue around them.
//
// A vessel of radius R passes 2 pi R psi (p_v - p) per length through its wall (M. Owen et al.
// 2011, Cancer Res. 71:2826). A line of voxels exchanges like a cylinder of radius 0.2 h (D.
// Peaceman 1978, SPE J. 18:183); the well index makes the conductance between blood and the tissue
// a voxel away that of the true radius.
#pragma once

#include <vector>

#include "site/parameters.hpp"
#include "vessels/graph.hpp"
#include "voxel/views.hpp"

namespace metavox {

// Blood of this discharge haematocrit, mmHg; reference: `vessel_pressure` at haematocrit 0.45.
double blood_oxygen(const OxygenParameters& oxygen, double haematocrit);

// Walls of all perfused segments, ascending by voxel. Red cells bring the oxygen, so conductance
// falls with haematocrit below the reference and a vessel of plasma alone exchanges nothing.
std::vector<VesselWall> vessel_walls(const VesselGraph& graph, const Lattice& fields,
                                     const OxygenParameters& oxygen, bool well_index);

} // namespace metavox
