// How the cells of a lattice become the right side, loss and uptake of a field's problem.
#pragma once

#include <cstdint>

#include "core/exact.hpp"
#include "core/lattice.hpp"
#include "solver/diffusion.hpp"
#include "voxel/excess.hpp"
#include "voxel/pressure_view.hpp"
#include "voxel/views.hpp"

namespace metavox {

// What one voxel contributes, by the code of the kind in it. Entries from 16 on are those of tumour
// cells whose rest lowers their uptake, and of free voxels that medium does not reach; laws that
// know no rest leave them alone.
struct VoxelTerms {
  float source[32] = {};   // unit/min
  float increase[32] = {}; // unit/min that full hypoxia adds to the source
  float loss[32] = {};     // 1/min
  float uptake[32] = {};   // unit/min, saturating
  float supply[32] = {};  // 1/min: exchange with capillaries too fine to draw, which pressure shuts
  float supply_level = 0; // unit: in their blood
};

enum class Term : std::uint8_t { source, uptake };

// Molecules differ by what they are: a law says which terms they have, whether rest matters, and
// which heritable trait of a tumour cell scales which term.
//
//   struct SomeLaw {
//     static constexpr const char* name = "some.assemble"; // of the functor
//     static constexpr const char* excess_name = "some.add_excess"; // where second cells count
//     static constexpr double bytes = 14;                  // per voxel, at least
//     static constexpr bool rests, loses, takes_up, ramps; // ramps: hypoxia adds to the source
//     static constexpr bool supplied; // there are capillaries too fine to draw
//     static constexpr Term scaled;
//     static constexpr Trait trait;
//   };
template <class Law>
struct AssembleField {
  static constexpr const char* name = Law::name;
  static constexpr double bytes = Law::bytes;

  const std::uint8_t* kind;
  const std::uint16_t* flags;  // read where Law::rests
  const std::uint64_t* traits; // read where traits_matter
  TraitFactors factor;
  bool traits_matter;
  VoxelTerms terms;
  const std::uint8_t* reached; // by medium, where Law::rests and there is medium; or null
  PressureView pressure;       // on the tissue; read where Law::supplied
  float shutting;              // kPa at which fine capillaries carry half of their blood
  const float* oxygen;         // where Law::ramps: on the field's lattice, mmHg
  float high, inverse_width;   // mmHg, 1/mmHg: the ramp
  float uniform_source;        // unit/min in every voxel
  float uniform_loss;          // 1/min in every voxel, 1/dt of a field stepped in time included
  float previous_rate;         // 1/dt, 0 for a steady field
  const float* previous;       // read where previous_rate > 0
  Lattice tissue;
  Lattice lattice;    // of the field
  SplitLattice split; // layout of f, k, q
  int coarsen;
  float *f, *k, *q; // q is written where Law::takes_up

  struct Sum {
    float source = 0.0f, loss = 0.0f, uptake = 0.0f;
  };

  MV_HD float hypoxia(std::int64_t field_voxel) const {
    if constexpr (!Law::ramps) return 0.0f;
    return exact::clamp((high - oxygen[field_voxel]) * inverse_width, 0.0f, 1.0f);
  }
  // Share of fine capillaries that a pressure leaves open.
  MV_HD float open_at(float kilopascal) const {
    const float part = kilopascal / shutting;
    return part > 0.0f ? 1.0f / (1.0f + part * part) : 1.0f;
  }
  MV_HD float open_share(const Voxel& s) const { return open_at(pressure.at(s)); }
  MV_HD static bool resting(std::uint16_t flag) { return (flag & flags_of_rest) != 0; }
  MV_HD float secreted(int entry, float ramp) const {
    if constexpr (!Law::ramps) return terms.source[entry];
    return terms.source[entry] + terms.increase[entry] * ramp;
  }
  MV_HD float scaled_by_trait(float value, std::int64_t i) const {
    return value != 0.0f ? value * factor.of(traits[i], Law::trait) : value;
  }
  // Of cell i of the arrays, in voxel s.
  MV_HD void add(std::int64_t i, const Voxel& s, float ramp, Sum& sum) const {
    const bool tumour = is_tumour(static_cast<Kind>(kind[i]));
    int entry = kind[i] & 15;
    if constexpr (Law::rests) {
      entry += tumour && resting(flags[i]) ? 16 : 0;
      if (reached != nullptr && entry == 0 && reached[s.i] == 0) entry = 16;
    }
    float source = secreted(entry, ramp), uptake = terms.uptake[entry];
    if (traits_matter && tumour) {
      if constexpr (Law::scaled == Term::source) source = scaled_by_trait(source, i);
      if constexpr (Law::scaled == Term::uptake) uptake = scaled_by_trait(uptake, i);
    }
    sum.source = sum.source + source;
    if constexpr (Law::loses) sum.loss = sum.loss + terms.loss[entry];
    if constexpr (Law::supplied) {
      const float kappa = terms.supply[entry] != 0.0f ? terms.supply[entry] * open_share(s) : 0.0f;
      sum.source = sum.source + kappa * terms.supply_level;
      sum.loss = sum.loss + kappa;
    }
    if constexpr (Law::takes_up) sum.uptake = sum.uptake + uptake;
  }
  MV_HD float right_side(float source, std::int64_t field_voxel) const {
    const float own = source + uniform_source;
    return previous_rate > 0.0f ? own + previous_rate * previous[field_voxel] : own;
  }

