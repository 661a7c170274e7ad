// Vessels against published numbers: cord necrosis (B2), angiogenesis across a gap (B3), geometry
// (B4), the angiogenic switch (B5), doubling times (B24). Bands are those of the sources named at
// each test.

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "support.hpp"
#include "vessels/geometry.hpp"

namespace metavox {
namespace {

using namespace support;

// B2. A block of tumour fed by one capillary shrinks to a cord: sheath 90-180 um, median pO2 below
// 10 mmHg from 140 um on (R. Thomlinson and L. Gray 1955, Br. J. Cancer 9:539; diffusion limit:
// Cancer Res. 2006, 66:2219).
TEST(ValidationVessels, ACapillaryFeedsACordOfTheRightThickness) {
  double mean_sheath = 0;
  constexpr int seeds = 5;
  for (int seed = 1; seed <= seeds; ++seed) {
    Site s = simulation_of(R"(
domain: {voxels: [28, 28, 4], spacing: 20 um}
oxygen: {faces: no_flux}
migration: {enabled: false}
tissue:
  cells:
    - {shape: box, kind: epithelial, from: [0 um, 0 um, 0 um], to: [560 um, 560 um, 80 um]}
vessels: {pattern: lines, lines: [{from: [290 um, 290 um, 0 um], to: [290 um, 290 um, 80 um], radius: 5 um}]}
)",
                           {"simulation.seed=" + std::to_string(seed)}, {}, Executor::on_cpu(1));
    advance(s, 2 * 240);
    const double cells = metrics_of(s).at("tumour_cells");
    const double sheath = std::sqrt(cells * 8000 / (3.14159265358979 * 80));
    EXPECT_GE(sheath, 90);
    EXPECT_LE(sheath, 180);
    mean_sheath += sheath / seeds;
    const std::vector<float> p = array_of<float>(s, "oxygen");
    std::vector<float> far;
    for (int y = 0; y < 28; ++y)
      for (int x = 0; x < 28; ++x)
        if (std::hypot((x + 0.5) * 20 - 290, (y + 0.5) * 20 - 290) >= 140)
          far.push_back(p[static_cast<std::size_t>(x + 28 * (y + 28 * 2))]);
    std::sort(far.begin(), far.end());
    EXPECT_LT(far[far.size() / 2], 10);
  }
  RecordProperty("mean_sheath_um", std::to_string(mean_sheath));
}

// Grain of B3: what one run of the sample config tells.
struct Switch {
  double contact = -1, flow = -1; // day
  double speed = 0;               // mm/day of the front until contact
};
Switch run_until(Site& s, double days) {
  Switch found;
  const std::int64_t steps = steps_in(s, days * 1440);
  for (std::int64_t n = 0; n < steps; ++n) {
    s.step();
    for (const Event& e : s.take_events()) {
      if (e.what == "first_contact") {
        found.contact = e.time / 1440;
        found.speed = (e.x * 1e-3 - 0.15) / found.contact;
      }
      if (e.what == "first_flow") found.flow = e.time / 1440;
    }
  }
  return found;
}

// B3. A tumour 1-2 mm from its parent vessels: first perfused vessel in it on day 7-21, tips at
// 0.1-0.8 mm a day (G. Naumov et al. 2006, JNCI 98:316; A. Anderson and M. Chaplain 1998, Bull.
// Math. Biol. 60:857).
TEST(LongVessels, SproutsReachATumourAndFillInTime) {
  double flow = 0, speed = 0;
  constexpr int seeds = 5;
  for (int seed = 1; seed <= seeds; ++seed) {
    Site s(sample("angiogenesis", {"simulation.seed=" + std::to_string(seed)}), Executor::on_cpu());
    const Switch found = run_until(s, 20);
    EXPECT_GT(found.contact, 0) << "seed " << seed;
    EXPECT_GT(found.flow, found.contact) << "seed " << seed;
    flow += found.flow / seeds;
    speed += found.speed / seeds;
  }
  EXPECT_GE(flow, 7);
  EXPECT_LE(flow, 21);
  EXPECT_GE(speed, 0.1);
  EXPECT_LE(speed, 0.8);
  RecordProperty("first_flow_day", std::to_string(flow));
  RecordProperty("tip_speed_mm_per_day", std::to_string(speed));
}

// B5 and B4. With sprouts the nodule is at least twice as large on day 40 as without (G. Naumov et
// al. 2006, JNCI 98:316; the band is this model's own, as a fast clone in tissue does not wait for
// vessels): docs/studies/switch.md has three seeds. Not on day 60, which takes an hour. The network
// it then has is a tumour's: box-counting dimension of the projection 1.75-1.95 (Y. Gazit et al.
// 1995, Phys. Rev. Lett. 75:2428). A quarter of an hour.
TEST(LongVessels, TheAngiogenicSwitchDecidesAboutGrowth) {
  Site off(sample("angiogenesis", {"sprouting.enabled=false"}), Executor::on_cpu());
  Site on(sample("angiogenesis"), Executor::on_cpu());
  run_until(off, 40);
  run_until(on, 40);
  const Metrics with = metrics_of(on), without = metrics_of(off);
  EXPECT_GE(with.at("tumour_volume"), 2 * without.at("tumour_volume"));
  EXPECT_GE(with.at("fractal_dimension"), 1.75);
  EXPECT_LE(with.at("fractal_dimension"), 1.95);
}

// Living tumour cells below 10 mmHg, as a share, one step after `state` is taken over; without
// sprouts nothing flows in any vessel but parents.
double hypoxic_share(const Site& state, const Parameters& p, bool with_sprouts) {
  Site s(p, Executor::on_cpu());
  const std::vector<std::int32_t> generation = array_of<std::int32_t>(state, "vessel_generation");
  for (const ArrayInfo& info : state.state_arrays()) {
    std::vector<std::byte> data(info.bytes());
    state.read(info.name, data.data());
    if (info.name == "vessel_flow" && !with_sprouts)
      for (std::size_t k = 0; k < generation.size(); ++k)
        if (generation[k] > 0) std::memset(data.data() + k * sizeof(double), 0, sizeof(double));
    s.write(info.name, data.data(), info.extents[0]);
  }
  s.set_clock(state.steps());
  s.step();
  return metrics_of(s).at("hypoxic_fraction");
}

// On the same state oxygen is worse without the blood of sprouts: a tenth or more of the share of
// hypoxic cells, mean of three seeds, as pressure shuts more of the sprouts in one than in the
// other. How much of what is left would be cured by blood that never runs out is told besides.
TEST(LongVessels, SproutsFeedTheTumourOfTheDemo) {
  std::map<double, std::vector<double>> left; // of that share, by day
  for (int seed = 1; seed <= 3; ++seed) {
    const std::string of_seed = "simulation.seed=" + std::to_string(seed);
    const Parameters p = sample("primary_tumour", {of_seed}),
                     endless = sample("primary_tumour", {of_seed, "oxygen.blood=fixed",
                                                         "oxygen.fixed_pressure=60 mmHg"});
    Site s(p, Executor::on_cpu());
    for (const double day : {12.0, 15.0}) {
      advance(s, steps_in(s, day * 1440) - s.steps());
      const double with = hypoxic_share(s, p, true), without = hypoxic_share(s, p, false);
      std::cout << "seed " << seed << ", day " << day << ": " << with
                << " of the cells below 10 mmHg, " << without << " without sprouts, "
                << hypoxic_share(s, endless, true) << " if blood never ran out\n";
      left[day].push_back(with / without);
    }
  }
  for (const auto& [day, ratios] : left)
    EXPECT_LT((ratios[0] + ratios[1] + ratios[2]) / 3, 0.9) << "day " << day;
}

// Doubling time of the volume, days, of configs/calibration/clinical_tumour.yaml: an eighth of a
// sphere in a corner that mirrors it, with oxygen held at the level that vessels leave inside.
double doubling_time(const std::string& preset, double radius, double box, double settle,
                     double days) {
  const std::string edge = std::to_string(box) + " um";
  Site s(
      sample("calibration/clinical_tumour",
             {"simulation.preset=" + preset, "domain.size=[" + edge + "," + edge + "," + edge + "]",
              "tissue.cells[0].radius=" + std::to_string(radius) + " um"}),
      Executor::on_cpu());
  advance(s, steps_in(s, settle * 1440));
  const double before = metrics_of(s).at("tumour_volume");
  advance(s, steps_in(s, days * 1440));
  return days * std::log(2.0) / std::log(metrics_of(s).at("tumour_volume") / before);
}

// B24. A tumour of 2 mm whose cells turn over as in patients doubles in 60 to 400 days, a
// transplanted clone of 4 mm in 6 to 25 days, which is at least twice as slow as at 0.2 mm (breast:
// 157 days, P. Peer et al. 1993, Cancer 71:3547; metastases 1.7 months, F. Coumans et al. 2013, BMC
// Cancer 13:283).
TEST(LongVessels, LargeTumoursDoubleSlowly) {
  const double patient = doubling_time("clinical", 1000, 1260, 8, 10),
               small = doubling_time("fast", 100, 480, 1, 2),
               large = doubling_time("fast", 2000, 2300, 2, 2);
  std::cout << "2 mm, clinical: " << patient << " days; fast: " << small << " days at 0.2 mm, "
            << large << " days at 4 mm\n";
  EXPECT_GE(patient, 60);
  EXPECT_LE(patient, 400);
  EXPECT_GE(large, 6);
  EXPECT_LE(large, 25);
  EXPECT_GE(large, 2 * small);
}

} // namespace
} // namespace metavox
