// What happens to a run that is killed, whose disk fills up, whose memory ends, whose numbers go
// wrong: by the program itself, run as users run it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.hpp"
#include "core/errors.hpp"
#include "folder.hpp"
#include "input/vtk_reader.hpp"
#include "program/restart.hpp"
#include "program/run.hpp"
#include "pvd_check.hpp"
#include "record/checkpoint.hpp"
#include "record/csv.hpp"
#include "record/run_folder.hpp"
#include "record/verify.hpp"
#include "site/config.hpp"
#include "site/site.hpp"
#include "viz/vtk_available.hpp"

namespace metavox {
namespace {

namespace fs = std::filesystem;
using support::Child;
using support::Ended;

// Vessels that grow, every field, and something written at almost every step.
const char* const small_run = R"(
simulation: {name: small, seed: 7, duration: 3 h}
domain: {voxels: [14, 13, 12], spacing: 20 um}
glucose: {enabled: true}
inhibitor: {enabled: true}
vegf: {enabled: true, hypoxic_secretion: 1 molecules/s/cell}
mutation: {probability: 0.05}
sprouting: {enabled: true, rate: 0.02 1/min}
regression: {enabled: true}
vessels: {pattern: grid, spacing: 100 um}
tracers: {count: 20}
tissue: {cells: [{shape: sphere, kind: epithelial, radius: 60 um, mesenchymal_fraction: 0.3}]}
output: {frames: 36 min, report: 18 min, checkpoints: 24 min, keep: 2}
)";
constexpr std::int64_t steps_between_checkpoints = 4;

class Faults : public testing::Test {
protected:
  Faults() { std::ofstream(config) << small_run; }
  void kill_at_random_moments(int times);

