// Settings of the vessels that a run begins with.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/lattice.hpp"
#include "settings/types.hpp"

namespace metavox {

enum class VesselPattern : std::uint8_t { none, lines, grid, pair, hexagonal, file };
enum class EndRole : std::uint8_t { inlet, outlet };

struct VesselLine {
  std::array<double, 3> from, to; // um
  double radius;                  // um
  double inlet_pressure;          // mmHg at `from`; 0: flow.inlet_pressure
  double outlet_pressure;         // mmHg at `to`; 0: flow.outlet_pressure
  double oxygen;                  // mmHg, of blood that enters at either end; 0: by the radius
};

// Words for the faces of the box. Whether a word is one; whether a place (um) lies within a voxel
// of the face it means.
bool is_face(std::string_view word);
bool is_at_face(const std::array<double, 3>& place, std::string_view face, const Lattice& lattice);

struct VesselEndSetting { // one entry of vessels.ends: which ends of vessels let blood in or out
  EndRole role;
  std::string face;   // "-x" ... "+z": every free end on that face; empty: by name
  std::string name;   // of a node of vessels.file
  double pressure;    // mmHg; 0: flow.inlet_pressure or flow.outlet_pressure
  double oxygen;      // mmHg, of blood that enters; 0: oxygen.inlet_oxygen
  double flow;        // um^3/min that each of them takes in or lets out; 0: as the pressure wants
  double haematocrit; // of blood that enters
};

struct VesselParameters {
  VesselPattern pattern;
  std::vector<VesselLine> lines;
  std::vector<VesselEndSetting> ends;
  double spacing;   // um (grid: between capillaries; pair: between artery and vein; hexagonal: edge
                    // of a hexagon)
  double layers;    // um between the sheets of a hexagonal bed; 0: one sheet in the middle
  double jitter;    // fraction of the spacing
  std::string axis; // grid, pair: direction of the vessels; hexagonal: direction of flow
  double radius;    // um
  double radius_vein; // um (pair)
  double offset;      // um from the face low in the next axis to the pair's plane; 0: the middle
  double drop;        // mmHg that the artery and the vein of a pair each lose along the box
  double exclusion;   // um: no vessel of the grid closer than this to the box's centre
  double vein_oxygen; // mmHg, of blood that enters the vein of a pair
  std::string file;  // .vtp poly-lines with a radius, or .swc; resolved against the config's folder
  double file_scale; // um per unit of the file, or another factor where file_unit is given
  LengthUnit file_unit;
  std::array<double, 3> file_offset; // um, added to what is scaled
  std::string file_radius;           // array of a .vtp; empty: found by its name
  bool check;                        // compare the graph with the lattice after every change
};

template <class T>
class Section;

void describe(Section<VesselParameters>& section);

} // namespace metavox
