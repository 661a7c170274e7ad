#include "tissue/serosa.hpp"

#include <algorithm>

#include "core/launch.hpp"

namespace metavox {
namespace {

constexpr int deep = 3; // the membrane, and what has a face on it

} // namespace

std::int64_t Serosa::most_voxels(const Lattice& l, const std::array<bool, 6>& serosal) {
  const std::int64_t across[3] = {std::int64_t{l.ny} * l.nz, std::int64_t{l.nx} * l.nz,
                                  std::int64_t{l.nx} * l.ny};
  std::int64_t n = 0;
  for (std::size_t a = 0; a < 6; ++a) n += serosal[a] ? deep * across[a / 2] : 0;
  return n;
}

Serosa::Serosa(const Executor& executor, const Lattice& l, const std::array<bool, 6>& serosal)
    : executor_(executor), faces_(l, serosal) {
  for (int face = 0; face < 6; ++face) {
    if (!faces_.face[face]) continue;
    const int axis = face / 2, n[3] = {l.nx, l.ny, l.nz};
    int first[3] = {0, 0, 0}, last[3] = {n[0], n[1], n[2]};
    if (face % 2 == 0)
      last[axis] = std::min(deep, n[axis]);
    else
      first[axis] = std::max(0, n[axis] - deep);
    for (int z = first[2]; z < last[2]; ++z)
      for (int y = first[1]; y < last[1]; ++y)
        for (int x = first[0]; x < last[0]; ++x) voxels_.push_back(l.number(x, y, z));
  }
  std::sort(voxels_.begin(), voxels_.end());
  voxels_.erase(std::unique(voxels_.begin(), voxels_.end()), voxels_.end());
  const auto n = static_cast<std::int64_t>(voxels_.size());
  voxels_here_ = Buffer<std::int64_t>(executor, n);
  marks_here_ = Buffer<std::uint8_t>(executor, n);
  found_here_ = Buffer<std::uint32_t>(executor, n);
  voxels_here_.upload(voxels_.data());
}

const std::vector<std::int64_t>& Serosa::advance(const CellView& cells, const std::uint8_t* held,
                                                 const std::uint16_t* membrane) {
  const auto n = static_cast<std::int64_t>(voxels_.size());
  executor_.for_each_index(n, ReadSerosa{voxels_here_.data(), marks_here_.data(), cells.kind_code,
                                         held, membrane, faces_});
  std::vector<std::uint32_t> found(
      static_cast<std::size_t>(executor_.compact(marks_here_.data(), n, found_here_.data())));
  if (!found.empty())
    executor_.copy_out(found.data(), found_here_.data(), found.size() * sizeof(std::uint32_t));
  shedding_.clear();
  for (const std::uint32_t k : found) shedding_.push_back(voxels_[k]);
  return shedding_;
}

} // namespace metavox
