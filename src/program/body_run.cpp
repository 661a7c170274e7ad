#include "program/body_run.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "body/replicates.hpp"
#include "core/clock.hpp"
#include "core/errors.hpp"
#include "core/file.hpp"
#include "core/machine.hpp"
#include "input/inputs.hpp"
#include "program/backend.hpp"
#include "program/body_plan.hpp"
#include "program/body_sites.hpp"
#include "program/body_tables.hpp"
#include "program/cohort.hpp"
#include "program/console.hpp"
#include "program/restart.hpp"
#include "program/session.hpp"
#include "program/signals.hpp"
#include "record/checkpoint.hpp"
#include "record/csv.hpp"
#include "record/run_folder.hpp"
#include "record/schedule.hpp"
#include "settings/days.hpp"
#include "settings/text.hpp"
#include "viz/scene_state.hpp"

namespace metavox {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t steps_at_once = 240; // between two looks at signals

void refuse_options(const RunOptions& options, bool lattice) {
  if (options.profile) throw ConfigError("--profile is for runs of one lattice");
  if (options.backend == "cuda" && !lattice)
    throw ConfigError("--backend cuda is for runs of a lattice; counters have no GPU to run on");
}

Snapshot::Array array_of(const char* name, const char* meaning, ElementType type, const void* data,
                         std::size_t n) {
  Snapshot::Array a;
  a.info.name = name;
  a.info.unit = "1";
  a.info.meaning = meaning;
  a.info.type = type;
  a.info.extents = {static_cast<std::int64_t>(n), 1, 1};
  a.info.grows = true;
  a.data.resize(a.info.bytes());
  if (n > 0) std::memcpy(a.data.data(), data, a.info.bytes());
  return a;
}

Snapshot snapshot_of(const Replicates& bodies) {
  std::vector<std::int64_t> whole;
  std::vector<double> real;
  bodies.save(whole, real);
  Snapshot s;
  s.time = bodies.time();
  s.step = bodies.steps();
  s.hash = bodies.hash();
  s.arrays.push_back(array_of("body_counts", "whole numbers of the bodies, one after the other",
                              ElementType::i64, whole.data(), whole.size()));
  s.arrays.push_back(array_of("body_expected", "what is expected in them", ElementType::f64,
                              real.data(), real.size()));
  if (bodies.windows() != nullptr) bodies.windows()->add_arrays(s);
  return s;
}

void restore(Replicates& bodies, const Checkpoint& checkpoint, const fs::path& file) {
  const auto refuse = [&](const std::string& why) {
    throw CheckpointError("checkpoint " + file.string() + ": " + why);
  };
  const Snapshot::Array* whole = checkpoint.snapshot.find("body_counts");
  const Snapshot::Array* real = checkpoint.snapshot.find("body_expected");
  if (whole == nullptr || real == nullptr || whole->info.type != ElementType::i64 ||
      real->info.type != ElementType::f64)
    refuse("it holds no bodies");
  std::vector<std::int64_t> counts(whole->data.size() / sizeof(std::int64_t));
  std::vector<double> expected(real->data.size() / sizeof(double));
  if (!counts.empty()) std::memcpy(counts.data(), whole->data.data(), whole->data.size());
  if (!expected.empty()) std::memcpy(expected.data(), real->data.data(), real->data.size());
  try {
    bodies.load(counts, expected);
    if (bodies.windows() != nullptr)
      bodies.windows()->write_arrays(checkpoint.snapshot, bodies.steps());
  } catch (const NumericalError& e) {
    refuse(e.what());
  } catch (const std::invalid_argument& e) {
    refuse(e.what());
  }
  if (bodies.steps() != checkpoint.header.step || bodies.hash() != checkpoint.header.hash)
    refuse("the restored bodies have the hash " + hex16(bodies.hash()) + ", the stored ones had " +
           hex16(checkpoint.header.hash) + "; it was written by version " +
           checkpoint.header.version);
}

// One run from its options to its exit code.
class BodySession : Session {
public:
  BodySession(const RunOptions& options, const BodyConfig& config)
      : Session(options), config_(config), s_(config_.settings), schedule_(schedule_of(config)) {}

