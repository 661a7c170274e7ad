// What becomes, on average, of cells that a lesion sheds: they lodge, are lost, flow on or adhere,
// come out of the vessel or die. A linear chain with constant rates, so a step of any length is an
// exact exponential; within a step shedding is a parabola.
//
// Units: days and cells.
#pragma once

#include <cstddef>
#include <vector>

#include "body/body_settings.hpp"
#include "body/circulation.hpp"

namespace metavox {

// The chain for a primary, as rates a day. Stages are clusters, single lodged cells, adherent ones,
// landed ones, each of n organs.
struct SettlingChain {
  std::vector<std::size_t> organ; // in body.organs: those that cells reach
  std::vector<double> generator;  // row by row, 4 n + 1 wide: the last is shedding
  double flow_of_shed = 0;        // days in the flow of a shed cell
  std::vector<double> flow_of_clusters, flow_of_single; // cells in the flow per one lodged

  // Of one shed cell, the share that lands in each of `organ`: by a solve of the stages' balance.
  std::vector<double> landed_in_the_end() const;
};
SettlingChain settling_chain(const BodyParameters& body, const PrimaryParameters& primary);

class Settling {
public:
  Settling(const BodyParameters& body, const PrimaryParameters& primary, double step);

  double step() const { return step_; }
  std::size_t organs() const { return n_; }
  std::size_t organ(std::size_t place) const { return chain_.organ[place]; } // in body.organs

  // Cells on their way, and those that landed so far: clusters, single lodged cells, adherent
  // ones, landed ones, each by organ.
  using State = std::vector<double>;
  State nothing() const { return State(4 * n_, 0.0); }
  double landed(const State& s, std::size_t place) const { return s[3 * n_ + place]; }
  double clusters(const State& s, std::size_t place) const { return s[place]; }
  double single(const State& s, std::size_t place) const { return s[n_ + place]; }
  double adherent(const State& s, std::size_t place) const { return s[2 * n_ + place]; }
  double on_their_way(const State& s) const;

  // One step, with cells shed a day at its begin, middle and end. `scratch` is of the size of `s`.
  void advance(State& s, State& scratch, double begin, double middle, double end) const;

  // Cells in a volume of blood as large as all of it, where so many are shed a day.
  double flowing(const State& s, double shed) const;

  // Of one cell shed long ago, the share that has landed in an organ.
  std::vector<double> landed_in_the_end() const;

private:
  SettlingChain chain_;
  std::size_t n_;
  double step_;
  std::vector<double> exponential_;          // column by column, of clusters, single, adherent
  std::vector<double> begin_, middle_, end_; // what a shed cell a day adds
};

// Of one cell that a primary sheds, the share that lands in the end in each of body.organs: what
// Settling comes to, without its steps.
std::vector<double> landed_shares(const BodyParameters& body, const PrimaryParameters& primary);

// e^(a t) of a square matrix, row by row, by scaling and squaring; the same bits everywhere.
std::vector<double> matrix_exponential(std::vector<double> a, std::size_t n, double t);

// One step of a linear chain into which something flows: e^(a step), row by row, and what a flow
// adds to each state whose values at begin, middle and end of the step are one; exact where the
// flow is a parabola within it. `generator`: rows of n rates and what the flow adds at once.
struct DrivenStep {
  std::vector<double> exponential;
  std::vector<double> begin, middle, end;
};
DrivenStep driven_step(const std::vector<double>& generator, std::size_t n, double step);

} // namespace metavox
