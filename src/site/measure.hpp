// Numbers of the whole lattice: tallies by integer sums, so that every back end and thread count
// agrees exactly.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/random.hpp"
#include "tissue/lymphatics.hpp"
#include "tissue/serosa.hpp"
#include "voxel/excess.hpp"
#include "voxel/views.hpp"

namespace metavox {

// Real numbers are summed as integers of 2^-20 units: associative, hence exact in any order.
MV_HD inline std::int64_t fixed_point(float v) {
  return static_cast<std::int64_t>(exact::clamp(v, -1e9f, 1e9f) * 1048576.0f);
}
inline double from_fixed_point(std::int64_t v) { return static_cast<double>(v) / 1048576.0; }

// Living tumour below this counts as hypoxic in metrics.csv. Assumed, for reports only: no rule
// reads it.
inline constexpr float hypoxic_pressure = 10.0f; // mmHg
// Per cent of the cell cycle, by which metrics.csv tells phases apart; the rest is G2 and M.
// Assumed, for reports only: phases of real cells differ widely.
inline constexpr int g1_share = 28, s_share = 44;

struct TallyCells {
  static constexpr const char* name = "measure.cells";
  static constexpr double bytes = 12;
  // States, then: cell cycle phases G1, S, G2M of proliferating tumour cells; detached; living
  // tumour below hypoxic_pressure; oxygen summed over living tumour; matrix sum; voxels with matrix
  // below the threshold.
  static constexpr int phase_bin = cell_state_count, detached_bin = phase_bin + 3,
                       hypoxic_bin = detached_bin + 1, oxygen_bin = hypoxic_bin + 1,
                       matrix_bin = oxygen_bin + 1, degraded_bin = matrix_bin + 1,
                       epithelial_bin = degraded_bin + 1, mesenchymal_bin = epithelial_bin + 1;
  static constexpr int bins = mesenchymal_bin + 1;
  const std::uint8_t* kind;
  const std::uint16_t* flags;
  const std::uint16_t* clock;
  const float* matrix;
  FieldView oxygen;
  float degraded_below;
  MV_HD void operator()(const Voxel& s, std::int64_t* bin) const {
    const float e = matrix[s.i];
    bin[matrix_bin] += fixed_point(e);
    if (e < degraded_below) bin[degraded_bin] += 1;
    count(s.i, s, bin);
  }
  // Cell i of the arrays, which is in voxel s.
  MV_HD void count(std::int64_t i, const Voxel& s, std::int64_t* bin) const {
    const auto k = static_cast<Kind>(kind[i]);
    bin[static_cast<int>(cell_state(k, flags[i]))] += 1;
    if (!is_tumour(k)) return;
    bin[k == Kind::epithelial ? epithelial_bin : mesenchymal_bin] += 1;
    if ((flags[i] & flag_detached) != 0) bin[detached_bin] += 1;
    const float p = oxygen.at(s);
    bin[oxygen_bin] += fixed_point(p);
    if (p < hypoxic_pressure) bin[hypoxic_bin] += 1;
    if ((flags[i] & flags_of_rest) == 0) {
      const int phase = static_cast<int>(clock[i]) - clock_zero;
      bin[phase_bin + (phase < clock_unit * g1_share / 100               ? 0
                       : phase < clock_unit * (g1_share + s_share) / 100 ? 1
                                                                         : 2)] += 1;
    }
  }
};

// The same of the second cells of voxels; the lattice is a line of entries.
struct TallyExcess {
  static constexpr const char* name = "measure.excess";
  static constexpr double bytes = 24;
  static constexpr int bins = TallyCells::bins;
  ExcessView excess;
  TallyCells tally; // of the list's arrays
  MV_HD void operator()(const Voxel& entry, std::int64_t* bin) const {
    if (!excess.gone(entry.x)) tally.count(entry.x, excess.place(entry.x), bin);
  }
};

// Voxels with a lymphatic, and those whose works.
struct TallyLymphatics {
  static constexpr const char* name = "measure.lymphatics";
  static constexpr double bytes = 1;
  static constexpr int bins = 2;
  const std::uint8_t* state;
  MV_HD void operator()(const Voxel& s, std::int64_t* bin) const {
    const auto lymphatic = static_cast<Lymphatic>(state[s.i]);
    bin[0] += lymphatic != Lymphatic::none ? 1 : 0;
    bin[1] += lymphatic == Lymphatic::works ? 1 : 0;
  }
};

// Voxels of serosal membranes, and those that are broken.
struct TallySerosa {
  static constexpr const char* name = "measure.serosa";
  static constexpr double bytes = 0; // two layers of voxels
  static constexpr int bins = 2;
  const std::uint16_t* membrane;
  SerosalFaces faces;
  MV_HD void operator()(const Voxel& s, std::int64_t* bin) const {
    bin[0] += faces.has_membrane(s.x, s.y, s.z) ? 1 : 0;
    bin[1] += faces.broken(s.x, s.y, s.z, membrane) ? 1 : 0;
  }
};

struct TallyField {
  static constexpr const char* name = "measure.field";
  static constexpr double bytes = 4;
  static constexpr int bins = 1;
  const float* c;
  MV_HD void operator()(const Voxel& s, std::int64_t* bin) const { bin[0] += fixed_point(c[s.i]); }
};

// The largest of numbers above zero, or of their negatives above zero; 0 where there are none.
struct LargestOf {
  static constexpr const char* name = "measure.largest";
  static constexpr double bytes = 4;
  const float* c;
  bool negated = false;
  MV_HD float operator()(const Voxel& s) const {
    const float v = negated ? -c[s.i] : c[s.i];
    return v < 0.0f ? 0.0f : v; // a NaN must show
  }
};

// The smallest of numbers >= 0 is the largest of their mirrored bit patterns. `negated` as above.
struct SmallestOf {
  static constexpr const char* name = "measure.smallest";
  static constexpr double bytes = 4;
  const float* c;
  bool negated = false;
  static constexpr std::uint32_t mirror = 0x7f7fffffu;
  MV_HD float operator()(const Voxel& s) const {
    const float v = negated ? -c[s.i] : c[s.i];
    return exact::bit_cast<float>(mirror - exact::bit_cast<std::uint32_t>(v > 0.0f ? v : 0.0f));
  }
  static float value(float mirrored) {
    return exact::bit_cast<float>(mirror - exact::bit_cast<std::uint32_t>(mirrored));
  }
};

// How far a value strays: its size, and infinity below `low`. NaN stays NaN, which wins over all
// numbers in a maximum.
struct Strayed {
  static constexpr const char* name = "measure.strayed";
  static constexpr double bytes = 4;
  const float* c;
  float low;
  MV_HD static float of(float v, float low) {
    return v < low ? exact::bit_cast<float>(0x7f800000u) : v;
  }
  MV_HD float operator()(const Voxel& s) const { return of(c[s.i], low); }
};

// Codes of kinds are small numbers, which floats hold exactly.
struct LargestKind {
  static constexpr const char* name = "measure.largest_kind";
  static constexpr double bytes = 1;
  const std::uint8_t* kind;
  MV_HD float operator()(const Voxel& s) const { return static_cast<float>(kind[s.i]); }
};

// The first line along x in which one of the kinds stands: its number y + ny z, mirrored as in
// SmallestOf; 0 where there is none.
struct FirstLineOf {
  static constexpr const char* name = "measure.first_line";
  static constexpr double bytes = 1;
  const std::uint8_t* kind;
  KindMask wanted;
  int ny;
  MV_HD float operator()(const Voxel& s) const {
    const auto line = static_cast<std::uint32_t>(s.y) +
                      static_cast<std::uint32_t>(ny) * static_cast<std::uint32_t>(s.z);
    return (wanted >> kind[s.i] & 1) != 0 ? exact::bit_cast<float>(SmallestOf::mirror - line)
                                          : 0.0f;
  }
  static int value(float mirrored) {
    return static_cast<int>(SmallestOf::mirror - exact::bit_cast<std::uint32_t>(mirrored));
  }
};

// The hash of an array: every (voxel, bits) pair is spread over 64 bits and all are added, so the
// order of voxels does not matter but every bit and every position does. Halves of 31 bits keep the
// sums of 2^32 voxels in range.
template <class T>
struct HashArray {
  static constexpr const char* name = "measure.hash";
  static constexpr double bytes = sizeof(T);
  static constexpr int bins = 2;
  const T* values;
  Lattice lattice;
  std::uint64_t salt;
  MV_HD void operator()(const Voxel& s, std::int64_t* bin) const {
    std::uint64_t bits = 0;
    const T v = values[s.i];
    memcpy(&bits, &v, sizeof v);
    const std::uint64_t h = mix64(mix64(lattice.global(s) + salt) ^ bits);
    bin[0] += static_cast<std::int64_t>(h >> 33);
    bin[1] += static_cast<std::int64_t>(h & 0x7fffffffULL);
  }
};

} // namespace metavox
