// One virtual patient.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "body/cohort.hpp"
#include "body/cohort_cavity.hpp"
#include "body/dying.hpp"
#include "body/lesion_growth.hpp"
#include "body/settling.hpp"
#include "core/random.hpp"

namespace metavox {

// What all patients of a cohort share.
struct CohortPlan {
  CohortPlan(const BodySettings& settings);

  const BodyParameters& body;
  const PrimaryParameters& primary;
  std::uint64_t seed;
  Settling settling;
  CohortCavity cavity;
  Inflammation inflammation;
  std::vector<LesionParameters> laws; // of metastases, by organ
  std::vector<double> chances;        // of a landed cell to found a lesion, at theta 1, by organ
  std::vector<double> visits;         // days after removal
  int marrow;                         // place of bone; -1: none
  LethalLoad load;
  double first_stretch = 64; // lesions expected in it, where primaries stay; no law depends on it
};

// Works out one patient after the other; memory is kept between them.
class PatientCourse {
public:
  explicit PatientCourse(const CohortPlan& plan);
  PatientRow follow(std::uint64_t patient);

  struct Metastasis {
    std::size_t organ;
    double start; // day
    LesionClock clock;
    double age = 0; // day, by its clock: slower where little of the organ is left
  };
  // Those of the last patient that grow at any time, but for the ones that are counted only.
  const std::vector<Metastasis>& metastases() const { return metastases_; }

private:
  struct Node {
    double start; // day
    LesionClock clock;
  };
  // What founds lesions of an organ: cells that the blood brings, or that attach to its surface.
  struct Source {
    std::uint64_t identity; // tells its draws from those of others
    std::size_t organ, place;
    bool implants;
    double expected; // lesions, in the end
  };
  // Points of the grid between which lesions are founded, and its place among such stretches.
  struct Stretch {
    std::size_t first, last;
    std::uint64_t number;
  };
  void draw_host();
  void grow_primary();
  void found_in_nodes();
  void let_settle();
  void let_attach();
  void take_samples();
  void expect_lesions();
  void found_and_die();
  void found_lesions(std::size_t source, const Stretch& stretch, bool over);
  void found_lesion(std::size_t source, double landed, std::uint64_t number);
  double sleep_from(double day, double sleep) const;
  double share_by(const Source& source, std::size_t point) const; // of what comes in the end
  double expected_by(std::size_t point) const;                    // lesions
  std::size_t end_of_stretch(std::size_t first) const;
  bool over_by(double day);
  double chance_to_found(std::size_t organ) const; // of a cell that landed
  bool die_before(double day);
  double primary_volume(double day) const;
  Verdict unhindered(double day);
  double little_before(double end);
  void die_of_lesions(double from, double end);
  double last_day() const; // that is looked at
  double unit(Purpose purpose, std::uint64_t identity, std::uint64_t step, std::uint32_t n) const;
  double shed_on(double day) const; // into blood, before removal
  double into_cavity_on(double day) const;
  double day_attached(double share) const; // when that share of those that ever attach had
  double day_when(const std::vector<double>& cumulated, std::size_t stride, std::size_t first,
                  double share) const;
  LesionClock metastasis(const LesionParameters& law, std::uint64_t identity,
                         std::uint64_t number) const;

  const CohortPlan& plan_;
  const BodyParameters& body_;
  std::uint64_t seed_ = 0;
  PatientRow row_;
  LesionClock primary_;
  std::vector<Node> nodes_;
  std::vector<double> grid_, shed_; // days; cells shed till then
  std::vector<double> landed_;      // by grid point and place
  Settling::State state_, scratch_;
  std::vector<double> attached_; // by grid point
  CohortCavity::State afloat_;   // at the last one
  std::vector<Source> sources_;
  std::size_t seen_of_ = 0; // source of the first lesion that is seen,
  double seen_lot_ = 0;     // and its lot among those seen on the same day
  std::vector<Metastasis> metastases_;
  std::vector<double> volumes_; // by organ
};

} // namespace metavox
