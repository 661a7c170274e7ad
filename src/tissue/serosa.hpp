// Serosal faces: where the box ends at a body cavity. A basement membrane lies one voxel inside,
// the matrix's own, which proteinase on M-like cells wears through; tumour cells at what is broken
// of it are shed into the cavity.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/executor.hpp"
#include "voxel/views.hpp"

namespace metavox {

// Which voxels belong to membranes of serosal faces.
struct SerosalFaces {
  Lattice lattice;
  bool face[6]; // -x +x -y +y -z +z

  SerosalFaces(const Lattice& l, const std::array<bool, 6>& serosal) : lattice(l), face{} {
    for (std::size_t a = 0; a < 6; ++a) face[a] = serosal[a];
  }
  MV_HD bool any() const { return face[0] || face[1] || face[2] || face[3] || face[4] || face[5]; }
  MV_HD bool has_membrane(int x, int y, int z) const {
    if (!lattice.holds(x, y, z)) return false;
    return (face[0] && x == 1) || (face[1] && x == lattice.nx - 2) || (face[2] && y == 1) ||
           (face[3] && y == lattice.ny - 2) || (face[4] && z == 1) ||
           (face[5] && z == lattice.nz - 2);
  }
  MV_HD bool broken(int x, int y, int z, const std::uint16_t* membrane) const {
    return has_membrane(x, y, z) && membrane[lattice.index(x, y, z)] == 0;
  }
};

// Marks voxels that hold a tumour cell and are, or have at a face, a broken voxel of the membrane.
struct ReadSerosa {
  static constexpr const char* name = "serosa.read";
  static constexpr double bytes = 11;
  const std::int64_t* voxel; // x fastest, no ghosts
  std::uint8_t* mark;        // by entry
  const std::uint8_t* kind;
  const std::uint8_t* held; // 1 where a voxel has a second cell
  const std::uint16_t* membrane;
  SerosalFaces faces;
  MV_HD void operator()(std::int64_t n) const {
    const Voxel s = faces.lattice.voxel_at(voxel[n]);
    const bool cell = is_tumour(static_cast<Kind>(kind[s.i])) || held[s.i] != 0;
    mark[n] = cell && touches_broken(s) ? 1 : 0;
  }
  MV_HD bool touches_broken(const Voxel& s) const {
    return faces.broken(s.x, s.y, s.z, membrane) || faces.broken(s.x - 1, s.y, s.z, membrane) ||
           faces.broken(s.x + 1, s.y, s.z, membrane) || faces.broken(s.x, s.y - 1, s.z, membrane) ||
           faces.broken(s.x, s.y + 1, s.z, membrane) || faces.broken(s.x, s.y, s.z - 1, membrane) ||
           faces.broken(s.x, s.y, s.z + 1, membrane);
  }
};

class Serosa {
public:
  Serosa(const Executor& executor, const Lattice& lattice, const std::array<bool, 6>& serosal);

  // The voxels, ascending, from which cells may be shed now. `held`: see ExcessView; `membrane`:
  // what is left of basement membranes.
  const std::vector<std::int64_t>& advance(const CellView& cells, const std::uint8_t* held,
                                           const std::uint16_t* membrane);
  const SerosalFaces& faces() const { return faces_; }

  // Voxels at membranes: three layers of each face.
  static std::int64_t most_voxels(const Lattice& lattice, const std::array<bool, 6>& serosal);
  static constexpr std::size_t bytes_of_voxel = 13; // in its lists

private:
  Executor executor_;
  SerosalFaces faces_;
  std::vector<std::int64_t> voxels_; // that are at a membrane
  Buffer<std::int64_t> voxels_here_;
  Buffer<std::uint8_t> marks_here_;
  Buffer<std::uint32_t> found_here_;
  std::vector<std::int64_t> shedding_;
};

} // namespace metavox
