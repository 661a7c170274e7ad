// Tumour cells enter vessels: the hazard of each by the walls that its voxel shares, the neighbours
// that it takes along, and how they are taken out.
//
//   h = k_iv m sum of w A / (n A_0)
//
// over the walls of segments that carry; the sums are those of WallShare. m is the factor of the
// cell's MT1-MMP where it is M-like; an E-like cell passes leaky walls only.
#pragma once

#include <cstdint>

#include "cells/migration.hpp"
#include "core/lattice.hpp"
#include "core/random.hpp"
#include "voxel/excess.hpp"
#include "voxel/ledger.hpp"
#include "voxel/views.hpp"
#include "voxel/walls.hpp"

namespace metavox {

// Expected numbers are added up in units of 2^-32: integers, whose sums know no order.
inline constexpr double expected_unit = 4294967296.0;

struct DepartureRule {
  CellView standing;
  ExcessView excess; // mapped
  const WallShare* share;
  TraitFactors factor;
  Lattice lattice;
  double rate, epithelial; // 1/min, and a share
  double time;             // min
  std::uint64_t seed, step;
  std::uint32_t nothing; // in the map of second cells

  // Of a cell, 1/min.
  MV_HD double hazard(Kind kind, std::uint64_t traits, const WallShare& wall) const {
    const double leaky = static_cast<double>(wall.leaky), tight = static_cast<double>(wall.tight);
    if (kind == Kind::mesenchymal)
      return rate * static_cast<double>(factor.of(traits, Trait::proteinase)) * (leaky + tight);
    return is_tumour(kind) ? rate * epithelial * leaky : 0.0;
  }
  // The entry of the voxel's second cell, or `nothing`.
  MV_HD std::uint32_t second(std::int64_t i) const {
    return excess.held[i] != 0 ? excess.slot[i] : nothing;
  }
  MV_HD Draw drawn(const Voxel& s, int slot) const {
    return draw(seed, Purpose::departure, lattice.global(s), step,
                static_cast<std::uint32_t>(slot));
  }
};

// Two indices for each voxel at a wall: of the cell that stands there, and of the second one.
struct DrawDepartures {
  static constexpr const char* name = "departure.draw";
  static constexpr double bytes = 24;
  DepartureRule rule;
  std::uint8_t* leaves;
  std::int64_t* expected; // departures in this step, then 1/h now; expected_unit
  MV_HD void operator()(std::int64_t n) const {
    leaves[n] = 0;
    const WallShare& wall = rule.share[n / 2];
    const int slot = static_cast<int>(n & 1);
    const Voxel s = rule.lattice.voxel_at(wall.voxel);
    Kind kind = rule.standing.kind(s.i);
    std::uint64_t traits = rule.standing.traits[s.i];
    std::uint16_t flags = rule.standing.flags[s.i];
    if (slot == 1) {
      const std::uint32_t entry = rule.second(s.i);
      if (entry == rule.nothing) return;
      kind = rule.excess.cell.kind(entry);
      traits = rule.excess.cell.traits[entry];
      flags = rule.excess.cell.flags[entry];
    }
    if ((flags & flag_dormant) != 0) return; // who sleeps stays
    const double h = rule.hazard(kind, traits, wall);
    if (!(h > 0)) return;
    const double chance = 1 - exact::exp(-(h * rule.time));
    atomic_add(expected, static_cast<std::int64_t>(chance * expected_unit));
    atomic_add(expected + 1, static_cast<std::int64_t>(h * 60 * expected_unit));
    if (to_unit(rule.drawn(s, slot).word[0]) < chance) leaves[n] = 1;
  }
};

inline constexpr int largest_cluster = 15;

// A cell that leaves, and those that come along by the bonds that hold.
struct Cluster {
  std::int64_t voxel[largest_cluster]; // padded indices; the first is its own
  std::int32_t entry;                  // of the first in the list of second cells; -1: it stands
  std::int32_t size;
  std::uint8_t parent[largest_cluster]; // by whom each is held: an index of this list
  std::uint8_t kind;                    // of the first
};

struct GatherCluster {
  static constexpr const char* name = "departure.gather";
  static constexpr double bytes = 144;
  DepartureRule rule;
  const std::uint32_t* leaver; // indices of DrawDepartures, ascending
  Cluster* cluster;
  float bond_ee, bond_em, bond_mm;
  double clustering;

