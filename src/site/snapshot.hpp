// A host copy of everything that output and checkpoints need, detached from the running simulation,
// so that a background thread can write it while the next step runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "voxel/array_info.hpp"
#include "voxel/vessel_network.hpp"

namespace metavox {

struct Snapshot {
  struct Array {
    ArrayInfo info;
    std::vector<std::byte> data;
    template <class T>
    const T* as() const {
      return reinterpret_cast<const T*>(data.data());
    }
  };

  double time = 0; // min
  std::int64_t step = 0;
  std::uint64_t hash = 0; // of the whole state
  std::array<int, 3> voxels{};
  double spacing = 0; // um, of the tissue lattice
  std::vector<Array> arrays;
  std::shared_ptr<const VesselNetwork> vessels;

  const Array* find(const std::string& name) const {
    for (const Array& a : arrays)
      if (a.info.name == name) return &a;
    return nullptr;
  }
};

} // namespace metavox
