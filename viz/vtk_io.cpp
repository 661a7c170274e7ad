#include "metavox/vtk_io.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <set>
#include <stdexcept>

#include "metavox/kind.hpp"

#include <vtkAOSDataArrayTemplate.h>
#include <vtkCallbackCommand.h>
#include <vtkCellArray.h>
#include <vtkCellData.h>
#include <vtkDataArray.h>
#include <vtkExecutive.h>
#include <vtkFieldData.h>
#include <vtkIdList.h>
#include <vtkImageData.h>
#include <vtkNew.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkSmartPointer.h>
#include <vtkStringArray.h>
#include <vtkTypeInt32Array.h>
#include <vtkTypeInt64Array.h>
#include <vtkXMLImageDataReader.h>
#include <vtkXMLImageDataWriter.h>
#include <vtkXMLPolyDataReader.h>
#include <vtkXMLPolyDataWriter.h>

namespace metavox {

namespace {

using Index = std::int64_t;

constexpr double minutes_per_day = 1440.0;

// ---- types
// ------------------------------------------------------------------------------------------------------

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

// ---- lattice
// ----------------------------------------------------------------------------------------------------

bool on_lattice(const Snapshot& s, const ArrayInfo& info) {
  return info.spacing > 0 && s.spacing > 0 && info.extents[0] > 0 && info.extents[1] > 0 &&
         info.extents[2] > 0;
}

bool on_tissue_lattice(const Snapshot& s, const ArrayInfo& info) {
  for (int a = 0; a < 3; ++a)
    if (info.extents[static_cast<std::size_t>(a)] != s.voxels[static_cast<std::size_t>(a)])
      return false;
  return true;
}

// Along one axis: the index into an array (maybe coarser than the tissue) for each voxel wanted.
std::vector<Index> source_indices(const FrameAxis& axis, Index extent, double array_spacing,
                                  double spacing) {
  const auto ratio = std::max<Index>(1, std::llround(array_spacing / spacing));
  std::vector<Index> source(static_cast<std::size_t>(axis.count));
  for (int k = 0; k < axis.count; ++k)
    source[static_cast<std::size_t>(k)] =
        std::min<Index>((axis.first + Index{k} * axis.stride) / ratio, extent - 1);
  return source;
}

std::array<FrameAxis, 3> whole_axes(const std::array<int, 3>& voxels) {
  return {FrameAxis{0, voxels[0], 1, 0}, FrameAxis{0, voxels[1], 1, 0},
          FrameAxis{0, voxels[2], 1, 0}};
}

void check_size(const Snapshot::Array& array) {
  if (array.data.size() != array.info.bytes())
    throw std::runtime_error("array '" + array.info.name + "' of the snapshot holds " +
                             std::to_string(array.data.size()) + " bytes, its extents ask for " +
                             std::to_string(array.info.bytes()));
}

template <class T>
vtkSmartPointer<vtkDataArray> lattice_array(const Snapshot& s, const Snapshot::Array& source,
                                            const std::array<FrameAxis, 3>& axes, int bits) {
  const auto total = static_cast<vtkIdType>(Index{axes[0].count} * axes[1].count * axes[2].count);
  const bool whole = on_tissue_lattice(s, source.info) && axes[0].count == s.voxels[0] &&
                     axes[1].count == s.voxels[1] && axes[2].count == s.voxels[2];
  if (whole && (!std::is_same_v<T, float> || bits >= 23)) {
    // Nothing to change: lend the snapshot's own memory instead of copying gigabytes. The writer
    // only reads.
    auto lent = vtkSmartPointer<VtkArray<T>>::New();
    lent->SetName(source.info.name.c_str());
    lent->SetArray(const_cast<T*>(source.as<T>()), total, 1);
    return lent;
  }
  auto array = make_array<T>(source.info.name, total);
  const T* in = source.as<T>();
  T* out = array->GetPointer(0);
  const auto& e = source.info.extents;
  const auto xs = source_indices(axes[0], e[0], source.info.spacing, s.spacing);
  const auto ys = source_indices(axes[1], e[1], source.info.spacing, s.spacing);
  const auto zs = source_indices(axes[2], e[2], source.info.spacing, s.spacing);
  for (const Index z : zs)
    for (const Index y : ys) {
      const T* row = in + (z * e[1] + y) * e[0];
      for (const Index x : xs) *out++ = rounded(row[x], bits);
    }
  return array;
}

// ---- field data
// -------------------------------------------------------------------------------------------------

void add_text(vtkFieldData* to, const std::string& name, const std::vector<std::string>& values) {
  vtkNew<vtkStringArray> array;
  array->SetName(name.c_str());
  for (const std::string& v : values) array->InsertNextValue(v);
  to->AddArray(array);
}

void add_unit(vtkFieldData* to, const std::string& array, const std::string& unit) {
  add_text(to, array + "_unit", {unit.empty() ? "1" : unit});
}

void add_header(vtkFieldData* to, const Snapshot& s) {
  auto time = make_array<double>("TimeValue", 1);
  time->SetValue(0, s.time / minutes_per_day);
  to->AddArray(time);
  add_text(to, "TimeValue_unit", {"day"});
  auto step = make_array<std::int64_t>("step", 1);
  step->SetValue(0, s.step);
  to->AddArray(step);
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(s.hash));
  add_text(to, "state_hash", {hash});
  auto spacing = make_array<double>("voxel_size", 1);
  spacing->SetValue(0, s.spacing);
  to->AddArray(spacing);
  add_text(to, "voxel_size_unit", {"um"});
  add_text(to, "length_unit", {"um"});
}

template <std::size_t N>
std::vector<std::string> texts(const std::string_view (&names)[N]) {
  return std::vector<std::string>(std::begin(names), std::end(names));
}

void add_categories(vtkFieldData* to, bool cell_state, bool kind) {
  if (cell_state) add_text(to, "category_names", texts(cell_state_names)); // by code of cell_state
  if (kind) add_text(to, "kind_names", texts(kind_names));                 // by code of kind
}

// ---- writing
// ----------------------------------------------------------------------------------------------------

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

// Debian 12's ParaView 5.11 parses the XML in pieces of 4096 bytes with a newer expat than its VTK
// knows, and reads past the end of the XML into the raw data unless the opening <AppendedData tag
// straddles a piece's end. Offsets count from the underscore inside, so spaces in front of the tag
// are harmless to every other reader.
void pad_for_paraview(std::string& file) {
  constexpr std::size_t piece = 4096, place = 4078;
  const std::size_t tag = file.find("<AppendedData");
  if (tag == std::string::npos) return;
  const std::size_t spaces = (place + piece - tag % piece) % piece;
  file.insert(tag, spaces, ' ');
}

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

// ---- vessels
// ----------------------------------------------------------------------------------------------------

struct Chain {
  std::vector<std::int32_t> nodes;
  std::vector<std::int32_t> segments; // one less than nodes
};

// Joins segments through nodes of degree two into poly-lines, so that tubes have no seams. A chain
// also ends where perfusion changes. Starts are taken in node order, then closed loops in segment
// order: the result depends on nothing else.
std::vector<Chain> chains_of(const VesselNetwork& network) {
  const std::size_t nodes = network.nodes.size();
  std::vector<std::vector<std::int32_t>> at(nodes);
  for (std::size_t i = 0; i < network.segments.size(); ++i) {
    const VesselSegment& s = network.segments[i];
    if (s.from < 0 || s.to < 0 || static_cast<std::size_t>(s.from) >= nodes ||
        static_cast<std::size_t>(s.to) >= nodes)
      throw std::runtime_error("vessel segment " + std::to_string(i) +
                               " refers to a node that does not exist");
    at[static_cast<std::size_t>(s.from)].push_back(static_cast<std::int32_t>(i));
    at[static_cast<std::size_t>(s.to)].push_back(static_cast<std::int32_t>(i));
  }
  const auto segment = [&](std::int32_t i) -> const VesselSegment& {
    return network.segments[static_cast<std::size_t>(i)];
  };
  const auto passes = [&](std::size_t node) {
    return at[node].size() == 2 && segment(at[node][0]).perfused == segment(at[node][1]).perfused;
  };
  std::vector<char> used(network.segments.size(), 0);
  std::vector<Chain> chains;
  const auto follow = [&](std::int32_t node, std::int32_t next) {
    Chain chain;
    chain.nodes.push_back(node);
    while (next >= 0 && !used[static_cast<std::size_t>(next)]) {
      used[static_cast<std::size_t>(next)] = 1;
      const VesselSegment& s = segment(next);
      node = s.from == node ? s.to : s.from;
      chain.nodes.push_back(node);
      chain.segments.push_back(next);
      const auto n = static_cast<std::size_t>(node);
      next = !passes(n) ? -1 : at[n][0] == next ? at[n][1] : at[n][0];
    }
    chains.push_back(std::move(chain));
  };
  for (std::size_t n = 0; n < nodes; ++n)
    if (!passes(n))
      for (const std::int32_t s : at[n])
        if (!used[static_cast<std::size_t>(s)]) follow(static_cast<std::int32_t>(n), s);
  for (std::size_t s = 0; s < used.size(); ++s)
    if (!used[s]) follow(network.segments[s].from, static_cast<std::int32_t>(s));
  return chains;
}

// What VTK's readers complain about, collected instead of printed.
void collect_error(vtkObject*, unsigned long, void* client, void* text) {
  if (text == nullptr) return;
  std::string message = static_cast<const char*>(text);
  const std::size_t end = message.find_last_not_of("\n ");
  message.erase(end == std::string::npos ? 0 : end + 1);
  const std::size_t line = message.rfind('\n');
  auto& all = *static_cast<std::string*>(client);
  all +=
      (all.empty() ? "" : "; ") + (line == std::string::npos ? message : message.substr(line + 1));
}

// Lets a reader read; what it complained of, empty if it is well.
std::string read_file(vtkXMLReader* reader, const std::filesystem::path& file,
                      const std::string& where, const char* wanted) {
  std::string complaints;
  vtkNew<vtkCallbackCommand> listen;
  listen->SetCallback(collect_error);
  listen->SetClientData(&complaints);
  reader->AddObserver("ErrorEvent", listen);
  reader->SetReaderErrorObserver(listen);
  reader->SetParserErrorObserver(listen);
  reader->GetExecutive()->AddObserver("ErrorEvent", listen);
  reader->SetFileName(file.string().c_str());
  if (reader->CanReadFile(file.string().c_str()) == 0)
    throw std::runtime_error(where + "this is not a VTK XML " + wanted);
  // VTK 9.1 may crash on a file cut short, and where it reads on after a header without sense.
  std::string tail(64, ' ');
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  const auto size = static_cast<std::streamoff>(stream.tellg());
  stream.seekg(std::max<std::streamoff>(0, size - 64));
  stream.read(tail.data(), 64);
  const std::size_t last = tail.find_last_not_of(" \t\r\n");
  if (last == std::string::npos || tail.substr(0, last + 1).rfind("</VTKFile>") != last - 9)
    return "the file is cut short; its last word must be </VTKFile>";
  reader->UpdateInformation();
  if (complaints.empty() && reader->GetErrorCode() == 0) reader->Update();
  if (complaints.empty() && reader->GetErrorCode() != 0) complaints = "the file is damaged";
  return complaints;
}

std::string number(double value) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    default: out += c;
    }
  }
  return out;
}

} // namespace

