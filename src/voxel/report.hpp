// One row of metrics.csv: what a report time knows about the whole lattice.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace metavox {

struct Metric {
  std::string name; // column, snake_case
  std::string unit; // appended to the column title in brackets; "1": none
  double value;
  bool integer; // printed without a decimal point
};

// The columns are the same, in the same order, in every row of a run.
using MetricRow = std::vector<Metric>;

// Throws std::out_of_range for a name that the row lacks.
inline double value_of(const MetricRow& row, std::string_view name) {
  for (const Metric& m : row)
    if (m.name == name) return m.value;
  throw std::out_of_range("no metric " + std::string(name));
}

// One row of events.csv.
struct Event {
  double time;      // min
  std::string what; // "first_necrosis", "branch", "first_flow" ...; docs/output.md has all
  double x, y, z;   // um
  std::string detail;
};

} // namespace metavox
