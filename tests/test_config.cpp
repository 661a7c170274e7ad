#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "folder.hpp"
#include "settings/explain.hpp"
#include "settings/judge.hpp"
#include "settings/read_value.hpp"
#include "settings/resolve.hpp"
#include "settings/schema.hpp"
#include "settings/units.hpp"
#include "site/config.hpp"
#include "site/settings_table.hpp"
#include "site/site.hpp"

namespace metavox {
namespace {

namespace fs = std::filesystem;

Config read(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  return read_config_text(yaml, "case.yaml", overrides);
}

std::string message_of(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  try {
    read(yaml, overrides);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "accepted";
}

// Every member as text, by way of the table; doubles as their bits.
std::vector<std::string> bits_of(Parameters p) {
  std::vector<std::string> all;
  const auto hex = [](double v) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &v, sizeof bits);
    return std::to_string(bits);
  };
  struct Visitor {
    decltype(hex)& bits;
    std::string operator()(std::monostate) const { return ""; }
    std::string operator()(const double* v) const { return bits(*v); }
    std::string operator()(const int* v) const { return std::to_string(*v); }
    std::string operator()(const std::uint64_t* v) const { return std::to_string(*v); }
    std::string operator()(const bool* v) const { return std::to_string(*v); }
    std::string operator()(const std::string* v) const { return *v; }
    std::string operator()(const std::array<double, 3>* v) const {
      return bits((*v)[0]) + " " + bits((*v)[1]) + " " + bits((*v)[2]);
    }
    std::string operator()(const std::array<int, 3>* v) const {
      return std::to_string((*v)[0]) + " " + std::to_string((*v)[1]) + " " +
             std::to_string((*v)[2]);
    }
    std::string operator()(const Faces* v) const {
      std::string s;
      for (const Face& f : *v)
        s += std::to_string(static_cast<int>(f.kind)) + ":" + bits(f.value) + " ";
      return s;
    }
    std::string operator()(const Frozen* v) const {
      return v->expression + "|" + v->file + "|" + v->array;
    }
    std::string operator()(const std::vector<std::string>* v) const {
      std::string s;
      for (const std::string& w : *v) s += w + ",";
      return s;
    }
    std::string operator()(const Labels* v) const {
      std::string s;
      for (const auto& [label, word] : *v) s += std::to_string(label) + word + ",";
      return s;
    }
    std::string operator()(const WordSlot& v) const { return std::to_string(*v.value); }
  };
  const std::function<void(const Part&, const Path&)> collect = [&](const Part& part,
                                                                    const Path& path) {
    for (const Setting* s : part.settings)
      all.push_back(exact_key(s->key, path) + "=" +
                    std::visit(Visitor{hex}, s->slot(Object::of(p), path)));
    for (const auto& section : part.sections) collect(*section, path);
    for (const auto& list : part.lists)
      for (std::size_t i = 0; i < list->size(Object::of(p), path); ++i) {
        Path entry = path;
        entry.push_back(i);
        collect(*list->entry, entry);
      }
  };
  collect(settings_table().whole(), {});
  return all;
}

const std::string minimal = "simulation:\n  name: minimal\n";

TEST(Config, DefaultsAreThoseOfTheModel) {
  const Parameters p = read(minimal).parameters;
  EXPECT_EQ(p.simulation.name, "minimal");
  EXPECT_EQ(p.simulation.preset, Preset::standard);
  EXPECT_EQ(p.simulation.seed, 1u);
  EXPECT_EQ(p.simulation.duration, 43200);
  EXPECT_EQ(p.domain.voxels, (std::array<int, 3>{100, 100, 100}));
  EXPECT_EQ(p.domain.spacing, 20);
  EXPECT_EQ(p.time.step, 6);
  EXPECT_EQ(p.time.motility_substeps, 3);
  EXPECT_EQ(p.oxygen.diffusivity, 1.2e5);
  EXPECT_EQ(p.oxygen.consumption, 7.0e-17);
  EXPECT_EQ(p.oxygen.solubility, 1.31e-6);
  EXPECT_EQ(p.oxygen.first_order_rate, 3.1175);
  EXPECT_EQ(p.oxygen.wall_permeability, 0);
  EXPECT_EQ(p.oxygen.initial, 52);
  for (const Face& f : p.oxygen.faces) {
    EXPECT_EQ(f.kind, FaceKind::fixed);
    EXPECT_EQ(f.value, 52);
  }
  EXPECT_FALSE(p.glucose.enabled);
  EXPECT_EQ(p.glucose.initial, 5);
  EXPECT_EQ(p.proteinase.secretion, 2.9e-4);
  EXPECT_EQ(p.proteinase.faces[3].kind, FaceKind::no_flux);
  EXPECT_EQ(p.matrix.contact_degradation, 6e-3);
  EXPECT_EQ(p.matrix.contact_weight, 1.0 / 6.0);
  EXPECT_EQ(p.cycle.epithelial, 1334);
  EXPECT_EQ(p.quiescence.enter, 8.9);
  EXPECT_EQ(p.death.necrosis_rate, 1.0 / 360.0);
  EXPECT_EQ(p.death.debris_clearance, 0.1 / 1440.0);
  EXPECT_EQ(p.death.anoikis, 1.0 / 1440.0);
  EXPECT_EQ(p.migration.haptotaxis, 3);
  EXPECT_EQ(p.tissue.parenchyma, 0.45);
  EXPECT_EQ(p.tissue.stroma, 0.1);
  EXPECT_TRUE(p.tissue.cells_csv.empty());
  EXPECT_EQ(p.tracers.start, (std::array<double, 3>{1000, 1000, 1000}));
  EXPECT_EQ(p.output.frames, 1440);
  EXPECT_EQ(p.output.report, 360);
  EXPECT_EQ(p.output.mantissa_bits, 23);
  EXPECT_FALSE(p.oxygen.frozen.active());
  EXPECT_EQ(p.time.vessel_step, 30);
  EXPECT_FALSE(p.vegf.enabled);
  EXPECT_EQ(p.vegf.relaxation, Relaxation::steady);
  EXPECT_EQ(p.vegf.diffusivity, 4200);
  EXPECT_EQ(p.vegf.decay, 0.0115);
  EXPECT_EQ(p.vegf.basal_secretion, 0.025);
  EXPECT_EQ(p.vegf.hypoxic_secretion, 0.25);
  EXPECT_EQ(p.vegf.endothelial_uptake, 4e-19 / 3600);
  EXPECT_EQ(p.vegf.half_saturation, 0.65);
  EXPECT_EQ(p.vegf.faces[2].kind, FaceKind::no_flux);
  EXPECT_EQ(p.vegf.initial, 0);
  EXPECT_FALSE(p.sprouting.enabled);
  EXPECT_EQ(p.sprouting.rate, 2.5e-4);
  EXPECT_EQ(p.sprouting.half_response, 0.024);
  EXPECT_EQ(p.sprouting.chemotaxis, 1.56e4);
  EXPECT_EQ(p.sprouting.branching_age, 1080);
  EXPECT_EQ(p.sprouting.branching_time, 2160);
  EXPECT_EQ(p.sprouting.survival, 2880);
  EXPECT_EQ(p.sprouting.maturation_rate, 0.2 / 1440);
  EXPECT_TRUE(p.flow.enabled);
  EXPECT_EQ(p.flow.inlet_pressure, 25);
  EXPECT_EQ(p.flow.outlet_pressure, 15);
  EXPECT_EQ(p.flow.plasma_viscosity, 1.2);
  EXPECT_EQ(p.flow.phase_separation, PhaseSeparation::pries);
  EXPECT_EQ(p.flow.adaptation_shear, 20);
  EXPECT_EQ(p.flow.largest_radius, 50);
  EXPECT_FALSE(p.regression.enabled);
  EXPECT_EQ(p.regression.shear, 8);
  EXPECT_EQ(p.regression.patience, 4000);
  EXPECT_TRUE(p.regression.vegf_protects);
  EXPECT_EQ(p.regression.occlusion_rate, 1.0 / 1440);
  EXPECT_EQ(p.regression.occlusion_pressure, 3);
  EXPECT_EQ(p.growth.mobility, 540.0 / 1440);
  EXPECT_EQ(p.growth.half_pressure, 5);
  EXPECT_TRUE(p.growth.inhibition);
  EXPECT_EQ(p.growth.external_pressure, 0);
  EXPECT_EQ(p.growth.depth, 20);
  EXPECT_EQ(p.growth.spread, 20);
  EXPECT_EQ(p.growth.refresh, 30);
  EXPECT_EQ(p.death.crushing, 1.0 / 1440);
  EXPECT_EQ(p.death.bearable_pressure, 0.1);
  EXPECT_EQ(p.death.crushing_pressure, 1.5);
  EXPECT_EQ(p.death.apoptosis_share, 0);
  EXPECT_EQ(p.vessels.pattern, VesselPattern::none);
  EXPECT_TRUE(p.vessels.file.empty());
}

TEST(Config, VesselsAreDueEveryThirtyMinutesOrSo) {
  const auto vessel_step = [](const std::string& step) {
    return read(minimal, {"time.step=" + step, "migration.enabled=false"})
        .parameters.time.vessel_step;
  };
  EXPECT_EQ(vessel_step("6 min"), 30);
  EXPECT_EQ(vessel_step("0.1 min"), 30);
  EXPECT_EQ(vessel_step("60 min"), 60);
  EXPECT_EQ(vessel_step("12 min"), 36);
  EXPECT_EQ(vessel_step("7 min"), 28);
  EXPECT_EQ(read(minimal, {"time.vessel_step=1 h"}).parameters.time.vessel_step, 60);
  const Config odd = read(minimal, {"time.step=0.7 min"});
  EXPECT_EQ(read(odd.resolved).resolved, odd.resolved);
}

TEST(Config, VesselsThatAreFine) {
  const char* good[] = {
      "vegf: {enabled: true}\nsprouting: {enabled: true}\nvessels: {pattern: grid}\n",
      ("vegf: {enabled: true, frozen: 0.1*z/2000 nM}\nsprouting: {enabled: true}\n"
       "vessels: {pattern: pair, spacing: 1 mm}\n"),
      "vegf: {enabled: true, relaxation: transient, sources: [{radius: 20 um, rate: 1 nM/day}]}\n",
      "vessels: {pattern: pair, axis: y, offset: 200 um, radius: 15 um, radius_vein: 50 um}\n",
      "vessels: {pattern: hexagonal, spacing: 200 um, layers: 300 um, axis: x}\n",
      "vessels: {pattern: grid, ends: [{role: inlet, face: -z, pressure: 30 mmHg}]}\n",
      "regression: {enabled: true}\n",
      "flow: {enabled: false, inlet_pressure: 5 mmHg}\n",
      "flow: {enabled: false}\noxygen: {blood: fixed}\nvessels: {pattern: grid, radius: 80 um}\n",
      "vegf:\nsprouting:\nflow:\nregression:\n"};
  for (const char* yaml : good) {
    EXPECT_EQ(message_of(yaml), "accepted") << yaml;
    if (message_of(yaml) != "accepted") continue;
    const Config c = read(yaml);
    EXPECT_EQ(bits_of(read(c.resolved).parameters), bits_of(c.parameters)) << yaml;
  }
}

TEST(Config, NamesTheRunAfterItsFile) {
  EXPECT_EQ(read_config_text("time:\n  step: 6 min\n", "dir/breast nodule.yaml")
                .parameters.simulation.name,
            "breast_nodule");
}

TEST(Config, PresetsChangeDefaultsAndGiveWayToSettings) {
  const Parameters p = read("simulation: {preset: physicell}\n").parameters;
  EXPECT_EQ(p.simulation.preset, Preset::physicell);
  EXPECT_EQ(p.oxygen.uptake, Uptake::first_order);
  EXPECT_EQ(p.oxygen.first_order_rate, 3.1175);
  EXPECT_EQ(p.oxygen.diffusivity, 1e5);
  EXPECT_EQ(p.oxygen.decay, 0.1);
  EXPECT_EQ(p.oxygen.faces[5].value, 38);
  EXPECT_EQ(p.oxygen.initial, 38);
  EXPECT_EQ(p.cycle.law, CycleLaw::physicell);
  EXPECT_EQ(p.cycle.ramp_low, 5);
  EXPECT_EQ(p.cycle.ramp_high, 10);
  EXPECT_FALSE(p.migration.enabled);
  EXPECT_FALSE(p.oxygen.tissue_supply);
  EXPECT_EQ(p.tissue.parenchyma, 0);
  const Parameters q =
      read("simulation: {preset: physicell}\noxygen: {decay: 0 1/min}\ndomain: {spacing: 10 um}\n")
          .parameters;
  EXPECT_EQ(q.oxygen.decay, 0);
  EXPECT_EQ(q.oxygen.first_order_rate, 24.94);
  const Parameters a = read("simulation: {preset: analytic}\n").parameters;
  EXPECT_FALSE(a.oxygen.enabled || a.glucose.enabled || a.proteinase.enabled ||
               a.inhibitor.enabled || a.cycle.enabled || a.quiescence.enabled || a.death.necrosis ||
               a.stem.enabled || a.transition.enabled || a.migration.enabled ||
               a.oxygen.tissue_supply);
  EXPECT_EQ(a.death.apoptosis + a.death.anoikis + a.death.crushing + a.mutation.probability +
                a.tissue.parenchyma + a.tissue.stroma,
            0);
}

// What grows in a mouse and what grows in a patient: cycle, loss and clearance, and how little
// oxygen cells live with, and nothing else.
TEST(Config, FastAndClinicalTumoursDifferInTurnoverAndWantOfOxygenAlone) {
  const Config standard = read("simulation: {name: case}\n"),
               fast = read("simulation: {preset: fast}\n"),
               clinical = read("simulation: {preset: clinical}\n");
  EXPECT_EQ(fast.parameters.simulation.preset, Preset::fast);
  EXPECT_EQ(fast.parameters.cycle.epithelial, 1334);
  EXPECT_EQ(fast.parameters.cycle.mesenchymal, 2000);
  EXPECT_EQ(fast.parameters.death.apoptosis, 5.3e-5);
  EXPECT_EQ(fast.parameters.death.apoptosis_share, 0);
  const Parameters& p = clinical.parameters;
  EXPECT_EQ(p.simulation.preset, Preset::clinical);
  EXPECT_EQ(p.cycle.epithelial, 7130);
  EXPECT_NEAR(p.cycle.mesenchymal / p.cycle.epithelial, 2000.0 / 1334, 1e-3);
  EXPECT_EQ(p.death.apoptosis, 0);
  EXPECT_EQ(p.death.apoptosis_share, 0.92);
  EXPECT_DOUBLE_EQ(p.death.debris_clearance, 0.1 / 1440);
  EXPECT_EQ(p.death.necrosis_high, 1);
  EXPECT_EQ(p.death.necrosis_low, 0.1);
  EXPECT_EQ(p.quiescence.survival, 14400);
  const auto differences = [&](const Config& config) {
    std::vector<std::string> keys;
    for (const std::string& d :
         setting_differences(settings_table(), standard.resolved, config.resolved))
      keys.push_back(d.substr(0, d.find(':')));
    return keys;
  };
  // As long as the standard is a transplanted clone.
  EXPECT_EQ(differences(fast), std::vector<std::string>{"simulation.preset"});
  EXPECT_EQ(
      differences(clinical),
      (std::vector<std::string>{"cycle.epithelial", "cycle.mesenchymal", "death.apoptosis",
                                "death.apoptosis_share", "death.necrosis_high",
                                "death.necrosis_low", "quiescence.survival", "simulation.preset"}));
  // A loss by the clock instead, typed beside the preset, must say that it is.
  EXPECT_NE(message_of("simulation: {preset: clinical}\ndeath: {apoptosis: 1e-5 1/min}\n")
                .find("death.apoptosis and death.apoptosis_share are both above 0"),
            std::string::npos);
}

TEST(Config, DefaultsAreGivenOrFollowFromOthers) {
  for (const Setting& s : settings_table().settings()) {
    EXPECT_FALSE(!s.fallback.empty() && !s.derived.empty()) << s.key;
    // The name of the run comes from the file's.
    const bool follows = !s.derived.empty() && s.instead_of.empty() && s.key != "simulation.name";
    EXPECT_EQ(follows, s.derive != nullptr) << s.key;
  }
}

TEST(Config, DomainFromItsSize) {
  const Parameters p = read("domain: {size: [2 mm, 1 mm, 0.05 cm], spacing: 10 um}\n").parameters;
  EXPECT_EQ(p.domain.voxels, (std::array<int, 3>{200, 100, 50}));
  EXPECT_EQ(read("domain: {size: [0.3 um, 0.3 um, 0.3 um], spacing: 0.1 um}\ntime: "
                 "{motility_substeps: 10000}\n"
                 "migration: {enabled: false}\n")
                .parameters.domain.voxels,
            (std::array<int, 3>{3, 3, 3}));
}

TEST(Config, OxygenAtFacesFollowsTheTissueUntilTold) {
  const Parameters p = read("oxygen: {tissue_pressure: 34 mmHg}\n").parameters;
  EXPECT_EQ(p.oxygen.faces[0].value, 34);
  EXPECT_EQ(p.oxygen.initial, 34);
  const Parameters q =
      read("oxygen:\n  initial: 1 mmHg\n  faces: {x_low: no_flux, z_high: 5 kPa}\n").parameters;
  EXPECT_EQ(q.oxygen.initial, 1);
  EXPECT_EQ(q.oxygen.faces[0].kind, FaceKind::no_flux);
  EXPECT_EQ(q.oxygen.faces[1].value, 52);
  EXPECT_EQ(q.oxygen.faces[5].value, 5000 / 133.322387415);
  EXPECT_EQ(read("oxygen: {faces: no_flux}\n").parameters.oxygen.faces[4].kind, FaceKind::no_flux);
  EXPECT_EQ(read("proteinase: {faces: 0.25}\n").parameters.proteinase.faces[4].value, 0.25);
}

TEST(Config, FrozenFields) {
  const Parameters p = read("oxygen: {frozen: \"(40 + 0.01*x) mmHg\"}\nmatrix: {initial: 0.5}\n"
                            "proteinase: {frozen: '0.1*exp(-x/200)'}\n")
                           .parameters;
  EXPECT_EQ(p.oxygen.frozen.expression, "(40 + 0.01*x)");
  EXPECT_EQ(p.matrix.initial.expression, "0.5");
  EXPECT_EQ(p.proteinase.frozen.expression, "0.1*exp(-x/200)");
  const Parameters q = read("oxygen: {frozen: 5 kPa}\n").parameters;
  EXPECT_EQ(q.oxygen.frozen.expression, "7.500615758456563*(5)");
  EXPECT_FALSE(read("oxygen: {frozen: none}\n").parameters.oxygen.frozen.active());
  Folder folder;
  folder.write("fields.vti", "x");
  const fs::path file =
      folder.write("a.yaml", "oxygen:\n  frozen: {file: fields.vti, array: oxygen}\n");
  const Config c = read_config(file);
  EXPECT_EQ(c.parameters.oxygen.frozen.file, (folder.path() / "fields.vti").string());
  EXPECT_EQ(c.parameters.oxygen.frozen.array, "oxygen");
  const Config again = read_config_text(c.resolved, "/elsewhere/resolved.yaml");
  EXPECT_EQ(again.parameters.oxygen.frozen.file, c.parameters.oxygen.frozen.file);
}

const std::string rich = R"(
simulation:
  name: "a \"rich\" one: #1"
  seed: 18446744073709551615
  duration: 2 week
  inputs:
    - {setting: vessels.file, bytes: 12345, crc32: 0a1b2c3d}
domain: {size: [640 um, 640 um, 1.28 mm]}
fields: {coarsen: 2}
oxygen:
  diffusivity: 1e-5 cm^2/s
  decay: 0.1 1/h
  faces: {x_low: 5 kPa, y_high: no_flux}
  frozen: "(3 + 0.1*z/7) kPa"
matrix: {pattern: fibres, initial: "0.2 + 0.3*(x/640)^2"}
stem: {enabled: true}
vegf:
  enabled: true
  endothelial_uptake: 3e-16 pmol/min/cell
  faces: {z_high: 100 pM}
  sources:
    - {radius: 100 um, rate: 0.5 nM/h, duration: 2 day}
    - {shape: box, from: [0 um, 0 um, 0 um], to: [0.1 mm, 0.1 mm, 0.1 mm], rate: 1e-3 nM/min}
    - {shape: layer, axis: y, begin: 0 um, end: 33.3 um, rate: 1 pM/s}
sprouting: {enabled: true, chemotaxis: 2600 cm^2/s/M, survival: 1.5 day, maturation_rate: 0.1 1/day}
flow: {inlet_pressure: 4 kPa, plasma_viscosity: 1.1 mPa*s, adaptation: true, phase_separation: velocity}
regression: {enabled: true, shear: 0.7 Pa, vegf_protects: false}
tissue:
  cells:
    - {shape: sphere, radius: 100 um}
    - {shape: box, kind: stroma, from: [0 um, 0 um, 0 um], to: [0.1 mm, 0.1 mm, 0.1 mm], fraction: 30 %}
    - {shape: layer, kind: mesenchymal, axis: x, begin: 10 um, end: 1e2 um, stem: true}
  membranes:
    - {shape: sphere, radius: 120 um, centre: [300 um, 300 um, 600 um]}
    - {shape: layer, axis: y, at: 333.3 um}
vessels:
  pattern: lines
  lines:
    - {from: [0 um, 0 um, 0 um], to: [640 um, 640 um, 1280 um], radius: 7 um}
    - {from: [0 um, 9 um, 0 um], to: [0 um, 9 um, 1 mm], inlet_pressure: 33 mmHg, outlet_pressure: 11 mmHg}
  ends:
    - {role: outlet, face: +z, pressure: 12 mmHg}
    - {role: inlet, face: -z}
output: {arrays: [oxygen, matrix], region_to: [100 um, 200 um, 300 um], compression: zlib, mantissa_bits: 9}
)";

