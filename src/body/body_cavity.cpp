// What a body does in a step with cells that were shed into its cavity.

#include "body/body.hpp"
#include "core/counts.hpp"

namespace metavox {

// By a primary that the body counts; as many as it has in the middle of the step.
std::int64_t Body::shed_into_cavity(const Lesion& lesion, double cells) {
  if (!plan_->cavity.enabled()) return 0;
  constexpr std::uint64_t identity = 1024;
  const auto p = static_cast<std::size_t>(lesion.phenotype);
  const double expected = plan_->cavity.shed(cells);
  const std::int64_t drawn =
      poisson({seed_, Purpose::cavity, identity, static_cast<std::uint64_t>(step_)}, expected);
  into_cavity_[p] += drawn;
  expected_into_cavity_[p] += expected;
  return drawn;
}

// Who attaches lands in the same step, beside those that came out of the blood.
void Body::float_and_attach() {
  if (!plan_->cavity.enabled()) return;
  const auto step = static_cast<std::uint64_t>(step_);
  const auto attached = plan_->cavity.advance(cavity_, into_cavity_, seed_, step);
  const auto expected = plan_->cavity.advance(expected_cavity_, expected_into_cavity_);
  for (std::size_t o = 0; o < attached.size(); ++o) {
    if (!plan_->cavity.reaches(o)) continue;
    cavity_.implants[o] += plan_->stages.land(natural_, o, attached[o], landed_[o], seed_, step);
    expected_cavity_.implants[o] +=
        plan_->stages.land(expected_, o, expected[o], expected_landed_[o]);
  }
}

} // namespace metavox
