// From a YAML file to Parameters, and back to a resolved file that repeats the run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/errors.hpp"
#include "settings/parameters.hpp"

namespace metavox {

struct Config {
  Parameters parameters;
  std::string resolved; // YAML of every setting with its unit; reading it gives the same parameters
                        // bit for bit
  std::filesystem::path source;
};

// `overrides` are "oxygen.diffusivity=1e5 um^2/min", "tissue.cells[0].radius=80 um",
// "domain.voxels=[32, 32, 32]" and go through the same checks as the file. `seed` and `until`
// replace simulation.seed and simulation.duration.
Config read_config(const std::filesystem::path& file,
                   const std::vector<std::string>& overrides = {},
                   std::optional<std::uint64_t> seed = {},
                   const std::optional<std::string>& until = {});

// The same for text in memory; relative paths start at the folder of `name_for_messages`.
Config read_config_text(const std::string& yaml, const std::filesystem::path& name_for_messages,
                        const std::vector<std::string>& overrides = {},
                        std::optional<std::uint64_t> seed = {},
                        const std::optional<std::string>& until = {});

// Settings whose values differ between two resolved files, leaving out those that do not act on the
// state (output.*, simulation.duration, simulation.name). Empty: one may continue the other. An
// entry: "oxygen.diffusivity: 120000 um^2/min there, 100000 um^2/min here", where there is
// `resolved_a`.
std::vector<std::string> setting_differences(const std::string& resolved_a,
                                             const std::string& resolved_b);

// Meaning, unit, default, range and source of a setting, or of all beneath "oxygen". Throws
// ConfigError for a key that does not exist, with the closest that does.
std::string explain(const std::string& key);
std::string explain_all();

// JSON Schema (2020-12) of configuration files.
std::string json_schema();

} // namespace metavox
