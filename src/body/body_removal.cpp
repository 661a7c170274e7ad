// What a body does in the step after which its primary is removed.

#include <algorithm>

#include "body/body.hpp"
#include "core/counts.hpp"

namespace metavox {

bool Body::removal_is_due() const {
  if (removed_ >= 0 || died_ >= 0) return false;
  const bool by_time = plan_->removal_step >= 0 && step_ >= plan_->removal_step;
  return by_time || (plan_->removal_cells > 0 && primary_before_ >= plan_->removal_cells);
}

void Body::remove_primary(StepReport& report) {
  Lesion& primary = window_lesion(0, Origin::primary, false);
  const double share = share_left(plan_->body.removal, static_cast<double>(primary.cells));
  const std::int64_t stay = binomial({seed_, Purpose::resection, 0, 0}, primary.cells, share);
  const std::int64_t cut = primary.cells - stay;
  const double expected_cut = static_cast<double>(primary.cells) * (1 - share);
  primary.resected += cut;
  primary.cells = stay;
  removed_ = step_;
  clear_nodes();
  spill(cut, expected_cut);
  wash_cavity();
  report.events.push_back({BodyEvent::What::removed, 0, Origin::primary});
}

double Body::waking_pace() const {
  if (!plan_->inflammation.ever()) return 1;
  const double dt = plan_->body.step, now = static_cast<double>(step_) * dt;
  return plan_->inflammation.pace(now, now + dt, removal_time());
}

double Body::removal_time() const {
  return removed_ >= 0 ? static_cast<double>(removed_) * plan_->body.step : -1;
}

// Of the cells that were cut out, some come into the blood that leaves the primary, of the others
// some into the cavity. What comes into the blood flows in the next step, what comes into the
// cavity floats from now on.
void Body::spill(std::int64_t cut, double expected_cut) {
  const RemovalParameters& r = plan_->body.removal;
  if (!r.spills()) return;
  Lesion& primary = lesions_[0];
  spilled_into_blood_ = binomial({seed_, Purpose::resection, 0, 1}, cut, r.spill_blood);
  expected_into_blood_ = expected_cut * r.spill_blood;
  const double share = r.spill_cavity * (1 - r.spill_blood);
  std::int64_t left = 0;
  if (plan_->cavity.enabled())
    left = binomial({seed_, Purpose::resection, 0, 2}, cut - spilled_into_blood_, r.spill_cavity);
  primary.spilled = spilled_into_blood_ + left;
  primary.resected -= primary.spilled;
  if (!plan_->cavity.enabled()) return;
  const ByPhenotype<double> kinds = kinds_into_cavity(primary);
  constexpr auto e_like = static_cast<std::size_t>(Phenotype::epithelial),
                 m_like = static_cast<std::size_t>(Phenotype::mesenchymal);
  ByPhenotype<std::int64_t> afloat{};
  afloat[e_like] = binomial({seed_, Purpose::resection, 0, 3}, left, kinds[e_like]);
  afloat[m_like] = left - afloat[e_like];
  for (std::size_t p = 0; p < phenotypes; ++p) {
    const double expected = expected_cut * share * kinds[p];
    spilled_afloat(p, static_cast<double>(afloat[p]), expected);
    cavity_.floating[p] += afloat[p], cavity_.departed[p] += afloat[p];
    expected_cavity_.floating[p] += expected, expected_cavity_.departed[p] += expected;
  }
}

void Body::wash_cavity() {
  const double share = plan_->body.removal.washed;
  if (!(share > 0)) return;
  for (std::size_t p = 0; p < phenotypes; ++p) {
    const std::int64_t out =
        binomial({seed_, Purpose::resection, 1, p}, cavity_.floating[p], share);
    cavity_.floating[p] -= out, cavity_.washed += out;
    if (cavity_.floating[p] == 0) parents_.cavity.floating[p].clear();
    const double expected = expected_cavity_.floating[p] * share;
    expected_cavity_.floating[p] -= expected, expected_cavity_.washed += expected;
  }
}

// Until the next step; where the patient died of this one, for ever.
bool Body::spill_waits() const { return removed_ >= 0 && (step_ == removed_ || died_ == removed_); }

void Body::let_spill_flow() {
  if (removed_ < 0 || step_ != removed_) return;
  into_blood({lesions_[0], removed_ - 1}, 0, class_of(1, lesions_[0].phenotype),
             spilled_into_blood_, expected_into_blood_);
}

// With the primary its nodes are removed, and what is in them.
void Body::clear_nodes() {
  for (Lesion& l : lesions_)
    if (l.origin == Origin::nodal) {
      l.resected += l.cells;
      l.cells = 0;
    }
  for (std::int64_t& n : lymph_.in_node) lymph_.resected += n, n = 0;
  for (double& n : expected_lymph_.in_node) expected_lymph_.resected += n, n = 0;
  for (auto& node : parents_.nodes.in_node) node = {};
  if (expected_parents_)
    for (auto& node : expected_parents_->nodes.in_node) node = {};
  std::fill(lymph_.epithelial.begin(), lymph_.epithelial.end(), 0);
  std::fill(expected_lymph_.epithelial.begin(), expected_lymph_.epithelial.end(), 0);
}

} // namespace metavox
