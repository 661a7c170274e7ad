#include "record/index_room.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.hpp"

namespace metavox {

namespace {

void write_at(const Descriptor& d, std::uint64_t place, std::string_view text,
              const std::filesystem::path& file) {
  if (::lseek(d.get(), static_cast<off_t>(place), SEEK_SET) < 0) fail_with("write", file, errno);
  write_all(d.get(), text.data(), text.size(), file);
  sync_file(d.get(), file);
}

} // namespace

bool IndexRoom::put(const std::filesystem::path& file, std::string_view element) {
  const std::size_t sign = element.find('<');
  if (sign == std::string_view::npos || at_ + element.size() > end_) return false;
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) != size_)
    return false;
  const Descriptor d = open_file(file, O_WRONLY | O_NOFOLLOW, "write");
  std::string text(element);
  text[sign] = ' ';
  write_at(d, at_, text, file);
  write_at(d, at_ + sign, "<", file);
  at_ += element.size();
  return true;
}

} // namespace metavox
