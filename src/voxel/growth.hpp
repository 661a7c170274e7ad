// Numbers of growth by pressure that are means, not measurements: halved or doubled they move
// growth by a few percent. Cells and the pressure field share them.
#pragma once

namespace metavox::growth {

// A blurred share of free voxels below the first is that of packed tissue and absorbs nothing;
// beyond the second a cell stands alone and presses on nobody.
inline constexpr float packed_free = 0.04f, lone_free = 0.6f;

// Share of voxels with an excess cell that tissue holds at ease: newborns on their way. More than
// that gives way within settling, min.
inline constexpr float easy_excess = 0.02f;
inline constexpr float settling = 57.6f; // 0.04 day

// Pressure leaks within this length even where there is no room at all, um: what a full closed box
// needs to have a solution.
inline constexpr float leak_length = 5000.0f;

} // namespace metavox::growth
