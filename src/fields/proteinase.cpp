#include "fields/proteinase.hpp"

#include "core/launch.hpp"

namespace metavox {

namespace {

// What MMP-2 and TIMP have in common, from the section of either.
template <class Section>
SignalSettings common_settings(const char* name, const Section& section, const Parameters& p) {
  SignalSettings s{};
  s.diffusion.name = name;
  s.diffusion.diffusivity = section.diffusivity;
  s.diffusion.tolerance = section.tolerance;
  s.diffusion.max_cycles = p.fields.max_cycles;
  s.diffusion.faces = section.faces;
  s.diffusion.least_loss = 1 / p.time.step + section.decay;
  s.enabled = section.enabled;
  s.frozen = section.frozen.active();
  s.dt = p.time.step;
  s.decay = section.decay;
  s.initial = section.initial;
  return s;
}

} // namespace

SignalSettings proteinase_settings(const Parameters& p) {
  SignalSettings s = common_settings("proteinase", p.proteinase, p);
  s.secretion[static_cast<int>(Kind::mesenchymal)] = static_cast<float>(p.proteinase.secretion);
  s.trait_matters = p.mutation.probability > 0;
  s.uniform_source = p.proteinase.uniform_source;
  return s;
}

SignalSettings inhibitor_settings(const Parameters& p) {
  SignalSettings s = common_settings("inhibitor", p.inhibitor, p);
  s.secretion[static_cast<int>(Kind::stroma)] = static_cast<float>(p.inhibitor.secretion);
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
