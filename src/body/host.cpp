#include "body/host.hpp"

#include <algorithm>

#include "core/counts.hpp"
#include "core/exact.hpp"
#include "settings/days.hpp"

namespace metavox {
namespace {

double lognormal(double z, double spread) { // of mean 1
  return exact::exp(spread * z - 0.5 * spread * spread);
}

} // namespace

double exponential_time(double u) { return -exact::log(u); }

std::uint64_t patient_seed(std::uint64_t seed, std::uint64_t patient) {
  return mix64(seed ^ (0x9e3779b97f4a7c15ULL * (patient + 1)));
}

double gompertz_time(const HostParameters& h, double age, double u) {
  // The hazard at the age of 60, times e^(slope years).
  const double slope = h.mortality_slope * minutes_per_day;
  const double hazard =
      h.mortality * minutes_per_day * exact::exp(slope * (age - 60 * days_per_year));
  const double waited = exponential_time(u);
  return hazard > 0 ? exact::log(1 + slope * waited / hazard) / slope : 1e9;
}

Host draw_host(const BodyParameters& body, std::uint64_t seed) {
  const HostParameters& h = body.host;
  const auto unit = [&](std::uint32_t n) { // two to a round
    const counts::Pair pair = counts::pair_of({seed, Purpose::host, 0, 0, 1 + n / 2}, 0);
    return n % 2 == 0 ? pair.u : pair.v;
  };
  const auto normal = [&](std::uint32_t n) { return exact::normal_quantile(unit(n)); };
  Host host;
  host.theta = lognormal(normal(0), h.spread);
  host.doubling = body.lesions.doubling / minutes_per_day *
                  exact::exp(body.lesions.doubling_spread * normal(1));
  host.diameter = body.observer.diameter * exact::exp(body.observer.diameter_spread * normal(2));
  host.age = std::max(0.0, h.age + h.age_spread * normal(3)) / minutes_per_day;
  host.node_theta = host.theta * lognormal(normal(4), body.lymph.spread);
  host.other_death = gompertz_time(h, host.age, unit(5));
  return host;
}

Host middle_host(const BodyParameters& body) {
  Host host;
  host.doubling = body.lesions.doubling / minutes_per_day;
  host.diameter = body.observer.diameter;
  host.age = body.host.age / minutes_per_day;
  host.other_death = 1e9;
  return host;
}

} // namespace metavox
