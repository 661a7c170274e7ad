// VEGF: the call of starving cells for vessels.
//
//   dV/dt = D lap V + s(p) n - delta V - u_EC n_EC V / (V + K_EC)
//
// Secretion ramps up with hypoxia between two pressures (thresholds of the HIF response as in A.
// Ghaffarizadeh et al. 2018, PLoS Comput. Biol. 14:e1005991); rates after F. Mac Gabhann and A.
// Popel's compartment models (BMC Syst. Biol. 2008, 2:77), uptake by endothelium after A. Connor et
// al. 2015 (J. R. Soc. Interface 12:20150546).
#pragma once

#include "site/parameters.hpp"
#include "solver/diffusion.hpp"
#include "voxel/views.hpp"

namespace metavox {

struct AssembleVegf {
  static constexpr const char* name = "vegf.assemble";
  static constexpr double bytes = 17;
  const std::uint8_t* kind;
  const std::uint64_t* traits;
  const float* oxygen; // on the field's lattice, mmHg
  TraitFactors factor;
  bool traits_matter;
  float basal[16];           // nM/min, by kind
  float increase[16];        // nM/min added in full hypoxia
  float high, inverse_width; // mmHg, 1/mmHg: ramp
  float loss;                // 1/min
  float uptake;              // nM/min of a vessel voxel
  float previous_rate;
  const float* previous;
  Lattice tissue;
  SplitLattice split;
  int coarsen;
  float *f, *k, *q;

  MV_HD float hypoxia(float p) const {
    return exact::clamp((high - p) * inverse_width, 0.0f, 1.0f);
  }
  MV_HD float secreted(std::int64_t i, float ramp) const {
    const auto code = kind[i] & 15;
    float s = basal[code] + increase[code] * ramp;
    if (traits_matter && is_tumour(static_cast<Kind>(code)))
      s = s * factor.of(traits[i], Trait::vegf);
    return s;
  }
  MV_HD float taken_up(std::int64_t i) const {
    return static_cast<Kind>(kind[i]) == Kind::vessel ? uptake : 0.0f;
  }
  MV_HD void operator()(const Site& s) const {
    const float ramp = hypoxia(oxygen[s.i]);
    float source = 0.0f, taken = 0.0f;
    if (coarsen == 1) {
      source = secreted(s.i, ramp);
      taken = taken_up(s.i);
    } else {
      for (int dz = 0; dz < coarsen; ++dz)
        for (int dy = 0; dy < coarsen; ++dy)
          for (int dx = 0; dx < coarsen; ++dx) {
            const int x = s.x * coarsen + dx, y = s.y * coarsen + dy, z = s.z * coarsen + dz;
            if (!tissue.holds(x, y, z)) continue;
            const std::int64_t i = tissue.index(x, y, z);
            source = source + secreted(i, ramp);
            taken = taken + taken_up(i);
          }
      const float share = 1.0f / static_cast<float>(coarsen * coarsen * coarsen);
      source = source * share;
      taken = taken * share;
    }
    const std::int64_t j = split.index(s.x, s.y, s.z);
    f[j] = previous_rate > 0.0f ? source + previous_rate * previous[s.i] : source;
    k[j] = loss;
    q[j] = taken;
  }
  void row(const Row& r) const {
    constexpr int piece = 256; // even
    if (coarsen != 1) {
      for (int x = 0; x < r.n; ++x) (*this)(Site{r.x + x, r.y, r.z, r.i + x});
      return;
    }
    float source[piece], total[piece], taken[piece];
    for (int begin = 0; begin < r.n; begin += piece) {
      const int n = exact::min_of(piece, r.n - begin);
      const std::int64_t i = r.i + begin;
      const std::uint8_t* MV_RESTRICT code = kind + i;
      const float* MV_RESTRICT p = oxygen + i;
      const auto vessel = static_cast<std::uint8_t>(Kind::vessel);
#pragma omp simd
      for (int x = 0; x < n; ++x) {
        source[x] = basal[code[x] & 15] + increase[code[x] & 15] * hypoxia(p[x]);
        total[x] = loss;
        taken[x] = code[x] == vessel ? uptake : 0.0f;
      }
      if (traits_matter)
        for (int x = 0; x < n; ++x)
          if (is_tumour(static_cast<Kind>(code[x]))) source[x] = secreted(i + x, hypoxia(p[x]));
      if (previous_rate > 0.0f) {
        const float* before = previous + i;
        for (int x = 0; x < n; ++x) source[x] = source[x] + previous_rate * before[x];
      }
      scatter_line(f, split, r.y, r.z, begin, n, source);
      scatter_line(k, split, r.y, r.z, begin, n, total);
      scatter_line(q, split, r.y, r.z, begin, n, taken);
    }
  }
};

// A place that releases VEGF by itself: a pellet in the cornea.
struct FieldSource {
  std::int64_t voxel; // of the field, x fastest, no ghosts
  float rate;         // nM/min
  float spare;
};

struct AddSources {
  static constexpr const char* name = "vegf.sources";
  static constexpr double bytes = 20;
  const FieldSource* source;
  Lattice lattice;
  SplitLattice split;
  float* f;
  MV_HD void operator()(std::int64_t n) const {
    const Site s = lattice.site_of(source[n].voxel);
    const std::int64_t j = split.index(s.x, s.y, s.z);
    f[j] = f[j] + source[n].rate;
  }
};

class Vegf {
public:
  Vegf(const Executor& executor, const Lattice& tissue, const Lattice& lattice, int coarsen,
       const Parameters& parameters, std::shared_ptr<DiffusionScratch> scratch);
  // Brings the field into balance with oxygen, cells and endothelium, or steps it by
  // `parameters.time.step`. `oxygen` lies on the same lattice. `first`: start from coarse grids.
  void relax(const Executor& executor, const CellView& cells, TraitFactors factor,
             const float* oxygen, double time, bool first);
  FieldView concentration() const { return {field_.data(), lattice_, coarsen_}; }
  Buffer<float>& field() { return field_; }
  const Buffer<float>& field() const { return field_; }
  const SolveReport& report() const { return report_; }
  const Lattice& lattice() const { return lattice_; }
  bool solved() const { return solved_; }
  // Solved in every step, or only when vessels look at it.
  bool every_step() const { return solved_ && transient_; }

private:
  bool solved_, transient_;
  AssembleVegf assemble_{};
  Lattice lattice_;
  int coarsen_;
  std::shared_ptr<DiffusionScratch> scratch_;
  Diffusion diffusion_;
  Buffer<float> field_;
  struct Pellet {
    std::int64_t begin, count;
    double until; // min; 0: for ever
  };
  std::vector<Pellet> pellets_;
  Buffer<FieldSource> sources_;
  SolveReport report_;
};

} // namespace metavox
