// A row of metrics.csv: what a report knows about the whole site.

#include <cmath>
#include <string>

#include "core/constants.hpp"
#include "core/launch.hpp"
#include "site/measure.hpp"
#include "site/state.hpp"
#include "site/tumour_shape.hpp"

namespace metavox {
namespace {

constexpr std::int64_t distance_sample = 8192; // places whose distance to vessels is measured

double share(double part, double whole) { return whole > 0 ? part / whole : 0.0; }

using Bins = std::array<std::int64_t, TallyCells::bins>;

std::int64_t at(const Bins& bins, int b) { return bins[static_cast<std::size_t>(b)]; }
std::int64_t at(const Bins& bins, CellState state) { return at(bins, static_cast<int>(state)); }
std::int64_t living(const Bins& bins) {
  return at(bins, TallyCells::epithelial_bin) + at(bins, TallyCells::mesenchymal_bin);
}

void add_counts(MetricSheet& sheet, const Bins& bins) {
  const char* const by_phenotype = "living tumour cells of a phenotype";
  sheet.count("tumour_cells", living(bins), "living tumour cells");
  sheet.count("epithelial", at(bins, TallyCells::epithelial_bin), by_phenotype);
  sheet.count("mesenchymal", at(bins, TallyCells::mesenchymal_bin), by_phenotype);
  for (const StateRow& state : state_rows)
    if (state.code != 0)
      sheet.count(std::string(state.column), at(bins, state.code),
                  "cells, or empty voxels, of a `cell_state`");
  const char* const by_clock =
      "tumour cells that do not rest, by the clock: first 28 %, next 44 %, last 28 %";
  sheet.count("phase_g1", at(bins, TallyCells::phase_bin), by_clock);
  sheet.count("phase_s", at(bins, TallyCells::phase_bin + 1), by_clock);
  sheet.count("phase_g2m", at(bins, TallyCells::phase_bin + 2), by_clock);
  sheet.count(
      "cells_without_tumour_neighbour", at(bins, TallyCells::detached_bin),
      "living tumour cells with no tumour cell at a face, as of the last rest-and-death rule");
}

// The same of second cells, which take no room.
Bins tally_excess(const Executor& executor, const ExcessView& excess, TallyCells tally) {
  if (excess.count == 0) return {};
  tally.kind = excess.cell.kind_code;
  tally.flags = excess.cell.flags;
  tally.clock = excess.cell.clock;
  return executor.tally_over(excess.line(), TallyExcess{excess, tally});
}

void add_shape(MetricSheet& sheet, const Bins& bins, const TumourShape& shape, double spacing) {
  const double volume =
      static_cast<double>(shape.living + shape.dead) * spacing * spacing * spacing;
  sheet.real("tumour_volume", "mm^3", volume * 1e-9,
             "living tumour cells and dead bodies, those that stand");
  sheet.real("tumour_diameter", "um", std::cbrt(6 * volume / pi), "of the sphere of that volume");
  const char* const box = "box around living tumour cells";
  sheet.real("extent_x", "um", shape.extent[0], box);
  sheet.real("extent_y", "um", shape.extent[1], box);
  sheet.real("extent_z", "um", shape.extent[2], box);
  sheet.real("radius_of_gyration", "um", shape.gyration, "of living tumour cells");
  sheet.real("farthest_cell", "um", shape.farthest, "from the centre of living tumour cells");
  sheet.count("detached_clusters", shape.detached_clusters,
              "face-connected groups of tumour and dead voxels other than the largest");
  sheet.count("detached_cells", shape.detached_cells, "living cells in those groups");
  sheet.count("touches_face", shape.touches_face ? 1 : 0, "1 if the tumour reaches the box");
  sheet.real("hypoxic_fraction", "1",
             share(static_cast<double>(at(bins, TallyCells::hypoxic_bin)),
                   static_cast<double>(living(bins))),
             "share of living tumour cells below 10 mmHg");
  sheet.real("necrotic_fraction", "1",
             share(static_cast<double>(at(bins, drawn_state(Kind::necrotic))),
                   static_cast<double>(shape.living + shape.dead)),
             "debris over living tumour and dead");
}

// Births, deaths and changes of kind since the start.
void add_turnover(MetricSheet& sheet, const Bins& bins, const Ledger& ledger) {
  std::int64_t normal_lost = 0, normal_born = 0, normal = 0;
  for (const Kind k : kinds_in(normal_kinds)) {
    for (const Kind dead : kinds_in(dead_kinds)) normal_lost += ledger.changed(k, dead);
    normal_born += ledger.arrived(Reservoir::born, k);
    normal += at(bins, drawn_state(k));
  }
  sheet.real("normal_lost_fraction", "1",
             share(static_cast<double>(normal_lost - normal_born),
                   static_cast<double>(normal + normal_lost - normal_born)),
             "normal cells died, less born; negative if more were born");
  const char* const since_start = "of tumour cells, since the start";
  std::int64_t births = 0, apoptosis = 0, necrosis = 0;
  for (const Kind k : kinds_in(tumour_kinds)) {
    births += ledger.arrived(Reservoir::born, k);
    apoptosis += ledger.changed(k, Kind::apoptotic);
    necrosis += ledger.changed(k, Kind::necrotic);
  }
  sheet.count("births", births, since_start);
  sheet.count("deaths_apoptotic", apoptosis, since_start);
  sheet.count("deaths_necrotic", necrosis, since_start);
  for (const CauseRow& row : cause_rows)
    sheet.count("deaths_" + std::string(row.name), ledger.died(tumour_kinds, row.cause),
                "tumour cells that died " + std::string(row.label) + ", since the start");
  for (const Cause cause : {Cause::starved, Cause::crushed})
    sheet.count("normal_" + std::string(cause_rows[static_cast<std::size_t>(cause)].name),
                ledger.died(normal_kinds, cause), "normal cells that died so, since the start");
  sheet.count("emt", ledger.changed(Kind::epithelial, Kind::mesenchymal), since_start);
  sheet.count("met", ledger.changed(Kind::mesenchymal, Kind::epithelial), since_start);
}

// The largest value of a field, or of its negative, whatever its sign.
double largest(const Executor& executor, const Lattice& l, const float* c, bool negated) {
  const float above = executor.max_over(l, LargestOf{c, negated});
  if (above != 0.0f) return static_cast<double>(above);
  const float below = SmallestOf::value(executor.max_over(l, SmallestOf{c, !negated}));
  return 0 - static_cast<double>(below); // not -0
}

void add_field(MetricSheet& sheet, const Executor& executor, const Field& field) {
  const std::string name = field.row().name, unit = field.row().unit;
  const Lattice& l = field.lattice();
  const float* c = field.values().data();
  const auto sum = executor.tally_over(l, TallyField{c});
  const char* const in_box = "of the whole box, where the field is on";
  sheet.real(name + "_mean", unit, from_fixed_point(sum[0]) / static_cast<double>(l.voxels()),
             in_box);
  const bool any_sign = field.row().lowest < -1.0f; // others end within a tolerance of zero
  const double lowest =
      any_sign ? 0 - largest(executor, l, c, true)
               : static_cast<double>(SmallestOf::value(executor.max_over(l, SmallestOf{c})));
  sheet.real(name + "_min", unit, lowest, in_box);
  sheet.real(name + "_max", unit, largest(executor, l, c, false), in_box);
  sheet.count(name + "_cycles", field.report().cycles, "V-cycles of the last solve");
  sheet.real(name + "_error", unit, static_cast<double>(field.report().error),
             "estimated error of the last solve");
}

// Who left by a route. Columns of blood have the plain names.
void add_departures(MetricSheet& sheet, const Departures& left, Route route,
                    const std::string& section, const std::string& prefix) {
  const std::string since_start = "with `" + section + "`: since the start",
                    into = route == Route::blood ? "" : std::string(", by ") + name_of(route);
  sheet.count(prefix + "departed_cells", left.counted(Departures::left_cells, route), since_start);
  sheet.count(prefix + "departed_singles", left.counted(Departures::singles, route), since_start);
  sheet.count(prefix + "departed_clusters", left.counted(Departures::clusters, route), since_start);
  const auto real = [&](Departures::Counter c) {
    return static_cast<double>(left.counted(c, route)) / expected_unit;
  };
  sheet.real(prefix + "departures_expected", "1", real(Departures::expected),
             "singles and clusters that the hazards let expect since the start" + into);
  sheet.real(prefix + "shedding_expected", "1/day", 24 * real(Departures::expected_now),
             "the hazards of all cells together, at the last vessel step" + into);
}

void add_lymphatics(MetricSheet& sheet, const Executor& executor, const Lattice& lattice,
                    const std::uint8_t* state) {
  const auto n = executor.tally_over(lattice, TallyLymphatics{state});
  sheet.count("lymphatics", n[0], "with `lymphatics`: voxels with a lymphatic");
  sheet.count(
      "lymphatics_working", n[1],
      "with `lymphatics`: those that the tumour does not press on, as of the last vessel step");
}

// Who came with the blood.
void add_arrivals(MetricSheet& sheet, const Arrested& held) {
  const char* const in_vessels = "with `arrivals`: cells that came and have not landed";
  sheet.count("held_lodged", held.count(Berth::lodged), in_vessels);
  sheet.count("held_adherent", held.count(Berth::adherent), in_vessels);
  sheet.count("held_outside", held.count(Berth::outside),
              "with `arrivals`: cells that have crossed and wait for room");
  struct Column {
    const char* name;
    Arrested::Counter counter;
    const char* meaning;
  };
  const char* const since_start = "with `arrivals`: cells, since the start";
  const char* const by_fate = "with `arrivals`: of the landed, by the fate that was drawn";
  for (const Column& c : {Column{"arrived_cells", Arrested::came, since_start},
                          {"arrived_passed", Arrested::passed, since_start},
                          {"arrived_released", Arrested::released, since_start},
                          {"lodged_killed", Arrested::killed, since_start},
                          {"lodged_died", Arrested::died_lodged, since_start},
                          {"adhered_cells", Arrested::adhered, since_start},
                          {"adherent_died", Arrested::died_adherent, since_start},
                          {"crossed_cells", Arrested::crossed, since_start},
                          {"landed_cells", Arrested::landed, since_start},
                          {"landed_competent", Arrested::landed_competent, by_fate},
                          {"landed_abortive", Arrested::landed_abortive, by_fate},
                          {"landed_dormant", Arrested::landed_dormant, by_fate},
                          {"landed_doomed", Arrested::landed_doomed, by_fate}})
    sheet.count(c.name, held.counted(c.counter), c.meaning);
}

// Moments of the walkers' displacements along each axis.
void add_tracers(MetricSheet& sheet, const std::vector<std::int32_t>& position,
                 const std::array<double, 3>& start, double spacing) {
  const std::size_t walkers = position.size() / 3;
  const auto n = static_cast<double>(walkers);
  const char* const moments = "with tracers: moments of their displacement from the start";
  double msd = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    const double origin = std::floor(start[a] / spacing);
    double m1 = 0, m2 = 0, m4 = 0;
    for (std::size_t k = a; k < position.size(); k += 3) m1 += (position[k] - origin) / n;
    for (std::size_t k = a; k < position.size(); k += 3) {
      const double d = position[k] - origin - m1;
      m2 += d * d / n;
      m4 += d * d * d * d / n;
      msd += (position[k] - origin) * (position[k] - origin) / n;
    }
    const std::string axis(1, "xyz"[a]);
    sheet.real("tracer_mean_" + axis, "um", m1 * spacing, moments);
    sheet.real("tracer_variance_" + axis, "um^2", m2 * spacing * spacing, moments);
    sheet.real("tracer_kurtosis_" + axis, "1", share(m4, m2 * m2), moments);
  }
  sheet.real("tracer_msd", "um^2", msd * spacing * spacing,
             "with tracers: mean square displacement");
}

// Where distances to vessels are taken: living tumour cells, or all tissue where there is no
// tumour.
std::vector<std::int64_t> places_to_feed(const Executor& executor, const Lattice& lattice,
                                         const std::uint8_t* kind) {
  constexpr auto tissue = static_cast<KindMask>(~(1u << static_cast<unsigned>(Kind::vessel)));
  std::vector<std::int64_t> places =
      sample_voxels(executor, lattice, kind, tumour_kinds, distance_sample);
  return places.empty() ? sample_voxels(executor, lattice, kind, tissue, distance_sample) : places;
}

// What blood does with oxygen, amounts per minute.
void add_blood(MetricSheet& sheet, const BloodReport& blood, const BloodPaths& paths) {
  double given = 0, taken = 0, length = 0, low = 0;
  constexpr double starved = 5; // mmHg
  for (std::size_t k = 0; k < blood.given.size(); ++k) {
    (blood.given[k] > 0 ? given : taken) += std::abs(blood.given[k]);
    length += paths.lengths()[k];
    if (blood.level[k] < starved) low += paths.lengths()[k];
  }
  const char* const by_pieces = "all pieces of vessels that give, or that take it up, together";
  sheet.real("oxygen_in", "fmol/min", blood.in, "with blood that enters; 0 with `blood: fixed`");
  sheet.real("oxygen_out", "fmol/min", blood.out, "with blood that leaves; 0 with `blood: fixed`");
  sheet.real("oxygen_released", "fmol/min", given - taken, "from blood to tissue, net");
  sheet.real("oxygen_given", "fmol/min", given, by_pieces);
  sheet.real("oxygen_taken_back", "fmol/min", taken, by_pieces);
  sheet.real("oxygen_extraction", "1", share(blood.in - blood.out, blood.in),
             "share of the oxygen that enters which stays");
  sheet.real("venous_saturation", "1", share(blood.bound_out, blood.red_out),
             "of the red cells that leave");
  sheet.real("blood_below_5_mmhg", "1", share(low, length),
             "share of the length through which blood flows");
}

} // namespace

