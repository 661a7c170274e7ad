// One body, hour by hour, in whole cells: lesions shed, the blood takes what they shed from bed to
// bed, cells lodge, die, flow on, adhere, come out, and found lesions. Beside the whole cells runs
// what is expected of them (body/stages.hpp): given the lesions it is the compensator of the
// founders that are drawn, so e^-Lambda is the chance of none where founders do not act on
// shedding.
//
// Every step ends with the ledger: what departed is somewhere, cell by cell, or the step throws.
//
// A lesion may be counted elsewhere, by a window: then a step is told what the window did in that
// hour, and tells what landed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "body/body_config.hpp"
#include "body/cavity.hpp"
#include "body/dying.hpp"
#include "body/forced.hpp"
#include "body/host.hpp"
#include "body/inflammation.hpp"
#include "body/lesion.hpp"
#include "body/lineage.hpp"
#include "body/lymph.hpp"
#include "body/stages.hpp"
#include "voxel/departure.hpp"

namespace metavox {

// Clusters that left a window by blood in the hour; single cells are clusters of one.
struct WindowDeparture {
  int size = 1;
  Phenotype phenotype = Phenotype::mesenchymal;
  std::int64_t clusters = 0;
};
// What a window says of its lesion after an hour.
struct WindowHour {
  std::int64_t lesion = 0;         // its number
  Origin origin = Origin::natural; // forced ones have numbers of their own
  std::int64_t cells = 0, births = 0, deaths = 0;
  // Cells that were expected to leave, by each Route: the sum of their chances.
  std::array<double, route_count> expected{};
  std::vector<WindowDeparture> departures;
  ByPhenotype<std::int64_t> by_lymph{}, into_cavity{}; // cells: there clusters come apart
};

// Natural cells that came out of the blood in an hour, of one organ, fate and phenotype.
struct Landing {
  std::int32_t organ = 0;
  Fate fate = Fate::doomed;
  Phenotype phenotype = Phenotype::mesenchymal;
  std::int64_t cells = 0;
  std::int64_t lesion = -1; // of awake ones: number of the first lesion; the others follow it
  std::uint64_t key = 0;    // for draws: no other landing of this body has it
};

// What happened in a step beside numbers.
struct BodyEvent {
  enum class What : std::uint8_t {
    founded,
    established,
    died_out,
    forced,
    woken,
    removed, // the primary; its cells are then those that stay
    died,    // the patient, of this lesion's organ; of `burden`, of all lesions together
    died_of_burden,
    died_otherwise,
    opened,    // a window around it
    closed,    // it is a counter from now on
    uncovered, // no window was left for it
    shown,     // a window around a cell that founds none: no lesion
    gone,      // of these cells nothing is left
    unfit      // it was to get a window, and none has room for its cells
  };
  What what = What::founded;
  std::int64_t lesion = 0; // -1: none
  Origin origin = Origin::natural;
  std::int64_t window = -1; // number of it; -1: this is about none
};
struct StepReport {
  std::vector<Landing> landings;
  std::vector<BodyEvent> events;
};

// What all bodies of a run share.
struct BodyPlan {
  explicit BodyPlan(const BodySettings& settings); // which it goes on reading
  explicit BodyPlan(const BodySettings&& settings) = delete;

  const BodyParameters& body;
  Host host;
  StageLaw stages;
  Inflammation inflammation;
  LesionLaw growth;
  std::int32_t home;            // organ of the primary
  std::int64_t first_cells;     // of the primary
  std::vector<double> capacity; // cells that an organ has room for
  std::int64_t removal_step;    // after which the primary is removed; -1: at no set time
  std::int64_t removal_cells;   // at which it is removed; 0: at none
  LethalLoad load;
  LymphLaw lymph;
  CavityLaw cavity;
  std::int32_t nodes;   // the organ; -1: there is none
  bool windows = false; // whether lesions may be counted by windows

  // Whether what becomes of a body depends on whose cells founded what: a founder in a window is
  // like the cells that its parent sheds, and others than the primary may shed.
  bool parents_act() const { return windows && (body.reseeding || lymph.enabled()); }
};

class Body {
public:
  // With the founders that are to be forced into it; linear: they stand aside.
  Body(const BodyPlan& plan, std::uint64_t seed, std::vector<Forced> forced = {});

  // One step of body.step. Throws NumericalError where the ledger is broken.
  StepReport step(const std::vector<WindowHour>& windows = {});

