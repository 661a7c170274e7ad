#include "body/travellers.hpp"

#include <algorithm>

#include "core/errors.hpp"
#include "core/random.hpp"

namespace metavox {
namespace {

std::size_t below_unit(double u, std::size_t n) {
  return std::min(n - 1, static_cast<std::size_t>(u * static_cast<double>(n)));
}

} // namespace

Phenotype phenotype_of(Kind kind) {
  return kind == Kind::epithelial ? Phenotype::epithelial : Phenotype::mesenchymal;
}

// Vitter 1985, ACM Trans Math Softw 11:37, algorithm R.
void Travellers::add(const Cell& cell, std::uint64_t seed, std::int64_t lesion) {
  const auto p = static_cast<std::size_t>(phenotype_of(cell.kind));
  const std::int64_t n = seen_[p]++;
  if (kept_[p].size() < most_travellers) return kept_[p].push_back(cell);
  const Draw d = draw(seed, Purpose::reservoir,
                      static_cast<std::uint64_t>(n) * phenotypes + static_cast<std::uint64_t>(p),
                      static_cast<std::uint64_t>(lesion));
  const auto place = static_cast<std::size_t>(to_unit(d.word[0]) * static_cast<double>(n + 1));
  if (place < most_travellers) kept_[p][place] = cell;
}

std::optional<Cell> Travellers::pick(std::optional<Phenotype> phenotype, double u, double v) const {
  const auto all = static_cast<double>(seen_[0] + seen_[1]);
  const std::size_t p = phenotype ? static_cast<std::size_t>(*phenotype)
                                  : (u * all < static_cast<double>(seen_[0]) ? 0 : 1);
  if (kept_[p].empty()) return {};
  return kept_[p][below_unit(v, kept_[p].size())];
}

void Travellers::fit(std::vector<Cell>& kept, std::int64_t n) {
  if (n < 0 || n > static_cast<std::int64_t>(most_travellers))
    throw NumericalError("the stored state of a body has an impossible number of records");
  kept.resize(static_cast<std::size_t>(n));
}

} // namespace metavox
