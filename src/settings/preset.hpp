// Presets: named sets of defaults. A row states its default under each preset that changes it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace metavox {

enum class Preset : std::uint8_t { standard, physicell, analytic };
inline constexpr std::array<std::string_view, 3> preset_names{"default", "physicell", "analytic"};

// Why rows have another default under Preset::analytic.
inline constexpr std::string_view switched_off = "switched off until asked for";

} // namespace metavox
