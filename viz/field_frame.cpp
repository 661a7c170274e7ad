#include "viz/field_frame.hpp"

#include <algorithm>
#include <stdexcept>

#include <vtkCellData.h>
#include <vtkImageData.h>
#include <vtkNew.h>
#include <vtkXMLImageDataWriter.h>

#include "viz/vtk_io.hpp"

namespace metavox {

using namespace vtk_io;

namespace {

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

} // namespace

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
  // A first look is coloured.
  name_active(image->GetCellData(), {"oxygen", chosen.empty() ? "" : chosen[0]->info.name.c_str()});
  add_categories(about, image->GetCellData()->HasArray("cell_state") != 0,
                 image->GetCellData()->HasArray("kind") != 0);
  return write<vtkXMLImageDataWriter>(image.Get(), output, "the fields of a frame");
}

} // namespace metavox
