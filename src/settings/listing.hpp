// The table of settings as data, for other programs and for tables in the documentation.
#pragma once

#include <string>

#include "settings/table.hpp"

namespace metavox {

// A JSON array with an object per row, in the order of the table: section, key, type, unit,
// default, range, words, meaning, source, presets, for. Text throughout but for words (a list) and
// presets (a list of preset, default, reason); "" where a row has none, and `default` in words
// where it is derived.
std::string settings_json(const Table& table);

} // namespace metavox
