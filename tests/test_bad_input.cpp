// What a user or a stranger may hand to the program by mistake or by intent, and what the program
// says: file, line, what is wrong, what to type. Rules between settings are in test_config.cpp.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/executor.hpp"
#include "folder.hpp"
#include "input/cells_csv.hpp"
#include "input/inputs.hpp"
#include "input/swc.hpp"
#include "input/vtk_reader.hpp"
#include "program/sweep.hpp"
#include "record/checkpoint.hpp"
#include "settings/text.hpp"
#include "site/config.hpp"

namespace metavox {
namespace {

namespace fs = std::filesystem;
using Parts = std::vector<std::string>;

// What a reader says; "accepted" where it says nothing.
std::string said(const std::function<void()>& reader) {
  try {
    reader();
  } catch (const ConfigError& e) {
    return e.what();
  } catch (const ResourceError& e) {
    return e.what();
  }
  return "accepted";
}

// One message: the place at its beginning, all of the parts, and nothing that a terminal obeys.
void expect_said(const std::string& message, const std::string& place, const Parts& parts,
                 const std::string& input) {
  const std::string shown = input.substr(0, 300);
  EXPECT_EQ(message.compare(0, place.size(), place), 0)
      << "should begin with " << place << "\n  " << message << "\n  input: " << shown;
  for (const std::string& part : parts)
    EXPECT_NE(message.find(part), std::string::npos)
        << "should say: " << part << "\n  says: " << message << "\n  input: " << shown;
  EXPECT_EQ(printable(message), message) << shown;
  EXPECT_LT(message.size(), 4000u) << shown;
}

// ---- configurations

struct BadConfig {
  int line; // 0: the message names the file alone
  std::string yaml;
  Parts parts;
};

std::string times(std::size_t n, const std::string& text) {
  std::string all;
  all.reserve(n * text.size());
  for (std::size_t i = 0; i < n; ++i) all += text;
  return all;
}

std::string utf16(const std::string& ascii, bool big) {
  std::string out = big ? "\xFE\xFF" : "\xFF\xFE";
  for (const char c : ascii) out += big ? std::string{'\0', c} : std::string{c, '\0'};
  return out;
}

std::string billion_laughs() {
  std::string text = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (char c = 'b'; c <= 'j'; ++c) {
    const char last = static_cast<char>(c - 1);
    text += std::string(1, c) + ": &" + c + " [" + times(9, std::string("*") + last + ", ") + "*" +
            last + "]\n";
  }
  return text;
}

// One long text that many aliases repeat.
std::string text_bomb() {
  return "a: &a \"" + std::string(std::size_t{1} << 20, 'x') + "\"\nb: [" + times(9000, "*a, ") +
         "*a]\n";
}

std::vector<BadConfig> bad_configs() {
  return {
      // keys
      {2,
       "oxygen:\n  difusivity: 1e5 um^2/min\n",
       {"oxygen.difusivity is not a setting", "did you mean diffusivity?"}},
      {1, "oxigen:\n  decay: 0 1/min\n", {"oxigen is not a setting", "did you mean oxygen?"}},
      {3, "# a run\n\ntisue:\n  stroma: 0.1\n", {"tisue is not", "did you mean tissue?"}},
      {2, "domain:\n  step: 6 min\n", {"domain.step is not a setting", "time.step"}},
      {2, "simulation:\n  Seed: 4\n", {"did you mean seed?"}},
      {3,
       "tissue:\n  cells:\n    - {center: [1 um, 1 um, 1 um], radius: 9 um}\n",
       {"tissue.cells[].center", "did you mean centre?"}},
      {2, "output:\n  frame: 1 day\n", {"did you mean frames?"}},
      {1,
       "oxygen.diffusivity: 1e5 um^2/min\n",
       {"must be written in two levels", "oxygen: and beneath it diffusivity:"}},
      {1, "qqqq: 1\n", {"qqqq is not a setting", "the sections are", "oxygen"}},
      {2, "flow:\n  zzzzzzzzzzzz: 1\n", {"flow has enabled", "haematocrit"}},
      {1, "\"\\e[31mred\": 1\n", {"a key holds a line break or another control character"}},
      {1, "\"two\\nlines\": 1\n", {"a key holds a line break", "`two?lines`"}},
      {1, times(300, "k") + ": 1\n", {"a key has more than 200 characters", "..."}},
      {2,
       "oxygen: {decay: 0 1/min}\noxygen: {decay: 1 1/min}\n",
       {"oxygen is written twice", "the first is in line 1"}},
      {4,
       "time:\n  step: 6 min\n  vessel_step: 30 min\n  step: 3 min\n",
       {"time.step is written twice", "line 2"}},
      {5,
       "tissue:\n  cells:\n    - radius: 10 um\n      kind: epithelial\n      radius: 20 um\n",
       {"tissue.cells[0].radius is written twice", "line 3"}},
      {1, "<<: {a: 1}\n", {"a is not a setting"}},
      {3,
       "time:\n  <<: {step: 6 min}\n  <<: {step: 3 min}\n",
       {"<< is written twice", "type one list: <<: [*one, *two]"}},
      // units
      {2, "time:\n  step: 6\n", {"time.step needs a unit", "type for example: step: 6 min"}},
      {2, "domain:\n  spacing: 20\n", {"domain.spacing needs a unit", "spacing: 20 um"}},
      {1, "domain: {size: [1, 1, 1]}\n", {"domain.size needs a unit", "[2 mm, 2 mm, 2 mm]"}},
      {2, "output:\n  frames: off\n", {"output.frames cannot be read", "type for none: 0 day"}},
      {2,
       "output:\n  checkpoints: 0\n",
       {"output.checkpoints needs a unit", "type for none: 0 day"}},
      {2, "output:\n  region_from: [0, 0 um, 0 um]\n", {"needs a unit", "type for none: 0 um"}},
      {2, "simulation:\n  duration: 10\n", {"needs a unit", "duration: 14 day"}},
      {2, "time:\n  step: 6 um\n", {"`um` measures length, not time", "step: 6 min"}},
      {3,
       "oxygen:\n  decay: 0 1/min\n  diffusivity: 1e5 um/min\n",
       {"measures length/time, not length^2/time"}},
      {2, "oxygen:\n  tissue_pressure: 5 mM\n", {"not pressure", "mmHg"}},
      {2, "matrix:\n  density: 5 um\n", {"is a pure number and takes no unit like `um`"}},
      {2, "time:\n  step: 6 minn\n", {"`minn` is not a unit", "units are written like"}},
      {2, "time:\n  step: 6 MIN\n", {"did you mean min?"}},
      {2, "domain:\n  spacing: 20,5 um\n", {"without commas"}},
      {2, "domain:\n  spacing: 2 0 um\n", {"a number stands where a unit should, at `0 um`"}},
      {2, "time:\n  step: 6 min min\n", {"measures time^2, not time"}},
      {2, "time:\n  step: 6 min^\n", {"lacks an exponent"}},
      {2, "time:\n  step: 6 (min\n", {"lacks a closing parenthesis"}},
      {2, "domain:\n  spacing: 0x14 um\n", {"domain.spacing cannot be read"}},
      // numbers
      {2, "time:\n  step: -6 min\n", {"time.step is `-6 min`", "above 0 and at most 1440 min"}},
      {2, "time:\n  step: 0 min\n", {"it must be above 0"}},
      {2, "time:\n  step: .nan\n", {"not a finite number"}},
      {2, "time:\n  step: nan min\n", {"not a finite number"}},
      {2, "time:\n  step: -.inf min\n", {"not a finite number"}},
      {2, "time:\n  step: infinity min\n", {"not a finite number"}},
      {2, "time:\n  step: 1e400 min\n", {"too large for a double"}},
      {2, "time:\n  step: 1e-400 min\n", {"too small for a double"}},
      {2, "time:\n  step: 1e99999999999999999999 min\n", {"too large"}},
      {2, "time:\n  step: " + times(5000, "9") + " min\n", {"too long for a number"}},
      {2, "time:\n  step: six minutes\n", {"`six minutes` does not begin with a number"}},
      {2, "simulation:\n  seed: -1\n", {"between 0 and 18446744073709551615"}},
      {2, "simulation:\n  seed: 18446744073709551616\n", {"18446744073709551615"}},
      {2, "simulation:\n  seed: 1.5\n", {"takes a whole number, not `1.5`", "seed: 1"}},
      {2, "time:\n  motility_substeps: 3.5\n", {"takes a whole number"}},
      {2, "time:\n  motility_substeps: 99999999999\n", {"between 1 and 10000"}},
      {2, "output:\n  keep: many\n", {"takes a whole number, not `many`"}},
      // types
      {2, "time:\n  step: [6 min]\n", {"takes a number with a unit, not a list"}},
      {2, "time:\n  step: {min: 6}\n", {"takes a number with a unit, not a section"}},
      {2, "time:\n  step:\n", {"time.step has no value", "step: 6 min"}},
      {2, "time:\n  step: ~\n", {"time.step has no value"}},
      {1, "time: 6 min\n", {"time is a section", "beneath it, indented"}},
      {1, "oxygen: [1, 2]\n", {"oxygen is a section"}},
      {1, "lymphatics: true\n", {"type for example: lymphatics: {enabled: true}"}},
      {1, "arrest: 5\n", {"type for example: arrest: {adhesion: 0.0041 1/h}"}},
      {2, "oxygen:\n  enabled: yes\n", {"takes true or false, not `yes`"}},
      {2, "oxygen:\n  enabled: 1\n", {"takes true or false"}},
      {2, "oxygen:\n  uptake: michaelis\n", {"michaelis_menten, first_order or constant"}},
      {2, "tissue:\n  cells: 5\n", {"tissue.cells takes a list", "begin each entry with a dash"}},
      {3,
       "tissue:\n  cells:\n    - sphere\n",
       {"tissue.cells[0] takes settings like {shape: sphere"}},
      {2, "oxygen:\n  faces: [1 mmHg, 2 mmHg]\n", {"a map of x_low to z_high, not a list"}},
      {2, "oxygen:\n  faces: {left: 1 mmHg}\n", {"has no face `left`", "x_low, x_high"}},
      {2, "output:\n  arrays: oxygen\n", {"takes a list of words"}},
      {2, "output:\n  arrays: [oxygen, oxygen]\n", {"twice"}},
      {2, "simulation:\n  name: \"\"\n", {"between 1 and 200 characters"}},
      {2, "simulation:\n  name: " + times(201, "n") + "\n", {"between 1 and 200 characters"}},
      {2, "simulation:\n  name: \"two\\nlines\"\n", {"holds a line break"}},
      {2, "simulation:\n  name: \"\\u009b31m\"\n", {"another control character"}},
      // extents
      {1, "domain: {voxels: [0, 8, 8]}\n", {"it must be between 1 and 65535"}},
      {1, "domain: {voxels: [-8, 8, 8]}\n", {"it must be between 1 and 65535"}},
      {1, "domain: {voxels: [65536, 8, 8]}\n", {"it must be between 1 and 65535"}},
      {1, "domain: {voxels: [99999999999, 8, 8]}\n", {"it must be between 1 and 65535"}},
      {1, "domain: {voxels: [8, 8]}\n", {"takes a list of three whole numbers"}},
      {1, "domain: {voxels: [8, 8, 8, 8]}\n", {"takes a list of three whole numbers"}},
      {1, "domain: {voxels: 8}\n", {"takes a list of three whole numbers"}},
      {1, "domain: {voxels: [8.5, 8, 8]}\n", {"takes a whole number"}},
      {2, "domain:\n  voxels: [60000, 60000, 60000]\n", {"at most 2147483648", "type fewer"}},
      {2, "domain:\n  size: [0 um, 1 mm, 1 mm]\n", {"it must be above 0"}},
      {2, "domain:\n  size: [1e30 m, 1 mm, 1 mm]\n", {"at most 65535 are possible"}},
      {2, "domain:\n  size: [1.01 mm, 1 mm, 1 mm]\n", {"the nearest are 1000 um and 1020 um"}},
      {2, "domain:\n  spacing: 1e9 um\n", {"between 0.1 and 1000 um"}},
      {2, "simulation:\n  duration: 1e300 day\n", {"between 0 and 1e+09 min"}},
      {1,
       "simulation: {duration: 1e9 min}\ntime:\n  step: 1e-8 min\n",
       {"takes 1e+17 steps", "type a longer time.step"}},
      // settings that contradict one another
      {2, "domain:\n  size: [1 mm, 1 mm, 1 mm]\n  voxels: [50, 50, 50]\n", {"remove one of them"}},
      {2,
       "quiescence:\n  enter: 9 mmHg\n  leave: 8 mmHg\n",
       {"quiescence.enter (9 mmHg) must not be above quiescence.leave (8 mmHg)"}},
      {3, "tissue:\n  stroma: 0.5\n  parenchyma: 0.6\n", {"add up to 1.1"}},
      {3, "oxygen:\n  enabled: false\n  frozen: 5 mmHg\n", {"oxygen.frozen prescribes"}},
      {1, "tracers: {count: 5}\nmigration: {enabled: false}\n", {"type migration.enabled: true"}},
      {3,
       "output:\n  region_from: [0 um, 0 um, 0 um]\n  region_to: [9 m, 1 mm, 1 mm]\n",
       {"output.region_to lies outside the box along x"}},
      {1, "vessels: {pattern: lines}\n", {"vessels.lines has none; add {from:"}},
      {4,
       "vessels:\n  pattern: grid\nflow:\n  inlet_pressure: 1 mmHg\n",
       {"must be above flow.outlet"}},
      // formulas
      {2, "oxygen:\n  frozen: 40 + * x mmHg\n", {"oxygen.frozen cannot be read"}},
      {2, "oxygen:\n  frozen: 40 + 0.01*x\n", {"needs a unit after the formula"}},
      {2, "oxygen:\n  frozen: system(x) mmHg\n", {"`system`", "it knows x y z pi"}},
      {2, "oxygen:\n  frozen: 1/(x-x) mmHg\n", {"not a number", "everywhere in the box"}},
      {2, "oxygen:\n  frozen: \"" + times(1500, "(") + "\"\n", {"nested too deeply"}},
      {2, "oxygen:\n  frozen: \"" + times(3000, "-") + "1 mmHg\"\n", {"longer than 2000"}},
      // files it names
      {2,
       "tissue:\n  cells_csv: nowhere.csv\n",
       {"names a file that does not exist", "nowhere.csv",
        "relative to the configuration's folder"}},
      {2, "tissue:\n  cells_csv: .\n", {"names a file that does not exist"}},
      {2, "tissue:\n  cells_csv: /dev/zero\n", {"names a file that does not exist"}},
      {2, "tissue:\n  cells_csv: \"a\\0b\"\n", {"control character"}},
      {2, "oxygen:\n  frozen: {file: case.yaml, array: oxygen}\n", {"must be a .vti file"}},
      {2, "oxygen:\n  frozen: {file: none.vti}\n", {"does not exist"}},
      {2, "oxygen:\n  frozen: {array: oxygen}\n", {"needs both parts: {file: fields.vti"}},
      {1, "vessels: {pattern: file, file: case.yaml}\n", {"must end in .vtp or .swc"}},
      // YAML
      {2, "oxygen:\n\tdecay: 0 1/min\n", {"a tab indents this line; type blanks instead"}},
      {0, "a: 1\n---\nb: 2\n", {"more than one YAML document", "remove ---"}},
      {2, "oxygen:\n  decay: \"0 1/min\n", {"a quoted text begins here that never ends"}},
      {1, "oxygen: {decay: 0 1/min\n", {"not valid YAML: a { has no }"}},
      {1, "oxygen: *missing\n", {"not valid YAML", "put other texts in quotes"}},
      {2, "oxygen:\n  decay: 0 1/min: 5\n", {"a colon cannot stand here"}},
      {1, "oxygen: [1\n", {"a [ has no ]"}},
      {2, "oxygen:\n  decay: @5\n", {"put the text in quotes"}},
      {1, "oxygen: !!python/object:os.system ls\n", {"the tag", "remove it"}},
      {1, "a: &x [1, *x]\n", {"this alias stands inside what it stands for"}},
      {1, "a: &x {b: {c: *x}}\n", {"this alias stands inside what it stands for"}},
      {5, billion_laughs(), {"more than 100000 values, aliases counted"}},
      {2, text_bomb(), {"more than 16 MiB of text, aliases counted"}},
      {1, "a: " + times(100000, "[") + "\n", {"a key must be a word", "a bracket is left open"}},
      {1,
       "a: " + times(100000, "[") + times(100000, "]") + "\n",
       {"nested more than 32 levels deep"}},
      {1, times(100000, "{a: ") + "\n", {"a bracket is left open"}},
      {1, times(1000, "{a: ") + "1" + times(1000, "}") + "\n", {"nested more than 32 levels deep"}},
      {2, "a:\n  " + times(100000, "- ") + "1\n", {"levels deep"}},
      {1, times(100000, "? ") + "\n", {"a key must be a word"}},
      {1, "", {"the file is empty", "metavox explain"}},
      {1, "# nothing but a comment\n", {"the file is empty"}},
      {1, "hello\n", {"must hold sections with settings, such as"}},
      {1, "[1, 2]\n", {"must hold sections"}},
      // no text, or in another encoding
      {1, utf16("time: {step: 6 min}\n", false), {"UTF-16", "save the file as UTF-8"}},
      {1, utf16("time: {step: 6 min}\n", true), {"UTF-16", "save the file as UTF-8"}},
      {1, utf16("time: {step: 6 min}\n", false).substr(2), {"control characters"}},
      {2, "# r\nsimulation: {name: M\xFCller}\n", {"not UTF-8 text; save the file as UTF-8"}},
      {1, "simulation: {name: \xC0\xAF}\n", {"not UTF-8"}},
      {1, "simulation: {name: \xED\xA0\x80}\n", {"not UTF-8"}},
      {1, "\x89PNG\r\n\x1A\n", {"not UTF-8"}},
      {1,
       std::string("\x7F"
                   "ELF\x02\x01\x01\0",
                   8),
       {"not a text file"}},
      {1, std::string("\x1F\x8B\x08\0\0", 5), {"not a text file"}},
      {2, std::string("time: {step: 6 min}\n\0\0\0", 23), {"not a text file"}},
      {0, times(5 << 20, "#"), {"more than 4 MiB"}},
  };
}

TEST(BadInput, EveryConfigurationIsRefusedWithPlaceAndAdvice) {
  const Folder folder;
  const auto cases = bad_configs();
  EXPECT_GE(cases.size(), 100u);
  const auto start = std::chrono::steady_clock::now();
  for (const BadConfig& bad : cases) {
    const fs::path file = folder.write("case.yaml", bad.yaml);
    const std::string place =
        file.string() + (bad.line > 0 ? ":" + std::to_string(bad.line) : std::string()) + ": ";
    expect_said(said([&] { read_config(file); }), place, bad.parts, bad.yaml);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

TEST(BadInput, UnusualButRightTextIsTaken) {
  const Folder folder;
  for (const char* yaml :
       {"\xEF\xBB\xBFtime: {step: 6 min}\n", "time:\r\n  step: 6 min\r\n", "time: {step: 6 min}",
        "---\ntime: {step: 6 min}\n...\n", "{\"time\": {\"step\": \"6 min\"}}\n",
        "time:\n  step: 6 min # \xC2\xB5m\n", "time: {step: &s 6 min, vessel_step: *s}\n",
        "domain: {spacing: 20 \xC2\xB5m}\n", "simulation: {name: \"M\xC3\xBCller\"}\n"})
    EXPECT_EQ(said([&] { read_config(folder.write("case.yaml", yaml)); }), "accepted") << yaml;
}

TEST(BadInput, FilesThatAreNoConfigurations) {
  const Folder folder;
  const auto message = [](const fs::path& file) { return said([&] { read_config(file); }); };
  const std::string none = (folder.path() / "none.yaml").string();
  expect_said(message(none), none + ": ", {"there is no such file"}, "none");
  expect_said(message(folder.path()), folder.path().string() + ": ",
              {"this is a folder; name a YAML file"}, "folder");
  fs::create_symlink("nowhere", folder.path() / "broken.yaml");
  expect_said(message(folder.path() / "broken.yaml"), "", {"there is no such file"}, "link");
  expect_said(message("/dev/null"), "/dev/null:1: ", {"the file is empty"}, "/dev/null");
  expect_said(message("/dev/zero"), "/dev/zero: ", {"more than 4 MiB"}, "/dev/zero");
  const fs::path huge = folder.write("huge.yaml", "time: {step: 6 min}\n");
  fs::resize_file(huge, std::uintmax_t{1} << 40); // sparse
  expect_said(message(huge), huge.string() + ": ", {"more than 4 MiB"}, "a terabyte");
  const std::string odd = "od\x1B[2Jd.yaml";
  expect_said(message(folder.write(odd, "a: 1\n")), "", {"od?[2Jd.yaml:1: a is not"}, odd);
  if (::geteuid() != 0) {
    const fs::path closed = folder.write("closed.yaml", "a: 1\n");
    fs::permissions(closed, fs::perms::none);
    expect_said(message(closed), closed.string() + ": ", {"check its permissions"}, "closed");
  }
}

// ---- the command line's settings

struct BadOverride {
  std::string set;
  Parts parts;
};

TEST(BadInput, EveryOverrideIsRefusedWithItsText) {
  const BadOverride cases[] = {
      {"oxygen.decay", {"a key, = and a value are needed", "--set 'oxygen.diffusivity="}},
      {"=5", {"a key, = and a value are needed"}},
      {"", {"a key, = and a value are needed"}},
      {"oxygen decay=5", {"`oxygen decay` is not a key", "type for example"}},
      {"oxygen..decay=5", {"is not a key"}},
      {"oxygen[=5", {"is not a key"}},
      {"../../etc/passwd=5", {"is not a key"}},
      {"oxygen.difusivity=1e5 um^2/min", {"did you mean diffusivity?"}},
      {"oxygen.diffusivity=1e5", {"needs a unit", "diffusivity: 1.2e5 um^2/min"}},
      {"oxygen.diffusivity=1e5 mmHg", {"not length^2/time"}},
      {"oxygen.diffusivity=-1 um^2/min", {"it must be above 0"}},
      {"oxygen.diffusivity=nan um^2/min", {"not a finite number"}},
      {"oxygen.diffusivity=1e999 um^2/min", {"too large"}},
      {"oxygen.diffusivity=", {"has no value"}},
      {"oxygen.diffusivity={a: 1}", {"not a section"}},
      {"oxygen.diffusivity=[1 um^2/min", {"a bracket is left open"}},
      {"oxygen.diffusivity=\"1 um^2/min", {"never ends"}},
      {"oxygen.diffusivity=\xFF", {"not UTF-8"}},
      {"oxygen.diffusivity=\x1B[31m", {"control characters"}},
      {"oxygen.diffusivity=1 um^2/min\n---\n2 um^2/min", {"more than one YAML document"}},
      {"oxygen.diffusivity=*a", {"not valid YAML"}},
      {"oxygen.diffusivity=" + times(100000, "["), {"a bracket is left open"}},
      {"oxygen={decay: 0 1/min, decay: 1 1/min}", {"oxygen.decay is written twice; keep one"}},
      {"domain.size=[1.6, 0.8, 0.8] mm", {"write it behind each number: [1.6 mm, 0.8 mm, 0.8 mm]"}},
      {"oxygen=5", {"oxygen is a section"}},
      {"simulation.seed.x=1", {"simulation.seed"}},
      {"tissue.cells[0].radius=5 um", {"tissue.cells has 0 entries", "there is no [0]"}},
      {"tissue.cells[9999999999]=5", {"is not a key"}},
      {"domain.voxels=[64, 64]", {"takes a list of three whole numbers"}},
      {"domain.voxels=[1e9, 1e9, 1e9]", {"it must be between 1 and 65535"}},
      {"simulation.seed=0x10", {"takes a whole number"}},
      {"simulation.name=\"\\e[2J\"", {"control character"}},
      {times(500, "k") + "=1", {"is not a key"}},
  };
  for (const BadOverride& bad : cases)
    expect_said(said([&] { read_config_text("time: {step: 6 min}\n", "case.yaml", {bad.set}); }),
                "--set ", bad.parts, bad.set);
  for (const auto& [until, part] : {std::pair<std::string, std::string>{"10", "needs a unit"},
                                    {"ten days", "does not begin with a number"},
                                    {"-1 day", "it must be between 0"},
                                    {"1e99 day", "it must be between 0"},
                                    {"nan day", "not a finite number"},
                                    {"5 mmHg", "measures pressure, not time"},
                                    {"", "a number is missing"}})
    expect_said(said([&, u = until] { read_config_text("{}", "case.yaml", {}, {}, u); }),
                "--until: ", {part, "simulation.duration"}, until);
}

// ---- sweeps

TEST(BadInput, EverySweepIsRefusedWithPlaceAndAdvice) {
  const Folder folder;
  const BadConfig cases[] = {
      {1, "", {"a sweep is a map of config, replicates", "config: tumour.yaml"}},
      {1, "[1]\n", {"a sweep is a map of"}},
      {1, "replicates: 2\n", {"config is missing", "config: tumour.yaml"}},
      {1, "config: [a, b]\n", {"config must name a file"}},
      {1, "config:\n", {"config must name a file"}},
      {2, "config: a\nreplicate: 2\n", {"is not part of a sweep; did you mean replicates?"}},
      {2, "config: a\nvariables: 2\n", {"there are config, replicates, seed"}},
      {2, "config: a\nconfig: b\n", {"config is written twice; the first is in line 1"}},
      {2, "config: a\nreplicates: two\n", {"must be a whole number, not `two`", "replicates: 3"}},
      {2, "config: a\nreplicates: 0\n", {"between 1 and 100000"}},
      {2, "config: a\nreplicates: 99999999999\n", {"must be a whole number"}},
      {2, "config: a\nseed: -1\n", {"seed must be a whole number"}},
      {2, "config: a\nuntil: [1]\n", {"until must be a time", "until: 10 day"}},
      {2, "config: a\nset: 5\n", {"set must be a map of settings", "matrix.density"}},
      {2, "config: a\nset: {oxygen.difusivity: 1}\n", {"did you mean diffusivity?"}},
      {2, "config: a\nset: {simulation.seed: 1}\n", {"seeds are given by seed"}},
      {2, "config: a\none_at_a_time: perhaps\n", {"one_at_a_time must be true or false"}},
      {2, "config: a\none_at_a_tim: true\n", {"did you mean one_at_a_time?"}},
      {2, "config: a\ngrid: [1]\n", {"grid must be a map", "{matrix.density: [0.5, 1]}"}},
      {3,
       "config: a\ngrid:\n  matrix.density: 1\n",
       {"matrix.density needs a list of values", "[0.8, 0.8]"}},
      {3, "config: a\ngrid:\n  matrix.density: []\n", {"needs a list"}},
      {3,
       "config: a\nset: {matrix.density: 1}\ngrid: {matrix.density: [1]}\n",
       {"stands in set and in grid"}},
      {1,
       "config: a\ngrid: {matrix.density: [" + times(1000, "1, ") + "1], oxygen.decay: [" +
           times(1000, "1, ") + "1]}\n",
       {"more than 100000 members"}},
      {1,
       "config: a\nreplicates: 50000\none_at_a_time: true\ngrid: {matrix.density: [1, 2]}\n",
       {"more than 100000 members"}},
      {1,
       "config: a\nreplicates: 90000\nset: {simulation.name: " + times(100000, "n") + "}\n",
       {"more than 256 MiB"}},
      {5, billion_laughs(), {"more than 100000 values"}},
      {1, "config: " + times(100000, "["), {"a bracket is left open"}},
      {1, "config: &x [*x]\n", {"inside what it stands for"}},
      {1, "? [a]\n: b\n", {"a key must be a word"}},
      {1, utf16("config: a\n", false), {"UTF-16"}},
      {2, "config: a\n\tseed: 1\n", {"a tab indents this line"}},
  };
  for (const BadConfig& bad : cases) {
    const fs::path file = folder.write("sweep.yaml", bad.yaml);
    expect_said(said([&] { read_sweep(file); }), file.string() + ":" + std::to_string(bad.line),
                bad.parts, bad.yaml);
  }
  expect_said(said([&] { read_sweep(folder.path() / "none"); }), "cannot read ", {"No such file"},
              "none");
  // What is quoted in a sweep reaches the members unharmed.
  const SweepConfig sweep = read_sweep_text(
      "config: a\nset: {simulation.name: \"a: [b\", oxygen.frozen: \"(40 + 0.01*x) mmHg\",\n"
      "  domain.size: [1 mm, 1 mm, 1 mm], oxygen.faces: {x_low: 3 mmHg}}\n",
      "s.yaml");
  const Config config = read_config_text("{}", "base.yaml", members_of(sweep)[0].overrides);
  EXPECT_EQ(config.parameters.simulation.name, "a: [b");
  EXPECT_EQ(config.parameters.oxygen.frozen.expression, "(40 + 0.01*x)");
  EXPECT_EQ(config.parameters.domain.voxels[0], 50);
  EXPECT_EQ(config.parameters.oxygen.faces[0].value, 3);
}

// ---- files of cells and vessels

struct BadFile {
  int line;
  std::string content;
  Parts parts;
};

DomainParameters small_box() {
  DomainParameters domain{};
  domain.voxels = {10, 7, 5};
  domain.spacing = 20;
  return domain;
}

TEST(BadInput, EveryTableOfCellsIsRefusedWithItsLine) {
  const Folder folder;
  const std::string head = "x,y,z,kind\n";
  const BadFile cases[] = {
      {1, "", {"the file is empty", "x,y,z,kind"}},
      {1, "# nothing\n", {"the file is empty"}},
      {1, "x,y,z\n", {"column 'kind' is missing"}},
      {1, "x,y,z,kind,colour\n", {"'colour' is not a column", "x,y,z,kind,clone"}},
      {1, "x;y;z;kind\n1;2;3;0\n", {"separate the columns by commas"}},
      {1, "x\ty\tz\tkind\n", {"separate the columns by commas"}},
      {1, "x,x,y,z,kind\n", {"column 'x' stands twice"}},
      {1, "x [kg],y,z,kind\n", {"a unit of length is wanted", "x [um]"}},
      {1, "x,y,z,kind [um]\n", {"has no unit"}},
      {2, head + "1 kg,2,3,0\n", {"x is '1 kg'; type a number in um"}},
      {2, "x [mm],y,z,kind\n0.3,2,3,0\n", {"x = 300 um lies outside the box"}},
      {1, "1,2,3,0\n", {"'1' is not a column"}},
      {3, head + "1,2,3,0\n1,2,3\n", {"3 values where the header has 4 columns"}},
      {2, head + "1,5,2,3,0\n", {"write decimals with a point"}},
      {2, head + "a,2,3,0\n", {"x is 'a'; type a number in um"}},
      {2, head + ",2,3,0\n", {"x is ''"}},
      {2, head + "1,nan,3,0\n", {"y is 'nan'"}},
      {2, head + "1,inf,3,0\n", {"y is 'inf'"}},
      {2, head + "1,1e999,3,0\n", {"y is '1e999'"}},
      {2, head + "-1,2,3,0\n", {"x = -1 um lies outside the box", "0 to 200 um"}},
      {2, head + "1,140,3,0\n", {"y = 140 um lies outside the box", "enlarge domain.size"}},
      {2, head + "1,2,3,epithelal\n", {"did you mean epithelial?"}},
      {2, head + "1,2,3,8\n", {"'8' is not a kind of cell", "epithelial ("}},
      {2, head + "1,2,3,-1\n", {"'-1' is not a kind"}},
      {2, head + "1,2,3,vessel\n", {"'vessel' is not a kind"}},
      {2, "x,y,z,kind,clone\n1,2,3,0,65536\n", {"clone is '65536'", "0 to 65535"}},
      {2, head + "1,2,3,\x1B[31mred\n", {"control characters"}},
      {2, head + "1,2,3,\xFF\xFE\n", {"is not a kind"}},
      {1, utf16(head, false), {"UTF-16"}},
      {1, std::string(10, '\0'), {"not a text file"}},
      {2, head + times(70000, "9") + ",2,3,0\n", {"more than 65534 characters"}},
      {1, "x,y,z,kind\r1,2,3,0\r", {"carriage return", "save the file"}},
  };
  for (const BadFile& bad : cases) {
    const fs::path file = folder.write("cells.csv", bad.content);
    expect_said(said([&] { read_cells_csv(file, small_box()); }),
                file.string() + ":" + std::to_string(bad.line) + ": ", bad.parts, bad.content);
  }
  EXPECT_EQ(said([&] {
              read_cells_csv(folder.write("cells.csv", "x,y,z,kind\r\n1,2,3,0\r\n\n4,5,6,1"),
                             small_box());
            }),
            "accepted");
}

// As the program reads it: by way of a configuration.
std::string said_of_vessels(const Folder& folder, const std::string& name) {
  return said([&] {
    read_inputs(read_config_text("domain: {voxels: [10, 7, 5]}\n"
                                 "vessels: {pattern: file, file: " +
                                     name + ", ends: [{role: outlet, face: +x}]}\n",
                                 folder.path() / "case.yaml")
                    .parameters);
  });
}

TEST(BadInput, EverySwcIsRefusedWithItsLine) {
  const Folder folder;
  const std::string root = "1 2 0 70 50 5 -1\n";
  const BadFile cases[] = {
      {1, "", {"the file holds no samples", "id type x y z radius parent"}},
      {1, "1 2 0 70 50 5\n", {"a sample has seven columns"}},
      {1, "1,2,0,70,50,5,-1\n", {"a sample has seven columns", "with blanks between"}},
      {1, "a 2 0 70 50 5 -1\n", {"the id is 'a'; type a whole number"}},
      {1, "-1 2 0 70 50 5 -1\n", {"the id is '-1'"}},
      {1, "99999999999999999999 2 0 70 50 5 -1\n", {"the id is"}},
      {2, root + "2 2 nan 70 50 5 1\n", {"x is 'nan'; type a number"}},
      {2, root + "2 2 1 70 1e999 5 1\n", {"z is '1e999'"}},
      {2, root + "2 2 1 70 50 thick 1\n", {"the radius is 'thick'"}},
      {2, root + "2 2 1 70 50 5 root\n", {"the parent is 'root'", "-1 for a root"}},
      {2, root + "2 2 1 70 50 5 2\n", {"sample 2 is its own parent"}},
      {2, root + "2 2 1 70 50 5 7\n", {"its parent 7 is not in the file"}},
      {2, root + "1 2 1 70 50 5 -1\n", {"id 1 stands in line 1 already"}},
      {1, "1 2 0 70 50 5 2\n2 2 9 70 50 5 1\n", {"lead back to it", "parent -1"}},
      {2, root + "2 2 500 70 50 5 1\n", {"outside the box", "vessels.file_scale"}},
      {2, root + "2 2 9 70 50 -5 1\n", {"the radius is -5; it must be above 0"}},
      {2, root + "2 2 9 70 50 80 1\n", {"between 1 and 50 um"}},
      {1, root + "2 2 0 70 50 5 1\n", {"this inlet touches no vessel"}},
      {2, root + "2 2 9 70 50 thick 1\n3 2 9 70 50 5 x\n", {"bad.swc:3: the parent is 'x'"}},
      {1,
       std::string("\x7F"
                   "ELF\x02\x01"),
       {"not a text file"}},
      {1, utf16(root, true), {"UTF-16"}},
      {1, times(70000, "1 "), {"more than 65534 characters"}},
  };
  for (const BadFile& bad : cases) {
    const fs::path file = folder.write("bad.swc", bad.content);
    expect_said(said_of_vessels(folder, "bad.swc"),
                file.string() + ":" + std::to_string(bad.line) + ": ", bad.parts, bad.content);
  }
  folder.write("dot.swc", root);
  expect_said(said_of_vessels(folder, "dot.swc"), "", {"dot.swc"}, root);
}

// ---- VTK's files

std::string vti(const std::string& extent, const std::string& inside,
                const std::string& attributes = "", const std::string& behind = "") {
  return "<?xml version=\"1.0\"?>\n<VTKFile type=\"ImageData\" version=\"1.0\" "
         "byte_order=\"LittleEndian\" " +
         attributes + ">\n<ImageData WholeExtent=\"" + extent + "\">\n<Piece Extent=\"" + extent +
         "\">\n<CellData>\n" + inside + "\n</CellData>\n</Piece>\n</ImageData>\n" + behind +
         "</VTKFile>\n";
}

std::string array(const std::string& attributes, const std::string& text) {
  return "<DataArray Name=\"density\" " + attributes + ">" + text + "</DataArray>";
}

TEST(BadInput, EveryImageIsRefusedWithItsReason) {
  const Folder folder;
  const std::string box = "0 2 0 2 0 2", eight = "1 2 3 4 5 6 7 8";
  const std::string floats = "type=\"Float32\" format=\"ascii\"";
  const std::pair<std::string, Parts> cases[] = {
      {"", {"the file is empty"}},
      {"no xml at all", {"this is not a VTK XML image file (.vti)"}},
      {"<?xml version=\"1.0\"?><svg></svg>", {"this is not a VTK XML image file"}},
      {vti(box, array(floats, eight)).substr(0, 200), {"cut short", "</VTKFile>"}},
      {"<VTKFile type=\"PolyData\"><PolyData></PolyData></VTKFile>",
       {"this is not a VTK XML image"}},
      {"<VTKFile type=\"ImageData\"></VTKFile>", {"it lacks <ImageData>"}},
      {"<VTKFile type=\"ImageData\"><ImageData></VTKFile>", {"line 1", "ends with another name"}},
      {"<VTKFile type=\"ImageData\"><ImageData/></VTKFile>", {"lacks WholeExtent"}},
      {"<VTKFile type=\"ImageData\"><ImageData WholeExtent=\"0 2 0 2\"/></VTKFile>",
       {"six whole numbers"}},
      {"<VTKFile type=\"ImageData\"><ImageData WholeExtent=\"0 2 0 2 2 0\"/></VTKFile>",
       {"six whole numbers, two rising ones per axis"}},
      {"<VTKFile type=\"ImageData\"><ImageData WholeExtent=\"0 2 0 2 0 2\"/></VTKFile>",
       {"it holds no data"}},
      {"<!DOCTYPE a [<!ENTITY b \"bbbb\">]><VTKFile type=\"ImageData\"></VTKFile>",
       {"declarations are not read"}},
      {"<VTKFile " + times(200000, "a ") + "></VTKFile>", {"has no value"}},
      {times(100000, "<VTKFile>") + "</VTKFile>", {"nested too deeply"}},
      {vti("0 9 0 9 0 9", array(floats, eight)),
       {"the lattice needs 2 x 2 x 2", "found cell data of 9 x 9 x 9"}},
      {vti("0 2147483646 0 2147483646 0 2147483646", array(floats, eight)),
       {"the lattice needs 2 x 2 x 2"}},
      {vti(box, "<DataArray Name=\"other\" " + floats + ">" + eight + "</DataArray>"),
       {"there is no such array; the file has other (cell data)"}},
      {vti(box, ""), {"there is no such array; the file has none"}},
      {vti(box, array(floats + " NumberOfComponents=\"3\"", eight)), {"with 3 components"}},
      {vti(box, array(floats + " NumberOfComponents=\"-3\"", eight)),
       {"NumberOfComponents", "whole number"}},
      {vti(box, array(floats, "1 2 3 4 5 6 7")), {"7 values where 8 are expected"}},
      {vti(box, array(floats, eight + " 9")), {"more than the 8 values"}},
      {vti(box, array(floats, "1 2 3 4 five 6 7 8")), {"`five` is not a number"}},
      {vti(box, array(floats, "1 2 3 4 nan 6 7 8")),
       {"value 4 (x runs fastest) is not a finite number"}},
      {vti(box, array(floats, "1 2 3 4 5 6 7 1e39")), {"value 7 (x runs fastest) is not a finite"}},
      {vti(box, array("type=\"Bit\" format=\"ascii\"", eight)), {"of type `Bit`"}},
      {vti(box, array("type=\"Float32\" format=\"csv\"", eight)),
       {"it must be ascii, binary or appended"}},
      {vti(box, array("type=\"UInt8\" format=\"binary\"", "CAAAAAECAwQFBgcI")), {"accepted"}},
      {vti(box, array("type=\"UInt8\" format=\"binary\"", "CAAAAAECAwQFBgc=")), {"cut short"}},
      {vti(box, array("type=\"UInt8\" format=\"binary\"", "/////wECAwQFBgcI")),
       {"holds 4294967295 bytes where 8 are expected"}},
      {vti(box, array("type=\"UInt8\" format=\"binary\"", "CAAA*AECAwQFBgcI")), {"not base64"}},
      {vti(box, array("type=\"Float32\" format=\"appended\" offset=\"0\"", "")), {"cut short"}},
      {vti(box, array("type=\"UInt8\" format=\"appended\" offset=\"999999999999\"", ""), "",
           "<AppendedData encoding=\"raw\">_x</AppendedData>"),
       {"offset of <DataArray>", "whole number"}},
      {vti(box, array("type=\"UInt8\" format=\"appended\" offset=\"0\"", ""), "",
           "<AppendedData encoding=\"gzip\">_x</AppendedData>"),
       {"raw or base64, not `gzip`"}},
      {vti(box, "", "compressor=\"vtkLZMADataCompressor\""),
       {"save it with ZLib, LZ4 or no compression"}},
      {vti(box, "", "header_type=\"UInt128\""), {"UInt32 or UInt64"}},
      // 16 million blocks, one block that says it unpacks to 4 GiB, one that is no zlib
      {vti(box, array("type=\"UInt8\" format=\"binary\"", "////AAgAAAAIAAAACAAAAA=="),
           "compressor=\"vtkZLibDataCompressor\""),
       {"do not add up"}},
      {vti(box, array("type=\"UInt8\" format=\"binary\"", "AQAAAP////8AAAAACAAAAA=="),
           "compressor=\"vtkZLibDataCompressor\""),
       {"do not add up"}},
      {vti(box, array("type=\"UInt8\" format=\"binary\"", "AQAAAAgAAAAAAAAACAAAAA==AQIDBAUGBwg="),
           "compressor=\"vtkZLibDataCompressor\""),
       {"block 0 cannot be unpacked"}},
      {vti(box, array("type=\"UInt8\" format=\"binary\"", "AQAAAAgAAAAAAAAACAAAAA==AQIDBAUGBwg="),
           "compressor=\"vtkLZ4DataCompressor\""),
       {"block 0 cannot be unpacked"}},
  };
  for (const auto& [content, parts] : cases) {
    const fs::path file = folder.write("bad.vti", content);
    std::string message = "accepted";
    try {
      read_vti_array(file, "density", {2, 2, 2});
    } catch (const std::runtime_error& e) {
      message = e.what();
    }
    expect_said(message, parts[0] == "accepted" ? "" : file.string() + ", array 'density': ", parts,
                content);
  }
}

std::string vtp(const std::string& counts, const std::string& inside) {
  return "<VTKFile type=\"PolyData\" byte_order=\"LittleEndian\">\n<PolyData>\n<Piece " + counts +
         ">\n" + inside + "</Piece>\n</PolyData>\n</VTKFile>\n";
}

TEST(BadInput, EveryFileOfPolyLinesIsRefusedWithItsReason) {
  const Folder folder;
  const std::string counts = "NumberOfPoints=\"2\" NumberOfLines=\"1\"",
                    points = "<Points><DataArray type=\"Float32\" NumberOfComponents=\"3\" "
                             "format=\"ascii\">0 70 50 200 70 50</DataArray></Points>\n",
                    radius = "<PointData><DataArray type=\"Float32\" Name=\"radius\" "
                             "format=\"ascii\">5 5</DataArray></PointData>\n";
  const auto data = [](const std::string& name, const std::string& text) {
    return "<DataArray type=\"Int64\" Name=\"" + name + "\" format=\"ascii\">" + text +
           "</DataArray>";
  };
  const auto lines = [&](const std::string& connectivity, const std::string& offsets) {
    return "<Lines>" + data("connectivity", connectivity) + data("offsets", offsets) + "</Lines>\n";
  };
  const std::string good = lines("0 1", "2");
  const std::pair<std::string, Parts> cases[] = {
      {"<a/>", {"this is not a VTK XML file of poly-lines (.vtp)"}},
      {vtp("", ""), {"it holds no lines; vessels are poly-lines"}},
      {vtp("NumberOfPoints=\"2\"", points), {"it holds no lines"}},
      {vtp(counts, radius + good), {"<Points> must hold"}},
      {vtp(counts, points + good), {"there is no array 'radius'", "add one"}},
      {vtp(counts, points + radius), {"<Lines> must hold the arrays connectivity and offsets"}},
      {vtp("NumberOfPoints=\"-2\" NumberOfLines=\"1\"", points),
       {"NumberOfPoints", "whole number"}},
      {vtp("NumberOfPoints=\"2147483640\" NumberOfLines=\"1\"", points + radius + good),
       {"values"}},
      {vtp("NumberOfPoints=\"3\" NumberOfLines=\"1\"", points + radius + good),
       {"6 values where 9 are expected"}},
      {vtp("NumberOfPoints=\"2\" NumberOfLines=\"2147483640\"", points + radius + good),
       {"holds fewer than the 2147483640 values"}},
      {vtp(counts, points + radius + lines("0 2", "2")),
       {"line 0 refers to point 2, but there are 2"}},
      {vtp(counts, points + radius + lines("0 -1", "2")), {"refers to point -1"}},
      {vtp(counts, points + radius + lines("0 9223372036854775807", "2")), {"refers to point"}},
      {vtp(counts, points + radius + lines("0", "1")), {"line 0 has fewer than two points"}},
      {vtp(counts, points + radius + lines("0 1", "-2")), {"offsets of its lines are damaged"}},
      {vtp(counts, points + radius + lines("0 1", "1e18")), {"offsets of its lines are damaged"}},
      {vtp(counts, points + radius + lines("0 1", "3")), {"2 values where 3 are expected"}},
      {vtp(counts, points + radius + lines("0 0", "2")), {"no vessels in it"}},
      {vtp(counts, points + "<CellData>" + data("radius", "-4") + "</CellData>" + good),
       {"line 0: the radius is -4; it must be above 0"}},
      {vtp(counts, points + "<PointData>" + data("radius", "0 0") + "</PointData>" + good),
       {"line 0: the radius is 0"}},
      {vtp(counts, points + "<PointData>" + data("Distance", "5 5") + data("Id", "1 2") +
                       "</PointData>" + good),
       {"there is no array 'radius'", "it has Distance, Id; type the one of the radii"}},
      {vtp(counts, points + "<PointData>" + data("radius", "5 5") + data("end", "7 0") +
                       "</PointData>" + good),
       {"point 0 has end 7; it must be 0 (none), 1 (inlet) or 2 (outlet)"}},
      {vtp(counts, points + "<PointData>" + data("radius", "5 5") + data("end_pressure", "1e9 0") +
                       "</PointData>" + good),
       {"end_pressure is 1e+09", "between 0 and 300 mmHg"}},
      {vtp(counts, points + "<PointData>" + data("radius", "5 5") +
                       "<Array type=\"String\" Name=\"name\" format=\"ascii\">65 0</Array>"
                       "</PointData>" +
                       good),
       {"fewer than the 2 strings"}},
      {vtp(counts, points +
                       "<PointData><DataArray type=\"Float32\" Name=\"radius\" "
                       "NumberOfComponents=\"2\" format=\"ascii\">5 5 5 5</DataArray>"
                       "</PointData>" +
                       good),
       {"must hold one number for each point or line"}},
  };
  for (const auto& [content, parts] : cases) {
    folder.write("bad.vtp", content);
    expect_said(said_of_vessels(folder, "bad.vtp"), "", parts, content);
    EXPECT_NE(said_of_vessels(folder, "bad.vtp").find("bad.vtp"), std::string::npos) << content;
  }
}

// ---- bounds

struct Child {
  int code = -1;
  double mebibytes = 0; // the most it held
};

// Runs `f` in a process of its own. Its exit code is 0 where it threw one of our errors.
Child in_a_child(const std::function<void()>& f) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    int code = 1;
    try {
      f();
    } catch (const ConfigError&) {
      code = 0;
    } catch (const ResourceError&) {
      code = 0;
    } catch (const std::exception&) {
      code = 2;
    }
    std::_Exit(code);
  }
  Child child;
  int status = 0;
  struct rusage usage {};
  if (pid < 0 || ::wait4(pid, &status, 0, &usage) != pid) return child;
  if (WIFEXITED(status)) child.code = WEXITSTATUS(status);
  child.mebibytes = static_cast<double>(usage.ru_maxrss) / 1024;
  return child;
}

TEST(BadInput, MemoryIsBoundedByWhatAFileHoldsNotByWhatItClaims) {
  const Folder folder;
  [[maybe_unused]] const double before = in_a_child([] {}).mebibytes;
  const auto check = [&](const char* what, const std::function<void()>& f) {
    const auto start = std::chrono::steady_clock::now();
    const Child child = in_a_child(f);
    EXPECT_EQ(child.code, 0) << what;
#if !defined(__SANITIZE_ADDRESS__) // which keeps what was freed
    EXPECT_LT(child.mebibytes - before, 150) << what;
#endif
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30)) << what;
  };
  check("aliases of a long text", [] { read_config_text(text_bomb(), "a.yaml"); });
  check("billion laughs", [] { read_config_text(billion_laughs(), "a.yaml"); });
  check("anchors within anchors", [] {
    // Each level is held once more for its anchor.
    std::string text = times(30, "&a0 [") + times(90000, "1, ") + "1" + times(30, "]");
    for (std::size_t at = 0, n = 0; (at = text.find("&a0", at)) != std::string::npos; ++at, ++n)
      text[at + 1] = static_cast<char>('a' + n % 26),
                text[at + 2] = static_cast<char>('0' + n / 26);
    read_config_text("a: " + text + "\n", "a.yaml");
  });
  check("many unknown keys", [] {
    std::string text;
    for (int i = 0; i < 48000; ++i)
      text += "oxygen_consumption_of_hypoxic_cells_" + std::to_string(i) + ": 1\n";
    read_config_text(text, "a.yaml");
  });
  check("a sweep of long texts", [] {
    read_sweep_text("config: a\nreplicates: 100000\nset: {simulation.name: " + times(1 << 20, "n") +
                        "}\n",
                    "s.yaml");
  });
  const auto sparse = [&](const char* name, const std::string& head) {
    const fs::path file = folder.write(name, head);
    fs::resize_file(file, std::uintmax_t{1} << 37);
    return file;
  };
  const fs::path cells = sparse("cells.csv", "x,y,z,kind\n1,2,3,0\n");
  check("128 GiB of zeros as cells", [&] { read_cells_csv(cells, small_box()); });
  const fs::path tree = sparse("tree.swc", "1 2 0 70 50 5 -1\n");
  check("128 GiB of zeros as SWC", [&] { read_swc(tree); });
  const fs::path zeros = sparse("zeros.vti", "<VTKFile type=\"ImageData\">");
  const auto as_config_error = [](const auto& f) {
    try {
      f();
    } catch (const std::runtime_error& e) {
      throw ConfigError(e.what());
    }
  };
  check("128 GiB of zeros as image", [&] {
    as_config_error([&] { read_vti_array(zeros, "a", {2, 2, 2}); });
  });
  const fs::path claims =
      folder.write("claims.vti",
                   vti("0 60000 0 1000 0 1000", array("type=\"Float64\" format=\"ascii\"", "1 2")));
  check("an image that claims 480 GB", [&] {
    as_config_error([&] { read_vti_array(claims, "density", {60000, 1000, 1000}); });
  });
}

