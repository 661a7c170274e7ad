#pragma once

#include <string>

#include "settings/parameters.hpp"
#include "site/snapshot.hpp"

namespace metavox {

// A frame of the fields of `snapshot` that `output` asks for: the content of a .vti file. Throws
// std::runtime_error for an array that is not there.
std::string fields_frame(const Snapshot& snapshot, const OutputParameters& output);

} // namespace metavox
