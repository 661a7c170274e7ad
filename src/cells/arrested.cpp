#include "cells/arrested.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/exact.hpp"
#include "core/random.hpp"

namespace metavox {
namespace {

// How fast a cell comes out by its MT1-MMP, against one of normal MT1-MMP.
double opens(std::uint64_t traits) {
  constexpr double half = 0.1;
  const double m = exact::exp(trait_step * value_of(traits, Trait::proteinase));
  return (1 + half) * m / (m + half);
}

} // namespace

LandingRule landing_rule(const LandingParameters& p, double step) {
  const auto steps = [&](double time) {
    return static_cast<std::uint32_t>(std::clamp(std::floor(time / step + 0.5), 1.0, 65535.0));
  };
  return {p.competent,
          p.begin,
          p.dormant,
          p.asleep,
          static_cast<std::uint32_t>(p.divisions),
          steps(p.doomed_from),
          steps(p.doomed_until)};
}

Cell with_fate(Cell c, std::uint16_t fate, const LandingRule& rule, std::uint32_t divisions,
               std::uint32_t time) {
  if ((fate & flag_competent) == 0) c.flags = static_cast<std::uint16_t>(c.flags & ~flag_stem);
  c.flags |= fate;
  if ((fate & flag_limited) != 0)
    c.capacity = static_cast<std::uint8_t>(1 + below(divisions, rule.divisions));
  if ((fate & flag_doomed) != 0)
    c.timer = static_cast<std::uint16_t>(rule.doomed_from +
                                         below(time, rule.doomed_until - rule.doomed_from + 1));
  return c;
}

void Arrested::advance(double time, std::uint64_t step) {
  Cells kept;
  kept.reserve(size());
  for (std::size_t n = 0; n < size();) {
    Cells group;
    do group.push_back(at(n++));
    while (n < size() && list_.group[n] == group.front().group);
    live(std::move(group), time, step, 0, kept);
  }
  list_ = List();
  for (const Held& h : kept) append(h);
}

void Arrested::add(const std::vector<Cell>& cells, Berth berth, std::int32_t segment,
                   std::int64_t voxel, double time, std::uint64_t step) {
  Cells group, kept;
  const std::int64_t first = counters_[came];
  for (const Cell& c : cells) {
    const std::int64_t number = counters_[came]++;
    group.push_back({number, berth == Berth::lodged ? first : number, voxel, segment, berth, c});
  }
  const auto n = static_cast<std::int64_t>(cells.size());
  if (berth != Berth::lodged) counters_[adhered] += n;
  if (berth == Berth::outside) counters_[crossed] += n;
  if (berth == Berth::lodged)
    live(std::move(group), time, step, 0, kept);
  else
    for (const Held& h : group) live({h}, time, step, 0, kept);
  for (const Held& h : kept) append(h);
}

void Arrested::pass(const std::vector<Cell>& cells) {
  Cells group;
  for (const Cell& c : cells) group.push_back({counters_[came]++, 0, -1, -1, Berth::lodged, c});
  counters_[passed] += static_cast<std::int64_t>(cells.size());
  release(group);
}

// What happens to cells that share a group, from the `event`-th draw of this step on.
void Arrested::live(Cells cells, double time, std::uint64_t step, std::uint32_t event,
                    Cells& kept) {
  switch (cells.front().berth) {
  case Berth::lodged: return live_lodged(std::move(cells), time, step, event, kept);
  case Berth::adherent: return live_adherent(cells.front(), time, step, event, kept);
  case Berth::outside: kept.insert(kept.end(), cells.begin(), cells.end());
  }
}

void Arrested::live_lodged(Cells cells, double time, std::uint64_t step, std::uint32_t event,
                           Cells& kept) {
  const ArrestParameters& p = settings_;
  const bool together = cells.size() > 1;
  const double shield = together ? p.shield : 1;
  const double rate[] = {p.adhesion, p.nk * p.nk_status / shield, p.other / shield, p.release,
                         together ? p.break_up : 0};
  double whole = 0;
  for (const double r : rate) whole += r;
  const Draw d =
      draw(seed_, Purpose::arrest, static_cast<std::uint64_t>(cells.front().number), step, event);
  const double left = whole > 0 ? time + exact::log(to_unit(d.word[0])) / whole : -1;
  if (!(left > 0)) {
    kept.insert(kept.end(), cells.begin(), cells.end());
    return;
  }
  double place = to_unit(d.word[1]) * whole;
  std::size_t what = 0;
  while (what < 4 && place >= rate[what]) place -= rate[what++];
  while (rate[what] == 0) --what; // by rounding at the very end
  const auto n = static_cast<std::int64_t>(cells.size());
  if (what == 1) counters_[killed] += n;
  if (what == 2) counters_[died_lodged] += n;
  if (what == 3) release(cells);
  if (what == 0) counters_[adhered] += n;
  if (what == 4) counters_[broken] += 1;
  if (what != 0 && what != 4) return;
  for (Held& h : cells) {
    h.group = h.number;
    if (what == 0) h.berth = Berth::adherent;
    live({h}, left, step, event + 1, kept);
  }
}

void Arrested::live_adherent(const Held& cell, double time, std::uint64_t step, std::uint32_t event,
                             Cells& kept) {
  const ArrestParameters& p = settings_;
  const double out =
      p.out / p.barrier * opens(cell.cell.traits) / (1 + p.inhibitor / p.half_inhibition);
  const double whole = out + p.death;
  const Draw d = draw(seed_, Purpose::arrest, static_cast<std::uint64_t>(cell.number), step, event);
  Held h = cell;
  const double left = whole > 0 ? time + exact::log(to_unit(d.word[0])) / whole : -1;
  if (left > 0) {
    if (to_unit(d.word[1]) * whole >= out) {
      counters_[died_adherent] += 1;
      return;
    }
    h.berth = Berth::outside;
    counters_[crossed] += 1;
  }
  kept.push_back(h);
}

void Arrested::release(const Cells& cells) {
  for (const Held& h : cells) {
    Departure d;
    d.voxel = h.voxel;
    if (h.voxel >= 0) {
      const Voxel s = lattice_.voxel_at(h.voxel);
      d.x = (s.x + 0.5) * lattice_.spacing;
      d.y = (s.y + 0.5) * lattice_.spacing;
      d.z = (s.z + 0.5) * lattice_.spacing;
    }
    d.slot = slot_of_released;
    d.segment = h.segment;
    d.number = counters_[releases];
    d.cell = h.cell;
    released_.push_back(d);
  }
  if (cells.front().voxel >= 0) counters_[released] += static_cast<std::int64_t>(cells.size());
  counters_[releases] += 1;
}

std::vector<Departure> Arrested::take_released() { return std::exchange(released_, {}); }

void Arrested::uncover(std::size_t n) {
  if (list_.berth[n] == static_cast<std::uint8_t>(Berth::outside)) return;
  if (list_.berth[n] == static_cast<std::uint8_t>(Berth::lodged)) counters_[adhered] += 1;
  list_.berth[n] = static_cast<std::uint8_t>(Berth::outside);
  list_.group[n] = list_.number[n];
  counters_[crossed] += 1;
  counters_[uncovered] += 1;
}

Cell Arrested::with_fate(const Held& held, const LandingRule& rule) const {
  const Cell& c = held.cell;
  if ((c.flags & fate_flags) != 0) return c;
  const Draw d = draw(seed_, Purpose::landing_fate, static_cast<std::uint64_t>(held.number), 0);
  const double u = to_unit(d.word[0]);
  int fate = flag_doomed;
  if (u < rule.competent)
    fate = to_unit(d.word[1]) < rule.asleep ? flag_competent | flag_dormant : flag_competent;
  else if (u < rule.begin + rule.dormant)
    fate = u < rule.begin ? flag_limited : flag_limited | flag_dormant;
  return metavox::with_fate(c, static_cast<std::uint16_t>(fate), rule, d.word[2], d.word[1]);
}

void Arrested::tally_landed(const Cell& c) {
  counters_[landed] += 1;
  counters_[(c.flags & flag_competent) != 0 ? landed_competent
            : (c.flags & flag_doomed) != 0  ? landed_doomed
            : (c.flags & flag_dormant) != 0 ? landed_dormant
                                            : landed_abortive] += 1;
}

void Arrested::remove(const std::vector<std::size_t>& entries) {
  if (entries.empty()) return;
  list_.for_each([&](const char*, const char*, auto& column) {
    std::size_t to = 0, gone = 0;
    for (std::size_t n = 0; n < column.size(); ++n) {
      if (gone < entries.size() && entries[gone] == n)
        ++gone;
      else
        column[to++] = column[n];
    }
    column.resize(to);
  });
}

Held Arrested::at(std::size_t n) const {
  const List& l = list_;
  return {l.number[n],
          l.group[n],
          l.voxel[n],
          l.segment[n],
          static_cast<Berth>(l.berth[n]),
          {static_cast<Kind>(l.kind[n]), l.flags[n], l.clock[n], l.timer[n], l.capacity[n],
           l.clone[n], l.traits[n]}};
}

void Arrested::append(const Held& h) {
  List& l = list_;
  l.number.push_back(h.number);
  l.group.push_back(h.group);
  l.voxel.push_back(h.voxel);
  l.segment.push_back(h.segment);
  l.berth.push_back(static_cast<std::uint8_t>(h.berth));
  l.kind.push_back(static_cast<std::uint8_t>(h.cell.kind));
  l.flags.push_back(h.cell.flags);
  l.clock.push_back(h.cell.clock);
  l.timer.push_back(h.cell.timer);
  l.capacity.push_back(h.cell.capacity);
  l.clone.push_back(h.cell.clone);
  l.traits.push_back(h.cell.traits);
}

std::int64_t Arrested::count(Berth berth) const {
  return std::count(list_.berth.begin(), list_.berth.end(), static_cast<std::uint8_t>(berth));
}

bool Arrested::balanced() const {
  const auto c = [this](Counter k) { return counters_[k]; };
  const std::int64_t lodged = count(Berth::lodged), adherent = count(Berth::adherent),
                     outside = count(Berth::outside);
  return c(came) == c(passed) + lodged + c(killed) + c(died_lodged) + c(released) + c(adhered) &&
         c(adhered) == adherent + c(died_adherent) + c(crossed) &&
         c(crossed) == outside + c(landed) &&
         c(landed) ==
             c(landed_competent) + c(landed_abortive) + c(landed_dormant) + c(landed_doomed);
}

} // namespace metavox
