// Which functors a program can launch. Each is entered where a launch of it is compiled, so that
// none can be forgotten where all are to be tried.
#pragma once

#include <string>
#include <vector>

namespace metavox {

// Names, in alphabetical order, each once.
std::vector<std::string> launchable_functors();

namespace detail {

bool enter_functor(const char* name);

// Using the address of `made` anywhere makes the program enter F when it starts.
template <class F>
struct FunctorEntry {
  static inline const bool made = enter_functor(F::name);
};

} // namespace detail
} // namespace metavox
