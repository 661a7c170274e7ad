// What a patient dies of: an organ that lesions have taken too much of, lesions too large in all,
// or something else. One law for bodies followed hour by hour and for patients of a cohort.
//
// Units: um^3.
#pragma once

#include <cstdint>
#include <vector>

namespace metavox {

template <class T>
class Section;
struct BodyParameters;

struct DyingParameters {
  bool lesions;  // kill
  bool others;   // other deaths come, where a body is followed hour by hour
  double burden; // um^3
};
void describe(Section<DyingParameters>& s);

enum class DeathOf : std::uint8_t { none, organ, burden, other };

struct Verdict {
  DeathOf cause = DeathOf::none;
  std::int32_t organ = -1;    // that failed; of a burden the one that holds most of it
  bool of_metastases = false; // they are larger there, or in all, than the primary
  double load = 0;            // at 1 it kills: the largest share of what is lethal
};

// What volumes of lesions do to organs.
class LethalLoad {
public:
  explicit LethalLoad(const BodyParameters& body);

  // Metastases by organ, the primary beside them.
  Verdict judge(const std::vector<double>& metastases, double primary) const;
  // Of an organ: the share that works.
  double function(std::size_t organ, double lesions) const;
  bool can_fail(std::size_t organ) const { return lethal_[organ] > 0; }
  double volume(std::size_t organ) const { return volume_[organ]; }
  std::size_t home() const { return home_; } // of the primary

private:
  std::vector<double> volume_, lethal_; // lethal: lost volume; 0: none
  double burden_;
  std::size_t home_;
  bool primary_counts_; // in the burden
};

} // namespace metavox
