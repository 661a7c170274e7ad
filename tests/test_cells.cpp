// Every rule of a cell on one voxel or a small lattice, against arithmetic by hand. Rules are
// functors: they are called here directly, on arrays of the host, in any order of voxels.

#include <array>
#include <functional>
#include <numeric>
#include <random>
#include <set>

#include "cells/crowding.hpp"
#include "cells/division.hpp"
#include "cells/excess_cells.hpp"
#include "cells/fate.hpp"
#include "cells/make_way.hpp"
#include "cells/migration.hpp"
#include "cells/population.hpp"
#include "cells/relay.hpp"
#include "cells/renew_excess.hpp"
#include "cells/sense.hpp"
#include "fields/oxygen.hpp"
#include "site/measure.hpp"
#include "site/take_apart.hpp"
#include "site/tumour_shape.hpp"
#include "support.hpp"
#include "tissue/matrix.hpp"

namespace metavox {
namespace {

using namespace support;

// As many rounds as time.motility_substeps may ask for, and steps beside each other.
TEST(ContestKeys, DifferForEveryStepAndRound) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t step = 0; step < 200; ++step)
    for (int round = 0; round < 10000; round += step < 3 ? 1 : 64) {
      const ContestKeys keys = contest_keys(1, step, round);
      EXPECT_TRUE(seen.insert(std::uint64_t{keys.key1} << 32 | keys.key0).second)
          << "step " << step << ", round " << round;
    }
}

// Second cells, column by column.
struct Seconds {
  std::vector<std::int64_t> voxel;
  std::vector<std::uint8_t> kind, capacity;
  std::vector<std::uint16_t> flags, clock, timer, clone, waited;
  std::vector<std::uint64_t> traits;

  template <class F>
  void for_each(const F& f) {
    f(voxel), f(kind), f(capacity), f(flags), f(clock), f(timer), f(clone), f(waited), f(traits);
  }
  std::int64_t size() const { return static_cast<std::int64_t>(voxel.size()); }
  void resize(std::size_t n) {
    for_each([n](auto& column) { column.resize(n); });
  }
};

// A lattice of host arrays with what the rules want to know.
struct Patch {
  Lattice l;
  std::vector<std::uint8_t> kind, capacity, sensed, held, mark;
  std::vector<std::uint16_t> flags, clock, timer, clone, plan, membrane;
  std::vector<std::uint64_t> traits;
  std::vector<std::uint32_t> claim, aim;
  std::vector<float> oxygen, glucose, matrix, pressure, table;
  std::vector<std::int64_t> flow;
  Seconds second;
  bool presses = true; // there is a pressure
  bool yields = false; // dense matrix holds back who is pushed into it
  std::int64_t overfull = 0;
  std::uint64_t seed = 11, step = 0;
  int order = 0; // of voxels and entries; 0: ascending; otherwise shuffled with this seed

  explicit Patch(const Lattice& lattice) : l(lattice) {
    const auto n = static_cast<std::size_t>(l.padded());
    kind.assign(n, static_cast<std::uint8_t>(Kind::outside));
    each([&](const Voxel& s) { kind[at(s)] = 0; });
    for (auto* bytes : {&capacity, &sensed, &held}) bytes->assign(n, 0);
    for (auto* words : {&flags, &clock, &timer, &clone, &plan, &membrane}) words->assign(n, 0);
    traits.assign(n, 0);
    claim.assign(n, unclaimed);
    mark.assign(static_cast<std::size_t>(Bricks(l).count()), 0);
    oxygen.assign(n, 40.0f);
    glucose.assign(n, 5.0f);
    matrix.assign(n, 0.8f);
    pressure.assign(n, 0.0f);
    for (int v = -128; v < 128; ++v) table.push_back(static_cast<float>(std::exp(trait_step * v)));
    flow.assign(ledger_entries, 0);
  }

  static std::size_t at(const Voxel& s) { return static_cast<std::size_t>(s.i); }
  std::size_t at(int x, int y, int z) const { return static_cast<std::size_t>(l.index(x, y, z)); }
  CellView view() {
    return {kind.data(),     flags.data(), clock.data(), timer.data(),
            capacity.data(), clone.data(), traits.data()};
  }
  FieldView field(const std::vector<float>& c) const { return {c.data(), l, 1}; }
  PressureView pressed() const { return {field(pressure), presses}; }
  TraitFactors factors() const { return {table.data()}; }
  template <class From, class To> // kinds or reservoirs
  std::int64_t flowed(From from, To to) const {
    return flow[static_cast<std::size_t>(from) * flow_width + static_cast<std::size_t>(to)];
  }
  std::int64_t died(Kind k, Cause cause) const {
    return flow[static_cast<std::size_t>(flow_entries) + static_cast<std::size_t>(cause) * 16 +
                static_cast<std::size_t>(k)];
  }
  void put(int x, int y, int z, Kind k) { kind[at(x, y, z)] = static_cast<std::uint8_t>(k); }
  Kind what(int x, int y, int z) const { return static_cast<Kind>(kind[at(x, y, z)]); }
  void fill(Kind k) {
    each([&](const Voxel& s) { kind[at(s)] = static_cast<std::uint8_t>(k); });
  }
  std::int64_t number_of(Kind k) { // standing
    std::int64_t n = 0;
    each([&](const Voxel& s) { n += kind[at(s)] == static_cast<std::uint8_t>(k) ? 1 : 0; });
    return n;
  }

  // ---- second cells

  ExcessView view_of(Seconds& c) {
    return {c.voxel.data(),
            {c.kind.data(), c.flags.data(), c.clock.data(), c.timer.data(), c.capacity.data(),
             c.clone.data(), c.traits.data()},
            c.waited.data(),
            held.data(),
            claim.data(),
            c.size(),
            l};
  }
  ExcessView excess() { return view_of(second); }
  // Its entry.
  std::size_t put_second(int x, int y, int z, const Cell& c) {
    const auto n = static_cast<std::size_t>(second.size());
    second.resize(n + 1);
    second.voxel[n] = l.number(x, y, z);
    view_of(second).cell.store(static_cast<std::int64_t>(n), c);
    held[at(x, y, z)] = 1;
    return n;
  }
  std::size_t put_second(int x, int y, int z, Kind k) {
    Cell c;
    c.kind = k;
    return put_second(x, y, z, c);
  }
  // The entry of a voxel, -1 where there is none; the test fails where there are two.
  std::int64_t entry_at(std::int64_t i) {
    std::int64_t found = -1;
    for (std::int64_t n = 0; n < second.size(); ++n)
      if (!excess().gone(n) && excess().place(n).i == i) {
        EXPECT_EQ(found, -1) << "two entries in a voxel";
        found = n;
      }
    return found;
  }
  Kind second_at(int x, int y, int z) {
    const std::int64_t n = entry_at(l.index(x, y, z));
    return n < 0 ? Kind::none : excess().cell.kind(n);
  }
  // Marks are where entries are, and no voxel has two.
  bool marks_are_true() {
    std::vector<int> entries(held.size(), 0);
    for (std::int64_t n = 0; n < second.size(); ++n)
      if (!excess().gone(n)) entries[at(excess().place(n))] += 1;
    for (std::size_t i = 0; i < held.size(); ++i)
      if (entries[i] != held[i]) return false;
    return true;
  }
  template <class F>
  void each_entry(const F& f) {
    std::vector<std::int64_t> entries(static_cast<std::size_t>(second.size()));
    std::iota(entries.begin(), entries.end(), std::int64_t{0});
    if (order != 0) {
      std::mt19937 random(static_cast<unsigned>(order));
      std::shuffle(entries.begin(), entries.end(), random);
    }
    for (const std::int64_t n : entries) f(n);
  }
  // The same entries in another order.
  void shuffle_entries(unsigned with) {
    std::vector<std::int64_t> from(static_cast<std::size_t>(second.size()));
    std::iota(from.begin(), from.end(), std::int64_t{0});
    std::mt19937 random(with);
    std::shuffle(from.begin(), from.end(), random);
    second.for_each([&](auto& column) {
      const auto old = column;
      for (std::size_t n = 0; n < from.size(); ++n)
        column[n] = old[static_cast<std::size_t>(from[n])];
    });
  }
  // Each cell with all that it is, standing and second alike.
  std::multiset<std::vector<std::uint64_t>> cells() {
    std::multiset<std::vector<std::uint64_t>> all;
    const auto insert = [&](const Cell& c) {
      if (c.kind != Kind::none)
        all.insert({static_cast<std::uint64_t>(c.kind), c.flags, c.clock, c.timer, c.capacity,
                    c.clone, c.traits});
    };
    each([&](const Voxel& s) { insert(view().load(s.i)); });
    for (std::int64_t n = 0; n < second.size(); ++n) insert(excess().cell.load(n));
    return all;
  }
  std::int64_t all_of(Kind k) {
    return number_of(k) +
           std::count(second.kind.begin(), second.kind.end(), static_cast<std::uint8_t>(k));
  }

  template <class F>
  void each(const F& f) const {
    std::vector<Voxel> sites;
    for (int z = 0; z < l.nz; ++z)
      for (int y = 0; y < l.ny; ++y)
        for (int x = 0; x < l.nx; ++x) sites.push_back(l.voxel(x, y, z));
    if (order != 0) {
      std::mt19937 random(static_cast<unsigned>(order));
      std::shuffle(sites.begin(), sites.end(), random);
    }
    for (const Voxel& s : sites) f(s);
  }
  template <class F>
  void each_row(const F& f) const {
    for (int z = 0; z < l.nz; ++z)
      for (int y = 0; y < l.ny; ++y) f.row(Row{0, y, z, l.nx, l.index(0, y, z)});
  }

  // ---- rules

  void sense() { each(SenseNeighbours{kind.data(), sensed.data(), l.pitch(), l.plane()}); }
  Ageing ageing(const FateParameters& p) {
    return {field(oxygen),
            field(glucose),
            pressed(),
            matrix.data(),
            membrane.data(),
            sensed.data(),
            factors(),
            {flow.data()},
            p,
            l,
            seed,
            step};
  }
  AdvanceFate fate(const FateParameters& p) { return {view(), ageing(p)}; }
  void age_second(const FateParameters& p) {
    each_entry(AgeExcess{excess(), kind.data(), ageing(p)});
  }
  ContestView rivals(int round) {
    const ContestKeys keys = contest_keys(seed, step, round);
    return {claim.data(), plan.data(), mark.data(), Bricks(l), keys.key0, keys.key1};
  }
  MarkBirths births(bool normal_divides = false) {
    return {view(), held.data(), pressed(), normal_divides, l};
  }
  // As ExcessCells::renew does.
  void renew(const DivisionParameters& p) {
    each_entry(MapExcess{excess(), claim.data()});
    std::vector<std::uint32_t> marked;
    for (std::size_t i = 0; i < held.size(); ++i)
      if (held[i] != 0) marked.push_back(static_cast<std::uint32_t>(i));
    Seconds fresh;
    fresh.resize(marked.size());
    const RenewExcess rule{marked.data(), excess(),  view_of(fresh),
                           claim.data(),  unclaimed, {view(), {flow.data()}, l, p, seed, step}};
    std::vector<std::int64_t> entries(marked.size());
    std::iota(entries.begin(), entries.end(), std::int64_t{0});
    if (order != 0) std::reverse(entries.begin(), entries.end());
    for (const std::int64_t n : entries) rule(n);
    std::swap(second, fresh);
  }
  void divide(const DivisionParameters& p, bool normal_divides = false) {
    each(births(normal_divides));
    renew(p);
  }
  void settle() { each_entry(SettleExcess{excess(), view(), {flow.data()}}); }
  MatrixRoom room() const { return {matrix.data(), yields, 0.6f, 0.1f}; }
  RelayRule relay_rule(const RelayParameters& p) const {
    return {kind.data(), flags.data(), held.data(), membrane.data(), room(), pressed(), p, l};
  }
  void relay(const RelayParameters& p, int substep = 0) {
    const ContestView c = rivals(1 + substep);
    aim.assign(static_cast<std::size_t>(second.size()), 77);
    each_entry(ProposeRelay{excess(), relay_rule(p), c, aim.data(), seed, step, substep});
    each_entry(CommitRelay{excess(), view(), relay_rule(p), c, aim.data(), {flow.data()}});
    each_entry(WithdrawRelay{c, aim.data()});
  }
  WalkRule walk(const MigrationParameters32& p) {
    return {matrix.data(), membrane.data(), field(oxygen), p, l};
  }
  ProposeMove proposals(const MigrationParameters32& p, int substep = 0) {
    return {view(), walk(p), rivals(1 + substep), factors(), &overfull, seed, step, substep};
  }
  void move(const MigrationParameters32& p, int substep = 0) {
    const ContestView c = rivals(1 + substep);
    each(proposals(p, substep));
    EXPECT_TRUE(every_proposal_is_marked());
    each(CommitMove{view(), c, l});
    each(WithdrawMove{c, l});
  }
  // Rules that act on proposals visit marked bricks only.
  bool every_proposal_is_marked() const {
    bool all = true;
    each([&](const Voxel& s) {
      all = all &&
            (plan[at(s)] == 0 || mark[static_cast<std::size_t>(Bricks(l).of(s.x, s.y, s.z))] != 0);
    });
    return all;
  }
  bool contest_is_clean() const {
    return std::all_of(claim.begin(), claim.end(),
                       [](std::uint32_t v) { return v == unclaimed; }) &&
           std::all_of(plan.begin(), plan.end(), [](std::uint16_t v) { return v == 0; });
  }
};

std::uint64_t with_trait(Trait t, int value) {
  return std::uint64_t{static_cast<std::uint8_t>(value)} << (8 * static_cast<int>(t));
}

// Rates that do nothing; each test switches on what it looks at.
FateParameters quiet() {
  FateParameters p{};
  p.dt = 6;
  p.rest_enter = 8.9f;
  p.rest_leave = 9.8f;
  p.rest_limit = 65535;
  p.necrosis_high = 5;
  p.necrosis_low = 2.5f;
  p.hold_epithelial = 0.7f;
  p.hold_mesenchymal = 0.1f;
  p.anoikis_matrix = 0.05f;
  p.body_steps = 86;
  p.bearable = 0.1f;
  p.crushing_width = 1.5f;
  p.crowded = 5;
  p.lost_after = 240;
  p.ticks = clock_unit * 6.0f;
  p.pace.half_pressure = 1.4f;
  p.pace.ramp_low = 5;
  p.pace.ramp_high = 10;
  p.pace.inhibited = true;
  p.pace.half = 5;
  p.normal = p.pace;
  p.normal.half_pressure = 3;
  p.matrix_edge = 0.3f;
  p.hypoxia_high = 15;
  p.hypoxia_low = 4;
  return p;
}
// Cycles per minute of a clock that runs so many units in a step.
float pace_of(double units) { return static_cast<float>(units / (clock_unit * 6.0)); }

// A share k/n that must be p within three sigma of the binomial.
void expect_share(std::int64_t k, std::int64_t n, double p, const std::string& what) {
  const double sigma = std::sqrt(p * (1 - p) / static_cast<double>(n));
  EXPECT_NEAR(static_cast<double>(k) / static_cast<double>(n), p, 3 * sigma) << what;
}
double share_in_step(double rate) { return 1 - std::exp(-rate * 6); }

// ---- kinds, traits, fields

TEST(TraitFactor, IsTheExponentialOfItsByte) {
  const Patch p(Lattice{1, 1, 1, 20});
  std::uint64_t all = 0;
  for (int t = 0; t < trait_count; ++t) all |= with_trait(static_cast<Trait>(t), 10 * t - 35);
  for (int t = 0; t < trait_count; ++t)
    EXPECT_FLOAT_EQ(p.factors().of(all, static_cast<Trait>(t)),
                    static_cast<float>(std::exp(0.02 * (10 * t - 35))));
  EXPECT_EQ(p.factors().of(0, Trait::vegf), 1.0f);
}

TEST(CoarseField, IsReadByLinearInterpolation) {
  for (const int coarsen : {1, 2, 4}) {
    const Lattice fine{16, 12, 8, 20},
        coarse{16 / coarsen, 12 / coarsen, 8 / coarsen, 20.0 * coarsen};
    std::vector<float> c(static_cast<std::size_t>(coarse.padded()), -1e9f); // ghosts must not count
    const auto linear = [](double x, double y, double z) {
      return 1 + 0.01 * x - 0.02 * y + 0.03 * z;
    };
    for (int z = 0; z < coarse.nz; ++z)
      for (int y = 0; y < coarse.ny; ++y)
        for (int x = 0; x < coarse.nx; ++x)
          c[static_cast<std::size_t>(coarse.index(x, y, z))] = static_cast<float>(linear(
              (x + 0.5) * coarse.spacing, (y + 0.5) * coarse.spacing, (z + 0.5) * coarse.spacing));
    const FieldView view{c.data(), coarse, coarsen};
    for (int z = 0; z < fine.nz; ++z)
      for (int y = 0; y < fine.ny; ++y)
        for (int x = 0; x < fine.nx; ++x) {
          // Beyond the outer centres the field continues flat.
          const auto held = [&](int v, int n) {
            return std::clamp((v + 0.5) * 20, 0.5 * coarse.spacing, (n - 0.5) * coarse.spacing);
          };
          const double expected =
              linear(held(x, coarse.nx), held(y, coarse.ny), held(z, coarse.nz));
          ASSERT_NEAR(static_cast<double>(view.at(fine.voxel(x, y, z))), expected, 1e-4)
              << x << ' ' << y << ' ' << z << " coarsened by " << coarsen;
        }
  }
}

// ---- sensing

TEST(Sensing, CountsTheSixNeighbours) {
  for (unsigned trial = 1; trial <= 20; ++trial) {
    Patch p(Lattice{13, 7, 5, 20});
    std::mt19937 random(trial);
    p.each([&](const Voxel& s) {
      // Up to six T cells around a voxel must not spill into the other counts.
      p.kind[Patch::at(s)] = static_cast<std::uint8_t>(trial % 2 == 0 ? 5 : random() % 9);
      if (trial % 2 == 0 && random() % 4 == 0) p.kind[Patch::at(s)] = 3;
    });
    p.sense();
    const std::vector<std::uint8_t> by_site = p.sensed;
    p.each([&](const Voxel& s) {
      int living = 0, tumour = 0, t_cells = 0;
      for (int a = 0; a < 6; ++a) {
        const auto k = static_cast<Kind>(p.kind[static_cast<std::size_t>(neighbour(p.l, s.i, a))]);
        living += k >= Kind::parenchyma && k <= Kind::t_cell ? 1 : 0;
        tumour += k == Kind::epithelial || k == Kind::mesenchymal ? 1 : 0;
        t_cells += k == Kind::t_cell ? 1 : 0;
      }
      const Surroundings around{p.sensed[Patch::at(s)]};
      ASSERT_EQ(around.living(), living) << "trial " << trial;
      ASSERT_EQ(around.tumour(), tumour) << "trial " << trial;
      ASSERT_EQ(around.killers(), std::min(t_cells, 3)) << "trial " << trial;
    });
    p.each_row(SenseNeighbours{p.kind.data(), p.sensed.data(), p.l.pitch(), p.l.plane()});
    ASSERT_EQ(p.sensed, by_site);
  }
}

