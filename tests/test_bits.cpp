// The same seed gives the same bits, whatever computes them and wherever a run is interrupted.
// Tolerance: none, for cells and for fields alike.

#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <set>
#include <sstream>

#include "support.hpp"

namespace metavox {
namespace {

using namespace support;

struct Case {
  const char* name;
  std::string yaml;
  std::vector<std::int64_t> steps; // where the hash is looked at, ascending
};

// The sample configuration of the repository, on a box of a twentieth of its volume. A grid of
// vessels needs room.
const std::string primary_tumour = R"(
simulation: {name: primary_tumour, seed: 1}
domain: {voxels: [36, 36, 36], spacing: 20 um}
tissue:
  parenchyma: 0.45
  stroma: 0.10
  cells:
    - {shape: sphere, kind: epithelial, radius: 120 um, mesenchymal_fraction: 0.1}
vessels: {pattern: grid, spacing: 180 um, jitter: 0.5, exclusion: 150 um}
)";

// A spheroid with ramps instead of Michaelis-Menten laws; extents that are no multiple of anything.
const std::string physicell = R"(
simulation: {preset: physicell, seed: 2}
domain: {voxels: [29, 31, 27], spacing: 14 um}
time: {step: 12 min}
oxygen: {relaxation: transient, substep: 2 min}
death: {apoptosis: 1 1/day, apoptotic_body: 2 h}
tissue:
  cells:
    - {shape: sphere, kind: epithelial, radius: 110 um}
)";

// Everything at once: hierarchy, mutation, glucose, TIMP, coarse fields, membranes, T cells,
// repair, both gradients.
const std::string invasion = R"(
simulation: {seed: 3}
domain: {voxels: [34, 30, 26], spacing: 20 um}
time: {step: 10 min, motility_substeps: 5}
fields: {coarsen: 2}
glucose: {enabled: true, faces: 5 mM}
inhibitor: {enabled: true, secretion: 1e-4 1/min}
cycle: {epithelial: 500 min, mesenchymal: 700 min}
death: {apoptosis: 2e-4 1/min}
normal: {regeneration: true}
stem: {enabled: true, fraction: 0.3, symmetric: 0.3, capacity: 4}
mutation: {probability: 0.2, deviation: 0.3}
transition: {emt: 1e-3 1/min, met: 5e-4 1/min}
migration: {epithelial: 1 um^2/min, mesenchymal: 3 um^2/min, chemotaxis: 0.05 um^2/min/mmHg}
matrix: {pattern: fibres, density: 0.5}
tissue:
  parenchyma: 0.3
  stroma: 0.2
  cells:
    - {shape: sphere, kind: epithelial, radius: 90 um, mesenchymal_fraction: 0.4}
    - {shape: box, kind: t_cell, from: [0 um, 0 um, 0 um], to: [680 um, 600 um, 520 um], fraction: 0.01}
  membranes:
    - {shape: sphere, radius: 130 um}
    - {shape: layer, axis: x, at: 500 um}
vessels: {pattern: grid, spacing: 200 um, jitter: 0.3}
)";

// One voxel thick.
const std::string flat = R"(
simulation: {seed: 4}
domain: {voxels: [77, 61, 1], spacing: 20 um}
migration: {adhesion: neighbour_count, internal_mesenchymal: 1}
cycle: {epithelial: 400 min}
mutation: {probability: 0.05}
tracers: {count: 500}
tissue:
  cells:
    - {shape: sphere, kind: epithelial, radius: 150 um, mesenchymal_fraction: 0.3}
vessels:
  pattern: lines
  lines:
    - {from: [200 um, 0 um, 10 um], to: [200 um, 1200 um, 10 um], radius: 9 um}
)";

// Vessels that grow towards a starving tumour, with flow, mutation and coarse fields.
const std::string vessels = R"(
simulation: {seed: 6}
domain: {voxels: [40, 28, 30], spacing: 20 um}
fields: {coarsen: 2}
matrix: {density: 0.5}
mutation: {probability: 0.1}
vegf: {enabled: true, hypoxic_secretion: 1 molecules/s/cell}
sprouting: {enabled: true, rate: 5e-3 1/min, branching_age: 3 h, maturation_age: 6 h, haptotaxis: 20 um^2/min}
regression: {enabled: true, patience: 18 h}
flow: {adaptation: true, phase_separation: velocity}
oxygen: {faces: no_flux}
vessels: {pattern: pair, axis: z, spacing: 500 um, check: true}
tissue:
  parenchyma: 0.2
  stroma: 0.05
  cells:
    - {shape: sphere, kind: epithelial, radius: 180 um, mesenchymal_fraction: 0.2}
)";

