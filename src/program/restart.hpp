// Going on where a run stopped: from which checkpoint, whether it belongs to the settings given,
// and the command that does it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "site/site_settings.hpp"

namespace metavox {

class Console;
class Site;
class Table;
struct Checkpoint;
struct Config;
struct RunOptions;

// The newest checkpoint of a run folder that is whole; empty: none. `damaged` tells what is wrong
// with newer ones.
std::filesystem::path newest_checkpoint(const std::filesystem::path& run,
                                        std::vector<std::string>* damaged = nullptr);

// Where a run goes on: the checkpoint named, or the newest whole one of the folder named. Throws
// IoError where there is none.
std::filesystem::path restart_file(const std::filesystem::path& named, Console& console);

// Where a run that may have begun in the folder `run` goes on: its newest whole checkpoint; empty:
// at the start, replacing what is there. Throws ConfigError where another run began there.
std::filesystem::path what_to_resume(const std::filesystem::path& run, const Config& config,
                                     Console& console);

// The same for settings of any table, as resolved, from the file `source`.
std::filesystem::path what_to_resume(const std::filesystem::path& run, const Table& table,
                                     const std::string& resolved,
                                     const std::filesystem::path& source, Console& console);

// Throws ConfigError unless the checkpoint options.restart is of a run with these settings.
void check_same_settings(const Checkpoint& checkpoint, const RunOptions& options,
                         const Table& table, const std::string& resolved);
// Throws ConfigError where a run ends, at `duration` (min) and step `last`, before its checkpoint.
void check_not_over(const Checkpoint& checkpoint, const RunOptions& options, std::int64_t last,
                    double duration);

// Throws ConfigError unless the checkpoint options.restart is of a run with these settings that is
// not over yet.
void check_settings(const Checkpoint& checkpoint, const RunOptions& options, const Config& config);

// What the input files were, from the resolved settings in a checkpoint.
std::vector<InputFile> recorded_inputs(const std::string& resolved);

// The run folder a checkpoint lies in; empty: in none.
std::filesystem::path run_of_checkpoint(const std::filesystem::path& file);
bool same_folder(const std::filesystem::path& a, const std::filesystem::path& b);

// The state of `checkpoint`, read from `file`. Throws CheckpointError where it is not this
// program's or its hash differs.
void restore(Site& simulation, const Checkpoint& checkpoint, const std::filesystem::path& file);

// The command that goes on in `output` from a checkpoint or run folder.
std::string continuation(const RunOptions& options, const std::filesystem::path& output,
                         const std::filesystem::path& from);

// What to do once the disk, folder or memory that failed a run is mended: lines that begin with a
// line break, or nothing.
std::string advice_after(const RunOptions& options, const std::filesystem::path& output);

} // namespace metavox
