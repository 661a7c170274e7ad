// One solver for every diffusing field: geometric multigrid for
//
//   k(x) c + q(x) c / (c + K) - D lap c = f(x)
//
// on a box of cells with a fixed value or no flux on each face. A time step of an implicit Euler
// scheme is the same problem with k + 1/dt and f + c_old/dt. Units: c in the field's unit, k in
// 1/min, q and f in that unit per minute.
//
// Cell-centred finite volumes on 7 points; V(3,2) cycles of red-black Gauss-Seidel; the full
// approximation scheme (A. Brandt 1977, Math. Comput. 31:333) with the exact root of each voxel's
// quadratic as smoother, so that Michaelis-Menten uptake needs no outer iteration and
// concentrations cannot become negative. Extents need not be powers of two: a coarse cell covers
// two fine ones, the last one of an odd line covers one, and distances between centres follow.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/errors.hpp"
#include "core/executor.hpp"
#include "settings/types.hpp"
#include "solver/exchange.hpp"
#include "solver/layout.hpp"
#include "solver/transfer.hpp"

namespace metavox {

struct SolveReport {
  int cycles = 0;
  float residual = 0; // largest scaled residual seen in the last cycle, field unit
  float error = 0;    // estimated remaining error, field unit, of an exchange's own state too
  bool converged = false;
};

struct DiffusionSettings {
  std::string name;
  std::string section;        // of the settings; empty: its name
  double diffusivity;         // um^2/min
  double half_saturation = 0; // field unit; 0: no saturating uptake
  double tolerance;           // field unit
  int max_cycles = 60;
  int sweeps_before = 3; // of a cycle, on the way down
  int sweeps_after = 2;  // and up: V(3,2)
  double least_loss = 0; // 1/min, no voxel's k is below; above 0 for a field stepped in time
  Faces faces{};
  float floor = 0; // field unit, no value goes below; 0 where uptake saturates
};

// Arrays of a solve; fields that are solved one after another share them. 16 bytes per field voxel
// on the finest level and 20/7 on the coarser ones.
class DiffusionScratch {
public:
  DiffusionScratch(const Executor& executor, const Lattice& lattice);
  // Bytes of each of its buffers.
  static std::vector<std::size_t> buffers(const Lattice& lattice);
  float* source() {
    return levels_.front().f.data();
  } // f; fill before a solve, at indices of split()
  float* loss() { return levels_.front().k.data(); }   // k
  float* uptake() { return levels_.front().q.data(); } // q
  const SplitLattice& split() const { return levels_.front().lattice; }
  const Lattice& lattice() const { return lattice_; }

private:
  friend class Diffusion;
  struct Level {
    SplitLattice lattice;
    Buffer<float> c, guess, f, k, q; // guess is empty on the finest level
  };
  Lattice lattice_;
  std::vector<Level> levels_;
};

class Diffusion {
public:
  Diffusion(const Executor& executor, const Lattice& lattice, const DiffusionSettings& settings,
            std::shared_ptr<DiffusionScratch> scratch);

  enum class Start { warm, cold };
  // Solves for `field`, padded as Lattice has it. cold: starts from coarse grids (full multigrid)
  // instead of the values in `field`. The scratch's source, loss and uptake must be filled before
  // every solve. `exchange` stands in the field and comes to rest with it; null: none.
  SolveReport solve(float* field, Start start = Start::warm, Exchange* exchange = nullptr);
  // The same; throws NumericalError naming the field, and the voxel where a value is not a number,
  // on failure.
  SolveReport solve_or_throw(float* field, Start start = Start::warm, Exchange* exchange = nullptr);
  // Solves k c - D lap c = f where f and k follow from c (Newton's method): before every cycle
  // `linearise` writes both of the finest grid, as the tangent at the c that stands there has them.
  // It may change c, so that it goes no further than the tangent can be trusted; q there is its own
  // to remember by. Values may be negative whatever the floor. Throws as solve_or_throw does.
  using Linearise = std::function<void(const DiffusionLevel& fine, int cycles)>;
  SolveReport newton(float* field, const Linearise& linearise);
  // Largest residual of `field`, each divided by its voxel's diagonal: field unit.
  float residual(float* field);
  DiffusionScratch& scratch() { return *scratch_; }
  const DiffusionSettings& settings() const { return settings_; }
  // Runs n cycles without looking at the result, for benchmarks. `prepare` loads the field and
  // restricts coefficients.
  void cycles(float* field, int n, bool prepare = true);

private:
  struct Axis { // offsets into tables_, per level
    std::size_t low, high, share, own, other;
  };
  DiffusionLevel view(std::size_t level) const;
  TransferWeights transfer(std::size_t level) const;
  void load(const float* field, float* c);
  void fill_faces(float* c, const std::array<float, 6>& value); // ghosts of the finest level
  void store(float* field, bool add = false) const;
  void restrict_coefficients();
  void impose(Exchange& exchange);
  template <bool saturating>
  void cycle(std::size_t level, float lowest, float& residual, float& correction,
             bool add_operator = false);
  StartChange start_change(float* field);
  SolveReport sweep_until_done(float* field);
  SolveReport change_by_cycles(float* field);
  template <bool saturating>
  SolveReport solve_as(Start start, Exchange* exchange);
  void expect_converged(const SolveReport& report, const float* field) const;
  template <bool saturating>
  void guess_from_coarse();

  Executor executor_;
  DiffusionSettings settings_;
  std::shared_ptr<DiffusionScratch> scratch_;
  std::vector<std::array<Axis, 3>> axes_;
  std::vector<float> inverse_coupling_;
  bool closed_;              // no face lets anything through
  bool sweeps_only_ = false; // losses are so fast that coarse grids are not needed
  int first_sweeps_ = 3;     // there
  Buffer<float> tables_;
};

} // namespace metavox
