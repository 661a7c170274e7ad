// Vessels as trees of samples.
#pragma once

#include <filesystem>
#include <istream>
#include <string>

#include "input/vessel_file.hpp"

namespace metavox {

// A tree of samples, each a line `id type x y z radius parent`, more columns and the type ignored;
// # begins a comment line. Roots (parent -1) are inlets, and a point's name is its id. Throws
// ConfigError with file:line.
VesselFile read_swc(const std::filesystem::path& file);
VesselFile read_swc(std::istream& stream, const std::string& name_for_messages);

} // namespace metavox
