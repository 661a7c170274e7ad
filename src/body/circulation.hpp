// Where cells lodge that blood carries: an absorbing chain over the chambers of the heart and the
// portal vein. A cell passes a bed in seconds and the circuit in a minute, against hours that it
// stays where it has lodged, so only the end of the chain matters, and how long it flows till then.
#pragma once

#include <vector>

namespace metavox {

inline constexpr int no_bed = -1;      // a way that no capillaries lie in
inline constexpr int out_of_body = -1; // where cells are lost to the body

// A share of the blood that leaves a chamber, or a lesion: through a bed, into a chamber.
struct BloodWay {
  int bed = no_bed;
  int to = out_of_body;
  double share = 0;
};
struct BloodRoute {
  int from = 0;
  BloodWay way;
};

struct Circulation {
  std::vector<double> dwell; // min, of each chamber
  std::vector<double> pass;  // of each bed: the share of cells that get through
  std::vector<BloodRoute> routes;
  double death = 0; // 1/min, in the flow
};

// What becomes of one cell, on average. lodged + dead + passed = 1.
struct Passage {
  std::vector<double> visits; // of each chamber
  std::vector<double> lodged; // in each bed
  double dead = 0;            // in the flow
  double passed = 0;          // out of the body
  double flowing = 0;         // min until one of these
};

// Of a cell that begins by `ways`, whose shares add up to one, as those of each chamber do. Every
// cycle of routes must hold a bed that keeps cells.
Passage follow(const Circulation& blood, const std::vector<BloodWay>& ways);

// A cycle of routes in which nothing is kept, as chambers in their order; empty: there is none.
std::vector<int> cycle_without_filter(const Circulation& blood);

} // namespace metavox
