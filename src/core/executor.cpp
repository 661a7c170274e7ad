#include "core/executor.hpp"

#include <atomic>
#include <cstdlib>
#include <cstring>

#include <sys/mman.h>

#include "core/machine.hpp"

#if defined(METAVOX_CUDA)
#include "cuda/device.hpp"
#endif

namespace metavox {
namespace {

Traffic crossed_so_far() {
#if defined(METAVOX_CUDA)
  return cuda::traffic();
#else
  return {};
#endif
}

// So many threads, which the system has been seen to give.
int team_of(int threads) {
  std::string ignored;
  if (threads <= 0) threads = threads_for(0, 0, allowance(), ignored);
  static std::atomic<int> seen{1};
  if (threads > seen) {
    require_threads(threads + 1); // and one that writes
    // OpenMP keeps the threads it has made.
    int made = 0;
#pragma omp parallel num_threads(threads) reduction(+ : made)
    made += 1;
    seen = threads;
  }
  return threads;
}

} // namespace

Executor Executor::on_cpu(int threads) {
  Executor e;
  e.backend_ = Backend::cpu;
  e.threads_ = team_of(threads);
  return e;
}

Executor Executor::on_cuda(int threads, int device) {
  const std::string obstacle = cuda_obstacle();
  if (!obstacle.empty()) throw ResourceError("the cuda back end cannot run: " + obstacle);
  Executor e;
  e.backend_ = Backend::cuda;
  e.threads_ = team_of(threads);
#if defined(METAVOX_CUDA)
  e.scratch_ = std::make_shared<cuda::Scratch>(device);
  e.account_->bytes += cuda::Scratch::bytes;
#else
  static_cast<void>(device);
#endif
  return e;
}

bool Executor::cuda_compiled() {
#if defined(METAVOX_CUDA)
  return true;
#else
  return false;
#endif
}

std::string Executor::cuda_obstacle() {
#if defined(METAVOX_CUDA)
  return cuda::obstacle();
#else
  return "this build was made without CUDA (configure with METAVOX_CUDA=ON and nvcc)";
#endif
}

std::string Executor::description() const {
#if defined(METAVOX_CUDA)
  if (device()) return "CUDA, " + cuda::device_name();
#endif
  return "CPU, " + std::to_string(threads_) + (threads_ == 1 ? " thread" : " threads");
}

std::size_t Executor::memory_available() const {
#if defined(METAVOX_CUDA)
  if (device()) return cuda::memory_free();
#endif
  return allowance().memory;
}

void* Executor::allocate(std::size_t bytes) const {
  void* memory = nullptr;
#if defined(METAVOX_CUDA)
  if (device()) memory = cuda::allocate(bytes);
#endif
  if (backend_ == Backend::cpu) {
    // Stencils touch nine planes at a time: with 4 KiB pages their addresses alone overflow the
    // TLB.
    const std::size_t page = bytes >= (std::size_t{4} << 20) ? std::size_t{2} << 20 : 64;
    const std::size_t rounded = (bytes + page - 1) / page * page;
    memory = std::aligned_alloc(page, rounded > 0 ? rounded : page);
#if defined(__linux__)
    if (memory && page > 64) madvise(memory, rounded, MADV_HUGEPAGE);
#endif
    if (memory) {
      // First touch by the threads that will use it, so that pages lie near them.
      auto* bytes_of_memory = static_cast<char*>(memory);
      const auto chunks = static_cast<std::int64_t>((rounded + 65535) / 65536);
#pragma omp parallel for schedule(static) num_threads(chunks < 8 ? 1 : threads_)
      for (std::int64_t c = 0; c < chunks; ++c) {
        const auto begin = static_cast<std::size_t>(c) * 65536;
        std::memset(bytes_of_memory + begin, 0, rounded - begin < 65536 ? rounded - begin : 65536);
      }
    }
  }
  if (!memory)
    throw ResourceError("no room for " + std::to_string(bytes >> 20) + " MiB on " + description() +
                        "; free now: " + std::to_string(memory_available() >> 20) + " MiB");
  account_->bytes += bytes;
  account_->live[account_->allocations] = {memory, bytes};
  account_->allocations += 1;
  return memory;
}

void Executor::release(void* memory, std::size_t bytes) const noexcept {
  account_->bytes -= bytes;
  for (auto entry = account_->live.begin(); entry != account_->live.end(); ++entry)
    if (entry->second.first == memory) {
      account_->live.erase(entry);
      break;
    }
#if defined(METAVOX_CUDA)
  if (backend_ == Backend::cuda) return cuda::release(memory);
#endif
  std::free(memory);
}

void Executor::copy_in(void* to, const void* host, std::size_t bytes) const {
  if (bytes == 0) return; // an empty list may have no address
#if defined(METAVOX_CUDA)
  if (device()) return cuda::copy_in(to, host, bytes);
#endif
  std::memcpy(to, host, bytes);
}

void Executor::copy_out(void* host, const void* from, std::size_t bytes) const {
  if (bytes == 0) return; // an empty list may have no address
  account_->to_host += bytes;
#if defined(METAVOX_CUDA)
  if (device()) return cuda::copy_out(host, from, bytes);
#endif
  std::memcpy(host, from, bytes);
}

void Executor::fill_zero(void* memory, std::size_t bytes) const {
  if (bytes == 0) return; // an empty list may have no address
#if defined(METAVOX_CUDA)
  if (device()) return cuda::fill_zero(memory, bytes);
#endif
  std::memset(memory, 0, bytes);
}

void Executor::visit_memory(
    const std::function<void(const void* memory, std::size_t bytes)>& visit) const {
  for (const auto& [order, block] : account_->live) visit(block.first, block.second);
}

void Executor::synchronise() const {
#if defined(METAVOX_CUDA)
  if (device()) cuda::synchronise();
#endif
}

void Executor::profile(bool on) const {
  if (profile_->on) profile_->book();
  profile_->on = on;
  profile_->mark = std::chrono::steady_clock::now();
  profile_->crossed = crossed_so_far();
}

std::map<std::string, Executor::Timing> Executor::timings() const {
  std::map<std::string, Timing> sum;
  for (const auto& [process, entry] : profile_->processes)
    for (const auto& [name, t] : entry.functors) {
      Timing& total = sum[name];
      total.calls += t.calls;
      total.seconds += t.seconds;
      total.bytes += t.bytes;
      total.sites += t.sites;
    }
  return sum;
}

void Executor::Profile::book() {
  const auto now = std::chrono::steady_clock::now();
  const Traffic crossed_now = crossed_so_far();
  Process& process = processes[current];
  process.seconds += std::chrono::duration<double>(now - mark).count();
  process.traffic += crossed_now;
  process.traffic -= crossed;
  mark = now;
  crossed = crossed_now;
}

void Executor::Profile::book(const char* functor, double seconds, double sites,
                             double bytes_per_site) {
  Timing& t = processes[current].functors[functor];
  t.calls += 1;
  t.seconds += seconds;
  t.bytes += sites * bytes_per_site;
  t.sites += sites;
}

Executor::Scope::Scope(Profile& profile, const char* process) : profile_(profile), on_(profile.on) {
  if (!on_) return;
  profile_.book();
  outer_ = profile_.current;
  profile_.current = process;
  profile_.processes[process].calls += 1;
}

Executor::Scope::~Scope() {
  if (!on_) return;
  profile_.book();
  profile_.current = outer_;
}

std::int64_t Executor::compact(const std::uint8_t* flags, std::int64_t n, std::uint32_t* ids,
                               std::int64_t room) const {
#if defined(METAVOX_CUDA)
  if (device()) return cuda::compact(*scratch_, flags, n, ids, room);
#endif
  std::int64_t count = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    std::uint64_t eight; // few are set
    if (k + 8 <= n && (std::memcpy(&eight, flags + k, 8), eight == 0)) {
      k += 7;
      continue;
    }
    if (flags[k] == 0) continue;
    if (count < room) ids[count] = static_cast<std::uint32_t>(k);
    ++count;
  }
  return count;
}

} // namespace metavox