TEST(Config, TheResolvedFileGivesTheSameBits) {
  std::vector<std::string> all{minimal, rich};
  for (const std::string_view name : site_presets)
    all.push_back("simulation: {preset: " + std::string(name) + "}\n");
  for (const std::string& yaml : all) {
    const Config first = read(yaml);
    const Config second = read_config_text(first.resolved, "runs/resolved.yaml");
    EXPECT_EQ(first.resolved, second.resolved);
    EXPECT_EQ(bits_of(first.parameters), bits_of(second.parameters));
    EXPECT_EQ(setting_differences(settings_table(), first.resolved, second.resolved),
              std::vector<std::string>{});
  }
  const Parameters p = read(rich).parameters;
  EXPECT_EQ(p.simulation.name, "a \"rich\" one: #1");
  EXPECT_EQ(p.simulation.seed, 18446744073709551615u);
  ASSERT_EQ(p.tissue.cells.size(), 3u);
  EXPECT_EQ(p.tissue.cells[0].kind, "epithelial");
  EXPECT_EQ(p.tissue.cells[0].fraction, 1);
  EXPECT_EQ(p.tissue.cells[0].centre, (std::array<double, 3>{320, 320, 640}));
  EXPECT_EQ(p.tissue.cells[1].shape, Shape::box);
  EXPECT_EQ(p.tissue.cells[1].fraction, 0.3);
  EXPECT_EQ(p.tissue.cells[1].to[2], 100);
  EXPECT_EQ(p.tissue.cells[2].axis, "x");
  EXPECT_EQ(p.tissue.membranes[1].at, 333.3);
  EXPECT_EQ(p.vessels.lines[0].radius, 7);
  EXPECT_EQ(p.output.arrays, (std::vector<std::string>{"oxygen", "matrix"}));
  ASSERT_EQ(p.vegf.sources.size(), 3u);
  EXPECT_EQ(p.vegf.sources[0].centre, (std::array<double, 3>{320, 320, 640}));
  EXPECT_EQ(p.vegf.sources[0].rate, 0.5 / 60);
  EXPECT_EQ(p.vegf.sources[0].duration, 2880);
  EXPECT_EQ(p.vegf.sources[2].shape, Shape::layer);
  EXPECT_EQ(p.vegf.sources[2].rate, 0.06);
  EXPECT_EQ(p.vegf.faces[5].value, 0.1);
  EXPECT_EQ(p.vegf.endothelial_uptake, 5e-30);
  EXPECT_EQ(p.sprouting.chemotaxis, 15600);
  EXPECT_EQ(p.flow.plasma_viscosity, 1.1);
  EXPECT_EQ(p.flow.phase_separation, PhaseSeparation::velocity);
  EXPECT_EQ(p.regression.shear, 7);
  EXPECT_EQ(p.vessels.lines[0].inlet_pressure, 0);
  EXPECT_EQ(p.vessels.lines[1].outlet_pressure, 11);
  ASSERT_EQ(p.vessels.ends.size(), 2u);
  EXPECT_EQ(p.vessels.ends[0].role, EndRole::outlet);
  EXPECT_EQ(p.vessels.ends[0].face, "+z");
  EXPECT_EQ(p.vessels.ends[0].pressure, 12);
  EXPECT_EQ(p.vessels.ends[1].role, EndRole::inlet);
  EXPECT_TRUE(p.vessels.ends[1].name.empty());
}

