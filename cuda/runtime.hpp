// The CUDA runtime, and the one function that starts a kernel. Every launch, copy and allocation of
// the CUDA back end goes through this file and device.cpp, which count them.
#pragma once

#include <cstdint>
#include <string>

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#include <nvtx3/nvToolsExt.h>
#else
#include "cuda/standin/cuda_runtime.hpp"
#endif

#include "cuda/device.hpp"

namespace metavox::cuda {

// Throws DeviceError naming the functor or the call that failed.
void check(cudaError_t status, const char* name);

// Whether threads of a block wait for each other in a kernel or exchange values.
enum class Threads : std::uint8_t { alone, together };

// Runs kernel(arguments...) on `grid` blocks of `block` threads. Where METAVOX_CUDA_SYNC is set, it
// waits for the end, so that a fault is told under the name of the functor that made it.
template <Threads threads, class... P, class... A>
void start(const char* name, void (*kernel)(P...), dim3 grid, dim3 block, const A&... arguments) {
  traffic().kernels += 1;
#if defined(__CUDACC__)
  nvtxRangePushA(name);
  kernel<<<grid, block>>>(arguments...);
  nvtxRangePop();
#else
  std::vector<std::uint64_t> words;
  (standin::add_words(words, arguments), ...);
  standin::launch(
      name, grid, block, threads == Threads::together,
      [kernel, arguments...] { kernel(arguments...); }, words);
#endif
  check(cudaGetLastError(), name);
  if (synchronous()) check(cudaDeviceSynchronize(), name);
}

} // namespace metavox::cuda
