#pragma once

#include <stdexcept>

namespace metavox {

// Thrown with exit code 5 in mind: a number of the run went wrong, and nothing after it can be
// trusted.
class NumericalError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace metavox
