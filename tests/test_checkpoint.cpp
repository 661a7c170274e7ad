// Checkpoints: what comes back is what was written, and nothing damaged gets through.
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child.hpp"
#include "folder.hpp"
#include "program/plan.hpp"
#include "program/run.hpp"
#include "record/checkpoint.hpp"
#include "record/run_folder.hpp"
#include "record/verify.hpp"
#include "site/config.hpp"
#include "site/site.hpp"
#include "viz/vtk_available.hpp"

namespace metavox {
namespace {

namespace fs = std::filesystem;

class CheckpointFile : public testing::Test {
protected:
  void SetUp() override {
    if (!checkpoints_available()) GTEST_SKIP() << "this build has no HDF5";
  }

  template <class T>
  static Snapshot::Array array(const std::string& name, ElementType type,
                               std::array<std::int64_t, 3> extents) {
    Snapshot::Array a;
    a.info = {name, "mmHg", "meaning of " + name, type, extents, 20};
    a.data.resize(a.info.bytes());
    auto* values = reinterpret_cast<T*>(a.data.data());
    for (std::size_t i = 0; i < a.info.count(); ++i) values[i] = static_cast<T>(i * 7 + 3);
    return a;
  }
  static Snapshot snapshot() {
    Snapshot s;
    s.time = 252.00000000000003;
    s.step = 42;
    s.hash = 0xfedcba9876543210u;
    s.voxels = {5, 4, 3};
    s.spacing = 20;
    s.arrays.push_back(array<std::uint8_t>("kind", ElementType::u8, {5, 4, 3}));
    s.arrays.push_back(array<std::uint16_t>("clock", ElementType::u16, {5, 4, 3}));
    s.arrays.push_back(array<std::uint32_t>("tracers", ElementType::u32, {9, 1, 1}));
    s.arrays.push_back(array<std::uint64_t>("traits", ElementType::u64, {5, 4, 3}));
    s.arrays.push_back(array<std::int64_t>("ledger", ElementType::i64, {17, 1, 1}));
    s.arrays.push_back(array<float>("oxygen", ElementType::f32, {3, 2, 2}));
    s.arrays.push_back(array<double>("a double", ElementType::f64, {2, 2, 2}));
    s.arrays.push_back(array<float>("nothing", ElementType::f32, {0, 1, 1}));
    return s;
  }
  static std::string bytes_of(const fs::path& p) { return read_text(p); }
  static void put(const fs::path& p, const std::string& text) {
    std::ofstream(p, std::ios::binary) << text;
  }
  static std::string message_of(const fs::path& p) {
    try {
      read_checkpoint(p);
    } catch (const CheckpointError& e) {
      return e.what();
    }
    return "accepted";
  }

  const Folder own_folder{support::quick_folder()};
  const fs::path path = own_folder.path(), file = path / "step_00000042.h5";
  std::string resolved = "simulation:\n  seed: 1 # µ\n";
};

TEST_F(CheckpointFile, ComesBackAsItWas) {
  const Snapshot s = snapshot();
  const FileSum sum = write_checkpoint(file, s, resolved);
  EXPECT_EQ(sum, sum_of_file(file));
  EXPECT_LE(sum.bytes, checkpoint_bytes(s, resolved.size()));
  const Checkpoint c = read_checkpoint(file);
  EXPECT_EQ(c.resolved, resolved);
  EXPECT_EQ(c.snapshot.time, s.time);
  EXPECT_EQ(c.snapshot.step, 42);
  EXPECT_EQ(c.snapshot.hash, s.hash);
  EXPECT_EQ(c.snapshot.voxels, s.voxels);
  EXPECT_EQ(c.snapshot.spacing, 20);
  ASSERT_EQ(c.snapshot.arrays.size(), s.arrays.size());
  for (std::size_t i = 0; i < s.arrays.size(); ++i) {
    const ArrayInfo &a = s.arrays[i].info, &b = c.snapshot.arrays[i].info;
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.unit, b.unit);
    EXPECT_EQ(a.meaning, b.meaning);
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.extents, b.extents);
    EXPECT_EQ(a.spacing, b.spacing);
    EXPECT_EQ(s.arrays[i].data, c.snapshot.arrays[i].data) << a.name;
  }
  const CheckpointHeader h = check_checkpoint(file);
  EXPECT_EQ(h.step, 42);
  EXPECT_EQ(h.hash, s.hash);
  EXPECT_EQ(h.time, s.time);
}

