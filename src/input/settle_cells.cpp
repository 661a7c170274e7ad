#include "input/settle_cells.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>

#include "core/errors.hpp"
#include "settings/text.hpp"
#include "tissue/seeding.hpp"
#include "voxel/kind.hpp"

namespace metavox {
namespace {

constexpr int farthest_move = 10; // voxels

// The cells of a table on their way into voxels.
class CellTable {
public:
  CellTable(const Parameters& p, const Lattice& lattice, const std::vector<std::int64_t>& vessels)
      : p_(p), l_(lattice), vessels_(vessels.begin(), vessels.end()) {}

  // False where the cell is left out.
  bool settle(ExternalArrays::PlacedCell& cell) {
    const std::array<int, 3> at{index(cell.x), index(cell.y), index(cell.z)};
    if (!l_.holds(at[0], at[1], at[2])) return true; // the reader refused it, if there was one
    const std::int64_t voxel = l_.number(at[0], at[1], at[2]);
    const auto [taken, is_new] = taken_.emplace(voxel, cell.line);
    const bool on_vessel = vessels_.count(voxel) != 0;
    // Who empties a vessel's voxel asks for nothing.
    if (is_new && (!on_vessel || is_none(cell))) return true;
    if (on_vessel) {
      if (on_vessels_++ == 0) first_on_vessel_ = cell.line;
      if (is_new) taken_.erase(taken);
    } else if (sharing_++ == 0) {
      first_sharing_ = cell.line, shared_with_ = taken->second;
    }
    if (p_.tissue.cells_csv_overlap != Overlap::nearest || is_none(cell)) return false;
    return move(cell, at);
  }

  void tell(std::int64_t all, std::vector<std::string>& told) const {
    if (sharing_ + on_vessels_ == 0) return;
    const std::string what =
        (sharing_ > 0 ? counted(sharing_, "cell", "cells") + " of " + std::to_string(all) +
                            " in the voxel of an earlier one (the first in line " +
                            std::to_string(first_sharing_) + ", with line " +
                            std::to_string(shared_with_) + ")"
                      : std::string()) +
        (sharing_ > 0 && on_vessels_ > 0 ? " and " : "") +
        (on_vessels_ > 0
             ? counted(on_vessels_, "cell", "cells") + " of " + std::to_string(all) +
                   " on vessels (the first in line " + std::to_string(first_on_vessel_) + ")"
             : std::string());
    if (p_.tissue.cells_csv_overlap == Overlap::refuse)
      throw ConfigError(printable(
          p_.tissue.cells_csv + ": it has " + what + "; a voxel of " + text_of("%.6g", l_.spacing) +
          " um holds one cell; type tissue.cells_csv_overlap: nearest to move them to the nearest "
          "free voxel, or drop to leave them out"));
    told.push_back(
        "tissue.cells_csv: " + what + ": " +
        (p_.tissue.cells_csv_overlap == Overlap::drop
             ? "left out"
             : counted(moved_, "cell", "cells") + " moved by " + text_of("%.1f", farthest_) +
                   " um at most" +
                   (moved_ < sharing_ + on_vessels_ ? ", the rest, which is none, left out" : "")));
  }

private:
  int index(double x) const { return static_cast<int>(std::floor(x / l_.spacing)); }
  static bool is_none(const ExternalArrays::PlacedCell& c) {
    return c.kind == static_cast<std::uint8_t>(Kind::none);
  }

  // To the free voxel whose centre is nearest, of several the one that comes first in the lattice.
  bool move(ExternalArrays::PlacedCell& cell, const std::array<int, 3>& at) {
    const double h = l_.spacing;
    std::int64_t best = -1;
    double best2 = 1e300;
    // Centres of shell r + 1 are more than r voxels away.
    for (int r = 1; r <= farthest_move && best2 > (r - 1.0) * (r - 1.0) * h * h; ++r)
      for (int z = at[2] - r; z <= at[2] + r; ++z)
        for (int y = at[1] - r; y <= at[1] + r; ++y) {
          const bool face = std::abs(z - at[2]) == r || std::abs(y - at[1]) == r;
          for (int x = at[0] - r; x <= at[0] + r; x += face ? 1 : 2 * r) {
            if (!l_.holds(x, y, z)) continue;
            const double dx = (x + 0.5) * h - cell.x, dy = (y + 0.5) * h - cell.y,
                         dz = (z + 0.5) * h - cell.z;
            const double d2 = dx * dx + dy * dy + dz * dz;
            const std::int64_t v = l_.number(x, y, z);
            if (d2 > best2 || (d2 == best2 && v > best) || taken_.count(v) != 0 ||
                vessels_.count(v) != 0)
              continue;
            best2 = d2, best = v;
          }
        }
    if (best < 0)
      throw ConfigError(printable(p_.tissue.cells_csv + ":" + std::to_string(cell.line) +
                                  ": no voxel within " + std::to_string(farthest_move) +
                                  " of this cell is free; type tissue.cells_csv_overlap: drop, or "
                                  "a smaller domain.spacing"));
    taken_.emplace(best, cell.line);
    const Voxel to = l_.voxel_at(best);
    cell.x = (to.x + 0.5) * h, cell.y = (to.y + 0.5) * h, cell.z = (to.z + 0.5) * h;
    farthest_ = std::max(farthest_, std::sqrt(best2));
    ++moved_;
    return true;
  }

