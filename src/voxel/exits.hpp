// What cells may leave a voxel by: the walls of blood vessels, lymphatics, a surface.
#pragma once

#include <cstdint>
#include <vector>

#include "voxel/walls.hpp"

namespace metavox {

// What a voxel shares of lymphatics that work, in wall_unit: their walls let every tumour cell
// through.
struct LymphShare {
  std::int64_t voxel; // x fastest, no ghosts
  float area;
};

// Each way as the science that has it tells: lists that ascend by voxel, on the host. None where a
// site has no such way.
struct WaysOut {
  WallView walls;
  const std::vector<LymphShare>* lymph = nullptr;
  const std::vector<std::int64_t>* surface = nullptr; // voxels at a broken serosal membrane
};

// A voxel that cells may leave from, with all its ways; areas in wall_unit, weighed.
struct Exit {
  std::int64_t voxel; // x fastest, no ghosts
  float leaky;        // of walls that let every tumour cell through
  float tight;        // of walls that are whole
  float lymph;        // of lymphatics
  float surface;      // 1 at a broken serosal membrane
};

} // namespace metavox
