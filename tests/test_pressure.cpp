// Pressure of growing tissue: clocks, the field in slabs, balls and boxes against closed forms and
// the radial equation, and Newton's method.

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/constants.hpp"
#include "core/launch.hpp"
#include "fields/pressure.hpp"
#include "site/take_apart.hpp"
#include "support.hpp"

namespace metavox {
namespace {

constexpr double ln2 = 0.6931471805599453;
constexpr std::uint16_t all_free = 32768;

// One voxel of tissue as the pressure field sees it.
struct Tissue {
  Kind kind = Kind::none;
  std::uint16_t flags = 0;
  std::uint64_t traits = 0;
  double free = 1, excess = 0; // blurred shares
  float oxygen = 100;          // mmHg
};
using Place = std::function<Tissue(double x, double y, double z)>; // of the centre, um

Tissue packed(Kind kind) {
  Tissue t;
  t.kind = kind;
  t.free = 0;
  return t;
}

// A pressure field alone, over cells and room made by hand.
class PressureBox {
public:
  PressureBox(std::array<int, 3> voxels, double spacing,
              const std::vector<std::string>& overrides = {},
              const Executor& executor = Executor::on_cpu())
      : p_(parameters(voxels, spacing, overrides)), executor_(executor),
        lattice_(voxels[0], voxels[1], voxels[2], spacing),
        grid_(executor_, lattice_, p_.fields.coarsen), pressure_(grid_, field_settings(p_)),
        kind_(executor_, lattice_.padded()), flags_(executor_, lattice_.padded()),
        free_(executor_, lattice_.padded()), excess_(executor_, lattice_.padded()),
        traits_(executor_, lattice_.padded()), oxygen_(executor_, grid_.lattice.padded()),
        table_(executor_, 256) {
    std::vector<float> factors(256);
    for (int v = -128; v < 128; ++v)
      factors[static_cast<std::size_t>(v + 128)] = static_cast<float>(std::exp(trait_step * v));
    table_.upload(factors.data());
  }
  void fill(const Place& place) {
    const auto n = static_cast<std::size_t>(lattice_.padded());
    std::vector<std::uint8_t> kind(n, static_cast<std::uint8_t>(Kind::outside));
    std::vector<std::uint16_t> flags(n), free(n), excess(n);
    std::vector<std::uint64_t> traits(n);
    std::vector<float> oxygen(static_cast<std::size_t>(grid_.lattice.padded()), 100.0f);
    const double h = lattice_.spacing;
    support::for_each_voxel(lattice_, [&](int x, int y, int z) {
      const Tissue t = place((x + 0.5) * h, (y + 0.5) * h, (z + 0.5) * h);
      const auto i = static_cast<std::size_t>(lattice_.index(x, y, z));
      kind[i] = static_cast<std::uint8_t>(t.kind);
      flags[i] = t.flags;
      traits[i] = t.traits;
      free[i] = static_cast<std::uint16_t>(t.free * all_free);
      excess[i] = static_cast<std::uint16_t>(t.excess * all_free);
      if (grid_.coarsen == 1) oxygen[i] = t.oxygen;
    });
    kind_.upload(kind.data());
    flags_.upload(flags.data());
    traits_.upload(traits.data());
    free_.upload(free.data());
    excess_.upload(excess.data());
    oxygen_.upload(oxygen.data());
  }
  void start_from(float value) {
    const std::vector<float> values(static_cast<std::size_t>(grid_.lattice.padded()), value);
    pressure_.values().upload(values.data());
  }
  SolveReport solve(std::int64_t step = 0) {
    CellView cells{};
    cells.kind_code = kind_.data();
    cells.flags = flags_.data();
    cells.traits = traits_.data();
    pressure_.relax(cells, {oxygen_.data(), grid_.lattice, grid_.coarsen}, {table_.data()},
                    {free_.data(), excess_.data()}, step);
    return pressure_.report();
  }
  // Without ghosts, x fastest.
  std::vector<float> field() const {
    const std::vector<float> padded = pressure_.values().host_copy();
    std::vector<float> plain(static_cast<std::size_t>(grid_.lattice.voxels()));
    support::for_each_voxel(grid_.lattice, [&](int x, int y, int z) {
      plain[support::plain_index(grid_.lattice, x, y, z)] =
          padded[static_cast<std::size_t>(grid_.lattice.index(x, y, z))];
    });
    return plain;
  }
  Executor& executor() { return executor_; }
  const Parameters& parameters() const { return p_; }
  const Lattice& lattice() const { return grid_.lattice; } // of the field
  const Pressure& pressure() const { return pressure_; }
  // g_0, 1/min.
  double growth() const { return ln2 / p_.cycle.epithelial; }

private:
  static Parameters parameters(std::array<int, 3> n, double spacing,
                               const std::vector<std::string>& overrides) {
    return support::parameters_of("simulation: {name: pressure, duration: 1 day}\n"
                                  "cycle: {half_pressure: 0 mmHg}\n"
                                  "domain: {voxels: [" +
                                      std::to_string(n[0]) + ", " + std::to_string(n[1]) + ", " +
                                      std::to_string(n[2]) +
                                      "], spacing: " + std::to_string(spacing) + " um}\n",
                                  overrides);
  }

