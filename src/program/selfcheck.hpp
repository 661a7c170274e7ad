// A hash for every functor: the quickest way to find out whether, and where, two machines disagree.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/executor.hpp"

namespace metavox {

// Runs small simulations that together use every rule and folds all memory after each launch into
// the hash of the functor that ran. In order of first call: the first line that differs names the
// culprit. Back ends, thread counts and builds must agree on every line.
std::vector<std::pair<std::string, std::uint64_t>> selfcheck(const Executor& executor);

// Functors of this program that are missing in what selfcheck() returned, but for those that only
// `metavox bench` launches. There should be none.
std::vector<std::string>
functors_without_hash(const std::vector<std::pair<std::string, std::uint64_t>>& hashes);

// The first launch after which `executor` left another byte or another result than `reference`,
// with buffer, place and both values; empty where there is none.
std::string first_difference(const Executor& reference, const Executor& executor);

// Prints the CPU's hashes, and on standard error where a GPU first differs. `backend` is cpu, cuda
// (throws ResourceError where there is none) or auto, `device` as of Executor::on_cuda. Returns the
// exit code.
int selfcheck_command(const std::string& backend, int device);

// One of the configurations, as YAML: every rule on, in a box whose extents are neither
// even nor alike.
const char* everything_on();

} // namespace metavox
