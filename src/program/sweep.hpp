// `metavox sweep`: replicates over a grid of settings, each a run of its own, and one table of what
// came out. Started again, it goes on where it stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "program/sweep_config.hpp"

namespace metavox {

struct SweepMember {
  std::string name;                // "m0001_r1"
  std::vector<std::string> values; // one per key of the grid
  int replicate = 1;
  std::uint64_t seed = 1;
  std::vector<std::string> overrides; // "key=value"
};
// The last key of the grid varies fastest, then the replicate.
std::vector<SweepMember> members_of(const SweepConfig& sweep);

struct SweepOptions {
  std::filesystem::path sweep;
  std::filesystem::path output; // empty: runs/NAME of the sweep file
  int jobs = 1;
};
int sweep(const SweepOptions& options);

} // namespace metavox