// ---- fate

// One E-like cell amid a block of them.
struct OneCell : Patch {
  OneCell() : Patch(Lattice{3, 3, 3, 20}) {
    fill(Kind::epithelial);
    sense();
    clock[centre()] = 20000;
  }
  std::size_t centre() const { return at(1, 1, 1); }
  void age(const FateParameters& p) {
    fate(p)(l.voxel(1, 1, 1));
    step += 1;
  }
};

TEST(Quiescence, HasHysteresis) {
  FateParameters p = quiet();
  p.quiescence = true;
  p.rest_switch = 65536;
  p.pace.epithelial = pace_of(147);
  OneCell c;
  const auto rests_at = [&](float pressure) {
    c.oxygen[c.centre()] = pressure;
    c.age(p);
    return (c.flags[c.centre()] & flag_hypoxic) != 0;
  };
  EXPECT_FALSE(rests_at(9.5f)); // between the thresholds it stays as it is
  EXPECT_FALSE(rests_at(8.91f));
  EXPECT_TRUE(rests_at(8.89f));
  EXPECT_TRUE(rests_at(9.5f));
  EXPECT_TRUE(rests_at(9.79f));
  EXPECT_FALSE(rests_at(9.81f));
  // A tolerant cell, factor e^0.4, rests at lower pressure.
  c.traits[c.centre()] = with_trait(Trait::hypoxia_tolerance, 20);
  const float threshold = 8.9f / std::exp(0.4f);
  EXPECT_FALSE(rests_at(threshold * 1.01f));
  EXPECT_TRUE(rests_at(threshold * 0.99f));
}

TEST(Quiescence, StopsTheClockAndCountsTheTime) {
  FateParameters p = quiet();
  p.quiescence = true;
  p.rest_switch = 65536;
  p.pace.epithelial = pace_of(100);
  p.rest_limit = 3;
  OneCell c;
  c.oxygen[c.centre()] = 7;
  for (int n = 1; n <= 3; ++n) {
    c.age(p);
    EXPECT_EQ(c.clock[c.centre()], 20000);
    EXPECT_EQ(c.timer[c.centre()], n);
  }
  c.oxygen[c.centre()] = 40;
  c.age(p);
  EXPECT_EQ(c.timer[c.centre()], 0) << "the count is of continuous rest";
  EXPECT_GT(c.clock[c.centre()], 20000);
  c.oxygen[c.centre()] = 7;
  for (int n = 1; n <= 3; ++n) c.age(p);
  EXPECT_EQ(c.what(1, 1, 1), Kind::epithelial);
  c.age(p);
  EXPECT_EQ(c.what(1, 1, 1), Kind::necrotic);
  EXPECT_EQ(c.flowed(Kind::epithelial, Kind::necrotic), 1);
  EXPECT_EQ(c.timer[c.centre()], 0) << "a body starts without a past";
}

TEST(Crowding, IsPressureThatMoreThanHalvesThePace) {
  const FateParameters p = quiet();
  OneCell c;
  for (const auto& [pressure, crowded] :
       {std::pair{5.001f, true}, {5.0f, false}, {20.0f, true}, {4.999f, false}, {-1.0f, false}}) {
    c.pressure[c.centre()] = pressure;
    c.age(p);
    EXPECT_EQ((c.flags[c.centre()] & flag_crowded) != 0, crowded) << pressure;
  }
  // It is drawn, and slows nothing that a cell takes up.
  EXPECT_FALSE(AssembleField<MetaboliteLaw>::resting(flag_crowded));
  EXPECT_TRUE(AssembleField<MetaboliteLaw>::resting(flag_hypoxic));
}

TEST(Detachment, IsTheLackOfTumourNeighbours) {
  OneCell c;
  c.age(quiet());
  EXPECT_EQ(c.flags[c.centre()] & flag_detached, 0);
  c.fill(Kind::stroma);
  c.put(1, 1, 1, Kind::mesenchymal);
  c.sense();
  c.age(quiet());
  EXPECT_NE(c.flags[c.centre()] & flag_detached, 0);
  c.put(1, 2, 1, Kind::epithelial);
  c.sense();
  c.age(quiet());
  EXPECT_EQ(c.flags[c.centre()] & flag_detached, 0);
}

// A block of equal cells and how many of each kind it has after one step.
struct Crowd : Patch {
  explicit Crowd(Kind k) : Patch(Lattice{40, 40, 40, 20}) {
    fill(k);
    std::fill(sensed.begin(), sensed.end(), std::uint8_t{6 + 8 * 6});
    std::fill(clock.begin(), clock.end(), std::uint16_t{20000});
  }
  static constexpr std::int64_t size = 64000;
  void age(const FateParameters& p) {
    each(fate(p));
    step += 1;
  }
};

TEST(Necrosis, HasTheHazardOfItsRamp) {
  FateParameters p = quiet();
  p.necrosis = true;
  p.necrosis_rate = 1.0f / 360;
  for (const auto& [pressure, share] :
       {std::pair{0.0f, 1.0}, {2.4f, 1.0}, {3.75f, 0.5}, {4.5f, 0.2}, {5.0f, 0.0}, {40.0f, 0.0}})
    for (const Kind k : {Kind::epithelial, Kind::parenchyma}) {
      Crowd c(k);
      std::fill(c.oxygen.begin(), c.oxygen.end(), pressure);
      c.age(p);
      const double expected = share_in_step(share / 360);
      if (share == 0) {
        EXPECT_EQ(c.number_of(k), Crowd::size);
      } else {
        expect_share(c.number_of(Kind::necrotic), Crowd::size, expected,
                     "at " + std::to_string(pressure) + " mmHg");
      }
      EXPECT_EQ(c.number_of(Kind::apoptotic), 0);
      EXPECT_EQ(c.flowed(k, Kind::necrotic), c.number_of(Kind::necrotic));
    }
}

TEST(Death, IsSharedOutByTheTwoHazards) {
  FateParameters p = quiet();
  p.necrosis = true;
  p.necrosis_rate = 0.01f;
  p.apoptosis = 0.03f;
  Crowd c(Kind::mesenchymal);
  std::fill(c.oxygen.begin(), c.oxygen.end(), 1.0f);
  std::fill(c.clone.begin(), c.clone.end(), std::uint16_t{321});
  std::fill(c.traits.begin(), c.traits.end(), with_trait(Trait::vegf, 9));
  c.age(p);
  const std::int64_t dead = Crowd::size - c.number_of(Kind::mesenchymal);
  expect_share(dead, Crowd::size, share_in_step(0.04), "dead");
  expect_share(c.number_of(Kind::necrotic), dead, 0.25, "of them necrotic");
  c.each([&](const Voxel& s) {
    if (!is_dead(static_cast<Kind>(c.kind[Patch::at(s)]))) return;
    ASSERT_EQ(c.clone[Patch::at(s)], 321) << "a body keeps the founder's label";
    ASSERT_EQ(c.traits[Patch::at(s)], 0u);
    ASSERT_EQ(c.clock[Patch::at(s)], 0);
  });
}

TEST(Anoikis, NeedsBothMatrixAndNeighboursToBeMissing) {
  FateParameters p = quiet();
  p.anoikis = 1.0f / 24; // per minute: enough to count in one step
  struct Trial {
    Kind kind;
    std::uint16_t flags;
    float matrix;
    std::uint8_t sensed;
    double rate;
  };
  for (const Trial& t : {Trial{Kind::epithelial, 0, 0.04f, 0, 0.7 / 24},
                         {Kind::mesenchymal, 0, 0.04f, 0, 0.1 / 24},
                         {Kind::epithelial, flag_stem, 0.04f, 0, 0.1 / 24},
                         {Kind::epithelial, 0, 0.06f, 0, 0},
                         {Kind::epithelial, 0, 0.04f, 1, 0}}) {
    Crowd c(t.kind);
    std::fill(c.flags.begin(), c.flags.end(), t.flags);
    std::fill(c.matrix.begin(), c.matrix.end(), t.matrix);
    std::fill(c.sensed.begin(), c.sensed.end(), t.sensed);
    c.age(p);
    if (t.rate == 0) {
      EXPECT_EQ(c.number_of(t.kind), Crowd::size);
    } else {
      expect_share(c.number_of(Kind::apoptotic), Crowd::size, share_in_step(t.rate), "anoikis");
    }
  }
}

TEST(TCellContact, KillsByNumberAndImmunogenicity) {
  FateParameters p = quiet();
  p.t_cell_kill = 0.01f;
  for (const int touching : {0, 1, 2, 3})
    for (const int trait : {0, 20, -20}) {
      Crowd c(Kind::epithelial);
      std::fill(c.sensed.begin(), c.sensed.end(),
                static_cast<std::uint8_t>(64 * touching + touching));
      std::fill(c.traits.begin(), c.traits.end(), with_trait(Trait::immunogenicity, trait));
      c.age(p);
      const double rate = 0.01 * touching * std::exp(0.02 * trait);
      if (touching == 0) {
        EXPECT_EQ(c.number_of(Kind::epithelial), Crowd::size);
      } else {
        expect_share(c.number_of(Kind::apoptotic), Crowd::size, share_in_step(rate), "killed");
      }
    }
}

TEST(Crushing, GrowsWithPressureAboveWhatTissueBears) {
  FateParameters p = quiet();
  p.crushing = 0.01f;
  for (const auto& [pressure, share] : {std::pair{-1.0f, 0.0},
                                        {0.0f, 0.0},
                                        {0.1f, 0.0},
                                        {0.475f, 0.25},
                                        {0.85f, 0.5},
                                        {1.6f, 1.0},
                                        {30.0f, 1.0}})
    for (const Kind k : {Kind::parenchyma, Kind::stroma, Kind::epithelial}) {
      Crowd c(k);
      std::fill(c.pressure.begin(), c.pressure.end(), pressure);
      c.age(p);
      if (share > 0 && k != Kind::epithelial) {
        expect_share(c.number_of(Kind::apoptotic), Crowd::size, share_in_step(0.01 * share),
                     "crushed");
        EXPECT_EQ(c.died(k, Cause::crushed), c.number_of(Kind::apoptotic));
        EXPECT_EQ(c.flowed(k, Kind::apoptotic), c.number_of(Kind::apoptotic));
      } else {
        EXPECT_EQ(c.number_of(k), Crowd::size);
      }
    }
  Crowd c(Kind::stroma);
  std::fill(c.pressure.begin(), c.pressure.end(), 30.0f);
  c.presses = false;
  c.age(p);
  EXPECT_EQ(c.number_of(Kind::stroma), Crowd::size) << "there is no pressure";
}

TEST(Crushing, SharesTheDeadWithTheOtherCauses) {
  FateParameters p = quiet();
  p.necrosis = true;
  p.necrosis_rate = 0.01f;
  p.apoptosis_normal = 0.02f;
  p.crushing = 0.03f;
  Crowd c(Kind::parenchyma);
  std::fill(c.oxygen.begin(), c.oxygen.end(), 1.0f);
  std::fill(c.pressure.begin(), c.pressure.end(), 5.0f);
  c.age(p);
  const std::int64_t dead = Crowd::size - c.number_of(Kind::parenchyma);
  expect_share(dead, Crowd::size, share_in_step(0.06), "dead");
  expect_share(c.died(Kind::parenchyma, Cause::starved), dead, 1.0 / 6, "starved");
  expect_share(c.died(Kind::parenchyma, Cause::programmed), dead, 2.0 / 6, "by their programme");
  expect_share(c.died(Kind::parenchyma, Cause::crushed), dead, 3.0 / 6, "crushed");
  EXPECT_EQ(c.number_of(Kind::necrotic), c.died(Kind::parenchyma, Cause::starved));
}

TEST(Crushing, SparesCellsAtABasementMembrane) {
  FateParameters p = quiet();
  p.crushing = 100; // nobody outlives a step
  const auto survives = [&](int x, int y, int z) {
    Patch c(Lattice{5, 5, 5, 20});
    c.fill(Kind::parenchyma);
    std::fill(c.pressure.begin(), c.pressure.end(), 5.0f);
    c.membrane[c.at(x, y, z)] = 1;
    c.fate(p)(c.l.voxel(2, 2, 2));
    return c.what(2, 2, 2) == Kind::parenchyma;
  };
  int spared = 0;
  for (int z = 0; z < 5; ++z)
    for (int y = 0; y < 5; ++y)
      for (int x = 0; x < 5; ++x) {
        const bool near = std::abs(x - 2) + std::abs(y - 2) + std::abs(z - 2) <= 1;
        EXPECT_EQ(survives(x, y, z), near) << x << ' ' << y << ' ' << z;
        spared += near ? 1 : 0;
      }
  EXPECT_EQ(spared, 7);
}

// A share of the births that a cell would have without pressure.
TEST(ApoptosisShare, IsOfTheDivisionsThatOxygenAndRestAllow) {
  FateParameters p = quiet();
  constexpr double ln2 = 0.69314718056;
  p.apoptosis_share = static_cast<float>(0.9 * ln2);
  p.pace.epithelial = 1.0f / 100;
  p.pace.mesenchymal = 1.0f / 200;
  for (const Kind k : {Kind::epithelial, Kind::mesenchymal})
    for (const double oxygen : {40.0, 1.4})
      for (const float pressure : {0.0f, 20.0f}) {
        Crowd c(k);
        std::fill(c.oxygen.begin(), c.oxygen.end(), static_cast<float>(oxygen));
        std::fill(c.pressure.begin(), c.pressure.end(), pressure);
        std::fill(c.traits.begin(), c.traits.end(), with_trait(Trait::cycle_time, 10));
        c.age(p);
        const double rate = 1 / (k == Kind::epithelial ? 100.0 : 200.0) / std::exp(0.2);
        expect_share(c.number_of(Kind::apoptotic), Crowd::size,
                     share_in_step(0.9 * ln2 * rate * oxygen / (oxygen + 1.4)), "lost");
        EXPECT_EQ(c.died(k, Cause::programmed), c.number_of(Kind::apoptotic));
      }
  for (const Flag rest : {flag_hypoxic, flag_dormant}) {
    Crowd c(Kind::epithelial);
    std::fill(c.flags.begin(), c.flags.end(), rest);
    c.age(p);
    EXPECT_EQ(c.number_of(Kind::epithelial), Crowd::size) << "flag " << rest;
  }
  // The setting is the share itself.
  Site s = simulation_of(R"(
simulation: {preset: analytic}
domain: {voxels: [40, 40, 40]}
oxygen: {enabled: true, frozen: 40 mmHg}
cycle: {enabled: true, epithelial: 100 min}
death: {apoptosis_share: 0.9}
tissue: {cells: [{shape: layer, begin: 0 um, end: 800 um}]}
)");
  advance(s, 1);
  expect_share(of(count_kinds(s), Kind::apoptotic), Crowd::size,
               share_in_step(0.9 * ln2 / 100 * 40 / 41.4), "lost in a run");
}

TEST(Bodies, GiveWayWhenDueAndVanishAfterAsLongAgain) {
  Patch c(Lattice{1, 1, 1, 20});
  c.put(0, 0, 0, Kind::apoptotic);
  const FateParameters p = quiet();
  for (int n = 1; n <= 2 * 86; ++n) {
    ASSERT_EQ(c.what(0, 0, 0), Kind::apoptotic) << n;
    ASSERT_EQ((c.flags[c.at(0, 0, 0)] & flag_replaceable) != 0, n > 86) << n;
    ASSERT_EQ(c.flowed(Kind::apoptotic, Reservoir::cleared), 0) << n;
    c.fate(p)(c.l.voxel(0, 0, 0));
  }
  EXPECT_EQ(c.what(0, 0, 0), Kind::none);
  EXPECT_EQ(c.flags[c.at(0, 0, 0)], 0);
  EXPECT_EQ(c.flowed(Kind::apoptotic, Reservoir::cleared), 1);

  // 516 min, which the default step of 6 min divides.
  Site s = simulation_of(R"(
simulation: {preset: analytic}
domain: {voxels: [9, 9, 9]}
tissue: {cells: [{shape: layer, begin: 0 um, end: 60 um, kind: apoptotic}]}
)");
  advance(s, 171);
  EXPECT_EQ(of(count_kinds(s), Kind::apoptotic), 243);
  advance(s, 1);
  EXPECT_EQ(s.time(), 2 * 516);
  EXPECT_EQ(of(count_kinds(s), Kind::apoptotic), 0);
}

TEST(Debris, GivesWayAndVanishesAtItsRate) {
  FateParameters p = quiet();
  p.debris_cleared = threshold(0.2);
  Crowd c(Kind::necrotic);
  const auto replaceable = [&] {
    return std::count(c.flags.begin(), c.flags.end(), std::uint16_t{flag_replaceable});
  };
  c.age(p);
  EXPECT_EQ(c.number_of(Kind::necrotic), Crowd::size);
  const std::int64_t first = replaceable();
  expect_share(first, Crowd::size, 0.2, "replaceable");
  EXPECT_EQ(c.flowed(Kind::necrotic, Reservoir::cleared), 0);
  c.age(p);
  expect_share(c.number_of(Kind::none), first, 0.2, "cleared");
  EXPECT_EQ(c.flowed(Kind::necrotic, Reservoir::cleared), c.number_of(Kind::none));
  expect_share(replaceable() - first + c.number_of(Kind::none), Crowd::size - first, 0.2,
               "replaceable in the second step");
}

TEST(Transition, HasTheRatesOfTheModel) {
  FateParameters p = quiet();
  p.transition = true;
  p.emt = 1e-3f;
  p.met = 2e-3f;
  p.hypoxia_gain = 5;
  p.matrix_gain = 2;
  struct Trial {
    Kind kind;
    float pressure, matrix;
    std::uint8_t sensed;
    double rate;
  };
  const std::uint8_t full = 6 + 48, open = 5 + 40;
  for (const Trial& t : {Trial{Kind::epithelial, 40, 0.8f, full, 1e-3},
                         {Kind::epithelial, 4, 0.8f, full, 6e-3},
                         {Kind::epithelial, 9.5f, 0.8f, full, 3.5e-3},
                         {Kind::epithelial, 40, 0.2f, open, 3e-3},
                         {Kind::epithelial, 40, 0.2f, full, 1e-3}, // no edge
                         {Kind::epithelial, 40, 0.8f, open, 1e-3}, // an edge with matrix
                         {Kind::epithelial, 2, 0.2f, open, 8e-3},
                         {Kind::mesenchymal, 2, 0.2f, open, 2e-3},
                         {Kind::mesenchymal, 40, 0.8f, full, 2e-3}}) {
    Crowd c(t.kind);
    std::fill(c.oxygen.begin(), c.oxygen.end(), t.pressure);
    std::fill(c.matrix.begin(), c.matrix.end(), t.matrix);
    std::fill(c.sensed.begin(), c.sensed.end(), t.sensed);
    c.age(p);
    const Kind other = t.kind == Kind::epithelial ? Kind::mesenchymal : Kind::epithelial;
    expect_share(c.number_of(other), Crowd::size, share_in_step(t.rate), "changed");
    EXPECT_EQ(c.flowed(t.kind, other), c.number_of(other));
  }
}

