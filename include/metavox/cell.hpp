// Cells: what one carries, how it ages, rests, dies, changes phenotype and divides.
//
// There is no cell table. A cell lives in the arrays at the voxel it stands in, and every rule
// reads a neighbourhood and then changes voxels that nobody else can change, so the order of
// traversal cannot matter.
#pragma once

#include <cstdint>

#include "metavox/core/exact.hpp"
#include "metavox/core/lattice.hpp"
#include "metavox/core/random.hpp"
#include "metavox/kind.hpp"

namespace metavox {

// Heritable traits, one signed byte each: factor = exp(trait_step * value).
enum class Trait : int {
  cycle_time = 0,
  oxygen_use = 1,
  proteinase = 2, // MT1-MMP and MMP-2
  adhesion = 3,
  hypoxia_tolerance = 4, // divides the pressures at which it rests and dies
  drug_resistance = 5,
  immunogenicity = 6,
  vegf = 7
};
inline constexpr int trait_count = 8;
inline constexpr double trait_step = 0.02;

// The cycle clock runs from clock_zero at birth to clock_divide; the room below lets a newborn
// start late, which is how cycle times vary from cell to cell.
inline constexpr int clock_unit = 32768;
inline constexpr int clock_zero = 16384;
inline constexpr int clock_divide = clock_zero + clock_unit;

MV_HD inline bool is_normal(Kind k) { return k == Kind::parenchyma || k == Kind::stroma; }
MV_HD inline bool is_tumour(Kind k) { return k == Kind::epithelial || k == Kind::mesenchymal; }
MV_HD inline bool is_dead(Kind k) { return k == Kind::apoptotic || k == Kind::necrotic; }
MV_HD inline bool is_living(Kind k) { return is_normal(k) || is_tumour(k) || k == Kind::t_cell; }

struct Cell {
  Kind kind = Kind::none;
  std::uint8_t flags = 0;
  std::uint16_t clock = 0;
  std::uint16_t timer = 0;
  std::uint8_t capacity = 0;
  std::uint16_t clone = 0;
  std::uint64_t traits = 0;
};

// The arrays of all cells of a lattice; padded indices.
struct CellView {
  std::uint8_t* kind_code;
  std::uint8_t* flags;
  std::uint16_t* clock;
  std::uint16_t* timer;   // steps of hypoxic rest, or steps since death
  std::uint8_t* capacity; // divisions left to a progenitor
  std::uint16_t* clone;   // label of the founder
  std::uint64_t* traits;

