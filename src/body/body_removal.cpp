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
  primary.resected += primary.cells - stay;
  primary.cells = stay;
  removed_ = step_;
  clear_nodes();
  report.events.push_back({BodyEvent::What::removed, 0, Origin::primary});
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
  std::fill(lymph_.epithelial.begin(), lymph_.epithelial.end(), 0);
  std::fill(expected_lymph_.epithelial.begin(), expected_lymph_.epithelial.end(), 0);
}

} // namespace metavox
