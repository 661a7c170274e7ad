// Text as JSON.
#pragma once

#include <string>
#include <string_view>

namespace metavox {

// In quotes, with what must be escaped.
std::string json_string(std::string_view text);

// {"a":1} with line breaks and two blanks per level.
std::string indented(const std::string& compact_json);

} // namespace metavox
