// Settings explained to a reader.
#pragma once

#include <string>

#include "settings/table.hpp"

namespace metavox {

// Meaning, unit, default, range and source of a setting, of all beneath "oxygen", or of all whose
// last word is "soil", where there is no section of that name. Throws
// ConfigError for a key that does not exist, with the closest that does.
std::string explain(const std::string& key, const Table& table);
std::string explain_all(const Table& table);

// Its type and default in words: "quantity in mmHg".
std::string type_text(const Setting& setting);
std::string default_text(const Setting& setting);

} // namespace metavox
