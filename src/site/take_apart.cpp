#include "site/take_apart.hpp"

#include <algorithm>

namespace metavox {

FieldSettings field_settings(const Parameters& p) {
  return {p.oxygen,
          p.glucose,
          p.proteinase,
          p.inhibitor,
          p.vegf,
          p.time.step,
          p.domain.spacing,
          p.fields.max_cycles,
          p.mutation.probability > 0};
}

PopulationSettings population_settings(const Parameters& p) {
  PopulationSettings s{};
  s.cycle = p.cycle;
  s.quiescence = p.quiescence;
  s.death = p.death;
  s.normal = p.normal;
  s.stem = p.stem;
  s.mutation = p.mutation;
  s.transition = p.transition;
  s.migration = p.migration;
  s.tracers = p.tracers;
  s.energy.oxygen_consumption = p.oxygen.consumption;
  s.energy.oxygen_half = p.oxygen.half_saturation;
  s.energy.glucose = p.glucose.enabled;
  s.energy.glucose_consumption = p.glucose.consumption;
  s.energy.glucose_half = p.glucose.half_saturation;
  s.energy.glucose_plasma = p.glucose.plasma;
  s.energy.rest = p.glucose.quiescence_atp;
  s.energy.death = p.glucose.necrosis_atp;
  const MatrixParameters& e = p.matrix;
  if (!e.initial.active())
    s.densest_matrix = std::max({e.maximum, e.density, e.layer_density, e.fibre_density});
  s.spacing = p.domain.spacing;
  s.step = p.time.step;
  s.motility_substeps = p.time.motility_substeps;
  return s;
}

StemStart stem_start(const Parameters& p) {
  return {p.stem.enabled ? p.stem.fraction : 0.0, p.stem.capacity};
}

VasculatureSettings vasculature_settings(const Parameters& p) {
  return {p.vessels,
          p.sprouting,
          p.flow,
          p.regression,
          {p.oxygen.blood == BloodOxygen::fixed, p.oxygen.inlet_oxygen, p.oxygen.tissue_pressure,
           p.flow.haematocrit},
          {p.matrix.frozen, p.matrix.contact_degradation, p.matrix.contact_weight,
           p.migration.squeeze, p.migration.squeeze_threshold, p.migration.squeeze_width},
          p.time.step,
          p.time.vessel_step};
}

} // namespace metavox
