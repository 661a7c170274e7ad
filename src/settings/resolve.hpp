// Every setting of a run in one file that repeats it, and what two such files differ in.
#pragma once

#include <string>
#include <vector>

#include "settings/table.hpp"

namespace metavox {

// YAML of every setting with its unit; reading it gives the same values bit for bit.
std::string resolve(const Table& table, Object values);

// Settings whose values differ between two resolved files, leaving out those that do not act on the
// state (Setting::acts_on_state). Empty: one may continue the other. An entry: "oxygen.diffusivity:
// 120000 um^2/min there, 100000 um^2/min here", where there is `resolved_a`.
std::vector<std::string> setting_differences(const Table& table, const std::string& resolved_a,
                                             const std::string& resolved_b);

} // namespace metavox
