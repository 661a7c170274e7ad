#include "body/cavity.hpp"

#include "body/afloat.hpp"
#include "body/body_settings.hpp"
#include "core/counts.hpp"
#include "core/exact.hpp"

namespace metavox {
namespace {

// Draws: of a phenotype's cells 0 leave that were there, 1 that came, 2 attach, 3 + organ where.
constexpr std::uint64_t draws_of_phenotype = 128;
constexpr std::uint64_t places_of_cavity = std::uint64_t{1} << 25; // behind those of nodes

} // namespace

CavityLaw::CavityLaw(const BodyParameters& body)
    : enabled_(body.cavity.enabled), exposed_(body.cavity.exposed > 0),
      shed_(shed_through_serosa(body.cavity, body.step)), leaving_{}, attaches_{},
      surfaces_(surfaces_of(body)) {
  for (std::size_t p = 0; p < phenotypes; ++p) {
    const Afloat one = afloat(body.cavity, static_cast<Phenotype>(p));
    leaving_[p] = chances_of_leaving(one.leaving() * body.step);
    attaches_[p] = one.attaches();
  }
}

double CavityLaw::shed(double cells) const { return shed_ * exact::pow(cells, 2.0 / 3); }

template <class Number, class Part>
CavityLaw::Attached<Number>
CavityLaw::advance_with(CavityStages<Number>& s, const ByPhenotype<Number>& entered,
                        const Part& part, CavityParents* whose, ParentKey key) const {
  Attached<Number> attached(surfaces_.size());
  for (std::size_t p = 0; p < phenotypes; ++p) {
    const Number of_old = part(p, 0, s.floating[p], leaving_[p].old),
                 of_fresh = part(p, 1, entered[p], leaving_[p].fresh), leaving = of_old + of_fresh;
    if (whose != nullptr) {
      const auto join = [&](Parentage& to, Number n, const Parentage& from, Number m) {
        to.join(static_cast<double>(n), from, static_cast<double>(m), key);
        ++key.place;
      };
      join(whose->attached[p], 0, whose->floating[p], of_old);
      join(whose->attached[p], of_old, whose->entered[p], of_fresh);
      join(whose->floating[p], s.floating[p] - of_old, whose->entered[p], entered[p] - of_fresh);
    }
    s.departed[p] += entered[p];
    s.floating[p] += entered[p] - leaving;
    const Number attach = part(p, 2, leaving, attaches_[p]);
    s.died += leaving - attach;
    // Surface by surface, of those that no former one has got; the last has the rest.
    Number left = attach;
    for (std::size_t o = 0; o < surfaces_.size(); ++o) {
      if (!(surfaces_[o] > 0)) continue;
      double after = 0;
      for (std::size_t k = o + 1; k < surfaces_.size(); ++k) after += surfaces_[k];
      const Number here =
          after > 0 ? part(p, 3 + o, left, surfaces_[o] / (surfaces_[o] + after)) : left;
      attached[o][p] = here;
      s.attached[o] += here;
      left -= here;
    }
  }
  return attached;
}

CavityLaw::Attached<std::int64_t> CavityLaw::advance(CavityStages<std::int64_t>& s,
                                                     const ByPhenotype<std::int64_t>& entered,
                                                     std::uint64_t seed, std::uint64_t step,
                                                     CavityParents* whose) const {
  return advance_with(
      s, entered,
      [&](std::size_t phenotype, std::size_t what, std::int64_t n, double p) {
        return binomial({seed, Purpose::cavity, phenotype * draws_of_phenotype + what, step}, n, p);
      },
      whose, {seed, step, places_of_cavity});
}

CavityLaw::Attached<double> CavityLaw::advance(CavityStages<double>& s,
                                               const ByPhenotype<double>& entered,
                                               const ParentKey& key, CavityParents* whose) const {
  ParentKey here = key;
  here.place = places_of_cavity;
  return advance_with(
      s, entered, [](std::size_t, std::size_t, double n, double p) { return n * p; }, whose, here);
}

} // namespace metavox
