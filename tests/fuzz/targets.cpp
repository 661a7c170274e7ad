#include "targets.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <unistd.h>

#include "body/body_config.hpp"
#include "core/executor.hpp"
#include "input/cells_csv.hpp"
#include "input/inputs.hpp"
#include "input/swc.hpp"
#include "input/vtk_xml.hpp"
#include "program/sweep.hpp"
#include "record/checkpoint.hpp"
#include "record/checkpoint_header.hpp"
#include "settings/expression.hpp"
#include "settings/text.hpp"
#include "settings/units.hpp"
#include "site/config.hpp"

namespace metavox::fuzz {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "fuzz: %s\n", what.c_str());
  std::abort();
}

// A message must say something and must not steer the terminal.
void check_message(const std::string& message) {
  if (message.empty() || message.size() > 100000) fail("a message without use");
  if (printable(message) != message) fail("a message with control characters: " + message);
}

template <class F>
void guarded(const F& f) {
  try {
    f();
  } catch (const ConfigError& e) {
    check_message(e.what());
  } catch (const IoError& e) {
    check_message(e.what());
  } catch (const VtkError& e) {
    check_message(printable(e.what())); // completed and made printable by its caller
  } catch (const ResourceError& e) {
    check_message(e.what());
  }
}

// One file of this process, written anew for each input.
class Scratch {
public:
  Scratch() : folder_(fs::temp_directory_path() / ("metavox_fuzz_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  fs::path write(const char* name, std::string_view bytes) const {
    std::ofstream(folder_ / name, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return folder_ / name;
  }

private:
  fs::path folder_;
};

const Scratch& scratch() {
  static const Scratch one;
  return one;
}

// What was accepted must be written in a way that reads back as the same.
void check_config(const Config& config) {
  const Config again = read_config_text(config.resolved, "resolved.yaml");
  if (again.resolved != config.resolved) fail("the resolved file gives another configuration");
}

void config(std::string_view bytes) {
  guarded([&] { check_config(read_config_text(std::string(bytes), "fuzz.yaml")); });
  guarded([&] {
    const BodyConfig body = read_body_text(std::string(bytes), "fuzz.yaml");
    if (read_body_text(body.resolved, "resolved.yaml").resolved != body.resolved)
      fail("the resolved file gives another body");
  });
}

// Lines of key=value, as --set has them; then seed and duration.
void overrides(std::string_view bytes) {
  guarded([&] {
    std::vector<std::string> set;
    std::istringstream lines{std::string(bytes)};
    for (std::string line; set.size() < 20 && std::getline(lines, line);) set.push_back(line);
    std::optional<std::string> until;
    if (!set.empty() && set.back().compare(0, 6, "until ") == 0) {
      until = set.back().substr(6);
      set.pop_back();
    }
    check_config(read_config_text(
        "tissue: {cells: [{shape: sphere, radius: 50 um}]}\nvessels: {pattern: grid}\n",
        "fuzz.yaml", set, 7, until));
  });
}

void quantity(std::string_view bytes) {
  try {
    const Quantity q = parse_quantity(bytes);
    const double v = convert(q, q.unit);
    if (!std::isfinite(v)) fail("a quantity that is not finite");
    if (convert(parse_quantity(format_number(v)), Unit{}) != v)
      fail("a number that does not read back");
  } catch (const UnitError& e) {
    check_message(e.what());
  }
}

void expression(std::string_view bytes) {
  try {
    const Expression f(bytes);
    for (const double x : {0.0, -1.0, 0.5, 1e9, 1e300}) f(x, 2 * x, 3 - x);
  } catch (const ExpressionError& e) {
    check_message(printable(e.what()));
  }
}

void sweep(std::string_view bytes) {
  guarded([&] {
    const SweepConfig s = read_sweep_text(std::string(bytes), "fuzz.yaml");
    const auto members = members_of(s);
    if (members.empty()) fail("a sweep without members");
    // Values must survive the way through --set: what is refused was refused by a rule, not torn.
    guarded([&] { read_config_text("{}", "base.yaml", members.back().overrides); });
  });
}

void cells(std::string_view bytes) {
  guarded([&] {
    DomainParameters domain{};
    domain.voxels = {10, 7, 5};
    domain.spacing = 20;
    std::istringstream stream{std::string(bytes)};
    for (const auto& c : read_cells_csv(stream, "cells.csv", domain))
      if (!(c.x >= 0 && c.x < 200 && c.y >= 0 && c.y < 140 && c.z >= 0 && c.z < 100 && c.kind <= 7))
        fail("a cell outside of the box");
  });
}

// Vessels that a reader took, on their way to a network.
void build_vessels(const fs::path& file) {
  read_inputs(read_config_text("domain: {voxels: [10, 7, 5]}\n"
                               "vessels: {pattern: file, file: " +
                                   file.filename().string() +
                                   ", ends: [{role: inlet, face: -x}, {role: outlet, face: +x}]}\n",
                               file.parent_path() / "fuzz.yaml")
                  .parameters);
}

void swc(std::string_view bytes) {
  guarded([&] {
    std::istringstream stream{std::string(bytes)};
    read_swc(stream, "vessels.swc");
    build_vessels(scratch().write("vessels.swc", bytes));
  });
}

void image(std::string_view bytes) {
  guarded([&] {
    const VtkXml xml(bytes, "ImageData", "image file (.vti)");
    if (read_vti_array(xml, "matrix", {10, 7, 5}).size() != 350) fail("an array of another size");
  });
}

void polylines(std::string_view bytes) {
  guarded([&] {
    const VtkXml xml(bytes, "PolyData", "file of poly-lines (.vtp)");
    const VesselFile vessels = read_vessel_polylines(xml);
    const auto points = static_cast<std::int32_t>(vessels.points.size());
    for (const auto& s : vessels.stretches)
      if (s.from < 0 || s.to < 0 || s.from >= points || s.to >= points)
        fail("a stretch to no point");
    build_vessels(scratch().write("vessels.vtp", bytes));
  });
}

// The head's own checksum is mended, so that what lies behind it is reached.
void checkpoint(std::string_view bytes) {
  std::string file(bytes);
  if (file.size() >= checkpoint_head_bytes) {
    const std::string crc = hex8(crc32(file.data(), checkpoint_head_bytes - 14));
    file.replace(checkpoint_head_bytes - 14, 14, "head " + crc + "\n");
  }
  guarded([&] { read_checkpoint(scratch().write("fuzz.h5", file)); });
}

// All checksums are mended and step, time and hash are those of the seed: the HDF5 library reads
// what an attacker made.
void state(std::string_view bytes) {
  if (bytes.size() < checkpoint_head_bytes) return;
  const std::string_view body = bytes.substr(checkpoint_head_bytes);
  CheckpointHeader header;
  header.format = checkpoint_format;
  header.bytes = bytes.size();
  header.crc = crc32(body.data(), body.size());
  header.step = 1;
  header.time = 6;
  header.hash = hash_of_state_seed;
  header.version = "fuzz";
  guarded(
      [&] { read_checkpoint(scratch().write("state.h5", checkpoint_head(header).append(body))); });
}

} // namespace

const Target targets[target_count] = {{"config", config},
                                      {"overrides", overrides},
                                      {"quantity", quantity},
                                      {"expression", expression},
                                      {"sweep", sweep},
                                      {"cells", cells},
                                      {"swc", swc},
                                      {"image", image},
                                      {"polylines", polylines},
                                      {"checkpoint", checkpoint},
                                      {"state", state}};

} // namespace metavox::fuzz
