// `metavox run`, `validate` and `hash`: a simulation with its time loop, its run folder, its
// signals and its exit code.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "program/exit_code.hpp"
#include "site/config.hpp"

namespace metavox {

class Site;

struct RunOptions {
  std::filesystem::path config;
  std::filesystem::path output; // empty: the checkpoint's run, or runs/NAME
  std::string backend = "auto"; // cpu, cuda
  int threads = 0;              // 0: all
  int device = -1;              // of the cuda back end; -1: the one CUDA prefers
  std::optional<std::uint64_t> seed;
  std::optional<std::string> until;
  std::vector<std::string> set;
  std::filesystem::path restart; // a checkpoint or a run folder; empty: from the start
  bool resume = false;           // goes on in `output` where there is something to go on from
  bool force = false;
  bool quiet = false;
  bool profile = false; // time per process and functor: at the end, and in profile.csv
  std::string command;  // as typed, for provenance.json
  // Called before each step and what is written before it: tests look on, and break things.
  std::function<void(Site&)> between_steps;
};

std::filesystem::path default_output(const Config& config);

int run(const RunOptions& options);
int validate_command(const std::filesystem::path& config, const std::vector<std::string>& set,
                     std::optional<std::uint64_t> seed, const std::optional<std::string>& until);
// Prints step and hash of the last state of a run folder, or of a checkpoint.
int hash_command(const std::filesystem::path& what);

} // namespace metavox