  std::vector<std::string> command(const fs::path& folder,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {
        METAVOX_PROGRAM, "run", config.string(), "-o", folder.string(),
        "--threads",     "1",   "--backend",     "cpu"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // As a batch system starts it, whatever happened: goes on where there is something to go on from.
  std::vector<std::string> command_after_death(const fs::path& folder) const {
    return command(folder, {"--resume"});
  }
  std::string said() const { return read_text(log); }
  // "251.94 MiB ..."
  static double mebibytes(const std::string& text) {
    double value = 0;
    char unit[8] = "";
    if (std::sscanf(text.c_str(), "%lf %7s", &value, unit) != 2) return -1;
    return value * (unit[0] == 'G' ? 1024 : unit[0] == 'K' ? 1.0 / 1024 : 1);
  }
  // Where the program first said it; -1: nowhere.
  double mebibytes_behind(const std::string& key) const {
    const std::string text = said();
    const std::size_t at = text.find(key);
    return at == std::string::npos ? -1 : mebibytes(text.substr(at + key.size(), 40));
  }

  // What comes of the run when nothing happens to it: hash, tables.
  struct Outcome {
    std::string hash;
    std::map<std::string, std::string> tables;
  };
  static Outcome outcome(const fs::path& folder) {
    Outcome found{summary_of(folder).final_hash, {}};
    for (const char* name : {"metrics.csv", "events.csv"})
      if (fs::exists(folder / name)) found.tables[name] = read_text(folder / name);
    return found;
  }
  const Outcome& undisturbed() {
    static const Outcome it = [&] {
      const fs::path folder = path / "undisturbed";
      EXPECT_EQ(Child(command(folder), log).wait().code, exit_done) << said();
      const Outcome found = outcome(folder);
      fs::remove_all(folder);
      return found;
    }();
    return it;
  }

  // Nothing in the folder that was listed is torn, and neither is any checkpoint.
  static std::string harm(const fs::path& folder) {
    std::string found;
    for (const auto& [step, file] : checkpoints_of(folder)) {
      try {
        check_checkpoint(file);
      } catch (const CheckpointError& e) {
        found += std::string(e.what()) + "\n";
      }
    }
    for (const char* name : {"fields.pvd", "cells.pvd", "vessels.pvd"})
      if (fs::exists(folder / name)) found += support::harm_of_pvd(folder / name);
    if (!fs::exists(folder / "checksums.txt")) return found;
    const Verification v = verify_run(folder);
    for (const auto* list : {&v.altered, &v.unlisted})
      for (const std::string& text : *list) found += text + "\n";
    for (const std::string& text : v.missing)
      if (text.find("not listed") == std::string::npos) found += text + " is missing\n";
    return found;
  }
  // Starts the run again after a disturbance, as a user does, and sees that nothing was lost.
  enum class Died { at_once, with_a_last_row }; // a run that ends itself tells where it stood
  void expect_recovery(const fs::path& folder, const std::string& what, Died how = Died::at_once) {
    EXPECT_EQ(Child(command_after_death(folder), log).wait().code, exit_done) << what << said();
    const Outcome now = outcome(folder);
    EXPECT_EQ(now.hash, undisturbed().hash) << what;
    if (how == Died::at_once) {
      EXPECT_EQ(now.tables, undisturbed().tables) << what;
    }
    const Verification v = verify_run(folder);
    EXPECT_TRUE(v.ok && v.finished) << what << harm(folder);
    EXPECT_TRUE(v.notes.empty()) << what << v.notes.front();
  }
  std::vector<std::pair<std::string, std::string>> fault(const std::string& plan) const {
    return {{"LD_PRELOAD", METAVOX_FAULT_SHIM},
            {"METAVOX_FAULT", plan},
            {"METAVOX_FAULT_COUNT", (path / "count").string()}};
  }
  // Operations of an undisturbed run that the plan would count.
  long operations(const std::string& plan, const std::vector<std::string>& words) {
    EXPECT_EQ(Child(words, log, fault(plan)).wait().code, exit_done) << said();
    return std::stol(read_text(path / "count"));
  }
  static std::int64_t last_row(const fs::path& folder) {
    const LastRow last = last_row_of(folder / "metrics.csv");
    return last.row.size() > 1 ? std::stoll(last.row[1]) : -1;
  }
  static std::set<std::string> temporaries(const fs::path& folder) {
    std::set<std::string> found;
    std::error_code ignored;
    for (const char* where : {"", "frames", "checkpoints"})
      for (const auto& entry : fs::directory_iterator(folder / where, ignored))
        if (entry.path().filename().string().find(".tmp-") != std::string::npos)
          found.insert(*where ? where : "run");
    return found;
  }

  const Folder own_folder{support::quick_folder()};
  const fs::path path = own_folder.path(), config = path / "small.yaml", log = path / "said.txt";
};

// ---- kill -9

void Faults::kill_at_random_moments(int times) {
  const Outcome expected = undisturbed();
  // On a disk that takes its time, so that many moments fall between the operations on a file.
#ifdef METAVOX_SANITIZED
  const std::vector<std::pair<std::string, std::string>>
      disk; // the runtime must come before the shim
#else
  const auto disk = fault("slow:250");
#endif
  using clock = std::chrono::steady_clock;
  const auto begin = clock::now();
  const auto since_begin = [&] {
    return std::chrono::duration<double>(clock::now() - begin).count();
  };
  Child timed(command(path / "timed"), log, disk);
  while (newest_checkpoint(path / "timed").empty() && since_begin() < 60)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const double first = since_begin();
  timed.wait();
  const double whole = since_begin();
  std::mt19937 random(20);
  // Every second run is killed for the first time before its first checkpoint, as far as the clock
  // can tell; of moments anywhere in a run too few fall there.
  std::uniform_real_distribution<double> early(0, first), moment(0, 1.1 * whole);
  int kills = 0, before = 0, after = 0, finished = 0;
  std::map<std::string, int> torn;
  for (int runs = 0; kills < times && runs < 5 * times; ++runs) {
    const fs::path folder = path / ("run" + std::to_string(runs));
    for (bool soon = runs % 2 == 0;; soon = false) {
      Child child(command_after_death(folder), log, disk);
      std::this_thread::sleep_for(std::chrono::duration<double>((soon ? early : moment)(random)));
      child.signal(SIGKILL);
      const Ended end = child.wait();
      if (end.signal != SIGKILL) { // it was faster
        ASSERT_EQ(end.code, exit_done) << said();
        break;
      }
      ++kills;
      ++(newest_checkpoint(folder).empty() ? before : after);
      for (const std::string& where : temporaries(folder)) ++torn[where];
      ASSERT_EQ(harm(folder), "") << "kill " << kills;
    }
    ++finished;
    ASSERT_EQ(outcome(folder).hash, expected.hash);
    ASSERT_EQ(outcome(folder).tables, expected.tables);
    ASSERT_TRUE(verify_run(folder).ok && verify_run(folder).finished);
    fs::remove_all(folder);
  }
  std::printf("%d kills in %d runs: %d before a checkpoint, %d after one; in the middle of a "
              "checkpoint %d, a frame %d, another file %d\n",
              kills, finished, before, after, torn["checkpoints"], torn["frames"], torn["run"]);
  EXPECT_GE(kills, times);
  // How many of each is left to chance and to who else has the processor.
  EXPECT_GE(before, 1);
  EXPECT_GE(after, times / 3);
}
TEST_F(Faults, KilledAtRandomMoments) { kill_at_random_moments(30); }
using LongFaults = Faults;
TEST_F(LongFaults, KilledAtRandomMoments) { kill_at_random_moments(120); }

// Moments that clocks rarely hit: in the middle of every operation on a file, or of every n-th one.
// That includes every stage of putting a checkpoint in place and of giving up the oldest one.
#ifdef METAVOX_SANITIZED
#define SKIP_WHERE_A_SANITIZER_MUST_COME_FIRST                                                     \
  GTEST_SKIP() << "a sanitizer's runtime must be loaded before the shim"
#else
#define SKIP_WHERE_A_SANITIZER_MUST_COME_FIRST static_cast<void>(0)
#endif

class FaultsAtOperations : public Faults {
protected:
  void SetUp() override { SKIP_WHERE_A_SANITIZER_MUST_COME_FIRST; }
  void kill_at_every(long stride) {
    const std::vector<std::string> words = command(path / "run", {"--until", "90 min"});
    const long all = operations("kill:1000000", words);
    fs::remove_all(path / "run");
    std::map<std::string, int> torn;
    int checkpoints = 0;
    for (long n = 1 + stride / 2; n <= all; n += stride) {
      const std::string what = "killed at operation " + std::to_string(n) + "\n";
      const fs::path folder = path / "run";
      const Ended end = Child(words, log, fault("kill:" + std::to_string(n))).wait();
      ASSERT_TRUE(end.signal == SIGKILL || end.code == exit_done) << what << said();
      for (const std::string& where : temporaries(folder)) ++torn[where];
      ASSERT_EQ(harm(folder), "") << what;
      // A snapshot is taken once the one before is written, so a row behind the second says the
      // first is safe.
      const bool must_have = last_row(folder) > 2 * steps_between_checkpoints;
      checkpoints += must_have;
      ASSERT_TRUE(!must_have || !newest_checkpoint(folder).empty()) << what;
      expect_recovery(folder, what);
      ASSERT_FALSE(testing::Test::HasFailure()) << what;
      fs::remove_all(folder);
    }
    EXPECT_GT(torn["checkpoints"], 0);
    EXPECT_GT(torn["frames"], 0);
    EXPECT_GT(torn["run"], 0);
    EXPECT_GT(checkpoints, 0);
  }
  void fail_at_every(const std::string& plan, int error, long stride) {
    const std::vector<std::string> words = command(path / "run", {"--until", "90 min"});
    const std::string code = plan + ":" + std::to_string(error) + ":";
    const long all = operations(code + "1000000", words);
    fs::remove_all(path / "run");
    int failed = 0;
    for (long n = 1 + stride / 2; n <= all; n += stride) {
      const std::string what = code + std::to_string(n) + "\n";
      const fs::path folder = path / "run";
      const Ended end = Child(words, log, fault(code + std::to_string(n))).wait();
      ASSERT_EQ(end.signal, 0) << what << said();
      if (end.code != exit_done) {
        ++failed;
        ASSERT_EQ(end.code, exit_io) << what << said();
        ASSERT_NE(said().find(folder.string()), std::string::npos) << what << said();
        ASSERT_NE(said().find(std::strerror(error)), std::string::npos) << what << said();
      }
      ASSERT_EQ(harm(folder), "") << what;
      expect_recovery(folder, what);
      ASSERT_FALSE(testing::Test::HasFailure()) << what;
      fs::remove_all(folder);
    }
    EXPECT_GT(failed, 0);
  }
};
TEST_F(FaultsAtOperations, KilledInTheMiddleOfThem) { kill_at_every(11); }

// A run that died before its first checkpoint begins anew in its folder: what names the old frames
// goes before they do.
TEST_F(FaultsAtOperations, KilledWhileAFolderIsEmptied) {
  const fs::path old = path / "old", folder = path / "run";
  const auto kill_at = [&](long n, const std::vector<std::string>& words) {
    const Ended end = Child(words, log, fault("kill:" + std::to_string(n))).wait();
    EXPECT_EQ(end.signal, SIGKILL) << n << said();
  };
  for (long n = 1; !fs::exists(old / "vessels.pvd"); ++n) {
    ASSERT_LT(n, 300);
    fs::remove_all(old);
    kill_at(n, command(old));
  }
  ASSERT_TRUE(newest_checkpoint(old).empty());
  ASSERT_FALSE(fs::is_empty(old / "frames"));
  bool emptied = false;
  for (long n = 1; !emptied; ++n) {
    ASSERT_LT(n, 200);
    const std::string what = "killed at operation " + std::to_string(n) + "\n";
    fs::copy(old, folder, fs::copy_options::recursive);
    kill_at(n, command_after_death(folder));
    ASSERT_EQ(harm(folder), "") << what;
    emptied = fs::is_empty(folder / "frames");
    expect_recovery(folder, what);
    fs::remove_all(folder);
  }
}
TEST_F(FaultsAtOperations, DiskFull) { fail_at_every("from", ENOSPC, 23); }
TEST_F(FaultsAtOperations, DiskFailsOnce) { fail_at_every("once", EIO, 23); }
using LongFaultsAtOperations = FaultsAtOperations;
TEST_F(LongFaultsAtOperations, KilledInTheMiddleOfThem) { kill_at_every(1); }
TEST_F(LongFaultsAtOperations, DiskFull) { fail_at_every("from", ENOSPC, 1); }
TEST_F(LongFaultsAtOperations, DiskFailsOnce) { fail_at_every("once", EIO, 1); }
TEST_F(LongFaultsAtOperations, DiskFailsForGood) { fail_at_every("from", EIO, 1); }
TEST_F(LongFaultsAtOperations, DiskTurnsReadOnly) { fail_at_every("from", EROFS, 1); }
TEST_F(LongFaultsAtOperations, PermissionLost) { fail_at_every("from", EACCES, 1); }

// ---- disks and folders

class Disks : public Faults {
protected:
  // Runs `scene` in a process whose mounts are its own. What it returns is what went wrong; "skip"
  // where the system does not let us.
  static std::string with_own_mounts(const std::function<std::string()>& scene) {
    int ends[2];
    if (::pipe(ends) != 0) return "no pipe";
    const auto user = ::geteuid();
    const auto group = ::getegid();
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(ends[0]);
      std::string found;
      const auto put = [](const char* file, const std::string& text) {
        std::ofstream(file) << text;
      };
      if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        found = "skip";
      } else {
        put("/proc/self/setgroups", "deny");
        put("/proc/self/uid_map", "0 " + std::to_string(user) + " 1\n");
        put("/proc/self/gid_map", "0 " + std::to_string(group) + " 1\n");
        found = scene();
      }
      const ssize_t ignored = ::write(ends[1], found.data(), found.size());
      static_cast<void>(ignored);
      ::_exit(0);
    }
    ::close(ends[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(n));
    ::close(ends[0]);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status == 0 ? text : "the scene died of it\n" + text;
  }
  static std::string mount_memory(const fs::path& at, const std::string& options) {
    fs::create_directories(at);
    return ::mount("none", at.c_str(), "tmpfs", 0, options.c_str()) == 0 ? "" : "skip";
  }
  // The same for a child that may not write where modes forbid it, though it runs as root.
  static void obey_modes() {
    for (const unsigned long capability : {1ul /* DAC_OVERRIDE */, 2ul /* DAC_READ_SEARCH */})
      ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  std::string wanting(std::initializer_list<const char*> parts) const {
    std::string missing;
    const std::string text = said();
    for (const char* part : parts)
      if (text.find(part) == std::string::npos)
        missing += std::string("'") + part + "' is not said\n";
    return missing.empty() ? missing : missing + text;
  }
};

TEST_F(Disks, FullOneEndsTheRunAndAnEmptiedOneContinuesIt) {
  undisturbed();
  const std::string found = with_own_mounts([&]() -> std::string {
    const fs::path disk = path / "disk", folder = disk / "run", ballast = disk / "ballast";
    if (const std::string no = mount_memory(disk, "size=4m"); !no.empty()) return no;
    {
      Child child(command(folder), log);
      if (!child.wait_until([&] { return !newest_checkpoint(folder).empty(); }))
        return "too fast\n" + said();
      child.signal(SIGSTOP);
      std::ofstream(ballast) << std::string(8 << 20, 'x'); // as much as there is room for
      child.signal(SIGCONT);
      if (const int code = child.wait().code; code != exit_io)
        return "exit code " + std::to_string(code) + said();
    }
    if (const std::string no = wanting({"No space left on device", "/run/", "continue with"});
        !no.empty())
      return no;
    if (const std::string torn = harm(folder); !torn.empty()) return torn;
    if (newest_checkpoint(folder).empty()) return "the checkpoint is lost";
    fs::remove(ballast);
    expect_recovery(folder, "full disk\n");
    return testing::Test::HasFailure() ? "it does not go on" : "";
  });
  if (found == "skip") GTEST_SKIP() << "no mounts of one's own here";
  EXPECT_EQ(found, "");
}

TEST_F(Disks, TooSmallOneIsRefusedBeforehand) {
  const std::string found = with_own_mounts([&]() -> std::string {
    const fs::path disk = path / "disk";
    if (const std::string no = mount_memory(disk, "size=256k"); !no.empty()) return no;
    const int code = Child(command(disk / "run"), log).wait().code;
    if (code != exit_resources) return "exit code " + std::to_string(code) + said();
    if (fs::exists(disk / "run")) return "the folder was made";
    return wanting({"not enough disk space", "256.00 KiB"});
  });
  if (found == "skip") GTEST_SKIP() << "no mounts of one's own here";
  EXPECT_EQ(found, "");
}

// A primary on its lattice and two windows that open in the first hour, in tissue without gaps.
const char* const small_body = R"(
simulation: {name: small_body, duration: 12 h, seed: 3}
domain: {voxels: [24, 24, 24], spacing: 20 um}
tissue:
  parenchyma: 0.9
  stroma: 0.1
  cells: [{shape: sphere, kind: epithelial, radius: 180 um, mesenchymal_fraction: 0.3}]
vessels: {pattern: grid, spacing: 120 um}
intravasation: {enabled: true, rate: 0.05 1/h}
oxygen: {faces: no_flux}
body:
  fate: {asleep: 0}
  coupling: linear
  force: [{organ: lung, per: 1 h, founders: 2}]
  windows: {max: 2, shown: 0, size: 320 um, parenchyma: 0.9, stroma: 0.1}
output: {report: 1 h, frames: 1 h, checkpoints: 2 h, keep: 2}
)";
// The same without lattices.
const char* const small_counters = R"(
simulation: {name: small_counters, duration: 40 day}
body: {primary: breast, coupling: linear, force: [{organ: lung, per: 1 day, founders: 3}]}
output: {report: 1 h, checkpoints: 2 day}
)";

// Windows count as open from beginning to end, and compression as poor: never less than is written
// and not much more.
TEST_F(Disks, WhatABodyWritesIsCountedBeforehand) {
  struct Case {
    const char* text;
    std::vector<std::string> set;
    double highest;
  };
  std::vector<Case> cases = {{small_counters, {}, 1.8},
                             {small_counters, {"body.replicates=3"}, 1.8}};
  if (vtk_available())
    cases.insert(cases.end(), {{small_body, {"output.compression=none"}, 1.6},
                               {small_body, {}, 2.5},
                               {small_body, {"output.cells=false", "output.vessels=false"}, 3},
                               {small_body, {"body.windows.max=1", "output.frames=6 h"}, 3}});
  for (const Case& c : cases) {
    std::ofstream(config) << c.text;
    const fs::path folder = path / "run";
    std::vector<std::string> words = command(folder, {"--force"});
    std::string what = c.text;
    for (const std::string& s : c.set) {
      words.insert(words.end(), {"--set", s});
      what += s + "  ";
    }
    ASSERT_EQ(Child(words, log).wait().code, exit_done) << said();
    double written = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file()) written += static_cast<double>(entry.file_size());
    written /= 1 << 20;
    const double counted = mebibytes_behind("disk        at most ");
    std::printf("counted %7.2f MiB, written %7.2f MiB\n", counted, written);
    EXPECT_GE(counted, written) << what;
    EXPECT_LE(counted / written, c.highest) << what;
    if (c.text == small_body) {
      EXPECT_TRUE(fs::exists(folder / "sites/001-lung-forced")) << what;
    }
  }
}

