#include "body/lymph.hpp"

#include <algorithm>

#include "body/body_settings.hpp"
#include "body/stages.hpp"
#include "core/counts.hpp"
#include "core/exact.hpp"

namespace metavox {
namespace {

constexpr std::uint64_t places_of_nodes = std::uint64_t{1} << 24; // behind those of organs

} // namespace

LymphLaw::LymphLaw(const BodyParameters& body, double theta)
    : nodes_(static_cast<std::size_t>(body.lymph.nodes)), share_(body.lymph.share),
      pass_(body.lymph.pass), competence_(0) {
  const StepChances stay = chances_of_leaving(body.step / body.lymph.dwell);
  leaves_ = stay.old;
  leaves_fresh_ = stay.fresh;
  double kept = 1;
  for (std::size_t k = 0; k < nodes_; ++k) kept *= pass_;
  kept = 1 - kept;
  if (share_ > 0 && kept > 0)
    competence_ = std::min(1.0, body.lymph.competence * theta / (share_ * kept));
}

// Phenotypes one after the other; the law does not know them.
template <class Number, class Part>
LymphLaw::Out<Number> LymphLaw::advance_with(LymphStages<Number>& s,
                                             const ByPhenotype<Number>& entered, const Part& part,
                                             NodeParents* whose, ParentKey key) const {
  Out<Number> out;
  std::uint64_t place = places_of_nodes;
  const auto join = [&](Parentage& to, Number n, const Parentage& from, Number m) {
    key.place = place++;
    to.join(static_cast<double>(n), from, static_cast<double>(m), key);
  };
  for (std::size_t p = 0; p < phenotypes; ++p) {
    const bool e_like = static_cast<Phenotype>(p) == Phenotype::epithelial;
    Number coming = entered[p];
    if (whose != nullptr) whose->coming = whose->entered[p];
    s.departed += coming;
    for (std::size_t k = 0; k < nodes_; ++k) {
      const Number there = e_like ? s.epithelial[k] : s.in_node[k] - s.epithelial[k];
      const Number of_there = part(k, p, 0, there, leaves_),
                   of_coming = part(k, p, 1, coming, leaves_fresh_), leaving = of_there + of_coming;
      if (whose != nullptr) {
        Parentage& here = whose->in_node[k][p];
        join(whose->leaving, 0, here, of_there);
        join(whose->leaving, of_there, whose->coming, of_coming);
        join(here, there - of_there, whose->coming, coming - of_coming);
        whose->coming = whose->leaving;
      }
      s.in_node[k] += coming - leaving;
      if (e_like) s.epithelial[k] += coming - leaving;
      const Number on = part(k, p, 2, leaving, pass_);
      const Number founded = part(k, p, 3, leaving - on, competence_);
      if (whose != nullptr) join(whose->founded[p], out.founded[p], whose->leaving, founded);
      s.founded += founded;
      s.died += leaving - on - founded;
      out.founded[p] += founded;
      coming = on;
    }
    s.passed += coming;
    out.passed[p] = coming;
    if (whose != nullptr) whose->passed[p] = whose->coming;
  }
  return out;
}

LymphLaw::Out<std::int64_t> LymphLaw::advance(LymphStages<std::int64_t>& s,
                                              const ByPhenotype<std::int64_t>& entered,
                                              std::uint64_t seed, std::uint64_t step,
                                              NodeParents* whose) const {
  return advance_with(
      s, entered,
      [&](std::size_t node, std::size_t phenotype, std::uint32_t what, std::int64_t n, double p) {
        const bool e_like = static_cast<Phenotype>(phenotype) == Phenotype::epithelial;
        return binomial({seed, Purpose::lymph, node, step, e_like ? what + 8 : what}, n, p);
      },
      whose, {seed, step});
}

LymphLaw::Out<double> LymphLaw::advance(LymphStages<double>& s, const ByPhenotype<double>& entered,
                                        const ParentKey& key, NodeParents* whose) const {
  return advance_with(
      s, entered, [](std::size_t, std::size_t, std::uint32_t, double n, double p) { return n * p; },
      whose, key);
}

} // namespace metavox