// Folders a run makes come from -o or from the name in a configuration, which may be a stranger's.
std::set<std::string> tree_of(const fs::path& folder) {
  std::set<std::string> names;
  for (fs::recursive_directory_iterator it(folder), end; it != end; ++it)
    names.insert(it->path().lexically_relative(folder).string());
  return names;
}

struct Finished {
  int code = -1;
  std::string out; // both streams
};

Finished program(const fs::path& folder, const std::string& arguments,
                 const std::string& streams = "2>&1 </dev/null") {
  const std::string command = "cd '" + folder.string() + "' && OMP_NUM_THREADS=1 '" +
                              METAVOX_PROGRAM "' " + arguments + " " + streams;
  Finished finished;
  // NOLINTNEXTLINE(cert-env33-c): a shell is what users start the program from
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return finished;
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    finished.out.append(buffer.data(), n);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) finished.code = WEXITSTATUS(status);
  return finished;
}

const std::string tiny = "domain: {voxels: [4, 4, 4]}\noutput: {frames: 0 min}\n";

TEST(BadInput, NoNameLeadsOutOfTheRunFolder) {
  const Folder outer;
  const std::string absolute = (outer.path() / "absolute").string();
  const char* names[] = {
      "../../escaped", absolute.c_str(), "..", ".", "a/../../../b", "~", "..\\..\\c", "-o",
      "$(touch escaped)", "'; touch escaped; '", "runs", "frames/../../x",
      // NOLINTNEXTLINE(misc-misleading-bidirectional): a name that reads backwards
      "\xE2\x80\xAEgpj.exe"};
  for (const char* name : names) {
    const fs::path inner = outer.path() / "a/b";
    fs::remove_all(outer.path() / "a");
    fs::create_directories(inner);
    std::string quoted_name;
    for (const char* c = name; *c != '\0'; ++c)
      quoted_name += *c == '\\' ? std::string("\\\\") : std::string(1, *c);
    std::ofstream(inner / "case.yaml")
        << "simulation: {duration: 0 min, name: \"" << quoted_name << "\"}\n"
        << tiny;
    const Finished run = program(inner, "run case.yaml --quiet");
    if (run.code == 2) { // refused: that is as good
      EXPECT_NE(run.out.find("simulation.name"), std::string::npos) << run.out;
    } else {
      EXPECT_EQ(run.code, 0) << name << "\n" << run.out;
    }
    std::set<std::string> folders;
    for (const std::string& entry : tree_of(outer.path())) {
      if (entry == "a" || entry == "a/b" || entry == "a/b/case.yaml" || entry == "a/b/runs")
        continue;
      EXPECT_EQ(entry.compare(0, 9, "a/b/runs/"), 0) << name << " made " << entry;
      folders.insert(entry.substr(9, entry.find('/', 9) - 9));
    }
    EXPECT_EQ(folders.size(), run.code == 0 ? 1u : 0u) << name;
  }
}

