#include "record/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include "core/errors.hpp"
#include "core/file.hpp"
#include "settings/units.hpp"

namespace metavox {

namespace fs = std::filesystem;

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string csv_number(double value) {
  if (std::isnan(value)) return "nan"; // whatever its sign
  return format_number(value);
}

std::optional<double> as_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::optional<std::int64_t> as_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::vector<std::string> split_csv(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"')
      cells.back() += line[++i];
    else if (c == '"' && (quoted || cells.back().empty()))
      quoted = !quoted;
    else if (c == ',' && !quoted)
      cells.emplace_back();
    else
      cells.back() += c;
  }
  return cells;
}

std::vector<std::vector<std::string>> split_rows(std::string_view text) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string_view::npos;
       begin = end + 1)
    rows.push_back(split_csv(text.substr(begin, end - begin)));
  return rows;
}

std::vector<std::vector<double>> read_columns(const fs::path& csv,
                                              const std::vector<std::string>& names,
                                              const std::string& advice) {
  const std::vector<std::vector<std::string>> rows = split_rows(read_text(csv));
  std::vector<std::vector<double>> columns(names.size());
  if (rows.empty()) return columns;
  const std::vector<std::string>& header = rows[0];
  std::vector<std::size_t> places;
  for (const std::string& name : names) {
    const auto at = std::find(header.begin(), header.end(), name);
    if (at == header.end())
      throw ConfigError(csv.string() + " has no column " + name + ": " + advice);
    places.push_back(static_cast<std::size_t>(at - header.begin()));
  }
  for (std::size_t k = 1; k < rows.size(); ++k)
    for (std::size_t c = 0; c < names.size(); ++c) {
      const auto value =
          rows[k].size() == header.size() ? as_number(rows[k][places[c]]) : std::nullopt;
      if (!value)
        throw ConfigError(csv.string() + ": row " + std::to_string(k) + " has no number for " +
                          names[c]);
      columns[c].push_back(*value);
    }
  return columns;
}

LastRow last_row_of(const fs::path& csv) {
  LastRow last;
  std::error_code ignored;
  if (!fs::is_regular_file(csv, ignored)) return last;
  const std::string text = read_text(csv);
  const std::size_t first = text.find('\n');
  if (first == std::string::npos) return last;
  last.header = split_csv(std::string_view(text).substr(0, first));
  const std::size_t end = text.rfind('\n');
  if (end == first) return last;
  const std::size_t begin = text.rfind('\n', end - 1) + 1;
  last.row = split_csv(std::string_view(text).substr(begin, end - begin));
  return last;
}

} // namespace metavox
