// Settings of how tumour cells enter vessels, and of all who leave.
#pragma once

namespace metavox {

struct IntravasationParameters {
  bool enabled;
  double rate;       // 1/min per wall_unit of wall that a cell shares, k_iv
  double leakiness;  // a_leak: leaky walls weigh 1 + this
  double tight;      // w_m: weight of mature walls that are whole
  double epithelial; // m_E: of an E-like cell at leaky walls
  double clustering; // kappa_c: of bonds that hold when a cell leaves
  double healing;    // min, of a membrane, tau_B
};

// How fast cells leave, numbers alone; 0 where there is no such way.
struct DepartureRates {
  double blood, lymph; // 1/min per wall_unit
  double cavity;       // 1/min of a cell at a broken serosal membrane
  double epithelial;   // of E-like cells at leaky walls, a share
  double clustering;   // of bonds that hold when a cell leaves
};

template <class T>
class Section;

void describe(Section<IntravasationParameters>& section);

} // namespace metavox
