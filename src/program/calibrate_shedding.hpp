// `metavox calibrate shedding`: the rate of intravasation with which a run would have shed as many
// cells as tumours of its size were measured to shed.
//
// Over the second half of the run the cells that leave shall be the integral of
//
//   f_shed s_0 (N/N_0)^(1-a) dt,  s_0 = 3.2e6 cells/g/day of a tumour of 10 mm, 0.524 g,
//   N_0 = 6.5e7 cells
//
// as then the law goes on without a jump where a lattice gives way to a counter of cells.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace metavox {

struct SheddingOptions {
  std::filesystem::path run;
  std::string preset = "rat"; // or human: what follows where it is below 0
  double share = -1;          // f_shed
  double exponent = -1;       // a
};

// f_shed and a of a preset; throws ConfigError for another word.
struct SheddingLaw {
  double share, exponent;
  double per_day(double cells) const; // that a tumour of so many sheds
};
SheddingLaw shedding_law(const SheddingOptions& options);

// What a run knows of it, row by row of metrics.csv: days, living tumour cells, cells that left,
// departures of singles and clusters, and departures expected; all since the start.
struct SheddingRecord {
  std::vector<double> day, cells, left, departures, expected;
};

struct Shedding {
  double from, to; // days: the second half
  double wanted;   // cells that should have left
  double expected; // cells that hazards let expect
  double left;     // cells that did
  double tumour;   // cell days
  double factor() const { return wanted / expected; }
};
// Throws ConfigError where the record is too short or nothing could leave.
Shedding shedding_of(const SheddingRecord& record, const SheddingLaw& law);

// Prints YAML: comments, then the setting. Returns the exit code. Throws ConfigError, IoError.
int calibrate_shedding(const SheddingOptions& options);

} // namespace metavox
