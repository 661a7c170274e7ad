// The way through lymph of a body followed hour by hour: cells that leave a lesion by it stay in
// one node after the other. What a node does not let through dies there or founds a lesion in it;
// what the last one lets through comes into the veins.
//
// Units: cells, steps.
#pragma once

#include <cstdint>
#include <vector>

namespace metavox {

struct BodyParameters;

template <class Number>
struct LymphStages {
  std::vector<Number> in_node;                                // now, by node
  Number departed{}, died{}, founded{}, passed{}, resected{}; // so far

  template <class Self, class Archive>
  static void visit(Self& s, Archive& a) {
    for (auto& n : s.in_node) a(n);
    a(s.departed), a(s.died), a(s.founded), a(s.passed), a(s.resected);
  }
  Number in_nodes() const {
    Number sum{};
    for (const Number n : in_node) sum += n;
    return sum;
  }
};

class LymphLaw {
public:
  // `theta`: what the host makes of cells in nodes.
  LymphLaw(const BodyParameters& body, double theta);

  bool enabled() const { return share_ > 0; }
  double share() const { return share_; }           // departures, per cell that leaves by blood
  double competence() const { return competence_; } // of a cell that a node keeps
  template <class Number>
  LymphStages<Number> none() const {
    LymphStages<Number> s;
    s.in_node.resize(nodes_);
    return s;
  }

  // One step, in which so many cells enter the first node: how many come into the veins and how
  // many found a lesion. Draws belong to the seed and the step.
  template <class Number>
  struct Out {
    Number passed{}, founded{};
  };
  Out<std::int64_t> advance(LymphStages<std::int64_t>& s, std::int64_t entered, std::uint64_t seed,
                            std::uint64_t step) const;
  Out<double> advance(LymphStages<double>& s, double entered) const;

private:
  template <class Number, class Part>
  Out<Number> advance_with(LymphStages<Number>& s, Number entered, const Part& part) const;

  std::size_t nodes_;
  double share_, pass_, competence_;
  double leaves_, leaves_fresh_; // chance in a step: of a cell that was there, that came in it
};

} // namespace metavox
