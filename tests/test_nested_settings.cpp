// Settings in lists within lists, on a table of its own: a body of sites, each with tissue that
// holds cells. What holds for tissue.cells[2].radius must hold for sites[1].tissue.cells[2].radius.
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "settings/explain.hpp"
#include "settings/listing.hpp"
#include "settings/override.hpp"
#include "settings/read_table.hpp"
#include "settings/resolve.hpp"
#include "settings/schema.hpp"
#include "settings/section.hpp"
#include "settings/units.hpp"
#include "settings/yaml.hpp"

namespace metavox {
namespace {

enum class Form : std::uint8_t { ball, sheet };

struct Cell {
  Form form;
  double radius, thickness; // um
};
struct Tissue {
  double share, rest;
  std::vector<Cell> cells;
};
struct Voxel {
  std::string organ;
  double pressure;
  Faces faces;
  std::array<double, 3> corner;
  Tissue tissue;
};
struct Blood {
  double volume; // um^3
};
struct Body {
  Preset preset;
  Blood blood;
  std::vector<Voxel> sites;
};

void describe(Section<Cell>& s) {
  s.choice(&Cell::form, "form", {"ball", "sheet"}).normally("ball").means("Form.").from("assumed");
  s.number(&Cell::radius, "radius", "um")
      .above(0, 100)
      .only_for("form", "ball")
      .example("5 um")
      .means("Radius.")
      .from("assumed");
  s.number(&Cell::thickness, "thickness", "um")
      .above(0)
      .normally("2 um")
      .only_for("form", "sheet")
      .means("Thickness.")
      .from("assumed")
      .preset(Preset::physicell, "3 um", "thicker there");
}

void describe(Section<Tissue>& s) {
  s.number(&Tissue::share, "share").a_share().normally("0.25").means("Share.").from("assumed");
  s.number(&Tissue::rest, "rest")
      .a_share()
      .derived("1 - share", [](const Tissue& t) { return 1 - t.share; })
      .means("What is left.")
      .from("assumed");
  s.list(&Tissue::cells, "cells", describe).means("Cells.").example("{form: ball, radius: 5 um}");
  s.rule([](const Tissue& t, Judge& judge) {
    if (t.share + t.rest > 1)
      judge.complain({"rest", "share"}, judge.key("rest") + " leaves no room");
    for (std::size_t i = 0; i < t.cells.size(); ++i) {
      const std::string cell = "cells[" + std::to_string(i) + "]";
      if (t.cells[i].form == Form::ball && t.cells[i].radius > 50)
        judge.complain({cell + ".radius"}, judge.key(cell) + " is a giant");
    }
  });
}

void describe(Section<Voxel>& s) {
  s.text(&Voxel::organ, "organ").means("Organ.").from("assumed").example("liver");
  s.number(&Voxel::pressure, "pressure", "mmHg")
      .between(0, 760)
      .normally("40 mmHg")
      .means("Pressure.")
      .from("assumed");
  s.faces(&Voxel::faces, "faces", "mmHg")
      .between(0, 760)
      .derived("pressure on all six",
               [](const Voxel& site) {
                 Faces faces;
                 faces.fill({FaceKind::fixed, site.pressure});
                 return faces;
               })
      .example("38 mmHg")
      .means("Faces.")
      .from("assumed");
  s.point(&Voxel::corner, "corner")
      .normally("[0 um, 0 um, 0 um]")
      .means("Corner.")
      .from("assumed")
      .without_effect();
  s.section(&Voxel::tissue, "tissue", describe);
}

void describe(Section<Blood>& s) {
  s.number(&Blood::volume, "volume", "um^3")
      .above(0)
      .normally("1e3 um^3")
      .means("Volume.")
      .from("assumed");
}

void describe(Section<Body>& s) {
  s.preset(&Body::preset, "preset", preset_names)
      .normally("default")
      .means("Preset.")
      .from("assumed");
  s.section(&Body::blood, "blood", describe);
  s.list(&Body::sites, "sites", describe).means("Sites.").example("{organ: liver}");
}

const Table& table() {
  static const Table made = make_table<Body>(describe);
  return made;
}

const std::string two_sites = R"(blood: {volume: 5 um^3}
sites:
  - organ: breast
  - organ: liver
    pressure: 5 kPa
    faces: {x_low: no_flux}
    tissue:
      share: 0.3
      cells:
        - {radius: 7.1 um}
        - form: sheet
          thickness: 0.0123 mm
        - radius: 9 um
)";

struct Read {
  Body body{};
  std::string complaints;
};

Read read(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  Complaints complaints;
  Read result;
  Entry root = read_yaml(yaml, "body.yaml", complaints);
  override_with(root, overrides, table(), complaints);
  read_table(table(), root, Object::of(result.body), {}, {source_named("body.yaml"), 1},
             complaints);
  result.complaints = complaints.text();
  return result;
}

std::string resolved(Body& body) { return resolve(table(), Object::of(body)); }

std::uint64_t bits(double v) {
  std::uint64_t b = 0;
  std::memcpy(&b, &v, sizeof b);
  return b;
}

TEST(NestedSettings, ListsAreReadInLists) {
  const Read r = read(two_sites);
  EXPECT_EQ(r.complaints, "");
  ASSERT_EQ(r.body.sites.size(), 2u);
  const Voxel &breast = r.body.sites[0], &liver = r.body.sites[1];
  EXPECT_EQ(r.body.blood.volume, 5);
  EXPECT_EQ(breast.organ, "breast");
  EXPECT_EQ(breast.pressure, 40);
  EXPECT_EQ(breast.faces[0].value, 40);
  EXPECT_EQ(breast.tissue.share, 0.25);
  EXPECT_EQ(breast.tissue.rest, 0.75);
  EXPECT_TRUE(breast.tissue.cells.empty());
  EXPECT_EQ(liver.pressure, 5000 / 133.322387415);
  EXPECT_EQ(liver.faces[0].kind, FaceKind::no_flux);
  EXPECT_EQ(liver.faces[5].value, liver.pressure);
  EXPECT_EQ(liver.tissue.rest, 0.7);
  ASSERT_EQ(liver.tissue.cells.size(), 3u);
  EXPECT_EQ(liver.tissue.cells[0].form, Form::ball);
  EXPECT_EQ(liver.tissue.cells[0].radius, 7.1);
  EXPECT_EQ(liver.tissue.cells[1].form, Form::sheet);
  EXPECT_EQ(liver.tissue.cells[1].thickness, 12.3);
  EXPECT_EQ(liver.tissue.cells[2].radius, 9);
}

TEST(NestedSettings, PresetsReachIntoThem) {
  const std::string sheets = "sites: [{organ: x, tissue: {cells: [{form: sheet}]}}]\n";
  EXPECT_EQ(read(sheets).body.sites.at(0).tissue.cells.at(0).thickness, 2);
  const Body there = read("preset: physicell\n" + sheets).body;
  EXPECT_EQ(there.sites.at(0).tissue.cells.at(0).thickness, 3);
}

TEST(NestedSettings, ComplaintsNameTheKeyAndTheLine) {
  struct {
    const char *yaml, *said;
  } const cases[] = {
      {"sites:\n - organ: a\n - organ: b\n   tissue:\n     cells:\n      - radius: 5 um\n      - "
       "radius: 5\n",
       "body.yaml:7: sites[1].tissue.cells[1].radius needs a unit; type for example: radius: 5 um"},
      {"sites:\n - organ: a\n   tissue:\n    cells:\n     - form: ball\n",
       "body.yaml:5: sites[0].tissue.cells[0].radius is missing; type for example: radius: 5 um"},
      {"sites:\n - pressure: 5 mmHg\n",
       "body.yaml:2: sites[0].organ is missing; type for example: organ: liver"},
      {"sites:\n - organ: a\n   tissue:\n    cells:\n     - radus: 5 um\n       radius: 5 um\n",
       "body.yaml:5: sites[].tissue.cells[].radus is not a setting; did you mean radius?"},
      {"sites:\n - organ: a\n   tisue: {share: 1}\n",
       "body.yaml:3: sites[].tisue is not a setting; did you mean tissue?"},
      {"site: []\n", "body.yaml:1: site is not a setting; did you mean sites?"},
      {"sites:\n - organ: a\n   tissue: 5\n",
       "body.yaml:3: sites[0].tissue is a section; put its settings beneath it, indented; type "
       "for example: tissue: {share: 0.25}"},
      {"sites:\n - organ: a\n   tissue: {cells: 5}\n",
       "body.yaml:3: sites[0].tissue.cells takes a list; begin each entry with a dash"},
      {"sites:\n - organ: a\n   tissue: {cells: [5]}\n",
       "body.yaml:3: sites[0].tissue.cells[0] takes settings like {form: ball, radius: 5 um}"},
      {"sites:\n - 5\n", "body.yaml:2: sites[0] takes settings like {organ: liver}"},
      {"sites:\n - organ: a\n   tissue:\n    cells:\n     - form: sheet\n       radius: 5 um\n",
       "body.yaml:6: sites[0].tissue.cells[0].radius belongs to form ball, but this is a sheet; "
       "remove it or change the form"},
      {"sites:\n - organ: a\n - organ: b\n   tissue:\n    rest: 0.9\n",
       "body.yaml:5: sites[1].tissue.rest leaves no room"},
      {"sites:\n - organ: a\n - organ: b\n   tissue:\n    cells:\n     - radius: 60 um\n",
       "body.yaml:6: sites[1].tissue.cells[0] is a giant"},
      {"sites:\n - organ: a\n   tissue:\n    cells: [{radius: 5 um, radius: 6 um}]\n",
       "body.yaml:4: sites[0].tissue.cells[0].radius is written twice; the first is in line 4"},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.yaml).complaints, c.said) << c.yaml;
}

