// Which voxels a frame shows.
#pragma once

#include <array>

#include "settings/parameters.hpp"

namespace metavox {

// The voxels a fields file holds along one axis: first, first + stride, ... (count of them). The
// sample sits in the middle of its block where the stride is odd, and `origin` (in voxels) is
// chosen so that the centre of each VTK cell is the centre of the sampled voxel whatever the
// stride: fields, cells and vessels stay in register.
struct FrameAxis {
  int first, count, stride;
  double origin; // voxels, corner of the first VTK cell
};
// Throws std::runtime_error where output.region holds no voxel.
std::array<FrameAxis, 3> frame_axes(std::array<int, 3> voxels, double spacing,
                                    const OutputParameters& output);

} // namespace metavox
