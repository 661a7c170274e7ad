#include "tissue/tissue_settings.hpp"

#include "settings/region_rows.hpp"
#include "settings/section.hpp"
#include "settings/units.hpp"
#include "voxel/kind.hpp"

namespace metavox {
namespace {

void shares(Section<TissueParameters>& s) {
  using P = TissueParameters;
  s.number(&P::parenchyma, "parenchyma")
      .a_share()
      .normally("0.45")
      .means("Share of voxels that hold a normal cell of the organ at the start.")
      .from("assumed: below half, as a full lattice would be denser than tumours are")
      .preset(Preset::physicell, "0", "the tumour grows in medium")
      .preset(Preset::analytic, "0", switched_off);
  s.number(&P::stroma, "stroma")
      .a_share()
      .normally("0.1")
      .means("Share of voxels that hold a stromal cell at the start.")
      .from("assumed: one for every four or five parenchymal cells")
      .preset(Preset::physicell, "0", "the tumour grows in medium")
      .preset(Preset::analytic, "0", switched_off);
}

// "none" last, as it empties what the others fill.
std::vector<std::string_view> words_of_kinds() {
  std::vector<std::string_view> words;
  for (const Kind k : kinds_in(placed_kinds))
    if (k != Kind::none) words.push_back(name_of(k));
  words.push_back(name_of(Kind::none));
  return words;
}

void seed_region(Section<SeedShape>& s) {
  using P = SeedShape;
  s.choice(&P::shape, "shape", shape_names)
      .normally("sphere")
      .means("Shape that is filled with cells.")
      .from(choice_of_experiment);
  s.word(&P::kind, "kind", words_of_kinds())
      .normally("epithelial")
      .means("What it is filled with; none empties it, as in cells_csv and cells_vti.")
      .from(choice_of_experiment);
  region_rows(s);
}

void seed_cells(Section<SeedShape>& s) {
  using P = SeedShape;
  s.number(&P::fraction, "fraction")
      .a_share()
      .normally("1")
      .means("Share of the voxels inside that get a cell.")
      .from(choice_of_experiment);
  s.number(&P::mesenchymal_fraction, "mesenchymal_fraction")
      .a_share()
      .normally("0")
      .means("Share of those that start M-like; only for kind epithelial.")
      .from(choice_of_experiment);
  s.boolean(&P::stem, "stem")
      .normally("false")
      .means("All of them are stem cells; needs stem.enabled.")
      .from(choice_of_experiment);
}

void cells_fit_their_kind(const SeedShape& p, Judge& judge) {
  const std::string name = judge.key("");
  if (p.mesenchymal_fraction > 0 && p.kind != "epithelial")
    judge.complain({"mesenchymal_fraction"},
                   name + ".mesenchymal_fraction is for kind epithelial, but the kind is " +
                       p.kind + "; remove it");
  if (p.stem && p.kind != "epithelial" && p.kind != "mesenchymal")
    judge.complain({"stem"},
                   name + ".stem is for tumour cells, but the kind is " + p.kind + "; remove it");
}

void seed_shape(Section<SeedShape>& s) {
  seed_region(s);
  seed_cells(s);
  s.rule(cells_fit_their_kind);
}

void membrane(Section<TissueParameters::Membrane>& s) {
  using P = TissueParameters::Membrane;
  s.choice(&P::shape, "shape", shape_names)
      .among({"sphere", "layer"})
      .normally("sphere")
      .means("Surface that is basement membrane.")
      .from(choice_of_experiment);
  sphere_rows(s, "150 um");
  s.axis(&P::axis, "axis")
      .normally("z")
      .only_for("shape", "layer")
      .means("Normal of the sheet.")
      .from(choice_of_experiment);
  s.number(&P::at, "at", "um")
      .between(-1e6, 1e6)
      .example("500 um")
      .only_for("shape", "layer")
      .means("Where the sheet lies along its axis.")
      .from(choice_of_experiment);
}

void files(Section<TissueParameters>& s) {
  using P = TissueParameters;
  s.file(&P::cells_csv, "cells_csv")
      .normally("none")
      .example("cells.csv")
      .means("File of cells to add: columns x, y, z (um), kind and, if wanted, clone.")
      .from(choice_of_experiment);
  s.choice(&P::cells_csv_overlap, "cells_csv_overlap", {"refuse", "nearest", "drop"})
      .normally("refuse")
      .means("Cells of cells_csv in the voxel of an earlier one or of a vessel: refuse the table, "
             "move each to the nearest free voxel (within 10), or leave them out.")
      .from("assumed: a voxel holds one cell, and none may vanish unasked");
  s.file(&P::cells_vti, "cells_vti")
      .normally("none")
      .example("tissue.vti")
      .means("Image file (.vti) whose voxels give the kinds of cells.")
      .from(choice_of_experiment);
  s.text(&P::cells_vti_array, "cells_vti_array")
      .normally("kind")
      .means("Array of cells_vti that holds the kinds.")
      .from("assumed: the name that frames of this program use");
  s.choice(&P::cells_vti_geometry, "cells_vti_geometry", image_geometry_names)
      .normally("match")
      .means("How cells_vti comes onto the lattice: match, its voxels must be the lattice's; "
             "resample, a voxel takes the label of the image's voxel at its centre; ignore, value "
             "by value, whatever the file says of its places.")
      .from("assumed: an image of other voxels would be taken for what it is not");
  s.choice(&P::cells_vti_unit, "cells_vti_unit", length_unit_names)
      .normally("um")
      .means("Unit of spacing and origin in cells_vti.")
      .from("assumed: that of frames of this program");
  s.labels(&P::cells_vti_map, "cells_vti_map", words_of_kinds())
      .normally("{}")
      .example("{1: epithelial, 2: stroma}")
      .means("What the labels of cells_vti stand for; 0 is none unless it is named, every other "
             "label must be. Empty: labels are codes of kinds, as in frames of this program.")
      .from(choice_of_experiment);
  s.choice(&P::cells_vti_gaps, "cells_vti_gaps", {"empty", "tissue"})
      .normally("empty")
      .means("Voxels that cells_vti gives no cell: empty, or what parenchyma and stroma draw.")
      .from("assumed: the image is the whole truth, as in tables and shapes");
}

void shares_fit(const TissueParameters& p, Judge& judge) {
  if (p.parenchyma + p.stroma > 1.0)
    judge.complain({"parenchyma", "stroma"},
                   judge.key("parenchyma") + " and " + judge.key("stroma") + " add up to " +
                       format_number(p.parenchyma + p.stroma) + "; together they fill at most 1");
}

} // namespace

void describe(Section<TissueParameters>& s) {
  shares(s);
  s.list(&TissueParameters::cells, "cells", seed_shape)
      .means("Shapes filled with cells, in order; later ones replace what earlier ones put.")
      .example("{shape: sphere, kind: epithelial, radius: 100 um}");
  files(s);
  s.list(&TissueParameters::membranes, "membranes", membrane)
      .means("Basement membranes: the surfaces of shapes.")
      .example("{shape: sphere, radius: 150 um}");
  s.rule(shares_fit);
}

} // namespace metavox
