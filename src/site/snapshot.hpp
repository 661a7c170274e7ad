// A host copy of everything that output and checkpoints need, detached from the running simulation,
// so that a background thread can write it while the next step runs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "voxel/vessel_network.hpp"

namespace metavox {

enum class ElementType : std::uint8_t { u8, u16, u32, u64, i64, f32, f64 };

constexpr std::size_t size_of(ElementType type) {
  switch (type) {
  case ElementType::u8: return 1;
  case ElementType::u16: return 2;
  case ElementType::u32:
  case ElementType::f32: return 4;
  default: return 8;
  }
}

// One named array of the state. Extents are without ghost voxels; x runs fastest.
struct ArrayInfo {
  std::string name;    // "oxygen"
  std::string unit;    // "mmHg"; "1" for pure numbers
  std::string meaning; // one line
  ElementType type = ElementType::f32;
  std::array<std::int64_t, 3> extents{};
  double spacing =
      0; // um, edge of its voxels (a coarsened field has larger ones); 0: not on a lattice
  bool grows = false; // its length is part of the state
  std::size_t count() const {
    return static_cast<std::size_t>(extents[0] * extents[1] * extents[2]);
  }
  std::size_t bytes() const { return count() * size_of(type); }
};

// Bookkeeping of single cells: meaningless as a field and not small, so frames show it in the cells
// file alone unless asked for.
inline bool is_bookkeeping(const std::string& name) {
  return name == "clock" || name == "timer" || name == "capacity" || name == "clone" ||
         name == "traits";
}

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
