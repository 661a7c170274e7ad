// Which flags are set, as a list of their numbers in ascending order.
#include "core/launch.hpp"
#include "cuda/runtime.hpp"

namespace metavox::cuda {
namespace {

constexpr int of_thread = static_cast<int>(Scratch::chunk) / block_threads;

// Set flags among those of a thread, which lie side by side.
__device__ int count_own(const std::uint8_t* flags, std::int64_t n, std::int64_t begin) {
  int count = 0;
  for (int k = 0; k < of_thread; ++k)
    if (begin + k < n && flags[begin + k] != 0) ++count;
  return count;
}

// The sum of `value` over the threads of the block before this one, and over all in `total`. All
// threads of the block call it; `of_warp` is shared memory, free again after the next barrier.
__device__ std::uint32_t sum_before(std::uint32_t value, std::uint32_t* of_warp,
                                    std::uint32_t& total) {
  const int thread = static_cast<int>(threadIdx.x), lane = thread % warp_threads;
  std::uint32_t sum = value;
  for (int step = 1; step < warp_threads; step *= 2) {
    const std::uint32_t left = __shfl_up_sync(0xffffffffu, sum, static_cast<unsigned>(step));
    if (lane >= step) sum += left;
  }
  if (lane == warp_threads - 1) of_warp[thread / warp_threads] = sum;
  __syncthreads();
  std::uint32_t before = sum - value;
  total = 0;
  for (int warp = 0; warp < block_warps; ++warp) {
    if (warp < thread / warp_threads) before += of_warp[warp];
    total += of_warp[warp];
  }
  return before;
}

// counts[c] becomes the number of set flags in chunks before c, counts[chunks] that of all. The
// block that ends last adds them up; it leaves the ticket as it found it, 0.
__global__ void __launch_bounds__(block_threads)
    count_kernel(const std::uint8_t* flags, std::int64_t n, std::uint32_t* counts,
                 std::uint32_t* ticket) {
  __shared__ std::uint32_t of_warp[block_warps];
  __shared__ bool last;
  const int thread = static_cast<int>(threadIdx.x);
  const std::uint32_t chunks = gridDim.x;
  std::uint32_t total = 0;
  sum_before(static_cast<std::uint32_t>(
                 count_own(flags, n, blockIdx.x * Scratch::chunk + thread * of_thread)),
             of_warp, total);
  if (thread == 0) {
    counts[blockIdx.x] = total;
    __threadfence();
    last = atomicAdd(ticket, 1u) == chunks - 1;
  }
  __syncthreads();
  if (!last) return;
  __threadfence();
  std::uint32_t carry = 0;
  for (std::uint32_t first = 0; first < chunks; first += block_threads) {
    const std::uint32_t c = first + static_cast<std::uint32_t>(thread);
    // Other blocks wrote it: not from a cache.
    const std::uint32_t own = c < chunks ? __ldcg(counts + c) : 0;
    const std::uint32_t before = sum_before(own, of_warp, total);
    if (c < chunks) counts[c] = carry + before;
    carry += total;
    __syncthreads();
  }
  if (thread == 0) {
    counts[chunks] = carry;
    atomicExch(ticket, 0u); // no fence orders the blocks' own additions to it before a plain write
  }
}

__global__ void __launch_bounds__(block_threads)
    scatter_kernel(const std::uint8_t* flags, std::int64_t n, const std::uint32_t* counts,
                   std::uint32_t* ids, std::int64_t room) {
  __shared__ std::uint32_t of_warp[block_warps];
  const std::int64_t begin =
      blockIdx.x * Scratch::chunk + static_cast<std::int64_t>(threadIdx.x) * of_thread;
  std::uint32_t total = 0;
  std::uint32_t at =
      counts[blockIdx.x] +
      sum_before(static_cast<std::uint32_t>(count_own(flags, n, begin)), of_warp, total);
  for (int k = 0; k < of_thread; ++k)
    if (begin + k < n && flags[begin + k] != 0) {
      if (at < room) ids[at] = static_cast<std::uint32_t>(begin + k);
      ++at;
    }
}

} // namespace

std::int64_t compact(const Scratch& scratch, const std::uint8_t* flags, std::int64_t n,
                     std::uint32_t* ids, std::int64_t room) {
  if (n <= 0) return 0;
  const std::int64_t chunks = (n + Scratch::chunk - 1) / Scratch::chunk;
  if (chunks > Scratch::chunks)
    throw std::logic_error("more flags than a compaction on the device has room for");
  const dim3 grid(static_cast<unsigned>(chunks));
  start<Threads::together>("compact.count", count_kernel, grid, dim3(block_threads), flags, n,
                           scratch.counts, scratch.counts + Scratch::chunks + 1);
  start<Threads::together>("compact.scatter", scatter_kernel, grid, dim3(block_threads), flags, n,
                           static_cast<const std::uint32_t*>(scratch.counts), ids, room);
  std::uint32_t count = 0;
  copy_out(&count, scratch.counts + chunks, sizeof count);
  return count;
}

} // namespace metavox::cuda