double mean_advance(Crowd& c, const FateParameters& p, std::int64_t& low, std::int64_t& high) {
  c.age(p);
  double sum = 0;
  low = clock_divide;
  high = 0;
  c.each([&](const Voxel& s) {
    const std::int64_t moved = c.clock[Patch::at(s)] - 20000;
    sum += static_cast<double>(moved);
    low = std::min(low, moved);
    high = std::max(high, moved);
  });
  return sum / static_cast<double>(Crowd::size);
}

TEST(Clock, AdvancesByTheLawsMeanSpeed) {
  FateParameters p = quiet();
  const double full = clock_unit * 6 / 1334.0;
  p.pace.epithelial = pace_of(full);
  p.pace.mesenchymal = pace_of(0.37);
  std::int64_t low = 0, high = 0;
  for (const double pressure : {40.0, 1.4, 0.1, 0.0})
    for (const int trait : {0, 30}) {
      Crowd c(Kind::epithelial);
      std::fill(c.oxygen.begin(), c.oxygen.end(), static_cast<float>(pressure));
      std::fill(c.traits.begin(), c.traits.end(), with_trait(Trait::cycle_time, trait));
      const double units = full * pressure / (pressure + 1.4) / std::exp(0.02 * trait);
      const double fraction = units - std::floor(units);
      const double sigma = std::sqrt(fraction * (1 - fraction) / static_cast<double>(Crowd::size));
      EXPECT_NEAR(mean_advance(c, p, low, high), units, 3 * sigma + 1e-4) << pressure;
      EXPECT_GE(static_cast<double>(low), std::floor(units));
      EXPECT_LE(static_cast<double>(high), std::ceil(units));
    }
  // A clock slower than one unit a step keeps its mean speed too.
  Crowd slow(Kind::mesenchymal);
  const double units = 0.37 * 40 / 41.4;
  EXPECT_NEAR(mean_advance(slow, p, low, high), units,
              3 * std::sqrt(units * (1 - units) / static_cast<double>(Crowd::size)));
  p.pace.physicell_ramp = true;
  for (const auto& [pressure, speed] :
       {std::pair{4.9f, 0.0}, {7.5f, 0.5}, {10.0f, 1.0}, {60.0f, 1.0}}) {
    Crowd c(Kind::epithelial);
    std::fill(c.oxygen.begin(), c.oxygen.end(), pressure);
    EXPECT_NEAR(mean_advance(c, p, low, high), full * speed, 0.01) << pressure;
  }
}

TEST(Clock, IsHeldBackByPressure) {
  FateParameters p = quiet();
  p.pace.epithelial = pace_of(800);
  std::int64_t low = 0, high = 0;
  const double free = 800 * 40 / 41.4;
  const auto expect = [&](float pressure, double share) {
    Crowd c(Kind::epithelial);
    std::fill(c.pressure.begin(), c.pressure.end(), pressure);
    EXPECT_NEAR(mean_advance(c, p, low, high), share * free, 0.01) << pressure << " kPa";
  };
  for (const auto& [pressure, share] :
       {std::pair{-30.0f, 1.0}, {-1.0f, 1.0}, {0.0f, 1.0}, {2.5f, 0.8}, {5.0f, 0.5}, {15.0f, 0.1}})
    expect(pressure, share);
  p.pace.outside = 5; // of a clamp, felt besides
  expect(0, 0.5);
  expect(10, 0.1);
  expect(-5, 1);
  p.pace.inhibited = false;
  expect(15, 1);
}

TEST(Clock, StopsAtDivision) {
  FateParameters p = quiet();
  p.pace.epithelial = pace_of(1000);
  OneCell c;
  c.clock[c.centre()] = clock_divide - 3;
  c.age(p);
  EXPECT_EQ(c.clock[c.centre()], clock_divide);
  c.age(p);
  EXPECT_EQ(c.clock[c.centre()], clock_divide);
  // A day's step with a cycle of hundredths of a minute is more ticks than an int holds.
  p.pace.epithelial = pace_of(4.7e9);
  c.clock[c.centre()] = clock_zero;
  c.age(p);
  EXPECT_EQ(c.clock[c.centre()], clock_divide);
}

TEST(Senescence, IsTheEndOfAProgenitor) {
  FateParameters p = quiet();
  p.stem = true;
  p.pace.epithelial = pace_of(100);
  p.senescent_removal = 0.01f;
  OneCell c;
  c.capacity[c.centre()] = 1;
  c.age(p);
  EXPECT_EQ(c.flags[c.centre()] & flag_senescent, 0);
  c.capacity[c.centre()] = 0;
  c.flags[c.centre()] = flag_stem;
  c.age(p);
  EXPECT_EQ(c.flags[c.centre()] & flag_senescent, 0) << "stem cells never are";
  const std::uint16_t before = c.clock[c.centre()];
  c.flags[c.centre()] = 0;
  p.senescent_removal = 0;
  c.age(p);
  EXPECT_NE(c.flags[c.centre()] & flag_senescent, 0);
  EXPECT_EQ(c.clock[c.centre()], before);
  p.senescent_removal = 0.01f;
  Crowd crowd(Kind::epithelial);
  crowd.age(p);
  expect_share(crowd.number_of(Kind::apoptotic), Crowd::size, share_in_step(0.01), "removed");
}

TEST(Glucose, LimitsThroughAtp) {
  FateParameters p = quiet();
  p.glucose = true;
  p.quiescence = true;
  p.rest_switch = 65536;
  p.atp_oxygen = 0.4f;
  p.atp_glucose = 0.7f;
  p.oxygen_half = 2.5f;
  p.glucose_half = 0.04f;
  p.atp_rest = 0.5f;
  p.atp_death = 0.1f;
  p.necrosis_rate = 0.01f;
  OneCell c;
  const auto atp = [](double oxygen, double glucose) {
    return 0.4 * oxygen / (oxygen + 2.5) + 0.7 * glucose / (glucose + 0.04);
  };
  EXPECT_GT(atp(40, 5), 0.5);
  c.age(p);
  EXPECT_EQ(c.flags[c.centre()] & flag_hypoxic, 0);
  c.glucose[c.centre()] = 0.005f;
  ASSERT_LT(atp(40, 0.005), 0.5);
  c.age(p);
  EXPECT_NE(c.flags[c.centre()] & flag_hypoxic, 0) << "starved of glucose";
  Crowd crowd(Kind::epithelial);
  std::fill(crowd.oxygen.begin(), crowd.oxygen.end(), 0.2f);
  std::fill(crowd.glucose.begin(), crowd.glucose.end(), 0.001f);
  ASSERT_LT(atp(0.2, 0.001), 0.1);
  crowd.age(p);
  expect_share(crowd.number_of(Kind::necrotic), Crowd::size, share_in_step(0.01),
               "starved to death");
}

TEST(Fate, OfLinesIsThatOfSites) {
  std::mt19937 random(3);
  FateParameters p = quiet();
  p.quiescence = p.necrosis = p.transition = p.stem = true;
  p.rest_switch = 20000;
  p.necrosis_rate = 0.01f;
  p.apoptosis = 0.01f;
  p.crushing = 0.01f;
  p.emt = p.met = 0.01f;
  p.pace.epithelial = p.pace.mesenchymal = p.normal.epithelial = pace_of(147);
  p.debris_cleared = threshold(0.1);
  for (const bool regeneration : {false, true})
    for (const int unease : {0, 1, 2}) { // lines of normal cells at ease are skipped
      const bool starved = unease == 1, pressed = unease == 2;
      p.regeneration = regeneration;
      p.regeneration_neighbours = 3;
      Patch a(Lattice{21, 9, 30, 20});
      a.each([&](const Voxel& s) {
        const std::size_t i = Patch::at(s);
        const bool busy = s.z < 10;
        a.kind[i] = static_cast<std::uint8_t>(busy ? random() % 9 : random() % 3);
        a.oxygen[i] = static_cast<float>(busy || starved ? random() % 12 : 40);
        a.pressure[i] = busy || pressed ? static_cast<float>(random() % 8) - 1 : 0.1f;
        a.membrane[i] = random() % 20 == 0 ? 1 : 0;
        a.timer[i] = static_cast<std::uint16_t>(random() % 100);
        a.clock[i] = static_cast<std::uint16_t>(random() % clock_divide);
        a.capacity[i] = static_cast<std::uint8_t>(random() % 3);
        a.flags[i] = static_cast<std::uint16_t>(random() % 32);
        if (is_dead(static_cast<Kind>(a.kind[i])) && random() % 2 == 0)
          a.flags[i] = flag_replaceable;
      });
      a.sense();
      Patch b = a;
      a.order = 7;
      a.each(a.fate(p));
      b.each_row(b.fate(p));
      EXPECT_EQ(a.kind, b.kind);
      EXPECT_EQ(a.flags, b.flags);
      EXPECT_EQ(a.clock, b.clock);
      EXPECT_EQ(a.timer, b.timer);
      EXPECT_EQ(a.flow, b.flow);
    }
}

// ---- second cells

TEST(SecondCells, AgeAsOthersDo) {
  FateParameters p = quiet();
  p.pace.epithelial = pace_of(1000);
  p.quiescence = true;
  p.rest_switch = 65536;
  Patch c(Lattice{3, 3, 3, 20});
  c.fill(Kind::stroma);
  c.sense();
  Cell cell;
  cell.kind = Kind::epithelial;
  cell.clock = 20000;
  cell.clone = 9;
  cell.flags = flag_detached;
  const std::size_t n = c.put_second(1, 1, 1, cell);
  const std::size_t at = c.at(1, 1, 1);
  Seconds& second = c.second;
  const double full = 1000 * 40 / 41.4;
  c.age_second(p);
  EXPECT_NEAR(second.clock[n], 20000 + full, 1);
  EXPECT_EQ(second.flags[n], 0);
  c.pressure[at] = 15;
  c.age_second(p);
  EXPECT_NEAR(second.clock[n], 20000 + full + full / 10, 2);
  EXPECT_EQ(second.flags[n], flag_crowded);
  c.oxygen[at] = 8;
  const std::uint16_t before = second.clock[n];
  c.age_second(p);
  EXPECT_EQ(second.flags[n], flag_crowded | flag_hypoxic);
  EXPECT_EQ(second.clock[n], before);
  EXPECT_EQ(second.timer[n], 1);
  // It starves where it is, into a second body.
  p.rest_limit = 1;
  c.age_second(p);
  EXPECT_EQ(second.kind[n], static_cast<std::uint8_t>(Kind::necrotic));
  EXPECT_EQ(second.clone[n], 9);
  EXPECT_EQ(c.died(Kind::epithelial, Cause::starved), 1);
  EXPECT_EQ(c.flowed(Kind::epithelial, Kind::necrotic), 1);
  EXPECT_EQ(c.number_of(Kind::stroma), 27) << "who stands there has its own fate";
  EXPECT_TRUE(c.marks_are_true());
}

TEST(SecondCells, KeepTheirPhenotypeAndTheirHold) {
  FateParameters p = quiet();
  p.transition = true;
  p.emt = p.met = 1000;
  p.anoikis = 1000;
  Patch c(Lattice{3, 1, 1, 20});
  std::fill(c.matrix.begin(), c.matrix.end(), 0.0f);
  c.put(1, 0, 0, Kind::epithelial);
  c.sense();
  c.put_second(1, 0, 0, Kind::mesenchymal);
  c.age_second(p);
  EXPECT_EQ(c.second_at(1, 0, 0), Kind::mesenchymal);
  EXPECT_EQ(c.second.flags[0] & flag_detached, 0);
  c.fate(p)(c.l.voxel(1, 0, 0));
  EXPECT_EQ(c.what(1, 0, 0), Kind::apoptotic) << "the standing cell has lost hold";
  // Others reach it all the same.
  p.anoikis = 0;
  p.t_cell_kill = 1000;
  c.put(0, 0, 0, Kind::t_cell);
  c.sense();
  c.age_second(p);
  EXPECT_EQ(c.second_at(1, 0, 0), Kind::apoptotic);
  EXPECT_EQ(c.died(Kind::mesenchymal, Cause::t_cell), 1);
}

// What happens to a cell in a step is drawn for it alone, not for its voxel.
TEST(SecondCells, DieOfTheirOwnDraw) {
  FateParameters p = quiet();
  p.apoptosis = 0.1f;
  p.crushing = 0.1f;
  for (const Kind k : {Kind::epithelial, Kind::parenchyma}) {
    Patch c(Lattice{20, 20, 20, 20});
    c.fill(k);
    c.sense();
    std::fill(c.pressure.begin(), c.pressure.end(), 5.0f);
    c.each([&](const Voxel& s) { c.put_second(s.x, s.y, s.z, k); });
    c.age_second(p);
    c.each(c.fate(p));
    std::int64_t both = 0;
    for (std::int64_t n = 0; n < 8000; ++n)
      both +=
          is_dead(c.excess().cell.kind(n)) && is_dead(c.view().kind(c.excess().place(n).i)) ? 1 : 0;
    const double share = share_in_step(0.1);
    expect_share(both, 8000, share * share, "both dead");
    expect_share(c.all_of(Kind::apoptotic), 16000, share, "dead");
    EXPECT_EQ(c.died(k, k == Kind::epithelial ? Cause::programmed : Cause::crushed),
              c.all_of(Kind::apoptotic));
  }
}

TEST(SecondCells, ThatAreBodiesVanishWhenDue) {
  FateParameters p = quiet();
  Patch c(Lattice{3, 1, 1, 20});
  c.fill(Kind::epithelial);
  c.put_second(1, 0, 0, Kind::apoptotic);
  for (int n = 1; n < 86; ++n) c.age_second(p);
  EXPECT_EQ(c.second_at(1, 0, 0), Kind::apoptotic);
  EXPECT_EQ(c.flowed(Kind::apoptotic, Reservoir::cleared), 0);
  c.age_second(p);
  EXPECT_EQ(c.second_at(1, 0, 0), Kind::none);
  EXPECT_EQ(c.flowed(Kind::apoptotic, Reservoir::cleared), 1);
  EXPECT_TRUE(c.marks_are_true());
  EXPECT_EQ(c.number_of(Kind::epithelial), 3);

  p.debris_cleared = threshold(0.2);
  Patch debris(Lattice{20, 20, 20, 20});
  debris.fill(Kind::stroma);
  debris.each([&](const Voxel& s) { debris.put_second(s.x, s.y, s.z, Kind::necrotic); });
  debris.age_second(p);
  expect_share(debris.flowed(Kind::necrotic, Reservoir::cleared), 8000, 0.2, "cleared");
  EXPECT_EQ(debris.all_of(Kind::necrotic) + debris.flowed(Kind::necrotic, Reservoir::cleared),
            8000);
  EXPECT_TRUE(debris.marks_are_true());
}

TEST(SecondCells, StandWhereNobodyStandsAnyMore) {
  struct Trial {
    Kind standing;
    std::uint16_t flags;
    bool stands;
  };
  for (const Trial& t : {Trial{Kind::none, 0, true},
                         {Kind::apoptotic, flag_replaceable, true},
                         {Kind::necrotic, flag_replaceable, true},
                         {Kind::apoptotic, 0, false},
                         {Kind::necrotic, 0, false},
                         {Kind::epithelial, 0, false},
                         {Kind::stroma, flag_replaceable, false}, // a mark of bodies alone
                         {Kind::t_cell, 0, false},
                         {Kind::vessel, 0, false}})
    for (const Kind k : {Kind::mesenchymal, Kind::stroma, Kind::necrotic}) {
      SCOPED_TRACE(std::string(name_of(k)) + " on " + std::string(name_of(t.standing)));
      Patch p(Lattice{3, 3, 3, 20});
      p.put(1, 1, 1, t.standing);
      p.flags[p.at(1, 1, 1)] = t.flags;
      p.put(0, 1, 1, Kind::epithelial);
      p.put_second(0, 1, 1, Kind::epithelial);
      const Cell cell{k, flag_stem, 123, 45, 6, 78, 90};
      p.put_second(1, 1, 1, cell);
      const Patch before = p;
      p.settle();
      EXPECT_TRUE(p.marks_are_true());
      EXPECT_EQ(p.second_at(0, 1, 1), Kind::epithelial);
      EXPECT_EQ(std::accumulate(p.flow.begin(), p.flow.end(), std::int64_t{0}),
                t.stands && t.standing != Kind::none ? 1 : 0);
      if (!t.stands) {
        EXPECT_EQ(p.kind, before.kind);
        EXPECT_EQ(p.second.kind, before.second.kind);
        continue;
      }
      EXPECT_EQ(p.second_at(1, 1, 1), Kind::none);
      const Cell now = p.view().load(p.l.index(1, 1, 1));
      EXPECT_EQ(now.kind, k);
      EXPECT_EQ(now.flags, flag_stem);
      EXPECT_EQ(now.clock, 123);
      EXPECT_EQ(now.timer, 45);
      EXPECT_EQ(now.capacity, 6);
      EXPECT_EQ(now.clone, 78);
      EXPECT_EQ(now.traits, 90u);
      if (t.standing != Kind::none) {
        EXPECT_EQ(p.flowed(t.standing, Reservoir::cleared), 1);
      }
    }
}

// ---- division

DivisionParameters plain_division() { return {false, 0, 9, 0, 0.0f, 0.0f}; }

TEST(Births, LeaveTheDaughterInTheMothersVoxel) {
  Patch p(Lattice{3, 3, 3, 20});
  p.fill(Kind::stroma);
  std::fill(p.pressure.begin(), p.pressure.end(), 100.0f); // crowded: slow, but not held up
  p.view().store(p.l.index(1, 1, 1), {Kind::mesenchymal, flag_crowded, clock_divide, 5, 4, 7, 99});
  const Patch before = p;
  p.divide(plain_division());
  ASSERT_EQ(p.second.size(), 1);
  EXPECT_EQ(p.second.voxel[0], p.l.number(1, 1, 1));
  EXPECT_EQ(p.second.waited[0], 0);
  EXPECT_TRUE(p.marks_are_true());
  EXPECT_EQ(p.kind, before.kind);
  for (const Cell& c : {p.view().load(p.l.index(1, 1, 1)), p.excess().cell.load(0)}) {
    EXPECT_EQ(c.kind, Kind::mesenchymal);
    EXPECT_EQ(c.flags, flag_crowded);
    EXPECT_EQ(c.clock, clock_zero);
    EXPECT_EQ(c.timer, 0);
    EXPECT_EQ(c.capacity, 4);
    EXPECT_EQ(c.clone, 7);
    EXPECT_EQ(c.traits, 99u);
  }
  EXPECT_EQ(p.flowed(Reservoir::born, Kind::mesenchymal), 1);
  EXPECT_EQ(std::accumulate(p.flow.begin(), p.flow.end(), std::int64_t{0}), 1);
  EXPECT_TRUE(p.contest_is_clean());
}