TEST(Config, EverySettingIsInTheResolvedFile) {
  const std::string resolved = read(rich).resolved;
  for (const Setting& s : settings_table().settings())
    if (s.key != "domain.size") {
      EXPECT_NE(resolved.find(" " + std::string(s.leaf()) + ": "), std::string::npos) << s.key;
    }
}

// The values that no default happens to have, so that a setting bound to the wrong member would
// show.
TEST(Config, EverySettingReachesItsOwnMember) {
  Parameters before = read(minimal).parameters;
  for (const Setting& s : settings_table().settings()) {
    if (s.in_list() || s.key == "simulation.preset") continue;
    const Slot slot = s.slot(Object::of(before), {});
    std::string value;
    if (s.type == Type::boolean)
      value = **std::get_if<bool*>(&slot) ? "false" : "true";
    else if (s.type == Type::quantity)
      value = format_number(s.high < 1 ? s.high : s.low + 0.0625) + " " + s.unit;
    else
      continue;
    Complaints complaints;
    Parameters after = before;
    Entry entry;
    entry.form = Entry::Form::scalar;
    entry.text = value;
    ASSERT_TRUE(read_setting(s, s.key, entry, s.slot(Object::of(after), {}), {}, complaints))
        << complaints.text();
    const auto a = bits_of(before), b = bits_of(after);
    int changed = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
      if (a[i] != b[i]) {
        ++changed;
        EXPECT_EQ(b[i].compare(0, s.key.size() + 1, s.key + "="), 0)
            << s.key << " changed " << b[i];
      }
    EXPECT_EQ(changed, 1) << s.key;
  }
}

TEST(Config, DerivedDefaultsStayWithinTheirRanges) {
  for (const char* spacing : {"0.1 um", "1 mm"}) {
    const Config c =
        read(std::string("domain: {spacing: ") + spacing + "}\nmigration: {enabled: false}\n");
    EXPECT_EQ(read(c.resolved).resolved, c.resolved);
  }
}

TEST(Config, Overrides) {
  const std::vector<std::string> set{"oxygen.diffusivity=1e5 um^2/min",
                                     "tissue.cells[0].radius=80 um",
                                     "domain.voxels=[32, 32, 64]",
                                     "oxygen.faces.x_low=no_flux",
                                     "glucose.enabled=true",
                                     "tissue.cells[1].to=[20 um, 20 um, 20 um]"};
  const Parameters p = read(rich, set).parameters;
  EXPECT_EQ(p.oxygen.diffusivity, 1e5);
  EXPECT_EQ(p.tissue.cells[0].radius, 80);
  EXPECT_EQ(p.domain.voxels[2], 64);
  EXPECT_EQ(p.oxygen.faces[0].kind, FaceKind::no_flux);
  EXPECT_EQ(p.oxygen.faces[1].value, 52);
  EXPECT_TRUE(p.glucose.enabled);
  EXPECT_EQ(p.tissue.cells[1].to[0], 20);
  const Config c =
      read_config_text(rich, "a.yaml", {"simulation.seed=3"}, std::uint64_t{77}, "3 h");
  EXPECT_EQ(c.parameters.simulation.seed, 77u);
  EXPECT_EQ(c.parameters.simulation.duration, 180);
  // The last of several wins.
  EXPECT_EQ(read(minimal, {"time.step=2 min", "time.step=3 min"}).parameters.time.step, 3);
}

TEST(Config, OverridesFailLikeTheFile) {
  const auto has = [](const std::string& message, const char* part) {
    return message.find(part) != std::string::npos;
  };
  EXPECT_TRUE(has(message_of(minimal, {"oxygen.decay=5"}),
                  "--set oxygen.decay=5: oxygen.decay needs a unit"));
  EXPECT_TRUE(has(message_of(minimal, {"oxigen.decay=5 1/min"}), "did you mean oxygen?"));
  EXPECT_TRUE(has(message_of(minimal, {"oxygen.decay"}), "a key, = and a value are needed"));
  EXPECT_TRUE(has(message_of(minimal, {"=5"}), "a key, = and a value are needed"));
  EXPECT_TRUE(has(message_of(minimal, {"oxygen..decay=5"}), "is not a key"));
  EXPECT_TRUE(has(message_of(minimal, {"oxygen.decay="}), "has no value"));
  EXPECT_TRUE(has(message_of(minimal, {"tissue.cells[0].radius=5 um"}), "has 0 entries"));
  EXPECT_TRUE(has(message_of(rich, {"tissue.cells[7].radius=5 um"}), "has 3 entries"));
  EXPECT_TRUE(has(message_of(minimal, {"domain.voxels=[1, 2"}), "a bracket is left open"));
  EXPECT_TRUE(
      has(message_of("oxygen: {faces: no_flux}\n", {"oxygen.faces.x_low=1 mmHg"}), "as a whole"));
  EXPECT_TRUE(has(message_of(minimal, {"domain.voxels=[8,8,8]", "domain.size=[1 mm, 1 mm, 1 mm]"}),
                  "same thing twice"));
  try {
    read_config_text(minimal, "a.yaml", {}, {}, "5");
    FAIL();
  } catch (const ConfigError& e) {
    EXPECT_TRUE(has(e.what(), "--until: simulation.duration needs a unit")) << e.what();
  }
}

struct Bad {
  const char* yaml;
  const char* part; // of the message, with the line
};

