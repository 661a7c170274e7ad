// The vessels of the start: where the patterns put them, what files give, which ends are inlets.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "folder.hpp"
#include "input/inputs.hpp"
#include "site/config.hpp"
#include "site/site.hpp"
#include "vessels/parents.hpp"
#include "viz/vtk_available.hpp"

namespace metavox {
namespace {

namespace fs = std::filesystem;
using Vector = std::array<double, 3>;

const std::string small_box = "domain: {voxels: [30, 40, 50], spacing: 10 um}\n"
                              "migration: {enabled: false}\n";

Lattice lattice_of(const Parameters& p) {
  Lattice l;
  l.nx = p.domain.voxels[0];
  l.ny = p.domain.voxels[1];
  l.nz = p.domain.voxels[2];
  l.spacing = p.domain.spacing;
  return l;
}

VesselNetwork bed(const std::string& vessels, const std::vector<std::string>& overrides = {}) {
  const Parameters p =
      read_config_text(small_box + "vessels: " + vessels + "\n", "case.yaml", overrides).parameters;
  return build_parent_vessels(p.vessels, p.flow, lattice_of(p), p.simulation.seed);
}

std::string refusal(const std::string& vessels) {
  try {
    bed(vessels);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "accepted";
}

double length_of(const VesselNetwork& n, const VesselSegment& s) {
  const Vector& a = n.nodes[static_cast<std::size_t>(s.from)].position;
  const Vector& b = n.nodes[static_cast<std::size_t>(s.to)].position;
  return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

std::vector<int> degrees(const VesselNetwork& n) {
  std::vector<int> degree(n.nodes.size(), 0);
  for (const VesselSegment& s : n.segments)
    ++degree[static_cast<std::size_t>(s.from)], ++degree[static_cast<std::size_t>(s.to)];
  return degree;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Beds, NoneAndLines) {
  EXPECT_TRUE(bed("{pattern: none}").nodes.empty());
  const VesselNetwork n = bed(
      "{pattern: lines, lines: [{from: [0 um, 5 um, 6 um], to: [300 um, 7 um, 8 um]}, {from: [1 "
      "um, 1 um, 1 um], to: [9 um, 9 um, 9 um], radius: 7 um, inlet_pressure: 40 mmHg, "
      "outlet_pressure: 1 mmHg}]}");
  ASSERT_EQ(n.nodes.size(), 4u);
  ASSERT_EQ(n.segments.size(), 2u);
  EXPECT_EQ(n.nodes[0].position, (Vector{0, 5, 6}));
  EXPECT_EQ(n.nodes[0].end, VesselEnd::inlet);
  EXPECT_EQ(n.nodes[0].end_pressure, 25);
  EXPECT_EQ(n.nodes[1].end, VesselEnd::outlet);
  EXPECT_EQ(n.nodes[1].end_pressure, 15);
  EXPECT_EQ(n.nodes[2].end_pressure, 40);
  EXPECT_EQ(n.nodes[3].end_pressure, 1);
  EXPECT_EQ(n.segments[1].radius, 7);
}

TEST(Beds, GridRunsFromTheLowFaceToTheHigh) {
  const VesselNetwork n = bed("{pattern: grid, axis: y, spacing: 100 um, jitter: 0}");
  EXPECT_EQ(n.segments.size(), 15u); // 3 along x, 5 along z
  for (const VesselSegment& s : n.segments) {
    const VesselNode& a = n.nodes[static_cast<std::size_t>(s.from)];
    const VesselNode& b = n.nodes[static_cast<std::size_t>(s.to)];
    EXPECT_EQ(a.position[1], 0);
    EXPECT_EQ(b.position[1], 400);
    EXPECT_TRUE(a.end == VesselEnd::inlet && b.end == VesselEnd::outlet);
    EXPECT_TRUE(a.end_pressure == 25 && b.end_pressure == 15);
    EXPECT_EQ(std::fmod(a.position[0], 100), 50);
  }
  EXPECT_LT(bed("{pattern: grid, axis: y, spacing: 100 um, exclusion: 90 um}").segments.size(),
            15u);
}

TEST(Beds, PairRunsBothWays) {
  const VesselNetwork n =
      bed("{pattern: pair, axis: y, spacing: 200 um, radius: 12 um, radius_vein: 20 um}");
  ASSERT_EQ(n.segments.size(), 2u);
  ASSERT_EQ(n.nodes.size(), 4u);
  EXPECT_EQ(n.nodes[0].position, (Vector{150, 0, 150})); // the next axis is z
  EXPECT_EQ(n.nodes[1].position, (Vector{150, 400, 150}));
  EXPECT_EQ(n.nodes[2].position, (Vector{150, 400, 350}));
  EXPECT_EQ(n.nodes[3].position, (Vector{150, 0, 350}));
  const std::pair<VesselEnd, double> ends[] = {{VesselEnd::inlet, 25},
                                               {VesselEnd::outlet, 21},
                                               {VesselEnd::inlet, 19},
                                               {VesselEnd::outlet, 15}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(n.nodes[i].end, ends[i].first);
    EXPECT_EQ(n.nodes[i].end_pressure, ends[i].second);
  }
  EXPECT_EQ(n.segments[0].radius, 12);
  EXPECT_EQ(n.segments[1].radius, 20);
  const VesselNetwork aside = bed("{pattern: pair, spacing: 80 um, offset: 60 um, drop: 1 mmHg}");
  EXPECT_EQ(aside.nodes[0].position, (Vector{20, 200, 0}));
  EXPECT_EQ(aside.nodes[2].position, (Vector{100, 200, 500}));
  EXPECT_EQ(aside.nodes[1].end_pressure, 24);
}

void expect_honeycomb(const std::string& axis, double edge, double layers, int sheets) {
  SCOPED_TRACE(axis + " " + std::to_string(edge));
  const VesselNetwork n =
      bed("{pattern: hexagonal, axis: " + axis + ", spacing: " + std::to_string(edge) +
          " um, layers: " + std::to_string(layers) + " um, radius: 6 um}");
  const auto along = static_cast<std::size_t>(axis[0] - 'x');
  const std::size_t across = (along + 1) % 3, third = (along + 2) % 3;
  const Vector size{300, 400, 500};
  const std::vector<int> degree = degrees(n);
  std::map<double, int> heights;
  int inlets = 0, outlets = 0, forks = 0;
  for (std::size_t i = 0; i < n.nodes.size(); ++i) {
    const VesselNode& node = n.nodes[i];
    ++heights[node.position[third]];
    for (std::size_t a = 0; a < 3; ++a) {
      EXPECT_GE(node.position[a], 0);
      EXPECT_LE(node.position[a], size[a]);
    }
    if (node.end != VesselEnd::none) {
      EXPECT_EQ(degree[i], 1);
      const bool inlet = node.end == VesselEnd::inlet;
      ++(inlet ? inlets : outlets);
      EXPECT_EQ(node.position[along], inlet ? 0 : size[along]);
      EXPECT_EQ(node.end_pressure, inlet ? 25 : 15);
      continue;
    }
    // Two vessels meet only at the sides of a sheet.
    double low = 1e9, high = -1e9;
    for (const VesselNode& other : n.nodes) {
      low = std::min(low, other.position[across]);
      high = std::max(high, other.position[across]);
    }
    const bool side = node.position[across] == low || node.position[across] == high;
    EXPECT_EQ(degree[i], side ? 2 : 3);
    if (!side) ++forks;
    EXPECT_GE(low, 5);
    EXPECT_NEAR(low + high, size[across], 1e-9);
  }
  EXPECT_GT(inlets, 0);
  EXPECT_GT(outlets, 0);
  EXPECT_GT(forks, 0);
  ASSERT_EQ(static_cast<int>(heights.size()), sheets);
  EXPECT_NEAR(heights.begin()->first + heights.rbegin()->first, size[third], 1e-9);
  if (sheets > 1) {
    EXPECT_NEAR(std::next(heights.begin())->first - heights.begin()->first, layers, 1e-9);
  }
  for (const VesselSegment& s : n.segments) {
    EXPECT_EQ(s.radius, 6);
    const VesselNode& a = n.nodes[static_cast<std::size_t>(s.from)];
    const VesselNode& b = n.nodes[static_cast<std::size_t>(s.to)];
    EXPECT_LT(a.position[along], b.position[along]); // blood runs up the axis
    const double length = length_of(n, s);
    if (a.end == VesselEnd::none && b.end == VesselEnd::none)
      EXPECT_NEAR(length, edge, 1e-9);
    else {
      EXPECT_GE(length, edge / 2 - 1e-9);
      EXPECT_LT(length, 1.25 * edge);
    }
  }
  // Euler: each sheet is in one piece, and its meshes are hexagons.
  std::vector<std::size_t> group(n.nodes.size());
  for (std::size_t i = 0; i < group.size(); ++i) group[i] = i;
  const auto root = [&](std::size_t i) {
    while (group[i] != i) i = group[i];
    return i;
  };
  for (const VesselSegment& s : n.segments)
    group[root(static_cast<std::size_t>(s.from))] = root(static_cast<std::size_t>(s.to));
  int pieces = 0;
  for (std::size_t i = 0; i < group.size(); ++i) pieces += group[i] == i;
  EXPECT_EQ(pieces, sheets);
}

TEST(Beds, HexagonsHaveForksOfThreeAndEndsOnTwoFaces) {
  expect_honeycomb("z", 50, 0, 1);
  expect_honeycomb("x", 40, 100, 5);
  expect_honeycomb("y", 100, 0, 1);
  expect_honeycomb("y", 133, 150, 2);
  expect_honeycomb("z", 27.3, 20, 20);
}

TEST(Beds, EndsByFace) {
  const VesselNetwork n = bed(
      "{pattern: grid, spacing: 100 um, ends: [{role: outlet, face: -z}, {role: inlet, face: +z, "
      "pressure: 31 mmHg}]}");
  for (const VesselNode& node : n.nodes) {
    EXPECT_EQ(node.end, node.position[2] == 0 ? VesselEnd::outlet : VesselEnd::inlet);
    EXPECT_EQ(node.end_pressure, node.position[2] == 0 ? 15 : 31);
  }
  EXPECT_TRUE(
      contains(refusal("{pattern: grid, ends: [{role: inlet, face: -x}]}"),
               "vessels.ends[0]: no free end of a vessel lies within one voxel of face -x"));
  EXPECT_TRUE(contains(refusal("{pattern: grid, ends: [{role: inlet, face: +z}]}"),
                       "the vessels have no outlet; add one to vessels.ends"));
  EXPECT_TRUE(contains(refusal("{pattern: grid, ends: [{role: outlet, face: -z}]}"),
                       "the vessels have no inlet"));
  // Ends a voxel away from the face count, further ones do not.
  const std::string lines =
      "{pattern: lines, lines: [{from: [10 um, 9 um, 9 um], to: [289 um, 9 um, "
      "9 um]}], ends: [{role: ";
  EXPECT_EQ(bed(lines + "inlet, face: -x, pressure: 30 mmHg}]}").nodes[0].end_pressure, 30);
  EXPECT_TRUE(contains(refusal(lines + "outlet, face: +x}]}"), "no free end"));
}

TEST(Beds, EndsByFlow) {
  const VesselNetwork n =
      bed("{pattern: grid, spacing: 100 um, ends: [{role: inlet, face: -z, flow: 2 nL/min, "
          "haematocrit: 0.2}]}",
          {"flow.haematocrit=0.4"});
  for (const VesselNode& node : n.nodes) {
    const bool inlet = node.end == VesselEnd::inlet;
    EXPECT_DOUBLE_EQ(node.end_flow, inlet ? 2e6 : 0);
    EXPECT_EQ(node.end_haematocrit, inlet ? 0.2 : -1);
  }
  // What leaves by an outlet counts against the network; an end without its own has that of flow.
  const VesselNetwork out = bed("{pattern: grid, spacing: 100 um, ends: [{role: outlet, face: +z, "
                                "flow: 5e5 um^3/min}]}",
                                {"flow.haematocrit=0.4"});
  for (const VesselNode& node : out.nodes)
    if (node.end == VesselEnd::outlet) {
      EXPECT_EQ(node.end_flow, -5e5);
      EXPECT_EQ(node.end_haematocrit, 0.4);
    }
  // A later entry wins altogether.
  for (const VesselNode& node : bed("{pattern: grid, ends: [{role: inlet, face: -z, flow: 1 nL/min}"
                                    ", {role: inlet, face: -z, pressure: 30 mmHg}]}")
                                    .nodes)
    EXPECT_EQ(node.end_flow, 0);
  const std::string both = "{pattern: grid, ends: [{role: inlet, face: -z, flow: 1 nL/min}, "
                           "{role: outlet, face: +z, flow: 1 nL/min}]}";
  EXPECT_TRUE(contains(refusal(both), "vessels.ends[0] gives a flow to the inlet at ("));
  EXPECT_TRUE(contains(refusal(both),
                       "all other ends of these vessels have given flows too, so "
                       "that nothing says which pressure there is; remove the flow of "
                       "one of them, for example vessels.ends[0].flow: that end then "
                       "holds flow.inlet_pressure, or type its pressure"));
  const std::string line =
      "{pattern: lines, lines: [{from: [0 um, 9 um, 9 um], to: [300 um, 9 um, 9 um]}, {from: [0 "
      "um, 50 um, 9 um], to: [299 um, 50 um, 9 um]}], ends: [";
  // A part of its own needs a pressure of its own; one inlet without an outlet lets nothing in.
  EXPECT_EQ(refusal(line + "{role: inlet, face: -x, flow: 1 nL/min}]}"), "accepted");
  EXPECT_TRUE(contains(refusal("{pattern: lines, lines: [{from: [0 um, 9 um, 9 um], to: [300 um, 9 "
                               "um, 9 um]}, {from: [150 um, 50 um, 9 um], to: [150 um, 400 um, 9 "
                               "um]}], ends: [{role: inlet, face: +x, flow: 1 nL/min}]}"),
                       "gives a flow to the inlet at (300, 9, 9) um, but no vessels lead from "
                       "there to an outlet; add one to vessels.ends, or remove vessels.ends[0]."
                       "flow"));
}

class VesselFiles : public testing::Test {
protected:
  // The vessels of a file of this text, with more settings of `vessels`.
  VesselNetwork read(const std::string& name, const std::string& text, const std::string& more = "",
                     const std::vector<std::string>& overrides = {}) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    const Parameters p = read_config_text(small_box + "vessels: {pattern: file, file: " + name +
                                              (more.empty() ? "" : ", ") + more + "}\n",
                                          folder_ / "case.yaml", overrides)
                             .parameters;
    external_ = read_inputs(p);
    return build_parent_vessels(p.vessels, p.flow, lattice_of(p), p.simulation.seed,
                                external_.vessel_file, external_.vessel_names);
  }
  std::string error(const std::string& name, const std::string& text, const std::string& more = "",
                    const std::vector<std::string>& overrides = {}) {
    try {
      read(name, text, more, overrides);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "accepted";
  }
  const Folder own_folder;
  const fs::path folder_ = own_folder.path();
  Inputs external_;
};

// A trunk that forks, and a second fork on one of the branches.
const std::string tree = "# id type x y z radius parent\n"
                         "1 3 150 200 0 10 -1\n"
                         "2 3 150 200 100 8 1\n"
                         "3 3 100 200 300 6 2\r\n"
                         "\n"
                         "  10 3 200 200 300 6 2\n"
                         "11 3 200 150 500 4 10\n"
                         "12\t3\t200\t250\t500\t4\t10 extra\n"
                         "4 3 100 200 5e2 5 3\n";
const std::string outlets = "ends: [{role: outlet, face: +z}]";

TEST_F(VesselFiles, SwcIsATreeWithARootThatIsItsInlet) {
  const VesselNetwork n = read("tree.swc", tree, outlets);
  ASSERT_EQ(n.nodes.size(), 7u);
  ASSERT_EQ(n.segments.size(), 6u);
  EXPECT_EQ(external_.vessel_names,
            (std::vector<std::string>{"1", "2", "3", "10", "11", "12", "4"}));
  EXPECT_EQ(n.nodes[0].end, VesselEnd::inlet);
  EXPECT_EQ(n.nodes[0].end_pressure, 25);
  for (const std::size_t i : {4, 5, 6}) {
    EXPECT_EQ(n.nodes[i].end, VesselEnd::outlet);
    EXPECT_EQ(n.nodes[i].end_pressure, 15);
  }
  EXPECT_EQ(n.nodes[6].position, (Vector{100, 200, 500}));
  EXPECT_EQ(n.segments[0].from, 0);
  EXPECT_EQ(n.segments[0].to, 1);
  EXPECT_EQ(n.segments[0].radius, 9);
  EXPECT_EQ(n.segments[5].radius, 5.5);
  EXPECT_EQ(degrees(n)[1], 3);
}

TEST_F(VesselFiles, EndsByName) {
  const VesselNetwork n = read("tree.swc", tree,
                               "ends: [{role: outlet, name: 4, pressure: 5 mmHg}, {role: outlet, "
                               "name: 11}, {role: inlet, name: 1, pressure: 60 mmHg}]");
  EXPECT_EQ(n.nodes[6].end_pressure, 5);
  EXPECT_EQ(n.nodes[4].end_pressure, 15);
  EXPECT_EQ(n.nodes[5].end, VesselEnd::none);
  EXPECT_EQ(n.nodes[0].end_pressure, 60);
  const std::string unknown = error("tree.swc", tree, "ends: [{role: outlet, name: 5}]");
  EXPECT_TRUE(contains(unknown, "tree.swc: vessels.ends[0]: no node of the file is called '5'; "
                                "there are 1, 2, 3, 10, 11, 12, 4"))
      << unknown;
}

TEST_F(VesselFiles, Scale) {
  const std::string mm = "1 0 0.15 0.2 0 0.01 -1\n2 0 0.15 0.2 0.5 0.02 1\n";
  const VesselNetwork n = read("mm.swc", mm, outlets + ", file_scale: 1000");
  EXPECT_EQ(n.nodes[1].position, (Vector{150, 200, 500}));
  EXPECT_EQ(n.segments[0].radius, 15);
}

struct Bad {
  const char* text;
  const char* part;
};

TEST_F(VesselFiles, BadSwc) {
  const Bad bad[] = {
      {"", "bad.swc:1: the file holds no samples"},
      {"# nothing\n", "the file holds no samples"},
      {"1 0 0 0 0 5\n", "bad.swc:1: a sample has seven columns: id type x y z radius parent"},
      {"# a\n1 0 0 0 zero 5 -1\n", "bad.swc:2: z is 'zero'; type a number"},
      {"1 0 nan 0 0 5 -1\n", "bad.swc:1: x is 'nan'"},
      {"1 0 0 inf 0 5 -1\n", "bad.swc:1: y is 'inf'"},
      {"1 0 0 0 0 five -1\n", "the radius is 'five'"},
      {"one 0 0 0 0 5 -1\n", "the id is 'one'"},
      {"1 0 0 0 0 5 root\n", "the parent is 'root'"},
      {"1 0 0 0 0 5 -2\n", "the parent is '-2'"},
      {"1 0 0 0 0 5 -1\n1 0 0 0 9 5 -1\n", "bad.swc:2: id 1 stands in line 1 already"},
      {"1 0 0 0 0 5 -1\n2 0 0 0 9 5 3\n", "bad.swc:2: its parent 3 is not in the file"},
      {"1 0 0 0 0 5 -1\n2 0 0 0 9 5 2\n", "bad.swc:2: sample 2 is its own parent"},
      {"1 0 0 0 0 5 -1\n2 0 0 0 9 5 4\n3 0 0 9 9 5 2\n4 0 9 9 9 5 3\n",
       "bad.swc:2: the parents of sample 2 lead back to it"},
      {"1 0 0 0 0 -5 -1\n2 0 0 0 500 5 1\n", "bad.swc:1: the radius is -5; it must be above 0"},
      {"1 0 0 0 0 5 -1\n2 0 0 0 500 51 1\n",
       "bad.swc:2: the radius is 51 um; where blood flow is solved it must be between 1 and 50 um"},
      {"1 0 0 0 0 5 -1\n2 0 0 0 500 0.5 1\n", "the radius is 0.5 um"},
      {"1 0 0 0 0 5 -1\n2 0 0 401 500 5 1\n",
       "bad.swc:2: y = 401 um lies outside the box, which spans 0 to 400 um"},
      {"1 0 -1 0 0 5 -1\n2 0 0 0 500 5 1\n", "bad.swc:1: x = -1 um lies outside the box"},
      {"1 0 0 0 0 5 -1\n2 0 0 0 500 5 1\n3 0 9 9 9 5 -1\n",
       "bad.swc:3: this inlet touches no vessel"},
      {"1 0 0 0 0 5 -1\n2 0 0 0 400 5 1\n", "no free end of a vessel lies within one voxel"},
      {"1 0 0 0 500 5 -1\n2 0 0 0 0 5 1\n", "bad.swc: the vessels have no inlet"}};
  for (const Bad& b : bad) {
    const std::string message = error("bad.swc", b.text, outlets);
    EXPECT_TRUE(contains(message, b.part)) << b.text << "  gave: " << message;
    EXPECT_TRUE(contains(message, folder_.string())) << message;
  }
  // Everything that is wrong comes in one message.
  const std::string twice =
      error("bad.swc", "1 0 0 0 0 5 -1\n1 0 0 0 9 5 -1\n1 0 0 0 8 5 -1\n2 0 0 0 9 x 1\n");
  EXPECT_TRUE(contains(twice, "bad.swc:2: id 1") && contains(twice, "bad.swc:3: id 1") &&
              contains(twice, "bad.swc:4: the radius is 'x'"))
      << twice;
  const std::string lost = error("bad.swc", "1 0 0 0 0 5 -1\n2 0 0 0 9 5 7\n3 0 0 0 9 5 8\n");
  EXPECT_TRUE(contains(lost, "bad.swc:2: its parent 7") &&
              contains(lost, "bad.swc:3: its parent 8"))
      << lost;
  EXPECT_TRUE(contains(error("tree.swc", tree), "tree.swc: the vessels have no outlet; add one to "
                                                "vessels.ends"));
  const std::string ring = "1 0 0 0 0 5 -1\n2 0 0 0 500 51 1\n";
  EXPECT_EQ(error("wide.swc", ring, outlets, {"flow.enabled=false", "oxygen.blood=fixed"}),
            "accepted");
  EXPECT_TRUE(contains(error("tree.txt", tree), "vessels.file must end in .vtp or .swc, not in "
                                                "`.txt`"));
}

// Two trees that meet: the arterial one feeds the venous one.
TEST_F(VesselFiles, PointsInTheSamePlaceAreOneNode) {
  const VesselNetwork n = read("two.swc",
                               "1 0 0 0 0 5 -1\n2 0 0 0 200 5 1\n"
                               "7 0 0 0 500 8 -1\n8 0 0 0 200 8 7\n",
                               "ends: [{role: outlet, name: 7}]");
  ASSERT_EQ(n.nodes.size(), 3u);
  EXPECT_EQ(n.segments[0].to, n.segments[1].to);
  EXPECT_EQ(n.nodes[2].end, VesselEnd::outlet);
}

// A .vtp file in plain text.
std::string vtp(const std::string& points, const std::string& connectivity,
                const std::string& offsets, const std::string& point_data,
                const std::string& cell_data = "") {
  const auto count = [](const std::string& text) {
    std::size_t words = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
      words += text[i] != ' ' && (i == 0 || text[i - 1] == ' ');
    return words;
  };
  return "<?xml version=\"1.0\"?>\n<VTKFile type=\"PolyData\" version=\"1.0\" "
         "byte_order=\"LittleEndian\" header_type=\"UInt64\">\n<PolyData>\n<Piece "
         "NumberOfPoints=\"" +
         std::to_string(count(points) / 3) + "\" NumberOfVerts=\"0\" NumberOfLines=\"" +
         std::to_string(count(offsets)) +
         "\" NumberOfStrips=\"0\" NumberOfPolys=\"0\">\n<PointData>" + point_data +
         "</PointData>\n<CellData>" + cell_data +
         "</CellData>\n<Points><DataArray type=\"Float64\" NumberOfComponents=\"3\" "
         "format=\"ascii\">" +
         points +
         "</DataArray></Points>\n<Lines><DataArray type=\"Int64\" Name=\"connectivity\" "
         "format=\"ascii\">" +
         connectivity + "</DataArray><DataArray type=\"Int64\" Name=\"offsets\" format=\"ascii\">" +
         offsets + "</DataArray></Lines>\n</Piece>\n</PolyData>\n</VTKFile>\n";
}

std::string array(const std::string& name, const std::string& values) {
  return "<DataArray type=\"Float64\" Name=\"" + name + "\" format=\"ascii\">" + values +
         "</DataArray>";
}

// The same vessels in any order of nodes: ends and pieces by place.
std::vector<std::string> described(const VesselNetwork& n) {
  std::vector<std::string> all;
  const auto place = [&](std::int32_t i) {
    const VesselNode& node = n.nodes[static_cast<std::size_t>(i)];
    std::string s;
    for (const double x : node.position) s += std::to_string(x) + " ";
    return s + std::to_string(static_cast<int>(node.end)) + " " + std::to_string(node.end_pressure);
  };
  for (const VesselSegment& s : n.segments)
    all.push_back(place(s.from) + " to " + place(s.to) + " radius " + std::to_string(s.radius));
  std::sort(all.begin(), all.end());
  return all;
}

TEST_F(VesselFiles, VtpGivesTheSameAsSwc) {
  if (!vtk_available()) GTEST_SKIP() << "built without VTK";
  const std::string text = vtp(
      "150 200 0 150 200 100 100 200 300 100 200 500 150 200 100 200 200 300 200 150 500 200 250 "
      "500",
      "0 1 2 3 4 5 6 5 7", "4 7 9",
      array("radius", "10 8 6 5 8 6 4 4") + array("end", "1 0 0 2 0 0 2 2"));
  const VesselNetwork a = read("tree.vtp", text);
  const VesselNetwork b = read("tree.swc", tree, outlets);
  EXPECT_EQ(a.nodes.size(), 7u); // the fork is a point of two lines, another is drawn twice
  EXPECT_EQ(described(a), described(b));
}

TEST_F(VesselFiles, VtpWithRadiiOfLinesAndPressures) {
  if (!vtk_available()) GTEST_SKIP() << "built without VTK";
  const VesselNetwork n =
      read("a.vtp",
           vtp("0 0 0 0 0 1 0 0 5", "0 1 1 2", "2 4",
               array("end", "1 0 2") + array("end_pressure", "44 0 0") +
                   "<Array type=\"String\" Name=\"name\" format=\"ascii\">97 0 0 118 0</Array>",
               array("radius", "0.1 0.2")),
           "file_scale: 100, ends: [{role: outlet, name: v, pressure: 3 mmHg}]");
  ASSERT_EQ(n.nodes.size(), 3u);
  EXPECT_EQ(n.nodes[0].end_pressure, 44);
  EXPECT_EQ(n.nodes[2].end_pressure, 3);
  EXPECT_EQ(n.nodes[2].position[2], 500);
  EXPECT_EQ(n.segments[0].radius, 10);
  EXPECT_EQ(n.segments[1].radius, 20);
  EXPECT_EQ(external_.vessel_names, (std::vector<std::string>{"a", "", "v"}));
}

TEST_F(VesselFiles, BadVtp) {
  if (!vtk_available()) GTEST_SKIP() << "built without VTK";
  const std::string points = "0 0 0 0 0 200 0 0 500", ends = array("end", "1 0 2");
  const std::string radius = array("radius", "5 5 5");
  const std::pair<std::string, const char*> bad[] = {
      {"no xml", "this is not a VTK XML file of poly-lines (.vtp)"},
      {vtp(points, "0 1 2", "3", ends), "there is no array 'radius'"},
      {vtp(points, "", "", ends + radius), "it holds no lines"},
      {vtp(points, "0 1 2", "1 3", ends + radius), "line 0 has fewer than two points"},
      {vtp(points, "0 1 7", "3", ends + radius), "line 0 refers to point 7, but there are 3"},
      {vtp(points, "0 1 -2", "3", ends + radius), "line 0 refers to point -2"},
      {vtp(points, "0 1 2", "3", ends + array("radius", "5 5 70")),
       "bad.vtp, point 2: the radius is 70 um"},
      {vtp(points, "0 1 2", "3", ends, array("radius", "-3")),
       "bad.vtp, line 0: the radius is -3; it must be above 0"},
      {vtp(points, "0 1 2", "3", ends, array("radius", "60")),
       "bad.vtp, line 0: the radius is 60 um"},
      {vtp(points, "0 1 2", "3", ends + array("radius", "5 5")), ""},
      {vtp("0 0 0 0 0 200 0 0 501", "0 1 2", "3", ends + radius),
       "bad.vtp, point 2: z = 501 um lies outside the box"},
      {vtp(points, "0 1 2", "3", array("end", "1 3 2") + radius), "point 1 has end 3"},
      {vtp(points, "0 1 2", "3", array("end", "1 0.5 2") + radius), "point 1 has end 0.5"},
      {vtp(points, "0 1 2", "3", array("end", "0 0 2") + radius), "the vessels have no inlet"},
      {vtp(points, "0 1 2", "3", array("end", "1 0 0") + radius), "the vessels have no outlet"},
      {vtp(points, "0 1 2", "3", radius),
       "the vessels have neither inlet nor outlet; add both to vessels.ends, for example [{role: "
       "inlet, face: -z}, {role: outlet, face: +z}]"},
      {vtp(points, "0 1", "2", ends + radius), "bad.vtp, point 2: this outlet touches no vessel"},
      {vtp(points, "0 1 2", "3", ends + radius + array("end_pressure", "-1 0 0")),
       "bad.vtp, point 0: end_pressure is -1"},
      {vtp(points, "0 1 2", "3", ends + radius + array("end_pressure", "14 0 15")),
       "no inlet of the vessels has more pressure than the outlets"},
      {vtp("0 0 0 0 0 200 0 0 500 0 0 500", "0 1 2 1 3", "3 5", ends + radius), ""}};
  for (const auto& [text, part] : bad) {
    const std::string message = error("bad.vtp", text);
    EXPECT_NE(message, "accepted") << text;
    EXPECT_TRUE(contains(message, part)) << text << "\n  gave: " << message;
    EXPECT_TRUE(contains(message, "bad.vtp")) << message;
  }
  // Everything that is wrong comes in one message.
  const std::string all =
      error("bad.vtp", vtp("0 0 0 0 0 200 0 0 900", "0 1 2", "3",
                           array("end", "5 0.5 2") + array("radius", "5 -5 5")));
  for (const char* part : {"point 0 has end 5", "point 1 has end 0.5", "point 1: the radius is -5",
                           "point 2: z = 900 um lies outside"})
    EXPECT_TRUE(contains(all, part)) << part << "\n" << all;
  // Of a line without any radius once, however many pieces it has.
  const std::string bare =
      error("bad.vtp", vtp(points, "0 1 2", "3", ends + array("radius", "0 0 0")));
  EXPECT_EQ(bare.find("the radius is 0"), bare.rfind("the radius is 0")) << bare;
  EXPECT_TRUE(contains(bare, "bad.vtp, line 0: the radius is 0; it must be above 0")) << bare;
  // Points that no line uses do no harm, nor do parts that hang on nothing.
  EXPECT_EQ(error("good.vtp", vtp(points + " 9 9 9", "0 1 2", "3",
                                  array("end", "1 0 2 0") + array("radius", "5 5 5 0"))),
            "accepted");
  EXPECT_EQ(external_.vessel_file.nodes.size(), 3u);
  EXPECT_EQ(error("good.vtp", vtp(points + " 9 9 9 20 20 20", "0 1 2 3 4", "3 5",
                                  array("end", "1 0 2 0 0") + array("radius", "5 5 5 5 5"))),
            "accepted");
}

// What files of other tools have, and what can be done about it is done and counted.
TEST_F(VesselFiles, AreMendedWithACount) {
  const auto told = [&] {
    std::string text;
    for (const std::string& line : external_.told) text += line + "\n";
    return text;
  };
  const std::string ends = "ends: [{role: outlet, face: +z}]";
  // Zero length, drawn twice, no radius at the end, a chain without any.
  const VesselNetwork n =
      read("real.swc",
           "1 0 0 0 0 5 -1\n2 0 0 0 100 5 1\n3 0 0 0 100 5 2\n4 0 0 0 300 0 3\n"
           "5 0 0 0 400 0 4\n6 0 0 0 500 0 5\n7 0 0 0 0 5 -1\n8 0 0 0 100 5 7\n",
           ends);
  EXPECT_EQ(n.segments.size(), 4u);
  for (const VesselSegment& s : n.segments) EXPECT_EQ(s.radius, 5);
  EXPECT_TRUE(contains(told(),
                       "mended: 1 piece without length left out, 1 piece drawn twice left out, "
                       "3 pieces with a missing radius"))
      << told();
  EXPECT_TRUE(contains(told(),
                       "vessels: 5 nodes, 4 pieces of 0.5 mm in 1 part, 1 inlet, 1 outlet; 100 "
                       "% of the length is perfused"))
      << told();
  read("clean.swc", "1 0 0 0 0 5 -1\n2 0 0 0 500 5 1\n", ends);
  EXPECT_FALSE(contains(told(), "mended")) << told();
  // A way that leads nowhere.
  read("apart.swc", "1 0 0 0 0 5 -1\n2 0 0 0 300 5 1\n3 0 90 0 0 5 -1\n4 0 90 0 500 5 3\n", ends);
  EXPECT_TRUE(contains(told(), "in 2 parts, 2 inlets, 1 outlet; 62.5 % of the length is perfused"))
      << told();
  read("none.swc", "1 0 0 0 0 5 -1\n2 0 0 0 300 5 1\n3 0 90 0 0 5 -1\n4 0 90 0 500 5 3\n",
       "ends: [{role: outlet, name: 3}]");
  EXPECT_TRUE(contains(told(), "nothing is perfused, as no way leads from an inlet to an outlet"))
      << told();
  EXPECT_TRUE(contains(error("bare.swc", "1 0 0 0 0 0 -1\n2 0 0 0 500 0 1\n", ends),
                       "bare.swc:2: the radius is 0; it must be above 0"));
}

// Two vessels between the same two nodes are two vessels where their radii differ.
TEST_F(VesselFiles, VesselsMayRunSideBySide) {
  const VesselNetwork n =
      read("p.vtp", vtp("0 0 0 0 0 200 0 0 300 0 0 500", "0 1 1 2 1 2 1 2 2 3", "2 4 6 8 10",
                        array("end", "1 0 0 2"), array("radius", "6 4 3 4 6")));
  EXPECT_EQ(n.nodes.size(), 5u); // one more, in the middle of the second
  EXPECT_EQ(n.segments.size(), 5u);
  std::string told;
  for (const std::string& line : external_.told) told += line + "\n";
  EXPECT_TRUE(contains(told, "1 vessel runs beside another")) << told;
  EXPECT_TRUE(contains(told, "1 piece drawn twice")) << told;
  EXPECT_TRUE(contains(told, "5 nodes, 5 pieces of 0.6 mm in 1 part")) << told;
  // Blood divides between them, and graph and lattice agree.
  const Parameters p =
      read_config_text(small_box + "vessels: {pattern: file, file: p.vtp, check: true}\n",
                       folder_ / "case.yaml")
          .parameters;
  Site site(p, Executor::on_cpu(1), external_);
  site.step();
  site.check();
  double wide = 0, narrow = 0;
  for (const VesselSegment& s : site.vessels()->segments) {
    if (s.radius == 4) wide = std::abs(s.flow);
    if (s.radius == 3) narrow = std::abs(s.flow);
  }
  EXPECT_GT(wide, narrow);
  EXPECT_GT(narrow, 0);
}

TEST_F(VesselFiles, ComeIntoTheBoxByUnitAndOffset) {
  const std::string text = "1 0 1 1 1 0.005 -1\n2 0 1 1 1.5 0.005 1\n";
  const std::string ends = ", ends: [{role: outlet, face: +z}]";
  const VesselNetwork n =
      read("mm.swc", text, "file_unit: mm, file_offset: [-990 um, -800 um, -1 mm]" + ends);
  EXPECT_EQ(n.nodes[0].position, (std::array<double, 3>{10, 200, 0}));
  EXPECT_EQ(n.nodes[1].position, (std::array<double, 3>{10, 200, 500}));
  EXPECT_EQ(n.segments[0].radius, 5);
  const std::string off = error("mm.swc", text, "file_unit: mm" + ends);
  EXPECT_TRUE(contains(off,
                       "mm.swc: 2 points lie outside the box; all of them span x 1000 to 1000, y "
                       "1000 to 1000, z 1000 to 1500 um; to put them in its middle, type "
                       "vessels.file_offset: ["))
      << off;
  // Nothing else is said of vessels that are only in another place.
  const std::string points = "-900 0 9000 -900 0 9200 -900 0 9500";
  const std::string away = error(
      "away.vtp", vtp(points, "0 1 2", "3", array("end", "1 0 2") + array("radius", "5 5 5")));
  EXPECT_TRUE(contains(away, "3 points lie outside the box") && contains(away, "point 2: x = -900"))
      << away;
  EXPECT_FALSE(contains(away, "opposite") || contains(away, "touches no vessel")) << away;
  const std::string wide =
      error("mm.swc", "1 0 0 0 0 0.005 -1\n2 0 9 9 9 0.005 1\n", "file_unit: mm" + ends);
  EXPECT_TRUE(contains(wide, "that is more than the box holds")) << wide;
}

TEST_F(VesselFiles, RadiiHaveTheNamesOfOtherTools) {
  const std::string points = "0 0 0 0 0 200 0 0 500", lines = "0 1 2";
  const auto with = [&](const std::string& name) {
    return vtp(points, lines, "3", array("end", "1 0 2") + array(name, "5 6 7"));
  };
  for (const char* name :
       {"radius", "Radius", "Node Radius", "Vessel Radius", "MaximumInscribedSphereRadius"})
    EXPECT_EQ(error("r.vtp", with(name)), "accepted") << name;
  EXPECT_TRUE(contains(error("r.vtp", with("Distance")),
                       "it has end, Distance; type the one of the "
                       "radii as vessels.file_radius"));
  EXPECT_EQ(error("r.vtp", with("Distance"), "file_radius: Distance"), "accepted");
  EXPECT_TRUE(
      contains(error("r.vtp", with("radius"), "file_radius: width"), "there is no array 'width'"));
}

TEST_F(VesselFiles, AllFaultsAreToldAtOnce) {
  const std::string said =
      error("bad.swc",
            "1 0 0 0 0 -5 -1\n2 0 0 0 500 99 1\n3 0 900 0 0 5 -1\n4 0 0 0 0 5 3\n"
            "5 0 9 9 9 5 -1\n",
            "ends: [{role: outlet, face: +z}]");
  for (const char* part :
       {"bad.swc:1: the radius is -5", "bad.swc:2: the radius is 99 um",
        "bad.swc:3: x = 900 um lies outside", "bad.swc:5: this inlet touches no"})
    EXPECT_TRUE(contains(said, part)) << part << "\n gave: " << said;
}

TEST(Beds, ValidateSaysWhatTheExclusionLeaves) {
  const auto said = [](const std::string& more) {
    std::string all;
    try {
      const Parameters p =
          read_config_text(small_box +
                               "vessels: {pattern: grid, axis: y, spacing: 100 um, jitter: "
                               "0" +
                               more + "}\n",
                           "case.yaml")
              .parameters;
      for (const std::string& line : read_inputs(p).told) all += line + "\n";
    } catch (const ConfigError& e) {
      return std::string("refused: ") + e.what();
    }
    return all;
  };
  // 3 by 5 in a box of 300 by 500 um: the middle one and its neighbours at 100 um.
  EXPECT_TRUE(contains(said(", exclusion: 101 um"), "vessels.exclusion: 5 of 15 capillaries left "
                                                    "out, closer than 101 um to the middle"));
  EXPECT_TRUE(contains(said(", exclusion: 50 um"), "1 of 15 capillaries left out"));
  EXPECT_FALSE(contains(said(""), "vessels.exclusion"));
  const std::string none = said(", exclusion: 1 mm, ends: [{role: inlet, face: -y, pressure: 30 "
                                "mmHg}]");
  EXPECT_TRUE(contains(none, "refused: vessels.exclusion: of 15 capillaries of the grid none is "
                             "left, as all come closer than 1000 um to the middle of the box; type "
                             "at most 223 um, or vessels.pattern: none"))
      << none;
  EXPECT_TRUE(contains(said(", exclusion: 223 um"), "11 of 15 capillaries left out"));
}

TEST_F(VesselFiles, ValidateLooksAtTheEndsOfAnyPattern) {
  const Parameters p =
      read_config_text(small_box + "vessels: {pattern: grid, ends: [{role: inlet, face: -x}]}\n",
                       "case.yaml")
          .parameters;
  EXPECT_THROW(read_inputs(p), ConfigError);
}

} // namespace
} // namespace metavox
