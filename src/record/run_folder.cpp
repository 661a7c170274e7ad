#include "record/run_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/errors.hpp"
#include "record/checksums.hpp"
#include "record/csv.hpp"
#include "settings/units.hpp"
#include "viz/pvd.hpp"

namespace metavox {

namespace fs = std::filesystem;

namespace {

// Of the files that a run makes first.
bool is_first_temporary(const std::string& name) {
  return is_temporary(name) && (name.find(list_name) == 1 || name.find("provenance.json") == 1);
}

// What create() makes before the folder can be known for a run is no obstacle: a start that was
// killed there is simply made again.
bool occupied(const fs::path& folder) {
  for (const fs::path& entry : entries(folder)) {
    const std::string name = entry.filename().string();
    std::error_code ignored;
    const bool bare =
        (name == "frames" || name == "checkpoints")
            ? fs::is_directory(fs::symlink_status(entry, ignored)) && entries(entry).empty()
            : name == list_name && fs::is_regular_file(entry, ignored) &&
                  fs::file_size(entry, ignored) == 0;
    if (name != lock_name && !is_first_temporary(name) && !bare) return true;
  }
  return false;
}

void remove_file(const fs::path& file) {
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) fail_with("remove", file, errno);
}

void remove_temporaries(const fs::path& run) {
  for (const fs::path& folder : {run, run / "frames", run / "checkpoints"})
    for (const fs::path& entry : entries(folder))
      if (is_temporary(entry.filename().string())) remove_file(entry);
}

// Of an open lock file, which it locks where it can. Nothing: no other process holds it, or the
// file system cannot lock.
std::optional<std::string> other_holder(const Descriptor& lock, const fs::path& file) {
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return {};
  if (errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOLCK) return {};
  if (errno != EWOULDBLOCK) fail_with("lock", file, errno);
  char text[64] = {};
  const ssize_t n = ::pread(lock.get(), text, sizeof text - 1, 0);
  std::string who(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  who.erase(std::find(who.begin(), who.end(), '\n'), who.end());
  return who.empty() ? "(unknown)" : who;
}

// Throws where another process holds the lock.
Descriptor lock_folder(const fs::path& run, bool make) {
  const fs::path file = run / lock_name;
  Descriptor lock =
      open_file(file, O_RDWR | O_NOFOLLOW | (make ? O_CREAT : 0), "open the lock file");
  if (const std::optional<std::string> who = other_holder(lock, file))
    throw IoError("the run folder " + run.string() + " is in use by process " + *who +
                  "; wait for it, stop it, or choose another folder with -o");
  return lock;
}

// What names files goes before they do, so that at no moment one is named that is not there.
// provenance.json stays: with it this still looks like a run, as it does without one by its list
// and resolved.yaml.
void empty_run(const fs::path& path) {
  std::error_code error;
  write_file_atomically(path / list_name, "");
  remove_file(path / scene_name);
  remove_file(path / scene_script_name);
  for (const char* name : growing)
    if (std::strcmp(name, "provenance.json") != 0) remove_file(path / name);
  for (const fs::path& entry : entries(path / "frames"))
    if (is_frame(entry.filename().string())) remove_file(entry);
  for (const auto& [step, file] : checkpoints_of(path)) remove_file(file);
  remove_temporaries(path);
  for (const char* name : {"frames", "checkpoints"})
    if (fs::is_symlink(path / name, error)) remove_file(path / name); // not what it leads to
}

// The windows of a body's run. What a run did not write stays, and its folder with it.
void remove_sites(const fs::path& run) {
  std::error_code ignored;
  const fs::path sites = run / sites_name;
  if (fs::is_symlink(sites, ignored)) return remove_file(sites);
  for (const fs::path& site : entries(sites)) {
    if (fs::is_symlink(site, ignored) || !looks_like_run(site)) continue;
    empty_run(site);
    for (const char* name : {"resolved.yaml", list_name, lock_name, "provenance.json"})
      remove_file(site / name);
    for (const char* name : {"frames", "checkpoints"}) fs::remove(site / name, ignored);
    fs::remove(site, ignored);
  }
  fs::remove(sites, ignored);
}

} // namespace

void RunFolder::check(const fs::path& path, bool force) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return;
  if (status.type() == fs::file_type::none)
    throw IoError("cannot look at " + path.string() + ": " + error.message());
  if (!fs::is_directory(status))
    throw IoError(path.string() + " exists and is not a folder; choose another with -o");
  if (fs::exists(path / lock_name, error)) lock_folder(path, false);
  if (!occupied(path)) return;
  if (!force) {
    if (looks_like_run(path))
      throw IoError(path.string() +
                    " holds a run already; choose another folder with -o, continue it with "
                    "--restart, or replace it with --force");
    throw IoError(path.string() + " is not empty and no run folder; choose another with -o");
  }
  if (!looks_like_run(path))
    throw IoError(path.string() +
                  " is not empty and does not look like a run folder, so it is left alone; choose "
                  "another with -o");
}

