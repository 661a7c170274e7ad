// A substance on its way through the blood: what it gives to the tissue it passes and takes back,
// solved together with the field.
//
// Along a piece of length l in blood of flow Q (content C, see saturation.hpp) that passes through
// its wall G l (p - p_t), p_t being the mean of the tissue in a disc across the piece,
//
//   Q C(p) + a G l p = F_in + a G l p_t,   F_out = F_in - a G l (p - p_t)
//
// has one root, and gives no more than arrives, however slow the blood. Where branches meet, all
// blood that leaves has one level. Conductance per length, for a disc of radius r and tissue of
// diffusivity D: 1/G = 1/(2 pi R psi) + ln(r e^(-1/4) / R) / (2 pi D), the first term being the
// wall and the blood within.
#pragma once

#include <cstdint>
#include <vector>

#include "core/constants.hpp"
#include "core/executor.hpp"
#include "core/loan.hpp"
#include "fields/saturation.hpp"
#include "solver/exchange.hpp"
#include "solver/extrapolation.hpp"
#include "voxel/blood.hpp"

namespace metavox {

// What resists between blood and tissue: nothing, wall and blood as oxygen meets them in a vessel
// of that diameter, or a permeability.
enum class Wall : std::uint8_t { none, of_oxygen, given };

// One substance in blood, in the unit of its field ("level"); amounts per level are `dissolved`.
struct BloodSubstance {
  double diffusivity = 0; // um^2/min, in tissue
  double dissolved = 1;   // amount per um^3 of tissue and level: alpha
  double plasma = 1;      // the same in blood
  double haemoglobin = 0; // amount per um^3 of full red cells
  double half = 27, exponent = 2.7;
  Wall wall = Wall::of_oxygen;
  double permeability = 0; // um/min, of a wall that is given
  bool fixed = false;      // all blood holds `level`, whatever it has given
  double level = 0;        // in fixed blood
  double entering = -1;    // level of blood that enters; negative: what the vertex says
  double spacing = 0;      // um, of the field's lattice
};

// Permeability of wall and blood to oxygen by radius, um/min, tissue holding `solubility` fmol/um^3
// per mmHg: the intravascular resistances that T. Secomb's group uses (Secomb et al. 2004, Ann.
// Biomed. Eng. 32:1519; table of their program), interpolated by diameter.
MV_HD inline double oxygen_permeability(double radius, double solubility) {
  // Diameter in um; resistance of a vessel to oxygen in mmHg um s per um^3 of gas.
  constexpr int rows = 16;
  const double diameter[rows] = {4, 5, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32, 40, 50};
  const double resistance[rows] = {2.45,  2.00,  1.74,  1.44,  1.27,  1.16,  1.08,  1.02,
                                   0.974, 0.935, 0.895, 0.853, 0.815, 0.779, 0.750, 0.730};
  constexpr double litres_per_mole = 22.4; // of gas
  const double d = exact::clamp(2.0 * radius, diameter[0], diameter[rows - 1]);
  int row = 0;
  while (row + 2 < rows && d >= diameter[row + 1]) ++row;
  const double share = (d - diameter[row]) / (diameter[row + 1] - diameter[row]);
  const double here = resistance[row] + share * (resistance[row + 1] - resistance[row]);
  // um^3 of gas to fmol, seconds to minutes.
  return 60.0 / (litres_per_mole * solubility * here * 2.0 * pi * radius);
}

// Of one piece: amount per minute, and how that falls as its tissue's level rises, um^3/min.
struct PieceSupply {
  double given, steepness;
};

class BloodExchange final : public Exchange {
public:
  BloodExchange(const Executor& executor, const BloodSubstance& substance);
  // Before solves or a report. Geometry and flow have changed, or not: see BloodView::edition.
  // The loan, all of it, lasts until the last of them; what does not fit is put elsewhere.
  void look_at(const BloodView& blood, Loan& loan);
  bool any() const { return blood_.pieces > 0; }

  void begin(const DiffusionLevel& fine) override;
  Answer answer(int cycles) override;
  void impose() override;
  Coarse coarse() const override { return {blood_.coarse, blood_.first_coarse}; }

  // Marches once through `field`, padded as its lattice has it.
  BloodReport report(const float* field, const Lattice& lattice);
  // Bytes of its own on the back end for so many pieces and voxels that they reach, where so many
  // bytes are lent.
  static double bytes_of_its_own(double pieces, double touched, std::size_t lent);
  // What one piece's wall conducts, um^3/min.
  std::vector<double> conductances() const { return conductance_.host_copy(); }

private:
  BloodContent content(const double* table) const;
  void place_lent(Loan& loan);
  void march();
  void plain_turn();
  float hastened_turn();
  void watch();

  Executor executor_;
  BloodSubstance substance_;
  BloodView blood_;
  DiffusionLevel fine_{};
  std::vector<double> curve_; // of saturation; `table_` is the same on the back end
  Buffer<double> table_;
  Buffer<double> conductance_, level_;         // of pieces
  Buffer<double> carried_, response_, at_end_; // of branches
  // For a solve or a report. Of pieces; of touched voxels, the base being without what blood does.
  LentArray<PieceSupply> supply_;
  LentArray<double> tissue_, met_; // around: as it was marched through, as it is or was before
  LentArray<float> change_;
  LentArray<float> value_, base_f_, base_k_;
  double lag_ = 0;             // theta
  std::vector<float> changes_; // of a solve, from turn to turn
  Extrapolation extrapolation_;
  bool hastened_ = false, led_away_ = false;
  float least_ = 0; // change since turns are extrapolated
};

} // namespace metavox
