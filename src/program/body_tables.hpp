// What a run of bodies writes, row by row: body.csv, cascade.csv, founders.csv, events.csv,
// lineage.csv and, at the end, estimates.csv. A forced founder stands in columns and rows
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
// A row for each founder with its parent, and one for each window that shows a cell of no lesion.
// With windows also what they are like; then the events are those of one step.
BodyTable lineage_rows(const Replicates& bodies, const std::vector<ReplicateEvent>& events);
// "lung-3", "liver-10000-forced", "breast-primary": of a lesion, in lineage.csv and in trees.
std::string lesion_name(const Replicates& bodies, const Lesion& lesion);
// lineage.csv as trees in Newick's form, a line each: of every replicate the primary and, below
// each lesion, what came from it; a branch is as long as the days from the founding of one to that
// of the other. Cells of a clone that differs from their lesion's have a node of no length between.
// `apart`: forced founders, in bodies of their own, have trees of their own after their
// replicate's, in which their parent stands at the day on which they left it.
std::string lineage_trees(const std::string& csv, const std::string& primary, int replicates,
                          bool apart);
std::string estimates_csv(const Replicates& bodies);
// How a run stands, for its progress: cells by compartment, windows.
std::string compartments(const Replicates& bodies);

} // namespace metavox
