#include "input/inputs.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/file.hpp"
#include "input/bounded.hpp"
#include "input/vtk_reader.hpp"
#include "settings/config.hpp"
#include "settings/settings.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"
#include "vessels/parents.hpp"
#include "voxel/kind.hpp"

namespace metavox {

namespace {

template <class T>
std::optional<T> parsed(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

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

std::string kinds_text() {
  std::string text;
  for (const Kind k : kinds_in(placed_kinds))
    text += (text.empty() ? "" : ", ") + std::string(name_of(k)) + " (" +
            std::to_string(static_cast<int>(k)) + ")";
  return text;
}

std::vector<float> vti_values(const std::string& key, const std::string& file,
                              const std::string& array, const DomainParameters& domain) {
  try {
    return read_vti_array(file, array, domain.voxels);
  } catch (const ResourceError&) {
    throw;
  } catch (const std::runtime_error& e) {
    throw ConfigError(key + ": " + e.what());
  }
}

std::string cited(std::string_view text) {
  std::string s = in_quotes(text);
  s.front() = s.back() = '\'';
  return s;
}

constexpr const char* wanted_columns = "the first line must be x,y,z,kind or x,y,z,kind,clone";

std::ifstream open_text(const std::string& key, const std::filesystem::path& file) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(file, failed))
    throw ConfigError(printable(key + ": " + file.string() + " is not a file"));
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    throw ConfigError(
        printable(key + ": " + file.string() + " cannot be opened; check its permissions"));
  return stream;
}

// The lines of a text file that say something, one at a time: a file may be larger than memory.
class Lines {
public:
  Lines(std::istream& stream, std::string file)
      : stream_(stream), file_(std::move(file)), buffer_(std::size_t{1} << 16) {}

  bool next(std::string_view& line) {
    for (;;) {
      stream_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
      auto length = static_cast<std::size_t>(stream_.gcount());
      if (stream_.bad()) refuse("the file cannot be read");
      if (length == 0 && !stream_) return false;
      ++number_;
      if (stream_.fail())
        refuse("the line has more than " + std::to_string(buffer_.size() - 2) +
               " characters; this is not the text file expected here");
      if (!stream_.eof()) --length; // the line break counts
      std::string_view text(buffer_.data(), length);
      if (number_ == 1 && (text.substr(0, 2) == "\xFF\xFE" || text.substr(0, 2) == "\xFE\xFF"))
        refuse("this is UTF-16 text; save the file as UTF-8");
      if (number_ == 1 && text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
      for (const char c : text)
        if ((static_cast<unsigned char>(c) < 32 && c != '\t' && c != '\r') || c == 127)
          refuse("this is not a text file: it holds control characters");
      line = trimmed(text);
      if (line.empty() || line[0] == '#') continue;
      if (line.find('\r') != line.npos)
        refuse("its lines end in a carriage return alone; save the file with Unix or Windows line "
               "breaks");
      return true;
    }
  }
  std::int64_t number() const { return number_; }

  [[noreturn]] void refuse(const std::string& message) const {
    throw ConfigError(printable(file_ + ":" + std::to_string(std::max<std::int64_t>(1, number_)) +
                                ": " + message));
  }

private:
  std::istream& stream_;
  std::string file_;
  std::vector<char> buffer_;
  std::int64_t number_ = 0;
};

} // namespace

std::vector<ExternalArrays::PlacedCell>
read_cells_csv(std::istream& stream, const std::string& file, const DomainParameters& domain) {
  Lines lines(stream, file);
  constexpr std::size_t absent = static_cast<std::size_t>(-1);
  const char* const names[5] = {"x", "y", "z", "kind", "clone"};
  std::size_t column[5] = {absent, absent, absent, absent, absent};
  std::size_t columns = 0;
  std::vector<ExternalArrays::PlacedCell> cells;
  std::vector<std::string_view> row;
  for (std::string_view line; lines.next(line);) {
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
            lines.refuse("column " + cited(name) +
                         ": lengths are in [um]; convert them and type x [um] or x");
          name = trimmed(name.substr(0, unit));
        }
        const auto known = std::find(std::begin(names), std::end(names), name);
        if (known == std::end(names))
          lines.refuse(cited(row[c]) + " is not a column; " +
                       (row.size() == 1 && name.find_first_of(";\t ") != name.npos
                            ? "separate the columns by commas: x,y,z,kind"
                            : wanted_columns));
        std::size_t& where = column[known - std::begin(names)];
        if (where != absent)
          lines.refuse("column " + cited(name) + " stands twice; remove one of them");
        where = c;
      }
      for (int n = 0; n < 4; ++n)
        if (column[n] == absent)
          lines.refuse("column " + cited(names[n]) + " is missing; " + wanted_columns);
      continue;
    }
    if (row.size() != columns)
      lines.refuse(std::to_string(row.size()) + " values where the header has " +
                   std::to_string(columns) +
                   " columns; separate values by commas and write decimals with a point");
    ExternalArrays::PlacedCell cell{};
    double* const place[3] = {&cell.x, &cell.y, &cell.z};
    for (std::size_t a = 0; a < 3; ++a) {
      const auto value = parsed<double>(row[column[a]]);
      if (!value || !std::isfinite(*value))
        lines.refuse(std::string(names[a]) + " is " + cited(row[column[a]]) +
                     "; type a number in um, for example 120.5");
      const double edge = domain.voxels[a] * domain.spacing;
      if (*value < 0 || *value >= edge)
        lines.refuse(std::string(names[a]) + " = " + format_number(*value) +
                     " um lies outside the box, which spans 0 to " + format_number(edge) +
                     " um; move the cell or enlarge domain.size");
      *place[a] = *value;
    }
    const auto kind = placed_kind(row[column[3]]);
    if (!kind) {
      const std::string near = closest(row[column[3]], placed_names());
      lines.refuse(cited(row[column[3]]) + " is not a kind of cell; " +
                   (near.empty() ? "there are " + kinds_text() : "did you mean " + near + "?"));
    }
    cell.kind = static_cast<std::uint8_t>(*kind);
    if (column[4] != absent) {
      const auto clone = parsed<std::uint16_t>(row[column[4]]);
      if (!clone)
        lines.refuse("clone is " + cited(row[column[4]]) + "; type a whole number from 0 to 65535");
      cell.clone = *clone;
    }
    push_checked(cells, cell, "the cells of " + file);
  }
  if (columns == 0) lines.refuse(std::string("the file is empty; ") + wanted_columns);
  return cells;
}

