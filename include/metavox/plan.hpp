// What a run will do and what it takes, worked out before anything is allocated or created.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "metavox/core/executor.hpp"
#include "metavox/parameters.hpp"

namespace metavox {

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
// Throws ConfigError where the region or stride of frames leaves nothing to show.
void check_frames(const Parameters& parameters, const Schedule& schedule);
// Throws ResourceError with the numbers and a way out.
void require(const Needs& needs, const Parameters& parameters, const Executor& executor,
             const std::filesystem::path& output);

} // namespace metavox
