// Times and errors of metavox's solver and of BioFVM's scheme on the problem of problem.hpp; one
// JSON object on standard output. run.py calls it, in turn with compare_hypre.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>

#include <nlohmann/json.hpp>
#include <omp.h>

#include "core/random.hpp"
#include "lod.hpp"
#include "problem.hpp"
#include "program/bandwidth.hpp"
#include "solver/diffusion.hpp"

using namespace compare;
using metavox::cpu_seconds;
using metavox::seconds_since;
using nlohmann::ordered_json;

namespace {

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

class Ours {
public:
  Ours(const Problem& p, int threads)
      : p_(p), executor_(metavox::Executor::on_cpu(threads)), lattice_{p.n, p.n, p.n, p.spacing},
        scratch_(std::make_shared<metavox::DiffusionScratch>(executor_, lattice_)),
        field_(executor_, lattice_.padded()),
        host_(static_cast<std::size_t>(scratch_->split().padded())) {
    set_loss(p.loss());
    put_loss();
  }
  const metavox::Executor& executor() const { return executor_; }
  const metavox::Lattice& lattice() const { return lattice_; }
  // Into the solver's order of voxels; put_loss() hands it over.
  void set_loss(const std::vector<float>& k) {
    for (int z = 0; z < p_.n; ++z)
      for (int y = 0; y < p_.n; ++y)
        for (int x = 0; x < p_.n; ++x)
          host_[static_cast<std::size_t>(scratch_->split().index(x, y, z))] = k[p_.index(x, y, z)];
  }
  void put_loss() {
    executor_.copy_in(scratch_->loss(), host_.data(), host_.size() * sizeof(float));
  }
  // cycles = 0: until the solver's own estimate of the error is below the tolerance.
  metavox::SolveReport solve(metavox::Diffusion::Start start, double tolerance, int cycles) {
    metavox::DiffusionSettings s;
    s.name = "oxygen";
    s.diffusivity = p_.diffusivity;
    s.tolerance = cycles > 0 ? 0 : tolerance;
    if (cycles > 0) s.max_cycles = cycles;
    s.faces.fill({metavox::FaceKind::fixed, p_.face});
    if (!solver_ || made_for_ != std::make_pair(tolerance, cycles)) {
      solver_ = std::make_unique<metavox::Diffusion>(executor_, lattice_, s, scratch_);
      made_for_ = {tolerance, cycles};
    }
    return solver_->solve(field_.data(), start);
  }
  void forget() { field_.clear(); }
  std::vector<double> field() const {
    const std::vector<float> padded = field_.host_copy();
    std::vector<double> c(p_.voxels());
    for (int z = 0; z < p_.n; ++z)
      for (int y = 0; y < p_.n; ++y)
        for (int x = 0; x < p_.n; ++x)
          c[p_.index(x, y, z)] =
              static_cast<double>(padded[static_cast<std::size_t>(lattice_.index(x, y, z))]);
    return c;
  }

private:
  Problem p_;
  metavox::Executor executor_;
  metavox::Lattice lattice_;
  std::shared_ptr<metavox::DiffusionScratch> scratch_;
  metavox::Buffer<float> field_;
  std::vector<float> host_;
  std::unique_ptr<metavox::Diffusion> solver_;
  std::pair<double, int> made_for_;
};

constexpr double stop = 1e-3; // mmHg, metavox's default

// The reference: from our solution on, in double precision.
ordered_json make_reference(const Problem& p, int threads, const std::string& file) {
  Ours ours(p, threads);
  ours.solve(metavox::Diffusion::Start::cold, 1e-5, 12);
  std::vector<double> c = ours.field();
  const std::vector<float> k = p.loss();
  const int iterations = refine(p, k, c);
  save(file, c);
  const double centre = p.centre(c), known = known_centre(p.n);
  if (known > 0 && std::abs(centre - known) > 1e-6)
    throw std::runtime_error("the centre holds " + std::to_string(centre) +
                             " mmHg, it should hold " + std::to_string(known));
  return {{"size", p.n},
          {"centre_mmHg", centre},
          {"known_centre_mmHg", known > 0 ? ordered_json(known) : ordered_json()},
          {"iterations", iterations},
          {"relative_residual", relative_residual(p, k, c)}};
}

ordered_json measure_ours(const Problem& p, int threads, const std::vector<double>& reference,
                          int repeats, int most_cycles) {
  Ours ours(p, threads);
  const std::vector<float> k = p.loss();
  ordered_json out{{"threads", threads},
                   {"copy_s", metavox::copy_seconds(ours.executor(), ours.lattice())}};
  const auto run = [&](int cycles) {
    std::vector<double> times, cpu;
    metavox::SolveReport report;
    for (int n = 0; n < repeats; ++n) {
      ours.forget();
      const double cpu_begin = cpu_seconds();
      const auto begin = std::chrono::steady_clock::now();
      report = ours.solve(metavox::Diffusion::Start::cold, stop, cycles);
      times.push_back(seconds_since(begin));
      cpu.push_back(cpu_seconds() - cpu_begin);
    }
    const std::vector<double> c = ours.field();
    return ordered_json{{"cycles", report.cycles},
                        {"seconds", times},
                        {"cpu_s", cpu},
                        {"relative_residual", relative_residual(p, k, c)},
                        {"max_error_mmHg", largest_difference(c, reference)},
                        {"estimated_error_mmHg", report.error},
                        {"centre_mmHg", p.centre(c)}};
  };
  ours.forget();
  ours.solve(metavox::Diffusion::Start::cold, stop, 1); // pages and caches
  ordered_json by_cycles = ordered_json::array();
  for (int cycles = 1; cycles <= most_cycles; ++cycles) by_cycles.push_back(run(cycles));
  out["cold_by_cycles"] = by_cycles;
  out["cold_own_stop"] = run(0);
  return out;
}

// An hour of oxygen as metavox takes it: a solve in each of ten steps of 6 min, before each of
// which another two in a hundred voxels of the sphere stop consuming, or start again.
ordered_json measure_hour(const Problem& p, int threads, metavox::Diffusion::Start start,
                          bool judge) {
  Ours ours(p, threads);
  ours.solve(metavox::Diffusion::Start::cold, stop, 0);
  std::vector<float> k;
  double seconds = 0, cpu = 0;
  std::vector<int> cycles;
  for (std::uint64_t step = 0; step < 10; ++step) {
    k = p.loss();
    for (int z = 0; z < p.n; ++z)
      for (int y = 0; y < p.n; ++y)
        for (int x = 0; x < p.n; ++x)
          if (p.in_sphere(x, y, z) &&
              metavox::to_unit(
                  metavox::draw(1, metavox::Purpose::test, p.index(x, y, z), step).word[0]) < 0.02)
            k[p.index(x, y, z)] = static_cast<float>(p.outside);
    ours.set_loss(k);
    const double cpu_begin = cpu_seconds();
    const auto begin = std::chrono::steady_clock::now();
    ours.put_loss();
    cycles.push_back(ours.solve(start, stop, 0).cycles);
    seconds += seconds_since(begin);
    cpu += cpu_seconds() - cpu_begin;
  }
  std::vector<double> c = ours.field();
  ordered_json out{{"seconds", seconds},
                   {"cpu_s", cpu},
                   {"cycles", cycles},
                   {"relative_residual", relative_residual(p, k, c)}};
  if (!judge) return out;
  std::vector<double> exact = c;
  refine(p, k, exact);
  out["max_error_mmHg"] = largest_difference(c, exact);
  return out;
}

ordered_json measure_lod(const Problem& p, double dt, int steps) {
  ordered_json out{{"dt_min", dt}, {"steps", steps}, {"threads", omp_get_max_threads()}};
  for (const bool blocks : {false, true}) {
    LodStep lod(p, dt);
    const auto step = [&] { blocks ? lod.step_in_blocks() : lod.step_by_line(); };
    step();
    std::vector<double> times, cpu;
    for (int n = 0; n < steps; ++n) {
      const double cpu_begin = cpu_seconds();
      const auto begin = std::chrono::steady_clock::now();
      step();
      times.push_back(seconds_since(begin));
      cpu.push_back(cpu_seconds() - cpu_begin);
    }
    out[blocks ? "block_step_s" : "line_step_s"] = times;
    out[blocks ? "block_step_cpu_s" : "line_step_cpu_s"] = median(cpu);
  }
  return out;
}

// Until a simulated minute changes nothing.
ordered_json lod_error(const Problem& p, double dt, const std::vector<double>& reference) {
  LodStep lod(p, dt), check(p, dt);
  for (int n = 0; n < 20; ++n) {
    lod.step_in_blocks();
    check.step_by_line();
  }
  const double ways = largest_difference(lod.field(), check.field());
  if (!(ways < 1e-11))
    throw std::runtime_error("the two orders of a BioFVM step differ by " + std::to_string(ways));
  const int minute = static_cast<int>(std::lround(1 / dt));
  std::vector<double> before;
  int steps = 20;
  double change = 1;
  while (change > 1e-9 && steps < 1000 * minute) {
    before = lod.field();
    for (int n = 0; n < minute; ++n) lod.step_in_blocks();
    steps += minute;
    change = largest_difference(before, lod.field());
  }
  return {{"size", p.n},
          {"dt_min", dt},
          {"steps", steps},
          {"change_in_the_last_minute", change},
          {"relative_residual", relative_residual(p, p.loss(), lod.field())},
          {"max_error_mmHg", largest_difference(lod.field(), reference)},
          {"centre_mmHg", p.centre(lod.field())}};
}

} // namespace