std::optional<std::string> RunFolder::user_of(const fs::path& path) {
  const fs::path file = path / lock_name;
  const Descriptor lock(::open(file.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!lock.open()) return {}; // nobody has begun a run there, or we could not go on with it
  return other_holder(lock, file);
}

void RunFolder::lock() {
  lock_ = lock_folder(path_, true);
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock_.get(), 0) != 0) fail_with("write", path_ / lock_name, errno);
  write_all(lock_.get(), pid.data(), pid.size(), path_ / lock_name);
}

void RunFolder::make_folders() const {
  for (const char* name : {"frames", "checkpoints"}) {
    std::error_code error;
    if (fs::is_symlink(path_ / name, error))
      throw IoError((path_ / name).string() +
                    " is a link, which a run does not write through; remove it, or choose another "
                    "folder with -o");
    fs::create_directory(path_ / name, error);
    if (!fs::is_directory(path_ / name))
      throw IoError("cannot make the folder " + (path_ / name).string() + ": " + error.message());
  }
  sync_folder(path_);
}

RunFolder RunFolder::create(const fs::path& path, bool force) {
  check(path, force);
  std::error_code error;
  fs::create_directories(path, error);
  if (error && !fs::is_directory(path))
    throw IoError("cannot make the folder " + path.string() + ": " + error.message());
  RunFolder folder(path);
  folder.lock();
  if (occupied(path)) {
    // Looked at again now that nobody else can write here.
    if (!force || !looks_like_run(path))
      throw IoError(path.string() + " was filled by another program just now");
    // provenance.json goes last, by being replaced.
    remove_sites(path);
    empty_run(path);
    remove_file(path / "resolved.yaml");
  }
  for (const fs::path& entry : entries(path))
    if (is_first_temporary(entry.filename().string())) remove_file(entry);
  folder.make_folders();
  write_file_atomically(path / list_name, "");
  return folder;
}

RunFolder RunFolder::resume(const fs::path& path, std::int64_t step, double time) {
  RunFolder folder(path);
  folder.lock();
  remove_temporaries(path);
  folder.make_folders();
  std::error_code ignored;
  if (fs::exists(path / list_name, ignored)) folder.listed_ = read_checksums(path, nullptr);
  for (const char* name : growing) folder.listed_.erase(name);
  folder.rewrite_list();
  remove_file(path / estimates_name); // of a run that ended where this one goes on
  folder.trim_rows(step, time);
  folder.trim_frames(step);
  folder.earlier_sessions_ = sessions_of(path); // what they did stays on record
  return folder;
}

