// `metavox bench`: how fast, in the unit of bandwidth.hpp.
#pragma once

#include <string>

namespace metavox {

struct BenchOptions {
  int size = 256;               // voxels along each edge
  std::string backend = "auto"; // auto, cpu, cuda
  int threads = 0;              // 0: all
  std::string json;             // file for the numbers; empty: none
  int steps = 5;
};

// Prints the table of `metavox bench`. Returns the exit code.
int bench(const BenchOptions& options);

} // namespace metavox