// A run folder from a stranger may hold links; continuing or replacing it must not follow them.
TEST(BadInput, LinksInARunFolderAreNotFollowed) {
  const Folder outer;
  std::ofstream(outer.path() / "case.yaml")
      << "domain: {voxels: [4, 4, 4]}\noutput: {frames: 6 min, report: 6 min}\n";
  const fs::path run = outer.path() / "run", prize = outer.path() / "prize",
                 first = outer.path() / "first";
  fs::create_directories(prize);
  ASSERT_EQ(program(outer.path(), "run case.yaml -o first --quiet --until '6 min'").code, 0);
  for (const char* name : {"log.txt", "metrics.csv", "events.csv", "provenance.json",
                           "resolved.yaml", "checksums.txt", ".lock", "frames", "checkpoints"}) {
    for (const char* how : {"--force", "--restart run/checkpoints/step_00000001.h5"}) {
      fs::remove_all(run);
      fs::copy(first, run, fs::copy_options::recursive);
      if (how[2] == 'r' && !checkpoints_available()) continue;
      const bool is_folder = fs::is_directory(run / name);
      if (how[2] == 'r' && std::string(name) == "checkpoints") continue; // read through the link
      const fs::path target = prize / name;
      fs::remove_all(target);
      if (is_folder)
        fs::create_directories(target);
      else
        fs::copy_file(run / name, target);
      const auto content = [&] {
        if (is_folder) return std::to_string(tree_of(target).size());
        std::ifstream in(target, std::ios::binary);
        return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
      };
      const std::string before = content();
      fs::remove_all(run / name);
      fs::create_symlink(target, run / name);
      const Finished again = program(
          outer.path(), "run case.yaml -o run --quiet --until '12 min' " + std::string(how));
      EXPECT_EQ(content(), before) << how << " wrote through the link " << name << "\n"
                                   << again.out;
      EXPECT_TRUE(again.code == 0 || again.code == 2 || again.code == 3) << again.out;
    }
  }
}

