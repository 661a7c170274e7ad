// Extracellular matrix: degraded by MT1-MMP where a cell touches it and by soluble MMP-2, rebuilt
// by fibroblasts.
//
//   dE/dt = -(gamma_1 M1 + gamma_2 m*) E + r_E n_F (E_max - E)
//
// With coefficients frozen over a step the equation is linear and is solved exactly, so the step
// length does not matter (L. Franssen et al. 2019, Bull. Math. Biol. 81:1965, for the rates).
#pragma once

#include "core/executor.hpp"
#include "tissue/matrix_settings.hpp"
#include "voxel/views.hpp"

namespace metavox {

struct MatrixParameters32 {
  float dt;
  float contact, soluble;    // 1/min, gamma_1 and gamma_2
  float neighbour_weight;    // of MT1-MMP on the six neighbours
  float deposition, maximum; // 1/min, E_max
  float debris;              // 1/min in necrotic voxels
  float exposure_unit;       // membrane ticks per unit of exposure
  bool inhibited;            // TIMP is on
};

inline constexpr std::uint16_t membrane_intact = 65535;

struct DegradeMatrix {
  static constexpr const char* name = "matrix.degrade";
  static constexpr double bytes = 13;
  const std::uint8_t* kind;
  const std::uint64_t* traits;
  FieldView proteinase;
  FieldView inhibitor;
  float* matrix;
  std::uint16_t* membrane; // what is left of a basement membrane; 0: none
  TraitFactors factor;
  MatrixParameters32 p;
  Lattice lattice;