bool vtk_available() { return true; }

std::array<FrameAxis, 3> frame_axes(std::array<int, 3> voxels, double spacing,
                                    const OutputParameters& output) {
  const bool cut = output.region_from != output.region_to;
  const int stride = std::max(1, output.stride);
  std::array<FrameAxis, 3> axes{};
  for (std::size_t a = 0; a < 3; ++a) {
    int begin = 0, end = voxels[a];
    if (cut) {
      // Every voxel that the region touches; a border on a voxel face, up to rounding, touches one
      // side only.
      constexpr double slack = 1e-6;
      const double top = voxels[a];
      begin = static_cast<int>(
          std::clamp(std::floor(output.region_from[a] / spacing + slack), 0.0, top));
      end =
          static_cast<int>(std::clamp(std::ceil(output.region_to[a] / spacing - slack), 0.0, top));
    }
    if (begin >= end)
      throw std::runtime_error("output.region contains no voxel along " + std::string(1, "xyz"[a]) +
                               ": it spans " + number(output.region_from[a]) + " to " +
                               number(output.region_to[a]) + " um of a box of " +
                               number(voxels[a] * spacing) + " um");
    const int offset = std::min((stride - 1) / 2, end - begin - 1);
    FrameAxis& axis = axes[a];
    axis.stride = stride;
    axis.first = begin + offset;
    axis.count = (end - axis.first + stride - 1) / stride;
    axis.origin = axis.first + 0.5 - 0.5 * stride;
  }
  return axes;
}

