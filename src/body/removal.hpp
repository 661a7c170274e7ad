// Removal of the primary where a body is followed hour by hour: when, and what is left of it.
#pragma once

namespace metavox {

template <class T>
class Section;
class Judge;
struct BodyParameters;

struct RemovalParameters {
  double time;                      // min; 0: not by time
  double diameter;                  // um; 0: not by size
  bool found;                       // at the diameter at which the host's is found
  double residual;                  // share of its cells
  double tail;                      // cells beyond the tumour's edge
  double margin;                    // um
  double tail_length;               // um
  double spill_blood, spill_cavity; // shares of the cells that are cut out
  double washed;                    // share of the cells afloat in the cavity
  double wound;                     // min, that it takes to heal

  bool spills() const { return spill_blood > 0 || spill_cavity > 0; }
};

void describe(Section<RemovalParameters>& s);
// Of what is spilled and washed, for the section `body`.
void judge_spill(const BodyParameters& p, Judge& judge);

// Whether a run has one at all.
bool is_planned(const RemovalParameters& p);
// Chance of each of so many cells to be left.
double share_left(const RemovalParameters& p, double cells);

} // namespace metavox
