// Settings of the tissue that a run begins with.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "settings/types.hpp"
#include "voxel/region.hpp"

namespace metavox {

struct SeedShape { // one entry of tissue.cells
  Shape shape;
  std::string kind;             // a word of the rows in voxel/kind.hpp
  std::array<double, 3> centre; // um (sphere)
  double radius;                // um (sphere)
  std::array<double, 3> from;   // um (box)
  std::array<double, 3> to;     // um (box)
  std::string axis;             // layer: x, y or z
  double begin, end;            // um (layer)
  double fraction;              // of the voxels inside that get a cell
  double mesenchymal_fraction;  // of those, when kind is epithelial: started as M-like
  bool stem;
};

// Of two cells of a table in one voxel, and of one on a vessel.
enum class Overlap : std::uint8_t { refuse, nearest, drop };
// What stands where an image has no cell.
enum class Gaps : std::uint8_t { empty, tissue };

struct TissueParameters {
  double parenchyma; // fraction of voxels
  double stroma;
  std::vector<SeedShape> cells;
  std::string cells_csv; // path: x,y,z (um),kind[,clone]
  Overlap cells_csv_overlap;
  std::string cells_vti; // path and array of kind codes
  std::string cells_vti_array;
  ImageGeometry cells_vti_geometry;
  LengthUnit cells_vti_unit;
  Labels cells_vti_map; // empty: labels are codes of kinds
  Gaps cells_vti_gaps;
  struct Membrane { // basement membrane: the surface of a shape
    Shape shape;
    std::array<double, 3> centre;
    double radius;
    std::string axis;
    double at; // um (layer: position of the sheet)
  };
  std::vector<Membrane> membranes;
};

template <class T>
class Section;

void describe(Section<TissueParameters>& section);

} // namespace metavox
