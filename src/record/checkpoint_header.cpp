#include "record/checkpoint_header.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.hpp"
#include "settings/text.hpp"

namespace metavox {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view magic = "metavox checkpoint\n";
constexpr std::string_view hdf5_magic = "\x89HDF\r\n\x1a\n";

[[noreturn]] void refuse(const fs::path& file, const std::string& why) {
  throw CheckpointError(printable("checkpoint " + file.string() + ": " + why));
}

// "key value\n"; the value of a key, empty where there is none.
std::string_view value_of(std::string_view text, std::string_view key) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) end = text.size();
    const std::string_view line = text.substr(begin, end - begin);
    if (line.size() > key.size() && line.substr(0, key.size()) == key && line[key.size()] == ' ')
      return line.substr(key.size() + 1);
    begin = end + 1;
  }
  return {};
}

template <class T, class... Base>
T parse(const fs::path& file, std::string_view text, std::string_view key, Base... base) {
  const std::string_view value = value_of(text, key);
  T number{};
  const auto [end, error] =
      std::from_chars(value.data(), value.data() + value.size(), number, base...);
  if (value.empty() || error != std::errc() || end != value.data() + value.size())
    refuse(file, "its header has no readable '" + std::string(key) + "'");
  return number;
}

} // namespace

std::string checkpoint_head(const CheckpointHeader& h) {
  char time[40];
  *std::to_chars(time, time + sizeof time - 1, h.time).ptr = '\0';
  std::string text = std::string(magic) + "format " + std::to_string(h.format) + "\nbytes " +
                     std::to_string(h.bytes) + "\ncrc32 " + hex8(h.crc) + "\nstep " +
                     std::to_string(h.step) + "\ntime " + time + "\nhash " + hex16(h.hash) +
                     "\nversion " + h.version.substr(0, 64) + "\n";
  constexpr std::string_view last = "head ";
  constexpr std::size_t tail = last.size() + 8 + 1;
  text.append(checkpoint_head_bytes - tail - 1 - text.size(), ' ');
  text += '\n';
  const std::uint32_t crc = crc32(text.data(), text.size());
  return text + std::string(last) + hex8(crc) + "\n";
}

CheckpointHeader read_checkpoint_header(const fs::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) refuse(file, std::string("cannot be opened: ") + std::strerror(errno));
  const Descriptor d(fd);
  struct stat status {};
  if (::fstat(fd, &status) != 0)
    refuse(file, std::string("cannot be read: ") + std::strerror(errno));
  if (!S_ISREG(status.st_mode)) refuse(file, "this is not a file");
  std::string text(checkpoint_head_bytes, '\0');
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  if (n < 0) refuse(file, std::string("cannot be read: ") + std::strerror(errno));
  text.resize(static_cast<std::size_t>(n));
  if (text.empty()) refuse(file, "the file is empty");
  if (text.compare(0, magic.size(), magic) != 0) {
    if (text.compare(0, hdf5_magic.size(), hdf5_magic) == 0)
      refuse(file, "an HDF5 file, but not a checkpoint of metavox");
    refuse(file, "this is not a checkpoint of metavox");
  }
  if (text.size() < checkpoint_head_bytes)
    refuse(file, "truncated after " + std::to_string(text.size()) + " bytes");
  const std::string_view view(text);
  const std::string_view head = view.substr(checkpoint_head_bytes - 14, 5),
                         crc = view.substr(checkpoint_head_bytes - 9, 8);
  if (head != "head " || crc != hex8(crc32(text.data(), checkpoint_head_bytes - 14)) ||
      text.back() != '\n')
    refuse(file, "damaged: its header does not match its own checksum");
  CheckpointHeader h;
  h.format = parse<int>(file, view, "format");
  if (h.format != checkpoint_format)
    refuse(file, "format " + std::to_string(h.format) + ", but this program reads format " +
                     std::to_string(checkpoint_format) + "; use the version that wrote it (" +
                     std::string(value_of(view, "version")) + ")");
  h.bytes = parse<std::uint64_t>(file, view, "bytes");
  h.crc = parse<std::uint32_t>(file, view, "crc32", 16);
  h.step = parse<std::int64_t>(file, view, "step");
  h.time = parse<double>(file, view, "time");
  h.hash = parse<std::uint64_t>(file, view, "hash", 16);
  h.version = std::string(value_of(view, "version"));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < h.bytes)
    refuse(file, "truncated: " + std::to_string(size) + " bytes of " + std::to_string(h.bytes));
  if (size > h.bytes)
    refuse(file, "damaged: " + std::to_string(size - h.bytes) + " bytes behind its end");
  if (h.step < 0) refuse(file, "its step is negative");
  return h;
}

CheckpointHeader check_checkpoint(const fs::path& file) {
  const CheckpointHeader h = read_checkpoint_header(file);
  const Descriptor d(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!d.open()) refuse(file, std::string("cannot be opened: ") + std::strerror(errno));
  std::vector<unsigned char> buffer(std::size_t{4} << 20);
  std::uint64_t at = checkpoint_head_bytes;
  std::uint32_t crc = 0;
  for (;;) {
    const ssize_t n = ::pread(d.get(), buffer.data(), buffer.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) refuse(file, std::string("cannot be read: ") + std::strerror(errno));
    if (n == 0) break;
    crc = crc32(buffer.data(), static_cast<std::size_t>(n), crc);
    at += static_cast<std::uint64_t>(n);
  }
  if (at != h.bytes || crc != h.crc)
    refuse(file, "damaged: checksum " + hex8(crc) + ", should be " + hex8(h.crc) +
                     "; use an older checkpoint of the run");
  return h;
}

} // namespace metavox
