#include "program/cohort.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "body/body_config.hpp"
#include "core/clock.hpp"
#include "core/errors.hpp"
#include "core/file.hpp"
#include "core/machine.hpp"
#include "core/random.hpp"
#include "program/body_run.hpp"
#include "program/console.hpp"
#include "program/signals.hpp"
#include "record/csv.hpp"
#include "record/run_folder.hpp"
#include "settings/days.hpp"
#include "settings/text.hpp"

namespace metavox {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t patients_at_once = 2000;  // between two looks at signals
constexpr std::uint64_t bytes_per_patient = 800; // rows, and their text while it grows: 700 seen

void require_patients(const BodyConfig& config) {
  if (config.settings.body.patients == 0)
    throw ConfigError(config.source.string() +
                      ": body.patients is 0, so there is nobody to follow; type for example: "
                      "body: {patients: 10000}, or simulation: {duration: 5 years} for one body "
                      "hour by hour. `metavox chain` tells where cells lodge");
}

void require_room(std::int64_t patients, const fs::path& output) {
  const std::uint64_t need = bytes_per_patient * static_cast<std::uint64_t>(patients);
  const std::uint64_t memory = allowance().memory, disk = disk_free(output);
  if (need > memory || need > disk)
    throw ResourceError(std::to_string(patients) + " patients take " + bytes_text(need) +
                        " of memory and of disk; " + bytes_text(memory) + " and " +
                        bytes_text(disk) + " are free; lower body.patients");
}

void refuse_options(const RunOptions& options) {
  const auto refuse = [](bool given, const char* option) {
    if (given)
      throw ConfigError(std::string(option) + " is for runs of a lattice; a body of patients has "
                                              "no step to go on from and no GPU to run on");
  };
  refuse(!options.restart.empty(), "--restart");
  refuse(options.resume, "--resume");
  refuse(options.until.has_value(), "--until");
  refuse(options.profile, "--profile");
  refuse(options.backend == "cuda", "--backend cuda");
}

Provenance provenance_of(const RunOptions& options, const BodyConfig& config, int threads) {
  Provenance p;
  p.config = fs::absolute(options.config).string();
  p.command = options.command;
  p.backend = "cpu";
  p.device = "cpu, " + counted(threads, "thread", "threads");
  p.threads = threads;
  p.preset = name_of(config.settings.body.preset);
  p.seed = config.settings.simulation.seed;
  p.start = utc_now();
  p.exit_reason = "running";
  return p;
}

// Shown at the end: the numbers that people ask for first.
void tell(Console& console, const std::vector<CohortNumber>& numbers) {
  for (const CohortNumber& n : numbers) {
    char text[400];
    std::snprintf(text, sizeof text, "%-24s %10.4g%s  %s", n.name.c_str(), n.value,
                  n.error > 0 ? (" +- " + text_of("%-8.2g", n.error)).c_str() : "            ",
                  n.meaning.c_str());
    console.line(text);
  }
}

std::string cause_text(const BodyParameters& body, const PatientRow& r) {
  if (r.cause == DeathOf::other) return "other";
  if (!r.of_metastases) return "primary";
  return r.cause == DeathOf::burden ? "burden"
                                    : body.organs[static_cast<std::size_t>(r.death_in)].name;
}

} // namespace

fs::path body_folder(const BodyConfig& config) {
  return fs::path("runs") / config.settings.simulation.name;
}

std::string cohort_csv(const BodySettings& settings, const std::vector<PatientRow>& rows) {
  const bool cavity = settings.body.cavity.enabled;
  std::string text =
      "patient,theta,node_theta,doubling_day,diameter_mm,age_year,removal_day,shed_cells,"
      "landed_cells,expected_lesions,blood_cells_per_mL,marrow_sleepers,cells_in_sample,"
      "cells_in_aspirate,lesions,slept,node_lesions,largest_node_mm,seen_at_removal,seen_year,"
      "seen_in,seen_diameter_mm,founded_before_seen_year,other_death_year,death_year,death_cause";
  if (cavity) text += ",into_cavity_cells,attached_cells,expected_implants,implants";
  text += '\n';
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const PatientRow& r = rows[k];
    const auto add = [&](const std::string& cell) { text += ',' + cell; };
    const auto number = [&](double value) { add(csv_number(value)); };
    const auto count = [&](std::int64_t n) { add(std::to_string(n)); };
    text += std::to_string(k);
    number(r.theta), number(r.node_theta), number(r.doubling), number(r.diameter / 1e3);
    number(r.age / days_per_year), number(r.removal), number(r.shed), number(r.landed);
    number(r.expected), number(r.level * 1e12), number(r.sleepers);
    count(r.in_blood), count(r.in_marrow), count(r.founded), count(r.slept), count(r.nodes);
    number(r.largest_node / 1e3), count(r.seen_at_removal ? 1 : 0);
    if (r.seen_in < 0) {
      text += ",,,,";
    } else {
      number(r.seen / days_per_year);
      add(settings.body.organs[static_cast<std::size_t>(r.seen_in)].name);
      number(r.seen_diameter / 1e3), number(r.founded_before_seen / days_per_year);
    }
    number(r.other_death / days_per_year);
    if (r.cause == DeathOf::none) {
      text += ",,";
    } else {
      number(r.death / days_per_year);
      add(cause_text(settings.body, r));
    }
    if (cavity) {
      number(r.into_cavity), number(r.attached), number(r.expected_implants);
      count(r.implants);
    }
    text += '\n';
  }
  return text;
}

