// The tables of the program, for other programs and for the documentation.
#pragma once

#include <string>
#include <vector>

namespace metavox {

// What there are tables of: "kinds", "states" ...
std::vector<std::string> table_names();

// A table as a JSON array with an object per row, or as columns of text. Throws
// std::invalid_argument for a name that is not among the above.
std::string table_text(const std::string& name, bool json);

} // namespace metavox
