// From YAML text to a tree of entries; the one user of yaml-cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "settings/complaints.hpp"
#include "settings/entry.hpp"

namespace metavox {

inline constexpr std::size_t largest_yaml = 4 << 20; // bytes
inline constexpr std::size_t deepest_yaml = 32;      // levels

// The tree of a text; an empty one has none. Throws ConfigError where the text is no YAML or has no
// bounds. Keys that occur twice are both in the tree.
Entry parse_yaml(std::string_view text, const Source& source, bool has_lines);

// Complains of keys beneath `entry` that occur twice; `path` is the key of the entry itself.
void complain_of_duplicates(const Entry& entry, const std::string& path, Complaints& complaints);

// Both of these for a file.
Entry read_yaml(std::string_view text, const std::string& name_for_messages,
                Complaints& complaints);

} // namespace metavox
