// VTK's XML files read with every size checked against the file before anything is allocated: VTK's
// own readers crash on damaged files, and these come from strangers.
//
// Known are number formats ascii, binary and appended (raw or base64), both byte orders, headers of
// 32 and 64 bits, and compression by zlib and LZ4.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "input/image.hpp"
#include "input/vessel_file.hpp"

namespace metavox {

// what() is a sentence on what is wrong, without the name of the file.
struct VtkError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct XmlElement {
  std::string_view name;
  std::vector<std::pair<std::string_view, std::string>> attributes;
  std::string_view text; // the first that is not blank
  std::vector<XmlElement> children;

  const std::string* attribute(std::string_view key) const; // null: none
  const XmlElement* child(std::string_view key) const;
  // A whole number from 0 to `largest`; `absent` where there is no such attribute.
  std::uint64_t whole(std::string_view key, std::uint64_t largest, std::uint64_t absent) const;
};

class VtkXml {
public:
  // `type` is that of the data ("ImageData"); `what` says in a message what the file should be.
  VtkXml(const std::filesystem::path& file, const char* type, const char* what);
  // The same for bytes that outlive this object.
  VtkXml(std::string_view bytes, const char* type, const char* what);
  ~VtkXml();
  VtkXml(const VtkXml&) = delete;
  VtkXml& operator=(const VtkXml&) = delete;

  const XmlElement& data() const { return data_; } // <ImageData>, <PolyData>

  // The values of a DataArray, which must hold `count` of them. T is float or double.
  template <class T>
  std::vector<T> numbers(const XmlElement& array, std::size_t count) const;
  std::vector<std::string> strings(const XmlElement& array, std::size_t count) const;

private:
  class Stream;
  void read(std::string_view bytes, const char* type, const char* what);
  std::string raw(const XmlElement& array, std::size_t bytes, bool at_most) const;
  Stream stream_of(const XmlElement& array) const;
  std::string compressed(Stream& stream, const std::string& name, std::size_t bytes,
                         bool at_most) const;

  void* mapped_ = nullptr;
  std::size_t mapped_bytes_ = 0;
  XmlElement data_;
  std::string_view appended_;
  bool appended_base64_ = false;
  bool swap_ = false;
  std::size_t header_bytes_ = 4;
  enum class Packing : std::uint8_t { none, zlib, lz4 } packing_ = Packing::none;
};

// In vtk_reader.cpp; see vtk_reader.hpp. Throw VtkError.
std::vector<float> read_vti_array(const VtkXml& xml, const std::string& array,
                                  std::array<int, 3> voxels);
ImageArray read_vti_image(const VtkXml& xml, const std::string& array,
                          const std::array<int, 3>* voxels);
VesselFile read_vessel_polylines(const VtkXml& xml, const std::string& radius_array = {});

} // namespace metavox
