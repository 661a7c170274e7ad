#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cells/activity.hpp"
#include "cells/sense.hpp"
#include "fields/oxygen.hpp"
#include "site/take_apart.hpp"
#include "solver/diffusion.hpp"
#include "support.hpp"
#include "tissue/matrix.hpp"
#include "voxel/views.hpp"

namespace metavox {
namespace {

using support::FieldProblem;
using support::FieldSolver;
using support::for_each_voxel;
using support::plain_index;

// ---- a reference that shares nothing with the solver under test

// Newton's method in double precision with a direct solution of every linear system (banded
// Cholesky). The problem is A c + q c/(c + K) = f with an M-matrix A and concave uptake, so Newton
// started from zero rises monotonically to the solution and cannot fail.
std::vector<double> direct_solution(const FieldProblem& p) {
  const Lattice& l = p.lattice;
  const int n[3] = {l.nx, l.ny, l.nz};
  std::array<std::size_t, 3> order{0, 1, 2}; // shortest axis fastest: smallest band
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return n[a] < n[b]; });
  std::size_t stride[3];
  stride[order[0]] = 1;
  stride[order[1]] = static_cast<std::size_t>(n[order[0]]);
  stride[order[2]] = stride[order[1]] * static_cast<std::size_t>(n[order[1]]);
  const std::size_t band = stride[order[2]], size = static_cast<std::size_t>(l.voxels());
  const double g = p.settings.diffusivity / (l.spacing * l.spacing);
  const double half = p.settings.half_saturation;

  std::vector<double> diagonal(size), f(size), q(size, 0.0);
  std::vector<std::array<bool, 3>> upper(size); // coupled to the higher neighbour along each axis
  for_each_voxel(l, [&](int x, int y, int z) {
    const int at[3] = {x, y, z};
    std::size_t row = 0;
    for (std::size_t a = 0; a < 3; ++a) row += stride[a] * static_cast<std::size_t>(at[a]);
    const std::size_t i = plain_index(l, x, y, z);
    diagonal[row] = static_cast<double>(p.loss[i]);
    f[row] = static_cast<double>(p.source[i]);
    if (half > 0) q[row] = static_cast<double>(p.uptake[i]);
    for (std::size_t a = 0; a < 3; ++a)
      for (std::size_t side = 0; side < 2; ++side) {
        const bool edge = side == 0 ? at[a] == 0 : at[a] + 1 == n[a];
        const Face& face = p.settings.faces[2 * a + side];
        if (edge && face.kind == FaceKind::no_flux) continue;
        diagonal[row] += edge ? 2 * g : g;
        if (edge) f[row] += 2 * g * face.value;
        if (!edge && side == 1) upper[row][a] = true;
      }
  });

  std::vector<double> c(size, 0.0), factor(size * (band + 1));
  for (int iteration = 0; iteration < 100; ++iteration) {
    // Row r of the factor holds columns r - band ... r at offsets 0 ... band.
    std::fill(factor.begin(), factor.end(), 0.0);
    std::vector<double> x(size);
    for (std::size_t r = 0; r < size; ++r) {
      const double slope = half > 0 ? q[r] * half / ((c[r] + half) * (c[r] + half)) : 0;
      const double uptake = half > 0 ? q[r] * c[r] / (c[r] + half) : 0;
      factor[r * (band + 1) + band] = diagonal[r] + slope;
      x[r] = f[r] - uptake + slope * c[r];
      for (std::size_t a = 0; a < 3; ++a)
        if (upper[r][a]) factor[(r + stride[a]) * (band + 1) + band - stride[a]] -= g;
    }
    for (std::size_t r = 0; r < size; ++r) {
      double* row = &factor[r * (band + 1)];
      const std::size_t first = r > band ? r - band : 0;
      for (std::size_t j = first; j <= r; ++j) {
        const double* other = &factor[j * (band + 1)];
        double sum = row[band - (r - j)];
        const std::size_t from = std::max(first, j > band ? j - band : 0);
        for (std::size_t m = from; m < j; ++m) sum -= row[band - (r - m)] * other[band - (j - m)];
        row[band - (r - j)] = j < r ? sum / other[band] : std::sqrt(sum);
      }
      for (std::size_t m = first; m < r; ++m) x[r] -= row[band - (r - m)] * x[m];
      x[r] /= row[band];
    }
    for (std::size_t r = size; r-- > 0;) {
      const double* row = &factor[r * (band + 1)];
      x[r] /= row[band];
      for (std::size_t m = r > band ? r - band : 0; m < r; ++m) x[m] -= row[band - (r - m)] * x[r];
    }
    double change = 0, largest = 0;
    for (std::size_t r = 0; r < size; ++r) {
      change = std::max(change, std::abs(x[r] - c[r]));
      largest = std::max(largest, std::abs(x[r]));
    }
    c = x;
    if (change <= 1e-13 * largest) break;
  }

  std::vector<double> plain(size);
  for_each_voxel(l, [&](int x, int y, int z) {
    plain[plain_index(l, x, y, z)] =
        c[stride[0] * static_cast<std::size_t>(x) + stride[1] * static_cast<std::size_t>(y) +
          stride[2] * static_cast<std::size_t>(z)];
  });
  return plain;
}

double largest_difference(const std::vector<float>& a, const std::vector<double>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - b[i]);
    if (!(d <= worst)) worst = d; // a NaN stays
  }
  return worst;
}

// ---- problems

struct RandomProblem {
  FieldProblem problem;
  std::string description;
};

