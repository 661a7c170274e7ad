#include "program/sweep.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <list>
#include <map>
#include <set>
#include <thread>

#include <fcntl.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.hpp"
#include "core/machine.hpp"
#include "input/inputs.hpp"
#include "program/exit_code.hpp"
#include "program/plan.hpp"
#include "program/restart.hpp"
#include "program/signals.hpp"
#include "record/checkpoint.hpp"
#include "record/csv.hpp"
#include "record/provenance.hpp"
#include "record/run_folder.hpp"
#include "record/run_layout.hpp"
#include "record/schedule.hpp"
#include "settings/resolve.hpp"
#include "site/config.hpp"
#include "site/settings_table.hpp"

namespace metavox {

namespace fs = std::filesystem;

namespace {

constexpr const char* table_name = "results.csv";

bool finished(const fs::path& run) {
  const RunSummary summary = summary_of(run);
  return summary.found && summary.exit_code == exit_done;
}

// Started again with other settings, a member's folder must not pass for the new one's result.
void check_member(const fs::path& run, const SweepMember& member, const Config& config) {
  std::error_code ignored;
  if (!fs::exists(run / "resolved.yaml", ignored)) return;
  const std::string old = read_text(run / "resolved.yaml");
  std::vector<std::string> differences =
      setting_differences(settings_table(), old, config.resolved);
  if (differences.empty() && finished(run)) {
    const Parameters there =
        read_config_text(old, run / "resolved.yaml", {}, {}, {}, FilesNamed::may_be_missing)
            .parameters;
    differences = changed_inputs(config.parameters, there.simulation.inputs);
    const Schedule was = schedule_of(there);
    const Schedule is = schedule_of(config.parameters);
    if (was.last != is.last)
      differences.push_back("simulation.duration: " + std::to_string(was.last) + " steps there, " +
                            std::to_string(is.last) + " steps here");
  }
  if (differences.empty()) return;
  std::string text = run.string() + ": member " + member.name +
                     " was made with other settings; choose another folder with -o or remove it";
  for (const std::string& d : differences) text += "\n  " + d;
  throw ConfigError(text);
}

// What a member takes of the machine's memory; that of a device is the member's own matter.
std::uint64_t host_memory(const Parameters& p) {
  const Needs n = needs_of(p, schedule_of(p));
  return n.host + (Executor::cuda_obstacle().empty() ? 0 : n.device);
}

// So many members at a time must fit into memory together, whichever they are. `needs`: of those
// that are left.
void require_room(std::vector<std::uint64_t> needs, int jobs) {
  std::sort(needs.begin(), needs.end(), std::greater<>());
  const Allowance machine = allowance();
  const std::size_t most = std::min(needs.size(), static_cast<std::size_t>(std::max(jobs, 1)));
  std::uint64_t sum = 0;
  std::size_t fit = 0;
  for (std::size_t i = 0; i < most; ++i) {
    sum += needs[i];
    if (sum <= machine.memory) fit = i + 1;
  }
  if (most < 2 || sum <= machine.memory) return;
  if (machine.memory_limit.compare(0, 6, "ulimit") == 0) return; // each process has its own
  throw ResourceError("not enough memory: " + std::to_string(most) + " members at a time need " +
                      bytes_text(sum) + ", there are " + bytes_text(machine.memory) + " free" +
                      limit_text(machine) + "; type --jobs " +
                      std::to_string(std::max<std::size_t>(fit, 1)));
}

// "failed with exit code 4", "was killed by signal 9 (Killed), as systems do where memory runs out"
std::string failure_text(int status) {
  if (!WIFSIGNALED(status)) return "failed with exit code " + std::to_string(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  return "was killed by signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")" +
         (signal == SIGKILL ? ", as systems do where memory runs out" : "");
}

// Becomes the member that `argv` describes; never returns. `heard`: the signals that it is to hear
// once none of them is caught as the sweep does.
[[noreturn]] void become_member(char** argv, pid_t sweep, const sigset_t& heard) {
  // A group of its own: Ctrl-C reaches it through the sweep, once.
  ::setpgid(0, 0);
  sigset_t watched;
  sigemptyset(&watched);
  SignalWatch::add_to(watched);
  for (int number = 1; number < NSIG; ++number)
    if (sigismember(&watched, number) == 1) std::signal(number, SIG_DFL);
#if defined(__linux__)
  // However the sweep ends, by `kill -9` as well, its members are told to write a checkpoint and
  // end. One that began when the sweep was gone already would never be told.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != sweep) ::_exit(exit_interrupted);
#else
  static_cast<void>(sweep);
#endif
  ::sigprocmask(SIG_SETMASK, &heard, nullptr);
  // What a member says is in its own log.txt; only errors come through.
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0) ::dup2(nowhere, STDOUT_FILENO);
  ::execv("/proc/self/exe", argv);
  std::fprintf(stderr, "metavox: cannot start a member: %s\n", std::strerror(errno));
  ::_exit(exit_resources);
}

pid_t start(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  std::fflush(nullptr); // what is not printed yet would be printed by both
  // What a member is told before it can hear is kept for it.
  sigset_t all, before;
  sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, &before);
  const pid_t sweep = ::getpid(), pid = ::fork();
  if (pid == 0) become_member(argv.data(), sweep, before);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw ResourceError(std::string("cannot start a member: ") + std::strerror(errno));
  return pid;
}

