#include "program/restart.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <system_error>

#include "core/errors.hpp"
#include "program/console.hpp"
#include "program/plan.hpp"
#include "program/run.hpp"
#include "record/checkpoint.hpp"
#include "record/run_layout.hpp"
#include "record/schedule.hpp"
#include "settings/resolve.hpp"
#include "settings/text.hpp"
#include "site/config.hpp"
#include "site/settings_table.hpp"
#include "site/site.hpp"

namespace metavox {

namespace fs = std::filesystem;

fs::path newest_checkpoint(const fs::path& run, std::vector<std::string>* damaged) {
  if (!checkpoints_available()) return {};
  for (const auto& [step, file] : checkpoints_of(run)) {
    try {
      check_checkpoint(file);
      return file;
    } catch (const CheckpointError& e) {
      if (damaged) damaged->push_back(e.what());
    }
  }
  return {};
}

fs::path restart_file(const fs::path& named, Console& console) {
  std::error_code ignored;
  if (!fs::is_directory(named, ignored)) return named;
  std::vector<std::string> damaged;
  const fs::path file = newest_checkpoint(named, &damaged);
  if (!file.empty()) {
    for (const std::string& text : damaged) console.warn(text + "; taking an older one");
    return file;
  }
  std::string text;
  for (const std::string& d : damaged) text += d + "\n";
  throw IoError(text + named.string() +
                " holds no checkpoint to continue from; start the run anew " +
                (looks_like_run(named) ? "with --force" : "without --restart"));
}

fs::path what_to_resume(const fs::path& run, const Config& config, Console& console) {
  return what_to_resume(run, settings_table(), config.resolved, config.source, console);
}

fs::path what_to_resume(const fs::path& run, const Table& table, const std::string& resolved,
                        const fs::path& source, Console& console) {
  if (!looks_like_run(run)) return {};
  if (!checkpoints_available())
    throw IoError(run.string() + " holds a run, and this build has no HDF5 to continue it; replace "
                                 "it with --force, or choose another folder with -o");
  std::vector<std::string> damaged;
  const fs::path file = newest_checkpoint(run, &damaged);
  for (const std::string& text : damaged)
    console.warn(text + (file.empty() ? "" : "; taking an older one"));
  if (!file.empty()) return file;
  // Another run's beginning is not ours to replace.
  std::error_code ignored;
  if (fs::exists(run / "resolved.yaml", ignored)) {
    const std::vector<std::string> differences =
        setting_differences(table, read_text(run / "resolved.yaml"), resolved);
    std::string text =
        run.string() +
        ": the run there has other settings (there: run folder, here: " + source.string() +
        "); choose another folder with -o";
    for (const std::string& d : differences) text += "\n  " + d;
    if (!differences.empty()) throw ConfigError(text);
  }
  console.warn(run.string() + " holds no checkpoint to continue from; the run starts anew");
  return {};
}

void check_same_settings(const Checkpoint& checkpoint, const RunOptions& options,
                         const Table& table, const std::string& resolved) {
  const std::vector<std::string> differences =
      setting_differences(table, checkpoint.resolved, resolved);
  if (differences.empty()) return;
  std::string text = options.restart.string() + ": the checkpoint belongs to other settings than " +
                     options.config.string() + " (there: checkpoint, here: configuration)";
  for (const std::string& d : differences) text += "\n  " + d;
  throw ConfigError(text);
}

void check_not_over(const Checkpoint& checkpoint, const RunOptions& options, std::int64_t last,
                    double duration) {
  if (checkpoint.header.step > last)
    throw ConfigError(options.restart.string() + ": the checkpoint is of day " +
                      day_text(checkpoint.header.time) + ", the run ends at day " +
                      day_text(duration) + "; give a later --until");
}

void check_settings(const Checkpoint& checkpoint, const RunOptions& options, const Config& config) {
  check_same_settings(checkpoint, options, settings_table(), config.resolved);
  check_not_over(checkpoint, options, schedule_of(config.parameters).last,
                 config.parameters.simulation.duration);
}

std::vector<InputFile> recorded_inputs(const std::string& resolved) {
  return read_config_text(resolved, "resolved.yaml", {}, {}, {}, FilesNamed::may_be_missing)
      .parameters.simulation.inputs;
}

fs::path run_of_checkpoint(const fs::path& file) {
  std::error_code ignored;
  const fs::path folder = fs::weakly_canonical(file, ignored).parent_path();
  if (folder.filename() != "checkpoints" || !looks_like_run(folder.parent_path())) return {};
  return folder.parent_path();
}

bool same_folder(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return !a.empty() && !b.empty() &&
         fs::weakly_canonical(a, ignored) == fs::weakly_canonical(b, ignored);
}

void restore(Site& simulation, const Checkpoint& checkpoint, const fs::path& file) {
  const auto refuse = [&](const std::string& why) {
    throw CheckpointError("checkpoint " + file.string() + ": " + why);
  };
  try {
    write_snapshot(simulation, checkpoint.snapshot);
  } catch (const std::invalid_argument& e) {
    const std::string why = e.what();
    refuse(why + (why.find("does not know") == std::string::npos
                      ? ""
                      : "; it was written by version " + checkpoint.header.version));
  } catch (const NumericalError& e) {
    refuse(e.what());
  }
  const std::uint64_t hash = simulation.hash();
  if (hash != checkpoint.header.hash)
    refuse("the restored state has the hash " + hex16(hash) + ", the stored one had " +
           hex16(checkpoint.header.hash) + "; it was written by version " +
           checkpoint.header.version);
}

std::string continuation(const RunOptions& options, const fs::path& output, const fs::path& from) {
  std::string command = "metavox run " + shell_word(options.config);
  for (const std::string& set : options.set) command += " --set " + shell_word(set);
  if (options.seed) command += " --seed " + std::to_string(*options.seed);
  if (options.until) command += " --until " + shell_word(*options.until);
  return command + " -o " + shell_word(output) + " --restart " + shell_word(from);
}

std::string advice_after(const RunOptions& options, const fs::path& output) {
  try {
    if (!newest_checkpoint(output).empty())
      return "\nwhen that is mended, continue with: " + continuation(options, output, output);
  } catch (const IoError&) {
    // The folder cannot even be listed, as the failure itself tells.
    return {};
  }
  return !looks_like_run(output)
             ? ""
             : "\nthere is no checkpoint yet; when that is mended, start again with --force";
}

} // namespace metavox
