// What tests of windows share: a body that begins on a lattice, followed by the hour, and its state
// moved into another.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "body/body_config.hpp"
#include "body/replicates.hpp"

namespace metavox::support {

struct FollowedWindows {
  BodyConfig config;
  Replicates bodies;
  std::vector<ReplicateEvent> events;

  // `fresh`: it begins; else its state is to be loaded.
  explicit FollowedWindows(BodyConfig c, int threads = 1, bool fresh = true)
      : config(std::move(c)),
        bodies(config.settings, static_cast<std::int64_t>(config.settings.simulation.duration /
                                                          config.settings.body.step)) {
    const ExternalArrays none;
    bodies.open_windows(*config.lattice, Executor::on_cpu(threads), fresh ? &none : nullptr);
  }
  const Body& body() const { return bodies.natural(0); }
  const Windows& windows() const { return *bodies.windows(); }
  void advance(std::int64_t to) {
    for (const ReplicateEvent& e : bodies.advance(to, 1)) events.push_back(e);
  }
  std::int64_t count(BodyEvent::What what) const {
    return std::count_if(events.begin(), events.end(),
                         [&](const ReplicateEvent& e) { return e.event.what == what; });
  }
};

inline std::int64_t cells_of(const OpenWindow& w) {
  const TumourBalance b = w.site.tumour();
  return b.cells + b.waiting;
}

// The state as a checkpoint holds it, in a run that was never begun.
inline void move_state(const FollowedWindows& from, FollowedWindows& to) {
  std::vector<std::int64_t> whole;
  std::vector<double> real;
  from.bodies.save(whole, real);
  Snapshot arrays;
  from.windows().add_arrays(arrays);
  to.bodies.load(whole, real);
  to.bodies.windows()->write_arrays(arrays, to.bodies.steps());
}

} // namespace metavox::support
