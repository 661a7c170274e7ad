// `metavox run` and `validate` of a configuration with a section `body` and a duration: bodies
// followed hour by hour, with checkpoints that they go on from.
#pragma once

#include <string>

#include "body/body_config.hpp"
#include "program/run.hpp"

namespace metavox {

// Of a configuration with `simulation.duration`, as read with these options.
int run_bodies(const RunOptions& options, const BodyConfig& config);
int validate_bodies(const BodyConfig& config);

} // namespace metavox
