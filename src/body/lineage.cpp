#include "body/lineage.hpp"

#include <algorithm>
#include <tuple>

#include "core/counts.hpp"
#include "core/errors.hpp"
#include "core/random.hpp"

namespace metavox {
namespace {

constexpr std::uint64_t draws_of_place = 128; // the first half for times, the other for lesions
constexpr double no_share = 1e-12;            // of expected cells some are always left

double unit(const ParentKey& key, std::size_t which) {
  const std::uint64_t identity = key.place * draws_of_place + which;
  return counts::pair_of({key.seed, Purpose::lineage, identity, key.step, key.what}, 0).u;
}

std::tuple<std::int64_t, bool, Route> way_of(const Parent& p) {
  return {p.lesion, p.forced, p.route};
}

} // namespace

static_assert(sizeof(Parent) + sizeof(double) <= bytes_of_share);

double Parentage::share_of(std::int64_t lesion, bool forced) const {
  double sum = 0, all = 0;
  for (const Share& s : shares_) {
    all += s.share;
    if (s.parent.lesion == lesion && s.parent.forced == forced) sum += s.share;
  }
  return all > 0 ? sum / all : 0;
}

void Parentage::join(double n, const Parentage& other, double m, const ParentKey& key) {
  if (!(n > 0)) shares_.clear();
  if (!(m > 0)) return;
  if (shares_.empty()) {
    shares_ = other.shares_;
    return;
  }
  mix(n / (n + m), other.shares_.data(), other.shares_.size(), m / (n + m), key);
}

void Parentage::join(double n, const Parent& parent, double m, const ParentKey& key) {
  if (!(n > 0)) shares_.clear();
  if (!(m > 0)) return;
  const Share one{parent, 1};
  if (shares_.empty())
    shares_.push_back(one);
  else
    mix(n / (n + m), &one, 1, m / (n + m), key);
}

void Parentage::mix(double old, const Share* from, std::size_t count, double fresh,
                    const ParentKey& key) {
  // As a rule: all are of one lesion and way.
  if (shares_.size() == 1 && count == 1 && way_of(shares_[0].parent) == way_of(from->parent)) {
    if (shares_[0].parent.left != from->parent.left && unit(key, 0) * (old + fresh) < fresh)
      shares_[0].parent.left = from->parent.left;
    return;
  }
  for (Share& s : shares_) s.share *= old;
  std::size_t at = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const Parent& parent = from[k].parent;
    const double share = from[k].share * fresh;
    while (at < shares_.size() && way_of(shares_[at].parent) < way_of(parent)) ++at;
    if (at == shares_.size() || way_of(shares_[at].parent) != way_of(parent)) {
      shares_.insert(shares_.begin() + static_cast<std::ptrdiff_t>(at), {parent, share});
      continue;
    }
    Share& there = shares_[at];
    const double both = there.share + share;
    if (there.parent.left != parent.left && unit(key, k) * both < share)
      there.parent.left = parent.left;
    there.share = both;
  }
  shares_.erase(std::remove_if(shares_.begin(), shares_.end(),
                               [](const Share& s) { return s.share < no_share; }),
                shares_.end());
  keep_few(key);
}

void Parentage::keep_few(const ParentKey& key) {
  for (std::size_t k = draws_of_place / 2; shares_.size() > most_parents; ++k) {
    // The two with the smallest shares; of equal ones the first.
    std::size_t a = 0, b = 1;
    if (shares_[b].share < shares_[a].share) std::swap(a, b);
    for (std::size_t i = 2; i < shares_.size(); ++i)
      if (shares_[i].share < shares_[a].share)
        b = a, a = i;
      else if (shares_[i].share < shares_[b].share)
        b = i;
    const double both = shares_[a].share + shares_[b].share;
    const std::size_t stays = unit(key, k) * both < shares_[a].share ? a : b;
    shares_[stays].share = both;
    shares_.erase(shares_.begin() + static_cast<std::ptrdiff_t>(stays == a ? b : a));
  }
}

Parent Parentage::pick(double u) const {
  double left = 0;
  for (const Share& s : shares_) left += s.share;
  left *= u;
  for (const Share& s : shares_) {
    if (left < s.share) return s.parent;
    left -= s.share;
  }
  return shares_.empty() ? Parent{} : shares_.back().parent;
}

void Parentage::fit(std::vector<Share>& shares, std::int64_t n) {
  if (n < 0 || n > static_cast<std::int64_t>(most_parents))
    throw NumericalError("the stored state of a body has an impossible number of parents");
  shares.resize(static_cast<std::size_t>(n));
}

} // namespace metavox
