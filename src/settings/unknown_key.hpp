// What to say about a key that does not exist.
#pragma once

#include <string>

#include "settings/table.hpp"

namespace metavox {

// "oxygen.difusivity is not a setting; did you mean diffusivity?"
std::string unknown_key(const std::string& key, const Table& table);

} // namespace metavox
