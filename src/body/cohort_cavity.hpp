// The cavity of a cohort's patients, in expected cells: what a primary sheds through its serosa
// floats, dies or attaches to a surface, by the law of bodies followed hour by hour. A linear chain
// with constant rates: a step of any length is exact where shedding is a parabola within it.
//
// Units: days and cells. Primaries of cohorts shed M-like cells.
#pragma once

#include <cstddef>
#include <vector>

#include "body/body_settings.hpp"

namespace metavox {

class CohortCavity {
public:
  CohortCavity(const BodyParameters& body, double step);

  // Whether anything comes into it: there is one, and serosas are broken.
  bool sheds() const { return shed_ > 0; }
  // Cells a day that a primary of so many sheds into it.
  double shed(double cells) const;

  struct State {
    double floating = 0, attached = 0; // now; so far, to all surfaces
  };
  // One step, with cells shed a day at its begin, middle and end.
  void advance(State& s, double begin, double middle, double end) const;
  // Once nothing comes any more: attached in the end, and the days until so many more of those
  // that float have attached. `more` is less than attached_in_the_end(s) - s.attached.
  double attached_in_the_end(const State& s) const;
  double days_until(const State& s, double more) const;

  // Organs that cells attach in, and the shares of those that do; they add up to one.
  struct Surface {
    std::size_t organ; // of body.organs
    double share;
  };
  const std::vector<Surface>& surfaces() const { return surfaces_; }

private:
  double shed_; // a day, by a primary of one cell
  double leaving_, attaches_;
  double stays_, attaches_in_step_; // of those that float when a step begins
  State begin_, middle_, end_;      // what a shed cell a day adds
  std::vector<Surface> surfaces_;
};

} // namespace metavox
