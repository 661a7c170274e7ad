// What a run of bodies writes, row by row: body.csv, cascade.csv, founders.csv, events.csv, with
// windows lineage.csv and, at the end, estimates.csv. A forced founder stands in columns and rows
// that say so and in no other.
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
// Cells of the only body that came to a stage so far, natural ones.
struct Passed {
  std::vector<std::int64_t> departed; // from lesions, by organ, by whatever way
  Stages<std::int64_t> stages;
  LymphStages<std::int64_t> lymph;
  CavityStages<std::int64_t> cavity;
};
Passed passed(const Replicates& bodies);
// Those since `before`, as events.
std::string passages(const Replicates& bodies, const Passed& before);
// A row for each window that was opened in the last step, with the cell it was opened around.
BodyTable lineage_rows(const Replicates& bodies);
// lineage.csv as a tree in Newick's form: the primary, its clones, what they founded. Branches of
// windows are days until they opened.
std::string lineage_tree(const std::string& csv, const std::string& primary);
std::string estimates_csv(const Replicates& bodies);
// How a run stands, for its progress: cells by compartment, windows.
std::string compartments(const Replicates& bodies);

} // namespace metavox
