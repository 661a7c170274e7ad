// Text files that a configuration names, line by line: one may be larger than memory.
#pragma once

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <istream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

#include "settings/units.hpp"

namespace metavox {

// `key`: the setting that names the file. Throws ConfigError where it cannot be opened.
std::ifstream open_text(const std::string& key, const std::filesystem::path& file);

// The lines that say something: neither empty nor a comment, which begins with #.
class TextLines {
public:
  // `file` is for messages.
  TextLines(std::istream& stream, std::string file);

  // The next one, without blanks around it; false at the end. Throws ConfigError for what is no
  // text.
  bool next(std::string_view& line);
  std::int64_t number() const { return number_; } // of the line, from 1

  // Throws ConfigError with file and line.
  [[noreturn]] void refuse(const std::string& message) const { refuse(number_, message); }
  [[noreturn]] void refuse(std::int64_t line, const std::string& message) const;

private:
  std::istream& stream_;
  std::string file_;
  std::vector<char> buffer_;
  std::int64_t number_ = 0;
};

// The number that is all of the text, as settings/units.hpp reads it; empty where it is none, or
// does not fit a T.
template <class T>
std::optional<T> parsed(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!text.empty() && error == std::errc() && end == text.data() + text.size()) return value;
  if constexpr (std::is_integral_v<T>) {
    const Whole whole = parse_whole(text);
    if (whole.form != Whole::Form::whole || (whole.negative && std::is_unsigned_v<T>) ||
        whole.size > static_cast<std::uint64_t>(std::numeric_limits<T>::max()))
      return {};
    return whole.negative ? static_cast<T>(-static_cast<std::int64_t>(whole.size))
                          : static_cast<T>(whole.size);
  } else {
    try {
      return parse_number(text);
    } catch (const UnitError&) {
      return {};
    }
  }
}

// In single quotes, printable and not too long, for messages.
std::string cited(std::string_view text);

} // namespace metavox