// Rates are multiples of D/h^2, values of the order of oxygen pressures.
RandomProblem random_problem(std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto pick = [&](int low, int high) {
    return low + static_cast<int>(random() % static_cast<unsigned>(high - low + 1));
  };
  const auto unit = [&] { return static_cast<double>(random() >> 8) / 16777216.0; };
  Lattice l;
  switch (pick(0, 4)) {
  case 0: l = {pick(2, 11), pick(2, 11), pick(2, 11), 20}; break; // boxes
  case 1: l = {pick(8, 33), pick(8, 33), 1, 20}; break;           // flat ones, in each orientation
  case 2: l = {1, pick(5, 21), pick(5, 21), 10}; break;
  case 3: l = {pick(2, 3), 1, pick(20, 70), 14}; break;
  default: l = {pick(30, 90), pick(2, 5), pick(1, 3), 20}; break; // thin
  }
  const double diffusivities[3] = {1.2e5, 1000, 6};
  const double d = diffusivities[pick(0, 2)], rate = d / (l.spacing * l.spacing);
  Faces faces{};
  bool any_fixed = false;
  for (Face& face : faces) {
    face = {pick(0, 1) != 0 ? FaceKind::fixed : FaceKind::no_flux, 100 * unit()};
    any_fixed = any_fixed || face.kind == FaceKind::fixed;
  }
  FieldProblem p(l, d, faces);
  p.settings.tolerance = 1e-3; // that of oxygen
  const bool saturating = pick(0, 2) != 0, stiff = pick(0, 2) == 0;
  const double halves[4] = {0.1, 0.1, 1, 2.5};
  if (saturating) p.settings.half_saturation = halves[pick(0, 3)];
  // Without a fixed face something must tie the level down.
  const double base = any_fixed && pick(0, 1) == 0 ? 0 : 0.03 * rate;
  const double filled = unit(), decay = 0.3 * unit(), hunger = 3 * unit();
  for (std::size_t i = 0; i < p.source.size(); ++i) {
    double f = 0, k = base, q = 0;
    if (unit() < filled) { // voxels outside this mask take part in nothing
      k += decay * rate * unit();
      q = saturating ? hunger * rate * unit() : 0;
      f = 5 * rate * unit() * unit();
    }
    if (stiff && unit() < 0.04) { // a vessel
      const double wall = (3 + 60 * unit()) * rate;
      k += wall;
      f += wall * 40;
    }
    p.source[i] = static_cast<float>(f);
    p.loss[i] = static_cast<float>(k);
    p.uptake[i] = static_cast<float>(q);
    p.start[i] = static_cast<float>(80 * unit());
  }
  const std::string text = "seed " + std::to_string(seed) + ": " + std::to_string(l.nx) + " x " +
                           std::to_string(l.ny) + " x " + std::to_string(l.nz) + ", D " +
                           std::to_string(d) + ", K " + std::to_string(p.settings.half_saturation) +
                           (stiff ? ", stiff" : "") + (any_fixed ? "" : ", closed");
  return {std::move(p), text};
}

// The problem of TOOLCHAIN.md: uptake 10/min in a ball of radius N/4 voxels, 0.1/min elsewhere, 38
// mmHg outside.
FieldProblem ball_problem(int n) {
  FieldProblem p({n, n, n, 20}, 1e5, support::all_faces(FaceKind::fixed, 38));
  for_each_voxel(p.lattice, [&](int x, int y, int z) {
    const double dx = x + 0.5 - n / 2.0, dy = y + 0.5 - n / 2.0, dz = z + 0.5 - n / 2.0;
    const bool inside = dx * dx + dy * dy + dz * dz < n * n / 16.0;
    p.loss[plain_index(p.lattice, x, y, z)] = inside ? 10.0f : 0.1f;
  });
  p.start.assign(p.start.size(), 38.0f);
  p.settings.tolerance = 1e-6;
  return p;
}

// Half of the voxels hold cells at the default rates (400 mmHg/min, normal tissue half of that and
// supplied), a tumour of radius n/4 in the middle, all at 52 mmHg outside.
struct Tissue {
  Lattice lattice;
  std::vector<std::uint8_t> kind; // 0 none, 1 normal, 2 tumour
};

Tissue tissue_like(int n, std::uint32_t seed) {
  Tissue t{{n, n, n, 20}, std::vector<std::uint8_t>(static_cast<std::size_t>(n) * n * n, 0)};
  std::mt19937 random(seed);
  for_each_voxel(t.lattice, [&](int x, int y, int z) {
    const double dx = x + 0.5 - n / 2.0, dy = y + 0.5 - n / 2.0, dz = z + 0.5 - n / 2.0;
    const bool inside = dx * dx + dy * dy + dz * dz < n * n / 16.0;
    const bool some = random() % 100 < 55;
    t.kind[plain_index(t.lattice, x, y, z)] =
        static_cast<std::uint8_t>(inside ? (random() % 100 < 90 ? 2 : 0) : (some ? 1 : 0));
  });
  return t;
}

FieldProblem oxygen_problem(const Tissue& t) {
  FieldProblem p(t.lattice, 1.2e5, support::all_faces(FaceKind::fixed, 52));
  p.settings.half_saturation = 2.5;
  p.settings.tolerance = 1e-3;
  const double q = 400, kappa = q / 2 * 52 / 54.5 / (95 - 52);
  for (std::size_t i = 0; i < t.kind.size(); ++i) {
    p.uptake[i] = static_cast<float>(t.kind[i] == 2 ? q : (t.kind[i] == 1 ? q / 2 : 0));
    p.loss[i] = t.kind[i] == 1 ? static_cast<float>(kappa) : 0.0f;
    p.source[i] = t.kind[i] == 1 ? static_cast<float>(kappa * 95) : 0.0f;
  }
  p.start.assign(p.start.size(), 52.0f);
  return p;
}

