// How cells age, rest, die and change phenotype.
#pragma once

#include <cstdint>

#include "cells/sense.hpp"
#include "core/exact.hpp"
#include "core/lattice.hpp"
#include "core/random.hpp"
#include "voxel/ledger.hpp"
#include "voxel/views.hpp"

namespace metavox {

struct FateParameters {
  float dt; // min
  // quiescence, mmHg
  bool quiescence, crowding;
  float rest_enter, rest_leave;
  std::uint32_t rest_switch; // chance per step to enter or leave rest, in 65536ths
  std::uint16_t rest_limit;  // steps
  // death, 1/min and mmHg
  bool necrosis;
  float necrosis_high, necrosis_low, necrosis_rate;
  float apoptosis, apoptosis_normal, anoikis, anoikis_matrix;
  float hold_epithelial, hold_mesenchymal; // 1 - resistance to anoikis
  float crushing, t_cell_kill, senescent_removal;
  std::uint16_t body_steps;
  std::uint32_t debris_cleared; // threshold per step
  // cycle: clock units per step at full speed
  bool physicell_ramp;
  float advance_epithelial, advance_mesenchymal, advance_normal;
  float half_pressure, half_pressure_normal, ramp_low, ramp_high;
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
  int push_distance2;
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

struct AdvanceFate {
  static constexpr const char* name = "cell.fate";
  static constexpr double bytes = 6; // kind, neighbours, oxygen; a tumour cell takes 24 more
  CellView cell;
  FieldView oxygen;
  FieldView glucose;
  const float* matrix;
  const std::uint8_t* sensed;
  const std::uint8_t* room; // squared distance to the nearest free voxel
  TraitFactors factor;
  LedgerView ledger;
  FateParameters p;
  Lattice lattice;
  std::uint64_t seed, step;

