// Oxygen and glucose: what cells take up, what vessels, tissue and medium supply.
//
//   D lap p - q p / (p + K_m) + kappa_v (p_v - p) + kappa_bg (p_bg - p) + kappa_m (p_m - p) = 0
//
// Uptake per cell by D. Grimes et al. 2014 (J. R. Soc. Interface 11:20131124), rescaled to the
// voxel; vessel walls after M. Owen et al. 2011 (Cancer Res. 71:2826).
#pragma once

#include "fields/field.hpp"

namespace metavox {

struct MetaboliteLaw {
  static constexpr const char* name = "oxygen.assemble";
  static constexpr double bytes = 14;
  static constexpr bool rests = true, loses = true, takes_up = true, ramps = false;
  static constexpr Term scaled = Term::uptake;
  static constexpr Trait trait = Trait::oxygen_use;
};

// Settings of one metabolite in its own unit, ready for the lattice.
struct MetaboliteSettings {
  DiffusionSettings diffusion;
  bool transient = false;
  int substeps = 1;   // of a transient field in one step
  double substep = 0; // min
  VoxelTerms terms;
  bool oxygen = false;     // blood has the oxygen of its red cells, not `vessel_value` everywhere
  double vessel_value = 0; // in all blood
  double vessel_scale = 1; // wall conductance relative to oxygen's
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
  void relax(const CellView& cells, const VesselWalls& vessels, TraitFactors factor, bool first);

protected:
  Metabolite(const FieldGrid& grid, const FieldRow& row, const MetaboliteSettings& settings,
             bool traits_matter);

private:
  MetaboliteSettings settings_;
  bool traits_matter_;
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