void write_table(const fs::path& folder, const SweepConfig& sweep,
                 const std::vector<SweepMember>& members) {
  std::vector<std::string> columns; // of metrics, in the order they are met
  std::vector<LastRow> rows;
  std::vector<RunSummary> summaries;
  for (const SweepMember& m : members) {
    summaries.push_back(summary_of(folder / m.name));
    rows.push_back(last_row_of(folder / m.name / "metrics.csv"));
    for (const std::string& c : rows.back().header)
      if (c != "hash" && std::find(columns.begin(), columns.end(), c) == columns.end())
        columns.push_back(c);
  }
  std::string text = "member";
  for (const auto& [key, values] : sweep.grid) text += "," + csv_cell(key);
  text += ",replicate,seed,exit code,final hash";
  for (const std::string& c : columns) text += "," + csv_cell(c);
  text += "\n";
  for (std::size_t i = 0; i < members.size(); ++i) {
    const SweepMember& m = members[i];
    text += csv_cell(m.name);
    for (const std::string& v : m.values) text += "," + csv_cell(v);
    text += "," + std::to_string(m.replicate) + "," + std::to_string(m.seed) + ",";
    if (summaries[i].exit_code >= 0) text += std::to_string(summaries[i].exit_code);
    text += "," + (summaries[i].exit_code == exit_done ? summaries[i].final_hash : std::string());
    for (const std::string& c : columns) {
      const auto at = std::find(rows[i].header.begin(), rows[i].header.end(), c);
      const auto n = static_cast<std::size_t>(at - rows[i].header.begin());
      text += "," + (n < rows[i].row.size() ? csv_cell(rows[i].row[n]) : std::string());
    }
    text += "\n";
  }
  write_file_atomically(folder / table_name, text);
}

} // namespace

namespace {

// Of a folder: what would not be plain in one is left out or replaced, and where that loses more
// than blanks a checksum of all values follows.
std::string name_of(const SweepConfig& sweep, const SweepMember& m) {
  constexpr std::size_t longest = 120;
  std::string name, exact;
  bool lossy = false;
  for (std::size_t k = 0; k < sweep.grid.size(); ++k) {
    if (m.values[k].empty()) continue;
    if (!name.empty()) name += ',';
    exact += sweep.grid[k].first + "=" + m.values[k] + "\n";
    for (const char c : sweep.grid[k].first + "=" + m.values[k]) {
      const bool plain =
          std::isalnum(static_cast<unsigned char>(c)) != 0 || std::strchr("=.+-_%,", c) != nullptr;
      if (c == ' ' || c == '^') continue;
      name += plain ? c : '_';
      lossy = lossy || (!plain && c != '/');
    }
  }
  if (lossy || name.size() > longest) {
    name.resize(std::min(name.size(), longest));
    name += "-" + hex8(crc32(exact.data(), exact.size()));
  }
  return name + (name.empty() ? "r" : "_r") + std::to_string(m.replicate);
}

} // namespace