TEST_F(CheckpointFile, SameStateSameBytes) {
  write_checkpoint(file, snapshot(), resolved);
  const std::string first = bytes_of(file);
  ::sleep(1); // a time stamp inside would show
  write_checkpoint(file, snapshot(), resolved);
  EXPECT_TRUE(first == bytes_of(file));
}

TEST_F(CheckpointFile, OnlyNamedArraysWhenAsked) {
  write_checkpoint(file, snapshot(), resolved, {"oxygen", "kind"});
  EXPECT_EQ(read_checkpoint(file).snapshot.arrays.size(), 2u);
}

TEST_F(CheckpointFile, EveryDamagedByteIsRefused) {
  write_checkpoint(file, snapshot(), resolved);
  const std::string good = bytes_of(file);
  const fs::path bad = path / "bad.h5";
  // Every byte of the head, then every seventh: superblock, object headers, attributes, data.
  for (std::size_t at = 0; at < good.size(); at += at < 1024 ? 1 : 7) {
    std::string text = good;
    text[at] = static_cast<char>(text[at] ^ 0x10);
    put(bad, text);
    const std::string message = message_of(bad);
    ASSERT_NE(message, "accepted") << "byte " << at;
    ASSERT_NE(message.find("bad.h5"), std::string::npos) << message;
  }
}

TEST_F(CheckpointFile, EveryTruncationIsRefused) {
  write_checkpoint(file, snapshot(), resolved);
  const std::string good = bytes_of(file);
  const fs::path bad = path / "bad.h5";
  for (std::size_t length = 0; length < good.size(); length += length < 600 ? 1 : 97) {
    put(bad, good.substr(0, length));
    ASSERT_NE(message_of(bad), "accepted") << length;
  }
  put(bad, good.substr(0, good.size() - 1));
  EXPECT_NE(message_of(bad).find("truncated"), std::string::npos);
  put(bad, good + "x");
  EXPECT_NE(message_of(bad).find("behind its end"), std::string::npos);
}

// The text in front with another line, and its own checksum right again.
std::string with_head_line(const std::string& file, const std::string& key,
                           const std::string& value) {
  constexpr std::size_t head = 512, tail = 14; // "head " and 8 digits and a newline
  std::string text = file.substr(0, head - tail);
  const std::size_t begin = text.find("\n" + key + " ") + key.size() + 2,
                    end = text.find('\n', begin);
  EXPECT_LT(end, text.size());
  text.replace(begin, end - begin, value);
  while (text.back() == '\n' || text.back() == ' ') text.pop_back();
  text += "\n";
  text.append(head - tail - 1 - text.size(), ' ');
  text += "\n";
  return text + "head " + hex8(crc32(text.data(), text.size())) + "\n" + file.substr(head);
}
// The same for a body that was changed: everything fits, except what the file says about itself
// further inside.
std::string sealed_again(const std::string& file) {
  return with_head_line(file, "crc32", hex8(crc32(file.data() + 512, file.size() - 512)));
}

TEST_F(CheckpointFile, OtherFormatsAreRefusedByName) {
  write_checkpoint(file, snapshot(), resolved);
  const std::string good = bytes_of(file);
  const fs::path other = path / "other.h5";
  put(other, with_head_line(good, "format", "1"));
  EXPECT_EQ(message_of(other), "accepted"); // the tool itself does no harm
  for (const char* format : {"0", "2", "77"}) {
    put(other, with_head_line(with_head_line(good, "format", format), "version", "9.8.7"));
    const std::string message = message_of(other);
    EXPECT_NE(message.find(std::string("format ") + format + ", but this program reads format 1"),
              std::string::npos)
        << message;
    EXPECT_NE(message.find("9.8.7"), std::string::npos) << message;
  }
}

