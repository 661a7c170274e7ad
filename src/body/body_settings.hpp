// The settings of a body: section `body`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "body/cohort_settings.hpp"
#include "body/organ_settings.hpp"
#include "settings/preset.hpp"

namespace metavox {

struct BodyParameters {
  Preset preset;
  std::string primary;
  double pass;
  int patients;
  double step; // min
  BloodParameters blood;
  SheddingParameters shedding;
  LodgedParameters lodged;
  CrossingParameters crossing;
  ColonisationParameters fate;
  LesionParameters lesions;
  LymphParameters lymph;
  HostParameters host;
  ObserverParameters observer;
  std::vector<ChamberParameters> chambers;
  std::vector<OrganParameters> organs;
  std::vector<RouteParameters> routes;
  std::vector<PrimaryParameters> primaries;
};

void describe(Section<BodyParameters>& s);

} // namespace metavox
