// The few words that let one function body be compiled for the host and for the device.
#pragma once

#include <cstdint>

#if defined(__CUDACC__)
#define MV_HD __host__ __device__
#else
#define MV_HD
#endif

#define MV_RESTRICT __restrict__

namespace metavox {

// Integer minimum and integer addition give the same end result in any order, so functors use no
// other atomics. (The kernel behind max_over adds an integer maximum, which has no order either.)
MV_HD inline void atomic_min(std::uint32_t* where, std::uint32_t value) {
#if defined(__CUDA_ARCH__)
  atomicMin(where, value);
#else
  std::uint32_t seen = __atomic_load_n(where, __ATOMIC_RELAXED);
  while (value < seen && !__atomic_compare_exchange_n(where, &seen, value, true, __ATOMIC_RELAXED,
                                                      __ATOMIC_RELAXED)) {
  }
#endif
}

MV_HD inline void atomic_add(std::int64_t* where, std::int64_t value) {
#if defined(__CUDA_ARCH__)
  atomicAdd(reinterpret_cast<unsigned long long*>(where), static_cast<unsigned long long>(value));
#else
  __atomic_fetch_add(where, value, __ATOMIC_RELAXED);
#endif
}

// Where several threads may store at once, all the same value.
template <class T>
MV_HD inline void store_same(T* where, T value) {
#if defined(__CUDA_ARCH__)
  *where = value;
#else
  __atomic_store_n(where, value, __ATOMIC_RELAXED);
#endif
}

} // namespace metavox
