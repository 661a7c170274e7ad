#include "fields/vegf.hpp"

#include <cmath>

#include "core/launch.hpp"
#include "voxel/region.hpp"

namespace metavox {
namespace {

constexpr double avogadro = 6.02214076e23;

DiffusionSettings vegf_diffusion(const FieldSettings& p) {
  DiffusionSettings s = solver_settings("vegf", p.vegf, p.max_cycles);
  s.half_saturation = p.vegf.half_saturation;
  return s;
}

VoxelTerms terms_of(const VegfParameters& v, double spacing) {
  VoxelTerms terms;
  const double litres = spacing * spacing * spacing * 1e-15;
  const double molecule = 60 / (litres * avogadro) * 1e9; // one per second in a voxel, nM/min
  const auto set = [&](KindMask kinds, double factor) {
    for (const Kind k : kinds_in(kinds)) {
      const int code = static_cast<int>(k);
      terms.source[code] = static_cast<float>(factor * molecule * v.basal_secretion);
      terms.increase[code] =
          static_cast<float>(factor * molecule * (v.hypoxic_secretion - v.basal_secretion));
    }
  };
  set(tumour_kinds, 1);
  set(normal_kinds, v.normal_factor);
  return terms;
}

} // namespace

Vegf::Vegf(const FieldGrid& grid, const FieldSettings& p)
    : Field(grid, row_of(p), vegf_diffusion(p)), settings_(p.vegf), step_(p.step),
      transient_(p.vegf.relaxation == Relaxation::transient), traits_matter_(p.traits_mutate),
      terms_(terms_of(p.vegf, p.spacing)) {
  if (solved()) lay_pellets(p);
}

FieldRow Vegf::row_of(const FieldSettings& p) {
  return {"vegf", "nM", "free VEGF", p.vegf.enabled, p.vegf.enabled, p.vegf.frozen, p.vegf.initial};
}

void Vegf::lay_pellets(const FieldSettings& p) {
  const VegfParameters& v = p.vegf;
  const Lattice& lattice = grid_.lattice;
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
  sources_ = Buffer<FieldSource>(grid_.executor, static_cast<std::int64_t>(sources.size()));
  sources_.upload(sources.data());
}

void Vegf::relax(const CellView& cells, const ExcessView& excess, const VesselLengths& vessels,
                 TraitFactors factor, const float* oxygen, double time, bool first) {
  if (!solved()) return;
  const auto process = grid_.executor.process(row().name);
  auto assemble = prepared<VegfLaw>(cells, factor);
  assemble.terms = terms_;
  assemble.traits_matter = traits_matter_;
  assemble.oxygen = oxygen;
  assemble.high = static_cast<float>(settings_.hypoxia_high);
  assemble.inverse_width =
      static_cast<float>(1 / std::max(settings_.hypoxia_high - settings_.hypoxia_low, 1e-6));
  assemble.previous_rate = transient_ ? static_cast<float>(1 / step_) : 0.0f;
  assemble.uniform_loss = static_cast<float>(settings_.decay + (transient_ ? 1 / step_ : 0));
  grid_.executor.for_each_voxel(grid_.lattice, assemble);
  grid_.executor.for_each_index(excess.count, added(assemble, excess));
  const double h = grid_.lattice.spacing;
  const double mole = 60 / (h * h * h * 1e-15) * 1e9; // one per second in a voxel, nM/min
  grid_.executor.for_each_index(
      vessels.count,
      AddEndothelium{
          vessels.entry,
          static_cast<float>(settings_.endothelial_uptake * mole / endothelial_cell_length),
          grid_.lattice, grid_.scratch->split(), grid_.scratch->uptake()});
  for (const Pellet& pellet : pellets_)
    if (pellet.until <= 0 || time < pellet.until)
      grid_.executor.for_each_index(pellet.count,
                                    AddSources{sources_.data() + pellet.begin, grid_.lattice,
                                               grid_.scratch->split(), grid_.scratch->source()});
  solve(first && !transient_ ? Diffusion::Start::cold : Diffusion::Start::warm);
}

} // namespace metavox
