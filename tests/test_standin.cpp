// What the stand-in for the CUDA runtime finds: faults are put into kernels on purpose. And what it
// must not find in ours.

#include "core/launch.hpp"
#include "core/random.hpp"
#include "program/selfcheck.hpp"
#include "support.hpp"

namespace metavox {
namespace {

using namespace support;
using cuda::start;
using cuda::Threads;
using standin::Order;

constexpr int n = 1000;

dim3 grid() { return dim3((n + 255) / 256); }

class StandIn : public testing::Test {
protected:
  static void SetUpTestSuite() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
  void TearDown() override { standin::set_order(Order::forward); }
  // The buffer after `kernel` ran on it, in each order.
  template <Threads threads = Threads::alone, class Kernel>
  std::vector<std::vector<std::uint32_t>> in_each_order(Kernel kernel) {
    std::vector<std::vector<std::uint32_t>> results;
    for (const Order order : {Order::forward, Order::reversed, Order::shuffled}) {
      standin::set_order(order);
      const Executor executor = Executor::on_cuda();
      Buffer<std::uint32_t> buffer(executor, n);
      start<threads>("test", kernel, grid(), dim3(256), buffer.data());
      results.push_back(buffer.host_copy());
    }
    return results;
  }
};
using StandInDeath = StandIn;

int own_number() { return static_cast<int>(blockIdx.x * 256 + threadIdx.x); }

__global__ void square(std::uint32_t* out) {
  const int k = own_number();
  if (k < n) out[k] = static_cast<std::uint32_t>(k * k);
}

TEST_F(StandIn, RunsEveryThreadOnceInEveryOrder) {
  const auto results = in_each_order(square);
  for (std::uint32_t k = 0; k < n; ++k) EXPECT_EQ(results[0][k], k * k);
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

// A race: each thread leaves its number in one word, and which comes last is nobody's business.
__global__ void race(std::uint32_t* out) {
  if (own_number() < n) out[0] = static_cast<std::uint32_t>(own_number());
}

TEST_F(StandIn, ShowsARaceByTheOrder) {
  const auto results = in_each_order(race);
  EXPECT_NE(results[0], results[1]);
  EXPECT_NE(results[0], results[2]);
}

// A race of neighbours: what one thread reads another changes in the same launch.
__global__ void shift(std::uint32_t* out) {
  const int k = own_number();
  if (k + 1 < n) out[k] = out[k + 1] + static_cast<std::uint32_t>(k);
}

TEST_F(StandIn, ShowsARaceOfNeighboursByTheOrder) {
  const auto results = in_each_order(shift);
  EXPECT_NE(results[0], results[1]);
  EXPECT_NE(results[0], results[2]);
}

// Each thread takes what another of the block wrote to shared memory; `synced` or with the barrier
// forgotten.
template <bool synced>
__global__ void mirror(std::uint32_t* out) {
  __shared__ std::uint32_t words[256];
  words[threadIdx.x] = static_cast<std::uint32_t>(own_number());
  if (synced) __syncthreads();
  if (own_number() < n) out[own_number()] = words[255 - threadIdx.x];
}

TEST_F(StandIn, ShowsAMissingBarrier) {
  const auto right = in_each_order<Threads::together>(mirror<true>);
  for (std::uint32_t k = 0; k < n; ++k) EXPECT_EQ(right[0][k], k / 256 * 256 + 255 - k % 256);
  EXPECT_EQ(right[0], right[1]);
  EXPECT_EQ(right[0], right[2]);
  const auto wrong = in_each_order<Threads::together>(mirror<false>);
  EXPECT_NE(wrong[0], wrong[1]);
  EXPECT_NE(wrong[0], wrong[2]);
}

// Forgets that the last block is not full.
__global__ void no_bound(std::uint32_t* out) { out[own_number()] = 1; }

// The thread before the first.
__global__ void before_the_first(std::uint32_t* out) {
  if (own_number() < n) out[own_number() - 1] = 1;
}

__global__ void far_outside(std::uint32_t* out) {
  if (own_number() == 0) out[2000] = 1;
}

void run_alone(void (*kernel)(std::uint32_t*)) {
  const Executor executor = Executor::on_cuda();
  Buffer<std::uint32_t> buffer(executor, n);
  start<Threads::alone>("test.fault", kernel, grid(), dim3(256), buffer.data());
  executor.synchronise();
}

TEST_F(StandInDeath, FindsAMissingBoundsCheck) {
  EXPECT_DEATH(run_alone(no_bound), "test.fault (wrote to|touched) byte 40[0-9][0-9] of a block of "
                                    "4000 bytes");
  EXPECT_DEATH(run_alone(before_the_first), "test.fault wrote to byte -4 of a block of 4000 bytes");
  EXPECT_DEATH(run_alone(far_outside), "test.fault touched byte 8000 of a block of 4000 bytes");
}

TEST_F(StandInDeath, LetsNoHostTouchDeviceMemory) {
  EXPECT_DEATH(
      {
        Buffer<std::uint32_t> buffer(Executor::on_cuda(), n);
        std::printf("%u", buffer.data()[3]);
      },
      "the host touched byte 12 of a block of 4000 bytes of device memory");
}

// Half of a warp leaves before values are exchanged.
__global__ void half_a_warp(std::uint32_t* out) {
  if (threadIdx.x % 32 < 16) return;
  const std::uint32_t sum = __shfl_xor_sync(0xffffffffu, 1u, 8);
  if (own_number() < n) out[own_number()] = sum;
}

// The first warp waits for others that wait for a value of the first.
__global__ void deadlock(std::uint32_t* out) {
  if (threadIdx.x == 40) __syncthreads();
  out[0] = __shfl_xor_sync(0xffffffffu, 1u, 8);
}

__global__ void said_to_go_alone(std::uint32_t*) { __syncthreads(); }

TEST_F(StandInDeath, FindsThreadsThatWaitInVain) {
  const auto together = [](void (*kernel)(std::uint32_t*)) {
    const Executor executor = Executor::on_cuda();
    Buffer<std::uint32_t> buffer(executor, n);
    start<Threads::together>("test.fault", kernel, grid(), dim3(256), buffer.data());
    executor.synchronise();
  };
  EXPECT_DEATH(together(half_a_warp), "others of it never hand over");
  EXPECT_DEATH(together(deadlock), "others of it never hand over");
  EXPECT_DEATH(run_alone(said_to_go_alone), "said to go alone waits for others");
}

// Launches are queued: who reads without waiting reads the past.
TEST_F(StandIn, RunsKernelsNoEarlierThanSomebodyWaits) {
  static bool ran = false;
  struct Kernel {
    static __global__ void body(std::uint32_t*) { ran = true; }
  };
  const Executor executor = Executor::on_cuda();
  Buffer<std::uint32_t> buffer(executor, n);
  start<Threads::alone>("test", &Kernel::body, dim3(1), dim3(1), buffer.data());
  EXPECT_FALSE(ran);
  executor.synchronise();
  EXPECT_TRUE(ran);
}

TEST_F(StandIn, RefusesWhatADeviceWouldRefuse) {
  const Executor executor = Executor::on_cuda();
  Buffer<std::uint32_t> buffer(executor, n);
  const auto run_with = [&](dim3 blocks, dim3 threads) {
    start<Threads::alone>("test.shape", square, blocks, threads, buffer.data());
  };
  try {
    run_with(dim3(0), dim3(256));
    ADD_FAILURE() << "no blocks at all";
  } catch (const DeviceError& e) {
    EXPECT_NE(std::string(e.what()).find("test.shape: invalid configuration"), std::string::npos);
  }
  EXPECT_THROW(run_with(dim3(1), dim3(1025)), DeviceError);
  EXPECT_THROW(run_with(dim3(1, 65536), dim3(1)), DeviceError);
  std::vector<std::uint32_t> host(n + 1);
  EXPECT_THROW(executor.copy_out(host.data(), buffer.data(), 4 * (n + 1)), DeviceError);
  EXPECT_THROW(Executor::on_cuda(0, 7), ResourceError);
  EXPECT_THROW(Buffer<char>(executor, std::int64_t{1} << 50), ResourceError);
}

// Executors of two devices, used in turn by one thread.
TEST_F(StandIn, SendsEachExecutorsCallsToItsDevice) {
  const Executor first = Executor::on_cuda(0, 0);
  const Buffer<char> one(first, n);
  const Executor second = Executor::on_cuda(0, 1);
  const Buffer<char> two(first, n), three(second, n), four(first, n);
  EXPECT_EQ(standin::device_of(one.data()), 0);
  EXPECT_EQ(standin::device_of(two.data()), 0) << "the second executor was only made";
  EXPECT_EQ(standin::device_of(three.data()), 1);
  EXPECT_EQ(standin::device_of(four.data()), 0);
}

// Every list of flags, in every order, as one thread makes it.
TEST_F(StandIn, CompactsAsTheCpuDoes) {
  for (const Order order : {Order::forward, Order::reversed, Order::shuffled}) {
    standin::set_order(order);
    const Executor cpu = Executor::on_cpu(1), cuda = Executor::on_cuda();
    for (const std::int64_t size : {1, 31, 2047, 2048, 2049, 100000, 1100000})
      for (const std::uint32_t share : {0u, 1u, 3u, 1000u}) {
        std::vector<std::uint8_t> flags(static_cast<std::size_t>(size));
        for (std::size_t k = 0; k < flags.size(); ++k)
          flags[k] = share > 0 && draw(9, Purpose::test, k, share).word[0] % share == 0 ? 1 : 0;
        const auto ids_on = [&](const Executor& executor) {
          Buffer<std::uint8_t> there(executor, size);
          there.upload(flags.data());
          Buffer<std::uint32_t> ids(executor, size);
          const std::int64_t count = executor.compact(there.data(), size, ids.data());
          std::vector<std::uint32_t> list = ids.host_copy();
          list.resize(static_cast<std::size_t>(count));
          return list;
        };
        EXPECT_EQ(ids_on(cpu), ids_on(cuda)) << size << " flags, one in " << share;
      }
  }
}

Parameters busy_tissue() { return read_config_text(everything_on(), "everything.yaml").parameters; }

// No call goes past the counters, and none of our functors points to the host's memory.
TEST_F(StandIn, SeesNoMoreCallsThanAreCountedAndNoHostAddresses) {
  const standin::Calls before = standin::calls();
  const Traffic counted = cuda::traffic();
  Site site(busy_tissue(), Executor::on_cuda());
  for (int step = 0; step < 6; ++step) site.step();
  site.measure();
  const standin::Calls seen = standin::calls();
  Traffic now = cuda::traffic();
  now -= counted;
  EXPECT_GT(now.kernels, 1000);
  EXPECT_EQ(now.kernels, seen.kernels - before.kernels);
  EXPECT_EQ(now.fills, seen.fills - before.fills);
  EXPECT_EQ(now.blocking, seen.waits - before.waits);
  EXPECT_EQ(now.copies_in, seen.copies_in - before.copies_in);
  EXPECT_EQ(now.copies_out, seen.copies_out - before.copies_out);
  EXPECT_EQ(now.bytes_in, seen.bytes_in - before.bytes_in);
  EXPECT_EQ(now.bytes_out, seen.bytes_out - before.bytes_out);
  EXPECT_EQ(now.allocations, seen.allocations - before.allocations);
  EXPECT_EQ(standin::host_addresses(), std::vector<std::string>{});
}

__global__ void reads(const std::uint32_t*, std::uint32_t) {}

TEST_F(StandIn, FindsAnAddressOfHostMemory) {
  const Executor executor = Executor::on_cuda();
  const std::vector<std::uint32_t> host(n);
  for (int k = 0; k < 3; ++k)
    start<Threads::alone>("test.lost", reads, dim3(1), dim3(1), host.data(), 1u);
  executor.synchronise();
  EXPECT_EQ(standin::host_addresses(), std::vector<std::string>{"test.lost, byte 0"});
}

struct Gap {
  std::uint8_t first;
  std::uint64_t second;
};
__global__ void looks(Gap) {}

// What stood where an argument lies now is not the argument.
TEST_F(StandIn, TakesNoAddressFromBetweenMembers) {
  const std::vector<std::uint32_t> host(n);
  const std::uint32_t* left[2] = {host.data(), host.data()};
  Gap gap;
  std::memcpy(&gap, static_cast<const void*>(left), sizeof gap);
  gap.first = 1;
  gap.second = 2;
  const Executor executor = Executor::on_cuda();
  for (int k = 0; k < 3; ++k) start<Threads::alone>("test.gap", looks, dim3(1), dim3(1), gap);
  executor.synchronise();
  for (const std::string& found : standin::host_addresses())
    EXPECT_EQ(found.find("test.gap"), std::string::npos) << found;
}

// Growing vessels, from the first step to the last, in every order: the hash of the CPU.
TEST_F(StandIn, GrowsVesselsAsTheCpuDoes) {
  const auto hash_on = [](const Executor& executor) {
    Site site(busy_tissue(), executor);
    for (int step = 0; step < 12; ++step) site.step();
    return site.hash();
  };
  const auto expected = hash_on(Executor::on_cpu());
  for (const Order order : {Order::forward, Order::reversed, Order::shuffled}) {
    standin::set_order(order);
    EXPECT_EQ(hash_on(Executor::on_cuda()), expected);
  }
}

} // namespace
} // namespace metavox
