#include "site/site_settings.hpp"

#include <algorithm>
#include <cmath>

#include "settings/section.hpp"
#include "settings/sources.hpp"
#include "settings/units.hpp"

namespace metavox {
namespace {

constexpr double most_voxels = 65535; // along an axis

// domain.size in voxels. Edges are whole multiples of the spacing, but for the rounding of units.
void voxels_of(const std::array<double, 3>& edges, DomainParameters& p, Judge& judge) {
  const double h = p.spacing;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string along = std::string(" along ") + "xyz"[i];
    const double n = std::round(edges[i] / h);
    if (std::abs(edges[i] - n * h) > 1e-9 * edges[i] || n < 1) {
      const double lower = std::floor(edges[i] / h);
      return judge.complain_at_item("size", i,
                                    judge.key("size") + " is no whole multiple of " +
                                        judge.key("spacing") + along + "; the nearest are " +
                                        (lower >= 1 ? format_number(lower * h) + " um and " : "") +
                                        format_number((lower + 1) * h) + " um");
    }
    if (n > most_voxels)
      return judge.complain_at_item("size", i,
                                    judge.key("size") + " needs " + format_number(n) + " voxels" +
                                        along + "; at most " + format_number(most_voxels) +
                                        " are possible");
    p.voxels[i] = static_cast<int>(n);
  }
}

double steps_of_half_an_hour(const TimeParameters& p) {
  const double steps = std::max(1.0, std::round(30 / p.step));
  return std::abs(steps * p.step - 30) < 1e-9 ? 30 : steps * p.step;
}

void whole_steps(const TimeParameters& p, Judge& judge) {
  const double steps = p.vessel_step / p.step;
  if (std::round(steps) >= 1 && std::abs(steps - std::round(steps)) <= 1e-9 * steps) return;
  const double lower = std::floor(steps) * p.step;
  judge.complain({"vessel_step", "step"},
                 judge.key("vessel_step") + " (" + format_number(p.vessel_step) +
                     " min) must be a whole number of steps of " + judge.key("step") + " (" +
                     format_number(p.step) + " min); type " +
                     (lower > 0 ? format_number(lower) + " min or " : "") +
                     format_number(lower + p.step) + " min");
}

void input_file(Section<InputFile>& s) {
  using P = InputFile;
  s.text(&P::setting, "setting")
      .example("vessels.file")
      .without_effect()
      .means("Setting that names the file.")
      .from("written by the run into resolved.yaml");
  s.seed(&P::bytes, "bytes")
      .example("12345")
      .without_effect()
      .means("Size that the file had.")
      .from("written by the run into resolved.yaml");
  s.text(&P::crc32, "crc32")
      .example("0a1b2c3d")
      .without_effect()
      .means("Checksum (CRC-32) that the file had.")
      .from("written by the run into resolved.yaml");
}

} // namespace

void describe(Section<SimulationParameters>& s) {
  using P = SimulationParameters;
  s.text(&P::name, "name")
      .derived("the name of the configuration file")
      .example("breast_nodule")
      .without_effect()
      .means("Name of the run in titles and logs.")
      .from(sources::run_choice);
  s.preset(&P::preset, "preset", site_presets)
      .normally("default")
      .means("Set of defaults to start from; settings written out win over it.")
      .from("assumed: default is this program's model; fast names its numbers for what they are, "
            "a transplanted clone's; clinical grows as tumours do in patients; physicell and "
            "analytic exist to compare with other codes and with closed forms");
  s.seed(&P::seed, "seed")
      .normally("1")
      .means(
          "Number from which all random draws follow; the same seed repeats the run bit for bit.")
      .from(sources::run_choice);
  s.number(&P::duration, "duration", "min")
      .between(0, 1e9)
      .normally("30 day")
      .example("14 day")
      .without_effect()
      .means("Simulated time of the run.")
      .from(sources::run_choice);
  s.list(&P::inputs, "inputs", input_file)
      .means(
          "Files that the configuration names, as the run found them; one that is another now is "
          "refused, as the run could not be repeated with it.")
      .example("{setting: vessels.file, bytes: 12345, crc32: 0a1b2c3d}");
}

void describe(Section<DomainParameters>& s) {
  using P = DomainParameters;
  s.extents(&P::voxels, "voxels")
      .between(1, most_voxels)
      .normally("[100, 100, 100]")
      .means("Voxels along x, y and z; give this or domain.size.")
      .from("assumed: 2 mm at the default spacing, room for a tumour of some 1 mm");
  s.point_instead_of("voxels", "size", "um", voxels_of)
      .above(0)
      .derived("domain.voxels times domain.spacing")
      .example("[2 mm, 2 mm, 2 mm]")
      .means("Edges of the box, whole multiples of domain.spacing; give this or domain.voxels.")
      .from(sources::run_choice);
  s.number(&P::spacing, "spacing", "um")
      .between(0.1, 1000)
      .normally("20 um")
      .means("Edge of a voxel, which holds one cell at most.")
      .from("assumed, near one epithelial cell: a full lattice is then 1.25e8 cells/cm^3, against "
            "about 1e8 in Del Monte 2009, Cell Cycle 8:505");
}

void describe(Section<TimeParameters>& s) {
  using P = TimeParameters;
  s.number(&P::step, "step", "min")
      .above(0, 1440)
      .normally("6 min")
      .means("Time between updates of fields and cell states.")
      .from("phenotype step of PhysiCell, ", sources::physicell);
  s.number(&P::vessel_step, "vessel_step", "min")
      .above(0, 1e6)
      .derived("30 min, or the whole number of steps nearest to that", steps_of_half_an_hour)
      .example("30 min")
      .means(
          "Time between updates of vessels: sprouts, flow, regression; whole steps of time.step.")
      .from("step of the vessels in ", sources::owen);
  s.integer(&P::motility_substeps, "motility_substeps")
      .between(1, 10000)
      .normally("3")
      .means("Rounds of cell movement in one step; more of them make each jump less probable.")
      .from("assumed: rounds of 2 min keep the jump probabilities of the fastest cells below 0.3");
  s.rule(whole_steps);
}

void describe(Section<FieldsParameters>& s) {
  using P = FieldsParameters;
  s.integer(&P::coarsen, "coarsen")
      .between(1, 4)
      .among({"1", "2", "4"})
      .normally("1")
      .means("Edge of a field voxel in tissue voxels: 1, 2 or 4; must divide the extents.")
      .from("assumed: 1 is exact; fields vary over some 100 um, so 2 is safe at 20 um spacing");
  s.integer(&P::max_cycles, "max_cycles")
      .between(1, 100000)
      .normally("60")
      .means("V-cycles a field may take before its solve counts as failed.")
      .from("assumed: several times what the hardest solves need");
}

} // namespace metavox
