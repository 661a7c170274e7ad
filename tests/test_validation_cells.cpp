// Whole runs against numbers known beforehand: matrix, walkers, clocks, death, invasion, and the
// ledger. Growth by pressure has a file of its own.
//
// Sources and pass bands are those of the validation list (A11-A17, A19, A33, B7). Seeds are fixed;
// where the list asks for means, they are taken over seeds 1 ... n.

#include <iostream>
#include <sstream>

#include "support.hpp"
#include "voxel/ledger.hpp"

namespace metavox {
namespace {

using namespace support;

constexpr double day = 1440; // min

std::string number(double v) {
  std::ostringstream text;
  text.precision(17);
  text << v;
  return text.str();
}

// ---- A11, A12: the two enzymes

// A11, closed form: E = exp(-gamma_1 t) under one M-like cell that neither moves nor secretes:
// 0.6977 after 60 min, 0.500 after 115.5 min; tolerance 1e-4, whatever the step.
TEST(MatrixUnderACell, FallsExponentiallyForAnyStep) {
  struct Look {
    double time, expected;
  };
  for (const Look look : {Look{60, 0.6977}, Look{115.5, 0.5}})
    for (const int steps : {1, 3, 20, 210}) {
      Site s = simulation_of(R"(
simulation: {preset: analytic}
domain: {voxels: [5, 5, 5]}
oxygen: {enabled: true, frozen: 0 mmHg}
matrix: {density: 1, contact_degradation: 6e-3 1/min}
tissue: {cells: [{shape: box, kind: mesenchymal, from: [40 um, 40 um, 40 um], to: [60 um, 60 um, 60 um]}]}
)",
                             {"time.step=" + number(look.time / steps) + " min"});
      advance(s, steps);
      EXPECT_NEAR(s.time(), look.time, 1e-9);
      const std::vector<float> e = array_of<float>(s, "matrix");
      const auto at = [&](int x, int y, int z) {
        return static_cast<double>(e[static_cast<std::size_t>(x + 5 * (y + 5 * z))]);
      };
      EXPECT_NEAR(at(2, 2, 2), look.expected, 1e-4) << steps << " steps";
      // A sixth of it acts on the six neighbours, nothing beyond.
      EXPECT_NEAR(at(1, 2, 2), std::exp(-1e-3 * look.time), 1e-4);
      EXPECT_NEAR(at(2, 2, 3), std::exp(-1e-3 * look.time), 1e-4);
      EXPECT_EQ(at(1, 1, 2), 1.0);
      EXPECT_EQ(at(0, 2, 2), 1.0);
    }
}

// A12, closed form: dm/dt = theta - delta m, dE/dt = -gamma_2 m E with a source everywhere: m =
// 0.3788, E = 0.6545 after a day, m = 0.9300, E = 0.0356 after three; tolerance 1 % of E, 0.003
// absolute at three days.
TEST(SolubleEnzyme, FollowsTheClosedForm) {
  for (const Executor& e : executors()) {
    Site s(parameters_of(R"(
simulation: {preset: analytic}
domain: {voxels: [8, 6, 4]}
proteinase: {enabled: true, uniform_source: 2.925e-4 1/min, decay: 1.5e-4 1/min}
matrix: {density: 1, soluble_degradation: 1.5e-3 1/min}
)"),
           e);
    const auto expect = [&](double m, double m_tolerance, double matrix, double tolerance) {
      for (const float v : array_of<float>(s, "proteinase"))
        ASSERT_NEAR(static_cast<double>(v), m, m_tolerance) << e.description();
      for (const float v : array_of<float>(s, "matrix"))
        ASSERT_NEAR(static_cast<double>(v), matrix, tolerance) << e.description();
    };
    advance(s, steps_in(s, day));
    expect(0.3788, 0.01 * 0.3788, 0.6545, 0.006545);
    advance(s, steps_in(s, 2 * day));
    expect(0.9300, 0.0093, 0.0356, 0.003);
  }
}

// ---- A13, A14: walkers

const std::string walkers = R"(
simulation: {preset: analytic}
domain: {voxels: [80, 80, 80], spacing: 20 um}
time: {step: 30 min, motility_substeps: 1}
matrix: {frozen: true, density: 0.5}
migration: {enabled: true, mesenchymal: 0.6 um^2/min, haptotaxis: 0 um^2/min}
tracers: {count: 100000}
)";

