#include <csignal>
#include <cstdlib>
#include <string>

#include <unistd.h>

#include "core/team.hpp"
#include "program/command_line.hpp"
#include "program/exit_code.hpp"
#include "program/standard_output.hpp"

// OpenMP teams wait for each other by spinning. On a machine that other programs share, a team
// whose member has lost its core then burns the core it waits for, and a step takes ten times as
// long. Runtimes read how long to spin when they are loaded, so the program starts itself once more
// with a spin as short as falling asleep and waking takes, unless the user has an opinion.
static void limit_spinning(char** argv) {
  if (std::getenv("GOMP_SPINCOUNT") || std::getenv("OMP_WAIT_POLICY") ||
      std::getenv("KMP_BLOCKTIME"))
    return;
  setenv("GOMP_SPINCOUNT", std::to_string(metavox::looks_within(5)).c_str(), 1);
  setenv("KMP_BLOCKTIME", "0", 1);
#if defined(__linux__)
  execv("/proc/self/exe", argv); // returns only where it cannot be done, which does no harm
#endif
  static_cast<void>(argv);
}

int main(int argc, char** argv) {
  limit_spinning(argv);
  metavox::fill_missing_streams();
  // A file that grows too large, or a terminal that went away, is an error to report, not a death.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  return metavox::code_after_output(
      metavox::guarded([&] { return metavox::run_program(argc, argv); }));
}
