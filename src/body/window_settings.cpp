#include "body/window_settings.hpp"

#include <algorithm>
#include <cmath>

#include "settings/section.hpp"
#include "settings/sources.hpp"
#include "settings/units.hpp"

namespace metavox {
namespace {

// How far from the middle along each axis a cell may lodge at most, so that where it lands, in a
// voxel beside, it does not close its window.
double farthest(const WindowParameters& p) {
  return p.size / 2 - (std::floor(p.margin / p.spacing + 0.5) + 1.5) * p.spacing;
}

// From the middle to the nearest capillary, along the axes across them.
double nearest_capillary(const WindowParameters& p) {
  const double lines = std::max(1.0, std::floor(p.size / p.capillaries));
  return std::fmod(lines, 2) == 0 ? p.capillaries / 2 : 0;
}

void judge_reach(const WindowParameters& p, Judge& judge) {
  if (p.max == 0 || (!p.founders && p.shown == 0)) return;
  const auto um = [](double x) { return format_number(x) + " um"; };
  if (p.reach > farthest(p) || farthest(p) <= 0)
    judge.complain(
        {"reach", "margin", "size"},
        judge.key("reach") + " (" + um(p.reach) +
            ") lets a cell land so near to a face that its window closes at once; with " +
            judge.key("size") + " " + um(p.size) + " and " + judge.key("margin") + " " +
            um(p.margin) + " it may be " + um(farthest(p)) + " at most");
  else if (p.reach < nearest_capillary(p))
    judge.complain({"reach", "margin", "size", "capillaries"},
                   "no capillary passes within " + judge.key("reach") + " (" + um(p.reach) +
                       ") of a window's middle, the nearest is " + um(nearest_capillary(p)) +
                       " away; lower " + judge.key("margin") + " or " + judge.key("capillaries") +
                       ", or enlarge " + judge.key("size"));
}

void judge_box(const WindowParameters& p, Judge& judge) {
  const double voxels = p.size / p.spacing;
  if (std::abs(voxels - std::round(voxels)) > 1e-9 * voxels)
    judge.complain({"size", "spacing"}, judge.key("size") + " (" + judge.spelt("size") +
                                            ") is no whole multiple of " + judge.key("spacing") +
                                            " (" + judge.spelt("spacing") + ")");
  if (2 * p.margin >= p.size)
    judge.complain({"margin", "size"}, judge.key("margin") + " (" + judge.spelt("margin") +
                                           ") leaves no room within " + judge.key("size") + " (" +
                                           judge.spelt("size") + ")");
  if (p.parenchyma + p.stroma > 1)
    judge.complain({"parenchyma", "stroma"}, judge.key("parenchyma") + " and " +
                                                 judge.key("stroma") + " add up to more than 1");
}

void describe_scan(Section<ScanParameters>& s) {
  using P = ScanParameters;
  s.number(&P::time, "time", "min")
      .above(0, 1e9)
      .example("30 day")
      .means("From the beginning of the run on, at the end of the step that reaches it.")
      .from(sources::run_choice);
  s.text(&P::organ, "organ")
      .normally(every_organ)
      .example("liver")
      .means("Where: one of body.organs; all: in each.")
      .from(sources::run_choice);
  s.number(&P::least, "least")
      .between(1, 1e12)
      .normally("1")
      .example("100")
      .means("Cells that a lesion must have to be looked at.")
      .from(sources::run_choice);
}

void tissue(Section<WindowParameters>& s) {
  using P = WindowParameters;
  s.number(&P::parenchyma, "parenchyma")
      .a_share()
      .normally("0.45")
      .means("Share of the voxels that hold a cell of the organ.")
      .from("assumed: with the stroma 0.55 of the voxels, as in a primary's tissue");
  s.number(&P::stroma, "stroma")
      .a_share()
      .normally("0.1")
      .means("Share of the voxels that hold a fibroblast.")
      .from("assumed");
  s.number(&P::capillaries, "capillaries", "um")
      .above(0, 1e5)
      .normally("100 um")
      .means("Between the straight capillaries of a window.")
      .from("assumed: organs have 50 to 70 um, but the homogenised supply of healthy tissue feeds "
            "them too, and both would do it twice");
  s.number(&P::radius, "radius", "um")
      .above(0, 100)
      .normally("5 um")
      .means("Of these capillaries.")
      .from("assumed: a red cell's radius and a thin wall");
  s.number(&P::above, "above", "mmHg")
      .between(0, 200)
      .normally("8 mmHg")
      .means("Oxygen of the blood that enters a window, above that of its tissue.")
      .from("assumed: what capillaries give off between their ends");
}

} // namespace

void describe(Section<WindowParameters>& s) {
  using P = WindowParameters;
  s.integer(&P::max, "max")
      .between(0, 1000)
      .normally("8")
      .means("Windows open at a time, besides the primary's; where none is left, lesions are "
             "counters. Memory is counted for all of them.")
      .from("assumed: what a workstation holds");
  s.integer(&P::shown, "shown")
      .between(0, 1000)
      .normally("3")
      .means("Windows that are opened to show the first natural cells to land which found no "
             "lesion: doomed, abortive, dormant ones.")
      .from(sources::run_choice);
  s.boolean(&P::founders, "founders")
      .normally("true")
      .means("Windows open around lesions when they begin, natural and forced ones; false: these "
             "are counted until a scan looks at them.")
      .from(sources::run_choice);
  s.list(&P::scan, "scan", describe_scan)
      .means("Times at which lesions that are counted become windows with exactly their cells, the "
             "largest first, as long as windows are left. One with more cells than a window has "
             "room for stays a counter.")
      .example("{time: 30 day, organ: liver}");
  s.number(&P::size, "size", "um")
      .above(0, 1e6)
      .normally("0.8 mm")
      .means("Edge of a window.")
      .from("assumed: room for some 2e4 cells");
  s.number(&P::spacing, "spacing", "um")
      .between(0.1, 1000)
      .normally("20 um")
      .means("Edge of its voxels.")
      .from("as domain.spacing");
  tissue(s);
  s.number(&P::full, "full")
      .above(0, 1)
      .normally("0.3125")
      .means("Share of the voxels that tumour cells may be as many as; with more a window, the "
             "primary's too, closes and its lesion is counted on.")
      .from("assumed: 2e4 cells in 0.8 mm, beyond which the faces are felt");
  s.number(&P::margin, "margin", "um")
      .between(0, 1e5)
      .normally("60 um")
      .means("A window closes where a living tumour cell is so near to a face that cells may leave "
             "by.")
      .from("assumed: three voxels");
  s.number(&P::reach, "reach", "um")
      .above(0, 1e6)
      .derived(
          "capillaries, or what keeps a founder and a voxel beside it off `margin`",
          [](const P& p) { return std::max(std::min(p.capillaries, farthest(p)), p.spacing / 2); })
      .example("100 um")
      .means("A window's first cell lands where the flow leaves it, drawn by the free cells that "
             "are lost along the capillaries within this of the middle, along each axis.")
      .from("imposed: a window is a piece around the cell that came, not one in which it comes "
            "anywhere; one capillary at least is as near");
  s.rule(judge_box);
  s.rule(judge_reach);
}

} // namespace metavox
