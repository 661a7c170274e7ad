// What a sweep varies, as its file says:
//
//   config: tumour.yaml        relative to the sweep's own folder
//   replicates: 3              default 1
//   seed: 1                    replicate r runs with seed + r - 1, at every grid point alike
//   until: 10 day              default: the config's
//   set: {domain.voxels: [64, 64, 64]}      for all members
//   grid:
//     oxygen.diffusivity: [1e5 um^2/min, 1.2e5 um^2/min]
//     cycle.epithelial: [18 h, 24 h]
//   one_at_a_time: true      default false: not all pairs of them, but the configuration as it is,
//                            and then with each of the values alone
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
  bool one_at_a_time = false;                                         // instead of all combinations
};

// Throws ConfigError with file:line.
SweepConfig read_sweep(const std::filesystem::path& file);
SweepConfig read_sweep_text(const std::string& yaml, const std::filesystem::path& file);

} // namespace metavox
