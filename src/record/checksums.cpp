#include "record/checksums.hpp"

#include <charconv>
#include <string_view>
#include <system_error>

#include "record/run_layout.hpp"

namespace metavox {

namespace fs = std::filesystem;

std::map<std::string, FileSum> read_checksums(const fs::path& run, std::vector<std::string>* bad) {
  std::map<std::string, FileSum> listed;
  const std::string text = read_text(run / list_name);
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos)
      break; // torn by a crash: what it named is listed again or unlisted
    const std::string_view line(text.data() + begin, end - begin);
    begin = end + 1;
    const std::size_t first = line.find(' ');
    const std::size_t second = first == line.npos ? line.npos : line.find(' ', first + 1);
    FileSum sum;
    bool fine = second != line.npos && first == 8;
    if (fine) {
      const auto crc = std::from_chars(line.data(), line.data() + first, sum.crc, 16);
      const auto size = std::from_chars(line.data() + first + 1, line.data() + second, sum.bytes);
      fine = crc.ec == std::errc() && crc.ptr == line.data() + first && size.ec == std::errc() &&
             size.ptr == line.data() + second;
    }
    const std::string name(fine ? line.substr(second + 1) : line);
    const fs::path relative(name);
    if (fine && (name.empty() || relative.is_absolute() ||
                 relative.lexically_normal() != relative || name.compare(0, 2, "..") == 0))
      fine = false;
    if (fine)
      listed[name] = sum;
    else if (bad != nullptr)
      bad->push_back(std::string(list_name) + ": not a line of it: '" + std::string(line) + "'");
  }
  return listed;
}

std::string checksum_line(const std::string& name, const FileSum& sum) {
  return hex8(sum.crc) + " " + std::to_string(sum.bytes) + " " + name + "\n";
}

} // namespace metavox
