// Pressures in a bed by conjugate gradients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vessels/flow/bed.hpp"
#include "vessels/flow/elimination.hpp"

namespace metavox::flow {

// The elimination of a bed. Large beds are cut into parts that threads eliminate at once, and the
// border between these comes last; the cut depends on the bed alone.
class Preconditioner {
public:
  Preconditioner(const Bed& bed, int threads);

  void factorise(const std::vector<double>& conductances);

  // z = M^-1 r
  void apply(const std::vector<double>& r, std::vector<double>& z);

private:
  struct LocalLink {
    std::int32_t branch, a, b; // b: none where the branch leads to an end
  };
  struct Part {
    std::vector<std::int32_t> unknowns; // its own, then those of the border beside it
    std::size_t inner = 0;              // how many are its own
    std::vector<std::int32_t> border;   // places of the others in border_.unknowns
    std::vector<LocalLink> joins;
    std::vector<Elimination::Link> links;
    std::vector<double> ground, z;
    Elimination elimination;
  };

  static void collect(Part& part, const std::vector<double>& conductances);

  int threads_;
  std::vector<Part> parts_;
  Part border_; // the whole bed where it is not cut
};

// Pressures of the unknown vertices (mmHg) where the net flow (um^3/min) into each is to vanish.
class PressureSolver {
public:
  PressureSolver(const Bed& bed, int threads);

  std::vector<double> conductances; // of the branches, um^3/min/mmHg; call update() after a change
  void update();

  // Changes `pressure` so that the net flows `excess` into unknown vertices vanish, leaving
  // `remainder` of them (in the norm of the preconditioner). The change itself is left in change().
  void correct(const std::vector<double>& excess, double remainder, std::vector<double>& pressure);
  const std::vector<double>& change() const { return x_; }

  int steps() const { return steps_; }

private:
  const Bed& bed_;
  int threads_;
  Preconditioner preconditioner_;
  std::vector<std::int32_t> others_; // vertices that the arcs of unknown ones lead to
  std::vector<double> weights_;      // of these arcs
  std::vector<double> x_, r_, z_, p_, q_;
  int steps_ = 0;
  int fresh_ = -1; // steps that the first solve after a factorisation took; -1: none yet
  int excess_ = 0; // steps beyond that since
  bool factorised_ = false;
};

// Sum of a[i] b[i] for i < n, in the same order everywhere.
double dot(const std::vector<double>& a, const std::vector<double>& b, std::size_t n);

} // namespace metavox::flow
