#include "vessels/walls.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/launch.hpp"
#include "vessels/berths.hpp"
#include "vessels/index.hpp"

namespace metavox {
namespace {

class WallFinder {
public:
  explicit WallFinder(const VesselGraph& graph) : graph_(graph), lattice_(graph.lattice()) {}

  std::vector<WallContact> find() {
    for (std::int32_t s = 0; s < graph_.segment_count(); ++s)
      if (graph_.is_alive(s) && graph_.has(s, VesselGraph::carries)) add_segment(s);
    share_lumens();
    std::stable_sort(contacts_.begin(), contacts_.end(),
                     [](const WallContact& a, const WallContact& b) {
                       return a.voxel != b.voxel ? a.voxel < b.voxel : a.segment < b.segment;
                     });
    return std::move(contacts_);
  }

private:
  // The part of a segment's wall that lies in voxels which lumens fill.
  struct Lumen {
    std::int32_t segment;
    double area;
    std::vector<std::int64_t> voxels; // that the segment passes there
  };
  struct Nearest {
    double distance2;
    std::int32_t segment;
  };

  template <class F>
  void for_each_open_beside(std::int64_t voxel, const F& f) const {
    for_each_beside(lattice_, voxel, [&](std::int64_t v) {
      if (!graph_.fills(v)) f(v);
    });
  }

  void add_segment(std::int32_t s) {
    const Point a = graph_.position(graph_.segments().from[at(s)]),
                b = graph_.position(graph_.segments().to[at(s)]);
    const double around = 2 * pi * graph_.segments().radius[at(s)] * graph_.length(s) / wall_unit;
    Lumen lumen{s, 0, {}};
    for (const VoxelPiece& piece : pieces_of(a, b, lattice_)) {
      const std::int64_t v = lattice_.number(piece.voxel[0], piece.voxel[1], piece.voxel[2]);
      const double area = around * (piece.end - piece.begin);
      if (graph_.fills(v)) {
        lumen.area += area;
        lumen.voxels.push_back(v);
        continue;
      }
      std::vector<std::int64_t> sharers{v};
      for_each_open_beside(v, [&](std::int64_t n) { sharers.push_back(n); });
      share(s, area, sharers);
    }
    if (lumen.voxels.empty()) return;
    lumens_.push_back(std::move(lumen));
    for (const std::int64_t v : graph_.taken_voxels(s)) {
      if (!graph_.fills(v)) continue;
      const Voxel c = lattice_.voxel_at(v);
      const double h = lattice_.spacing;
      const Point centre{(c.x + 0.5) * h, (c.y + 0.5) * h, (c.z + 0.5) * h};
      const Nearest here{distance2(centre, nearest_on(a, b, centre)), s};
      const auto [known, fresh] = nearest_.try_emplace(v, here);
      if (!fresh && here.distance2 < known->second.distance2) known->second = here;
    }
  }

  // Each filled voxel gives what is open beside it to the segment that is nearest to it.
  void share_lumens() {
    std::vector<std::pair<std::int32_t, std::int64_t>> facing;
    for (const auto& [v, nearest] : nearest_) {
      const std::int32_t s = nearest.segment;
      for_each_open_beside(v, [&](std::int64_t n) { facing.emplace_back(s, n); });
    }
    std::sort(facing.begin(), facing.end());
    facing.erase(std::unique(facing.begin(), facing.end()), facing.end());
    for (const Lumen& lumen : lumens_) {
      std::vector<std::int64_t> sharers;
      for (auto f = std::lower_bound(facing.begin(), facing.end(),
                                     std::pair<std::int32_t, std::int64_t>(lumen.segment, -1));
           f != facing.end() && f->first == lumen.segment; ++f)
        sharers.push_back(f->second);
      // A short segment may be nearest to no voxel.
      if (sharers.empty()) sharers = nearest_open(graph_, lumen.voxels);
      share(lumen.segment, lumen.area, sharers);
    }
  }

  void share(std::int32_t s, double area, const std::vector<std::int64_t>& sharers) {
    for (const std::int64_t v : sharers)
      contacts_.push_back({v, s, area / static_cast<double>(sharers.size()), false});
  }