TEST(Births, WaitForAFreeVoxelAnAwakeMotherAndAFullClock) {
  const auto births = [](const std::function<void(Patch&)>& prepare) {
    Patch p(Lattice{3, 1, 1, 20});
    p.put(1, 0, 0, Kind::epithelial);
    p.clock[p.at(1, 0, 0)] = clock_divide;
    prepare(p);
    p.divide(plain_division());
    EXPECT_TRUE(p.marks_are_true());
    return p.flowed(Reservoir::born, p.what(1, 0, 0));
  };
  EXPECT_EQ(births([](Patch&) {}), 1);
  EXPECT_EQ(births([](Patch& p) { p.put_second(1, 0, 0, Kind::stroma); }), 0);
  EXPECT_EQ(births([](Patch& p) { p.put_second(0, 0, 0, Kind::stroma); }), 1);
  EXPECT_EQ(births([](Patch& p) { p.clock[p.at(1, 0, 0)] = clock_divide - 1; }), 0);
  for (const Flag f : {flag_hypoxic, flag_senescent, flag_dormant})
    EXPECT_EQ(births([f](Patch& p) { p.flags[p.at(1, 0, 0)] = f; }), 0) << static_cast<int>(f);
  EXPECT_EQ(births([](Patch& p) { p.flags[p.at(1, 0, 0)] = flag_crowded; }), 1);
  for (const Kind k : {Kind::stroma, Kind::parenchyma, Kind::t_cell, Kind::necrotic, Kind::none})
    EXPECT_EQ(births([k](Patch& p) { p.put(1, 0, 0, k); }), 0) << name_of(k);
}

TEST(Births, OfNormalCellsFillGapsAndPushNobody) {
  for (const Kind k : {Kind::parenchyma, Kind::stroma})
    for (int face = 0; face < 6; ++face) {
      const auto births = [&](Kind there, float pressure, bool divides = true) {
        Patch p(Lattice{3, 3, 3, 20});
        p.fill(Kind::parenchyma);
        p.put(1, 1, 1, k);
        p.kind[static_cast<std::size_t>(neighbour(p.l, p.l.index(1, 1, 1), face))] =
            static_cast<std::uint8_t>(there);
        p.clock[p.at(1, 1, 1)] = clock_divide;
        p.traits[p.at(1, 1, 1)] = 77;
        p.pressure[p.at(1, 1, 1)] = pressure;
        DivisionParameters d = plain_division();
        d.mutates = 0xffffffffu;
        d.deviation = 20;
        p.divide(d, divides);
        const std::int64_t born = p.flowed(Reservoir::born, k);
        EXPECT_EQ(p.second.size(), born);
        if (born == 1) {
          EXPECT_EQ(p.second.traits[0], 77u) << "normal cells do not mutate";
        }
        return born;
      };
      EXPECT_EQ(births(Kind::none, 0), 1) << "face " << face;
      EXPECT_EQ(births(Kind::none, -0.5f), 1);
      EXPECT_EQ(births(Kind::none, 0.01f), 0);
      EXPECT_EQ(births(Kind::none, 0, false), 0);
      EXPECT_EQ(births(Kind::parenchyma, 0), 0);
      EXPECT_EQ(births(Kind::necrotic, 0), 0);
    }
  // Nothing is beyond a face of the box.
  Patch p(Lattice{1, 1, 1, 20});
  p.put(0, 0, 0, Kind::stroma);
  p.clock[p.at(0, 0, 0)] = clock_divide;
  p.divide(plain_division(), true);
  EXPECT_EQ(p.second.size(), 0);
}

TEST(Births, OfLinesAreThoseOfSites) {
  std::mt19937 random(8);
  int births = 0;
  for (const unsigned rare : {2u, 100u, 3000u})
    for (const bool normal_divides : {false, true}) {
      Patch a(Lattice{150, 9, 7, 20});
      a.each([&](const Voxel& s) {
        const std::size_t i = Patch::at(s);
        a.kind[i] = static_cast<std::uint8_t>(random() % 9);
        a.clock[i] = random() % rare == 0 ? clock_divide : clock_divide - 1;
        a.flags[i] = static_cast<std::uint16_t>(random() % 16);
        a.held[i] = random() % 4 == 0 ? 1 : 0;
        a.pressure[i] = static_cast<float>(random() % 3) - 1;
      });
      Patch b = a;
      const std::vector<std::uint8_t> before = a.held;
      a.each(a.births(normal_divides));
      b.each_row(b.births(normal_divides));
      EXPECT_EQ(a.held, b.held);
      births += a.held != before ? 1 : 0;
    }
  EXPECT_GE(births, 4) << "where clocks are rarely full there may be none";
}

// The list made anew holds the old cells as they were and the newborn, in the order of voxels,
// whatever the order it was in.
TEST(Births, KeepTheListInTheOrderOfVoxels) {
  std::mt19937 random(12);
  Patch p(Lattice{12, 9, 7, 20});
  p.each([&](const Voxel& s) {
    const std::size_t i = Patch::at(s);
    p.kind[i] = static_cast<std::uint8_t>(Kind::epithelial);
    p.clock[i] = random() % 3 == 0 ? clock_divide : clock_zero;
    p.clone[i] = static_cast<std::uint16_t>(random());
    if (random() % 4 != 0) return;
    const std::size_t n = p.put_second(
        s.x, s.y, s.z, {Kind::stroma, 1, 2, 3, 4, static_cast<std::uint16_t>(random()), random()});
    p.second.waited[n] = static_cast<std::uint16_t>(random() % 9);
    if (random() % 5 == 0) p.excess().drop(static_cast<std::int64_t>(n), s.i);
  });
  const auto old = [](const Patch& q) {
    std::set<std::vector<std::uint64_t>> all;
    for (std::size_t n = 0; n < q.second.voxel.size(); ++n)
      if (q.second.kind[n] == static_cast<std::uint8_t>(Kind::stroma))
        all.insert({static_cast<std::uint64_t>(q.second.voxel[n]), q.second.clone[n],
                    q.second.traits[n], q.second.waited[n], q.second.clock[n]});
    return all;
  };
  DivisionParameters d = plain_division();
  d.variation = 0.2f;
  Patch other = p;
  other.shuffle_entries(4);
  other.order = 4;
  const Patch before = p;
  p.divide(d);
  other.divide(d);
  EXPECT_EQ(old(p), old(before));
  EXPECT_GT(old(p).size(), 50u);
  EXPECT_TRUE(std::is_sorted(p.second.voxel.begin(), p.second.voxel.end()));
  EXPECT_TRUE(p.marks_are_true());
  EXPECT_TRUE(p.contest_is_clean());
  EXPECT_GT(p.flowed(Reservoir::born, Kind::epithelial), 100);
  EXPECT_EQ(p.flowed(Reservoir::born, Kind::epithelial) + static_cast<int>(old(p).size()),
            p.second.size());
  for (std::size_t n = 0; n < p.second.voxel.size(); ++n)
    if (p.second.kind[n] == static_cast<std::uint8_t>(Kind::epithelial)) {
      EXPECT_EQ(p.second.clone[n], before.clone[Patch::at(p.l.voxel_at(p.second.voxel[n]))]);
      EXPECT_EQ(p.second.waited[n], 0);
    }
  EXPECT_EQ(p.clock, other.clock);
  EXPECT_EQ(p.second.voxel, other.second.voxel);
  EXPECT_EQ(p.second.clone, other.second.clone);
  EXPECT_EQ(p.second.clock, other.second.clock);
  EXPECT_EQ(p.second.traits, other.second.traits);
}

// A mother in every voxel.
struct Mothers : Patch {
  Mothers() : Patch(Lattice{20, 20, 10, 20}) {
    fill(Kind::epithelial);
    std::fill(clock.begin(), clock.end(), std::uint16_t{clock_divide});
  }
  // f(voxel of the mother, entry of the daughter)
  template <class F>
  void each_pair(const F& f) const {
    for (std::size_t n = 0; n < second.voxel.size(); ++n) f(at(l.voxel_at(second.voxel[n])), n);
  }
  static constexpr std::int64_t size = 20 * 20 * 10;
};

TEST(Division, KeepsTheStemHierarchy) {
  DivisionParameters d = plain_division();
  d.stem = true;
  d.symmetric = threshold(0.3);
  d.capacity = 9;
  Mothers stem;
  std::fill(stem.flags.begin(), stem.flags.end(), std::uint16_t{flag_stem});
  stem.divide(d);
  ASSERT_EQ(stem.second.size(), Mothers::size);
  std::int64_t symmetric = 0;
  stem.each_pair([&](std::size_t a, std::size_t b) {
    ASSERT_EQ(stem.flags[a], flag_stem);
    ASSERT_EQ(stem.second.kind[b], static_cast<std::uint8_t>(Kind::epithelial));
    if (stem.second.flags[b] == flag_stem) {
      ++symmetric;
    } else {
      ASSERT_EQ(stem.second.capacity[b], 9);
    }
  });
  expect_share(symmetric, Mothers::size, 0.3, "symmetric divisions");

  Mothers progenitors;
  std::fill(progenitors.capacity.begin(), progenitors.capacity.end(), std::uint8_t{4});
  progenitors.divide(d);
  ASSERT_EQ(progenitors.second.size(), Mothers::size);
  progenitors.each_pair([&](std::size_t a, std::size_t b) {
    ASSERT_EQ(progenitors.capacity[a], 3);
    ASSERT_EQ(progenitors.second.capacity[b], 3);
    ASSERT_EQ(progenitors.second.flags[b] & flag_stem, 0);
  });
}

TEST(Inheritance, MutatesWithTheGivenChanceAndSpread) {
  DivisionParameters d = plain_division();
  d.deviation = 0.1f / static_cast<float>(trait_step); // five steps
  const double sd = 5;
  for (const double chance : {1.0, 0.05}) {
    Mothers p;
    d.mutates = threshold(chance);
    p.divide(d);
    double n = 0, sum = 0, sum2 = 0, same = 0, product = 0;
    p.each_pair([&](std::size_t a, std::size_t b) {
      for (int t = 0; t < trait_count; ++t) {
        const auto value = [&](std::uint64_t traits) {
          return static_cast<double>(
              static_cast<std::int8_t>(static_cast<std::uint8_t>(traits >> (8 * t))));
        };
        const double mother = value(p.traits[a]), daughter = value(p.second.traits[b]);
        for (const double v : {mother, daughter}) {
          n += 1;
          sum += v;
          sum2 += v * v;
          same += v == 0 ? 1 : 0;
        }
        product += mother * daughter;
      }
    });
    // A change of less than half a step is none. Rounding adds a twelfth to the variance.
    const double p_zero = std::erf(0.5 / sd / std::sqrt(2.0));
    const double unchanged = 1 - chance * (1 - p_zero);
    expect_share(static_cast<std::int64_t>(same), static_cast<std::int64_t>(n), unchanged,
                 "traits unchanged");
    const double variance = chance * (sd * sd + 1.0 / 12);
    EXPECT_NEAR(sum / n, 0, 3 * std::sqrt(variance / n));
    const double fourth = chance * 3 * std::pow(sd, 4);
    EXPECT_NEAR(sum2 / n, variance, 3 * std::sqrt((fourth - variance * variance) / n));
    EXPECT_NEAR(product / (n / 2), 0, 3 * variance / std::sqrt(n / 2)) << "daughters mutate apart";
  }
  // At the ends of the byte values stay.
  Mothers p;
  d.mutates = 0xffffffffu;
  d.deviation = 100;
  std::fill(p.traits.begin(), p.traits.end(),
            with_trait(Trait::cycle_time, 127) | with_trait(Trait::vegf, -128));
  p.divide(d);
  std::int64_t at_top = 0, at_bottom = 0;
  p.each_pair([&](std::size_t a, std::size_t) {
    at_top += static_cast<std::int8_t>(p.traits[a] & 255) == 127 ? 1 : 0;
    at_bottom += static_cast<std::int8_t>(p.traits[a] >> 56) == -128 ? 1 : 0;
  });
  expect_share(at_top, Mothers::size, 0.5, "held at the top");
  expect_share(at_bottom, Mothers::size, 0.5, "held at the bottom");
}

TEST(NewbornClock, VariesTheCycleTimeAsAsked) {
  DivisionParameters d = plain_division();
  d.variation = 0.1f;
  Mothers p;
  p.divide(d);
  ASSERT_EQ(p.second.size(), Mothers::size);
  double n = 0, sum = 0, sum2 = 0;
  p.each_pair([&](std::size_t a, std::size_t b) {
    for (const std::uint16_t clock : {p.clock[a], p.second.clock[b]}) {
      const double length = (clock_divide - clock) / static_cast<double>(clock_unit);
      n += 1;
      sum += length;
      sum2 += length * length;
    }
  });
  const double mean = sum / n, sd = std::sqrt(sum2 / n - mean * mean);
  EXPECT_NEAR(mean, 1, 3 * 0.1 / std::sqrt(n));
  EXPECT_NEAR(sd, 0.1, 3 * 0.1 / std::sqrt(2 * n) * 1.1);
}

// ---- relay

// growth.mobility of 540 um^2/kPa/day, voxels of 20 um, rounds of 2 min.
constexpr double flow_per_kpa = 540.0 / 1440 * 2 / 400, easy_share = 0.02, mixing = 4.0 * 2 / 400;

RelayParameters plain_relay() {
  RelayParameters r{};
  r.flows = true;
  r.carried = static_cast<float>(flow_per_kpa / easy_share);
  r.mixing = static_cast<float>(mixing);
  return r;
}

// The shares of all draws in which each of the six ways is chosen; in the rest it stays.
void expect_ways(const Patch& p, const RelayParameters& r, const Voxel& s,
                 const std::array<double, 6>& expected) {
  std::array<std::int64_t, 7> chosen{};
  constexpr std::int64_t n = 100000;
  for (std::int64_t k = 0; k < n; ++k)
    chosen[static_cast<std::size_t>(
        p.relay_rule(r).choose(s, draw(5, Purpose::test, static_cast<std::uint64_t>(k), 1)) + 1)] +=
        1;
  double stays = 1;
  for (std::size_t a = 0; a < 6; ++a) {
    stays -= expected[a];
    if (expected[a] > 0)
      expect_share(chosen[a + 1], n, expected[a], "direction " + std::to_string(a));
    else
      EXPECT_EQ(chosen[a + 1], 0) << "direction " << a;
  }
  if (stays > 1e-9)
    expect_share(chosen[0], n, stays, "stays");
  else
    EXPECT_EQ(chosen[0], 0);
}

TEST(Relay, AlwaysTakesAFreeNeighbourAndHollowsFirst) {
  Patch p(Lattice{5, 5, 5, 20});
  std::fill(p.pressure.begin(), p.pressure.end(), -50.0f); // draws nobody who has a free neighbour
  const Voxel s = p.l.voxel(2, 2, 2);
  p.pressure[Patch::at(s)] = 50;
  p.put(2, 2, 2, Kind::epithelial);
  p.put(1, 2, 2, Kind::necrotic); // not due
  p.put(1, 1, 2, Kind::stroma);
  p.put(2, 0, 2, Kind::t_cell); // with it and the cell itself three faces of (2, 1, 2) are taken
  p.put(2, 3, 2, Kind::apoptotic);
  p.flags[p.at(2, 3, 2)] = flag_replaceable;
  p.put(2, 4, 2, Kind::vessel);
  p.membrane[p.at(2, 2, 1)] = 1;
  p.held[p.at(2, 2, 3)] = 1;
  for (const bool flows : {true, false}) {
    RelayParameters r = plain_relay();
    r.flows = flows;
    expect_ways(p, r, s, {0, 1.0 / 14, 9.0 / 14, 4.0 / 14, 0, 0});
  }
  // Beyond the box nobody is: one taken face against two.
  Patch edge(Lattice{5, 5, 5, 20});
  edge.put(1, 2, 2, Kind::epithelial);
  edge.put(3, 2, 2, Kind::stroma);
  for (const auto& [y, z] : {std::pair{1, 2}, {3, 2}, {2, 1}, {2, 3}})
    edge.put(1, y, z, Kind::vessel);
  RelayParameters open = plain_relay();
  std::fill(std::begin(open.open), std::end(open.open), true);
  for (const RelayParameters& r : {plain_relay(), open})
    expect_ways(edge, r, edge.l.voxel(1, 2, 2), {0.2, 0.8, 0, 0, 0, 0});
}

TEST(Relay, FollowsThePressureWhereNothingIsFree) {
  Patch p(Lattice{3, 3, 3, 20});
  p.fill(Kind::stroma);
  const Voxel s = p.l.voxel(1, 1, 1);
  const auto press = [&](int x, int y, int z, double kpa) {
    p.pressure[p.at(x, y, z)] = static_cast<float>(kpa);
  };
  press(1, 1, 1, 2);
  press(0, 1, 1, 1.5);
  press(2, 1, 1, 3); // uphill: mixing alone
  press(1, 0, 1, -4);
  p.membrane[p.at(1, 0, 1)] = 1;
  press(1, 2, 1, -4);
  p.put(1, 2, 1, Kind::vessel);
  press(1, 1, 0, -4);
  p.held[p.at(1, 1, 0)] = 1;
  press(1, 1, 2, -1.2);
  p.put(1, 1, 2, Kind::necrotic);
  const RelayParameters r = plain_relay();
  const double down = flow_per_kpa * 0.5 / easy_share + mixing,
               further = flow_per_kpa * 3.2 / easy_share + mixing;
  expect_ways(p, r, s, {down, mixing, 0, 0, 0, further});
  // Together more than one: it goes for certain.
  press(1, 1, 1, 32);
  const double steep[3] = {flow_per_kpa * 30.5 / easy_share + mixing,
                           flow_per_kpa * 29 / easy_share + mixing,
                           flow_per_kpa * 33.2 / easy_share + mixing};
  const double sum = steep[0] + steep[1] + steep[2];
  ASSERT_GT(sum, 1);
  expect_ways(p, r, s, {steep[0] / sum, steep[1] / sum, 0, 0, 0, steep[2] / sum});
  RelayParameters still = r;
  still.flows = false;
  expect_ways(p, still, s, {});
}