const Bad bad_inputs[] = {
    // keys
    {"oxygen:\n  difusivity: 5 um^2/min\n",
     "case.yaml:2: oxygen.difusivity is not a setting; did you mean diffusivity?"},
    {"oxigen:\n  diffusivity: 5 um^2/min\n",
     "case.yaml:1: oxigen is not a setting; did you mean oxygen?"},
    {"oxygen:\n  haptotaxis: 3 um^2/min\n", "did you mean migration.haptotaxis?"},
    {"diffusivity: 3 um^2/min\n", "did you mean oxygen.diffusivity?"},
    {"oxygen.decay: 3 1/min\n", "oxygen.decay must be written in two levels"},
    {"flux_capacitor: 1\n", "the sections are simulation"},
    {"oxygen:\n  qqqqqqqqqqqqqqqq: 1\n", "oxygen has enabled"},
    {"oxygen: 5\n", "oxygen is a section"},
    {"oxygen: [1, 2]\n", "oxygen is a section"},
    {"oxygen:\n  decay: 0 1/min\n  decay: 1 1/min\n",
     "case.yaml:3: oxygen.decay is written twice; the first is in line 2"},
    {"time: {step: 6 min}\noxygen: {}\ntime: {step: 3 min}\n",
     "case.yaml:3: time is written twice"},
    {"tissue: {cells: [{shape: sphere, radius: 1 um, radius: 2 um}]}\n", "is written twice"},
    {"tissue: {cells: [{shape: sphere, radius: 10 um, center: [1 um, 1 um, 1 um]}]}\n",
     "did you mean centre?"},
    // merged settings are settings like others
    {"<<: {a: 1}\n", "case.yaml:1: a is not a setting"},
    {"oxygen: &o {decay: 1 1/min}\nglucose:\n  <<: 5\n",
     "case.yaml:3: << takes over the settings of a section marked by &"},
    {"glucose:\n  <<: [5]\n", "case.yaml:2: << takes over the settings"},
    {"glucose:\n  <<:\n", "case.yaml:2: << takes over the settings"},
    {"oxygen: &o {half_saturation: 1 mmHg}\nvegf:\n  <<: *o\n",
     "case.yaml:1: vegf.half_saturation cannot be read: `mmHg` measures pressure"},
    // units and numbers
    {"oxygen:\n  diffusivity: 1.2e5\n",
     "case.yaml:2: oxygen.diffusivity needs a unit; type for example: diffusivity: 1.2e5 um^2/min"},
    {"oxygen:\n  decay: 0\n", "oxygen.decay needs a unit"},
    {"oxygen:\n  diffusivity: 5 mmHg\n", "measures pressure, not length^2/time"},
    {"oxygen:\n  diffusivity: 5 umm^2/min\n", "`umm` is not a unit"},
    {"oxygen:\n  tissue_pressure: 5 mmhg\n", "did you mean mmHg?"},
    {"oxygen:\n  diffusivity: fast\n", "does not begin with a number"},
    {"oxygen:\n  diffusivity: .nan\n", "not a finite number"},
    {"oxygen:\n  diffusivity: -.inf um^2/min\n", "not a finite number"},
    {"oxygen:\n  diffusivity: 1e999 um^2/min\n", "too large"},
    {"oxygen:\n  diffusivity: -5 um^2/min\n", "it must be above 0 and at most 1e+09 um^2/min"},
    {"oxygen:\n  diffusivity: 0 um^2/min\n", "it must be above 0"},
    {"oxygen:\n  diffusivity:\n", "oxygen.diffusivity has no value"},
    {"oxygen:\n  diffusivity: ~\n", "has no value"},
    {"oxygen:\n  diffusivity: [1, 2]\n", "takes a number with a unit, not a list"},
    {"oxygen:\n  diffusivity: {a: 1}\n", "takes a number with a unit, not a section"},
    {"tissue:\n  parenchyma: 0.4 um\n", "is a pure number and takes no unit"},
    {"tissue:\n  parenchyma: 1.5\n", "it must be between 0 and 1"},
    {"tissue:\n  parenchyma: 150 %\n", "it must be between 0 and 1"},
    {"tissue:\n  parenchyma: much\n", "does not begin with a number"},
    {"time:\n  step: 0 min\n", "it must be above 0"},
    {"domain: {spacing: 0.01 um}\n", "it must be between 0.1 and 1000 um"},
    {"time:\n  motility_substeps: 2.5\n", "takes a whole number, not `2.5`"},
    {"time:\n  motility_substeps: 0\n", "it must be between 1 and 10000"},
    {"time:\n  motility_substeps: 99999999999999999999\n", "it must be between 1 and 10000"},
    {"simulation:\n  seed: -1\n", "between 0 and 18446744073709551615"},
    {"simulation:\n  seed: 18446744073709551616\n", "between 0 and 18446744073709551615"},
    {"simulation:\n  seed: abc\n", "takes a whole number"},
    {"simulation:\n  name: \"\"\n", "between 1 and 200 characters"},
    {"simulation:\n  name: \"a\\nb\"\n", "control character"},
    {"oxygen:\n  enabled: yes\n", "takes true or false, not `yes`"},
    {"oxygen:\n  uptake: michaelis\n", "takes michaelis_menten, first_order or constant"},
    {"oxygen:\n  relaxation: stedy\n", "did you mean steady?"},
    {"simulation:\n  preset: physicel\n", "did you mean physicell?"},
    {"fields:\n  coarsen: 3\n", "it must be 1, 2 or 4"},
    {"output:\n  compression: zlb\n", "did you mean zlib?"},
    {"output:\n  arrays: oxygen\n", "takes a list of words"},
    {"output:\n  arrays: [oxygen, oxygen]\n", "twice"},
    {"output:\n  mantissa_bits: 24\n", "between 1 and 23"},
    // faces and frozen fields
    {"oxygen:\n  faces: closed\n", "takes no_flux or a value, not `closed`"},
    {"oxygen:\n  faces: 38\n", "oxygen.faces needs a unit; type for example: faces: 38 mmHg"},
    {"oxygen:\n  faces: {x_lo: no_flux}\n", "did you mean x_low?"},
    {"oxygen:\n  faces: {x_low: 5}\n", "oxygen.faces.x_low needs a unit"},
    {"oxygen:\n  faces: [no_flux]\n", "not a list"},
    {"oxygen:\n  frozen: 40 + 0.01*x\n", "needs a unit after the formula"},
    {"oxygen:\n  frozen: \"(40 + 0.01*q) mmHg\"\n", "uses `q`, which it cannot"},
    {"oxygen:\n  frozen: \"(40 + 0.01*x mmHg\"\n", "closing parenthesis"},
    {"oxygen:\n  frozen: \"40 um\"\n", "measures length, not pressure"},
    {"oxygen:\n  frozen: \"(x - 50) mmHg\"\n", "is -50 at x = 0"},
    {"oxygen:\n  frozen: \"log(x - 50) mmHg\"\n", "is not a number at x = 0"},
    {"oxygen:\n  frozen: {file: nowhere.vti, array: oxygen}\n", "names a file that does not exist"},
    {"oxygen:\n  frozen: {array: oxygen}\n", "needs both parts"},
    {"oxygen:\n  frozen: {fil: a}\n", "has no part `fil`"},
    {"oxygen:\n  enabled: false\n  frozen: 40 mmHg\n", "oxygen.enabled: false leaves out"},
    {"matrix:\n  frozen: \"0.5\"\n", "takes true or false"},
    {"matrix:\n  initial: 0.5 um\n", "measures length"},
    // domain and time
    {"domain: {voxels: [8, 8, 8], size: [1 mm, 1 mm, 1 mm]}\n", "say the same thing twice"},
    {"domain: {size: [1 mm, 1.01 mm, 1 mm]}\n", "along y; the nearest are 1000 um and 1020 um"},
    {"domain: {size: [1 mm, 1 mm]}\n", "takes a list of three quantities"},
    {"domain: {size: [1, 1, 1]}\n", "needs a unit"},
    {"domain: {size: [1e9 m, 1 mm, 1 mm]}\n", "at most 65535 are possible"},
    {"domain: {voxels: [8, 0, 8]}\n", "it must be between 1 and 65535"},
    {"domain: {voxels: [8, 8]}\n", "takes a list of three whole numbers"},
    {"domain: {voxels: 8}\n", "takes a list of three whole numbers"},
    {"domain: {voxels: [4096, 4096, 4096]}\n", "at most 2147483648 (2^31)"},
    {"domain: {voxels: [9, 8, 8]}\nfields: {coarsen: 2}\n",
     "does not divide the 9 voxels along x; type 10"},
    {"cycle: {push_length: 400 um}\n",
     "cycle.push_length is no longer a setting; tissue grows by pressure"},
    {"cycle: {into_dead: true}\n", "cycle.into_dead is no longer a setting; bodies give way"},
    {"quiescence: {crowding: true}\n",
     "quiescence.crowding is no longer a setting; pressure slows the cycle"},
    {"simulation: {duration: 1e9 min}\ntime: {step: 0.01 min}\noutput: {frames: 0 min}\n",
     "at most 4e9 are possible"},
    {"output: {frames: 1 min}\n", "shorter than time.step (6 min)"},
    {"oxygen: {relaxation: transient, substep: 7 min}\n", "longer than time.step"},
    // rules between settings
    {"quiescence:\n  enter: 10 mmHg\n",
     "case.yaml:2: quiescence.enter (10 mmHg) must not be above quiescence.leave (9.8 mmHg)"},
    {"death: {necrosis_low: 5 mmHg}\n",
     "death.necrosis_low (5 mmHg) must be below death.necrosis_high"},
    {"transition: {hypoxia_low: 20 mmHg}\n", "must be below transition.hypoxia_high"},
    {"cycle: {ramp_high: 1 mmHg}\n", "must be below cycle.ramp_high"},
    {"oxygen: {arterial_pressure: 40 mmHg}\n", "must be below oxygen.arterial_pressure"},
    {"glucose: {enabled: true, necrosis_atp: 0.5}\n", "must not be above glucose.quiescence_atp"},
    {"tissue: {parenchyma: 0.7, stroma: 0.7}\n", "add up to 1.4"},
    {"oxygen: {enabled: false}\nmigration: {chemotaxis: 0.05 um^2/min/mmHg}\n",
     "migration.chemotaxis follows oxygen"},
    {"tracers: {count: 5}\nmigration: {enabled: false}\n", "tracers.count asks for walkers"},
    {"tracers: {count: 5, start: [0 um, 0 um, 3 mm]}\n",
     "tracers.start lies outside the box along z"},
    {"migration: {mesenchymal: 50 um^2/min}\n",
     "case.yaml:1: migration.mesenchymal with haptotaxis"},
    {"migration: {haptotaxis: 50 um^2/min}\n", "type time.motility_substeps: 5 or more"},
    {"output: {region_to: [1 mm, 1 mm, 3 mm]}\n", "output.region_to lies outside the box along z"},
    {"output: {region_from: [1 mm, 1 mm, 1 mm], region_to: [1 mm, 2 mm, 2 mm]}\n",
     "must be below output.region_to along x"},
    // shapes
    {"tissue: {cells: 5}\n", "tissue.cells takes a list"},
    {"tissue: {cells: {shape: sphere}}\n", "tissue.cells takes a list"},
    {"tissue: {cells: [5]}\n", "tissue.cells[0] takes settings like {shape: sphere"},
    {"tissue:\n  cells:\n    - shape: sphere\n",
     "case.yaml:3: tissue.cells[0].radius is missing; type for example: radius: 100 um"},
    {"tissue: {cells: [{shape: sphere, radius: 0 um}]}\n",
     "tissue.cells[0].radius is `0 um`; it must be above 0"},
    {"tissue: {cells: [{shape: sphere, radius: 10 um, begin: 0 um}]}\n",
     "belongs to shape layer, but this is a sphere"},
    {"tissue: {cells: [{shape: cube}]}\n", "takes sphere, box or layer, not `cube`"},
    {"tissue: {cells: [{shape: sphere, radius: 5 um, kind: epithelail}]}\n",
     "did you mean epithelial?"},
    {"tissue: {cells: [{shape: sphere, radius: 5 um, centre: [9 mm, 0 um, 0 um]}]}\n",
     "lies wholly outside the box"},
    {"tissue: {cells: [{shape: box, from: [0 um, 0 um, 5 um], to: [1 um, 1 um, 5 um]}]}\n",
     "tissue.cells[0].from must be below tissue.cells[0].to along z"},
    {"tissue: {cells: [{shape: box, from: [0 um, 0 um, 0 um]}]}\n",
     "tissue.cells[0].to is missing"},
    {"tissue: {cells: [{shape: layer, begin: 9 um, end: 3 um}]}\n",
     "must be below tissue.cells[0].end"},
    {"tissue: {cells: [{shape: layer, axis: w, begin: 1 um, end: 3 um}]}\n",
     "takes x, y or z, not `w`"},
    {"tissue: {cells: [{radius: 5 um, kind: stroma, mesenchymal_fraction: 0.1}]}\n",
     "is for kind epithelial"},
    {"tissue: {cells: [{radius: 5 um, stem: true}]}\n", "needs stem.enabled: true"},
    {"tissue: {membranes: [{shape: box}]}\n", "takes sphere or layer, not `box`"},
    {"tissue: {membranes: [{shape: layer, at: 5 mm}]}\n",
     "tissue.membranes[0].at lies outside the box along z"},
    {"tissue: {cells_csv: nowhere.csv}\n", "names a file that does not exist"},
    {"vessels: {pattern: lines}\n", "vessels.lines has none"},
    {"vessels: {lines: [{from: [0 um, 0 um, 0 um], to: [1 um, 1 um, 1 um]}]}\n",
     "vessels.pattern is none"},
    {"vessels: {pattern: lines, lines: [{from: [0 um, 0 um, 0 um], to: [0 um, 0 um, 0 um]}]}\n",
     "has no length"},
    {"vessels: {pattern: lines, lines: [{from: [0 um, 0 um, 0 um], to: [0 um, 9 mm, 0 um]}]}\n",
     "outside the box along y"},
    {"vessels: {pattern: grid, spacing: 1 um}\n", "must not be below domain.spacing"},
    // VEGF
    {"vegf:\n  enabled: 1\n", "vegf.enabled takes true or false"},
    {"vegf:\n  difusivity: 1 um^2/min\n", "case.yaml:2: vegf.difusivity is not a setting; did you "
                                          "mean diffusivity?"},
    {"vegf: {diffusivity: 4200}\n", "type for example: diffusivity: 4200 um^2/min"},
    {"vegf: {basal_secretion: 0.025 mol/s/cell}\n", "measures amount/time, not 1/time"},
    {"vegf: {endothelial_uptake: 0.1 molecules/s/cell}\n", "measures 1/time, not amount/time"},
    {"vegf: {half_saturation: 0 nM}\n", "it must be above 0"},
    {"vegf: {relaxation: slow}\n", "takes steady or transient, not `slow`"},
    {"vegf: {faces: {z_low: 1 mmHg}}\n", "vegf.faces.z_low cannot be read"},
    {"vegf: {hypoxia_low: 15 mmHg}\n",
     "vegf.hypoxia_low (15 mmHg) must be below vegf.hypoxia_high (15 mmHg)"},
    {"vegf: {basal_secretion: 1 1/s}\n",
     "vegf.hypoxic_secretion (0.25 molecules/s/cell) must not be below"},
    {"vegf: {frozen: 0.1 nM}\n", "type vegf.enabled: true or remove it"},
    {"vegf: {enabled: true, frozen: (x-50) nM}\n", "is -50 at x = 0"},
    {"vegf: {sources: [{radius: 9 um, rate: 1 nM/min}]}\n",
     "vegf.sources is given, but vegf.enabled is false; type vegf.enabled: true"},
    {"vegf: {enabled: true, frozen: 1 nM, sources: [{radius: 9 um, rate: 1 nM/min}]}\n",
     "vegf.sources has no effect"},
    {"vegf: {enabled: true, sources: [{radius: 9 um}]}\n",
     "vegf.sources[0].rate is missing; type for example: rate: 0.01 nM/min"},
    {"vegf: {enabled: true, sources: [{radius: 9 um, rate: 1 nM}]}\n",
     "measures amount/length^3, not amount/length^3/time"},
    {"vegf: {enabled: true, sources: [{rate: 1 nM/min}]}\n", "vegf.sources[0].radius is missing"},
    {"vegf: {enabled: true, sources: [{rate: 1 nM/min, radius: 9 um, axis: x}]}\n",
     "belongs to shape layer, but this is a sphere"},
    {"vegf: {enabled: true, sources: [{rate: 1 nM/min, radius: 9 um, centre: [3 mm, 0 um, 0 "
     "um]}]}\n",
     "vegf.sources[0] lies wholly outside the box"},
    {"vegf: {enabled: true, sources: [{rate: 1 nM/min, shape: layer, begin: 2 mm, end: 3 mm}]}\n",
     "vegf.sources[0] lies wholly outside the box along z"},
    {"vegf: {enabled: true, sources: [{rate: 1 nM/min, shape: box, from: [0 um, 0 um, 0 um], to: "
     "[1 um, 0 um, 1 um]}]}\n",
     "vegf.sources[0].from must be below vegf.sources[0].to along y"},
    {"vegf: {sources: {radius: 9 um}}\n", "vegf.sources takes a list"},
    {"vegf: {sources: [5]}\n", "{shape: sphere, radius: 100 um, rate: 0.01 nM/min}"},
    // a unit for all
    {"domain:\n  size: [1.6, 0.8, 0.8] mm\n", "case.yaml:2: a unit stands behind the list; write "
                                              "it behind each number: [1.6 mm, 0.8 mm, 0.8 "
                                              "mm]"},
    {"tissue: {cells: [{shape: sphere, radius: 40 um, centre: [100, 100, 1e2] um}]}\n",
     "case.yaml:1: a unit stands behind the list; write it behind each number: [100 um, 100 um, "
     "1e2 "
     "um]"},
    {"domain:\n  size: [1.6, 0.8, 0.8] mm\ntime: {step: 6 min}\n", "case.yaml:2: a unit stands"},
    {"domain:\n  size: [1.6, 0.8] nonsense\n", "not valid YAML"},
    // shapes between the centres of voxels
    {"domain: {voxels: [8, 8, 8]}\ntissue:\n  cells:\n    - {shape: sphere, radius: 12 um}\n",
     "case.yaml:4: tissue.cells[0] holds the centre of no voxel, so it would stay empty; centres "
     "lie "
     "at 10, 30, 50 um ...; type radius: 17.321 um or more, or centre: [90 um, 90 um, 90 um]"},
    {"tissue: {cells: [{shape: layer, begin: 11 um, end: 29 um}]}\n",
     "type begin and end that are a voxel (20 um) or more apart"},
    {"tissue: {cells: [{shape: box, from: [0 um, 0 um, 11 um], to: [99 um, 99 um, 30 um]}]}\n",
     "tissue.cells[0] holds the centre of no voxel"},
    {"tissue: {cells: [{shape: sphere, centre: [-5 um, 50 um, 50 um], radius: 9 um}]}\n",
     "holds the centre of no voxel"},
    {"fields: {coarsen: 4}\nvegf: {enabled: true, sources: [{shape: box, from: [0 um, 0 um, 0 um], "
     "to: [40 um, 99 um, 99 um], rate: 1 nM/min}]}\n",
     "centres lie at 40, 120, 200 um"},
    {"tissue: {membranes: [{shape: layer, at: 1995 um}]}\n", "type at most 1990 um"},
    {"tissue: {membranes: [{shape: sphere, radius: 1720 um}]}\n",
     "has its surface outside the box"},
    // what cells and membranes count in steps
    {"time: {step: 0.01 min}\ndeath:\n  apoptotic_body: 1 day\nquiescence: {delay: 20 min}\n",
     "case.yaml:3: death.apoptotic_body takes 144000 steps of time.step (0.01 min); cells count at "
     "most 65535; the longest that fits is death.apoptotic_body: 655.3 min, the shortest step that "
     "fits is time.step: 0.02198 min"},
    {"time: {step: 6 min}\nquiescence: {survival: 274 day}\n",
     "case.yaml:2: quiescence.survival takes 65760 steps"},
    {"time:\n  step: 0.05 min\n", "case.yaml:2: quiescence.survival takes 80000 steps"},
    {"time: {step: 0.1 min}\nquiescence: {delay: 5 h}\n",
     "case.yaml:2: quiescence.delay is 3000 steps of time.step (0.1 min)"},
    {"time: {step: 0.1 min}\nquiescence: {delay: 5 h}\n", "time.step: 0.1145 min"},
    {"time: {step: 0.1 min}\nquiescence: {survival: 1 day}\nmatrix: {membrane_resistance: 5}\n"
     "tissue: {membranes: [{shape: sphere, radius: 150 um}]}\n",
     "case.yaml:3: matrix.membrane_resistance lasts"},
    // vessels' time step
    {"time: {vessel_step: 20 min}\n",
     "case.yaml:1: time.vessel_step (20 min) must be a whole number of steps of time.step (6 min); "
     "type 18 min or 24 min"},
    {"time: {vessel_step: 2 min}\n", "type 6 min"},
    {"time: {vessel_step: 30}\n",
     "time.vessel_step needs a unit; type for example: vessel_step: 30 "
     "min"},
    // beds
    {"vessels: {pattern: pairs}\n", "did you mean pair?"},
    {"vessels: {pattern: pair, spacing: 2 mm}\n",
     "vessels.spacing must be below the edge of the box along x (2000 um)"},
    {"vessels: {pattern: pair, spacing: 10 um}\n", "must not be below domain.spacing"},
    {"vessels: {pattern: pair, offset: 50 um}\n", "outside the box along x; type 75 to 1925 um"},
    {"vessels: {pattern: pair, drop: 5 mmHg}\n",
     "which leaves nothing of the 10 mmHg between flow.inlet_pressure and flow.outlet_pressure"},
    {"vessels: {pattern: pair, radius: 60 um}\n",
     "vessels.radius is 60 um; where blood flow is solved it must be between 1 and 50 um"},
    {"vessels: {pattern: pair, radius_vein: 0.5 um}\n", "vessels.radius_vein is 0.5 um"},
    {"vessels: {pattern: grid, radius: 51 um}\n", "type such a radius or flow.enabled: false"},
    {"flow: {enabled: false}\nvessels: {pattern: grid}\n",
     "oxygen.blood is march, which follows the flow, but flow.enabled is false; type oxygen.blood: "
     "fixed"},
    {"oxygen: {inlet_oxygen: 45 mmHg}\n", "oxygen.inlet_oxygen"},
    {"oxygen: {vessel_pressure: 40 mmHg}\n",
     "oxygen.vessel_pressure is no longer a setting; blood brings what its flow carries: type "
     "oxygen.inlet_oxygen"},
    {"vessels: {well_index: false}\n", "vessels.well_index is no longer a setting"},
    {"vessels: {pattern: lines, lines: [{from: [0 um, 0 um, 0 um], to: [0 um, 0 um, 9 um], radius: "
     "0.9 um}]}\n",
     "vessels.lines[0].radius is 0.9 um"},
    {"vessels: {pattern: lines, lines: [{from: [0 um, 0 um, 0 um], to: [0 um, 0 um, 9 um], "
     "inlet_pressure: 10 mmHg}]}\n",
     "vessels.lines[0] has 10 mmHg at its inlet and 15 mmHg at its outlet"},
    {"vessels: {pattern: hexagonal, spacing: 700 um}\n",
     "they need 2100 um along z and 1233 um along x; type at most 666 um"},
    {"domain: {voxels: [1024, 1024, 1024]}\nvessels: {pattern: hexagonal, spacing: 20 um, layers: "
     "20 um}\n",
     "make some 827 million forks"},
    {"vessels: {pattern: hexagonal, layers: 5 um}\n", "vessels.layers must not be below"},
    {"vessels: {pattern: hexagonal, layers: 3 mm}\n", "more than the box's edge along y (2000 um)"},
    {"vessels: {pattern: file}\n", "vessels.file names none; type for example: file: vessels.vtp"},
    {"vessels: {pattern: file, file: nowhere.vtp}\n", "names a file that does not exist"},
    {"vessels: {file_scale: 0}\n", "it must be above 0"},
    // ends
    {"vessels: {ends: [{role: inlet, face: -z}]}\n", "vessels.ends is given, but there are no "
                                                     "vessels"},
    {"vessels: {pattern: grid, ends: [{face: -z}]}\n",
     "vessels.ends[0].role is missing; type for example: role: inlet"},
    {"vessels: {pattern: grid, ends: [{role: inlett, face: -z}]}\n", "did you mean inlet?"},
    {"vessels: {pattern: grid, ends: [{role: inlet}]}\n",
     "vessels.ends[0] says neither face nor name; type one of them, for example: {role: inlet, "
     "face: -z}"},
    {"vessels: {pattern: grid, ends: [{role: inlet, face: -z, name: a}]}\n",
     "says both face and name"},
    {"vessels: {pattern: grid, ends: [{role: inlet, face: z_low}]}\n",
     "takes none, -x, +x, -y, +y, -z or +z, not `z_low`"},
    {"vessels: {pattern: grid, ends: [{role: inlet, name: a}]}\n",
     "vessels.ends[0].name is for vessels.pattern file"},
    {"vessels: {pattern: grid, ends: [{role: inlet, face: -z, pressure: 15 mmHg}]}\n",
     "is an inlet at 15 mmHg, which is not above any outlet (15 mmHg is the lowest)"},
    {"vessels: {pattern: grid, ends: [{role: outlet, face: +z, pressure: 26 mmHg}]}\n",
     "is an outlet at 26 mmHg, which is not below any inlet"},
    {"vessels: {pattern: grid, ends: [{role: inlet, face: -z, pressure: -5 mmHg}]}\n",
     "it must be between 0 and 300 mmHg"},
    {"vessels: {pattern: grid, ends: [{role: inlet, face: -z, flow: 2}]}\n",
     "vessels.ends[0].flow needs a unit; type for example: flow: 2 nL/min"},
    {"vessels: {pattern: grid, ends: [{role: inlet, face: -z, flow: 2 nL}]}\n",
     "vessels.ends[0].flow"},
    {"vessels: {pattern: grid, ends: [{role: inlet, face: -z, flow: 1 nL/min, pressure: 30 "
     "mmHg}]}\n",
     "vessels.ends[0] gives both flow and pressure, of which one follows from the other; remove "
     "vessels.ends[0].flow or vessels.ends[0].pressure"},
    {"vessels: {pattern: grid, ends: [{role: inlet, face: -z, haematocrit: 45}]}\n",
     "vessels.ends[0].haematocrit"},
    {"flow: {enabled: false}\noxygen: {blood: fixed}\nvessels: {pattern: grid, ends: [{role: "
     "inlet, "
     "face: -z, flow: 1 nL/min}]}\n",
     "vessels.ends[0].flow is given, but flow.enabled is false; type flow.enabled: true, or remove "
     "it"},
    {"flow: {enabled: false}\noxygen: {blood: fixed}\nvessels: {pattern: grid, ends: [{role: "
     "inlet, "
     "face: -z, haematocrit: 0.3}]}\n",
     "vessels.ends[0].haematocrit is given, but flow.enabled is false"},
    // sprouting, flow, regression
    {"sprouting: {enabled: true}\nvessels: {pattern: grid}\n",
     "sprouting.enabled needs VEGF, but vegf.enabled is false; type vegf.enabled: true"},
    {"sprouting: {enabled: true}\nvegf: {enabled: true}\n",
     "sprouting.enabled needs vessels to sprout from"},
    {"sprouting: {enabled: true, speed_limit: 700 um/min}\nvegf: {enabled: true}\n"
     "vessels: {pattern: grid}\n",
     "tips would need 1051 moves, none longer than a voxel, in one time.vessel_step, and 1000 are "
     "the most; type a lower sprouting.speed_limit"},
    {"sprouting: {persistence: 0 min}\n", "it must be between 1 and 1e+05 min"},
    {"sprouting: {radius: 60 um}\n", "it must be between 1 and 50 um"},
    {"sprouting: {chemotaxis: 1 um^2/min}\n", "type for example: chemotaxis: 1.56e4 um^2/min/nM"},
    {"sprouting: {starvation: 2}\n", "it must be between 0 and 1"},
    {"regression: {occlusion_share: 0.5}\n",
     "regression.occlusion_share is no longer a setting; pressure shuts vessels: type "
     "regression.occlusion_pressure"},
    {"sprouting: {half_respons: 1 nM}\n", "did you mean half_response?"},
    {"sprouting: {branching: maybe}\n", "takes true or false"},
    {"flow: {inlet_pressure: 15 mmHg}\n",
     "flow.inlet_pressure (15 mmHg) must be above flow.outlet_pressure (15 mmHg)"},
    {"flow: {plasma_viscosity: 1.2 mmHg}\n", "measures pressure, not time pressure"},
    {"flow: {haematocrit: 0.95}\n", "it must be between 0 and 0.9"},
    {"flow: {phase_separation: alarcon}\n", "takes none, velocity or pries, not `alarcon`"},
    {"flow: {max_iterations: 0}\n", "it must be between 1 and 1e+06"},
    {"flow: {smallest_radius: 20 um, largest_radius: 20 um}\n",
     "flow.smallest_radius (20 um) must be below flow.largest_radius (20 um)"},
    {"flow: {largest_radius: 51 um}\n", "it must be between 1 and 50 um"},
    {"flow: {enabled: false, adaptation: true}\n", "flow.adaptation follows the shear stress"},
    {"flow: {adaptation_shear: 20 mmHg/um}\n", "not pressure"},
    {"regression: {shear: 8}\n", "type for example: shear: 8 dyn/cm^2"},
    {"regression: {patience: 0 min}\n", "it must be above 0"},
    {"death: {apoptosis_share: 80 um}\n", "takes no unit"},
    // files that are not configurations
    {"", "case.yaml:1: the file is empty"},
    {"# nothing\n", "the file is empty"},
    {"---\n...\n", "the file is empty"},
    {"hello\n", "must hold sections"},
    {"- 1\n- 2\n", "must hold sections"},
    {"oxygen:\n\tdecay: 0 1/min\n", "case.yaml:2: a tab indents this line"},
    {"oxygen: {decay: 0 1/min\n", "not valid YAML"},
    {"oxygen:\n  decay: \"0 1/min\n", "case.yaml:2: a quoted text begins here that never ends"},
    {"oxygen:\n decay: 0 1/min\n   substep: 1 min\n", "case.yaml:3: not valid YAML"},
    {"oxygen: *nowhere\n", "not valid YAML"},
    {"a: 1\n---\nb: 2\n", "more than one YAML document"},
    {"? [1, 2]\n: 3\n", "a key must be a word"},
    {"? {a: 1}\n: 3\n", "a key must be a word"},
    {"~: 3\n", "a key must be a word"},
    {"oxygen: !!binary 5\n", "means nothing here"},
    {"a: &x [1, *x]\n", "inside what it stands for"},
    {"a: \xff\xfe\n", "not UTF-8"},
    {"a: \xc3\x28\n", "not UTF-8"},
    {"a: \xed\xa0\x80\n", "not UTF-8"},
    {"a: \x01\n", "control characters"},
    {"\x7f"
     "ELF\x02\n",
     "control characters"},
};

