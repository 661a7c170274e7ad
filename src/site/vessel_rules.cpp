#include <algorithm>
#include <cmath>

#include "settings/text.hpp"
#include "settings/units.hpp"
#include "site/rules.hpp"
#include "vessels/sprout.hpp"

namespace metavox {
namespace {

// The law of viscosity and the tables behind it end there.
void judge_radius(const Parameters& p, Judge& judge, const std::string& key, double radius) {
  if (!p.flow.enabled || (radius >= 1 && radius <= 50)) return;
  judge.complain({key, "vessels.pattern"},
                 key + " is " + format_number(radius) +
                     " um; where blood flow is solved it must be between 1 and 50 um; type such a "
                     "radius or flow.enabled: false");
}

void judge_lines(const Parameters& p, Judge& judge) {
  const FlowParameters& f = p.flow;
  for (std::size_t i = 0; i < p.vessels.lines.size(); ++i) {
    const std::string name = "vessels.lines[" + std::to_string(i) + "]";
    const VesselLine& line = p.vessels.lines[i];
    const bool good = judge_point(p, judge, name + ".from", line.from) &&
                      judge_point(p, judge, name + ".to", line.to);
    if (good && line.from == line.to)
      judge.complain({name + ".to"}, name + " has no length: from and to are the same");
    judge_radius(p, judge, name + ".radius", line.radius);
    const double in = line.inlet_pressure > 0 ? line.inlet_pressure : f.inlet_pressure;
    const double out = line.outlet_pressure > 0 ? line.outlet_pressure : f.outlet_pressure;
    if (f.enabled && in <= out && (line.inlet_pressure > 0 || line.outlet_pressure > 0))
      judge.complain(
          {name + ".inlet_pressure", name + ".outlet_pressure"},
          name + " has " + format_number(in) + " mmHg at its inlet and " + format_number(out) +
              " mmHg at its outlet; type a higher inlet_pressure or a lower outlet_pressure");
  }
}

void judge_pair(const Parameters& p, Judge& judge) {
  const VesselParameters& v = p.vessels;
  judge_radius(p, judge, "vessels.radius", v.radius);
  judge_radius(p, judge, "vessels.radius_vein", v.radius_vein);
  const std::size_t next = (axis_index(v.axis) + 1) % 3;
  const double width = edge(p, next), middle_at = v.offset > 0 ? v.offset : width / 2;
  if (v.spacing >= width)
    judge.complain({"vessels.spacing"}, "vessels.spacing must be below the edge of the box" +
                                            along(next) + " (" + format_number(width) +
                                            " um), across which artery and vein lie");
  else if (middle_at - v.spacing / 2 < 0 || middle_at + v.spacing / 2 > width)
    judge.complain({"vessels.offset", "vessels.spacing"},
                   "vessels.offset puts artery or vein outside the box" + along(next) + "; type " +
                       format_number(v.spacing / 2) + " to " +
                       format_number(width - v.spacing / 2) + " um");
  const FlowParameters& f = p.flow;
  if (f.enabled && 2 * v.drop >= f.inlet_pressure - f.outlet_pressure)
    judge.complain({"vessels.drop", "flow.inlet_pressure", "flow.outlet_pressure"},
                   "vessels.drop is " + format_number(v.drop) +
                       " mmHg in the artery and in the vein, which leaves nothing of the " +
                       format_number(f.inlet_pressure - f.outlet_pressure) +
                       " mmHg between flow.inlet_pressure and flow.outlet_pressure; type less "
                       "than half of that");
}

void judge_hexagonal(const Parameters& p, Judge& judge) {
  const VesselParameters& v = p.vessels;
  const double h = p.domain.spacing, root3 = 1.7320508075688772;
  judge_radius(p, judge, "vessels.radius", v.radius);
  const std::size_t downstream = axis_index(v.axis), across = (downstream + 1) % 3,
                    third = (downstream + 2) % 3;
  const double length = 3 * v.spacing, width = root3 * v.spacing + h;
  if (edge(p, downstream) < length || edge(p, across) < width)
    judge.complain({"vessels.spacing", "domain.voxels", "domain.size"},
                   "vessels.spacing is too long for hexagons in the box: they need " +
                       format_number(length) + " um" + along(downstream) + " and " +
                       format_number(std::ceil(width)) + " um" + along(across) + "; type at most " +
                       format_number(std::floor(
                           std::min(edge(p, downstream) / 3, (edge(p, across) - h) / root3))) +
                       " um");
  // Rows, knees of a row, sheets: as many nodes, more or less.
  const double nodes = edge(p, downstream) / (1.5 * v.spacing) *
                       (edge(p, across) / (0.8660254037844386 * v.spacing)) *
                       (v.layers > 0 ? std::max(1.0, edge(p, third) / v.layers) : 1.0);
  if (nodes > 1e8)
    judge.complain({"vessels.spacing", "vessels.layers"},
                   "vessels.spacing and vessels.layers make some " +
                       format_number(std::round(nodes / 1e6)) +
                       " million forks; at most 100 million are possible; type longer ones");
  if (v.layers > 0 && v.layers < h)
    judge.complain({"vessels.layers"}, "vessels.layers must not be below domain.spacing (" +
                                           format_number(h) + " um); type 0 um for a single sheet");
  if (v.layers > edge(p, third))
    judge.complain({"vessels.layers"}, "vessels.layers is more than the box's edge" + along(third) +
                                           " (" + format_number(edge(p, third)) +
                                           " um); type 0 um for a single sheet");
}

// Pressure at an end of the user's.
double pressure_of(const Parameters& p, const VesselEndSetting& end) {
  if (end.pressure > 0) return end.pressure;
  return end.role == EndRole::inlet ? p.flow.inlet_pressure : p.flow.outlet_pressure;
}

// Complains where no blood could flow between an end and any other. Where a flow is given, blood
// flows whatever the pressures of others.
void judge_pressures(const Parameters& p, Judge& judge) {
  const VesselParameters& v = p.vessels;
  for (const VesselEndSetting& end : v.ends)
    if (end.flow > 0) return;
  double highest = 0, lowest = 1e300; // pressure of inlets and outlets; a file has its own
  if (v.pattern != VesselPattern::file)
    highest = p.flow.inlet_pressure, lowest = p.flow.outlet_pressure;
  for (const VesselEndSetting& end : v.ends)
    if (end.role == EndRole::inlet)
      highest = std::max(highest, pressure_of(p, end));
    else
      lowest = std::min(lowest, pressure_of(p, end));
  for (std::size_t i = 0; i < v.ends.size(); ++i) {
    const VesselEndSetting& end = v.ends[i];
    const std::string name = "vessels.ends[" + std::to_string(i) + "]";
    const double here = pressure_of(p, end);
    if (end.role == EndRole::inlet && lowest < 1e300 && here <= lowest)
      judge.complain({name + ".pressure", name},
                     name + " is an inlet at " + format_number(here) +
                         " mmHg, which is not above any outlet (" + format_number(lowest) +
                         " mmHg is the lowest); type a higher pressure");
    if (end.role == EndRole::outlet && highest > 0 && here >= highest)
      judge.complain({name + ".pressure", name},
                     name + " is an outlet at " + format_number(here) +
                         " mmHg, which is not below any inlet (" + format_number(highest) +
                         " mmHg is the highest); type a lower pressure");
  }
}

} // namespace

void judge_patterns(const Parameters& p, Judge& judge) {
  const VesselParameters& v = p.vessels;
  if ((v.pattern == VesselPattern::grid || v.pattern == VesselPattern::pair ||
       v.pattern == VesselPattern::hexagonal) &&
      v.spacing < p.domain.spacing)
    judge.complain({"vessels.spacing", "domain.spacing"},
                   "vessels.spacing must not be below domain.spacing (" +
                       format_number(p.domain.spacing) + " um)");
  else if (v.pattern == VesselPattern::pair)
    judge_pair(p, judge);
  else if (v.pattern == VesselPattern::hexagonal)
    judge_hexagonal(p, judge);
  judge_lines(p, judge);
  if (v.pattern == VesselPattern::grid) judge_radius(p, judge, "vessels.radius", v.radius);
}

void judge_vessel_ends(const Parameters& p, Judge& judge) {
  const VesselParameters& v = p.vessels;
  if (v.pattern == VesselPattern::none) return;
  if (p.flow.enabled) return judge_pressures(p, judge);
  for (std::size_t i = 0; i < v.ends.size(); ++i) {
    const std::string name = "vessels.ends[" + std::to_string(i) + "]";
    const bool flow = v.ends[i].flow > 0;
    if (!flow && v.ends[i].haematocrit == p.flow.haematocrit) continue;
    const std::string key = name + (flow ? ".flow" : ".haematocrit");
    judge.complain({key}, key + " is given, but flow.enabled is false; type flow.enabled: true, or "
                                "remove it");
  }
}

namespace {

// Blood poorer than healthy tissue drinks from it: real behind a tumour, rarely meant elsewhere.
void note_poor_blood(const Parameters& p, Judge& judge, const std::string& key, double oxygen) {
  const OxygenParameters& o = p.oxygen;
  if (oxygen <= 0 || oxygen >= o.tissue_pressure) return;
  judge.note({key}, key + " is " + format_number(oxygen) + " mmHg, below the " +
                        format_number(o.tissue_pressure) +
                        " mmHg of healthy tissue (oxygen.tissue_pressure): such blood takes oxygen "
                        "up on its way");
}

} // namespace

void judge_blood(const Parameters& p, Judge& judge) {
  const OxygenParameters& o = p.oxygen;
  const VesselParameters& v = p.vessels;
  if (v.pattern == VesselPattern::none || o.blood == BloodOxygen::fixed) return;
  if (!p.flow.enabled)
    return judge.complain(
        {"flow.enabled", "oxygen.blood"},
        "oxygen.blood is march, which follows the flow, but flow.enabled is false; "
        "type oxygen.blood: fixed for walls that hold oxygen.fixed_pressure");
  if (!o.enabled || !o.tissue_supply) return;
  if (v.pattern == VesselPattern::pair)
    note_poor_blood(p, judge, "vessels.vein_oxygen", v.vein_oxygen);
  for (std::size_t i = 0; i < v.lines.size(); ++i)
    note_poor_blood(p, judge, "vessels.lines[" + std::to_string(i) + "].oxygen", v.lines[i].oxygen);
  for (std::size_t i = 0; i < v.ends.size(); ++i)
    note_poor_blood(p, judge, "vessels.ends[" + std::to_string(i) + "].oxygen", v.ends[i].oxygen);
}

void judge_departures(const Parameters& p, Judge& judge) {
  const bool stroma = p.tissue.stroma > 0 || !p.tissue.cells_csv.empty() ||
                      !p.tissue.cells_vti.empty() ||
                      std::any_of(p.tissue.cells.begin(), p.tissue.cells.end(),
                                  [](const SeedShape& s) { return s.kind == "stroma"; });
  if (p.lymphatics.enabled && !stroma)
    judge.complain(
        {"lymphatics.enabled", "tissue.stroma"},
        "lymphatics.enabled needs stroma that lymphatics lie in, but tissue.stroma is 0; "
        "type for example tissue.stroma: 0.1");
  if (!p.intravasation.enabled || p.vessels.pattern != VesselPattern::none) return;
  judge.complain({"intravasation.enabled", "vessels.pattern"},
                 "intravasation.enabled needs vessels to enter, but vessels.pattern is none; type "
                 "for example vessels.pattern: grid");
}

void judge_arrivals(const Parameters& p, Judge& judge) {
  const ArrivalParameters& a = p.arrivals;
  if (!a.enabled) return;
  if (p.vessels.pattern == VesselPattern::none)
    judge.complain({"arrivals.enabled", "vessels.pattern"},
                   "arrivals.enabled needs vessels to come by, but vessels.pattern is none; type "
                   "for example vessels.pattern: grid");
  else if (!p.flow.enabled)
    judge.complain({"arrivals.enabled", "flow.enabled"},
                   "arrivals.enabled: cells lodge where blood flows, but flow.enabled is false; "
                   "type flow.enabled: true");
  if (!is_face(a.inlet) && a.inlet != every_inlet && p.vessels.pattern != VesselPattern::file &&
      p.vessels.pattern != VesselPattern::none)
    judge.complain({"arrivals.inlet"},
                   "arrivals.inlet " + in_quotes(a.inlet) +
                       " is neither every nor a face (-x, +x, -y, +y, -z, +z), and only nodes of "
                       "vessels.file have names");
}

void judge_growth(const Parameters& p, Judge& judge) {
  const SproutingParameters& s = p.sprouting;
  if (!s.enabled) return;
  if (!p.vegf.enabled)
    judge.complain(
        {"sprouting.enabled", "vegf.enabled"},
        "sprouting.enabled needs VEGF, but vegf.enabled is false; type vegf.enabled: true");
  if (p.vessels.pattern == VesselPattern::none)
    judge.complain({"sprouting.enabled", "vessels.pattern"},
                   "sprouting.enabled needs vessels to sprout from, but vessels.pattern is none; "
                   "type for example vessels.pattern: grid");
  // Moves of a tip, each of which reads the lattice anew.
  constexpr double most = 1000;
  const double moves = tip_moves(
      p.time.vessel_step, p.domain.spacing,
      {s.diffusivity, s.persistence, s.chemotaxis, s.saturation, s.haptotaxis, s.speed_limit});
  if (moves > most)
    judge.complain({"sprouting.speed_limit", "sprouting.diffusivity", "time.vessel_step"},
                   "tips would need " + format_number(moves) +
                       " moves, none longer than a voxel, in one time.vessel_step, and " +
                       format_number(most) +
                       " are the most; type a lower sprouting.speed_limit or "
                       "sprouting.diffusivity, or a shorter vessel_step");
}

} // namespace metavox
