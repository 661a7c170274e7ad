// The CUDA runtime behind Executor: memory, errors, stream compaction.
#include <thrust/copy.h>
#include <thrust/device_ptr.h>
#include <thrust/execution_policy.h>
#include <thrust/iterator/counting_iterator.h>

#include "cuda/device.hpp"
#include "cuda/launch.cuh"

namespace metavox::cuda {

void check(cudaError_t status, const char* name) {
  if (status != cudaSuccess)
    throw std::runtime_error(std::string("CUDA: ") + name + ": " + cudaGetErrorString(status));
}

namespace {

struct Nothing {
  __host__ __device__ void operator()(std::int64_t) const {}
};

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

std::string device_name() {
  int device = 0;
  cudaDeviceProp properties{};
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  return properties.name;
}

std::size_t memory_free() {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return free;
}

void* allocate(std::size_t bytes) {
  void* memory = nullptr;
  if (cudaMalloc(&memory, bytes > 0 ? bytes : 1) != cudaSuccess) {
    cudaGetLastError(); // clears the sticky error
    return nullptr;
  }
  check(cudaMemset(memory, 0, bytes), "cudaMemset");
  return memory;
}

void release(void* memory) noexcept { cudaFree(memory); }

void copy_in(void* device, const void* host, std::size_t bytes) {
  check(cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice), "copy to the device");
}

void copy_out(void* host, const void* device, std::size_t bytes) {
  check(cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost), "copy from the device");
}

void fill_zero(void* device, std::size_t bytes) {
  check(cudaMemsetAsync(device, 0, bytes), "cudaMemsetAsync");
}

void synchronise() { check(cudaDeviceSynchronize(), "cudaDeviceSynchronize"); }

namespace {

struct IsSet {
  __host__ __device__ bool operator()(std::uint8_t flag) const { return flag != 0; }
};

} // namespace

std::int64_t compact(const std::uint8_t* flags, std::int64_t n, std::uint32_t* ids) {
  const thrust::device_ptr<std::uint32_t> out(ids);
  const auto end =
      thrust::copy_if(thrust::device, thrust::counting_iterator<std::uint32_t>(0),
                      thrust::counting_iterator<std::uint32_t>(static_cast<std::uint32_t>(n)),
                      thrust::device_ptr<const std::uint8_t>(flags), out, IsSet{});
  return end - out;
}

std::uint32_t* scratch_word() {
  static auto* word = static_cast<std::uint32_t*>(allocate(sizeof(std::uint32_t)));
  return word;
}

std::int64_t* scratch_bins() {
  static auto* bins =
      static_cast<std::int64_t*>(allocate(sizeof(std::int64_t) * scratch_bin_count));
  return bins;
}

} // namespace metavox::cuda
