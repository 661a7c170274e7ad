// What happened for the first time, for events.csv.

#include <algorithm>

#include "core/launch.hpp"
#include "site/measure.hpp"
#include "site/state.hpp"

namespace metavox {

// At the first voxel where the kind stands; nothing where there is none.
void Simulation::State::add_event(const std::string& what, Kind kind, const std::string& detail) {
  // One line instead of the lattice comes to the host.
  const std::uint8_t* kinds = cells.arrays().kind.data();
  const float found = executor.max_over(tissue, FirstLineOf{kinds, kind, tissue.ny});
  if (found == 0) return;
  const int number = FirstLineOf::value(found), y = number % tissue.ny, z = number / tissue.ny;
  std::vector<std::uint8_t> line(static_cast<std::size_t>(tissue.nx));
  executor.copy_out(line.data(), kinds + tissue.index(0, y, z), line.size());
  const auto x = static_cast<int>(
      std::find(line.begin(), line.end(), static_cast<std::uint8_t>(kind)) - line.begin());
  const auto centre = [&](int n) { return (n + 0.5) * tissue.spacing; };
  events.push_back({time(), what, centre(x), centre(y), centre(z), detail});
}

// Milestones are read off the ledger, so a restarted run reports the same ones.
void Simulation::State::record_events(const Flows& before, const KindCounts& count_before) {
  const Flows& now = cells.flows();
  const auto first = [&](Kind from, Kind to) {
    const auto f = static_cast<std::size_t>(from), t = static_cast<std::size_t>(to);
    return before[f][t] == 0 && now[f][t] > 0;
  };
  const auto starved = [](const Flows& f) {
    std::int64_t n = 0;
    for (const Kind k : kinds_in(tumour_kinds))
      n += f[static_cast<std::size_t>(k)][static_cast<std::size_t>(Kind::necrotic)];
    return n;
  };
  if (starved(before) == 0 && starved(now) > 0)
    add_event("first_necrosis", Kind::necrotic, "a tumour cell died of hypoxia");
  if (first(Kind::parenchyma, Kind::necrotic))
    add_event("normal_tissue_starves", Kind::necrotic, "a normal cell died of hypoxia");
  if (first(Kind::epithelial, Kind::mesenchymal))
    add_event("first_emt", Kind::mesenchymal, "an E-like cell became M-like");
  if (first(Kind::mesenchymal, Kind::epithelial))
    add_event("first_met", Kind::epithelial, "an M-like cell became E-like");
  const auto living = [](const KindCounts& c) {
    std::int64_t n = 0;
    for (const Kind k : kinds_in(tumour_kinds)) n += c[static_cast<std::size_t>(k)];
    return n;
  };
  if (living(count_before) > 0 && living(cells.counts()) == 0)
    events.push_back({time(), "tumour_extinct", 0, 0, 0, "no living tumour cell is left"});
}

} // namespace metavox
