#include "body/lesion_growth.hpp"

#include <cmath>

#include "core/constants.hpp"
#include "core/exact.hpp"
#include "settings/days.hpp"

namespace metavox {
namespace {

double cube_root(double x) { return exact::pow(x, 1.0 / 3); }

} // namespace

double cells_of_diameter(const LesionParameters& law, double diameter) {
  return law.density * pi / 6 * diameter * diameter * diameter;
}
double diameter_of_cells(const LesionParameters& law, double cells) {
  return cube_root(6 / pi * cells / law.density);
}

double shed_by(const SheddingParameters& s, const LesionParameters& law, double cells) {
  if (cells < law.avascular) return 0;
  const double reference = cells_of_diameter(law, s.diameter);
  return s.fraction * s.rate * minutes_per_day * exact::pow(cells / reference, 1 - s.exponent);
}

LesionClock::LesionClock(const LesionParameters& law, const LesionPace& pace)
    : law_(law.growth), avascular_(law.avascular), luck_(pace.luck),
      early_rate_(ln2 / (pace.doubling * pace.early)), rate_(ln2 / pace.doubling),
      linear_cells_(cells_of_diameter(law, law.linear_above)),
      fastest_(law.radial_fastest * minutes_per_day * pace.fastness),
      radial_rate_(law.radial_rate * minutes_per_day * pace.fastness), scale_(law.radial_cells),
      bend_(0), bend_day_(0) {
  if (radial_rate_ > fastest_) {
    const double x = radial_rate_ / fastest_ - 1;
    bend_ = scale_ * x * x * x;
    bend_ = bend_ < luck_ ? luck_ : bend_;
    bend_day_ = exact::log(bend_ / luck_) / fastest_;
  } else {
    bend_ = luck_;
  }
  reached_ = law_ == LesionGrowth::radial ? radial_day(avascular_)
                                          : exact::log(avascular_ / luck_) / early_rate_;
  vessels_ = reached_ + pace.wait;
  linear_day_ = vessels_ + exact::log(linear_cells_ / avascular_) / rate_;
}

// With x = (N/N_s)^(1/3): 3 (1 + x) dx / x = r dt.
double LesionClock::radial_day(double cells) const {
  if (cells <= bend_) return exact::log(cells / luck_) / fastest_;
  const double x = cube_root(cells / scale_), x0 = cube_root(bend_ / scale_);
  return bend_day_ + 3 * (exact::log(x / x0) + x - x0) / radial_rate_;
}

double LesionClock::radial_cells(double day) const {
  if (day <= bend_day_) return luck_ * exact::exp(day * fastest_);
  const double x0 = cube_root(bend_ / scale_);
  const double wanted = (day - bend_day_) * radial_rate_ / 3 + exact::log(x0) + x0;
  double x = wanted > 1 ? wanted : exact::exp(wanted - 1); // ln x + x = wanted
  for (int k = 0; k < 12; ++k) {
    const double next = x * (1 + wanted - exact::log(x)) / (1 + x); // Newton
    x = next > 0 ? next : 0.5 * x;
  }
  return scale_ * x * x * x;
}

double LesionClock::day_of(double cells) const {
  if (law_ == LesionGrowth::radial)
    return radial_day(cells) + (cells > avascular_ ? vessels_ - reached_ : 0);
  if (cells <= avascular_) return exact::log(cells / luck_) / early_rate_;
  if (cells <= linear_cells_) return vessels_ + exact::log(cells / avascular_) / rate_;
  // d ln D/dt was rate/3 at the bend.
  return linear_day_ + (cube_root(cells / linear_cells_) - 1) * 3 / rate_;
}

double LesionClock::cells_on(double day) const {
  if (day < 0) return 0;
  if (day > reached_ && day < vessels_) return avascular_;
  if (law_ == LesionGrowth::radial)
    return radial_cells(day <= reached_ ? day : day - (vessels_ - reached_));
  if (day <= reached_) return luck_ * exact::exp(day * early_rate_);
  if (day <= linear_day_) return avascular_ * exact::exp((day - vessels_) * rate_);
  const double times = 1 + (day - linear_day_) * rate_ / 3;
  return linear_cells_ * times * times * times;
}

} // namespace metavox
