// Signals that would end the program.
#pragma once

#include <csignal>
#include <cstddef>
#include <string>

namespace metavox {

// While it lives, a signal that would end the program is only noted; the loop looks at it between
// steps. A second one changes nothing: the checkpoint is being written already. Batch systems
// announce the end of a job by any of these, as its owner chose.
class SignalWatch {
public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  static bool seen();
  static std::string name(); // "SIGINT"

  // Sets what a program that is started from here must not inherit as ignored.
  static void add_to(sigset_t& set) {
    for (const int number : numbers) sigaddset(&set, number);
  }

private:
  static constexpr std::size_t count = 6;
  static constexpr int numbers[count] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU};
  struct sigaction old_[count] {};
};

} // namespace metavox
