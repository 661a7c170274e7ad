// `metavox run` and `validate` of a configuration with a section `body`: virtual patients, or, with
// a duration, bodies hour by hour (program/body_run.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "body/body_config.hpp"
#include "body/cohort.hpp"
#include "program/run.hpp"

namespace metavox {

// Of either. Follows the patients and writes cohort.csv and summary.csv into the run folder. Throws
// ConfigError for options that mean nothing to a body.
int run_cohort(const RunOptions& options);
std::filesystem::path body_folder(const BodyConfig& config); // where none is named
int validate_body(const std::filesystem::path& config, const std::vector<std::string>& set,
                  std::optional<std::uint64_t> seed, const std::optional<std::string>& until);

// A line per patient, in their order, under a line of names.
std::string cohort_csv(const BodySettings& settings, const std::vector<PatientRow>& rows);
// Of the text of cohort.csv: the final hash of its run.
std::uint64_t cohort_hash(const std::string& csv);
std::string summary_csv(const std::vector<CohortNumber>& numbers);

} // namespace metavox
