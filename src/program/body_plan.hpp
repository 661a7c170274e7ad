// What a run of bodies will do and take, worked out before anything is allocated or created.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "body/body_config.hpp"
#include "program/plan.hpp"
#include "record/schedule.hpp"

namespace metavox {

// In steps of the body.
Schedule schedule_of(const BodyConfig& config);

// With windows as many as may be open at once. One opens for another that closed as often as it
// will: for that a frame beside the schedule's is counted for each, and for each that is shown.
struct BodyNeeds {
  std::uint64_t bodies = 0;
  std::uint64_t memory = 0;  // on the host, besides `windows`
  std::uint64_t windows = 0; // on the back end
  std::uint64_t frame = 0;   // of all windows and the body, at one time
  DiskNeeds disk;
};
BodyNeeds needs_of(const BodyConfig& config, const Schedule& schedule, std::int64_t from_step = 0);

// Of one line.
std::string plan_text(const BodySettings& settings, const BodyNeeds& needs,
                      const Schedule& schedule);
// Rows, frames, checkpoints, disk, a line each.
std::vector<std::string> describe_files(const BodyConfig& config, const BodyNeeds& needs,
                                        const Schedule& schedule);

// Throws ResourceError with the numbers and a way out.
void require_room(const BodyNeeds& needs, const BodySettings& settings,
                  const std::filesystem::path& output);

} // namespace metavox
