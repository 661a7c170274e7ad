#include "cuda/standin/cuda_runtime.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include <boost/context/fiber.hpp>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace metavox::standin {
namespace {

// ---- settings ---------------------------------------------------------------------------------

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "CUDA stand-in: %s\n", what.c_str());
  std::abort();
}

Order& order() {
  static Order chosen = [] {
    const char* value = std::getenv("METAVOX_STANDIN_ORDER");
    const std::string name = value ? value : "forward";
    if (name == "forward") return Order::forward;
    if (name == "reversed") return Order::reversed;
    if (name == "shuffled") return Order::shuffled;
    fail("METAVOX_STANDIN_ORDER is forward, reversed or shuffled, not " + name);
  }();
  return chosen;
}

int host_threads() {
  static const int number = [] {
    const char* value = std::getenv("METAVOX_STANDIN_THREADS");
    return value ? std::max(1, std::atoi(value)) : 1;
  }();
  return number;
}

// A permutation of [0, n): first, first + step, first + 2 step, ... mod n.
class Sequence {
public:
  Sequence(std::uint64_t n, std::uint64_t salt) : n_(n) {
    if (order() == Order::reversed) {
      first_ = n - 1;
      step_ = n > 1 ? n - 1 : 1;
    } else if (order() == Order::shuffled) {
      first_ = (salt * 0x9e3779b97f4a7c15u >> 20) % n;
      step_ = (salt * 0xda942042e4dd58b5u >> 20) % n;
      while (std::gcd(step_, n) != 1) ++step_;
    }
  }
  std::uint64_t next() {
    const std::uint64_t now = first_;
    first_ += step_;
    if (first_ >= n_) first_ -= n_;
    return now;
  }

private:
  std::uint64_t n_, first_ = 0, step_ = 1;
};

// ---- memory -----------------------------------------------------------------------------------

constexpr std::size_t page = 4096, line = 64;
constexpr unsigned char canary = 0xa5;

// Pages whose last bytes are the block; pages that nobody may touch lie on both sides.
struct Block {
  char* pages;
  std::size_t pages_bytes;
  char* data;
  std::size_t bytes;
  int device; // that was the thread's when it was made
};

constexpr int devices = 2; // that differ in their number alone
thread_local int device_in_use = 0;

struct Device {
  std::map<const char*, Block> blocks; // by data
  std::vector<std::function<void()>> queue;
  std::size_t used = 0;
  cudaError_t error = cudaSuccess;
  std::uint64_t launches = 0;
  const char* kernel = nullptr; // that runs
  Calls calls;
  struct Words {
    std::int64_t launches = 0;
    std::vector<std::int64_t> host; // launches in which this word was an address of host memory
  };
  std::map<std::string, Words> arguments;
};

Device& device() {
  static Device one;
  return one;
}

// The block around whose pages, guards included, an address lies, or nullptr.
const Block* block_near(const char* address) {
  for (const auto& [data, block] : device().blocks)
    if (address >= block.pages - page && address < block.pages + block.pages_bytes + page)
      return &block;
  return nullptr;
}

void on_fault(int, siginfo_t* info, void*) {
  const auto* address = static_cast<const char*>(info->si_addr);
  const Block* block = block_near(address);
  if (block) {
    const char* who = device().kernel;
    const long long at = address - block->data;
    std::fprintf(stderr,
                 "CUDA stand-in: %s%s touched byte %lld of a block of %zu bytes of device memory\n",
                 who ? "kernel " : "the host", who ? who : "", at, block->bytes);
  }
  std::signal(SIGSEGV, SIG_DFL); // the instruction runs again and ends the program
}

void watch_faults() {
  static const bool watching = [] {
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    return sigaction(SIGSEGV, &action, nullptr) == 0;
  }();
  static_cast<void>(watching);
}

void set_access(const Block& block, bool open) {
  mprotect(block.pages, block.pages_bytes, open ? PROT_READ | PROT_WRITE : PROT_NONE);
}