const std::vector<Case>& cases() {
  static const std::vector<Case> all{{"primary_tumour", primary_tumour, {1, 20, 60, 120}},
                                     {"physicell", physicell, {1, 20, 60, 120}},
                                     {"invasion", invasion, {1, 20, 60, 120}},
                                     {"flat", flat, {1, 20, 60, 200}},
                                     {"vessels", vessels, {1, 60, 240, 400}}};
  return all;
}

struct Golden {
  const char* name;
  std::int64_t step;
  std::uint64_t hash;
};
const std::vector<Golden> golden{
#include "golden.inc"
};

std::vector<std::uint64_t> hashes(const Case& c, const Executor& executor) {
  Site s(parameters_of(c.yaml), executor);
  std::vector<std::uint64_t> all;
  for (const std::int64_t step : c.steps) {
    advance(s, step - s.steps());
    all.push_back(s.hash());
  }
  return all;
}

// One run of each case on one thread, which the others are compared with.
const std::vector<std::uint64_t>& reference(const Case& c) {
  static std::map<std::string, std::vector<std::uint64_t>> known;
  auto found = known.find(c.name);
  if (found == known.end()) found = known.emplace(c.name, hashes(c, Executor::on_cpu(1))).first;
  return found->second;
}

class Bits : public testing::TestWithParam<std::size_t> {
protected:
  const Case& the_case() const { return cases()[GetParam()]; }
};

std::string case_name(const testing::TestParamInfo<std::size_t>& info) {
  return cases()[info.param].name;
}
INSTANTIATE_TEST_SUITE_P(Cases, Bits, testing::Range<std::size_t>(0, cases().size()), case_name);

TEST_P(Bits, TwoAndThreeThreadsGiveWhatOneGives) {
  const Case& c = the_case();
  for (const int threads : {2, 3})
    EXPECT_EQ(hashes(c, Executor::on_cpu(threads)), reference(c)) << threads << " threads";
}

TEST_P(Bits, SitesGiveWhatRowsGive) {
  const Case& c = the_case();
  Executor executor = Executor::on_cpu(2);
  executor.prefer_voxels(true);
  EXPECT_EQ(hashes(c, executor), reference(c));
}

TEST_P(Bits, CudaGivesWhatTheCpuGives) {
  const std::string obstacle = Executor::cuda_obstacle();
  if (!obstacle.empty()) GTEST_SKIP() << "CPU and GPU were not compared: " << obstacle;
  const Case& c = the_case();
  EXPECT_EQ(hashes(c, Executor::on_cuda()), reference(c));
}

// The arrays of state_arrays() and the step number are all that a run depends on.
TEST_P(Bits, RestartHalfWayChangesNothing) {
  const Case& c = the_case();
  const std::int64_t half = c.steps.back() / 2 + 1;
  for (const Executor& second : executors()) {
    Site first(parameters_of(c.yaml), Executor::on_cpu(2));
    advance(first, half);
    Site resumed(parameters_of(c.yaml), second);
    advance(resumed, 2); // leaves its scratch memory used, as a long run's is
    restore(resumed, first);
    EXPECT_EQ(resumed.hash(), first.hash()) << second.description();
    EXPECT_EQ(resumed.time(), first.time());
    EXPECT_EQ(state_of(resumed), state_of(first));
    advance(resumed, c.steps.back() - half);
    EXPECT_EQ(resumed.hash(), reference(c).back()) << second.description();
  }
}

// Reading is not writing: pictures and metrics must not steer the run.
TEST_P(Bits, LookingChangesNothing) {
  const Case& c = the_case();
  Site s(parameters_of(c.yaml), Executor::on_cpu(2));
  for (std::int64_t n = 0; n < c.steps[1]; ++n) {
    s.measure();
    take_snapshot(s);
    s.take_events();
    s.step();
  }
  EXPECT_EQ(s.hash(), reference(c)[1]);
}

TEST_P(Bits, EverySeedIsARunOfItsOwn) {
  const Case& c = the_case();
  const std::string other = "simulation.seed=77";
  Site s(parameters_of(c.yaml, {other}), Executor::on_cpu(2));
  advance(s, c.steps[0]);
  EXPECT_NE(s.hash(), reference(c)[0]);
}

