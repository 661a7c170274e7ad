// What a patient is like: drawn once, the same for a patient of a cohort and for a body followed
// hour by hour.
#pragma once

#include <cstdint>

#include "body/body_settings.hpp"

namespace metavox {

struct Host {
  double theta = 1, node_theta = 1; // what he makes of landed cells, and of cells in nodes
  double doubling = 0;              // days, of the primary
  double diameter = 0;              // um, at which it is found
  double age = 0;                   // days, then
  double other_death = 0;           // days after that
};

// The seed that the draws of a patient have.
std::uint64_t patient_seed(std::uint64_t seed, std::uint64_t patient);

// From the seed of a patient.
Host draw_host(const BodyParameters& body, std::uint64_t seed);

// The one in the middle: theta 1, the median doubling time.
Host middle_host(const BodyParameters& body);

// Days until a death of other causes by Gompertz' law, of somebody alive at that age (days); `u`
// uniform.
double gompertz_time(const HostParameters& h, double age, double u);

// Waiting time of mean 1.
double exponential_time(double u);

} // namespace metavox
