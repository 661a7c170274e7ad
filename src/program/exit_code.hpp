// How the program ends, and what it says when that is a failure.
#pragma once

#include <exception>
#include <functional>
#include <string>

namespace metavox {

enum ExitCode : int {
  exit_done = 0,
  exit_internal = 1,
  exit_config = 2,
  exit_io = 3,
  exit_resources = 4,
  exit_numerical = 5,
  exit_interrupted = 130
};

// The exit code of an exception; `message` says what happened.
int code_of(const std::exception_ptr& error, std::string& message);

// Runs `body`; an exception is printed on standard error and becomes the exit code of its kind.
int guarded(const std::function<int()>& body);

// A handler for std::set_terminate: out of memory ends the program with its message and exit code
// even where no exception can get out.
[[noreturn]] void end_without_memory();

} // namespace metavox
