#include "record/hdf5_image.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h>
#endif

namespace metavox::hdf5 {

namespace {

// A driver of the library that keeps what it writes, some kilobytes of structure, in memory.
// HDF5 1.10 crashes on its way out when a file can be neither flushed nor closed; this one always
// can be.
struct MemoryImage {
  H5FD_t base; // the library's part, which must come first
  haddr_t end = 0;
  Image* written = nullptr;
};
// Between opening and closing, in one Turn.
Image* image_target = nullptr;

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

} // namespace

herr_t write_into(Image& image, hid_t access) {
  image_target = &image;
  return H5Pset_driver(access, image_driver(), nullptr);
}

} // namespace metavox::hdf5
