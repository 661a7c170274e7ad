// What stands in a voxel. The codes are stored in states, checkpoints and frames: append, never
// renumber.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/host_device.hpp"

namespace metavox {

enum class Kind : std::uint8_t {
  none = 0,        // matrix only
  parenchyma = 1,  // normal functional cells of the organ
  stroma = 2,      // fibroblasts
  epithelial = 3,  // tumour, E-like
  mesenchymal = 4, // tumour, M-like
  t_cell = 5,      // cytotoxic lymphocyte
  apoptotic = 6,   // dying body
  necrotic = 7,    // debris
  vessel = 8,      // endothelium and lumen; never moves
  outside = 15     // ghost voxels beyond the box
};
inline constexpr int kind_count = 9; // the kinds that can stand inside the box

inline constexpr std::string_view kind_names[kind_count] = {"none",       "parenchyma",  "stroma",
                                                            "epithelial", "mesenchymal", "t_cell",
                                                            "apoptotic",  "necrotic",    "vessel"};

MV_HD inline bool is_normal(Kind k) { return k == Kind::parenchyma || k == Kind::stroma; }
MV_HD inline bool is_tumour(Kind k) { return k == Kind::epithelial || k == Kind::mesenchymal; }
MV_HD inline bool is_dead(Kind k) { return k == Kind::apoptotic || k == Kind::necrotic; }
MV_HD inline bool is_living(Kind k) { return is_normal(k) || is_tumour(k) || k == Kind::t_cell; }

// Bits of the `flags` array.
enum Flag : std::uint8_t {
  flag_stem = 1,      // tumour stem cell
  flag_hypoxic = 2,   // resting for want of oxygen (hysteresis)
  flag_crowded = 4,   // resting for want of room
  flag_senescent = 8, // progenitor without divisions left
  flag_detached = 16, // tumour cell without tumour neighbours
};

// The classification drawn in pictures and counted in metrics.csv: kind and rest together. Codes
// are part of the frame format.
enum class CellState : std::uint8_t {
  none = 0,
  parenchyma = 1,
  stroma = 2,
  proliferating_epithelial = 3,
  proliferating_mesenchymal = 4,
  quiescent_hypoxic = 5,
  quiescent_crowded = 6,
  senescent = 7,
  apoptotic = 8,
  necrotic = 9,
  t_cell = 10,
  vessel = 11
};
inline constexpr int cell_state_count = 12;
inline constexpr std::string_view cell_state_names[cell_state_count] = {
    "none",
    "parenchyma",
    "stroma",
    "proliferating epithelial-like",
    "proliferating mesenchymal-like",
    "hypoxic, resting",
    "crowded, resting",
    "senescent",
    "apoptotic",
    "necrotic",
    "T cell",
    "vessel"};

} // namespace metavox
