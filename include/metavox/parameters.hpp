// Every setting of a run as plain numbers in internal units: um, min, mmHg, nM, mM, cells.
//
// The table in src/settings.cpp gives each member its key, unit, default, range, source and meaning and is the only
// place where text becomes a number. Members here carry no defaults of their own for that reason: read_config()
// fills all of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace metavox {

// ---- enumerations: the spelling in YAML is the enumerator's name ------------------------------------------------
enum class Preset : std::uint8_t { standard, physicell, analytic };  // YAML: default, physicell, analytic
enum class FaceKind : std::uint8_t { no_flux, fixed };
enum class Uptake : std::uint8_t { michaelis_menten, first_order, constant };
enum class Relaxation : std::uint8_t { steady, transient };
enum class CycleLaw : std::uint8_t { owen, physicell };
enum class AdhesionRule : std::uint8_t { bonds, neighbour_count };  // MODEL 8: A (Khain/Deroulers), B (Anderson 2005)
enum class Shape : std::uint8_t { sphere, box, layer };
enum class MatrixPattern : std::uint8_t { uniform, layers, fibres };
enum class VesselPattern : std::uint8_t { none, lines, grid };
enum class Compression : std::uint8_t { none, lz4, zlib };

// One outer face of the box. `value` is in the field's own unit and only read where kind is fixed.
struct Face {
  FaceKind kind;
  double value;
};
using Faces = std::array<Face, 6>;  // -x +x -y +y -z +z

// A field prescribed instead of solved: an expression in x, y, z (um from the box's corner) or an array of a .vti file.
struct Frozen {
  std::string expression;  // without the unit, already checked to parse; value in the field's internal unit is
  double unit_scale = 1;   //   unit_scale * expression
  std::string file;        // path of a .vti file, resolved against the config's folder; empty: none
  std::string array;       // its point or cell array
  bool active() const { return !expression.empty() || !file.empty(); }
};

struct SimulationParameters {
  std::string name;
  Preset preset;
  std::uint64_t seed;
  double duration;  // min
};

struct DomainParameters {
  std::array<int, 3> voxels;  // from domain.voxels or domain.size / domain.spacing
  double spacing;             // um
};

struct TimeParameters {
  double step;            // min: fields, cell state (dt_f = dt_c)
  int motility_substeps;  // dt_m = step / motility_substeps
};

struct FieldsParameters {
  int coarsen;        // 1, 2 or 4: edge of a field voxel in tissue voxels
  int max_cycles;     // V-cycles allowed in one solve
};

struct OxygenParameters {
  bool enabled;
  Relaxation relaxation;
  double substep;                // min: time step of a transient field (steady: unused)
  double diffusivity;            // um^2/min
  double decay;                  // 1/min, first-order loss everywhere
  Uptake uptake;
  double consumption;            // mol/s/cell, Q_O of a proliferating tumour cell
  double solubility;             // fmol/um^3/mmHg, alpha_O
  double first_order_rate;       // 1/min in a voxel filled by one cell (uptake: first_order)
  double half_saturation;        // mmHg, K_m
  double quiescent_factor;       // f_state
  double normal_factor;
  double immune_factor;
  double vessel_pressure;        // mmHg, p_v
  double wall_permeability;      // um/min, psi_O
  bool tissue_supply;            // homogenised supply of normal tissue
  double tissue_pressure;        // mmHg, p_t
  double arterial_pressure;      // mmHg, p_art
  double medium_pressure;        // mmHg: culture medium in voxels without cells
  double medium_exchange;        // 1/min: its stirring rate; 0: no medium
  double tolerance;              // mmHg
  Faces faces;
  double initial;                // mmHg
  Frozen frozen;
};

struct GlucoseParameters {
  bool enabled;
  double diffusivity;        // um^2/min
  double consumption;        // mol/s/cell
  double half_saturation;    // mM
  double plasma;             // mM
  double wall_permeability;  // um/min
  double quiescence_atp;     // fraction of the ATP yield in normoxia and plasma glucose below which a cell rests
  double necrosis_atp;       // ... below which it dies at cells.necrosis.rate
  double tolerance;          // mM
  Faces faces;
  double initial;            // mM
  Frozen frozen;
};

struct ProteinaseParameters {  // MMP-2
  bool enabled;
  double diffusivity;     // um^2/min
  double secretion;       // 1/min by an M-like cell, theta
  double decay;           // 1/min, delta_m
  double uniform_source;  // 1/min everywhere (closed-form checks)
  double tolerance;
  Faces faces;
  double initial;
  Frozen frozen;
};

struct InhibitorParameters {  // TIMP, scaled by its K_i
  bool enabled;
  double diffusivity;  // um^2/min
  double secretion;    // 1/min by a stromal cell, sigma_T
  double decay;        // 1/min
  double tolerance;
  Faces faces;
  double initial;
  Frozen frozen;
};

