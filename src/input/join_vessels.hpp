// From what a file draws to a network of vessels in the box.
#pragma once

#include "input/vessel_file.hpp"
#include "settings/parameters.hpp"
#include "voxel/external.hpp"

namespace metavox {

// Scales and checks the vessels of the file p.vessels.file, and makes one node of points in the
// same place: fills external.vessel_file and external.vessel_names. Throws ConfigError with the
// place in the file.
void join_vessels(const VesselFile& vessels, const Parameters& p, ExternalArrays& external);

} // namespace metavox
