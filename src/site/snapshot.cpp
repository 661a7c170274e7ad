#include "site/snapshot.hpp"

#include <algorithm>

#include "site/site.hpp"

namespace metavox {

Snapshot take_snapshot(const Site& simulation, const std::vector<std::string>& names) {
  Snapshot shot;
  shot.time = simulation.time();
  shot.step = simulation.steps();
  shot.hash = simulation.hash();
  shot.voxels = simulation.parameters().domain.voxels;
  shot.spacing = simulation.parameters().domain.spacing;
  shot.vessels = simulation.vessels();
  std::vector<ArrayInfo> infos = simulation.state_arrays();
  for (const ArrayInfo& derived : simulation.derived_arrays()) infos.push_back(derived);
  for (const ArrayInfo& info : infos) {
    if (!names.empty() && std::find(names.begin(), names.end(), info.name) == names.end()) continue;
    Snapshot::Array array;
    array.info = info;
    array.data.resize(info.bytes());
    simulation.read(info.name, array.data.data());
    shot.arrays.push_back(std::move(array));
  }
  return shot;
}

} // namespace metavox