TEST(Relay, LeavesThroughOpenFaces) {
  for (const double pressure : {1.0, 0.0, -2.0}) {
    Patch p(Lattice{1, 1, 1, 20});
    p.put(0, 0, 0, Kind::epithelial);
    p.pressure[p.at(0, 0, 0)] = static_cast<float>(pressure);
    RelayParameters r = plain_relay();
    expect_ways(p, r, p.l.voxel(0, 0, 0), {});
    r.open[0] = r.open[3] = true;
    // Half a voxel outside there is no pressure.
    const double out = std::max(0.0, 2 * flow_per_kpa * pressure) / easy_share + mixing;
    expect_ways(p, r, p.l.voxel(0, 0, 0), {out, 0, 0, out, 0, 0});
  }
  for (int face = 0; face < 6; ++face) {
    Patch p(Lattice{1, 1, 1, 20});
    p.put(0, 0, 0, Kind::stroma);
    p.pressure[p.at(0, 0, 0)] = 100;
    p.put_second(0, 0, 0, Kind::mesenchymal);
    const Patch before = p;
    p.relay(plain_relay());
    EXPECT_EQ(p.second_at(0, 0, 0), Kind::mesenchymal) << "closed";
    RelayParameters r = plain_relay();
    r.open[face] = true;
    p.relay(r);
    EXPECT_EQ(p.second_at(0, 0, 0), Kind::none);
    EXPECT_EQ(p.kind, before.kind) << "nothing stands beyond the box";
    EXPECT_EQ(p.flowed(Kind::mesenchymal, Reservoir::left), 1);
    EXPECT_EQ(std::accumulate(p.flow.begin(), p.flow.end(), std::int64_t{0}), 1);
    EXPECT_TRUE(p.marks_are_true());
    EXPECT_TRUE(p.contest_is_clean());
  }
}

// exp(-(E - E_c)/w) of those who would enter do.
TEST(Relay, IsHeldBackByDenseMatrixWhereItYields) {
  Patch p(Lattice{3, 1, 1, 20});
  p.put(1, 0, 0, Kind::epithelial);
  const Voxel s = p.l.voxel(1, 0, 0);
  p.matrix[p.at(0, 0, 0)] = 0.7f;
  p.matrix[p.at(2, 0, 0)] = 0.6f;
  RelayParameters r = plain_relay();
  expect_ways(p, r, s, {0.5, 0.5, 0, 0, 0, 0});
  p.yields = true;
  expect_ways(p, r, s, {0.5 * std::exp(-1.0), 0.5, 0, 0, 0, 0});
  p.matrix[p.at(2, 0, 0)] = 0.9f;
  expect_ways(p, r, s, {0.5 * std::exp(-1.0), 0.5 * std::exp(-3.0), 0, 0, 0, 0});
  p.matrix[p.at(2, 0, 0)] = 100;
  expect_ways(p, r, s, {0.5 * std::exp(-1.0), 0, 0, 0, 0, 0});
  p.put(0, 0, 0, Kind::stroma);
  expect_ways(p, r, s, {});
  // Where someone stands, tissue flows: there is no matrix to squeeze into.
  p.put(2, 0, 0, Kind::stroma);
  expect_ways(p, r, s, {mixing, mixing, 0, 0, 0, 0});
}

TEST(Relay, TakesAPlaceAndSendsOnWhoStoodThere) {
  for (const Kind k :
       {Kind::none, Kind::apoptotic, Kind::necrotic, Kind::stroma, Kind::t_cell, Kind::epithelial})
    for (const bool replaceable : {false, true}) {
      SCOPED_TRACE(std::string(name_of(k)) + (replaceable ? ", replaceable" : ""));
      if (replaceable && !is_dead(k)) continue;
      Patch p(Lattice{2, 1, 1, 20});
      const Cell stays{Kind::stroma, 1, 10, 100, 1, 11, 111};
      const Cell comes{Kind::mesenchymal, 2, 20, 200, 2, 22, 222};
      Cell stood{k, 4, 30, 300, 3, 33, 333};
      if (replaceable) stood.flags = flag_replaceable;
      if (k == Kind::none) stood = {};
      p.view().store(p.l.index(0, 0, 0), stays);
      p.view().store(p.l.index(1, 0, 0), stood);
      const std::size_t n = p.put_second(0, 0, 0, comes);
      p.second.waited[n] = 5;
      p.pressure[p.at(0, 0, 0)] = 100; // it goes
      p.relay(plain_relay());
      const auto expect_equal = [](const Cell& a, const Cell& b) {
        EXPECT_EQ(a.kind, b.kind);
        EXPECT_EQ(a.flags, b.flags);
        EXPECT_EQ(a.clock, b.clock);
        EXPECT_EQ(a.timer, b.timer);
        EXPECT_EQ(a.capacity, b.capacity);
        EXPECT_EQ(a.clone, b.clone);
        EXPECT_EQ(a.traits, b.traits);
      };
      expect_equal(p.view().load(p.l.index(0, 0, 0)), stays);
      expect_equal(p.view().load(p.l.index(1, 0, 0)), comes);
      EXPECT_EQ(p.second_at(0, 0, 0), Kind::none);
      if (k == Kind::none || replaceable) {
        EXPECT_EQ(p.second_at(1, 0, 0), Kind::none);
      } else {
        EXPECT_EQ(p.entry_at(p.l.index(1, 0, 0)), 0);
        expect_equal(p.excess().cell.load(0), stood);
      }
      EXPECT_EQ(p.second.waited[0], 0) << "who moved on has not waited";
      EXPECT_EQ(std::accumulate(p.flow.begin(), p.flow.end(), std::int64_t{0}),
                replaceable ? 1 : 0);
      if (replaceable) {
        EXPECT_EQ(p.flowed(k, Reservoir::cleared), 1);
      }
      EXPECT_TRUE(p.marks_are_true());
      EXPECT_TRUE(p.contest_is_clean());
    }
}

TEST(Relay, GivesAContestedVoxelToTheLowestRank) {
  std::array<int, 6> won{};
  constexpr int runs = 3000;
  for (const Kind middle : {Kind::none, Kind::stroma})
    for (int run = 0; run < runs; ++run) {
      Patch p(Lattice{3, 3, 3, 20});
      p.fill(Kind::vessel);
      p.put(1, 1, 1, middle);
      p.step = static_cast<std::uint64_t>(run);
      const int substep = run % 3;
      const ContestView c = p.rivals(1 + substep);
      std::uint16_t first = 0;
      std::uint32_t lowest = unclaimed;
      for (int a = 0; a < 6; ++a) {
        const Voxel s = p.l.voxel_of(neighbour(p.l, p.l.index(1, 1, 1), a));
        p.put(s.x, s.y, s.z, Kind::parenchyma);
        p.pressure[Patch::at(s)] = 100; // they all go
        Cell cell;
        cell.kind = Kind::epithelial;
        cell.clone = static_cast<std::uint16_t>(a + 1);
        p.put_second(s.x, s.y, s.z, cell);
        if (c.rank(p.l, s) >= lowest) continue;
        lowest = c.rank(p.l, s);
        first = cell.clone;
      }
      p.shuffle_entries(static_cast<unsigned>(run));
      p.order = run;
      p.relay(plain_relay(), substep);
      ASSERT_EQ(p.what(1, 1, 1), Kind::epithelial);
      ASSERT_EQ(p.clone[p.at(1, 1, 1)], first);
      ASSERT_EQ(p.all_of(Kind::epithelial), 6);
      ASSERT_EQ(p.second_at(1, 1, 1), middle);
      ASSERT_TRUE(p.marks_are_true());
      ASSERT_TRUE(p.contest_is_clean());
      if (middle == Kind::none) won[static_cast<std::size_t>(first - 1)] += 1;
    }
  double chi2 = 0;
  for (const int n : won) chi2 += (n - runs / 6.0) * (n - runs / 6.0) / (runs / 6.0);
  EXPECT_LT(chi2, 20.5); // 5 degrees of freedom, p = 0.001
}

// A lattice full of cells, second cells, bodies and barriers.
Patch crowd_of(unsigned trial, bool barriers, bool due) {
  std::mt19937 random(trial);
  const Lattice l{2 + static_cast<int>(random() % 12), 1 + static_cast<int>(random() % 10),
                  1 + static_cast<int>(random() % 8), 20};
  Patch p(l);
  p.seed = trial;
  const double density[3] = {0.5, 0.9, 1};
  std::uint16_t label = 0;
  const auto some_cell = [&](unsigned kinds) {
    const Kind kind[8] = {Kind::epithelial, Kind::mesenchymal, Kind::stroma,    Kind::parenchyma,
                          Kind::t_cell,     Kind::necrotic,    Kind::apoptotic, Kind::vessel};
    Cell c;
    c.kind = kind[random() % kinds];
    c.flags = static_cast<std::uint16_t>(random() % 32);
    c.clock = static_cast<std::uint16_t>(random());
    c.timer = static_cast<std::uint16_t>(random());
    c.capacity = static_cast<std::uint8_t>(random() % 16);
    c.clone = ++label;
    c.traits = random();
    return c;
  };
  p.each([&](const Voxel& s) {
    p.pressure[Patch::at(s)] = std::uniform_real_distribution<float>(-1, 6)(random);
    if (barriers && random() % 20 == 0) p.membrane[Patch::at(s)] = 500;
    if (std::uniform_real_distribution<>()(random) > density[trial % 3]) return;
    Cell stands = some_cell(barriers ? 8 : 7);
    if (due && is_dead(stands.kind) && random() % 2 == 0) stands.flags |= flag_replaceable;
    p.view().store(s.i, stands);
    if (random() % 4 == 0) p.put_second(s.x, s.y, s.z, some_cell(7));
  });
  return p;
}

// However many go where: none is lost, none is there twice, nobody passes a wall, nobody goes
// further than one voxel, and no order of the list or of its traversal matters.
TEST(Relay, LosesNoCellInACrowd) {
  std::int64_t moved = 0, left = 0, cleared = 0, kept = 0;
  for (unsigned trial = 1; trial <= 64; ++trial) {
    SCOPED_TRACE("random lattice " + std::to_string(trial));
    const bool barriers = trial % 2 == 0, due = trial % 8 >= 4, open = trial % 4 >= 2,
               flows = trial % 5 != 0;
    Patch p = crowd_of(trial, barriers, due);
    Patch first = p;
    RelayParameters r = plain_relay();
    r.carried = 0.3f; // restless
    r.flows = flows;
    for (int a = 0; a < 6; ++a) r.open[a] = open && a % 2 == 0;
    for (int round = 0; round < 50; ++round) {
      p.step = static_cast<std::uint64_t>(round / 3);
      Patch before = p;
      Patch other = p;
      other.shuffle_entries(static_cast<unsigned>(round));
      other.order = round + 1;
      p.relay(r, round % 3);
      other.relay(r, round % 3);
      ASSERT_EQ(p.kind, other.kind);
      ASSERT_EQ(p.clone, other.clone);
      ASSERT_EQ(p.held, other.held);
      ASSERT_EQ(p.flow, other.flow);
      ASSERT_TRUE(p.marks_are_true());
      ASSERT_TRUE(p.contest_is_clean());
      std::vector<std::uint16_t> second_before(p.held.size(), 0), second_now(p.held.size(), 0),
          second_other(p.held.size(), 0);
      const auto note = [](Patch& q, std::vector<std::uint16_t>& labels) {
        for (std::int64_t n = 0; n < q.second.size(); ++n)
          if (!q.excess().gone(n))
            labels[Patch::at(q.excess().place(n))] = q.second.clone[static_cast<std::size_t>(n)];
      };
      note(before, second_before), note(p, second_now), note(other, second_other);
      ASSERT_EQ(second_now, second_other);
      p.each([&](const Voxel& s) {
        const std::size_t i = Patch::at(s);
        if (p.clone[i] == before.clone[i]) return;
        ++moved;
        ASSERT_EQ(before.membrane[i], 0) << "membrane";
        ASSERT_NE(before.kind[i], static_cast<std::uint8_t>(Kind::vessel));
        ASSERT_EQ(before.held[i], 0) << "a voxel holds two at most";
        const bool was_free = before.kind[i] == 0 || (before.flags[i] & flag_replaceable) != 0;
        ASSERT_TRUE(flows || was_free);
        ASSERT_EQ(second_now[i], was_free ? 0 : before.clone[i]);
        bool from_beside = false;
        for (int a = 0; a < 6; ++a)
          from_beside =
              from_beside ||
              second_before[static_cast<std::size_t>(neighbour(p.l, s.i, a))] == p.clone[i];
        ASSERT_TRUE(from_beside);
      });
    }
    for (const Kind k : kinds_in(placed_kinds)) {
      if (k == Kind::none) continue;
      EXPECT_EQ(p.all_of(k) + p.flowed(k, Reservoir::left) + p.flowed(k, Reservoir::cleared),
                first.all_of(k))
          << name_of(k);
      left += p.flowed(k, Reservoir::left);
      cleared += p.flowed(k, Reservoir::cleared);
    }
    if (due || open) continue;
    ASSERT_EQ(p.cells(), first.cells()) << "cells go as they are";
    kept += 1;
  }
  EXPECT_GT(moved, 5000);
  EXPECT_GT(left, 50);
  EXPECT_GT(cleared, 50);
  EXPECT_EQ(kept, 16);
}

// ---- making way

TEST(MakingWay, TurnsTheStandingCellIntoTheSecond) {
  Patch p(Lattice{6, 1, 1, 20});
  const Cell cell{Kind::epithelial, flag_stem, 20000, 3, 4, 5, 6};
  p.view().store(p.l.index(0, 0, 0), cell);
  p.put(1, 0, 0, Kind::stroma);
  p.put_second(1, 0, 0, Kind::mesenchymal);
  p.put(3, 0, 0, Kind::vessel);
  p.put(4, 0, 0, Kind::necrotic);
  p.put(5, 0, 0, Kind::parenchyma);
  const std::vector<std::int64_t> entered{4, 0, 1, 2, 3}; // the last is a vessel already
  const std::int64_t first = p.second.size();
  p.second.resize(static_cast<std::size_t>(first) + entered.size());
  p.each_entry([&](std::int64_t n) {
    if (n < first) return;
    MakeWay{p.view(), p.excess(), first, {p.flow.data()}, p.l, entered.data(), 5}(n - first);
  });
  for (int x = 0; x < 5; ++x) EXPECT_EQ(p.what(x, 0, 0), Kind::vessel) << x;
  EXPECT_EQ(p.what(5, 0, 0), Kind::parenchyma);
  EXPECT_EQ(p.second_at(0, 0, 0), Kind::epithelial);
  EXPECT_EQ(p.second_at(1, 0, 0), Kind::mesenchymal) << "it was there before";
  EXPECT_EQ(p.second_at(2, 0, 0), Kind::none);
  EXPECT_EQ(p.second_at(3, 0, 0), Kind::none);
  EXPECT_EQ(p.second_at(4, 0, 0), Kind::necrotic);
  EXPECT_TRUE(p.marks_are_true());
  const Cell now = p.excess().cell.load(p.entry_at(p.l.index(0, 0, 0)));
  EXPECT_EQ(now.flags, cell.flags);
  EXPECT_EQ(now.clock, cell.clock);
  EXPECT_EQ(now.clone, cell.clone);
  EXPECT_EQ(now.traits, cell.traits);
  EXPECT_EQ(p.clone[p.at(0, 0, 0)], 0) << "a vessel is of no clone";
  EXPECT_EQ(p.flowed(Reservoir::born, Kind::vessel), 4);
  EXPECT_EQ(p.flowed(Kind::stroma, Reservoir::pressed_out), 1);
  EXPECT_EQ(std::accumulate(p.flow.begin(), p.flow.end(), std::int64_t{0}), 5);
  // The vessel goes, and who waited there stands again.
  const std::vector<std::int64_t> left{0, 2};
  for (std::int64_t n = 0; n < 2; ++n)
    MakeWay{p.view(), p.excess(), first, {p.flow.data()}, p.l, left.data(), 0}(n);
  p.settle();
  EXPECT_EQ(p.what(0, 0, 0), Kind::epithelial);
  EXPECT_EQ(p.what(2, 0, 0), Kind::none);
  EXPECT_EQ(p.flowed(Kind::vessel, Reservoir::cleared), 2);
  EXPECT_TRUE(p.marks_are_true());
}

TEST(MakingWay, LeavesTheWallsBehindByTheRelay) {
  Patch p(Lattice{3, 1, 1, 20});
  p.fill(Kind::vessel);
  p.put(2, 0, 0, Kind::stroma);
  p.put_second(1, 0, 0, Kind::epithelial);
  p.pressure[p.at(1, 0, 0)] = 100;
  p.relay(plain_relay());
  EXPECT_EQ(p.what(1, 0, 0), Kind::vessel);
  EXPECT_EQ(p.what(2, 0, 0), Kind::epithelial);
  EXPECT_EQ(p.second_at(2, 0, 0), Kind::stroma);
}

TEST(MakingWay, IsWaitedForADayAtMost) {
  FateParameters p = quiet();
  p.lost_after = 3;
  Patch c(Lattice{2, 1, 1, 20});
  c.put(0, 0, 0, Kind::vessel);
  c.put(1, 0, 0, Kind::stroma);
  c.put_second(0, 0, 0, Kind::epithelial);
  c.put_second(1, 0, 0, Kind::epithelial);
  for (int n = 1; n <= 3; ++n) {
    c.age_second(p);
    ASSERT_EQ(c.second_at(0, 0, 0), Kind::epithelial);
    ASSERT_EQ(c.second.waited[0], n);
  }
  c.age_second(p);
  EXPECT_EQ(c.second_at(0, 0, 0), Kind::none);
  EXPECT_EQ(c.second_at(1, 0, 0), Kind::epithelial) << "no vessel takes that voxel";
  EXPECT_EQ(c.second.waited[1], 0);
  EXPECT_EQ(c.flowed(Kind::epithelial, Reservoir::pressed_out), 1);
  EXPECT_TRUE(c.marks_are_true());
}

// ---- crowding

struct Shares {
  Lattice l;
  std::vector<std::uint16_t> values;
  explicit Shares(const Lattice& lattice)
      : l(lattice), values(static_cast<std::size_t>(l.padded()), 12345) { // ghosts must not count
    for_each_voxel(l, [&](int x, int y, int z) { at(x, y, z) = 0; });
  }
  std::uint16_t& at(int x, int y, int z) {
    return values[static_cast<std::size_t>(l.index(x, y, z))];
  }
  void spread(int passes, bool rows = false) {
    for (int n = 0; n < passes; ++n) {
      std::vector<std::uint16_t> out(values.size(), 12345);
      const SpreadCrowding rule{values.data(), out.data(), l};
      for (int z = 0; z < l.nz; ++z)
        for (int y = 0; y < l.ny; ++y)
          if (rows)
            rule.row(Row{0, y, z, l.nx, l.index(0, y, z)});
          else
            for (int x = 0; x < l.nx; ++x) rule(l.voxel(x, y, z));
      values.swap(out);
    }
  }
  // f(x, y, z) weighted with the shares.
  template <class F>
  double sum(const F& f) {
    double total = 0;
    for_each_voxel(l, [&](int x, int y, int z) { total += f(x, y, z) * at(x, y, z); });
    return total;
  }
};
double one(int, int, int) { return 1; }

