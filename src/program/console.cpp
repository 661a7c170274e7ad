#include "program/console.hpp"

#include <algorithm>

#include <sys/ioctl.h>
#include <unistd.h>

#include "program/plan.hpp"
#include "record/run_folder.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"

namespace metavox {

// ---- lines

Console::Console(bool quiet) : quiet_(quiet), terminal_(!quiet && ::isatty(STDOUT_FILENO) == 1) {}

Console::~Console() { clear_bar(); }

void Console::log_to(RunFolder* folder) {
  folder_ = folder;
  for (const std::string& text : early_) folder_->log(text);
  early_.clear();
}

void Console::line(const std::string& text) {
  if (!quiet_) print(stdout, text);
  log(text);
}

void Console::result(const std::string& text) {
  print(stdout, text);
  log(text);
}

void Console::warn(const std::string& text) {
  print(stderr, "metavox: " + text);
  log(text);
}

void Console::log(const std::string& text) {
  if (folder_ != nullptr)
    folder_->log(text);
  else
    early_.push_back(text);
}

void Console::bar(const std::string& text) {
  // A bar that wraps could not be wiped.
  winsize window{};
  const std::size_t width = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1
                                ? window.ws_col - 1u
                                : 79;
  std::fprintf(stdout, "\r\x1b[K%s", text.substr(0, width).c_str());
  std::fflush(stdout);
  bar_ = true;
}

void Console::clear_bar() {
  if (!bar_) return;
  std::fputs("\r\x1b[K", stdout);
  std::fflush(stdout);
  bar_ = false;
}

void Console::print(std::FILE* where, const std::string& text) {
  clear_bar();
  std::fputs((text + "\n").c_str(), where);
  std::fflush(where);
}

// ---- progress

namespace {

double seconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

std::string clock_text(double s) {
  const auto whole = static_cast<long long>(std::min(s, 1e9));
  char text[48];
  std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
  return text;
}

} // namespace

Progress::Progress(Console& console, const Schedule& schedule, std::int64_t start)
    : console_(console), schedule_(schedule), start_(start) {
  marks_.push_back({Clock::now(), start});
}

void Progress::at(std::int64_t step, double cells, const std::string& last_frame) {
  if (console_.quiet()) return;
  const auto now = Clock::now();
  const std::int64_t twentieth = std::max<std::int64_t>(1, (schedule_.last - start_ + 19) / 20);
  const double since = seconds(now - shown_);
  const bool due =
      console_.terminal() ? since > 0.2 : (step - start_) / twentieth > shown_part_ || since > 60;
  if (!due) return;
  shown_ = now;
  shown_part_ = (step - start_) / twentieth;
  // The speed of the last half minute: it falls as the tumour grows.
  while (marks_.size() > 2 && seconds(now - marks_.front().first) > 30) marks_.pop_front();
  const double passed = seconds(now - marks_.front().first);
  const double rate = passed > 0 ? static_cast<double>(step - marks_.front().second) / passed : 0;
  marks_.push_back({now, step});
  if (console_.terminal())
    console_.bar(text(step, rate, cells, last_frame));
  else
    console_.line(text(step, rate, cells, last_frame));
}

// `rate`: steps per second.
std::string Progress::text(std::int64_t step, double rate, double cells,
                           const std::string& last_frame) const {
  const double share =
      schedule_.last > 0 ? static_cast<double>(step) / static_cast<double>(schedule_.last) : 1;
  std::string text;
  if (console_.terminal()) {
    const int width = 24, full = static_cast<int>(share * width);
    text = "[" + std::string(static_cast<std::size_t>(full), '#') +
           std::string(static_cast<std::size_t>(width - full), '.') + "] ";
  }
  text += "day " + text_of("%.3f", static_cast<double>(step) * schedule_.step / minutes_per_day) +
          " of " + day_text(static_cast<double>(schedule_.last) * schedule_.step) + "  " +
          text_of("%3.0f %%", 100 * share) + "  ";
  if (cells >= 0) text += text_of("%.0f", cells) + " tumour cells  ";
  text += text_of(rate >= 100 ? "%.0f" : "%.3g", rate) + " steps/s";
  if (rate > 0 && step < schedule_.last)
    text += "  " + clock_text(static_cast<double>(schedule_.last - step) / rate) + " left";
  if (!last_frame.empty()) text += "  " + last_frame;
  return text;
}

} // namespace metavox
