#include "input/cells_csv.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "core/errors.hpp"
#include "input/bounded.hpp"
#include "input/faults.hpp"
#include "input/text_lines.hpp"
#include "settings/spelling.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"
#include "voxel/kind.hpp"

namespace metavox {

namespace {

std::vector<std::string> placed_names() {
  std::vector<std::string> names;
  for (const Kind k : kinds_in(placed_kinds)) names.emplace_back(name_of(k));
  return names;
}

// Of a word or a code. Vessels are drawn by `vessels`, not placed cell by cell.
std::optional<Kind> placed_kind(std::string_view text) {
  std::optional<Kind> kind = kind_of(text);
  if (const auto code = parsed<std::uint8_t>(text)) kind = static_cast<Kind>(*code);
  return kind && one_of<placed_kinds>(*kind) ? kind : std::nullopt;
}

constexpr const char* wanted_columns = "the first line must be x,y,z,kind or x,y,z,kind,clone";

// Where the columns stand.
struct Columns {
  static constexpr std::size_t absent = static_cast<std::size_t>(-1);
  static constexpr const char* names[5] = {"x", "y", "z", "kind", "clone"};
  std::size_t at[5] = {absent, absent, absent, absent, absent};
  std::size_t count = 0; // 0: the header was not read yet
  std::array<Unit, 3> unit{parse_unit("um"), parse_unit("um"), parse_unit("um")}; // of x, y, z
};

void split_row(std::string_view line, std::vector<std::string_view>& row) {
  row.clear();
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t comma = std::min(line.find(',', at), line.size());
    std::string_view cell = trimmed(line.substr(at, comma - at));
    if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"')
      cell = cell.substr(1, cell.size() - 2);
    row.push_back(cell);
    at = comma + 1;
  }
}

// "[mm]"; empty where that is no length.
std::optional<Unit> length_in_brackets(std::string_view text) {
  if (text.size() < 3 || text.front() != '[' || text.back() != ']') return {};
  try {
    Unit unit = parse_unit(text.substr(1, text.size() - 2));
    if (unit.dimension == parse_unit("um").dimension) return unit;
  } catch (const UnitError&) {
  }
  return {};
}

// A place in um: a number in the unit of its column, or one with a unit of its own.
std::optional<double> in_um(std::string_view text, const Unit& unit) {
  static const Unit um = parse_unit("um");
  if (unit.ten == um.ten)
    if (const auto plain = parsed<double>(text)) return plain;
  try {
    Quantity quantity = parse_quantity(text);
    if (!quantity.has_unit) quantity.unit = unit;
    return convert(quantity, um);
  } catch (const UnitError&) {
    return {};
  }
}

Columns read_header(const std::vector<std::string_view>& row, const TextLines& lines) {
  Columns columns;
  columns.count = row.size();
  const auto& names = Columns::names;
  for (std::size_t c = 0; c < row.size(); ++c) {
    std::string_view name = row[c];
    std::optional<Unit> unit;
    if (const std::size_t bracket = name.find('['); bracket != name.npos) {
      unit = length_in_brackets(trimmed(name.substr(bracket)));
      if (!unit)
        lines.refuse("column " + cited(name) +
                     ": a unit of length is wanted; type for example x [um] or x [mm]");
      name = trimmed(name.substr(0, bracket));
    }
    const auto known = std::find(std::begin(names), std::end(names), name);
    if (known == std::end(names))
      lines.refuse(cited(row[c]) + " is not a column; " +
                   (row.size() == 1 && name.find_first_of(";\t ") != name.npos
                        ? "separate the columns by commas: x,y,z,kind"
                        : wanted_columns));
    std::size_t& where = columns.at[known - std::begin(names)];
    if (where != Columns::absent)
      lines.refuse("column " + cited(name) + " stands twice; remove one of them");
    where = c;
    const auto number = static_cast<std::size_t>(known - std::begin(names));
    if (unit && number < 3) columns.unit[number] = *unit;
    if (unit && number >= 3)
      lines.refuse("column " + cited(row[c]) + " has no unit; type " + std::string(name));
  }
  for (int n = 0; n < 4; ++n)
    if (columns.at[n] == Columns::absent)
      lines.refuse("column " + cited(names[n]) + " is missing; " + wanted_columns);
  return columns;
}

ExternalArrays::PlacedCell read_cell(const std::vector<std::string_view>& row,
                                     const Columns& columns, const TextLines& lines,
                                     const DomainParameters& domain) {
  if (row.size() != columns.count)
    lines.refuse(std::to_string(row.size()) + " values where the header has " +
                 std::to_string(columns.count) +
                 " columns; separate values by commas and write decimals with a point");
  ExternalArrays::PlacedCell cell{};
  cell.line = lines.number();
  double* const place[3] = {&cell.x, &cell.y, &cell.z};
  for (std::size_t a = 0; a < 3; ++a) {
    const auto value = in_um(row[columns.at[a]], columns.unit[a]);
    if (!value || !std::isfinite(*value))
      lines.refuse(std::string(Columns::names[a]) + " is " + cited(row[columns.at[a]]) +
                   "; type a number in um, for example 120.5");
    const double edge = domain.voxels[a] * domain.spacing;
    if (*value < 0 || *value >= edge)
      lines.refuse(std::string(Columns::names[a]) + " = " + format_number(*value) +
                   " um lies outside the box, which spans 0 to " + format_number(edge) +
                   " um; move the cell or enlarge domain.size");
    *place[a] = *value;
  }
  const auto kind = placed_kind(row[columns.at[3]]);
  if (!kind) {
    const std::string near = closest(row[columns.at[3]], placed_names());
    lines.refuse(
        cited(row[columns.at[3]]) + " is not a kind of cell; " +
        (near.empty() ? "there are " + placed_kinds_text() : "did you mean " + near + "?"));
  }
  cell.kind = static_cast<std::uint8_t>(*kind);
  if (columns.at[4] != Columns::absent) {
    const auto clone = parsed<std::uint16_t>(row[columns.at[4]]);
    if (!clone)
      lines.refuse("clone is " + cited(row[columns.at[4]]) +
                   "; type a whole number from 0 to 65535");
    cell.clone = *clone;
  }
  return cell;
}

} // namespace

std::string placed_kinds_text() {
  std::string text;
  for (const Kind k : kinds_in(placed_kinds))
    text += (text.empty() ? "" : ", ") + std::string(name_of(k)) + " (" +
            std::to_string(static_cast<int>(k)) + ")";
  return text;
}

std::vector<ExternalArrays::PlacedCell>
read_cells_csv(std::istream& stream, const std::string& file, const DomainParameters& domain) {
  TextLines lines(stream, file);
  Columns columns;
  std::vector<ExternalArrays::PlacedCell> cells;
  std::vector<std::string_view> row;
  Faults faults;
  for (std::string_view line; lines.next(line);) {
    split_row(line, row);
    if (columns.count == 0)
      columns = read_header(row, lines);
    else
      try {
        push_checked(cells, read_cell(row, columns, lines, domain), "the cells of " + file);
      } catch (const ConfigError& e) {
        faults.add(e.what());
      }
  }
  faults.raise();
  if (columns.count == 0) lines.refuse(std::string("the file is empty; ") + wanted_columns);
  return cells;
}

std::vector<ExternalArrays::PlacedCell> read_cells_csv(const std::filesystem::path& file,
                                                       const DomainParameters& domain) {
  std::ifstream stream = open_text("tissue.cells_csv", file);
  return read_cells_csv(stream, file.string(), domain);
}

} // namespace metavox
