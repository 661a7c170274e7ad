// Frames are read back with VTK's own readers. Built only together with VTK; tests/read_frames.py
// checks whole run folders.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <set>

#include <gtest/gtest.h>
#include <unistd.h>
#include <vtkCellArray.h>
#include <vtkCellData.h>
#include <vtkDataArray.h>
#include <vtkDoubleArray.h>
#include <vtkFieldData.h>
#include <vtkImageData.h>
#include <vtkNew.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkSmartPointer.h>
#include <vtkStringArray.h>
#include <vtkXMLImageDataReader.h>
#include <vtkXMLImageDataWriter.h>
#include <vtkXMLPolyDataReader.h>
#include <vtkXMLPolyDataWriter.h>
#include <vtkXMLWriter.h>

#include "body/body_config.hpp"
#include "input/inputs.hpp"
#include "input/vtk_reader.hpp"
#include "record/frame_bytes.hpp"
#include "site/config.hpp"
#include "site/site.hpp"
#include "viz/body_frame.hpp"
#include "viz/cell_frame.hpp"
#include "viz/field_frame.hpp"
#include "viz/frame_axes.hpp"
#include "viz/mantissa.hpp"
#include "viz/pvd.hpp"
#include "viz/scene_state.hpp"
#include "viz/vessel_frame.hpp"
#include "voxel/kind.hpp"

