// What the frames have in common: arrays of VTK, what stands in the head of every file, and writing
// into memory. For sources that are built with VTK.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <vtkAOSDataArrayTemplate.h>
#include <vtkDataArray.h>
#include <vtkDataSetAttributes.h>
#include <vtkFieldData.h>
#include <vtkSmartPointer.h>

#include "site/parameters.hpp"
#include "site/snapshot.hpp"
#include "viz/frame_axes.hpp"
#include "viz/mantissa.hpp"

namespace metavox::vtk_io {

using Index = std::int64_t;

// Named by element type: VTK's own names (vtkTypeInt64Array) may stand for another type of the same
// width.
template <class T>
using VtkArray = vtkAOSDataArrayTemplate<T>;

// Calls f with a value of the C++ type that an element type stands for.
template <class F>
auto with_type(ElementType type, F&& f) {
  switch (type) {
  case ElementType::u8: return f(std::uint8_t{});
  case ElementType::u16: return f(std::uint16_t{});
  case ElementType::u32: return f(std::uint32_t{});
  case ElementType::u64: return f(std::uint64_t{});
  case ElementType::i64: return f(std::int64_t{});
  case ElementType::f32: return f(float{});
  case ElementType::f64: return f(double{});
  }
  throw std::runtime_error("unknown element type in a snapshot");
}

template <class T>
vtkSmartPointer<VtkArray<T>> make_array(const std::string& name, vtkIdType count) {
  auto array = vtkSmartPointer<VtkArray<T>>::New();
  array->SetName(name.c_str());
  array->SetNumberOfTuples(count);
  return array;
}

template <class T>
T rounded(T value, int bits) {
  if constexpr (std::is_same_v<T, float>)
    return round_mantissa(value, bits);
  else
    return value;
}

// Is it an array of a lattice, that of the tissue or a coarser one?
bool on_lattice(const Snapshot& s, const ArrayInfo& info);
bool on_tissue_lattice(const Snapshot& s, const ArrayInfo& info);

// The voxel x, y, z of a number, x fastest.
inline std::array<Index, 3> place_of(const Snapshot& s, Index voxel) {
  const Index nx = s.voxels[0], ny = s.voxels[1];
  return {voxel % nx, voxel / nx % ny, voxel / (nx * ny)};
}

// The number, in an array of the tissue's lattice or a coarser one, of what stands at a place.
inline Index index_at(const Snapshot& s, const ArrayInfo& array,
                      const std::array<Index, 3>& place) {
  const auto ratio = std::max<Index>(1, std::llround(array.spacing / s.spacing));
  Index n = 0;
  for (std::size_t a = 3; a-- > 0;)
    n = n * array.extents[a] + std::min(place[a] / ratio, array.extents[a] - 1);
  return n;
}

// Along one axis: the index into an array (maybe coarser than the tissue) for each voxel wanted.
std::vector<Index> source_indices(const FrameAxis& axis, Index extent, double array_spacing,
                                  double spacing);

// Throws std::runtime_error where an array has not the bytes its extents ask for.
void check_size(const Snapshot::Array& array);

// Field data: time, step, hash and voxels of a snapshot; the unit of an array; names of codes.
void add_header(vtkFieldData* to, const Snapshot& s);
void add_unit(vtkFieldData* to, const std::string& array, const std::string& unit);
void add_text(vtkFieldData* to, const std::string& name, const std::vector<std::string>& values);
// The array that viewers show first: the first of these that there is.
void name_active(vtkDataSetAttributes* data, const std::vector<const char*>& names);
void add_categories(vtkFieldData* to, bool cell_state, bool kind);

void pad_for_paraview(std::string& file);

// GetOutputString() copies; for frames of gigabytes the string is better moved out.
template <class Writer>
class MemoryWriter : public Writer {
public:
  static MemoryWriter* New() {
    auto* writer = new MemoryWriter;
    writer->InitializeObjectBase();
    return writer;
  }
  std::string take() { return std::move(this->OutputString); }
};

// The content of the file that a Writer of VTK makes of the data. `what` is for the message of the
// std::runtime_error where it cannot.
template <class Writer, class Data>
std::string write(Data* data, const OutputParameters& output, const char* what) {
  auto writer = vtkSmartPointer<MemoryWriter<Writer>>::New();
  writer->SetInputData(data);
  writer->WriteToOutputStringOn();
  writer->SetByteOrderToLittleEndian();
  writer->SetHeaderTypeToUInt64(); // blocks beyond 4 GiB
  writer->SetIdTypeToInt64();
  if (data->GetNumberOfCells() < std::numeric_limits<std::int32_t>::max())
    writer->SetIdTypeToInt32();
  writer->SetDataModeToAppended();
  writer->EncodeAppendedDataOff();
  switch (output.compression) {
  case Compression::none: writer->SetCompressorTypeToNone(); break;
  case Compression::lz4: writer->SetCompressorTypeToLZ4(); break;
  case Compression::zlib: writer->SetCompressorTypeToZLib(); break;
  }
  writer->SetBlockSize(std::size_t{1} << 20);
  if (writer->Write() != 1) throw std::runtime_error(std::string("VTK could not write ") + what);
  std::string file = writer->take();
  pad_for_paraview(file);
  return file;
}

} // namespace metavox::vtk_io
