// Room in a .pvd for entries to come, so that a frame more costs a line and not the whole file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace metavox {

// Blanks in a file of XML, where elements are put one after the other. The file is whole at every
// moment, also if the process is killed in the middle or the machine loses its power: an element is
// first written without its "<", as text that readers pass over, and then becomes one by a single
// byte.
class IndexRoom {
public:
  // There are blanks from `begin` to `end` in a file of `size` bytes.
  void set(std::uint64_t begin, std::uint64_t end, std::uint64_t size) {
    at_ = begin;
    end_ = end;
    size_ = size;
  }
  // Puts an element, "<...>\n", maybe with blanks before it. False where there is no room, or the
  // file is not the one that set() was told of: nothing is changed then. Throws IoError.
  bool put(const std::filesystem::path& file, std::string_view element);

private:
  std::uint64_t at_ = 0, end_ = 0, size_ = 0;
};

} // namespace metavox