  MV_HD Kind kind(std::int64_t i) const { return static_cast<Kind>(kind_code[i]); }
  MV_HD Cell load(std::int64_t i) const {
    return {kind(i), flags[i], clock[i], timer[i], capacity[i], clone[i], traits[i]};
  }
  MV_HD void store(std::int64_t i, const Cell& c) const {
    kind_code[i] = static_cast<std::uint8_t>(c.kind);
    flags[i] = c.flags;
    clock[i] = c.clock;
    timer[i] = c.timer;
    capacity[i] = c.capacity;
    clone[i] = c.clone;
    traits[i] = c.traits;
  }
  MV_HD void erase(std::int64_t i) const { store(i, Cell{}); }
};

// exp(trait_step * v) for v in [-128, 127], at index v + 128.
struct TraitFactors {
  const float* table;
  MV_HD float of(std::uint64_t traits, Trait t) const {
    const auto byte = static_cast<std::uint8_t>(traits >> (8 * static_cast<int>(t)));
    return table[static_cast<std::uint8_t>(byte + 128)];
  }
};

// A field as cells see it: on the tissue lattice itself, or by linear interpolation from a coarser
// one.
struct FieldView {
  const float* c;
  Lattice lattice; // of the field
  int coarsen;
  MV_HD float at(const Site& s) const {
    if (coarsen == 1) return c[s.i];
    return interpolated(s.x, s.y, s.z);
  }
  MV_HD float interpolated(int x, int y, int z) const {
    const auto part = [this](int v, int n, int& low, int& high) {
      // Centre of the tissue voxel in units of field voxels, relative to the centre of field voxel
      // 0.
      const float u = (static_cast<float>(2 * v + 1) / static_cast<float>(coarsen) - 1.0f) * 0.5f;
      const float floor_u = u < 0.0f ? -1.0f : static_cast<float>(static_cast<int>(u));
      low = static_cast<int>(floor_u);
      high = exact::min_of(low + 1, n - 1);
      const float t = u - floor_u;
      low = exact::max_of(low, 0);
      return t;
    };
    int x0, x1, y0, y1, z0, z1;
    const float tx = part(x, lattice.nx, x0, x1), ty = part(y, lattice.ny, y0, y1),
                tz = part(z, lattice.nz, z0, z1);
    const auto line = [&](int yy, int zz) {
      return c[lattice.index(x0, yy, zz)] * (1.0f - tx) + c[lattice.index(x1, yy, zz)] * tx;
    };
    return (line(y0, z0) * (1.0f - ty) + line(y1, z0) * ty) * (1.0f - tz) +
           (line(y0, z1) * (1.0f - ty) + line(y1, z1) * ty) * tz;
  }
};

// Every change of kind, counted: flow[from][to]. `none` as source is birth or arrival, as target
// removal.
inline constexpr int flow_width = 16;
struct LedgerView {
  std::int64_t* flow;
  MV_HD void record(Kind from, Kind to) const {
    atomic_add(flow + static_cast<int>(from) * flow_width + static_cast<int>(to), 1);
  }
};

// ---- sensing
// -----------------------------------------------------------------------------------------------------

// What a cell feels of its six neighbours, in one byte: living (0-6), tumour (0-6), T cells (0-3).
struct Surroundings {
  std::uint8_t byte;
  MV_HD int living() const { return byte & 7; }
  MV_HD int tumour() const { return (byte >> 3) & 7; }
  MV_HD int t_cells() const { return byte >> 6; }
};

struct SenseNeighbours {
  static constexpr const char* name = "cell.sense";
  static constexpr double bytes = 2;
  const std::uint8_t* kind;
  std::uint8_t* sensed;
  std::int64_t pitch, plane;
  // 1 if living, 8 if also tumour, 64 if a T cell: bytes that add up over six neighbours, T cells
  // apart.
  MV_HD static std::uint8_t weight(std::uint8_t code) {
    static_assert(static_cast<int>(Kind::parenchyma) == 1 && static_cast<int>(Kind::t_cell) == 5);
    const auto living = static_cast<std::uint8_t>(static_cast<std::uint8_t>(code - 1) < 5 ? 1 : 0);
    const auto tumour = static_cast<std::uint8_t>(static_cast<std::uint8_t>(code - 3) < 2 ? 8 : 0);
    return static_cast<std::uint8_t>(living + tumour);
  }
  MV_HD static std::uint8_t t_cell(std::uint8_t code) {
    return code == static_cast<std::uint8_t>(Kind::t_cell) ? 1 : 0;
  }
  MV_HD static std::uint8_t combined(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                                     std::uint8_t e, std::uint8_t f) {
    const auto sum = static_cast<std::uint8_t>(weight(a) + weight(b) + weight(c) + weight(d) +
                                               weight(e) + weight(f));
    const auto t = static_cast<std::uint8_t>(t_cell(a) + t_cell(b) + t_cell(c) + t_cell(d) +
                                             t_cell(e) + t_cell(f));
    return static_cast<std::uint8_t>(sum + 64 * (t < 3 ? t : 3));
  }
  MV_HD void operator()(const Site& s) const {
    const std::uint8_t* k = kind + s.i;
    sensed[s.i] = combined(k[-1], k[1], k[-pitch], k[pitch], k[-plane], k[plane]);
  }
  void row(const Row& r) const {
    const std::uint8_t* k = kind + r.i;
    const std::uint8_t* yl = k - pitch;
    const std::uint8_t* yh = k + pitch;
    const std::uint8_t* zl = k - plane;
    const std::uint8_t* zh = k + plane;
    std::uint8_t* MV_RESTRICT out = sensed + r.i;
#pragma omp simd
    for (int x = 0; x < r.n; ++x) out[x] = combined(k[x - 1], k[x + 1], yl[x], yh[x], zl[x], zh[x]);
  }
};

// ---- fate
// --------------------------------------------------------------------------------------------------------

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
  MV_HD float energy(const Site& s, float pressure) const {
    if (!p.glucose) return 1.0f;
    const float g = glucose.at(s);
    return p.atp_oxygen * (pressure / (pressure + p.oxygen_half)) +
           p.atp_glucose * (g / (g + p.glucose_half));
  }
  MV_HD std::uint16_t advanced(std::uint16_t clock, float units, std::uint32_t dither) const {
    // Rounded up with the probability of the fraction, so that slow clocks keep their mean speed.
    const float whole = static_cast<float>(static_cast<int>(units));
    const auto fraction = static_cast<std::uint32_t>((units - whole) * 65536.0f);
    const int ticks = static_cast<int>(units) + ((dither & 0xffffu) < fraction ? 1 : 0);
    return static_cast<std::uint16_t>(exact::min_of(clock + ticks, clock_divide));
  }
  MV_HD void die(const Site& s, Kind from, Kind to) const {
    Cell body;
    body.kind = to;
    body.clone = cell.clone[s.i];
    cell.store(s.i, body);
    ledger.record(from, to);
  }