std::uint64_t cohort_hash(const std::string& csv) {
  std::uint64_t hash = 0;
  for (const char c : csv) hash = folded(hash, static_cast<unsigned char>(c));
  return hash;
}

std::string summary_csv(const std::vector<CohortNumber>& numbers) {
  std::string text = "name,value,standard_error,meaning\n";
  for (const CohortNumber& n : numbers)
    text += n.name + ',' + csv_number(n.value) + ',' + csv_number(n.error) + ',' +
            csv_cell(n.meaning) + '\n';
  return text;
}

int run_cohort(const RunOptions& options) {
  const BodyConfig config =
      read_body(options.config, options.set, options.seed, options.until,
                options.restart.empty() ? FilesNamed::must_exist : FilesNamed::may_be_missing);
  if (config.settings.simulation.duration > 0) return run_bodies(options, config);
  refuse_options(options);
  require_patients(config);
  Console console(options.quiet);
  const SignalWatch signals;
  const std::int64_t patients = config.settings.body.patients;
  const fs::path output = options.output.empty() ? body_folder(config) : options.output;
  RunFolder::check(output, options.force);
  require_room(patients, output);
  std::string note;
  const int threads = threads_for(options.threads, 0, allowance(), note);
  require_threads(threads);
  console.line("patients    " + std::to_string(patients) + ", a primary of " +
               config.settings.body.primary + ", preset " +
               std::string(name_of(config.settings.body.preset)));
  for (const std::string& text : config.notes) console.line("note        " + text);
  console.line("back end    cpu, " + counted(threads, "thread", "threads") +
               (note.empty() ? "" : "  (" + note + ")"));
  RunFolder folder = RunFolder::create(output, options.force);
  Provenance provenance = provenance_of(options, config, threads);
  folder.write_provenance(provenance);
  folder.write_resolved(config.resolved);
  console.log_to(&folder);
  console.line("run folder  " + output.string());

  const auto begin = Clock::now();
  std::vector<PatientRow> rows;
  const auto followed = [&] { return static_cast<std::int64_t>(rows.size()); };
  while (followed() < patients && !SignalWatch::seen()) {
    const std::int64_t more = std::min(patients_at_once, patients - followed());
    const std::vector<PatientRow> some =
        follow_patients(config.settings, followed(), more, threads);
    rows.insert(rows.end(), some.begin(), some.end());
    if (console.terminal() && !console.quiet())
      console.bar(std::to_string(followed()) + " of " + std::to_string(patients) + " patients");
  }
  provenance.end = utc_now();
  if (followed() < patients) { // nothing half done is left behind: the next run is as long
    provenance.exit_reason = "interrupted by " + SignalWatch::name();
    provenance.exit_code = exit_interrupted;
    console.warn("interrupted by " + SignalWatch::name() + " after " + std::to_string(followed()) +
                 " patients; nothing was written of them. Run it again with --force");
  } else {
    const std::string table = cohort_csv(config.settings, rows);
    const std::vector<CohortNumber> numbers = summary_of(config.settings, rows);
    write_file_atomically(output / "cohort.csv", table);
    write_file_atomically(output / "summary.csv", summary_csv(numbers));
    tell(console, numbers);
    console.line("table       " + (output / "cohort.csv").string() + ", " +
                 (output / "summary.csv").string() + " after " +
                 text_of("%.3g s", seconds_since(begin)));
    provenance.final_hash = hex16(cohort_hash(table));
    provenance.exit_reason = "done";
    provenance.exit_code = exit_done;
    console.result("final hash " + provenance.final_hash);
  }
  folder.write_provenance(provenance);
  console.forget_log();
  folder.seal();
  return provenance.exit_code;
}

int validate_body(const fs::path& file, const std::vector<std::string>& set,
                  std::optional<std::uint64_t> seed, const std::optional<std::string>& until) {
  RunOptions options;
  options.until = until;
  const BodyConfig config = read_body(file, set, seed, until);
  if (config.settings.simulation.duration > 0) {
    validate_bodies(config);
    std::printf("%s is valid\n", file.c_str());
    return exit_done;
  }
  refuse_options(options);
  const std::int64_t patients = config.settings.body.patients;
  const fs::path output = body_folder(config);
  if (patients > 0) {
    std::printf("patients    %lld, %s of memory and of disk\n", static_cast<long long>(patients),
                bytes_text(bytes_per_patient * static_cast<std::uint64_t>(patients)).c_str());
    std::printf("run folder  %s, %s of disk free\n", output.c_str(),
                bytes_text(disk_free(output)).c_str());
    require_room(patients, output);
  } else {
    std::printf("patients    none: `metavox chain %s` tells where cells lodge\n", file.c_str());
  }
  for (const std::string& text : config.notes) std::printf("note        %s\n", text.c_str());
  std::printf("%s is valid\n", file.c_str());
  return exit_done;
}

} // namespace metavox
