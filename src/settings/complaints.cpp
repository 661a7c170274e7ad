#include "settings/complaints.hpp"

#include <algorithm>

#include "settings/text.hpp"

namespace metavox {

void Complaints::add(const Place& place, const std::string& message) {
  if (!full()) lines_.push_back(printable(place.text() + ": " + message));
  ++count_;
}

void Complaints::note(const Place& place, const std::string& message) {
  const std::string line = printable(place.text() + ": " + message);
  if (notes_.size() < 20 && std::find(notes_.begin(), notes_.end(), line) == notes_.end())
    notes_.push_back(line);
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
