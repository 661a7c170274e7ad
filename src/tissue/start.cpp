#include "tissue/start.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/constants.hpp"
#include "core/exact.hpp"
#include "core/random.hpp"
#include "core/team.hpp"
#include "settings/expression.hpp"
#include "tissue/matrix.hpp"
#include "tissue/seeding.hpp"
#include "tissue/serosa.hpp"
#include "voxel/region.hpp"
#include "voxel/views.hpp"

namespace metavox {
namespace {

using Vector = std::array<double, 3>;

double square(double v) { return v * v; }

constexpr std::size_t most_clones = 65535;

// Numbers that the table of cells leaves.
std::int64_t free_clones(const ExternalArrays& external) {
  std::set<int> named;
  for (const ExternalArrays::PlacedCell& c : external.placed)
    if (c.clone != 0) named.insert(c.clone);
  return static_cast<std::int64_t>(most_clones - named.size());
}

class Builder {
public:
  Builder(const TissueParameters& p, const MatrixParameters& matrix, const StemStart& stem,
          const Lattice& l, const ExternalArrays& external,
          const std::vector<std::int64_t>& vessels, const std::array<bool, 6>& serosal,
          std::uint64_t seed, int threads, std::int64_t founders_per_clone = 1)
      : p_(p), m_(matrix), stem_(stem), l_(l), external_(external), vessels_(vessels),
        serosa_(l, serosal), seed_(seed), threads_(threads) {
    t_.founders_per_clone = founders_per_clone;
    for (const ExternalArrays::PlacedCell& c : external.placed) named_[c.clone] = true;
    const auto n = static_cast<std::size_t>(l.padded());
    t_.kind.assign(n, static_cast<std::uint8_t>(Kind::outside));
    t_.flags.assign(n, 0);
    t_.capacity.assign(n, 0);
    t_.clock.assign(n, 0);
    t_.clone.assign(n, 0);
    t_.membrane.assign(n, 0);
    t_.matrix.assign(n, 0.0f);
  }

  InitialTissue build() {
    lay_matrix();
    for_each_at_once(
        [&](const Voxel& s) { t_.kind[at(s)] = static_cast<std::uint8_t>(Kind::none); });
    seed_normal_tissue();
    place_vessels();
    for (std::size_t n = 0; n < p_.cells.size(); ++n) seed_shape(p_.cells[n], n);
    place_external();
    lay_membranes();
    return std::move(t_);
  }

private:
  template <class F>
  void for_each(const F& f) const {
    for (int z = 0; z < l_.nz; ++z)
      for (int y = 0; y < l_.ny; ++y)
        for (int x = 0; x < l_.nx; ++x) f(l_.voxel(x, y, z));
  }
  // The same on several threads: f may change the arrays at its voxel alone.
  template <class F>
  void for_each_at_once(const F& f) const {
#pragma omp parallel for schedule(static) num_threads(team_for(l_.voxels(), threads_))
    for (int z = 0; z < l_.nz; ++z)
      for (int y = 0; y < l_.ny; ++y)
        for (int x = 0; x < l_.nx; ++x) f(l_.voxel(x, y, z));
  }
  static std::size_t at(const Voxel& s) { return static_cast<std::size_t>(s.i); }
  Vector centre(const Voxel& s) const {
    return {(s.x + 0.5) * l_.spacing, (s.y + 0.5) * l_.spacing, (s.z + 0.5) * l_.spacing};
  }

  void lay_matrix() {
    const MatrixParameters& m = m_;
    for_each_at_once([&](const Voxel& s) { t_.matrix[at(s)] = static_cast<float>(m.density); });
    if (m.pattern == MatrixPattern::layers) {
      const std::size_t axis = axis_index(m.layer_axis);
      for_each([&](const Voxel& s) {
        const auto layer = static_cast<std::int64_t>(centre(s)[axis] / m.layer_thickness);
        if (layer % 2 != 0) t_.matrix[at(s)] = static_cast<float>(m.layer_density);
      });
    }
    if (m.pattern == MatrixPattern::fibres) lay_fibres();
    if (m.initial.active()) t_.matrix = prescribed_field(m.initial, "matrix", l_, l_, 1, external_);
  }