TEST(NestedSettings, OverridesReachThem) {
  const Body body =
      read(two_sites, {"sites[1].tissue.cells[2].radius=11 um", "sites[0].pressure=3 mmHg",
                       "sites[0].tissue.cells=[{radius: 1 um}, {form: sheet}]"})
          .body;
  EXPECT_EQ(body.sites.at(1).tissue.cells.at(2).radius, 11);
  EXPECT_EQ(body.sites.at(1).tissue.cells.at(0).radius, 7.1);
  EXPECT_EQ(body.sites.at(0).pressure, 3);
  EXPECT_EQ(body.sites.at(0).tissue.cells.at(1).thickness, 2);
  const auto said = [](const char* set) { return read(two_sites, {set}).complaints; };
  EXPECT_EQ(said("sites[1].tissue.cells[3].radius=11 um"),
            "--set sites[1].tissue.cells[3].radius=11 um: sites[1].tissue.cells has 3 entries, "
            "counted from 0; there is no [3]");
  EXPECT_EQ(said("sites[1].tissue.cells[2].radius=11"),
            "--set sites[1].tissue.cells[2].radius=11: sites[1].tissue.cells[2].radius needs a "
            "unit; type for example: radius: 5 um");
}

TEST(NestedSettings, TheResolvedFileGivesTheSameBits) {
  Body first = read(two_sites).body;
  const std::string text = resolved(first);
  Read again = read(text);
  EXPECT_EQ(again.complaints, "");
  EXPECT_EQ(resolved(again.body), text);
  ASSERT_EQ(again.body.sites.size(), first.sites.size());
  for (std::size_t i = 0; i < first.sites.size(); ++i) {
    const Voxel &a = first.sites[i], &b = again.body.sites[i];
    EXPECT_EQ(a.organ, b.organ);
    EXPECT_EQ(bits(a.pressure), bits(b.pressure));
    for (std::size_t f = 0; f < 6; ++f) EXPECT_EQ(bits(a.faces[f].value), bits(b.faces[f].value));
    EXPECT_EQ(bits(a.tissue.rest), bits(b.tissue.rest));
    ASSERT_EQ(a.tissue.cells.size(), b.tissue.cells.size());
    for (std::size_t c = 0; c < a.tissue.cells.size(); ++c) {
      EXPECT_EQ(a.tissue.cells[c].form, b.tissue.cells[c].form);
      EXPECT_EQ(bits(a.tissue.cells[c].radius), bits(b.tissue.cells[c].radius));
      EXPECT_EQ(bits(a.tissue.cells[c].thickness), bits(b.tissue.cells[c].thickness));
    }
  }
  EXPECT_NE(text.find("  - organ: \"breast\"\n"
                      "    pressure: 40 mmHg\n"
                      "    faces: {x_low: 40 mmHg, x_high: 40 mmHg, y_low: 40 mmHg, y_high: 40 "
                      "mmHg, z_low: 40 mmHg, z_high: 40 mmHg}\n"
                      "    corner: [0 um, 0 um, 0 um]\n"
                      "    tissue:\n"
                      "      cells: []\n"
                      "      share: 0.25\n"
                      "      rest: 0.75\n"
                      "  - organ: \"liver\"\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("      cells:\n"
                      "        - form: ball\n"
                      "          radius: 7.1 um\n"
                      "        - form: sheet\n"
                      "          thickness: 12.3 um\n"),
            std::string::npos)
      << text;
}

