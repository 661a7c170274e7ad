#pragma once

#include <stdexcept>

namespace metavox {

// Thrown with exit code 5 in mind: a number of the run went wrong, and nothing after it can be
// trusted.
class NumericalError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

// Memory, disk or device missing: exit code 4.
class ResourceError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

// Reading or writing failed: exit code 3. what() names the file and the reason.
struct IoError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

} // namespace metavox
