// Files of which nothing is ever half there, and the small things that readers and writers share.
//
// A file is written under a temporary name next to its own, synced, renamed, and the folder synced,
// so that after a crash, `kill -9` or a full disk either the old or the new file stands under the
// name, whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace metavox {

// CRC-32 of zlib and PNG: 0xcbf43926 of "123456789". `crc` continues an earlier piece.
std::uint32_t crc32(const void* data, std::size_t bytes, std::uint32_t crc = 0);
// Of two pieces in a row, from the checksum of each.
std::uint32_t crc32_of_both(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes);

struct FileSum {
  std::uint32_t crc = 0;
  std::uint64_t bytes = 0;
  bool operator==(const FileSum& o) const { return crc == o.crc && bytes == o.bytes; }
  bool operator!=(const FileSum& o) const { return !(*this == o); }
};
FileSum sum_of_file(const std::filesystem::path& file);

// "0a1b2c3d": 8 or 16 lower-case digits.
std::string hex8(std::uint32_t value);
std::string hex16(std::uint64_t value);
// "1.50 GiB"
std::string bytes_text(std::uint64_t bytes);

std::string read_text(const std::filesystem::path& file,
                      std::size_t largest = std::size_t{1} << 30);

// Bytes that can still be written where `path` is or would be.
std::uint64_t disk_free(const std::filesystem::path& path);

// An open file descriptor.
class Descriptor {
public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void close();

private:
  int fd_ = -1;
};

// A file in the making: whoever fills it does so under temporary(), and commit() puts it in place.
// Without commit() the destructor removes what was written.
class PendingFile {
public:
  explicit PendingFile(const std::filesystem::path& target);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;
  const std::filesystem::path& temporary() const { return temporary_; }
  void commit();

private:
  std::filesystem::path target_, temporary_;
  bool committed_ = false;
};

// write(2) until all is written; IoError names `file`.
void write_all(int fd, const void* data, std::size_t bytes, const std::filesystem::path& file);

void write_file_atomically(const std::filesystem::path& file, std::string_view content);

// Throws IoError "cannot WHAT FILE: reason of `error`"; ResourceError where memory was missing.
[[noreturn]] void fail_with(const std::string& what, const std::filesystem::path& file, int error);
// open(2) with O_CLOEXEC; `what` is said in the message of the IoError.
Descriptor open_file(const std::filesystem::path& file, int flags, const char* what);
// fsync(2); file systems that have nothing to sync are fine.
void sync_file(int fd, const std::filesystem::path& file);
// A rename survives a crash only when the folder that holds the name is on disk too.
void sync_folder(const std::filesystem::path& folder);

} // namespace metavox
