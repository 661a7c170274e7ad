#include "core/file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zlib.h>

#include "core/errors.hpp"

namespace metavox {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t chunk = std::size_t{4} << 20;

} // namespace

void fail_with(const std::string& what, const fs::path& file, int error) {
  if (error == ENOMEM)
    throw ResourceError("no memory to " + what + " " + file.string() + ": " + std::strerror(error));
  throw IoError("cannot " + what + " " + file.string() + ": " + std::strerror(error));
}

Descriptor open_file(const fs::path& file, int flags, const char* what) {
  int fd = -1;
  do fd = ::open(file.c_str(), flags | O_CLOEXEC, 0666);
  while (fd < 0 && errno == EINTR);
  if (fd < 0) fail_with(what, file, errno);
  return Descriptor(fd);
}

void sync_file(int fd, const fs::path& file) {
  int rc = 0;
  do rc = ::fsync(fd);
  while (rc != 0 && errno == EINTR);
  // Some file systems have nothing to sync and say so.
  if (rc != 0 && errno != EINVAL && errno != EROFS) fail_with("sync", file, errno);
}

// A rename survives a crash only when the folder that holds the name is on disk too.
void sync_folder(const fs::path& folder) {
  const Descriptor d =
      open_file(folder.empty() ? fs::path(".") : folder, O_RDONLY | O_DIRECTORY, "open the folder");
  sync_file(d.get(), folder);
}

std::uint32_t crc32(const void* data, std::size_t bytes, std::uint32_t crc) {
  return static_cast<std::uint32_t>(::crc32_z(crc, static_cast<const Bytef*>(data), bytes));
}

std::uint32_t crc32_of_both(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_combine(first, second, static_cast<z_off_t>(second_bytes)));
}

FileSum sum_of_file(const fs::path& file) {
  const Descriptor d = open_file(file, O_RDONLY, "read");
  std::vector<unsigned char> buffer(chunk);
  FileSum sum;
  for (;;) {
    const ssize_t n = ::read(d.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with("read", file, errno);
    if (n == 0) return sum;
    sum.crc = crc32(buffer.data(), static_cast<std::size_t>(n), sum.crc);
    sum.bytes += static_cast<std::uint64_t>(n);
  }
}

std::string hex8(std::uint32_t value) {
  char text[9];
  std::snprintf(text, sizeof text, "%08x", value);
  return text;
}

std::string hex16(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

std::string bytes_text(std::uint64_t bytes) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(bytes);
  std::size_t u = 0;
  while (value >= 1024 && u + 1 < std::size(units)) value /= 1024, ++u;
  char text[40];
  std::snprintf(text, sizeof text, u == 0 ? "%.0f %s" : "%.2f %s", value, units[u]);
  return text;
}

std::string read_text(const fs::path& file, std::size_t largest) {
  const Descriptor d = open_file(file, O_RDONLY, "read");
  struct stat status {};
  if (::fstat(d.get(), &status) != 0) fail_with("read", file, errno);
  if (!S_ISREG(status.st_mode)) throw IoError("cannot read " + file.string() + ": not a file");
  if (static_cast<std::uint64_t>(status.st_size) > largest)
    throw IoError("cannot read " + file.string() + ": it has " +
                  bytes_text(static_cast<std::uint64_t>(status.st_size)) + ", more than expected");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t n = ::read(d.get(), text.data() + have, text.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with("read", file, errno);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  text.resize(have);
  return text;
}

std::uint64_t disk_free(const fs::path& path) {
  std::error_code ignored;
  fs::path place = fs::absolute(path, ignored);
  while (!fs::exists(place, ignored) && place.has_parent_path() && place != place.parent_path())
    place = place.parent_path();
  struct statvfs info {};
  if (::statvfs(place.c_str(), &info) != 0) fail_with("look up the free space of", place, errno);
  if (info.f_blocks == 0) return ~std::uint64_t{0}; // no disk at all, or one that does not say
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

void Descriptor::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void write_all(int fd, const void* data, std::size_t bytes, const fs::path& file) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t n = ::write(fd, at, std::min(bytes, std::size_t{1} << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_with("write", file, errno);
    at += n;
    bytes -= static_cast<std::size_t>(n);
  }
}

PendingFile::PendingFile(const fs::path& target) : target_(target) {
  temporary_ = target.parent_path() /
               ("." + target.filename().string() + ".tmp-" + std::to_string(::getpid()));
  open_file(temporary_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, "write");
}

PendingFile::~PendingFile() {
  if (!committed_) ::unlink(temporary_.c_str());
}

void PendingFile::commit() {
  {
    const Descriptor d = open_file(temporary_, O_RDWR, "sync");
    sync_file(d.get(), temporary_);
  }
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_with("put in place", target_, errno);
  committed_ = true;
  sync_folder(target_.parent_path());
}

void write_file_atomically(const fs::path& file, std::string_view content) {
  PendingFile pending(file);
  {
    const Descriptor d = open_file(pending.temporary(), O_WRONLY, "write");
    write_all(d.get(), content.data(), content.size(), file);
  }
  pending.commit();
}

} // namespace metavox