// YAML's merge keys: what an entry says itself wins, then the first that is merged.
TEST(Config, MergesSettings) {
  const Parameters p = read("tissue:\n  cells:\n"
                            "    - &base {shape: sphere, radius: 100 um, fraction: 0.5}\n"
                            "    - {<<: *base, kind: stroma}\n"
                            "    - radius: 40 um\n      <<: *base\n"
                            "    - <<: [{kind: necrotic, fraction: 0.2}, *base]\n"
                            "      centre: [1 mm, 1 mm, 1 mm]\n")
                           .parameters;
  ASSERT_EQ(p.tissue.cells.size(), 4u);
  EXPECT_EQ(p.tissue.cells[1].kind, "stroma");
  EXPECT_EQ(p.tissue.cells[1].radius, 100);
  EXPECT_EQ(p.tissue.cells[1].fraction, 0.5);
  EXPECT_EQ(p.tissue.cells[2].radius, 40);
  EXPECT_EQ(p.tissue.cells[2].fraction, 0.5);
  EXPECT_EQ(p.tissue.cells[3].kind, "necrotic");
  EXPECT_EQ(p.tissue.cells[3].fraction, 0.2);
  EXPECT_EQ(p.tissue.cells[3].radius, 100);
  // Sections too, and an anchor that was merged itself.
  const Parameters q = read("vegf: &v {tolerance: 2e-3 nM}\n<<: {matrix: {density: 0.5}}\n"
                            "proteinase: {<<: {decay: 2 1/min}}\n",
                            {"matrix.maximum=0.9"})
                           .parameters;
  EXPECT_EQ(q.matrix.density, 0.5);
  EXPECT_EQ(q.proteinase.decay, 2);
}

