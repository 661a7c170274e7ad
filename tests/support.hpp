// What tests share: back ends to run on, one field solved on its own, runs from YAML text, their
// arrays and metrics by name, and the arithmetic of growth curves.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/executor.hpp"
#include "core/random.hpp"
#include "site/config.hpp"
#include "site/site.hpp"
#include "solver/diffusion.hpp"
#include "voxel/departure.hpp"
#include "voxel/kind.hpp"

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

inline Parameters parameters_of(const std::string& yaml,
                                const std::vector<std::string>& overrides = {}) {
  return read_config_text(yaml, "test.yaml", overrides).parameters;
}
// Of a file in configs/.
inline Parameters sample(const std::string& name, const std::vector<std::string>& overrides = {}) {
  return read_config(METAVOX_SOURCE_DIR "/configs/" + name + ".yaml", overrides).parameters;
}

inline Site simulation_of(const std::string& yaml, const std::vector<std::string>& overrides = {},
                          const ExternalArrays& external = {},
                          const Executor& executor = Executor::on_cpu()) {
  return Site(parameters_of(yaml, overrides), executor, external);
}

inline Site simulation_of(const std::string& yaml, const Executor& executor,
                          const std::vector<std::string>& overrides = {}) {
  return simulation_of(yaml, overrides, {}, executor);
}

inline void advance(Site& simulation, std::int64_t steps) {
  for (std::int64_t n = 0; n < steps; ++n) simulation.step();
}

// Whole steps of a duration in minutes.
inline std::int64_t steps_in(const Site& simulation, double minutes) {
  return std::llround(minutes / simulation.parameters().time.step);
}

// An array of the state, or one that follows from it.
inline ArrayInfo info_of(const Site& simulation, const std::string& name) {
  for (const auto& infos : {simulation.state_arrays(), simulation.derived_arrays()})
    for (const ArrayInfo& info : infos)
      if (info.name == name) return info;
  ADD_FAILURE() << "no array called " << name;
  return {};
}

template <class T>
std::vector<T> array_of(const Site& simulation, const std::string& name) {
  const ArrayInfo info = info_of(simulation, name);
  EXPECT_EQ(size_of(info.type), sizeof(T)) << name;
  std::vector<T> values(info.count());
  simulation.read(name, values.data());
  return values;
}

using Metrics = std::map<std::string, double>;
inline Metrics metrics_of(Site& simulation) {
  Metrics all;
  for (const Metric& m : simulation.measure()) all[m.name] = m.value;
  return all;
}

using Count = std::array<std::int64_t, kind_count>;
inline Count count_kinds(const Site& simulation) {
  Count n{};
  for (const std::uint8_t k : array_of<std::uint8_t>(simulation, "kind")) {
    EXPECT_LT(k, kind_count);
    n[std::min<std::size_t>(k, kind_count - 1)] += 1;
  }
  return n;
}
// Cells by kind: those that stand, one a voxel, and the second cells that share a voxel for a
// while.
inline Count count_cells(const Site& simulation) {
  Count n = count_kinds(simulation);
  for (const std::uint8_t k : array_of<std::uint8_t>(simulation, "excess_kind"))
    if (k != 0) n[k] += 1;
  return n;
}
inline std::int64_t of(const Count& n, Kind k) { return n[static_cast<std::size_t>(k)]; }
inline std::int64_t tumour_of(const Count& n) {
  return of(n, Kind::epithelial) + of(n, Kind::mesenchymal);
}

// The whole state as bytes, array by array.
using State = std::map<std::string, std::vector<std::byte>>;
inline State state_of(const Site& simulation) {
  State state;
  for (const ArrayInfo& info : simulation.state_arrays()) {
    std::vector<std::byte>& bytes = state[info.name];
    bytes.resize(info.bytes());
    simulation.read(info.name, bytes.data());
  }
  return state;
}

// Gives a site the state of another, as a restart does.
inline void restore(Site& to, const Site& from) {
  for (const auto& [name, bytes] : state_of(from))
    to.write(name, bytes.data(), static_cast<std::int64_t>(info_of(from, name).count()));
  to.set_clock(from.steps());
}

// Of everything that departures tell of cells, in their order.
inline std::uint64_t hash_of(const std::vector<Departure>& all) {
  std::uint64_t hash = 1;
  for (const Departure& d : all)
    for (const std::uint64_t v :
         {static_cast<std::uint64_t>(d.step), static_cast<std::uint64_t>(d.voxel),
          static_cast<std::uint64_t>(d.slot), static_cast<std::uint64_t>(d.segment),
          static_cast<std::uint64_t>(d.route), static_cast<std::uint64_t>(d.number), d.cell.traits,
          static_cast<std::uint64_t>(d.cell.clock), static_cast<std::uint64_t>(d.cell.kind)})
      hash = folded(hash, v);
  return hash;
}

