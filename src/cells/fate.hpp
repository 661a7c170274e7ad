// How cells age, rest, die and change phenotype.
#pragma once

#include <cstdint>

#include "cells/sense.hpp"
#include "core/exact.hpp"
#include "core/lattice.hpp"
#include "core/random.hpp"
#include "voxel/excess.hpp"
#include "voxel/ledger.hpp"
#include "voxel/pace.hpp"
#include "voxel/pressure_view.hpp"
#include "voxel/views.hpp"

namespace metavox {

struct FateParameters {
  float dt; // min
  // quiescence, mmHg
  bool quiescence;
  float rest_enter, rest_leave;
  std::uint32_t rest_switch; // chance per step to enter or leave rest, in 65536ths
  std::uint16_t rest_limit;  // steps
  // death, 1/min and mmHg
  bool necrosis;
  float necrosis_high, necrosis_low, necrosis_rate;
  float apoptosis, apoptosis_share, apoptosis_normal, anoikis, anoikis_matrix;
  float hold_epithelial, hold_mesenchymal; // 1 - resistance to anoikis
  float crushing;                          // of normal cells, 1/min, where pressure is full
  float bearable, crushing_width;          // kPa: what tissue bears, and how far above it is full
  float crowded;                           // kPa: above it a cell counts as crowded
  float t_cell_kill, senescent_removal;
  float waking, spent; // 1/min: of sleepers, and of cells that have divided as often as they may
  std::uint16_t body_steps;
  std::uint32_t debris_cleared; // threshold per step
  // cycle: clock units per step at full speed
  Pace pace;   // of tumour cells
  Pace normal; // of normal cells
  float ticks; // clock units in a step of a cycle of one minute
  bool regeneration;
  int regeneration_neighbours;
  bool stem;
  // EMT, MET: 1/min
  bool transition;
  float emt, met, hypoxia_gain, matrix_gain, matrix_edge, hypoxia_high, hypoxia_low;
  // energy, when glucose is on
  bool glucose;
  float atp_oxygen, atp_glucose;   // weights of the two uptakes
  float oxygen_half, glucose_half; // mmHg, mM
  float atp_rest, atp_death;
  std::uint16_t lost_after; // steps a cell may wait in a voxel that a vessel fills
};

// Probability of at least one event of rate h during dt, as a 32-bit threshold.
MV_HD inline std::uint32_t event_threshold(float rate, float dt) {
  const float x = rate * dt;
  const float p = x < 0.05f ? x * (1.0f - x * (0.5f - x * 0.16666667f)) : 1.0f - exact::expf(-x);
  return p >= 1.0f ? 0xffffffffu : static_cast<std::uint32_t>(p * 4294967040.0f);
}

// Which of the hazards that add up to `whole` it was: a place between 0 and the sum, from the upper
// 24 bits of a word.
struct Share {
  std::uint32_t word;
  float whole;
  MV_HD bool within(float part) const {
    return static_cast<float>(word >> 8) * whole < part * 16777216.0f;
  }
};

// What a cell's surroundings do to it, and the rules they act by.
struct Ageing {
  FieldView oxygen;
  FieldView glucose;
  PressureView pressure; // kPa
  const float* matrix;
  const std::uint16_t* membrane;
  const std::uint8_t* sensed;
  TraitFactors factor;
  LedgerView ledger;
  FateParameters p;
  Lattice lattice;
  std::uint64_t seed, step;

  MV_HD static float ramp_down(float v, float high, float low) {
    if (high <= low) return v < low ? 1.0f : 0.0f;
    return exact::clamp((high - v) / (high - low), 0.0f, 1.0f);
  }
  // ATP yield relative to normoxia: 2 per glucose in glycolysis, 29/5 per oxygen.
  MV_HD float energy(const Voxel& s, float breathed) const {
    if (!p.glucose) return 1.0f;
    const float g = glucose.at(s);
    return p.atp_oxygen * (breathed / (breathed + p.oxygen_half)) +
           p.atp_glucose * (g / (g + p.glucose_half));
  }
  MV_HD std::uint16_t advanced(std::uint16_t clock, float units, std::uint32_t dither) const {
    // More than a clock holds is no more than that; a number beyond int would be what each
    // processor makes of it.
    units = exact::min_of(units, static_cast<float>(clock_divide));
    // Rounded up with the probability of the fraction, so that slow clocks keep their mean speed.
    const float whole = static_cast<float>(static_cast<int>(units));
    const auto fraction = static_cast<std::uint32_t>((units - whole) * 65536.0f);
    const int ticks = static_cast<int>(units) + ((dither & 0xffffu) < fraction ? 1 : 0);
    return static_cast<std::uint16_t>(exact::min_of(clock + ticks, clock_divide));
  }
  // Cells behind a basement membrane are not crushed: pressure passes through it, cells do not.
  MV_HD bool shielded(const Voxel& s) const {
    const std::int64_t pitch = lattice.pitch(), plane = lattice.plane();
    return (membrane[s.i] | membrane[s.i - 1] | membrane[s.i + 1] | membrane[s.i - pitch] |
            membrane[s.i + pitch] | membrane[s.i - plane] | membrane[s.i + plane]) != 0;
  }
  MV_HD float crushing(const Voxel& s) const {
    if (p.crushing == 0.0f) return 0.0f;
    const float above = pressure.at(s) - p.bearable;
    if (above <= 0.0f || shielded(s)) return 0.0f;
    return p.crushing * exact::min_of(1.0f, above / p.crushing_width);
  }