std::string fields_frame(const Snapshot& s, const OutputParameters& output) {
  const auto axes = frame_axes(s.voxels, s.spacing, output);

  std::vector<const Snapshot::Array*> chosen;
  if (output.arrays.empty()) {
    for (const Snapshot::Array& a : s.arrays)
      if (on_lattice(s, a.info) && !is_bookkeeping(a.info.name)) chosen.push_back(&a);
  } else {
    for (const std::string& name : output.arrays) {
      const Snapshot::Array* a = s.find(name);
      if (a == nullptr || !on_lattice(s, a->info)) {
        std::string known;
        for (const Snapshot::Array& other : s.arrays)
          if (on_lattice(s, other.info)) known += (known.empty() ? "" : ", ") + other.info.name;
        throw std::runtime_error("output.arrays: '" + name +
                                 "' is not an array of this run; there are " + known);
      }
      if (std::find(chosen.begin(), chosen.end(), a) == chosen.end()) chosen.push_back(a);
    }
  }

  vtkNew<vtkImageData> image;
  image->SetDimensions(axes[0].count + 1, axes[1].count + 1, axes[2].count + 1);
  image->SetOrigin(axes[0].origin * s.spacing, axes[1].origin * s.spacing,
                   axes[2].origin * s.spacing);
  image->SetSpacing(axes[0].stride * s.spacing, axes[1].stride * s.spacing,
                    axes[2].stride * s.spacing);
  vtkFieldData* about = image->GetFieldData();
  add_header(about, s);
  for (const Snapshot::Array* a : chosen) {
    check_size(*a);
    image->GetCellData()->AddArray(with_type(a->info.type, [&](auto tag) {
      return lattice_array<decltype(tag)>(s, *a, axes, output.mantissa_bits);
    }));
    add_unit(about, a->info.name, a->info.unit);
  }
  add_categories(about, image->GetCellData()->HasArray("cell_state") != 0,
                 image->GetCellData()->HasArray("kind") != 0);
  return write<vtkXMLImageDataWriter>(image.Get(), output, "the fields of a frame");
}

