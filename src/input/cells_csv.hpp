// Tables of cells, to be placed one by one.
#pragma once

#include <filesystem>
#include <istream>
#include <string>
#include <vector>

#include "settings/parameters.hpp"
#include "voxel/external.hpp"

namespace metavox {

// Text with a header line `x,y,z,kind` or `x,y,z,kind,clone`, columns in any order; x, y, z in um,
// kind a name ("epithelial") or its code. Lines that start with # and empty ones are skipped.
// Throws ConfigError with file:line.
std::vector<ExternalArrays::PlacedCell> read_cells_csv(const std::filesystem::path& file,
                                                       const DomainParameters& domain);
std::vector<ExternalArrays::PlacedCell> read_cells_csv(std::istream& stream,
                                                       const std::string& name_for_messages,
                                                       const DomainParameters& domain);

// "none (0), parenchyma (1) ...": the kinds that a table or an array of cells may name.
std::string placed_kinds_text();

} // namespace metavox
