// What may be typed behind `metavox`, and what it does.
#pragma once

namespace metavox {

// Reads the command line and does what it says. Returns the exit code; failures of the commands are
// exceptions, as program/exit_code.hpp knows them.
int run_program(int argc, char** argv);

} // namespace metavox
