#pragma once

#include <string>

#include "settings/parameters.hpp"
#include "site/snapshot.hpp"

namespace metavox {

// A frame of the vessels of `snapshot`: the content of a .vtp file. Throws where a segment has no
// node.
std::string vessels_frame(const Snapshot& snapshot, const OutputParameters& output);

} // namespace metavox
