#include "program/bandwidth.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "core/launch.hpp"

namespace metavox {
namespace {

struct CopyField {
  static constexpr const char* name = "bench.copy";
  static constexpr double bytes = 8;
  const float* from;
  float* to;
  MV_HD void operator()(const Voxel& s) const { to[s.i] = from[s.i]; }
  void row(const Row& r) const {
    const float* MV_RESTRICT in = from + r.i;
    float* MV_RESTRICT out = to + r.i;
#pragma omp simd
    for (int x = 0; x < r.n; ++x) out[x] = in[x];
  }
};

} // namespace

double copy_seconds(const Executor& executor, const Lattice& lattice) {
  constexpr std::size_t fields = 8;
  std::vector<Buffer<float>> pool;
  for (std::size_t k = 0; k < fields; ++k) pool.emplace_back(executor, lattice.padded());
  // Starting a kernel and waiting for it take a device as long as a small copy: several in a row.
  const std::size_t together = executor.backend() == Backend::cuda ? 12 : 1;
  std::vector<double> seconds;
  for (std::size_t round = 0; round < 5 * fields; round += 2) {
    executor.synchronise();
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t k = 0; k < together; ++k)
      executor.for_each_voxel(lattice, CopyField{pool[(round + 2 * k) % fields].data(),
                                                 pool[(round + 2 * k + 1) % fields].data()});
    executor.synchronise();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    if (round >= fields) seconds.push_back(elapsed.count() / static_cast<double>(together));
  }
  std::nth_element(seconds.begin(),
                   seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2),
                   seconds.end());
  return seconds[seconds.size() / 2];
}

} // namespace metavox