void add(Metrics& sum, const Metrics& one, double weight) {
  for (const auto& [name, value] : one) sum[name] += weight * value;
}

// A13, closed form: MSD = 6 D t = 51 840 um^2 after ten days for 1e5 walkers with D = 0.6 um^2/min,
// within 1 %; kurtosis 3.00 +- 0.05 along each axis.
void expect_spread(int seeds) {
  Metrics mean;
  for (int seed = 1; seed <= seeds; ++seed) {
    Site s = simulation_of(walkers, {"simulation.seed=" + std::to_string(seed)});
    advance(s, steps_in(s, 10 * day));
    const Metrics m = metrics_of(s);
    EXPECT_NEAR(m.at("tracer_msd"), 51840, 518.4) << "seed " << seed;
    for (const char* axis : {"x", "y", "z"})
      EXPECT_NEAR(m.at(std::string("tracer_kurtosis_") + axis), 3.0, 0.05) << "seed " << seed;
    add(mean, m, 1.0 / seeds);
  }
  for (const char* axis : {"x", "y", "z"})
    EXPECT_NEAR(mean[std::string("tracer_mean_") + axis], 0, 1.3);
}
TEST(Walkers, SpreadByDiffusion) { expect_spread(1); }
TEST(LongWalkers, SpreadByDiffusionOverFiveSeeds) { expect_spread(5); }

// The same at the default step of 6 min with three rounds of 2 min.
TEST(LongWalkers, SpreadByDiffusionAtTheDefaultStep) {
  Site s = simulation_of(walkers, {"time.step=6 min", "time.motility_substeps=3"});
  advance(s, steps_in(s, 10 * day));
  const Metrics m = metrics_of(s);
  EXPECT_NEAR(m.at("tracer_msd"), 51840, 518.4);
  for (const char* axis : {"x", "y", "z"})
    EXPECT_NEAR(m.at(std::string("tracer_kurtosis_") + axis), 3.0, 0.05);
}

// A14, closed form: in E = x/1000 um with phi = 3 um^2/min the mean moves 43.2 um in ten days,
// within 3 % (1.3 um), and not at all along y and z; variance along each axis as in A13, 17 280
// um^2, within 1 %.
void expect_drift(int seeds) {
  Metrics mean;
  for (int seed = 1; seed <= seeds; ++seed) {
    Site s = simulation_of(walkers, {"simulation.seed=" + std::to_string(seed),
                                     "migration.haptotaxis=3 um^2/min", "time.motility_substeps=2",
                                     "matrix.initial=x/1000"});
    advance(s, steps_in(s, 10 * day));
    const Metrics m = metrics_of(s);
    EXPECT_NEAR(m.at("tracer_mean_x"), 43.2, 1.3) << "seed " << seed;
    EXPECT_NEAR(m.at("tracer_mean_y"), 0, 1.3) << "seed " << seed;
    EXPECT_NEAR(m.at("tracer_mean_z"), 0, 1.3) << "seed " << seed;
    add(mean, m, 1.0 / seeds);
  }
  EXPECT_NEAR(mean["tracer_mean_x"], 43.2, 1.3);
  for (const char* axis : {"x", "y", "z"})
    EXPECT_NEAR(mean[std::string("tracer_variance_") + axis], 17280, 172.8) << axis;
}
TEST(Walkers, DriftUpTheMatrix) { expect_drift(1); }
TEST(LongWalkers, DriftUpTheMatrixOverFiveSeeds) { expect_drift(5); }

// ---- A16, A17: clocks

