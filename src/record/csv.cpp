#include "record/csv.hpp"

#include <charconv>
#include <cmath>
#include <system_error>

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