// Moves a share of the cells to an empty face neighbour.
void move_cells(Tissue& t, double share, std::uint32_t seed) {
  std::mt19937 random(seed);
  const Lattice& l = t.lattice;
  const std::vector<std::uint8_t> before = t.kind;
  for_each_voxel(l, [&](int x, int y, int z) {
    const std::size_t i = plain_index(l, x, y, z);
    if (before[i] == 0 || static_cast<double>(random() >> 8) / 16777216.0 >= share) return;
    const int steps[6][3] = {{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}};
    const auto first = random() % 6;
    for (std::size_t k = 0; k < 6; ++k) {
      const auto& s = steps[(first + k) % 6];
      if (!l.holds(x + s[0], y + s[1], z + s[2])) continue;
      const std::size_t j = plain_index(l, x + s[0], y + s[1], z + s[2]);
      if (t.kind[j] != 0) continue;
      std::swap(t.kind[i], t.kind[j]);
      return;
    }
  });
}

// ---- accuracy

// Source: banded Cholesky and Newton in double precision, above. Tolerance: what the solver was
// asked for (1e-3) and the rounding of single precision at the size of the solution.
// A field may go below zero where its floor says so: with sources of both signs the solution is the
// negative of that with the signs turned round.
TEST(Diffusion, FieldsGoBelowZeroWhereTheirFloorAllows) {
  const Lattice l{20, 17, 15, 20};
  support::FieldProblem p(l, 1e4, support::all_faces(FaceKind::fixed, 0));
  p.settings.floor = -1e30f;
  p.settings.tolerance = 1e-4;
  for (std::size_t i = 0; i < p.source.size(); ++i) {
    p.source[i] = i % 7 == 0 ? 5.0f : i % 11 == 0 ? -9.0f : 0.0f;
    p.loss[i] = 0.1f;
  }
  support::FieldProblem mirrored = p;
  for (float& f : mirrored.source) f = -f;
  for (const Executor& executor : support::executors())
    for (const auto start : {Diffusion::Start::cold, Diffusion::Start::warm}) {
      support::FieldSolver one(executor, p), other(executor, mirrored);
      one.solve(start);
      other.solve(start);
      const std::vector<float> a = one.field(), b = other.field();
      float lowest = 0;
      for (std::size_t i = 0; i < a.size(); ++i) {
        ASSERT_NEAR(a[i], -b[i], 1e-3f);
        lowest = std::min(lowest, a[i]);
      }
      EXPECT_LT(lowest, -0.05f);
    }
  p.settings.floor = 0;
  support::FieldSolver floored(Executor::on_cpu(1), p);
  floored.try_solve(Diffusion::Start::cold); // there is no solution above the floor
  for (const float c : floored.field()) ASSERT_GE(c, 0.0f);
}

// Sweeps find neighbours by HalfLine, all else goes by index(); pieces may begin with black.
TEST(SplitLayout, HalfLinesPointAtTheNeighboursOfTheirVoxels) {
  for (const SplitLattice& l : {SplitLattice{7, 4, 3, 0}, SplitLattice{6, 5, 2, 1},
                                SplitLattice{1, 1, 1, 0}, SplitLattice{9, 1, 4, 1}})
    for_each_voxel(l.box(), [&](int x, int y, int z) {
      const HalfLine h(l, x & 1, y, z);
      const std::int64_t m = x >> 1;
      EXPECT_LT(m, h.count);
      EXPECT_EQ(h.table + m, l.entry(x));
      EXPECT_EQ(h.own + m, l.index(x, y, z));
      EXPECT_EQ(h.x_low + m, l.index(x - 1, y, z));
      EXPECT_EQ(h.x_high + m, l.index(x + 1, y, z));
      EXPECT_EQ(h.y_low + m, l.index(x, y - 1, z));
      EXPECT_EQ(h.y_high + m, l.index(x, y + 1, z));
      EXPECT_EQ(h.z_low + m, l.index(x, y, z - 1));
      EXPECT_EQ(h.z_high + m, l.index(x, y, z + 1));
    });
}

TEST(FieldSolver, AgreesWithDirectSolutionInDoublePrecision) {
  double worst = 0;
  std::string worst_case;
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    const RandomProblem random = random_problem(seed);
    SCOPED_TRACE(random.description);
    const FieldProblem& p = random.problem;
    const std::vector<double> wanted = direct_solution(p);
    const double size = *std::max_element(wanted.begin(), wanted.end());
    const double allowed = p.settings.tolerance +
                           4 * static_cast<double>(std::numeric_limits<float>::epsilon()) * size;
    for (const Diffusion::Start start : {Diffusion::Start::cold, Diffusion::Start::warm}) {
      FieldSolver solver(Executor::on_cpu(1), p);
      ASSERT_NO_THROW(solver.solve(start));
      const double error = largest_difference(solver.field(), wanted);
      EXPECT_LE(error, allowed) << (start == Diffusion::Start::cold ? "cold" : "warm");
      if (error > worst) {
        worst = error;
        worst_case = random.description;
      }
    }
  }
  std::cout << "largest error " << worst << " in " << worst_case << "\n";
}

// Source: TOOLCHAIN.md, "Field solver", numbers of hypre. Tolerance: 1e-4 relative.
TEST(FieldSolver, ReproducesReferenceNumbersOfOtherPrograms) {
  const std::pair<int, double> known[] = {{64, 4.249335}, {128, 0.174714}};
  for (const auto& [n, centre] : known) {
    FieldSolver solver(support::fastest(), ball_problem(n));
    solver.cycles(8);
    const std::vector<float> c = solver.field();
    const Lattice l{n, n, n, 20};
    for (int corner = 0; corner < 8; ++corner) {
      const std::size_t i =
          plain_index(l, n / 2 - (corner & 1), n / 2 - (corner >> 1 & 1), n / 2 - (corner >> 2));
      EXPECT_NEAR(c[i], centre, 1e-4 * centre) << "N = " << n << ", corner " << corner;
    }
  }
}

