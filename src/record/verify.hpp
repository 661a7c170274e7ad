// Is every file of a run as it was written?
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace metavox {

struct Verification {
  std::vector<std::string> missing, altered, unlisted, unsealed, notes;
  std::size_t good = 0;
  bool finished = false; // growing files are sealed
  bool ok = false;
};
// Reads every file. Throws IoError where `run` is no run folder.
Verification verify_run(const std::filesystem::path& run);
// Prints the findings; returns the exit code, 0 or 3.
int verify_command(const std::filesystem::path& run);

} // namespace metavox
