// What a cell feels of its neighbours.
#pragma once

#include <cstdint>

#include "core/lattice.hpp"
#include "voxel/kind.hpp"

namespace metavox {

// What a cell feels of its six neighbours, in one byte: living (0-6), tumour (0-6), killers (0-3).
struct Surroundings {
  std::uint8_t byte;
  MV_HD int living() const { return byte & 7; }
  MV_HD int tumour() const { return (byte >> 3) & 7; }
  MV_HD int killers() const { return byte >> 6; }
};

struct SenseNeighbours {
  static constexpr const char* name = "cell.sense";
  static constexpr double bytes = 2;
  const std::uint8_t* kind;
  std::uint8_t* sensed;
  std::int64_t pitch, plane;
  // 1 if living, 8 if also tumour, 64 if a killer: bytes that add up over six neighbours, killers
  // apart.
  MV_HD static std::uint8_t weight(std::uint8_t code) {
    const auto living = static_cast<std::uint8_t>(one_of<living_kinds>(code) ? 1 : 0);
    const auto tumour = static_cast<std::uint8_t>(one_of<tumour_kinds>(code) ? 8 : 0);
    return static_cast<std::uint8_t>(living + tumour);
  }
  MV_HD static std::uint8_t killer(std::uint8_t code) { return one_of<killer_kinds>(code) ? 1 : 0; }
  MV_HD static std::uint8_t combined(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                                     std::uint8_t e, std::uint8_t f) {
    const auto sum = static_cast<std::uint8_t>(weight(a) + weight(b) + weight(c) + weight(d) +
                                               weight(e) + weight(f));
    const auto t = static_cast<std::uint8_t>(killer(a) + killer(b) + killer(c) + killer(d) +
                                             killer(e) + killer(f));
    return static_cast<std::uint8_t>(sum + 64 * (t < 3 ? t : 3));
  }
  MV_HD void operator()(const Voxel& s) const {
    const std::uint8_t* k = kind + s.i;
    sensed[s.i] = combined(k[-1], k[1], k[-pitch], k[pitch], k[-plane], k[plane]);
  }
  void row(const Row& r) const {
    const std::uint8_t* k = kind + r.i;
    const std::uint8_t* yl = k - pitch;
    const std::uint8_t* yh = k + pitch;
    const std::uint8_t* zl = k - plane;
    const std::uint8_t* zh = k + plane;
    std::uint8_t* MV_RESTRICT out = sensed + r.i;
#pragma omp simd
    for (int x = 0; x < r.n; ++x) out[x] = combined(k[x - 1], k[x + 1], yl[x], yh[x], zl[x], zh[x]);
  }
};

} // namespace metavox
