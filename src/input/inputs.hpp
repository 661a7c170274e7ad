// The files a configuration names besides itself.
#pragma once

#include <string>
#include <vector>

#include "site/parameters.hpp"
#include "voxel/external.hpp"

namespace metavox {

// What a site starts from, and what a user should know of it: a line each.
struct Inputs : ExternalArrays {
  std::vector<std::string> told;
};

// Reads them all. Throws ConfigError with the setting or file:line and what is wrong.
Inputs read_inputs(const Parameters& parameters);

} // namespace metavox
