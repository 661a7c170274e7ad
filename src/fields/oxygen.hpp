// Oxygen and glucose: what cells take up, what vessels, tissue and medium supply.
//
//   D lap p - q p / (p + K_m) + vessels + kappa_bg (p_bg - p) + kappa_m (p_m - p) = 0
//
// Uptake per cell by D. Grimes et al. 2014 (J. R. Soc. Interface 11:20131124), rescaled to the
// voxel; vessels as blood_exchange.hpp has it.
#pragma once

#include <memory>

#include "core/loan.hpp"
#include "fields/blood_exchange.hpp"
#include "fields/field.hpp"

namespace metavox {

struct MetaboliteLaw {
  static constexpr const char* name = "oxygen.assemble";
  static constexpr const char* excess_name = "oxygen.add_excess";
  static constexpr double bytes = 14;
  static constexpr bool rests = true, loses = true, takes_up = true, ramps = false;
  static constexpr bool supplied = true;
  static constexpr Term scaled = Term::uptake;
  static constexpr Trait trait = Trait::oxygen_use;
};

// What feeds tissue besides the vessels that are drawn.
struct FineSupply {
  const std::uint8_t* reached; // by medium, per voxel, padded; null: medium reaches all free voxels
  PressureView pressure;       // that shuts fine capillaries
};

// Settings of one metabolite in its own unit, ready for the lattice.
struct MetaboliteSettings {
  DiffusionSettings diffusion;
  bool transient = false;
  int substeps = 1;   // of a transient field in one step
  double substep = 0; // min
  VoxelTerms terms;
  float shutting = 0; // kPa at which fine capillaries carry half of their blood
  BloodSubstance blood;
};

MetaboliteSettings oxygen_settings(const FieldSettings& settings);
MetaboliteSettings glucose_settings(const FieldSettings& settings);

// Uptake of a proliferating tumour cell that fills one tissue voxel, mmHg/min.
double oxygen_uptake_per_voxel(const OxygenParameters& oxygen, double spacing);

// What cells burn and blood brings.
class Metabolite : public Field {
public:
  // Brings the field into balance with cells and vessels, or steps it in time. `first`: start from
  // coarse grids. Throws NumericalError where the solver does not converge.
  void relax(const CellView& cells, const ExcessView& excess, const BloodView& blood,
             const FineSupply& supply, TraitFactors factor, bool first, Loan& loan);
  // What blood does in the field as it is; empty where there is no such field.
  BloodReport measure_blood(const BloodView& blood, Loan& loan);

protected:
  Metabolite(const FieldGrid& grid, const FieldRow& row, const MetaboliteSettings& settings,
             bool traits_matter);

private:
  MetaboliteSettings settings_;
  bool traits_matter_;
  std::unique_ptr<BloodExchange> blood_;
};

class Oxygen : public Metabolite {
public:
  Oxygen(const FieldGrid& grid, const FieldSettings& settings);
  static FieldRow row_of(const FieldSettings& settings);
};

class Glucose : public Metabolite {
public:
  Glucose(const FieldGrid& grid, const FieldSettings& settings);
  static FieldRow row_of(const FieldSettings& settings);
};

} // namespace metavox
