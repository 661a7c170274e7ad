// What is fuzzed: functions that take any bytes and must come back. Refusing with one of the
// program's own errors is fine; anything else ends the process.
//
// libFuzzer drives them (fuzz_main.cpp), and test_fuzz_corpus feeds them every file of the corpus.
#pragma once

#include <cstdint>
#include <string_view>

namespace metavox::fuzz {

struct Target {
  const char* name; // also of its folder in the corpus
  void (*run)(std::string_view bytes);
};

inline constexpr int target_count = 11;
extern const Target targets[target_count];

// Of the checkpoint in corpus/state.
inline constexpr std::uint64_t hash_of_state_seed = 0xedcb9b4724a3bfa7;

} // namespace metavox::fuzz