TEST(Spread, StartsFromFreeVoxelsAndSecondCells) {
  Patch p(Lattice{9, 3, 1, 20});
  for (int x = 0; x < 9; ++x) p.put(x, 1, 0, static_cast<Kind>(x));
  p.flags[p.at(static_cast<int>(Kind::necrotic), 1, 0)] = flag_replaceable;
  p.held[p.at(2, 1, 0)] = p.held[p.at(5, 0, 0)] = 1;
  Shares free(p.l), excess(p.l), free_rows(p.l), excess_rows(p.l);
  const auto start = [&](Shares& to_free, Shares& to_excess) {
    return StartCrowding{p.kind.data(), p.held.data(), p.room(), to_free.values.data(),
                         to_excess.values.data()};
  };
  p.each(start(free, excess));
  p.each_row(start(free_rows, excess_rows));
  EXPECT_EQ(free.values, free_rows.values);
  EXPECT_EQ(excess.values, excess_rows.values);
  // A body is not free, whether it gives way or not, and a lumen is not.
  for_each_voxel(p.l, [&](int x, int y, int z) {
    EXPECT_EQ(free.at(x, y, z), y != 1 || x == 0 ? 32768 : 0) << x << ' ' << y;
    EXPECT_EQ(excess.at(x, y, z), (x == 2 && y == 1) || (x == 5 && y == 0) ? 32768 : 0);
  });
  // Where matrix yields only to some, it is so much less room.
  p.yields = true;
  p.matrix[p.at(3, 0, 0)] = 0.7f;
  p.matrix[p.at(4, 0, 0)] = 0.9f;
  p.matrix[p.at(3, 1, 0)] = 0.9f; // someone stands there
  p.each(start(free, excess));
  p.each_row(start(free_rows, excess_rows));
  EXPECT_EQ(free.values, free_rows.values);
  EXPECT_EQ(excess.values, excess_rows.values);
  EXPECT_NEAR(free.at(3, 0, 0), 32768 * std::exp(-1.0), 1);
  EXPECT_NEAR(free.at(4, 0, 0), 32768 * std::exp(-3.0), 1);
  EXPECT_EQ(free.at(3, 1, 0), 0);
  p.matrix[p.at(2, 0, 0)] = 0.6f;
  p.each(start(free, excess));
  EXPECT_EQ(free.at(2, 0, 0), 32768);
}

TEST(Spread, HasAWidthInMicrometres) {
  for (const double h : {20.0, 16.0, 14.0, 10.0, 8.0, 5.0}) {
    const int passes = crowding_passes(20, h);
    EXPECT_NEAR(h * std::sqrt(passes / 2.0), 20, 0.6) << h;
  }
  EXPECT_EQ(crowding_passes(20, 100), 1);
  EXPECT_EQ(crowding_passes(40, 20), 8);
  for (const int passes : {1, 2, 4, 8}) {
    Shares a(Lattice{25, 25, 25, 20});
    a.at(12, 12, 12) = 32768;
    a.spread(passes);
    // No voxel is off by more than half a unit in a pass.
    const double tolerance = passes * 0.5 / 32768 * (passes < 3 ? 0 : 1) + 1e-12;
    const double whole = a.sum(one) / 32768;
    EXPECT_NEAR(whole, 1, tolerance * std::pow(2 * passes + 1, 3));
    for (int axis = 0; axis < 3; ++axis) {
      const double second = a.sum([&](int x, int y, int z) {
        const int d = (axis == 0 ? x : axis == 1 ? y : z) - 12;
        return static_cast<double>(d * d);
      }) / 32768;
      EXPECT_NEAR(second, passes / 2.0, 0.03 * passes / 2.0) << "axis " << axis;
    }
  }
}

TEST(Spread, KeepsTheSumOfABlobAndMirrorsAtFaces) {
  std::mt19937 random(21);
  for (const bool at_faces : {false, true}) {
    Shares a(Lattice{24, 22, 20, 20});
    for_each_voxel(a.l, [&](int x, int y, int z) {
      const bool inside = std::abs(x - 12) < 5 && std::abs(y - 11) < 5 && std::abs(z - 10) < 5;
      if (inside || at_faces) a.at(x, y, z) = random() % 2 == 0 ? 32768 : 0;
    });
    const double before = a.sum(one);
    a.spread(4);
    // Roundings fall to both sides.
    EXPECT_NEAR(a.sum(one) / before, 1, 1e-4);
  }
  // One voxel in a corner spreads as the eight of its mirror images would.
  Shares corner(Lattice{12, 12, 12, 20}), whole(Lattice{24, 24, 24, 20});
  corner.at(0, 0, 0) = 32768;
  for (int n = 0; n < 8; ++n) whole.at(11 + n % 2, 11 + n / 2 % 2, 11 + n / 4) = 32768;
  corner.spread(5);
  whole.spread(5);
  for_each_voxel(corner.l, [&](int x, int y, int z) {
    ASSERT_EQ(corner.at(x, y, z), whole.at(12 + x, 12 + y, 12 + z));
  });
  // All alike stay so, in any box.
  for (const Lattice& l : {Lattice{1, 1, 1, 20}, Lattice{1, 7, 2, 20}, Lattice{2, 1, 5, 20}}) {
    Shares full(l);
    for_each_voxel(l, [&](int x, int y, int z) { full.at(x, y, z) = 32768; });
    full.spread(3);
    for_each_voxel(l, [&](int x, int y, int z) { ASSERT_EQ(full.at(x, y, z), 32768); });
  }
}

TEST(Spread, OfLinesIsThatOfSites) {
  std::mt19937 random(22);
  for (const Lattice& l :
       {Lattice{1, 1, 1, 20}, Lattice{3, 5, 7, 20}, Lattice{17, 1, 3, 20}, Lattice{511, 2, 2, 20},
        Lattice{512, 3, 1, 20}, Lattice{513, 1, 2, 20}, Lattice{1025, 3, 3, 20}}) {
    Shares a(l);
    for_each_voxel(l, [&](int x, int y, int z) {
      a.at(x, y, z) = static_cast<std::uint16_t>(random() % 32769);
    });
    Shares b = a;
    a.spread(3);
    b.spread(3, true);
    EXPECT_EQ(a.values, b.values) << l.nx;
    // A line may come in pieces, as bricks cut it.
    Shares c = b;
    c.spread(1);
    std::vector<std::uint16_t> out(b.values.size(), 12345);
    for (int z = 0; z < l.nz; ++z)
      for (int y = 0; y < l.ny; ++y)
        for (int x = 0; x < l.nx; x += 8)
          SpreadCrowding{b.values.data(), out.data(), l}.row(
              Row{x, y, z, std::min(8, l.nx - x), l.index(x, y, z)});
    EXPECT_EQ(out, c.values) << l.nx;
  }
}

// ---- the list on a back end

// What stands on a patch, in the memory of an executor.
struct Ground {
  Lattice l;
  Population::Arrays arrays;
  Buffer<std::uint8_t> held;
  Buffer<std::uint32_t> slot;
  Buffer<std::int64_t> ledger;

  Ground(const Executor& e, const Patch& p)
      : l(p.l), held(e, l.padded()), slot(e, l.padded()), ledger(e, ledger_entries) {
    arrays.for_each([&](const char*, const char*, auto& buffer) {
      buffer = std::decay_t<decltype(buffer)>(e, l.padded());
    });
    slot.upload(p.claim.data());
    take(p);
  }
  void take(const Patch& p) {
    arrays.kind.upload(p.kind.data());
    arrays.flags.upload(p.flags.data());
    arrays.clock.upload(p.clock.data());
    arrays.timer.upload(p.timer.data());
    arrays.capacity.upload(p.capacity.data());
    arrays.clone.upload(p.clone.data());
    arrays.traits.upload(p.traits.data());
    held.upload(p.held.data());
  }
  void renew(ExcessCells& list, const DivisionParameters& d, const Patch& p) {
    const CellView cell{arrays.kind.data(),  arrays.flags.data(),    arrays.clock.data(),
                        arrays.timer.data(), arrays.capacity.data(), arrays.clone.data(),
                        arrays.traits.data()};
    list.renew(held.data(), slot.data(), unclaimed,
               Division{cell, {ledger.data()}, l, d, p.seed, p.step});
  }
};

template <class T>
std::vector<T> first_of(const Buffer<T>& buffer, std::int64_t n) {
  std::vector<T> values = buffer.host_copy();
  values.resize(static_cast<std::size_t>(n));
  return values;
}
void expect_list(ExcessCells& list, const Seconds& expected) {
  const std::int64_t n = list.entries();
  ASSERT_EQ(n, expected.size());
  EXPECT_EQ(first_of(list.arrays().voxel, n), expected.voxel);
  EXPECT_EQ(first_of(list.arrays().kind, n), expected.kind);
  EXPECT_EQ(first_of(list.arrays().flags, n), expected.flags);
  EXPECT_EQ(first_of(list.arrays().clock, n), expected.clock);
  EXPECT_EQ(first_of(list.arrays().timer, n), expected.timer);
  EXPECT_EQ(first_of(list.arrays().capacity, n), expected.capacity);
  EXPECT_EQ(first_of(list.arrays().clone, n), expected.clone);
  EXPECT_EQ(first_of(list.arrays().traits, n), expected.traits);
  EXPECT_EQ(first_of(list.arrays().waited, n), expected.waited);
}
void write_list(ExcessCells& list, const Seconds& c) {
  list.resize(c.size());
  list.write(list.arrays().voxel, c.voxel.data());
  list.write(list.arrays().kind, c.kind.data());
  list.write(list.arrays().flags, c.flags.data());
  list.write(list.arrays().clock, c.clock.data());
  list.write(list.arrays().timer, c.timer.data());
  list.write(list.arrays().capacity, c.capacity.data());
  list.write(list.arrays().clone, c.clone.data());
  list.write(list.arrays().traits, c.traits.data());
  list.write(list.arrays().waited, c.waited.data());
}

// A block of tumour cells, no two alike.
Patch block_of(const Lattice& l, unsigned with) {
  std::mt19937 random(with);
  Patch p(l);
  p.each([&](const Voxel& s) {
    p.view().store(s.i, {Kind::epithelial, flag_crowded, clock_zero, 1, 2,
                         static_cast<std::uint16_t>(random()), random()});
  });
  return p;
}
void ripen(Patch& p, unsigned one_of, unsigned with) {
  std::mt19937 random(with);
  p.each([&](const Voxel& s) {
    if (random() % one_of == 0) p.clock[Patch::at(s)] = clock_divide;
  });
}

TEST(ExcessList, IsRenewedAndGrowsBeyondItsFirstRoom) {
  const Lattice l{40, 40, 40, 20};
  DivisionParameters d = plain_division();
  d.variation = 0.2f;
  d.mutates = threshold(0.3);
  d.deviation = 5;
  for (const Executor& e : executors()) {
    SCOPED_TRACE(e.description());
    Patch p = block_of(l, 31);
    ExcessCells list(e, l);
    Ground ground(e, p);
    EXPECT_EQ(list.entries(), 0);
    const std::int64_t room = ExcessCells::first_room(l);
    const auto step = [&](unsigned one_of) {
      ripen(p, one_of, one_of);
      p.each(p.births());
      ground.take(p);
      ground.renew(list, d, p);
      p.renew(d);
      expect_list(list, p.second);
      EXPECT_TRUE(std::is_sorted(p.second.voxel.begin(), p.second.voxel.end()));
      EXPECT_EQ(ground.arrays.clock.host_copy(), p.clock);
      EXPECT_EQ(ground.arrays.traits.host_copy(), p.traits);
      EXPECT_EQ(ground.slot.host_copy(), p.claim) << "nothing is mapped any more";
      EXPECT_EQ(ground.held.host_copy(), p.held);
      p.step += 1;
    };
    step(40);
    ASSERT_LT(list.entries(), room);
    ASSERT_GT(list.entries(), 1000);
    // Some go, all have waited, and the list loses its order.
    for (std::int64_t n = 0; n < p.second.size(); ++n) {
      p.second.waited[static_cast<std::size_t>(n)] = static_cast<std::uint16_t>(n % 7);
      if (n % 5 == 0) p.excess().drop(n, p.excess().place(n).i);
    }
    p.shuffle_entries(9);
    write_list(list, p.second);
    step(6);
    ASSERT_GT(list.entries(), room);
    std::int64_t born = 0;
    for (const std::int64_t v : ground.ledger.host_copy()) born += v;
    EXPECT_EQ(born, p.flowed(Reservoir::born, Kind::epithelial));
    step(3);
    EXPECT_GT(list.entries(), 2 * room);
  }
}

// A run goes on from the list in the order of voxels as from the one it had.
TEST(ExcessList, ComesBackFromARestart) {
  const Lattice l{20, 18, 16, 20};
  for (const Executor& e : executors()) {
    SCOPED_TRACE(e.description());
    Patch p = block_of(l, 32);
    ripen(p, 10, 1);
    p.divide(plain_division());
    for (std::int64_t n = 0; n < p.second.size(); n += 3) p.excess().drop(n, p.excess().place(n).i);
    p.shuffle_entries(2);
    ExcessCells list(e, l);
    write_list(list, p.second);
    // More room at the end of the list moves nobody.
    const std::int64_t first = list.extend(ExcessCells::first_room(l));
    EXPECT_EQ(first, p.second.size());
    EXPECT_EQ(list.entries(), first + ExcessCells::first_room(l));
    p.second.resize(static_cast<std::size_t>(list.entries()));
    expect_list(list, p.second);

    const std::vector<std::int64_t> order = list.order();
    Seconds kept;
    kept.resize(order.size());
    const Seconds& had = p.second;
    std::set<std::int64_t> there;
    for (std::size_t n = 0; n < order.size(); ++n) {
      const auto from = static_cast<std::size_t>(order[n]);
      kept.voxel[n] = had.voxel[from];
      kept.kind[n] = had.kind[from];
      kept.flags[n] = had.flags[from];
      kept.clock[n] = had.clock[from];
      kept.timer[n] = had.timer[from];
      kept.capacity[n] = had.capacity[from];
      kept.clone[n] = had.clone[from];
      kept.traits[n] = had.traits[from];
      kept.waited[n] = had.waited[from];
      EXPECT_NE(kept.kind[n], 0);
      there.insert(kept.voxel[n]);
    }
    EXPECT_TRUE(std::is_sorted(kept.voxel.begin(), kept.voxel.end()));
    EXPECT_EQ(static_cast<std::int64_t>(there.size()),
              std::count(p.held.begin(), p.held.end(), std::uint8_t{1}));
    EXPECT_EQ(there.size(), order.size());
    ExcessCells again(e, l);
    write_list(again, kept);
    expect_list(again, kept);

    ripen(p, 7, 2);
    p.each(p.births());
    Ground one(e, p), other(e, p);
    one.renew(list, plain_division(), p);
    other.renew(again, plain_division(), p);
    p.renew(plain_division());
    expect_list(list, p.second);
    expect_list(again, p.second);
    EXPECT_EQ(list.order().size(), static_cast<std::size_t>(list.entries()));
    list.resize(0);
    EXPECT_TRUE(list.order().empty());
  }
}

// A population on a back end, with fields of one's own.
struct Colony {
  Executor e;
  Parameters parameters;
  Lattice l;
  Population population;
  Buffer<float> oxygen, matrix, pressure;
  Buffer<std::uint16_t> membrane;

  Colony(const Executor& executor, const std::string& yaml)
      : e(executor), parameters(parameters_of(yaml)),
        l(parameters.domain.voxels[0], parameters.domain.voxels[1], parameters.domain.voxels[2],
          parameters.domain.spacing),
        population(e, l, population_settings(parameters), 17), oxygen(e, l.padded()),
        matrix(e, l.padded()), pressure(e, l.padded()), membrane(e, l.padded()) {}
  void take(Patch& p) {
    oxygen.upload(p.oxygen.data());
    matrix.upload(p.matrix.data());
    pressure.upload(p.pressure.data());
    membrane.upload(p.membrane.data());
    population.arrays().kind.upload(p.kind.data());
    population.arrays().clone.upload(p.clone.data());
    write_list(population.excess_cells(), p.second);
    population.rebuild();
    population.count_now(e);
  }
  void advance(std::int64_t step) {
    const FieldView o{oxygen.data(), l, 1};
    population.advance(e, {o, o, {{pressure.data(), l, 1}, true}, matrix.data(), membrane.data()},
                       step);
    population.check_ledger(e, step);
  }
};

// However much of it was taken, memory that cells lent is as contests want it again.
TEST(Growth, TakesLentMemoryBackAsItWas) {
  Colony colony(Executor::on_cpu(2), "simulation: {preset: analytic}\n"
                                     "domain: {voxels: [21, 20, 19]}\n");
  const auto lent = static_cast<std::int64_t>(Population::bytes_to_lend(colony.l));
  for (const std::int64_t bytes : {std::int64_t{0}, std::int64_t{1000}, lent / 256 * 256}) {
    Loan loan = colony.population.lend();
    char* const taken = loan.take<char>(bytes);
    ASSERT_NE(taken, nullptr);
    const std::vector<char> used(static_cast<std::size_t>(bytes), 'x');
    colony.e.copy_in(taken, used.data(), used.size());
    colony.population.take_back(colony.e, loan);
    std::vector<std::uint32_t> claim(static_cast<std::size_t>(lent) / sizeof(std::uint32_t) / 64 *
                                     64);
    Loan again = colony.population.lend();
    const auto* const found = again.take<std::uint32_t>(static_cast<std::int64_t>(claim.size()));
    ASSERT_NE(found, nullptr);
    colony.e.copy_out(claim.data(), found, claim.size() * sizeof(std::uint32_t));
    EXPECT_EQ(std::count(claim.begin(), claim.end(), unclaimed),
              static_cast<std::ptrdiff_t>(claim.size()))
        << bytes;
  }
}