// Least squares through (x, y).
struct Line {
  double slope = 0, intercept = 0, r2 = 0;
};
inline Line fitted_line(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<double>(x.size());
  double mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    mx += x[k] / n;
    my += y[k] / n;
  }
  for (std::size_t k = 0; k < x.size(); ++k) {
    xx += (x[k] - mx) * (x[k] - mx);
    xy += (x[k] - mx) * (y[k] - my);
    yy += (y[k] - my) * (y[k] - my);
  }
  return {xy / xx, my - xy / xx * mx, xy * xy / (xx * yy)};
}

// Where a front stands along the axes, the edges and the corners of a cube: radius of the ball
// whose share of a cone holds as many voxels as the tumour does there. Averaged over all axes, over
// all edges, over all corners.
struct FrontRadii {
  double axis = 0, edge = 0, corner = 0;
  double spread() const {
    const double low = std::min({axis, edge, corner}), high = std::max({axis, edge, corner});
    return (high - low) / ((axis + edge + corner) / 3);
  }
};
template <class Inside>
FrontRadii front_radii(const std::array<int, 3>& n, double spacing, double half_angle_degrees,
                       const Inside& inside) {
  const double cosine = std::cos(half_angle_degrees / 180 * 3.14159265358979323846);
  const double centre[3] = {0.5 * n[0], 0.5 * n[1], 0.5 * n[2]};
  const double reference = 0.5 * std::min({n[0], n[1], n[2]}); // voxels
  double held[3] = {}, full[3] = {};
  constexpr int parts = 3; // of a voxel's edge: narrow cones would feel the lattice otherwise
  const auto look = [&](double x, double y, double z, bool occupied) {
    const double r = std::sqrt(x * x + y * y + z * z);
    double a[3] = {std::abs(x), std::abs(y), std::abs(z)};
    std::sort(a, a + 3); // by symmetry every axis becomes z, every edge (0, 1, 1)
    const double towards[3] = {a[2], (a[1] + a[2]) / std::sqrt(2.0),
                               (a[0] + a[1] + a[2]) / std::sqrt(3.0)};
    for (int c = 0; c < 3; ++c) {
      if (towards[c] < cosine * r) continue;
      if (r <= reference) full[c] += 1;
      if (occupied) held[c] += 1;
    }
  };
  std::size_t i = 0;
  for (int z = 0; z < n[2]; ++z)
    for (int y = 0; y < n[1]; ++y)
      for (int x = 0; x < n[0]; ++x, ++i)
        for (int part = 0; part < parts * parts * parts; ++part) {
          const auto shift = [](int k) { return (k + 0.5) / parts; };
          look(x + shift(part % parts) - centre[0], y + shift(part / parts % parts) - centre[1],
               z + shift(part / parts / parts) - centre[2], inside(i));
        }
  const auto radius = [&](int c) { return reference * std::cbrt(held[c] / full[c]) * spacing; };
  return {radius(0), radius(1), radius(2)};
}

// The same over what a voxelised ball of the same volume reads: cones round an axis and round a
// diagonal cut the lattice differently.
template <class Inside>
FrontRadii front_over_ball(const std::array<int, 3>& n, double spacing, double half_angle_degrees,
                           const Inside& inside) {
  const auto voxels = static_cast<std::size_t>(n[0]) * static_cast<std::size_t>(n[1]) *
                      static_cast<std::size_t>(n[2]);
  double held = 0;
  for (std::size_t i = 0; i < voxels; ++i) held += inside(i) ? 1 : 0;
  const double radius = std::cbrt(3 * held / (4 * 3.14159265358979323846)); // voxels
  const auto nx = static_cast<std::size_t>(n[0]), ny = static_cast<std::size_t>(n[1]);
  const auto in_ball = [&](std::size_t i) {
    const double x = static_cast<double>(i % nx) + 0.5 - 0.5 * n[0],
                 y = static_cast<double>(i / nx % ny) + 0.5 - 0.5 * n[1],
                 z = static_cast<double>(i / (nx * ny)) + 0.5 - 0.5 * n[2];
    return x * x + y * y + z * z <= radius * radius;
  };
  const FrontRadii front = front_radii(n, spacing, half_angle_degrees, inside),
                   ball = front_radii(n, spacing, half_angle_degrees, in_ball);
  const double size = radius * spacing;
  return {size * front.axis / ball.axis, size * front.edge / ball.edge,
          size * front.corner / ball.corner};
}

template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

} // namespace metavox::support