  const Parameters& p_;
  const Lattice& l_;
  std::unordered_set<std::int64_t> vessels_;
  std::unordered_map<std::int64_t, std::int64_t> taken_; // voxel, line
  std::int64_t sharing_ = 0, on_vessels_ = 0, moved_ = 0;
  std::int64_t first_sharing_ = 0, shared_with_ = 0, first_on_vessel_ = 0;
  double farthest_ = 0; // um
};

std::string percent(double share) {
  return text_of(share < 0.1 ? "%.2g %%" : "%.3g %%", 100 * share);
}

std::string line_of(const Seeded& s) {
  std::string text = s.key + ": " + std::to_string(s.standing()) + " ";
  if (!s.cells)
    text += "voxels emptied";
  else
    text += s.kind.empty() ? std::string("cells") : s.kind + " cells";
  if (s.asked != s.standing()) text += " of " + std::to_string(s.asked);
  if (s.covered > s.asked) text += ", drawn among " + std::to_string(s.covered) + " voxels";
  if (s.vessels > 0) text += "; " + std::to_string(s.vessels) + " give way to vessels";
  if (s.replaced > 0) text += "; " + std::to_string(s.replaced) + " replaced by what comes later";
  if (s.inside < 1) text += "; it reaches beyond the box, which holds " + percent(s.inside);
  return text;
}

std::string why_none(const Seeded& s) {
  if (s.asked == 0)
    return s.covered > 0 ? "its fraction gives none of its " + std::to_string(s.covered) +
                               " voxels a cell; type a larger fraction"
                         : "it names no cell but none";
  if (s.vessels == s.asked)
    return "vessels stand in all of its " + std::to_string(s.asked) + " voxels; move it";
  return "later entries replace all of its " + std::to_string(s.asked) +
         " cells; remove it or put it behind them";
}

} // namespace

void settle_cells(const Parameters& p, const Lattice& lattice,
                  const std::vector<std::int64_t>& vessels, ExternalArrays& external,
                  std::vector<std::string>& told) {
  if (external.placed.empty()) return;
  CellTable table(p, lattice, vessels);
  std::vector<ExternalArrays::PlacedCell>& cells = external.placed;
  const auto all = cells.size();
  const auto is_cell = [](const ExternalArrays::PlacedCell& c) {
    return c.kind != static_cast<std::uint8_t>(Kind::none);
  };
  const bool wanted = std::any_of(cells.begin(), cells.end(), is_cell);
  std::size_t kept = 0;
  for (ExternalArrays::PlacedCell& cell : cells)
    if (table.settle(cell)) cells[kept++] = cell;
  cells.resize(kept);
  table.tell(static_cast<std::int64_t>(all), told);
  if (wanted && !std::any_of(cells.begin(), cells.end(), is_cell))
    throw ConfigError(printable(p.tissue.cells_csv +
                                ": none of its cells is left, as vessels stand where they are; "
                                "move them or the vessels"));
}

void tell_cells(const Parameters& p, const Lattice& lattice,
                const std::vector<std::int64_t>& vessels, const ExternalArrays& external,
                std::vector<std::string>& told) {
  std::string none;
  for (const Seeded& s : count_seeds(p.tissue, lattice, external, vessels, p.simulation.seed)) {
    told.push_back(line_of(s));
    if (s.wanted && s.standing() == 0)
      none += (none.empty() ? "" : "\n") + s.key + " puts no cell into the tissue: " + why_none(s);
  }
  if (!none.empty()) throw ConfigError(none);
}

} // namespace metavox
