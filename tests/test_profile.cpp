// `metavox run --profile`: every launch and every moment is booked once, and nothing else changes.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

#include "core/profile.hpp"
#include "program/run.hpp"
#include "record/csv.hpp"
#include "record/run_folder.hpp"
#include "record/verify.hpp"
#include "support.hpp"

namespace metavox {
namespace {

namespace fs = std::filesystem;

const char* const tumour = R"(
simulation: {name: profiled, seed: 5, duration: 30 min}
domain: {voxels: [48, 40, 36]}
glucose: {enabled: true}
inhibitor: {enabled: true, secretion: 1e-4 1/min}
vegf: {enabled: true}
sprouting: {enabled: true}
vessels: {pattern: grid, spacing: 200 um}
tissue: {cells: [{shape: sphere, kind: epithelial, radius: 120 um, mesenchymal_fraction: 0.2}]}
)";

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double in_processes(const Executor& executor) {
  double sum = 0;
  for (const auto& [name, process] : executor.processes()) sum += process.seconds;
  return sum;
}

TEST(Profile, LeavesTheStateAlone) {
  for (const Executor& executor : support::executors()) {
    Site plain = support::simulation_of(tumour, Executor::on_cpu(1));
    Site watched = support::simulation_of(tumour, executor);
    watched.executor().profile(true);
    for (int n = 0; n < 5; ++n) {
      plain.step();
      watched.step();
      ASSERT_EQ(plain.hash(), watched.hash()) << executor.description() << ", step " << n;
    }
  }
}

TEST(Profile, OffBooksNothing) {
  Site simulation = support::simulation_of(tumour);
  simulation.step();
  EXPECT_TRUE(simulation.executor().processes().empty());
}

// The trace is told of every launch; a chain reports its parts and then itself.
TEST(Profile, BooksEveryLaunchOnceAndInItsProcess) {
  for (const Executor& each : support::executors()) {
    Executor executor = each;
    std::map<std::string, std::int64_t> launches;
    Site simulation = support::simulation_of(tumour, executor);
    executor.trace([&](const char* name, const void*, std::size_t) { launches[name] += 1; });
    executor.profile(true);
    for (int n = 0; n < 6; ++n) simulation.step();
    simulation.measure();
    executor.profile(false);
    EXPECT_GT(launches.erase("chain"), 0u);
    const auto timings = executor.timings();
    for (const auto& [name, n] : launches) {
      ASSERT_EQ(timings.count(name), 1u) << name;
      EXPECT_EQ(timings.at(name).calls, n) << name;
    }
    const auto& processes = executor.processes();
    for (const char* name : {"oxygen", "glucose", "proteinase", "inhibitor", "matrix", "cells",
                             "ledger", "vegf", "vessels"})
      EXPECT_EQ(processes.count(name), 1u) << name;
    EXPECT_EQ(processes.at("oxygen").calls, 6);
    EXPECT_EQ(processes.at("vegf").calls, 2); // every fifth step
    EXPECT_EQ(processes.at("oxygen").functors.at("oxygen.assemble").calls, 6);
    EXPECT_EQ(processes.at("oxygen").functors.count("signal.assemble"), 0u);
    EXPECT_EQ(processes.at("proteinase").functors.at("signal.assemble").calls, 6);
    EXPECT_EQ(processes.at("").functors.count("measure.cells"), 1u); // no process asked for it here
  }
}

// From the moment it is switched on to the moment it is switched off, all time belongs to some
// process, however busy the machine is.
TEST(Profile, TimesAddUpToTheClock) {
  for (const Executor& executor : support::executors()) {
    Site simulation = support::simulation_of(tumour, executor);
    const auto before = std::chrono::steady_clock::now();
    executor.profile(true);
    const auto on = std::chrono::steady_clock::now();
    for (int n = 0; n < 6; ++n) simulation.step();
    const double least = seconds_since(on);
    executor.profile(false);
    const double most = seconds_since(before), booked = in_processes(executor);
    constexpr double rounding = 1e-9; // of a sum of many intervals
    EXPECT_GE(booked, least - rounding);
    EXPECT_LE(booked, most + rounding);
    for (const auto& [name, process] : executor.processes()) {
      double functors = 0;
      for (const auto& [functor, timing] : process.functors) functors += timing.seconds;
      EXPECT_LE(functors, process.seconds) << name;
    }
    // The parts of a walk have times of their own.
    const auto& functors = executor.processes().at("oxygen").functors;
    for (const char* part : {"diffusion.add_operator", "diffusion.smooth_uptake",
                             "diffusion.restrict_uptake", "diffusion.correct"})
      EXPECT_GT(functors.at(part).seconds, 0) << part;
  }
}

TEST(Profile, TimeOfAProcessInsideAnotherCountsOnce) {
  const Executor executor = Executor::on_cpu(1);
  const auto sleep = [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
  const auto begin = std::chrono::steady_clock::now();
  executor.profile(true);
  executor.during("outer", [&] {
    sleep();
    executor.during("inner", sleep);
    EXPECT_THROW(executor.during("failing", [] { throw std::runtime_error("as planned"); }),
                 std::runtime_error);
  });
  executor.profile(false);
  EXPECT_LE(in_processes(executor), seconds_since(begin));
  EXPECT_GE(executor.processes().at("inner").seconds, 0.02);
  EXPECT_GE(executor.processes().at("outer").seconds, 0.02);
  EXPECT_EQ(executor.processes().at("failing").calls, 1);
}

// Bytes of one linear V(3,2) cycle on 16^3, 8^3 ... 1, counted by hand. Down: c read and written,
// f, k: 16 a voxel, 12 more per coarse voxel for c, guess and f, and below the finest grid 8 for
// the guess and f written back. Up: 16 again, and c and guess of the coarse voxel, 8.
TEST(Profile, BytesOfACycleAreThoseCountedByHand) {
  support::FieldProblem problem({16, 16, 16, 20}, 1e5, support::all_faces(FaceKind::fixed, 1));
  problem.loss.assign(problem.loss.size(), 1.0f);
  const Executor executor = Executor::on_cpu(2);
  support::FieldSolver solver(executor, problem);
  executor.profile(true);
  solver.cycles(1);
  executor.profile(false);
  const auto timings = executor.timings();
  const double finest = 4096, coarse = 512 + 64 + 8 + 1;
  EXPECT_EQ(timings.at("diffusion.smooth").bytes,
            16 * (2 * (finest + coarse) - 1)); // one voxel is solved at once
  EXPECT_EQ(timings.at("diffusion.restrict").bytes, 12 * coarse);
  EXPECT_EQ(timings.at("diffusion.add_operator").bytes, 8 * coarse);
  EXPECT_EQ(timings.at("diffusion.correct").bytes, 8 * coarse);
  EXPECT_EQ(timings.at("diffusion.load").bytes, 8 * finest);
}

TEST(Profile, TellsTheRunAndItsFolder) {
  std::string name = (fs::temp_directory_path() / "metavox_profile_XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  const fs::path path = name;
  write_file_atomically(path / "tumour.yaml", tumour);
  RunOptions options;
  options.config = path / "tumour.yaml";
  options.output = path / "run";
  options.backend = "cpu";
  options.threads = 2;
  options.quiet = true;
  EXPECT_EQ(run(options), exit_done);
  const std::string hash = summary_of(path / "run").final_hash;
  EXPECT_FALSE(fs::exists(path / "run/profile.csv"));
  options.profile = options.force = true;
  EXPECT_EQ(run(options), exit_done);
  EXPECT_EQ(summary_of(path / "run").final_hash, hash);
  EXPECT_TRUE(verify_run(path / "run").ok);

  double processes = 0;
  std::map<std::string, double> shares, parts;
  const std::string text = read_text(path / "run/profile.csv");
  for (std::size_t begin = text.find('\n') + 1, end; begin < text.size(); begin = end + 1) {
    end = text.find('\n', begin);
    const std::vector<std::string> cells =
        split_csv(std::string_view(text).substr(begin, end - begin));
    ASSERT_EQ(cells.size(), 7u);
    const double share = std::stod(cells[4]);
    if (cells[1].empty()) {
      processes += share;
      shares[cells[0]] = share;
    } else {
      parts[cells[0]] += share;
    }
  }
  EXPECT_NEAR(processes, 1, 1e-4);
  for (const char* process : {"oxygen", "cells", "measuring"})
    EXPECT_GT(shares[process], 0) << process;
  for (const auto& [process, sum] : parts) EXPECT_NEAR(sum, shares[process], 1e-4) << process;
  EXPECT_NE(read_text(path / "run/log.txt").find("process, functor"), std::string::npos);

  options.profile = false; // what an earlier run left behind is not of this one
  EXPECT_EQ(run(options), exit_done);
  EXPECT_FALSE(fs::exists(path / "run/profile.csv"));
  fs::remove_all(path);
}

} // namespace
} // namespace metavox
