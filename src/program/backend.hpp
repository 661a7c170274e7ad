// Where a run computes.
#pragma once

#include <string>

#include "core/executor.hpp"

namespace metavox {

// `backend`: auto, cpu or cuda; `threads` of the CPU, 0: all; `device` of CUDA, -1: the one that it
// prefers. `note` says why auto did not take the GPU. Throws ResourceError where cuda cannot be
// used.
Executor choose_executor(const std::string& backend, int threads, int device, std::string& note);

} // namespace metavox
