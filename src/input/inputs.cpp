#include "input/inputs.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "core/errors.hpp"
#include "core/file.hpp"
#include "core/lattice.hpp"
#include "fields/field_list.hpp"
#include "input/cells_csv.hpp"
#include "input/given_flows.hpp"
#include "input/image.hpp"
#include "input/join_vessels.hpp"
#include "input/settle_cells.hpp"
#include "input/swc.hpp"
#include "input/vtk_reader.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"
#include "site/settings_table.hpp"
#include "site/take_apart.hpp"
#include "vessels/graph.hpp"
#include "vessels/parents.hpp"
#include "vessels/perfusion.hpp"
#include "voxel/kind.hpp"

namespace metavox {

namespace {

// Where an image is, and how it comes onto the lattice.
struct ImageSource {
  std::string key; // "tissue.cells_vti"
  std::string file, array;
  ImageGeometry geometry;
  LengthUnit unit;
  std::string resample, unit_key; // what to type for either
};

// An image at the voxels of the lattice. Says in `told` what of it was not taken as it is; `missed`
// becomes how often it has, inside the box, a value that no voxel got.
std::vector<float> image_values(const ImageSource& source, const Lattice& lattice, Between between,
                                std::vector<std::string>& told,
                                std::map<float, std::int64_t>* missed = nullptr) {
  const std::string where = source.file + ", array '" + source.array + "': ";
  const bool as_it_is = source.geometry != ImageGeometry::resample;
  const std::array<int, 3> voxels{lattice.nx, lattice.ny, lattice.nz};
  try {
    ImageArray image = read_vti_image(source.file, source.array, as_it_is ? &voxels : nullptr);
    if (as_it_is) {
      const std::string wrong = misplaced(image, source.unit, lattice);
      if (wrong.empty()) return std::move(image.values);
      if (source.geometry == ImageGeometry::match)
        throw std::runtime_error(printable(where + wrong + "; type " + source.resample +
                                           ": resample to take what lies at the lattice's voxels, "
                                           "ignore to take value by value, or the file's unit as " +
                                           source.unit_key));
      told.push_back(source.key + ": " + wrong + "; ignored");
      return std::move(image.values);
    }
    std::int64_t outside = 0;
    std::vector<float> values;
    try {
      values = resampled(image, source.unit, lattice, between, outside);
    } catch (const std::runtime_error& e) {
      throw std::runtime_error(printable(where + e.what()));
    }
    if (outside > 0 && between == Between::linear)
      throw std::runtime_error(printable(where + std::to_string(outside) + " of the lattice's " +
                                         std::to_string(lattice.voxels()) +
                                         " voxels lie outside the image, where nothing says what "
                                         "they hold; take an image that covers the box"));
    told.push_back(source.key + ": " + size_text(image.size) + " voxels resampled" +
                   (outside > 0 ? "; " + std::to_string(outside) + " of the lattice's " +
                                      std::to_string(lattice.voxels()) +
                                      " voxels lie outside the image and get no cell"
                                : std::string()));
    if (missed) *missed = missed_values(image, source.unit, lattice, values);
    return values;
  } catch (const ResourceError&) {
    throw;
  } catch (const std::runtime_error& e) {
    const std::string hint =
        as_it_is && std::string(e.what()).find("the lattice needs ") != std::string::npos &&
                std::string(e.what()).find(" with 1 component") != std::string::npos
            ? "; type " + source.resample + ": resample to take what lies at the lattice's voxels"
            : std::string();
    throw ConfigError(source.key + ": " + e.what() + hint);
  }
}

// Values of a file keep to the range of its setting, as those of a formula do.
void check_range(const ImageSource& source, const std::vector<float>& values) {
  const Setting& s = *settings_table().find(source.key);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto v = static_cast<double>(values[i]);
    if (v >= s.low && v <= s.high) continue;
    throw ConfigError(printable(source.key + ": " + source.file + ", array '" + source.array +
                                "': value " + std::to_string(i) + " is " + text_of("%.6g", v) +
                                "; it must be " + s.range_text()));
  }
}

// The kinds that labels stand for. Says in `told` how many there are of each, and of which no voxel
// of the lattice got any; `missed` has those.
std::vector<std::uint8_t> kinds_of(const std::vector<float>& labels,
                                   const std::map<float, std::int64_t>& missed,
                                   const TissueParameters& t, std::vector<std::string>& told) {
  std::vector<std::uint8_t> kinds(labels.size());
  std::map<int, std::pair<Kind, std::int64_t>> known; // by label
  std::map<int, std::int64_t> unknown;
  for (const auto& [label, word] : t.cells_vti_map) known[label] = {*kind_of(word), 0};
  if (t.cells_vti_map.empty())
    for (const Kind k : kinds_in(placed_kinds)) known[static_cast<int>(k)] = {k, 0};
  known.emplace(0, std::pair<Kind, std::int64_t>{Kind::none, 0});
  const std::string where = t.cells_vti + ", array '" + t.cells_vti_array + "': ";
  auto found = known.begin(); // neighbours are alike
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!(std::abs(labels[i]) < 1e9f && labels[i] == std::floor(labels[i])))
      throw ConfigError(printable("tissue.cells_vti: " + where + "value " + std::to_string(i) +
                                  " is " + format_number(static_cast<double>(labels[i])) +
                                  ", not a label; labels are whole numbers"));
    const int label = static_cast<int>(labels[i]);
    if (found == known.end() || found->first != label) found = known.find(label);
    if (found == known.end()) {
      if (unknown.size() < 1000 || unknown.count(label) != 0) ++unknown[label];
      continue;
    }
    ++found->second.second;
    kinds[i] = static_cast<std::uint8_t>(found->second.first);
  }
  if (!unknown.empty()) {
    std::string list;
    std::size_t listed = 0;
    for (const auto& [label, count] : unknown)
      if (listed++ < 8)
        list += (list.empty() ? "" : ", ") + std::to_string(label) + " (" + std::to_string(count) +
                (count == 1 ? " voxel)" : " voxels)");
    throw ConfigError(
        printable("tissue.cells_vti: " + where +
                  (t.cells_vti_map.empty()
                       ? "it holds what is not a kind of cell: " + list +
                             (listed > 8 ? " ..." : "") + "; there are " + placed_kinds_text() +
                             "; type what each label means, for example tissue.cells_vti_map: {" +
                             std::to_string(unknown.begin()->first) + ": epithelial}"
                       : "it holds labels that tissue.cells_vti_map does not name: " + list +
                             (listed > 8 ? " ..." : "") + "; add them, for example " +
                             std::to_string(unknown.begin()->first) + ": none")));
  }
  std::string counts;
  for (const auto& [label, kind] : known)
    if (kind.second > 0 || t.cells_vti_map.count(label) != 0)
      counts += (counts.empty() ? "" : ", ") + std::to_string(kind.second) + " " +
                std::string(name_of(kind.first)) +
                (t.cells_vti_map.empty() ? "" : " (label " + std::to_string(label) + ")");
  told.push_back("tissue.cells_vti: " + counts);
  const bool any = std::any_of(kinds.begin(), kinds.end(), [](std::uint8_t k) {
    return k != static_cast<std::uint8_t>(Kind::none);
  });
  for (const auto& [value, count] : missed) {
    if (!(std::abs(value) < 1e9f && value == std::floor(value))) continue; // no label
    const auto kind = known.find(static_cast<int>(value));
    if (kind == known.end() || kind->second.first == Kind::none) continue;
    const std::string label = std::to_string(kind->first),
                      number = counted(count, "value", "values");
    if (!any)
      throw ConfigError(printable("tissue.cells_vti: " + where + number + " of " + label +
                                  (count == 1 ? " lies" : " lie") +
                                  " between the centres of the lattice's voxels, so none of its "
                                  "cells is left; type a smaller domain.spacing"));
    told.push_back("tissue.cells_vti: of the image's label " + label + " (" + number +
                   ") nothing is left: it lies between the centres of the lattice's voxels");
  }
  return kinds;
}

