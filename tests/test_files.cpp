// The run folder: whole files or none, its rules about overwriting, and what `verify` finds.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.hpp"
#include "core/errors.hpp"
#include "folder.hpp"
#include "input/cells_csv.hpp"
#include "program/plan.hpp"
#include "program/sweep.hpp"
#include "pvd_check.hpp"
#include "record/csv.hpp"
#include "record/run_folder.hpp"
#include "record/verify.hpp"
#include "viz/vtk_available.hpp"

namespace metavox {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
protected:
  static void put(const fs::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
  }
  static std::vector<std::string> names(const fs::path& folder) {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder))
      all.push_back(entry.path().filename().string());
    std::sort(all.begin(), all.end());
    return all;
  }
  template <class Error, class F>
  static std::string message_of(const F& f) {
    try {
      f();
    } catch (const Error& e) {
      return e.what();
    }
    return "nothing was thrown";
  }
  static bool has(const std::vector<std::string>& list, const std::string& part) {
    for (const std::string& text : list)
      if (text.find(part) != std::string::npos) return true;
    return false;
  }
  // A finished run of three steps.
  static fs::path make_run(const fs::path& at) {
    RunFolder folder = RunFolder::create(at, false);
    folder.write_provenance(provenance("running"));
    folder.write_resolved("a: 1\n");
    folder.add_events({{720, "first_necrosis", 1, 2, 3, "here, \"there\""}});
    for (int step = 0; step <= 3; ++step) {
      folder.add_metrics(step, step * 720.0, 0x1234u + static_cast<unsigned>(step), row(step));
      folder.log("step " + std::to_string(step));
      if (vtk_available())
        folder.add_frame(FrameKind::fields, step, step * 720.0, "frame " + std::to_string(step));
      put(folder.checkpoint_path(step), "state " + std::to_string(step));
      folder.checkpoint_written(step, sum_of_file(folder.checkpoint_path(step)), 2);
    }
    folder.write_provenance(provenance("done"));
    folder.seal();
    return at;
  }
  static Provenance provenance(const std::string& reason) {
    Provenance p;
    p.exit_reason = reason;
    p.exit_code = reason == "done" ? 0 : -1;
    p.final_hash = "0123";
    p.steps = 3;
    return p;
  }
  static MetricRow row(int step) {
    return {{"preset", "1", std::nan(""), false, "", "fast"},
            {"cells", "1", step * 1e6, true},
            {"oxygen_mean", "mmHg", 0.1 * step, false}};
  }
  const Folder own_folder;
  const fs::path path = own_folder.path();
};

TEST_F(Files, CrcKnownAnswers) {
  EXPECT_EQ(crc32("123456789", 9), 0xcbf43926u);
  EXPECT_EQ(crc32("", 0), 0u);
  EXPECT_EQ(crc32("6789", 4, crc32("12345", 5)), 0xcbf43926u);
  EXPECT_EQ(crc32_of_both(crc32("1234", 4), crc32("56789", 5), 5), 0xcbf43926u);
  put(path / "x", "123456789");
  EXPECT_EQ(sum_of_file(path / "x"), (FileSum{0xcbf43926u, 9}));
  EXPECT_EQ(hex8(0xab), "000000ab");
  EXPECT_EQ(hex16(0xab), "00000000000000ab");
}

TEST_F(Files, ReplacesWholeFilesAndLeavesNothingBehind) {
  const fs::path file = path / "state";
  write_file_atomically(file, "old");
  write_file_atomically(file, std::string(100000, 'x'));
  EXPECT_EQ(fs::file_size(file), 100000u);
  EXPECT_EQ(names(path), std::vector<std::string>{"state"});
  {
    PendingFile pending(file);
    put(pending.temporary(), "half");
    EXPECT_EQ(names(path).size(), 2u);
  }
  EXPECT_EQ(fs::file_size(file), 100000u);
  EXPECT_EQ(names(path), std::vector<std::string>{"state"});
}

