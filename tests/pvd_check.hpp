// Is the index of a series of frames whole? Read as strictly as a parser of XML does.
#pragma once

#include <algorithm>
#include <filesystem>
#include <regex>
#include <string>

#include "core/file.hpp"

namespace metavox::support {

// What is wrong with a .pvd, or with the frames it names; empty: nothing. `entries`, if given,
// takes how many there are.
inline std::string harm_of_pvd(const std::filesystem::path& file, int* entries = nullptr) {
  const std::string text = read_text(file);
  static const std::regex head(R"(\s*<\?xml version="1.0"\?>\s*<VTKFile [^<>]*>\s*<Collection>)");
  static const std::regex entry(
      R"re(<DataSet timestep="[-+.0-9e]+" part="0" file="([^"<>]+)"/>)re");
  static const std::regex tail(R"(\s*</Collection>\s*</VTKFile>\s*)");
  std::smatch m;
  if (!std::regex_search(text, m, head, std::regex_constants::match_continuous))
    return file.string() + ": no head\n";
  auto at = text.cbegin() + m.length();
  int count = 0;
  for (;; ++count) {
    const auto next = std::find(at, text.cend(), '<'); // text between elements is nobody's business
    if (!std::regex_search(next, text.cend(), m, entry, std::regex_constants::match_continuous)) {
      at = next;
      break;
    }
    if (!std::filesystem::exists(file.parent_path() / m[1].str()))
      return file.string() + ": names " + m[1].str() + ", which is not there\n";
    at = next + m.length();
  }
  if (entries != nullptr) *entries = count;
  return std::regex_match(at, text.cend(), tail)
             ? ""
             : file.string() + ": torn at byte " + std::to_string(at - text.cbegin()) + "\n";
}

} // namespace metavox::support