// A16, closed form: the count doubles every T_E (p + C_phi)/p: 1380.7 min at 40 mmHg; 1520.8,
// 1707.5 and 2668 min at 10, 5 and 1.4 mmHg; tolerance 2 %. Pressure moves cells and does not slow
// them. Founders are scattered, so that clones seldom meet, and so far from the open faces that
// none leaves: those that do would be missing.
double doubling_time(double pressure, double founders) {
  const int n = 72;
  const double founded = 42; // voxels, along each axis
  Site s = simulation_of(R"(
simulation: {preset: analytic}
domain: {voxels: [72, 72, 72]}
cycle: {enabled: true, variation: 0}
growth: {inhibition: false, faces: open}
matrix: {frozen: true}
)",
                         {"oxygen.enabled=true", "oxygen.frozen=" + number(pressure) + " mmHg",
                          "tissue.cells=[{shape: box, from: [300 um, 300 um, 300 um], to: [1140 "
                          "um, 1140 um, 1140 um], fraction: " +
                              number(founders / (founded * founded * founded)) + "}]"});
  const auto start = static_cast<double>(tumour_of(count_cells(s)));
  advance(s, steps_in(s, 10 * day));
  const auto end = static_cast<double>(tumour_of(count_cells(s)));
  EXPECT_LT(end, 0.5 * n * n * n) << "no room left: the check would measure crowding";
  EXPECT_EQ(metrics_of(s).at("touches_face"), 0) << "some have left";
  return 10 * day / std::log2(end / start);
}

TEST(LongGrowth, DoublesInTheCycleTimeAt40mmHg) {
  EXPECT_NEAR(doubling_time(40, 50), 1380.7, 27.6);
}
TEST(LongGrowth, DoublesInTheCycleTimeAt10mmHg) {
  EXPECT_NEAR(doubling_time(10, 80), 1520.8, 30.4);
}
TEST(LongGrowth, DoublesInTheCycleTimeAt5mmHg) { EXPECT_NEAR(doubling_time(5, 150), 1707.5, 34.1); }
TEST(LongGrowth, DoublesInTheCycleTimeAt1mmHg4) {
  EXPECT_NEAR(doubling_time(1.4, 1500), 2668, 53.4);
}

double binomial_sigma(double p, double n) { return std::sqrt(p * (1 - p) / n); }

// A17, closed form: apoptosis at 5.3e-5/min leaves exp(-0.0763) = 0.9265 of the cells after a day,
// whatever the step; tolerance 3 sigma of the binomial.
TEST(Apoptosis, LeavesTheExpectedShare) {
  for (const double step : {6.0, 60.0}) {
    Site s = simulation_of(R"(
simulation: {preset: analytic}
domain: {voxels: [40, 40, 40]}
oxygen: {enabled: true, frozen: 0 mmHg}
death: {apoptosis: 5.3e-5 1/min}
tissue: {cells: [{shape: layer, begin: 0 um, end: 800 um}]}
)",
                           {"time.step=" + number(step) + " min"});
    advance(s, steps_in(s, day));
    const double share = static_cast<double>(tumour_of(count_kinds(s))) / 64000;
    EXPECT_NEAR(share, 0.9265, 3 * binomial_sigma(0.9265, 64000)) << "step " << step;
  }
}

// A17: one T cell in contact kills at 5/day: exp(-5) = 0.0067 survive a day. Three kill together at
// 15/day, and a cell without one is safe. Tolerance 3 sigma of the binomial.
TEST(TCells, KillTheCellsTheyTouch) {
  const std::array<int, 3> n{96, 64, 64};
  ExternalArrays external;
  std::int64_t pairs = 0, safe = 0;
  for (int z = 0; z < n[2]; ++z)
    for (int y = 0; y < n[1]; ++y)
      for (int x = 0; x < n[0]; ++x) {
        Kind k = Kind::none;
        if (y % 2 == 0 && z % 2 == 0) {
          if (x % 3 == 1) k = Kind::epithelial;
          if (x % 3 == 0 && z < 48) k = Kind::t_cell;
          if (k == Kind::epithelial) ++(z < 48 ? pairs : safe);
        }
        external.cells.push_back(static_cast<std::uint8_t>(k));
      }
  const std::string yaml = R"(
simulation: {preset: analytic}
domain: {voxels: [96, 64, 64]}
oxygen: {enabled: true, frozen: 0 mmHg}
death: {t_cell_kill: 5 1/day}
)";
  Site s = simulation_of(yaml, {}, external);
  advance(s, steps_in(s, day));
  const std::vector<std::uint8_t> kind = array_of<std::uint8_t>(s, "kind");
  std::int64_t left = 0, left_safe = 0;
  for (std::size_t i = 0; i < kind.size(); ++i)
    if (kind[i] == static_cast<std::uint8_t>(Kind::epithelial))
      ++(static_cast<int>(i) / (n[0] * n[1]) < 48 ? left : left_safe);
  EXPECT_EQ(left_safe, safe);
  EXPECT_NEAR(static_cast<double>(left) / static_cast<double>(pairs), 0.0067,
              3 * binomial_sigma(0.0067, static_cast<double>(pairs)));
  EXPECT_EQ(of(count_kinds(s), Kind::t_cell), pairs); // pinned, and not exhausted
}

