#include "program/standard_output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "program/exit_code.hpp"

namespace metavox {

void fill_missing_streams() {
  // Opened to read, standard output goes on to refuse what is printed.
  for (const auto& [stream, flags] :
       {std::pair{STDIN_FILENO, O_RDONLY}, std::pair{STDOUT_FILENO, O_RDONLY},
        std::pair{STDERR_FILENO, O_WRONLY}})
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF)
      static_cast<void>(::open("/dev/null", flags)); // takes the lowest number, which is this one
}

void say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

int code_after_output(int code) {
  int reason = 0;
  if (std::fflush(stdout) != 0) reason = errno;
  if (std::ferror(stdout) == 0 && reason == 0) return code;
  // Why it failed before is not remembered, but it fails again.
  if (reason == 0 && ::write(STDOUT_FILENO, "\n", 1) < 0) reason = errno;
  const bool nobody = reason == EPIPE || (reason == EIO && ::isatty(STDOUT_FILENO) == 0 &&
                                          (errno == EIO || errno == ENXIO));
  if (nobody) return code;
  std::fprintf(stderr, "metavox: cannot write all of the output: %s; give it another place\n",
               reason != 0 ? std::strerror(reason) : "a part of it was refused");
  return code == exit_done ? static_cast<int>(exit_io) : code;
}

} // namespace metavox
