// What the machine lets this process have. Containers, batch systems and shells may keep it far
// below what is built in, and a run that does not know is killed where it could have been refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace metavox {

struct Allowance {
  std::uint64_t memory = 0;    // bytes that can still be taken
  std::string memory_limit;    // what keeps it so small: "the limit of FOLDER"; empty: the machine
  int processors = 1;          // threads that can run at the same time
  std::string processor_limit; // empty: as many as are built in
};

// Of this process, now: free memory, control groups (version 1 and 2, each folder from the
// process's own up to the root of its hierarchy), resource limits and the processors it may run on.
// `root` is where proc and sys are found; tests have trees of their own.
Allowance allowance(const std::filesystem::path& root = "/");

// Threads for work on a lattice of so many voxels (0: of any size) where `asked` of them were asked
// for (0: nobody did). `note` says what the number owes to whom, where that is not plain.
int threads_for(int asked, std::int64_t voxels, const Allowance& machine, std::string& note);

// What to do where the system gives no more threads.
inline constexpr const char* advice_on_threads =
    "raise the limit: ulimit -u for a user's threads, ulimit -v for the room of their stacks, "
    "pids.max for a container's";

// Throws ResourceError with advice unless so many threads can live at the same time: OpenMP ends
// the program where it cannot make one.
void require_threads(int threads);

} // namespace metavox
