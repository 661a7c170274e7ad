#include "record/checkpoint.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "record/build_info.hpp"
#include "record/hdf5.hpp"
#include "record/hdf5_image.hpp"

namespace metavox {

namespace fs = std::filesystem;

using hdf5::get;
using hdf5::get_text;
using hdf5::Handle;
using hdf5::need;
using hdf5::put;
using hdf5::put_text;
using hdf5::reason;
using hdf5::refuse;
using hdf5::string_type;

namespace {

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

// ---- writing

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

// Where the library put the dataset, for us to fill.
Piece piece_of(const fs::path& file, const Handle& dataset, const void* data, std::uint64_t bytes,
               std::uint32_t crc) {
  const haddr_t offset = bytes > 0 ? H5Dget_offset(dataset) : 0;
  if (offset == HADDR_UNDEF) refuse(file, "cannot be laid out: " + reason());
  return {offset, data, bytes, crc};
}

using Arrays = std::vector<const Snapshot::Array*>;

Arrays chosen(const Snapshot& snapshot, const std::vector<std::string>& names) {
  Arrays arrays;
  for (const Snapshot::Array& a : snapshot.arrays)
    if (names.empty() || std::find(names.begin(), names.end(), a.info.name) != names.end())
      arrays.push_back(&a);
  return arrays;
}

// Throws where the disk has no room for them.
void check_disk(const fs::path& file, const Arrays& arrays, const std::string& resolved) {
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
}

// The checksum of some data, which also becomes an attribute.
std::uint32_t put_crc(const fs::path& file, hid_t where, const void* data, std::size_t bytes) {
  const std::uint32_t crc = crc32(data, bytes);
  put(file, where, "crc32", H5T_STD_U32LE, H5T_NATIVE_UINT32, &crc);
  return crc;
}

void put_attributes(const fs::path& file, hid_t h5, const Snapshot& snapshot) {
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
}

Piece add_text(const fs::path& file, hid_t h5, const char* name, const std::string& content) {
  const Handle type = string_type(file, content.size());
  const Handle space(H5Screate(H5S_SCALAR), H5Sclose, file, "cannot be written");
  const Handle text = make_dataset(file, h5, name, type, space);
  const std::uint32_t crc = put_crc(file, text, content.data(), content.size());
  return piece_of(file, text, content.data(), content.size(), crc);
}

Piece add_array(const fs::path& file, hid_t group, const Snapshot::Array& a, std::int32_t order) {
  const auto& e = a.info.extents;
  const hsize_t extents[3] = {static_cast<hsize_t>(e[2]), static_cast<hsize_t>(e[1]),
                              static_cast<hsize_t>(e[0])};
  const Handle space(H5Screate_simple(3, extents, nullptr), H5Sclose, file, "cannot be written");
  const hid_t type = types_of(a.info.type).stored;
  const Handle data = make_dataset(file, group, a.info.name.c_str(), type, space);
  put_text(file, data, "unit", a.info.unit);
  put_text(file, data, "meaning", a.info.meaning);
  put(file, data, "spacing", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &a.info.spacing);
  put(file, data, "order", H5T_STD_I32LE, H5T_NATIVE_INT32, &order);
  const std::uint32_t crc = put_crc(file, data, a.data.data(), a.data.size());
  return piece_of(file, data, a.data.data(), a.data.size(), crc);
}

// Lets the library lay out the file: what it writes itself becomes `structure`; the pieces are the
// data, and where they go.
std::vector<Piece> lay_out(const fs::path& file, const Snapshot& snapshot, const Arrays& arrays,
                           const std::string& resolved, hdf5::Image& structure) {
  const hdf5::Turn turn;
  const char* what = "cannot be written";
  const Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose, file, what);
  need(H5Pset_userblock(creation, checkpoint_head_bytes), file, what);
  const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, file, what);
  need(hdf5::write_into(structure, access), file, what);
  // The oldest layout, whatever a newer library prefers: viz/metavox_io.py reads it.
  need(H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST), file, what);
  Handle h5(H5Fcreate(file.c_str(), H5F_ACC_TRUNC, creation, access), H5Fclose, file, what);

  put_attributes(file, h5, snapshot);
  std::vector<Piece> pieces{add_text(file, h5, "resolved.yaml", resolved)};
  Handle group(H5Gcreate2(h5, "state", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose, file,
               what);
  for (const Snapshot::Array* a : arrays)
    pieces.push_back(add_array(file, group, *a, static_cast<std::int32_t>(pieces.size()) - 1));
  need(group.close(), file, what);
  need(h5.close(), file, what); // nothing inside is open any more: all of the structure is there
  return pieces;
}

// Writes the pieces to their places, in order, and zeros between them. Returns the checksum of all
// behind the header.
std::uint32_t write_pieces(int fd, const std::vector<Piece>& pieces, const fs::path& file) {
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
  return crc;
}

// ---- reading

constexpr const char* unreadable = "cannot be read";

Handle open_dataset(const fs::path& file, hid_t where, const char* name) {
  if (H5Lexists(where, name, H5P_DEFAULT) <= 0)
    refuse(file, std::string("it lacks '") + name + "'");
  return Handle(H5Dopen2(where, name, H5P_DEFAULT), H5Dclose, file, unreadable);
}

// Data must lie in the file, of `size` bytes, in one piece: nothing larger than the file is ever
// allocated.
void check_size(const fs::path& file, std::uint64_t size, const Handle& dataset,
                const std::string& name, std::uint64_t bytes) {
  const Handle layout(H5Dget_create_plist(dataset), H5Pclose, file, unreadable);
  if (H5Pget_layout(layout) != H5D_CONTIGUOUS || bytes > size ||
      H5Dget_storage_size(dataset) != bytes ||
      (bytes > 0 &&
       (H5Dget_offset(dataset) == HADDR_UNDEF || H5Dget_offset(dataset) > size - bytes)))
    refuse(file, "'" + name + "' has an impossible size");
}

