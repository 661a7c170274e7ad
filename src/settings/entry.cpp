#include "settings/entry.hpp"

namespace metavox {

std::string Place::text() const {
  const std::string name = source ? *source : std::string("configuration");
  return line > 0 ? name + ":" + std::to_string(line) : name;
}

const Entry* Entry::find(std::string_view key) const {
  for (const Member& m : members)
    if (m.key == key) return &m.value;
  return nullptr;
}

} // namespace metavox
