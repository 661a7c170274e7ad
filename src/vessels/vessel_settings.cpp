#include "vessels/vessel_settings.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {
namespace {

constexpr std::string_view face_words[] = {"-x", "+x", "-y", "+y", "-z", "+z"};

void pattern(Section<VesselParameters>& s) {
  using P = VesselParameters;
  s.choice(&P::pattern, "pattern", {"none", "lines", "grid", "pair", "hexagonal", "file"})
      .normally("none")
      .means("Vessels at the start: none, the given lines, a grid of parallel capillaries, a pair "
             "of artery and vein, a hexagonal capillary bed, or those of a file.")
      .from("assumed: the homogenised supply feeds normal tissue");
}

void line(Section<VesselLine>& s) {
  using P = VesselLine;
  s.point(&P::from, "from").means("Where blood enters the vessel.").from(sources::run_choice);
  s.point(&P::to, "to").means("Where it leaves.").from(sources::run_choice);
  s.number(&P::radius, "radius", "um")
      .above(0, 1000)
      .normally("5 um")
      .means("Radius of the vessel; with flow.enabled between 1 and 50 um.")
      .from(sources::owen);
  s.number(&P::inlet_pressure, "inlet_pressure", "mmHg")
      .between(0, 300)
      .normally("0 mmHg")
      .example("25 mmHg")
      .means("Pressure at `from`; 0: flow.inlet_pressure.")
      .from(sources::run_choice);
  s.number(&P::outlet_pressure, "outlet_pressure", "mmHg")
      .between(0, 300)
      .normally("0 mmHg")
      .example("15 mmHg")
      .means("Pressure at `to`; 0: flow.outlet_pressure.")
      .from(sources::run_choice);
  s.number(&P::oxygen, "oxygen", "mmHg")
      .between(0, 760)
      .normally("0 mmHg")
      .example("75 mmHg")
      .means("Oxygen of blood that enters the vessel; 0: oxygen.inlet_oxygen.")
      .from(sources::run_choice);
}

void end(Section<VesselEndSetting>& s) {
  using P = VesselEndSetting;
  s.choice(&P::role, "role", {"inlet", "outlet"})
      .means("Blood enters (inlet) or leaves (outlet) there.")
      .from(sources::run_choice);
  std::vector<std::string_view> words{"none"};
  words.insert(words.end(), std::begin(face_words), std::end(face_words));
  s.word(&P::face, "face", words)
      .normally("none")
      .means("Every free end of a vessel within a voxel of this face of the box; none: see name.")
      .from(sources::run_choice);
  s.text(&P::name, "name")
      .normally("none")
      .example("artery")
      .means("The node of vessels.file with this name, the id of its sample in an .swc file; none: "
             "see face.")
      .from(sources::run_choice);
  s.number(&P::pressure, "pressure", "mmHg")
      .between(0, 300)
      .normally("0 mmHg")
      .example("20 mmHg")
      .means("Blood pressure there; 0: flow.inlet_pressure or flow.outlet_pressure.")
      .from(sources::run_choice);
  s.number(&P::flow, "flow", "um^3/min")
      .between(0, 1e12)
      .normally("0 um^3/min")
      .example("2 nL/min")
      .means(
          "Blood that enters (inlet) or leaves (outlet) at each such end, instead of a pressure; "
          "0: the pressure is held.")
      .from(sources::run_choice);
  s.number(&P::oxygen, "oxygen", "mmHg")
      .between(0, 760)
      .normally("0 mmHg")
      .example("75 mmHg")
      .means("Oxygen of blood that enters there, at an outlet too should its flow turn; 0: "
             "oxygen.inlet_oxygen.")
      .from(sources::run_choice);
  s.number(&P::haematocrit, "haematocrit")
      .between(0, 0.9)
      .derived("flow.haematocrit")
      .means("Volume share of red cells in blood that enters there, at an outlet too should its "
             "flow turn.")
      .from(sources::run_choice);
}

void beds(Section<VesselParameters>& s) {
  using P = VesselParameters;
  s.number(&P::spacing, "spacing", "um")
      .above(0, 1e5)
      .normally("150 um")
      .means("Grid: distance between neighbouring capillaries; pair: between artery and vein; "
             "hexagonal: edge of a hexagon.")
      .from("assumed for breast; tumours come to some 257 um, Dewhirst et al. 1989, Int J Radiat "
            "Oncol Biol Phys 17:91");
  s.number(&P::layers, "layers", "um")
      .between(0, 1e5)
      .normally("0 um")
      .example("150 um")
      .means("Hexagonal: distance between sheets; 0: a single sheet in the middle.")
      .from("assumed: a flat bed, as in a window chamber or retina");
  s.number(&P::jitter, "jitter")
      .between(0, 0.5)
      .normally("0.2")
      .means("Grid: random shift of each capillary, as share of the spacing.")
      .from("assumed: breaks the grid's symmetry");
  s.axis(&P::axis, "axis")
      .normally("z")
      .means("Direction of the vessels of a grid or pair, of the flow through a hexagonal bed, "
             "which lies in the plane of this axis and the next (x, y, z, x).")
      .from("assumed: arbitrary");
}

void sizes(Section<VesselParameters>& s) {
  using P = VesselParameters;
  s.number(&P::radius, "radius", "um")
      .above(0, 1000)
      .normally("5 um")
      .means("Radius of capillaries and of the artery of a pair; with flow.enabled between 1 and "
             "50 um.")
      .from(sources::owen);
  s.number(&P::radius_vein, "radius_vein", "um")
      .above(0, 1000)
      .normally("8 um")
      .means("Pair: radius of the vein; with flow.enabled between 1 and 50 um.")
      .from("assumed: wider than the artery, as venules are");
  s.number(&P::offset, "offset", "um")
      .between(0, 1e6)
      .normally("0 um")
      .example("200 um")
      .means("Pair: how far the line midway between artery and vein is from the low face of the "
             "next axis; 0: in the middle of the box.")
      .from(sources::run_choice);
  s.number(&P::drop, "drop", "mmHg")
      .above(0, 300)
      .normally("4 mmHg")
      .means("Pair: pressure that artery and vein each lose along the box; twice it must stay "
             "below the difference of flow.inlet_pressure and outlet_pressure.")
      .from("assumed: leaves a fifth of that difference between the two where it is least");
  s.number(&P::vein_oxygen, "vein_oxygen", "mmHg")
      .between(0, 760)
      .normally("40 mmHg")
      .means("Pair: oxygen of the blood that enters the vein.")
      .from("from memory of textbooks: mixed venous blood at rest");
  s.number(&P::exclusion, "exclusion", "um")
      .between(0, 1e6)
      .normally("0 um")
      .example("200 um")
      .means("Grid: no capillary comes closer than this to the middle of the box.")
      .from("assumed: none; an avascular nodule needs some");
}

void files_and_checks(Section<VesselParameters>& s) {
  using P = VesselParameters;
  s.gone("well_index",
         "vessels exchange with a disc across them, which needs no correction: remove "
         "it");
  s.file(&P::file, "file")
      .normally("none")
      .example("vessels.vtp")
      .means("Pattern file: poly-lines with a radius (.vtp) or a tree (.swc).")
      .from(sources::run_choice);
  s.boolean(&P::check, "check")
      .normally("false")
      .means("Compare the vessel graph with the lattice after every vessel step and stop where "
             "they disagree; slow.")
      .from(sources::run_choice);
  s.number(&P::file_scale, "file_scale")
      .above(0, 1e9)
      .normally("1")
      .example("1000")
      .means("Places and radii of the file are multiplied by it, on top of file_unit.")
      .from("assumed: files in um, as this program writes them");
  s.choice(&P::file_unit, "file_unit", length_unit_names)
      .normally("um")
      .means("Unit of places and radii in the file.")
      .from("assumed: files in um, as this program writes them");
  s.point(&P::file_offset, "file_offset")
      .normally("[0 um, 0 um, 0 um]")
      .example("[-1200 um, 0 um, 350 um]")
      .means("Added to the places of the file once they are in um: moves the vessels into the box.")
      .from(sources::run_choice);
  s.text(&P::file_radius, "file_radius")
      .normally("none")
      .example("Distance")
      .means(
          "Array of a .vtp file that holds the radii; none: radius, or the names that other tools "
          "give it, such as Node Radius.")
      .from(sources::run_choice);
}

void pattern_has_what_it_needs(const VesselParameters& p, Judge& judge) {
  const std::string pattern = judge.key("pattern"), lines = judge.key("lines"),
                    file = judge.key("file"), is = " is " + judge.spelt("pattern");
  if (p.pattern == VesselPattern::lines && p.lines.empty())
    judge.complain({"pattern"}, pattern + is + ", but " + lines + " has none; add " +
                                    judge.entry_example("lines"));
  if (p.pattern != VesselPattern::lines && !p.lines.empty())
    judge.complain({"lines[0]"},
                   lines + " is given, but " + pattern + is + "; type " + pattern + ": lines");
  if (p.pattern == VesselPattern::file && p.file.empty())
    judge.complain({"pattern"}, pattern + is + ", but " + file +
                                    " names none; type for example: file: vessels.vtp");
  if (p.pattern != VesselPattern::file && !p.file.empty())
    judge.complain({"file"},
                   file + " is given, but " + pattern + is + "; type " + pattern + ": file");
}

void ends_are_named(const VesselParameters& p, Judge& judge) {
  if (p.pattern == VesselPattern::none && !p.ends.empty())
    return judge.complain({"ends[0]"}, judge.key("ends") +
                                           " is given, but there are no vessels; type " +
                                           judge.key("pattern") + ": grid, or remove the ends");
  for (std::size_t i = 0; i < p.ends.size(); ++i) {
    const VesselEndSetting& end = p.ends[i];
    const std::string entry = "ends[" + std::to_string(i) + "]", name = judge.key(entry);
    if (end.face.empty() == end.name.empty())
      judge.complain({entry}, name +
                                  (end.face.empty() ? " says neither face nor name; "
                                                    : " says both face and name; ") +
                                  "type one of them, for example: " + judge.entry_example("ends"));
    else if (!end.name.empty() && p.pattern != VesselPattern::file)
      judge.complain({entry + ".name"}, name + ".name is for " + judge.key("pattern") +
                                            " file; type a face such as face: -z");
    if (end.flow > 0 && end.pressure > 0)
      judge.complain({entry + ".flow"}, name +
                                            " gives both flow and pressure, of which one follows "
                                            "from the other; remove " +
                                            name + ".flow or " + name + ".pressure");
  }
}

void file_can_be_read(const VesselParameters& p, Judge& judge) {
  if (p.file.empty()) return;
  const std::string ending = std::filesystem::path(p.file).extension().string();
  if (ending != ".vtp" && ending != ".swc")
    judge.complain({"file"}, judge.key("file") + " must end in .vtp or .swc, not in `" +
                                 ending.substr(0, 20) + "`; convert the file to one of them");
}

} // namespace

bool is_face(std::string_view word) {
  return std::find(std::begin(face_words), std::end(face_words), word) != std::end(face_words);
}

bool is_at_face(const std::array<double, 3>& place, std::string_view face, const Lattice& l) {
  const std::array<double, 3> size{l.nx * l.spacing, l.ny * l.spacing, l.nz * l.spacing};
  const auto axis = static_cast<std::size_t>(face[1] - 'x');
  const double away = face[0] == '-' ? place[axis] : size[axis] - place[axis];
  return away <= l.spacing * (1 + 1e-12);
}

void describe(Section<VesselParameters>& s) {
  pattern(s);
  s.list(&VesselParameters::lines, "lines", line)
      .means("Vessels of pattern lines.")
      .example("{from: [0 um, 0 um, 0 um], to: [0 um, 0 um, 2 mm]}");
  s.list(&VesselParameters::ends, "ends", end)
      .means("Where blood enters and leaves, in order; on the pattern's own ends, later ones win.")
      .example("{role: inlet, face: -z}");
  beds(s);
  sizes(s);
  files_and_checks(s);
  s.rule(pattern_has_what_it_needs);
  s.rule(file_can_be_read);
  s.rule(ends_are_named);
}

} // namespace metavox
