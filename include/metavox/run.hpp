// `metavox run`, `validate` and `hash`: a simulation with its time loop, its run folder, its
// signals and its exit code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "metavox/config.hpp"
#include "metavox/core/executor.hpp"
#include "metavox/parameters.hpp"

namespace metavox {

class Simulation;

enum ExitCode : int {
  exit_done = 0,
  exit_internal = 1,
  exit_config = 2,
  exit_io = 3,
  exit_resources = 4,
  exit_numerical = 5,
  exit_interrupted = 130
};

struct RunOptions {
  std::filesystem::path config;
  std::filesystem::path output; // empty: the checkpoint's run, or runs/NAME
  std::string backend = "auto"; // cpu, cuda
  int threads = 0;              // 0: all
  std::optional<std::uint64_t> seed;
  std::optional<std::string> until;
  std::vector<std::string> set;
  std::filesystem::path restart; // a checkpoint or a run folder; empty: from the start
  bool force = false;
  bool quiet = false;
  bool profile = false; // time per process and functor: at the end, and in profile.csv
  std::string command; // as typed, for provenance.json
  // Called before each step and what is written before it: tests look on, and break things.
  std::function<void(Simulation&)> between_steps;
};

// When things happen, in whole steps from t = 0. Cadences are the nearest multiple of a step; 0
// means never.
struct Schedule {
  double step = 0; // min
  std::int64_t last = 0;
  std::int64_t report = 0, frames = 0, checkpoints = 0;
  bool row_at(std::int64_t s) const {
    return s == 0 || s == last || (report > 0 && s % report == 0);
  }
  bool frame_at(std::int64_t s) const {
    return frames > 0 && (s == 0 || s == last || s % frames == 0);
  }
  bool checkpoint_at(std::int64_t s) const {
    return s == last || (checkpoints > 0 && s > 0 && s % checkpoints == 0);
  }
  // How many steps after `from` are due, `from` included where it is 0.
  std::int64_t rows(std::int64_t from = 0) const;
  std::int64_t frame_count(std::int64_t from = 0) const;
  std::int64_t checkpoint_count(std::int64_t from = 0) const;
};
Schedule schedule_of(const Parameters& parameters);

// What a run takes, counted before anything is allocated or created.
struct Needs {
  std::uint64_t device = 0;      // state and scratch memory, on the back end
  std::uint64_t snapshot = 0;    // one copy of the state on the host
  std::uint64_t host = 0;        // resident memory of the process at its peak, besides `device`
  std::uint64_t frame = 0;       // a frame on disk
  std::uint64_t frames_disk = 0; // all of them
  std::uint64_t checkpoint = 0;
  std::uint64_t disk = 0;
};
Needs needs_of(const Parameters& parameters, const Schedule& schedule, std::int64_t from_step = 0);
// Needs::host, counted in src/peak_memory.cpp.
std::uint64_t estimate_host_bytes(const Parameters& parameters, bool frames, bool checkpoints,
                                  bool restart, bool on_cpu);
// Of that, what putting the files of a frame together takes besides the snapshot.
double estimate_frame_memory(const Parameters& parameters);
// Throws std::bad_alloc unless so many bytes, and 16 MiB in small pieces, can be had. VTK and HDF5
// crash where an allocation of theirs fails, so they are entered only when there is enough.
void ask_for_memory(double bytes);
std::vector<std::string> describe_plan(const Parameters& parameters, const Schedule& schedule,
                                       const Needs& needs);
// Throws ResourceError with the numbers and a way out.
void require(const Needs& needs, const Parameters& parameters, const Executor& executor,
             const std::filesystem::path& output);

// backend: auto, cpu or cuda. `note` says why auto did not take the GPU.
Executor choose_executor(const std::string& backend, int threads, std::string& note);

std::filesystem::path default_output(const Config& config);

// The newest checkpoint of a run folder that is whole; empty: none. `damaged` tells what is wrong
// with newer ones.
std::filesystem::path newest_checkpoint(const std::filesystem::path& run,
                                        std::vector<std::string>* damaged = nullptr);

int run(const RunOptions& options);
int validate_command(const std::filesystem::path& config);
// Prints step and hash of the last state of a run folder, or of a checkpoint.
int hash_command(const std::filesystem::path& what);

// Runs `body`; an exception is printed on standard error and becomes the exit code of its kind.
int guarded(const std::function<int()>& body);

} // namespace metavox
