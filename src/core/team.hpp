// How many threads work on a loop.
#pragma once

#include <cstdint>

namespace metavox {

// Waking a team costs microseconds, and much more where others use the machine: small levels of the
// multigrid solver, the few bricks of a small tumour and short lists would mostly wait for it.
inline int team_for(std::int64_t items, int threads) { return items < 8192 ? 1 : threads; }

} // namespace metavox
