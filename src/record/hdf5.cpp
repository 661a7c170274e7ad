#include "record/hdf5.hpp"

#include <algorithm>

#include "record/checkpoint_header.hpp"
#include "settings/text.hpp"

namespace metavox::hdf5 {

namespace fs = std::filesystem;

namespace {

std::mutex& library() {
  static std::mutex mutex;
  // It has nothing to flush at the end of the program, and may crash there after it was refused
  // memory.
  static const herr_t no_farewell = H5dont_atexit();
  static_cast<void>(no_farewell);
  return mutex;
}

} // namespace

Turn::Turn() : guard_(library()) { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

void refuse(const fs::path& file, const std::string& why) {
  throw CheckpointError(printable("checkpoint " + file.string() + ": " + why));
}

std::string reason() {
  std::string text;
  const auto collect = [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
    auto& all = *static_cast<std::string*>(out);
    if (error->desc != nullptr && all.empty()) all = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, collect, &text);
  return text.empty() ? "unknown error of the HDF5 library" : text;
}

void need(herr_t status, const fs::path& file, const char* what) {
  if (status < 0) refuse(file, std::string(what) + ": " + reason());
}

void put(const fs::path& file, hid_t where, const char* name, hid_t stored, hid_t native,
         const void* value, hsize_t count) {
  const Handle space(count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, nullptr),
                     H5Sclose, file, "cannot be written");
  const Handle attribute(H5Acreate2(where, name, stored, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose,
                         file, "cannot be written");
  need(H5Awrite(attribute, native, value), file, "cannot be written");
}

Handle string_type(const fs::path& file, std::size_t bytes) {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose, file, "cannot be handled");
  need(H5Tset_size(type, std::max<std::size_t>(bytes, 1)), file, "cannot be handled");
  need(H5Tset_strpad(type, H5T_STR_NULLPAD), file, "cannot be handled");
  need(H5Tset_cset(type, H5T_CSET_UTF8), file, "cannot be handled");
  return type;
}

void put_text(const fs::path& file, hid_t where, const char* name, const std::string& value) {
  const Handle type = string_type(file, value.size());
  put(file, where, name, type, type, value.empty() ? "\0" : value.data());
}

void get(const fs::path& file, hid_t where, const char* name, hid_t native, void* value,
         hssize_t count) {
  const std::string what = std::string("its attribute '") + name + "' cannot be read";
  if (H5Aexists(where, name) <= 0)
    refuse(file, std::string("it lacks the attribute '") + name + "'");
  const Handle attribute(H5Aopen(where, name, H5P_DEFAULT), H5Aclose, file, what.c_str());
  const Handle space(H5Aget_space(attribute), H5Sclose, file, what.c_str());
  const Handle type(H5Aget_type(attribute), H5Tclose, file, what.c_str());
  const H5T_class_t wanted = H5Tget_class(native), found = H5Tget_class(type);
  if (H5Sget_simple_extent_npoints(space) != count || wanted != found)
    refuse(file, std::string("its attribute '") + name + "' is of another kind");
  need(H5Aread(attribute, native, value), file, what.c_str());
}

std::string get_text(const fs::path& file, hid_t where, const char* name) {
  if (H5Aexists(where, name) <= 0)
    refuse(file, std::string("it lacks the attribute '") + name + "'");
  const Handle attribute(H5Aopen(where, name, H5P_DEFAULT), H5Aclose, file, "cannot be read");
  const Handle stored(H5Aget_type(attribute), H5Tclose, file, "cannot be read");
  const std::size_t bytes = H5Tget_size(stored);
  if (H5Tget_class(stored) != H5T_STRING || H5Tis_variable_str(stored) != 0 || bytes > 65536)
    refuse(file, std::string("its attribute '") + name + "' is of another kind");
  std::string text(bytes, '\0');
  const Handle type = string_type(file, bytes);
  get(file, where, name, type, text.data());
  text.erase(std::find(text.begin(), text.end(), '\0'), text.end());
  return text;
}

std::string library_text() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return "HDF5 " + std::to_string(major) + "." + std::to_string(minor) + "." +
         std::to_string(release);
}

} // namespace metavox::hdf5
