#include "viz/vtk_io.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <string_view>

#include <vtkNew.h>
#include <vtkStringArray.h>

#include "settings/units.hpp"
#include "viz/vtk_available.hpp"
#include "voxel/kind.hpp"

namespace metavox {

bool vtk_available() { return true; }

namespace vtk_io {

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

std::vector<Index> source_indices(const FrameAxis& axis, Index extent, double array_spacing,
                                  double spacing) {
  const auto ratio = std::max<Index>(1, std::llround(array_spacing / spacing));
  std::vector<Index> source(static_cast<std::size_t>(axis.count));
  for (int k = 0; k < axis.count; ++k)
    source[static_cast<std::size_t>(k)] =
        std::min<Index>((axis.first + Index{k} * axis.stride) / ratio, extent - 1);
  return source;
}

void check_size(const Snapshot::Array& array) {
  if (array.data.size() != array.info.bytes())
    throw std::runtime_error("array '" + array.info.name + "' of the snapshot holds " +
                             std::to_string(array.data.size()) + " bytes, its extents ask for " +
                             std::to_string(array.info.bytes()));
}

void add_text(vtkFieldData* to, const std::string& name, const std::vector<std::string>& values) {
  vtkNew<vtkStringArray> array;
  array->SetName(name.c_str());
  for (const std::string& v : values) array->InsertNextValue(v);
  to->AddArray(array);
}

namespace {

template <class Rows>
std::vector<std::string> names_of(const Rows& rows) {
  std::vector<std::string> names;
  names.reserve(std::size(rows));
  for (const auto& row : rows) names.emplace_back(row.name);
  return names;
}

} // namespace

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

void name_active(vtkDataSetAttributes* data, const std::vector<const char*>& names) {
  for (const char* name : names)
    if (data->HasArray(name) != 0) {
      data->SetActiveScalars(name);
      return;
    }
}

// Both by code.
void add_categories(vtkFieldData* to, bool cell_state, bool kind) {
  if (cell_state) add_text(to, "category_names", names_of(state_rows));
  if (kind) add_text(to, "kind_names", names_of(kind_rows));
}

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

} // namespace vtk_io
} // namespace metavox