void look_at_canaries(const char* after) {
  static const std::vector<char> unharmed(page + line, static_cast<char>(canary));
  const auto look = [&](const Block& block, const char* begin, const char* end) {
    if (std::memcmp(begin, unharmed.data(), static_cast<std::size_t>(end - begin)) == 0) return;
    const char* p = begin;
    while (static_cast<unsigned char>(*p) == canary) ++p;
    fail(std::string("kernel ") + after + " wrote to byte " + std::to_string(p - block.data) +
         " of a block of " + std::to_string(block.bytes) + " bytes");
  };
  for (const auto& [data, block] : device().blocks) {
    look(block, block.pages, data);
    look(block, data + block.bytes, block.pages + block.pages_bytes);
  }
}

// All that waits is done now.
void flush() {
  Device& d = device();
  if (d.queue.empty()) return;
  for (const auto& [data, block] : d.blocks) set_access(block, true);
  for (std::size_t k = 0; k < d.queue.size(); ++k) d.queue[k]();
  d.queue.clear();
  for (const auto& [data, block] : d.blocks) set_access(block, false);
}

// ---- kernels ----------------------------------------------------------------------------------

dim3 place_in(std::uint64_t k, const dim3& extent) {
  return dim3(static_cast<unsigned>(k % extent.x), static_cast<unsigned>(k / extent.x % extent.y),
              static_cast<unsigned>(k / extent.x / extent.y));
}
std::uint64_t count_of(const dim3& extent) { return std::uint64_t{extent.x} * extent.y * extent.z; }

constexpr std::size_t most_threads = 1024; // of a block

// A thread of a block whose threads wait for each other.
enum class State : std::uint8_t { ready, at_barrier, at_exchange, done };
struct Fiber {
  boost::context::fiber here, outside;
  State state = State::ready;
  std::uint64_t handed[2] = {}; // what is handed over, by turns: some still take the one before
  unsigned turn = 0;
  void* shadow = nullptr; // the thread sanitizer's
};

// Fibers go from block to block and never end: one that ended would leave the sanitizer's picture
// of its calls behind, and making them takes longer than most kernels.
struct Team {
  Team() { fibers.reserve(most_threads); }
  std::vector<Fiber> fibers; // which stay where they are
  std::size_t size = 0;      // of the block at work
  std::size_t running = 0;
  const std::function<void()>* body = nullptr;
  void* outside = nullptr; // the thread sanitizer's picture of who called
};

// Not inlined: a fiber may go on in another host thread, for which the compiler must look again.
thread_local Team* team_here = nullptr;
[[gnu::noinline]] Team*& team() { return team_here; }

// Teams that have no block. Never destroyed, as their fibers have not ended.
struct Idle {
  std::mutex mutex;
  std::vector<Team*> teams;
};
Idle& idle() {
  static auto* const all = new Idle;
  return *all;
}
Team* hire() {
  const std::lock_guard<std::mutex> lock(idle().mutex);
  if (idle().teams.empty()) return new Team;
  Team* t = idle().teams.back();
  idle().teams.pop_back();
  return t;
}
void dismiss(Team* t) {
  const std::lock_guard<std::mutex> lock(idle().mutex);
  idle().teams.push_back(t);
}

// To the other side, and back when it comes here again. One function for both ways, so that the
// sanitizer's picture of calls grows on neither.
[[gnu::noinline]] void hop(boost::context::fiber& other, [[maybe_unused]] void* shadow) {
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(shadow, 0);
#endif
  other = std::move(other).resume();
}

void enter(Team& t, std::size_t k) {
  t.running = k;
  hop(t.fibers[k].here, t.fibers[k].shadow);
}

void leave(State state) {
  Fiber& fiber = team()->fibers[team()->running];
  fiber.state = state;
  hop(fiber.outside, team()->outside);
}