  MV_HD void operator()(const Site& s) const {
    const Kind kind = cell.kind(s.i);
    if (kind == Kind::none || kind == Kind::vessel || kind == Kind::t_cell) return;
    if (is_dead(kind)) return clear_body(s, kind);
    const float pressure = oxygen.at(s);
    if (is_normal(kind)) return age_normal(s, kind, pressure);
    age_tumour(s, kind, pressure, draw(seed, Purpose::fate, lattice.global(s), step));
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
        const bool normal = static_cast<std::uint8_t>(k[x] - 1) < 2;
        const bool dead = static_cast<std::uint8_t>(k[x] - 6) < 2;
        const bool stirred = !glance | ((near[x] & 0x38) != 0) | (c[x] < danger);
        tumour[x] = static_cast<std::uint8_t>(k[x] - 3) < 2 ? 1 : 0;
        other[x] = (dead | (normal & stirred)) ? 1 : 0;
        tumours |= tumour[x];
        others |= other[x];
      }
      if (others != 0) {
        for (int x = n; x % 64 != 0; ++x) other[x] = 0;
        const int count = list_marked(other, n, list);
        for (int m = 0; m < count; ++m) (*this)(Site{r.x + begin + list[m], r.y, r.z, i + list[m]});
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
          const Site s{r.x + begin + list[m + d], r.y, r.z, i + list[m + d]};
          age_tumour(s, cell.kind(s.i), oxygen.at(s), draws.at(d));
        }
      }
    }
  }

  MV_HD void clear_body(const Site& s, Kind kind) const {
    bool cleared;
    if (kind == Kind::apoptotic) {
      cell.timer[s.i] = static_cast<std::uint16_t>(cell.timer[s.i] + 1);
      cleared = cell.timer[s.i] >= p.body_steps;
    } else {
      cleared = draw(seed, Purpose::fate, lattice.global(s), step).word[0] < p.debris_cleared;
    }
    if (cleared) {
      cell.erase(s.i);
      ledger.record(kind, Kind::none);
    }
  }

  MV_HD void age_normal(const Site& s, Kind kind, float pressure) const {
    const Surroundings around{sensed[s.i]};
    const float necrosis =
        p.necrosis ? p.necrosis_rate * ramp_down(pressure, p.necrosis_high, p.necrosis_low) : 0.0f;
    const bool pressed = around.tumour() > 0 && room[s.i] > p.push_distance2;
    const float other = p.apoptosis_normal + (pressed ? p.crushing : 0.0f);
    const bool cycling = p.regeneration && around.living() <= p.regeneration_neighbours;
    if (necrosis + other == 0.0f && !cycling) return;
    const Draw d = draw(seed, Purpose::fate, lattice.global(s), step);
    if (d.word[0] < event_threshold(necrosis + other, p.dt)) {
      const bool starved =
          static_cast<float>(d.word[1] >> 8) * (necrosis + other) < necrosis * 16777216.0f;
      return die(s, kind, starved ? Kind::necrotic : Kind::apoptotic);
    }
    if (cycling)
      cell.clock[s.i] =
          advanced(cell.clock[s.i],
                   p.advance_normal * cycle_speed(pressure, p.half_pressure_normal), d.word[3]);
  }

  MV_HD void age_tumour(const Site& s, Kind kind, float pressure, const Draw& d) const {
    const Surroundings around{sensed[s.i]};
    const std::uint64_t traits = cell.traits[s.i];
    std::uint8_t flags = cell.flags[s.i];
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
      if (recovered && switches) flags = static_cast<std::uint8_t>(flags & ~flag_hypoxic);
    }
    const bool hypoxic = (flags & flag_hypoxic) != 0;
    const std::uint16_t rested =
        hypoxic ? static_cast<std::uint16_t>(exact::min_of(cell.timer[s.i] + 1, 65535))
                : std::uint16_t{0};
    cell.timer[s.i] = rested;
    const bool crowded = p.crowding && room[s.i] > p.push_distance2;
    flags = static_cast<std::uint8_t>(crowded ? flags | flag_crowded : flags & ~flag_crowded);
    flags = static_cast<std::uint8_t>(around.tumour() == 0 ? flags | flag_detached
                                                           : flags & ~flag_detached);
    const bool senescent = p.stem && (flags & flag_stem) == 0 && cell.capacity[s.i] == 0;
    flags = static_cast<std::uint8_t>(senescent ? flags | flag_senescent : flags & ~flag_senescent);
    cell.flags[s.i] = flags;

    float necrosis =
        p.necrosis ? p.necrosis_rate * ramp_down(felt, p.necrosis_high, p.necrosis_low) : 0.0f;
    if (atp < p.atp_death) necrosis = p.necrosis_rate;
    float apoptosis = p.apoptosis;
    if (matrix[s.i] < p.anoikis_matrix && around.living() == 0)
      apoptosis +=
          p.anoikis * (m_like || (flags & flag_stem) != 0 ? p.hold_mesenchymal : p.hold_epithelial);
    if (around.t_cells() > 0)
      apoptosis += p.t_cell_kill * static_cast<float>(around.t_cells()) *
                   factor.of(traits, Trait::immunogenicity);
    if (senescent) apoptosis += p.senescent_removal;
    if (hypoxic && rested > p.rest_limit) return die(s, kind, Kind::necrotic);
    const float hazard = necrosis + apoptosis;
    if (d.word[0] < event_threshold(hazard, p.dt)) {
      const bool starved = static_cast<float>(d.word[1] >> 8) * hazard < necrosis * 16777216.0f;
      return die(s, kind, starved ? Kind::necrotic : Kind::apoptotic);
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
        ledger.record(kind, changed);
      }
    }

    if (hypoxic || crowded || senescent) return;
    const float full = (m_like ? p.advance_mesenchymal : p.advance_epithelial) /
                       factor.of(traits, Trait::cycle_time);
    cell.clock[s.i] =
        advanced(cell.clock[s.i], full * cycle_speed(pressure, p.half_pressure), d.word[3]);
  }
};

