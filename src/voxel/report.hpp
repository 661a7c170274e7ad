// One row of metrics.csv: what a report time knows about the whole lattice.
#pragma once

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace metavox {

struct Metric {
  std::string name; // column, snake_case
  std::string unit; // appended to the column title in brackets; "1": none
  double value;
  bool integer; // printed without a decimal point
  std::string meaning = {};
  std::string word = {}; // not empty: stands there instead of the value, which is no number
};

// The columns are the same, in the same order, in every row of a run.
using MetricRow = std::vector<Metric>;

// A row in the making. Neighbours with the same meaning share a line in the docs.
class MetricSheet {
public:
  void count(std::string name, std::int64_t n, std::string meaning) {
    row_.push_back({std::move(name), "1", static_cast<double>(n), true, std::move(meaning)});
  }
  void real(std::string name, std::string unit, double value, std::string meaning) {
    row_.push_back({std::move(name), std::move(unit), value, false, std::move(meaning)});
  }
  void word(std::string name, std::string_view word, std::string meaning) {
    row_.push_back({std::move(name), "1", std::numeric_limits<double>::quiet_NaN(), false,
                    std::move(meaning), std::string(word)});
  }
  MetricRow take() { return std::move(row_); }

private:
  MetricRow row_;
};

// Throws std::out_of_range for a name that the row lacks.
inline double value_of(const MetricRow& row, std::string_view name) {
  for (const Metric& m : row)
    if (m.name == name) return m.value;
  throw std::out_of_range("no metric " + std::string(name));
}

// What is said of an event, wherever it happens.
struct EventRow {
  std::string_view name;
  bool once; // in a run, also across restarts
  std::string_view place, meaning;
};

// One row of events.csv.
struct Event {
  double time;      // min
  std::string what; // "first_necrosis", "branch", "first_flow" ...; docs/output.md has all
  double x, y, z;   // um
  std::string detail;
};

} // namespace metavox
