// How much of a substance blood holds at a level, and the level of blood that holds so much.
//
// Oxygen: C(p, H) = H C_Hb S(p) + a_b p with Hill's S = x^n / (1 + x^n), x = p / p50. Anything else
// is dissolved in all of the blood: C(c) = c.
#pragma once

#include <vector>

#include "core/exact.hpp"

namespace metavox {

// Hill's curve as cubic pieces of an eighth of a mmHg up to 128 mmHg, error 4e-9; beyond, itself.
// Its power would take six times as long.
struct SaturationCurve {
  static constexpr int cells = 1024;
  static constexpr double end = 128; // mmHg
  const double* table = nullptr;     // value and slope times a cell's width, at cells + 1 places
  double half = 27, exponent = 2.7;

  MV_HD static double hill(double p, double half, double exponent) {
    const double x = exact::pow(p / half, exponent);
    return x / (1.0 + x);
  }
  // S at p >= 0 in mmHg, and dS/dp.
  MV_HD double at(double p, double& slope) const {
    constexpr double per_mmhg = cells / end;
    if (!(p > 0.0)) {
      slope = 0.0;
      return 0.0;
    }
    if (p >= end) {
      const double s = hill(p, half, exponent);
      slope = exponent * s * (1.0 - s) / p;
      return s;
    }
    const double u = p * per_mmhg;
    const int cell = static_cast<int>(u);
    const double t = u - cell;
    const double* low = table + 2 * cell;
    const double rise = low[2] - low[0];
    const double b = 3.0 * rise - 2.0 * low[1] - low[3], c = low[1] + low[3] - 2.0 * rise;
    slope = (low[1] + t * (2.0 * b + t * (3.0 * c))) * per_mmhg;
    return low[0] + t * (low[1] + t * (b + t * c));
  }
  static std::vector<double> make_table(double half, double exponent) {
    std::vector<double> table;
    constexpr double width = end / cells;
    for (int k = 0; k <= cells; ++k) {
      const double p = k * width, s = k > 0 ? hill(p, half, exponent) : 0.0;
      table.push_back(s);
      table.push_back(k > 0 ? exponent * s * (1.0 - s) / p * width : 0.0);
    }
    return table;
  }
};

struct BloodContent {
  SaturationCurve curve;
  double haemoglobin = 0; // fmol/um^3 of red cells that are full; 0: only dissolved
  double solubility = 1;  // amount per um^3 and level
  // Amount per um^3 of blood of this haematocrit at this level.
  MV_HD double of(double level, double haematocrit) const {
    double slope;
    const double dissolved = solubility * level;
    if (haemoglobin <= 0.0) return dissolved;
    return haematocrit * haemoglobin * curve.at(level, slope) + dissolved;
  }
  // The p in [low, high] with bound S(p) + free p = amount, and the slope there. Newton's method
  // from `start`, halving where it would leave the bracket.
  MV_HD double level(double bound, double free, double amount, double low, double high,
                     double start, double& slope) const {
    if (bound <= 0.0) {
      slope = free;
      return exact::max_of(amount / free, 0.0);
    }
    double p = exact::clamp(start, low, high);
    for (int round = 0; round < 40; ++round) {
      double d;
      const double excess = bound * curve.at(p, d) + free * p - amount;
      slope = bound * d + free;
      if (excess > 0.0)
        high = p;
      else
        low = p;
      const double next = p - excess / slope;
      const double inside = next >= low && next <= high ? next : 0.5 * (low + high);
      const double change = inside > p ? inside - p : p - inside;
      p = inside;
      if (change <= 1e-13 * (p + 1e-3)) break;
    }
    double d;
    curve.at(p, d);
    slope = bound * d + free;
    return p;
  }
};

} // namespace metavox