  // Flags of a cell that may begin to rest for want of oxygen, or end it. Not all at once: cells
  // that share a scarce supply would otherwise rest and wake together, step by step.
  MV_HD std::uint16_t rested(std::uint16_t flags, float felt, float atp, std::uint32_t word) const {
    const bool starving = felt < p.rest_enter || atp < p.atp_rest;
    const bool recovered = felt > p.rest_leave && atp >= p.atp_rest;
    const bool switches = (word >> 16) < p.rest_switch;
    if (starving && switches) flags |= flag_hypoxic;
    if (recovered && switches) flags = static_cast<std::uint16_t>(flags & ~flag_hypoxic);
    return flags;
  }
  // Steps of rest for want of oxygen; of a doomed cell, those that are left to it.
  MV_HD static std::uint16_t next_timer(std::uint16_t timer, std::uint16_t flags) {
    if ((flags & flag_doomed) != 0) return static_cast<std::uint16_t>(exact::max_of(timer - 1, 0));
    return (flags & flag_hypoxic) != 0 ? static_cast<std::uint16_t>(exact::min_of(timer + 1, 65535))
                                       : std::uint16_t{0};
  }
  // Sleepers wait and the doomed have a time that is drawn: neither dies by its own programme
  // before.
  MV_HD static bool own_end(std::uint16_t flags) {
    return (flags & (flag_dormant | flag_doomed)) != 0;
  }

  // What follows happens to cell `at` of `cell`, which is in voxel s: standing there, or second.

