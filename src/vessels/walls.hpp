// The walls of vessels that carry red cells: which voxels share them, and the basement membranes
// that M-like cells beside them wear down.
//
// A wall belongs to the cells around it. Where a vessel shares its voxel with a cell, its wall is
// that voxel's and its six neighbours' in equal parts; where lumens fill the voxel, it is that of
// the voxels that face the lumen. The parts add up to the whole wall, so that what is lost through
// it depends neither on the edge of a voxel nor on which of the two holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/executor.hpp"
#include "vessels/graph.hpp"
#include "voxel/views.hpp"
#include "voxel/walls.hpp"

namespace metavox {

// What the walls of a site let through and what wears them.
struct WallSettings {
  bool on;
  double leaky, tight; // weights of an immature or worn wall, and of a mature one that is whole
  double wear;         // 1/min: of a membrane among M-like cells of normal MT1-MMP
  double healing;      // 1/min
};

// Of segments that carry, ascending by voxel and by segment; areas in wall_unit, not weighed.
std::vector<WallContact> wall_contacts(const VesselGraph& graph);

// MT1-MMP of the M-like cells that stand at walls.
struct ReadWalls {
  static constexpr const char* name = "vessel.read_walls";
  static constexpr double bytes = 21;
  const WallShare* share;
  float* enzyme; // 0 ... 1, by entry
  const std::uint8_t* kind;
  const std::uint64_t* traits;
  TraitFactors factor;
  Lattice lattice;
  MV_HD void operator()(std::int64_t n) const {
    const std::int64_t i = lattice.voxel_at(share[n].voxel).i;
    const bool m_like = static_cast<Kind>(kind[i]) == Kind::mesenchymal;
    enzyme[n] = m_like ? exact::min_of(1.0f, factor.of(traits[i], Trait::proteinase)) : 0.0f;
  }
};

class VesselWalls {
public:
  VesselWalls(const Executor& executor, const Lattice& tissue, const WallSettings& settings)
      : executor_(executor), tissue_(tissue), settings_(settings) {}

  bool on() const { return settings_.on; }
  // Where the walls are now; then their membranes are worn and heal for `time` (min).
  void advance(VesselGraph& graph, const CellView& cells, TraitFactors factor, double time);
  WallView view() const { return {count_, &share_, &contact_, &first_}; }

private:
  void find(const VesselGraph& graph);
  void wear(VesselGraph& graph, const CellView& cells, TraitFactors factor, double time);
  void weigh(const VesselGraph& graph);

  Executor executor_;
  Lattice tissue_;
  WallSettings settings_;
  std::int64_t count_ = 0; // voxels
  std::vector<WallContact> contact_;
  std::vector<std::size_t> first_;
  std::vector<WallShare> share_;
  Buffer<WallShare> shares_here_;
  Buffer<float> enzyme_here_;
};

} // namespace metavox