  // Straight fibres at random places until the wanted share of voxels is filled.
  void lay_fibres() {
    const MatrixParameters& m = m_;
    const double h = l_.spacing;
    std::vector<std::uint8_t> filled(t_.matrix.size(), 0);
    const auto wanted =
        static_cast<std::int64_t>(m.fibre_fraction * static_cast<double>(l_.voxels()));
    std::int64_t count = 0;
    const std::size_t axis = axis_index(m.layer_axis);
    const double extent[3] = {l_.nx * h, l_.ny * h, l_.nz * h};
    const std::int64_t most = 1000 + 4 * l_.voxels();
    for (std::int64_t fibre = 0; count < wanted && fibre < most; ++fibre) {
      const Draw a = draw(seed_, Purpose::fibre_seeding, static_cast<std::uint64_t>(fibre), 0);
      const Draw b = draw(seed_, Purpose::fibre_seeding, static_cast<std::uint64_t>(fibre), 1);
      Vector direction{};
      double norm = 0;
      for (std::size_t k = 0; k < 3; ++k) { // normal deviates point in all directions alike
        direction[k] = (1 - m.fibre_alignment) * exact::normal_quantile(to_unit(b.word[k])) +
                       (k == axis ? m.fibre_alignment * 3.0 : 0.0);
        norm += square(direction[k]);
      }
      norm = std::sqrt(norm);
      if (norm <= 0) continue;
      Vector middle{};
      for (std::size_t k = 0; k < 3; ++k) middle[k] = to_unit(a.word[k]) * extent[k];
      const int samples = std::max(1, static_cast<int>(std::ceil(m.fibre_length / h * 2)));
      const int reach = static_cast<int>(std::ceil(m.fibre_radius / h));
      for (int n = 0; n <= samples; ++n) {
        const double along = (static_cast<double>(n) / samples - 0.5) * m.fibre_length;
        int v[3];
        Vector q{};
        for (std::size_t k = 0; k < 3; ++k) {
          q[k] = middle[k] + along * direction[k] / norm;
          v[k] = static_cast<int>(std::floor(q[k] / h));
        }
        for (int z = v[2] - reach; z <= v[2] + reach; ++z)
          for (int y = v[1] - reach; y <= v[1] + reach; ++y)
            for (int x = v[0] - reach; x <= v[0] + reach; ++x) {
              if (!l_.holds(x, y, z)) continue;
              const Voxel s = l_.voxel(x, y, z);
              const Vector c = centre(s);
              const bool own = x == v[0] && y == v[1] && z == v[2];
              if (!own && square(c[0] - q[0]) + square(c[1] - q[1]) + square(c[2] - q[2]) >
                              m.fibre_radius * m.fibre_radius)
                continue;
              if (filled[at(s)] != 0) continue;
              filled[at(s)] = 1;
              t_.matrix[at(s)] = static_cast<float>(m.fibre_density);
              ++count;
            }
      }
    }
  }

  void seed_normal_tissue() {
    const std::uint32_t parenchyma = threshold(p_.parenchyma);
    const std::uint32_t both = threshold(std::min(1.0, p_.parenchyma + p_.stroma));
    if (both == 0) return;
    for_each_at_once([&](const Voxel& s) {
      const Draw d = draw(seed_, Purpose::seeding, l_.global(s), 0);
      if (d.word[0] >= both) return;
      place(s, d.word[0] < parenchyma ? Kind::parenchyma : Kind::stroma);
      t_.clock[at(s)] = stable_age(d.word[1]);
    });
  }

  void place(const Voxel& s, Kind kind) {
    t_.kind[at(s)] = static_cast<std::uint8_t>(kind);
    t_.flags[at(s)] = 0;
    t_.clock[at(s)] = 0;
    t_.clone[at(s)] = 0;
    t_.capacity[at(s)] = 0;
  }

