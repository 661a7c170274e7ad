// The ledger: every change of kind, counted where it happens.
#pragma once

#include <cstdint>

#include "core/host_device.hpp"
#include "voxel/kind.hpp"

namespace metavox {

// Every change of kind, counted: flow[from][to]. `none` as source is birth or arrival, as target
// removal.
inline constexpr int flow_width = 16;
inline constexpr int flow_entries = flow_width * flow_width;
struct LedgerView {
  std::int64_t* flow;
  MV_HD void record(Kind from, Kind to) const {
    atomic_add(flow + static_cast<int>(from) * flow_width + static_cast<int>(to), 1);
  }
};

} // namespace metavox
