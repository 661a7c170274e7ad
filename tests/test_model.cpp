// The door of the library, as other programs use it: the same bits as the program, and a reason for
// whatever is refused.
#include <cmath>
#include <fstream>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <metavox/metavox.hpp>

#include "folder.hpp"
#include "site/config.hpp"
#include "site/site.hpp"

namespace metavox {
namespace {

const char* const tumour = R"(
simulation: {seed: 3, duration: 2 h}
domain: {voxels: [20, 18, 16]}
vessels: {pattern: grid, spacing: 150 um}
tissue: {cells: [{shape: sphere, kind: epithelial, radius: 100 um}]}
)";

ModelOptions with(std::vector<std::string> overrides) {
  ModelOptions options;
  options.overrides = std::move(overrides);
  options.threads = 1;
  return options;
}

template <class Error, class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  } catch (const std::exception& e) {
    return std::string("another kind of error: ") + e.what();
  }
  return "accepted";
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Model, HasTheBitsOfTheProgram) {
  Model model = Model::from_text(tumour, with({}));
  Site simulation(read_config_text(tumour, "tumour.yaml").parameters, Executor::on_cpu(2));
  EXPECT_EQ(model.hash(), simulation.hash());
  model.step();
  simulation.step();
  model.run_until(60);
  while (simulation.time() < 60) simulation.step();
  EXPECT_EQ(model.time(), 60);
  EXPECT_EQ(model.steps(), simulation.steps());
  EXPECT_EQ(model.hash(), simulation.hash());
  EXPECT_EQ(model.duration(), 120);
  model.run_until(30); // over already
  EXPECT_EQ(model.steps(), simulation.steps());
  model.run_until(60.001); // begins a step
  EXPECT_EQ(model.steps(), simulation.steps() + 1);
}

TEST(Model, ReadsEveryArray) {
  Model model = Model::from_text(tumour, with({}));
  model.run_until(30);
  ASSERT_GT(model.arrays().size(), 8u);
  for (const Model::Array& a : model.arrays()) {
    std::size_t read = 0;
    switch (a.type) {
    case Model::Type::u8: read = model.read<std::uint8_t>(a.name).size(); break;
    case Model::Type::u16: read = model.read<std::uint16_t>(a.name).size(); break;
    case Model::Type::u32: read = model.read<std::uint32_t>(a.name).size(); break;
    case Model::Type::u64: read = model.read<std::uint64_t>(a.name).size(); break;
    case Model::Type::i64: read = model.read<std::int64_t>(a.name).size(); break;
    case Model::Type::f32: read = model.read<float>(a.name).size(); break;
    case Model::Type::f64: read = model.read<double>(a.name).size(); break;
    }
    EXPECT_EQ(read, a.count()) << a.name;
    EXPECT_FALSE(a.unit.empty() || a.meaning.empty()) << a.name;
  }
  const Model::Array oxygen = model.array("oxygen");
  EXPECT_EQ(oxygen.unit, "mmHg");
  EXPECT_EQ(oxygen.spacing, 20);
  EXPECT_EQ(oxygen.extents, (std::array<std::int64_t, 3>{20, 18, 16}));
  // The tumour sits in the middle: x runs fastest.
  const std::vector<std::uint8_t> kind = model.read<std::uint8_t>("kind");
  EXPECT_EQ(kind[(8 * 18 + 9) * 20 + 10], 3);
  double mean = 0;
  for (const float v : model.read<float>("oxygen")) mean += static_cast<double>(v) / (20 * 18 * 16);
  for (const Model::Metric& m : model.measure())
    if (m.name == "oxygen_mean") {
      EXPECT_NEAR(m.value, mean, 1e-4 * mean);
      EXPECT_EQ(m.unit, "mmHg");
    }
}

TEST(Model, TellsEventsOnce) {
  Model model = Model::from_text(tumour, with({"vessels.pattern=none"}));
  std::size_t told = model.take_events().size();
  for (int n = 0; n < 60 && told == 0; ++n) {
    model.step();
    const std::vector<Model::Event> events = model.take_events();
    told += events.size();
    for (const Model::Event& e : events) EXPECT_FALSE(e.what.empty());
    EXPECT_TRUE(model.take_events().empty());
  }
  EXPECT_GT(told, 0u);
}