// Where uptake is far beyond supply the field must approach zero from above, from any start.
TEST(FieldSolver, KeepsConcentrationsPositive) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    std::mt19937 random(seed);
    FieldProblem p({20, 17, 13, 20}, 1.2e5, support::all_faces(FaceKind::fixed, 40));
    p.settings.half_saturation = 0.1;
    p.settings.tolerance = 1e-3;
    for (std::size_t i = 0; i < p.source.size(); ++i) {
      p.uptake[i] = static_cast<float>(random() % 5000);
      p.loss[i] = random() % 10 == 0 ? static_cast<float>(random() % 20000) : 0.0f;
      p.start[i] = static_cast<float>(random() % 3) * 300.0f;
    }
    FieldSolver solver(Executor::on_cpu(1), p);
    for (int cycle = 0; cycle < 6; ++cycle) {
      solver.cycles(1);
      const std::vector<float> c = solver.field();
      EXPECT_GE(*std::min_element(c.begin(), c.end()), 0.0f) << "seed " << seed;
    }
  }
}

// A capillary in a cylinder of cells with constant uptake, which the solver sees as
// Michaelis-Menten with 0.05 mmHg: the pressure falls to zero somewhere within the cylinder. V(2,1)
// cycles without over-relaxation ended in a loop, with changes of 1 mmHg and more, in 17 of these
// cases.
TEST(FieldSolver, ConvergesWhereConstantUptakeEmptiesTheField) {
  for (const double half : {0.05, 0.1, 0.3, 1.0})
    for (const double h : {20.0, 14.0, 10.0, 7.0})
      for (double radius = 60; radius <= 130; radius += 3) {
        const int n = 2 * static_cast<int>(std::ceil((radius + h) / h)) + 1;
        FieldProblem p({n, n, 2, h}, 1.2e5, support::all_faces(FaceKind::no_flux));
        p.settings.half_saturation = half;
        p.settings.tolerance = 1e-3;
        const double wall = 2 * 3.14159265358979 * 5 * 6e4 / (h * h);
        for_each_voxel(p.lattice, [&](int x, int y, int z) {
          const std::size_t i = plain_index(p.lattice, x, y, z);
          const double r = std::hypot(x - n / 2, y - n / 2) * h;
          if (r == 0) {
            p.loss[i] = static_cast<float>(wall);
            p.source[i] = static_cast<float>(wall * 40);
          } else if (r <= radius) {
            p.uptake[i] = 402;
          }
        });
        FieldSolver solver(Executor::on_cpu(1), p);
        EXPECT_TRUE(solver.try_solve(Diffusion::Start::cold).converged)
            << "K " << half << ", h " << h << ", radius " << radius;
      }
}

// ---- convergence

// TOOLCHAIN.md measured 0.045 a cycle; 0.15 is the bound set for this solver.
TEST(FieldConvergence, LinearProblemLosesSixSeventhsOfItsErrorPerCycle) {
  FieldProblem p = ball_problem(64);
  p.start.assign(p.start.size(), 0.0f);
  FieldSolver solver(support::fastest(), p);
  solver.cycles(1);
  const double first = static_cast<double>(solver.residual());
  solver.cycles(3);
  const double factor = std::pow(static_cast<double>(solver.residual()) / first, 1.0 / 3);
  std::cout << "factor " << factor << " per cycle\n";
  EXPECT_LE(factor, 0.15);
}

// TOOLCHAIN.md: 5 to 6 cycles to a residual of 1e-5 of that of an empty field; the bound set for
// this solver is 8.
TEST(FieldConvergence, SaturatingUptakeConvergesFromColdInEightCycles) {
  for (const double half : {2.5, 0.1}) {
    FieldProblem p = oxygen_problem(tissue_like(64, 7));
    p.settings.half_saturation = half;
    p.settings.tolerance = 1e-30;
    FieldProblem empty = p;
    empty.start.assign(p.start.size(), 0.0f);
    const double first = static_cast<double>(FieldSolver(support::fastest(), empty).residual());
    FieldSolver exact(support::fastest(), p);
    exact.cycles(30);
    const std::vector<float> truth = exact.field();
    const std::vector<double> wanted(truth.begin(), truth.end());
    std::cout << "K " << half << ", residual/error:";
    int needed = 0;
    for (int n = 1; n <= 10 && needed == 0; ++n) {
      p.settings.max_cycles = n;
      FieldSolver solver(support::fastest(), p);
      solver.try_solve(Diffusion::Start::cold);
      const double share = static_cast<double>(solver.residual()) / first;
      std::cout << " " << share << "/" << largest_difference(solver.field(), wanted);
      if (share <= 1e-5) needed = n;
    }
    std::cout << "\n";
    EXPECT_GT(needed, 0);
    EXPECT_LE(needed, 8);
  }
}

// The situation of every time step. Wanted: a true error of 1e-3 mmHg within 2 cycles, and a solver
// that knows it.
TEST(FieldConvergence, WarmStartAfterCellsMovedTakesTwoCycles) {
  for (std::uint32_t seed = 1; seed <= 3; ++seed) {
    Tissue t = tissue_like(64, seed);
    const FieldProblem before = oxygen_problem(t);
    FieldSolver solver(support::fastest(), before);
    solver.cycles(30);
    move_cells(t, 0.02, seed + 100);
    const FieldProblem after = oxygen_problem(t);
    FieldSolver exact(support::fastest(), after);
    exact.cycles(30);
    const std::vector<float> truth = exact.field();
    const std::vector<double> wanted(truth.begin(), truth.end());
    solver.fill(after);
    std::cout << "error " << largest_difference(solver.field(), wanted);
    for (int n = 1; n <= 2; ++n) {
      solver.cycles(1);
      std::cout << ", after cycle " << n << " " << largest_difference(solver.field(), wanted);
    }
    EXPECT_LE(largest_difference(solver.field(), wanted), 1e-3);
    FieldSolver judged(support::fastest(), before);
    judged.cycles(30);
    judged.fill(after);
    const SolveReport report = judged.solve();
    const double error = largest_difference(judged.field(), wanted);
    std::cout << "; solve() takes " << report.cycles << ", estimates " << report.error
              << ", is off by " << error << "\n";
    EXPECT_LE(report.cycles, 3);
    EXPECT_LE(error, 1e-3);
  }
}

