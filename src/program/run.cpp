#include "program/run.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <system_error>
#include <utility>

#include <malloc.h>
#include <sys/resource.h>

#include "core/errors.hpp"
#include "core/machine.hpp"
#include "core/profile.hpp"
#include "input/inputs.hpp"
#include "program/backend.hpp"
#include "program/cohort.hpp"
#include "program/console.hpp"
#include "program/plan.hpp"
#include "program/restart.hpp"
#include "program/session.hpp"
#include "program/signals.hpp"
#include "record/checkpoint.hpp"
#include "record/csv.hpp"
#include "record/run_folder.hpp"
#include "record/writer.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"
#include "site/site.hpp"
#include "site/take_apart.hpp"
#include "viz/scene_state.hpp"
#include "viz/vtk_available.hpp"

namespace metavox {

namespace fs = std::filesystem;

fs::path default_output(const Config& config) {
  std::string name = config.parameters.simulation.name;
  if (name.empty()) name = config.source.stem().string();
  for (char& c : name)
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 32) c = '_';
  if (name.empty() || name[0] == '.') name = "run" + name;
  return fs::path("runs") / name;
}

// ---- the run

namespace {

// However rarely a run writes, its fields are looked at after so many steps.
constexpr std::int64_t unchecked_steps = 100;

std::uint64_t peak_memory() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
}

void prepare_process() {
  // Arrays go back to the system when they are released, so that the peak is what is alive and no
  // more.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20); // but see ask_for_memory()
  std::set_terminate(end_without_memory);
}

// One run from its options to its exit code; run() calls the public functions in this order.
class RunSession : Session {
public:
  explicit RunSession(const RunOptions& options)
      : Session(options),
        config_(read_config(options.config, options.set, options.seed, options.until,
                            options.restart.empty() && !options.resume
                                ? FilesNamed::must_exist
                                : FilesNamed::may_be_missing)),
        p_(config_.parameters), schedule_(schedule_of(p_)) {}

  // Failures of these are exceptions.
  void find_start();
  void plan();
  void build();
  void open_folder();
  // Failures of the loop are told in the run folder and become the exit code.
  void loop();
  using Session::farewell;

private:
  std::int64_t steps() const override { return simulation_->steps(); }
  double minutes() const override { return simulation_->time(); }
  std::uint64_t state_hash() override { return simulation_->hash(); }

  // What is to happen before the next step.
  struct Due {
    bool check = false, row = false, frame = false, checkpoint = false;
    bool stop = false; // for a signal
  };
  Due due_at(std::int64_t step, bool first) const;
  void check(std::int64_t step);
  void measure();
  void advance();

  void show_failed_state();

  void tell_costs() override;
  void tell_results() override;

  Config config_; // complete once the inputs are known
  const Parameters& p_;
  const Schedule schedule_;

  Needs needs_;

  std::optional<Executor> executor_;
  std::optional<Site> simulation_;
  std::vector<std::string> frame_arrays_, state_arrays_;
  std::optional<Writer> writer_;

  std::int64_t checked_ = 0; // step
  double cells_ = -1;        // of the tumour, at the last row; -1: not counted yet
  double writing_ = 0;       // s
};

void RunSession::find_start() {
  Session::find_start(
      default_output(config_),
      [&](const fs::path& folder) {
        const fs::path from = what_to_resume(folder, config_, console_);
        if (from.empty()) // complains where what a start needs is missing
          read_config(options_.config, options_.set, options_.seed, options_.until);
        return from;
      },
      [&](const Checkpoint& checkpoint) { check_settings(checkpoint, options_, config_); });
}

void RunSession::plan() {
  needs_ = needs_of(p_, schedule_, start_);
  for (const std::string& text : describe_plan(p_, schedule_, needs_)) console_.line(text);
  for (const std::string& text : config_.notes) console_.line("note        " + text);
  check_frames(p_, schedule_);
  std::string note;
  executor_ =
      choose_executor(options_.backend, options_.threads, options_.device, voxels_of(p_), note);
  console_.line("back end    " + executor_->description() +
                (note.empty() ? "" : "  (" + note + ")"));
  require_memory(needs_, p_, *executor_);
  require_disk(needs_.disk, output_);
}

void RunSession::build() {
  Inputs inputs;
  if (checkpoint_) {
    inputs.absent = true;
    inputs.files = recorded_inputs(checkpoint_->resolved);
    add_network(needs_, p_, schedule_, checkpoint_->snapshot);
  } else {
    inputs = read_inputs(p_);
    for (const std::string& text : inputs.told) console_.line("start       " + text);
    add_network(needs_, p_, schedule_, inputs.vessel_file);
  }
  if (p_.vessels.pattern == VesselPattern::file) require_memory(needs_, p_, *executor_);
  record_inputs(config_, inputs.files);
  simulation_.emplace(p_, *executor_, inputs);
  if (schedule_.frames > 0) frame_arrays_ = frame_arrays(*simulation_);
  for (const ArrayInfo& info : simulation_->state_arrays()) {
    state_arrays_.push_back(info.name);
  }
  if (checkpoint_) {
    restore(*simulation_, *checkpoint_, options_.restart);
    checkpoint_.reset();
  }
  simulation_->take_events(); // of the set-up: a restart must not tell them again
}

