#include "tissue/lymphatics.hpp"

#include <algorithm>

#include "core/launch.hpp"
#include "core/random.hpp"

namespace metavox {
namespace {

// The wall of a lymphatic in a voxel of this edge (um); that of others goes with the volume, so
// that what a tissue's lymphatics take up does not know the lattice.
constexpr double unit_edge = 20;

float wall_of(double spacing) {
  const double edge = spacing / unit_edge;
  return static_cast<float>(edge * edge * edge);
}

} // namespace

Lymphatics::Lymphatics(const Executor& executor, const Lattice& lattice,
                       const LymphaticParameters& settings)
    : executor_(executor), lattice_(lattice), settings_(settings),
      state_(executor, lattice.padded()) {}

void Lymphatics::start(const std::vector<std::uint8_t>& kind, std::uint64_t seed) {
  std::vector<std::uint8_t> state(kind.size(), 0);
  const std::uint32_t share = threshold(settings_.share);
  for (std::int64_t v = 0; v < lattice_.voxels(); ++v) {
    const Voxel s = lattice_.voxel_at(v);
    const auto i = static_cast<std::size_t>(s.i);
    if (static_cast<Kind>(kind[i]) != Kind::stroma) continue;
    const Draw d = draw(seed, Purpose::lymph_seeding, lattice_.global(s), 0);
    if (d.word[0] < share) state[i] = static_cast<std::uint8_t>(Lymphatic::works);
  }
  state_.upload(state.data());
  list(state);
}

void Lymphatics::rebuild() { list(state_.host_copy()); }

void Lymphatics::list(const std::vector<std::uint8_t>& state) {
  voxels_.clear();
  for (std::int64_t v = 0; v < lattice_.voxels(); ++v)
    if (state[static_cast<std::size_t>(lattice_.voxel_at(v).i)] != 0) voxels_.push_back(v);
  const auto n = static_cast<std::int64_t>(voxels_.size());
  if (n == 0) return;
  if (voxels_here_.size() < n) {
    voxels_here_ = Buffer<std::int64_t>(executor_, n);
    areas_here_ = Buffer<float>(executor_, n);
  }
  executor_.copy_in(voxels_here_.data(), voxels_.data(), voxels_.size() * sizeof(std::int64_t));
}

const std::vector<LymphShare>& Lymphatics::advance(const CellView& cells,
                                                   const std::uint8_t* held) {
  shares_.clear();
  const auto n = static_cast<std::int64_t>(voxels_.size());
  if (n == 0) return shares_;
  executor_.for_each_index(n, ReadLymphatics{voxels_here_.data(), areas_here_.data(), state_.data(),
                                             cells.kind_code, held, lattice_,
                                             wall_of(lattice_.spacing), settings_.tumour_faces});
  std::vector<float> area(voxels_.size());
  executor_.copy_out(area.data(), areas_here_.data(), area.size() * sizeof(float));
  std::vector<LymphShare> parts;
  for (std::size_t k = 0; k < area.size(); ++k) {
    if (!(area[k] > 0)) continue;
    parts.push_back({voxels_[k], area[k]});
    for_each_beside(lattice_, voxels_[k], [&](std::int64_t v) { parts.push_back({v, area[k]}); });
  }
  // What a voxel shares of several is added in their order.
  std::stable_sort(parts.begin(), parts.end(),
                   [](const LymphShare& a, const LymphShare& b) { return a.voxel < b.voxel; });
  for (const LymphShare& p : parts)
    if (!shares_.empty() && shares_.back().voxel == p.voxel)
      shares_.back().area += p.area;
    else
      shares_.push_back(p);
  return shares_;
}

} // namespace metavox
