#include "program/bench.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>

#include "core/clock.hpp"
#include "core/errors.hpp"
#include "core/file.hpp"
#include "core/machine.hpp"
#include "core/random.hpp"
#include "program/backend.hpp"
#include "program/bandwidth.hpp"
#include "program/exit_code.hpp"
#include "program/plan.hpp"
#include "record/build_info.hpp"
#include "site/config.hpp"
#include "site/site.hpp"
#include "vessels/flow/blood_flow.hpp"
#include "vessels/perfusion.hpp"

namespace metavox {
namespace {

// A carcinoma of a third of the box's edge in vascularised tissue with all default processes on.
std::string default_problem(int size, bool growing_vessels) {
  std::ostringstream text;
  text << "simulation: {name: bench, seed: 1, duration: 30 day}\n"
       << "domain: {voxels: [" << size << ", " << size << ", " << size << "], spacing: 20 um}\n"
       << "vessels: {pattern: grid, spacing: " << (growing_vessels ? 250 : 300)
       << " um, jitter: 0.5}\n"
       << "tissue:\n  parenchyma: 0.45\n  stroma: 0.1\n  cells:\n"
       << "    - {shape: sphere, kind: epithelial, radius: " << size * 20 / 6
       << " um, mesenchymal_fraction: 0.1}\n";
  if (growing_vessels)
    text << "vegf: {enabled: true}\nsprouting: {enabled: true}\nregression: {enabled: true}\n";
  return text.str();
}

// Oxygen in tissue: a full tumour inside normal cells that stand at a density of one half, vessels
// every 16 voxels.
class OxygenProblem {
public:
  OxygenProblem(const Executor& executor, int n)
      : executor_(executor), lattice_{n, n, n, 20},
        scratch_(std::make_shared<DiffusionScratch>(executor, lattice_)) {
    settings_.name = "oxygen";
    settings_.diffusivity = 1.2e5;
    settings_.half_saturation = 2.5;
    settings_.tolerance = 1e-3;
    for (Face& face : settings_.faces) face = {FaceKind::fixed, 52};
    solver_ = std::make_unique<Diffusion>(executor, lattice_, settings_, scratch_);
    occupied_.assign(static_cast<std::size_t>(lattice_.voxels()), 0);
#pragma omp parallel for schedule(static) num_threads(executor_.threads())
    for (int z = 0; z < n; ++z)
      for (int y = 0; y < n; ++y)
        for (int x = 0; x < n; ++x) {
          const auto u = to_unit(draw(1, Purpose::test, lattice_.global(x, y, z), 0).word[0]);
          occupied_[lattice_.global(x, y, z)] = u < (tumour(x, y, z) ? 0.95 : 0.5) ? 1 : 0;
        }
    fill();
  }
  // Two cells in a hundred take one step along x where there is room.
  void move_some_cells() {
    const int n = lattice_.nx;
#pragma omp parallel for schedule(static) num_threads(executor_.threads())
    for (int z = 0; z < n; ++z)
      for (int y = 0; y < n; ++y)
        for (int x = 0; x + 1 < n; ++x) {
          const std::size_t i = lattice_.global(x, y, z);
          if (occupied_[i] == 0 || occupied_[i + 1] != 0) continue;
          if (to_unit(draw(1, Purpose::test, i, 1).word[0]) >= 0.05) continue; // of those with room
          std::swap(occupied_[i], occupied_[i + 1]);
          ++x;
        }
    fill();
  }
  Diffusion& solver() { return *solver_; }
  // Seconds of a cycle with other numbers of sweeps, on the field that is loaded.
  double cycle_seconds(float* field, int before, int after) {
    DiffusionSettings settings = settings_;
    settings.sweeps_before = before;
    settings.sweeps_after = after;
    Diffusion solver(executor_, lattice_, settings, scratch_);
    solver.cycles(field, 1);
    double best = 1e30;
    for (int round = 0; round < 3; ++round) {
      executor_.synchronise();
      const auto begin = Clock::now();
      solver.cycles(field, 3, false);
      executor_.synchronise();
      best = std::min(best, seconds_since(begin) / 3);
    }
    return best;
  }
  const Lattice& lattice() const { return lattice_; }

private:
  bool tumour(int x, int y, int z) const {
    const double c = lattice_.nx / 2.0, r = lattice_.nx / 6.0;
    return (x - c) * (x - c) + (y - c) * (y - c) + (z - c) * (z - c) < r * r;
  }
  void fill() {
    const SplitLattice& split = scratch_->split();
    const auto size = static_cast<std::size_t>(split.padded());
    std::vector<float> f(size, 0), k(size, 0), q(size, 0);
#pragma omp parallel for schedule(static) num_threads(executor_.threads())
    for (int z = 0; z < lattice_.nz; ++z)
      for (int y = 0; y < lattice_.ny; ++y)
        for (int x = 0; x < lattice_.nx; ++x) {
          const auto i = static_cast<std::size_t>(split.index(x, y, z));
          const bool cancer = tumour(x, y, z);
          if (!cancer && x % 16 == 3 && y % 16 == 5) {
            k[i] = 4712;
            f[i] = 4712 * 40;
          } else if (occupied_[lattice_.global(x, y, z)] != 0) {
            q[i] = cancer ? 400 : 200;
            if (!cancer) {
              k[i] = 4.44f;
              f[i] = 4.44f * 95;
            }
          }
        }
    executor_.copy_in(scratch_->source(), f.data(), size * sizeof(float));
    executor_.copy_in(scratch_->loss(), k.data(), size * sizeof(float));
    executor_.copy_in(scratch_->uptake(), q.data(), size * sizeof(float));
  }
  Executor executor_;
  Lattice lattice_;
  std::shared_ptr<DiffusionScratch> scratch_;
  DiffusionSettings settings_;
  std::unique_ptr<Diffusion> solver_;
  std::vector<std::uint8_t> occupied_;
};

struct SolverFigures {
  double cycle_seconds = 0;       // V(3,2), what solves use
  double short_cycle_seconds = 0; // V(2,1), for comparison
  int cold_cycles = 0;            // to 1e-5 of the first residual
  int warm_cycles = 0;            // reported by the solver
  double warm_error = 0;          // mmHg, against many more cycles
  double warm_seconds = 0;
};

SolverFigures measure_solver(const Executor& executor, int size) {
  SolverFigures figures;
  OxygenProblem problem(executor, size);
  const Lattice& l = problem.lattice();
  const auto n = static_cast<std::size_t>(l.padded());
  Buffer<float> field(executor, l.padded());
  const std::vector<float> start(n, 52.0f);
  field.upload(start.data());
  const float first = problem.solver().residual(field.data());
  for (figures.cold_cycles = 0; figures.cold_cycles < 40; ++figures.cold_cycles) {
    if (problem.solver().residual(field.data()) <= 1e-5f * first) break;
    problem.solver().cycles(field.data(), 1);
  }
  const DiffusionSettings standard{};
  figures.cycle_seconds =
      problem.cycle_seconds(field.data(), standard.sweeps_before, standard.sweeps_after);
  figures.short_cycle_seconds = problem.cycle_seconds(field.data(), 2, 1);
  problem.solver().cycles(field.data(), 8);

  problem.move_some_cells();
  const auto begin = Clock::now();
  figures.warm_cycles = problem.solver().solve(field.data()).cycles;
  executor.synchronise();
  figures.warm_seconds = seconds_since(begin);
  const std::vector<float> solved = field.host_copy();
  problem.solver().cycles(field.data(), 12);
  const std::vector<float> limit = field.host_copy();
  for (std::size_t i = 0; i < n; ++i)
    figures.warm_error =
        std::max(figures.warm_error, std::abs(static_cast<double>(solved[i] - limit[i])));
  return figures;
}

// The default step with VEGF and vessels that grow: a vessel step falls due in every fifth step, so
// times are averages over whole fives.
struct VesselFigures {
  double step = 0, vegf = 0, vessels = 0; // s per step
  std::int64_t segments = 0, tips = 0;
};
VesselFigures measure_vessels(const Executor& executor, int size, int steps) {
  Site simulation(read_config_text(default_problem(size, true), "bench.yaml").parameters, executor);
  for (int n = 0; n < 6; ++n) simulation.step(); // the first solve is a cold one
  const int fives = 5 * ((steps + 4) / 5);
  VesselFigures f;
  const auto begin = Clock::now();
  for (int n = 0; n < fives; ++n) simulation.step();
  simulation.executor().synchronise();
  f.step = seconds_since(begin) / fives;
  simulation.executor().forget_timings();
  simulation.executor().profile(true);
  for (int n = 0; n < fives; ++n) simulation.step();
  simulation.executor().profile(false);
  const auto& processes = simulation.executor().processes();
  const auto seconds = [&](const char* name) {
    const auto found = processes.find(name);
    return found == processes.end() ? 0.0 : found->second.seconds / fives;
  };
  f.vegf = seconds("vegf");
  f.vessels = seconds("vessels");
  simulation.executor().forget_timings();
  const MetricRow row = simulation.measure();
  f.segments = static_cast<std::int64_t>(value_of(row, "vessel_segments"));
  f.tips = static_cast<std::int64_t>(value_of(row, "tips"));
  return f;
}

// Perfusion and flow in a sheet of hexagons whose edges are cut into `pieces` segments, as a
// lattice cuts them.
struct FlowFigures {
  std::int64_t segments = 0;
  double perfusion = 0, cold = 0, warm = 0; // s
  FlowReport first, again;
};
FlowFigures measure_flow(std::int32_t pieces, int threads) {
  std::vector<std::pair<std::int32_t, std::int32_t>> edges;
  std::vector<std::int32_t> inlets, outlets;
  FlowNetwork network;
  // A brick wall is a honeycomb to a graph. About 10^5 segments either way.
  const std::int32_t columns = pieces == 1 ? 300 : 134, rows = pieces == 1 ? 222 : 100;
  network.nodes = columns * rows;
  const auto node = [columns](std::int32_t x, std::int32_t y) { return y * columns + x; };
  const auto join = [&](std::int32_t a, std::int32_t b) {
    const Draw d = draw(1, Purpose::test, edges.size(), 0);
    const double radius = 4 + 3 * to_unit(d.word[0]);
    for (std::int32_t k = 0, from = a; k < pieces; ++k) {
      const std::int32_t to = k + 1 < pieces ? network.nodes++ : b;
      edges.emplace_back(from, to);
      network.segments.push_back({from, to, radius, 20});
      from = to;
    }
  };
  for (std::int32_t y = 0; y < rows; ++y)
    for (std::int32_t x = 0; x < columns; ++x) {
      if (x + 1 < columns) join(node(x, y), node(x + 1, y));
      if (y + 1 < rows && (x + y) % 2 == 0) join(node(x, y), node(x, y + 1));
    }
  for (std::int32_t y = 0; y < rows; ++y) {
    inlets.push_back(node(0, y));
    outlets.push_back(node(columns - 1, y));
    network.ends.push_back({node(0, y), 25, 0.45});
    network.ends.push_back({node(columns - 1, y), 15, 0.45});
  }
  FlowFigures f;
  f.segments = static_cast<std::int64_t>(edges.size());
  auto begin = Clock::now();
  const std::vector<std::uint8_t> perfused = perfused_edges(network.nodes, edges, inlets, outlets);
  f.perfusion = seconds_since(begin);
  const FlowParameters settings =
      read_config_text(default_problem(8, false), "bench.yaml").parameters.flow;
  FlowSolution solution;
  begin = Clock::now();
  f.first = solve_flow(network, settings, solution, threads);
  f.cold = seconds_since(begin);
  network.segments[network.segments.size() / 2].radius *= 1.2;
  begin = Clock::now();
  f.again = solve_flow(network, settings, solution, threads);
  f.warm = seconds_since(begin);
  return f;
}

// The default step without growing vessels.
struct StepFigures {
  double seconds = 0, bytes_per_voxel = 0;
  std::size_t allocated = 0;                                      // buffers made in steps
  std::vector<std::pair<std::string, Executor::Timing>> functors; // the slowest first
  Traffic traffic;                                                // of the profiled steps
  std::vector<std::pair<std::string, Traffic>> traffic_of;        // each process
};
StepFigures measure_step(const Executor& executor, int size, int steps) {
  Site simulation(read_config_text(default_problem(size, false), "bench.yaml").parameters,
                  executor);
  StepFigures f;
  const auto voxels = static_cast<double>(Lattice{size, size, size, 20}.voxels());
  for (int n = 0; n < 2; ++n) simulation.step();
  f.bytes_per_voxel = static_cast<double>(simulation.executor().memory_allocated()) / voxels;
  const std::size_t allocations = simulation.executor().allocations();
  const auto begin = Clock::now();
  for (int n = 0; n < steps; ++n) simulation.step();
  simulation.executor().synchronise();
  f.seconds = seconds_since(begin) / steps;
  f.allocated = simulation.executor().allocations() - allocations;
  simulation.executor().profile(true);
  for (int n = 0; n < steps; ++n) simulation.step();
  simulation.executor().profile(false);
  const std::map<std::string, Executor::Timing> by_name = simulation.executor().timings();
  f.functors.assign(by_name.begin(), by_name.end());
  std::sort(f.functors.begin(), f.functors.end(),
            [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  for (const auto& [name, process] : simulation.executor().processes()) {
    f.traffic += process.traffic;
    f.traffic_of.emplace_back(name.empty() ? "between" : name, process.traffic);
  }
  return f;
}

// All that a bench measures; parts that were not asked for stay empty. A copy is one of a float
// field, in seconds.
struct Figures {
  int size = 0, steps = 0;
  std::string device;
  double voxels = 0, copy = 0;
  std::optional<SolverFigures> solver;
  std::optional<StepFigures> step;
  std::optional<VesselFigures> vessels;
  std::optional<std::pair<FlowFigures, FlowFigures>> flow; // five segments to a branch, one
  double copy_speed() const { return 8 * voxels / copy; }
};

double vascular_share(const VesselFigures& vessels) {
  return (vessels.vegf + vessels.vessels) / vessels.step;
}

void print_solver(const Figures& f) {
  const SolverFigures& solver = *f.solver;
  std::printf("oxygen solver\n");
  std::printf("  V(3,2) cycle          %8.2f ms  %6.1f copies\n", solver.cycle_seconds * 1e3,
              solver.cycle_seconds / f.copy);
  std::printf("  V(2,1) cycle          %8.2f ms  %6.1f copies\n", solver.short_cycle_seconds * 1e3,
              solver.short_cycle_seconds / f.copy);
  std::printf("  cold solve to 1e-5    %8d cycles\n", solver.cold_cycles);
  std::printf("  warm solve, 2 %% moved %8d cycles, %.2f ms, error %.1e mmHg\n\n",
              solver.warm_cycles, solver.warm_seconds * 1e3, solver.warm_error);
}

// What a step of each process sends across, where there are two sides.
void print_traffic(const Figures& f) {
  const StepFigures& step = *f.step;
  if (step.traffic.kernels == 0) return;
  std::printf("%-32s", "each step, host and device");
  Traffic::each([](const char* name, auto) { std::printf(" %14s", name); });
  std::printf("\n");
  const auto line = [&](const std::string& name, const Traffic& t) {
    std::printf("%-32s", name.c_str());
    Traffic::each([&](const char*, auto member) {
      std::printf(" %14.1f", static_cast<double>(t.*member) / f.steps);
    });
    std::printf("\n");
  };
  for (const auto& [name, t] : step.traffic_of) line(name, t);
  line("all", step.traffic);
  std::printf("\n");
}

void print_step(const Figures& f) {
  const StepFigures& step = *f.step;
  std::printf("whole step              %8.1f ms  %6.1f copies, %.3g voxels/s\n", step.seconds * 1e3,
              step.seconds / f.copy, f.voxels / step.seconds);
  std::printf("memory                  %8.1f bytes per voxel\n", step.bytes_per_voxel);
  std::printf("buffers made in a step  %8zu\n\n", step.allocated);
}

void print_functors(const Figures& f) {
  std::printf(
      "stages of one walk are timed plane by plane; arrays they share count for the sweeps\n");
  std::printf("%-32s %10s %8s %9s %9s %7s\n", "functor", "ms/step", "copies", "B/voxel", "GB/s",
              "% copy");
  for (const auto& [name, t] : f.step->functors) {
    const double per_step = t.seconds / f.steps;
    const double speed = t.seconds > 0 ? t.bytes / t.seconds : 0;
    std::printf("%-32s %10.3f %8.2f %9.1f %9.1f %7.1f\n", name.c_str(), per_step * 1e3,
                per_step / f.copy, t.sites > 0 ? t.bytes / t.sites : 0, speed * 1e-9,
                100 * speed / f.copy_speed());
  }
}

void print_vessels(const Figures& f) {
  const VesselFigures& vessels = *f.vessels;
  std::printf("\nwith growing vessels, %lld segments, %lld tips\n",
              static_cast<long long>(vessels.segments), static_cast<long long>(vessels.tips));
  std::printf("  whole step            %8.1f ms  %6.1f copies\n", vessels.step * 1e3,
              vessels.step / f.copy);
  std::printf("  VEGF                  %8.1f ms  %6.1f copies\n", vessels.vegf * 1e3,
              vessels.vegf / f.copy);
  std::printf("  sprouts, regression   %8.1f ms  %6.1f copies\n", vessels.vessels * 1e3,
              vessels.vessels / f.copy);
  std::printf("  share of the step     %8.1f %%\n", 100 * vascular_share(vessels));
}

void print_blood(const FlowFigures& f, const char* what) {
  std::printf("blood, %lld segments, %s\n", static_cast<long long>(f.segments), what);
  std::printf("  perfusion             %8.1f ms\n", f.perfusion * 1e3);
  std::printf("  flow, cold            %8.1f ms  %d iterations, imbalance %.1e\n", f.cold * 1e3,
              f.first.iterations, f.first.imbalance);
  std::printf("  flow, one radius new  %8.1f ms  %d iterations\n", f.warm * 1e3,
              f.again.iterations);
}

std::string functors_json(const Figures& f) {
  std::ostringstream rows;
  for (const auto& [name, t] : f.step->functors) {
    const double per_step = t.seconds / f.steps;
    const double speed = t.seconds > 0 ? t.bytes / t.seconds : 0;
    rows << (rows.str().empty() ? "" : ",\n    ") << "{\"functor\": \"" << name
         << "\", \"ms_per_step\": " << per_step * 1e3 << ", \"copies\": " << per_step / f.copy
         << ", \"bytes_per_voxel\": " << (t.sites > 0 ? t.bytes / t.sites : 0)
         << ", \"gb_per_s\": " << speed * 1e-9 << "}";
  }
  return rows.str();
}

// Everything measured so far. A reader finds a whole file at any moment.
void write_json(const Figures& f, const std::string& path) {
  std::ostringstream file;
  file << "{\n  \"program\": \"metavox " << version() << "\",\n  \"commit\": \"" << commit()
       << "\",\n  \"device\": \"" << f.device << "\",\n  \"size\": " << f.size;
  const auto put = [&](const char* key, const auto& value) {
    file << ",\n  \"" << key << "\": " << value;
  };
  put("copy_ms", f.copy * 1e3);
  put("copy_gb_per_s", f.copy_speed() * 1e-9);
  if (f.solver) {
    put("cycle_ms", f.solver->cycle_seconds * 1e3);
    put("cycle_copies", f.solver->cycle_seconds / f.copy);
    put("cycle_2_1_ms", f.solver->short_cycle_seconds * 1e3);
    put("cycle_2_1_copies", f.solver->short_cycle_seconds / f.copy);
    put("cold_cycles", f.solver->cold_cycles);
    put("warm_cycles", f.solver->warm_cycles);
    put("warm_error_mmHg", f.solver->warm_error);
    put("warm_ms", f.solver->warm_seconds * 1e3);
  }
  if (f.step) {
    put("step_ms", f.step->seconds * 1e3);
    put("step_copies", f.step->seconds / f.copy);
    put("voxels_per_s", f.voxels / f.step->seconds);
    put("bytes_per_voxel", f.step->bytes_per_voxel);
    put("buffers_made_in_a_step", f.step->allocated);
    if (f.step->traffic.kernels > 0)
      Traffic::each([&](const char* name, auto member) {
        put((std::string(name) + "_in_a_step").c_str(),
            static_cast<double>(f.step->traffic.*member) / f.steps);
      });
  }
  if (f.vessels) {
    put("vessel_segments", f.vessels->segments);
    put("vessel_step_ms", f.vessels->step * 1e3);
    put("vessel_step_copies", f.vessels->step / f.copy);
    put("vegf_ms", f.vessels->vegf * 1e3);
    put("sprouts_ms", f.vessels->vessels * 1e3);
    put("vascular_share", vascular_share(*f.vessels));
  }
  if (f.flow) {
    const auto& [flow, branches] = *f.flow;
    put("flow_segments", flow.segments);
    put("perfusion_ms", flow.perfusion * 1e3);
    put("flow_cold_ms", flow.cold * 1e3);
    put("flow_warm_ms", flow.warm * 1e3);
    put("flow_branches", branches.segments);
    put("flow_branches_cold_ms", branches.cold * 1e3);
    put("flow_branches_warm_ms", branches.warm * 1e3);
  }
  if (f.step) file << ",\n  \"functors\": [\n    " << functors_json(f) << "\n  ]";
  file << "\n}\n";
  write_file_atomically(path, file.str());
}

constexpr const char* parts[] = {"solver", "step", "vessels", "blood"};

// Which of `parts` are asked for.
std::set<std::string> chosen_parts(const std::string& only) {
  if (only.empty()) return {std::begin(parts), std::end(parts)};
  std::set<std::string> chosen;
  std::istringstream list(only);
  for (std::string part; std::getline(list, part, ',');) {
    if (std::find(std::begin(parts), std::end(parts), part) == std::end(parts))
      throw ConfigError("--only: there is no part '" + part +
                        "' of the benchmark; there are solver, step, vessels and blood");
    chosen.insert(part);
  }
  return chosen;
}

// Before anything is allocated: the lattice of the largest part and, as vessels grow, some more.
void require_memory(int size, bool vessels, const Executor& executor) {
  const std::uint64_t need = estimate_device_bytes(
      read_config_text(default_problem(size, vessels), "bench.yaml").parameters);
  const Allowance machine = allowance();
  const bool on_host = executor.backend() == Backend::cpu;
  const std::uint64_t have = on_host ? machine.memory : executor.memory_available();
  if (need <= have) return;
  throw ResourceError("not enough memory: a lattice of " + std::to_string(size) + "^3 takes " +
                      bytes_text(need) + ", " + executor.description() + " has " +
                      bytes_text(have) + " free" + (on_host ? limit_text(machine) : "") +
                      "; type a smaller --size");
}

} // namespace

int bench(const BenchOptions& options) {
  const std::set<std::string> asked = chosen_parts(options.only);
  std::string note;
  const Lattice lattice{options.size, options.size, options.size, 20};
  const Executor executor =
      choose_executor(options.backend, options.threads, options.device, lattice.voxels(), note);
  if (asked.count("step") + asked.count("vessels") > 0)
    require_memory(options.size, asked.count("vessels") > 0, executor);
  Figures f;
  f.size = options.size;
  f.steps = options.steps;
  f.device = executor.description();
  f.voxels = static_cast<double>(lattice.voxels());
  const auto done = [&] {
    std::fflush(stdout);
    if (!options.json.empty()) write_json(f, options.json);
  };
  std::printf("metavox %s on %s, %d^3 voxels\n", version().c_str(), f.device.c_str(), f.size);
  f.copy = copy_seconds(executor, lattice);
  std::printf("one copy of a float field: %.3f ms, %.1f GB/s\n\n", f.copy * 1e3,
              f.copy_speed() * 1e-9);
  done();
  if (asked.count("solver") > 0) {
    f.solver = measure_solver(executor, f.size);
    print_solver(f);
    done();
  }
  if (asked.count("step") > 0) {
    f.step = measure_step(executor, f.size, f.steps);
    print_step(f);
    print_traffic(f);
    print_functors(f);
    done();
  }
  if (asked.count("vessels") > 0) {
    f.vessels = measure_vessels(executor, f.size, f.steps);
    print_vessels(f);
    done();
  }
  if (asked.count("blood") > 0) {
    f.flow = {measure_flow(5, executor.threads()), measure_flow(1, executor.threads())};
    print_blood(f.flow->first, "five to a branch");
    print_blood(f.flow->second, "each a branch");
    done();
  }
  if (!options.json.empty()) std::printf("\nnumbers written to %s\n", options.json.c_str());
  return exit_done;
}

} // namespace metavox
