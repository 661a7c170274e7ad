// The events that a site may tell.
#pragma once

#include <vector>

#include "voxel/report.hpp"

namespace metavox {

// A row for each: its own milestones, then those of vessels.
std::vector<EventRow> event_rows();

} // namespace metavox
