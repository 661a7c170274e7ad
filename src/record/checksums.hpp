// checksums.txt of a run folder: a line "crc32 bytes name" for each file that is final.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/file.hpp"

namespace metavox {

// By name relative to the run folder. A torn last line is left out. `bad`, if given, takes a
// message for each line that is none.
std::map<std::string, FileSum> read_checksums(const std::filesystem::path& run,
                                              std::vector<std::string>* bad);
std::string checksum_line(const std::string& name, const FileSum& sum);

} // namespace metavox
