// Every rule of a cell on one voxel or a small lattice, against arithmetic by hand. Rules are
// functors: they are called here directly, on arrays of the host, in any order of voxels.

#include <array>
#include <functional>
#include <numeric>
#include <random>
#include <set>

#include "cells/activity.hpp"
#include "cells/division.hpp"
#include "cells/fate.hpp"
#include "cells/make_way.hpp"
#include "cells/migration.hpp"
#include "cells/room.hpp"
#include "cells/sense.hpp"
#include "site/measure.hpp"
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

// A lattice of host arrays with what the rules want to know.
struct Patch {
  Lattice l;
  std::vector<std::uint8_t> kind, capacity, sensed, room, room_other, mark;
  std::vector<std::uint16_t> flags, clock, timer, clone, plan, membrane;
  std::vector<std::uint64_t> traits;
  std::vector<std::uint32_t> claim;
  std::vector<float> oxygen, glucose, matrix, table;
  std::vector<std::int64_t> flow;
  PushOffsets pushes;
  std::int64_t overfull = 0;
  std::uint64_t seed = 11, step = 0;
  int order = 0; // 0: ascending; otherwise shuffled with this seed

  explicit Patch(const Lattice& lattice, int push_distance2 = 25) : l(lattice) {
    const auto n = static_cast<std::size_t>(l.padded());
    kind.assign(n, static_cast<std::uint8_t>(Kind::outside));
    each([&](const Voxel& s) { kind[at(s)] = 0; });
    for (auto* bytes : {&capacity, &sensed, &room_other}) bytes->assign(n, 0);
    room.assign(n, 1);
    for (auto* words : {&flags, &clock, &timer, &clone, &plan, &membrane}) words->assign(n, 0);
    traits.assign(n, 0);
    claim.assign(n, unclaimed);
    mark.assign(static_cast<std::size_t>(Bricks(l).count()), 0);
    oxygen.assign(n, 40.0f);
    glucose.assign(n, 5.0f);
    matrix.assign(n, 0.8f);
    for (int v = -128; v < 128; ++v) table.push_back(static_cast<float>(std::exp(trait_step * v)));
    flow.assign(ledger_entries, 0);
    pushes = push_offsets(push_distance2);
  }

