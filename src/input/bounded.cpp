#include "input/bounded.hpp"

#include "core/executor.hpp"
#include "core/file.hpp"

namespace metavox {

void check_room(std::size_t bytes, const std::string& what) {
  constexpr std::size_t always = std::size_t{64} << 20; // spares asking for every small thing
  if (bytes < always) return;
  const std::size_t available = Executor::on_cpu(1).memory_available();
  if (bytes > available)
    throw ResourceError("not enough memory for " + what + ": it takes " + bytes_text(bytes) +
                        ", the machine has " + bytes_text(available) +
                        " free; use a smaller file or a machine with more memory");
}

} // namespace metavox
