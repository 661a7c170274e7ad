// Not a test: a kernel with a race in which the order of threads shows nothing, for
// scripts/standin.sh to see that the thread sanitizer does.
#include "core/launch.hpp"

namespace {

// Every thread counts in one word, forgetting that this takes an atomic.
__global__ void count(std::uint32_t* out) { out[0] += 1; }

} // namespace

int main() {
  using namespace metavox;
  const Executor executor = Executor::on_cuda();
  Buffer<std::uint32_t> buffer(executor, 1);
  cuda::start<cuda::Threads::alone>("race", count, dim3(64), dim3(256), buffer.data());
  executor.synchronise();
  return 0;
}
