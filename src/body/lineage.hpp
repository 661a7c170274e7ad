// From which lesion a cell came, by which way, and when it left it.
//
// Compartments of a body hold numbers, not cells. But cells of one place and class are alike to
// every law here: given all that came in and went out, any of those that are there is as likely to
// be a certain one of them as the next. So nobody has to be followed. What comes in mixes with what
// is there by the whole cells of both, what goes out leaves the shares as they are, and a lesion's
// share of the cells of a place is the chance that one of them came from it. Whom a founder came
// from is drawn from these shares when it is founded, with a key of its own, so that no other draw
// moves.
//
// This is exact for each founder, given the whole cells of the body. What is approximate:
//  - Founders are drawn one by one, with replacement: two of the same hour may get a parent of
//    which a single cell was left.
//  - Of all cells in a place that left one lesion by one way one time of leaving is kept, of any of
//    them with the same chance (a reservoir of one, Vitter 1985, ACM Trans Math Softw 11:37). It is
//    right for each founder and alike for those of the same hours.
//  - A place tells `most_parents` lesions apart. Of more, the two with the smallest shares become
//    one of them, drawn by their shares: on average no chance moves, and memory is bounded.
// What cannot be has no share: a place without cells forgets, so a lesion that shed none, or of
// which none is on its way any more, is nobody's parent; and no cell is anywhere before it left.
//
// For forced founders the same is done with expected cells in place of whole ones: they stand for
// founders that are expected, and have the parents of these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "voxel/departure.hpp"

namespace metavox {

inline constexpr std::size_t most_parents = 32;   // that a place tells apart
inline constexpr std::size_t bytes_of_share = 40; // of one of them

// Where a cell came from. Steps of the body; numbers of lesions, of which forced ones have their
// own.
struct Parent {
  std::int64_t lesion = -1; // -1: not known; of a founder that is forced where none is expected
  bool forced = false;
  Route route = Route::blood; // by which it left: what nodes let through came by lymph
  std::int64_t left = -1;     // the step in which it did

  bool known() const { return lesion >= 0; }
  template <class Self, class Archive>
  static void visit(Self& s, Archive& a) {
    a(s.lesion), a(s.forced), a(s.route), a(s.left);
  }
};

// What a draw about parents belongs to. No two of a step and a `what` have the same place.
struct ParentKey {
  std::uint64_t seed = 0, step = 0;
  std::uint64_t place = 0; // below 2^38
  std::uint32_t what = 0;  // 0: of whole cells, 1: of expected ones
};

// The parents of the cells of one place, each with its share of them.
class Parentage {
public:
  bool empty() const { return shares_.empty(); }
  void clear() { shares_.clear(); }
  std::size_t size() const { return shares_.size(); }
  // Of a lesion, by whatever way; 0 where it is no parent of any.
  double share_of(std::int64_t lesion, bool forced = false) const;

  // To n cells of this parentage come m of another, or m of one parent. Where n is 0 what was there
  // is forgotten.
  void join(double n, const Parentage& other, double m, const ParentKey& key);
  void join(double n, const Parent& parent, double m, const ParentKey& key);

  // The parent of one of the cells; not known where there are none. u: of [0, 1).
  Parent pick(double u) const;

  template <class Self, class Archive>
  static void visit(Self& self, Archive& archive) {
    auto n = static_cast<std::int64_t>(self.shares_.size());
    archive(n);
    fit(self.shares_, n);
    for (auto& s : self.shares_) Parent::visit(s.parent, archive), archive(s.share);
  }

private:
  struct Share {
    Parent parent;
    double share = 0;
  };
  static void fit(std::vector<Share>& shares, std::int64_t n); // throws NumericalError
  static void fit(const std::vector<Share>&, std::int64_t) {}  // when it is saved
  void mix(double old, const Share* from, std::size_t count, double fresh, const ParentKey& key);
  void keep_few(const ParentKey& key);

  std::vector<Share> shares_; // in the order of lesions and ways; they add up to one
};

} // namespace metavox