TEST_F(Disks, TooSmallOneForABodyIsRefusedBeforehand) {
  const std::string found = with_own_mounts([&]() -> std::string {
    const fs::path disk = path / "disk";
    if (const std::string no = mount_memory(disk, "size=8m"); !no.empty()) return no;
    for (const auto& [text, advice] : {std::pair{small_body, "body.windows.max"},
                                       std::pair{small_counters, "body.replicates"}}) {
      std::ofstream(config) << text;
      for (const bool run : {true, false}) {
        const auto words =
            run ? command(disk / "run")
                : std::vector<std::string>{METAVOX_PROGRAM, "validate", config.string()};
        const int code =
            Child(words, log, {}, [&] { static_cast<void>(::chdir(disk.c_str())); }).wait().code;
        if (code != exit_resources) return "exit code " + std::to_string(code) + said();
        if (fs::exists(disk / "run") || fs::exists(disk / "runs")) return "a folder was made";
        if (const std::string no = wanting({"not enough disk space", "8.00 MiB", advice});
            !no.empty())
          return no;
      }
    }
    return {};
  });
  if (found == "skip") GTEST_SKIP() << "no mounts of one's own here";
  EXPECT_EQ(found, "");
}

TEST_F(Disks, ReadOnlyOneIsRefused) {
  const std::string found = with_own_mounts([&]() -> std::string {
    const fs::path disk = path / "disk";
    if (const std::string no = mount_memory(disk, "size=8m"); !no.empty()) return no;
    if (::mount("none", disk.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0) return "skip";
    const int code = Child(command(disk / "run"), log).wait().code;
    if (code != exit_io) return "exit code " + std::to_string(code) + said();
    return wanting({"disk/run", "Read-only file system"});
  });
  if (found == "skip") GTEST_SKIP() << "no mounts of one's own here";
  EXPECT_EQ(found, "");
}

TEST_F(Disks, FolderRemovedUnderTheRun) {
  // With frames and checkpoints, which cannot be put in place; and with rows alone, which the
  // system would still take.
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{},
        {"--set", "output.frames=0 min", "--set", "output.checkpoints=0 min", "--set",
         "output.report=6 min"}}) {
    const fs::path folder = path / "run";
    std::vector<std::string> words = command(folder, more);
    words.insert(words.end(), {"--until", "30 day"}); // it must not get there
    Child child(words, log);
    ASSERT_TRUE(child.wait_until([&] { return last_row(folder) >= 3; })) << said();
    std::error_code ignored;
    while (fs::exists(folder)) fs::remove_all(folder, ignored);
    EXPECT_EQ(child.wait().code, exit_io) << said();
    EXPECT_EQ(wanting({folder.c_str(), "No such file or directory"}), "");
    EXPECT_FALSE(fs::exists(folder));
  }
}

