// What tests of bodies share: a small body, random numbers, moments.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body/body.hpp"
#include "body/body_config.hpp"
#include "body/cohort.hpp"
#include "core/errors.hpp"
#include "core/random.hpp"

namespace metavox::support {

inline BodySettings settings_of(const std::string& yaml, const std::vector<std::string>& set = {}) {
  return read_body_text(yaml, "test.yaml", set).settings;
}

// What a file is told that is refused; nothing where it is taken.
inline std::string complaint(const std::string& yaml, const std::vector<std::string>& set = {}) {
  try {
    read_body_text(yaml, "test.yaml", set);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return {};
}
inline void expect_told(const std::string& yaml, const std::string& words,
                        const std::vector<std::string>& set = {}) {
  EXPECT_NE(complaint(yaml, set).find(words), std::string::npos)
      << complaint(yaml, set) << "\nlacks: " << words;
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

// A body of these, of which more cells survive than in a patient, so that integers show it; its
// primary hardly grows.
inline const std::string toy_body =
    std::string("simulation: {duration: 40 day}\nbody:") + toy_circulation + R"(
  diameter: 5 mm
  shedding: {fraction: 0.01, clusters: 0.2, cluster_size: 3}
  lodged: {adhesion: 0.05 1/h}
  fate: {begin: 0.2, go_on: 0.1, human: 0.02, asleep: 0.5, waking: 20 day}
  lesions: {doubling: 100 day}
)";

// look(row, settings): the first patients of a cohort of those settings whose primaries are removed
// early, so many of them, each with the settings by which a body is that patient, hour by hour.
template <class Look>
void for_early_patients(const std::string& yaml, int most, const Look& look) {
  BodySettings s = settings_of(yaml);
  s.body.step = 1440;
  const std::vector<PatientRow> patients = follow_patients(s, 0, 40, 1);
  int looked_at = 0;
  for (int k = 0; k < 40 && looked_at < most; ++k) {
    const PatientRow& row = patients[static_cast<std::size_t>(k)];
    if (row.removal > 1200) continue;
    ++looked_at;
    BodySettings own = s;
    own.body.patient = k;
    own.body.step = 60;
    SCOPED_TRACE(k);
    look(row, own);
  }
  EXPECT_EQ(looked_at, most);
}

// Of the stored whole numbers of a body whose primary is to be removed, the first behind the step,
// the stages of the blood, the lesions, and when the primary was cut and what of each: of nodes or
// of the cavity.
inline std::size_t behind_the_lesions(const Body& body) {
  constexpr std::size_t of_organ = 47, of_lesion = 16;
  const std::size_t lesions = body.lesions().size();
  return 1 + 3 + body.natural().organs.size() * of_organ + 2 + lesions * of_lesion + 1 + lesions;
}

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
