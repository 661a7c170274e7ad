// What becomes of the cells, images and vessels that users bring: counted, fitted, refused, never
// silently lost.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.hpp"
#include "folder.hpp"
#include "input/inputs.hpp"
#include "site/config.hpp"
#include "site/site.hpp"
#include "support.hpp"

namespace metavox {
namespace {

using support::count_kinds;
using support::of;
using support::tumour_of;

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Empty tissue of 8 x 8 x 8 voxels of 20 um, and what the test adds.
const std::string bare = "domain: {voxels: [8, 8, 8]}\nglucose: {enabled: false}\n";

class Brought : public testing::Test {
protected:
  Parameters parameters(const std::string& yaml) const {
    return read_config_text(bare + yaml, folder_.path() / "case.yaml").parameters;
  }
  // What `validate` tells, or the complaint.
  std::string told(const std::string& yaml) const {
    try {
      return joined(read_inputs(parameters(yaml)).told);
    } catch (const ConfigError& e) {
      return std::string("refused: ") + e.what();
    }
  }
  Site site(const std::string& yaml) const {
    const Parameters p = parameters(yaml);
    return Site(p, Executor::on_cpu(1), read_inputs(p));
  }
  // An image of one array of 8-bit cell data.
  void image(const std::string& name, const std::array<int, 3>& n, const std::vector<int>& values,
             const std::string& geometry = "") const {
    std::string text = "<VTKFile type=\"ImageData\"><ImageData WholeExtent=\"0 " +
                       std::to_string(n[0]) + " 0 " + std::to_string(n[1]) + " 0 " +
                       std::to_string(n[2]) + "\" " + geometry + "><Piece Extent=\"0 " +
                       std::to_string(n[0]) + " 0 " + std::to_string(n[1]) + " 0 " +
                       std::to_string(n[2]) +
                       "\"><CellData><DataArray type=\"Int32\" Name=\"kind\" format=\"ascii\">";
    for (const int v : values) text += std::to_string(v) + " ";
    folder_.write(name, text + "</DataArray></CellData></Piece></ImageData></VTKFile>");
  }
  std::vector<int> voxels(int value = 0) const { return std::vector<int>(512, value); }

