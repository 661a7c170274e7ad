#include "body/dying.hpp"

#include <algorithm>
#include <cstddef>

#include "body/body_settings.hpp"
#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {

void describe(Section<DyingParameters>& s) {
  using P = DyingParameters;
  s.boolean(&P::lesions, "lesions")
      .derived("true with body.patients, false where a body is followed hour by hour")
      .example("true")
      .means("The patient dies when an organ has lost organs[].threshold of its volume to lesions, "
             "or when all of them together are `burden`. Nothing moves in a body after that.")
      .from(sources::run_choice);
  s.boolean(&P::others, "others")
      .normally("false")
      .means("Other deaths come too, by host.mortality: for bodies followed hour by hour; patients "
             "of a cohort always have them.")
      .from(sources::run_choice);
  s.number(&P::burden, "burden", "um^3")
      .above(0)
      .normally("1 L")
      .example("1 L")
      .means("Volume of all lesions that is lethal wherever they are; primaries with "
             "primaries[].in_burden: false are no part of it.")
      .from("assumed: a kilogram of tumour");
}

LethalLoad::LethalLoad(const BodyParameters& body)
    : burden_(body.death.burden), home_(0), primary_counts_(false) {
  for (const OrganParameters& o : body.organs) {
    volume_.push_back(o.volume);
    lethal_.push_back(o.threshold * o.volume);
  }
  const PrimaryParameters& primary = primary_named(body, body.primary);
  home_ = static_cast<std::size_t>(organ_index(body, primary.organ));
  primary_counts_ = primary.in_burden;
}

double LethalLoad::function(std::size_t organ, double lesions) const {
  return std::max(0.0, 1 - lesions / volume_[organ]);
}

Verdict LethalLoad::judge(const std::vector<double>& metastases, double primary) const {
  Verdict v;
  double all = 0, largest = -1;
  std::size_t most = home_;
  for (std::size_t o = 0; o < metastases.size(); ++o) {
    all += metastases[o];
    const double own = o == home_ ? primary : 0;
    const double here = metastases[o] + own;
    if (metastases[o] + (primary_counts_ ? own : 0) > largest)
      largest = metastases[o] + (primary_counts_ ? own : 0), most = o;
    if (!(lethal_[o] > 0) || here / lethal_[o] <= v.load) continue;
    v.load = here / lethal_[o];
    v.organ = static_cast<std::int32_t>(o);
    v.of_metastases = metastases[o] >= own;
    v.cause = DeathOf::organ;
  }
  if (v.load >= 1) return v;
  const double counted = primary_counts_ ? primary : 0;
  const double load = (all + counted) / burden_;
  if (load > v.load) v = {DeathOf::burden, static_cast<std::int32_t>(most), all >= counted, load};
  if (v.load < 1) v.cause = DeathOf::none;
  return v;
}

} // namespace metavox
