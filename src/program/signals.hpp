// Signals that would end the program.
#pragma once

#include <csignal>
#include <cstddef>
#include <string>

namespace metavox {

// While it lives, a signal that would end the program is only noted; the loop looks at it between
// steps. A second one changes nothing: the checkpoint is being written already.
class SignalWatch {
public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  static bool seen();
  static std::string name(); // "SIGINT"

private:
  static constexpr std::size_t count = 3;
  static constexpr int numbers[count] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction old_[count] {};
};

} // namespace metavox