// ---- room
// --------------------------------------------------------------------------------------------------------

// Squared distance, in voxels, from every voxel to the nearest one a cell could be pushed into;
// 255: none within reach. Separable: the minimum over x of d^2, then over y, then over z. Exact up
// to `reach`.
inline constexpr int longest_push = 15; // 15^2 still fits the byte

struct MeasureRoomX {
  static constexpr const char* name = "cell.room_x";
  static constexpr double bytes = 2;
  const std::uint8_t* kind;
  std::uint8_t* out;
  Lattice lattice;
  int reach;
  bool into_dead;
  MV_HD bool is_free(std::uint8_t code) const {
    const auto k = static_cast<Kind>(code);
    return k == Kind::none || (into_dead && is_dead(k));
  }
  MV_HD void operator()(const Site& s) const {
    int best = 255;
    for (int d = -reach; d <= reach; ++d) {
      const int x = s.x + d;
      if (x < 0 || x >= lattice.nx) continue;
      if (is_free(kind[s.i + d])) best = exact::min_of(best, d * d);
    }
    out[s.i] = static_cast<std::uint8_t>(best);
  }
  void row(const Row& r) const {
    constexpr int chunk = 512;
    std::uint8_t taken[chunk + 2 * longest_push];
    std::uint8_t best[chunk];
    for (int begin = 0; begin < r.n; begin += chunk) {
      const int n = exact::min_of(chunk, r.n - begin);
      for (int k = 0; k < n + 2 * reach; ++k) taken[k] = 255;
      const int first = exact::max_of(begin - reach, 0);
      const int last = exact::min_of(begin + n + reach, r.n);
      const std::uint8_t* in = kind + r.i;
      std::uint8_t* MV_RESTRICT mark = taken - (begin - reach);
      const auto none = static_cast<std::uint8_t>(Kind::none);
      const auto dead0 = static_cast<std::uint8_t>(into_dead ? Kind::apoptotic : Kind::none);
      const auto dead1 = static_cast<std::uint8_t>(into_dead ? Kind::necrotic : Kind::none);
#pragma omp simd
      for (int x = first; x < last; ++x)
        mark[x] = ((in[x] == none) | (in[x] == dead0) | (in[x] == dead1)) != 0 ? 0 : 255;
#pragma omp simd
      for (int x = 0; x < n; ++x) best[x] = 255;
      for (int d = -reach; d <= reach; ++d) {
        const std::uint8_t* from = taken + reach + d;
        const auto d2 = static_cast<std::uint8_t>(d * d);
#pragma omp simd
        for (int x = 0; x < n; ++x) {
          const std::uint8_t v = from[x] < d2 ? d2 : from[x];
          best[x] = best[x] < v ? best[x] : v;
        }
      }
      std::uint8_t* MV_RESTRICT to = out + r.i + begin;
#pragma omp simd
      for (int x = 0; x < n; ++x) to[x] = best[x];
    }
  }
};