MetricRow Site::measure() {
  State& s = *s_;
  const Parameters& p = s.parameters;
  const CellView cell = s.cells.view();
  TallyCells tally{cell.kind_code,
                   cell.flags,
                   cell.clock,
                   s.matrix.density(),
                   s.oxygen().concentration(),
                   static_cast<float>(p.migration.squeeze_threshold)};
  Bins bins = s.executor.tally_over(s.tissue, tally);
  const Bins second = tally_excess(s.executor, s.cells.excess(), tally);
  for (std::size_t b = 1; b < bins.size(); ++b) bins[b] += second[b];
  const double tissue = static_cast<double>(s.tissue.voxels());
  MetricSheet sheet;
  sheet.word("preset", name_of(p.simulation.preset), "`simulation.preset`, a word");
  add_counts(sheet, bins);
  add_shape(sheet, bins,
            measure_shape(read_tumour_runs(s.executor, s.tissue, cell.kind_code), s.tissue),
            p.domain.spacing);
  add_turnover(sheet, bins, s.cells.ledger());
  std::int64_t waiting = 0;
  for (const StateRow& state : state_rows) waiting += at(second, state.code);
  sheet.count("excess_cells", waiting, "cells that share a voxel with one that stands there");
  sheet.real(
      "oxygen_tumour_mean", "mmHg",
      share(from_fixed_point(at(bins, TallyCells::oxygen_bin)), static_cast<double>(living(bins))),
      "over living tumour cells");
  s.fields.for_each([&](const Field& field) { add_field(sheet, s.executor, field); });
  sheet.real("matrix_mean", "1", from_fixed_point(at(bins, TallyCells::matrix_bin)) / tissue,
             "density");
  sheet.real("matrix_degraded_fraction", "1",
             static_cast<double>(at(bins, TallyCells::degraded_bin)) / tissue,
             "share of voxels below `migration.squeeze_threshold`");
  if (p.vessels.pattern != VesselPattern::none && p.oxygen.enabled)
    add_blood(sheet, s.measure_blood(), s.vessels.blood());
  s.vessels.measure(sheet, [&] { return places_to_feed(s.executor, s.tissue, cell.kind_code); });
  const Departures& left = s.cells.departures();
  if (p.intravasation.enabled) add_departures(sheet, left, Route::blood, "intravasation", "");
  if (s.lymphatics) {
    add_lymphatics(sheet, s.executor, s.tissue, s.lymphatics->state().data());
    add_departures(sheet, left, Route::lymph, "lymphatics", "lymph_");
  }
  if (s.serosa) {
    const auto n =
        s.executor.tally_over(s.tissue, TallySerosa{s.matrix.membrane(), s.serosa->faces()});
    sheet.real("serosa_broken", "1", share(static_cast<double>(n[1]), static_cast<double>(n[0])),
               "with `serosa`: share of its membranes that is broken");
    add_departures(sheet, left, Route::cavity, "serosa", "cavity_");
  }
  if (p.arrivals.enabled) add_arrivals(sheet, s.cells.arrested());
  if (p.tracers.count > 0)
    add_tracers(sheet, s.cells.tracers().host_copy(), p.tracers.start, p.domain.spacing);
  sheet.count("active_bricks", s.cells.active_bricks(),
              "blocks of 8³ voxels that cell rules visited");
  return sheet.take();
}

} // namespace metavox
