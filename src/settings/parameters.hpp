// Every setting of a run as plain numbers in internal units: um, min, mmHg, nM, mM, cells.
//
// The table in settings.cpp gives each member its key, unit, default, range, source and meaning
// and is the only place where text becomes a number. Members here carry no defaults of their own
// for that reason: read_config() fills all of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "voxel/region.hpp"

namespace metavox {

// ---- enumerations: the spelling in YAML is the enumerator's name
enum class Preset : std::uint8_t {
  standard,
  physicell,
  analytic
}; // YAML: default, physicell, analytic
enum class FaceKind : std::uint8_t { no_flux, fixed };
enum class Uptake : std::uint8_t { michaelis_menten, first_order, constant };
enum class Relaxation : std::uint8_t { steady, transient };
enum class CycleLaw : std::uint8_t { owen, physicell };
enum class AdhesionRule : std::uint8_t {
  bonds,
  neighbour_count
}; // Khain and Deroulers; Anderson 2005
enum class MatrixPattern : std::uint8_t { uniform, layers, fibres };
enum class VesselPattern : std::uint8_t { none, lines, grid, pair, hexagonal, file };
enum class PhaseSeparation : std::uint8_t { none, velocity, pries }; // YAML: the enumerator's name
enum class EndRole : std::uint8_t { inlet, outlet };
enum class Compression : std::uint8_t { none, lz4, zlib };

// One outer face of the box. `value` is in the field's own unit and only read where kind is fixed.
struct Face {
  FaceKind kind;
  double value;
};
using Faces = std::array<Face, 6>; // -x +x -y +y -z +z

// A field prescribed instead of solved: an expression in x, y, z (um from the box's corner) or an
// array of a .vti file.
struct Frozen {
  std::string expression; // without the unit, already checked to parse; value in the field's
                          // internal unit is
  double unit_scale = 1;  //   unit_scale * expression
  std::string file;       // path of a .vti file, resolved against the config's folder; empty: none
  std::string array;      // its point or cell array
  bool active() const { return !expression.empty() || !file.empty(); }
};

struct SimulationParameters {
  std::string name;
  Preset preset;
  std::uint64_t seed;
  double duration; // min
};

struct DomainParameters {
  std::array<int, 3> voxels; // from domain.voxels or domain.size / domain.spacing
  double spacing;            // um
};

struct TimeParameters {
  double step;           // min: fields, cell state (dt_f = dt_c)
  double vessel_step;    // min: sprouts, flow, regression (dt_v); a multiple of step
  int motility_substeps; // dt_m = step / motility_substeps
};

struct FieldsParameters {
  int coarsen;    // 1, 2 or 4: edge of a field voxel in tissue voxels
  int max_cycles; // V-cycles allowed in one solve
};

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
  double vessel_pressure;   // mmHg, p_v
  double wall_permeability; // um/min, psi_O
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

struct GlucoseParameters {
  bool enabled;
  double diffusivity;       // um^2/min
  double consumption;       // mol/s/cell
  double half_saturation;   // mM
  double plasma;            // mM
  double wall_permeability; // um/min
  double quiescence_atp; // fraction of the ATP yield in normoxia and plasma glucose below which a
                         // cell rests
  double necrosis_atp;   // ... below which it dies at cells.necrosis.rate
  double tolerance;      // mM
  Faces faces;
  double initial; // mM
  Frozen frozen;
};

struct ProteinaseParameters { // MMP-2
  bool enabled;
  double diffusivity;    // um^2/min
  double secretion;      // 1/min by an M-like cell, theta
  double decay;          // 1/min, delta_m
  double uniform_source; // 1/min everywhere (closed-form checks)
  double tolerance;
  Faces faces;
  double initial;
  Frozen frozen;
};

struct InhibitorParameters { // TIMP, scaled by its K_i
  bool enabled;
  double diffusivity; // um^2/min
  double secretion;   // 1/min by a stromal cell, sigma_T
  double decay;       // 1/min
  double tolerance;
  Faces faces;
  double initial;
  Frozen frozen;
};

struct VegfParameters {
  bool enabled;
  Relaxation
      relaxation; // steady: solved when vessels are due; transient: an implicit step of time.step
  double diffusivity;       // um^2/min, D_V
  double decay;             // 1/min, delta_V
  double basal_secretion;   // molecules/s/cell of a tumour cell with oxygen, s_0
  double hypoxic_secretion; // molecules/s/cell of a hypoxic one, s_1
  double hypoxia_high;      // mmHg: the ramp from s_0 ...
  double hypoxia_low;       // mmHg: ... to s_1
  double normal_factor;     // secretion of parenchyma and stroma relative to tumour cells
  double
      endothelial_uptake; // mol/s/cell, u_EC; one endothelial cell per vessel voxel at any spacing
  double half_saturation; // nM, K_EC
  double tolerance;       // nM
  Faces faces;            // nM
  double initial;         // nM
  Frozen frozen;
  struct Source { // a pellet that releases VEGF: one entry of vegf.sources
    Shape shape;  // sphere, box or layer
    std::array<double, 3> centre;
    double radius;
    std::array<double, 3> from, to;
    std::string axis;
    double begin, end;
    double rate;     // nM/min
    double duration; // min from the start; 0: for ever
  };
  std::vector<Source> sources;
};

struct MatrixParameters {
  double contact_degradation; // 1/min, gamma_1
  double soluble_degradation; // 1/min, gamma_2
  double contact_weight;      // weight of a face neighbour's MT1-MMP, w_1
  double deposition;          // 1/min, r_E
  double maximum;             // E_max
  double debris_clearance;    // 1/min: matrix loss in necrotic voxels
  double membrane_resistance; // cumulative exposure that breaks basement membrane, B_bm
  MatrixPattern pattern;
  double density;         // uniform, and the mean of the others
  std::string layer_axis; // "x", "y" or "z"
  double layer_thickness; // um
  double layer_density;   // of every second layer
  double fibre_length;    // um
  double fibre_radius;    // um
  double fibre_fraction;  // volume fraction aimed at
  double fibre_density;   // E in a fibre
  double fibre_alignment; // 0 random directions ... 1 all along layer_axis
  Frozen initial;         // expression or file for E at the start (array or formula)
  bool frozen;            // never changes
};

struct CycleParameters {
  CycleLaw law;
  double epithelial;    // min, T_E
  double mesenchymal;   // min, T_M
  double normal;        // min, T_normal
  double variation;     // coefficient of variation of the cycle time
  double half_pressure; // mmHg, C_phi of tumour cells
  double half_pressure_normal;
  double ramp_low;    // mmHg, law physicell: no progress below
  double ramp_high;   // mmHg, law physicell: full speed above
  double push_length; // um, L_push of tumour cells
  bool into_dead;     // newborn cells may take the place of dead ones
};

struct QuiescenceParameters {
  bool enabled;
  double enter;    // mmHg
  double leave;    // mmHg
  double delay;    // min a cell takes on average to enter or leave rest; 0: one step
  double survival; // min of continuous hypoxic rest before death
  bool crowding;   // cells with no room within the push length rest
};

struct DeathParameters {
  bool necrosis;
  double necrosis_high;    // mmHg: hazard starts
  double necrosis_low;     // mmHg: full hazard
  double necrosis_rate;    // 1/min
  double apoptosis;        // 1/min, tumour cells
  double apoptosis_normal; // 1/min
  double apoptotic_body;   // min until cleared
  double debris_clearance; // 1/min
  double anoikis;          // 1/min
  double anoikis_matrix;   // E below which a cell has no hold
  double resistance_epithelial;
  double resistance_mesenchymal;
  double crushing;    // 1/min: normal cells pressed by tumour with no room left
  double t_cell_kill; // 1/min per adjacent pair
};

struct NormalParameters {
  bool regeneration;           // normal cells re-enter the cycle where neighbours are missing
  int regeneration_neighbours; // ... with at most so many occupied faces
};

struct StemParameters {
  bool enabled;
  double fraction;          // of the initial tumour cells
  double symmetric;         // p_s
  int capacity;             // rho
  double senescent_removal; // 1/min
};

struct MutationParameters {
  double probability; // per trait per division, mu
  double deviation;   // of the log factor
};

struct TransitionParameters { // EMT and MET
  bool enabled;
  double emt;          // 1/min, k_0
  double met;          // 1/min, k_1
  double hypoxia_gain; // a_H
  double matrix_gain;  // a_M
  double matrix_edge;  // E below which the edge counts as matrix-poor
  double hypoxia_high; // mmHg
  double hypoxia_low;  // mmHg
};

struct MigrationParameters {
  bool enabled;
  double epithelial;  // um^2/min, D_E
  double mesenchymal; // um^2/min, D_M
  double stroma;      // um^2/min
  double haptotaxis;  // um^2/min per unit E, phi
  double chemotaxis;  // um^2/min/mmHg towards oxygen, chi_p
  AdhesionRule adhesion;
  double bond_ee, bond_em, bond_mm;              // q_J
  int internal_epithelial, internal_mesenchymal; // A_i of rule B
  bool squeeze;                                  // matrix slows and blocks movement
  double squeeze_threshold;                      // E_c
  double squeeze_width;
  double squeeze_epithelial; // factor for E-like cells
};

struct TracerParameters { // walkers that obey the migration rule but occupy nothing
  int count;
  bool mesenchymal;
  std::array<double, 3> start; // um
};

struct SeedShape { // one entry of tissue.cells
  Shape shape;
  std::string kind;             // a word of the rows in voxel/kind.hpp
  std::array<double, 3> centre; // um (sphere)
  double radius;                // um (sphere)
  std::array<double, 3> from;   // um (box)
  std::array<double, 3> to;     // um (box)
  std::string axis;             // layer: x, y or z
  double begin, end;            // um (layer)
  double fraction;              // of the voxels inside that get a cell
  double mesenchymal_fraction;  // of those, when kind is epithelial: started as M-like
  bool stem;
};

struct TissueParameters {
  double parenchyma; // fraction of voxels
  double stroma;
  std::vector<SeedShape> cells;
  std::string cells_csv; // path: x,y,z (um),kind[,clone]
  std::string cells_vti; // path and array of kind codes
  std::string cells_vti_array;
  struct Membrane { // basement membrane: the surface of a shape
    Shape shape;
    std::array<double, 3> centre;
    double radius;
    std::string axis;
    double at; // um (layer: position of the sheet)
  };
  std::vector<Membrane> membranes;
};

struct VesselLine {
  std::array<double, 3> from, to; // um
  double radius;                  // um
  double inlet_pressure;          // mmHg at `from`; 0: flow.inlet_pressure
  double outlet_pressure;         // mmHg at `to`; 0: flow.outlet_pressure
};

struct VesselEndSetting { // one entry of vessels.ends: which ends of vessels let blood in or out
  EndRole role;
  std::string face; // "-x" ... "+z": every free end on that face; empty: by name
  std::string name; // of a node of vessels.file
  double pressure;  // mmHg; 0: flow.inlet_pressure or flow.outlet_pressure
};

struct VesselParameters {
  VesselPattern pattern;
  std::vector<VesselLine> lines;
  std::vector<VesselEndSetting> ends;
  double spacing;   // um (grid: between capillaries; pair: between artery and vein; hexagonal: edge
                    // of a hexagon)
  double layers;    // um between the sheets of a hexagonal bed; 0: one sheet in the middle
  double jitter;    // fraction of the spacing
  std::string axis; // grid, pair: direction of the vessels; hexagonal: direction of flow
  double radius;    // um
  double radius_vein; // um (pair)
  double offset;      // um from the face low in the next axis to the pair's plane; 0: the middle
  double drop;        // mmHg that the artery and the vein of a pair each lose along the box
  double exclusion;   // um: no vessel of the grid closer than this to the box's centre
  bool well_index;    // correct for the lattice line's effective radius
  std::string file;  // .vtp poly-lines with a radius, or .swc; resolved against the config's folder
  double file_scale; // um per unit of the file
  bool check;        // compare the graph with the lattice after every change
};

struct SproutingParameters {
  bool enabled;
  double rate;          // 1/min per endothelial voxel at saturating VEGF, P_max
  double half_response; // nM, V_50
  double exclusion;     // um, R_ex: no sprout this close to a tip
  double diffusivity;   // um^2/min, D_tip
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

struct FlowParameters {
  bool enabled;            // Poiseuille flow; off: perfusion alone decides
  double inlet_pressure;   // mmHg
  double outlet_pressure;  // mmHg
  double plasma_viscosity; // cP
  double haematocrit;      // of blood that enters
  PhaseSeparation phase_separation;
  double tolerance; // largest change of haematocrit between the last two iterations
  int max_iterations;
  bool adaptation;                        // radii follow wall shear stress
  double adaptation_rate;                 // 1/min
  double adaptation_shear;                // dyn/cm^2 that leaves the radius alone
  double smallest_radius, largest_radius; // um, bounds of adaptation
};

struct RegressionParameters {
  bool enabled;
  double shear;           // dyn/cm^2: below it a vessel is not needed
  double patience;        // min of low shear, or without perfusion, before it goes
  bool vegf_protects;     // low shear is borne where tips would not starve
  double occlusion_rate;  // 1/min: collapse of a vessel that crowded tumour presses
  double reopening_rate;  // 1/min: of a collapsed vessel that is pressed no more
  double occlusion_share; // share of the faces not taken by vessels that tumour must hold
};

struct OutputParameters {
  double frames;      // min between frames; 0: none
  double report;      // min between rows of metrics.csv
  double checkpoints; // min between checkpoints; 0: only at the end and when interrupted
  int keep;           // checkpoints kept
  bool fields, cells, vessels;
  std::vector<std::string> arrays; // of fields.pvd; empty: all
  int stride;
  std::array<double, 3> region_from, region_to; // um; equal: whole box
  Compression compression;
  int mantissa_bits; // kept in float32 output, 23: lossless
};

struct Parameters {
  SimulationParameters simulation;
  DomainParameters domain;
  TimeParameters time;
  FieldsParameters fields;
  OxygenParameters oxygen;
  GlucoseParameters glucose;
  ProteinaseParameters proteinase;
  InhibitorParameters inhibitor;
  VegfParameters vegf;
  MatrixParameters matrix;
  CycleParameters cycle;
  QuiescenceParameters quiescence;
  DeathParameters death;
  NormalParameters normal;
  StemParameters stem;
  MutationParameters mutation;
  TransitionParameters transition;
  MigrationParameters migration;
  TracerParameters tracers;
  TissueParameters tissue;
  VesselParameters vessels;
  SproutingParameters sprouting;
  FlowParameters flow;
  RegressionParameters regression;
  OutputParameters output;
};

} // namespace metavox
