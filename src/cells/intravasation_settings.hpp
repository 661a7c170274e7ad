// Settings of how tumour cells enter vessels.
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

template <class T>
class Section;

void describe(Section<IntravasationParameters>& section);

} // namespace metavox
