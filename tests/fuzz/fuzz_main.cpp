// One libFuzzer program per target: METAVOX_FUZZ_TARGET is its name.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "targets.hpp"

namespace {

const metavox::fuzz::Target& target() {
  for (const metavox::fuzz::Target& t : metavox::fuzz::targets)
    if (std::string_view(t.name) == METAVOX_FUZZ_TARGET) return t;
  std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const metavox::fuzz::Target& one = target();
  one.run({reinterpret_cast<const char*>(data), size});
  return 0;
}