// A limit on the size of files stands in for a full disk: writing fails half-way either way.
TEST_F(Files, FullDiskKeepsTheOldFile) {
  const fs::path file = path / "state";
  write_file_atomically(file, "old");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 65536;
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string message =
      message_of<IoError>([&] { write_file_atomically(file, std::string(1 << 20, 'x')); });
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_NE(message.find("state"), std::string::npos) << message;
  EXPECT_NE(message.find("File too large"), std::string::npos) << message;
  EXPECT_EQ(read_text(file), "old");
  EXPECT_EQ(names(path), std::vector<std::string>{"state"});
}

TEST_F(Files, ErrorsNameFileAndReason) {
  EXPECT_NE(message_of<IoError>([&] {
              write_file_atomically(path / "no/where", "x");
            }).find("No such file or directory"),
            std::string::npos);
  EXPECT_NE(message_of<IoError>([&] { read_text(path / "absent"); }).find("absent"),
            std::string::npos);
  EXPECT_NE(message_of<IoError>([&] { read_text(path); }).find("not a file"), std::string::npos);
}

TEST_F(Files, RunFolderHoldsWhatDesignSays) {
  const fs::path run = make_run(path / "deep/run");
  std::vector<std::string> wanted = {".lock",       "checkpoints",     "checksums.txt",
                                     "events.csv",  "frames",          "log.txt",
                                     "metrics.csv", "provenance.json", "resolved.yaml"};
  if (vtk_available()) wanted.insert(wanted.begin() + 4, "fields.pvd");
  EXPECT_EQ(names(run), wanted);
  EXPECT_EQ(names(run / "checkpoints"),
            (std::vector<std::string>{"step_00000002.h5", "step_00000003.h5"}));
  EXPECT_EQ(read_text(run / "metrics.csv"),
            "time [day],step,hash,preset,cells,oxygen_mean [mmHg]\n"
            "0,0,0000000000001234,fast,0,0\n"
            "0.5,1,0000000000001235,fast,1000000,0.1\n"
            "1,2,0000000000001236,fast,2000000,0.2\n"
            "1.5,3,0000000000001237,fast,3000000,0.30000000000000004\n");
  EXPECT_EQ(read_text(run / "events.csv"), "time [day],event,x [um],y [um],z [um],detail\n"
                                           "0.5,first_necrosis,1,2,3,\"here, \"\"there\"\"\"\n");
  const RunSummary summary = summary_of(run);
  EXPECT_TRUE(summary.found);
  EXPECT_EQ(summary.exit_code, 0);
  EXPECT_EQ(summary.exit_reason, "done");
  EXPECT_EQ(summary.final_hash, "0123");
  const LastRow last = last_row_of(run / "metrics.csv");
  ASSERT_EQ(last.row.size(), 6u);
  EXPECT_EQ(last.row[1], "3");
}

TEST_F(Files, NeverOverwritesWithoutForce) {
  const fs::path run = make_run(path / "run");
  EXPECT_NE(message_of<IoError>([&] { RunFolder::create(run, false); }).find("--force"),
            std::string::npos);
  EXPECT_TRUE(verify_run(run).ok);
  put(run / "notes.txt", "mine");
  put(run / "frames/mine.vti", "mine");
  { RunFolder::create(run, true); }
  EXPECT_EQ(read_text(run / "notes.txt"), "mine");
  EXPECT_EQ(names(run / "frames"), std::vector<std::string>{"mine.vti"});
  EXPECT_TRUE(names(run / "checkpoints").empty());
  EXPECT_FALSE(fs::exists(run / "metrics.csv"));
}

// Killed before provenance.json stands, a start leaves what only a start leaves; it is simply made
// again.
TEST_F(Files, StartThatDiedIsMadeAgain) {
  const fs::path run = path / "run";
  { RunFolder::create(run, false); }
  put(run / ".provenance.json.tmp-17", "{");
  EXPECT_NO_THROW(RunFolder::check(run, false));
  { RunFolder::create(run, false); }
  EXPECT_EQ(names(run),
            (std::vector<std::string>{".lock", "checkpoints", "checksums.txt", "frames"}));
  // Anything else in it is somebody's.
  for (const char* mine :
       {"notes.txt", "frames/a.vti", "checkpoints/step_00000001.h5", ".mine.tmp-1"}) {
    put(run / mine, "mine");
    EXPECT_THROW(RunFolder::create(run, true), IoError) << mine;
    EXPECT_EQ(read_text(run / mine), "mine");
    fs::remove(run / mine);
  }
  put(run / "checksums.txt", "mine");
  EXPECT_THROW(RunFolder::create(run, false), IoError);
}

