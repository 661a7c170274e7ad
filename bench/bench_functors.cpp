// Google Benchmark's view of the same things `metavox bench` prints: solver cycles and whole steps
// over lattice sizes.
//   build/cpu/bench/bench_functors --benchmark_format=json
#include <sstream>

#include <benchmark/benchmark.h>

#include "program/bandwidth.hpp"
#include "site/config.hpp"
#include "site/site.hpp"

using namespace metavox;

namespace {

void set_rates(benchmark::State& state, const Lattice& lattice, double copy) {
  const auto voxels = static_cast<double>(lattice.voxels());
  state.counters["voxels/s"] = benchmark::Counter(voxels * static_cast<double>(state.iterations()),
                                                  benchmark::Counter::kIsRate);
  state.counters["copy_ms"] = copy * 1e3;
}

void copy_field(benchmark::State& state) {
  const auto n = static_cast<int>(state.range(0));
  const Lattice lattice{n, n, n, 20};
  const Executor executor = Executor::on_cpu(static_cast<int>(state.range(1)));
  double copy = 0;
  for ([[maybe_unused]] auto _ : state) {
    copy = copy_seconds(executor, lattice);
    state.SetIterationTime(copy);
  }
  set_rates(state, lattice, copy);
}

template <bool saturating>
void solver_cycle(benchmark::State& state) {
  const auto n = static_cast<int>(state.range(0));
  const Lattice lattice{n, n, n, 20};
  const Executor executor = Executor::on_cpu(static_cast<int>(state.range(1)));
  auto scratch = std::make_shared<DiffusionScratch>(executor, lattice);
  DiffusionSettings settings;
  settings.name = "oxygen";
  settings.diffusivity = 1.2e5;
  settings.half_saturation = saturating ? 2.5 : 0.0;
  settings.tolerance = 1e-3;
  for (Face& face : settings.faces) face = {FaceKind::fixed, 52};
  Diffusion solver(executor, lattice, settings, scratch);
  Buffer<float> field(executor, lattice.padded());
  const auto size = static_cast<std::size_t>(scratch->split().padded());
  const std::vector<float> loss(size, 1.0f), uptake(size, saturating ? 100.0f : 0.0f);
  executor.copy_in(scratch->loss(), loss.data(), size * sizeof(float));
  executor.copy_in(scratch->uptake(), uptake.data(), size * sizeof(float));
  solver.cycles(field.data(), 1);
  for ([[maybe_unused]] auto _ : state) solver.cycles(field.data(), 1, false);
  set_rates(state, lattice, copy_seconds(executor, lattice));
}

void whole_step(benchmark::State& state) {
  const auto n = static_cast<int>(state.range(0));
  std::ostringstream size;
  size << "domain.voxels=[" << n << ", " << n << ", " << n << "]";
  const Config config = read_config_text("vessels: {pattern: grid, spacing: 300 um}\n"
                                         "tissue: {cells: [{shape: sphere, radius: 300 um}]}\n",
                                         "bench.yaml", {size.str()});
  const Executor executor = Executor::on_cpu(static_cast<int>(state.range(1)));
  Site simulation(config.parameters, executor);
  simulation.step();
  for ([[maybe_unused]] auto _ : state) simulation.step();
  const Lattice lattice{n, n, n, 20};
  set_rates(state, lattice, copy_seconds(executor, lattice));
}

void sizes(benchmark::internal::Benchmark* b) {
  for (const int threads : {1, 2})
    for (const int n : {64, 128, 256}) b->Args({n, threads});
  b->ArgNames({"size", "threads"})->Unit(benchmark::kMillisecond)->UseRealTime();
}

BENCHMARK(copy_field)
    ->ArgNames({"size", "threads"})
    ->Args({256, 1})
    ->Args({256, 2})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(solver_cycle<false>)->Apply(sizes);
BENCHMARK(solver_cycle<true>)->Apply(sizes);
BENCHMARK(whole_step)->Apply(sizes);

} // namespace

BENCHMARK_MAIN();