// Second cells drift with K times the gradient over the share e_0, and mix with D_x besides,
// however long the step and however fine the lattice.
TEST(Growth, CarriesSecondCellsDownThePressure) {
  for (const auto& [spacing, step] : {std::pair{20.0, 6.0}, {20.0, 12.0}, {14.0, 6.0}}) {
    Colony colony(Executor::on_cpu(2),
                  "simulation: {preset: analytic}\ndomain: {voxels: [120, 120, 40], spacing: " +
                      std::to_string(spacing) + " um}\ntime: {step: " + std::to_string(step) +
                      " min}\n");
    Patch p(colony.l);
    const float slope = 0.5f; // kPa from voxel to voxel
    std::uint16_t label = 0;
    std::vector<std::array<int, 3>> start(1);
    p.each([&](const Voxel& s) {
      p.kind[Patch::at(s)] = static_cast<std::uint8_t>(Kind::stroma);
      p.pressure[Patch::at(s)] = 100 - slope * static_cast<float>(s.x);
      if (s.x % 8 != 4 || s.y % 8 != 4 || s.z % 8 != 4) return;
      Cell c;
      c.kind = Kind::epithelial;
      c.clone = ++label;
      p.put_second(s.x, s.y, s.z, c);
      start.push_back({s.x, s.y, s.z});
    });
    colony.take(p);
    colony.advance(1);
    // The excess is where the second cells are now, whoever they are: by the nearest start.
    const std::vector<std::int64_t> voxel =
        first_of(colony.population.excess_cells().arrays().voxel, label);
    double drift = 0, mixed = 0;
    for (const std::int64_t v : voxel) {
      const Voxel s = colony.l.voxel_at(v);
      drift += s.x % 8 - 4;
      mixed += (s.y % 8 - 4) * (s.y % 8 - 4);
    }
    const double n = label, h2 = spacing * spacing;
    const double expected = 540.0 / 1440 * 0.5 * step / h2 / 0.02, variance = 2 * 4 * step / h2;
    EXPECT_NEAR(drift / n, expected, 3 * std::sqrt((expected + variance) / n)) << spacing;
    EXPECT_NEAR(mixed / n, variance, 3 * std::sqrt(2 * variance / n)) << spacing;
  }
}

TEST(Growth, TakesAsManyRoundsAsItsSpeedNeeds) {
  const auto rounds = [](const std::string& yaml) {
    return relay_substeps(population_settings(parameters_of(yaml)));
  };
  EXPECT_EQ(rounds("domain: {voxels: [9, 9, 9], spacing: 20 um}\n"), 3);
  // 1.4 u dt / (e_0 h), u = sqrt(pi ln2 / T K P_half)
  const double u = std::sqrt(3.14159265 * 0.69314718 / 100 * 540 / 1440 * 5);
  EXPECT_EQ(rounds("domain: {voxels: [9, 9, 9], spacing: 20 um}\ncycle: {epithelial: 100 min}\n"),
            static_cast<int>(std::ceil(1.4 * u * 6 / (0.02 * 20))));
  EXPECT_EQ(rounds("domain: {voxels: [9, 9, 9], spacing: 20 um}\ncycle: {epithelial: 100 min}\n"
                   "growth: {mobility: 0 um^2/kPa/min}\n"),
            3);
}

// As PHYSICS and the rules have it: crushed, aged, born, moved, and every back end agrees.
TEST(Growth, IsTheSameOnEveryBackEnd) {
  std::vector<std::vector<std::uint16_t>> clones, clocks;
  std::vector<std::vector<std::int64_t>> seconds;
  for (const Executor& e : executors()) {
    SCOPED_TRACE(e.description());
    Colony colony(e, R"(
domain: {voxels: [30, 28, 26]}
cycle: {epithelial: 200 min}
)");
    Patch p(colony.l);
    std::mt19937 random(41);
    p.each([&](const Voxel& s) {
      const std::size_t i = Patch::at(s);
      const bool tumour = std::abs(s.x - 15) + std::abs(s.y - 14) + std::abs(s.z - 13) < 12;
      p.pressure[i] = tumour ? static_cast<float>(random() % 100) * 0.05f : 0.3f;
      if (!tumour && random() % 2 == 0) return;
      p.kind[i] = static_cast<std::uint8_t>(tumour ? Kind::epithelial : Kind::parenchyma);
      p.clone[i] = static_cast<std::uint16_t>(random());
      if (tumour && random() % 40 == 0) p.put_second(s.x, s.y, s.z, Kind::mesenchymal);
    });
    colony.take(p);
    for (int step = 1; step <= 60; ++step) colony.advance(step);
    clones.push_back(colony.population.arrays().clone.host_copy());
    clocks.push_back(colony.population.arrays().clock.host_copy());
    ExcessCells& list = colony.population.excess_cells();
    seconds.push_back(first_of(list.arrays().voxel, list.entries()));
    EXPECT_GT(colony.population.ledger().arrived(Reservoir::born, Kind::epithelial), 500);
    EXPECT_GT(colony.population.ledger().died(normal_kinds, Cause::crushed), 50);
    EXPECT_EQ(clones.back(), clones.front());
    EXPECT_EQ(clocks.back(), clocks.front());
    EXPECT_EQ(seconds.back(), seconds.front());
  }
}

// A cell that a vessel has pushed out and that finds no place is lost after a day.
TEST(Growth, LetsNobodyWaitInAVesselForMoreThanADay) {
  for (const double step : {6.0, 12.0}) {
    Colony colony(Executor::on_cpu(1), "simulation: {preset: analytic}\ndomain: {voxels: [5, 5, "
                                       "5]}\ntime: {step: " +
                                           std::to_string(step) + " min}\n");
    Patch p(colony.l);
    p.fill(Kind::vessel);
    p.put(2, 2, 2, Kind::epithelial);
    colony.take(p);
    colony.population.make_way(colony.e, {colony.l.number(2, 2, 2)}, {});
    colony.population.check_ledger(colony.e, 0);
    const auto lost = [&] {
      return colony.population.ledger().departed(Kind::epithelial, Reservoir::pressed_out);
    };
    const auto of_a_day = static_cast<int>(1440 / step);
    for (int n = 1; n <= of_a_day; ++n) colony.advance(n);
    EXPECT_EQ(lost(), 0);
    colony.advance(of_a_day + 1);
    EXPECT_EQ(lost(), 1);
  }
}

TEST(Growth, ShowsWhereThereIsRoomAndLeavesNoTrace) {
  for (const Executor& e : executors())
    for (const double spacing : {20.0, 14.0, 10.0, 40.0}) {
      SCOPED_TRACE(e.description() + ", " + std::to_string(spacing));
      Colony colony(e,
                    "domain: {voxels: [13, 11, 9], spacing: " + std::to_string(spacing) + " um}\n");
      Patch p(colony.l);
      std::mt19937 random(51);
      Shares free(p.l), excess(p.l);
      p.each([&](const Voxel& s) {
        p.kind[Patch::at(s)] = random() % 3 == 0 ? 0 : 3;
        free.at(s.x, s.y, s.z) = p.kind[Patch::at(s)] == 0 ? 32768 : 0;
        if (p.kind[Patch::at(s)] == 0 || random() % 5 != 0) return;
        p.put_second(s.x, s.y, s.z, Kind::epithelial);
        excess.at(s.x, s.y, s.z) = 32768;
      });
      colony.take(p);
      free.spread(crowding_passes(20, spacing));
      excess.spread(crowding_passes(20, spacing));
      for (int round = 0; round < 2; ++round) {
        const RoomView room = colony.population.show_crowding(e, nullptr);
        Shares a(p.l), b(p.l);
        const auto bytes = a.values.size() * sizeof(a.values[0]);
        e.copy_out(a.values.data(), room.free, bytes);
        e.copy_out(b.values.data(), room.excess, bytes);
        for_each_voxel(p.l, [&](int x, int y, int z) {
          ASSERT_EQ(a.at(x, y, z), free.at(x, y, z));
          ASSERT_EQ(b.at(x, y, z), excess.at(x, y, z));
        });
        colony.population.end_crowding(e);
        // Contests find their arrays as they left them.
        const ExcessView mapped = colony.population.map_excess();
        std::vector<std::uint32_t> slot(p.claim.size());
        e.copy_out(slot.data(), mapped.slot, slot.size() * sizeof(slot[0]));
        for (std::int64_t n = 0; n < p.second.size(); ++n)
          ASSERT_EQ(slot[Patch::at(p.excess().place(n))], n);
        EXPECT_EQ(std::count(slot.begin(), slot.end(), unclaimed),
                  static_cast<std::int64_t>(slot.size()) - p.second.size());
        colony.population.unmap_excess();
      }
    }
}

// ---- migration

MigrationParameters32 free_walk() {
  MigrationParameters32 m{};
  m.diffusivity_epithelial = 0.3f;
  m.diffusivity_mesenchymal = 0.6f;
  m.diffusivity_stroma = 0.1f;
  m.step_over_h2 = 2.0f / 400;
  m.stroma_step_over_h2 = 6.0f / 400;
  m.most_jumps = 1;
  m.keep_ee = 0.3f;
  m.keep_em = 0.7f;
  m.keep_mm = 0.9f;
  m.squeeze_threshold = 0.6f;
  m.squeeze_width = 0.1f;
  m.squeeze_epithelial = 0.2f;
  return m;
}

TEST(JumpProbability, IsCentralWhereItCanAndUpwindWhereItMust) {
  const double d = 0.6, k = 0.005;
  const auto expect = [&](double low, double here, double high, double p_low, double p_high) {
    float a = -1, b = -1;
    axis_probabilities(static_cast<float>(d), static_cast<float>(k), static_cast<float>(low),
                       static_cast<float>(here), static_cast<float>(high), a, b);
    EXPECT_NEAR(static_cast<double>(a), p_low, 1e-8);
    EXPECT_NEAR(static_cast<double>(b), p_high, 1e-8);
  };
  expect(1, 1, 1, k * d, k * d);
  expect(0.2, 0.5, 1.0, k * (d - 0.2), k * (d + 0.2));
  expect(1.0, 0.5, 0.2, k * (d + 0.2), k * (d - 0.2));
  expect(0, 5, 2.4, 0, 2 * k * d); // the last central one: |dS|/4 = D
  expect(0, 1, 2.5, k * d, k * (d + 1.5));
  expect(2.5, 1, 0, k * (d + 1.5), k * d);
  expect(2.5, 3, 0, k * d, k * d); // uphill on neither side
}

TEST(JumpProbability, FollowsMatrixAndOxygenAndEndsAtTheBox) {
  Patch p(Lattice{5, 4, 3, 20});
  p.each([&](const Voxel& s) {
    p.matrix[Patch::at(s)] = 0.1f + 0.02f * static_cast<float>(s.x);
    p.oxygen[Patch::at(s)] = 40.0f - 2.0f * static_cast<float>(s.y);
  });
  MigrationParameters32 m = free_walk();
  m.haptotaxis = 3;
  m.chemotaxis = 0.05f;
  const double k = 0.005, d = 0.6;
  const auto expect = [&](const Voxel& s, const std::array<double, 6>& expected) {
    const JumpProbabilities jump = p.walk(m).probabilities(s, 0.6f);
    for (std::size_t a = 0; a < 6; ++a)
      EXPECT_NEAR(static_cast<double>(jump.towards[a]), expected[a], 2e-8) << "direction " << a;
  };
  const double sx = 3 * 0.04 / 4, sy = 0.05 * -4 / 4;
  expect(p.l.voxel(2, 1, 1),
         {k * (d - sx), k * (d + sx), k * (d - sy), k * (d + sy), k * d, k * d});
  // At a face the signal goes on flat, so that half of the drift remains, and nobody leaves.
  expect(p.l.voxel(0, 1, 0), {0, k * (d + sx / 2), k * (d - sy), k * (d + sy), 0, k * d});
  expect(p.l.voxel(4, 3, 2), {k * (d - sx / 2), 0, k * (d - sy / 2), 0, k * d, 0});
  const JumpProbabilities stroma = p.walk(m).unbiased(p.l.voxel(0, 3, 1), 0.1f, 0.015f);
  const float each = 0.015f * 0.1f, expected[6] = {0, each, each, 0, each, each};
  for (std::size_t a = 0; a < 6; ++a) EXPECT_FLOAT_EQ(stroma.towards[a], expected[a]);
}

TEST(Jump, IsDrawnByItsProbability) {
  const Patch p(Lattice{3, 3, 3, 20});
  const WalkRule walk{p.matrix.data(), p.membrane.data(), p.field(p.oxygen), free_walk(), p.l};
  const JumpProbabilities jump{{0.05f, 0.1f, 0.0f, 0.15f, 0.2f, 0.1f}};
  std::array<std::int64_t, 7> chosen{};
  const std::int64_t n = 200000;
  for (std::int64_t k = 0; k < n; ++k) {
    bool full = true;
    const int a =
        walk.choose(jump, draw(3, Purpose::test, static_cast<std::uint64_t>(k), 0).word[0], full);
    EXPECT_FALSE(full);
    chosen[static_cast<std::size_t>(a + 1)] += 1;
  }
  expect_share(chosen[0], n, 0.4, "stays");
  for (std::size_t a = 0; a < 6; ++a)
    if (jump.towards[a] > 0) {
      expect_share(chosen[a + 1], n, static_cast<double>(jump.towards[a]), "direction");
    } else {
      EXPECT_EQ(chosen[a + 1], 0);
    }
  bool full = false;
  walk.choose({{0.3f, 0.3f, 0.3f, 0.2f, 0.0f, 0.0f}}, 0, full);
  EXPECT_TRUE(full);
}

// migration.adhesion: bonds.
TEST(Adhesion, MultipliesWhatEachBondLetsThrough) {
  Patch p(Lattice{3, 3, 3, 20});
  const MigrationParameters32 m = free_walk();
  const Voxel s = p.l.voxel(1, 1, 1);
  const auto share = [&](Kind k) { return static_cast<double>(p.proposals(m).freedom(s, k)); };
  EXPECT_EQ(share(Kind::epithelial), 1);
  p.put(0, 1, 1, Kind::epithelial);
  p.put(2, 1, 1, Kind::epithelial);
  p.put(1, 0, 1, Kind::mesenchymal);
  p.put(1, 2, 1, Kind::stroma);
  p.put(1, 1, 0, Kind::necrotic);
  EXPECT_NEAR(share(Kind::epithelial), 0.3 * 0.3 * 0.7, 1e-6);
  EXPECT_NEAR(share(Kind::mesenchymal), 0.7 * 0.7 * 0.9, 1e-6);
  EXPECT_EQ(share(Kind::stroma), 1);
  // A sticky cell, factor e^0.2 = 1.2214, and one that is stuck altogether.
  p.traits[p.at(1, 1, 1)] = with_trait(Trait::adhesion, 10);
  const double f = std::exp(0.2);
  EXPECT_NEAR(share(Kind::mesenchymal), std::pow(1 - 0.3 * f, 2) * (1 - 0.1 * f), 1e-6);
  p.traits[p.at(1, 1, 1)] = with_trait(Trait::adhesion, 100);
  EXPECT_EQ(share(Kind::epithelial), 0);
}

// migration.adhesion: neighbour_count (Anderson 2005): A_e >= A_i moves.
TEST(Adhesion, ByCountAsksForEnoughNeighbours) {
  Patch p(Lattice{3, 3, 3, 20});
  MigrationParameters32 m = free_walk();
  m.neighbour_count = true;
  m.internal_epithelial = 2;
  m.internal_mesenchymal = 0;
  const Voxel s = p.l.voxel(1, 1, 1);
  const auto share = [&](Kind k) { return p.proposals(m).freedom(s, k); };
  EXPECT_EQ(share(Kind::mesenchymal), 1);
  EXPECT_EQ(share(Kind::epithelial), 0);
  p.put(0, 1, 1, Kind::epithelial);
  p.put(1, 0, 1, Kind::necrotic); // the dead do not count
  EXPECT_EQ(share(Kind::epithelial), 0);
  p.put(1, 1, 2, Kind::mesenchymal);
  EXPECT_EQ(share(Kind::epithelial), 1);
}

// 1 up to E_c, exp(-(E - E_c)/0.1) above, a fifth of it for E-like cells.
TEST(Squeeze, FollowsTheMatrixOfTheTarget) {
  Patch p(Lattice{3, 3, 3, 20});
  MigrationParameters32 m = free_walk();
  const std::int64_t target = p.l.index(2, 1, 1);
  const auto share = [&](Kind k, float e) {
    p.matrix[static_cast<std::size_t>(target)] = e;
    return static_cast<double>(p.proposals(m).passage(target, k));
  };
  EXPECT_EQ(share(Kind::epithelial, 2), 1) << "off";
  m.squeeze = true;
  EXPECT_EQ(share(Kind::epithelial, 0.6f), 1);
  EXPECT_NEAR(share(Kind::mesenchymal, 0.7f), std::exp(-1.0), 1e-6);
  EXPECT_NEAR(share(Kind::mesenchymal, 1), std::exp(-4.0), 1e-6);
  EXPECT_NEAR(share(Kind::epithelial, 1), 0.2 * std::exp(-4.0), 1e-6);
  p.membrane[static_cast<std::size_t>(target)] = 1;
  EXPECT_EQ(share(Kind::mesenchymal, 0), 0) << "membrane";
}

TEST(Movement, HasTheRateOfItsDiffusivity) {
  // One cell in every other voxel of a plane grid: free faces everywhere, no contest for a face.
  for (const Kind k : {Kind::epithelial, Kind::mesenchymal, Kind::stroma}) {
    Patch p(Lattice{90, 90, 45, 20});
    std::int64_t n = 0;
    p.each([&](const Voxel& s) {
      if (s.x % 3 != 1 || s.y % 3 != 1 || s.z % 3 != 1) return;
      p.kind[Patch::at(s)] = static_cast<std::uint8_t>(k);
      ++n;
    });
    const MigrationParameters32 m = free_walk();
    const Patch before = p;
    p.move(m, 0);
    std::int64_t moved = 0;
    p.each([&](const Voxel& s) {
      moved += before.kind[Patch::at(s)] != 0 && p.kind[Patch::at(s)] == 0 ? 1 : 0;
    });
    const double d = k == Kind::epithelial ? 0.3 : k == Kind::mesenchymal ? 0.6 : 0.1;
    const double dt = k == Kind::stroma ? 6 : 2;
    expect_share(moved, n, 6 * d * dt / 400, "moved");
    EXPECT_EQ(p.number_of(k), n);
    EXPECT_TRUE(p.contest_is_clean());
    if (k == Kind::stroma) { // one attempt a step
      Patch later = before;
      later.move(m, 1);
      EXPECT_EQ(later.kind, before.kind);
    }
  }
}

