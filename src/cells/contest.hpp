// Contests: how cells that want the same voxel settle who gets it.
#pragma once

#include <cstdint>

#include "core/host_device.hpp"
#include "core/lattice.hpp"
#include "core/random.hpp"

namespace metavox {

// A cell that wants voxels writes its rank into each; the smallest rank stays. It may act if it
// holds all of them.
struct ContestView {
  std::uint32_t* claim; // padded; unclaimed everywhere between contests
  std::uint16_t* plan;  // what the cell at a voxel proposes; 0: nothing
  std::uint8_t* mark;   // per brick: something in it proposes
  Bricks bricks;
  std::uint32_t key0, key1;
  MV_HD void propose(const Voxel& s, std::uint16_t what) const {
    plan[s.i] = what;
    store_same(mark + bricks.of(s.x, s.y, s.z), std::uint8_t{1});
  }
  // Numbers of voxels that meet in a contest differ by less than 2^32, so the lower half tells them
  // apart in any box.
  MV_HD std::uint32_t rank(const Lattice& l, const Voxel& s) const {
    return contest_rank(static_cast<std::uint32_t>(l.global(s)), key0, key1);
  }
};
inline constexpr std::uint32_t unclaimed = 0xffffffffu;

// Keys of a contest's ranks, different for every step and round.
struct ContestKeys {
  std::uint32_t key0, key1;
};
inline ContestKeys contest_keys(std::uint64_t seed, std::uint64_t step, int round) {
  const auto r = static_cast<std::uint64_t>(round);
  // 64 rounds have keys of the step's own; those of further rounds start elsewhere.
  const std::uint64_t start = mix64((seed ^ 0x6d657461766f78ULL) + r / 64 * 0x9e3779b97f4a7c15ULL);
  const std::uint64_t k = mix64(start + step * 64 + r % 64);
  return {static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(k >> 32)};
}

} // namespace metavox
