// Where a body's cells are between two lesions, organ by organ: lodged as single cells or clusters,
// adherent, outside; and one step of that, written once for whole cells, which are drawn, and for
// expected ones, which are multiplied. Whole numbers have the law of the expected ones exactly:
// shares that are drawn are the shares that are multiplied.
//
// What leaves, competing risks: of n with rates of sum K, n (1 - e^-K dt) leave within dt, shared
// out by the rates. What came within the step came at any time of it, so 1 - (1 - e^-K dt)/(K dt)
// of it leaves. What an organ lets go may lodge again and leave again in the same step, once more
// and no more.
//
// Units: steps and cells; a cluster counts as its cells wherever cells are summed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "body/body_settings.hpp"
#include "body/lineage.hpp"
#include "core/random.hpp"

namespace metavox {

// E-like or M-like: what most cells of a cluster are.
enum class Phenotype : std::uint8_t { epithelial, mesenchymal };
inline constexpr std::size_t phenotypes = 2, most_in_cluster = 15;
inline constexpr std::size_t cell_classes = phenotypes * most_in_cluster;
template <class Number>
using ByPhenotype = std::array<Number, phenotypes>;
constexpr std::size_t class_of(std::size_t size, Phenotype p) {
  return (size - 1) * phenotypes + static_cast<std::size_t>(p);
}
constexpr std::size_t size_of_class(std::size_t c) { return c / phenotypes + 1; }
constexpr std::size_t phenotype_of_class(std::size_t c) { return c % phenotypes; }

// What is drawn for a cell when it lands, once.
enum class Fate : std::uint8_t { doomed, abortive, dormant, asleep, awake };
inline constexpr std::size_t fates = 5;
const char* name_of(Fate fate); // "doomed"
constexpr bool competent(Fate f) { return f == Fate::asleep || f == Fate::awake; }

// Cells that one organ saw so far, each time they came to a stage, and what is in it now.
template <class Number>
struct OrganStages {
  std::array<Number, cell_classes> lodged{}; // now, clusters
  std::array<Number, phenotypes> adherent{}; // now, cells
  std::array<Number, phenotypes> asleep{};   // now, competent ones
  Number arrived{}, released{}, killed{}, died{}, adhered{}, died_adherent{}, landed{};
  std::array<Number, fates> fate{}; // of the landed
  Number woken{};

  template <class Self, class Archive>
  static void visit(Self& s, Archive& a) {
    for (auto& n : s.lodged) a(n);
    for (auto& n : s.adherent) a(n);
    for (auto& n : s.asleep) a(n);
    for (auto* n : {&s.arrived, &s.released, &s.killed, &s.died, &s.adhered, &s.died_adherent,
                    &s.landed, &s.woken})
      a(*n);
    for (auto& n : s.fate) a(n);
  }
  Number lodged_cells() const {
    Number cells{};
    for (std::size_t c = 0; c < cell_classes; ++c)
      cells += lodged[c] * static_cast<Number>(size_of_class(c));
    return cells;
  }
  Number adherent_cells() const { return adherent[0] + adherent[1]; }
  Number asleep_cells() const { return asleep[0] + asleep[1]; }
  Number founders() const { return fate[static_cast<std::size_t>(Fate::awake)] + woken; }
  Number competent() const {
    return fate[static_cast<std::size_t>(Fate::awake)] +
           fate[static_cast<std::size_t>(Fate::asleep)];
  }
};

template <class Number>
struct Stages {
  Number departed{}, dead_in_flow{}, passed_out{}; // cells so far
  std::vector<OrganStages<Number>> organs;

  template <class Self, class Archive>
  static void visit(Self& s, Archive& a) {
    a(s.departed), a(s.dead_in_flow), a(s.passed_out);
    for (auto& o : s.organs) OrganStages<Number>::visit(o, a);
  }
};

// Cells that begin to flow in a step: clusters by class, from where the primary's blood goes (row
// 0) or from behind an organ (row 1 + organ).
template <class Number>
using Shed = std::vector<std::array<Number, cell_classes>>;

// What came out in one step, by organ.
template <class Number>
struct LandedCells {
  std::array<std::array<Number, fates>, phenotypes> cells{};
  std::array<Number, phenotypes> woken{};
};

// Beside these cells, whose they are (body/lineage.hpp).
struct OrganParents {
  std::array<Parentage, cell_classes> lodged;
  ByPhenotype<Parentage> adherent, asleep;

