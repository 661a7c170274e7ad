// The loops and the generic kernels behind Executor. Included by files that launch functors.
#pragma once

#include <cstring>
#include <type_traits>
#include <utility>

#include <omp.h>

#include "core/clock.hpp"
#include "core/exact.hpp"
#include "core/executor.hpp"
#include "core/functors.hpp"
#include "core/team.hpp"

#if defined(METAVOX_CUDA) && !defined(__CUDACC__) && !defined(METAVOX_STANDIN)
#error                                                                                             \
    "launch.hpp is for files compiled as CUDA in this build: include it from the source itself, where cmake/rooms.cmake finds it"
#endif

#if defined(METAVOX_CUDA)
#include "cuda/launch.cuh"
#endif

namespace metavox {
namespace detail {

template <class F, class = void>
struct has_row : std::false_type {};
template <class F>
struct has_row<F, std::void_t<decltype(&F::row)>> : std::true_type {};

template <class F, class = void>
struct bytes_of {
  static constexpr double value = 0;
};
template <class F>
struct bytes_of<F, std::void_t<decltype(F::bytes)>> {
  static constexpr double value = F::bytes;
};

// A GPU reads again for the second colour what neighbours of the first have shared with it on a
// CPU: F::device_bytes, where that is more than F::bytes.
template <class F, class = void>
struct device_bytes_of : bytes_of<F> {};
template <class F>
struct device_bytes_of<F, std::void_t<decltype(F::device_bytes)>> {
  static constexpr double value = F::device_bytes;
};

// In a chain the sweeps stream the arrays; F::fused_bytes are those that a stage before or after
// moves besides.
template <class F, class = void>
struct fused_bytes_of : bytes_of<F> {};
template <class F>
struct fused_bytes_of<F, std::void_t<decltype(F::fused_bytes)>> {
  static constexpr double value = F::fused_bytes;
};

// Seconds of all threads in the three parts of a chain: first, sweeps, last.
struct ChainClock {
  double seconds[3] = {};
};

// Order-free maximum of non-negative floats: their bit patterns sort like the numbers, and NaN
// sorts above all.
inline std::uint32_t key_of(float v) { return exact::bit_cast<std::uint32_t>(v) & 0x7fffffffu; }

// The lines of a lattice along x, with all that they share worked out once. Each thread has its own
// copy, which nothing that a functor writes can be taken to change.
struct Lines {
  int nx, ny;
  std::int64_t count, first, pitch, plane;
  explicit Lines(const Lattice& l)
      : nx(l.nx), ny(l.ny), count(std::int64_t{l.ny} * l.nz), first(l.index(0, 0, 0)),
        pitch(l.pitch()), plane(l.plane()) {}
  Row row(int x, int y, int z, int n) const {
    return {x, y, z, n, first + x + pitch * y + plane * z};
  }
  Row whole(std::int64_t line) const { // by its number y + ny z
    return row(0, static_cast<int>(line % ny), static_cast<int>(line / ny), nx);
  }
};

template <class F>
void cpu_voxels(const Lattice& l, int threads, bool rows, const F& f) {
  const Lines lines(l);
#pragma omp parallel for schedule(static) num_threads(threads) firstprivate(lines)
  for (std::int64_t line = 0; line < lines.count; ++line) {
    const Row row = lines.whole(line);
    if constexpr (has_row<F>::value) {
      if (rows) {
        f.row(row);
        continue;
      }
    }
    for (int x = 0; x < row.n; ++x) f(Voxel{x, row.y, row.z, row.i + x});
  }
}

// Active bricks that touch along x are walked line by line as one, so that memory streams instead
// of hopping.
template <class F>
void cpu_bricks(const Lattice& l, const ActiveBricks& active, int threads, bool rows, const F& f) {
  const Bricks bricks(l);
  const Lines lines(l);
  constexpr std::int64_t share = 32; // bricks a thread takes at a time
  const std::int64_t shares = (active.count + share - 1) / share;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) firstprivate(lines)
  for (std::int64_t part = 0; part < shares; ++part) {
    const std::int64_t end = exact::min_of((part + 1) * share, active.count);
    for (std::int64_t k = part * share; k < end;) {
      const std::int64_t b = active.ids[k];
      const int bx = static_cast<int>(b % bricks.nx);
      int run = 1;
      while (k + run < end && active.ids[k + run] == b + run && bx + run < bricks.nx) ++run;
      k += run;
      const int x0 = bx * brick_edge;
      const int y0 = static_cast<int>(b / bricks.nx % bricks.ny) * brick_edge;
      const int z0 = static_cast<int>(b / bricks.nx / bricks.ny) * brick_edge;
      const int n = exact::min_of(run * brick_edge, l.nx - x0);
      const int y1 = exact::min_of(y0 + brick_edge, l.ny);
      const int z1 = exact::min_of(z0 + brick_edge, l.nz);
      for (int z = z0; z < z1; ++z)
        for (int y = y0; y < y1; ++y) {
          const Row row = lines.row(x0, y, z, n);
          if constexpr (has_row<F>::value) {
            if (rows) {
              f.row(row);
              continue;
            }
          }
          for (int x = 0; x < n; ++x) f(Voxel{x0 + x, y, z, row.i + x});
        }
    }
  }
}

template <class F>
void cpu_colour_line(const Lattice& l, bool rows, const F& f, int colour, int y, int z) {
  const Row row{0, y, z, l.nx, l.index(0, y, z)};
  if constexpr (has_row<F>::value) {
    if (rows) {
      f.row(colour, row);
      return;
    }
  }
  for (int x = (y + z + colour + l.shift()) & 1; x < l.nx; x += 2)
    f(colour, Voxel{x, y, z, row.i + x});
}

template <class F>
using result_of = decltype(std::declval<const F&>()(std::declval<const Voxel&>()));

// One line of a functor for sites; the largest value it returns, or 0 where it returns none.
template <class F>
std::uint32_t cpu_line(const Lattice& l, bool rows, const F& f, int y, int z) {
  const Row row{0, y, z, l.nx, l.index(0, y, z)};
  if constexpr (std::is_same_v<result_of<F>, float>) {
    if constexpr (has_row<F>::value)
      if (rows) return key_of(f.row(row));
    std::uint32_t key = 0;
    for (int x = 0; x < l.nx; ++x) key = exact::max_of(key, key_of(f(Voxel{x, y, z, row.i + x})));
    return key;
  } else {
    if constexpr (has_row<F>::value) {
      if (rows) {
        f.row(row);
        return 0;
      }
    }
    for (int x = 0; x < l.nx; ++x) f(Voxel{x, y, z, row.i + x});
    return 0;
  }
}

// A chain of stages on one lattice: `first` on every line, then red, black, red ... of all sweeps,
// then `last` on every line of the same lattice or of the one of half the extents. A stage at a
// line needs the stage before it at that line and the lines next to it, no more, and changes
// nothing that an earlier stage still reads there.
//
// Each thread owns a slab of planes. Through its inside the stages run one plane behind each other,
// while the planes are still in cache. Planes that depend on another slab wait for barriers: stage
// n lacks n planes at both ends of the slab. In a lattice of few planes lines in y take the part of
// planes. With a clock, every plane is timed.
//
// Long because all of it is one parallel region, whose parts share slab, stages, barriers and
// clock.
template <class First, class F, class Last>
std::uint32_t cpu_chain(const Lattice& l, int sweeps, int threads, bool rows, const First& first,
                        const F& f, const Lattice& coarse, const Last& last,
                        ChainClock* clock = nullptr) {
  constexpr bool has_first = !std::is_same_v<First, NoStage>,
                 has_last = !std::is_same_v<Last, NoStage>;
  const int halves = 2 * sweeps, lead = has_first ? 1 : 0;
  const int stages = lead + halves + (has_last ? 1 : 0);
  const bool paired = has_last && coarse.voxels() != l.voxels();
  const bool flat = l.nz < 2 * stages * threads && l.ny > l.nz;
  const int planes = flat ? l.ny : l.nz;
  const int depth = flat ? l.nz : l.ny;
  if (stages > 2 && threads > 1 && planes < 2 * stages * threads) {
    std::uint32_t key = 0;
    const std::int64_t lines = static_cast<std::int64_t>(planes) * depth;
    Clock::time_point begin{};
    if (clock) begin = Clock::now();
    const auto lap = [&](int part) {
      if (!clock) return;
      clock->seconds[part] += seconds_since(begin);
      begin = Clock::now();
    };
    if constexpr (has_first) {
#pragma omp parallel for schedule(static) num_threads(threads) reduction(max : key)
      for (std::int64_t k = 0; k < lines; ++k)
        key = exact::max_of(
            key, cpu_line(l, rows, first, static_cast<int>(k % l.ny), static_cast<int>(k / l.ny)));
    }
    lap(0);
    for (int sweep = 0; sweep < sweeps; ++sweep)
      cpu_chain(l, 1, threads, rows, NoStage{}, f, coarse, NoStage{});
    lap(1);
    if constexpr (has_last) {
      const std::int64_t coarse_lines = static_cast<std::int64_t>(coarse.ny) * coarse.nz;
#pragma omp parallel for schedule(static) num_threads(threads) reduction(max : key)
      for (std::int64_t k = 0; k < coarse_lines; ++k)
        key = exact::max_of(key, cpu_line(coarse, rows, last, static_cast<int>(k % coarse.ny),
                                          static_cast<int>(k / coarse.ny)));
    }
    return key;
  }
  std::uint32_t key = 0;
#pragma omp parallel num_threads(threads) reduction(max : key)
  {
    const int team = omp_get_num_threads(), me = omp_get_thread_num();
    const int pairs = (planes + 1) / 2; // slabs begin at even planes
    const int begin = 2 * static_cast<int>(static_cast<std::int64_t>(pairs) * me / team);
    const int end = exact::min_of(
        planes, 2 * static_cast<int>(static_cast<std::int64_t>(pairs) * (me + 1) / team));
    // A slab at the edge of the box has nobody to wait for on that side.
    const int wait_low = me > 0 ? 1 : 0, wait_high = me + 1 < team ? 1 : 0;
    double spent[3] = {};
    const auto work_on = [&](int stage, int p) {
      if constexpr (has_first)
        if (stage == 0) {
          for (int q = 0; q < depth; ++q)
            key = exact::max_of(key, cpu_line(l, rows, first, flat ? p : q, flat ? q : p));
          return;
        }
      if constexpr (has_last)
        if (stage == stages - 1) {
          const int by = paired ? 2 : 1;
          for (int q = 0; q < depth; q += by)
            key = exact::max_of(
                key, cpu_line(coarse, rows, last, (flat ? p : q) / by, (flat ? q : p) / by));
          return;
        }
      for (int q = 0; q < depth; ++q)
        cpu_colour_line(l, rows, f, (stage - lead) & 1, flat ? p : q, flat ? q : p);
    };
    const auto do_plane = [&](int stage, int p) {
      Clock::time_point start{};
      if (clock) start = Clock::now();
      work_on(stage, p);
      if (clock) spent[stage < lead ? 0 : stage < lead + halves ? 1 : 2] += seconds_since(start);
    };
    // The last stage runs once per pair of planes, when the second is ready.
    const auto of_pair = [&](int stage) { return paired && stage == stages - 1; };
    const auto inside = [&](int stage, int p) {
      const int low = of_pair(stage) ? p - p % 2 : p;
      return low >= begin + stage * wait_low && p < end - stage * wait_high;
    };
    const auto in_turn = [&](int stage, int p) {
      return !of_pair(stage) || p % 2 != 0 || p == planes - 1;
    };
    for (int front = begin; front < end + stages - 1; ++front)
      for (int stage = 0; stage < stages; ++stage) {
        const int p = front - stage;
        if (p >= begin && p < end && in_turn(stage, p) && inside(stage, p)) do_plane(stage, p);
      }
    for (int stage = 1; stage < stages; ++stage) {
#pragma omp barrier
      if (wait_low + wait_high == 0) continue;
      for (int p = begin; p < end; ++p)
        if (in_turn(stage, p) && !inside(stage, p)) do_plane(stage, p);
    }
    if (clock) {
#pragma omp critical
      for (int part = 0; part < 3; ++part) clock->seconds[part] += spent[part];
    }
  }
  return key;
}

template <class F>
void cpu_colours(const Lattice& l, int sweeps, int threads, bool rows, const F& f) {
  cpu_chain(l, sweeps, threads, rows, NoStage{}, f, l, NoStage{});
}

template <class F>
float cpu_max(const Lattice& l, int threads, bool rows, const F& f) {
  const Lines lines(l);
  std::uint32_t key = 0;
#pragma omp parallel num_threads(threads) firstprivate(lines) reduction(max : key)
  {
#pragma omp for schedule(static)
    for (std::int64_t line = 0; line < lines.count; ++line) {
      const Row row = lines.whole(line);
      if constexpr (has_row<F>::value) {
        if (rows) {
          key = exact::max_of(key, key_of(f.row(row)));
          continue;
        }
      }
      for (int x = 0; x < row.n; ++x)
        key = exact::max_of(key, key_of(f(Voxel{x, row.y, row.z, row.i + x})));
    }
  }
  return exact::bit_cast<float>(key);
}

template <class F>
std::array<std::int64_t, F::bins> cpu_tally(const Lattice& l, int threads, bool rows, const F& f) {
  const Lines lines(l);
  std::array<std::int64_t, F::bins> total{};
#pragma omp parallel num_threads(threads) firstprivate(lines)
  {
    std::int64_t mine[F::bins] = {};
#pragma omp for schedule(static)
    for (std::int64_t line = 0; line < lines.count; ++line) {
      const Row row = lines.whole(line);
      if constexpr (has_row<F>::value) {
        if (rows) {
          f.row(row, mine);
          continue;
        }
      }
      for (int x = 0; x < row.n; ++x) f(Voxel{x, row.y, row.z, row.i + x}, mine);
    }
#pragma omp critical
    for (int b = 0; b < F::bins; ++b) total[static_cast<std::size_t>(b)] += mine[b];
  }
  return total;
}

} // namespace detail

