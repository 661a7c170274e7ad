// What may happen to vessels, for events.csv: a row for each event that Vasculature::report()
// tells.
#pragma once

#include "voxel/report.hpp"

namespace metavox {

inline constexpr EventRow vessel_events[] = {
    {"first_contact", true, "the tip",
     "a tip stands in the voxel of a living tumour cell, or face to face with one"},
    {"first_flow", true, "a node of it",
     "red cells pass a vessel other than a parent beside living tumour cells"},
    {"sprout", false, "where it leaves", "a new sprout and its number"},
    {"branch", false, "where it leaves", "a tip branches; number of the new sprout"},
    {"fusion", false, "where they meet", "a tip meets a vessel or another tip"},
    {"tip_death", false, "the tip", "a tip starved"},
    {"perfusion", false, "one of the segments",
     "red cells begin to pass segments of a sprout; once per sprout and vessel step"},
    {"collapse", false, "the segment", "growing tissue presses a segment shut"},
    {"reopening", false, "the segment", "a closed segment is pressed no more and opens"},
    {"regression", false, "one of the segments",
     "a sprout, or the parents, lose so many segments in this vessel step"},
    {"flow_unsettled", false, "a node of the network",
     "haematocrit had not settled after `flow.max_iterations`, and by how much it still changes "
     "somewhere"},
};

} // namespace metavox
