// The files a configuration names besides itself.
#pragma once

#include <filesystem>
#include <istream>
#include <string>
#include <vector>

#include "input/vessel_file.hpp"
#include "site/parameters.hpp"
#include "site/simulation.hpp"

namespace metavox {

// Reads them all. Throws ConfigError with the setting or file:line and what is wrong.
ExternalArrays read_inputs(const Parameters& parameters);

// Text with a header line `x,y,z,kind` or `x,y,z,kind,clone`, columns in any order; x, y, z in um,
// kind a name ("epithelial") or its code. Lines that start with # and empty ones are skipped.
std::vector<ExternalArrays::PlacedCell> read_cells_csv(const std::filesystem::path& file,
                                                       const DomainParameters& domain);
std::vector<ExternalArrays::PlacedCell> read_cells_csv(std::istream& stream,
                                                       const std::string& name_for_messages,
                                                       const DomainParameters& domain);

// A tree of samples, each a line `id type x y z radius parent`, more columns and the type ignored;
// # begins a comment line. Roots (parent -1) are inlets, and a point's name is its id.
VesselFile read_swc(const std::filesystem::path& file);
VesselFile read_swc(std::istream& stream, const std::string& name_for_messages);

} // namespace metavox
