// What is wrong with a configuration, told in one go.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/errors.hpp"
#include "settings/entry.hpp"

namespace metavox {

// Everything that is wrong with a configuration, so that a user can mend it in one go.
class Complaints {
public:
  void add(const Place& place, const std::string& message);
  // What is no mistake, but worth a second look.
  void note(const Place& place, const std::string& message);
  const std::vector<std::string>& notes() const { return notes_; }
  bool any() const { return count_ > 0; }
  std::size_t count() const { return count_; }
  bool full() const { return count_ >= 20; } // more are counted, not shown
  std::string text() const;                  // one per line, the first 20

private:
  std::vector<std::string> lines_, notes_;
  std::size_t count_ = 0;
};

// Throws ConfigError: nothing further can be read.
[[noreturn]] void refuse(const Place& place, const std::string& message);

} // namespace metavox
