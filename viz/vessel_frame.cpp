#include "viz/vessel_frame.hpp"

#include <algorithm>
#include <cmath>

#include <vtkCellArray.h>
#include <vtkCellData.h>
#include <vtkNew.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkXMLPolyDataWriter.h>

#include "core/constants.hpp"
#include "settings/units.hpp"
#include "viz/vessel_lines.hpp"
#include "viz/vtk_io.hpp"

namespace metavox {

using namespace vtk_io;

namespace {

// What has a value per segment. At a node between two of one chain stands the mean of both, so that
// a tube tapers instead of jumping.
struct Real {
  const char *name, *unit;
  double (*of)(const VesselSegment&);
  bool mean; // over the length of a line, as cell data
};
constexpr double um3_per_nl = 1e6;
constexpr Real reals[] = {
    {"radius", "um", [](const VesselSegment& v) { return v.radius; }, true},
    {"flow", "nL/min", [](const VesselSegment& v) { return std::abs(v.flow) / um3_per_nl; }, true},
    {"velocity", "mm/s",
     [](const VesselSegment& v) {
       constexpr double um_per_min = 1.0 / 60000;
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
constexpr Code flags[] = {
    {"perfused", [](const VesselSegment& v) { return v.perfused ? 1 : 0; }},
    {"carries", [](const VesselSegment& v) { return v.carries ? 1 : 0; }},
    {"mature", [](const VesselSegment& v) { return v.mature ? 1 : 0; }},
    {"collapsed", [](const VesselSegment& v) { return v.collapsed ? 1 : 0; }}};
constexpr Code numbers[] = {
    {"generation", [](const VesselSegment& v) { return static_cast<int>(v.generation); }},
    {"sprout", [](const VesselSegment& v) { return static_cast<int>(v.sprout); }}};

// The poly-lines of a network, and what stands at their points.
class VesselLines {
public:
  VesselLines(const Snapshot& s, const VesselNetwork& network, int bits)
      : network_(network), chains_(chains_of(network)),
        spacing_(s.spacing > 0 ? 5 * s.spacing : 100), bits_(bits),
        marked_(network.nodes.size(), 0) {
    make_arrays(s);
    lines_->Use32BitStorage();
    begin_.reserve(chains_.size() + 1);
    for (std::size_t c = 0; c < chains_.size(); ++c) add_line(c);
    begin_.push_back(at_);
    vtkNew<vtkPoints> where;
    where->SetData(position_);
    data_->SetPoints(where);
    data_->SetLines(lines_);
    for (const Code& code : flags) add_codes<std::uint8_t>(code);
    for (const Code& code : numbers) add_codes<std::int32_t>(code);
  }
  vtkPolyData* data() {
    name_active(data_->GetPointData(), {"oxygen"}); // of the blood
    return data_;
  }

private:
  using Reals = std::array<double, real_count>;

  const VesselNode& node(std::int32_t n) const {
    return network_.nodes[static_cast<std::size_t>(n)];
  }
  const VesselSegment& segment(std::int32_t n) const {
    return network_.segments[static_cast<std::size_t>(n)];
  }
  double distance(std::int32_t a, std::int32_t b) const {
    const auto &p = node(a).position, &q = node(b).position;
    return std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
  }
  // Of the segment that ends at node k. Long ones get points in between: tools that clip look at
  // points, and would drop a vessel whose ends lie outside.
  std::size_t parts_of(const Chain& c, std::size_t k) const {
    const double parts = std::ceil(distance(c.nodes[k - 1], c.nodes[k]) / spacing_);
    return static_cast<std::size_t>(std::clamp(parts, 1.0, 1e5));
  }
  vtkIdType count_points() const {
    std::size_t points = 0;
    for (const Chain& c : chains_) {
      points += 1;
      for (std::size_t k = 1; k < c.nodes.size(); ++k) points += parts_of(c, k);
    }
    return static_cast<vtkIdType>(points);
  }

  void make_arrays(const Snapshot& s) {
    total_ = count_points();
    count_ = static_cast<vtkIdType>(chains_.size());
    position_ = make_array<float>("Points", 0);
    position_->SetNumberOfComponents(3);
    position_->SetNumberOfTuples(total_);
    place_ = position_->GetPointer(0);
    vtkFieldData* about = data_->GetFieldData();
    add_header(about, s);
    for (std::size_t r = 0; r < real_count; ++r) {
      auto array = make_array<float>(reals[r].name, total_);
      value_[r] = array->GetPointer(0);
      data_->GetPointData()->AddArray(array);
      if (reals[r].mean) {
        auto mean = make_array<float>(reals[r].name, count_);
        average_[r] = mean->GetPointer(0);
        data_->GetCellData()->AddArray(mean);
      }
      add_unit(about, reals[r].name, reals[r].unit);
    }
    pressure_ = make_array<float>("pressure", total_);
    tip_ = make_array<std::uint8_t>("tip", total_);
    node_ = make_array<std::int64_t>("node", total_);
    length_ = make_array<float>("length", count_);
    data_->GetPointData()->AddArray(pressure_);
    data_->GetPointData()->AddArray(tip_);
    data_->GetPointData()->AddArray(node_);
    data_->GetCellData()->AddArray(length_);
    for (const auto& [name, unit] :
         {std::pair{"pressure", "mmHg"}, {"tip", "1"}, {"node", "1"}, {"length", "um"}})
      add_unit(about, name, unit);
  }

  void add_line(std::size_t c) {
    const Chain& chain = chains_[c];
    const std::size_t pieces = chain.segments.size();
    begin_.push_back(at_);
    double um = 0;
    Reals sum{}, last{};
    here_.assign(pieces + 1, {});
    for (std::size_t k = 0; k < pieces; ++k) {
      const VesselSegment& v = segment(chain.segments[k]);
      const double piece = distance(chain.nodes[k], chain.nodes[k + 1]);
      um += piece;
      for (std::size_t r = 0; r < real_count; ++r) {
        const double now = reals[r].of(v);
        sum[r] += now * piece;
        here_[k][r] = k == 0 ? now : 0.5 * (last[r] + now);
        last[r] = now;
      }
    }
    here_[pieces] = last;
    for (std::size_t k = 0; k < pieces; ++k) {
      add_point(chain, k, 0, chain.nodes[k]);
      const std::size_t parts = parts_of(chain, k + 1);
      for (std::size_t n = 1; n < parts; ++n)
        add_point(chain, k, static_cast<double>(n) / static_cast<double>(parts), -1);
    }
    add_point(chain, pieces, 0, chain.nodes[pieces]);
    lines_->InsertNextCell(static_cast<int>(at_ - begin_.back()));
    for (vtkIdType n = begin_.back(); n < at_; ++n) lines_->InsertCellPoint(n);
    length_->SetValue(static_cast<vtkIdType>(c), static_cast<float>(um));
    for (std::size_t r = 0; r < real_count; ++r)
      if (average_[r] != nullptr)
        average_[r][c] = round_mantissa(static_cast<float>(um > 0 ? sum[r] / um : last[r]), bits_);
  }

  // A point t of the way from node k of the chain to the next; `number`: of the node, -1 between
  // two.
  void add_point(const Chain& chain, std::size_t k, double t, std::int64_t number) {
    const std::size_t n = std::min(k + 1, chain.segments.size());
    const VesselNode &a = node(chain.nodes[k]), &b = node(chain.nodes[n]);
    const auto between = [&](double x, double y) { return t > 0 ? x + t * (y - x) : x; };
    const auto shown = [&](double x) { return round_mantissa(static_cast<float>(x), bits_); };
    for (std::size_t d = 0; d < 3; ++d)
      *place_++ = static_cast<float>(between(a.position[d], b.position[d]));
    for (std::size_t r = 0; r < real_count; ++r)
      value_[r][at_] = shown(between(here_[k][r], here_[n][r]));
    pressure_->SetValue(at_, shown(between(a.pressure, b.pressure)));
    char* fresh = number >= 0 && a.tip ? &marked_[static_cast<std::size_t>(number)] : nullptr;
    tip_->SetValue(at_, fresh != nullptr && *fresh == 0 ? 1 : 0);
    if (fresh != nullptr) *fresh = 1;
    node_->SetValue(at_, number);
    ++at_;
  }

  template <class T>
  void add_codes(const Code& code) {
    auto per_point = make_array<T>(code.name, total_), per_line = make_array<T>(code.name, count_);
    for (std::size_t c = 0; c < chains_.size(); ++c) {
      const auto it = static_cast<T>(code.of(segment(chains_[c].segments[0])));
      per_line->SetValue(static_cast<vtkIdType>(c), it);
      std::fill(per_point->GetPointer(begin_[c]), per_point->GetPointer(begin_[c + 1]), it);
    }
    data_->GetPointData()->AddArray(per_point);
    data_->GetCellData()->AddArray(per_line);
    add_unit(data_->GetFieldData(), code.name, "1");
  }

  const VesselNetwork& network_;
  const std::vector<Chain> chains_;
  const double spacing_; // um, of points
  const int bits_;
  vtkIdType total_ = 0, count_ = 0; // points, lines
  vtkNew<vtkPolyData> data_;
  vtkNew<vtkCellArray> lines_;
  vtkSmartPointer<VtkArray<float>> position_, pressure_, length_;
  vtkSmartPointer<VtkArray<std::uint8_t>> tip_;
  vtkSmartPointer<VtkArray<std::int64_t>> node_;
  float* place_ = nullptr;
  std::array<float*, real_count> value_{}, average_{};
  vtkIdType at_ = 0;
  std::vector<vtkIdType> begin_; // of each line in the points
  std::vector<char> marked_;     // a tip counts once, however many lines meet
  std::vector<Reals> here_;      // per node of the chain
};

} // namespace

std::string vessels_frame(const Snapshot& s, const OutputParameters& output) {
  const VesselNetwork none;
  VesselLines lines(s, s.vessels ? *s.vessels : none, output.mantissa_bits);
  return write<vtkXMLPolyDataWriter>(lines.data(), output, "the vessels of a frame");
}

} // namespace metavox
