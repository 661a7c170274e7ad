// Every input of the fuzz corpus, among them what fuzzing once found, goes through its target.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fuzz/targets.hpp"
#include "record/checkpoint.hpp"
#include "site/config.hpp"
#include "site/site.hpp"

namespace metavox {
namespace {

class Corpus : public testing::TestWithParam<int> {};

TEST_P(Corpus, EndsInNothingWorseThanAMessage) {
  const fuzz::Target& target = fuzz::targets[GetParam()];
  const std::filesystem::path folder =
      std::filesystem::path(METAVOX_SOURCE_DIR) / "tests/fuzz/corpus" / target.name;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    SCOPED_TRACE(entry.path().string());
    target.run(bytes);
    // Cut short at every length, or at 200 of them.
    for (std::size_t cut = 0; cut < bytes.size(); cut += 1 + bytes.size() / 200)
      target.run(std::string_view(bytes).substr(0, cut));
    ++files;
  }
  EXPECT_GT(files, 0) << folder;
}

// What is done to a checkpoint reaches the parts that come last only while the seed is one of this
// program: read to its end, and of settings that there are. METAVOX_WRITE_CORPUS=1 writes it again;
// its hash belongs into the target.
TEST(StateSeed, IsACheckpointOfThisProgram) {
  if (!checkpoints_available()) GTEST_SKIP() << "this build has no HDF5";
  const std::filesystem::path seed =
      std::filesystem::path(METAVOX_SOURCE_DIR) / "tests/fuzz/corpus/state/tiny.h5";
  if (std::getenv("METAVOX_WRITE_CORPUS") != nullptr) {
    const Config tiny = read_config_text(
        "simulation: {name: tiny, duration: 6 min}\ndomain: {voxels: [2, 2, 2]}\n", "tiny.yaml");
    Site site(tiny.parameters, Executor::on_cpu(1));
    site.step();
    std::vector<std::string> names;
    for (const ArrayInfo& info : site.state_arrays()) names.push_back(info.name);
    write_checkpoint(seed, take_snapshot(site, names), tiny.resolved);
  }
  const Checkpoint c = read_checkpoint(seed);
  EXPECT_EQ(c.header.hash, fuzz::hash_of_state_seed) << std::hex << c.header.hash;
  EXPECT_EQ(c.header.step, 1);
  EXPECT_EQ(c.header.time, 6);
  EXPECT_GT(c.snapshot.arrays.size(), 10u);
  EXPECT_EQ(read_config_text(c.resolved, "resolved.yaml").parameters.simulation.name, "tiny");
}

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, testing::Range(0, fuzz::target_count),
                         [](const testing::TestParamInfo<int>& index) {
                           return std::string(fuzz::targets[index.param].name);
                         });

} // namespace
} // namespace metavox
