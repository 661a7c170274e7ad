// The only unit of speed that travels between machines: copies of one float field, measured in the
// same process.
#pragma once

#include <ctime>

#include "core/clock.hpp"
#include "core/executor.hpp"
#include "core/lattice.hpp"

namespace metavox {

// CPU time of all threads; what other programs on the machine take away is not in it.
inline double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Seconds to copy one float field of a lattice, median of several. The copies cycle through enough
// fields that none is still in a cache when its turn comes, as is the case inside a step.
double copy_seconds(const Executor& executor, const Lattice& lattice);

} // namespace metavox
