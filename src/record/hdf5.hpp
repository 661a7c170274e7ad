// The HDF5 library: handles that close themselves, attributes, and errors in its own words. For
// sources that are built with it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>

#include <hdf5.h>

namespace metavox::hdf5 {

// Locked by whoever uses the library: Debian's serial one is built without thread safety. Its habit
// of printing errors is switched off.
class Turn {
public:
  Turn();

private:
  std::lock_guard<std::mutex> guard_;
};

// Throws CheckpointError with the file's name.
[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why);
// What went wrong last, in the library's own words.
std::string reason();
// Refuses the file where the status of a call tells of failure; `what`: "cannot be read".
void need(herr_t status, const std::filesystem::path& file, const char* what);

// A handle of the library, closed by the function its kind needs.
class Handle {
public:
  Handle(hid_t id, herr_t (*closer)(hid_t), const std::filesystem::path& file, const char* what)
      : id_(id), close_(closer) {
    if (id < 0) refuse(file, std::string(what) + ": " + reason());
  }
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(Handle&& o) noexcept : id_(std::exchange(o.id_, -1)), close_(o.close_) {}
  Handle& operator=(Handle&&) = delete;
  operator hid_t() const { return id_; }
  herr_t close() { return close_(std::exchange(id_, -1)); }

private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

// A type of text of so many bytes.
Handle string_type(const std::filesystem::path& file, std::size_t bytes);

// Attributes of a file, group or dataset. Those that get throw where one is missing or of another
// kind than asked for.
void put(const std::filesystem::path& file, hid_t where, const char* name, hid_t stored,
         hid_t native, const void* value, hsize_t count = 1);
void put_text(const std::filesystem::path& file, hid_t where, const char* name,
              const std::string& value);
void get(const std::filesystem::path& file, hid_t where, const char* name, hid_t native,
         void* value, hssize_t count = 1);
std::string get_text(const std::filesystem::path& file, hid_t where, const char* name);

// "HDF5 1.10.8"
std::string library_text();

} // namespace metavox::hdf5
