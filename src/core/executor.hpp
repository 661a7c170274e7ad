// Where and how functors run. Physics is written once as named functors; this class walks the
// lattice with them, by OpenMP loops or by one generic CUDA kernel. Results never depend on which.
//
// Member templates are declared here and defined in launch.hpp: only files that launch need that
// header, and those are compiled as CUDA where CUDA is on.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/errors.hpp"
#include "core/lattice.hpp"
#include "core/traffic.hpp"

namespace metavox {

namespace cuda {
struct Scratch;
void use(const Scratch& scratch);
} // namespace cuda

enum class Backend : std::uint8_t { cpu, cuda };

// Whether a chain returns the largest value of its stages, for which a device makes the host wait.
enum class Largest : std::uint8_t { wanted, ignored };

// Bricks worth visiting, in ascending order; the pointer is valid on the executor's back end.
struct ActiveBricks {
  const std::uint32_t* ids = nullptr;
  std::int64_t count = 0;
};

// Stands for a stage of Executor::chain that is left out.
struct NoStage {
  static constexpr const char* name = "none";
};

class Executor {
public:
  // threads = 0: as many as this process may run, see machine.hpp. Throws ResourceError where the
  // system does not give them.
  static Executor on_cpu(int threads = 0);
  // Threads are for what is left to the host, such as blood flow. `device` is a number of the CUDA
  // runtime's, -1 for the one it prefers. Throws ResourceError with the reason where there is no
  // usable device.
  static Executor on_cuda(int threads = 0, int device = -1);
  static bool cuda_compiled();
  // Why on_cuda() would fail; empty if it would not.
  static std::string cuda_obstacle();

  Backend backend() const { return backend_; }
  int threads() const { return threads_; }
  std::string description() const;      // "CPU, 2 threads", "CUDA, NVIDIA H200"
  std::size_t memory_available() const; // bytes free for buffers now, within all limits
  std::size_t memory_allocated() const { return account_->bytes; }
  std::size_t allocations() const { return account_->allocations; }
  std::size_t bytes_to_host() const { return account_->to_host; } // copied out so far

  // f(Voxel) at every voxel. A functor may offer row(Row), which CPU threads then call instead: the
  // same arithmetic on a whole line, written so that compilers vectorise it.
  template <class F>
  void for_each_voxel(const Lattice& lattice, const F& f) const;
  // The same, in the active bricks only.
  template <class F>
  void for_each_voxel(const Lattice& lattice, const ActiveBricks& bricks, const F& f) const;
  // f(colour, Voxel) at voxels of red (x+y+z even), then at black ones, `sweeps` times. On CPUs
  // colours and sweeps follow each other by a plane, so that memory is read once; the order of
  // dependent updates is the same everywhere.
  template <class F>
  void for_each_colour(const Lattice& lattice, int sweeps, const F& f) const;
  // for_each_colour with what comes before and after in the same walk, so that memory is read once:
  // first(Voxel) at every voxel, then the sweeps, then last(Voxel) at every voxel of `coarse`. That
  // is the same lattice, or one whose voxel (x, y, z) reads (2x, 2y, 2z) to (2x + 1, 2y + 1, 2z +
  // 1) and their neighbours. Stages that do nothing are NoStage. `first` may read no neighbours
  // that a sweep changes. Returned is the largest value of those stages that return one, 0 if there
  // are none or it is not wanted.
  template <class First, class F, class Last>
  float chain(const Lattice& lattice, int sweeps, const First& first, const F& f,
              const Lattice& coarse, const Last& last, Largest largest = Largest::wanted) const;
  // Maximum of f(Voxel) >= 0 over the lattice; NaN wins over all numbers.
  template <class F>
  float max_over(const Lattice& lattice, const F& f) const;
  // f(Voxel, bins) adds integers to F::bins counters; returned are the totals.
  template <class F>
  std::array<std::int64_t, F::bins> tally_over(const Lattice& lattice, const F& f) const;
  // f(k) for k in [0, n).
  template <class F>
  void for_each_index(std::int64_t n, const F& f) const;

  // f(k) for k in [first[l], first[l + 1]) of every level l, one level after the other: what a
  // level writes, the next may read. `first` lies on the host, `first_here` is the same on the back
  // end.
  template <class F>
  void for_each_level(const std::vector<std::int64_t>& first, const std::int64_t* first_here,
                      const F& f) const;

  // Ascending ids of the set flags, of which there are as many as returned; `room` of them are
  // written at most.
  std::int64_t compact(const std::uint8_t* flags, std::int64_t n, std::uint32_t* ids,
                       std::int64_t room = std::int64_t{1} << 32) const;

  // Raw memory of the back end, zero-filled. Buffer<T> is the way to use it.
  void* allocate(std::size_t bytes) const;
  void release(void* memory, std::size_t bytes) const noexcept;
  void copy_in(void* to, const void* host, std::size_t bytes) const;
  void copy_out(void* host, const void* from, std::size_t bytes) const;
  void fill_zero(void* memory, std::size_t bytes) const;
  void synchronise() const;