// ---- the same bytes however it runs

std::vector<FieldProblem> problems_of_many_shapes() {
  std::vector<FieldProblem> all;
  const Lattice shapes[] = {{2, 2, 2, 20},    {1100, 3, 2, 20}, {1025, 1, 1, 20}, {33, 40, 1, 20},
                            {1, 29, 31, 20},  {40, 48, 56, 20}, {65, 37, 23, 20}, {513, 5, 9, 20},
                            {16, 300, 3, 20}, {7, 6, 200, 20}};
  for (const Lattice& l : shapes)
    for (const double half : {0.0, 1.0}) {
      std::mt19937 random(static_cast<unsigned>(l.nx * 1000 + l.ny));
      Faces faces{};
      for (std::size_t a = 0; a < 6; ++a)
        faces[a] = {(random() & 1) != 0 ? FaceKind::fixed : FaceKind::no_flux,
                    10.0 * static_cast<double>(a)};
      FieldProblem p(l, 1.2e5, faces);
      p.settings.half_saturation = half;
      for (std::size_t i = 0; i < p.source.size(); ++i) {
        p.source[i] = static_cast<float>(random() % 4000);
        p.loss[i] = static_cast<float>(random() % 64) + (random() % 50 == 0 ? 5000.0f : 0.0f);
        p.uptake[i] = static_cast<float>(random() % 400);
        p.start[i] = static_cast<float>(random() % 90);
      }
      all.push_back(std::move(p));
    }
  return all;
}

std::string shape_of(const FieldProblem& p) {
  return std::to_string(p.lattice.nx) + " x " + std::to_string(p.lattice.ny) + " x " +
         std::to_string(p.lattice.nz) + ", K " + std::to_string(p.settings.half_saturation);
}

TEST(FieldBytes, AreTheSameOnAllExecutors) {
  for (FieldProblem& p : problems_of_many_shapes()) {
    SCOPED_TRACE(shape_of(p));
    for (const Diffusion::Start start : {Diffusion::Start::cold, Diffusion::Start::warm}) {
      std::vector<float> first;
      SolveReport first_report;
      for (const Executor& executor : support::executors()) {
        FieldSolver solver(executor, p);
        const SolveReport report = solver.solve(start);
        const std::vector<float> c = solver.field();
        if (first.empty()) {
          first = c;
          first_report = report;
        }
        EXPECT_TRUE(support::same_bytes(c, first)) << executor.description();
        EXPECT_EQ(report.cycles, first_report.cycles);
        EXPECT_EQ(report.residual, first_report.residual);
        EXPECT_EQ(report.error, first_report.error);
      }
    }
  }
}

// One cycle, so that a difference in any functor is still in the field, and the full solve.
TEST(FieldBytes, AreTheSameByRowAndBySite) {
  std::set<std::string> ran;
  for (FieldProblem& p : problems_of_many_shapes()) {
    SCOPED_TRACE(shape_of(p));
    for (const int cycles : {1, 10}) {
      p.settings.max_cycles = cycles;
      for (const Diffusion::Start start : {Diffusion::Start::cold, Diffusion::Start::warm}) {
        Executor rows = Executor::on_cpu(1), sites = Executor::on_cpu(1);
        sites.prefer_voxels(true);
        sites.profile(true);
        FieldSolver by_row(rows, p), by_site(sites, p);
        const SolveReport a = by_row.try_solve(start), b = by_site.try_solve(start);
        EXPECT_TRUE(support::same_bytes(by_row.field(), by_site.field()));
        EXPECT_EQ(a.residual, b.residual);
        EXPECT_EQ(a.error, b.error);
        EXPECT_EQ(by_row.residual(), by_site.residual());
        for (const auto& [name, timing] : sites.timings()) ran.insert(name);
      }
    }
  }
  for (const char* name :
       {"diffusion.smooth", "diffusion.smooth_uptake", "diffusion.restrict",
        "diffusion.restrict_uptake", "diffusion.add_operator", "diffusion.correct",
        "diffusion.restrict_coefficients", "diffusion.load", "diffusion.store"})
    EXPECT_EQ(ran.count(name), 1u) << name << " was not compared";
}

