#include "settings/text.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "settings/days.hpp"

namespace metavox {

std::string lower(std::string_view text) {
  std::string s(text);
  for (char& c : s) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return s;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return text.empty() ? 0 : 1;
  const std::size_t length = first >= 0xF0 && first < 0xF5   ? 4
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xC2 && first < 0xE0 ? 2
                                                             : 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
      (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F))
    return 0;
  return length;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view c = text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(c.size());
    const auto byte = [c](std::size_t i) { return static_cast<unsigned char>(c[i]); };
    const unsigned code = length == 2 ? (byte(0) & 0x1Fu) << 6 | (byte(1) & 0x3Fu)
                          : length == 3
                              ? (byte(0) & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu)
                              : byte(0);
    const auto within = [code](unsigned low, unsigned high) { return code >= low && code <= high; };
    // Control characters, and those that turn the direction of text or break lines.
    const bool control = (code < 32 && code != '\n') || within(0x7F, 0x9F) ||
                         within(0x2028, 0x202E) || within(0x2066, 0x2069);
    if (length == 0 || control)
      out += '?';
    else
      out += c;
  }
  return out;
}

std::string in_quotes(std::string_view text, std::size_t longest) {
  std::size_t end = std::min(text.size(), longest);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  std::string s = printable(text.substr(0, end));
  std::replace(s.begin(), s.end(), '\n', '?');
  return "`" + s + (end < text.size() ? "...`" : "`");
}

std::string text_of(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string counted(std::int64_t n, const std::string& one, const std::string& many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

std::string day_text(double minutes) { return text_of("%.6g", minutes / minutes_per_day); }

std::string shell_word(const std::filesystem::path& path) {
  const std::string text = path.string();
  if (!text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789_-./+=:@%,") == std::string::npos)
    return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

} // namespace metavox
