// Generic kernels: one thread per voxel (or per list entry) runs the functor's body. Whatever the
// physics does on a device goes through them.
#pragma once

#include <array>
#include <cstring>
#include <vector>

#include "core/executor.hpp"
#include "cuda/runtime.hpp"

namespace metavox::cuda {

inline constexpr int block_x = 64, block_y = 4, block_threads = block_x * block_y;
inline constexpr int warp_threads = 32, block_warps = block_threads / warp_threads;

inline dim3 voxel_grid(int nx, int ny, int nz) {
  return dim3(static_cast<unsigned>((nx + block_x - 1) / block_x),
              static_cast<unsigned>((ny + block_y - 1) / block_y), static_cast<unsigned>(nz));
}

// Blocks of a kernel whose blocks go on until nothing is left: as many as the device runs at once.
// Each then ends with one atomic, not one for every warp of the lattice.
inline unsigned lasting_blocks(const Scratch& scratch, std::int64_t pieces) {
  return static_cast<unsigned>(pieces < scratch.blocks ? pieces : scratch.blocks);
}

template <class F>
__global__ void __launch_bounds__(block_threads) voxel_kernel(Lattice l, F f) {
  const int x = static_cast<int>(blockIdx.x * block_x + threadIdx.x);
  const int y = static_cast<int>(blockIdx.y * block_y + threadIdx.y);
  const int z = static_cast<int>(blockIdx.z);
  if (x < l.nx && y < l.ny) f(l.voxel(x, y, z));
}

template <class F>
void launch_voxels(const Lattice& l, const F& f) {
  start<Threads::alone>(F::name, voxel_kernel<F>, voxel_grid(l.nx, l.ny, l.nz),
                        dim3(block_x, block_y), l, f);
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
  start<Threads::alone>(F::name, brick_kernel<F>, dim3(static_cast<unsigned>(active.count)),
                        dim3(brick_edge, brick_edge, brick_edge), l, Bricks(l), active, f);
}

template <class F>
__global__ void __launch_bounds__(block_threads) colour_kernel(Lattice l, int colour, F f) {
  const int y = static_cast<int>(blockIdx.y * block_y + threadIdx.y);
  const int z = static_cast<int>(blockIdx.z);
  const int x =
      2 * static_cast<int>(blockIdx.x * block_x + threadIdx.x) + ((y + z + colour + l.shift()) & 1);
  if (x < l.nx && y < l.ny) f(colour, l.voxel(x, y, z));
}

template <class F>
void launch_colours(const Lattice& l, int sweeps, const F& f) {
  for (int half = 0; half < 2 * sweeps; ++half)
    start<Threads::alone>(F::name, colour_kernel<F>, voxel_grid((l.nx + 1) / 2, l.ny, l.nz),
                          dim3(block_x, block_y), l, half & 1, f);
}

template <class F>
__global__ void __launch_bounds__(block_threads)
    max_kernel(Lattice l, std::uint32_t tiles_x, std::uint32_t tiles_y, F f,
               std::uint32_t* result) {
  const std::uint32_t tiles = tiles_x * tiles_y * static_cast<std::uint32_t>(l.nz);
  std::uint32_t key = 0;
  for (std::uint32_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const std::uint32_t line = tile / tiles_x;
    const int x = static_cast<int>((tile - line * tiles_x) * block_x + threadIdx.x);
    const int y = static_cast<int>(line % tiles_y * block_y + threadIdx.y);
    const int z = static_cast<int>(line / tiles_y);
    if (x >= l.nx || y >= l.ny) continue;
    const std::uint32_t here = __float_as_uint(f(l.voxel(x, y, z))) & 0x7fffffffu;
    key = here > key ? here : key;
  }
  for (int step = warp_threads / 2; step > 0; step /= 2) {
    const std::uint32_t other = __shfl_xor_sync(0xffffffffu, key, step);
    key = other > key ? other : key;
  }
  __shared__ std::uint32_t of_warp[block_warps];
  const int thread = static_cast<int>(threadIdx.x + block_x * threadIdx.y);
  if (thread % warp_threads == 0) of_warp[thread / warp_threads] = key;
  __syncthreads();
  if (thread != 0) return;
  for (const std::uint32_t other : of_warp) key = other > key ? other : key;
  atomicMax(result, key);
}

// The largest f over the lattice; waits for it.
template <class F>
float launch_max(const Scratch& scratch, const Lattice& l, const F& f) {
  const dim3 grid = voxel_grid(l.nx, l.ny, l.nz);
  fill_zero(scratch.largest, sizeof *scratch.largest);
  start<Threads::together>(F::name, max_kernel<F>,
                           dim3(lasting_blocks(scratch, std::int64_t{grid.x} * grid.y * grid.z)),
                           dim3(block_x, block_y), l, grid.x, grid.y, f, scratch.largest);
  float value = 0;
  copy_out(&value, scratch.largest, sizeof value);
  return value;
}

template <class F>
__global__ void __launch_bounds__(block_threads)
    tally_kernel(Lattice l, F f, std::int64_t* result) {
  std::int64_t mine[F::bins] = {};
  const std::int64_t lines = static_cast<std::int64_t>(l.ny) * l.nz;
  for (std::int64_t line = blockIdx.x; line < lines; line += gridDim.x) {
    const int y = static_cast<int>(line % l.ny), z = static_cast<int>(line / l.ny);
    for (int x = static_cast<int>(threadIdx.x); x < l.nx; x += block_threads)
      f(l.voxel(x, y, z), mine);
  }
  __shared__ std::int64_t of_warp[block_warps][F::bins];
  const int thread = static_cast<int>(threadIdx.x);
  for (int b = 0; b < F::bins; ++b) {
    std::int64_t sum = mine[b];
    for (int step = warp_threads / 2; step > 0; step /= 2)
      sum += __shfl_down_sync(0xffffffffu, sum, static_cast<unsigned>(step));
    if (thread % warp_threads == 0) of_warp[thread / warp_threads][b] = sum;
  }
  __syncthreads();
  for (int b = thread; b < F::bins; b += block_threads) {
    std::int64_t sum = 0;
    for (int warp = 0; warp < block_warps; ++warp) sum += of_warp[warp][b];
    if (sum != 0) atomic_add(result + b, sum);
  }
}

// Sums of integers over the lattice; waits for them.
template <class F>
std::array<std::int64_t, F::bins> launch_tally(const Scratch& scratch, const Lattice& l,
                                               const F& f) {
  static_assert(F::bins <= Scratch::bins);
  fill_zero(scratch.sums, sizeof(std::int64_t) * F::bins);
  start<Threads::together>(F::name, tally_kernel<F>,
                           dim3(lasting_blocks(scratch, static_cast<std::int64_t>(l.ny) * l.nz)),
                           dim3(block_threads), l, f, scratch.sums);
  std::array<std::int64_t, F::bins> host{};
  copy_out(host.data(), scratch.sums, sizeof(std::int64_t) * F::bins);
  return host;
}

template <class F>
__global__ void __launch_bounds__(block_threads) index_kernel(std::int64_t n, F f) {
  const std::int64_t k = static_cast<std::int64_t>(blockIdx.x) * block_threads + threadIdx.x;
  if (k < n) f(k);
}

template <class F>
void launch_indices(std::int64_t n, const F& f) {
  start<Threads::alone>(F::name, index_kernel<F>,
                        dim3(static_cast<unsigned>((n + block_threads - 1) / block_threads)),
                        dim3(block_threads), n, f);
}

// Levels from `level` to `last` - 1. With one block they wait for each other; more blocks are for a
// single level.
template <class F>
__global__ void __launch_bounds__(block_threads)
    level_kernel(const std::int64_t* first, std::int64_t level, std::int64_t last, F f) {
  for (; level < last; ++level) {
    const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * block_threads;
    for (std::int64_t k =
             first[level] + static_cast<std::int64_t>(blockIdx.x) * block_threads + threadIdx.x;
         k < first[level + 1]; k += stride)
      f(k);
    __syncthreads();
  }
}

// Runs of thin levels go together: a block then works on all of them, and the device starts once.
template <class F>
void launch_levels(const std::vector<std::int64_t>& first, const std::int64_t* first_here,
                   const F& f) {
  const std::size_t levels = first.size() - 1;
  const auto wide = [&](std::size_t level) {
    return first[level + 1] - first[level] > block_threads;
  };
  for (std::size_t level = 0; level < levels;) {
    std::size_t last = level + 1;
    if (!wide(level))
      while (last < levels && !wide(last)) ++last;
    const std::int64_t most = wide(level) ? first[level + 1] - first[level] : 1;
    start<Threads::together>(
        F::name, level_kernel<F>,
        dim3(static_cast<unsigned>((most + block_threads - 1) / block_threads)),
        dim3(block_threads), first_here, static_cast<std::int64_t>(level),
        static_cast<std::int64_t>(last), f);
    level = last;
  }
}

} // namespace metavox::cuda