namespace {

// Values of the grid, point by point.
std::vector<std::vector<std::string>> points_of(const SweepConfig& sweep) {
  std::vector<std::vector<std::string>> points{std::vector<std::string>(sweep.grid.size())};
  if (sweep.one_at_a_time) {
    const std::vector<std::string> none = points.front();
    for (std::size_t k = 0; k < sweep.grid.size(); ++k)
      for (const std::string& value : sweep.grid[k].second) {
        points.push_back(none);
        points.back()[k] = value;
      }
    return points;
  }
  for (std::size_t k = 0; k < sweep.grid.size(); ++k) {
    std::vector<std::vector<std::string>> wider;
    for (const std::vector<std::string>& point : points)
      for (const std::string& value : sweep.grid[k].second) {
        wider.push_back(point);
        wider.back()[k] = value;
      }
    points = std::move(wider);
  }
  return points;
}

} // namespace

std::vector<SweepMember> members_of(const SweepConfig& sweep) {
  std::vector<SweepMember> members;
  std::set<std::string> names;
  for (const std::vector<std::string>& point : points_of(sweep))
    for (int r = 1; r <= sweep.replicates; ++r) {
      SweepMember m;
      m.replicate = r;
      m.seed = sweep.seed + static_cast<std::uint64_t>(r - 1);
      for (const auto& [key, value] : sweep.set) m.overrides.push_back(key + "=" + value);
      m.values = point;
      for (std::size_t k = 0; k < sweep.grid.size(); ++k)
        if (!point[k].empty()) m.overrides.push_back(sweep.grid[k].first + "=" + m.values[k]);
      m.name = name_of(sweep, m);
      if (!names.insert(m.name).second)
        throw ConfigError("the sweep has two members " + m.name +
                          "; a value stands twice in a list of its grid, remove one");
      members.push_back(std::move(m));
    }
  return members;
}

namespace {

// Until the program ends, no other sweep works in this folder.
Descriptor lock_sweep(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder))
    throw IoError("cannot make the folder " + folder.string() + ": " + error.message());
  Descriptor lock(::open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  struct flock whole {};
  whole.l_type = F_WRLCK;
  if (lock.open() && ::fcntl(lock.get(), F_SETLK, &whole) != 0 &&
      (errno == EAGAIN || errno == EACCES)) {
    whole.l_type = F_WRLCK;
    ::fcntl(lock.get(), F_GETLK, &whole);
    throw IoError("the sweep folder " + folder.string() + " is in use by process " +
                  std::to_string(whole.l_pid));
  }
  return lock;
}

// What a sweep leaves that is killed while it writes its table.
void remove_half_tables(const fs::path& folder) {
  std::error_code ignored;
  for (const fs::path& entry : entries(folder)) {
    const std::string name = entry.filename().string();
    if (is_temporary(name) && name.find(table_name) == 1) fs::remove(entry, ignored);
  }
}

// Members on their way, so many at a time.
class Members {
public:
  Members(const SweepConfig& config, const std::vector<SweepMember>& members, fs::path folder,
          int jobs)
      : config_(config), members_(members), folder_(std::move(folder)), jobs_(std::max(1, jobs)) {
    for (const SweepMember& m : members_)
      if (!is_over(m)) left_.push_back(&m);
    done_ = members_.size() - left_.size();
    std::printf("%zu members in %s, %zu finished before\n", members_.size(), folder_.c_str(),
                done_);
    std::fflush(stdout);
    tabulate(true);
  }

  bool any_left() const { return !left_.empty() || !running_.empty(); }

  // As many as there is room for, until a signal comes. What another process still writes, such as
  // a member of a sweep that was killed, waits for that process and lets others pass.
  void start_some() {
    for (auto it = left_.begin(); it != left_.end() && has_room();) {
      const SweepMember& m = **it;
      if (const auto user = RunFolder::user_of(folder_ / m.name)) {
        tell_wait(m, *user);
        ++it;
        continue;
      }
      it = left_.erase(it);
      if (finished(folder_ / m.name))
        tell_end(m, 0);
      else
        start_one(m);
    }
  }

  // They write checkpoints and end; no more are started.
  void stop() {
    for (const auto& [pid, i] : running_) ::kill(pid, SIGTERM);
    left_.clear();
  }

  // Waits a little where none ends.
  void take_one_that_ended() {
    if (!any_left()) return;
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return;
    }
    const auto found = running_.find(pid);
    if (found == running_.end()) return;
    const SweepMember& m = *found->second;
    running_.erase(found);
    tell_end(m, status);
    tabulate(false);
  }

  // The table of all members. Writing it after each of thousands would cost the square of their
  // number, so unless `now` it waits until that takes a tenth of the time at most.
  void tabulate(bool now) {
    if (!now && seconds_since(tabulated_) < 10 * table_seconds_) return;
    const Clock::time_point begin = Clock::now();
    write_table(folder_, config_, members_);
    table_seconds_ = seconds_since(begin);
    tabulated_ = Clock::now();
  }

  std::size_t failed() const { return failed_; }
  int worst() const { return worst_; }