// Every rule with a row, on lattices whose lines are longer and shorter than the pieces rows are
// cut into.
TEST(FieldBytes, OfAWholeRunAreTheSameByRowAndBySiteAndOnAllExecutors) {
  const std::string yaml = R"(
simulation: {seed: 11}
time: {step: 6 min}
glucose: {enabled: true}
inhibitor: {enabled: true, secretion: 1e-4 1/min}
stem: {enabled: true}
mutation: {probability: 0.2}
transition: {enabled: true, emt: 1e-3 1/min, met: 1e-3 1/min}
migration: {chemotaxis: 0.01 um^2/min/mmHg}
cycle: {epithelial: 60 min, mesenchymal: 80 min}
death: {apoptosis: 1e-3 1/min, crushing: 1e-3 1/min}
tissue:
  parenchyma: 0.4
  stroma: 0.2
  cells:
    - {shape: sphere, kind: epithelial, radius: 60 um, mesenchymal_fraction: 0.3}
    - {shape: layer, kind: t_cell, axis: x, begin: 20 um, end: 60 um, fraction: 0.1}
    - {shape: layer, kind: necrotic, axis: x, begin: 60 um, end: 80 um, fraction: 0.5}
  membranes:
    - {shape: sphere, radius: 90 um}
vessels: {pattern: grid, spacing: 100 um, axis: z}
)";
  std::set<std::string> ran;
  for (const char* extents : {"[40, 23, 18]", "[600, 4, 6]", "[24, 8, 70]"})
    for (const char* extra : {"fields.coarsen=1", "fields.coarsen=2", "normal.regeneration=true"}) {
      if (std::string(extents) == "[40, 23, 18]" && std::string(extra) == "fields.coarsen=2")
        continue;
      SCOPED_TRACE(std::string(extents) + ", " + extra);
      std::vector<Executor> all = support::executors();
      Executor sites = Executor::on_cpu(1);
      sites.prefer_voxels(true);
      sites.profile(true);
      all.push_back(sites);
      std::vector<std::uint64_t> first;
      for (const Executor& executor : all) {
        Site simulation = support::simulation_of(yaml, executor,
                                                 {std::string("domain.voxels=") + extents, extra});
        std::vector<std::uint64_t> hashes;
        for (int step = 0; step < 4; ++step) {
          simulation.step();
          hashes.push_back(simulation.hash());
        }
        if (first.empty()) first = hashes;
        EXPECT_EQ(hashes, first) << executor.description();
      }
      for (const auto& [name, timing] : sites.timings()) ran.insert(name);
    }
  for (const char* name : {"matrix.degrade", "cell.sense", "cell.fate", "cell.mark_births",
                           "cell.start_crowding", "cell.spread_crowding", "cell.count",
                           "oxygen.assemble", "signal.assemble", "pressure.assemble"})
    EXPECT_EQ(ran.count(name), 1u) << name << " was not compared";
}

// Rows against sites, functor by functor, on lines of every awkward length.
template <class F, class Sites>
void compare_lines(const Lattice& l, const F& by_row, const Sites& by_site) {
  for (int z = 0; z < l.nz; ++z)
    for (int y = 0; y < l.ny; ++y) {
      by_row.row(Row{0, y, z, l.nx, l.index(0, y, z)});
      for (int x = 0; x < l.nx; ++x) by_site(l.voxel(x, y, z));
    }
}

std::vector<Lattice> awkward_lines() {
  std::vector<Lattice> all;
  for (const int n : {1, 2, 3, 7, 15, 16, 17, 63, 64, 65, 127, 128, 129, 300, 511, 512, 513, 1025})
    all.push_back({n, 4, 3, 20});
  return all;
}

TEST(FieldBytes, OfCellAndMatrixRowsAreThoseOfTheirSites) {
  for (const Lattice& l : awkward_lines())
    for (std::uint32_t seed = 1; seed <= 3; ++seed) {
      SCOPED_TRACE(std::to_string(l.nx) + " voxels, seed " + std::to_string(seed));
      std::mt19937 random(seed);
      const auto n = static_cast<std::size_t>(l.padded());
      std::vector<std::uint8_t> kind(n, static_cast<std::uint8_t>(Kind::outside));
      std::vector<std::uint64_t> traits(n);
      std::vector<float> m(n), t(n), matrix(n);
      std::vector<std::uint16_t> membrane(n);
      const unsigned crowd = seed == 3 ? 40 : 3; // few or many voxels without a cell
      for_each_voxel(l, [&](int x, int y, int z) {
        const auto i = static_cast<std::size_t>(l.index(x, y, z));
        const auto code = random() % (kind_count + crowd);
        kind[i] = static_cast<std::uint8_t>(code < kind_count ? code : (seed == 2 ? 1 : 0));
      });
      for (std::size_t i = 0; i < n; ++i) {
        traits[i] = random();
        m[i] = static_cast<float>(random() % 1000) * 1e-3f;
        t[i] = static_cast<float>(random() % 1000) * 1e-3f;
        matrix[i] = static_cast<float>(random() % 1500) * 1e-3f;
        membrane[i] = random() % 3 == 0 ? membrane_intact : 0;
      }
      std::vector<float> table(256);
      for (int v = -128; v < 128; ++v)
        table[static_cast<std::size_t>(v + 128)] = std::exp(0.02f * static_cast<float>(v));

      {
        std::vector<std::uint8_t> a(n), b(n);
        compare_lines(l, SenseNeighbours{kind.data(), a.data(), l.pitch(), l.plane()},
                      SenseNeighbours{kind.data(), b.data(), l.pitch(), l.plane()});
        EXPECT_EQ(a, b) << "SenseNeighbours";
      }
      {
        std::int64_t a[CountKinds::bins] = {}, b[CountKinds::bins] = {};
        const CountKinds count{kind.data()};
        for (int z = 0; z < l.nz; ++z)
          for (int y = 0; y < l.ny; ++y) {
            count.row(Row{0, y, z, l.nx, l.index(0, y, z)}, a);
            for (int x = 0; x < l.nx; ++x) count(l.voxel(x, y, z), b);
          }
        EXPECT_TRUE(std::equal(a, a + CountKinds::bins, b)) << "CountKinds";
      }
      for (const bool inhibited : {false, true}) {
        std::vector<float> a = matrix, b = matrix;
        std::vector<std::uint16_t> ma = membrane, mb = membrane;
        const MatrixParameters32 p{6, 6e-3f, 1.5e-3f, 1.0f / 6, 1e-4f, 1, 7e-5f, 65535, inhibited};
        const auto functor = [&](std::vector<float>& e, std::vector<std::uint16_t>& left) {
          return DegradeMatrix{kind.data(),
                               traits.data(),
                               {m.data(), l, 1},
                               {t.data(), l, 1},
                               e.data(),
                               left.data(),
                               {table.data()},
                               p,
                               l};
        };
        compare_lines(l, functor(a, ma), functor(b, mb));
        EXPECT_TRUE(support::same_bytes(a, b)) << "DegradeMatrix";
        EXPECT_EQ(ma, mb) << "DegradeMatrix, membrane";
      }
    }
}

