// The run folder: nothing in it is ever half there.
//
// Files appear whole, as core/file.hpp says. Rows of .csv files and of the log are appended; a torn
// last row is dropped when a run is continued.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/file.hpp"
#include "record/index_room.hpp"
#include "record/provenance.hpp"
#include "record/run_layout.hpp"
#include "voxel/departure.hpp"
#include "voxel/report.hpp"

namespace metavox {

// The folder of one run, locked as long as this object lives. Methods may be called from several
// threads.
class RunFolder {
public:
  // Would create() succeed? Throws what it would throw, changes nothing.
  static void check(const std::filesystem::path& path, bool force);

  // The number of the process that has the run in `path` in hand, "(unknown)" where it has not said
  // so yet. Nothing: no process does.
  static std::optional<std::string> user_of(const std::filesystem::path& path);

  // A new folder, or an empty one. With `force` what a former run left in it is removed; anything
  // else in it stays. A folder that is neither empty nor a run's is refused even then.
  static RunFolder create(const std::filesystem::path& path, bool force);

  // Continues the run in `path` after `step`, at `time` (min): later rows and frames are removed,
  // and so are torn ones, and what a body told at its end. Later checkpoints stay until they are
  // overtaken.
  static RunFolder resume(const std::filesystem::path& path, std::int64_t step, double time);

  RunFolder(RunFolder&&) noexcept = default;

  const std::filesystem::path& path() const { return path_; }

  void write_resolved(const std::string& yaml);
  // scene.pvsm and scene.py, see scene_state() and scene_script().
  void write_scene(const std::string& state, const std::string& script);
  void write_provenance(const Provenance& provenance);

  void log(std::string_view line); // without its newline

  // The header is written with the first row. Rows of one run have the same columns.
  void add_metrics(std::int64_t step, double time, std::uint64_t hash, const MetricRow& row);
  void add_events(const std::vector<Event>& events);
  // `step_length`: of the run, min; `begin`: when its first step began, min.
  void add_departures(const std::vector<Departure>& departures, double step_length,
                      double begin = 0);
  // Lines of a table of a body, or of its events.csv; `header` comes first where it is new. Both
  // end in line breaks.
  void add_rows(const std::string& name, const std::string& header, const std::string& rows);
  std::int64_t last_metrics_step() const { return last_metrics_step_; } // -1: none

  // One file of a frame, and its .pvd brought up to date. A name must not start with a dot.
  void add_frame(FrameKind kind, std::int64_t step, double time, std::string_view content);
  std::string last_frame() const;       // relative path; empty: none
  std::int64_t last_frame_step() const; // -1: none
  // Outside the .pvd: the state a run failed in.
  void add_diagnostic(const std::string& name, std::string_view content);

  std::filesystem::path checkpoint_path(std::int64_t step) const;
  bool has_checkpoint(std::int64_t step) const;
  // Call after the file is complete: lists it, then removes all but the newest `keep` of those up
  // to `step`.
  void checkpoint_written(std::int64_t step, const FileSum& sum, int keep);
  // The same where that of `step` was found whole: a session that died may have left too many.
  void checkpoint_found(std::int64_t step, int keep);

  // Lists the files that grew during the run, now that they are final, and any that were left
  // unlisted. The log is closed.
  void seal();

private:
  struct Frame {
    std::int64_t step;
    double day;
  };
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  void lock();
  void make_folders() const;
  void append(Descriptor& file, const std::string& name, std::string_view text, bool sync);
  void list(const std::string& relative, const FileSum& sum);
  void rewrite_list() const;
  void write_index(FrameKind kind, bool room);
  void trim_rows(std::int64_t step, double time);
  void trim_frames(std::int64_t step);
  void remove_old_checkpoints(std::int64_t step, int keep);

  std::filesystem::path path_;
  Descriptor lock_, log_, metrics_, events_, departures_, sums_;
  std::map<std::string, Descriptor> tables_; // of a body
  std::map<std::string, FileSum> listed_;
  std::map<FrameKind, std::vector<Frame>> frames_;
  std::map<FrameKind, IndexRoom> room_; // in the .pvd, for the frames to come
  std::int64_t last_metrics_step_ = -1;
  std::size_t columns_ = 0;
  std::string earlier_sessions_; // JSON array of what provenance.json said of former ones
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
};

} // namespace metavox
