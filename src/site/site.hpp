// A site of tissue and its time loop.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/executor.hpp"
#include "site/parameters.hpp"
#include "site/snapshot.hpp"
#include "solver/diffusion.hpp"
#include "voxel/arrival.hpp"
#include "voxel/departure.hpp"
#include "voxel/external.hpp"
#include "voxel/report.hpp"
#include "voxel/vessel_network.hpp"

namespace metavox {

// What a run does not set and its result does not depend on, the number apart.
struct SiteLayout {
  std::uint64_t number =
      0;          // of the site among those ever opened; sites draw from seeds of their own
  int ghosts = 1; // layers of ghost voxels
};

// The living tumour cells of a site, and what became of all there ever were. Its identity:
// cells + waiting = at the start + came + births - deaths - departed.
struct TumourBalance {
  std::int64_t cells = 0;   // in the tissue, second cells too
  std::int64_t waiting = 0; // came with the blood and have not landed
  // So far:
  // came: with the blood or handed over; deaths: whatever ends them here but leaving.
  std::int64_t came = 0, births = 0, deaths = 0;
  std::int64_t departed = 0; // by blood, lymph or a cavity
  // By each Route: singles and clusters, the sum of their chances; cells in one of them, mean so
  // far, 1 before the first.
  std::array<double, route_count> expected_departures{}, cells_per_departure{1, 1, 1};
};

class Site {
public:
  // Throws std::invalid_argument where parameters were not read from a configuration or vessels
  // lack an inlet or outlet, ResourceError where memory is missing.
  Site(const Parameters& parameters, Executor executor, const ExternalArrays& external = {},
       const SiteLayout& layout = {});
  ~Site();
  Site(Site&&) noexcept;

  void step();

  double time() const; // min
  std::int64_t steps() const;
  std::uint64_t hash() const; // of the whole state; equal on every back end

  // The state, array by array. read() copies to the host without ghosts, write() is its inverse.
  std::vector<ArrayInfo> state_arrays() const;   // everything a restart needs
  std::vector<ArrayInfo> derived_arrays() const; // for pictures only: cell_state ...
  void read(const std::string& name, void* host) const;
  // `count`: entries of an array that grows, which takes that length.
  void write(const std::string& name, const void* host, std::int64_t count = -1);
  void set_clock(std::int64_t step); // after all arrays were written

  std::shared_ptr<const VesselNetwork> vessels() const;
  MetricRow measure(); // reads only
  TumourBalance tumour() const;
  // Whether a living tumour cell stands within so many um of a face that cells may leave by.
  bool tumour_near_open_face(double margin) const;
  // Throws NumericalError, naming array and place, where a value is no number, negative or out of
  // all bounds, or where vessels and lattice disagree. A pass over each field; runs call it before
  // they write anything down.
  void check() const;
  std::vector<Event> take_events(); // since the last call
  // Who left since the last call, where `intravasation` is on; and who had come and flowed on,
  // where `arrivals` is. They are no part of the state: take them after every step before it is
  // saved.
  std::vector<Departure> take_departures();

  // Cells that come from elsewhere, between steps, where `arrivals` is on; what happens to them
  // begins with the next vessel step. Those that come in the same order meet the same fate. Throws
  // std::invalid_argument where an arrival contradicts itself or the vessels.
  void arrive(const std::vector<Arrival>& arrivals);
  // Exactly so many cells more, between steps: in the voxels nearest to its middle, those as far
  // away in the order of a drawn rank, but for voxels that hold a vessel or a tumour cell. What
  // stood there is handed over in return. Their clocks are those of a population that grows
  // exponentially, their stem cells those of a start. Throws std::invalid_argument where the box
  // lacks so many places, and changes nothing then.
  void hand_over(const CountedLesion& lesion);

  // From the next step on sleepers wake so many times faster than `landing` says. No part of the
  // state: who sets it does so again after a restart.
  void set_waking_pace(double times);

  // Founders that share a clone number, 1 where there are numbers enough; see InitialTissue.
  std::int64_t founders_per_clone() const;
  const Parameters& parameters() const;
  const Executor& executor() const;
  Executor& executor();

private:
  struct State;
  std::unique_ptr<State> s_;
};

// What follows is counted before anything is allocated, from the lists that sites are made of.

// Bytes of every buffer on the device whose size the box alone decides, one by one.
std::vector<std::size_t> device_buffers(const Parameters& parameters);
// All that the state and scratch memory of a run will need there, lists of vessels included.
std::size_t estimate_device_bytes(const Parameters& parameters);
// The state's arrays but those of the vessel graph, which grow; and what pictures are made of.
std::vector<ArrayInfo> state_arrays_of(const Parameters& parameters);
std::vector<ArrayInfo> derived_arrays_of(const Parameters& parameters);
// Nodes the vessel graph will have at most; those of a file apart.
double estimate_vessel_nodes(const Parameters& parameters);
// What vessels of a file take besides: bytes on the device, and nodes. `state`: a run's, in which
// they are laid already; nothing where the vessels are no file's.
std::pair<double, double> estimate_network(const Parameters& parameters,
                                           const VesselNetwork& network);
std::pair<double, double> estimate_network(const Parameters& parameters, const Snapshot& state);

// A copy of the named arrays (all state and derived arrays when `names` is empty).
Snapshot take_snapshot(const Site& simulation, const std::vector<std::string>& names = {});
// The state of a snapshot with all state arrays and no others, at its step. Throws
// std::invalid_argument or NumericalError, saying what is wrong with it, where it is none of this
// site's; its hash is not looked at.
void write_snapshot(Site& simulation, const Snapshot& snapshot);

} // namespace metavox
