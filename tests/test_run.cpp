// Promises that belong to a whole simulation: memory, allocations, and one hash per functor.
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "core/functors.hpp"
#include "program/selfcheck.hpp"
#include "site/config.hpp"
#include "site/events.hpp"
#include "site/site.hpp"
#include "voxel/kind.hpp"

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
    const Site simulation(config.parameters, Executor::on_cpu(1));
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
  Site simulation(config.parameters, Executor::on_cpu(2));
  simulation.step();
  const std::size_t before = simulation.executor().allocations();
  for (int n = 0; n < 5; ++n) simulation.step();
  EXPECT_EQ(simulation.executor().allocations(), before);
}

// Steps, events and reports read what they need on the back end: no array of the lattice comes to
// the host, not even the smallest.
TEST(Memory, StepsAndReportsCopyNoLatticeToTheHost) {
  const Config config = read_config_text(tumour, "memory.yaml",
                                         {"vessels.spacing=400 um", "vegf.enabled=true",
                                          "sprouting.enabled=true", "death.apoptosis=1e-3 1/min"});
  Site simulation(config.parameters, Executor::on_cpu(2));
  const auto voxels = 72.0 * 64 * 64;
  for (int n = 0; n < 4; ++n) {
    std::size_t before = simulation.executor().bytes_to_host();
    simulation.step();
    EXPECT_LT(static_cast<double>(simulation.executor().bytes_to_host() - before), 0.5 * voxels);
    before = simulation.executor().bytes_to_host();
    simulation.measure();
    EXPECT_LT(static_cast<double>(simulation.executor().bytes_to_host() - before), 0.9 * voxels);
  }
  const std::size_t before = simulation.executor().bytes_to_host();
  std::vector<std::uint8_t> kinds(static_cast<std::size_t>(voxels));
  simulation.read("kind", kinds.data());
  EXPECT_GE(static_cast<double>(simulation.executor().bytes_to_host() - before), voxels);
}

TEST(Site, WantsParametersThatAConfigurationFilled) {
  EXPECT_THROW(Site(Parameters{}, Executor::on_cpu(1)), std::invalid_argument);
}

// A site with wider ghosts ends in the same state; one with another number draws other numbers.
TEST(Site, GhostsChangeNothingAndItsNumberEverything) {
  const Config config =
      read_config_text(tumour, "ghosts.yaml",
                       {"domain.voxels=[40, 36, 30]", "vegf.enabled=true", "sprouting.enabled=true",
                        "time.vessel_step=12 min", "glucose.enabled=true", "inhibitor.enabled=true",
                        "migration.mesenchymal=2 um^2/min"});
  const auto hash_after = [&](const SiteLayout& layout) {
    Site simulation(config.parameters, Executor::on_cpu(2), {}, layout);
    for (int n = 0; n < 6; ++n) simulation.step();
    simulation.measure();
    return simulation.hash();
  };
  const std::uint64_t narrow = hash_after({0, 1});
  EXPECT_EQ(hash_after({0, 2}), narrow);
  EXPECT_EQ(hash_after({0, 3}), narrow);
  EXPECT_NE(hash_after({1, 1}), narrow);
  EXPECT_EQ(hash_after({1, 2}), hash_after({1, 1}));
}

// Columns and events as `metavox list` and the docs tell of them.
TEST(Tables, EveryMetricSaysWhatItMeans) {
  Site site(read_config_text(everything_on(), "everything.yaml").parameters, Executor::on_cpu(1));
  std::set<std::string> names;
  for (const Metric& m : site.measure()) {
    EXPECT_TRUE(names.insert(m.name).second) << m.name << " stands twice";
    EXPECT_FALSE(m.meaning.empty()) << m.name;
    EXPECT_FALSE(m.unit.empty()) << m.name;
  }
  for (const StateRow& row : state_rows)
    EXPECT_EQ(names.count(std::string(row.column)), row.code == 0 ? 0u : 1u) << row.column;
}

TEST(Tables, EveryEventHasARow) {
  std::set<std::string> names;
  for (const EventRow& row : event_rows()) {
    EXPECT_TRUE(names.insert(std::string(row.name)).second) << row.name << " stands twice";
    EXPECT_FALSE(row.meaning.empty() || row.place.empty()) << row.name;
  }
  Site site(read_config_text(everything_on(), "everything.yaml").parameters, Executor::on_cpu(2));
  for (int n = 0; n < 20; ++n) site.step();
  const std::vector<Event> events = site.take_events();
  EXPECT_GT(events.size(), 5u);
  for (const Event& e : events) EXPECT_EQ(names.count(e.what), 1u) << e.what;
}

// Lines as vector code and voxels one by one, on any number of threads: every functor leaves the
// same memory behind.
TEST(SelfCheck, EveryFunctorAgreesWithItself) {
  const auto reference = selfcheck(Executor::on_cpu(1));
  EXPECT_EQ(reference, selfcheck(Executor::on_cpu(2)));
  EXPECT_EQ(reference, selfcheck(Executor::on_cpu(3)));
  Executor sites = Executor::on_cpu(2);
  sites.prefer_voxels(true);
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