// ---- The measure of an outline

// The measure itself: a ball is round, a cube is not.
TEST(FrontRadius, TellsABallFromACube) {
  const std::array<int, 3> n{44, 44, 44};
  const auto at = [](std::size_t i) {
    return std::array<double, 3>{static_cast<double>(i % 44) - 21.5,
                                 static_cast<double>(i / 44 % 44) - 21.5,
                                 static_cast<double>(i / 1936) - 21.5};
  };
  const FrontRadii ball = front_radii(n, 20, 12, [&](std::size_t i) {
    const auto d = at(i);
    return d[0] * d[0] + d[1] * d[1] + d[2] * d[2] <= 13.75 * 13.75;
  });
  EXPECT_NEAR(ball.axis, 275, 10); // half a voxel
  EXPECT_LT(ball.spread(), 0.015);
  const FrontRadii cube = front_radii(n, 20, 12, [&](std::size_t i) {
    const auto d = at(i);
    return std::max({std::abs(d[0]), std::abs(d[1]), std::abs(d[2])}) <= 12;
  });
  EXPECT_GT(cube.corner / cube.axis, 1.4);
}

// ---- A19: a front of movers that divide

const std::string movers = R"(
simulation: {preset: analytic}
oxygen: {enabled: true, frozen: 40 mmHg}
cycle: {enabled: true, mesenchymal: 1334 min, half_pressure: 0 mmHg}
growth: {mobility: 0 um^2/kPa/day}
migration: {enabled: true, mesenchymal: 0.6 um^2/min, haptotaxis: 0 um^2/min, squeeze: false, bond_mm: 0}
matrix: {frozen: true}
)";

// Speed of the front along z in a box of n x n voxels, by the cells that pass, over days 8 to 20.
// Mean of five seeds.
double front_speed(int n, int length, double h) {
  double mean = 0;
  for (int seed = 1; seed <= 5; ++seed) {
    Site s = simulation_of(
        movers,
        {"domain.voxels=[" + std::to_string(n) + ", " + std::to_string(n) + ", " +
             std::to_string(length) + "]",
         "domain.spacing=" + number(h) + " um", "simulation.seed=" + std::to_string(seed),
         "tissue.cells=[{shape: layer, axis: z, begin: 0 um, end: 200 um, kind: mesenchymal}]"});
    std::vector<double> t, front;
    for (int d = 0; d <= 20; ++d) {
      if (d >= 8) { // the profile has settled
        t.push_back(s.time() / day);
        front.push_back(static_cast<double>(tumour_of(count_kinds(s))) / (n * n) * h);
      }
      advance(s, steps_in(s, day));
    }
    const Line line = fitted_line(t, front);
    EXPECT_GT(line.r2, 0.99);
    EXPECT_LT(front.back(), length * h - 100) << "the front met the end of the box";
    mean += line.slope / 5;
  }
  std::cout << "front speed at h = " << h << " um: " << mean << " um/day, " << 100 * mean / 50.9
            << " % of the bound\n";
  return mean;
}

// The bound of a front of this lattice: the smallest growth rate over lambda of exp(-lambda x).
// Jumps are h long, and a daughter stands in a face neighbour of her mother's voxel.
double lattice_bound(double h) {
  const double d = 0.6, cycle = 1334;
  double least = 1e9;
  for (double lambda = 1e-3; lambda < 0.1; lambda *= 1.001) {
    const double c = std::cosh(lambda * h);
    const double spread = 2 * d / (h * h) * (c - 1), births = std::log(1 + (2 + c) / 3) / cycle;
    least = std::min(least, (spread + births) / lambda);
  }
  return least * day;
}

