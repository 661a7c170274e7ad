#include "site/settings_table.hpp"

#include "settings/section.hpp"
#include "site/parameters.hpp"
#include "site/rules.hpp"

namespace metavox {
namespace {

std::array<double, 3> middle(const Parameters& p) {
  return {edge(p, 0) / 2, edge(p, 1) / 2, edge(p, 2) / 2};
}

// Defaults that follow from another section's settings.
void derive_across(Section<Parameters>& whole) {
  whole.derive("oxygen.tolerance", [](const Parameters& p) {
    const bool marches =
        p.vessels.pattern != VesselPattern::none && p.oxygen.blood == BloodOxygen::march;
    return marches ? 1e-2 : 1e-3;
  });
  whole.derive("oxygen.first_order_rate", [](const Parameters& p) {
    const double h = p.domain.spacing;
    return 10.0 * 2494.0 / (h * h * h);
  });
  whole.derive("vessels.ends[].haematocrit",
               [](const Parameters& p) { return p.flow.haematocrit; });
  whole.derive("lymphatics.rate", [](const Parameters& p) { return p.intravasation.rate; });
  for (const char* place : {"vegf.sources[].centre", "tracers.start", "tissue.cells[].centre",
                            "tissue.membranes[].centre"})
    whole.derive(place, middle);
}

} // namespace

void describe_site(Section<Parameters>& whole) {
  whole.section(&Parameters::simulation, "simulation", describe);
  whole.section(&Parameters::domain, "domain", describe);
  whole.section(&Parameters::time, "time", describe);
  whole.section(&Parameters::fields, "fields", describe);
  whole.section(&Parameters::oxygen, "oxygen", describe);
  whole.section(&Parameters::glucose, "glucose", describe);
  whole.section(&Parameters::proteinase, "proteinase", describe);
  whole.section(&Parameters::inhibitor, "inhibitor", describe);
  whole.section(&Parameters::vegf, "vegf", describe);
  whole.section(&Parameters::matrix, "matrix", describe);
  whole.section(&Parameters::cycle, "cycle", describe);
  whole.section(&Parameters::quiescence, "quiescence", describe);
  whole.section(&Parameters::death, "death", describe);
  whole.section(&Parameters::normal, "normal", describe);
  whole.section(&Parameters::stem, "stem", describe);
  whole.section(&Parameters::mutation, "mutation", describe);
  whole.section(&Parameters::transition, "transition", describe);
  whole.section(&Parameters::migration, "migration", describe);
  whole.section(&Parameters::tracers, "tracers", describe);
  whole.section(&Parameters::growth, "growth", describe);
  whole.section(&Parameters::tissue, "tissue", describe);
  whole.section(&Parameters::vessels, "vessels", describe);
  whole.section(&Parameters::sprouting, "sprouting", describe);
  whole.section(&Parameters::flow, "flow", describe);
  whole.section(&Parameters::regression, "regression", describe);
  whole.section(&Parameters::intravasation, "intravasation", describe);
  whole.section(&Parameters::lymphatics, "lymphatics", describe);
  whole.section(&Parameters::serosa, "serosa", describe);
  whole.section(&Parameters::lodging, "lodging", describe);
  whole.section(&Parameters::arrivals, "arrivals", describe);
  whole.section(&Parameters::arrest, "arrest", describe);
  whole.section(&Parameters::landing, "landing", describe);
  whole.section(&Parameters::output, "output", describe);
  derive_across(whole);
  whole.rule(judge_box);
  whole.rule(judge_serosa);
  whole.rule(judge_times);
  whole.rule(judge_counters);
  whole.rule(judge_fields);
  whole.rule(judge_movement);
  whole.rule(judge_places);
  whole.rule(judge_patterns);
  whole.rule(judge_vessel_ends);
  whole.rule(judge_blood);
  whole.rule(judge_growth);
  whole.rule(judge_departures);
  whole.rule(judge_arrivals);
  whole.rule(judge_traps);
}

const Table& settings_table() {
  static const Table table = make_table(describe_site);
  return table;
}

} // namespace metavox
