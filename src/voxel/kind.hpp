// What stands in a voxel: a row per kind of cell, and a row per state that cells are drawn and
// counted in.
//
// Whatever tells kinds apart reads these rows: the predicates of functors, words of
// configurations and tables of cells, columns of metrics.csv, frames, pictures and the docs
// (`metavox list kinds`). Codes are stored in states, checkpoints and frames: append, never
// renumber.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "core/host_device.hpp"

namespace metavox {

// The kinds by name, for rules that mean one of them; below, a row for each that can stand inside
// the box.
enum class Kind : std::uint8_t {
  none = 0,
  parenchyma = 1,
  stroma = 2,
  epithelial = 3,
  mesenchymal = 4,
  t_cell = 5,
  apoptotic = 6,
  necrotic = 7,
  vessel = 8,
  outside = 15 // ghost voxels beyond the box
};

// What a kind is and does, one bit each.
namespace role {
enum Role : unsigned {
  living = 1, // counts as a living neighbour
  normal = 2, // ages, starves and is crushed as tissue of the organ
  tumour = 4, // lives by the rules of tumour cells
  dead = 8,   // is cleared with time
  kills = 16, // kills tumour cells at its faces
  walks = 32, // may move by itself
  placed = 64 // can be put down by a configuration or a table of cells
};
} // namespace role

// How a cell is drawn in pictures and counted in metrics.csv.
struct StateRow {
  int code; // of `cell_state`, part of the frame format
  std::string_view column;
  std::string_view name;   // in frames
  std::string_view label;  // in pictures
  std::string_view colour; // in pictures
  unsigned roles = 0;      // those of its kind
};

struct KindRow {
  Kind kind;
  std::string_view name; // the word for it in configurations, tables of cells and frames
  std::string_view label;
  unsigned roles;
  StateRow drawn; // the state it is in, unless it rests
};

// Row n has code n.
inline constexpr KindRow kind_rows[] = {
    {Kind::none,
     "none",
     "matrix only",
     role::placed,
     {0, "voxels_empty", "none", "no cell", "#000000"}},
    {Kind::parenchyma,
     "parenchyma",
     "normal functional cell of the organ",
     role::living | role::normal | role::placed,
     {1, "parenchyma", "parenchyma", "normal tissue", "#7f93ad"}},
    {Kind::stroma,
     "stroma",
     "fibroblast",
     role::living | role::normal | role::walks | role::placed,
     {2, "stroma", "stroma", "stroma", "#b8a888"}},
    {Kind::epithelial,
     "epithelial",
     "tumour cell, E-like",
     role::living | role::tumour | role::walks | role::placed,
     {3, "proliferating_epithelial", "proliferating epithelial-like",
      "proliferating, epithelial-like", "#ffb31a"}},
    {Kind::mesenchymal,
     "mesenchymal",
     "tumour cell, M-like",
     role::living | role::tumour | role::walks | role::placed,
     {4, "proliferating_mesenchymal", "proliferating mesenchymal-like",
      "proliferating, mesenchymal-like", "#f0307f"}},
    {Kind::t_cell,
     "t_cell",
     "cytotoxic T cell",
     role::living | role::kills | role::placed,
     {10, "t_cell", "T cell", "T cell", "#d9fbff"}},
    {Kind::apoptotic,
     "apoptotic",
     "dying body",
     role::dead | role::placed,
     {8, "apoptotic", "apoptotic", "apoptotic", "#ff5a2a"}},
    {Kind::necrotic,
     "necrotic",
     "debris",
     role::dead | role::placed,
     {9, "necrotic", "necrotic", "necrotic", "#8a5638"}},
    {Kind::vessel,
     "vessel",
     "endothelium and lumen that fill the voxel; never move",
     0,
     {11, "vessel", "vessel", "vessel", "#d92637"}},
};
inline constexpr int kind_count = static_cast<int>(std::size(kind_rows));

// The states of tumour cells that rest, or that are under more than half_pressure.
inline constexpr StateRow rest_rows[] = {
    {5, "hypoxic", "hypoxic, resting", "hypoxic, resting", "#4a86ff", role::living | role::tumour},
    {6, "crowded", "crowded", "crowded, under pressure", "#5fc98a", role::living | role::tumour},
    {7, "senescent", "senescent", "senescent", "#a184ff", role::living | role::tumour},
    {12, "asleep", "asleep", "asleep since it came", "#5b45c9", role::living | role::tumour},
};

// A code of those rows; the states of rest by name.
enum class CellState : std::uint8_t {
  none = 0,
  hypoxic = 5,
  crowded = 6,
  senescent = 7,
  asleep = 12
};

inline constexpr int cell_state_count = kind_count + static_cast<int>(std::size(rest_rows));
using StateRows = std::array<StateRow, static_cast<std::size_t>(cell_state_count)>;
constexpr StateRows states_by_code() {
  StateRows rows{};
  for (const KindRow& k : kind_rows) {
    StateRow& row = rows[static_cast<std::size_t>(k.drawn.code)];
    row = k.drawn;
    row.roles = k.roles;
  }
  for (const StateRow& r : rest_rows) rows[static_cast<std::size_t>(r.code)] = r;
  return rows;
}
inline constexpr StateRows state_rows = states_by_code();

// A code without row, or with two, leaves another without.
constexpr bool rows_are_whole() {
  int code = 0;
  for (const KindRow& row : kind_rows)
    if (static_cast<int>(row.kind) != code++) return false;
  code = 0;
  for (const StateRow& row : state_rows)
    if (row.column.empty() || row.code != code++) return false;
  return kind_count <= static_cast<int>(Kind::outside);
}
static_assert(rows_are_whole(), "the rows of kinds and states must have the codes 0, 1, 2 ...");

// ---- sets of kinds

using KindMask = std::uint16_t; // bit n: the kind of code n

// The kinds with one of the roles.
constexpr KindMask kinds_with(unsigned roles) {
  unsigned mask = 0;
  for (const KindRow& row : kind_rows)
    if ((row.roles & roles) != 0) mask |= 1u << static_cast<unsigned>(row.kind);
  return static_cast<KindMask>(mask);
}
MV_HD constexpr KindMask only(Kind k) {
  return static_cast<KindMask>(1u << static_cast<unsigned>(k));
}
inline constexpr KindMask living_kinds = kinds_with(role::living);
inline constexpr KindMask normal_kinds = kinds_with(role::normal);
inline constexpr KindMask tumour_kinds = kinds_with(role::tumour);
inline constexpr KindMask dead_kinds = kinds_with(role::dead);
inline constexpr KindMask killer_kinds = kinds_with(role::kills);
inline constexpr KindMask walking_kinds = kinds_with(role::walks);
inline constexpr KindMask placed_kinds = kinds_with(role::placed);

MV_HD constexpr int lowest_bit(unsigned mask) {
  int n = 0;
  while ((mask >> n & 1u) == 0) ++n;
  return n;
}
MV_HD constexpr int ones_from(unsigned mask, int first) {
  int n = 0;
  while ((mask >> (first + n) & 1u) != 0) ++n;
  return n;
}

// Whether a code belongs to a set that is known at compile time: one comparison of a byte for each
// run of neighbouring codes, which becomes vector code in rows. A shift of the mask by the code
// would need lanes of 32 bits.
template <KindMask set>
MV_HD constexpr bool one_of(std::uint8_t code) {
  if constexpr (set == 0) {
    return false;
  } else {
    constexpr int first = lowest_bit(set), count = ones_from(set, first);
    constexpr auto others = static_cast<KindMask>(set & ~(((1u << count) - 1) << first));
    const bool here = static_cast<std::uint8_t>(code - first) < count;
    if constexpr (others == 0)
      return here;
    else
      return (static_cast<int>(here) | static_cast<int>(one_of<others>(code))) != 0;
  }
}
template <KindMask set>
MV_HD constexpr bool one_of(Kind k) {
  return one_of<set>(static_cast<std::uint8_t>(k));
}

MV_HD constexpr bool is_normal(Kind k) { return one_of<normal_kinds>(k); }
MV_HD constexpr bool is_tumour(Kind k) { return one_of<tumour_kinds>(k); }
MV_HD constexpr bool is_dead(Kind k) { return one_of<dead_kinds>(k); }
MV_HD constexpr bool is_living(Kind k) { return one_of<living_kinds>(k); }
MV_HD constexpr bool is_killer(Kind k) { return one_of<killer_kinds>(k); }

// The kinds of a set, to loop over on the host.
struct KindList {
  Kind kind[16]{};
  std::size_t count = 0;
  constexpr const Kind* begin() const { return kind; }
  constexpr const Kind* end() const { return kind + count; }
};
constexpr KindList kinds_in(KindMask set) {
  KindList list;
  for (const KindRow& row : kind_rows)
    if ((set >> static_cast<unsigned>(row.kind) & 1u) != 0) list.kind[list.count++] = row.kind;
  return list;
}

// ---- words

// The kind that a word of a configuration or a table of cells means.
constexpr std::optional<Kind> kind_of(std::string_view name) {
  for (const KindRow& row : kind_rows)
    if (row.name == name) return row.kind;
  return {};
}
constexpr std::string_view name_of(Kind k) {
  return static_cast<int>(k) < kind_count ? kind_rows[static_cast<std::size_t>(k)].name
                                          : std::string_view("outside");
}

// ---- states

// The states all kinds are drawn in, four bits each: a constant that device code can hold too.
constexpr std::uint64_t drawn_states() {
  static_assert(cell_state_count <= 16, "a code of cell_state takes more than four bits");
  std::uint64_t packed = 0;
  for (const KindRow& row : kind_rows)
    packed |= static_cast<std::uint64_t>(row.drawn.code) << (4 * static_cast<unsigned>(row.kind));
  return packed;
}
inline constexpr std::uint64_t states_drawn = drawn_states();
MV_HD constexpr CellState drawn_state(Kind k) {
  return static_cast<CellState>(states_drawn >> (4 * static_cast<unsigned>(k)) & 15u);
}

// Bits of the `flags` array. Those of radiation are reserved.
enum Flag : std::uint16_t {
  flag_stem = 1,        // tumour stem cell
  flag_hypoxic = 2,     // resting for want of oxygen (hysteresis)
  flag_crowded = 4,     // under a pressure that more than halves its pace
  flag_senescent = 8,   // progenitor without divisions left
  flag_detached = 16,   // tumour cell without tumour neighbours
  flag_dormant = 32,    // sleeps after it arrived
  flag_doomed = 64,     // dies soon after it arrived; its timer has the steps left
  flag_limited = 128,   // its capacity counts
  flag_competent = 256, // can found a colony
  flag_irradiated = 512,
  flag_first_mitosis = 1024, // mitoses since it was irradiated, in two bits
  flag_second_mitosis = 2048,
  flag_replaceable = 4096 // a body that gives its place to newcomers
};
// Rest that stops the clock and lowers what a cell takes up.
inline constexpr std::uint16_t flags_of_rest = flag_hypoxic | flag_senescent | flag_dormant;
// Whose clock stands still.
inline constexpr std::uint16_t flags_of_no_cycle = flags_of_rest | flag_doomed;

// The state drawn in pictures; see CellState.
MV_HD inline CellState cell_state(Kind kind, std::uint16_t flags) {
  if (is_tumour(kind)) {
    if ((flags & flag_dormant) != 0) return CellState::asleep;
    if ((flags & flag_hypoxic) != 0) return CellState::hypoxic;
    if ((flags & flag_senescent) != 0) return CellState::senescent;
    if ((flags & flag_crowded) != 0) return CellState::crowded;
  }
  return drawn_state(kind);
}

} // namespace metavox
