#include "viz/cell_frame.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include <vtkCellArray.h>
#include <vtkNew.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkTypeInt32Array.h>
#include <vtkTypeInt64Array.h>
#include <vtkXMLPolyDataWriter.h>

#include "viz/vtk_io.hpp"
#include "voxel/kind.hpp"

namespace metavox {

using namespace vtk_io;

namespace {

std::array<FrameAxis, 3> whole_axes(const std::array<int, 3>& voxels) {
  return {FrameAxis{0, voxels[0], 1, 0}, FrameAxis{0, voxels[1], 1, 0},
          FrameAxis{0, voxels[2], 1, 0}};
}

// The array that tells where cells are, and its code for none and for vessels, which the frame of
// vessels shows.
struct Tissue {
  const Snapshot::Array* array;
  std::uint8_t absent, vessel;
};

Tissue tissue_of(const Snapshot& s) {
  const Snapshot::Array* kind = s.find("kind");
  const Snapshot::Array* which = kind != nullptr ? kind : s.find("cell_state");
  if (which == nullptr)
    throw std::runtime_error("a frame of cells needs the array kind or cell_state");
  if (which->info.type != ElementType::u8 || !on_tissue_lattice(s, which->info))
    throw std::runtime_error("array '" + which->info.name +
                             "' must hold a byte per voxel of the tissue lattice");
  check_size(*which);
  const auto code = [&](Kind k, CellState state) {
    return static_cast<std::uint8_t>(which == kind ? static_cast<int>(k) : static_cast<int>(state));
  };
  return {which, code(Kind::none, drawn_state(Kind::none)),
          code(Kind::vessel, drawn_state(Kind::vessel))};
}

// The cells of a frame: those that stand, in lattice order, and then the second ones.
struct Cells {
  std::vector<Index> voxel;
  Index standing = 0;
  std::vector<Index> entry; // of each second cell, in the arrays of the list
};

std::vector<Index> standing_cells(const Snapshot& s, const std::array<FrameAxis, 3>& axes) {
  const Tissue tissue = tissue_of(s);
  const Index nx = s.voxels[0], ny = s.voxels[1];
  const std::uint8_t* code = tissue.array->as<std::uint8_t>();
  std::vector<Index> voxel;
  for (Index z = axes[2].first; z < axes[2].first + axes[2].count; ++z)
    for (Index y = axes[1].first; y < axes[1].first + axes[1].count; ++y)
      for (Index x = axes[0].first; x < axes[0].first + axes[0].count; ++x) {
        const Index i = (z * ny + y) * nx + x;
        if (code[i] != tissue.absent && code[i] != tissue.vessel) voxel.push_back(i);
      }
  return voxel;
}

// A snapshot without the list holds none.
void add_second_cells(Cells& cells, const Snapshot& s, const std::array<FrameAxis, 3>& axes) {
  const Snapshot::Array* places = s.find("excess_voxel");
  if (places == nullptr) return;
  if (places->info.type != ElementType::i64)
    throw std::runtime_error("array 'excess_voxel' must hold numbers of voxels");
  check_size(*places);
  const auto n = static_cast<Index>(places->info.count());
  const auto* place = places->as<std::int64_t>();
  for (Index k = 0; k < n; ++k) {
    const std::array<Index, 3> at = place_of(s, place[k]);
    bool within = true;
    for (std::size_t a = 0; a < 3; ++a)
      within = within && at[a] >= axes[a].first && at[a] < axes[a].first + axes[a].count;
    if (!within) continue;
    cells.voxel.push_back(place[k]);
    cells.entry.push_back(k);
  }
}

Cells cells_of(const Snapshot& s, const std::array<FrameAxis, 3>& axes) {
  Cells cells;
  cells.voxel = standing_cells(s, axes);
  cells.standing = static_cast<Index>(cells.voxel.size());
  add_second_cells(cells, s, axes);
  return cells;
}

// Second cells lie beside the first ones, a quarter of a voxel up along each axis.
void set_points(vtkPolyData* cells, const Snapshot& s, const Cells& who) {
  const std::vector<Index>& voxel = who.voxel;
  auto position = make_array<float>("Points", 0);
  position->SetNumberOfComponents(3);
  position->SetNumberOfTuples(static_cast<vtkIdType>(voxel.size()));
  float* p = position->GetPointer(0);
  for (std::size_t k = 0; k < voxel.size(); ++k) {
    const Index i = voxel[k];
    const double offset = static_cast<Index>(k) < who.standing ? 0.5 : 0.75;
    for (const Index n : place_of(s, i))
      *p++ = static_cast<float>((static_cast<double>(n) + offset) * s.spacing);
  }
  vtkNew<vtkPoints> points;
  points->SetData(position);
  cells->SetPoints(points);
}

// A Verts entry per point: Threshold keeps cells, not points, and finds nothing in a bare cloud.
void set_verts(vtkPolyData* cells, vtkIdType count) {
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
  cells->SetVerts(verts);
}

// What the list of second cells says in place of an array of the lattice; null where it does not.
const Snapshot::Array* second_of(const Snapshot& s, const Snapshot::Array& a) {
  const Snapshot::Array* second = s.find("excess_" + a.info.name);
  if (second == nullptr || second->info.type != a.info.type) return nullptr;
  check_size(*second);
  return second;
}

// The values of an array, maybe of a coarser lattice, at the voxels of cells; of second cells, what
// their list says of them.
vtkSmartPointer<vtkDataArray> values_at(const Cells& cells, const Snapshot& s,
                                        const Snapshot::Array& a, int bits) {
  check_size(a);
  const std::vector<Index>& voxel = cells.voxel;
  const auto whole = whole_axes(s.voxels);
  const auto xs = source_indices(whole[0], a.info.extents[0], a.info.spacing, s.spacing);
  const auto ys = source_indices(whole[1], a.info.extents[1], a.info.spacing, s.spacing);
  const auto zs = source_indices(whole[2], a.info.extents[2], a.info.spacing, s.spacing);
  const Index nx = s.voxels[0], ny = s.voxels[1];
  return with_type(a.info.type, [&](auto tag) -> vtkSmartPointer<vtkDataArray> {
    using T = decltype(tag);
    auto array = make_array<T>(a.info.name, static_cast<vtkIdType>(voxel.size()));
    T* out = array->GetPointer(0);
    const T* in = a.as<T>();
    for (const Index i : voxel) {
      const Index x = xs[static_cast<std::size_t>(i % nx)],
                  y = ys[static_cast<std::size_t>(i / nx % ny)],
                  z = zs[static_cast<std::size_t>(i / (nx * ny))];
      *out++ = rounded(in[(z * a.info.extents[1] + y) * a.info.extents[0] + x], bits);
    }
    if (const Snapshot::Array* second = second_of(s, a); second != nullptr) {
      out = array->GetPointer(cells.standing);
      for (const Index k : cells.entry) *out++ = second->as<T>()[k];
    }
    return array;
  });
}

// How far a cell is through its cycle, 0 to 1. The clock counts from 16384 (newborn) to 49152
// (divides); the rest of its range is slack for rounding and pauses.
vtkSmartPointer<vtkDataArray> phases(const Cells& cells, const Snapshot& s,
                                     const Snapshot::Array& clock) {
  const auto values = values_at(cells, s, clock, 0);
  const auto count = values->GetNumberOfTuples();
  auto phase = make_array<float>("phase", count);
  for (vtkIdType k = 0; k < count; ++k) {
    const auto shown = static_cast<float>((values->GetTuple1(k) - 16384) / 32768);
    phase->SetValue(k, std::clamp(shown, 0.0f, 1.0f));
  }
  return phase;
}

// The drawn state follows from kind and flags, which the list holds.
void draw_second_cells(vtkDataArray* state, const Cells& cells, const Snapshot& s) {
  const Snapshot::Array *kind = s.find("excess_kind"), *flags = s.find("excess_flags");
  if (kind == nullptr || flags == nullptr) return;
  check_size(*kind);
  check_size(*flags);
  for (std::size_t k = 0; k < cells.entry.size(); ++k) {
    const Index n = cells.entry[k];
    const auto drawn =
        cell_state(static_cast<Kind>(kind->as<std::uint8_t>()[n]), flags->as<std::uint16_t>()[n]);
    state->SetTuple1(cells.standing + static_cast<Index>(k), static_cast<double>(drawn));
  }
}

vtkSmartPointer<vtkDataArray> marks_of_second_cells(const Cells& cells) {
  auto second = make_array<std::uint8_t>("second", static_cast<vtkIdType>(cells.voxel.size()));
  for (std::size_t k = 0; k < cells.voxel.size(); ++k)
    second->SetValue(static_cast<vtkIdType>(k), static_cast<Index>(k) < cells.standing ? 0 : 1);
  return second;
}

} // namespace

std::string cells_frame(const Snapshot& s, const OutputParameters& output) {
  OutputParameters every = output;
  every.stride = 1; // a cell is never left out; only the region applies
  const Cells who = cells_of(s, frame_axes(s.voxels, s.spacing, every));
  vtkNew<vtkPolyData> cells;
  set_points(cells, s, who);
  set_verts(cells, static_cast<vtkIdType>(who.voxel.size()));
  vtkPointData* data = cells->GetPointData();
  vtkFieldData* about = cells->GetFieldData();
  add_header(about, s);
  const auto add = [&](const Snapshot::Array& a) {
    const auto values = values_at(who, s, a, output.mantissa_bits);
    if (a.info.name == "cell_state") draw_second_cells(values, who, s);
    data->AddArray(values);
    add_unit(about, a.info.name, a.info.unit);
  };
  for (const char* name : {"cell_state", "kind", "flags"})
    if (const Snapshot::Array* a = s.find(name); a != nullptr && on_lattice(s, a->info)) add(*a);
  if (const Snapshot::Array* clock = s.find("clock"); clock != nullptr &&
                                                      clock->info.type == ElementType::u16 &&
                                                      on_tissue_lattice(s, clock->info)) {
    data->AddArray(phases(who, s, *clock));
    add_unit(about, "phase", "1");
  }
  for (const Snapshot::Array& a : s.arrays)
    if (is_bookkeeping(a.info.name) && a.info.name != "clock" && on_lattice(s, a.info)) add(a);
  if (const Snapshot::Array* oxygen = s.find("oxygen");
      oxygen != nullptr && on_lattice(s, oxygen->info))
    add(*oxygen);
  if (s.find("excess_voxel") != nullptr) {
    data->AddArray(marks_of_second_cells(who));
    add_unit(about, "second", "1");
  }
  name_active(data, {"cell_state", "kind"});
  add_categories(about, data->HasArray("cell_state") != 0, data->HasArray("kind") != 0);
  return write<vtkXMLPolyDataWriter>(cells.Get(), output, "the cells of a frame");
}

} // namespace metavox