// ---- exit codes of the program

TEST(BadInput, TheProgramLeavesWithTheCodeThatTheHelpPromises) {
  const Folder folder;
  folder.write("good.yaml", "simulation: {duration: 0 min}\n" + tiny);
  folder.write("bad.yaml", "time:\n  step: 6\n");
  folder.write("junk.h5", "no checkpoint");
  folder.write("huge.yaml", "domain: {voxels: [1290, 1290, 1290], spacing: 20 um}\n");
  folder.write("sweep.yaml", "config: good.yaml\ngrid: {time.step: [6]}\n");
  folder.write("occupied", "a file");
  fs::create_directories(folder.path() / "other");
  folder.write("other/letter.txt", "mine");
  struct Case {
    std::string arguments;
    int code;
    std::string part;
  };
  const Case cases[] = {
      {"run good.yaml -o out --quiet", 0, "final hash"},
      {"validate good.yaml", 0, "good.yaml is valid"},
      {"validate good.yaml --set 'domain.voxels=[40, 40, 40]'", 0, "40 x 40 x 40"},
      {"validate good.yaml --until '60 min'", 0, "10 steps"},
      {"validate good.yaml --set 'oxygen.decay=5 mmHg'", 2, "--set oxygen.decay=5 mmHg: "},
      {"validate good.yaml --seed x", 2, "a seed is an integer"},
      {"validate bad.yaml", 2, "bad.yaml:2: time.step needs a unit; type for example: step: 6 min"},
      {"run bad.yaml", 2, "bad.yaml:2: "},
      {"run none.yaml", 2, "none.yaml: there is no such file"},
      {"run .", 2, ".: this is a folder"},
      {"run", 2, "config"},
      {"fly good.yaml", 2, ""},
      {"run good.yaml --set oxygen.decay", 2, "a key, = and a value are needed"},
      {"run good.yaml --set 'oxygen.decay=5 mmHg'", 2, "--set oxygen.decay=5 mmHg: "},
      {"run good.yaml --seed -1", 2, "a seed is an integer from 0 to 2^64 - 1"},
      {"run good.yaml --seed 1.5", 2, "a seed is an integer"},
      {"run good.yaml --seed 18446744073709551616", 2, "a seed is an integer"},
      {"validate good.yaml --seed +1e3 --set time.motility_substeps=+2", 0, "good.yaml is valid"},
      {"bench --size +8.5", 2, ""},
      {"run good.yaml -o typed --seed 1e3 --threads +1.0 --quiet", 0, "final hash"},
      {"run good.yaml --until soon", 2, "--until: simulation.duration"},
      {"run good.yaml --until '-1 day'", 2, "--until: simulation.duration"},
      {"run good.yaml --threads -1", 2, ""},
      {"explain oxygen.difusivity", 2, "did you mean diffusivity?"},
      {"sweep sweep.yaml", 2, "time.step needs a unit"},
      {"sweep none.yaml", 2, "none.yaml"},
      {"run good.yaml -o occupied", 3, "is not a folder"},
      {"run good.yaml -o other --force", 3, "does not look like a run folder"},
      {"run good.yaml -o out", 3, "holds a run already"},
      {"run good.yaml -o out --restart none.h5", 3, "none.h5"},
      {"run good.yaml -o out --restart junk.h5", 3, "not a checkpoint of metavox"},
      {"hash none", 3, "there is no such run or checkpoint"},
      {"verify none", 3, "there is no such folder"},
      {"run huge.yaml -o huge", 4, "not enough memory"},
  };
  for (const Case& c : cases) {
    if (!checkpoints_available() && c.arguments.find("--restart") != std::string::npos) continue;
    const Finished finished = program(folder.path(), c.arguments);
    EXPECT_EQ(finished.code, c.code) << "metavox " << c.arguments << "\n" << finished.out;
    EXPECT_NE(finished.out.find(c.part), std::string::npos) << "metavox " << c.arguments << "\n"
                                                            << finished.out;
  }
  EXPECT_TRUE(fs::exists(folder.path() / "other/letter.txt"));
}