  Parameters p_;
  Executor executor_;
  Lattice lattice_;
  FieldGrid grid_;
  Pressure pressure_;
  Buffer<std::uint8_t> kind_;
  Buffer<std::uint16_t> flags_, free_, excess_;
  Buffer<std::uint64_t> traits_;
  Buffer<float> oxygen_, table_;
};

// A ball of tumour in the middle of a cube of edge `edge`, the rest free.
Place ball(double edge, double radius) {
  return [=](double x, double y, double z) {
    const double c = edge / 2;
    const double r2 = (x - c) * (x - c) + (y - c) * (y - c) + (z - c) * (z - c);
    return r2 < radius * radius ? packed(Kind::epithelial) : Tissue{};
  };
}

float at_centre(const PressureBox& box, const std::vector<float>& field) {
  const Lattice& l = box.lattice();
  return field[support::plain_index(l, l.nx / 2, l.ny / 2, l.nz / 2)];
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return worst;
}

// ---- the clock

Pace pace_with(const std::vector<std::string>& overrides) {
  return pace_of(support::parameters_of(
      "simulation: {name: pace, duration: 1 day}\ndomain: {voxels: [8, 8, 8], spacing: 20 um}\n",
      overrides));
}

TEST(Pace, PressureHoldsClocksBackAsHillsCurveDoes) {
  const Pace pace = pace_with({});
  EXPECT_FLOAT_EQ(pace.held_back(5.0f), 0.5f);
  EXPECT_FLOAT_EQ(pace.held_back(15.0f), 0.1f);
  EXPECT_FLOAT_EQ(pace.held_back(0.0f), 1.0f);
  EXPECT_FLOAT_EQ(pace.held_back(-3.0f), 1.0f); // tension slows nobody
  EXPECT_EQ(pace.slope(-3.0f), 0.0f);
  // A clamp adds to what growth itself presses.
  const Pace clamped = pace_with({"growth.external_pressure=5 kPa"});
  EXPECT_FLOAT_EQ(clamped.held_back(0.0f), 0.5f);
  EXPECT_FLOAT_EQ(clamped.held_back(-5.0f), 1.0f);
  const Pace free = pace_with({"growth.inhibition=false", "growth.external_pressure=5 kPa"});
  EXPECT_EQ(free.held_back(100.0f), 1.0f);
  EXPECT_EQ(free.slope(100.0f), 0.0f);
}

TEST(Pace, SlopeIsTheDerivativeOfWhatPressureLeaves) {
  for (const char* outside : {"0 kPa", "2 kPa"}) {
    const Pace pace = pace_with({std::string("growth.external_pressure=") + outside});
    for (float p = -1.5f; p < 40; p += 0.7f) {
      const float step = 0.01f;
      const double numeric = (static_cast<double>(pace.held_back(p - step)) -
                              static_cast<double>(pace.held_back(p + step))) /
                             static_cast<double>(2 * step);
      EXPECT_NEAR(static_cast<double>(pace.slope(p)), numeric, 2e-4) << p << " kPa, " << outside;
    }
  }
}

TEST(Pace, OxygenKindRestAndTraitsSetIt) {
  std::vector<float> table(256);
  for (int v = -128; v < 128; ++v)
    table[static_cast<std::size_t>(v + 128)] = static_cast<float>(std::exp(trait_step * v));
  const TraitFactors factor{table.data()};
  const Pace pace = pace_with({"cycle.epithelial=1000 min", "cycle.mesenchymal=2000 min"});
  const auto rate = [&](Kind kind, unsigned flags, std::uint64_t traits, float oxygen) {
    return pace.rate(kind, static_cast<std::uint16_t>(flags), traits, factor, oxygen);
  };
  EXPECT_FLOAT_EQ(rate(Kind::epithelial, 0, 0, 1.4f), 5e-4f); // half at cycle.half_pressure
  EXPECT_FLOAT_EQ(rate(Kind::mesenchymal, flag_stem | flag_crowded, 0, 1.4f), 2.5e-4f);
  EXPECT_EQ(rate(Kind::epithelial, 0, 0, 0.0f), 0.0f);
  for (const Flag still : {flag_hypoxic, flag_senescent, flag_dormant})
    EXPECT_EQ(rate(Kind::epithelial, still, 0, 50.0f), 0.0f);
  for (const Kind k : {Kind::none, Kind::parenchyma, Kind::stroma, Kind::t_cell, Kind::apoptotic,
                       Kind::necrotic, Kind::vessel})
    EXPECT_EQ(rate(k, 0, 0, 50.0f), 0.0f);
  EXPECT_FLOAT_EQ(rate(Kind::epithelial, 0, 10, 1.4f),
                  5e-4f * static_cast<float>(std::exp(-0.2))); // cycle_time is the lowest byte
  EXPECT_EQ(pace_with({"cycle.enabled=false"}).rate(Kind::epithelial, 0, 0, factor, 50.0f), 0.0f);
  const Pace ramp = pace_with({"cycle.law=physicell"});
  EXPECT_EQ(ramp.oxygen_share(5.0f), 0.0f);
  EXPECT_FLOAT_EQ(ramp.oxygen_share(7.5f), 0.5f);
  EXPECT_EQ(ramp.oxygen_share(38.0f), 1.0f);
}

// ---- against closed forms

// Speed of the face of a slab that grows one way, from multiplying -K P'' = g f by P' and
// integrating from the middle, where nothing flows, to the face, where P = lam u / K:
// u^2 = 2 g K P_half (pi/2 - arctan(lam u / (K P_half))). A slab of 2 mm falls some 5 % short of
// the endless one; 10 % is left for that and the lattice.
TEST(PressureField, SlabsAdvanceAtTheSpeedOfTheClosedForm) {
  for (const double h : {20.0, 10.0}) {
    const int inside = static_cast<int>(2000 / h), n = inside + static_cast<int>(200 / h);
    PressureBox box({n, 1, 1}, h,
                    {"cycle.epithelial=1440 min", "growth.faces=closed", "growth.tolerance=1e-3"});
    box.fill([&](double x, double, double) {
      if (x >= 2000) return Tissue{};
      Tissue t = packed(Kind::epithelial);
      t.excess = 0.02; // at ease
      return t;
    });
    box.solve();
    const std::vector<float> p = box.field();
    const GrowthParameters& g = box.parameters().growth;
    const double k = g.mobility, scale = k * g.half_pressure;
    double low = 0, high = 10;
    for (int n_halved = 0; n_halved < 60; ++n_halved) {
      const double u = (low + high) / 2;
      const double drive = 2 * box.growth() * scale * (pi / 2 - std::atan(g.depth * u / scale));
      (u * u < drive ? low : high) = u;
    }
    const auto face = static_cast<std::size_t>(inside);
    const double speed = k * static_cast<double>(p[face - 1] - p[face]) / h;
    EXPECT_NEAR(speed / low, 1, 0.1) << "h " << h;
    RecordProperty("speed_over_closed_form_h" + std::to_string(static_cast<int>(h)),
                   std::to_string(speed / low));
  }
}

// (1/r^2)(r^2 u)' = g f(P), u = -K P', u(0) = 0 and P(R) = lam u(R) / K, by shooting from the
// middle: P(0) and u(R).
struct Radial {
  double centre, speed;
};
Radial radial_solution(double radius, double growth, const GrowthParameters& p) {
  constexpr int steps = 2000;
  const double dr = radius / steps;
  const auto shoot = [&](double centre) {
    double pressure = centre, flux = 0; // r^2 u
    const auto slopes = [&](double r, double here, double carried) {
      const double q = std::max(here, 0.0) / p.half_pressure;
      return std::array<double, 2>{r > 0 ? -carried / (r * r) / p.mobility : 0.0,
                                   r * r * growth / (1 + q * q)};
    };
    for (int n = 0; n < steps; ++n) {
      const double r = n * dr;
      const auto a = slopes(r, pressure, flux);
      const auto b = slopes(r + dr / 2, pressure + dr / 2 * a[0], flux + dr / 2 * a[1]);
      const auto c = slopes(r + dr / 2, pressure + dr / 2 * b[0], flux + dr / 2 * b[1]);
      const auto d = slopes(r + dr, pressure + dr * c[0], flux + dr * c[1]);
      pressure += dr / 6 * (a[0] + 2 * b[0] + 2 * c[0] + d[0]);
      flux += dr / 6 * (a[1] + 2 * b[1] + 2 * c[1] + d[1]);
    }
    return std::array<double, 2>{pressure, flux / (radius * radius)};
  };
  double low = 0, high = 1000;
  for (int n = 0; n < 60; ++n) {
    const double centre = (low + high) / 2;
    const auto [rim, u] = shoot(centre);
    (rim < p.depth * u / p.mobility ? low : high) = centre;
  }
  return {low, shoot(low)[1]};
}

// u(R) is what the ball's cells grow, over its face.
TEST(PressureField, BallsHoldThePressureOfTheRadialEquation) {
  struct Case {
    double h, radius, band;
  };
  for (const Case& c : {Case{20, 200, 0.02}, Case{20, 400, 0.02}, Case{10, 200, 0.02}}) {
    const int n = 2 * static_cast<int>((c.radius + 120) / c.h);
    const double edge = n * c.h;
    PressureBox box({n, n, n}, c.h);
    box.fill(ball(edge, c.radius));
    box.solve();
    const std::vector<float> field = box.field();
    const Pace pace = pace_of(box.parameters());
    double volume = 0, grown = 0; // um^3, um^3/min
    const Place place = ball(edge, c.radius);
    support::for_each_voxel(box.lattice(), [&](int x, int y, int z) {
      if (place((x + 0.5) * c.h, (y + 0.5) * c.h, (z + 0.5) * c.h).kind == Kind::none) return;
      const float p = field[support::plain_index(box.lattice(), x, y, z)];
      volume += c.h * c.h * c.h;
      grown += c.h * c.h * c.h * box.growth() * static_cast<double>(pace.held_back(p));
    });
    const double radius = std::cbrt(volume * 3 / (4 * pi));
    const Radial wanted = radial_solution(radius, box.growth(), box.parameters().growth);
    const double speed = grown / (4 * pi * radius * radius);
    const std::string which = "h " + std::to_string(c.h) + ", R " + std::to_string(c.radius);
    EXPECT_NEAR(static_cast<double>(at_centre(box, field)) / wanted.centre, 1, c.band) << which;
    EXPECT_NEAR(speed / wanted.speed, 1, c.band) << which;
  }
}

// Where nothing leaves, pressure rises until the leak takes what is left of growth: q (1 + q^2) =
// g / (K k_0 P_half), q = P / P_half.
TEST(PressureField, FullClosedBoxesRestAtTheLeak) {
  PressureBox box({24, 20, 16}, 20, {"growth.faces=closed"});
  box.fill([](double, double, double) { return packed(Kind::epithelial); });
  box.solve();
  const GrowthParameters& g = box.parameters().growth;
  const double drive =
      box.growth() / (g.mobility * g.half_pressure) * 5000.0 * 5000.0; // k_0 = (5 mm)^-2
  double low = 0, high = 1000;
  for (int n = 0; n < 60; ++n) {
    const double q = (low + high) / 2;
    (q * (1 + q * q) < drive ? low : high) = q;
  }
  for (const float p : box.field()) ASSERT_NEAR(static_cast<double>(p), low * g.half_pressure, 0.1);
  EXPECT_LT(pace_of(box.parameters()).held_back(box.field()[0]), 0.003f);
}

// ---- Newton's method

TEST(PressureField, WarmSolvesOfLargeBallsTakeFewCycles) {
  const int n = 64;
  const double edge = n * 20.0;
  PressureBox box({n, n, n}, 20);
  box.fill(ball(edge, 498));
  box.solve(0);
  box.fill(ball(edge, 500)); // half an hour at 100 um/day
  const SolveReport warm = box.solve(5);
  EXPECT_LE(warm.cycles, 4);
  const std::vector<float> field = box.field();
  EXPECT_GT(at_centre(box, field), 10.0f);
  EXPECT_LT(at_centre(box, field), 16.0f);
  // The same from afar: a plain lag of f would not get there at all.
  const double tolerance = 0.01 * box.parameters().growth.half_pressure;
  for (const float start : {0.0f, 40.0f}) {
    box.start_from(start);
    const SolveReport far = box.solve(10);
    EXPECT_LE(far.cycles, 20) << start;
    EXPECT_LE(largest_difference(box.field(), field), 2 * tolerance) << start;
  }
}

TEST(PressureField, SolvesThatDoNotConvergeSayWhatToRaise) {
  PressureBox box({32, 32, 32}, 20, {"fields.max_cycles=1"});
  box.fill(ball(640, 250));
  try {
    box.solve();
    FAIL() << "one cycle cannot do";
  } catch (const NumericalError& e) {
    const std::string what = e.what();
    EXPECT_NE(what.find("pressure did not converge"), std::string::npos) << what;
    EXPECT_NE(what.find("growth.tolerance"), std::string::npos) << what;
  }
}

// ---- what is in the equation

// A core of debris that vanishes draws tissue in, and does not tear it apart. Turning the axes
// turns the field.
TEST(PressureField, DeadCoresAreUnderTensionTheSameAlongEveryAxis) {
  const int n = 48;
  const double edge = n * 20.0;
  const Place place = [=](double x, double y, double z) {
    const double c = edge / 2;
    const auto within = [&](double cx, double cy, double cz, double radius) {
      return (x - cx) * (x - cx) + (y - cy) * (y - cy) + (z - cz) * (z - cz) < radius * radius;
    };
    if (!within(c, c, c, 380)) return Tissue{};
    if (within(c - 60, c, c + 40, 200)) return packed(Kind::necrotic);
    return packed(Kind::epithelial);
  };
  const Place turned = [=](double x, double y, double z) { return place(y, z, x); };
  PressureBox box({n, n, n}, 20, {"death.debris_clearance=0.5 1/day"});
  box.fill(place);
  box.solve();
  const std::vector<float> field = box.field();
  const float lowest = *std::min_element(field.begin(), field.end());
  EXPECT_LT(lowest, -0.5f);
  EXPECT_GE(lowest, -5.0f);
  box.fill(turned);
  box.start_from(0);
  box.solve();
  const std::vector<float> other = box.field();
  double worst = 0;
  support::for_each_voxel(box.lattice(), [&](int x, int y, int z) {
    const double a = static_cast<double>(field[support::plain_index(box.lattice(), y, z, x)]);
    const double b = static_cast<double>(other[support::plain_index(box.lattice(), x, y, z)]);
    worst = std::max(worst, std::abs(a - b));
  });
  EXPECT_LE(worst, 2 * 0.05); // the tolerance, on either side
}

// One field voxel, no flow: -lambda, the push of excess cells and growth by hand.
TEST(PressureField, SourcesAndSinksOfOneVoxelAddUp) {
  const auto terms = [](const Tissue& t) {
    PressureBox box(
        {1, 1, 1}, 20,
        {"cycle.half_pressure=1.4 mmHg", "growth.tolerance=1e-5", "growth.inhibition=false"});
    box.fill([&](double, double, double) { return t; });
    box.solve();
    return static_cast<double>(box.field()[0]);
  };
  const double k = 540.0 / 1440, leak = k / (5000.0 * 5000.0), g = ln2 / 1334;
  Tissue t = packed(Kind::epithelial);
  t.oxygen = 1.4f;
  EXPECT_NEAR(terms(t) * leak / (g / 2), 1, 1e-4);
  t.free = 0.32; // half way from packed to alone, and absorbing
  EXPECT_NEAR(terms(t) * (leak + k * 0.28 / 400) / (g / 2 / 2), 1, 1e-3);
  t.free = 0.7;
  EXPECT_EQ(terms(t), 0.0);
  t = packed(Kind::parenchyma);
  t.excess = 0.05;
  EXPECT_NEAR(terms(t) * leak / (0.03 / 57.6), 1, 1e-3);
  t.excess = 0.0199;
  EXPECT_EQ(terms(t), 0.0);
  EXPECT_NEAR(terms(packed(Kind::apoptotic)) * leak * 516, -1, 1e-4);
  EXPECT_NEAR(terms(packed(Kind::necrotic)) * leak / (0.1 / 1440), -1, 1e-4);
  Tissue alone = packed(Kind::necrotic);
  alone.free = 0.7; // a body gives its volume back wherever it lies
  EXPECT_NEAR(terms(alone) * (leak + k * 0.66 / 400) / (0.1 / 1440), -1, 1e-3);
}

TEST(PressureField, CoarseFieldsAgreeWithFineOnes) {
  const int n = 48;
  std::vector<float> centre, rim;
  for (const char* coarsen : {"1", "2"}) {
    PressureBox box({n, n, n}, 20, {std::string("fields.coarsen=") + coarsen});
    box.fill(ball(n * 20.0, 300));
    box.solve();
    const std::vector<float> field = box.field();
    const Lattice& l = box.lattice();
    const auto at = [&](int x) { return field[support::plain_index(l, x, l.ny / 2, l.nz / 2)]; };
    centre.push_back(at_centre(box, field));
    // Half way out, between two fine voxels.
    const int x = 32 / box.parameters().fields.coarsen;
    rim.push_back((at(x - 1) + at(x)) / 2);
  }
  EXPECT_NEAR(centre[1] / centre[0], 1, 0.05f);
  EXPECT_NEAR(rim[1] / rim[0], 1, 0.05f);
}

// ---- faces, times, bits

TEST(PressureField, FacesFollowOxygenAndThinAxesAreClosed) {
  const auto open = [](std::array<int, 3> n, const std::vector<std::string>& overrides) {
    return open_faces(support::parameters_of(
        "simulation: {name: faces, duration: 1 day}\ndomain: {voxels: [" + std::to_string(n[0]) +
            ", " + std::to_string(n[1]) + ", " + std::to_string(n[2]) + "], spacing: 20 um}\n",
        overrides));
  };
  using Open = std::array<bool, 6>;
  EXPECT_EQ(open({8, 8, 8}, {}), (Open{true, true, true, true, true, true}));
  EXPECT_EQ(open({8, 8, 1}, {}), (Open{true, true, true, true, false, false}));
  EXPECT_EQ(open({8, 8, 8}, {"oxygen.faces={x_low: no_flux}"}),
            (Open{false, true, true, true, true, true}));
  EXPECT_EQ(open({8, 8, 8}, {"oxygen.faces=no_flux"}), Open{});
  EXPECT_EQ(open({8, 1, 8}, {"oxygen.faces=no_flux", "growth.faces=open"}),
            (Open{true, true, false, false, true, true}));
  EXPECT_EQ(open({8, 8, 8}, {"growth.faces=closed"}), Open{});
}

TEST(PressureField, IsSolvedWhenDueAndNotWithoutMobility) {
  PressureBox box({12, 12, 12}, 20); // 30 min are five steps
  box.fill(ball(240, 90));
  for (const std::int64_t step : {0, 5, 100}) EXPECT_TRUE(box.pressure().due(step));
  for (const std::int64_t step : {1, 4, 101}) EXPECT_FALSE(box.pressure().due(step));
  box.solve(3);
  for (const float p : box.field()) ASSERT_EQ(p, 0.0f);
  box.solve(5);
  EXPECT_GT(at_centre(box, box.field()), 0.1f);
  PressureBox often({12, 12, 12}, 20, {"growth.refresh=1 min"});
  EXPECT_TRUE(often.pressure().due(1));
  PressureBox none({12, 12, 12}, 20, {"growth.mobility=0 um^2/kPa/day"});
  EXPECT_FALSE(none.pressure().due(0));
  EXPECT_FALSE(none.pressure().row().present);
}

// Tension is a pressure below zero, which a run is neither stopped by nor reports as none.
TEST(PressureField, TensionIsPartOfTheStateAndOfReports) {
  Site site = support::simulation_of("simulation: {name: tension, duration: 1 day}\ndomain: "
                                     "{voxels: [6, 5, 4], spacing: 20 um}\n");
  std::vector<float> values(6 * 5 * 4);
  const auto reported = [&](float low, float high) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 3 == 0 ? low : high;
    site.write("pressure", values.data());
    EXPECT_NO_THROW(site.check());
    support::Metrics row = support::metrics_of(site);
    return std::array<double, 2>{row["pressure_min"], row["pressure_max"]};
  };
  using Pair = std::array<double, 2>;
  EXPECT_EQ(reported(-3, 2), (Pair{-3, 2}));
  EXPECT_EQ(reported(-3, -1), (Pair{-3, -1}));
  EXPECT_EQ(reported(1, 4), (Pair{1, 4}));
  EXPECT_EQ(reported(0, 4), (Pair{0, 4}));
  EXPECT_EQ(reported(0, 0), (Pair{0, 0}));
  EXPECT_EQ(reported(-2, 0), (Pair{-2, 0}));
}

// A box of all there is, by chance.
std::vector<float> mixed_field(const Executor& executor, const std::string& coarsen,
                               bool by_voxels) {
  PressureBox box({38, 22, 18}, 20, {"fields.coarsen=" + coarsen, "cycle.half_pressure=1.4 mmHg"},
                  executor);
  std::mt19937 random(11);
  const auto share = [&] { return static_cast<double>(random() >> 8) / 16777216.0; };
  box.fill([&](double, double, double) {
    constexpr Kind kinds[] = {Kind::none,       Kind::parenchyma,  Kind::epithelial,
                              Kind::epithelial, Kind::mesenchymal, Kind::apoptotic,
                              Kind::necrotic,   Kind::vessel};
    Tissue t;
    t.kind = kinds[random() % 8];
    t.flags = static_cast<std::uint16_t>(random() & 0x3f);
    t.traits = random();
    t.free = 0.7 * share() * share();
    t.excess = 0.05 * share();
    t.oxygen = static_cast<float>(30 * share());
    return t;
  });
  box.executor().prefer_voxels(by_voxels);
  box.solve();
  box.executor().prefer_voxels(false);
  return box.field();
}

TEST(PressureField, SameBitsHoweverItIsComputed) {
  const std::vector<float> first = mixed_field(Executor::on_cpu(1), "1", false);
  EXPECT_GT(*std::max_element(first.begin(), first.end()), 0.0f);
  for (const Executor& executor : support::executors())
    for (const bool by_voxels : {false, true})
      EXPECT_EQ(mixed_field(executor, "1", by_voxels), first);
}

TEST(PressureField, SameBitsOnACoarseLattice) {
  const std::vector<float> first = mixed_field(Executor::on_cpu(1), "2", false);
  for (const Executor& executor : support::executors())
    EXPECT_EQ(mixed_field(executor, "2", false), first);
}

} // namespace
} // namespace metavox
