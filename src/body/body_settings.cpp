#include "body/body_settings.hpp"

#include <cmath>

#include "body/lesion_growth.hpp"
#include "core/exact.hpp"
#include "settings/days.hpp"
#include "settings/section.hpp"
#include "settings/sources.hpp"
#include "settings/text.hpp"

namespace metavox {
namespace {

constexpr std::string_view in_the_standard_file =
    " Where a file gives none, those of configs/organs.yaml are taken.";

void describe_force(Section<ForceParameters>& s) {
  using P = ForceParameters;
  s.text(&P::organ, "organ")
      .example("liver")
      .means("One of body.organs.")
      .from(sources::run_choice);
  s.number(&P::per, "per", "min")
      .above(0, 1e9)
      .normally("30 day")
      .means("Length of a period.")
      .from("assumed: weights vary little within it");
  s.integer(&P::founders, "founders")
      .between(1, 10000)
      .normally("2")
      .means("How many in each period; from two on their spread gives the error.")
      .from(sources::run_choice);
}

std::string standing(std::string_view meaning) {
  return std::string(meaning) + std::string(in_the_standard_file);
}

void lists(Section<BodyParameters>& s) {
  using P = BodyParameters;
  s.list(&P::chambers, "chambers", describe)
      .means(standing("Where blood comes together: the heart's two sides, the portal vein."))
      .example("{name: left_heart, dwell: 0.75}");
  s.list(&P::organs, "organs", describe)
      .means(standing("Organs and the beds of their blood."))
      .example("{name: liver, drains: right_heart, volume: 1.8 L}");
  s.list(&P::routes, "routes", describe)
      .means(standing("Ways from chamber to chamber; the shares of a chamber add up to one."))
      .example("{from: left_heart, through: brain, share: 11.7 %}");
  s.list(&P::primaries, "primaries", describe)
      .means(standing("Kinds of primary tumours: where their blood goes, which soils they like."))
      .example("{name: breast, organ: breast, ways: [{to: right_heart, share: 1}]}");
}

void judge_fates(const BodyParameters& p, Judge& judge) {
  if (p.fate.begin + p.fate.dormant > 1)
    judge.complain(
        {"fate.dormant", "fate.begin"},
        "body.fate.begin and body.fate.dormant are shares of the same cells and add up to " +
            text_of("%.6g", p.fate.begin + p.fate.dormant));
}

// The primary stands in an organ.
void judge_size(const BodyParameters& p, Judge& judge) {
  for (const PrimaryParameters& primary : p.primaries)
    for (const OrganParameters& o : p.organs) {
      if (primary.name != p.primary || o.name != primary.organ) continue;
      const double volume = cells_of_diameter(p.lesions, p.diameter) / p.lesions.density;
      if (volume > o.volume)
        judge.complain({"diameter"}, judge.key("diameter") + " (" + judge.spelt("diameter") +
                                         ") is that of a sphere larger than its organ, " + o.name);
    }
}

void judge_course(const BodyParameters& p, Judge& judge) {
  for (std::size_t k = 0; k < p.force.size(); ++k) {
    const std::string at = "force[" + std::to_string(k) + "]";
    judge_organ_name(p, judge, at + ".organ", p.force[k].organ);
    if (p.force[k].per < p.step)
      judge.complain({at + ".per"}, judge.key(at + ".per") + " must be " + judge.key("step") +
                                        " (" + judge.spelt("step") + ") at least");
  }
  if (p.coupling == Coupling::full && p.splitting > 0)
    judge.complain({"splitting", "coupling"},
                   judge.key("splitting") +
                       " copies lesions one by one, which needs lesions that "
                       "do not act on one another; type " +
                       judge.key("coupling") + ": linear");
  if (p.coupling == Coupling::linear && p.reseeding && !p.force.empty())
    judge.complain({"coupling", "reseeding"},
                   "with " + judge.key("reseeding") +
                       " lesions act on one another, so forced founders cannot stand aside; type " +
                       judge.key("coupling") + ": full");
  if (p.coupling == Coupling::linear && p.death.lesions && !p.force.empty())
    judge.complain({"coupling", "death.lesions"},
                   "with " + judge.key("death.lesions") +
                       " a lesion ends the time of all, so forced founders cannot stand aside; "
                       "type " +
                       judge.key("coupling") + ": full");
}

void judge_scans(const BodyParameters& p, Judge& judge) {
  for (std::size_t k = 0; k < p.windows.scan.size(); ++k) {
    const std::string at = "windows.scan[" + std::to_string(k) + "].organ";
    if (p.windows.scan[k].organ != every_organ)
      judge_organ_name(p, judge, at, p.windows.scan[k].organ);
  }
  if (!p.windows.scan.empty() && p.windows.max == 0)
    judge.complain({"windows.max"}, judge.key("windows.max") +
                                        " is 0, and body.windows.scan opens windows; type " +
                                        judge.key("windows.max") + ": 8");
}

void judge_lymph(const BodyParameters& p, Judge& judge) {
  if (!(p.lymph.share > 0)) return;
  if (find_organ(p, "nodes") >= 0) return;
  judge.complain({"lymph.share"}, judge.key("lymph.share") +
                                      " needs an organ with the name nodes among body.organs, in "
                                      "which lesions of nodes stand");
}

void judge_lesions(const BodyParameters& p, Judge& judge) {
  const double smallest = diameter_of_cells(p.lesions, p.lesions.avascular);
  if (p.lesions.linear_above <= smallest)
    judge.complain({"lesions.linear_above", "lesions.avascular"},
                   judge.key("lesions.linear_above") + " must be above the diameter of " +
                       judge.key("lesions.avascular") + ", " + text_of("%.3g mm", smallest / 1e3));
}

// Of a body that is followed hour by hour.
void course(Section<BodyParameters>& s) {
  using P = BodyParameters;
  s.number(&P::diameter, "diameter", "um")
      .above(0, 1e6)
      .derived(
          "that of lesions.avascular cells",
          [](const BodyParameters& p) { return diameter_of_cells(p.lesions, p.lesions.avascular); })
      .example("10 mm")
      .means("Of the primary when a body begins to be followed.")
      .from("a choice: from there on it sheds");
  s.integer(&P::patient, "patient")
      .between(-1, 1e9)
      .normally("-1")
      .example("7")
      .means("Whose host a body has: that of this patient of a cohort of the same seed; -1: the "
             "one in the middle, who makes of landed cells what patients do on average and whose "
             "primary doubles in lesions.doubling.")
      .from(sources::run_choice);
  s.integer(&P::replicates, "replicates")
      .between(1, 1e6)
      .normally("1")
      .example("200")
      .means("Bodies of the same settings, each with draws of its own, that are followed: means "
             "and their errors come from these.")
      .from(sources::run_choice);
  s.boolean(&P::reseeding, "reseeding")
      .normally("false")
      .means("Metastases shed too, into the chamber behind their organ. What founders do then "
             "acts on the number of founders, and the chance of none is read from natural numbers "
             "alone.")
      .from("assumed: off, so that expectations hold");
  s.number(&P::established, "established")
      .between(1, 1e12)
      .normally("1000")
      .means("Cells from which on a lesion counts as established.")
      .from("definition");
  s.choice(&P::coupling, "coupling", {"linear", "full"})
      .normally("full")
      .means("Forced founders: linear, they grow beside a body's natural lesions and neither "
             "feels the other; full, each in a body of its own in which it is one among others.")
      .from("full is exact with any interaction and costs a body for each; linear where there is "
            "none");
  s.integer(&P::splitting, "splitting")
      .between(0, 1000000)
      .normally("0")
      .example("200")
      .means("Courses to each level by which the chance of a forced founder to be established is "
             "found, at the end of a run, for founders that stand aside; 0: none, what became of "
             "it counts.")
      .from(sources::run_choice);
  s.list(&P::force, "force", describe_force)
      .means("Founders that are put into organs, so many in each period, at a drawn time: what "
             "becomes of lesions that hardly ever come. They count by their weight and never as "
             "natural.")
      .example("{organ: liver, per: 30 day, founders: 2}");
}

} // namespace

// A patient's steps are kept until he is done: the slowest of a million must fit.
void judge_steps(const BodyParameters& p, Judge& judge) {
  constexpr double rare = 5, most_steps = 1e6; // standard deviations
  LesionPace pace;
  pace.doubling =
      p.lesions.doubling / minutes_per_day * exact::exp(rare * p.lesions.doubling_spread);
  pace.luck = p.lesions.avascular;
  pace.fastness = p.lesions.doubling / minutes_per_day / pace.doubling;
  const double largest = p.observer.diameter * exact::exp(rare * p.observer.diameter_spread);
  const double days = LesionClock(p.lesions, pace).day_of(cells_of_diameter(p.lesions, largest));
  const double steps = days * minutes_per_day / p.step;
  if (steps > most_steps)
    judge.complain({"body.step", "body.lesions.doubling", "body.lesions.doubling_spread"},
                   "the slowest primaries would take " + text_of("%.2g", steps) +
                       " steps until they are found; raise body.step (" + judge.spelt("body.step") +
                       "), or lower the doubling times");
}

std::int64_t BodyParameters::step_that_reaches(double time) const {
  return static_cast<std::int64_t>(std::ceil(time / step * (1 - 1e-12)));
}

LesionParameters lesions_in(const BodyParameters& p, std::size_t organ) {
  LesionParameters law = p.lesions;
  law.radial_rate = p.organs[organ].radial_rate;
  law.radial_cells = p.organs[organ].radial_cells;
  return law;
}

bool founders_act(const BodyParameters& p) { return p.reseeding || p.death.lesions; }

void describe(Section<BodyParameters>& s) {
  using P = BodyParameters;
  s.preset(&P::preset, "preset", {"human", "rat"})
      .normally("human")
      .means("Whose constants: the presets differ in shedding, pass and the blood's sizes only.")
      .from(sources::run_choice);
  s.text(&P::primary, "primary")
      .normally("breast")
      .example("colon")
      .means("The primary tumour, one of body.primaries.")
      .from(sources::run_choice);
  s.number(&P::pass, "pass")
      .between(0, 1)
      .normally("0.5")
      .means("Share of the cells, alone or together, that get through the capillaries of a bed.")
      .from("derived from cells in portal against peripheral blood of patients, which give 0.30 to "
            "0.86 a bed: Catenacci 2015, Chapman 2020, Liu 2018, Tien 2016; clusters of up to 20 "
            "pass as single cells do, Au et al. 2016, PNAS 113:4947; 0.3 to 0.95 is explored")
      .preset(Preset::rat, "0.95",
              "tumour blood held 12 times the cells of arterial blood, Butler & Gullino 1975, "
              "Cancer Res 35:512");
  s.integer(&P::patients, "patients")
      .between(0, 1000000)
      .normally("0")
      .example("10000")
      .means("Virtual patients without lattices that `metavox run` follows.")
      .from(sources::run_choice);
  s.number(&P::step, "step", "min")
      .between(1, 525960)
      .derived("10 day, or 1 h where simulation.duration is above 0")
      .example("1 h")
      .means("Step: of a cohort's expected chain, whose exponentials are exact at any and whose "
             "shedding is a parabola within it; of a body followed hour by hour.")
      .from("assumed: 10 days move no number of a cohort by more than 1e-5; what lodges for hours "
            "is followed by the hour");
  course(s);
  s.section(&P::removal, "removal", describe);
  s.section(&P::death, "death", describe);
  s.section(&P::blood, "blood", describe);
  s.section(&P::shedding, "shedding", describe);
  s.section(&P::lodged, "lodged", describe);
  s.section(&P::crossing, "crossing", describe);
  s.section(&P::fate, "fate", describe);
  s.section(&P::lesions, "lesions", describe);
  s.section(&P::lymph, "lymph", describe);
  s.section(&P::cavity, "cavity", describe);
  s.section(&P::host, "host", describe);
  s.section(&P::observer, "observer", describe);
  s.section(&P::windows, "windows", describe);
  lists(s);
  s.derive("fate.asleep",
           [](const BodyParameters& p) { return p.primary == "breast" ? 0.9 : 0.4; });
  s.derive("death.lesions", [](const BodyParameters& p) { return p.patients > 0; });
  s.rule(judge_organs);
  s.rule(judge_fates);
  s.rule(judge_lesions);
  s.rule(judge_size);
  s.rule(judge_course);
  s.rule(judge_scans);
  s.rule(judge_lymph);
  s.rule(judge_cavity);
  s.rule(judge_spill);
  s.rule(judge_wound);
}

} // namespace metavox
