// Memory that a run takes on the host, counted before anything is allocated.
#pragma once

#include <cstdint>

#include "site/parameters.hpp"

namespace metavox {

// Resident memory of the process at its peak, besides what lies on the device.
std::uint64_t estimate_host_bytes(const Parameters& parameters, bool frames, bool checkpoints,
                                  bool restart, bool on_cpu);
// Of that, what putting the files of a frame together takes besides the snapshot.
double estimate_frame_memory(const Parameters& parameters);
// A node, its segment and its piece on the host: arrays of the graph, lists and marks, copies of
// them in a snapshot, and what is known of the ways of its blood. Measured: 1300 for 66,000 nodes.
inline constexpr double bytes_per_vessel_node = 1400;
// Throws std::bad_alloc unless so many bytes, and 16 MiB in small pieces, can be had. VTK and HDF5
// crash where an allocation of theirs fails, so they are entered only when there is enough.
void ask_for_memory(double bytes);

} // namespace metavox
