// How many threads work on a loop, and how long they wait for each other.
#pragma once

#include <cstdint>

#include "core/clock.hpp"

namespace metavox {

// Waking a team costs microseconds, and much more where others use the machine: small levels of the
// multigrid solver, the few bricks of a small tumour and short lists would mostly wait for it. All
// or one: OpenMP ends the threads that a smaller team leaves over and makes them again.
inline int team_for(std::int64_t items, int threads) { return items < 8192 ? 1 : threads; }

// A thread that waits for its team looks again and again before it sleeps, so many times. Runtimes
// take counts, but one look takes 40 cycles on one processor and 140 on the next, and more in a
// virtual machine; so it is the time that is given.
inline std::int64_t looks_within(double microseconds) {
  constexpr int looks = 200;
  double fastest = 1e9;
  for (int attempt = 0; attempt < 5; ++attempt) {
    const auto begin = Clock::now();
    for (int k = 0; k < looks; ++k) {
#if defined(__x86_64__) || defined(__i386__)
      __builtin_ia32_pause();
#elif defined(__aarch64__)
      __asm__ __volatile__("yield" ::: "memory");
#else
      __asm__ __volatile__("" ::: "memory");
#endif
    }
    const double took = 1e6 * seconds_since(begin);
    fastest = took < fastest ? took : fastest;
  }
  const double one = fastest > 0 ? fastest / looks : 1e-3;
  return static_cast<std::int64_t>(microseconds / one);
}

} // namespace metavox
