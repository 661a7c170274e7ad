// Settings of what a cell does in its place: divide, rest, die, change.
#pragma once

#include <cstdint>

namespace metavox {

enum class CycleLaw : std::uint8_t { owen, physicell };

struct CycleParameters {
  bool enabled;
  CycleLaw law;
  double epithelial;    // min, T_E
  double mesenchymal;   // min, T_M
  double normal;        // min, T_normal
  double variation;     // coefficient of variation of the cycle time
  double half_pressure; // mmHg, C_phi of tumour cells
  double half_pressure_normal;
  double ramp_low;  // mmHg, law physicell: no progress below
  double ramp_high; // mmHg, law physicell: full speed above
};

struct QuiescenceParameters {
  bool enabled;
  double enter;    // mmHg
  double leave;    // mmHg
  double delay;    // min a cell takes on average to enter or leave rest; 0: one step
  double survival; // min of continuous hypoxic rest before death
};

struct DeathParameters {
  bool necrosis;
  double necrosis_high;    // mmHg: hazard starts
  double necrosis_low;     // mmHg: full hazard
  double necrosis_rate;    // 1/min
  double apoptosis;        // 1/min, tumour cells
  double apoptosis_share;  // of the divisions that oxygen allows
  double apoptosis_normal; // 1/min
  double apoptotic_body;   // min until cleared
  double debris_clearance; // 1/min
  double anoikis;          // 1/min
  double anoikis_matrix;   // E below which a cell has no hold
  double resistance_epithelial;
  double resistance_mesenchymal;
  double crushing;          // 1/min: normal cells under full pressure
  double bearable_pressure; // kPa that normal cells bear for ever
  double crushing_pressure; // kPa above it at which the rate is full
  double t_cell_kill;       // 1/min per adjacent pair
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

template <class T>
class Section;

void describe(Section<CycleParameters>& section);
void describe(Section<QuiescenceParameters>& section);
void describe(Section<DeathParameters>& section);
void describe(Section<NormalParameters>& section);
void describe(Section<StemParameters>& section);
void describe(Section<MutationParameters>& section);
void describe(Section<TransitionParameters>& section);

} // namespace metavox
