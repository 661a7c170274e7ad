#include "program/plan.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "cells/population.hpp"
#include "core/errors.hpp"
#include "record/checkpoint.hpp"
#include "record/frame_bytes.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"
#include "site/site.hpp"
#include "site/take_apart.hpp"
#include "viz/frame_axes.hpp"
#include "viz/vtk_available.hpp"

namespace metavox {

namespace fs = std::filesystem;

std::int64_t voxels_of(const Parameters& p) {
  const auto& e = p.domain.voxels;
  return std::int64_t{e[0]} * e[1] * e[2];
}

void DiskNeeds::add_frames(std::uint64_t bytes) {
  frames += bytes;
  all += bytes;
}

void DiskNeeds::add_checkpoints(std::uint64_t bytes, int keep, const Schedule& s,
                                std::int64_t from) {
  if (!checkpoints_available()) return;
  checkpoint = bytes + (std::uint64_t{256} << 10);
  const std::int64_t held =
      std::min<std::int64_t>(s.checkpoint_count(from), std::int64_t{keep} + 1);
  all += checkpoint * static_cast<std::uint64_t>(std::max<std::int64_t>(held, 1));
}

Needs needs_of(const Parameters& p, const Schedule& s, std::int64_t from) {
  Needs n;
  n.device = estimate_device_bytes(p);
  for (const auto& arrays : {state_arrays_of(p), derived_arrays_of(p)})
    for (const ArrayInfo& a : arrays) n.snapshot += a.bytes();
  // The vessel graph: a voxel in a hundred where it grows, 130 bytes for a node and its segment.
  const auto voxels = static_cast<std::uint64_t>(voxels_of(p));
  if (p.sprouting.enabled) n.snapshot += voxels / 100 * 130;
  if (s.frames > 0) n.frame = estimate_frame_bytes(p);
  n.disk.add_frames(n.frame * static_cast<std::uint64_t>(s.frame_count(from)));
  n.disk.add_checkpoints(n.snapshot, p.output.keep, s, from);
  n.disk.all += static_cast<std::uint64_t>(s.rows(from)) * bytes_of_row + (1u << 20);
  n.host = estimate_host_bytes(p, s.frames > 0, checkpoints_available(), from > 0, true);
  return n;
}

namespace {

constexpr double stored = 130; // bytes of a node in a checkpoint

void add_nodes(Needs& n, const Parameters& p, const Schedule& s, double device, double nodes) {
  constexpr double shown = 200; // bytes of a node in a frame
  n.device += static_cast<std::uint64_t>(device);
  n.host +=
      static_cast<std::uint64_t>(nodes * (bytes_per_vessel_node + (s.frames > 0 ? shown : 0)));
  n.snapshot += static_cast<std::uint64_t>(nodes * stored);
  n.disk.checkpoint += static_cast<std::uint64_t>(nodes * stored);
  n.disk.all +=
      static_cast<std::uint64_t>(nodes * stored) * static_cast<std::uint64_t>(p.output.keep + 1);
}

} // namespace

void add_network(Needs& n, const Parameters& p, const Schedule& s, const VesselNetwork& network) {
  const auto [device, nodes] = estimate_network(p, network);
  add_nodes(n, p, s, device, nodes);
}

void add_network(Needs& n, const Parameters& p, const Schedule& s, const Snapshot& state) {
  const auto [device, nodes] = estimate_network(p, state);
  add_nodes(n, p, s, device, nodes);
  n.host += static_cast<std::uint64_t>(nodes * stored); // read, and then laid
}

namespace {

std::string every_text(const Schedule& s, std::int64_t steps) {
  return steps > 0
             ? "every " + std::to_string(steps) + (steps == 1 ? " step (day " : " steps (day ") +
                   day_text(static_cast<double>(steps) * s.step) + ")"
             : "at the start and the end";
}

} // namespace

std::string frames_text(const OutputParameters& output, const Schedule& s, std::uint64_t bytes) {
  if (s.frames == 0)
    return std::string("none") + (vtk_available() ? "" : " (this build has no VTK)");
  std::string kinds;
  for (const auto& [on, name] :
       {std::pair{output.fields, "fields"}, {output.cells, "cells"}, {output.vessels, "vessels"}})
    if (on) kinds += (kinds.empty() ? "" : ", ") + std::string(name);
  return std::to_string(s.frame_count()) + " of " + kinds + ", " + every_text(s, s.frames) +
         ", at most " + bytes_text(bytes) + " each";
}

std::string checkpoints_text(int keep, const Schedule& s, std::uint64_t bytes) {
  if (!checkpoints_available()) return "none (this build has no HDF5)";
  return (s.checkpoints > 0 ? every_text(s, s.checkpoints) : "at the end") + ", the newest " +
         std::to_string(keep) + " kept, " + bytes_text(bytes) + " each";
}

std::vector<std::string> describe_plan(const Parameters& p, const Schedule& s, const Needs& n) {
  const auto& e = p.domain.voxels;
  const double voxels = static_cast<double>(e[0]) * e[1] * e[2];
  std::vector<std::string> lines;
  if (p.simulation.preset != Preset::standard)
    lines.push_back("preset      " + std::string(name_of(p.simulation.preset)));
  lines.push_back("tissue      " + std::to_string(e[0]) + " x " + std::to_string(e[1]) + " x " +
                  std::to_string(e[2]) + " voxels of " + format_number(p.domain.spacing) + " um (" +
                  text_of("%.4g", voxels) + "), fields " +
                  (p.fields.coarsen == 1 ? std::string("on the same lattice")
                                         : std::to_string(p.fields.coarsen) + " times coarser"));
  lines.push_back("time        " + std::to_string(s.last) + " steps of " + format_number(s.step) +
                  " min, day 0 to " + day_text(static_cast<double>(s.last) * s.step) +
                  ", cells move every " + format_number(s.step / p.time.motility_substeps) +
                  " min");
  const int rounds = relay_substeps(population_settings(p));
  lines.push_back(
      "growth      " +
      (p.growth.mobility > 0
           ? "pressure every " +
                 format_number(std::max(1.0, std::round(p.growth.refresh / s.step)) * s.step) +
                 " min, "
           : std::string("no pressure, ")) +
      "newborns move every " + format_number(s.step / rounds) + " min");
  lines.push_back("memory      " + bytes_text(n.device) + " on the back end (" +
                  text_of("%.1f", static_cast<double>(n.device) / voxels) + " bytes per voxel), " +
                  bytes_text(n.host) + " on the host besides; together at most " +
                  bytes_text(n.device + n.host));
  lines.push_back("metrics     " + std::to_string(s.rows()) + " rows, " + every_text(s, s.report));
  lines.push_back("frames      " + frames_text(p.output, s, n.frame));
  lines.push_back("checkpoints " + checkpoints_text(p.output.keep, s, n.disk.checkpoint));
  lines.push_back("disk        at most " + bytes_text(n.disk.all));
  return lines;
}

void check_frames(const Parameters& p, const Schedule& s) {
  if (s.frames == 0) return;
  try {
    frame_axes(p.domain.voxels, p.domain.spacing, p.output);
  } catch (const std::runtime_error& e) {
    throw ConfigError(e.what());
  }
}

std::string limit_text(const Allowance& machine) {
  return machine.memory_limit.empty() ? "" : " (" + machine.memory_limit + ")";
}

void require_memory(const Needs& n, const Parameters& p, const Executor& executor) {
  const std::string smaller =
      "take fewer voxels (domain.size, domain.spacing)" +
      std::string(p.fields.coarsen < 4 ? ", coarser fields (fields.coarsen: " +
                                             std::to_string(p.fields.coarsen * 2) + ")"
                                       : "") +
      " or a machine with more memory";
  const bool on_host = executor.backend() == Backend::cpu;
  const std::uint64_t device_free = on_host ? 0 : executor.memory_available();
  const Allowance machine = allowance();
  // Device memory is given out in granules of 2 MiB, of which every large array leaves a part, and
  // the runtime takes some for code and stacks when kernels first run.
  constexpr std::uint64_t granules = std::uint64_t{256} << 20;
  if (!on_host && n.device + granules > device_free)
    throw ResourceError("not enough memory on the device: the run needs " + bytes_text(n.device) +
                        " and " + bytes_text(granules) + " for the CUDA runtime, " +
                        executor.description() + " has " + bytes_text(device_free) + " free; " +
                        smaller);
  const std::uint64_t host = n.host + (on_host ? n.device : 0);
  if (host > machine.memory)
    throw ResourceError("not enough memory: the run needs " + bytes_text(host) + " (" +
                        (on_host ? bytes_text(n.device) + " for the state, " : std::string()) +
                        bytes_text(n.host) + " besides), " +
                        (machine.memory_limit.empty() ? "the machine has " : "it may take ") +
                        bytes_text(machine.memory) +
                        (machine.memory_limit.empty() ? " free; " : limit_text(machine) + "; ") +
                        smaller + (machine.memory_limit.empty() ? "" : ", or raise that limit"));
}

void require_disk(const DiskNeeds& n, const fs::path& output, const std::string& fewer) {
  const std::uint64_t disk = disk_free(output);
  if (n.all > disk)
    throw ResourceError("not enough disk space: the run may write " + bytes_text(n.all) +
                        " (frames " + bytes_text(n.frames) + ", a checkpoint " +
                        bytes_text(n.checkpoint) + "), the disk of " + output.string() + " has " +
                        bytes_text(disk) +
                        " free; choose another disk with -o, or write less: " + fewer);
}

} // namespace metavox
