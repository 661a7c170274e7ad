// Generic kernels: one thread per voxel (or per list entry) runs the functor's body. Whatever the
// physics does on a device goes through them.
#pragma once

#include <array>
#include <stdexcept>
#include <string>

#include <cuda_runtime.h>
#include <nvtx3/nvToolsExt.h>

#include "core/executor.hpp"

namespace metavox::cuda {

// Throws std::runtime_error naming the functor when the last launch or call failed.
void check(cudaError_t status, const char* name);

// A few words of device memory for the results of reductions, kept for the life of the process.
std::uint32_t* scratch_word();
std::int64_t* scratch_bins();
inline constexpr int scratch_bin_count = 128;

struct Range {
  explicit Range(const char* name) { nvtxRangePushA(name); }
  ~Range() { nvtxRangePop(); }
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;
};

inline constexpr int block_x = 64, block_y = 4;

inline dim3 voxel_grid(int nx, int ny, int nz) {
  return dim3(static_cast<unsigned>((nx + block_x - 1) / block_x),
              static_cast<unsigned>((ny + block_y - 1) / block_y), static_cast<unsigned>(nz));
}

template <class F>
__global__ void __launch_bounds__(block_x* block_y) voxel_kernel(Lattice l, F f) {
  const int x = static_cast<int>(blockIdx.x * block_x + threadIdx.x);
  const int y = static_cast<int>(blockIdx.y * block_y + threadIdx.y);
  const int z = static_cast<int>(blockIdx.z);
  if (x < l.nx && y < l.ny) f(l.voxel(x, y, z));
}

template <class F>
void launch_voxels(const Lattice& l, const F& f) {
  const Range range(F::name);
  voxel_kernel<<<voxel_grid(l.nx, l.ny, l.nz), dim3(block_x, block_y)>>>(l, f);
  check(cudaGetLastError(), F::name);
}

template <class F>
__global__ void __launch_bounds__(512)
    brick_kernel(Lattice l, Bricks bricks, ActiveBricks active, F f) {
  const std::int64_t b = active.ids[blockIdx.x];
  const int x = static_cast<int>(b % bricks.nx) * brick_edge + static_cast<int>(threadIdx.x);
  const int y =
      static_cast<int>(b / bricks.nx % bricks.ny) * brick_edge + static_cast<int>(threadIdx.y);
  const int z =
      static_cast<int>(b / bricks.nx / bricks.ny) * brick_edge + static_cast<int>(threadIdx.z);
  if (x < l.nx && y < l.ny && z < l.nz) f(l.voxel(x, y, z));
}

template <class F>
void launch_bricks(const Lattice& l, const ActiveBricks& active, const F& f) {
  const Range range(F::name);
  brick_kernel<<<static_cast<unsigned>(active.count), dim3(brick_edge, brick_edge, brick_edge)>>>(
      l, Bricks(l), active, f);
  check(cudaGetLastError(), F::name);
}

template <class F>
__global__ void __launch_bounds__(block_x* block_y) colour_kernel(Lattice l, int colour, F f) {
  const int y = static_cast<int>(blockIdx.y * block_y + threadIdx.y);
  const int z = static_cast<int>(blockIdx.z);
  const int x =
      2 * static_cast<int>(blockIdx.x * block_x + threadIdx.x) + ((y + z + colour + l.shift()) & 1);
  if (x < l.nx && y < l.ny) f(colour, l.voxel(x, y, z));
}

template <class F>
void launch_colours(const Lattice& l, int sweeps, const F& f) {
  const Range range(F::name);
  for (int half = 0; half < 2 * sweeps; ++half)
    colour_kernel<<<voxel_grid((l.nx + 1) / 2, l.ny, l.nz), dim3(block_x, block_y)>>>(l, half & 1,
                                                                                      f);
  check(cudaGetLastError(), F::name);
}

template <class F>
__global__ void __launch_bounds__(block_x* block_y)
    max_kernel(Lattice l, F f, std::uint32_t* result) {
  const int x = static_cast<int>(blockIdx.x * block_x + threadIdx.x);
  const int y = static_cast<int>(blockIdx.y * block_y + threadIdx.y);
  const int z = static_cast<int>(blockIdx.z);
  std::uint32_t key = 0;
  if (x < l.nx && y < l.ny) key = __float_as_uint(f(l.voxel(x, y, z))) & 0x7fffffffu;
  for (int step = 16; step > 0; step /= 2) key = max(key, __shfl_xor_sync(0xffffffffu, key, step));
  // Most warps find the maximum already stored and leave without an atomic.
  if ((threadIdx.x & 31) == 0 && key > *reinterpret_cast<volatile std::uint32_t*>(result))
    atomicMax(result, key);
}

template <class F>
float launch_max(const Lattice& l, const F& f) {
  const Range range(F::name);
  std::uint32_t* word = scratch_word();
  check(cudaMemsetAsync(word, 0, sizeof *word), F::name);
  max_kernel<<<voxel_grid(l.nx, l.ny, l.nz), dim3(block_x, block_y)>>>(l, f, word);
  check(cudaGetLastError(), F::name);
  std::uint32_t key = 0;
  check(cudaMemcpy(&key, word, sizeof key, cudaMemcpyDeviceToHost), F::name);
  float value;
  memcpy(&value, &key, sizeof value);
  return value;
}

template <class F>
__global__ void __launch_bounds__(256) tally_kernel(Lattice l, F f, std::int64_t* result) {
  std::int64_t mine[F::bins] = {};
  const std::int64_t lines = static_cast<std::int64_t>(l.ny) * l.nz;
  for (std::int64_t line = blockIdx.x; line < lines; line += gridDim.x) {
    const int y = static_cast<int>(line % l.ny), z = static_cast<int>(line / l.ny);
    for (int x = static_cast<int>(threadIdx.x); x < l.nx; x += static_cast<int>(blockDim.x))
      f(l.voxel(x, y, z), mine);
  }
  for (int b = 0; b < F::bins; ++b)
    if (mine[b] != 0) atomic_add(result + b, mine[b]);
}

template <class F>
std::array<std::int64_t, F::bins> launch_tally(const Lattice& l, const F& f) {
  static_assert(F::bins <= scratch_bin_count);
  const Range range(F::name);
  std::int64_t* bins = scratch_bins();
  check(cudaMemsetAsync(bins, 0, sizeof(std::int64_t) * F::bins), F::name);
  const std::int64_t lines = static_cast<std::int64_t>(l.ny) * l.nz;
  tally_kernel<<<static_cast<unsigned>(lines < 4096 ? lines : 4096), 256>>>(l, f, bins);
  check(cudaGetLastError(), F::name);
  std::array<std::int64_t, F::bins> host{};
  check(cudaMemcpy(host.data(), bins, sizeof(std::int64_t) * F::bins, cudaMemcpyDeviceToHost),
        F::name);
  return host;
}

template <class F>
__global__ void __launch_bounds__(256) index_kernel(std::int64_t n, F f) {
  const std::int64_t k = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (k < n) f(k);
}

template <class F>
void launch_indices(std::int64_t n, const F& f) {
  const Range range(F::name);
  index_kernel<<<static_cast<unsigned>((n + 255) / 256), 256>>>(n, f);
  check(cudaGetLastError(), F::name);
}

} // namespace metavox::cuda