void RunSession::open_folder() {
  provenance_.backend = executor_->backend() == Backend::cuda ? "cuda" : "cpu";
  provenance_.device = executor_->description();
  provenance_.threads = executor_->threads();
  provenance_.preset = name_of(p_.simulation.preset);
  provenance_.seed = p_.simulation.seed;
  for (const auto& [setting, file] : files_named(p_))
    for (const InputFile& input : p_.simulation.inputs)
      if (input.setting == setting)
        provenance_.inputs.push_back({setting, file.string(), input.bytes, input.crc32});
  Session::open_folder(config_.resolved, schedule_.step, p_.output.keep);
  if (schedule_.frames > 0 && vtk_available())
    folder_->write_scene(scene_state(p_, fs::absolute(output_).lexically_normal().string()),
                         scene_script());
  tell_folder();
  console_.line("allocated   " + bytes_text(executor_->memory_allocated()) +
                " (counted before: " + bytes_text(needs_.device) + ")");
  if (const std::int64_t share = simulation_->founders_per_clone(); share > 1)
    console_.line("clones      " + std::to_string(share) +
                  " founders, neighbours in x, share a number: there are 65535 numbers");
  tell_restart();
}

// Steps until the end, a signal or a failure.
void RunSession::loop() {
  checked_ = start_;
  executor_->forget_timings(); // of the set-up
  executor_->profile(options_.profile);
  try {
    writer_.emplace(*folder_, p_, config_.resolved, frame_arrays_, state_arrays_);
    folder_->add_events({}); // its header
    if (cells_leave(p_)) folder_->add_departures({}, schedule_.step);
    Progress progress(console_, schedule_, start_);
    for (bool first = true;; first = false) {
      const std::int64_t now = simulation_->steps();
      if (options_.between_steps) options_.between_steps(*simulation_);
      const Due due = due_at(now, first);
      if (due.check) check(now);
      if (due.row) measure();
      writer_->save(*simulation_, due.frame, due.checkpoint);
      if (due.stop) code_ = exit_interrupted;
      if (due.stop || now >= schedule_.last) break;
      progress.at(now, cells_, folder_->last_frame());
      advance();
      writer_->check();
    }
    executor_->during("waiting for the disk", [&] { writer_->drain(); });
    executor_->profile(false);
    writing_ = writer_->seconds();
  } catch (const NumericalError&) {
    fail(std::current_exception());
    show_failed_state();
  } catch (...) {
    fail(std::current_exception());
  }
  writer_.reset();
}

RunSession::Due RunSession::due_at(std::int64_t step, bool first) const {
  // A new folder shows the state it starts from; a continued one has it already.
  const bool opening = first && !resumes_, continuing = first && resumes_;
  Due due;
  due.stop = SignalWatch::seen() && step < schedule_.last;
  due.row = (opening || schedule_.row_at(step)) && folder_->last_metrics_step() < step;
  due.frame = schedule_.frames > 0 && (opening || schedule_.frame_at(step)) &&
              !(continuing && folder_->last_frame_step() == step);
  due.checkpoint = checkpoints_available() && (due.stop || schedule_.checkpoint_at(step)) &&
                   !(continuing && folder_->has_checkpoint(step));
  // Nothing is written down that was not looked at.
  due.check = first || due.row || due.frame || due.checkpoint || step - checked_ >= unchecked_steps;
  return due;
}

void RunSession::check(std::int64_t step) {
  executor_->during("checking", [&] { simulation_->check(); });
  checked_ = step;
}

void RunSession::measure() {
  executor_->during("measuring", [&] {
    const MetricRow row = simulation_->measure();
    folder_->add_metrics(simulation_->steps(), simulation_->time(), simulation_->hash(), row);
    cells_ = value_of(row, "tumour_cells");
  });
}

void RunSession::advance() {
  simulation_->step();
  const std::vector<Event> events = simulation_->take_events();
  if (!events.empty()) executor_->during("events", [&] { folder_->add_events(events); });
  const std::vector<Departure> left = simulation_->take_departures();
  if (!left.empty())
    executor_->during("events", [&] { folder_->add_departures(left, schedule_.step); });
}

void RunSession::show_failed_state() {
  if (failure_.find("at step ") == std::string::npos)
    failure_ = "at step " + std::to_string(simulation_->steps()) + ": " + failure_;
  try {
    writer_->drain();
    if (vtk_available())
      failure_ += "\nthe state is in " + write_diagnostic(*folder_, *simulation_);
  } catch (const std::exception& e) {
    failure_ += std::string("\nthe state could not be written: ") + e.what();
  }
}

