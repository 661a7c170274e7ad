// How things end that go wrong: ConfigError, IoError, ResourceError and NumericalError, which other
// programs catch as well, and which are therefore those of the door. program/exit_code.hpp has the
// number that the program leaves with.
#pragma once

#include "metavox/metavox.hpp"
