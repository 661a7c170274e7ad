#include "metavox/run.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include <malloc.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "metavox/checkpoint.hpp"
#include "metavox/core/errors.hpp"
#include "metavox/diffusion.hpp"
#include "metavox/files.hpp"
#include "metavox/inputs.hpp"
#include "metavox/kind.hpp"
#include "metavox/profile.hpp"
#include "metavox/simulation.hpp"
#include "metavox/units.hpp"
#include "metavox/vtk_io.hpp"

namespace metavox {

namespace fs = std::filesystem;

namespace {

constexpr double minutes_per_day = 1440.0;
// However rarely a run writes, its fields are looked at after so many steps.
constexpr std::int64_t unchecked_steps = 100;

std::string text_of(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string day_text(double minutes) { return text_of("%.6g", minutes / minutes_per_day); }

std::string bytes_of(std::uint64_t bytes) { return bytes_text(static_cast<double>(bytes)); }

// ---- signals ------------------------------------------------------------------------------------

volatile std::sig_atomic_t signal_seen = 0;

extern "C" void note_signal(int number) { signal_seen = number; }

// While it lives, a signal that would end the program is only noted; the loop looks at it between
// steps. A second one changes nothing: the checkpoint is being written already.
class SignalWatch {
public:
  SignalWatch() {
    signal_seen = 0;
    struct sigaction act {};
    act.sa_handler = note_signal;
    act.sa_flags = SA_RESTART;
    sigemptyset(&act.sa_mask);
    for (std::size_t i = 0; i < count; ++i) {
      sigaction(numbers[i], nullptr, &old_[i]);
      // nohup asks for SIGHUP to be ignored. Shells ask the same of SIGINT for background jobs, but
      // a SIGINT sent to one by name is meant.
      if (numbers[i] != SIGHUP || old_[i].sa_handler != SIG_IGN)
        sigaction(numbers[i], &act, nullptr);
    }
  }
  ~SignalWatch() {
    for (std::size_t i = 0; i < count; ++i) sigaction(numbers[i], &old_[i], nullptr);
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  static std::string name() {
    switch (signal_seen) {
    case SIGINT: return "SIGINT";
    case SIGTERM: return "SIGTERM";
    case SIGHUP: return "SIGHUP";
    default: return "a signal";
    }
  }

private:
  static constexpr std::size_t count = 3;
  static constexpr int numbers[count] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction old_[count] {};
};

// ---- what the terminal sees ---------------------------------------------------------------------

class Console {
public:
  explicit Console(bool quiet) : quiet_(quiet), terminal_(!quiet && ::isatty(STDOUT_FILENO) == 1) {}
  ~Console() { clear_bar(); }
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // From now on also into log.txt; what was said before is caught up on.
  void log_to(RunFolder* folder) {
    folder_ = folder;
    for (const std::string& text : early_) folder_->log(text);
    early_.clear();
  }
  void forget_log() { folder_ = nullptr; }

  void line(const std::string& text) {
    if (!quiet_) print(stdout, text);
    log(text);
  }
  // Said even when quiet.
  void result(const std::string& text) {
    print(stdout, text);
    log(text);
  }
  void warn(const std::string& text) {
    print(stderr, "metavox: " + text);
    log(text);
  }
  void log(const std::string& text) {
    if (folder_ != nullptr)
      folder_->log(text);
    else
      early_.push_back(text);
  }
  bool terminal() const { return terminal_; }
  bool quiet() const { return quiet_; }
  void bar(const std::string& text) {
    // A bar that wraps could not be wiped.
    winsize window{};
    const std::size_t width = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1
                                  ? window.ws_col - 1u
                                  : 79;
    std::fprintf(stdout, "\r\x1b[K%s", text.substr(0, width).c_str());
    std::fflush(stdout);
    bar_ = true;
  }

private:
  void clear_bar() {
    if (!bar_) return;
    std::fputs("\r\x1b[K", stdout);
    std::fflush(stdout);
    bar_ = false;
  }
  void print(std::FILE* where, const std::string& text) {
    clear_bar();
    std::fputs((text + "\n").c_str(), where);
    std::fflush(where);
  }
  bool quiet_, terminal_, bar_ = false;
  RunFolder* folder_ = nullptr;
  std::vector<std::string> early_;
};

class Progress {
public:
  Progress(Console& console, const Schedule& schedule, std::int64_t start)
      : console_(console), schedule_(schedule), start_(start) {
    marks_.push_back({Clock::now(), start});
  }

  void at(std::int64_t step, double cells, const std::string& last_frame) {
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
    if (console_.terminal())
      console_.bar(text);
    else
      console_.line(text);
  }

private:
  using Clock = std::chrono::steady_clock;
  static double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }
  static std::string clock_text(double s) {
    const auto whole = static_cast<long long>(std::min(s, 1e9));
    char text[48];
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
    return text;
  }
  Console& console_;
  const Schedule& schedule_;
  std::int64_t start_, shown_part_ = 0;
  Clock::time_point shown_ = Clock::now();
  std::deque<std::pair<Clock::time_point, std::int64_t>> marks_;
};

// ---- frames and checkpoints, in the background --------------------------------------------------

// The arrays the frames of this run show; see vtk_io.
std::vector<std::string> frame_arrays(const Simulation& simulation) {
  const OutputParameters& output = simulation.parameters().output;
  std::vector<ArrayInfo> infos = simulation.state_arrays();
  for (const ArrayInfo& info : simulation.derived_arrays()) infos.push_back(info);
  std::vector<std::string> names;
  for (const ArrayInfo& info : infos) {
    if (!(info.spacing > 0)) continue;
    const std::string& n = info.name;
    const bool in_fields =
        output.fields &&
        (output.arrays.empty() ? !is_bookkeeping(n)
                               : std::count(output.arrays.begin(), output.arrays.end(), n) > 0);
    const bool in_cells = output.cells && (is_bookkeeping(n) || n == "kind" || n == "cell_state" ||
                                           n == "flags" || n == "oxygen");
    if (in_fields || in_cells) names.push_back(n);
  }
  for (const std::string& wanted : output.arrays) {
    const bool known = std::any_of(infos.begin(), infos.end(), [&](const ArrayInfo& info) {
      return info.name == wanted && info.spacing > 0;
    });
    if (known) continue;
    std::string all;
    for (const ArrayInfo& info : infos)
      if (info.spacing > 0) all += (all.empty() ? "" : ", ") + info.name;
    throw ConfigError("output.arrays: '" + wanted + "' is not an array of this run; there are " +
                      all);
  }
  // take_snapshot takes no names for all names.
  if (names.empty()) names.push_back("no array");
  return names;
}

struct Job {
  std::shared_ptr<const Snapshot> snapshot;
  bool frame = false, checkpoint = false;
};

// One thread that writes. The loop waits when the disk is slower than the physics.
class Writer {
public:
  Writer(RunFolder& folder, const Parameters& parameters, const std::string& resolved,
         std::vector<std::string> state_arrays)
      : folder_(folder), output_(parameters.output),
        frame_memory_(estimate_frame_memory(parameters)), resolved_(resolved),
        state_arrays_(std::move(state_arrays)), thread_([this] { work(); }) {}
  ~Writer() {
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Until the last snapshot is written and gone: two would take twice the memory, and a disk slower
  // than the physics is waited for either way.
  void drain() {
    std::unique_lock<std::mutex> guard(mutex_);
    changed_.wait(guard, [&] { return error_ || (queue_.empty() && !busy_); });
    if (error_) std::rethrow_exception(error_);
  }
  void submit(Job job) {
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      queue_.push_back(std::move(job));
    }
    changed_.notify_all();
  }
  double seconds() { // spent on writing
    const std::lock_guard<std::mutex> guard(mutex_);
    return seconds_;
  }
  void check() {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (error_) std::rethrow_exception(error_);
  }

private:
  void work() {
    for (;;) {
      Job job;
      {
        std::unique_lock<std::mutex> guard(mutex_);
        changed_.wait(guard, [&] { return stop_ || !queue_.empty(); });
        if (queue_.empty() || error_) return;
        job = std::move(queue_.front());
        queue_.pop_front();
        busy_ = true;
      }
      changed_.notify_all();
      std::exception_ptr error;
      const auto begin = std::chrono::steady_clock::now();
      try {
        write(job);
      } catch (...) {
        error = std::current_exception();
      }
      job.snapshot.reset();
      {
        const std::lock_guard<std::mutex> guard(mutex_);
        busy_ = false;
        seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        if (error) error_ = error;
      }
      changed_.notify_all();
      if (error) return;
    }
  }

  void write(const Job& job) {
    const Snapshot& s = *job.snapshot;
    if (job.frame) {
      ask_for_memory(frame_memory_);
      try {
        // In the order of their worth, should the disk fill up.
        if (output_.fields)
          folder_.add_frame(FrameKind::fields, s.step, s.time, fields_frame(s, output_));
        if (output_.cells)
          folder_.add_frame(FrameKind::cells, s.step, s.time, cells_frame(s, output_));
        if (output_.vessels)
          folder_.add_frame(FrameKind::vessels, s.step, s.time, vessels_frame(s, output_));
      } catch (const IoError&) {
        throw;
      } catch (const ResourceError&) {
        throw;
      } catch (const std::system_error&) {
        throw; // no room for a thread
      } catch (const std::runtime_error& e) {
        const std::string why = e.what();
        if (why.find("pthread_create") != std::string::npos)
          throw ResourceError("the frame of step " + std::to_string(s.step) +
                              " cannot be written: no room for another thread: " + why);
        throw IoError("the frame of step " + std::to_string(s.step) + " cannot be written: " + why);
      }
    }
    if (job.checkpoint) {
      ask_for_memory(0);
      const FileSum sum =
          write_checkpoint(folder_.checkpoint_path(s.step), s, resolved_, state_arrays_);
      folder_.checkpoint_written(s.step, sum, output_.keep);
    }
  }

  RunFolder& folder_;
  const OutputParameters& output_;
  const double frame_memory_;
  const std::string& resolved_;
  std::vector<std::string> state_arrays_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> queue_;
  bool busy_ = false, stop_ = false;
  double seconds_ = 0;
  std::exception_ptr error_;
  std::thread thread_; // last: it uses all of the above
};

// ---- restart ------------------------------------------------------------------------------------

void restore(Simulation& simulation, const Checkpoint& checkpoint, const fs::path& file) {
  const auto refuse = [&](const std::string& why) {
    throw CheckpointError("checkpoint " + file.string() + ": " + why);
  };
  const std::vector<ArrayInfo> wanted = simulation.state_arrays();
  for (const ArrayInfo& info : wanted) {
    const Snapshot::Array* a = checkpoint.snapshot.find(info.name);
    if (a == nullptr) refuse("it lacks the array '" + info.name + "' of this program's state");
    const bool fits = info.grows ? a->info.extents[1] == 1 && a->info.extents[2] == 1
                                 : a->info.extents == info.extents;
    if (a->info.type != info.type || !fits || a->data.size() != a->info.bytes())
      refuse("its array '" + info.name + "' has another type or size than this run's");
  }
  if (checkpoint.snapshot.arrays.size() != wanted.size())
    refuse("it holds arrays this program does not know; it was written by version " +
           checkpoint.header.version);
  for (const std::byte code : checkpoint.snapshot.find("kind")->data)
    if (static_cast<int>(code) >= kind_count) refuse("it holds a kind of cell that does not exist");
  for (const ArrayInfo& info : wanted) {
    const Snapshot::Array* a = checkpoint.snapshot.find(info.name);
    simulation.write(info.name, a->data.data(), a->info.extents[0]);
  }
  try {
    simulation.set_clock(checkpoint.header.step);
  } catch (const NumericalError& e) {
    refuse(e.what());
  }
  const std::uint64_t hash = simulation.hash();
  if (hash != checkpoint.header.hash)
    refuse("the restored state has the hash " + hex16(hash) + ", the stored one had " +
           hex16(checkpoint.header.hash) + "; it was written by version " +
           checkpoint.header.version);
}

// The run folder a checkpoint lies in; empty: in none.
fs::path run_of_checkpoint(const fs::path& file) {
  std::error_code ignored;
  const fs::path folder = fs::weakly_canonical(file, ignored).parent_path();
  if (folder.filename() != "checkpoints" || !looks_like_run(folder.parent_path())) return {};
  return folder.parent_path();
}

bool same_folder(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return !a.empty() && !b.empty() &&
         fs::weakly_canonical(a, ignored) == fs::weakly_canonical(b, ignored);
}

std::int64_t due(std::int64_t from, std::int64_t last, std::int64_t every) {
  // Multiples of `every` in (from, last), and the last step itself.
  const std::int64_t inside = every > 0 && last > 0 ? (last - 1) / every - from / every : 0;
  return std::max<std::int64_t>(0, inside) + (from == 0 ? 1 : 0) + (last > from ? 1 : 0);
}

double find_metric(const MetricRow& row, const char* name) {
  for (const Metric& m : row)
    if (m.name == name) return m.value;
  return -1;
}

std::string shell_word(const fs::path& path) {
  const std::string text = path.string();
  if (!text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789_-./+=:@%,") == std::string::npos)
    return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

int code_of(const std::exception_ptr& error, std::string& message) {
  try {
    std::rethrow_exception(error);
  } catch (const ConfigError& e) {
    message = e.what();
    return exit_config;
  } catch (const IoError& e) {
    message = e.what();
    return exit_io;
  } catch (const ResourceError& e) {
    message = e.what();
    return exit_resources;
  } catch (const NumericalError& e) {
    message = e.what();
    return exit_numerical;
  } catch (const std::bad_alloc&) {
    message = "out of memory; take fewer voxels or a coarser grid of fields (fields.coarsen)";
    return exit_resources;
  } catch (const fs::filesystem_error& e) {
    message = e.what();
    return exit_io;
  } catch (const std::system_error& e) {
    message = e.what();
    // No room for another thread.
    if (e.code() == std::errc::resource_unavailable_try_again ||
        e.code() == std::errc::not_enough_memory) {
      message = "the system has no room for another thread: " + message;
      return exit_resources;
    }
    return exit_io;
  } catch (const std::exception& e) {
    message = std::string("internal error: ") + e.what();
    return exit_internal;
  } catch (...) {
    message = "internal error of unknown kind";
    return exit_internal;
  }
}

} // namespace

int guarded(const std::function<int()>& body) {
  std::string message;
  int code = exit_done;
  try {
    return body();
  } catch (...) {
    code = code_of(std::current_exception(), message);
  }
  std::fflush(stdout);
  // Configuration messages begin with file:line: so that editors can jump there.
  std::fprintf(stderr, "%s%s\n", code == exit_config ? "" : "metavox: ", message.c_str());
  return code;
}

// ---- plans --------------------------------------------------------------------------------------

std::int64_t Schedule::rows(std::int64_t from) const { return due(from, last, report); }
std::int64_t Schedule::frame_count(std::int64_t from) const {
  return frames > 0 ? due(from, last, frames) : 0;
}
std::int64_t Schedule::checkpoint_count(std::int64_t from) const {
  const std::int64_t n = due(from, last, checkpoints);
  return from == 0 && last > 0 ? n - 1 : n; // the start is not worth one
}

Schedule schedule_of(const Parameters& p) {
  Schedule s;
  s.step = p.time.step;
  const auto whole = [&](double minutes) {
    return static_cast<std::int64_t>(std::llround(minutes / p.time.step));
  };
  const auto cadence = [&](double minutes) {
    return minutes > 0 ? std::max<std::int64_t>(1, whole(minutes)) : 0;
  };
  if (!(p.time.step > 0) || p.simulation.duration / p.time.step > 1e15)
    throw ConfigError("simulation.duration: more steps than can be counted");
  s.last = std::max<std::int64_t>(0, whole(p.simulation.duration));
  s.report = cadence(p.output.report);
  s.frames = p.output.fields || p.output.cells || p.output.vessels ? cadence(p.output.frames) : 0;
  if (!vtk_available()) s.frames = 0;
  s.checkpoints = cadence(p.output.checkpoints);
  return s;
}

Needs needs_of(const Parameters& p, const Schedule& s, std::int64_t from) {
  Needs n;
  const auto& e = p.domain.voxels;
  const std::uint64_t voxels = static_cast<std::uint64_t>(e[0]) * static_cast<std::uint64_t>(e[1]) *
                               static_cast<std::uint64_t>(e[2]);
  const int c = p.fields.coarsen;
  std::uint64_t field_voxels = 1;
  for (const int extent : e) field_voxels *= static_cast<std::uint64_t>((extent + c - 1) / c);
  const std::uint64_t fields = 2 + (p.glucose.enabled ? 1 : 0) + (p.inhibitor.enabled ? 1 : 0) +
                               (p.vegf.enabled ? 1 : 0) + 1; // and vessel walls for pictures
  n.device = estimate_device_bytes(p);
  // 24 bytes of cell and matrix per voxel, then what is derived for pictures.
  n.snapshot =
      voxels * 25 + field_voxels * 4 * fields + static_cast<std::uint64_t>(p.tracers.count) * 12;
  // The vessel graph: a voxel in a hundred where it grows, 130 bytes for a node and its segment.
  if (p.sprouting.enabled) n.snapshot += voxels / 100 * 130;
  if (s.frames > 0) n.frame = estimate_frame_bytes(p);
  n.frames_disk = n.frame * static_cast<std::uint64_t>(s.frame_count(from));
  if (checkpoints_available()) {
    n.checkpoint = n.snapshot + (std::uint64_t{256} << 10);
    const std::int64_t held =
        std::min<std::int64_t>(s.checkpoint_count(from), std::int64_t{p.output.keep} + 1);
    n.disk += n.checkpoint * static_cast<std::uint64_t>(std::max<std::int64_t>(held, 1));
  }
  n.disk += n.frames_disk + static_cast<std::uint64_t>(s.rows(from)) * 1500 + (1u << 20);
  n.host = estimate_host_bytes(p, s.frames > 0, checkpoints_available(), from > 0, true);
  return n;
}

std::vector<std::string> describe_plan(const Parameters& p, const Schedule& s, const Needs& n) {
  const auto& e = p.domain.voxels;
  const double voxels = static_cast<double>(e[0]) * e[1] * e[2];
  std::vector<std::string> lines;
  lines.push_back("tissue      " + std::to_string(e[0]) + " x " + std::to_string(e[1]) + " x " +
                  std::to_string(e[2]) + " voxels of " + format_number(p.domain.spacing) + " um (" +
                  text_of("%.4g", voxels) + "), fields " +
                  (p.fields.coarsen == 1 ? std::string("on the same lattice")
                                         : std::to_string(p.fields.coarsen) + " times coarser"));
  lines.push_back("time        " + std::to_string(s.last) + " steps of " + format_number(s.step) +
                  " min, day 0 to " + day_text(static_cast<double>(s.last) * s.step) +
                  ", cells move every " + format_number(s.step / p.time.motility_substeps) +
                  " min");
  lines.push_back("memory      " + bytes_of(n.device) + " on the back end (" +
                  text_of("%.1f", static_cast<double>(n.device) / voxels) + " bytes per voxel), " +
                  bytes_of(n.host) + " on the host besides; together at most " +
                  bytes_of(n.device + n.host));
  const auto every = [&](std::int64_t steps) {
    return steps > 0
               ? "every " + std::to_string(steps) + (steps == 1 ? " step (day " : " steps (day ") +
                     day_text(static_cast<double>(steps) * s.step) + ")"
               : std::string("at the start and the end");
  };
  lines.push_back("metrics     " + std::to_string(s.rows()) + " rows, " + every(s.report));
  if (s.frames > 0) {
    std::string kinds;
    for (const auto& [on, name] : {std::pair{p.output.fields, "fields"},
                                   {p.output.cells, "cells"},
                                   {p.output.vessels, "vessels"}})
      if (on) kinds += (kinds.empty() ? "" : ", ") + std::string(name);
    lines.push_back("frames      " + std::to_string(s.frame_count()) + " of " + kinds + ", " +
                    every(s.frames) + ", at most " + bytes_of(n.frame) + " each");
  } else {
    lines.push_back(std::string("frames      none") +
                    (vtk_available() ? "" : " (this build has no VTK)"));
  }
  lines.push_back("checkpoints " +
                  (checkpoints_available()
                       ? (s.checkpoints > 0 ? every(s.checkpoints) : std::string("at the end")) +
                             ", the newest " + std::to_string(p.output.keep) + " kept, " +
                             bytes_of(n.checkpoint) + " each"
                       : std::string("none (this build has no HDF5)")));
  lines.push_back("disk        at most " + bytes_of(n.disk));
  return lines;
}

void require(const Needs& n, const Parameters& p, const Executor& executor,
             const fs::path& output) {
  const std::string smaller =
      "take fewer voxels (domain.size, domain.spacing)" +
      std::string(p.fields.coarsen < 4 ? ", coarser fields (fields.coarsen: " +
                                             std::to_string(p.fields.coarsen * 2) + ")"
                                       : "") +
      " or a machine with more memory";
  const bool on_host = executor.backend() == Backend::cpu;
  const std::uint64_t device_free = executor.memory_available();
  const std::uint64_t host_free = on_host ? device_free : Executor::on_cpu(1).memory_available();
  if (!on_host && n.device > device_free)
    throw ResourceError("not enough memory on the device: the run needs " + bytes_of(n.device) +
                        ", " + executor.description() + " has " + bytes_of(device_free) +
                        " free; " + smaller);
  const std::uint64_t host = n.host + (on_host ? n.device : 0);
  if (host > host_free)
    throw ResourceError("not enough memory: the run needs " + bytes_of(host) + " (" +
                        (on_host ? bytes_of(n.device) + " for the state, " : std::string()) +
                        bytes_of(n.host) + " besides), the machine has " + bytes_of(host_free) +
                        " free; " + smaller);
  const std::uint64_t disk = disk_free(output);
  if (n.disk > disk)
    throw ResourceError(
        "not enough disk space: the run may write " + bytes_of(n.disk) + " (frames " +
        bytes_of(n.frames_disk) + ", a checkpoint " + bytes_of(n.checkpoint) + "), the disk of " +
        output.string() + " has " + bytes_of(disk) +
        " free; choose another disk with -o, or write less: output.frames, output.stride, "
        "output.arrays, output.mantissa_bits: 9, output.keep");
}

Executor choose_executor(const std::string& backend, int threads, std::string& note) {
  note.clear();
  if (backend == "cuda") return Executor::on_cuda();
  if (backend == "auto") {
    const std::string obstacle = Executor::cuda_obstacle();
    if (obstacle.empty()) return Executor::on_cuda();
    note = "no GPU: " + obstacle;
  }
  return Executor::on_cpu(threads);
}

fs::path default_output(const Config& config) {
  std::string name = config.parameters.simulation.name;
  if (name.empty()) name = config.source.stem().string();
  for (char& c : name)
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 32) c = '_';
  if (name.empty() || name[0] == '.') name = "run" + name;
  return fs::path("runs") / name;
}

fs::path newest_checkpoint(const fs::path& run, std::vector<std::string>* damaged) {
  if (!checkpoints_available()) return {};
  for (const auto& [step, file] : checkpoints_of(run)) {
    try {
      check_checkpoint(file);
      return file;
    } catch (const CheckpointError& e) {
      if (damaged) damaged->push_back(e.what());
    }
  }
  return {};
}

// ---- the run ------------------------------------------------------------------------------------

namespace {

// Where a run goes on: the checkpoint named, or the newest whole one of the folder named.
fs::path restart_file(const fs::path& named, Console& console) {
  std::error_code ignored;
  if (!fs::is_directory(named, ignored)) return named;
  std::vector<std::string> damaged;
  const fs::path file = newest_checkpoint(named, &damaged);
  if (!file.empty()) {
    for (const std::string& text : damaged) console.warn(text + "; taking an older one");
    return file;
  }
  std::string text;
  for (const std::string& d : damaged) text += d + "\n";
  throw IoError(text + named.string() +
                " holds no checkpoint to continue from; start the run anew " +
                (looks_like_run(named) ? "with --force" : "without --restart"));
}

// The command that goes on where this one stopped.
std::string continuation(const RunOptions& options, const fs::path& output, const fs::path& from) {
  std::string command = "metavox run " + shell_word(options.config);
  for (const std::string& set : options.set) command += " --set " + shell_word(set);
  if (options.seed) command += " --seed " + std::to_string(*options.seed);
  if (options.until) command += " --until " + shell_word(*options.until);
  return command + " -o " + shell_word(output) + " --restart " + shell_word(from);
}

// VTK lets an exception out of a destructor where even a few bytes are refused. All files are whole
// at any time, so what is left to do is to say it.
[[noreturn]] void end_without_memory() {
  try {
    if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    const std::string_view text = "metavox: out of memory in a library that cannot stand it\n";
    if (::write(STDERR_FILENO, text.data(), text.size()) >= 0) ::_exit(exit_resources);
    ::_exit(exit_resources);
  } catch (...) {
  }
  std::abort();
}

std::uint64_t peak_memory() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
}

// What to do about a disk, a folder or memory that failed.
std::string advice_after(const RunOptions& options, const fs::path& output) {
  try {
    if (!newest_checkpoint(output).empty())
      return "\nwhen that is mended, continue with: " + continuation(options, output, output);
  } catch (const IoError&) {
    // The folder cannot even be listed, as the failure itself tells.
    return {};
  }
  return !looks_like_run(output)
             ? ""
             : "\nthere is no checkpoint yet; when that is mended, start again with --force";
}

// A frame of the state a run failed in, for the eye: all fields in full, whatever frames show. Not
// part of the series, as the step is unfinished.
std::string write_diagnostic(RunFolder& folder, const Simulation& simulation) {
  const Snapshot shot = take_snapshot(simulation);
  OutputParameters all = simulation.parameters().output;
  all.arrays.clear();
  all.stride = 1;
  all.region_from = all.region_to = {0, 0, 0};
  all.mantissa_bits = 23;
  Parameters shown = simulation.parameters();
  shown.output = all;
  ask_for_memory(estimate_frame_memory(shown));
  char name[48];
  std::snprintf(name, sizeof name, "fields_%08lld.vti", static_cast<long long>(shot.step));
  folder.add_diagnostic(name, fields_frame(shot, all));
  return (folder.path() / "frames/diagnostic_").string() + name;
}

} // namespace

int run(const RunOptions& given) {
  // Arrays go back to the system when they are released, so that the peak is what is alive and no
  // more.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20); // but see ask_for_memory()
  std::set_terminate(end_without_memory);
  const SignalWatch signals;
  Console console(given.quiet);
  RunOptions options = given;
  const Config config = read_config(options.config, options.set, options.seed, options.until);
  const Parameters& p = config.parameters;
  const Schedule schedule = schedule_of(p);

  // A restart is checked to the last byte before anything else happens.
  std::optional<Checkpoint> checkpoint;
  fs::path output = options.output;
  bool resumes = false;
  if (!options.restart.empty()) {
    options.restart = restart_file(options.restart, console);
    checkpoint = read_checkpoint(options.restart);
    const std::vector<std::string> differences =
        setting_differences(checkpoint->resolved, config.resolved);
    if (!differences.empty()) {
      std::string text = options.restart.string() +
                         ": the checkpoint belongs to other settings than " +
                         options.config.string() + " (there: checkpoint, here: configuration)";
      for (const std::string& d : differences) text += "\n  " + d;
      throw ConfigError(text);
    }
    if (checkpoint->header.step > schedule.last)
      throw ConfigError(options.restart.string() + ": the checkpoint is of day " +
                        day_text(checkpoint->header.time) + ", the run ends at day " +
                        day_text(p.simulation.duration) + "; give a later --until");
    const fs::path home = run_of_checkpoint(options.restart);
    if (output.empty()) output = home;
    resumes = same_folder(home, output);
  }
  if (output.empty()) output = default_output(config);
  if (!resumes) RunFolder::check(output, options.force);

  const std::int64_t start = checkpoint ? checkpoint->header.step : 0;
  const Needs needs = needs_of(p, schedule, start);
  for (const std::string& text : describe_plan(p, schedule, needs)) console.line(text);
  if (schedule.frames > 0) {
    try {
      frame_axes(p.domain.voxels, p.domain.spacing, p.output);
    } catch (const std::runtime_error& e) {
      throw ConfigError(e.what());
    }
  }
  std::string note;
  const Executor executor = choose_executor(options.backend, options.threads, note);
  console.line("back end    " + executor.description() + (note.empty() ? "" : "  (" + note + ")"));
  require(needs, p, executor, output);

  Simulation simulation(p, executor, read_inputs(p));
  std::vector<std::string> frame_names;
  if (schedule.frames > 0) frame_names = frame_arrays(simulation);
  std::vector<std::string> state_names;
  for (const ArrayInfo& info : simulation.state_arrays()) {
    state_names.push_back(info.name);
  }
  if (checkpoint) {
    restore(simulation, *checkpoint, options.restart);
    checkpoint.reset();
  }
  simulation.take_events(); // of the set-up: a restart must not tell them again
  RunFolder folder =
      resumes ? RunFolder::resume(output, start, static_cast<double>(start) * schedule.step)
              : RunFolder::create(output, options.force);
  Provenance provenance;
  provenance.config = fs::absolute(options.config).string();
  provenance.command = options.command;
  provenance.backend = executor.backend() == Backend::cuda ? "cuda" : "cpu";
  provenance.device = executor.description();
  provenance.threads = executor.threads();
  provenance.seed = p.simulation.seed;
  provenance.start = utc_now();
  provenance.exit_reason = "running";
  provenance.first_step = provenance.steps = start;
  provenance.days = simulation.time() / minutes_per_day;
  if (!options.restart.empty()) provenance.restarted_from = fs::absolute(options.restart).string();
  folder.write_provenance(provenance);
  folder.write_resolved(config.resolved);
  console.log_to(&folder);
  console.line("run folder  " + output.string());
  console.line("allocated   " + bytes_of(executor.memory_allocated()) +
               " (counted before: " + bytes_of(needs.device) + ")");
  if (!options.restart.empty())
    console.line("restart     step " + std::to_string(start) + ", day " +
                 day_text(simulation.time()) + ", hash " + hex16(simulation.hash()) + " as in " +
                 options.restart.string());
  if (!checkpoints_available())
    console.warn("this build has no HDF5: no checkpoints are written, an interrupted run is lost");

  int code = exit_done;
  std::string failure;
  std::exception_ptr error;
  double writing = 0;
  executor.forget_timings(); // of the set-up
  executor.profile(options.profile);
  {
    std::optional<Writer> writer;
    try {
      writer.emplace(folder, p, config.resolved, state_names);
      folder.add_events({}); // its header
      Progress progress(console, schedule, start);
      double cells = -1;
      const auto save = [&](bool frame, bool state) {
        if (!frame && !state) return;
        executor.during("waiting for the disk", [&] { writer->drain(); });
        std::vector<std::string> names;
        if (frame) names = frame_names;
        if (state)
          for (const std::string& name : state_names)
            if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
        executor.during("frames and checkpoints", [&] {
          auto snapshot = std::make_shared<Snapshot>(take_snapshot(simulation, names));
          writer->submit({std::move(snapshot), frame, state});
        });
      };
      std::int64_t checked = start;
      for (bool first = true;; first = false) {
        const std::int64_t s = simulation.steps();
        if (options.between_steps) options.between_steps(simulation);
        // A new folder shows the state it starts from; a continued one has it already.
        const bool opening = first && !resumes;
        const bool row_due = (opening || schedule.row_at(s)) && folder.last_metrics_step() < s;
        const bool had_frame = first && resumes && folder.last_frame_step() == s;
        const bool frame = schedule.frames > 0 && (opening || schedule.frame_at(s)) && !had_frame;
        const bool had_state = first && resumes && folder.has_checkpoint(s);
        const bool stop = signal_seen != 0 && s < schedule.last;
        const bool state =
            checkpoints_available() && (stop || schedule.checkpoint_at(s)) && !had_state;
        // Nothing is written down that was not looked at.
        if (first || row_due || frame || state || s - checked >= unchecked_steps) {
          executor.during("checking", [&] { simulation.check(); });
          checked = s;
        }
        if (row_due)
          executor.during("measuring", [&] {
            const MetricRow row = simulation.measure();
            folder.add_metrics(s, simulation.time(), simulation.hash(), row);
            cells = find_metric(row, "tumour_cells");
          });
        save(frame, state);
        if (s >= schedule.last) break;
        if (stop) {
          code = exit_interrupted;
          break;
        }
        progress.at(s, cells, folder.last_frame());
        simulation.step();
        const std::vector<Event> events = simulation.take_events();
        if (!events.empty()) executor.during("events", [&] { folder.add_events(events); });
        writer->check();
      }
      executor.during("waiting for the disk", [&] { writer->drain(); });
      executor.profile(false);
      writing = writer->seconds();
    } catch (const NumericalError&) {
      error = std::current_exception();
      code = code_of(error, failure);
      if (failure.find("at step ") == std::string::npos)
        failure = "at step " + std::to_string(simulation.steps()) + ": " + failure;
      try {
        writer->drain();
        if (vtk_available()) failure += "\nthe state is in " + write_diagnostic(folder, simulation);
      } catch (const std::exception& e) {
        failure += std::string("\nthe state could not be written: ") + e.what();
      }
    } catch (...) {
      error = std::current_exception();
      code = code_of(error, failure);
    }
  }
  if (code == exit_io || code == exit_resources) failure += advice_after(options, output);

  const std::string hash = error ? std::string() : hex16(simulation.hash());
  const std::string signal = SignalWatch::name();
  provenance.end = utc_now();
  provenance.exit_code = code;
  provenance.exit_reason = code == exit_done          ? "done"
                           : code == exit_interrupted ? "interrupted by " + signal
                                                      : failure;
  provenance.steps = simulation.steps();
  provenance.days = simulation.time() / minutes_per_day;
  provenance.final_hash = hash;
  try {
    folder.write_provenance(provenance);
    if (options.profile) {
      const std::vector<ProfileRow> rows = profile_rows(executor);
      for (const std::string& text : profile_table(rows, simulation.steps() - start, writing))
        console.line(text);
      write_file_atomically(output / "profile.csv", profile_csv(rows));
    }
    if (error) {
      console.log("error: " + failure);
    } else {
      if (folder.last_frame().empty())
        console.line("frames      none");
      else
        console.line("frames      " + (output / "{fields,cells,vessels}.pvd").string() +
                     " (ParaView), last " + folder.last_frame());
      console.line("memory      " + bytes_of(peak_memory()) + " at the peak");
      console.line("metrics     " + (output / "metrics.csv").string() + ", " +
                   (output / "events.csv").string());
      if (!folder.last_frame().empty())
        console.line("picture     xvfb-run -a /usr/bin/python3 viz/quicklook.py " +
                     shell_word(output));
      console.line("curves      /usr/bin/python3 viz/curves.py " + shell_word(output));
      if (code == exit_interrupted) {
        console.warn("interrupted by " + signal + " after step " +
                     std::to_string(simulation.steps()) + ", day " + day_text(simulation.time()) +
                     ", hash " + hash);
        if (checkpoints_available()) {
          console.warn("continue with: " +
                       continuation(options, output, folder.checkpoint_path(simulation.steps())));
        }
      } else {
        console.result("final hash " + hash);
      }
    }
    console.forget_log();
    folder.seal();
  } catch (const std::exception& e) {
    console.forget_log();
    if (!error) throw;
    failure += std::string("\nand the run folder could not be finished: ") + e.what();
  }
  if (error) {
    console.warn(failure);
    return code;
  }
  return code;
}

int validate_command(const fs::path& file) {
  const Config config = read_config(file);
  const Parameters& p = config.parameters;
  const Schedule schedule = schedule_of(p);
  const Needs needs = needs_of(p, schedule);
  if (schedule.frames > 0) {
    try {
      frame_axes(p.domain.voxels, p.domain.spacing, p.output);
    } catch (const std::runtime_error& e) {
      throw ConfigError(e.what());
    }
  }
  for (const std::string& text : describe_plan(p, schedule, needs))
    std::printf("%s\n", text.c_str());
  std::string note;
  const Executor executor = choose_executor("auto", 0, note);
  const fs::path output = default_output(config);
  std::printf("back end    %s%s, %s of memory free\n", executor.description().c_str(),
              note.empty() ? "" : ("  (" + note + ")").c_str(),
              bytes_of(executor.memory_available()).c_str());
  std::printf("run folder  %s, %s of disk free\n", output.c_str(),
              bytes_of(disk_free(output)).c_str());
  std::fflush(stdout);
  require(needs, p, executor, output);
  read_inputs(p);
  std::printf("%s is valid\n", file.c_str());
  return exit_done;
}

int hash_command(const fs::path& what) {
  std::error_code ignored;
  const auto say = [](std::int64_t step, const std::string& hash) {
    std::printf("step %lld hash %s\n", static_cast<long long>(step), hash.c_str());
    return static_cast<int>(exit_done);
  };
  if (!fs::exists(what, ignored))
    throw IoError(what.string() + ": there is no such run or checkpoint");
  if (!fs::is_directory(what, ignored)) {
    const CheckpointHeader h = check_checkpoint(what);
    return say(h.step, hex16(h.hash));
  }
  std::string damaged;
  for (const auto& [step, file] : checkpoints_of(what)) {
    try {
      const CheckpointHeader h = check_checkpoint(file);
      if (!damaged.empty()) std::fprintf(stderr, "metavox: %s\n", damaged.c_str());
      return say(h.step, hex16(h.hash));
    } catch (const CheckpointError& e) {
      damaged += (damaged.empty() ? "" : "\n") + std::string(e.what());
    }
  }
  if (!damaged.empty()) std::fprintf(stderr, "metavox: %s\n", damaged.c_str());
  const LastRow last = last_row_of(what / "metrics.csv");
  if (last.row.size() > 2 && last.header.size() > 2 && last.header[1] == "step")
    return say(std::stoll(last.row[1]), last.row[2]);
  throw IoError(what.string() +
                " has no checkpoint and no metrics.csv with a row: not a run folder");
}

} // namespace metavox
