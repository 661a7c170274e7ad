#include "settings/complaints.hpp"

#include "settings/text.hpp"

namespace metavox {

void Complaints::add(const Place& place, const std::string& message) {
  if (!full()) lines_.push_back(printable(place.text() + ": " + message));
  ++count_;
}

std::string Complaints::text() const {
  std::string s;
  for (const std::string& line : lines_) s += (s.empty() ? "" : "\n") + line;
  if (count_ > lines_.size()) s += "\n... and " + std::to_string(count_ - lines_.size()) + " more";
  return s;
}

void refuse(const Place& place, const std::string& message) {
  throw ConfigError(printable(place.text() + ": " + message));
}

} // namespace metavox