// ---- who takes up how much

// Lack of oxygen and age lower the uptake of a tumour cell at rest; want of room, which comes and
// goes with every move beside it, does not. Nothing but tumour cells rests.
TEST(Uptake, IsLoweredByHypoxicAndSenescentRestOnly) {
  const auto oxygen = support::parameters_of("domain: {voxels: [8, 1, 1]}\n");
  for (const int coarsen : {1, 2}) {
    const Lattice tissue{8 * coarsen, coarsen, coarsen, 20.0 / coarsen}, field{8, 1, 1, 20};
    const SplitLattice split{8, 1, 1};
    const std::uint16_t flags[8] = {0,
                                    flag_crowded,
                                    flag_hypoxic,
                                    flag_senescent,
                                    flag_crowded | flag_hypoxic,
                                    flag_crowded | flag_senescent,
                                    flag_crowded | flag_stem | flag_limited,
                                    flag_hypoxic};
    std::vector<std::uint8_t> kind(static_cast<std::size_t>(tissue.padded()));
    std::vector<std::uint16_t> flag(kind.size());
    for_each_voxel(tissue, [&](int x, int y, int z) {
      const auto i = static_cast<std::size_t>(tissue.index(x, y, z));
      const int voxel = x / coarsen; // of the field
      kind[i] = static_cast<std::uint8_t>(voxel == 7       ? Kind::parenchyma
                                          : voxel % 2 == 0 ? Kind::epithelial
                                                           : Kind::mesenchymal);
      flag[i] = flags[voxel];
    });
    const auto n = static_cast<std::size_t>(split.padded());
    const auto assembled = [&](bool by_row) {
      std::vector<float> f(n), k(n), q(n);
      AssembleField<MetaboliteLaw> assemble{};
      assemble.kind = kind.data();
      assemble.flags = flag.data();
      assemble.terms = oxygen_settings(field_settings(oxygen)).terms;
      assemble.tissue = tissue;
      assemble.split = split;
      assemble.coarsen = coarsen;
      assemble.f = f.data();
      assemble.k = k.data();
      assemble.q = q.data();
      if (by_row) {
        assemble.row(Row{0, 0, 0, field.nx, field.index(0, 0, 0)});
      } else {
        for (int x = 0; x < field.nx; ++x) assemble(field.voxel(x, 0, 0));
      }
      return q;
    };
    const std::vector<float> by_row = assembled(true), by_site = assembled(false);
    const float share[8] = {1, 1, 0.5f, 0.5f, 0.5f, 0.5f, 1, 0.5f};
    const auto full = static_cast<float>(oxygen_uptake_per_voxel(oxygen.oxygen, 20));
    for (int x = 0; x < 8; ++x) {
      SCOPED_TRACE("coarsen " + std::to_string(coarsen) + ", voxel " + std::to_string(x));
      const auto i = static_cast<std::size_t>(split.index(x, 0, 0));
      EXPECT_FLOAT_EQ(by_row[i], full * share[x]);
      EXPECT_FLOAT_EQ(by_site[i], full * share[x]);
    }
  }
}

// ---- amounts

// A layer of M-like cells, one voxel thick, releases S an hour into a closed box in which the rest
// decays: after three days
//   c(x) = S w (1 - e^(-l t))/l + sum_m 2 S a_m cos(m pi x/L) (1 - e^(-(l + d_m) t))/(l + d_m),
// d_m the rate of mode m on the lattice, w and a_m what the layer has of the modes. Preset
// analytic: the cells stand, and neither divide nor die. At default tolerance, step and so on; D 6
// and 10 are swept, the others take coarse grids.
TEST(Amounts, OfProteinaseAreRightAfterThreeDays) {
  constexpr int n = 20, layer = 4;
  constexpr double h = 20, secretion = 2.9e-4, decay = 1.5e-4, days = 3, t = days * 1440;
  for (const double d : {6.0, 10.0, 52.0, 400.0}) {
    SCOPED_TRACE("D " + std::to_string(d));
    Site site = support::simulation_of(
        "simulation: {preset: analytic}\ndomain: {voxels: [20, 6, 5]}\n"
        "tissue: {cells: [{shape: layer, axis: x, begin: 80 um, end: 100 um, kind: "
        "mesenchymal}]}\n",
        {"proteinase.enabled=true", "proteinase.diffusivity=" + std::to_string(d) + " um^2/min"});
    const std::vector<std::uint8_t> kind = support::array_of<std::uint8_t>(site, "kind");
    while (site.time() < t) site.step();
    EXPECT_EQ(support::array_of<std::uint8_t>(site, "kind"), kind) << "cells do not stand";
    const std::vector<float> c = support::array_of<float>(site, "proteinase");
    double sum = 0;
    for (const float v : c) sum += static_cast<double>(v);
    const double amount = 30 * secretion * (1 - std::exp(-decay * t)) / decay;
    EXPECT_NEAR(sum / amount, 1, 0.005);
    for (int x = 0; x < n; ++x) {
      double wanted = 0;
      for (int m = 0; m < n; ++m) {
        const double wave = 3.14159265358979324 * m / n, s = 2 / h * std::sin(wave / 2);
        const double rate = decay + d * s * s;
        wanted += (m == 0 ? 1.0 : 2.0) / n * std::cos(wave * (layer + 0.5)) *
                  std::cos(wave * (x + 0.5)) * secretion * (1 - std::exp(-rate * t)) / rate;
      }
      EXPECT_NEAR(static_cast<double>(c[static_cast<std::size_t>(x)]) / wanted, 1, 0.005) << x;
    }
  }
}

