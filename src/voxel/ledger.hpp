// The ledger: every change of kind, counted where it happens, and every death by its cause.
//
// Kinds have the codes 0 to 15; what cells come from and go to besides has the codes above. So
// births and arrivals are apart, and so are departures and removals. Codes are stored in
// checkpoints: append, never renumber. The table is a sum over history; it is no part of the
// state's hash.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "core/host_device.hpp"
#include "voxel/kind.hpp"

namespace metavox {

enum class Reservoir : std::uint8_t {
  born = 16,        // divisions, and vessels that grow
  arrived = 17,     // from another site
  blood = 18,       // entered a vessel
  lymph = 19,       // entered a lymphatic
  cavity = 20,      // shed through a serosal face
  resected = 21,    // by surgery
  left = 22,        // through a face of the box
  handed_over = 23, // to or from a counter
  cleared = 24,     // bodies, and vessels that regress
  pressed_out = 25  // lost where a vessel took the voxel and there was no room
};
inline constexpr int flow_width = 32; // kinds and reservoirs
inline constexpr int flow_entries = flow_width * flow_width;

enum class Cause : std::uint8_t {
  starved = 0,
  programmed = 1,
  anoikis = 2,
  t_cell = 3,
  crushed = 4,
  senescent = 5,
  drug = 6,
  radiation = 7,
  doomed = 8
};
struct CauseRow {
  Cause cause;
  std::string_view name;  // in columns of metrics.csv
  std::string_view label; // of what the cell died
};
inline constexpr CauseRow cause_rows[] = {
    {Cause::starved, "starved", "of hypoxia or want of energy"},
    {Cause::programmed, "programmed", "by its own programme"},
    {Cause::anoikis, "anoikis", "without hold on matrix or neighbours"},
    {Cause::t_cell, "t_cell", "killed by a T cell"},
    {Cause::crushed, "crushed", "under the pressure of growing tissue"},
    {Cause::senescent, "senescent", "spent progenitor, removed"},
    {Cause::drug, "drug", "by a drug"},
    {Cause::radiation, "radiation", "by radiation"},
    {Cause::doomed, "doomed", "soon after it arrived"},
};
inline constexpr int cause_count = static_cast<int>(std::size(cause_rows));
inline constexpr int cause_width = 16, death_entries = cause_width * 16; // [cause][kind]

// flow[from][to], then deaths[cause][kind], then how many cells had jump probabilities above 1.
inline constexpr int overfull_entry = flow_entries + death_entries;
inline constexpr int ledger_entries = overfull_entry + 1;

struct LedgerView {
  std::int64_t* entry;

  MV_HD void transition(Kind from, Kind to) const { add(code(from), code(to)); }
  MV_HD void arrival(Reservoir from, Kind to) const { add(static_cast<int>(from), code(to)); }
  MV_HD void departure(Kind from, Reservoir to) const { add(code(from), static_cast<int>(to)); }
  // `body`: what is left of it in the voxel.
  MV_HD void death(Kind from, Kind body, Cause cause) const {
    transition(from, body);
    atomic_add(entry + flow_entries + static_cast<int>(cause) * 16 + code(from), 1);
  }

private:
  MV_HD static int code(Kind k) { return static_cast<int>(k); }
  MV_HD void add(int from, int to) const { atomic_add(entry + from * flow_width + to, 1); }
};

// The same on the host, since the start of the run.
struct Ledger {
  std::array<std::array<std::int64_t, flow_width>, flow_width> flow{};
  std::array<std::array<std::int64_t, 16>, cause_width> deaths{};
  std::int64_t overfull = 0;

  std::int64_t changed(Kind from, Kind to) const { return flow[at(from)][at(to)]; }
  std::int64_t arrived(Reservoir from, Kind to) const { return flow[at(from)][at(to)]; }
  std::int64_t departed(Kind from, Reservoir to) const { return flow[at(from)][at(to)]; }
  // Of all kinds of the set.
  std::int64_t died(KindMask kinds, Cause cause) const {
    std::int64_t n = 0;
    for (const Kind k : kinds_in(kinds)) n += deaths[at(cause)][at(k)];
    return n;
  }

private:
  template <class Code>
  static constexpr std::size_t at(Code code) {
    return static_cast<std::size_t>(code);
  }
};

} // namespace metavox
