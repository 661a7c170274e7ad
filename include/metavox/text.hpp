// Text from outside on its way into messages, where it must not steer the terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace metavox {

inline bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Without blanks at either end.
std::string_view trimmed(std::string_view text);

// Length of the UTF-8 character at the front of `text`; 0 where there is none.
std::size_t utf8_length(std::string_view text);

// Control characters other than line breaks, marks that turn the direction of writing, and bytes
// that are no UTF-8 become question marks.
std::string printable(std::string_view text);

// `text` in backquotes on one line, fit to print, at most `longest` bytes of it and then "...".
std::string in_quotes(std::string_view text, std::size_t longest = 60);

} // namespace metavox