// Numbers kept from earlier versions: a change of a single bit anywhere shows here. A change that
// is meant goes in with METAVOX_WRITE_GOLDEN=1, which writes the table anew into the source tree.
TEST_P(Bits, MatchWhatIsKept) {
  if (std::getenv("METAVOX_WRITE_GOLDEN") != nullptr)
    GTEST_SKIP() << "the table is being written; run again without METAVOX_WRITE_GOLDEN";
  const Case& c = the_case();
  for (std::size_t n = 0; n < c.steps.size(); ++n) {
    const auto kept = std::find_if(golden.begin(), golden.end(), [&](const Golden& g) {
      return std::string(g.name) == c.name && g.step == c.steps[n];
    });
    ASSERT_NE(kept, golden.end()) << "no hash is kept for " << c.name << " at step " << c.steps[n];
    EXPECT_EQ(reference(c)[n], kept->hash) << c.name << " at step " << c.steps[n];
  }
}

TEST(GoldenTable, IsWrittenOnDemand) {
  if (std::getenv("METAVOX_WRITE_GOLDEN") == nullptr)
    GTEST_SKIP() << "only with METAVOX_WRITE_GOLDEN=1";
  std::string path = __FILE__;
  path.replace(path.find_last_of('/') + 1, std::string::npos, "golden.inc");
  std::ofstream out(path);
  out << "// Hashes of the state: case, step, Site::hash(). Written by test_bits with "
         "METAVOX_WRITE_GOLDEN=1.\n";
  for (const Case& c : cases())
    for (std::size_t n = 0; n < c.steps.size(); ++n)
      out << "{\"" << c.name << "\", " << c.steps[n] << ", 0x" << std::hex << std::setw(16)
          << std::setfill('0') << reference(c)[n] << std::dec << "ULL},\n";
  ASSERT_TRUE(out.good()) << path;
}

// A hash of a case or a step that is no more would be kept for nothing.
TEST(GoldenTable, HoldsWhatTheCasesAskForAndNothingElse) {
  std::set<std::pair<std::string, std::int64_t>> asked, kept;
  for (const Case& c : cases())
    for (const std::int64_t step : c.steps) asked.emplace(c.name, step);
  for (const Golden& g : golden) kept.emplace(g.name, g.step);
  EXPECT_EQ(asked, kept);
}

// The cases are only worth their name if things happen in them.
TEST(BitsCases, AreBusy) {
  Site s(parameters_of(invasion), Executor::on_cpu(2));
  advance(s, 120);
  const Metrics m = metrics_of(s);
  for (const char* name :
       {"births", "deaths_apoptotic", "emt", "met", "senescent", "t_cell", "vessel_length",
        "excess_cells", "tumour_cells", "inhibitor_max", "proteinase_max"})
    EXPECT_GT(m.at(name), 0) << name;
  std::size_t changed = 0, worn = 0;
  for (const std::uint64_t t : array_of<std::uint64_t>(s, "traits")) changed += t != 0 ? 1 : 0;
  for (const std::uint16_t b : array_of<std::uint16_t>(s, "membrane"))
    worn += b != 0 && b != 65535 ? 1 : 0;
  EXPECT_GT(changed, 100u);
  EXPECT_GT(worn, 10u);
}