  int run() {
    find_start();
    const BodyNeeds needs = needs_of(config_, schedule_, start_);
    console_.line("body        " + plan_text(s_, needs, schedule_));
    for (const std::string& text : describe_files(config_, needs, schedule_)) console_.line(text);
    for (const std::string& text : config_.notes) console_.line("note        " + text);
    require_room(needs, s_, output_);
    std::string note;
    if (config_.lattice) {
      begin_windows(note);
    } else {
      threads_ = std::min(threads_for(options_.threads, 0, allowance(), note),
                          static_cast<int>(std::min<std::uint64_t>(needs.bodies, 4096)));
      require_threads(threads_);
      device_ = "cpu, " + counted(threads_, "thread", "threads");
      bodies_.emplace(s_, schedule_.last);
    }
    console_.line("back end    " + device_ + (note.empty() ? "" : "  (" + note + ")"));
    if (checkpoint_) restore(*bodies_, *checkpoint_, options_.restart);
    checkpoint_.reset();
    open_folder();
    try {
      loop();
    } catch (...) {
      fail(std::current_exception());
    }
    return farewell();
  }

private:
  std::int64_t steps() const override { return bodies_->steps(); }
  double minutes() const override { return bodies_->time(); }
  std::uint64_t state_hash() override { return bodies_->hash(); }
  const Table& table() const { return config_.lattice ? all_settings() : body_table(); }

  // The primary's lattice, unless a checkpoint holds what became of it.
  void begin_windows(std::string& note) {
    const Executor executor = choose_executor(options_.backend, options_.threads, options_.device,
                                              voxels_of(*config_.lattice), note);
    device_ = executor.description();
    threads_ = executor.threads();
    Inputs inputs;
    if (checkpoint_) {
      inputs.absent = true;
      inputs.files = recorded_inputs(lattice_part(checkpoint_->resolved));
    } else {
      inputs = read_inputs(*config_.lattice);
      for (const std::string& text : inputs.told) console_.line("start       " + text);
    }
    record_inputs(config_, inputs.files);
    bodies_.emplace(s_, schedule_.last);
    bodies_->open_windows(*config_.lattice, executor, checkpoint_ ? nullptr : &inputs);
  }

  void find_start() {
    Session::find_start(
        body_folder(config_),
        [&](const fs::path& folder) {
          return what_to_resume(folder, table(), config_.resolved, config_.source, console_);
        },
        [&](const Checkpoint& checkpoint) {
          check_same_settings(checkpoint, options_, table(), config_.resolved);
          check_not_over(checkpoint, options_, schedule_.last, s_.simulation.duration);
        });
  }

  void open_folder() {
    provenance_.backend = device_.compare(0, 4, "CUDA") == 0 ? "cuda" : "cpu";
    provenance_.device = device_;
    provenance_.threads = threads_;
    provenance_.preset = name_of(s_.body.preset);
    provenance_.seed = s_.simulation.seed;
    Session::open_folder(config_.resolved, schedule_.step, s_.output.keep);
    if (schedule_.frames > 0 && (config_.lattice->output.cells || config_.lattice->output.vessels))
      folder_->write_scene(body_scene_state(*config_.lattice, s_.body,
                                            fs::absolute(output_).lexically_normal().string()),
                           scene_script());
    tell_folder();
    tell_restart();
  }

  void add(const char* name, const BodyTable& table) {
    folder_->add_rows(name, table.header, table.rows);
  }

  void report() {
    add("cascade.csv", cascade_rows(*bodies_));
    add("body.csv", body_rows(*bodies_)); // last: it stands for both
  }

  void save_checkpoint() {
    if (sites_) sites_->drain();
    const Snapshot snapshot = snapshot_of(*bodies_);
    const FileSum sum =
        write_checkpoint(folder_->checkpoint_path(snapshot.step), snapshot, config_.resolved);
    folder_->checkpoint_written(snapshot.step, sum, s_.output.keep);
  }

  // Steps until something is due.
  std::int64_t next(std::int64_t step) const {
    if (sites_) return step + 1; // they write what happened in it
    std::int64_t to = std::min(schedule_.last, step + steps_at_once);
    for (const std::int64_t every : {schedule_.report, schedule_.checkpoints})
      if (every > 0) to = std::min(to, (step / every + 1) * every);
    return to;
  }

  // What happened in a step; with windows also who came where.
  void tell(const std::vector<ReplicateEvent>& events, const Passed& before) {
    BodyTable told = event_rows(*bodies_, events);
    if (sites_) told.rows = passages(*bodies_, before) + told.rows;
    if (!told.rows.empty()) add("events.csv", told);
    if (events.empty()) return;
    add("founders.csv", founder_rows(*bodies_, events));
    const BodyTable lineage = lineage_rows(*bodies_, events);
    trees_are_due_ = trees_are_due_ || !lineage.rows.empty();
    add("lineage.csv", lineage);
  }

