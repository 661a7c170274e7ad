#include "cells/arrest_settings.hpp"

#include <algorithm>

#include "cells/arrival_rows.hpp"
#include "settings/section.hpp"
#include "settings/sources.hpp"
#include "settings/text.hpp"

namespace metavox {
namespace {

void loss(Section<ArrestParameters>& s) {
  using P = ArrestParameters;
  describe_adhesion(s);
  s.number(&P::nk_status, "nk_status")
      .between(0, 1e3)
      .normally("1")
      .means("The host's NK cells, a factor of `nk`; 0: he has none.")
      .from(sources::run_choice);
  describe_loss(s, "Rate at which lodged cells flow on and leave the site.");
}

void crossing(Section<ArrestParameters>& s) {
  using P = ArrestParameters;
  s.number(&P::out, "out", "1/min")
      .between(0, 1e3)
      .normally("1.6 1/day")
      .means("Rate at which adherent cells of normal MT1-MMP come out of the vessel; with the "
             "factor M of that trait it goes as 1.1 M / (M + 0.1).")
      .from(crossing_source);
  s.number(&P::barrier, "barrier")
      .above(0, 1e3)
      .normally("1")
      .means("Of the organ's vessels; divides `out`.")
      .from("1 is lung's; body.organs[].barrier has those of others");
  describe_death_of_adherent(s);
  s.number(&P::inhibitor, "inhibitor", "nM")
      .between(0, 1e9)
      .normally("0 nM")
      .means("Free inhibitor of MMP in blood, C; divides `out` by 1 + C / half_inhibition.")
      .from(sources::run_choice);
  s.number(&P::half_inhibition, "half_inhibition", "nM")
      .above(0, 1e9)
      .normally("20 nM")
      .means("Inhibitor at which cells come out half as fast.")
      .from("assumed");
}

void fates(Section<LandingParameters>& s) {
  using P = LandingParameters;
  describe_beginning(s);
  s.number(&P::human, "human")
      .a_share()
      .normally("0.005")
      .means("What is left of that in a patient.")
      .from("fitted: one metastasis per some 6e7 departed cells, Coumans et al. 2013, BMC Cancer "
            "13:283; breast; 1 for an experiment in mice");
  s.number(&P::soil, "soil")
      .between(0, 1e9)
      .normally("1")
      .means("How well cells of this primary fare in this organ.")
      .from("assumed: the mean of organs; see body.organs[].soil");
  s.number(&P::host, "host")
      .between(0, 1e9)
      .normally("1")
      .means("How well they fare in this patient.")
      .from("assumed: the mean of patients");
  s.number(&P::competent, "competent")
      .a_share()
      .derived("begin go_on human soil host, at most `begin`",
               [](const LandingParameters& p) { return competent_share(p); })
      .example("0.01")
      .means("Share of landed cells that can found a lesion. Imposed, not predicted.")
      .from("derived from the five chances above");
  s.number(&P::dormant, "dormant")
      .a_share()
      .normally("0.45")
      .means("Of landed cells, those that lie asleep and will not found a lesion: once awake they "
             "end as those that only begin. What `begin` and this leave is doomed.")
      .from(dormant_source);
  s.number(&P::asleep, "asleep")
      .a_share()
      .normally("0.9")
      .means("Of competent cells, those that sleep first.")
      .from("fitted to late relapse of breast (Tjensvoll et al. 2019; Pan et al. 2017, N Engl J "
            "Med 377:1836); others 0.4, assumed");
}

void afterwards(Section<LandingParameters>& s) {
  using P = LandingParameters;
  s.integer(&P::divisions, "divisions")
      .between(1, 20)
      .normally("4")
      .means("Divisions at most of a cell that begins and does not go on, from 1 on, all alike.")
      .from("assumed: it leaves 2 to 16 cells");
  describe_waking(s);
  s.boolean(&P::inflamed, "inflamed")
      .normally("false")
      .means("The tissue is inflamed or wounded, and sleepers wake faster.")
      .from(sources::run_choice);
  describe_inflamed_factor(s);
  s.number(&P::spent, "spent", "1/min")
      .between(0, 1e3)
      .normally("0.5 1/day")
      .means("Rate at which cells die that began and have no division left.")
      .from("assumed; at stem.senescent_removal they would stand for decades");
  s.number(&P::doomed_from, "doomed_from", "min")
      .between(0, 1e9)
      .normally("3 day")
      .means("Time since it landed from which a doomed cell may die; when, is drawn.")
      .from("80 % of injected cells were alive outside on day 3, Luzzi et al. 1998");
  s.number(&P::doomed_until, "doomed_until", "min")
      .between(0, 1e9)
      .normally("13 day")
      .means("Time by which it is dead.")
      .from(
          "36 % of injected cells were left on day 13, and hardly any divided, Luzzi et al. 1998");
}

void judge_shares(const LandingParameters& p, Judge& judge) {
  if (p.begin + p.dormant > 1)
    judge.complain({"begin", "dormant"}, judge.key("begin") + " and " + judge.key("dormant") +
                                             " are shares of the same cells and add up to " +
                                             text_of("%.6g", p.begin + p.dormant));
  if (p.competent > p.begin)
    judge.complain({"competent", "begin"}, judge.key("competent") + " must not be above " +
                                               judge.key("begin") + ", of which it is a part");
}

} // namespace

double competent_share(const LandingParameters& p) {
  return std::min(p.begin, p.begin * p.go_on * p.human * p.soil * p.host);
}

void describe(Section<ArrivalParameters>& s) {
  using P = ArrivalParameters;
  s.boolean(&P::enabled, "enabled")
      .normally("false")
      .switches()
      .means("Cells may come with the blood, lodge in the vessels of the site, cross their walls "
             "and land.")
      .from("assumed: off");
  s.integer(&P::cells, "cells")
      .between(0, 10000000)
      .normally("0")
      .example("300")
      .means("How many come.")
      .from(sources::run_choice);
  s.number(&P::from, "from", "min")
      .between(0, 1e9)
      .normally("0 min")
      .means("When the first may come.")
      .from(sources::run_choice);
  s.number(&P::over, "over", "min")
      .between(0, 1e9)
      .normally("0 min")
      .example("1 day")
      .means("Time over which they come, one after the other at moments that are drawn; 0: all at "
             "once.")
      .from(sources::run_choice);
  s.integer(&P::cluster_size, "cluster_size")
      .between(1, 15)
      .normally("1")
      .means("Cells that come together.")
      .from(sources::run_choice);
  s.number(&P::mesenchymal, "mesenchymal")
      .a_share()
      .normally("0.5")
      .means("Share of M-like cells among them.")
      .from(sources::run_choice);
  s.choice(&P::state, "state", {"lodged", "adherent"})
      .normally("lodged")
      .means("How far they have got when they come; adherent: for experiments.")
      .from(sources::run_choice);
  s.text(&P::inlet, "inlet")
      .normally("every")
      .example("-x")
      .means(
          "Where they come in: every inlet, those on a face (-x, +x, -y ...), or the one of this "
          "name in vessels.file.")
      .from(sources::run_choice);
  s.integer(&P::clone, "clone")
      .between(0, 65535)
      .normally("0")
      .means("Their label; 0: each arrival has one of its own, from 1 on.")
      .from(sources::run_choice);
}

void describe(Section<ArrestParameters>& s) {
  loss(s);
  crossing(s);
}

void describe(Section<LandingParameters>& s) {
  fates(s);
  afterwards(s);
  s.ordered("doomed_from", "doomed_until", Judge::Equal::allowed);
  s.rule(judge_shares);
}

} // namespace metavox
