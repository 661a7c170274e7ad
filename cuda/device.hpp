// What the host side asks of the CUDA runtime. Plain C++, so that files not compiled by nvcc can
// include it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/traffic.hpp"

namespace metavox::cuda {

Traffic& traffic(); // since the program began; for the one thread that uses the device

// Device memory that launches need for results of reductions and for compaction; one for each
// Executor, as large as the largest box needs, so that no launch allocates.
struct Scratch {
  static constexpr int bins = 128;
  static constexpr std::int64_t chunk = 2048, chunks = std::int64_t{1} << 21;
  int device = 0;                   // whose memory it is
  int blocks = 1;                   // of 256 threads that the device runs at once
  std::uint32_t* largest = nullptr; // a reduction's maximum
  std::int64_t* sums = nullptr;     // bins of them
  std::uint32_t* counts = nullptr;  // set flags before each chunk, then all, then a ticket
  static constexpr std::size_t bytes =
      4 + sizeof(std::int64_t) * bins + sizeof(std::uint32_t) * (chunks + 2);
  // On a device by its number, -1: the thread's own. Throws ResourceError where there is no such
  // device or it has no room.
  explicit Scratch(int number);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

std::string obstacle(); // why no device can be used; empty: one can
// From now on this thread's calls go to the device of `scratch`.
void use(const Scratch& scratch);
std::string device_name();
std::size_t memory_free();
bool synchronous();                // METAVOX_CUDA_SYNC is set: launches wait for their end
void* allocate(std::size_t bytes); // zero-filled; nullptr when the device has no room
void release(void* memory) noexcept;
void copy_in(void* device, const void* host, std::size_t bytes);
void copy_out(void* host, const void* device, std::size_t bytes);
void fill_zero(void* device, std::size_t bytes);
void synchronise();
// Ascending ids of the set flags; at most Scratch::chunk * Scratch::chunks flags, of which `room`
// ids are written.
std::int64_t compact(const Scratch& scratch, const std::uint8_t* flags, std::int64_t n,
                     std::uint32_t* ids, std::int64_t room);

// Seconds on the device's clock between two moments of its stream.
class Stopwatch {
public:
  Stopwatch(); // now
  ~Stopwatch();
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  double seconds(); // until what has been started so far is done; waits for that

private:
  void *begin_ = nullptr, *end_ = nullptr;
};

} // namespace metavox::cuda