  void place_vessels() {
    for (const std::int64_t v : vessels_) {
      const auto i = static_cast<std::size_t>(l_.voxel_at(v).i);
      t_.kind[i] = static_cast<std::uint8_t>(Kind::vessel);
      t_.clock[i] = 0;
    }
  }

  // A number that no table gave to somebody else.
  std::uint16_t next_clone() {
    if (t_.founders++ % t_.founders_per_clone == 0) do
        clone_ = clone_ == most_clones ? 1 : clone_ + 1;
      while (named_[clone_] && any_free_);
    return static_cast<std::uint16_t>(clone_);
  }

  void seed_cell(const Voxel& s, Kind kind, const Draw& d, bool stem, std::uint16_t clone) {
    if (static_cast<Kind>(t_.kind[at(s)]) == Kind::vessel) return;
    place(s, kind);
    if (is_tumour(kind)) {
      t_.clock[at(s)] = stable_age(d.word[1]);
      t_.clone[at(s)] = clone != 0 ? clone : next_clone();
      const bool drawn = d.word[3] < threshold(stem_.fraction);
      if (stem || drawn) t_.flags[at(s)] = flag_stem;
      t_.capacity[at(s)] = static_cast<std::uint8_t>(stem_.capacity);
    }
    if (is_normal(kind)) t_.clock[at(s)] = stable_age(d.word[1]);
  }

  void seed_shape(const SeedShape& shape, std::size_t number) {
    const std::optional<Kind> named = kind_of(shape.kind);
    if (!named) throw std::invalid_argument("no kind of cell is called " + shape.kind);
    const Kind kind = *named;
    const std::uint32_t m_like = threshold(shape.mesenchymal_fraction);
    const ShapeSeeding seeding(shape, number, seed_);
    for_each([&](const Voxel& s) {
      if (!seeding.holds(centre(s))) return;
      const Draw d = seeding.drawn(l_.global(s));
      if (!seeding.takes(d)) return;
      const bool changed = kind == Kind::epithelial && shape.mesenchymal_fraction > 0 &&
                           (shape.mesenchymal_fraction >= 1.0 || d.word[2] < m_like);
      seed_cell(s, changed ? Kind::mesenchymal : kind, d, shape.stem, 0);
    });
  }

  void place_external() {
    if (!external_.cells.empty()) {
      std::size_t n = 0;
      for_each([&](const Voxel& s) {
        const auto kind = static_cast<Kind>(external_.cells[n++]);
        if (kind == Kind::none && p_.cells_vti_gaps == Gaps::tissue) return;
        seed_cell(s, kind, draw(seed_, Purpose::seeding, l_.global(s), 1000), false, 0);
      });
    }
    for (const ExternalArrays::PlacedCell& c : external_.placed) {
      const int x = static_cast<int>(std::floor(c.x / l_.spacing)),
                y = static_cast<int>(std::floor(c.y / l_.spacing)),
                z = static_cast<int>(std::floor(c.z / l_.spacing));
      if (!l_.holds(x, y, z)) continue;
      const Voxel s = l_.voxel(x, y, z);
      seed_cell(s, static_cast<Kind>(c.kind), draw(seed_, Purpose::seeding, l_.global(s), 1001),
                false, c.clone);
    }
  }

  // Sheets one voxel thick with no gap that a step through a face could pass.
  void lay_membranes() {
    for (const TissueParameters::Membrane& m : p_.membranes)
      for_each([&](const Voxel& s) {
        const Vector c = centre(s);
        double distance = 0;
        if (m.shape == Shape::layer) {
          distance = c[axis_index(m.axis)] - m.at;
        } else {
          distance = std::sqrt(square(c[0] - m.centre[0]) + square(c[1] - m.centre[1]) +
                               square(c[2] - m.centre[2])) -
                     m.radius;
        }
        if (distance >= 0 && distance < l_.spacing) t_.membrane[at(s)] = membrane_intact;
      });
    if (serosa_.any())
      for_each_at_once([&](const Voxel& s) {
        if (serosa_.has_membrane(s.x, s.y, s.z)) t_.membrane[at(s)] = membrane_intact;
      });
  }

