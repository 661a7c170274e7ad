// From a YAML file with a section `body` to its settings, and back to a resolved file that repeats
// the run. Lists of organs, chambers, routes and primaries that the file does not have are those of
// configs/organs.yaml.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "body/body_settings.hpp"
#include "settings/read_value.hpp"
#include "settings/table.hpp"
#include "site/parameters.hpp"

namespace metavox {

struct BodyRunParameters {
  std::string name;
  std::uint64_t seed;
  double duration; // min; 0: nothing is followed hour by hour
};

struct BodyOutputParameters {
  double report, checkpoints; // min
  int keep;
};

// What a file of a body holds beside its lattice, if it has one.
struct BodySettings {
  BodyRunParameters simulation;
  BodyParameters body;
  BodyOutputParameters output;
};

struct BodyConfig {
  BodySettings settings;
  // Of the primary, where the file has sections of a lattice: then it begins as a window, and
  // others open around founders. What both have, such as simulation.duration, is the same here and
  // there.
  std::optional<Parameters> lattice;
  std::string resolved; // YAML of every setting with its unit
  std::filesystem::path source;
  std::vector<std::string> notes;
};

// The same overrides and errors as read_config() has for sites.
BodyConfig read_body(const std::filesystem::path& file,
                     const std::vector<std::string>& overrides = {},
                     std::optional<std::uint64_t> seed = {},
                     const std::optional<std::string>& until = {},
                     FilesNamed files = FilesNamed::must_exist);
BodyConfig read_body_text(const std::string& yaml, const std::filesystem::path& name_for_messages,
                          const std::vector<std::string>& overrides = {},
                          std::optional<std::uint64_t> seed = {},
                          const std::optional<std::string>& until = {},
                          FilesNamed files = FilesNamed::must_exist);

// Notes what the files named by the lattice were, in the resolved text as well.
void record_inputs(BodyConfig& config, std::vector<InputFile> inputs);

// Of a resolved text what belongs to the lattice.
std::string lattice_part(const std::string& resolved);

// Whether the file has a section `body`; false also where it cannot be read.
bool has_body(const std::filesystem::path& file);

// The table of BodySettings, and that of all settings there are, of sites and of bodies: to list
// and explain them.
const Table& body_table();
const Table& all_settings();

} // namespace metavox
