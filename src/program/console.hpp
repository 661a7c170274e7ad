// What a run says while it goes: lines and progress.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace metavox {

class RunFolder;
struct Schedule;

// Whatever is said goes to log.txt as well.
class Console {
public:
  explicit Console(bool quiet);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // From now on also into log.txt; what was said before is caught up on.
  void log_to(RunFolder* folder);
  void forget_log() { folder_ = nullptr; }

  void line(const std::string& text);
  void result(const std::string& text); // said even when quiet
  void warn(const std::string& text);   // on standard error
  void log(const std::string& text);    // in log.txt alone
  void bar(const std::string& text);    // the last line of a terminal, until something else is said

  bool terminal() const { return terminal_; }
  bool quiet() const { return quiet_; }

private:
  void clear_bar();
  void print(std::FILE* where, const std::string& text);

  bool quiet_, terminal_, bar_ = false;
  RunFolder* folder_ = nullptr;
  std::vector<std::string> early_;
};

// How far a run is: a bar on a terminal, a line now and then elsewhere.
class Progress {
public:
  // `start`: the step the run begins at.
  Progress(Console& console, const Schedule& schedule, std::int64_t start);

  // `cells` of the tumour, below 0: not counted yet.
  void at(std::int64_t step, double cells, const std::string& last_frame);

private:
  using Clock = std::chrono::steady_clock;
  std::string text(std::int64_t step, double rate, double cells,
                   const std::string& last_frame) const;

  Console& console_;
  const Schedule& schedule_;
  std::int64_t start_, shown_part_ = 0;
  Clock::time_point shown_ = Clock::now();
  std::deque<std::pair<Clock::time_point, std::int64_t>> marks_;
};

} // namespace metavox