void add_fiber(Team& t) {
  Fiber& fiber = t.fibers.emplace_back();
#if defined(__SANITIZE_THREAD__)
  fiber.shadow = __tsan_create_fiber(0);
#endif
  fiber.here =
      boost::context::fiber(std::allocator_arg, boost::context::fixedsize_stack(64 * 1024),
                            [&t, &fiber](boost::context::fiber&& outside) -> boost::context::fiber {
                              fiber.outside = std::move(outside);
                              for (;;) {
                                (*t.body)();
                                leave(State::done);
                              }
                            });
}

// The threads of a warp that have handed over go on when all have; those at a barrier when all of
// the block that have not ended are there. Returns whether anybody goes on.
bool release(Team& t, const char* name) {
  bool any = false, all_at_barrier = true;
  const std::size_t n = t.size;
  for (std::size_t first = 0; first < n; first += 32) {
    const std::size_t end = std::min(n, first + 32);
    std::size_t handing = 0;
    for (std::size_t k = first; k < end; ++k) handing += t.fibers[k].state == State::at_exchange;
    if (handing == end - first) {
      for (std::size_t k = first; k < end; ++k) t.fibers[k].state = State::ready;
      any = true;
    } else if (handing > 0) {
      fail(std::string("kernel ") + name +
           ": threads of a warp exchange values that others of it never hand over");
    }
  }
  for (std::size_t k = 0; k < n; ++k) {
    const State state = t.fibers[k].state;
    all_at_barrier = all_at_barrier && (state == State::at_barrier || state == State::done);
  }
  for (std::size_t k = 0; all_at_barrier && k < n; ++k)
    if (t.fibers[k].state == State::at_barrier) {
      t.fibers[k].state = State::ready;
      any = true;
    }
  return any;
}

void run_together(const char* name, const std::vector<dim3>& places, std::uint64_t salt,
                  const std::function<void()>& body) {
  Team& t = *hire();
  t.size = places.size();
  t.body = &body;
  while (t.fibers.size() < t.size) add_fiber(t);
  for (std::size_t k = 0; k < t.size; ++k) {
    t.fibers[k].state = State::ready;
    t.fibers[k].turn = 0;
  }
  team() = &t;
#if defined(__SANITIZE_THREAD__)
  t.outside = __tsan_get_current_fiber();
#endif
  for (std::uint64_t round = 0;; ++round) {
    Sequence sequence(t.size, salt + round);
    std::size_t done = 0;
    for (std::size_t k = 0; k < t.size; ++k) {
      const std::uint64_t thread = sequence.next();
      if (t.fibers[thread].state == State::ready) {
        here.thread = places[thread];
        enter(t, thread);
      }
      done += t.fibers[thread].state == State::done ? 1 : 0;
    }
    if (done == t.size) break;
    if (!release(t, name))
      fail(std::string("kernel ") + name + ": threads of a block wait for each other for ever");
  }
  team() = nullptr;
  dismiss(&t);
}

void on_host_threads(const std::function<void(int)>& work) {
  std::vector<std::thread> others;
  for (int k = 1; k < host_threads(); ++k) others.emplace_back(work, k);
  work(0);
  for (std::thread& t : others) t.join();
}

void run_kernel(const char* name, dim3 grid, dim3 block, bool together,
                const std::function<void()>& body, std::uint64_t salt) {
  const std::uint64_t blocks = count_of(grid), threads = count_of(block);
  std::vector<dim3> places(threads);
  for (std::uint64_t t = 0; t < threads; ++t) places[t] = place_in(t, block);
  device().kernel = name;
  on_host_threads([&](int worker) {
    const auto workers = static_cast<std::uint64_t>(host_threads());
    const auto mine = static_cast<std::uint64_t>(worker);
    here.blocks = grid;
    Sequence block_order(blocks, salt);
    for (std::uint64_t b = 0; b < blocks; ++b) {
      here.block = place_in(block_order.next(), grid);
      if (together) {
        if (b % workers == mine) run_together(name, places, salt + b, body);
        continue;
      }
      Sequence thread_order(threads, salt + b);
      for (std::uint64_t t = 0; t < threads; ++t) {
        here.thread = places[thread_order.next()];
        if (t % workers == mine) body();
      }
    }
  });
  look_at_canaries(name);
  device().kernel = nullptr;
}

