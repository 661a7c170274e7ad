#include "program/calibrate_body.hpp"

#include <algorithm>
#include <cmath>

#include "body/body_config.hpp"
#include "body/circulation.hpp"
#include "body/cohort.hpp"
#include "core/errors.hpp"
#include "core/machine.hpp"
#include "program/chain.hpp"
#include "program/exit_code.hpp"
#include "program/standard_output.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"

namespace metavox {
namespace {

std::string padded(std::string name) {
  name.resize(std::max<std::size_t>(name.size(), 12), ' ');
  return name;
}

// Of one primary: organs whose frequency is known and in which cells land.
struct Known {
  std::string organ;
  double lodged, landed, frequency, soil;
  double wanted() const { return -std::log(1 - frequency); }
};
std::vector<Known> known_of(const BodyParameters& body, const PrimaryParameters& primary) {
  const Passage passage = follow(circulation_of(body), ways_of(body, primary));
  const std::vector<double> landed = landed_in_usual_hosts(body, primary);
  std::vector<Known> known;
  for (const SoilParameters& s : primary.soils) {
    const auto o = static_cast<std::size_t>(organ_index(body, s.organ));
    if (s.frequency > 0 && landed[o] > 0)
      known.push_back({s.organ, passage.lodged[o], landed[o], s.frequency, s.soil});
  }
  return known;
}

// Organs in which its cells land and of which nothing is known: they keep a soil that no frequency
// speaks for.
void tell_unknown(const BodyParameters& body, const PrimaryParameters& primary,
                  const std::vector<Known>& known) {
  const std::vector<double> landed = landed_in_usual_hosts(body, primary),
                            soils = soils_for(body, primary);
  std::string organs;
  double lost = 0, all = 0;
  for (std::size_t o = 0; o < landed.size(); ++o) {
    all += landed[o];
    const std::string& name = body.organs[o].name;
    const bool told =
        std::any_of(known.begin(), known.end(), [&](const Known& k) { return k.organ == name; });
    if (told || !(landed[o] > 0)) continue;
    lost += landed[o];
    organs += (organs.empty() ? "" : ", ") + name + " " + three_digits(soils[o]);
  }
  if (organs.empty()) return;
  say("# for want of data soil stays as it is, 1 unless said otherwise, where " +
      three_digits(100 * lost / all) + " % of what lands does: " + organs);
}

void tell_primary(const BodyParameters& body, const PrimaryParameters& primary) {
  const std::vector<Known> known = known_of(body, primary);
  say("# " + primary.name + ", a share of " + three_digits(body.pass) + " through a bed, preset " +
      std::string(name_of(body.preset)));
  if (known.empty()) {
    say("# of no organ that its cells reach a frequency is known: the soil is the organs'");
    tell_unknown(body, primary, known);
    return;
  }
  say("# fitted: -ln(1 - frequency) over the share that lands there, past walls and what is let go "
      "and lodges again, of mean 1 over what lodges");
  for (const Known& k : known)
    say("#   " + padded(k.organ) + " lodged " + text_of("%8.4f %%", 100 * k.lodged) + ", landed " +
        text_of("%.4g %%", 100 * k.landed) + ", found in " + three_digits(k.frequency));
  say("soils: # of primaries[] " + primary.name);
  for (const Known& k : known)
    say("  - {organ: " + k.organ + ", frequency: " + three_digits(k.frequency) +
        ", soil: " + text_of("%.4g", k.soil) + "}");
  tell_unknown(body, primary, known);
}

} // namespace

SoilProduct soil_product(const BodyParameters& body, const std::vector<std::string>& primaries) {
  SoilProduct product;
  for (const OrganParameters& o : body.organs) {
    SoilProduct::Organ organ{o.name, 1, 0};
    double logs = 0;
    for (const std::string& name : primaries)
      for (const Known& k : known_of(body, primary_named(body, name)))
        if (k.organ == o.name) logs += std::log(k.soil), ++organ.primaries;
    if (organ.primaries == 0) continue;
    organ.sigma = std::exp(logs / organ.primaries);
    product.organs.push_back(organ);
  }
  for (const std::string& name : primaries) {
    double wanted = 0, expected = 0;
    for (const Known& k : known_of(body, primary_named(body, name)))
      for (const SoilProduct::Organ& o : product.organs)
        if (o.name == k.organ) wanted += k.wanted(), expected += k.landed * o.sigma;
    product.primaries.push_back({name, expected > 0 ? wanted / expected : 0});
  }
  return product;
}

int calibrate_soil(const SoilOptions& options) {
  const BodyConfig config = read_body(options.config, options.set);
  const BodyParameters& body = config.settings.body;
  std::vector<std::string> from = options.from;
  if (from.empty()) from.push_back(body.primary);
  for (const std::string& name : from) primary_from(body, name, options.config);
  for (const std::string& name : from) tell_primary(body, primary_named(body, name));
  if (from.size() < 2) return exit_done;
  const SoilProduct product = soil_product(body, from);
  std::string names;
  for (const std::string& name : from) names += (names.empty() ? "" : ", ") + name;
  say("# as a product of organ and primary, from " + names + ":");
  for (const SoilProduct::Primary& p : product.primaries) {
    double worst = 0;
    for (const Known& k : known_of(body, primary_named(body, p.name)))
      for (const SoilProduct::Organ& o : product.organs)
        if (o.name == k.organ)
          worst =
              std::max(worst, std::abs(1 - std::exp(-p.sigma * o.sigma * k.landed) - k.frequency));
    say("#   " + padded(p.name) + " factor " + three_digits(p.sigma) + ", frequencies off by " +
        three_digits(worst) + " at most");
  }
  say("soils: # of a primary of which nothing is known: predicted by these");
  for (const SoilProduct::Organ& o : product.organs)
    say("  - {organ: " + o.name + ", soil: " + text_of("%.4g", o.sigma) + "} # of " +
        counted(o.primaries, "primary", "primaries"));
  return exit_done;
}

double human_for(BodySettings s, const HumanOptions& options,
                 const std::function<void(double human, double share)>& tell) {
  // Found and removed, what kills later does not matter. Left in place, a primary is part of it.
  const bool removes = s.body.observer.removes;
  s.body.death.lesions = !removes;
  std::string note;
  const int threads = threads_for(options.threads, 0, allowance(), note);
  const auto share = [&](double human) {
    s.body.fate.human = human;
    double seen = 0, all = 0;
    for (const PatientRow& r : follow_patients(s, 0, options.patients, threads)) {
      if (!removes && r.death < 0) continue; // dead before the primary was found
      all += 1;
      seen += removes ? r.seen_at_removal : r.seen >= 0 && r.seen < r.death;
    }
    tell(human, all > 0 ? seen / all : 0);
    return all > 0 ? seen / all : 0;
  };
  // The same patients draw the same numbers: more cells go on with a larger chance, never fewer.
  double low = 1e-6, high = 1;
  if (share(high) < options.metastatic || share(low) > options.metastatic)
    throw ConfigError("no chance from 1e-6 to 1 gives that; look at body.observer.diameter and "
                      "body.lesions");
  while (high / low > 1.02) {
    const double middle = std::sqrt(low * high);
    (share(middle) < options.metastatic ? low : high) = middle;
  }
  return std::sqrt(low * high);
}

int calibrate_human(const HumanOptions& options) {
  if (!(options.metastatic > 0 && options.metastatic < 1))
    throw ConfigError("say how many have a visible metastasis when the primary is found; type for "
                      "example: --metastatic 0.42");
  const BodyConfig config = read_body(options.config, options.set);
  const BodySettings& s = config.settings;
  if (s.simulation.duration > 0 || config.lattice)
    throw ConfigError(options.config.string() +
                      ": the experiment is a cohort; remove simulation.duration and sections of a "
                      "lattice, or name configs/cohort.yaml");
  say("# wanted: " + three_digits(options.metastatic) + " of patients with a primary of " +
      s.body.primary +
      (s.body.observer.removes ? " have a visible metastasis when it is found"
                               : ", left in place, have a metastasis seen before they die"));
  const double human = human_for(s, options, [&](double tried, double share) {
    say("# body.fate.human " + three_digits(tried) + ": " + three_digits(share) + " +- " +
        three_digits(std::sqrt(share * (1 - share) / options.patients)));
  });
  say("# fitted to that share, of " + counted(options.patients, "patient", "patients") +
      " whose primaries are found at a median of " + three_digits(s.body.observer.diameter / 1e3) +
      " mm; means nothing outside the product of body.fate's chances");
  say("body:\n  fate:\n    human: " + three_digits(human));
  return exit_done;
}

} // namespace metavox
