// The loops and the generic kernels behind Executor. Included by files that launch functors.
#pragma once

#include <omp.h>

#include <chrono>
#include <cstring>
#include <type_traits>

#include "metavox/core/exact.hpp"
#include "metavox/core/executor.hpp"

#if defined(METAVOX_CUDA) && !defined(__CUDACC__)
#error "launch.hpp is for files compiled as CUDA in this build: list the file under METAVOX_LAUNCHERS in CMakeLists.txt"
#endif

#if defined(__CUDACC__)
#include "../../../cuda/launch.cuh"
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

// Order-free maximum of non-negative floats: their bit patterns sort like the numbers, and NaN sorts above all.
inline std::uint32_t key_of(float v) { return exact::bit_cast<std::uint32_t>(v) & 0x7fffffffu; }

// Waking a team costs microseconds, which small levels of the multigrid solver would mostly wait for.
inline int team_for(const Lattice& l, int threads) { return l.voxels() < 8192 ? 1 : threads; }

template <class F>
void cpu_sites(const Lattice& l, int threads, bool rows, const F& f) {
  const std::int64_t lines = static_cast<std::int64_t>(l.ny) * l.nz;
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::int64_t line = 0; line < lines; ++line) {
    const int y = static_cast<int>(line % l.ny), z = static_cast<int>(line / l.ny);
    const Row row{0, y, z, l.nx, l.index(0, y, z)};
    if constexpr (has_row<F>::value) {
      if (rows) {
        f.row(row);
        continue;
      }
    }
    for (int x = 0; x < l.nx; ++x) f(Site{x, y, z, row.i + x});
  }
}

// Active bricks that touch along x are walked line by line as one, so that memory streams instead of hopping.
template <class F>
void cpu_bricks(const Lattice& l, const ActiveBricks& active, int threads, bool rows, const F& f) {
  const Bricks bricks(l);
  constexpr std::int64_t share = 32; // bricks a thread takes at a time
  const std::int64_t shares = (active.count + share - 1) / share;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
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
          const Row row{x0, y, z, n, l.index(x0, y, z)};
          if constexpr (has_row<F>::value) {
            if (rows) {
              f.row(row);
              continue;
            }
          }
          for (int x = 0; x < n; ++x) f(Site{x0 + x, y, z, row.i + x});
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
  for (int x = (y + z + colour) & 1; x < l.nx; x += 2) f(colour, Site{x, y, z, row.i + x});
}

// Each thread owns a slab of planes. Through its inside the half sweeps run one plane behind each other: red, black, red
// of the next sweep, and so on, while the planes are still in cache. What depends on another slab waits for barriers:
// half sweep n lacks n planes at both ends of the slab. In a lattice of few planes lines in y take the part of planes.
template <class F>
void cpu_colours(const Lattice& l, int sweeps, int threads, bool rows, const F& f) {
  const int halves = 2 * sweeps;
  const bool flat = l.nz < 2 * halves * threads && l.ny > l.nz;
  const int planes = flat ? l.ny : l.nz;
  const int depth = flat ? l.nz : l.ny;
  if (sweeps > 1 && planes < 2 * halves * threads) {
    for (int sweep = 0; sweep < sweeps; ++sweep) cpu_colours(l, 1, threads, rows, f);
    return;
  }
  const auto do_plane = [&](int half, int p) {
    for (int q = 0; q < depth; ++q)
      cpu_colour_line(l, rows, f, half & 1, flat ? p : q, flat ? q : p);
  };
#pragma omp parallel num_threads(threads)
  {
    const int team = omp_get_num_threads(), me = omp_get_thread_num();
    const int begin = static_cast<int>(static_cast<std::int64_t>(planes) * me / team);
    const int end = static_cast<int>(static_cast<std::int64_t>(planes) * (me + 1) / team);
    // A slab at the edge of the box has nobody to wait for on that side.
    const int wait_low = me > 0 ? 1 : 0, wait_high = me + 1 < team ? 1 : 0;
    for (int front = begin; front < end + halves - 1; ++front)
      for (int half = 0; half < halves; ++half) {
        const int p = front - half;
        if (p >= begin + half * wait_low && p < end - half * wait_high) do_plane(half, p);
      }
    for (int half = 1; half < halves; ++half) {
#pragma omp barrier
      for (int p = begin; p < exact::min_of(begin + half * wait_low, end); ++p) do_plane(half, p);
      for (int p = exact::max_of(end - half * wait_high, begin + half * wait_low); p < end; ++p)
        do_plane(half, p);
    }
  }
}

