#include "settings/json.hpp"

#include <cstddef>

namespace metavox {

std::string json_string(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string s = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (s += '\\') += c;
    else if (byte < 32)
      ((s += "\\u00") += hex[byte >> 4]) += hex[byte & 15];
    else
      s += c;
  }
  return s + '"';
}

std::string indented(const std::string& compact) {
  std::string out;
  std::size_t level = 0;
  bool in_string = false;
  const auto new_line = [&] { out += '\n' + std::string(2 * level, ' '); };
  for (std::size_t i = 0; i < compact.size(); ++i) {
    const char c = compact[i];
    if (in_string) {
      out += c;
      if (c == '\\')
        out += compact[++i];
      else if (c == '"')
        in_string = false;
      continue;
    }
    const bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
    if (opens && i + 1 < compact.size() && (compact[i + 1] == '}' || compact[i + 1] == ']')) {
      (out += c) += compact[++i];
      continue;
    }
    if (closes) --level, new_line();
    out += c;
    if (c == '"') in_string = true;
    if (opens) ++level, new_line();
    if (c == ',') new_line();
    if (c == ':') out += ' ';
  }
  return out + '\n';
}

} // namespace metavox
