// What frames take on disk, counted before there are any.
#pragma once

#include <cstddef>

#include "settings/parameters.hpp"

namespace metavox {

// Upper estimate for one frame (all its files); 0 where the program cannot write any.
std::size_t estimate_frame_bytes(const Parameters& parameters);

} // namespace metavox
