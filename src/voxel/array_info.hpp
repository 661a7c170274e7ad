// What an array of a site's state is: name, unit, type, extents.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

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
  bool hashed = true; // false: it only tells of the past; in checkpoints but not in the hash
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

// Arrays of the list of second cells: a value for each of them, on no lattice.
inline bool is_of_second_cells(const std::string& name) {
  return name.rfind("excess_", 0) == 0 && name != "excess_cell";
}

} // namespace metavox