// Says how many capillaries of a grid the exclusion leaves out; none left is an error.
void tell_grid(const VesselParameters& v, const Lattice& lattice, std::uint64_t seed,
               std::vector<std::string>& told) {
  if (v.pattern != VesselPattern::grid || v.exclusion <= 0) return;
  const GridCount grid = count_grid(v, lattice, seed);
  const std::string radius = text_of("%.6g um", v.exclusion);
  if (grid.left_out == grid.all)
    throw ConfigError("vessels.exclusion: of " + counted(grid.all, "capillary", "capillaries") +
                      " of the grid none is left, as all come closer than " + radius +
                      " to the middle of the box; type at most " +
                      text_of("%.6g um", std::floor(grid.farthest)) + ", or vessels.pattern: none");
  told.push_back("vessels.exclusion: " + std::to_string(grid.left_out) + " of " +
                 counted(grid.all, "capillary", "capillaries") + " left out, closer than " +
                 radius + " to the middle of the box");
}

// The vessels of the start, of a file or not.
VesselNetwork read_vessels(const Parameters& p, const Lattice& lattice, Inputs& external) {
  const bool from_file = p.vessels.pattern == VesselPattern::file;
  if (from_file) {
    const std::filesystem::path file = p.vessels.file;
    VesselFile vessels;
    if (file.extension() == ".swc") {
      vessels = read_swc(file);
    } else {
      try {
        vessels = read_vessel_polylines(file, p.vessels.file_radius);
      } catch (const ResourceError&) {
        throw;
      } catch (const std::runtime_error& e) {
        throw ConfigError("vessels.file: " + std::string(e.what()));
      }
    }
    join_vessels(vessels, p, external, external.told);
    if (external.vessel_file.segments.empty())
      throw ConfigError(file.string() + ": there are no vessels in it, only single points");
  }
  tell_grid(p.vessels, lattice, p.simulation.seed, external.told);
  try {
    return build_parent_vessels(p.vessels, p.flow, lattice, p.simulation.seed, external.vessel_file,
                                external.vessel_names);
  } catch (const std::invalid_argument& e) {
    throw ConfigError(printable((from_file ? p.vessels.file + ": " : std::string()) + e.what()));
  }
}