// Cells are moved as they are, none is lost, and nobody enters a voxel that was taken when the
// round began.
TEST(Movement, LosesNoCellInACrowd) {
  for (unsigned trial = 1; trial <= 60; ++trial) {
    SCOPED_TRACE("random lattice " + std::to_string(trial));
    std::mt19937 random(trial);
    Patch p(Lattice{2 + static_cast<int>(random() % 14), 1 + static_cast<int>(random() % 12),
                    1 + static_cast<int>(random() % 10), 20});
    p.seed = trial;
    const double density[3] = {0.2, 0.6, 0.95};
    std::uint16_t label = 0;
    p.each([&](const Voxel& s) {
      if (std::uniform_real_distribution<>()(random) > density[trial % 3]) return;
      const Kind kinds[5] = {Kind::epithelial, Kind::mesenchymal, Kind::stroma, Kind::vessel,
                             Kind::necrotic};
      const std::size_t i = Patch::at(s);
      p.kind[i] = static_cast<std::uint8_t>(kinds[random() % 5]);
      p.clone[i] = ++label;
      p.clock[i] = static_cast<std::uint16_t>(random());
      p.timer[i] = static_cast<std::uint16_t>(random());
      p.flags[i] = static_cast<std::uint16_t>(random() % 32);
      p.capacity[i] = static_cast<std::uint8_t>(random() % 16);
      p.traits[i] = random();
    });
    MigrationParameters32 m = free_walk();
    m.step_over_h2 = 0.25f; // restless
    m.stroma_step_over_h2 = 1.5f;
    m.keep_ee = m.keep_em = m.keep_mm = 1;
    std::int64_t moved = 0;
    for (int substep = 0; substep < 3; ++substep) {
      Patch other = p;
      other.order = 3;
      Patch before = p;
      p.move(m, substep);
      other.move(m, substep);
      ASSERT_EQ(p.clone, other.clone);
      ASSERT_EQ(p.cells(), before.cells());
      ASSERT_TRUE(p.contest_is_clean());
      p.each([&](const Voxel& s) {
        const std::size_t i = Patch::at(s);
        if (p.clone[i] == before.clone[i] || p.clone[i] == 0) return;
        ASSERT_EQ(before.kind[i], 0) << "entered a voxel that was taken";
        ++moved;
        bool from_beside = false;
        for (int a = 0; a < 6; ++a)
          from_beside =
              from_beside ||
              before.clone[static_cast<std::size_t>(neighbour(p.l, s.i, a))] == p.clone[i];
        ASSERT_TRUE(from_beside) << "jumped further than one voxel";
      });
    }
    if (trial % 3 != 2 && p.l.voxels() > 200) {
      EXPECT_GT(moved, 0);
    }
  }
}

TEST(Movement, GivesAContestedVoxelToTheLowestRank) {
  int contests = 0;
  for (std::uint64_t step = 0; step < 400; ++step) {
    Patch p(Lattice{3, 1, 1, 20});
    p.put(0, 0, 0, Kind::mesenchymal);
    p.put(2, 0, 0, Kind::mesenchymal);
    p.clone[p.at(0, 0, 0)] = 1;
    p.clone[p.at(2, 0, 0)] = 2;
    p.step = step;
    MigrationParameters32 m = free_walk();
    m.step_over_h2 = 1;
    p.each(p.proposals(m));
    const bool both = p.plan[p.at(0, 0, 0)] != 0 && p.plan[p.at(2, 0, 0)] != 0;
    const ContestView c = p.rivals(1);
    const std::uint32_t first = c.rank(p.l, p.l.voxel(0, 0, 0)),
                        second = c.rank(p.l, p.l.voxel(2, 0, 0));
    p.each(CommitMove{p.view(), c, p.l});
    if (!both) continue;
    ++contests;
    EXPECT_EQ(p.clone[p.at(1, 0, 0)], first < second ? 1 : 2);
    EXPECT_EQ(p.number_of(Kind::mesenchymal), 2);
  }
  EXPECT_GT(contests, 50);
}

TEST(Movement, StopsTheRunWhereProbabilitiesExceedOne) {
  Patch p(Lattice{5, 5, 5, 20});
  p.put(2, 2, 2, Kind::mesenchymal);
  MigrationParameters32 m = free_walk();
  m.step_over_h2 = 0.5f;
  p.each(p.proposals(m));
  EXPECT_EQ(p.overfull, 1);
  // Through a run: a steep oxygen edge under chemotaxis, which no bound foresees.
  Site s = simulation_of(R"(
simulation: {preset: analytic}
domain: {voxels: [8, 8, 8]}
oxygen: {enabled: true, frozen: "4*x mmHg"}
migration: {enabled: true, mesenchymal: 0.6 um^2/min, chemotaxis: 0.05 um^2/min/mmHg}
tissue: {cells: [{kind: mesenchymal, radius: 50 um}]}
)");
  std::vector<float> edge(512, 0.0f);
  for (std::size_t i = 0; i < edge.size(); ++i) edge[i] = i % 4 < 2 ? 0.0f : 1e6f;
  s.write("oxygen", edge.data());
  EXPECT_THROW(advance(s, 50), NumericalError);
}

// ---- matrix

MatrixParameters32 enzymes() {
  MatrixParameters32 p{};
  p.dt = 6;
  p.contact = 6e-3f;
  p.soluble = 1.5e-3f;
  p.neighbour_weight = 1.0f / 6;
  p.deposition = 1e-4f;
  p.maximum = 1;
  p.debris = 0.1f / 1440;
  p.exposure_unit = 65535;
  return p;
}

TEST(MatrixRule, AddsUpItsTerms) {
  Patch p(Lattice{5, 5, 5, 20});
  std::vector<float> m(p.matrix.size(), 0.4f), t(p.matrix.size(), 1.0f);
  p.put(2, 2, 2, Kind::mesenchymal);
  p.traits[p.at(2, 2, 2)] = with_trait(Trait::proteinase, -10);
  p.put(1, 2, 2, Kind::stroma);
  p.put(3, 2, 2, Kind::necrotic);
  p.put(4, 4, 4, Kind::mesenchymal);
  p.traits[p.at(4, 4, 4)] = with_trait(Trait::proteinase, 50); // MT1-MMP is full at 1
  for (const bool inhibited : {false, true}) {
    MatrixParameters32 q = enzymes();
    q.inhibited = inhibited;
    Patch r = p;
    r.each(DegradeMatrix{r.kind.data(), r.traits.data(), r.field(m), r.field(t), r.matrix.data(),
                         r.membrane.data(), r.factors(), q, r.l});
    const double s = std::exp(-0.2), soluble = 1.5e-3 * (inhibited ? 0.2 : 0.4);
    const auto expected = [&](double loss, double gain) {
      const double settled = gain / (loss + gain);
      return settled + (0.8 - settled) * std::exp(-(loss + gain) * 6);
    };
    const auto at = [&](int x, int y, int z) {
      return static_cast<double>(r.matrix[r.at(x, y, z)]);
    };
    EXPECT_NEAR(at(2, 2, 2), expected(6e-3 * s + soluble, 0), 1e-6);
    EXPECT_NEAR(at(2, 1, 2), expected(1e-3 * s + soluble, 0), 1e-6);
    EXPECT_NEAR(at(1, 2, 2), expected(1e-3 * s + soluble, 1e-4), 1e-6);
    EXPECT_NEAR(at(3, 2, 2), expected(1e-3 * s + soluble + 0.1 / 1440, 0), 1e-6);
    EXPECT_NEAR(at(4, 4, 4), expected(6e-3 + soluble, 0), 1e-6);
    EXPECT_NEAR(at(0, 0, 0), expected(soluble, 0), 1e-6);
  }
}

TEST(MatrixRule, SettlesWhereLossMeetsDeposition) {
  float e = 0.2f;
  for (int n = 0; n < 5000; ++n) e = DegradeMatrix::updated(e, 1e-3f, 3e-3f, 1.2f, 6);
  EXPECT_NEAR(static_cast<double>(e), 0.75 * 1.2, 1e-5);
  EXPECT_EQ(DegradeMatrix::updated(0.37f, 0, 0, 1, 6), 0.37f);
  EXPECT_NEAR(static_cast<double>(DegradeMatrix::updated(0, 0, 1e-4f, 1, 1e5f)), 1, 1e-4);
}

TEST(MatrixRule, OfLinesIsThatOfSites) {
  std::mt19937 random(9);
  for (const bool inhibited : {false, true})
    for (const int cells : {2, 50, 100000}) {
      Patch a(Lattice{150, 9, 7, 20});
      std::vector<float> m(a.matrix.size()), t(a.matrix.size());
      a.each([&](const Voxel& s) {
        const std::size_t i = Patch::at(s);
        a.kind[i] = static_cast<std::uint8_t>(random() % 9);
        if (a.kind[i] == 4 && random() % static_cast<unsigned>(cells) != 0) a.kind[i] = 2;
        a.traits[i] = random();
        a.matrix[i] = static_cast<float>(random() % 1000) * 1e-3f;
        a.membrane[i] = static_cast<std::uint16_t>(random() % 3 == 0 ? random() : 0);
        m[i] = static_cast<float>(random() % 1000) * 1e-3f;
        t[i] = static_cast<float>(random() % 1000) * 1e-3f;
      });
      MatrixParameters32 p = enzymes();
      p.inhibited = inhibited;
      Patch b = a;
      a.each(DegradeMatrix{a.kind.data(), a.traits.data(), a.field(m), a.field(t), a.matrix.data(),
                           a.membrane.data(), a.factors(), p, a.l});
      b.each_row(DegradeMatrix{b.kind.data(), b.traits.data(), b.field(m), b.field(t),
                               b.matrix.data(), b.membrane.data(), b.factors(), p, b.l});
      EXPECT_EQ(a.matrix, b.matrix);
      EXPECT_EQ(a.membrane, b.membrane);
    }
}

// Broken when the exposure, the integral of gamma_1 M1, exceeds B_bm. A neighbour's share
// is a sixth.
TEST(Membrane, WearsWithExposure) {
  Patch p(Lattice{5, 3, 3, 20});
  std::vector<float> none(p.matrix.size(), 0.0f);
  p.put(2, 1, 1, Kind::mesenchymal);
  p.put(0, 1, 1, Kind::epithelial);
  p.membrane[p.at(2, 1, 1)] = p.membrane[p.at(3, 1, 1)] = p.membrane[p.at(1, 0, 1)] =
      membrane_intact;
  const auto minutes_to_break = [&](std::size_t i) {
    Patch q = p;
    int steps = 0;
    while (q.membrane[i] != 0 && steps < 1000) {
      q.each(DegradeMatrix{q.kind.data(), q.traits.data(), q.field(none), q.field(none),
                           q.matrix.data(), q.membrane.data(), q.factors(), enzymes(), q.l});
      ++steps;
    }
    return steps * 6;
  };
  EXPECT_NEAR(minutes_to_break(p.at(2, 1, 1)), 1 / 6e-3, 7);
  EXPECT_NEAR(minutes_to_break(p.at(3, 1, 1)), 6 / 6e-3, 13);
  EXPECT_EQ(minutes_to_break(p.at(1, 0, 1)), 6000) << "out of reach";
}

TEST(Membrane, HoldsCellsBackUntilItIsWorn) {
  const auto beyond = [](const char* kind, double hours) {
    Site s = simulation_of(R"(
simulation: {preset: analytic}
domain: {voxels: [16, 12, 12]}
oxygen: {enabled: true, frozen: 40 mmHg}
cycle: {enabled: true, epithelial: 300 min, mesenchymal: 300 min}
migration: {enabled: true, epithelial: 6 um^2/min, mesenchymal: 6 um^2/min, haptotaxis: 0 um^2/min}
tissue:
  membranes: [{shape: layer, axis: x, at: 160 um}]
)",
                           {std::string("tissue.cells=[{shape: layer, axis: x, begin: 0 um, "
                                        "end: 100 um, kind: ") +
                            kind + "}]"});
    // Exposure by a neighbour alone takes 1000 min, by all around at least 500.
    const std::vector<std::uint16_t> sheet = array_of<std::uint16_t>(s, "membrane");
    EXPECT_EQ(std::count(sheet.begin(), sheet.end(), membrane_intact), 144);
    advance(s, steps_in(s, hours * 60));
    const std::vector<std::uint8_t> k = array_of<std::uint8_t>(s, "kind");
    std::int64_t n = 0;
    for (std::size_t i = 0; i < k.size(); ++i) n += i % 16 >= 8 && (k[i] == 3 || k[i] == 4) ? 1 : 0;
    return n;
  };
  EXPECT_EQ(beyond("mesenchymal", 8), 0);
  EXPECT_EQ(beyond("epithelial", 72), 0) << "E-like cells have no MT1-MMP";
  EXPECT_GT(beyond("mesenchymal", 72), 100);
}

// ---- ledger

TEST(Ledger, StopsARunWhoseCellsWereTamperedWith) {
  for (const Executor& e : executors())
    for (const Kind k : {Kind::stroma, Kind::epithelial, Kind::vessel}) {
      Site s(parameters_of("domain: {voxels: [12, 12, 12]}\n"), e);
      advance(s, 2);
      std::vector<std::uint8_t> kind = array_of<std::uint8_t>(s, "kind");
      *std::find(kind.begin(), kind.end(), std::uint8_t{0}) = static_cast<std::uint8_t>(k);
      s.write("kind", kind.data());
      try {
        s.step();
        ADD_FAILURE() << "not noticed on " << e.description();
      } catch (const NumericalError& error) {
        EXPECT_NE(std::string(error.what()).find(name_of(k)), std::string::npos) << error.what();
      }
    }
}

// ---- shape

TEST(TumourShape, CountsFaceConnectedGroups) {
  std::mt19937 random(4);
  for (int trial = 0; trial < 60; ++trial) {
    const Lattice l{1 + static_cast<int>(random() % 12), 1 + static_cast<int>(random() % 9),
                    1 + static_cast<int>(random() % 7), 10};
    const auto n = static_cast<std::size_t>(l.voxels());
    std::vector<std::uint8_t> kind(n);
    for (auto& k : kind) {
      const Kind kinds[6] = {Kind::none,       Kind::stroma,      Kind::none,
                             Kind::epithelial, Kind::mesenchymal, Kind::necrotic};
      k = static_cast<std::uint8_t>(kinds[random() % (trial % 2 == 0 ? 6u : 4u)]);
    }
    const auto counts = [&](std::size_t i) {
      return is_tumour(static_cast<Kind>(kind[i])) || is_dead(static_cast<Kind>(kind[i]));
    };
    std::vector<int> group(n, -1);
    std::vector<std::int64_t> size, living;
    for (std::size_t start = 0; start < n; ++start) {
      if (!counts(start) || group[start] >= 0) continue;
      std::vector<std::size_t> open{start};
      group[start] = static_cast<int>(size.size());
      size.push_back(0);
      living.push_back(0);
      while (!open.empty()) {
        const std::size_t i = open.back();
        open.pop_back();
        size.back() += 1;
        living.back() += is_tumour(static_cast<Kind>(kind[i])) ? 1 : 0;
        const int x = static_cast<int>(i) % l.nx, y = static_cast<int>(i) / l.nx % l.ny,
                  z = static_cast<int>(i) / l.nx / l.ny;
        const int step[6][3] = {{1, 0, 0},  {-1, 0, 0}, {0, 1, 0},
                                {0, -1, 0}, {0, 0, 1},  {0, 0, -1}};
        for (const auto& d : step) {
          if (!l.holds(x + d[0], y + d[1], z + d[2])) continue;
          const auto j = static_cast<std::size_t>(l.global(x + d[0], y + d[1], z + d[2]));
          if (!counts(j) || group[j] >= 0) continue;
          group[j] = group[start];
          open.push_back(j);
        }
      }
    }
    std::vector<std::uint8_t> padded(static_cast<std::size_t>(l.padded()),
                                     static_cast<std::uint8_t>(Kind::outside));
    for (std::size_t i = 0; i < n; ++i)
      padded[static_cast<std::size_t>(l.voxel_at(static_cast<std::int64_t>(i)).i)] = kind[i];
    const TumourShape shape =
        measure_shape(read_tumour_runs(Executor::on_cpu(2), l, padded.data()), l);
    EXPECT_EQ(shape.components, static_cast<std::int64_t>(size.size()));
    EXPECT_EQ(shape.living, std::accumulate(living.begin(), living.end(), std::int64_t{0}));
    EXPECT_EQ(shape.living + shape.dead,
              std::accumulate(size.begin(), size.end(), std::int64_t{0}));
    const std::int64_t largest = size.empty() ? 0 : *std::max_element(size.begin(), size.end());
    EXPECT_EQ(shape.largest, largest);
    if (std::count(size.begin(), size.end(), largest) != 1)
      continue; // which one is the main one is open
    const auto main =
        static_cast<std::size_t>(std::max_element(size.begin(), size.end()) - size.begin());
    EXPECT_EQ(shape.detached_cells, shape.living - living[main]);
    std::int64_t clusters = 0;
    for (std::size_t g = 0; g < size.size(); ++g) clusters += g != main && living[g] > 0 ? 1 : 0;
    EXPECT_EQ(shape.detached_clusters, clusters);
  }
}

// Every n-th voxel of the mask in the order of numbers, and all of them where they are few.
TEST(TumourShape, SamplesVoxelsEvenly) {
  std::mt19937 random(5);
  for (const Lattice& l : {Lattice{7, 5, 3, 10}, Lattice{40, 1, 9, 10}, Lattice{1, 1, 1, 10}})
    for (const std::int64_t most : {1, 5, 64, 100000}) {
      std::vector<std::uint8_t> padded(static_cast<std::size_t>(l.padded()),
                                       static_cast<std::uint8_t>(Kind::outside));
      std::vector<std::int64_t> members, wanted;
      for (std::int64_t v = 0; v < l.voxels(); ++v) {
        const bool member = random() % 3 != 0;
        padded[static_cast<std::size_t>(l.voxel_at(v).i)] =
            static_cast<std::uint8_t>(member ? Kind::mesenchymal : Kind::stroma);
        if (member) members.push_back(v);
      }
      const auto total = static_cast<std::int64_t>(members.size());
      const std::int64_t every = std::max<std::int64_t>(1, total / most);
      for (std::int64_t k = 0; k < total; k += every)
        wanted.push_back(members[static_cast<std::size_t>(k)]);
      const KindMask mask = kinds_with(role::tumour);
      EXPECT_EQ(sample_voxels(Executor::on_cpu(3), l, padded.data(), mask, most), wanted);
    }
}

// A region that shares a scarce supply finds a level instead of resting and waking in step: cells
// take time to switch.
TEST(CellsRules, ScarceOxygenDoesNotSwingFromStepToStep) {
  Site s = simulation_of(R"(
domain: {voxels: [80, 80, 80], spacing: 20 um}
oxygen: {faces: no_flux}
matrix: {density: 0.4}
tissue:
  parenchyma: 0
  stroma: 0.02
  cells:
    - {shape: sphere, kind: epithelial, radius: 200 um, mesenchymal_fraction: 0.1}
vessels: {pattern: pair, axis: z, spacing: 1.2 mm, radius: 8 um, radius_vein: 8 um, drop: 0.5 mmHg}
)");
  advance(s, 70);
  double largest = 0, last = metrics_of(s).at("oxygen_tumour_mean");
  for (int n = 0; n < 6; ++n) {
    s.step();
    const double now = metrics_of(s).at("oxygen_tumour_mean");
    largest = std::max(largest, std::abs(now - last));
    last = now;
  }
  EXPECT_LT(largest, 0.3); // mmHg; 7.3 with quiescence.delay 0
}

} // namespace
} // namespace metavox