// A19, derived bound (Fisher 1937; Kolmogorov, Petrovsky & Piskunov 1937): with D = 0.6 um^2/min
// and r = ln2/1334 min the front moves at no more than 2 sqrt(r D) = 50.9 um/day, and at 40 % of it
// or more. At 10 um spacing, where a front some 34 um wide is resolved.
TEST(LongInvasionFront, KeepsToFishersBound) {
  const double speed = front_speed(16, 150, 10);
  EXPECT_LE(speed, 50.9);
  EXPECT_GE(speed, 0.4 * 50.9);
}

// At the default spacing the lattice itself adds some per cent, and the bound is that of the
// lattice.
TEST(LongInvasionFront, KeepsToTheLatticesBoundAtTheDefaultSpacing) {
  const double bound = lattice_bound(20);
  EXPECT_NEAR(lattice_bound(0.01), 50.9, 0.1);
  EXPECT_NEAR(bound, 53, 1);
  const double speed = front_speed(24, 75, 20);
  EXPECT_LE(speed, bound);
  EXPECT_GE(speed, 0.4 * 50.9);
}

// Section D: the front of the same cells, as a disc in one layer of voxels, is as far along the
// axes as along the diagonals within 5 %.
TEST(InvasionFront, SpreadsRoundInAPlane) {
  const int n = 101;
  double axis = 0, diagonal = 0;
  for (int seed = 1; seed <= 5; ++seed) {
    Site s =
        simulation_of(movers, Executor::on_cpu(1), // so small that a thread is faster than two
                      {"domain.voxels=[101, 101, 1]", "simulation.seed=" + std::to_string(seed),
                       "tissue.cells=[{kind: mesenchymal, radius: 100 um}]"});
    advance(s, steps_in(s, 15 * day));
    const std::vector<std::uint8_t> kind = array_of<std::uint8_t>(s, "kind");
    double held[2] = {}, full[2] = {};
    const double cosine = std::cos(11.25 / 180 * 3.14159265358979323846);
    for (int y = 0; y < n; ++y)
      for (int x = 0; x < n; ++x) {
        const double dx = std::abs(x + 0.5 - 0.5 * n), dy = std::abs(y + 0.5 - 0.5 * n);
        const double r = std::sqrt(dx * dx + dy * dy);
        const double towards[2] = {std::max(dx, dy), (dx + dy) / std::sqrt(2.0)};
        for (int c = 0; c < 2; ++c) {
          if (towards[c] < cosine * r) continue;
          if (r <= 0.5 * n) full[c] += 1;
          if (kind[static_cast<std::size_t>(x + n * y)] != 0) held[c] += 1;
        }
      }
    axis += 10 * n * std::sqrt(held[0] / full[0]) / 5;
    diagonal += 10 * n * std::sqrt(held[1] / full[1]) / 5;
  }
  const double spread = std::abs(axis - diagonal) / (0.5 * (axis + diagonal));
  std::cout << "front along axes " << axis << " um, diagonals " << diagonal << " um: spread "
            << 100 * spread << " %\n";
  EXPECT_GT(axis, 300) << "too small to tell";
  EXPECT_LT(axis, 900) << "the front met the faces";
  EXPECT_LT(spread, 0.05);
}

// ---- A33: the ledger

const std::string busy = R"(
simulation: {seed: 5}
domain: {voxels: [30, 28, 26]}
oxygen: {faces: {x_low: 60 mmHg, x_high: no_flux, y_low: no_flux, y_high: no_flux, z_low: no_flux, z_high: no_flux}, tissue_supply: false}
cycle: {epithelial: 300 min, mesenchymal: 400 min}
death: {apoptosis: 1e-3 1/min, apoptotic_body: 60 min, debris_clearance: 10 1/day, apoptosis_normal: 1e-4 1/min}
normal: {regeneration: true, regeneration_neighbours: 5}
transition: {emt: 2e-3 1/min, met: 2e-3 1/min}
migration: {epithelial: 2 um^2/min, mesenchymal: 5 um^2/min}
tissue:
  parenchyma: 0.3
  stroma: 0.2
  cells: [{shape: sphere, radius: 140 um, mesenchymal_fraction: 0.3}]
)";