void RunSession::tell_costs() {
  if (!options_.profile) return;
  const std::vector<ProfileRow> rows = profile_rows(*executor_);
  for (const std::string& text : profile_table(rows, simulation_->steps() - start_, writing_))
    console_.line(text);
  write_file_atomically(output_ / "profile.csv", profile_csv(rows));
}

// Where everything is, then the hash, or how to go on.
void RunSession::tell_results() {
  const std::string last_frame = folder_->last_frame();
  if (last_frame.empty())
    console_.line("frames      none");
  else
    console_.line("frames      " + (output_ / scene_name).string() + " (ParaView), last " +
                  last_frame);
  console_.line("memory      " + bytes_text(peak_memory()) + " at the peak");
  console_.line("metrics     " + (output_ / "metrics.csv").string() + ", " +
                (output_ / "events.csv").string() +
                (cells_leave(p_) ? ", " + (output_ / "departures.csv").string() : ""));
  if (!last_frame.empty())
    console_.line("picture     xvfb-run -a /usr/bin/python3 viz/quicklook.py " +
                  shell_word(output_));
  console_.line("curves      /usr/bin/python3 viz/curves.py " + shell_word(output_));
  if (code_ != exit_interrupted) {
    console_.result("final hash " + provenance_.final_hash);
    return;
  }
  tell_interruption();
}

} // namespace

int run(const RunOptions& options) {
  prepare_process();
  const SignalWatch signals;
  RunSession session(options);
  session.find_start();
  session.plan();
  session.build();
  session.open_folder();
  session.loop();
  return session.farewell();
}

// ---- other commands

int validate_command(const fs::path& file, const std::vector<std::string>& set,
                     std::optional<std::uint64_t> seed, const std::optional<std::string>& until) {
  const Config config = read_config(file, set, seed, until);
  const Parameters& p = config.parameters;
  const Schedule schedule = schedule_of(p);
  Needs needs = needs_of(p, schedule);
  check_frames(p, schedule);
  for (const std::string& text : describe_plan(p, schedule, needs))
    std::printf("%s\n", text.c_str());
  for (const std::string& text : config.notes) std::printf("note        %s\n", text.c_str());
  std::string note;
  const Executor executor = choose_executor("auto", 0, -1, voxels_of(p), note);
  const fs::path output = default_output(config);
  std::printf("back end    %s%s, %s of memory free%s\n", executor.description().c_str(),
              note.empty() ? "" : ("  (" + note + ")").c_str(),
              bytes_text(executor.memory_available()).c_str(),
              executor.backend() == Backend::cpu ? limit_text(allowance()).c_str() : "");
  std::printf("run folder  %s, %s of disk free\n", output.c_str(),
              bytes_text(disk_free(output)).c_str());
  std::fflush(stdout);
  require_memory(needs, p, executor);
  require_disk(needs.disk, output);
  const Inputs inputs = read_inputs(p);
  for (const std::string& text : inputs.told) std::printf("start       %s\n", text.c_str());
  if (!inputs.vessel_file.segments.empty()) {
    const std::uint64_t before = needs.device + needs.host;
    add_network(needs, p, schedule, inputs.vessel_file);
    std::printf("memory      %s more for the vessels of the file\n",
                bytes_text(needs.device + needs.host - before).c_str());
    std::fflush(stdout);
    require_memory(needs, p, executor);
  }
  std::printf("%s is valid\n", file.c_str());
  return exit_done;
}

int hash_command(const fs::path& what) {
  std::error_code ignored;
  const auto say = [](std::int64_t step, const std::string& hash) {
    std::printf("step %lld hash %s\n", static_cast<long long>(step), hash.c_str());
    return static_cast<int>(exit_done);
  };
  if (!fs::exists(what, ignored))
    throw IoError(what.string() + ": there is no such run or checkpoint");
  if (!fs::is_directory(what, ignored)) {
    const CheckpointHeader h = check_checkpoint(what);
    return say(h.step, hex16(h.hash));
  }
  std::string damaged;
  for (const auto& [step, file] : checkpoints_of(what)) {
    try {
      const CheckpointHeader h = check_checkpoint(file);
      if (!damaged.empty()) std::fprintf(stderr, "metavox: %s\n", damaged.c_str());
      return say(h.step, hex16(h.hash));
    } catch (const CheckpointError& e) {
      damaged += (damaged.empty() ? "" : "\n") + std::string(e.what());
    }
  }
  if (!damaged.empty()) std::fprintf(stderr, "metavox: %s\n", damaged.c_str());
  LastRow last = last_row_of(what / "metrics.csv");
  if (last.row.empty()) last = last_row_of(what / "body.csv");
  if (last.row.size() > 2 && last.header.size() > 2 && last.header[1] == "step")
    return say(std::stoll(last.row[1]), last.row[2]);
  if (fs::is_regular_file(what / "cohort.csv", ignored)) {
    std::printf("patients hash %s\n", hex16(cohort_hash(read_text(what / "cohort.csv"))).c_str());
    return exit_done;
  }
  throw IoError(what.string() +
                " has no checkpoint and no metrics.csv with a row: not a run folder");
}

} // namespace metavox
