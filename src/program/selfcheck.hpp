// A hash for every functor: the quickest way to find out whether, and where, two machines disagree.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/executor.hpp"

namespace metavox {

// Runs two small simulations that use every rule and folds all memory after each launch into the
// hash of the functor that ran. In order of first call: the first line that differs names the
// culprit. Back ends, thread counts and builds must agree on every line.
std::vector<std::pair<std::string, std::uint64_t>> selfcheck(const Executor& executor);

// Functors of this program that are missing in what selfcheck() returned, but for those that only
// `metavox bench` launches. There should be none.
std::vector<std::string>
functors_without_hash(const std::vector<std::pair<std::string, std::uint64_t>>& hashes);

// Prints them for every back end of this machine, and on standard error what differs between two.
// Returns the exit code.
int selfcheck_command();

// The larger configuration of the two, as YAML: every rule on, in a box whose extents are neither
// even nor alike.
const char* everything_on();

} // namespace metavox