// What is printed is output too: a full disk under `> file` is not a success.
TEST(BadInput, CalibrateKeepsItsTwoExperimentsApart) {
  const Folder folder;
  const auto told = [&](const std::string& arguments, const std::string& words) {
    const Finished f = program(folder.path(), "calibrate " + arguments);
    EXPECT_EQ(f.code, 2) << arguments << "\n" << f.out;
    EXPECT_NE(f.out.find(words), std::string::npos) << arguments << "\n" << f.out;
  };
  told("shedding", "name the run that sheds: metavox calibrate shedding runs/NAME");
  told("shedding made --speed '40 um/day'", "--speed is of growth");
  told("growth made --speed '40 um/day'", "calibrate growth makes runs of its own; remove made");
}

TEST(BadInput, FullStandardOutputIsTold) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const Folder folder;
  folder.write("good.yaml", "simulation: {duration: 0 min}\n" + tiny);
  folder.write("sweep.yaml", "config: good.yaml\n");
  ASSERT_EQ(program(folder.path(), "run good.yaml -o made").code, 0);
  for (const std::string arguments :
       {"schema", "explain", "explain oxygen", "list kinds", "list settings --json", "--help",
        "--help-all", "--version", "run --help", "info", "validate good.yaml", "hash made",
        "verify made", "run good.yaml -o full", "run good.yaml -o quiet --quiet",
        "sweep sweep.yaml -o grid", "bench --size 16"}) {
    for (const char* place : {"2>&1 >/dev/full", "2>&1 >&-"}) {
      const bool again = arguments.compare(0, 4, "run ") == 0 && arguments != "run --help";
      const Finished f = program(folder.path(), arguments + (again ? " --force" : ""), place);
      EXPECT_EQ(f.code, 3) << arguments << place << "\n" << f.out;
      EXPECT_NE(f.out.find("cannot write all of the output: "), std::string::npos)
          << arguments << place << "\n"
          << f.out;
    }
  }
  EXPECT_EQ(program(folder.path(), "selfcheck", "2>&1 >/dev/full").code, 3); // seconds, so once
  // The run itself is whole, and nothing that was printed went into its files.
  EXPECT_EQ(program(folder.path(), "verify full").code, 0);
  // An error stays what it is.
  EXPECT_EQ(program(folder.path(), "explain nothing", "2>&1 >/dev/full").code, 2);
  // A reader that has seen enough is no failure.
  const std::string schema =
      "trap '' PIPE; { '" METAVOX_PROGRAM "' schema; echo $? >code; } | true";
  for (int n = 0; n < 5; ++n) {
    EXPECT_EQ(program(folder.path(), "--version", "; " + schema).code, 0);
    EXPECT_EQ(read_text(folder.path() / "code"), "0\n");
  }
}

} // namespace
} // namespace metavox
