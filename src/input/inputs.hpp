// The files a configuration names besides itself.
#pragma once

#include "settings/parameters.hpp"
#include "voxel/external.hpp"

namespace metavox {

// Reads them all. Throws ConfigError with the setting or file:line and what is wrong.
ExternalArrays read_inputs(const Parameters& parameters);

} // namespace metavox
