// scene.pvsm: a run's frames as a scene of ParaView (5.11 or newer) that opens by a double click.
#pragma once

#include <string>

#include "body/body_settings.hpp"
#include "site/parameters.hpp"

namespace metavox {

// The state file's content for a run whose .pvd files lie, or will lie, in `folder`, an absolute
// path: the box, the tumour with its near half cut away, oxygen on the level in front of the cut,
// vessels as tubes, and the day. What the run writes no frames of is left out.
std::string scene_state(const Parameters& parameters, const std::string& folder);

// The same of a body whose primary has this lattice: the windows of body.pvd side by side, their
// cells, vessels and boxes, those of forced founders marked, and the day.
std::string body_scene_state(const Parameters& primary, const BodyParameters& body,
                             const std::string& folder);

// A state of ParaView in Python that opens the scene.pvsm beside it with the files that lie there,
// wherever the folder was moved. ParaView takes names of files in a .pvsm as they stand, or below
// its own working folder; of where the state itself lies it knows in a script only.
std::string scene_script();

} // namespace metavox