// ---- nothing happens where nothing should

TEST(FieldNegativeControl, ZeroRatesLeaveFieldsBitIdentical) {
  for (const Executor& executor : support::executors()) {
    SCOPED_TRACE(executor.description());
    // An empty field without sources, with losses: nothing can come of it.
    for (const double half : {0.0, 1.0}) {
      FieldProblem p({19, 8, 5, 20}, 1000, support::all_faces(FaceKind::no_flux));
      p.settings.half_saturation = half;
      p.loss.assign(p.loss.size(), 0.25f);
      FieldSolver solver(executor, p);
      solver.solve();
      EXPECT_TRUE(support::same_bytes(solver.field(), p.start));
    }
  }
}

// Negative control: a whole run in which every process is off, or on with a rate of
// zero.
TEST(FieldNegativeControl, RunWithoutRatesLeavesEveryArrayBitIdentical) {
  const std::string yaml = R"(
simulation: {preset: analytic}
domain: {voxels: [20, 18, 11]}
proteinase: {enabled: true, secretion: 0 1/min, decay: 0 1/min}
inhibitor: {enabled: true, secretion: 0 1/min, decay: 0 1/min}
matrix: {contact_degradation: 0 1/min, soluble_degradation: 0 1/min, deposition: 0 1/min,
         debris_clearance: 0 1/min, density: 0.7}
tissue: {parenchyma: 0.5, stroma: 0.2,
         cells: [{shape: sphere, radius: 80 um, mesenchymal_fraction: 0.4}]}
)";
  for (const Executor& executor : support::executors()) {
    Site simulation = support::simulation_of(yaml, executor);
    const auto before = support::state_of(simulation);
    for (int step = 0; step < 20; ++step) simulation.step();
    for (const auto& [name, bytes] : support::state_of(simulation))
      EXPECT_TRUE(name == "solves" || support::same_bytes(bytes, before.at(name)))
          << name << ", " << executor.description();
  }
}

// A level other than zero is divided by a sum of couplings in every step and may lose its last
// bits, once: the limit is ten units in the last place (6e-7), however long the run.
TEST(FieldNegativeControl, UniformLevelStaysWithinRounding) {
  Site simulation = support::simulation_of(R"(
simulation: {preset: analytic}
domain: {voxels: [20, 18, 11]}
proteinase: {enabled: true, secretion: 0 1/min, decay: 0 1/min, initial: 0.3}
)");
  for (int step = 0; step < 500; ++step) simulation.step();
  for (const float v : support::array_of<float>(simulation, "proteinase"))
    ASSERT_NEAR(v, 0.3f, 10 * 0.3f * std::numeric_limits<float>::epsilon() / 2);
}

// ---- failures

std::string complaint_of(FieldSolver& solver) {
  try {
    solver.solve();
  } catch (const NumericalError& error) {
    return error.what();
  }
  return "no complaint";
}

TEST(FieldFailure, ThatDoesNotConvergeNamesTheField) {
  for (const Executor& executor : support::executors()) {
    FieldProblem p = ball_problem(24);
    p.settings.name = "oxygen";
    p.settings.max_cycles = 1;
    p.settings.tolerance = 1e-7;
    p.start.assign(p.start.size(), 0.0f);
    FieldSolver solver(executor, p);
    const std::string text = complaint_of(solver);
    EXPECT_NE(text.find("oxygen did not converge"), std::string::npos) << text;
    EXPECT_NE(text.find("max_cycles"), std::string::npos) << text;
  }
}

TEST(FieldFailure, ThatGivesNoNumberNamesFieldAndVoxel) {
  for (const Executor& executor : support::executors())
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
      for (const double half : {0.0, 2.5}) {
        FieldProblem p = oxygen_problem(tissue_like(12, 3));
        p.settings.name = "oxygen";
        p.settings.half_saturation = half;
        p.source[plain_index(p.lattice, 5, 6, 7)] = bad;
        FieldSolver solver(executor, p);
        const std::string text = complaint_of(solver);
        EXPECT_NE(text.find("oxygen: the source is not a number at voxel (5, 6, 7)"),
                  std::string::npos)
            << text;
      }
}

// A closed box in which nothing breathes and nothing bleeds any more keeps its level; sources alone
// have no steady state.
TEST(Diffusion, AClosedBoxWithoutSinksKeepsItsLevel) {
  const Executor executor = Executor::on_cpu(2);
  const Lattice l{12, 9, 7, 20};
  auto scratch = std::make_shared<DiffusionScratch>(executor, l);
  DiffusionSettings settings;
  settings.name = "oxygen";
  settings.diffusivity = 1e5;
  settings.half_saturation = 2.5;
  settings.tolerance = 1e-3;
  for (Face& face : settings.faces) face = {FaceKind::no_flux, 0};
  Diffusion solver(executor, l, settings, scratch);
  Buffer<float> field(executor, l.padded());
  const std::vector<float> level(static_cast<std::size_t>(l.padded()), 7.5f);
  field.upload(level.data());
  EXPECT_TRUE(solver.solve_or_throw(field.data()).converged);
  EXPECT_EQ(field.host_copy(), level);
  const float source = 1;
  executor.copy_in(scratch->source() + scratch->split().index(3, 3, 3), &source, sizeof source);
  EXPECT_THROW(solver.solve_or_throw(field.data()), NumericalError);
}

} // namespace
} // namespace metavox