TEST_F(CheckpointFile, ThousandsOfRandomDamagesAreRefused) {
  Site simulation(
      read_config_text("domain: {voxels: [14, 13, 12]}\n"
                       "vessels: {pattern: grid, spacing: 100 um}\n"
                       "vegf: {enabled: true}\nsprouting: {enabled: true}\n"
                       "tissue: {cells: [{shape: sphere, kind: epithelial, radius: 60 um}]}\n",
                       "fuzz.yaml")
          .parameters,
      Executor::on_cpu(1));
  write_checkpoint(file, take_snapshot(simulation), resolved);
  const std::string good = bytes_of(file);
  const fs::path bad = path / "bad.h5";
  std::mt19937 random(3);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  int refused = 0, unchanged = 0;
  for (int k = 0; k < 5000; ++k) {
    std::string text = good;
    switch (k % 8) {
    case 0: {
      char& byte = text[below(text.size())];
      byte = static_cast<char>(byte ^ (1 << below(8)));
      break;
    }
    case 1: text[below(512)] = static_cast<char>(below(256)); break; // the text in front
    case 2:
      for (std::size_t n = 1 + below(64); n > 0; --n)
        text[below(text.size())] = static_cast<char>(below(256));
      break;
    case 3: text.resize(below(text.size())); break;
    case 4: text += std::string(1 + below(5000), static_cast<char>(below(256))); break;
    case 5: { // a block of zeros, as a disk leaves that lost it
      const std::size_t at = below(text.size()),
                        n = std::min<std::size_t>(1 + below(4096), text.size() - at);
      std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(at), n, '\0');
      break;
    }
    case 6: { // a block in the wrong place
      const std::size_t n = 1 + below(4096), from = below(text.size() - n),
                        to = below(text.size() - n);
      text.replace(to, n, good.substr(from, n));
      break;
    }
    default: text.erase(below(text.size()), 1 + below(600)); break;
    }
    put(bad, text);
    const std::string message = message_of(bad);
    if (message == "accepted") {
      ASSERT_TRUE(text == good) << "damage " << k;
      ++unchanged;
    } else {
      ++refused;
      ASSERT_NE(message.find("bad.h5"), std::string::npos) << message;
    }
  }
  EXPECT_EQ(refused + unchanged, 5000);
  EXPECT_GT(refused, 4500);
}

// Damage of the arrays that a new checksum of the file covers up is found by the checksum of the
// array.
TEST_F(CheckpointFile, ArraysHaveTheirOwnChecksums) {
  Snapshot s = snapshot();
  s.arrays.push_back(array<float>("matrix", ElementType::f32, {30, 30, 30}));
  write_checkpoint(file, s, resolved);
  const std::string good = bytes_of(file);
  const auto& data = s.arrays.back().data;
  const std::size_t begin =
      good.find(std::string(reinterpret_cast<const char*>(data.data()) + 4000, 64)) - 4000;
  ASSERT_LT(begin, good.size());
  put(file, sealed_again(good));
  EXPECT_EQ(message_of(file), "accepted");
  for (std::size_t at = begin; at < begin + data.size(); at += 997) {
    std::string text = good;
    text[at] ^= 0x20;
    put(file, sealed_again(text));
    ASSERT_NE(message_of(file).find("'matrix' does not match its checksum"), std::string::npos)
        << message_of(file);
  }
}

TEST_F(CheckpointFile, ForeignFilesAreRefused) {
  put(file, "\x89HDF\r\n\x1a\n and so on");
  EXPECT_NE(message_of(file).find("not a checkpoint of metavox"), std::string::npos);
  put(file, std::string(5000, 'x'));
  EXPECT_NE(message_of(file).find("not a checkpoint of metavox"), std::string::npos);
  put(file, "");
  EXPECT_NE(message_of(file).find("empty"), std::string::npos);
  EXPECT_NE(message_of(path).find("not a file"), std::string::npos);
  EXPECT_NE(message_of(path / "absent.h5").find("No such file"), std::string::npos);
}

