#include "input/text_lines.hpp"

#include <algorithm>
#include <utility>

#include "settings/config.hpp"
#include "settings/text.hpp"

namespace metavox {

std::ifstream open_text(const std::string& key, const std::filesystem::path& file) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(file, failed))
    throw ConfigError(printable(key + ": " + file.string() + " is not a file"));
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    throw ConfigError(
        printable(key + ": " + file.string() + " cannot be opened; check its permissions"));
  return stream;
}

TextLines::TextLines(std::istream& stream, std::string file)
    : stream_(stream), file_(std::move(file)), buffer_(std::size_t{1} << 16) {}

bool TextLines::next(std::string_view& line) {
  for (;;) {
    stream_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    auto length = static_cast<std::size_t>(stream_.gcount());
    if (stream_.bad()) refuse("the file cannot be read");
    if (length == 0 && !stream_) return false;
    ++number_;
    if (stream_.fail())
      refuse("the line has more than " + std::to_string(buffer_.size() - 2) +
             " characters; this is not the text file expected here");
    if (!stream_.eof()) --length; // the line break counts
    std::string_view text(buffer_.data(), length);
    if (number_ == 1 && (text.substr(0, 2) == "\xFF\xFE" || text.substr(0, 2) == "\xFE\xFF"))
      refuse("this is UTF-16 text; save the file as UTF-8");
    if (number_ == 1 && text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
    for (const char c : text)
      if ((static_cast<unsigned char>(c) < 32 && c != '\t' && c != '\r') || c == 127)
        refuse("this is not a text file: it holds control characters");
    line = trimmed(text);
    if (line.empty() || line[0] == '#') continue;
    if (line.find('\r') != line.npos)
      refuse("its lines end in a carriage return alone; save the file with Unix or Windows line "
             "breaks");
    return true;
  }
}

void TextLines::refuse(std::int64_t line, const std::string& message) const {
  throw ConfigError(
      printable(file_ + ":" + std::to_string(std::max<std::int64_t>(1, line)) + ": " + message));
}

std::string cited(std::string_view text) {
  std::string s = in_quotes(text);
  s.front() = s.back() = '\'';
  return s;
}

} // namespace metavox
