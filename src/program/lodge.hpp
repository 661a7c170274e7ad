// `metavox lodge`: where cells that arrive with the blood would lodge in a bed of vessels.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace metavox {

struct LodgeOptions {
  std::filesystem::path config;
  std::vector<std::string> set;
  std::optional<std::uint64_t> seed;
  int arrivals = 10000;
  std::string output; // the table, CSV; empty: NAME_lodged.csv in the working folder
};

// Solves the flow of the vessels that the configuration begins with, prints where cells would lodge
// by depth and by radius, and writes a row per segment. Returns the exit code. Throws ConfigError
// where there is no bed with flow, IoError where the table cannot be written.
int lodge(const LodgeOptions& options);

} // namespace metavox
