// What happens to a run that is killed, whose disk fills up, whose memory ends, whose numbers go wrong: by the program
// itself, run as users run it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.hpp"
#include "metavox/checkpoint.hpp"
#include "metavox/config.hpp"
#include "metavox/files.hpp"
#include "metavox/run.hpp"
#include "metavox/simulation.hpp"
#include "metavox/vtk_io.hpp"

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
  Faults() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    path = support::quick_folder() /
           ("metavox_faults_" + std::string(info->name()) + "_" + std::to_string(::getpid()));
    fs::remove_all(path);
    fs::create_directories(path);
    config = path / "small.yaml";
    std::ofstream(config) << small_run;
    log = path / "said.txt";
  }
  ~Faults() override {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }

  std::vector<std::string> command(const fs::path& folder,
                                   const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {METAVOX_PROGRAM, "run",       config.string(), "-o",
                                      folder.string(), "--threads", "1",             "--backend",
                                      "cpu"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // As a user starts it: goes on where there is something to go on from.
  std::vector<std::string> command_after_death(const fs::path& folder) const {
    if (!newest_checkpoint(folder).empty()) return command(folder, {"--restart", folder.string()});
    if (looks_like_run(folder)) return command(folder, {"--force"});
    return command(folder);
  }
  std::string said() const { return read_text(log); }

  // The hash of the run when nothing happens to it.
  const std::string& undisturbed() {
    static const std::string hash = [&] {
      const fs::path folder = path / "undisturbed";
      EXPECT_EQ(Child(command(folder), log).wait().code, exit_done) << said();
      const std::string found = summary_of(folder).final_hash;
      fs::remove_all(folder);
      return found;
    }();
    return hash;
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
    if (!fs::exists(folder / "checksums.txt")) return found;
    const Verification v = verify_run(folder);
    for (const auto* list : {&v.altered, &v.unlisted})
      for (const std::string& text : *list) found += text + "\n";
    for (const std::string& text : v.missing)
      if (text.find("not listed") == std::string::npos) found += text + " is missing\n";
    return found;
  }
  // Starts the run again after a disturbance, as a user does, and sees that nothing was lost.
  void expect_recovery(const fs::path& folder, const std::string& what) {
    EXPECT_EQ(Child(command_after_death(folder), log).wait().code, exit_done) << what << said();
    EXPECT_EQ(summary_of(folder).final_hash, undisturbed()) << what;
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

  fs::path path, config, log;
};

// ---- kill -9 ------------------------------------------------------------------------------------

TEST_F(Faults, KilledAtRandomMoments) {
  const std::string hash = undisturbed();
  const auto begin = std::chrono::steady_clock::now();
  Child(command(path / "timed"), log).wait();
  const double whole =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::mt19937 random(20);
  std::uniform_real_distribution<double> moment(0, 1.1 * whole);
  int kills = 0, before = 0, after = 0, finished = 0;
  std::map<std::string, int> torn;
  for (int runs = 0; kills < 60 && runs < 300; ++runs) {
    const fs::path folder = path / ("run" + std::to_string(runs));
    for (;;) {
      Child child(command_after_death(folder), log);
      std::this_thread::sleep_for(std::chrono::duration<double>(moment(random)));
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
    ASSERT_EQ(summary_of(folder).final_hash, hash);
    ASSERT_TRUE(verify_run(folder).ok && verify_run(folder).finished);
    fs::remove_all(folder);
  }
  std::printf("%d kills in %d runs: %d before a checkpoint, %d after one; in the middle of a "
              "checkpoint %d, a frame %d, another file %d\n",
              kills, finished, before, after, torn["checkpoints"], torn["frames"], torn["run"]);
  EXPECT_GE(kills, 60);
  EXPECT_GE(before, 5);
  EXPECT_GE(after, 20);
}

// Moments that clocks rarely hit: in the middle of every operation on a file, or of every n-th one. That includes
// every stage of putting a checkpoint in place and of giving up the oldest one.
class FaultsAtOperations : public Faults {
protected:
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
      // A snapshot is taken once the one before is written, so a row behind the second says the first is safe.
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
TEST_F(FaultsAtOperations, DiskFull) { fail_at_every("from", ENOSPC, 23); }
TEST_F(FaultsAtOperations, DiskFailsOnce) { fail_at_every("once", EIO, 23); }
using LongFaultsAtOperations = FaultsAtOperations;
TEST_F(LongFaultsAtOperations, KilledInTheMiddleOfThem) { kill_at_every(1); }
TEST_F(LongFaultsAtOperations, DiskFull) { fail_at_every("from", ENOSPC, 1); }
TEST_F(LongFaultsAtOperations, DiskFailsOnce) { fail_at_every("once", EIO, 1); }
TEST_F(LongFaultsAtOperations, DiskFailsForGood) { fail_at_every("from", EIO, 1); }
TEST_F(LongFaultsAtOperations, DiskTurnsReadOnly) { fail_at_every("from", EROFS, 1); }
TEST_F(LongFaultsAtOperations, PermissionLost) { fail_at_every("from", EACCES, 1); }

} // namespace
} // namespace metavox