// Ends, parts and perfusion of the vessels of the start.
void tell_network(const VesselNetwork& network, std::vector<std::string>& told) {
  if (network.segments.empty()) return;
  const auto nodes = static_cast<std::int32_t>(network.nodes.size());
  std::int64_t inlets = 0, outlets = 0;
  std::vector<std::int32_t> part(network.nodes.size());
  for (std::int32_t n = 0; n < nodes; ++n) {
    const VesselEnd end = network.nodes[static_cast<std::size_t>(n)].end;
    inlets += end == VesselEnd::inlet ? 1 : 0;
    outlets += end == VesselEnd::outlet ? 1 : 0;
    part[static_cast<std::size_t>(n)] = n;
  }
  const auto part_of = [&](std::int32_t n) {
    while (part[static_cast<std::size_t>(n)] != n) {
      std::int32_t& up = part[static_cast<std::size_t>(n)];
      up = part[static_cast<std::size_t>(up)];
      n = up;
    }
    return n;
  };
  for (const VesselSegment& s : network.segments)
    part[static_cast<std::size_t>(part_of(s.from))] = part_of(s.to);
  std::int64_t parts = 0;
  for (std::int32_t n = 0; n < nodes; ++n) parts += part_of(n) == n ? 1 : 0;
  const std::vector<std::pair<std::int32_t, std::int32_t>> edges = edges_of(network);
  const std::vector<std::uint8_t> perfused = perfused_segments(network);
  double length = 0, carrying = 0;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const auto& a = network.nodes[static_cast<std::size_t>(edges[i].first)].position;
    const auto& b = network.nodes[static_cast<std::size_t>(edges[i].second)].position;
    const double piece = std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
    length += piece;
    carrying += perfused[i] != 0 ? piece : 0;
  }
  told.push_back(
      "vessels: " + std::to_string(nodes) + " nodes, " + std::to_string(edges.size()) +
      " pieces of " + text_of("%.4g", length / 1000) + " mm in " + std::to_string(parts) +
      (parts == 1 ? " part, " : " parts, ") + counted(inlets, "inlet, ", "inlets, ") +
      counted(outlets, "outlet; ", "outlets; ") +
      (carrying > 0 ? text_of("%.3g", 100 * carrying / length) + " % of the length is perfused"
                    : std::string("nothing is perfused, as no way leads from an inlet to an "
                                  "outlet")));
}

InputFile state_of(const std::string& setting, const std::filesystem::path& file) {
  const FileSum sum = sum_of_file(file);
  return {setting, sum.bytes, hex8(sum.crc)};
}

// Null where nothing is known of the file.
const InputFile* recorded_of(const std::string& setting, const std::vector<InputFile>& recorded) {
  for (const InputFile& r : recorded)
    if (r.setting == setting) return &r;
  return nullptr;
}

