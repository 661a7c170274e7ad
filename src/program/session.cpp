#include "program/session.hpp"

#include "core/clock.hpp"
#include "program/restart.hpp"
#include "program/signals.hpp"
#include "settings/days.hpp"
#include "settings/text.hpp"

namespace metavox {

namespace fs = std::filesystem;

void Session::find_start(const fs::path& usual,
                         const std::function<fs::path(const fs::path&)>& resume,
                         const std::function<void(const Checkpoint&)>& check) {
  output_ = options_.output;
  if (options_.resume) {
    if (output_.empty()) output_ = usual;
    options_.restart = resume(output_);
    options_.force = options_.restart.empty(); // what is there has nothing to lose
  }
  if (!options_.restart.empty()) {
    options_.restart = restart_file(options_.restart, console_);
    checkpoint_ = read_checkpoint(options_.restart);
    check(*checkpoint_);
    start_ = checkpoint_->header.step;
    const fs::path home = run_of_checkpoint(options_.restart);
    if (output_.empty()) output_ = home;
    resumes_ = same_folder(home, output_);
  }
  if (output_.empty()) output_ = usual;
  if (!resumes_) RunFolder::check(output_, options_.force);
}

void Session::open_folder(const std::string& resolved, double step, int keep) {
  folder_.emplace(resumes_ ? RunFolder::resume(output_, start_, static_cast<double>(start_) * step)
                           : RunFolder::create(output_, options_.force));
  begin_provenance();
  folder_->write_provenance(provenance_);
  folder_->write_resolved(resolved);
  if (resumes_) folder_->checkpoint_found(start_, keep);
}

void Session::begin_provenance() {
  provenance_.config = fs::absolute(options_.config).string();
  provenance_.command = options_.command;
  provenance_.start = utc_now();
  provenance_.exit_reason = "running";
  provenance_.first_step = provenance_.steps = start_;
  provenance_.days = minutes() / minutes_per_day;
  if (!options_.restart.empty())
    provenance_.restarted_from = fs::absolute(options_.restart).string();
}

void Session::tell_folder() {
  console_.log_to(&*folder_);
  console_.line("run folder  " + output_.string());
}

void Session::tell_restart() {
  if (!options_.restart.empty())
    console_.line("restart     step " + std::to_string(start_) + ", day " + day_text(minutes()) +
                  ", hash " + hex16(state_hash()) + " as in " + options_.restart.string());
  if (!checkpoints_available())
    console_.warn("this build has no HDF5: no checkpoints are written, an interrupted run is lost");
}

void Session::fail(const std::exception_ptr& error) {
  failed_ = true;
  code_ = code_of(error, failure_);
}

int Session::farewell() {
  if (code_ == exit_io || code_ == exit_resources) failure_ += advice_after(options_, output_);
  end_provenance();
  try {
    folder_->write_provenance(provenance_);
    tell_costs();
    if (failed_)
      console_.log("error: " + failure_);
    else
      tell_results();
    console_.forget_log();
    folder_->seal();
  } catch (const std::exception& e) {
    console_.forget_log();
    if (!failed_) throw;
    failure_ += std::string("\nand the run folder could not be finished: ") + e.what();
  }
  if (failed_) console_.warn(failure_);
  return code_;
}

void Session::end_provenance() {
  if (!failed_) provenance_.final_hash = hex16(state_hash());
  signal_ = SignalWatch::name();
  provenance_.end = utc_now();
  provenance_.exit_code = code_;
  provenance_.exit_reason = code_ == exit_done          ? "done"
                            : code_ == exit_interrupted ? "interrupted by " + signal_
                                                        : failure_;
  provenance_.steps = steps();
  provenance_.days = minutes() / minutes_per_day;
}

void Session::tell_interruption() {
  console_.warn("interrupted by " + signal_ + " after step " + std::to_string(steps()) + ", day " +
                day_text(minutes()) + ", hash " + provenance_.final_hash);
  if (checkpoints_available())
    console_.warn("continue with: " +
                  continuation(options_, output_, folder_->checkpoint_path(steps())));
}

} // namespace metavox