  MV_HD void operator()(const Voxel& s) const {
    const float ramp = hypoxia(s.i);
    Sum sum;
    if (coarsen == 1) {
      add(s.i, s, ramp, sum);
    } else {
      for (int dz = 0; dz < coarsen; ++dz)
        for (int dy = 0; dy < coarsen; ++dy)
          for (int dx = 0; dx < coarsen; ++dx) {
            const int x = s.x * coarsen + dx, y = s.y * coarsen + dy, z = s.z * coarsen + dz;
            if (!tissue.holds(x, y, z)) continue;
            const Voxel v = tissue.voxel(x, y, z);
            add(v.i, v, ramp, sum);
          }
      const float share = 1.0f / static_cast<float>(coarsen * coarsen * coarsen);
      sum.source = sum.source * share;
      sum.loss = sum.loss * share;
      sum.uptake = sum.uptake * share;
    }
    const std::int64_t j = split.index(s.x, s.y, s.z);
    f[j] = right_side(sum.source, s.i);
    k[j] = sum.loss + uniform_loss;
    if constexpr (Law::takes_up) q[j] = sum.uptake;
  }

  void row(const Row& r) const {
    if (coarsen != 1) {
      for (int x = 0; x < r.n; ++x) (*this)(Voxel{r.x + x, r.y, r.z, r.i + x});
      return;
    }
    constexpr int piece = 256; // even
    float source[piece], loss[piece], uptake[piece];
    int entry[piece];
    for (int begin = 0; begin < r.n; begin += piece) {
      const int n = exact::min_of(piece, r.n - begin);
      const std::int64_t i = r.i + begin;
      const bool tumours = look_up(i, n, entry);
      const float everywhere = uniform_loss;
#pragma omp simd
      for (int x = 0; x < n; ++x) {
        source[x] = secreted(entry[x], hypoxia(i + x));
        loss[x] = Law::loses ? terms.loss[entry[x]] + everywhere : everywhere;
        if constexpr (Law::takes_up) uptake[x] = terms.uptake[entry[x]];
      }
      if constexpr (Law::supplied) supply(Voxel{r.x + begin, r.y, r.z, i}, n, entry, source, loss);
      if (traits_matter && tumours)
        for (int x = 0; x < n; ++x)
          if (is_tumour(static_cast<Kind>(kind[i + x]))) {
            float& scaled = Law::scaled == Term::source ? source[x] : uptake[x];
            scaled = scaled_by_trait(scaled, i + x);
          }
      finish(i, n, source);
      scatter_line(f, split, r.y, r.z, begin, n, source);
      scatter_line(k, split, r.y, r.z, begin, n, loss);
      if constexpr (Law::takes_up) scatter_line(q, split, r.y, r.z, begin, n, uptake);
    }
  }

private:
  // Entries of n voxels from padded index i on; whether a tumour cell is among them.
  bool look_up(std::int64_t i, int n, int* MV_RESTRICT entry) const {
    const std::uint8_t* MV_RESTRICT code = kind + i;
    int tumours = 0;
    if constexpr (Law::rests) {
      const std::uint16_t* MV_RESTRICT flag = flags + i;
#pragma omp simd reduction(| : tumours)
      for (int x = 0; x < n; ++x) {
        const int cancer = is_tumour(static_cast<Kind>(code[x])) ? 1 : 0;
        tumours |= cancer;
        entry[x] = (code[x] & 15) + ((flag[x] & flags_of_rest) != 0 ? 16 * cancer : 0);
      }
      if (reached != nullptr) {
        const std::uint8_t* MV_RESTRICT mark = reached + i;
#pragma omp simd
        for (int x = 0; x < n; ++x) entry[x] += entry[x] == 0 && mark[x] == 0 ? 16 : 0;
      }
    } else {
#pragma omp simd reduction(| : tumours)
      for (int x = 0; x < n; ++x) {
        tumours |= is_tumour(static_cast<Kind>(code[x])) ? 1 : 0;
        entry[x] = code[x] & 15;
      }
    }
    return tumours != 0;
  }
  // Of n voxels from `first` on.
  void supply(const Voxel& first, int n, const int* MV_RESTRICT entry, float* MV_RESTRICT source,
              float* MV_RESTRICT loss) const {
    const float level = terms.supply_level;
    const auto through = [&](const auto& open) { // share of capillaries at a voxel of the piece
#pragma omp simd
      for (int x = 0; x < n; ++x) {
        const float kappa = terms.supply[entry[x]] * open(x);
        source[x] = source[x] + kappa * level;
        loss[x] = loss[x] + kappa;
      }
    };
    if (!pressure.on) return through([](int) { return 1.0f; });
    if (pressure.field.coarsen != 1)
      return through([&](int x) {
        return terms.supply[entry[x]] == 0.0f
                   ? 0.0f
                   : open_share(Voxel{first.x + x, first.y, first.z, first.i + x});
      });
    const float* MV_RESTRICT p = pressure.field.c + first.i;
    through([&](int x) { return open_at(p[x]); });
  }
  void finish(std::int64_t i, int n, float* MV_RESTRICT source) const {
    const float everywhere = uniform_source, old = previous_rate;
    if (old > 0.0f) {
      const float* MV_RESTRICT before = previous + i;
#pragma omp simd
      for (int x = 0; x < n; ++x) source[x] = (source[x] + everywhere) + old * before[x];
    } else if (everywhere != 0.0f) {
      for (int x = 0; x < n; ++x) source[x] = source[x] + everywhere;
    }
  }
};

// What second cells of voxels add to that, wherever no cell is told apart by where it stands.
template <class Law>
struct AddExcess {
  static constexpr const char* name = Law::excess_name;
  static constexpr double bytes = 40;
  AssembleField<Law> field; // of the entries of the list: kind, flags and traits are theirs
  ExcessView excess;

