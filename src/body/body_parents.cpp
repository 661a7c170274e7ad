// Whose the cells of a body are: beside every number that begins to flow or float its parents, and
// whom a founder came from (body/lineage.hpp says by which law).

#include <string>

#include "body/body.hpp"
#include "core/counts.hpp"
#include "core/errors.hpp"

namespace metavox {
namespace {

// Places of draws, behind those within organs, nodes and the cavity: of a lesion 64 each, classes
// in blood first.
constexpr std::uint64_t places_of_lesions = std::uint64_t{1} << 32;
constexpr std::uint64_t slot_of_nodes = cell_classes, slot_of_cavity = slot_of_nodes + phenotypes,
                        slot_out_of_nodes = slot_of_cavity + phenotypes,
                        slot_of_spill = slot_out_of_nodes + phenotypes, slots = 64;
constexpr std::uint32_t of_founders = 2, of_forced = 3; // `what` draws are

[[noreturn]] void lost(const std::string& where, bool parents) {
  throw NumericalError("the ledger of a body is broken: " + where +
                       (parents ? ": parents of no cells" : ": cells of no parents"));
}

void require_parents(const char* where, std::int64_t cells, const Parentage& parents) {
  if ((cells > 0) == parents.empty()) lost(where, cells <= 0);
}

Parent one_of(const Lesion& lesion, Route route, std::int64_t left) {
  return {lesion.number, lesion.origin == Origin::forced, route, left};
}

// Whole and expected cells that begin to flow or float in a step, with the parents of both.
struct Coming {
  std::int64_t& cells;
  double& expected;
  Parentage& parents;
  Parentage* expected_parents; // null: they are not followed
};

// More of them, of one parent.
void come(const Coming& to, const Parent& parent, ParentKey key, std::int64_t cells,
          double expected) {
  if (cells > 0)
    to.parents.join(static_cast<double>(to.cells), parent, static_cast<double>(cells), key);
  key.what = 1;
  if (to.expected_parents != nullptr && expected > 0)
    to.expected_parents->join(to.expected, parent, expected, key);
  to.cells += cells;
  to.expected += expected;
}

} // namespace

ParentKey Body::parent_key(const Lesion& lesion, std::uint64_t slot) const {
  const std::uint64_t code =
      static_cast<std::uint64_t>(lesion.number) * 2 + (lesion.origin == Origin::forced ? 1 : 0);
  return {seed_, static_cast<std::uint64_t>(step_), places_of_lesions + code * slots + slot, 0};
}

double Body::parent_draw(std::int64_t number, bool forced) const {
  return counts::pair_of({seed_, Purpose::lineage, static_cast<std::uint64_t>(number),
                          static_cast<std::uint64_t>(step_), forced ? of_forced : of_founders},
                         0)
      .u;
}

// Clusters of a class, or single cells.
void Body::into_blood(const Leaving& who, std::size_t row, std::size_t c, std::int64_t groups,
                      double expected) {
  come({shed_[row][c], expected_shed_[row][c], parents_.stages.shed[row][c],
        expected_parents_ ? &expected_parents_->stages.shed[row][c] : nullptr},
       one_of(who.lesion, Route::blood, who.left), parent_key(who.lesion, c), groups, expected);
}

void Body::into_nodes(const Lesion& lesion, std::size_t p, std::int64_t cells, double expected) {
  come({by_lymph_[p], expected_by_lymph_[p], parents_.nodes.entered[p],
        expected_parents_ ? &expected_parents_->nodes.entered[p] : nullptr},
       one_of(lesion, Route::lymph, step_), parent_key(lesion, slot_of_nodes + p), cells, expected);
}

void Body::into_cavity(const Lesion& lesion, std::size_t p, std::int64_t cells, double expected) {
  come({into_cavity_[p], expected_into_cavity_[p], parents_.cavity.entered[p],
        expected_parents_ ? &expected_parents_->cavity.entered[p] : nullptr},
       one_of(lesion, Route::cavity, step_), parent_key(lesion, slot_of_cavity + p), cells,
       expected);
}

// What the last node lets through, beside what else drains from there.
void Body::out_of_nodes(std::size_t row, std::size_t c, std::size_t p, double cells,
                        double expected) {
  ParentKey key = parent_key(lesions_[0], slot_out_of_nodes + p);
  parents_.stages.shed[row][c].join(static_cast<double>(shed_[row][c]), parents_.nodes.passed[p],
                                    cells, key);
  key.what = 1;
  if (expected_parents_)
    expected_parents_->stages.shed[row][c].join(expected_shed_[row][c],
                                                expected_parents_->nodes.passed[p], expected, key);
}

// With the step done in which the primary was cut.
void Body::spilled_afloat(std::size_t p, double cells, double expected) {
  const Parent parent = one_of(lesions_[0], Route::cavity, step_ - 1);
  ParentKey key = parent_key(lesions_[0], slot_of_spill + p);
  parents_.cavity.floating[p].join(static_cast<double>(cavity_.floating[p]), parent, cells, key);
  key.what = 1;
  if (expected_parents_)
    expected_parents_->cavity.floating[p].join(expected_cavity_.floating[p], parent, expected, key);
}

// One of the founders that are expected there in this step, each with its chance; where none is,
// nobody.
Parent Body::parent_of_forced(const Forced& forced) const {
  const auto o = static_cast<std::size_t>(forced.organ);
  Parentage parents;
  double all = 0;
  ParentKey key{seed_, static_cast<std::uint64_t>(step_), static_cast<std::uint64_t>(forced.number),
                of_forced + 1};
  for (std::size_t p = 0; p < phenotypes; ++p)
    for (const Fate fate : {Fate::asleep, Fate::awake}) {
      const auto f = static_cast<std::size_t>(fate);
      const double cells = expected_landed_[o].cells[p][f];
      parents.join(all, expected_parents_->stages.landed[o].cells[p][f], cells, key);
      all += cells, ++key.what;
    }
  return parents.pick(parent_draw(forced.number, true));
}

// Whoever is on the way has a parent, and nobody is the parent of none.
void Body::check_parents() const {
  for (std::size_t o = 0; o < natural_.organs.size(); ++o) {
    const OrganStages<std::int64_t>& cells = natural_.organs[o];
    const OrganParents& parents = parents_.stages.organs[o];
    for (std::size_t c = 0; c < cell_classes; ++c)
      require_parents("lodged", cells.lodged[c], parents.lodged[c]);
    for (std::size_t p = 0; p < phenotypes; ++p) {
      require_parents("adherent", cells.adherent[p], parents.adherent[p]);
      require_parents("asleep", cells.asleep[p], parents.asleep[p]);
    }
  }
  constexpr auto e_like = static_cast<std::size_t>(Phenotype::epithelial),
                 m_like = static_cast<std::size_t>(Phenotype::mesenchymal);
  for (std::size_t k = 0; k < lymph_.in_node.size(); ++k) {
    require_parents("nodes", lymph_.epithelial[k], parents_.nodes.in_node[k][e_like]);
    require_parents("nodes", lymph_.in_node[k] - lymph_.epithelial[k],
                    parents_.nodes.in_node[k][m_like]);
  }
  for (std::size_t p = 0; p < phenotypes; ++p)
    require_parents("cavity", cavity_.floating[p], parents_.cavity.floating[p]);
}

// Of a stored state.
void Body::check_numbers_of_parents() const {
  for (const auto* lesions : {&lesions_, &forced_})
    for (const Lesion& l : *lesions) {
      const Parent& p = l.parent;
      const std::int64_t before =
          l.origin == Origin::forced ? static_cast<std::int64_t>(lesions_.size()) : l.number;
      if ((!p.forced && p.lesion >= before && p.lesion > 0) || p.left > l.founded)
        throw NumericalError("the stored state of a body has a lesion of an impossible parent");
    }
}

} // namespace metavox