std::string cells_frame(const Snapshot& s, const OutputParameters& output) {
  OutputParameters every = output;
  every.stride = 1; // a cell is never left out; only the region applies
  const auto axes = frame_axes(s.voxels, s.spacing, every);

  const Snapshot::Array* kind = s.find("kind");
  const Snapshot::Array* state = s.find("cell_state");
  const Snapshot::Array* which = kind != nullptr ? kind : state;
  if (which == nullptr)
    throw std::runtime_error("a frame of cells needs the array kind or cell_state");
  if (which->info.type != ElementType::u8 || !on_tissue_lattice(s, which->info))
    throw std::runtime_error("array '" + which->info.name +
                             "' must hold a byte per voxel of the tissue lattice");
  check_size(*which);
  const auto absent = static_cast<std::uint8_t>(which == kind ? static_cast<int>(Kind::none)
                                                              : static_cast<int>(CellState::none));
  const auto vessel = static_cast<std::uint8_t>(
      which == kind ? static_cast<int>(Kind::vessel) : static_cast<int>(CellState::vessel));

  const Index nx = s.voxels[0], ny = s.voxels[1];
  const std::uint8_t* code = which->as<std::uint8_t>();
  std::vector<Index> voxel; // of every cell, in lattice order
  for (Index z = axes[2].first; z < axes[2].first + axes[2].count; ++z)
    for (Index y = axes[1].first; y < axes[1].first + axes[1].count; ++y)
      for (Index x = axes[0].first; x < axes[0].first + axes[0].count; ++x) {
        const Index i = (z * ny + y) * nx + x;
        if (code[i] != absent && code[i] != vessel) voxel.push_back(i);
      }
  const auto count = static_cast<vtkIdType>(voxel.size());

  auto position = make_array<float>("Points", 0);
  position->SetNumberOfComponents(3);
  position->SetNumberOfTuples(count);
  float* p = position->GetPointer(0);
  for (const Index i : voxel) {
    *p++ = static_cast<float>((static_cast<double>(i % nx) + 0.5) * s.spacing);
    *p++ = static_cast<float>((static_cast<double>(i / nx % ny) + 0.5) * s.spacing);
    *p++ = static_cast<float>((static_cast<double>(i / (nx * ny)) + 0.5) * s.spacing);
  }
  vtkNew<vtkPoints> points;
  points->SetData(position);

  // A Verts entry per point: Threshold keeps cells, not points, and finds nothing in a bare cloud.
  vtkNew<vtkTypeInt32Array> starts, members;
  vtkNew<vtkTypeInt64Array> long_starts, long_members;
  vtkNew<vtkCellArray> verts;
  const auto fill = [&](auto* begin, auto* who) {
    begin->SetNumberOfTuples(count + 1);
    who->SetNumberOfTuples(count);
    using Id = std::remove_reference_t<decltype(*begin->GetPointer(0))>;
    for (vtkIdType i = 0; i <= count; ++i) begin->SetValue(i, static_cast<Id>(i));
    for (vtkIdType i = 0; i < count; ++i) who->SetValue(i, static_cast<Id>(i));
  };
  if (count < std::numeric_limits<std::int32_t>::max()) {
    fill(starts.Get(), members.Get());
    verts->SetData(starts.Get(), members.Get());
  } else {
    fill(long_starts.Get(), long_members.Get());
    verts->SetData(long_starts.Get(), long_members.Get());
  }

  vtkNew<vtkPolyData> cells;
  cells->SetPoints(points);
  cells->SetVerts(verts);
  vtkPointData* data = cells->GetPointData();
  vtkFieldData* about = cells->GetFieldData();
  add_header(about, s);

  const auto add = [&](const Snapshot::Array& a) {
    check_size(a);
    data->AddArray(with_type(a.info.type, [&](auto tag) -> vtkSmartPointer<vtkDataArray> {
      using T = decltype(tag);
      auto array = make_array<T>(a.info.name, count);
      T* out = array->GetPointer(0);
      const T* in = a.as<T>();
      const auto whole = whole_axes(s.voxels);
      const auto xs = source_indices(whole[0], a.info.extents[0], a.info.spacing, s.spacing);
      const auto ys = source_indices(whole[1], a.info.extents[1], a.info.spacing, s.spacing);
      const auto zs = source_indices(whole[2], a.info.extents[2], a.info.spacing, s.spacing);
      for (const Index i : voxel) {
        const Index x = xs[static_cast<std::size_t>(i % nx)],
                    y = ys[static_cast<std::size_t>(i / nx % ny)],
                    z = zs[static_cast<std::size_t>(i / (nx * ny))];
        *out++ =
            rounded(in[(z * a.info.extents[1] + y) * a.info.extents[0] + x], output.mantissa_bits);
      }
      return array;
    }));
    add_unit(about, a.info.name, a.info.unit);
  };
  for (const char* name : {"cell_state", "kind", "flags"})
    if (const Snapshot::Array* a = s.find(name); a != nullptr && on_lattice(s, a->info)) add(*a);
  if (const Snapshot::Array* clock = s.find("clock"); clock != nullptr &&
                                                      clock->info.type == ElementType::u16 &&
                                                      on_tissue_lattice(s, clock->info)) {
    // The clock counts from 16384 (newborn) to 49152 (divides); the rest of its range is slack for
    // rounding and pauses.
    check_size(*clock);
    auto phase = make_array<float>("phase", count);
    float* out = phase->GetPointer(0);
    const std::uint16_t* in = clock->as<std::uint16_t>();
    for (const Index i : voxel)
      *out++ = std::clamp((static_cast<float>(in[i]) - 16384.0f) / 32768.0f, 0.0f, 1.0f);
    data->AddArray(phase);
    add_unit(about, "phase", "1");
  }
  for (const Snapshot::Array& a : s.arrays)
    if (is_bookkeeping(a.info.name) && a.info.name != "clock" && on_lattice(s, a.info)) add(a);
  if (const Snapshot::Array* oxygen = s.find("oxygen");
      oxygen != nullptr && on_lattice(s, oxygen->info))
    add(*oxygen);
  add_categories(about, data->HasArray("cell_state") != 0, data->HasArray("kind") != 0);
  return write<vtkXMLPolyDataWriter>(cells.Get(), output, "the cells of a frame");
}