  // The first tissue voxel of a field voxel with such a cell stands for all of them there.
  MV_HD void operator()(std::int64_t n) const {
    if (excess.gone(n)) return;
    const Voxel s = excess.place(n);
    const int c = field.coarsen;
    const int x = s.x / c, y = s.y / c, z = s.z / c;
    const float ramp = field.hypoxia(field.lattice.index(x, y, z));
    typename AssembleField<Law>::Sum sum;
    if (c == 1) {
      field.add(n, s, ramp, sum);
    } else {
      for (int dz = 0; dz < c; ++dz)
        for (int dy = 0; dy < c; ++dy)
          for (int dx = 0; dx < c; ++dx) {
            const Voxel other = excess.lattice.voxel(x * c + dx, y * c + dy, z * c + dz);
            if (!excess.lattice.holds(other.x, other.y, other.z) || excess.held[other.i] == 0)
              continue;
            if (other.i < s.i) return;
            field.add(excess.slot[other.i], other, ramp, sum);
          }
      const float share = 1.0f / static_cast<float>(c * c * c);
      sum.source = sum.source * share;
      sum.loss = sum.loss * share;
      sum.uptake = sum.uptake * share;
    }
    const std::int64_t j = field.split.index(x, y, z);
    field.f[j] = field.f[j] + sum.source;
    if constexpr (Law::loses) field.k[j] = field.k[j] + sum.loss;
    if constexpr (Law::takes_up) field.q[j] = field.q[j] + sum.uptake;
  }
};

} // namespace metavox
