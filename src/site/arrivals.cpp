// Cells that come with the blood: where they lodge, how long the vessels hold them, where they
// land.

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <stdexcept>

#include "core/random.hpp"
#include "settings/text.hpp"
#include "site/state.hpp"
#include "vessels/berths.hpp"
#include "vessels/index.hpp"
#include "vessels/lodging.hpp"

namespace metavox {
namespace {

// A place outside the box is drawn again so often before the cell passes.
constexpr std::uint32_t most_draws = 64;

struct LodgingPlace {
  std::int32_t segment = -1;
  std::int64_t voxel = -1;
};

// Where the flow takes cells; beds are solved once for each inlet that is asked for.
class Beds {
public:
  Beds(const VesselGraph& graph, const LodgingParameters& settings, std::uint64_t seed)
      : graph_(graph), settings_(settings), seed_(seed) {}

  const Lodging& bed(const std::vector<std::int32_t>& inlets) {
    return beds_.try_emplace(inlets, graph_, settings_, inlets).first->second;
  }
  // Of the cell of this number: it lodges for certain where any could. voxel -1: none could.
  LodgingPlace place(const std::vector<std::int32_t>& inlets, std::int64_t number) {
    return place(bed(inlets), number);
  }
  // The same, within `reach` of the box's middle along each axis.
  LodgingPlace place(const std::vector<std::int32_t>& inlets, double reach, std::int64_t number) {
    const Lattice& l = graph_.lattice();
    const double half[] = {0.5 * l.nx * l.spacing, 0.5 * l.ny * l.spacing, 0.5 * l.nz * l.spacing};
    Point low{}, high{};
    for (std::size_t c = 0; c < 3; ++c) low[c] = half[c] - reach, high[c] = half[c] + reach;
    return place(bed(inlets).within(low, high), number);
  }

private:
  LodgingPlace place(const Lodging& lodging, std::int64_t number) const {
    for (std::uint32_t k = 0; k < most_draws && lodging.lodged() > 0; ++k) {
      const Draw d = draw(seed_, Purpose::lodging, static_cast<std::uint64_t>(number), 0, k);
      const auto found = lodging.place(to_unit(d.word[0]) * lodging.lodged());
      if (!found) continue;
      const auto& s = graph_.segments();
      const Point a = graph_.position(s.from[at(found->segment)]),
                  b = graph_.position(s.to[at(found->segment)]);
      const double length = graph_.length(found->segment);
      Point p{};
      for (std::size_t c = 0; c < 3; ++c)
        p[c] = a[c] + (length > 0 ? found->along / length : 0) * (b[c] - a[c]);
      const std::int64_t voxel = graph_.voxel_at(p);
      if (voxel >= 0) return {found->segment, voxel};
    }
    return {};
  }

