#include "viz/body_frame.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include <vtkCellArray.h>
#include <vtkNew.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkXMLPolyDataWriter.h>

#include "viz/vessel_lines.hpp"
#include "viz/vtk_io.hpp"
#include "voxel/kind.hpp"

namespace metavox {

using namespace vtk_io;

namespace {

constexpr unsigned shown_roles = role::tumour | role::dead | role::kills;

bool shown(std::uint8_t code) {
  return code < state_rows.size() && (state_rows[code].roles & shown_roles) != 0;
}

template <class T>
void add_points_array(vtkPolyData* to, const char* name, const char* unit,
                      const std::vector<T>& values) {
  auto array = make_array<T>(name, static_cast<vtkIdType>(values.size()));
  std::copy(values.begin(), values.end(), array->GetPointer(0));
  to->GetPointData()->AddArray(array);
  add_unit(to->GetFieldData(), name, unit);
}

// What stands at a point.
struct Mark {
  std::uint8_t state = 0;
  float oxygen = 0, radius = 0;
  std::uint16_t clone = 0;
};

class BodyPoints {
public:
  explicit BodyPoints(int bits) : bits_(bits) {
    verts_->Use32BitStorage();
    lines_->Use32BitStorage();
  }

  void add(const WindowPicture& w, const OutputParameters& output) {
    window_ = &w;
    add_box();
    if (output.cells) add_cells();
    if (output.vessels && w.snapshot.vessels) add_vessels(*w.snapshot.vessels);
  }

  void write_to(vtkPolyData* data) const {
    auto place = make_array<float>("Points", 0);
    place->SetNumberOfComponents(3);
    place->SetNumberOfTuples(static_cast<vtkIdType>(state_.size()));
    std::copy(at_.begin(), at_.end(), place->GetPointer(0));
    vtkNew<vtkPoints> points;
    points->SetData(place);
    data->SetPoints(points);
    data->SetVerts(verts_);
    data->SetLines(lines_);
    add_points_array(data, "cell_state", "1", state_);
    add_points_array(data, "window", "1", number_);
    add_points_array(data, "organ", "1", organ_);
    add_points_array(data, "origin", "1", origin_);
    add_points_array(data, "clone", "1", clone_);
    add_points_array(data, "oxygen", "mmHg", oxygen_);
    add_points_array(data, "radius", "um", radius_);
  }

private:
  // A place in the window's own box.
  vtkIdType add_point(const std::array<double, 3>& um, const Mark& mark) {
    for (std::size_t a = 0; a < 3; ++a)
      at_.push_back(static_cast<float>(window_->corner[a] + um[a]));
    state_.push_back(mark.state);
    oxygen_.push_back(rounded(mark.oxygen, bits_));
    radius_.push_back(rounded(mark.radius, bits_));
    clone_.push_back(mark.clone);
    number_.push_back(static_cast<std::int32_t>(window_->record.number));
    organ_.push_back(window_->record.organ);
    origin_.push_back(static_cast<std::uint8_t>(window_->record.origin));
    return static_cast<vtkIdType>(state_.size()) - 1;
  }

  void add_box() {
    const Snapshot& s = window_->snapshot;
    const auto first = static_cast<vtkIdType>(state_.size());
    for (unsigned corner = 0; corner < 8; ++corner) {
      std::array<double, 3> um{};
      for (unsigned a = 0; a < 3; ++a)
        um[a] = (corner >> a & 1u) != 0 ? s.voxels[a] * s.spacing : 0;
      add_point(um, {});
    }
    for (unsigned corner = 0; corner < 8; ++corner)
      for (unsigned a = 0; a < 3; ++a)
        if ((corner >> a & 1u) == 0) {
          const vtkIdType edge[2] = {first + corner, first + (corner | 1u << a)};
          lines_->InsertNextCell(2, edge);
        }
  }

  void add_cell(Index voxel, double offset, const Mark& mark) {
    const Snapshot& s = window_->snapshot;
    const std::array<Index, 3> n = place_of(s, voxel);
    std::array<double, 3> um{};
    for (std::size_t a = 0; a < 3; ++a) um[a] = (static_cast<double>(n[a]) + offset) * s.spacing;
    const vtkIdType point = add_point(um, mark);
    verts_->InsertNextCell(1, &point);
  }

  float oxygen_at(const Snapshot::Array* oxygen, Index voxel) const {
    if (oxygen == nullptr) return 0;
    const Snapshot& s = window_->snapshot;
    return oxygen->as<float>()[index_at(s, oxygen->info, place_of(s, voxel))];
  }

  // Null where there is no such array; with as many values as it must have.
  const Snapshot::Array* find(const char* name, ElementType type) const {
    const Snapshot::Array* a = window_->snapshot.find(name);
    if (a == nullptr || a->info.type != type) return nullptr;
    check_size(*a);
    return a;
  }

