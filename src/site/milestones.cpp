// What happened for the first time, for events.csv.

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "core/launch.hpp"
#include "site/events.hpp"
#include "site/measure.hpp"
#include "site/state.hpp"
#include "vessels/events.hpp"

namespace metavox {
namespace {

// The first change of a kind of `from` into `to`.
struct Milestone {
  EventRow event;
  KindMask from;
  Kind to;
};
// A newborn cell or a vessel may take the place of what changed, or of the body, in the same step.
constexpr std::string_view first_cell =
    "the first such cell in the order of voxels; where others have its place already, the first "
    "tumour cell, or the middle of the box";
constexpr Milestone milestones[] = {
    {{"first_necrosis", true, first_cell, "a tumour cell died of hypoxia"},
     tumour_kinds,
     Kind::necrotic},
    {{"normal_tissue_starves", true, first_cell, "a normal cell died of hypoxia"},
     only(Kind::parenchyma),
     Kind::necrotic},
    {{"first_emt", true, first_cell, "an E-like cell became M-like"},
     only(Kind::epithelial),
     Kind::mesenchymal},
    {{"first_met", true, first_cell, "an M-like cell became E-like"},
     only(Kind::mesenchymal),
     Kind::epithelial},
};
// The first death of a kind of `of` by a cause.
struct FirstDeath {
  EventRow event;
  KindMask of;
  Cause cause;
};
constexpr FirstDeath first_deaths[] = {
    {{"first_anoikis", true, first_cell, "a tumour cell died without hold"},
     tumour_kinds,
     Cause::anoikis},
    {{"first_kill", true, first_cell, "a T cell killed a tumour cell"},
     tumour_kinds,
     Cause::t_cell},
    {{"first_crushing", true, first_cell, "the pressure of growth crushed a normal cell"},
     normal_kinds,
     Cause::crushed},
};
// Told in arrivals.cpp.
constexpr EventRow arrival_events[] = {
    {"arrival", false, "where the first of them lodges",
     "cells came with the blood in this vessel step, and how many"},
    {"first_landing", true, "where it lands", "a cell that came with the blood is in the tissue"},
    {"founder", false, "where it lands", "a cell has landed that can found a lesion"},
};
// The first departure by a route; blood has its rows in departures.csv alone.
constexpr EventRow first_by_lymph{"first_lymph", true, "where it was",
                                  "a tumour cell entered a lymphatic"};
constexpr EventRow first_by_cavity{"first_cavity", true, "where it was",
                                   "a tumour cell was shed into a body cavity"};
constexpr EventRow extinction{"tumour_extinct", true, "0, 0, 0", "no living tumour cell is left"};

} // namespace

// The centre of the first voxel where one of the kinds stands; none where there is none.
std::optional<std::array<double, 3>> Site::State::first_place(KindMask wanted) const {
  // One line instead of the lattice comes to the host.
  const std::uint8_t* kinds = cells.arrays().kind.data();
  const float found = executor.max_over(tissue, FirstLineOf{kinds, wanted, tissue.ny});
  if (found == 0) return {};
  const int number = FirstLineOf::value(found), y = number % tissue.ny, z = number / tissue.ny;
  std::vector<std::uint8_t> line(static_cast<std::size_t>(tissue.nx));
  executor.copy_out(line.data(), kinds + tissue.index(0, y, z), line.size());
  const auto x = static_cast<int>(
      std::find_if(line.begin(), line.end(), [&](auto k) { return (wanted >> k & 1) != 0; }) -
      line.begin());
  const auto centre = [&](int n) { return (n + 0.5) * tissue.spacing; };
  return std::array<double, 3>{centre(x), centre(y), centre(z)};
}

std::array<double, 3> Site::State::place_of(Kind kind) const {
  auto place = first_place(only(kind));
  if (!place) place = first_place(tumour_kinds);
  const auto middle = [&](int n) { return 0.5 * n * tissue.spacing; };
  return place.value_or(
      std::array<double, 3>{middle(tissue.nx), middle(tissue.ny), middle(tissue.nz)});
}

void Site::State::tell(std::string what, const std::array<double, 3>& place, std::string detail) {
  const double end_of_step = static_cast<double>(step + 1) * parameters.time.step;
  events.push_back({end_of_step, std::move(what), place[0], place[1], place[2], std::move(detail)});
}

void Site::State::tell_of(const EventRow& event, const std::array<double, 3>& place) {
  tell(std::string(event.name), place, std::string(event.meaning));
}

// Milestones are read off the ledger, so a restarted run reports the same ones.
void Site::State::record_events(const Ledger& before, const KindCounts& count_before) {
  const auto changed = [](const Ledger& ledger, const Milestone& m) {
    std::int64_t n = 0;
    for (const Kind k : kinds_in(m.from)) n += ledger.changed(k, m.to);
    return n;
  };
  for (const Milestone& m : milestones)
    if (changed(before, m) == 0 && changed(cells.ledger(), m) > 0) tell_of(m.event, place_of(m.to));
  for (const FirstDeath& d : first_deaths)
    if (before.died(d.of, d.cause) == 0 && cells.ledger().died(d.of, d.cause) > 0)
      tell_of(d.event, place_of(Kind::apoptotic));
  const auto living = [](const KindCounts& c) {
    std::int64_t n = 0;
    for (const Kind k : kinds_in(tumour_kinds)) n += c[static_cast<std::size_t>(k)];
    return n;
  };
  if (living(count_before) > 0 && living(cells.counts()) == 0) tell_of(extinction, {0, 0, 0});
}

void Site::State::tell_first(const Departure& d) {
  if (d.route == Route::blood) return;
  tell_of(d.route == Route::lymph ? first_by_lymph : first_by_cavity, {d.x, d.y, d.z});
}

std::vector<EventRow> event_rows() {
  std::vector<EventRow> rows;
  for (const Milestone& m : milestones) rows.push_back(m.event);
  for (const FirstDeath& d : first_deaths) rows.push_back(d.event);
  rows.push_back(first_by_lymph);
  rows.push_back(first_by_cavity);
  rows.push_back(extinction);
  rows.insert(rows.end(), std::begin(arrival_events), std::end(arrival_events));
  rows.insert(rows.end(), std::begin(vessel_events), std::end(vessel_events));
  return rows;
}

} // namespace metavox
