#include "body/lesion.hpp"

#include <algorithm>
#include <cmath>

#include "body/lesion_growth.hpp"
#include "core/constants.hpp"
#include "core/counts.hpp"
#include "core/exact.hpp"
#include "settings/days.hpp"

namespace metavox {
namespace {

constexpr std::int64_t few = 1000;   // below, chance decides
constexpr double most_growth = 20;   // exponent of a step: e^20 times as many
constexpr double most_births = 1e18; // that whole numbers hold

// In place of the organ in the identity of a draw.
constexpr std::uint64_t of_births = 0, of_deaths = 1, of_vessels = 2;

CountKey key_of(const Lesion& lesion, std::uint64_t what, std::uint64_t seed, std::uint64_t step) {
  return {seed, Purpose::counter, static_cast<std::uint64_t>(lesion.number) * 64 + what, step,
          lesion.origin == Origin::forced ? 1u : 0u};
}

// A number of that mean, the whole one below or above.
std::int64_t rounded(const CountKey& key, double mean) {
  return static_cast<std::int64_t>(mean + counts::pair_of(key, 0).u);
}

} // namespace

const char* name_of(Origin origin) {
  switch (origin) {
  case Origin::primary: return "primary";
  case Origin::natural: return "natural";
  case Origin::nodal: return "nodal";
  case Origin::forced: break;
  }
  return "forced";
}

LesionLaw::LesionLaw(const LesionParameters& law, double doubling, double step,
                     const std::vector<OrganParameters>& organs)
    : law_(law) {
  const double days = step / minutes_per_day;
  primary_rate_ = ln2 / doubling * days;
  rate_ = primary_rate_ * law.ratio;
  early_rate_ = rate_ / law.early;
  const double fastness = law.doubling / minutes_per_day / doubling;
  fastest_ = law.radial_fastest * step * fastness;
  radial_ = {law.radial_rate * step * fastness, law.radial_cells};
  for (const OrganParameters& o : organs)
    radial_in_.push_back({o.radial_rate * step * fastness, o.radial_cells});
  linear_cells_ = cells_of_diameter(law, law.linear_above);
  death_ = exact::chance(law.death, step);
  vessels_ = law.vessels > 0 ? 1 - exact::exp(-step / law.vessels) : 1;
}

const LesionLaw::Radial& LesionLaw::radial_of(const Lesion& lesion) const {
  const auto organ = static_cast<std::size_t>(lesion.organ);
  return lesion.origin == Origin::primary || organ >= radial_in_.size() ? radial_
                                                                        : radial_in_[organ];
}

double LesionLaw::exponent(const Lesion& lesion, double room) const {
  if (lesion.cells <= 0 || lesion.asleep || !(room > 0)) return 0;
  const auto n = static_cast<double>(lesion.cells);
  const bool waits = n >= law_.avascular && !lesion.vascular;
  if (waits) return 0;
  if (law_.growth == LesionGrowth::radial) {
    const Radial& radial = radial_of(lesion);
    const auto rate = [&](double cells) {
      return std::min(fastest_, radial.rate / (1 + exact::pow(cells / radial.cells, 1.0 / 3)));
    };
    return room * rate(n * exact::exp(0.5 * std::min(rate(n), most_growth))); // in mid-step
  }
  const double rate = lesion.origin == Origin::primary ? primary_rate_
                      : lesion.vascular                ? rate_
                                                       : early_rate_;
  return room * rate * (n > linear_cells_ ? exact::pow(linear_cells_ / n, 1.0 / 3) : 1);
}

void LesionLaw::advance(Lesion& lesion, double exponent, std::int64_t departed, std::int64_t fits,
                        std::uint64_t seed, std::uint64_t step) const {
  const bool by_chance = lesion.cells < few;
  const double gain = exact::exp(std::min(exponent, most_growth)) - 1; // cells per cell
  const auto n = static_cast<double>(lesion.cells);
  std::int64_t grown = 0, died = 0;
  const CountKey births = key_of(lesion, of_births, seed, step);
  if (by_chance) {
    // Deaths are made up for by births: the rate of growth is net of them too.
    died = binomial(key_of(lesion, of_deaths, seed, step), lesion.cells, death_);
    const double each = gain > 0 ? gain + death_ : 0;
    const auto whole = static_cast<std::int64_t>(each);
    grown =
        whole * lesion.cells + binomial(births, lesion.cells, each - static_cast<double>(whole));
  } else if (gain > 0) {
    grown = rounded(births, std::min(n * gain, most_births));
  }
  grown = std::min(grown, std::max<std::int64_t>(0, fits) + died);
  // Without vessels it stands at `avascular` cells, unless these come at once.
  if (!lesion.vascular) {
    const auto limit = static_cast<std::int64_t>(std::llround(law_.avascular));
    if (vessels_ < 1)
      grown = std::min(grown, std::max<std::int64_t>(0, limit + died - lesion.cells));
    if (lesion.cells + (vessels_ < 1 ? 0 : grown) >= limit && !lesion.asleep &&
        counts::pair_of(key_of(lesion, of_vessels, seed, step), 0).u < vessels_)
      lesion.vascular = true;
  }
  lesion.births += grown + departed;
  lesion.deaths += died;
  lesion.departed += departed;
  lesion.cells += grown - died;
}

} // namespace metavox
