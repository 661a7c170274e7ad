// What this program is and was built from.
#pragma once

#include <string>

#include "metavox/metavox.hpp" // version()

namespace metavox {

std::string commit();          // "unknown" outside a checkout
std::string build_flags();     // of the C++ compiler
std::string compiler();        // "GCC 12.2.0"
std::string instruction_set(); // "AVX-512", as compiled for

} // namespace metavox
