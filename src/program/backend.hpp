// Where a run computes.
#pragma once

#include <cstdint>
#include <string>

#include "core/executor.hpp"

namespace metavox {

// `backend`: auto, cpu or cuda; `threads` of the CPU, 0: as many as pay on a lattice of so many
// `voxels` (0: of any size); `device` of CUDA, -1: the one that it prefers. `note` says why auto
// did not take the GPU, and what limits threads. Throws ResourceError where cuda or the threads
// cannot be had.
Executor choose_executor(const std::string& backend, int threads, int device, std::int64_t voxels,
                         std::string& note);

} // namespace metavox
