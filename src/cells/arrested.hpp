// Cells that came with the blood and have not landed: a list on the host, with the vessel and the
// voxel of each, and what happens to them there.
//
// Lodged cells adhere, are killed by NK cells, die otherwise, or flow on; those of a cluster share
// all of it, die more slowly, and part at a rate. Adherent cells cross the wall or die, one by one.
// These are competing risks with constant rates, and time to each event is drawn, so that the
// length of a step does not matter. Who has crossed waits until there is room.
#pragma once

#include <cstdint>
#include <vector>

#include "cells/arrest_settings.hpp"
#include "voxel/arrival.hpp"
#include "voxel/departure.hpp"

namespace metavox {

// One of them.
struct Held {
  std::int64_t number; // of the cell among all that came
  std::int64_t group;  // number of the first of those that it hangs together with
  std::int64_t voxel;  // x fastest, no ghosts
  std::int32_t segment;
  Berth berth;
  Cell cell;
};

// Shares of landed cells by fate, and what goes with it.
struct LandingRule {
  double competent, begin, dormant; // shares; the second holds the first
  double asleep;                    // of the competent
  std::uint32_t divisions;
  std::uint32_t doomed_from, doomed_until; // steps
};
LandingRule landing_rule(const LandingParameters& settings, double step); // min

// The cell once it has that fate, of fate_flags; `divisions` and `time` are random words. Only who
// is competent stays a stem cell.
Cell with_fate(Cell cell, std::uint16_t fate, const LandingRule& rule, std::uint32_t divisions,
               std::uint32_t time);

class Arrested {
public:
  // What happened so far, in cells; part of the state. `came` gives the next its number.
  enum Counter : std::uint8_t {
    came,
    scheduled,     // of those that `arrivals` sends
    passed,        // found no vessel to lodge in
    adhered,       // incl. those that came so, and those left by their vessel
    killed,        // by NK cells
    died_lodged,   // otherwise
    released,      // flowed on
    releases,      // singles and clusters that did
    broken,        // clusters
    died_adherent, // before they were out
    crossed,       // incl. those that came so
    uncovered,     // came out because their vessel was gone
    landed,        // in all, then by fate
    landed_competent,
    landed_abortive,
    landed_dormant,
    landed_doomed,
    counter_count
  };
  // The state: entries ascend by number. 49 bytes each.
  struct List {
    std::vector<std::int64_t> number, group, voxel;
    std::vector<std::int32_t> segment;
    std::vector<std::uint8_t> berth, kind, capacity;
    std::vector<std::uint16_t> flags, clock, timer, clone;
    std::vector<std::uint64_t> traits;
    // f(name, meaning, vector); the order is part of the state's hash.
    template <class F>
    void for_each(const F& f) {
      f("held_number", "number of a cell that came with the blood and has not landed", number);
      f("held_group", "number of the first of those that it hangs together with", group);
      f("held_voxel", "voxel where it is held, x fastest", voxel);
      f("held_segment", "segment of the vessel that holds it", segment);
      f("held_berth", "0 lodged, 1 adherent, 2 outside without room", berth);
      f("held_kind", "its kind", kind);
      f("held_flags", "its flags", flags);
      f("held_clock", "its cycle clock", clock);
      f("held_timer", "its timer", timer);
      f("held_capacity", "divisions left to it", capacity);
      f("held_clone", "its clone", clone);
      f("held_traits", "its heritable traits", traits);
    }
  };

  Arrested(const ArrestParameters& settings, const Lattice& lattice, std::uint64_t seed)
      : settings_(settings), lattice_(lattice), seed_(seed), counters_(counter_count, 0) {}

  // Those of the list live for `time` (min) of `step`.
  void advance(double time, std::uint64_t step);
  // Cells that come and hang together, at a place of a vessel; `time` is left of the step.
  void add(const std::vector<Cell>& cells, Berth berth, std::int32_t segment, std::int64_t voxel,
           double time, std::uint64_t step);
  // Cells that found no place. Where they were is nowhere: voxel and segment -1.
  void pass(const std::vector<Cell>& cells);
  // Who flowed on or passed since the last call: departures with slot 2.
  std::vector<Departure> take_released();

  // Entry n has another vessel, or none any more: then it is outside.
  void move_to(std::size_t n, std::int32_t segment) { list_.segment[n] = segment; }
  void uncover(std::size_t n);
  // The cell as it lands now, with the fate that is drawn for it unless it has one.
  Cell with_fate(const Held& held, const LandingRule& rule) const;
  // Counts a cell that has landed, by its fate.
  void tally_landed(const Cell& cell);
  // Removes entries that have landed, ascending.
  void remove(const std::vector<std::size_t>& entries);

  std::size_t size() const { return list_.number.size(); }
  Held at(std::size_t n) const;
  std::int64_t count(Berth berth) const;
  List& list() { return list_; }
  const List& list() const { return list_; }
  std::vector<std::int64_t>& counters() { return counters_; }
  std::int64_t counted(Counter c) const { return counters_[c]; }
  void tally(Counter c, std::int64_t n = 1) { counters_[c] += n; }
  // Whether all that came are accounted for.
  bool balanced() const;

private:
  using Cells = std::vector<Held>;
  void live(Cells cells, double time, std::uint64_t step, std::uint32_t event, Cells& kept);
  void live_lodged(Cells cells, double time, std::uint64_t step, std::uint32_t event, Cells& kept);
  void live_adherent(const Held& cell, double time, std::uint64_t step, std::uint32_t event,
                     Cells& kept);
  void release(const Cells& cells);
  void append(const Held& held);

  ArrestParameters settings_;
  Lattice lattice_;
  std::uint64_t seed_;
  List list_;
  std::vector<std::int64_t> counters_;
  std::vector<Departure> released_;
};

} // namespace metavox
