// A diffusing field of a site: its values, how it is solved, and what lists say about it.
#pragma once

#include <cstdint>
#include <memory>

#include "core/executor.hpp"
#include "fields/assemble.hpp"
#include "fields/field_settings.hpp"
#include "solver/diffusion.hpp"
#include "voxel/views.hpp"

namespace metavox {

// One row per field: start values, hash, memory, metrics, frames and inputs loop over these.
struct FieldRow {
  const char* name; // of its array, settings section and process
  const char* unit;
  const char* meaning;
  bool present; // its array is part of the state
  bool enabled;
  Frozen frozen; // prescribed instead of solved, where active
  double initial;
  float lowest = -1e-2f; // values beyond these two end the run; solvers end within a tolerance
  float highest = 1e9f;  // of zero, and sums in fixed point hold values up to 1e9
  bool solved() const { return enabled && !frozen.active(); }
};

// Where the fields of a site live: coarsen^3 tissue voxels make one of a field's. Fields that are
// solved one after another share the scratch.
struct FieldGrid {
  Executor executor;
  Lattice tissue, lattice;
  int coarsen;
  std::shared_ptr<DiffusionScratch> scratch;

  FieldGrid(const Executor& executor, const Lattice& tissue, int coarsen);
  static Lattice lattice_of(const Lattice& tissue, int coarsen);
  // A field that is not present is one voxel large.
  FieldGrid of_one_voxel() const;
};

class Field {
public:
  const FieldRow& row() const { return row_; }
  bool solved() const { return row_.solved(); }
  const Lattice& lattice() const { return grid_.lattice; }
  FieldView concentration() const { return {values_.data(), grid_.lattice, grid_.coarsen}; }
  Buffer<float>& values() { return values_; } // padded as lattice() is, in the row's unit
  const Buffer<float>& values() const { return values_; }
  const SolveReport& report() const { return report_; } // of the last solve
  // The last solve was before a checkpoint.
  void remember(const SolveReport& report) { report_ = report; }

  // Bytes of a field that is present, its share of the scratch left out.
  static std::size_t bytes(const Lattice& lattice) {
    return static_cast<std::size_t>(lattice.padded()) * sizeof(float);
  }

protected:
  Field(const FieldGrid& grid, const FieldRow& row, const DiffusionSettings& settings);
  // Everything of the functor that does not depend on the molecule.
  template <class Law>
  AssembleField<Law> prepared(const CellView& cells, TraitFactors factor) const {
    AssembleField<Law> a{};
    a.kind = cells.kind_code;
    a.flags = cells.flags;
    a.traits = cells.traits;
    a.factor = factor;
    a.previous = values_.data();
    a.tissue = grid_.tissue;
    a.lattice = grid_.lattice;
    a.split = grid_.scratch->split();
    a.coarsen = grid_.coarsen;
    a.f = grid_.scratch->source();
    a.k = grid_.scratch->loss();
    a.q = grid_.scratch->uptake();
    return a;
  }
  // The same of the second cells of voxels.
  template <class Law>
  static AddExcess<Law> added(AssembleField<Law> field, const ExcessView& excess) {
    field.kind = excess.cell.kind_code;
    field.flags = excess.cell.flags;
    field.traits = excess.cell.traits;
    return {field, excess};
  }
  void solve(Diffusion::Start start, Exchange* exchange = nullptr) {
    report_ = diffusion_.solve_or_throw(values_.data(), start, exchange);
  }
  void newton(const Diffusion::Linearise& linearise) {
    report_ = diffusion_.newton(values_.data(), linearise);
  }

  FieldGrid grid_;

private:
  FieldRow row_;
  Diffusion diffusion_;
  Buffer<float> values_;
  SolveReport report_;
};

// What every section of a field says about its solver.
template <class Section>
DiffusionSettings solver_settings(const char* name, const Section& section, int max_cycles) {
  DiffusionSettings s{};
  s.name = name;
  s.diffusivity = section.diffusivity;
  s.tolerance = section.tolerance;
  s.max_cycles = max_cycles;
  s.faces = section.faces;
  return s;
}

} // namespace metavox
