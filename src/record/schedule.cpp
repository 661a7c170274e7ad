#include "record/schedule.hpp"

#include <algorithm>
#include <cmath>

#include "settings/config.hpp"
#include "viz/vtk_available.hpp"

namespace metavox {

namespace {

std::int64_t due(std::int64_t from, std::int64_t last, std::int64_t every) {
  // Multiples of `every` in (from, last), and the last step itself.
  const std::int64_t inside = every > 0 && last > 0 ? (last - 1) / every - from / every : 0;
  return std::max<std::int64_t>(0, inside) + (from == 0 ? 1 : 0) + (last > from ? 1 : 0);
}

} // namespace

std::int64_t Schedule::rows(std::int64_t from) const { return due(from, last, report); }
std::int64_t Schedule::frame_count(std::int64_t from) const {
  return frames > 0 ? due(from, last, frames) : 0;
}
std::int64_t Schedule::checkpoint_count(std::int64_t from) const {
  const std::int64_t n = due(from, last, checkpoints);
  return from == 0 && last > 0 ? n - 1 : n; // the start is not worth one
}

Schedule schedule_of(const Parameters& p) {
  Schedule s;
  s.step = p.time.step;
  const auto whole = [&](double minutes) {
    return static_cast<std::int64_t>(std::llround(minutes / p.time.step));
  };
  const auto cadence = [&](double minutes) {
    return minutes > 0 ? std::max<std::int64_t>(1, whole(minutes)) : 0;
  };
  if (!(p.time.step > 0) || p.simulation.duration / p.time.step > 1e15)
    throw ConfigError("simulation.duration: more steps than can be counted");
  s.last = std::max<std::int64_t>(0, whole(p.simulation.duration));
  s.report = cadence(p.output.report);
  s.frames = p.output.fields || p.output.cells || p.output.vessels ? cadence(p.output.frames) : 0;
  if (!vtk_available()) s.frames = 0;
  s.checkpoints = cadence(p.output.checkpoints);
  return s;
}

} // namespace metavox
