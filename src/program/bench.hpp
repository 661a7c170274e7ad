// How fast, in the only unit that travels between machines: copies of one float field, measured in
// the same process.
#pragma once

#include <ctime>
#include <string>

#include "core/clock.hpp"
#include "core/executor.hpp"

namespace metavox {

struct BenchOptions {
  int size = 256;               // voxels along each edge
  std::string backend = "auto"; // auto, cpu, cuda
  int threads = 0;              // 0: all
  std::string json;             // file for the numbers; empty: none
  int steps = 5;
};

// CPU time of all threads; what other programs on the machine take away is not in it.
inline double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// Prints the table of `metavox bench`. Returns the exit code.
int bench(const BenchOptions& options);

// Seconds to copy one float field of a lattice, median of several. The copies cycle through enough
// fields that none is still in a cache when its turn comes, as is the case inside a step.
double copy_seconds(const Executor& executor, const Lattice& lattice);

} // namespace metavox