template <bool along_z>
struct MeasureRoomYZ {
  static constexpr const char* name = along_z ? "cell.room_z" : "cell.room_y";
  static constexpr double bytes = 2;
  const std::uint8_t* in;
  std::uint8_t* out;
  Lattice lattice;
  int reach;
  MV_HD void operator()(const Site& s) const {
    const int here = along_z ? s.z : s.y, n = along_z ? lattice.nz : lattice.ny;
    const std::int64_t stride = along_z ? lattice.plane() : lattice.pitch();
    int best = 255;
    for (int d = -reach; d <= reach; ++d)
      if (here + d >= 0 && here + d < n)
        best = exact::min_of(best, static_cast<int>(in[s.i + d * stride]) + d * d);
    out[s.i] = static_cast<std::uint8_t>(best);
  }
  void row(const Row& r) const {
    const int here = along_z ? r.z : r.y, n = along_z ? lattice.nz : lattice.ny;
    const std::int64_t stride = along_z ? lattice.plane() : lattice.pitch();
    std::uint8_t* MV_RESTRICT to = out + r.i;
    const std::uint8_t* MV_RESTRICT own = in + r.i;
#pragma omp simd
    for (int x = 0; x < r.n; ++x) to[x] = own[x];
    for (int d = -reach; d <= reach; ++d) {
      if (d == 0 || here + d < 0 || here + d >= n) continue;
      const std::uint8_t* MV_RESTRICT from = in + r.i + d * stride;
      // A sum that does not fit the byte is out of reach and must not wrap.
      const auto d2 = static_cast<std::uint8_t>(d * d);
      const auto most = static_cast<std::uint8_t>(255 - d * d);
#pragma omp simd
      for (int x = 0; x < r.n; ++x) {
        const std::uint8_t capped = from[x] < most ? from[x] : most;
        const auto v = static_cast<std::uint8_t>(capped + d2);
        to[x] = to[x] < v ? to[x] : v;
      }
    }
  }
};

// ---- contests
// ----------------------------------------------------------------------------------------------------

// A cell that wants voxels writes its rank into each; the smallest rank stays. It may act if it
// holds all of them.
struct ContestView {
  std::uint32_t* claim; // padded; unclaimed everywhere between contests
  std::uint16_t* plan;  // what the cell at a voxel proposes; 0: nothing
  std::uint8_t* mark;   // per brick: something in it proposes
  Bricks bricks;
  std::uint32_t key0, key1;
  MV_HD void propose(const Site& s, std::uint16_t what) const {
    plan[s.i] = what;
    mark[bricks.of(s.x, s.y, s.z)] = 1; // whoever writes, it is the same byte
  }
  MV_HD std::uint32_t rank(const Lattice& l, const Site& s) const {
    return contest_rank(static_cast<std::uint32_t>(l.global(s)), key0, key1);
  }
};
inline constexpr std::uint32_t unclaimed = 0xffffffffu;

// Keys of a contest's ranks, different for every step and round.
struct ContestKeys {
  std::uint32_t key0, key1;
};
inline ContestKeys contest_keys(std::uint64_t seed, std::uint64_t step, int round) {
  const std::uint64_t k =
      mix64(mix64(seed ^ 0x6d657461766f78ULL) + step * 64 + static_cast<std::uint64_t>(round));
  return {static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(k >> 32)};
}

// ---- division
// ----------------------------------------------------------------------------------------------------

// Offsets within the longest push, sorted by length; first[d2] is the first one with squared length
// >= d2.
struct Offset {
  std::int8_t dx, dy, dz;
};
struct PushTable {
  const Offset* offset;
  const std::uint16_t* first; // longest_push^2 + 2 entries
};

// Voxel m of the digital line from a mother to a push's end, m = 0 ... length; an offset is never
// zero.
struct PushPath {
  int dx, dy, dz, length;
  MV_HD explicit PushPath(Offset o) : dx(o.dx), dy(o.dy), dz(o.dz) {
    const int ax = dx < 0 ? -dx : dx, ay = dy < 0 ? -dy : dy, az = dz < 0 ? -dz : dz;
    length = exact::max_of(ax, exact::max_of(ay, az));
  }
  MV_HD int along(int d, int m) const {
    const int a = d < 0 ? -d : d;
    const int rounded =
        (2 * m * a + length) / (2 * length); // NOLINT(clang-analyzer-core.DivideZero)
    return d < 0 ? -rounded : rounded;
  }
  MV_HD std::int64_t index(const Lattice& l, const Site& s, int m) const {
    return l.index(s.x + along(dx, m), s.y + along(dy, m), s.z + along(dz, m));
  }
};

struct ProposeDivision {
  static constexpr const char* name = "cell.propose_division";
  static constexpr double bytes = 2; // the clock
  CellView cell;
  const std::uint8_t* room;
  const std::uint16_t* membrane;
  ContestView contest;
  PushTable table;
  Lattice lattice;
  int push_distance2;
  bool into_dead;
  bool normal_divides;
  std::uint64_t seed, step;

