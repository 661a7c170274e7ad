#include "fields/signal.hpp"

#include "core/launch.hpp"

namespace metavox {
namespace {

// What MMP-2 and TIMP have in common, from the section of either.
template <class Section>
SignalSettings common_settings(const char* name, const Section& section, const FieldSettings& p) {
  SignalSettings s;
  s.diffusion = solver_settings(name, section, p.max_cycles);
  s.diffusion.least_loss = 1 / p.step + section.decay;
  s.dt = p.step;
  s.decay = section.decay;
  return s;
}

} // namespace

SignalSettings proteinase_settings(const FieldSettings& p) {
  SignalSettings s = common_settings("proteinase", p.proteinase, p);
  s.terms.source[static_cast<int>(Kind::mesenchymal)] = static_cast<float>(p.proteinase.secretion);
  s.trait_matters = p.traits_mutate;
  s.uniform_source = p.proteinase.uniform_source;
  return s;
}

SignalSettings inhibitor_settings(const FieldSettings& p) {
  SignalSettings s = common_settings("inhibitor", p.inhibitor, p);
  s.terms.source[static_cast<int>(Kind::stroma)] = static_cast<float>(p.inhibitor.secretion);
  return s;
}

Signal::Signal(const FieldGrid& grid, const FieldRow& row, const SignalSettings& settings)
    : Field(grid, row, settings.diffusion), settings_(settings) {}

void Signal::relax(const CellView& cells, TraitFactors factor) {
  if (!solved()) return;
  const auto process = grid_.executor.process(row().name);
  auto assemble = prepared<SignalLaw>(cells, factor);
  assemble.terms = settings_.terms;
  assemble.traits_matter = settings_.trait_matters;
  assemble.uniform_source = static_cast<float>(settings_.uniform_source);
  assemble.uniform_loss = static_cast<float>(1 / settings_.dt + settings_.decay);
  assemble.previous_rate = static_cast<float>(1 / settings_.dt);
  grid_.executor.for_each_voxel(grid_.lattice, assemble);
  solve(Diffusion::Start::warm);
}

Proteinase::Proteinase(const FieldGrid& grid, const FieldSettings& p)
    : Signal(grid, row_of(p), proteinase_settings(p)) {}

FieldRow Proteinase::row_of(const FieldSettings& p) {
  return {"proteinase",
          "1",
          "soluble MMP-2, scaled",
          true,
          p.proteinase.enabled,
          p.proteinase.frozen,
          p.proteinase.initial};
}

Inhibitor::Inhibitor(const FieldGrid& grid, const FieldSettings& p)
    : Signal(grid, row_of(p), inhibitor_settings(p)) {}

FieldRow Inhibitor::row_of(const FieldSettings& p) {
  const bool on = p.inhibitor.enabled;
  return {"inhibitor",
          "1",
          "TIMP, in units of its inhibition constant",
          on,
          on,
          p.inhibitor.frozen,
          p.inhibitor.initial};
}

} // namespace metavox
