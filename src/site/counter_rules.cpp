// What cells and membranes count per voxel has few bits. Where a time of the configuration does not
// fit them the result would follow time.step, so it is refused.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/exact.hpp"
#include "settings/units.hpp"
#include "site/rules.hpp"
#include "tissue/matrix.hpp"

namespace metavox {
namespace {

constexpr double most_steps = 65535; // of a cell's timer, 16 bits

// Rounded to `digits` significant ones in the direction that still fits.
double rounded_up(double v) {
  const double unit = std::pow(10.0, std::floor(std::log10(v)) - 3);
  return std::ceil(v / unit * (1 - 1e-12)) * unit;
}
double rounded_down(double v) {
  const double unit = std::pow(10.0, std::floor(std::log10(v)) - 3);
  return std::floor(v / unit * (1 + 1e-12)) * unit;
}

// As people write it, free of the last bits that a product with a power of ten leaves.
std::string in_minutes(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g min", v);
  return text;
}

void judge_lifetime(const Parameters& p, Judge& judge, const std::string& key, double lifetime) {
  const double steps = std::floor(lifetime / p.time.step + 0.5);
  if (steps <= most_steps) return;
  judge.complain({key, "time.step"},
                 key + " takes " + std::to_string(static_cast<long long>(steps)) +
                     " steps of time.step (" + format_number(p.time.step) +
                     " min); cells count at most 65535; the longest that fits is " + key + ": " +
                     in_minutes(rounded_down(most_steps * p.time.step)) +
                     ", the shortest step that fits is time.step: " +
                     in_minutes(rounded_up(lifetime / most_steps)));
}

// A cell enters or leaves rest with a chance per step that is kept in 65536ths; fewer than 25 of
// them would be rounded by more than 2 %.
void judge_delay(const Parameters& p, Judge& judge) {
  const double delay = p.quiescence.delay, least = 25.0 / 65536;
  if (delay <= 0 || 1 - exact::exp(-p.time.step / delay) >= least) return;
  const double steps = -1 / std::log(1 - least); // of the longest delay that fits
  judge.complain(
      {"quiescence.delay", "time.step"},
      "quiescence.delay is " + std::to_string(std::llround(delay / p.time.step)) +
          " steps of time.step (" + format_number(p.time.step) +
          " min), too many for the chance that a cell rests in one of them; the longest "
          "that fits is quiescence.delay: " +
          in_minutes(rounded_down(steps * p.time.step)) +
          ", the shortest step that fits is time.step: " + in_minutes(rounded_up(delay / steps)));
}

// What a single M-like neighbour wears off in a step is a whole number of ticks; fewer than 25 of
// them would be cut by more than 4 %.
void judge_membranes(const Parameters& p, Judge& judge) {
  const MatrixParameters& m = p.matrix;
  const double weight = m.contact_weight > 0 ? std::min(1.0, m.contact_weight) : 1.0;
  const double per_min = m.contact_degradation * weight * membrane_intact / m.membrane_resistance;
  if (p.tissue.membranes.empty() || m.frozen || per_min <= 0 || per_min * p.time.step >= 25) return;
  judge.complain(
      {"matrix.membrane_resistance", "matrix.contact_degradation", "time.step"},
      "matrix.membrane_resistance lasts " +
          std::to_string(std::llround(membrane_intact / (per_min * p.time.step))) +
          " steps of time.step (" + format_number(p.time.step) +
          " min) beside an M-like cell, more than a membrane counts; the largest that fits is "
          "matrix.membrane_resistance: " +
          format_number(rounded_down(m.membrane_resistance * per_min * p.time.step / 25)) +
          ", the shortest step that fits is time.step: " + in_minutes(rounded_up(25 / per_min)));
}

} // namespace

void judge_counters(const Parameters& p, Judge& judge) {
  judge_lifetime(p, judge, "death.apoptotic_body", p.death.apoptotic_body);
  if (p.quiescence.enabled) {
    judge_lifetime(p, judge, "quiescence.survival", p.quiescence.survival);
    judge_delay(p, judge);
  }
  judge_membranes(p, judge);
  if (p.arrivals.enabled) judge_lifetime(p, judge, "landing.doomed_until", p.landing.doomed_until);
}

} // namespace metavox
