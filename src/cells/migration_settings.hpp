// Settings of how cells move.
#pragma once

#include <array>
#include <cstdint>

namespace metavox {

enum class AdhesionRule : std::uint8_t {
  bonds,
  neighbour_count
}; // Khain and Deroulers; Anderson 2005

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

// Largest drift of a tumour cell into one neighbour, um^2/min: from bare tissue into matrix of
// density `densest`, and from anoxia into oxygen of `richest` mmHg.
double steepest_drift(const MigrationParameters& p, double densest, double richest);

template <class T>
class Section;

void describe(Section<MigrationParameters>& section);
void describe(Section<TracerParameters>& section);

} // namespace metavox
