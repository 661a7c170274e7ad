// One default step at a given size, tumour and vessel density, taken apart; one JSON object on
// standard output. The script performance.py calls it for the tables and the plot of
// docs/performance.md.
#include <algorithm>
#include <iostream>
#include <map>
#include <sstream>

#include <nlohmann/json.hpp>

#include "program/bandwidth.hpp"
#include "site/config.hpp"
#include "site/site.hpp"

using namespace metavox;
using nlohmann::ordered_json;

int main(int argc, char** argv) {
  try {
    std::map<std::string, std::string> option{{"--size", "64"},     {"--threads", "1"},
                                              {"--steps", "5"},     {"--tumour", ""},
                                              {"--spacing", "300"}, {"--growing", "0"}};
    if (argc % 2 == 0)
      throw std::runtime_error(
          "usage: bench_scaling [--size VOXELS] [--threads N] [--steps N] [--tumour RADIUS_UM] "
          "[--spacing VESSEL_SPACING_UM] [--growing 0|1]");
    for (int a = 1; a < argc; a += 2) {
      if (option.count(argv[a]) == 0)
        throw std::runtime_error(std::string("unknown option ") + argv[a]);
      option[argv[a]] = argv[a + 1];
    }
    const int n = std::stoi(option["--size"]), steps = std::stoi(option["--steps"]);
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
    ordered_json out{
        {"size", n}, {"threads", executor.threads()}, {"steps", steps}, {"growing", growing}};
    std::vector<double> copies{copy_seconds(executor, lattice)};
    Site simulation(read_config_text(text.str(), "scaling.yaml").parameters, executor);
    out["bytes_per_voxel"] =
        static_cast<double>(executor.memory_allocated()) / static_cast<double>(lattice.voxels());
    // The first solves start from nothing; a vessel step falls due in every fifth.
    for (int k = 0; k < (growing ? 6 : 2); ++k) simulation.step();
    copies.push_back(copy_seconds(executor, lattice));
    std::vector<double> times, cpu;
    for (int k = 0; k < steps; ++k) {
      const double cpu_begin = cpu_seconds();
      const auto begin = Clock::now();
      simulation.step();
      times.push_back(seconds_since(begin));
      cpu.push_back(cpu_seconds() - cpu_begin);
    }
    out["step_s"] = times;
    out["step_cpu_s"] =
        cpu; // of all threads; what other programs on the machine take away is not in it
    // Each step on its own: on a shared machine the fastest of several says most about the program.
    ordered_json processes, functors;
    const auto fastest = [](ordered_json& at, double seconds) {
      if (at.is_null() || at.get<double>() > seconds) at = seconds;
    };
    double profiled = 1e30;
    for (int k = 0; k < steps; ++k) {
      executor.forget_timings();
      executor.profile(true);
      const auto begin = Clock::now();
      simulation.step();
      executor.profile(false);
      profiled = std::min(profiled, seconds_since(begin));
      for (const auto& [name, p] : executor.processes())
        fastest(processes[name.empty() ? "rest" : name], p.seconds);
      for (const auto& [name, t] : executor.timings()) {
        ordered_json& f = functors[name];
        if (f.is_null() || f["seconds"].get<double>() > t.seconds)
          f = {{"calls", t.calls}, {"seconds", t.seconds}, {"bytes", t.bytes}, {"sites", t.sites}};
      }
    }
    out["profiled_step_s"] = profiled;
    copies.push_back(copy_seconds(executor, lattice));
    out["copy_s"] = copies;
    out["processes"] = processes;
    out["functors"] = functors;
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