TEST_F(CheckpointFile, FullDiskKeepsTheOldOne) {
  write_checkpoint(file, snapshot(), resolved);
  Snapshot large = snapshot();
  large.arrays.push_back(array<float>("matrix", ElementType::f32, {64, 64, 64}));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  for (const rlim_t limit : {2048, 16384, 500000}) {
    rlimit small = before;
    small.rlim_cur = limit;
    setrlimit(RLIMIT_FSIZE, &small);
    EXPECT_THROW(write_checkpoint(file, large, resolved), CheckpointError) << limit;
    setrlimit(RLIMIT_FSIZE, &before);
  }
  EXPECT_EQ(read_checkpoint(file).snapshot.arrays.size(), 8u);
  EXPECT_EQ(std::distance(fs::directory_iterator(path), fs::directory_iterator()), 1);
}

// ---- with a simulation

const char* const small_tumour = R"(
domain: {voxels: [17, 12, 14]}
simulation: {duration: 2 h}
glucose: {enabled: true}
inhibitor: {enabled: true}
mutation: {probability: 0.1}
tracers: {count: 5}
tissue: {cells: [{shape: sphere, kind: epithelial, radius: 60 um, mesenchymal_fraction: 0.3}]}
)";

TEST_F(CheckpointFile, RestartedStateContinuesBitForBit) {
  const Config config = read_config_text(small_tumour, "small.yaml");
  Site whole(config.parameters, Executor::on_cpu(2));
  for (int n = 0; n < 7; ++n) whole.step();
  write_checkpoint(file, take_snapshot(whole), config.resolved);
  // Derived arrays are in the snapshot too; a restart takes what it needs.
  const Checkpoint c = read_checkpoint(file);
  Site again(config.parameters, Executor::on_cpu(1));
  EXPECT_NE(again.hash(), whole.hash());
  for (const ArrayInfo& info : again.state_arrays()) {
    const Snapshot::Array* a = c.snapshot.find(info.name);
    ASSERT_NE(a, nullptr) << info.name;
    ASSERT_EQ(a->data.size(), info.bytes()) << info.name;
    again.write(info.name, a->data.data(), a->info.extents[0]);
  }
  again.set_clock(c.header.step);
  EXPECT_EQ(again.hash(), c.header.hash);
  for (int n = 0; n < 9; ++n) {
    whole.step();
    again.step();
    ASSERT_EQ(whole.hash(), again.hash()) << "step " << whole.steps();
  }
}

class WholeRun : public CheckpointFile {
protected:
  int go(const std::string& folder, const std::string& restart = "",
         const std::vector<std::string>& set = {}, bool force = false,
         std::optional<std::string> until = {}) {
    put(path / "small.yaml",
        std::string(small_tumour) +
            "output: {frames: 30 min, report: 12 min, checkpoints: 30 min, keep: 2}\n");
    RunOptions o;
    o.config = path / "small.yaml";
    o.output = path / folder;
    o.backend = "cpu";
    o.threads = 2;
    o.set = set;
    o.force = force;
    o.quiet = true;
    o.until = std::move(until);
    if (!restart.empty()) o.restart = path / restart;
    return guarded([&] { return run(o); });
  }
  std::string text(const std::string& name) { return read_text(path / name); }
};

TEST_F(WholeRun, ContinuesInItsFolderAndInANewOne) {
  ASSERT_EQ(go("whole"), exit_done);
  EXPECT_TRUE(verify_run(path / "whole").ok);
  ASSERT_EQ(go("part", "", {}, false, "66 min"), exit_done);
  const std::string from = "part/checkpoints/step_00000010.h5";
  ASSERT_TRUE(fs::exists(path / from));
  ASSERT_EQ(go("elsewhere", from), exit_done);
  ASSERT_EQ(go("part", from), exit_done);
  const std::string hash = summary_of(path / "whole").final_hash;
  EXPECT_EQ(summary_of(path / "part").final_hash, hash);
  EXPECT_EQ(summary_of(path / "elsewhere").final_hash, hash);
  EXPECT_EQ(text("part/metrics.csv"), text("whole/metrics.csv"));
  EXPECT_EQ(text("part/events.csv"), text("whole/events.csv"));
  EXPECT_TRUE(verify_run(path / "part").ok);
  EXPECT_TRUE(verify_run(path / "elsewhere").ok);
  EXPECT_TRUE(text("part/checkpoints/step_00000020.h5") ==
              text("whole/checkpoints/step_00000020.h5"));
  EXPECT_EQ(hash_command(path / "part"), exit_done);
}

