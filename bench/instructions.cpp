// Parts of a run to count instructions in: scripts/instructions.sh runs this under callgrind, which
// writes a count per part. One thread, small boxes; the parts are those a user waits for.
#include <iostream>
#include <memory>
#include <vector>

#include <valgrind/callgrind.h>

#include "site/config.hpp"
#include "site/site.hpp"
#include "solver/diffusion.hpp"
#include "vessels/flow/blood_flow.hpp"

using namespace metavox;

namespace {

template <class Body>
void count(const char* part, const Body& body) {
  CALLGRIND_ZERO_STATS;
  CALLGRIND_TOGGLE_COLLECT;
  body();
  CALLGRIND_TOGGLE_COLLECT;
  CALLGRIND_DUMP_STATS_AT(part);
}

class Solve {
public:
  explicit Solve(bool saturating)
      : executor_(Executor::on_cpu(1)), lattice_{40, 40, 40, 20},
        scratch_(std::make_shared<DiffusionScratch>(executor_, lattice_)),
        field_(executor_, lattice_.padded()) {
    DiffusionSettings s;
    s.name = "oxygen";
    s.diffusivity = 1.2e5;
    s.half_saturation = saturating ? 2.5 : 0;
    s.tolerance = 0; // the number of cycles is the same whatever the numbers do
    s.max_cycles = 4;
    s.faces.fill({FaceKind::fixed, 52});
    solver_ = std::make_unique<Diffusion>(executor_, lattice_, s, scratch_);
    const std::vector<float> loss(static_cast<std::size_t>(scratch_->split().padded()), 1.0f),
        uptake(loss.size(), saturating ? 100.0f : 0.0f);
    executor_.copy_in(scratch_->loss(), loss.data(), loss.size() * sizeof(float));
    executor_.copy_in(scratch_->uptake(), uptake.data(), uptake.size() * sizeof(float));
  }
  void run(Diffusion::Start start) { solver_->solve(field_.data(), start); }

private:
  Executor executor_;
  Lattice lattice_;
  std::shared_ptr<DiffusionScratch> scratch_;
  Buffer<float> field_;
  std::unique_ptr<Diffusion> solver_;
};

// A sheet of pipes, as `metavox bench` has it, smaller.
FlowNetwork pipes() {
  FlowNetwork network;
  const std::int32_t columns = 40, rows = 30;
  network.nodes = columns * rows;
  const auto node = [](std::int32_t x, std::int32_t y) { return y * columns + x; };
  for (std::int32_t y = 0; y < rows; ++y)
    for (std::int32_t x = 0; x < columns; ++x) {
      const double radius = 4 + (7 * x + 3 * y) % 11 * 0.25;
      if (x + 1 < columns) network.segments.push_back({node(x, y), node(x + 1, y), radius, 20});
      if (y + 1 < rows && (x + y) % 2 == 0)
        network.segments.push_back({node(x, y), node(x, y + 1), radius, 20});
    }
  for (std::int32_t y = 0; y < rows; ++y) {
    network.ends.push_back({node(0, y), 25, 0.45});
    network.ends.push_back({node(columns - 1, y), 15, 0.45});
  }
  return network;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: bench_instructions CONFIG\n";
    return 2;
  }
  try {
    const Parameters parameters = read_config(argv[1], {}, {}, {}).parameters;
    Site simulation(parameters, Executor::on_cpu(1));
    simulation.step(); // the first one starts from nothing
    count("steps", [&] {
      for (int n = 0; n < 5; ++n) simulation.step(); // one of them with vessels
    });
    count("measure", [&] { simulation.measure(); });
    count("snapshot", [&] { take_snapshot(simulation); });
    Solve linear(false), saturating(true);
    count("linear_solve", [&] { linear.run(Diffusion::Start::cold); });
    count("uptake_solve", [&] { saturating.run(Diffusion::Start::warm); });
    const FlowNetwork network = pipes();
    FlowSolution solution;
    count("blood_flow", [&] { solve_flow(network, parameters.flow, solution); });
  } catch (const std::exception& e) {
    std::cerr << "bench_instructions: " << e.what() << '\n';
    return 1;
  }
}
