// From the tree of a configuration to the struct that a table of settings describes.
#pragma once

#include <filesystem>

#include "settings/complaints.hpp"
#include "settings/read_value.hpp"
#include "settings/table.hpp"

namespace metavox {

// Fills `into`, value-initialised by the caller, with defaults and with what `root` gives.
// Complains of keys that no setting has, of values that cannot be read, and where all could be
// read, of those that break a rule. `whole` is the place of what no single line is to blame for;
// relative paths start at `folder`.
void read_table(const Table& table, const Entry& root, Object into,
                const std::filesystem::path& folder, const Place& whole, Complaints& complaints,
                FilesNamed files = FilesNamed::must_exist);

} // namespace metavox