void RunFolder::append(Descriptor& file, const std::string& name, std::string_view text,
                       bool to_disk) {
  // A run folder may be a stranger's: links in it could lead anywhere.
  if (!file.open())
    file = open_file(path_ / name, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, "write");
  write_all(file.get(), text.data(), text.size(), path_ / name);
  // A file that was removed while it is open takes every line, and none is ever seen again.
  struct stat status {};
  if (::fstat(file.get(), &status) == 0 && status.st_nlink == 0) {
    file.close();
    fail_with("write", path_ / name, ENOENT);
  }
  if (to_disk) sync_file(file.get(), path_ / name);
}

void RunFolder::rewrite_list() const {
  std::string text;
  for (const auto& [name, sum] : listed_) text += checksum_line(name, sum);
  write_file_atomically(path_ / list_name, text);
}

void RunFolder::list(const std::string& relative, const FileSum& sum) {
  const auto known = listed_.find(relative);
  if (known != listed_.end() && known->second == sum) return;
  const bool fresh = known == listed_.end();
  listed_[relative] = sum;
  if (fresh) {
    append(sums_, list_name, checksum_line(relative, sum), true);
  } else {
    rewrite_list();
    sums_.close(); // it belongs to the file that was replaced
  }
}

void RunFolder::write_resolved(const std::string& yaml) {
  const std::lock_guard<std::mutex> guard(*mutex_);
  write_file_atomically(path_ / "resolved.yaml", yaml);
  list("resolved.yaml", {crc32(yaml.data(), yaml.size()), yaml.size()});
}

void RunFolder::write_scene(const std::string& state, const std::string& script) {
  const std::lock_guard<std::mutex> guard(*mutex_);
  for (const auto& [name, text] : {std::pair{scene_name, state}, {scene_script_name, script}}) {
    write_file_atomically(path_ / name, text);
    list(name, {crc32(text.data(), text.size()), text.size()});
  }
}

void RunFolder::write_provenance(const Provenance& provenance) {
  const std::lock_guard<std::mutex> guard(*mutex_);
  write_file_atomically(path_ / "provenance.json", provenance_text(provenance, earlier_sessions_));
}

void RunFolder::log(std::string_view line) {
  const std::lock_guard<std::mutex> guard(*mutex_);
  append(log_, "log.txt", std::string(line) + "\n", false);
}

void RunFolder::add_metrics(std::int64_t step, double time, std::uint64_t hash,
                            const MetricRow& row) {
  const std::lock_guard<std::mutex> guard(*mutex_);
  std::string text;
  if (!metrics_.open()) {
    std::string header = "time [day],step,hash";
    for (const Metric& m : row)
      header +=
          "," + csv_cell(m.unit.empty() || m.unit == "1" ? m.name : m.name + " [" + m.unit + "]");
    const fs::path file = path_ / "metrics.csv";
    std::error_code ignored;
    if (fs::exists(file, ignored) && fs::file_size(file, ignored) > 0) {
      const std::string old = read_text(file);
      if (old.substr(0, old.find('\n')) != header)
        throw IoError(file.string() +
                      " has other columns than this program writes; continue in a new folder (-o)");
    } else {
      text = header + "\n";
    }
    columns_ = row.size();
  }
  if (row.size() != columns_)
    throw IoError("metrics.csv: a row of " + std::to_string(row.size()) + " values where " +
                  std::to_string(columns_) + " are expected");
  text += csv_number(time / minutes_per_day) + "," + std::to_string(step) + "," + hex16(hash);
  for (const Metric& m : row)
    text += "," + (!m.word.empty() ? csv_cell(m.word)
                   : m.integer && std::abs(m.value) < 9e18
                       ? std::to_string(static_cast<long long>(m.value))
                       : csv_number(m.value));
  append(metrics_, "metrics.csv", text + "\n", true);
  last_metrics_step_ = step;
}

