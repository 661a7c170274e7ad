// Text on its way into messages. What comes from outside must not steer the terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace metavox {

inline bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Capital letters of ASCII made small.
std::string lower(std::string_view text);

// Without blanks at either end.
std::string_view trimmed(std::string_view text);

// Length of the UTF-8 character at the front of `text`; 0 where there is none.
std::size_t utf8_length(std::string_view text);

// Control characters other than line breaks, marks that turn the direction of writing, and bytes
// that are no UTF-8 become question marks.
std::string printable(std::string_view text);

// `text` in backquotes on one line, fit to print, at most `longest` bytes of it and then "...".
std::string in_quotes(std::string_view text, std::size_t longest = 60);

// A number by a printf format, at most 63 characters: text_of("%.3f", 0.5) is "0.500".
std::string text_of(const char* format, double value);

// "1 cell", "2 cells".
std::string counted(std::int64_t n, const std::string& one, const std::string& many);

// Minutes as days: "0.5".
std::string day_text(double minutes);

// A path as one word of a shell's command line, in quotes where it needs them.
std::string shell_word(const std::filesystem::path& path);

} // namespace metavox
