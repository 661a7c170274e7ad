// Settings of vessels that come and go: sprouting and regression.
#pragma once

namespace metavox {

struct SproutingParameters {
  bool enabled;
  double rate;          // 1/min per endothelial cell at saturating VEGF, P_max
  double half_response; // nM, V_50
  double exclusion;     // um, R_ex: no sprout this close to a tip
  double diffusivity;   // um^2/min, D_tip
  double persistence;   // min for which the noise of a tip keeps its direction, P
  double chemotaxis;    // um^2/min/nM, chi_0
  double saturation;    // nM, K_chi
  double haptotaxis;    // um^2/min per unit of matrix (fibronectin), rho
  double speed_limit;   // um/min, v_max
  bool branching;
  double branching_age;       // min, psi_b
  double branching_reference; // nM, c_ref of the branching table
  double branching_time;      // min: the table's probabilities are per this time
  double branching_exclusion; // um: no branch this close to another tip
  double starvation;          // share of V_50 below which a tip starves
  double survival;            // min a tip lives starving
  double proteinase;          // MT1-MMP of a tip, 1 as an M-like cell
  double radius;              // um of a new sprout
  double maturation_age;      // min of perfused stalk before it may mature
  double maturation_rate;     // 1/min
};

struct RegressionParameters {
  bool enabled;
  double shear;              // dyn/cm^2: below it a vessel is not needed
  double patience;           // min of low shear, or without perfusion, before it goes
  bool vegf_protects;        // low shear is borne where tips would not starve
  double occlusion_rate;     // 1/min: collapse of a vessel under full pressure
  double reopening_rate;     // 1/min: of a collapsed vessel that is pressed no more
  double occlusion_pressure; // kPa from which it collapses
};

template <class T>
class Section;

void describe(Section<SproutingParameters>& section);
void describe(Section<RegressionParameters>& section);

} // namespace metavox
