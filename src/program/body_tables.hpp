// What a run of bodies writes, row by row: body.csv, cascade.csv, founders.csv, events.csv and, at
// the end, estimates.csv. A forced founder stands in columns and rows that say so and in no other.
#pragma once

#include <string>
#include <vector>

#include "body/replicates.hpp"

namespace metavox {

struct BodyTable {
  std::string header, rows; // with line breaks
};

// One row: means over replicates.
BodyTable body_rows(const Replicates& bodies);
// A row per organ and stage.
BodyTable cascade_rows(const Replicates& bodies);
BodyTable founder_rows(const Replicates& bodies, const std::vector<ReplicateEvent>& events);
BodyTable event_rows(const Replicates& bodies, const std::vector<ReplicateEvent>& events);
std::string estimates_csv(const Replicates& bodies);

} // namespace metavox
