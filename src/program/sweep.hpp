// `metavox sweep`: replicates over a grid of settings, each a run of its own, and one table of what
// came out. Started again, it goes on where it stopped.
//
//   config: tumour.yaml        relative to the sweep's own folder
//   replicates: 3              default 1
//   seed: 1                    replicate r runs with seed + r - 1, at every grid point alike
//   until: 10 day              default: the config's
//   set: {domain.voxels: [64, 64, 64]}      for all members
//   grid:
//     oxygen.diffusivity: [1e5 um^2/min, 1.2e5 um^2/min]
//     cycle.epithelial: [18 h, 24 h]
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace metavox {

struct SweepConfig {
  std::filesystem::path config;
  int replicates = 1;
  std::uint64_t seed = 1;
  std::optional<std::string> until;
  std::vector<std::pair<std::string, std::string>> set;               // key, value as YAML
  std::vector<std::pair<std::string, std::vector<std::string>>> grid; // key, values as YAML
};

// In sweep_config.cpp. Throws ConfigError with file:line.
SweepConfig read_sweep(const std::filesystem::path& file);
SweepConfig read_sweep_text(const std::string& yaml, const std::filesystem::path& file);

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
