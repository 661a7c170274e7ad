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
  std::string name;                // "matrix.density=0.5_r1"
  std::vector<std::string> values; // one per key of the grid; empty: as in the configuration
  int replicate = 1;
  std::uint64_t seed = 1;
  std::vector<std::string> overrides; // "key=value"
};
// The last key of the grid varies fastest, then the replicate; one at a time, the configuration
// itself comes first, then key by key. Names follow from a member's own
// values, whatever others there are, so that a grid may grow anywhere and keep what was run. Throws
// ConfigError where two members have one name.
std::vector<SweepMember> members_of(const SweepConfig& sweep);

struct SweepOptions {
  std::filesystem::path sweep;
  std::filesystem::path output; // empty: runs/NAME of the sweep file
  int jobs = 1;
};
int sweep(const SweepOptions& options);

} // namespace metavox
