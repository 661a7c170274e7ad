// What every run has in common, of a lattice or of bodies: where its state comes from, its folder,
// its provenance and how it ends.
#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "program/console.hpp"
#include "program/run.hpp"
#include "record/checkpoint.hpp"
#include "record/provenance.hpp"
#include "record/run_folder.hpp"

namespace metavox {

class Session {
public:
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

protected:
  explicit Session(const RunOptions& options) : console_(options.quiet), options_(options) {}

  // Where the state stands.
  virtual std::int64_t steps() const = 0;
  virtual double minutes() const = 0;
  virtual std::uint64_t state_hash() = 0;

  // Finds the checkpoint and the folder. `usual`: the folder where none is named; `resume` tells
  // where a run in a folder goes on, empty at the start; `check` throws unless a checkpoint is of
  // this run. A restart is checked to the last byte before anything else happens.
  void find_start(const std::filesystem::path& usual,
                  const std::function<std::filesystem::path(const std::filesystem::path&)>& resume,
                  const std::function<void(const Checkpoint&)>& check);

  // The folder, with what `provenance_` and `resolved` say, and `keep` checkpoints at most where it
  // goes on. `step`: min.
  void open_folder(const std::string& resolved, double step, int keep);
  // Fills in what follows from the options and the state.
  void begin_provenance();
  void tell_folder();
  void tell_restart(); // last of the lines on how the run begins

  // A failure of the loop is told in the run folder and becomes the exit code.
  void fail(const std::exception_ptr& error);
  // Says how it ended, closes the folder and returns the exit code.
  int farewell();
  virtual void tell_costs() {}     // however it ended
  virtual void tell_results() = 0; // unless it failed
  void tell_interruption();        // and how to go on

  Console console_;
  RunOptions options_; // `restart` becomes the file
  std::optional<Checkpoint> checkpoint_;
  std::filesystem::path output_;
  bool resumes_ = false;   // in the folder of the checkpoint
  std::int64_t start_ = 0; // step
  std::optional<RunFolder> folder_;
  Provenance provenance_;
  int code_ = exit_done;
  bool failed_ = false;
  std::string failure_;

private:
  void end_provenance();
  std::string signal_;
};

} // namespace metavox