void check_crc(const fs::path& file, const Handle& dataset, const std::string& name,
               const void* data, std::size_t bytes) {
  std::uint32_t crc = 0;
  get(file, dataset, "crc32", H5T_NATIVE_UINT32, &crc);
  if (crc != crc32(data, bytes))
    refuse(file, "damaged: '" + name + "' does not match its checksum");
}

void read_attributes(const fs::path& file, hid_t h5, const CheckpointHeader& header, Snapshot& s) {
  get(file, h5, "time", H5T_NATIVE_DOUBLE, &s.time);
  get(file, h5, "step", H5T_NATIVE_INT64, &s.step);
  get(file, h5, "voxels", H5T_NATIVE_INT, s.voxels.data(), 3);
  get(file, h5, "spacing", H5T_NATIVE_DOUBLE, &s.spacing);
  if (get_text(file, h5, "state_hash") != hex16(header.hash) || s.step != header.step ||
      s.time != header.time)
    refuse(file, "its header and its content disagree");
  s.hash = header.hash;
}

std::string read_resolved(const fs::path& file, hid_t h5, std::uint64_t size) {
  const Handle text = open_dataset(file, h5, "resolved.yaml");
  const Handle stored(H5Dget_type(text), H5Tclose, file, unreadable);
  const std::size_t bytes = H5Tget_size(stored);
  if (H5Tget_class(stored) != H5T_STRING || H5Tis_variable_str(stored) != 0)
    refuse(file, "'resolved.yaml' is not text");
  check_size(file, size, text, "resolved.yaml", bytes);
  std::string resolved(bytes, '\0');
  const Handle type = string_type(file, bytes);
  need(H5Dread(text, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, resolved.data()), file, unreadable);
  check_crc(file, text, "resolved.yaml", resolved.data(), bytes);
  return resolved;
}

// An array of the state and its place among the others.
std::pair<std::int32_t, Snapshot::Array> read_array(const fs::path& file, hid_t group,
                                                    const char* name, std::uint64_t size) {
  const Handle dataset = open_dataset(file, group, name);
  const Handle space(H5Dget_space(dataset), H5Sclose, file, unreadable);
  hsize_t extents[3] = {};
  if (H5Sget_simple_extent_ndims(space) != 3 ||
      H5Sget_simple_extent_dims(space, extents, nullptr) != 3)
    refuse(file, "'" + std::string(name) + "' has not three axes");
  const Handle stored(H5Dget_type(dataset), H5Tclose, file, unreadable);
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
  check_size(file, size, dataset, name, bytes);
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
    need(H5Dread(dataset, types_of(*type).native, H5S_ALL, H5S_ALL, H5P_DEFAULT, array.data.data()),
         file, unreadable);
  check_crc(file, dataset, name, array.data.data(), array.data.size());
  return {order, std::move(array)};
}

void read_arrays(const fs::path& file, hid_t h5, std::uint64_t size, Snapshot& s) {
  if (H5Lexists(h5, "state", H5P_DEFAULT) <= 0) refuse(file, "it lacks 'state'");
  const Handle group(H5Gopen2(h5, "state", H5P_DEFAULT), H5Gclose, file, unreadable);
  H5G_info_t about{};
  need(H5Gget_info(group, &about), file, unreadable);
  if (about.nlinks > 10000) refuse(file, "it has an impossible number of arrays");
  std::vector<std::pair<std::int32_t, Snapshot::Array>> ordered;
  for (hsize_t i = 0; i < about.nlinks; ++i) {
    char name[256];
    const ssize_t length = H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name,
                                              sizeof name, H5P_DEFAULT);
    if (length <= 0 || static_cast<std::size_t>(length) >= sizeof name)
      refuse(file, "an array has an impossible name");
    ordered.push_back(read_array(file, group, name, size));
  }
  std::sort(ordered.begin(), ordered.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [order, array] : ordered) s.arrays.push_back(std::move(array));
}

} // namespace

bool checkpoints_available() { return true; }

std::string checkpoint_library() { return hdf5::library_text(); }

FileSum write_checkpoint(const fs::path& file, const Snapshot& snapshot,
                         const std::string& resolved, const std::vector<std::string>& names) {
  const Arrays arrays = chosen(snapshot, names);
  check_disk(file, arrays, resolved);
  hdf5::Image structure;
  std::vector<Piece> pieces = lay_out(file, snapshot, arrays, resolved, structure);
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
  CheckpointHeader header;
  header.format = checkpoint_format;
  header.bytes = end;
  header.crc = write_pieces(fd, pieces, file);
  header.step = snapshot.step;
  header.time = snapshot.time;
  header.hash = snapshot.hash;
  header.version = version();
  const std::string head = checkpoint_head(header);
  write_at(fd, head.data(), head.size(), 0, file);
  pending.commit();
  return {crc32_of_both(crc32(head.data(), head.size()), header.crc, end - checkpoint_head_bytes),
          end};
}

Checkpoint read_checkpoint(const fs::path& file) {
  Checkpoint checkpoint;
  checkpoint.header = check_checkpoint(file);
  const std::uint64_t size = checkpoint.header.bytes;
  const hdf5::Turn turn;
  const Handle h5(H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, file, unreadable);
  read_attributes(file, h5, checkpoint.header, checkpoint.snapshot);
  checkpoint.resolved = read_resolved(file, h5, size);
  read_arrays(file, h5, size, checkpoint.snapshot);
  return checkpoint;
}

} // namespace metavox
