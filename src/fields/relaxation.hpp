// How a field follows the cells.
#pragma once

#include <cstdint>

namespace metavox {

// In balance with them at every solve, or one step in time after the other.
enum class Relaxation : std::uint8_t { steady, transient };

} // namespace metavox
