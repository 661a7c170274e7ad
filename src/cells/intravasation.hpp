// Tumour cells enter vessels and lymphatics, or are shed into a cavity: the hazard of each by the
// walls that its voxel shares, the neighbours that it takes along, and how they are taken out.
//
//   h = k_iv m sum of w A / (n A_0) + k_lv m sum of A / (n A_0) + k_per (at a broken serosa)
//
// over the walls of segments that carry, and those of lymphatics that work; the sums are those of
// Exit. m is the factor of the cell's MT1-MMP where it is M-like; an E-like cell passes leaky walls
// only, and lymphatics are leaky. Ways compete: whoever leaves has gone each with its share of h.
#pragma once

#include <cstdint>

#include "cells/intravasation_settings.hpp"
#include "cells/migration.hpp"
#include "core/lattice.hpp"
#include "core/random.hpp"
#include "voxel/departure.hpp"
#include "voxel/excess.hpp"
#include "voxel/exits.hpp"
#include "voxel/ledger.hpp"
#include "voxel/views.hpp"

namespace metavox {

// Expected numbers are added up in units of 2^-32: integers, whose sums know no order.
inline constexpr double expected_unit = 4294967296.0;

// Of a cell, 1/min by each Route.
struct Hazard {
  double by[route_count];
  MV_HD double sum() const {
    double h = 0;
    for (const double way : by) h += way;
    return h;
  }
  // The way of one who has left; `place`: in (0, 1).
  MV_HD Route route(double place) const {
    const double until = place * sum();
    double passed = 0;
    int last = 0;
    for (int r = 0; r < route_count; ++r) {
      if (!(by[r] > 0)) continue;
      last = r;
      passed += by[r];
      if (until < passed) break;
    }
    return static_cast<Route>(last);
  }
};

struct DepartureRule {
  CellView standing;
  ExcessView excess; // mapped
  const Exit* exit;
  TraitFactors factor;
  Lattice lattice;
  DepartureRates rate;
  double time; // min
  std::uint64_t seed, step;
  std::uint32_t nothing; // in the map of second cells

  MV_HD Hazard hazard(Kind kind, std::uint64_t traits, const Exit& at) const {
    const double leaky = static_cast<double>(at.leaky), tight = static_cast<double>(at.tight),
                 lymph = static_cast<double>(at.lymph),
                 shed = rate.cavity * static_cast<double>(at.surface);
    if (kind == Kind::mesenchymal) {
      const double m = static_cast<double>(factor.of(traits, Trait::proteinase));
      return {{rate.blood * m * (leaky + tight), rate.lymph * m * lymph, shed}};
    }
    if (!is_tumour(kind)) return {};
    return {{rate.blood * rate.epithelial * leaky, rate.lymph * rate.epithelial * lymph, shed}};
  }
  // Of the cell that stands at an exit, or the second one there; none where it sleeps.
  MV_HD Hazard hazard_of(const Exit& at, const Voxel& s, int slot) const {
    const CellView& cells = slot == 0 ? standing : excess.cell;
    const std::int64_t n = slot == 0 ? s.i : static_cast<std::int64_t>(second(s.i));
    if (slot == 1 && second(s.i) == nothing) return {};
    if ((cells.flags[n] & flag_dormant) != 0) return {};
    Hazard h = hazard(cells.kind(n), cells.traits[n], at);
    // A voxel that a lumen fills has no share of lymphatics.
    if (standing.kind(s.i) == Kind::vessel) h.by[static_cast<int>(Route::lymph)] = 0;
    return h;
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

// Two indices for each exit: of the cell that stands there, and of the second one.
struct DrawDepartures {
  static constexpr const char* name = "departure.draw";
  static constexpr double bytes = 32;
  DepartureRule rule;
  std::uint8_t* leaves;
  std::int64_t* expected; // by Route: departures in this step, then 1/h now; expected_unit
  MV_HD void operator()(std::int64_t n) const {
    leaves[n] = 0;
    const Exit& at = rule.exit[n / 2];
    const int slot = static_cast<int>(n & 1);
    const Voxel s = rule.lattice.voxel_at(at.voxel);
    const Hazard h = rule.hazard_of(at, s, slot);
    const double sum = h.sum();
    if (!(sum > 0)) return;
    const double chance = exact::chance(sum, rule.time);
    for (int r = 0; r < route_count; ++r) {
      if (!(h.by[r] > 0)) continue;
      const double share = h.by[r] / sum;
      atomic_add(expected + 2 * r, static_cast<std::int64_t>(chance * share * expected_unit));
      atomic_add(expected + 2 * r + 1, static_cast<std::int64_t>(h.by[r] * 60 * expected_unit));
    }
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
  std::uint8_t kind, route;             // of the first
  std::uint8_t spare[7];
};

struct GatherCluster {
  static constexpr const char* name = "departure.gather";
  static constexpr double bytes = 144;
  DepartureRule rule;
  const std::uint32_t* leaver; // indices of DrawDepartures, ascending
  Cluster* cluster;
  float bond_ee, bond_em, bond_mm;

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
    const Exit& at = rule.exit[leaver[n] / 2];
    const Voxel s = rule.lattice.voxel_at(at.voxel);
    const bool second = (leaver[n] & 1) != 0;
    const int slot = second ? 1 : 0;
    c.voxel[0] = s.i;
    c.entry = second ? static_cast<std::int32_t>(rule.second(s.i)) : -1;
    c.size = 1;
    c.kind = static_cast<std::uint8_t>(second ? rule.excess.cell.kind(c.entry)
                                              : rule.standing.kind(s.i));
    const double place = to_unit(rule.drawn(s, slot).word[2]);
    c.route = static_cast<std::uint8_t>(rule.hazard_of(at, s, slot).route(place));
    if (rule.rate.clustering > 0)
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
      if (to_unit(d.word[0]) >= rule.rate.clustering * static_cast<double>(q)) continue;
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
MV_HD inline CellRecord record_of(const Cell& c) {
  return {c.traits,   c.flags, c.clock, c.timer, c.clone, static_cast<std::uint8_t>(c.kind),
          c.capacity, {}};
}
MV_HD inline Cell cell_of(const CellRecord& r) {
  return {static_cast<Kind>(r.kind), r.flags, r.clock, r.timer, r.capacity, r.clone, r.traits};
}

// Where a cell is that leaves, and where it goes.
struct Leaver {
  std::int64_t voxel; // padded index
  std::int32_t entry; // of the list of second cells; -1: it stands there
  Route route;
  std::uint8_t spare[3];
};

MV_HD inline Reservoir reservoir_of(Route r) {
  return r == Route::blood ? Reservoir::blood
                           : (r == Route::lymph ? Reservoir::lymph : Reservoir::cavity);
}

struct RemoveDeparted {
  static constexpr const char* name = "departure.remove";
  static constexpr double bytes = 80;
  const Leaver* leaver; // each once
  CellRecord* record;
  CellView standing;
  ExcessView excess;
  LedgerView ledger;
  MV_HD void operator()(std::int64_t n) const {
    const std::int64_t i = leaver[n].voxel;
    const std::int32_t entry = leaver[n].entry;
    const Cell c = entry < 0 ? standing.load(i) : excess.cell.load(entry);
    record[n] = record_of(c);
    ledger.departure(c.kind, reservoir_of(leaver[n].route));
    if (entry < 0)
      standing.erase(i);
    else
      excess.drop(entry, i);
  }
};

} // namespace metavox