// Ranges of addresses that the host can read, from the kernel's list.
bool is_host_address(std::uint64_t word) {
  static std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  static std::uint64_t read_at = 0;
  if (device().launches >= read_at) { // now and then: the heap grows
    read_at = device().launches + 200;
    ranges.clear();
    std::ifstream maps("/proc/self/maps");
    for (std::string text; std::getline(maps, text);) {
      std::uint64_t begin = 0, end = 0;
      char mode[5] = "";
      if (std::sscanf(text.c_str(), "%lx-%lx %4s", &begin, &end, mode) == 3 && mode[0] == 'r')
        ranges.emplace_back(begin, end);
    }
  }
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const auto& r) { return word >= r.first && word < r.second; }) &&
         !block_near(reinterpret_cast<const char*>(word));
}

cudaError_t give(cudaError_t error) {
  if (error != cudaSuccess) device().error = error;
  return error;
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

} // namespace

void set_order(Order chosen) { order() = chosen; }

int device_of(const void* memory) {
  const Block* block = block_near(static_cast<const char*>(memory));
  return block ? block->device : -1;
}

int lane() { return static_cast<int>(team()->running % 32); }

void barrier() {
  if (!team()) fail("a kernel whose threads were said to go alone waits for others");
  leave(State::at_barrier);
}

std::uint64_t exchange(std::uint64_t own, int from) {
  if (!team()) fail("a kernel whose threads were said to go alone exchanges values");
  Team& t = *team();
  const std::size_t warp = t.running / 32 * 32;
  Fiber& fiber = t.fibers[t.running];
  const unsigned turn = fiber.turn++ % 2;
  fiber.handed[turn] = own;
  leave(State::at_exchange);
  return t.fibers[warp + static_cast<std::size_t>(from)].handed[turn];
}

void launch(const char* name, dim3 grid, dim3 block, bool together, std::function<void()> body,
            const std::vector<std::uint64_t>& arguments) {
  Device& d = device();
  if (count_of(grid) == 0 || count_of(block) == 0 || count_of(block) > most_threads ||
      grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535 || 8 * arguments.size() > 4096) {
    give(cudaErrorInvalidConfiguration);
    return;
  }
  d.launches += 1;
  d.calls.kernels += 1;
  Device::Words& words = d.arguments[name];
  words.launches += 1;
  words.host.resize(std::max(words.host.size(), arguments.size()), 0);
  for (std::size_t k = 0; k < arguments.size(); ++k)
    words.host[k] += is_host_address(arguments[k]) ? 1 : 0;
  d.queue.emplace_back([=, body = std::move(body), salt = 1000 * d.launches] {
    run_kernel(name, grid, block, together, body, salt);
  });
}

const Calls& calls() { return device().calls; }

std::vector<std::string> host_addresses() {
  std::vector<std::string> found;
  for (const auto& [name, words] : device().arguments)
    for (std::size_t k = 0; k < words.host.size(); ++k)
      if (words.launches >= 3 && words.host[k] == words.launches)
        found.push_back(name + ", byte " + std::to_string(8 * k));
  return found;
}

} // namespace metavox::standin

using namespace metavox::standin;

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
  case cudaSuccess: return "no error";
  case cudaErrorInvalidValue: return "invalid argument";
  case cudaErrorMemoryAllocation: return "out of memory";
  case cudaErrorInvalidConfiguration: return "invalid configuration argument";
  case cudaErrorInvalidDevice: return "invalid device ordinal";
  }
  return "unknown error";
}

