#include "record/checkpoint.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>
#include <new>
#include <utility>

#include <fcntl.h>
#include <hdf5.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/build_info.hpp"
#include "record/checkpoint_header.hpp"
#include "settings/text.hpp"
#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

namespace metavox {

namespace fs = std::filesystem;

namespace {

// Debian's serial HDF5 is built without thread safety.
std::mutex& library() {
  static std::mutex mutex;
  // It has nothing to flush at the end of the program, and may crash there after it was refused
  // memory.
  static const herr_t no_farewell = H5dont_atexit();
  static_cast<void>(no_farewell);
  return mutex;
}

[[noreturn]] void refuse(const fs::path& file, const std::string& why) {
  throw CheckpointError(printable("checkpoint " + file.string() + ": " + why));
}

// What went wrong, in the library's own words; its habit of printing them is switched off.
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

// A handle of the library, closed by the function its kind needs.
class Handle {
public:
  Handle(hid_t id, herr_t (*closer)(hid_t), const fs::path& file, const char* what)
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

void need(herr_t status, const fs::path& file, const char* what) {
  if (status < 0) refuse(file, std::string(what) + ": " + reason());
}

struct TypePair {
  hid_t stored, native;
};
TypePair types_of(ElementType type) {
  switch (type) {
  case ElementType::u8: return {H5T_STD_U8LE, H5T_NATIVE_UINT8};
  case ElementType::u16: return {H5T_STD_U16LE, H5T_NATIVE_UINT16};
  case ElementType::u32: return {H5T_STD_U32LE, H5T_NATIVE_UINT32};
  case ElementType::u64: return {H5T_STD_U64LE, H5T_NATIVE_UINT64};
  case ElementType::i64: return {H5T_STD_I64LE, H5T_NATIVE_INT64};
  case ElementType::f32: return {H5T_IEEE_F32LE, H5T_NATIVE_FLOAT};
  default: return {H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE};
  }
}
constexpr std::array<ElementType, 7> all_types = {
    ElementType::u8,  ElementType::u16, ElementType::u32, ElementType::u64,
    ElementType::i64, ElementType::f32, ElementType::f64};

// ---- attributes

void put(const fs::path& file, hid_t where, const char* name, hid_t stored, hid_t native,
         const void* value, hsize_t count = 1) {
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
         hssize_t count = 1) {
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

// ---- the file's own bytes

void write_at(int fd, const void* data, std::size_t bytes, std::uint64_t offset,
              const fs::path& file) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t n =
        ::pwrite(fd, at, std::min(bytes, std::size_t{1} << 30), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) refuse(file, std::string("cannot be written: ") + std::strerror(errno));
    at += n;
    bytes -= static_cast<std::size_t>(n);
    offset += static_cast<std::uint64_t>(n);
  }
}

// A run of bytes whose place in the file the HDF5 library chose and whose content we write.
struct Piece {
  std::uint64_t offset;
  const void* data;
  std::uint64_t bytes;
  std::uint32_t crc;
};

// A dataset whose room is reserved but not filled: its data go there by pwrite, without another
// copy in memory.
Handle make_dataset(const fs::path& file, hid_t where, const char* name, hid_t type, hid_t space) {
  const Handle layout(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, file, "cannot be written");
  need(H5Pset_layout(layout, H5D_CONTIGUOUS), file, "cannot be written");
  need(H5Pset_obj_track_times(layout, false), file, "cannot be written"); // same state, same bytes
  need(H5Pset_alloc_time(layout, H5D_ALLOC_TIME_EARLY), file, "cannot be written");
  need(H5Pset_fill_time(layout, H5D_FILL_TIME_NEVER), file, "cannot be written");
  return Handle(H5Dcreate2(where, name, type, space, H5P_DEFAULT, layout, H5P_DEFAULT), H5Dclose,
                file, "cannot be written");
}

// ---- what the library writes

// A driver of the library that keeps what it writes, some kilobytes of structure, in memory.
// HDF5 1.10 crashes on its way out when a file can be neither flushed nor closed; this one always
// can be.
struct MemoryImage {
  H5FD_t base; // the library's part, which must come first
  haddr_t end = 0;
  std::map<haddr_t, std::string>* written = nullptr;
};
// Between opening and closing, under the mutex of library().
std::map<haddr_t, std::string>* image_target = nullptr;

MemoryImage* image_of(H5FD_t* file) { return reinterpret_cast<MemoryImage*>(file); }

H5FD_t* open_image(const char*, unsigned, hid_t, haddr_t) {
  auto* image = new (std::nothrow) MemoryImage{};
  if (image == nullptr) return nullptr;
  image->written = image_target;
  return &image->base;
}
herr_t close_image(H5FD_t* file) {
  delete image_of(file);
  return 0;
}
// Not H5FD_FEAT_ACCUMULATE_METADATA: with it, memory refused inside HDF5 1.10 now and then left a
// corrupted heap.
herr_t query_image(const H5FD_t*, unsigned long* flags) {
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}
haddr_t image_end(const H5FD_t* file, H5FD_mem_t) {
  return reinterpret_cast<const MemoryImage*>(file)->end;
}
herr_t set_image_end(H5FD_t* file, H5FD_mem_t, haddr_t end) {
  image_of(file)->end = end;
  return 0;
}
herr_t write_image(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, std::size_t bytes,
                   const void* data) {
  try {
    auto& written = *image_of(file)->written;
    // What is written again replaces what it overlaps.
    const std::string text(static_cast<const char*>(data), bytes);
    auto next = written.lower_bound(at);
    if (next != written.begin()) {
      const auto before = std::prev(next);
      const haddr_t end = before->first + before->second.size();
      if (end > at + bytes) {
        before->second.replace(static_cast<std::size_t>(at - before->first), bytes, text);
        return 0;
      }
      if (end > at) before->second.resize(static_cast<std::size_t>(at - before->first));
    }
    while (next != written.end() && next->first < at + bytes) {
      const haddr_t end = next->first + next->second.size();
      if (end > at + bytes)
        written[at + bytes] =
            next->second.substr(static_cast<std::size_t>(at + bytes - next->first));
      next = written.erase(next);
    }
    written[at] = text;
    return 0;
  } catch (const std::bad_alloc&) {
    return -1;
  }
}
herr_t read_image(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, std::size_t bytes, void* data) {
  std::memset(data, 0, bytes);
  for (const auto& [begin, text] : *image_of(file)->written) {
    const haddr_t from = std::max(begin, at), to = std::min(begin + text.size(), at + bytes);
    if (from < to)
      std::memcpy(static_cast<char*>(data) + (from - at), text.data() + (from - begin),
                  static_cast<std::size_t>(to - from));
  }
  return 0;
}

hid_t image_driver() {
  static const hid_t driver = [] {
    H5FD_class_t c{};
#if H5_VERSION_GE(1, 13, 0)
    c.version = H5FD_CLASS_VERSION;
    c.value = static_cast<H5FD_class_value_t>(H5_VFD_RESERVED + 99);
#endif
    c.name = "metavox_image";
    c.maxaddr = (haddr_t{1} << 62) - 1;
    c.fc_degree = H5F_CLOSE_WEAK;
    c.open = open_image;
    c.close = close_image;
    c.query = query_image;
    c.get_eoa = image_end;
    c.set_eoa = set_image_end;
    c.get_eof = image_end;
    c.read = read_image;
    c.write = write_image;
    const H5FD_mem_t map[] = H5FD_FLMAP_DICHOTOMY;
    std::copy(std::begin(map), std::end(map), c.fl_map);
    return H5FDregister(&c);
  }();
  return driver;
}

// Where the library put the dataset, for us to fill.
Piece piece_of(const fs::path& file, const Handle& dataset, const void* data, std::uint64_t bytes,
               std::uint32_t crc) {
  const haddr_t offset = bytes > 0 ? H5Dget_offset(dataset) : 0;
  if (offset == HADDR_UNDEF) refuse(file, "cannot be laid out: " + reason());
  return {offset, data, bytes, crc};
}

} // namespace

bool checkpoints_available() { return true; }

std::string checkpoint_library() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return "HDF5 " + std::to_string(major) + "." + std::to_string(minor) + "." +
         std::to_string(release);
}

