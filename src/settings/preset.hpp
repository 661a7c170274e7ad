// Presets: named sets of defaults. A row states its default under each preset that changes it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace metavox {

enum class Preset : std::uint8_t { standard, physicell, analytic, fast, clinical, human, rat };
inline constexpr std::array<std::string_view, 7> preset_names{
    "default", "physicell", "analytic", "fast", "clinical", "human", "rat"};
// Those of a site; the others are of a body.
inline constexpr std::array<std::string_view, 5> site_presets{"default", "physicell", "analytic",
                                                              "fast", "clinical"};
constexpr std::string_view name_of(Preset preset) {
  return preset_names[static_cast<std::size_t>(preset)];
}

// Why rows have another default under Preset::analytic.
inline constexpr std::string_view switched_off = "switched off until asked for";
// Preset::fast holds the numbers it names even where a default moves.
inline constexpr std::string_view transplanted =
    "a transplanted clone, picked because it grows: a day's cycle, hardly any loss";

} // namespace metavox
