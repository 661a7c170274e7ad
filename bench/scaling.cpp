// The default step at a given size, tumour and vessel density, taken apart; one JSON object on
// standard output. The script performance.py calls it for the tables and the plot of
// docs/performance.md.
//
// Some sciences act in every fifth step only, growth's pressure and vessels among them, so that no
// single step is the step: what is told is the mean over a whole period, of which several are run.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "program/bandwidth.hpp"
#include "site/config.hpp"
#include "site/site.hpp"

using namespace metavox;
using nlohmann::ordered_json;

namespace {

// Steps after which everything has fallen due as often as it will.
int steps_in_period(const Parameters& p) {
  const auto every = [&](double minutes) {
    return std::max(1L, std::lround(minutes / p.time.step));
  };
  long period = every(p.growth.refresh);
  if (p.vessels.pattern != VesselPattern::none)
    period = std::lcm(period, every(p.time.vessel_step));
  return static_cast<int>(period);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 != 0) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

// Of a functor in each period.
struct Share {
  std::vector<double> seconds;
  double calls = 0, bytes = 0, sites = 0; // in all of them
};

} // namespace

int main(int argc, char** argv) {
  try {
    std::map<std::string, std::string> option{{"--size", "64"},     {"--threads", "1"},
                                              {"--periods", "3"},   {"--tumour", ""},
                                              {"--spacing", "300"}, {"--growing", "0"}};
    if (argc % 2 == 0)
      throw std::runtime_error(
          "usage: bench_scaling [--size VOXELS] [--threads N] [--periods N] [--tumour RADIUS_UM] "
          "[--spacing VESSEL_SPACING_UM] [--growing 0|1]");
    for (int a = 1; a < argc; a += 2) {
      if (option.count(argv[a]) == 0)
        throw std::runtime_error(std::string("unknown option ") + argv[a]);
      option[argv[a]] = argv[a + 1];
    }
    const int n = std::stoi(option["--size"]), periods = std::stoi(option["--periods"]);
    if (periods < 1) throw std::runtime_error("--periods must be 1 or more");
    const bool growing = option["--growing"] == "1";
    std::ostringstream text;
    text << "simulation: {seed: 1, duration: 30 day}\n"
         << "domain: {voxels: [" << n << ", " << n << ", " << n << "], spacing: 20 um}\n"
         << "vessels: {pattern: grid, spacing: " << option["--spacing"] << " um, jitter: 0.5}\n"
         << "tissue:\n  parenchyma: 0.45\n  stroma: 0.1\n  cells:\n    - {shape: sphere, kind: "
            "epithelial, radius: "
         << (option["--tumour"].empty() ? std::to_string(n * 20 / 6) : option["--tumour"])
         << " um, mesenchymal_fraction: 0.1}\n";
    if (growing)
      text << "vegf: {enabled: true}\nsprouting: {enabled: true}\nregression: {enabled: true}\n";

    Executor executor = Executor::on_cpu(std::stoi(option["--threads"]));
    const Lattice lattice{n, n, n, 20};
    const Parameters parameters = read_config_text(text.str(), "scaling.yaml").parameters;
    const int period = steps_in_period(parameters);
    ordered_json out{{"size", n},
                     {"threads", executor.threads()},
                     {"period", period},
                     {"periods", periods},
                     {"growing", growing}};
    std::vector<double> copies{copy_seconds(executor, lattice)};
    Site simulation(parameters, executor);
    // The first solves start from nothing, and find room for what blood carries.
    for (int k = 0; k <= period; ++k) simulation.step();
    out["bytes_per_voxel"] =
        static_cast<double>(executor.memory_allocated()) / static_cast<double>(lattice.voxels());
    copies.push_back(copy_seconds(executor, lattice));
    std::vector<double> times, cpu;
    for (int k = 0; k < periods; ++k) {
      const double cpu_begin = cpu_seconds();
      const auto begin = Clock::now();
      for (int s = 0; s < period; ++s) simulation.step();
      times.push_back(seconds_since(begin) / period);
      cpu.push_back((cpu_seconds() - cpu_begin) / period);
    }
    out["step_s"] = times;
    out["step_cpu_s"] =
        cpu; // of all threads; what other programs on the machine take away is not in it
    std::map<std::string, std::vector<double>> processes;
    std::map<std::string, Share> functors;
    std::vector<double> profiled;
    for (int k = 0; k < periods; ++k) {
      executor.forget_timings();
      executor.profile(true);
      const auto begin = Clock::now();
      for (int s = 0; s < period; ++s) simulation.step();
      executor.profile(false);
      profiled.push_back(seconds_since(begin) / period);
      for (const auto& [name, p] : executor.processes())
        processes[name.empty() ? "rest" : name].push_back(p.seconds / period);
      for (const auto& [name, t] : executor.timings()) {
        Share& share = functors[name];
        share.seconds.push_back(t.seconds / period);
        share.calls += static_cast<double>(t.calls);
        share.bytes += static_cast<double>(t.bytes);
        share.sites += static_cast<double>(t.sites);
      }
    }
    out["profiled_step_s"] = median(profiled);
    copies.push_back(copy_seconds(executor, lattice));
    out["copy_s"] = copies;
    const double steps = static_cast<double>(periods) * period;
    for (const auto& [name, seconds] : processes) out["processes"][name] = median(seconds);
    for (const auto& [name, f] : functors)
      out["functors"][name] = {{"calls", f.calls / steps},
                               {"seconds", median(f.seconds)},
                               {"bytes", f.bytes / steps},
                               {"sites", f.sites / steps}};
    const MetricRow row = simulation.measure();
    for (const char* name : {"tumour_cells", "parenchyma", "stroma", "vessel_segments", "tips",
                             "active_bricks", "oxygen_cycles", "proteinase_cycles"})
      out[name] = value_of(row, name);
    std::cout << out.dump() << std::endl;
  } catch (const std::exception& e) {
    std::cerr << "bench_scaling: " << e.what() << std::endl;
    return 1;
  }
}
