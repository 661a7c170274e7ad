#include <algorithm>
#include <cmath>
#include <string>

#include "settings/text.hpp"
#include "settings/units.hpp"
#include "site/rules.hpp"

namespace metavox {
namespace {

// Oxygen falls to nothing over some 100 um of tissue, so no place in a thinner box is far from a
// face that holds a field.
constexpr double thin = 200; // um

void judge_faces(const Parameters& p, Judge& judge, const std::string& name, const Faces& faces) {
  const std::string unit = judge.setting(name + ".faces").unit;
  std::string axes, closed, value;
  double thickness = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    const Face &low = faces[2 * a], &high = faces[2 * a + 1];
    const bool holds = low.kind == FaceKind::fixed || high.kind == FaceKind::fixed;
    if (!holds || edge(p, a) > thin) continue;
    const std::string axis(1, "xyz"[a]);
    axes += (axes.empty() ? "" : " and ") + axis;
    closed += (closed.empty() ? "" : ", ") + axis + "_low: no_flux, " + axis + "_high: no_flux";
    value = format_number(low.kind == FaceKind::fixed ? low.value : high.value);
    thickness = std::max(thickness, edge(p, a));
  }
  if (axes.empty()) return;
  judge.note({name + ".faces", "domain.voxels", "domain.size"},
             "the box is " + text_of("%.6g", thickness) + " um thick along " + axes +
                 ", where its faces hold " + name + " at " + value +
                 (unit.empty() ? "" : " " + unit) + ": no cell is far from them; type " + name +
                 ".faces: {" + closed + "} for a slice of thick tissue");
}

// Slow exchange is felt over a layer of medium, across which pressure falls before the tissue
// begins.
void judge_medium(const Parameters& p, Judge& judge) {
  const OxygenParameters& o = p.oxygen;
  const double h = p.domain.spacing * p.fields.coarsen;
  const double layer = std::sqrt(o.diffusivity / std::max(o.medium_exchange, 1e-9));
  if (o.medium_exchange <= 0 || layer <= h) return;
  judge.note({"oxygen.medium_exchange"},
             "oxygen.medium_exchange of " + format_number(o.medium_exchange) +
                 " 1/min leaves a layer of " + text_of("%.3g", layer) +
                 " um beside the tissue unstirred, so its surface gets less than medium_pressure; "
                 "for stirred medium type " +
                 text_of("%.1g", 100 * o.diffusivity / (h * h)) + " 1/min");
}

void judge_spacing(const Parameters& p, Judge& judge) {
  constexpr double usual = 20; // um, the default that the others were chosen for
  const double h = p.domain.spacing, volume = h * h * h / (usual * usual * usual);
  if (std::abs(h - usual) <= 0.05 * usual) return;
  judge.note(
      {"domain.spacing"},
      "a voxel of " + format_number(h) + " um holds one cell, so tissue has " +
          text_of("%.3g", 1 / volume) +
          " times the cells per volume of the usual 20 um; for the same tissue multiply what "
          "a cell takes and gives (oxygen.consumption, glucose.consumption, "
          "vegf.basal_secretion, vegf.hypoxic_secretion) by " +
          text_of("%.3g", volume) + "; dense fronts and crushing still depend on the spacing");
}

} // namespace

void judge_traps(const Parameters& p, Judge& judge) {
  const auto solved = [](bool enabled, const Frozen& frozen) {
    return enabled && !frozen.active();
  };
  if (solved(p.oxygen.enabled, p.oxygen.frozen)) {
    judge_faces(p, judge, "oxygen", p.oxygen.faces);
    judge_medium(p, judge);
  }
  if (solved(p.glucose.enabled, p.glucose.frozen))
    judge_faces(p, judge, "glucose", p.glucose.faces);
  if (solved(p.vegf.enabled, p.vegf.frozen)) judge_faces(p, judge, "vegf", p.vegf.faces);
  judge_spacing(p, judge);
}

} // namespace metavox
