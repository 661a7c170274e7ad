// Time of BioFVM's own code on the problem of problem.hpp, built against a checkout of PhysiCell
// that the user has (-DBIOFVM_DIR=...); none of it is in this tree. One JSON object on the last
// line of standard output.
//
// BioFVM fixes voxels, not faces: here the outermost voxels hold the value of the faces. That is
// another problem at its rim, which costs the same time; errors are not compared.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <omp.h>
#include <sys/resource.h>

#include "BioFVM.h"
#include "BioFVM_agent_container.h"
#include "problem.hpp"

namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Oxygen with D and decay outside of the sphere, and a cell in each voxel of the sphere that takes
// up the rest.
void set_up(const compare::Problem& p) {
  BioFVM::Microenvironment_Options& options = BioFVM::default_microenvironment_options;
  const double edge = p.n * p.spacing;
  options.X_range = options.Y_range = options.Z_range = {0, edge};
  options.dx = options.dy = options.dz = p.spacing;
  options.outer_Dirichlet_conditions = true;
  options.Dirichlet_condition_vector.assign(1, p.face);
  for (auto* values : {&options.Dirichlet_xmin_values, &options.Dirichlet_xmax_values,
                       &options.Dirichlet_ymin_values, &options.Dirichlet_ymax_values,
                       &options.Dirichlet_zmin_values, &options.Dirichlet_zmax_values})
    values->assign(1, p.face);
  options.initial_condition_vector.assign(1, p.face);
  BioFVM::initialize_microenvironment();
  BioFVM::Microenvironment& tissue = BioFVM::microenvironment;
  tissue.diffusion_coefficients[0] = p.diffusivity;
  tissue.decay_rates[0] = p.outside;
  BioFVM::set_default_microenvironment(&tissue);
  tissue.agent_container = new BioFVM::Agent_Container; // lives as long as the program
  const double volume = p.spacing * p.spacing * p.spacing;
  for (int z = 0; z < p.n; ++z)
    for (int y = 0; y < p.n; ++y)
      for (int x = 0; x < p.n; ++x) {
        if (!p.in_sphere(x, y, z)) continue;
        BioFVM::Basic_Agent* cell = BioFVM::create_basic_agent();
        cell->register_microenvironment(&tissue);
        cell->assign_position((x + 0.5) * p.spacing, (y + 0.5) * p.spacing, (z + 0.5) * p.spacing);
        (*cell->uptake_rates)[0] = p.inside - p.outside;
        cell->set_total_volume(volume); // a full voxel
      }
}

std::string list(const std::vector<double>& values) {
  std::string text;
  for (const double v : values) text += (text.empty() ? "" : ", ") + std::to_string(v);
  return "[" + text + "]";
}

} // namespace

int main(int argc, char** argv) {
  try {
    std::map<std::string, std::string> option{
        {"--size", "64"}, {"--threads", "1"}, {"--steps", "10"}, {"--dt", "0.01"}};
    if (argc % 2 != 1)
      throw std::runtime_error(
          "usage: compare_biofvm [--size N] [--threads N] [--steps N] [--dt MIN]");
    for (int a = 1; a < argc; a += 2) {
      if (option.count(argv[a]) == 0)
        throw std::runtime_error(std::string("unknown option ") + argv[a]);
      option[argv[a]] = argv[a + 1];
    }
    omp_set_num_threads(std::stoi(option["--threads"]));
    const compare::Problem p(std::stoi(option["--size"]));
    const double dt = std::stod(option["--dt"]);
    set_up(p);
    BioFVM::Microenvironment& tissue = BioFVM::microenvironment;
    std::vector<double> diffusion, uptake;
    for (int n = -1; n < std::stoi(option["--steps"]); ++n) { // one to warm up
      auto begin = std::chrono::steady_clock::now();
      tissue.simulate_diffusion_decay(dt);
      const double spread = seconds_since(begin);
      begin = std::chrono::steady_clock::now();
      tissue.simulate_cell_sources_and_sinks(dt);
      const double taken = seconds_since(begin);
      if (n < 0) continue;
      diffusion.push_back(spread);
      uptake.push_back(taken);
    }
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const int middle = p.n / 2;
    std::cout << "\n{\"dt_min\": " << dt << ", \"size\": " << p.n
              << ", \"threads\": " << omp_get_max_threads()
              << ", \"cells\": " << BioFVM::all_basic_agents.size()
              << ", \"diffusion_step_s\": " << list(diffusion)
              << ", \"uptake_step_s\": " << list(uptake)
              << ", \"peak_memory_GiB\": " << static_cast<double>(used.ru_maxrss) / (1 << 20)
              << ", \"centre_mmHg\": "
              << tissue.density_vector(tissue.voxel_index(middle, middle, middle))[0]
              << ", \"version\": \"" << METAVOX_BIOFVM_VERSION << "\"}" << std::endl;
  } catch (const std::exception& e) {
    std::cerr << "compare_biofvm: " << e.what() << std::endl;
    return 1;
  }
}