TEST(NestedSettings, DifferencesLookIntoThem) {
  Body a = read(two_sites).body;
  Body b = read(two_sites,
                {"sites[1].tissue.cells[2].radius=11 um", "sites[0].corner=[1 um, 2 um, 3 um]"})
               .body;
  EXPECT_EQ(setting_differences(table(), resolved(a), resolved(b)),
            std::vector<std::string>{"sites[1].tissue.cells[2].radius: 9 um there, 11 um here"});
}

TEST(NestedSettings, AreExplainedAndInTheSchema) {
  const std::string one = explain("sites[2].tissue.cells[5].radius", table());
  EXPECT_EQ(one, "sites[].tissue.cells[].radius    quantity in um\n  Radius.\n  for      form ball "
                 "only\n  default  none; it must be given\n  range    above 0 and at most 100 um\n"
                 "  source   assumed\n");
  EXPECT_NE(explain("sites", table()).find(one), std::string::npos);
  std::string schema;
  for (const char c : json_schema(table()))
    if (c != '\n' && c != ' ') schema += c;
  const auto has = [&](const char* part) { return schema.find(part) != std::string::npos; };
  EXPECT_TRUE(has(R"("sites":{"type":["array","null"],"description":"Sites.","items":{"type":)"
                  R"("object","additionalProperties":false,"required":["organ"],"properties":{)"
                  R"("organ":{)"))
      << schema;
  EXPECT_TRUE(has(R"("tissue":{"type":["object","null"],"additionalProperties":false,)"
                  R"("properties":{"share":{)"))
      << schema;
  EXPECT_TRUE(has(R"("cells":{"type":["array","null"],"description":"Cells.","items":{"type":)"
                  R"("object","additionalProperties":false,"properties":{"form":{"enum":)"
                  R"(["ball","sheet"])"))
      << schema;
}