int main(int argc, char** argv) {
  try {
    std::map<std::string, std::string> option{
        {"--size", "64"},   {"--threads", "1"}, {"--file", ""},   {"--repeats", "3"},
        {"--cycles", "10"}, {"--steps", "20"},  {"--dt", "0.01"}, {"--judge", "1"}};
    if (argc < 2 || argc % 2 != 0)
      throw std::runtime_error(
          "usage: compare_solvers reference|ours|hour|cold-hour|lod|lod-error [--size N] "
          "[--threads N] [--file REFERENCE] [--repeats N] [--cycles N] [--steps N] [--dt MIN] "
          "[--judge 0|1]");
    for (int a = 2; a < argc; a += 2) {
      if (option.count(argv[a]) == 0)
        throw std::runtime_error(std::string("unknown option ") + argv[a]);
      option[argv[a]] = argv[a + 1];
    }
    const auto number = [&](const char* name) { return std::stoi(option[name]); };
    const Problem p(number("--size"));
    const int threads = number("--threads");
    omp_set_num_threads(threads);
    const auto reference = [&] { return restore(option["--file"], p.voxels()); };
    const std::string what = argv[1];
    ordered_json out;
    if (what == "reference")
      out = make_reference(p, threads, option["--file"]);
    else if (what == "ours")
      out = measure_ours(p, threads, reference(), number("--repeats"), number("--cycles"));
    else if (what == "hour")
      out = measure_hour(p, threads, metavox::Diffusion::Start::warm, option["--judge"] == "1");
    else if (what == "cold-hour")
      out = measure_hour(p, threads, metavox::Diffusion::Start::cold, option["--judge"] == "1");
    else if (what == "lod")
      out = measure_lod(p, std::stod(option["--dt"]), number("--steps"));
    else if (what == "lod-error")
      out = lod_error(p, std::stod(option["--dt"]), reference());
    else
      throw std::runtime_error("compare_solvers cannot do " + what);
    std::cout << out.dump() << std::endl;
  } catch (const std::exception& e) {
    std::cerr << "compare_solvers: " << e.what() << std::endl;
    return 1;
  }
}