std::vector<ExternalArrays::PlacedCell> read_cells_csv(const std::filesystem::path& file,
                                                       const DomainParameters& domain) {
  std::ifstream stream = open_text("tissue.cells_csv", file);
  return read_cells_csv(stream, file.string(), domain);
}

VesselFile read_swc(std::istream& stream, const std::string& file) {
  Lines lines(stream, file);
  VesselFile vessels;
  vessels.is_text = true;
  std::vector<std::int64_t> parents;
  std::unordered_map<std::int64_t, std::int32_t> point_of;
  const auto refuse = [&](std::int64_t line, const std::string& message) {
    throw ConfigError(printable(file + ":" + std::to_string(line) + ": " + message));
  };
  for (std::string_view line; lines.next(line);) {
    const std::int64_t line_number = lines.number();
    std::array<std::string_view, 7> word;
    for (std::string_view& w : word) {
      const std::size_t length = std::min(line.find_first_of(" \t"), line.size());
      w = line.substr(0, length);
      line = trimmed(line.substr(length));
    }
    if (word[6].empty())
      lines.refuse("a sample has seven columns: id type x y z radius parent, with blanks between");
    const auto id = parsed<std::int64_t>(word[0]), parent = parsed<std::int64_t>(word[6]);
    if (!id || *id < 0)
      lines.refuse("the id is " + cited(word[0]) + "; type a whole number, for example 1");
    if (!parent || *parent < -1)
      lines.refuse("the parent is " + cited(word[6]) +
                   "; type the id of a sample, or -1 for a root");
    if (*parent == *id)
      lines.refuse("sample " + std::to_string(*id) +
                   " is its own parent; type another's id, or -1 for a root");
    VesselFile::Point point;
    for (std::size_t a = 0; a < 4; ++a) {
      const auto value = parsed<double>(word[a + 2]);
      if (!value || !std::isfinite(*value))
        lines.refuse(std::string(a < 3 ? std::string(1, "xyz"[a]) : "the radius") + " is " +
                     cited(word[a + 2]) + "; type a number, for example 7.5");
      (a < 3 ? point.position[a] : point.radius) = *value;
    }
    point.name = std::to_string(*id);
    point.number = line_number;
    if (*parent < 0) point.end = VesselEnd::inlet;
    const auto [known, is_new] =
        point_of.emplace(*id, static_cast<std::int32_t>(vessels.points.size()));
    if (!is_new)
      lines.refuse("id " + point.name + " stands in line " +
                   std::to_string(vessels.points[static_cast<std::size_t>(known->second)].number) +
                   " already; give each sample its own");
    if (vessels.points.size() >= std::numeric_limits<std::int32_t>::max())
      lines.refuse("more samples than can be counted");
    constexpr std::size_t bytes_of_a_point = 600; // with what the graph makes of it
    push_checked(vessels.points, std::move(point), "the samples of " + file, bytes_of_a_point);
    parents.push_back(*parent);
  }
  if (vessels.points.empty())
    refuse(1, "the file holds no samples; a sample is a line: id type x y z radius parent");
  std::vector<std::int32_t> above(parents.size(), -1);
  for (std::size_t i = 0; i < parents.size(); ++i) {
    if (parents[i] < 0) continue;
    const auto found = point_of.find(parents[i]);
    if (found == point_of.end())
      refuse(vessels.points[i].number,
             "its parent " + std::to_string(parents[i]) + " is not in the file");
    above[i] = found->second;
    vessels.stretches.push_back(
        {above[i], static_cast<std::int32_t>(i), 0, vessels.points[i].number});
  }
  // Every sample must lead to a root; 1: on the way of the sample at hand, 2: it does.
  std::vector<char> seen(parents.size(), 0);
  for (std::size_t i = 0; i < parents.size(); ++i) {
    auto at = static_cast<std::int32_t>(i);
    while (at >= 0 && seen[static_cast<std::size_t>(at)] == 0) {
      seen[static_cast<std::size_t>(at)] = 1;
      at = above[static_cast<std::size_t>(at)];
    }
    if (at >= 0 && seen[static_cast<std::size_t>(at)] == 1)
      refuse(vessels.points[static_cast<std::size_t>(at)].number,
             "the parents of sample " + vessels.points[static_cast<std::size_t>(at)].name +
                 " lead back to it; one of them must be a root, with parent -1");
    for (at = static_cast<std::int32_t>(i); at >= 0 && seen[static_cast<std::size_t>(at)] == 1;
         at = above[static_cast<std::size_t>(at)])
      seen[static_cast<std::size_t>(at)] = 2;
  }
  return vessels;
}