TEST_F(WholeRun, OutputDoesNotTouchTheState) {
  ASSERT_EQ(go("often"), exit_done);
  ASSERT_EQ(
      go("never", "", {"output.frames=0 min", "output.checkpoints=0 min", "output.report=0 min"}),
      exit_done);
  EXPECT_EQ(summary_of(path / "often").final_hash, summary_of(path / "never").final_hash);
  EXPECT_EQ(checkpoints_of(path / "never").size(), 1u);
}

TEST_F(WholeRun, RefusesOtherSettingsAndDamage) {
  ASSERT_EQ(go("run"), exit_done);
  const std::string from = "run/checkpoints/step_00000015.h5";
  const std::string before = text("run/checksums.txt");
  EXPECT_EQ(go("run", from, {"oxygen.diffusivity=1e5 um^2/min"}), exit_config);
  EXPECT_EQ(go("run", "absent.h5"), exit_io);
  EXPECT_EQ(go("run", from, {}, false, "1 h"), exit_config); // ends before the checkpoint
  EXPECT_EQ(go("run"), exit_io);
  EXPECT_EQ(go("new", from, {"output.arrays=[nonsense]"}), exit_config);
  // A frame for each of 24 million steps: no disk holds that.
  if (vtk_available()) {
    EXPECT_EQ(go("new", "", {"domain.voxels=[200, 200, 200]", "output.frames=6 min"}, false,
                 "100000 day"),
              exit_resources);
  }
  EXPECT_FALSE(fs::exists(path / "new"));
  std::string bad = text(from);
  bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 4);
  put(path / "bad.h5", bad);
  EXPECT_EQ(go("run", "bad.h5"), exit_io);
  EXPECT_EQ(text("run/checksums.txt"), before);
  EXPECT_TRUE(verify_run(path / "run").ok);
  EXPECT_EQ(go("run", "", {}, true), exit_done);
}

// One setting of each science, and what a run is free to choose.
TEST_F(WholeRun, ContinuesOnlyWhatItBegan) {
  ASSERT_EQ(go("run"), exit_done);
  const std::string hash = summary_of(path / "run").final_hash;
  const std::string from = "run/checkpoints/step_00000015.h5";
  for (const char* set :
       {"oxygen.diffusivity=1e5 um^2/min", "glucose.enabled=false", "proteinase.decay=1e-3 1/min",
        "inhibitor.secretion=1e-3 1/min", "matrix.density=0.5", "cycle.epithelial=20 h",
        "death.apoptosis=1e-4 1/min", "migration.chemotaxis=0.01 um^2/min/mmHg",
        "mutation.probability=0.2", "tracers.count=6", "simulation.seed=2", "time.step=3 min",
        "domain.voxels=[17, 12, 15]"}) {
    const std::string key = std::string(set).substr(0, std::string(set).find('='));
    testing::internal::CaptureStderr();
    EXPECT_EQ(go("other", from, {set}), exit_config) << set;
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("belongs to other settings"), std::string::npos) << said;
    EXPECT_NE(said.find("\n  " + key), std::string::npos) << set << ": " << said;
    EXPECT_NE(said.find(" there, "), std::string::npos) << said;
    EXPECT_FALSE(fs::exists(path / "other")) << set;
  }
  EXPECT_EQ(go("other", from,
               {"output.report=6 min", "output.frames=6 min", "output.checkpoints=0 min",
                "output.keep=5", "output.cells=false", "output.stride=2", "output.compression=none",
                "output.mantissa_bits=9", "output.arrays=[oxygen]", "simulation.name=other"}),
            exit_done);
  EXPECT_EQ(summary_of(path / "other").final_hash, hash);
  fs::remove_all(path / "other");
  ASSERT_EQ(go("longer", "", {}, false, "3 h"), exit_done);
  EXPECT_EQ(go("other", from, {}, false, "3 h"), exit_done);
  EXPECT_EQ(summary_of(path / "other").final_hash, summary_of(path / "longer").final_hash);
}

