// The folders of a body's windows, sites/000-breast and so on: each a run folder of its own with
// metrics, events, departures and frames, by the clock of the body. A window that closed keeps its
// folder. Checkpoints are the body's: one file holds all of its windows. So are the frames of
// body.pvd, which show all that are open side by side.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>

#include "body/replicates.hpp"
#include "record/run_folder.hpp"

namespace metavox {

class SiteFolders {
public:
  // Frames and rows every so many steps of the body; 0: none. `run`, the body's folder, and
  // `output` are kept by reference.
  SiteFolders(RunFolder& run, const OutputParameters& output, std::int64_t report,
              std::int64_t frames);
  ~SiteFolders();

  // At the start, or where the body goes on from a checkpoint: then later rows and frames go.
  void begin(const Replicates& bodies, bool resumes);
  // After each step of the body.
  void follow(const Replicates& bodies, bool last);
  // Until all frames are on disk: before a checkpoint that takes them for written.
  void drain();
  // At the end.
  void seal(const Replicates& bodies);

private:
  struct Folder;
  Folder& folder_of(const OpenWindow& window, const Replicates& bodies, bool resumes);
  static void write(Folder& folder, OpenWindow& window, bool row, bool frame);
  void add_body_frame(const Replicates& bodies);

  RunFolder& run_;
  const OutputParameters& output_;
  std::int64_t report_, frames_;
  std::map<std::int64_t, std::unique_ptr<Folder>> folders_; // by number, of open windows
};

} // namespace metavox