  const VesselGraph& graph_;
  LodgingParameters settings_;
  std::uint64_t seed_;
  std::map<std::vector<std::int32_t>, Lodging> beds_;
};

std::array<double, 3> centre_of(const Lattice& l, std::int64_t voxel) {
  const Voxel s = l.voxel_at(voxel);
  const auto centre = [&](int n) { return (n + 0.5) * l.spacing; };
  return {centre(s.x), centre(s.y), centre(s.z)};
}

} // namespace

void Site::State::find_inlets(const VesselNetwork& parents, const std::vector<std::string>& names) {
  if (!parameters.arrivals.enabled) return;
  if (parameters.arrivals.inlet != every_inlet)
    inlets = inlets_called(parameters.arrivals.inlet, vessels.graph(), parents, names);
  if (parameters.arrivals.cells > 0 &&
      !(Lodging(vessels.graph(), parameters.lodging, inlets).lodged() > 0))
    throw std::invalid_argument(
        "arrivals: no cell could lodge; blood must flow in from arrivals.inlet and through vessels "
        "narrower than lodging.widest_radius (" +
        text_of("%.4g", parameters.lodging.widest_radius) + " um)");
}

// What `arrivals` sends in the vessel step at hand: the k-th of n groups comes at a moment of the
// k-th n-th of the time.
std::optional<std::pair<std::vector<Cell>, double>> Site::State::next_scheduled(double end) const {
  const ArrivalParameters& a = parameters.arrivals;
  const std::int64_t sent = cells.arrested().counted(Arrested::scheduled);
  if (sent >= a.cells) return {};
  const std::int64_t group = sent / a.cluster_size,
                     groups = (a.cells + a.cluster_size - 1) / a.cluster_size;
  const auto drawn = [&](std::int64_t number, std::uint32_t what) {
    return draw(seed, Purpose::arriving, static_cast<std::uint64_t>(number), 0, what);
  };
  const double moment =
      a.from + a.over * (static_cast<double>(group) + to_unit(drawn(group, 0).word[0])) /
                   static_cast<double>(groups);
  if (moment >= end) return {};
  std::vector<Cell> together;
  const std::int64_t last = std::min<std::int64_t>(a.cells, sent + a.cluster_size);
  for (std::int64_t n = sent; n < last; ++n) {
    const Draw d = drawn(n, 1);
    Cell c;
    c.kind = to_unit(d.word[0]) < a.mesenchymal ? Kind::mesenchymal : Kind::epithelial;
    c.clock = static_cast<std::uint16_t>(clock_zero + static_cast<int>(below(d.word[1], 32768)));
    c.clone = static_cast<std::uint16_t>(a.clone > 0 ? a.clone : 1 + group % 65535);
    if (parameters.stem.enabled) {
      const bool stem = to_unit(d.word[2]) < parameters.stem.fraction;
      c.flags = stem ? flag_stem : 0;
      c.capacity = static_cast<std::uint8_t>(stem ? 0 : parameters.stem.capacity);
    }
    together.push_back(c);
  }
  return std::pair{together, moment};
}

// Before a vessel step is over: who is held lives on, newcomers lodge, and who is out lands.
void Site::State::receive() {
  const auto process = executor.process("arrivals");
  Arrested& held = cells.arrested();
  const auto now = static_cast<std::uint64_t>(step);
  const double passed = parameters.time.vessel_step, end = time() + passed;
  follow_vessels();
  held.advance(passed, now);
  Beds beds(vessels.graph(), parameters.lodging, seed);
  std::int64_t came = 0;
  LodgingPlace first;
  while (const auto group = next_scheduled(end)) {
    const auto& [together, moment] = *group;
    const LodgingPlace place = beds.place(inlets, held.counted(Arrested::came));
    held.tally(Arrested::scheduled, static_cast<std::int64_t>(together.size()));
    if (place.voxel < 0) {
      held.pass(together);
      continue;
    }
    if (came == 0) first = place;
    came += static_cast<std::int64_t>(together.size());
    const Berth berth =
        parameters.arrivals.state == ArrivalState::adherent ? Berth::adherent : Berth::lodged;
    held.add(together, berth, place.segment, place.voxel, std::min(passed, end - moment), now);
  }
  if (came > 0)
    tell("arrival", centre_of(tissue, first.voxel), counted(came, "cell lodges", "cells lodge"));
  land();
  take_released(step + 1);
  if (!held.balanced())
    throw NumericalError("the ledger of cells that came with the blood is off at step " +
                         std::to_string(step));
}

void Site::State::land() {
  const bool any_before = cells.arrested().counted(Arrested::landed) > 0;
  const VesselGraph& graph = vessels.graph();
  const std::vector<Held> landed = cells.land(
      executor, [&](std::int64_t voxel) { return tissue_at(graph, voxel); }, step);
  if (!any_before && !landed.empty())
    tell("first_landing", centre_of(tissue, landed.front().voxel),
         "a cell that came with the blood is in the tissue");
  for (const Held& h : landed)
    if ((h.cell.flags & flag_competent) != 0)
      tell("founder", centre_of(tissue, h.voxel),
           (h.cell.flags & flag_dormant) != 0
               ? "a cell has landed that can found a lesion; it sleeps"
               : "a cell has landed that can found a lesion");
}

// Numbers of segments are given again, and a segment may be split or go: a cell belongs to the
// first that passes its voxel. Where none does any more it is outside.
void Site::State::follow_vessels() {
  VesselGraph& graph = vessels.graph();
  if (graph.revision() == followed) return;
  Arrested& held = cells.arrested();
  for (std::size_t n = 0; n < held.size(); ++n) {
    const Held h = held.at(n);
    if (h.berth == Berth::outside || runs_through(graph, h.segment, h.voxel)) continue;
    const std::int32_t segment = segment_through(graph, h.voxel);
    if (segment >= 0)
      held.move_to(n, segment);
    else if (!ends_at(graph, h.segment, h.voxel))
      held.uncover(n);
  }
  followed = graph.revision();
}

// Departures by blood have one row of numbers, whoever they are.
void Site::State::take_released(std::int64_t done) {
  const std::int64_t before = cells.departures().numbers();
  for (Departure& d : cells.arrested().take_released()) {
    d.number += before;
    d.step = done;
    departures.push_back(d);
  }
}

void Site::set_waking_pace(double times) { s_->cells.set_waking_pace(times); }

void Site::arrive(const std::vector<Arrival>& arrivals) {
  State& s = *s_;
  if (!s.parameters.arrivals.enabled)
    throw std::invalid_argument("cells can only come where arrivals.enabled is true");
  VesselGraph& graph = s.vessels.graph();
  Beds beds(graph, s.parameters.lodging, s.seed);
  for (const Arrival& a : arrivals) {
    LodgingPlace place{-1, a.voxel};
    if (a.cells.empty()) throw std::invalid_argument("an arrival without cells");
    if (a.inlet >= graph.node_count() ||
        (a.inlet >= 0 &&
         graph.nodes().end[at(a.inlet)] != static_cast<std::uint8_t>(VesselEnd::inlet)))
      throw std::invalid_argument("an arrival by a node that is no inlet");
    if (a.voxel >= s.tissue.voxels()) throw std::invalid_argument("an arrival outside the box");
    if (a.voxel >= 0)
      place.segment = segment_through(graph, a.voxel);
    else if (a.berth == Berth::outside && !(a.reach > 0))
      throw std::invalid_argument("a cell that is outside vessels needs a voxel, or a reach");
    if (a.voxel >= 0 && place.segment < 0 && a.berth != Berth::outside)
      throw std::invalid_argument("a cell is said to be in a vessel where there is none");
    std::vector<Cell> together = a.cells;
    for (Cell& c : together) {
      if (!is_tumour(c.kind)) throw std::invalid_argument("only tumour cells come with the blood");
      if (a.fate_is_drawn)
        c.flags = static_cast<std::uint16_t>(c.flags & ~fate_flags);
      else if ((c.flags & fate_flags) == 0)
        throw std::invalid_argument("a cell whose fate is not drawn has none");
    }
    Arrested& held = s.cells.arrested();
    const std::vector<std::int32_t> inlets = a.inlet >= 0 ? std::vector{a.inlet} : s.inlets;
    if (a.voxel < 0)
      place = a.reach > 0 ? beds.place(inlets, a.reach, held.counted(Arrested::came))
                          : beds.place(inlets, held.counted(Arrested::came));
    if (place.voxel < 0 && a.reach > 0)
      throw std::invalid_argument(
          "no cell could lodge within " + text_of("%.4g", a.reach) +
          " um of the middle; blood must flow there in vessels narrower than "
          "lodging.widest_radius");
    if (place.voxel < 0)
      held.pass(together);
    else
      held.add(together, a.berth, place.segment, place.voxel, 0, 0);
  }
  s.take_released(s.step);
}

} // namespace metavox