// A33, exact: for every kind, arrivals less departures by the ledger are the change of the count,
// at every step.
TEST(Ledger, BalancesAtEveryStepOfABusyRun) {
  for (const Executor& e : executors()) {
    Site s(parameters_of(busy), e);
    Count before = count_cells(s);
    std::vector<std::int64_t> flow_before = array_of<std::int64_t>(s, "ledger");
    for (int n = 0; n < 60; ++n) {
      ASSERT_NO_THROW(s.step());
      const Count now = count_cells(s);
      const std::vector<std::int64_t> flow = array_of<std::int64_t>(s, "ledger");
      for (std::size_t k = 1; k < kind_count; ++k) {
        std::int64_t net = 0;
        for (std::size_t other = 0; other < flow_width; ++other) {
          net += flow[other * flow_width + k] - flow_before[other * flow_width + k];
          net -= flow[k * flow_width + other] - flow_before[k * flow_width + other];
        }
        ASSERT_EQ(now[k] - before[k], net)
            << kind_rows[k].name << " at step " << n << ", " << e.description();
      }
      before = now;
      flow_before = flow;
    }
    const auto flowed = [&](auto from, auto to) {
      return flow_before[static_cast<std::size_t>(from) * flow_width +
                         static_cast<std::size_t>(to)];
    };
    for (const Kind k : {Kind::epithelial, Kind::mesenchymal}) { // every way of change is taken
      EXPECT_GT(flowed(Reservoir::born, k), 0);
      EXPECT_GT(flowed(k, Kind::apoptotic), 0);
      EXPECT_GT(flowed(k, Kind::necrotic), 0);
    }
    EXPECT_GT(flowed(Reservoir::born, Kind::parenchyma), 0);
    EXPECT_GT(flowed(Kind::apoptotic, Reservoir::cleared), 0);
    EXPECT_GT(flowed(Kind::necrotic, Reservoir::cleared), 0);
    EXPECT_GT(flowed(Kind::epithelial, Kind::mesenchymal), 0);
    EXPECT_GT(flowed(Kind::mesenchymal, Kind::epithelial), 0);
  }
}

const std::string starving_tissue = R"(
simulation: {seed: 5}
domain: {voxels: [30, 28, 26]}
oxygen: {frozen: 3.2 mmHg}
death: {apoptosis: 1e-3 1/min}
tissue: {cells: [{shape: sphere, radius: 180 um, mesenchymal_fraction: 0.3}]}
)";

// Every death has one cause, causes add up to the bodies, and each has the share that its hazard
// has: programmed death against T cells and against starvation, 3 standard deviations.
TEST(Ledger, DeathsHaveTheCausesOfTheirHazards) {
  for (const Executor& e : executors()) {
    Site s(parameters_of(starving_tissue), e);
    for (int n = 0; n < 20; ++n) s.step();
    const Metrics m = metrics_of(s);
    double causes = 0;
    for (const CauseRow& row : cause_rows) causes += m.at("deaths_" + std::string(row.name));
    EXPECT_EQ(causes, m.at("deaths_apoptotic") + m.at("deaths_necrotic"));
    EXPECT_EQ(m.at("deaths_starved"), m.at("deaths_necrotic"));
    EXPECT_GT(m.at("deaths_starved"), 100);
    EXPECT_GT(m.at("deaths_programmed"), 20);
    // Necrosis at 3.2 mmHg: 4 a day times (5 - 3.2) / 2.5; programmed death 1e-3 a minute.
    const double starving = 4.0 / 1440 * 1.8 / 2.5, share = 1e-3 / (1e-3 + starving);
    const double both = m.at("deaths_starved") + m.at("deaths_programmed");
    EXPECT_NEAR(m.at("deaths_programmed") / both, share, 3 * std::sqrt(share * (1 - share) / both));
    for (const char* none : {"deaths_drug", "deaths_radiation", "deaths_doomed", "deaths_crushed"})
      EXPECT_EQ(m.at(none), 0) << none;
  }
}

// A33: a cell that appears or vanishes behind the ledger's back stops the run.
TEST(Ledger, CatchesACellTooManyAndOneTooFew) {
  for (const Executor& e : executors())
    for (const bool extra : {true, false}) {
      Site s(parameters_of(busy), e);
      advance(s, 2);
      std::vector<std::uint8_t> kind = array_of<std::uint8_t>(s, "kind");
      const auto wanted = static_cast<std::uint8_t>(extra ? Kind::none : Kind::parenchyma);
      *std::find(kind.begin(), kind.end(), wanted) =
          static_cast<std::uint8_t>(extra ? Kind::stroma : Kind::none);
      s.write("kind", kind.data());
      EXPECT_THROW(s.step(), NumericalError) << e.description();
    }
}

