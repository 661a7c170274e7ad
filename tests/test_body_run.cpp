// Bodies followed hour by hour as a run: its files, checkpoints, restarts, `kill -9`, and that a
// forced founder never stands among natural ones.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "body/body_config.hpp"
#include "child.hpp"
#include "core/errors.hpp"
#include "core/file.hpp"
#include "folder.hpp"
#include "newick.hpp"
#include "program/cohort.hpp"
#include "program/restart.hpp"
#include "pvd_check.hpp"
#include "record/csv.hpp"
#include "record/provenance.hpp"
#include "record/run_folder.hpp"
#include "record/run_layout.hpp"
#include "record/verify.hpp"
#include "tables.hpp"
#include "viz/vtk_available.hpp"

namespace metavox {
namespace {

namespace fs = std::filesystem;
using support::Child;
using support::Columns;
using support::rows_of;

// Three organs, founders by the dozen, founders forced beside.
const char* const toy = R"(
simulation: {duration: 40 day, seed: 3}
body:
  primary: toy
  diameter: 5 mm
  replicates: 3
  established: 50
  chambers: [{name: right, dwell: 0.25}, {name: left, dwell: 0.75}]
  organs:
    - {name: lung, drains: left, volume: 1 L}
    - {name: bone, drains: right, volume: 1 L, barrier: 0.5}
    - {name: brain, drains: right, volume: 1e7 um^3, barrier: 5}
  routes:
    - {from: right, through: lung, share: 1}
    - {from: left, through: bone, share: 0.7}
    - {from: left, through: brain, share: 0.3}
  primaries: [{name: toy, organ: bone, ways: [{to: right, share: 1}]}]
  shedding: {fraction: 0.01, clusters: 0.2, cluster_size: 3}
  lodged: {adhesion: 0.05 1/h}
  fate: {begin: 0.2, go_on: 0.1, human: 0.02, asleep: 0.5, waking: 20 day}
  lesions: {doubling: 100 day, ratio: 60}
  force: [{organ: lung, per: 15 day, founders: 2}, {organ: brain, per: 20 day, founders: 1}]
output: {report: 5 day, checkpoints: 8 day}
)";
const std::vector<std::string> tables{"body.csv",   "cascade.csv",   "founders.csv",
                                      "events.csv", "estimates.csv", "lineage.csv"};

RunOptions options_of(const Folder& folder, const std::string& name,
                      const std::vector<std::string>& set = {}) {
  RunOptions o;
  o.config = folder.write("toy.yaml", toy);
  o.output = folder.path() / name;
  o.set = set;
  o.quiet = true;
  return o;
}

// How long a run takes that is left alone: waits for kills follow from it, on a busy machine too.
double seconds_of(const RunOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run_cohort(options), exit_done);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// A run with that command, killed and begun again until it is done: first when its folder has just
// been begun, then each time some of `waits` after another checkpoint stands, so that none dies
// without having come further however busy the machine is.
struct Kills {
  int all = 0, with_checkpoint = 0;
};
Kills kill_until_done(const std::vector<std::string>& command, const fs::path& run,
                      const std::vector<double>& waits) { // s
  Kills kills;
  const fs::path log = run.parent_path() / "log.txt";
  const auto last_checkpoint = [&] {
    const auto files = checkpoints_of(run);
    return files.empty() ? std::int64_t{-1} : files.front().first;
  };
  for (std::size_t k = 0; k < 200; ++k) {
    const std::int64_t before = last_checkpoint();
    Child child(command, log);
    child.wait_until(
        [&] { return k == 0 ? fs::exists(run / "resolved.yaml") : last_checkpoint() > before; });
    if (k > 0) std::this_thread::sleep_for(std::chrono::duration<double>(waits[k % waits.size()]));
    child.signal(SIGKILL);
    const support::Ended end = child.wait();
    if (end.signal != SIGKILL) {
      EXPECT_EQ(end.code, exit_done) << read_text(log);
      return kills;
    }
    ++kills.all;
    kills.with_checkpoint += newest_checkpoint(run).empty() ? 0 : 1;
  }
  ADD_FAILURE() << "never done";
  return kills;
}

void expect_same_tables(const fs::path& a, const fs::path& b) {
  for (const std::string& name : tables)
    EXPECT_EQ(read_text(a / name), read_text(b / name)) << name;
  EXPECT_EQ(read_text(a / "lineage.nwk"), read_text(b / "lineage.nwk"));
}

TEST(BodyRun, WritesTheSameBytesOnAnyThreads) {
  const Folder folder;
  for (const char* coupling : {"full", "linear"}) {
    const std::vector<std::string> set{std::string("body.coupling=") + coupling};
    RunOptions one = options_of(folder, std::string("one_") + coupling, set);
    one.threads = 1;
    ASSERT_EQ(run_cohort(one), exit_done);
    const Verification v = verify_run(one.output);
    EXPECT_TRUE(v.ok && v.finished && v.notes.empty());
    RunOptions three = options_of(folder, std::string("three_") + coupling);
    three.config = one.output / "resolved.yaml";
    three.threads = 3;
    ASSERT_EQ(run_cohort(three), exit_done);
    expect_same_tables(one.output, three.output);
    EXPECT_EQ(summary_of(one.output).final_hash, summary_of(three.output).final_hash);
    EXPECT_EQ(hash_command(one.output), exit_done);
    for (const std::string& name : tables) {
      const auto rows = rows_of(one.output / name);
      EXPECT_GT(rows.size(), 5u) << name;
      for (const auto& row : rows) EXPECT_EQ(row.size(), rows[0].size()) << name;
    }
    EXPECT_EQ(rows_of(one.output / "body.csv").size(), 1u + 9);
  }
}

TEST(BodyRun, GoesOnFromACheckpointWithTheSameBits) {
  const Folder folder;
  const RunOptions whole = options_of(folder, "whole");
  ASSERT_EQ(run_cohort(whole), exit_done);
  // In the same folder from an older checkpoint: the newest is taken away first.
  fs::copy(whole.output, folder.path() / "cut", fs::copy_options::recursive);
  fs::remove(folder.path() / "cut/checkpoints/step_00000960.h5");
  RunOptions cut = options_of(folder, "cut");
  cut.resume = true;
  ASSERT_EQ(run_cohort(cut), exit_done);
  expect_same_tables(whole.output, cut.output);
  EXPECT_TRUE(verify_run(cut.output).ok);
  // In a new folder.
  RunOptions other = options_of(folder, "other");
  other.restart = whole.output / "checkpoints/step_00000768.h5";
  ASSERT_EQ(run_cohort(other), exit_done);
  EXPECT_EQ(summary_of(other.output).final_hash, summary_of(whole.output).final_hash);
  // With coupling linear a run can be made longer.
  const std::vector<std::string> aside{"body.coupling=linear"};
  RunOptions straight = options_of(folder, "straight", aside);
  ASSERT_EQ(run_cohort(straight), exit_done);
  RunOptions longer = options_of(folder, "longer", aside);
  longer.until = "20 day";
  ASSERT_EQ(run_cohort(longer), exit_done);
  // While it goes on, what the shorter one told at its end is not there to be taken for its own.
  ASSERT_TRUE(fs::exists(longer.output / "estimates.csv"));
  const std::int64_t step = checkpoints_of(longer.output).front().first;
  { RunFolder::resume(longer.output, step, static_cast<double>(step) * 60); }
  EXPECT_FALSE(fs::exists(longer.output / "estimates.csv"));
  EXPECT_TRUE(fs::exists(longer.output / "body.csv"));
  longer.until = "40 day";
  longer.resume = true;
  ASSERT_EQ(run_cohort(longer), exit_done);
  expect_same_tables(straight.output, longer.output);
}

TEST(BodyRun, EndsWithTheSameHashAfterKills) {
  const Folder folder(support::quick_folder());
  const std::vector<std::string> set{"output.checkpoints=1 day", "simulation.duration=40 day",
                                     "body.step=30 min"};
  const RunOptions whole = options_of(folder, "whole", set);
  const double took = seconds_of(whole);
  const fs::path killed = folder.path() / "killed";
  std::vector<std::string> command{
      METAVOX_PROGRAM, "run", whole.config.string(), "-o", killed.string(), "--resume", "--quiet"};
  for (const std::string& s : set) command.insert(command.end(), {"--set", s});
  std::vector<double> waits;
  for (int k = 0; k < 5; ++k) waits.push_back(took * 0.03 * k);
  const Kills kills = kill_until_done(command, killed, waits);
  EXPECT_GE(kills.all, 2);
  EXPECT_GE(kills.with_checkpoint, 1);
  EXPECT_EQ(summary_of(killed).final_hash, summary_of(whole.output).final_hash);
  expect_same_tables(whole.output, killed);
  EXPECT_TRUE(verify_run(killed).ok);
}

// Days of a window's rows, departures and frames: when it opened, and its own steps of 6 min on.
void expect_the_clock_of_the_body(const fs::path& site) {
  const auto rows = rows_of(site / "metrics.csv");
  const double begin = as_number(rows.at(1).at(0)).value_or(-1);
  const auto expect_at = [&](double day, double step) {
    EXPECT_NEAR(day, begin + step * 6 / 1440, 1e-9) << site;
  };
  if (fs::exists(site / "departures.csv")) {
    const auto left = rows_of(site / "departures.csv");
    for (std::size_t k = 1; k < left.size(); ++k)
      expect_at(as_number(left[k][0]).value_or(-1), as_number(left[k][1]).value_or(-1));
  }
  if (!vtk_available()) return;
  const std::string index = read_text(site / "cells.pvd");
  const std::regex entry(R"re(timestep="([^"]+)" part="0" file="frames/cells_(\d+)\.vtp")re");
  for (std::sregex_iterator at(index.begin(), index.end(), entry), end; at != end; ++at)
    expect_at(std::stod((*at)[1]), std::stod((*at)[2]));
}

// A primary on a lattice, windows that open around founders: killed and resumed, the run ends with
// the hash, the tables and the folders of windows that it has without.
TEST(BodyRun, WindowsEndWithTheSameHashAfterKills) {
  const Folder folder(support::quick_folder());
  RunOptions whole;
  whole.config = folder.write("windows.yaml", R"(
simulation: {duration: 10 h, seed: 3}
domain: {voxels: [16, 16, 16], spacing: 20 um}
tissue:
  parenchyma: 0.45
  cells: [{shape: sphere, kind: epithelial, radius: 80 um, mesenchymal_fraction: 0.5}]
vessels: {pattern: grid, spacing: 60 um}
intravasation: {enabled: true, rate: 0.5 1/h}
oxygen: {faces: no_flux}
body:
  lodged: {adhesion: 1 1/h}
  crossing: {out: 20 1/day}
  fate: {begin: 0.9, go_on: 1, human: 1, dormant: 0.05, asleep: 0}
  coupling: linear
  windows: {max: 2, shown: 1, size: 240 um, capillaries: 80 um, margin: 60 um}
output: {report: 1 h, frames: 3 h, checkpoints: 1 h, keep: 20}
)");
  whole.output = folder.path() / "whole";
  whole.quiet = true;
  whole.threads = 1;
  const double took = seconds_of(whole);
  const std::string hash = summary_of(whole.output).final_hash;
  const Verification v = verify_run(whole.output);
  EXPECT_TRUE(v.ok && v.finished && v.notes.empty());
  int sites = 0;
  for (const auto& entry : fs::directory_iterator(whole.output / "sites")) {
    ++sites;
    EXPECT_TRUE(fs::exists(entry.path() / "metrics.csv"));
    expect_the_clock_of_the_body(entry.path());
  }
  EXPECT_GE(sites, 3);
  if (vtk_available()) {
    int frames = 0;
    EXPECT_EQ(support::harm_of_pvd(whole.output / "body.pvd", &frames), "");
    EXPECT_EQ(frames, 5); // 0, 3, 6, 9 h, and the end
    EXPECT_NE(read_text(whole.output / "scene.pvsm").find((whole.output / "body.pvd").string()),
              std::string::npos);
    EXPECT_TRUE(fs::exists(whole.output / "scene.py"));
  }
  // In a new folder, on other threads.
  RunOptions other = whole;
  other.restart = whole.output / "checkpoints/step_00000005.h5";
  other.output = folder.path() / "other";
  other.threads = 2;
  ASSERT_EQ(run_cohort(other), exit_done);
  EXPECT_EQ(summary_of(other.output).final_hash, hash);
  const fs::path killed = folder.path() / "killed";
  const std::vector<std::string> command{
      METAVOX_PROGRAM, "run",     whole.config.string(), "-o", killed.string(),
      "--resume",      "--quiet", "--threads",           "1"};
  std::vector<double> waits;
  for (int k = 0; k < 5; ++k) waits.push_back(took * 0.05 * k);
  const Kills kills = kill_until_done(command, killed, waits);
  EXPECT_GE(kills.all, 2);
  EXPECT_GE(kills.with_checkpoint, 1);
  EXPECT_EQ(summary_of(killed).final_hash, hash);
  expect_same_tables(whole.output, killed);
  EXPECT_TRUE(verify_run(killed).ok);
  for (const auto& entry : fs::directory_iterator(whole.output / "sites"))
    for (const char* name : {"metrics.csv", "events.csv", "cells.pvd", "departures.csv"})
      if (fs::exists(entry.path() / name)) {
        EXPECT_EQ(read_text(entry.path() / name),
                  read_text(killed / "sites" / entry.path().filename() / name));
      }
  if (vtk_available()) {
    for (const auto& entry : fs::directory_iterator(whole.output / "frames"))
      EXPECT_EQ(read_text(entry.path()), read_text(killed / "frames" / entry.path().filename()));
    EXPECT_EQ(read_text(whole.output / "body.pvd"), read_text(killed / "body.pvd"));
  }
  // A shorter run in its place leaves none of its windows, but what is not a run's.
  std::ofstream(killed / "sites" / "mine.txt") << "notes\n";
  RunOptions again = whole;
  again.output = killed;
  again.force = true;
  again.until = "1 h";
  ASSERT_EQ(run_cohort(again), exit_done);
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(killed / "sites"))
    left.insert(entry.path().filename().string());
  EXPECT_EQ(left, (std::set<std::string>{"000-breast", "mine.txt"}));
  EXPECT_TRUE(verify_run(killed).ok);
}

// Whom each founder came from: to the lung from the primary, to bone from a lesion of the lung, of
// which it has the clone, as that began as one cell. Each stands in the tree once, below its
// parent.
void expect_lineage_of_reseeding(const fs::path& run, std::int64_t founders, std::int64_t shown,
                                 std::int64_t opened) {
  const Columns t(run / "lineage.csv");
  EXPECT_EQ(static_cast<std::int64_t>(t.count()), founders + shown);
  std::map<std::string, std::string> clone_of;
  std::set<std::string> clones;
  std::map<std::string, support::NewickPlace> places;
  const auto trees = support::parse_newick(read_text(run / "lineage.nwk"));
  ASSERT_EQ(trees.size(), 1u);
  for (const auto& place : support::places_of(trees[0]))
    EXPECT_TRUE(places.emplace(place.name, place).second) << place.name;
  EXPECT_EQ(static_cast<std::int64_t>(places.size()), 1 + founders);
  std::int64_t windows = 0, from_lung = 0;
  for (std::size_t k = 0; k < t.count(); ++k) {
    const std::string name = t.word(k, "name"), parent = t.word(k, "parent_name");
    const bool lung = t.word(k, "organ") == "lung";
    EXPECT_GT(t.number(k, "clone"), 0);
    EXPECT_EQ(t.word(k, "route"), "blood");
    EXPECT_EQ(t.word(k, "parent_organ"), lung ? "brain" : "lung") << name;
    EXPECT_LE(t.number(k, "left [day]"), t.number(k, "time [day]"));
    if (name.empty()) continue; // of no lesion
    windows += t.word(k, "window").empty() ? 0 : 1;
    clone_of[name] = t.word(k, "clone");
    ASSERT_EQ(places.count(name), 1u) << name;
    EXPECT_EQ(places[name].parent, parent);
    EXPECT_NEAR(places[name].depth, t.number(k, "time [day]"), 1e-9);
    if (lung) {
      EXPECT_EQ(parent, "brain-primary");
      clones.insert(t.word(k, "clone"));
      continue;
    }
    ++from_lung;
    EXPECT_EQ(t.word(k, "clone"), clone_of.at(parent)) << name;
    EXPECT_GE(t.number(k, "left [day]"), places[parent].depth);
  }
  EXPECT_EQ(windows, opened);
  EXPECT_GE(from_lung, 1);
  EXPECT_GE(clones.size(), 3u); // so that another one's could be told
}

// Several windows open, one closes into a counter, a metastasis founds another: killed in between,
// the run ends as it would have, and its tables agree with one another.
TEST(BodyRun, AReseededBodyEndsWithTheSameHashAfterKills) {
  const Folder folder(support::quick_folder());
  RunOptions whole;
  whole.config = fs::path(METAVOX_SOURCE_DIR) / "tests/reseeding.yaml";
  whole.output = folder.path() / "whole";
  whole.quiet = true;
  whole.threads = 1;
  const double took = seconds_of(whole);
  std::map<std::string, std::int64_t> cells, rows; // by event and organ
  std::int64_t handed_over = 0;
  for (const auto& row : rows_of(whole.output / "events.csv")) {
    const std::int64_t n = as_integer(row.at(6)).value_or(0);
    rows[row.at(1)] += 1;
    cells[row.at(1) + " " + row.at(5)] += n;
    handed_over += row.at(1) == "window_closed" ? n : 0;
  }
  EXPECT_GE(rows["window_opened"], 2);
  EXPECT_GE(handed_over, 1);
  EXPECT_GT(cells["departed lung"], 0);
  EXPECT_GE(cells["founded bone"], 1); // by a cell from the lung
  EXPECT_EQ(cells["lodged brain"], 0);
  // Every passage is told, once.
  std::map<std::string, std::int64_t> total;
  for (const auto& row : rows_of(whole.output / "cascade.csv"))
    total[row.at(2) + " " + row.at(1)] = as_integer(row.at(3)).value_or(-1); // the last stays
  EXPECT_EQ(cells["departed lung"] + cells["departed bone"] + cells["departed brain"],
            total["departed blood"]);
  for (const std::string organ : {"lung", "bone"}) {
    std::int64_t landed = 0;
    for (const char* fate : {"doomed", "abortive", "dormant", "asleep", "awake"})
      landed += cells[std::string("landed_") + fate + " " + organ];
    EXPECT_EQ(landed, total["landed " + organ]);
    EXPECT_EQ(cells["lodged " + organ], total["lodged " + organ]);
    EXPECT_EQ(cells["adhered " + organ], total["adhered " + organ]);
  }
  expect_lineage_of_reseeding(whole.output, rows["founded"], rows["window_shows"],
                              rows["window_opened"]);
  const fs::path killed = folder.path() / "killed";
  const std::vector<std::string> command{
      METAVOX_PROGRAM, "run",     whole.config.string(), "-o", killed.string(),
      "--resume",      "--quiet", "--threads",           "1"};
  std::vector<double> waits;
  for (int k = 0; k < 5; ++k) waits.push_back(took * 0.05 * k);
  const Kills kills = kill_until_done(command, killed, waits);
  EXPECT_GE(kills.all, 2);
  EXPECT_GE(kills.with_checkpoint, 1);
  EXPECT_EQ(summary_of(killed).final_hash, summary_of(whole.output).final_hash);
  expect_same_tables(whole.output, killed);
  EXPECT_TRUE(verify_run(killed).ok);
}

// Lesions are counted until a scan looks at them, natural and forced ones, and again when the
// windows of the first scan have closed.
const char* const scanned = R"(
simulation: {duration: 16 h, seed: 3}
domain: {voxels: [16, 16, 16], spacing: 20 um}
tissue:
  parenchyma: 0.45
  cells: [{shape: sphere, kind: epithelial, radius: 80 um, mesenchymal_fraction: 0.5}]
vessels: {pattern: grid, spacing: 60 um}
intravasation: {enabled: true, rate: 0.7 1/h}
oxygen: {faces: no_flux}
body:
  lodged: {adhesion: 1 1/h}
  crossing: {out: 20 1/day}
  fate: {begin: 0.9, go_on: 1, human: 1, dormant: 0.05, asleep: 0}
  lesions: {growth: radial, radial_fastest: 0.25 1/h, radial_rate: 1 1/h, radial_cells: 1e9}
  coupling: linear
  force: [{organ: lung, per: 4 h, founders: 2}]
  windows:
    {max: 3, shown: 0, size: 320 um, capillaries: 80 um, margin: 130 um, founders: false,
     scan: [{time: 5 h}, {time: 10 h}]}
output: {report: 1 h, frames: 4 h, checkpoints: 1 h, keep: 20}
)";

// What a scanned run tells of its windows.
struct Scans {
  std::set<std::int64_t> opened, closed; // hours
  std::set<std::string> origins;         // of those that opened
  std::int64_t cells = 0;                // most that were handed over at once
  explicit Scans(const fs::path& run) {
    for (const auto& row : rows_of(run / "events.csv")) {
      const auto hour = std::llround(24 * as_number(row.at(0)).value_or(0));
      if (row.at(1) == "window_closed") closed.insert(hour);
      if (row.at(1) != "window_opened") continue;
      opened.insert(hour);
      origins.insert(row.at(3));
      cells = std::max(cells, as_integer(row.at(6)).value_or(0));
    }
  }
};

// Killed as soon as the state of a step or a later one is stored: which one is. -1: it was done.
std::int64_t kill_when_stored(const std::vector<std::string>& command, const fs::path& run,
                              std::int64_t step) {
  const auto newest = [&] {
    const auto files = checkpoints_of(run);
    return files.empty() ? std::int64_t{-1} : files.front().first;
  };
  Child child(command, run.parent_path() / "log.txt");
  child.wait_until([&] { return newest() >= step; });
  child.signal(SIGKILL);
  return child.wait().signal == SIGKILL ? newest() : -1;
}

// Counters become windows and counters again; killed while the windows of a scan are open, and at
// other times, the run ends as it would have.
TEST(BodyRun, AScannedBodyEndsWithTheSameHashAfterKills) {
  const Folder folder(support::quick_folder());
  RunOptions whole;
  whole.config = folder.write("scanned.yaml", scanned);
  whole.output = folder.path() / "whole";
  whole.quiet = true;
  whole.threads = 1;
  const double took = seconds_of(whole);
  const Scans told(whole.output);
  EXPECT_EQ(told.opened, (std::set<std::int64_t>{5, 10}));
  EXPECT_EQ(told.origins, (std::set<std::string>{"forced", "natural"}));
  EXPECT_GE(told.cells, 2);
  const fs::path killed = folder.path() / "killed";
  const std::vector<std::string> command{
      METAVOX_PROGRAM, "run",     whole.config.string(), "-o", killed.string(),
      "--resume",      "--quiet", "--threads",           "1"};
  for (const std::int64_t scan : told.opened) {
    const auto closing = told.closed.upper_bound(scan);
    ASSERT_NE(closing, told.closed.end());
    std::int64_t stored = -1;
    for (int attempt = 0; attempt < 5 && (stored < scan || stored >= *closing); ++attempt) {
      if (attempt > 0) fs::remove_all(killed); // on a busy machine the kill may come too late
      stored = kill_when_stored(command, killed, scan);
    }
    EXPECT_GE(stored, scan);
    EXPECT_LT(stored, *closing);
  }
  std::vector<double> waits;
  for (int k = 0; k < 5; ++k) waits.push_back(took * 0.05 * k);
  kill_until_done(command, killed, waits);
  EXPECT_EQ(summary_of(killed).final_hash, summary_of(whole.output).final_hash);
  expect_same_tables(whole.output, killed);
  for (const char* name : {"lineage.csv", "lineage.nwk"})
    EXPECT_EQ(read_text(whole.output / name), read_text(killed / name));
  for (const auto& entry : fs::directory_iterator(whole.output / "sites"))
    EXPECT_EQ(read_text(entry.path() / "metrics.csv"),
              read_text(killed / "sites" / entry.path().filename() / "metrics.csv"));
  EXPECT_TRUE(verify_run(killed).ok);
}

// Natural and expected columns are those of a run in which nothing is forced.
TEST(BodyRun, ForcedFoundersStandInNoNaturalColumn) {
  const Folder folder;
  RunOptions bare = options_of(folder, "bare");
  std::string without = toy;
  const std::size_t from = without.find("  force:"), to = without.find('\n', from);
  without.erase(from, to + 1 - from);
  bare.config = folder.write("bare.yaml", without);
  ASSERT_EQ(run_cohort(bare), exit_done);
  for (const char* coupling : {"full", "linear"}) {
    const RunOptions forced =
        options_of(folder, coupling, {std::string("body.coupling=") + coupling});
    ASSERT_EQ(run_cohort(forced), exit_done);
    const auto a = rows_of(bare.output / "cascade.csv"), b = rows_of(forced.output / "cascade.csv");
    ASSERT_EQ(a.size(), b.size());
    int told = 0;
    for (std::size_t k = 0; k < a.size(); ++k) {
      for (std::size_t c = 0; c < 7; ++c) EXPECT_EQ(a[k][c], b[k][c]) << k;
      if (k == 0) continue;
      EXPECT_EQ(a[k][7], "");
      told += b[k][7].empty() ? 0 : 1;
      const bool forced_there = b[k][1] == "lung" || b[k][1] == "brain";
      const bool stage =
          b[k][2] == "competent" || b[k][2] == "founders" || b[k][2] == "established";
      EXPECT_EQ(b[k][7].empty(), !(forced_there && stage)) << b[k][1] << " " << b[k][2];
    }
    EXPECT_GT(told, 9);
    const auto body_a = rows_of(bare.output / "body.csv"),
               body_b = rows_of(forced.output / "body.csv");
    for (std::size_t k = 0; k < body_a.size(); ++k)
      for (std::size_t c = 3; c < body_a[k].size(); ++c) EXPECT_EQ(body_a[k][c], body_b[k][c]);
    // Founders: the natural ones are the same, each forced one says so and has its number.
    std::vector<std::vector<std::string>> natural;
    int forced_rows = 0;
    for (const auto& row : rows_of(forced.output / "founders.csv")) {
      if (row[2] != "forced") {
        natural.push_back(row);
        continue;
      }
      ++forced_rows;
      EXPECT_GT(as_number(row[8]).value_or(-1), 0);
    }
    EXPECT_EQ(natural, rows_of(bare.output / "founders.csv"));
    EXPECT_GT(forced_rows, 10);
  }
}

TEST(BodyRun, EstimatesFollowFromTheCascade) {
  const Folder folder;
  const RunOptions o = options_of(folder, "run", {"body.replicates=1", "body.fate.human=5e-4"});
  ASSERT_EQ(run_cohort(o), exit_done);
  std::map<std::string, double> value;
  for (const auto& row : rows_of(o.output / "estimates.csv"))
    value[row[0] + " " + row[1] + " " + row[2]] = as_number(row[3]).value_or(-1);
  const double lambda = value.at("competent  expected");
  EXPECT_GT(lambda, 0.1);
  EXPECT_NEAR(value.at("none_competent  expected"), std::exp(-lambda), 1e-12);
  EXPECT_NEAR(value.at("competent lung expected") + value.at("competent bone expected") +
                  value.at("competent brain expected"),
              lambda, 1e-9);
  // What founders do acts on their number: no such chance is told.
  const RunOptions again = options_of(folder, "again", {"body.reseeding=true"});
  ASSERT_EQ(run_cohort(again), exit_done);
  for (const auto& row : rows_of(again.output / "estimates.csv"))
    if (row[0] == "none_competent" && row[2] == "expected") {
      EXPECT_EQ(row[3], "");
      EXPECT_NE(row[5].find("not given"), std::string::npos);
    }
  EXPECT_EQ(read_text(again.output / "body.csv").find("expected_chance_of_none"),
            std::string::npos);
}

TEST(BodyRun, SaysWhatItCannotDo) {
  const Folder folder;
  const auto told = [&](const RunOptions& o) -> std::string {
    try {
      run_cohort(o);
    } catch (const std::exception& e) {
      return e.what();
    }
    return {};
  };
  const auto told_with = [&](const std::vector<std::string>& set) {
    return told(options_of(folder, "never", set));
  };
  const auto expect_told = [&](const std::string& text, const std::string& what) {
    EXPECT_NE(text.find(what), std::string::npos) << text;
  };
  expect_told(told_with({"body.patients=3"}), "leave one of simulation.duration and body.patients");
  expect_told(told_with({"body.force[0].organ=knee"}), "`knee` is no organ");
  expect_told(told_with({"body.force[1].per=5 min"}), "must be body.step");
  expect_told(told_with({"body.coupling=linear", "body.reseeding=true"}), "coupling: full");
  expect_told(told_with({"body.splitting=100"}), "type body.coupling: linear");
  expect_told(told_with({"body.diameter=200 mm"}), "larger than its organ, bone");
  expect_told(told_with({"body.replicates=1000000"}), "lower body.replicates");
  RunOptions o = options_of(folder, "never");
  o.backend = "cuda";
  expect_told(told(o), "--backend cuda is for runs of a lattice");
  o = options_of(folder, "never");
  o.profile = true;
  expect_told(told(o), "--profile");
  EXPECT_FALSE(fs::exists(folder.path() / "never"));
  // Checkpoints of other settings, and with coupling full of another length.
  const RunOptions run = options_of(folder, "run");
  ASSERT_EQ(run_cohort(run), exit_done);
  o = options_of(folder, "other", {"body.lodged.release=0.2 1/h"});
  o.restart = run.output;
  expect_told(told(o), "belongs to other settings");
  o = options_of(folder, "other");
  o.restart = run.output;
  o.until = "90 day";
  expect_told(told(o), "cannot be made longer");
  o.until = "1 day";
  expect_told(told(o), "give a later --until");
  EXPECT_FALSE(fs::exists(folder.path() / "other"));
  EXPECT_EQ(validate_body(run.config, {}, {}, {}), exit_done);
}

// ---- the run that people look at

// Cells that came to a stage by the end, natural ones, over all organs.
double natural_at_end(const Columns& cascade, const std::string& stage) {
  const double end = cascade.number(cascade.count() - 1, "time [day]");
  double cells = 0;
  for (std::size_t k = 0; k < cascade.count(); ++k)
    if (cascade.number(k, "time [day]") == end && cascade.word(k, "stage") == stage &&
        cascade.word(k, "organ") != "blood")
      cells += cascade.number(k, "natural");
  return cells;
}

// Of the natural cells that were adherent by `until` (day), or had been, the share that has come
// out by the end. Cells have no names: an organ's leave in the order in which they came, which
// changes no share, as their rates do not depend on how long they have been there.
double outside_of_settled(const Columns& events, double until) {
  std::map<std::string, double> settled, gone;
  double all = 0, outside = 0;
  for (std::size_t k = 0; k < events.count(); ++k)
    if (events.word(k, "event") == "adhered" && events.number(k, "time [day]") <= until + 1e-9) {
      settled[events.word(k, "organ")] += events.number(k, "cells");
      all += events.number(k, "cells");
    }
  for (std::size_t k = 0; k < events.count(); ++k) {
    const std::string& what = events.word(k, "event");
    const bool out = what.compare(0, 7, "landed_") == 0;
    if (!out && what != "dead_adherent") continue;
    const std::string& organ = events.word(k, "organ");
    const double cells = std::clamp(settled[organ] - gone[organ], 0.0, events.number(k, "cells"));
    gone[organ] += cells;
    outside += out ? cells : 0;
  }
  return outside / all;
}

// Of three in the lung and one in bone by day 2, two; who came later is not asked after.
TEST(BodyRun, CellsOutsideAreOfThoseThatHadSettled) {
  const Folder folder(support::quick_folder());
  const Columns events(folder.write("events.csv", "time [day],event,organ,cells\n"
                                                  "1,adhered,lung,2\n1,departed,lung,9\n"
                                                  "1.5,landed_doomed,lung,1\n2,adhered,lung,1\n"
                                                  "2,adhered,bone,1\n3,adhered,lung,5\n"
                                                  "3,dead_adherent,lung,1\n4,landed_awake,lung,4\n"
                                                  "4,dead_adherent,lung,1\n"));
  EXPECT_NEAR(outside_of_settled(events, 2), 2.0 / 4, 1e-12);
  EXPECT_NEAR(outside_of_settled(events, 1), 1.0 / 2, 1e-12);
  EXPECT_NEAR(outside_of_settled(events, 9), 5.0 / 9, 1e-12);
}

// Two forced founders of one period and organ stand in windows, four windows at a time at most,
// none of which closes within days; so that estimates have errors.
void expect_windows_of_two(const fs::path& run, const Columns& events) {
  std::map<std::string, double> opened; // by window
  std::size_t open = 0, most = 0;
  for (std::size_t k = 0; k < events.count(); ++k) {
    const std::string &what = events.word(k, "event"), &window = events.word(k, "window");
    const double day = events.number(k, "time [day]");
    if (what == "window_opened" || what == "window_shows")
      opened[window] = day, most = std::max(most, ++open);
    if (what == "window_closed" || what == "window_empty") --open;
    if (what == "window_closed") {
      EXPECT_GT(day, opened[window] + 4) << window;
    }
  }
  EXPECT_LE(most, 4u);
  const Columns founders(run / "founders.csv"), estimates(run / "estimates.csv");
  std::map<std::string, int> of_period;
  for (std::size_t k = 0; k < founders.count(); ++k)
    if (founders.word(k, "origin") == "forced") ++of_period[founders.word(k, "stratum")];
  EXPECT_GE(of_period.size(), 2u);
  for (const auto& [period, n] : of_period) EXPECT_EQ(n, 2) << period;
  int with_error = 0;
  for (std::size_t k = 0; k < estimates.count(); ++k)
    if (estimates.word(k, "source") == "forced" && estimates.word(k, "quantity") == "established" &&
        estimates.number(k, "value") > 0) {
      EXPECT_TRUE(std::isfinite(estimates.number(k, "standard_error")))
          << estimates.word(k, "organ");
      ++with_error;
    }
  EXPECT_GE(with_error, 1);
}

// Bands: departures 2.6 % of all cells a day (Butler & Gullino 1975, to which the rate of another
// seed was fitted) within 0.02 to 0.04; of the lodged 1 % adhere (Fidler 1970; 0.0099 expected);
// of those that had settled three days before the end 0.8 are outside (Luzzi 1998; lung 0.80, liver
// and marrow 0.89, brain 0.39). Shares of some hundred cells: a tenth is chance. Takes some
// minutes.
TEST(LongMetastasis, StaysInItsBands) {
  const Folder folder;
  RunOptions o;
  o.config = fs::path(METAVOX_SOURCE_DIR) / "configs/metastasis.yaml";
  o.output = folder.path() / "metastasis";
  o.quiet = true;
  ASSERT_EQ(run_cohort(o), exit_done);
  const Columns body(o.output / "body.csv"), cascade(o.output / "cascade.csv");
  double cell_days = 0;
  for (std::size_t k = 1; k < body.count(); ++k)
    cell_days += 0.5 * (body.number(k, "primary_cells") + body.number(k - 1, "primary_cells")) *
                 (body.number(k, "time [day]") - body.number(k - 1, "time [day]"));
  const double departed = body.number(body.count() - 1, "departed");
  EXPECT_GT(departed, 3e3);
  EXPECT_LT(departed, 2e4);
  EXPECT_GT(departed / cell_days, 0.02);
  EXPECT_LT(departed / cell_days, 0.04);
  const double adhered = natural_at_end(cascade, "adhered") / natural_at_end(cascade, "lodged");
  EXPECT_GT(adhered, 0.007);
  EXPECT_LT(adhered, 0.013);
  const Columns events(o.output / "events.csv");
  const double outside = outside_of_settled(events, 14 - 3);
  EXPECT_GT(outside, 0.7);
  EXPECT_LT(outside, 0.9);
  // Of what leaves the primary, 2 to 5 % are clusters.
  const Columns cells_out(o.output / "sites" / "000-breast" / "departures.csv");
  std::map<std::pair<double, double>, int> left_together; // by step and departure
  for (std::size_t k = 0; k < cells_out.count(); ++k)
    ++left_together[{cells_out.number(k, "step"), cells_out.number(k, "departure")}];
  const auto clusters =
      static_cast<double>(std::count_if(left_together.begin(), left_together.end(),
                                        [](const auto& together) { return together.second > 1; }));
  EXPECT_GT(clusters / static_cast<double>(left_together.size()), 0.02);
  EXPECT_LT(clusters / static_cast<double>(left_together.size()), 0.05);
  // The primary is on its lattice to the end, and so are two forced lesions beyond 10^3 cells, of
  // which nothing is told as natural.
  int windows = 0, large = 0;
  for (const auto& site : fs::directory_iterator(o.output / "sites")) {
    const Columns metrics(site.path() / "metrics.csv");
    const std::string name = site.path().filename().string();
    ++windows;
    if (metrics.number(metrics.count() - 1, "tumour_cells") < 1000) continue;
    if (name == "000-breast") {
      EXPECT_EQ(metrics.number(metrics.count() - 1, "time [day]"), 14);
    } else {
      EXPECT_NE(name.find("-forced"), std::string::npos) << name;
      ++large;
    }
  }
  EXPECT_GE(windows, 5);
  EXPECT_GE(large, 1);
  expect_windows_of_two(o.output, events);
  EXPECT_EQ(body.number(body.count() - 1, "natural_established"), 0);
}

} // namespace
} // namespace metavox
