// Standard output as a file like any other: it may be full, or not there.
#pragma once

#include <string>

namespace metavox {

// Where the program was started without standard input, output or error, the next file it opens
// would take their place, and what is printed would go into it. Gives each a place of its own.
void fill_missing_streams();

// A line, at once: others may follow it while a command goes on.
void say(const std::string& text);

// The exit code of a command that would end with `code`: exit_io, and a message, where what it
// printed could not be written. That nobody listens any more (`| head`, a terminal that went away)
// is no failure.
int code_after_output(int code);

} // namespace metavox
