// Settings given on the command line take the place of those in the file.
#pragma once

#include <string>
#include <vector>

#include "settings/complaints.hpp"
#include "settings/table.hpp"

namespace metavox {

// `overrides` are "oxygen.diffusivity=1e5 um^2/min", "tissue.cells[0].radius=80 um". The last of
// several wins; one of two ways to give a value makes the file forget the other. Keys that no
// setting has are left for the check of the whole tree. Throws ConfigError for a text that is no
// KEY=VALUE.
void override_with(Entry& root, const std::vector<std::string>& overrides, const Table& table,
                   Complaints& complaints);

// Replaces or adds one value of the tree; its place is that of `value`.
void override_value(Entry& root, const std::string& key, Entry value, Complaints& complaints);

// A scalar given by an option: "--seed".
Entry option_value(const std::string& option, const std::string& text);

} // namespace metavox
