// Blood on its way through the vessels of a site, as fields see it: which stretches it passes, in
// which order, and what tissue lies around them. Geometry and flow, whatever the blood carries.
//
// Vessels are cut into pieces of at most 20 um. A piece exchanges with the mean of a disc across
// it, whose voxels have weights that sum to one.
#pragma once

#include <cstdint>
#include <vector>

#include "core/exact.hpp"
#include "core/lattice.hpp"

namespace metavox {

// Pieces that follow each other downstream from one vertex to the next.
struct BloodBranch {
  std::int32_t first_piece = 0, last_piece = 0;
  double flow = 0;        // um^3/min, > 0
  double haematocrit = 0; // discharge
};

// Where branches meet, or blood enters or leaves the box.
struct BloodVertex {
  // In the list of arcs: branches whose blood arrives, and from first_out on those it leaves by.
  std::int32_t first_in = 0, first_out = 0, last_out = 0;
  std::int32_t main = -1; // the branch of the largest flow that leaves
  double entering = 0;    // um^3/min from outside the box
  double oxygen = 0;      // mmHg, of what enters
  double haematocrit = 0; // of what enters
  double leaving = 0;     // share of what arrives that leaves the box
};

// Radius of the disc with which a piece exchanges, um: beyond the vessel, and beyond the lattice's
// own line. A wall that resists nothing needs a wider one, or the two would be coupled too stiffly.
MV_HD inline double disc_radius(double radius, double spacing, bool bare) {
  return exact::max_of((bare ? 2.0 : 1.3) * radius, 1.5 * spacing);
}

struct DiscWeight {
  std::int32_t at; // a touched voxel, or a piece
  float weight;
};

// Lists on the back end, if not said otherwise. A touched voxel is one of a field's that a disc
// reaches; pieces and touched voxels are numbered from 0.
struct BloodView {
  std::int64_t pieces = 0, touched = 0, branches = 0;
  const double* length = nullptr; // um, of each piece
  const double* radius = nullptr; // um
  const BloodBranch* branch = nullptr;
  const BloodVertex* vertex = nullptr;
  const std::int32_t* arc = nullptr;
  const std::vector<std::int64_t>* levels =
      nullptr;                         // host: first vertex of each, then their number
  const std::int64_t* level = nullptr; // the same
  bool circles = false; // rounding lets some flow run in a circle: levels are not quite in order
  // Weights of piece n: first_weight[n] to first_weight[n + 1] - 1; likewise for voxels.
  const std::int32_t* first_weight = nullptr;
  const DiscWeight* weight = nullptr;
  const std::int32_t* first_piece_at = nullptr;
  const DiscWeight* piece_at = nullptr; // in the order of pieces
  const PackedVoxel* voxel = nullptr;   // of a field, ascending
  // Voxels of coarser and coarser grids that touched ones lie in; host: where each grid's begin.
  const PackedVoxel* coarse = nullptr;
  const std::vector<std::int64_t>* first_coarse = nullptr;
  std::int64_t edition = 0; // another number where any of this is another
};

// What blood was found to do, piece by piece and in all; amounts per minute. Empty lists: no vessel
// exchanges anything.
struct BloodReport {
  std::vector<double> level;         // of each piece, in the unit of the field
  std::vector<double> saturation;    // of its red cells with oxygen
  std::vector<double> given;         // to the tissue; negative where the blood takes
  double in = 0, out = 0;            // where vessels begin and end
  double red_out = 0, bound_out = 0; // red cells that leave, um^3, and those of them that are full
};

} // namespace metavox