FileSum write_checkpoint(const fs::path& file, const Snapshot& snapshot,
                         const std::string& resolved, const std::vector<std::string>& names) {
  std::vector<const Snapshot::Array*> arrays;
  for (const Snapshot::Array& a : snapshot.arrays)
    if (names.empty() || std::find(names.begin(), names.end(), a.info.name) != names.end())
      arrays.push_back(&a);
  std::uint64_t total = 65536 + resolved.size();
  for (const Snapshot::Array* a : arrays) {
    if (a->data.size() != a->info.bytes())
      refuse(file, "array '" + a->info.name + "' of the snapshot has the wrong size");
    total += a->data.size() + 8192;
  }
  const std::uint64_t room = disk_free(file.parent_path().empty() ? "." : file.parent_path());
  if (room < total)
    refuse(file, "cannot be written: " + bytes_text(total) + " needed, the disk has " +
                     bytes_text(room) + " free");

  std::map<haddr_t, std::string> structure;
  std::vector<Piece> pieces;
  {
    const std::lock_guard<std::mutex> guard(library());
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    const char* what = "cannot be written";
    const Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose, file, what);
    need(H5Pset_userblock(creation, checkpoint_head_bytes), file, what);
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, file, what);
    need(H5Pset_driver(access, image_driver(), nullptr), file, what);
    // The oldest layout, whatever a newer library prefers: viz/metavox_io.py reads it.
    need(H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST), file, what);
    image_target = &structure;
    Handle h5(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose, file, what);

    const int format = checkpoint_format;
    put_text(file, h5, "program", "metavox");
    put_text(file, h5, "program_version", version());
    put(file, h5, "format_version", H5T_STD_I32LE, H5T_NATIVE_INT, &format);
    put(file, h5, "time", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &snapshot.time);
    put_text(file, h5, "time_unit", "min");
    put(file, h5, "step", H5T_STD_I64LE, H5T_NATIVE_INT64, &snapshot.step);
    put_text(file, h5, "state_hash", hex16(snapshot.hash));
    put(file, h5, "voxels", H5T_STD_I32LE, H5T_NATIVE_INT, snapshot.voxels.data(), 3);
    put(file, h5, "spacing", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &snapshot.spacing);
    put_text(file, h5, "spacing_unit", "um");

    const auto describe = [&](hid_t where, const void* data, std::size_t bytes) {
      const std::uint32_t crc = crc32(data, bytes);
      put(file, where, "crc32", H5T_STD_U32LE, H5T_NATIVE_UINT32, &crc);
      return crc;
    };
    {
      const Handle type = string_type(file, resolved.size());
      const Handle space(H5Screate(H5S_SCALAR), H5Sclose, file, what);
      const Handle text = make_dataset(file, h5, "resolved.yaml", type, space);
      const std::uint32_t crc = describe(text, resolved.data(), resolved.size());
      pieces.push_back(piece_of(file, text, resolved.data(), resolved.size(), crc));
    }
    Handle group(H5Gcreate2(h5, "state", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose, file,
                 what);
    std::int32_t order = 0;
    for (const Snapshot::Array* a : arrays) {
      const auto& e = a->info.extents;
      const hsize_t extents[3] = {static_cast<hsize_t>(e[2]), static_cast<hsize_t>(e[1]),
                                  static_cast<hsize_t>(e[0])};
      const Handle space(H5Screate_simple(3, extents, nullptr), H5Sclose, file, what);
      const hid_t type = types_of(a->info.type).stored;
      const Handle data = make_dataset(file, group, a->info.name.c_str(), type, space);
      put_text(file, data, "unit", a->info.unit);
      put_text(file, data, "meaning", a->info.meaning);
      put(file, data, "spacing", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &a->info.spacing);
      put(file, data, "order", H5T_STD_I32LE, H5T_NATIVE_INT32, &order);
      ++order;
      const std::uint32_t crc = describe(data, a->data.data(), a->data.size());
      pieces.push_back(piece_of(file, data, a->data.data(), a->data.size(), crc));
    }
    need(group.close(), file, what);
    need(h5.close(), file, what); // nothing inside is open any more: all of the structure is there
  }

  for (const auto& [offset, text] : structure)
    if (offset >= checkpoint_head_bytes)
      pieces.push_back({offset, text.data(), text.size(), crc32(text.data(), text.size())});
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece& a, const Piece& b) { return a.offset < b.offset; });
  std::uint64_t end = checkpoint_head_bytes;
  for (const Piece& p : pieces) end = std::max(end, p.offset + p.bytes);

  PendingFile pending(file);
  const int fd = ::open(pending.temporary().c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) refuse(file, std::string("cannot be written: ") + std::strerror(errno));
  const Descriptor descriptor(fd);
  // Takes the room at once, so that a disk too full is noticed before gigabytes are written.
  const int full = ::posix_fallocate(fd, 0, static_cast<off_t>(end));
  if (full != 0 && full != EOPNOTSUPP && full != EINVAL)
    refuse(file, std::string("cannot be written: ") + std::strerror(full));
  std::uint64_t at = checkpoint_head_bytes;
  std::uint32_t crc = 0;
  const std::string zeros(4096, '\0');
  for (const Piece& p : pieces) {
    if (p.bytes == 0) continue;
    if (p.offset < at) refuse(file, "cannot be written: its pieces overlap");
    for (; at < p.offset; at += std::min<std::uint64_t>(p.offset - at, zeros.size()))
      crc = crc32(zeros.data(), std::min<std::uint64_t>(p.offset - at, zeros.size()), crc);
    write_at(fd, p.data, static_cast<std::size_t>(p.bytes), p.offset, file);
    crc = crc32_of_both(crc, p.crc, p.bytes);
    at = p.offset + p.bytes;
  }
  CheckpointHeader header;
  header.format = checkpoint_format;
  header.bytes = end;
  header.crc = crc;
  header.step = snapshot.step;
  header.time = snapshot.time;
  header.hash = snapshot.hash;
  header.version = version();
  const std::string head = checkpoint_head(header);
  write_at(fd, head.data(), head.size(), 0, file);
  pending.commit();
  return {crc32_of_both(crc32(head.data(), head.size()), crc, end - checkpoint_head_bytes), end};
}