template <class F>
float cpu_max(const Lattice& l, int threads, bool rows, const F& f) {
  const std::int64_t lines = static_cast<std::int64_t>(l.ny) * l.nz;
  std::uint32_t key = 0;
#pragma omp parallel for schedule(static) num_threads(threads) reduction(max : key)
  for (std::int64_t line = 0; line < lines; ++line) {
    const int y = static_cast<int>(line % l.ny), z = static_cast<int>(line / l.ny);
    const Row row{0, y, z, l.nx, l.index(0, y, z)};
    if constexpr (has_row<F>::value) {
      if (rows) {
        key = exact::max_of(key, key_of(f.row(row)));
        continue;
      }
    }
    for (int x = 0; x < l.nx; ++x) key = exact::max_of(key, key_of(f(Site{x, y, z, row.i + x})));
  }
  return exact::bit_cast<float>(key);
}

template <class F>
std::array<std::int64_t, F::bins> cpu_tally(const Lattice& l, int threads, bool rows, const F& f) {
  const std::int64_t lines = static_cast<std::int64_t>(l.ny) * l.nz;
  std::array<std::int64_t, F::bins> total{};
#pragma omp parallel num_threads(threads)
  {
    std::int64_t mine[F::bins] = {};
#pragma omp for schedule(static)
    for (std::int64_t line = 0; line < lines; ++line) {
      const int y = static_cast<int>(line % l.ny), z = static_cast<int>(line / l.ny);
      const Row row{0, y, z, l.nx, l.index(0, y, z)};
      if constexpr (has_row<F>::value) {
        if (rows) {
          f.row(row, mine);
          continue;
        }
      }
      for (int x = 0; x < l.nx; ++x) f(Site{x, y, z, row.i + x}, mine);
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
  const auto begin = std::chrono::steady_clock::now();
  body();
  synchronise();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  Timing& t = profile_->entries[name];
  t.calls += 1;
  t.seconds += elapsed.count();
  t.bytes += sites * bytes_per_site;
  t.sites += sites;
}

template <class F>
void Executor::for_each_site(const Lattice& l, const F& f) const {
  timed(F::name, static_cast<double>(l.voxels()), detail::bytes_of<F>::value, [&] {
#if defined(__CUDACC__)
    if (backend_ == Backend::cuda) return cuda::launch_sites(l, f);
#endif
    detail::cpu_sites(l, detail::team_for(l, threads_), !profile_->sites_only, f);
  });
  tell(F::name);
}

template <class F>
void Executor::for_each_site(const Lattice& l, const ActiveBricks& bricks, const F& f) const {
  if (bricks.count == 0) return;
  timed(F::name, static_cast<double>(bricks.count) * 512, detail::bytes_of<F>::value, [&] {
#if defined(__CUDACC__)
    if (backend_ == Backend::cuda) return cuda::launch_bricks(l, bricks, f);
#endif
    detail::cpu_bricks(l, bricks, threads_, !profile_->sites_only, f);
  });
  tell(F::name);
}

template <class F>
void Executor::for_each_colour(const Lattice& l, int sweeps, const F& f) const {
  timed(F::name, static_cast<double>(l.voxels()) * sweeps, detail::bytes_of<F>::value, [&] {
#if defined(__CUDACC__)
    if (backend_ == Backend::cuda) return cuda::launch_colours(l, sweeps, f);
#endif
    detail::cpu_colours(l, sweeps, detail::team_for(l, threads_), !profile_->sites_only, f);
  });
  tell(F::name);
}

template <class F>
float Executor::max_over(const Lattice& l, const F& f) const {
  float result = 0;
  timed(F::name, static_cast<double>(l.voxels()), detail::bytes_of<F>::value, [&] {
#if defined(__CUDACC__)
    if (backend_ == Backend::cuda) {
      result = cuda::launch_max(l, f);
      return;
    }
#endif
    result = detail::cpu_max(l, detail::team_for(l, threads_), !profile_->sites_only, f);
  });
  tell(F::name, &result, sizeof result);
  return result;
}

template <class F>
std::array<std::int64_t, F::bins> Executor::tally_over(const Lattice& l, const F& f) const {
  std::array<std::int64_t, F::bins> result{};
  timed(F::name, static_cast<double>(l.voxels()), detail::bytes_of<F>::value, [&] {
#if defined(__CUDACC__)
    if (backend_ == Backend::cuda) {
      result = cuda::launch_tally(l, f);
      return;
    }
#endif
    result = detail::cpu_tally(l, threads_, !profile_->sites_only, f);
  });
  tell(F::name, result.data(), result.size() * sizeof(std::int64_t));
  return result;
}

template <class F>
void Executor::for_each_index(std::int64_t n, const F& f) const {
  if (n <= 0) return;
  timed(F::name, static_cast<double>(n), detail::bytes_of<F>::value, [&] {
#if defined(__CUDACC__)
    if (backend_ == Backend::cuda) return cuda::launch_indices(n, f);
#endif
#pragma omp parallel for schedule(static) num_threads(threads_)
    for (std::int64_t k = 0; k < n; ++k) f(k);
  });
  tell(F::name);
}

} // namespace metavox