// Appended lines go to a file that is no longer there: said, not lost in silence.
TEST_F(Files, RowsOfARemovedFileAreRefused) {
  RunFolder folder = RunFolder::create(path / "run", false);
  folder.add_metrics(0, 0, 1, row(0));
  fs::remove_all(path / "run");
  const std::string message = message_of<IoError>([&] { folder.add_metrics(1, 720, 2, row(1)); });
  EXPECT_NE(message.find("metrics.csv"), std::string::npos) << message;
  EXPECT_NE(message.find("No such file or directory"), std::string::npos) << message;
}

// What a failed session put in place and did not list is listed at the end; nothing of it is
// "unlisted" for ever.
TEST_F(Files, SealListsWhatWasLeftUnlisted) {
  RunFolder folder = RunFolder::create(path / "run", false);
  folder.write_provenance(provenance("running"));
  folder.write_resolved("a: 1\n");
  put(path / "run/frames/fields_00000001.vti", "whole");
  put(path / "run/checkpoints/step_00000001.h5", "whole");
  folder.seal();
  const Verification v = verify_run(path / "run");
  EXPECT_TRUE(v.ok && v.finished);
  EXPECT_TRUE(v.unlisted.empty());
}

TEST_F(Files, ForceSparesWhatIsNoRun) {
  const fs::path home = path / "thesis";
  fs::create_directories(home);
  put(home / "metrics.csv", "mine");
  EXPECT_NE(message_of<IoError>([&] { RunFolder::create(home, true); }).find("does not look like"),
            std::string::npos);
  EXPECT_EQ(names(home), std::vector<std::string>{"metrics.csv"});
  EXPECT_NE(message_of<IoError>([&] {
              RunFolder::create(home / "metrics.csv", true);
            }).find("not a folder"),
            std::string::npos);
  fs::create_directories(path / "empty");
  EXPECT_NO_THROW(RunFolder::create(path / "empty", false));
}

TEST_F(Files, ForceDoesNotFollowLinks) {
  const fs::path run = make_run(path / "run");
  fs::create_directories(path / "precious");
  put(path / "precious/fields_00000000.vti", "mine");
  fs::remove_all(run / "frames");
  fs::create_directory_symlink(path / "precious", run / "frames");
  { RunFolder::create(run, true); }
  EXPECT_TRUE(fs::exists(path / "precious/fields_00000000.vti"));
}

TEST_F(Files, TwoRunsCannotShareAFolder) {
  const RunFolder first = RunFolder::create(path / "run", false);
  const std::string pid = std::to_string(::getpid());
  for (const auto& attempt :
       {std::function<void()>([&] { RunFolder::create(path / "run", true); }),
        std::function<void()>([&] { RunFolder::resume(path / "run", 0, 0); }),
        std::function<void()>([&] { RunFolder::check(path / "run", false); })}) {
    const std::string message = message_of<IoError>(attempt);
    EXPECT_NE(message.find("in use by process " + pid), std::string::npos) << message;
  }
}

TEST_F(Files, VerifyFindsEveryChange) {
  const fs::path run = make_run(path / "run");
  ASSERT_TRUE(verify_run(run).ok);
  EXPECT_TRUE(verify_run(run).finished);
  EXPECT_EQ(verify_command(run), 0);

  for (const auto& entry : fs::recursive_directory_iterator(run)) {
    const fs::path& file = entry.path();
    if (!entry.is_regular_file() || file.filename() == ".lock" ||
        file.filename() == "checksums.txt")
      continue;
    const std::string name = fs::relative(file, run).string(), good = read_text(file);
    std::string bad = good;
    bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
    put(file, bad);
    EXPECT_TRUE(has(verify_run(run).altered, name)) << name;
    put(file, good + "x");
    EXPECT_TRUE(has(verify_run(run).altered, name)) << name;
    EXPECT_EQ(verify_command(run), 3);
    fs::remove(file);
    EXPECT_TRUE(has(verify_run(run).missing, name)) << name;
    put(file, good);
    EXPECT_TRUE(verify_run(run).ok) << name;
  }
  put(run / "frames/fields_00000099.vti", "foreign");
  EXPECT_TRUE(has(verify_run(run).unlisted, "fields_00000099"));
  EXPECT_FALSE(verify_run(run).ok);
  fs::remove(run / "frames/fields_00000099.vti");
  put(run / "picture.png", "of the run");
  EXPECT_TRUE(verify_run(run).ok);
  EXPECT_TRUE(has(verify_run(run).notes, "picture.png"));
  put(run / "checksums.txt", read_text(run / "checksums.txt") + "00000000 0 ../../etc/passwd\n");
  EXPECT_FALSE(verify_run(run).ok);
  fs::remove(run / "checksums.txt");
  EXPECT_THROW(verify_run(run), IoError);
}