  // The starved fall to debris, all others leave an apoptotic body.
  MV_HD void die(const CellView& cell, std::int64_t at, Kind from, Cause cause) const {
    Cell body;
    body.kind = cause == Cause::starved ? Kind::necrotic : Kind::apoptotic;
    body.clone = cell.clone[at];
    cell.store(at, body);
    ledger.death(from, body.kind, cause);
  }
  // Whether a body has lain for as long as it takes to clear it.
  MV_HD bool due(const CellView& cell, std::int64_t at, Kind kind, std::uint32_t word) const {
    if (kind != Kind::apoptotic) return word < p.debris_cleared;
    cell.timer[at] = static_cast<std::uint16_t>(cell.timer[at] + 1);
    return cell.timer[at] >= p.body_steps;
  }
  MV_HD void age_normal(const CellView& cell, std::int64_t at, const Voxel& s, Kind kind,
                        Purpose purpose) const {
    const float breathed = oxygen.at(s);
    const Surroundings around{sensed[s.i]};
    const float necrosis =
        p.necrosis ? p.necrosis_rate * ramp_down(breathed, p.necrosis_high, p.necrosis_low) : 0.0f;
    const float other = p.apoptosis_normal + crushing(s);
    const bool cycling = p.regeneration && around.living() <= p.regeneration_neighbours;
    if (necrosis + other == 0.0f && !cycling) return;
    const Draw d = draw(seed, purpose, lattice.global(s), step);
    if (d.word[0] < event_threshold(necrosis + other, p.dt)) {
      const Share share{d.word[1], necrosis + other};
      const Cause cause = share.within(necrosis)                        ? Cause::starved
                          : share.within(necrosis + p.apoptosis_normal) ? Cause::programmed
                                                                        : Cause::crushed;
      return die(cell, at, kind, cause);
    }
    if (cycling)
      cell.clock[at] =
          advanced(cell.clock[at],
                   p.ticks * (p.normal.epithelial * p.normal.oxygen_share(breathed)), d.word[3]);
  }
  // `stands`: it may lose hold, and change its phenotype.
  MV_HD void age_tumour(const CellView& cell, std::int64_t at, const Voxel& s, Kind kind,
                        const Draw& d, bool stands) const {
    const float breathed = oxygen.at(s);
    const Surroundings around{sensed[s.i]};
    const std::uint64_t traits = cell.traits[at];
    std::uint16_t flags = cell.flags[at];
    const bool m_like = kind == Kind::mesenchymal;
    // A tolerant cell feels the thresholds at lower pressure.
    const float felt = breathed * factor.of(traits, Trait::hypoxia_tolerance);
    const float atp = energy(s, breathed);
    const float pressed = pressure.at(s);

    if (p.quiescence) flags = rested(flags, felt, atp, d.word[3]);
    const bool hypoxic = (flags & flag_hypoxic) != 0;
    const std::uint16_t time = next_timer(cell.timer[at], flags);
    cell.timer[at] = time;
    if (time == 0 && (flags & flag_doomed) != 0) return die(cell, at, kind, Cause::doomed);
    const auto mark = [&flags](bool set, std::uint16_t flag) {
      flags = static_cast<std::uint16_t>(set ? flags | flag : flags & ~flag);
    };
    mark(pressed > p.crowded, flag_crowded);
    mark(stands && around.tumour() == 0, flag_detached);
    const bool limited = (flags & flag_limited) != 0;
    const bool senescent =
        (limited || (p.stem && (flags & flag_stem) == 0)) && cell.capacity[at] == 0;
    mark(senescent, flag_senescent);
    // A sleeper keeps its phenotype, whose draw tells when it wakes.
    const bool asleep = (flags & flag_dormant) != 0;
    if (asleep) mark(d.word[2] >= event_threshold(p.waking, p.dt), flag_dormant);
    cell.flags[at] = flags;

    const float full_rate = p.pace.rate(kind, flags, traits, factor, breathed);
    float necrosis =
        p.necrosis ? p.necrosis_rate * ramp_down(felt, p.necrosis_high, p.necrosis_low) : 0.0f;
    if (atp < p.atp_death) necrosis = p.necrosis_rate;
    const float programmed = own_end(flags) ? 0.0f : p.apoptosis + p.apoptosis_share * full_rate;
    float apoptosis = programmed;
    if (stands && matrix[s.i] < p.anoikis_matrix && around.living() == 0)
      apoptosis +=
          p.anoikis * (m_like || (flags & flag_stem) != 0 ? p.hold_mesenchymal : p.hold_epithelial);
    const float up_to_anoikis = apoptosis;
    if (around.killers() > 0)
      apoptosis += p.t_cell_kill * static_cast<float>(around.killers()) *
                   factor.of(traits, Trait::immunogenicity);
    const float up_to_t_cells = apoptosis;
    if (senescent) apoptosis += limited ? p.spent : p.senescent_removal;
    if (hypoxic && time > p.rest_limit && (flags & flag_doomed) == 0)
      return die(cell, at, kind, Cause::starved);
    const float hazard = necrosis + apoptosis;
    if (d.word[0] < event_threshold(hazard, p.dt)) {
      const Share share{d.word[1], hazard};
      const Cause cause = share.within(necrosis)                   ? Cause::starved
                          : share.within(necrosis + programmed)    ? Cause::programmed
                          : share.within(necrosis + up_to_anoikis) ? Cause::anoikis
                          : share.within(necrosis + up_to_t_cells) ? Cause::t_cell
                                                                   : Cause::senescent;
      return die(cell, at, kind, cause);
    }

    if (stands && p.transition && !asleep) {
      const float hypoxia = ramp_down(breathed, p.hypoxia_high, p.hypoxia_low);
      const bool edge = matrix[s.i] < p.matrix_edge && around.living() < 6;
      const float rate =
          m_like ? p.met
                 : p.emt * (1.0f + p.hypoxia_gain * hypoxia + (edge ? p.matrix_gain : 0.0f));
      if (d.word[2] < event_threshold(rate, p.dt)) {
        const Kind changed = m_like ? Kind::epithelial : Kind::mesenchymal;
        cell.kind_code[at] = static_cast<std::uint8_t>(changed);
        ledger.transition(kind, changed);
      }
    }

    if (full_rate > 0.0f)
      cell.clock[at] =
          advanced(cell.clock[at], p.ticks * (full_rate * p.pace.held_back(pressed)), d.word[3]);
  }
};

// Cells that stand.
struct AdvanceFate {
  static constexpr const char* name = "cell.fate";
  static constexpr double bytes = 10; // kind, neighbours, oxygen, pressure; a tumour cell 24 more
  CellView cell;
  Ageing ageing;

  MV_HD void operator()(const Voxel& s) const {
    const Kind kind = cell.kind(s.i);
    if (is_dead(kind)) return clear_body(s, kind);
    if (is_normal(kind)) return ageing.age_normal(cell, s.i, s, kind, Purpose::fate);
    if (is_tumour(kind)) ageing.age_tumour(cell, s.i, s, kind, drawn(s), true);
  }

  MV_HD Draw drawn(const Voxel& s) const {
    return draw(ageing.seed, Purpose::fate, ageing.lattice.global(s), ageing.step);
  }