TEST_F(Disks, FolderMovedAwayGoesOnWhereItIs) {
  undisturbed();
  const fs::path folder = path / "run", moved = path / "elsewhere";
  {
    Child child(command(folder, {"--until", "30 day"}), log);
    ASSERT_TRUE(child.wait_until([&] { return !newest_checkpoint(folder).empty(); })) << said();
    child.signal(SIGSTOP);
    fs::rename(folder, moved);
    child.signal(SIGCONT);
    EXPECT_EQ(child.wait().code, exit_io) << said();
    EXPECT_EQ(wanting({folder.c_str(), "No such file or directory"}), "");
  }
  EXPECT_EQ(harm(moved), "");
  EXPECT_FALSE(newest_checkpoint(moved).empty());
  expect_recovery(moved, "moved\n");
}

TEST_F(Disks, PermissionLostOnTheWay) {
  undisturbed();
  const fs::path folder = path / "run";
  {
    Child child(command(folder, {"--until", "30 day"}), log, {}, obey_modes);
    ASSERT_TRUE(child.wait_until([&] { return !newest_checkpoint(folder).empty(); })) << said();
    child.signal(SIGSTOP);
    for (const char* sub : {"", "frames", "checkpoints"}) ::chmod((folder / sub).c_str(), 0500);
    child.signal(SIGCONT);
    EXPECT_EQ(child.wait().code, exit_io) << said();
    EXPECT_EQ(wanting({folder.c_str(), "Permission denied", "continue with"}), "");
  }
  for (const char* sub : {"", "frames", "checkpoints"}) ::chmod((folder / sub).c_str(), 0700);
  EXPECT_EQ(harm(folder), "");
  EXPECT_FALSE(newest_checkpoint(folder).empty());
  expect_recovery(folder, "permission\n");
}

TEST_F(Disks, AnotherFileSystemTakesTheRun) {
  // One of the two is another one than that of the configuration, where there is /dev/shm.
  for (const fs::path& parent : {fs::temp_directory_path(), support::quick_folder()}) {
    const fs::path folder = parent / ("metavox_faults_elsewhere_" + std::to_string(::getpid()));
    fs::remove_all(folder);
    EXPECT_EQ(Child(command(folder), log).wait().code, exit_done) << said();
    EXPECT_EQ(summary_of(folder).final_hash, undisturbed().hash);
    EXPECT_TRUE(verify_run(folder).ok);
    fs::remove_all(folder);
  }
}

// ---- signals, clocks, neighbours

TEST_F(Faults, TerminatedWhileItStarts) {
  undisturbed();
  std::mt19937 random(21);
  int early = 0, noted = 0;
  for (int k = 0; k < 14; ++k) {
    const fs::path folder = path / ("run" + std::to_string(k));
    std::ofstream(log) << ""; // the child empties it too, but later
    Child child(command(folder), log);
    // From the first instruction on, and from the moment it has read its configuration.
    if (k % 2 == 1) child.wait_until([&] { return fs::file_size(log) > 0; });
    std::this_thread::sleep_for(
        std::chrono::microseconds(random() % (k % 2 == 1 ? 20000 : 100000)));
    child.signal(SIGTERM);
    const Ended end = child.wait();
    const std::string what =
        "attempt " + std::to_string(k) + ", exit code " + std::to_string(end.code) + "\n";
    EXPECT_EQ(harm(folder), "") << what;
    if (end.signal != 0) { // before the program could listen
      ++early;
      EXPECT_EQ(end.signal, SIGTERM) << what;
      EXPECT_FALSE(fs::exists(folder)) << what;
    } else if (end.code == exit_interrupted) {
      ++noted;
      EXPECT_TRUE(verify_run(folder).ok && verify_run(folder).finished) << what;
      EXPECT_NE(said().find("interrupted by SIGTERM"), std::string::npos) << said();
      // What it says is what works.
      const std::string say = said(), key = "continue with: metavox ";
      const std::size_t at = say.find(key);
      ASSERT_NE(at, std::string::npos) << say;
      const std::string line = say.substr(at + key.size(), say.find('\n', at) - at - key.size());
      EXPECT_EQ(
          Child({"/bin/sh", "-c", std::string(METAVOX_PROGRAM) + " " + line}, log).wait().code,
          exit_done)
          << said();
      EXPECT_EQ(summary_of(folder).final_hash, undisturbed().hash) << what;
    } else {
      EXPECT_EQ(end.code, exit_done) << what << said();
    }
    fs::remove_all(folder);
  }
  std::printf("%d before the program listens, %d noted\n", early, noted);
  EXPECT_GT(noted, 0);
}

// Whatever a batch system sends before it ends a job.
TEST_F(Faults, EverySignalThatEndsJobsLeavesACheckpoint) {
#if defined(METAVOX_SANITIZED)
  GTEST_SKIP() << "a sanitizer's runtime must be loaded before the shim";
#endif
  for (const auto& [number, name] :
       {std::pair{SIGINT, "SIGINT"}, std::pair{SIGTERM, "SIGTERM"}, std::pair{SIGHUP, "SIGHUP"},
        std::pair{SIGUSR1, "SIGUSR1"}, std::pair{SIGUSR2, "SIGUSR2"},
        std::pair{SIGXCPU, "SIGXCPU"}}) {
    const fs::path folder = path / name;
    Child child(command(folder), log, {{"METAVOX_FAULT", "slow:2000"}, fault("slow:2000")[0]});
    ASSERT_TRUE(child.wait_until([&] { return last_row(folder) >= 3; })) << name << said();
    child.signal(number);
    EXPECT_EQ(child.wait().code, exit_interrupted) << name << said();
    EXPECT_NE(said().find(std::string("interrupted by ") + name), std::string::npos) << said();
    EXPECT_FALSE(newest_checkpoint(folder).empty()) << name;
    expect_recovery(folder, name);
  }
}

