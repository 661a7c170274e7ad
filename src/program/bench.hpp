// `metavox bench`: how fast, in the unit of bandwidth.hpp.
#pragma once

#include <string>

namespace metavox {

struct BenchOptions {
  int size = 256;               // voxels along each edge
  std::string backend = "auto"; // auto, cpu, cuda
  int threads = 0;              // 0: all
  int device = -1;              // of the cuda back end; -1: the one CUDA prefers
  std::string json;             // file for the numbers; empty: none
  int steps = 5;
  std::string only; // parts, by commas, of "solver,step,vessels,blood"; empty: all
};

// Prints the table of `metavox bench`. Each part's numbers are in the file as soon as it is done.
// Returns the exit code. Throws ConfigError for a part that there is not, IoError where the file
// cannot be written.
int bench(const BenchOptions& options);

} // namespace metavox
