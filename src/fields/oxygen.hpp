// Oxygen and glucose: what cells take up, what vessels, tissue and medium supply.
//
//   D lap p - q p / (p + K_m) + kappa_v (p_v - p) + kappa_bg (p_bg - p) + kappa_m (p_m - p) = 0
//
// Uptake per cell by D. Grimes et al. 2014 (J. R. Soc. Interface 11:20131124), rescaled to the
// voxel; vessel walls after M. Owen et al. 2011 (Cancer Res. 71:2826).
#pragma once

#include "fields/wall_supply.hpp"
#include "site/parameters.hpp"
#include "solver/diffusion.hpp"
#include "voxel/views.hpp"

namespace metavox {

// What one voxel contributes, looked up by kind and rest. Index: kind + 16 if resting.
struct MetaboliteTable {
  float uptake[32]; // saturating, unit/min
  float loss[32];   // first order, 1/min
  float source[32]; // unit/min
};

struct AssembleMetabolite {
  static constexpr const char* name = "oxygen.assemble";
  static constexpr double bytes = 14;
  const std::uint8_t* kind;
  const std::uint8_t* flags;
  const std::uint64_t* traits;
  TraitFactors factor;
  MetaboliteTable table;
  float previous_rate;   // 1/dt of a transient field, 0 for a steady one
  const float* previous; // the field, read only when previous_rate > 0
  Lattice tissue;
  SplitLattice split; // layout of f, k, q
  int coarsen;
  bool traits_matter;
  float *f, *k, *q;

  MV_HD void add(std::int64_t i, float& source, float& loss, float& uptake) const {
    const auto code = kind[i];
    const bool resting = (flags[i] & (flag_hypoxic | flag_crowded | flag_senescent)) != 0;
    const int entry = (code & 15) + (resting && is_tumour(static_cast<Kind>(code)) ? 16 : 0);
    float u = table.uptake[entry];
    float first_order = table.loss[entry];
    if (traits_matter && is_tumour(static_cast<Kind>(code))) {
      const float own = factor.of(traits[i], Trait::oxygen_use);
      u = u * own;
    }
    source = source + table.source[entry];
    loss = loss + first_order;
    uptake = uptake + u;
  }
  MV_HD void operator()(const Site& s) const {
    float source = 0.0f, loss = 0.0f, uptake = 0.0f;
    if (coarsen == 1) {
      add(s.i, source, loss, uptake);
    } else {
      for (int dz = 0; dz < coarsen; ++dz)
        for (int dy = 0; dy < coarsen; ++dy)
          for (int dx = 0; dx < coarsen; ++dx) {
            const int x = s.x * coarsen + dx, y = s.y * coarsen + dy, z = s.z * coarsen + dz;
            if (tissue.holds(x, y, z)) add(tissue.index(x, y, z), source, loss, uptake);
          }
      const float share = 1.0f / static_cast<float>(coarsen * coarsen * coarsen);
      source = source * share;
      loss = loss * share;
      uptake = uptake * share;
    }
    if (previous_rate > 0.0f) {
      loss = loss + previous_rate;
      source = source + previous_rate * previous[s.i];
    }
    const std::int64_t j = split.index(s.x, s.y, s.z);
    f[j] = source;
    k[j] = loss;
    q[j] = uptake;
  }
  void row(const Row& r) const {
    constexpr int piece = 256; // even
    if (coarsen != 1) {
      for (int x = 0; x < r.n; ++x) (*this)(Site{r.x + x, r.y, r.z, r.i + x});
      return;
    }
    const auto rest = static_cast<std::uint8_t>(flag_hypoxic | flag_crowded | flag_senescent);
    float source[piece], loss[piece], uptake[piece];
    int entry[piece];
    for (int begin = 0; begin < r.n; begin += piece) {
      const int n = exact::min_of(piece, r.n - begin);
      const std::int64_t i = r.i + begin;
      const std::uint8_t* MV_RESTRICT code = kind + i;
      const std::uint8_t* MV_RESTRICT flag = flags + i;
      int tumour = 0;
#pragma omp simd reduction(| : tumour)
      for (int x = 0; x < n; ++x) {
        const int cancer = static_cast<std::uint8_t>(code[x] - 3) < 2 ? 1 : 0;
        tumour |= cancer;
        entry[x] = (code[x] & 15) + ((flag[x] & rest) != 0 ? 16 * cancer : 0);
      }
#pragma omp simd
      for (int x = 0; x < n; ++x) {
        source[x] = table.source[entry[x]];
        loss[x] = table.loss[entry[x]];
        uptake[x] = table.uptake[entry[x]];
      }
      if (traits_matter && tumour != 0)
        for (int x = 0; x < n; ++x)
          if (is_tumour(static_cast<Kind>(code[x])))
            uptake[x] = table.uptake[entry[x]] * factor.of(traits[i + x], Trait::oxygen_use);
      if (previous_rate > 0.0f) {
        const float* before = previous + i;
        for (int x = 0; x < n; ++x) {
          loss[x] = loss[x] + previous_rate;
          source[x] = source[x] + previous_rate * before[x];
        }
      }
      scatter_line(f, split, r.y, r.z, begin, n, source);
      scatter_line(k, split, r.y, r.z, begin, n, loss);
      scatter_line(q, split, r.y, r.z, begin, n, uptake);
    }
  }
};

// Settings of one metabolite in its own unit, ready for the lattice.
struct MetaboliteSettings {
  DiffusionSettings diffusion;
  bool enabled;
  bool frozen;
  bool transient;
  int substeps;   // of a transient field in one step
  double substep; // min
  MetaboliteTable table;
  bool oxygen;         // blood has the oxygen of its red cells, not `vessel_value` everywhere
  double vessel_value; // in all blood
  double vessel_scale; // wall conductance relative to oxygen's
  double initial;
};

MetaboliteSettings oxygen_settings(const Parameters& parameters);
MetaboliteSettings glucose_settings(const Parameters& parameters);

// Uptake of a proliferating tumour cell that fills one tissue voxel, mmHg/min.
double oxygen_uptake_per_voxel(const OxygenParameters& oxygen, double spacing);

class Metabolite {
public:
  Metabolite(const Executor& executor, const Lattice& tissue, const Lattice& lattice, int coarsen,
             const MetaboliteSettings& settings, bool traits_matter,
             std::shared_ptr<DiffusionScratch> scratch);
  // Brings the field into balance with cells and vessels (or steps it in time). `first`: start from
  // coarse grids.
  void relax(const Executor& executor, const CellView& cells, const VesselWalls& vessels,
             TraitFactors factor, bool first);
  FieldView concentration() const { return {field_.data(), lattice_, coarsen_}; }
  Buffer<float>& field() { return field_; }
  const Buffer<float>& field() const { return field_; }
  const SolveReport& report() const { return report_; }
  const MetaboliteSettings& settings() const { return settings_; }
  bool solved() const { return settings_.enabled && !settings_.frozen; }
  const Lattice& lattice() const { return lattice_; }

private:
  MetaboliteSettings settings_;
  Lattice tissue_, lattice_;
  int coarsen_;
  bool traits_matter_;
  std::shared_ptr<DiffusionScratch> scratch_;
  Diffusion diffusion_;
  Buffer<float> field_;
  SolveReport report_;
};

} // namespace metavox
