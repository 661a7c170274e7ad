// Arrays and poly-lines of VTK files. A wrong file is an IoError with its name.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <vector>

#include "input/image.hpp"
#include "input/vessel_file.hpp"

namespace metavox {

// A cell or point array of a .vti file with exactly voxels[0]*voxels[1]*voxels[2] values of one
// component, x fastest. Throws std::runtime_error with the file and the fault, ResourceError where
// memory does not suffice.
std::vector<float> read_vti_array(const std::filesystem::path& file, const std::string& array,
                                  std::array<int, 3> voxels);

// The same array with its places: of exactly `voxels` values, or of any number where that is null.
ImageArray read_vti_image(const std::filesystem::path& file, const std::string& array,
                          const std::array<int, 3>* voxels);

// The poly-lines of a .vtp file. "radius" is an array of points or of lines; points may have "end"
// (0 none, 1 inlet, 2 outlet), "end_pressure" (mmHg) and "name" (strings). Throws as above.
// `radius_array`: another name for "radius"; empty: one that is known.
VesselFile read_vessel_polylines(const std::filesystem::path& file,
                                 const std::string& radius_array = {});

} // namespace metavox
