// How cells move: a biased random walk on the lattice with haptotaxis and chemotaxis, adhesion and
// the matrix in the way. Jump probabilities are those of A. Anderson and M. Chaplain (1998, Bull.
// Math. Biol. 60:857; Anderson 2005, Math. Med. Biol. 22:163), extended to three dimensions.
#pragma once

#include "cells/contest.hpp"
#include "core/random.hpp"
#include "voxel/views.hpp"

namespace metavox {

// Directions in the order of P1 ... P6: -x +x -y +y -z +z.
struct JumpProbabilities {
  float towards[6];
};

struct MigrationParameters32 {
  float diffusivity_epithelial, diffusivity_mesenchymal, diffusivity_stroma; // um^2/min
  float haptotaxis;                                                          // um^2/min per unit E
  float chemotaxis;                                                          // um^2/min/mmHg
  float step_over_h2;                                                        // dt_m / h^2, min/um^2
  float stroma_step_over_h2; // fibroblasts are slow enough for one attempt a step
  float most_jumps;          // bound on the sum of a tumour cell's probabilities
  bool neighbour_count;
  float keep_ee, keep_em, keep_mm; // 1 - q_J
  int internal_epithelial, internal_mesenchymal;
  bool squeeze;
  float squeeze_threshold, squeeze_width, squeeze_epithelial;
};

// Probabilities of one axis from the diffusivity and the signal S = phi E + chi c at the voxel and
// both neighbours. Central differences give drift phi grad E + chi grad c exactly; where they would
// make a probability negative the upwind form takes over: k (D + max(0, +-difference)).
MV_HD inline void axis_probabilities(float d, float k, float s_low, float s, float s_high,
                                     float& p_low, float& p_high) {
  const float quarter = (s_high - s_low) * 0.25f;
  if (quarter <= d && -quarter <= d) {
    p_low = k * (d - quarter);
    p_high = k * (d + quarter);
  } else {
    p_low = k * (d + exact::max_of(0.0f, s_low - s));
    p_high = k * (d + exact::max_of(0.0f, s_high - s));
  }
}

// 24 bits of a word as a number in [0, 1).
MV_HD inline float uniform(std::uint32_t word) {
  return static_cast<float>(word >> 8) * 5.9604645e-08f;
}

struct WalkRule {
  const float* matrix;
  const std::uint16_t* membrane;
  FieldView oxygen;
  MigrationParameters32 p;
  Lattice lattice;

  MV_HD float signal(const Voxel& s) const {
    float v = 0.0f;
    if (p.haptotaxis != 0.0f) v = v + p.haptotaxis * matrix[s.i];
    if (p.chemotaxis != 0.0f) v = v + p.chemotaxis * oxygen.at(s);
    return v;
  }
  // Fibroblasts wander without direction.
  MV_HD JumpProbabilities unbiased(const Voxel& s, float d, float k) const {
    const float each = k * d;
    return {{s.x > 0 ? each : 0.0f, s.x + 1 < lattice.nx ? each : 0.0f, s.y > 0 ? each : 0.0f,
             s.y + 1 < lattice.ny ? each : 0.0f, s.z > 0 ? each : 0.0f,
             s.z + 1 < lattice.nz ? each : 0.0f}};
  }
  // Beyond the box the signal continues flat and the probability is zero.
  MV_HD JumpProbabilities probabilities(const Voxel& s, float d) const {
    JumpProbabilities jump;
    const bool biased = p.haptotaxis != 0.0f || p.chemotaxis != 0.0f;
    const float here = biased ? signal(s) : 0.0f;
    const int at[3] = {s.x, s.y, s.z}, n[3] = {lattice.nx, lattice.ny, lattice.nz};
    const std::int64_t stride[3] = {1, lattice.pitch(), lattice.plane()};
    for (int a = 0; a < 3; ++a) {
      const bool has_low = at[a] > 0, has_high = at[a] + 1 < n[a];
      const int ex = a == 0 ? 1 : 0, ey = a == 1 ? 1 : 0, ez = a == 2 ? 1 : 0;
      const Voxel below{s.x - ex, s.y - ey, s.z - ez, s.i - stride[a]};
      const Voxel above{s.x + ex, s.y + ey, s.z + ez, s.i + stride[a]};
      const float low = biased && has_low ? signal(below) : here;
      const float high = biased && has_high ? signal(above) : here;
      axis_probabilities(d, p.step_over_h2, low, here, high, jump.towards[2 * a],
                         jump.towards[2 * a + 1]);
      if (!has_low) jump.towards[2 * a] = 0.0f;
      if (!has_high) jump.towards[2 * a + 1] = 0.0f;
    }
    return jump;
  }
  // 0 ... 5, or -1 to stay. `overfull` tells that the probabilities exceed one: the step is too
  // long.
  MV_HD int choose(const JumpProbabilities& jump, std::uint32_t word, bool& overfull) const {
    const float u = uniform(word);
    float sum = 0.0f;
    int chosen = -1;
    for (int a = 0; a < 6; ++a) {
      sum = sum + jump.towards[a];
      if (chosen < 0 && u < sum) chosen = a;
    }
    overfull = sum > 1.0f && sum < 3e38f; // beyond is a field gone wrong, and told as that
    return chosen;
  }
};

struct ProposeMove {
  static constexpr const char* name = "migration.propose";
  static constexpr double bytes = 1; // the kind; few try to move
  CellView cell;
  WalkRule walk;
  ContestView contest;
  TraitFactors factor;
  std::int64_t* overfull; // count of cells whose probabilities exceeded one
  std::uint64_t seed, step;
  int substep;

