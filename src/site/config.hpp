// From a YAML file to Parameters, and back to a resolved file that repeats the run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/errors.hpp"
#include "settings/read_value.hpp"
#include "site/parameters.hpp"

namespace metavox {

struct Config {
  Parameters parameters;
  std::string resolved; // YAML of every setting with its unit; reading it gives the same parameters
                        // bit for bit
  std::filesystem::path source;
  std::vector<std::string> notes; // what is no mistake, but worth a second look: "file:line: ..."
};

// `overrides` are "oxygen.diffusivity=1e5 um^2/min", "tissue.cells[0].radius=80 um",
// "domain.voxels=[32, 32, 32]" and go through the same checks as the file. `seed` and `until`
// replace simulation.seed and simulation.duration. Throws ConfigError with all that is wrong.
Config read_config(const std::filesystem::path& file,
                   const std::vector<std::string>& overrides = {},
                   std::optional<std::uint64_t> seed = {},
                   const std::optional<std::string>& until = {},
                   FilesNamed files = FilesNamed::must_exist);

// The text of a configuration. Throws ConfigError where `file` is none that can be read.
std::string configuration_text(const std::filesystem::path& file);

// A name for a run that fits on a line, from the name of its file.
std::string run_name(const std::filesystem::path& file);

// Notes what the files named were, in the resolved text as well.
void record_inputs(Config& config, std::vector<InputFile> inputs);

// The same for text in memory; relative paths start at the folder of `name_for_messages`.
Config read_config_text(const std::string& yaml, const std::filesystem::path& name_for_messages,
                        const std::vector<std::string>& overrides = {},
                        std::optional<std::uint64_t> seed = {},
                        const std::optional<std::string>& until = {},
                        FilesNamed files = FilesNamed::must_exist);

} // namespace metavox