TEST(Config, TakesWholeNumbersAsPeopleWriteThem) {
  const Config c = read_config_text(
      "domain: {voxels: [+8, 8.0, 8e0]}\nsimulation: {seed: 1_000}\nfields: {coarsen: +2}\n",
      "a.yaml", {"output.keep=+3", "time.motility_substeps=3.0"});
  EXPECT_EQ(c.parameters.domain.voxels, (std::array<int, 3>{8, 8, 8}));
  EXPECT_EQ(c.parameters.simulation.seed, 1000u);
  EXPECT_EQ(c.parameters.fields.coarsen, 2);
  EXPECT_EQ(c.parameters.output.keep, 3);
}

// Another value of a setting, as --set takes it, that is near the default; empty: none is known.
std::vector<std::string> other_values(const Setting& s) {
  const std::string& d = s.fallback;
  switch (s.type) {
  case Type::boolean: return {d == "true" ? "false" : "true"};
  case Type::word: {
    std::vector<std::string> words;
    for (const std::string_view w : s.words)
      if (w != d) words.emplace_back(w);
    return words;
  }
  case Type::integer: return {std::to_string(std::stoi(d) + 1), std::to_string(std::stoi(d) - 1)};
  case Type::quantity: {
    std::size_t end = 0;
    const double value = std::stod(d, &end);
    std::vector<std::string> some;
    for (const double v : {2 * value, value / 2, 0.5, 0.1})
      if (v != value) some.push_back(format_number(v) + d.substr(end));
    if (value == 0 && end == d.size() && !s.unit.empty())
      for (std::string& v : some) v += " " + s.unit;
    return some;
  }
  default: return {};
  }
}

