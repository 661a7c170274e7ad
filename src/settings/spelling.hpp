// What a misspelt word was meant to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace metavox {

// The closest of `candidates` to a misspelt word, or the one that it is the beginning of; empty:
// none is close.
std::string closest(std::string_view wrong, const std::vector<std::string>& candidates);

} // namespace metavox
