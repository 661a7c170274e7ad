// Promises that belong to a whole simulation: memory, allocations, and one hash per functor.
#include <gtest/gtest.h>

#include "core/functors.hpp"
#include "program/selfcheck.hpp"
#include "settings/config.hpp"
#include "site/simulation.hpp"

namespace metavox {
namespace {

const char* const tumour = R"(
domain: {voxels: [72, 64, 64]}
vessels: {pattern: grid, spacing: 200 um}
tissue: {cells: [{shape: sphere, kind: epithelial, radius: 200 um, mesenchymal_fraction: 0.2}]}
)";

// What `validate` states before a run is what the run then allocates, to 2 %, for each set of
// fields.
TEST(Memory, IsCountedBeforehand) {
  for (const std::vector<std::string>& changes :
       std::vector<std::vector<std::string>>{{},
                                             {"glucose.enabled=true"},
                                             {"inhibitor.enabled=true"},
                                             {"vegf.enabled=true"},
                                             {"vegf.enabled=true", "sprouting.enabled=true"},
                                             {"fields.coarsen=2"},
                                             {"tracers.count=5000"},
                                             {"domain.voxels=[200, 100, 1]"}}) {
    const Config config = read_config_text(tumour, "memory.yaml", changes);
    const Simulation simulation(config.parameters, Executor::on_cpu(1));
    const auto counted = static_cast<double>(estimate_device_bytes(config.parameters));
    const auto allocated = static_cast<double>(simulation.executor().memory_allocated());
    EXPECT_NEAR(counted, allocated, 0.02 * allocated + 65536) << testing::PrintToString(changes);
  }
}

TEST(Memory, StaysBelowEightyBytesPerVoxel) {
  const Config config = read_config_text(tumour, "memory.yaml", {"domain.voxels=[128, 128, 128]"});
  const double voxels = 128.0 * 128.0 * 128.0;
  EXPECT_LE(static_cast<double>(estimate_device_bytes(config.parameters)) / voxels, 80);
  const Config large =
      read_config_text(tumour, "memory.yaml", {"domain.voxels=[1024, 1024, 1024]"});
  EXPECT_LE(static_cast<double>(estimate_device_bytes(large.parameters)) /
                (1024.0 * 1024.0 * 1024.0),
            65);
}

TEST(Memory, NoBufferIsMadeInsideAStep) {
  const Config config = read_config_text(tumour, "memory.yaml");
  Simulation simulation(config.parameters, Executor::on_cpu(2));
  simulation.step();
  const std::size_t before = simulation.executor().allocations();
  for (int n = 0; n < 5; ++n) simulation.step();
  EXPECT_EQ(simulation.executor().allocations(), before);
}

// Lines as vector code and voxels one by one, on any number of threads: every functor leaves the
// same memory behind.
TEST(SelfCheck, EveryFunctorAgreesWithItself) {
  const auto reference = selfcheck(Executor::on_cpu(1));
  EXPECT_EQ(reference, selfcheck(Executor::on_cpu(2)));
  EXPECT_EQ(reference, selfcheck(Executor::on_cpu(3)));
  Executor sites = Executor::on_cpu(2);
  sites.prefer_sites(true);
  EXPECT_EQ(reference, selfcheck(sites));
}

// A functor that no case reaches is a functor that nobody compares.
TEST(SelfCheck, RunsEveryFunctorOfTheProgram) {
  EXPECT_GT(launchable_functors().size(), 0u);
  EXPECT_EQ(functors_without_hash(selfcheck(Executor::on_cpu(2))), std::vector<std::string>{});
}

TEST(SelfCheck, DeviceAgreesWithHost) {
  const std::string obstacle = Executor::cuda_obstacle();
  if (!obstacle.empty()) GTEST_SKIP() << "no GPU: " << obstacle;
  EXPECT_EQ(selfcheck(Executor::on_cpu(2)), selfcheck(Executor::on_cuda()));
}

} // namespace
} // namespace metavox
