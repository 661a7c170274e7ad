#include "metavox/inputs.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "metavox/config.hpp"
#include "metavox/files.hpp"
#include "metavox/kind.hpp"
#include "metavox/settings.hpp"
#include "metavox/vtk_io.hpp"

namespace metavox {

namespace {

// Vessels are drawn by `vessels`, not placed cell by cell.
constexpr int placeable_kinds = static_cast<int>(Kind::necrotic) + 1;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

template <class T>
std::optional<T> parsed(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::vector<std::string> placeable_names() { return {kind_names, kind_names + placeable_kinds}; }

std::optional<std::uint8_t> kind_of(std::string_view text) {
  if (const auto code = parsed<int>(text))
    return *code >= 0 && *code < placeable_kinds ? std::optional(static_cast<std::uint8_t>(*code))
                                                 : std::nullopt;
  for (int k = 0; k < placeable_kinds; ++k)
    if (kind_names[k] == text) return static_cast<std::uint8_t>(k);
  return {};
}

std::string kinds_text() {
  std::string text;
  for (int k = 0; k < placeable_kinds; ++k)
    text += (k > 0 ? ", " : "") + std::string(kind_names[k]) + " (" + std::to_string(k) + ")";
  return text;
}

std::vector<float> vti_values(const std::string& key, const std::string& file,
                              const std::string& array, const DomainParameters& domain) {
  try {
    return read_vti_array(file, array, domain.voxels);
  } catch (const std::runtime_error& e) {
    throw ConfigError(key + ": " + e.what());
  }
}

} // namespace

std::vector<ExternalArrays::PlacedCell> read_cells_csv(const std::filesystem::path& file,
                                                       const DomainParameters& domain) {
  std::string text;
  try {
    text = read_text(file, std::size_t{1} << 34);
  } catch (const IoError& e) {
    throw ConfigError("tissue.cells_csv: " + std::string(e.what()));
  }
  const auto refuse = [&](std::size_t line, const std::string& message) {
    throw ConfigError(file.string() + ":" + std::to_string(line) + ": " + message);
  };
  constexpr std::size_t absent = static_cast<std::size_t>(-1);
  const char* const names[5] = {"x", "y", "z", "kind", "clone"};
  std::size_t column[5] = {absent, absent, absent, absent, absent};
  std::size_t columns = 0, line_number = 0;
  std::vector<ExternalArrays::PlacedCell> cells;
  std::vector<std::string_view> row;
  std::size_t begin = text.compare(0, 3, "\xef\xbb\xbf") == 0 ? 3 : 0; // spreadsheets add it
  for (; begin < text.size();) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    const std::string_view line = trimmed(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
    ++line_number;
    if (line.empty() || line[0] == '#') continue;
    row.clear();
    for (std::size_t at = 0; at <= line.size();) {
      const std::size_t comma = std::min(line.find(',', at), line.size());
      std::string_view cell = trimmed(line.substr(at, comma - at));
      if (cell.size() >= 2 && cell.front() == '"' && cell.back() == '"')
        cell = cell.substr(1, cell.size() - 2);
      row.push_back(cell);
      at = comma + 1;
    }
    if (columns == 0) {
      columns = row.size();
      for (std::size_t c = 0; c < row.size(); ++c) {
        std::string_view name = row[c];
        if (const std::size_t unit = name.find('['); unit != name.npos) {
          if (trimmed(name.substr(unit)) != "[um]")
            refuse(line_number, "column '" + std::string(name) + "': lengths are in [um]");
          name = trimmed(name.substr(0, unit));
        }
        const auto known = std::find(std::begin(names), std::end(names), name);
        if (known == std::end(names))
          refuse(line_number, "'" + std::string(row[c]) +
                                  "' is not a column; the first line must be x,y,z,kind or "
                                  "x,y,z,kind,clone");
        std::size_t& where = column[known - std::begin(names)];
        if (where != absent) refuse(line_number, "column '" + std::string(name) + "' stands twice");
        where = c;
      }
      for (int n = 0; n < 4; ++n)
        if (column[n] == absent)
          refuse(line_number, "column '" + std::string(names[n]) +
                                  "' is missing; the first line must be x,y,z,kind or "
                                  "x,y,z,kind,clone");
      continue;
    }
    if (row.size() != columns)
      refuse(line_number, std::to_string(row.size()) + " values where the header has " +
                              std::to_string(columns) + " columns");
    ExternalArrays::PlacedCell cell{};
    double* const place[3] = {&cell.x, &cell.y, &cell.z};
    for (std::size_t a = 0; a < 3; ++a) {
      const auto value = parsed<double>(row[column[a]]);
      if (!value || !std::isfinite(*value))
        refuse(line_number, std::string(names[a]) + " is '" + std::string(row[column[a]]) +
                                "'; type a number in um");
      const double edge = domain.voxels[a] * domain.spacing;
      if (*value < 0 || *value >= edge)
        refuse(line_number, std::string(names[a]) + " = " + std::string(row[column[a]]) +
                                " um lies outside the box, which spans 0 to " +
                                std::to_string(edge) + " um");
      *place[a] = *value;
    }
    const auto kind = kind_of(row[column[3]]);
    if (!kind) {
      const std::string near = closest(row[column[3]], placeable_names());
      refuse(line_number,
             "'" + std::string(row[column[3]]) + "' is not a kind of cell; " +
                 (near.empty() ? "there are " + kinds_text() : "did you mean " + near + "?"));
    }
    cell.kind = *kind;
    if (column[4] != absent) {
      const auto clone = parsed<std::uint16_t>(row[column[4]]);
      if (!clone)
        refuse(line_number,
               "clone is '" + std::string(row[column[4]]) + "'; type an integer from 0 to 65535");
      cell.clone = *clone;
    }
    cells.push_back(cell);
  }
  if (columns == 0)
    refuse(1, "the file is empty; its first line must be x,y,z,kind or x,y,z,kind,clone");
  return cells;
}

ExternalArrays read_inputs(const Parameters& p) {
  ExternalArrays external;
  const auto field = [&](const std::string& name, const std::string& key, const Frozen& frozen) {
    if (!frozen.file.empty())
      external.fields.emplace_back(name, vti_values(key, frozen.file, frozen.array, p.domain));
  };
  field("oxygen", "oxygen.frozen", p.oxygen.frozen);
  field("glucose", "glucose.frozen", p.glucose.frozen);
  field("proteinase", "proteinase.frozen", p.proteinase.frozen);
  field("inhibitor", "inhibitor.frozen", p.inhibitor.frozen);
  field("matrix", "matrix.initial", p.matrix.initial);
  for (const auto& [name, values] : external.fields)
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!(values[i] >= 0))
        throw ConfigError(name + ": value " + std::to_string(i) +
                          " of its file is negative; concentrations and densities are not");
  if (!p.tissue.cells_vti.empty()) {
    const std::vector<float> codes =
        vti_values("tissue.cells_vti", p.tissue.cells_vti, p.tissue.cells_vti_array, p.domain);
    external.cells.resize(codes.size());
    for (std::size_t i = 0; i < codes.size(); ++i) {
      if (!(codes[i] >= 0 && codes[i] < kind_count && codes[i] == std::floor(codes[i])))
        throw ConfigError("tissue.cells_vti: " + p.tissue.cells_vti + ", array '" +
                          p.tissue.cells_vti_array + "': value " + std::to_string(i) + " is " +
                          std::to_string(codes[i]) + ", not a kind of cell; there are " +
                          kinds_text());
      external.cells[i] = static_cast<std::uint8_t>(codes[i]);
    }
  }
  if (!p.tissue.cells_csv.empty()) external.placed = read_cells_csv(p.tissue.cells_csv, p.domain);
  return external;
}

} // namespace metavox
