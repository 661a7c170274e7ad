// What a configuration asks to stand in the tissue at the start, and what becomes of it: cells give
// way to vessels and to what comes later, and nothing may vanish unsaid.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/lattice.hpp"
#include "core/random.hpp"
#include "tissue/tissue_settings.hpp"
#include "voxel/external.hpp"
#include "voxel/region.hpp"

namespace metavox {

// Which voxels get a cell of tissue.cells[number].
struct ShapeSeeding {
  Region region;
  std::uint32_t filled; // threshold of the share of voxels
  bool full;
  std::uint64_t number, seed;

  ShapeSeeding(const SeedShape& shape, std::size_t number, std::uint64_t seed);
  bool holds(const std::array<double, 3>& centre) const { return region.holds(centre); }
  // `voxel`: its number in the whole.
  Draw drawn(std::uint64_t voxel) const { return draw(seed, Purpose::seeding, voxel, 1 + number); }
  bool takes(const Draw& d) const { return full || d.word[0] < filled; }
};

// What one entry of tissue.cells, a table or an image comes to, in voxels.
struct Seeded {
  std::string key;           // "tissue.cells[2]", "tissue.cells_csv"
  std::string kind;          // of cell; "": several
  bool cells = true;         // false: it empties voxels
  bool wanted = true;        // it asks for a cell at least
  std::int64_t covered = 0;  // voxels of the shape; those of a table or image are `asked`
  std::int64_t asked = 0;    // that were to get a cell
  std::int64_t vessels = 0;  // of those: hold a vessel, and keep it
  std::int64_t replaced = 0; // of those: taken over by a later entry
  double inside = 1;         // share of the shape's volume that lies in the box

  std::int64_t standing() const { return asked - vessels - replaced; }
};

// In the order in which they are laid: shapes, image, table. `vessels`: voxels that they take, as
// build_tissue() has them; `seed`: that of the site. Takes 4 bytes a voxel for a while.
std::vector<Seeded> count_seeds(const TissueParameters& settings, const Lattice& lattice,
                                const ExternalArrays& external,
                                const std::vector<std::int64_t>& vessels, std::uint64_t seed);

} // namespace metavox
