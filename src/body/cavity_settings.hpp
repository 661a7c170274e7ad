// Settings of the cavity into which a primary sheds through its serosa: section `body.cavity`.
#pragma once

#include <string>
#include <vector>

namespace metavox {

template <class T>
class Section;
class Judge;
struct BodyParameters;

// An organ with a surface in the cavity.
struct SurfaceParameters {
  std::string organ;
  double share; // of the cells that attach
};

struct CavityParameters {
  bool enabled;
  double rate;    // 1/min, of a cell at a broken serosa of a primary that the body counts
  double exposed; // share of that primary's surface
  double death;   // 1/min, of a floating cell, before resistance
  double resistance_epithelial, resistance_mesenchymal;
  double attachment; // 1/min
  std::vector<SurfaceParameters> surfaces;
};

void describe(Section<CavityParameters>& s);
// Names and shares, for the section `body`.
void judge_cavity(const BodyParameters& p, Judge& judge);

// Share of the cells that attach by organ, of body.organs; they add up to one. Without
// body.cavity.surfaces all of them do in the pleura, of a primary of lung or breast, or the
// peritoneum.
std::vector<double> surfaces_of(const BodyParameters& p);

} // namespace metavox