  static std::size_t at(const Voxel& s) { return static_cast<std::size_t>(s.i); }
  std::size_t at(int x, int y, int z) const { return static_cast<std::size_t>(l.index(x, y, z)); }
  CellView view() {
    return {kind.data(),     flags.data(), clock.data(), timer.data(),
            capacity.data(), clone.data(), traits.data()};
  }
  FieldView field(const std::vector<float>& c) const { return {c.data(), l, 1}; }
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
  std::int64_t number_of(Kind k) {
    std::int64_t n = 0;
    each([&](const Voxel& s) { n += kind[at(s)] == static_cast<std::uint8_t>(k) ? 1 : 0; });
    return n;
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

  void sense() { each(SenseNeighbours{kind.data(), sensed.data(), l.pitch(), l.plane()}); }
  void measure_room(int reach, bool into_dead, bool rows = false) {
    const MeasureRoomX x{kind.data(), room.data(), l, reach, into_dead};
    const MeasureRoomYZ<false> y{room.data(), room_other.data(), l, reach};
    const MeasureRoomYZ<true> z{room_other.data(), room.data(), l, reach};
    if (rows) {
      each_row(x), each_row(y), each_row(z);
    } else {
      each(x), each(y), each(z);
    }
  }
  AdvanceFate fate(const FateParameters& p) {
    return {view(),
            field(oxygen),
            field(glucose),
            matrix.data(),
            sensed.data(),
            room.data(),
            factors(),
            {flow.data()},
            p,
            l,
            seed,
            step};
  }
  ContestView rivals(int round) {
    const ContestKeys keys = contest_keys(seed, step, round);
    return {claim.data(), plan.data(), mark.data(), Bricks(l), keys.key0, keys.key1};
  }
  void divide(const DivisionParameters& p, int push_distance2 = 25, bool into_dead = true,
              bool normal_divides = false) {
    const PushTable ways{pushes.offset.data(), pushes.first.data()};
    const ContestView c = rivals(0);
    each(ProposeDivision{view(), room.data(), membrane.data(), c, ways, l, push_distance2,
                         into_dead, normal_divides, seed, step});
    EXPECT_TRUE(every_proposal_is_marked());
    each(CommitDivision{view(), c, ways, {flow.data()}, l, p, seed, step});
    each(WithdrawDivision{c, ways, l});
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
  p.half_pressure = 1.4f;
  p.half_pressure_normal = 3;
  p.ramp_low = 5;
  p.ramp_high = 10;
  p.matrix_edge = 0.3f;
  p.hypoxia_high = 15;
  p.hypoxia_low = 4;
  p.push_distance2 = 25;
  return p;
}

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

// ---- room

int room_by_hand(const Patch& p, const Voxel& s, int reach, bool into_dead) {
  int best = 255;
  for (int z = -reach; z <= reach; ++z)
    for (int y = -reach; y <= reach; ++y)
      for (int x = -reach; x <= reach; ++x) {
        if (!p.l.holds(s.x + x, s.y + y, s.z + z)) continue;
        const Kind k = p.what(s.x + x, s.y + y, s.z + z);
        if (k == Kind::none || (into_dead && is_dead(k)))
          best = std::min(best, x * x + y * y + z * z);
      }
  return best;
}

TEST(Room, IsTheDistanceToTheNearestFreeVoxel) {
  const Kind walls[4] = {Kind::epithelial, Kind::vessel, Kind::necrotic, Kind::apoptotic};
  std::mt19937 random(5);
  for (int reach = 1; reach <= longest_push; ++reach)
    for (const double density : {0.3, 0.01, 0.0005})
      for (const Lattice l :
           {Lattice{19, 8, 6, 20}, Lattice{33, 1, 1, 20}, Lattice{1, 17, 9, 20}}) {
        Patch p(l);
        p.each([&](const Voxel& s) {
          const bool is_free = std::uniform_real_distribution<>()(random) < density;
          p.kind[Patch::at(s)] =
              static_cast<std::uint8_t>(is_free ? Kind::none : walls[random() % 4]);
        });
        for (const bool into_dead : {false, true}) {
          if (into_dead) // dead ones are everywhere: keep few
            p.each([&](const Voxel& s) {
              if (is_dead(static_cast<Kind>(p.kind[Patch::at(s)])) && random() % 64 != 0)
                p.kind[Patch::at(s)] = static_cast<std::uint8_t>(Kind::epithelial);
            });
          p.measure_room(reach, into_dead);
          const std::vector<std::uint8_t> by_site = p.room;
          p.each([&](const Voxel& s) {
            ASSERT_EQ(p.room[Patch::at(s)], room_by_hand(p, s, reach, into_dead))
                << "reach " << reach << " at " << s.x << ' ' << s.y << ' ' << s.z;
          });
          p.measure_room(reach, into_dead, true);
          ASSERT_EQ(p.room, by_site) << "rows, reach " << reach;
        }
      }
}

TEST(Room, OfLinesLongerThanAChunkIsTheSame) {
  std::mt19937 random(6);
  for (const int length : {511, 512, 513, 526, 1040}) {
    Patch p(Lattice{length, 2, 2, 20});
    p.each([&](const Voxel& s) {
      p.kind[Patch::at(s)] =
          static_cast<std::uint8_t>(random() % 40 == 0 ? Kind::none : Kind::epithelial);
    });
    p.measure_room(15, true);
    const std::vector<std::uint8_t> by_site = p.room;
    p.measure_room(15, true, true);
    EXPECT_EQ(p.room, by_site) << length;
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
  p.advance_epithelial = 147;
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
  p.advance_epithelial = 100;
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

TEST(Crowding, IsRoomBeyondThePush) {
  FateParameters p = quiet();
  p.advance_epithelial = 100;
  OneCell c;
  for (const bool on : {false, true})
    for (const int room : {24, 25, 26, 255}) {
      p.crowding = on;
      c.room[c.centre()] = static_cast<std::uint8_t>(room);
      const std::uint16_t before = c.clock[c.centre()];
      c.age(p);
      const bool crowded = on && room > 25;
      EXPECT_EQ((c.flags[c.centre()] & flag_crowded) != 0, crowded) << room;
      EXPECT_EQ(c.clock[c.centre()] == before, crowded) << room;
    }
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

TEST(Crushing, HitsNormalCellsThatTumourPressesOn) {
  FateParameters p = quiet();
  p.crushing = 0.01f;
  for (const bool pressed : {false, true})
    for (const bool room : {false, true}) {
      Crowd c(Kind::parenchyma);
      std::fill(c.sensed.begin(), c.sensed.end(), static_cast<std::uint8_t>(pressed ? 6 + 8 : 6));
      std::fill(c.room.begin(), c.room.end(), static_cast<std::uint8_t>(room ? 25 : 26));
      c.age(p);
      if (pressed && !room) {
        expect_share(c.number_of(Kind::apoptotic), Crowd::size, share_in_step(0.01), "crushed");
      } else {
        EXPECT_EQ(c.number_of(Kind::parenchyma), Crowd::size);
      }
    }
}

TEST(Bodies, VanishAfterTheirTime) {
  Patch c(Lattice{1, 1, 1, 20});
  c.put(0, 0, 0, Kind::apoptotic);
  const FateParameters p = quiet();
  for (int n = 1; n <= 85; ++n) {
    c.fate(p)(c.l.voxel(0, 0, 0));
    ASSERT_EQ(c.what(0, 0, 0), Kind::apoptotic) << n;
  }
  c.fate(p)(c.l.voxel(0, 0, 0));
  EXPECT_EQ(c.what(0, 0, 0), Kind::none);
  EXPECT_EQ(c.flowed(Kind::apoptotic, Reservoir::cleared), 1);

  // 516 min, which the default step of 6 min divides.
  Site s = simulation_of(R"(
simulation: {preset: analytic}
domain: {voxels: [9, 9, 9]}
tissue: {cells: [{shape: layer, begin: 0 um, end: 60 um, kind: apoptotic}]}
)");
  advance(s, 85);
  EXPECT_EQ(of(count_kinds(s), Kind::apoptotic), 243);
  advance(s, 1);
  EXPECT_EQ(s.time(), 516);
  EXPECT_EQ(of(count_kinds(s), Kind::apoptotic), 0);
}

TEST(Debris, IsClearedAtItsRate) {
  FateParameters p = quiet();
  p.debris_cleared = threshold(0.05);
  Crowd c(Kind::necrotic);
  c.age(p);
  expect_share(c.number_of(Kind::none), Crowd::size, 0.05, "cleared");
  EXPECT_EQ(c.flowed(Kind::necrotic, Reservoir::cleared), c.number_of(Kind::none));
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
  p.advance_epithelial = static_cast<float>(full);
  p.advance_mesenchymal = 0.37f;
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
  p.physicell_ramp = true;
  for (const auto& [pressure, speed] :
       {std::pair{4.9f, 0.0}, {7.5f, 0.5}, {10.0f, 1.0}, {60.0f, 1.0}}) {
    Crowd c(Kind::epithelial);
    std::fill(c.oxygen.begin(), c.oxygen.end(), pressure);
    EXPECT_NEAR(mean_advance(c, p, low, high), full * speed, 0.01) << pressure;
  }
}

TEST(Clock, StopsAtDivision) {
  FateParameters p = quiet();
  p.advance_epithelial = 1000;
  OneCell c;
  c.clock[c.centre()] = clock_divide - 3;
  c.age(p);
  EXPECT_EQ(c.clock[c.centre()], clock_divide);
  c.age(p);
  EXPECT_EQ(c.clock[c.centre()], clock_divide);
  // A day's step with a cycle of hundredths of a minute is more ticks than an int holds.
  p.advance_epithelial = 4.7e9f;
  c.clock[c.centre()] = clock_zero;
  c.age(p);
  EXPECT_EQ(c.clock[c.centre()], clock_divide);
}

TEST(Senescence, IsTheEndOfAProgenitor) {
  FateParameters p = quiet();
  p.stem = true;
  p.advance_epithelial = 100;
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
  p.quiescence = p.crowding = p.necrosis = p.transition = p.stem = true;
  p.rest_switch = 20000;
  p.necrosis_rate = 0.01f;
  p.apoptosis = 0.01f;
  p.crushing = 0.01f;
  p.emt = p.met = 0.01f;
  p.advance_epithelial = p.advance_mesenchymal = p.advance_normal = 147;
  p.debris_cleared = threshold(0.1);
  for (const bool regeneration : {false, true})
    for (const bool starved : {false, true}) { // lines of normal cells at ease are skipped
      p.regeneration = regeneration;
      p.regeneration_neighbours = 3;
      Patch a(Lattice{21, 9, 30, 20});
      a.each([&](const Voxel& s) {
        const std::size_t i = Patch::at(s);
        const bool busy = s.z < 10;
        a.kind[i] = static_cast<std::uint8_t>(busy ? random() % 9 : random() % 3);
        a.oxygen[i] = static_cast<float>(busy || starved ? random() % 12 : 40);
        a.room[i] = static_cast<std::uint8_t>(random() % 40);
        a.clock[i] = static_cast<std::uint16_t>(random() % clock_divide);
        a.capacity[i] = static_cast<std::uint8_t>(random() % 3);
        a.flags[i] = static_cast<std::uint16_t>(random() % 32);
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

// ---- division

DivisionParameters plain_division() { return {false, 0, 9, 0, 0.0f, 0.0f}; }

TEST(Division, ChoosesAmongFreeFacesAlike) {
  std::array<int, 6> chosen{};
  const int runs = 6000;
  for (int n = 0; n < runs; ++n) {
    Patch p(Lattice{3, 3, 3, 20});
    p.put(1, 1, 1, Kind::epithelial);
    p.clock[p.at(1, 1, 1)] = clock_divide;
    p.clone[p.at(1, 1, 1)] = 7;
    p.step = static_cast<std::uint64_t>(n);
    p.divide(plain_division());
    ASSERT_EQ(p.number_of(Kind::epithelial), 2);
    ASSERT_EQ(p.what(1, 1, 1), Kind::epithelial);
    ASSERT_EQ(p.clock[p.at(1, 1, 1)], clock_zero);
    ASSERT_EQ(p.flowed(Reservoir::born, Kind::epithelial), 1);
    for (int a = 0; a < 6; ++a) {
      const auto i = static_cast<std::size_t>(neighbour(p.l, p.l.index(1, 1, 1), a));
      if (p.kind[i] != static_cast<std::uint8_t>(Kind::epithelial)) continue;
      chosen[static_cast<std::size_t>(a)] += 1;
      ASSERT_EQ(p.clone[i], 7);
      ASSERT_EQ(p.clock[i], clock_zero);
    }
  }
  double chi2 = 0;
  for (const int n : chosen) chi2 += (n - runs / 6.0) * (n - runs / 6.0) / (runs / 6.0);
  EXPECT_LT(chi2, 20.5); // 5 degrees of freedom, p = 0.001
}

TEST(Division, PushesAlongTheLineToTheNearestFreeVoxel) {
  struct Trial {
    int dx, dy, dz;
    std::vector<std::array<int, 3>> path; // after the mother
  };
  for (const Trial& t : {Trial{4, 0, 0, {{1, 0, 0}, {2, 0, 0}, {3, 0, 0}, {4, 0, 0}}},
                         {0, 0, -3, {{0, 0, -1}, {0, 0, -2}, {0, 0, -3}}},
                         {2, 2, 0, {{1, 1, 0}, {2, 2, 0}}},
                         {3, -3, 2, {{1, -1, 1}, {2, -2, 1}, {3, -3, 2}}},
                         {-4, 2, 1, {{-1, 1, 0}, {-2, 1, 1}, {-3, 2, 1}, {-4, 2, 1}}}}) {
    Patch p(Lattice{11, 11, 11, 20});
    p.fill(Kind::stroma);
    std::uint16_t label = 1;
    p.each([&](const Voxel& s) { p.clone[Patch::at(s)] = label++; });
    p.put(5, 5, 5, Kind::epithelial);
    p.clock[p.at(5, 5, 5)] = clock_divide;
    p.put(5 + t.dx, 5 + t.dy, 5 + t.dz, Kind::none);
    p.clone[p.at(5 + t.dx, 5 + t.dy, 5 + t.dz)] = 0;
    p.measure_room(5, true);
    const Patch before = p;
    p.divide(plain_division());
    // Rounding half away from zero, as PushPath says; nothing else may have moved.
    const PushPath path({static_cast<std::int8_t>(t.dx), static_cast<std::int8_t>(t.dy),
                         static_cast<std::int8_t>(t.dz)});
    ASSERT_EQ(path.length, static_cast<int>(t.path.size()));
    std::set<std::size_t> touched;
    for (int m = 1; m <= path.length; ++m) {
      const auto& v = t.path[static_cast<std::size_t>(m - 1)];
      const std::size_t i = p.at(5 + v[0], 5 + v[1], 5 + v[2]);
      EXPECT_EQ(static_cast<std::int64_t>(i), path.index(p.l, p.l.voxel(5, 5, 5), m))
          << t.dx << ' ' << t.dy << ' ' << t.dz << ", voxel " << m;
      touched.insert(i);
      const std::size_t from =
          m == 1 ? p.at(5, 5, 5)
                 : static_cast<std::size_t>(path.index(p.l, p.l.voxel(5, 5, 5), m - 1));
      EXPECT_EQ(p.clone[i], before.clone[from]) << "voxel " << m;
      EXPECT_EQ(p.kind[i], before.kind[from]) << "voxel " << m;
    }
    p.each([&](const Voxel& s) {
      const std::size_t i = Patch::at(s);
      if (touched.count(i) == 0) {
        ASSERT_EQ(p.clone[i], before.clone[i]);
      }
    });
    EXPECT_EQ(p.number_of(Kind::epithelial), 2);
    EXPECT_EQ(p.number_of(Kind::none), 0);
  }
}

TEST(Division, WaitsWhereThePushIsTooShortOrBlocked) {
  const auto births = [](const std::function<void(Patch&)>& prepare, int limit) {
    Patch p(Lattice{9, 1, 1, 20}, limit);
    p.fill(Kind::epithelial);
    p.clock[p.at(4, 0, 0)] = clock_divide;
    p.put(7, 0, 0, Kind::none);
    prepare(p);
    p.measure_room(5, true);
    p.divide(plain_division(), limit);
    EXPECT_TRUE(p.contest_is_clean());
    return p.flowed(Reservoir::born, Kind::epithelial);
  };
  EXPECT_EQ(births([](Patch&) {}, 9), 1);
  EXPECT_EQ(births([](Patch&) {}, 8), 0);
  EXPECT_EQ(births([](Patch& p) { p.put(6, 0, 0, Kind::vessel); }, 25), 0);
  EXPECT_EQ(births([](Patch& p) { p.membrane[p.at(6, 0, 0)] = 1; }, 25), 0);
  EXPECT_EQ(births([](Patch& p) { p.membrane[p.at(7, 0, 0)] = 1; }, 25), 0);
  EXPECT_EQ(births([](Patch& p) { p.membrane[p.at(3, 0, 0)] = 1; }, 25), 1);
  for (const Flag f : {flag_hypoxic, flag_crowded, flag_senescent})
    EXPECT_EQ(births([f](Patch& p) { p.flags[p.at(4, 0, 0)] = f; }, 25), 0) << static_cast<int>(f);
  EXPECT_EQ(births([](Patch& p) { p.clock[p.at(4, 0, 0)] = clock_divide - 1; }, 25), 0);
}

// Cells that cannot push still divide into a free face.
TEST(Division, NeedsNoPushBesideAFreeFace) {
  for (const char* length : {"0 um", "19 um", "20 um"}) {
    Site s = simulation_of(R"(
simulation: {preset: analytic}
domain: {voxels: [7, 7, 7], spacing: 20 um}
oxygen: {enabled: true, frozen: 40 mmHg}
quiescence: {crowding: true}
cycle: {enabled: true, epithelial: 60 min}
tissue: {cells: [{shape: box, from: [60 um, 60 um, 60 um], to: [80 um, 80 um, 80 um]}]}
)",
                           {std::string("cycle.push_length=") + length});
    advance(s, 30);
    EXPECT_GT(tumour_of(count_kinds(s)), 4) << length;
  }
}

TEST(Division, TakesThePlaceOfTheDead) {
  for (const bool into_dead : {true, false}) {
    Patch p(Lattice{3, 1, 1, 20});
    p.fill(Kind::epithelial);
    p.put(2, 0, 0, Kind::necrotic);
    p.clock[p.at(0, 0, 0)] = clock_divide;
    p.measure_room(5, into_dead);
    p.divide(plain_division(), 25, into_dead);
    EXPECT_EQ(p.number_of(Kind::necrotic), into_dead ? 0 : 1);
    EXPECT_EQ(p.number_of(Kind::epithelial), into_dead ? 3 : 2);
    EXPECT_EQ(p.flowed(Kind::necrotic, Reservoir::cleared), into_dead ? 1 : 0);
    EXPECT_EQ(p.flowed(Reservoir::born, Kind::epithelial), into_dead ? 1 : 0);
  }
}

TEST(Division, OfNormalCellsPushesNobody) {
  for (const bool face : {true, false}) {
    Patch p(Lattice{5, 1, 1, 20});
    p.fill(Kind::parenchyma);
    p.put(face ? 3 : 4, 0, 0, Kind::none);
    p.clock[p.at(2, 0, 0)] = clock_divide;
    p.traits[p.at(2, 0, 0)] = 77;
    p.measure_room(5, true);
    DivisionParameters d = plain_division();
    d.mutates = 0xffffffffu;
    d.deviation = 20;
    Patch off = p;
    p.divide(d, 25, true, true);
    EXPECT_EQ(p.flowed(Reservoir::born, Kind::parenchyma), face ? 1 : 0);
    if (face) {
      EXPECT_EQ(p.traits[p.at(3, 0, 0)], 77u) << "normal cells do not mutate";
    }
    off.divide(d, 25, true, false);
    EXPECT_EQ(off.flowed(Reservoir::born, Kind::parenchyma), 0);
  }
}

// Pairs along x: a mother at even x, a free voxel at odd x.
struct Pairs : Patch {
  Pairs() : Patch(Lattice{80, 40, 20, 20}, 1) {
    each([&](const Voxel& s) {
      if (s.x % 2 != 0) return;
      kind[at(s)] = static_cast<std::uint8_t>(Kind::epithelial);
      clock[at(s)] = clock_divide;
    });
    // Walls of vessels leave each mother one free face.
    each([&](const Voxel& s) {
      if (s.x % 4 == 2 || s.x % 4 == 3) kind[at(s)] = static_cast<std::uint8_t>(Kind::vessel);
      if (s.y % 2 != 0 || s.z % 2 != 0) kind[at(s)] = static_cast<std::uint8_t>(Kind::vessel);
    });
  }
  template <class F>
  void each_pair(const F& f) const {
    each([&](const Voxel& s) {
      if (s.x % 4 == 0 && s.y % 2 == 0 && s.z % 2 == 0)
        f(static_cast<std::size_t>(s.i), static_cast<std::size_t>(s.i + 1));
    });
  }
  static constexpr std::int64_t size = 20 * 20 * 10;
};

TEST(Division, KeepsTheStemHierarchy) {
  DivisionParameters d = plain_division();
  d.stem = true;
  d.symmetric = threshold(0.3);
  d.capacity = 9;
  Pairs stem;
  stem.each_pair([&](std::size_t a, std::size_t) { stem.flags[a] = flag_stem; });
  stem.divide(d, 1);
  std::int64_t symmetric = 0;
  stem.each_pair([&](std::size_t a, std::size_t b) {
    ASSERT_EQ(stem.flags[a], flag_stem);
    ASSERT_EQ(stem.kind[b], static_cast<std::uint8_t>(Kind::epithelial));
    if (stem.flags[b] == flag_stem) {
      ++symmetric;
    } else {
      ASSERT_EQ(stem.capacity[b], 9);
    }
  });
  expect_share(symmetric, Pairs::size, 0.3, "symmetric divisions");

  Pairs progenitors;
  progenitors.each_pair([&](std::size_t a, std::size_t) { progenitors.capacity[a] = 4; });
  progenitors.divide(d, 1);
  progenitors.each_pair([&](std::size_t a, std::size_t b) {
    ASSERT_EQ(progenitors.capacity[a], 3);
    ASSERT_EQ(progenitors.capacity[b], 3);
    ASSERT_EQ(progenitors.flags[b] & flag_stem, 0);
  });
}

TEST(Inheritance, MutatesWithTheGivenChanceAndSpread) {
  DivisionParameters d = plain_division();
  d.deviation = 0.1f / static_cast<float>(trait_step); // five steps
  const double sd = 5;
  for (const double chance : {1.0, 0.05}) {
    Pairs p;
    d.mutates = threshold(chance);
    p.divide(d, 1);
    double n = 0, sum = 0, sum2 = 0, same = 0, product = 0;
    p.each_pair([&](std::size_t a, std::size_t b) {
      for (int t = 0; t < trait_count; ++t) {
        const auto value = [&](std::size_t i) {
          return static_cast<double>(
              static_cast<std::int8_t>(static_cast<std::uint8_t>(p.traits[i] >> (8 * t))));
        };
        for (const std::size_t i : {a, b}) {
          n += 1;
          sum += value(i);
          sum2 += value(i) * value(i);
          same += value(i) == 0 ? 1 : 0;
        }
        product += value(a) * value(b);
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
  Pairs p;
  d.mutates = 0xffffffffu;
  d.deviation = 100;
  p.each_pair([&](std::size_t a, std::size_t) {
    p.traits[a] = with_trait(Trait::cycle_time, 127) | with_trait(Trait::vegf, -128);
  });
  p.divide(d, 1);
  std::int64_t at_top = 0, at_bottom = 0;
  p.each_pair([&](std::size_t a, std::size_t) {
    at_top += static_cast<std::int8_t>(p.traits[a] & 255) == 127 ? 1 : 0;
    at_bottom += static_cast<std::int8_t>(p.traits[a] >> 56) == -128 ? 1 : 0;
  });
  expect_share(at_top, Pairs::size, 0.5, "held at the top");
  expect_share(at_bottom, Pairs::size, 0.5, "held at the bottom");
}

TEST(NewbornClock, VariesTheCycleTimeAsAsked) {
  DivisionParameters d = plain_division();
  d.variation = 0.1f;
  Pairs p;
  p.divide(d, 1);
  double n = 0, sum = 0, sum2 = 0;
  p.each_pair([&](std::size_t a, std::size_t b) {
    for (const std::size_t i : {a, b}) {
      const double length = (clock_divide - p.clock[i]) / static_cast<double>(clock_unit);
      n += 1;
      sum += length;
      sum2 += length * length;
    }
  });
  const double mean = sum / n, sd = std::sqrt(sum2 / n - mean * mean);
  EXPECT_NEAR(mean, 1, 3 * 0.1 / std::sqrt(n));
  EXPECT_NEAR(sd, 0.1, 3 * 0.1 / std::sqrt(2 * n) * 1.1);
}

// However many cells want the same voxels, none is lost: every label of before is there afterwards,
// once or, where it was born, twice. Traversal order changes nothing.
TEST(Division, LosesNoCellInACrowd) {
  for (unsigned trial = 1; trial <= 60; ++trial) {
    SCOPED_TRACE("random lattice " + std::to_string(trial));
    std::mt19937 random(trial);
    const Lattice l{5 + static_cast<int>(random() % 14), 1 + static_cast<int>(random() % 12),
                    1 + static_cast<int>(random() % 10), 20};
    const int push = 1 + static_cast<int>(random() % 5);
    Patch p(l, push * push);
    p.seed = trial;
    const double density[3] = {0.5, 0.9, 0.99};
    const bool barriers = trial % 2 == 0; // vessels and membranes
    std::uint16_t label = 0;
    p.each([&](const Voxel& s) {
      const std::size_t i = Patch::at(s);
      if (std::uniform_real_distribution<>()(random) > density[trial % 3]) return;
      const Kind kinds[8] = {Kind::epithelial, Kind::epithelial, Kind::mesenchymal, Kind::stroma,
                             Kind::parenchyma, Kind::t_cell,     Kind::necrotic,    Kind::vessel};
      const Kind k = kinds[random() % (barriers ? 8 : 7)];
      p.kind[i] = static_cast<std::uint8_t>(k);
      if (is_living(k)) p.clone[i] = ++label;
      p.clock[i] = random() % 8 == 0 ? clock_zero : clock_divide;
      if (barriers && random() % 50 == 0) p.membrane[i] = 500;
    });
    for (std::uint64_t step = 0; step < 4; ++step) {
      p.step = step;
      p.measure_room(push, true);
      Patch other = p;
      other.order = 5;
      const Patch before = p;
      std::vector<std::int64_t> flow(p.flow);
      p.divide(plain_division(), push * push, true, true);
      other.divide(plain_division(), push * push, true, true);
      ASSERT_EQ(p.kind, other.kind);
      ASSERT_EQ(p.clone, other.clone);
      ASSERT_EQ(p.flow, other.flow);
      ASSERT_TRUE(p.contest_is_clean());
      std::map<std::uint16_t, int> labels_before, labels_after;
      std::int64_t wanting = 0;
      p.each([&](const Voxel& s) {
        const std::size_t i = Patch::at(s);
        if (before.clone[i] != 0) labels_before[before.clone[i]] += 1;
        if (p.clone[i] != 0) labels_after[p.clone[i]] += 1;
        if (before.kind[i] == 8 || p.kind[i] == 8) {
          ASSERT_EQ(p.kind[i], before.kind[i]) << "vessel";
        }
        if (before.membrane[i] != 0 && before.clone[i] == 0) {
          ASSERT_EQ(p.clone[i], 0) << "membrane";
        }
        wanting += before.clock[i] == clock_divide &&
                           is_tumour(static_cast<Kind>(before.kind[i])) &&
                           before.room[i] <= push * push
                       ? 1
                       : 0;
      });
      std::int64_t births = 0;
      ASSERT_EQ(labels_after.size(), labels_before.size());
      for (const auto& [name, n] : labels_after) {
        const int gained = n - labels_before[name];
        ASSERT_GE(gained, 0) << "label " << name;
        births += gained;
      }
      std::int64_t recorded = 0;
      constexpr auto born = static_cast<std::size_t>(Reservoir::born) * flow_width;
      for (std::size_t k = born; k < born + flow_width; ++k) recorded += p.flow[k] - flow[k];
      ASSERT_EQ(births, recorded);
      if (wanting > 0 && !barriers) {
        EXPECT_GT(births, 0) << "the lowest rank always wins";
      }
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
    const auto cells = [&](const Patch& q) {
      std::multiset<std::vector<std::uint64_t>> all;
      q.each([&](const Voxel& s) {
        const std::size_t i = Patch::at(s);
        if (q.kind[i] != 0)
          all.insert({q.kind[i], q.clone[i], q.clock[i], q.timer[i], q.flags[i], q.capacity[i],
                      q.traits[i]});
      });
      return all;
    };
    std::int64_t moved = 0;
    for (int substep = 0; substep < 3; ++substep) {
      Patch other = p;
      other.order = 3;
      const Patch before = p;
      p.move(m, substep);
      other.move(m, substep);
      ASSERT_EQ(p.clone, other.clone);
      ASSERT_EQ(cells(p), cells(before));
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
