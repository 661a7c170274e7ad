// The settings of the program: which sections there are, and in which order.
#pragma once

#include "settings/table.hpp"

namespace metavox {

// The table of Parameters.
const Table& settings_table();

} // namespace metavox
