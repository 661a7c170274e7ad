#include "body/removal.hpp"

#include <algorithm>
#include <string>

#include "body/body_settings.hpp"
#include "core/exact.hpp"
#include "settings/section.hpp"
#include "settings/sources.hpp"

namespace metavox {

void describe(Section<RemovalParameters>& s) {
  using P = RemovalParameters;
  s.number(&P::time, "time", "min")
      .between(0, 1e9)
      .normally("0 day")
      .example("1 year")
      .means("When the primary is removed, from the beginning of the run on, at the end of the "
             "step that reaches it; 0: at no set time. Of several occasions the first one counts.")
      .from(sources::run_choice);
  s.number(&P::diameter, "diameter", "um")
      .between(0, 1e7)
      .normally("0 mm")
      .example("20 mm")
      .means("Diameter of the primary at which it is removed: it has as many cells at the end of a "
             "step, and goes in the next one; 0: at none.")
      .from(sources::run_choice);
  s.boolean(&P::found, "found")
      .normally("false")
      .means("It is removed at the diameter at which the host's is found, as in a cohort: that of "
             "body.patient, or observer.diameter.")
      .from(sources::run_choice);
  s.number(&P::residual, "residual")
      .a_share()
      .normally("0")
      .example("0.01")
      .means("Share of its cells that stay, each by chance.")
      .from("a choice: removed whole");
  s.number(&P::tail, "tail")
      .between(0, 1e9)
      .normally("0")
      .example("0.7")
      .means("Cells that reach beyond the tumour's edge: so many stay on average where nothing is "
             "cut off around it, fewer with a margin.")
      .from("assumed: none. On a lattice hardly any stay behind 0.3 mm; 0.7 cells and 3 mm would "
            "give residual tumour about as often as clinics see it at margins of 0 to 2 mm (40 to "
            "33 %)");
  s.number(&P::margin, "margin", "um")
      .between(0, 1e6)
      .normally("0 mm")
      .example("10 mm")
      .means("What is cut off around the tumour; thins out `tail`.")
      .from(sources::run_choice);
  s.number(&P::tail_length, "tail_length", "um")
      .above(0, 1e6)
      .normally("3 mm")
      .means("Over which the tail thins out to 1/e.")
      .from("assumed, with `tail`");
  s.number(&P::spill_blood, "spill_blood")
      .a_share()
      .normally("0")
      .example("1e-6")
      .means("Share of the cells that are cut out that are spilled into the blood which leaves the "
             "primary, each by chance, as single cells: they flow in the step after.")
      .from("a choice: none; any number is assumed, explore 1e-8 to 1e-4");
  s.number(&P::spill_cavity, "spill_cavity")
      .a_share()
      .normally("0")
      .example("1e-6")
      .means("The same into the cavity, where they float; needs cavity.enabled. A primary may be "
             "opened by the cut, so the serosa need not be broken before.")
      .from("a choice: none; any number is assumed, explore 1e-8 to 1e-4");
  s.number(&P::washed, "washed")
      .a_share()
      .normally("0")
      .example("0.9")
      .means("Share of the cells afloat in the cavity that are washed out when the primary is "
             "removed, those that were just spilled included, each by chance.")
      .from("a choice: not washed; any number is assumed, explore 0.1 to 0.99");
  s.number(&P::wound, "wound", "min")
      .between(0, 1e7)
      .normally("0 day")
      .example("14 day")
      .means("Time from the removal of the primary on in which sleepers wake "
             "fate.inflamed_factor times faster; of body.patients too. 0: it wakes none.")
      .from("a choice: none, as fate.waking and fate.asleep were fitted without it; 14 day is "
            "assumed");
}

void judge_spill(const BodyParameters& p, Judge& judge) {
  const RemovalParameters& r = p.removal;
  const auto idle = [&](double share, const std::string& key) {
    if (!(share > 0)) return;
    if (p.patients > 0)
      judge.complain({key}, judge.key(key) + " is of a body followed hour by hour; leave it or " +
                                judge.key("patients") + " out");
    else if (!is_planned(r))
      judge.note({key}, judge.key(key) + " has no effect: the primary is not removed; type for "
                                         "example\n  removal: {time: 1 year}");
    else if (key != "removal.spill_blood" && !p.cavity.enabled)
      judge.complain({key}, judge.key(key) + " is of a cavity, and the body has none; type " +
                                judge.key("cavity.enabled") + ": true, or leave it out");
  };
  idle(r.spill_blood, "removal.spill_blood");
  idle(r.spill_cavity, "removal.spill_cavity");
  idle(r.washed, "removal.washed");
}

bool is_planned(const RemovalParameters& p) { return p.time > 0 || p.diameter > 0 || p.found; }

double share_left(const RemovalParameters& p, double cells) {
  if (!(cells > 0)) return 0;
  return std::min(1.0, p.residual + p.tail * exact::exp(-p.margin / p.tail_length) / cells);
}

} // namespace metavox