// A hash that missed an array, a voxel or a bit would make every test above blind to it.
void expect_hash_sees_everything(Site& s) {
  const std::uint64_t before = s.hash();
  for (const auto& array : state_of(s)) {
    const std::string& name = array.first;
    const std::vector<std::byte>& bytes = array.second;
    if (bytes.empty()) continue; // no tip grows in this case
    const ArrayInfo info = info_of(s, name);
    if (!info.hashed) { // these two alone
      EXPECT_TRUE(name == "ledger" || name == "solves") << name;
      std::vector<std::byte> changed = bytes;
      changed[bytes.size() / 2] ^= std::byte{1};
      s.write(name, changed.data());
      EXPECT_EQ(s.hash(), before);
      s.write(name, bytes.data());
      continue;
    }
    const auto write =
        [&, count = static_cast<std::int64_t>(info.count())](const std::vector<std::byte>& values) {
          s.write(name, values.data(), count);
        };
    for (const std::size_t place : {std::size_t{0}, bytes.size() / 2, bytes.size() - 1}) {
      std::vector<std::byte> changed = bytes;
      changed[place] ^= std::byte{1};
      write(changed);
      EXPECT_NE(s.hash(), before) << name << ", byte " << place;
    }
    // Two voxels that trade places.
    std::vector<std::byte> swapped = bytes;
    const std::size_t width = size_of(info.type);
    std::size_t a = 0, b = 0;
    for (std::size_t k = width; k + width <= bytes.size() && b == 0; k += width)
      if (!std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(width),
                      bytes.begin() + static_cast<std::ptrdiff_t>(k)))
        b = k;
    if (b != 0) {
      std::swap_ranges(swapped.begin() + static_cast<std::ptrdiff_t>(a),
                       swapped.begin() + static_cast<std::ptrdiff_t>(a + width),
                       swapped.begin() + static_cast<std::ptrdiff_t>(b));
      write(swapped);
      EXPECT_NE(s.hash(), before) << name;
    }
    write(bytes);
    EXPECT_EQ(s.hash(), before) << name;
  }
  s.set_clock(s.steps() + 1);
  EXPECT_NE(s.hash(), before);
}

TEST(StateHash, SeesEveryArrayAndEveryPlace) {
  Site s(parameters_of(invasion, {"tracers.count=7"}), Executor::on_cpu(2));
  s.step();
  expect_hash_sees_everything(s);
}

TEST(StateHash, SeesTheVesselGraph) {
  Site s(parameters_of(vessels), Executor::on_cpu(1));
  advance(s, 60);
  EXPECT_GT(info_of(s, "tip_node").count(), 0u);
  expect_hash_sees_everything(s);
}

TEST(TakenSnapshot, HoldsTheStateAndRestoresIt) {
  for (const Executor& e : executors()) {
    Site s(parameters_of(flat), e);
    advance(s, 15);
    const Snapshot shot = take_snapshot(s);
    EXPECT_EQ(shot.time, s.time());
    EXPECT_EQ(shot.step, 15);
    EXPECT_EQ(shot.hash, s.hash());
    EXPECT_EQ(shot.voxels, (std::array<int, 3>{77, 61, 1}));
    EXPECT_EQ(shot.spacing, 20);
    ASSERT_TRUE(shot.vessels);
    EXPECT_EQ(shot.vessels->segments.size(), s.vessels()->segments.size());
    EXPECT_EQ(shot.arrays.size(), s.state_arrays().size() + s.derived_arrays().size());
    EXPECT_EQ(shot.find("nothing"), nullptr);

    advance(s, 10); // a snapshot is a copy
    const std::uint64_t later = s.hash();
    Site other(parameters_of(flat), Executor::on_cpu(1));
    for (const ArrayInfo& info : other.state_arrays()) {
      const Snapshot::Array* array = shot.find(info.name);
      ASSERT_NE(array, nullptr) << info.name;
      EXPECT_EQ(array->data.size(), array->info.bytes());
      other.write(info.name, array->data.data(), array->info.extents[0]);
    }
    other.set_clock(shot.step);
    EXPECT_EQ(other.hash(), shot.hash);
    advance(other, 10);
    EXPECT_EQ(other.hash(), later) << e.description();
  }
}

// Milestones name the first voxel of their kind, wherever it is looked for.
TEST(Milestones, StandAtTheFirstVoxelOfTheirKind) {
  const Parameters p = parameters_of(R"(
simulation: {seed: 5}
domain: {voxels: [21, 17, 19], spacing: 20 um}
oxygen: {tissue_supply: false, faces: 1 mmHg, initial: 1 mmHg}
transition: {emt: 1e-3 1/min, met: 1e-3 1/min}
tissue:
  cells:
    - {shape: sphere, kind: epithelial, radius: 110 um, mesenchymal_fraction: 0.2}
)");
  const std::map<std::string, Kind> kinds{{"first_necrosis", Kind::necrotic},
                                          {"first_emt", Kind::mesenchymal},
                                          {"first_met", Kind::epithelial}};
  for (const Executor& e : executors()) {
    Site s(p, e);
    std::set<std::string> seen;
    while (s.time() < 2 * 1440) {
      s.step();
      for (const Event& event : s.take_events()) {
        const auto known = kinds.find(event.what);
        if (known == kinds.end()) continue;
        seen.insert(event.what);
        const std::vector<std::uint8_t> kind = array_of<std::uint8_t>(s, "kind");
        const Voxel first = Lattice{21, 17, 19, 20}.voxel_at(
            std::find(kind.begin(), kind.end(), static_cast<std::uint8_t>(known->second)) -
            kind.begin());
        EXPECT_EQ(event.x, (first.x + 0.5) * 20);
        EXPECT_EQ(event.y, (first.y + 0.5) * 20);
        EXPECT_EQ(event.z, (first.z + 0.5) * 20);
      }
    }
    EXPECT_EQ(seen.size(), kinds.size()) << e.description();
  }
}