// With a section switched off, its settings do nothing and whoever gives them is told: whatever
// else of a run is on, its state is the same to the last bit.
TEST(Config, SettingsOfWhatIsOffHaveNoEffectAndAreNoted) {
  const std::string lively = R"(
simulation: {seed: 7, duration: 1 h}
domain: {voxels: [12, 12, 12], spacing: 20 um}
glucose: {enabled: true}
inhibitor: {enabled: true}
stem: {enabled: true}
vegf: {enabled: true, hypoxic_secretion: 1 molecules/s/cell}
sprouting: {enabled: true, rate: 0.02 1/min}
regression: {enabled: true, patience: 10 min}
intravasation: {enabled: true, rate: 1 1/h}
lymphatics: {enabled: true}
arrivals: {enabled: true, cells: 40}
vessels: {pattern: grid, spacing: 80 um}
tissue: {stroma: 0.2, cells: [{shape: sphere, kind: epithelial, radius: 60 um, mesenchymal_fraction: 0.3}]}
)";
  const auto hash_of = [](const Config& c) {
    Site site(c.parameters, Executor::on_cpu(1));
    for (int n = 0; n < 8; ++n) site.step();
    return site.hash();
  };
  std::map<std::string, int> tried;
  for (const auto& section : settings_table().whole().sections) {
    const auto on = std::find_if(section->settings.begin(), section->settings.end(),
                                 [](const Setting* s) { return s->switches; });
    if (on == section->settings.end()) continue;
    std::vector<std::string> off{(*on)->key + "=false"};
    if (section->name == "vegf") off.emplace_back("sprouting.enabled=false"); // needs it
    const Config base = read(lively, off);
    const std::uint64_t hash = hash_of(base);
    for (const Setting* s : section->settings) {
      const bool acts = std::find((*on)->act_all_the_same.begin(), (*on)->act_all_the_same.end(),
                                  s->leaf()) != (*on)->act_all_the_same.end();
      if (s == *on || acts || s->fallback.empty()) continue;
      for (const std::string& value : other_values(*s)) {
        std::vector<std::string> set = off;
        set.push_back(s->key + "=" + value);
        if (message_of(lively, set) != "accepted") continue; // another rule's matter
        const Config other = read(lively, set);
        EXPECT_EQ(hash_of(other), hash) << set.back() << " has an effect";
        EXPECT_EQ(std::count_if(other.notes.begin(), other.notes.end(),
                                [&](const std::string& note) {
                                  return note.find(s->key) != std::string::npos &&
                                         note.find(" no effect: " + (*on)->key + " is false") !=
                                             std::string::npos;
                                }),
                  1)
            << set.back();
        ++tried[section->name];
        break;
      }
    }
  }
  for (const char* name : {"glucose", "inhibitor", "vegf", "stem", "sprouting", "regression",
                           "intravasation", "lymphatics", "arrivals"})
    EXPECT_GE(tried[name], 2) << name;
}

TEST(Config, NotesWhatAFileGivesOfSectionsThatAreOff) {
  const auto notes = [](const std::string& yaml) {
    std::string all;
    for (const std::string& note : read(yaml).notes) all += note + "\n";
    return all;
  };
  EXPECT_EQ(notes("lymphatics:\n  share: 0.05\n"),
            "case.yaml:2: lymphatics.share has no effect: lymphatics.enabled is false\n");
  EXPECT_EQ(notes("stem:\n  enabled: false\n  senescent_removal: 1 1/day\n  fraction: 0.2\n  "
                  "symmetric: 0.1\n"),
            "case.yaml:4: stem.fraction, stem.symmetric and stem.senescent_removal have no effect: "
            "stem.enabled is false\n");
  // Defaults change nothing, and neither does what acts all the same; on, all of them act.
  EXPECT_EQ(notes("lymphatics: {share: 0.02, tumour_faces: 3}\n"), "");
  EXPECT_EQ(notes("intravasation: {rate: 3 1/h}\nregression: {occlusion_pressure: 2 kPa}\n"), "");
  EXPECT_EQ(notes("lymphatics: {enabled: true, share: 0.05}\ntissue: {stroma: 0.1}\n"), "");
  EXPECT_EQ(notes(read("stem: {enabled: true, capacity: 7}\n").resolved), "");
  EXPECT_EQ(notes(read("{}").resolved), "");
}

// What is allowed and rarely meant is noted, with its line.
TEST(Config, NotesWhatIsRarelyMeant) {
  const auto notes = [](const std::string& yaml) {
    std::string all;
    for (const std::string& note : read(yaml).notes) all += note + "\n";
    return all;
  };
  const auto has = [&](const std::string& yaml, const char* part) {
    EXPECT_NE(notes(yaml).find(part), std::string::npos) << yaml << "\n gave: " << notes(yaml);
  };
  has("oxygen:\n  diffusivity: 1e5 um^2/s\n",
      "case.yaml:2: oxygen.diffusivity is 6e+06 um^2/min, 50 times the default of 1.2e5 um^2/min; "
      "1e5 "
      "um^2/min would be near it: is `um^2/s` the unit you mean?");
  has("oxygen: {diffusivity: 2000 um^2/h}\n", ""); // far from the default in either unit
  has("death: {crushing: 1 1/min}\n",
      "death.crushing is 1 1/min, 1440 times the default of 1 1/day");
  for (const char* fine :
       {"oxygen: {diffusivity: 2000 um^2/s}\n", "oxygen: {diffusivity: 1e-5 cm^2/s}\n",
        "oxygen: {diffusivity: 6e6 um^2/min}\n", "output: {frames: 1 h}\n",
        "domain: {spacing: 20 um}\n", "simulation: {preset: physicell}\n",
        "domain: {voxels: [8, 8, 11]}\n",
        "domain: {voxels: [100, 100, 1]}\noxygen: {faces: {z_low: no_flux, z_high: no_flux}}\n",
        "domain: {voxels: [100, 100, 1]}\noxygen: {frozen: 5 mmHg}\n"}) {
    const bool thin = std::string(fine).find("8, 8") != std::string::npos;
    EXPECT_EQ(notes(fine).empty(), !thin) << fine << notes(fine);
  }
  has("domain:\n  voxels: [100, 100, 1]\n",
      "case.yaml:2: the box is 20 um thick along z, where its faces hold oxygen at 52 mmHg: no "
      "cell is "
      "far from them; type oxygen.faces: {z_low: no_flux, z_high: no_flux}");
  has("oxygen:\n  medium_exchange: 100 1/min\n",
      "case.yaml:2: oxygen.medium_exchange of 100 1/min leaves a layer of 34.6 um beside the "
      "tissue "
      "unstirred, so its surface gets less than medium_pressure; for stirred medium type 3e+04 "
      "1/min");
  EXPECT_EQ(notes("oxygen: {medium_exchange: 400 1/min}\n"), ""); // 17 um
  has("oxygen: {medium_exchange: 400 1/min}\ndomain: {spacing: 17 um}\n", "a layer of 17.3 um");
  has("domain: {voxels: [100, 5, 100]}\nglucose: {enabled: true, faces: {y_low: 5 mM}}\n",
      "where its faces hold glucose at");
  has("domain: {spacing: 10 um}\n", "case.yaml:1: a voxel of 10 um holds one cell, so tissue has 8 "
                                    "times the cells per volume of the usual 20 um");
}

