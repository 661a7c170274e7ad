// Settings explained to a reader.
#pragma once

#include <string>

#include "settings/table.hpp"

namespace metavox {

// Meaning, unit, default, range and source of a setting, or of all beneath "oxygen". Throws
// ConfigError for a key that does not exist, with the closest that does.
std::string explain(const std::string& key, const Table& table);
std::string explain_all(const Table& table);

// Its type and default in words: "quantity in mmHg".
std::string type_text(const Setting& setting);
std::string default_text(const Setting& setting);

} // namespace metavox
