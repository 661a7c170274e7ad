// How second cells find a place. Each goes, voxel by voxel, down the flow that the gradient of
// pressure drives; where someone stands it takes the place and that one goes on in its stead, so
// that tissue flows without cells passing through each other.
#pragma once

#include <cstdint>

#include "cells/contest.hpp"
#include "cells/migration.hpp"
#include "core/random.hpp"
#include "voxel/excess.hpp"
#include "voxel/ledger.hpp"
#include "voxel/matrix_room.hpp"
#include "voxel/pressure_view.hpp"

namespace metavox {

struct RelayParameters {
  bool flows;    // cells follow a pressure; otherwise only a free neighbour is entered
  float carried; // chance of a move per kPa of difference: K ds / (h^2 e_0)
  float mixing;  // chance of a move to any one neighbour without: D_x ds / h^2
  bool open[6];  // faces of the box that cells may leave through
};

inline constexpr int relay_stays = -1;

struct RelayRule {
  const std::uint8_t* kind;
  const std::uint16_t* flags;
  const std::uint8_t* held;
  const std::uint16_t* membrane;
  MatrixRoom matrix;
  PressureView pressure;
  RelayParameters p;
  Lattice lattice;

  MV_HD bool is_free(std::int64_t i) const {
    const auto k = static_cast<Kind>(kind[i]);
    return k == Kind::none || (is_dead(k) && (flags[i] & flag_replaceable) != 0);
  }
  MV_HD int occupied_faces(std::int64_t i) const {
    int n = 0;
    for (int a = 0; a < 6; ++a) {
      const auto k = static_cast<Kind>(kind[neighbour(lattice, i, a)]);
      if (k != Kind::none && k != Kind::outside) ++n;
    }
    return n;
  }
  MV_HD Voxel beside(const Voxel& s, int a) const {
    const int d = (a & 1) != 0 ? 1 : -1;
    return {s.x + (a / 2 == 0 ? d : 0), s.y + (a / 2 == 1 ? d : 0), s.z + (a / 2 == 2 ? d : 0),
            neighbour(lattice, s.i, a)};
  }
  // 0 ... 5, or relay_stays.
  MV_HD int choose(const Voxel& s, const Draw& d) const {
    float weight[6];
    float sum = 0.0f, entered = 0.0f;
    bool beyond[6];
    int passable = 0;
    for (int a = 0; a < 6; ++a) {
      const Voxel y = beside(s, a);
      weight[a] = 0.0f;
      beyond[a] = !lattice.holds(y.x, y.y, y.z);
      if (beyond[a]) continue;
      if (static_cast<Kind>(kind[y.i]) == Kind::vessel || membrane[y.i] != 0 || held[y.i] != 0)
        continue;
      passable |= 1 << a;
      if (!is_free(y.i)) continue;
      // Into hollows before onto humps: the surface stays smooth.
      const auto o = static_cast<float>(occupied_faces(y.i));
      const float own = o * o, in = own * matrix.share(y.i);
      weight[a] = in;
      sum = sum + own;
      entered = entered + in;
    }
    const float u = uniform(d.word[0]);
    if (sum > 0.0f) {
      // Where matrix lets only some in, the rest stays.
      if (uniform(d.word[1]) * sum >= entered) return relay_stays;
      return pick(weight, u * entered);
    }
    if (!p.flows) return relay_stays;
    const float here = pressure.at(s);
    for (int a = 0; a < 6; ++a) {
      float drop;
      if (beyond[a]) {
        if (!p.open[a]) continue;
        drop = 2.0f * here; // nothing presses half a voxel outside
      } else {
        if ((passable >> a & 1) == 0) continue;
        drop = here - pressure.at(beside(s, a));
      }
      weight[a] = exact::max_of(0.0f, drop) * p.carried + p.mixing;
      sum = sum + weight[a];
    }
    if (sum > 1.0f) return pick(weight, u * sum);
    return pick(weight, u);
  }
  MV_HD static int pick(const float (&weight)[6], float place) {
    float sum = 0.0f;
    int last = relay_stays;
    for (int a = 0; a < 6; ++a) {
      if (!(weight[a] > 0.0f)) continue;
      sum = sum + weight[a];
      if (place < sum) return a;
      last = a;
    }
    // Between the sum and one it stays; a rounding at the very end of a sum above one does not.
    return sum < 1.0f ? relay_stays : last;
  }
};

// Padded index of the voxel that an entry goes to; a ghost: it leaves the box.
inline constexpr std::uint32_t goes_nowhere = 0xffffffffu;

struct ProposeRelay {
  static constexpr const char* name = "excess.propose";
  static constexpr double bytes = 64;
  ExcessView excess;
  RelayRule rule;
  ContestView contest;
  std::uint32_t* aim; // by entry
  std::uint64_t seed, step;
  int substep;
  MV_HD void operator()(std::int64_t n) const {
    aim[n] = goes_nowhere;
    if (excess.gone(n)) return;
    const Voxel s = excess.place(n);
    const Draw d = draw(seed, Purpose::relay, rule.lattice.global(s), step,
                        static_cast<std::uint32_t>(substep));
    const int a = rule.choose(s, d);
    if (a == relay_stays) return;
    const std::int64_t target = neighbour(rule.lattice, s.i, a);
    aim[n] = static_cast<std::uint32_t>(target);
    if (static_cast<Kind>(rule.kind[target]) != Kind::outside)
      atomic_min(contest.claim + target, contest.rank(rule.lattice, s));
  }
};

struct CommitRelay {
  static constexpr const char* name = "excess.commit";
  static constexpr double bytes = 64;
  ExcessView excess;
  CellView standing;
  RelayRule rule;
  ContestView contest;
  const std::uint32_t* aim;
  LedgerView ledger;
  MV_HD void operator()(std::int64_t n) const {
    if (aim[n] == goes_nowhere) return;
    const std::int64_t target = aim[n];
    const Voxel s = excess.place(n), y = rule.lattice.voxel_of(target);
    if (!rule.lattice.holds(y.x, y.y, y.z)) {
      ledger.departure(excess.cell.kind(n), Reservoir::left);
      return excess.drop(n, s.i);
    }
    // Only the winner looks at the place, which it writes to.
    if (contest.claim[target] != contest.rank(rule.lattice, s)) return;
    const Cell comes = excess.cell.load(n), stood = standing.load(target);
    const bool free = rule.is_free(target);
    standing.store(target, comes);
    if (free) {
      if (stood.kind != Kind::none) ledger.departure(stood.kind, Reservoir::cleared);
      return excess.drop(n, s.i);
    }
    excess.cell.store(n, stood);
    excess.voxel[n] = rule.lattice.number(y.x, y.y, y.z);
    excess.waited[n] = 0;
    excess.held[s.i] = 0;
    excess.held[target] = 1;
  }
};

struct WithdrawRelay {
  static constexpr const char* name = "excess.withdraw";
  static constexpr double bytes = 8;
  ContestView contest;
  const std::uint32_t* aim;
  MV_HD void operator()(std::int64_t n) const {
    if (aim[n] != goes_nowhere) store_same(contest.claim + aim[n], unclaimed);
  }
};

} // namespace metavox