  std::int64_t steps() const { return step_; }
  std::uint64_t seed() const { return seed_; }
  const Stages<std::int64_t>& natural() const { return natural_; }
  const Stages<double>& expected() const { return expected_; }
  // Competent cells that are expected to have come, awake and asleep: Lambda.
  double expected_founders() const;

  // The primary, natural lesions in the order in which they came; forced ones.
  const std::vector<Lesion>& lesions() const { return lesions_; }
  const std::vector<Lesion>& forced() const { return forced_; }
  // By its number among those or, of a forced one, these; nullptr: there is none.
  const Lesion* lesion(std::int64_t number, Origin origin) const;
  // Of natural cells that landed in the last step.
  const Parentage& parents_of(const Landing& l) const {
    return parents_.stages.landed[static_cast<std::size_t>(l.organ)]
        .cells[static_cast<std::size_t>(l.phenotype)][static_cast<std::size_t>(l.fate)];
  }
  bool has_forced() const { return !plan_of_forced_.empty(); }

  // Hand-over, exact in number: a window begins with the cells that are returned and gives back as
  // many as it has. Throws NumericalError where these are not the lesion's. A lesion that is given
  // back has grown among vessels.
  std::int64_t give_to_window(std::int64_t lesion, Origin origin = Origin::natural);
  void take_from_window(std::int64_t lesion, std::int64_t cells, Origin origin = Origin::natural);
  // Whether a lesion lets cells go: the primary does; others where they reseed, forced ones that
  // stand aside never.
  bool sheds(const Lesion& lesion) const;

  // The step after which the primary was removed; -1: it was not.
  std::int64_t removed() const { return removed_; }
  double removal_time() const; // min; -1
  // Whether it is to be removed now, after a step. One that the body counts is then gone; for one
  // in a window this is asked, the window closed, and the removal told.
  bool removal_is_due() const;
  void remove_primary(StepReport& report);
  // Of the cells that were cut out then, those that were spilled into blood and cavity.
  std::int64_t spilled_into_blood() const { return spilled_into_blood_; }
  std::int64_t spilled_into_cavity() const { return lesions_[0].spilled - spilled_into_blood_; }

  // How many times faster sleepers wake in the step to come, by inflammation and wound.
  double waking_pace() const;

  // The way through lymph, where it is followed: its cells are not among those of the blood.
  const LymphStages<std::int64_t>& lymph() const { return lymph_; }
  const LymphStages<double>& expected_lymph() const { return expected_lymph_; }

  // The cavity, where there is one: what floats in it and what attached, which landed in an organ.
  const CavityStages<std::int64_t>& cavity() const { return cavity_; }
  const CavityStages<double>& expected_cavity() const { return expected_cavity_; }

  // Share of an organ that works, beside natural lesions and forced ones that do not stand aside.
  double function(std::int32_t organ) const;
  // Of what the patient died, after which step. Nothing happens to a dead body: steps are counted.
  const Verdict& death() const { return death_; }
  std::int64_t died() const { return died_; } // -1: he lives

  // Cells per um^3 of blood, expected: those that flow, shed in the last step or let go.
  double blood_level() const { return level_; }

  // Of all that decides what comes. Parents are part of it where they do.
  std::uint64_t hash() const;
  // The whole state, of whole numbers and others, appended; and back, from a place on.
  void save(std::vector<std::int64_t>& whole, std::vector<double>& real) const;
  void load(const std::vector<std::int64_t>& whole, const std::vector<double>& real,
            std::size_t& whole_at, std::size_t& real_at);

  // Throws NumericalError unless every cell is accounted for.
  void check_ledger() const;

private:
  struct Growing {
    double exponent = 0;
    std::int64_t departed = 0;
  };
  // Whose the cells are that are on their way.
  struct Parents {
    explicit Parents(const BodyPlan& plan)
        : stages(plan.stages.organs()), nodes(plan.lymph.nodes()) {}
    StageParents stages;
    NodeParents nodes;
    CavityParents cavity;

    template <class Self, class Archive>
    static void visit(Self& s, Archive& a, const BodyPlan& plan) {
      StageParents::visit(s.stages, a);
      if (plan.lymph.enabled()) NodeParents::visit(s.nodes, a);
      if (plan.cavity.enabled()) CavityParents::visit(s.cavity, a);
    }
  };
  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive);
  template <class Self, class Archive>
  static void visit_parents(Self& self, Archive& archive);

