// Settings of cells that come with the blood: when they come, what becomes of them in the vessel,
// and once they have landed in the tissue.
#pragma once

#include <cstdint>
#include <string>

namespace metavox {

inline constexpr const char* every_inlet = "every";

enum class ArrivalState : std::uint8_t { lodged, adherent };

struct ArrivalParameters {
  bool enabled;
  int cells;
  double from, over; // min
  int cluster_size;
  double mesenchymal; // share
  ArrivalState state;
  std::string inlet; // face or name of a node, or every_inlet
  int clone;         // 0: each arrival a label of its own
};

struct ArrestParameters {
  double adhesion, nk, nk_status, other, release; // 1/min; the status is a factor
  double shield;                                  // divides both deaths in a cluster
  double break_up;                                // 1/min
  double out, barrier, death;                     // 1/min; the barrier divides `out`
  double inhibitor, half_inhibition;              // nM
};

struct LandingParameters {
  double begin, go_on, human, soil, host; // chances, and factors
  double competent, dormant, asleep;      // shares
  int divisions;                          // at most, of abortive cells
  double waking;                          // min, half-life of sleep
  bool inflamed;
  double inflamed_factor;
  double spent;                     // 1/min
  double doomed_from, doomed_until; // min since they landed
};

template <class T>
class Section;

void describe(Section<ArrivalParameters>& section);
void describe(Section<ArrestParameters>& section);
void describe(Section<LandingParameters>& section);

// Share of landed cells that will found a lesion, from the chances that lead there.
double competent_share(const LandingParameters& p);

} // namespace metavox