  const TissueParameters& p_;
  const MatrixParameters& m_;
  const StemStart& stem_;
  const Lattice& l_;
  const ExternalArrays& external_;
  const std::vector<std::int64_t>& vessels_;
  SerosalFaces serosa_;
  std::uint64_t seed_;
  int threads_;
  InitialTissue t_;
  std::size_t clone_ = 0;
  const bool any_free_ = free_clones(external_) > 0;
  std::vector<bool> named_ = std::vector<bool>(most_clones + 1);
};

} // namespace

std::uint16_t stable_age(std::uint32_t word) {
  const double phi = -exact::log(1.0 - 0.5 * to_unit(word)) / ln2;
  return static_cast<std::uint16_t>(clock_zero + static_cast<int>(phi * clock_unit));
}

InitialTissue build_tissue(const TissueParameters& settings, const MatrixParameters& matrix,
                           const StemStart& stem, const Lattice& lattice,
                           const ExternalArrays& external, const std::vector<std::int64_t>& vessels,
                           const std::array<bool, 6>& serosal, std::uint64_t seed, int threads) {
  const std::int64_t numbers = std::max<std::int64_t>(1, free_clones(external));
  InitialTissue start =
      Builder(settings, matrix, stem, lattice, external, vessels, serosal, seed, threads).build();
  if (start.founders <= numbers) return start;
  // How many there are is known only now, and numbers that come again would make one clone of cells
  // from two ends of a tumour.
  const std::int64_t share = (start.founders + numbers - 1) / numbers;
  start = {};
  return Builder(settings, matrix, stem, lattice, external, vessels, serosal, seed, threads, share)
      .build();
}

std::vector<float> prescribed_field(const Frozen& frozen, const std::string& name,
                                    const Lattice& lattice, const Lattice& tissue, int coarsen,
                                    const ExternalArrays& external) {
  std::vector<float> field(static_cast<std::size_t>(lattice.padded()), 0.0f);
  const auto put = [&](const auto& value) {
    for (int z = 0; z < lattice.nz; ++z)
      for (int y = 0; y < lattice.ny; ++y)
        for (int x = 0; x < lattice.nx; ++x)
          field[static_cast<std::size_t>(lattice.index(x, y, z))] = value(x, y, z);
  };
  if (!frozen.expression.empty()) {
    const Expression formula(frozen.expression);
    const double h = lattice.spacing;
    put([&](int x, int y, int z) {
      const double v = formula((x + 0.5) * h, (y + 0.5) * h, (z + 0.5) * h);
      if (!(v >= 0) || v > 1e30)
        throw std::invalid_argument(
            name + ": the formula " + frozen.expression + " gives " + std::to_string(v) + " at (" +
            std::to_string((x + 0.5) * h) + ", " + std::to_string((y + 0.5) * h) + ", " +
            std::to_string((z + 0.5) * h) + ") um; a field must be a number >= 0");
      return static_cast<float>(v);
    });
    return field;
  }
  if (external.absent) return field;
  const std::vector<float>* values = external.field(name);
  if (!values || values->size() != static_cast<std::size_t>(tissue.voxels()))
    throw std::invalid_argument(name + ": the array of " + frozen.file + " was not read");
  put([&](int x, int y, int z) {
    // A coarser field takes the average of the tissue voxels it covers.
    double sum = 0;
    for (int dz = 0; dz < coarsen; ++dz)
      for (int dy = 0; dy < coarsen; ++dy)
        for (int dx = 0; dx < coarsen; ++dx)
          sum += static_cast<double>((*values)[static_cast<std::size_t>(
              tissue.number(x * coarsen + dx, y * coarsen + dy, z * coarsen + dz))]);
    return static_cast<float>(sum / (coarsen * coarsen * coarsen));
  });
  return field;
}

} // namespace metavox
