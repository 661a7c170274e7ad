// What tests of bodies share: a small body, random numbers, moments.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "body/body_config.hpp"
#include "core/random.hpp"

namespace metavox::support {

inline BodySettings settings_of(const std::string& yaml, const std::vector<std::string>& set = {}) {
  return read_body_text(yaml, "test.yaml", set).settings;
}

// Of a section body: two loops, three organs.
inline const char* const toy_circulation = R"(
  primary: toy
  chambers: [{name: right, dwell: 0.25}, {name: left, dwell: 0.75}]
  organs:
    - {name: lung, drains: left, volume: 1 L}
    - {name: bone, drains: right, volume: 1 L, barrier: 0.5}
    - {name: brain, drains: right, volume: 1 L, barrier: 5}
  routes:
    - {from: right, through: lung, share: 1}
    - {from: left, through: bone, share: 0.7}
    - {from: left, through: brain, share: 0.3}
  primaries: [{name: toy, organ: bone, ways: [{to: right, share: 1}]}]
)";

// Numbers for random graphs and bodies.
class Dice {
public:
  explicit Dice(std::uint64_t seed) : seed_(seed) {}
  double unit() { return to_unit(draw(seed_, Purpose::test, n_++, 0).word[0]); }
  int below(int n) { return static_cast<int>(unit() * n); }

private:
  std::uint64_t seed_, n_ = 0;
};

struct Moments {
  double n = 0, sum = 0, squares = 0;
  void add(double x) { n += 1, sum += x, squares += x * x; }
  double mean() const { return sum / n; }
  double variance() const { return (squares - sum * sum / n) / (n - 1); }
  double error() const { return std::sqrt(variance() / n); }
};

} // namespace metavox::support
