// The index of a series of frames, which ParaView opens as one.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace metavox {

// The content of a .pvd file: for each frame its day and its path relative to the file.
std::string pvd_index(const std::vector<std::pair<double, std::string>>& day_and_relative_path);

} // namespace metavox
