// What a run spent its time on: the table and the file of `metavox run --profile`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/executor.hpp"

namespace metavox {

struct ProfileRow {
  std::string process;
  std::string functor; // empty: the process as a whole; "host": what is in no functor
  std::int64_t calls = 0;
  double seconds = 0;
  double share = 0; // of the whole
  double bytes = 0; // moved at least
};

// Processes by time, each followed by its functors by time. Time in no process is one called
// "rest".
std::vector<ProfileRow> profile_rows(const Executor& executor);

// `writer`: seconds of the thread that writes beside the steps.
std::vector<std::string> profile_table(const std::vector<ProfileRow>& rows, std::int64_t steps,
                                       double writer);
std::string profile_csv(const std::vector<ProfileRow>& rows);

} // namespace metavox