  MV_HD float bond(Kind a, Kind b) const {
    const bool a_m = a == Kind::mesenchymal, b_m = b == Kind::mesenchymal;
    return a_m && b_m ? bond_mm : (a_m || b_m ? bond_em : bond_ee);
  }
  MV_HD static bool has(const Cluster& c, std::int64_t i) {
    for (int k = 0; k < c.size; ++k)
      if (c.voxel[k] == i) return true;
    return false;
  }
  MV_HD void operator()(std::int64_t n) const {
    Cluster c{};
    const Voxel s = rule.lattice.voxel_at(rule.share[leaver[n] / 2].voxel);
    const bool second = (leaver[n] & 1) != 0;
    c.voxel[0] = s.i;
    c.entry = second ? static_cast<std::int32_t>(rule.second(s.i)) : -1;
    c.size = 1;
    c.kind = static_cast<std::uint8_t>(second ? rule.excess.cell.kind(c.entry)
                                              : rule.standing.kind(s.i));
    if (clustering > 0)
      for (int k = 0; k < c.size; ++k) take_neighbours(c, k, second && k == 0);
    cluster[n] = c;
  }
  MV_HD void take_neighbours(Cluster& c, int k, bool second) const {
    const std::int64_t i = c.voxel[k];
    const Kind own = second ? rule.excess.cell.kind(c.entry) : rule.standing.kind(i);
    const std::uint64_t traits =
        second ? rule.excess.cell.traits[c.entry] : rule.standing.traits[i];
    const float adhesion = rule.factor.of(traits, Trait::adhesion);
    const std::uint64_t who = rule.lattice.global(rule.lattice.voxel_of(i));
    for (int a = 0; a < 6 && c.size < largest_cluster; ++a) {
      const std::int64_t other = neighbour(rule.lattice, i, a);
      const Kind kind = rule.standing.kind(other);
      if (!is_tumour(kind) || has(c, other)) continue;
      if ((rule.standing.flags[other] & flag_dormant) != 0) continue;
      const float q = exact::min_of(1.0f, bond(own, kind) * adhesion);
      const Draw d = draw(rule.seed, Purpose::departing_cluster, who, rule.step,
                          static_cast<std::uint32_t>(second ? 8 + a : a));
      if (to_unit(d.word[0]) >= clustering * static_cast<double>(q)) continue;
      c.parent[c.size] = static_cast<std::uint8_t>(k);
      c.voxel[c.size++] = other;
    }
  }
};

// All of a cell, without gaps.
struct CellRecord {
  std::uint64_t traits;
  std::uint16_t flags, clock, timer, clone;
  std::uint8_t kind, capacity, spare[6];
};

// Where a cell is that leaves.
struct Leaver {
  std::int64_t voxel; // padded index
  std::int64_t entry; // of the list of second cells; -1: it stands there
};

struct RemoveDeparted {
  static constexpr const char* name = "departure.remove";
  static constexpr double bytes = 80;
  const Leaver* leaver; // each once
  CellRecord* record;
  CellView standing;
  ExcessView excess;
  LedgerView ledger;
  Reservoir to;
  MV_HD void operator()(std::int64_t n) const {
    const auto [i, entry] = leaver[n];
    const Cell c = entry < 0 ? standing.load(i) : excess.cell.load(entry);
    record[n] = {c.traits,   c.flags, c.clock, c.timer, c.clone, static_cast<std::uint8_t>(c.kind),
                 c.capacity, {}};
    ledger.departure(c.kind, to);
    if (entry < 0)
      standing.erase(i);
    else
      excess.drop(entry, i);
  }
};

} // namespace metavox
