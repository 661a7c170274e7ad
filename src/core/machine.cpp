#include "core/machine.hpp"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <mutex>
#include <optional>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <omp.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/errors.hpp"

namespace metavox {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> lines_of(const fs::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// Nothing where the file is missing or says "max".
std::optional<double> number_in(const fs::path& file) {
  std::ifstream in(file);
  double value = 0;
  if (!(in >> value)) return {};
  return value;
}

// The number behind a word in a file of lines "word number"; 0 where there is none.
double entry_of(const std::vector<std::string>& lines, const std::string& word) {
  for (const std::string& line : lines) {
    const std::vector<std::string> words = words_of(line);
    if (words.size() >= 2 && words[0] == word) return std::strtod(words[1].c_str(), nullptr);
  }
  return 0;
}

// ---- control groups

// mountinfo writes blanks and the like as \040.
std::string without_escapes(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>(std::strtol(text.substr(i + 1, 3).c_str(), nullptr, 8));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool has_word(const std::string& list, const std::string& word) {
  return ("," + list + ",").find("," + word + ",") != std::string::npos;
}

// A hierarchy as it is mounted here. A container may see only a part of it, whose root is `top`.
struct Hierarchy {
  bool unified = false; // version 2
  std::string top;
  fs::path mounted;
  std::string controllers; // version 1: "cpu,cpuacct"
};

std::vector<Hierarchy> hierarchies(const fs::path& root) {
  std::vector<Hierarchy> found;
  for (const std::string& line : lines_of(root / "proc/self/mountinfo")) {
    // number parent device top mounted options [optional ...] - type source options
    const std::vector<std::string> words = words_of(line);
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 5 || words.end() - dash < 4) continue;
    const std::string& type = dash[1];
    if (type != "cgroup" && type != "cgroup2") continue;
    found.push_back({type == "cgroup2", without_escapes(words[3]),
                     root / fs::path(without_escapes(words[4])).relative_path(), dash[3]});
  }
  return found;
}

// The process's place in the hierarchy of a controller; version 2 has one for all.
std::optional<std::string> place_in(const Hierarchy& hierarchy, const std::string& controller,
                                    const fs::path& root) {
  if (!hierarchy.unified && !has_word(hierarchy.controllers, controller)) return {};
  for (const std::string& line : lines_of(root / "proc/self/cgroup")) {
    // number:controllers:place
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string names = line.substr(first + 1, second - first - 1);
    if (hierarchy.unified ? names.empty() : has_word(names, controller))
      return line.substr(second + 1);
  }
  return {};
}

// From the process's own group up to the root that is seen here.
std::vector<fs::path> groups(const Hierarchy& hierarchy, const std::string& place) {
  std::string below = place;
  if (hierarchy.top != "/") {
    const bool inside = place.compare(0, hierarchy.top.size(), hierarchy.top) == 0;
    below = inside ? place.substr(hierarchy.top.size()) : std::string();
  }
  // A place outside what is mounted is told as /.. and cannot be looked at.
  if (below.find("..") != std::string::npos) below.clear();
  std::vector<fs::path> chain = {hierarchy.mounted};
  for (const fs::path& part : fs::path(below).relative_path())
    if (!part.empty()) chain.push_back(chain.back() / part);
  std::reverse(chain.begin(), chain.end());
  return chain;
}

// Version 1 says "unlimited" by a number near 2^63.
constexpr double unlimited = 4e18;

// Memory a group leaves; nothing where it sets no limit. The kernel drops what it only keeps of
// files before it kills anyone.
std::optional<double> room_in(const fs::path& group, bool unified) {
  const std::vector<std::string> stat = lines_of(group / "memory.stat");
  std::optional<double> limit;
  double used = 0, droppable = 0;
  if (unified) {
    // Beyond memory.high a process is not killed but held up until it hardly moves.
    for (const char* name : {"memory.max", "memory.high"})
      if (const auto bytes = number_in(group / name))
        limit = std::min(limit.value_or(*bytes), *bytes);
    used = number_in(group / "memory.current").value_or(0);
    for (const char* name : {"active_file", "inactive_file", "slab_reclaimable"})
      droppable += entry_of(stat, name);
  } else {
    limit = number_in(group / "memory.limit_in_bytes");
    used = number_in(group / "memory.usage_in_bytes").value_or(0);
    for (const char* name : {"total_active_file", "total_inactive_file"})
      droppable += entry_of(stat, name);
  }
  if (!limit || *limit >= unlimited) return {};
  return std::max(0.0, *limit - std::max(0.0, used - droppable));
}

// Processors' worth of time that a group allows; nothing where it sets no limit.
std::optional<double> quota_in(const fs::path& group, bool unified) {
  double quota = 0, period = 0;
  if (unified) {
    std::ifstream in(group / "cpu.max");
    if (!(in >> quota >> period)) return {};
  } else {
    quota = number_in(group / "cpu.cfs_quota_us").value_or(-1);
    period = number_in(group / "cpu.cfs_period_us").value_or(0);
  }
  if (quota <= 0 || period <= 0) return {};
  return quota / period;
}

// f(group, unified) of every group that the process belongs to by this controller.
template <class F>
void for_each_group(const fs::path& root, const std::string& controller, const F& f) {
  for (const Hierarchy& h : hierarchies(root))
    if (const auto place = place_in(h, controller, root))
      for (const fs::path& group : groups(h, *place)) f(group, h.unified);
}

// ---- memory

// What the kernel believes could be given out without swapping.
std::uint64_t free_memory(const fs::path& root) {
  const double kib = entry_of(lines_of(root / "proc/meminfo"), "MemAvailable:");
  if (kib > 0) return static_cast<std::uint64_t>(kib) * 1024;
  return static_cast<std::uint64_t>(sysconf(_SC_AVPHYS_PAGES)) *
         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void limit_memory(Allowance& a, double bytes, const std::string& by) {
  if (bytes >= static_cast<double>(a.memory)) return;
  a.memory = static_cast<std::uint64_t>(bytes);
  a.memory_limit = by;
}

// ---- processors

int built_in() { return std::max(1, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN))); }

// Those the process may run on: batch systems and `taskset` choose.
int permitted() {
  for (int room = 1024; room <= 1 << 20; room *= 2) {
    cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(room));
    if (set == nullptr) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(room));
    const int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
  return built_in();
}