  MV_HD bool is_free(Kind k) const { return k == Kind::none || (into_dead && is_dead(k)); }
  MV_HD bool wants(const Site& s, Kind k) const {
    if (!is_tumour(k) && !(normal_divides && is_normal(k))) return false;
    if (cell.clock[s.i] < clock_divide) return false;
    return (cell.flags[s.i] & (flag_hypoxic | flag_crowded | flag_senescent)) == 0;
  }
  MV_HD bool passable(const Site& s, const PushPath& path) const {
    for (int m = 1; m <= path.length; ++m) {
      const std::int64_t i = path.index(lattice, s, m);
      if (cell.kind(i) == Kind::vessel || membrane[i] != 0) return false;
    }
    return true;
  }
  void row(const Row& r) const {
    constexpr int piece = 64;
    for (int begin = 0; begin < r.n; begin += piece) {
      const int n = exact::min_of(piece, r.n - begin);
      const std::uint16_t* MV_RESTRICT clock = cell.clock + r.i + begin;
      std::uint16_t latest = 0;
#pragma omp simd reduction(max : latest)
      for (int x = 0; x < n; ++x) latest = latest < clock[x] ? clock[x] : latest;
      if (latest < clock_divide) continue;
      for (int x = begin; x < begin + n; ++x)
        if (cell.clock[r.i + x] >= clock_divide) (*this)(Site{r.x + x, r.y, r.z, r.i + x});
    }
  }
  MV_HD void operator()(const Site& s) const {
    const Kind kind = cell.kind(s.i);
    if (!wants(s, kind)) return;
    // Normal cells push nobody: only a free face neighbour will do.
    const int limit = is_tumour(kind) ? exact::max_of(push_distance2, 1) : 1;
    const int nearest = room[s.i];
    if (nearest > limit) return;
    const std::uint32_t word = draw(seed, Purpose::division, lattice.global(s), step).word[0];
    for (int d2 = exact::max_of(nearest, 1); d2 <= limit; ++d2) {
      const int begin = table.first[d2], end = table.first[d2 + 1];
      const int count = end - begin;
      if (count == 0) continue;
      const int start = static_cast<int>(below(word, static_cast<std::uint32_t>(count)));
      for (int k = 0; k < count; ++k) {
        const int entry = begin + (start + k < count ? start + k : start + k - count);
        const Offset o = table.offset[entry];
        if (!lattice.holds(s.x + o.dx, s.y + o.dy, s.z + o.dz)) continue;
        if (!is_free(cell.kind(lattice.index(s.x + o.dx, s.y + o.dy, s.z + o.dz)))) continue;
        const PushPath path(o);
        if (!passable(s, path)) continue;
        contest.propose(s, static_cast<std::uint16_t>(entry + 1));
        const std::uint32_t rank = contest.rank(lattice, s);
        for (int m = 0; m <= path.length; ++m)
          atomic_min(contest.claim + path.index(lattice, s, m), rank);
        return;
      }
    }
  }
};

struct DivisionParameters {
  bool stem;
  std::uint32_t symmetric; // threshold
  std::uint8_t capacity;
  std::uint32_t mutates; // threshold per trait
  float deviation;       // of the log factor, in trait steps
  float variation;       // coefficient of variation of the cycle time
};

struct CommitDivision {
  static constexpr const char* name = "cell.commit_division";
  static constexpr double bytes = 2;
  CellView cell;
  ContestView contest;
  PushTable table;
  LedgerView ledger;
  Lattice lattice;
  DivisionParameters p;
  std::uint64_t seed, step;

