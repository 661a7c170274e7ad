// What sciences see of one another: the cells of a lattice, and a field. Vessels: blood.hpp.
//
// There is no cell table. A cell lives in the arrays at the voxel it stands in, and every rule
// reads a neighbourhood and then changes voxels that nobody else can change, so the order of
// traversal cannot matter.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/exact.hpp"
#include "core/lattice.hpp"
#include "voxel/kind.hpp"

namespace metavox {

// Heritable traits, one signed byte each: factor = exp(trait_step * value).
enum class Trait : int {
  cycle_time = 0,
  oxygen_use = 1,
  proteinase = 2, // MT1-MMP and MMP-2
  adhesion = 3,
  hypoxia_tolerance = 4, // divides the pressures at which it rests and dies
  drug_resistance = 5,
  immunogenicity = 6,
  vegf = 7
};
inline constexpr int trait_count = 8;
inline constexpr double trait_step = 0.02;
MV_HD constexpr int value_of(std::uint64_t traits, Trait t) {
  return static_cast<std::int8_t>(static_cast<std::uint8_t>(traits >> (8 * static_cast<int>(t))));
}

// Their names in tables, in the order of their bytes.
struct TraitRow {
  Trait trait;
  std::string_view name;
};
inline constexpr TraitRow trait_rows[] = {
    {Trait::cycle_time, "cycle_time"},
    {Trait::oxygen_use, "oxygen_use"},
    {Trait::proteinase, "proteinase"},
    {Trait::adhesion, "adhesion"},
    {Trait::hypoxia_tolerance, "hypoxia_tolerance"},
    {Trait::drug_resistance, "drug_resistance"},
    {Trait::immunogenicity, "immunogenicity"},
    {Trait::vegf, "vegf"},
};

// The cycle clock runs from clock_zero at birth to clock_divide; the room below lets a newborn
// start late, which is how cycle times vary from cell to cell.
inline constexpr int clock_unit = 32768;
inline constexpr int clock_zero = 16384;
inline constexpr int clock_divide = clock_zero + clock_unit;

struct Cell {
  Kind kind = Kind::none;
  std::uint16_t flags = 0;
  std::uint16_t clock = 0;
  std::uint16_t timer = 0;
  std::uint8_t capacity = 0;
  std::uint16_t clone = 0;
  std::uint64_t traits = 0;
};

// The arrays of all cells of a lattice; padded indices.
struct CellView {
  std::uint8_t* kind_code;
  std::uint16_t* flags;
  std::uint16_t* clock;
  std::uint16_t* timer;   // steps of hypoxic rest, or steps since death
  std::uint8_t* capacity; // divisions left to a progenitor
  std::uint16_t* clone;   // label of the founder
  std::uint64_t* traits;

  MV_HD Kind kind(std::int64_t i) const { return static_cast<Kind>(kind_code[i]); }
  MV_HD Cell load(std::int64_t i) const {
    return {kind(i), flags[i], clock[i], timer[i], capacity[i], clone[i], traits[i]};
  }
  MV_HD void store(std::int64_t i, const Cell& c) const {
    kind_code[i] = static_cast<std::uint8_t>(c.kind);
    flags[i] = c.flags;
    clock[i] = c.clock;
    timer[i] = c.timer;
    capacity[i] = c.capacity;
    clone[i] = c.clone;
    traits[i] = c.traits;
  }
  MV_HD void erase(std::int64_t i) const { store(i, Cell{}); }
};

// exp(trait_step * v) for v in [-128, 127], at index v + 128.
struct TraitFactors {
  const float* table;
  MV_HD float of(std::uint64_t traits, Trait t) const {
    const auto byte = static_cast<std::uint8_t>(traits >> (8 * static_cast<int>(t)));
    return table[static_cast<std::uint8_t>(byte + 128)];
  }
};

// A field as cells see it: on the tissue lattice itself, or by linear interpolation from a coarser
// one.
struct FieldView {
  const float* c;
  Lattice lattice; // of the field
  int coarsen;
  MV_HD float at(const Voxel& s) const {
    if (coarsen == 1) return c[s.i];
    return interpolated(s.x, s.y, s.z);
  }
  MV_HD float interpolated(int x, int y, int z) const {
    const auto part = [this](int v, int n, int& low, int& high) {
      // Centre of the tissue voxel in units of field voxels, relative to the centre of field voxel
      // 0.
      const float u = (static_cast<float>(2 * v + 1) / static_cast<float>(coarsen) - 1.0f) * 0.5f;
      const float floor_u = u < 0.0f ? -1.0f : static_cast<float>(static_cast<int>(u));
      low = static_cast<int>(floor_u);
      high = exact::min_of(low + 1, n - 1);
      const float t = u - floor_u;
      low = exact::max_of(low, 0);
      return t;
    };
    int x0, x1, y0, y1, z0, z1;
    const float tx = part(x, lattice.nx, x0, x1), ty = part(y, lattice.ny, y0, y1),
                tz = part(z, lattice.nz, z0, z1);
    const auto line = [&](int yy, int zz) {
      return c[lattice.index(x0, yy, zz)] * (1.0f - tx) + c[lattice.index(x1, yy, zz)] * tx;
    };
    return (line(y0, z0) * (1.0f - ty) + line(y1, z0) * ty) * (1.0f - tz) +
           (line(y0, z1) * (1.0f - ty) + line(y1, z1) * ty) * tz;
  }
};

// Blurred shares of free voxels and of excess cells, 2^15 = 1; padded as the tissue lattice is.
struct RoomView {
  const std::uint16_t* free;
  const std::uint16_t* excess;
};

// A vessel has an endothelial cell for each such length: rates per cell are meant so. Assumed: a
// round figure.
inline constexpr double endothelial_cell_length = 20; // um

// How much vessel there is in a field voxel, whatever flows in it; one entry per voxel with any.
struct VesselLength {
  std::int64_t voxel; // of the field, x fastest, no ghosts
  float length;       // um
  float spare;
};
struct VesselLengths {
  const VesselLength* entry = nullptr;
  std::int64_t count = 0;
};

} // namespace metavox
