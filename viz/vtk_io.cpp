#include "viz/vtk_io.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>
#include <stdexcept>

#include <vtkAOSDataArrayTemplate.h>
#include <vtkCellArray.h>
#include <vtkCellData.h>
#include <vtkDataArray.h>
#include <vtkFieldData.h>
#include <vtkImageData.h>
#include <vtkNew.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkSmartPointer.h>
#include <vtkStringArray.h>
#include <vtkTypeInt32Array.h>
#include <vtkTypeInt64Array.h>
#include <vtkXMLImageDataWriter.h>
#include <vtkXMLPolyDataWriter.h>

#include "settings/units.hpp"
#include "voxel/kind.hpp"

namespace metavox {

namespace {

using Index = std::int64_t;

// ---- types

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

template <class Rows>
std::vector<std::string> names_of(const Rows& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.emplace_back(row.name);
  return names;
}

// Both by code.
void add_categories(vtkFieldData* to, bool cell_state, bool kind) {
  if (cell_state) add_text(to, "category_names", names_of(state_rows));
  if (kind) add_text(to, "kind_names", names_of(kind_rows));
}

// ---- writing

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

struct Chain {
  std::vector<std::int32_t> nodes;
  std::vector<std::int32_t> segments; // one less than nodes
};

// Joins segments through nodes of degree two into poly-lines, so that tubes have no seams. A chain
// ends at junctions, dead ends, tips, ends of the network and where a segment's class changes:
// perfused, generation, sprout, mature or collapsed. Starts are taken in node order, then closed
// loops in segment order; then a chain is turned so that its points follow the blood, or where
// none flows lead to the tip. The result depends on nothing else.
std::vector<Chain> chains_of(const VesselNetwork& network) {
  const std::size_t nodes = network.nodes.size(), segments = network.segments.size();
  const auto index = [](std::int32_t i) { return static_cast<std::size_t>(i); };
  const auto segment = [&](std::int32_t i) -> const VesselSegment& {
    return network.segments[static_cast<std::size_t>(i)];
  };
  std::vector<std::size_t> first(nodes + 1, 0); // into `at`: the segments of a node
  for (std::size_t i = 0; i < segments; ++i) {
    const VesselSegment& s = network.segments[i];
    if (s.from < 0 || s.to < 0 || index(s.from) >= nodes || index(s.to) >= nodes)
      throw std::runtime_error("vessel segment " + std::to_string(i) +
                               " refers to a node that does not exist");
    ++first[index(s.from) + 1];
    ++first[index(s.to) + 1];
  }
  for (std::size_t n = 0; n < nodes; ++n) first[n + 1] += first[n];
  std::vector<std::int32_t> at(2 * segments);
  std::vector<std::size_t> next_free(first.begin(), first.end() - 1);
  for (std::size_t i = 0; i < segments; ++i)
    for (const std::int32_t n : {network.segments[i].from, network.segments[i].to})
      at[next_free[index(n)]++] = static_cast<std::int32_t>(i);

  const auto alike = [](const VesselSegment& a, const VesselSegment& b) {
    return a.perfused == b.perfused && a.generation == b.generation && a.sprout == b.sprout &&
           a.mature == b.mature && a.collapsed == b.collapsed;
  };
  const auto passes = [&](std::size_t n) {
    return first[n + 1] - first[n] == 2 && network.nodes[n].end == VesselEnd::none &&
           !network.nodes[n].tip && alike(segment(at[first[n]]), segment(at[first[n] + 1]));
  };
  std::vector<char> used(segments, 0);
  std::vector<Chain> chains;
  const auto follow = [&](std::int32_t node, std::int32_t next) {
    Chain chain;
    chain.nodes.push_back(node);
    double blood = 0; // along the chain
    while (next >= 0 && !used[index(next)]) {
      used[index(next)] = 1;
      const VesselSegment& s = segment(next);
      blood += s.from == node ? s.flow : -s.flow;
      node = s.from == node ? s.to : s.from;
      chain.nodes.push_back(node);
      chain.segments.push_back(next);
      const std::size_t n = index(node);
      next = !passes(n) ? -1 : at[first[n]] == next ? at[first[n] + 1] : at[first[n]];
    }
    const auto tip = [&](std::int32_t n) { return network.nodes[index(n)].tip; };
    if (blood < 0 || (!(blood > 0) && tip(chain.nodes.front()) && !tip(chain.nodes.back()))) {
      std::reverse(chain.nodes.begin(), chain.nodes.end());
      std::reverse(chain.segments.begin(), chain.segments.end());
    }
    chains.push_back(std::move(chain));
  };
  for (std::size_t n = 0; n < nodes; ++n)
    if (!passes(n))
      for (std::size_t k = first[n]; k < first[n + 1]; ++k)
        if (!used[index(at[k])]) follow(static_cast<std::int32_t>(n), at[k]);
  for (std::size_t s = 0; s < segments; ++s)
    if (!used[s]) follow(network.segments[s].from, static_cast<std::int32_t>(s));
  return chains;
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
      which == kind ? static_cast<int>(Kind::vessel) : static_cast<int>(drawn_state(Kind::vessel)));

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
  const auto centre = [&](Index n) {
    return static_cast<float>((static_cast<double>(n) + 0.5) * s.spacing);
  };
  for (const Index i : voxel) {
    *p++ = centre(i % nx);
    *p++ = centre(i / nx % ny);
    *p++ = centre(i / (nx * ny));
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
  const auto node_of = [&](std::int32_t n) -> const VesselNode& {
    return network.nodes[static_cast<std::size_t>(n)];
  };

  // Long segments get points in between: tools that clip look at points, and would drop a vessel
  // whose ends lie outside.
  const double spacing = s.spacing > 0 ? 5 * s.spacing : 100;
  const auto distance = [&](std::int32_t a, std::int32_t b) {
    const auto &p = node_of(a).position, &q = node_of(b).position;
    return std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
  };
  const auto parts_of = [&](const Chain& c, std::size_t k) { // of the segment that ends at node k
    const double parts = std::ceil(distance(c.nodes[k - 1], c.nodes[k]) / spacing);
    return static_cast<std::size_t>(std::clamp(parts, 1.0, 1e5));
  };
  std::size_t points = 0;
  for (const Chain& c : chains) {
    points += 1;
    for (std::size_t k = 1; k < c.nodes.size(); ++k) points += parts_of(c, k);
  }
  const auto total = static_cast<vtkIdType>(points);
  const auto count = static_cast<vtkIdType>(chains.size());

  // What has a value per segment. At a node between two of one chain stands the mean of both, so
  // that a tube tapers instead of jumping.
  struct Real {
    const char *name, *unit;
    double (*of)(const VesselSegment&);
    bool mean; // over the length of a line, as cell data
  };
  constexpr double um3_per_nl = 1e6;
  static constexpr Real reals[] = {
      {"radius", "um", [](const VesselSegment& v) { return v.radius; }, true},
      {"flow", "nL/min", [](const VesselSegment& v) { return std::abs(v.flow) / um3_per_nl; },
       true},
      {"velocity", "mm/s",
       [](const VesselSegment& v) {
         constexpr double pi = 3.14159265358979323846, um_per_min = 1.0 / 60000;
         return v.radius > 0 ? std::abs(v.flow) / (pi * v.radius * v.radius) * um_per_min : 0.0;
       },
       false},
      {"shear", "dyn/cm^2", [](const VesselSegment& v) { return std::abs(v.shear); }, false},
      {"haematocrit", "1", [](const VesselSegment& v) { return v.haematocrit; }, false},
      {"oxygen", "mmHg", [](const VesselSegment& v) { return v.oxygen; }, false},
      {"age", "day", [](const VesselSegment& v) { return v.age / minutes_per_day; }, false}};
  constexpr std::size_t real_count = sizeof reals / sizeof reals[0];
  // What all segments of a chain agree on.
  struct Code {
    const char* name;
    int (*of)(const VesselSegment&);
  };
  static constexpr Code flags[] = {
      {"perfused", [](const VesselSegment& v) { return v.perfused ? 1 : 0; }},
      {"mature", [](const VesselSegment& v) { return v.mature ? 1 : 0; }},
      {"collapsed", [](const VesselSegment& v) { return v.collapsed ? 1 : 0; }}};
  static constexpr Code numbers[] = {
      {"generation", [](const VesselSegment& v) { return static_cast<int>(v.generation); }},
      {"sprout", [](const VesselSegment& v) { return static_cast<int>(v.sprout); }}};

  auto position = make_array<float>("Points", 0);
  position->SetNumberOfComponents(3);
  position->SetNumberOfTuples(total);
  float* place = position->GetPointer(0);
  std::array<float*, real_count> value{}, average{};
  vtkNew<vtkPolyData> data;
  vtkFieldData* about = data->GetFieldData();
  add_header(about, s);
  for (std::size_t r = 0; r < real_count; ++r) {
    auto array = make_array<float>(reals[r].name, total);
    value[r] = array->GetPointer(0);
    data->GetPointData()->AddArray(array);
    if (reals[r].mean) {
      auto mean = make_array<float>(reals[r].name, count);
      average[r] = mean->GetPointer(0);
      data->GetCellData()->AddArray(mean);
    }
    add_unit(about, reals[r].name, reals[r].unit);
  }
  auto pressure = make_array<float>("pressure", total);
  auto tip = make_array<std::uint8_t>("tip", total);
  auto node = make_array<std::int64_t>("node", total);
  auto length = make_array<float>("length", count);
  data->GetPointData()->AddArray(pressure);
  data->GetPointData()->AddArray(tip);
  data->GetPointData()->AddArray(node);
  data->GetCellData()->AddArray(length);
  for (const auto& [name, unit] :
       {std::pair{"pressure", "mmHg"}, {"tip", "1"}, {"node", "1"}, {"length", "um"}})
    add_unit(about, name, unit);

  vtkNew<vtkCellArray> lines;
  lines->Use32BitStorage();
  std::vector<vtkIdType> begin; // of each line in the points
  begin.reserve(chains.size() + 1);
  std::vector<char> marked(network.nodes.size(), 0); // a tip counts once, however many lines meet
  std::vector<std::array<double, real_count>> here;  // per node of the chain
  const int bits = output.mantissa_bits;
  vtkIdType at = 0;
  for (std::size_t c = 0; c < chains.size(); ++c) {
    const Chain& chain = chains[c];
    const std::size_t pieces = chain.segments.size();
    begin.push_back(at);
    double um = 0;
    std::array<double, real_count> sum{}, last{};
    here.assign(pieces + 1, {});
    for (std::size_t k = 0; k < pieces; ++k) {
      const VesselSegment& v = network.segments[static_cast<std::size_t>(chain.segments[k])];
      const double piece = distance(chain.nodes[k], chain.nodes[k + 1]);
      um += piece;
      for (std::size_t r = 0; r < real_count; ++r) {
        const double now = reals[r].of(v);
        sum[r] += now * piece;
        here[k][r] = k == 0 ? now : 0.5 * (last[r] + now);
        last[r] = now;
      }
    }
    here[pieces] = last;
    const auto add_point = [&](std::size_t k, double t,
                               std::int64_t number) { // t of the way to k + 1
      const std::size_t n = std::min(k + 1, pieces);
      const VesselNode &a = node_of(chain.nodes[k]), &b = node_of(chain.nodes[n]);
      const auto between = [&](double x, double y) { return t > 0 ? x + t * (y - x) : x; };
      for (std::size_t d = 0; d < 3; ++d)
        *place++ = static_cast<float>(between(a.position[d], b.position[d]));
      for (std::size_t r = 0; r < real_count; ++r)
        value[r][at] = round_mantissa(static_cast<float>(between(here[k][r], here[n][r])), bits);
      pressure->SetValue(at,
                         round_mantissa(static_cast<float>(between(a.pressure, b.pressure)), bits));
      char* fresh = number >= 0 && a.tip ? &marked[static_cast<std::size_t>(number)] : nullptr;
      tip->SetValue(at, fresh != nullptr && *fresh == 0 ? 1 : 0);
      if (fresh != nullptr) *fresh = 1;
      node->SetValue(at, number);
      ++at;
    };
    for (std::size_t k = 0; k < pieces; ++k) {
      add_point(k, 0, chain.nodes[k]);
      const std::size_t parts = parts_of(chain, k + 1);
      for (std::size_t n = 1; n < parts; ++n)
        add_point(k, static_cast<double>(n) / static_cast<double>(parts), -1);
    }
    add_point(pieces, 0, chain.nodes[pieces]);
    lines->InsertNextCell(static_cast<int>(at - begin.back()));
    for (vtkIdType n = begin.back(); n < at; ++n) lines->InsertCellPoint(n);
    length->SetValue(static_cast<vtkIdType>(c), static_cast<float>(um));
    for (std::size_t r = 0; r < real_count; ++r)
      if (average[r] != nullptr)
        average[r][c] = round_mantissa(static_cast<float>(um > 0 ? sum[r] / um : last[r]), bits);
  }
  begin.push_back(at);

  vtkNew<vtkPoints> where;
  where->SetData(position);
  data->SetPoints(where);
  data->SetLines(lines);
  const auto add_codes = [&](const Code& code, auto type) {
    using T = decltype(type);
    auto per_point = make_array<T>(code.name, total), per_line = make_array<T>(code.name, count);
    for (std::size_t c = 0; c < chains.size(); ++c) {
      const auto it = static_cast<T>(
          code.of(network.segments[static_cast<std::size_t>(chains[c].segments[0])]));
      per_line->SetValue(static_cast<vtkIdType>(c), it);
      std::fill(per_point->GetPointer(begin[c]), per_point->GetPointer(begin[c + 1]), it);
    }
    data->GetPointData()->AddArray(per_point);
    data->GetCellData()->AddArray(per_line);
    add_unit(about, code.name, "1");
  };
  for (const Code& code : flags) add_codes(code, std::uint8_t{});
  for (const Code& code : numbers) add_codes(code, std::int32_t{});
  return write<vtkXMLPolyDataWriter>(data.Get(), output, "the vessels of a frame");
}

std::string pvd_index(const std::vector<std::pair<double, std::string>>& frames) {
  std::string text = "<?xml version=\"1.0\"?>\n"
                     "<VTKFile type=\"Collection\" version=\"1.0\" byte_order=\"LittleEndian\">\n"
                     "  <Collection>\n";
  for (const auto& [day, path] : frames)
    text += "    <DataSet timestep=\"" + format_number(day) + "\" part=\"0\" file=\"" +
            escaped(path) + "\"/>\n";
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
          p.vessels.layers > 0
              ? std::max({n[0], n[1], n[2]}) * p.domain.spacing / p.vessels.layers + 1
              : 1;
      const double longest = std::max({n[0], n[1], n[2]}) + edge;
      segments += 1.5 * longest * longest / edge * sheets;
    }
    segments += static_cast<double>(p.vessels.lines.size()) * (n[0] + n[1] + n[2]);
    // Sprouts lay a segment per voxel. One voxel in twenty is 125 mm/mm^3 at 20 um, denser than
    // measured in tumours.
    if (p.sprouting.enabled) segments += 0.05 * n[0] * n[1] * n[2];
    bytes += header + segments * 80; // a point, 68 bytes, and its share of a line
  }
  return static_cast<std::size_t>(bytes);
}

} // namespace metavox