  // MT1-MMP on the surface of the cell at i, 0 ... 1.
  MV_HD float surface(std::int64_t i) const {
    if (static_cast<Kind>(kind[i]) != Kind::mesenchymal) return 0.0f;
    return exact::min_of(1.0f, factor.of(traits[i], Trait::proteinase));
  }
  MV_HD float contact_at(std::int64_t i) const {
    const std::int64_t y = lattice.pitch(), z = lattice.plane();
    const float around = ((surface(i - 1) + surface(i + 1)) + (surface(i - y) + surface(i + y))) +
                         (surface(i - z) + surface(i + z));
    return surface(i) + p.neighbour_weight * around;
  }
  MV_HD static float updated(float e, float loss, float gain, float maximum, float dt) {
    const float rate = loss + gain;
    const float keep = exact::expf(-(rate * dt));
    // With rate 0 the settled value is 0 and keep is 1.
    const float settled = (gain * maximum) / (rate > 0.0f ? rate : 1.0f);
    return settled + (e - settled) * keep;
  }
  MV_HD float active(float m, float t) const { return p.inhibited ? m / (1.0f + t) : m; }
  MV_HD void wear_membrane(std::int64_t i, float contact) const {
    if (membrane[i] == 0 || contact <= 0.0f) return;
    const float ticks = p.contact * contact * p.dt * p.exposure_unit;
    const int left =
        membrane[i] - exact::max_of(1, static_cast<int>(exact::min_of(ticks, 65535.0f)));
    membrane[i] = static_cast<std::uint16_t>(exact::max_of(left, 0));
  }
  MV_HD void operator()(const Voxel& s) const {
    const float contact = contact_at(s.i);
    const auto k = static_cast<Kind>(kind[s.i]);
    const float m = active(proteinase.at(s), p.inhibited ? inhibitor.at(s) : 0.0f);
    const float loss =
        (p.contact * contact + p.soluble * m) + (k == Kind::necrotic ? p.debris : 0.0f);
    const float gain = k == Kind::stroma ? p.deposition : 0.0f;
    matrix[s.i] = updated(matrix[s.i], loss, gain, p.maximum, p.dt);
    wear_membrane(s.i, contact);
  }
  static constexpr int piece = 64;
  void row(const Row& r) const {
    for (int begin = 0; begin < r.n; begin += piece)
      short_row(Row{r.x + begin, r.y, r.z, exact::min_of(piece, r.n - begin), r.i + begin});
  }
  // surface() of n voxels, most of which are not M-like.
  void surfaces(std::int64_t i, int n, float* MV_RESTRICT out) const {
    const auto m_like = static_cast<std::uint8_t>(Kind::mesenchymal);
    const std::uint8_t* MV_RESTRICT k = kind + i;
    std::uint8_t mark[piece] = {};
    std::uint16_t list[piece];
#pragma omp simd
    for (int x = 0; x < n; ++x) mark[x] = k[x] == m_like ? 1 : 0;
    for (int x = 0; x < piece; ++x) out[x] = 0.0f;
    const int count = list_marked(mark, n, list);
    for (int m = 0; m < count; ++m) out[list[m]] = surface(i + list[m]);
  }
  void short_row(const Row& r) const {
    if (proteinase.coarsen != 1 || (p.inhibited && inhibitor.coarsen != 1)) {
      for (int x = 0; x < r.n; ++x) (*this)(Voxel{r.x + x, r.y, r.z, r.i + x});
      return;
    }
    const std::int64_t y = lattice.pitch(), z = lattice.plane();
    const auto m_like = static_cast<std::uint8_t>(Kind::mesenchymal);
    const auto necrotic = static_cast<std::uint8_t>(Kind::necrotic);
    const auto stroma = static_cast<std::uint8_t>(Kind::stroma);
    const std::uint8_t* MV_RESTRICT k = kind + r.i;
    std::uint8_t found = 0;
#pragma omp simd reduction(| : found)
    for (int x = -1; x <= r.n; ++x)
      found = static_cast<std::uint8_t>(found | (k[x] == m_like ? 1 : 0));
#pragma omp simd reduction(| : found)
    for (int x = 0; x < r.n; ++x)
      found = static_cast<std::uint8_t>(found | (((k[x - y] == m_like) | (k[x + y] == m_like) |
                                                  (k[x - z] == m_like) | (k[x + z] == m_like))
                                                     ? 1
                                                     : 0));
    const float* MV_RESTRICT m = proteinase.c + r.i;
    const float* t = p.inhibited ? inhibitor.c + r.i : m;
    const bool inhibited = p.inhibited;
    float* MV_RESTRICT e = matrix + r.i;
    const float weight = p.neighbour_weight, strength = p.contact;
    const float soluble = p.soluble, debris = p.debris, deposition = p.deposition;
    const float maximum = p.maximum, dt = p.dt;
    float m_active[piece];
    for (int x = 0; x < r.n; ++x) m_active[x] = inhibited ? m[x] / (1.0f + t[x]) : m[x];
    const auto settled = [&](int x, float contact) {
      const float loss =
          (strength * contact + soluble * m_active[x]) + (k[x] == necrotic ? debris : 0.0f);
      const float gain = k[x] == stroma ? deposition : 0.0f;
      return updated(e[x], loss, gain, maximum, dt);
    };
    if (found == 0) {
      const float contact = 0.0f + weight * 0.0f;
#pragma omp simd
      for (int x = 0; x < r.n; ++x) e[x] = settled(x, contact);
      return;
    }
    float line[piece + 2], y_low[piece], y_high[piece], z_low[piece], z_high[piece];
    float contact[piece];
    float* own = line + 1;
    surfaces(r.i, r.n, own);
    own[-1] = surface(r.i - 1);
    own[r.n] = surface(r.i + r.n);
    surfaces(r.i - y, r.n, y_low);
    surfaces(r.i + y, r.n, y_high);
    surfaces(r.i - z, r.n, z_low);
    surfaces(r.i + z, r.n, z_high);
    const std::uint16_t* left = membrane + r.i;
    int touched = 0;
#pragma omp simd reduction(| : touched)
    for (int x = 0; x < r.n; ++x) {
      const float around =
          ((own[x - 1] + own[x + 1]) + (y_low[x] + y_high[x])) + (z_low[x] + z_high[x]);
      contact[x] = own[x] + weight * around;
      touched |= left[x];
    }
#pragma omp simd
    for (int x = 0; x < r.n; ++x) e[x] = settled(x, contact[x]);
    if (touched == 0) return;
    for (int x = 0; x < r.n; ++x) wear_membrane(r.i + x, contact[x]);
  }
};

class Matrix {
public:
  // `step`: min; `inhibited`: there is an inhibitor of the proteinase.
  Matrix(const Executor& executor, const Lattice& lattice, const MatrixParameters& settings,
         double step, bool inhibited);
  void degrade(const Executor& executor, const CellView& cells, TraitFactors factor,
               const FieldView& proteinase, const FieldView& inhibitor);
  // The state, a value for each voxel, padded.
  struct Arrays {
    Buffer<float> density;
    Buffer<std::uint16_t> membrane;
    // f(name, meaning, buffer); the order is part of the state's hash.
    template <class F>
    void for_each(const F& f) {
      f("matrix", "extracellular matrix, share of reference stroma", density);
      f("membrane", "basement membrane left, 65535 intact", membrane);
    }
  };
  Arrays& arrays() { return arrays_; }
  float* density() { return arrays_.density.data(); }
  const std::uint16_t* membrane() const { return arrays_.membrane.data(); }

private:
  Lattice lattice_;
  MatrixParameters32 p_;
  bool frozen_;
  Arrays arrays_;
};

} // namespace metavox
