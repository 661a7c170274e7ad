// Which bricks hold anything that can change, and how many cells of each kind there are.
#pragma once

#include <cstdint>

#include "core/exact.hpp"
#include "core/lattice.hpp"
#include "voxel/pressure_view.hpp"
#include "voxel/views.hpp"

namespace metavox {

// Voxels by kind; the independent count that the ledger is checked against every step.
struct CountKinds {
  static constexpr const char* name = "cell.count";
  static constexpr double bytes = 1;
  static constexpr int bins = kind_count;
  const std::uint8_t* kind;
  MV_HD void operator()(const Voxel& s, std::int64_t* count) const { count[kind[s.i]] += 1; }
  void row(const Row& r, std::int64_t* count) const {
    const std::uint8_t* MV_RESTRICT k = kind + r.i;
    for (int code = 0; code < bins; ++code) {
      const auto wanted = static_cast<std::uint8_t>(code);
      std::int64_t n = 0;
      for (int begin = 0; begin < r.n; begin += 128) { // a byte holds the count of 128 comparisons
        const int end = exact::min_of(begin + 128, r.n);
        std::uint8_t part = 0;
#pragma omp simd reduction(+ : part)
        for (int x = begin; x < end; ++x)
          part = static_cast<std::uint8_t>(part + (k[x] == wanted ? 1 : 0));
        n += part;
      }
      count[code] += n;
    }
  }
};

// Second cells of a list by kind.
struct CountExcess {
  static constexpr const char* name = "excess.count";
  static constexpr double bytes = 1;
  static constexpr int bins = kind_count;
  const std::uint8_t* kind; // by entry
  Lattice lattice;          // a line of entries
  MV_HD void operator()(const Voxel& s, std::int64_t* count) const {
    count[kind[lattice.number(s.x, s.y, s.z)]] += 1;
  }
};

// Bricks in which a cell rule could change something: tumour, bodies, roaming stroma, second cells,
// normal cells in danger.
struct FindActivity {
  static constexpr const char* name = "cell.activity";
  static constexpr double bytes = 64; // the first line of a brick may decide
  const std::uint8_t* kind;
  const std::uint8_t* held;
  FieldView oxygen;
  PressureView pressure; // that crushes; off where none does
  std::uint8_t* flag;
  Lattice lattice;
  Bricks bricks;
  bool normal_always; // regeneration or turnover on
  bool stroma_moves;
  bool starving_dies;
  float danger;   // mmHg
  float bearable; // kPa
  MV_HD void operator()(std::int64_t b) const {
    const int x0 = static_cast<int>(b % bricks.nx) * brick_edge;
    const int y0 = static_cast<int>(b / bricks.nx % bricks.ny) * brick_edge;
    const int z0 = static_cast<int>(b / bricks.nx / bricks.ny) * brick_edge;
    bool active = false;
    for (int z = z0; z < exact::min_of(z0 + brick_edge, lattice.nz) && !active; ++z)
      for (int y = y0; y < exact::min_of(y0 + brick_edge, lattice.ny) && !active; ++y)
        for (int x = x0; x < exact::min_of(x0 + brick_edge, lattice.nx); ++x) {
          const Voxel s = lattice.voxel(x, y, z);
          const auto k = static_cast<Kind>(kind[s.i]);
          if (is_tumour(k) || is_dead(k) || is_killer(k) || held[s.i] != 0) active = true;
          if (is_normal(k) && (normal_always || (stroma_moves && k == Kind::stroma) ||
                               (starving_dies && oxygen.at(s) < danger) ||
                               (pressure.on && pressure.at(s) > bearable)))
            active = true;
        }
    flag[b] = active ? 1 : 0;
  }
};

// A brick acts if it or one of its 26 neighbours is active: what happens next to a tumour cell may
// happen across a brick's face.
struct WidenActivity {
  static constexpr const char* name = "cell.widen_activity";
  static constexpr double bytes = 2;
  const std::uint8_t* flag;
  std::uint8_t* wide;
  Bricks bricks;
  MV_HD void operator()(std::int64_t b) const {
    const int x = static_cast<int>(b % bricks.nx), y = static_cast<int>(b / bricks.nx % bricks.ny),
              z = static_cast<int>(b / bricks.nx / bricks.ny);
    bool any = false;
    for (int dz = -1; dz <= 1; ++dz)
      for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx) {
          const int xx = x + dx, yy = y + dy, zz = z + dz;
          if (xx < 0 || xx >= bricks.nx || yy < 0 || yy >= bricks.ny || zz < 0 || zz >= bricks.nz)
            continue;
          any = any || flag[xx + static_cast<std::int64_t>(bricks.nx) *
                                     (yy + static_cast<std::int64_t>(bricks.ny) * zz)] != 0;
        }
    wide[b] = any ? 1 : 0;
  }
};

} // namespace metavox