std::string processors_text(int n) {
  return std::to_string(n) + (n == 1 ? " processor" : " processors");
}

// As many as the environment asks OpenMP for; 0 where it does not.
int from_environment() {
  const char* text = std::getenv("OMP_NUM_THREADS");
  return text != nullptr && *text != '\0' ? omp_get_max_threads() : 0;
}

} // namespace

Allowance allowance(const fs::path& root) {
  Allowance a;
  a.memory = free_memory(root);
  for_each_group(root, "memory", [&](const fs::path& group, bool unified) {
    if (const auto room = room_in(group, unified))
      limit_memory(a, *room, "the memory limit of the control group " + group.string());
  });
  const std::vector<std::string> status = lines_of(root / "proc/self/status");
  for (const auto& [resource, used, name] : {std::tuple{RLIMIT_AS, "VmSize:", "ulimit -v"},
                                             std::tuple{RLIMIT_DATA, "VmData:", "ulimit -d"}}) {
    rlimit limit{};
    if (::getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
      limit_memory(
          a, std::max(0.0, static_cast<double>(limit.rlim_cur) - 1024 * entry_of(status, used)),
          name);
  }

  a.processors = permitted();
  if (a.processors < built_in()) a.processor_limit = "the processors this process may run on";
  for_each_group(root, "cpu", [&](const fs::path& group, bool unified) {
    const auto quota = quota_in(group, unified);
    if (!quota) return;
    // A team whose members are all held up for a part of the time still does as much as the quota
    // allows, so half a processor and more counts as one.
    const int whole = std::max(1, static_cast<int>(std::min(std::round(*quota), 1e6)));
    if (whole >= a.processors) return;
    a.processors = whole;
    a.processor_limit = "the processor quota of the control group " + group.string();
  });
  return a;
}

int threads_for(int asked, std::int64_t voxels, const Allowance& machine, std::string& note) {
  // More threads than processors take turns and give the same bits, which may be what somebody
  // wants to see. Thousands of them bring a machine to a halt.
  constexpr int turns = 4;
  // Below that, threads wait for each other as long as they work: 32³ takes as long on two as on
  // one.
  constexpr std::int64_t share = 32768; // voxels
  note.clear();
  const std::string have = processors_text(machine.processors) +
                           (machine.processor_limit.empty() ? "" : ", " + machine.processor_limit);
  if (asked > 0) {
    const int most = turns * machine.processors;
    if (asked <= most) return asked;
    note = std::to_string(asked) + " threads were asked for; there are " + have;
    return most;
  }
  int threads = from_environment();
  if (threads > machine.processors)
    note = "OMP_NUM_THREADS asks for " + std::to_string(threads) + " threads; there are " + have;
  if (threads > 0) return std::min(threads, machine.processors);
  threads = machine.processors;
  if (!machine.processor_limit.empty()) note = machine.processor_limit;
  if (voxels > 0 && voxels / share < threads) {
    threads = static_cast<int>(std::max<std::int64_t>(1, voxels / share));
    note = "a lattice this small is no faster on more; --threads N insists";
  }
  return threads;
}

void require_threads(int threads) {
  std::mutex mutex;
  std::condition_variable all_made;
  bool over = false;
  std::vector<std::thread> made;
  std::string failure;
  try {
    for (int n = 1; n < threads; ++n)
      made.emplace_back([&] {
        std::unique_lock<std::mutex> lock(mutex);
        all_made.wait(lock, [&] { return over; });
      });
  } catch (const std::exception& e) {
    failure = e.what();
  }
  {
    const std::lock_guard<std::mutex> guard(mutex);
    over = true;
  }
  all_made.notify_all();
  for (std::thread& t : made) t.join();
  if (failure.empty()) return;
  const std::size_t got = made.size() + 1;
  throw ResourceError(
      "the system gives this process " + std::to_string(got) + (got == 1 ? " thread" : " threads") +
      ", not the " + std::to_string(threads) + " that are needed (" + failure + "); " +
      (got > 1 ? "type --threads " + std::to_string(got - 1) + ", or " : std::string()) +
      advice_on_threads);
}

} // namespace metavox
