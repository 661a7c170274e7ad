// When sleepers wake faster: while the host is inflamed, and while the wound heals that the removal
// of the primary leaves. In these times they wake at so many times their rate, wound and
// inflammation together no faster than one of them; else at the rate that body.fate.waking gives.
//
// Units: min, from the beginning of a run on; of a patient of a cohort, from when his primary
// begins to shed.
#pragma once

#include <vector>

namespace metavox {

template <class T>
class Section;
class Judge;
struct BodyParameters;

struct InflammationParameters {
  double from, until; // min
  double every;       // min; 0: once
};

void describe(Section<InflammationParameters>& s);
// Of the wound, for the section `body`.
void judge_wound(const BodyParameters& p, Judge& judge);

class Inflammation {
public:
  explicit Inflammation(const BodyParameters& body);

  // Whether there is any time at which sleepers may wake faster.
  bool ever() const { return wound_ > 0 || !periods_.empty(); }

  // How many times faster they wake between two times, on average. `removed`: when the primary
  // was; below 0: it was not.
  double pace(double from, double until, double removed) const;

  // How much earlier one wakes that falls asleep at `from` and would sleep for `sleep`. For a sleep
  // drawn from the exponential law, what is left of it has the law of a rate that is higher in
  // these times.
  double shortened(double from, double sleep, double removed) const;

private:
  struct Period {
    double from, until;
  };
  Period next(double time, double removed) const;

  double wound_, factor_;
  std::vector<Period> periods_; // in their order, none touches another
};

} // namespace metavox
