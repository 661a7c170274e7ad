#include "program/body_sites.hpp"

#include <string>
#include <utility>
#include <vector>

#include "record/run_layout.hpp"
#include "record/writer.hpp"
#include "settings/days.hpp"
#include "settings/resolve.hpp"
#include "site/settings_table.hpp"
#include "site/snapshot.hpp"
#include "viz/body_frame.hpp"
#include "viz/vtk_available.hpp"

namespace metavox {

namespace fs = std::filesystem;

struct SiteFolders::Folder {
  RunFolder folder;
  Parameters parameters;
  std::string resolved;
  double begin; // min, of the body when the window opened
  std::unique_ptr<Writer> writer;
  Provenance provenance;
};

SiteFolders::SiteFolders(RunFolder& run, const OutputParameters& output, std::int64_t report,
                         std::int64_t frames)
    : run_(run), output_(output), report_(report), frames_(vtk_available() ? frames : 0) {}
SiteFolders::~SiteFolders() = default;

SiteFolders::Folder& SiteFolders::folder_of(const OpenWindow& w, const Replicates& bodies,
                                            bool resumes) {
  const auto known = folders_.find(w.number);
  if (known != folders_.end()) return *known->second;
  const WindowRecord& r = bodies.windows()->record(w.number);
  const fs::path path = run_.path() / sites_name / window_name(r, bodies.plan().body);
  const double begin = static_cast<double>(r.opened) * bodies.plan().body.step;
  std::error_code ignored;
  const bool goes_on = resumes && fs::exists(path / "provenance.json", ignored);
  auto folder = std::make_unique<Folder>(
      Folder{goes_on ? RunFolder::resume(path, w.site.steps(), begin + w.site.time())
                     : RunFolder::create(path, true),
             w.site.parameters(),
             "",
             begin,
             nullptr,
             {}});
  Parameters p = folder->parameters;
  folder->resolved = resolve(settings_table(), Object::of(p));
  folder->folder.write_resolved(folder->resolved);
  folder->provenance.config = "window " + std::to_string(w.number) + " of " + run_.path().string();
  folder->provenance.seed = p.simulation.seed;
  folder->provenance.preset = name_of(p.simulation.preset);
  folder->provenance.exit_reason = "running";
  folder->folder.write_provenance(folder->provenance);
  if (frames_ > 0)
    folder->writer =
        std::make_unique<Writer>(folder->folder, folder->parameters, folder->resolved,
                                 frame_arrays(w.site), std::vector<std::string>{}, begin);
  return *(folders_[w.number] = std::move(folder));
}

void SiteFolders::write(Folder& f, OpenWindow& w, bool row, bool frame) {
  if (row && f.folder.last_metrics_step() < w.site.steps()) {
    f.folder.add_metrics(w.site.steps(), f.begin + w.site.time(), w.site.hash(), w.site.measure());
  }
  if (frame && f.writer && f.folder.last_frame_step() < w.site.steps())
    f.writer->save(w.site, true, false);
}

void SiteFolders::add_body_frame(const Replicates& bodies) {
  if (!output_.cells && !output_.vessels) return;
  BodyPicture body{bodies.time(), bodies.steps(), bodies.hash(), {}, {}};
  for (const OrganParameters& o : bodies.plan().body.organs) body.organs.push_back(o.name);
  const BodyParameters& p = bodies.plan().body;
  for (const auto& w : bodies.windows()->open()) {
    const WindowRecord& r = bodies.windows()->record(w->number);
    body.windows.push_back(
        {r, window_name(r, p), window_corner(r.number, bodies.windows()->width(), p.windows.size),
         take_snapshot(w->site, {"cell_state", "oxygen", "clone", "excess_voxel", "excess_kind",
                                 "excess_flags", "excess_clone"})});
  }
  run_.add_frame(FrameKind::body, body.step, body.time, body_frame(body, output_));
}

void SiteFolders::begin(const Replicates& bodies, bool resumes) {
  for (const auto& w : bodies.windows()->open())
    write(folder_of(*w, bodies, resumes), *w, !resumes, !resumes);
  if (!resumes && frames_ > 0) add_body_frame(bodies);
}

void SiteFolders::follow(const Replicates& bodies, bool last) {
  const std::int64_t step = bodies.steps();
  const auto due = [&](std::int64_t every) { return last || (every > 0 && step % every == 0); };
  std::map<std::int64_t, std::unique_ptr<Folder>> closed;
  closed.swap(folders_);
  for (const auto& w : bodies.windows()->open()) {
    const auto known = closed.find(w->number);
    const bool fresh = known == closed.end();
    if (!fresh) folders_.insert(closed.extract(known));
    Folder& f = folder_of(*w, bodies, false);
    std::vector<Event> events = w->events;
    for (Event& e : events) e.time += f.begin;
    if (!events.empty() || fresh) f.folder.add_events(events);
    if (!w->departures.empty())
      f.folder.add_departures(w->departures, f.parameters.time.step, f.begin);
    write(f, *w, fresh || due(report_), fresh || (frames_ > 0 && due(frames_)));
  }
  if (frames_ > 0 && due(frames_)) add_body_frame(bodies);
  for (auto& [number, f] : closed) {
    f->writer.reset();
    f->provenance.exit_reason = "closed";
    f->folder.write_provenance(f->provenance);
    f->folder.seal();
  }
}

void SiteFolders::drain() {
  for (auto& [number, f] : folders_)
    if (f->writer) f->writer->drain();
}

void SiteFolders::seal(const Replicates& bodies) {
  for (auto& [number, f] : folders_) {
    if (f->writer) f->writer->drain();
    f->writer.reset();
    f->provenance.exit_reason = "open at the end";
    for (const auto& w : bodies.windows()->open())
      if (w->number == number) {
        f->provenance.steps = w->site.steps();
        f->provenance.days = (f->begin + w->site.time()) / minutes_per_day;
      }
    f->folder.write_provenance(f->provenance);
    f->folder.seal();
  }
  folders_.clear();
}

} // namespace metavox
