// Tables that a run wrote, for tests to read.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/file.hpp"
#include "record/csv.hpp"

namespace metavox::support {

inline std::vector<std::vector<std::string>> rows_of(const std::filesystem::path& csv) {
  std::vector<std::vector<std::string>> rows;
  const std::string text = read_text(csv);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    rows.push_back(split_csv(text.substr(at, end - at)));
    at = end + 1;
  }
  return rows;
}

// A table by the names of its columns, in numbers; words are no numbers.
class Columns {
public:
  explicit Columns(const std::filesystem::path& csv) : rows_(rows_of(csv)) {}
  std::size_t count() const { return rows_.size() - 1; }
  const std::string& word(std::size_t row, const std::string& column) const {
    const auto& names = rows_[0];
    const auto at = std::find(names.begin(), names.end(), column);
    if (at == names.end()) throw std::runtime_error("no column " + column);
    return rows_[row + 1].at(static_cast<std::size_t>(at - names.begin()));
  }
  double number(std::size_t row, const std::string& column) const {
    return as_number(word(row, column)).value_or(std::nan(""));
  }
  double at_end(const std::string& column) const { return number(count() - 1, column); }

private:
  std::vector<std::vector<std::string>> rows_;
};

} // namespace metavox::support
