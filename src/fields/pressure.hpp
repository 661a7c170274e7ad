// Pressure: tissue that grows pushes, and flows down the gradient to where there is room.
//
//   -K lap P + K (k_0 + max(0, v - v_a) / lam^2) P = w (g f(P) + max(0, e - e_0) / tau) - lambda
//
// u = -K grad P is the velocity of the tissue (Darcy's law), the right side its divergence: what
// cells grow, excess cells that find no place add, and what bodies vanish by. v and e are blurred
// shares of free voxels and of excess cells; w falls from 1 in packed tissue to 0 where cells stand
// alone; g is the pace of growth without pressure, f the share that pressure leaves; free space
// absorbs to a depth lam. Steady, in kPa; negative where tissue vanishes.
#pragma once

#include <cstdint>

#include "core/constants.hpp"
#include "core/exact.hpp"
#include "fields/field.hpp"
#include "voxel/growth.hpp"
#include "voxel/pace.hpp"
#include "voxel/pressure_view.hpp"

namespace metavox {

// f and k of the tangent at the pressure that stands in the solver.
struct AssemblePressure {
  static constexpr const char* name = "pressure.assemble";
  static constexpr double bytes = 29; // a tumour voxel takes 14 more
  CellView cell;
  FieldView oxygen;
  TraitFactors factor;
  RoomView room;
  Pace pace;
  float leak;                // K k_0, 1/min/kPa
  float absorption;          // K / lam^2
  float apoptotic, necrotic; // rates at which bodies vanish, 1/min
  Lattice tissue;
  SplitLattice split; // of the pressure, f and k
  int coarsen;
  bool first;             // there is no last pressure
  float *pressure, *last; // kPa: that of the last cycle, and the one it started from
  float *f, *k;           // 1/min, 1/min/kPa

  struct Terms {
    float source, loss;
  };

  // Tangents at low pressure hardly fall, so that they lead far beyond the solution, and from there
  // back below it: no pressure moves further in a cycle than to about twice what it was.
  MV_HD float trusted(float p, float before) const {
    const float reach = pace.half + (before < 0.0f ? -before : before);
    return first ? p : exact::clamp(p, before - reach, before + reach);
  }
  MV_HD float grown_at(const Voxel& s) const {
    return static_cast<float>(ln2) *
           pace.rate(cell.kind(s.i), cell.flags[s.i], cell.traits[s.i], factor, oxygen.at(s));
  }
  MV_HD float vanishing(std::uint8_t code) const {
    const float dying = one_of<only(Kind::apoptotic)>(code) ? apoptotic : 0.0f;
    return one_of<only(Kind::necrotic)>(code) ? necrotic : dying;
  }
  // Of a tissue voxel: growth g, what vanishes, and the pressure there.
  MV_HD Terms of(std::uint16_t free, std::uint16_t excess, float g, float lambda, float p) const {
    constexpr float unit = 1.0f / 32768,
                    pressing = 1.0f / (growth::lone_free - growth::packed_free),
                    hurry = 1.0f / growth::settling;
    const float v = static_cast<float>(free) * unit, e = static_cast<float>(excess) * unit;
    const float w = exact::clamp((growth::lone_free - v) * pressing, 0.0f, 1.0f);
    const float d = pace.slope(p);
    const float grown = g * (pace.held_back(p) + d * p);
    const float pushed = exact::max_of(e - growth::easy_excess, 0.0f) * hurry;
    const float beyond = exact::max_of(v - growth::packed_free, 0.0f);
    return {w * (grown + pushed) - lambda, (leak + absorption * beyond) + w * (g * d)};
  }
  MV_HD Terms at(const Voxel& s, float p) const {
    const float g = is_tumour(cell.kind(s.i)) ? grown_at(s) : 0.0f;
    return of(room.free[s.i], room.excess[s.i], g, vanishing(cell.kind_code[s.i]), p);
  }

  MV_HD void operator()(const Voxel& s) const {
    const std::int64_t j = split.index(s.x, s.y, s.z);
    const float p = trusted(pressure[j], last[j]);
    pressure[j] = p;
    last[j] = p;
    Terms sum{0.0f, 0.0f};
    if (coarsen == 1) {
      sum = at(s, p);
    } else {
      for (int dz = 0; dz < coarsen; ++dz)
        for (int dy = 0; dy < coarsen; ++dy)
          for (int dx = 0; dx < coarsen; ++dx) {
            const int x = s.x * coarsen + dx, y = s.y * coarsen + dy, z = s.z * coarsen + dz;
            if (!tissue.holds(x, y, z)) continue;
            const Terms one = at(tissue.voxel(x, y, z), p);
            sum.source = sum.source + one.source;
            sum.loss = sum.loss + one.loss;
          }
      const float share = 1.0f / static_cast<float>(coarsen * coarsen * coarsen);
      sum.source = sum.source * share;
      sum.loss = sum.loss * share;
    }
    f[j] = sum.source;
    k[j] = sum.loss;
  }

  void row(const Row& r) const {
    if (coarsen != 1) {
      for (int x = 0; x < r.n; ++x) (*this)(Voxel{r.x + x, r.y, r.z, r.i + x});
      return;
    }
    constexpr int piece = 256; // even
    float p[piece], before[piece], g[piece], source[piece], loss[piece];
    for (int begin = 0; begin < r.n; begin += piece) {
      const int n = exact::min_of(piece, r.n - begin);
      const std::int64_t i = r.i + begin;
      const std::uint8_t* MV_RESTRICT code = cell.kind_code + i;
      const std::uint16_t* MV_RESTRICT free = room.free + i;
      const std::uint16_t* MV_RESTRICT excess = room.excess + i;
      gather_line(pressure, split, r.y, r.z, begin, n, p);
      gather_line(last, split, r.y, r.z, begin, n, before);
      int tumours = 0;
#pragma omp simd reduction(| : tumours)
      for (int x = 0; x < n; ++x) {
        g[x] = 0.0f;
        tumours |= one_of<tumour_kinds>(code[x]) ? 1 : 0;
      }
      if (tumours != 0)
        for (int x = 0; x < n; ++x)
          if (one_of<tumour_kinds>(code[x]))
            g[x] = grown_at(Voxel{r.x + begin + x, r.y, r.z, i + x});
#pragma omp simd
      for (int x = 0; x < n; ++x) {
        p[x] = trusted(p[x], before[x]);
        const Terms one = of(free[x], excess[x], g[x], vanishing(code[x]), p[x]);
        source[x] = one.source;
        loss[x] = one.loss;
      }
      scatter_line(pressure, split, r.y, r.z, begin, n, p);
      scatter_line(last, split, r.y, r.z, begin, n, p);
      scatter_line(f, split, r.y, r.z, begin, n, source);
      scatter_line(k, split, r.y, r.z, begin, n, loss);
    }
  }
};

class Pressure : public Field {
public:
  Pressure(const FieldGrid& grid, const FieldSettings& settings);
  static FieldRow row_of(const FieldSettings& settings);
  // Whether relax() solves in this step.
  bool due(std::int64_t step) const { return solved() && step % every_ == 0; }
  PressureView felt() const { return {concentration(), row().enabled}; }
  // Brings pressure into balance with cells and their room, where it is due. `oxygen` as cells see
  // it. Throws NumericalError where the solver does not converge.
  void relax(const CellView& cells, const FieldView& oxygen, TraitFactors factor,
             const RoomView& room, std::int64_t step);

private:
  GrowthParameters settings_;
  Pace pace_;
  double apoptotic_, necrotic_; // 1/min
  std::int64_t every_;          // steps
};

} // namespace metavox
