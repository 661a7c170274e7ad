// Everything that is wrong with a file, told in one go.
#pragma once

#include <cstddef>
#include <string>

#include "core/errors.hpp"
#include "settings/text.hpp"

namespace metavox {

class Faults {
public:
  void add(const std::string& message) {
    if (count_++ < most) text_ += (text_.empty() ? "" : "\n") + message;
  }
  bool any() const { return count_ > 0; }
  // Throws ConfigError with the first of them, where there are any.
  void raise() const {
    if (any())
      throw ConfigError(printable(
          text_ + (count_ > most ? "\n... and " + std::to_string(count_ - most) + " more" : "")));
  }

private:
  static constexpr std::size_t most = 20;
  std::string text_;
  std::size_t count_ = 0;
};

} // namespace metavox