  // What is left of a lesion's cells begins to flow, enters a node, floats: whole cells or
  // clusters, and expected ones.
  struct Leaving {
    const Lesion& lesion;
    std::int64_t left; // the step
  };
  ParentKey parent_key(const Lesion& lesion, std::uint64_t slot) const;
  double parent_draw(std::int64_t number, bool forced) const;
  void into_blood(const Leaving& who, std::size_t row, std::size_t c, std::int64_t groups,
                  double expected);
  void into_nodes(const Lesion& lesion, std::size_t phenotype, std::int64_t cells, double expected);
  void into_cavity(const Lesion& lesion, std::size_t phenotype, std::int64_t cells,
                   double expected);
  void out_of_nodes(std::size_t row, std::size_t c, std::size_t phenotype, double cells,
                    double expected);
  void spilled_afloat(std::size_t phenotype, double cells, double expected);
  Parent parent_of_forced(const Forced& forced) const;
  void check_parents() const;
  void check_numbers_of_parents() const;

  void measure_room();
  void shed_from(Lesion& lesion, double room, Growing& growing);
  void shed(const std::vector<WindowHour>& windows, StepReport& report);
  void follow_window(const WindowHour& hour, StepReport& report);
  std::int64_t follow_by_lymph(const WindowHour& hour, const Lesion& lesion);
  void force_founders(StepReport& report);
  void found(StepReport& report);
  Lesion& found_lesion(std::int32_t organ, Phenotype phenotype, Origin origin,
                       const Parentage& parents, StepReport& report);
  void grow(StepReport& report);
  void grow_one(Lesion& lesion, const Growing& growing, std::int64_t fits, StepReport& report);
  void tell_landings(StepReport& report) const;
  void flow_through_nodes(StepReport& report);
  void found_in_node(Phenotype phenotype, StepReport& report);
  void clear_nodes();
  void spill(std::int64_t cut, double expected_cut);
  void wash_cavity();
  bool spill_waits() const;
  void let_spill_flow();
  ByPhenotype<double> kinds_into_cavity(const Lesion& lesion) const;
  std::int64_t shed_into_cavity(const Lesion& lesion, double cells);
  std::int64_t follow_into_cavity(const WindowHour& hour, const Lesion& lesion);
  void float_and_attach();
  void judge_death(StepReport& report);
  void die_of_lesions(StepReport& report);
  std::int64_t other_death() const;
  bool acts(const Lesion& lesion) const; // on others
  Lesion& window_lesion(std::int64_t number, Origin origin, bool in_window);

  const BodyPlan* plan_;
  std::uint64_t seed_;
  std::vector<Forced> plan_of_forced_;
  bool stand_aside_; // forced ones

  std::int64_t step_ = 0;
  Stages<std::int64_t> natural_;
  Stages<double> expected_;
  std::vector<Lesion> lesions_, forced_;
  std::int64_t removed_ = -1;
  std::int64_t spilled_into_blood_ = 0; // when the primary was removed
  double expected_into_blood_ = 0;
  std::int64_t died_ = -1, other_death_ = -1; // steps
  Verdict death_;
  LymphStages<std::int64_t> lymph_;
  LymphStages<double> expected_lymph_;
  CavityStages<std::int64_t> cavity_;
  CavityStages<double> expected_cavity_;
  double through_serosa_ = 0; // by a cell at the primary's surface, in its window's last hour
  double level_ = 0;
  Parents parents_;
  std::optional<Parents> expected_parents_; // where founders are forced

  // Of the step that is being taken.
  double waking_ = 0;               // chance of a sleeper
  std::int64_t primary_before_ = 0; // its cells
  Shed<std::int64_t> shed_;
  Shed<double> expected_shed_;
  ByPhenotype<std::int64_t> by_lymph_{}; // cells that leave by it
  ByPhenotype<double> expected_by_lymph_{};
  ByPhenotype<std::int64_t> into_cavity_{}; // cells that are shed through the serosa
  ByPhenotype<double> expected_into_cavity_{};
  std::vector<LandedCells<std::int64_t>> landed_;
  std::vector<LandedCells<double>> expected_landed_;
  std::vector<double> room_;           // share of each organ's that is left
  std::vector<std::int64_t> occupied_; // cells of lesions
  std::vector<Growing> growing_, forced_growing_;
};

} // namespace metavox
