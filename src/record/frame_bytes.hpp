// What frames take on disk, counted before there are any.
#pragma once

#include <cstddef>

#include "site/parameters.hpp"

namespace metavox {

// Upper estimate for one frame (all its files); 0 where the program cannot write any.
std::size_t estimate_frame_bytes(const Parameters& parameters);
// Of one window's part of a frame of a body, where tumour cells are at most that share of voxels.
std::size_t estimate_body_frame_bytes(const Parameters& parameters, double full);

} // namespace metavox
