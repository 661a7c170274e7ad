// The settings of a body: section `body`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "body/cavity_settings.hpp"
#include "body/cohort_settings.hpp"
#include "body/dying.hpp"
#include "body/organ_settings.hpp"
#include "body/removal.hpp"
#include "body/window_settings.hpp"
#include "settings/preset.hpp"

namespace metavox {

// Whether a forced founder and other lesions know of one another.
enum class Coupling : std::uint8_t { linear, full };

// Founders that are put into an organ, so many in each period.
struct ForceParameters {
  std::string organ;
  double per; // min
  int founders;
};

struct BodyParameters {
  Preset preset;
  std::string primary;
  double pass;
  int patients;
  double step;     // min; the clock of a body counts these
  double diameter; // um, of the primary when a body's run begins
  int patient;     // of a cohort, whose host a body has; -1: the one in the middle
  int replicates;
  bool reseeding;
  double established; // cells
  Coupling coupling;
  int splitting; // courses to a level; 0: none
  RemovalParameters removal;
  DyingParameters death;
  std::vector<ForceParameters> force;
  BloodParameters blood;
  SheddingParameters shedding;
  LodgedParameters lodged;
  CrossingParameters crossing;
  ColonisationParameters fate;
  LesionParameters lesions;
  LymphParameters lymph;
  CavityParameters cavity;
  HostParameters host;
  ObserverParameters observer;
  WindowParameters windows;
  std::vector<ChamberParameters> chambers;
  std::vector<OrganParameters> organs;
  std::vector<RouteParameters> routes;
  std::vector<PrimaryParameters> primaries;

  // The step at whose end a time from the beginning on (min) is reached.
  std::int64_t step_that_reaches(double time) const;
};

void describe(Section<BodyParameters>& s);

// The law by which metastases of an organ grow as counters.
LesionParameters lesions_in(const BodyParameters& p, std::size_t organ);

// Whether founders act on how many founders come: then e^-Lambda is no chance of none.
bool founders_act(const BodyParameters& p);

// Whether the steps of a cohort's patients fit; for the whole of a file.
void judge_steps(const BodyParameters& p, Judge& judge);

} // namespace metavox
