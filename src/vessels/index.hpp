// Numbers of nodes, segments and the like as indices.
#pragma once

#include <cstddef>
#include <cstdint>

namespace metavox {

inline std::size_t at(std::int32_t i) { return static_cast<std::size_t>(i); }

} // namespace metavox
