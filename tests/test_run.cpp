// Promises that belong to a whole simulation: memory, allocations, and one hash per functor.
#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

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
// fields. Where vessels grow, the room that their lists may come to need is counted too.
TEST(Memory, IsCountedBeforehand) {
  for (const std::vector<std::string>& changes :
       std::vector<std::vector<std::string>>{{},
                                             {"glucose.enabled=true"},
                                             // more than cells lend
                                             {"glucose.enabled=true", "vessels.spacing=130 um"},
                                             {"inhibitor.enabled=true"},
                                             {"vegf.enabled=true"},
                                             {"vegf.enabled=true", "sprouting.enabled=true"},
                                             {"fields.coarsen=2"},
                                             {"tracers.count=5000"},
                                             {"intravasation.enabled=true"},
                                             {"domain.voxels=[200, 100, 1]"}}) {
    const Config config = read_config_text(tumour, "memory.yaml", changes);
    Site simulation(config.parameters, Executor::on_cpu(1));
    simulation.step(); // what blood carries gets its room when it first flows
    const auto counted = static_cast<double>(estimate_device_bytes(config.parameters));
    const auto allocated = static_cast<double>(simulation.executor().memory_allocated());
    // Sprouts may come to a voxel's edge in one voxel of a hundred.
    const auto& n = config.parameters.domain.voxels;
    const double more = config.parameters.sprouting.enabled ? 40.0 * n[0] * n[1] * n[2] : 0;
    EXPECT_GE(counted, 0.98 * allocated - 65536) << testing::PrintToString(changes);
    EXPECT_LE(counted, 1.02 * allocated + 65536 + more) << testing::PrintToString(changes);
  }
}

// Of the back end, ghosts and lists included: what a voxel of a large run may take.
TEST(Memory, BytesOfAVoxelStayWithinTheBudget) {
  const auto bytes = [](int edge, std::vector<std::string> changes) {
    const std::string n = std::to_string(edge);
    changes.push_back("domain.voxels=[" + n + ", " + n + ", " + n + "]");
    const Config config = read_config_text(tumour, "memory.yaml", changes);
    return static_cast<double>(estimate_device_bytes(config.parameters)) / std::pow(edge, 3);
  };
  EXPECT_LE(bytes(256, {"vessels.pattern=none"}), 66);
  // 2 of them for capillaries 300 um apart. Sprouts get room of their own.
  EXPECT_LE(bytes(256, {"vegf.enabled=true", "vessels.spacing=300 um"}), 72);
  EXPECT_LE(bytes(128, {}), 80);
  EXPECT_LE(bytes(1024, {}), 70); // 5 of them for capillaries 200 um apart
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

// There are 65,535 numbers for clones. More founders than that share them with neighbours; no
// number comes again at the other end of a tumour, and none that a table gave to somebody else is
// taken.
TEST(Clones, NoNumberComesAgain) {
  const auto clones = [](const std::string& text, const ExternalArrays& external) {
    const Config config = read_config_text(text, "clones.yaml");
    const Site site(config.parameters, Executor::on_cpu(2), external);
    std::vector<std::uint16_t> found(static_cast<std::size_t>(
        std::int64_t{1} * config.parameters.domain.voxels[0] * config.parameters.domain.voxels[1] *
        config.parameters.domain.voxels[2]));
    site.read("clone", found.data());
    return std::pair{found, site.founders_per_clone()};
  };
  const auto full = [](const std::string& voxels) {
    return "domain: {voxels: " + voxels +
           "}\ntissue: {cells: [{shape: box, kind: epithelial, from: [0 um, 0 um, 0 um], to: [1 "
           "cm, "
           "1 cm, 1 cm]}]}\n";
  };
  for (const auto& [voxels, share] :
       {std::pair{"[40, 40, 40]", 1}, std::pair{"[50, 40, 40]", 2}, std::pair{"[51, 51, 51]", 3}}) {
    const auto [found, said] = clones(full(voxels), {});
    EXPECT_EQ(said, share) << voxels;
    std::set<std::uint16_t> seen;
    std::uint16_t last = 0;
    int together = 0, most = 0;
    for (const std::uint16_t c : found) {
      ASSERT_NE(c, 0);
      together = c == last ? together + 1 : 1;
      most = std::max(most, together);
      if (c != last) {
        ASSERT_TRUE(seen.insert(c).second) << voxels << ": " << c << " comes again";
      }
      last = c;
    }
    EXPECT_EQ(most, share) << voxels;
  }
  ExternalArrays table;
  for (int n = 0; n < 3; ++n) {
    ExternalArrays::PlacedCell c{};
    c.x = 20.0 * n + 10, c.y = 10, c.z = 10;
    c.kind = static_cast<decltype(c.kind)>(Kind::epithelial);
    c.clone = static_cast<std::uint16_t>(7);
    table.placed.push_back(c);
  }
  const auto [found, said] = clones(full("[10, 10, 10]"), table);
  EXPECT_EQ(std::count(found.begin(), found.end(), 7), 3) << "clone 7 is the table's alone";
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
  // A functor that no case reaches is a functor that nobody compares.
  EXPECT_GT(launchable_functors().size(), 0u);
  EXPECT_EQ(functors_without_hash(reference), std::vector<std::string>{});
  EXPECT_EQ(reference, selfcheck(Executor::on_cpu(2)));
  EXPECT_EQ(reference, selfcheck(Executor::on_cpu(3)));
  Executor sites = Executor::on_cpu(2);
  sites.prefer_voxels(true);
  EXPECT_EQ(reference, selfcheck(sites));
}

TEST(SelfCheck, DeviceAgreesWithHost) {
  const std::string obstacle = Executor::cuda_obstacle();
  if (!obstacle.empty()) GTEST_SKIP() << "no GPU: " << obstacle;
  EXPECT_EQ(selfcheck(Executor::on_cpu(2)), selfcheck(Executor::on_cuda()));
}

} // namespace
} // namespace metavox
