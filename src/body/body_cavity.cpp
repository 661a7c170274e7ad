// What a body does in a step with cells that were shed into its cavity.

#include <string>

#include "body/afloat.hpp"
#include "body/body.hpp"
#include "core/counts.hpp"
#include "core/errors.hpp"

namespace metavox {

// Of what comes into the cavity, E-like or M-like: as of what came before; until any did, as the
// lesion is.
ByPhenotype<double> Body::kinds_into_cavity(const Lesion& lesion) const {
  ByPhenotype<double> share{};
  const auto before = static_cast<double>(cavity_.shed());
  for (std::size_t p = 0; p < phenotypes; ++p)
    share[p] = before > 0 ? static_cast<double>(cavity_.departed[p]) / before
                          : (static_cast<Phenotype>(p) == lesion.phenotype ? 1 : 0);
  return share;
}

// By a primary that the body counts; as many as it has in the middle of the step. Where the
// settings say nothing it goes on as its window did in its last hour, per cell at the surface of a
// sphere.
std::int64_t Body::shed_into_cavity(const Lesion& lesion, double cells) {
  if (!plan_->cavity.enabled()) return 0;
  constexpr std::uint64_t identity = 1024;
  const bool said = plan_->cavity.exposed();
  const double expected =
      said ? plan_->cavity.shed(cells) : through_serosa_ * cells_at_surface(cells);
  ByPhenotype<double> share{};
  share[static_cast<std::size_t>(lesion.phenotype)] = 1;
  if (!said) share = kinds_into_cavity(lesion);
  std::int64_t all = 0;
  for (std::size_t p = 0; p < phenotypes; ++p) {
    if (!(share[p] > 0)) continue;
    const std::int64_t drawn =
        poisson({seed_, Purpose::cavity, identity, static_cast<std::uint64_t>(step_),
                 said ? 0 : 1 + static_cast<std::uint32_t>(p)},
                expected * share[p]);
    into_cavity(lesion, p, drawn, expected * share[p]);
    all += drawn;
  }
  return all;
}

// Cells that a window shed through its serosa, which only the primary's has.
std::int64_t Body::follow_into_cavity(const WindowHour& hour, const Lesion& lesion) {
  const double expected = hour.expected[static_cast<std::size_t>(Route::cavity)];
  if (lesion.origin == Origin::primary && hour.cells > 0)
    through_serosa_ = expected / cells_at_surface(static_cast<double>(hour.cells));
  const ByPhenotype<double> share = kinds_into_cavity(lesion);
  std::int64_t cells = 0;
  for (std::size_t p = 0; p < phenotypes; ++p) {
    into_cavity(lesion, p, hour.into_cavity[p], expected * share[p]);
    cells += hour.into_cavity[p];
  }
  if (cells > 0 && !plan_->cavity.enabled())
    throw NumericalError("a window shed " + std::to_string(cells) +
                         " cells into a cavity that is not there");
  return cells;
}

// Who attaches lands in the same step, beside those that came out of the blood.
void Body::float_and_attach() {
  if (!plan_->cavity.enabled()) return;
  const auto step = static_cast<std::uint64_t>(step_);
  const ParentKey key{seed_, step, 0, 1};
  Parents* const whose = expected_parents_ ? &*expected_parents_ : nullptr;
  const auto attached = plan_->cavity.advance(cavity_, into_cavity_, seed_, step, &parents_.cavity);
  const auto expected = plan_->cavity.advance(expected_cavity_, expected_into_cavity_, key,
                                              whose != nullptr ? &whose->cavity : nullptr);
  for (std::size_t o = 0; o < attached.size(); ++o) {
    if (!plan_->cavity.reaches(o)) continue;
    cavity_.implants[o] += plan_->stages.land(natural_, o, attached[o], landed_[o], seed_, step,
                                              &parents_.stages, &parents_.cavity.attached);
    expected_cavity_.implants[o] +=
        plan_->stages.land(expected_, o, expected[o], expected_landed_[o], key,
                           whose != nullptr ? &whose->stages : nullptr,
                           whose != nullptr ? &whose->cavity.attached : nullptr);
  }
}

} // namespace metavox