TEST(NestedSettings, AreListedAsData) {
  std::string json;
  for (const char c : settings_json(table()))
    if (c != '\n' && c != ' ') json += c;
  EXPECT_NE(
      json.find(
          R"({"section":"sites[].tissue.cells[]","key":"sites[].tissue.cells[].thickness",)"
          R"("type":"quantityinum","unit":"um","default":"2um","range":"above0um","words":[],)"
          R"("meaning":"Thickness.","source":"assumed","presets":[{"preset":"physicell",)"
          R"("default":"3um","reason":"thickerthere"}],"for":"formsheet"})"),
      std::string::npos)
      << json;
}

TEST(NestedSettings, MistakesOfTheProgramAreTold) {
  using Describe = void (*)(Section<Blood>&);
  const auto made = [](Describe d) { make_table<Blood>(d); };
  EXPECT_THROW(made([](Section<Blood>& s) {
                 s.number(&Blood::volume, "volume");
                 s.number(&Blood::volume, "volume");
               }),
               std::logic_error);
  EXPECT_THROW(made([](Section<Blood>& s) { s.ordered("volume", "pressure"); }), std::logic_error);
  EXPECT_THROW(
      made([](Section<Blood>& s) { s.derive("volume", [](const Blood&) { return 1.0; }); }),
      std::logic_error);
  Blood blood{};
  EXPECT_THROW(resolve(table(), Object::of(blood)), std::logic_error);
  const Table rule = make_table<Blood>([](Section<Blood>& s) {
    s.number(&Blood::volume, "volume").normally("1").means("Volume.").from("assumed");
    s.rule([](const Blood&, Judge& judge) { judge.complain({"volum"}, "wrong"); });
  });
  Complaints complaints;
  EXPECT_THROW(read_table(rule, Entry{}, Object::of(blood), {}, {}, complaints), std::logic_error);
}

TEST(NestedSettings, KeysGoBackAndForth) {
  Path path;
  EXPECT_EQ(general_key("sites[2].tissue.cells[15].radius", &path),
            "sites[].tissue.cells[].radius");
  EXPECT_EQ(path, (Path{2, 15}));
  EXPECT_EQ(exact_key("sites[].tissue.cells[].radius", path), "sites[2].tissue.cells[15].radius");
  EXPECT_EQ(exact_key("sites[].tissue.cells[].radius", {2}), "sites[2].tissue.cells[].radius");
}

} // namespace
} // namespace metavox
