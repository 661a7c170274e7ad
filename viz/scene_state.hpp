// scene.pvsm: a run's frames as a scene of ParaView (5.11 or newer) that opens by a double click.
#pragma once

#include <string>

#include "site/parameters.hpp"

namespace metavox {

// The state file's content for a run whose .pvd files lie, or will lie, in `folder`, an absolute
// path: the box, the tumour with its near half cut away, oxygen on the level in front of the cut,
// vessels as tubes, and the day. What the run writes no frames of is left out.
std::string scene_state(const Parameters& parameters, const std::string& folder);

} // namespace metavox