  // A newborn's clock: cycle times are log-normal with mean one and the given variation.
  MV_HD std::uint16_t newborn_clock(std::uint32_t word) const {
    if (p.variation <= 0.0f) return clock_zero;
    const double v = p.variation;
    const double sigma2 = exact::log(1.0 + v * v);
    const double length =
        exact::exp(::sqrt(sigma2) * exact::normal_quantile(to_unit(word)) - 0.5 * sigma2);
    const double start = clock_zero + clock_unit * (1.0 - length);
    constexpr double latest =
        clock_zero + clock_unit / 2; // NOLINT(bugprone-integer-division): a tick
    return static_cast<std::uint16_t>(exact::clamp(start, 0.0, latest));
  }
  MV_HD std::uint64_t inherited(std::uint64_t traits, Purpose purpose, std::uint64_t voxel) const {
    if (p.mutates == 0) return traits;
    for (int half = 0; half < 2; ++half) {
      const Draw d = draw(seed, purpose, voxel, step, static_cast<std::uint32_t>(half));
      for (int n = 0; n < 4; ++n) {
        if (d.word[n] >= p.mutates) continue;
        // The part of the word below the threshold is uniform again.
        const double u = (d.word[n] + 0.5) / p.mutates;
        const int t = 4 * half + n;
        const auto old = static_cast<std::int8_t>(static_cast<std::uint8_t>(traits >> (8 * t)));
        const double moved = old + exact::normal_quantile(u) * p.deviation;
        const int rounded = static_cast<int>(moved < 0 ? moved - 0.5 : moved + 0.5);
        const auto fresh =
            static_cast<std::uint8_t>(static_cast<std::int8_t>(exact::clamp(rounded, -128, 127)));
        traits = (traits & ~(std::uint64_t{255} << (8 * t))) | (std::uint64_t{fresh} << (8 * t));
      }
    }
    return traits;
  }
  MV_HD void operator()(const Site& s) const {
    const std::uint16_t plan = contest.plan[s.i];
    if (plan == 0) return;
    const PushPath path(table.offset[plan - 1]);
    const std::uint32_t rank = contest.rank(lattice, s);
    for (int m = 0; m <= path.length; ++m)
      if (contest.claim[path.index(lattice, s, m)] != rank) return;

    const Kind displaced = cell.kind(path.index(lattice, s, path.length));
    if (displaced != Kind::none) ledger.record(displaced, Kind::none);
    for (int m = path.length; m > 1; --m)
      cell.store(path.index(lattice, s, m), cell.load(path.index(lattice, s, m - 1)));

    const std::uint64_t voxel = lattice.global(s);
    const Draw d = draw(seed, Purpose::division, voxel, step);
    Cell mother = cell.load(s.i);
    Cell daughter = mother;
    if (p.stem && is_tumour(mother.kind)) {
      if ((mother.flags & flag_stem) != 0) {
        if (d.word[1] >= p.symmetric) {
          daughter.flags = static_cast<std::uint8_t>(daughter.flags & ~flag_stem);
          daughter.capacity = p.capacity;
        }
      } else {
        mother.capacity = daughter.capacity = static_cast<std::uint8_t>(mother.capacity - 1);
      }
    }
    mother.clock = newborn_clock(d.word[2]);
    daughter.clock = newborn_clock(d.word[3]);
    mother.timer = daughter.timer = 0;
    if (is_tumour(mother.kind)) {
      mother.traits = inherited(mother.traits, Purpose::inheritance, voxel);
      daughter.traits = inherited(daughter.traits, Purpose::inheritance_daughter, voxel);
    }
    cell.store(s.i, mother);
    cell.store(path.index(lattice, s, 1), daughter);
    ledger.record(Kind::none, daughter.kind);
  }
};

struct WithdrawDivision {
  static constexpr const char* name = "cell.withdraw_division";
  static constexpr double bytes = 2;
  ContestView contest;
  PushTable table;
  Lattice lattice;
  MV_HD void operator()(const Site& s) const {
    const std::uint16_t plan = contest.plan[s.i];
    if (plan == 0) return;
    const PushPath path(table.offset[plan - 1]);
    for (int m = 0; m <= path.length; ++m) contest.claim[path.index(lattice, s, m)] = unclaimed;
    contest.plan[s.i] = 0;
  }
};

// ---- making way
// --------------------------------------------------------------------------------------------------

// Sprouts push in where cells stand: the cells between them and the nearest free voxel move up by
// one. A cell that nobody can make room for is lost. One voxel after the other, because two pushes
// may need the same room.
struct MakeWay {
  static constexpr const char* name = "cell.make_way";
  static constexpr double bytes = 64;
  CellView cell;
  const std::uint16_t* membrane;
  PushTable table;
  LedgerView ledger;
  Lattice lattice;
  int push_distance2;
  const std::int64_t* entered; // x fastest, no ghosts
  std::int64_t entered_count;
  const std::int64_t* left;
  std::int64_t left_count;
  std::uint64_t seed, step;

  MV_HD bool free_path(const Site& s, const Offset& o) const {
    if (!lattice.holds(s.x + o.dx, s.y + o.dy, s.z + o.dz)) return false;
    const PushPath path(o);
    if (cell.kind(path.index(lattice, s, path.length)) != Kind::none) return false;
    for (int m = 1; m <= path.length; ++m) {
      const std::int64_t i = path.index(lattice, s, m);
      if (cell.kind(i) == Kind::vessel || membrane[i] != 0) return false;
    }
    return true;
  }
  MV_HD bool push_aside(const Site& s) const {
    const std::uint32_t word = draw(seed, Purpose::make_way, lattice.global(s), step).word[0];
    for (int d2 = 1; d2 <= push_distance2; ++d2) {
      const int begin = table.first[d2], count = table.first[d2 + 1] - begin;
      const int start =
          count > 0 ? static_cast<int>(below(word, static_cast<std::uint32_t>(count))) : 0;
      for (int k = 0; k < count; ++k) {
        const Offset o = table.offset[begin + (start + k < count ? start + k : start + k - count)];
        if (!free_path(s, o)) continue;
        const PushPath path(o);
        for (int m = path.length; m > 0; --m)
          cell.store(path.index(lattice, s, m), cell.load(path.index(lattice, s, m - 1)));
        return true;
      }
    }
    return false;
  }
  MV_HD void operator()(std::int64_t) const {
    for (std::int64_t n = 0; n < left_count; ++n) {
      cell.erase(lattice.site_of(left[n]).i);
      ledger.record(Kind::vessel, Kind::none);
    }
    for (std::int64_t n = 0; n < entered_count; ++n) {
      const Site s = lattice.site_of(entered[n]);
      const Kind kind = cell.kind(s.i);
      if (kind == Kind::vessel) continue;
      const bool lost = kind != Kind::none && !push_aside(s);
      Cell lumen;
      lumen.kind = Kind::vessel;
      cell.store(s.i, lumen);
      ledger.record(lost ? kind : Kind::none, Kind::vessel);
    }
  }
};