  // Of all that lineage.csv holds: with each report, not with each founder.
  void write_trees() {
    if (!trees_are_due_) return;
    trees_are_due_ = false;
    write_file_atomically(output_ / "lineage.nwk",
                          lineage_trees(read_text(output_ / "lineage.csv"),
                                        lesion_name(*bodies_, bodies_->natural(0).lesions()[0]),
                                        static_cast<int>(bodies_->count()),
                                        s_.body.coupling == Coupling::full));
  }

  void loop() {
    add("founders.csv", founder_rows(*bodies_, {}));
    add("events.csv", event_rows(*bodies_, {}));
    add("lineage.csv", lineage_rows(*bodies_, {}));
    if (bodies_->windows() != nullptr) {
      sites_.emplace(*folder_, config_.lattice->output, schedule_.report, schedule_.frames);
      sites_->begin(*bodies_, resumes_);
    }
    Progress progress(console_, schedule_, start_);
    const LastRow last_row = last_row_of(output_ / "body.csv");
    std::int64_t reported = -1;
    if (last_row.row.size() > 1) reported = as_integer(last_row.row[1]).value_or(-1);
    for (bool first = true;; first = false) {
      const std::int64_t now = bodies_->steps();
      const bool stop = SignalWatch::seen() && now < schedule_.last;
      if ((schedule_.row_at(now) || (first && !resumes_)) && reported < now) {
        report();
        reported = now;
        write_trees();
      }
      if (checkpoints_available() && (stop || schedule_.checkpoint_at(now)) &&
          !(first && resumes_ && folder_->has_checkpoint(now)))
        save_checkpoint();
      if (stop) code_ = exit_interrupted;
      if (stop || now >= schedule_.last) break;
      progress.at(now, -1, compartments(*bodies_));
      const Passed before = passed(*bodies_);
      const std::vector<ReplicateEvent> events = bodies_->advance(next(now), threads_);
      if (sites_) sites_->follow(*bodies_, bodies_->steps() == schedule_.last);
      tell(events, before);
    }
    write_trees();
    if (sites_) sites_->seal(*bodies_);
    if (code_ == exit_done)
      write_file_atomically(output_ / estimates_name, estimates_csv(*bodies_));
  }

  void tell_results() override {
    if (code_ == exit_interrupted) return tell_interruption();
    for (const BodyNumber& n : numbers_of(*bodies_)) {
      char text[400];
      std::snprintf(text, sizeof text, "%-24s %-10s %-9s %10.4g%s  %s", n.quantity.c_str(),
                    n.organ.c_str(), n.source.c_str(), n.estimate.value,
                    n.estimate.error >= 0 ? (" +- " + text_of("%-8.2g", n.estimate.error)).c_str()
                                          : "            ",
                    n.method.c_str());
      console_.line(text);
    }
    if (s_.body.force.empty()) {
      console_.line("forced      none");
    } else {
      console_.line("forced      rows and columns named so tell of founders that were put there, "
                    "each by its expected number");
    }
    console_.line("tables      " + (output_ / "body.csv").string() +
                  ", cascade.csv, founders.csv, "
                  "events.csv, lineage.csv, lineage.nwk, estimates.csv");
    console_.result("final hash " + provenance_.final_hash);
  }

  BodyConfig config_; // complete once the inputs are known
  const BodySettings& s_;
  const Schedule schedule_;
  const SignalWatch signals_;

  int threads_ = 1;
  bool trees_are_due_ = true;
  std::string device_;
  std::optional<SiteFolders> sites_;
  std::optional<Replicates> bodies_;
};

} // namespace

int run_bodies(const RunOptions& options, const BodyConfig& config) {
  refuse_options(options, config.lattice.has_value());
  BodySession session(options, config);
  return session.run();
}

int validate_bodies(const BodyConfig& config) {
  const BodySettings& s = config.settings;
  const Schedule schedule = schedule_of(config);
  const BodyNeeds needs = needs_of(config, schedule);
  const fs::path output = body_folder(config);
  std::printf("body        %s\n", plan_text(s, needs, schedule).c_str());
  for (const std::string& text : describe_files(config, needs, schedule))
    std::printf("%s\n", text.c_str());
  std::printf("run folder  %s, %s of disk free\n", output.c_str(),
              bytes_text(disk_free(output)).c_str());
  for (const std::string& text : config.notes) std::printf("note        %s\n", text.c_str());
  std::fflush(stdout);
  require_room(needs, s, output);
  return exit_done;
}

} // namespace metavox
