#include "vessels/vessel_length.hpp"

#include <algorithm>
#include <utility>

namespace metavox {

std::vector<VesselLength> vessel_lengths(const VesselGraph& graph, const Lattice& lattice) {
  std::vector<std::pair<std::int64_t, double>> pieces;
  for (std::int32_t s = 0; s < graph.segment_count(); ++s) {
    if (!graph.is_alive(s)) continue;
    const Point a = graph.position(graph.segments().from[static_cast<std::size_t>(s)]),
                b = graph.position(graph.segments().to[static_cast<std::size_t>(s)]);
    for (const VoxelPiece& piece : pieces_of(a, b, lattice))
      pieces.emplace_back(lattice.number(piece.voxel[0], piece.voxel[1], piece.voxel[2]),
                          (piece.end - piece.begin) * graph.length(s));
  }
  // In the order of segments within a voxel, as sums are.
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const auto& x, const auto& y) { return x.first < y.first; });
  std::vector<VesselLength> lengths;
  for (std::size_t k = 0; k < pieces.size();) {
    const std::int64_t voxel = pieces[k].first;
    double sum = 0;
    for (; k < pieces.size() && pieces[k].first == voxel; ++k) sum += pieces[k].second;
    lengths.push_back({voxel, static_cast<float>(sum), 0.0f});
  }
  return lengths;
}

} // namespace metavox
