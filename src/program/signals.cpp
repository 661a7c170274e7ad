#include "program/signals.hpp"

namespace metavox {

namespace {

volatile std::sig_atomic_t signal_seen = 0;

extern "C" void note_signal(int number) { signal_seen = number; }

} // namespace

SignalWatch::SignalWatch() {
  signal_seen = 0;
  struct sigaction act {};
  act.sa_handler = note_signal;
  act.sa_flags = SA_RESTART;
  sigemptyset(&act.sa_mask);
  for (std::size_t i = 0; i < count; ++i) {
    sigaction(numbers[i], nullptr, &old_[i]);
    // nohup asks for SIGHUP to be ignored, others may of other signals. Shells ask the same of
    // SIGINT for background jobs, but a SIGINT sent to one by name is meant, as is SIGTERM.
    const bool meant = numbers[i] == SIGINT || numbers[i] == SIGTERM;
    if (meant || old_[i].sa_handler != SIG_IGN) sigaction(numbers[i], &act, nullptr);
  }
}

SignalWatch::~SignalWatch() {
  for (std::size_t i = 0; i < count; ++i) sigaction(numbers[i], &old_[i], nullptr);
}

bool SignalWatch::seen() { return signal_seen != 0; }

std::string SignalWatch::name() {
  switch (signal_seen) {
  case SIGINT: return "SIGINT";
  case SIGTERM: return "SIGTERM";
  case SIGHUP: return "SIGHUP";
  case SIGUSR1: return "SIGUSR1";
  case SIGUSR2: return "SIGUSR2";
  case SIGXCPU: return "SIGXCPU";
  default: return "a signal";
  }
}

} // namespace metavox