// A job that was killed before its first checkpoint, or while its newest one was torn by a disk, is
// started by the same line again.
TEST_F(Faults, ResumeStartsContinuesAndPassesOverDamage) {
#if defined(METAVOX_SANITIZED)
  GTEST_SKIP() << "a sanitizer's runtime must be loaded before the shim";
#endif
  const fs::path folder = path / "job";
  {
    Child child(command(folder, {"--resume"}), log,
                {{"METAVOX_FAULT", "slow:3000"}, fault("slow:3000")[0]});
    ASSERT_TRUE(child.wait_until([&] { return last_row(folder) >= 0; })) << said();
    child.signal(SIGKILL);
    child.wait();
  }
  ASSERT_TRUE(looks_like_run(folder));
  ASSERT_TRUE(newest_checkpoint(folder).empty()) << "killed too late";
  // Another run's beginning is left alone.
  Child other(command(folder, {"--resume", "--set", "oxygen.diffusivity=1e5 um^2/min"}), log);
  EXPECT_EQ(other.wait().code, exit_config);
  EXPECT_NE(said().find("other settings"), std::string::npos) << said();
  EXPECT_NE(said().find("oxygen.diffusivity"), std::string::npos) << said();
  expect_recovery(folder, "killed before the first checkpoint: ");
  const auto checkpoints = checkpoints_of(folder);
  ASSERT_GE(checkpoints.size(), 2u);
  fs::resize_file(checkpoints[0].second, 10000);
  expect_recovery(folder, "newest torn: ");
  for (const auto& [step, file] : checkpoints_of(folder)) fs::resize_file(file, 700);
  expect_recovery(folder, "all torn: ");
  // A disk that was full or lost its power leaves files without content.
  fs::resize_file(folder / "provenance.json", 0);
  expect_recovery(folder, "provenance emptied: ");
  // Nothing is left to do, and nothing is done.
  expect_recovery(folder, "over: ");
  // What is no run folder is not taken.
  const fs::path mine = path / "mine";
  fs::create_directories(mine);
  std::ofstream(mine / "thesis.tex") << "chapter 1";
  EXPECT_EQ(Child(command(mine, {"--resume"}), log).wait().code, exit_io);
  EXPECT_TRUE(fs::exists(mine / "thesis.tex"));
  EXPECT_EQ(said().find("--force"), std::string::npos) << said(); // which nobody typed
  EXPECT_EQ(Child(command(folder, {"--resume", "--force"}), log).wait().code, exit_config);
}

// Out of memory is told as what it is, not as an exit code that no program gave.
TEST_F(Faults, ASweepSaysThatAMemberWasKilled) {
#if defined(METAVOX_SANITIZED)
  GTEST_SKIP() << "a sanitizer's runtime must be loaded before the shim";
#endif
  const fs::path folder = path / "s", lock = folder / "r1" / ".lock";
  std::ofstream(path / "sweep.yaml")
      << "config: small.yaml\nreplicates: 1\nset:\n  domain.voxels: [14, 13, 12]\n";
  Child child({METAVOX_PROGRAM, "sweep", path / "sweep.yaml", "-o", folder}, log,
              fault("slow:3000"));
  ASSERT_TRUE(child.wait_until([&] {
    std::error_code ignored;
    return fs::is_regular_file(lock, ignored) && fs::file_size(lock, ignored) > 0 &&
           last_row(folder / "r1") >= 0;
  })) << said();
  ASSERT_EQ(::kill(static_cast<pid_t>(std::stol(read_text(lock))), SIGKILL), 0);
  EXPECT_EQ(child.wait().code, exit_internal) << said();
  EXPECT_NE(said().find("r1  was killed by signal 9 (Killed), as systems do where memory runs out"),
            std::string::npos)
      << said();
}