// Section D, negative control: with every rate zero the state keeps every bit.
TEST(ZeroRates, LeaveEveryBitAlone) {
  const std::string still = R"(
simulation: {preset: analytic}
domain: {voxels: [20, 18, 16]}
oxygen: {enabled: true, frozen: 0 mmHg}
migration: {enabled: true, epithelial: 0 um^2/min, mesenchymal: 0 um^2/min, stroma: 0 um^2/min}
matrix: {contact_degradation: 0 1/min, soluble_degradation: 0 1/min, deposition: 0 1/min, debris_clearance: 0 1/min, pattern: fibres}
death: {debris_clearance: 0 1/min}
tissue:
  parenchyma: 0.3
  stroma: 0.2
  cells:
    - {shape: sphere, radius: 80 um, mesenchymal_fraction: 0.4}
    - {shape: layer, begin: 0 um, end: 20 um, kind: necrotic}
    - {shape: layer, begin: 20 um, end: 40 um, kind: t_cell}
  membranes: [{shape: sphere, radius: 130 um}]
)";
  for (const Executor& e : executors()) {
    Site s(parameters_of(still), e);
    const State before = state_of(s);
    advance(s, 40);
    const State after = state_of(s);
    ASSERT_EQ(before.size(), after.size());
    for (const auto& [name, bytes] : before)
      EXPECT_TRUE(name == "solves" || bytes == after.at(name)) << name << ", " << e.description();
  }
}

// ---- B7: what invasion owes to proteinases

// Depth that cells of a layer reach in three days, per cell of the layer's face: a transwell with
// M-like cells that do not divide, since division pushes cells into any matrix.
double invaded_depth(double matrix, bool enzymes, int seed) {
  Site s = simulation_of(
      R"(
domain: {voxels: [32, 32, 40]}
oxygen: {enabled: true, frozen: 40 mmHg}
cycle: {mesenchymal: 1e7 min}
death: {apoptosis: 0 1/min}
transition: {enabled: false}
tissue:
  parenchyma: 0
  stroma: 0
  cells: [{shape: layer, axis: z, begin: 0 um, end: 100 um, kind: mesenchymal}]
)",
      {"simulation.seed=" + std::to_string(seed), "matrix.density=" + number(matrix),
       std::string("matrix.contact_degradation=") + (enzymes ? "6e-3 1/min" : "0 1/min"),
       std::string("matrix.soluble_degradation=") + (enzymes ? "1.5e-3 1/min" : "0 1/min")});
  advance(s, steps_in(s, 3 * day));
  const std::vector<std::uint8_t> kind = array_of<std::uint8_t>(s, "kind");
  double depth = 0;
  for (std::size_t i = 0; i < kind.size(); ++i)
    if (kind[i] == static_cast<std::uint8_t>(Kind::mesenchymal) && i / 1024 >= 5)
      depth += (static_cast<double>(i / 1024) - 4) * 20;
  return depth / 1024;
}

// B7 (Sabeh et al. 2009, J. Cell Biol., PMC2700505; Wolf et al. 2003, doi:10.1083/jcb.200209006):
// without proteinases invasion falls by 80 % or more in dense matrix, E = 1, and by 30 % or less in
// loose matrix, E = 0.4. Mean of 5 seeds.
TEST(LongProteinases, MatterInDenseMatrixOnly) {
  double depth[2][2] = {};
  for (int seed = 1; seed <= 5; ++seed)
    for (const int dense : {0, 1})
      for (const int enzymes : {0, 1})
        depth[dense][enzymes] += invaded_depth(dense != 0 ? 1.0 : 0.4, enzymes != 0, seed) / 5;
  const double cut_dense = 1 - depth[1][0] / depth[1][1], cut_loose = 1 - depth[0][0] / depth[0][1];
  std::cout << "depth at E = 1: " << depth[1][1] << " um with enzymes, " << depth[1][0]
            << " um without; at E = 0.4: " << depth[0][1] << " and " << depth[0][0] << " um\n";
  EXPECT_GE(cut_dense, 0.8);
  EXPECT_LE(cut_loose, 0.3);
}

} // namespace
} // namespace metavox