  void add_cells() {
    const Snapshot::Array* state = find("cell_state", ElementType::u8);
    if (state == nullptr || !on_tissue_lattice(window_->snapshot, state->info))
      throw std::runtime_error("a frame of a body needs the array cell_state");
    const Snapshot::Array *oxygen = find("oxygen", ElementType::f32),
                          *clone = find("clone", ElementType::u16);
    const auto count = static_cast<Index>(state->info.count());
    for (Index i = 0; i < count; ++i) {
      const std::uint8_t code = state->as<std::uint8_t>()[i];
      if (!shown(code)) continue;
      const auto who = clone == nullptr ? std::uint16_t{0} : clone->as<std::uint16_t>()[i];
      add_cell(i, 0.5, {code, oxygen_at(oxygen, i), 0, who});
    }
    add_second_cells(oxygen);
  }

  // As in frames of cells: a quarter of a voxel up.
  void add_second_cells(const Snapshot::Array* oxygen) {
    const Snapshot::Array *places = find("excess_voxel", ElementType::i64),
                          *kind = find("excess_kind", ElementType::u8),
                          *flags = find("excess_flags", ElementType::u16),
                          *clone = find("excess_clone", ElementType::u16);
    if (places == nullptr || kind == nullptr || flags == nullptr) return;
    const auto count = static_cast<Index>(places->info.count());
    for (Index k = 0; k < count; ++k) {
      const Index i = places->as<std::int64_t>()[k];
      const auto code = static_cast<std::uint8_t>(cell_state(
          static_cast<Kind>(kind->as<std::uint8_t>()[k]), flags->as<std::uint16_t>()[k]));
      if (!shown(code)) continue;
      const auto who = clone == nullptr ? std::uint16_t{0} : clone->as<std::uint16_t>()[k];
      add_cell(i, 0.75, {code, oxygen_at(oxygen, i), 0, who});
    }
  }

  void add_vessels(const VesselNetwork& network) {
    for (const Chain& c : chains_of(network)) {
      lines_->InsertNextCell(static_cast<int>(c.nodes.size()));
      for (std::size_t k = 0; k < c.nodes.size(); ++k) {
        const auto& v =
            network
                .segments[static_cast<std::size_t>(c.segments[std::min(k, c.segments.size() - 1)])];
        Mark mark;
        mark.state = static_cast<std::uint8_t>(drawn_state(Kind::vessel));
        mark.oxygen = static_cast<float>(v.oxygen);
        mark.radius = static_cast<float>(v.radius);
        lines_->InsertCellPoint(
            add_point(network.nodes[static_cast<std::size_t>(c.nodes[k])].position, mark));
      }
    }
  }

  const int bits_;
  const WindowPicture* window_ = nullptr;
  std::vector<float> at_, oxygen_, radius_;
  std::vector<std::uint8_t> state_, origin_;
  std::vector<std::uint16_t> clone_;
  std::vector<std::int32_t> number_, organ_;
  vtkNew<vtkCellArray> verts_, lines_;
};

// Of each window its number, lesion, name, and where its box stands.
void add_windows(vtkFieldData* to, const std::vector<WindowPicture>& windows) {
  const auto n = static_cast<vtkIdType>(windows.size());
  auto number = make_array<std::int64_t>("window_number", n),
       lesion = make_array<std::int64_t>("window_lesion", n);
  auto corner = make_array<double>("window_corner", 0), edge = make_array<double>("window_edge", 0);
  std::vector<std::string> names;
  for (const auto& array : {corner, edge}) {
    array->SetNumberOfComponents(3);
    array->SetNumberOfTuples(n);
  }
  for (vtkIdType k = 0; k < n; ++k) {
    const WindowPicture& w = windows[static_cast<std::size_t>(k)];
    number->SetValue(k, w.record.number);
    lesion->SetValue(k, w.record.lesion);
    names.push_back(w.name);
    for (int a = 0; a < 3; ++a) {
      const auto axis = static_cast<std::size_t>(a);
      corner->SetTypedComponent(k, a, w.corner[axis]);
      edge->SetTypedComponent(k, a, w.snapshot.voxels[axis] * w.snapshot.spacing);
    }
  }
  to->AddArray(number);
  to->AddArray(lesion);
  to->AddArray(corner);
  to->AddArray(edge);
  add_text(to, "window_name", names);
}

} // namespace

std::string body_frame(const BodyPicture& body, const OutputParameters& output) {
  BodyPoints points(output.mantissa_bits);
  for (const WindowPicture& w : body.windows) points.add(w, output);
  vtkNew<vtkPolyData> data;
  vtkFieldData* about = data->GetFieldData();
  Snapshot head;
  head.time = body.time;
  head.step = body.step;
  head.hash = body.hash;
  head.spacing = body.windows.empty() ? 0 : body.windows[0].snapshot.spacing;
  add_header(about, head);
  points.write_to(data);
  add_windows(about, body.windows);
  add_text(about, "organ_names", body.organs);
  std::vector<std::string> names;
  for (const Origin origin : origins) names.emplace_back(name_of(origin));
  add_text(about, "origin_names", names);
  add_categories(about, true, false);
  name_active(data->GetPointData(), {"cell_state"});
  return write<vtkXMLPolyDataWriter>(data.Get(), output, "a frame of a body");
}

} // namespace metavox