// What judge_places() takes is what the run fills.
TEST(Config, ShapesThatHoldACentre) {
  const std::string box = "domain: {voxels: [8, 8, 8]}\n";
  for (const char* shape :
       {"shape: sphere, radius: 17.321 um",
        "shape: sphere, radius: 1 um, centre: [90 um, 90 um, 90 um]",
        "shape: sphere, radius: 900 um", "shape: layer, begin: 10 um, end: 10.1 um",
        "shape: layer, begin: -50 um, end: 11 um", "shape: layer, begin: 149 um, end: 900 um",
        "shape: box, from: [-9 um, 9 um, 9 um], to: [11 um, 11 um, 900 um]",
        "shape: sphere, centre: [-5 um, 50 um, 50 um], radius: 15 um"})
    EXPECT_EQ(message_of(box + "tissue: {cells: [{" + shape + "}]}\n"), "accepted")
        << shape << ": " << message_of(box + "tissue: {cells: [{" + shape + "}]}\n");
  EXPECT_EQ(message_of(box + "tissue: {membranes: [{shape: layer, at: 150 um}, {shape: sphere, "
                             "radius: 120 um}]}\n"),
            "accepted");
}

// What a message of judge_counters() names as fitting does fit, and a little more does not.
TEST(Config, LifetimesFitTheCountersOfCells) {
  const std::string fine = "time: {step: 0.01 min}\nquiescence: {delay: 20 min, survival: 10 h}\n";
  const auto body = [&](const std::string& time) {
    return message_of(fine + "death: {apoptotic_body: " + time + "}\n");
  };
  EXPECT_EQ(body("655.3 min"), "accepted");
  EXPECT_EQ(body("655.35 min"), "accepted");
  EXPECT_NE(body("655.36 min"), "accepted");
  EXPECT_EQ(message_of("time: {step: 0.02198 min, vessel_step: 2.198 min}\nquiescence: {delay: 20 "
                       "min, survival: 10 h}\ndeath: {apoptotic_body: 1 day}\n"),
            "accepted");
  EXPECT_EQ(message_of("time: {step: 0.1145 min, vessel_step: 1.145 min}\nquiescence: {delay: 5 h, "
                       "survival: 1 day}\n"),
            "accepted");
  // Cells that do not rest count nothing.
  EXPECT_EQ(message_of("time: {step: 6 min}\nquiescence: {enabled: false, survival: 900 day}\n"),
            "accepted");
}

TEST(Config, BadInputIsRefusedWithPlaceAndAdvice) {
  for (const Bad& bad : bad_inputs) {
    const std::string message = message_of(bad.yaml);
    EXPECT_NE(message.find(bad.part), std::string::npos) << bad.yaml << "\n  gave: " << message;
    if (message != "accepted") {
      EXPECT_EQ(message.find("case.yaml"), 0u) << message;
    }
  }
}

TEST(Config, ReportsAllErrorsAtOnce) {
  const std::string message =
      message_of("oxygen:\n  decay: 5\n  diffusivity: 5 mmHg\nfoo: 1\ntime:\n  step: -1 min\n");
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 3);
  for (const char* part : {"case.yaml:2: ", "case.yaml:3: ", "case.yaml:4: ", "case.yaml:6: "})
    EXPECT_NE(message.find(part), std::string::npos) << message;
  std::string many = "oxygen:\n";
  for (int i = 0; i < 50; ++i) many += "  zzzzzzzzzzzzz" + std::to_string(i) + ": 1\n";
  const std::string capped = message_of(many);
  EXPECT_EQ(std::count(capped.begin(), capped.end(), '\n'), 20);
  EXPECT_NE(capped.find("... and 30 more"), std::string::npos);
}

TEST(Config, HostileFilesEndInAMessageSoon) {
  const auto start = std::chrono::steady_clock::now();
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string last(1, static_cast<char>(c - 1));
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) bomb += "*" + last + (i < 9 ? ", " : "]\n");
  }
  EXPECT_NE(message_of(bomb).find("more than 100000 values"), std::string::npos);
  EXPECT_NE(message_of("a: " + std::string(100000, '[') + "\n").find("bracket is left open"),
            std::string::npos);
  EXPECT_NE(
      message_of("a: " + std::string(40, '[') + std::string(40, ']') + "\n").find("levels deep"),
      std::string::npos);
  EXPECT_NE(message_of("a: " + std::string(1000, '[') + std::string(1000, ']') + "\n")
                .find("levels deep"),
            std::string::npos);
  EXPECT_NE(message_of("a: " + std::string(100000, '{') + "\n"), "accepted");
  std::string stairs = "a: &a0 [1]\n";
  for (int i = 1; i < 100; ++i)
    stairs += "b" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" +
              std::to_string(i - 1) + "]\n";
  EXPECT_NE(message_of(stairs).find("levels deep"), std::string::npos);
  std::string indents;
  for (int i = 0; i < 1000; ++i) indents += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_NE(message_of(indents).find("levels deep"), std::string::npos);
  std::string list = "tissue:\n  cells:\n";
  for (int i = 0; i < 120000; ++i) list += "    - {}\n";
  EXPECT_NE(message_of(list).find("more than 100000"), std::string::npos)
      << message_of(list).substr(0, 300);
  EXPECT_NE(message_of(std::string(5 << 20, '#')).find("more than 4 MiB"), std::string::npos);
  EXPECT_NE(message_of("oxygen:\n  frozen: \"" + std::string(100000, '(') + "\"\n")
                .find("longer than 2000"),
            std::string::npos);
  EXPECT_NE(message_of("oxygen:\n  decay: " + std::string(100000, '9') + "\n").find("too long"),
            std::string::npos);
  EXPECT_NE(message_of(std::string(100000, 'k') + ": 1\n"), "accepted");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST(Config, DamagedTextNeverDoesWorseThanAMessage) {
  std::mt19937_64 random(5);
  const std::string spice = "{}[]:,-&*!|>'\"%@`#?~ \t\n0e.";
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = rich;
    for (std::size_t n = 1 + random() % 3; n > 0; --n) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
      case 0: text[at] = spice[random() % spice.size()]; break;
      case 1: text.erase(at, 1 + random() % 20); break;
      case 2: text.insert(at, 1, spice[random() % spice.size()]); break;
      default: text[at] = static_cast<char>(random() & 255); break;
      }
    }
    try {
      const Config c = read(text);
      EXPECT_EQ(read_config_text(c.resolved, "r.yaml").resolved, c.resolved);
    } catch (const ConfigError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(Config, Files) {
  Folder folder;
  const auto message = [](const fs::path& path) {
    try {
      read_config(path);
    } catch (const ConfigError& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  EXPECT_NE(message(folder.path() / "none.yaml").find("there is no such file"), std::string::npos);
  EXPECT_NE(message(folder.path()).find("this is a folder"), std::string::npos);
  EXPECT_NE(message(folder.write("big.yaml", std::string(5 << 20, ' '))).find("more than 4 MiB"),
            std::string::npos);
  folder.write("cells.csv", "x,y,z,kind\n");
  const Config c =
      read_config(folder.write("a.yaml", "\xEF\xBB\xBFtissue: {cells_csv: ./cells.csv}\r\n"));
  EXPECT_EQ(c.parameters.tissue.cells_csv, (folder.path() / "cells.csv").string());
  EXPECT_EQ(c.source, folder.path() / "a.yaml");
  EXPECT_EQ(c.parameters.simulation.name, "a");
}

TEST(Config, DifferencesThatForbidARestart) {
  const std::string a = read("oxygen: {diffusivity: 1.2e5 um^2/min}\n").resolved;
  const std::string b =
      read("simulation: {name: other, duration: 5 day}\noxygen: {diffusivity: 1e5 um^2/min}\n"
           "output: {frames: 2 day}\n")
          .resolved;
  EXPECT_EQ(
      setting_differences(settings_table(), a, b),
      (std::vector<std::string>{"oxygen.diffusivity: 120000 um^2/min there, 1e+05 um^2/min here"}));
  const auto cells =
      setting_differences(settings_table(), read("tissue: {cells: [{radius: 20 um}]}\n").resolved,
                          read(minimal).resolved);
  EXPECT_FALSE(cells.empty());
  EXPECT_EQ(setting_differences(settings_table(), read("simulation: {seed: 2}\n").resolved,
                                read("simulation: {seed: 3}\n").resolved),
            std::vector<std::string>{"simulation.seed: 2 there, 3 here"});
}

TEST(Settings, EachIsExplainedWithItsSource) {
  std::set<std::string> keys;
  for (const Setting& s : settings_table().settings()) {
    EXPECT_TRUE(keys.insert(s.key).second) << s.key << " occurs twice";
    EXPECT_FALSE(s.meaning.empty()) << s.key;
    EXPECT_GE(s.source.size(), 7u) << s.key;
    const std::string text = explain(s.key, settings_table());
    EXPECT_NE(text.find(s.meaning), std::string::npos);
    EXPECT_NE(text.find("source"), std::string::npos);
  }
  EXPECT_NE(explain("oxygen", settings_table()).find("oxygen.decay"), std::string::npos);
  EXPECT_EQ(explain("oxygen", settings_table()).find("glucose.decay"), std::string::npos);
  EXPECT_NE(explain("tissue.cells", settings_table()).find("tissue.cells[].radius"),
            std::string::npos);
  EXPECT_EQ(explain("tissue.cells[12].radius", settings_table()),
            explain("tissue.cells[].radius", settings_table()));
  EXPECT_NE(explain("oxygen.tissue_pressure", settings_table()).find("physicell: 38 mmHg"),
            std::string::npos);
  EXPECT_NE(explain_all(settings_table()).find("doi:10.1007/s11538-019-00597-x"),
            std::string::npos);
  try {
    explain("oxygen.difusivity", settings_table());
    FAIL();
  } catch (const ConfigError& e) {
    EXPECT_NE(std::string(e.what()).find("did you mean diffusivity?"), std::string::npos);
  }
  for (const char* key : {"", "[", "]", "[[[", "oxygen.", ".", "\xff"})
    EXPECT_THROW(explain(key, settings_table()), ConfigError) << key;
}

TEST(Settings, TheSchemaNamesEverySetting) {
  const std::string schema = json_schema(settings_table());
  for (const Setting& s : settings_table().settings())
    EXPECT_NE(schema.find("\"" + std::string(s.leaf()) + "\": {"), std::string::npos) << s.key;
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (in_string && schema[i] == '\\')
      ++i;
    else if (schema[i] == '"')
      in_string = !in_string;
    else if (!in_string && (schema[i] == '{' || schema[i] == '['))
      ++depth;
    else if (!in_string && (schema[i] == '}' || schema[i] == ']'))
      --depth;
  }
  EXPECT_EQ(depth, 0);
  EXPECT_FALSE(in_string);
}

} // namespace
} // namespace metavox
