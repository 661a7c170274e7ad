// The cavity of a body followed hour by hour: cells that were shed through a serosa float in it one
// by one, die for want of hold, or attach to a surface. Who attaches has landed in that organ.
//
// Of n that float, n (1 - e^-K dt) leave within a step, K = attachment + death (1 - resistance),
// shared out by these rates; of what came within the step, as elsewhere, 1 - (1 - e^-K dt)/(K dt).
//
// Units: cells, steps.
#pragma once

#include <cstdint>
#include <vector>

#include "body/stages.hpp"

namespace metavox {

template <class Number>
struct CavityStages {
  ByPhenotype<Number> floating{};         // now
  ByPhenotype<Number> departed{};         // into it so far
  Number died{}, washed{};                // so far; washed: part of the state by the body
  std::vector<Number> attached, implants; // so far, by organ; of these the competent ones

  template <class Self, class Archive>
  static void visit(Self& s, Archive& a) {
    for (auto& n : s.floating) a(n);
    for (auto& n : s.departed) a(n);
    a(s.died);
    for (auto& n : s.attached) a(n);
    for (auto& n : s.implants) a(n);
  }
  Number shed() const { return departed[0] + departed[1]; }
  Number in_cavity() const { return floating[0] + floating[1]; }
  Number attached_to_all() const { return sum_of(attached); }
  Number implants_on_all() const { return sum_of(implants); }

private:
  static Number sum_of(const std::vector<Number>& by_organ) {
    Number sum{};
    for (const Number n : by_organ) sum += n;
    return sum;
  }
};

// Beside these cells, whose they are (body/lineage.hpp).
struct CavityParents {
  ByPhenotype<Parentage> floating;          // the state
  ByPhenotype<Parentage> entered, attached; // of a step; wherever they attach

  template <class Self, class Archive>
  static void visit(Self& s, Archive& a) {
    for (auto& p : s.floating) Parentage::visit(p, a);
  }
};

class CavityLaw {
public:
  explicit CavityLaw(const BodyParameters& body);

  bool enabled() const { return enabled_; }
  // Cells that a primary of so many, counted by the body, sheds into it in a step.
  double shed(double cells) const;
  bool exposed() const { return exposed_; } // whether the settings say of such a primary
  bool reaches(std::size_t organ) const { return surfaces_[organ] > 0; }
  template <class Number>
  CavityStages<Number> none() const {
    CavityStages<Number> s;
    s.attached.resize(surfaces_.size());
    s.implants.resize(surfaces_.size());
    return s;
  }

  // One step, in which so many come: who attaches, by organ and phenotype. Draws belong to the seed
  // and the step. `whose`: parents are followed, which changes no number.
  template <class Number>
  using Attached = std::vector<ByPhenotype<Number>>;
  Attached<std::int64_t> advance(CavityStages<std::int64_t>& s,
                                 const ByPhenotype<std::int64_t>& entered, std::uint64_t seed,
                                 std::uint64_t step, CavityParents* whose = nullptr) const;
  Attached<double> advance(CavityStages<double>& s, const ByPhenotype<double>& entered,
                           const ParentKey& key = {}, CavityParents* whose = nullptr) const;

private:
  template <class Number, class Part>
  Attached<Number> advance_with(CavityStages<Number>& s, const ByPhenotype<Number>& entered,
                                const Part& part, CavityParents* whose, ParentKey key) const;

  bool enabled_, exposed_;
  double shed_;                      // by a primary of one cell, in a step
  ByPhenotype<StepChances> leaving_; // chances in a step
  ByPhenotype<double> attaches_;     // of one that leaves
  std::vector<double> surfaces_;     // by organ; they add up to one
};

} // namespace metavox
