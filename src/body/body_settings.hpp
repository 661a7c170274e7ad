// The settings of a body: section `body`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "body/organ_settings.hpp"
#include "settings/preset.hpp"

namespace metavox {

struct BodyParameters {
  Preset preset;
  std::string primary;
  double pass;
  BloodParameters blood;
  std::vector<ChamberParameters> chambers;
  std::vector<OrganParameters> organs;
  std::vector<RouteParameters> routes;
  std::vector<PrimaryParameters> primaries;
};

void describe(Section<BodyParameters>& s);

} // namespace metavox
