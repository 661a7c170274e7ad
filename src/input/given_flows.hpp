// Whether flows given to ends of vessels are ones that blood pressure can drive.
#pragma once

#include <string>
#include <vector>

#include "vessels/flow_settings.hpp"
#include "voxel/vessel_network.hpp"

namespace metavox {

// Solves the flow of the start and says in `told` which pressures the given flows need where they
// enter and leave. Throws ConfigError where one lies outside 0 to 300 mmHg. Nothing where no flow
// is given, or none is solved.
void tell_given_flows(const VesselNetwork& network, const FlowParameters& flow,
                      std::vector<std::string>& told);

} // namespace metavox