namespace metavox {
namespace {

OutputParameters plain_output() {
  OutputParameters o{};
  o.fields = o.cells = o.vessels = true;
  o.stride = 1;
  o.compression = Compression::lz4;
  o.mantissa_bits = 23;
  return o;
}

template <class T>
Snapshot::Array array_of(const char* name, const char* unit, ElementType type,
                         std::array<std::int64_t, 3> extents, double spacing,
                         const std::vector<T>& values) {
  Snapshot::Array a;
  a.info.name = name;
  a.info.unit = unit;
  a.info.type = type;
  a.info.extents = extents;
  a.info.spacing = spacing;
  a.data.resize(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(a.data.data(), values.data(), a.data.size());
  return a;
}

// 10 x 7 x 5 voxels of 20 um; `matrix` holds the voxel's index, `oxygen` that of its voxel on a
// lattice twice as coarse.
Snapshot small_snapshot() {
  Snapshot s;
  s.time = 3 * 1440.0 + 720;
  s.step = 840;
  s.hash = 0x00000000deadbeefULL;
  s.voxels = {10, 7, 5};
  s.spacing = 20;
  std::vector<std::uint8_t> kind(350), state(350);
  std::vector<std::uint16_t> clock(350), clone(350);
  std::vector<float> matrix(350), oxygen(5 * 4 * 3);
  for (std::size_t i = 0; i < 350; ++i) {
    kind[i] = static_cast<std::uint8_t>(i % 9); // none ... vessel
    state[i] = kind[i] == 8 ? 11 : kind[i] == 0 ? 0 : 3;
    clock[i] = static_cast<std::uint16_t>(16384 + 64 * i);
    clone[i] = static_cast<std::uint16_t>(i);
    matrix[i] = static_cast<float>(i);
  }
  for (std::size_t i = 0; i < oxygen.size(); ++i) oxygen[i] = static_cast<float>(i);
  s.arrays.push_back(array_of("kind", "1", ElementType::u8, {10, 7, 5}, 20, kind));
  s.arrays.push_back(array_of("clock", "1", ElementType::u16, {10, 7, 5}, 20, clock));
  s.arrays.push_back(array_of("clone", "1", ElementType::u16, {10, 7, 5}, 20, clone));
  s.arrays.push_back(array_of("oxygen", "mmHg", ElementType::f32, {5, 4, 3}, 40, oxygen));
  s.arrays.push_back(array_of("matrix", "1", ElementType::f32, {10, 7, 5}, 20, matrix));
  s.arrays.push_back(array_of("cell_state", "1", ElementType::u8, {10, 7, 5}, 20, state));
  s.arrays.push_back(array_of("counters", "1", ElementType::i64, {4, 1, 1}, 0,
                              std::vector<std::int64_t>{1, 2, 3, 4}));
  return s;
}

class Frames : public ::testing::Test {
protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              ("metavox_vtk_" + std::string(test->name()) + "_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path store(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return folder_ / name;
  }
  vtkSmartPointer<vtkImageData> image(const std::string& content) const {
    vtkNew<vtkXMLImageDataReader> reader;
    reader->SetFileName(store("frame.vti", content).c_str());
    reader->Update();
    EXPECT_EQ(reader->GetErrorCode(), 0u);
    return reader->GetOutput();
  }
  vtkSmartPointer<vtkPolyData> poly(const std::string& content) const {
    vtkNew<vtkXMLPolyDataReader> reader;
    reader->SetFileName(store("frame.vtp", content).c_str());
    reader->Update();
    EXPECT_EQ(reader->GetErrorCode(), 0u);
    return reader->GetOutput();
  }
  std::filesystem::path folder_;
};

std::string text(vtkDataObject* data, const char* name) {
  auto* a = vtkStringArray::SafeDownCast(data->GetFieldData()->GetAbstractArray(name));
  return a == nullptr || a->GetNumberOfValues() == 0 ? "(missing)" : std::string(a->GetValue(0));
}

std::string error_of(const std::filesystem::path& file, const std::string& array,
                     std::array<int, 3> voxels) {
  try {
    read_vti_array(file, array, voxels);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "(no error)";
}

bool contains(const std::string& all, const std::string& part) {
  return all.find(part) != std::string::npos;
}

TEST(RoundMantissa, KeepsWhatItMustAndRoundsHalfToEven) {
  EXPECT_EQ(round_mantissa(1.2345678f, 23), 1.2345678f);
  EXPECT_EQ(round_mantissa(1.0f + 0x1p-8f, 7), 1.0f);               // half way, even below
  EXPECT_EQ(round_mantissa(1.0f + 3 * 0x1p-8f, 7), 1.0f + 0x1p-6f); // half way, even above
  EXPECT_EQ(round_mantissa(1.0f + 0x1p-8f + 0x1p-20f, 7), 1.0f + 0x1p-7f);
  EXPECT_EQ(round_mantissa(-1.99999f, 7), -2.0f); // carries into the exponent
  EXPECT_EQ(round_mantissa(0.0f, 7), 0.0f);
  EXPECT_TRUE(std::signbit(round_mantissa(-0.0f, 7)));
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(round_mantissa(inf, 7), inf);
  EXPECT_EQ(round_mantissa(-inf, 7), -inf);
  EXPECT_TRUE(std::isnan(round_mantissa(std::numeric_limits<float>::quiet_NaN(), 7)));
  EXPECT_TRUE(std::isfinite(round_mantissa(std::numeric_limits<float>::max(), 7)));
  for (float v = 1e-6f; v < 1e6f; v *= 1.37f) {
    std::uint32_t u;
    const float r = round_mantissa(v, 9);
    std::memcpy(&u, &r, sizeof u);
    EXPECT_EQ(u & 0x3fffu, 0u);
    EXPECT_LE(std::abs(r - v), v * 0x1p-10f);
    EXPECT_EQ(round_mantissa(r, 9), r);
  }
}

TEST(FrameAxes, RegionAndStride) {
  OutputParameters o = plain_output();
  auto a = frame_axes({10, 7, 5}, 20, o);
  EXPECT_EQ(a[0].first, 0);
  EXPECT_EQ(a[0].count, 10);
  EXPECT_EQ(a[2].count, 5);
  EXPECT_EQ(a[0].origin, 0);
  o.region_from = {40, 20, 0};
  o.region_to = {120, 60.5, 100};
  a = frame_axes({10, 7, 5}, 20, o);
  EXPECT_EQ(a[0].first, 2);
  EXPECT_EQ(a[0].count, 4); // 40..120 um: its end lies on a face and touches no further voxel
  EXPECT_EQ(a[1].first, 1);
  EXPECT_EQ(a[1].count, 3); // 60.5 um reaches into voxel 3
  EXPECT_EQ(a[0].origin, 2);
  o = plain_output();
  o.stride = 3;
  a = frame_axes({10, 7, 5}, 20, o);
  EXPECT_EQ(a[0].first, 1); // the middle of the first block of three
  EXPECT_EQ(a[0].count, 3); // 1 4 7
  EXPECT_EQ(a[0].origin, 0);
  EXPECT_EQ(a[2].count, 2); // 1 4
  o.stride = 50;
  a = frame_axes({10, 7, 5}, 20, o);
  EXPECT_EQ(a[0].count, 1);
  EXPECT_EQ(a[0].first, 9);
  o = plain_output();
  o.region_from = {500, 0, 0};
  o.region_to = {600, 100, 100};
  EXPECT_THROW(frame_axes({10, 7, 5}, 20, o), std::runtime_error);
}

TEST_F(Frames, AppendedDataStandsWhereParaViewSurvivesIt) {
  Snapshot s = small_snapshot();
  auto net = std::make_shared<VesselNetwork>();
  net->nodes = {{{0, 0, 0}}, {{50, 0, 0}}};
  net->segments = {{0, 1, 5, true}};
  for (int names = 0; names < 60; ++names) { // headers of many lengths
    for (const std::string& file : {fields_frame(s, plain_output()), cells_frame(s, plain_output()),
                                    vessels_frame(s, plain_output())}) {
      const std::size_t tag = file.find("<AppendedData");
      ASSERT_NE(tag, std::string::npos);
      ASSERT_EQ(tag % 4096, 4078u);
      for (std::size_t open = file.find('<'); open < tag; open = file.find('<', open + 1))
        ASSERT_LT(file.find('>', open) - open, 512u);
    }
    if (names == 30) s.vessels = net;
    s.arrays.push_back(
        array_of(("extra" + std::string(static_cast<std::size_t>(names), 'x')).c_str(), "1",
                 ElementType::u8, {10, 7, 5}, 20, std::vector<std::uint8_t>(350)));
  }
  const auto read = image(fields_frame(s, plain_output()));
  EXPECT_EQ(read->GetCellData()->GetNumberOfArrays(), 4 + 60);
}

TEST_F(Frames, FieldsAreCellDataOnTheLattice) {
  const Snapshot s = small_snapshot();
  for (const Compression c : {Compression::none, Compression::lz4, Compression::zlib}) {
    OutputParameters o = plain_output();
    o.compression = c;
    const auto data = image(fields_frame(s, o));
    int n[3];
    data->GetDimensions(n);
    EXPECT_EQ(n[0], 11);
    EXPECT_EQ(n[1], 8);
    EXPECT_EQ(n[2], 6);
    EXPECT_EQ(data->GetSpacing()[1], 20);
    EXPECT_EQ(data->GetOrigin()[2], 0);
    auto* cells = data->GetCellData();
    EXPECT_EQ(cells->GetNumberOfArrays(), 4); // neither clock, clone nor the counters
    ASSERT_NE(cells->GetArray("matrix"), nullptr);
    EXPECT_EQ(cells->GetArray("matrix")->GetDataType(), VTK_FLOAT);
    EXPECT_EQ(cells->GetArray("cell_state")->GetDataType(), VTK_UNSIGNED_CHAR);
    for (int i = 0; i < 350; ++i) {
      EXPECT_EQ(cells->GetArray("matrix")->GetTuple1(i), i);
      const int x = i % 10, y = i / 10 % 7, z = i / 70;
      EXPECT_EQ(cells->GetArray("oxygen")->GetTuple1(i), (z / 2 * 4 + y / 2) * 5 + x / 2);
    }
    EXPECT_EQ(text(data, "oxygen_unit"), "mmHg");
    EXPECT_EQ(text(data, "state_hash"), "00000000deadbeef");
    EXPECT_EQ(data->GetFieldData()->GetArray("TimeValue")->GetTuple1(0), 3.5);
    EXPECT_EQ(data->GetFieldData()->GetArray("step")->GetTuple1(0), 840);
    auto* names =
        vtkStringArray::SafeDownCast(data->GetFieldData()->GetAbstractArray("category_names"));
    ASSERT_NE(names, nullptr);
    ASSERT_EQ(names->GetNumberOfValues(), cell_state_count);
    for (const StateRow& row : state_rows)
      EXPECT_EQ(std::string(names->GetValue(row.code)), row.name);
  }
}

TEST_F(Frames, RegionStrideAndRoundingReachTheFile) {
  const Snapshot s = small_snapshot();
  OutputParameters o = plain_output();
  o.arrays = {"matrix", "clone"};
  o.region_from = {40, 20, 0};
  o.region_to = {180, 140, 100};
  o.stride = 2;
  o.mantissa_bits = 3;
  const auto data = image(fields_frame(s, o));
  EXPECT_EQ(data->GetCellData()->GetNumberOfArrays(), 2);
  int n[3];
  data->GetDimensions(n);
  EXPECT_EQ(n[0] - 1, 4); // voxels 2 4 6 8
  EXPECT_EQ(n[1] - 1, 3); // 1 3 5
  EXPECT_EQ(n[2] - 1, 3); // 0 2 4
  EXPECT_EQ(data->GetSpacing()[0], 40);
  vtkIdType i = 0;
  for (int z = 0; z < 5; z += 2)
    for (int y = 1; y < 7; y += 2)
      for (int x = 2; x < 9; x += 2, ++i) {
        const int voxel = (z * 7 + y) * 10 + x;
        EXPECT_EQ(data->GetCellData()->GetArray("clone")->GetTuple1(i), voxel);
        EXPECT_EQ(data->GetCellData()->GetArray("matrix")->GetTuple1(i),
                  round_mantissa(static_cast<float>(voxel), 3));
        double b[6];
        data->GetCellBounds(i, b); // the VTK cell is centred on the voxel it shows
        EXPECT_DOUBLE_EQ(0.5 * (b[0] + b[1]), (x + 0.5) * 20);
        EXPECT_DOUBLE_EQ(0.5 * (b[4] + b[5]), (z + 0.5) * 20);
      }
  o.arrays = {"oxigen"};
  try {
    fields_frame(s, o);
    FAIL();
  } catch (const std::runtime_error& e) {
    EXPECT_TRUE(contains(e.what(), "oxigen") && contains(e.what(), "oxygen")) << e.what();
  }
}

TEST_F(Frames, ACellIsAPointWithAVert) {
  const Snapshot s = small_snapshot();
  OutputParameters o = plain_output();
  o.stride = 4; // thins fields, never cells
  const auto data = poly(cells_frame(s, o));
  int wanted = 0;
  for (int i = 0; i < 350; ++i) wanted += i % 9 != 0 && i % 9 != 8;
  EXPECT_EQ(data->GetNumberOfPoints(), wanted);
  EXPECT_EQ(data->GetNumberOfVerts(), wanted);
  EXPECT_EQ(data->GetNumberOfCells(), wanted);
  auto* points = data->GetPointData();
  for (const char* name : {"cell_state", "kind", "phase", "clone", "oxygen"}) {
    ASSERT_NE(points->GetArray(name), nullptr) << name;
    EXPECT_NE(text(data, (std::string(name) + "_unit").c_str()), "(missing)") << name;
  }
  EXPECT_EQ(points->GetArray("clock"), nullptr);
  for (vtkIdType p = 0; p < wanted; ++p) {
    const auto voxel = static_cast<int>(points->GetArray("clone")->GetTuple1(p));
    const int x = voxel % 10, y = voxel / 10 % 7, z = voxel / 70;
    double at[3];
    data->GetPoint(p, at);
    EXPECT_EQ(at[0], 20 * x + 10);
    EXPECT_EQ(at[1], 20 * y + 10);
    EXPECT_EQ(at[2], 20 * z + 10);
    EXPECT_EQ(points->GetArray("kind")->GetTuple1(p), voxel % 9);
    EXPECT_FLOAT_EQ(static_cast<float>(points->GetArray("phase")->GetTuple1(p)),
                    64.0f * static_cast<float>(voxel) / 32768);
    EXPECT_EQ(points->GetArray("oxygen")->GetTuple1(p), (z / 2 * 4 + y / 2) * 5 + x / 2);
  }
  o.region_from = {0, 0, 0};
  o.region_to = {200, 140, 20};
  EXPECT_LT(poly(cells_frame(s, o))->GetNumberOfPoints(), 70);
}

// A voxel that holds two cells shows both.
TEST_F(Frames, SecondCellsArePointsBesideTheFirst) {
  Snapshot s = small_snapshot();
  const std::int64_t standing = poly(cells_frame(s, plain_output()))->GetNumberOfPoints();
  using Values16 = std::vector<std::uint16_t>;
  const auto list = [&](const char* name, ElementType type, const auto& values) {
    s.arrays.push_back(array_of(name, "1", type, {3, 1, 1}, 0, values));
  };
  const int home = (2 * 7 + 3) * 10 + 4;
  list("excess_voxel", ElementType::i64, std::vector<std::int64_t>{home, 9, 349});
  list("excess_kind", ElementType::u8,
       std::vector<std::uint8_t>{static_cast<std::uint8_t>(Kind::epithelial),
                                 static_cast<std::uint8_t>(Kind::stroma),
                                 static_cast<std::uint8_t>(Kind::necrotic)});
  list("excess_flags", ElementType::u16, Values16{flag_hypoxic, 0, 0});
  list("excess_clock", ElementType::u16, Values16{16384 + 8192, 16384, 16384});
  list("excess_clone", ElementType::u16, Values16{1001, 1002, 1003});
  const auto data = poly(cells_frame(s, plain_output()));
  ASSERT_EQ(data->GetNumberOfPoints(), standing + 3);
  EXPECT_EQ(data->GetNumberOfVerts(), standing + 3);
  auto* points = data->GetPointData();
  for (vtkIdType p = 0; p < standing; ++p)
    EXPECT_EQ(points->GetArray("second")->GetTuple1(p), 0) << p;
  double at[3];
  data->GetPoint(standing, at);
  EXPECT_EQ(at[0], 4 * 20 + 15);
  EXPECT_EQ(at[1], 3 * 20 + 15);
  EXPECT_EQ(at[2], 2 * 20 + 15);
  EXPECT_EQ(points->GetArray("second")->GetTuple1(standing), 1);
  EXPECT_EQ(points->GetArray("kind")->GetTuple1(standing), static_cast<int>(Kind::epithelial));
  EXPECT_EQ(points->GetArray("cell_state")->GetTuple1(standing),
            static_cast<int>(CellState::hypoxic));
  EXPECT_EQ(points->GetArray("cell_state")->GetTuple1(standing + 2),
            static_cast<int>(drawn_state(Kind::necrotic)));
  EXPECT_EQ(points->GetArray("phase")->GetTuple1(standing), 0.25);
  EXPECT_EQ(points->GetArray("clone")->GetTuple1(standing + 1), 1002);
  EXPECT_EQ(points->GetArray("oxygen")->GetTuple1(standing), (1 * 4 + 1) * 5 + 2);

  OutputParameters part = plain_output();
  part.region_from = {80, 60, 40};
  part.region_to = {100, 80, 60};
  const auto one = poly(cells_frame(s, part));
  EXPECT_EQ(one->GetNumberOfPoints(), 2); // who stands there, and the second
}

TEST_F(Frames, MissingArraysAreLeftOut) {
  Snapshot s = small_snapshot();
  Snapshot bare;
  bare.voxels = s.voxels;
  bare.spacing = s.spacing;
  bare.arrays.push_back(*s.find("cell_state"));
  const auto data = poly(cells_frame(bare, plain_output()));
  EXPECT_GT(data->GetNumberOfPoints(), 0);
  EXPECT_EQ(data->GetPointData()->GetNumberOfArrays(), 1);
  bare.arrays.clear();
  EXPECT_THROW(cells_frame(bare, plain_output()), std::runtime_error);
}

TEST_F(Frames, ALatticeWithoutCellsGivesAValidFile) {
  Snapshot s = small_snapshot();
  for (Snapshot::Array& a : s.arrays)
    if (a.info.name == "kind") std::fill(a.data.begin(), a.data.end(), std::byte{0});
  EXPECT_EQ(poly(cells_frame(s, plain_output()))->GetNumberOfPoints(), 0);
}

std::vector<double> values_of(vtkDataSetAttributes* from, const char* name) {
  std::vector<double> values;
  vtkDataArray* array = from->GetArray(name);
  EXPECT_NE(array, nullptr) << name;
  for (vtkIdType i = 0; array != nullptr && i < array->GetNumberOfTuples(); ++i)
    values.push_back(array->GetTuple1(i));
  return values;
}

// The nodes of each line, in the order of its points.
std::vector<std::vector<int>> nodes_of_lines(vtkPolyData* data) {
  const std::vector<double> node = values_of(data->GetPointData(), "node");
  std::vector<std::vector<int>> lines;
  for (vtkIdType c = 0; c < data->GetNumberOfCells(); ++c) {
    vtkIdType count;
    const vtkIdType* ids;
    data->GetCellPoints(c, count, ids);
    lines.emplace_back();
    for (vtkIdType i = 0; i < count; ++i)
      lines.back().push_back(static_cast<int>(node[static_cast<std::size_t>(ids[i])]));
  }
  return lines;
}

using Lines = std::vector<std::vector<int>>;
using Values = std::vector<double>;

TEST_F(Frames, VesselsAreJoinedIntoPolyLines) {
  Snapshot s = small_snapshot();
  EXPECT_EQ(poly(vessels_frame(s, plain_output()))->GetNumberOfCells(), 0);
  // A Y: 0-1-2 and two branches 2-3, 2-4-5; the last piece is not perfused. And a ring 6-7-8.
  auto net = std::make_shared<VesselNetwork>();
  for (int i = 0; i < 9; ++i)
    net->nodes.push_back({{10.0 * i, i == 3 ? 40.0 : 0.0, i > 5 && i % 2 ? 7.0 : 0.0}});
  net->segments = {{0, 1, 8, true},  {2, 1, 6, true}, {2, 3, 4, true}, {2, 4, 5, true},
                   {4, 5, 5, false}, {6, 7, 3, true}, {7, 8, 3, true}, {8, 6, 3, true}};
  s.vessels = net;
  const auto data = poly(vessels_frame(s, plain_output()));
  EXPECT_EQ(nodes_of_lines(data), (Lines{{0, 1, 2}, {2, 3}, {2, 4}, {4, 5}, {6, 7, 8, 6}}));
  EXPECT_EQ(data->GetNumberOfPoints(), 3 + 2 + 2 + 2 + 4); // none shared between lines
  const Values radius = values_of(data->GetPointData(), "radius");
  EXPECT_EQ(radius[0], 8);
  EXPECT_EQ(radius[1], 7); // between 8 and 6
  EXPECT_EQ(radius[2], 6);
  EXPECT_EQ(values_of(data->GetCellData(), "perfused"), (Values{1, 1, 1, 0, 1}));
  const Values length = values_of(data->GetCellData(), "length");
  EXPECT_NEAR(length[0], 20, 1e-4);
  EXPECT_NEAR(length[1], std::hypot(10, 40), 1e-4);
  EXPECT_NEAR(length[4], 2 * std::hypot(10, 7) + 20, 1e-4);
  EXPECT_EQ(values_of(data->GetCellData(), "radius")[0], 7); // mean over the length
  for (const auto& [name, unit] : {std::pair{"radius", "um"},
                                   {"flow", "nL/min"},
                                   {"velocity", "mm/s"},
                                   {"shear", "dyn/cm^2"},
                                   {"pressure", "mmHg"},
                                   {"haematocrit", "1"},
                                   {"oxygen", "mmHg"},
                                   {"age", "day"},
                                   {"length", "um"},
                                   {"tip", "1"},
                                   {"perfused", "1"},
                                   {"carries", "1"},
                                   {"generation", "1"},
                                   {"sprout", "1"},
                                   {"mature", "1"},
                                   {"collapsed", "1"},
                                   {"node", "1"}})
    EXPECT_EQ(text(data, (std::string(name) + "_unit").c_str()), unit) << name;
}

TEST_F(Frames, VesselsBreakWhereTheirClassChanges) {
  const std::vector<void (*)(VesselSegment&)> changes = {
      [](VesselSegment& v) { v.perfused = false; },
      [](VesselSegment& v) { v.generation = 2; },
      [](VesselSegment& v) { v.sprout = 5; },
      [](VesselSegment& v) { v.mature = false; },
      [](VesselSegment& v) { v.collapsed = true; },
      [](VesselSegment& v) { v.carries = true; },
      [](VesselSegment&) {}};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    VesselNetwork net;
    for (int n = 0; n < 4; ++n) net.nodes.push_back({{10.0 * n, 0, 0}});
    net.segments = {{0, 1, 5, true}, {1, 2, 5, true}, {2, 3, 5, true}};
    changes[i](net.segments[1]);
    Snapshot s = small_snapshot();
    s.vessels = std::make_shared<VesselNetwork>(net);
    const auto data = poly(vessels_frame(s, plain_output()));
    const bool breaks = i + 1 < changes.size();
    EXPECT_EQ(nodes_of_lines(data),
              breaks ? (Lines{{0, 1}, {1, 2}, {2, 3}}) : (Lines{{0, 1, 2, 3}}))
        << i;
  }
  // So do ends in the middle of a line, where blood enters or a sprout buds.
  for (int how = 0; how < 2; ++how) {
    VesselNetwork net;
    for (int n = 0; n < 3; ++n) net.nodes.push_back({{10.0 * n, 0, 0}});
    net.segments = {{0, 1, 5, true}, {1, 2, 5, true}};
    if (how == 0) net.nodes[1].end = VesselEnd::inlet;
    if (how == 1) net.nodes[1].tip = true;
    Snapshot s = small_snapshot();
    s.vessels = std::make_shared<VesselNetwork>(net);
    const auto data = poly(vessels_frame(s, plain_output()));
    // A tip counts once, in the first line that holds it; lines without flow lead to it.
    EXPECT_EQ(nodes_of_lines(data), how == 1 ? (Lines{{0, 1}, {2, 1}}) : (Lines{{0, 1}, {1, 2}}));
    EXPECT_EQ(values_of(data->GetPointData(), "tip"), (Values{0, how == 1 ? 1.0 : 0.0, 0, 0}));
  }
}

TEST_F(Frames, VesselsFollowTheBlood) {
  // 0-1-2 flows backwards, a sprout 1-3-4 has no flow and its tip has the lower number.
  VesselNetwork net;
  for (int n = 0; n < 3; ++n) net.nodes.push_back({{20.0 * n, 0, 0}});
  net.nodes.push_back({{20, 20, 0}});
  net.nodes.push_back({{20, 40, 0}});
  for (std::size_t n = 0; n < 5; ++n) net.nodes[n].pressure = 10.0 + static_cast<double>(n);
  std::swap(net.nodes[0], net.nodes[4]); // 4-1-2 is the vessel, 1-3-0 the sprout
  net.nodes[0].tip = true;
  VesselSegment a{4, 1, 8, true}, b{1, 2, 4, true}, c{1, 3, 5, false}, d{3, 0, 5, false};
  a.flow = -3e6;
  b.flow = -3e6;
  a.carries = true;
  a.shear = 12;
  a.haematocrit = 0.5;
  a.oxygen = 80;
  a.age = 2880;
  c.generation = d.generation = 1;
  c.sprout = d.sprout = 7;
  c.mature = d.mature = false;
  net.segments = {a, b, c, d};
  Snapshot s = small_snapshot();
  s.vessels = std::make_shared<VesselNetwork>(net);
  const auto data = poly(vessels_frame(s, plain_output()));
  // Chains are found from their lowest end; the sprout leads to its tip.
  EXPECT_EQ(nodes_of_lines(data), (Lines{{1, 3, 0}, {1, 4}, {2, 1}}));
  auto* points = data->GetPointData();
  EXPECT_EQ(values_of(points, "tip"), (Values{0, 0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(values_of(points, "flow"), (Values{0, 0, 0, 3, 3, 3, 3}));
  EXPECT_EQ(values_of(points, "pressure"), (Values{11, 13, 14, 11, 10, 12, 11}));
  EXPECT_EQ(values_of(points, "shear")[3], 12);
  EXPECT_EQ(values_of(points, "haematocrit")[4], 0.5);
  EXPECT_EQ(values_of(points, "oxygen")[4], 80);
  EXPECT_EQ(values_of(points, "age")[4], 2);
  EXPECT_NEAR(values_of(points, "velocity")[4], 3e6 / (3.14159265 * 64) / 60000, 1e-5);
  EXPECT_EQ(values_of(points, "perfused"), (Values{0, 0, 0, 1, 1, 1, 1}));
  EXPECT_EQ(values_of(points, "carries"), (Values{0, 0, 0, 1, 1, 0, 0}));
  EXPECT_EQ(values_of(data->GetCellData(), "carries"), (Values{0, 1, 0}));
  EXPECT_EQ(values_of(data->GetCellData(), "flow"), (Values{0, 3, 3}));
  EXPECT_EQ(values_of(data->GetCellData(), "generation"), (Values{1, 0, 0}));
  EXPECT_EQ(values_of(data->GetCellData(), "sprout"), (Values{7, 0, 0}));
  EXPECT_EQ(values_of(data->GetCellData(), "mature"), (Values{0, 1, 1}));
  EXPECT_EQ(values_of(data->GetCellData(), "collapsed"), (Values{0, 0, 0}));
}

TEST_F(Frames, LongVesselsHavePointsInBetween) {
  VesselNetwork net;
  net.nodes = {{{0, 10, 0}}, {{450, 10, 0}}};
  net.nodes[0].pressure = 50;
  net.segments = {{0, 1, 5, true}};
  Snapshot s = small_snapshot();
  s.vessels = std::make_shared<VesselNetwork>(net);
  const auto data = poly(vessels_frame(s, plain_output()));
  EXPECT_EQ(nodes_of_lines(data), (Lines{{0, -1, -1, -1, -1, 1}})); // at most five voxels apart
  EXPECT_EQ(values_of(data->GetPointData(), "pressure"), (Values{50, 40, 30, 20, 10, 0}));
  EXPECT_EQ(data->GetPoint(2)[0], 180);
}

// What the program draws of vessels, it reads again.
TEST_F(Frames, VesselsComeBackFromAFrame) {
  Snapshot s = small_snapshot();
  auto net = std::make_shared<VesselNetwork>();
  for (const std::array<double, 3>& at : {std::array<double, 3>{0, 70, 50},
                                          {50, 70, 50},
                                          {100, 20, 50},
                                          {100, 120, 50},
                                          {200, 70, 50}})
    net->nodes.push_back({at});
  net->segments = {
      {0, 1, 8, true}, {1, 2, 8, true}, {1, 3, 8, true}, {2, 4, 8, true}, {3, 4, 8, true}};
  s.vessels = net;
  const VesselFile file =
      read_vessel_polylines(store("vessels.vtp", vessels_frame(s, plain_output())));
  EXPECT_FALSE(file.is_text);
  double before = 0, after = 0;
  const auto length = [](const std::array<double, 3>& a, const std::array<double, 3>& b) {
    return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
  };
  for (const VesselSegment& v : net->segments)
    before += length(net->nodes[static_cast<std::size_t>(v.from)].position,
                     net->nodes[static_cast<std::size_t>(v.to)].position);
  for (const VesselFile::Stretch& v : file.stretches) {
    const auto& a = file.points[static_cast<std::size_t>(v.from)];
    const auto& b = file.points[static_cast<std::size_t>(v.to)];
    EXPECT_EQ(a.radius, 8);
    EXPECT_EQ(b.radius, 8);
    after += length(a.position, b.position);
  }
  EXPECT_NEAR(after, before, 1e-4);

  const Parameters p = read_config_text("domain: {voxels: [10, 7, 5], spacing: 20 um}\n"
                                        "vessels: {pattern: file, file: vessels.vtp, ends: "
                                        "[{role: inlet, face: -x}, {role: outlet, face: +x}]}\n",
                                        folder_ / "case.yaml", {"vessels.pattern=file"})
                           .parameters;
  // Its end on the right joins two vessels, so no free end is there.
  try {
    read_inputs(p);
    ADD_FAILURE() << "accepted";
  } catch (const ConfigError& e) {
    EXPECT_TRUE(contains(e.what(), "within one voxel of face +x")) << e.what();
  }
}

TEST_F(Frames, PolyLinesOfOtherTools) {
  vtkNew<vtkPoints> points;
  points->SetDataTypeToDouble();
  const double places[][3] = {
      {0, 70, 50}, {100, 70, 50}, {200, 20, 50}, {100, 70, 50}, {200, 120, 50}};
  for (const auto& at : places) points->InsertNextPoint(at);
  vtkNew<vtkCellArray> lines, verts;
  lines->InsertNextCell({0, 1, 2});
  lines->InsertNextCell({3, 4});
  verts->InsertNextCell({0}); // its radius stands before those of the lines
  vtkNew<vtkDoubleArray> radius, end;
  radius->SetName("radius");
  for (const double r : {99.0, 6.0, 4.0}) radius->InsertNextValue(r);
  end->SetName("end");
  for (const double e : {1.0, 0.0, 2.0, 0.0, 2.0}) end->InsertNextValue(e);
  vtkNew<vtkStringArray> name;
  name->SetName("name");
  for (const char* n : {"artery", "", "", "", "vein"}) name->InsertNextValue(n);
  vtkNew<vtkPolyData> data;
  data->SetPoints(points);
  data->SetVerts(verts);
  data->SetLines(lines);
  data->GetCellData()->AddArray(radius);
  data->GetPointData()->AddArray(end);
  data->GetPointData()->AddArray(name);
  const auto write_as = [&](const char* file) {
    vtkNew<vtkXMLPolyDataWriter> writer;
    writer->SetInputData(data);
    writer->SetFileName((folder_ / file).c_str());
    writer->Write();
  };
  const auto inputs = [&](const char* file) {
    return read_inputs(
        read_config_text(std::string("domain: {voxels: [10, 7, 5], spacing: 20 um}\n"
                                     "vessels: {pattern: file, file: ") +
                             file + ", ends: [{role: outlet, name: vein, pressure: 9 mmHg}]}\n",
                         folder_ / "case.yaml")
            .parameters);
  };
  write_as("tree.vtp");
  const Inputs external = inputs("tree.vtp");
  ASSERT_EQ(external.vessel_file.nodes.size(), 4u);
  ASSERT_EQ(external.vessel_file.segments.size(), 3u);
  EXPECT_EQ(external.vessel_file.segments[0].radius, 6);
  EXPECT_EQ(external.vessel_file.segments[2].radius, 4);
  EXPECT_EQ(external.vessel_file.segments[2].from, 1); // points 1 and 3 are one node
  EXPECT_EQ(external.vessel_names[0], "artery");
  EXPECT_EQ(external.vessel_names[3], "vein");
  EXPECT_EQ(external.vessel_file.nodes[2].end, VesselEnd::outlet);

  points->SetPoint(2, 200, std::numeric_limits<double>::quiet_NaN(), 50);
  write_as("nan.vtp");
  try {
    inputs("nan.vtp");
    ADD_FAILURE() << "accepted";
  } catch (const ConfigError& e) {
    EXPECT_TRUE(contains(e.what(), "nan.vtp, point 2: y is not a finite number")) << e.what();
  }

  // Files cut short or with bytes changed end in a message.
  std::ifstream in(folder_ / "tree.vtp", std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  for (std::size_t cut = 0; cut < good.size(); cut += 97) {
    store("cut.vtp", good.substr(0, cut));
    EXPECT_THROW(inputs("cut.vtp"), ConfigError) << cut;
  }
  EXPECT_THROW(read_vessel_polylines(folder_ / "none.vtp"), std::runtime_error);
}

TEST_F(Frames, AreTheSameBytesEveryTime) {
  Snapshot s = small_snapshot();
  auto net = std::make_shared<VesselNetwork>();
  std::uint32_t r = 1;
  const auto draw = [&](std::uint32_t below) {
    r = r * 1664525u + 1013904223u;
    return (r >> 8) % below;
  };
  for (int n = 0; n < 500; ++n)
    net->nodes.push_back({{1.0 * draw(200), 1.0 * draw(140), 1.0 * draw(100)}});
  for (int i = 0; i < 600; ++i) {
    VesselSegment v{static_cast<std::int32_t>(draw(500)), static_cast<std::int32_t>(draw(500)), 5,
                    draw(2) == 0};
    v.flow = static_cast<double>(draw(1000)) - 500;
    v.generation = static_cast<std::int32_t>(draw(2));
    net->segments.push_back(v);
  }
  s.vessels = net;
  EXPECT_EQ(fields_frame(s, plain_output()), fields_frame(s, plain_output()));
  EXPECT_EQ(cells_frame(s, plain_output()), cells_frame(s, plain_output()));
  const std::string vessels = vessels_frame(s, plain_output());
  EXPECT_EQ(vessels, vessels_frame(s, plain_output()));
  std::size_t pieces = 0; // every segment once, loops on themselves and doubled ones as well
  for (const std::vector<int>& line : nodes_of_lines(poly(vessels)))
    for (std::size_t k = 1; k < line.size(); ++k) pieces += line[k] >= 0;
  EXPECT_EQ(pieces, 600u);
}

TEST_F(Frames, ReadVtiArray) {
  const Snapshot s = small_snapshot();
  const auto file = store("fields.vti", fields_frame(s, plain_output()));
  const auto matrix = read_vti_array(file, "matrix", {10, 7, 5});
  ASSERT_EQ(matrix.size(), 350u);
  EXPECT_EQ(matrix[349], 349.0f);
  EXPECT_EQ(read_vti_array(file, "cell_state", {10, 7, 5})[1], 3.0f); // any number type

  const std::string absent = error_of(file, "matrx", {10, 7, 5});
  EXPECT_TRUE(contains(absent, "fields.vti") && contains(absent, "matrx") &&
              contains(absent, "matrix (cell data)"))
      << absent;
  const std::string size = error_of(file, "matrix", {7, 10, 5});
  EXPECT_TRUE(contains(size, "7 x 10 x 5") && contains(size, "10 x 7 x 5")) << size;
  EXPECT_TRUE(contains(error_of(folder_ / "none.vti", "matrix", {10, 7, 5}), "no such file"));
  EXPECT_TRUE(contains(error_of(store("junk.vti", "no xml"), "matrix", {10, 7, 5}), "junk.vti"));

  vtkNew<vtkImageData> points; // a voxel per point, as other tools write it
  points->SetDimensions(10, 7, 5);
  points->AllocateScalars(VTK_DOUBLE, 1);
  points->GetPointData()->GetScalars()->SetName("density");
  for (vtkIdType i = 0; i < 350; ++i)
    points->GetPointData()->GetScalars()->SetTuple1(i, 0.5 * static_cast<double>(i));
  vtkNew<vtkXMLImageDataWriter> writer;
  writer->SetInputData(points);
  writer->SetFileName((folder_ / "points.vti").c_str());
  writer->Write();
  EXPECT_EQ(read_vti_array(folder_ / "points.vti", "density", {10, 7, 5})[10], 5.0f);
}

// Files in every way VTK can write them, against the values that went in.
TEST_F(Frames, EveryEncodingOfVtkIsRead) {
  vtkNew<vtkImageData> image;
  image->SetExtent(-3, 7, 2, 9, 0, 5); // 10 x 7 x 5 cells that begin anywhere
  vtkNew<vtkPolyData> lines;
  vtkNew<vtkPoints> points;
  points->SetDataTypeToDouble();
  vtkNew<vtkCellArray> cells;
  vtkNew<vtkDoubleArray> radius;
  vtkNew<vtkStringArray> name;
  radius->SetName("radius");
  name->SetName("name");
  for (int i = 0; i < 900; ++i) {
    points->InsertNextPoint(0.1 * i, std::sqrt(i), 1e-7 * i);
    radius->InsertNextValue(3 + i % 7);
    name->InsertNextValue(i % 3 == 0 ? "" : "node " + std::to_string(i));
    if (i > 0) cells->InsertNextCell({i - 1, i});
  }
  lines->SetPoints(points);
  lines->SetLines(cells);
  lines->GetPointData()->AddArray(radius);
  lines->GetPointData()->AddArray(name);
  int files = 0;
  for (const int type : {VTK_UNSIGNED_CHAR, VTK_SIGNED_CHAR, VTK_SHORT, VTK_UNSIGNED_INT,
                         VTK_LONG_LONG, VTK_FLOAT, VTK_DOUBLE}) {
    vtkSmartPointer<vtkDataArray> values;
    values.TakeReference(vtkDataArray::CreateDataArray(type));
    values->SetName("density");
    values->SetNumberOfTuples(350);
    const double step = type == VTK_FLOAT || type == VTK_DOUBLE ? 0.375 : 1;
    for (vtkIdType i = 0; i < 350; ++i) values->SetTuple1(i, step * static_cast<double>(i % 120));
    image->GetCellData()->Initialize();
    image->GetCellData()->AddArray(values);
    for (const int mode : {0, 1, 2, 3}) // ascii, binary, appended raw and base64
      for (const int packing : {0, 1, 2})
        for (const bool wide : {false, true})
          for (const bool big : {false, true}) {
            const auto write = [&](vtkXMLWriter* writer, vtkDataObject* data, const char* file) {
              writer->SetInputData(data);
              writer->SetFileName((folder_ / file).c_str());
              writer->SetDataMode(mode == 0   ? vtkXMLWriter::Ascii
                                  : mode == 1 ? vtkXMLWriter::Binary
                                              : vtkXMLWriter::Appended);
              writer->SetEncodeAppendedData(mode == 3 ? 1 : 0);
              writer->SetCompressorType(packing == 0   ? vtkXMLWriter::NONE
                                        : packing == 1 ? vtkXMLWriter::ZLIB
                                                       : vtkXMLWriter::LZ4);
              writer->SetBlockSize(256); // several blocks
              writer->SetHeaderType(wide ? vtkXMLWriter::UInt64 : vtkXMLWriter::UInt32);
              writer->SetByteOrder(big ? vtkXMLWriter::BigEndian : vtkXMLWriter::LittleEndian);
              ASSERT_EQ(writer->Write(), 1);
            };
            SCOPED_TRACE("type " + std::to_string(type) + ", mode " + std::to_string(mode) +
                         ", packing " + std::to_string(packing) + (wide ? ", 64 bits" : "") +
                         (big ? ", big-endian" : ""));
            vtkNew<vtkXMLImageDataWriter> images;
            write(images, image, "e.vti");
            const auto read = read_vti_array(folder_ / "e.vti", "density", {10, 7, 5});
            ASSERT_EQ(read.size(), 350u);
            for (std::size_t i = 0; i < 350; ++i)
              ASSERT_EQ(read[i], static_cast<float>(step * static_cast<double>(i % 120))) << i;
            ++files;
            if (type != VTK_FLOAT) continue;
            vtkNew<vtkXMLPolyDataWriter> polys;
            write(polys, lines, "e.vtp");
            const VesselFile vessels = read_vessel_polylines(folder_ / "e.vtp");
            ASSERT_EQ(vessels.points.size(), 900u);
            ASSERT_EQ(vessels.stretches.size(), 899u);
            for (int i = 0; i < 900; ++i) {
              const auto& p = vessels.points[static_cast<std::size_t>(i)];
              ASSERT_NEAR(p.position[0], 0.1 * i, mode == 0 ? 1e-9 : 0);
              ASSERT_NEAR(p.position[1], std::sqrt(i), mode == 0 ? 1e-9 : 0);
              ASSERT_EQ(p.radius, 3 + i % 7);
              ASSERT_EQ(p.name, i % 3 == 0 ? "" : "node " + std::to_string(i));
            }
            ASSERT_EQ(vessels.stretches[500].from, 500);
            ASSERT_EQ(vessels.stretches[500].to, 501);
          }
  }
  EXPECT_EQ(files, 7 * 4 * 3 * 4);
}

// An image in several pieces, as parallel programs leave them.
TEST_F(Frames, PiecesOfAnImageAreJoined) {
  const auto piece = [](const char* extent, const char* values) {
    return std::string("<Piece Extent=\"") + extent +
           "\"><CellData><DataArray type=\"Int32\" Name=\"a\" format=\"ascii\">" + values +
           "</DataArray></CellData></Piece>\n";
  };
  const auto file = [&](const std::string& pieces) {
    return store("pieces.vti",
                 "<VTKFile type=\"ImageData\"><ImageData WholeExtent=\"1 4 0 2 0 1\">" + pieces +
                     "</ImageData></VTKFile>");
  };
  const std::string left = piece("1 2 0 2 0 1", "1 4"), right = piece("2 4 0 2 0 1", "2 3 5 6");
  EXPECT_EQ(read_vti_array(file(left + right), "a", {3, 2, 1}),
            (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(contains(error_of(file(left), "a", {3, 2, 1}), "leave out 4 of 6 values"));
  EXPECT_TRUE(contains(error_of(file(left + piece("2 5 0 2 0 1", "1 2 3 4 5 6")), "a", {3, 2, 1}),
                       "beyond WholeExtent"));
}

// Whether every object that a scene refers to is in it, and there are more than `least`.
void expect_whole(const std::string& scene, std::size_t least) {
  std::set<std::string> made, meant;
  const auto collect = [&](const std::string& before, std::set<std::string>& into) {
    for (std::size_t at = scene.find(before); at != std::string::npos;
         at = scene.find(before, at + 1)) {
      const std::size_t begin = at + before.size();
      into.insert(scene.substr(begin, scene.find('"', begin) - begin));
    }
  };
  collect("<Proxy value=\"", meant);
  collect("<Item id=\"", meant);
  collect("view=\"", meant);
  for (std::size_t at = scene.find("<Proxy group="); at != std::string::npos;
       at = scene.find("<Proxy group=", at + 1)) {
    const std::size_t id = scene.find(" id=\"", at) + 5;
    made.insert(scene.substr(id, scene.find('"', id) - id));
  }
  EXPECT_GT(made.size(), least);
  EXPECT_TRUE(std::includes(made.begin(), made.end(), meant.begin(), meant.end()));
}

TEST(SceneState, NamesWhatTheRunWritesAndNothingElse) {
  const auto scene = [](const std::vector<std::string>& set,
                        const std::string& folder = "/a&b/run") {
    return scene_state(
        read_config_text("domain: {voxels: [20, 30, 40]}\n", "s.yaml", set).parameters, folder);
  };
  const std::string all = scene({});
  EXPECT_TRUE(contains(all, "value=\"/a&amp;b/run/fields.pvd\""));
  EXPECT_TRUE(contains(all, "/cells.pvd") && contains(all, "/vessels.pvd"));
  EXPECT_TRUE(contains(all, "type=\"Clip\""));
  EXPECT_TRUE(contains(all, "<Layout "));
  expect_whole(all, 20);
  const std::string some = scene({"output.cells=false", "output.arrays=[matrix]"});
  EXPECT_FALSE(contains(some, "cells.pvd") || contains(some, "oxygen"));
  EXPECT_TRUE(contains(some, "value=\"matrix\""));
  EXPECT_FALSE(contains(scene({"domain.voxels=[100, 100, 1]"}), "type=\"Clip\"")) << "flat";
}

// One series, cells of all codes that are drawn and of no other, boxes of forced founders apart.
TEST(SceneState, OfABodyShowsItsWindows) {
  const auto scene = [](const std::vector<std::string>& set) {
    const BodyConfig c = read_body_text("domain: {voxels: [20, 20, 20]}\nbody: {primary: breast, "
                                        "coupling: linear, windows: {max: 2, shown: 0}}\n"
                                        "simulation: {duration: 1 day}\n",
                                        "b.yaml", set);
    return body_scene_state(*c.lattice, c.settings.body, "/a&b/run");
  };
  const std::string all = scene({});
  expect_whole(all, 20);
  EXPECT_TRUE(contains(all, "value=\"/a&amp;b/run/body.pvd\""));
  for (const char* other : {"fields.pvd", "cells.pvd", "vessels.pvd", "type=\"Clip\""})
    EXPECT_FALSE(contains(all, other)) << other;
  EXPECT_TRUE(contains(all, "forced founders") && contains(all, "value=\"origin\""));
  // Codes between the bounds of its thresholds, on the array cell_state.
  std::set<int> drawn;
  const auto number_behind = [&](const char* name, std::size_t at) {
    const std::size_t value = all.find("value=\"", all.find(name, at)) + 7;
    return std::stoi(all.substr(value, all.find('"', value) - value));
  };
  for (std::size_t at = all.find("type=\"Threshold\""); at != std::string::npos;
       at = all.find("type=\"Threshold\"", at + 1)) {
    if (all.find("\"cell_state\"", at) > all.find("</Proxy>\n    <Proxy", at)) continue;
    for (int k = number_behind("LowerThreshold", at); k <= number_behind("UpperThreshold", at); ++k)
      EXPECT_TRUE(drawn.insert(k).second) << k << " twice";
  }
  std::set<int> expected{0, static_cast<int>(drawn_state(Kind::vessel))};
  for (const StateRow& row : state_rows)
    if ((row.roles & (role::tumour | role::dead | role::kills)) != 0) expected.insert(row.code);
  EXPECT_EQ(drawn, expected);
  const std::string some = scene({"output.vessels=false"});
  EXPECT_FALSE(contains(some, "TubeFilter"));
  EXPECT_FALSE(contains(scene({"output.cells=false"}), "Point Gaussian"));
  // More windows are seen from farther away.
  const auto eye = [](const std::string& text) {
    const std::size_t at = text.find("index=\"2\"", text.find("CameraPosition"));
    return std::stod(text.substr(text.find("value=\"", at) + 7));
  };
  EXPECT_GT(eye(scene({"body.windows.max=5"})), 1.2 * eye(all));
}

TEST_F(Frames, NameTheArrayThatIsSeenFirst) {
  const Config config =
      read_config_text("domain: {voxels: [12, 12, 12]}\ntissue: {cells: [{shape: sphere, "
                       "kind: epithelial, radius: 60 um}]}\n",
                       "first.yaml");
  const Site site(config.parameters, Executor::on_cpu(1));
  const Snapshot shot = take_snapshot(site);
  EXPECT_TRUE(
      contains(fields_frame(shot, config.parameters.output), "<CellData Scalars=\"oxygen\""));
  EXPECT_TRUE(
      contains(cells_frame(shot, config.parameters.output), "<PointData Scalars=\"cell_state\""));
  EXPECT_TRUE(
      contains(vessels_frame(shot, config.parameters.output), "<PointData Scalars=\"oxygen\""));
  OutputParameters thin = config.parameters.output;
  thin.arrays = {"matrix", "kind"};
  EXPECT_TRUE(contains(fields_frame(shot, thin), "<CellData Scalars=\"matrix\""));
}

// Two windows side by side: what stands in each of them, at its place, with its marks.
TEST_F(Frames, OfABodyShowAllWindows) {
  BodyPicture body{6 * 1440.0, 144, 7, {"lung", "breast"}, {}};
  WindowPicture w{{}, "000-breast", window_corner(0, 200, 400), small_snapshot()};
  w.record.organ = 1;
  w.record.origin = Origin::primary;
  w.record.lesion = 0;
  const auto list = [&](const char* name, ElementType type, const auto& values) {
    w.snapshot.arrays.push_back(
        array_of(name, "1", type, {static_cast<std::int64_t>(values.size()), 1, 1}, 0, values));
  };
  list("excess_voxel", ElementType::i64, std::vector<std::int64_t>{9, 349});
  list("excess_kind", ElementType::u8,
       std::vector<std::uint8_t>{static_cast<std::uint8_t>(Kind::mesenchymal),
                                 static_cast<std::uint8_t>(Kind::stroma)}); // not drawn
  list("excess_flags", ElementType::u16, std::vector<std::uint16_t>{flag_hypoxic, 0});
  list("excess_clone", ElementType::u16, std::vector<std::uint16_t>{77, 78});
  VesselNetwork network;
  network.nodes = {{{0, 10, 10}}, {{100, 10, 10}}, {{200, 10, 10}}};
  network.segments = {{0, 1, 4, true}, {1, 2, 6, true}};
  network.segments[1].oxygen = 40;
  w.snapshot.vessels = std::make_shared<const VesselNetwork>(network);
  body.windows.push_back(w);
  w = {{}, "008-lung-forced", window_corner(8, 200, 400), small_snapshot()};
  w.record.number = 8;
  w.record.origin = Origin::forced;
  w.record.lesion = 10000;
  body.windows.push_back(w);
  // The eighth is the second of the second row.
  EXPECT_EQ(w.corner, (std::array<double, 3>{200 + 50 + 450, 450, 0}));
  const auto data = poly(body_frame(body, plain_output()));
  std::map<int, int> cells, vessels, edges;
  auto* points = data->GetPointData();
  const auto value = [&](const char* name, vtkIdType p) {
    return points->GetArray(name)->GetTuple1(p);
  };
  const std::vector<std::uint8_t> state(w.snapshot.find("cell_state")->as<std::uint8_t>(),
                                        w.snapshot.find("cell_state")->as<std::uint8_t>() + 350);
  const auto standing = static_cast<int>(std::count(state.begin(), state.end(), 3));
  double low = 1e9;
  for (vtkIdType p = 0; p < data->GetNumberOfPoints(); ++p) {
    const int window = static_cast<int>(value("window", p));
    const int code = static_cast<int>(value("cell_state", p));
    ++(code == 0 ? edges : code == 11 ? vessels : cells)[window];
    EXPECT_EQ(value("organ", p), window == 0 ? 1 : 0);
    EXPECT_EQ(value("origin", p), window == 0 ? 0 : 2);
    EXPECT_EQ(value("radius", p) > 0, code == 11);
    if (window == 8) low = std::min(low, data->GetPoint(p)[0]);
  }
  EXPECT_EQ(low, 700);
  EXPECT_EQ(cells, (std::map<int, int>{{0, standing + 1}, {8, standing}}));
  EXPECT_EQ(vessels, (std::map<int, int>{{0, 3}}));
  EXPECT_EQ(edges, (std::map<int, int>{{0, 8}, {8, 8}}));
  EXPECT_EQ(data->GetNumberOfVerts(), 2 * standing + 1);
  EXPECT_EQ(data->GetNumberOfLines(), 2 * 12 + 1);
  // The second cell of voxel 9: hypoxic, up by a quarter of a voxel, with the oxygen of its place.
  const vtkIdType second = 8 + standing;
  EXPECT_EQ(value("cell_state", second), 5);
  EXPECT_EQ(value("clone", second), 77);
  EXPECT_EQ(value("oxygen", second), 4);
  EXPECT_EQ(data->GetPoint(second)[0], 195);
  EXPECT_EQ(data->GetPoint(second)[1], 15);
  // About all of it.
  auto* about = data->GetFieldData();
  EXPECT_EQ(about->GetArray("TimeValue")->GetTuple1(0), 6);
  EXPECT_EQ(about->GetArray("step")->GetTuple1(0), 144);
  EXPECT_EQ(about->GetArray("window_number")->GetTuple1(1), 8);
  EXPECT_EQ(about->GetArray("window_lesion")->GetTuple1(1), 10000);
  EXPECT_EQ(about->GetArray("window_corner")->GetComponent(1, 1), 450);
  EXPECT_EQ(about->GetArray("window_edge")->GetComponent(1, 2), 100);
  EXPECT_EQ(text(data, "window_name"), "000-breast");
  // Every origin that a lesion may have has a name at its code.
  auto* names = vtkStringArray::SafeDownCast(about->GetAbstractArray("origin_names"));
  ASSERT_NE(names, nullptr);
  for (const Origin o : {Origin::primary, Origin::natural, Origin::forced, Origin::nodal}) {
    ASSERT_LT(static_cast<vtkIdType>(o), names->GetNumberOfValues()) << name_of(o);
    EXPECT_EQ(std::string(names->GetValue(static_cast<vtkIdType>(o))), name_of(o));
  }
  EXPECT_STREQ(points->GetScalars()->GetName(), "cell_state");
  // All closed: nothing, and still a frame.
  body.windows.clear();
  EXPECT_EQ(poly(body_frame(body, plain_output()))->GetNumberOfPoints(), 0);
}

TEST(PvdIndex, ListsTimesInFullPrecision) {
  const std::string index = pvd_index({{0, "frames/fields_00000000.vti"}, {0.1, "frames/a&b.vti"}});
  EXPECT_TRUE(contains(index, "timestep=\"0.1\""));
  EXPECT_TRUE(contains(index, "a&amp;b.vti"));
  EXPECT_TRUE(contains(pvd_index({}), "</Collection>"));
}

TEST(EstimateFrameBytes, IsAnUpperBoundForAFullLattice) {
  Snapshot s;
  s.voxels = {40, 40, 40};
  s.spacing = 20;
  const std::size_t n = 64000;
  std::vector<std::uint8_t> kind(n), state(n), capacity(n);
  std::vector<std::uint16_t> clock(n), clone(n), timer(n);
  std::vector<float> field(n);
  std::uint32_t r = 1;
  for (std::size_t i = 0; i < n; ++i) {
    r = r * 1664525u + 1013904223u;
    kind[i] = 3;
    state[i] = static_cast<std::uint8_t>(3 + (r >> 28) % 4);
    capacity[i] = static_cast<std::uint8_t>(r >> 24);
    clock[i] = clone[i] = timer[i] = static_cast<std::uint16_t>(r >> 16);
    const auto x = static_cast<float>(i % 40), y = static_cast<float>(i / 40 % 40),
               z = static_cast<float>(i / 1600);
    field[i] =
        40 * std::exp(-((x - 20) * (x - 20) + (y - 20) * (y - 20) + (z - 20) * (z - 20)) / 200);
  }
  const std::array<std::int64_t, 3> e{40, 40, 40};
  s.arrays.push_back(array_of("kind", "1", ElementType::u8, e, 20, kind));
  s.arrays.push_back(array_of("capacity", "1", ElementType::u8, e, 20, capacity));
  s.arrays.push_back(array_of("clock", "1", ElementType::u16, e, 20, clock));
  s.arrays.push_back(array_of("clone", "1", ElementType::u16, e, 20, clone));
  s.arrays.push_back(array_of("timer", "min", ElementType::u16, e, 20, timer));
  for (const char* name : {"oxygen", "proteinase", "matrix"})
    s.arrays.push_back(array_of(name, "1", ElementType::f32, e, 20, field));
  s.arrays.push_back(array_of("cell_state", "1", ElementType::u8, e, 20, state));
  Parameters p{};
  p.domain.voxels = s.voxels;
  p.domain.spacing = 20;
  p.fields.coarsen = 1;
  p.oxygen.enabled = p.proteinase.enabled = true;
  p.output = plain_output();
  for (const Compression c : {Compression::none, Compression::lz4, Compression::zlib})
    for (const int bits : {5, 7, 9, 12, 23}) {
      p.output.compression = c;
      p.output.mantissa_bits = bits;
      const std::size_t real = fields_frame(s, p.output).size() + cells_frame(s, p.output).size() +
                               vessels_frame(s, p.output).size();
      const std::size_t estimate = estimate_frame_bytes(p);
      EXPECT_GE(estimate, real) << bits << " bits, compression " << static_cast<int>(c);
      EXPECT_LE(estimate, 4 * real) << bits << " bits, compression " << static_cast<int>(c);
    }
}

} // namespace
} // namespace metavox
