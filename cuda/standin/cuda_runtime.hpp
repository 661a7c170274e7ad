// A stand-in for the CUDA runtime: the kernels of this project run thread by thread on the CPU, so
// that what does not need a card is tested where there is none. Declared is what cuda/ uses, no
// more.
//
// It works as a device does where that can hide a fault. Launches and fills wait in a queue until a
// call that waits for the device. Device memory may be touched by kernels and copies alone, and not
// beyond its end. Blocks, and threads in a block, run in an order that nobody may rely on; threads
// that wait for each other take turns. What is found is told on standard error, and the program is
// aborted.
//
// From the environment:
//   METAVOX_STANDIN_ORDER    forward (default), reversed or shuffled
//   METAVOX_STANDIN_THREADS  host threads over the threads of kernels whose threads go alone, and
//                            over blocks of the others; default 1. For thread sanitizers
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#define __global__
#define __device__
#define __launch_bounds__(threads)
// A block's threads share a host thread.
#define __shared__ static thread_local

struct dim3 {
  unsigned x, y, z;
  explicit constexpr dim3(unsigned nx = 1, unsigned ny = 1, unsigned nz = 1)
      : x(nx), y(ny), z(nz) {}
};

enum cudaError_t {
  cudaSuccess,
  cudaErrorInvalidValue,
  cudaErrorMemoryAllocation,
  cudaErrorInvalidConfiguration,
  cudaErrorInvalidDevice,
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost };
enum cudaDeviceAttr { cudaDevAttrMultiProcessorCount };
struct cudaDeviceProp {
  char name[64];
};
struct cudaFuncAttributes {};
using cudaEvent_t = double*; // s, of the host's clock

const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError(); // and forgets it
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
template <class Kernel>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes*, Kernel*) {
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes);
cudaError_t cudaFree(void* memory);
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes);
cudaError_t cudaDeviceSynchronize();

cudaError_t cudaEventCreate(cudaEvent_t* event);
cudaError_t cudaEventRecord(cudaEvent_t event);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end);
cudaError_t cudaEventDestroy(cudaEvent_t event);

namespace metavox::standin {

enum class Order : std::uint8_t { forward, reversed, shuffled };
void set_order(Order order);       // instead of the environment's
int device_of(const void* memory); // -1: of none

struct Place {
  dim3 thread, block, blocks;
};
inline thread_local Place here; // of the thread that runs

// Waits until every thread of the block that has not ended is here.
void barrier();
// What the lane `from` of the warp hands over; every lane of the warp calls it.
std::uint64_t exchange(std::uint64_t own, int from);
int lane();

// Queues a kernel. `together`: its threads wait for each other. `arguments` holds the words of what
// was handed over, for a look at whose memory they point to.
void launch(const char* name, dim3 grid, dim3 block, bool together, std::function<void()> body,
            const std::vector<std::uint64_t>& arguments);

// What the runtime was asked to do since the program began.
struct Calls {
  std::int64_t kernels = 0, fills = 0, waits = 0, copies_in = 0, copies_out = 0, bytes_in = 0,
               bytes_out = 0, allocations = 0, releases = 0;
};
const Calls& calls();

// Functors whose arguments hold an address of host memory at one place in all their launches, of
// which there were at least three: "name, byte 24".
std::vector<std::string> host_addresses();

template <class T>
std::uint64_t bits_of(T value) {
  static_assert(sizeof(T) <= 8);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}
// The argument's bytes as words. What lies between its members may be left of anything, an address
// among it, and is cleared where the compiler can.
template <class T>
void add_words(std::vector<std::uint64_t>& words, T argument) {
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  __builtin_clear_padding(&argument);
#endif
#endif
  const std::size_t begin = words.size();
  words.resize(begin + (sizeof argument + 7) / 8, 0);
  std::memcpy(words.data() + begin, &argument, sizeof argument);
}
template <class T>
T value_of(std::uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

} // namespace metavox::standin

// ---- what kernels use -------------------------------------------------------------------------

#define threadIdx (metavox::standin::here.thread)
#define blockIdx (metavox::standin::here.block)
#define gridDim (metavox::standin::here.blocks)

inline void __syncthreads() { metavox::standin::barrier(); }
// A change of one word that all threads share, which thread sanitizers understand, as they do not a
// fence.
inline void __threadfence() {
  static std::atomic<std::uint32_t> passed{0};
  passed.fetch_add(1);
}

template <class T>
T __shfl_xor_sync(unsigned, T value, int mask) {
  using namespace metavox::standin;
  return value_of<T>(exchange(bits_of(value), lane() ^ mask));
}
template <class T>
T __shfl_down_sync(unsigned, T value, unsigned by) {
  using namespace metavox::standin;
  const int from = lane() + static_cast<int>(by);
  return value_of<T>(exchange(bits_of(value), from < 32 ? from : lane()));
}
template <class T>
T __shfl_up_sync(unsigned, T value, unsigned by) {
  using namespace metavox::standin;
  const int from = lane() - static_cast<int>(by);
  return value_of<T>(exchange(bits_of(value), from >= 0 ? from : lane()));
}

template <class T>
T __ldcg(const T* from) {
  return __atomic_load_n(from, __ATOMIC_RELAXED);
}
inline std::uint32_t __float_as_uint(float value) {
  return static_cast<std::uint32_t>(metavox::standin::bits_of(value));
}
inline std::uint32_t atomicAdd(std::uint32_t* where, std::uint32_t value) {
  return __atomic_fetch_add(where, value, __ATOMIC_RELAXED);
}
inline std::uint32_t atomicExch(std::uint32_t* where, std::uint32_t value) {
  return __atomic_exchange_n(where, value, __ATOMIC_RELAXED);
}
inline std::uint32_t atomicMax(std::uint32_t* where, std::uint32_t value) {
  std::uint32_t seen = __atomic_load_n(where, __ATOMIC_RELAXED);
  while (value > seen && !__atomic_compare_exchange_n(where, &seen, value, true, __ATOMIC_RELAXED,
                                                      __ATOMIC_RELAXED)) {
  }
  return seen;
}
