#pragma once

#include <cstddef>
#include <string>

#include "record/checkpoint.hpp"

namespace metavox {

inline constexpr int checkpoint_format = 1;
inline constexpr std::size_t checkpoint_head_bytes = 512; // smallest user block of HDF5

// The text that read_checkpoint_header() reads.
std::string checkpoint_head(const CheckpointHeader& header);

} // namespace metavox
