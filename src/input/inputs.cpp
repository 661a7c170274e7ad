#include "input/inputs.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/errors.hpp"
#include "core/lattice.hpp"
#include "fields/field_list.hpp"
#include "input/cells_csv.hpp"
#include "input/join_vessels.hpp"
#include "input/settle_cells.hpp"
#include "input/swc.hpp"
#include "input/vtk_reader.hpp"
#include "settings/text.hpp"
#include "site/take_apart.hpp"
#include "vessels/graph.hpp"
#include "vessels/parents.hpp"
#include "voxel/kind.hpp"

namespace metavox {

namespace {

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

// The vessels of the start, of a file or not.
VesselNetwork read_vessels(const Parameters& p, const Lattice& lattice, ExternalArrays& external) {
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
  try {
    return build_parent_vessels(p.vessels, p.flow, lattice, p.simulation.seed, external.vessel_file,
                                external.vessel_names);
  } catch (const std::invalid_argument& e) {
    throw ConfigError(printable((from_file ? p.vessels.file + ": " : std::string()) + e.what()));
  }
}

std::vector<std::int64_t> voxels_of(const VesselNetwork& network, const Lattice& lattice) {
  if (network.segments.empty()) return {};
  VesselGraph graph(lattice);
  graph.lay(network);
  return graph.take_changes().entered;
}

} // namespace

Inputs read_inputs(const Parameters& p) {
  Inputs external;
  const auto field = [&](const std::string& name, const std::string& key, const Frozen& frozen) {
    if (!frozen.file.empty())
      external.fields.emplace_back(name, vti_values(key, frozen.file, frozen.array, p.domain));
  };
  for (const FieldRow& row : Fields::rows(field_settings(p)))
    field(row.name, std::string(row.name) + ".frozen", row.frozen);
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
      if (!(codes[i] >= 0 && codes[i] < static_cast<float>(kind_count) &&
            codes[i] == std::floor(codes[i])))
        throw ConfigError("tissue.cells_vti: " + p.tissue.cells_vti + ", array '" +
                          p.tissue.cells_vti_array + "': value " + std::to_string(i) + " is " +
                          std::to_string(codes[i]) + ", not a kind of cell; there are " +
                          placed_kinds_text());
      external.cells[i] = static_cast<std::uint8_t>(codes[i]);
    }
  }
  if (!p.tissue.cells_csv.empty()) external.placed = read_cells_csv(p.tissue.cells_csv, p.domain);
  const Lattice lattice{p.domain.voxels[0], p.domain.voxels[1], p.domain.voxels[2],
                        p.domain.spacing};
  const std::vector<std::int64_t> vessels = voxels_of(read_vessels(p, lattice, external), lattice);
  settle_cells(p, lattice, vessels, external, external.told);
  tell_cells(p, lattice, vessels, external, external.told);
  return external;
}

} // namespace metavox