  // Most voxels of a line are empty or hold normal cells at ease, and a glance at the line tells.
  void row(const Row& r) const {
    const FateParameters& p = ageing.p;
    const FieldView& oxygen = ageing.oxygen;
    const bool presses = ageing.pressure.on && p.crushing > 0.0f;
    const bool glance = oxygen.coarsen == 1 && !p.regeneration && p.apoptosis_normal == 0.0f;
    const float danger = p.necrosis ? p.necrosis_high : 0.0f;
    const float bearable = presses ? p.bearable : 3e38f;
    std::uint8_t tumour[marked_piece], other[marked_piece];
    std::uint16_t list[marked_piece + DrawList::size];
    for (int begin = 0; begin < r.n; begin += marked_piece) {
      const int n = exact::min_of(marked_piece, r.n - begin);
      const std::int64_t i = r.i + begin;
      const std::uint8_t* MV_RESTRICT k = cell.kind_code + i;
      const float* MV_RESTRICT c = glance ? oxygen.c + i : ageing.matrix + i;
      const float* MV_RESTRICT pressed = glance && presses ? ageing.pressure.field.c + i : c;
      int tumours = 0, others = 0;
#pragma omp simd reduction(| : tumours, others)
      for (int x = 0; x < n; ++x) {
        const bool normal = one_of<normal_kinds>(k[x]);
        const bool dead = one_of<dead_kinds>(k[x]);
        const bool stirred = !glance | (pressed[x] > bearable) | (c[x] < danger);
        tumour[x] = one_of<tumour_kinds>(k[x]) ? 1 : 0;
        other[x] = (dead | (normal & stirred)) ? 1 : 0;
        tumours |= tumour[x];
        others |= other[x];
      }
      if (others != 0) {
        for (int x = n; x % 64 != 0; ++x) other[x] = 0;
        const int count = list_marked(other, n, list);
        for (int m = 0; m < count; ++m)
          (*this)(Voxel{r.x + begin + list[m], r.y, r.z, i + list[m]});
      }
      if (tumours == 0) continue;
      for (int x = n; x % 64 != 0; ++x) tumour[x] = 0;
      const int count = list_marked(tumour, n, list);
      for (int x = count; x % DrawList::size != 0; ++x) list[x] = 0;
      for (int m = 0; m < count; m += DrawList::size) {
        DrawList draws;
        draw_list(ageing.seed, Purpose::fate, ageing.lattice.global(r.x + begin, r.y, r.z),
                  list + m, ageing.step, 0, draws);
        const int end = exact::min_of(DrawList::size, count - m);
        for (int d = 0; d < end; ++d) {
          const Voxel s{r.x + begin + list[m + d], r.y, r.z, i + list[m + d]};
          ageing.age_tumour(cell, s.i, s, cell.kind(s.i), draws.at(d), true);
        }
      }
    }
  }

  // A body whose time has come gives its place to whoever comes; after as long again, to nobody.
  MV_HD void clear_body(const Voxel& s, Kind kind) const {
    if (!ageing.due(cell, s.i, kind, kind == Kind::apoptotic ? 0 : drawn(s).word[0])) return;
    if ((cell.flags[s.i] & flag_replaceable) == 0) {
      cell.flags[s.i] |= flag_replaceable;
      cell.timer[s.i] = 0;
      return;
    }
    cell.erase(s.i);
    ageing.ledger.departure(kind, Reservoir::cleared);
  }
};

// Second cells: they age, starve and die as others do, and keep their phenotype.
struct AgeExcess {
  static constexpr const char* name = "cell.age_excess";
  static constexpr double bytes = 64;
  ExcessView excess;
  const std::uint8_t* standing; // kinds
  Ageing ageing;

  MV_HD void operator()(std::int64_t n) const {
    if (excess.gone(n)) return;
    const CellView& cell = excess.cell;
    const Kind kind = cell.kind(n);
    const Voxel s = excess.place(n);
    if (static_cast<Kind>(standing[s.i]) == Kind::vessel) {
      excess.waited[n] = static_cast<std::uint16_t>(exact::min_of(excess.waited[n] + 1, 65535));
      if (excess.waited[n] > ageing.p.lost_after) {
        ageing.ledger.departure(kind, Reservoir::pressed_out);
        return excess.drop(n, s.i);
      }
    }
    if (is_normal(kind)) return ageing.age_normal(cell, n, s, kind, Purpose::excess_fate);
    const Draw d = draw(ageing.seed, Purpose::excess_fate, ageing.lattice.global(s), ageing.step);
    if (is_tumour(kind)) return ageing.age_tumour(cell, n, s, kind, d, false);
    if (is_dead(kind) && ageing.due(cell, n, kind, d.word[0])) {
      ageing.ledger.departure(kind, Reservoir::cleared);
      excess.drop(n, s.i);
    }
  }
};

} // namespace metavox
