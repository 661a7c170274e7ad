// Tables as text: cells with and without quotes, and numbers that read back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace metavox {

// In quotes where it must be: it holds a comma, a quote or a line break.
std::string csv_cell(const std::string& text);
// The shortest text that reads back to the same bits; "nan" whatever its sign.
std::string csv_number(double value);

// The number that is all of the text; empty where it is none.
std::optional<double> as_number(std::string_view text);
std::optional<std::int64_t> as_integer(std::string_view text);

// The cells of a line, without their quotes.
std::vector<std::string> split_csv(std::string_view line);

// The complete lines of a table, the first being its header; what is torn at the end is left out.
std::vector<std::vector<std::string>> split_rows(std::string_view text);

// Columns of numbers by their names, of complete rows. Throws ConfigError where there is none of
// such a name, with `advice` behind it, or no number in a row.
std::vector<std::vector<double>> read_columns(const std::filesystem::path& csv,
                                              const std::vector<std::string>& names,
                                              const std::string& advice);

// Header and last complete row of a .csv file, cell by cell; both empty where there is none.
struct LastRow {
  std::vector<std::string> header, row;
};
LastRow last_row_of(const std::filesystem::path& csv);

} // namespace metavox
