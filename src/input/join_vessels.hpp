// From what a file draws to a network of vessels in the box.
#pragma once

#include <string>
#include <vector>

#include "input/vessel_file.hpp"
#include "site/parameters.hpp"
#include "voxel/external.hpp"

namespace metavox {

// Scales and checks the vessels of the file p.vessels.file, and makes one node of points in the
// same place: fills external.vessel_file and external.vessel_names. Pieces without length or drawn
// twice are left out, and radii that are missing taken from neighbours; `told` says how many.
// Throws ConfigError with the places of all faults in the file.
void join_vessels(const VesselFile& vessels, const Parameters& p, ExternalArrays& external,
                  std::vector<std::string>& told);

} // namespace metavox
