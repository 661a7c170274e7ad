// `metavox calibrate soil` and `calibrate human`: what of a body is not measured but follows from
// how often metastases are found.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "body/body_config.hpp"

namespace metavox {

// Soil of organs for primaries, from the frequencies in a configuration and from where cells land.
struct SoilOptions {
  std::filesystem::path config;
  std::vector<std::string> from; // primaries; none: body.primary
  std::vector<std::string> set;
};

// soil of primary p in organ o as a product: sigma_o the geometric mean over those primaries that
// name the organ, sigma_p such that over p's organs the product expects as many metastases as are
// found, -ln(1 - frequency).
struct SoilProduct {
  struct Organ {
    std::string name;
    double sigma = 1;
    int primaries = 0; // that it is taken from
  };
  struct Primary {
    std::string name;
    double sigma = 1;
  };
  std::vector<Organ> organs;
  std::vector<Primary> primaries;
};
SoilProduct soil_product(const BodyParameters& body, const std::vector<std::string>& primaries);

// Prints YAML: comments, then `soils`. Returns the exit code. Throws ConfigError.
int calibrate_soil(const SoilOptions& options);

// fate.human with which so many patients have a visible metastasis when the primary is found; or,
// where body.observer.removes is false, one that is seen before they die.
struct HumanOptions {
  std::filesystem::path config;
  std::vector<std::string> set;
  double metastatic = 0; // share
  int patients = 4000;
  int threads = 0;
};
// The value for these settings; each that is tried is told with the share that it gives. Throws
// ConfigError where none will do.
double human_for(BodySettings settings, const HumanOptions& options,
                 const std::function<void(double human, double share)>& tell);
int calibrate_human(const HumanOptions& options);

} // namespace metavox
