#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "settings/units.hpp"
#include "site/rules.hpp"

namespace metavox {
namespace {

double densest_matrix(const MatrixParameters& m) {
  double densest = std::max({1.0, m.maximum, m.density});
  if (m.pattern == MatrixPattern::layers) densest = std::max(densest, m.layer_density);
  if (m.pattern == MatrixPattern::fibres) densest = std::max(densest, m.fibre_density);
  return densest;
}

double richest_oxygen(const OxygenParameters& o) {
  double richest = std::max(
      {o.initial, o.inlet_oxygen > 0 ? o.inlet_oxygen : 95.0, o.fixed_pressure, o.tissue_pressure});
  for (const Face& face : o.faces)
    if (face.kind == FaceKind::fixed) richest = std::max(richest, face.value);
  return richest;
}

// The six jump probabilities of a cell may not add up to more than 1, with all six at their largest
// at once: a sum that no cell of an allowed run passes. Population has another bound, most_jumps,
// for the tumour cells of the run at hand; it only spares cells whose draw lies beyond it a look at
// their neighbours.
void judge_jumps(const Parameters& p, Judge& judge) {
  const MigrationParameters& m = p.migration;
  const double drift = steepest_drift(m, densest_matrix(p.matrix), richest_oxygen(p.oxygen));
  const std::array<std::pair<const char*, double>, 3> kinds{
      {{"migration.mesenchymal", m.mesenchymal + drift},
       {"migration.epithelial", m.epithelial + drift},
       {"migration.stroma", m.stroma}}};
  const double h2 = p.domain.spacing * p.domain.spacing;
  for (const auto& [key, jump] : kinds) {
    const double sum = 6.0 * jump * p.time.step / p.time.motility_substeps / h2;
    if (sum <= 1.0) continue;
    judge.complain({key, "migration.haptotaxis", "migration.chemotaxis", "time.motility_substeps",
                    "time.step", "domain.spacing"},
                   std::string(key) +
                       " with haptotaxis and chemotaxis makes a cell jump with probability " +
                       format_number(std::round(sum * 1000) / 1000) +
                       " in one round, which must not pass 1; type time.motility_substeps: " +
                       format_number(std::ceil(sum * p.time.motility_substeps)) + " or more");
    return;
  }
}

} // namespace

void judge_movement(const Parameters& p, Judge& judge) {
  const MigrationParameters& m = p.migration;
  if (m.enabled && m.chemotaxis != 0.0 && !p.oxygen.enabled)
    judge.complain({"migration.chemotaxis", "oxygen.enabled"},
                   "migration.chemotaxis follows oxygen, but oxygen.enabled is false; type "
                   "oxygen.enabled: true or migration.chemotaxis: 0 um^2/min/mmHg");
  if (p.tracers.count > 0 && !m.enabled)
    judge.complain({"tracers.count", "migration.enabled"},
                   "tracers.count asks for walkers, but migration.enabled is false; type "
                   "migration.enabled: true");
  if (p.tracers.count > 0) judge_point(p, judge, "tracers.start", p.tracers.start);
  if (m.enabled) judge_jumps(p, judge);
}

} // namespace metavox
