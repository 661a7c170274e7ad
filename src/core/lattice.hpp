// The box of voxels and how to walk it. Every lattice array has one layer of ghost voxels on all
// six sides, so that rules read their neighbours without asking where the box ends.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/host_device.hpp"

namespace metavox {

struct Site {
  int x, y, z;
  std::int64_t i; // index into a padded array
};

// A run of voxels along x inside one (y, z) line.
struct Row {
  int x, y, z, n;
  std::int64_t i; // padded index of the first
};

// Where marks (0 or 1) are set, in ascending order; marks beyond n up to the next multiple of 64
// must be 0. CPU only: it parts the few voxels with work from the many without, free of branches
// that nobody can predict.
inline constexpr int marked_piece = 512;
inline int list_marked(const std::uint8_t* mark, int n, std::uint16_t* list) {
  int count = 0;
  for (int begin = 0; begin < n; begin += 64) {
    std::uint64_t bits = 0;
    for (int byte = 0; byte < 8; ++byte) {
      std::uint64_t eight;
      std::memcpy(&eight, mark + begin + 8 * byte, 8);
      bits |= ((eight * 0x0102040810204080u) >> 56) << (8 * byte);
    }
    for (; bits != 0; bits &= bits - 1)
      list[count++] = static_cast<std::uint16_t>(begin + __builtin_ctzll(bits));
  }
  return count;
}

struct Lattice {
  int nx = 1, ny = 1, nz = 1;
  double spacing = 1; // um

  MV_HD std::int64_t pitch() const { return nx + 2; }
  MV_HD std::int64_t plane() const { return pitch() * (ny + 2); }
  MV_HD std::int64_t padded() const { return plane() * (nz + 2); }
  MV_HD std::int64_t voxels() const { return static_cast<std::int64_t>(nx) * ny * nz; }
  MV_HD std::int64_t index(int x, int y, int z) const {
    return (x + 1) + pitch() * (y + 1) + plane() * (z + 1);
  }
  MV_HD Site site(int x, int y, int z) const { return {x, y, z, index(x, y, z)}; }
  MV_HD bool holds(int x, int y, int z) const {
    return x >= 0 && x < nx && y >= 0 && y < ny && z >= 0 && z < nz;
  }
  // The voxel's name for random draws and contests: without ghosts, so padding is not part of the
  // result.
  MV_HD std::uint64_t global(int x, int y, int z) const {
    return static_cast<std::uint64_t>(x) +
           static_cast<std::uint64_t>(nx) *
               (static_cast<std::uint64_t>(y) +
                static_cast<std::uint64_t>(ny) * static_cast<std::uint64_t>(z));
  }
  MV_HD std::uint64_t global(const Site& s) const { return global(s.x, s.y, s.z); }
  // The inverse of global().
  MV_HD Site site_of(std::int64_t number) const {
    return site(static_cast<int>(number % nx), static_cast<int>(number / nx % ny),
                static_cast<int>(number / nx / ny));
  }
};

// Bricks of 8 x 8 x 8 voxels: the unit in which idle tissue is skipped.
inline constexpr int brick_edge = 8;

struct Bricks {
  int nx = 1, ny = 1, nz = 1;
  Bricks() = default;
  MV_HD explicit Bricks(const Lattice& l)
      : nx((l.nx + brick_edge - 1) / brick_edge), ny((l.ny + brick_edge - 1) / brick_edge),
        nz((l.nz + brick_edge - 1) / brick_edge) {}
  MV_HD std::int64_t count() const { return static_cast<std::int64_t>(nx) * ny * nz; }
  MV_HD std::int64_t of(int x, int y, int z) const {
    return x / brick_edge + static_cast<std::int64_t>(nx) *
                                (y / brick_edge + static_cast<std::int64_t>(ny) * (z / brick_edge));
  }
};

} // namespace metavox
