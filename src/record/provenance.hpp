// provenance.json: what made a run, and how it ended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace metavox {

// What provenance.json says of one session; see RunFolder.
struct Provenance {
  std::string config, command, preset, backend, device;
  int threads = 0;
  std::uint64_t seed = 0;
  std::string start, end;  // UTC, ISO 8601
  std::string exit_reason; // "running", "done", "interrupted by SIGINT" ...
  int exit_code = -1;      // -1: running
  std::string final_hash;  // empty: none yet
  std::int64_t first_step = 0, steps = 0;
  double days = 0;
  std::string restarted_from; // a checkpoint; empty: from the start
  struct Input {
    std::string setting, file;
    std::uint64_t bytes;
    std::string crc32;
  };
  std::vector<Input> inputs; // files that the configuration names, as the run found them
};

std::string utc_now();

// The file's content. `earlier_sessions`: what sessions_of() gave before the file was replaced.
std::string provenance_text(const Provenance& provenance, const std::string& earlier_sessions);
// What the provenance.json of a run says of its sessions, as a JSON array; empty where there is
// none.
std::string sessions_of(const std::filesystem::path& run);

// A few members of a run's provenance.json; `found` is false where there is none.
struct RunSummary {
  bool found = false;
  std::string exit_reason, final_hash;
  int exit_code = -1;
  std::int64_t steps = 0;
};
RunSummary summary_of(const std::filesystem::path& run);

} // namespace metavox