  const Folder folder_;
};
using Cells = Brought;

const std::string no_tissue = "parenchyma: 0, stroma: 0";

TEST_F(Cells, OfATableInOneVoxelAreRefusedMovedOrDroppedAsAsked) {
  folder_.write("cells.csv", "x,y,z,kind\n10,10,10,epithelial\n30,10,10,stroma\n"
                             "12,19,11,epithelial\n15,15,15,mesenchymal\n70,70,70,epithelial\n");
  const std::string table = "tissue: {" + no_tissue + ", cells_csv: cells.csv";
  const std::string refused = told(table + "}");
  EXPECT_TRUE(contains(refused, "refused: ") &&
              contains(refused, "cells.csv: it has 2 cells of 5 in "
                                "the voxel of an earlier one (the "
                                "first in line 4, with line 2)"))
      << refused;
  EXPECT_TRUE(contains(refused, "cells_csv_overlap: nearest")) << refused;

  const std::string nearest = table + ", cells_csv_overlap: nearest}";
  EXPECT_TRUE(contains(told(nearest), "2 cells moved by")) << told(nearest);
  EXPECT_TRUE(contains(told(nearest), "tissue.cells_csv: 5 cells\n")) << told(nearest);
  const auto all = count_kinds(site(nearest));
  EXPECT_EQ(tumour_of(all), 4);
  EXPECT_EQ(of(all, Kind::stroma), 1);
  // (12, 19, 11) is nearest to the voxel above it along y.
  EXPECT_EQ(support::array_of<std::uint8_t>(site(nearest), "kind")[8],
            static_cast<std::uint8_t>(Kind::epithelial));

  const std::string drop = table + ", cells_csv_overlap: drop}";
  EXPECT_TRUE(contains(told(drop), "with line 2): left out")) << told(drop);
  EXPECT_TRUE(contains(told(drop), "tissue.cells_csv: 3 cells\n")) << told(drop);
  EXPECT_EQ(tumour_of(count_kinds(site(drop))), 2);
}

TEST_F(Cells, OfATableOnVesselsAreCounted) {
  folder_.write("cells.csv", "x,y,z,kind\n50,70,70,epithelial\n50,110,70,epithelial\n");
  const std::string vessel = "vessels: {pattern: lines, lines: [{from: [0 um, 70 um, 70 um], to: "
                             "[160 um, 70 um, 70 um], radius: 9 um}]}\n";
  const std::string table = vessel + "tissue: {" + no_tissue + ", cells_csv: cells.csv";
  EXPECT_TRUE(contains(told(table + "}"), "1 cell of 2 on vessels (the first in line 2)"))
      << told(table + "}");
  EXPECT_EQ(tumour_of(count_kinds(site(table + ", cells_csv_overlap: nearest}"))), 2);
  EXPECT_EQ(tumour_of(count_kinds(site(table + ", cells_csv_overlap: drop}"))), 1);
  folder_.write("cells.csv", "x,y,z,kind\n50,70,70,epithelial\n");
  EXPECT_TRUE(contains(told(table + ", cells_csv_overlap: drop}"), "none of its cells is left"))
      << told(table + ", cells_csv_overlap: drop}");
}

TEST_F(Cells, HaveNowhereToGoInAFullBox) {
  std::string text = "x,y,z,kind\n";
  for (int n = 0; n < 513; ++n)
    text += std::to_string(20 * (n % 8) + 10) + "," + std::to_string(20 * (n / 8 % 8) + 10) + "," +
            std::to_string(20 * (n / 64 % 8) + 10) + ",stroma\n";
  folder_.write("cells.csv", text);
  const std::string said =
      told("tissue: {" + no_tissue + ", cells_csv: cells.csv, cells_csv_overlap: nearest}");
  EXPECT_TRUE(contains(said, "cells.csv:514: no voxel within 10 of this cell is free")) << said;
}

TEST_F(Cells, StandWhereNumbersOfAnyHandPutThem) {
  folder_.write("cells.csv",
                "x [mm], y, z [\u00b5m], kind, clone\n"
                "+0.03,\u00a030.0 ,3e1,epithelial,+7\n0.05,0.05 mm,5\u00d710\u00b9,stroma,1e1\n");
  const auto kind = support::array_of<std::uint8_t>(
      site("tissue: {" + no_tissue + ", cells_csv: cells.csv}"), "kind");
  EXPECT_EQ(kind[1 + 8 * (1 + 8 * 1)], static_cast<std::uint8_t>(Kind::epithelial));
  EXPECT_EQ(kind[2 + 8 * (2 + 8 * 2)], static_cast<std::uint8_t>(Kind::stroma));
  folder_.write("net.swc", "+1 2 0 +70 7\u00d710\u00b9 5. -1\n2.0 2 1.6e2 70 70 +5 +1\n");
  EXPECT_FALSE(
      contains(told("vessels: {pattern: file, file: net.swc, ends: [{role: outlet, face: +x}]}\n"),
               "refused"))
      << told("vessels: {pattern: file, file: net.swc, ends: [{role: outlet, face: +x}]}\n");
}

// The counts that are told are those of the tissue that is built.
TEST_F(Cells, OfShapesAreCountedAsTheyStand) {
  const std::string yaml =
      "vessels: {pattern: lines, lines: [{from: [0 um, 70 um, 70 um], to: [160 um, 70 um, 70 "
      "um], radius: 9 um}]}\n"
      "tissue:\n  parenchyma: 0.3\n  cells:\n"
      "    - {shape: sphere, radius: 60 um, fraction: 0.7}\n"
      "    - {shape: box, kind: stroma, from: [40 um, 40 um, 40 um], to: [300 um, 80 um, 90 um]}\n"
      "    - {shape: layer, kind: none, begin: 100 um, end: 120 um}\n";
  const std::string said = told(yaml);
  const auto whole = count_kinds(site(yaml));
  EXPECT_TRUE(contains(said, "tissue.cells[0]: " + std::to_string(tumour_of(whole)) +
                                 " epithelial cells of "))
      << said;
  EXPECT_TRUE(contains(said, "give way to vessels; ")) << said;
  EXPECT_TRUE(contains(said, "replaced by what comes later")) << said;
  EXPECT_TRUE(contains(said, "it reaches beyond the box, which holds 46.2 %")) << said;
  EXPECT_TRUE(contains(said, "tissue.cells[2]: 64 voxels emptied\n")) << said;

  const std::string huge = told("tissue: {cells: [{shape: sphere, radius: 2400 um}]}");
  EXPECT_TRUE(contains(huge, "tissue.cells[0]: 512 epithelial cells; it reaches beyond the box, "
                             "which holds 0.0071 %"))
      << huge;
}

TEST_F(Cells, AskedForAndNotPlacedAreAnError) {
  const std::string vessel = "vessels: {pattern: lines, lines: [{from: [0 um, 70 um, 70 um], to: "
                             "[160 um, 70 um, 70 um], radius: 9 um}]}\n";
  EXPECT_TRUE(contains(
      told(vessel + "tissue: {cells: [{shape: box, from: [0 um, 60 um, 60 um], to: [160 um, 80 um, "
                    "80 um]}]}\n"),
      "refused: tissue.cells[0] puts no cell into the tissue: vessels stand in all of its 8"));
  EXPECT_TRUE(contains(told("tissue: {cells: [{shape: sphere, radius: 18 um, fraction: 1e-9}]}"),
                       "its fraction gives none of its 8 voxels a cell"));
  EXPECT_TRUE(
      contains(told("tissue: {cells: [{shape: sphere, radius: 30 um}, {shape: sphere, kind: "
                    "necrotic, radius: 60 um}]}"),
               "tissue.cells[0] puts no cell into the tissue: later entries replace"));
  // Nobody asked.
  EXPECT_FALSE(
      contains(told("tissue: {cells: [{shape: sphere, radius: 30 um, fraction: 0}]}"), "refused"));
  // A table of which only the first line was written.
  folder_.write("cells.csv", "x,y,z,kind\n");
  EXPECT_TRUE(contains(told("tissue: {cells_csv: cells.csv}"), "cells.csv: it holds no cells"))
      << told("tissue: {cells_csv: cells.csv}");
}

// "none" empties a voxel wherever it stands: in shapes, tables and images.
TEST_F(Cells, OfKindNoneEmptyTheirVoxel) {
  const std::string full = "parenchyma: 1, stroma: 0";
  folder_.write("cells.csv", "x,y,z,kind\n10,10,10,none\n");
  std::vector<int> kinds = voxels(3);
  kinds[0] = 0;
  image("cells.vti", {8, 8, 8}, kinds);
  for (const std::string more :
       {"cells: [{shape: box, kind: none, from: [0 um, 0 um, 0 um], to: [20 um, 20 um, 20 um]}]",
        "cells_csv: cells.csv", "cells_vti: cells.vti"}) {
    const auto kind =
        support::array_of<std::uint8_t>(site("tissue: {" + full + ", " + more + "}"), "kind");
    EXPECT_EQ(kind[0], static_cast<std::uint8_t>(Kind::none)) << more;
    EXPECT_NE(kind[1], static_cast<std::uint8_t>(Kind::none)) << more;
  }
  const auto filled = support::array_of<std::uint8_t>(
      site("tissue: {" + full + ", cells_vti: cells.vti, cells_vti_gaps: tissue}"), "kind");
  EXPECT_EQ(filled[0], static_cast<std::uint8_t>(Kind::parenchyma));
  EXPECT_TRUE(contains(told("tissue: {cells_vti: cells.vti}"), "tissue.cells_vti: 511 cells\n"));
}

using Images = Brought;

// Labels 1 in the half x < 80 um of a 160 um cube, 2 beyond, in n voxels along each edge.
std::vector<int> halves(int n) {
  std::vector<int> values;
  for (int i = 0; i < n * n * n; ++i) values.push_back(i % n < n / 2 ? 1 : 2);
  return values;
}

TEST_F(Images, MustLieOnTheLatticeUnlessToldOtherwise) {
  const auto says = [&](const std::string& geometry, const std::string& more = "") {
    image("a.vti", {8, 8, 8}, voxels(3), geometry);
    return told("tissue: {cells_vti: a.vti" + more + "}");
  };
  const std::string on = "Origin=\"0 0 0\" Spacing=\"20 20 20\"";
  EXPECT_TRUE(contains(says(on), "tissue.cells_vti: 512 epithelial")) << says(on);
  EXPECT_TRUE(contains(says(""), "512 epithelial")); // says nothing of its places
  // As floats write them, and with the unit matrix.
  EXPECT_TRUE(contains(says("Origin=\"1e-7 0 0\" Spacing=\"20.000001 20 20\" Direction=\"1 0 0 0 1 "
                            "0 0 0 1\""),
                       "512 epithelial"));

  const std::string spacing = says("Spacing=\"1 1 1\"");
  EXPECT_TRUE(contains(spacing, "refused: tissue.cells_vti: ") &&
              contains(spacing, "its voxels are 1 x 1 x 1 um from (0, 0, 0) on; those of the "
                                "lattice are 20 x 20 x 20 um from (0, 0, 0) on; type "
                                "tissue.cells_vti_geometry: resample"))
      << spacing;
  EXPECT_TRUE(contains(says("Origin=\"100 0 0\" Spacing=\"20 20 20\""), "from (100, 0, 0) on"));
  EXPECT_TRUE(contains(says("Origin=\"0 0 -20\" Spacing=\"20 20 20\""), "from (0, 0, -20) on"));
  EXPECT_TRUE(contains(says("Spacing=\"20 20 20.1\""), "20 x 20 x 20.1 um"));
  EXPECT_TRUE(contains(says(on + " Direction=\"0 1 0 -1 0 0 0 0 1\""), "along turned axes"));
  EXPECT_TRUE(contains(says("Spacing=\"0.02 0.02 0.02\""), "; they agree in mm; type"));
  EXPECT_TRUE(
      contains(says("Spacing=\"0.02 0.02 0.02\"", ", cells_vti_unit: mm"), "512 epithelial"));
  EXPECT_TRUE(contains(says("Spacing=\"0 1 1\""), "Spacing is 0; it must be above 0"));
  EXPECT_TRUE(contains(says("Spacing=\"1 1\""), "it must be 3 numbers"));
  EXPECT_TRUE(contains(says("Direction=\"1 0 0 1 0 0 0 0 1\"", ", cells_vti_geometry: resample"),
                       "lie in one plane"));
  const std::string ignored = says("Spacing=\"1 1 1\"", ", cells_vti_geometry: ignore");
  EXPECT_TRUE(contains(ignored, "from (0, 0, 0) on; ignored\n") && contains(ignored, "512 cells"))
      << ignored;
}

TEST_F(Images, AreResampledByTheirOwnPlaces) {
  // Voxels half as wide, then twice, then moved by half the box along x.
  const auto column = [&](int n, const std::string& geometry, const std::string& more = "") {
    image("a.vti", {n, n, n}, halves(n), geometry);
    const auto kind = support::array_of<std::uint8_t>(
        site("tissue: {parenchyma: 0, stroma: 0, cells_vti: a.vti, cells_vti_geometry: resample, "
             "cells_vti_map: {1: epithelial, 2: stroma}" +
             more + "}"),
        "kind");
    std::string text;
    for (int x = 0; x < 8; ++x) text += std::to_string(kind[static_cast<std::size_t>(x)]);
    return text;
  };
  EXPECT_EQ(column(16, "Spacing=\"10 10 10\""), "33332222");
  EXPECT_EQ(column(4, "Spacing=\"40 40 40\""), "33332222");
  EXPECT_EQ(column(8, "Spacing=\"0.02 0.02 0.02\"", ", cells_vti_unit: mm"), "33332222");
  EXPECT_EQ(column(8, "Spacing=\"20 20 20\" Origin=\"-40 0 0\""), "33222200");
  // A quarter turn: the image's x runs along y of the box, its y back along x.
  EXPECT_EQ(column(8, "Spacing=\"20 20 20\" Origin=\"160 0 0\" Direction=\"0 -1 0 1 0 0 0 0 1\""),
            "33333333");
  EXPECT_EQ(
      column(8, "Spacing=\"20 20 20\" Origin=\"160 160 0\" Direction=\"-1 0 0 0 -1 0 0 0 1\""),
      "22223333");
  image("a.vti", {8, 8, 8}, halves(8), "Spacing=\"20 20 20\" Origin=\"-40 0 0\"");
  const std::string said = told("tissue: {cells_vti: a.vti, cells_vti_geometry: resample, "
                                "cells_vti_map: {1: epithelial, 2: stroma}}");
  EXPECT_TRUE(contains(said, "8 x 8 x 8 voxels resampled; 128 of the lattice's 512 voxels lie "
                             "outside the image and get no cell"))
      << said;
  EXPECT_TRUE(contains(said, "128 epithelial (label 1), 256 stroma (label 2)")) << said;
  image("a.vti", {8, 8, 8}, halves(8), "Spacing=\"20 20 20\" Origin=\"900 0 0\"");
  EXPECT_TRUE(contains(told("tissue: {cells_vti: a.vti, cells_vti_geometry: resample}"),
                       "lies wholly outside the box"));
  // Colours are no labels, and resampling does not make them.
  image("rgb.vti", {8, 8, 8}, std::vector<int>(1024, 3));
  std::string two = read_text(folder_.path() / "rgb.vti");
  two.replace(two.find("Name="), 5, "NumberOfComponents=\"2\" Name=");
  folder_.write("rgb.vti", two);
  const std::string colours = told("tissue: {cells_vti: rgb.vti}");
  EXPECT_TRUE(contains(colours, "8 x 8 x 8 with 2 components")) << colours;
  EXPECT_FALSE(contains(colours, "resample")) << colours;
  // Another number of voxels, and nobody said how to take them.
  image("a.vti", {16, 16, 16}, halves(16), "Spacing=\"10 10 10\"");
  EXPECT_TRUE(
      contains(told("tissue: {cells_vti: a.vti}"),
               "the lattice needs 8 x 8 x 8 values of one component, found cell data of 16 x "
               "16 x 16 with 1 component; type tissue.cells_vti_geometry: resample"));
}

// What is smaller than a voxel may lie beside all of their centres.
TEST_F(Images, SayWhichLabelsFallBetweenTheVoxels) {
  const std::string as = "tissue: {cells_vti: a.vti, cells_vti_geometry: resample";
  std::vector<int> fine(32 * 32 * 32, 0);
  fine[0] = fine[1] = 3; // 5 and 10 um from a corner whose centre is at 10, 10, 10 um
  image("a.vti", {32, 32, 32}, fine, "Spacing=\"5 5 5\"");
  EXPECT_TRUE(contains(told(as + "}"), "refused: tissue.cells_vti: ")) << told(as + "}");
  EXPECT_TRUE(contains(told(as + "}"), "2 values of 3 lie between the centres of the lattice's "
                                       "voxels, so none of its cells is left"))
      << told(as + "}");
  for (int i = 2 * 32 * 32 + 2 * 32; i < 2 * 32 * 32 + 3 * 32; ++i)
    fine[static_cast<std::size_t>(i)] = 2;
  image("a.vti", {32, 32, 32}, fine, "Spacing=\"5 5 5\"");
  const std::string some = told(as + "}");
  EXPECT_TRUE(contains(some, "of the image's label 3 (2 values) nothing is left")) << some;
  EXPECT_TRUE(contains(some, "tissue.cells_vti: 8 cells\n")) << some;
  // Nothing is lost that lies outside the box, and nothing of an empty image.
  image("a.vti", {8, 8, 8}, halves(8), "Spacing=\"20 20 20\" Origin=\"-80 0 0\"");
  const std::string beside = told(as + ", cells_vti_map: {1: epithelial, 2: stroma}}");
  EXPECT_FALSE(contains(beside, "refused") || contains(beside, "nothing is left")) << beside;
  image("a.vti", {16, 16, 16}, std::vector<int>(4096, 0), "Spacing=\"10 10 10\"");
  EXPECT_TRUE(contains(told(as + "}"), "tissue.cells_vti: 0 cells\n")) << told(as + "}");
}

TEST_F(Images, HoldLabelsThatAreNamed) {
  image("a.vti", {8, 8, 8}, halves(8));
  EXPECT_TRUE(
      contains(told("tissue: {cells_vti: a.vti, cells_vti_map: {1: epithelial}}"),
               "labels that tissue.cells_vti_map does not name: 2 (256 voxels); add them, for "
               "example 2: none"));
  EXPECT_TRUE(contains(told("tissue: {cells_vti: a.vti, cells_vti_map: {1: epithelial, 2: none}}"),
                       "tissue.cells_vti: 256 cells\n"));
  image("a.vti", {8, 8, 8}, voxels(77));
  EXPECT_TRUE(contains(told("tissue: {cells_vti: a.vti}"),
                       "not a kind of cell: 77 (512 voxels); there are none (0)"));
  EXPECT_TRUE(
      contains(told("tissue: {cells_vti: a.vti}"), "tissue.cells_vti_map: {77: epithelial}"));
  EXPECT_TRUE(contains(told("tissue: {cells_vti: a.vti, cells_vti_map: {77: epithelal}}"),
                       "did you mean epithelial?"));
  EXPECT_TRUE(contains(told("tissue: {cells_vti: a.vti, cells_vti_map: {a: epithelial}}"),
                       "has the label `a`; it must be a whole number"));
  EXPECT_TRUE(contains(told("tissue: {cells_vti: a.vti, cells_vti_map: [1]}"), "takes a map"));
  // The resolved file says the same.
  const Config c = read_config_text(
      bare + "tissue: {cells_vti: a.vti, cells_vti_map: {3: stroma, 77: epithelial}}\n",
      folder_.path() / "case.yaml");
  EXPECT_EQ(read_config_text(c.resolved, "/elsewhere/r.yaml").parameters.tissue.cells_vti_map,
            (Labels{{3, "stroma"}, {77, "epithelial"}}));
}

// Fields are linear between the values of their image, and nothing is made up beyond it.
TEST_F(Images, OfFieldsAreFittedToo) {
  std::vector<int> ramp;
  for (int i = 0; i < 64; ++i) ramp.push_back(10 * (i % 4)); // 0, 10, 20, 30 at 20, 60, 100, 140 um
  image("o.vti", {4, 4, 4}, ramp, "Spacing=\"40 40 40\"");
  const auto oxygen = [](const std::string& more) {
    return "oxygen: {frozen: {file: o.vti, array: kind" + more + "}}\n";
  };
  EXPECT_TRUE(contains(told(oxygen("")), "refused: oxygen.frozen: ")) << told(oxygen(""));
  EXPECT_TRUE(contains(told(oxygen("")), "type geometry: resample"));
  const std::vector<float> o2 =
      support::array_of<float>(site(oxygen(", geometry: resample")), "oxygen");
  for (int x = 0; x < 8; ++x)
    EXPECT_FLOAT_EQ(o2[static_cast<std::size_t>(x)],
                    std::min(30.0f, std::max(0.0f, (20.0f * static_cast<float>(x) - 10.0f) / 4)))
        << x;
  image("o.vti", {4, 4, 4}, ramp, "Spacing=\"30 40 40\"");
  EXPECT_TRUE(
      contains(told(oxygen(", geometry: resample")),
               "128 of the lattice's 512 voxels lie outside the image, where nothing says"));
  image("o.vti", {8, 8, 8}, voxels(5), "Spacing=\"0.02 0.02 0.02\"");
  EXPECT_TRUE(contains(told(oxygen("")), "they agree in mm"));
  EXPECT_FALSE(contains(told(oxygen(", unit: mm")), "refused"));
  EXPECT_FALSE(contains(told(oxygen(", geometry: ignore")), "refused"));
  EXPECT_TRUE(contains(told(oxygen(", geometry: stretch")), "takes match, ignore or resample"));
  EXPECT_TRUE(
      contains(told("matrix: {initial: {file: o.vti, array: kind}}"), "refused: matrix.initial: "));
  // Values of a file keep to the range of the setting, as those of a formula do.
  image("o.vti", {8, 8, 8}, voxels(900));
  EXPECT_TRUE(contains(told(oxygen("")), "oxygen.frozen: ")) << told(oxygen(""));
  EXPECT_TRUE(contains(told(oxygen("")), "value 0 is 900; it must be between 0 and 760 mmHg"))
      << told(oxygen(""));
  EXPECT_TRUE(contains(told("matrix: {initial: {file: o.vti, array: kind}}"),
                       "value 0 is 900; it must be between 0 and 10"))
      << told("matrix: {initial: {file: o.vti, array: kind}}");
  image("o.vti", {8, 8, 8}, voxels(-1));
  EXPECT_TRUE(contains(told(oxygen("")), "value 0 is -1; it must be between 0 and 760 mmHg"))
      << told(oxygen(""));
  const Config c = read_config_text(bare + oxygen(", geometry: resample, unit: mm"),
                                    folder_.path() / "case.yaml");
  const Frozen again = read_config_text(c.resolved, "/elsewhere/r.yaml").parameters.oxygen.frozen;
  EXPECT_EQ(again.geometry, ImageGeometry::resample);
  EXPECT_EQ(again.unit, LengthUnit::mm);
}

// A configuration that names a file of each kind.
const std::string all_files =
    "tissue: {parenchyma: 0.2, stroma: 0, cells_vti: cells.vti, cells_csv: cells.csv, "
    "cells_csv_overlap: nearest}\n"
    "oxygen: {frozen: {file: cells.vti, array: kind}}\nmatrix: {initial: {file: cells.vti, array: "
    "kind}}\n"
    "vessels: {pattern: file, file: net.swc, ends: [{role: outlet, face: +x}]}\n";

class Repeated : public Brought {
protected:
  void SetUp() override {
    std::vector<int> kinds = voxels(0);
    kinds[100] = 3;
    image("cells.vti", {8, 8, 8}, kinds);
    folder_.write("cells.csv", "x,y,z,kind\n30,30,30,epithelial\n110,70,70,stroma\n");
    folder_.write("net.swc", "1 2 0 70 70 5 -1\n2 2 160 70 70 5 1\n");
  }
  Config config(const std::vector<std::string>& set = {}) const {
    return read_config_text(bare + all_files, folder_.path() / "case.yaml", set);
  }
  // The resolved configuration of a run, read again.
  Config again(const std::vector<std::string>& set = {}) const {
    Config first = config();
    record_inputs(first, first_inputs_);
    return read_config_text(first.resolved, "/elsewhere/resolved.yaml", set);
  }
  std::string complaint(const Config& c) const {
    try {
      read_inputs(c.parameters);
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "accepted";
  }
  std::vector<InputFile> first_inputs_;
};

TEST_F(Repeated, RunsAreToldThatAFileIsAnotherNow) {
  first_inputs_ = read_inputs(config().parameters).files;
  ASSERT_EQ(first_inputs_.size(), 5u);
  EXPECT_EQ(complaint(again()), "accepted");
  folder_.write("net.swc", "1 2 0 70 70 6 -1\n2 2 160 70 70 5 1\n"); // as long as before
  const std::string said = complaint(again());
  EXPECT_TRUE(contains(said, "vessels.file: ") &&
              contains(said, "net.swc has 35 bytes and checksum"))
      << said;
  EXPECT_TRUE(contains(said, "type --set simulation.inputs=[]")) << said;
  EXPECT_EQ(complaint(again({"simulation.inputs=[]"})), "accepted");
  EXPECT_EQ(complaint(config()), "accepted"); // who runs it anew is not asked

  folder_.write("cells.csv", "x,y,z,kind\n30,30,30,epithelial\n");
  std::vector<int> kinds = voxels(1);
  image("cells.vti", {8, 8, 8}, kinds);
  const std::string more = complaint(again());
  for (const char* key : {"vessels.file: ", "tissue.cells_csv: ", "tissue.cells_vti: ",
                          "oxygen.frozen: ", "matrix.initial: "})
    EXPECT_TRUE(contains(more, key)) << key << more;
  EXPECT_EQ(changed_inputs(config().parameters, first_inputs_).size(), 5u);
  // The same content elsewhere is the same input.
  SetUp();
  folder_.write("moved.csv", "x,y,z,kind\n30,30,30,epithelial\n110,70,70,stroma\n");
  EXPECT_EQ(complaint(again({"tissue.cells_csv=" + (folder_.path() / "moved.csv").string()})),
            "accepted");
}

// A state goes on where its input files are gone.
TEST_F(Repeated, RestartsNeedNoInputFile) {
  const Config c = config();
  Site whole(c.parameters, Executor::on_cpu(1), read_inputs(c.parameters));
  support::advance(whole, 3);
  for (const char* name : {"cells.vti", "cells.csv", "net.swc"})
    std::filesystem::remove(folder_.path() / name);
  EXPECT_THROW(config(), ConfigError);
  const Config missing = read_config_text(bare + all_files, folder_.path() / "case.yaml", {}, {},
                                          {}, FilesNamed::may_be_missing);
  ExternalArrays nothing;
  nothing.absent = true;
  Site restored(missing.parameters, Executor::on_cpu(3), nothing);
  for (const ArrayInfo& info : whole.state_arrays()) {
    std::vector<std::byte> bytes(info.bytes());
    whole.read(info.name, bytes.data());
    restored.write(info.name, bytes.data(), info.extents[0]);
  }
  restored.set_clock(whole.steps());
  EXPECT_EQ(restored.hash(), whole.hash());
  support::advance(whole, 12);
  support::advance(restored, 12);
  EXPECT_EQ(restored.hash(), whole.hash());
  EXPECT_FALSE(whole.vessels()->segments.empty());
}

} // namespace
} // namespace metavox
