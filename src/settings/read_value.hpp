// From an entry of a configuration to the value of a setting.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "settings/complaints.hpp"
#include "settings/setting.hpp"

namespace metavox {

// Whether the files that a configuration names must be there. A run that goes on from a checkpoint
// reads none of them.
enum class FilesNamed : std::uint8_t { must_exist, may_be_missing };

// Puts `entry` into the slot. `key` is how the user addresses it ("tissue.cells[2].radius"). Wrong
// values are complained about and leave the slot as it was; returns whether it was set. Relative
// paths start at `folder`.
bool read_setting(const Setting& setting, const std::string& key, const Entry& entry,
                  const Slot& slot, const std::filesystem::path& folder, Complaints& complaints,
                  FilesNamed files = FilesNamed::must_exist);

} // namespace metavox
