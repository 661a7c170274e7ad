// The ways of the blood through a vessel graph, cut into pieces and laid on the lattice of fields.
// They follow from the graph's arrays alone.
#pragma once

#include <cstdint>
#include <vector>

#include "core/executor.hpp"
#include "vessels/graph.hpp"
#include "vessels/streams.hpp"
#include "voxel/blood.hpp"

namespace metavox {

// What blood brings into the box, and whether flow bounds what it gives.
struct BloodSupply {
  bool fixed = false;         // all perfused vessels exchange, whatever flows in them
  double inlet_oxygen = 0;    // mmHg; 0: by the radius of the vessel
  double tissue_pressure = 0; // mmHg, of the healthy organ around
  double haematocrit = 0;     // of what enters at the ends of vessels
};

// Oxygen of blood that enters a box through a vessel of this radius, mmHg: 55 mmHg and 1 mmHg per
// um up to 95 mmHg, but no less than 8 mmHg above healthy tissue, which it would drain otherwise.
double inlet_oxygen(const BloodSupply& supply, double radius);

class BloodPaths {
public:
  BloodPaths(const Executor& executor, const Lattice& fields)
      : executor_(executor), fields_(fields) {}

  // After vessels, their flow or their red cells have changed.
  void renew(const VesselGraph& graph, const BloodSupply& supply);
  const BloodView& view() const { return view_; }
  // The segment that each piece is a part of.
  const std::vector<std::int32_t>& segments() const { return segment_; }
  // Lengths of the pieces, um.
  const std::vector<double>& lengths() const { return length_; }
  // The sum over pieces of value times weight in each voxel of the field that a disc reaches:
  // f(voxel, sum), ascending by the voxel's number.
  template <class F>
  void for_each_voxel(const std::vector<double>& value, const F& f) const {
    for (std::size_t t = 0; t < voxel_.size(); ++t) {
      double sum = 0;
      for (std::int32_t w = first_piece_at_[t]; w < first_piece_at_[t + 1]; ++w) {
        const DiscWeight& p = piece_at_[static_cast<std::size_t>(w)];
        sum += static_cast<double>(p.weight) * value[static_cast<std::size_t>(p.at)];
      }
      f(fields_.number(voxel_[t].x(), voxel_[t].y(), voxel_[t].z()), sum);
    }
  }

private:
  // Weights of the pieces of one segment, from its first node to its second.
  struct Disc {
    std::int64_t voxel;
    float weight;
  };
  struct Discs {
    Point from{}, to{};
    double radius = 0;
    std::vector<std::int32_t> first; // weights of piece k: first[k] to first[k + 1] - 1
    std::vector<Disc> weight;
  };

  const Discs& discs_of(const VesselGraph& graph, std::int32_t segment);
  void add_piece(const Discs& discs, std::int32_t segment, std::size_t piece);
  void add_segment(const VesselGraph& graph, std::int32_t segment, bool backwards);
  void add_branches(const VesselGraph& graph, const Streams& streams,
                    std::vector<std::int32_t>& number);
  void add_vertex(const VesselGraph& graph, const BloodSupply& supply, const Streams& streams,
                  const std::vector<std::int32_t>& number, std::int32_t node);
  void index_voxels();
  void index_coarse();
  void upload();

  Executor executor_;
  Lattice fields_;
  bool bare_ = false;        // walls resist nothing
  std::vector<Discs> discs_; // by segment
  BloodView view_;

  std::vector<double> length_, radius_;
  std::vector<std::int32_t> segment_, arc_;
  std::vector<BloodBranch> branch_;
  std::vector<BloodVertex> vertex_;
  std::vector<std::int64_t> level_, first_coarse_;
  std::vector<std::int32_t> first_weight_, first_piece_at_;
  std::vector<PackedVoxel> voxel_, coarse_;
  std::vector<std::int64_t> place_; // voxel of each weight
  std::vector<DiscWeight> weight_, piece_at_;

  Buffer<double> lengths_here_, radii_here_;
  Buffer<std::int32_t> arcs_here_, first_weights_here_, first_pieces_here_;
  Buffer<BloodBranch> branches_here_;
  Buffer<BloodVertex> vertices_here_;
  Buffer<std::int64_t> levels_here_;
  Buffer<PackedVoxel> voxels_here_, coarse_here_;
  Buffer<DiscWeight> weights_here_, pieces_here_;
};

} // namespace metavox
