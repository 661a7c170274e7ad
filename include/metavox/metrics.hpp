// One row of metrics.csv: what a report time knows about the whole lattice.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace metavox {

struct Metric {
  std::string name;  // column, snake_case
  std::string unit;  // appended to the column title in brackets; "1": none
  double value;
  bool integer;      // printed without a decimal point
};

// The columns are the same, in the same order, in every row of a run.
using MetricRow = std::vector<Metric>;

// One row of events.csv.
struct Event {
  double time;         // min
  std::string what;    // "first_necrosis", "first_detached_cell", "tumour_at_boundary" ...
  double x, y, z;      // um
  std::string detail;
};

}  // namespace metavox