TEST_F(Files, VerifySaysWhatIsStillGrowing) {
  RunFolder folder = RunFolder::create(path / "run", false);
  folder.write_provenance(provenance("running"));
  folder.write_resolved("a: 1\n");
  folder.add_metrics(0, 0, 1, row(0));
  const Verification v = verify_run(path / "run");
  EXPECT_TRUE(v.ok);
  EXPECT_FALSE(v.finished);
  EXPECT_TRUE(has(v.unsealed, "metrics.csv"));
  EXPECT_TRUE(has(v.unsealed, "provenance.json"));
}

// An index that is written anew for every frame costs the square of their number: 2,000 frames of
// three kinds wrote 177 MB of it.
TEST_F(Files, IndexOfManyFramesCostsALineEach) {
  const auto written = [] { // by this process, to whatever file
    std::ifstream io("/proc/self/io");
    std::string word;
    for (std::uint64_t n = 0; io >> word >> n;)
      if (word == "wchar:") return n;
    return std::uint64_t{0};
  };
  if (written() == 0) GTEST_SKIP() << "no count of what is written here";
  const fs::path run = support::quick_folder() / ("metavox_index_" + std::to_string(::getpid()));
  fs::remove_all(run);
  constexpr int frames = 1000;
  std::uint64_t bytes = 0, index = 0;
  {
    RunFolder folder = RunFolder::create(run, false);
    const std::uint64_t before = written();
    for (int n = 0; n < frames; ++n) {
      folder.add_frame(FrameKind::fields, n, n * 6.0, "x");
      if (n % 100 == 7 || n < 40) {
        int entries = 0;
        EXPECT_EQ(support::harm_of_pvd(run / "fields.pvd", &entries), "");
        EXPECT_EQ(entries, n + 1);
      }
    }
    bytes = written() - before;
    folder.seal();
    index = fs::file_size(run / "fields.pvd");
  }
  std::string whole;
  for (int n = 0; n < frames; ++n) whole += "frames/fields_" + std::to_string(n);
  EXPECT_LT(bytes, 8 * index + frames * 60u); // and a line of checksums.txt each
  EXPECT_EQ(read_text(run / "fields.pvd").find("  \n"), std::string::npos) << "room is left over";
  EXPECT_GT(index, frames * 50u);
  fs::remove_all(run);
}

// Whenever the process is killed, and whenever somebody looks, the index is whole.
TEST_F(Files, IndexIsWholeAtEveryMoment) {
  const fs::path place = support::quick_folder() / ("metavox_whole_" + std::to_string(::getpid()));
  std::mt19937 random(5);
  for (int attempt = 0; attempt < 12; ++attempt) {
    fs::remove_all(place);
    const pid_t child = ::fork();
    if (child == 0) {
      RunFolder folder = RunFolder::create(place, false);
      for (int n = 0;; ++n) folder.add_frame(FrameKind::fields, n, n * 6.0, "x");
    }
    const fs::path index = place / "fields.pvd";
    while (!fs::exists(index)) std::this_thread::yield();
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(random() % 60);
    do EXPECT_EQ(support::harm_of_pvd(index), "");
    while (std::chrono::steady_clock::now() < end);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    int entries = 0;
    EXPECT_EQ(support::harm_of_pvd(index, &entries), "");
    RunFolder again = RunFolder::resume(place, 1 << 20, 6.0 * (1 << 20));
    int kept = 0;
    EXPECT_EQ(support::harm_of_pvd(index, &kept), "");
    EXPECT_EQ(kept, entries);
    EXPECT_EQ(static_cast<std::size_t>(kept), names(place / "frames").size());
    again.add_frame(FrameKind::fields, 1 << 20, 6.0 * (1 << 20), "x");
    EXPECT_EQ(support::harm_of_pvd(index, &kept), "");
    EXPECT_EQ(kept, entries + 1);
  }
  fs::remove_all(place);
}

