// What a site takes, counted from the same lists that it is made of.

#include "vessels/memory.hpp"

#include <algorithm>
#include <numeric>

#include "fields/blood_exchange.hpp"
#include "site/state.hpp"
#include "site/take_apart.hpp"

namespace metavox {
namespace {

struct Lattices {
  Lattice tissue, fields;
  explicit Lattices(const Parameters& p)
      : tissue(tissue_lattice(p)), fields(FieldGrid::lattice_of(tissue, p.fields.coarsen)) {}
};

// Arrays that are smaller than this together: tables, counters, edges of lists.
constexpr std::size_t bytes_of_held = 160; // of a cell in vessels: its entry, and when it lands
constexpr double bytes_of_lymphatic = 12;  // its voxel and its wall
constexpr std::size_t small_buffers = std::size_t{64} << 10;

BloodExtent blood_extent(const Parameters& p) {
  const int substances = (p.oxygen.enabled ? 1 : 0) + (p.glucose.enabled ? 1 : 0);
  const std::size_t lent =
      cells_lend(p.fields.coarsen) ? Population::bytes_to_lend(Lattices(p).tissue) : 0;
  return {p.domain.spacing * p.fields.coarsen, p.domain.spacing,
          [=](double pieces, double touched) {
            return substances * BloodExchange::bytes_of_its_own(pieces, touched, lent);
          }};
}

ArrayInfo on_lattice(const char* name, const char* unit, const char* meaning, ElementType type,
                     const Lattice& l) {
  return {name, unit, meaning, type, {l.nx, l.ny, l.nz}, l.spacing};
}

} // namespace

std::vector<std::size_t> device_buffers(const Parameters& p) {
  const Lattices l(p);
  std::vector<std::size_t> bytes = DiffusionScratch::buffers(l.fields);
  const auto add = [&](auto& buffer, std::int64_t entries) {
    bytes.push_back(static_cast<std::size_t>(entries) * sizeof(*buffer.data()));
  };
  const auto of_tissue = [&](const char*, const char*, auto& buffer) {
    add(buffer, l.tissue.padded());
  };
  Population::Arrays().for_each(of_tissue);
  Population::Work().for_each(l.tissue, p.tracers.count, add);
  for (const std::size_t n : ExcessCells::buffers(l.tissue)) bytes.push_back(n);
  Matrix::Arrays().for_each(of_tissue);
  if (p.lymphatics.enabled) bytes.push_back(static_cast<std::size_t>(l.tissue.padded()));
  for (const FieldRow& row : Fields::rows(field_settings(p)))
    if (row.present) bytes.push_back(Field::bytes(l.fields));
  return bytes;
}

std::size_t estimate_device_bytes(const Parameters& p) {
  const Lattices l(p);
  const std::vector<std::size_t> buffers = device_buffers(p);
  // All that `arrivals` sends may wait at once for room, and ask about all voxels around.
  const std::size_t held =
      p.arrivals.enabled ? static_cast<std::size_t>(p.arrivals.cells) * bytes_of_held : 0;
  // Lists of lymphatic voxels, at most: as if all tissue were stroma.
  const std::size_t lymph =
      p.lymphatics.enabled
          ? static_cast<std::size_t>(p.lymphatics.share * static_cast<double>(l.tissue.voxels()) *
                                     bytes_of_lymphatic)
          : 0;
  const std::size_t serosa =
      static_cast<std::size_t>(Serosa::most_voxels(l.tissue, serosal_faces(p.serosa))) *
      Serosa::bytes_of_voxel;
  return std::accumulate(buffers.begin(), buffers.end(), small_buffers) + held + lymph + serosa +
         estimate_vessel_bytes(vasculature_settings(p), l.tissue, p.simulation.seed,
                               blood_extent(p));
}

double estimate_vessel_nodes(const Parameters& p) {
  const Lattices l(p);
  return estimate_vessel_nodes(vasculature_settings(p), l.tissue, p.simulation.seed);
}

std::pair<double, double> estimate_network(const Parameters& p, const VesselNetwork& network) {
  const NetworkNeeds needs =
      needs_of_network(network, estimate_vessel_nodes(p), vasculature_settings(p), blood_extent(p));
  return {needs.device, needs.nodes};
}

std::pair<double, double> estimate_network(const Parameters& p, const Snapshot& state) {
  // Nodes of sprouts are among those that the settings tell.
  const Snapshot::Array* sprout = state.find("vessel_node_sprout");
  if (p.vessels.pattern != VesselPattern::file || sprout == nullptr ||
      sprout->info.type != element_type<std::int32_t>())
    return {0, 0};
  const std::int32_t* first = sprout->as<std::int32_t>();
  const auto nodes = static_cast<double>(std::count(first, first + sprout->info.count(), 0));
  const NetworkNeeds needs =
      needs_of_nodes(nodes, estimate_vessel_nodes(p), vasculature_settings(p), blood_extent(p));
  return {needs.device, needs.nodes};
}

std::vector<ArrayInfo> state_arrays_of(const Parameters& p) {
  const Lattices l(p);
  std::vector<ArrayInfo> infos;
  const auto of_tissue = [&](const char* name, const char* meaning, auto& buffer) {
    using T = std::remove_reference_t<decltype(*buffer.data())>;
    infos.push_back(on_lattice(name, "1", meaning, element_type<T>(), l.tissue));
  };
  Population::Arrays cells;
  cells.for_each(of_tissue);
  Matrix::Arrays matrix;
  matrix.for_each(of_tissue);
  std::int64_t fields = 0;
  for (const FieldRow& row : Fields::rows(field_settings(p)))
    if (row.present) {
      infos.push_back(on_lattice(row.name, row.unit, row.meaning, ElementType::f32, l.fields));
      ++fields;
    }
  infos.push_back({"ledger", "1", "", ElementType::i64, {ledger_entries, 1, 1}, 0});
  if (cells_leave(p))
    infos.push_back({"departures", "1", "", ElementType::i64, {Departures::entry_count, 1, 1}, 0});
  if (p.arrivals.enabled)
    infos.push_back({"arrivals", "1", "", ElementType::i64, {Arrested::counter_count, 1, 1}, 0});
  if (p.tracers.count > 0)
    infos.push_back(
        {"tracers", "1", "", ElementType::u32, {3 * std::int64_t{p.tracers.count}, 1, 1}, 0});
  if (p.lymphatics.enabled)
    infos.push_back(on_lattice("lymphatic", "1", Lymphatics::meaning, ElementType::u8, l.tissue));
  infos.push_back({"solves", "1", "", ElementType::f64, {LastSolves::of_field * fields, 1, 1}, 0});
  return infos;
}

std::vector<ArrayInfo> derived_arrays_of(const Parameters& p) {
  const Lattices l(p);
  std::vector<ArrayInfo> infos{
      on_lattice("cell_state", "1", "kind and rest of the cell in the voxel", ElementType::u8,
                 l.tissue),
      on_lattice("excess_cell", "1", "kind of the second cell in the voxel; 0: none",
                 ElementType::u8, l.tissue),
      on_lattice("oxygen_release", "mmHg/min",
                 "oxygen that vessels give to the voxel, negative where they take it up",
                 ElementType::f32, l.fields)};
  if (p.vessels.pattern != VesselPattern::none)
    infos.push_back(on_lattice("vessel_fraction", "1", "share of the voxel that vessels take",
                               ElementType::f32, l.tissue));
  return infos;
}

} // namespace metavox
