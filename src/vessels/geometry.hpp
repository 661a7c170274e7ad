// Geometry of vessel networks.
#pragma once

#include <vector>

#include "vessels/graph.hpp"

namespace metavox {

// Box-counting dimension of the network's projection along z, boxes of 1, 2, 4 ... voxels up to a
// quarter of the projection, as measured on images of vessels (Y. Gazit et al. 1995, Phys. Rev.
// Lett. 75:2428). 0: nothing there.
double fractal_dimension(const std::vector<std::int64_t>& voxels, const Lattice& lattice);

// Distance of each place to the nearest vessel point, um; empty where there is no vessel.
std::vector<double> distances_to(const std::vector<Point>& vessels,
                                 const std::vector<Point>& places);

} // namespace metavox
