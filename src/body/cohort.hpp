// Virtual patients without lattices. What cannot be seen is expected: the chain from shedding to
// landing, step by step. What can be is drawn: lesions founded as a thinning of that, when they
// sleep, wake, grow and are found, and what samples show at removal. Draws are keyed by patient.
//
// Units: days on a clock that starts when the primary begins to shed, cells, um.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "body/body_config.hpp"
#include "body/dying.hpp"

namespace metavox {

struct PatientRow {
  double theta = 1, node_theta = 1;
  double doubling = 0; // days, of the primary
  double diameter = 0; // um, at removal
  double age = 0;      // days, at removal
  double removal = 0;  // day
  double shed = 0;     // cells by blood until removal, expected
  double landed = 0;   // expected, in the end
  double expected = 0; // lesions that will be founded: natural ones are Poisson about it
  double level = 0;    // cells per um^3 of blood at removal, expected
  double sleepers = 0; // cells asleep in the marrow at removal, expected
  std::int64_t in_blood = 0, in_marrow = 0; // that the samples show
  std::int64_t founded = 0, slept = 0;      // lesions of any time; those that slept first
  std::int64_t nodes = 0;                   // lesions founded in nodes
  double largest_node = 0;                  // um, at removal
  bool seen_at_removal = false;             // a metastasis
  double seen = -1;                         // days after removal; -1: not within the horizon
  int seen_in = -1;                         // organ
  double seen_diameter = 0;                 // um
  double founded_before_seen = 0;           // days from landing to that
  double other_death = 0;                   // days after removal
  double death = 0;                         // the same; of what comes first
  DeathOf cause = DeathOf::none;            // none: only other deaths are looked at
  int death_in = -1;                        // organ
  bool of_metastases = false;
  // Of the cavity, expected until removal and in the end; the last two are part of landed, expected
  // and founded.
  double into_cavity = 0, attached = 0; // cells
  double expected_implants = 0;         // lesions that implants will found
  std::int64_t implants = 0;            // the same, as drawn
};

// Patients `first` to `first + count` on so many threads, in their order. Their rows do not depend
// on threads or on which others are asked for.
std::vector<PatientRow> follow_patients(const BodySettings& settings, std::int64_t first,
                                        std::int64_t count, int threads);

// One number about a cohort.
struct CohortNumber {
  std::string name;
  double value = 0;
  double error = 0; // standard error; 0: of no sample
  std::string meaning;
};
std::vector<CohortNumber> summary_of(const BodySettings& settings,
                                     const std::vector<PatientRow>& rows);

} // namespace metavox
