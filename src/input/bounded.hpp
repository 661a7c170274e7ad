// Input files may claim or hold more than the machine has; whoever reads them asks first.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace metavox {

// Throws ResourceError where `bytes` more of memory are not to be had. `what` is "an array of
// fields.vti".
void check_room(std::size_t bytes, const std::string& what);

// push_back that asks before the vector grows; `each` bytes are needed per entry, in all.
template <class T>
void push_checked(std::vector<T>& values, T value, const std::string& what,
                  std::size_t each = sizeof(T)) {
  if (values.size() == values.capacity())
    check_room((values.size() + 1) * 2 * (each > sizeof(T) ? each : sizeof(T)), what);
  values.push_back(std::move(value));
}

} // namespace metavox