  template <class Self, class Archive>
  static void visit(Self& s, Archive& a) {
    for (auto& p : s.lodged) Parentage::visit(p, a);
    for (auto& p : s.adherent) Parentage::visit(p, a);
    for (auto& p : s.asleep) Parentage::visit(p, a);
  }
};
// In the shape of LandedCells.
struct LandedParents {
  std::array<std::array<Parentage, fates>, phenotypes> cells;
  ByPhenotype<Parentage> woken;
};
struct StageParents {
  explicit StageParents(std::size_t organs);

  std::vector<OrganParents> organs; // the state
  // Of a step: of those that are shed, in the shape of Shed; of those that landed.
  std::vector<std::array<Parentage, cell_classes>> shed;
  std::vector<LandedParents> landed;

  template <class Self, class Archive>
  static void visit(Self& s, Archive& a) {
    for (auto& o : s.organs) OrganParents::visit(o, a);
  }
};

// Chances to leave in a step, of what was there and of what came at any time of it.
struct StepChances {
  double old = 0, fresh = 0;
};
StepChances chances_of_leaving(double rate_times_step);

// Rates and shares of a body, fixed for its life: settings, and what the host makes of cells.
class StageLaw {
public:
  // `theta`: factor of the host on the chance that a landed cell founds a lesion.
  StageLaw(const BodyParameters& body, double theta);

  std::size_t organs() const { return crossing_.size(); }
  double step() const { return step_; } // min
  Stages<std::int64_t> no_cells() const { return none<std::int64_t>(); }
  Stages<double> nothing_expected() const { return none<double>(); }

  // One step, in which sleepers wake with the chance `waking`. Draws belong to the seed and the
  // number of the step. `whose`: parents are followed, which changes no number.
  void advance(Stages<std::int64_t>& s, const Shed<std::int64_t>& shed,
               std::vector<LandedCells<std::int64_t>>& landed, double waking, std::uint64_t seed,
               std::uint64_t step, StageParents* whose = nullptr) const;
  void advance(Stages<double>& s, const Shed<double>& shed,
               std::vector<LandedCells<double>>& landed, double waking, const ParentKey& key = {},
               StageParents* whose = nullptr) const;

  // Cells that landed in an organ otherwise than out of its vessels, after a step: their fates are
  // drawn as those of the others. Returned: the competent ones. `from`: their parents.
  std::int64_t land(Stages<std::int64_t>& s, std::size_t organ,
                    const ByPhenotype<std::int64_t>& cells, LandedCells<std::int64_t>& landed,
                    std::uint64_t seed, std::uint64_t step, StageParents* whose = nullptr,
                    const ByPhenotype<Parentage>* from = nullptr) const;
  double land(Stages<double>& s, std::size_t organ, const ByPhenotype<double>& cells,
              LandedCells<double>& landed, const ParentKey& key = {}, StageParents* whose = nullptr,
              const ByPhenotype<Parentage>* from = nullptr) const;

  // Minutes that a cell flows which begins in a row of Shed.
  double flowing(std::size_t row) const { return flowing_[row]; }

  // Chance that a landed cell founds a lesion, now or after a sleep.
  double competence(std::size_t organ) const;
  // Chance to wake in a step, at so many times the rate.
  double waking(double pace = 1) const;

private:
  using Chances = StepChances;
  // Parents of a step, and what their draws belong to.
  struct Whose {
    StageParents* parents;
    ParentKey key;
  };
  template <class Number>
  Stages<Number> none() const;
  template <class Number, class Split>
  void advance_with(Stages<Number>& s, const Shed<Number>& shed,
                    std::vector<LandedCells<Number>>& landed, double waking, const Split& split,
                    const Whose& whose) const;
  template <class Number, class Split>
  Number land_with(OrganStages<Number>& s, std::size_t organ, const ByPhenotype<Number>& cells,
                   LandedCells<Number>& landed, const Split& split, const Whose& whose,
                   const ByPhenotype<Parentage>* from) const;
  template <class Number, class Split>
  class Round;

  double step_;
  std::vector<std::vector<double>> ends_; // by row: lodged in each organ, dead, passed out
  std::vector<double> flowing_;
  // By organ and size.
  std::vector<std::array<Chances, most_in_cluster>> lodged_;
  std::vector<std::array<std::array<double, 5>, most_in_cluster>>
      risks_; // adhesion, NK, other, release, break
  std::vector<Chances> crossing_;
  std::vector<std::array<double, 2>> ways_out_;  // crossing, death
  std::vector<std::array<double, fates>> fates_; // in the order of Fate
  double waking_;                                // 1/min
};

} // namespace metavox