void RunFolder::add_events(const std::vector<Event>& events) {
  const std::lock_guard<std::mutex> guard(*mutex_);
  std::string text;
  const fs::path file = path_ / "events.csv";
  std::error_code ignored;
  if (!events_.open() && (!fs::exists(file, ignored) || fs::file_size(file, ignored) == 0))
    text = "time [day],event,x [um],y [um],z [um],detail\n";
  for (const Event& e : events)
    text += csv_number(e.time / minutes_per_day) + "," + csv_cell(e.what) + "," + csv_number(e.x) +
            "," + csv_number(e.y) + "," + csv_number(e.z) + "," + csv_cell(e.detail) + "\n";
  if (!text.empty()) append(events_, "events.csv", text, true);
}

void RunFolder::add_departures(const std::vector<Departure>& departures, double step_length,
                               double begin) {
  const std::lock_guard<std::mutex> guard(*mutex_);
  std::string text;
  const fs::path file = path_ / "departures.csv";
  std::error_code ignored;
  if (!departures_.open() && (!fs::exists(file, ignored) || fs::file_size(file, ignored) == 0)) {
    text = "time [day],step,departure,route,segment,x [um],y [um],z [um],slot,kind,flags,clock,"
           "timer,capacity,clone";
    for (const TraitRow& trait : trait_rows) text += "," + std::string(trait.name);
    text += "\n";
  }
  for (const Departure& d : departures) {
    text += csv_number((begin + static_cast<double>(d.step) * step_length) / minutes_per_day);
    for (const std::int64_t n : {d.step, d.number}) text += "," + std::to_string(n);
    text += std::string(",") + name_of(d.route) + "," + std::to_string(d.segment);
    for (const double at : {d.x, d.y, d.z}) text += "," + csv_number(at);
    text += "," + std::to_string(d.slot) + "," + std::string(name_of(d.cell.kind));
    for (const int n : {int{d.cell.flags}, int{d.cell.clock}, int{d.cell.timer},
                        int{d.cell.capacity}, int{d.cell.clone}})
      text += "," + std::to_string(n);
    for (const TraitRow& trait : trait_rows)
      text += "," + std::to_string(value_of(d.cell.traits, trait.trait));
    text += "\n";
  }
  if (!text.empty()) append(departures_, "departures.csv", text, true);
}

void RunFolder::add_rows(const std::string& name, const std::string& header,
                         const std::string& rows) {
  const std::lock_guard<std::mutex> guard(*mutex_);
  const fs::path file = path_ / name;
  std::error_code ignored;
  const bool fresh =
      !tables_[name].open() && (!fs::exists(file, ignored) || fs::file_size(file, ignored) == 0);
  const std::string text = (fresh ? header : "") + rows;
  if (!text.empty()) append(tables_[name], name, text, true);
}

namespace {

fs::path index_of(const fs::path& run, FrameKind kind) {
  return run / (std::string(name_of(kind)) + ".pvd");
}

} // namespace

// With room for as many frames again: all rewriting together is a few times the last file.
void RunFolder::write_index(FrameKind kind, bool room) {
  std::vector<std::pair<double, std::string>> index;
  const auto frames = frames_.find(kind);
  if (frames != frames_.end())
    for (const Frame& f : frames->second) index.emplace_back(f.day, frame_name(kind, f.step));
  constexpr std::size_t least = 2048;
  const std::size_t blanks = room ? std::max(least, pvd_index(index).size()) : 0;
  const std::string text = pvd_index(index, blanks);
  write_file_atomically(index_of(path_, kind), text);
  const std::size_t end = text.size() - pvd_end.size();
  room_[kind].set(end - blanks, end, text.size());
}

void RunFolder::add_frame(FrameKind kind, std::int64_t step, double time,
                          std::string_view content) {
  const std::string name = frame_name(kind, step);
  write_file_atomically(path_ / name, content);
  const FileSum sum{crc32(content.data(), content.size()), content.size()};
  const std::lock_guard<std::mutex> guard(*mutex_);
  list(name, sum);
  std::vector<Frame>& frames = frames_[kind];
  const auto at = std::lower_bound(frames.begin(), frames.end(), step,
                                   [](const Frame& f, std::int64_t s) { return f.step < s; });
  const double day = time / minutes_per_day;
  if (at == frames.end()) {
    frames.push_back({step, day});
    if (room_[kind].put(index_of(path_, kind), pvd_entry(day, name))) return;
  } else if (at->step != step) {
    frames.insert(at, {step, day});
  }
  write_index(kind, true);
}

