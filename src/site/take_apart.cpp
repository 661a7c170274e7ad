#include "site/take_apart.hpp"

#include <algorithm>

namespace metavox {

Pace pace_of(const Parameters& p) {
  const auto f32 = [](double v) { return static_cast<float>(v); };
  const auto per_min = [&](double time) { return p.cycle.enabled ? f32(1 / time) : 0.0f; };
  Pace pace{};
  pace.physicell_ramp = p.cycle.law == CycleLaw::physicell;
  pace.epithelial = per_min(p.cycle.epithelial);
  pace.mesenchymal = per_min(p.cycle.mesenchymal);
  pace.half_pressure = f32(p.cycle.half_pressure);
  pace.ramp_low = f32(p.cycle.ramp_low);
  pace.ramp_high = f32(p.cycle.ramp_high);
  pace.inhibited = p.growth.inhibition;
  pace.half = f32(p.growth.half_pressure);
  pace.outside = f32(p.growth.external_pressure);
  return pace;
}

std::array<bool, 6> open_faces(const Parameters& p) {
  const std::array<bool, 6> serosal = serosal_faces(p.serosa);
  std::array<bool, 6> open{};
  for (std::size_t a = 0; a < 6; ++a) {
    const bool wanted =
        p.growth.faces == GrowthFaces::open ||
        (p.growth.faces == GrowthFaces::by_oxygen && p.oxygen.faces[a].kind == FaceKind::fixed);
    open[a] = wanted && p.domain.voxels[a / 2] > 1 && !serosal[a];
  }
  return open;
}

FieldSettings field_settings(const Parameters& p) {
  return {p.oxygen,
          p.glucose,
          p.proteinase,
          p.inhibitor,
          p.vegf,
          p.time.step,
          p.domain.spacing,
          p.fields.max_cycles,
          p.mutation.probability > 0,
          p.regression.occlusion_pressure,
          p.growth,
          open_faces(p),
          p.death.apoptotic_body,
          p.death.debris_clearance,
          pace_of(p)};
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
  s.departures = {p.intravasation.enabled ? p.intravasation.rate : 0,
                  p.lymphatics.enabled ? p.lymphatics.rate : 0, p.serosa.rate,
                  p.intravasation.epithelial, p.intravasation.clustering};
  s.arrest = p.arrest;
  s.landing = p.landing;
  s.growth = {p.growth.mobility > 0, pace_of(p),     p.growth.mobility, open_faces(p),
              p.growth.matrix_yield, p.growth.spread};
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

bool cells_leave(const Parameters& p) {
  return p.intravasation.enabled || p.lymphatics.enabled || !p.serosa.faces.empty();
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
          {p.intravasation.enabled, 1 + p.intravasation.leakiness, p.intravasation.tight,
           p.matrix.contact_degradation / p.matrix.membrane_resistance,
           1 / p.intravasation.healing},
          p.time.step,
          p.time.vessel_step};
}

} // namespace metavox