// Members of a sweep that was killed are the test's to wait for; none is left behind.
class Orphans : public Faults {
protected:
  void SetUp() override { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  void TearDown() override {
    for (const auto& [name, pid] : pids_)
      if (::kill(pid, SIGKILL) == 0) ::waitpid(pid, nullptr, 0);
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  }
  // Does the process stand still that has the run in hand?
  bool stopped(const fs::path& run) {
    std::error_code ignored;
    const fs::path lock = run / ".lock";
    if (!fs::is_regular_file(lock, ignored) || fs::file_size(lock, ignored) == 0) return false;
    const auto pid = static_cast<pid_t>(std::stol(read_text(lock)));
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string stat;
    std::getline(file, stat);
    const std::size_t name_end = stat.rfind(") ");
    if (name_end == std::string::npos || stat[name_end + 2] != 'T') return false;
    pids_[run.filename()] = pid;
    return true;
  }
  pid_t pid_of(const std::string& name) const { return pids_.at(name); }
  // Lets one go on that stands still, and waits for its end: its exit code.
  int continued(const std::string& name) {
    const pid_t pid = pids_.at(name);
    pids_.erase(name);
    ::kill(pid, SIGCONT);
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

private:
  std::map<std::string, pid_t> pids_;
};

// `kill -9` of a sweep ends its members as well, each with a checkpoint. Started again, the sweep
// goes on with all of them; one that has not ended yet it waits for.
TEST_F(Orphans, AKilledSweepGoesOn) {
  SKIP_WHERE_A_SANITIZER_MUST_COME_FIRST;
  if (!checkpoints_available()) GTEST_SKIP() << "this build has no HDF5";
  std::ofstream(path / "sweep.yaml") << "config: small.yaml\nreplicates: 3\n";
  const auto sweep = [&](const fs::path& folder) {
    return std::vector<std::string>{METAVOX_PROGRAM, "sweep", path / "sweep.yaml", "-o", folder,
                                    "--jobs",        "2"};
  };
  const fs::path whole = path / "whole", folder = path / "killed";
  ASSERT_EQ(Child(sweep(whole), log).wait().code, exit_done) << said();
  const long middle = operations("stop:1000000", command(path / "run")) / 2;
  ASSERT_GT(middle, 100) << "the sweep itself would come to it";
  {
    Child child(sweep(folder), log, fault("stop:" + std::to_string(middle)));
    ASSERT_TRUE(child.wait_until([&] { return stopped(folder / "r1") && stopped(folder / "r2"); }))
        << said();
    child.signal(SIGKILL);
    child.wait();
  }
  EXPECT_EQ(continued("r1"), exit_interrupted) << "it outlived its sweep";
  EXPECT_NE(summary_of(folder / "r1").exit_code, exit_done);
  EXPECT_EQ(harm(folder / "r1"), "");
  Child again(sweep(folder), log);
  const std::string waits =
      "r2  waits for process " + std::to_string(pid_of("r2")) + ", which is writing it\n";
  ASSERT_TRUE(again.wait_until([&] {
    return summary_of(folder / "r1").exit_code == exit_done &&
           summary_of(folder / "r3").exit_code == exit_done;
  })) << said();
  EXPECT_TRUE(stopped(folder / "r2"));
  EXPECT_NE(said().find(waits), std::string::npos) << said();
  EXPECT_EQ(said().find("r2  started"), std::string::npos) << said();
  EXPECT_EQ(continued("r2"), exit_interrupted);
  EXPECT_EQ(again.wait().code, exit_done) << said();
  EXPECT_EQ(read_text(folder / "results.csv"), read_text(whole / "results.csv"));
  for (const char* name : {"r1", "r2", "r3"}) {
    EXPECT_EQ(outcome(folder / name).tables, outcome(whole / name).tables) << name;
    EXPECT_TRUE(verify_run(folder / name).ok && verify_run(folder / name).finished) << name;
  }
}

TEST_F(Faults, ASweepKilledAtItsTableLeavesNoHalfOfIt) {
  SKIP_WHERE_A_SANITIZER_MUST_COME_FIRST;
  std::ofstream(path / "sweep.yaml") << "config: small.yaml\nuntil: 12 min\n";
  const fs::path folder = path / "s";
  const std::vector<std::string> words = {METAVOX_PROGRAM, "sweep", path / "sweep.yaml", "-o",
                                          folder};
  for (long n = 1; temporaries(folder).empty(); ++n) {
    ASSERT_LT(n, 20);
    ASSERT_EQ(Child(words, log, fault("kill:" + std::to_string(n))).wait().signal, SIGKILL);
  }
  EXPECT_EQ(Child(words, log).wait().code, exit_done) << said();
  EXPECT_TRUE(temporaries(folder).empty());
  EXPECT_NE(read_text(folder / "results.csv").find(summary_of(folder / "r1").final_hash),
            std::string::npos);
}

// A job that is started again finds its checkpoint, but no longer the files that it began with.
TEST_F(Faults, ResumeNeedsNoInputFileWhereThereIsACheckpoint) {
  if (!checkpoints_available()) GTEST_SKIP() << "this build has no HDF5";
  const fs::path folder = path / "job", table = path / "cells.csv";
  std::ofstream(table) << "x,y,z,kind\n30,30,30,stroma\n";
  const auto resume = [&](const std::string& until) {
    return Child(command(folder,
                         {"--resume", "--set", "tissue.cells_csv=cells.csv", "--until", until}),
                 log)
        .wait()
        .code;
  };
  ASSERT_EQ(resume("24 min"), exit_done) << said();
  fs::remove(table);
  EXPECT_EQ(resume("48 min"), exit_done) << said();
  for (const auto& [step, file] : checkpoints_of(folder)) fs::remove(file);
  EXPECT_EQ(resume("48 min"), exit_config) << said();
  EXPECT_NE(said().find("tissue.cells_csv names a file that does not exist"), std::string::npos)
      << said();
}

TEST_F(Faults, TerminalThatWentAwayDoesNotEndTheRun) {
  const fs::path folder = path / "run";
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Child child(command(folder), log, {}, [&] {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
  });
  ::close(ends[1]);
  char line[16];
  EXPECT_GT(::read(ends[0], line, sizeof line), 0); // as `head` does
  ::close(ends[0]);
  EXPECT_EQ(child.wait().code, exit_done) << said();
  EXPECT_EQ(summary_of(folder).final_hash, undisturbed().hash);
  EXPECT_TRUE(verify_run(folder).ok);
}

TEST_F(Faults, JumpsOfTheClockChangeNothing) {
  SKIP_WHERE_A_SANITIZER_MUST_COME_FIRST;
  const fs::path folder = path / "run";
  EXPECT_EQ(Child(command(folder), log, fault("clock")).wait().code, exit_done) << said();
  EXPECT_EQ(summary_of(folder).final_hash, undisturbed().hash);
  EXPECT_TRUE(verify_run(folder).ok);
  // The shim did lie: no run starts and ends so far apart.
  const std::string text = read_text(folder / "provenance.json");
  const auto year = [&](const char* key) {
    return std::stoi(text.substr(text.find(key) + std::strlen(key) + 4, 4));
  };
  EXPECT_NE(year("\"start"), year("\"end")) << text;
}

TEST_F(Faults, SecondRunInOneFolderIsRefused) {
  undisturbed();
  const fs::path folder = path / "run";
  Child first(command(folder), log);
  ASSERT_TRUE(first.wait_until([&] { return !newest_checkpoint(folder).empty(); })) << said();
  first.signal(SIGSTOP);
  const fs::path other = path / "other.txt";
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{}, {"--force"}, {"--restart", folder.string()}}) {
    EXPECT_EQ(Child(command(folder, more), other).wait().code, exit_io);
    EXPECT_NE(read_text(other).find("in use by process"), std::string::npos) << read_text(other);
  }
  first.signal(SIGCONT);
  EXPECT_EQ(first.wait().code, exit_done) << said();
  EXPECT_EQ(summary_of(folder).final_hash, undisturbed().hash);
  EXPECT_TRUE(verify_run(folder).ok && verify_run(folder).finished);
}

TEST_F(Faults, RestartOfAFolderPassesOverDamagedCheckpoints) {
  undisturbed();
  const fs::path folder = path / "run";
  ASSERT_EQ(Child(command(folder, {"--until", "90 min"}), log).wait().code, exit_done);
  const auto all = checkpoints_of(folder);
  ASSERT_EQ(all.size(), 2u);
  std::string bad = read_text(all[0].second);
  bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
  std::ofstream(all[0].second, std::ios::binary) << bad;
  EXPECT_EQ(newest_checkpoint(folder), all[1].second);
  ASSERT_EQ(Child(command(folder, {"--restart", folder.string()}), log).wait().code, exit_done)
      << said();
  EXPECT_NE(said().find(all[0].second.string() + ": damaged"), std::string::npos) << said();
  EXPECT_EQ(summary_of(folder).final_hash, undisturbed().hash);
  EXPECT_TRUE(verify_run(folder).ok) << harm(folder);
  // None left: said, not guessed.
  for (const auto& [step, file] : checkpoints_of(folder)) fs::resize_file(file, 1000);
  EXPECT_EQ(Child(command(folder, {"--restart", folder.string()}), log).wait().code, exit_io);
  EXPECT_NE(said().find("no checkpoint to continue from"), std::string::npos) << said();
}

// Killed between a new checkpoint and the end of an old one, which is off the list by then.
TEST_F(Faults, NoCheckpointTooManyStaysBehindADeath) {
  const fs::path folder = path / "run", saved = path / "saved.h5";
  ASSERT_EQ(Child(command(folder, {"--until", "90 min"}), log).wait().code, exit_done) << said();
  const fs::path old = checkpoints_of(folder).back().second;
  fs::copy_file(old, saved);
  expect_recovery(folder, "made longer\n");
  ASSERT_FALSE(fs::exists(old));
  const auto kept = checkpoints_of(folder);
  fs::copy_file(saved, old);
  expect_recovery(folder, "a checkpoint too many\n");
  EXPECT_EQ(checkpoints_of(folder), kept);
}

// ---- numbers that go wrong

