#include "record/writer.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "record/checkpoint.hpp"
#include "record/peak_memory.hpp"
#include "record/run_folder.hpp"
#include "record/schedule.hpp"
#include "settings/complaints.hpp"
#include "site/site.hpp"
#include "viz/cell_frame.hpp"
#include "viz/field_frame.hpp"
#include "viz/vessel_frame.hpp"

namespace metavox {

std::vector<std::string> frame_arrays(const Site& simulation) {
  const OutputParameters& output = simulation.parameters().output;
  std::vector<ArrayInfo> infos = simulation.state_arrays();
  for (const ArrayInfo& info : simulation.derived_arrays()) infos.push_back(info);
  std::vector<std::string> names;
  for (const ArrayInfo& info : infos) {
    const std::string& n = info.name;
    if (!(info.spacing > 0)) {
      if (output.cells && is_of_second_cells(n)) names.push_back(n);
      continue;
    }
    const bool in_fields =
        output.fields &&
        (output.arrays.empty() ? !is_bookkeeping(n)
                               : std::count(output.arrays.begin(), output.arrays.end(), n) > 0);
    const bool in_cells = output.cells && (is_bookkeeping(n) || n == "kind" || n == "cell_state" ||
                                           n == "flags" || n == "oxygen");
    if (in_fields || in_cells) names.push_back(n);
  }
  for (const std::string& wanted : output.arrays) {
    const bool known = std::any_of(infos.begin(), infos.end(), [&](const ArrayInfo& info) {
      return info.name == wanted && info.spacing > 0;
    });
    if (known) continue;
    std::string all;
    for (const ArrayInfo& info : infos)
      if (info.spacing > 0) all += (all.empty() ? "" : ", ") + info.name;
    throw ConfigError("output.arrays: '" + wanted + "' is not an array of this run; there are " +
                      all);
  }
  // take_snapshot takes no names for all names.
  if (names.empty()) names.push_back("no array");
  return names;
}

std::string write_diagnostic(RunFolder& folder, const Site& simulation) {
  const Snapshot shot = take_snapshot(simulation);
  OutputParameters all = simulation.parameters().output;
  all.arrays.clear();
  all.stride = 1;
  all.region_from = all.region_to = {0, 0, 0};
  all.mantissa_bits = 23;
  Parameters shown = simulation.parameters();
  shown.output = all;
  ask_for_memory(estimate_frame_memory(shown));
  char name[48];
  std::snprintf(name, sizeof name, "fields_%08lld.vti", static_cast<long long>(shot.step));
  folder.add_diagnostic(name, fields_frame(shot, all));
  return (folder.path() / "frames/diagnostic_").string() + name;
}

Writer::Writer(RunFolder& folder, const Parameters& parameters, const std::string& resolved,
               std::vector<std::string> frame_arrays, std::vector<std::string> state_arrays,
               double begin)
    : folder_(folder), output_(parameters.output), frame_memory_(estimate_frame_memory(parameters)),
      resolved_(resolved), frame_arrays_(std::move(frame_arrays)),
      state_arrays_(std::move(state_arrays)), begin_(begin), thread_([this] { work(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Writer::save(const Site& simulation, bool frame, bool checkpoint) {
  if (!frame && !checkpoint) return;
  const Executor& executor = simulation.executor();
  executor.during("waiting for the disk", [&] { drain(); });
  std::vector<std::string> names;
  if (frame) names = frame_arrays_;
  if (checkpoint)
    for (const std::string& name : state_arrays_)
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  executor.during("frames and checkpoints", [&] {
    auto snapshot = std::make_shared<Snapshot>(take_snapshot(simulation, names));
    if (!checkpoint) snapshot->time += begin_; // these keep the site's own
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      queue_.push_back({std::move(snapshot), frame, checkpoint});
    }
    changed_.notify_all();
  });
}

void Writer::drain() {
  std::unique_lock<std::mutex> guard(mutex_);
  changed_.wait(guard, [&] { return error_ || (queue_.empty() && !busy_); });
  if (error_) std::rethrow_exception(error_);
}

void Writer::check() {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (error_) std::rethrow_exception(error_);
}

double Writer::seconds() {
  const std::lock_guard<std::mutex> guard(mutex_);
  return seconds_;
}

void Writer::work() {
  for (;;) {
    Job job;
    {
      std::unique_lock<std::mutex> guard(mutex_);
      changed_.wait(guard, [&] { return stop_ || !queue_.empty(); });
      if (queue_.empty() || error_) return;
      job = std::move(queue_.front());
      queue_.pop_front();
      busy_ = true;
    }
    changed_.notify_all();
    std::exception_ptr error;
    const auto begin = std::chrono::steady_clock::now();
    try {
      write(job);
    } catch (...) {
      error = std::current_exception();
    }
    job.snapshot.reset();
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      busy_ = false;
      seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      if (error) error_ = error;
    }
    changed_.notify_all();
    if (error) return;
  }
}

void Writer::write(const Job& job) {
  const Snapshot& s = *job.snapshot;
  if (job.frame) write_frame(s);
  if (job.checkpoint) {
    ask_for_memory(0);
    const FileSum sum =
        write_checkpoint(folder_.checkpoint_path(s.step), s, resolved_, state_arrays_);
    folder_.checkpoint_written(s.step, sum, output_.keep);
  }
}

void Writer::write_frame(const Snapshot& s) {
  ask_for_memory(frame_memory_);
  try {
    // In the order of their worth, should the disk fill up.
    if (output_.fields)
      folder_.add_frame(FrameKind::fields, s.step, s.time, fields_frame(s, output_));
    if (output_.cells) folder_.add_frame(FrameKind::cells, s.step, s.time, cells_frame(s, output_));
    if (output_.vessels)
      folder_.add_frame(FrameKind::vessels, s.step, s.time, vessels_frame(s, output_));
  } catch (const IoError&) {
    throw;
  } catch (const ResourceError&) {
    throw;
  } catch (const std::system_error&) {
    throw; // no room for a thread
  } catch (const std::runtime_error& e) {
    const std::string why = e.what();
    if (why.find("pthread_create") != std::string::npos)
      throw ResourceError("the frame of step " + std::to_string(s.step) +
                          " cannot be written: no room for another thread: " + why);
    throw IoError("the frame of step " + std::to_string(s.step) + " cannot be written: " + why);
  }
}

} // namespace metavox
