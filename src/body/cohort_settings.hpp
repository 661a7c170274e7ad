// What happens to cells between leaving a lesion and being seen as another, as settings of a body,
// and what is watched of patients.
#pragma once

#include <cstdint>
#include <vector>

#include "body/inflammation.hpp"

namespace metavox {

template <class T>
class Section;

struct SheddingParameters {
  double fraction;
  double rate;     // 1/min, of a lesion of `diameter`
  double diameter; // um
  double exponent; // a: departures go with N^(1 - a)
  double clusters; // share of departures
  int cluster_size;
};

struct LodgedParameters {
  double adhesion, nk, other, release; // 1/min
  double shield;
  double break_up; // 1/min
};

struct CrossingParameters {
  double out, death; // 1/min
  double proteinase;

  // With what cells secrete: 1.1 M/(M + 0.1), exactly 1 at an M of 1.
  double rate_out() const { return out * (1.1 * proteinase / (proteinase + 0.1)); }
};

struct ColonisationParameters {
  double begin, go_on, human; // chances
  double dormant, asleep;
  double waking; // min, half-life
  double inflamed_factor;
};

enum class LesionGrowth : std::uint8_t { exponential, radial };

struct LesionParameters {
  LesionGrowth growth;
  double density;  // 1/um^3
  double doubling; // min
  double doubling_spread;
  double ratio, early;
  double death;          // 1/min, below 1000 cells
  double avascular;      // cells
  double vessels;        // min, mean wait
  double linear_above;   // um
  double radial_fastest; // 1/min
  double radial_rate;    // 1/min
  double radial_cells;
};

struct LymphParameters {
  static constexpr int most_nodes = 64;
  bool enabled;
  double share, dwell, pass; // hour by hour: per cell by blood; min; of a node
  double competence;
  double spread;
  double blood;
  int nodes;
  double positive; // um
};

struct HostParameters {
  double spread;
  double nk;
  double age, age_spread; // min
  double mortality;       // 1/min at the age of 60
  double mortality_slope; // 1/min
  std::vector<InflammationParameters> inflammation;
};

struct ObserverParameters {
  double diameter; // um, at which the primary is found and removed
  double diameter_spread;
  bool removes;
  double symptom; // um
  double horizon; // min
  double sample;  // um^3
  double aspirate;
};

void describe(Section<SheddingParameters>& s);
void describe(Section<LodgedParameters>& s);
void describe(Section<CrossingParameters>& s);
void describe(Section<ColonisationParameters>& s);
void describe(Section<LesionParameters>& s);
void describe(Section<LymphParameters>& s);
void describe(Section<HostParameters>& s);
void describe(Section<ObserverParameters>& s);

} // namespace metavox
