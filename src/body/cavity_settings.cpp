#include "body/cavity_settings.hpp"

#include <cmath>
#include <cstddef>

#include "body/body_settings.hpp"
#include "settings/section.hpp"
#include "settings/sources.hpp"
#include "settings/text.hpp"

namespace metavox {
namespace {

constexpr double sum_tolerance = 1e-6;

void describe_surface(Section<SurfaceParameters>& s) {
  using P = SurfaceParameters;
  s.text(&P::organ, "organ")
      .example("peritoneum")
      .means("One of body.organs.")
      .from(sources::run_choice);
  s.number(&P::share, "share")
      .a_share()
      .example("0.9")
      .means("Share of the cells that attach; those of all surfaces add up to one.")
      .from("assumed");
}

// The only surface where a file names none.
std::string surface_for(const BodyParameters& p) {
  for (const PrimaryParameters& primary : p.primaries)
    if (primary.name == p.primary && (primary.organ == "lung" || primary.organ == "breast"))
      return "pleura";
  return "peritoneum";
}

} // namespace

void describe(Section<CavityParameters>& s) {
  using P = CavityParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("false")
      .switches()
      .means(
          "Cells that are shed through a broken serosa float in the cavity behind it, die there or "
          "attach to what surrounds it. Needed where the primary's lattice has serosa.faces.")
      .from("a choice: off");
  s.number(&P::rate, "rate", "1/min")
      .between(0, 10)
      .normally("1e-3 1/day")
      .means("Rate at which a cell is shed that stands at the broken serosa of a primary which the "
             "body counts; what a lattice sheds is serosa.rate's.")
      .from("assumed: as serosa.rate; explore 1e-4 to 1e-1 1/day");
  s.number(&P::exposed, "exposed")
      .a_share()
      .normally("0")
      .example("0.1")
      .means(
          "Share of the surface of a primary which the body counts that stands at broken serosa; "
          "0: not said: none of one that had no window, and of one whose window has closed as much "
          "as it shed last, per cell at the surface of a sphere.")
      .from("a choice: a counter knows no place, so whether it has reached a serosa must be said "
            "where no lattice told");
  s.number(&P::death, "death", "1/min")
      .between(0, 10)
      .normally("1 1/day")
      .means("Rate at which a floating cell dies for want of hold, before resistance.")
      .from("assumed: as death.anoikis, a day without hold");
  s.number(&P::resistance_epithelial, "resistance_epithelial")
      .a_share()
      .normally("0.3")
      .means("Share of that death that E-like cells escape.")
      .from("assumed: as death.resistance_epithelial");
  s.number(&P::resistance_mesenchymal, "resistance_mesenchymal")
      .a_share()
      .normally("0.9")
      .means("Share of that death that M-like cells escape.")
      .from("assumed: as death.resistance_mesenchymal");
  s.number(&P::attachment, "attachment", "1/min")
      .between(0, 10)
      .normally("0.1 1/h")
      .means("Rate at which a floating cell attaches to a surface; it has landed then.")
      .from("assumed; explore 0.01 to 1 1/h");
  s.list(&P::surfaces, "surfaces", describe_surface)
      .means("Organs with a surface in the cavity. Where none is named, cells attach in the organ "
             "pleura if the primary's is lung or breast, else in the peritoneum.")
      .example("{organ: peritoneum, share: 0.9}");
}

void judge_cavity(const BodyParameters& p, Judge& judge) {
  const CavityParameters& c = p.cavity;
  if (!c.enabled) return;
  if (c.surfaces.empty()) {
    if (find_organ(p, surface_for(p)) < 0)
      judge.complain({"cavity.enabled"},
                     judge.key("cavity.enabled") + ": there is no organ " + surface_for(p) +
                         " among body.organs for cells to attach to; type for example\n  cavity: "
                         "{surfaces: [{organ: " +
                         (p.organs.empty() ? "peritoneum" : p.organs[0].name) + ", share: 1}]}");
    return;
  }
  double sum = 0;
  for (std::size_t k = 0; k < c.surfaces.size(); ++k) {
    const std::string at = "cavity.surfaces[" + std::to_string(k) + "].organ";
    judge_organ_name(p, judge, at, c.surfaces[k].organ);
    sum += c.surfaces[k].share;
  }
  if (std::abs(sum - 1) > sum_tolerance)
    judge.complain({"cavity.surfaces[0].share"}, "the shares of " + judge.key("cavity.surfaces") +
                                                     " add up to " + text_of("%.9g", sum) +
                                                     ", not to 1");
}

std::vector<double> surfaces_of(const BodyParameters& p) {
  std::vector<double> shares(p.organs.size(), 0.0);
  if (!p.cavity.enabled) return shares;
  double sum = 0;
  for (const SurfaceParameters& s : p.cavity.surfaces) {
    shares[static_cast<std::size_t>(organ_index(p, s.organ))] += s.share;
    sum += s.share;
  }
  for (double& share : shares) share = sum > 0 ? share / sum : 0;
  if (p.cavity.surfaces.empty())
    shares[static_cast<std::size_t>(organ_index(p, surface_for(p)))] = 1;
  return shares;
}

} // namespace metavox