struct MatrixParameters {
  double contact_degradation;    // 1/min, gamma_1
  double soluble_degradation;    // 1/min, gamma_2
  double contact_weight;         // weight of a face neighbour's MT1-MMP, w_1
  double deposition;             // 1/min, r_E
  double maximum;                // E_max
  double debris_clearance;       // 1/min: matrix loss in necrotic voxels
  double membrane_resistance;    // cumulative exposure that breaks basement membrane, B_bm
  MatrixPattern pattern;
  double density;                // uniform, and the mean of the others
  std::string layer_axis;        // "x", "y" or "z"
  double layer_thickness;        // um
  double layer_density;          // of every second layer
  double fibre_length;           // um
  double fibre_radius;           // um
  double fibre_fraction;         // volume fraction aimed at
  double fibre_density;          // E in a fibre
  double fibre_alignment;        // 0 random directions ... 1 all along layer_axis
  Frozen initial;                // expression or file for E at the start (array or formula)
  bool frozen;                   // never changes
};

struct CycleParameters {
  CycleLaw law;
  double epithelial;          // min, T_E
  double mesenchymal;         // min, T_M
  double normal;              // min, T_normal
  double variation;           // coefficient of variation of the cycle time
  double half_pressure;       // mmHg, C_phi of tumour cells
  double half_pressure_normal;
  double ramp_low;            // mmHg, law physicell: no progress below
  double ramp_high;           // mmHg, law physicell: full speed above
  double push_length;         // um, L_push of tumour cells
  bool into_dead;             // newborn cells may take the place of dead ones
};

struct QuiescenceParameters {
  bool enabled;
  double enter;        // mmHg
  double leave;        // mmHg
  double survival;     // min of continuous hypoxic rest before death
  bool crowding;       // cells with no room within the push length rest
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
  double crushing;         // 1/min: normal cells pressed by tumour with no room left
  double t_cell_kill;      // 1/min per adjacent pair
};

struct NormalParameters {
  bool regeneration;       // normal cells re-enter the cycle where neighbours are missing
  int regeneration_neighbours;  // ... with at most so many occupied faces
};

struct StemParameters {
  bool enabled;
  double fraction;            // of the initial tumour cells
  double symmetric;           // p_s
  int capacity;               // rho
  double senescent_removal;   // 1/min
};

struct MutationParameters {
  double probability;  // per trait per division, mu
  double deviation;    // of the log factor
};

struct TransitionParameters {  // EMT and MET
  bool enabled;
  double emt;              // 1/min, k_0
  double met;              // 1/min, k_1
  double hypoxia_gain;     // a_H
  double matrix_gain;      // a_M
  double matrix_edge;      // E below which the edge counts as matrix-poor
  double hypoxia_high;     // mmHg
  double hypoxia_low;      // mmHg
};

struct MigrationParameters {
  bool enabled;
  double epithelial;       // um^2/min, D_E
  double mesenchymal;      // um^2/min, D_M
  double stroma;           // um^2/min
  double haptotaxis;       // um^2/min per unit E, phi
  double chemotaxis;       // um^2/min/mmHg towards oxygen, chi_p
  AdhesionRule adhesion;
  double bond_ee, bond_em, bond_mm;   // q_J
  int internal_epithelial, internal_mesenchymal;  // A_i of rule B
  bool squeeze;                       // matrix slows and blocks movement
  double squeeze_threshold;           // E_c
  double squeeze_width;
  double squeeze_epithelial;          // factor for E-like cells
};

struct TracerParameters {  // walkers that obey the migration rule but occupy nothing
  int count;
  bool mesenchymal;
  std::array<double, 3> start;  // um
};

struct SeedShape {  // one entry of tissue.cells
  Shape shape;
  std::string kind;  // parenchyma stroma epithelial mesenchymal t_cell apoptotic necrotic none
  std::array<double, 3> centre;  // um (sphere)
  double radius;                 // um (sphere)
  std::array<double, 3> from;    // um (box)
  std::array<double, 3> to;      // um (box)
  std::string axis;              // layer: x, y or z
  double begin, end;             // um (layer)
  double fraction;               // of the voxels inside that get a cell
  double mesenchymal_fraction;   // of those, when kind is epithelial: started as M-like
  bool stem;
};

struct TissueParameters {
  double parenchyma;   // fraction of voxels
  double stroma;
  std::vector<SeedShape> cells;
  std::string cells_csv;    // path: x,y,z (um),kind[,clone]
  std::string cells_vti;    // path and array of kind codes
  std::string cells_vti_array;
  struct Membrane {         // basement membrane: the surface of a shape
    Shape shape;
    std::array<double, 3> centre;
    double radius;
    std::string axis;
    double at;              // um (layer: position of the sheet)
  };
  std::vector<Membrane> membranes;
};

struct VesselLine {
  std::array<double, 3> from, to;  // um
  double radius;                   // um
};

struct VesselParameters {
  VesselPattern pattern;
  std::vector<VesselLine> lines;
  double spacing;    // um (grid)
  double jitter;     // fraction of the spacing
  std::string axis;  // direction of the grid's capillaries
  double radius;     // um
  double exclusion;  // um: no vessel of the grid closer than this to the box's centre
  bool well_index;   // correct for the lattice line's effective radius
};

struct OutputParameters {
  double frames;            // min between frames; 0: none
  double report;            // min between rows of metrics.csv
  double checkpoints;       // min between checkpoints; 0: only at the end and when interrupted
  int keep;                 // checkpoints kept
  bool fields, cells, vessels;
  std::vector<std::string> arrays;  // of fields.pvd; empty: all
  int stride;
  std::array<double, 3> region_from, region_to;  // um; equal: whole box
  Compression compression;
  int mantissa_bits;        // kept in float32 output, 23: lossless
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
  OutputParameters output;
};

}  // namespace metavox