template <class Body>
void Executor::timed(const char* name, double sites, double bytes_per_site,
                     const Body& body) const {
  if (!profile_->on) {
    body();
    return;
  }
#if defined(METAVOX_CUDA)
  if (device()) {
    cuda::Stopwatch watch;
    body();
    profile_->book(name, watch.seconds(), sites, bytes_per_site);
    return;
  }
#endif
  const auto begin = Clock::now();
  body();
  profile_->book(name, seconds_since(begin), sites, bytes_per_site);
}

template <class F>
void Executor::tell_of(const void* result, std::size_t bytes) const {
  static_cast<void>(&detail::FunctorEntry<F>::made);
  tell(F::name, result, bytes);
}

template <class F>
void Executor::for_each_voxel(const Lattice& l, const F& f) const {
  timed(F::name, static_cast<double>(l.voxels()), detail::bytes_of<F>::value, [&] {
#if defined(METAVOX_CUDA)
    if (device()) return cuda::launch_voxels(l, f);
#endif
    detail::cpu_voxels(l, team_for(l.voxels(), threads_), !profile_->voxels_only, f);
  });
  tell_of<F>();
}

template <class F>
void Executor::for_each_voxel(const Lattice& l, const ActiveBricks& bricks, const F& f) const {
  if (bricks.count == 0) return;
  timed(F::name, static_cast<double>(bricks.count) * 512, detail::bytes_of<F>::value, [&] {
#if defined(METAVOX_CUDA)
    if (device()) return cuda::launch_bricks(l, bricks, f);
#endif
    const std::int64_t sites = bricks.count * (brick_edge * brick_edge * brick_edge);
    detail::cpu_bricks(l, bricks, team_for(sites, threads_), !profile_->voxels_only, f);
  });
  tell_of<F>();
}

