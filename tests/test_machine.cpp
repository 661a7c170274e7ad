// What the machine lets a process have: limits of control groups, shells and batch systems, told by
// trees that look like /proc and /sys, and by the system itself.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.hpp"
#include "core/errors.hpp"
#include "core/executor.hpp"
#include "core/machine.hpp"
#include "core/team.hpp"
#include "folder.hpp"
#include "record/checkpoint.hpp"

namespace metavox {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t mib = 1 << 20;

// A root with 8 GiB free and what a test adds.
class Tree {
public:
  Tree() {
    put("proc/meminfo",
        "MemTotal:  16777216 kB\nMemFree:  1048576 kB\nMemAvailable:  8388608 kB\n");
  }
  void put(const std::string& name, const std::string& text) const {
    const fs::path file = folder_.path() / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  Allowance look() const { return allowance(folder_.path()); }

private:
  Folder folder_;
};

// A system of today: one hierarchy, all controllers.
void unified(const Tree& t, const std::string& place, const std::string& top = "/") {
  t.put("proc/self/mountinfo", "24 1 0:21 / /sys rw - sysfs sysfs rw\n35 24 0:30 " + top +
                                   " /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
  t.put("proc/self/cgroup", "0::" + place + "\n");
}

// One of yesterday: a hierarchy for each controller, and an empty one of version 2 beside them.
void divided(const Tree& t, const std::string& place, const std::string& top = "/") {
  t.put("proc/self/mountinfo",
        "32 31 0:29 " + top + " /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
            "35 31 0:32 " + top + " /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
            "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  t.put("proc/self/cgroup", "4:memory:" + place + "\n2:cpu,cpuacct:" + place + "\n0::/\n");
}

TEST(Machine, HasWhatTheKernelSaysWhereNobodySetsALimit) {
  const Tree t;
  EXPECT_EQ(t.look().memory, 8192 * mib);
  EXPECT_EQ(t.look().memory_limit, "");
  unified(t, "/user.slice/session");
  t.put("sys/fs/cgroup/user.slice/session/memory.max", "max\n");
  t.put("sys/fs/cgroup/user.slice/session/memory.current", "1048576\n");
  t.put("sys/fs/cgroup/user.slice/session/cpu.max", "max 100000\n");
  EXPECT_EQ(t.look().memory, 8192 * mib);
  EXPECT_EQ(t.look().memory_limit, "");
  EXPECT_EQ(t.look().processors, allowance().processors);
}

TEST(Machine, SeesTheGroupOfVersion2) {
  const Tree t;
  unified(t, "/batch/job_7/step_0");
  t.put("sys/fs/cgroup/batch/job_7/step_0/memory.max", "1073741824\n");
  t.put("sys/fs/cgroup/batch/job_7/step_0/memory.current", "314572800\n");
  EXPECT_EQ(t.look().memory, 724 * mib);
  EXPECT_NE(t.look().memory_limit.find("job_7/step_0"), std::string::npos);
  // Files that are only kept can be dropped.
  t.put("sys/fs/cgroup/batch/job_7/step_0/memory.stat",
        "anon 104857600\nfile 209715200\nactive_file 104857600\ninactive_file 83886080\n"
        "slab_reclaimable 20971520\n");
  EXPECT_EQ(t.look().memory, 924 * mib);
  // Beyond memory.high nothing moves any more.
  t.put("sys/fs/cgroup/batch/job_7/step_0/memory.high", "536870912\n");
  EXPECT_EQ(t.look().memory, 412 * mib);
}

TEST(Machine, SeesLimitsOfTheGroupsAbove) {
  for (const auto& layout : {unified, divided}) {
    const Tree t;
    layout(t, "/a/b/c", "/");
    const bool two = layout == unified;
    const std::string base = two ? "sys/fs/cgroup/" : "sys/fs/cgroup/memory/";
    const std::string limit = two ? "/memory.max" : "/memory.limit_in_bytes";
    const std::string used = two ? "/memory.current" : "/memory.usage_in_bytes";
    t.put(base + "a" + limit, "536870912\n");
    t.put(base + "a" + used, "0\n");
    t.put(base + "a/b" + limit, "268435456\n");
    t.put(base + "a/b" + used, "134217728\n");
    t.put(base + "a/b/c" + limit, two ? "max\n" : "9223372036854771712\n");
    EXPECT_EQ(t.look().memory, 128 * mib) << base;
    EXPECT_EQ(t.look().memory_limit.substr(t.look().memory_limit.size() - 4), "/a/b");
    // A neighbour of the process took the rest.
    t.put(base + "a" + used, "536000000\n");
    EXPECT_LT(t.look().memory, mib) << base;
    t.put(base + "a" + used, "636870912\n"); // over it
    EXPECT_EQ(t.look().memory, 0u);
  }
}

TEST(Machine, SeesTheGroupOfVersion1) {
  const Tree t;
  divided(t, "/slurm/uid_1000/job_7");
  t.put("sys/fs/cgroup/memory/slurm/uid_1000/job_7/memory.limit_in_bytes", "1073741824\n");
  t.put("sys/fs/cgroup/memory/slurm/uid_1000/job_7/memory.usage_in_bytes", "524288000\n");
  t.put("sys/fs/cgroup/memory/slurm/uid_1000/job_7/memory.stat",
        "inactive_file 1\ntotal_active_file 104857600\ntotal_inactive_file 104857600\n");
  EXPECT_EQ(t.look().memory, 724 * mib);
  // "No limit" is a number as large as there is, rounded to pages.
  t.put("sys/fs/cgroup/memory/slurm/uid_1000/job_7/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(t.look().memory_limit, "");
}

// Without a namespace of its own a container sees its group under a name that is not there: what is
// mounted begins at that group. Others see /.. for what lies outside.
TEST(Machine, SeesTheLimitOfAContainer) {
  for (const std::string place : {"/docker/4f1c", "/docker/4f1c/inner", "/../other", "/"}) {
    const Tree two, one;
    unified(two, place, place == "/" || place == "/../other" ? "/" : "/docker/4f1c");
    two.put("sys/fs/cgroup/memory.max", "536870912\n");
    two.put("sys/fs/cgroup/cpu.max", "100000 100000\n");
    divided(one, place, place == "/" || place == "/../other" ? "/" : "/docker/4f1c");
    one.put("sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
    one.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "100000\n");
    one.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    for (const Tree* t : {&two, &one}) {
      EXPECT_EQ(t->look().memory, 512 * mib) << place;
      EXPECT_EQ(t->look().processors, 1) << place;
    }
  }
}

TEST(Machine, FindsGroupsMountedElsewhereAndUnderNamesWithBlanks) {
  const Tree t;
  t.put("proc/self/mountinfo", "9 1 0:9 / /my\\040groups rw - cgroup2 none rw\n");
  t.put("proc/self/cgroup", "0::/a job: the second\n");
  t.put("my groups/a job: the second/memory.max", "2097152\n");
  EXPECT_EQ(t.look().memory, 2 * mib);
}

TEST(Machine, TakesTornAndForeignFilesForNoLimit) {
  const Tree t;
  t.put("proc/self/mountinfo", "\n- - -\n1 2 3\n35 24 0:30 / /sys/fs/cgroup rw - cgroup2\n"
                               "35 24 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  t.put("proc/self/cgroup", "\n0\n:\n0::/x\n");
  t.put("sys/fs/cgroup/x/memory.max", "");
  t.put("sys/fs/cgroup/x/cpu.max", "100000\n");
  t.put("sys/fs/cgroup/memory.max", "many\n");
  EXPECT_EQ(t.look().memory, 8192 * mib);
  EXPECT_EQ(t.look().processor_limit, allowance().processor_limit);
}

// Quotas count in processors' worth of time; the nearest number of threads, one at least.
TEST(Machine, RoundsTheProcessorQuota) {
  if (allowance().processors < 2) GTEST_SKIP() << "one processor";
  for (const auto& [quota, threads] : std::vector<std::pair<std::string, int>>{
           {"10000", 1}, {"100000", 1}, {"140000", 1}, {"160000", 2}, {"200000", 2}}) {
    const Tree two, one;
    unified(two, "/job");
    two.put("sys/fs/cgroup/job/cpu.max", quota + " 100000\n");
    divided(one, "/job");
    one.put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", quota + "\n");
    one.put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
    for (const Tree* t : {&two, &one}) {
      EXPECT_EQ(std::min(t->look().processors, 2), threads) << quota;
      if (threads == 1) {
        EXPECT_NE(t->look().processor_limit.find("quota"), std::string::npos);
      }
    }
  }
  const Tree none;
  divided(none, "/job");
  none.put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "-1\n");
  none.put("sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(none.look().processors, allowance().processors);
}

// What a child process finds out: 0 if it is as `condition` says.
int in_child(const std::function<bool()>& condition) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(condition() ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Machine, KeepsToTheProcessorsItMayRunOn) {
  EXPECT_EQ(in_child([] {
              cpu_set_t set;
              if (sched_getaffinity(0, sizeof set, &set) != 0) return false;
              int first = 0;
              while (!CPU_ISSET(first, &set)) ++first;
              CPU_ZERO(&set);
              CPU_SET(first, &set);
              return sched_setaffinity(0, sizeof set, &set) == 0 && allowance().processors == 1;
            }),
            0);
}

TEST(Machine, SeesTheLimitsOfAShell) {
  for (const auto& [resource, name] :
       {std::pair{RLIMIT_AS, "ulimit -v"}, std::pair{RLIMIT_DATA, "ulimit -d"}})
    EXPECT_EQ(in_child([r = resource, n = std::string(name)] {
                const rlimit limit{rlim_t{300} << 20, RLIM_INFINITY};
                if (::setrlimit(r, &limit) != 0) return false;
                const Allowance a = allowance();
                return a.memory < 300 * mib && a.memory_limit == n;
              }),
              0)
        << name;
}

// ---- threads

class Environment {
public:
  explicit Environment(const char* threads) {
    if (const char* text = std::getenv("OMP_NUM_THREADS")) old_ = text;
    if (threads != nullptr)
      ::setenv("OMP_NUM_THREADS", threads, 1);
    else
      ::unsetenv("OMP_NUM_THREADS");
  }
  ~Environment() {
    if (old_.empty())
      ::unsetenv("OMP_NUM_THREADS");
    else
      ::setenv("OMP_NUM_THREADS", old_.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

private:
  std::string old_;
};

Allowance with(int processors, const std::string& limit = "") {
  Allowance a;
  a.processors = processors;
  a.processor_limit = limit;
  return a;
}

TEST(Threads, AreAsManyAsThePlaceAllowsAndTheLatticeIsWorth) {
  const Environment nobody(nullptr);
  std::string note;
  EXPECT_EQ(threads_for(0, 256 * 256 * 256, with(64), note), 64);
  EXPECT_EQ(note, "");
  EXPECT_EQ(threads_for(0, 0, with(64), note), 64);
  EXPECT_EQ(threads_for(0, 32 * 32 * 32, with(64), note), 1);
  EXPECT_NE(note.find("small"), std::string::npos);
  EXPECT_EQ(threads_for(0, 8, with(64), note), 1);
  EXPECT_EQ(threads_for(0, 64 * 64 * 64, with(64), note), 8);
  EXPECT_EQ(threads_for(0, 64 * 64 * 64, with(2), note), 2);
  EXPECT_EQ(note, "");
  EXPECT_EQ(threads_for(0, 0, with(2, "the quota of G"), note), 2);
  EXPECT_EQ(note, "the quota of G");
}

TEST(Threads, ThatAreAskedForAreGivenWithinReason) {
  std::string note;
  EXPECT_EQ(threads_for(3, 8, with(1), note), 3);
  EXPECT_EQ(note, "");
  EXPECT_EQ(threads_for(30000, 8, with(2), note), 8);
  EXPECT_EQ(note, "30000 threads were asked for; there are 2 processors");
  EXPECT_EQ(threads_for(4096, 8, with(1, "the quota of G"), note), 4);
  EXPECT_EQ(note, "4096 threads were asked for; there are 1 processor, the quota of G");
}

// A spin is told in time: twenty times the time, twenty times the looks, within a noisy machine.
TEST(Threads, SpinByTheClock) {
  const auto few = static_cast<double>(looks_within(5)),
             many = static_cast<double>(looks_within(100));
  EXPECT_GE(few, 5); // no processor takes a microsecond for a look
  EXPECT_NEAR(many / few, 20, 15);
}

TEST(Threads, ThatCannotBeMadeAreToldWithAdvice) {
  EXPECT_NO_THROW(require_threads(3));
  EXPECT_EQ(in_child([] {
              // Root is above this limit.
              if (::geteuid() == 0 && ::setuid(65534) != 0) return false;
              const rlimit limit{1, 1};
              if (::setrlimit(RLIMIT_NPROC, &limit) != 0) return false;
              try {
                require_threads(3);
              } catch (const ResourceError& e) {
                const std::string text = e.what();
                return text.find("ulimit -u") != std::string::npos &&
                       text.find("not the 3") != std::string::npos;
              }
              return false;
            }),
            0);
}

// ---- the program

struct Said {
  int code;
  std::string text;
};
Said program(const Folder& folder, const std::vector<std::string>& arguments,
             const std::vector<std::pair<std::string, std::string>>& environment,
             const std::function<void()>& prepare = {}) {
  std::vector<std::string> all = {METAVOX_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const fs::path output = folder.path() / "said.txt";
  support::Child child(all, output, environment, prepare);
  const support::Ended ended = child.wait();
  return {ended.signal != 0 ? -ended.signal : ended.code, read_text(output)};
}

constexpr const char* small =
    "simulation: {duration: 12 min}\ndomain: {voxels: [64, 64, 64]}\n"
    "tissue: {cells: [{shape: sphere, kind: epithelial, radius: 100 um}]}\n"
    "output: {frames: 0 min}\n";

#if !defined(METAVOX_SANITIZED)
TEST(ProgramsLimits, TooLittleRoomIsToldBeforeTheRun) {
  const Folder folder;
  const fs::path config = folder.write("small.yaml", small);
  for (const char* command : {"validate", "run"}) {
    std::vector<std::string> arguments = {command, config, "--set",
                                          "domain.voxels=[256, 256, 256]"};
    if (std::string(command) == "run")
      arguments.insert(arguments.end(), {"-o", folder.path() / "run"});
    const Said said = program(folder, arguments, {{"OMP_NUM_THREADS", "1"}}, [] {
      const rlimit limit{rlim_t{900} << 20, rlim_t{900} << 20};
      ::setrlimit(RLIMIT_AS, &limit);
    });
    EXPECT_EQ(said.code, 4) << said.text;
    EXPECT_NE(said.text.find("(ulimit -v)"), std::string::npos) << said.text;
    EXPECT_NE(said.text.find("raise that limit"), std::string::npos) << said.text;
  }
  EXPECT_FALSE(fs::exists(folder.path() / "run"));
}

TEST(ProgramsLimits, ABenchmarkThatDoesNotFitIsToldBeforeItStarts) {
  const Folder folder;
  const Said said = program(
      folder, {"bench", "--size", "256", "--only", "step", "--backend", "cpu", "--threads", "1"},
      {}, [] {
        const rlimit limit{rlim_t{900} << 20, rlim_t{900} << 20};
        ::setrlimit(RLIMIT_AS, &limit);
      });
  EXPECT_EQ(said.code, 4) << said.text;
  EXPECT_NE(said.text.find("a lattice of 256^3 takes "), std::string::npos) << said.text;
  EXPECT_NE(said.text.find("type a smaller --size"), std::string::npos) << said.text;
}

// Members that run at the same time share the memory: two that take two thirds of it each.
TEST(ProgramsLimits, MembersOfASweepMustFitTogether) {
  if (Executor::cuda_obstacle().empty()) GTEST_SKIP() << "members would be on the device";
  const auto edge =
      static_cast<int>(std::cbrt(2.0 / 3 * static_cast<double>(allowance().memory) / 100));
  if (edge > 1200) GTEST_SKIP() << "more memory than two lattices take";
  const Folder folder;
  folder.write("small.yaml", small);
  const std::string n = std::to_string(edge);
  folder.write("sweep.yaml", "config: small.yaml\nreplicates: 3\nset:\n  domain.voxels: [" + n +
                                 ", " + n + ", " + n + "]\n");
  const Said said = program(
      folder, {"sweep", folder.path() / "sweep.yaml", "-o", folder.path() / "s", "--jobs", "2"},
      {});
  EXPECT_EQ(said.code, 4) << said.text;
  EXPECT_NE(said.text.find("2 members at a time need "), std::string::npos) << said.text;
  EXPECT_NE(said.text.find("; type --jobs 1"), std::string::npos) << said.text;
  EXPECT_FALSE(fs::exists(folder.path() / "s"));
}

// Vessels of a file are counted with the state, by a run that reads them and by one that finds them
// in a checkpoint: 40 x 40 of 800 um in a small box.
TEST(ProgramsLimits, VesselsOfAFileAreCountedByARestartToo) {
  if (!checkpoints_available()) GTEST_SKIP() << "this build has no HDF5";
  const Folder folder;
  std::string lines;
  for (int n = 0; n < 1600; ++n)
    for (const int end : {0, 1})
      lines += std::to_string(2 * n + end) + " 2 " + std::to_string(800 * end) + " " +
               std::to_string(10 + n % 40 * 20) + " " + std::to_string(10 + n / 40 * 20) + " 3 " +
               std::to_string(end == 0 ? -1 : 2 * n) + "\n";
  folder.write("comb.swc", lines);
  const fs::path config = folder.write(
      "comb.yaml",
      "simulation: {preset: analytic, duration: 12 min}\ndomain: {voxels: [40, 40, 40]}\n"
      "vessels: {pattern: file, file: comb.swc, ends: [{role: inlet, face: -x}, "
      "{role: outlet, face: +x}]}\noutput: {frames: 0 min, checkpoints: 6 min}\n");
  // MiB behind words of a text.
  const auto told = [](const std::string& text, const std::string& words) {
    const std::size_t at = text.find(words);
    EXPECT_NE(at, std::string::npos) << words << " in " << text;
    return at == std::string::npos ? 0 : std::stod(text.substr(at + words.size()));
  };
  const auto within = [&](double most, const std::vector<std::string>& words) {
    return program(folder, words, {{"OMP_NUM_THREADS", "1"}}, [most] {
      const rlimit limit{static_cast<rlim_t>(most * mib), static_cast<rlim_t>(most * mib)};
      if (most > 0) ::setrlimit(RLIMIT_AS, &limit);
    });
  };
  const auto run = [&](double most, std::vector<std::string> more) {
    const fs::path output = folder.path() / ("run" + std::to_string(more.size()));
    fs::remove_all(output);
    more.insert(more.begin(), {"run", config, "-o", output});
    return within(most, more);
  };
  const Said plan = within(0, {"validate", config});
  ASSERT_EQ(plan.code, 0) << plan.text;
  const double rest = told(plan.text, "together at most "),
               vessels = told(plan.text.substr(plan.text.rfind("memory ")), "memory ");
  EXPECT_GT(vessels, rest);
  const Said large = within(900, {"validate", config, "--set", "domain.voxels=[256, 256, 256]"});
  const double libraries = 900 - told(large.text, "it may take ");

  ASSERT_EQ(run(0, {}).code, 0);
  const fs::path checkpoint = folder.path() / "run0" / "checkpoints" / "step_00000001.h5";
  const std::vector<std::string> restart = {"--restart", checkpoint};
  EXPECT_EQ(run(0, restart).code, 0);
  for (const std::vector<std::string>& words : {restart, {}}) {
    const Said said = run(libraries + rest + 0.8 * vessels, words);
    EXPECT_EQ(said.code, 4) << said.text;
    EXPECT_NE(said.text.find("not enough memory: the run needs"), std::string::npos) << said.text;
  }
}

TEST(ProgramsLimits, ThreadsThatCannotBeMadeEndWithCode4) {
  const Folder folder;
  const fs::path config = folder.write("small.yaml", small);
  fs::permissions(folder.path(), fs::perms::all);
  const auto few = [] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(99);
    const rlimit limit{1, 1};
    ::setrlimit(RLIMIT_NPROC, &limit);
  };
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"run", config, "-o", folder.path() / "run", "--threads", "2"},
           {"run", config, "-o", folder.path() / "run", "--threads", "1"},
           {"selfcheck"},
           {"bench", "--size", "64", "--threads", "2"}}) {
    const Said said = program(folder, arguments, {{"OMP_NUM_THREADS", "2"}}, few);
    EXPECT_EQ(said.code, 4) << arguments[0] << ": " << said.text;
    EXPECT_NE(said.text.find("ulimit -u"), std::string::npos) << arguments[0] << ": " << said.text;
  }
}

TEST(ProgramsLimits, ThousandsOfThreadsAreCapped) {
  const Folder folder;
  const fs::path config = folder.write("small.yaml", small);
  const Said said =
      program(folder, {"run", config, "-o", folder.path() / "run"}, {{"OMP_NUM_THREADS", "30000"}});
  EXPECT_EQ(said.code, 0) << said.text;
  EXPECT_NE(said.text.find("OMP_NUM_THREADS asks for 30000 threads; there are "), std::string::npos)
      << said.text;
}
#endif

} // namespace
} // namespace metavox