// ---- counting
// ----------------------------------------------------------------------------------------------------

// Voxels by kind; the independent count that the ledger is checked against every step.
struct CountKinds {
  static constexpr const char* name = "cell.count";
  static constexpr double bytes = 1;
  static constexpr int bins = kind_count;
  const std::uint8_t* kind;
  MV_HD void operator()(const Site& s, std::int64_t* count) const { count[kind[s.i]] += 1; }
  void row(const Row& r, std::int64_t* count) const {
    const std::uint8_t* MV_RESTRICT k = kind + r.i;
    for (int code = 0; code < bins; ++code) {
      const auto wanted = static_cast<std::uint8_t>(code);
      std::int64_t n = 0;
      for (int begin = 0; begin < r.n; begin += 128) { // a byte holds the count of 128 comparisons
        const int end = exact::min_of(begin + 128, r.n);
        std::uint8_t part = 0;
#pragma omp simd reduction(+ : part)
        for (int x = begin; x < end; ++x)
          part = static_cast<std::uint8_t>(part + (k[x] == wanted ? 1 : 0));
        n += part;
      }
      count[code] += n;
    }
  }
};

// Bricks in which a cell rule could change something: tumour, bodies, roaming stroma, normal cells
// in danger.
struct FindActivity {
  static constexpr const char* name = "cell.activity";
  static constexpr double bytes = 64; // the first line of a brick may decide
  const std::uint8_t* kind;
  FieldView oxygen;
  std::uint8_t* flag;
  Lattice lattice;
  Bricks bricks;
  bool normal_always; // regeneration or turnover on
  bool stroma_moves;
  bool starving_dies;
  float danger; // mmHg
  MV_HD void operator()(std::int64_t b) const {
    const int x0 = static_cast<int>(b % bricks.nx) * brick_edge;
    const int y0 = static_cast<int>(b / bricks.nx % bricks.ny) * brick_edge;
    const int z0 = static_cast<int>(b / bricks.nx / bricks.ny) * brick_edge;
    bool active = false;
    for (int z = z0; z < exact::min_of(z0 + brick_edge, lattice.nz) && !active; ++z)
      for (int y = y0; y < exact::min_of(y0 + brick_edge, lattice.ny) && !active; ++y)
        for (int x = x0; x < exact::min_of(x0 + brick_edge, lattice.nx); ++x) {
          const Site s = lattice.site(x, y, z);
          const auto k = static_cast<Kind>(kind[s.i]);
          if (is_tumour(k) || is_dead(k) || k == Kind::t_cell) active = true;
          if (is_normal(k) && (normal_always || (stroma_moves && k == Kind::stroma) ||
                               (starving_dies && oxygen.at(s) < danger)))
            active = true;
        }
    flag[b] = active ? 1 : 0;
  }
};

// A brick acts if it or one of its 26 neighbours is active: what happens next to a tumour cell may
// happen across a brick's face.
struct WidenActivity {
  static constexpr const char* name = "cell.widen_activity";
  static constexpr double bytes = 2;
  const std::uint8_t* flag;
  std::uint8_t* wide;
  Bricks bricks;
  MV_HD void operator()(std::int64_t b) const {
    const int x = static_cast<int>(b % bricks.nx), y = static_cast<int>(b / bricks.nx % bricks.ny),
              z = static_cast<int>(b / bricks.nx / bricks.ny);
    bool any = false;
    for (int dz = -1; dz <= 1; ++dz)
      for (int dy = -1; dy <= 1; ++dy)
        for (int dx = -1; dx <= 1; ++dx) {
          const int xx = x + dx, yy = y + dy, zz = z + dz;
          if (xx < 0 || xx >= bricks.nx || yy < 0 || yy >= bricks.ny || zz < 0 || zz >= bricks.nz)
            continue;
          any = any || flag[xx + static_cast<std::int64_t>(bricks.nx) *
                                     (yy + static_cast<std::int64_t>(bricks.ny) * zz)] != 0;
        }
    wide[b] = any ? 1 : 0;
  }
};

} // namespace metavox