std::int64_t RunFolder::last_frame_step() const {
  const std::lock_guard<std::mutex> guard(*mutex_);
  std::int64_t step = -1;
  for (const auto& [kind, frames] : frames_)
    if (!frames.empty()) step = std::max(step, frames.back().step);
  return step;
}

std::string RunFolder::last_frame() const {
  const std::lock_guard<std::mutex> guard(*mutex_);
  std::string name;
  std::int64_t step = -1;
  for (const auto& [kind, frames] : frames_)
    if (!frames.empty() && frames.back().step > step) {
      step = frames.back().step;
      name = frame_name(kind, step);
    }
  return name;
}

void RunFolder::add_diagnostic(const std::string& name, std::string_view content) {
  const std::string relative = "frames/diagnostic_" + name;
  write_file_atomically(path_ / relative, content);
  const std::lock_guard<std::mutex> guard(*mutex_);
  list(relative, {crc32(content.data(), content.size()), content.size()});
}

fs::path RunFolder::checkpoint_path(std::int64_t step) const {
  return path_ / checkpoint_name(step);
}

bool RunFolder::has_checkpoint(std::int64_t step) const {
  const std::lock_guard<std::mutex> guard(*mutex_);
  std::error_code ignored;
  return listed_.count("checkpoints/" + checkpoint_path(step).filename().string()) > 0 &&
         fs::exists(checkpoint_path(step), ignored);
}

void RunFolder::checkpoint_written(std::int64_t step, const FileSum& sum, int keep) {
  const std::lock_guard<std::mutex> guard(*mutex_);
  list(checkpoint_name(step), sum);
  remove_old_checkpoints(step, keep);
}

void RunFolder::checkpoint_found(std::int64_t step, int keep) {
  const std::lock_guard<std::mutex> guard(*mutex_);
  remove_old_checkpoints(step, keep);
}

void RunFolder::remove_old_checkpoints(std::int64_t step, int keep) {
  std::vector<fs::path> old;
  int kept = 0;
  for (const auto& [other, file] : checkpoints_of(path_))
    if (other <= step && ++kept > keep) old.push_back(file);
  if (old.empty()) return;
  // Off the list first: a crash in between leaves a file too many, not one too few.
  for (const fs::path& file : old) listed_.erase("checkpoints/" + file.filename().string());
  rewrite_list();
  sums_.close();
  for (const fs::path& file : old) remove_file(file);
}

void RunFolder::seal() {
  const std::lock_guard<std::mutex> guard(*mutex_);
  for (Descriptor* d : {&log_, &metrics_, &events_, &departures_}) {
    if (d->open()) sync_file(d->get(), path_);
    d->close();
  }
  for (auto& [name, table] : tables_) table.close();
  for (const auto& [kind, frames] : frames_)
    if (!frames.empty()) write_index(kind, false);
  for (const char* name : growing) {
    std::error_code ignored;
    if (fs::exists(path_ / name, ignored)) listed_[name] = sum_of_file(path_ / name);
  }
  // Put in place, whole, by a session that failed before it could list them.
  const auto add = [&](const std::string& name) {
    if (listed_.count(name) == 0) listed_[name] = sum_of_file(path_ / name);
  };
  for (const fs::path& file : entries(path_ / "frames"))
    if (is_frame(file.filename().string())) add("frames/" + file.filename().string());
  for (const auto& [step, file] : checkpoints_of(path_))
    add("checkpoints/" + file.filename().string());
  rewrite_list();
  sums_.close();
}

