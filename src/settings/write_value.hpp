// From the value of a setting to YAML.
#pragma once

#include <string>

#include "settings/setting.hpp"

namespace metavox {

// The value as YAML text that reads back to the same bits.
std::string write_setting(const Setting& setting, const Slot& slot);

} // namespace metavox