std::string vessels_frame(const Snapshot& s, const OutputParameters& output) {
  const VesselNetwork none;
  const VesselNetwork& network = s.vessels ? *s.vessels : none;
  const std::vector<Chain> chains = chains_of(network);

  // Long segments get points in between: tools that clip look at points, and would drop a vessel whose ends lie outside.
  const double spacing = s.spacing > 0 ? 5 * s.spacing : 100;
  const auto distance = [&](std::int64_t a, std::int64_t b) {
    const auto& p = network.nodes[static_cast<std::size_t>(a)].position;
    const auto& q = network.nodes[static_cast<std::size_t>(b)].position;
    return std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
  };
  const auto parts_of = [&](const Chain& c, std::size_t k) { // of the segment that ends at node k
    const double parts = std::ceil(distance(c.nodes[k - 1], c.nodes[k]) / spacing);
    return static_cast<std::size_t>(std::clamp(parts, 1.0, 1e5));
  };
  std::size_t total = 0;
  for (const Chain& c : chains) {
    total += 1;
    for (std::size_t k = 1; k < c.nodes.size(); ++k) total += parts_of(c, k);
  }
  vtkNew<vtkPoints> points;
  points->SetDataTypeToFloat();
  vtkNew<vtkCellArray> lines;
  lines->Use32BitStorage();
  auto radius = make_array<float>("radius", static_cast<vtkIdType>(total));
  auto flows = make_array<std::uint8_t>("perfused", static_cast<vtkIdType>(total));
  auto node = make_array<std::int64_t>("node", static_cast<vtkIdType>(total));
  auto chain_flows = make_array<std::uint8_t>("perfused", static_cast<vtkIdType>(chains.size()));
  auto length = make_array<float>("length", static_cast<vtkIdType>(chains.size()));

  vtkIdType at = 0;
  for (std::size_t c = 0; c < chains.size(); ++c) {
    const Chain& chain = chains[c];
    const auto segment = [&](std::size_t k) -> const VesselSegment& {
      return network.segments[static_cast<std::size_t>(chain.segments[k])];
    };
    const std::size_t pieces = chain.segments.size();
    const auto perfused = static_cast<std::uint8_t>(segment(0).perfused ? 1 : 0);
    double um = 0;
    // A node between two segments gets the mean of their radii, so that a tube tapers instead of jumping.
    const auto radius_at = [&](std::size_t k) {
      return 0.5 * (segment(k == 0 ? 0 : k - 1).radius + segment(k == pieces ? pieces - 1 : k).radius);
    };
    const vtkIdType first = at;
    const auto add_point = [&](const std::array<double, 3>& here, double r, std::int64_t number) {
      points->InsertNextPoint(here[0], here[1], here[2]);
      radius->SetValue(at, static_cast<float>(r));
      flows->SetValue(at, perfused);
      node->SetValue(at, number);
      ++at;
    };
    add_point(network.nodes[static_cast<std::size_t>(chain.nodes[0])].position, radius_at(0),
              chain.nodes[0]);
    for (std::size_t k = 1; k <= pieces; ++k) {
      const auto& before = network.nodes[static_cast<std::size_t>(chain.nodes[k - 1])].position;
      const auto& here = network.nodes[static_cast<std::size_t>(chain.nodes[k])].position;
      um += distance(chain.nodes[k - 1], chain.nodes[k]);
      const std::size_t parts = parts_of(chain, k);
      for (std::size_t n = 1; n < parts; ++n) {
        const double t = static_cast<double>(n) / static_cast<double>(parts);
        add_point({before[0] + t * (here[0] - before[0]), before[1] + t * (here[1] - before[1]),
                   before[2] + t * (here[2] - before[2])},
                  radius_at(k - 1) + t * (radius_at(k) - radius_at(k - 1)), -1);
      }
      add_point(here, radius_at(k), chain.nodes[k]);
    }
    lines->InsertNextCell(static_cast<int>(at - first));
    for (vtkIdType n = first; n < at; ++n) lines->InsertCellPoint(n);
    chain_flows->SetValue(static_cast<vtkIdType>(c), perfused);
    length->SetValue(static_cast<vtkIdType>(c), static_cast<float>(um));
  }

  vtkNew<vtkPolyData> data;
  data->SetPoints(points);
  data->SetLines(lines);
  data->GetPointData()->AddArray(radius);
  data->GetPointData()->AddArray(flows);
  data->GetPointData()->AddArray(node);
  data->GetCellData()->AddArray(chain_flows);
  data->GetCellData()->AddArray(length);
  vtkFieldData* about = data->GetFieldData();
  add_header(about, s);
  add_unit(about, "radius", "um");
  add_unit(about, "node", "1");
  add_unit(about, "length", "um");
  add_unit(about, "perfused", "1");
  return write<vtkXMLPolyDataWriter>(data.Get(), output, "the vessels of a frame");
}

