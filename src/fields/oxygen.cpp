#include "fields/oxygen.hpp"

#include <cmath>

#include "core/launch.hpp"

namespace metavox {
namespace {

// A constant rate is the limit of small K_m; this value keeps the solver smooth and the profile
// within its width.
constexpr double constant_uptake_half = 0.05;

void set_living(float (&column)[32], double normal, double active, double resting, double immune) {
  const auto at = [&](Kind k) -> float& { return column[static_cast<int>(k)]; };
  at(Kind::parenchyma) = at(Kind::stroma) = static_cast<float>(normal);
  at(Kind::epithelial) = at(Kind::mesenchymal) = static_cast<float>(active);
  at(Kind::t_cell) = static_cast<float>(immune);
  column[static_cast<int>(Kind::epithelial) + 16] = static_cast<float>(resting);
  column[static_cast<int>(Kind::mesenchymal) + 16] = static_cast<float>(resting);
}

} // namespace

double oxygen_uptake_per_voxel(const OxygenParameters& o, double spacing) {
  const double fmol_per_min = o.consumption * 1e15 * 60;
  return fmol_per_min / (o.solubility * spacing * spacing * spacing);
}

MetaboliteSettings oxygen_settings(const Parameters& p) {
  const OxygenParameters& o = p.oxygen;
  MetaboliteSettings s{};
  s.diffusion.name = "oxygen";
  s.diffusion.diffusivity = o.diffusivity;
  s.diffusion.tolerance = o.tolerance;
  s.diffusion.max_cycles = p.fields.max_cycles;
  s.diffusion.faces = o.faces;
  s.enabled = o.enabled;
  s.frozen = o.frozen.active();
  s.transient = o.relaxation == Relaxation::transient;
  s.substeps = s.transient ? static_cast<int>(std::ceil(p.time.step / o.substep - 1e-9)) : 1;
  s.substep = p.time.step / s.substeps;
  s.initial = o.initial;
  s.oxygen = true;
  s.vessel_scale = 1;

  const double full = oxygen_uptake_per_voxel(o, p.domain.spacing);
  double at_tissue_pressure = 0; // what a normal cell takes up at p_t, mmHg/min
  if (o.uptake == Uptake::first_order) {
    const double k = o.first_order_rate;
    set_living(s.table.loss, k * o.normal_factor, k, k * o.quiescent_factor, k * o.immune_factor);
    at_tissue_pressure = k * o.normal_factor * o.tissue_pressure;
  } else {
    const bool constant = o.uptake == Uptake::constant;
    const double half = constant ? constant_uptake_half : o.half_saturation;
    s.diffusion.half_saturation = half;
    set_living(s.table.uptake, full * o.normal_factor, full, full * o.quiescent_factor,
               full * o.immune_factor);
    at_tissue_pressure = full * o.normal_factor * o.tissue_pressure / (o.tissue_pressure + half);
  }
  if (o.tissue_supply && o.arterial_pressure > o.tissue_pressure) {
    // Capillaries too fine to draw come with the normal cells they feed: at p_t supply and uptake
    // balance.
    const double kappa = at_tissue_pressure / (o.arterial_pressure - o.tissue_pressure);
    for (const Kind k : {Kind::parenchyma, Kind::stroma}) {
      s.table.loss[static_cast<int>(k)] += static_cast<float>(kappa);
      s.table.source[static_cast<int>(k)] += static_cast<float>(kappa * o.arterial_pressure);
    }
  }
  s.table.loss[static_cast<int>(Kind::none)] += static_cast<float>(o.medium_exchange);
  s.table.source[static_cast<int>(Kind::none)] +=
      static_cast<float>(o.medium_exchange * o.medium_pressure);
  for (float& loss : s.table.loss) loss += static_cast<float>(o.decay);
  return s;
}

MetaboliteSettings glucose_settings(const Parameters& p) {
  const GlucoseParameters& g = p.glucose;
  MetaboliteSettings s{};
  s.diffusion.name = "glucose";
  s.diffusion.diffusivity = g.diffusivity;
  s.diffusion.tolerance = g.tolerance;
  s.diffusion.max_cycles = p.fields.max_cycles;
  s.diffusion.faces = g.faces;
  s.diffusion.half_saturation = g.half_saturation;
  s.enabled = g.enabled;
  s.frozen = g.frozen.active();
  s.substeps = 1;
  s.substep = p.time.step;
  s.initial = g.initial;
  s.vessel_value = g.plasma;
  s.vessel_scale = g.wall_permeability / p.oxygen.wall_permeability;
  const double h = p.domain.spacing;
  const double litres = h * h * h * 1e-15;
  const double full = g.consumption * 1e3 * 60 / litres; // mM/min
  const OxygenParameters& o = p.oxygen;
  set_living(s.table.uptake, full * o.normal_factor, full, full * o.quiescent_factor,
             full * o.immune_factor);
  // Normal tissue is fed as for oxygen: its own uptake is met at this share of the plasma's level.
  // Assumed: somewhat below plasma, which has to feed it.
  constexpr double tissue_share = 0.8;
  const double tissue = tissue_share * g.plasma;
  const double kappa =
      full * o.normal_factor * tissue / (tissue + g.half_saturation) / (g.plasma - tissue);
  for (const Kind k : {Kind::parenchyma, Kind::stroma}) {
    s.table.loss[static_cast<int>(k)] += static_cast<float>(kappa);
    s.table.source[static_cast<int>(k)] += static_cast<float>(kappa * g.plasma);
  }
  return s;
}

Metabolite::Metabolite(const Executor& executor, const Lattice& tissue, const Lattice& lattice,
                       int coarsen, const MetaboliteSettings& settings, bool traits_matter,
                       std::shared_ptr<DiffusionScratch> scratch)
    : settings_(settings), tissue_(tissue), lattice_(lattice), coarsen_(coarsen),
      traits_matter_(traits_matter), scratch_(std::move(scratch)),
      diffusion_(executor, lattice, settings.diffusion, scratch_),
      field_(executor, lattice.padded()) {}

void Metabolite::relax(const Executor& executor, const CellView& cells, const VesselWalls& vessels,
                       TraitFactors factor, bool first) {
  if (!solved()) return;
  AssembleMetabolite assemble{};
  assemble.kind = cells.kind_code;
  assemble.flags = cells.flags;
  assemble.traits = cells.traits;
  assemble.factor = factor;
  assemble.table = settings_.table;
  assemble.previous_rate = settings_.transient ? static_cast<float>(1 / settings_.substep) : 0.0f;
  assemble.previous = field_.data();
  assemble.tissue = tissue_;
  assemble.split = scratch_->split();
  assemble.coarsen = coarsen_;
  assemble.traits_matter = traits_matter_;
  assemble.f = scratch_->source();
  assemble.k = scratch_->loss();
  assemble.q = scratch_->uptake();
  for (int n = 0; n < settings_.substeps; ++n) {
    executor.for_each_site(lattice_, assemble);
    executor.for_each_index(
        vessels.count,
        AddVesselWalls{vessels.wall, settings_.oxygen, static_cast<float>(settings_.vessel_value),
                       static_cast<float>(settings_.vessel_scale), lattice_, scratch_->split(),
                       scratch_->source(), scratch_->loss()});
    report_ = diffusion_.solve_or_throw(field_.data(), first && !settings_.transient
                                                           ? Diffusion::Start::cold
                                                           : Diffusion::Start::warm);
  }
}

} // namespace metavox