private:
  bool has_room() const {
    return !SignalWatch::seen() && running_.size() < static_cast<std::size_t>(jobs_);
  }
  bool is_over(const SweepMember& m) const {
    return finished(folder_ / m.name) && !RunFolder::user_of(folder_ / m.name);
  }

  void start_one(const SweepMember& m) {
    const fs::path run = folder_ / m.name;
    std::vector<std::string> arguments = {
        "metavox", "run",    config_.config.string(), "-o", run.string(),
        "--quiet", "--seed", std::to_string(m.seed)};
    if (config_.until) arguments.insert(arguments.end(), {"--until", *config_.until});
    for (const std::string& o : m.overrides) arguments.insert(arguments.end(), {"--set", o});
    const int cores = allowance().processors;
    if (jobs_ > 1)
      arguments.insert(arguments.end(), {"--threads", std::to_string(std::max(1, cores / jobs_))});
    const fs::path checkpoint = newest_checkpoint(run);
    if (!checkpoint.empty())
      arguments.insert(arguments.end(), {"--restart", checkpoint.string()});
    else if (looks_like_run(run))
      arguments.push_back("--force"); // begun, but nothing to continue from
    running_[start(arguments)] = &m;
    std::printf("%s  started%s\n", m.name.c_str(),
                checkpoint.empty() ? "" : " from its checkpoint");
    std::fflush(stdout);
  }

  void tell_wait(const SweepMember& m, const std::string& user) {
    if (!waits_.insert(&m).second) return;
    std::printf("%s  waits for process %s, which is writing it\n", m.name.c_str(), user.c_str());
    std::fflush(stdout);
  }

  // `status` as waitpid() gives it; 0 is what one says that ended well.
  void tell_end(const SweepMember& m, int status) {
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : exit_internal;
    std::string how = "interrupted";
    if (code == exit_done) {
      ++done_;
      how = "hash " + summary_of(folder_ / m.name).final_hash;
    } else if (code != exit_interrupted) {
      ++failed_;
      worst_ = std::max(worst_, code);
      how = failure_text(status);
    }
    std::printf("%s  %s (%zu of %zu done)\n", m.name.c_str(), how.c_str(), done_, members_.size());
    std::fflush(stdout);
  }

  const SweepConfig& config_;
  const std::vector<SweepMember>& members_;
  const fs::path folder_;
  const int jobs_;
  std::map<pid_t, const SweepMember*> running_;
  std::list<const SweepMember*> left_; // not started yet, in their order
  std::set<const SweepMember*> waits_; // told to wait for another process
  std::size_t done_ = 0, failed_ = 0;
  int worst_ = exit_done;
  Clock::time_point tabulated_;
  double table_seconds_ = 0;
};

} // namespace

int sweep(const SweepOptions& options) {
  const SweepConfig config = read_sweep(options.sweep);
  const std::vector<SweepMember> members = members_of(config);
  const fs::path folder =
      options.output.empty() ? fs::path("runs") / options.sweep.stem() : options.output;

  // Every member is checked before the first one starts.
  std::vector<std::uint64_t> needs;
  for (const SweepMember& m : members) {
    const Config whole = read_config(config.config, m.overrides, m.seed, config.until);
    check_member(folder / m.name, m, whole);
    if (!finished(folder / m.name)) needs.push_back(host_memory(whole.parameters));
  }
  require_room(std::move(needs), options.jobs);

  const Descriptor lock = lock_sweep(folder);
  remove_half_tables(folder);
  const SignalWatch signals;
  Members work(config, members, folder, options.jobs);
  for (bool stopped = false; work.any_left(); work.take_one_that_ended()) {
    work.start_some();
    if (SignalWatch::seen() && !stopped) {
      work.stop();
      stopped = true;
    }
  }
  work.tabulate(true);
  std::printf("table: %s\n", (folder / table_name).c_str());
  if (work.failed() > 0)
    std::fprintf(stderr, "metavox: %zu members failed; see their log.txt\n", work.failed());
  return SignalWatch::seen() ? exit_interrupted : work.worst();
}

} // namespace metavox
