// Rules that tie settings of several sections; those within a section stand beside its rows.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "settings/judge.hpp"
#include "site/parameters.hpp"

namespace metavox {

// The number of voxels, and what must fit into them.
void judge_box(const Parameters& p, Judge& judge);
// Where it ends at a cavity.
void judge_serosa(const Parameters& p, Judge& judge);
// Steps and intervals.
void judge_times(const Parameters& p, Judge& judge);
// Times that cells and membranes count in steps.
void judge_counters(const Parameters& p, Judge& judge);
// What is allowed and changes the biology in ways that few expect: notes, no complaints.
void judge_traps(const Parameters& p, Judge& judge);
// Fields that are prescribed.
void judge_fields(const Parameters& p, Judge& judge);
// Whether cells that walk do so in steps that are short enough.
void judge_movement(const Parameters& p, Judge& judge);
// Where shapes, sheets and regions lie.
void judge_places(const Parameters& p, Judge& judge);
// Patterns of vessels.
void judge_patterns(const Parameters& p, Judge& judge);
// Inlets and outlets.
void judge_vessel_ends(const Parameters& p, Judge& judge);
// What blood brings with it.
void judge_blood(const Parameters& p, Judge& judge);
// Sprouts.
void judge_growth(const Parameters& p, Judge& judge);
// What cells leave by.
void judge_departures(const Parameters& p, Judge& judge);

// What cells come by.
void judge_arrivals(const Parameters& p, Judge& judge);

// The edge of the box, um.
inline double edge(const Parameters& p, std::size_t axis) {
  return p.domain.voxels[axis] * p.domain.spacing;
}

// " along x"
inline std::string along(std::size_t axis) { return std::string(" along ") + "xyz"[axis]; }

// Complains at `key` where the point lies outside the box; whether it lies inside.
bool judge_point(const Parameters& p, Judge& judge, const std::string& key,
                 const std::array<double, 3>& point);

} // namespace metavox
