// Options of the command line that are quantities.
#pragma once

#include <string>

namespace metavox {

// What was typed after an option, in that unit. Throws ConfigError where it is no such quantity or
// not above 0, with `example` as what to type.
double typed(const char* option, const std::string& text, const char* unit, const char* example);

} // namespace metavox
