#include "fields/oxygen.hpp"

#include <cmath>

#include "core/launch.hpp"

namespace metavox {
namespace {

// A constant rate is the limit of small K_m; this value keeps the solver smooth and the profile
// within its width.
constexpr double constant_uptake_half = 0.05;

// Glucose of normal tissue relative to plasma: assumed, interstitial fluid being close to plasma.
constexpr double tissue_share_of_plasma = 0.8;

void set_living(float (&column)[32], double normal, double active, double resting, double immune) {
  const auto set = [&](KindMask kinds, int first, double value) {
    for (const Kind k : kinds_in(kinds))
      column[first + static_cast<int>(k)] = static_cast<float>(value);
  };
  set(normal_kinds, 0, normal);
  set(killer_kinds, 0, immune);
  set(tumour_kinds, 0, active);
  set(tumour_kinds, 16, resting);
}

} // namespace

double oxygen_uptake_per_voxel(const OxygenParameters& o, double spacing) {
  const double fmol_per_min = o.consumption * 1e15 * 60;
  return fmol_per_min / (o.solubility * spacing * spacing * spacing);
}

MetaboliteSettings oxygen_settings(const FieldSettings& p) {
  const OxygenParameters& o = p.oxygen;
  MetaboliteSettings s;
  s.diffusion = solver_settings("oxygen", o, p.max_cycles);
  s.transient = o.relaxation == Relaxation::transient;
  s.substeps = s.transient ? static_cast<int>(std::ceil(p.step / o.substep - 1e-9)) : 1;
  s.substep = p.step / s.substeps;

  const double full = oxygen_uptake_per_voxel(o, p.spacing);
  double at_tissue_pressure = 0; // what a normal cell takes up at p_t, mmHg/min
  if (o.uptake == Uptake::first_order) {
    const double k = o.first_order_rate;
    set_living(s.terms.loss, k * o.normal_factor, k, k * o.quiescent_factor, k * o.immune_factor);
    at_tissue_pressure = k * o.normal_factor * o.tissue_pressure;
  } else {
    const bool constant = o.uptake == Uptake::constant;
    const double half = constant ? constant_uptake_half : o.half_saturation;
    s.diffusion.half_saturation = half;
    set_living(s.terms.uptake, full * o.normal_factor, full, full * o.quiescent_factor,
               full * o.immune_factor);
    at_tissue_pressure = full * o.normal_factor * o.tissue_pressure / (o.tissue_pressure + half);
  }
  if (o.tissue_supply && o.arterial_pressure > o.tissue_pressure) {
    // Capillaries too fine to draw come with the normal cells they feed: at p_t supply and uptake
    // balance.
    const double kappa = at_tissue_pressure / (o.arterial_pressure - o.tissue_pressure);
    for (const Kind k : kinds_in(normal_kinds))
      s.terms.supply[static_cast<int>(k)] = static_cast<float>(kappa);
    s.terms.supply_level = static_cast<float>(o.arterial_pressure);
  }
  s.terms.loss[static_cast<int>(Kind::none)] += static_cast<float>(o.medium_exchange);
  s.terms.source[static_cast<int>(Kind::none)] +=
      static_cast<float>(o.medium_exchange * o.medium_pressure);
  for (float& loss : s.terms.loss) loss += static_cast<float>(o.decay);
  s.shutting = static_cast<float>(p.vessel_pressure);
  BloodSubstance& b = s.blood;
  b.diffusivity = o.diffusivity;
  b.dissolved = o.solubility;
  b.plasma = o.blood_solubility;
  b.haemoglobin = o.haemoglobin;
  b.half = o.p50;
  b.exponent = o.hill;
  b.wall = o.wall_permeability > 0 ? Wall::given : Wall::of_oxygen;
  b.permeability = o.wall_permeability;
  b.fixed = o.blood == BloodOxygen::fixed;
  b.level = o.fixed_pressure;
  return s;
}

MetaboliteSettings glucose_settings(const FieldSettings& p) {
  const GlucoseParameters& g = p.glucose;
  MetaboliteSettings s;
  s.diffusion = solver_settings("glucose", g, p.max_cycles);
  s.diffusion.half_saturation = g.half_saturation;
  s.substep = p.step;
  s.shutting = static_cast<float>(p.vessel_pressure);
  s.blood.diffusivity = g.diffusivity;
  s.blood.wall = Wall::given;
  s.blood.permeability = g.wall_permeability;
  s.blood.fixed = p.oxygen.blood == BloodOxygen::fixed;
  s.blood.level = s.blood.entering = g.plasma; // in all of the blood: it enters red cells freely
  const double h = p.spacing;
  const double litres = h * h * h * 1e-15;
  const double full = g.consumption * 1e3 * 60 / litres; // mM/min
  const OxygenParameters& o = p.oxygen;
  set_living(s.terms.uptake, full * o.normal_factor, full, full * o.quiescent_factor,
             full * o.immune_factor);
  // Normal tissue is fed as for oxygen: its own uptake is met at a share of the plasma's level.
  const double tissue = tissue_share_of_plasma * g.plasma;
  const double kappa =
      full * o.normal_factor * tissue / (tissue + g.half_saturation) / (g.plasma - tissue);
  for (const Kind k : kinds_in(normal_kinds))
    s.terms.supply[static_cast<int>(k)] = static_cast<float>(kappa);
  s.terms.supply_level = static_cast<float>(g.plasma);
  return s;
}

Metabolite::Metabolite(const FieldGrid& grid, const FieldRow& row,
                       const MetaboliteSettings& settings, bool traits_matter)
    : Field(grid, row, settings.diffusion), settings_(settings), traits_matter_(traits_matter) {
  settings_.blood.spacing = grid_.lattice.spacing;
  if (row.present) blood_ = std::make_unique<BloodExchange>(grid_.executor, settings_.blood);
}

BloodReport Metabolite::measure_blood(const BloodView& blood, Loan& loan) {
  if (!blood_) return {};
  blood_->look_at(blood, loan);
  return blood_->report(values().data(), lattice());
}

void Metabolite::relax(const CellView& cells, const ExcessView& excess, const BloodView& blood,
                       const FineSupply& supply, TraitFactors factor, bool first, Loan& loan) {
  if (!solved()) return;
  const auto process = grid_.executor.process(row().name);
  auto assemble = prepared<MetaboliteLaw>(cells, factor);
  assemble.terms = settings_.terms;
  assemble.traits_matter = traits_matter_;
  assemble.previous_rate = settings_.transient ? static_cast<float>(1 / settings_.substep) : 0.0f;
  assemble.uniform_loss = assemble.previous_rate;
  assemble.reached = supply.reached;
  assemble.pressure = supply.pressure;
  assemble.shutting = settings_.shutting;
  blood_->look_at(blood, loan);
  for (int n = 0; n < settings_.substeps; ++n) {
    grid_.executor.for_each_voxel(grid_.lattice, assemble);
    grid_.executor.for_each_index(excess.count, added(assemble, excess));
    solve(first && !settings_.transient ? Diffusion::Start::cold : Diffusion::Start::warm,
          blood_->any() ? blood_.get() : nullptr);
  }
}

Oxygen::Oxygen(const FieldGrid& grid, const FieldSettings& p)
    : Metabolite(grid, row_of(p), oxygen_settings(p), p.traits_mutate) {}

FieldRow Oxygen::row_of(const FieldSettings& p) {
  return {"oxygen",         "mmHg",          "oxygen partial pressure", true,
          p.oxygen.enabled, p.oxygen.frozen, p.oxygen.initial};
}

Glucose::Glucose(const FieldGrid& grid, const FieldSettings& p)
    : Metabolite(grid, row_of(p), glucose_settings(p), p.traits_mutate) {}

FieldRow Glucose::row_of(const FieldSettings& p) {
  return {"glucose",        "mM", "glucose", p.glucose.enabled, p.glucose.enabled, p.glucose.frozen,
          p.glucose.initial};
}

} // namespace metavox
