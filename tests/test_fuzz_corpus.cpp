// Every input of the fuzz corpus, among them what fuzzing once found, goes through its target.
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "fuzz/targets.hpp"

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

INSTANTIATE_TEST_SUITE_P(Fuzz, Corpus, testing::Range(0, fuzz::target_count),
                         [](const testing::TestParamInfo<int>& index) {
                           return std::string(fuzz::targets[index.param].name);
                         });

} // namespace
} // namespace metavox