  MV_HD static float ramp_down(float v, float high, float low) {
    if (high <= low) return v < low ? 1.0f : 0.0f;
    return exact::clamp((high - v) / (high - low), 0.0f, 1.0f);
  }
  MV_HD float cycle_speed(float pressure, float half) const {
    if (p.physicell_ramp)
      return exact::clamp((pressure - p.ramp_low) / (p.ramp_high - p.ramp_low), 0.0f, 1.0f);
    return pressure > 0.0f ? pressure / (pressure + half) : 0.0f;
  }
  // ATP yield relative to normoxia: 2 per glucose in glycolysis, 29/5 per oxygen.
  MV_HD float energy(const Voxel& s, float pressure) const {
    if (!p.glucose) return 1.0f;
    const float g = glucose.at(s);
    return p.atp_oxygen * (pressure / (pressure + p.oxygen_half)) +
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
  // The starved fall to debris, all others leave an apoptotic body.
  MV_HD void die(const Voxel& s, Kind from, Cause cause) const {
    Cell body;
    body.kind = cause == Cause::starved ? Kind::necrotic : Kind::apoptotic;
    body.clone = cell.clone[s.i];
    cell.store(s.i, body);
    ledger.death(from, body.kind, cause);
  }

  MV_HD void operator()(const Voxel& s) const {
    const Kind kind = cell.kind(s.i);
    if (is_dead(kind)) return clear_body(s, kind);
    if (is_normal(kind)) return age_normal(s, kind, oxygen.at(s));
    if (is_tumour(kind))
      age_tumour(s, kind, oxygen.at(s), draw(seed, Purpose::fate, lattice.global(s), step));
  }

  // Most voxels of a line are empty or hold normal cells at ease, and a glance at the line tells.
  void row(const Row& r) const {
    const bool glance = oxygen.coarsen == 1 && !p.regeneration && p.apoptosis_normal == 0.0f;
    const float danger = p.necrosis ? p.necrosis_high : 0.0f;
    std::uint8_t tumour[marked_piece], other[marked_piece];
    std::uint16_t list[marked_piece + DrawList::size];
    for (int begin = 0; begin < r.n; begin += marked_piece) {
      const int n = exact::min_of(marked_piece, r.n - begin);
      const std::int64_t i = r.i + begin;
      const std::uint8_t* MV_RESTRICT k = cell.kind_code + i;
      const std::uint8_t* MV_RESTRICT near = sensed + i;
      const float* MV_RESTRICT c = glance ? oxygen.c + i : matrix + i;
      int tumours = 0, others = 0;
#pragma omp simd reduction(| : tumours, others)
      for (int x = 0; x < n; ++x) {
        const bool normal = one_of<normal_kinds>(k[x]);
        const bool dead = one_of<dead_kinds>(k[x]);
        const bool stirred = !glance | ((near[x] & 0x38) != 0) | (c[x] < danger);
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
        draw_list(seed, Purpose::fate, lattice.global(r.x + begin, r.y, r.z), list + m, step, 0,
                  draws);
        const int end = exact::min_of(DrawList::size, count - m);
        for (int d = 0; d < end; ++d) {
          const Voxel s{r.x + begin + list[m + d], r.y, r.z, i + list[m + d]};
          age_tumour(s, cell.kind(s.i), oxygen.at(s), draws.at(d));
        }
      }
    }
  }

  MV_HD void clear_body(const Voxel& s, Kind kind) const {
    bool cleared;
    if (kind == Kind::apoptotic) {
      cell.timer[s.i] = static_cast<std::uint16_t>(cell.timer[s.i] + 1);
      cleared = cell.timer[s.i] >= p.body_steps;
    } else {
      cleared = draw(seed, Purpose::fate, lattice.global(s), step).word[0] < p.debris_cleared;
    }
    if (cleared) {
      cell.erase(s.i);
      ledger.departure(kind, Reservoir::cleared);
    }
  }

  MV_HD void age_normal(const Voxel& s, Kind kind, float pressure) const {
    const Surroundings around{sensed[s.i]};
    const float necrosis =
        p.necrosis ? p.necrosis_rate * ramp_down(pressure, p.necrosis_high, p.necrosis_low) : 0.0f;
    const bool pressed = around.tumour() > 0 && room[s.i] > p.push_distance2;
    const float other = p.apoptosis_normal + (pressed ? p.crushing : 0.0f);
    const bool cycling = p.regeneration && around.living() <= p.regeneration_neighbours;
    if (necrosis + other == 0.0f && !cycling) return;
    const Draw d = draw(seed, Purpose::fate, lattice.global(s), step);
    if (d.word[0] < event_threshold(necrosis + other, p.dt)) {
      const Share share{d.word[1], necrosis + other};
      const Cause cause = share.within(necrosis)                        ? Cause::starved
                          : share.within(necrosis + p.apoptosis_normal) ? Cause::programmed
                                                                        : Cause::crushed;
      return die(s, kind, cause);
    }
    if (cycling)
      cell.clock[s.i] =
          advanced(cell.clock[s.i],
                   p.advance_normal * cycle_speed(pressure, p.half_pressure_normal), d.word[3]);
  }

  MV_HD void age_tumour(const Voxel& s, Kind kind, float pressure, const Draw& d) const {
    const Surroundings around{sensed[s.i]};
    const std::uint64_t traits = cell.traits[s.i];
    std::uint16_t flags = cell.flags[s.i];
    const bool m_like = kind == Kind::mesenchymal;
    // A tolerant cell feels the thresholds at lower pressure.
    const float felt = pressure * factor.of(traits, Trait::hypoxia_tolerance);
    const float atp = energy(s, pressure);

    if (p.quiescence) {
      const bool starving = felt < p.rest_enter || atp < p.atp_rest;
      const bool recovered = felt > p.rest_leave && atp >= p.atp_rest;
      // Not all at once: cells that share a scarce supply would otherwise rest and wake together,
      // step by step.
      const bool switches = (d.word[3] >> 16) < p.rest_switch;
      if (starving && switches) flags |= flag_hypoxic;
      if (recovered && switches) flags = static_cast<std::uint16_t>(flags & ~flag_hypoxic);
    }
    const bool hypoxic = (flags & flag_hypoxic) != 0;
    const std::uint16_t rested =
        hypoxic ? static_cast<std::uint16_t>(exact::min_of(cell.timer[s.i] + 1, 65535))
                : std::uint16_t{0};
    cell.timer[s.i] = rested;
    const bool crowded = p.crowding && room[s.i] > p.push_distance2;
    flags = static_cast<std::uint16_t>(crowded ? flags | flag_crowded : flags & ~flag_crowded);
    flags = static_cast<std::uint16_t>(around.tumour() == 0 ? flags | flag_detached
                                                            : flags & ~flag_detached);
    const bool senescent = p.stem && (flags & flag_stem) == 0 && cell.capacity[s.i] == 0;
    flags =
        static_cast<std::uint16_t>(senescent ? flags | flag_senescent : flags & ~flag_senescent);
    cell.flags[s.i] = flags;

    float necrosis =
        p.necrosis ? p.necrosis_rate * ramp_down(felt, p.necrosis_high, p.necrosis_low) : 0.0f;
    if (atp < p.atp_death) necrosis = p.necrosis_rate;
    float apoptosis = p.apoptosis;
    if (matrix[s.i] < p.anoikis_matrix && around.living() == 0)
      apoptosis +=
          p.anoikis * (m_like || (flags & flag_stem) != 0 ? p.hold_mesenchymal : p.hold_epithelial);
    const float up_to_anoikis = apoptosis;
    if (around.killers() > 0)
      apoptosis += p.t_cell_kill * static_cast<float>(around.killers()) *
                   factor.of(traits, Trait::immunogenicity);
    const float up_to_t_cells = apoptosis;
    if (senescent) apoptosis += p.senescent_removal;
    if (hypoxic && rested > p.rest_limit) return die(s, kind, Cause::starved);
    const float hazard = necrosis + apoptosis;
    if (d.word[0] < event_threshold(hazard, p.dt)) {
      const Share share{d.word[1], hazard};
      const Cause cause = share.within(necrosis)                   ? Cause::starved
                          : share.within(necrosis + p.apoptosis)   ? Cause::programmed
                          : share.within(necrosis + up_to_anoikis) ? Cause::anoikis
                          : share.within(necrosis + up_to_t_cells) ? Cause::t_cell
                                                                   : Cause::senescent;
      return die(s, kind, cause);
    }

    if (p.transition) {
      const float hypoxia = ramp_down(pressure, p.hypoxia_high, p.hypoxia_low);
      const bool edge = matrix[s.i] < p.matrix_edge && around.living() < 6;
      const float rate =
          m_like ? p.met
                 : p.emt * (1.0f + p.hypoxia_gain * hypoxia + (edge ? p.matrix_gain : 0.0f));
      if (d.word[2] < event_threshold(rate, p.dt)) {
        const Kind changed = m_like ? Kind::epithelial : Kind::mesenchymal;
        cell.kind_code[s.i] = static_cast<std::uint8_t>(changed);
        ledger.transition(kind, changed);
      }
    }

    if (hypoxic || crowded || senescent) return;
    const float full = (m_like ? p.advance_mesenchymal : p.advance_epithelial) /
                       factor.of(traits, Trait::cycle_time);
    cell.clock[s.i] =
        advanced(cell.clock[s.i], full * cycle_speed(pressure, p.half_pressure), d.word[3]);
  }
};

} // namespace metavox
