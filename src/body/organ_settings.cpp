#include "body/organ_settings.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <set>
#include <stdexcept>

#include "body/body_settings.hpp"
#include "body/settling.hpp"
#include "core/exact.hpp"
#include "settings/section.hpp"
#include "settings/sources.hpp"
#include "settings/spelling.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"

namespace metavox {
namespace {

constexpr std::string_view anatomy = "anatomy; see configs/organs.yaml";
constexpr const char* name_of_out = "out";

// `to` and `through`, and the share of what leaves.
template <class T>
void way_rows(Section<T>& s) {
  s.text(&T::through, "through")
      .normally("none")
      .example("liver")
      .means("The organ whose bed lies in the way; it says into which chamber it drains.")
      .from(anatomy);
  s.text(&T::to, "to")
      .normally("none")
      .example("right_heart")
      .means("Without an organ in the way: the chamber that is reached, or out.")
      .from(anatomy);
  s.number(&T::share, "share")
      .a_share()
      .example("11.7 %")
      .means("Share of what leaves that goes this way.")
      .from("flows of the reference man of ICRP; see configs/organs.yaml");
}

void describe_way(Section<WayParameters>& s) { way_rows(s); }

void describe_soil(Section<SoilParameters>& s) {
  using P = SoilParameters;
  s.text(&P::organ, "organ").example("bone").means("One of body.organs.").from(anatomy);
  s.number(&P::frequency, "frequency")
      .between(0, 0.999)
      .normally("0")
      .example("0.65")
      .means("Of patients with metastases of this primary, those who have one there; 0: not known.")
      .from("registries and autopsies; see configs/organs.yaml");
  s.number(&P::soil, "soil")
      .between(0, 1e9)
      .derived("from `frequency` and from where cells of the primary land; the organ's without one",
               [](const SoilParameters&) { return -1.0; })
      .example("4")
      .means("Chance of a cell that landed there to go on, against the mean of these organs.")
      .from("inverted: -ln(1 - frequency) over the share of cells that land there, by flow, walls "
            "and what is let go and lodges again, so that landing times soil gives the "
            "frequencies; imposed, not predicted");
}

// What windows and counters in an organ have of it.
void describe_growing(Section<OrganParameters>& s) {
  using P = OrganParameters;
  s.number(&P::oxygen, "oxygen", "mmHg")
      .above(0, 700)
      .normally("45 mmHg")
      .example("43 mmHg")
      .means("Oxygen pressure of its tissue, in windows.")
      .from(sources::carreau, " (from memory); see configs/organs.yaml; assumed for others");
  s.number(&P::matrix, "matrix")
      .a_share()
      .normally("0.5")
      .means("Density of its matrix, in windows.")
      .from("assumed: soft organs 0.3 to 0.5, breast 0.8");
  s.number(&P::growth, "growth")
      .above(0, 10)
      .normally("1")
      .means("Divides the cycle times of tumour cells in its windows.")
      .from("assumed: liver, marrow and adrenal 1.1, peritoneum 0.9, brain and prostate 0.8");
  constexpr std::string_view of_a_window =
      "as in body.lesions; of a lattice of that organ by `metavox calibrate counters RUN --organ "
      "NAME`";
  s.number(&P::radial_rate, "radial_rate", "1/min")
      .above(0, 1)
      .derived("body.lesions.radial_rate")
      .example("1.12 1/day")
      .means("r of its metastases as counters, where body.lesions.growth is radial.")
      .from(of_a_window);
  s.number(&P::radial_cells, "radial_cells")
      .above(0, 1e9)
      .derived("body.lesions.radial_cells")
      .example("540")
      .means("N_s of these.")
      .from(of_a_window);
}

// ---- rules

using Names = std::vector<std::string>;

template <class List>
Names names_of(const List& list) {
  Names names;
  for (const auto& item : list) names.push_back(item.name);
  return names;
}

bool has(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string at(const char* list, std::size_t i, const char* leaf) {
  return std::string(list) + "[" + std::to_string(i) + "]" + (*leaf == 0 ? "" : ".") + leaf;
}

std::string joined(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Complains unless `name` is one of `known`.
bool known(Judge& judge, const std::string& key, const std::string& name, const Names& names,
           const char* what) {
  if (has(names, name)) return true;
  const std::string near = closest(name, names);
  judge.complain(
      {key}, judge.key(key) + " " + in_quotes(name) + " is no " + what +
                 (near.empty() ? "; there are " + joined(names) : "; did you mean " + near + "?"));
  return false;
}

template <class List>
void judge_names(Judge& judge, const char* name_of_list, const List& list, Names& taken) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string& name = list[i].name;
    const std::string key = at(name_of_list, i, "name");
    const bool fit =
        !name.empty() &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    if (!fit || name == name_of_out || name == "none")
      judge.complain({key},
                     judge.key(key) + " " + in_quotes(name) +
                         " must be of small letters, digits and _, and neither out nor none");
    else if (has(taken, name))
      judge.complain({key}, judge.key(key) + " " + name + " is taken; give it another name");
    taken.push_back(name);
  }
}

// A way through an organ or straight to a chamber.
template <class Way>
void judge_way(Judge& judge, const std::string& entry, const Way& way, const Names& chambers,
               const Names& organs) {
  if (way.through.empty() == way.to.empty()) {
    judge.complain({entry + ".through", entry + ".to", entry + ".share"},
                   judge.key(entry) +
                       " needs `through`, an organ, or `to`, a chamber, and not both");
    return;
  }
  Names ends = chambers;
  ends.emplace_back(name_of_out);
  if (way.to.empty())
    known(judge, entry + ".through", way.through, organs, "organ");
  else
    known(judge, entry + ".to", way.to, ends, "chamber");
}

constexpr double sum_tolerance = 1e-6;

void judge_routes(const BodyParameters& p, Judge& judge, const Names& chambers,
                  const Names& organs) {
  std::map<std::string, double> sum;
  for (std::size_t i = 0; i < p.routes.size(); ++i) {
    known(judge, at("routes", i, "from"), p.routes[i].from, chambers, "chamber");
    judge_way(judge, at("routes", i, ""), p.routes[i], chambers, organs);
    sum[p.routes[i].from] += p.routes[i].share;
  }
  for (std::size_t c = 0; c < p.chambers.size(); ++c) {
    const double s = sum[p.chambers[c].name];
    if (std::abs(s - 1) <= sum_tolerance) continue;
    Names keys;
    for (std::size_t i = 0; i < p.routes.size(); ++i)
      if (p.routes[i].from == p.chambers[c].name) keys.push_back(at("routes", i, "share"));
    keys.push_back(at("chambers", c, "name"));
    judge.complain(keys, "the shares of what leaves " + p.chambers[c].name + " add up to " +
                             text_of("%.9g", s) + ", not to 1");
  }
}

void judge_primaries(const BodyParameters& p, Judge& judge, const Names& chambers,
                     const Names& organs) {
  for (std::size_t i = 0; i < p.primaries.size(); ++i) {
    const PrimaryParameters& one = p.primaries[i];
    known(judge, at("primaries", i, "organ"), one.organ, organs, "organ");
    double sum = 0;
    for (std::size_t w = 0; w < one.ways.size(); ++w) {
      judge_way(judge, at("primaries", i, at("ways", w, "").c_str()), one.ways[w], chambers,
                organs);
      sum += one.ways[w].share;
    }
    if (std::abs(sum - 1) > sum_tolerance)
      judge.complain({at("primaries", i, "name")},
                     "the shares of " + judge.key(at("primaries", i, "ways")) + " of " + one.name +
                         " add up to " + text_of("%.9g", sum) + ", not to 1");
    std::set<std::string> seen;
    for (std::size_t k = 0; k < one.soils.size(); ++k) {
      const std::string key = at("primaries", i, at("soils", k, "organ").c_str());
      if (known(judge, key, one.soils[k].organ, organs, "organ") &&
          !seen.insert(one.soils[k].organ).second)
        judge.complain({key}, judge.key(key) + " " + one.soils[k].organ + " stands there twice");
    }
  }
}

BloodWay way_of(const BodyParameters& p, const std::string& through, const std::string& to,
                double share) {
  BloodWay way;
  way.share = share;
  if (through.empty()) {
    way.to = chamber_index(p, to);
    return way;
  }
  way.bed = organ_index(p, through);
  way.to = chamber_index(p, p.organs[static_cast<std::size_t>(way.bed)].drains);
  return way;
}

template <class List>
int find(const List& list, const std::string& name) {
  for (std::size_t i = 0; i < list.size(); ++i)
    if (list[i].name == name) return static_cast<int>(i);
  return -1;
}
template <class List>
int index_of(const List& list, const std::string& name) {
  const int index = find(list, name);
  if (index < 0) throw std::logic_error("a body has no " + name);
  return index;
}

} // namespace

void describe(Section<ChamberParameters>& s) {
  using P = ChamberParameters;
  s.text(&P::name, "name").example("left_heart").means("A word for it.").from(anatomy);
  s.number(&P::dwell, "dwell")
      .between(0, 100)
      .example("0.75")
      .means("How long a cell stays, the beds behind it included, in circuits.")
      .from("assumed: a quarter of the circuit is in the lungs; the portal vein adds three tenths");
}

void describe(Section<OrganParameters>& s) {
  using P = OrganParameters;
  s.text(&P::name, "name").example("liver").means("A word for it.").from(anatomy);
  s.text(&P::drains, "drains")
      .example("right_heart")
      .means("The chamber its blood flows to, or out.")
      .from(anatomy);
  s.number(&P::pass, "pass")
      .between(0, 1)
      .derived("body.pass")
      .example("0.5")
      .means("Share of cells that get through its capillaries.")
      .from("as body.pass");
  s.number(&P::adhesion, "adhesion")
      .between(0, 1000)
      .normally("1")
      .means("Factor on lodged.adhesion in its vessels.")
      .from("assumed: 1, as no number is known of any organ")
      .example("2");
  s.number(&P::barrier, "barrier")
      .above(0, 1000)
      .normally("1")
      .means("Divides the rate at which adherent cells come out of the vessel.")
      .from("assumed: sinusoids of liver and marrow 0.5, adrenal 0.7, the barrier of brain 5");
  s.number(&P::soil, "soil")
      .between(0, 1e9)
      .normally("1")
      .means("Chance of a cell that landed here to go on, for primaries that name no soil of it.")
      .from(
          "assumed: 1 for want of data, where no frequency is known (kidney, ovary, pleura, skin, "
          "spleen, nodes and others): cells there go on as the average of a primary's known "
          "organs; 0 where metastases are rarely seen (gut, muscle and the rest)");
  s.number(&P::volume, "volume", "um^3")
      .above(0)
      .example("1.8 L")
      .means("Of the organ.")
      .from("from memory: reference adult of ICRP 89");
  s.number(&P::threshold, "threshold")
      .a_share()
      .normally("0")
      .means("Share of its volume whose loss to lesions is lethal; 0: no share of it is.")
      .from("assumed");
  s.number(&P::visible, "visible", "um")
      .above(0, 1e6)
      .normally("8 mm")
      .means("Diameter at which imaging finds half of the lesions there.")
      .from("assumed: CT of lung and MRI of brain 4 mm, CT of liver 8 mm, bone scan 10 mm");
  s.number(&P::visible_width, "visible_width", "um")
      .above(0, 1e5)
      .normally("1 mm")
      .means("Width of the logistic function round it.")
      .from("assumed");
  describe_growing(s);
}

void describe(Section<RouteParameters>& s) {
  s.text(&RouteParameters::from, "from")
      .example("left_heart")
      .means("The chamber it leaves.")
      .from(anatomy);
  way_rows(s);
}

void describe(Section<PrimaryParameters>& s) {
  using P = PrimaryParameters;
  s.text(&P::name, "name").example("breast").means("A word for it.").from(anatomy);
  s.text(&P::organ, "organ")
      .example("breast")
      .means("Where it stands, one of body.organs.")
      .from(anatomy);
  s.list(&P::ways, "ways", describe_way)
      .means("Where its blood goes; shares add up to one.")
      .example("{to: right_heart, share: 1}");
  s.list(&P::soils, "soils", describe_soil)
      .means(
          "Organs that it likes more or less than others; for those not named, body.organs[].soil.")
      .example("{organ: bone, frequency: 0.65}");
  s.number(&P::human, "human")
      .a_share()
      .normally("0.005")
      .example("0.02")
      .means("Its fate.human, where body.fate.human is not given.")
      .from("fitted for breast, see body.fate.human; others so that a cohort has their share of "
            "patients with metastases when the primary is found (`metavox calibrate human`), which "
            "is from memory of registries but for lung: see configs/organs.yaml");
  s.boolean(&P::in_burden, "in_burden")
      .normally("true")
      .means("Whether the primary itself is part of what is lethal by its size, death.burden.")
      .from("assumed: not where it can grow large without harm, in breast and prostate");
}

void describe(Section<BloodParameters>& s) {
  using P = BloodParameters;
  s.number(&P::circuit, "circuit", "min")
      .above(0, 1000)
      .normally("1 min")
      .means("Time that blood takes to come round.")
      .from("from memory of textbooks: five litres at five litres a minute")
      .preset(Preset::rat, "8 s", "from memory: 16 mL at 120 mL/min");
  s.number(&P::volume, "volume", "um^3")
      .above(0)
      .normally("5 L")
      .example("5 L")
      .means("Of the blood.")
      .from("from memory of textbooks")
      .preset(Preset::rat, "16 mL", "from memory, a rat of 250 g");
  s.number(&P::death, "death", "1/min")
      .between(0, 1000)
      .normally("0 1/min")
      .example("0.01 1/min")
      .means("Rate at which cells die while they flow; those that have lodged die otherwise.")
      .from("assumed: in the minute that a cell flows, 0.1/h would kill one in 700");
}

void judge_organs(const BodyParameters& p, Judge& judge) {
  const std::size_t before = judge.complaints();
  const Names chambers = names_of(p.chambers), organs = names_of(p.organs);
  Names taken, of_primaries;
  judge_names(judge, "chambers", p.chambers, taken);
  judge_names(judge, "organs", p.organs, taken);
  judge_names(judge, "primaries", p.primaries, of_primaries);
  if (p.organs.size() > 63)
    judge.complain({"organs[63].name"},
                   "a body has at most 63 organs; this one has " + std::to_string(p.organs.size()));
  Names ends = chambers;
  ends.emplace_back(name_of_out);
  for (std::size_t i = 0; i < p.organs.size(); ++i)
    known(judge, at("organs", i, "drains"), p.organs[i].drains, ends, "chamber");
  judge_routes(p, judge, chambers, organs);
  judge_primaries(p, judge, chambers, organs);
  known(judge, "primary", p.primary, of_primaries, "primary of body.primaries");
  if (judge.complaints() > before) return;
  const std::vector<int> cycle = cycle_without_filter(circulation_of(p));
  if (cycle.empty()) return;
  std::string way;
  for (const int c : cycle) way += p.chambers[static_cast<std::size_t>(c)].name + " -> ";
  way += p.chambers[static_cast<std::size_t>(cycle[0])].name;
  judge.complain({"pass"}, "cells could go round for ever: no organ on the way " + way +
                               " keeps any; give one of them a pass below 1");
}

bool judge_organ_name(const BodyParameters& p, Judge& judge, const std::string& key,
                      const std::string& name) {
  return known(judge, key, name, names_of(p.organs), "organ");
}

int find_organ(const BodyParameters& p, const std::string& name) { return find(p.organs, name); }
int organ_index(const BodyParameters& p, const std::string& name) {
  return index_of(p.organs, name);
}
int chamber_index(const BodyParameters& p, const std::string& name) {
  return name == name_of_out ? out_of_body : index_of(p.chambers, name);
}
const PrimaryParameters& primary_named(const BodyParameters& p, const std::string& name) {
  return p.primaries[static_cast<std::size_t>(index_of(p.primaries, name))];
}

Circulation circulation_of(const BodyParameters& p) {
  Circulation blood;
  blood.death = p.blood.death;
  for (const ChamberParameters& c : p.chambers) blood.dwell.push_back(c.dwell * p.blood.circuit);
  for (const OrganParameters& o : p.organs) blood.pass.push_back(o.pass);
  std::vector<double> sum(p.chambers.size(), 0.0);
  for (const RouteParameters& r : p.routes) {
    const int from = chamber_index(p, r.from);
    blood.routes.push_back({from, way_of(p, r.through, r.to, r.share)});
    sum[static_cast<std::size_t>(from)] += r.share;
  }
  for (BloodRoute& r : blood.routes) r.way.share /= sum[static_cast<std::size_t>(r.from)];
  return blood;
}

std::vector<BloodWay> ways_of(const BodyParameters& p, const PrimaryParameters& primary) {
  std::vector<BloodWay> ways;
  double sum = 0;
  for (const WayParameters& w : primary.ways) {
    ways.push_back(way_of(p, w.through, w.to, w.share));
    sum += w.share;
  }
  for (BloodWay& way : ways) way.share /= sum;
  return ways;
}

std::vector<double> soils_for(const BodyParameters& p, const PrimaryParameters& primary) {
  std::vector<double> soils;
  for (const OrganParameters& o : p.organs) soils.push_back(o.soil);
  for (const SoilParameters& s : primary.soils)
    soils[static_cast<std::size_t>(organ_index(p, s.organ))] = s.soil;
  return soils;
}

std::vector<double> landed_in_usual_hosts(const BodyParameters& p,
                                          const PrimaryParameters& primary) {
  BodyParameters usual = p;
  usual.host.nk = 1;
  return landed_shares(usual, primary);
}

void fill_soils(BodyParameters& p) {
  const Circulation blood = circulation_of(p);
  for (PrimaryParameters& primary : p.primaries) {
    const std::vector<double> lodged = follow(blood, ways_of(p, primary)).lodged,
                              landed = landed_in_usual_hosts(p, primary);
    const auto place = [&](const SoilParameters& s) {
      return static_cast<std::size_t>(organ_index(p, s.organ));
    };
    const auto inverted = [&](const SoilParameters& s) {
      return s.soil < 0 && s.frequency > 0 && landed[place(s)] > 0;
    };
    const auto bare = [&](const SoilParameters& s) { // but for one factor
      return -exact::log(1.0 - s.frequency) / landed[place(s)];
    };
    double arrivals = 0, weighed = 0;
    for (const SoilParameters& s : primary.soils)
      if (inverted(s)) {
        arrivals += lodged[place(s)];
        weighed += lodged[place(s)] * bare(s);
      }
    // Organs that no cell reaches but those that others let go weigh nothing.
    const double factor = arrivals > 0 ? arrivals / weighed : 1;
    for (SoilParameters& s : primary.soils) {
      if (inverted(s))
        s.soil = factor * bare(s);
      else if (s.soil < 0)
        s.soil = p.organs[place(s)].soil;
    }
  }
}

void fill_human(BodyParameters& p) {
  if (p.fate.human < 0) p.fate.human = primary_named(p, p.primary).human;
}

} // namespace metavox
