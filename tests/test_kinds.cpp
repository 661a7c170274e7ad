// The rows of kinds and states, and what is made of them.

#include <cstdint>
#include <set>
#include <string_view>

#include <gtest/gtest.h>

#include "site/measure.hpp"
#include "voxel/kind.hpp"

namespace metavox {
namespace {

template <KindMask set>
void expect_membership() {
  for (unsigned code = 0; code < 256; ++code)
    EXPECT_EQ(one_of<set>(static_cast<std::uint8_t>(code)), code < 16 && (set >> code & 1u) != 0)
        << "code " << code << " in the set " << set;
}

TEST(Kinds, OneOfFindsSetsOfAnyShape) {
  expect_membership<0>();
  expect_membership<1>();
  expect_membership<0x8000>();
  expect_membership<0xffff>();
  expect_membership<0x7ffe>();
  expect_membership<0b0000000000111110>();
  expect_membership<0b0000001000111110>(); // a run and one apart
  expect_membership<0b1010101010101010>();
  expect_membership<0b1011001110001101>();
  expect_membership<living_kinds>();
  expect_membership<walking_kinds>();
}

TEST(Kinds, PredicatesSayWhatTheRowsSay) {
  for (const KindRow& row : kind_rows) {
    const auto has = [&](unsigned role) { return (row.roles & role) != 0; };
    EXPECT_EQ(is_living(row.kind), has(role::living)) << row.name;
    EXPECT_EQ(is_normal(row.kind), has(role::normal)) << row.name;
    EXPECT_EQ(is_tumour(row.kind), has(role::tumour)) << row.name;
    EXPECT_EQ(is_dead(row.kind), has(role::dead)) << row.name;
    EXPECT_EQ(is_killer(row.kind), has(role::kills)) << row.name;
    EXPECT_EQ(one_of<walking_kinds>(row.kind), has(role::walks)) << row.name;
    EXPECT_EQ(one_of<placed_kinds>(row.kind), has(role::placed)) << row.name;
    // The lives of cells exclude one another, and only the living walk or kill.
    EXPECT_LE(has(role::normal) + has(role::tumour) + has(role::dead), 1) << row.name;
    EXPECT_FALSE(has(role::living) && has(role::dead)) << row.name;
    EXPECT_TRUE(has(role::living) || !has(role::normal | role::tumour | role::kills | role::walks))
        << row.name;
  }
  for (const KindMask set : {living_kinds, normal_kinds, tumour_kinds, dead_kinds, placed_kinds})
    EXPECT_EQ(set >> kind_count, 0) << "outside belongs to no set";
}

// Stored in checkpoints, frames and runs of others: what was given once stays.
TEST(Kinds, CodesStay) {
  const std::string_view kinds[] = {"none",   "parenchyma", "stroma",   "epithelial", "mesenchymal",
                                    "t_cell", "apoptotic",  "necrotic", "vessel"};
  const std::string_view states[] = {"none",
                                     "parenchyma",
                                     "stroma",
                                     "proliferating epithelial-like",
                                     "proliferating mesenchymal-like",
                                     "hypoxic, resting",
                                     "crowded",
                                     "senescent",
                                     "apoptotic",
                                     "necrotic",
                                     "T cell",
                                     "vessel",
                                     "asleep"};
  std::size_t code = 0;
  for (const std::string_view name : kinds) EXPECT_EQ(kind_rows[code++].name, name);
  code = 0;
  for (const std::string_view name : states) EXPECT_EQ(state_rows[code++].name, name);
}

TEST(Kinds, AreFoundByTheirWord) {
  std::set<std::string_view> words, columns, colours;
  for (const KindRow& row : kind_rows) {
    EXPECT_EQ(kind_of(row.name), row.kind);
    EXPECT_EQ(name_of(row.kind), row.name);
    words.insert(row.name);
  }
  EXPECT_EQ(words.size(), static_cast<std::size_t>(kind_count));
  EXPECT_FALSE(kind_of("epithelia"));
  EXPECT_FALSE(kind_of(""));
  for (const StateRow& row : state_rows) {
    columns.insert(row.column);
    colours.insert(row.colour);
    EXPECT_EQ(row.colour.size(), 7u) << row.name;
  }
  EXPECT_EQ(columns.size(), state_rows.size());
  EXPECT_EQ(colours.size(), state_rows.size()) << "two states look alike";
}

TEST(Kinds, AreDrawnByTheirRow) {
  for (const KindRow& row : kind_rows) {
    EXPECT_EQ(static_cast<int>(cell_state(row.kind, 0)), row.drawn.code) << row.name;
    // Only tumour cells rest.
    const CellState resting = cell_state(row.kind, flag_hypoxic | flag_crowded | flag_senescent);
    EXPECT_EQ(resting, is_tumour(row.kind) ? CellState::hypoxic : drawn_state(row.kind));
  }
  EXPECT_EQ(cell_state(Kind::epithelial, flag_crowded | flag_senescent), CellState::senescent);
  EXPECT_EQ(cell_state(Kind::mesenchymal, flag_crowded | flag_stem), CellState::crowded);
  EXPECT_EQ(cell_state(Kind::mesenchymal, flag_hypoxic | flag_dormant), CellState::asleep);
  EXPECT_EQ(cell_state(Kind::outside, 0), CellState::none);
}

} // namespace
} // namespace metavox