// Checksums say that a file is what was written, not that it makes sense: lists that would lead out
// of the arrays are refused before anything follows them.
TEST_F(WholeRun, RefusesStatesThatMakeNoSense) {
  const std::vector<std::string> growing = {"vegf.enabled=true", "sprouting.enabled=true",
                                            "vessels.pattern=grid", "vessels.spacing=120 um",
                                            "tissue.cells[0].radius=40 um"};
  ASSERT_EQ(go("run", "", growing), exit_done);
  const fs::path whole = path / "run/checkpoints/step_00000015.h5";
  const auto refusal_of = [&](const std::string& name, double value) {
    Checkpoint c = read_checkpoint(whole);
    for (Snapshot::Array& a : c.snapshot.arrays) {
      if (a.info.name != name) continue;
      EXPECT_FALSE(a.data.empty()) << name;
      const auto store = [&](auto as_type) {
        const auto v = static_cast<decltype(as_type)>(value);
        std::memcpy(a.data.data(), &v, sizeof v);
      };
      switch (a.info.type) {
      case ElementType::u8: store(std::uint8_t{}); break;
      case ElementType::u32: store(std::int32_t{}); break;
      case ElementType::i64: store(std::int64_t{}); break;
      case ElementType::f64: store(double{}); break;
      default: store(float{}); break;
      }
    }
    write_checkpoint(path / "forged.h5", c.snapshot, c.resolved);
    testing::internal::CaptureStderr();
    EXPECT_EQ(go("forged", "forged.h5", growing), exit_io) << name << " " << value;
    EXPECT_FALSE(fs::exists(path / "forged")) << name << " " << value;
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_NE(refusal_of("kind", 9).find("a kind of cell that does not exist"), std::string::npos);
  const double infinite = std::numeric_limits<double>::infinity(), nan = std::nan("");
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, double>>{{"vessel_from", 1 << 30},
                                                   {"vessel_from", -7},
                                                   {"vessel_to", -1},
                                                   {"vessel_to", 1 << 30},
                                                   {"vessel_node_sprout", -1},
                                                   {"vessel_node_x", 1e30},
                                                   {"vessel_node_y", nan},
                                                   {"vessel_node_z", infinite},
                                                   {"vessel_node_end", 77},
                                                   {"vessel_radius", nan},
                                                   {"vessel_radius", -1},
                                                   {"vessel_haematocrit", 1e30},
                                                   {"vessel_flags", 255},
                                                   {"vessel_counters", -1}}) {
    const std::string said = refusal_of(name, value);
    EXPECT_NE(said.find("forged.h5"), std::string::npos) << name << ": " << said;
  }
}

TEST(Needs, ShortfallsAreRefusedWithNumbers) {
  const Config config = read_config_text(small_tumour, "small.yaml");
  const Executor cpu = Executor::on_cpu(1);
  const Needs fine = needs_of(config.parameters, schedule_of(config.parameters));
  const auto require = [&](const Needs& needs) {
    require_memory(needs, config.parameters, cpu);
    require_disk(needs.disk, ".");
  };
  EXPECT_NO_THROW(require(fine));
  const auto device = [](Needs & n) -> auto& { return n.device; };
  const auto host = [](Needs & n) -> auto& { return n.host; };
  const auto disk = [](Needs & n) -> auto& { return n.disk.all; };
  for (std::uint64_t& (*what)(Needs&) : {+device, +host, +disk}) {
    Needs much = fine;
    what(much) = std::uint64_t{3} << 60;
    try {
      require(much);
      ADD_FAILURE() << "accepted";
    } catch (const ResourceError& e) {
      EXPECT_NE(std::string(e.what()).find("3072.00 PiB"), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find("free"), std::string::npos) << e.what();
    }
  }
  // What is counted beforehand is what the arrays really take.
  const Site simulation(config.parameters, Executor::on_cpu(1));
  std::uint64_t state = 0;
  for (const ArrayInfo& info : simulation.state_arrays()) state += info.bytes();
  for (const ArrayInfo& info : simulation.derived_arrays()) state += info.bytes();
  EXPECT_NEAR(static_cast<double>(fine.snapshot), static_cast<double>(state),
              0.05 * static_cast<double>(state));
}

} // namespace
} // namespace metavox
