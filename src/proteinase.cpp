#include "metavox/proteinase.hpp"

#include "metavox/core/launch.hpp"

namespace metavox {

SignalSettings proteinase_settings(const Parameters& p) {
  const ProteinaseParameters& m = p.proteinase;
  SignalSettings s{};
  s.diffusion.name = "proteinase";
  s.diffusion.diffusivity = m.diffusivity;
  s.diffusion.tolerance = m.tolerance;
  s.diffusion.max_cycles = p.fields.max_cycles;
  s.diffusion.faces = m.faces;
  s.diffusion.least_loss = 1 / p.time.step + m.decay;
  s.enabled = m.enabled;
  s.frozen = m.frozen.active();
  s.dt = p.time.step;
  s.secretion[static_cast<int>(Kind::mesenchymal)] = static_cast<float>(m.secretion);
  s.trait_matters = p.mutation.probability > 0;
  s.uniform_source = m.uniform_source;
  s.decay = m.decay;
  s.initial = m.initial;
  return s;
}

SignalSettings inhibitor_settings(const Parameters& p) {
  const InhibitorParameters& t = p.inhibitor;
  SignalSettings s{};
  s.diffusion.name = "inhibitor";
  s.diffusion.diffusivity = t.diffusivity;
  s.diffusion.tolerance = t.tolerance;
  s.diffusion.max_cycles = p.fields.max_cycles;
  s.diffusion.faces = t.faces;
  s.diffusion.least_loss = 1 / p.time.step + t.decay;
  s.enabled = t.enabled;
  s.frozen = t.frozen.active();
  s.dt = p.time.step;
  s.secretion[static_cast<int>(Kind::stroma)] = static_cast<float>(t.secretion);
  s.decay = t.decay;
  s.initial = t.initial;
  return s;
}

Signal::Signal(const Executor& executor, const Lattice& tissue, const Lattice& lattice, int coarsen,
               const SignalSettings& settings, std::shared_ptr<DiffusionScratch> scratch)
    : settings_(settings), tissue_(tissue), lattice_(lattice), coarsen_(coarsen),
      scratch_(std::move(scratch)), diffusion_(executor, lattice, settings.diffusion, scratch_),
      field_(executor, lattice.padded()) {}

void Signal::relax(const Executor& executor, const CellView& cells, TraitFactors factor) {
  if (!solved()) return;
  AssembleSignal assemble{};
  assemble.kind = cells.kind_code;
  assemble.traits = cells.traits;
  assemble.factor = factor;
  assemble.trait = Trait::proteinase;
  assemble.trait_matters = settings_.trait_matters;
  for (int k = 0; k < 16; ++k) assemble.secretion[k] = settings_.secretion[k];
  assemble.uniform = static_cast<float>(settings_.uniform_source);
  assemble.previous_rate = static_cast<float>(1 / settings_.dt);
  assemble.rate = static_cast<float>(1 / settings_.dt + settings_.decay);
  assemble.previous = field_.data();
  assemble.tissue = tissue_;
  assemble.split = scratch_->split();
  assemble.coarsen = coarsen_;
  assemble.f = scratch_->source();
  assemble.k = scratch_->loss();
  executor.for_each_site(lattice_, assemble);
  report_ = diffusion_.solve_or_throw(field_.data());
}

} // namespace metavox