VesselFile read_swc(const std::filesystem::path& file) {
  std::ifstream stream = open_text("vessels.file", file);
  return read_swc(stream, file.string());
}

namespace {

// Scales and checks what a file draws, and makes one node of points in the same place.
void join_vessels(const VesselFile& vessels, const Parameters& p, ExternalArrays& external) {
  const std::string file = p.vessels.file;
  const auto place = [&](const char* what, std::int64_t number) {
    return file + (vessels.is_text ? ":" : std::string(", ") + what + " ") +
           std::to_string(number) + ": ";
  };
  const auto at_point = [&](const VesselFile::Point& point) {
    return place("point", point.number);
  };
  const double scale = p.vessels.file_scale;
  const auto check_radius = [&](const std::string& where, double radius) {
    if (!std::isfinite(radius) || radius <= 0)
      throw ConfigError(where + "the radius is " + format_number(radius) + "; it must be above 0");
    if (p.flow.enabled && (radius < 1 || radius > 50))
      throw ConfigError(where + "the radius is " + format_number(radius) +
                        " um; where blood flow is solved it must be between 1 and 50 um; mend "
                        "it, vessels.file_scale (" +
                        format_number(scale) + ") or type flow.enabled: false");
  };
  VesselNetwork& network = external.vessel_file;
  std::map<std::array<double, 3>, std::int32_t> node_at;
  std::vector<std::int32_t> node_of;
  std::vector<std::size_t> first_point;
  for (const VesselFile::Point& point : vessels.points) {
    VesselNode node{};
    for (std::size_t a = 0; a < 3; ++a) {
      const double edge = p.domain.voxels[a] * p.domain.spacing;
      double x = point.position[a] * scale;
      if (!std::isfinite(x))
        throw ConfigError(at_point(point) + std::string(1, "xyz"[a]) + " is not a finite number");
      // Single precision may round a point on a face to outside of it.
      if (x < -1e-6 * edge || x > edge * (1 + 1e-6))
        throw ConfigError(at_point(point) + std::string(1, "xyz"[a]) + " = " + format_number(x) +
                          " um lies outside the box, which spans 0 to " + format_number(edge) +
                          " um; move the vessels or mend vessels.file_scale (" +
                          format_number(scale) + ")");
      x = std::clamp(x, 0.0, edge);
      node.position[a] = x == 0 ? 0 : x; // -0 is 0
    }
    if (!(point.end_pressure >= 0 && point.end_pressure <= 300))
      throw ConfigError(at_point(point) + "end_pressure is " + format_number(point.end_pressure) +
                        "; it must be between 0 and 300 mmHg, 0 for that of flow");
    const auto [known, is_new] =
        node_at.emplace(node.position, static_cast<std::int32_t>(network.nodes.size()));
    node_of.push_back(known->second);
    if (is_new) {
      network.nodes.push_back(node);
      external.vessel_names.emplace_back();
      first_point.push_back(node_of.size() - 1);
    }
    const auto n = static_cast<std::size_t>(known->second);
    VesselNode& joint = network.nodes[n];
    if (point.end != VesselEnd::none && joint.end != VesselEnd::none && point.end != joint.end)
      throw ConfigError(at_point(point) + "it is an inlet or outlet, and the opposite of " +
                        (vessels.is_text ? "line " : "point ") +
                        std::to_string(vessels.points[first_point[n]].number) +
                        " in the same place");
    if (point.end != VesselEnd::none) {
      joint.end = point.end;
      joint.end_pressure = std::max(joint.end_pressure, point.end_pressure);
    }
    if (external.vessel_names[n].empty()) external.vessel_names[n] = point.name;
  }

  std::set<std::pair<std::int32_t, std::int32_t>> drawn;
  std::vector<char> touched(network.nodes.size(), 0);
  for (const VesselFile::Stretch& stretch : vessels.stretches) {
    const VesselFile::Point& from = vessels.points[static_cast<std::size_t>(stretch.from)];
    const VesselFile::Point& to = vessels.points[static_cast<std::size_t>(stretch.to)];
    const std::int32_t a = node_of[static_cast<std::size_t>(stretch.from)],
                       b = node_of[static_cast<std::size_t>(stretch.to)];
    const std::string where = place("line", stretch.number);
    const std::string between = (vessels.is_text ? "lines " : "points ") +
                                std::to_string(from.number) + " and " + std::to_string(to.number);
    if (a == b)
      throw ConfigError(where +
                        (stretch.from == stretch.to
                             ? "it joins point " + std::to_string(from.number) + " to itself"
                             : "it has a piece without length: " + between +
                                   " are in the same place; remove one of them"));
    if (!drawn.emplace(std::min(a, b), std::max(a, b)).second)
      throw ConfigError(where + "the piece between " + between +
                        " is drawn twice; remove one of the two");
    double radius = stretch.radius * scale;
    if (stretch.radius > 0) {
      check_radius(where, radius);
    } else {
      check_radius(at_point(from), from.radius * scale);
      check_radius(at_point(to), to.radius * scale);
      radius = 0.5 * (from.radius + to.radius) * scale;
    }
    network.segments.push_back({a, b, radius, true});
    touched[static_cast<std::size_t>(a)] = touched[static_cast<std::size_t>(b)] = 1;
  }

  // Drop points without a segment; one that is marked as an end is an error.
  std::vector<std::int32_t> kept(network.nodes.size(), -1);
  std::size_t count = 0;
  for (std::size_t n = 0; n < network.nodes.size(); ++n) {
    if (touched[n] == 0) {
      if (network.nodes[n].end == VesselEnd::none) continue;
      throw ConfigError(at_point(vessels.points[first_point[n]]) + "this " +
                        (network.nodes[n].end == VesselEnd::inlet ? "inlet" : "outlet") +
                        " touches no vessel; join it to one, or remove it");
    }
    kept[n] = static_cast<std::int32_t>(count);
    network.nodes[count] = network.nodes[n];
    if (n != count) external.vessel_names[count] = std::move(external.vessel_names[n]);
    ++count;
  }
  network.nodes.resize(count);
  external.vessel_names.resize(count);
  for (VesselSegment& s : network.segments) {
    s.from = kept[static_cast<std::size_t>(s.from)];
    s.to = kept[static_cast<std::size_t>(s.to)];
  }
}

void read_vessels(const Parameters& p, ExternalArrays& external) {
  const bool from_file = p.vessels.pattern == VesselPattern::file;
  if (from_file) {
    const std::filesystem::path file = p.vessels.file;
    VesselFile vessels;
    if (file.extension() == ".swc") {
      vessels = read_swc(file);
    } else {
      try {
        vessels = read_vessel_polylines(file);
      } catch (const ResourceError&) {
        throw;
      } catch (const std::runtime_error& e) {
        throw ConfigError("vessels.file: " + std::string(e.what()));
      }
    }
    join_vessels(vessels, p, external);
    if (external.vessel_file.segments.empty())
      throw ConfigError(file.string() + ": there are no vessels in it, only single points");
  }
  Lattice lattice;
  lattice.nx = p.domain.voxels[0];
  lattice.ny = p.domain.voxels[1];
  lattice.nz = p.domain.voxels[2];
  lattice.spacing = p.domain.spacing;
  try {
    build_parent_vessels(p, lattice, p.simulation.seed, external.vessel_file,
                         external.vessel_names);
  } catch (const std::invalid_argument& e) {
    throw ConfigError(printable((from_file ? p.vessels.file + ": " : std::string()) + e.what()));
  }
}

} // namespace

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
  field("vegf", "vegf.frozen", p.vegf.frozen);
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
  read_vessels(p, external);
  return external;
}

} // namespace metavox
