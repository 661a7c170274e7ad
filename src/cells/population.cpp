#include "cells/population.hpp"

#include <algorithm>
#include <cmath>

#include "cells/activity.hpp"
#include "cells/make_way.hpp"
#include "core/launch.hpp"
#include "solver/diffusion.hpp"

namespace metavox {
namespace {

// Oxygen at which a cell's ATP counts as full, mmHg. Assumed: that of tissue which lacks nothing.
constexpr double reference_pressure = 40;

std::uint16_t steps_of(double duration, double dt) {
  const double steps = std::floor(duration / dt + 0.5);
  return static_cast<std::uint16_t>(std::clamp(steps, 0.0, 65535.0));
}

FateParameters fate_parameters(const PopulationSettings& p, int push_distance2) {
  FateParameters f{};
  const double dt = p.step;
  const auto f32 = [](double v) { return static_cast<float>(v); };
  f.dt = f32(dt);
  f.quiescence = p.quiescence.enabled;
  f.crowding = p.quiescence.crowding;
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
  f.apoptosis_normal = f32(p.death.apoptosis_normal);
  f.anoikis = f32(p.death.anoikis);
  f.anoikis_matrix = f32(p.death.anoikis_matrix);
  f.hold_epithelial = f32(1 - p.death.resistance_epithelial);
  f.hold_mesenchymal = f32(1 - p.death.resistance_mesenchymal);
  f.crushing = f32(p.death.crushing);
  f.t_cell_kill = f32(p.death.t_cell_kill);
  f.senescent_removal = f32(p.stem.senescent_removal);
  f.body_steps = std::max<std::uint16_t>(1, steps_of(p.death.apoptotic_body, dt));
  f.debris_cleared = threshold(1 - exact::exp(-p.death.debris_clearance * dt));
  f.physicell_ramp = p.cycle.law == CycleLaw::physicell;
  const auto ticks = [&](double time) {
    return p.cycle.enabled ? f32(clock_unit * dt / time) : 0.0f;
  };
  f.advance_epithelial = ticks(p.cycle.epithelial);
  f.advance_mesenchymal = ticks(p.cycle.mesenchymal);
  f.advance_normal = ticks(p.cycle.normal);
  f.half_pressure = f32(p.cycle.half_pressure);
  f.half_pressure_normal = f32(p.cycle.half_pressure_normal);
  f.ramp_low = f32(p.cycle.ramp_low);
  f.ramp_high = f32(p.cycle.ramp_high);
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
  f.push_distance2 = push_distance2;
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

} // namespace

PushOffsets push_offsets(int longest2) {
  PushOffsets pushes;
  constexpr int r = longest_push;
  for (int d2 = 0; d2 <= r * r + 1; ++d2) {
    pushes.first.push_back(static_cast<std::uint16_t>(pushes.offset.size()));
    if (d2 == 0 || d2 > longest2) continue;
    for (int z = -r; z <= r; ++z)
      for (int y = -r; y <= r; ++y)
        for (int x = -r; x <= r; ++x)
          if (x * x + y * y + z * z == d2)
            pushes.offset.push_back({static_cast<std::int8_t>(x), static_cast<std::int8_t>(y),
                                     static_cast<std::int8_t>(z)});
  }
  return pushes;
}

Population::Population(const Executor& executor, const Lattice& lattice,
                       const PopulationSettings& p, std::uint64_t seed)
    : lattice_(lattice), seed_(seed) {
  const double reach = p.cycle.push_length / p.spacing;
  // A free face neighbour is no push: it will do at any push length.
  const int distance2 = std::clamp(static_cast<int>(std::floor(reach * reach + 1e-9)), 1,
                                   longest_push * longest_push);
  reach_ = 1;
  while ((reach_ + 1) * (reach_ + 1) <= distance2) ++reach_;
  fate_ = fate_parameters(p, distance2);
  walk_ = walk_parameters(p);
  division_.stem = p.stem.enabled;
  division_.symmetric = threshold(p.stem.symmetric);
  division_.capacity = static_cast<std::uint8_t>(p.stem.capacity);
  division_.mutates = threshold(p.mutation.probability);
  division_.deviation = static_cast<float>(p.mutation.deviation / trait_step);
  division_.variation = static_cast<float>(p.cycle.variation);
  divides_ = p.cycle.enabled;
  migration_on_ = p.migration.enabled;
  into_dead_ = p.cycle.into_dead;
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

  const PushOffsets pushes = push_offsets(distance2);
  push_offset_ = Buffer<Offset>(executor, static_cast<std::int64_t>(pushes.offset.size()));
  push_offset_.upload(pushes.offset.data());
  push_first_ = Buffer<std::uint16_t>(executor, static_cast<std::int64_t>(pushes.first.size()));
  push_first_.upload(pushes.first.data());

  if (tracers_on_) {
    std::vector<std::int32_t> at;
    for (int k = 0; k < p.tracers.count; ++k)
      for (std::size_t a = 0; a < 3; ++a)
        at.push_back(static_cast<std::int32_t>(std::floor(p.tracers.start[a] / lattice.spacing)));
    work_.tracers.upload(at.data());
  }
}

CellView Population::view() {
  return {arrays_.kind.data(),     arrays_.flags.data(), arrays_.clock.data(), arrays_.timer.data(),
          arrays_.capacity.data(), arrays_.clone.data(), arrays_.traits.data()};
}

void Population::advance(const Executor& executor, const FieldView& oxygen,
                         const FieldView& glucose, const float* matrix,
                         const std::uint16_t* membrane, std::int64_t step) {
  const auto process = executor.process("cells");
  step_ = static_cast<std::uint64_t>(step);
  find_activity(executor, oxygen);
  if (active_.count > 0) {
    measure_room(executor);
    settle_fate(executor, oxygen, glucose, matrix);
    if (divides_) divide(executor, membrane);
  }
  if (migration_on_) migrate(executor, oxygen, matrix, membrane);
}

void Population::find_activity(const Executor& executor, const FieldView& oxygen) {
  const Bricks bricks(lattice_);
  executor.for_each_index(bricks.count(),
                          FindActivity{arrays_.kind.data(), oxygen, work_.brick_flag.data(),
                                       lattice_, bricks, normal_always_,
                                       migration_on_ && walk_.diffusivity_stroma > 0,
                                       fate_.necrosis, fate_.necrosis_high});
  executor.for_each_index(bricks.count(),
                          WidenActivity{work_.brick_flag.data(), work_.brick_wide.data(), bricks});
  active_.ids = work_.brick_ids.data();
  active_.count = executor.compact(work_.brick_wide.data(), bricks.count(), work_.brick_ids.data());
}

void Population::measure_room(const Executor& executor) {
  executor.for_each_voxel(
      lattice_, MeasureRoomX{arrays_.kind.data(), work_.room.data(), lattice_, reach_, into_dead_});
  executor.for_each_voxel(
      lattice_, MeasureRoomYZ<false>{work_.room.data(), work_.room_other.data(), lattice_, reach_});
  executor.for_each_voxel(
      lattice_, MeasureRoomYZ<true>{work_.room_other.data(), work_.room.data(), lattice_, reach_});
}

void Population::settle_fate(const Executor& executor, const FieldView& oxygen,
                             const FieldView& glucose, const float* matrix) {
  executor.for_each_voxel(lattice_, SenseNeighbours{arrays_.kind.data(), work_.sensed.data(),
                                                    lattice_.pitch(), lattice_.plane()});
  executor.for_each_voxel(lattice_, active_,
                          AdvanceFate{view(),
                                      oxygen,
                                      glucose,
                                      matrix,
                                      work_.sensed.data(),
                                      work_.room.data(),
                                      factors(),
                                      {work_.ledger.data()},
                                      fate_,
                                      lattice_,
                                      seed_,
                                      step_});
}

ContestView Population::open_contest(int round) {
  work_.brick_mark.clear();
  const ContestKeys keys = contest_keys(seed_, step_, round);
  return {work_.claim.data(), work_.plan.data(), work_.brick_mark.data(),
          Bricks(lattice_),   keys.key0,         keys.key1};
}

ActiveBricks Population::contested(const Executor& executor) {
  return {work_.contested_ids.data(),
          executor.compact(work_.brick_mark.data(), work_.brick_mark.size(),
                           work_.contested_ids.data())};
}

void Population::divide(const Executor& executor, const std::uint16_t* membrane) {
  const ContestView rivals = open_contest(0);
  const PushTable table{push_offset_.data(), push_first_.data()};
  executor.for_each_voxel(lattice_, active_,
                          ProposeDivision{view(), work_.room.data(), membrane, rivals, table,
                                          lattice_, fate_.push_distance2, into_dead_,
                                          fate_.regeneration, seed_, step_});
  const ActiveBricks bricks = contested(executor);
  executor.for_each_voxel(
      lattice_, bricks,
      CommitDivision{
          view(), rivals, table, {work_.ledger.data()}, lattice_, division_, seed_, step_});
  executor.for_each_voxel(lattice_, bricks, WithdrawDivision{rivals, table, lattice_});
}

void Population::migrate(const Executor& executor, const FieldView& oxygen, const float* matrix,
                         const std::uint16_t* membrane) {
  const WalkRule walk{matrix, membrane, oxygen, walk_, lattice_};
  for (int substep = 0; substep < substeps_; ++substep) {
    const ContestView rivals = open_contest(1 + substep);
    executor.for_each_voxel(lattice_, active_,
                            ProposeMove{view(), walk, rivals, factors(),
                                        work_.ledger.data() + overfull_entry, seed_, step_,
                                        substep});
    const ActiveBricks bricks = contested(executor);
    executor.for_each_voxel(lattice_, bricks, CommitMove{view(), rivals, lattice_});
    executor.for_each_voxel(lattice_, bricks, WithdrawMove{rivals, lattice_});
    if (tracers_on_)
      executor.for_each_index(work_.tracers.size() / 3,
                              AdvanceTracers{walk, work_.tracers.data(), tracer_diffusivity_,
                                             work_.ledger.data() + overfull_entry, seed_, step_,
                                             substep});
  }
}

void Population::make_way(const Executor& executor, const std::vector<std::int64_t>& entered,
                          const std::vector<std::int64_t>& left, const std::uint16_t* membrane) {
  const auto n = static_cast<std::int64_t>(entered.size()),
             m = static_cast<std::int64_t>(left.size());
  if (n + m == 0) return;
  if (way_.size() < n + m) way_ = Buffer<std::int64_t>(executor, 2 * (n + m) + 1024);
  executor.copy_in(way_.data(), entered.data(), entered.size() * sizeof(std::int64_t));
  executor.copy_in(way_.data() + n, left.data(), left.size() * sizeof(std::int64_t));
  executor.for_each_index(1, MakeWay{view(),
                                     membrane,
                                     {push_offset_.data(), push_first_.data()},
                                     {work_.ledger.data()},
                                     lattice_,
                                     fate_.push_distance2,
                                     way_.data(),
                                     n,
                                     way_.data() + n,
                                     m,
                                     seed_,
                                     step_});
}

void Population::count_now(const Executor& executor) {
  const auto n = executor.tally_over(lattice_, CountKinds{arrays_.kind.data()});
  std::copy(n.begin(), n.end(), counts_.begin());
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