std::string pvd_index(const std::vector<std::pair<double, std::string>>& frames) {
  std::string text = "<?xml version=\"1.0\"?>\n"
                     "<VTKFile type=\"Collection\" version=\"1.0\" byte_order=\"LittleEndian\">\n"
                     "  <Collection>\n";
  for (const auto& [day, path] : frames)
    text += "    <DataSet timestep=\"" + number(day) + "\" part=\"0\" file=\"" + escaped(path) +
            "\"/>\n";
  return text + "  </Collection>\n</VTKFile>\n";
}

std::size_t estimate_frame_bytes(const Parameters& p) {
  const OutputParameters& out = p.output;
  constexpr double header = 16384; // XML, padding and strings of one file

  // Share of its size that an array keeps. Measured on smooth fields under LZ4: 0.48 with 9 bits
  // kept, 0.28 with 7; taken higher here, for fields with fronts in them. Codes of cells are runs
  // of equal bytes.
  double real = 1.02, code = 1.01;
  if (out.compression != Compression::none) {
    real = std::min(1.02, 0.22 + 0.04 * std::clamp(out.mantissa_bits, 0, 23));
    code = 0.40;
  }
  const auto voxels_of = [&](const std::array<FrameAxis, 3>& axes) {
    return static_cast<double>(axes[0].count) * axes[1].count * axes[2].count;
  };
  double bytes = 0;
  if (out.fields) {
    const bool all = out.arrays.empty();
    const auto wanted = [&](const char* name) {
      return all || std::find(out.arrays.begin(), out.arrays.end(), name) != out.arrays.end();
    };
    double floats = 0, codes = 0;
    const std::pair<const char*, bool> fields[] = {{"oxygen", p.oxygen.enabled},
                                                   {"glucose", p.glucose.enabled},
                                                   {"proteinase", p.proteinase.enabled},
                                                   {"inhibitor", p.inhibitor.enabled},
                                                   {"vegf", p.vegf.enabled},
                                                   {"matrix", true}};
    for (const auto& [name, exists] : fields)
      if (wanted(name) && exists) ++floats;
    for (const char* name : {"cell_state", "kind", "flags"})
      if (wanted(name)) ++codes;
    if (all) {
      codes += 2; // marks such as vessels or membranes
    } else {
      const std::set<std::string> known{"oxygen", "glucose",    "proteinase", "inhibitor", "vegf",
                                        "matrix", "cell_state", "kind",       "flags"};
      for (const std::string& name : out.arrays)
        if (known.count(name) == 0) ++floats; // anything else: at most 4 bytes as a rule
    }
    const double voxels = voxels_of(frame_axes(p.domain.voxels, p.domain.spacing, out));
    bytes += header + voxels * (4.0 * floats * real + codes * code);
  }
  if (out.cells) {
    OutputParameters every = out;
    every.stride = 1;
    // Full tissue, the most there can be. Positions and the list of Verts count upwards, of which
    // LZ4 makes next to nothing.
    const double cells = voxels_of(frame_axes(p.domain.voxels, p.domain.spacing, every));
    const double geometry = (12 + 8) * (out.compression == Compression::zlib ? 0.5 : 1.01);
    const double reals = 4 * real /* oxygen */ + 4 /* phase */;
    const double integers = 3 * code + 2 + 2 + 1 + 8;
    bytes += header + cells * (geometry + reals + integers);
  }
  if (out.vessels) {
    double segments = static_cast<double>(p.vessels.lines.size());
    const auto& n = p.domain.voxels;
    if (p.vessels.pattern == VesselPattern::grid && p.vessels.spacing > 0) {
      // A lattice of capillaries along one axis, and as many again across, cut into pieces of a
      // voxel.
      const double between = p.vessels.spacing / p.domain.spacing;
      const double longest = std::max({n[0], n[1], n[2]});
      const double rows = longest / between + 1;
      segments += 2 * rows * rows * longest;
    }
    if (p.vessels.pattern == VesselPattern::pair) segments += 2.0 * std::max({n[0], n[1], n[2]});
    if (p.vessels.pattern == VesselPattern::hexagonal && p.vessels.spacing > 0) {
      // A sheet holds less than one edge and a half of vessel for each square of an edge.
      const double edge = p.vessels.spacing / p.domain.spacing;
      const double sheets =
          p.vessels.layers > 0 ? std::max({n[0], n[1], n[2]}) * p.domain.spacing / p.vessels.layers + 1
                               : 1;
      const double longest = std::max({n[0], n[1], n[2]}) + edge;
      segments += 1.5 * longest * longest / edge * sheets;
    }
    segments += static_cast<double>(p.vessels.lines.size()) * (n[0] + n[1] + n[2]);
    bytes += header + segments * 48;
  }
  return static_cast<std::size_t>(bytes);
}

