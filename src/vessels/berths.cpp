#include "vessels/berths.hpp"

#include <algorithm>
#include <stdexcept>
#include <unordered_set>
#include <utility>

#include "vessels/index.hpp"
#include "vessels/vessel_settings.hpp"

namespace metavox {
namespace {

bool is_there(const VesselGraph& graph, std::int32_t segment) {
  return segment >= 0 && segment < graph.segment_count() && graph.is_alive(segment);
}

} // namespace

bool runs_through(const VesselGraph& graph, std::int32_t segment, std::int64_t voxel) {
  if (!is_there(graph, segment)) return false;
  const Lattice& l = graph.lattice();
  const std::vector<VoxelPiece> pieces =
      pieces_of(graph.position(graph.segments().from[at(segment)]),
                graph.position(graph.segments().to[at(segment)]), l);
  return std::any_of(pieces.begin(), pieces.end(), [&](const VoxelPiece& p) {
    return l.number(p.voxel[0], p.voxel[1], p.voxel[2]) == voxel;
  });
}

bool ends_at(const VesselGraph& graph, std::int32_t segment, std::int64_t voxel) {
  return is_there(graph, segment) && (graph.voxel(graph.segments().from[at(segment)]) == voxel ||
                                      graph.voxel(graph.segments().to[at(segment)]) == voxel);
}

std::int32_t segment_through(VesselGraph& graph, std::int64_t voxel) {
  const Lattice& l = graph.lattice();
  const Voxel s = l.voxel_at(voxel);
  const Point low{s.x * l.spacing, s.y * l.spacing, s.z * l.spacing};
  const Point high{low[0] + l.spacing, low[1] + l.spacing, low[2] + l.spacing};
  std::int32_t first = -1;
  graph.for_each_near(low, high, [&](std::int32_t k) {
    if ((first < 0 || k < first) && runs_through(graph, k, voxel)) first = k;
  });
  return first;
}

std::vector<std::int64_t> nearest_open(const VesselGraph& graph, std::vector<std::int64_t> front) {
  std::unordered_set<std::int64_t> seen(front.begin(), front.end());
  std::vector<std::int64_t> open;
  while (open.empty() && !front.empty()) {
    std::vector<std::int64_t> next;
    for (const std::int64_t v : front)
      for_each_beside(graph.lattice(), v, [&](std::int64_t n) {
        if (!graph.fills(n))
          open.push_back(n);
        else if (seen.insert(n).second)
          next.push_back(n);
      });
    front = std::move(next);
  }
  std::sort(open.begin(), open.end());
  open.erase(std::unique(open.begin(), open.end()), open.end());
  return open;
}

std::vector<std::int64_t> tissue_at(const VesselGraph& graph, std::int64_t voxel) {
  const Lattice& l = graph.lattice();
  std::vector<std::int64_t> open;
  if (!graph.fills(voxel)) {
    open.push_back(voxel);
    for_each_beside(l, voxel, [&](std::int64_t v) {
      if (!graph.fills(v)) open.push_back(v);
    });
    return open;
  }
  return nearest_open(graph, {voxel});
}

std::vector<std::int32_t> inlets_called(const std::string& word, const VesselGraph& graph,
                                        const VesselNetwork& parents,
                                        const std::vector<std::string>& names) {
  const auto wanted = [&](std::int32_t n) {
    const Point p = graph.position(n);
    if (is_face(word)) return is_at_face(p, word, graph.lattice());
    for (std::size_t k = 0; k < names.size() && k < parents.nodes.size(); ++k)
      if (names[k] == word && parents.nodes[k].position == p) return true;
    return false;
  };
  std::vector<std::int32_t> found;
  for (std::int32_t n = 0; n < graph.node_count(); ++n)
    if (graph.nodes().end[at(n)] == static_cast<std::uint8_t>(VesselEnd::inlet) && wanted(n))
      found.push_back(n);
  if (found.empty())
    throw std::invalid_argument(
        "arrivals.inlet: there is no inlet " +
        std::string(is_face(word) ? "on face " : "called '") + word + (is_face(word) ? "" : "'") +
        "; type a face with inlets on it, such as -x, the name of an inlet in vessels.file, or "
        "every");
  return found;
}

} // namespace metavox
