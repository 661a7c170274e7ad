#include "tissue/seeding.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "voxel/kind.hpp"

namespace metavox {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr std::uint32_t vessel_owner = 0xffffffffu;

// Bounds of a region along an axis, um.
std::array<double, 2> bounds(const Region& r, std::size_t axis) {
  if (r.shape == Shape::sphere) return {r.centre[axis] - r.radius, r.centre[axis] + r.radius};
  if (r.shape == Shape::box) return {r.from[axis], r.to[axis]};
  if (axis_index(r.axis) == axis) return {r.begin, r.end};
  return {-1e300, 1e300};
}

// Share of the region that lies in the lattice, which holds the centres of `covered` voxels of it.
double share_inside(const Region& r, const Lattice& l, std::int64_t covered) {
  const double h = l.spacing;
  const double extents[3] = {l.nx * h, l.ny * h, l.nz * h};
  double share = 1;
  bool beyond = false;
  for (std::size_t a = 0; a < 3; ++a) {
    const auto [low, high] = bounds(r, a);
    if (low < -1e299 || (low >= -1e-9 * h && high <= extents[a] + 1e-9 * h)) continue;
    beyond = true;
    share *= (std::min(high, extents[a]) - std::max(low, 0.0)) / (high - low);
  }
  if (!beyond || r.shape != Shape::sphere) return share;
  const double ball = 4.0 / 3 * pi * r.radius * r.radius * r.radius;
  return std::min(1.0, static_cast<double>(covered) * h * h * h / ball);
}

class Counter {
public:
  Counter(const Lattice& l, const std::vector<std::int64_t>& vessels)
      : l_(l), owner_(static_cast<std::size_t>(l.voxels()), 0) {
    for (const std::int64_t v : vessels) owner_[static_cast<std::size_t>(v)] = vessel_owner;
  }

  void shape(const SeedShape& s, std::size_t number, std::uint64_t seed) {
    Seeded& row = begin("tissue.cells[" + std::to_string(number) + "]", s.kind);
    row.cells = s.kind != name_of(Kind::none);
    row.wanted = row.cells && s.fraction > 0;
    const ShapeSeeding seeding(s, number, seed);
    const double h = l_.spacing;
    const int n[3] = {l_.nx, l_.ny, l_.nz};
    int first[3], last[3]; // a voxel more than the bounds, as they may be off by a rounding
    for (std::size_t a = 0; a < 3; ++a) {
      const auto [low, high] = bounds(seeding.region, a);
      first[a] = static_cast<int>(std::clamp(std::floor(low / h) - 1, 0.0, n[a] - 1.0));
      last[a] = static_cast<int>(std::clamp(std::floor(high / h) + 1, 0.0, n[a] - 1.0));
    }
    for (int z = first[2]; z <= last[2]; ++z)
      for (int y = first[1]; y <= last[1]; ++y)
        for (int x = first[0]; x <= last[0]; ++x) {
          if (!seeding.holds({(x + 0.5) * h, (y + 0.5) * h, (z + 0.5) * h})) continue;
          ++row.covered;
          const std::int64_t v = l_.number(x, y, z);
          if (seeding.full || seeding.takes(seeding.drawn(l_.global(x, y, z)))) take(v, row);
        }
    row.inside = share_inside(seeding.region, l_, row.covered);
  }

  void image(const std::vector<std::uint8_t>& codes, Gaps gaps) {
    Seeded& row = begin("tissue.cells_vti", "");
    row.wanted = false; // an image may say that there are none
    for (std::size_t i = 0; i < codes.size(); ++i) {
      if (codes[i] != static_cast<std::uint8_t>(Kind::none))
        take(static_cast<std::int64_t>(i), row);
      else if (gaps == Gaps::empty)
        clear(static_cast<std::int64_t>(i));
    }
  }

  void table(const std::vector<ExternalArrays::PlacedCell>& cells) {
    Seeded& row = begin("tissue.cells_csv", "");
    row.wanted = false;
    const auto index = [this](double x) { return static_cast<int>(std::floor(x / l_.spacing)); };
    for (const ExternalArrays::PlacedCell& c : cells) {
      if (!l_.holds(index(c.x), index(c.y), index(c.z))) continue;
      const std::int64_t v = l_.number(index(c.x), index(c.y), index(c.z));
      if (c.kind != static_cast<std::uint8_t>(Kind::none))
        take(v, row);
      else
        clear(v);
    }
  }

  std::vector<Seeded> take_rows() { return std::move(rows_); }

private:
  // Entries are numbered from 1 in `owner_`; 0: nobody's.
  Seeded& begin(const std::string& key, const std::string& kind) {
    rows_.emplace_back();
    rows_.back().key = key;
    rows_.back().kind = kind;
    return rows_.back();
  }
  void clear(std::int64_t voxel) {
    std::uint32_t& owner = owner_[static_cast<std::size_t>(voxel)];
    if (owner == vessel_owner) return;
    if (owner != 0) ++rows_[owner - 1].replaced;
    owner = 0;
  }
  void take(std::int64_t voxel, Seeded& row) {
    ++row.asked;
    row.wanted = row.wanted || row.cells;
    std::uint32_t& owner = owner_[static_cast<std::size_t>(voxel)];
    if (owner == vessel_owner) {
      ++row.vessels;
      return;
    }
    if (owner != 0) ++rows_[owner - 1].replaced;
    owner = static_cast<std::uint32_t>(rows_.size());
  }

  const Lattice& l_;
  std::vector<std::uint32_t> owner_;
  std::vector<Seeded> rows_;
};

} // namespace

ShapeSeeding::ShapeSeeding(const SeedShape& s, std::size_t n, std::uint64_t of_site)
    : region{s.shape, s.centre, s.radius, s.from, s.to, s.axis, s.begin, s.end},
      filled(threshold(s.fraction)), full(s.fraction >= 1.0), number(n), seed(of_site) {}

std::vector<Seeded> count_seeds(const TissueParameters& p, const Lattice& lattice,
                                const ExternalArrays& external,
                                const std::vector<std::int64_t>& vessels, std::uint64_t seed) {
  if (p.cells.empty() && external.cells.empty() && external.placed.empty()) return {};
  Counter counter(lattice, vessels);
  for (std::size_t i = 0; i < p.cells.size(); ++i) counter.shape(p.cells[i], i, seed);
  if (!external.cells.empty()) counter.image(external.cells, p.cells_vti_gaps);
  if (!external.placed.empty()) counter.table(external.placed);
  return counter.take_rows();
}

} // namespace metavox