// Somebody else's file is not written into.
TEST_F(Files, IndexThatWasReplacedIsMadeAnew) {
  RunFolder folder = RunFolder::create(path / "run", false);
  const fs::path index = path / "run" / "fields.pvd";
  folder.add_frame(FrameKind::fields, 0, 0, "x");
  put(index, "edited");
  folder.add_frame(FrameKind::fields, 1, 6, "x");
  EXPECT_EQ(support::harm_of_pvd(index), "");
  fs::remove(index);
  const fs::path victim = path / "victim";
  fs::create_symlink(victim, index);
  folder.add_frame(FrameKind::fields, 2, 12, "x");
  int entries = 0;
  EXPECT_EQ(support::harm_of_pvd(index, &entries), "");
  EXPECT_EQ(entries, 3);
  EXPECT_FALSE(fs::exists(victim));
}

TEST_F(Files, ResumeDropsWhatCameLater) {
  const fs::path run = make_run(path / "run");
  std::ofstream(run / "metrics.csv", std::ios::app) << "2,4,00"; // torn by a crash
  put(run / ".metrics.csv.tmp-1", "left over");
  {
    RunFolder folder = RunFolder::resume(run, 1, 720);
    EXPECT_EQ(folder.last_metrics_step(), 1);
    EXPECT_EQ(read_text(run / "metrics.csv"),
              "time [day],step,hash,preset,cells,oxygen_mean [mmHg]\n"
              "0,0,0000000000001234,fast,0,0\n"
              "0.5,1,0000000000001235,fast,1000000,0.1\n");
    EXPECT_FALSE(verify_run(run).finished);
    if (vtk_available()) {
      EXPECT_EQ(names(run / "frames"),
                (std::vector<std::string>{"fields_00000000.vti", "fields_00000001.vti"}));
      EXPECT_EQ(read_text(run / "fields.pvd").find("00000002"), std::string::npos);
      EXPECT_NE(read_text(run / "fields.pvd").find("00000001"), std::string::npos);
      EXPECT_EQ(folder.last_frame_step(), 1);
    }
    // Later checkpoints are not given up before the run has come as far again.
    EXPECT_TRUE(fs::exists(run / "checkpoints/step_00000003.h5"));
    for (int step = 2; step <= 3; ++step) {
      folder.add_metrics(step, step * 720.0, 0x1234u + static_cast<unsigned>(step), row(step));
      if (vtk_available())
        folder.add_frame(FrameKind::fields, step, step * 720.0, "frame " + std::to_string(step));
    }
    folder.write_provenance(provenance("done"));
    folder.seal();
  }
  EXPECT_FALSE(fs::exists(run / ".metrics.csv.tmp-1"));
  EXPECT_NE(read_text(run / "provenance.json").find("earlier_sessions"), std::string::npos);
  const fs::path whole = make_run(path / "whole");
  for (const char* name : {"metrics.csv", "events.csv"})
    EXPECT_EQ(read_text(run / name), read_text(whole / name));
  if (vtk_available()) {
    EXPECT_EQ(read_text(run / "fields.pvd"), read_text(whole / "fields.pvd"));
  }
  EXPECT_TRUE(verify_run(run).ok);
  EXPECT_TRUE(verify_run(run).finished);
}

