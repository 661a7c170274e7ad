// Signals that cells secrete and that spread slowly: MMP-2 and its inhibitor TIMP.
//
//   dm/dt = D lap m + theta n_M - delta m        (implicit Euler, one step of the run at a time)
//
// Rates after L. Franssen et al. 2019 (Bull. Math. Biol. 81:1965). Slow, because MMP-2 binds to
// collagen and creeps along it (I. Collier et al. 2011, PLoS One 6:e24029).
#pragma once

#include "fields/field.hpp"

namespace metavox {

struct SignalLaw {
  static constexpr const char* name = "signal.assemble";
  static constexpr double bytes = 13;
  static constexpr bool rests = false, loses = false, takes_up = false, ramps = false;
  static constexpr bool supplied = false;
  static constexpr Term scaled = Term::source;
  static constexpr Trait trait = Trait::proteinase;
};

struct SignalSettings {
  DiffusionSettings diffusion;
  double dt = 0;             // min
  double decay = 0;          // 1/min
  double uniform_source = 0; // unit/min
  bool trait_matters = false;
  VoxelTerms terms;
};

SignalSettings proteinase_settings(const FieldSettings& settings);
SignalSettings inhibitor_settings(const FieldSettings& settings);

class Signal : public Field {
public:
  // One step in time. Throws NumericalError where the solver does not converge.
  void relax(const CellView& cells, TraitFactors factor);

protected:
  Signal(const FieldGrid& grid, const FieldRow& row, const SignalSettings& settings);

private:
  SignalSettings settings_;
};

class Proteinase : public Signal { // MMP-2
public:
  Proteinase(const FieldGrid& grid, const FieldSettings& settings);
  static FieldRow row_of(const FieldSettings& settings);
};

class Inhibitor : public Signal { // TIMP
public:
  Inhibitor(const FieldGrid& grid, const FieldSettings& settings);
  static FieldRow row_of(const FieldSettings& settings);
};

} // namespace metavox