template <class F>
void Executor::for_each_colour(const Lattice& l, int sweeps, const F& f) const {
  // CPU threads stream memory once for all sweeps.
  const double bytes = backend_ == Backend::cpu ? detail::bytes_of<F>::value
                                                : sweeps * detail::device_bytes_of<F>::value;
  timed(F::name, static_cast<double>(l.voxels()), bytes, [&] {
#if defined(METAVOX_CUDA)
    if (device()) return cuda::launch_colours(l, sweeps, f);
#endif
    detail::cpu_colours(l, sweeps, team_for(l.voxels(), threads_), !profile_->voxels_only, f);
  });
  tell_of<F>();
}

template <class First, class F, class Last>
float Executor::chain(const Lattice& l, int sweeps, const First& first, const F& f,
                      const Lattice& coarse, const Last& last, Largest largest) const {
  const bool wanted = largest == Largest::wanted;
  constexpr bool has_first = !std::is_same_v<First, NoStage>,
                 has_last = !std::is_same_v<Last, NoStage>;
  const bool fused = backend_ == Backend::cpu;
  detail::ChainClock clock;
  Clock::time_point begin{};
  if (profile_->on) begin = Clock::now();
  float result = 0;
  if (fused) {
    result = exact::bit_cast<float>(detail::cpu_chain(l, sweeps, team_for(l.voxels(), threads_),
                                                      !profile_->voxels_only, first, f, coarse,
                                                      last, profile_->on ? &clock : nullptr));
  }
#if defined(METAVOX_CUDA)
  else {
    device();
    const auto timed_part = [&](int part, const auto& launch) {
      if (!profile_->on) return launch();
      cuda::Stopwatch watch;
      launch();
      clock.seconds[part] = watch.seconds();
    };
    const auto launch = [&](const Lattice& box, const auto& stage) {
      if constexpr (std::is_same_v<detail::result_of<std::decay_t<decltype(stage)>>, float>)
        if (wanted) { // NaN wins, as in key_of
          const float v = cuda::launch_max(*scratch_, box, stage);
          result = exact::bit_cast<float>(exact::max_of(detail::key_of(result), detail::key_of(v)));
          return;
        }
      cuda::launch_voxels(box, stage);
    };
    if constexpr (has_first) timed_part(0, [&] { launch(l, first); });
    timed_part(1, [&] { cuda::launch_colours(l, sweeps, f); });
    if constexpr (has_last) timed_part(2, [&] { launch(coarse, last); });
  }
#endif
  if (!wanted) result = 0;
  if (profile_->on) {
    // The parts overlap in time on several threads: each gets its share of what the whole took.
    const double all = clock.seconds[0] + clock.seconds[1] + clock.seconds[2];
    const double scale = !fused ? 1 : all > 0 ? seconds_since(begin) / all : 0;
    const auto book = [&](int part, const char* name, const Lattice& box, double bytes) {
      profile_->book(name, scale * clock.seconds[part], static_cast<double>(box.voxels()), bytes);
    };
    using detail::bytes_of;
    using detail::fused_bytes_of;
    if constexpr (has_first)
      book(0, First::name, l, fused ? fused_bytes_of<First>::value : bytes_of<First>::value);
    book(1, F::name, l, fused ? bytes_of<F>::value : sweeps * detail::device_bytes_of<F>::value);
    if constexpr (has_last)
      book(2, Last::name, coarse, fused ? fused_bytes_of<Last>::value : bytes_of<Last>::value);
  }
  if constexpr (has_first) tell_of<First>();
  tell_of<F>();
  if constexpr (has_last) tell_of<Last>();
  tell("chain", &result, sizeof result);
  return result;
}

