#include "cells/population.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "cells/activity.hpp"
#include "cells/crowding.hpp"
#include "cells/hand_over.hpp"
#include "cells/landing.hpp"
#include "cells/make_way.hpp"
#include "cells/medium.hpp"
#include "cells/renew_excess.hpp"
#include "core/constants.hpp"
#include "core/launch.hpp"
#include "voxel/growth.hpp"

namespace metavox {
namespace {

// Oxygen at which a cell's ATP counts as full, mmHg. Assumed: that of tissue which lacks nothing.
constexpr double reference_pressure = 40;

std::uint16_t steps_of(double duration, double dt) {
  const double steps = std::floor(duration / dt + 0.5);
  return static_cast<std::uint16_t>(std::clamp(steps, 0.0, 65535.0));
}

// A cell that a vessel has pushed out of its place and that finds no other is lost after this time.
// Assumed: vessels close and open again within a day.
constexpr double longest_wait = 1440; // min

// How cells change places without a pressure that drives them, um^2/min, and the fewest rounds of
// the relay in a step.
constexpr double excess_mixing = 4;
constexpr int least_relays = 3;
constexpr double excess_share = static_cast<double>(growth::easy_excess);

double waking_rate(const LandingParameters& p) {
  return ln2 / p.waking * (p.inflamed ? p.inflamed_factor : 1);
}

FateParameters fate_parameters(const PopulationSettings& p) {
  FateParameters f{};
  const double dt = p.step;
  const auto f32 = [](double v) { return static_cast<float>(v); };
  f.dt = f32(dt);
  f.quiescence = p.quiescence.enabled;
  f.rest_enter = f32(p.quiescence.enter);
  f.rest_leave = f32(p.quiescence.leave);
  const double switches = p.quiescence.delay > 0 ? 1 - exact::exp(-dt / p.quiescence.delay) : 1;
  f.rest_switch = std::max(1u, static_cast<std::uint32_t>(std::lround(switches * 65536)));
  f.rest_limit = steps_of(p.quiescence.survival, dt);
  f.necrosis = p.death.necrosis;
  f.necrosis_high = f32(p.death.necrosis_high);
  f.necrosis_low = f32(p.death.necrosis_low);
  f.necrosis_rate = f32(p.death.necrosis_rate);
  f.apoptosis = f32(p.death.apoptosis);
  f.apoptosis_share = f32(p.death.apoptosis_share * ln2);
  f.apoptosis_normal = f32(p.death.apoptosis_normal);
  f.anoikis = f32(p.death.anoikis);
  f.anoikis_matrix = f32(p.death.anoikis_matrix);
  f.hold_epithelial = f32(1 - p.death.resistance_epithelial);
  f.hold_mesenchymal = f32(1 - p.death.resistance_mesenchymal);
  f.crushing = p.growth.on ? f32(p.death.crushing) : 0.0f;
  f.bearable = f32(p.death.bearable_pressure);
  f.crushing_width = f32(p.death.crushing_pressure);
  f.crowded = p.growth.pace.half;
  f.lost_after = steps_of(longest_wait, dt);
  f.t_cell_kill = f32(p.death.t_cell_kill);
  f.senescent_removal = f32(p.stem.senescent_removal);
  f.waking = f32(waking_rate(p.landing));
  f.spent = f32(p.landing.spent);
  f.body_steps = std::max<std::uint16_t>(1, steps_of(p.death.apoptotic_body, dt));
  f.debris_cleared = threshold(exact::chance(p.death.debris_clearance, dt));
  f.pace = p.growth.pace;
  f.normal = p.growth.pace;
  f.normal.epithelial = f.normal.mesenchymal = p.cycle.enabled ? f32(1 / p.cycle.normal) : 0.0f;
  f.normal.half_pressure = f32(p.cycle.half_pressure_normal);
  f.ticks = f32(clock_unit * dt);
  f.regeneration = p.normal.regeneration;
  f.regeneration_neighbours = p.normal.regeneration_neighbours;
  f.stem = p.stem.enabled;
  f.transition = p.transition.enabled;
  f.emt = f32(p.transition.emt);
  f.met = f32(p.transition.met);
  f.hypoxia_gain = f32(p.transition.hypoxia_gain);
  f.matrix_gain = f32(p.transition.matrix_gain);
  f.matrix_edge = f32(p.transition.matrix_edge);
  f.hypoxia_high = f32(p.transition.hypoxia_high);
  f.hypoxia_low = f32(p.transition.hypoxia_low);
  f.glucose = p.energy.glucose;
  // ATP per time 2 J_g + (29/5) J_O, J the molar uptakes; normalised to uptake at the reference
  // pressure and at the plasma's glucose.
  const double jo = 5.8 * p.energy.oxygen_consumption, jg = 2 * p.energy.glucose_consumption;
  const double o_ref = reference_pressure / (reference_pressure + p.energy.oxygen_half);
  const double g_ref = p.energy.glucose_plasma / (p.energy.glucose_plasma + p.energy.glucose_half);
  const double reference = jo * o_ref + jg * g_ref;
  f.atp_oxygen = f32(reference > 0 ? jo / reference : 1);
  f.atp_glucose = f32(reference > 0 ? jg / reference : 0);
  f.oxygen_half = f32(p.energy.oxygen_half);
  f.glucose_half = f32(p.energy.glucose_half);
  f.atp_rest = p.energy.glucose ? f32(p.energy.rest) : 0.0f;
  f.atp_death = p.energy.glucose ? f32(p.energy.death) : 0.0f;
  return f;
}

MigrationParameters32 walk_parameters(const PopulationSettings& p) {
  MigrationParameters32 m{};
  const MigrationParameters& g = p.migration;
  const auto f32 = [](double v) { return static_cast<float>(v); };
  m.diffusivity_epithelial = f32(g.epithelial);
  m.diffusivity_mesenchymal = f32(g.mesenchymal);
  m.diffusivity_stroma = f32(g.stroma);
  m.haptotaxis = f32(g.haptotaxis);
  m.chemotaxis = f32(g.chemotaxis);
  const double h2 = p.spacing * p.spacing;
  m.step_over_h2 = f32(p.step / p.motility_substeps / h2);
  m.stroma_step_over_h2 = f32(p.step / h2);
  // No cell is likelier to move than this. Along an axis central differences add up to 2 D; where
  // the signals of the two neighbours differ by more than 4 D the upwind form takes over, which is
  // largest where one of them is densest, the other 4 D below it, and the cell's own voxel bare.
  const bool bounded = g.chemotaxis == 0 && g.haptotaxis >= 0 && p.densest_matrix.has_value();
  double most = 0;
  if (bounded)
    for (const double d : {g.epithelial, g.mesenchymal})
      most = std::max({most, 6 * d, 6 * (g.haptotaxis * *p.densest_matrix - d)});
  m.most_jumps = bounded ? f32(most * p.step / p.motility_substeps / h2 * 1.001) : 1.0f;
  m.neighbour_count = g.adhesion == AdhesionRule::neighbour_count;
  m.keep_ee = f32(1 - g.bond_ee);
  m.keep_em = f32(1 - g.bond_em);
  m.keep_mm = f32(1 - g.bond_mm);
  m.internal_epithelial = g.internal_epithelial;
  m.internal_mesenchymal = g.internal_mesenchymal;
  m.squeeze = g.squeeze;
  m.squeeze_threshold = f32(g.squeeze_threshold);
  m.squeeze_width = f32(g.squeeze_width);
  m.squeeze_epithelial = f32(g.squeeze_epithelial);
  return m;
}

// Excess is carried by steps of a voxel: where the share of voxels with a second cell is e_0, as
// growth sets it, moves with this chance per kPa amount to the flow of K times the gradient.
RelayParameters relay_parameters(const PopulationSettings& p) {
  RelayParameters r{};
  const auto f32 = [](double v) { return static_cast<float>(v); };
  const double h2 = p.spacing * p.spacing, ds = p.step / relay_substeps(p);
  r.flows = p.growth.on;
  r.carried = f32(p.growth.mobility * ds / (h2 * excess_share));
  r.mixing = f32(excess_mixing * ds / h2);
  for (std::size_t a = 0; a < 6; ++a) r.open[a] = p.growth.open[a];
  return r;
}

} // namespace

int relay_substeps(const PopulationSettings& p) {
  if (!p.growth.on) return least_relays;
  // The surface of a wide tumour moves at this speed where nothing else holds it back.
  const double rate =
      ln2 * static_cast<double>(std::max(p.growth.pace.epithelial, p.growth.pace.mesenchymal));
  const double speed =
      std::sqrt(pi * rate * p.growth.mobility * static_cast<double>(p.growth.pace.half));
  const double needed = std::ceil(1.4 * speed * p.step / (excess_share * p.spacing) - 1e-9);
  return std::max(least_relays, static_cast<int>(std::min(needed, 1e6)));
}

Population::Population(const Executor& executor, const Lattice& lattice,
                       const PopulationSettings& p, std::uint64_t seed)
    : lattice_(lattice), seed_(seed), excess_(executor, lattice),
      departures_(executor, lattice, p.departures, p.migration),
      arrested_(p.arrest, lattice, seed) {
  fate_ = fate_parameters(p);
  waking_ = waking_rate(p.landing);
  landing_ = landing_rule(p.landing, p.step);
  relay_ = relay_parameters(p);
  relays_ = relay_substeps(p);
  yields_ = p.growth.matrix_yield;
  yield_threshold_ = static_cast<float>(p.migration.squeeze_threshold);
  yield_width_ = static_cast<float>(p.migration.squeeze_width);
  passes_ = crowding_passes(p.growth.spread, p.spacing);
  walk_ = walk_parameters(p);
  division_.stem = p.stem.enabled;
  division_.symmetric = threshold(p.stem.symmetric);
  division_.capacity = static_cast<std::uint8_t>(p.stem.capacity);
  division_.mutates = threshold(p.mutation.probability);
  division_.deviation = static_cast<float>(p.mutation.deviation / trait_step);
  division_.variation = static_cast<float>(p.cycle.variation);
  migration_on_ = p.migration.enabled;
  normal_always_ = p.normal.regeneration || p.death.apoptosis_normal > 0;
  substeps_ = p.motility_substeps;
  tracers_on_ = p.tracers.count > 0;
  tracer_diffusivity_ =
      p.tracers.mesenchymal ? walk_.diffusivity_mesenchymal : walk_.diffusivity_epithelial;

  const std::int64_t n = lattice.padded();
  const auto make = [&](auto& buffer, std::int64_t entries) {
    if (entries > 0) buffer = std::decay_t<decltype(buffer)>(executor, entries);
  };
  arrays_.for_each([&](const char*, const char*, auto& buffer) { make(buffer, n); });
  work_.for_each(lattice, p.tracers.count, make);
  work_.claim.upload(std::vector<std::uint32_t>(static_cast<std::size_t>(n), unclaimed).data());
  // Ghosts are walls: nothing moves there and nothing counts them as neighbours.
  {
    std::vector<std::uint8_t> kind(static_cast<std::size_t>(n),
                                   static_cast<std::uint8_t>(Kind::outside));
    for (int z = 0; z < lattice.nz; ++z)
      for (int y = 0; y < lattice.ny; ++y)
        for (int x = 0; x < lattice.nx; ++x)
          kind[static_cast<std::size_t>(lattice.index(x, y, z))] = 0;
    arrays_.kind.upload(kind.data());
  }

  std::vector<float> factors(256);
  for (int v = -128; v < 128; ++v)
    factors[static_cast<std::size_t>(v + 128)] = static_cast<float>(exact::exp(trait_step * v));
  factor_table_ = Buffer<float>(executor, 256);
  factor_table_.upload(factors.data());

  if (tracers_on_) {
    std::vector<std::int32_t> at;
    for (int k = 0; k < p.tracers.count; ++k)
      for (std::size_t a = 0; a < 3; ++a)
        at.push_back(static_cast<std::int32_t>(std::floor(p.tracers.start[a] / lattice.spacing)));
    work_.tracers.upload(at.data());
  }
}

void Population::set_waking_pace(double times) {
  fate_.waking = static_cast<float>(waking_ * times);
}

CellView Population::view() {
  return {arrays_.kind.data(),     arrays_.flags.data(), arrays_.clock.data(), arrays_.timer.data(),
          arrays_.capacity.data(), arrays_.clone.data(), arrays_.traits.data()};
}

void Population::advance(const Executor& executor, const Surroundings& tissue, std::int64_t step) {
  const auto process = executor.process("cells");
  step_ = static_cast<std::uint64_t>(step);
  find_activity(executor, tissue);
  if (active_.count > 0) {
    settle_fate(executor, tissue);
    divide(executor, tissue);
    relay(executor, tissue);
  }
  if (migration_on_) migrate(executor, tissue);
}

void Population::find_activity(const Executor& executor, const Surroundings& tissue) {
  const Bricks bricks(lattice_);
  executor.for_each_index(
      bricks.count(),
      FindActivity{arrays_.kind.data(), work_.held.data(), tissue.oxygen,
                   PressureView{tissue.pressure.field, tissue.pressure.on && fate_.crushing > 0},
                   work_.brick_flag.data(), lattice_, bricks, normal_always_,
                   migration_on_ && walk_.diffusivity_stroma > 0, fate_.necrosis,
                   fate_.necrosis_high, fate_.bearable});
  executor.for_each_index(bricks.count(),
                          WidenActivity{work_.brick_flag.data(), work_.brick_wide.data(), bricks});
  active_.ids = work_.brick_ids.data();
  active_.count = executor.compact(work_.brick_wide.data(), bricks.count(), work_.brick_ids.data());
}

void Population::settle_fate(const Executor& executor, const Surroundings& tissue) {
  executor.for_each_voxel(lattice_, SenseNeighbours{arrays_.kind.data(), work_.sensed.data(),
                                                    lattice_.pitch(), lattice_.plane()});
  const Ageing ageing{tissue.oxygen,   tissue.glucose,
                      tissue.pressure, tissue.matrix,
                      tissue.membrane, work_.sensed.data(),
                      factors(),       {work_.ledger.data()},
                      fate_,           lattice_,
                      seed_,           step_};
  executor.for_each_index(excess_.entries(), AgeExcess{excess(), arrays_.kind.data(), ageing});
  executor.for_each_voxel(lattice_, active_, AdvanceFate{view(), ageing});
  settle_excess(executor);
}

void Population::settle_excess(const Executor& executor) {
  executor.for_each_index(excess_.entries(), SettleExcess{excess(), view(), {work_.ledger.data()}});
}

ContestView Population::contest(int round) {
  const ContestKeys keys = contest_keys(seed_, step_, round);
  return {work_.claim.data(), work_.plan.data(), work_.brick_mark.data(),
          Bricks(lattice_),   keys.key0,         keys.key1};
}

ActiveBricks Population::contested(const Executor& executor) {
  return {work_.contested_ids.data(),
          executor.compact(work_.brick_mark.data(), work_.brick_mark.size(),
                           work_.contested_ids.data())};
}

// A list made anew is in the order of voxels and without gaps, whatever it went through before.
void Population::divide(const Executor& executor, const Surroundings& tissue) {
  executor.for_each_voxel(
      lattice_, active_,
      MarkBirths{view(), work_.held.data(), tissue.pressure, fate_.regeneration, lattice_});
  excess_.renew(work_.held.data(), work_.claim.data(), unclaimed,
                Division{view(), {work_.ledger.data()}, lattice_, division_, seed_, step_});
}

void Population::relay(const Executor& executor, const Surroundings& tissue) {
  const RelayRule rule{arrays_.kind.data(),
                       arrays_.flags.data(),
                       work_.held.data(),
                       tissue.membrane,
                       matrix_room(tissue.matrix),
                       tissue.pressure,
                       relay_,
                       lattice_};
  const std::int64_t n = excess_.entries();
  for (int substep = 0; substep < relays_ && n > 0; ++substep) {
    const ContestView rivals = contest(1 + substep);
    executor.for_each_index(
        n, ProposeRelay{excess(), rule, rivals, excess_.aim(), seed_, step_, substep});
    executor.for_each_index(
        n, CommitRelay{excess(), view(), rule, rivals, excess_.aim(), {work_.ledger.data()}});
    executor.for_each_index(n, WithdrawRelay{rivals, excess_.aim()});
  }
}

void Population::migrate(const Executor& executor, const Surroundings& tissue) {
  const WalkRule walk{tissue.matrix, tissue.membrane, tissue.oxygen, walk_, lattice_};
  for (int substep = 0; substep < substeps_; ++substep) {
    work_.brick_mark.clear();
    const ContestView rivals = contest(1 + relays_ + substep);
    executor.for_each_voxel(lattice_, active_,
                            ProposeMove{view(), walk, rivals, factors(),
                                        work_.ledger.data() + overfull_entry, seed_, step_,
                                        substep});
    const ActiveBricks bricks = contested(executor);
    executor.for_each_voxel(lattice_, bricks, CommitMove{view(), rivals, lattice_});
    executor.for_each_voxel(lattice_, bricks, WithdrawMove{rivals, lattice_});
    settle_excess(executor);
    if (tracers_on_)
      executor.for_each_index(work_.tracers.size() / 3,
                              AdvanceTracers{walk, work_.tracers.data(), tracer_diffusivity_,
                                             work_.ledger.data() + overfull_entry, seed_, step_,
                                             substep});
  }
}

MatrixRoom Population::matrix_room(const float* matrix) const {
  return {matrix, yields_, yield_threshold_, yield_width_};
}

RoomView Population::show_crowding(const Executor& executor, const float* matrix) {
  // Three arrays of 16 bits: the two halves of the claims, and the plans.
  auto* one = reinterpret_cast<std::uint16_t*>(work_.claim.data());
  std::uint16_t* free = one;
  std::uint16_t* excess = one + lattice_.padded();
  std::uint16_t* spare = work_.plan.data();
  executor.for_each_voxel(lattice_, StartCrowding{arrays_.kind.data(), work_.held.data(),
                                                  matrix_room(matrix), free, excess});
  for (int pass = 0; pass < passes_; ++pass) {
    for (std::uint16_t** share : {&free, &excess}) {
      executor.for_each_voxel(lattice_, SpreadCrowding{*share, spare, lattice_});
      std::swap(*share, spare);
    }
  }
  return {free, excess};
}

void Population::end_crowding(const Executor& executor) {
  executor.for_each_index(lattice_.padded(),
                          EndCrowding{work_.claim.data(), work_.plan.data(), unclaimed});
}

void Population::take_back(const Executor& executor, const Loan& loan) {
  constexpr std::size_t size = sizeof(std::uint32_t);
  const auto touched = static_cast<std::int64_t>((loan.touched() + size - 1) / size);
  if (touched == 0) return;
  executor.for_each_index(exact::min_of(touched, lattice_.padded()),
                          EndCrowding{work_.claim.data(), work_.plan.data(), unclaimed});
}

const std::uint8_t* Population::reached_by_medium(const Executor& executor) {
  work_.sensed.clear();
  const int n[3] = {lattice_.nx, lattice_.ny, lattice_.nz};
  for (std::int64_t grown = 1; grown > 0;) {
    work_.grown.clear();
    for (int axis = 0; axis < 3; ++axis)
      executor.for_each_index(lattice_.voxels() / n[axis],
                              ReachMedium{arrays_.kind.data(), work_.sensed.data(),
                                          work_.grown.data(), lattice_, axis});
    work_.grown.download(&grown);
  }
  return work_.sensed.data();
}

ExcessView Population::map_excess() {
  excess_.map(work_.claim.data());
  return excess_.view(work_.held.data(), work_.claim.data());
}
void Population::unmap_excess() { excess_.unmap(work_.claim.data(), unclaimed); }

void Population::rebuild() {
  departures_.counters().resize(Departures::entry_count);
  arrested_.counters().resize(Arrested::counter_count);
  std::vector<std::uint8_t> held(static_cast<std::size_t>(lattice_.padded()), 0);
  const std::vector<std::int64_t> voxel = excess_.arrays().voxel.host_copy();
  for (const std::int64_t n : excess_.order())
    held[static_cast<std::size_t>(lattice_.voxel_at(voxel[static_cast<std::size_t>(n)]).i)] = 1;
  work_.held.upload(held.data());
}

void Population::make_way(const Executor& executor, const std::vector<std::int64_t>& entered,
                          const std::vector<std::int64_t>& left) {
  const auto n = static_cast<std::int64_t>(entered.size()),
             m = static_cast<std::int64_t>(left.size());
  if (n + m == 0) return;
  if (way_.size() < n + m) way_ = Buffer<std::int64_t>(executor, 2 * (n + m) + 1024);
  executor.copy_in(way_.data(), entered.data(), entered.size() * sizeof(std::int64_t));
  executor.copy_in(way_.data() + n, left.data(), left.size() * sizeof(std::int64_t));
  const LedgerView ledger{work_.ledger.data()};
  const std::int64_t first = excess_.extend(n);
  executor.for_each_index(n + m,
                          MakeWay{view(), excess(), first, ledger, lattice_, way_.data(), n});
  settle_excess(executor);
}

std::vector<Departure> Population::depart(const Executor& executor, const WaysOut& ways,
                                          double time, std::int64_t step) {
  const auto process = executor.process("departures");
  departures_.choose(ways, view(), map_excess(), factors(), time, seed_,
                     static_cast<std::uint64_t>(step), unclaimed);
  unmap_excess();
  std::vector<Departure> gone = departures_.remove(view(), excess(), {work_.ledger.data()});
  if (!gone.empty()) settle_excess(executor);
  return gone;
}

namespace {

// What there is room for in some voxels, as the lattice stands, and less what was put there since.
class Rooms {
public:
  Rooms(const Executor& executor, const Lattice& lattice, const CellView& cells,
        const std::uint8_t* held, std::map<std::int64_t, Room> of)
      : of_(std::move(of)) {
    std::vector<std::int64_t> voxel;
    voxel.reserve(of_.size());
    for (const auto& [v, unknown] : of_) voxel.push_back(v);
    const auto n = static_cast<std::int64_t>(voxel.size());
    Buffer<std::int64_t> voxel_there(executor, n);
    Buffer<std::uint8_t> room_there(executor, n);
    voxel_there.upload(voxel.data());
    executor.for_each_index(
        n, ReadRoom{voxel_there.data(), room_there.data(), cells.kind_code, held, lattice});
    const std::vector<std::uint8_t> room = room_there.host_copy();
    std::size_t k = 0;
    for (auto& [v, known] : of_) known = static_cast<Room>(room[k++]);
  }
  // One of the voxels with such a room, by a random word; -1: there is none. It is taken.
  std::int64_t take(Room wanted, const std::vector<std::int64_t>& voxels, std::uint32_t word) {
    std::vector<std::int64_t> open;
    for (const std::int64_t v : voxels)
      if (of_.at(v) == wanted) open.push_back(v);
    if (open.empty()) return -1;
    const std::int64_t v = open[below(word, static_cast<std::uint32_t>(open.size()))];
    of_[v] = wanted == Room::standing ? Room::a_second : Room::none;
    return v;
  }

private:
  std::map<std::int64_t, Room> of_;
};

} // namespace

std::vector<Held>
Population::land(const Executor& executor,
                 const std::function<std::vector<std::int64_t>(std::int64_t)>& places,
                 std::int64_t step) {
  std::map<std::int64_t, std::vector<std::int64_t>> around;
  std::map<std::int64_t, Room> unknown;
  std::vector<std::size_t> waiting;
  for (std::size_t n = 0; n < arrested_.size(); ++n) {
    const Held held = arrested_.at(n);
    if (held.berth != Berth::outside) continue;
    waiting.push_back(n);
    const auto [at, fresh] = around.try_emplace(held.voxel);
    if (!fresh) continue;
    at->second = places(held.voxel);
    for (const std::int64_t v : at->second) unknown[v] = Room::none;
  }
  if (unknown.empty()) return {};
  Rooms rooms(executor, lattice_, view(), work_.held.data(), std::move(unknown));
  std::vector<Landed> put;
  std::vector<Held> landed;
  std::vector<std::size_t> gone;
  std::int64_t seconds = 0;
  for (const std::size_t n : waiting) {
    Held held = arrested_.at(n);
    std::vector<std::int64_t>& voxels = around.at(held.voxel);
    if (voxels.empty()) continue;
    const Draw d = draw(seed_, Purpose::landing_voxel, static_cast<std::uint64_t>(held.number),
                        static_cast<std::uint64_t>(step));
    // The vessel's own voxel before others, where it has room.
    const bool own = voxels.front() == held.voxel;
    std::int64_t at = own ? rooms.take(Room::standing, {held.voxel}, 0) : -1;
    if (at < 0) at = rooms.take(Room::standing, voxels, d.word[0]);
    const bool stands = at >= 0;
    if (!stands) at = rooms.take(Room::a_second, voxels, d.word[1]);
    if (at < 0) {
      voxels.clear(); // nor will those behind it find any
      continue;
    }
    held.cell = arrested_.with_fate(held, landing_);
    held.voxel = at;
    const Cell& c = held.cell;
    put.push_back({record_of(c), at, stands ? -1 : seconds++});
    arrested_.tally_landed(c);
    landed.push_back(held);
    gone.push_back(n);
  }
  arrested_.remove(gone);
  if (put.empty()) return landed;
  const std::int64_t first = excess_.extend(seconds);
  for (Landed& l : put)
    if (l.entry >= 0) l.entry += first;
  Buffer<Landed> there(executor, static_cast<std::int64_t>(put.size()));
  there.upload(put.data());
  executor.for_each_index(static_cast<std::int64_t>(put.size()),
                          PutDown{there.data(), view(), excess(), {work_.ledger.data()}, lattice_});
  if (seconds > 0) settle_excess(executor);
  return landed;
}

void Population::take_over(const Executor& executor,
                           const std::vector<std::pair<std::int64_t, Cell>>& cells,
                           std::int64_t step) {
  constexpr std::size_t at_once = 4096; // so that it takes little memory beside the state
  for (std::size_t first = 0; first < cells.size(); first += at_once) {
    std::vector<Landed> come;
    for (std::size_t n = first; n < std::min(cells.size(), first + at_once); ++n)
      come.push_back({record_of(cells[n].second), cells[n].first, -1});
    Buffer<Landed> there(executor, static_cast<std::int64_t>(come.size()));
    there.upload(come.data());
    executor.for_each_index(there.size(),
                            TakeOver{there.data(), view(), {work_.ledger.data()}, lattice_});
  }
  check_ledger(executor, step);
}

void Population::count_now(const Executor& executor) {
  const auto n = executor.tally_over(lattice_, CountKinds{arrays_.kind.data()});
  std::copy(n.begin(), n.end(), counts_.begin());
  if (excess_.entries() > 0) {
    const Lattice line = excess().line();
    const auto second = executor.tally_over(line, CountExcess{excess().cell.kind_code, line});
    for (std::size_t k = 1; k < kind_count; ++k) counts_[k] += second[k];
  }
  std::array<std::int64_t, ledger_entries> raw{};
  work_.ledger.download(raw.data());
  const std::int64_t* at = raw.data();
  const auto take = [&](auto& row) {
    std::copy_n(at, row.size(), row.begin());
    at += row.size();
  };
  for (auto& row : ledger_.flow) take(row);
  for (auto& row : ledger_.deaths) take(row);
  ledger_.overfull = raw[overfull_entry];
}

void Population::check_ledger(const Executor& executor, std::int64_t step) {
  const auto process = executor.process("ledger");
  const KindCounts before = counts_;
  const Ledger old = ledger_;
  count_now(executor);
  if (ledger_.overfull != 0)
    throw NumericalError("jump probabilities exceed 1 for " + std::to_string(ledger_.overfull) +
                         " cells at step " + std::to_string(step) +
                         ": the gradient is too steep for migration.haptotaxis or "
                         "migration.chemotaxis; raise time.motility_substeps");
  const auto refuse = [&](std::size_t k, const std::string& what) {
    throw NumericalError("the ledger of " + std::string(kind_rows[k].name) +
                         " cells is off at step " + std::to_string(step) + ": " + what);
  };
  for (std::size_t k = 1; k < kind_count; ++k) {
    std::int64_t expected = before[k], bodies = 0, deaths = 0;
    for (std::size_t other = 0; other < flow_width; ++other) {
      expected += ledger_.flow[other][k] - old.flow[other][k];
      expected -= ledger_.flow[k][other] - old.flow[k][other];
    }
    if (expected != counts_[k])
      refuse(k, "births, deaths and transitions give " + std::to_string(expected) +
                    ", the lattice holds " + std::to_string(counts_[k]));
    for (const Kind dead : kinds_in(dead_kinds))
      bodies += ledger_.changed(static_cast<Kind>(k), dead);
    for (const auto& by_cause : ledger_.deaths) deaths += by_cause[k];
    if (bodies != deaths)
      refuse(k, std::to_string(deaths) + " deaths by cause left " + std::to_string(bodies) +
                    " bodies");
  }
}

} // namespace metavox
