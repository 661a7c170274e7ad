// What tests of fields and of whole runs share: back ends to run on, one field solved on its own,
// runs from YAML text.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/executor.hpp"
#include "site/config.hpp"
#include "site/simulation.hpp"
#include "solver/diffusion.hpp"

namespace metavox::support {

// Results must be equal, byte for byte, on all of these.
inline std::vector<Executor> executors() {
  std::vector<Executor> all{Executor::on_cpu(1), Executor::on_cpu(3)};
  if (Executor::cuda_obstacle().empty()) all.push_back(Executor::on_cuda());
  return all;
}

// Where a long calculation should run when its result does not depend on it.
inline Executor fastest() {
  return Executor::cuda_obstacle().empty() ? Executor::on_cuda() : Executor::on_cpu();
}

inline std::size_t plain_index(const Lattice& l, int x, int y, int z) {
  return static_cast<std::size_t>(l.global(x, y, z));
}

template <class F>
void for_each_voxel(const Lattice& l, const F& f) {
  for (int z = 0; z < l.nz; ++z)
    for (int y = 0; y < l.ny; ++y)
      for (int x = 0; x < l.nx; ++x) f(x, y, z);
}

inline Faces all_faces(FaceKind kind, double value = 0) {
  Faces faces{};
  faces.fill({kind, value});
  return faces;
}

// k c + q c / (c + K) - D lap c = f on a box. Arrays have no ghosts, x fastest.
struct FieldProblem {
  Lattice lattice;
  DiffusionSettings settings{};
  std::vector<float> source, loss, uptake; // f, k, q
  std::vector<float> start;                // the field before the solve

  FieldProblem(const Lattice& l, double diffusivity, const Faces& faces)
      : lattice(l), source(static_cast<std::size_t>(l.voxels()), 0.0f), loss(source),
        uptake(source), start(source) {
    settings.name = "field";
    settings.diffusivity = diffusivity;
    settings.tolerance = 1e-4;
    settings.faces = faces;
  }
};

// A field on the memory of an executor, and its solver.
class FieldSolver {
public:
  FieldSolver(const Executor& executor, const FieldProblem& p)
      : executor_(executor), lattice_(p.lattice),
        scratch_(std::make_shared<DiffusionScratch>(executor, p.lattice)),
        diffusion_(executor, p.lattice, p.settings, scratch_),
        field_(executor, p.lattice.padded()) {
    fill(p);
    set_field(p.start);
  }
  // Replaces f, k and q.
  void fill(const FieldProblem& p) {
    copy_split(scratch_->source(), p.source);
    copy_split(scratch_->loss(), p.loss);
    copy_split(scratch_->uptake(), p.uptake);
  }
  void set_source(const std::vector<float>& plain) { copy_split(scratch_->source(), plain); }
  void set_field(const std::vector<float>& plain) {
    std::vector<float> padded(static_cast<std::size_t>(lattice_.padded()), 0.0f);
    for_each_voxel(lattice_, [&](int x, int y, int z) {
      padded[static_cast<std::size_t>(lattice_.index(x, y, z))] =
          plain[plain_index(lattice_, x, y, z)];
    });
    field_.upload(padded.data());
  }
  std::vector<float> field() const {
    const std::vector<float> padded = field_.host_copy();
    std::vector<float> plain(static_cast<std::size_t>(lattice_.voxels()));
    for_each_voxel(lattice_, [&](int x, int y, int z) {
      plain[plain_index(lattice_, x, y, z)] =
          padded[static_cast<std::size_t>(lattice_.index(x, y, z))];
    });
    return plain;
  }
  SolveReport solve(Diffusion::Start start = Diffusion::Start::warm) {
    return diffusion_.solve_or_throw(field_.data(), start);
  }
  // No complaint if the tolerance is not reached.
  SolveReport try_solve(Diffusion::Start start = Diffusion::Start::warm) {
    return diffusion_.solve(field_.data(), start);
  }
  void cycles(int n) { diffusion_.cycles(field_.data(), n); }
  float residual() { return diffusion_.residual(field_.data()); }

private:
  void copy_split(float* to, const std::vector<float>& plain) {
    const SplitLattice& split = scratch_->split();
    std::vector<float> host(static_cast<std::size_t>(split.padded()), 0.0f);
    for_each_voxel(lattice_, [&](int x, int y, int z) {
      host[static_cast<std::size_t>(split.index(x, y, z))] = plain[plain_index(lattice_, x, y, z)];
    });
    executor_.copy_in(to, host.data(), host.size() * sizeof(float));
  }

  Executor executor_;
  Lattice lattice_;
  std::shared_ptr<DiffusionScratch> scratch_;
  Diffusion diffusion_;
  Buffer<float> field_;
};

inline std::vector<float> solved(const Executor& executor, const FieldProblem& p,
                                 Diffusion::Start start = Diffusion::Start::cold) {
  FieldSolver solver(executor, p);
  solver.solve(start);
  return solver.field();
}

// ---- whole runs

inline Parameters parameters_from(const std::string& yaml,
                                  const std::vector<std::string>& overrides = {}) {
  return read_config_text(yaml, "test.yaml", overrides).parameters;
}

inline Simulation simulation_from(const std::string& yaml,
                                  const Executor& executor = Executor::on_cpu(),
                                  const std::vector<std::string>& overrides = {}) {
  return Simulation(parameters_from(yaml, overrides), executor);
}

template <class T>
std::vector<T> read_array(const Simulation& simulation, const std::string& name) {
  std::vector<ArrayInfo> infos = simulation.state_arrays();
  for (const ArrayInfo& derived : simulation.derived_arrays()) infos.push_back(derived);
  for (const ArrayInfo& info : infos) {
    if (info.name != name) continue;
    std::vector<T> values(info.bytes() / sizeof(T));
    simulation.read(name, values.data());
    return values;
  }
  throw std::invalid_argument("no array called " + name);
}

template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

} // namespace metavox::support