TEST_F(Files, CellsFromCsv) {
  DomainParameters domain{};
  domain.voxels = {10, 10, 10};
  domain.spacing = 20;
  const fs::path file = path / "cells.csv";
  put(file, "# made by hand\nz [um],x,y,kind,clone\r\n5,10.5,0,epithelial,7\r\n\n199.9,1,2,2,0\n");
  const auto cells = read_cells_csv(file, domain);
  ASSERT_EQ(cells.size(), 2u);
  EXPECT_EQ(cells[0].x, 10.5);
  EXPECT_EQ(cells[0].z, 5);
  EXPECT_EQ(cells[0].kind, 3);
  EXPECT_EQ(cells[0].clone, 7);
  EXPECT_EQ(cells[1].kind, 2);
  const auto names_of = [&](const std::string& grid) {
    put(file, "config: base.yaml\nreplicates: 2\n" + grid);
    std::vector<std::string> names;
    for (const SweepMember& m : members_of(read_sweep(file))) names.push_back(m.name);
    std::sort(names.begin(), names.end());
    return names;
  };
  // A value more, wherever in the list, leaves the names of all others alone.
  for (const auto& [few, more] :
       {std::pair{"[0.1, 0.3]", "[0.1, 0.2, 0.3]"}, std::pair{"[0.1, 0.3]", "[0.5, 0.3, 0.1]"},
        std::pair{"[[8, 8, 8], [9, 9, 9]]", "[[8, 8, 8], [7, 7, 7], [9, 9, 9]]"},
        std::pair{"['a/b c', 'a_b;c']", "['a_b:c', 'a/b c', 'a_b;c']"}}) {
    const auto before = names_of("grid: {matrix.density: " + std::string(few) + "}\n"),
               after = names_of("grid: {matrix.density: " + std::string(more) + "}\n");
    EXPECT_EQ(before.size(), 4u);
    EXPECT_EQ(after.size(), 6u);
    EXPECT_TRUE(std::includes(after.begin(), after.end(), before.begin(), before.end())) << more;
    for (const std::string& name : after)
      EXPECT_EQ(name.find_first_of("/ ;:[]"), std::string::npos) << name;
  }
  EXPECT_EQ(names_of(""), (std::vector<std::string>{"r1", "r2"}));
  EXPECT_NE(message_of<ConfigError>([&] {
              names_of("grid: {matrix.density: [0.1, 0.1]}\n");
            }).find("stands twice"),
            std::string::npos);
  std::string long_list = "grid: {tissue.cells: [";
  for (int n = 0; n < 3; ++n)
    long_list += std::string(n > 0 ? ", " : "") +
                 "[{shape: sphere, kind: epithelial, radius: " + std::to_string(50 + n) +
                 " um, centre: [100 um, 100 um, 100 um]}]";
  for (const std::string& name : names_of(long_list + "]}\n")) EXPECT_LT(name.size(), 200u);
  const auto message = [&](const std::string& text) {
    put(file, text);
    return message_of<ConfigError>([&] { read_cells_csv(file, domain); });
  };
  const std::string at = file.string();
  EXPECT_NE(message("x,y,z\n").find(at + ":1: column 'kind' is missing"), std::string::npos);
  EXPECT_NE(message("x,y,z,kind,colour\n").find("'colour' is not a column"), std::string::npos);
  EXPECT_NE(message("x,y,z,kind\n1,2,3,epithelal\n")
                .find(at + ":2: 'epithelal' is not a kind of "
                           "cell; did you mean epithelial?"),
            std::string::npos);
  EXPECT_NE(message("x,y,z,kind\n1,2,3,1\n1,2,200,1\n").find(at + ":3: z = 200 um lies outside"),
            std::string::npos);
  EXPECT_NE(message("x,y,z,kind\n1,2,3\n").find(at + ":2: 3 values"), std::string::npos);
  EXPECT_NE(message("x,y,z,kind\n1,nan,3,1\n").find("y is 'nan'"), std::string::npos);
  EXPECT_NE(message("x,y,z,kind\n1,2,3,8\n").find("'8' is not a kind"), std::string::npos);
  EXPECT_NE(message("x,y,z,kind,clone\n1,2,3,1,70000\n").find("65535"), std::string::npos);
  EXPECT_NE(message("").find("empty"), std::string::npos);
  EXPECT_NE(message_of<ConfigError>([&] { read_cells_csv(path / "none", domain); }).find("none"),
            std::string::npos);
}

