// Lymphatics: initial ones are voxels of the tissue, each with a wall that tumour cells enter by.
//
// A lymphatic belongs to its voxel: it stays when the stromal cell goes that stood there. It works
// until the tumour presses on it, which is when living tumour stands at more than so many of its
// faces, and again once that is no more.
#pragma once

#include <cstdint>
#include <vector>

#include "core/executor.hpp"
#include "tissue/lymphatic_settings.hpp"
#include "voxel/exits.hpp"
#include "voxel/views.hpp"

namespace metavox {

// The state of a voxel.
enum class Lymphatic : std::uint8_t { none = 0, works = 1, collapsed = 2 };

// What each lymphatic voxel is like, and what it gives to each voxel that shares it: itself and the
// six beside it, less those that lumens fill and those outside the box.
struct ReadLymphatics {
  static constexpr const char* name = "lymph.read";
  static constexpr double bytes = 36;
  const std::int64_t* voxel; // x fastest, no ghosts
  float* area;               // by entry; 0 where it does not work, or no tumour cell is near
  std::uint8_t* state;       // by voxel, padded
  const std::uint8_t* kind;
  const std::uint8_t* held; // 1 where a voxel has a second cell
  Lattice lattice;
  float whole; // area of a lymphatic
  int most;    // faces of living tumour with which it works
  MV_HD void operator()(std::int64_t n) const {
    const std::int64_t i = lattice.voxel_at(voxel[n]).i;
    const auto own = static_cast<Kind>(kind[i]);
    int tumour = 0, sharers = 1;
    bool near = is_tumour(own) || held[i] != 0;
    for (int a = 0; a < 6; ++a) {
      const std::int64_t other = neighbour(lattice, i, a);
      const auto k = static_cast<Kind>(kind[other]);
      tumour += is_tumour(k) ? 1 : 0;
      sharers += k != Kind::vessel && k != Kind::outside ? 1 : 0;
      near = near || is_tumour(k) || held[other] != 0;
    }
    const bool works = own != Kind::vessel && tumour <= most;
    state[i] = static_cast<std::uint8_t>(works ? Lymphatic::works : Lymphatic::collapsed);
    area[n] = works && near ? whole / static_cast<float>(sharers) : 0.0f;
  }
};

class Lymphatics {
public:
  static constexpr const char* meaning =
      "lymphatic of the voxel: 0 none, 1 one that works, 2 one that the tumour presses on";

  Lymphatics(const Executor& executor, const Lattice& lattice, const LymphaticParameters& settings);

  // Draws which voxels have one. `kind`: on the host, padded.
  void start(const std::vector<std::uint8_t>& kind, std::uint64_t seed);
  // After the state was written from outside.
  void rebuild();
  // Who works now, and what tumour cells share of them. `held`: see ExcessView.
  const std::vector<LymphShare>& advance(const CellView& cells, const std::uint8_t* held);

  // The state: a byte for each voxel, padded; see Lymphatic.
  Buffer<std::uint8_t>& state() { return state_; }
  const Buffer<std::uint8_t>& state() const { return state_; }

private:
  void list(const std::vector<std::uint8_t>& state); // who has one

  Executor executor_;
  Lattice lattice_;
  LymphaticParameters settings_;
  Buffer<std::uint8_t> state_;
  std::vector<std::int64_t> voxels_; // with a lymphatic, ascending
  Buffer<std::int64_t> voxels_here_;
  Buffer<float> areas_here_;
  std::vector<LymphShare> shares_;
};

} // namespace metavox
