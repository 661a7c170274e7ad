// How the tip of a sprout moves: towards VEGF with receptor saturation, along the matrix, and with
// noise that keeps its direction for a while.
//
// Drift chi(V) grad V + rho grad E, with the saturating sensitivity chi_0 / (1 + V/K) of A.
// Anderson and M. Chaplain (1998, Bull. Math. Biol. 60:857). To it comes a velocity w that forgets
// itself within the persistence P, an Ornstein-Uhlenbeck process (C. Stokes and D. Lauffenburger
// 1991, J. Theor. Biol. 152:377), so that a tip alone spreads with diffusivity D over times beyond
// P. Means and covariances of a move are exact, so that its length in time does not matter.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "core/exact.hpp"
#include "core/lattice.hpp"
#include "core/random.hpp"

namespace metavox {

// What surrounds a tip.
struct TipReading {
  double vegf;            // nM, where it stands
  double slope[3];        // nM/um
  double matrix;          // E
  double matrix_slope[3]; // 1/um
  std::uint32_t closed;   // of the 27 voxels around: beyond the box, or a basement membrane
  std::uint32_t tumour;   // faces of its voxel with living tumour cells
};

// The bit of `closed` for the voxel at an offset of -1, 0 or 1 along each axis.
MV_HD constexpr int closed_bit(int dx, int dy, int dz) {
  return (dx + 1) + 3 * (dy + 1) + 9 * (dz + 1);
}

// What sets how tips move.
struct TipDrive {
  double diffusivity; // um^2/min, D
  double persistence; // min, P
  double chemotaxis;  // um^2/min/nM, chi_0
  double saturation;  // nM, K_chi
  double haptotaxis;  // um^2/min per unit of matrix
  double speed_limit; // um/min, of the drift
};

// The same for moves that last `time`: a move is drift * time + carry * w + noise, w becomes keep *
// w + noise, and the two noises are correlated.
struct TipRule {
  TipDrive drive;
  double time;         // min
  double keep;         // of w
  double carry;        // min
  double spread;       // um/min, standard deviation of w
  double kick;         // um/min, of what w gains in a move
  double along, apart; // um: of a move's noise, what goes with that gain and what does not
};

inline TipRule tip_rule(const TipDrive& d, double time) {
  const double p = d.persistence, e = exact::exp(-time / p), variance = d.diffusivity / p;
  TipRule r{d, time, e, p * (1 - e), std::sqrt(variance), 0, 0, 0};
  const double gained = variance * (1 - e * e), shared = variance * p * (1 - e) * (1 - e);
  const double moved = variance * p * p * (2 * time / p - 3 + 4 * e - e * e);
  if (gained <= 0) return r;
  r.kick = std::sqrt(gained);
  r.along = shared / r.kick;
  r.apart = std::sqrt(exact::max_of(0.0, moved - r.along * r.along));
  return r;
}

using Vector3 = std::array<double, 3>;

// um/min
inline Vector3 tip_drift(const TipDrive& d, const TipReading& around) {
  const double chi = d.chemotaxis / (1 + around.vegf / d.saturation);
  Vector3 u{};
  double speed2 = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    u[a] = chi * around.slope[a] + d.haptotaxis * around.matrix_slope[a];
    speed2 += u[a] * u[a];
  }
  const double speed = std::sqrt(speed2);
  if (speed > d.speed_limit)
    for (double& v : u) v *= d.speed_limit / speed;
  return u;
}

// Where a move takes a tip that nothing is in the way of, um. `w` is brought forward. `ease`, 0 to
// 1: how much of it the matrix lets happen. `chance`: six draws, 0 to 1.
inline Vector3 tip_move(const TipRule& r, const Vector3& drift, double ease, const double* chance,
                        Vector3& w) {
  Vector3 move{};
  for (std::size_t a = 0; a < 3; ++a) {
    const double first = exact::normal_quantile(chance[2 * a]),
                 second = exact::normal_quantile(chance[2 * a + 1]);
    move[a] = ease * (drift[a] * r.time + r.carry * w[a] + r.along * first + r.apart * second);
    w[a] = r.keep * w[a] + r.kick * first;
  }
  return move;
}