// All divide at once but the only one that starves, so that newborns come to its voxel alone: in
// the same step its body gives way and is second there. The event is told all the same, at the
// first tumour cell.
TEST(Milestones, AreToldWhereOthersHaveThePlaceAlready) {
  Parameters p = parameters_of(R"yaml(
domain: {voxels: [7, 6, 5], spacing: 7 um}
oxygen: {frozen: "(40*(1 - exp(-((x-24.5)^2 + (y-24.5)^2 + (z-17.5)^2)/6))) mmHg"}
quiescence: {enabled: false}
cycle: {epithelial: 6 min, half_pressure: 0 mmHg, variation: 0}
death: {necrosis_rate: 100 1/min, apoptosis: 0 1/min}
growth: {faces: closed, inhibition: false}
migration: {enabled: false}
tissue:
  parenchyma: 0
  stroma: 0
  cells: [{shape: layer, axis: x, begin: 7 um, end: 49 um}]
  membranes: [{shape: layer, axis: x, at: 3.5 um}]
)yaml");
  int displaced = 0; // chance decides who moves
  for (const Executor& e : executors())
    for (p.simulation.seed = 1; p.simulation.seed <= 20; ++p.simulation.seed) {
      Site s(p, e);
      s.step();
      ASSERT_EQ(value_of(s.measure(), "deaths_necrotic"), 1) << e.description();
      const std::vector<std::uint8_t> kind = array_of<std::uint8_t>(s, "kind");
      if (std::count(kind.begin(), kind.end(), static_cast<std::uint8_t>(Kind::necrotic)) > 0)
        continue;
      ++displaced;
      const std::vector<Event> events = s.take_events();
      const auto told = std::find_if(events.begin(), events.end(), [](const Event& event) {
        return event.what == "first_necrosis";
      });
      ASSERT_NE(told, events.end());
      EXPECT_EQ(told->x, 10.5);
      EXPECT_EQ(told->y, 3.5);
      EXPECT_EQ(told->z, 3.5);
    }
  EXPECT_GT(displaced, 0);
}

TEST(TakenSnapshot, OfNamedArraysHoldsOnlyThose) {
  Site s(parameters_of(flat), Executor::on_cpu(1));
  const Snapshot shot = take_snapshot(s, {"oxygen", "cell_state"});
  ASSERT_EQ(shot.arrays.size(), 2u);
  ASSERT_NE(shot.find("oxygen"), nullptr);
  const Snapshot::Array* state = shot.find("cell_state");
  ASSERT_NE(state, nullptr);
  // The drawn state is the kind for everything but tumour cells.
  const std::vector<std::uint8_t> kind = array_of<std::uint8_t>(s, "kind");
  for (std::size_t i = 0; i < kind.size(); ++i) {
    const auto drawn = static_cast<CellState>(state->as<std::uint8_t>()[i]);
    if (kind[i] == static_cast<std::uint8_t>(Kind::stroma)) {
      EXPECT_EQ(drawn, drawn_state(Kind::stroma));
    }
    if (kind[i] == static_cast<std::uint8_t>(Kind::vessel)) {
      EXPECT_EQ(drawn, drawn_state(Kind::vessel));
    }
    if (kind[i] == static_cast<std::uint8_t>(Kind::none)) {
      EXPECT_EQ(drawn, CellState::none);
    }
  }
}

TEST(StateArrays, UnknownNamesAreRefused) {
  Site s(parameters_of(flat), Executor::on_cpu(1));
  std::vector<float> room(100000);
  EXPECT_THROW(s.read("colour", room.data()), std::invalid_argument);
  EXPECT_THROW(s.write("colour", room.data()), std::invalid_argument);
  EXPECT_THROW(s.write("cell_state", room.data()), std::invalid_argument);
}

} // namespace
} // namespace metavox
