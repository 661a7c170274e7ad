#pragma once

#include <string>

#include "settings/parameters.hpp"
#include "site/snapshot.hpp"

namespace metavox {

// A frame of the cells of `snapshot`: the content of a .vtp file. Throws where it holds neither
// kind nor cell_state.
std::string cells_frame(const Snapshot& snapshot, const OutputParameters& output);

} // namespace metavox
