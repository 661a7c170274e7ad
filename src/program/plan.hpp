// What a run will do and what it takes, worked out before anything is allocated or created.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/executor.hpp"
#include "core/machine.hpp"
#include "record/peak_memory.hpp"
#include "record/schedule.hpp"
#include "site/parameters.hpp"
#include "site/snapshot.hpp"
#include "voxel/vessel_network.hpp"

namespace metavox {

// What a run writes.
struct DiskNeeds {
  std::uint64_t frames = 0; // all of them
  std::uint64_t checkpoint = 0;
  std::uint64_t all = 0;

  void add_frames(std::uint64_t bytes);
  // As many of such checkpoints as are held at a time.
  void add_checkpoints(std::uint64_t bytes, int keep, const Schedule& schedule,
                       std::int64_t from_step);
};
constexpr std::uint64_t bytes_of_row = 1500; // of metrics.csv, and of the log meanwhile

// What a run takes, counted before anything is allocated or created.
struct Needs {
  std::uint64_t device = 0;   // state and scratch memory, on the back end
  std::uint64_t snapshot = 0; // one copy of the state on the host
  std::uint64_t host = 0;     // resident memory of the process at its peak, besides `device`
  std::uint64_t frame = 0;    // a frame on disk
  DiskNeeds disk;
};
std::int64_t voxels_of(const Parameters& parameters);
Needs needs_of(const Parameters& parameters, const Schedule& schedule, std::int64_t from_step = 0);
// Add what vessels of a file take, which is known once the file was read, or the state of a
// checkpoint, where they are laid already and more are not.
void add_network(Needs& needs, const Parameters& parameters, const Schedule& schedule,
                 const VesselNetwork& network);
void add_network(Needs& needs, const Parameters& parameters, const Schedule& schedule,
                 const Snapshot& state);
// "15 of fields, cells, every 24 steps (day 1), at most 2.00 MiB each"; `bytes` of each.
std::string frames_text(const OutputParameters& output, const Schedule& schedule,
                        std::uint64_t bytes);
std::string checkpoints_text(int keep, const Schedule& schedule, std::uint64_t bytes);
std::vector<std::string> describe_plan(const Parameters& parameters, const Schedule& schedule,
                                       const Needs& needs);
// Throws ConfigError where the region or stride of frames leaves nothing to show.
void check_frames(const Parameters& parameters, const Schedule& schedule);
// What keeps free memory below the machine's, in brackets; empty where nothing does.
std::string limit_text(const Allowance& machine);
// Throw ResourceError with the numbers and a way out; `fewer`: settings that write less.
void require_memory(const Needs& needs, const Parameters& parameters, const Executor& executor);
inline constexpr const char* settings_of_files =
    "output.frames, output.stride, output.arrays, output.mantissa_bits: 9, output.keep";
void require_disk(const DiskNeeds& needs, const std::filesystem::path& output,
                  const std::string& fewer = settings_of_files);

} // namespace metavox