cudaError_t cudaGetLastError() { return std::exchange(device().error, cudaSuccess); }

cudaError_t cudaGetDeviceCount(int* count) {
  *count = devices;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* number) {
  *number = device_in_use;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int number) {
  if (number < 0 || number >= devices) return give(cudaErrorInvalidDevice);
  device_in_use = number;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  std::snprintf(properties->name, sizeof properties->name, "stand-in on the CPU");
  return cudaSuccess;
}
// Few, so that blocks have several pieces of work each even in small boxes: eight blocks at once.
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  *value = 1;
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  static const std::size_t all = static_cast<std::size_t>(sysconf(_SC_AVPHYS_PAGES)) * page;
  *total = all;
  *free = all > device().used ? all - device().used : 0;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  watch_faults();
  Device& d = device();
  std::size_t free = 0, total = 0;
  cudaMemGetInfo(&free, &total);
  if (bytes > free) return give(cudaErrorMemoryAllocation);
  const std::size_t rounded = (bytes + line - 1) / line * line;
  const std::size_t pages = (rounded + page - 1) / page * page;
  void* whole = mmap(nullptr, pages + 2 * page, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (whole == MAP_FAILED) return give(cudaErrorMemoryAllocation);
  Block block{static_cast<char*>(whole) + page, pages, nullptr, bytes, device_in_use};
  block.data = block.pages + pages - rounded;
  set_access(block, true);
  std::memset(block.pages, canary, static_cast<std::size_t>(block.data - block.pages));
  std::memset(block.data, 0x5a, bytes); // what nobody wrote is no number
  std::memset(block.data + bytes, canary, rounded - bytes);
  set_access(block, false);
  d.blocks[block.data] = block;
  d.used += bytes;
  d.calls.allocations += 1;
  *memory = block.data;
  return cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
  if (!memory) return cudaSuccess;
  flush();
  Device& d = device();
  const auto found = d.blocks.find(static_cast<const char*>(memory));
  if (found == d.blocks.end()) return give(cudaErrorInvalidValue);
  munmap(found->second.pages - page, found->second.pages_bytes + 2 * page);
  d.used -= found->second.bytes;
  d.calls.releases += 1;
  d.blocks.erase(found);
  return cudaSuccess;
}

namespace {

// The block that holds all these bytes, or nullptr.
const Block* block_of(const void* memory, std::size_t bytes) {
  const auto* begin = static_cast<const char*>(memory);
  const Block* block = block_near(begin);
  const bool whole = block && begin >= block->data && begin <= block->data + block->bytes &&
                     bytes <= block->bytes - static_cast<std::size_t>(begin - block->data);
  return whole ? block : nullptr;
}

} // namespace

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  flush();
  Device& d = device();
  const bool in = kind == cudaMemcpyHostToDevice;
  d.calls.waits += 1;
  (in ? d.calls.copies_in : d.calls.copies_out) += 1;
  (in ? d.calls.bytes_in : d.calls.bytes_out) += static_cast<std::int64_t>(bytes);
  const Block* block = block_of(in ? to : from, bytes);
  if (!block || block_near(static_cast<const char*>(in ? from : to)))
    return give(cudaErrorInvalidValue);
  set_access(*block, true);
  std::memcpy(to, from, bytes);
  set_access(*block, false);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes) {
  Device& d = device();
  d.calls.fills += 1;
  if (bytes == 0) return cudaSuccess;
  if (!block_of(memory, bytes)) return give(cudaErrorInvalidValue);
  d.queue.emplace_back([=] { std::memset(memory, value, bytes); });
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  flush();
  device().calls.waits += 1;
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new double(0);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event) {
  device().queue.emplace_back([=] { *event = now(); });
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t) {
  flush();
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  *milliseconds = static_cast<float>((*end - *begin) * 1e3);
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  flush(); // what waits may still set it
  delete event;
  return cudaSuccess;
}