  const VesselGraph& graph_;
  Lattice lattice_;
  std::vector<WallContact> contacts_;
  std::vector<Lumen> lumens_;
  std::unordered_map<std::int64_t, Nearest> nearest_; // by filled voxel
};

} // namespace

std::vector<WallContact> wall_contacts(const VesselGraph& graph) {
  // One entry for each segment of a voxel, the parts of which are added in the order of the
  // segment.
  std::vector<WallContact> parts = WallFinder(graph).find(), whole;
  for (const WallContact& p : parts)
    if (!whole.empty() && whole.back().voxel == p.voxel && whole.back().segment == p.segment)
      whole.back().area += p.area;
    else
      whole.push_back(p);
  return whole;
}

void VesselWalls::advance(VesselGraph& graph, const CellView& cells, TraitFactors factor,
                          double time) {
  find(graph);
  wear(graph, cells, factor, time);
  weigh(graph);
}

void VesselWalls::find(const VesselGraph& graph) {
  contact_ = wall_contacts(graph);
  first_.clear();
  share_.clear();
  for (std::size_t k = 0; k < contact_.size(); ++k)
    if (share_.empty() || share_.back().voxel != contact_[k].voxel) {
      first_.push_back(k);
      share_.push_back({contact_[k].voxel, 0.0f, 0.0f});
    }
  first_.push_back(contact_.size());
  count_ = static_cast<std::int64_t>(share_.size());
  if (shares_here_.size() < count_) {
    shares_here_ = Buffer<WallShare>(executor_, count_ + count_ / 2 + 1024);
    enzyme_here_ = Buffer<float>(executor_, shares_here_.size());
  }
}

// dB/dt = -wear (share of the wall that M-like cells hold, by their MT1-MMP) + healing (1 - B).
void VesselWalls::wear(VesselGraph& graph, const CellView& cells, TraitFactors factor,
                       double time) {
  VesselGraph::Segments& s = graph.segments();
  std::vector<double> held(s.flags.size(), 0), wall(s.flags.size(), 0);
  if (count_ > 0 && settings_.wear > 0) {
    const auto n = static_cast<std::size_t>(count_);
    executor_.copy_in(shares_here_.data(), share_.data(), n * sizeof(WallShare));
    executor_.for_each_index(count_, ReadWalls{shares_here_.data(), enzyme_here_.data(),
                                               cells.kind_code, cells.traits, factor, tissue_});
    std::vector<float> enzyme(n);
    executor_.copy_out(enzyme.data(), enzyme_here_.data(), n * sizeof(float));
    for (std::size_t e = 0; e < n; ++e)
      for (std::size_t k = first_[e]; k < first_[e + 1]; ++k) {
        const WallContact& c = contact_[k];
        held[at(c.segment)] += c.area * static_cast<double>(enzyme[e]);
        wall[at(c.segment)] += c.area;
      }
  }
  for (std::size_t i = 0; i < s.flags.size(); ++i) {
    if ((s.flags[i] & VesselGraph::alive) == 0 || (s.flags[i] & VesselGraph::mature) == 0) continue;
    const double loss = wall[i] > 0 ? settings_.wear * held[i] / wall[i] : 0;
    const double b = s.membrane[i];
    s.membrane[i] = std::clamp(b + time * (settings_.healing * (1 - b) - loss), 0.0, 1.0);
  }
}

void VesselWalls::weigh(const VesselGraph& graph) {
  for (std::size_t e = 0; e < share_.size(); ++e) {
    double leaky = 0, tight = 0;
    for (std::size_t k = first_[e]; k < first_[e + 1]; ++k) {
      WallContact& c = contact_[k];
      c.leaky = !graph.has(c.segment, VesselGraph::mature) ||
                graph.segments().membrane[at(c.segment)] <= 0;
      c.area *= c.leaky ? settings_.leaky : settings_.tight;
      (c.leaky ? leaky : tight) += c.area;
    }
    share_[e].leaky = static_cast<float>(leaky);
    share_[e].tight = static_cast<float>(tight);
  }
}

} // namespace metavox