  // Time per process (a science, measuring, output) and per functor in it, kept while profiling is
  // on. Every moment belongs to the innermost process that runs, and to "" where none does.
  struct Timing {
    std::int64_t calls = 0;
    double seconds = 0;
    double bytes = 0; // moved at least, by the functor's own count
    double sites = 0;
  };
  struct Process {
    std::int64_t calls = 0;
    double seconds = 0; // functors and what the host does between them
    Traffic traffic;    // nothing on the cpu back end
    std::map<std::string, Timing> functors;
  };
  void profile(bool on) const;
  const std::map<std::string, Process>& processes() const { return profile_->processes; }
  std::map<std::string, Timing> timings() const; // of functors, all processes together
  void forget_timings() const { profile_->processes.clear(); }
  // Until the end of its life what happens belongs to this process:
  //   const auto process = executor.process("oxygen");
  class Scope;
  [[nodiscard]] Scope process(const char* name) const;
  template <class Body>
  void during(const char* name, const Body& body) const;
  // Makes CPU threads ignore row(): tests compare both ways of writing a functor.
  void prefer_voxels(bool on) { profile_->voxels_only = on; }

  // Called after every launch with the functor's name and, for reductions, their results;
  // selfcheck() listens. The callback may look at all memory through visit_memory(), oldest
  // allocation first.
  using Trace = std::function<void(const char* name, const void* result, std::size_t bytes)>;
  void trace(Trace listener) { profile_->listener = std::move(listener); }
  void visit_memory(const std::function<void(const void* memory, std::size_t bytes)>& visit) const;

  template <class Body>
  void timed(const char* name, double sites, double bytes_per_site, const Body& body) const;

private:
  struct Profile {
    bool on = false;
    bool voxels_only = false;
    std::map<std::string, Process> processes;
    std::string current;                        // process
    std::chrono::steady_clock::time_point mark; // all before it is booked
    Traffic crossed;                            // at the mark
    Trace listener;
    void book(); // the time since the mark on the current process
    void book(const char* functor, double seconds, double sites, double bytes_per_site);
  };
  struct Account {
    std::size_t bytes = 0;
    std::size_t allocations = 0;
    std::size_t to_host = 0;
    std::map<std::size_t, std::pair<void*, std::size_t>> live; // by order of allocation
  };
  void tell(const char* name, const void* result = nullptr, std::size_t bytes = 0) const {
    if (profile_->listener) profile_->listener(name, result, bytes);
  }
  // The same of a functor, which launchable_functors() then knows.
  template <class F>
  void tell_of(const void* result = nullptr, std::size_t bytes = 0) const;
#if defined(METAVOX_CUDA)
  // Whether work goes to a GPU; what follows on this thread then goes to ours.
  bool device() const {
    if (scratch_) cuda::use(*scratch_);
    return scratch_ != nullptr;
  }
#endif
  Executor() : profile_(std::make_shared<Profile>()), account_(std::make_shared<Account>()) {}

  Backend backend_ = Backend::cpu;
  int threads_ = 1;
  std::shared_ptr<Profile> profile_;
  std::shared_ptr<Account> account_;
  std::shared_ptr<cuda::Scratch> scratch_; // on the cuda back end
};

class Executor::Scope {
public:
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

private:
  friend class Executor;
  Scope(Profile& profile, const char* process);
  Profile& profile_;
  bool on_;
  std::string outer_;
};

inline Executor::Scope Executor::process(const char* name) const { return {*profile_, name}; }
template <class Body>
void Executor::during(const char* name, const Body& body) const {
  const Scope scope = process(name);
  body();
}

// Device (or host) memory of one array. Move-only; a View of it goes into functors.
template <class T>
class Buffer {
public:
  Buffer() = default;
  Buffer(const Executor& executor, std::int64_t n)
      : executor_(std::make_unique<Executor>(executor)), n_(n),
        data_(static_cast<T*>(executor.allocate(static_cast<std::size_t>(n) * sizeof(T)))) {}
  ~Buffer() {
    if (data_) executor_->release(data_, bytes());
  }
  Buffer(Buffer&& o) noexcept : executor_(std::move(o.executor_)), n_(o.n_), data_(o.data_) {
    o.n_ = 0;
    o.data_ = nullptr;
  }
  Buffer& operator=(Buffer&& o) noexcept {
    std::swap(executor_, o.executor_);
    std::swap(n_, o.n_);
    std::swap(data_, o.data_);
    return *this;
  }
  T* data() { return data_; }
  const T* data() const { return data_; }
  std::int64_t size() const { return n_; }
  std::size_t bytes() const { return static_cast<std::size_t>(n_) * sizeof(T); }
  void upload(const T* host) { executor_->copy_in(data_, host, bytes()); }
  void download(T* host) const { executor_->copy_out(host, data_, bytes()); }
  std::vector<T> host_copy() const {
    std::vector<T> v(static_cast<std::size_t>(n_));
    if (n_ > 0) download(v.data());
    return v;
  }
  void clear() { executor_->fill_zero(data_, bytes()); }

private:
  std::unique_ptr<Executor> executor_;
  std::int64_t n_ = 0;
  T* data_ = nullptr;
};

} // namespace metavox
