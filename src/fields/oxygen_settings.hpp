// Settings of oxygen.
#pragma once

#include <cstdint>

#include "fields/relaxation.hpp"
#include "settings/types.hpp"

namespace metavox {

enum class BloodOxygen : std::uint8_t { march, fixed };
enum class Uptake : std::uint8_t { michaelis_menten, first_order, constant };

struct OxygenParameters {
  bool enabled;
  Relaxation relaxation;
  double substep;     // min: time step of a transient field (steady: unused)
  double diffusivity; // um^2/min
  double decay;       // 1/min, first-order loss everywhere
  Uptake uptake;
  double consumption;      // mol/s/cell, Q_O of a proliferating tumour cell
  double solubility;       // fmol/um^3/mmHg, alpha_O
  double first_order_rate; // 1/min in a voxel filled by one cell (uptake: first_order)
  double half_saturation;  // mmHg, K_m
  double quiescent_factor; // f_state
  double normal_factor;
  double immune_factor;
  BloodOxygen blood;
  double inlet_oxygen;      // mmHg, of blood that enters the box; 0: by the vessel's radius
  double fixed_pressure;    // mmHg, p_v of all blood where it is fixed
  double haemoglobin;       // fmol/um^3 of red cells
  double p50;               // mmHg
  double hill;              // n
  double blood_solubility;  // fmol/um^3/mmHg
  double wall_permeability; // um/min, psi_O; 0: by the vessel's radius
  bool tissue_supply;       // homogenised supply of normal tissue
  double tissue_pressure;   // mmHg, p_t
  double arterial_pressure; // mmHg, p_art
  double medium_pressure;   // mmHg: culture medium in voxels without cells
  double medium_exchange;   // 1/min: its stirring rate; 0: no medium
  double tolerance;         // mmHg
  Faces faces;
  double initial; // mmHg
  Frozen frozen;
};

template <class T>
class Section;

void describe(Section<OxygenParameters>& section);

} // namespace metavox
