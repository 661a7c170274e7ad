// The index of a series of frames, which ParaView opens as one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace metavox {

// Text as it stands in XML.
std::string xml_text(const std::string& text);

// The content of a .pvd file: for each frame its day and its path relative to the file, then so
// many blanks, then the end.
std::string pvd_index(const std::vector<std::pair<double, std::string>>& day_and_relative_path,
                      std::size_t blanks = 0);
// The line of one frame, and what stands behind the blanks.
std::string pvd_entry(double day, const std::string& relative_path);
inline constexpr std::string_view pvd_end = "  </Collection>\n</VTKFile>\n";

} // namespace metavox
