// The box of voxels and how to walk it. Every lattice array has ghost voxels on all six sides, so
// that rules read their neighbours without asking where the box ends.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/host_device.hpp"

namespace metavox {

struct Voxel {
  int x, y, z;
  std::int64_t i; // index into a padded array
};

// A voxel by its coordinates in one word: lists of voxels are read without the divisions that a
// number takes. Ascending as numbers are. Coordinates from 0 to 2^21 - 1.
struct PackedVoxel {
  std::int64_t word = 0;
  static constexpr int bits = 21;
  MV_HD static PackedVoxel at(std::int64_t x, std::int64_t y, std::int64_t z) {
    return {x | y << bits | z << 2 * bits};
  }
  MV_HD int x() const { return static_cast<int>(word & mask); }
  MV_HD int y() const { return static_cast<int>(word >> bits & mask); }
  MV_HD int z() const { return static_cast<int>(word >> 2 * bits & mask); }
  // The voxel that covers it in a grid twice as coarse.
  MV_HD PackedVoxel parent() const { return at(x() / 2, y() / 2, z() / 2); }
  MV_HD bool operator==(const PackedVoxel& other) const { return word == other.word; }
  MV_HD bool operator<(const PackedVoxel& other) const { return word < other.word; }

private:
  static constexpr std::int64_t mask = (std::int64_t{1} << bits) - 1;
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

// A box of voxels: all of a site's, or the piece of it that one rank owns. Coordinates and padded
// indices are the piece's own. What decides results (draws, contests, colours, hashes) goes by the
// voxel's number and colour in the whole, so that cutting a box into pieces changes no bit.
struct Lattice {
  int nx = 1, ny = 1, nz = 1; // of this piece
  double spacing = 1;         // um
  int ghosts = 1;             // layers of voxels around the piece
  int x0 = 0, y0 = 0, z0 = 0; // where in the whole its first voxel lies
  std::int64_t whole_nx = 1, whole_ny = 1, whole_nz = 1;

  Lattice() = default;
  MV_HD Lattice(int x, int y, int z, double h, int ghost_layers = 1)
      : nx(x), ny(y), nz(z), spacing(h), ghosts(ghost_layers), whole_nx(x), whole_ny(y),
        whole_nz(z) {}
  // The voxels from `origin` on, `extent` along each axis; both in voxels of this lattice.
  Lattice piece(const std::array<int, 3>& origin, const std::array<int, 3>& extent) const {
    Lattice part = *this;
    part.nx = extent[0];
    part.ny = extent[1];
    part.nz = extent[2];
    part.x0 += origin[0];
    part.y0 += origin[1];
    part.z0 += origin[2];
    return part;
  }

  MV_HD std::int64_t pitch() const { return std::int64_t{nx} + 2 * ghosts; }
  MV_HD std::int64_t plane() const { return pitch() * (std::int64_t{ny} + 2 * ghosts); }
  MV_HD std::int64_t padded() const { return plane() * (std::int64_t{nz} + 2 * ghosts); }
  MV_HD std::int64_t voxels() const { return std::int64_t{nx} * ny * nz; }
  MV_HD std::int64_t index(int x, int y, int z) const {
    return (x + ghosts) + pitch() * (y + ghosts) + plane() * (z + ghosts);
  }
  MV_HD std::int64_t index(PackedVoxel v) const { return index(v.x(), v.y(), v.z()); }
  MV_HD Voxel voxel(int x, int y, int z) const { return {x, y, z, index(x, y, z)}; }
  MV_HD bool holds(int x, int y, int z) const {
    return x >= 0 && x < nx && y >= 0 && y < ny && z >= 0 && z < nz;
  }
  // The number of a voxel in the piece, x fastest: where its value stands in an array without
  // ghosts.
  MV_HD std::int64_t number(int x, int y, int z) const {
    return x + std::int64_t{nx} * (y + std::int64_t{ny} * z);
  }
  // The inverse of number().
  MV_HD Voxel voxel_at(std::int64_t number) const {
    return voxel(static_cast<int>(number % nx), static_cast<int>(number / nx % ny),
                 static_cast<int>(number / nx / ny));
  }
  // The voxel, or ghost, of a padded index.
  MV_HD Voxel voxel_of(std::int64_t i) const {
    return {static_cast<int>(i % pitch()) - ghosts,
            static_cast<int>(i / pitch() % (std::int64_t{ny} + 2 * ghosts)) - ghosts,
            static_cast<int>(i / plane()) - ghosts, i};
  }
  // The voxel's name for random draws and contests: its number in the whole.
  MV_HD std::uint64_t global(int x, int y, int z) const {
    return static_cast<std::uint64_t>(
        (std::int64_t{x} + x0) +
        whole_nx * ((std::int64_t{y} + y0) + whole_ny * (std::int64_t{z} + z0)));
  }
  MV_HD std::uint64_t global(const Voxel& s) const { return global(s.x, s.y, s.z); }
  // 0 red, 1 black: neighbours differ, and pieces agree with the whole.
  MV_HD int colour(int x, int y, int z) const { return (x + y + z + shift()) & 1; }
  MV_HD int shift() const { return (x0 + y0 + z0) & 1; } // colour of the piece's first voxel
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

// The padded index beside one, in the order -x +x -y +y -z +z.
MV_HD inline std::int64_t neighbour(const Lattice& l, std::int64_t i, int direction) {
  const std::int64_t stride = direction < 2 ? 1 : (direction < 4 ? l.pitch() : l.plane());
  return (direction & 1) != 0 ? i + stride : i - stride;
}

// f(number) of the voxels with a face on one in the piece, by its number, in the order -x +x -y ...
template <class F>
void for_each_beside(const Lattice& l, std::int64_t number, const F& f) {
  const Voxel s = l.voxel_at(number);
  for (int a = 0; a < 6; ++a) {
    const int d = (a & 1) != 0 ? 1 : -1;
    const int x = s.x + (a / 2 == 0 ? d : 0), y = s.y + (a / 2 == 1 ? d : 0),
              z = s.z + (a / 2 == 2 ? d : 0);
    if (l.holds(x, y, z)) f(l.number(x, y, z));
  }
}

} // namespace metavox