Checkpoint read_checkpoint(const fs::path& file) {
  Checkpoint checkpoint;
  checkpoint.header = check_checkpoint(file);
  const std::uint64_t size = checkpoint.header.bytes;
  const std::lock_guard<std::mutex> guard(library());
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const char* what = "cannot be read";
  const Handle h5(H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, file, what);

  Snapshot& s = checkpoint.snapshot;
  get(file, h5, "time", H5T_NATIVE_DOUBLE, &s.time);
  get(file, h5, "step", H5T_NATIVE_INT64, &s.step);
  get(file, h5, "voxels", H5T_NATIVE_INT, s.voxels.data(), 3);
  get(file, h5, "spacing", H5T_NATIVE_DOUBLE, &s.spacing);
  if (get_text(file, h5, "state_hash") != hex16(checkpoint.header.hash) ||
      s.step != checkpoint.header.step || s.time != checkpoint.header.time)
    refuse(file, "its header and its content disagree");
  s.hash = checkpoint.header.hash;

  const auto open_dataset = [&](hid_t where, const char* name) {
    if (H5Lexists(where, name, H5P_DEFAULT) <= 0)
      refuse(file, std::string("it lacks '") + name + "'");
    return Handle(H5Dopen2(where, name, H5P_DEFAULT), H5Dclose, file, what);
  };
  // Data must lie in the file in one piece: nothing larger than the file is ever allocated.
  const auto check_size = [&](const Handle& dataset, const std::string& name, std::uint64_t bytes) {
    const Handle layout(H5Dget_create_plist(dataset), H5Pclose, file, what);
    if (H5Pget_layout(layout) != H5D_CONTIGUOUS || bytes > size ||
        H5Dget_storage_size(dataset) != bytes ||
        (bytes > 0 &&
         (H5Dget_offset(dataset) == HADDR_UNDEF || H5Dget_offset(dataset) > size - bytes)))
      refuse(file, "'" + name + "' has an impossible size");
  };
  const auto check_crc = [&](const Handle& dataset, const std::string& name, const void* data,
                             std::size_t bytes) {
    std::uint32_t crc = 0;
    get(file, dataset, "crc32", H5T_NATIVE_UINT32, &crc);
    if (crc != crc32(data, bytes))
      refuse(file, "damaged: '" + name + "' does not match its checksum");
  };
  {
    const Handle text = open_dataset(h5, "resolved.yaml");
    const Handle stored(H5Dget_type(text), H5Tclose, file, what);
    const std::size_t bytes = H5Tget_size(stored);
    if (H5Tget_class(stored) != H5T_STRING || H5Tis_variable_str(stored) != 0)
      refuse(file, "'resolved.yaml' is not text");
    check_size(text, "resolved.yaml", bytes);
    checkpoint.resolved.assign(bytes, '\0');
    const Handle type = string_type(file, bytes);
    need(H5Dread(text, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, checkpoint.resolved.data()), file,
         what);
    check_crc(text, "resolved.yaml", checkpoint.resolved.data(), bytes);
  }
  if (H5Lexists(h5, "state", H5P_DEFAULT) <= 0) refuse(file, "it lacks 'state'");
  const Handle group(H5Gopen2(h5, "state", H5P_DEFAULT), H5Gclose, file, what);
  H5G_info_t about{};
  need(H5Gget_info(group, &about), file, what);
  if (about.nlinks > 10000) refuse(file, "it has an impossible number of arrays");
  std::vector<std::pair<std::int32_t, Snapshot::Array>> ordered;
  for (hsize_t i = 0; i < about.nlinks; ++i) {
    char name[256];
    const ssize_t length = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name,
                                              sizeof name, H5P_DEFAULT);
    if (length <= 0 || static_cast<std::size_t>(length) >= sizeof name)
      refuse(file, "an array has an impossible name");
    const Handle dataset = open_dataset(group, name);
    const Handle space(H5Dget_space(dataset), H5Sclose, file, what);
    hsize_t extents[3] = {};
    if (H5Sget_simple_extent_ndims(space) != 3 ||
        H5Sget_simple_extent_dims(space, extents, nullptr) != 3)
      refuse(file, "'" + std::string(name) + "' has not three axes");
    const Handle stored(H5Dget_type(dataset), H5Tclose, file, what);
    Snapshot::Array array;
    array.info.name = name;
    const auto type = std::find_if(all_types.begin(), all_types.end(), [&](ElementType t) {
      return H5Tequal(stored, types_of(t).stored) > 0;
    });
    if (type == all_types.end()) refuse(file, "'" + std::string(name) + "' is of an unknown type");
    array.info.type = *type;
    std::uint64_t bytes = size_of(*type);
    for (const hsize_t e : extents) {
      if (e != 0 && bytes > size / e)
        refuse(file, "'" + std::string(name) + "' has an impossible size");
      bytes *= e;
    }
    check_size(dataset, name, bytes);
    array.info.extents = {static_cast<std::int64_t>(extents[2]),
                          static_cast<std::int64_t>(extents[1]),
                          static_cast<std::int64_t>(extents[0])};
    array.info.unit = get_text(file, dataset, "unit");
    array.info.meaning = get_text(file, dataset, "meaning");
    get(file, dataset, "spacing", H5T_NATIVE_DOUBLE, &array.info.spacing);
    std::int32_t order = 0;
    get(file, dataset, "order", H5T_NATIVE_INT32, &order);
    array.data.resize(static_cast<std::size_t>(bytes));
    if (bytes > 0)
      need(H5Dread(dataset, types_of(*type).native, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                   array.data.data()),
           file, what);
    check_crc(dataset, name, array.data.data(), array.data.size());
    ordered.emplace_back(order, std::move(array));
  }
  std::sort(ordered.begin(), ordered.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [order, array] : ordered) s.arrays.push_back(std::move(array));
  return checkpoint;
}

} // namespace metavox
