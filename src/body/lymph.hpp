// The way through lymph of a body followed hour by hour: cells that leave a lesion by it stay in
// one node after the other. What a node does not let through dies there or founds a lesion in it;
// what the last one lets through comes into the veins.
//
// Lesions that the body counts shed M-like cells; what leaves a window may be E-like, and then
// founds and travels on as such.
//
// Units: cells, steps.
#pragma once

#include <cstdint>
#include <vector>

#include "body/stages.hpp"

namespace metavox {

template <class Number>
struct LymphStages {
  std::vector<Number> in_node;                                // now, by node
  std::vector<Number> epithelial;                             // of these
  Number departed{}, died{}, founded{}, passed{}, resected{}; // so far

  // `kinds`: whether E-like cells are followed apart; there are none where no window sheds.
  template <class Self, class Archive>
  static void visit(Self& s, Archive& a, bool kinds) {
    for (auto& n : s.in_node) a(n);
    a(s.departed), a(s.died), a(s.founded), a(s.passed), a(s.resected);
    if (!kinds) return;
    for (auto& n : s.epithelial) a(n);
  }
  Number in_nodes() const {
    Number sum{};
    for (const Number n : in_node) sum += n;
    return sum;
  }
};

// Beside these cells, whose they are (body/lineage.hpp).
struct NodeParents {
  explicit NodeParents(std::size_t nodes) : in_node(nodes) {}
  std::vector<ByPhenotype<Parentage>> in_node; // the state
  // Of a step: of what enters the first node, comes into the veins, founds.
  ByPhenotype<Parentage> entered, passed, founded;
  Parentage leaving, coming; // within it

  template <class Self, class Archive>
  static void visit(Self& s, Archive& a) {
    for (auto& node : s.in_node)
      for (auto& p : node) Parentage::visit(p, a);
  }
};

class LymphLaw {
public:
  // `theta`: what the host makes of cells in nodes.
  LymphLaw(const BodyParameters& body, double theta);

  bool enabled() const { return share_ > 0; }
  std::size_t nodes() const { return nodes_; }
  double share() const { return share_; }           // departures, per cell that leaves by blood
  double competence() const { return competence_; } // of a cell that a node keeps
  template <class Number>
  LymphStages<Number> none() const {
    LymphStages<Number> s;
    s.in_node.resize(nodes_);
    s.epithelial.resize(nodes_);
    return s;
  }

  // One step, in which so many cells enter the first node: how many come into the veins and how
  // many found a lesion, by phenotype. Draws belong to the seed and the step. `whose`: parents are
  // followed, which changes no number.
  template <class Number>
  struct Out {
    ByPhenotype<Number> passed{}, founded{};
  };
  Out<std::int64_t> advance(LymphStages<std::int64_t>& s, const ByPhenotype<std::int64_t>& entered,
                            std::uint64_t seed, std::uint64_t step,
                            NodeParents* whose = nullptr) const;
  Out<double> advance(LymphStages<double>& s, const ByPhenotype<double>& entered,
                      const ParentKey& key = {}, NodeParents* whose = nullptr) const;

private:
  template <class Number, class Part>
  Out<Number> advance_with(LymphStages<Number>& s, const ByPhenotype<Number>& entered,
                           const Part& part, NodeParents* whose, ParentKey key) const;

  std::size_t nodes_;
  double share_, pass_, competence_;
  double leaves_, leaves_fresh_; // chance in a step: of a cell that was there, that came in it
};

} // namespace metavox
