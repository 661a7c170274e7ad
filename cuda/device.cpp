// The CUDA runtime behind Executor: devices, memory, copies, errors.
#include <cstdlib>

#include "core/launch.hpp"
#include "cuda/runtime.hpp"

namespace metavox::cuda {

Traffic& traffic() {
  static Traffic all;
  return all;
}

void check(cudaError_t status, const char* name) {
  if (status == cudaSuccess) return;
  std::string text = std::string("CUDA: ") + name + ": " + cudaGetErrorString(status);
  if (!synchronous())
    text += "; a device tells of a fault late, so another functor may have made it: "
            "METAVOX_CUDA_SYNC=1 in the environment names it";
  throw DeviceError(text);
}

bool synchronous() {
  static const bool set = [] {
    const char* value = std::getenv("METAVOX_CUDA_SYNC");
    return value && *value && std::string(value) != "0";
  }();
  return set;
}

namespace {

struct Nothing {
  MV_HD void operator()(std::int64_t) const {}
};

// A blocking copy of the default stream.
void blocking(cudaError_t status, const char* what) {
  traffic().blocking += 1;
  check(status, what);
}

template <class T>
T* claim(std::size_t n) {
  void* memory = allocate(n * sizeof(T));
  if (!memory) throw ResourceError("no room on " + device_name() + " for what launches need");
  return static_cast<T*>(memory);
}

} // namespace

std::string obstacle() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) return cudaGetErrorString(status);
  if (count == 0) return "no CUDA device found";
  cudaFuncAttributes attributes;
  const cudaError_t usable = cudaFuncGetAttributes(&attributes, index_kernel<Nothing>);
  if (usable != cudaSuccess)
    return std::string("this build has no code for ") + device_name() + ": " +
           cudaGetErrorString(usable);
  return {};
}

namespace {

// Which device this thread's calls go to. Changed by select() alone, so that asking costs nothing.
int& selected() {
  thread_local int device = [] {
    int number = 0;
    check(cudaGetDevice(&number), "cudaGetDevice");
    return number;
  }();
  return device;
}

void select(int number) {
  if (selected() == number) return;
  check(cudaSetDevice(number), "cudaSetDevice");
  selected() = number;
}

int checked_device(int number) {
  if (number < 0) return selected();
  int count = 0;
  check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  if (number >= count)
    throw ResourceError(
        "there is no CUDA device " + std::to_string(number) +
        (count == 1 ? "; the only one is 0" : "; there are 0 to " + std::to_string(count - 1)));
  select(number);
  return number;
}

int blocks_at_once() {
  int count = 0;
  check(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, selected()),
        "cudaDeviceGetAttribute");
  return 8 * count;
}

} // namespace

void use(const Scratch& scratch) { select(scratch.device); }

std::string device_name() {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, selected()), "cudaGetDeviceProperties");
  return properties.name;
}

std::size_t memory_free() {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return free;
}

void* allocate(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, bytes > 0 ? bytes : 1);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError(); // clears it
    return nullptr;
  }
  check(status, "cudaMalloc"); // an earlier fault of the device
  traffic().allocations += 1;
  traffic().fills += 1;
  check(cudaMemsetAsync(memory, 0, bytes), "cudaMemsetAsync");
  return memory;
}

void release(void* memory) noexcept {
  traffic().releases += memory ? 1 : 0;
  cudaFree(memory);
}

void copy_in(void* device, const void* host, std::size_t bytes) {
  traffic().copies_in += 1;
  traffic().bytes_in += static_cast<std::int64_t>(bytes);
  blocking(cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice), "copy to the device");
}

void copy_out(void* host, const void* device, std::size_t bytes) {
  traffic().copies_out += 1;
  traffic().bytes_out += static_cast<std::int64_t>(bytes);
  blocking(cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost), "copy from the device");
}

void fill_zero(void* device, std::size_t bytes) {
  traffic().fills += 1;
  check(cudaMemsetAsync(device, 0, bytes), "cudaMemsetAsync");
}

void synchronise() { blocking(cudaDeviceSynchronize(), "cudaDeviceSynchronize"); }

Scratch::Scratch(int number)
    : device(checked_device(number)), blocks(blocks_at_once()), largest(claim<std::uint32_t>(1)),
      sums(claim<std::int64_t>(bins)),
      counts(claim<std::uint32_t>(static_cast<std::size_t>(chunks) + 2)) {}

Scratch::~Scratch() {
  release(largest);
  release(sums);
  release(counts);
}

Stopwatch::Stopwatch() {
  cudaEvent_t begin, end;
  check(cudaEventCreate(&begin), "cudaEventCreate");
  begin_ = begin;
  check(cudaEventCreate(&end), "cudaEventCreate");
  end_ = end;
  check(cudaEventRecord(begin), "cudaEventRecord");
}

Stopwatch::~Stopwatch() {
  cudaEventDestroy(static_cast<cudaEvent_t>(begin_));
  cudaEventDestroy(static_cast<cudaEvent_t>(end_));
}

double Stopwatch::seconds() {
  const auto begin = static_cast<cudaEvent_t>(begin_), end = static_cast<cudaEvent_t>(end_);
  check(cudaEventRecord(end), "cudaEventRecord");
  check(cudaEventSynchronize(end), "cudaEventSynchronize"); // no traffic: the instrument's own
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime");
  return milliseconds * 1e-3;
}

} // namespace metavox::cuda
