#pragma once

#include <string>

namespace metavox {

// `metavox info`: prints how the program was built, its back ends and devices. `libraries`: what
// else it was built with, for the last line. Returns the exit code.
int info_command(const std::string& libraries);

} // namespace metavox
