#include "input/bounded.hpp"

#include "core/errors.hpp"
#include "core/file.hpp"
#include "core/machine.hpp"

namespace metavox {

void check_room(std::size_t bytes, const std::string& what) {
  constexpr std::size_t always = std::size_t{64} << 20; // spares asking for every small thing
  if (bytes < always) return;
  const Allowance machine = allowance();
  if (bytes > machine.memory)
    throw ResourceError("not enough memory for " + what + ": it takes " + bytes_text(bytes) +
                        ", there are " + bytes_text(machine.memory) + " free" +
                        (machine.memory_limit.empty() ? "" : " (" + machine.memory_limit + ")") +
                        "; use a smaller file or a machine with more memory");
}

} // namespace metavox