  MV_HD float diffusivity(Kind k) const {
    if (k == Kind::epithelial) return walk.p.diffusivity_epithelial;
    if (k == Kind::mesenchymal) return walk.p.diffusivity_mesenchymal;
    return k == Kind::stroma ? walk.p.diffusivity_stroma : 0.0f;
  }
  // Share of attempts not held back by bonds to tumour neighbours (Khain et al. 2007; Deroulers et
  // al. 2009).
  MV_HD float freedom(const Voxel& s, Kind kind) const {
    const Lattice& l = walk.lattice;
    if (!is_tumour(kind)) return 1.0f;
    const bool m_like = kind == Kind::mesenchymal;
    if (walk.p.neighbour_count) {
      int external = 0;
      for (int a = 0; a < 6; ++a) external += is_living(cell.kind(neighbour(l, s.i, a))) ? 1 : 0;
      return external >= (m_like ? walk.p.internal_mesenchymal : walk.p.internal_epithelial) ? 1.0f
                                                                                             : 0.0f;
    }
    const float stickiness = factor.of(cell.traits[s.i], Trait::adhesion);
    float share = 1.0f;
    for (int a = 0; a < 6; ++a) {
      const Kind other = cell.kind(neighbour(l, s.i, a));
      if (!is_tumour(other)) continue;
      const bool other_m = other == Kind::mesenchymal;
      const float keep = m_like && other_m   ? walk.p.keep_mm
                         : m_like || other_m ? walk.p.keep_em
                                             : walk.p.keep_ee;
      share = share * exact::max_of(0.0f, 1.0f - (1.0f - keep) * stickiness);
    }
    return share;
  }
  MV_HD float passage(std::int64_t target, Kind kind) const {
    if (walk.membrane[target] != 0) return 0.0f; // basement membrane must be broken first
    if (!walk.p.squeeze) return 1.0f;
    const float e = walk.matrix[target];
    if (e <= walk.p.squeeze_threshold) return 1.0f;
    const float share = exact::expf(-(e - walk.p.squeeze_threshold) / walk.p.squeeze_width);
    return kind == Kind::epithelial ? share * walk.p.squeeze_epithelial : share;
  }
  MV_HD bool may_move(Kind kind) const {
    return substep == 0 ? one_of<walking_kinds>(kind) : is_tumour(kind);
  }
  // Most cells stay, and most of those can be told before any gradient is looked at.
  MV_HD float bound(Kind kind) const {
    return kind == Kind::stroma ? 6.0f * walk.p.diffusivity_stroma * walk.p.stroma_step_over_h2
                                : walk.p.most_jumps;
  }
  MV_HD void operator()(const Voxel& s) const {
    const Kind kind = cell.kind(s.i);
    if (!may_move(kind)) return;
    const Draw r = draw(seed, Purpose::motility, walk.lattice.global(s), step,
                        static_cast<std::uint32_t>(substep));
    if (uniform(r.word[0]) < bound(kind)) attempt(s, kind, r);
  }
  template <KindMask set>
  static void mark_kinds(const std::uint8_t* MV_RESTRICT k, int n, std::uint8_t* MV_RESTRICT mark) {
#pragma omp simd
    for (int x = 0; x < n; ++x) mark[x] = one_of<set>(k[x]) ? 1 : 0;
  }
  void row(const Row& r) const {
    const float of_stroma = bound(Kind::stroma), of_tumour = bound(Kind::epithelial);
    std::uint8_t mark[marked_piece];
    std::uint16_t mover[marked_piece + DrawList::size];
    for (int begin = 0; begin < r.n; begin += marked_piece) {
      const int n = exact::min_of(marked_piece, r.n - begin);
      const std::uint8_t* MV_RESTRICT k = cell.kind_code + r.i + begin;
      if (substep == 0)
        mark_kinds<walking_kinds>(k, n, mark);
      else
        mark_kinds<tumour_kinds>(k, n, mark);
      for (int x = n; x % 64 != 0; ++x) mark[x] = 0;
      const int movers = list_marked(mark, n, mover);
      for (int x = movers; x % DrawList::size != 0; ++x) mover[x] = 0;
      for (int m = 0; m < movers; m += DrawList::size) {
        DrawList draws;
        draw_list(seed, Purpose::motility, walk.lattice.global(r.x + begin, r.y, r.z), mover + m,
                  step, static_cast<std::uint32_t>(substep), draws);
        const int end = exact::min_of(DrawList::size, movers - m);
        for (int d = 0; d < end; ++d) {
          const int x = mover[m + d];
          const auto kind = static_cast<Kind>(k[x]);
          if (uniform(draws.word[0][d]) < (kind == Kind::stroma ? of_stroma : of_tumour))
            attempt(Voxel{r.x + begin + x, r.y, r.z, r.i + begin + x}, kind, draws.at(d));
        }
      }
    }
  }
  MV_HD void attempt(const Voxel& s, Kind kind, const Draw& r) const {
    const float d = diffusivity(kind);
    if (d <= 0.0f || (cell.flags[s.i] & flag_dormant) != 0) return;
    const Lattice& l = walk.lattice;
    bool full = false;
    const JumpProbabilities jump = kind == Kind::stroma
                                       ? walk.unbiased(s, d, walk.p.stroma_step_over_h2)
                                       : walk.probabilities(s, d);
    const int direction = walk.choose(jump, r.word[0], full);
    if (full) atomic_add(overfull, 1);
    if (direction < 0) return;
    const std::int64_t target = neighbour(l, s.i, direction);
    if (cell.kind(target) != Kind::none) return;
    if (uniform(r.word[1]) >= freedom(s, kind) * passage(target, kind)) return;
    contest.propose(s, static_cast<std::uint16_t>(direction + 1));
    atomic_min(contest.claim + target, contest.rank(l, s));
  }
};

struct CommitMove {
  static constexpr const char* name = "migration.commit";
  static constexpr double bytes = 2;
  CellView cell;
  ContestView contest;
  Lattice lattice;
  MV_HD void operator()(const Voxel& s) const {
    const std::uint16_t plan = contest.plan[s.i];
    if (plan == 0) return;
    const std::int64_t target = neighbour(lattice, s.i, plan - 1);
    if (contest.claim[target] != contest.rank(lattice, s)) return;
    cell.store(target, cell.load(s.i));
    cell.erase(s.i);
  }
};

struct WithdrawMove {
  static constexpr const char* name = "migration.withdraw";
  static constexpr double bytes = 2;
  ContestView contest;
  Lattice lattice;
  MV_HD void operator()(const Voxel& s) const {
    const std::uint16_t plan = contest.plan[s.i];
    if (plan == 0) return;
    store_same(contest.claim + neighbour(lattice, s.i, plan - 1), unclaimed);
    contest.plan[s.i] = 0;
  }
};

// Walkers that feel the same rule but take no room: the closed forms for diffusion and drift are
// tested on them.
struct AdvanceTracers {
  static constexpr const char* name = "migration.tracers";
  static constexpr double bytes = 24;
  WalkRule walk;
  std::int32_t* position; // 3 per tracer: x, y, z
  float diffusivity;
  std::int64_t* overfull;
  std::uint64_t seed, step;
  int substep;
  MV_HD void operator()(std::int64_t k) const {
    std::int32_t* at = position + 3 * k;
    const Voxel s = walk.lattice.voxel(at[0], at[1], at[2]);
    const Draw r = draw(seed, Purpose::tracer, static_cast<std::uint64_t>(k), step,
                        static_cast<std::uint32_t>(substep));
    bool full = false;
    const int direction = walk.choose(walk.probabilities(s, diffusivity), r.word[0], full);
    if (full) atomic_add(overfull, 1);
    if (direction < 0) return;
    at[direction / 2] += (direction & 1) != 0 ? 1 : -1;
  }
};

} // namespace metavox
