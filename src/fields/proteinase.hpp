// Signals that cells secrete and that spread slowly: MMP-2 and its inhibitor TIMP.
//
//   dm/dt = D lap m + theta n_M - delta m        (implicit Euler, one step of the run at a time)
//
// Rates after L. Franssen et al. 2019 (Bull. Math. Biol. 81:1965). Slow, because MMP-2 binds to
// collagen and creeps along it (I. Collier et al. 2011, PLoS One 6:e24029).
#pragma once

#include "site/parameters.hpp"
#include "solver/diffusion.hpp"
#include "voxel/views.hpp"

namespace metavox {

// Secretion of a signal by cells of a kind, implicit Euler step: proteinase and its inhibitor.
struct AssembleSignal {
  static constexpr const char* name = "signal.assemble";
  static constexpr double bytes = 13;
  const std::uint8_t* kind;
  const std::uint64_t* traits;
  TraitFactors factor;
  Trait trait;
  bool trait_matters;
  float secretion[16]; // by kind, unit/min
  float uniform;       // unit/min
  float rate;          // 1/dt + decay, 1/min
  float previous_rate; // 1/dt
  const float* previous;
  Lattice tissue;
  SplitLattice split; // layout of f and k
  int coarsen;
  float *f, *k;

  MV_HD float secreted(std::int64_t i) const {
    const auto code = kind[i] & 15;
    float s = secretion[code];
    if (trait_matters && s != 0.0f) s = s * factor.of(traits[i], trait);
    return s;
  }
  MV_HD void operator()(const Site& s) const {
    float source = 0.0f;
    if (coarsen == 1) {
      source = secreted(s.i);
    } else {
      for (int dz = 0; dz < coarsen; ++dz)
        for (int dy = 0; dy < coarsen; ++dy)
          for (int dx = 0; dx < coarsen; ++dx) {
            const int x = s.x * coarsen + dx, y = s.y * coarsen + dy, z = s.z * coarsen + dz;
            if (tissue.holds(x, y, z)) source = source + secreted(tissue.index(x, y, z));
          }
      source = source / static_cast<float>(coarsen * coarsen * coarsen);
    }
    const std::int64_t j = split.index(s.x, s.y, s.z);
    f[j] = (source + uniform) + previous_rate * previous[s.i];
    k[j] = rate;
  }
  void row(const Row& r) const {
    constexpr int piece = 256; // even
    if (coarsen != 1) {
      for (int x = 0; x < r.n; ++x) (*this)(Site{r.x + x, r.y, r.z, r.i + x});
      return;
    }
    float source[piece], loss[piece];
    for (int begin = 0; begin < r.n; begin += piece) {
      const int n = exact::min_of(piece, r.n - begin);
      const std::int64_t i = r.i + begin;
      const std::uint8_t* MV_RESTRICT code = kind + i;
      const float* MV_RESTRICT before = previous + i;
      const float old = previous_rate, everywhere = uniform, total = rate;
#pragma omp simd
      for (int x = 0; x < n; ++x) {
        source[x] = (secretion[code[x] & 15] + everywhere) + old * before[x];
        loss[x] = total;
      }
      if (trait_matters)
        for (int x = 0; x < n; ++x)
          if (secretion[code[x] & 15] != 0.0f)
            source[x] = (secreted(i + x) + everywhere) + old * before[x];
      scatter_line(f, split, r.y, r.z, begin, n, source);
      scatter_line(k, split, r.y, r.z, begin, n, loss);
    }
  }
};

struct SignalSettings {
  DiffusionSettings diffusion;
  bool enabled;
  bool frozen;
  double dt;             // min
  float secretion[16];   // by kind, unit/min
  bool trait_matters;    // secretion scales with the proteinase trait
  double uniform_source; // unit/min
  double decay;          // 1/min
  double initial;
};

SignalSettings proteinase_settings(const Parameters& parameters);
SignalSettings inhibitor_settings(const Parameters& parameters);

class Signal {
public:
  Signal(const Executor& executor, const Lattice& tissue, const Lattice& lattice, int coarsen,
         const SignalSettings& settings, std::shared_ptr<DiffusionScratch> scratch);
  void relax(const Executor& executor, const CellView& cells, TraitFactors factor);
  FieldView concentration() const { return {field_.data(), lattice_, coarsen_}; }
  Buffer<float>& field() { return field_; }
  const Buffer<float>& field() const { return field_; }
  const SolveReport& report() const { return report_; }
  const SignalSettings& settings() const { return settings_; }
  bool solved() const { return settings_.enabled && !settings_.frozen; }
  const Lattice& lattice() const { return lattice_; }

private:
  SignalSettings settings_;
  Lattice tissue_, lattice_;
  int coarsen_;
  std::shared_ptr<DiffusionScratch> scratch_;
  Diffusion diffusion_;
  Buffer<float> field_;
  SolveReport report_;
};

} // namespace metavox
