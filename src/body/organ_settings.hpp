// The organs of a body and the ways of its blood, as settings: configs/organs.yaml has those of a
// human, with their sources.
#pragma once

#include <string>
#include <vector>

#include "body/circulation.hpp"

namespace metavox {

template <class T>
class Section;

struct ChamberParameters {
  std::string name;
  double dwell; // circuits
};

struct OrganParameters {
  std::string name;
  std::string drains; // a chamber, or out
  double pass;
  double adhesion; // factor on lodged.adhesion
  double barrier;
  double soil;
  double volume;    // um^3
  double threshold; // share of the volume; 0: its loss does not kill
  double visible;   // um, diameter
  double visible_width;
  double oxygen, matrix, growth; // of its windows: mmHg, density, factor
  double radial_rate;            // 1/min, of metastases that grow radially
  double radial_cells;
};

struct WayParameters {
  std::string through, to; // an organ, or straight into a chamber; empty: none
  double share;
};
struct RouteParameters {
  std::string from;
  std::string through, to;
  double share;
};

struct SoilParameters {
  std::string organ;
  double frequency; // of patients with metastases, those who have one there; 0: not known
  double soil;
};

struct PrimaryParameters {
  std::string name, organ;
  std::vector<WayParameters> ways;
  std::vector<SoilParameters> soils;
  bool in_burden; // in the lethal burden
  double human;   // fate.human where nobody says otherwise
};

struct BloodParameters {
  double circuit; // min
  double volume;  // um^3
  double death;   // 1/min
};

struct BodyParameters;
void describe(Section<ChamberParameters>& s);
void describe(Section<OrganParameters>& s);
void describe(Section<RouteParameters>& s);
void describe(Section<PrimaryParameters>& s);
void describe(Section<BloodParameters>& s);

// Names against names, flows that add up, cycles: for the section `body`.
class Judge;
void judge_organs(const BodyParameters& p, Judge& judge);

// Whether a setting's name is one of body.organs; complains if not, with what was meant.
bool judge_organ_name(const BodyParameters& p, Judge& judge, const std::string& key,
                      const std::string& name);

// The organ of a name; -1: there is none.
int find_organ(const BodyParameters& p, const std::string& name);
// Names as places in the lists; they must be right.
int organ_index(const BodyParameters& p, const std::string& name);
int chamber_index(const BodyParameters& p, const std::string& name); // out_of_body: out
const PrimaryParameters& primary_named(const BodyParameters& p, const std::string& name);

// The graph of the blood, shares of each chamber scaled to add up to one exactly.
Circulation circulation_of(const BodyParameters& p);
std::vector<BloodWay> ways_of(const BodyParameters& p, const PrimaryParameters& primary);

// The soil of every organ for a primary: its own word, or the organ's.
std::vector<double> soils_for(const BodyParameters& p, const PrimaryParameters& primary);

// Of one cell that a primary sheds, the share that lands in each organ of a host with his NK cells:
// what soil is fitted to. host.nk is a host's, and frequencies are of hosts as they are.
std::vector<double> landed_in_usual_hosts(const BodyParameters& p,
                                          const PrimaryParameters& primary);

// Soils that no one gave, from frequencies: -ln(1 - frequency) over the share of the primary's
// cells that land there in usual hosts, scaled so that the mean over what lodges in
// these organs is one. So landing times soil, the lesions that a cohort expects, stand to one
// another as the frequencies ask. An organ in which none land keeps its own: implants of a cavity
// are not counted, as it depends on each tumour whether its serosa is broken.
void fill_soils(BodyParameters& p);

// fate.human, where nobody gave it: the primary's.
void fill_human(BodyParameters& p);

} // namespace metavox