TEST(Model, ParametersMakeAnEqualModel) {
  Model model = Model::from_text(tumour, with({"oxygen.diffusivity=1e5 um^2/min"}));
  EXPECT_TRUE(holds(model.parameters(), "diffusivity: 1e+05 um^2/min")) << model.parameters();
  Model again = Model::from_text(model.parameters(), with({}));
  model.run_until(30);
  again.run_until(30);
  EXPECT_EQ(model.hash(), again.hash());
}

TEST(Model, RefusesWithAReason) {
  EXPECT_TRUE(holds(refusal<ConfigError>([] { Model::from_text(""); }), "configuration:1: "))
      << refusal<ConfigError>([] { Model::from_text(""); });
  EXPECT_TRUE(holds(refusal<ConfigError>([] { Model::from_text("tumour: 1"); }), "tumour"));
  EXPECT_TRUE(
      holds(refusal<ConfigError>([] { Model::from_file("no/such.yaml"); }), "no/such.yaml"));
  EXPECT_TRUE(holds(refusal<ConfigError>(
                        [] { Model::from_text(tumour, with({"oxygen.difusivity=1 um^2/min"})); }),
                    "did you mean"));
  ModelOptions options = with({});
  options.backend = "abacus";
  EXPECT_TRUE(
      holds(refusal<std::invalid_argument>([&] { Model::from_text(tumour, options); }), "abacus"));
  options = with({});
  options.threads = -1;
  EXPECT_TRUE(
      holds(refusal<std::invalid_argument>([&] { Model::from_text(tumour, options); }), "threads"));
  EXPECT_TRUE(holds(refusal<ResourceError>([] {
                      Model::from_text(tumour, with({"domain.voxels=[1200, 1200, 1200]",
                                                     "domain.spacing=20 um", "tissue.cells=[]"}));
                    }),
                    "not enough memory"));
  Model model = Model::from_text(tumour, with({}));
  EXPECT_TRUE(holds(refusal<std::out_of_range>([&] { model.array("oxigen"); }), "oxygen"));
  EXPECT_TRUE(holds(refusal<std::out_of_range>([&] { model.read<float>("oxigen"); }), "oxygen"));
  EXPECT_TRUE(
      holds(refusal<std::invalid_argument>([&] { model.read<double>("oxygen"); }), "float"));
  for (const double never : {std::nan(""), 1e300})
    EXPECT_TRUE(holds(refusal<std::invalid_argument>([&] { model.run_until(never); }), "no time"));
  Model other = std::move(model);
  EXPECT_TRUE(holds(refusal<std::logic_error>([&] { model.step(); }), // NOLINT: that is the point
                    "moved from"));
  model = std::move(other);
  EXPECT_EQ(model.steps(), 0);
}

TEST(Model, GoesOnFromACheckpoint) {
  const Folder folder;
  const std::filesystem::path file = folder.path() / "tumour.h5";
  Model model = Model::from_text(tumour, with({}));
  model.run_until(30);
  const std::string without = refusal<IoError>([&] { model.save(file); });
  if (without != "accepted") {
    EXPECT_TRUE(holds(without, "no HDF5")) << without;
    GTEST_SKIP() << without;
  }
  Model other = Model::from_checkpoint(file, with({"simulation.duration=3 h"}));
  EXPECT_EQ(other.hash(), model.hash());
  EXPECT_EQ(other.time(), 30);
  EXPECT_EQ(other.duration(), 180);
  model.run_until(60);
  other.run_until(60);
  EXPECT_EQ(other.hash(), model.hash());
  EXPECT_TRUE(holds(refusal<ConfigError>([&] {
                      Model::from_checkpoint(file, with({"oxygen.diffusivity=1e5 um^2/min"}));
                    }),
                    "oxygen.diffusivity"));
  std::ofstream(file, std::ios::app) << "more";
  EXPECT_TRUE(holds(refusal<IoError>([&] { Model::from_checkpoint(file); }), "tumour.h5"));
}

} // namespace
} // namespace metavox