void RunFolder::trim_rows(std::int64_t step, double time) {
  const double day = time / minutes_per_day;
  const auto trim = [&](const char* name, const auto& keep) {
    const fs::path file = path_ / name;
    std::error_code ignored;
    if (!fs::exists(file, ignored)) return;
    const std::string old = read_text(file);
    std::string kept;
    std::size_t begin = 0;
    bool header = true;
    while (begin < old.size()) {
      const std::size_t end = old.find('\n', begin);
      if (end == std::string::npos) break; // torn
      const std::string_view line(old.data() + begin, end + 1 - begin);
      if (header || keep(split_csv(line.substr(0, line.size() - 1)))) kept += line;
      header = false;
      begin = end + 1;
    }
    if (kept != old) write_file_atomically(file, kept);
  };
  std::size_t width = 0;
  trim("metrics.csv", [&](const std::vector<std::string>& row) {
    const auto at = row.size() > 2 ? as_integer(row[1]) : std::nullopt;
    if (!at || *at > step) return false;
    if (width == 0) width = row.size();
    if (row.size() != width) return false;
    last_metrics_step_ = std::max(last_metrics_step_, *at);
    return true;
  });
  const auto until = [&](const std::vector<std::string>& row) {
    const auto at = row.empty() ? std::nullopt : as_number(row[0]);
    return at && *at <= day;
  };
  trim("events.csv", until);
  for (const char* name : body_tables) trim(name, until);
  trim("departures.csv", [&](const std::vector<std::string>& row) {
    const auto at = row.size() > 1 ? as_integer(row[1]) : std::nullopt;
    return at && *at <= step;
  });
  // Text after a torn line would join it.
  const fs::path log = path_ / "log.txt";
  std::error_code ignored;
  if (fs::exists(log, ignored)) {
    const std::string text = read_text(log);
    if (!text.empty() && text.back() != '\n') append(log_, "log.txt", "\n", false);
  }
}

void RunFolder::trim_frames(std::int64_t step) {
  std::vector<fs::path> late;
  for (const FrameKind kind : frame_kinds) {
    const fs::path index = index_of(path_, kind);
    std::error_code ignored;
    std::map<std::int64_t, double> days;
    if (fs::exists(index, ignored)) {
      const std::string text = read_text(index);
      const std::string time_key = "<DataSet timestep=\"", file_key = "file=\"frames/";
      for (std::size_t at = text.find(time_key); at != std::string::npos;
           at = text.find(time_key, at + 1)) {
        const std::size_t t = at + time_key.size(), line_end = text.find('\n', at);
        const std::size_t f = text.find(file_key, at);
        if (f == std::string::npos || f > line_end) continue;
        const std::size_t name = f + file_key.size();
        const auto day = as_number(std::string_view(text).substr(t, text.find('"', t) - t));
        const auto s = step_in(std::string_view(text).substr(name, text.find('"', name) - name),
                               std::string(name_of(kind)) + "_", extension_of(kind));
        if (day && s) days[*s] = *day;
      }
    }
    std::vector<Frame>& frames = frames_[kind];
    for (const fs::path& file : entries(path_ / "frames")) {
      const auto s =
          step_in(file.filename().string(), std::string(name_of(kind)) + "_", extension_of(kind));
      if (!s) continue;
      // A frame without an entry was being added when the run died; it is made again.
      if (*s > step || days.count(*s) == 0)
        late.push_back(file);
      else
        frames.push_back({*s, days[*s]});
    }
    std::sort(frames.begin(), frames.end(),
              [](const Frame& a, const Frame& b) { return a.step < b.step; });
    if (!days.empty() || !frames.empty() || fs::exists(index, ignored)) write_index(kind, true);
  }
  for (const fs::path& file : entries(path_ / "frames"))
    if (is_frame(file.filename().string()) &&
        file.filename().string().compare(0, 11, "diagnostic_") == 0)
      late.push_back(file);
  if (late.empty()) return;
  for (const fs::path& file : late) listed_.erase("frames/" + file.filename().string());
  rewrite_list();
  for (const fs::path& file : late) remove_file(file);
}

} // namespace metavox