std::vector<float> read_vti_array(const std::filesystem::path& file, const std::string& array,
                                  std::array<int, 3> voxels) {
  const std::string where = file.string() + ", array '" + array + "': ";
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored))
    throw std::runtime_error(where + "there is no such file");

  vtkNew<vtkXMLImageDataReader> reader;
  const std::string complaints = read_file(reader.Get(), file, where, "image file (.vti)");
  vtkImageData* image = reader->GetOutput();
  if (!complaints.empty() || image == nullptr)
    throw std::runtime_error(where + "cannot be read: " + complaints);

  const auto wanted = Index{voxels[0]} * voxels[1] * voxels[2];
  int n[3];
  image->GetDimensions(n);
  std::string found;
  const auto list = [&](const char* kind, vtkDataSetAttributes* attributes) {
    for (int i = 0; i < attributes->GetNumberOfArrays(); ++i)
      if (const char* name = attributes->GetArrayName(i))
        found += (found.empty() ? "" : ", ") + std::string(name) + " (" + kind + " data)";
  };
  list("cell", image->GetCellData());
  list("point", image->GetPointData());

  // Voxels are VTK cells in our own files, but tools that know only points store a voxel per point.
  struct Place {
    vtkDataArray* data;
    std::array<int, 3> size;
    const char* kind;
  };
  const auto cells = [](int points) { return std::max(1, points - 1); };
  const Place places[] = {
      {image->GetCellData()->GetArray(array.c_str()),
       {cells(n[0]), cells(n[1]), cells(n[2])},
       "cell"},
      {image->GetPointData()->GetArray(array.c_str()), {n[0], n[1], n[2]}, "point"}};
  const auto size_text = [](const std::array<int, 3>& e) {
    return std::to_string(e[0]) + " x " + std::to_string(e[1]) + " x " + std::to_string(e[2]);
  };
  std::string misfit;
  for (const Place& place : places) {
    if (place.data == nullptr) continue;
    const int components = place.data->GetNumberOfComponents();
    if (components == 1 && place.size == voxels && place.data->GetNumberOfTuples() == wanted) {
      std::vector<float> values(static_cast<std::size_t>(wanted));
      for (Index i = 0; i < wanted; ++i) {
        const double v = place.data->GetComponent(i, 0);
        if (!std::isfinite(v))
          throw std::runtime_error(where + "value " + std::to_string(i) +
                                   " (x runs fastest) is not a finite number");
        values[static_cast<std::size_t>(i)] = static_cast<float>(v);
      }
      return values;
    }
    misfit += (misfit.empty() ? "" : "; ") + std::string(place.kind) + " data of " +
              size_text(place.size) + " with " + std::to_string(components) +
              (components == 1 ? " component" : " components");
  }
  if (!misfit.empty())
    throw std::runtime_error(where + "the lattice needs " + size_text(voxels) +
                             " values of one component, found " + misfit);
  throw std::runtime_error(where + "there is no such array; the file has " +
                           (found.empty() ? "none" : found));
}

