#include "core/functors.hpp"

#include <set>

namespace metavox {
namespace {

// In a function, as entries are made before main(), in no given order.
std::set<std::string>& entries() {
  static std::set<std::string> names;
  return names;
}

} // namespace

std::vector<std::string> launchable_functors() { return {entries().begin(), entries().end()}; }

bool detail::enter_functor(const char* name) { return entries().insert(name).second; }

} // namespace metavox
