// The files a configuration names besides itself.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "site/parameters.hpp"
#include "voxel/external.hpp"

namespace metavox {

// What a site starts from, and what a user should know of it: a line each.
struct Inputs : ExternalArrays {
  std::vector<std::string> told;
  std::vector<InputFile> files;
};

// The files that a configuration names: by which setting, and where.
std::vector<std::pair<std::string, std::filesystem::path>>
files_named(const Parameters& parameters);

// What is wrong with the files named, against what they were: one line each. Those of which nothing
// is known are not looked at, nor are missing ones.
std::vector<std::string> changed_inputs(const Parameters& parameters,
                                        const std::vector<InputFile>& recorded);

// Reads them all. Throws ConfigError with the setting or file:line and what is wrong, also where a
// file is not what simulation.inputs says.
Inputs read_inputs(const Parameters& parameters);

} // namespace metavox