class Numbers : public Faults {
protected:
  struct Result {
    int code;
    std::string said;
  };
  // A run whose state `poison` changes behind step `at`. At 7 nothing is written and the next step
  // meets it, at 8 a checkpoint is due.
  Result run_with(int at, const std::function<void(Site&)>& poison) {
    RunOptions o;
    o.config = config;
    o.output = path / "run";
    o.backend = "cpu";
    o.threads = 1;
    o.quiet = o.force = true;
    o.between_steps = [&](Site& s) {
      if (s.steps() == at) poison(s);
    };
    testing::internal::CaptureStderr();
    const int code = guarded([&] { return run(o); });
    return {code, testing::internal::GetCapturedStderr()};
  }
  template <class T>
  static void change(Site& s, const std::string& name, std::size_t at, T value) {
    for (const ArrayInfo& info : s.state_arrays()) {
      if (info.name != name) continue;
      std::vector<T> values(info.count());
      ASSERT_EQ(values.size() * sizeof(T), info.bytes());
      s.read(name, values.data());
      values.at(at) = value;
      s.write(name, values.data(), static_cast<std::int64_t>(values.size()));
      return;
    }
    FAIL() << "no array called " << name;
  }
  // Exit code 5, words that say what, when and where, and a frame of it that can be read and
  // verified. `bad`: an array of fields that holds `value` at (5, 6, 7).
  void expect_diagnosis(const Result& r, int step, std::initializer_list<std::string> parts,
                        const std::string& bad = "", float value = 0) {
    EXPECT_EQ(r.code, exit_numerical) << r.said;
    for (const std::string& part : parts)
      EXPECT_NE(r.said.find(part), std::string::npos) << part << " in: " << r.said;
    EXPECT_NE(r.said.find("at step " + std::to_string(step) + ":"), std::string::npos) << r.said;
    const Verification v = verify_run(path / "run");
    EXPECT_TRUE(v.ok && v.finished) << harm(path / "run");
    EXPECT_EQ(summary_of(path / "run").exit_code, exit_numerical);
    // The last checkpoint is of before: one can go on from it.
    ASSERT_FALSE(newest_checkpoint(path / "run").empty());
    EXPECT_EQ(check_checkpoint(newest_checkpoint(path / "run")).step, steps_between_checkpoints);
    if (!vtk_available()) return;
    const fs::path frame =
        path / ("run/frames/diagnostic_fields_0000000" + std::to_string(step) + ".vti");
    EXPECT_NE(r.said.find(frame.string()), std::string::npos) << r.said;
    ASSERT_TRUE(fs::exists(frame));
    EXPECT_EQ(read_vti_array(frame, "kind", {14, 13, 12}).size(), 14u * 13u * 12u);
    if (bad.empty()) return;
    try {
      EXPECT_EQ(read_vti_array(frame, bad, {14, 13, 12}).at(voxel), value);
    } catch (const std::exception& e) { // our own reader takes finite numbers only
      EXPECT_NE(std::string(e.what()).find("value " + std::to_string(voxel) + " "),
                std::string::npos)
          << e.what();
      EXPECT_FALSE(std::isfinite(value)) << e.what();
    }
  }
  static constexpr std::size_t voxel = (7 * 13 + 6) * 14 + 5; // (5, 6, 7)
};

TEST_F(Numbers, FieldsThatAreNoNumbers) {
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinite = std::numeric_limits<float>::infinity();
  for (const char* name : {"oxygen", "glucose", "proteinase", "inhibitor", "vegf", "matrix"})
    for (const int step : {7, 8})
      for (const float value : {nan, infinite, 1e30f, -1e30f}) {
        // Between two looks a solver takes a finite value, however wild, for a guess or for an
        // amount.
        if (step == 7 && std::isfinite(value)) continue;
        // No solver meets the matrix, nor VEGF between vessel steps: they are looked at before
        // anything is written.
        const int found = std::string(name) == "matrix" || std::string(name) == "vegf" ? 8 : step;
        SCOPED_TRACE(std::string(name) + " = " + std::to_string(value) + " behind step " +
                     std::to_string(step));
        const Result r = run_with(step, [&](Site& s) { change(s, name, voxel, value); });
        expect_diagnosis(r, found, {name, "voxel (5, 6, 7)"}, found == step ? name : "", value);
      }
}

TEST_F(Numbers, VesselsThatAreNoNumbers) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const char* name : {"vessel_node_x", "vessel_node_y", "vessel_node_pressure",
                           "vessel_radius", "vessel_flow", "vessel_haematocrit"}) {
    SCOPED_TRACE(name);
    expect_diagnosis(run_with(7, [&](Site& s) { change(s, name, 3, nan); }), 8,
                     {std::string(name) + " is nan", "at entry 3"});
  }
}

TEST_F(Numbers, VesselGraphThatDisagrees) {
  expect_diagnosis(run_with(7, [&](Site& s) { change<std::uint32_t>(s, "vessel_to", 3, 0); }), 8,
                   {"vessels and lattice disagree"});
  expect_diagnosis(run_with(7, [&](Site& s) { change<std::uint8_t>(s, "vessel_flags", 3, 0); }), 8,
                   {"vessels and lattice disagree"});
}

TEST_F(Numbers, LedgerThatDoesNotBalance) {
  // A cell out of nowhere, and a birth of nothing.
  expect_diagnosis(run_with(7, [&](Site& s) { change<std::uint8_t>(s, "kind", 0, 5); }), 7,
                   {"the ledger of ", " cells is off"});
  expect_diagnosis(run_with(7, [&](Site& s) { change<std::int64_t>(s, "ledger", 5, 3); }), 7,
                   {"the ledger of t_cell cells is off"});
}

// What is found without a step being taken, array by array.
TEST_F(Numbers, CheckNamesArrayAndPlace) {
  const Config read = read_config_text(small_run, "small.yaml");
  Site s(read.parameters, Executor::on_cpu(2));
  for (int n = 0; n < 4; ++n) s.step();
  s.check();
  const auto message = [&] {
    try {
      s.check();
    } catch (const NumericalError& e) {
      return std::string(e.what());
    }
    return std::string("nothing was found");
  };
  for (const ArrayInfo& info : s.state_arrays()) {
    if (info.type != ElementType::f32 && info.type != ElementType::f64) continue;
    if (!info.hashed) continue;                             // what is only told
    if (info.spacing <= 0 && info.extents[0] < 3) continue; // of tips, where there are none
    std::vector<std::byte> whole(info.bytes());
    s.read(info.name, whole.data());
    for (const double bad : {std::nan(""), 1e35 * 1e4 /* infinite as float */, 2e9, -0.5}) {
      const bool lattice = info.spacing > 0;
      if (!lattice && std::isfinite(bad) && info.type == ElementType::f64 && bad < 1e38) continue;
      if (info.name == "pressure" && bad < 0) continue; // tension
      if (info.type == ElementType::f32)
        change(s, info.name, lattice ? voxel : 2, static_cast<float>(bad));
      else
        change(s, info.name, 2, bad < 1e38 ? bad : std::numeric_limits<double>::infinity());
      const std::string found = message();
      EXPECT_NE(found.find(info.name + " is "), std::string::npos) << found;
      EXPECT_NE(found.find(lattice ? "voxel (5, 6, 7)" : "entry 2"), std::string::npos) << found;
      s.write(info.name, whole.data(), info.extents[0]);
      EXPECT_EQ(message(), "nothing was found") << info.name;
    }
  }
  change<std::uint8_t>(s, "kind", voxel, 9);
  EXPECT_NE(message().find("kind has the code 9, which stands for nothing, at voxel (5, 6, 7)"),
            std::string::npos)
      << message();
}

// ---- memory