// A line for `changes` where the file is not what was recorded of it.
void add_change(const std::filesystem::path& file, const InputFile& now,
                const std::vector<InputFile>& recorded, std::vector<std::string>& changes) {
  const InputFile* known = recorded_of(now.setting, recorded);
  if (known == nullptr || (now.bytes == known->bytes && now.crc32 == known->crc32)) return;
  changes.push_back(now.setting + ": " + file.string() + " has " + std::to_string(now.bytes) +
                    " bytes and checksum " + now.crc32 + "; the run that is repeated had " +
                    std::to_string(known->bytes) + " and " + known->crc32);
}

std::vector<std::int64_t> voxels_of(const VesselNetwork& network, const Lattice& lattice) {
  if (network.segments.empty()) return {};
  VesselGraph graph(lattice);
  graph.lay(network);
  return graph.take_changes().entered;
}

} // namespace

std::vector<std::pair<std::string, std::filesystem::path>> files_named(const Parameters& p) {
  std::vector<std::pair<std::string, std::filesystem::path>> files;
  const auto name = [&](const std::string& setting, const std::string& file) {
    if (!file.empty()) files.emplace_back(setting, file);
  };
  for (const FieldRow& row : Fields::rows(field_settings(p)))
    name(std::string(row.name) + ".frozen", row.frozen.file);
  name("matrix.initial", p.matrix.initial.file);
  name("tissue.cells_vti", p.tissue.cells_vti);
  name("tissue.cells_csv", p.tissue.cells_csv);
  if (p.vessels.pattern == VesselPattern::file) name("vessels.file", p.vessels.file);
  return files;
}

std::vector<std::string> changed_inputs(const Parameters& p,
                                        const std::vector<InputFile>& recorded) {
  std::vector<std::string> changes;
  for (const auto& [setting, file] : files_named(p)) {
    std::error_code ignored;
    if (recorded_of(setting, recorded) && std::filesystem::is_regular_file(file, ignored))
      add_change(file, state_of(setting, file), recorded, changes);
  }
  return changes;
}

Inputs read_inputs(const Parameters& p) {
  Inputs external;
  std::vector<std::string> changes;
  for (const auto& [setting, file] : files_named(p)) {
    external.files.push_back(state_of(setting, file));
    add_change(file, external.files.back(), p.simulation.inputs, changes);
  }
  if (!changes.empty()) {
    std::string text;
    for (const std::string& change : changes) text += change + "\n";
    throw ConfigError(printable(text + "the result would be another; take the file as it was, or "
                                       "type --set simulation.inputs=[] to take what is there"));
  }
  const Lattice lattice{p.domain.voxels[0], p.domain.voxels[1], p.domain.voxels[2],
                        p.domain.spacing};
  const auto field = [&](const std::string& name, const std::string& key, const Frozen& f) {
    if (f.file.empty()) return;
    const ImageSource source{key, f.file, f.array, f.geometry, f.unit, "geometry", "unit"};
    external.fields.emplace_back(name,
                                 image_values(source, lattice, Between::linear, external.told));
    check_range(source, external.fields.back().second);
  };
  for (const FieldRow& row : Fields::rows(field_settings(p)))
    field(row.name, std::string(row.name) + ".frozen", row.frozen);
  field("matrix", "matrix.initial", p.matrix.initial);
  if (const TissueParameters& t = p.tissue; !t.cells_vti.empty()) {
    const ImageSource source{"tissue.cells_vti",     t.cells_vti,      t.cells_vti_array,
                             t.cells_vti_geometry,   t.cells_vti_unit, "tissue.cells_vti_geometry",
                             "tissue.cells_vti_unit"};
    std::map<float, std::int64_t> missed;
    const std::vector<float> labels =
        image_values(source, lattice, Between::nearest, external.told, &missed);
    external.cells = kinds_of(labels, missed, t, external.told);
  }
  if (!p.tissue.cells_csv.empty()) {
    external.placed = read_cells_csv(p.tissue.cells_csv, p.domain);
    if (external.placed.empty())
      throw ConfigError(printable(p.tissue.cells_csv +
                                  ": it holds no cells; write a line for each behind the first, or "
                                  "remove tissue.cells_csv"));
  }
  const VesselNetwork network = read_vessels(p, lattice, external);
  tell_network(network, external.told);
  tell_given_flows(network, p.flow, external.told);
  const std::vector<std::int64_t> vessels = voxels_of(network, lattice);
  settle_cells(p, lattice, vessels, external, external.told);
  tell_cells(p, lattice, vessels, external, external.told);
  return external;
}

} // namespace metavox
