#include "fields/vegf.hpp"

#include <cmath>

#include "core/launch.hpp"
#include "voxel/region.hpp"

namespace metavox {
namespace {

constexpr double avogadro = 6.02214076e23;

DiffusionSettings solver_settings(const Parameters& p) {
  DiffusionSettings s{};
  s.name = "vegf";
  s.diffusivity = p.vegf.diffusivity;
  s.half_saturation = p.vegf.half_saturation;
  s.tolerance = p.vegf.tolerance;
  s.max_cycles = p.fields.max_cycles;
  s.faces = p.vegf.faces;
  return s;
}

} // namespace

Vegf::Vegf(const Executor& executor, const Lattice& tissue, const Lattice& lattice, int coarsen,
           const Parameters& p, std::shared_ptr<DiffusionScratch> scratch)
    : solved_(p.vegf.enabled && !p.vegf.frozen.active()),
      transient_(p.vegf.relaxation == Relaxation::transient), lattice_(lattice), coarsen_(coarsen),
      scratch_(std::move(scratch)), diffusion_(executor, lattice, solver_settings(p), scratch_),
      field_(executor, lattice.padded()) {
  const VegfParameters& v = p.vegf;
  const double h = p.domain.spacing;
  const double litres = h * h * h * 1e-15;
  // A molecule per second in one voxel, nM/min; and a mole.
  const double molecule = 60 / (litres * avogadro) * 1e9, mole = 60 / litres * 1e9;
  const auto set = [&](Kind kind, double factor) {
    assemble_.basal[static_cast<int>(kind)] =
        static_cast<float>(factor * molecule * v.basal_secretion);
    assemble_.increase[static_cast<int>(kind)] =
        static_cast<float>(factor * molecule * (v.hypoxic_secretion - v.basal_secretion));
  };
  set(Kind::epithelial, 1);
  set(Kind::mesenchymal, 1);
  set(Kind::parenchyma, v.normal_factor);
  set(Kind::stroma, v.normal_factor);
  assemble_.high = static_cast<float>(v.hypoxia_high);
  assemble_.inverse_width = static_cast<float>(1 / std::max(v.hypoxia_high - v.hypoxia_low, 1e-6));
  assemble_.uptake = static_cast<float>(v.endothelial_uptake * mole);
  assemble_.previous_rate = transient_ ? static_cast<float>(1 / p.time.step) : 0.0f;
  assemble_.loss = static_cast<float>(v.decay + (transient_ ? 1 / p.time.step : 0));
  assemble_.traits_matter = p.mutation.probability > 0;
  assemble_.tissue = tissue;
  assemble_.split = scratch_->split();
  assemble_.coarsen = coarsen;
  if (!solved_) return;

  std::vector<FieldSource> sources;
  for (const VegfParameters::Source& s : v.sources) {
    const auto begin = static_cast<std::int64_t>(sources.size());
    const Region region{s.shape, s.centre, s.radius, s.from, s.to, s.axis, s.begin, s.end};
    const double d = lattice.spacing;
    for (int z = 0; z < lattice.nz; ++z)
      for (int y = 0; y < lattice.ny; ++y)
        for (int x = 0; x < lattice.nx; ++x)
          if (region.holds({(x + 0.5) * d, (y + 0.5) * d, (z + 0.5) * d}))
            sources.push_back({lattice.number(x, y, z), static_cast<float>(s.rate), 0.0f});
    pellets_.push_back({begin, static_cast<std::int64_t>(sources.size()) - begin, s.duration});
  }
  sources_ = Buffer<FieldSource>(executor, static_cast<std::int64_t>(sources.size()));
  sources_.upload(sources.data());
}

void Vegf::relax(const Executor& executor, const CellView& cells, TraitFactors factor,
                 const float* oxygen, double time, bool first) {
  if (!solved_) return;
  assemble_.kind = cells.kind_code;
  assemble_.traits = cells.traits;
  assemble_.factor = factor;
  assemble_.oxygen = oxygen;
  assemble_.previous = field_.data();
  assemble_.f = scratch_->source();
  assemble_.k = scratch_->loss();
  assemble_.q = scratch_->uptake();
  executor.for_each_site(lattice_, assemble_);
  for (const Pellet& pellet : pellets_)
    if (pellet.until <= 0 || time < pellet.until)
      executor.for_each_index(pellet.count, AddSources{sources_.data() + pellet.begin, lattice_,
                                                       scratch_->split(), scratch_->source()});
  report_ = diffusion_.solve_or_throw(field_.data(), first && !transient_ ? Diffusion::Start::cold
                                                                          : Diffusion::Start::warm);
}

} // namespace metavox
