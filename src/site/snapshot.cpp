#include "site/snapshot.hpp"

#include <algorithm>
#include <stdexcept>

#include "site/site.hpp"
#include "voxel/kind.hpp"

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

void write_snapshot(Site& simulation, const Snapshot& snapshot) {
  const auto refuse = [](const std::string& why) { throw std::invalid_argument(why); };
  const std::vector<ArrayInfo> wanted = simulation.state_arrays();
  for (const ArrayInfo& info : wanted) {
    const Snapshot::Array* a = snapshot.find(info.name);
    if (a == nullptr) refuse("it lacks the array '" + info.name + "' of this program's state");
    const bool fits = info.grows ? a->info.extents[1] == 1 && a->info.extents[2] == 1
                                 : a->info.extents == info.extents;
    if (a->info.type != info.type || !fits || a->data.size() != a->info.bytes())
      refuse("its array '" + info.name + "' has another type or size than this run's");
  }
  if (snapshot.arrays.size() != wanted.size()) refuse("it holds arrays this program does not know");
  for (const std::byte code : snapshot.find("kind")->data)
    if (static_cast<int>(code) >= kind_count) refuse("it holds a kind of cell that does not exist");
  for (const ArrayInfo& info : wanted) {
    const Snapshot::Array* a = snapshot.find(info.name);
    simulation.write(info.name, a->data.data(), a->info.extents[0]);
  }
  simulation.set_clock(snapshot.step);
}

} // namespace metavox