template <class F>
float Executor::max_over(const Lattice& l, const F& f) const {
  float result = 0;
  timed(F::name, static_cast<double>(l.voxels()), detail::bytes_of<F>::value, [&] {
#if defined(METAVOX_CUDA)
    if (device()) {
      result = cuda::launch_max(*scratch_, l, f);
      return;
    }
#endif
    result = detail::cpu_max(l, team_for(l.voxels(), threads_), !profile_->voxels_only, f);
  });
  tell_of<F>(&result, sizeof result);
  return result;
}

template <class F>
std::array<std::int64_t, F::bins> Executor::tally_over(const Lattice& l, const F& f) const {
  std::array<std::int64_t, F::bins> result{};
  timed(F::name, static_cast<double>(l.voxels()), detail::bytes_of<F>::value, [&] {
#if defined(METAVOX_CUDA)
    if (device()) {
      result = cuda::launch_tally(*scratch_, l, f);
      return;
    }
#endif
    result = detail::cpu_tally(l, team_for(l.voxels(), threads_), !profile_->voxels_only, f);
  });
  tell_of<F>(result.data(), result.size() * sizeof(std::int64_t));
  return result;
}

template <class F>
void Executor::for_each_index(std::int64_t n, const F& f) const {
  if (n <= 0) return;
  timed(F::name, static_cast<double>(n), detail::bytes_of<F>::value, [&] {
#if defined(METAVOX_CUDA)
    if (device()) return cuda::launch_indices(n, f);
#endif
      // An index costs more than a voxel: it may be a brick.
#pragma omp parallel for schedule(static) num_threads(team_for(32 * n, threads_))
    for (std::int64_t k = 0; k < n; ++k) f(k);
  });
  tell_of<F>();
}

template <class F>
void Executor::for_each_level(const std::vector<std::int64_t>& first,
                              const std::int64_t* first_here, const F& f) const {
  if (first.size() < 2 || first.back() <= first.front()) return;
  const auto all = static_cast<double>(first.back() - first.front());
  timed(F::name, all, detail::bytes_of<F>::value, [&] {
#if defined(METAVOX_CUDA)
    if (device()) return cuda::launch_levels(first, first_here, f);
#endif
    static_cast<void>(first_here);
    for (std::size_t level = 0; level + 1 < first.size(); ++level) {
      const std::int64_t begin = first[level], end = first[level + 1];
#pragma omp parallel for schedule(static) num_threads(team_for(32 * (end - begin), threads_))
      for (std::int64_t k = begin; k < end; ++k) f(k);
    }
  });
  tell_of<F>();
}

} // namespace metavox
