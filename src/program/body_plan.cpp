#include "program/body_plan.hpp"

#include <algorithm>
#include <cmath>

#include "body/replicates.hpp"
#include "core/errors.hpp"
#include "core/file.hpp"
#include "core/machine.hpp"
#include "record/frame_bytes.hpp"
#include "settings/text.hpp"
#include "viz/vtk_available.hpp"

namespace metavox {

namespace fs = std::filesystem;

Schedule schedule_of(const BodyConfig& config) {
  const BodySettings& s = config.settings;
  Schedule schedule;
  schedule.step = s.body.step;
  const auto cadence = [&](double minutes) {
    return minutes > 0 ? std::max<std::int64_t>(1, std::llround(minutes / s.body.step))
                       : std::int64_t{0};
  };
  schedule.last = std::max<std::int64_t>(1, std::llround(s.simulation.duration / s.body.step));
  schedule.report = cadence(s.output.report);
  schedule.checkpoints = cadence(s.output.checkpoints);
  if (config.lattice && vtk_available()) {
    const OutputParameters& shown = config.lattice->output;
    if (shown.fields || shown.cells || shown.vessels) schedule.frames = cadence(shown.frames);
  }
  return schedule;
}

namespace {

// Tables, and what little else is written: bytes of a row as runs have them, rounded up.
std::uint64_t bytes_of_tables(const BodyConfig& config, const BodyNeeds& n, const Schedule& s,
                              std::int64_t from) {
  constexpr std::uint64_t body_row = 400, // of body.csv, and of the log meanwhile
      passages = 9 * 70,                  // of events.csv, an organ's in a step
      founder = 1024,                     // of founders.csv, events.csv, lineage.csv and its tree
      of_window = 64u << 10, once = 1u << 20;
  // Of cascade.csv, an organ's; means of several bodies have errors and decimals.
  const std::uint64_t organ_rows = 16 * (config.settings.body.replicates > 1 ? 110 : 70);
  const auto organs = static_cast<std::uint64_t>(config.settings.body.organs.size()),
             rows = static_cast<std::uint64_t>(s.rows(from));
  std::uint64_t bytes = once + rows * (body_row + (organs + 1) * organ_rows) + n.bodies * founder;
  if (config.lattice) {
    const auto windows = static_cast<std::uint64_t>(config.settings.body.windows.max);
    const std::uint64_t openings = 1 + config.settings.body.windows.scan.size();
    bytes += (windows + 1) * rows * bytes_of_row + windows * openings * of_window +
             static_cast<std::uint64_t>(s.last - from) * organs * passages;
  }
  return bytes;
}

void add_windows(BodyNeeds& n, const Parameters& primary, const BodyParameters& body,
                 const Schedule& s, std::int64_t from) {
  n.windows = Windows::device_bytes(primary, body);
  if (s.frames == 0) return;
  const std::uint64_t sites = Windows::of_all(primary, body, estimate_frame_bytes);
  n.frame = sites + Windows::of_all(primary, body, [&](const Parameters& p) {
              return estimate_body_frame_bytes(p, body.windows.full);
            });
  n.disk.add_frames(n.frame * static_cast<std::uint64_t>(s.frame_count(from)));
  if (body.windows.max == 0) return;
  // As many as may be open, those that are shown, and as many again by each scan.
  const std::uint64_t opened =
      static_cast<std::uint64_t>(body.windows.max) * (1 + body.windows.scan.size()) +
      static_cast<std::uint64_t>(body.windows.shown);
  n.disk.add_frames((sites - estimate_frame_bytes(primary)) /
                    static_cast<std::uint64_t>(body.windows.max) * opened);
}

} // namespace

BodyNeeds needs_of(const BodyConfig& config, const Schedule& schedule, std::int64_t from) {
  const BodySettings& s = config.settings;
  BodyNeeds n;
  n.bodies = Replicates::bodies_of(s, schedule.last);
  std::uint64_t state = n.bodies * Replicates::bytes_of_body(s);
  n.memory = 3 * state; // a copy of it on its way into a checkpoint
  if (config.lattice) {
    const std::uint64_t arrays = Windows::state_bytes(*config.lattice, s.body);
    state += arrays;
    n.memory += 2 * arrays; // of all, and of the frames that are being written
    add_windows(n, *config.lattice, s.body, schedule, from);
  }
  n.disk.add_checkpoints(state, s.output.keep, schedule, from);
  n.disk.all += bytes_of_tables(config, n, schedule, from);
  return n;
}

std::string plan_text(const BodySettings& s, const BodyNeeds& n, const Schedule& schedule) {
  return counted(s.body.replicates, "replicate", "replicates") + ", " +
         counted(static_cast<std::int64_t>(n.bodies), "body", "bodies") + " in all, a primary of " +
         s.body.primary + ", preset " + std::string(name_of(s.body.preset)) + ", " +
         std::to_string(schedule.last) + " steps of " + text_of("%.6g min", schedule.step) +
         ", day " + day_text(static_cast<double>(schedule.last) * schedule.step) + ", " +
         bytes_text(n.memory + n.windows) + " of memory" +
         (n.windows > 0 ? " with " + counted(s.body.windows.max, "window", "windows") +
                              " besides the primary's"
                        : "");
}

std::vector<std::string> describe_files(const BodyConfig& config, const BodyNeeds& n,
                                        const Schedule& schedule) {
  std::vector<std::string> lines{"rows        " + std::to_string(schedule.rows()) + " of body.csv"};
  if (config.lattice)
    lines.push_back("frames      " + frames_text(config.lattice->output, schedule, n.frame) +
                    (schedule.frames > 0 ? " of all windows and the body" : ""));
  lines.push_back("checkpoints " +
                  checkpoints_text(config.settings.output.keep, schedule, n.disk.checkpoint));
  lines.push_back("disk        at most " + bytes_text(n.disk.all));
  return lines;
}

void require_room(const BodyNeeds& n, const BodySettings& s, const fs::path& output) {
  const Allowance machine = allowance();
  const std::string smaller = "body.replicates, or body.force[].founders";
  if (n.windows + n.memory > machine.memory && n.windows > 0)
    throw ResourceError("the primary's lattice and " + std::to_string(s.body.windows.max) +
                        " windows take " + bytes_text(n.windows + n.memory) + " of memory, " +
                        bytes_text(machine.memory) +
                        " are free; lower body.windows.max or body.windows.size, or enlarge "
                        "domain.spacing");
  if (n.memory > machine.memory)
    throw ResourceError(std::to_string(n.bodies) + " bodies take " + bytes_text(n.memory) +
                        " of memory, " + bytes_text(machine.memory) + " are free; lower " +
                        smaller);
  const std::string lattices = "output.frames, output.mantissa_bits: 9, output.keep, "
                               "output.report, body.windows.max or body.windows.size",
                    counters = "output.keep, output.report, " + smaller;
  require_disk(n.disk, output, n.windows > 0 ? lattices : counters);
}

} // namespace metavox