TEST_F(Files, ScheduleCountsWhatTheLoopDoes) {
  for (const std::int64_t last : {0, 1, 7, 12, 13})
    for (const std::int64_t every : {0, 1, 3, 4, 20}) {
      Schedule s;
      s.step = 1;
      s.last = last;
      s.report = s.frames = s.checkpoints = every;
      for (std::int64_t from = 0; from <= last; ++from) {
        std::int64_t rows = 0, frames = 0, checkpoints = 0;
        for (std::int64_t n = from == 0 ? 0 : from + 1; n <= last; ++n) {
          rows += s.row_at(n);
          frames += s.frame_at(n);
          checkpoints += s.checkpoint_at(n);
        }
        EXPECT_EQ(s.rows(from), rows) << last << " " << every << " " << from;
        EXPECT_EQ(s.frame_count(from), frames) << last << " " << every << " " << from;
        EXPECT_EQ(s.checkpoint_count(from), checkpoints) << last << " " << every << " " << from;
      }
    }
}

TEST_F(Files, SweepMembers) {
  const fs::path file = path / "sweep.yaml";
  put(file,
      "config: base.yaml\nreplicates: 2\nseed: 5\nuntil: 1 day\n"
      "set: {domain.voxels: [8, 8, 8]}\n"
      "grid:\n  oxygen.diffusivity: [1e5 um^2/min, 2e5 um^2/min]\n  matrix.density: [0.1, 0.2]\n");
  const SweepConfig sweep = read_sweep(file);
  EXPECT_EQ(sweep.config, path / "base.yaml");
  const auto members = members_of(sweep);
  ASSERT_EQ(members.size(), 8u);
  EXPECT_EQ(members[0].name, "oxygen.diffusivity=1e5um2_min,matrix.density=0.1_r1");
  EXPECT_EQ(members[1].seed, 6u);
  EXPECT_EQ(members[2].values, (std::vector<std::string>{"1e5 um^2/min", "0.2"}));
  EXPECT_EQ(members[7].overrides,
            (std::vector<std::string>{"domain.voxels=[8, 8, 8]", "oxygen.diffusivity=2e5 um^2/min",
                                      "matrix.density=0.2"}));
  put(file, "config: base.yaml\nreplicates: 2\none_at_a_time: true\n"
            "grid:\n  oxygen.diffusivity: [1e5 um^2/min, 2e5 um^2/min]\n  matrix.density: [0.1]\n");
  std::vector<std::string> alone;
  for (const SweepMember& m : members_of(read_sweep(file))) {
    std::string text = m.name + ":";
    for (const std::string& o : m.overrides) text += " " + o;
    alone.push_back(text);
    EXPECT_EQ(m.values.size(), 2u);
  }
  EXPECT_EQ(alone,
            (std::vector<std::string>{
                "r1:", "r2:", "oxygen.diffusivity=1e5um2_min_r1: oxygen.diffusivity=1e5 um^2/min",
                "oxygen.diffusivity=1e5um2_min_r2: oxygen.diffusivity=1e5 um^2/min",
                "oxygen.diffusivity=2e5um2_min_r1: oxygen.diffusivity=2e5 um^2/min",
                "oxygen.diffusivity=2e5um2_min_r2: oxygen.diffusivity=2e5 um^2/min",
                "matrix.density=0.1_r1: matrix.density=0.1",
                "matrix.density=0.1_r2: matrix.density=0.1"}));
  const auto message = [&](const std::string& text) {
    put(file, text);
    return message_of<ConfigError>([&] { read_sweep(file); });
  };
  EXPECT_NE(message("config: a\nreplicate: 2\n")
                .find(":2: replicate is not part of a sweep; did "
                      "you mean replicates?"),
            std::string::npos);
  EXPECT_NE(message("config: a\ngrid: {oxygen.difusivity: [1]}\n").find("did you mean"),
            std::string::npos);
  EXPECT_NE(message("config: a\ngrid: {matrix.density: 1}\n").find("list"), std::string::npos);
  EXPECT_NE(message("replicates: 2\n").find("config is missing"), std::string::npos);
  EXPECT_NE(message("config: [\n").find(file.string()), std::string::npos);
}

} // namespace
} // namespace metavox