// The six draws of a tip's move.
inline std::array<double, 6> tip_chances(std::uint64_t seed, Purpose purpose, std::int32_t sprout,
                                         std::int64_t step, int substep) {
  std::array<double, 6> u{};
  for (std::size_t k = 0; k < 2; ++k) {
    const Draw d =
        draw(seed, purpose, static_cast<std::uint64_t>(sprout), static_cast<std::uint64_t>(step),
             static_cast<std::uint32_t>(substep) * 2 + static_cast<std::uint32_t>(k));
    for (std::size_t n = 0; n < 3; ++n) u[3 * k + n] = to_unit(d.word[n]);
  }
  return u;
}

// Positions of tips are multiples of this, so that a file holds them exactly.
inline constexpr double tip_grain = 1.0 / 1024; // um
inline double on_grain(double v) { return std::floor(v / tip_grain + 0.5) * tip_grain; }

// Where a move really ends. The faces of closed voxels stop it a grain before them and turn w back
// there; along them it goes on. A move is cut where it is longer than a voxel along an axis.
inline Vector3 tip_step(const Vector3& from, Vector3 move, std::uint32_t closed, const Lattice& l,
                        Vector3& w) {
  const double h = l.spacing;
  double longest = 0;
  for (const double m : move) longest = exact::max_of(longest, std::abs(m));
  if (longest > h)
    for (double& m : move) m *= h / longest;
  Vector3 to{};
  std::array<int, 3> at{};
  std::array<double, 3> when{}; // share of the move after which it leaves the voxel; 2: it does not
  const int n[3] = {l.nx, l.ny, l.nz};
  for (std::size_t a = 0; a < 3; ++a) {
    at[a] = exact::clamp(static_cast<int>(std::floor(from[a] / h)), 0, n[a] - 1);
    to[a] = on_grain(from[a] + move[a]);
    const double face = (to[a] < from[a] ? at[a] : at[a] + 1) * h;
    const bool leaves = to[a] < from[a] ? to[a] < face : to[a] >= face;
    when[a] = leaves ? (face - from[a]) / (to[a] - from[a]) : 2;
  }
  std::array<int, 3> gone{};
  for (int crossed = 0; crossed < 3; ++crossed) {
    std::size_t a = 0;
    for (std::size_t b = 1; b < 3; ++b)
      if (when[b] < when[a]) a = b;
    if (when[a] > 1) break;
    when[a] = 2;
    const int side = to[a] < from[a] ? -1 : 1;
    std::array<int, 3> next = gone;
    next[a] += side;
    if ((closed >> closed_bit(next[0], next[1], next[2]) & 1u) == 0) {
      gone = next;
      continue;
    }
    to[a] = side < 0 ? (std::floor(at[a] * h / tip_grain) + 1) * tip_grain
                     : (std::ceil((at[a] + 1) * h / tip_grain) - 1) * tip_grain;
    w[a] = -w[a];
  }
  return to;
}

// Moves of a vessel step: of a quarter of an hour, or shorter ones where a tip could leave a voxel
// and the next in one.
inline double tip_moves(double vessel_step, double spacing, const TipDrive& d) {
  constexpr double usual = 15;     // min
  constexpr double deviations = 4; // of w that hardly ever happen
  const double fastest = d.speed_limit + deviations * std::sqrt(d.diffusivity / d.persistence);
  return exact::max_of(1.0, exact::max_of(std::ceil(vessel_step / usual - 1e-9),
                                          std::ceil(vessel_step * fastest / spacing - 1e-9)));
}

// Share of 1.5 days' branching at a VEGF level relative to the reference: table of Anderson and
// Chaplain 1998.
inline double branching_probability(double relative_vegf) {
  if (relative_vegf < 0.3) return 0;
  if (relative_vegf < 0.5) return 0.2;
  if (relative_vegf < 0.7) return 0.3;
  return relative_vegf < 0.8 ? 0.4 : 1.0;
}

} // namespace metavox
