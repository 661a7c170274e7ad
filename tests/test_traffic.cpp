// What a step sends across between host and device, where there are two sides: kernels, calls that
// wait, copies, allocations. The figures are limits from both sides. A change that adds no physics
// may only lower them, and then lowers the limit here; one that adds physics raises it by what it
// needs and says why in CHANGELOG.md.

#include "support.hpp"

namespace metavox {
namespace {

using namespace support;

std::string tissue(int size, const std::string& more) {
  const std::string edge = std::to_string(size);
  return "simulation: {name: traffic, seed: 1, duration: 30 day}\n"
         "domain: {voxels: [" +
         edge + ", " + edge + ", " + edge +
         "], spacing: 20 um}\n"
         "vessels: {pattern: grid, spacing: 250 um, jitter: 0.5}\n"
         "tissue:\n  parenchyma: 0.45\n  stroma: 0.1\n  cells:\n"
         "    - {shape: sphere, kind: epithelial, radius: " +
         std::to_string(size * 20 / 6) + " um, mesenchymal_fraction: 0.1}\n" + more;
}

// Of the next steps, by process and together.
std::map<std::string, Traffic> traffic_of_steps(Site& site, int steps) {
  site.executor().forget_timings();
  site.executor().profile(true);
  for (int n = 0; n < steps; ++n) site.step();
  site.executor().profile(false);
  std::map<std::string, Traffic> found;
  for (const auto& [name, process] : site.executor().processes()) {
    found[name] = process.traffic;
    found["all"] += process.traffic;
  }
  return found;
}

void expect(const Traffic& found, const Traffic& limit) {
  Traffic::each([&](const char* name, auto member) {
    EXPECT_EQ(found.*member, limit.*member)
        << name
        << (found.*member > limit.*member ? ": more than before" : ": fewer, so lower the limit");
  });
}

class TrafficLimits : public testing::Test {
protected:
  void SetUp() override {
    if (!Executor::cuda_obstacle().empty()) GTEST_SKIP() << Executor::cuda_obstacle();
  }
};

Traffic limit(std::int64_t kernels, std::int64_t fills, std::int64_t blocking,
              std::int64_t bytes_out) {
  Traffic t;
  t.kernels = kernels;
  t.fills = fills;
  t.blocking = t.copies_out = blocking;
  t.bytes_out = bytes_out;
  return t;
}

// One step of the defaults at 64^3, once it has settled, and one in which pressure is solved.
// Nothing is copied to the device, nothing allocated.
TEST_F(TrafficLimits, OfAStep) {
  Site site(read_config_text(tissue(64, ""), "traffic.yaml").parameters, Executor::on_cuda());
  for (int n = 0; n < 5; ++n) site.step();
  auto pressed = traffic_of_steps(site, 1);
  expect(pressed["pressure"], limit(190, 4, 4, 16));
  auto settled = traffic_of_steps(site, 1);
  expect(settled["all"], limit(266, 12, 15, 10440));
  expect(settled["oxygen"], limit(203, 6, 6, 24));
}

// A cycle of the multigrid solver costs two waits, and one for the blood that marches after it. A
// level of it costs 13 kernels in each cycle and one before, and no wait. Blood costs four kernels
// when it marches, three the first time, one for what it does to the finest grid and one to each of
// the others.
TEST_F(TrafficLimits, OfALevel) {
  for (const int levels : {4, 6, 7}) {
    Site site(read_config_text(tissue(1 << (levels - 1), ""), "traffic.yaml").parameters,
              Executor::on_cuda());
    site.step();                           // a cold start has cycles of its own
    const int second = levels > 4 ? 1 : 0; // for second cells; the smallest box has none
    for (int n = 0; n < 5; ++n) {
      site.executor().forget_timings();
      site.executor().profile(true);
      site.step();
      site.executor().profile(false);
      const Traffic oxygen = site.executor().processes().at("oxygen").traffic;
      const std::int64_t cycles = oxygen.blocking / 3;
      EXPECT_GE(cycles, 1);
      EXPECT_EQ(oxygen.kernels,
                cycles * (13 * levels - 7) + levels + 16 + second + (cycles - 1) * (levels + 4))
          << levels << " levels";
    }
  }
}

// Five steps with vessels that grow, in which a vessel step falls due.
TEST_F(TrafficLimits, OfGrowingVessels) {
  Site site(read_config_text(tissue(64, "vegf: {enabled: true}\nsprouting: {enabled: true}\n"
                                        "regression: {enabled: true}\n"),
                             "traffic.yaml")
                .parameters,
            Executor::on_cuda());
  for (int n = 0; n < 5; ++n) site.step();
  auto found = traffic_of_steps(site, 5);
  expect(found["vegf"], limit(102, 3, 3, 12));
  EXPECT_EQ(found["all"].allocations, 3); // longer lists of vessels
}

// A row of metrics.
TEST_F(TrafficLimits, OfARow) {
  Site site(read_config_text(tissue(64, ""), "traffic.yaml").parameters, Executor::on_cuda());
  site.step();
  site.executor().profile(true);
  site.check();
  site.measure();
  site.hash();
  site.executor().profile(false);
  Traffic all;
  for (const auto& [name, process] : site.executor().processes()) all += process.traffic;
  Traffic row = limit(36, 34, 54, 532459);
  row.copies_in = 2;
  row.copies_out = 52;
  row.bytes_in = 25028;
  row.allocations = row.releases = 5; // lists for the measures of vessels
  expect(all, row);
}

} // namespace
} // namespace metavox
