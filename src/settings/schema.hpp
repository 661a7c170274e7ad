// The JSON Schema (2020-12) of configuration files, for editors.
#pragma once

#include <string>

#include "settings/table.hpp"

namespace metavox {

std::string json_schema(const Table& table);

} // namespace metavox
