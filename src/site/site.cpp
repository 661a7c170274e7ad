#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "core/random.hpp"
#include "site/state.hpp"
#include "site/take_apart.hpp"
#include "tissue/start.hpp"
#include "vessels/parents.hpp"

namespace metavox {

Lattice tissue_lattice(const Parameters& p, int ghosts) {
  return {p.domain.voxels[0], p.domain.voxels[1], p.domain.voxels[2], p.domain.spacing, ghosts};
}

namespace {

// Members of Parameters have no defaults of their own: read_config() fills all of them.
const Parameters& filled(const Parameters& p) {
  const auto& n = p.domain.voxels;
  if (n[0] < 1 || n[1] < 1 || n[2] < 1 || !(p.domain.spacing > 0) || !(p.time.step > 0) ||
      p.fields.coarsen < 1)
    throw std::invalid_argument("parameters that no configuration filled: use read_config()");
  return p;
}

} // namespace

Site::State::State(const Parameters& p, Executor e, const SiteLayout& layout)
    : parameters(filled(p)), executor(std::move(e)),
      seed(site_seed(p.simulation.seed, layout.number)), tissue(tissue_lattice(p, layout.ghosts)),
      grid(executor, tissue, p.fields.coarsen), fields(grid, field_settings(p)),
      matrix(executor, tissue, p.matrix, p.time.step, p.inhibitor.enabled),
      cells(executor, tissue, population_settings(p), seed),
      vessels(executor, tissue, grid.lattice, vasculature_settings(p), seed) {
  if (p.lymphatics.enabled) lymphatics.emplace(executor, tissue, p.lymphatics);
  if (!p.serosa.faces.empty()) serosa.emplace(executor, tissue, serosal_faces(p.serosa));
}

Site::Site(const Parameters& parameters, Executor executor, const ExternalArrays& external,
           const SiteLayout& layout)
    : s_(std::make_unique<State>(parameters, std::move(executor), layout)) {
  s_->start_from(external);
}
Site::~Site() = default;
Site::Site(Site&&) noexcept = default;

void Site::State::start_from(const ExternalArrays& external) {
  const bool follow = external.absent && parameters.vessels.pattern == VesselPattern::file;
  const VesselNetwork parents =
      follow ? VesselNetwork{}
             : build_parent_vessels(parameters.vessels, parameters.flow, tissue, seed,
                                    external.vessel_file, external.vessel_names);
  VesselGraph laid(tissue);
  laid.lay(parents);
  const InitialTissue start = build_tissue(
      parameters.tissue, parameters.matrix, stem_start(parameters), tissue, external,
      laid.take_changes().entered, serosal_faces(parameters.serosa), seed, executor.threads());
  founders_per_clone = start.founders_per_clone;
  Population::Arrays& a = cells.arrays();
  a.kind.upload(start.kind.data());
  a.flags.upload(start.flags.data());
  a.capacity.upload(start.capacity.data());
  a.clock.upload(start.clock.data());
  a.clone.upload(start.clone.data());
  matrix.arrays().density.upload(start.matrix.data());
  matrix.arrays().membrane.upload(start.membrane.data());
  if (lymphatics) {
    lymphatics->start(start.kind, seed);
    lymphatics->advance(cells.view(), cells.excess().held);
  }
  vessels.start(parents);
  if (!external.absent) find_inlets(parents, external.vessel_names);
  vessels.take_changes(); // the kinds show them already
  fields.for_each([&](Field& field) {
    const FieldRow& row = field.row();
    const Lattice& lattice = field.lattice();
    std::vector<float> values;
    if (row.frozen.active()) {
      values = prescribed_field(row.frozen, row.name, lattice, tissue, grid.coarsen, external);
    } else {
      values.assign(static_cast<std::size_t>(lattice.padded()), 0.0f);
      const std::vector<float> plain(static_cast<std::size_t>(lattice.voxels()),
                                     static_cast<float>(row.initial));
      fill_interior(values, plain.data(), lattice);
    }
    field.values().upload(values.data());
  });
  cells.count_now(executor);
}

// One step of time.step. Each science takes what it needs of the others, so that all coupling
// stands here.
void Site::step() {
  State& s = *s_;
  const Ledger ledger_before = s.cells.ledger();
  const KindCounts counts_before = s.cells.counts();
  const bool first = s.step == 0, vessels_due = s.vessels.due(s.step);
  const CellView cells = s.cells.view();
  const TraitFactors factors = s.cells.factors();
  const BloodView& blood = s.vessels.blood().view();

  s.with_excess([&](const ExcessView& excess) {
    const FineSupply supply{s.reached_by_medium(), s.pressure().felt()};
    s.with_loan([&](Loan& loan) {
      s.oxygen().relax(cells, excess, blood, supply, factors, first, loan);
      s.glucose().relax(cells, excess, blood, supply, factors, first, loan);
    });
  });
  if (s.pressure().due(s.step)) s.press();
  s.cells.advance(s.executor,
                  {s.oxygen().concentration(), s.glucose().concentration(), s.pressure().felt(),
                   s.matrix.density(), s.matrix.membrane()},
                  s.step);
  s.proteinase().relax(cells, factors);
  s.inhibitor().relax(cells, factors);
  s.matrix.degrade(s.executor, cells, factors, s.proteinase().concentration(),
                   s.inhibitor().concentration());
  if (vessels_due || s.vegf().every_step())
    s.with_excess([&](const ExcessView& excess) {
      s.vegf().relax(cells, excess, s.vessels.lengths(), factors, s.oxygen().values().data(),
                     s.time(), first);
    });
  if (vessels_due) s.grow_vessels();
  s.cells.check_ledger(s.executor, s.step);
  s.record_events(ledger_before, counts_before);
  s.step += 1;
}

const std::uint8_t* Site::State::reached_by_medium() {
  return parameters.oxygen.medium_exchange > 0 ? cells.reached_by_medium(executor) : nullptr;
}

BloodReport Site::State::measure_blood() {
  BloodReport report;
  with_loan([&](Loan& loan) { report = oxygen().measure_blood(vessels.blood().view(), loan); });
  return report;
}

void Site::State::press() {
  const RoomView room = cells.show_crowding(executor, matrix.density());
  pressure().relax(cells.view(), oxygen().concentration(), cells.factors(), room, step);
  cells.end_crowding(executor);
}

void Site::State::grow_vessels() {
  const auto process = executor.process("vessels");
  vessels.advance({vegf().concentration(), pressure().felt(), cells.view(), matrix.density(),
                   matrix.membrane()},
                  step);
  // Until cells have made way the graph is ahead of the lattice.
  const VesselGraph::Changes changed = vessels.take_changes();
  cells.make_way(executor, changed.entered, changed.left);
  for (Event& e : vessels.take_events()) events.push_back(std::move(e));
  if (cells_leave(parameters)) depart();
  if (parameters.arrivals.enabled) receive();
  if (parameters.vessels.check) check_vessels();
}

void Site::State::depart() {
  const double passed = parameters.time.vessel_step;
  const std::int64_t flowed_on = cells.arrested().counted(Arrested::releases);
  WaysOut ways;
  if (parameters.intravasation.enabled)
    ways.walls = vessels.advance_walls(cells.view(), cells.factors());
  if (serosa) ways.surface = &serosa->advance(cells.view(), cells.excess().held, matrix.membrane());
  if (lymphatics) ways.lymph = &lymphatics->advance(cells.view(), cells.excess().held);
  std::array<bool, route_count> taken{};
  for (int r = 0; r < route_count; ++r)
    taken[static_cast<std::size_t>(r)] =
        cells.departures().counted(Departures::left_cells, static_cast<Route>(r)) > 0;
  for (Departure& d : cells.depart(executor, ways, passed, step)) {
    bool& taken_before = taken[static_cast<std::size_t>(d.route)];
    if (!std::exchange(taken_before, true)) tell_first(d);
    d.step = step + 1;
    d.number += flowed_on;
    departures.push_back(d);
  }
}

double Site::time() const { return s_->time(); }
std::int64_t Site::steps() const { return s_->step; }
std::int64_t Site::founders_per_clone() const { return s_->founders_per_clone; }
const Parameters& Site::parameters() const { return s_->parameters; }
const Executor& Site::executor() const { return s_->executor; }
Executor& Site::executor() { return s_->executor; }
std::shared_ptr<const VesselNetwork> Site::vessels() const {
  return s_->vessels.network(s_->step, s_->measure_blood());
}
std::vector<Event> Site::take_events() { return std::exchange(s_->events, {}); }
std::vector<Departure> Site::take_departures() { return std::exchange(s_->departures, {}); }

} // namespace metavox
