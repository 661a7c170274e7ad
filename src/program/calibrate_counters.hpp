// `metavox calibrate counters`: the law by which a counter of cells goes on from a lattice,
//
//   dN/dt = N min(r_0, r / (1 + (N/N_s)^(1/3))),
//
// fitted to the first part of a run and held against the rest of it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace metavox {

struct CountersOptions {
  std::filesystem::path run;
  double until = 0;                   // day until which it is fitted; 0: half of the run
  std::string fastest = "0.67 1/day"; // r_0
  std::string organ; // of configs/organs.yaml, whose tissue the run is of; empty: any
};

// A lattice's tumour, row by row of metrics.csv.
struct GrowthRecord {
  std::vector<double> day, cells;
};

struct CounterFit {
  double fastest, rate; // r_0, r: 1/day
  double scale;         // N_s, cells
  double spread;        // sd of ln N about the law
  std::size_t rows;

  // So many cells after some days.
  double after(double cells, double days) const;
};
// From the first row until `day`. Throws ConfigError where there is nothing to be fitted.
CounterFit fit_counter(const GrowthRecord& record, double day, double fastest);

// Prints YAML: comments, then the settings. Returns the exit code. Throws ConfigError, IoError.
int calibrate_counters(const CountersOptions& options);

} // namespace metavox
