// How the tip of a sprout moves: towards VEGF with receptor saturation, along the matrix, and a
// little at random.
//
// Jump probabilities of A. Anderson and M. Chaplain (1998, Bull. Math. Biol. 60:857) in three
// dimensions, with the saturating sensitivity chi_0 / (1 + V/K) of the same paper.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/exact.hpp"

namespace metavox {

// What surrounds a voxel: own value, then -x +x -y +y -z +z; beyond the box the own value again.
struct TipReading {
  float vegf[7];       // nM
  float matrix[7];     // E
  std::uint8_t closed; // bit a: direction a leads out of the box or into a basement membrane
  std::uint8_t tumour; // faces with living tumour cells
  std::uint8_t spare[2];
};

struct TipRule {
  double spacing;     // um
  double dt;          // min
  double diffusivity; // um^2/min
  double chemotaxis;  // um^2/min/nM, chi_0
  double saturation;  // nM, K_chi
  double haptotaxis;  // um^2/min per unit of matrix
  double speed_limit; // um/min
};

struct TipJump {
  double towards[6];
};

// Probabilities of a jump in each direction during dt. Central differences give the drift chi grad
// V exactly; where they would make a probability negative the upwind form takes over. Drift beyond
// the speed limit is scaled back to it.
inline TipJump tip_jump(const TipRule& r, const TipReading& around) {
  const double v = static_cast<double>(around.vegf[0]);
  const double chi = r.chemotaxis / (1 + v / r.saturation);
  double difference[6];
  for (int a = 0; a < 6; ++a)
    difference[a] = chi * (static_cast<double>(around.vegf[a + 1]) - v) +
                    r.haptotaxis * (static_cast<double>(around.matrix[a + 1]) -
                                    static_cast<double>(around.matrix[0]));
  // Excess of each direction over chance, um^2/min; the form is chosen once, so that scaling is
  // exact.
  double excess[6], drift2 = 0;
  for (int axis = 0; axis < 3; ++axis) {
    const double low = difference[2 * axis], high = difference[2 * axis + 1];
    const double quarter = (high - low) * 0.25;
    const bool central = quarter <= r.diffusivity && -quarter <= r.diffusivity;
    excess[2 * axis] = central ? -quarter : exact::max_of(0.0, low);
    excess[2 * axis + 1] = central ? quarter : exact::max_of(0.0, high);
    const double drift = (excess[2 * axis + 1] - excess[2 * axis]) / r.spacing; // um/min
    drift2 += drift * drift;
  }
  const double speed = std::sqrt(drift2);
  const double scale = speed > r.speed_limit ? r.speed_limit / speed : 1.0;
  const double k = r.dt / (r.spacing * r.spacing);
  TipJump jump{};
  for (int a = 0; a < 6; ++a) jump.towards[a] = k * (r.diffusivity + scale * excess[a]);
  double sum = 0;
  for (int a = 0; a < 6; ++a) {
    if ((around.closed >> a & 1) != 0) jump.towards[a] = 0;
    sum += jump.towards[a];
  }
  if (sum > 1)
    for (double& p : jump.towards) p /= sum;
  return jump;
}

// 0 ... 5, or -1 to stay, for u in [0, 1).
inline int choose(const TipJump& jump, double u) {
  double sum = 0;
  for (int a = 0; a < 6; ++a) {
    sum += jump.towards[a];
    if (u < sum) return a;
  }
  return -1;
}

// Substeps of a vessel step that keep the sum of probabilities below one.
inline int tip_substeps(double vessel_step, double spacing, double diffusivity,
                        double speed_limit) {
  const double jumps = vessel_step * (1.7320508075688772 * speed_limit / spacing +
                                      6 * diffusivity / (spacing * spacing));
  return exact::max_of(1, static_cast<int>(std::ceil(jumps - 1e-9)));
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