class MemoryOfRuns : public Faults {
protected:
  void SetUp() override {
    if (!Executor::cuda_obstacle().empty()) return;
  }
  // What `validate` says a run takes, over what it took.
  void expect_estimate(const std::vector<std::string>& settings, double lowest, double highest) {
    std::string what;
    for (const std::string& s : settings) what += s + "  ";
    std::ofstream(config)
        << "simulation: {name: memory, seed: 7, duration: 12 min}\n"
           "domain: {voxels: [128, 128, 128], spacing: 20 um}\n"
           "tissue: {cells: [{shape: sphere, kind: epithelial, radius: 300 um}]}\n"
           "output: {report: 6 min, frames: 0 min, checkpoints: 6 min, compression: none}\n";
    std::vector<std::string> words = command(path / "run", {"--force"});
    for (const std::string& s : settings) words.insert(words.end(), {"--set", s});
    const Ended end = Child(words, log).wait();
    ASSERT_EQ(end.code, exit_done) << said();
    const double counted = mebibytes_behind("together at most "),
                 taken = static_cast<double>(end.peak_kib) / 1024;
    std::printf("counted %7.2f MiB, taken %7.2f MiB, %+5.1f %%  %s\n", counted, taken,
                100 * (counted / taken - 1), what.c_str());
    EXPECT_GE(counted / taken, lowest) << what;
    EXPECT_LE(counted / taken, highest) << what;
    // The program's own number is the system's.
    const std::string text = said();
    EXPECT_NEAR(mebibytes(text.substr(text.rfind("\nmemory      ") + 13)), taken, 0.02 * taken)
        << text;
  }
};

TEST_F(MemoryOfRuns, IsCountedBeforehand) {
#ifdef METAVOX_SANITIZED
  GTEST_SKIP() << "sanitizers take memory of their own";
#endif
  const std::vector<std::vector<std::string>> some = {
      {"fields.coarsen=2", "output.frames=6 min"},
      {"glucose.enabled=true", "vessels.pattern=grid", "vessels.spacing=120 um"}};
  for (const auto& settings : some) expect_estimate(settings, 0.95, 1.05);
}

using LongMemoryOfRuns = MemoryOfRuns;
TEST_F(LongMemoryOfRuns, IsCountedBeforehand) {
#ifdef METAVOX_SANITIZED
  GTEST_SKIP() << "sanitizers take memory of their own";
#endif
  const std::string frames = "output.frames=6 min", fields_only = "output.cells=false",
                    cells_only = "output.fields=false";
  const std::vector<std::vector<std::string>> all = {
      {},
      {"domain.voxels=[180, 180, 180]"},
      {"fields.coarsen=2"},
      {"glucose.enabled=true", "inhibitor.enabled=true", "vegf.enabled=true"},
      {frames, fields_only},
      {frames, cells_only, "tissue.parenchyma=0.6"},
      {frames, "glucose.enabled=true"},
      {frames, "fields.coarsen=4", "vegf.enabled=true", "tissue.stroma=0.2"},
      {frames, fields_only, "domain.voxels=[160, 160, 160]", "output.stride=2"},
      {frames, fields_only, "output.mantissa_bits=9", "tracers.count=1000000"},
      {"vegf.enabled=true", "vessels.pattern=grid", "vessels.spacing=120 um"},
      {frames, fields_only, "vegf.enabled=true", "sprouting.enabled=true", "vessels.pattern=grid",
       "vessels.spacing=200 um"}};
  for (const auto& settings : all) expect_estimate(settings, 0.95, 1.05);
  // How well frames compress depends on what is in them: the number is a bound.
  expect_estimate({frames, "tissue.parenchyma=0.6", "output.compression=lz4"}, 0.98, 1.20);
}

TEST_F(MemoryOfRuns, TooLargeForTheMachineIsRefusedBeforeItIsTaken) {
#ifdef METAVOX_SANITIZED
  GTEST_SKIP() << "sanitizers take memory of their own";
#endif
  if (Executor::on_cpu().memory_available() > std::size_t{100} << 30)
    GTEST_SKIP() << "this machine has room for it";
  for (const char* extents : {"[1280, 1280, 1280]", "[20000, 20000, 5]"}) {
    const std::string set = std::string("domain.voxels=") + extents;
    const Ended run = Child(command(path / "run", {"--set", set}), log).wait();
    EXPECT_EQ(run.code, exit_resources) << said();
    EXPECT_NE(said().find("not enough memory: the run needs "), std::string::npos) << said();
    EXPECT_LT(run.peak_kib, 100 * 1024);
    EXPECT_FALSE(fs::exists(path / "run"));
  }
  std::ofstream(config) << "domain: {voxels: [1280, 1280, 1280]}\n";
  const Ended validated = Child({METAVOX_PROGRAM, "validate", config.string()}, log).wait();
  EXPECT_EQ(validated.code, exit_resources) << said();
  EXPECT_LT(validated.peak_kib, 100 * 1024);
}

// Any allocation may fail.
class Starved : public MemoryOfRuns {
protected:
  void expect_clean_end(const Ended& end, const std::string& what) {
    const fs::path folder = path / "run";
    ASSERT_EQ(end.signal, 0) << what << said();
    if (end.code != exit_done) {
      ASSERT_EQ(end.code, exit_resources) << what << said();
      ASSERT_TRUE(said().find("memory") != std::string::npos ||
                  said().find("no room") != std::string::npos)
          << what << said();
    }
    ASSERT_EQ(harm(folder), "") << what;
    expect_recovery(folder, what, Died::with_a_last_row);
    ASSERT_FALSE(testing::Test::HasFailure()) << what;
    fs::remove_all(folder);
  }
  void fail_every(long stride) {
#ifdef METAVOX_SANITIZED
    GTEST_SKIP() << "sanitizers bring their own malloc";
#endif
    const std::vector<std::string> words = command(path / "run", {"--until", "60 min"});
    const long all = operations("memory:8192:1000000", words);
    fs::remove_all(path / "run");
    EXPECT_GT(all, 100);
    for (long n = 1; n <= all && !HasFatalFailure(); n += stride) {
      const std::string plan = "memory:8192:" + std::to_string(n);
      expect_clean_end(Child(words, log, fault(plan)).wait(), plan + "\n");
    }
  }
};
TEST_F(Starved, AllocationsFail) { fail_every(31); }
using LongStarved = Starved;
TEST_F(LongStarved, AllocationsFail) { fail_every(1); }

TEST_F(Starved, AddressSpaceEnds) {
#ifdef METAVOX_SANITIZED
  GTEST_SKIP() << "sanitizers need all of it";
#endif
  int refused = 0, done = 0;
  // From too little for the arrays to enough for all but a frame, or the thread that writes it, and
  // then for all.
  for (rlim_t mebibytes = 60; done < 2 && mebibytes < 2000; mebibytes += mebibytes < 130 ? 7 : 40) {
    const std::vector<std::string> words = command(
        path / "run", {"--set", "domain.voxels=[48, 48, 48]", "--until", "6 min", "--quiet"});
    const Ended end = Child(words, log, {}, [&] {
                        const rlimit limit{mebibytes << 20, mebibytes << 20};
                        ::setrlimit(RLIMIT_AS, &limit);
                      }).wait();
    if (end.code == 127) continue; // not even its libraries fit
    const std::string what = std::to_string(mebibytes) + " MiB\n";
    ASSERT_EQ(end.signal, 0) << what << said();
    ASSERT_TRUE(end.code == exit_resources || end.code == exit_done) << what << end.code << said();
    ++(end.code == exit_resources ? refused : done);
    ASSERT_EQ(harm(path / "run"), "") << what;
    fs::remove_all(path / "run");
  }
  EXPECT_EQ(done, 2);
  EXPECT_GE(refused, 2);
}

} // namespace
} // namespace metavox
