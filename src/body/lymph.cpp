#include "body/lymph.hpp"

#include <algorithm>

#include "body/body_settings.hpp"
#include "body/stages.hpp"
#include "core/counts.hpp"
#include "core/exact.hpp"

namespace metavox {

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

template <class Number, class Part>
LymphLaw::Out<Number> LymphLaw::advance_with(LymphStages<Number>& s, Number entered,
                                             const Part& part) const {
  Out<Number> out;
  s.departed += entered;
  for (std::size_t k = 0; k < nodes_; ++k) {
    const Number leaving = part(k, 0, s.in_node[k], leaves_) + part(k, 1, entered, leaves_fresh_);
    s.in_node[k] += entered - leaving;
    const Number on = part(k, 2, leaving, pass_);
    const Number founded = part(k, 3, leaving - on, competence_);
    s.founded += founded;
    s.died += leaving - on - founded;
    out.founded += founded;
    entered = on;
  }
  s.passed += entered;
  out.passed = entered;
  return out;
}

LymphLaw::Out<std::int64_t> LymphLaw::advance(LymphStages<std::int64_t>& s, std::int64_t entered,
                                              std::uint64_t seed, std::uint64_t step) const {
  return advance_with(s, entered,
                      [&](std::size_t node, std::uint32_t what, std::int64_t n, double p) {
                        return binomial({seed, Purpose::lymph, node, step, what}, n, p);
                      });
}

LymphLaw::Out<double> LymphLaw::advance(LymphStages<double>& s, double entered) const {
  return advance_with(s, entered,
                      [](std::size_t, std::uint32_t, double n, double p) { return n * p; });
}

} // namespace metavox
