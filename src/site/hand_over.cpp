// A lesion that was counted comes to stand on the lattice, cell by cell.

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "core/random.hpp"
#include "site/state.hpp"
#include "tissue/start.hpp"

namespace metavox {
namespace {

bool gives_way(Kind kind) { return kind != Kind::vessel && !is_tumour(kind); }

// Squares of distances in voxels.
class Distances {
public:
  Distances(const Lattice& l, std::int64_t middle) : l_(l), middle_(l.voxel_at(middle)) {}
  std::int64_t of(int x, int y, int z) const {
    const std::int64_t dx = x - middle_.x, dy = y - middle_.y, dz = z - middle_.z;
    return dx * dx + dy * dy + dz * dz;
  }
  std::int64_t most() const {
    std::int64_t sum = 0;
    for (const auto& [n, at] :
         {std::pair{l_.nx, middle_.x}, {l_.ny, middle_.y}, {l_.nz, middle_.z}}) {
      const std::int64_t far = std::max(at, n - 1 - at);
      sum += far * far;
    }
    return sum;
  }

private:
  const Lattice& l_;
  Voxel middle_;
};

// f(voxel, square of its distance) for all voxels that can be had.
template <class F>
void for_each_place(const Lattice& l, const std::vector<std::uint8_t>& kinds,
                    const Distances& distance, const F& f) {
  for (int z = 0; z < l.nz; ++z)
    for (int y = 0; y < l.ny; ++y)
      for (int x = 0; x < l.nx; ++x)
        if (gives_way(static_cast<Kind>(kinds[static_cast<std::size_t>(l.index(x, y, z))])))
          f(l.number(x, y, z), distance.of(x, y, z));
}

// The nearest places, in the order in which they are taken.
std::vector<std::int64_t> nearest_places(const Lattice& l, const std::vector<std::uint8_t>& kinds,
                                         const CountedLesion& lesion, std::uint64_t seed,
                                         std::uint64_t step) {
  const Distances distance(l, lesion.voxel);
  std::vector<std::int64_t> shells(static_cast<std::size_t>(distance.most() + 1), 0);
  for_each_place(l, kinds, distance,
                 [&](std::int64_t, std::int64_t far) { ++shells[static_cast<std::size_t>(far)]; });
  std::int64_t last = 0, within = 0; // the farthest shell of which some are taken
  for (; last <= distance.most(); ++last)
    if ((within += shells[static_cast<std::size_t>(last)]) >= lesion.cells) break;
  if (within < lesion.cells)
    throw std::invalid_argument("a lesion of " + std::to_string(lesion.cells) +
                                " cells is handed to a box with " + std::to_string(within) +
                                " places");
  std::vector<std::tuple<std::int64_t, std::uint32_t, std::int64_t>> order; // rank before voxel
  order.reserve(static_cast<std::size_t>(within));
  for_each_place(l, kinds, distance, [&](std::int64_t v, std::int64_t far) {
    if (far > last) return;
    const Draw d = draw(seed, Purpose::handover, static_cast<std::uint64_t>(v), step);
    order.emplace_back(far, d.word[0], v);
  });
  std::sort(order.begin(), order.end());
  order.resize(static_cast<std::size_t>(lesion.cells));
  std::vector<std::int64_t> places;
  places.reserve(order.size());
  for (const auto& place : order) places.push_back(std::get<2>(place));
  return places;
}

} // namespace

void Site::hand_over(const CountedLesion& lesion) {
  State& s = *s_;
  if (lesion.cells < 1) throw std::invalid_argument("a lesion without cells is handed over");
  if (lesion.voxel < 0 || lesion.voxel >= s.tissue.voxels())
    throw std::invalid_argument("a lesion is handed over outside the box");
  const auto now = static_cast<std::uint64_t>(s.step);
  const std::vector<std::int64_t> places =
      nearest_places(s.tissue, s.cells.arrays().kind.host_copy(), lesion, s.seed, now);
  const StemStart stem = stem_start(s.parameters);
  std::vector<std::pair<std::int64_t, Cell>> cells;
  cells.reserve(places.size());
  for (const std::int64_t v : places) {
    const Draw d = draw(s.seed, Purpose::handover, static_cast<std::uint64_t>(v), now);
    Cell c = lesion.founder;
    c.kind = to_unit(d.word[1]) < lesion.mesenchymal ? Kind::mesenchymal : Kind::epithelial;
    c.clock = stable_age(d.word[2]);
    c.timer = 0;
    c.flags = static_cast<std::uint16_t>(c.flags & ~flag_stem);
    if (d.word[3] < threshold(stem.fraction)) c.flags |= flag_stem;
    c.capacity = static_cast<std::uint8_t>(stem.capacity);
    cells.emplace_back(v, c);
  }
  s.cells.take_over(s.executor, cells, s.step);
}

} // namespace metavox