VesselFile read_vessel_polylines(const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& what) {
    throw std::runtime_error(file.string() + ": " + what);
  };
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) refuse("there is no such file");
  vtkNew<vtkXMLPolyDataReader> reader;
  const std::string complaints =
      read_file(reader.Get(), file, file.string() + ": ", "file of poly-lines (.vtp)");
  vtkPolyData* data = reader->GetOutput();
  if (!complaints.empty() || data == nullptr) refuse("cannot be read: " + complaints);
  vtkCellArray* lines = data->GetLines();
  if (lines == nullptr || lines->GetNumberOfCells() == 0)
    refuse("it holds no lines; vessels are poly-lines");
  if (lines->IsValid() == 0) refuse("cannot be read: its lines are damaged");
  const vtkIdType points = data->GetNumberOfPoints();
  if (points >= std::numeric_limits<std::int32_t>::max()) refuse("it holds too many points");

  const auto numbers = [&](vtkDataSetAttributes* attributes, const char* name, vtkIdType count) {
    vtkDataArray* array = attributes->GetArray(name);
    if (array != nullptr &&
        (array->GetNumberOfComponents() != 1 || array->GetNumberOfTuples() != count))
      refuse(std::string("array '") + name + "' must hold one number for each point or line");
    return array;
  };
  vtkDataArray* point_radius = numbers(data->GetPointData(), "radius", points);
  vtkDataArray* line_radius = numbers(data->GetCellData(), "radius", data->GetNumberOfCells());
  if (point_radius == nullptr && line_radius == nullptr)
    refuse("there is no array 'radius', of points or of lines; add one, in units of the file");
  vtkDataArray* end = numbers(data->GetPointData(), "end", points);
  vtkDataArray* end_pressure = numbers(data->GetPointData(), "end_pressure", points);
  auto* name = vtkStringArray::SafeDownCast(data->GetPointData()->GetAbstractArray("name"));
  if (name != nullptr && name->GetNumberOfValues() != points)
    refuse("array 'name' must hold one string for each point");

  VesselFile vessels;
  vessels.points.resize(static_cast<std::size_t>(points));
  for (vtkIdType i = 0; i < points; ++i) {
    VesselFile::Point& point = vessels.points[static_cast<std::size_t>(i)];
    data->GetPoint(i, point.position.data());
    point.number = i;
    if (point_radius != nullptr) point.radius = point_radius->GetComponent(i, 0);
    if (end_pressure != nullptr) point.end_pressure = end_pressure->GetComponent(i, 0);
    if (name != nullptr) point.name = name->GetValue(i);
    const double code = end != nullptr ? end->GetComponent(i, 0) : 0;
    if (!(code == 0 || code == 1 || code == 2))
      refuse("point " + std::to_string(i) + " has end " + number(code) +
             "; it must be 0 (none), 1 (inlet) or 2 (outlet)");
    point.end = static_cast<VesselEnd>(static_cast<int>(code));
  }
  vtkNew<vtkIdList> ids;
  for (vtkIdType line = 0; line < lines->GetNumberOfCells(); ++line) {
    lines->GetCellAtId(line, ids);
    if (ids->GetNumberOfIds() < 2)
      refuse("line " + std::to_string(line) + " has fewer than two points");
    double radius = 0;
    if (point_radius == nullptr) {
      radius = line_radius->GetComponent(data->GetNumberOfVerts() + line, 0);
      if (!(radius > 0) || !std::isfinite(radius))
        refuse("line " + std::to_string(line) + " has radius " + number(radius) +
               "; it must be above 0");
    }
    for (vtkIdType k = 0; k < ids->GetNumberOfIds(); ++k) {
      if (ids->GetId(k) < 0 || ids->GetId(k) >= points)
        refuse("line " + std::to_string(line) + " refers to point " +
               std::to_string(ids->GetId(k)) + ", but there are " + std::to_string(points));
      if (k > 0)
        vessels.stretches.push_back({static_cast<std::int32_t>(ids->GetId(k - 1)),
                                     static_cast<std::int32_t>(ids->GetId(k)), radius, line});
    }
  }
  return vessels;
}

} // namespace metavox
